/* cmd_map.c: `postern map SCENARIO` prints who reaches what at one moment of a run: each app's
 * memory layout and the MPU's regions in the shape of Tock's own panic print (kernel/src/
 * process_standard.rs, arch/cortex-m: "Cortex-M MPU"), so that a real board's output can be held
 * beside it; then, which Tock does not print, what user mode reaches by those registers, each piece
 * with its reason, the devices among it, what was asked for, and over-exposure.
 *
 *   run, step by step, to the moment --> registers of the simulated MPU --> boundaries of verdicts
 *   + the edges of memories, devices, loans, declarations --> elementary pieces --> tables
 *
 * What the registers say is decoded by the silicon's side (sim/mpu_armv7m.h); what should be is the
 * ledger's word (sim/monitors/ledger.h). The kernel's own structures are asked for states and
 * counts only. A dead app's memory is shown as it was. Where the kernel has the CPU, the unit is
 * off: pieces are shown as user mode would find them.
 *
 * Not shown, since no app here has them: registers of the CPU, the stack pointer (so the stack's
 * use is a "?"), and Tock's process control block inside the app's memory ("Process").
 */

#include "model/process_block.h"
#include "tools/commands.h"
#include "tools/one_member.h"
#include "tools/run_one.h"
#include "tools/text.h"
#include "tools/view/picture_file.h"
#include "tools/view/view_door.h"
#include "tools/view/view_map.h"
#include "tools/view/watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct map_options {
    struct option_number seed, at_ps, since_ps;
    const char *app, *beside;
    const char *svg, *png, *size, *font;
    uint32_t theme; /* enum theme */
};

#define FIELD(field) offsetof(struct map_options, field)

static const char *const themes[] = {"dark", "light", NULL};

static const struct option_row rows[] = {
    {"--at", "US", "the moment; without it: the end of the run", OPTION_TIME, FIELD(at_ps), 0, 0,
     NULL},
    {"--app", "NAME", "the first moment from then on in which this app has the CPU", OPTION_TEXT,
     FIELD(app), 0, 0, NULL},
    {"--svg", "FILE", "draw it into this file, and print nothing; - is stdout", OPTION_TEXT,
     FIELD(svg), 0, 0, NULL},
    {"--png", "FILE", "the same as pixels", OPTION_TEXT, FIELD(png), 0, 0, NULL},
    {"--size", "WxH", "of the picture, in pixels (default: 1280x800)", OPTION_TEXT, FIELD(size), 0,
     0, NULL},
    {"--theme", "WORD", "of the picture: dark, or light for print", OPTION_WORD, FIELD(theme), 0, 0,
     themes},
    {"--beside", "NAME", "draw this app's reach as well, as of when it last had the CPU",
     OPTION_TEXT, FIELD(beside), 0, 0, NULL},
    {"--since", "US", "mark in the picture what has changed since then", OPTION_TIME,
     FIELD(since_ps), 0, 0, NULL},
    {"--font", "FILE", "for --png: this TrueType font, not $POSTERN_FONT or DejaVu Sans Mono",
     OPTION_TEXT, FIELD(font), 0, 0, NULL},
    {"--seed", "N", "run with this seed, not with the scenario's own", OPTION_COUNT, FIELD(seed), 0,
     0, NULL},
};

static const struct usage usage = {
    .command = "map",
    .arguments = "SCENARIO",
    .about =
        "Shows who reaches what at one moment: the apps' memory and the MPU's regions in the "
        "shape\n"
        "of Tock's panic print, then what user mode reaches by those registers, the devices among\n"
        "it, what was asked for, and over-exposure. --app without --at: the last moment in which\n"
        "the app has the CPU. --svg and --png draw it: what was asked for in outline, what is due\n"
        "solid, what is reached besides hatched, with its bytes.\n",
    .examples = "  postern map passthrough/lent_timer_reaches_its_app\n"
                "  postern map passthrough/lent_timer_reaches_its_app --at 900 --app owner\n"
                "  postern map passthrough/widened_window_is_declared --app ble --svg map.svg\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_min = 1,
    .argument_max = 1,
};

struct map {
    const struct map_options *options;
    const struct scenario *scenario;
    uint32_t wanted, beside; /* --app, --beside, else PROCESS_NONE */
    struct view view;
    uint64_t step; /* so many were made */
    uint64_t stop; /* stop before this one; UINT64_MAX: by time and app */
    uint64_t last; /* the last step before which the wanted app had the CPU; UINT64_MAX: none */
    struct watch *watch;
    struct moment *since; /* for --since; NULL: not yet there, or not asked for */
    struct recorder recorder;
    struct run run;
};

/* --- to the moment --------------------------------------------------------------------------- */

static bool is_the_moment(struct map *map)
{
    const struct machine *m = map->run.hw.m;
    bool has_cpu = map->wanted == PROCESS_NONE || machine_running(m) == map->wanted;
    if (map->stop != UINT64_MAX)
        return map->step == map->stop;
    if (has_cpu)
        map->last = map->step;
    return map->options->at_ps.given && has_cpu &&
           machine_now_ps(m) >= shown_time_ps(map->options->at_ps.value);
}

static struct moment_choice choice_of(const struct map *map)
{
    return (struct moment_choice){map->beside == PROCESS_NONE ? 1 : 2, {map->wanted, map->beside}};
}

/* Keeps the moment of --since when it comes by. */
static void look_back(struct map *map)
{
    const struct option_number *since = &map->options->since_ps;
    if (!since->given || map->since || machine_now_ps(map->run.hw.m) < since->value)
        return;
    map->since = malloc(sizeof *map->since);
    if (!map->since)
        abort();
    moment_take(map->since, map->watch, choice_of(map));
}

/* True: it stands before the moment; false: the run is over. */
static bool go_to_moment(struct map *map)
{
    enum run_state state = RUN_GOING;
    map->step = 0;
    map->last = UINT64_MAX;
    while (state == RUN_GOING) {
        look_back(map);
        if (is_the_moment(map))
            return true;
        state = machine_step(&map->run.hw);
        map->step++;
        map->recorder.count = 0;
    }
    return false;
}

/* --- names and numbers ----------------------------------------------------------------------- */

/* Of an app, or of nobody. */
static const char *name_of(const struct map *map, uint32_t process)
{
    return process < map->scenario->app_count ? map->scenario->apps[process].name : "nobody";
}

static const char *state_text(uint32_t state)
{
    static const char *const names[PROCESS_STATES] = {"Unused",     "Running", "Yielded",
                                                      "YieldedFor", "Faulted", "Terminated"};
    return state < PROCESS_STATES ? names[state] : "?";
}

/* A count, or what stands for one that nobody knows. */
static void put_count(uint32_t value, bool known)
{
    if (known)
        printf("%6" PRIu32, value);
    else
        printf("%6s", "?");
}

/* --- an app's memory, as Tock prints it ------------------------------------------------------ */

static void put_edge(uint32_t address, bool known, const char *cross, const char *letter)
{
    static const char dashes[] = "───────────────"
                                 "──────────────"
                                 "──────────────";
    if (known)
        printf("  0x%08" PRIX32 " %s%s%s%s\n", address, cross, dashes, *letter ? " " : "", letter);
    else
        printf("  ?????????? %s%s%s%s\n", cross, dashes, *letter ? " " : "", letter);
}

static void put_region(const char *name, uint32_t used, bool used_known, uint32_t allocated,
                       bool allocated_known, const char *letter)
{
    printf("             │ %s", name);
    put_count(used, used_known);
    printf(" | ");
    put_count(allocated, allocated_known);
    printf("%s%s\n", *letter ? "               " : "", letter);
}

static void put_app_ram(const struct ledger_process *facts, const struct watch_app *seen)
{
    uint32_t base = facts->block.base;
    uint32_t heap = seen->heap_start, stack = seen->stack_start;
    put_edge(facts->app_break, true, "┼", "");
    put_region("▲ Heap       ", facts->app_break - heap, heap, facts->kernel_break - heap, heap,
               "S");
    put_edge(heap, heap, "┼", "R");
    put_region("Data         ", heap - stack, heap && stack, heap - stack, heap && stack, "A");
    put_edge(stack, stack, "┼", "M");
    put_region("▼ Stack      ", 0, false, stack - base, stack, "");
    put_edge(0, false, "┼", "");
    printf("             │ Unused\n");
    put_edge(base, true, "┴", "");
}

static void put_layout(const struct ledger_process *facts, const struct watch_app *seen)
{
    uint32_t end = facts->block.base + facts->block.size;
    uint32_t control = end - PROCESS_BLOCK_SIZE;
    uint32_t grants = control - facts->kernel_break;
    printf(" ╔═══════════╤═════════════"
           "════════════════"
           "═════════════╗\n"
           " ║  Address  │ Region Name    Used | Allocated (bytes)  ║\n"
           " ╚0x%08" PRIX32 "═╪═════════════"
           "════════════════"
           "═════════════╝\n",
           end);
    printf("             │ Grant Ptrs   %6d\n             │ Upcalls      %6d\n",
           PROCESS_BLOCK_SIZE - PROCESS_BLOCK_GRANTS, PROCESS_BLOCK_GRANTS);
    put_edge(control, true, "┼", "");
    put_region("▼ Grant      ", grants, true, grants, true, "");
    put_edge(facts->kernel_break, true, "┼", "");
    printf("             │ Unused\n");
    put_app_ram(facts, seen);
}

static void put_flash(const struct process_image *image)
{
    uint32_t end = image->flash.base + image->flash.size;
    printf("             .....\n");
    put_edge(end, true, "┬", "F");
    printf("             │ App Flash    %6" PRIu32 "                        L\n",
           end - image->entry);
    put_edge(image->entry, true, "┼", "A");
    printf("             │ Protected    %6" PRIu32 "                        S\n",
           image->entry - image->flash.base);
    put_edge(image->flash.base, true, "┴", "H");
}

/* Waiting upcalls: the count in the app's control block, in RAM. */
static uint32_t waiting(const struct machine *m, const struct ledger_process *facts)
{
    uint8_t b[4] = {0};
    uint32_t control = facts->block.base + facts->block.size - PROCESS_BLOCK_SIZE;
    if (!machine_peek(m, (struct span){control + PROCESS_BLOCK_QUEUE + 4, 4}, b))
        return 0;
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static void print_app(const struct map *map, uint32_t process)
{
    struct machine *m = map->run.hw.m;
    const struct process_facts facts = machine_process_facts(m, process);
    const struct ledger_process *memory = &ledger_of(m)->processes[process];
    const struct watch_app *seen = &map->watch->apps[process];
    printf("\n𝐀𝐩𝐩: %s   -   [%s]\n", name_of(map, process), state_text(facts.state));
    if (!memory->block.size)
        return; /* not loaded yet */
    printf(" Events Queued: %" PRIu32 "   Syscall Count: %" PRIu64
           "   Dropped Upcall Count: %" PRIu32 "\n Restart Count: %" PRIu32 "\n Completion Code: ",
           waiting(m, memory), seen->calls, facts.dropped_upcalls, facts.restart_count);
    if (facts.has_completion_code)
        printf("%" PRIu32 "\n\n", facts.completion_code);
    else
        printf("None\n\n");
    put_layout(memory, seen);
    put_flash(&map->scenario->images[process]);
}

/* --- the registers, as Tock prints them ------------------------------------------------------ */

static void print_subregions(uint32_t base, uint64_t size, uint32_t disabled)
{
    for (uint32_t i = 0; size >= 256 && i < 8; i++) {
        uint64_t first = base + i * size / 8;
        printf("    Sub-region %" PRIu32 ": [0x%08" PRIX64 ":0x%08" PRIX64 "], %s\n", i, first,
               first + size / 8, disabled >> i & 1 ? "Disabled" : "Enabled");
    }
}

/* Source of the fields: ARMv7-M ARM (DDI 0403), B3.5.8 and B3.5.9. */
static void print_region(const struct mpu_armv7m *mpu, uint32_t number)
{
    static const char *const permissions[8] = {
        "NoAccess",  "PrivilegedOnly", "UnprivilegedReadOnly",
        "ReadWrite", "Reserved",       "PrivilegedOnlyReadOnly",
        "ReadOnly",  "ReadOnlyAlias"};
    uint32_t rasr = mpu->rasr[number];
    uint64_t size = UINT64_C(2) << (rasr >> 1 & 31);
    uint32_t base = mpu->rbar[number] & (uint32_t) ~(size - 1);
    uint32_t permission = rasr >> 24 & 7;
    if (!(rasr & MPU_ARMV7M_RASR_ENABLE)) {
        printf("  Region %" PRIu32 ": Unused\n", number);
        return;
    }
    printf("  Region %" PRIu32 ": [0x%08" PRIX32 ":0x%08" PRIX64 "], length: %" PRIu64
           " bytes; %s (0x%" PRIx32 ")\n",
           number, base, base + size, size, permissions[permission], permission);
    print_subregions(base, size, rasr >> 8 & 0xff);
}

static void print_mpu(const struct map *map)
{
    const struct mpu_armv7m *mpu = machine_mpu(map->run.hw.m);
    printf("\n Cortex-M MPU\n");
    for (uint32_t i = 0; i < mpu->region_count; i++)
        print_region(mpu, i);
}

/* --- what is reached ------------------------------------------------------------------------- */

/* Pieces `from` to `end` are neighbours with one reason: one line. */
static void print_run(const struct reach *p, size_t from, size_t end)
{
    const struct reach_piece *first = &p->pieces[from];
    uint64_t last = p->pieces[end - 1].end;
    char rights[4], whose[64] = "";
    if (first->reason == REACH_STRAY)
        reach_whose(p, (uint32_t)first->first, whose, sizeof whose);
    printf("  [0x%08" PRIX64 ":0x%08" PRIX64 "] %9" PRIu64 " bytes  %s  %s%s\n", first->first, last,
           last - first->first, rights_text(first->rights, rights), reach_reasons[first->reason],
           whose);
}

static void print_reach(const struct reach *p)
{
    printf("\n Reach of %s in user mode, by these registers\n",
           p->scenario->apps[p->app->process].name);
    for (size_t from = 0, end; from < p->count; from = end) {
        end = reach_run_end(p, from);
        print_run(p, from, end);
    }
    if (p->count == 0)
        printf("  nothing\n");
}

/* --- devices --------------------------------------------------------------------------------- */

static void print_device(const struct board_device *d, const struct reach_share *share)
{
    char rights[4];
    printf("  %-12s [0x%08" PRIX32 ":0x%08" PRIX64 "]  %s  %s%s%s\n", d->name, d->window.base,
           (uint64_t)d->window.base + d->window.size, rights_text(share->rights, rights),
           reach_reasons[share->reason], share->bytes < d->window.size ? ", in part" : "",
           d->dma ? "; a DMA MASTER: moves memory past the MPU" : "");
}

static void print_devices(const struct reach *p)
{
    const struct board *board = &p->scenario->board;
    uint32_t others = 0;
    printf("\n Devices that %s reaches\n", p->scenario->apps[p->app->process].name);
    for (uint32_t i = 0; i < board->device_count; i++) {
        if (board->devices[i].alias_of != BOARD_NONE)
            continue;
        struct reach_share share = reach_share_of(p, i);
        if (share.bytes)
            print_device(&board->devices[i], &share);
        else
            others++;
    }
    printf("  %" PRIu32 " other devices of the board are out of its reach\n", others);
}

/* --- requests and over-exposure -------------------------------------------------------------- */

static void put_place(const struct board *board, uint32_t address)
{
    uint32_t device = board_device_at(board, address);
    if (device != BOARD_NONE && board->devices[device].window.base == address)
        printf("0x%08" PRIX32 " (%s)", address, board->devices[device].name);
    else
        printf("0x%08" PRIX32, address);
}

static void print_requests(const struct reach *p)
{
    const struct board *board = &p->scenario->board;
    bool any = false;
    printf("\n Requests of %s that were granted\n", p->scenario->apps[p->app->process].name);
    for (uint32_t i = 0; i < p->app->window_count; i++) {
        const struct ledger_window *w = &p->app->windows[i];
        any = true;
        printf("  asked 0x%" PRIx32 " bytes at ", w->asked.size);
        put_place(board, w->asked.base);
        printf(", lent 0x%" PRIx32 " bytes at ", w->granted.size);
        put_place(board, w->granted.base);
        printf("%s\n", span_equal(w->asked, w->granted) ? "" : ": WIDENED BY THE FILTER");
    }
    if (!any)
        printf("  none\n");
}

static void print_exposure(const struct reach *p)
{
    uint64_t declared = reach_bytes(p, REACH_DECLARED);
    uint64_t undeclared = reach_bytes(p, REACH_UNDECLARED);
    printf("\n Over-exposure of %s: ", p->scenario->apps[p->app->process].name);
    if (declared + undeclared)
        printf("0x%" PRIx64 " bytes beyond what it asked for, 0x%" PRIx64
               " of them not declared by the board\n",
               declared + undeclared, undeclared);
    else
        printf("none\n");
}

static void print_pieces(const struct map *map)
{
    struct reach *p = calloc(1, sizeof *p);
    struct reach_app *app = malloc(sizeof *app);
    if (!p || !app)
        abort();
    reach_app_take(app, map->run.hw.m, map->watch->holder);
    reach_find(p, map->scenario, ledger_of(map->run.hw.m), app);
    print_reach(p);
    print_devices(p);
    print_requests(p);
    print_exposure(p);
    free(app);
    free(p);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void print_head(const struct map *map)
{
    const struct scenario *s = map->scenario;
    const struct machine *m = map->run.hw.m;
    char us[US_TEXT_MAX];
    uint32_t running = machine_running(m);
    printf("%s\n", s->id);
    text_wrap(stdout, s->claim, 4, 100);
    printf("    at %s us: %s%s; ", us_text(machine_now_ps(m), us),
           running == PROCESS_NONE ? "the kernel" : name_of(map, running), " has the CPU");
    if (map->watch->holder == PROCESS_NONE)
        printf("no app has run yet\n");
    else
        printf("the MPU's regions are those of %s%s\n", name_of(map, map->watch->holder),
               ledger_of((struct machine *)m)->processes[map->watch->holder].live
                   ? ""
                   : ", which is dead: nobody uses them");
}

static void print_map(const struct map *map)
{
    print_head(map);
    for (uint32_t i = 0; i < map->scenario->app_count; i++)
        if (map->wanted == PROCESS_NONE || map->wanted == i)
            print_app(map, i);
    print_mpu(map);
    if (map->watch->holder != PROCESS_NONE)
        print_pieces(map);
}

/* --- as a picture ---------------------------------------------------------------------------- */

static bool write_picture(const struct picture *p, enum picture_format format, const char *path,
                          const char *font)
{
    char why[PICTURE_WHY_MAX];
    if (!path || picture_write(p, format, path, font, why))
        return true;
    fprintf(stderr, "postern map: error: %s\n", why);
    return false;
}

static bool draw_map(const struct map *map)
{
    const struct map_options *options = map->options;
    struct view view = map->view;
    struct moment *moment = malloc(sizeof *moment);
    struct picture picture = {0};
    if (!moment)
        abort();
    view.other = map->since;
    moment_take(moment, map->watch, choice_of(map));
    view_map(moment, &view, &picture);
    bool good = write_picture(&picture, PICTURE_SVG, options->svg, NULL) &&
                write_picture(&picture, PICTURE_PNG, options->png, options->font);
    picture_free(&picture);
    free(moment);
    return good;
}

static bool show(const struct map *map)
{
    if (map->options->svg || map->options->png)
        return draw_map(map);
    print_map(map);
    return true;
}

/* --- the moment and the member --------------------------------------------------------------- */

/* False: the app never has the CPU, or the run is over before the moment; complained. */
static bool stand_at_moment(struct map *map)
{
    const struct map_options *options = map->options;
    char us[US_TEXT_MAX];
    bool there = go_to_moment(map);
    if (there || (!options->app && !options->at_ps.given))
        return true;
    if (options->app && options->at_ps.given)
        options_error(&usage, "%s does not have the CPU at or after %s us", options->app,
                      us_text(options->at_ps.value, us));
    else if (options->app && map->last == UINT64_MAX)
        options_error(&usage, "%s never has the CPU", options->app);
    else if (options->app)
        return false; /* once more, to the step that is known now */
    else
        options_error(&usage, "the run ends at %s us, before --at",
                      us_text(machine_now_ps(map->run.hw.m), us));
    map->stop = 0;
    return false;
}

static bool begin(struct map *map)
{
    struct result result;
    watch_start(map->watch, &map->run.hw);
    watch_attach(map->watch, &map->recorder);
    if (run_begin(&map->run, map->scenario, &map->recorder, &result))
        return true;
    fprintf(stderr, "%s: error: %s\n", map->scenario->path, result.trouble);
    return false;
}

/* In the child. A run that must be made twice, since only its end says which moment is meant, is
 * the same both times. */
static void map_run(const void *argument, int pipe)
{
    struct map map = *(const struct map *)argument;
    (void)pipe;
    map.watch = calloc(1, sizeof *map.watch);
    if (!map.watch)
        abort();
    recorder_start(&map.recorder, 0);
    bool good = begin(&map);
    bool there = good && stand_at_moment(&map);
    if (good && !there && map.stop == UINT64_MAX) {
        map.stop = map.last;
        run_end(&map.run);
        good = begin(&map);
        there = good && go_to_moment(&map);
    }
    bool shown = there && show(&map);
    run_end(&map.run);
    recorder_free(&map.recorder);
    free(map.since);
    free(map.watch);
    isolate_leave(shown ? CODE_HOLDS : CODE_BAD_INPUT);
}

/* PROCESS_NONE where `wanted` is NULL. False: complained. */
static bool choose_app(const struct scenario *scenario, const char *flag, const char *wanted,
                       uint32_t *process)
{
    *process = PROCESS_NONE;
    return !wanted || one_app(&usage, flag, scenario, wanted, process);
}

/* A flag about a picture where none is drawn has no effect: refused. */
static bool choose_view(const struct map_options *options, struct view *view)
{
    bool draws = options->svg || options->png;
    const char *idle = draws                          ? NULL
                       : options->size                ? "--size"
                       : options->theme != THEME_DARK ? "--theme"
                       : options->beside              ? "--beside"
                       : options->since_ps.given      ? "--since"
                                                      : NULL;
    if (!idle && options->font && !options->png)
        return options_error(&usage, "--font is for --png FILE"), false;
    if (idle)
        return options_error(&usage, "%s wants --svg FILE or --png FILE", idle), false;
    *view = (struct view){.width = 1280, .height = 800, .theme = (enum theme)options->theme};
    return !options->size || view_read_size(&usage, options->size, &view->width, &view->height);
}

static int map_member(const void *options, const struct scenario *scenario)
{
    struct map map = {.options = options, .scenario = scenario, .stop = UINT64_MAX};
    bool good = choose_app(scenario, "--app", map.options->app, &map.wanted) &&
                choose_app(scenario, "--beside", map.options->beside, &map.beside) &&
                choose_view(map.options, &map.view);
    return good ? one_member_isolated(&usage, map_run, &map) : CODE_BAD_INPUT;
}

int cmd_map(int argc, char **argv)
{
    struct map_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    return one_member(&usage, &arguments, &options.seed, map_member, &options);
}
