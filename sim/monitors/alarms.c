/* alarms: alarm-time, for every alarm of the kernel's counter, of apps and of its own components.
 *
 * An alarm fires when the RTC's counter, read from a copy of the device, has reached its tick, and
 * not before; it is called lost once it has not fired for LATE_MAX after that, judged when another
 * fires or is set, when the CPU sleeps, and at the end. What it is due at the kernel says in its
 * notes; that an app's alarm is due when the app asked for it, scenarios hold against what they
 * asked.
 *
 * When an app sets one and when the CPU sleeps, and something was set or fired since, the RTC
 * itself is asked: its compare event has come, or comes no later than the earliest alarm is due, or
 * from now on if that has been, but for ARMED_LATE_MAX. Not judged of an RTC that an injection
 * touches.
 *
 * Ticks are compared modulo 2^24, the counter's size, so that its turning over is judged, too; an
 * alarm that far away is due in no less than half of that: time says it.
 */
#include "model/process.h"
#include "sim/machine.h"
#include "sim/monitors.h"
#include <string.h>

enum {
    RTC_COUNTER = 0x504,
    RTC_EVENT_COMPARE0 = 0x140,
    RTC_INTENSET = 0x304,
    RTC_INT_COMPARE0 = 1 << 16,
    RTC_CC0 = 0x540,
    COUNTER_MASK = 0xffffff,
    LATE_MAX = 3277,     /* ticks: 100 ms; ours: twice what the kernel may take for itself */
    ARMED_LATE_MAX = 32, /* ticks, a millisecond; ours: arming takes the kernel a few */
    SURE_TICKS = 8,
    COPY_MAX = 2048, /* bytes of an RTC */
    TICKS_PER_S = 32768,
};

#define DUE_NEVER UINT64_MAX

struct alarms {
    uint32_t count;
    uint64_t first_due; /* the first of them is not before */
    bool is_changed;    /* one was set, or has fired, since the RTC was asked */
    uint64_t due[];     /* ticks; the apps', then the kernel's; DUE_NEVER: none is set */
};

static size_t size_for(const struct scenario *s)
{
    uint32_t count = s->app_count + ALARM_KERNEL_MAX;
    return s->config.alarm.present ? sizeof(struct alarms) + count * sizeof(uint64_t) : 0;
}

/* As the hardware has it at this moment. */
static uint32_t counter_now(struct machine *m)
{
    const struct scenario *s = machine_scenario(m);
    uint64_t block[COPY_MAX / sizeof(uint64_t)];
    struct device *copy = (struct device *)(void *)block;
    const struct device *d = machine_device(m, board_device_at(&s->board, s->config.alarm.base));
    size_t size = device_size(d->type);

    if (size > sizeof block)
        return 0;
    memcpy(block, d, size);
    copy->request_count = 0;
    return device_read(copy, RTC_COUNTER, machine_now_ps(m)) & COUNTER_MASK;
}

/* By time: right to a few ticks in a thousand. */
static int64_t ticks_past_about(const struct machine *m, uint64_t due)
{
    return (int64_t)(machine_now_ps(m) / (PS_PER_S / TICKS_PER_S)) - (int64_t)due;
}

/* Ticks since the tick `due`, below 0: so many to come. Time says how far, the counter where. */
static int64_t ticks_past(struct machine *m, uint64_t due)
{
    int64_t about = ticks_past_about(m, due);
    int32_t exact = (int32_t)((counter_now(m) - (uint32_t)due) << 8) >> 8;

    return about > COUNTER_MASK / 4 || about < -(COUNTER_MASK / 4) ? about : exact;
}

static void judge_lost(struct machine *m, struct alarms *a)
{
    if (a->first_due == DUE_NEVER || ticks_past_about(m, a->first_due) < LATE_MAX / 2)
        return; /* nearly always */
    a->first_due = DUE_NEVER;
    for (uint32_t i = 0; i < a->count; i++) {
        a->first_due = a->due[i] < a->first_due ? a->due[i] : a->first_due;
        if (a->due[i] == DUE_NEVER || ticks_past_about(m, a->due[i]) < LATE_MAX / 2)
            continue;
        int64_t past = ticks_past(m, a->due[i]);
        if (past > LATE_MAX)
            break_add(m, RULE_ALARM_TIME, i < a->count - ALARM_KERNEL_MAX ? i : PROCESS_NONE, i,
                      DETAIL_ALARM_LOST, (uint64_t)past, a->due[i]);
    }
}

/* ---- whether the RTC is armed */

static bool is_touched(const struct scenario *s, const struct device *d)
{
    for (uint32_t i = 0; i < s->injection_count; i++) {
        const struct injection *plan = &s->injections[i];
        if (injection_is_of_device(plan) && !injection_pulses(plan) && plan->device == d->index)
            return true;
    }
    return false;
}

/* The place of the earliest one; a->count: none is set. */
static uint32_t earliest(const struct alarms *a)
{
    uint32_t first = a->count;

    for (uint32_t i = 0; i < a->count; i++)
        if (a->due[i] != DUE_NEVER && (first == a->count || a->due[i] < a->due[first]))
            first = i;
    return first;
}

/* It is armed for just that tick, which is far enough for time to know that it is to come. */
static bool is_armed_for(const struct machine *m, struct device *d, uint64_t due)
{
    return device_value_at(d, RTC_CC0) == (due & COUNTER_MASK) &&
           device_value_at(d, RTC_INTENSET) & RTC_INT_COMPARE0 &&
           ticks_past_about(m, due) < -SURE_TICKS;
}

static void judge_event(struct machine *m, const struct alarms *a, struct device *d, uint32_t slot)
{
    uint32_t counter = counter_now(m), comes = COUNTER_MASK;
    int32_t past = (int32_t)((counter - (uint32_t)a->due[slot]) << 8) >> 8;
    uint32_t to_go = past < 0 ? (uint32_t)-past : 0;

    if (device_value_at(d, RTC_INTENSET) & RTC_INT_COMPARE0)
        comes = (device_value_at(d, RTC_CC0) - counter) & COUNTER_MASK;
    if (comes > to_go + ARMED_LATE_MAX)
        break_add(m, RULE_ALARM_TIME, slot < a->count - ALARM_KERNEL_MAX ? slot : PROCESS_NONE,
                  slot, DETAIL_ALARM_UNARMED, to_go, comes);
}

static OUT_OF_LINE void judge_armed(struct machine *m, struct alarms *a)
{
    const struct scenario *s = machine_scenario(m);
    struct device *d = machine_device(m, board_device_at(&s->board, s->config.alarm.base));
    uint32_t first = earliest(a);

    a->is_changed = false;
    if (first == a->count || device_value_at(d, RTC_EVENT_COMPARE0) ||
        is_armed_for(m, d, a->due[first]))
        return;
    if (ticks_past_about(m, a->due[first]) < -(COUNTER_MASK / 4) || is_touched(s, d))
        return; /* an overflow comes first, and arms it */
    judge_event(m, a, d, first);
}

/* ---- records */

static void fires(struct machine *m, struct alarms *a, uint32_t slot, const struct record *r)
{
    int64_t past = ticks_past(m, r->value);

    rule_armed(m, RULE_ALARM_TIME);
    if (a->due[slot] != r->value)
        break_add(m, RULE_ALARM_TIME, r->process, slot, DETAIL_ALARM_UNSET, r->value, 0);
    else if (past < 0)
        break_add(m, RULE_ALARM_TIME, r->process, slot, DETAIL_ALARM_EARLY, (uint64_t)-past,
                  r->value);
    else
        peak_reach(m, PEAK_ALARM_TICKS, (uint64_t)past);
    a->due[slot] = DUE_NEVER;
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    struct alarms *a = state;
    uint32_t apps = a->count - ALARM_KERNEL_MAX;
    uint32_t slot = r->address < PROCESS_MAX ? r->address : apps + r->address - PROCESS_MAX;

    /* Before the kernel sets another one it has seen to those that there are. Its own components
     * set theirs while it does. */
    bool is_settled = r->kind == EVENT_SLEEP ||
                      (r->kind == EVENT_OF(NOTE_ALARM_SET) && r->process != PROCESS_NONE);

    if (a->is_changed && is_settled)
        judge_armed(m, a);
    if (r->kind == EVENT_SLEEP) {
        judge_lost(m, a);
    } else if (r->kind == EVENT_OF(NOTE_PROCESS_END)) {
        if (r->process < apps)
            a->due[r->process] = DUE_NEVER;
    } else if (slot < a->count && r->kind == EVENT_OF(NOTE_ALARM_SET)) {
        a->due[slot] = r->value;
        a->is_changed = true;
        a->first_due = r->value < a->first_due ? r->value : a->first_due;
    } else if (slot < a->count) {
        fires(m, a, slot, r);
        a->is_changed = true;
        judge_lost(m, a);
    }
}

static void at_end(struct machine *m, void *state)
{
    judge_lost(m, state);
}

static void start(struct machine *m, void *state)
{
    struct alarms *a = state;

    a->count = machine_scenario(m)->app_count + ALARM_KERNEL_MAX;
    a->first_due = DUE_NEVER;
    memset(a->due, 0xff, a->count * sizeof a->due[0]);
}

const struct monitor monitor_alarms = {
    .name = "alarms",
    .kinds = {KIND_EVENT(EVENT_SLEEP), KIND_NOTE(NOTE_ALARM_SET) | KIND_NOTE(NOTE_ALARM_FIRED) |
                                           KIND_NOTE(NOTE_PROCESS_END)},
    .size_for = size_for,
    .rules = KIND_BIT(RULE_ALARM_TIME),
    .always = true,
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
