/* target.h: what libFuzzer, AFL++'s driver and fuzz/main_replay.c call of a target. */
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

/* Plays one input. Always 0; what must not be ends the process by abort(), the reason on stderr. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Called once, before the first input, by engines; a target that has none, or that nobody calls it
 * of, works as well. Always 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Of targets whose input is a tape: fuzz/tape_mutate.h. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed);

#endif
