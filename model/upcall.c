#include "model/upcall.h"

#include "model/process_block.h"

/* The block is RAM that DMA may have written: a function outside the app's flash is rubbish. */
static bool entry_is_invokable(const struct process *p, const struct queue_entry *entry)
{
    return entry->function != 0 && span_holds(p->mpu.flash, entry->function);
}

static bool entry_is_of(const struct queue_entry *entry, const struct driver *d, uint32_t n)
{
    return entry->driver == driver_index(d) && (n == UPCALL_ALL || entry->number == n);
}

static void note_dropped(struct hw *hw, struct process *p, const struct queue_entry *entry)
{
    p->dropped_upcalls++;
    hw_note(hw, NOTE_UPCALL_DROPPED, p->id.index, entry->driver_number,
            pair(entry->number, p->dropped_upcalls));
}

/* Takes entry `place` out; the ones behind it move up. */
static enum err entry_remove(struct hw *hw, const struct process *p, struct queue *queue,
                             uint32_t place)
{
    struct queue_entry entry;

    if (place == 0) {
        queue->head = (queue->head + 1) % UPCALL_MAX;
    } else {
        for (uint32_t i = place; i + 1 < queue->count; i++)
            if (queue_entry_load(hw, p, *queue, i + 1, &entry) ||
                queue_entry_store(hw, p, *queue, i, &entry))
                return ERR_FAIL;
    }
    queue->count--;
    return queue_store(hw, p, *queue);
}

/* Makes room for an upcall at the cost of the oldest bare event, if there is one. */
static bool bare_event_removed(struct hw *hw, const struct process *p, struct queue *queue)
{
    struct queue_entry entry;

    for (uint32_t i = 0; i < queue->count; i++)
        if (!queue_entry_load(hw, p, *queue, i, &entry) && entry.function == 0)
            return !entry_remove(hw, p, queue, i);
    return false;
}

static enum err entry_append(struct hw *hw, struct process *p, const struct queue_entry *entry)
{
    struct queue queue = queue_load(hw, p);
    bool has_room = queue.count < UPCALL_MAX;

    if (!has_room && entry->function != 0)
        has_room = bare_event_removed(hw, p, &queue);
    if (!has_room) {
        note_dropped(hw, p, entry);
        return ERR_NOMEM;
    }
    if (queue_entry_store(hw, p, queue, queue.count, entry))
        return ERR_FAIL;
    queue.count++;
    if (queue_store(hw, p, queue))
        return ERR_FAIL;
    if (entry->function != 0)
        hw_note(hw, NOTE_UPCALL_QUEUED, p->id.index, entry->driver_number,
                pair(entry->number, queue.count));
    return ERR_NONE;
}

static bool process_waits_for(const struct kernel *k, struct hw *hw, const struct process *p,
                              const struct driver *d, uint32_t n)
{
    uint32_t args[3];

    return p->state == PROCESS_YIELDED_FOR && p->wait_number == n &&
           driver_find(k, p->wait_driver) == d && !slot_load(hw, p, args);
}

enum err upcall_queue(struct kernel *k, struct hw *hw, struct process_id id, const struct driver *d,
                      uint32_t n, const uint32_t args[3])
{
    struct process *p = kernel_process(k, id);

    if (!p)
        return ERR_NODEVICE;
    hw_spend(hw, PATH_UPCALL_QUEUE, 1);
    if (process_waits_for(k, hw, p, d, n)) {
        hw_note(hw, NOTE_UPCALL_QUEUED, p->id.index, p->wait_driver,
                pair(n, queue_load(hw, p).count + 1));
        return slot_store(hw, p, true, args);
    }

    struct upcall upcall = grant_upcall(hw, p, d, n);
    if (upcall.function == 0 && p->state == PROCESS_YIELDED)
        return ERR_OFF;
    const struct queue_entry entry = {
        driver_index(d),     n, upcall.function, upcall.appdata, {args[0], args[1], args[2]},
        driver_number(k, d),
    };
    return entry_append(hw, p, &entry);
}

bool upcall_would_be_kept(const struct kernel *k, struct hw *hw, const struct process *p,
                          const struct driver *d, uint32_t n)
{
    if (process_waits_for(k, hw, p, d, n))
        return true;
    if (p->state == PROCESS_YIELDED && grant_upcall(hw, p, d, n).function == 0)
        return false;
    return queue_load(hw, p).count < UPCALL_MAX;
}

uint32_t upcall_waiting(struct hw *hw, const struct process *p)
{
    return process_is_alive(p) ? queue_load(hw, p).count : 0;
}

/* Which entries to forget: those of (d, n), or only those whose argument `place` is `value`. */
struct selection {
    const struct driver *d;
    uint32_t n;
    bool by_argument;
    uint32_t place;
    uint32_t value;
};

static bool entry_is_selected(const struct queue_entry *entry, const struct selection *which)
{
    return entry_is_of(entry, which->d, which->n) &&
           (!which->by_argument || entry->args[which->place] == which->value);
}

bool upcall_is_waiting(struct hw *hw, const struct process *p, const struct driver *d, uint32_t n,
                       uint32_t place, uint32_t value)
{
    const struct selection which = {d, n, .by_argument = true, .place = place, .value = value};
    struct queue queue = queue_load(hw, p);
    struct queue_entry entry;

    for (uint32_t i = 0; i < queue.count; i++)
        if (!queue_entry_load(hw, p, queue, i, &entry) && entry_is_selected(&entry, &which))
            return true;
    return false;
}

/* Forgets the selected entries and closes the gaps. */
static uint32_t entries_cancel(struct hw *hw, struct process *p, const struct selection *which,
                               uint32_t *number_of_driver)
{
    struct queue queue = queue_load(hw, p);
    struct queue_entry entry;
    uint32_t kept = 0;

    for (uint32_t i = 0; i < queue.count; i++) {
        if (queue_entry_load(hw, p, queue, i, &entry))
            continue;
        if (entry_is_selected(&entry, which))
            *number_of_driver = entry.driver_number;
        else if (kept++ != i && queue_entry_store(hw, p, queue, kept - 1, &entry))
            kept--;
    }
    uint32_t cancelled = queue.count - kept;
    queue.count = kept;
    return cancelled && !queue_store(hw, p, queue) ? cancelled : 0;
}

static uint32_t selection_cancel(struct hw *hw, struct process *p, const struct selection *which)
{
    uint32_t number = which->d->number;

    if (!process_is_alive(p))
        return 0;
    uint32_t cancelled = entries_cancel(hw, p, which, &number);
    if (cancelled)
        hw_note(hw, NOTE_UPCALL_CANCELLED, p->id.index, number, pair(which->n, cancelled));
    return cancelled;
}

uint32_t upcall_cancel(struct hw *hw, struct process *p, const struct driver *d, uint32_t n)
{
    const struct selection which = {.d = d, .n = n};

    return selection_cancel(hw, p, &which);
}

uint32_t upcall_cancel_matching(struct hw *hw, struct process *p, const struct driver *d,
                                uint32_t n, uint32_t place, uint32_t value)
{
    const struct selection which = {d, n, .by_argument = true, .place = place, .value = value};

    return place < UPCALL_ARGS ? selection_cancel(hw, p, &which) : 0;
}

static void entry_invoke(struct hw *hw, struct process *p, const struct queue_entry *entry)
{
    hw_spend(hw, PATH_UPCALL_DELIVER, 1);
    p->resume = (struct resume){
        .kind = RESUME_UPCALL,
        .function = entry->function,
        .r = {entry->args[0], entry->args[1], entry->args[2], entry->appdata},
    };
    hw_note(hw, NOTE_UPCALL_DELIVERED, p->id.index, entry->driver_number,
            pair(entry->number, entry->function));
}

bool upcall_take(struct hw *hw, struct process *p)
{
    struct queue queue = queue_load(hw, p);
    struct queue_entry entry;

    while (queue.count > 0) {
        if (queue_entry_load(hw, p, queue, 0, &entry) || entry_remove(hw, p, &queue, 0))
            return false;
        if (entry_is_invokable(p, &entry)) {
            entry_invoke(hw, p, &entry);
            return true;
        }
        if (entry.function != 0)
            note_dropped(hw, p, &entry);
    }
    return false;
}

void upcall_pass_bare(struct hw *hw, const struct process *p)
{
    struct queue queue = queue_load(hw, p);
    struct queue_entry entry;

    while (queue.count > 0 && !queue_entry_load(hw, p, queue, 0, &entry) && entry.function == 0)
        if (entry_remove(hw, p, &queue, 0))
            return;
}

bool upcall_take_event(struct kernel *k, struct hw *hw, struct process *p, uint32_t driver,
                       uint32_t number, uint32_t args[3])
{
    const struct driver *d = driver_find(k, driver);
    struct queue queue = queue_load(hw, p);
    struct queue_entry entry;

    for (uint32_t i = 0; d && i < queue.count; i++) {
        if (queue_entry_load(hw, p, queue, i, &entry))
            return false;
        if (entry.driver != driver_index(d) || entry.number != number)
            continue;
        if (entry_remove(hw, p, &queue, i))
            return false;
        memcpy(args, entry.args, sizeof entry.args);
        hw_note(hw, NOTE_UPCALL_DELIVERED, p->id.index, driver, pair(number, 0));
        return true;
    }
    return false;
}

static bool has_invokable(struct hw *hw, const struct process *p)
{
    struct queue queue = queue_load(hw, p);
    struct queue_entry entry;

    for (uint32_t i = 0; i < queue.count; i++)
        if (!queue_entry_load(hw, p, queue, i, &entry) && entry_is_invokable(p, &entry))
            return true;
    return false;
}

bool process_is_ready(struct hw *hw, const struct process *p)
{
    uint32_t args[3];

    if (p->stopped)
        return false;
    switch (p->state) {
    case PROCESS_RUNNING:
        return true;
    case PROCESS_YIELDED:
        return has_invokable(hw, p);
    case PROCESS_YIELDED_FOR:
        return slot_load(hw, p, args);
    default:
        return false;
    }
}

static bool slot_take(struct hw *hw, struct process *p)
{
    struct resume resume = {.kind = RESUME_RETURN};
    const uint32_t none[3] = {0};

    if (!slot_load(hw, p, resume.r) || slot_store(hw, p, false, none))
        return false;
    hw_spend(hw, PATH_UPCALL_DELIVER, 1);
    p->resume = resume;
    hw_note(hw, NOTE_UPCALL_DELIVERED, p->id.index, p->wait_driver, pair(p->wait_number, 0));
    return true;
}

bool process_wake(struct hw *hw, struct process *p)
{
    bool woken = p->state == PROCESS_YIELDED       ? upcall_take(hw, p)
                 : p->state == PROCESS_YIELDED_FOR ? slot_take(hw, p)
                                                   : false;

    if (woken)
        process_set_state(hw, p, PROCESS_RUNNING);
    return woken;
}
