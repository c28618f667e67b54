/* beacon.c: sends the same frame again and again, and listens in between: the simplest station,
 * for tests of the air and as interference beside a connection.
 *
 * Its octets are 0x00, 0x01, ... behind the access address: no CRC that a link layer would take.
 */
#include "sim/world/catalogue.h"

enum { INTERVAL, FIRST, MHZ, PHY, SIZE, ADDRESS, POWER, LISTENS };
enum { HEARD, RECEIVED, WORD };
enum { POWER_OFFSET = 128 }; /* dBm are kept as a number that is never negative */

static const char *const phys[] = {"1M", "2M", NULL};

static const struct peer_parameter parameters[] = {
    [INTERVAL] = {"interval_us", "from one frame's first bit to the next", PEER_US, PS_PER_US,
                  PS_PER_S, 10 * PS_PER_MS, NULL, 0},
    [FIRST] = {"first_us", "when the first frame begins", PEER_US, 0, PS_PER_S, PS_PER_MS, NULL, 0},
    [MHZ] = {"mhz", "frequency", PEER_NUMBER, 2400, 2500, 2402, NULL, 0},
    [PHY] = {"phy", "1M or 2M", PEER_NUMBER, AIR_1M, AIR_2M, AIR_1M, phys, 0},
    [SIZE] = {"size", "octets behind the access address", PEER_NUMBER, 0,
              AIR_BYTES_MAX - AIR_ADDRESS_SIZE, 5, NULL, 0},
    [ADDRESS] = {"access_address", "what the frame begins with", PEER_NUMBER, 0, UINT32_MAX,
                 0x71764129, NULL, 0},
    [POWER] = {"power", "dBm + 128", PEER_NUMBER, 0, 255, POWER_OFFSET, NULL, 0},
    [LISTENS] = {"listens", "whether it listens between its frames", PEER_FLAG, 0, 1, 0, NULL, 0},
};

static const struct fact facts[] = {
    [HEARD] = {"heard", "frames whose access address came in", NULL},
    [RECEIVED] = {"received", "frames whose last bit came in", NULL},
    [WORD] = {"word", "of the last of them, four octets behind the access address", NULL},
};

struct beacon {
    uint64_t sent;
    uint32_t heard, received, word;
    struct air_frame frame;
    struct air_tuning tuning;
};

static uint64_t value(const struct device *d, uint32_t parameter)
{
    return peer_plan(d)->values[parameter];
}

static void tune(struct device *d, uint64_t since_ps)
{
    struct beacon *beacon = device_state(d);
    beacon->tuning = (struct air_tuning){.since_ps = since_ps,
                                         .mhz = (uint16_t)value(d, MHZ),
                                         .phy = (uint8_t)value(d, PHY),
                                         .listening = value(d, LISTENS)};
    device_request(d,
                   (struct device_request){.kind = REQUEST_AIR_TUNE,
                                           .state_offset = (uint32_t)((uint8_t *)&beacon->tuning -
                                                                      (uint8_t *)device_state(d))});
}

static void beacon_reset(struct device *d)
{
    d->wake_ps = value(d, FIRST);
    tune(d, 0);
}

static void beacon_wake(struct device *d)
{
    struct beacon *beacon = device_state(d);
    struct air_frame *frame = &beacon->frame;
    uint32_t address = (uint32_t)value(d, ADDRESS);
    *frame = (struct air_frame){.start_ps = d->now_ps,
                                .mhz = (uint16_t)value(d, MHZ),
                                .phy = (uint8_t)value(d, PHY),
                                .dbm = (int8_t)((int)value(d, POWER) - POWER_OFFSET),
                                .size = (uint16_t)(AIR_ADDRESS_SIZE + value(d, SIZE))};
    for (uint32_t i = 0; i < frame->size; i++)
        frame->bytes[i] =
            i < AIR_ADDRESS_SIZE ? (uint8_t)(address >> 8 * i) : (uint8_t)(i - AIR_ADDRESS_SIZE);
    device_request(d, (struct device_request){
                          .kind = REQUEST_AIR_SEND,
                          .state_offset = (uint32_t)((uint8_t *)frame - (uint8_t *)beacon)});
    beacon->sent++;
    d->wake_ps = value(d, FIRST) + beacon->sent * value(d, INTERVAL);
    tune(d, air_end_ps(frame));
}

/* Octets that were not sent are 0. */
static uint32_t word_behind_address(const struct air_frame *frame)
{
    uint32_t word = 0;
    for (uint32_t i = 0; i < 4 && AIR_ADDRESS_SIZE + i < frame->size; i++)
        word |= (uint32_t)frame->bytes[AIR_ADDRESS_SIZE + i] << 8 * i;
    return word;
}

static bool beacon_air(struct device *d, const struct air_frame *frame, enum air_moment moment)
{
    struct beacon *beacon = device_state(d);
    if (moment == AIR_ADDRESS && air_access_address(frame) != value(d, ADDRESS))
        return false;
    *(moment == AIR_ADDRESS ? &beacon->heard : &beacon->received) += 1;
    if (moment == AIR_END)
        beacon->word = word_behind_address(frame);
    return true;
}

static uint64_t beacon_fact(const struct device *d, uint32_t fact)
{
    const struct beacon *beacon = device_state_read(d);
    if (fact == WORD)
        return beacon->word;
    return fact == HEARD ? beacon->heard : beacon->received;
}

const struct peer_type beacon_peer = {
    .type = {.name = "beacon",
             .state_size = sizeof(struct beacon),
             .on_reset = beacon_reset,
             .on_wake = beacon_wake,
             .on_air = beacon_air},
    .about = "sends the same frame again and again, and may listen in between",
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .facts = facts,
    .fact_count = sizeof facts / sizeof facts[0],
    .fact = beacon_fact,
};
