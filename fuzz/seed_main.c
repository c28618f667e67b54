/* seed_main.c: writes scenarios as tapes (fuzz/seed.h).
 *
 *   seed TARGET FOLDER SCENARIO...   into FOLDER, a file for each scenario with steps and each of
 *                                    the target's stages on its board; on no such board, one
 * Exit: 0; 2 a file cannot be read or written, or there is no such target.
 */
#include "fuzz/seed.h"
#include "tools/catalogue.h"

#include <stdio.h>
#include <string.h>

static const struct stage_target *target_named(const char *name)
{
    for (const struct stage_target *const *t = stage_targets; *t; t++)
        if (strcmp((*t)->name, name) == 0)
            return *t;
    return NULL;
}

static bool write_tape(const char *folder, const char *id, uint32_t which, const struct tape *tape)
{
    char path[1024], name[SCENARIO_ID_MAX];
    uint8_t bytes[SEED_MAX * TAPE_RECORD];
    size_t size = tape_encode(tape, bytes, sizeof bytes);
    snprintf(name, sizeof name, "%s", id);
    for (char *slash = name; (slash = strchr(slash, '/'));)
        *slash = '-';
    snprintf(path, sizeof path, "%s/%s-%u", folder, name, which);
    FILE *file = fopen(path, "wb");
    bool good = file && fwrite(bytes, 1, size, file) == size;
    if (file && fclose(file))
        good = false;
    if (!good)
        fprintf(stderr, "%s: cannot be written\n", path);
    return good;
}

/* The stage number `which`; it ends the program if it cannot be made: a bug of ours. */
static const struct stage *stage_number(const struct stage_target *target, struct stage_set *set,
                                        uint32_t which, struct problems *problems)
{
    struct tape tape = {.count = 1};
    tape.ops[0] = (struct tape_op){
        .stream = STREAM_SCHEDULE, .kind = SCHEDULE_STAGE, .which = (uint8_t)which};
    return stage_for(target, set, &tape, problems);
}

static bool seed(const struct stage_target *target, struct stage_set *set, const char *folder,
                 const struct scenario *scenario, struct problems *problems)
{
    bool done = false;
    for (uint32_t pass = 0; pass < 2 && !done; pass++)
        for (uint32_t i = 0; i < (pass ? 1 : target->stage_count); i++) {
            const struct stage *stage = stage_number(target, set, i, problems);
            struct tape tape;
            if (!stage)
                return false;
            if (!pass && strcmp(stage->scenario->board.name, scenario->board.name) != 0)
                continue;
            seed_tape(scenario, target, stage, i, &tape);
            done = true;
            if (tape.count && !write_tape(folder, scenario->id, i, &tape))
                return false;
        }
    return true;
}

static bool seed_file(const struct stage_target *target, struct stage_set *set, const char *folder,
                      const char *path, struct problems *problems)
{
    const struct catalogue known = catalogue();
    const struct load_options options = {0};
    struct family family;
    if (!scenario_load(path, &known, &options, &family, problems))
        return false;
    bool good = seed(target, set, folder, family.members[0], problems);
    family_free(&family);
    return good;
}

int main(int argc, char **argv)
{
    const struct stage_target *target = argc > 3 ? target_named(argv[1]) : NULL;
    static struct stage_set set; /* large */
    struct problems problems = {0};
    int code = 0;
    if (!target) {
        fprintf(stderr, "usage: seed TARGET FOLDER SCENARIO...; TARGET is one that plays tapes\n");
        return 2;
    }
    for (int i = 3; i < argc && code == 0; i++)
        if (!seed_file(target, &set, argv[2], argv[i], &problems))
            code = 2;
    if (problems.text)
        fprintf(stderr, "%s", problems.text);
    problems_free(&problems);
    stage_set_free(&set);
    return code;
}
