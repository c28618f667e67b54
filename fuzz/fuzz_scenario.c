/* fuzz_scenario.c: any text as a scenario's file: the loader does not crash, says where each thing
 * is wrong (fuzz/located.h), and what it takes can be laid out as a machine or is refused in words.
 *
 * The boards are the tree's own. A sweep makes at most FAMILY_MAX members; the first is laid out.
 */
#include "fuzz/boards.h"
#include "fuzz/located.h"
#include "fuzz/target.h"
#include "sim/machine.h"
#include "tools/catalogue.h"

#include <stdio.h>
#include <stdlib.h>

/* The only state of the target between two inputs: boards that were read before. */
static struct board_cache boards;

static void lay_out(const struct scenario *scenario)
{
    const char *why = NULL;
    struct machine_setup *setup = machine_setup_make(scenario, &why);
    if (!setup && (!why || !*why)) {
        fprintf(stderr, "no machine, and no word why\n");
        abort();
    }
    machine_setup_free(setup);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct catalogue known = catalogue();
    char folder[BOARDS_PATH_SIZE];
    const struct load_options options = {.boards_kept = &boards, .boards = boards_folder(folder)};
    struct problems problems = {0};
    struct family family;
    if (scenario_load_text("fuzz.json", (const char *)data, size, &known, &options, &family,
                           &problems)) {
        lay_out(family.members[0]);
        family_free(&family);
    } else {
        located_or_abort("fuzz.json", (const char *)data, size, &problems);
    }
    problems_free(&problems);
    return 0;
}
