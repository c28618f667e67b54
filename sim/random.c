/* random.c: the beginnings of generators, and draws below a bound. */
#include "sim/random.h"

struct random random_start(uint64_t seed, uint64_t purpose)
{
    return (struct random){random_mix(random_mix(seed) ^ purpose * UINT64_C(0x9e3779b97f4a7c15))};
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
