/* fuzz_ble.c: what comes over the air. See target_ble.c. */
#include "fuzz/stage_target.h"

const struct stage_target *const stage_target = &target_ble;
