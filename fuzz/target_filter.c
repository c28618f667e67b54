/* target_filter.c: a board's filter that answers anything, and requests of any shape.
 *
 * A tape's streams: STREAM_SCHEDULE (which board, and what befalls the apps: fuzz/stage.h),
 * STREAM_FILTER (rows of the board's filter and requests in headers: fuzz/stage_filter.h) and
 * STREAM_APP to STREAM_APP + 2 (fuzz/app_bytes.h).
 *
 *   fuzz/any.json    the nRF52840 DK, its own rows behind those of the tape
 *   fuzz/few.json    the same; an app's header takes five regions of the MPU, which leaves none
 *   fuzz/wide.json   TRD 107's draft: the filter is a C function that makes 512 KiB of any request,
 *                    and the stage declares all of it: the board's own
 *                    file does so for who asks for the BLE controller, not for an IO master
 *   fuzz/edges.json  each device that is lent lies beside something that never is. The stage
 *                    declares the one answer of its own rows that may widen a request
 *
 * The header of app "two" permits three commands of passthrough (no release), two of the alarm, and
 * of each four that there are not, in the header's second word.
 *
 * Forbidden beside what the boards forbid, so that no rule breaks by right: what makes its owner a
 * part of the trusted computing base (passthrough.h, D1, D3 and D6). A filter here would lend RADIO
 * to anybody, and whoever has it writes to any memory by DMA. The serial controllers that nobody
 * offers are there as well: an answer that is wide enough covers them, and the kernel knows of no
 * device that is neither its own nor an endpoint.
 */
#include "fuzz/stage_target.h"

#define TRUSTED                                                                                    \
    "\"forbidden\": ["                                                                             \
    "{\"device\": \"FICR\"}, {\"device\": \"UICR\"}, {\"device\": \"NVMC\"}, "                     \
    "{\"device\": \"MWU\"}, {\"device\": \"CLOCK\"}, {\"device\": \"RADIO\"}, "                    \
    "{\"device\": \"ECB\"}, {\"device\": \"CCM\"}, {\"device\": \"PPI\"}, "                        \
    "{\"device\": \"UARTE1\"}, {\"device\": \"SPIM0\"}, {\"device\": \"TWIM1\"}, "                 \
    "{\"device\": \"SPIM2\"}]"

/* The differences are the board, and what the first app's header asks for. */
#define STAGE_TEXT(board, requests)                                                                \
    "{\"claim\": \"Whatever the filter answers and apps ask for, no rule breaks.\","               \
    " \"board\": " board ", \"apps\": ["                                                           \
    "{\"name\": \"one\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 1,"  \
    " \"requests\": [" requests "]},"                                                              \
    "{\"name\": \"two\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 2,"  \
    " \"permissions\": [{\"driver\": \"passthrough\", \"commands\": [0, 1, 2, 64, 65, 66, 67]},"   \
    " {\"driver\": \"alarm\", \"commands\": [0, 5, 64, 65, 66, 67]}]},"                            \
    "{\"name\": \"three\", \"program\": \"bytes\", \"fault_policy\": \"restart-at-most\","         \
    " \"restart_limit\": 3, \"ram\": {\"size\": 8192, \"initial\": 1024}}],"                       \
    " \"until_ms\": 10}"

#define DK "{\"name\": \"nrf52840dk\", " TRUSTED "}"
#define WIDE                                                                                       \
    "{\"name\": \"draft512k\", \"over_exposure\": [{\"address\": \"0x50000000\", "                 \
    "\"size\": \"0x80000\", \"why\": \"the filter answers 512 KiB\"}]}"
#define EDGES                                                                                      \
    "{\"name\": \"edges\", \"over_exposure\": [{\"address\": \"0x5000D000\", "                     \
    "\"size\": \"0x800\", \"why\": \"SHORT: half of it, whatever part is asked for\"}]}"
#define FIVE_REGIONS                                                                               \
    "{\"device\": \"TIMER0\"}, {\"device\": \"TIMER2\"}, {\"device\": \"TEMP\"}, "                 \
    "{\"device\": \"EGU1\"}, {\"device\": \"TIMER4\"}"

const struct stage_target target_filter = {
    .name = "filter",
    .stage_count = 4,
    .stages = {{"fuzz/any.json", STAGE_TEXT(DK, "")},
               {"fuzz/few.json", STAGE_TEXT(DK, FIVE_REGIONS)},
               {"fuzz/wide.json", STAGE_TEXT(WIDE, "")},
               {"fuzz/edges.json", STAGE_TEXT(EDGES, "{\"device\": \"BESIDE\"}")}},
    .user = {.kinds = {[STREAM_SCHEDULE] = (1 << SCHEDULE_LENT_KINDS) - 1,
                       [STREAM_FILTER] = (1 << FILTER_KINDS) - 1,
                       [STREAM_APP] = 0xffff,
                       [STREAM_APP + 1] = 0xffff,
                       [STREAM_APP + 2] = 0xffff},
             .repeats_all = true,
             .tell = story_filter},
};
