/* test_aes_keystore.c: the AES engine with eight key areas: published vectors through registers and
 * DMA, the life of a key, the moment of each interrupt, and every way to go wrong.
 *
 * `test_aes_keystore --messages` prints 200 random messages as the device has worked them, for
 * aes_modes_test.sh: mode, direction, key, vector, what went in, what came out. */
#include "devices/aes_keystore.h"
#include "devices/catalogue.h"
#include "sim/random.h"
#include "tests/support_device_rig.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))

enum { KEY = 0, SOURCE = 256, TARGET = 512, OUTSIDE = 0x10000000, BLOCK = 16 };
#define CYCLES_PS(n) (((n)*UINT64_C(1000000) + 47) / 48)
#define BLOCK_PS CYCLES_PS(52)
#define ANY (AES_RESULT_AVAIL | AES_DMA_IN_DONE)
#define ERRORS (AES_DMA_BUS_ERR | AES_KEY_ST_WR_ERR | AES_KEY_ST_RD_ERR)

static struct rig *r;

static void set_up(void)
{
    r = rig_make(&cc26x2_aes);
    memset(r->ram, 0xee, sizeof r->ram);
    rig_write(r, "IRQTYPE", 1);
    rig_write(r, "IRQEN", AES_RESULT_AVAIL | AES_DMA_IN_DONE);
}

static void tear_down(void)
{
    rig_free(r);
    r = NULL;
}

static bool key_is(uint32_t n, const void *octets)
{
    return memcmp(device_key(r->d, n), octets, DEVICE_KEY_SIZE) == 0;
}

static bool key_wiped(uint32_t n)
{
    static const uint8_t zeros[DEVICE_KEY_SIZE];
    return key_is(n, zeros);
}

static uint32_t status(void)
{
    return rig_read(r, "IRQSTAT");
}

/* --- the driver's steps, as aes_keystore.h has them ------------------------------------------ */

static void channel(int which, uint32_t address, uint32_t length)
{
    rig_write(r, which ? "DMACH1CTL" : "DMACH0CTL", 1);
    rig_write(r, which ? "DMACH1EXTADDR" : "DMACH0EXTADDR", address);
    rig_write(r, which ? "DMACH1LEN" : "DMACH0LEN", length);
}

static void load_begin(uint32_t areas, uint32_t address, uint32_t length)
{
    rig_write(r, "ALGSEL", AES_TO_KEY_STORE);
    rig_write(r, "IRQCLR", 0xffffffff);
    rig_write(r, "KEYWRITEAREA", areas);
    channel(0, address, length);
}

static void load(uint32_t area, const char *key)
{
    rig_put(r, KEY, key);
    load_begin(UINT32_C(1) << area, RIG_RAM_BASE + KEY, BLOCK);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(status(), ANY);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA") >> area & 1, 1);
    memset(r->ram + KEY, 0xee, BLOCK);
}

static void copy(uint32_t area)
{
    rig_write(r, "ALGSEL", AES_TO_ENGINE);
    rig_write(r, "IRQCLR", 0xffffffff);
    rig_write(r, "KEYREADAREA", area);
    rig_pass(r, PS_PER_US);
}

static void use(uint32_t area)
{
    copy(area);
    ck_assert_uint_eq(rig_read(r, "KEYREADAREA"), area);
}

static void vector_set(const uint8_t *octets)
{
    static const char *const names[] = {"AESIV_0", "AESIV_1", "AESIV_2", "AESIV_3"};
    for (int i = 0; i < 4; i++) {
        const uint8_t *word = octets + (size_t)4 * (size_t)i;
        rig_write(r, names[i],
                  word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
                      (uint32_t)word[3] << 24);
    }
}

static void run(uint32_t control, uint32_t length)
{
    rig_write(r, "AESCTL", control);
    rig_write(r, "AESDATALEN0", length);
    rig_write(r, "AESDATALEN1", 0);
    channel(0, RIG_RAM_BASE + SOURCE, length);
    channel(1, RIG_RAM_BASE + TARGET, length);
}

/* Nothing of keys on their way, of what went in or came out: what stands behind the keys. */
static bool buffers_empty(void)
{
    const uint8_t *from = device_key(r->d, AES_KEYS);
    uint8_t all = 0;
    for (int i = 0; i < (AES_KEY_AREAS + 2) * BLOCK; i++)
        all |= from[i];
    return all == 0;
}

/* --- published vectors ----------------------------------------------------------------------- */

#define PLAIN                                                                                      \
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"                             \
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define EXAMPLE_KEY "2b7e151628aed2a6abf7158809cf4f3c"
#define OTHER_KEY "000102030405060708090a0b0c0d0e0f"
#define VECTOR "000102030405060708090a0b0c0d0e0f"
#define COUNTER "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
#define ECB_CIPHER                                                                                 \
    "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"                             \
    "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4"
#define CBC_CIPHER                                                                                 \
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"                             \
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
#define CTR_CIPHER                                                                                 \
    "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"                             \
    "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee"

/* NIST SP 800-38A, appendix F; `after`: the vector that goes on from there. */
static const struct {
    const char *section;
    uint32_t mode, cycles;
    const char *vector, *in, *out, *after;
} vectors[] = {
    {"F.1.1 ECB encrypt", AES_ENCRYPT, 52, VECTOR, PLAIN, ECB_CIPHER, VECTOR},
    {"F.1.2 ECB decrypt", 0, 52, VECTOR, ECB_CIPHER, PLAIN, VECTOR},
    {"F.2.1 CBC encrypt", AES_CBC | AES_ENCRYPT, 53, VECTOR, PLAIN, CBC_CIPHER,
     "3ff1caa1681fac09120eca307586e1a7"},
    {"F.2.2 CBC decrypt", AES_CBC, 53, VECTOR, CBC_CIPHER, PLAIN,
     "3ff1caa1681fac09120eca307586e1a7"},
    {"F.5.1 CTR encrypt", AES_CTR | AES_CTR_WIDTH(4) | AES_ENCRYPT, 52, COUNTER, PLAIN, CTR_CIPHER,
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdff03"},
    {"F.5.2 CTR decrypt", AES_CTR | AES_CTR_WIDTH(4), 52, COUNTER, CTR_CIPHER, PLAIN,
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdff03"},
};
enum { CBC_ENCRYPT = 2, CTR_ENCRYPT = 4 };

static void begin(int which, uint32_t more_control)
{
    uint8_t vector[BLOCK];
    load(0, EXAMPLE_KEY);
    use(0);
    rig_octets(vectors[which].vector, vector);
    vector_set(vector);
    uint32_t size = rig_put(r, SOURCE, vectors[which].in);
    run(vectors[which].mode | more_control, size);
}

static bool vector_is(const char *hex)
{
    uint8_t octets[BLOCK];
    static const char *const names[] = {"AESIV_0", "AESIV_1", "AESIV_2", "AESIV_3"};
    rig_octets(hex, octets);
    for (int i = 0; i < BLOCK; i++)
        if ((uint8_t)(rig_read(r, names[i / 4]) >> 8 * (i % 4)) != octets[i])
            return false;
    return true;
}

START_TEST(message_is_as_published_after_its_cycles)
{
    begin(_i, 0);
    const uint64_t start_ps = r->now_ps, block_ps = CYCLES_PS(vectors[_i].cycles);
    rig_run(r, start_ps + 3 * block_ps);
    ck_assert(!device_line(r->d) || status() == AES_DMA_IN_DONE);
    rig_run(r, start_ps + 4 * block_ps - 1);
    ck_assert_uint_eq(status(), AES_DMA_IN_DONE);
    ck_assert(!rig_holds(r, TARGET, vectors[_i].out));
    rig_run(r, start_ps + 4 * block_ps);
    ck_assert_uint_eq(status(), ANY);
    ck_assert(device_line(r->d));
    ck_assert_msg(rig_holds(r, TARGET, vectors[_i].out), "%s", vectors[_i].section);
    ck_assert_uint_eq(r->ram[TARGET + 64], 0xee);
    ck_assert_msg(vector_is(vectors[_i].after), "%s: vector", vectors[_i].section);
    ck_assert_uint_eq(rig_read(r, "DMASTAT"), 0);
    ck_assert(buffers_empty());
}
END_TEST

/* The channels first, then the context: the length's words are written one after the other while
 * the first block is already worked at, the last of so short a message. */
START_TEST(context_may_come_after_its_channels)
{
    load(0, EXAMPLE_KEY);
    use(0);
    rig_put(r, SOURCE, PLAIN);
    rig_write(r, "AESCTL", AES_ENCRYPT);
    channel(1, RIG_RAM_BASE + TARGET, BLOCK);
    channel(0, RIG_RAM_BASE + SOURCE, BLOCK);
    rig_write(r, "AESDATALEN0", BLOCK);
    rig_write(r, "AESDATALEN1", 0);
    rig_pass(r, BLOCK_PS);
    ck_assert_uint_eq(status(), ANY);
    ck_assert(rig_holds(r, TARGET, "3ad77bb40d7a3660a89ecaf32466ef97ee"));
    ck_assert_uint_eq(rig_read(r, "AESCTL") & AES_CONTEXT_READY, AES_CONTEXT_READY);
}
END_TEST

START_TEST(message_in_place_is_the_same)
{
    begin(_i, 0);
    rig_write(r, "DMACH1EXTADDR", RIG_RAM_BASE + SOURCE);
    rig_pass(r, PS_PER_MS);
    ck_assert_msg(rig_holds(r, SOURCE, vectors[_i].out), "%s", vectors[_i].section);
}
END_TEST

/* Half a message, then the other half from the vector that was left. */
START_TEST(message_in_two_parts_is_the_same)
{
    uint8_t vector[BLOCK];
    load(0, EXAMPLE_KEY);
    use(0);
    rig_octets(vectors[_i].vector, vector);
    vector_set(vector);
    rig_put(r, SOURCE, vectors[_i].in);
    run(vectors[_i].mode, 32);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(status(), ANY);
    rig_write(r, "IRQCLR", 0xffffffff);
    rig_write(r, "AESDATALEN0", 32);
    channel(0, RIG_RAM_BASE + SOURCE + 32, 32);
    channel(1, RIG_RAM_BASE + TARGET + 32, 32);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(status(), ANY);
    ck_assert_msg(rig_holds(r, TARGET, vectors[_i].out), "%s", vectors[_i].section);
}
END_TEST

/* The last block of CTR alone may be short. */
START_TEST(short_last_block_is_for_ctr_alone)
{
    const bool counts = vectors[_i].mode & AES_CTR;
    begin(_i, 0);
    rig_write(r, "DMACH0CTL", 0);
    rig_write(r, "DMACH1CTL", 0);
    rig_write(r, "AESIV_3", 0xfffefdfc);
    run(vectors[_i].mode, 21);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(status() & AES_RESULT_AVAIL, counts);
    ck_assert_int_eq(r->ram[TARGET + 20] != 0xee, counts);
    ck_assert_uint_eq(r->ram[TARGET + 21], 0xee);
    if (counts)
        ck_assert_mem_eq(
            r->ram + TARGET + 16,
            vectors[_i].mode & AES_ENCRYPT ? "\x98\x06\xf6\x6b\x79" : "\xae\x2d\x8a\x57\x1e", 5);
}
END_TEST

static const struct {
    uint32_t words;
    const char *from, *to;
} counters[] = {
    {1, "ffffffffffffffffffffffffffffffff", "ffffffffffffffffffffffff00000000"},
    {2, "ffffffffffffffffffffffffffffffff", "ffffffffffffffff0000000000000000"},
    {3, "ffffffffffffffffffffffffffffffff", "ffffffff000000000000000000000000"},
    {4, "ffffffffffffffffffffffffffffffff", "00000000000000000000000000000000"},
    {1, "000000000000000000000000000000ff", "00000000000000000000000000000100"},
};

START_TEST(counter_is_as_wide_as_it_is_set)
{
    uint8_t vector[BLOCK];
    rig_octets(counters[_i].from, vector);
    load(0, EXAMPLE_KEY);
    use(0);
    vector_set(vector);
    run(AES_CTR | AES_CTR_WIDTH(counters[_i].words), BLOCK);
    rig_pass(r, PS_PER_MS);
    ck_assert(vector_is(counters[_i].to));
}
END_TEST

/* --- the life of a key ----------------------------------------------------------------------- */

START_TEST(eight_areas_hold_eight_keys)
{
    uint8_t key[BLOCK], expect[BLOCK];
    char hex[33];
    for (uint32_t n = 0; n < AES_KEY_AREAS; n++) {
        snprintf(hex, sizeof hex, "%032x", n + 1);
        load(n, hex);
    }
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 0xff);
    for (uint32_t n = 0; n < AES_KEY_AREAS; n++) {
        snprintf(hex, sizeof hex, "%032x", n + 1);
        rig_octets(hex, key);
        ck_assert(key_is(n, key));
        use(n);
        ck_assert(key_is(AES_KEY_ENGINE, key));
        ck_assert_uint_eq(status(), 0);
    }
    memcpy(expect, device_key(r->d, 3), BLOCK);
    rig_write(r, "KEYWRITTENAREA", 1u << 2); /* and only that */
    ck_assert(key_wiped(2) && key_is(3, expect));
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 0xfb);
}
END_TEST

START_TEST(neighbours_are_loaded_at_once)
{
    rig_put(r, KEY, EXAMPLE_KEY OTHER_KEY);
    load_begin(0x18, RIG_RAM_BASE + KEY, 2 * BLOCK);
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(status(), ANY);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 0x18);
    ck_assert(key_is(3, r->ram + KEY) && key_is(4, r->ram + KEY + BLOCK));
}
END_TEST

/* No register shows a word of a key, nor of one that is on its way. */
START_TEST(no_register_shows_a_key)
{
    const char *const key = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf";
    uint8_t octets[BLOCK];
    rig_octets(key, octets);
    load(5, key);
    use(5);
    for (uint32_t offset = 0; offset < cc26x2_aes.window_size; offset += 4) {
        uint32_t value = device_read(r->d, offset, r->now_ps);
        for (int i = 0; i < BLOCK; i += 4)
            ck_assert_mem_ne(&value, octets + i, 4);
    }
}
END_TEST

START_TEST(load_takes_its_cycles)
{
    rig_put(r, KEY, EXAMPLE_KEY);
    load_begin(1, RIG_RAM_BASE + KEY, BLOCK);
    ck_assert_uint_eq(rig_read(r, "DMASTAT"), AES_DMA_ACTIVE(0));
    ck_assert(!buffers_empty());
    rig_pass(r, CYCLES_PS(8) - 1);
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 0);
    ck_assert(key_wiped(0));
    rig_pass(r, 1);
    ck_assert_uint_eq(status(), ANY);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 1);
    ck_assert_uint_eq(rig_read(r, "DMASTAT"), 0);
    ck_assert(buffers_empty());
}
END_TEST

START_TEST(copy_takes_its_cycles)
{
    load(6, EXAMPLE_KEY);
    ck_assert_uint_eq(rig_read(r, "AESCTL"), AES_CONTEXT_READY);
    rig_write(r, "KEYREADAREA", 6);
    rig_pass(r, CYCLES_PS(4) - 1);
    ck_assert_uint_eq(rig_read(r, "KEYREADAREA"), AES_KEY_BUSY | 6);
    ck_assert(key_wiped(AES_KEY_ENGINE));
    rig_pass(r, 1);
    ck_assert_uint_eq(rig_read(r, "KEYREADAREA"), 6);
    ck_assert(key_is(AES_KEY_ENGINE, device_key(r->d, 6)));
    ck_assert_uint_eq(rig_read(r, "AESCTL"), AES_CONTEXT_READY | 1u << 3);
}
END_TEST

/* Each row: the areas that hold a key before (all the same), and a load that must change none. */
static const struct {
    const char *why;
    uint32_t held, selected, length, size;
} refused_loads[] = {
    {"no area is selected", 0, 0, 16, 1},
    {"half a key", 0, 1, 8, 1},
    {"a key and a half", 0, 3, 24, 1},
    {"one key for two areas", 0, 3, 16, 1},
    {"two keys for one area", 0, 1, 32, 1},
    {"more than the store holds", 0, 0xff, 256, 1},
    {"areas that are no neighbours", 0, 5, 32, 1},
    {"the area holds a key", 1, 1, 16, 1},
    {"the second area holds a key", 2, 3, 32, 1},
    {"keys of 192 bits", 0, 1, 16, 2},
    {"keys of 256 bits", 0, 3, 32, 3},
};

START_TEST(refused_load_stores_nothing)
{
    const uint32_t held = refused_loads[_i].held;
    rig_write(r, "KEYSIZE", refused_loads[_i].size);
    for (uint32_t n = 0; n < AES_KEY_AREAS; n++)
        if (held >> n & 1)
            load(n, OTHER_KEY);
    uint8_t other[BLOCK];
    rig_octets(OTHER_KEY, other);
    rig_put(r, KEY, EXAMPLE_KEY EXAMPLE_KEY);
    load_begin(refused_loads[_i].selected, RIG_RAM_BASE + KEY, refused_loads[_i].length);
    rig_pass(r, 10 * PS_PER_US);
    ck_assert_msg(status() == (ANY | AES_KEY_ST_WR_ERR), "%s: %#x", refused_loads[_i].why,
                  status());
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), held);
    for (uint32_t n = 0; n < AES_KEYS; n++)
        ck_assert_msg(held >> n & 1 ? key_is(n, other) : key_wiped(n), "%s: key %u",
                      refused_loads[_i].why, n);
    rig_write(r, "KEYSIZE", 1); /* and it works again; a write of KEYSIZE has cleared all */
    load(0, EXAMPLE_KEY);
}
END_TEST

START_TEST(area_without_a_key_gives_an_error_and_zeros)
{
    load(0, EXAMPLE_KEY);
    use(0);
    use(7);
    ck_assert_uint_eq(status(), AES_KEY_ST_RD_ERR);
    ck_assert(!device_line(r->d)); /* errors are no interrupts */
    ck_assert(key_wiped(AES_KEY_ENGINE) && !key_wiped(0));
    ck_assert_uint_eq(rig_read(r, "AESCTL"), AES_CONTEXT_READY);
    /* Who goes on is served with a key of zeros: FIPS 197 with all zeros. */
    memset(r->ram + SOURCE, 0, BLOCK);
    run(AES_ENCRYPT, BLOCK);
    rig_pass(r, PS_PER_MS);
    ck_assert(rig_holds(r, TARGET, "66e94bd4ef8a2c3b884cfa59ca342b2e"));
}
END_TEST

START_TEST(no_area_copies_nothing)
{
    load(0, EXAMPLE_KEY);
    use(0);
    use(AES_KEY_NO_AREA);
    ck_assert_uint_eq(status(), 0);
    ck_assert(key_is(AES_KEY_ENGINE, device_key(r->d, 0)));
}
END_TEST

/* {register, value}: what takes all keys from the store, and whether the engine's goes, too. */
static const struct {
    const char *name;
    uint32_t value, engine;
} wipes[] = {
    {"KEYWRITTENAREA", 0xff, 0},
    {"KEYSIZE", 1, 0},
    {"DMASWRESET", 1, 0},
    {"SWRESET", 1, 1},
};

START_TEST(wipe_leaves_zeros)
{
    load(0, EXAMPLE_KEY);
    load(7, OTHER_KEY);
    use(7);
    rig_write(r, wipes[_i].name, wipes[_i].value);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 0);
    ck_assert(key_wiped(0) && key_wiped(7));
    ck_assert_int_eq(key_wiped(AES_KEY_ENGINE), (int)wipes[_i].engine);
    use(7);
    ck_assert_uint_eq(status(), AES_KEY_ST_RD_ERR);
    ck_assert(key_wiped(AES_KEY_ENGINE));
    load(7, EXAMPLE_KEY);
}
END_TEST

START_TEST(reset_bit_of_zero_resets_nothing)
{
    load(0, EXAMPLE_KEY);
    rig_write(r, "DMASWRESET", 0xfffffffe);
    rig_write(r, "SWRESET", 0xfffffffe);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 1);
    ck_assert_uint_eq(rig_read(r, "SWRESET"), 0);
}
END_TEST

/* --- interrupts ------------------------------------------------------------------------------ */

START_TEST(interrupt_needs_its_bit_and_its_level)
{
    rig_write(r, "IRQEN", AES_RESULT_AVAIL);
    rig_write(r, "IRQSET", 3);
    ck_assert_uint_eq(status(), AES_RESULT_AVAIL);
    ck_assert(device_line(r->d));
    rig_write(r, "IRQCLR", AES_DMA_IN_DONE);
    ck_assert(device_line(r->d));
    rig_write(r, "IRQCLR", AES_RESULT_AVAIL);
    ck_assert(!device_line(r->d));
    rig_write(r, "IRQEN", 3);
    rig_write(r, "IRQSET", AES_DMA_IN_DONE);
    ck_assert_uint_eq(status(), AES_DMA_IN_DONE);
    ck_assert(device_line(r->d));
    rig_write(r, "IRQTYPE", 0);
    rig_write(r, "IRQSET", 3);
    ck_assert_uint_eq(status(), 0);
    rig_write(r, "IRQTYPE", 1);
    ck_assert(!device_line(r->d)); /* it is lost */
    rig_write(r, "IRQSET", 3);
    rig_write(r, "IRQEN", 0);
    ck_assert_uint_eq(status(), 0);
    ck_assert(!device_line(r->d));
}
END_TEST

START_TEST(saved_context_waits_to_be_taken)
{
    begin(CBC_ENCRYPT, AES_SAVE_CONTEXT);
    ck_assert_uint_eq(rig_read(r, "AESCTL") & (AES_CONTEXT_READY | AES_SAVED_CONTEXT_READY), 0);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(rig_read(r, "AESCTL") & (AES_CONTEXT_READY | AES_SAVED_CONTEXT_READY),
                      AES_SAVED_CONTEXT_READY);
    rig_write(r, "IRQCLR", ANY);
    run(AES_ENCRYPT, BLOCK);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(status(), 0);
    if (_i)
        rig_write(r, "AESCTL", AES_SAVED_CONTEXT_READY);
    else
        (void)rig_read(r, "AESIV_3");
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(status(), ANY);
    ck_assert_uint_eq(rig_read(r, "AESCTL"), AES_CONTEXT_READY | 1u << 3 | AES_ENCRYPT);
}
END_TEST

/* --- what goes wrong ------------------------------------------------------------------------- */

static void expect_bus_error(uint32_t port, uint32_t more)
{
    ck_assert_uint_eq(status() & (ERRORS | AES_RESULT_AVAIL),
                      AES_DMA_BUS_ERR | AES_RESULT_AVAIL | more);
    ck_assert(device_line(r->d));
    ck_assert_uint_eq(rig_read(r, "DMAPORTERR"), port);
    ck_assert_uint_eq(rig_read(r, "DMASTAT"), AES_DMA_PORT_ERR);
    ck_assert(buffers_empty());
}

/* No transfer begins until DMASWRESET; then everything works. */
static void expect_recovery(void)
{
    rig_write(r, "SWRESET", 1);
    const uint32_t before = r->count;
    load_begin(1, RIG_RAM_BASE + KEY, BLOCK);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->count, before);
    ck_assert_uint_eq(status(), 0);
    rig_write(r, "DMASWRESET", 1);
    ck_assert_uint_eq(rig_read(r, "DMASTAT"), 0);
    ck_assert_uint_eq(rig_read(r, "DMAPORTERR"), 0);
    begin(CTR_ENCRYPT, 0);
    rig_pass(r, PS_PER_MS);
    ck_assert(rig_holds(r, TARGET, CTR_CIPHER));
}

static const uint32_t bad_addresses[] = {OUTSIDE, RIG_RAM_BASE - 1,
                                         RIG_RAM_BASE + RIG_RAM_SIZE - BLOCK + 1, 0xfffffff8};

START_TEST(refused_key_is_a_bus_error)
{
    load_begin(1, bad_addresses[_i], BLOCK);
    expect_bus_error(AES_PORT_ERROR, AES_KEY_ST_WR_ERR);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 0);
    ck_assert(key_wiped(0));
    expect_recovery();
}
END_TEST

START_TEST(refused_source_is_a_bus_error)
{
    begin(CBC_ENCRYPT, 0);
    rig_write(r, "DMACH0EXTADDR", bad_addresses[_i]); /* the second block's */
    rig_pass(r, PS_PER_MS);
    expect_bus_error(AES_PORT_ERROR, 0);
    ck_assert(rig_holds(r, TARGET, "7649abac8119b246cee98e9b12e9197dee"));
    expect_recovery();
}
END_TEST

START_TEST(refused_target_is_a_bus_error)
{
    begin(CBC_ENCRYPT, 0);
    rig_write(r, "DMACH1EXTADDR", bad_addresses[_i]);
    rig_pass(r, PS_PER_MS);
    expect_bus_error(AES_PORT_ERROR | AES_PORT_LAST_CHANNEL, 0);
    ck_assert_uint_eq(r->ram[TARGET], 0xee);
    expect_recovery();
}
END_TEST

static void inject(void)
{
    r->d->fault.errors++;
    device_wake(r->d, r->now_ps);
    rig_serve(r);
}

START_TEST(injected_error_spoils_the_next_load)
{
    rig_put(r, KEY, EXAMPLE_KEY);
    if (_i)
        inject();
    load_begin(1, RIG_RAM_BASE + KEY, BLOCK);
    if (!_i)
        inject();
    rig_pass(r, PS_PER_US);
    ck_assert_uint_eq(status(), ANY | AES_KEY_ST_WR_ERR);
    ck_assert_uint_eq(rig_read(r, "KEYWRITTENAREA"), 0);
    ck_assert(key_wiped(0));
    load(0, EXAMPLE_KEY);
}
END_TEST

START_TEST(injected_error_is_a_bus_error_of_the_next_transfer)
{
    load(0, EXAMPLE_KEY);
    use(0);
    rig_put(r, SOURCE, PLAIN);
    if (_i)
        inject(); /* meets the read of the first block */
    run(AES_ENCRYPT, BLOCK);
    if (!_i)
        inject(); /* meets its write */
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->ram[TARGET], 0xee);
    /* A channel that is started after the error does not begin. */
    expect_bus_error(AES_PORT_ERROR | (_i ? 0 : AES_PORT_LAST_CHANNEL), 0);
    expect_recovery();
}
END_TEST

/* Each row is a message that does not come to an end: one register is left out or wrong. */
static const struct {
    const char *why, *name;
    uint32_t value, in_done;
} stuck[] = {
    {"no DMA path", "ALGSEL", 0, 0},
    {"two DMA paths", "ALGSEL", 3, 0},
    {"no way in", "DMACH0CTL", 0, 0},
    {"no way out", "DMACH1CTL", 0, 1},
    {"a way out that is too short", "DMACH1LEN", 8, 1},
    {"GCM", "AESCTL", AES_CTR | 3u << 16, 0},
    {"CCM", "AESCTL", AES_CTR | 1u << 18, 0},
    {"CBC-MAC", "AESCTL", AES_ENCRYPT | 1u << 15, 0},
    {"CBC and CTR", "AESCTL", AES_CBC | AES_CTR, 0},
};

START_TEST(message_without_all_it_needs_never_ends)
{
    load(0, EXAMPLE_KEY);
    use(0);
    rig_write(r, "AESCTL", AES_ENCRYPT);
    rig_write(r, "DMACH0CTL", 1);
    rig_write(r, "DMACH0EXTADDR", RIG_RAM_BASE + SOURCE);
    rig_write(r, "DMACH0LEN", BLOCK);
    channel(1, RIG_RAM_BASE + TARGET, BLOCK);
    rig_write(r, stuck[_i].name, stuck[_i].value);
    rig_write(r, "AESDATALEN0", BLOCK);
    rig_pass(r, PS_PER_MS);
    ck_assert_msg(status() == (stuck[_i].in_done ? AES_DMA_IN_DONE : 0), "%s", stuck[_i].why);
    ck_assert_uint_eq(r->ram[TARGET], 0xee);
    rig_write(r, "SWRESET", 1);
    ck_assert_uint_eq(rig_read(r, "DMASTAT"), 0);
    begin(CBC_ENCRYPT, 0);
    rig_pass(r, PS_PER_MS);
    ck_assert(rig_holds(r, TARGET, CBC_CIPHER));
}
END_TEST

/* At any moment of a message SWRESET ends it: no octet is moved after it, and nothing is left. */
START_TEST(software_reset_ends_a_message)
{
    begin(CBC_ENCRYPT, 0);
    rig_pass(r, (uint64_t)_i * BLOCK_PS / 3);
    rig_write(r, "SWRESET", 1);
    const uint32_t before = r->count;
    memset(r->ram + TARGET, 0xee, 64);
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->count, before);
    ck_assert_uint_eq(status(), 0);
    ck_assert_uint_eq(rig_read(r, "AESCTL"), AES_CONTEXT_READY);
    ck_assert(vector_is("00000000000000000000000000000000"));
    ck_assert_uint_eq(r->ram[TARGET], 0xee);
    ck_assert(buffers_empty());
    for (uint32_t n = 0; n < AES_KEYS; n++)
        ck_assert(key_wiped(n));
}
END_TEST

START_TEST(disabled_channel_drops_its_transfer)
{
    begin(CBC_ENCRYPT, 0);
    rig_pass(r, BLOCK_PS + BLOCK_PS / 2);
    rig_write(r, "DMACH0CTL", 0);
    rig_write(r, "DMACH1CTL", 0);
    const uint32_t before = r->count;
    rig_pass(r, PS_PER_MS);
    ck_assert_uint_eq(r->count, before);
    ck_assert_uint_eq(rig_read(r, "DMACH0LEN"), 32);
    ck_assert_uint_eq(rig_read(r, "DMACH1EXTADDR"), RIG_RAM_BASE + TARGET + BLOCK);
    ck_assert_uint_eq(rig_read(r, "DMASTAT"), 0);
}
END_TEST

/* --- for OpenSSL ----------------------------------------------------------------------------- */

static void print_octets(const uint8_t *octets, uint32_t size)
{
    printf(" ");
    for (uint32_t i = 0; i < size; i++)
        printf("%02x", octets[i]);
}

static int print_messages(void)
{
    static const char *const modes[] = {"ECB", "CBC", "CTR"};
    static const uint32_t controls[] = {0, AES_CBC, AES_CTR | AES_CTR_WIDTH(4)};
    struct random random = random_start(7, RANDOM_DEVICE);
    for (int n = 0; n < 200; n++) {
        set_up();
        for (int i = 0; i < RIG_RAM_SIZE; i++)
            r->ram[i] = (uint8_t)random_next(&random);
        const uint32_t mode = random_next(&random) % 3, encrypts = random_next(&random) % 2;
        const uint32_t size =
            mode == 2 ? 1 + random_next(&random) % 256 : BLOCK * (1 + random_next(&random) % 16);
        const uint32_t area = random_next(&random) % AES_KEY_AREAS;
        printf("%s %s", modes[mode], encrypts ? "encrypt" : "decrypt");
        print_octets(r->ram + KEY, BLOCK);
        print_octets(r->ram + KEY + BLOCK, BLOCK);
        print_octets(r->ram + SOURCE, size);
        load_begin(1u << area, RIG_RAM_BASE + KEY, BLOCK);
        rig_pass(r, PS_PER_US);
        copy(area);
        vector_set(r->ram + KEY + BLOCK);
        run(controls[mode] | (encrypts ? AES_ENCRYPT : 0), size);
        rig_pass(r, PS_PER_MS);
        print_octets(r->ram + TARGET, size);
        printf("\n");
        tear_down();
    }
    return EXIT_SUCCESS;
}

static TCase *add_case(Suite *s, const char *name)
{
    TCase *t = tcase_create(name);
    tcase_add_checked_fixture(t, set_up, tear_down);
    suite_add_tcase(s, t);
    return t;
}

int main(int argc, char **argv)
{
    if (argc == 2 && !strcmp(argv[1], "--messages"))
        return print_messages();
    Suite *s = suite_create("aes_keystore");
    TCase *t = add_case(s, "messages");
    tcase_add_loop_test(t, message_is_as_published_after_its_cycles, 0, COUNT(vectors));
    tcase_add_test(t, context_may_come_after_its_channels);
    tcase_add_loop_test(t, message_in_place_is_the_same, 0, COUNT(vectors));
    tcase_add_loop_test(t, message_in_two_parts_is_the_same, 0, COUNT(vectors));
    tcase_add_loop_test(t, short_last_block_is_for_ctr_alone, 0, COUNT(vectors));
    tcase_add_loop_test(t, counter_is_as_wide_as_it_is_set, 0, COUNT(counters));
    tcase_add_loop_test(t, saved_context_waits_to_be_taken, 0, 2);
    t = add_case(s, "keys");
    tcase_add_test(t, eight_areas_hold_eight_keys);
    tcase_add_test(t, neighbours_are_loaded_at_once);
    tcase_add_test(t, no_register_shows_a_key);
    tcase_add_test(t, load_takes_its_cycles);
    tcase_add_test(t, copy_takes_its_cycles);
    tcase_add_loop_test(t, refused_load_stores_nothing, 0, COUNT(refused_loads));
    tcase_add_test(t, area_without_a_key_gives_an_error_and_zeros);
    tcase_add_test(t, no_area_copies_nothing);
    tcase_add_loop_test(t, wipe_leaves_zeros, 0, COUNT(wipes));
    tcase_add_test(t, reset_bit_of_zero_resets_nothing);
    t = add_case(s, "errors");
    tcase_add_test(t, interrupt_needs_its_bit_and_its_level);
    tcase_add_loop_test(t, refused_key_is_a_bus_error, 0, COUNT(bad_addresses));
    tcase_add_loop_test(t, refused_source_is_a_bus_error, 0, COUNT(bad_addresses));
    tcase_add_loop_test(t, refused_target_is_a_bus_error, 0, COUNT(bad_addresses));
    tcase_add_loop_test(t, injected_error_spoils_the_next_load, 0, 2);
    tcase_add_loop_test(t, injected_error_is_a_bus_error_of_the_next_transfer, 0, 2);
    tcase_add_loop_test(t, message_without_all_it_needs_never_ends, 0, COUNT(stuck));
    tcase_add_loop_test(t, software_reset_ends_a_message, 0, 12);
    tcase_add_test(t, disabled_channel_drops_its_transfer);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
