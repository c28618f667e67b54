/* fuzz_syscall.c: what apps do. See target_syscall.c. */
#include "fuzz/stage_target.h"

const struct stage_target *const stage_target = &target_syscall;
