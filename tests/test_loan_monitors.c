/* test_loan_monitors.c: what a request for a device comes to, reason by reason; how many regions
 * windows need, as the kernel finds it, too; and loan-answer, refusal-reason, filter-asked, and
 * what interrupt-owner asks of lines and death-order of a device's steps, bite: what no lawful
 * kernel would answer or do is planted in a booted machine. Lawful ones stay silent.
 */
#include "model/kernel.h"
#include "model/mpu.h"
#include "model/passthrough.h"
#include "model/passthrough_device.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/monitors/loans.h"
#include "sim/random.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { A, B, APPS, EGU0 = 0x40014000, RTC1 = 0x40011000, DRIVER = PASSTHROUGH_DRIVER_DEFAULT };
enum { ENDPOINT_TIMER0, ENDPOINT_TIMER1, ENDPOINT_EGU0 };

static const struct span timer0 = {SUPPORT_TIMER0, 0x1000}, timer1 = {SUPPORT_TIMER1, 0x1000},
                         both = {SUPPORT_TIMER0, 0x2000}, egu0 = {EGU0, 0x1000};

static struct scenario scenario;
static struct hw *hw;
static uint32_t withheld[LOAN_WORDS];
static struct filter_row said;

static void set_up(void)
{
    support_scenario(&scenario, APPS, &support_spins, NULL);
    hw = support_boot(&scenario, NULL);
    machine_run(hw, PS_PER_MS);
    memset(withheld, 0, sizeof withheld);
    said = (struct filter_row){.asked = {0x40000000, 0x100000}};
    scenario.config.filter = (struct device_filter){filter_by_table, &said, 1};
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}

static void tear_down(void)
{
    support_free(hw);
}

/* ---- what is so before the request */

static void hold(uint32_t process, struct span asked, struct span granted)
{
    struct ledger *l = ledger_of(hw->m);

    l->windows[l->window_end++] = (struct ledger_window){
        .process = (uint16_t)process, .state = WINDOW_HELD, .asked = asked, .granted = granted};
}

static void nothing(void)
{
}

static void no_filter(void)
{
    scenario.config.filter.function = NULL;
}

static void own_is_there(void)
{
    hold(A, timer0, timer0);
}

static void anothers_is_there(void)
{
    hold(B, timer0, timer0);
}

/* TIMER0 is withheld, TIMER1 another's: that comes first. */
static void both_reasons(void)
{
    withheld[0] |= 1 << ENDPOINT_TIMER0;
    hold(B, timer1, timer1);
}

static void first_is_withheld(void)
{
    withheld[0] |= 1 << ENDPOINT_TIMER0;
}

static void first_is_dma(void)
{
    scenario.config.endpoints[ENDPOINT_TIMER0].dma = true;
}

static void first_is_trusted_dma(void)
{
    first_is_dma();
    scenario.config.endpoints[ENDPOINT_TIMER0].allow_dma = true;
}

static void filter_says_no(void)
{
    said.refusal = ERR_RESERVE;
}

static void filter_says_what_is_no_code(void)
{
    said.refusal = (enum err)99;
}

static void answers(uint32_t base, uint32_t size)
{
    said.answer = (struct span){base, size};
}

static void answer_is_beside(void)
{
    answers(SUPPORT_TIMER1, 0x1000);
}

static void answer_is_unaligned(void)
{
    answers(SUPPORT_TIMER0, 0x1010);
}

static void answer_wraps(void)
{
    answers(SUPPORT_TIMER0, 0xffffffe0);
}

static void answer_meets_ram(void)
{
    answers(0x20000000, 0x30000000);
}

static void answer_meets_the_private_bus(void)
{
    answers(SUPPORT_TIMER0, 0xb0000000);
    scenario.config.claim_count = 0;
    scenario.config.alarm.present = false;
}

static void answer_meets_a_claim(void)
{
    answers(SUPPORT_TIMER0, 0x3000);
}

static void answer_is_both(void)
{
    answers(SUPPORT_TIMER0, 0x2000);
}

static void answer_meets_dma(void)
{
    answer_is_both();
    scenario.config.endpoints[ENDPOINT_TIMER1].dma = true;
}

static void answer_meets_anothers(void)
{
    answer_is_both();
    hold(B, timer1, timer1);
}

static void answer_meets_withheld(void)
{
    answer_is_both();
    withheld[0] |= 1 << ENDPOINT_TIMER1;
}

static void answer_meets_own(void)
{
    answer_is_both();
    hold(A, timer1, timer1);
}

/* Eight regions: two are RAM's, one is flash. */
static void hold_apart(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        hold(A, (struct span){0x48000000 + i * 0x100000, 32},
             (struct span){0x48000000 + i * 0x100000, 32});
}

static void one_region_is_left(void)
{
    hold_apart(4);
}

static void no_region_is_left(void)
{
    hold_apart(5);
}

static void neighbour_shares_its_region(void)
{
    hold_apart(4);
    hold(A, timer1, timer1);
}

static void others_have_all_rows(void)
{
    for (uint32_t i = 0; i < LOAN_MAX; i++)
        hold(B, (struct span){0x48000000 + i * 32, 32}, (struct span){0x48000000 + i * 32, 32});
}

/* ---- what it comes to */

#define AT(offset, bytes)                                                                          \
    {                                                                                              \
        SUPPORT_TIMER0 + (offset), (bytes)                                                         \
    }
static const struct {
    const char *why;
    void (*given)(void);
    struct span asked;
    enum err err;
    bool asks; /* the filter */
    struct span granted;
} requests[] = {
    {"a device", nothing, AT(0, 0x1000), ERR_NONE, true, AT(0, 0x1000)},
    {"a part of it", nothing, AT(32, 32), ERR_NONE, true, AT(32, 32)},
    {"two neighbours", nothing, AT(0, 0x2000), ERR_NONE, true, AT(0, 0x2000)},
    {"beside an own one", own_is_there, AT(0x1000, 0x1000), ERR_NONE, true, AT(0x1000, 0x1000)},
    {"nothing is lent here", no_filter, AT(0, 0), ERR_NODEVICE, false, {0, 0}},
    {"empty", nothing, AT(4, 0), ERR_SIZE, false, {0, 0}},
    {"wraps", nothing, {0xffffffe4, 0x40}, ERR_SIZE, false, {0, 0}},
    {"unaligned base", nothing, AT(4, 32), ERR_INVAL, false, {0, 0}},
    {"unaligned size", nothing, AT(0, 36), ERR_INVAL, false, {0, 0}},
    {"a driver's", nothing, AT(0x2000, 0x1000), ERR_BUSY, false, {0, 0}},
    {"up to a driver's", nothing, AT(0, 0x3000), ERR_BUSY, false, {0, 0}},
    {"a driver's, not claimed", no_filter, {RTC1, 32}, ERR_NODEVICE, false, {0, 0}},
    {"no device", nothing, {0x40020000, 0x1000}, ERR_INVAL, false, {0, 0}},
    {"beyond a device", nothing, {EGU0, 0x2000}, ERR_INVAL, false, {0, 0}},
    {"its own", own_is_there, AT(0, 0x1000), ERR_ALREADY, false, {0, 0}},
    {"meets its own", own_is_there, AT(0, 0x2000), ERR_ALREADY, false, {0, 0}},
    {"another's", anothers_is_there, AT(0, 0x1000), ERR_BUSY, false, {0, 0}},
    {"meets another's", anothers_is_there, AT(0, 0x2000), ERR_BUSY, false, {0, 0}},
    {"withheld", first_is_withheld, AT(0, 0x1000), ERR_OFF, false, {0, 0}},
    {"withheld, and another's", both_reasons, AT(0, 0x2000), ERR_BUSY, false, {0, 0}},
    {"distrusted DMA", first_is_dma, AT(0, 0x1000), ERR_RESERVE, false, {0, 0}},
    {"trusted DMA", first_is_trusted_dma, AT(0, 0x1000), ERR_NONE, true, AT(0, 0x1000)},
    {"the filter's no", filter_says_no, AT(0, 0x1000), ERR_RESERVE, true, {0, 0}},
    {"no code", filter_says_what_is_no_code, AT(0, 0x1000), ERR_FAIL, true, {0, 0}},
    {"beside", answer_is_beside, AT(0, 0x1000), ERR_INVAL, true, AT(0x1000, 0x1000)},
    {"unaligned answer", answer_is_unaligned, AT(0, 0x1000), ERR_INVAL, true, AT(0, 0x1010)},
    {"answer wraps", answer_wraps, AT(0, 0x1000), ERR_INVAL, true, AT(0, 0xffffffe0)},
    {"over RAM", answer_meets_ram, AT(0, 0x1000), ERR_INVAL, true, {0x20000000, 0x30000000}},
    {"over the private bus", answer_meets_the_private_bus, AT(0, 32), ERR_INVAL, true,
     AT(0, 0xb0000000)},
    {"over a driver's", answer_meets_a_claim, AT(0, 0x1000), ERR_INVAL, true, AT(0, 0x3000)},
    {"over DMA", answer_meets_dma, AT(0, 0x1000), ERR_INVAL, true, AT(0, 0x2000)},
    {"over another's", answer_meets_anothers, AT(0, 0x1000), ERR_BUSY, true, AT(0, 0x2000)},
    {"over a withheld one", answer_meets_withheld, AT(0, 0x1000), ERR_OFF, true, AT(0, 0x2000)},
    {"over an own one", answer_meets_own, AT(0, 0x1000), ERR_ALREADY, true, AT(0, 0x2000)},
    {"wider", answer_is_both, AT(0, 0x1000), ERR_NONE, true, AT(0, 0x2000)},
    {"the last region", one_region_is_left, AT(0, 0x1000), ERR_NONE, true, AT(0, 0x1000)},
    {"no region", no_region_is_left, AT(0, 0x1000), ERR_NOMEM, true, AT(0, 0x1000)},
    {"a region with another", neighbour_shares_its_region, AT(0, 0x1000), ERR_NONE, true,
     AT(0, 0x1000)},
    {"no row", others_have_all_rows, AT(0, 0x1000), ERR_NOMEM, true, AT(0, 0x1000)},
};

START_TEST(request_comes_to_what_the_header_says)
{
    requests[_i].given();
    struct loan_due due = loan_request(hw->m, ledger_of(hw->m), withheld, A, requests[_i].asked);

    ck_assert_msg(due.err == requests[_i].err, "%s: %d, wanted %d", requests[_i].why, due.err,
                  (int)requests[_i].err);
    ck_assert_msg(due.asks == requests[_i].asks, "%s: asks", requests[_i].why);
    ck_assert_msg(span_equal(due.granted, requests[_i].granted), "%s: %x, %x", requests[_i].why,
                  due.granted.base, due.granted.size);
}
END_TEST

START_TEST(query_tells_of_the_window_that_is_there)
{
    hold(A, timer0, both);
    said.refusal = ERR_RESERVE;
    struct loan_due due = loan_query(hw->m, ledger_of(hw->m), withheld, A, timer0);
    ck_assert_uint_eq(due.err, ERR_NONE);
    ck_assert(!due.asks && span_equal(due.granted, both));
    due = loan_query(hw->m, ledger_of(hw->m), withheld, B, egu0);
    ck_assert_uint_eq(due.err, ERR_RESERVE);
}
END_TEST

static const struct {
    struct span asked;
    enum err err;
} releases[] = {
    {{SUPPORT_TIMER0, 0x1000}, ERR_NONE},     {{SUPPORT_TIMER0, 0x2000}, ERR_NODEVICE},
    {{SUPPORT_TIMER0, 32}, ERR_NODEVICE},     {{SUPPORT_TIMER0 + 4, 32}, ERR_INVAL},
    {{SUPPORT_TIMER0, 0}, ERR_SIZE},          {{0xffffffe0, 0x40}, ERR_SIZE},
    {{SUPPORT_TIMER1, 0x1000}, ERR_NODEVICE}, {{EGU0, 0x1000}, ERR_NODEVICE},
};

START_TEST(release_is_of_what_was_asked_for)
{
    hold(A, timer0, both);
    hold(B, egu0, egu0);
    ck_assert_int_eq(loan_release(ledger_of(hw->m), A, releases[_i].asked).err, releases[_i].err);
}
END_TEST

/* ---- regions: as few as the kernel needs, who shares no code with this */

static bool kernel_fits(struct mpu_config *config, struct span window)
{
    enum err err = mpu_add_window(config, window);

    ck_assert(err == ERR_NONE || err == ERR_NOMEM);
    return err == ERR_NONE;
}

/* 2^5 to 2^16 bytes, anywhere in 1 MiB, and mostly no power of two. */
static struct span drawn_window(struct random *random)
{
    uint32_t most = UINT32_C(1) << random_below(random, 12);
    uint32_t size = 32 * (1 + (uint32_t)random_below(random, most));
    return (struct span){0x40000000 + 32 * (uint32_t)random_below(random, 0x8000), size};
}

START_TEST(regions_are_as_few_as_the_kernel_needs)
{
    struct random random = random_start(1 + (uint64_t)_i, 0);
    struct mpu_config config;
    uint32_t too_many = 0;
    for (uint32_t round = 0; round < 200; round++) {
        struct ledger *l = ledger_of(hw->m);
        struct span at = scenario.images[A].flash;
        ck_assert_ptr_nonnull(l);
        memset(l->windows, 0, sizeof l->windows);
        l->window_end = 0;
        mpu_config_start(&config, 8);
        ck_assert_int_eq(mpu_set_flash(&config, at), ERR_NONE);
        for (uint32_t i = 0; i < 8; i++) {
            struct span window = drawn_window(&random);
            bool meets = false;
            for (uint32_t k = 0; k < l->window_end; k++)
                meets |= span_meets(l->windows[k].granted, window);
            if (meets)
                continue;
            scenario.config.endpoint_count = 1;
            scenario.config.endpoints[0] =
                (struct passthrough_endpoint){.windows = {window}, .window_count = 1};
            scenario.config.claim_count = 0;
            scenario.config.alarm.present = false;
            said = (struct filter_row){.asked = {0x40000000, 0x200000}};
            bool fits = kernel_fits(&config, window);
            enum err err = (enum err)loan_request(hw->m, l, withheld, A, window).err;
            ck_assert_int_eq(err, fits ? ERR_NONE : ERR_NOMEM);
            too_many += !fits;
            if (fits)
                hold(A, window, window);
        }
    }
    ck_assert_uint_gt(too_many, 20);
}
END_TEST

/* ---- what happens, record by record */

static void note(enum note kind, uint32_t process, uint32_t address, uint64_t value)
{
    support_trace(hw, EVENT_NOTE_BASE + (unsigned)kind, process, address, value);
}

static void call(uint32_t process, uint32_t number, struct span asked)
{
    support_trace(hw, EVENT_SYSCALL, process, SYSCALL_COMMAND, pair(DRIVER, number));
    support_trace(hw, EVENT_SYSCALL_MORE, process, SYSCALL_COMMAND, pair(asked.base, asked.size));
}

static void returned(uint32_t process, uint32_t r0, uint32_t r1, uint32_t r2)
{
    support_trace(hw, EVENT_RETURN, process, r0, pair(r1, r2));
}

static void filter_is_asked(uint32_t process, struct span asked, struct span answer)
{
    note(NOTE_FILTER_ASKED, process, asked.base, asked.size);
    note(NOTE_FILTER_ANSWERED, process, answer.base, pair(answer.size, ERR_NONE));
}

static void granted(uint32_t process, struct span window, uint32_t endpoint)
{
    note(NOTE_WINDOW_GRANTED, process, window.base, window.size);
    note(NOTE_ENDPOINT_OWNED, process, endpoint, 1);
}

static void lend(uint32_t process, struct span window, uint32_t endpoint)
{
    call(process, COMMAND_ALLOCATE, window);
    filter_is_asked(process, window, window);
    granted(process, window, endpoint);
    returned(process, RETURN_SUCCESS, 0, 0);
}

static void freed(uint32_t process, uint32_t endpoint)
{
    note(NOTE_ENDPOINT_MASKED, process, endpoint, 0);
    note(NOTE_ENDPOINT_QUIET, process, endpoint, 0);
    note(NOTE_ENDPOINT_FREED, process, endpoint, 0);
}

static void removed(uint32_t process, struct span window)
{
    note(NOTE_WINDOW_REMOVED, process, window.base, window.size);
}

static void user(void)
{
    monitor_loans.on_user(hw->m, machine_monitor_state(hw->m, MONITOR_loans), A);
}

static void header_asks(struct span first, struct span second)
{
    scenario.images[A].request_count = 2;
    scenario.images[A].requests[0] = first;
    scenario.images[A].requests[1] = second;
    note(NOTE_PROCESS_END, A, 0, END_KILL);
    note(NOTE_PROCESS_LOADED, A, 0x20010000, pair(0x1200, 9));
}

/* ---- lawful ones */

static void loan_and_release(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    lend(A, timer1, ENDPOINT_TIMER1);
    call(A, COMMAND_QUERY, timer0);
    returned(A, RETURN_SUCCESS_2U32, timer0.base, timer0.size);
    call(A, COMMAND_RELEASE, timer0);
    removed(A, timer0);
    freed(A, ENDPOINT_TIMER0);
    returned(A, RETURN_SUCCESS, 0, 0);
    user();
}

static void query_of_what_it_would_get(void)
{
    call(A, COMMAND_QUERY, timer0);
    filter_is_asked(A, timer0, timer0);
    returned(A, RETURN_SUCCESS_2U32, timer0.base, timer0.size);
}

static void second_window_of_a_device(void)
{
    static const struct span halves[] = {{SUPPORT_TIMER0, 0x800}, {SUPPORT_TIMER0 + 0x800, 0x800}};
    lend(A, halves[0], ENDPOINT_TIMER0);
    call(A, COMMAND_ALLOCATE, halves[1]);
    filter_is_asked(A, halves[1], halves[1]);
    note(NOTE_WINDOW_GRANTED, A, halves[1].base, halves[1].size);
    returned(A, RETURN_SUCCESS, 0, 0);
    call(A, COMMAND_RELEASE, halves[0]);
    removed(A, halves[0]);
    returned(A, RETURN_SUCCESS, 0, 0);
    user();
}

static void life_ends_with_its_windows(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    removed(A, timer0);
    freed(A, ENDPOINT_TIMER0);
    note(NOTE_PROCESS_END, A, 0, END_KILL);
    user();
}

static void header_is_answered(void)
{
    header_asks(timer0, both);
    filter_is_asked(A, timer0, timer0);
    granted(A, timer0, ENDPOINT_TIMER0);
    note(NOTE_WINDOW_REFUSED, A, both.base, pair(both.size, ERR_ALREADY));
    user();
}

static void no_such_command(void)
{
    call(A, 4, timer0);
    returned(A, RETURN_FAILURE, ERR_NOSUPPORT, 0);
}

static void stuck_device_is_withheld(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    machine_device(hw->m, 0)->fault.hung = true;
    call(A, COMMAND_RELEASE, timer0);
    removed(A, timer0);
    note(NOTE_ENDPOINT_MASKED, A, ENDPOINT_TIMER0, 0);
    note(NOTE_ENDPOINT_STUCK, A, ENDPOINT_TIMER0, 8);
    note(NOTE_ENDPOINT_FREED, A, ENDPOINT_TIMER0, 0);
    returned(A, RETURN_SUCCESS, 0, 0);
    call(B, COMMAND_ALLOCATE, timer0);
    note(NOTE_WINDOW_REFUSED, B, timer0.base, pair(timer0.size, ERR_OFF));
    returned(B, RETURN_FAILURE, ERR_OFF, 0);
}

static void owner_of_a_stuck_line_keeps_its_device(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    hw->m->nvic.level[0] |= 1 << 8;
    note(NOTE_ENDPOINT_STUCK, A, ENDPOINT_TIMER0, 8);
    call(A, COMMAND_RELEASE, timer0);
    removed(A, timer0);
    freed(A, ENDPOINT_TIMER0);
    returned(A, RETURN_SUCCESS, 0, 0);
    lend(B, timer0, ENDPOINT_TIMER0);
}

/* ---- unlawful ones */

static void query_tells_another_base(void)
{
    call(A, COMMAND_QUERY, timer0);
    filter_is_asked(A, timer0, timer0);
    returned(A, RETURN_SUCCESS_2U32, timer1.base, timer1.size);
}

static void query_tells_what_was_asked_not_what_is_there(void)
{
    answer_is_both();
    call(A, COMMAND_QUERY, timer0);
    filter_is_asked(A, timer0, both);
    returned(A, RETURN_SUCCESS_2U32, timer0.base, timer0.size);
}

static void query_tells_nothing(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    call(A, COMMAND_QUERY, timer0);
    returned(A, RETURN_SUCCESS, 0, 0);
}

static void allocate_tells_a_value(void)
{
    call(A, COMMAND_ALLOCATE, timer0);
    filter_is_asked(A, timer0, timer0);
    granted(A, timer0, ENDPOINT_TIMER0);
    returned(A, RETURN_SUCCESS_2U32, timer0.base, timer0.size);
}

static void unknown_command_succeeds(void)
{
    call(A, 4, timer0);
    returned(A, RETURN_SUCCESS, 0, 0);
}

static void unknown_command_is_invalid(void)
{
    call(A, 77, timer0);
    returned(A, RETURN_FAILURE, ERR_INVAL, 0);
}

static void query_lends(void)
{
    call(A, COMMAND_QUERY, timer0);
    filter_is_asked(A, timer0, timer0);
    note(NOTE_WINDOW_GRANTED, A, timer0.base, timer0.size);
}

static void window_is_lent_twice(void)
{
    call(A, COMMAND_ALLOCATE, timer0);
    filter_is_asked(A, timer0, timer0);
    note(NOTE_WINDOW_GRANTED, A, timer0.base, timer0.size);
    note(NOTE_WINDOW_GRANTED, A, timer0.base, timer0.size);
}

static void another_window_is_lent(void)
{
    call(A, COMMAND_ALLOCATE, timer0);
    filter_is_asked(A, timer0, timer0);
    note(NOTE_WINDOW_GRANTED, A, both.base, both.size);
}

static void window_goes_by_itself(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    removed(A, timer0);
    user();
}

static void another_gives_it_back(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    call(B, COMMAND_RELEASE, timer0);
    removed(A, timer0);
    user();
}

static void another_window_goes(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    lend(A, timer1, ENDPOINT_TIMER1);
    call(A, COMMAND_RELEASE, timer0);
    removed(A, timer1);
    user();
}

static void refused_one_becomes_the_owner(void)
{
    call(A, COMMAND_ALLOCATE, timer0);
    note(NOTE_ENDPOINT_OWNED, A, ENDPOINT_TIMER0, 1);
}

static void device_goes_with_one_of_two_windows(void)
{
    static const struct span half = {SUPPORT_TIMER0 + 0x800, 0x800};
    hold(A, half, half);
    call(A, COMMAND_RELEASE, half);
    hold(A, (struct span){SUPPORT_TIMER0, 0x800}, (struct span){SUPPORT_TIMER0, 0x800});
    removed(A, half);
    freed(A, ENDPOINT_TIMER0);
}

static void header_is_forgotten(void)
{
    header_asks(timer0, timer1);
    user();
}

static void second_request_is_forgotten(void)
{
    header_asks(timer0, timer1);
    filter_is_asked(A, timer0, timer0);
    granted(A, timer0, ENDPOINT_TIMER0);
    user();
}

static void refused(uint32_t number, struct span asked, enum err err)
{
    call(A, number, asked);
    returned(A, RETURN_FAILURE, (uint32_t)err, 0);
}

static void lendable_device_is_refused(void)
{
    refused(COMMAND_ALLOCATE, timer0, ERR_NOMEM);
}

static void query_of_a_lendable_device_is_refused(void)
{
    refused(COMMAND_QUERY, timer0, ERR_BUSY);
}

static void withheld_device_is_lent(void)
{
    note(NOTE_ENDPOINT_STUCK, PROCESS_NONE, ENDPOINT_TIMER0, 8);
    call(A, COMMAND_QUERY, timer0);
    returned(A, RETURN_SUCCESS_2U32, timer0.base, timer0.size);
}

static void distrusted_dma_is_lent(void)
{
    first_is_dma();
    call(A, COMMAND_QUERY, timer0);
    returned(A, RETURN_SUCCESS_2U32, timer0.base, timer0.size);
}

static void headers_window_is_lent_against_a_reason(void)
{
    filter_says_no();
    header_asks(timer0, timer1);
    note(NOTE_WINDOW_GRANTED, A, timer0.base, timer0.size);
}

static void headers_refusal_has_another_code(void)
{
    header_asks(egu0, (struct span){SUPPORT_TIMER2, 0x1000});
    filter_is_asked(A, egu0, egu0);
    granted(A, egu0, ENDPOINT_EGU0);
    note(NOTE_WINDOW_REFUSED, A, SUPPORT_TIMER2, pair(0x1000, ERR_INVAL));
}

static void filter_is_asked_twice(void)
{
    call(A, COMMAND_QUERY, timer0);
    filter_is_asked(A, timer0, timer0);
    filter_is_asked(A, timer0, timer0);
}

static void filter_is_asked_about_what_is_malformed(void)
{
    call(A, COMMAND_QUERY, (struct span){SUPPORT_TIMER0 + 4, 32});
    note(NOTE_FILTER_ASKED, A, SUPPORT_TIMER0 + 4, 32);
}

static void filter_is_asked_for_another(void)
{
    call(A, COMMAND_QUERY, timer0);
    note(NOTE_FILTER_ASKED, B, timer0.base, timer0.size);
}

static void filter_is_asked_about_a_release(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    call(A, COMMAND_RELEASE, timer0);
    note(NOTE_FILTER_ASKED, A, timer0.base, timer0.size);
}

/* ---- lines: TIMER0's, which A has, and the kernel's own */

enum { LINE_TIMER0 = 8, LINE_RTC1 = 17, COMPARE = 16, EVENT_0 = 0x140, INTENSET = 0x304 };

static void line_on(uint32_t line, bool on)
{
    hw->m->nvic.enabled[0] = (hw->m->nvic.enabled[0] & ~(1u << line)) | (uint32_t)on << line;
}

static void nothing_pends(void)
{
    hw->m->nvic.pending[0] = 0;
}

static void timer0_write(uint32_t offset, uint32_t value)
{
    device_write(machine_device(hw->m, 0), offset, value, machine_now_ps(hw->m));
    machine_serve(hw, 0);
}

static void lent_with_its_line(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    line_on(LINE_TIMER0, true);
}

/* An event comes: the line rises, and is taken. */
static void timer0_calls(void)
{
    lent_with_its_line();
    timer0_write(INTENSET, 1u << COMPARE);
    timer0_write(EVENT_0, 1);
    line_on(LINE_TIMER0, false);
}

static void timer0_is_serviced(uint32_t status)
{
    note(NOTE_LINE_SERVICED, A, LINE_TIMER0, pair(ENDPOINT_TIMER0, status));
    nothing_pends();
}

static void lines_user(void)
{
    monitor_lines.on_user(hw->m, machine_monitor_state(hw->m, MONITOR_lines), B);
}

static void kernels_line_rises(void)
{
    line_on(LINE_RTC1, true);
    support_trace(hw, EVENT_IRQ_RAISED, PROCESS_NONE, LINE_RTC1, 3);
}

static void kernels_line_is_serviced(void)
{
    line_on(LINE_RTC1, false);
    note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_RTC1, 0xffffffff);
}

static void interrupt_is_serviced(void)
{
    timer0_calls();
    timer0_write(INTENSET + 4, UINT32_MAX);
    timer0_is_serviced(1u << COMPARE);
    lines_user();
}

static void interrupt_is_taken_next(void)
{
    timer0_calls();
    line_on(LINE_TIMER0, true);
    lines_user();
    line_on(LINE_TIMER0, false);
    timer0_write(INTENSET + 4, UINT32_MAX);
    timer0_is_serviced(1u << COMPARE);
    lines_user();
}

static void interrupt_goes_with_its_device(void)
{
    timer0_calls();
    removed(A, timer0);
    freed(A, ENDPOINT_TIMER0);
    nothing_pends();
    lines_user();
}

static void kernels_interrupt_is_serviced(void)
{
    kernels_line_rises();
    hw->m->nvic.pending[0] = 1u << LINE_RTC1;
    lines_user(); /* it pends, and is taken next */
    nothing_pends();
    kernels_line_is_serviced();
    lines_user();
}

static void line_rises_while_it_is_off(void)
{
    lent_with_its_line();
    line_on(LINE_RTC1, false);
    support_trace(hw, EVENT_IRQ_RAISED, PROCESS_NONE, LINE_RTC1, 3);
    nothing_pends();
    lines_user();
}

/* It says what it likes. */
static void status_of_a_forced_register(void)
{
    struct device *d = machine_device(hw->m, 0);
    timer0_calls();
    timer0_write(INTENSET + 4, UINT32_MAX);
    d->fault.forced = true;
    timer0_is_serviced(0);
}

static void status_is_lost(void)
{
    timer0_calls();
    timer0_write(INTENSET + 4, UINT32_MAX);
    timer0_is_serviced(0);
}

static void device_is_not_silenced(void)
{
    timer0_calls();
    timer0_is_serviced(1u << COMPARE);
}

static void lent_interrupt_is_passed_over(void)
{
    timer0_calls();
    nothing_pends();
    lines_user();
}

static void kernels_interrupt_is_passed_over(void)
{
    kernels_line_rises();
    nothing_pends();
    support_trace(hw, EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void passed_over_and_masked_for_ever(void)
{
    kernels_line_rises();
    hw->m->nvic.pending[0] = 1u << LINE_RTC1;
    line_on(LINE_RTC1, false);
    lines_user();
}

static void lent_line_stays_off(void)
{
    lend(A, timer0, ENDPOINT_TIMER0);
    lines_user();
}

static void nobodys_line_stays_on(void)
{
    note(NOTE_LINE_UNCLAIMED, PROCESS_NONE, LINE_TIMER0, 0);
    line_on(LINE_TIMER0, true);
    lines_user();
}

static void line_of_nobody_is_on_from_the_start(void)
{
    line_on(LINE_TIMER0, true);
    lines_user();
}

static void line_that_was_given_up_is_on(void)
{
    lent_with_its_line();
    hw->m->nvic.level[0] |= 1u << LINE_TIMER0;
    note(NOTE_ENDPOINT_STUCK, A, ENDPOINT_TIMER0, LINE_TIMER0);
    lines_user();
}

static void lines_handler_does_not_mask_it(void)
{
    timer0_calls();
    line_on(LINE_TIMER0, true);
    timer0_write(INTENSET + 4, UINT32_MAX);
    timer0_is_serviced(1u << COMPARE);
}

static void kernels_lines_handler_does_not_mask_it(void)
{
    kernels_line_rises();
    note(NOTE_LINE_SERVICED, PROCESS_NONE, LINE_RTC1, 0xffffffff);
}

static void kernels_line_is_closed_for_ever(void)
{
    kernels_line_rises();
    kernels_line_is_serviced();
    nothing_pends();
    support_trace(hw, EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

/* A pulse, which no device drives: it was taken, and nobody serves it. */
static void kernels_pulse_closes_its_line(void)
{
    line_on(LINE_RTC1, true);
    lines_user();
    line_on(LINE_RTC1, false);
    support_trace(hw, EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

/* For lines.c alone: app A is ready. */
static void lines_sleep(void)
{
    monitor_lines.on_record(hw->m, machine_monitor_state(hw->m, MONITOR_lines),
                            &(struct record){.kind = EVENT_SLEEP});
}

static void kernels_line_is_nobodys(void)
{
    line_on(LINE_RTC1, false);
    note(NOTE_LINE_UNCLAIMED, PROCESS_NONE, LINE_RTC1, 0);
}

static void kernels_line_is_given_up_as_stuck(void)
{
    kernels_line_rises();
    kernels_line_is_serviced();
    nothing_pends();
    lines_user();
    line_on(LINE_RTC1, false);
    note(NOTE_ENDPOINT_STUCK, PROCESS_NONE, UINT32_MAX, LINE_RTC1);
    lines_sleep();
}

static void kernels_line_is_given_up_unserved(void)
{
    line_on(LINE_RTC1, false);
    note(NOTE_ENDPOINT_STUCK, PROCESS_NONE, UINT32_MAX, LINE_RTC1);
}

/* It rests. */
static void kernels_line_is_closed_while_apps_run(void)
{
    kernels_line_rises();
    kernels_line_is_serviced();
    nothing_pends();
    lines_user();
}

/* ---- TIMER0 is made quiet: its counter is waited for by CC[0] */

static void step_is_written(const struct quiesce_step *step, bool has_effect)
{
    uint32_t count = step->kind == QUIESCE_FILL ? step->count : 1;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t offset = step->offset + 4 * i;
        support_trace(hw, EVENT_KERNEL_WRITE, PROCESS_NONE, SUPPORT_TIMER0 + offset, step->value);
        if (has_effect)
            timer0_write(offset, step->value);
    }
}

/* Up to step `end`; those from `idle` on write nothing into the device. */
static void timer0_steps(uint32_t idle, uint32_t end)
{
    const struct passthrough_endpoint *e = &scenario.config.endpoints[ENDPOINT_TIMER0];

    support_trace(hw, EVENT_KERNEL_WRITE, PROCESS_NONE, SUPPORT_TIMER0 + 0x308, UINT32_MAX);
    for (uint32_t i = 0; i < e->quiesce_count && i < end; i++)
        if (e->quiesce[i].kind == QUIESCE_WRITE || e->quiesce[i].kind == QUIESCE_FILL)
            step_is_written(&e->quiesce[i], i < idle);
}

static void device_is_waited_for(void)
{
    timer0_write(0x540, 77);
    timer0_steps(99, 99);
    note(NOTE_ENDPOINT_QUIET, A, ENDPOINT_TIMER0, 0);
}

static void device_is_not_waited_for(void)
{
    timer0_write(0x540, 77);
    timer0_steps(0, 99);
    note(NOTE_ENDPOINT_QUIET, A, ENDPOINT_TIMER0, 0);
}

static void device_is_waited_for_in_vain(void)
{
    timer0_write(0x540, 77);
    timer0_steps(0, 99);
    machine_device(hw->m, 0)->fault.hung = true; /* for death.c */
    note(NOTE_ENDPOINT_STUCK, A, ENDPOINT_TIMER0, LINE_TIMER0);
    machine_device(hw->m, 0)->fault.hung = false;
    timer0_steps(99, 99);
    note(NOTE_ENDPOINT_QUIET, A, ENDPOINT_TIMER0, 0);
}

static void hung_device_says_nothing(void)
{
    timer0_write(0x540, 77);
    machine_device(hw->m, 0)->fault.hung = true;
    timer0_steps(0, 99);
    note(NOTE_ENDPOINT_QUIET, A, ENDPOINT_TIMER0, 0);
}

#define LINE(name, detail)                                                                         \
    {                                                                                              \
#name, name, RULE_INTERRUPT_OWNER, detail                                                  \
    }
#define GOOD(name)                                                                                 \
    {                                                                                              \
#name, name, RULE_LOAN_ANSWER, DETAIL_NONE                                                 \
    }
#define BAD(name, detail)                                                                          \
    {                                                                                              \
#name, name, RULE_LOAN_ANSWER, detail                                                      \
    }
static const struct {
    const char *name;
    void (*run)(void);
    enum rule rule;
    enum verdict_detail detail; /* of the first break of that rule; DETAIL_NONE: no rule breaks */
} sequences[] = {
    GOOD(loan_and_release),
    GOOD(query_of_what_it_would_get),
    GOOD(second_window_of_a_device),
    GOOD(life_ends_with_its_windows),
    GOOD(header_is_answered),
    GOOD(no_such_command),
    GOOD(stuck_device_is_withheld),
    GOOD(owner_of_a_stuck_line_keeps_its_device),
    BAD(query_tells_another_base, DETAIL_LOAN_VALUE),
    BAD(query_tells_what_was_asked_not_what_is_there, DETAIL_LOAN_VALUE),
    BAD(query_tells_nothing, DETAIL_LOAN_VARIANT),
    BAD(allocate_tells_a_value, DETAIL_LOAN_VARIANT),
    BAD(unknown_command_succeeds, DETAIL_LOAN_COMMAND),
    BAD(unknown_command_is_invalid, DETAIL_LOAN_COMMAND),
    BAD(query_lends, DETAIL_LOAN_GRANTED),
    BAD(window_is_lent_twice, DETAIL_LOAN_GRANTED),
    BAD(another_window_is_lent, DETAIL_LOAN_GRANTED),
    BAD(window_goes_by_itself, DETAIL_LOAN_REMOVED),
    BAD(another_gives_it_back, DETAIL_LOAN_REMOVED),
    BAD(another_window_goes, DETAIL_LOAN_REMOVED),
    BAD(refused_one_becomes_the_owner, DETAIL_LOAN_OWNED),
    BAD(device_goes_with_one_of_two_windows, DETAIL_LOAN_KEPT),
    BAD(header_is_forgotten, DETAIL_LOAN_HEADER),
    BAD(second_request_is_forgotten, DETAIL_LOAN_HEADER),
    {"serviced", interrupt_is_serviced, RULE_INTERRUPT_OWNER, DETAIL_NONE},
    {"forced", status_of_a_forced_register, RULE_INTERRUPT_OWNER, DETAIL_NONE},
    {"taken next", interrupt_is_taken_next, RULE_INTERRUPT_OWNER, DETAIL_NONE},
    {"goes", interrupt_goes_with_its_device, RULE_LOAN_ANSWER, DETAIL_NONE},
    {"kernel's", kernels_interrupt_is_serviced, RULE_INTERRUPT_OWNER, DETAIL_NONE},
    {"off", line_rises_while_it_is_off, RULE_LOAN_ANSWER, DETAIL_NONE},
    LINE(status_is_lost, DETAIL_IRQ_STATUS),
    LINE(device_is_not_silenced, DETAIL_IRQ_LOUD),
    LINE(lines_handler_does_not_mask_it, DETAIL_IRQ_OPEN),
    LINE(kernels_lines_handler_does_not_mask_it, DETAIL_IRQ_OPEN),
    LINE(lent_interrupt_is_passed_over, DETAIL_IRQ_SWALLOWED),
    LINE(kernels_interrupt_is_passed_over, DETAIL_IRQ_SWALLOWED),
    LINE(passed_over_and_masked_for_ever, DETAIL_IRQ_SWALLOWED),
    LINE(lent_line_stays_off, DETAIL_IRQ_OFF),
    LINE(nobodys_line_stays_on, DETAIL_IRQ_ON),
    LINE(line_of_nobody_is_on_from_the_start, DETAIL_IRQ_ON),
    LINE(line_that_was_given_up_is_on, DETAIL_IRQ_ON),
    LINE(kernels_line_is_closed_for_ever, DETAIL_IRQ_CLOSED),
    LINE(kernels_line_is_closed_while_apps_run, DETAIL_NONE),
    LINE(kernels_pulse_closes_its_line, DETAIL_IRQ_CLOSED),
    LINE(kernels_line_is_nobodys, DETAIL_IRQ_UNHEARD),
    LINE(kernels_line_is_given_up_as_stuck, DETAIL_NONE),
    LINE(kernels_line_is_given_up_unserved, DETAIL_IRQ_UNHEARD),
    {"awaited", device_is_waited_for, RULE_DEATH_ORDER, DETAIL_NONE},
    {"in vain", device_is_waited_for_in_vain, RULE_DEATH_ORDER, DETAIL_NONE},
    {"hangs", hung_device_says_nothing, RULE_DEATH_ORDER, DETAIL_NONE},
    {"not awaited", device_is_not_waited_for, RULE_DEATH_ORDER, DETAIL_DEATH_EARLY},
    {"lendable", lendable_device_is_refused, RULE_REFUSAL_REASON, DETAIL_REFUSAL_BASELESS},
    {"query", query_of_a_lendable_device_is_refused, RULE_REFUSAL_REASON, DETAIL_REFUSAL_BASELESS},
    {"withheld", withheld_device_is_lent, RULE_REFUSAL_REASON, DETAIL_REFUSAL_MISSING},
    {"DMA", distrusted_dma_is_lent, RULE_REFUSAL_REASON, DETAIL_REFUSAL_MISSING},
    {"header lent", headers_window_is_lent_against_a_reason, RULE_REFUSAL_REASON,
     DETAIL_REFUSAL_MISSING},
    {"header's code", headers_refusal_has_another_code, RULE_REFUSAL_REASON, DETAIL_REFUSAL_CODE},
    {"twice", filter_is_asked_twice, RULE_FILTER_ASKED, DETAIL_FILTER_AGAIN},
    {"malformed", filter_is_asked_about_what_is_malformed, RULE_FILTER_ASKED,
     DETAIL_FILTER_NEEDLESS},
    {"for another", filter_is_asked_for_another, RULE_FILTER_ASKED, DETAIL_FILTER_NEEDLESS},
    {"release", filter_is_asked_about_a_release, RULE_FILTER_ASKED, DETAIL_FILTER_NEEDLESS},
};

/* Nothing runs in user mode here but for loans: reach and death have nothing to say. */
START_TEST(sequence_breaks_its_rule_or_none)
{
    const struct verdict *kept, *first = NULL;
    char text[VERDICT_TEXT_MAX] = "nothing broke";
    bool wants_break = sequences[_i].detail != DETAIL_NONE;

    sequences[_i].run();
    uint32_t count = machine_verdicts(hw->m, &kept);
    for (uint32_t i = 0; i < count && !first; i++)
        if (!wants_break || kept[i].rule == sequences[_i].rule)
            first = &kept[i];
    if (first)
        verdict_describe(&scenario, first, text, sizeof text);
    ck_assert_msg(first ? first->detail == sequences[_i].detail : !wants_break, "%s: %s",
                  sequences[_i].name, text);
    ck_assert_msg(machine_rule_armed(hw->m, sequences[_i].rule), "%s: not armed",
                  sequences[_i].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loan_monitors");
    TCase *t = tcase_create("loan_monitors");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, request_comes_to_what_the_header_says, 0, COUNT(requests));
    tcase_add_test(t, query_tells_of_the_window_that_is_there);
    tcase_add_loop_test(t, release_is_of_what_was_asked_for, 0, COUNT(releases));
    tcase_add_loop_test(t, regions_are_as_few_as_the_kernel_needs, 0, 5);
    tcase_add_loop_test(t, sequence_breaks_its_rule_or_none, 0, COUNT(sequences));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
