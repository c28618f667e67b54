/* random.c: splitmix64. Source: S. Vigna, prng.di.unimi.it, splitmix64 (public domain). */
#include "sim/random.h"

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

struct random random_start(uint64_t seed, uint64_t purpose)
{
    return (struct random){mix(mix(seed) ^ purpose * UINT64_C(0x9e3779b97f4a7c15))};
}

uint64_t random_next(struct random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    return mix(random->state);
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    uint64_t unfair = (0 - bound) % bound; /* 2^64 mod bound: draws below it are one too many */
    for (;;) {
        uint64_t draw = random_next(random);
        if (draw >= unfair)
            return draw % bound;
    }
}
