/* reproduce.h: a fuzzer's input and what it does: which target it is of, how it goes wrong, and the
 * scenario that goes wrong in the same way.
 *
 *   file --input_read--> bytes and a target --reproduce_play (in a child)--> finding, and a log
 *        --reproduce_write--> a scenario's tree --reproduce_verify--> the same finding, or not
 */
#ifndef TOOLS_REPRODUCE_H
#define TOOLS_REPRODUCE_H

#include "fuzz/decode.h"
#include "fuzz/stage_target.h"
#include "tools/finding.h"
#include "tools/suite.h"

enum { INPUT_SIZE_MAX = 1 << 20, REPRODUCE_BUDGET_MS = 20000 /* of one run; ours */ };

/* What an input is. */
enum input_kind {
    INPUT_UNKNOWN,
    INPUT_TAPE,     /* of a row of stage_targets[] */
    INPUT_CALLS,    /* of the target mpu: calls of model/mpu.h */
    INPUT_FIELDS,   /* of the target start: fields of struct kernel_config */
    INPUT_SCENARIO, /* a scenario's text */
    INPUT_BOARD,    /* a board's text */
};

struct input {
    const char *path;
    enum input_kind kind;
    const struct stage_target *target; /* INPUT_TAPE */
    uint8_t *bytes;                    /* owned */
    size_t size;
};

/* Reads the file. `target` NULL: by its name ("found-NAME-...") or its folder (corpus-NAME, or NAME
 * below corpus/ or regress/). Complains: it cannot be read, there is no such target, or nothing
 * says which. */
bool input_read(const struct usage *usage, const char *path, const char *target,
                struct input *input);
void input_free(struct input *input);

/* A tape that is being reproduced. Zeroed: nothing is held. */
struct reproduction {
    const struct stage_target *target;
    struct stage_set stages;
    struct tape tape;
    struct stage *stage;    /* that the tape asks for, with the tape planned */
    struct stage_log *log;  /* shared with the children */
    struct finding finding; /* how the tape goes wrong */
};

/* Makes the stage and plays the tape in a child. False: the stage cannot be made, which was
 * complained about. In either case reproduce_free gives back what it took. */
bool reproduce_play(struct reproduction *r, const struct stage_target *target,
                    const struct tape *tape);
void reproduce_free(struct reproduction *r);

/* Its comment and its claim: which tape it is of, and what broke. */
void reproduce_describe(struct cJSON *tree, const char *path, const struct stage_target *target,
                        const struct finding *finding);
/* The scenario of the tape. */
struct cJSON *reproduce_tree(const struct reproduction *r, const char *path,
                             enum decode_names names);
/* Loads the file and runs it in a child: once, or in pairs as `wanted` was. NULL: in pairs as well
 * if nothing else is wrong and an app says what its secrets are. */
void reproduce_run(const char *path, const struct finding *wanted, struct finding *finding);

/* Complains if it cannot be written. */
bool reproduce_write(const struct usage *usage, const char *path, const struct cJSON *tree);

#endif
