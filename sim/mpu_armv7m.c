#include "sim/mpu_armv7m.h"

#include <stdio.h>
#include <string.h>

enum {
    CTRL_BITS = MPU_ARMV7M_CTRL_ENABLE | MPU_ARMV7M_CTRL_HFNMIENA | MPU_ARMV7M_CTRL_PRIVDEFENA,
    RBAR_REGION = 0xf,
    SIZE_MIN = 4,       /* RASR.SIZE of 32 bytes */
    SIZE_SUBREGION = 7, /* RASR.SIZE of 256 bytes, the smallest region with sub-regions */
    AP_RESERVED = 4,
    GRANULE = MPU_ARMV7M_GRANULE,
};

/* Bits of RASR that exist: XN, AP, TEX, S, C, B, SRD, SIZE, ENABLE (B3.5.9). */
static const uint32_t RASR_BITS = 0x173fff3f;
static const uint32_t RBAR_ADDRESS = 0xffffffe0;
static const uint32_t SYSTEM_BASE = 0xe0000000; /* from here on nothing executes (B3.1) */

/* What may be done, as bits of `rule.may`: enum access_kind for unprivileged code, the same three
 * above for privileged code. */
enum {
    U_R = 1 << ACCESS_READ,
    U_W = 1 << ACCESS_WRITE,
    U_X = 1 << ACCESS_EXECUTE,
    P_R = U_R << ACCESS_KINDS,
    P_W = U_W << ACCESS_KINDS,
    P_X = U_X << ACCESS_KINDS,
};

/* AP by its number (B3.5.9). Execution needs the right to read; XN takes it away again. */
static const struct {
    uint8_t may;
    const char *text; /* privileged/unprivileged */
} permissions[8] = {
    [0] = {0, "-/-"},
    [1] = {P_R | P_W | P_X, "rw/-"},
    [2] = {P_R | P_W | P_X | U_R | U_X, "rw/r"},
    [3] = {P_R | P_W | P_X | U_R | U_W | U_X, "rw/rw"},
    [AP_RESERVED] = {0, "reserved"},
    [5] = {P_R | P_X, "r/-"},
    [6] = {P_R | P_X | U_R | U_X, "r/r"},
    [7] = {P_R | P_X | U_R | U_X, "r/r"},
};

static uint32_t rasr_size(uint32_t rasr)
{
    return rasr >> 1 & 0x1f; /* the region has 2^(SIZE + 1) bytes */
}

static uint32_t rasr_srd(uint32_t rasr)
{
    return rasr >> 8 & 0xff;
}

static uint32_t rasr_ap(uint32_t rasr)
{
    return rasr >> 24 & 7;
}

static bool rasr_xn(uint32_t rasr)
{
    return rasr >> 28 & 1;
}

static bool rasr_covers(uint32_t rasr)
{
    return rasr & MPU_ARMV7M_RASR_ENABLE && rasr_size(rasr) > 0;
}

/* The bits of an address that a region of this SIZE compares; two shifts, since 4 GiB compares
 * none and a shift by 32 is undefined. */
static uint32_t size_mask(uint32_t size)
{
    return ~0u << size << 1;
}

static void decode_region(struct mpu_armv7m *mpu, uint32_t region)
{
    uint32_t rasr = mpu->rasr[region];
    uint32_t size = rasr_size(rasr);
    bool divided = size >= SIZE_SUBREGION;
    uint32_t mask = size_mask(size);
    uint32_t may = permissions[rasr_ap(rasr)].may;

    if (!rasr_covers(rasr)) {
        mpu->mask[region] = 0;
        mpu->first[region] = 1; /* no masked address is 1: never met */
        mpu->rule[region] = (struct mpu_armv7m_rule){0};
        return;
    }
    mpu->mask[region] = mask;
    mpu->first[region] = mpu->rbar[region] & mask;
    mpu->rule[region] = (struct mpu_armv7m_rule){
        .shift = divided ? size - 2 : 0,
        .disabled = divided ? rasr_srd(rasr) : 0,
        .may = rasr_xn(rasr) ? may & ~(U_X | P_X) : may,
    };
}

void mpu_armv7m_reset(struct mpu_armv7m *mpu, uint8_t region_count)
{
    memset(mpu, 0, sizeof *mpu);
    mpu->region_count = region_count < MPU_ARMV7M_REGION_MAX ? region_count : MPU_ARMV7M_REGION_MAX;
    for (uint32_t region = 0; region < MPU_ARMV7M_REGION_MAX; region++)
        decode_region(mpu, region);
}

uint32_t mpu_armv7m_read(const struct mpu_armv7m *mpu, uint32_t address)
{
    if (mpu->region_count == 0)
        return 0;
    switch (address) {
    case MPU_ARMV7M_TYPE:
        return (uint32_t)mpu->region_count << 8; /* DREGION; SEPARATE is 0: one unit for all */
    case MPU_ARMV7M_CTRL:
        return mpu->ctrl;
    case MPU_ARMV7M_RNR:
        return mpu->rnr;
    case MPU_ARMV7M_RBAR:
    case MPU_ARMV7M_RBAR_A1:
    case MPU_ARMV7M_RBAR_A2:
    case MPU_ARMV7M_RBAR_A3:
        return mpu->rbar[mpu->rnr] | mpu->rnr;
    case MPU_ARMV7M_RASR:
    case MPU_ARMV7M_RASR_A1:
    case MPU_ARMV7M_RASR_A2:
    case MPU_ARMV7M_RASR_A3:
        return mpu->rasr[mpu->rnr];
    default:
        return 0;
    }
}

/* A register of region `rnr`. Mostly it is as it was: of a process the most regions are unused. */
static void region_set(struct mpu_armv7m *mpu, uint32_t *stored, uint32_t value)
{
    mpu->changes++;
    if (*stored == value)
        return;
    *stored = value;
    decode_region(mpu, mpu->rnr);
    mpu->region_changes++;
}

static void write_rbar(struct mpu_armv7m *mpu, uint32_t value)
{
    if (value & MPU_ARMV7M_RBAR_VALID) {
        if ((value & RBAR_REGION) >= mpu->region_count)
            return;
        mpu->rnr = value & RBAR_REGION;
    }
    region_set(mpu, &mpu->rbar[mpu->rnr], value & RBAR_ADDRESS);
}

static void write_rasr(struct mpu_armv7m *mpu, uint32_t value)
{
    region_set(mpu, &mpu->rasr[mpu->rnr], value & RASR_BITS);
}

void mpu_armv7m_write(struct mpu_armv7m *mpu, uint32_t address, uint32_t value)
{
    if (mpu->region_count == 0)
        return;
    switch (address) {
    case MPU_ARMV7M_CTRL:
        mpu->ctrl = value & CTRL_BITS;
        mpu->changes++;
        break;
    case MPU_ARMV7M_RNR:
        if (value < mpu->region_count)
            mpu->rnr = value;
        break;
    case MPU_ARMV7M_RBAR:
    case MPU_ARMV7M_RBAR_A1:
    case MPU_ARMV7M_RBAR_A2:
    case MPU_ARMV7M_RBAR_A3:
        write_rbar(mpu, value);
        break;
    case MPU_ARMV7M_RASR:
    case MPU_ARMV7M_RASR_A1:
    case MPU_ARMV7M_RASR_A2:
    case MPU_ARMV7M_RASR_A3:
        write_rasr(mpu, value);
        break;
    default:
        break; /* TYPE is read-only, the rest of the block is reserved */
    }
}

/* The default map refuses nothing but execution, and that in the peripheral, device and system
 * spaces: 512 MiB pieces 2, 5, 6 and 7 (B3.1). */
static bool default_map_allows(uint32_t address, enum access_kind kind)
{
    return kind != ACCESS_EXECUTE || !(0xe4 >> (address >> 29) & 1);
}

static bool private_bus(uint32_t address)
{
    return address >> 20 == SYSTEM_BASE >> 20;
}

/* Which of eight regions meet base and size, a bit each. Of fixed length and without a branch, so
 * that compilers turn it into a few vector instructions. */
static uint32_t hits_of_eight(const uint32_t mask[8], const uint32_t first[8], uint32_t address)
{
    static const uint32_t bit[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    uint32_t hits = 0;

    for (int i = 0; i < 8; i++)
        hits |= (address & mask[i]) == first[i] ? bit[i] : 0;
    return hits;
}

/* The highest-numbered region whose enabled part covers the address, or MPU_ARMV7M_NO_REGION. */
static int region_at(const struct mpu_armv7m *mpu, uint32_t address)
{
    uint32_t hits = hits_of_eight(mpu->mask, mpu->first, address);

    if (mpu->region_count > 8)
        hits |= hits_of_eight(mpu->mask + 8, mpu->first + 8, address) << 8;
    while (hits) {
        int region = 31 - __builtin_clz(hits);
        struct mpu_armv7m_rule rule = mpu->rule[region];

        if (!(rule.disabled >> (address >> rule.shift & 7) & 1))
            return region;
        hits ^= 1u << region;
    }
    return MPU_ARMV7M_NO_REGION;
}

static struct mpu_verdict verdict_of(struct access access, enum mpu_armv7m_decider decider,
                                     bool allowed)
{
    struct mpu_verdict verdict = {
        .allowed = allowed,
        .privileged = access.privileged,
        .kind = access.kind,
        .decider = decider,
        .region = MPU_ARMV7M_NO_REGION,
        .subregion = -1,
    };

    if (!allowed) {
        verdict.mmfsr =
            access.kind == ACCESS_EXECUTE ? MPU_ARMV7M_IACCVIOL : MPU_ARMV7M_DACCVIOL_MMARVALID;
        verdict.fault_address = access.address;
    }
    return verdict;
}

/* What region `region` says: its rule, save that the system space never executes. */
static struct mpu_verdict region_verdict(const struct mpu_armv7m *mpu, struct access access,
                                         int region)
{
    struct mpu_armv7m_rule rule = mpu->rule[region];
    bool system_xn = access.kind == ACCESS_EXECUTE && access.address >= SYSTEM_BASE;
    bool allowed = !system_xn && rule.may >> (access.kind + access.privileged * ACCESS_KINDS) & 1;
    struct mpu_verdict verdict =
        verdict_of(access, system_xn ? MPU_ARMV7M_BY_SYSTEM_XN : MPU_ARMV7M_BY_REGION, allowed);

    verdict.region = region;
    if (rule.shift)
        verdict.subregion = access.address >> rule.shift & 7;
    return verdict;
}

/* Judges the byte at access.address. */
static struct mpu_verdict check_byte(const struct mpu_armv7m *mpu, struct access access)
{
    bool default_allows = default_map_allows(access.address, access.kind);

    if (private_bus(access.address))
        return verdict_of(access, MPU_ARMV7M_BY_PRIVATE_BUS, default_allows);
    if (!(mpu->ctrl & MPU_ARMV7M_CTRL_ENABLE))
        return verdict_of(access, MPU_ARMV7M_BY_OFF, default_allows);
    if (access.negative_priority && !(mpu->ctrl & MPU_ARMV7M_CTRL_HFNMIENA))
        return verdict_of(access, MPU_ARMV7M_BY_BYPASS, default_allows);

    int region = region_at(mpu, access.address);
    if (region >= 0)
        return region_verdict(mpu, access, region);
    if (!access.privileged || !(mpu->ctrl & MPU_ARMV7M_CTRL_PRIVDEFENA))
        return verdict_of(access, MPU_ARMV7M_BY_NO_REGION, false);
    if (access.kind == ACCESS_EXECUTE && access.address >= SYSTEM_BASE)
        return verdict_of(access, MPU_ARMV7M_BY_SYSTEM_XN, false);
    return verdict_of(access, MPU_ARMV7M_BY_BACKGROUND, default_allows);
}

/* Judges an access that touches several granules: the first refused one decides. */
static struct mpu_verdict check_granules(const struct mpu_armv7m *mpu, struct access access)
{
    struct mpu_verdict first = check_byte(mpu, access);
    uint32_t judged = GRANULE - access.address % GRANULE;

    while (first.allowed && judged < access.size) {
        struct access rest = access;

        rest.address = access.address + judged; /* past 0xffffffff comes 0 */
        struct mpu_verdict next = check_byte(mpu, rest);
        if (!next.allowed)
            return next;
        judged += GRANULE;
    }
    return first;
}

struct mpu_verdict mpu_armv7m_check(const struct mpu_armv7m *mpu, struct access access)
{
    if (access.address % GRANULE + access.size > GRANULE)
        return check_granules(mpu, access);
    return check_byte(mpu, access); /* the common case: one byte speaks for all */
}

/* The edges of what a region covers, ascending, into `edges`; returns how many. Edges between
 * two sub-regions that are both enabled or both disabled change nothing and are left out. */
static size_t region_edges(const struct mpu_armv7m *mpu, uint32_t region, uint64_t edges[8])
{
    uint64_t base = mpu->first[region];
    uint64_t size = 2ull << rasr_size(mpu->rasr[region]);
    uint32_t disabled = mpu->rule[region].disabled;
    bool covered = false;
    size_t count = 0;

    if (!rasr_covers(mpu->rasr[region]))
        return 0;
    for (uint32_t part = 0; part <= 8; part++) {
        bool covers = part < 8 && !(disabled >> part & 1);

        if (covers != covered)
            edges[count++] = base + size * part / 8;
        covered = covers;
    }
    return count;
}

/* Puts `edge` in its place in a sorted list, unless it is there. */
static size_t insert_edge(uint64_t list[], size_t count, uint64_t edge)
{
    size_t at = count;

    while (at > 0 && list[at - 1] > edge)
        at--;
    if (at > 0 && list[at - 1] == edge)
        return count;
    memmove(&list[at + 1], &list[at], (count - at) * sizeof list[0]);
    list[at] = edge;
    return count + 1;
}

size_t mpu_armv7m_boundaries(const struct mpu_armv7m *mpu, uint64_t boundaries[], size_t capacity)
{
    /* Where the default map changes its mind about execution, and the private peripheral bus. */
    static const uint64_t fixed[] = {0,          0x40000000, 0x60000000, 0xa0000000,
                                     0xe0000000, 0xe0100000, 1ull << 32};
    uint64_t list[MPU_ARMV7M_BOUNDARY_MAX];
    size_t count = sizeof fixed / sizeof fixed[0];

    memcpy(list, fixed, sizeof fixed);
    for (uint32_t region = 0; region < mpu->region_count; region++) {
        uint64_t edges[8];
        size_t edge_count = region_edges(mpu, region, edges);

        for (size_t i = 0; i < edge_count; i++)
            count = insert_edge(list, count, edges[i]);
    }
    memcpy(boundaries, list, (count < capacity ? count : capacity) * sizeof list[0]);
    return count;
}

static uint32_t region_unpredictable(uint32_t rbar, uint32_t rasr)
{
    uint32_t size = rasr_size(rasr);
    uint32_t found = 0;

    if (!(rasr & MPU_ARMV7M_RASR_ENABLE))
        return 0;
    if (size < SIZE_MIN)
        found |= MPU_ARMV7M_UNPREDICTABLE_SIZE;
    if (size < SIZE_SUBREGION && rasr_srd(rasr))
        found |= MPU_ARMV7M_UNPREDICTABLE_SRD;
    if (rbar & ~size_mask(size))
        found |= MPU_ARMV7M_UNPREDICTABLE_BASE;
    if (rasr_ap(rasr) == AP_RESERVED)
        found |= MPU_ARMV7M_UNPREDICTABLE_AP;
    return found;
}

uint32_t mpu_armv7m_unpredictable(const struct mpu_armv7m *mpu)
{
    uint32_t found = 0;

    if (mpu->ctrl & MPU_ARMV7M_CTRL_HFNMIENA && !(mpu->ctrl & MPU_ARMV7M_CTRL_ENABLE))
        found |= MPU_ARMV7M_UNPREDICTABLE_HFNMIENA;
    for (uint32_t region = 0; region < mpu->region_count; region++)
        found |= region_unpredictable(mpu->rbar[region], mpu->rasr[region]);
    return found;
}

/* "region 5 0x20000000..0x200007ff sub-region 2, AP 3 (rw/rw), XN" */
static void describe_region(const struct mpu_armv7m *mpu, struct mpu_verdict verdict, char *text,
                            size_t size)
{
    uint32_t rasr = mpu->rasr[verdict.region];
    uint32_t base = mpu->first[verdict.region];
    uint32_t last = base + ~size_mask(rasr_size(rasr));
    char part[24] = "";

    if (verdict.subregion >= 0)
        snprintf(part, sizeof part, " sub-region %d", verdict.subregion);
    snprintf(text, size, "region %d 0x%08x..0x%08x%s, AP %u (%s)%s%s", verdict.region, base, last,
             part, rasr_ap(rasr), permissions[rasr_ap(rasr)].text, rasr_xn(rasr) ? ", XN" : "",
             verdict.decider == MPU_ARMV7M_BY_SYSTEM_XN ? ", system space never executes" : "");
}

void mpu_armv7m_describe(const struct mpu_armv7m *mpu, struct mpu_verdict verdict, char *text,
                         size_t size)
{
    static const char *const kinds[ACCESS_KINDS] = {"read", "write", "execute"};
    static const char *const reasons[] = {
        [MPU_ARMV7M_BY_REGION] = "region",
        [MPU_ARMV7M_BY_SYSTEM_XN] = "no region, PRIVDEFENA 1, system space never executes",
        [MPU_ARMV7M_BY_BACKGROUND] = "no region, PRIVDEFENA 1: the default map",
        [MPU_ARMV7M_BY_NO_REGION] = "no region",
        [MPU_ARMV7M_BY_PRIVATE_BUS] = "private peripheral bus, not judged by regions",
        [MPU_ARMV7M_BY_OFF] = "MPU off: the default map",
        [MPU_ARMV7M_BY_BYPASS] = "negative priority, HFNMIENA 0: the default map",
    };
    char where[112];

    if (verdict.region >= 0)
        describe_region(mpu, verdict, where, sizeof where);
    else
        snprintf(where, sizeof where, "%s", reasons[verdict.decider]);
    snprintf(text, size, "%s: %s %s %s", where, verdict.privileged ? "privileged" : "unprivileged",
             kinds[verdict.kind], verdict.allowed ? "allowed" : "refused");
}

uint32_t mpu_armv7m_user_rights(const struct mpu_armv7m *mpu, uint32_t address)
{
    const uint32_t data = RIGHT_READ | RIGHT_WRITE;

    if (private_bus(address) || !(mpu->ctrl & MPU_ARMV7M_CTRL_ENABLE))
        return default_map_allows(address, ACCESS_EXECUTE) ? data | RIGHT_EXECUTE : data;
    int region = region_at(mpu, address);
    if (region < 0)
        return 0;
    return mpu->rule[region].may & (address >= SYSTEM_BASE ? data : data | RIGHT_EXECUTE);
}
