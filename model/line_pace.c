#include "model/line_pace.h"

#include "model/types.h"

static void begin_anew(struct line_pace *pace, uint64_t ran_us)
{
    if (pace->is_any_counted)
        memset(pace->services, 0, sizeof pace->services);
    pace->is_any_counted = false;
    pace->from_us = ran_us;
}

static void rest(struct line_pace *pace, uint32_t line, uint64_t ran_us)
{
    uint64_t rest_us = (ran_us - pace->from_us) / LINE_REST_SHARE;

    if (rest_us < LINE_REST_MIN_US)
        rest_us = LINE_REST_MIN_US;
    if (pace->until_us < ran_us + rest_us)
        pace->until_us = ran_us + rest_us;
    pace->resting[line / 32] |= UINT32_C(1) << (line % 32);
    pace->is_any_resting = true;
    pace->services[line] = 0;
}

bool line_pace_serviced(struct line_pace *pace, uint32_t line, uint64_t ran_us)
{
    if (ran_us - pace->from_us > LINE_PACE_US)
        begin_anew(pace, ran_us);
    pace->is_any_counted = true;
    if (++pace->services[line] < LINE_PACE_SERVICES)
        return false;
    rest(pace, line, ran_us);
    return true;
}

uint32_t line_pace_slice(const struct line_pace *pace, uint32_t slice_us, uint64_t ran_us)
{
    if (!pace->is_any_resting)
        return slice_us;
    uint64_t left_us = pace->until_us - ran_us;
    return slice_us && slice_us < left_us ? slice_us : (uint32_t)left_us;
}

bool line_pace_rested(struct line_pace *pace, uint64_t ran_us, bool is_idle,
                      uint32_t lines[IRQ_LINE_MAX / 32])
{
    if (is_idle)
        begin_anew(pace, ran_us);
    if (!pace->is_any_resting || (!is_idle && ran_us < pace->until_us))
        return false;
    begin_anew(pace, ran_us);
    memcpy(lines, pace->resting, sizeof pace->resting);
    memset(pace->resting, 0, sizeof pace->resting);
    pace->is_any_resting = false;
    return true;
}
