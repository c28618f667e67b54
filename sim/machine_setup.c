/* machine_setup.c: the layout of one machine's block, and the tables that never change. */
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include <stdlib.h>
#include <string.h>

_Static_assert((int)MONITORS_NUMBER <= MONITOR_MAX, "struct machine_setup has no room");

#define MONITOR_BIT(i) (UINT64_C(1) << (i))

enum { BLOCK_ALIGN = 64 };

/* Takes `size` bytes at the block's end; where they begin. */
static uint32_t place(struct machine_setup *setup, size_t size)
{
    size_t at = (setup->size + BLOCK_ALIGN - 1) / BLOCK_ALIGN * BLOCK_ALIGN;
    setup->size = at + size;
    return (uint32_t)at;
}

static void place_devices(struct machine_setup *setup, const struct scenario *s)
{
    const struct board *board = &s->board;
    setup->device_count = board->device_count + s->peer_count;
    setup->flash_device = BOARD_NONE;
    for (uint32_t i = 0; i < board->device_count; i++) {
        const struct board_device *d = &board->devices[i];
        if (!d->type || d->alias_of != BOARD_NONE)
            continue;
        setup->device_offset[i] = place(setup, device_size(d->type));
        if (d->type->on_flash_write)
            setup->flash_device = i;
        if (d->type->on_bus_event && setup->router_count < ROUTER_MAX)
            setup->routers[setup->router_count++] = (uint8_t)i;
    }
    for (uint32_t i = 0; i < s->peer_count; i++)
        setup->device_offset[board->device_count + i] =
            place(setup, device_size(&s->peers[i].type->type));
}

static void place_apps(struct machine_setup *setup, const struct scenario *s)
{
    for (uint32_t i = 0; i < s->app_count; i++)
        setup->app_offset[i] = place(setup, sizeof(struct app) + s->apps[i].engine->state_size);
}

/* A monitor listens if it is always on, or if the scenario has a check that it judges. */
static bool monitor_wanted(const struct monitor *monitor, const struct scenario *s)
{
    return monitor->always || s->check_count > 0;
}

/* But for records. */
static void place_hearing(struct machine_setup *setup, uint32_t i, uint32_t state)
{
    const struct monitor *monitor = monitors[i];
    uint64_t bit = MONITOR_BIT(i);
    if (monitor->on_user) {
        setup->user_hearers |= bit;
        setup->user_listeners[setup->user_listener_count++] =
            (struct user_listener){monitor->on_user, state};
    }
    if (monitor->on_kernel_write) {
        setup->write_listener.on_kernel_write = monitor->on_kernel_write;
        setup->write_listener.state = state;
        setup->write_listener.monitors = bit | MONITOR_BIT(MONITOR_answers); /* which it tells */
    }
    if (monitor->at_end)
        setup->end_hearers |= bit;
}

static void place_monitors(struct machine_setup *setup, const struct scenario *s)
{
    bool judges = setup->secrets.process == PROCESS_NONE;
    for (uint32_t i = 0; i < monitor_count; i++) {
        const struct monitor *monitor = monitors[i];
        size_t size = monitor_size(monitor, s);
        bool wanted = judges ? monitor_wanted(monitor, s) : i == MONITOR_ledger;
        if (!wanted || (monitor->size_for && size == 0))
            continue;
        uint32_t state = place(setup, size + 1);
        setup->monitor_offset[i] = state;
        place_hearing(setup, i, state);
    }
}

/* Peers have none. */
static void place_lines(struct machine_setup *setup, const struct scenario *s)
{
    memset(setup->device_line, LINE_NONE, sizeof setup->device_line);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        if (s->board.devices[i].line < s->config.line_count)
            setup->device_line[i] = (uint8_t)s->board.devices[i].line;
}

/* --- who hears what -------------------------------------------------------------------------- */

/* Sets of monitors, a bit each, and where the rows of each set begin. */
struct listener_sets {
    uint32_t count, row_count;
    struct {
        uint64_t monitors;
        uint16_t first;
    } of[LISTENER_MAX];
};

_Static_assert(MONITOR_MAX <= 64, "one bit each");

static uint64_t hearing(const struct machine_setup *setup, const struct scenario *s, unsigned kind)
{
    uint64_t set = 0;
    for (uint32_t i = 0; i < monitor_count; i++)
        if (setup->monitor_offset[i] && monitors[i]->kinds[kind / 64] & KIND_BIT(kind) &&
            (!monitors[i]->hears || monitors[i]->hears(s, kind)))
            set |= MONITOR_BIT(i);
    return set;
}

static uint64_t hearing_at(uint64_t set, const struct scenario *s, unsigned kind, uint32_t at)
{
    for (uint64_t left = set; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (monitors[i]->hears_at && !monitors[i]->hears_at(s, kind, at))
            set &= ~MONITOR_BIT(i);
    }
    return set;
}

/* Where the rows of that set begin; row 0 is that of nobody. LISTENER_MAX: there is no room. */
static uint16_t rows_of(struct machine_setup *setup, struct listener_sets *sets, uint64_t set)
{
    if (!set)
        return 0;
    for (uint32_t i = 0; i < sets->count; i++)
        if (sets->of[i].monitors == set)
            return sets->of[i].first;
    uint32_t first = sets->row_count + 1, row = first;
    if (first + (uint32_t)__builtin_popcountll(set) >= LISTENER_MAX)
        return LISTENER_MAX;
    for (uint64_t left = set; left; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        setup->listeners[row++] = (struct listener){
            monitors[i]->on_record, left, setup->monitor_offset[i], monitors[i]->is_steady};
    }
    sets->row_count = row; /* the row that ends them */
    sets->of[sets->count].monitors = set;
    sets->of[sets->count++].first = (uint16_t)first;
    return (uint16_t)first;
}

/* False: LISTENER_MAX is too small. */
static bool place_access_listeners(struct machine_setup *setup, const struct scenario *s,
                                   struct listener_sets *sets)
{
    static const uint8_t kinds[ACCESS_RECORDS] = {
        [ACCESS_LOAD] = EVENT_LOAD,
        [ACCESS_STORE] = EVENT_STORE,
        [ACCESS_KERNEL_READ] = EVENT_KERNEL_READ,
        [ACCESS_KERNEL_WRITE] = EVENT_KERNEL_WRITE,
    };
    for (uint32_t access = 0; access < ACCESS_RECORDS; access++) {
        uint64_t set = hearing(setup, s, kinds[access]);
        for (uint32_t at = 0; at < PLACES && set; at++) {
            if (at == s->board.device_count)
                at = PLACE_MEMORY;
            uint16_t rows = rows_of(setup, sets, hearing_at(set, s, kinds[access], at));
            if (rows == LISTENER_MAX)
                return false;
            setup->access_listener[access][at] = rows;
        }
    }
    return true;
}

/* False: LISTENER_MAX is too small. */
static bool place_listeners(struct machine_setup *setup, const struct scenario *s)
{
    struct listener_sets sets;
    uint64_t hearers = setup->user_hearers;
    sets.count = sets.row_count = 0;
    for (unsigned kind = 0; kind < EVENT_KINDS; kind++) {
        uint64_t set = hearing(setup, s, kind);
        hearers |= set;
        setup->first_listener[kind] = rows_of(setup, &sets, set);
        if (setup->first_listener[kind] == LISTENER_MAX)
            return false;
    }
    setup->end_hearers &= hearers; /* the others have nothing to say */
    return place_access_listeners(setup, s, &sets);
}

static void place_accesses(struct machine_setup *setup)
{
    uint64_t ps = setup->scenario->costs.kernel_mmio * setup->ps_per_cycle;
    bool is_read_heard = setup->access_listener[ACCESS_KERNEL_READ][PLACE_ELSEWHERE];
    bool is_write_heard = setup->access_listener[ACCESS_KERNEL_WRITE][PLACE_ELSEWHERE];
    for (uint32_t path = 0; path < KERNEL_PATHS; path++)
        setup->path_ps[path] = setup->scenario->costs.path[path] * setup->ps_per_cycle;
    setup->mmio_ps = setup->ps_per_cycle ? ps : TIME_NEVER;
    setup->core_read_ps = setup->ps_per_cycle && !is_read_heard ? ps : TIME_NEVER;
    setup->core_write_ps = setup->ps_per_cycle && !is_write_heard ? ps : TIME_NEVER;
}

/* Which second-level table stands for each megabyte that has a device; 0: none. Their number. */
static uint32_t number_megabytes(struct machine_setup *setup, const struct board *board)
{
    uint32_t tables = 0;
    for (uint32_t i = 0; i < board->device_count; i++) {
        struct span window = board->devices[i].window;
        for (uint32_t top = window.base >> BUS_TOP_SHIFT; top <= span_last(window) >> BUS_TOP_SHIFT;
             top++)
            if (!setup->bus_top[top])
                setup->bus_top[top] = (uint16_t)++tables;
    }
    return tables;
}

static uint16_t page_entry(const struct board_device *d, uint32_t index, uint32_t page)
{
    const struct span all = {page << BUS_PAGE_SHIFT, 1u << BUS_PAGE_SHIFT};
    bool is_whole = d->type && span_covers(d->window, all);
    return (uint16_t)((index + 1) | (is_whole ? BUS_PAGE_WHOLE : 0));
}

/* Every page of a device names the first device on it; devices are sorted by address. */
static bool make_bus(struct machine_setup *setup, const struct board *board)
{
    uint32_t tables = number_megabytes(setup, board);
    setup->page_device = calloc((size_t)(tables + 1) * BUS_PAGES, sizeof setup->page_device[0]);
    if (!setup->page_device)
        return false;
    for (uint32_t i = board->device_count; i-- > 0;) {
        const struct board_device *d = &board->devices[i];
        uint32_t last = span_last(d->window) >> BUS_PAGE_SHIFT;
        if (d->alias_of != BOARD_NONE)
            continue;
        for (uint32_t page = d->window.base >> BUS_PAGE_SHIFT; page <= last; page++)
            setup->page_device[setup->bus_top[page / BUS_PAGES] * (uint32_t)BUS_PAGES +
                               page % BUS_PAGES] = page_entry(d, i, page);
    }
    return true;
}

uint32_t machine_device_on_page(const struct machine_setup *setup, uint32_t first, uint32_t address)
{
    const struct board *board = &setup->scenario->board;
    for (uint32_t i = first; i < board->device_count; i++) {
        const struct board_device *d = &board->devices[i];
        if (d->window.base > address)
            break;
        if (d->alias_of == BOARD_NONE && span_holds(d->window, address))
            return d->type ? i : BOARD_NONE;
    }
    return BOARD_NONE;
}

/* RAM; and storage with a byte for each of its words, from a whole page on. */
static void place_memory(struct machine_setup *setup, const struct board *board)
{
    uint32_t ram_pages = (board->ram.size + RAM_PAGE - 1) / RAM_PAGE, storage = board->storage.size;
    setup->paged_size = storage ? ram_pages * RAM_PAGE + storage + storage / 4 : board->ram.size;
    uint32_t pages = (setup->paged_size + RAM_PAGE - 1) / RAM_PAGE;
    setup->dirty_words = (pages + 63) / 64;
    setup->drawn_offset = place(setup, setup->dirty_words * sizeof(uint64_t));
    setup->dirty_offset = place(setup, setup->dirty_words * sizeof(uint64_t));
    if (setup->secrets.process != PROCESS_NONE && setup->secrets.key)
        setup->padded_offset = place(setup, ((size_t)board->ram.size + 7) / 8);
    setup->ram_offset = place(setup, setup->paged_size);
    setup->storage_offset = setup->ram_offset + ram_pages * RAM_PAGE;
    setup->wear_offset = setup->storage_offset + board->storage.size;
}

static const char *lay_out(struct machine_setup *setup)
{
    const struct scenario *s = setup->scenario;
    setup->size = sizeof(struct machine);
    setup->ps_per_cycle = PS_PER_S % s->board.cpu_hz == 0 ? PS_PER_S / s->board.cpu_hz : 0;
    setup->injection_offset = place(setup, s->injection_count * sizeof(struct injection_state));
    place_apps(setup, s);
    setup->devices_offset = place(setup, 0);
    place_devices(setup, s);
    place_lines(setup, s);
    place_monitors(setup, s);
    if (!place_listeners(setup, s))
        return "more monitors than machine.h has room for";
    place_accesses(setup);
    if (!make_bus(setup, &s->board))
        return "out of memory";
    place_memory(setup, &s->board);
    setup->ram = s->board.ram;
    setup->whole_pages = setup->ram.size / RAM_PAGE;
    setup->is_plain = setup->ps_per_cycle && !setup->padded_offset;
    return NULL;
}

struct machine_setup *machine_setup_make(const struct scenario *scenario, const char **why)
{
    return machine_setup_make_secret(scenario, (struct secrets){.process = PROCESS_NONE}, why);
}

struct machine_setup *machine_setup_make_secret(const struct scenario *scenario,
                                                struct secrets secrets, const char **why)
{
    struct machine_setup *setup = calloc(1, sizeof *setup);
    *why = "out of memory";
    if (!setup)
        return NULL;
    setup->scenario = scenario;
    setup->secrets = secrets;
    *why = lay_out(setup);
    if (!*why)
        return setup;
    machine_setup_free(setup);
    return NULL;
}

void machine_setup_free(struct machine_setup *setup)
{
    if (setup)
        free(setup->page_device);
    free(setup);
}

struct machine *machine_make(const struct machine_setup *setup)
{
    struct machine *m = malloc(setup->size);
    if (!m)
        return NULL;
    memset(m, 0, setup->ram_offset); /* RAM, which comes last, is drawn as it is written */
    m->setup = setup;
    return m;
}

void machine_free(struct machine *m)
{
    free(m);
}
