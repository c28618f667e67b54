/* fuzz.c: a fuzzer's inputs, timed: a program of its own, since the kernel of the bench has a
 * driver in it that is not the product's (machines.c), and no rule would hold.
 *
 *   bench-fuzz input|operation WORK_NS PAIRS
 *
 * Prints value, least, most, ns of a unit, ns of the other side's. "input": tapes of 256 bytes at
 * most, and the ratio to a target that returns at once and is called the same way: an input is
 * varied by the target's own mutator, copied into a block of its size, played. (libFuzzer itself,
 * with such a target, takes about 350 ns for an input, and 600 with ASan and UBSan.) "operation":
 * ns of an operation of long tapes.
 */
#include "tools/bench/bench.h"

#include "fuzz/stage_target.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT_BYTES = 256, /* 32 operations at most */
    LONG_BYTES = TAPE_OP_MAX * TAPE_RECORD,
    PARENTS = 64,
    INPUTS = 4096, /* different ones, again and again: the same on every machine */
};

struct input {
    size_t size;
    uint8_t bytes[LONG_BYTES];
};

struct fuzzed {
    struct stage_set stages;
    struct tape tape;
    uint64_t at; /* inputs so far */
    uint32_t (*target)(struct fuzzed *f, const uint8_t *bytes, size_t size);
    size_t max;
    uint32_t operations[PARENTS]; /* of each parent as it is */
    struct input parents[PARENTS];
};

static struct stage *stage_of(struct fuzzed *f)
{
    struct problems problems = {0};
    struct stage *stage = stage_for(&target_syscall, &f->stages, &f->tape, &problems);
    if (!stage)
        bench_fail("the fuzzer's stages cannot be made: not in the project's root");
    return stage;
}

static uint32_t play(struct fuzzed *f, const uint8_t *bytes, size_t size)
{
    tape_decode(bytes, size, &f->tape);
    if (stage_play(stage_of(f), &f->tape) != STAGE_HOLDS)
        bench_fail("a fuzzer's input breaks a rule");
    return f->tape.count;
}

static uint32_t return_at_once(struct fuzzed *f, const uint8_t *bytes, size_t size)
{
    (void)f, (void)bytes, (void)size;
    return 1;
}

/* --- the limit and the product: what a fuzzer does for each input but for its coverage -------- */

static uint64_t run_inputs(void *state, uint64_t rounds)
{
    struct fuzzed *f = state;
    uint8_t varied[LONG_BYTES];
    for (uint64_t i = 0; i < rounds; i++) {
        uint32_t input = (uint32_t)(f->at++ % INPUTS);
        const struct input *parent = &f->parents[input % PARENTS];
        memcpy(varied, parent->bytes, parent->size);
        size_t size = tape_mutate(&target_syscall.user, varied, parent->size, f->max, input);
        uint8_t *exact = bench_take(size + 1, 1);
        memcpy(exact, varied, size);
        bench_consume(f->target(f, exact, size));
        free(exact);
    }
    return rounds;
}

/* The parents, a unit an operation. */
static uint64_t run_operations(void *state, uint64_t rounds)
{
    struct fuzzed *f = state;
    uint64_t done = 0;
    while (done < rounds) {
        uint32_t i = (uint32_t)(f->at++ % PARENTS);
        (void)f->target(f, f->parents[i].bytes, f->parents[i].size);
        done += f->operations[i];
    }
    return done;
}

/* --- inputs: from nothing, by a few or by many mutations -------------------------------------- */

static struct fuzzed *fuzzed_make(size_t max, uint32_t mutations)
{
    struct fuzzed *f = bench_take(1, sizeof *f);
    f->max = max;
    f->target = play;
    for (uint32_t i = 0; i < PARENTS; i++) {
        struct input *parent = &f->parents[i];
        for (uint32_t n = 0; n < 1 + i * mutations / PARENTS; n++)
            parent->size = tape_mutate(&target_syscall.user, parent->bytes, parent->size, max,
                                       i * mutations + n);
        (void)play(f, parent->bytes, parent->size); /* makes the stages */
    }
    return f;
}

static void fuzzed_free(struct fuzzed *f)
{
    stage_set_free(&f->stages);
    free(f);
}

/* What was done, not what the tape holds: an app that waits plays no more. Works and refused loads
 * leave a mark of their own each, or none. */
static void count_operation(void *context, const struct record *r)
{
    uint32_t *count = context;
    *count += r->kind == EVENT_SYSCALL || r->kind == EVENT_LOAD || r->kind == EVENT_STORE ||
              r->kind == EVENT_EXECUTE || r->kind == EVENT_FAULT || r->kind == EVENT_INJECTED;
}

static void count_operations(struct fuzzed *f, uint32_t parent)
{
    struct recorder recorder;
    recorder_start(&recorder, 1);
    recorder.hear = count_operation;
    recorder.context = &f->operations[parent];
    tape_decode(f->parents[parent].bytes, f->parents[parent].size, &f->tape);
    struct stage *stage = stage_of(f);
    stage->hw.recorder = &recorder;
    (void)stage_play(stage, &f->tape);
    stage->hw.recorder = NULL;
    recorder_free(&recorder);
}

/* --- the two figures -------------------------------------------------------------------------- */

static void measure_input(const struct bench *b, struct figure *f)
{
    struct fuzzed *product = fuzzed_make(SHORT_BYTES, 24), *nothing = fuzzed_make(SHORT_BYTES, 24);
    nothing->target = return_at_once;
    measure_ratio(b, f, (struct work){.run = run_inputs, .state = product},
                  (struct work){.run = run_inputs, .state = nothing});
    fuzzed_free(product);
    fuzzed_free(nothing);
}

static void measure_operation(const struct bench *b, struct figure *f)
{
    struct fuzzed *product = fuzzed_make(LONG_BYTES, 600);
    for (uint32_t i = 0; i < PARENTS; i++)
        count_operations(product, i);
    measure_ns(b, f, (struct work){.run = run_operations, .state = product});
    fuzzed_free(product);
}

int main(int argc, char **argv)
{
    struct figure f = {0};
    if (argc != 4)
        bench_fail("bench-fuzz input|operation WORK_NS PAIRS");
    const struct bench b = {.work_ns = strtoull(argv[2], NULL, 10),
                            .pairs = (uint32_t)strtoul(argv[3], NULL, 10)};
    if (argv[1][0] == 'i')
        measure_input(&b, &f);
    else
        measure_operation(&b, &f);
    printf("%.17g %.17g %.17g %.17g %.17g\n", f.value, f.min, f.max, f.ns, f.base_ns);
    return 0;
}
