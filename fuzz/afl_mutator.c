/* afl_mutator.c: a target's own mutator (fuzz/target.h) as AFL++ asks for one: a shared library
 * with the target and this file in it, named by AFL_CUSTOM_MUTATOR_LIBRARY. `make fuzz-afl` makes
 * it for targets of tapes. Half of the inputs are crossed with another one of the queue first.
 *
 * Source: AFL++ 4.04c, docs/custom_mutators.md, section 1 "APIs".
 */
#include "fuzz/target.h"
#include "sim/random.h"

#include <stdlib.h>
#include <string.h>

struct afl_state; /* AFL++'s own; not looked at */

/* Called by AFL++, and declared nowhere: it finds them by name. */
void *afl_custom_init(struct afl_state *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, uint8_t *input, size_t size, uint8_t **out, uint8_t *other,
                       size_t other_size, size_t max_size);
void afl_custom_deinit(void *data);

enum { OUT_MAX = 4096 }; /* bytes: what a tape holds */

struct mutator {
    struct random random;
    uint8_t out[OUT_MAX];
};

/* NULL, of which AFL++ then says that there is no mutator: no memory. */
void *afl_custom_init(struct afl_state *afl, unsigned seed)
{
    struct mutator *mutator = malloc(sizeof *mutator);
    (void)afl;
    if (mutator)
        mutator->random = random_start(seed, 0);
    return mutator;
}

size_t afl_custom_fuzz(void *data, uint8_t *input, size_t size, uint8_t **out, uint8_t *other,
                       size_t other_size, size_t max_size)
{
    struct mutator *mutator = data;
    size_t room = max_size < OUT_MAX ? max_size : OUT_MAX;
    size_t made = size < room ? size : room;
    uint64_t drawn = random_next(&mutator->random);
    *out = mutator->out;
    if (other && drawn % 2)
        made = LLVMFuzzerCustomCrossOver(input, size, other, other_size, mutator->out, room,
                                         (unsigned)(drawn >> 8));
    else
        memcpy(mutator->out, input, made);
    return LLVMFuzzerCustomMutator(mutator->out, made, room, (unsigned)(drawn >> 32));
}

void afl_custom_deinit(void *data)
{
    free(data);
}
