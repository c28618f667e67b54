/* latency: latency and speed-up: what a scenario asks for.
 *
 * Each match of `from` is paired with the first later match of `to`; one `to` ends all that are
 * open. A pair slower than the bound breaks the rule at once, one that is open for longer than it
 * at the end does so then. Patterns may be the same: then the time from one match to the next is
 * measured. With `after` nothing counts before its first match. A speed-up compares the means of
 * two pairs of patterns, in thousandths.
 *
 * Armed: by the first pair (a speed-up: by one of each). Exact: count, minimum, maximum, sum. By
 * half octaves of nanoseconds: the quantiles. When more than OPEN_MAX are open, the oldest
 * (slowest) and the newest (fastest) are timed, and so judged by either bound; those between are
 * not.
 */
#include "model/process.h"
#include "sim/machine.h"
#include "sim/monitors.h"

enum { OPEN_MAX = 8, BAR_COUNT = 64 };

struct meter {
    struct latency_result result;
    bool begun;          /* `after` has matched */
    uint32_t open_count; /* of open_ps; result.open counts the others as well */
    uint64_t open_ps[OPEN_MAX];
};

struct latencies {
    uint32_t used;
    uint8_t meter_of[SCENARIO_CHECK_MAX]; /* 1 + the check's first meter; 0: none */
    struct meter meters[LATENCY_MAX];
};

/* ---- the histogram: bar 0 holds 0 and 1 ns, bars 2k - 1 and 2k the lower and upper half of the
 * octave that begins at 2^k ns */

static uint32_t bar_of(uint64_t ps)
{
    uint64_t ns = ps / 1000;

    if (ns < 2)
        return 0;
    uint32_t octave = 63u - (uint32_t)__builtin_clzll(ns);
    uint32_t bar = 2 * octave - 1 + (uint32_t)(ns >> (octave - 1) & 1);
    return bar < BAR_COUNT ? bar : BAR_COUNT - 1;
}

/* The first nanosecond that is no longer in it. */
static uint64_t bar_end_ns(uint32_t bar)
{
    uint32_t octave = (bar + 1) / 2;
    uint64_t base = UINT64_C(1) << octave;

    if (bar == 0)
        return 2;
    return bar % 2 ? base + base / 2 : base * 2;
}

uint64_t latency_quantile_ps(const struct latency_result *l, uint32_t per_mille)
{
    uint64_t wanted = (l->count * per_mille + 999) / 1000;
    uint64_t seen = 0;

    for (uint32_t bar = 0; bar < BAR_COUNT - 1; bar++) {
        seen += l->histogram[bar];
        uint64_t end_ps = bar_end_ns(bar) * 1000;
        if (seen >= wanted && seen > 0)
            return end_ps < l->max_ps ? end_ps : l->max_ps;
    }
    return l->max_ps;
}

/* ---- one meter */

static void meter_open(struct meter *meter, uint64_t at_ps)
{
    meter->result.open++;
    if (meter->open_count < OPEN_MAX)
        meter->open_count++;
    meter->open_ps[meter->open_count - 1] = at_ps;
}

static void result_add(struct latency_result *l, uint64_t took_ps, uint64_t at_ps)
{
    if (l->count == 0 || took_ps < l->min_ps)
        l->min_ps = took_ps;
    if (l->count == 0 || took_ps > l->max_ps) {
        l->max_ps = took_ps;
        l->max_at_ps = at_ps;
    }
    l->count++;
    l->sum_ps += took_ps;
    l->histogram[bar_of(took_ps)]++;
}

static void judge_pair(struct machine *m, uint32_t i, const struct record *r, uint64_t took_ps)
{
    const struct check *check = &machine_scenario(m)->checks[i];

    if (check->kind != CHECK_LATENCY)
        return;
    check_armed(m, i);
    if (took_ps > check->max)
        break_of_check(m, i, r->process, r->address, DETAIL_LATENCY_LONG, took_ps, check->max);
    else if (took_ps < check->min)
        break_of_check(m, i, r->process, r->address, DETAIL_LATENCY_SHORT, took_ps, check->min);
}

static void meter_record(struct machine *m, struct meter *meter, uint32_t i,
                         const struct pattern *from, const struct pattern *to,
                         const struct record *r)
{
    if (meter->result.open && pattern_matches(to, r)) {
        for (uint32_t n = 0; n < meter->open_count; n++) {
            uint64_t took_ps = r->at_ps - meter->open_ps[n];
            result_add(&meter->result, took_ps, r->at_ps);
            judge_pair(m, i, r, took_ps);
        }
        meter->open_count = 0;
        meter->result.open = 0;
    }
    if (pattern_matches(from, r))
        meter_open(meter, r->at_ps);
}

/* ---- all of them */

static uint32_t meters_of(const struct check *check)
{
    return check->kind == CHECK_LATENCY ? 1 : check->kind == CHECK_SPEEDUP ? 2 : 0;
}

/* Records of other kinds match no pattern. */
static bool hears(const struct scenario *s, unsigned kind)
{
    for (uint32_t i = 0; i < s->check_count; i++) {
        const struct check *c = &s->checks[i];
        if (meters_of(c) > 0 && (c->from.kind == kind || c->to.kind == kind ||
                                 c->from2.kind == kind || c->to2.kind == kind))
            return true;
    }
    return false;
}

static void start(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    struct latencies *all = state;

    for (uint32_t i = 0; i < s->check_count; i++) {
        uint32_t want = meters_of(&s->checks[i]);
        if (want == 0 || all->used + want > LATENCY_MAX)
            continue; /* without a meter a check never arms: the gate will say so */
        all->meter_of[i] = (uint8_t)(all->used + 1);
        all->used += want;
    }
}

/* `after` stands where a speed-up has its second `from`. */
static bool begins(const struct check *check, const struct record *r)
{
    return check->from2.kind == 0 || pattern_matches(&check->from2, r);
}

static void on_record(struct machine *m, void *state, const struct record *r)
{
    const struct scenario *s = machine_scenario(m);
    struct latencies *all = state;

    for (uint32_t i = 0; i < s->check_count; i++) {
        const struct check *check = &s->checks[i];
        if (all->meter_of[i] == 0)
            continue;
        struct meter *meter = &all->meters[all->meter_of[i] - 1];
        if (check->kind == CHECK_LATENCY && !meter->begun && !begins(check, r))
            continue;
        meter->begun = true;
        meter_record(m, meter, i, &check->from, &check->to, r);
        if (check->kind == CHECK_SPEEDUP)
            meter_record(m, meter + 1, i, &check->from2, &check->to2, r);
    }
}

static void judge_open(struct machine *m, const struct meter *meter, uint32_t i)
{
    const struct check *check = &machine_scenario(m)->checks[i];
    uint64_t since = meter->open_count ? machine_now_ps(m) - meter->open_ps[0] : 0;

    if (since <= check->max)
        return;
    check_armed(m, i);
    break_of_check(m, i, PROCESS_NONE, 0, DETAIL_LATENCY_OPEN, since, check->max);
}

static uint64_t mean_ps(const struct latency_result *l)
{
    uint64_t mean = l->sum_ps / l->count;

    return mean ? mean : 1;
}

static void judge_speedup(struct machine *m, const struct meter *meter, uint32_t i)
{
    const struct check *check = &machine_scenario(m)->checks[i];
    const struct latency_result *slow = &meter[0].result;
    const struct latency_result *fast = &meter[1].result;

    if (slow->count == 0 || fast->count == 0)
        return;
    check_armed(m, i);
    uint64_t ratio = (uint64_t)((unsigned __int128)mean_ps(slow) * 1000 / mean_ps(fast));
    if (ratio < check->min)
        break_of_check(m, i, PROCESS_NONE, 0, DETAIL_SPEEDUP, ratio, check->min);
    else if (check->max != 0 && ratio > check->max)
        break_of_check(m, i, PROCESS_NONE, 0, DETAIL_SPEEDUP_HIGH, ratio, check->max);
}

static void at_end(struct machine *m, void *state)
{
    const struct scenario *s = machine_scenario(m);
    const struct latencies *all = state;

    for (uint32_t i = 0; i < s->check_count; i++) {
        if (all->meter_of[i] == 0)
            continue;
        const struct meter *meter = &all->meters[all->meter_of[i] - 1];
        if (s->checks[i].kind == CHECK_LATENCY)
            judge_open(m, meter, i);
        else
            judge_speedup(m, meter, i);
    }
}

static const struct latency_result *result_of(const struct machine *m, uint32_t check,
                                              uint32_t second)
{
    const struct latencies *all = machine_monitor_state((struct machine *)m, MONITOR_latency);
    const struct scenario *s = machine_scenario(m);

    if (!all || check >= s->check_count || all->meter_of[check] == 0 ||
        second >= meters_of(&s->checks[check]))
        return NULL;
    return &all->meters[all->meter_of[check] - 1 + second].result;
}

const struct latency_result *latency_result(const struct machine *m, uint32_t check)
{
    return result_of(m, check, 0);
}

const struct latency_result *latency_result_2(const struct machine *m, uint32_t check)
{
    return result_of(m, check, 1);
}

const struct monitor monitor_latency = {
    .name = "latency",
    .kinds = {UINT64_MAX, UINT64_MAX},
    .hears = hears,
    .state_size = sizeof(struct latencies),
    .rules = KIND_BIT(RULE_LATENCY),
    .start = start,
    .on_record = on_record,
    .at_end = at_end,
};
