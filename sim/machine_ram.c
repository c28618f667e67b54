/* machine_ram.c: RAM, whose first bytes are the seed's pattern, and the storage in flash, which is
 * 0xff at first.
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

static void ram_read(const struct machine *m, struct span from, void *to)
{
    struct span ram = m->setup->scenario->board.ram;
    const uint8_t *bytes = (const uint8_t *)m + m->setup->ram_offset;
    uint8_t *out = to;
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
}

/* --- storage: pages like RAM's, of its bytes and of its words' write counts ------------------ */

/* A page that nobody has written: storage reads as erased, counts as 0. */
static uint8_t fresh_byte(const struct machine_setup *setup, uint32_t offset)
{
    return offset < setup->wear_offset ? 0xff : 0;
}

/* `offset`: in the block. Bytes on one page. */
static void paged_read(const struct machine *m, uint32_t offset, uint32_t size, uint8_t *to)
{
    if (is_drawn(m, (offset - m->setup->ram_offset) / RAM_PAGE))
        memcpy(to, (const uint8_t *)m + offset, size);
    else
        memset(to, fresh_byte(m->setup, offset), size);
}

/* The bytes from `offset` on, to be written, on one page. */
static uint8_t *paged_open(struct machine *m, uint32_t offset)
{
    uint32_t page = (offset - m->setup->ram_offset) / RAM_PAGE;
    uint64_t bit = UINT64_C(1) << page % 64;
    if (!is_drawn(m, page))
        memset(machine_at(m, m->setup->ram_offset + page * RAM_PAGE), fresh_byte(m->setup, offset),
               RAM_PAGE);
    machine_drawn_pages(m)[page / 64] |= bit;
    machine_written_pages(m)[page / 64] |= bit;
    return machine_at(m, offset);
}

bool machine_storage_read(const struct machine *m, struct span span, void *to)
{
    struct span storage = m->setup->scenario->board.storage;
    uint8_t *out = to;
    if (!span_covers(storage, span))
        return false;
    for (uint32_t at = span.base - storage.base, size = span.size; size > 0;) {
        uint32_t count = on_page(at, size);
        paged_read(m, m->setup->storage_offset + at, count, out);
        at += count;
        out += count;
        size -= count;
    }
    return true;
}

bool machine_storage_write(struct machine *m, uint32_t address, uint32_t word, uint32_t *now,
                           uint32_t *writes)
{
    uint32_t at = address - m->setup->scenario->board.storage.base;
    if (!machine_storage_read(m, (struct span){address, 4}, now))
        return false;
    *now &= word;
    uint8_t *bytes = paged_open(m, m->setup->storage_offset + at);
    for (uint32_t i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(*now >> 8 * i);
    uint8_t *wear = paged_open(m, m->setup->wear_offset + at / 4);
    *wear += *wear < UINT8_MAX;
    *writes = *wear;
    return true;
}

bool machine_storage_erase(struct machine *m, struct span span)
{
    struct span storage = m->setup->scenario->board.storage;
    uint32_t at = span.base - storage.base;
    if (!span_covers(storage, span))
        return false;
    for (uint32_t done = 0; done < span.size; done += RAM_PAGE) {
        memset(paged_open(m, m->setup->storage_offset + at + done), 0xff, RAM_PAGE);
        memset(paged_open(m, m->setup->wear_offset + (at + done) / 4), 0, RAM_PAGE / 4);
    }
    return true;
}

bool machine_peek(const struct machine *m, struct span from, void *to)
{
    if (!span_covers(m->setup->scenario->board.ram, from))
        return machine_storage_read(m, from, to);
    ram_read(m, from, to);
    return true;
}

const uint8_t *machine_view(const struct machine *m, struct span from)
{
    return machine_ram_drawn((struct machine *)m, from);
}

bool machine_poke(struct machine *m, struct span to, const void *from)
{
    bool is_ram = span_covers(m->setup->scenario->board.ram, to);
    if (is_ram)
        memcpy(machine_ram_at(m, to), from, to.size);
    return is_ram;
}

void machine_take_written(struct machine *m, uint64_t *pages)
{
    uint64_t *written = machine_written_pages(m);
    for (uint32_t word = 0; word < m->setup->dirty_words; word++) {
        pages[word] |= written[word];
        written[word] = 0;
    }
}
