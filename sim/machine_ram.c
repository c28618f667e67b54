/* machine_ram.c: RAM, whose first bytes are the seed's pattern.
 *
 *   never written   the pattern: a function of the seed and the place, computed when asked for
 *   written         the bytes in the block; the rest of its page is drawn at the first write
 *
 * So a run pays for the pages that it writes, not for all that its board has. A page that is drawn
 * is written as well: what is said of written pages holds for the bits of drawn ones, too.
 */
#include "sim/machine_value.h"
#include <string.h>

static bool is_drawn(const struct machine *m, uint32_t page)
{
    const void *bits = (const uint8_t *)m + m->setup->drawn_offset;
    return ((const uint64_t *)bits)[page / 64] >> page % 64 & 1;
}

/* The pattern at `offset` of RAM. */
static void draw(const struct machine *m, uint32_t offset, uint32_t size, uint8_t *to)
{
    struct random random = random_start(m->setup->scenario->seed, RANDOM_RAM_PATTERN);
    while (size > 0) {
        uint64_t word = random_nth(random, offset / 8);
        uint32_t from = offset % 8, count = size < 8 - from ? size : 8 - from;
        memcpy(to, (const uint8_t *)&word + from, count);
        offset += count;
        to += count;
        size -= count;
    }
}

/* Bytes of [offset, offset + size) that are on the first of its pages. */
static uint32_t on_page(uint32_t offset, uint32_t size)
{
    uint32_t left = RAM_PAGE - offset % RAM_PAGE;
    return size < left ? size : left;
}

/* Before the first write to a page: what the write leaves is the pattern. */
static void draw_page(struct machine *m, uint32_t page, uint32_t written)
{
    uint32_t at = page * RAM_PAGE, size = on_page(at, m->setup->scenario->board.ram.size - at);
    machine_drawn_pages(m)[page / 64] |= UINT64_C(1) << page % 64;
    if (written < size)
        draw(m, at, size, machine_ram(m) + at);
}

void machine_ram_reset(struct machine *m)
{
    memset(machine_drawn_pages(m), 0, m->setup->dirty_words * sizeof(uint64_t));
}

uint8_t *machine_ram_open(struct machine *m, struct span span)
{
    struct span ram = m->setup->scenario->board.ram;
    uint64_t *written = machine_written_pages(m);
    if (!span_covers(ram, span))
        return NULL;
    for (uint32_t at = span.base - ram.base, size = span.size; size > 0;) {
        uint32_t page = at / RAM_PAGE, count = on_page(at, size);
        if (!is_drawn(m, page))
            draw_page(m, page, count);
        written[page / 64] |= UINT64_C(1) << page % 64;
        at += count;
        size -= count;
    }
    return machine_ram(m) + (span.base - ram.base);
}

bool machine_peek(const struct machine *m, struct span from, void *to)
{
    struct span ram = m->setup->scenario->board.ram;
    const uint8_t *bytes = (const uint8_t *)m + m->setup->ram_offset;
    uint8_t *out = to;
    if (!span_covers(ram, from))
        return false;
    for (uint32_t at = from.base - ram.base, size = from.size; size > 0;) {
        uint32_t count = on_page(at, size);
        if (is_drawn(m, at / RAM_PAGE))
            memcpy(out, bytes + at, count);
        else
            draw(m, at, count, out);
        at += count;
        out += count;
        size -= count;
    }
    return true;
}
