/* mpu_armv7m.h: the memory protection unit of an ARMv7-M processor (PMSAv7), from its registers.
 *
 *   register write --> raw RBAR and RASR of 16 regions --> the decoded form, kept in step
 *   access --> every byte judged against the decoded form --> a verdict with its reason
 *
 * This is the silicon's side: it knows registers and nothing of who writes them, and shares no code
 * with the kernel's driver of the same unit. A `struct mpu_armv7m` is a value without pointers: to
 * copy it is to snapshot it.
 *
 * Source: ARMv7-M Architecture Reference Manual (DDI 0403), B3.5 "Protected Memory System
 * Architecture, PMSAv7": the rules and the pseudocode in B3.5.3, the registers from B3.5.4 on; the
 * default map in B3.1, the fault status in B3.2.15.
 *
 * How a byte is judged, first match wins:
 *   1. private peripheral bus 0xe0000000..0xe00fffff: data allowed, execution refused, whatever
 *      the registers say (unprivileged code is then refused by the bus, not here);
 *   2. ENABLE = 0: the default map (data allowed; execution refused where it says so);
 *   3. negative priority with HFNMIENA = 0: the default map;
 *   4. the highest-numbered region that is enabled, covers the byte, and has the byte's sub-region
 *      not disabled: its AP and XN; from 0xe0000000 on execution is refused all the same;
 *   5. privileged with PRIVDEFENA = 1: the default map;
 *   6. refused.
 *
 * What the architecture leaves unpredictable, and what is done here (mpu_armv7m_unpredictable
 * says whether the registers ask for any of it):
 *   - HFNMIENA = 1 with ENABLE = 0: stored, and the unit is off;
 *   - RASR.SIZE below 4 (32 bytes): the region covers its 2^(SIZE + 1) bytes; SIZE = 0 covers none;
 *   - disabled sub-regions of a region under 256 bytes: SRD is ignored;
 *   - an RBAR that is no multiple of the region's size: the low bits do not take part in the match,
 *     and read back as written;
 *   - AP = 4: no access;
 *   - RNR or RBAR.REGION naming a region that is not there: the write is ignored;
 *   - reads and writes of the registers by other than 32 bits: the bus refuses them before they
 *     come here (some cores take halfwords of RASR; not modelled).
 *
 * Not modelled: memory types (TEX, C, B, S are stored and read back, nothing else), the fetch of
 * vectors (always by the default map), the delay until DSB and ISB (writes work at once).
 */
#ifndef SIM_MPU_ARMV7M_H
#define SIM_MPU_ARMV7M_H

#include "sim/access.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Registers (B3.5.4). The aliases A1..A3 act like RBAR and RASR: on the region that
 * RNR selects, not on one of their own. */
enum mpu_armv7m_register {
    MPU_ARMV7M_TYPE = 0xe000ed90,
    MPU_ARMV7M_CTRL = 0xe000ed94,
    MPU_ARMV7M_RNR = 0xe000ed98,
    MPU_ARMV7M_RBAR = 0xe000ed9c,
    MPU_ARMV7M_RASR = 0xe000eda0,
    MPU_ARMV7M_RBAR_A1 = 0xe000eda4,
    MPU_ARMV7M_RASR_A1 = 0xe000eda8,
    MPU_ARMV7M_RBAR_A2 = 0xe000edac,
    MPU_ARMV7M_RASR_A2 = 0xe000edb0,
    MPU_ARMV7M_RBAR_A3 = 0xe000edb4,
    MPU_ARMV7M_RASR_A3 = 0xe000edb8,
};

enum {
    MPU_ARMV7M_CTRL_ENABLE = 1u << 0,     /* the unit is on */
    MPU_ARMV7M_CTRL_HFNMIENA = 1u << 1,   /* on at negative priority too */
    MPU_ARMV7M_CTRL_PRIVDEFENA = 1u << 2, /* default map behind the regions, privileged only */
    MPU_ARMV7M_RBAR_VALID = 1u << 4,      /* this write names its region in bits 3:0 */
    MPU_ARMV7M_RASR_ENABLE = 1u << 0,
};

enum {
    MPU_ARMV7M_REGION_MAX = 16,
    /* 8 edges a region (every other sub-region disabled) and the 7 fixed ones: what
     * mpu_armv7m_boundaries gives at most. */
    MPU_ARMV7M_BOUNDARY_MAX = MPU_ARMV7M_REGION_MAX * 8 + 7,
    MPU_ARMV7M_NO_REGION = -1,
    /* Bytes: the bytes of one aligned word always share their verdict, so a cache of decisions
     * may go by words. (32 would do if no region were smaller than the architecture allows.) */
    MPU_ARMV7M_GRANULE = 4,
};

struct mpu_armv7m {
    /* Decoded. A byte is in region r when (address & mask[r]) == first[r]; a region that covers
     * nothing has mask 0 and first 1, which no address meets. */
    uint32_t first[MPU_ARMV7M_REGION_MAX];
    uint32_t mask[MPU_ARMV7M_REGION_MAX];
    struct mpu_armv7m_rule {
        uint8_t shift;    /* bits to drop from an address so that 2:0 number its sub-region */
        uint8_t disabled; /* sub-regions that do not match, a bit each; 0 where there are none */
        uint8_t may;      /* bit (3 * privileged + kind): this access is allowed */
    } rule[MPU_ARMV7M_REGION_MAX];

    /* Raw, as written and as read back. */
    uint32_t rbar[MPU_ARMV7M_REGION_MAX]; /* bits 31:5 only */
    uint32_t rasr[MPU_ARMV7M_REGION_MAX];
    uint8_t ctrl;
    uint8_t rnr;
    uint8_t region_count; /* 0, 8 or 16: what TYPE.DREGION says */

    /* Grows by one with each write that may change a verdict. A decision cached in the same value
     * as this unit is good as long as this number stands still. */
    uint32_t changes;
    uint64_t region_changes; /* likewise, but of what regions hold: a kernel writes CTRL all the
                                time, and regions as they were */
};

/* Who decided. */
enum mpu_armv7m_decider {
    MPU_ARMV7M_BY_REGION,      /* the highest-numbered matching region */
    MPU_ARMV7M_BY_SYSTEM_XN,   /* 0xe0100000 and above never executes, though a region or the
                                  background map matched */
    MPU_ARMV7M_BY_BACKGROUND,  /* no region matched; PRIVDEFENA lets privileged code through */
    MPU_ARMV7M_BY_NO_REGION,   /* no region matched: refused */
    MPU_ARMV7M_BY_PRIVATE_BUS, /* the unit does not judge data there, and it never executes */
    MPU_ARMV7M_BY_OFF,         /* ENABLE = 0: the default map */
    MPU_ARMV7M_BY_BYPASS,      /* negative priority, HFNMIENA = 0: the default map */
};

/* MemManage status bits that a refused access sets (MMFSR, B3.2.15). */
enum { MPU_ARMV7M_IACCVIOL = 0x01, MPU_ARMV7M_DACCVIOL_MMARVALID = 0x82 };

/* Of a refused access: why its first refused byte is refused. Of an allowed one: why its first
 * byte is allowed (a later byte may owe it to another region). */
struct mpu_verdict {
    bool allowed;
    bool privileged;       /* the access that was judged, for mpu_armv7m_describe */
    enum access_kind kind; /* likewise */
    enum mpu_armv7m_decider decider;
    int8_t region;          /* BY_REGION, BY_SYSTEM_XN: its number; else NO_REGION */
    int8_t subregion;       /* 0..7; -1: no region, or one without (< 256 bytes) */
    uint8_t mmfsr;          /* 0: allowed; else MPU_ARMV7M_IACCVIOL or
                               MPU_ARMV7M_DACCVIOL_MMARVALID */
    uint32_t fault_address; /* the first byte refused, what MMFAR holds after a data
                               access; 0: allowed */
};

/* As after reset: off, no region enabled. `region_count` is 0 (no unit: TYPE reads 0, writes are
 * ignored), 8 or 16. RNR, RBAR, RASR are unknown on silicon and 0 here. */
void mpu_armv7m_reset(struct mpu_armv7m *mpu, uint8_t region_count);

/* Whether the address belongs to this unit: 0xe000ed90..0xe000edbb. */
static inline bool mpu_armv7m_owns(uint32_t address)
{
    return address >= MPU_ARMV7M_TYPE && address - MPU_ARMV7M_TYPE < 0x2c;
}

/* Reads a register; `address` is a multiple of 4. What is no register reads 0. RBAR reads with
 * VALID 0 and REGION = RNR; reserved bits read 0. */
uint32_t mpu_armv7m_read(const struct mpu_armv7m *mpu, uint32_t address);

/* Writes a register; `address` is a multiple of 4. A write to what is no register, and to TYPE, is
 * ignored. RBAR with VALID sets RNR as well. */
void mpu_armv7m_write(struct mpu_armv7m *mpu, uint32_t address, uint32_t value);

/* Judges an access on every byte. A size of 0 touches no byte, but is judged like 1. */
struct mpu_verdict mpu_armv7m_check(const struct mpu_armv7m *mpu, struct access access);

/* What user mode may do with the byte at `address`, by the unit alone: bits of enum right. */
uint32_t mpu_armv7m_user_rights(const struct mpu_armv7m *mpu, uint32_t address);

/* The addresses, ascending and each once, at which a verdict may change: from one to the byte
 * before the next, each kind of access by one byte has one verdict (region and decider too), at
 * either privilege and any priority. Begins with 0 and ends with 2^32. Writes the first `capacity`
 * of them, and returns how many there are: MPU_ARMV7M_BOUNDARY_MAX always suffices. */
size_t mpu_armv7m_boundaries(const struct mpu_armv7m *mpu, uint64_t boundaries[], size_t capacity);

/* What the registers ask for that the architecture leaves unpredictable, looking at enabled
 * regions; 0 when all is defined. */
enum mpu_armv7m_unpredictable {
    MPU_ARMV7M_UNPREDICTABLE_HFNMIENA = 1u << 0, /* HFNMIENA without ENABLE */
    MPU_ARMV7M_UNPREDICTABLE_SIZE = 1u << 1,     /* smaller than 32 bytes */
    MPU_ARMV7M_UNPREDICTABLE_SRD = 1u << 2,      /* sub-regions disabled under 256 bytes */
    MPU_ARMV7M_UNPREDICTABLE_BASE = 1u << 3,     /* base no multiple of the size */
    MPU_ARMV7M_UNPREDICTABLE_AP = 1u << 4,       /* AP = 4 */
};
uint32_t mpu_armv7m_unpredictable(const struct mpu_armv7m *mpu);

/* One line on why `verdict` is as it is, to be asked before the registers change again:
 *   region 5 0x20000000..0x200007ff sub-region 2, AP 3 (rw/rw), XN: unprivileged write allowed
 * (AP: privileged/unprivileged.) Cut to `size` bytes, always ended; a size of 0 writes nothing.
 * MPU_ARMV7M_DESCRIPTION_MAX always suffices. */
enum { MPU_ARMV7M_DESCRIPTION_MAX = 160 };
void mpu_armv7m_describe(const struct mpu_armv7m *mpu, struct mpu_verdict verdict, char *text,
                         size_t size);

#endif
