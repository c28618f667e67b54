/* answers: call-answer.
 *
 * Keeps of each app what it has handed over by allow, from its own calls and the answers that it
 * got (subscriptions are upcall.c's), and judges each answer as it reaches the app, all from TRD
 * 104 and the app's own header:
 *
 *   any class      the variant is one of this class's (3.2); an error is one of 3.3
 *   none of 0 .. 7 Failure(NOSUPPORT) (4; a userspace-readable allow has number 7)
 *   yield-no-wait  the byte was written if it is in the app's memory: 1 if an upcall begins, else 0
 *                  (4.1.1); whatever else stands in the registers is nobody's promise
 *   yield-wait-for an event of that very driver and number was delivered (4.1.3)
 *   subscribe      130 with what was subscribed before, (0, 0) at first; else 2 with what was
 *                  passed (4.2). A function outside the app's flash: INVAL, whatever the driver
 *   command        one of the variants of 3.2; no such driver, or not permitted: 0 with NODEVICE;
 *                  command 0 of one that is there: 128 (4.3, 4.3.1); and its others never say
 *                  NODEVICE (3.2)
 *   allow          130 with what was allowed before, (0, 0) at first; else 2 with what was passed.
 *                  It may be granted only if it is empty or all in the app's memory, or for
 *                  reading in its flash (4.4, 4.5)
 *   memop          by the app's own layout (4.6); NOMEM for a break, FAIL for a region, else
 *                  NOSUPPORT (Tock, memop.rs). A break that sinks to no lower than the buffers
 *                  handed over needs no memory: it is not refused. What it grows by is zero,
 *                  and so is what can be reached beyond it
 *   exit           comes back for an unknown number only: 0 with NOSUPPORT (4.7). A life ends as
 *                  its exit asked, with its code (TRD 106), or by a fault or a kill; one that ended
 *                  by exit-terminate is not followed by another; restarts are counted
 *
 * Free, since TRD 104 leaves it free: which of several reasons a refusal names, but that a bad
 * function comes before the driver is asked; NOMEM and FAIL of any driver's subscribe and allow
 * (there may be no room for its grant, and DMA may have broken it); what commands answer but for
 * 0; where a break cannot rise.
 *
 * Cannot see: the values of an event (r0 to r2 of yield-wait-for); a driver's allows and
 * subscriptions once there were too many of them in the machine (ROWS; upcall.c), or once DMA
 * has broken into the app's block: then those of that app are not judged, to its life's end.
 */
#include "sim/monitors/answers.h"
#include "sim/monitors/driver_facts.h"
#include "sim/monitors/layout.h"
#include "sim/monitors/upcall.h"

enum {
    ROWS = 256, /* row 0 is none */
    NUMBER_MAX = 255,
};

/* What an app has handed over: a chain of rows an app, and one of those that are free. */
struct row {
    uint32_t driver;
    struct span buffer;
    uint8_t kind; /* FACT_ALLOW_* */
    uint8_t number;
    uint8_t next;
};

struct shadow {
    uint32_t code;      /* of its last exit, if has_code */
    uint32_t app_break; /* as the kernel noted it last, in this life; or 0 */
    uint32_t highest;   /* that this life has ever reached, rounding beyond its break included */
    uint8_t first;      /* of its rows */
    bool forgets : 1;
    bool flag_written : 1, flag : 1; /* of the open yield-no-wait */
    bool got_event : 1;              /* in the open yield-wait-for */
    bool has_code : 1;
    bool gone : 1;    /* by exit-terminate, and nobody has restarted it */
    bool pressed : 1; /* an injection has taken room for grants: no note says where they begin */
};

struct answers {
    struct shadow of[PROCESS_MAX];
    uint16_t row_end; /* rows behind this one were never used */
    uint8_t free;
    struct row rows[ROWS];
};

/* An answer as it reaches the app. */
struct answer {
    uint32_t process;
    const struct ledger_process *p; /* with the call */
    uint32_t r[4];
};

static struct answers *answers_of(struct machine *m)
{
    return machine_monitor_state(m, MONITOR_answers);
}

/* ---- what was handed over */

static OUT_OF_LINE void forget_rows(struct answers *a, uint32_t process)
{
    uint8_t *last = &a->of[process].first;

    while (*last)
        last = &a->rows[*last].next;
    *last = a->free;
    a->free = a->of[process].first;
    a->of[process].first = 0;
    a->of[process].forgets = false;
}

static struct row *row_find(struct answers *a, uint32_t process, uint32_t driver, uint8_t kind,
                            uint32_t number)
{
    for (uint8_t i = a->of[process].first; i; i = a->rows[i].next) {
        struct row *row = &a->rows[i];
        if (row->driver == driver && row->kind == kind && row->number == number)
            return row;
    }
    return NULL;
}

/* NULL: there is no room for another. */
static struct row *row_add(struct answers *a, uint32_t process)
{
    uint8_t place = a->free;

    if (place)
        a->free = a->rows[place].next;
    else if (a->row_end < ROWS - 1)
        place = (uint8_t)++a->row_end;
    else
        return NULL;
    a->rows[place].next = a->of[process].first;
    a->of[process].first = place;
    return &a->rows[place];
}

static void remember(struct answers *a, const struct answer *x, uint8_t kind, struct span buffer)
{
    const uint32_t *args = x->p->args;
    struct row *row = row_find(a, x->process, args[0], kind, args[1]);

    if (!row && args[1] <= NUMBER_MAX)
        row = row_add(a, x->process);
    if (!row) {
        a->of[x->process].forgets = true;
        return;
    }
    row->driver = args[0];
    row->number = (uint8_t)args[1];
    row->kind = kind;
    row->buffer = buffer;
}

/* ---- what the app may expect */

/* The outcomes that TRD 104 lets a call have. */
struct outcome {
    bool success;
    uint32_t errors; /* bit e: a refusal with error e */
};

#define ERROR(err) (UINT32_C(1) << (err))
enum { ERRORS_ALL = (1 << (ERR_NOACK + 1)) - 2 };

bool call_is_permitted(const struct process_image *image, uint32_t class, const uint32_t *args)
{
    for (uint32_t i = 0; i < image->permission_count; i++) {
        const struct permission *row = &image->permissions[i];
        bool holds_number = row->word == args[1] / 64 && (row->allowed >> args[1] % 64 & 1);
        if (row->driver == args[0] && (class != SYSCALL_COMMAND || holds_number))
            return true;
    }
    return !image->filtered;
}

/* Before any driver has its say: whether it is to be asked. `*facts`: NULL, if it is not known. */
static struct outcome outcome_of_driver(const struct machine *m, const struct answer *x,
                                        const struct driver_facts **facts)
{
    const struct scenario *s = machine_scenario(m);
    enum driver_presence is = driver_presence(&s->config, x->p->args[0], facts);

    if (is == DRIVER_ABSENT ||
        !call_is_permitted(&s->images[x->process], x->p->call_class, x->p->args))
        return (struct outcome){false, ERROR(ERR_NODEVICE)};
    if (is == DRIVER_MAYBE)
        return (struct outcome){true, ERRORS_ALL};
    return (struct outcome){true, ERROR(ERR_NOMEM) | ERROR(ERR_FAIL)};
}

/* TRD 104, section 4.2. */
static struct outcome outcome_of_subscribe(const struct machine *m, const struct answer *x)
{
    const struct driver_facts *facts;
    const struct process_image *image = &machine_scenario(m)->images[x->process];
    struct outcome outcome = outcome_of_driver(m, x, &facts);
    bool permitted = call_is_permitted(image, x->p->call_class, x->p->args);

    if (x->p->args[2] != 0 && !span_holds(image->flash, x->p->args[2]))
        return (struct outcome){false, ERROR(ERR_INVAL) | (permitted ? 0 : ERROR(ERR_NODEVICE))};
    if (outcome.success && x->p->args[1] >= facts->upcalls) {
        outcome.success = false;
        outcome.errors |= ERROR(ERR_NOSUPPORT);
    }
    return outcome;
}

static uint8_t allow_kind(uint32_t class)
{
    return class == SYSCALL_ALLOW_RW   ? FACT_ALLOW_RW
           : class == SYSCALL_ALLOW_RO ? FACT_ALLOW_RO
                                       : FACT_ALLOW_READABLE;
}

static struct span own_memory(const struct ledger_process *p)
{
    return (struct span){p->block.base, p->app_break - p->block.base};
}

/* TRD 104, sections 4.4 and 4.5. */
static struct outcome outcome_of_allow(const struct machine *m, const struct answer *x)
{
    const struct driver_facts *facts;
    struct outcome outcome = outcome_of_driver(m, x, &facts);
    struct span buffer = {x->p->args[2], x->p->args[3]};
    uint8_t kind = allow_kind(x->p->call_class);
    bool own = buffer.size == 0 || span_covers(own_memory(x->p), buffer) ||
               (kind == FACT_ALLOW_RO &&
                span_covers(machine_scenario(m)->images[x->process].flash, buffer));

    if (!own || (outcome.success && x->p->args[1] >= facts->allows[kind])) {
        outcome.success = false;
        outcome.errors |= ERROR(ERR_INVAL);
    }
    return outcome;
}

/* ---- what it got */

static void wrong(struct machine *m, const struct answer *x, enum verdict_detail detail,
                  uint32_t got, uint32_t wanted)
{
    break_add(m, RULE_CALL_ANSWER, x->process, x->p->call_class, detail, got, wanted);
}

static uint32_t lowest(uint32_t errors)
{
    return errors ? (uint32_t)__builtin_ctz(errors) : ERR_NONE;
}

/* It is refused in that variant, with one of those errors. */
static void judge_refusal(struct machine *m, const struct answer *x, enum return_variant variant,
                          uint32_t errors)
{
    if (x->r[0] != variant)
        wrong(m, x, DETAIL_ANSWER_VARIANT, x->r[0], variant);
    else if (x->r[1] == 0 || x->r[1] > ERR_NOACK)
        wrong(m, x, DETAIL_ANSWER_NO_ERROR, x->r[1], 0);
    else if (!(errors & ERROR(x->r[1])))
        wrong(m, x, DETAIL_ANSWER_ERROR, x->r[1], lowest(errors));
}

static void judge_values(struct machine *m, const struct answer *x, const uint32_t *got,
                         uint32_t first, uint32_t second)
{
    if (got[0] != first)
        wrong(m, x, DETAIL_ANSWER_VALUE, got[0], first);
    else if (got[1] != second)
        wrong(m, x, DETAIL_ANSWER_VALUE, got[1], second);
}

/* Where there is no driver, 4.2.1 wants the Null Upcall, and 4.2 what was passed: either will
 * do. */
static bool is_null_upcall(const struct answer *x)
{
    return x->p->call_class == SYSCALL_SUBSCRIBE && x->r[1] == ERR_NODEVICE && x->r[2] == 0;
}

/* A swap's answer but for the values of a success. True: it is one. */
static bool judge_swap(struct machine *m, const struct answer *x, struct outcome outcome)
{
    if (x->r[0] == RETURN_SUCCESS_2U32) {
        if (!outcome.success)
            wrong(m, x, DETAIL_ANSWER_GRANTED, 0, lowest(outcome.errors));
        return true;
    }
    judge_refusal(m, x, RETURN_FAILURE_2U32, outcome.errors);
    if (x->r[0] == RETURN_FAILURE_2U32 && !is_null_upcall(x))
        judge_values(m, x, &x->r[2], x->p->args[2], x->p->args[3]);
    return false;
}

static void judge_subscribe(struct machine *m, struct answers *a, const struct answer *x)
{
    uint32_t function, appdata;

    if (judge_swap(m, x, outcome_of_subscribe(m, x)) && !a->of[x->process].forgets &&
        process_subscribed(m, x->process, x->p->args[0], x->p->args[1], &function, &appdata))
        judge_values(m, x, &x->r[1], function, appdata);
}

static void judge_allow(struct machine *m, struct answers *a, const struct answer *x)
{
    uint8_t kind = allow_kind(x->p->call_class);
    const struct row *row = row_find(a, x->process, x->p->args[0], kind, x->p->args[1]);
    struct span old = row ? row->buffer : (struct span){0, 0};

    if (!judge_swap(m, x, outcome_of_allow(m, x)))
        return;
    if (!a->of[x->process].forgets)
        judge_values(m, x, &x->r[1], old.base, old.size);
    remember(a, x, kind, (struct span){x->p->args[2], x->p->args[3]});
}

static bool is_variant(uint32_t r0)
{
    return r0 <= RETURN_FAILURE_U64 || (r0 >= RETURN_SUCCESS && r0 <= RETURN_SUCCESS_U32_U64);
}

/* The driver's, or, where it lends devices, one of these: the filter's own code (TRD 107). */
static bool may_lack_a_device(const struct machine *m, const struct answer *x,
                              struct outcome outcome)
{
    return outcome.errors == ERRORS_ALL ||
           (x->p->args[0] == machine_scenario(m)->config.passthrough_driver && x->p->args[1] != 0);
}

static void judge_command(struct machine *m, struct answers *a, const struct answer *x)
{
    const struct driver_facts *facts;
    struct outcome outcome = outcome_of_driver(m, x, &facts);
    bool is_failure = x->r[0] < RETURN_SUCCESS;

    (void)a;
    if (!is_variant(x->r[0]))
        wrong(m, x, DETAIL_ANSWER_NO_VARIANT, x->r[0], 0);
    else if (!outcome.success)
        judge_refusal(m, x, RETURN_FAILURE, outcome.errors);
    else if (is_failure && x->r[1] == ERR_NODEVICE && may_lack_a_device(m, x, outcome))
        judge_refusal(m, x, RETURN_FAILURE, ERROR(ERR_NODEVICE));
    else if (x->p->args[1] == 0 && x->r[0] != RETURN_SUCCESS)
        wrong(m, x, DETAIL_ANSWER_VARIANT, x->r[0], RETURN_SUCCESS);
    else if (is_failure)
        judge_refusal(m, x, (enum return_variant)x->r[0], ERRORS_ALL & ~ERROR(ERR_NODEVICE));
}

/* ---- memop: TRD 104, section 4.6 */

static void judge_value(struct machine *m, const struct answer *x, uint32_t wanted)
{
    if (x->r[0] != RETURN_SUCCESS_U32)
        wrong(m, x, DETAIL_ANSWER_VARIANT, x->r[0], RETURN_SUCCESS_U32);
    else if (x->r[1] != wanted)
        wrong(m, x, DETAIL_ANSWER_VALUE, x->r[1], wanted);
}

/* Where the break is after a success, and what sbrk tells of it, layout.c asks. */
static void judge_break(struct machine *m, const struct answer *x)
{
    bool is_sbrk = x->p->args[0] == MEMOP_SBRK;

    if (x->r[0] == (is_sbrk ? RETURN_SUCCESS_U32 : RETURN_SUCCESS))
        return;
    judge_refusal(m, x, RETURN_FAILURE, ERROR(ERR_NOMEM));
    uint64_t now = process_break(m, x->process);
    uint64_t wanted = is_sbrk ? now + (uint64_t)(int32_t)x->p->args[1] : x->p->args[1];
    if (wanted >= process_high_water(m, x->process) && wanted <= now)
        wrong(m, x, DETAIL_ANSWER_REFUSED, (uint32_t)wanted, 0);
}

/* What a break has grown by is zero, and what is reached beyond it, even where the app has been
 * before; where it has not, that is memory-fresh's. */
static OUT_OF_LINE void judge_growth(struct machine *m, struct shadow *shadow,
                                     const struct record *r)
{
    uint32_t reach = pair_high(r->value), at = shadow->app_break;
    uint32_t end = reach < shadow->highest ? reach : shadow->highest;
    uint8_t byte = 0;

    if (at < r->address && at < end) {
        const uint8_t *bytes = machine_view(m, (struct span){at, end - at});
        for (; at < end && byte == 0; at++)
            if (bytes)
                byte = *bytes++;
            else if (!machine_peek(m, (struct span){at, 1}, &byte))
                byte = 0;
    }
    if (byte != 0)
        break_add(m, RULE_CALL_ANSWER, r->process, at - 1, DETAIL_ANSWER_GREW, byte, 0);
    shadow->app_break = r->address;
    if (shadow->highest < reach)
        shadow->highest = reach;
}

static void judge_grant_start(struct machine *m, const struct answers *a, const struct answer *x)
{
    const struct ledger_process *p = x->p;
    bool is_between = x->r[1] >= p->accessible_end && x->r[1] <= p->kernel_break;

    judge_value(m, x, a->of[x->process].pressed && is_between ? x->r[1] : p->kernel_break);
}

static void judge_region(struct machine *m, const struct answer *x,
                         const struct process_image *image)
{
    uint32_t i = x->p->args[1];

    if (i >= image->flash_region_count)
        judge_refusal(m, x, RETURN_FAILURE, ERROR(ERR_FAIL));
    else
        judge_value(m, x,
                    image->flash_regions[i].base + (x->p->args[0] == MEMOP_FLASH_REGION_END
                                                        ? image->flash_regions[i].size
                                                        : 0));
}

/* A flat switch. */
static void judge_memop(struct machine *m, struct answers *a, const struct answer *x)
{
    const struct process_image *image = &machine_scenario(m)->images[x->process];

    switch (x->p->args[0]) {
    case MEMOP_BRK:
    case MEMOP_SBRK:
        judge_break(m, x);
        break;
    case MEMOP_RAM_START:
        judge_value(m, x, x->p->block.base);
        break;
    case MEMOP_RAM_END:
        judge_value(m, x, x->p->block.base + x->p->block.size);
        break;
    case MEMOP_FLASH_START:
        judge_value(m, x, image->flash.base);
        break;
    case MEMOP_FLASH_END:
        judge_value(m, x, image->flash.base + image->flash.size);
        break;
    case MEMOP_GRANT_START:
        judge_grant_start(m, a, x);
        break;
    case MEMOP_FLASH_REGIONS:
        judge_value(m, x, image->flash_region_count);
        break;
    case MEMOP_FLASH_REGION_START:
    case MEMOP_FLASH_REGION_END:
        judge_region(m, x, image);
        break;
    case MEMOP_STACK_START:
    case MEMOP_HEAP_START:
        if (x->r[0] != RETURN_SUCCESS)
            wrong(m, x, DETAIL_ANSWER_VARIANT, x->r[0], RETURN_SUCCESS);
        break;
    default:
        judge_refusal(m, x, RETURN_FAILURE, ERROR(ERR_NOSUPPORT));
        break;
    }
}

/* ---- yield: TRD 104, section 4.1 */

struct span answers_flag(const struct ledger_process *p)
{
    bool is_open = p->call_class == SYSCALL_YIELD && p->args[0] == YIELD_NO_WAIT;
    struct span flag = {p->args[1], 1};

    return is_open && span_covers(own_memory(p), flag) ? flag : (struct span){0, 0};
}

static void judge_flag(struct machine *m, struct shadow *shadow, const struct answer *x, bool ran)
{
    struct span flag = answers_flag(x->p);

    if (flag.size == 0)
        return;
    if (!shadow->flag_written)
        break_add(m, RULE_CALL_ANSWER, x->process, flag.base, DETAIL_ANSWER_NO_FLAG, 0, ran);
    else if (shadow->flag != ran)
        break_add(m, RULE_CALL_ANSWER, x->process, flag.base, DETAIL_ANSWER_FLAG, shadow->flag,
                  ran);
}

static void judge_yield(struct machine *m, struct answers *a, const struct answer *x)
{
    struct shadow *shadow = &a->of[x->process];
    const uint32_t *args = x->p->args;

    judge_flag(m, shadow, x, false);
    if (args[0] == YIELD_WAIT_FOR && !shadow->got_event)
        break_add(m, RULE_CALL_ANSWER, x->process, SYSCALL_YIELD, DETAIL_ANSWER_NO_EVENT, args[1],
                  args[2]);
}

/* ---- exit: TRD 104, section 4.7; TRD 106 */

static void judge_exit(struct machine *m, struct answers *a, const struct answer *x)
{
    (void)a;
    judge_refusal(m, x, RETURN_FAILURE, ERROR(ERR_NOSUPPORT));
}

static bool is_exit(const struct ledger_process *p)
{
    return p->ended_in_call && p->call_class == SYSCALL_EXIT && p->args[0] <= EXIT_RESTART;
}

static OUT_OF_LINE void judge_end(struct machine *m, struct answers *a, const struct record *r)
{
    struct shadow *shadow = &a->of[r->process];
    const struct ledger_process *p = &ledger_of(m)->processes[r->process];
    uint32_t how = pair_low(r->value), code = pair_high(r->value);
    enum end_kind wanted = p->args[0] == EXIT_RESTART ? END_EXIT_RESTART : END_EXIT_TERMINATE;

    rule_armed(m, RULE_CALL_ANSWER);
    shadow->gone = shadow->has_code = is_exit(p);
    if (!p->ended_due && how != END_KILL) /* a kill is nobody's but the board's own affair */
        break_add(m, RULE_CALL_ANSWER, r->process, 0, DETAIL_ANSWER_LIFE, 0, 0);
    if (r->address + 1 != p->life)
        break_add(m, RULE_CALL_ANSWER, r->process, 0, DETAIL_ANSWER_RESTARTS, r->address,
                  p->life - 1);
    if (!is_exit(p))
        return;
    shadow->code = p->args[1];
    shadow->gone = p->args[0] == EXIT_TERMINATE;
    if (how != (uint32_t)wanted)
        break_add(m, RULE_CALL_ANSWER, r->process, 0, DETAIL_ANSWER_EXIT, how, p->args[0]);
    else if (code != p->args[1])
        break_add(m, RULE_CALL_ANSWER, r->process, 0, DETAIL_ANSWER_CODE, code, p->args[1]);
}

static OUT_OF_LINE void judge_load(struct machine *m, struct answers *a, uint32_t process)
{
    if (a->of[process].gone)
        break_add(m, RULE_CALL_ANSWER, process, 0, DETAIL_ANSWER_AGAIN, 0, 0);
    a->of[process].gone = a->of[process].pressed = false;
    a->of[process].app_break = a->of[process].highest = 0;
}

/* The code that is kept for whoever asks why the app is gone. */
static void at_end(struct machine *m, void *state)
{
    const struct answers *a = state;

    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++) {
        struct process_facts facts = machine_process_facts(m, i);
        if (a->of[i].has_code &&
            (!facts.has_completion_code || facts.completion_code != a->of[i].code))
            break_add(m, RULE_CALL_ANSWER, i, 0, DETAIL_ANSWER_CODE, facts.completion_code,
                      a->of[i].code);
    }
}

/* ---- records */

static OUT_OF_LINE void on_return(struct machine *m, struct answers *a, const struct record *r)
{
    static void (*const judges[SYSCALL_CLASSES])(struct machine * m, struct answers * a,
                                                 const struct answer *x) = {
        [SYSCALL_YIELD] = judge_yield,     [SYSCALL_SUBSCRIBE] = judge_subscribe,
        [SYSCALL_COMMAND] = judge_command, [SYSCALL_ALLOW_RW] = judge_allow,
        [SYSCALL_ALLOW_RO] = judge_allow,  [SYSCALL_MEMOP] = judge_memop,
        [SYSCALL_EXIT] = judge_exit,       [SYSCALL_ALLOW_READABLE] = judge_allow,
    };
    const struct ledger *l = ledger_of(m);
    const struct answer x = {
        .process = r->process,
        .p = &l->processes[r->process],
        /* r3 is in no record. */
        .r = {r->address, pair_low(r->value), pair_high(r->value),
              machine_app(m, r->process)->result.regs.r[3]},
    };

    if (!l->returning) /* call-return's */
        return;
    rule_armed(m, RULE_CALL_ANSWER);
    if (x.p->call_class < SYSCALL_CLASSES)
        judges[x.p->call_class](m, a, &x);
    else
        judge_refusal(m, &x, RETURN_FAILURE, ERROR(ERR_NOSUPPORT));
}

static OUT_OF_LINE void on_upcall(struct machine *m, struct answers *a, uint32_t process)
{
    const struct ledger *l = ledger_of(m);
    const struct answer x = {.process = process, .p = &l->processes[process]};

    if (l->processes[process].live)
        judge_flag(m, &a->of[process], &x, true);
}

static OUT_OF_LINE void on_delivered(const struct ledger *l, struct shadow *shadow,
                                     const struct record *r)
{
    const struct ledger_process *p = &l->processes[r->process];

    if (p->call_open && p->call_class == SYSCALL_YIELD && p->args[0] == YIELD_WAIT_FOR &&
        p->args[1] == r->address && p->args[2] == pair_low(r->value))
        shadow->got_event = true;
}

/* Nobody but the kernel's own hand makes a life out of one that has exited for good, or moves the
 * kernel break in silence. */
static OUT_OF_LINE void on_injected(const struct machine *m, struct answers *a,
                                    const struct record *r)
{
    const struct injection *plan = &machine_scenario(m)->injections[r->address];

    if (plan->kind == INJECT_RESTART)
        a->of[plan->process].gone = false;
    if (plan->kind == INJECT_MEMORY_PRESSURE)
        a->of[plan->process].pressed = true;
}

/* A flat switch. */
static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct answers *a = state;

    if (r->kind == EVENT_INJECTED)
        on_injected(m, a, r);
    if (r->process >= PROCESS_MAX)
        return;
    switch (r->kind) {
    case EVENT_SYSCALL:
        a->of[r->process].flag_written = a->of[r->process].got_event = false;
        break;
    case EVENT_RETURN:
        on_return(m, a, r);
        break;
    case EVENT_UPCALL:
        on_upcall(m, a, r->process);
        break;
    case EVENT_OF(NOTE_UPCALL_DELIVERED):
        on_delivered(ledger_of(m), &a->of[r->process], r);
        break;
    case EVENT_OF(NOTE_PROCESS_LOADED):
        judge_load(m, a, r->process);
        break;
    case EVENT_OF(NOTE_PROCESS_BREAKS):
        judge_growth(m, &a->of[r->process], r);
        break;
    case EVENT_OF(NOTE_PROCESS_END):
        judge_end(m, a, r);
        forget_rows(a, r->process);
        break;
    default:
        break;
    }
}

/* ---- for the rule about what the kernel writes */

void answers_flag_written(struct machine *m, uint32_t process, uint8_t value)
{
    struct shadow *shadow = &answers_of(m)->of[process];

    shadow->flag_written = true;
    shadow->flag = value != 0;
}

void answers_distrust(struct machine *m, struct span touched)
{
    struct answers *a = answers_of(m);

    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++)
        a->of[i].forgets |= span_meets(ledger_of(m)->processes[i].block, touched);
}

bool answers_let_write(struct machine *m, uint32_t process, struct span span)
{
    const struct answers *a = answers_of(m);
    const struct ledger_process *p = &ledger_of(m)->processes[process];
    bool hands_over = p->call_open && (p->call_class == SYSCALL_ALLOW_RW ||
                                       p->call_class == SYSCALL_ALLOW_READABLE);

    for (uint8_t i = a->of[process].first; i; i = a->rows[i].next)
        if (a->rows[i].kind != FACT_ALLOW_RO && span_covers(a->rows[i].buffer, span))
            return true;
    return a->of[process].forgets ||
           (hands_over && span_covers((struct span){p->args[2], p->args[3]}, span));
}

const struct monitor monitor_answers = {
    .name = "answers",
    .kinds = {KIND_EVENT(EVENT_SYSCALL) | KIND_EVENT(EVENT_RETURN) | KIND_EVENT(EVENT_UPCALL) |
                  KIND_EVENT(EVENT_INJECTED),
              KIND_NOTE(NOTE_UPCALL_DELIVERED) | KIND_NOTE(NOTE_PROCESS_LOADED) |
                  KIND_NOTE(NOTE_PROCESS_BREAKS) | KIND_NOTE(NOTE_PROCESS_END)},
    .state_size = sizeof(struct answers),
    .rows = {ROWS_OF_APPS(answers, of), ROWS_FROM_UP_TO(answers, rows, 1, row_end)},
    .rules = KIND_BIT(RULE_CALL_ANSWER),
    .always = true,
    .on_record = on_record,
    .at_end = at_end,
};
