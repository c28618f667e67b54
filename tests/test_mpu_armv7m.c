/* test_mpu_armv7m.c: the simulated ARMv7-M MPU, against tables and against a second opinion. */
#include "sim/mpu_armv7m.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { ENABLE = 1, HFNMIENA = 2, PRIVDEFENA = 4 };
enum { XN = 1 << 28 };

/* RASR of 2^bits bytes with access permissions `ap` and disabled sub-regions `srd`. */
#define RASR(bits, ap, srd) ((uint32_t)(ap) << 24 | (uint32_t)(srd) << 8 | ((bits)-1) << 1 | 1)

static void write_region(struct mpu_armv7m *mpu, uint32_t region, uint32_t rbar, uint32_t rasr)
{
    mpu_armv7m_write(mpu, MPU_ARMV7M_RNR, region);
    mpu_armv7m_write(mpu, MPU_ARMV7M_RBAR, rbar);
    mpu_armv7m_write(mpu, MPU_ARMV7M_RASR, rasr);
}

/* ---- each trap, by name */

#define RAM 0x20000000u
#define OK (-1) /* no byte refused */

enum { R = ACCESS_READ, W = ACCESS_WRITE, X = ACCESS_EXECUTE };
enum { USER = 0, PRIV = 1, NEG = 2 }; /* NEG: privileged at negative priority */

enum {
    BY_REGION = MPU_ARMV7M_BY_REGION,
    BY_SYSTEM_XN = MPU_ARMV7M_BY_SYSTEM_XN,
    BY_BACKGROUND = MPU_ARMV7M_BY_BACKGROUND,
    BY_NO_REGION = MPU_ARMV7M_BY_NO_REGION,
    BY_PRIVATE_BUS = MPU_ARMV7M_BY_PRIVATE_BUS,
    BY_OFF = MPU_ARMV7M_BY_OFF,
    BY_BYPASS = MPU_ARMV7M_BY_BYPASS,
};

static const struct trap {
    const char *why;
    uint32_t ctrl;
    struct {
        uint32_t number, rbar, rasr;
    } region[3];
    struct {
        uint32_t address, size;
        int kind, who;
    } access;
    struct {
        int decider, region, subregion;
        int fault_at; /* offset of the refused byte, or OK */
    } want;
} traps[] = {
    {"highest number wins, though it refuses",
     ENABLE,
     {{1, RAM, RASR(12, 3, 0)}, {2, RAM, RASR(12, 0, 0)}},
     {RAM, 4, R, USER},
     {BY_REGION, 2, 0, 0}},
    {"highest number wins, though a lower one refuses",
     ENABLE,
     {{1, RAM, RASR(12, 0, 0)}, {2, RAM, RASR(12, 3, 0)}},
     {RAM, 4, W, USER},
     {BY_REGION, 2, 0, OK}},
    {"region 15 beats region 8",
     ENABLE,
     {{8, RAM, RASR(12, 3, 0)}, {15, RAM, RASR(12, 6, 0)}},
     {RAM, 4, W, USER},
     {BY_REGION, 15, 0, 0}},
    {"a disabled region is not there",
     ENABLE,
     {{1, RAM, RASR(12, 3, 0)}, {2, RAM, RASR(12, 0, 0) & ~1u}},
     {RAM, 4, R, USER},
     {BY_REGION, 1, 0, OK}},
    {"a disabled sub-region falls through to a lower number",
     ENABLE,
     {{1, RAM, RASR(13, 3, 0)}, {2, RAM, RASR(8, 0, 0x04)}},
     {RAM + 64, 4, W, USER},
     {BY_REGION, 1, 0, OK}},
    {"the sub-region beside a disabled one counts",
     ENABLE,
     {{1, RAM, RASR(13, 3, 0)}, {2, RAM, RASR(8, 0, 0x04)}},
     {RAM + 96, 4, W, USER},
     {BY_REGION, 2, 3, 0}},
    {"a disabled sub-region with nothing below",
     ENABLE,
     {{2, RAM, RASR(8, 3, 0x80)}},
     {RAM + 0xff, 1, R, PRIV},
     {BY_NO_REGION, -1, -1, 0}},
    {"a disabled sub-region falls through to the background",
     ENABLE | PRIVDEFENA,
     {{2, RAM, RASR(8, 0, 0x80)}},
     {RAM + 0xff, 1, R, PRIV},
     {BY_BACKGROUND, -1, -1, OK}},
    {"128 bytes have no sub-regions",
     ENABLE,
     {{0, RAM, RASR(7, 3, 0xff)}},
     {RAM + 0x7c, 4, R, USER},
     {BY_REGION, 0, -1, OK}},
    {"a 4 GiB region covers the first byte",
     ENABLE,
     {{0, 0, RASR(32, 3, 0)}},
     {0, 1, R, USER},
     {BY_REGION, 0, 0, OK}},
    {"a 4 GiB region covers the last byte",
     ENABLE,
     {{0, 0, RASR(32, 3, 0)}},
     {0xffffffff, 1, R, USER},
     {BY_REGION, 0, 7, OK}},
    {"a 4 GiB region has sub-regions",
     ENABLE,
     {{0, 0, RASR(32, 3, 0x02)}},
     {RAM, 1, R, USER},
     {BY_NO_REGION, -1, -1, 0}},
    {"base + size = 2^32, last byte",
     ENABLE,
     {{0, 0xffffe000, RASR(13, 3, 0)}},
     {0xfffffffc, 4, W, USER},
     {BY_REGION, 0, 7, OK}},
    {"base + size = 2^32, before the first",
     ENABLE,
     {{0, 0xffffe000, RASR(13, 3, 0)}},
     {0xffffdfff, 1, W, USER},
     {BY_NO_REGION, -1, -1, 0}},
    {"an access past 2^32 touches address 0",
     ENABLE,
     {{0, 0xffffe000, RASR(13, 3, 0)}},
     {0xfffffffe, 4, W, USER},
     {BY_NO_REGION, -1, -1, 2}},
    {"AP 7 reads", ENABLE, {{0, RAM, RASR(12, 7, 0)}}, {RAM, 4, R, USER}, {BY_REGION, 0, 0, OK}},
    {"AP 7 does not write, privileged or not",
     ENABLE,
     {{0, RAM, RASR(12, 7, 0)}},
     {RAM, 4, W, PRIV},
     {BY_REGION, 0, 0, 0}},
    {"execute needs read: AP 0",
     ENABLE,
     {{0, RAM, RASR(12, 0, 0)}},
     {RAM, 2, X, PRIV},
     {BY_REGION, 0, 0, 0}},
    {"execute needs read: AP 5, unprivileged",
     ENABLE,
     {{0, RAM, RASR(12, 5, 0)}},
     {RAM, 2, X, USER},
     {BY_REGION, 0, 0, 0}},
    {"AP 2 executes unprivileged",
     ENABLE,
     {{0, RAM, RASR(12, 2, 0)}},
     {RAM, 2, X, USER},
     {BY_REGION, 0, 0, OK}},
    {"XN refuses execution",
     ENABLE,
     {{0, RAM, RASR(12, 3, 0) | XN}},
     {RAM, 2, X, USER},
     {BY_REGION, 0, 0, 0}},
    {"XN refuses no read",
     ENABLE,
     {{0, RAM, RASR(12, 3, 0) | XN}},
     {RAM, 2, R, USER},
     {BY_REGION, 0, 0, OK}},
    {"the background is not for unprivileged code",
     ENABLE | PRIVDEFENA,
     {{0}},
     {RAM, 4, R, USER},
     {BY_NO_REGION, -1, -1, 0}},
    {"the background is for privileged code",
     ENABLE | PRIVDEFENA,
     {{0}},
     {RAM, 2, X, PRIV},
     {BY_BACKGROUND, -1, -1, OK}},
    {"no background without PRIVDEFENA",
     ENABLE,
     {{0}},
     {RAM, 4, R, PRIV},
     {BY_NO_REGION, -1, -1, 0}},
    {"the background never executes peripherals",
     ENABLE | PRIVDEFENA,
     {{0}},
     {0x5ffffffe, 2, X, PRIV},
     {BY_BACKGROUND, -1, -1, 0}},
    {"the background executes external RAM",
     ENABLE | PRIVDEFENA,
     {{0}},
     {0x60000000, 2, X, PRIV},
     {BY_BACKGROUND, -1, -1, OK}},
    {"the background never executes devices",
     ENABLE | PRIVDEFENA,
     {{0}},
     {0xa0000000, 2, X, PRIV},
     {BY_BACKGROUND, -1, -1, 0}},
    {"the background never executes the system space",
     ENABLE | PRIVDEFENA,
     {{0}},
     {0xf0000000, 2, X, PRIV},
     {BY_SYSTEM_XN, -1, -1, 0}},
    {"a region may execute peripherals",
     ENABLE,
     {{0, 0x40000000, RASR(12, 3, 0)}},
     {0x40000000, 2, X, USER},
     {BY_REGION, 0, 0, OK}},
    {"a region never executes the system space",
     ENABLE,
     {{0, 0xf0000000, RASR(12, 3, 0)}},
     {0xf0000000, 2, X, PRIV},
     {BY_SYSTEM_XN, 0, 0, 0}},
    {"private bus: data whatever the regions say",
     ENABLE,
     {{0, 0xe0000000, RASR(20, 0, 0)}},
     {0xe000ed90, 4, W, USER},
     {BY_PRIVATE_BUS, -1, -1, OK}},
    {"private bus: never executes",
     ENABLE,
     {{0, 0xe0000000, RASR(20, 3, 0)}},
     {0xe000ed90, 2, X, PRIV},
     {BY_PRIVATE_BUS, -1, -1, 0}},
    {"private bus: its last word",
     ENABLE,
     {{0}},
     {0xe00ffffc, 4, R, USER},
     {BY_PRIVATE_BUS, -1, -1, OK}},
    {"private bus: behind its last word",
     ENABLE,
     {{0}},
     {0xe00ffffe, 4, R, USER},
     {BY_NO_REGION, -1, -1, 2}},
    {"private bus: before its first byte",
     ENABLE,
     {{0}},
     {0xdfffffff, 4, R, USER},
     {BY_NO_REGION, -1, -1, 0}},
    {"off: data everywhere",
     0,
     {{0, RAM, RASR(12, 0, 0)}},
     {RAM, 4, W, USER},
     {BY_OFF, -1, -1, OK}},
    {"off: the default map's execute-never holds",
     0,
     {{0}},
     {0x40000000, 2, X, PRIV},
     {BY_OFF, -1, -1, 0}},
    {"HFNMIENA without ENABLE is off", HFNMIENA, {{0}}, {RAM, 4, W, USER}, {BY_OFF, -1, -1, OK}},
    {"negative priority passes by without HFNMIENA",
     ENABLE,
     {{0, RAM, RASR(12, 0, 0)}},
     {RAM, 4, W, NEG},
     {BY_BYPASS, -1, -1, OK}},
    {"negative priority: the default map's execute-never holds",
     ENABLE,
     {{0}},
     {0x40000000, 2, X, NEG},
     {BY_BYPASS, -1, -1, 0}},
    {"negative priority is judged with HFNMIENA",
     ENABLE | HFNMIENA,
     {{0, RAM, RASR(12, 0, 0)}},
     {RAM, 4, W, NEG},
     {BY_REGION, 0, 0, 0}},
    {"every byte: the last one is outside",
     ENABLE,
     {{0, RAM, RASR(5, 3, 0)}},
     {RAM + 0x1d, 4, R, USER},
     {BY_NO_REGION, -1, -1, 3}},
    {"every byte: the first one is outside",
     ENABLE,
     {{0, RAM, RASR(5, 3, 0)}},
     {RAM - 1, 4, R, USER},
     {BY_NO_REGION, -1, -1, 0}},
    {"every byte: across two regions that both allow",
     ENABLE,
     {{0, RAM, RASR(5, 3, 0)}, {1, RAM + 32, RASR(5, 3, 0)}},
     {RAM + 0x1e, 4, W, USER},
     {BY_REGION, 0, -1, OK}},
    {"every byte: into a sub-region that is off",
     ENABLE,
     {{0, RAM, RASR(8, 3, 0x02)}},
     {RAM + 0x1f, 2, W, USER},
     {BY_NO_REGION, -1, -1, 1}},
    {"every byte: the last of eight",
     ENABLE,
     {{0, RAM, RASR(5, 3, 0)}},
     {RAM + 0x19, 8, R, USER},
     {BY_NO_REGION, -1, -1, 7}},
    {"the low bits of the base do not matter",
     ENABLE,
     {{0, RAM + 0xfe0, RASR(12, 3, 0)}},
     {RAM, 4, R, USER},
     {BY_REGION, 0, 0, OK}},
    {"the last of 1 KiB",
     ENABLE,
     {{0, RAM, RASR(10, 3, 0)}},
     {RAM + 0x3ff, 1, R, USER},
     {BY_REGION, 0, 7, OK}},
    {"behind the last of 1 KiB",
     ENABLE,
     {{0, RAM, RASR(10, 3, 0)}},
     {RAM + 0x400, 1, R, USER},
     {BY_NO_REGION, -1, -1, 0}},
};

START_TEST(trap_is_decided_as_the_architecture_says)
{
    const struct trap *t = &traps[_i];
    struct access access = {t->access.address, t->access.size, (enum access_kind)t->access.kind,
                            t->access.who != USER, t->access.who == NEG};
    struct mpu_armv7m mpu;
    uint8_t violation = t->access.kind == X ? 0x01 : 0x82;

    mpu_armv7m_reset(&mpu, 16);
    for (int i = 0; i < 3; i++)
        if (t->region[i].rasr)
            write_region(&mpu, t->region[i].number, t->region[i].rbar, t->region[i].rasr);
    mpu_armv7m_write(&mpu, MPU_ARMV7M_CTRL, t->ctrl);

    struct mpu_verdict v = mpu_armv7m_check(&mpu, access);

    ck_assert_msg(v.allowed == (t->want.fault_at == OK), "%s: allowed %d", t->why, v.allowed);
    ck_assert_msg((int)v.decider == t->want.decider, "%s: decider %d", t->why, (int)v.decider);
    ck_assert_msg(v.region == t->want.region, "%s: region %d", t->why, v.region);
    ck_assert_msg(v.subregion == t->want.subregion, "%s: sub-region %d", t->why, v.subregion);
    ck_assert_msg(v.mmfsr == (v.allowed ? 0 : violation), "%s: mmfsr %02x", t->why, v.mmfsr);
    ck_assert_msg(v.fault_address ==
                      (v.allowed ? 0 : t->access.address + (uint32_t)t->want.fault_at),
                  "%s: fault at %08x", t->why, v.fault_address);
}
END_TEST

/* The table of permissions (B3.5.9) as letters: what a region with AP `_i` lets be done. */
START_TEST(permissions_are_those_of_the_table)
{
    static const char *const privileged[8] = {"", "rwx", "rwx", "rwx", "", "rx", "rx", "rx"};
    static const char *const unprivileged[8] = {"", "", "rx", "rwx", "", "", "rx", "rx"};
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 8);
    mpu_armv7m_write(&mpu, MPU_ARMV7M_CTRL, ENABLE);
    for (int n = 0; n < 12; n++) {
        bool priv = n & 1, xn = n & 2;
        int kind = n / 4;
        const char *may = (priv ? privileged : unprivileged)[_i];
        bool expected = strchr(may, "rwx"[kind]) && !(xn && kind == X);

        write_region(&mpu, 3, RAM, RASR(12, _i, 0) | (xn ? XN : 0));
        struct access access = {RAM + 8, 2, (enum access_kind)kind, priv, false};
        ck_assert_msg(mpu_armv7m_check(&mpu, access).allowed == expected,
                      "AP %d, privileged %d, XN %d, kind %d", _i, priv, xn, kind);
    }
}
END_TEST

/* ---- registers */

enum { TYPE = MPU_ARMV7M_TYPE, CTRL = MPU_ARMV7M_CTRL, RNR = MPU_ARMV7M_RNR };
enum { RBAR = MPU_ARMV7M_RBAR, RASR0 = MPU_ARMV7M_RASR, END = 0 };

/* Each row is a sequence on a unit of 8 regions: '=' reads and compares, '<' writes. */
static const struct sequence {
    const char *why;
    struct {
        char verb;
        uint32_t address, value;
    } op[10];
} sequences[] = {
    {"TYPE says 8 regions and takes no write",
     {{'=', TYPE, 0x800}, {'<', TYPE, 0}, {'=', TYPE, 0x800}}},
    {"CTRL keeps three bits",
     {{'<', CTRL, 0xffffffff}, {'=', CTRL, 7}, {'<', CTRL, 8}, {'=', CTRL, 0}}},
    {"RASR keeps the bits that exist", {{'<', RASR0, 0xffffffff}, {'=', RASR0, 0x173fff3f}}},
    {"RBAR reads with VALID 0 and REGION = RNR",
     {{'<', RNR, 5}, {'<', RBAR, 0x20000123}, {'=', RBAR, 0x20000125}, {'=', RNR, 5}}},
    {"RBAR without VALID ignores REGION",
     {{'<', RNR, 5},
      {'<', RBAR, 0x20000003},
      {'=', RNR, 5},
      {'=', RBAR, 0x20000005},
      {'<', RNR, 3},
      {'=', RBAR, 3}}},
    {"RBAR with VALID selects its region",
     {{'<', RNR, 5},
      {'<', RBAR, 0x20000013},
      {'=', RNR, 3},
      {'=', RBAR, 0x20000003},
      {'<', RNR, 5},
      {'=', RBAR, 5}}},
    {"RASR goes to the region that RBAR selected",
     {{'<', RBAR, 0x20000012},
      {'<', RASR0, 0x03000013},
      {'<', RNR, 0},
      {'=', RASR0, 0},
      {'<', RNR, 2},
      {'=', RASR0, 0x03000013}}},
    {"an alias acts on the region of RNR, not on one of its own",
     {{'<', RNR, 4},
      {'<', MPU_ARMV7M_RBAR_A1, 0x20000000},
      {'<', MPU_ARMV7M_RASR_A2, 0x13},
      {'=', RBAR, 0x20000004},
      {'=', MPU_ARMV7M_RBAR_A3, 0x20000004},
      {'=', RASR0, 0x13},
      {'=', MPU_ARMV7M_RASR_A3, 0x13},
      {'<', RNR, 5},
      {'=', MPU_ARMV7M_RASR_A1, 0}}},
    {"an alias with VALID selects its region",
     {{'<', MPU_ARMV7M_RBAR_A3, 0x20000016},
      {'=', RNR, 6},
      {'<', MPU_ARMV7M_RASR_A3, 0x11},
      {'=', RASR0, 0x11},
      {'=', MPU_ARMV7M_RBAR_A2, 0x20000006}}},
    {"RNR of a region that is not there is ignored",
     {{'<', RNR, 7}, {'<', RNR, 8}, {'=', RNR, 7}, {'<', RNR, 0x100}, {'=', RNR, 7}}},
    {"VALID with a region that is not there is ignored",
     {{'<', RNR, 1}, {'<', RBAR, 0x20000018}, {'=', RNR, 1}, {'=', RBAR, 1}}},
    {"bits of the base below the size read back",
     {{'<', RASR0, 0x1f}, {'<', RBAR, 0x200000e0}, {'=', RBAR, 0x200000e0}}},
    {"the end of the block is reserved", {{'<', 0xe000edbc, 1}, {'=', 0xe000edbc, 0}}},
};

START_TEST(register_sequence_reads_back)
{
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 8);
    for (int i = 0; i < 10 && sequences[_i].op[i].verb; i++) {
        uint32_t address = sequences[_i].op[i].address, value = sequences[_i].op[i].value;

        if (sequences[_i].op[i].verb == '<')
            mpu_armv7m_write(&mpu, address, value);
        else
            ck_assert_msg(mpu_armv7m_read(&mpu, address) == value, "%s: op %d read %08x",
                          sequences[_i].why, i, mpu_armv7m_read(&mpu, address));
    }
}
END_TEST

START_TEST(unit_owns_its_registers_and_no_more)
{
    ck_assert(!mpu_armv7m_owns(0xe000ed8f));
    ck_assert(mpu_armv7m_owns(0xe000ed90));
    ck_assert(mpu_armv7m_owns(0xe000edbb));
    ck_assert(!mpu_armv7m_owns(0xe000edbc));
    ck_assert(!mpu_armv7m_owns(0));
}
END_TEST

START_TEST(absent_unit_reads_zero_and_stays_off)
{
    struct mpu_armv7m mpu;
    struct access access = {RAM, 4, ACCESS_WRITE, false, false};

    mpu_armv7m_reset(&mpu, 0);
    for (uint32_t address = TYPE; address < 0xe000edbc; address += 4) {
        mpu_armv7m_write(&mpu, address, 0xffffffff);
        ck_assert_uint_eq(mpu_armv7m_read(&mpu, address), 0);
    }
    ck_assert(mpu_armv7m_check(&mpu, access).allowed);
}
END_TEST

START_TEST(sixteen_regions_are_all_there)
{
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 16);
    ck_assert_uint_eq(mpu_armv7m_read(&mpu, TYPE), 0x1000);
    mpu_armv7m_write(&mpu, RBAR, 0x2000001f);
    ck_assert_uint_eq(mpu_armv7m_read(&mpu, RNR), 15);
    ck_assert_uint_eq(mpu_armv7m_read(&mpu, RBAR), 0x2000000f);
}
END_TEST

START_TEST(changes_counts_each_write_that_may_change_a_verdict)
{
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 8);
    uint32_t before = mpu.changes;
    mpu_armv7m_read(&mpu, RBAR);
    mpu_armv7m_write(&mpu, RNR, 3);
    mpu_armv7m_write(&mpu, TYPE, 3);
    ck_assert_uint_eq(mpu.changes, before);
    mpu_armv7m_write(&mpu, CTRL, 1);
    mpu_armv7m_write(&mpu, RBAR, RAM);
    mpu_armv7m_write(&mpu, MPU_ARMV7M_RASR_A2, RASR(12, 3, 0));
    ck_assert_uint_eq(mpu.changes, before + 3);
}
END_TEST

static const struct {
    const char *why;
    uint32_t ctrl, rbar, rasr, expect;
} undefined[] = {
    {"all is well", ENABLE | HFNMIENA, RAM, RASR(12, 3, 0xf0), 0},
    {"a disabled region may hold anything", 0, RAM + 32, RASR(12, 4, 0) & ~1u, 0},
    {"HFNMIENA alone", HFNMIENA, 0, 0, MPU_ARMV7M_UNPREDICTABLE_HFNMIENA},
    {"16 bytes", ENABLE, RAM, RASR(4, 3, 0), MPU_ARMV7M_UNPREDICTABLE_SIZE},
    {"sub-regions of 128 bytes", ENABLE, RAM, RASR(7, 3, 1), MPU_ARMV7M_UNPREDICTABLE_SRD},
    {"base between multiples", ENABLE, RAM + 32, RASR(6, 3, 0), MPU_ARMV7M_UNPREDICTABLE_BASE},
    {"AP 4", ENABLE, RAM, RASR(6, 4, 0), MPU_ARMV7M_UNPREDICTABLE_AP},
};

START_TEST(unpredictable_settings_are_told)
{
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 8);
    write_region(&mpu, 6, undefined[_i].rbar, undefined[_i].rasr);
    mpu_armv7m_write(&mpu, CTRL, undefined[_i].ctrl);
    ck_assert_msg(mpu_armv7m_unpredictable(&mpu) == undefined[_i].expect, "%s: got %x",
                  undefined[_i].why, mpu_armv7m_unpredictable(&mpu));
}
END_TEST

/* ---- a second opinion: from raw registers, byte by byte, with spans and no masks */

struct raw {
    uint32_t ctrl, count, rbar[16], rasr[16];
};

static uint32_t random_state;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return (uint32_t)((uint64_t)random_state * below >> 32);
}

/* Whether the region speaks for this byte. */
static bool opinion_of_region(uint32_t rbar, uint32_t rasr, uint64_t address)
{
    uint64_t size = 1;

    for (uint32_t i = 0; i <= (rasr / 2) % 32; i++)
        size = size * 2;
    uint64_t base = (rbar - rbar % 32) / size * size;
    if (rasr % 2 == 0 || size < 4 || address < base || address >= base + size)
        return false;
    if (size < 256)
        return true;
    uint64_t part = (address - base) / (size / 8);
    return ((rasr / 256) >> part) % 2 == 0;
}

static bool opinion_allows(uint32_t rasr, int kind, bool privileged)
{
    uint32_t ap = (rasr >> 24) % 8;
    bool reads = privileged ? ap != 0 && ap != 4 : ap == 2 || ap == 3 || ap > 5;
    bool writes = privileged ? ap >= 1 && ap <= 3 : ap == 3;

    return kind == R ? reads : kind == W ? writes : reads && !(rasr & XN);
}

static bool default_executes(uint64_t address)
{
    return address < 0x40000000 || (address >= 0x60000000 && address < 0xa0000000);
}

/* As the architecture's own pseudocode goes: the last region that matches overwrites. */
static bool opinion_of_byte(const struct raw *raw, uint64_t address, struct access access)
{
    bool executes = default_executes(address), fetches = access.kind == ACCESS_EXECUTE;
    bool in_private_bus = address >= 0xe0000000 && address <= 0xe00fffff;
    bool on = raw->ctrl & ENABLE && (raw->ctrl & HFNMIENA || !access.negative_priority);
    bool allowed = raw->ctrl & PRIVDEFENA && access.privileged && (executes || !fetches);

    if (in_private_bus || !on)
        return executes || !fetches;
    for (uint32_t i = 0; i < raw->count; i++) {
        if (opinion_of_region(raw->rbar[i], raw->rasr[i], address))
            allowed = opinion_allows(raw->rasr[i], (int)access.kind, access.privileged);
    }
    return allowed && !(fetches && address >= 0xe0000000);
}

/* The offset of the first refused byte, or OK. */
static int opinion(const struct raw *raw, struct access access)
{
    for (uint32_t i = 0; i < access.size; i++) {
        if (!opinion_of_byte(raw, ((uint64_t)access.address + i) % 0x100000000, access))
            return (int)i;
    }
    return OK;
}

static uint32_t draw_address(void)
{
    static const uint32_t spots[] = {0,          0x1ffff000, 0x20000000, 0x40000000, 0x5ffffe00,
                                     0x9ffffe00, 0xdffffe00, 0xe00ffe00, 0xfffff000, 0xffffff00};

    return spots[draw(10)] + draw(draw(2) ? 0x400 : 0x4000);
}

/* Regions that crowd around a few spots, so that they overlap; some of 4 GiB, some too small. */
static void draw_unit(struct raw *raw, struct mpu_armv7m *mpu)
{
    raw->count = draw(4) ? 8 : 16;
    raw->ctrl = draw(4) ? ENABLE | draw(4) * 2 : draw(8);
    mpu_armv7m_reset(mpu, (uint8_t)raw->count);
    for (uint32_t i = 0; i < raw->count; i++) {
        uint32_t size = draw(8) ? 5 + draw(10) : 1 + draw(32);
        uint32_t srd = draw(2) ? 0 : draw(256);
        uint32_t base = draw_address() & ~0x1fu;

        raw->rbar[i] = draw(8) ? base >> (size & 31) << (size & 31) : base;
        raw->rasr[i] = RASR(size, draw(8), srd) - (draw(5) ? 0 : 1) + (draw(3) ? 0 : XN);
        write_region(mpu, i, raw->rbar[i], raw->rasr[i]);
    }
    mpu_armv7m_write(mpu, CTRL, raw->ctrl);
}

static uint32_t draw_probe_address(const struct raw *raw)
{
    uint32_t i = draw(raw->count);
    uint32_t bytes = 2u << (raw->rasr[i] / 2 % 32);

    if (draw(3) == 0)
        return draw_address();
    return raw->rbar[i] + bytes / 8 * draw(9) + draw(16) - 8;
}

START_TEST(random_probes_agree_with_a_second_opinion)
{
    unsigned allowed = 0, refused = 0;

    random_state = 0x9e3779b9u + (uint32_t)_i;
    for (int unit = 0; unit < 5000; unit++) {
        struct mpu_armv7m mpu;
        struct raw raw;

        draw_unit(&raw, &mpu);
        for (int probe = 0; probe < 12; probe++) {
            struct access access = {draw_probe_address(&raw), 1 + draw(8),
                                    (enum access_kind)draw(3), draw(2), draw(4) == 0};
            struct mpu_verdict v = mpu_armv7m_check(&mpu, access);
            int expected = opinion(&raw, access);
            uint32_t at = access.address + (uint32_t)expected;

            ck_assert_msg(v.allowed == (expected == OK) && (v.allowed || v.fault_address == at),
                          "unit %d probe %d: %u bytes at %08x kind %d, expected %d, got %d at %08x",
                          unit, probe, access.size, access.address, (int)access.kind, expected,
                          v.allowed, v.fault_address);
            v.allowed ? allowed++ : refused++;
        }
    }
    ck_assert_uint_gt(allowed, 10000); /* both answers are well tried */
    ck_assert_uint_gt(refused, 10000);
}
END_TEST

/* ---- boundaries */

/* All that a verdict of one byte says, save the sub-region, for each kind and privilege. */
static void verdicts_at(const struct mpu_armv7m *mpu, uint64_t address, int verdicts[6])
{
    for (int i = 0; i < 6; i++) {
        struct access access = {(uint32_t)address, 1, (enum access_kind)(i % 3), i >= 3, false};
        struct mpu_verdict v = mpu_armv7m_check(mpu, access);

        verdicts[i] = v.allowed | (int)v.decider << 1 | (v.region + 1) << 8;
    }
}

static void check_stretch(const struct mpu_armv7m *mpu, uint64_t from, uint64_t to)
{
    int first[6], other[6];

    verdicts_at(mpu, from, first);
    for (int i = 0; i < 16; i++) {
        uint64_t at = i == 0 ? to - 1 : from + draw(UINT32_MAX) % (to - from);

        verdicts_at(mpu, at, other);
        ck_assert_msg(memcmp(first, other, sizeof first) == 0,
                      "%08llx and %08llx differ, without a boundary between",
                      (unsigned long long)from, (unsigned long long)at);
    }
}

START_TEST(verdicts_are_constant_between_boundaries)
{
    random_state = 0x2545f491u + (uint32_t)_i;
    for (int unit = 0; unit < 400; unit++) {
        uint64_t list[MPU_ARMV7M_BOUNDARY_MAX];
        struct mpu_armv7m mpu;
        struct raw raw;

        draw_unit(&raw, &mpu);
        size_t count = mpu_armv7m_boundaries(&mpu, list, MPU_ARMV7M_BOUNDARY_MAX);
        ck_assert_uint_le(count, MPU_ARMV7M_BOUNDARY_MAX);
        ck_assert(list[0] == 0 && list[count - 1] == 1ull << 32);
        for (size_t i = 1; i < count; i++) {
            ck_assert(list[i - 1] < list[i]);
            check_stretch(&mpu, list[i - 1], list[i]);
        }
    }
}
END_TEST

START_TEST(boundaries_of_a_region_are_where_its_enabled_parts_end)
{
    static const uint64_t expected[] = {0,          0x20000020, 0x20000060, 0x20000080,
                                        0x20000100, 0x40000000, 0x60000000, 0xa0000000,
                                        0xe0000000, 0xe0100000, 1ull << 32};
    uint64_t list[MPU_ARMV7M_BOUNDARY_MAX];
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 8);
    write_region(&mpu, 0, RAM, RASR(8, 3, 0x09));
    ck_assert_uint_eq(mpu_armv7m_boundaries(&mpu, list, MPU_ARMV7M_BOUNDARY_MAX), 11);
    ck_assert(memcmp(list, expected, sizeof expected) == 0);
    list[2] = 77;
    ck_assert_uint_eq(mpu_armv7m_boundaries(&mpu, list, 2), 11);
    ck_assert(list[2] == 77); /* no more than was asked for */
}
END_TEST

START_TEST(boundaries_fit_when_all_regions_are_cut_into_eight)
{
    uint64_t list[MPU_ARMV7M_BOUNDARY_MAX];
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 16);
    for (uint32_t i = 0; i < 16; i++)
        write_region(&mpu, i, RAM + 0x1000 * i, RASR(8, 3, 0xaa));
    ck_assert_uint_eq(mpu_armv7m_boundaries(&mpu, list, MPU_ARMV7M_BOUNDARY_MAX),
                      MPU_ARMV7M_BOUNDARY_MAX);
}
END_TEST

/* ---- explanations */

static const struct {
    uint32_t ctrl, rbar, rasr;
    struct access access;
    const char *text;
} explanations[] = {
    {ENABLE,
     RAM,
     RASR(11, 3, 0) | XN,
     {RAM + 0x200, 4, ACCESS_WRITE, false, false},
     "region 5 0x20000000..0x200007ff sub-region 2, AP 3 (rw/rw), XN: unprivileged write allowed"},
    {ENABLE,
     RAM,
     RASR(5, 7, 0),
     {RAM, 4, ACCESS_WRITE, true, false},
     "region 5 0x20000000..0x2000001f, AP 7 (r/r): privileged write refused"},
    {ENABLE,
     0,
     RASR(32, 6, 0),
     {0xffffffff, 1, ACCESS_EXECUTE, true, false},
     "region 5 0x00000000..0xffffffff sub-region 7, AP 6 (r/r), system space never executes: "
     "privileged execute refused"},
    {ENABLE, 0, 0, {RAM, 4, ACCESS_READ, false, false}, "no region: unprivileged read refused"},
    {ENABLE | PRIVDEFENA,
     0,
     0,
     {RAM, 4, ACCESS_READ, true, false},
     "no region, PRIVDEFENA 1: the default map: privileged read allowed"},
    {ENABLE | PRIVDEFENA,
     0,
     0,
     {0xf0000000, 2, ACCESS_EXECUTE, true, false},
     "no region, PRIVDEFENA 1, system space never executes: privileged execute refused"},
    {ENABLE,
     0,
     0,
     {0xe000e100, 4, ACCESS_READ, false, false},
     "private peripheral bus, not judged by regions: unprivileged read allowed"},
    {0,
     0,
     0,
     {RAM, 4, ACCESS_READ, false, false},
     "MPU off: the default map: unprivileged read allowed"},
    {ENABLE,
     0,
     0,
     {RAM, 4, ACCESS_READ, true, true},
     "negative priority, HFNMIENA 0: the default map: privileged read allowed"},
};

START_TEST(verdict_is_explained_in_one_line)
{
    char text[MPU_ARMV7M_DESCRIPTION_MAX], cut[8] = "-------";
    struct mpu_armv7m mpu;

    mpu_armv7m_reset(&mpu, 8);
    write_region(&mpu, 5, explanations[_i].rbar, explanations[_i].rasr);
    mpu_armv7m_write(&mpu, CTRL, explanations[_i].ctrl);
    struct mpu_verdict v = mpu_armv7m_check(&mpu, explanations[_i].access);
    mpu_armv7m_describe(&mpu, v, text, sizeof text);
    ck_assert_str_eq(text, explanations[_i].text);
    mpu_armv7m_describe(&mpu, v, cut, 0);
    ck_assert_str_eq(cut, "-------");
    mpu_armv7m_describe(&mpu, v, cut, sizeof cut);
    ck_assert_uint_eq(strlen(cut), sizeof cut - 1);
}
END_TEST

#define COUNT(table) ((int)(sizeof(table) / sizeof(table)[0]))

static Suite *mpu_suite(void)
{
    Suite *suite = suite_create("mpu_armv7m");
    TCase *t = tcase_create("decisions");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, trap_is_decided_as_the_architecture_says, 0, COUNT(traps));
    tcase_add_loop_test(t, permissions_are_those_of_the_table, 0, 8);
    tcase_add_loop_test(t, random_probes_agree_with_a_second_opinion, 0, 2);
    suite_add_tcase(suite, t);

    t = tcase_create("registers");
    tcase_add_loop_test(t, register_sequence_reads_back, 0, COUNT(sequences));
    tcase_add_test(t, unit_owns_its_registers_and_no_more);
    tcase_add_test(t, absent_unit_reads_zero_and_stays_off);
    tcase_add_test(t, sixteen_regions_are_all_there);
    tcase_add_test(t, changes_counts_each_write_that_may_change_a_verdict);
    tcase_add_loop_test(t, unpredictable_settings_are_told, 0, COUNT(undefined));
    suite_add_tcase(suite, t);

    t = tcase_create("boundaries");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, verdicts_are_constant_between_boundaries, 0, 2);
    tcase_add_test(t, boundaries_of_a_region_are_where_its_enabled_parts_end);
    tcase_add_test(t, boundaries_fit_when_all_regions_are_cut_into_eight);
    suite_add_tcase(suite, t);

    t = tcase_create("explanations");
    tcase_add_loop_test(t, verdict_is_explained_in_one_line, 0, COUNT(explanations));
    suite_add_tcase(suite, t);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(mpu_suite());

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
