/* target_syscall.c: three apps that do anything, on a board that lends devices, on one that
 * shares its own, and on one whose kernel drives the radio; every always-on rule must hold.
 *
 * A tape's streams: STREAM_SCHEDULE (which board, and what befalls the apps: fuzz/stage.h) and
 * STREAM_APP to STREAM_APP + 2 (fuzz/app_bytes.h). Nobody plays the others.
 *
 * The apps differ in what the kernel knows of them: credential, fault policy, sizes, a device
 * request in a header, a list of permitted calls. No credential here gets a DMA master lent: who
 * has one is trusted (TRD 107, section 3), and rules would break by right.
 */
#include "fuzz/stage_target.h"

/* The kernel drives it itself; nobody answers. */
#define KERNEL_RADIO                                                                               \
    "{\"name\": \"nrf52840dk\", \"kernel\": {\"alarm\": \"RTC1\", \"radio\": {\"device\": "        \
    "\"RADIO\", \"timer\": \"TIMER0\", \"ppi\": \"PPI\", \"clock\": \"CLOCK\"}}}"

/* Its only differences are the board and whom it lends a device at the start. */
#define STAGE_TEXT(board, request)                                                                 \
    "{\"claim\": \"Three apps that do anything break no rule.\", \"board\": " board ","            \
    " \"apps\": ["                                                                                 \
    "{\"name\": \"one\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 1}," \
    "{\"name\": \"two\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 2,"  \
    " \"ram\": {\"size\": 8192, \"initial\": 1024}, \"requests\": [{\"device\": \"" request        \
    "\"}]},"                                                                                       \
    "{\"name\": \"three\", \"program\": \"bytes\", \"fault_policy\": \"restart-at-most\","         \
    " \"restart_limit\": 3, \"ram\": {\"size\": 2048, \"initial\": 1024}}],"                       \
    " \"until_ms\": 30}"

const struct stage_target target_syscall = {
    .name = "syscall",
    .stage_count = 3,
    .stages = {{"fuzz/lends.json", STAGE_TEXT("\"nrf52840dk\"", "TIMER1")},
               {"fuzz/shares.json", STAGE_TEXT("\"services\"", "TIMER1")},
               {"fuzz/radio.json", STAGE_TEXT(KERNEL_RADIO, "TIMER1")}},
    .user = {.kinds = {[STREAM_SCHEDULE] = (1 << SCHEDULE_KINDS) - 1,
                       [STREAM_APP] = 0xffff,
                       [STREAM_APP + 1] = 0xffff,
                       [STREAM_APP + 2] = 0xffff},
             .tell = story_syscall},
};
