/* one_member.c: see one_member.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/one_member.h"

#include "tools/commands.h"
#include "tools/extra.h"
#include <signal.h>
#include <stdio.h>
#include <string.h>

int one_member_isolated(const struct usage *usage, isolate_work *work, const void *argument)
{
    char text[ISOLATE_TEXT_MAX];
    struct isolated child;
    struct isolated *const children[] = {&child};
    fflush(stdout);
    isolate_start(&child, work, argument, UINT32_MAX);
    while (child.end == ISOLATE_RUNS)
        isolate_wait(children, 1);
    int code = child.end == ISOLATE_DONE ? CODE_HOLDS : CODE_SIMULATOR;
    if (child.end == ISOLATE_EXITED && child.detail == CODE_BAD_INPUT)
        code = CODE_BAD_INPUT;
    else if (child.end == ISOLATE_SIGNALLED && child.detail == SIGPIPE)
        code = CODE_HOLDS; /* whoever read it has seen enough */
    else if (code == CODE_SIMULATOR)
        fprintf(stderr, "postern %s: error: %s\n", usage->command, isolate_text(&child, text));
    isolate_free(&child);
    return code;
}

/* Several members: which one is not for us to say. */
static int name_one(const struct usage *usage, const struct family *family, uint32_t wanted)
{
    options_error(usage, "this scenario has %u members, name one of them:", wanted);
    for (uint32_t i = 0; i < wanted; i++) {
        fprintf(stderr, "  ");
        program_write(stderr);
        fprintf(stderr, " %s ", usage->command);
        suite_write_name(stderr, family->members[i]);
        fputc('\n', stderr);
    }
    return CODE_BAD_INPUT;
}

static int member_of(const struct usage *usage, const struct suite_file *file,
                     const struct option_number *seed, one_member_work *work, const void *options)
{
    const struct suite_choice choice = {.seed = *seed};
    struct problems problems = {0};
    struct family family;
    uint32_t wanted = suite_load(file, &choice, &family, &problems);
    int code = CODE_BAD_INPUT;
    problems_print(&problems);
    if (wanted == 1)
        code = work(options, family.members[0]);
    else if (wanted > 1)
        code = name_one(usage, &family, wanted);
    problems_free(&problems);
    family_free(&family);
    return code;
}

int one_member(const struct usage *usage, const struct arguments *arguments,
               const struct option_number *seed, one_member_work *work, const void *options)
{
    struct suite suite;
    if (!suite_collect(&suite, usage, arguments, false))
        return CODE_BAD_INPUT;
    int code = suite.count == 1
                   ? member_of(usage, &suite.files[0], seed, work, options)
                   : options_error(usage, "%s is no single scenario: name one", arguments->at[0]);
    suite_free(&suite);
    return code;
}

bool one_app(const struct usage *usage, const char *flag, const struct scenario *scenario,
             const char *wanted, uint32_t *process)
{
    char hint[96];
    struct nearest nearest = nearest_to(wanted);
    for (uint32_t i = 0; i < scenario->app_count; i++) {
        nearest_offer(&nearest, scenario->apps[i].name);
        if (strcmp(scenario->apps[i].name, wanted) == 0) {
            *process = i;
            return true;
        }
    }
    options_error(usage, "%s: no such app: %s%s", flag, wanted,
                  nearest_text(&nearest, hint, sizeof hint));
    return false;
}
