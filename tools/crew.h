/* crew.h: numbered tasks, done by a few processes, each of which does one task after another.
 *
 *   crew_add: a task waits --crew_go: processes are forked, and claim tasks that wait, the lowest
 *   number first, until none is left that they know of --results through pipes--> crew_end of it
 *
 * A fork costs more than a short task, so it is paid for many of them. A task is still as good as
 * alone: a process that crashes or is too slow takes only its own task along, whose crash counts
 * only if it was the first in its process: if not, it is tried again in one of its own.
 *
 * Who does what is settled in memory that all share: one word a task, claimed by one exchange.
 */
#ifndef TOOLS_CREW_H
#define TOOLS_CREW_H

#include "tools/isolate.h"

enum { CREW_TASKS_MAX = 256, CREW_SIZE_MAX = 64 };

/* Runs in a process of the crew. Writes up to `result_max` bytes; how many. */
typedef size_t crew_work(const void *argument, void *result);

struct crew_task {
    const void *argument;
    struct isolated end; /* ISOLATE_RUNS: not over. `bytes` is the result; `pid` says nothing */
    bool alone;          /* wants a process of its own */
};

struct crew_member {
    const struct crew *crew;
    struct isolated child; /* not ISOLATE_RUNS: there is no process */
    uint64_t from, until;  /* numbers of the tasks that it knows */
    uint64_t done;         /* results that came */
    uint32_t number;       /* its own; from 1 */
};

struct crew {
    crew_work *work;
    size_t result_max;
    size_t at_once;     /* processes */
    uint64_t budget_ms; /* of one task, on the wall */
    _Atomic uint64_t *claims;
    struct crew_task tasks[CREW_TASKS_MAX]; /* a ring, by number */
    uint64_t first, next;                   /* numbers of the tasks that are kept */
    struct crew_member members[CREW_SIZE_MAX];
};

/* The four settings are given. False: there is no memory to share. */
bool crew_begin(struct crew *crew);
/* The next number, crew->next, is this task's; at most CREW_TASKS_MAX are kept. No argument: the
 * task is over as it comes, without a result. */
void crew_add(struct crew *crew, const void *argument);
/* Tasks that nobody has claimed yet. */
size_t crew_waiting(const struct crew *crew);
/* Lets processes begin, where there are too few and tasks wait. */
void crew_go(struct crew *crew);
/* Returns when a result came or a process ended; at once if none runs. */
void crew_wait(struct crew *crew);
/* How the first task kept has ended; ISOLATE_RUNS: it has not. */
const struct isolated *crew_first(const struct crew *crew);
/* Forgets the first task. */
void crew_drop_first(struct crew *crew);
/* Kills what still runs, and gives back what was taken. */
void crew_free(struct crew *crew);

#endif
