/* stage_target.h: a target whose inputs are tapes played on stages, as data.
 *
 *   struct stage_target --fuzz_NAME.c, stage_main.c--> a fuzzer's program
 *                       --stage_targets[]------------> the tool, which plays and decodes its tapes
 *
 * A target's stages are scenarios as texts, chosen by the tape (stage.h). They are made when first
 * asked for; a stage that cannot be made is a bug of ours, said with the loader's complaint.
 */
#ifndef FUZZ_STAGE_TARGET_H
#define FUZZ_STAGE_TARGET_H

#include "fuzz/stage.h"
#include "fuzz/tape_mutate.h"

enum { STAGE_MAX = 16 }; /* of one target; ours */

struct stage_target {
    const char *name; /* as `make fuzz TARGET=` has it */
    uint32_t stage_count;
    struct {
        const char *name, *text;
    } stages[STAGE_MAX];
    uint64_t from_us[STAGE_MAX]; /* of each: where tapes begin, if not in reset */
    bool is_calm[STAGE_MAX];     /* struct stage has it */
    struct tape_user user;       /* which streams it plays, and which kinds of each */
    bool leaks;                  /* tapes are played twice, and compared (fuzz/stage_secrets.h) */
    struct secret_kind secrets[STAGE_MAX];
};

/* Every one of them, behind the last one NULL. */
extern const struct stage_target *const stage_targets[];
extern const struct stage_target target_ble, target_device, target_filter, target_leaks,
    target_syscall;

/* The stages of one target, as far as they were asked for. Zeroed: none was. */
struct stage_set {
    struct stage made[STAGE_MAX];
};

/* The stage that a tape asks for. NULL: it cannot be made, `problems` says why. */
struct stage *stage_for(const struct stage_target *target, struct stage_set *set,
                        const struct tape *tape, struct problems *problems);
void stage_set_free(struct stage_set *set);

/* Which target a fuzzer's program is of: defined in its fuzz_NAME.c, read by stage_main.c. */
extern const struct stage_target *const stage_target;

#endif
