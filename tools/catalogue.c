/* catalogue.c: see catalogue.h. */
#include "tools/catalogue.h"

#include "devices/catalogue.h"
#include "model/boards/filters.h"
#include "sim/apps/catalogue.h"
#include "sim/world/catalogue.h"
#include "tools/extra.h"

static const struct catalogue_filter filters[] = {
    {"widen_512k",
     "grants any request inside 0x50000000..0x5007ffff as all of these 512 KiB, as the draft's "
     "board does",
     filter_widen_512k},
};

struct catalogue catalogue(void)
{
    uint32_t extra_count;
    const struct extra *const *extras = extras_all(&extra_count);
    return (struct catalogue){.devices = device_catalogue,
                              .device_count = device_catalogue_count,
                              .engines = app_catalogue,
                              .engine_count = app_catalogue_count,
                              .filters = filters,
                              .filter_count = COUNT_OF(filters),
                              .peers = peer_catalogue,
                              .peer_count = peer_catalogue_count,
                              .extras = extras,
                              .extra_count = extra_count};
}
