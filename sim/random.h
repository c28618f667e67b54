/* random.h: seeded generators, one per purpose, so that a draw added in one place shifts no other.
 * The generator is splitmix64 (S. Vigna, prng.di.unimi.it, public domain): small state, the same on
 * every machine.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdint.h>

/* What a draw is for: part of each generator's seed. Append only: every trace depends on it. */
enum random_purpose {
    RANDOM_RAM_PATTERN = 1,
    RANDOM_DEVICE = 2, /* + 256 * device index */
    RANDOM_CLOCK_PHASE = 3,
    RANDOM_TIES = 4,
    RANDOM_SLICE_PHASE = 5,
    RANDOM_INJECT = 6,
    RANDOM_APP = 7, /* + 256 * process index */
    RANDOM_AIR = 8,
    RANDOM_SECRET = 99, /* + 256 * process index; of no run by itself */
};

struct random {
    uint64_t state;
};

static inline uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct random random_start(uint64_t seed, uint64_t purpose);

/* Here, since RAM is drawn by it. */
static inline uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    return random_mix(random->state);
}

/* What the n-th call of random_next would give, counted from 0, `random` left as it is. */
static inline uint64_t random_nth(struct random random, uint64_t n)
{
    random.state += n * UINT64_C(0x9e3779b97f4a7c15);
    return random_next(&random);
}

/* Uniform in [0, bound), bound > 0, without bias. */
uint64_t random_below(struct random *random, uint64_t bound);

#endif
