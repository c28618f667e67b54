/* test_nvmc.c: the flash controller on the bench, and a kernel that writes the board's storage. */
#include "devices/catalogue.h"
#include "sim/machine_value.h"
#include "tests/support_device_rig.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof *(a)))
#define US PS_PER_US
#define MS PS_PER_MS

enum { REN, WEN, EEN };
enum { NVMC = 0x4001e000, CONFIG = NVMC + 0x504, ERASEPAGE = NVMC + 0x508 };
enum { READY = NVMC + 0x400, PARTIAL = NVMC + 0x518, PARTIAL_CFG = NVMC + 0x51c };
enum { STORAGE = 0x2c000, STORAGE_SIZE = 0x4000 };

/* --- on the bench ---------------------------------------------------------------------------- */

static struct rig *r;

static void set_up_rig(void)
{
    r = rig_make(&nrf52_nvmc);
}

static void tear_down_rig(void)
{
    rig_free(r);
    r = NULL;
}

/* False: not allowed. */
static bool flash(uint32_t address, uint32_t word)
{
    bool allowed = device_flash_write(r->d, address, word, r->now_ps);
    rig_serve(r);
    return allowed;
}

static uint64_t halts_until(void)
{
    return nrf52_nvmc.halts_until_ps(r->d);
}

START_TEST(write_takes_41_us_and_halts_the_cpu)
{
    rig_write(r, "CONFIG", WEN);
    ck_assert_uint_eq(rig_read(r, "READY"), 1);
    ck_assert_uint_eq(halts_until(), 0);
    ck_assert(flash(STORAGE, 5));
    ck_assert_uint_eq(rig_read(r, "READY"), 0);
    ck_assert_uint_eq(halts_until(), 41 * US);
    rig_run(r, 41 * US - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_WRITE, NULL), 0);
    rig_run(r, 41 * US);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_WRITE, NULL), 1);
    ck_assert_uint_eq(rig_read(r, "READY"), 1);
    ck_assert_uint_eq(halts_until(), 0);
}
END_TEST

START_TEST(write_wants_write_enable)
{
    rig_write(r, "CONFIG", (uint32_t)_i);
    ck_assert(flash(STORAGE, 0) == (_i == WEN));
    rig_pass(r, PS_PER_S);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_WRITE, NULL), _i == WEN);
}
END_TEST

START_TEST(erase_wants_erase_enable_and_takes_85_ms)
{
    rig_write(r, "CONFIG", (uint32_t)_i);
    rig_write(r, "ERASEPAGE", STORAGE + 0x1234);
    ck_assert_uint_eq(rig_read(r, "READY"), _i != EEN);
    rig_run(r, 85 * MS - 1);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_ERASE, NULL), 0);
    rig_run(r, 85 * MS);
    const struct rig_entry *e = rig_find(r, 0, REQUEST_FLASH_ERASE, NULL);
    ck_assert((e != NULL) == (_i == EEN));
    ck_assert(!e || (e->address == STORAGE + 0x1000 && e->size == 4096));
}
END_TEST

START_TEST(registers_that_are_not_modelled_do_nothing)
{
    rig_write(r, "CONFIG", EEN);
    rig_write(r, "ERASEALL", 1);
    rig_write(r, "ERASEUICR", 1);
    rig_pass(r, PS_PER_S);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_ERASE, NULL), 0);
    ck_assert_uint_eq(rig_read(r, "ERASEALL"), 0);
    rig_write(r, "ICACHECNF", 0xffffffff);
    ck_assert_uint_eq(rig_read(r, "ICACHECNF"), 0x101);
}
END_TEST

START_TEST(partial_erases_count_once_85_ms_are_together)
{
    rig_write(r, "CONFIG", EEN);
    ck_assert_uint_eq(rig_read(r, "ERASEPAGEPARTIALCFG"), 10);
    for (int i = 0; i < 8; i++) {
        rig_write(r, "ERASEPAGEPARTIAL", STORAGE);
        ck_assert_uint_eq(halts_until(), r->now_ps + 10 * MS);
        rig_pass(r, 10 * MS);
    }
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_ERASE, NULL), 0);
    rig_write(r, "ERASEPAGEPARTIALCFG", 5);
    rig_write(r, "ERASEPAGEPARTIAL", STORAGE);
    rig_pass(r, 5 * MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_ERASE, NULL), 1);
}
END_TEST

static void other_page(void)
{
    rig_write(r, "ERASEPAGEPARTIAL", STORAGE + 0x1000);
}

static void a_write(void)
{
    rig_write(r, "CONFIG", WEN);
    ck_assert(flash(STORAGE + 0x2000, 0));
}

static void no_time(void)
{
    rig_write(r, "ERASEPAGEPARTIALCFG", 0);
    rig_write(r, "ERASEPAGEPARTIAL", STORAGE);
}

static void not_enabled(void)
{
    rig_write(r, "CONFIG", WEN);
    rig_write(r, "ERASEPAGEPARTIAL", STORAGE);
}

static void (*const between[])(void) = {other_page, a_write, no_time, not_enabled};

START_TEST(partial_erases_that_are_not_enough_erase_nothing)
{
    rig_write(r, "CONFIG", EEN);
    rig_write(r, "ERASEPAGEPARTIALCFG", 84);
    rig_write(r, "ERASEPAGEPARTIAL", STORAGE);
    rig_pass(r, 84 * MS);
    between[_i]();
    rig_pass(r, 84 * MS);
    bool sum_stays = between[_i] == no_time || between[_i] == not_enabled;
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_ERASE, NULL), 0);
    rig_write(r, "CONFIG", EEN);
    rig_write(r, "ERASEPAGEPARTIALCFG", 1);
    rig_write(r, "ERASEPAGEPARTIAL", STORAGE);
    rig_pass(r, MS);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_ERASE, NULL), sum_stays);
}
END_TEST

/* Code in RAM: the CPU goes on, and one word may wait. */
START_TEST(cpu_that_runs_from_ram_waits_only_for_the_buffer)
{
    nrf52_nvmc.on_parameter(r->d, 0, 1);
    rig_write(r, "CONFIG", WEN);
    ck_assert(flash(STORAGE, 1));
    ck_assert_uint_eq(rig_read(r, "READYNEXT"), 1);
    ck_assert_uint_eq(halts_until(), 0);
    ck_assert(flash(STORAGE + 4, 2));
    ck_assert_uint_eq(rig_read(r, "READYNEXT"), 0);
    ck_assert_uint_eq(halts_until(), 0);
    ck_assert(flash(STORAGE + 8, 3));
    ck_assert_uint_eq(halts_until(), 41 * US);
    rig_run(r, 41 * US);
    ck_assert_uint_eq(halts_until(), 0);
    ck_assert_uint_eq(rig_read(r, "READY"), 0);
    rig_run(r, 123 * US);
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_WRITE, NULL), 3);
    ck_assert_uint_eq(rig_read(r, "READY"), 1);
}
END_TEST

START_TEST(write_behind_an_erase_waits_for_it)
{
    nrf52_nvmc.on_parameter(r->d, 0, 1);
    rig_write(r, "CONFIG", EEN);
    rig_write(r, "ERASEPAGE", STORAGE);
    ck_assert_uint_eq(halts_until(), 0);
    ck_assert_uint_eq(rig_read(r, "READYNEXT"), 0);
    rig_write(r, "CONFIG", WEN);
    ck_assert(flash(STORAGE, 1));
    ck_assert_uint_eq(halts_until(), 85 * MS);
    rig_run(r, 85 * MS + 41 * US);
    ck_assert_uint_eq(rig_find(r, 0, REQUEST_FLASH_WRITE, NULL)->at_ps, 85 * MS + 41 * US);
}
END_TEST

START_TEST(more_than_a_cpu_can_ask_for_is_counted_as_lost)
{
    rig_write(r, "CONFIG", WEN);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert(flash(STORAGE + 4 * i, 0));
    ck_assert_uint_eq(r->d->lost_requests, 1);
}
END_TEST

START_TEST(controller_that_hangs_midway_is_busy_for_ever)
{
    rig_write(r, "CONFIG", WEN);
    ck_assert(flash(STORAGE, 0));
    rig_run(r, 10 * US);
    r->d->fault.hung = true;
    rig_pass(r, PS_PER_S);
    ck_assert_uint_eq(rig_read(r, "READY"), 0);
    ck_assert_uint_eq(halts_until(), 41 * US); /* long past: the CPU goes on */
    ck_assert(flash(STORAGE, 0));
    ck_assert_uint_eq(rig_count(r, REQUEST_FLASH_WRITE, NULL), 0);
}
END_TEST

/* --- in a machine ---------------------------------------------------------------------------- */

static struct scenario scenario;
static struct hw *hw;
static uint32_t nvmc; /* index */

static void scenario_make(void)
{
    support_scenario(&scenario, 1, &support_spins, NULL);
    struct board *board = &scenario.board;
    nvmc = board->device_count++;
    board->devices[nvmc] = (struct board_device){.name = "NVMC",
                                                 .type = &nrf52_nvmc,
                                                 .window = {NVMC, 0x1000},
                                                 .alias_of = BOARD_NONE,
                                                 .line = BOARD_NONE,
                                                 .endpoint = BOARD_NONE};
    board->storage = (struct span){STORAGE, STORAGE_SIZE};
    scenario.until_ps = PS_PER_S;
}

static void set_up(void)
{
    scenario_make();
    hw = support_boot(&scenario, NULL);
}

static void tear_down(void)
{
    support_free(hw);
}

static uint32_t word_at(uint32_t address)
{
    uint32_t word = 0;
    ck_assert_int_eq(hw_ram_read(hw, (struct span){address, 4}, &word), ERR_NONE);
    return word;
}

static void program(uint32_t address, uint32_t word)
{
    hw_write32(hw, CONFIG, WEN);
    hw_write32(hw, address, word);
    hw_write32(hw, CONFIG, REN);
}

static void erase(uint32_t address)
{
    hw_write32(hw, CONFIG, EEN);
    hw_write32(hw, ERASEPAGE, address);
    hw_write32(hw, CONFIG, REN);
}

START_TEST(storage_is_erased_at_first_and_no_more_than_the_storage)
{
    for (uint32_t at = 0; at < STORAGE_SIZE; at += 4)
        ck_assert_uint_eq(word_at(STORAGE + at), 0xffffffff);
    ck_assert_uint_ne(word_at(STORAGE - 4), 0xffffffff);
    ck_assert_uint_ne(word_at(STORAGE + STORAGE_SIZE), 0xffffffff);
}
END_TEST

START_TEST(write_only_clears_bits)
{
    program(STORAGE + 8, 0xf0f0f0f0);
    ck_assert_uint_eq(word_at(STORAGE + 8), 0xf0f0f0f0);
    program(STORAGE + 8, 0x0ff00ff0);
    ck_assert_uint_eq(word_at(STORAGE + 8), 0x00f000f0);
    ck_assert_uint_eq(word_at(STORAGE + 4), 0xffffffff);
    ck_assert_uint_eq(word_at(STORAGE + 12), 0xffffffff);
    ck_assert_uint_eq(hw_read32(hw, STORAGE + 8), 0x00f000f0);
}
END_TEST

START_TEST(read_over_the_edge_of_the_storage_is_of_both)
{
    uint8_t edge[8], before[4];
    program(STORAGE, 0x04030201);
    ck_assert_int_eq(hw_ram_read(hw, (struct span){STORAGE - 4, 8}, edge), ERR_NONE);
    ck_assert_int_eq(hw_ram_read(hw, (struct span){STORAGE - 4, 4}, before), ERR_NONE);
    ck_assert_mem_eq(edge, before, 4);
    ck_assert_mem_eq(edge + 4, "\x01\x02\x03\x04", 4);
    ck_assert(!machine_peek(hw->m, (struct span){STORAGE - 4, 8}, edge));
    ck_assert(machine_peek(hw->m, (struct span){STORAGE, 8}, edge));
    ck_assert_mem_eq(edge, "\x01\x02\x03\x04\xff\xff\xff\xff", 8);
}
END_TEST

START_TEST(erase_is_of_its_page_alone)
{
    for (uint32_t page = 0; page < 3; page++) {
        program(STORAGE + 0x1000 * page, page);
        program(STORAGE + 0x1000 * page + 0xffc, page);
    }
    erase(STORAGE + 0x1000);
    for (uint32_t page = 0; page < 3; page++) {
        ck_assert_uint_eq(word_at(STORAGE + 0x1000 * page), page == 1 ? 0xffffffff : page);
        ck_assert_uint_eq(word_at(STORAGE + 0x1000 * page + 0xffc), page == 1 ? 0xffffffff : page);
    }
}
END_TEST

START_TEST(cpu_stands_still_while_flash_is_busy)
{
    uint64_t before_ps = machine_now_ps(hw->m);
    hw_write32(hw, CONFIG, WEN);
    ck_assert_uint_lt(machine_now_ps(hw->m) - before_ps, US);
    before_ps = machine_now_ps(hw->m);
    hw_write32(hw, STORAGE, 0);
    ck_assert_uint_ge(machine_now_ps(hw->m) - before_ps, 41 * US);
    ck_assert_uint_lt(machine_now_ps(hw->m) - before_ps, 42 * US);
    ck_assert_uint_eq(hw_read32(hw, READY), 1);
    before_ps = machine_now_ps(hw->m);
    erase(STORAGE);
    ck_assert_uint_ge(machine_now_ps(hw->m) - before_ps, 85 * MS);
    ck_assert_uint_lt(machine_now_ps(hw->m) - before_ps, 85 * MS + US);
}
END_TEST

/* TIMER0's line rises while the CPU stands, and waits. */
START_TEST(devices_go_on_while_the_cpu_stands)
{
    hw_write32(hw, SUPPORT_TIMER0 + 0x508, 3);    /* BITMODE: 32 */
    hw_write32(hw, SUPPORT_TIMER0 + 0x540, 1000); /* CC[0]: 1 ms */
    hw_write32(hw, SUPPORT_TIMER0 + 0x304, 1 << 16);
    hw_write32(hw, SUPPORT_TIMER0, 1);
    ck_assert_uint_eq(machine_nvic(hw->m)->level[0] >> 8 & 1, 0);
    erase(STORAGE);
    ck_assert_uint_eq(machine_nvic(hw->m)->level[0] >> 8 & 1, 1);
}
END_TEST

START_TEST(cpu_that_runs_from_ram_goes_on)
{
    tear_down();
    scenario_make();
    scenario.board.devices[nvmc].parameters[0] = 1;
    scenario.board.devices[nvmc].parameter_count = 1;
    hw = support_boot(&scenario, NULL);
    uint64_t before_ps = machine_now_ps(hw->m);
    erase(STORAGE);
    ck_assert_uint_lt(machine_now_ps(hw->m) - before_ps, US);
    ck_assert_uint_eq(hw_read32(hw, READY), 0);
    machine_idle(hw, machine_now_ps(hw->m) + 85 * MS);
    while (hw_read32(hw, READY) == 0)
        ck_assert_uint_lt(machine_now_ps(hw->m) - before_ps, 86 * MS);
}
END_TEST

START_TEST(third_write_of_a_word_since_its_erase_is_flagged)
{
    struct recorder recorder;
    recorder_start(&recorder, 0);
    hw->recorder = &recorder;
    for (uint32_t i = 1; i <= 4; i++) {
        program(STORAGE + 4, ~i);
        if (i == 3)
            erase(STORAGE);
    }
    uint32_t written = 0, worn = 0, erased = 0;
    for (uint64_t i = 0; i < recorder.count; i++) {
        const struct record *record = &recorder.records[i];
        written += record->kind == EVENT_FLASH_WRITTEN;
        erased += record->kind == EVENT_FLASH_ERASED;
        if (record->kind != EVENT_FLASH_WORN)
            continue;
        worn++;
        ck_assert_uint_eq(record->address, STORAGE + 4);
        ck_assert_uint_eq(record->value, pair(0xfffffffc, 3));
    }
    ck_assert_uint_eq(written, 4);
    ck_assert_uint_eq(erased, 1);
    ck_assert_uint_eq(worn, 1);
    ck_assert_uint_eq(word_at(STORAGE + 4), ~UINT32_C(4));
    recorder_free(&recorder);
}
END_TEST

START_TEST(count_of_writes_does_not_wrap)
{
    uint32_t now, writes = 0;
    for (uint32_t i = 0; i < 300; i++)
        ck_assert(machine_storage_write(hw->m, STORAGE, 0, &now, &writes));
    ck_assert_uint_eq(writes, 255);
}
END_TEST

/* --- what is refused ------------------------------------------------------------------------- */

static bool panics(uint32_t address)
{
    if (setjmp(hw->unwind))
        return true;
    hw->can_unwind = true;
    hw_write32(hw, address, 0);
    hw->can_unwind = false;
    return false;
}

static const struct {
    const char *why;
    uint32_t config, address;
    const char *says; /* NULL: none of it */
} stores[] = {
    {"enabled", WEN, STORAGE, NULL},
    {"the last word", WEN, STORAGE + STORAGE_SIZE - 4, NULL},
    {"read only", REN, STORAGE, "the kernel wrote flash that its controller does not let it write"},
    {"erase", EEN, STORAGE, "the kernel wrote flash that its controller does not let it write"},
    {"not a word's address", WEN, STORAGE + 2, "the kernel wrote a register at an odd address"},
    {"the kernel's code", WEN, STORAGE - 4, "the kernel wrote an address where nothing is"},
    {"an app's code", WEN, STORAGE + STORAGE_SIZE, "the kernel wrote an address where nothing is"},
};

START_TEST(store_to_flash_that_is_not_allowed_is_a_fault_of_the_kernel)
{
    hw_write32(hw, CONFIG, stores[_i].config);
    bool panicked = panics(stores[_i].address);
    ck_assert_msg(panicked == (stores[_i].says != NULL), "%s", stores[_i].why);
    if (panicked)
        ck_assert_str_eq(hw->panic_text, stores[_i].says);
    uint32_t word;
    ck_assert(machine_peek(hw->m, (struct span){STORAGE, 4}, &word));
    ck_assert_uint_eq(word, _i == 0 ? 0 : 0xffffffff);
}
END_TEST

START_TEST(board_without_storage_has_no_flash_to_write)
{
    tear_down();
    scenario_make();
    scenario.board.storage = (struct span){0, 0};
    hw = support_boot(&scenario, NULL);
    uint8_t byte;
    hw_write32(hw, CONFIG, WEN);
    ck_assert(panics(STORAGE));
    ck_assert(!machine_peek(hw->m, (struct span){STORAGE, 1}, &byte));
}
END_TEST

START_TEST(erase_outside_of_the_storage_changes_nothing_and_is_seen)
{
    struct recorder recorder;
    recorder_start(&recorder, 0);
    uint32_t before = word_at(0x1000), refused = 0;
    hw->recorder = &recorder;
    erase(0x1000);
    for (uint64_t i = 0; i < recorder.count; i++)
        refused += recorder.records[i].kind == EVENT_FLASH_REFUSED;
    ck_assert_uint_eq(refused, 1);
    ck_assert_uint_eq(word_at(0x1000), before);
    recorder_free(&recorder);
}
END_TEST

START_TEST(flash_is_no_memory_to_write_through_the_ram_port)
{
    uint32_t word = 0;
    hw_write32(hw, CONFIG, WEN);
    ck_assert_int_eq(hw_ram_write(hw, (struct span){STORAGE, 4}, &word), ERR_INVAL);
    ck_assert_uint_eq(word_at(STORAGE), 0xffffffff);
}
END_TEST

/* --- injected -------------------------------------------------------------------------------- */

static void fail_next(void)
{
    machine_device(hw->m, nvmc)->fault.errors++;
}

START_TEST(failed_write_leaves_its_lowest_bit)
{
    fail_next();
    program(STORAGE, 0xffff000f);
    ck_assert_uint_eq(word_at(STORAGE), 0xffff001f);
    program(STORAGE, 0xffff000f);
    ck_assert_uint_eq(word_at(STORAGE), 0xffff000f);
}
END_TEST

START_TEST(failed_erase_leaves_its_page)
{
    program(STORAGE, 7);
    fail_next();
    erase(STORAGE);
    ck_assert_uint_eq(word_at(STORAGE), 7);
    erase(STORAGE);
    ck_assert_uint_eq(word_at(STORAGE), 0xffffffff);
}
END_TEST

START_TEST(hang_in_an_erase_leaves_the_page_and_the_cpu_finds_it_busy)
{
    tear_down();
    scenario_make();
    scenario.injections[0] =
        (struct injection){.kind = INJECT_HANG, .at_ps = 10 * MS, .device = nvmc};
    scenario.injection_count = 1;
    hw = support_boot(&scenario, NULL);
    program(STORAGE, 7);
    erase(STORAGE);
    ck_assert_uint_gt(machine_now_ps(hw->m), 85 * MS);
    for (int i = 0; i < 100; i++)
        ck_assert_uint_eq(hw_read32(hw, READY), 0);
    ck_assert_uint_eq(word_at(STORAGE), 7);
}
END_TEST

/* What a wild bus master does to RAM it does not do to flash. */
START_TEST(poke_does_not_reach_flash)
{
    tear_down();
    scenario_make();
    scenario.injections[0] =
        (struct injection){.kind = INJECT_POKE, .at_ps = MS, .address = STORAGE, .value = 1};
    scenario.injection_count = 1;
    hw = support_boot(&scenario, NULL);
    machine_run(hw, 2 * MS);
    ck_assert_uint_eq(word_at(STORAGE), 0xffffffff);
    ck_assert(!machine_injection_fired(hw->m, 0));
}
END_TEST

/* --- snapshots ------------------------------------------------------------------------------- */

START_TEST(snapshot_holds_the_storage_and_its_write_counts)
{
    struct machine *snapshot = machine_make(machine_get_setup(hw->m));
    program(STORAGE, 0xfffffff0);
    program(STORAGE + 0x3ffc, 1);
    machine_save(hw->m, snapshot);
    program(STORAGE, 0);
    program(STORAGE + 0x2000, 2);
    erase(STORAGE + 0x3000);
    for (int again = 0; again < 2; again++) { /* a whole copy, then by pages */
        machine_restore(hw->m, snapshot);
        ck_assert_uint_eq(word_at(STORAGE), 0xfffffff0);
        ck_assert_uint_eq(word_at(STORAGE + 0x2000), 0xffffffff);
        ck_assert_uint_eq(word_at(STORAGE + 0x3ffc), 1);
        uint32_t now, writes;
        ck_assert(machine_storage_write(hw->m, STORAGE, 0, &now, &writes));
        ck_assert_uint_eq(writes, 2);
        erase(STORAGE + 0x3000);
    }
    machine_free(snapshot);
}
END_TEST

START_TEST(reset_erases_the_storage)
{
    uint32_t bad_image;
    program(STORAGE, 0);
    ck_assert_int_eq(machine_boot(hw, &bad_image), ERR_NONE);
    ck_assert_uint_eq(word_at(STORAGE), 0xffffffff);
}
END_TEST

/* RAM that is no multiple of a page does not run into the storage. */
START_TEST(storage_lies_apart_from_a_ram_of_any_size)
{
    tear_down();
    scenario_make();
    scenario.board.ram.size -= 100;
    hw = support_boot(&scenario, NULL);
    struct span last = {span_last(scenario.board.ram), 1};
    uint8_t byte = 0x5a;
    enum { AS_LAST = STORAGE + RAM_PAGE - 104 }; /* the same place of a page */
    program(AS_LAST, 0x01020304);
    ck_assert_int_eq(hw_ram_write(hw, last, &byte), ERR_NONE);
    struct machine *snapshot = machine_make(machine_get_setup(hw->m));
    machine_save(hw->m, snapshot);
    byte = 0;
    program(AS_LAST, 0);
    ck_assert_int_eq(hw_ram_write(hw, last, &byte), ERR_NONE);
    machine_restore(hw->m, snapshot);
    ck_assert_uint_eq(word_at(AS_LAST), 0x01020304);
    ck_assert(machine_peek(hw->m, last, &byte));
    ck_assert_uint_eq(byte, 0x5a);
    machine_free(snapshot);
}
END_TEST

START_TEST(board_without_storage_pays_nothing_for_it)
{
    const char *why;
    struct machine_setup *with = machine_setup_make(&scenario, &why);
    size_t size = with->size;
    machine_setup_free(with);
    scenario.board.storage.size = 0;
    struct machine_setup *without = machine_setup_make(&scenario, &why);
    ck_assert_uint_le(without->size + STORAGE_SIZE + STORAGE_SIZE / 4, size);
    ck_assert_uint_eq(without->size, without->ram_offset + scenario.board.ram.size);
    machine_setup_free(without);
    scenario.board.storage.size = STORAGE_SIZE;
}
END_TEST

/* --- suite ----------------------------------------------------------------------------------- */

static void add_rig_tests(TCase *t)
{
    tcase_add_checked_fixture(t, set_up_rig, tear_down_rig);
    tcase_add_test(t, write_takes_41_us_and_halts_the_cpu);
    tcase_add_loop_test(t, write_wants_write_enable, REN, EEN + 2);
    tcase_add_loop_test(t, erase_wants_erase_enable_and_takes_85_ms, REN, EEN + 2);
    tcase_add_test(t, registers_that_are_not_modelled_do_nothing);
    tcase_add_test(t, partial_erases_count_once_85_ms_are_together);
    tcase_add_loop_test(t, partial_erases_that_are_not_enough_erase_nothing, 0, COUNT(between));
    tcase_add_test(t, cpu_that_runs_from_ram_waits_only_for_the_buffer);
    tcase_add_test(t, write_behind_an_erase_waits_for_it);
    tcase_add_test(t, more_than_a_cpu_can_ask_for_is_counted_as_lost);
    tcase_add_test(t, controller_that_hangs_midway_is_busy_for_ever);
}

static void add_machine_tests(TCase *t)
{
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, storage_is_erased_at_first_and_no_more_than_the_storage);
    tcase_add_test(t, write_only_clears_bits);
    tcase_add_test(t, read_over_the_edge_of_the_storage_is_of_both);
    tcase_add_test(t, erase_is_of_its_page_alone);
    tcase_add_test(t, cpu_stands_still_while_flash_is_busy);
    tcase_add_test(t, devices_go_on_while_the_cpu_stands);
    tcase_add_test(t, cpu_that_runs_from_ram_goes_on);
    tcase_add_test(t, third_write_of_a_word_since_its_erase_is_flagged);
    tcase_add_test(t, count_of_writes_does_not_wrap);
    tcase_add_loop_test(t, store_to_flash_that_is_not_allowed_is_a_fault_of_the_kernel, 0,
                        COUNT(stores));
    tcase_add_test(t, board_without_storage_has_no_flash_to_write);
    tcase_add_test(t, erase_outside_of_the_storage_changes_nothing_and_is_seen);
    tcase_add_test(t, flash_is_no_memory_to_write_through_the_ram_port);
    tcase_add_test(t, failed_write_leaves_its_lowest_bit);
    tcase_add_test(t, failed_erase_leaves_its_page);
    tcase_add_test(t, hang_in_an_erase_leaves_the_page_and_the_cpu_finds_it_busy);
    tcase_add_test(t, poke_does_not_reach_flash);
    tcase_add_test(t, snapshot_holds_the_storage_and_its_write_counts);
    tcase_add_test(t, reset_erases_the_storage);
    tcase_add_test(t, storage_lies_apart_from_a_ram_of_any_size);
    tcase_add_test(t, board_without_storage_pays_nothing_for_it);
}

int main(void)
{
    Suite *suite = suite_create("nvmc");
    TCase *bench = tcase_create("bench"), *machine = tcase_create("machine");
    add_rig_tests(bench);
    add_machine_tests(machine);
    suite_add_tcase(suite, bench);
    suite_add_tcase(suite, machine);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
