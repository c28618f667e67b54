/* test_secret.c: one app's secrets in memory, in registers and as they arrive (sim/secret.h): which
 * bytes are others in the second run, for whom, and what is counted. */
#include "model/virt/virt.h"
#include "sim/machine_value.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { RAM = 0x20014000, RAM_SIZE = 0x1000, BREAK = 0x800, KEY = 0x5ec2e7 };

static struct scenario scenario;
static struct machine_setup *setup;
static struct hw hw;
static struct span secrets[] = {{0x100, 16}};

static void idle_start(struct app *app, const uint32_t r[4])
{
    (void)app, (void)r;
}

static void idle_next(struct app *app, struct app_op *op)
{
    (void)app;
    *op = (struct app_op){.kind = OP_COMPUTE, .cycles = 100};
}

static const struct app_engine idle = {.start = idle_start, .next = idle_next};

/* Two apps, of which the first one has started and runs; its secrets are 16 bytes. */
static void boot(uint32_t whose)
{
    const char *why = NULL;
    uint32_t image = 0;
    scenario.apps[0].secrets = secrets;
    scenario.apps[0].secret_count = 1;
    setup =
        machine_setup_make_secret(&scenario, (struct secrets){.process = whose, .key = KEY}, &why);
    ck_assert_ptr_nonnull(setup);
    hw = (struct hw){.m = machine_make(setup)};
    ck_assert_ptr_nonnull(hw.m);
    ck_assert_int_eq(machine_boot(&hw, &image), ERR_NONE);
    static const uint8_t zeros[2 * RAM_SIZE]; /* as the kernel leaves memory to an app */
    ck_assert_int_eq(hw_ram_write(&hw, (struct span){RAM, sizeof zeros}, zeros), ERR_NONE);
    for (uint32_t i = 0; i < 2; i++) {
        struct app *app = (struct app *)machine_app(hw.m, i);
        app->ram_base = RAM + i * RAM_SIZE;
        app->ram_size = RAM_SIZE;
    }
    hw.m->running = 0;
}

static void prepare(void)
{
    support_scenario(&scenario, 2, &idle, NULL);
    setup = NULL;
}

static void tidy(void)
{
    if (setup)
        machine_free(hw.m);
    machine_setup_free(setup);
}

static uint32_t word_at(uint32_t address)
{
    uint32_t value = 0;
    ck_assert(machine_peek(hw.m, (struct span){address, 4}, &value));
    return value;
}

/* As the machine does it: the value goes to memory, and is then padded if it is a secret. */
static void store(uint32_t address, uint32_t value, bool secret)
{
    const struct app_op op = {
        .kind = OP_STORE, .address = address, .size = 4, .value = value, .secret = secret};
    memcpy(machine_ram_at(hw.m, (struct span){address, 4}), &value, 4);
    machine_secret_stored(hw.m, &op);
}

static uint32_t load(uint32_t address)
{
    const struct app_op op = {.kind = OP_LOAD, .address = address, .size = 4};
    return machine_secret_loaded(hw.m, &op, word_at(address));
}

static unsigned bytes_that_differ(uint32_t a, uint32_t b)
{
    unsigned count = 0;
    for (int i = 0; i < 32; i += 8)
        count += ((a ^ b) >> i & 0xff) != 0;
    return count;
}

START_TEST(each_byte_of_a_secret_is_another_and_its_apps_load_finds_what_was_stored)
{
    boot(0);
    for (uint32_t i = 0; i < 200; i++) {
        const uint32_t value = i * 0x01010101;
        store(RAM + 0x100, value, false);
        ck_assert_uint_eq(bytes_that_differ(word_at(RAM + 0x100), value), 4);
        ck_assert_uint_eq(load(RAM + 0x100), value);
    }
    ck_assert_uint_eq(machine_secret_facts(hw.m).changed, 800);
}
END_TEST

START_TEST(memory_is_padded_once_however_often_its_app_starts)
{
    boot(0);
    const struct app *app = machine_app(hw.m, 0);
    const uint32_t before = word_at(RAM + 0x10c), beside = word_at(RAM + 0x110);
    machine_secret_start(hw.m, app, RAM + BREAK);
    ck_assert_uint_eq(bytes_that_differ(before, word_at(RAM + 0x10c)), 4);
    ck_assert_uint_eq(word_at(RAM + 0x110), beside);
    const uint32_t padded = word_at(RAM + 0x10c);
    machine_secret_start(hw.m, app, RAM + BREAK);
    ck_assert_uint_eq(word_at(RAM + 0x10c), padded);
    ck_assert_uint_eq(load(RAM + 0x10c), before);
    ck_assert_uint_eq(machine_secret_facts(hw.m).changed, 16);
}
END_TEST

/* Where the scenario does not say "secret". */
START_TEST(bytes_beside_the_secrets_stay_as_they_are_unless_their_store_is_one)
{
    boot(0);
    store(RAM + 0xfe, 0x11223344, false); /* its last two bytes are inside */
    ck_assert_uint_eq(word_at(RAM + 0xfe) & 0xffff, 0x3344);
    ck_assert_uint_eq(bytes_that_differ(word_at(RAM + 0xfe), 0x11223344), 2);
    store(RAM + 0x110, 0x11223344, false);
    ck_assert_uint_eq(word_at(RAM + 0x110), 0x11223344);
    store(RAM + 0x110, 0x11223344, true);
    ck_assert_uint_eq(bytes_that_differ(word_at(RAM + 0x110), 0x11223344), 4);
    ck_assert_uint_eq(load(RAM + 0x110), 0x11223344);
}
END_TEST

START_TEST(byte_that_others_write_over_a_secret_is_padded_no_longer)
{
    boot(0);
    const uint8_t byte = 0x55;
    store(RAM + 0x100, 0, false);
    const uint32_t padded = word_at(RAM + 0x100);
    ck_assert_int_eq(hw_ram_write(&hw, (struct span){RAM + 0x101, 1}, &byte), ERR_NONE);
    ck_assert_uint_eq(word_at(RAM + 0x100), (padded & 0xffff00ff) | 0x5500);
    ck_assert_uint_eq(load(RAM + 0x100), 0x5500);
}
END_TEST

START_TEST(what_the_kernel_reads_of_a_secret_is_counted_and_nothing_else)
{
    boot(0);
    uint8_t bytes[8];
    store(RAM + 0x100, 7, false);
    ck_assert_int_eq(hw_ram_read(&hw, (struct span){RAM + 0xfc, 8}, bytes), ERR_NONE);
    ck_assert_uint_eq(machine_secret_facts(hw.m).read, 4);
    ck_assert_int_eq(hw_ram_read(&hw, (struct span){RAM + 0x104, 8}, bytes), ERR_NONE);
    ck_assert_uint_eq(machine_secret_facts(hw.m).read, 4);
}
END_TEST

START_TEST(another_apps_store_is_no_secret_and_its_load_finds_the_other_bytes)
{
    boot(0);
    store(RAM + 0x100, 7, false);
    hw.m->running = 1;
    store(RAM + RAM_SIZE + 0x100, 7, true);
    ck_assert_uint_eq(word_at(RAM + RAM_SIZE + 0x100), 7);
    ck_assert_uint_eq(load(RAM + 0x100), word_at(RAM + 0x100));
    ck_assert_uint_ne(load(RAM + 0x100), 7);
}
END_TEST

START_TEST(secret_word_for_a_register_is_another_one_for_its_app_only)
{
    boot(0);
    struct app_op op = {.kind = OP_STORE, .address = SUPPORT_TIMER0 + 0x540, .size = 4, .value = 9};
    ck_assert_uint_eq(machine_secret_word(hw.m, &op), 9);
    op.secret = true;
    ck_assert_uint_eq(bytes_that_differ(machine_secret_word(hw.m, &op), 9), 4);
    hw.m->running = 1;
    ck_assert_uint_eq(machine_secret_word(hw.m, &op), 9);
    ck_assert_uint_eq(machine_secret_facts(hw.m).changed, 4);
}
END_TEST

START_TEST(octets_that_arrive_are_others_for_the_app_with_the_secrets_only)
{
    boot(0);
    uint8_t octets[4] = {'k', 'e', 'y', '!'};
    machine_secret_bytes(hw.m, 1, octets, 4);
    ck_assert_mem_eq(octets, "key!", 4);
    machine_secret_bytes(hw.m, 0, octets, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_uint_ne(octets[i], (uint8_t) "key!"[i]);
}
END_TEST

/* Nobody's app stores them: what the kernel writes is the secret. */
START_TEST(components_buffer_holds_other_bytes_at_once_and_after_each_write_of_the_kernel)
{
    const uint32_t seven = 7;
    scenario.config.kernel_clients[VIRT_SPI].count = 1;
    boot(SECRETS_OF_KERNEL);
    struct span first = virt_client_buffer(&hw.m->kernel, VIRT_SPI, CLIENT_KERNEL);
    struct span second = virt_client_buffer(&hw.m->kernel, VIRT_SPI, CLIENT_KERNEL + 1);
    ck_assert_uint_eq(machine_secret_facts(hw.m).changed, first.size);
    ck_assert_int_eq(hw_ram_write(&hw, (struct span){first.base, 4}, &seven), ERR_NONE);
    ck_assert_uint_eq(bytes_that_differ(word_at(first.base), 7), 4);
    ck_assert_int_eq(hw_ram_write(&hw, (struct span){second.base, 4}, &seven), ERR_NONE);
    ck_assert_uint_eq(word_at(second.base), 7);
    store(RAM + 0x100, 7, true);
    ck_assert_uint_eq(word_at(RAM + 0x100), 7);
}
END_TEST

/* Without a component there is nothing that could differ; an app's secrets are none of its. */
START_TEST(kernel_without_components_has_no_secrets)
{
    boot(SECRETS_OF_KERNEL);
    machine_secret_start(hw.m, machine_app(hw.m, 0), RAM + BREAK);
    ck_assert_uint_eq(machine_secret_facts(hw.m).changed, 0);
}
END_TEST

START_TEST(components_buffer_stays_as_it_is_where_the_secrets_are_an_apps)
{
    const uint32_t seven = 7;
    scenario.config.kernel_clients[VIRT_SPI].count = 1;
    boot(0);
    struct span buffer = virt_client_buffer(&hw.m->kernel, VIRT_SPI, CLIENT_KERNEL);
    ck_assert_int_eq(hw_ram_write(&hw, (struct span){buffer.base, 4}, &seven), ERR_NONE);
    ck_assert_uint_eq(word_at(buffer.base), 7);
    ck_assert_uint_eq(machine_secret_facts(hw.m).changed, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("secret");
    TCase *t = tcase_create("secret");
    tcase_add_checked_fixture(t, prepare, tidy);
    tcase_add_test(t, each_byte_of_a_secret_is_another_and_its_apps_load_finds_what_was_stored);
    tcase_add_test(t, memory_is_padded_once_however_often_its_app_starts);
    tcase_add_test(t, bytes_beside_the_secrets_stay_as_they_are_unless_their_store_is_one);
    tcase_add_test(t, byte_that_others_write_over_a_secret_is_padded_no_longer);
    tcase_add_test(t, what_the_kernel_reads_of_a_secret_is_counted_and_nothing_else);
    tcase_add_test(t, another_apps_store_is_no_secret_and_its_load_finds_the_other_bytes);
    tcase_add_test(t, secret_word_for_a_register_is_another_one_for_its_app_only);
    tcase_add_test(t, octets_that_arrive_are_others_for_the_app_with_the_secrets_only);
    tcase_add_test(t,
                   components_buffer_holds_other_bytes_at_once_and_after_each_write_of_the_kernel);
    tcase_add_test(t, components_buffer_stays_as_it_is_where_the_secrets_are_an_apps);
    tcase_add_test(t, kernel_without_components_has_no_secrets);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
