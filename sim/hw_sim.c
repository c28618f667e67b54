/* hw_sim.c: the kernel's port over the simulated machine: the only file that speaks both languages.
 *
 * The kernel runs with the MPU off (mpu_disable at each entry), so its own accesses are not judged.
 * A register of a named hole reads 0 and ignores writes; an address where nothing is at all is a
 * bug of the kernel and panics.
 */
#include "sim/machine_value.h"
#include <stdio.h>
#include <string.h>

enum { SYSTEM_FIRST = 0xe000e000, SYSTEM_LAST = 0xe000efff };

static bool is_system(uint32_t address)
{
    return address >= SYSTEM_FIRST && address <= SYSTEM_LAST;
}

static const struct costs *costs_of(const struct hw *hw)
{
    return &hw->m->setup->scenario->costs;
}

static uint32_t system_read(struct machine *m, uint32_t address)
{
    uint64_t cpu_hz = m->setup->scenario->board.cpu_hz;
    if (mpu_armv7m_owns(address))
        return mpu_armv7m_read(&m->mpu, address);
    if (nvic_is_systick(address))
        return nvic_systick_read(&m->nvic, address, m->now_ps, cpu_hz);
    return nvic_read(&m->nvic, address, m->now_ps, cpu_hz);
}

static OUT_OF_LINE void systick_write(struct machine *m, uint32_t address, uint32_t value)
{
    uint64_t before_ps = m->nvic.systick_fires_ps;
    nvic_systick_write(&m->nvic, address, value, m->now_ps, m->setup->scenario->board.cpu_hz);
    uint64_t fires_ps = m->nvic.systick_fires_ps;
    if (fires_ps == before_ps)
        return;
    if (before_ps <= m->next_ps) /* it was what comes first */
        machine_find_next(m);
    else if (fires_ps < m->next_ps)
        m->next_ps = fires_ps;
}

static inline void system_write(struct machine *m, uint32_t address, uint32_t value)
{
    if (mpu_armv7m_owns(address))
        mpu_armv7m_write(&m->mpu, address, value);
    else if (nvic_is_systick(address))
        systick_write(m, address, value);
    else
        nvic_write(&m->nvic, address, value, m->now_ps, m->setup->scenario->board.cpu_hz);
}

/* Something of the board is at `address`, modelled or not. */
static bool is_on_board(const struct machine *m, uint32_t address)
{
    return board_device_at(&m->setup->scenario->board, address) != BOARD_NONE;
}

static uint32_t memory_or_hole_read(struct hw *hw, uint32_t address)
{
    struct machine *m = hw->m;
    const struct board *board = &m->setup->scenario->board;
    uint32_t value = 0;
    if (machine_peek(m, (struct span){address, 4}, &value))
        return value;
    if (span_covers(board->flash, (struct span){address, 4}))
        machine_flash_read(m, (struct span){address, 4}, &value);
    else if (!is_on_board(m, address))
        hw_panic(hw, "the kernel read an address where nothing is");
    return value;
}

/* A peripheral's answer takes a bus cycle at least, whatever the preset: else a kernel without
 * costs would wait for a device while time stands still. */
static uint64_t board_read_cycles(const struct hw *hw)
{
    uint64_t cycles = costs_of(hw)->kernel_mmio;
    return cycles == 0 ? 1 : cycles;
}

static void require_aligned(struct hw *hw, uint32_t address)
{
    if (address % 4 != 0)
        hw_panic(hw, "the kernel read a register at an odd address");
}

static void trace_at(struct hw *hw, enum access_record access, uint32_t place, uint32_t address,
                     uint32_t value)
{
    unsigned kind = access == ACCESS_KERNEL_READ ? EVENT_KERNEL_READ : EVENT_KERNEL_WRITE;
    machine_trace_to(hw, kind, PROCESS_NONE, address, value,
                     hw->m->setup->access_listener[access][place]);
}

/* Nothing came of the read, and the register tells what is stored: it would tell the same again. */
static bool is_steady(const struct device *d, int row)
{
    return row >= 0 && !d->type->regs[row].on_read && d->request_count == 0 && !d->fault.hung &&
           !d->fault.forced;
}

static void poll_remember(struct machine *m, uint32_t device, uint32_t address, uint32_t value,
                          uint64_t cycles)
{
    const struct record record = {0, EVENT_KERNEL_READ, PROCESS_NONE, address, value};
    if (!m->setup->ps_per_cycle || m->setup->access_listener[ACCESS_KERNEL_READ][device])
        return;
    m->polled = (struct polled){.record_count = m->record_count + 1,
                                .cost_ps = cycles * m->setup->ps_per_cycle,
                                .event = trace_hash_event(&record),
                                .address = address,
                                .value = value};
}

static uint32_t register_read(struct hw *hw, uint32_t device, uint32_t address)
{
    struct machine *m = hw->m;
    struct device *d = machine_modelled(m, device);
    int row = device_row_at(d, address - d->base);
    uint32_t value = device_read_row(d, row, address - d->base, m->now_ps);
    if (is_steady(d, row))
        poll_remember(m, device, address, value, board_read_cycles(hw));
    machine_serve(hw, device); /* what this records makes the polled value outdated at once */
    return value;
}

/* Apart from hw_read32 and hw_write32, which mostly touch the system: those stay short. */
static OUT_OF_LINE uint32_t board_read(struct hw *hw, uint32_t address)
{
    struct machine *m = hw->m;
    uint32_t place = machine_device_at(m->setup, address), value;
    machine_spend(hw, board_read_cycles(hw));
    require_aligned(hw, address);
    if (place != BOARD_NONE) {
        value = register_read(hw, place, address);
    } else {
        value = memory_or_hole_read(hw, address);
        place = machine_place_beside(m, address);
    }
    trace_at(hw, ACCESS_KERNEL_READ, place, address, value);
    return value;
}

/* To the board's storage; the rest of flash is no place to write to. */
static void flash_write(struct hw *hw, uint32_t address, uint32_t word)
{
    struct machine *m = hw->m;
    uint32_t device = m->setup->flash_device;
    if (!device_flash_write(machine_device(m, device), address, word, m->now_ps))
        hw_panic(hw, "the kernel wrote flash that its controller does not let it write");
    machine_serve(hw, device);
    machine_halt(hw, device);
}

static OUT_OF_LINE void board_write_slowly(struct hw *hw, uint32_t address, uint32_t value)
{
    struct machine *m = hw->m;
    uint32_t device = machine_device_at(m->setup, address);
    bool is_modelled = device != BOARD_NONE;
    trace_at(hw, ACCESS_KERNEL_WRITE, is_modelled ? device : machine_place_beside(m, address),
             address, value);
    if (is_modelled) {
        struct device *d = machine_modelled(m, device);
        device_write(d, address - d->base, value, m->now_ps);
        machine_serve(hw, device);
        machine_halt(hw, device);
    } else if (span_holds(m->setup->scenario->board.storage, address)) {
        flash_write(hw, address, value);
    } else if (!is_on_board(m, address)) {
        hw_panic(hw, "the kernel wrote an address where nothing is");
    }
}

/* The polled register again, with nothing in between and nobody who looks on. */
static inline bool is_polled(const struct hw *hw, uint32_t address)
{
    const struct machine *m = hw->m;
    return m->polled.address == address && m->polled.record_count == m->record_count &&
           m->now_ps + m->polled.cost_ps < m->next_ps &&
           machine_only_hashes(hw, EVENT_KERNEL_READ, address, address);
}

static inline uint32_t poll(struct machine *m)
{
    m->now_ps += m->polled.cost_ps;
    m->hash = trace_hash_at(m->hash, m->now_ps, m->polled.event);
    m->polled.record_count = ++m->record_count;
    return m->polled.value;
}

/* As many of `count` polls as come before anything is due; each leaves the record that a read
 * leaves. Their number. */
static uint32_t poll_on(struct machine *m, uint32_t count)
{
    const struct polled p = m->polled;
    uint64_t room = (m->next_ps - 1 - m->now_ps) / p.cost_ps;
    uint32_t polls = room < count ? (uint32_t)room : count;
    uint64_t now_ps = m->now_ps, hash = m->hash;
    for (uint32_t i = 0; i < polls; i++) {
        now_ps += p.cost_ps;
        hash = trace_hash_at(hash, now_ps, p.event);
    }
    m->now_ps = now_ps;
    m->hash = hash;
    m->record_count += polls;
    m->polled.record_count += polls;
    return polls;
}

static OUT_OF_LINE uint32_t core_read_slowly(struct hw *hw, uint32_t address)
{
    machine_spend(hw, costs_of(hw)->kernel_mmio);
    require_aligned(hw, address);
    uint32_t value = system_read(hw->m, address);
    trace_at(hw, ACCESS_KERNEL_READ, PLACE_ELSEWHERE, address, value);
    return value;
}

/* An access that takes `ps`, of which monitors hear at most, with nothing due meanwhile: nearly
 * each of them, so it has a path of its own. */
static inline bool is_plain(const struct hw *hw, uint32_t address, uint64_t ps, unsigned kind)
{
    return ps != TIME_NEVER && hw->m->now_ps + ps < hw->m->next_ps && address % 4 == 0 &&
           machine_only_hashes(hw, kind, address, address);
}

static inline void plain_record(struct machine *m, unsigned kind, uint32_t address, uint32_t value)
{
    const struct record record = {m->now_ps, (uint16_t)kind, PROCESS_NONE, address, value};
    m->hash = trace_hash(m->hash, &record);
    m->record_count++;
}

static uint32_t core_read(struct hw *hw, uint32_t address)
{
    struct machine *m = hw->m;
    uint64_t ps = m->setup->core_read_ps;
    if (!is_plain(hw, address, ps, EVENT_KERNEL_READ))
        return core_read_slowly(hw, address);
    m->now_ps += ps;
    uint32_t value = system_read(m, address);
    plain_record(m, EVENT_KERNEL_READ, address, value);
    return value;
}

uint32_t hw_read32(struct hw *hw, uint32_t address)
{
    if (is_polled(hw, address)) /* never a register of the core */
        return poll(hw->m);
    return is_system(address) ? core_read(hw, address) : board_read(hw, address);
}

bool hw_await32(struct hw *hw, uint32_t address, uint32_t mask, uint32_t wanted, uint32_t count)
{
    for (uint32_t reads = 0; reads < count;) {
        if (is_polled(hw, address) && (hw->m->polled.value & mask) != wanted) {
            reads += poll_on(hw->m, count - reads); /* one at least: is_polled() says so */
            continue;
        }
        if ((hw_read32(hw, address) & mask) == wanted)
            return true;
        reads++;
    }
    return false;
}

static OUT_OF_LINE void write_slowly(struct hw *hw, uint32_t address, uint32_t value)
{
    machine_spend(hw, costs_of(hw)->kernel_mmio);
    if (address % 4 != 0)
        hw_panic(hw, "the kernel wrote a register at an odd address");
    if (!is_system(address)) {
        board_write_slowly(hw, address, value);
        return;
    }
    trace_at(hw, ACCESS_KERNEL_WRITE, PLACE_ELSEWHERE, address, value);
    system_write(hw->m, address, value);
}

static OUT_OF_LINE void board_write(struct hw *hw, uint32_t address, uint32_t value)
{
    struct machine *m = hw->m;
    uint64_t ps = m->setup->mmio_ps;
    uint32_t device = machine_device_at(m->setup, address);
    if (device == BOARD_NONE || !is_plain(hw, address, ps, EVENT_KERNEL_WRITE)) {
        write_slowly(hw, address, value);
        return;
    }
    m->now_ps += ps;
    trace_at(hw, ACCESS_KERNEL_WRITE, device, address, value);
    struct device *d = machine_modelled(m, device);
    int row = device_row_at(d, address - d->base);
    if (device_only_stores(d, row) && device_is_calm(d, m->now_ps) &&
        device != m->setup->flash_device) {
        machine_touch(m, device);
        device_store_bits(d, (uint32_t)row, value);
        return;
    }
    device_write_row(d, row, value, m->now_ps);
    machine_serve(hw, device);
    machine_halt(hw, device);
}

/* The row behind `row`, if its register is the next one; else who knows. */
static int row_behind(const struct device *d, int row, uint32_t offset)
{
    uint32_t next = (uint32_t)row + 1;
    bool is_next = row >= 0 && next < d->type->reg_count && d->type->regs[next].offset == offset;
    return is_next ? (int)next : device_row_at(d, offset);
}

/* Those of one device, before anything is due. Their number. */
static uint32_t fill_device(struct hw *hw, uint32_t address, uint32_t value, uint32_t count)
{
    struct machine *m = hw->m;
    uint64_t ps = m->setup->mmio_ps;
    uint32_t device = machine_device_at(m->setup, address), done = 0;
    if (device == BOARD_NONE || device == m->setup->flash_device)
        return 0;
    struct device *d = machine_modelled(m, device);
    int row = -1;
    for (; done < count && address - d->base < d->size; done++, address += 4) {
        if (!is_plain(hw, address, ps, EVENT_KERNEL_WRITE))
            break;
        m->now_ps += ps;
        trace_at(hw, ACCESS_KERNEL_WRITE, device, address, value);
        row = row_behind(d, row, address - d->base);
        device_write_row(d, row, value, m->now_ps);
        machine_serve(hw, device);
    }
    return done;
}

void hw_fill32(struct hw *hw, uint32_t address, uint32_t value, uint32_t count)
{
    for (uint32_t i = fill_device(hw, address, value, count); i < count; i++)
        hw_write32(hw, address + 4 * i, value);
}

void hw_write32(struct hw *hw, uint32_t address, uint32_t value)
{
    struct machine *m = hw->m;
    uint64_t ps = m->setup->core_write_ps;
    if (!is_system(address)) {
        board_write(hw, address, value);
    } else if (is_plain(hw, address, ps, EVENT_KERNEL_WRITE)) {
        m->now_ps += ps;
        plain_record(m, EVENT_KERNEL_WRITE, address, value);
        system_write(m, address, value);
    } else {
        write_slowly(hw, address, value);
    }
}

/* Those of the MPU that come first, before anything is due. Their number. */
static uint32_t write_mpu(struct hw *hw, const struct hw_word words[], uint32_t count)
{
    struct machine *m = hw->m;
    uint64_t ps = m->setup->core_write_ps, now_ps = m->now_ps, hash = m->hash;
    uint32_t done = 0;
    if (ps == TIME_NEVER || !machine_only_hashes(hw, EVENT_KERNEL_WRITE, SYSTEM_FIRST, SYSTEM_LAST))
        return 0;
    for (; done < count && now_ps + ps < m->next_ps; done++) {
        uint32_t address = words[done].address, value = words[done].value;
        if (!mpu_armv7m_owns(address) || address % 4 != 0)
            break;
        now_ps += ps;
        const struct record record = {now_ps, EVENT_KERNEL_WRITE, PROCESS_NONE, address, value};
        hash = trace_hash(hash, &record);
        mpu_armv7m_write(&m->mpu, address, value);
    }
    m->now_ps = now_ps;
    m->hash = hash;
    m->record_count += done;
    return done;
}

void hw_write_words(struct hw *hw, const struct hw_word words[], uint32_t count)
{
    for (uint32_t i = write_mpu(hw, words, count); i < count; i++)
        hw_write32(hw, words[i].address, words[i].value);
}

static inline void charge_words(struct hw *hw, uint32_t size)
{
    machine_spend(hw, (uint64_t)costs_of(hw)->kernel_ram_word * ((size + 3) / 4));
}

/* Word by word where it is short: what is read here has mostly just been written so, and a wider
 * load would have to wait until all of that has reached memory. */
static inline void copy_words(uint8_t *to, const uint8_t *from, uint32_t size)
{
    for (uint32_t at = 0; at < size; at += 4)
        memcpy(to + at, from + at, 4);
}

static inline bool is_words(uint32_t size)
{
    return size % 4 == 0 && size <= 32;
}

static OUT_OF_LINE enum err copy_bytes(uint8_t *to, const uint8_t *from, uint32_t size)
{
    memcpy(to, from, size);
    return ERR_NONE;
}

static void copy(uint8_t *to, const uint8_t *from, uint32_t size)
{
    if (is_words(size))
        copy_words(to, from, size);
    else
        (void)copy_bytes(to, from, size);
}

/* All that hw_ram_read leaves out: several pages, one that nobody has written, flash; secrets; time
 * in which something is due. */
static OUT_OF_LINE enum err memory_read(struct hw *hw, struct span from, void *to)
{
    const struct board *board = &hw->m->setup->scenario->board;
    if (!span_covers(board->ram, from) && !span_covers(board->flash, from))
        return ERR_INVAL;
    if (machine_has_secrets(hw->m))
        machine_secret_read(hw->m, from);
    charge_words(hw, from.size);
    if (!machine_peek(hw->m, from, to))
        machine_flash_read(hw->m, from, to);
    return ERR_NONE;
}

enum err hw_ram_read(struct hw *hw, struct span from, void *to)
{
    struct machine *m = hw->m;
    const uint8_t *bytes = machine_ram_drawn(m, from);
    uint64_t cycles = (uint64_t)costs_of(hw)->kernel_ram_word * ((from.size + 3) / 4);
    uint64_t then_ps = m->now_ps + cycles * m->setup->ps_per_cycle;
    if (!bytes || !m->setup->is_plain || then_ps >= m->next_ps)
        return memory_read(hw, from, to);
    m->now_ps = then_ps;
    if (!is_words(from.size))
        return copy_bytes(to, bytes, from.size);
    copy_words(to, bytes, from.size);
    return ERR_NONE;
}

static void tell_of_write(struct machine *m, struct span to, const uint8_t *bytes)
{
    const struct machine_setup *setup = m->setup;
    if (!setup->write_listener.on_kernel_write)
        return;
    m->heard |= setup->write_listener.monitors;
    setup->write_listener.on_kernel_write(m, machine_at(m, setup->write_listener.state), to, bytes);
}

/* As memory_read. */
static OUT_OF_LINE enum err memory_write(struct hw *hw, struct span to, const void *from)
{
    if (!span_covers(hw->m->setup->scenario->board.ram, to))
        return ERR_INVAL;
    tell_of_write(hw->m, to, from);
    charge_words(hw, to.size);
    copy(machine_ram_at(hw->m, to), from, to.size);
    if (machine_has_secrets(hw->m))
        machine_secret_written(hw->m, to);
    return ERR_NONE;
}

enum err hw_ram_write(struct hw *hw, struct span to, const void *from)
{
    struct machine *m = hw->m;
    uint8_t *bytes = machine_ram_drawn(m, to);
    if (!bytes || machine_has_secrets(m))
        return memory_write(hw, to, from);
    tell_of_write(m, to, from);
    charge_words(hw, to.size);
    machine_page_written(m, to.base);
    if (!is_words(to.size))
        return copy_bytes(bytes, from, to.size);
    copy_words(bytes, from, to.size);
    return ERR_NONE;
}

void hw_barrier(struct hw *hw)
{
    (void)hw; /* register writes take effect at once here */
}

static OUT_OF_LINE void spend_slowly(struct hw *hw, enum kernel_path path, uint32_t count)
{
    struct machine *m = hw->m;
    uint64_t before_ps = m->now_ps;
    machine_spend_exactly(hw, (uint64_t)costs_of(hw)->path[path] * count);
    m->worked_ps += m->now_ps - before_ps;
}

/* As machine_spend, with less to compute. */
void hw_spend(struct hw *hw, enum kernel_path path, uint32_t count)
{
    struct machine *m = hw->m;
    uint64_t ps = m->setup->path_ps[path] * count, target_ps = m->now_ps + ps;
    if (!m->setup->ps_per_cycle || target_ps >= m->next_ps) {
        spend_slowly(hw, path, count);
        return;
    }
    m->now_ps = target_ps;
    m->worked_ps += ps;
}

void hw_note(struct hw *hw, enum note note, uint32_t process, uint32_t address, uint64_t value)
{
    machine_trace(hw, EVENT_NOTE_BASE + (unsigned)note, process, address, value);
}

_Noreturn void hw_panic(struct hw *hw, const char *what)
{
    snprintf(hw->panic_text, sizeof hw->panic_text, "%s", what);
    hw->m->state = RUN_PANIC;
    machine_trace(hw, EVENT_KERNEL_PANIC, PROCESS_NONE, 0, 0);
    if (!hw->can_unwind)
        __builtin_trap(); /* nobody runs this machine: a bug of the simulator's caller */
    longjmp(hw->unwind, 1);
}
