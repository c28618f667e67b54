/* test_syscall_variants.c: what the kernel carries between an app and a driver that no driver of
 * the tree asks for: each return variant, and buffers that the app reads on while the driver writes
 * them (userspace-readable allow). A driver of this file's own stands in the GPIO driver's place.
 */
#include "model/grant.h"
#include "model/kernel.h"
#include "tests/support_fake_hw.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { DRIVER = 4, FLASH = 0x10000, RAM = 0x20000000, LOW = 0x89abcdef, HIGH = 0x01234567 };

static struct hw hw;
static struct kernel k;
static struct kernel_config config;
static struct process_image image;

/* ---- the driver: command n answers with row n; command WRITE writes into readable buffer 0 */

/* Source: TRD 104, section 3.2; of 64 bits the low word comes first. */
static const struct {
    const char *what;
    struct syscall_return answer;
} variants[] = {
    {"failure", {{0, ERR_BUSY, 0, 0}}},
    {"failure and a word", {{1, ERR_SIZE, HIGH, 0}}},
    {"failure and two words", {{2, ERR_OFF, LOW, HIGH}}},
    {"failure and 64 bits", {{3, ERR_NOACK, LOW, HIGH}}},
    {"success", {{128, 0, 0, 0}}},
    {"success and a word", {{129, HIGH, 0, 0}}},
    {"success and two words", {{130, LOW, HIGH, 0}}},
    {"success and 64 bits", {{131, LOW, HIGH, 0}}},
    {"success and three words", {{132, LOW, HIGH, 7}}},
    {"success, a word and 64 bits", {{133, 7, LOW, HIGH}}},
};
enum { WRITE = 100, READABLE_BUFFERS = 2 };

static struct syscall_return answer(struct kernel *kernel, struct hw *to, struct process *p,
                                    uint32_t number, uint32_t a, uint32_t b)
{
    struct span buffer = grant_allow(to, p, &gpio_driver, ALLOW_READABLE, 0);
    (void)kernel, (void)b;
    if (number < COUNT_OF(variants))
        return variants[number].answer;
    if (number == WRITE && buffer.size >= sizeof a)
        return return_of(hw_ram_write(to, (struct span){buffer.base, sizeof a}, &a));
    return return_failure(ERR_NOSUPPORT);
}

const struct driver gpio_driver = {
    .number = DRIVER,
    .allows = {[ALLOW_READABLE] = READABLE_BUFFERS},
    .command = answer,
};

/* ---- an app on a board */

static const struct filter_row nothing[] = {{0, {0, 0}, {0, 0}, ERR_NONE}};

static struct kernel_action next_action(void)
{
    struct kernel_action action = kernel_next(&k, &hw);
    for (int i = 0; action.kind == ACTION_AGAIN && i < 1000; i++)
        action = kernel_next(&k, &hw);
    return action;
}

static void set_up(void)
{
    uint32_t bad;
    image = (struct process_image){.flash = {FLASH, 0x1000},
                                   .entry = FLASH + 0x41,
                                   .min_ram_size = 0x1000,
                                   .initial_app_size = 0x800,
                                   .fault_policy = FAULT_STOP};
    config = (struct kernel_config){.cpu_hz = 64000000,
                                    .process_ram = {RAM, 0x8000},
                                    .kernel_ram = {RAM + 0x10000, 0x1000},
                                    .line_count = 32,
                                    .passthrough_driver = PASSTHROUGH_DRIVER_DEFAULT,
                                    .filter = {filter_by_table, nothing, 1},
                                    .image_count = 1,
                                    .images = &image};
    fake_hw_start(&hw, (struct span){RAM, 0x20000}, (struct span){FLASH, 0x1000});
    fake_hw_set(&hw, 0xe000ed90, 8 << 8); /* MPU_TYPE: eight regions */
    ck_assert_int_eq((int)kernel_start(&k, &hw, &config, &bad), ERR_NONE);
    ck_assert_int_eq((int)next_action().kind, ACTION_RUN);
}

static void call(const char *what, uint32_t class, const uint32_t args[4], const uint32_t wanted[4])
{
    struct trap trap = {.kind = TRAP_SYSCALL,
                        .call = {class, {args[0], args[1], args[2], args[3]}}};
    kernel_trap(&k, &hw, &trap);
    struct kernel_action action = next_action();
    ck_assert_int_eq((int)action.kind, ACTION_RUN);
    ck_assert_uint_eq(action.resume.kind, RESUME_RETURN);
    for (int i = 0; i < 4; i++)
        ck_assert_msg(action.resume.r[i] == wanted[i], "%s: r%d is 0x%x, expected 0x%x", what, i,
                      action.resume.r[i], wanted[i]);
}

START_TEST(variant_reaches_the_app_whole)
{
    call(variants[_i].what, SYSCALL_COMMAND, (uint32_t[]){DRIVER, (uint32_t)_i, 0, 0},
         variants[_i].answer.r);
}
END_TEST

/* In this order: each call meets what those before it have left. */
static const struct {
    const char *what;
    uint32_t number, base, size;
    uint32_t wanted[4];
} swaps[] = {
    {"the first", 0, RAM + 0x40, 16, {130, 0, 0, 0}},
    {"another number", 1, RAM + 0x80, 4, {130, 0, 0, 0}},
    {"past the break", 0, RAM + 0x7f8, 16, {2, ERR_INVAL, RAM + 0x7f8, 16}},
    {"flash", 0, FLASH, 16, {2, ERR_INVAL, FLASH, 16}},
    {"a number too many", 2, RAM, 4, {2, ERR_INVAL, RAM, 4}},
    {"the second", 0, RAM + 0x60, 32, {130, RAM + 0x40, 16, 0}},
    {"nothing", 0, 0, 0, {130, RAM + 0x60, 32, 0}},
    {"once more", 0, RAM, 4, {130, 0, 0, 0}},
    {"the other number's", 1, 0, 0, {130, RAM + 0x80, 4, 0}},
};

START_TEST(readable_allow_swaps_as_the_other_allows_do)
{
    for (size_t i = 0; i < COUNT_OF(swaps); i++)
        call(swaps[i].what, SYSCALL_ALLOW_READABLE,
             (uint32_t[]){DRIVER, swaps[i].number, swaps[i].base, swaps[i].size}, swaps[i].wanted);
}
END_TEST

/* The driver's row says none of the other kinds. */
START_TEST(readable_buffers_have_numbers_of_their_own)
{
    const uint32_t args[4] = {DRIVER, 0, RAM, 16}, refused[4] = {2, ERR_INVAL, RAM, 16};
    call("read-write", SYSCALL_ALLOW_RW, args, refused);
    call("read-only", SYSCALL_ALLOW_RO, args, refused);
}
END_TEST

/* What the app may reach is as it was: no register of the protection unit is written for it. */
START_TEST(readable_buffer_is_written_by_the_driver_and_stays_the_apps)
{
    uint32_t seen;
    fake_hw_forget(&hw);
    call("allow", SYSCALL_ALLOW_READABLE, (uint32_t[]){DRIVER, 0, RAM + 0x40, 16},
         (uint32_t[]){130, 0, 0, 0});
    call("write", SYSCALL_COMMAND, (uint32_t[]){DRIVER, WRITE, LOW, 0}, (uint32_t[]){128, 0, 0, 0});
    memcpy(&seen, &hw.ram_bytes[0x40], sizeof seen);
    ck_assert_uint_eq(seen, LOW);
    for (uint32_t i = 0; i < hw.write_count; i++)
        ck_assert_msg(hw.writes[i].address != 0xe000ed9c && hw.writes[i].address != 0xe000eda0,
                      "a region was written: 0x%x", hw.writes[i].value);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("variants");
    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_loop_test(t, variant_reaches_the_app_whole, 0, (int)COUNT_OF(variants));
    tcase_add_test(t, readable_allow_swaps_as_the_other_allows_do);
    tcase_add_test(t, readable_buffers_have_numbers_of_their_own);
    tcase_add_test(t, readable_buffer_is_written_by_the_driver_and_stays_the_apps);
    Suite *suite = suite_create("syscall_variants");
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
