#include "model/chip_aes.h"

enum {
    DMACH0CTL = 0x000,
    DMACH0EXTADDR = 0x004,
    DMACH0LEN = 0x00c,
    DMASWRESET = 0x01c,
    DMACH1CTL = 0x020,
    DMACH1EXTADDR = 0x024,
    DMACH1LEN = 0x02c,
    KEYWRITEAREA = 0x400,
    KEYWRITTENAREA = 0x404,
    KEYREADAREA = 0x40c,
    AESIV = 0x540,
    AESCTL = 0x550,
    AESDATALEN0 = 0x554,
    AESDATALEN1 = 0x558,
    ALGSEL = 0x700,
    SWRESET = 0x740,
    IRQTYPE = 0x780,
    IRQEN = 0x784,
    IRQCLR = 0x788,
    IRQSTAT = 0x790,
};

#define ALL_BITS 0xffffffffu
#define RESULT_AVAIL 0x00000001u
#define KEY_ST_RD_ERR 0x20000000u
#define KEY_ST_WR_ERR 0x40000000u
#define DMA_BUS_ERR 0x80000000u
#define TO_KEY_STORE 1u
#define TO_ENGINE 2u
#define KEY_BUSY 0x80000000u
#define ENCRYPT 0x00000004u
#define CBC 0x00000020u
#define CTR 0x00000040u
#define CTR_WIDTH_128 (3u << 7)

enum {
    LEVEL = 1,       /* IRQTYPE */
    KEY_POLLS = 100, /* a copy takes some cycles, a read of a register as many */
};

static void irq_clear(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + IRQCLR, ALL_BITS);
}

static void channel_begin(struct hw *hw, uint32_t channel, struct span memory)
{
    hw_write32(hw, channel + DMACH0CTL, 1);
    hw_write32(hw, channel + DMACH0EXTADDR, memory.base);
    hw_write32(hw, channel + DMACH0LEN, memory.size);
}

bool chip_aes_reset(struct hw *hw, uint32_t base)
{
    hw_write32(hw, base + DMASWRESET, 1);
    hw_write32(hw, base + SWRESET, 1);
    hw_write32(hw, base + ALGSEL, 0);
    hw_write32(hw, base + KEYWRITTENAREA, ALL_BITS);
    hw_write32(hw, base + IRQTYPE, LEVEL);
    hw_write32(hw, base + IRQEN, RESULT_AVAIL);
    return chip_aes_forget(hw, base);
}

void chip_aes_load(struct hw *hw, uint32_t base, uint32_t area, uint32_t address)
{
    chip_aes_wipe(hw, base, area);
    hw_write32(hw, base + ALGSEL, TO_KEY_STORE);
    irq_clear(hw, base);
    hw_write32(hw, base + KEYWRITEAREA, UINT32_C(1) << area);
    channel_begin(hw, base, (struct span){address, CHIP_AES_BLOCK});
}

/* What the copy says; false: it does not end. */
static bool area_copy(struct hw *hw, uint32_t base, uint32_t area, uint32_t *status)
{
    uint32_t polls = KEY_POLLS;

    hw_write32(hw, base + ALGSEL, TO_ENGINE);
    irq_clear(hw, base);
    if (hw_read32(hw, base + IRQSTAT) & KEY_ST_RD_ERR)
        return false; /* what is to be learnt from it could not be told from what stands there */
    hw_write32(hw, base + KEYREADAREA, area);
    while (hw_read32(hw, base + KEYREADAREA) & KEY_BUSY)
        if (--polls == 0)
            return false;
    *status = hw_read32(hw, base + IRQSTAT);
    irq_clear(hw, base);
    return true;
}

bool chip_aes_take(struct hw *hw, uint32_t base, uint32_t area)
{
    uint32_t status;

    return area_copy(hw, base, area, &status) && !(status & KEY_ST_RD_ERR) &&
           chip_aes_has_key(hw, base, area);
}

bool chip_aes_forget(struct hw *hw, uint32_t base)
{
    uint32_t status;

    for (uint32_t word = 0; word < CHIP_AES_VECTOR_WORDS; word++)
        hw_write32(hw, base + AESIV + 4 * word, 0);
    bool answers = area_copy(hw, base, CHIP_AES_EMPTY, &status) && status & KEY_ST_RD_ERR;
    hw_write32(hw, base + ALGSEL, 0);
    return answers;
}

void chip_aes_run(struct hw *hw, uint32_t base, enum chip_aes_mode mode, bool decrypt,
                  const uint32_t vector[CHIP_AES_VECTOR_WORDS], struct span data)
{
    static const uint32_t modes[CHIP_AES_MODES] = {
        [CHIP_AES_CTR] = CTR | CTR_WIDTH_128, [CHIP_AES_CBC] = CBC, [CHIP_AES_ECB] = 0};

    for (uint32_t word = 0; mode != CHIP_AES_ECB && word < CHIP_AES_VECTOR_WORDS; word++)
        hw_write32(hw, base + AESIV + 4 * word, vector[word]);
    hw_write32(hw, base + ALGSEL, TO_ENGINE);
    hw_write32(hw, base + AESCTL, modes[mode] | (decrypt ? 0 : ENCRYPT));
    hw_write32(hw, base + AESDATALEN0, data.size);
    hw_write32(hw, base + AESDATALEN1, 0);
    channel_begin(hw, base, data);
    channel_begin(hw, base + (DMACH1CTL - DMACH0CTL), data);
}

enum chip_aes_end chip_aes_end(struct hw *hw, uint32_t base)
{
    uint32_t status = hw_read32(hw, base + IRQSTAT);

    if (!(status & RESULT_AVAIL))
        return CHIP_AES_NOTHING;
    irq_clear(hw, base);
    hw_write32(hw, base + ALGSEL, 0);
    if (status & DMA_BUS_ERR)
        return CHIP_AES_BUS_ERROR;
    return status & KEY_ST_WR_ERR ? CHIP_AES_NO_KEY : CHIP_AES_GOOD;
}

void chip_aes_wipe(struct hw *hw, uint32_t base, uint32_t area)
{
    hw_write32(hw, base + KEYWRITTENAREA, UINT32_C(1) << area);
}

bool chip_aes_has_key(struct hw *hw, uint32_t base, uint32_t area)
{
    return hw_read32(hw, base + KEYWRITTENAREA) >> area & 1;
}
