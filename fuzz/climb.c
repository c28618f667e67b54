/* climb.c: see climb.h. */
#include "fuzz/climb.h"

#include "sim/monitors/ledger.h"

enum { STEPS = CLIMB_BYTES * 8 };

static const bool is_measured[CLIMB_QUANTITIES] = {
    [CLIMB_ALARM] = true,
    [CLIMB_KERNEL] = true,
    [CLIMB_GAP] = true,
};

/* Not of 0. */
static uint32_t octave_of(uint64_t number)
{
    return 63u - (uint32_t)__builtin_clzll(number);
}

/* 1 to 7 as they are, then four to an octave. */
static uint32_t quarter_of(uint64_t number)
{
    uint32_t octave = octave_of(number);
    return octave < 2 ? (uint32_t)number
                      : 4 * (octave - 1) + (uint32_t)(number >> (octave - 2) & 3);
}

static void mark(uint8_t *counters, enum climb_quantity quantity, uint64_t number)
{
    static const uint8_t values[8] = {1, 2, 3, 4, 8, 16, 32, 128};
    if (number == 0)
        return;
    uint32_t step = is_measured[quantity] ? octave_of(number) : quarter_of(number);
    if (step >= STEPS)
        step = STEPS - 1;
    counters[quantity * CLIMB_BYTES + step / 8] = values[step % 8];
}

static void most(uint64_t *number, uint64_t of_one)
{
    if (of_one > *number)
        *number = of_one;
}

/* What stands in the peaks. */
static void count_peaks(const struct machine *m, uint64_t numbers[CLIMB_QUANTITIES])
{
    const uint64_t *peaks = machine_peaks(m);
    numbers[CLIMB_ALARM] = peaks[PEAK_ALARM_TICKS];
    numbers[CLIMB_SERVICE] = peaks[PEAK_SERVICES];
    numbers[CLIMB_KERNEL] = peaks[PEAK_KERNEL_PS] / PS_PER_US;
    numbers[CLIMB_CLIENTS] = peaks[PEAK_CLIENTS];
    numbers[CLIMB_UPCALLS] = peaks[PEAK_UPCALLS];
    numbers[CLIMB_UPCALL_KINDS] = peaks[PEAK_UPCALL_KINDS];
}

static void count_windows(struct machine *m, uint64_t numbers[CLIMB_QUANTITIES])
{
    const struct ledger *l = ledger_of(m);
    uint32_t held[PROCESS_MAX] = {0};
    for (uint32_t i = 0; i < l->window_end; i++) {
        const struct ledger_window *w = &l->windows[i];
        if (w->state == WINDOW_HELD)
            most(&numbers[CLIMB_WINDOWS], ++held[w->process]);
    }
}

static void count_gap(struct machine *m, uint64_t numbers[CLIMB_QUANTITIES])
{
    for (uint32_t i = 0; i < machine_scenario(m)->app_count; i++) {
        const struct ledger_process *p = &ledger_of(m)->processes[i];
        uint64_t gap = (uint64_t)p->kernel_break - p->app_break + 1;
        if (p->live && (numbers[CLIMB_GAP] == 0 || gap < numbers[CLIMB_GAP]))
            numbers[CLIMB_GAP] = gap;
    }
}

static void count_turns(const struct machine *m, uint64_t numbers[CLIMB_QUANTITIES])
{
    for (uint32_t virt = 0; virt < VIRTS; virt++) {
        const struct virt_result *result = virt_result(m, virt);
        most(&numbers[CLIMB_TURNS], result ? result->waited : 0);
    }
}

void climb_count(struct machine *m, uint8_t counters[CLIMB_COUNTERS])
{
    uint64_t numbers[CLIMB_QUANTITIES] = {0};
    count_peaks(m, numbers);
    count_windows(m, numbers);
    count_gap(m, numbers);
    count_turns(m, numbers);
    for (uint32_t i = 0; i < CLIMB_QUANTITIES; i++)
        mark(counters, (enum climb_quantity)i, numbers[i]);
}
