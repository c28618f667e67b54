/* test_virt_custody.c: one buffer of a multiplexer in each order: what it notes, what it wipes, and
 * which orders are a broken promise of the kernel's own.
 */
#include "model/process.h"
#include "model/virt/custody.h"
#include "tests/support_fake_hw.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { RAM = 0x20000000, RAM_SIZE = 0x1000, VIRT = 3, APP = 5, COMPONENT = CLIENT_KERNEL + 1 };
static const struct span own = {RAM + 0x100, 0x80}, part = {RAM + 0x110, 0x20};
static const struct span components = {RAM + 0x400, 0x40};

static struct hw hw;
static struct custody custody;

static void start(void)
{
    fake_hw_start(&hw, (struct span){RAM, RAM_SIZE}, (struct span){0, 0});
    memset(hw.ram_bytes, 0xa5, RAM_SIZE);
    custody_start(&custody, &hw, VIRT, own);
    fake_hw_forget(&hw);
}

static bool is_zero(struct span buffer)
{
    for (uint32_t i = 0; i < buffer.size; i++)
        if (hw.ram_bytes[buffer.base - RAM + i])
            return false;
    return true;
}

/* The last note, and that there are `count`. */
static void noted(uint32_t count, enum note note, uint32_t client, struct span buffer)
{
    ck_assert_uint_eq(hw.note_count, count);
    const struct fake_note *last = &hw.notes[count - 1];
    ck_assert_int_eq(last->note, note);
    ck_assert_uint_eq(last->process, client < CLIENT_KERNEL ? client : PROCESS_NONE);
    ck_assert_uint_eq(last->address, buffer.base);
    ck_assert_uint_eq(last->value, pair(buffer.size, VIRT | client << 8));
}

START_TEST(at_first_it_is_zero_and_nobodys)
{
    start();

    ck_assert(is_zero(own));
    ck_assert_uint_eq(hw.ram_bytes[own.base - RAM - 1], 0xa5);
    ck_assert_uint_eq(hw.ram_bytes[own.base - RAM + own.size], 0xa5);
    ck_assert_uint_eq(custody.client, CLIENT_NONE);
    ck_assert_uint_eq(custody.down.size, 0);
}
END_TEST

/* Of a process, and of a component of the kernel. */
START_TEST(it_goes_round_and_each_hand_over_is_noted)
{
    uint32_t client = _i ? COMPONENT : APP;
    start();

    custody_take(&custody, &hw, client);
    noted(1, NOTE_BUFFER_TAKEN, client, own);
    ck_assert_uint_eq(custody.client, client);
    custody_lend(&custody, &hw, client, part);
    noted(2, NOTE_BUFFER_LENT, client, part);
    ck_assert(span_equal(custody.down, part));
    memset(&hw.ram_bytes[own.base - RAM], 0x77, own.size);
    custody_back(&custody, &hw);
    noted(3, NOTE_BUFFER_BACK, client, part);
    ck_assert_uint_eq(custody.down.size, 0);
    ck_assert_uint_eq(hw.ram_bytes[part.base - RAM], 0x77); /* still its client's */
    custody_wipe(&custody, &hw);
    noted(4, NOTE_BUFFER_WIPED, client, own);
    ck_assert(is_zero(own));
    ck_assert_uint_eq(custody.client, CLIENT_NONE);
    custody_take(&custody, &hw, APP + 1);
    noted(5, NOTE_BUFFER_TAKEN, APP + 1, own);
}
END_TEST

START_TEST(a_part_goes_down_again_and_again)
{
    start();
    custody_take(&custody, &hw, APP);

    for (uint32_t i = 0; i < 3; i++) {
        struct span piece = {own.base + 8 * i, 8};
        custody_lend(&custody, &hw, APP, piece);
        noted(2 + 2 * i, NOTE_BUFFER_LENT, APP, piece);
        custody_back(&custody, &hw);
        noted(3 + 2 * i, NOTE_BUFFER_BACK, APP, piece);
    }
}
END_TEST

/* The multiplexer's own stays nobody's: rule 2 and rule 1, and no byte is wiped. */
START_TEST(a_components_own_buffer_goes_down_and_comes_back)
{
    start();

    custody_lend(&custody, &hw, COMPONENT, components);
    noted(1, NOTE_BUFFER_LENT, COMPONENT, components);
    custody_back(&custody, &hw);
    noted(2, NOTE_BUFFER_BACK, COMPONENT, components);
    custody_wipe(&custody, &hw);

    ck_assert_uint_eq(hw.note_count, 2);
    ck_assert_uint_eq(custody.client, CLIENT_NONE);
    ck_assert_uint_eq(hw.ram_bytes[components.base - RAM], 0xa5);
}
END_TEST

START_TEST(nothing_is_done_where_there_is_nothing_to_do)
{
    start();
    memset(&hw.ram_bytes[own.base - RAM], 0x77, own.size);
    const struct custody before = custody;

    custody_back(&custody, &hw);
    custody_wipe(&custody, &hw);

    ck_assert_uint_eq(hw.note_count, 0);
    ck_assert_mem_eq(&custody, &before, sizeof custody);
    ck_assert_uint_eq(hw.ram_bytes[own.base - RAM], 0x77);
}
END_TEST

START_TEST(starting_anew_wipes_whoevers_it_was)
{
    start();
    custody_take(&custody, &hw, APP);
    custody_lend(&custody, &hw, APP, part);
    hw.ram_bytes[part.base - RAM] = 0x77;

    custody_start(&custody, &hw, VIRT, own);

    ck_assert(is_zero(own));
    ck_assert_uint_eq(custody.client, CLIENT_NONE);
    ck_assert_uint_eq(custody.down.size, 0);
}
END_TEST

/* Orders that break what the kernel has promised: each is a panic, and nothing has changed. */
static void taken_twice(void)
{
    custody_take(&custody, &hw, APP + 1);
}

static void taken_twice_by_one(void)
{
    custody_take(&custody, &hw, APP);
}

static void lent_twice(void)
{
    custody_lend(&custody, &hw, APP, part);
}

static void wiped_while_down(void)
{
    custody_wipe(&custody, &hw);
}

static void (*const wrong[])(void) = {taken_twice, taken_twice_by_one, lent_twice,
                                      wiped_while_down};

START_TEST(a_wrong_order_is_a_panic)
{
    start();
    custody_take(&custody, &hw, APP);
    custody_lend(&custody, &hw, APP, part);
    memset(&hw.ram_bytes[own.base - RAM], 0x77, own.size);
    const struct custody before = custody;

    FAKE_HW_CATCH(&hw, wrong[_i]());

    ck_assert_ptr_nonnull(hw.panic);
    ck_assert_mem_eq(&custody, &before, sizeof custody);
    ck_assert_uint_eq(hw.note_count, 2);
    ck_assert_uint_eq(hw.ram_bytes[own.base - RAM], 0x77);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("virt_custody");
    TCase *t = tcase_create("custody");

    tcase_add_test(t, at_first_it_is_zero_and_nobodys);
    tcase_add_loop_test(t, it_goes_round_and_each_hand_over_is_noted, 0, 2);
    tcase_add_test(t, a_part_goes_down_again_and_again);
    tcase_add_test(t, a_components_own_buffer_goes_down_and_comes_back);
    tcase_add_test(t, nothing_is_done_where_there_is_nothing_to_do);
    tcase_add_test(t, starting_anew_wipes_whoevers_it_was);
    tcase_add_loop_test(t, a_wrong_order_is_a_panic, 0, (int)(sizeof wrong / sizeof wrong[0]));
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
