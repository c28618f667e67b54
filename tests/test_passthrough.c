/* test_passthrough.c: the kernel's passthrough against apps, filters and devices that misbehave.
 * PT numbers are the holes of the draft of TRD 107 that each test would find again.
 */
#include "model/boards/filters.h"
#include "model/passthrough_device.h"
#include "tests/support_small_board.h"

#include <check.h>
#include <stdlib.h>

#define hw (&board.hw)
#define k (&board.k)

enum { A, B, DMA_DENIED, DMA_ALLOWED, ROUTER, CLAIMED, ENDPOINTS };
enum { LINE_A = 8, LINE_B = 9, LINE_DMA = 2 };
enum { SHORTS = 0x200, STATE = 0x400, INTENSET = 0x304, CC = 0x540 };

static const struct span window_a = {0x40008000, 0x1000};
static const struct span window_b = {0x40009000, 0x1000};
static const struct span window_ab = {0x40008000, 0x2000};
static const struct span denied = {0x40002000, 0x1000};
static const struct span allowed = {0x40003000, 0x1000};
static const struct span router = {0x4001f000, 0x1000};
static const struct span claimed = {0x4000d000, 0x1000};
static const struct span kernels_own = {0x40011000, 0x1000};
static const struct span flash = {0x00000000, 0x100000};

/* Stopped, waited for, wiped. */
static const struct quiesce_step steps[] = {
    {.kind = QUIESCE_WRITE, .offset = 0x004, .value = 1},
    {.kind = QUIESCE_AWAIT, .offset = STATE, .mask = 0xf, .value = 0, .count = 100},
    {.kind = QUIESCE_FILL, .offset = 0x100, .count = 32, .value = 0},
    {.kind = QUIESCE_FILL, .offset = CC, .count = 4, .value = 0},
};

/* What the filter answers next; `grants` empty: as asked. */
static enum err filter_says;
static struct span filter_grants;
static uint32_t filter_asked;

static enum err filter(const struct device_filter *self, struct filter_subject who,
                       struct span asked, struct span *granted)
{
    (void)self;
    (void)who;
    filter_asked++;
    *granted = filter_grants.size ? filter_grants : asked;
    return filter_says;
}

static void endpoint(uint32_t index, struct span window, int line, bool dma, bool allow)
{
    board.config.endpoints[index] = (struct passthrough_endpoint){
        .windows = {window},
        .window_count = 1,
        .has_line = line >= 0,
        .line = (uint8_t)(line >= 0 ? line : 0),
        .dma = dma,
        .allow_dma = allow,
        .quiesce = steps,
        .quiesce_count = COUNT_OF(steps),
    };
    board_page(window.base, line);
}

static void start(void)
{
    board_start();
    endpoint(A, window_a, LINE_A, false, false);
    endpoint(B, window_b, LINE_B, false, false);
    endpoint(DMA_DENIED, denied, LINE_DMA, true, false);
    endpoint(DMA_ALLOWED, allowed, -1, true, true);
    endpoint(ROUTER, router, -1, false, false);
    endpoint(CLAIMED, claimed, -1, false, false);
    board.config.endpoint_count = ENDPOINTS;
    board.config.claims[0] = kernels_own;
    board.config.claims[1] = claimed;
    board.config.claim_count = 2;
    board.config.forbidden[0] = flash;
    board.config.forbidden_count = 1;
    board.config.filter.function = filter;
    filter_says = ERR_NONE;
    filter_grants = (struct span){0, 0};
    filter_asked = 0;
    board_run();
}

static enum err allocate(uint32_t process, struct span asked)
{
    return passthrough_allocate(k, hw, board_process(process), asked, k->tokens.lend);
}

static enum err release(uint32_t process, struct span asked)
{
    return passthrough_release(k, hw, board_process(process), asked, k->tokens.lend);
}

static void must(enum err err)
{
    if (err)
        ck_abort_msg("refused with %d", (int)err);
}

static bool owns(uint32_t process, uint32_t index)
{
    uint32_t owner = k->passthrough.owners[index].unique;

    return owner != 0 && owner == board_process(process)->id.unique;
}

/* Device A raises event `n`, enabled. */
static void interrupt(struct span window, uint32_t n)
{
    struct page *page = board_page_at(window.base);

    page_set(page, INTENSET, UINT32_C(1) << n);
    page_event(page, n);
}

/* ---- refusals: asked by process 0; PT6 to PT9, PT12 */

/* What is so before: nothing; 0 holds A; 1 holds B; A withheld, or with 1 holding B; 0 dead; no
 * filter; 0 holds the low half of A. */
enum before {
    NOTHING,
    HAS_A,
    OTHER_HAS_B,
    A_WITHHELD,
    A_WITHHELD_B_HELD,
    DEAD,
    NO_FILTER,
    HAS_HALF
};

static const struct {
    const char *why;
    enum before before;
    struct span asked, grants;
    enum err says, expect;
    bool filter_asked;
} refusals[] = {
    {"dead", DEAD, {0x40008000, 0x1000}, {0}, ERR_NONE, ERR_NODEVICE, false},
    {"no filter", NO_FILTER, {0x40008000, 0x1000}, {0}, ERR_NONE, ERR_NODEVICE, false},
    {"empty", NOTHING, {0x40008000, 0}, {0}, ERR_NONE, ERR_SIZE, false},
    {"empty at 0", NOTHING, {0, 0}, {0}, ERR_NONE, ERR_SIZE, false},
    {"wraps", NOTHING, {0xfffff000, 0x2000}, {0}, ERR_NONE, ERR_SIZE, false},
    {"all of memory", NOTHING, {0, 0xffffffff}, {0}, ERR_NONE, ERR_INVAL, false},
    {"base unaligned", NOTHING, {0x40008010, 0x20}, {0}, ERR_NONE, ERR_INVAL, false},
    {"size unaligned", NOTHING, {0x40008000, 0x30}, {0}, ERR_NONE, ERR_INVAL, false},
    {"kernel's device", NOTHING, {0x40011000, 0x1000}, {0}, ERR_NONE, ERR_BUSY, false},
    {"kernel's, lendable", NOTHING, {0x4000d000, 0x1000}, {0}, ERR_NONE, ERR_BUSY, false},
    {"nobody's page", NOTHING, {0x4000a000, 0x1000}, {0}, ERR_NONE, ERR_INVAL, false},
    {"runs past a page", NOTHING, {0x40009000, 0x1020}, {0}, ERR_NONE, ERR_INVAL, false},
    {"starts before", NOTHING, {0x40007fe0, 0x1000}, {0}, ERR_NONE, ERR_INVAL, false},
    {"RAM", NOTHING, {0x20010000, 0x1000}, {0}, ERR_NONE, ERR_INVAL, false},
    {"private bus", NOTHING, {0xe000e000, 0x1000}, {0}, ERR_NONE, ERR_INVAL, false},
    {"has it", HAS_A, {0x40008000, 0x1000}, {0}, ERR_NONE, ERR_ALREADY, false},
    {"has part of it", HAS_HALF, {0x40008000, 0x1000}, {0}, ERR_NONE, ERR_ALREADY, false},
    {"another's", OTHER_HAS_B, {0x40009000, 0x1000}, {0}, ERR_NONE, ERR_BUSY, false},
    {"part of another's", OTHER_HAS_B, {0x40009fe0, 0x20}, {0}, ERR_NONE, ERR_BUSY, false},
    {"one free, one not", OTHER_HAS_B, {0x40008000, 0x2000}, {0}, ERR_NONE, ERR_BUSY, false},
    {"withheld", A_WITHHELD, {0x40008000, 0x1000}, {0}, ERR_NONE, ERR_OFF, false},
    {"one off, one not", A_WITHHELD_B_HELD, {0x40008000, 0x2000}, {0}, ERR_NONE, ERR_BUSY, false},
    {"DMA", NOTHING, {0x40002000, 0x1000}, {0}, ERR_NONE, ERR_RESERVE, false},
    {"DMA in part", NOTHING, {0x40002000, 0x2000}, {0}, ERR_NONE, ERR_RESERVE, false},

    {"filter says no", NOTHING, {0x40008000, 0x1000}, {0}, ERR_NOACK, ERR_NOACK, true},
    {"no code of Tock's", NOTHING, {0x40008000, 0x1000}, {0}, 14, ERR_FAIL, true},
    {"below all codes", NOTHING, {0x40008000, 0x1000}, {0}, -1, ERR_FAIL, true},
    {"granted less", NOTHING, {0x40008000, 0x1000}, {0x40008000, 0x800}, 0, ERR_INVAL, true},
    {"granted elsewhere", NOTHING, {0x40008000, 0x1000}, {0x40000000, 0x2000}, 0, ERR_INVAL, true},
    {"granted behind", NOTHING, {0x40008000, 0x1000}, {0x40008020, 0x1000}, 0, ERR_INVAL, true},
    {"answer wraps", NOTHING, {0x40008000, 0x1000}, {0x40008000, 0xc0000000}, 0, ERR_INVAL, true},
    {"answer to 4 GiB",
     NOTHING,
     {0x40008000, 0x1000},
     {0x40008000, 0xbfff8000},
     0,
     ERR_INVAL,
     true},
    {"answer ragged", NOTHING, {0x40008000, 0x1000}, {0x40008000, 0x1010}, 0, ERR_INVAL, true},
    {"over RAM", NOTHING, {0x40008000, 0x1000}, {0x20000000, 0x20009000}, 0, ERR_INVAL, true},
    {"over flash", NOTHING, {0x40008000, 0x1000}, {0x00000000, 0x40009000}, 0, ERR_INVAL, true},
    {"over the kernel's", NOTHING, {0x40008000, 0x1000}, {0x40008000, 0x10000}, 0, ERR_INVAL, true},
    {"over DMA", NOTHING, {0x40008000, 0x1000}, {0x40002000, 0x7000}, 0, ERR_INVAL, true},
    {"over another's", OTHER_HAS_B, {0x40008000, 0x1000}, {0x40008000, 0x2000}, 0, ERR_BUSY, true},
    {"over the withheld", A_WITHHELD, {0x40009000, 0x1000}, {0x40008000, 0x2000}, 0, ERR_OFF, true},
    {"over its own", HAS_A, {0x40009000, 0x1000}, {0x40008000, 0x2000}, 0, ERR_ALREADY, true},
    {"too ragged", NOTHING, {0x40008020, 0xfc0}, {0x40004020, 0x8fc0}, 0, ERR_NOMEM, true},
};

static void prepare(enum before before)
{
    switch (before) {
    case NOTHING:
        break;
    case HAS_A:
        must(allocate(0, window_a));
        break;
    case OTHER_HAS_B:
        must(allocate(1, window_b));
        break;
    case A_WITHHELD_B_HELD:
        must(allocate(1, window_b));
        k->passthrough.withheld[A] = true;
        break;
    case A_WITHHELD:
        k->passthrough.withheld[A] = true;
        break;
    case DEAD:
        kernel_end_process(k, hw, 0, END_KILL);
        break;
    case NO_FILTER:
        board.config.filter.function = NULL;
        break;
    case HAS_HALF:
        must(allocate(0, (struct span){0x40008000, 0x800}));
        break;
    }
}

START_TEST(refused_app_gets_nothing)
{
    start();
    prepare(refusals[_i].before);
    filter_says = refusals[_i].says;
    filter_grants = refusals[_i].grants;
    filter_asked = 0;
    fake_hw_forget(hw);
    static struct passthrough before;
    static struct mpu_config mpu;
    before = k->passthrough;
    mpu = board_process(0)->mpu;

    enum err err = allocate(0, refusals[_i].asked);

    ck_assert_msg(err == refusals[_i].expect, "%s: got %d, expected %d", refusals[_i].why, (int)err,
                  (int)refusals[_i].expect);
    ck_assert_msg(!memcmp(&before, &k->passthrough, sizeof before), "%s", refusals[_i].why);
    ck_assert_msg(!memcmp(&mpu, &board_process(0)->mpu, sizeof mpu), "%s", refusals[_i].why);
    ck_assert_uint_eq(hw->write_count, 0);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_WINDOW_REFUSED), 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_WINDOW_GRANTED), 0);
    ck_assert_msg(filter_asked == refusals[_i].filter_asked, "%s", refusals[_i].why);
    ck_assert_uint_eq(hw->spent[PATH_PASSTHROUGH_CHECK], 1);
}
END_TEST

START_TEST(query_answers_as_allocate_would)
{
    start();
    prepare(refusals[_i].before);
    filter_says = refusals[_i].says;
    filter_grants = refusals[_i].grants;
    struct span granted = {1, 1};

    enum err err = passthrough_query(k, hw, board_process(0), refusals[_i].asked, &granted);

    bool has_it = refusals[_i].before == HAS_A && span_equal(refusals[_i].asked, window_a);
    ck_assert_int_eq(err, has_it ? ERR_NONE : refusals[_i].expect);
    ck_assert_uint_eq(granted.base, has_it ? window_a.base : 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_WINDOW_REFUSED), 0);
}
END_TEST

/* PT7: an answer that touches nothing wrong but one byte of memory, or of the private bus. */
static const struct {
    const char *why;
    struct span device, answer;
} neighbours[] = {
    {"kernel RAM", {0x1ffff000, 0x1000}, {0x1ffff000, 0x1020}},
    {"process RAM", {0x2000f000, 0x1000}, {0x2000f000, 0x1020}},
    {"an app's flash", {0x00033000, 0x1000}, {0x00032fe0, 0x1020}},
    {"forbidden", {0x00100000, 0x1000}, {0x000fffe0, 0x1020}},
    {"private bus", {0xdffff000, 0x1000}, {0xdffff000, 0x1020}},
    {"private bus from above", {0xe0100000, 0x1000}, {0xe00fffe0, 0x1020}},
};

START_TEST(a_neighbour_that_is_no_device_is_never_lent)
{
    start();
    if (_i == 2)
        board.config.forbidden_count = 0; /* the images' flash alone must do */
    board.config.endpoints[ROUTER].windows[0] = neighbours[_i].device;
    must(allocate(0, neighbours[_i].device));
    must(release(0, neighbours[_i].device));
    filter_grants = neighbours[_i].answer;

    enum err err = allocate(0, neighbours[_i].device);

    ck_assert_msg(err == ERR_INVAL, "%s: got %d", neighbours[_i].why, (int)err);
    ck_assert_uint_eq(board_process(0)->mpu.window_count, 0);
}
END_TEST

/* PT12: each code of the filter reaches the app. */
START_TEST(the_filters_code_reaches_the_app)
{
    start();
    filter_says = (enum err)_i;

    struct syscall_return r = board_command(board_process(0), &passthrough_driver,
                                            PASSTHROUGH_ALLOCATE, window_a.base, window_a.size);

    ck_assert_uint_eq(r.r[0], RETURN_FAILURE);
    ck_assert_uint_eq(r.r[1], (uint32_t)_i);
}
END_TEST

START_TEST(no_row_is_left_is_nomem)
{
    start();
    for (uint32_t i = 0; i < LOAN_MAX; i++)
        k->passthrough.loans[i].owner = (struct process_id){2, 0x7fffffff};

    ck_assert_int_eq(allocate(0, window_a), ERR_NOMEM);
    struct span granted;
    ck_assert_int_eq(passthrough_query(k, hw, board_process(0), window_a, &granted), ERR_NOMEM);
    ck_assert(!owns(0, A));
}
END_TEST

/* ---- lending */

START_TEST(a_lent_device_is_a_window_an_owner_and_a_line)
{
    start();
    board.pending[LINE_A / 32] |= 1u << LINE_A; /* from before */

    must(allocate(0, window_a));

    const struct process *p = board_process(0);
    ck_assert_uint_eq(p->mpu.window_count, 1);
    ck_assert(span_equal(p->mpu.windows[0], window_a));
    ck_assert(p->mpu.dirty);
    ck_assert(owns(0, A));
    ck_assert(board_line_enabled(LINE_A));
    ck_assert(!board_line_pending(LINE_A));
    ck_assert(!board_line_enabled(LINE_B));
    ck_assert_uint_eq(filter_asked, 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_WINDOW_GRANTED), 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ENDPOINT_OWNED), 1);
}
END_TEST

/* The filter is asked before each grant, and the notes say so in order (G1). */
START_TEST(the_filter_is_asked_before_the_grant)
{
    static const enum note order[] = {NOTE_FILTER_ASKED, NOTE_FILTER_ANSWERED, NOTE_WINDOW_GRANTED,
                                      NOTE_ENDPOINT_OWNED};
    start();

    must(allocate(0, window_a));

    ck_assert_uint_eq(hw->note_count, COUNT_OF(order));
    for (uint32_t i = 0; i < COUNT_OF(order); i++)
        ck_assert_int_eq(hw->notes[i].note, order[i]);
}
END_TEST

/* PT11: several devices for one app, each given back alone. */
START_TEST(an_app_holds_several_devices)
{
    start();
    must(allocate(0, window_a));
    must(allocate(0, window_b));
    must(allocate(0, allowed));

    must(release(0, window_a));

    ck_assert(!owns(0, A) && owns(0, B) && owns(0, DMA_ALLOWED));
    ck_assert(!board_line_enabled(LINE_A));
    ck_assert(board_line_enabled(LINE_B));
    ck_assert_uint_eq(board_process(0)->mpu.window_count, 2);
    must(allocate(1, window_a));
    ck_assert(owns(1, A));
}
END_TEST

START_TEST(one_window_over_two_devices_owns_both)
{
    start();
    must(allocate(0, window_ab));

    ck_assert(owns(0, A) && owns(0, B));
    ck_assert_int_eq(allocate(1, window_b), ERR_BUSY);
}
END_TEST

/* A device lent in two halves is free when both have gone; its line stays meanwhile. */
START_TEST(a_shared_endpoint_is_free_after_its_last_loan)
{
    const struct span low = {0x40008000, 0x800}, high = {0x40008800, 0x800};
    start();
    must(allocate(0, low));
    board.pending[LINE_A / 32] |= 1u << LINE_A; /* a pulse */
    must(allocate(0, high));
    ck_assert(board_line_pending(LINE_A)); /* the second loan forgets no interrupt */
    page_set(board_page_at(window_a.base), CC, 7);

    must(release(0, low));
    ck_assert(owns(0, A));
    ck_assert(board_line_enabled(LINE_A));
    ck_assert_uint_eq(page_read(board_page_at(window_a.base), CC), 7);

    must(release(0, high));
    ck_assert(!owns(0, A));
    ck_assert(!board_line_enabled(LINE_A));
    ck_assert_uint_eq(page_read(board_page_at(window_a.base), CC), 0);
}
END_TEST

/* PT10: what a widened answer touches is owned, too: nobody else can have it. */
START_TEST(a_widened_answer_owns_what_it_touches)
{
    start();
    filter_grants = window_ab;
    must(allocate(0, window_a));
    filter_grants = (struct span){0, 0};

    ck_assert(owns(0, A) && owns(0, B));
    ck_assert(span_equal(board_process(0)->mpu.windows[0], window_ab));
    ck_assert_int_eq(allocate(1, window_b), ERR_BUSY);
    ck_assert_int_eq(allocate(0, window_b), ERR_ALREADY);
    ck_assert_int_eq(release(0, window_ab), ERR_NODEVICE); /* as asked, not as granted */
    must(release(0, window_a));
    ck_assert(!owns(0, A) && !owns(0, B));
    ck_assert_uint_eq(board_process(0)->mpu.window_count, 0);
}
END_TEST

/* The draft's board: one endpoint, and a filter that widens to 512 KiB. */
START_TEST(the_drafts_filter_widens_to_512_kib)
{
    const struct span ble = {0x5000c000, 0xd000};
    start();
    board.config.endpoints[A] = (struct passthrough_endpoint){.windows = {ble}, .window_count = 1};
    board.config.filter.function = filter_widen_512k;
    struct span granted;

    must(passthrough_query(k, hw, board_process(0), ble, &granted));
    ck_assert_uint_eq(granted.base, 0x50000000);
    ck_assert_uint_eq(granted.size, 0x80000);
    must(allocate(0, ble));
    ck_assert(owns(0, A));
    ck_assert_int_eq(allocate(0, window_b), ERR_NOSUPPORT);
    must(release(0, ble)); /* no line, no steps: no register of it is touched */
}
END_TEST

/* ---- the capsule; PT5 */

START_TEST(unknown_commands_are_refused)
{
    static const uint32_t numbers[] = {4, 5, 255, 0x80000000, 0xffffffff};
    start();

    for (uint32_t i = 0; i < COUNT_OF(numbers); i++) {
        struct syscall_return r = board_command(board_process(0), &passthrough_driver, numbers[i],
                                                window_a.base, window_a.size);
        ck_assert_uint_eq(r.r[0], RETURN_FAILURE);
        ck_assert_uint_eq(r.r[1], ERR_NOSUPPORT);
    }
}
END_TEST

START_TEST(commands_query_allocate_and_release)
{
    static const struct {
        uint32_t number, variant, value;
    } calls[] = {
        {PASSTHROUGH_EXISTS, RETURN_SUCCESS, 0},
        {PASSTHROUGH_QUERY, RETURN_SUCCESS_2U32, 0x40008000},
        {PASSTHROUGH_RELEASE, RETURN_FAILURE, ERR_NODEVICE},
        {PASSTHROUGH_ALLOCATE, RETURN_SUCCESS, 0},
        {PASSTHROUGH_QUERY, RETURN_SUCCESS_2U32, 0x40008000},
        {PASSTHROUGH_ALLOCATE, RETURN_FAILURE, ERR_ALREADY},
        {PASSTHROUGH_RELEASE, RETURN_SUCCESS, 0},
        {PASSTHROUGH_RELEASE, RETURN_FAILURE, ERR_NODEVICE},
    };
    start();

    for (uint32_t i = 0; i < COUNT_OF(calls); i++) {
        struct syscall_return r = board_command(board_process(0), &passthrough_driver,
                                                calls[i].number, window_a.base, window_a.size);
        ck_assert_msg(r.r[0] == calls[i].variant && r.r[1] == calls[i].value, "call %u: %u %x", i,
                      r.r[0], r.r[1]);
    }
}
END_TEST

static const struct {
    const char *why;
    struct span asked;
    enum err expect;
} releases[] = {
    {"empty", {0x40008000, 0}, ERR_SIZE},
    {"wraps", {0xfffff000, 0x2000}, ERR_SIZE},
    {"unaligned", {0x40008010, 0x20}, ERR_INVAL},
    {"in part", {0x40008000, 0x800}, ERR_NODEVICE},
    {"too much", {0x40008000, 0x2000}, ERR_NODEVICE},
    {"another's", {0x40009000, 0x1000}, ERR_NODEVICE},
};

START_TEST(refused_release_changes_nothing)
{
    start();
    must(allocate(0, window_a));
    must(allocate(1, window_b));
    fake_hw_forget(hw);
    static struct passthrough before;
    before = k->passthrough;

    ck_assert_int_eq(release(0, releases[_i].asked), releases[_i].expect);

    ck_assert(!memcmp(&before, &k->passthrough, sizeof before));
    ck_assert_uint_eq(board_process(0)->mpu.window_count, 1);
    ck_assert_uint_eq(hw->write_count, 0);
}
END_TEST

/* ---- interrupts */

/* PT15: status, base and line to the owner, and to nobody else. */
START_TEST(an_interrupt_goes_to_its_owner_only)
{
    uint32_t args[3];
    start();
    must(allocate(0, window_a));
    must(allocate(1, window_b));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    board_subscribe(board_process(1), &passthrough_driver, 0);
    interrupt(window_a, 3);
    page_event(board_page_at(window_a.base), 5); /* stands, but is not enabled */

    ck_assert(board_settle(10));

    ck_assert(board_upcall(board_process(0), &passthrough_driver, 0, args));
    ck_assert_uint_eq(args[0], 1u << 3);
    ck_assert_uint_eq(args[1], window_a.base);
    ck_assert_uint_eq(args[2], LINE_A);
    ck_assert(!board_upcall(board_process(0), &passthrough_driver, 0, args));
    ck_assert(!board_upcall(board_process(1), &passthrough_driver, 0, args));
    ck_assert_uint_eq(board_page_at(window_a.base)->inten, 0);                    /* silenced */
    ck_assert_uint_eq(page_read(board_page_at(window_a.base), 0x100 + 4 * 3), 1); /* left to it */
}
END_TEST

/* ---- one interrupt of each device between two steps of its owner (G7) */

/* Until process 0 is in user mode, alone. */
static struct kernel_action owner_runs(void)
{
    kernel_stop_process(k, 1, true);
    kernel_stop_process(k, 2, true);
    for (uint32_t i = 0; i < 20; i++) {
        struct kernel_action action = kernel_next(k, hw);
        if (action.kind == ACTION_RUN)
            return action;
    }
    ck_abort_msg("the owner does not run");
}

static void owner_calls(struct syscall call)
{
    owner_runs();
    kernel_trap(k, hw, &(struct trap){.kind = TRAP_SYSCALL, .call = call});
}

static void owner_is_interrupted(void)
{
    owner_runs();
    kernel_trap(k, hw, &(struct trap){.kind = TRAP_RESCHEDULE});
}

static bool is_held(uint32_t line)
{
    return (k->line_held[line / 32] >> (line % 32) & 1) && !board_line_enabled(line) &&
           !board_line_off(line);
}

static uint32_t services(void)
{
    return fake_hw_noted(hw, NOTE_LINE_SERVICED);
}

static const struct syscall nothing = {SYSCALL_COMMAND, {PASSTHROUGH_DRIVER_DEFAULT, 0}};
static const struct syscall look = {SYSCALL_YIELD, {YIELD_NO_WAIT}};
static const struct syscall wait = {SYSCALL_YIELD, {YIELD_WAIT}};
static const struct syscall wait_for = {SYSCALL_YIELD,
                                        {YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0}};

/* Each way in which the upcall stops waiting. */
static const struct {
    const char *how;
    struct syscall call;
} takes[] = {
    {"yield-no-wait", {SYSCALL_YIELD, {YIELD_NO_WAIT}}},
    {"yield-wait", {SYSCALL_YIELD, {YIELD_WAIT}}},
    {"yield-wait-for", {SYSCALL_YIELD, {YIELD_WAIT_FOR, PASSTHROUGH_DRIVER_DEFAULT, 0}}},
    {"a new upcall",
     {SYSCALL_SUBSCRIBE, {PASSTHROUGH_DRIVER_DEFAULT, 0, APP_FLASH + UPCALL_FUNCTION, 7}}},
    {"a null upcall", {SYSCALL_SUBSCRIBE, {PASSTHROUGH_DRIVER_DEFAULT, 0, 0, 0}}},
};

START_TEST(a_line_stays_masked_until_its_upcall_is_taken)
{
    uint32_t args[3];
    start();
    must(allocate(0, window_a));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    for (uint32_t i = 0; i < 30; i++) { /* a device that never rests, an app that never yields */
        interrupt(window_a, 4);
        ck_assert(board_settle(1));
        owner_calls(nothing);
    }
    ck_assert(is_held(LINE_A) && board_line_pending(LINE_A));
    ck_assert_uint_eq(services(), 1);
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 1);

    owner_calls(takes[_i].call);
    owner_is_interrupted();
    ck_assert(board_settle(10));

    ck_assert_msg(services() == 2, "%s: %u services", takes[_i].how, services());
    ck_assert(board_upcall(board_process(0), &passthrough_driver, 0, args));
    ck_assert_uint_eq(args[0], 1u << 4);
    ck_assert(!board_upcall(board_process(0), &passthrough_driver, 0, args));
    ck_assert(is_held(LINE_A) && !board_line_pending(LINE_A));
    owner_calls(nothing);
    ck_assert(!is_held(LINE_A) && board_line_enabled(LINE_A));
    ck_assert_uint_eq(board_process(0)->dropped_upcalls, 0);
}
END_TEST

/* A pulse leaves nothing in the device: the controller alone remembers it. */
START_TEST(a_pulse_on_a_held_line_is_not_lost)
{
    uint32_t args[3];
    start();
    must(allocate(0, window_a));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    board.pending[LINE_A / 32] |= UINT32_C(1) << LINE_A;

    owner_calls(look);
    ck_assert(board_settle(10));

    ck_assert_uint_eq(services(), 2);
    ck_assert(board_upcall(board_process(0), &passthrough_driver, 0, args));
    ck_assert_uint_eq(args[0], 0); /* no event stands */
}
END_TEST

/* One device's upcall that waits does not keep another's from being heard. */
START_TEST(each_device_is_held_by_its_own_upcall)
{
    start();
    must(allocate(0, window_a));
    must(allocate(0, window_b));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    ck_assert(is_held(LINE_A) && board_line_enabled(LINE_B));
    interrupt(window_b, 3);
    ck_assert(board_settle(10));
    ck_assert(is_held(LINE_A) && is_held(LINE_B));

    owner_calls(look);

    ck_assert(board_line_enabled(LINE_A) && is_held(LINE_B));
}
END_TEST

static void fill_queue(void)
{
    const uint32_t args[3] = {0};

    board_subscribe(board_process(0), &alarm_driver, 0);
    for (uint32_t i = 0; i < UPCALL_MAX; i++)
        must(upcall_queue(k, hw, board_process(0)->id, &alarm_driver, 0, args));
}

/* PT3: dropped and counted once; the next is heard when there is room. */
START_TEST(a_full_queue_is_no_panic)
{
    start();
    must(allocate(0, window_a));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    fill_queue();
    for (uint32_t i = 0; i < 25; i++) {
        interrupt(window_a, 3);
        ck_assert(board_settle(10));
        owner_calls(nothing);
    }
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), UPCALL_MAX);
    ck_assert_uint_eq(board_process(0)->dropped_upcalls, 1);
    ck_assert(is_held(LINE_A) && board_line_pending(LINE_A));

    owner_calls(look);
    ck_assert(!is_held(LINE_A));
    ck_assert(board_settle(10));

    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), UPCALL_MAX);
    ck_assert_uint_eq(board_process(0)->dropped_upcalls, 1);
    ck_assert_uint_eq(services(), 2);
}
END_TEST

/* The slot of yield-wait-for is room enough, whatever the queue holds. */
START_TEST(who_waits_for_it_hears_it_behind_a_full_queue)
{
    start();
    must(allocate(0, window_a));
    fill_queue();
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    interrupt(window_a, 4);
    ck_assert(is_held(LINE_A));

    owner_calls(wait_for);
    struct kernel_action action = owner_runs();

    ck_assert_uint_eq(action.resume.kind, RESUME_RETURN);
    ck_assert_uint_eq(action.resume.r[0], 1u << 4);
    ck_assert(is_held(LINE_A)); /* the queue is as full as before */
}
END_TEST

/* A null upcall under yield-wait: one interrupt, no more until the owner does something else. */
START_TEST(an_owner_that_ignores_its_device_is_interrupted_once)
{
    const uint32_t args[3] = {0};
    start();
    must(allocate(0, window_a));
    board_subscribe(board_process(0), &alarm_driver, 0);
    owner_calls(wait);
    for (uint32_t i = 0; i < 25; i++) {
        interrupt(window_a, i % 5);
        ck_assert(board_settle(10));
    }
    ck_assert_uint_eq(services(), 1);
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 0);
    ck_assert(is_held(LINE_A) && board_line_pending(LINE_A));

    must(upcall_queue(k, hw, board_process(0)->id, &alarm_driver, 0, args));
    owner_is_interrupted();
    ck_assert(board_settle(10));

    ck_assert_uint_eq(services(), 2);
    ck_assert(is_held(LINE_A)); /* its event is kept for a yield-wait-for */
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 1);
}
END_TEST

/* A bare event that yield-wait passes over holds the line no longer than the owner ignores it. */
START_TEST(a_bare_event_that_is_forgotten_does_not_hold_for_ever)
{
    start();
    must(allocate(0, window_a));
    owner_calls(nothing);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    owner_calls(wait);
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 0);
    ck_assert(is_held(LINE_A));
    kernel_end_process(k, hw, 0, END_EXIT_RESTART);
    must(allocate(0, window_a));
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    owner_calls(look);
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 0);
    ck_assert(!is_held(LINE_A) && board_line_enabled(LINE_A));
}
END_TEST

/* Death, return: nothing of the held line is left for the next owner. */
START_TEST(a_held_line_ends_with_its_loan)
{
    start();
    must(allocate(0, window_a));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    interrupt(window_a, 4);
    ck_assert(is_held(LINE_A) && board_line_pending(LINE_A));

    if (_i)
        kernel_end_process(k, hw, 0, END_KILL);
    else
        must(release(0, window_a));
    ck_assert(!is_held(LINE_A) && !board_line_enabled(LINE_A) && !board_line_pending(LINE_A));

    must(allocate(1, window_a));
    board_subscribe(board_process(1), &passthrough_driver, 0);
    page_set(board_page_at(window_a.base), 0x100 + 4 * 3, 0);
    page_set(board_page_at(window_a.base), 0x100 + 4 * 4, 0);
    ck_assert(board_line_enabled(LINE_A));
    interrupt(window_a, 5);
    ck_assert(board_settle(10));
    ck_assert_uint_eq(upcall_waiting(hw, board_process(1)), 1);
    ck_assert_uint_eq(services(), 2);
}
END_TEST

/* PT4: the owner never subscribed: no grant. */
START_TEST(an_owner_without_a_grant_is_no_panic)
{
    start();
    must(allocate(0, window_a));
    interrupt(window_a, 3);

    ck_assert(board_settle(10));

    ck_assert_uint_eq(board_page_at(window_a.base)->inten, 0);
    ck_assert(is_held(LINE_A));
}
END_TEST

/* PT2, PT16: a device of nobody is masked, once, and is in reset for its next owner. */
START_TEST(nobodys_interrupt_is_masked_for_good)
{
    start();
    interrupt(window_a, 3);
    page_set(board_page_at(window_a.base), CC, 7);

    ck_assert(board_settle(10));
    ck_assert(board_line_off(LINE_A) && !board_line_enabled(LINE_A));
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_LINE_UNCLAIMED), 1);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_LINE_UNCLAIMED), 1);

    page_set(board_page_at(window_a.base), 0x308, 0xffffffff);
    must(allocate(0, window_a));
    ck_assert_uint_eq(page_read(board_page_at(window_a.base), CC), 0);
    ck_assert(!board_line_off(LINE_A) && board_line_enabled(LINE_A));
}
END_TEST

START_TEST(an_interrupt_after_its_owners_death_is_nobodys)
{
    start();
    must(allocate(0, window_a));
    kernel_end_process(k, hw, 0, END_KILL);
    interrupt(window_a, 3);

    ck_assert(board_settle(10));

    ck_assert(board_line_off(LINE_A) && !board_line_enabled(LINE_A));
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_LINE_UNCLAIMED), 1);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_UPCALL_QUEUED), 0);
}
END_TEST

START_TEST(a_line_that_is_no_endpoints_is_not_ours)
{
    start();
    ck_assert(!passthrough_interrupt(k, hw, 40));
    ck_assert(!passthrough_interrupt(k, hw, 0xffffffff));
    ck_assert_uint_eq(hw->write_count, 0);
}
END_TEST

/* PT17: the line stays high whatever is written: off, and the kernel runs on. It comes back only
 * with a new loan. */
START_TEST(a_stuck_line_stops_nobody_else)
{
    start();
    must(allocate(0, window_a));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    board_page_at(window_a.base)->line_stuck = true;
    interrupt(window_a, 3);

    ck_assert(board_settle(10));
    ck_assert(board_line_off(LINE_A) && !board_line_enabled(LINE_A));
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ENDPOINT_STUCK), 1);
    ck_assert(owns(0, A));
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 1);

    board_page_at(window_a.base)->line_stuck = false;
    must(release(0, window_a));
    must(allocate(0, window_a));
    ck_assert(!board_line_off(LINE_A) && board_line_enabled(LINE_A));
}
END_TEST

START_TEST(a_line_high_in_death_withholds_the_device)
{
    start();
    must(allocate(0, window_a));
    board_page_at(window_a.base)->line_stuck = true;

    kernel_end_process(k, hw, 0, END_FAULT);

    ck_assert(k->passthrough.withheld[A]);
    ck_assert(!board_line_enabled(LINE_A) && board_line_off(LINE_A));
    ck_assert_int_eq(allocate(1, window_a), ERR_OFF);
    ck_assert(board_settle(10));
}
END_TEST

/* ---- death and return */

/* PT1: after each kind of end the restarted app, and any other, can have the device. */
START_TEST(a_dead_owner_frees_its_devices)
{
    static const enum end_kind ends[] = {END_EXIT_TERMINATE, END_EXIT_RESTART, END_FAULT, END_KILL};
    start();
    must(allocate(0, window_a));
    must(allocate(0, allowed));

    kernel_end_process(k, hw, 0, ends[_i]);

    ck_assert_uint_eq(k->passthrough.owners[A].unique, 0);
    ck_assert_uint_eq(k->passthrough.owners[DMA_ALLOWED].unique, 0);
    ck_assert_uint_eq(board_process(0)->mpu.window_count, 0);
    bool lives = ends[_i] == END_EXIT_RESTART || ends[_i] == END_FAULT;
    must(allocate(lives ? 0 : 1, window_a));
}
END_TEST

/* Marks of the order of death, as they show in writes and notes. */
static const char *mark_of(const struct board_event *e)
{
    if (!e->is_note) {
        if (e->a == 0xe000e180 || e->a == 0xe000e280)
            return e->a == 0xe000e180 ? "mask " : "clear ";
        if (e->a == window_a.base + 0x308 || e->a == router.base + 0x308)
            return "silence ";
        if (e->a == window_a.base + 0x4 || e->a == router.base + 0x4)
            return "stop ";
        return "";
    }
    switch (e->a) {
    case NOTE_WINDOW_REMOVED:
        return "REMOVED ";
    case NOTE_ENDPOINT_MASKED:
        return "MASKED ";
    case NOTE_ENDPOINT_QUIET:
        return "QUIET ";
    case NOTE_ENDPOINT_STUCK:
        return "STUCK ";
    case NOTE_UPCALL_CANCELLED:
        return "CANCELLED ";
    case NOTE_ENDPOINT_FREED:
        return "FREED ";
    default:
        return "";
    }
}

static const char *marks(void)
{
    static char text[1024];
    static struct board_event log[BOARD_LOG_MAX];
    uint32_t count = board_log(log, BOARD_LOG_MAX);
    size_t used = 0;

    for (uint32_t i = 0; i < count; i++) {
        const char *mark = mark_of(&log[i]);
        for (; *mark && used + 1 < sizeof text; mark++)
            text[used++] = *mark;
    }
    text[used] = 0;
    return text;
}

/* PT13, PT14. Window A with a queued upcall, and the router, which has no line. */
START_TEST(death_keeps_its_order)
{
    start();
    must(allocate(0, window_a));
    must(allocate(0, router));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    interrupt(window_a, 4); /* high while it dies */
    k->mpu.configured_for = board_process(0)->id.unique;
    fake_hw_forget(hw);

    passthrough_process_end(k, hw, board_process(0));

    ck_assert_str_eq(marks(), "REMOVED REMOVED mask clear MASKED MASKED "
                              "silence stop clear QUIET stop QUIET CANCELLED FREED FREED ");
    ck_assert_uint_eq(k->mpu.configured_for, 0);
    ck_assert(!board_line_pending(LINE_A));
    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 0);
    ck_assert_uint_eq(board_process(0)->mpu.window_count, 0);
}
END_TEST

START_TEST(release_keeps_the_order_too)
{
    start();
    must(allocate(0, window_a));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    interrupt(window_a, 3);
    ck_assert(board_settle(10));
    fake_hw_forget(hw);

    must(release(0, window_a));

    ck_assert_str_eq(marks(),
                     "REMOVED mask clear MASKED silence stop clear QUIET CANCELLED FREED ");
}
END_TEST

/* Whatever stands in the device when it is taken back, the next owner finds none of it (G6). */
START_TEST(the_next_owner_finds_the_device_in_reset)
{
    struct page *page;
    start();
    must(allocate(0, window_a));
    page = board_page_at(window_a.base);
    for (uint32_t n = 0; n < 32; n++)
        page_set(page, 0x100 + 4 * n, 1);
    for (uint32_t n = 0; n < 4; n++)
        page_set(page, CC + 4 * n, 0x5ec2e7);
    page_set(page, INTENSET, 0xffffffff);

    kernel_end_process(k, hw, 0, END_KILL);
    must(allocate(1, window_a));

    ck_assert_uint_eq(page->inten, 0);
    for (uint32_t n = 0; n < 32; n++)
        ck_assert_uint_eq(page_read(page, 0x100 + 4 * n), 0);
    for (uint32_t n = 0; n < 4; n++)
        ck_assert_uint_eq(page_read(page, CC + 4 * n), 0);
}
END_TEST

/* The await runs out; the other steps are done all the same. */
START_TEST(a_device_that_will_not_be_quiet_is_withheld)
{
    start();
    must(allocate(0, window_a));
    must(allocate(0, window_b));
    page_set(board_page_at(window_a.base), STATE, 3);
    page_set(board_page_at(window_a.base), CC, 7);

    kernel_end_process(k, hw, 0, END_FAULT);

    ck_assert(k->passthrough.withheld[A] && !k->passthrough.withheld[B]);
    ck_assert_uint_eq(page_read(board_page_at(window_a.base), CC), 0);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_ENDPOINT_STUCK), 1);
    ck_assert_int_eq(allocate(0, window_a), ERR_OFF);
    ck_assert_int_eq(allocate(1, window_a), ERR_OFF);
    must(allocate(1, window_b));
}
END_TEST

START_TEST(a_returned_device_takes_only_its_own_upcalls)
{
    uint32_t args[3];
    start();
    must(allocate(0, window_a));
    must(allocate(0, window_b));
    board_subscribe(board_process(0), &passthrough_driver, 0);
    for (uint32_t i = 0; i < 3; i++) {
        interrupt(i == 1 ? window_b : window_a, i);
        ck_assert(board_settle(10));
    }

    must(release(0, window_a));

    ck_assert_uint_eq(upcall_waiting(hw, board_process(0)), 1);
    ck_assert(board_upcall(board_process(0), &passthrough_driver, 0, args));
    ck_assert_uint_eq(args[1], window_b.base);
}
END_TEST

/* PT13: a window that was taken back is not in the hardware when the app next runs. */
START_TEST(a_returned_window_is_written_out_of_the_mpu)
{
    start();
    must(allocate(0, window_a));
    struct kernel_action action = kernel_next(k, hw);
    ck_assert_int_eq(action.kind, ACTION_RUN);
    ck_assert_uint_eq(action.process, 0);
    kernel_trap(k, hw, &(struct trap){.kind = TRAP_RESCHEDULE});
    must(release(0, window_a));
    uint32_t written = fake_hw_noted(hw, NOTE_MPU_WRITTEN);

    action = kernel_next(k, hw);

    ck_assert_int_eq(action.kind, ACTION_RUN);
    ck_assert_uint_eq(fake_hw_noted(hw, NOTE_MPU_WRITTEN), written + 1);
}
END_TEST

/* A request in the app's header is granted at load, through the same filter. */
START_TEST(a_request_in_the_header_is_granted_at_load)
{
    start();
    board.images[1].request_count = 2;
    board.images[1].requests[0] = window_b;
    board.images[1].requests[1] = kernels_own;
    kernel_end_process(k, hw, 1, END_KILL);
    filter_asked = 0;

    kernel_end_process(k, hw, 1, END_EXIT_RESTART);

    ck_assert(owns(1, B));
    ck_assert(process_is_alive(board_process(1)));
    ck_assert_uint_eq(filter_asked, 1);
}
END_TEST

/* ---- whatever comes: random filters, apps, devices and deaths */

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

static uint32_t draw_address(void)
{
    static const uint32_t bases[] = {0x40008000, 0x40009000, 0x40002000, 0x40003000, 0x4001f000,
                                     0x4000d000, 0x40011000, 0x20000000, 0x20010000, 0x00000000,
                                     0xe000e000, 0xfffff000, 0x40000000, 0x50000000};
    uint32_t base = bases[draw(COUNT_OF(bases))];

    return base + 32 * draw(4) * draw(64) + (draw(8) == 0 ? draw(64) : 0);
}

static struct span draw_span(void)
{
    static const uint32_t sizes[] = {0x1000, 0x800, 0x400, 0x20, 0x2000, 0x10000, 0, 0xffffffe0};

    return (struct span){draw_address(), sizes[draw(COUNT_OF(sizes))]};
}

static struct span draw_request(void)
{
    static const struct span *usual[] = {&window_a, &window_b, &window_ab,
                                         &allowed,  &router,   &denied};

    return draw(3) ? *usual[draw(COUNT_OF(usual))] : draw_span();
}

static void draw_filter(void)
{
    filter_says = draw(4) ? ERR_NONE : (enum err)(draw(40) - 10);
    filter_grants = draw(2) ? (struct span){0, 0} : draw_span();
}

static void draw_operation(void)
{
    uint32_t process = draw(BOARD_PROCESSES);
    struct span span = draw_request();
    enum err err = ERR_NONE;
    uint32_t args[3];

    draw_filter();
    switch (draw(9)) {
    case 0:
        err = release(process, span);
        break;
    case 1:
        if (draw(8) == 0)
            kernel_end_process(k, hw, process, (enum end_kind)draw(4));
        break;
    case 2:
        interrupt(draw(2) ? window_a : window_b, draw(32));
        break;
    case 3:
        board_page_at(window_b.base)->line_stuck = draw(4) == 0;
        kernel_end_process(k, hw, process, END_EXIT_RESTART);
        break;
    case 4:
        (void)board_upcall(board_process(process), &passthrough_driver, 0, args);
        passthrough_upcalls_taken(k, hw, board_process(process));
        break;
    default:
        err = allocate(process, span);
        break;
    }
    (void)err;
}

/* G2 and G3 for one window. */
static void window_is_fit(const struct process *p, struct span window)
{
    ck_assert(span_valid(window));
    ck_assert(!span_meets(window, board.config.process_ram));
    ck_assert(!span_meets(window, board.config.kernel_ram));
    ck_assert(!span_meets(window, (struct span){0xe0000000, 0x100000}));
    ck_assert(!span_meets(window, flash));
    ck_assert(!span_meets(window, claimed) && !span_meets(window, kernels_own));
    ck_assert(!span_meets(window, denied));
    for (uint32_t e = 0; e < ENDPOINTS; e++)
        if (span_meets(window, board.config.endpoints[e].windows[0]))
            ck_assert_uint_eq(k->passthrough.owners[e].unique, p->id.unique);
}

/* Each owner lives and has a window on what it owns; each loan is a window. */
static void books_agree(void)
{
    uint32_t windows = 0, loans = 0;

    for (uint32_t i = 0; i < BOARD_PROCESSES; i++) {
        const struct process *p = board_process(i);
        windows += p->mpu.window_count;
        for (uint32_t w = 0; w < p->mpu.window_count; w++)
            window_is_fit(p, p->mpu.windows[w]);
    }
    for (uint32_t i = 0; i < LOAN_MAX; i++)
        loans += k->passthrough.loans[i].owner.unique != 0;
    ck_assert_uint_eq(windows, loans);
    for (uint32_t e = 0; e < ENDPOINTS; e++) {
        struct process_id owner = k->passthrough.owners[e];
        bool touched = false;
        for (uint32_t i = 0; i < LOAN_MAX; i++)
            touched |=
                k->passthrough.loans[i].owner.unique == owner.unique &&
                span_meets(k->passthrough.loans[i].granted, board.config.endpoints[e].windows[0]);
        ck_assert(owner.unique == 0 || (touched && kernel_process(k, owner)));
    }
    for (uint32_t line = 0; line < BOARD_LINES; line++) /* G7: a held line is masked, and owned */
        if (k->line_held[line / 32] >> (line % 32) & 1)
            ck_assert(!board_line_enabled(line) &&
                      k->passthrough.owners[line == LINE_A ? A : B].unique != 0);
}

START_TEST(nothing_that_comes_breaks_the_guarantees)
{
    uint32_t granted = 0;
    seed = (uint64_t)_i + 1;
    start();

    for (uint32_t i = 0; i < 2500; i++) {
        draw_operation();
        ck_assert(board_settle(20));
        books_agree();
        granted += fake_hw_noted(hw, NOTE_WINDOW_GRANTED);
        fake_hw_forget(hw);
    }
    ck_assert_uint_gt(granted, 60); /* or nothing was tried */
}
END_TEST

/* ---- filters */

START_TEST(a_table_filter_takes_the_first_row_that_fits)
{
    static const struct filter_row rows[] = {
        {.short_id = 7, .asked = {0x40008000, 0x1000}, .refusal = ERR_OFF},
        {.short_id = 0, .asked = {0x40008000, 0x1000}},
        {.short_id = 0, .asked = {0x40000000, 0x80000}, .answer = {0x40000000, 0x80000}},
        {.short_id = 0, .asked = {0x60000000, 0x1000}, .answer = {0x60000000, 0}},
        {.short_id = 0, .asked = {0x70000000, 0x1000}, .answer = {0, 0x20}},
    };
    static const struct {
        uint32_t short_id;
        struct span asked, granted;
        enum err expect;
    } questions[] = {
        {7, {0x40008000, 0x20}, {0, 0}, ERR_OFF},
        {8, {0x40008000, 0x20}, {0x40008000, 0x20}, ERR_NONE},
        {7, {0x40009000, 0x20}, {0x40000000, 0x80000}, ERR_NONE},
        {7, {0x40007fe0, 0x40}, {0x40000000, 0x80000}, ERR_NONE}, /* the first covers half of it */
        {7, {0x50000000, 0x20}, {0, 0}, ERR_RESERVE},
        {7, {0x60000000, 0x20}, {0x60000000, 0}, ERR_NONE}, /* wrong, and told as it is */
        {7, {0x70000000, 0x20}, {0, 0x20}, ERR_NONE},
    };
    const struct device_filter table = {filter_by_table, rows, COUNT_OF(rows)};

    for (uint32_t i = 0; i < COUNT_OF(questions); i++) {
        struct span granted = {0, 0};
        enum err err = table.function(&table, (struct filter_subject){questions[i].short_id, 0},
                                      questions[i].asked, &granted);
        ck_assert_int_eq(err, questions[i].expect);
        ck_assert(span_equal(granted, questions[i].granted));
    }
}
END_TEST

START_TEST(an_unknown_step_is_a_device_that_is_not_quiet)
{
    static const struct quiesce_step unknown[] = {{.kind = 9}};
    start();
    board.config.endpoints[ROUTER].quiesce = unknown;
    board.config.endpoints[ROUTER].quiesce_count = 1;

    ck_assert_int_eq(passthrough_device_quiesce(&board.config.endpoints[ROUTER], hw), ERR_FAIL);
}
END_TEST

static Suite *passthrough_suite(void)
{
    Suite *s = suite_create("passthrough");
    TCase *t = tcase_create("requests");

    tcase_add_loop_test(t, refused_app_gets_nothing, 0, COUNT_OF(refusals));
    tcase_add_loop_test(t, query_answers_as_allocate_would, 0, COUNT_OF(refusals));
    tcase_add_loop_test(t, a_neighbour_that_is_no_device_is_never_lent, 0, COUNT_OF(neighbours));
    tcase_add_loop_test(t, the_filters_code_reaches_the_app, 1, ERR_NOACK + 1);
    tcase_add_test(t, no_row_is_left_is_nomem);
    tcase_add_test(t, a_table_filter_takes_the_first_row_that_fits);
    suite_add_tcase(s, t);

    t = tcase_create("loans");
    tcase_add_test(t, a_lent_device_is_a_window_an_owner_and_a_line);
    tcase_add_test(t, the_filter_is_asked_before_the_grant);
    tcase_add_test(t, an_app_holds_several_devices);
    tcase_add_test(t, one_window_over_two_devices_owns_both);
    tcase_add_test(t, a_shared_endpoint_is_free_after_its_last_loan);
    tcase_add_test(t, a_widened_answer_owns_what_it_touches);
    tcase_add_test(t, the_drafts_filter_widens_to_512_kib);
    tcase_add_test(t, a_request_in_the_header_is_granted_at_load);
    tcase_add_test(t, unknown_commands_are_refused);
    tcase_add_test(t, commands_query_allocate_and_release);
    tcase_add_loop_test(t, refused_release_changes_nothing, 0, COUNT_OF(releases));
    suite_add_tcase(s, t);

    t = tcase_create("interrupts");
    tcase_add_test(t, an_interrupt_goes_to_its_owner_only);
    tcase_add_loop_test(t, a_line_stays_masked_until_its_upcall_is_taken, 0, COUNT_OF(takes));
    tcase_add_test(t, a_pulse_on_a_held_line_is_not_lost);
    tcase_add_test(t, each_device_is_held_by_its_own_upcall);
    tcase_add_test(t, a_full_queue_is_no_panic);
    tcase_add_test(t, who_waits_for_it_hears_it_behind_a_full_queue);
    tcase_add_test(t, an_owner_that_ignores_its_device_is_interrupted_once);
    tcase_add_test(t, a_bare_event_that_is_forgotten_does_not_hold_for_ever);
    tcase_add_loop_test(t, a_held_line_ends_with_its_loan, 0, 2);
    tcase_add_test(t, an_owner_without_a_grant_is_no_panic);
    tcase_add_test(t, nobodys_interrupt_is_masked_for_good);
    tcase_add_test(t, an_interrupt_after_its_owners_death_is_nobodys);
    tcase_add_test(t, a_line_that_is_no_endpoints_is_not_ours);
    tcase_add_test(t, a_stuck_line_stops_nobody_else);
    tcase_add_test(t, a_line_high_in_death_withholds_the_device);
    suite_add_tcase(s, t);

    t = tcase_create("death");
    tcase_add_loop_test(t, a_dead_owner_frees_its_devices, 0, 4);
    tcase_add_test(t, death_keeps_its_order);
    tcase_add_test(t, release_keeps_the_order_too);
    tcase_add_test(t, the_next_owner_finds_the_device_in_reset);
    tcase_add_test(t, a_device_that_will_not_be_quiet_is_withheld);
    tcase_add_test(t, a_returned_device_takes_only_its_own_upcalls);
    tcase_add_test(t, a_returned_window_is_written_out_of_the_mpu);
    tcase_add_test(t, an_unknown_step_is_a_device_that_is_not_quiet);
    tcase_add_loop_test(t, nothing_that_comes_breaks_the_guarantees, 0, 8);
    suite_add_tcase(s, t);
    return s;
}

int main(void)
{
    SRunner *runner = srunner_create(passthrough_suite());

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
