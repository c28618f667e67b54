#include "model/passthrough.h"

#include "model/kernel.h"
#include "model/nvic.h"
#include "model/passthrough_device.h"
#include "model/upcall.h"

enum {
    GRANULE = 32,         /* ARMv7-M ARM B3.5: no region is finer */
    DEVICE_SIZE = 0x1000, /* nRF52840 PS, "Peripheral interface": each has 4 KiB of addresses */
};
enum { LINE_CLEARS = 4 };   /* in vain, and the line counts as high; ours */
enum { UPCALL_DEVICE = 1 }; /* which argument of the upcall names the device, by its base */

/* ARMv7-M ARM B3.1: user mode has no business there, and the MPU would not judge it. */
static const struct span private_bus = {0xe0000000, 0x100000};

/* What a request comes to, before anything is changed. */
struct decision {
    struct span granted;
    struct mpu_config mpu; /* the process's, with the window in it */
};

/* ---- endpoints */

static bool endpoint_meets(const struct passthrough_endpoint *e, struct span span)
{
    for (uint32_t i = 0; i < e->window_count; i++)
        if (span_meets(e->windows[i], span))
            return true;
    return false;
}

static bool is_free(struct process_id owner)
{
    return owner.unique == 0;
}

static bool owns(struct process_id owner, const struct process *p)
{
    return owner.unique == p->id.unique;
}

static bool meets_any(const struct span *spans, uint32_t count, struct span span)
{
    for (uint32_t i = 0; i < count; i++)
        if (span_meets(spans[i], span))
            return true;
    return false;
}

/* The last address of the endpoint window that holds `address`; false: no window does. */
static bool window_end(const struct kernel_config *config, uint32_t address, uint32_t *last)
{
    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        const struct passthrough_endpoint *e = &config->endpoints[i];
        for (uint32_t w = 0; w < e->window_count; w++)
            if (span_holds(e->windows[w], address)) {
                *last = span_last(e->windows[w]);
                return true;
            }
    }
    return false;
}

/* Every byte belongs to a lendable endpoint. Each turn goes on beyond one whole window. */
static bool is_lendable(const struct kernel_config *config, struct span span)
{
    uint32_t last;

    for (uint32_t at = span.base; window_end(config, at, &last); at = last + 1)
        if (last >= span_last(span))
            return true;
    return false;
}

/* ---- what is asked */

static bool is_aligned(struct span span)
{
    return span.base % GRANULE == 0 && span.size % GRANULE == 0;
}

static const struct loan *loan_meeting(const struct kernel *k, const struct process *p,
                                       struct span span)
{
    for (uint32_t i = 0; i < k->passthrough.loan_end; i++) {
        const struct loan *loan = &k->passthrough.loans[i];
        if (owns(loan->owner, p) && span_meets(loan->granted, span))
            return loan;
    }
    return NULL;
}

/* A device of the kernel's own drivers: by the board's claims, or by where its drivers are, should
 * the board have forgotten a claim. */
static bool meets_kernel_driver(const struct kernel_config *config, struct span span)
{
    const struct driver_place places[] = {config->alarm, config->console, config->gpio};

    for (uint32_t i = 0; i < COUNT_OF(places); i++)
        if (places[i].present && span_meets((struct span){places[i].base, DEVICE_SIZE}, span))
            return true;
    return meets_any(config->claims, config->claim_count, span);
}

/* Why not every endpoint in `span` can be this process's now. */
static enum err endpoints_refused(const struct kernel *k, const struct process *p, struct span span)
{
    const struct passthrough *pt = &k->passthrough;
    enum err err = ERR_NONE;

    for (uint32_t i = 0; i < k->config->endpoint_count; i++) {
        bool is_had = !is_free(pt->owners[i]) || pt->withheld[i]; /* most are not: asked first */
        if (!is_had || !endpoint_meets(&k->config->endpoints[i], span))
            continue;
        if (!is_free(pt->owners[i]) && !owns(pt->owners[i], p))
            return ERR_BUSY;
        if (pt->withheld[i])
            err = ERR_OFF; /* unless another one is busy: that comes first */
    }
    return err;
}

/* A DMA master in `span` that the board did not opt in for. */
static bool has_unwanted_dma(const struct kernel_config *config, struct span span)
{
    for (uint32_t i = 0; i < config->endpoint_count; i++) {
        const struct passthrough_endpoint *e = &config->endpoints[i];
        if (e->dma && !e->allow_dma && endpoint_meets(e, span))
            return true;
    }
    return false;
}

static enum err shape_refused(struct span asked)
{
    if (!span_valid(asked))
        return ERR_SIZE;
    return is_aligned(asked) ? ERR_NONE : ERR_INVAL;
}

static enum err request_refused(const struct kernel *k, const struct process *p, struct span asked)
{
    const struct kernel_config *config = k->config;

    if (!process_is_alive(p) || !config->filter.function)
        return ERR_NODEVICE;
    enum err err = shape_refused(asked);
    if (err)
        return err;
    if (meets_kernel_driver(config, asked))
        return ERR_BUSY;
    if (!is_lendable(config, asked))
        return ERR_INVAL;
    if (loan_meeting(k, p, asked))
        return ERR_ALREADY;
    err = endpoints_refused(k, p, asked);
    if (err)
        return err;
    return has_unwanted_dma(config, asked) ? ERR_RESERVE : ERR_NONE;
}

/* ---- what the filter answers */

static enum err filter_ask(const struct kernel *k, struct hw *hw, const struct process *p,
                           struct span asked, struct span *granted)
{
    const struct device_filter *filter = &k->config->filter;
    struct filter_subject who = {p->short_id, p->id.index};

    *granted = (struct span){0, 0};
    hw_note(hw, NOTE_FILTER_ASKED, p->id.index, asked.base, asked.size);
    enum err err = filter->function(filter, who, asked, granted);
    if ((uint32_t)err > ERR_NOACK)
        err = ERR_FAIL; /* no code of Tock's: the app could not tell what it means */
    if (err)
        *granted = (struct span){0, 0};
    hw_note(hw, NOTE_FILTER_ANSWERED, p->id.index, granted->base, pair(granted->size, err));
    return err;
}

static bool meets_memory(const struct kernel_config *config, struct span span)
{
    if (span_meets(config->process_ram, span) || span_meets(config->kernel_ram, span))
        return true;
    for (uint32_t i = 0; i < config->image_count; i++)
        if (span_meets(config->images[i].flash, span))
            return true;
    return meets_any(config->forbidden, config->forbidden_count, span);
}

/* The board's answer is input, too: checked, not asserted. */
static enum err answer_refused(const struct kernel *k, const struct process *p, struct span asked,
                               struct span granted)
{
    const struct kernel_config *config = k->config;

    if (!span_covers(granted, asked) || !is_aligned(granted))
        return ERR_INVAL;
    if (meets_memory(config, granted) || span_meets(private_bus, granted) ||
        meets_kernel_driver(config, granted))
        return ERR_INVAL;
    if (has_unwanted_dma(config, granted))
        return ERR_INVAL; /* widened over a DMA master: the board contradicts itself */
    return endpoints_refused(k, p, granted);
}

/* All that is checked, without an effect. */
static enum err request_decide(const struct kernel *k, struct hw *hw, const struct process *p,
                               struct span asked, struct decision *decision)
{
    hw_spend(hw, PATH_PASSTHROUGH_CHECK, 1);
    enum err err = request_refused(k, p, asked);
    if (err)
        return err;
    err = filter_ask(k, hw, p, asked, &decision->granted);
    if (err)
        return err;
    err = answer_refused(k, p, asked, decision->granted);
    if (err)
        return err;
    decision->mpu = p->mpu;
    return mpu_add_window(&decision->mpu, decision->granted);
}

/* ---- lending */

static void line_forget(struct kernel *k, uint32_t line)
{
    k->line_off[line / 32] |= UINT32_C(1) << (line % 32);
}

static void line_remember(struct kernel *k, uint32_t line)
{
    k->line_off[line / 32] &= ~(UINT32_C(1) << (line % 32));
}

static void line_hold(struct kernel *k, uint32_t line)
{
    k->line_held[line / 32] |= UINT32_C(1) << (line % 32);
}

static void line_let_go(struct kernel *k, uint32_t line)
{
    k->line_held[line / 32] &= ~(UINT32_C(1) << (line % 32));
}

static void endpoint_lend(struct kernel *k, struct hw *hw, struct process *p, uint32_t index)
{
    const struct passthrough_endpoint *e = &k->config->endpoints[index];

    k->passthrough.owners[index] = p->id;
    hw_note(hw, NOTE_ENDPOINT_OWNED, p->id.index, index, p->id.unique);
    if (!e->has_line)
        return;
    line_remember(k, e->line);
    nvic_clear_pending(hw, e->line); /* of the time when it was nobody's */
    nvic_enable(hw, e->line);
}

static void endpoints_lend(struct kernel *k, struct hw *hw, struct process *p, struct span granted)
{
    for (uint32_t i = 0; i < k->config->endpoint_count; i++)
        if (is_free(k->passthrough.owners[i]) && endpoint_meets(&k->config->endpoints[i], granted))
            endpoint_lend(k, hw, p, i);
}

static struct loan *loan_free_row(struct passthrough *pt)
{
    for (uint32_t i = 0; i < LOAN_MAX; i++)
        if (is_free(pt->loans[i].owner))
            return &pt->loans[i];
    return NULL;
}

static void loan_row_used(struct passthrough *pt, const struct loan *row)
{
    uint32_t end = (uint32_t)(row - pt->loans) + 1;

    if (pt->loan_end < end)
        pt->loan_end = end;
}

static struct loan *loan_of(struct passthrough *pt, const struct process *p, struct span asked)
{
    for (uint32_t i = 0; i < pt->loan_end; i++)
        if (owns(pt->loans[i].owner, p) && span_equal(pt->loans[i].asked, asked))
            return &pt->loans[i];
    return NULL;
}

enum err passthrough_allocate(struct kernel *k, struct hw *hw, struct process *p, struct span asked,
                              const struct passthrough_capability *may)
{
    (void)may;
    struct decision decision;
    struct loan *row = loan_free_row(&k->passthrough);
    enum err err = request_decide(k, hw, p, asked, &decision);
    if (!err && !row)
        err = ERR_NOMEM;
    if (err) {
        hw_note(hw, NOTE_WINDOW_REFUSED, p->id.index, asked.base, pair(asked.size, err));
        return err;
    }

    /* Nothing below can fail: window, loan and owners change together. */
    p->mpu = decision.mpu;
    *row = (struct loan){p->id, asked, decision.granted};
    loan_row_used(&k->passthrough, row);
    hw_note(hw, NOTE_WINDOW_GRANTED, p->id.index, decision.granted.base, decision.granted.size);
    endpoints_lend(k, hw, p, decision.granted);
    return ERR_NONE;
}

enum err passthrough_query(struct kernel *k, struct hw *hw, const struct process *p,
                           struct span asked, struct span *granted)
{
    const struct loan *loan = loan_of(&k->passthrough, p, asked);
    struct decision decision;

    if (loan) {
        *granted = loan->granted;
        return ERR_NONE;
    }
    enum err err = request_decide(k, hw, p, asked, &decision);
    if (!err && !loan_free_row(&k->passthrough))
        err = ERR_NOMEM;
    if (!err)
        *granted = decision.granted;
    return err;
}

/* ---- taking back: each step over all endpoints that leave, before the next step (G5) */

/* One bit per endpoint. */
struct endpoint_set {
    uint32_t words[(ENDPOINT_MAX + 31) / 32];
    bool is_empty;
};

static bool set_has(const struct endpoint_set *set, uint32_t index)
{
    return set->words[index / 32] >> (index % 32) & 1;
}

static bool is_touched(const struct kernel *k, const struct process *p, uint32_t index)
{
    for (uint32_t i = 0; i < k->passthrough.loan_end; i++)
        if (owns(k->passthrough.loans[i].owner, p) &&
            endpoint_meets(&k->config->endpoints[index], k->passthrough.loans[i].granted))
            return true;
    return false;
}

/* The endpoints of `p` that no loan of it touches any more. */
static struct endpoint_set endpoints_leaving(const struct kernel *k, const struct process *p)
{
    struct endpoint_set set = {.is_empty = true};

    for (uint32_t i = 0; i < k->config->endpoint_count; i++) {
        if (!owns(k->passthrough.owners[i], p) || is_touched(k, p, i))
            continue;
        set.words[i / 32] |= UINT32_C(1) << (i % 32);
        set.is_empty = false;
    }
    return set;
}

static void loan_unmap(struct kernel *k, struct hw *hw, struct process *p, struct loan *loan)
{
    enum err err = mpu_remove_window(&p->mpu, loan->granted);
    KASSERT(hw, err == ERR_NONE); /* each loan has its window, from allocate until here */
    k->mpu.configured_for = 0;    /* written anew before anything runs in user mode */
    hw_note(hw, NOTE_WINDOW_REMOVED, p->id.index, loan->granted.base, loan->granted.size);
    *loan = (struct loan){0};
}

static void endpoint_mask(struct kernel *k, struct hw *hw, struct process *p, uint32_t index)
{
    const struct passthrough_endpoint *e = &k->config->endpoints[index];

    if (e->has_line) {
        nvic_mask(hw, e->line);
        nvic_clear_pending(hw, e->line);
        line_let_go(k, e->line);
    }
    hw_note(hw, NOTE_ENDPOINT_MASKED, p->id.index, index, e->has_line ? e->line : 0);
}

/* Clears the line's pending bit until it stays so, at most LINE_CLEARS times: how often it was in
 * vain. A line that is high pends each time; a pulse that comes just then, once or twice. */
static uint32_t line_clear(struct hw *hw, uint32_t line)
{
    uint32_t in_vain = 0;

    for (; in_vain < LINE_CLEARS; in_vain++) {
        nvic_clear_pending(hw, line);
        if (!nvic_is_pending(hw, line))
            break;
    }
    return in_vain;
}

/* Whether the device is still, its line low. */
static bool endpoint_is_quiet(struct hw *hw, const struct passthrough_endpoint *e)
{
    enum err err = passthrough_device_quiesce(e, hw);
    if (!e->has_line)
        return !err;
    /* It may have pended while it was being made quiet. */
    return line_clear(hw, e->line) < LINE_CLEARS && !err;
}

static void endpoint_quiesce(struct kernel *k, struct hw *hw, uint32_t process, uint32_t index)
{
    const struct passthrough_endpoint *e = &k->config->endpoints[index];

    if (endpoint_is_quiet(hw, e)) {
        hw_note(hw, NOTE_ENDPOINT_QUIET, process, index, 0);
        return;
    }
    k->passthrough.withheld[index] = true;
    if (e->has_line)
        line_forget(k, e->line);
    hw_note(hw, NOTE_ENDPOINT_STUCK, process, index, e->has_line ? e->line : 0);
}

/* Those of this device only: the app may hold others. */
static void upcalls_drop(struct kernel *k, struct hw *hw, struct process *p, uint32_t index)
{
    uint32_t base = k->config->endpoints[index].windows[0].base;

    upcall_cancel_matching(hw, p, &passthrough_driver, PASSTHROUGH_UPCALL, UPCALL_DEVICE, base);
}

static void endpoint_free(struct kernel *k, struct hw *hw, struct process *p, uint32_t index)
{
    k->passthrough.owners[index] = (struct process_id){0, 0};
    hw_note(hw, NOTE_ENDPOINT_FREED, p->id.index, index, 0);
}

static void endpoints_take_back(struct kernel *k, struct hw *hw, struct process *p)
{
    struct endpoint_set leaving = endpoints_leaving(k, p);
    uint32_t count = leaving.is_empty ? 0 : k->config->endpoint_count;

    for (uint32_t i = 0; i < count; i++)
        if (set_has(&leaving, i))
            endpoint_mask(k, hw, p, i);
    for (uint32_t i = 0; i < count; i++)
        if (set_has(&leaving, i))
            endpoint_quiesce(k, hw, p->id.index, i);
    for (uint32_t i = 0; i < count; i++)
        if (set_has(&leaving, i))
            upcalls_drop(k, hw, p, i);
    for (uint32_t i = 0; i < count; i++)
        if (set_has(&leaving, i))
            endpoint_free(k, hw, p, i);
}

enum err passthrough_release(struct kernel *k, struct hw *hw, struct process *p, struct span asked,
                             const struct passthrough_capability *may)
{
    (void)may;
    enum err err = shape_refused(asked);
    if (err)
        return err;
    struct loan *loan = loan_of(&k->passthrough, p, asked);
    if (!loan)
        return ERR_NODEVICE;

    loan_unmap(k, hw, p, loan);
    endpoints_take_back(k, hw, p);
    return ERR_NONE;
}

void passthrough_process_end(struct kernel *k, struct hw *hw, struct process *p)
{
    for (uint32_t i = 0; i < k->passthrough.loan_end; i++)
        if (owns(k->passthrough.loans[i].owner, p))
            loan_unmap(k, hw, p, &k->passthrough.loans[i]);
    endpoints_take_back(k, hw, p);
}

/* ---- interrupts */

static uint32_t endpoint_of_line(const struct kernel_config *config, uint32_t line)
{
    for (uint32_t i = 0; i < config->endpoint_count; i++)
        if (config->endpoints[i].has_line && config->endpoints[i].line == line)
            return i;
    return ENDPOINT_MAX;
}

/* Nobody's interrupt: from here on the line is off until the device is lent. */
static void interrupt_of_nobody(struct kernel *k, struct hw *hw, uint32_t index, uint32_t line)
{
    line_forget(k, line);
    hw_note(hw, NOTE_LINE_UNCLAIMED, PROCESS_NONE, line, 0);
    if (!k->passthrough.withheld[index])
        endpoint_quiesce(k, hw, PROCESS_NONE, index); /* G6: the next owner finds it in reset */
}

/* The device is silenced. Its line is heard again when the owner has taken the upcall; what comes
 * meanwhile pends. One that is high all the same will stay so: it is off until the device has been
 * given back. */
static void line_settle(struct kernel *k, struct hw *hw, uint32_t owner, uint32_t index,
                        uint32_t line)
{
    uint32_t in_vain = line_clear(hw, line);

    if (in_vain == LINE_CLEARS) {
        line_forget(k, line);
        hw_note(hw, NOTE_ENDPOINT_STUCK, owner, index, line);
        return;
    }
    if (in_vain > 0)
        nvic_set_pending(hw, line); /* the pulse that has come just then */
    line_hold(k, line);
}

bool passthrough_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    uint32_t index = endpoint_of_line(k->config, line);
    if (index == ENDPOINT_MAX)
        return false;

    const struct passthrough_endpoint *e = &k->config->endpoints[index];
    const struct process *owner = kernel_process(k, k->passthrough.owners[index]);
    uint32_t status = passthrough_device_status(e, hw);
    passthrough_device_silence(e, hw);
    hw_note(hw, NOTE_LINE_SERVICED, owner ? owner->id.index : PROCESS_NONE, line,
            pair(index, status));
    if (!owner) {
        interrupt_of_nobody(k, hw, index, line);
        return true;
    }
    line_settle(k, hw, owner->id.index, index, line);
    const uint32_t args[3] = {status, [UPCALL_DEVICE] = e->windows[0].base, line};
    enum err err = upcall_queue(k, hw, owner->id, &passthrough_driver, PASSTHROUGH_UPCALL, args);
    (void)err; /* full, null or dead: counted and noted there; the device is silent either way */
    return true;
}

/* ---- lines that are held */

static bool is_any_line_held(const struct kernel *k)
{
    for (uint32_t i = 0; i < COUNT_OF(k->line_held); i++)
        if (k->line_held[i])
            return true;
    return false;
}

/* Held, and not given up meanwhile. */
static bool line_is_held(const struct kernel *k, uint32_t line)
{
    return (k->line_held[line / 32] & ~k->line_off[line / 32]) >> (line % 32) & 1;
}

static bool upcall_of_endpoint_waits(struct hw *hw, const struct process *p,
                                     const struct passthrough_endpoint *e)
{
    return upcall_is_waiting(hw, p, &passthrough_driver, PASSTHROUGH_UPCALL, UPCALL_DEVICE,
                             e->windows[0].base);
}

void passthrough_upcalls_taken(struct kernel *k, struct hw *hw, const struct process *p)
{
    if (!is_any_line_held(k) || !process_is_alive(p) ||
        !upcall_would_be_kept(k, hw, p, &passthrough_driver, PASSTHROUGH_UPCALL))
        return;
    for (uint32_t i = 0; i < k->config->endpoint_count; i++) {
        const struct passthrough_endpoint *e = &k->config->endpoints[i];
        if (!e->has_line || !owns(k->passthrough.owners[i], p) || !line_is_held(k, e->line) ||
            upcall_of_endpoint_waits(hw, p, e))
            continue;
        line_let_go(k, e->line);
        nvic_enable(hw, e->line); /* not cleared: what pends came while it was held */
    }
}

/* ---- the capsule */

static struct syscall_return command_query(struct kernel *k, struct hw *hw, struct process *p,
                                           struct span asked)
{
    struct span granted;
    enum err err = passthrough_query(k, hw, p, asked, &granted);

    return err ? return_failure(err) : return_success_2(granted.base, granted.size);
}

static struct syscall_return passthrough_command(struct kernel *k, struct hw *hw, struct process *p,
                                                 uint32_t number, uint32_t a, uint32_t b)
{
    struct span asked = {a, b};

    switch (number) {
    case PASSTHROUGH_EXISTS:
        return return_success();
    case PASSTHROUGH_QUERY:
        return command_query(k, hw, p, asked);
    case PASSTHROUGH_ALLOCATE:
        return return_of(passthrough_allocate(k, hw, p, asked, k->tokens.lend));
    case PASSTHROUGH_RELEASE:
        return return_of(passthrough_release(k, hw, p, asked, k->tokens.lend));
    default:
        return return_failure(ERR_NOSUPPORT);
    }
}

const struct driver passthrough_driver = {
    .number = DRIVER_NUMBER_BY_CONFIG,
    .upcalls = 1,
    .command = passthrough_command,
    .on_interrupt = passthrough_interrupt,
};
