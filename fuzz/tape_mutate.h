/* tape_mutate.h: how a tape is varied and how two are crossed, by operations and by streams.
 *
 *   LLVMFuzzerCustomMutator ----> tape_mutate  a few operations put in, taken out, repeated, moved
 *                                              within their stream, or with one field changed;
 *                                              or a story (fuzz/story.h), in it or in its place
 *   LLVMFuzzerCustomCrossOver --> tape_cross   each stream from the one tape or from the other
 *
 * Both work on whole records, in place or into `out`, are the same for the same seed, and answer
 * with the new size in bytes: a multiple of TAPE_RECORD, 0 only if `max` has no room for a record.
 */
#ifndef FUZZ_TAPE_MUTATE_H
#define FUZZ_TAPE_MUTATE_H

#include "fuzz/story.h"

/* Which kinds a target plays of each stream, one bit each; 0: it does not play that stream. There
 * is one at least. */
struct tape_user {
    uint16_t kinds[TAPE_STREAMS];
    bool repeats_all;   /* repeats what befalls apps, too: its boards lend what pulses there */
    story_teller *tell; /* NULL: it has no stories */
    bool secretive;     /* what is found lies between apps: what one does another one does, too */
};

size_t tape_mutate(const struct tape_user *user, uint8_t *bytes, size_t size, size_t max,
                   uint32_t seed);
size_t tape_cross(const uint8_t *one, size_t one_size, const uint8_t *other, size_t other_size,
                  uint8_t *out, size_t max, uint32_t seed);

#endif
