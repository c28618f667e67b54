/* target_device.c: devices that say anything (fuzz/stage_device.h) to the drivers and multiplexers
 * of a kernel that keeps them, and two apps that use all of these; every always-on rule must hold.
 *
 * A tape's streams: STREAM_SCHEDULE, STREAM_APP, STREAM_APP + 1 and all of STREAM_DEVICE. Six
 * stages: apps alone; with peers on the wires, so that transfers have a meaning, one of which holds
 * the clock of I2C for a while; with components of the kernel that use each multiplexer, too; apps
 * alone 2 ms before the alarm's counter turns over, which it does after 512 s (2^24 / 32,768 Hz);
 * the nRF52840 DK, whose console has its line to itself; and more components: two of storage (one
 * has an app's number), four of the converter (some wait for the same), four of the crypto engine,
 * which has eight key registers; there both apps have one id, and so one region of storage. A run
 * is longer than an operation of the dead may keep others waiting (virt-callback, 350 ms), or,
 * behind the turn, than a multiplexer's timeout of 100 ms.
 */
#include "fuzz/stage_device.h"
#include "fuzz/stage_target.h"

#define APPS_ON(board, two, more, until)                                                           \
    " \"board\": \"" board "\","                                                                   \
    " \"apps\": ["                                                                                 \
    "{\"name\": \"one\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 1,"  \
    " \"ram\": {\"size\": 8192, \"initial\": 2048}},"                                              \
    "{\"name\": \"two\", \"program\": \"bytes\", \"fault_policy\": \"restart\", "                  \
    "\"short_id\": " two ","                                                                       \
    " \"ram\": {\"size\": 8192, \"initial\": 2048}}" more "],"                                     \
    " \"until_ms\": " until
#define APPS APPS_ON("services", "2", "", "450")
/* What the one has stored the other one finds. */
#define HEIRS APPS_ON("services", "1", "", "450")
/* Somebody has to be awake by then: an alarm wakes this one. */
#define WAKER                                                                                      \
    ", {\"name\": \"waker\", \"steps\": ["                                                         \
    "{\"subscribe\": {\"driver\": \"alarm\", \"number\": 0, \"upcall\": \"rings\"}},"              \
    " {\"command\": {\"driver\": \"alarm\", \"number\": 5, \"args\": [16777150]}},"                \
    " {\"yield\": \"wait\"}], \"upcalls\": {\"rings\": []}}"
#define PEERS_AND(roof)                                                                            \
    "\"world\": {\"chip\": {\"is\": \"spi-flash\", \"on\": \"SPIM0\", \"select\": 5},"             \
    " \"roof\": {\"is\": \"i2c-sensor\", \"on\": \"TWIM1\", \"address\": 65" roof "},"             \
    " \"knob\": {\"is\": \"analog\", \"on\": \"SAADC\", \"input\": 1, \"mv\": 1200},"              \
    " \"host\": {\"on\": \"UARTE0\"}}"
#define PEERS PEERS_AND("")
/* Longer than a transfer may take. */
#define HOLDS_CLOCK ", \"plan\": [{\"at_event\": 2, \"do\": \"stretch\", \"for_us\": 150000}]"
#define CLIENTS(storage, adc, crypto)                                                              \
    "\"kernel\": {\"clients\": {\"alarm\": {\"count\": 1, \"operations\": 4},"                     \
    " \"rng\": {\"count\": 1, \"operations\": 4}, \"adc\": {\"count\": " adc                       \
    "}, \"spi\": {\"count\": 1, \"operations\": 4}, \"i2c\": {\"count\": 1, \"operations\": 4},"   \
    " \"storage\": {\"count\": " storage ", \"operations\": 4},"                                   \
    " \"crypto\": {\"count\": " crypto ", \"operations\": 4},"                                     \
    " \"uart\": {\"count\": 1, \"operations\": 4}, \"udp\": {\"count\": 1, \"operations\": 4}}}"

#define CLAIM "{\"claim\": \"Devices that say anything break no rule.\","

const struct stage_target target_device = {
    .name = "device",
    .stage_count = 6,
    .stages = {{"fuzz/kept.json", CLAIM APPS "}"},
               {"fuzz/wired.json", CLAIM APPS ", " PEERS_AND(HOLDS_CLOCK) "}"},
               {"fuzz/shared.json",
                CLAIM APPS ", " PEERS ", " CLIENTS("1", "1, \"operations\": 4", "1") "}"},
               {"fuzz/turns.json", CLAIM APPS_ON("services", "2", WAKER, "512150") "}"},
               {"fuzz/alone.json", CLAIM APPS_ON("nrf52840dk", "2", "", "450") "}"},
               {"fuzz/crowded.json",
                CLAIM HEIRS ", " PEERS ", " CLIENTS("2", "4, \"operations\": 12", "4") "}"}},
    .from_us = {0, 0, 0, 511997000},
    .user = {.kinds = {[STREAM_SCHEDULE] = (1 << SCHEDULE_KINDS) - 1,
                       [STREAM_APP] = 0xffff,
                       [STREAM_APP + 1] = 0xffff,
                       [STREAM_DEVICE] = (1 << DEVICE_KINDS) - 1,
                       [STREAM_DEVICE + 1] = (1 << DEVICE_KINDS) - 1,
                       [STREAM_DEVICE + 2] = (1 << DEVICE_KINDS) - 1,
                       [STREAM_DEVICE + 3] = (1 << DEVICE_KINDS) - 1,
                       [STREAM_DEVICE + 4] = (1 << DEVICE_KINDS) - 1,
                       [STREAM_DEVICE + 5] = (1 << DEVICE_KINDS) - 1,
                       [STREAM_DEVICE + 6] = (1 << DEVICE_KINDS) - 1,
                       [STREAM_DEVICE + 7] = (1 << DEVICE_KINDS) - 1},
             .tell = story_device},
};
