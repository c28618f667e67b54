/* fuzz_leaks.c: what one app can tell of another's secrets. See target_leaks.c. */
#include "fuzz/stage_target.h"

const struct stage_target *const stage_target = &target_leaks;
