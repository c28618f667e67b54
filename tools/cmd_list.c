/* cmd_list.c: `postern list` lists scenarios, or what scenarios and boards may name. */
#define _POSIX_C_SOURCE 200809L

#include "model/quiesce_nrf52.h"
#include "sim/rules.h"
#include "tools/catalogue.h"
#include "tools/commands.h"
#include "tools/suite.h"
#include "tools/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct list_options {
    bool members;
    const char *filter;
};

static const struct option_row rows[] = {
    {"--members", NULL, "each member of a sweep by its id, not each file", OPTION_FLAG,
     offsetof(struct list_options, members), 0, 0, NULL},
    {"--filter", "GLOB", "only ids that match; without * ? [ a part of the id", OPTION_TEXT,
     offsetof(struct list_options, filter), 0, 0, NULL},
};

static const char *const words[] = {"apps",    "boards", "costs",      "devices",
                                    "filters", "peers",  "policies",   "presets",
                                    "quiesce", "rules",  "schedulers", NULL};

static const struct usage usage = {
    .command = "list",
    .arguments = "[WHAT | devices TYPE | PATH...]",
    .about =
        "Lists scenarios with their claims. WHAT lists something else that scenarios and boards\n"
        "may name: apps (programs and their facts), boards, costs (what a preset's values are),\n"
        "devices (types), filters, peers (on the other side of the air or of a wire: parameters,\n"
        "what they do, facts), policies (when an app faults), presets (of costs), quiesce (steps\n"
        "between two owners), rules, schedulers. With a type of devices: its registers.\n",
    .examples = "  postern list\n"
                "  postern list scenarios/isolation --members\n"
                "  postern list devices\n"
                "  postern list devices nrf52-timer\n",
    .rows = rows,
    .row_count = sizeof rows / sizeof rows[0],
    .argument_max = ARGUMENTS_ANY,
    .words = words,
};

/* --- what may be named ------------------------------------------------------------------------ */

/* Where a row comes from that the tree does not bring itself. */
static void print_origin(const char *file)
{
    printf("%-20s    (%s)\n", "", file);
}

static void print_device(const struct device_type *type)
{
    printf("%-20s  %3u registers in 0x%x bytes%s\n", type->name, type->reg_count, type->window_size,
           type->dma ? ", DMA" : "");
}

static int list_devices(void)
{
    const struct catalogue known = catalogue();
    for (uint32_t i = 0; i < known.device_count; i++)
        print_device(known.devices[i]);
    for (uint32_t i = 0; i < known.extra_count; i++) {
        if (!known.extras[i]->device)
            continue;
        print_device(known.extras[i]->device);
        print_origin(known.extras[i]->file);
    }
    return CODE_HOLDS;
}

static void print_facts(const struct fact *facts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        printf("    %-22s  %s\n", facts[i].name, facts[i].about);
}

static int list_registers(const char *name)
{
    const struct catalogue known = catalogue();
    struct nearest nearest = nearest_to(name);
    char hint[96];
    for (uint32_t i = 0; i < known.device_count + known.extra_count; i++) {
        const struct device_type *type = i < known.device_count
                                             ? known.devices[i]
                                             : known.extras[i - known.device_count]->device;
        if (!type)
            continue;
        nearest_offer(&nearest, type->name);
        if (!nearest.best && strlen(name) > 2 && strstr(type->name, name))
            nearest.best = type->name;
        if (strcmp(type->name, name) != 0)
            continue;
        for (uint32_t row = 0; row < type->reg_count; row++)
            printf("0x%03" PRIx32 "  %s\n", type->regs[row].offset, type->regs[row].name);
        return CODE_HOLDS;
    }
    return options_error(&usage, "no such type of device: %s%s: `postern list devices` names them",
                         name, nearest_text(&nearest, hint, sizeof hint));
}

static int list_apps(void)
{
    const struct catalogue known = catalogue();
    printf("%-20s  a list of steps in the scenario itself\n", "steps");
    for (uint32_t i = 0; i < known.engine_count; i++) {
        printf("%-20s  %s\n", known.engines[i]->name, known.engines[i]->about);
        print_facts(known.engines[i]->facts, known.engines[i]->fact_count);
    }
    for (uint32_t i = 0; i < known.extra_count; i++) {
        const struct app_engine *app = known.extras[i]->app;
        if (!app)
            continue;
        printf("%-20s  %s\n", app->name, app->about);
        print_facts(app->facts, app->fact_count);
        print_origin(known.extras[i]->file);
    }
    return CODE_HOLDS;
}

/* What a value may be: its words, or its range; and what it is if it is left out. */
static void print_range(const struct peer_parameter *p)
{
    uint64_t unit = p->unit == PEER_US ? PS_PER_US : p->unit == PEER_MS ? PS_PER_MS : 1;
    if (p->unit == PEER_TEXT || p->unit == PEER_HEX) {
        printf("%s, 1 to %" PRIu64 " bytes", p->unit == PEER_HEX ? "hex" : "text", p->max);
        return;
    }
    if (p->unit == PEER_FLAG) {
        printf("true or false (%s)", p->reset ? "true" : "false");
        return;
    }
    for (uint32_t i = 0; p->words && p->words[i]; i++)
        printf("%s%s", i ? ", " : "", p->words[i]);
    if (p->words)
        printf(" (%s)", p->words[p->reset]);
    else if (p->max > UINT32_MAX && p->unit == PEER_NUMBER)
        printf("0x%" PRIx64 " to 0x%" PRIx64 " (0x%" PRIx64 ")", p->min, p->max, p->reset);
    else if (p->reset > p->max)
        printf("%" PRIu64 " to %" PRIu64, p->min / unit, p->max / unit);
    else
        printf("%" PRIu64 " to %" PRIu64 " (%" PRIu64 ")", p->min / unit, p->max / unit,
               p->reset / unit);
}

static void print_parameters(const struct peer_parameter *list, uint32_t count, const char *indent)
{
    for (uint32_t i = 0; i < count; i++) {
        printf("%s%-22s  %s [", indent, list[i].name, list[i].about);
        print_range(&list[i]);
        puts("]");
    }
}

static void print_peer(const struct peer_type *type)
{
    printf("%-20s  %s\n", type->type.name, type->about);
    printf("  parameters\n");
    print_parameters(type->parameters, type->parameter_count, "    ");
    if (type->verb_count)
        printf("  what it does, by its plan\n");
    for (uint32_t i = 0; i < type->verb_count; i++) {
        printf("    %-22s  %s\n", type->verbs[i].name, type->verbs[i].about);
        print_parameters(type->verbs[i].arguments, type->verbs[i].argument_count, "      ");
    }
    printf("  facts\n");
    print_facts(type->facts, type->fact_count);
}

static int list_peers(void)
{
    const struct catalogue known = catalogue();
    for (uint32_t i = 0; i < known.peer_count; i++)
        print_peer(known.peers[i]);
    return CODE_HOLDS;
}

static int list_filters(void)
{
    const struct catalogue known = catalogue();
    for (uint32_t i = 0; i < known.filter_count; i++)
        printf("%-20s  %s\n", known.filters[i].name, known.filters[i].about);
    for (uint32_t i = 0; i < known.extra_count; i++) {
        const struct catalogue_filter *filter = known.extras[i]->filter;
        if (!filter)
            continue;
        printf("%-20s  %s\n", filter->name, filter->about);
        print_origin(known.extras[i]->file);
    }
    return CODE_HOLDS;
}

static int list_presets(void)
{
    for (uint32_t i = 0; i < cost_preset_count; i++)
        printf("%-20s  %5u cycles for a null command's round trip\n", cost_presets[i].preset,
               costs_null_command(&cost_presets[i]));
    return CODE_HOLDS;
}

/* One row a cost, one column a preset. */
static int list_costs(void)
{
    const char *name;
    printf("%-20s", "cycles");
    for (uint32_t p = 0; p < cost_preset_count; p++)
        printf("  %9s", cost_presets[p].preset);
    putchar('\n');
    for (uint32_t i = 0; (name = costs_name(i)) != NULL; i++) {
        printf("%-20s", name);
        for (uint32_t p = 0; p < cost_preset_count; p++) {
            struct costs preset = cost_presets[p];
            printf("  %9u", *costs_place(&preset, i));
        }
        putchar('\n');
    }
    return CODE_HOLDS;
}

static int list_policies(void)
{
    static const char *const abouts[FAULT_POLICIES] = {
        [FAULT_PANIC] = "an app that faults takes the kernel down",
        [FAULT_STOP] = "it is stopped for good; meant by default",
        [FAULT_RESTART] = "it begins again, each time",
        [FAULT_RESTART_AT_MOST] = "it begins again \"restart_limit\" times, then it is stopped",
    };
    for (uint32_t i = 0; i < FAULT_POLICIES; i++)
        printf("%-20s  %s\n", fault_policy_name(i), abouts[i]);
    return CODE_HOLDS;
}

static int list_schedulers(void)
{
    static const char *const abouts[SCHEDULER_KINDS] = {
        [SCHEDULER_ROUND_ROBIN] = "turns of \"timeslice_us\", 10000 if left out; meant by default",
        [SCHEDULER_COOPERATIVE] = "each runs until it yields",
        [SCHEDULER_PRIORITY] = "the first app of the scenario that is ready",
        [SCHEDULER_MLFQ] = "three queues of 10, 20 and 50 ms, all forgiven after 5 s",
    };
    for (uint32_t i = 0; i < SCHEDULER_KINDS; i++)
        printf("%-20s  %s\n", scheduler_name(i), abouts[i]);
    return CODE_HOLDS;
}

static void print_quiesce(const char *name, uint32_t count)
{
    printf("%-20s  %3u step%s\n", name, count, count == 1 ? "" : "s");
}

static int list_quiesce(void)
{
    const struct catalogue known = catalogue();
    const char *name;
    for (uint32_t i = 0; (name = board_quiesce_name(i)) != NULL; i++)
        print_quiesce(name, quiesce_nrf52[i].count);
    for (uint32_t i = 0; i < known.extra_count; i++) {
        const struct extra_quiesce *quiesce = known.extras[i]->quiesce;
        if (!quiesce)
            continue;
        print_quiesce(quiesce->name, quiesce->count);
        print_origin(known.extras[i]->file);
    }
    return CODE_HOLDS;
}

static int list_rules(void)
{
    for (unsigned rule = 0; rule < RULE_NUMBER; rule++)
        printf("%-20s  %s\n", rule_rows[rule].id, rule_rows[rule].demand);
    return CODE_HOLDS;
}

static void print_board(const struct board *board, const char *path)
{
    uint32_t modelled = 0, lendable = 0;
    for (uint32_t i = 0; i < board->device_count; i++) {
        modelled += board->devices[i].type != NULL;
        lendable +=
            board->devices[i].endpoint != BOARD_NONE && board->devices[i].alias_of == BOARD_NONE;
    }
    printf("%-20s  %u MHz, %u MPU regions, %u KiB RAM, %u names in the map, %u modelled, %u "
           "lendable  (%s)\n",
           board->name, board->cpu_hz / 1000000, board->mpu_regions, board->ram.size / 1024,
           board->device_count, modelled, lendable, path);
}

static int list_boards(void)
{
    const struct catalogue known = catalogue();
    struct problems problems = {0};
    struct suite suite;
    const struct arguments none = {0};
    if (!suite_collect(&suite, &usage, &none, true))
        return CODE_BAD_INPUT;
    for (size_t i = 0; i < suite.count; i++) {
        if (!suite_is_board(suite.files[i].path))
            continue;
        struct board *board = board_load(suite.files[i].path, &known, &problems);
        if (board)
            print_board(board, suite.files[i].path);
        board_free(board);
    }
    problems_print(&problems);
    int code = problems.count ? CODE_BAD_INPUT : CODE_HOLDS;
    problems_free(&problems);
    suite_free(&suite);
    return code;
}

/* In the order of `words`. */
static int (*const whats[])(void) = {list_apps,    list_boards, list_costs,     list_devices,
                                     list_filters, list_peers,  list_policies,  list_presets,
                                     list_quiesce, list_rules,  list_schedulers};

enum { WHATS = sizeof whats / sizeof whats[0] };
_Static_assert(WHATS + 1 == sizeof words / sizeof words[0], "each word has its list");

/* --- scenarios ------------------------------------------------------------------------------- */

/* A file by the id of all its members, and how many those are. */
static void print_file(const struct scenario *first, uint32_t count)
{
    char base[SCENARIO_ID_MAX], more[32] = "";
    suite_base(first->path, base);
    if (count > 1)
        snprintf(more, sizeof more, "  (%u members)", count);
    printf("%s%s\n", base, more);
    text_wrap(stdout, first->claim, 4, 96);
}

static uint32_t print_members(const struct family *family, uint32_t wanted)
{
    for (uint32_t i = 0; i < wanted; i++)
        printf("%s\n", family->members[i]->id);
    return wanted;
}

static uint32_t list_file(const struct suite_file *file, const struct list_options *options,
                          struct problems *problems)
{
    const struct suite_choice choice = {.filter = options->filter};
    struct family family;
    uint32_t wanted = suite_load(file, &choice, &family, problems);
    if (wanted && options->members)
        print_members(&family, wanted);
    else if (wanted)
        print_file(family.members[0], wanted);
    family_free(&family);
    return wanted;
}

static int list_scenarios(const struct list_options *options, const struct arguments *arguments)
{
    struct problems problems = {0};
    struct suite suite;
    uint32_t listed = 0;
    bool all_there = suite_collect(&suite, &usage, arguments, false);
    for (size_t i = 0; all_there && i < suite.count; i++)
        listed += list_file(&suite.files[i], options, &problems);
    suite_free(&suite);
    problems_print(&problems);
    int code = all_there && problems.count == 0 ? CODE_HOLDS : CODE_BAD_INPUT;
    problems_free(&problems);
    if (all_there && !listed && code == CODE_HOLDS)
        return options_error(&usage, "--filter %s: no id matches", options->filter);
    return code;
}

int cmd_list(int argc, char **argv)
{
    struct list_options options = {0};
    struct arguments arguments;
    enum options_end end = options_parse(&usage, argc, argv, &options, &arguments);
    if (end != OPTIONS_GO)
        return end == OPTIONS_BAD ? CODE_BAD_INPUT : CODE_HOLDS;
    for (size_t i = 0; arguments.count && i < WHATS; i++) {
        if (strcmp(arguments.at[0], words[i]) != 0)
            continue;
        bool one_type = whats[i] == list_devices && arguments.count == 2;
        if (arguments.count > 1 && !one_type)
            return options_error(&usage, "one argument too many: %s", arguments.at[1]);
        if (options.members || options.filter)
            return options_error(&usage, "--members and --filter are for scenarios");
        return one_type ? list_registers(arguments.at[1]) : whats[i]();
    }
    return list_scenarios(&options, &arguments);
}
