#include "model/filter.h"

static bool row_fits(const struct filter_row *row, struct filter_subject who, struct span asked)
{
    return (row->short_id == 0 || row->short_id == who.short_id) && span_covers(row->asked, asked);
}

enum err filter_by_table(const struct device_filter *filter, struct filter_subject who,
                         struct span asked, struct span *granted)
{
    for (uint32_t i = 0; i < filter->row_count; i++) {
        const struct filter_row *row = &filter->rows[i];
        if (!row_fits(row, who, asked))
            continue;
        if (row->refusal)
            return row->refusal;
        *granted = row->answer.base || row->answer.size ? row->answer : asked;
        return ERR_NONE;
    }
    return ERR_RESERVE;
}
