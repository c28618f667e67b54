#include "model/capsule_state.h"
#include "model/chip_rtc.h"
#include "model/kernel.h"

enum { ALARM_DRIVER = 0x0, ALARM_UPCALL = 0 };
enum { EXISTS, FREQUENCY, NOW, STOP, SET_RELATIVE = 5, SET_ABSOLUTE = 6 };

/* One process's alarm, in its grant: armed, when it is due (64-bit ticks), what the app calls that.
 * Due is kept in 64 bits, so that no turn of the app's 32-bit counter can hide it. */
enum { ARMED, DUE_LOW, DUE_HIGH, EXPIRATION, ALARM_WORDS };
_Static_assert((int)ALARM_WORDS <= (int)CAPSULE_WORD_MAX, "an alarm fits");

static uint64_t due_of(const uint32_t alarm[ALARM_WORDS])
{
    return alarm[DUE_LOW] | (uint64_t)alarm[DUE_HIGH] << 32;
}

static bool alarm_load(struct hw *hw, const struct process *p, uint32_t alarm[ALARM_WORDS])
{
    return !capsule_state_load(hw, p, &alarm_driver, alarm, ALARM_WORDS) && alarm[ARMED];
}

static enum err alarm_clear(struct hw *hw, const struct process *p)
{
    const uint32_t none[ALARM_WORDS] = {0};

    return capsule_state_store(hw, p, &alarm_driver, none, ALARM_WORDS);
}

uint64_t alarm_now(struct kernel *k, struct hw *hw)
{
    struct alarm_service *alarm = &k->services.alarm;

    if (!k->config->alarm.present)
        return 0;
    uint32_t base = k->config->alarm.base;
    alarm->last = chip_rtc_counter(hw, base);
    if (chip_rtc_overflowed(hw, base)) { /* before or after we read: which, a new look knows */
        alarm->high++;
        alarm->last = chip_rtc_counter(hw, base);
    }
    return (uint64_t)alarm->high * RTC_SPAN + alarm->last;
}

static void alarm_fire(struct kernel *k, struct hw *hw, const struct process *p, uint64_t now)
{
    uint32_t alarm[ALARM_WORDS];

    if (!alarm_load(hw, p, alarm) || due_of(alarm) > now || alarm_clear(hw, p))
        return;
    hw_note(hw, NOTE_ALARM_FIRED, p->id.index, p->id.index, due_of(alarm));
    const uint32_t args[3] = {(uint32_t)now, alarm[EXPIRATION], 0};
    enum err err = upcall_queue(k, hw, p->id, &alarm_driver, ALARM_UPCALL, args);
    (void)err; /* dropped ones are counted there */
}

/* ALARM_NEVER: nobody has an alarm. */
static uint64_t alarm_earliest(const struct kernel *k, struct hw *hw)
{
    uint32_t alarm[ALARM_WORDS];
    uint64_t earliest = ALARM_NEVER;

    for (uint32_t i = 0; i < k->process_count; i++)
        if (alarm_load(hw, &k->processes[i], alarm) && due_of(alarm) < earliest)
            earliest = due_of(alarm);
    for (uint32_t i = 0; i < ALARM_KERNEL_MAX; i++)
        if (k->services.alarm.kernel_due[i] < earliest)
            earliest = k->services.alarm.kernel_due[i];
    return earliest;
}

static void alarm_disarm(struct kernel *k, struct hw *hw)
{
    k->services.alarm.armed = false;
    chip_rtc_disarm(hw, k->config->alarm.base);
}

/* Sees to an interrupt for the earliest alarm. One that is armed and comes no later stays: were it
 * moved at each call, those who set alarms all the time would put off the others' for ever. */
static void alarm_arm(struct kernel *k, struct hw *hw)
{
    struct alarm_service *alarm = &k->services.alarm;
    uint64_t due = alarm_earliest(k, hw);
    uint64_t now = alarm_now(k, hw);

    if (due < now + RTC_AHEAD_MIN)
        due = now + RTC_AHEAD_MIN;
    if (due - now >= RTC_SPAN) { /* none, or an overflow comes first and asks again */
        alarm_disarm(k, hw);
        return;
    }
    if (alarm->armed && alarm->armed_for <= due)
        return;
    alarm->armed = true;
    alarm->armed_for =
        now + chip_rtc_arm(hw, k->config->alarm.base, alarm->last, (uint32_t)(due - now));
}

static enum err alarm_set(struct kernel *k, struct hw *hw, struct process *p, uint64_t due,
                          uint32_t expiration)
{
    const uint32_t alarm[ALARM_WORDS] = {1, (uint32_t)due, (uint32_t)(due >> 32), expiration};
    enum err err = grant_allocate(hw, p, &alarm_driver);

    if (!err)
        err = grant_enter(hw, p, &alarm_driver);
    if (err)
        return err;
    err = capsule_state_store(hw, p, &alarm_driver, alarm, ALARM_WORDS);
    grant_leave(p, &alarm_driver);
    if (err)
        return err;
    hw_note(hw, NOTE_ALARM_SET, p->id.index, p->id.index, due);
    alarm_arm(k, hw);
    return ERR_NONE;
}

/* ---- components of the kernel */

void alarm_kernel_set(struct kernel *k, struct hw *hw, uint32_t which, uint64_t due)
{
    struct alarm_service *alarm = &k->services.alarm;

    if (!k->config->alarm.present || alarm->kernel_due[which] == due)
        return;
    alarm->kernel_due[which] = due;
    hw_note(hw, NOTE_ALARM_SET, PROCESS_NONE, PROCESS_MAX + which, due);
    if (!alarm->firing && due != ALARM_NEVER)
        alarm_arm(k, hw);
}

/* A kernel client sets its next alarm in the callback of the last: 1 to 200 ticks ahead, one that
 * is due already among them. */
static void kernel_client_set(struct kernel *k, struct hw *hw, uint32_t client)
{
    uint32_t fired = k->services.alarm.kernel_fired[client]++;
    uint32_t most = k->config->kernel_clients[VIRT_ALARM].operations;

    if (most && fired >= most)
        return;
    alarm_kernel_set(k, hw, ALARM_KERNEL_CLIENT + client,
                     alarm_now(k, hw) + (fired * 37 + client * 11) % 201);
}

static void kernel_fire(struct kernel *k, struct hw *hw, uint32_t which, uint64_t now)
{
    uint64_t *due = &k->services.alarm.kernel_due[which];

    if (*due > now)
        return;
    hw_note(hw, NOTE_ALARM_FIRED, PROCESS_NONE, PROCESS_MAX + which, *due);
    *due = ALARM_NEVER;
    if (which < ALARM_KERNEL_CLIENT)
        virt_alarm(k, hw, virts[which]);
    else
        kernel_client_set(k, hw, which - ALARM_KERNEL_CLIENT);
}

/* `dt` ticks after `reference`, which has been; at once if that has been, too. */
static struct syscall_return command_set(struct kernel *k, struct hw *hw, struct process *p,
                                         uint64_t now, uint32_t reference, uint32_t dt)
{
    uint32_t elapsed = (uint32_t)now - reference;
    uint64_t due = elapsed < dt ? now + (dt - elapsed) : now;
    enum err err = alarm_set(k, hw, p, due, reference + dt);

    return err ? return_failure(err) : return_success_1(reference + dt);
}

static struct syscall_return command_stop(struct kernel *k, struct hw *hw, struct process *p)
{
    uint32_t alarm[ALARM_WORDS];

    if (!alarm_load(hw, p, alarm))
        return return_failure(ERR_ALREADY);
    enum err err = alarm_clear(hw, p);
    hw_note(hw, NOTE_ALARM_SET, p->id.index, p->id.index, ALARM_NEVER);
    alarm_arm(k, hw);
    return return_of(err);
}

static struct syscall_return alarm_command(struct kernel *k, struct hw *hw, struct process *p,
                                           uint32_t number, uint32_t a, uint32_t b)
{
    uint64_t now;

    switch (number) {
    case EXISTS:
        return return_success();
    case FREQUENCY:
        return return_success_1(RTC_HZ);
    case NOW:
        return return_success_1((uint32_t)alarm_now(k, hw));
    case STOP:
        return command_stop(k, hw, p);
    case SET_RELATIVE:
        now = alarm_now(k, hw);
        return command_set(k, hw, p, now, (uint32_t)now, a);
    case SET_ABSOLUTE:
        return command_set(k, hw, p, alarm_now(k, hw), a, b);
    default:
        return return_failure(ERR_NOSUPPORT);
    }
}

static bool alarm_present(const struct kernel *k)
{
    return k->config->alarm.present;
}

static void alarm_start(struct kernel *k, struct hw *hw)
{
    struct alarm_service *alarm = &k->services.alarm;

    *alarm = (struct alarm_service){0};
    for (uint32_t i = 0; i < ALARM_KERNEL_MAX; i++)
        alarm->kernel_due[i] = ALARM_NEVER;
    chip_rtc_start(hw, k->config->alarm.base);
    for (uint32_t i = 0; i < k->config->kernel_clients[VIRT_ALARM].count; i++)
        kernel_client_set(k, hw, i);
}

/* All that are due fire, then the earliest of the rest is armed. */
static bool alarm_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    struct alarm_service *alarm = &k->services.alarm;

    if (!alarm_present(k) || k->config->alarm.line != line)
        return false;
    chip_rtc_acknowledge(hw, k->config->alarm.base);
    alarm->armed = false;
    alarm->firing = true;
    uint64_t now = alarm_now(k, hw);
    for (uint32_t i = 0; i < k->process_count; i++)
        alarm_fire(k, hw, &k->processes[i], now);
    for (uint32_t i = 0; i < ALARM_KERNEL_MAX; i++)
        kernel_fire(k, hw, i, now);
    alarm->firing = false;
    alarm_arm(k, hw);
    return true;
}

const struct driver alarm_driver = {
    .number = ALARM_DRIVER,
    .upcalls = 1,
    .grant_bytes = 4 * ALARM_WORDS,
    .present = alarm_present,
    .start = alarm_start,
    .command = alarm_command,
    .on_interrupt = alarm_interrupt,
};
