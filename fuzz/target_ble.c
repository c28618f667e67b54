/* target_ble.c: whatever comes over the air, a peripheral's link layer survives it, and so does the
 * kernel's radio path; all always-on rules hold for what is sent from this side.
 *
 * Stages: each design of the peripheral (sim/apps/ble_*.c) in a connection that stands, plain and,
 * of those that can, encrypted; one with the other channel selection, and one with latency and a
 * central whose clock is as bad as may be; advertising, with a scanner that asks; and the kernel's
 * own advertising; one whose central waits long; and one that another app keeps the CPU from, in
 * turns, with an air that does nothing to it. Beside it an app that does anything, of lower
 * priority. At last one app's ECB, which another one's PPI starts.
 *
 * A tape's streams: STREAM_SCHEDULE (the stage, kills and restarts), AIR_STREAM and PEER_STREAM
 * (fuzz/air_tape.h), STREAM_APP + 1 (the app beside). Nobody plays the others.
 */
#include "fuzz/stage_target.h"

#define KERNEL_RADIO                                                                               \
    "{\"name\": \"nrf52840dk\", \"kernel\": {\"alarm\": \"RTC1\", \"radio\": {\"device\": "        \
    "\"RADIO\", \"timer\": \"TIMER0\", \"ppi\": \"PPI\", \"clock\": \"CLOCK\"}}}"
#define LENT_RADIO "\"nrf52840dk\""
/* It takes nothing that the peripheral needs to begin again: only alarm, console and pins. */
#define SIDE                                                                                       \
    "{\"name\": \"side\", \"program\": \"bytes\", \"fault_policy\": \"restart\", "                 \
    "\"permissions\": ["                                                                           \
    "{\"driver\": \"0x0\", \"commands\": [0, 1, 2, 3, 5, 6]}, {\"driver\": \"0x1\", "              \
    "\"commands\": "                                                                               \
    "[0, 1, 2, 3]}, {\"driver\": \"0x4\", \"commands\": [0, 1, 2, 3, 4, 5, 6]}, {\"driver\": "     \
    "\"0x10001\", \"commands\": [0, 1]}, {\"driver\": \"0x30001\", \"commands\": [0, 3]}]}"
#define PROGRAM(name) "{\"name\": \"ble\", \"program\": \"" name "\", \"short_id\": 16}"
#define ADVERTISER                                                                                 \
    "{\"name\": \"ble\", \"steps\": [{\"compute_us\": 1000}, {\"allow_ro\": {\"driver\": "         \
    "\"ble_advertising\", \"number\": 0, \"address\": \"app.ram\", \"size\": 31}}, {\"command\": " \
    "{\"driver\": \"ble_advertising\", \"number\": 3, \"args\": [0, 20]}, \"expect\": "            \
    "\"success\"}]}"
/* In a connection that stands the peripheral listens to each event, whatever the air loses: asked
 * for, and let pass where the tape is none of that (fuzz/excuse.h). */
#define LISTENS ", \"expect\": {\"ble_link\": {\"unlistened\": 0, \"missed\": 0}}"
/* ... and it has answered one before the snapshot: else nothing stands. */
#define STANDS                                                                                     \
    ", \"expect\": {\"ble_link\": {\"unlistened\": 0, \"missed\": 0, \"answered\": {\"min\": 1}}}"
#define CLAIM "{\"claim\": \"Nothing that comes over the air breaks a rule.\", "
#define STAGE_BY(scheduler, board, app, world, until)                                              \
    CLAIM "\"board\": " board ", \"kernel\": {\"scheduler\": \"" scheduler "\"},"                  \
          " \"apps\": [" app ", " SIDE "], \"world\": {" world "}, \"until_us\": " until "}"
#define STAGE_TEXT(board, app, world, until) STAGE_BY("priority", board, app, world, until)
#define CENTRAL_WITHIN(timeout_ms, conditions, plan)                                               \
    "\"central\": {\"interval_us\": 7500, \"timeout_ms\": " timeout_ms ", " conditions             \
    ", \"read_every\": 3, \"plan\": [" plan "]}, "                                                 \
    "\"stranger\": {\"is\": \"beacon\", \"first_us\": 1000000}"
#define CENTRAL_OF(conditions, plan) CENTRAL_WITHIN("100", conditions, plan)
#define CENTRAL(plan) CENTRAL_OF("\"drift_ppm\": 40", plan)
/* Channel selection #1, on a part of the channels. */
#define FIRST_SELECTION                                                                            \
    CENTRAL_OF("\"drift_ppm\": 40, \"second_selection\": false, \"hop\": 7, "                      \
               "\"channel_map\": 4294967295",                                                      \
               "")
/* As far off as a central may be: Core Vol 6 Part B 4.2.2; from anchor to anchor the jitter is
 * twice that. It goes on for longer than the supervision timeout. */
#define SLACK                                                                                      \
    CENTRAL_OF("\"drift_ppm\": 495, \"ppm_claimed\": 500, \"jitter_us\": 8, \"latency\": 5", "")
/* The same with time for instants that latency puts off, and for long silence. */
#define PATIENCE                                                                                   \
    CENTRAL_WITHIN(                                                                                \
        "400", "\"drift_ppm\": 495, \"ppm_claimed\": 500, \"jitter_us\": 8, \"latency\": 3", "")
/* One app encrypts block after block with ECB; an event of that starts it anew by another one's
 * PPI, also when its owner dies: what that does is expected (stage.h), but nothing is written. */
#define CIPHER                                                                                     \
    CLAIM                                                                                          \
    "\"board\": " LENT_RADIO ", \"kernel\": {\"costs\": {\"preset\": \"m4-300\", "                 \
    "\"kernel_mmio\": 10}}, \"apps\": ["                                                           \
    "{\"name\": \"router\", \"short_id\": 16, \"steps\": ["                                        \
    "{\"command\": {\"driver\": \"passthrough\", \"number\": 2, \"args\": [\"PPI\", "              \
    "\"PPI.size\"]}},"                                                                             \
    " {\"store\": \"PPI.CH[0].EEP\", \"value\": \"ECB.EVENTS_ERRORECB\"},"                         \
    " {\"store\": \"PPI.CH[0].TEP\", \"value\": \"ECB.TASKS_STARTECB\"},"                          \
    " {\"store\": \"PPI.CHENSET\", \"value\": 1}, {\"yield\": \"wait\"}]},"                        \
    " {\"name\": \"cipher\", \"short_id\": 16, \"fault_policy\": \"restart\", \"steps\": ["        \
    "{\"command\": {\"driver\": \"passthrough\", \"number\": 2, \"args\": [\"ECB\", "              \
    "\"ECB.size\"]}},"                                                                             \
    " {\"store\": \"ECB.ECBDATAPTR\", \"value\": \"app.ram\"},"                                    \
    " {\"forever\": [{\"store\": \"ECB.TASKS_STARTECB\", \"value\": 1}, {\"compute_us\": 20}]}]}," \
    " " SIDE "],"                                                                                  \
    " \"until_us\": 5000, \"expect\": {\"breaks\": ["                                              \
    "{\"rule\": \"ppi-reach\", \"app\": \"router\", \"address\": \"ECB.TASKS_STARTECB\", "         \
    "\"why\": \"ECB is another app's, or nobody's\"},"                                             \
    " {\"rule\": \"device-reset\", \"app\": \"cipher\", \"address\": \"ECB.EVENTS_ERRORECB\", "    \
    "\"why\": \"as below\"},"                                                                      \
    " {\"rule\": \"death-order\", \"app\": \"cipher\", \"address\": \"ECB.EVENTS_ERRORECB\", "     \
    "\"why\": \"each refusal is an event, and starts it again\"}]}}"
/* The scanner asks on another channel by the time at which the central connects. */
#define SCANNERS                                                                                   \
    "\"central\": {\"interval_us\": 7500, \"timeout_ms\": 100, \"connect_after\": 2, "             \
    "\"scan_interval_us\": 11000000}, \"scanner\": {\"active\": true, "                            \
    "\"scan_interval_us\": 20000, \"scan_window_us\": 20000}"
#define ENCRYPT "{\"at_event\": 2, \"do\": \"encrypt\"}"

const struct stage_target target_ble = {
    .name = "ble",
    .stage_count = 13,
    .stages = {{"fuzz/ble_software.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_software"), CENTRAL(""), "90000" STANDS)},
               {"fuzz/ble_armed.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_armed"), CENTRAL(""), "90000" STANDS)},
               {"fuzz/ble_syscalls.json",
                STAGE_TEXT(KERNEL_RADIO, PROGRAM("ble_syscalls"), CENTRAL(""), "90000" STANDS)},
               {"fuzz/ble_software_encrypted.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_software"), CENTRAL(ENCRYPT), "140000")},
               {"fuzz/ble_armed_encrypted.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_armed"), CENTRAL(ENCRYPT), "140000")},
               {"fuzz/ble_software_advertising.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_software"), SCANNERS, "80000" LISTENS)},
               {"fuzz/ble_syscalls_advertising.json",
                STAGE_TEXT(KERNEL_RADIO, PROGRAM("ble_syscalls"), SCANNERS, "80000" LISTENS)},
               {"fuzz/ble_kernel_advertising.json",
                STAGE_TEXT(KERNEL_RADIO, ADVERTISER, SCANNERS, "90000")},
               {"fuzz/ble_first_selection.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_armed"), FIRST_SELECTION, "90000" STANDS)},
               {"fuzz/ble_slack.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_software"), SLACK, "220000" STANDS)},
               {"fuzz/ble_patience.json",
                STAGE_TEXT(LENT_RADIO, PROGRAM("ble_software"), PATIENCE, "450000" STANDS)},
               {"fuzz/ble_hog.json", STAGE_BY("round-robin", KERNEL_RADIO, PROGRAM("ble_syscalls"),
                                              CENTRAL(""), "120000")},
               {"fuzz/ble_cipher.json", CIPHER}},
    .from_us = {50000, 50000, 50000, 100000, 100000, 2000, 2000, 500, 50000, 50000, 50000, 50000,
                500},
    .is_calm = {[11] = true},
    .user = {.kinds = {[STREAM_SCHEDULE] = 1 << SCHEDULE_STAGE | 1 << SCHEDULE_KILL |
                                           1 << SCHEDULE_RESTART | 1 << SCHEDULE_KILL_AT |
                                           1 << SCHEDULE_RESTART_AT,
                       [STREAM_APP + 1] = (1 << BYTES_KINDS) - 1,
                       [AIR_STREAM] = (1 << AIR_HOWS) - 1,
                       [PEER_STREAM] = (1 << PEER_KINDS) - 1},
             .tell = story_ble},
};
