/* fuzz_device.c: what devices say to a kernel that keeps them. See target_device.c. */
#include "fuzz/stage_target.h"

const struct stage_target *const stage_target = &target_device;
