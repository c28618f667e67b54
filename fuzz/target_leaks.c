/* target_leaks.c: whatever two apps do, neither can tell what the other's bytes are, nor those of
 * the kernel's own clients: each tape is played twice, with other secrets the second time, and what
 * the others observe has to be the same (fuzz/stage_secrets.h).
 *
 * A tape's streams: STREAM_SCHEDULE, STREAM_APP, STREAM_APP + 1, and of STREAM_DEVICE only what
 * comes late, is an error, or comes by wire. Stages, and whose secrets: a kernel that shares all
 * its devices, with a host on the line (the first app's; the second one's); the same where the
 * first app has only what takes as long whatever the bytes are; with components of the kernel
 * (theirs; the first app's); a board that lends devices and whose console has its line to itself,
 * read by the first app (its, in timers and in what it reads); one whose kernel drives the radio
 * (the first app's, but for the packet's header).
 *
 * Secret is all memory of the app. Where frames are sent times are shared, since a stuffed octet
 * takes two on the wire; so are those of storage, which writes what differs, and of a timer that is
 * lent, whose registers say when it rings.
 */
#include "fuzz/stage_device.h"
#include "fuzz/stage_target.h"

#define ALL "{\"at\": \"app.ram\", \"size\": 8192}"
#define APP(name, id, secrets, more)                                                               \
    "{\"name\": \"" name "\", \"program\": \"bytes\", \"fault_policy\": \"restart\","              \
    " \"short_id\": " id ", \"ram\": {\"size\": 8192, \"initial\": 2048}, \"secrets\": [" secrets  \
    "]" more "}"
#define CLAIM "{\"claim\": \"Nobody can tell what another one's bytes are.\", \"board\": "
#define APPS(one, two) ", \"apps\": [" one ", " two "]"
#define TIMES(of, why) "{\"times_of\": \"" of "\", \"why\": \"" why "\"}"
#define STUFFED "a stuffed octet takes two on the wire, and storage writes what differs"
#define RINGS "a timer rings when its registers say so"
#define SHARED(times) ", \"declassify\": [" times "]"
#define HOST ", \"world\": {\"host\": {\"on\": \"UARTE0\"}}"
#define UNTIL(ms) ", \"until_ms\": " ms "}"
#define COMMANDS "\"commands\": [0, 1, 2, 3, 4, 5, 6, 7, 8]}"
/* Without console, frames, UDP, storage, pins and what is lent. */
#define STEADY                                                                                     \
    ", \"permissions\": [{\"driver\": \"alarm\", " COMMANDS ", {\"driver\": \"spi\", " COMMANDS    \
    ", {\"driver\": \"i2c\", " COMMANDS ", {\"driver\": \"crypto\", " COMMANDS                     \
    ", {\"driver\": \"adc\", " COMMANDS ", {\"driver\": \"rng\", " COMMANDS "]"
#define CLIENTS(more)                                                                              \
    ", \"kernel\": {\"clients\": {\"rng\": {\"count\": 1, \"operations\": 4},"                     \
    " \"spi\": {\"count\": 1, \"operations\": 4}, \"i2c\": {\"count\": 1, \"operations\": 4},"     \
    " \"crypto\": {\"count\": 1, \"operations\": 4}" more "}}"
#define MORE_CLIENTS                                                                               \
    ", \"storage\": {\"count\": 1, \"operations\": 4}, \"uart\": {\"count\": 1, \"operations\": "  \
    "4}, \"udp\": {\"count\": 1, \"operations\": 4}"
#define KERNEL_RADIO                                                                               \
    "{\"name\": \"nrf52840dk\", \"kernel\": {\"alarm\": \"RTC1\", \"radio\": {\"device\": "        \
    "\"RADIO\", \"timer\": \"TIMER0\", \"ppi\": \"PPI\", \"clock\": \"CLOCK\"}}}"
/* But for the header of the packet that is sent: it says how much. */
#define NO_HEADER                                                                                  \
    "{\"at\": \"app.ram\", \"size\": 256}, {\"at\": \"app.ram+0x102\", \"size\": 7934}"

enum {
    ONE,
    TWO,
    WIRED = 1 << DEVICE_ERROR | 1 << DEVICE_DELAY | 1 << DEVICE_RECEIVE | 1 << DEVICE_FRAME,
    /* What only the app itself learns is left out: who may execute what, and faults. */
    DONE = 0xffff & ~(1 << BYTES_EXECUTE | 1 << BYTES_FAULT | 1 << SYSCALL_ALLOW_READABLE),
    LATE = 1 << DEVICE_ERROR | 1 << DEVICE_DELAY,
};

const struct stage_target target_leaks = {
    .name = "leaks",
    .stage_count = 7,
    .stages = {{"fuzz/first.json",
                CLAIM "\"services\"" APPS(APP("one", "1", ALL, ""), APP("two", "2", "", ""))
                    HOST SHARED(TIMES("one", STUFFED)) UNTIL("100")},
               {"fuzz/second.json",
                CLAIM "\"services\"" APPS(APP("one", "1", "", ""), APP("two", "2", ALL, ""))
                    HOST SHARED(TIMES("two", STUFFED)) UNTIL("100")},
               {"fuzz/steady.json",
                CLAIM "\"services\"" APPS(APP("one", "1", ALL, STEADY), APP("two", "2", "", ""))
                    UNTIL("100")},
               {"fuzz/components.json",
                CLAIM "\"services\"" APPS(APP("one", "1", "", ""), APP("two", "2", "", ""))
                    CLIENTS("") UNTIL("100")},
               {"fuzz/beside.json",
                CLAIM "\"services\"" APPS(APP("one", "1", ALL, ""),
                                          APP("two", "2", "", "")) CLIENTS(MORE_CLIENTS)
                    HOST SHARED(TIMES("one", STUFFED) ", " TIMES("kernel", STUFFED)) UNTIL("100")},
               {"fuzz/lends.json",
                CLAIM "\"nrf52840dk\"" APPS(APP("one", "1", ALL, ""), APP("two", "2", "", ""))
                    SHARED(TIMES("one", RINGS)) UNTIL("60")},
               {"fuzz/radio.json",
                CLAIM KERNEL_RADIO APPS(APP("one", "1", NO_HEADER, ""), APP("two", "2", "", ""))
                    SHARED(TIMES("one", RINGS)) UNTIL("40")}},
    .leaks = true,
    .secrets = {{ONE, false},
                {TWO, false},
                {ONE, false},
                {SECRETS_OF_KERNEL, false},
                {ONE, false},
                {ONE, true},
                {ONE, false}},
    .user = {.kinds = {[STREAM_SCHEDULE] = (1 << SCHEDULE_KILL_AT) - 1,
                       [STREAM_APP] = DONE,
                       [STREAM_APP + 1] = DONE,
                       [STREAM_DEVICE] = WIRED,
                       [STREAM_DEVICE + 1] = LATE,
                       [STREAM_DEVICE + 2] = LATE,
                       [STREAM_DEVICE + 3] = LATE,
                       [STREAM_DEVICE + 7] = LATE},
             .secretive = true,
             .tell = story_leaks},
};
