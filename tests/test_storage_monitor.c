/* test_storage_monitor.c: storage-region bites: words and pages that no correct kernel would change
 * are traced in a booted machine, and that rule breaks, with that sentence; good ones stay silent.
 */
#include "devices/catalogue.h"
#include "model/process.h"
#include "model/virt/id.h"
#include "model/virt/turn.h"
#include "sim/machine_value.h"
#include "sim/monitor.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { A, B, TWIN, STRANGER, APPS, COMPONENT = CLIENT_KERNEL };
enum { NVMC = 0x4001e000, STORAGE = 0x2c000, PAGE = 4096, PAGES = 4, STORED = PAGES * PAGE };

static struct scenario scenario;
static struct hw *hw;

/* A and its twin have one id, B another, the stranger none. */
static void set_up(void)
{
    support_scenario(&scenario, APPS, &support_spins, NULL);
    struct board *board = &scenario.board;
    board->devices[board->device_count++] = (struct board_device){.name = "NVMC",
                                                                  .type = &nrf52_nvmc,
                                                                  .window = {NVMC, 0x1000},
                                                                  .alias_of = BOARD_NONE,
                                                                  .line = BOARD_NONE,
                                                                  .endpoint = BOARD_NONE};
    board->storage = scenario.config.storage = (struct span){STORAGE, STORED};
    scenario.config.virts[VIRT_STORAGE] = (struct driver_place){true, NVMC, 0};
    scenario.images[A].short_id = scenario.images[TWIN].short_id = 7;
    scenario.images[B].short_id = 9;
    board->config = scenario.config;
    hw = support_boot(&scenario, NULL);
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}

static void tear_down(void)
{
    support_free(hw);
}

/* ---- what happens */

static void of_client(enum note kind, uint32_t client, uint32_t more)
{
    support_trace(hw, EVENT_NOTE_BASE + (unsigned)kind,
                  client < CLIENT_KERNEL ? client : PROCESS_NONE, VIRT_STORAGE, pair(client, more));
}

static void begins(uint32_t client)
{
    of_client(NOTE_CLIENT_ASKS, client, 0);
    of_client(NOTE_CLIENT_BEGUN, client, false);
    of_client(NOTE_CLIENT_ANSWERED, client, ERR_NONE);
}

static void ends(uint32_t client)
{
    of_client(NOTE_CLIENT_DONE, client, ERR_NONE);
}

static void written(uint32_t at)
{
    support_trace(hw, EVENT_FLASH_WRITTEN, PROCESS_NONE, STORAGE + at, pair(0, 1));
}

static void erased(uint32_t at)
{
    support_trace(hw, EVENT_FLASH_ERASED, PROCESS_NONE, STORAGE + at, pair(PAGE, 0));
}

/* The controller is told to write. */
static void ordered(void)
{
    support_trace(hw, EVENT_KERNEL_WRITE, PROCESS_NONE, NVMC + 0x504, 1);
    support_trace(hw, EVENT_KERNEL_WRITE, PROCESS_NONE, NVMC + 0x504, 0);
}

static void claimed(uint32_t page)
{
    written(8 * (page - 1));
    written(8 * (page - 1) + 4);
}

/* ---- what is good */

static void own_page(void)
{
    begins(A);
    claimed(1);
    written(PAGE);
    erased(PAGE);
    written(2 * PAGE - 4);
}

static void each_its_own(void)
{
    own_page();
    ends(A);
    begins(B);
    claimed(2);
    written(2 * PAGE);
    ends(B);
    begins(COMPONENT);
    claimed(3);
    erased(3 * PAGE);
    ends(COMPONENT);
    begins(A);
    erased(PAGE);
}

static void twin_has_the_same(void)
{
    own_page();
    ends(A);
    begins(TWIN);
    written(PAGE + 4);
}

/* Its first word failed, and the row is another's in the end. */
static void row_not_made_whole(void)
{
    begins(A);
    written(0);
    ends(A);
    begins(B);
    claimed(1);
    written(PAGE);
}

static void dead_client_goes_on(void)
{
    own_page();
    support_trace(hw, EVENT_NOTE_BASE + NOTE_PROCESS_END, A, 0, END_KILL);
    erased(PAGE);
    written(PAGE);
}

/* The flash took its row otherwise than it was meant; nothing was written there. */
static void row_left_for_another(void)
{
    begins(A);
    claimed(1);
    claimed(2);
    written(2 * PAGE);
}

/* Given up, and the word comes when it is another's turn. */
static void late_word_is_its_writers(void)
{
    own_page();
    ordered();
    ends(A);
    begins(B);
    written(PAGE);
    claimed(2);
}

static void (*const good[])(void) = {own_page,
                                     each_its_own,
                                     twin_has_the_same,
                                     row_not_made_whole,
                                     dead_client_goes_on,
                                     late_word_is_its_writers,
                                     row_left_for_another};

START_TEST(good_sequence_is_silent)
{
    good[_i]();
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}
END_TEST

/* ---- what is not */

static void nobody_writes(void)
{
    written(PAGE);
}

static void after_it_is_done(void)
{
    own_page();
    ends(A);
    written(PAGE);
}

static void nobody_orders(void)
{
    own_page();
    ends(A);
    ordered();
    written(PAGE);
}

static void anothers_word_is_ordered(void)
{
    own_page();
    ends(A);
    begins(B);
    claimed(2);
    ordered();
    written(PAGE);
}

/* The late word has come: the next one is not his. */
static void second_late_word(void)
{
    late_word_is_its_writers();
    written(PAGE);
}

static void stranger_writes(void)
{
    begins(STRANGER);
    claimed(1);
}

static void anothers_word(void)
{
    own_page();
    ends(A);
    begins(B);
    written(PAGE + 8);
}

static void anothers_page(void)
{
    own_page();
    ends(A);
    begins(COMPONENT);
    erased(PAGE);
}

static void anothers_row(void)
{
    own_page();
    ends(A);
    begins(B);
    written(0);
}

static void not_claimed(void)
{
    begins(A);
    written(PAGE);
}

static void half_claimed(void)
{
    begins(A);
    written(0);
    erased(PAGE);
}

static void second_page(void)
{
    own_page();
    claimed(2);
}

static void twins_second_page(void)
{
    own_page();
    ends(A);
    begins(TWIN);
    claimed(3);
}

static void rows_erased(void)
{
    own_page();
    erased(0);
}

static const struct {
    void (*happens)(void);
    enum verdict_detail detail;
    uint32_t at;
    const char *says;
} bad[] = {
    {nobody_writes, DETAIL_STORAGE_NOBODY, PAGE, "changed for nobody"},
    {after_it_is_done, DETAIL_STORAGE_NOBODY, PAGE, "changed for nobody"},
    {nobody_orders, DETAIL_STORAGE_NOBODY, PAGE, "changed for nobody"},
    {anothers_word_is_ordered, DETAIL_STORAGE_FOREIGN, PAGE,
     "in an operation of app1, and it is app0's"},
    {second_late_word, DETAIL_STORAGE_FOREIGN, PAGE, "in an operation of app1, and it is app0's"},
    {stranger_writes, DETAIL_STORAGE_NOBODY, 0, "app3) has no region"},
    {anothers_word, DETAIL_STORAGE_FOREIGN, PAGE + 8, "in an operation of app1, and it is app0's"},
    {anothers_page, DETAIL_STORAGE_FOREIGN, PAGE, "and it is app0's"},
    {anothers_row, DETAIL_STORAGE_FOREIGN, 0, "in an operation of app1, and it is app0's"},
    {not_claimed, DETAIL_STORAGE_UNCLAIMED, PAGE, "of app0, not its owner yet"},
    {half_claimed, DETAIL_STORAGE_UNCLAIMED, PAGE, "of app0, not its owner yet"},
    {second_page, DETAIL_STORAGE_SECOND, 12, "app0 got a second page"},
    {twins_second_page, DETAIL_STORAGE_SECOND, 20, "app2 got a second page"},
    {rows_erased, DETAIL_STORAGE_ROWS, 0, "says whose the pages are"},
};

START_TEST(bad_sequence_breaks_storage_region)
{
    char text[VERDICT_TEXT_MAX];

    bad[_i].happens();
    const struct verdict *v;
    ck_assert_uint_ge(machine_verdicts(hw->m, &v), 1);
    ck_assert_int_eq(v->rule, RULE_STORAGE_REGION);
    ck_assert_int_eq(v->detail, bad[_i].detail);
    ck_assert_uint_eq(v->address, STORAGE + bad[_i].at);
    verdict_describe(&scenario, v, text, sizeof text);
    ck_assert_msg(strstr(text, bad[_i].says) != NULL, "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("storage_monitor");
    TCase *t = tcase_create("storage-region");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, good_sequence_is_silent, 0, COUNT(good));
    tcase_add_loop_test(t, bad_sequence_breaks_storage_region, 0, COUNT(bad));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
