/* test_device_crypto.c: ECB, CCM and AAR: published vectors, the exact moment of each event and of
 * each access to memory, and every way to go wrong. */
#include "devices/catalogue.h"
#include "sim/ble/ccm.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define BLOCK_PS UINT64_C(7200000)

/* Where things are in the rig's RAM. */
enum { DATA = 0, CONFIGURATION = 0, SCRATCH = 64, IN = 340, OUT = 640, OUTSIDE = 0x10000000 };
/* MODE: encryption, default length and 1 Mbit are 0. */
enum { ENCRYPT = 0, DECRYPT = 1, EXTENDED = 1 << 24 };
enum { RATE_2M = 1 << 16, RATE_125K = 2 << 16, RATE_500K = 3 << 16 };

static struct rig *r;

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

static void task(const char *name)
{
    rig_write(r, name, 1);
}

/* --- registers ------------------------------------------------------------------------------- */

/* Reset values and fields as in Nordic's nrf52840.svd. */
static const struct {
    const struct nrf_type *type;
    const char *name;
    uint32_t offset, reset, writable;
} registers[] = {
    {&nrf52_ecb, "EVENTS_ENDECB", 0x100, 0, 1},
    {&nrf52_ecb, "EVENTS_ERRORECB", 0x104, 0, 1},
    {&nrf52_ecb, "ECBDATAPTR", 0x504, 0, 0xffffffff},
    {&nrf52_ccm, "EVENTS_ENDKSGEN", 0x100, 0, 1},
    {&nrf52_ccm, "EVENTS_ENDCRYPT", 0x104, 0, 1},
    {&nrf52_ccm, "EVENTS_ERROR", 0x108, 0, 1},
    {&nrf52_ccm, "SHORTS", 0x200, 0, 1},
    {&nrf52_ccm, "MICSTATUS", 0x400, 0, 0},
    {&nrf52_ccm, "ENABLE", 0x500, 0, 3},
    {&nrf52_ccm, "MODE", 0x504, 1, 0x0103001f}, /* and AAR's NIRK, five bits */
    {&nrf52_ccm, "CNFPTR", 0x508, 0, 0xffffffff},
    {&nrf52_ccm, "INPTR", 0x50c, 0, 0xffffffff},
    {&nrf52_ccm, "OUTPTR", 0x510, 0, 0xffffffff},
    {&nrf52_ccm, "SCRATCHPTR", 0x514, 0, 0xffffffff},
    {&nrf52_ccm, "MAXPACKETSIZE", 0x518, 0xfb, 0xff},
    {&nrf52_ccm, "RATEOVERRIDE", 0x51c, 0, 3},
};

START_TEST(register_has_its_place_its_reset_and_its_bits)
{
    const char *name = registers[_i].name;
    r = rig_make(&registers[_i].type->type);
    ck_assert_uint_eq(rig_offset(r, name), registers[_i].offset);
    ck_assert_uint_eq(rig_read(r, name), registers[_i].reset);
    rig_write(r, name, 0xffffffff);
    ck_assert_uint_eq(rig_read(r, name), registers[_i].writable);
    rig_write(r, name, 0);
    ck_assert_uint_eq(rig_read(r, name), 0);
}
END_TEST

static const struct {
    const struct nrf_type *type;
    const char *event;
    uint32_t bit;
} interrupts[] = {
    {&nrf52_ecb, "EVENTS_ENDECB", 0},   {&nrf52_ecb, "EVENTS_ERRORECB", 1},
    {&nrf52_ccm, "EVENTS_ENDKSGEN", 0}, {&nrf52_ccm, "EVENTS_ENDCRYPT", 1},
    {&nrf52_ccm, "EVENTS_ERROR", 2},
};

START_TEST(interrupt_bit_belongs_to_its_event)
{
    const uint32_t bit = UINT32_C(1) << interrupts[_i].bit;
    r = rig_make(&interrupts[_i].type->type);
    rig_write(r, "INTENSET", 0xffffffff);
    const uint32_t all = rig_read(r, "INTENSET");
    ck_assert_uint_eq(all, interrupts[_i].type == &nrf52_ecb ? 3 : 7);
    rig_write(r, interrupts[_i].event, 1);
    ck_assert(device_line(r->d));
    rig_write(r, "INTENCLR", bit);
    ck_assert_uint_eq(rig_read(r, "INTENCLR"), all & ~bit);
    ck_assert(!device_line(r->d));
}
END_TEST

/* --- ECB ------------------------------------------------------------------------------------- */

static const struct {
    const char *source, *key, *in, *out;
} blocks[] = {
    {"FIPS 197, appendix B", "2b7e151628aed2a6abf7158809cf4f3c", "3243f6a8885a308d313198a2e0370734",
     "3925841d02dc09fbdc118597196a0b32"},
    {"FIPS 197, appendix C.1", "000102030405060708090a0b0c0d0e0f",
     "00112233445566778899aabbccddeeff", "69c4e0d86a7b0430d8cdb78070b4c55a"},
    {"Core Specification, Vol 6 Part C, section 1: session key", "4c68384139f574d836bcf34e9dfb01bf",
     "0213243546576879acbdcedfe0f10213", "99ad1b5226a37e3e058e3b8e27c2c666"},
};

static void make_ecb(int which)
{
    r = rig_make(&nrf52_ecb.type);
    rig_put(r, DATA, blocks[which].key);
    rig_put(r, DATA + 16, blocks[which].in);
    rig_write(r, "ECBDATAPTR", RIG_RAM_BASE + DATA);
    rig_write(r, "INTENSET", 3);
}

START_TEST(ecb_encrypts_in_7200_ns)
{
    make_ecb(_i);
    task("TASKS_STARTECB");
    rig_run(r, BLOCK_PS - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
    ck_assert(!device_line(r->d));
    rig_run(r, BLOCK_PS);
    ck_assert_msg(rig_holds(r, DATA + 32, blocks[_i].out), "%s", blocks[_i].source);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDECB"), BLOCK_PS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERRORECB"), 0);
    ck_assert(device_line(r->d));
}
END_TEST

START_TEST(ecb_touches_no_other_memory)
{
    make_ecb(0);
    memset(r->ram + 48, 0xee, sizeof r->ram - 48);
    task("TASKS_STARTECB");
    rig_pass(r, PS_PER_MS);
    ck_assert(rig_holds(r, DATA, blocks[0].key) && rig_holds(r, DATA + 16, blocks[0].in));
    for (uint32_t i = 48; i < sizeof r->ram; i++)
        ck_assert_uint_eq(r->ram[i], 0xee);
    const struct rig_entry *read = rig_find(r, 0, REQUEST_DMA_READ, NULL);
    const struct rig_entry *write = rig_find(r, 0, REQUEST_DMA_WRITE, NULL);
    ck_assert_uint_eq(read->at_ps, 0);
    ck_assert_uint_eq(read->size, 32);
    ck_assert_uint_eq(write->size, 16);
    ck_assert_uint_eq(write->address, RIG_RAM_BASE + DATA + 32);
}
END_TEST

/* The key and the pointer are taken at the start. */
START_TEST(ecb_latches_what_it_reads)
{
    make_ecb(1);
    task("TASKS_STARTECB");
    memset(r->ram, 0, 32);
    rig_write(r, "ECBDATAPTR", RIG_RAM_BASE + 512);
    rig_pass(r, BLOCK_PS);
    ck_assert(rig_holds(r, DATA + 32, blocks[1].out));
}
END_TEST

START_TEST(ecb_stop_aborts_with_an_error)
{
    make_ecb(0);
    task("TASKS_STOPECB"); /* nothing to abort */
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
    task("TASKS_STARTECB");
    rig_pass(r, BLOCK_PS - 1);
    task("TASKS_STOPECB");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ERRORECB"), BLOCK_PS - 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDECB"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
}
END_TEST

START_TEST(ecb_start_of_a_busy_one_is_an_error_and_changes_nothing)
{
    make_ecb(0);
    task("TASKS_STARTECB");
    rig_pass(r, BLOCK_PS / 2);
    task("TASKS_STARTECB");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ERRORECB"), BLOCK_PS / 2);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDECB"), BLOCK_PS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ENDECB"), 1);
}
END_TEST

START_TEST(ecb_injected_error_is_an_abort)
{
    make_ecb(0);
    task("TASKS_STARTECB");
    r->d->fault.errors = 1;
    device_wake(r->d, r->now_ps);
    rig_serve(r);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ERRORECB"), 0);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDECB"), 0);
}
END_TEST

static void share(bool taken)
{
    device_shared(r->d, taken, r->now_ps);
    rig_serve(r);
}

START_TEST(ecb_makes_way_for_ccm)
{
    make_ecb(0);
    share(true); /* nothing to abort */
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
    task("TASKS_STARTECB");
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERRORECB"), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), 0);
    share(false);
    rig_write(r, "EVENTS_ERRORECB", 0);
    task("TASKS_STARTECB");
    rig_pass(r, BLOCK_PS - 1);
    share(true);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERRORECB"), 1);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDECB"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
}
END_TEST

/* {pointer, when the error comes}: no RAM at all; the ciphertext alone is outside. */
static const struct {
    uint32_t pointer;
    uint64_t error_ps;
} refusals[] = {{OUTSIDE, 0}, {RIG_RAM_BASE - 1, 0}, {RIG_RAM_BASE + RIG_RAM_SIZE - 32, BLOCK_PS}};

START_TEST(ecb_refused_memory_is_an_error)
{
    make_ecb(0);
    rig_write(r, "ECBDATAPTR", refusals[_i].pointer);
    task("TASKS_STARTECB");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ERRORECB"), refusals[_i].error_ps);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDECB"), 0);
    rig_write(r, "ECBDATAPTR", RIG_RAM_BASE); /* and it works again */
    task("TASKS_STARTECB");
    rig_pass(r, PS_PER_MS);
    ck_assert(rig_holds(r, DATA + 32, blocks[0].out));
}
END_TEST

/* --- CCM ------------------------------------------------------------------------------------- */

/* Core Specification, Vol 6 Part C, section 1: packets as they stand in RAM, with S1 = 0. */
static const struct {
    const char *name, *counter_and_direction, *plain, *encrypted;
} packets[] = {
    {"LL_START_ENC_RSP1", "000000000000000001", "0f010006", "0f05009fcda7f448"},
    {"LL_START_ENC_RSP2", "000000000000000000", "07010006", "070500a34c13a415"},
    {"LL_DATA1", "010000000000000001",
     "0e1b0017006364656667"
     "68696a6b6c6d6e6f7071313233343536373839"
     "30",
     "0e1f007a70d66415226df26b17839a060405596bd6564f796b5b9ce6ff32f75a6d33"},
    {"LL_DATA2", "010000000000000000",
     "061b001700373635343332313041424344454647"
     "48494a4b4c4d4e4f5051",
     "061f00f38881e7bd94c9c369b9a66846dd4786aa8c39ce540d0dae3adcdf89b96088"},
    {"empty", "020000000000000001", "0d0000", "0d0000"},
};
enum { LL_DATA1 = 2, EMPTY = 4 };
#define SESSION_KEY "99ad1b5226a37e3e058e3b8e27c2c666"
#define VECTOR "24abdcbabebaafde"

static void make_ccm(int packet, uint32_t mode)
{
    r = rig_make(&nrf52_ccm.type);
    memset(r->ram, 0xee, sizeof r->ram);
    rig_put(r, CONFIGURATION, SESSION_KEY);
    rig_put(r, CONFIGURATION + 16, packets[packet].counter_and_direction);
    rig_put(r, CONFIGURATION + 25, VECTOR);
    rig_put(r, IN, mode & DECRYPT ? packets[packet].encrypted : packets[packet].plain);
    rig_write(r, "CNFPTR", RIG_RAM_BASE + CONFIGURATION);
    rig_write(r, "SCRATCHPTR", RIG_RAM_BASE + SCRATCH);
    rig_write(r, "INPTR", RIG_RAM_BASE + IN);
    rig_write(r, "OUTPTR", RIG_RAM_BASE + OUT);
    rig_write(r, "MODE", mode);
    rig_write(r, "ENABLE", 2);
    rig_write(r, "INTENSET", 7);
}

static uint64_t generate(void)
{
    task("TASKS_KSGEN");
    rig_pass(r, 50 * PS_PER_US);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDKSGEN"), 1);
    r->count = 0;
    return r->now_ps;
}

START_TEST(ccm_encrypts_as_published)
{
    make_ccm(_i, ENCRYPT);
    rig_write(r, "SHORTS", 1);
    task("TASKS_KSGEN");
    rig_pass(r, PS_PER_MS);
    ck_assert_msg(rig_holds(r, OUT, packets[_i].encrypted), "%s", packets[_i].name);
    ck_assert_uint_eq(rig_count(r, REQUEST_TASK, "TASKS_CRYPT"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 0);
    /* Nothing behind the packet. */
    ck_assert_uint_eq(r->ram[OUT + strlen(packets[_i].encrypted) / 2], 0xee);
}
END_TEST

START_TEST(ccm_decrypts_as_published)
{
    make_ccm(_i, DECRYPT);
    generate();
    task("TASKS_CRYPT");
    rig_pass(r, PS_PER_MS);
    ck_assert_msg(rig_holds(r, OUT, packets[_i].plain), "%s", packets[_i].name);
    ck_assert_uint_eq(rig_read(r, "MICSTATUS"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 0);
    ck_assert_uint_eq(r->ram[OUT + strlen(packets[_i].plain) / 2], 0xee);
}
END_TEST

/* SN, NESN and MD do not count; LLID does, and so does each octet of all that enters. */
static const struct {
    uint32_t at;
    uint8_t change;
    uint32_t status;
} changes[] = {
    {IN, 0x04, 1},
    {IN, 0x08, 1},
    {IN, 0x10, 1},
    {IN, 0x01, 0},
    {IN, 0x20, 0},
    {IN + 3, 0x01, 0},
    {IN + 29, 0x80, 0},
    {IN + 30, 0x01, 0},
    {IN + 33, 0x80, 0},
    {IN + 2, 0xff, 1},
    {CONFIGURATION, 1, 0},
    {CONFIGURATION + 16, 1, 0},
    {CONFIGURATION + 20, 0x40, 0},
    {CONFIGURATION + 20, 0x80, 1},
    {CONFIGURATION + 21, 0xff, 1},
    {CONFIGURATION + 24, 0x01, 0},
    {CONFIGURATION + 24, 0xfe, 1},
    {CONFIGURATION + 32, 0x80, 0},
};

START_TEST(ccm_mic_covers_what_it_should)
{
    make_ccm(LL_DATA1, DECRYPT);
    r->ram[changes[_i].at] ^= changes[_i].change;
    generate();
    task("TASKS_CRYPT");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "MICSTATUS"), changes[_i].status);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 1);
}
END_TEST

/* Made with OpenSSL's AES-CCM (python3-cryptography), around the limits of blocks: octet i of the
 * payload is 7i + length; the first four and the last five octets that come out. */
static const struct {
    uint32_t length;
    uint8_t header;
    const char *counter_and_direction, *first, *last;
} others[] = {
    {1, 0x0e, "ffffffff7f00000001", "436184ae", "436184aee1"},
    {15, 0x02, "050000000000000000", "73e00349", "76f6734aac"},
    {16, 0x1e, "060000000000000001", "0c5475d6", "833b0672dc"},
    {17, 0x01, "070000000000000000", "9d66b47c", "489d1c83c3"},
    {32, 0x0a, "080000000000000001", "762d24be", "a5dbdf0176"},
    {250, 0x02, "090000000000000000", "686bd394", "3a6e89e7eb"},
    {251, 0x02, "9a7856341200000001", "5707b29f", "8117f48e2a"},
};

START_TEST(ccm_encrypts_as_others_do)
{
    const uint32_t length = others[_i].length;
    make_ccm(EMPTY, EXTENDED);
    rig_put(r, CONFIGURATION + 16, others[_i].counter_and_direction);
    r->ram[IN] = others[_i].header;
    r->ram[IN + 1] = (uint8_t)length;
    for (uint32_t i = 0; i < length; i++)
        r->ram[IN + 3 + i] = (uint8_t)(7 * i + length);
    rig_write(r, "SHORTS", 1);
    task("TASKS_KSGEN");
    rig_pass(r, 3 * PS_PER_MS);
    ck_assert(rig_holds(r, OUT + 3, others[_i].first));
    ck_assert(rig_holds(r, OUT + 3 + length + 4 - 5, others[_i].last));
}
END_TEST

/* The other side of the air has a CCM of its own, written apart from this one. */
static bool other_side_agrees(uint32_t length)
{
    struct ble_link_key key;
    uint8_t out[255] = {0};
    rig_octets(SESSION_KEY, key.session_key);
    rig_octets(VECTOR, key.iv);
    const uint8_t *in = r->ram + IN;
    const size_t size = ble_ccm_encrypt(&key, 2, BLE_TO_PERIPHERAL, in[0], in + 3, length, out);
    return r->ram[OUT + 1] == size && memcmp(r->ram + OUT + 3, out, size) == 0;
}

START_TEST(ccm_agrees_with_the_other_side_and_undoes_itself_at_every_length)
{
    make_ccm(EMPTY, EXTENDED);
    r->ram[IN + 1] = (uint8_t)_i;
    for (int i = 0; i < _i; i++)
        r->ram[IN + 3 + i] = (uint8_t)(7 * i + _i);
    rig_write(r, "SHORTS", 1);
    task("TASKS_KSGEN");
    rig_pass(r, 3 * PS_PER_MS);
    ck_assert_uint_eq(r->ram[OUT + 1], _i ? _i + 4 : 0);
    ck_assert(other_side_agrees((uint32_t)_i));

    rig_write(r, "INPTR", RIG_RAM_BASE + OUT);
    rig_write(r, "OUTPTR", RIG_RAM_BASE + IN);
    memset(r->ram + IN, 0, 300);
    rig_write(r, "MODE", DECRYPT | EXTENDED);
    task("TASKS_KSGEN");
    rig_pass(r, 3 * PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "MICSTATUS"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 0);
    ck_assert_uint_eq(r->ram[IN + 1], _i);
    for (int i = 0; i < _i; i++)
        ck_assert_uint_eq(r->ram[IN + 3 + i], (uint8_t)(7 * i + _i));
    ck_assert_uint_eq(r->ram[IN + 3 + _i], 0);
}
END_TEST

/* --- CCM: key streams ------------------------------------------------------------------------ */

static const struct {
    uint32_t mode, longest;
    uint32_t size;  /* octets of key stream */
    uint64_t in_ns; /* 7200 for each 16 octets and one block more, 50000 at most */
} streams[] = {
    {0, 0xfb, 27, 21600},         {0, 10, 27, 21600},           {EXTENDED, 27, 27, 21600},
    {EXTENDED, 0xfb, 251, 50000}, {EXTENDED, 0xff, 251, 50000}, {EXTENDED, 64, 64, 36000},
    {EXTENDED, 65, 65, 43200},    {EXTENDED, 96, 96, 50000},    {EXTENDED, 0, 0, 7200},
};

START_TEST(ccm_key_stream_goes_to_the_scratch_area)
{
    const uint64_t ps = streams[_i].in_ns * 1000;
    make_ccm(LL_DATA1, streams[_i].mode);
    rig_write(r, "MAXPACKETSIZE", streams[_i].longest);
    task("TASKS_KSGEN");
    rig_run(r, ps - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), 0);
    ck_assert(!device_line(r->d));
    rig_run(r, ps);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDKSGEN"), ps);
    ck_assert(device_line(r->d));
    const struct rig_entry *write = rig_find(r, 0, REQUEST_DMA_WRITE, NULL);
    ck_assert_uint_eq(write->address, RIG_RAM_BASE + SCRATCH);
    ck_assert_uint_eq(write->size, 16 + streams[_i].size);
    ck_assert_uint_eq(r->ram[SCRATCH - 1], 0xee);
    for (uint32_t i = SCRATCH + 16 + streams[_i].size; i < IN; i++)
        ck_assert_uint_eq(r->ram[i], 0xee);
    if (streams[_i].size) /* plain text and encrypted differ by it */
        ck_assert_uint_eq(r->ram[SCRATCH + 16], 0x17 ^ 0x7a);
}
END_TEST

/* Whoever writes to the scratch area changes what is sent. */
START_TEST(ccm_uses_the_key_stream_that_is_in_memory)
{
    make_ccm(LL_DATA1, ENCRYPT);
    generate();
    r->ram[SCRATCH + 16] ^= 0x55;
    task("TASKS_CRYPT");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->ram[OUT + 3], 0x7a ^ 0x55);
}
END_TEST

START_TEST(ccm_without_a_key_stream_gives_an_error)
{
    make_ccm(LL_DATA1, ENCRYPT);
    task("TASKS_CRYPT");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ERROR"), 0);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->ram[OUT], 0xee);
    generate();
    task("TASKS_CRYPT");
    rig_pass(r, PS_PER_MS);
    rig_write(r, "EVENTS_ERROR", 0);
    task("TASKS_CRYPT"); /* used up */
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ENDCRYPT"), 1);
}
END_TEST

START_TEST(ccm_crypt_before_the_key_stream_gives_an_error_and_changes_nothing)
{
    make_ccm(LL_DATA1, ENCRYPT);
    task("TASKS_KSGEN");
    rig_run(r, 21600000 - 1);
    task("TASKS_CRYPT");
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ERROR"), 21600000 - 1);
    rig_run(r, 21600000);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDKSGEN"), 21600000);
    task("TASKS_CRYPT");
    rig_pass(r, PS_PER_MS);
    ck_assert(rig_holds(r, OUT, packets[LL_DATA1].encrypted));
}
END_TEST

/* Who holds the core when: {taken, given back} in ps. */
START_TEST(ccm_takes_the_core_while_it_works)
{
    make_ccm(LL_DATA1, ENCRYPT);
    task("TASKS_KSGEN");
    rig_run(r, 30 * PS_PER_US);
    task("TASKS_CRYPT");
    rig_run(r, PS_PER_MS);
    task("TASKS_KSGEN");
    task("TASKS_STOP");
    rig_write(r, "ENABLE", 3);
    rig_write(r, "MODE", 1);
    task("TASKS_KSGEN");
    rig_run(r, 2 * PS_PER_MS);
    const uint64_t at_ps[] = {0,         21600000,  30000000,  30000000 + 33 * 8000000 + BLOCK_PS,
                              PS_PER_MS, PS_PER_MS, PS_PER_MS, PS_PER_MS + 7 * PS_PER_US};
    const struct rig_entry *e = r->log;
    for (int i = 0; i < COUNT(at_ps); i++, e++) {
        e = rig_find(r, (uint32_t)(e - r->log), REQUEST_SHARE, NULL);
        ck_assert_ptr_nonnull(e);
        ck_assert_uint_eq(e->size, i % 2 == 0);
        ck_assert_uint_eq(e->at_ps, at_ps[i]);
    }
    ck_assert_uint_eq(rig_count(r, REQUEST_SHARE, NULL), COUNT(at_ps));
}
END_TEST

/* A radio that heard nothing leaves a key stream, or a decryption, behind. */
START_TEST(ccm_ksgen_starts_anew)
{
    make_ccm(LL_DATA1, DECRYPT);
    generate();
    task("TASKS_CRYPT");
    rig_pass(r, 20 * PS_PER_US);
    const uint64_t at = r->now_ps;
    task("TASKS_KSGEN");
    rig_run(r, at + PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDKSGEN"), at + 21600000);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 0);
    ck_assert_uint_eq(r->ram[OUT], 0xee);
}
END_TEST

/* --- CCM: time ------------------------------------------------------------------------------- */

static const struct {
    uint32_t rate;
    uint64_t octet_us;
} rates[] = {{0, 8}, {RATE_2M, 4}, {RATE_125K, 64}, {RATE_500K, 16}};

/* 27 octets and a MIC: 16 and 15 octets, and the end when the radio would have sent the MIC. */
START_TEST(ccm_encrypts_ahead_of_the_radio)
{
    const uint64_t octet = rates[_i].octet_us * PS_PER_US;
    make_ccm(LL_DATA1, rates[_i].rate);
    const uint64_t at = generate();
    task("TASKS_CRYPT");
    ck_assert(rig_holds(r, OUT, "0e1f00ee")); /* the header at once */
    rig_run(r, at + BLOCK_PS - 1);
    ck_assert_uint_eq(r->ram[OUT + 3], 0xee);
    rig_run(r, at + BLOCK_PS);
    ck_assert(rig_holds(r, OUT, "0e1f007a70d66415226df26b17839a06040559"));
    ck_assert_uint_eq(r->ram[OUT + 3 + 16], 0xee);
    rig_run(r, at + 16 * octet + BLOCK_PS - 1);
    ck_assert_uint_eq(r->ram[OUT + 3 + 16], 0xee);
    rig_run(r, at + 16 * octet + BLOCK_PS);
    ck_assert(rig_holds(r, OUT, packets[LL_DATA1].encrypted));
    rig_pass(r, 10 * PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDCRYPT"), at + 33 * octet + BLOCK_PS);
}
END_TEST

/* Memory is written as a radio would, right before each octet is due: that is in time; a
 * picosecond later is too late. */
START_TEST(ccm_decrypts_behind_the_radio)
{
    const uint64_t octet = rates[_i / 3].octet_us * PS_PER_US;
    const bool late_header = _i % 3 == 1, late_mic = _i % 3 == 2;
    uint8_t air[34];
    make_ccm(LL_DATA1, DECRYPT | rates[_i / 3].rate);
    rig_octets(packets[LL_DATA1].encrypted, air);
    memset(r->ram + IN, 0, 100);
    const uint64_t at = generate();
    task("TASKS_CRYPT");
    rig_run(r, at + 2 * octet - !late_header);
    memcpy(r->ram + IN, air, 3);
    rig_run(r, at + 32 * octet - 1);
    memcpy(r->ram + IN + 3, air + 3, 30);
    rig_run(r, at + 33 * octet - !late_mic);
    memcpy(r->ram + IN + 33, air + 33, 1);
    rig_run(r, at + 33 * octet + BLOCK_PS - 1);
    ck_assert_uint_eq(r->ram[OUT + 3], 0xee);
    rig_run(r, at + 33 * octet + BLOCK_PS);
    ck_assert_uint_eq(rig_read(r, "MICSTATUS"), !late_mic);
    ck_assert_uint_eq(rig_holds(r, OUT, packets[LL_DATA1].plain), !late_header);
    if (late_header) /* taken for an empty packet */
        ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDCRYPT"), at + 2 * octet + BLOCK_PS);
    else
        ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDCRYPT"), at + 33 * octet + BLOCK_PS);
}
END_TEST

/* {from, to} in octet times of 1 and 2 Mbit: 10.5 octets have passed, the 11th takes 4 us. */
START_TEST(ccm_rate_is_overridden_from_the_octet_under_way_on)
{
    make_ccm(LL_DATA1, DECRYPT);
    rig_write(r, "RATEOVERRIDE", 1);
    const uint64_t at = generate();
    task("TASKS_RATEOVERRIDE"); /* nothing is under way */
    task("TASKS_CRYPT");
    rig_run(r, at + 84 * PS_PER_US);
    task("TASKS_RATEOVERRIDE");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDCRYPT"),
                      at + (80 + 23 * 4) * PS_PER_US + BLOCK_PS);
    ck_assert_uint_eq(rig_read(r, "MICSTATUS"), 1);
}
END_TEST

START_TEST(ccm_rate_may_be_overridden_at_any_time)
{
    make_ccm(LL_DATA1, (_i & 1 ? DECRYPT : ENCRYPT) | RATE_500K);
    rig_write(r, "RATEOVERRIDE", 1);
    const uint64_t at = generate();
    task("TASKS_CRYPT");
    rig_run(r, at + (uint64_t)_i * 7 * PS_PER_US);
    task("TASKS_RATEOVERRIDE");
    rig_pass(r, 2 * PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ENDCRYPT"), 1);
    ck_assert(rig_holds(r, OUT, _i & 1 ? packets[LL_DATA1].plain : packets[LL_DATA1].encrypted));
}
END_TEST

/* --- CCM: what goes wrong -------------------------------------------------------------------- */

/* Packets that the key stream is too short for, and ones too short for a MIC. */
static const struct {
    const char *why;
    uint32_t mode;
    uint8_t longest, length; /* MAXPACKETSIZE, LENGTH as it is read */
    uint8_t out;             /* LENGTH as it is written */
    bool error;
} lengths[] = {
    {"one octet too long", ENCRYPT, 0xfb, 28, 31, true},
    {"five bits: 40 is 8", ENCRYPT, 0xfb, 40, 12, false},
    {"as long as it may be", EXTENDED, 64, 64, 68, false},
    {"longer than the key stream", EXTENDED, 64, 65, 68, true},
    {"longest", EXTENDED, 0xfb, 251, 255, false},
    {"longer than any", EXTENDED, 0xff, 255, 255, true},
    {"received, too long", DECRYPT | EXTENDED, 64, 69, 64, true},
    {"received, one octet", DECRYPT, 0xfb, 1, 0, false},
    {"received, no more than a MIC", DECRYPT, 0xfb, 4, 0, false},
};

START_TEST(ccm_odd_length_ends_all_the_same)
{
    make_ccm(LL_DATA1, lengths[_i].mode);
    rig_write(r, "MAXPACKETSIZE", lengths[_i].longest);
    r->ram[IN + 1] = lengths[_i].length;
    generate();
    task("TASKS_CRYPT");
    rig_pass(r, 3 * PS_PER_MS);
    ck_assert_msg(r->ram[OUT + 1] == lengths[_i].out, "%s: %u", lengths[_i].why, r->ram[OUT + 1]);
    ck_assert_msg(rig_read(r, "EVENTS_ERROR") == lengths[_i].error, "%s", lengths[_i].why);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 1);
    ck_assert_uint_eq(rig_read(r, "MICSTATUS"), 0);
    ck_assert_uint_eq(r->ram[OUT + 3 + lengths[_i].out], 0xee);
}
END_TEST

/* A good packet of 16 octets whose LENGTH says more than the key stream holds: it is not taken for
 * the good one. */
START_TEST(ccm_packet_that_was_cut_off_is_never_good)
{
    make_ccm(LL_DATA1, EXTENDED);
    rig_write(r, "MAXPACKETSIZE", 16);
    r->ram[IN + 1] = 16;
    const uint64_t at = generate();
    task("TASKS_CRYPT");
    rig_run(r, at + BLOCK_PS);
    ck_assert_uint_ne(r->ram[OUT + 3 + 19], 0xee); /* the last 16 octets go with the MIC */
    rig_pass(r, PS_PER_MS);
    for (uint8_t more = 0; more < 2; more++) {
        memcpy(r->ram + IN, r->ram + OUT, 30);
        r->ram[IN + 1] = (uint8_t)(20 + more);
        rig_write(r, "MODE", DECRYPT | EXTENDED);
        rig_write(r, "OUTPTR", RIG_RAM_BASE + OUT + 100);
        generate();
        task("TASKS_CRYPT");
        rig_pass(r, PS_PER_MS);
        ck_assert_uint_eq(rig_read(r, "MICSTATUS"), more == 0);
        ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), more == 1);
    }
}
END_TEST

/* Each pointer outside of RAM, and each that reaches over its end: the event that is missing. */
static const struct {
    const char *pointer;
    uint32_t address;
    uint32_t mode;
    uint32_t missing; /* 0: ENDKSGEN, 1: ENDCRYPT */
} bad_pointers[] = {
    {"CNFPTR", OUTSIDE, ENCRYPT, 0},
    {"CNFPTR", RIG_RAM_BASE + RIG_RAM_SIZE - 32, ENCRYPT, 0},
    {"SCRATCHPTR", OUTSIDE, ENCRYPT, 0},
    {"SCRATCHPTR", RIG_RAM_BASE + RIG_RAM_SIZE - 42, ENCRYPT, 0},
    {"INPTR", OUTSIDE, ENCRYPT, 1},
    {"INPTR", RIG_RAM_BASE + RIG_RAM_SIZE - 1, DECRYPT, 1},
    {"OUTPTR", OUTSIDE, ENCRYPT, 1},
    {"OUTPTR", RIG_RAM_BASE + RIG_RAM_SIZE - 33, ENCRYPT, 1},
    {"OUTPTR", OUTSIDE, DECRYPT, 1},
};

START_TEST(ccm_refused_memory_is_an_error)
{
    make_ccm(LL_DATA1, bad_pointers[_i].mode);
    rig_write(r, "SHORTS", 1);
    rig_write(r, bad_pointers[_i].pointer, bad_pointers[_i].address);
    task("TASKS_KSGEN");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDKSGEN"), bad_pointers[_i].missing);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, "EVENTS_ERROR"), 1);
    ck_assert_uint_eq(r->d->wake_ps, TIME_NEVER);
}
END_TEST

/* At each moment of a packet: by STOP, by ENABLE, by an injected error. */
static void cut_off(int how)
{
    if (how == 0)
        task("TASKS_STOP");
    else if (how == 1)
        rig_write(r, "ENABLE", 0);
    else
        r->d->fault.errors = 1;
    device_wake(r->d, r->now_ps);
    rig_serve(r);
}

START_TEST(ccm_cut_off_touches_memory_no_more)
{
    const int how = _i % 3;
    make_ccm(LL_DATA1, _i / 3 & 1 ? DECRYPT : ENCRYPT);
    rig_write(r, "SHORTS", 1);
    task("TASKS_KSGEN");
    rig_pass(r, (uint64_t)(_i / 6) * 20 * PS_PER_US);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 0);
    cut_off(how);
    r->count = 0;
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->count, 0);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), how == 2);
    rig_write(r, "ENABLE", 2);
    rig_write(r, "EVENTS_ERROR", 0);
    task("TASKS_CRYPT");
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 1); /* no key stream is left */
}
END_TEST

START_TEST(ccm_does_nothing_unless_enabled)
{
    make_ccm(LL_DATA1, ENCRYPT);
    rig_write(r, "ENABLE", (uint32_t)_i);
    task("TASKS_KSGEN");
    task("TASKS_CRYPT");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_READ, NULL), 0);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
}
END_TEST

/* --- AAR ------------------------------------------------------------------------------------- */

/* Core Specification, Vol 3 Part H, appendix D.7: ah(IRK, 708194) = 0dfbaa. */
#define IRK "ec0234a357c8ad05341010a60a397d9b"
#define OTHER_IRK "00112233445566778899aabbccddeeff"
#define PACKET "402500aafb0d948170"
enum { IRKS = 256, PACKET_AT = 640, AAR_SCRATCH = 700 };

static void make_aar(uint32_t count, uint32_t match)
{
    r = rig_make(&nrf52_ccm.type);
    memset(r->ram, 0xee, sizeof r->ram);
    for (uint32_t i = 0; i < 20; i++)
        rig_put(r, IRKS + 16 * i, i == match ? IRK : OTHER_IRK);
    rig_put(r, PACKET_AT, PACKET);
    rig_write(r, "MODE", count); /* NIRK */
    rig_write(r, "CNFPTR", RIG_RAM_BASE + IRKS);
    rig_write(r, "OUTPTR", RIG_RAM_BASE + PACKET_AT);
    rig_write(r, "SCRATCHPTR", RIG_RAM_BASE + AAR_SCRATCH);
    rig_write(r, "ENABLE", 3);
    rig_write(r, "INTENSET", 1);
}

/* {NIRK, the key that matches, keys tried} */
static const uint32_t lists[][3] = {{1, 0, 1},    {8, 0, 1},    {8, 3, 4},    {8, 7, 8},
                                    {8, 8, 8},    {16, 15, 16}, {16, 16, 16}, {20, 15, 16},
                                    {31, 17, 16}, {0, 0, 0}};

START_TEST(aar_resolves_in_1_us_and_6_a_key)
{
    const uint32_t *row = lists[_i];
    const bool found = row[1] < row[2];
    const uint64_t ps = (1 + 6 * (uint64_t)row[2]) * PS_PER_US;
    make_aar(row[0], row[1]);
    task("TASKS_KSGEN"); /* START */
    rig_run(r, ps - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 0);
    rig_run(r, ps);
    ck_assert_uint_eq(rig_event_ps(r, "EVENTS_ENDKSGEN"), ps); /* END */
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), found);  /* RESOLVED */
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), !found);    /* NOTRESOLVED */
    ck_assert_uint_eq(rig_read(r, "MICSTATUS"), found ? row[1] : 0);
    ck_assert(device_line(r->d));
    /* Three octets of the scratch area for each key. */
    ck_assert_uint_eq(rig_count(r, REQUEST_DMA_WRITE, NULL), row[2]);
    ck_assert_uint_eq(r->ram[AAR_SCRATCH + 3], 0xee);
    if (found)
        ck_assert(rig_holds(r, AAR_SCRATCH, "aafb0d"));
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 2);
}
END_TEST

/* What the address must be, octet by octet. */
static const struct {
    uint32_t at;
    uint8_t change;
    bool resolved;
} addresses[] = {
    {PACKET_AT, 0xff, true},      {PACKET_AT + 2, 0xff, true},  {PACKET_AT + 3, 0x01, false},
    {PACKET_AT + 4, 0x01, false}, {PACKET_AT + 5, 0x80, false}, {PACKET_AT + 6, 0x01, false},
    {PACKET_AT + 8, 0x01, false}, {PACKET_AT + 8, 0x80, false}, {IRKS, 0x01, false},
    {IRKS + 15, 0x80, false},
};

START_TEST(aar_needs_every_octet)
{
    make_aar(1, 0);
    r->ram[addresses[_i].at] ^= addresses[_i].change;
    task("TASKS_KSGEN");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), addresses[_i].resolved);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), !addresses[_i].resolved);
}
END_TEST

/* Hash and random part fit, but the two top bits say that it is no resolvable address. */
START_TEST(aar_leaves_other_kinds_of_address_alone)
{
    make_aar(1, 0);
    rig_put(r, IRKS, "00000000000000000000000000000000");
    rig_put(r, PACKET_AT,
            "402500"
            "2e2b340000c0");
    task("TASKS_KSGEN");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 1);
    const uint8_t *hash = r->ram + AAR_SCRATCH; /* now with the hash that it has */
    memcpy(r->ram + PACKET_AT + 3, hash, 3);
    rig_write(r, "EVENTS_ERROR", 0);
    task("TASKS_KSGEN");
    rig_pass(r, PS_PER_MS);
    ck_assert_mem_eq(r->ram + PACKET_AT + 3, hash, 3);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 0);
}
END_TEST

START_TEST(aar_refused_memory_resolves_nothing)
{
    static const char *const pointers[] = {"CNFPTR", "OUTPTR", "SCRATCHPTR"};
    make_aar(2, 0);
    rig_write(r, pointers[_i], OUTSIDE);
    task("TASKS_KSGEN");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDKSGEN"), 1);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), _i == 2); /* SCRATCHPTR: it does not mind */
    ck_assert_uint_eq(rig_read(r, "EVENTS_ERROR"), _i != 2);
}
END_TEST

START_TEST(aar_stopped_gives_no_event)
{
    make_aar(8, 7);
    task("TASKS_KSGEN");
    rig_pass(r, 20 * PS_PER_US);
    if (_i == 0)
        task("TASKS_STOP");
    else
        rig_write(r, "ENABLE", 2);
    r->count = 0;
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->count, 0);
}
END_TEST

START_TEST(aar_short_of_ccm_does_nothing)
{
    make_aar(1, 0);
    rig_write(r, "SHORTS", 1);
    task("TASKS_KSGEN");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "EVENTS_ENDCRYPT"), 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_EVENT, NULL), 2);
}
END_TEST

/* --------------------------------------------------------------------------------------------- */

static TCase *group(Suite *suite, const char *name)
{
    TCase *c = tcase_create(name);
    tcase_add_checked_fixture(c, NULL, tear_down);
    suite_add_tcase(suite, c);
    return c;
}

static void add_ecb_tests(Suite *suite)
{
    TCase *c = group(suite, "registers");
    tcase_add_loop_test(c, register_has_its_place_its_reset_and_its_bits, 0, COUNT(registers));
    tcase_add_loop_test(c, interrupt_bit_belongs_to_its_event, 0, COUNT(interrupts));
    c = group(suite, "ecb");
    tcase_add_loop_test(c, ecb_encrypts_in_7200_ns, 0, COUNT(blocks));
    tcase_add_test(c, ecb_touches_no_other_memory);
    tcase_add_test(c, ecb_latches_what_it_reads);
    tcase_add_test(c, ecb_stop_aborts_with_an_error);
    tcase_add_test(c, ecb_start_of_a_busy_one_is_an_error_and_changes_nothing);
    tcase_add_test(c, ecb_injected_error_is_an_abort);
    tcase_add_test(c, ecb_makes_way_for_ccm);
    tcase_add_loop_test(c, ecb_refused_memory_is_an_error, 0, COUNT(refusals));
}

static void add_ccm_tests(Suite *suite)
{
    TCase *c = group(suite, "ccm");
    tcase_add_loop_test(c, ccm_encrypts_as_published, 0, COUNT(packets));
    tcase_add_loop_test(c, ccm_decrypts_as_published, 0, COUNT(packets));
    tcase_add_loop_test(c, ccm_mic_covers_what_it_should, 0, COUNT(changes));
    tcase_add_loop_test(c, ccm_encrypts_as_others_do, 0, COUNT(others));
    tcase_add_loop_test(c, ccm_agrees_with_the_other_side_and_undoes_itself_at_every_length, 0,
                        252);
    tcase_add_loop_test(c, ccm_key_stream_goes_to_the_scratch_area, 0, COUNT(streams));
    tcase_add_test(c, ccm_uses_the_key_stream_that_is_in_memory);
    tcase_add_test(c, ccm_without_a_key_stream_gives_an_error);
    tcase_add_test(c, ccm_crypt_before_the_key_stream_gives_an_error_and_changes_nothing);
    tcase_add_test(c, ccm_takes_the_core_while_it_works);
    tcase_add_test(c, ccm_ksgen_starts_anew);
    tcase_add_loop_test(c, ccm_encrypts_ahead_of_the_radio, 0, COUNT(rates));
    tcase_add_loop_test(c, ccm_decrypts_behind_the_radio, 0, 3 * COUNT(rates));
    tcase_add_test(c, ccm_rate_is_overridden_from_the_octet_under_way_on);
    tcase_add_loop_test(c, ccm_rate_may_be_overridden_at_any_time, 0, 90);
    tcase_add_loop_test(c, ccm_odd_length_ends_all_the_same, 0, COUNT(lengths));
    tcase_add_test(c, ccm_packet_that_was_cut_off_is_never_good);
    tcase_add_loop_test(c, ccm_refused_memory_is_an_error, 0, COUNT(bad_pointers));
    tcase_add_loop_test(c, ccm_cut_off_touches_memory_no_more, 0, 6 * 14);
    tcase_add_loop_test(c, ccm_does_nothing_unless_enabled, 0, 2);
}

static void add_aar_tests(Suite *suite)
{
    TCase *c = group(suite, "aar");
    tcase_add_loop_test(c, aar_resolves_in_1_us_and_6_a_key, 0, COUNT(lists));
    tcase_add_loop_test(c, aar_needs_every_octet, 0, COUNT(addresses));
    tcase_add_test(c, aar_leaves_other_kinds_of_address_alone);
    tcase_add_loop_test(c, aar_refused_memory_resolves_nothing, 0, 3);
    tcase_add_loop_test(c, aar_stopped_gives_no_event, 0, 2);
    tcase_add_test(c, aar_short_of_ccm_does_nothing);
}

int main(void)
{
    Suite *suite = suite_create("device_crypto");
    add_ecb_tests(suite);
    add_ccm_tests(suite);
    add_aar_tests(suite);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
