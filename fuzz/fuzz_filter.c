/* fuzz_filter.c: what a board's filter answers. See target_filter.c. */
#include "fuzz/stage_target.h"

const struct stage_target *const stage_target = &target_filter;
