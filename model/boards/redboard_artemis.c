#include "model/boards/filters.h"

static const struct span window = {0x50000000, 0x80000};

enum err filter_widen_512k(const struct device_filter *filter, struct filter_subject who,
                           struct span asked, struct span *granted)
{
    (void)filter;
    (void)who;
    if (!span_covers(window, asked))
        return ERR_NOSUPPORT;
    *granted = window;
    return ERR_NONE;
}
