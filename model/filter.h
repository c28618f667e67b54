/* filter.h: `DevicePassthroughFilter`: the board's word on who may have which device.
 * Source: TRD 107, section 2, step 3.
 *
 * A filter is asked before every grant and answers an error or a span. The answer is input, not
 * truth: passthrough.c checks that it contains what was asked and stays clear of what is never
 * lent. A filter may be a table (rows, the first that fits decides) or a C function of the board.
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include "model/err.h"
#include "model/span.h"

/* Who asks, as far as a policy may know it: an identity from the app's credential, never a name. */
struct filter_subject {
    uint32_t short_id; /* 0: locally unique, no credential */
    uint32_t process;  /* index on this board */
};

struct device_filter;

/* Answers in `*granted`; called only with a valid span. Pure: same question, same answer. */
typedef enum err filter_function(const struct device_filter *filter, struct filter_subject who,
                                 struct span asked, struct span *granted);

/* One row: the first whose `short_id` matches (0: any app) and whose `asked` covers the request
 * decides. `answer` all zeros: the request itself is granted as asked; else `answer` is
 * returned whatever was asked. `refusal` not ERR_NONE: refused with that code. */
struct filter_row {
    uint32_t short_id;
    struct span asked;
    struct span answer;
    enum err refusal;
};

struct device_filter {
    filter_function *function; /* NULL: this board lends nothing (NODEVICE to every request) */
    const struct filter_row *rows;
    uint32_t row_count;
};

/* The filter that reads `rows`; no row fits: ERR_RESERVE, the board denies it to this app. */
filter_function filter_by_table;

#endif
