/* stage_filter.h: the board's filter, and what headers ask for, as a tape has them.
 *
 *   the stage's own text --stage_filter_keep--> rows, exposures, header requests as they were
 *   tape, STREAM_FILTER  --stage_filter_plan--> rows in front of the board's own ones, requests
 *                                               behind those of an app's header
 *
 * The scenario itself is changed (board.rows, board.exposures, config.filter, images): so whoever
 * writes it out has all of it. It stands still while a run lasts: a filter is pure.
 *
 * Operations by kind. Those that make a row: it is for app `size` alone if `size` is 128 and more
 * (and the app has a credential), for any below; `number` % 8 says which requests it decides: 0, 1
 * all, 2 to 4 those in the window of device `which`, 5 those from that one's to device
 * `number` / 8's, 6 those of the board's own row `which`, 7 those for peripherals.
 *   0 lends what was asked
 *   1 answers the window of device `which`, its first byte moved down and its end up by `value`s:
 *     offset * 0, 32, 256 or 4096 by the upper two bits of pick
 *   2 answers any span: first byte by value[0], bytes by value[1], from dictionaries
 *   3 refuses: with a code of Tock's, or from pick 192 on with one that is none
 *   4 app `which` asks for the window of device `number` in its header, moved as in 1; with `size`
 *     192 and more for any span
 *   5 the board's own rows are left out
 * Where the board's filter is written in C, rows stand in its place.
 *
 * A board says which over-exposure is meant, and so does this one: what the tape's rows answer is
 * declared. What the rule over-exposure finds then is nobody's answer.
 */
#ifndef FUZZ_STAGE_FILTER_H
#define FUZZ_STAGE_FILTER_H

#include "fuzz/tape.h"
#include "sim/scenario.h"

enum filter_kind {
    FILTER_AS_ASKED,
    FILTER_BESIDE,
    FILTER_ANY,
    FILTER_REFUSAL,
    FILTER_REQUEST,
    FILTER_ALONE,
    FILTER_KINDS
};

/* What the stage's text says. */
struct stage_filter {
    struct device_filter filter;
    uint32_t row_count;
    struct filter_row rows[BOARD_ROW_MAX];
    uint32_t exposure_count;
    uint8_t request_counts[TAPE_APPS];
};

void stage_filter_keep(struct stage_filter *own, const struct scenario *scenario);
/* Rows, exposures and requests for which there is no room are left out. */
void stage_filter_plan(const struct stage_filter *own, struct scenario *scenario,
                       const struct tape *tape);

#endif
