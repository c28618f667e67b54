/* stage_main.c: the program of every target that plays tapes on stages; fuzz_NAME.c says which. */
#include "fuzz/climb.h"
#include "fuzz/stage_target.h"
#include "fuzz/target.h"

#include <stdlib.h>
#include <string.h>

/* The only state between two inputs: machines that are put back before each. */
static struct stage_set set;

/* Of a pair of runs, which has no monitors, its hands have the place. */
enum {
    HANDS = sizeof((struct bytes_hands *)0)->changed,
    COUNTERS = (int)CLIMB_COUNTERS > (int)HANDS ? (int)CLIMB_COUNTERS : (int)HANDS
};

/* The one global that libFuzzer asks for: it reads all of this section after an input, as it reads
 * the counters of the code, and clears it before the next one. To other engines it is nothing. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[COUNTERS];

/* FUZZ_CLIMB=no in the environment: it is left clear. */
static bool climbs = true;

static struct stage *stage_of(const struct tape *tape)
{
    struct problems problems = {0};
    struct stage *stage = stage_for(stage_target, &set, tape, &problems);
    if (stage)
        return stage;
    fprintf(stderr, "%s\nfuzz_%s: run it in the project's root\n", problems.text,
            stage_target->name);
    exit(1);
}

/* AFL++ forks behind this: no process makes them again, and no input seems to reach the loader. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct tape tape = {.count = 1};
    (void)argc;
    (void)argv;
    const char *wanted = getenv("FUZZ_CLIMB");
    climbs = !wanted || strcmp(wanted, "no") != 0;
    for (uint32_t i = 0; i < stage_target->stage_count; i++) {
        tape.ops[0] = (struct tape_op){
            .stream = STREAM_SCHEDULE, .kind = SCHEDULE_STAGE, .which = (uint8_t)i};
        (void)stage_of(&tape);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape tape;
    tape_decode(data, size, &tape);
    struct stage *stage = stage_of(&tape);
    enum stage_end end = stage_play(stage, &tape);
    if (climbs && stage->secrets)
        memcpy(counters, stage->secrets->hands.changed, HANDS);
    else if (climbs)
        climb_count(stage->hw.m, counters);
    if (end == STAGE_HOLDS)
        return 0;
    stage_report(stage, stderr);
    abort();
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return tape_mutate(&stage_target->user, data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed)
{
    return tape_cross(one, one_size, other, other_size, out, max_size, seed);
}
