/* target_syscall.c: three apps that do anything, and what befalls them; every always-on rule must
 * hold, under each of the kernel's schedulers.
 *
 *   fuzz/lends.json     a board that lends devices; round robin
 *   fuzz/shares.json    one that shares its own; round robin
 *   fuzz/radio.json     one whose kernel drives the radio; priority
 *   fuzz/takes.json     one that shares its own; cooperative, so an app that works keeps the others
 *                       waiting until it is done
 *   fuzz/feedback.json  one that lends; the feedback queue. Tapes begin 25 ms before all are in
 *                       the top queue again, which takes five seconds: an app can sink, and be
 *                       forgiven
 *
 * A tape's streams: STREAM_SCHEDULE (which board, and what befalls the apps: fuzz/stage.h) and
 * STREAM_APP to STREAM_APP + 2 (fuzz/app_bytes.h). Nobody plays the others.
 *
 * The apps differ in what the kernel knows of them: credential, fault policy, sizes, a device
 * request in a header, a list of permitted calls. No credential here gets a DMA master lent: who
 * has one is trusted (TRD 107, section 3), and rules would break by right. On the last two stages
 * an app that faults stays dead, and the third one's fault is the kernel's panic.
 */
#include "fuzz/stage_target.h"

#define ON(board, scheduler) "\"board\": " board ", \"kernel\": {\"scheduler\": \"" scheduler "\"}"
/* The kernel drives it itself; nobody answers. */
#define KERNEL_RADIO                                                                               \
    "{\"name\": \"nrf52840dk\", \"kernel\": {\"alarm\": \"RTC1\", \"radio\": {\"device\": "        \
    "\"RADIO\", \"timer\": \"TIMER0\", \"ppi\": \"PPI\", \"clock\": \"CLOCK\"}}}"

/* What becomes of the second and the third app if they fault. */
#define AGAIN "\"fault_policy\": \"restart\""
#define SELDOM "\"fault_policy\": \"restart-at-most\", \"restart_limit\": 3"
#define STOP "\"fault_policy\": \"stop\""
#define PANIC "\"fault_policy\": \"panic\""

/* ... which is let pass behind that app's fault alone (fuzz/excuse.h). */
#define PANICS                                                                                     \
    ", \"expect\": {\"breaks\": {\"rule\": \"kernel-panic\", \"why\": \"the third app's "          \
    "policy\"}}"

/* It wakes the kernel 163,021 ticks of 32,768 Hz behind its start, where tapes begin: until then
 * everybody sleeps. */
#define CLOCK                                                                                      \
    ", {\"name\": \"clock\", \"steps\": [{\"command\": {\"driver\": \"alarm\", \"number\": 5, "    \
    "\"args\": [163021]}}]}"

#define STAGE_TEXT(on, second, third, more, until)                                                 \
    "{\"claim\": \"Three apps that do anything break no rule.\", " on ", \"apps\": ["              \
    "{\"name\": \"one\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 1}," \
    "{\"name\": \"two\", \"program\": \"bytes\", " second ", \"short_id\": 2,"                     \
    " \"ram\": {\"size\": 8192, \"initial\": 1024}, \"requests\": [{\"device\": \"TIMER1\"}]},"    \
    "{\"name\": \"three\", \"program\": \"bytes\", " third                                         \
    ", \"ram\": {\"size\": 2048, \"initial\": 1024}}" more "], \"until_ms\": " until "}"

const struct stage_target target_syscall = {
    .name = "syscall",
    .stage_count = 5,
    .stages = {{"fuzz/lends.json",
                STAGE_TEXT(ON("\"nrf52840dk\"", "round-robin"), AGAIN, SELDOM, "", "30")},
               {"fuzz/shares.json",
                STAGE_TEXT(ON("\"services\"", "round-robin"), AGAIN, SELDOM, "", "30")},
               {"fuzz/radio.json",
                STAGE_TEXT(ON(KERNEL_RADIO, "priority"), AGAIN, SELDOM, "", "30")},
               {"fuzz/takes.json",
                STAGE_TEXT(ON("\"services\"", "cooperative"), STOP, PANIC, "", "30" PANICS)},
               {"fuzz/feedback.json",
                STAGE_TEXT(ON("\"nrf52840dk\"", "mlfq"), STOP, PANIC, CLOCK, "5025" PANICS)}},
    .from_us = {[4] = 4975000},
    .user = {.kinds = {[STREAM_SCHEDULE] = (1 << SCHEDULE_KINDS) - 1,
                       [STREAM_APP] = 0xffff,
                       [STREAM_APP + 1] = 0xffff,
                       [STREAM_APP + 2] = 0xffff},
             .tell = story_syscall},
};
