/* crew.c: see crew.h. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "tools/crew.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A claim's word: the task's number, so that who knows only the one before it in the ring gets
 * nothing; and who has it: 0 is nobody, 255 the parent. */
enum { CLAIM_NUMBER = 256, PARENT = 255 };
_Static_assert((int)CREW_SIZE_MAX < (int)PARENT, "members' numbers fit into a claim");

/* What comes before each result in the pipe. */
struct head {
    uint64_t number;
    size_t size;
};

static struct crew_task *task_at(struct crew *crew, uint64_t number)
{
    return &crew->tasks[number % CREW_TASKS_MAX];
}

static uint64_t claim_of(const struct crew *crew, uint64_t number)
{
    return atomic_load(&crew->claims[number % CREW_TASKS_MAX]);
}

static void set_claim(struct crew *crew, uint64_t number, uint32_t who)
{
    atomic_store(&crew->claims[number % CREW_TASKS_MAX], number * CLAIM_NUMBER + who);
}

/* False: somebody else has it. */
static bool claim(const struct crew *crew, uint64_t number, uint32_t who)
{
    uint64_t nobody = number * CLAIM_NUMBER;
    return atomic_compare_exchange_strong(&crew->claims[number % CREW_TASKS_MAX], &nobody,
                                          nobody + who);
}

/* --- in a process of the crew ---------------------------------------------------------------- */

static void work_on(const void *argument, int pipe)
{
    const struct crew_member *self = argument;
    const struct crew *crew = self->crew;
    char *bytes = malloc(sizeof(struct head) + crew->result_max);
    for (uint64_t number = self->from; bytes && number < self->until; number++) {
        const struct crew_task *task = &crew->tasks[number % CREW_TASKS_MAX];
        if (!(task->alone && self->until - self->from == 1) && !claim(crew, number, self->number))
            continue;
        struct head head = {.number = number};
        head.size = crew->work(task->argument, bytes + sizeof head);
        memcpy(bytes, &head, sizeof head);
        isolate_write(pipe, bytes, sizeof head + head.size);
    }
    free(bytes);
}

/* --- tasks ----------------------------------------------------------------------------------- */

bool crew_begin(struct crew *crew)
{
    void *shared = mmap(NULL, CREW_TASKS_MAX * sizeof(uint64_t), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    crew->claims = shared == MAP_FAILED ? NULL : shared;
    for (uint32_t i = 0; i < CREW_SIZE_MAX; i++)
        crew->members[i] =
            (struct crew_member){.crew = crew, .child.end = ISOLATE_DONE, .number = i + 1};
    return crew->claims != NULL;
}

void crew_add(struct crew *crew, const void *argument)
{
    uint64_t number = crew->next++;
    *task_at(crew, number) = (struct crew_task){
        .argument = argument, .end = {.end = argument ? ISOLATE_RUNS : ISOLATE_DONE, .fd = -1}};
    set_claim(crew, number, argument ? 0 : PARENT);
}

size_t crew_waiting(const struct crew *crew)
{
    size_t count = 0;
    for (uint64_t number = crew->first; number < crew->next; number++)
        count += claim_of(crew, number) == number * CLAIM_NUMBER;
    return count;
}

const struct isolated *crew_first(const struct crew *crew)
{
    return &crew->tasks[crew->first % CREW_TASKS_MAX].end;
}

void crew_drop_first(struct crew *crew)
{
    isolate_free(&task_at(crew, crew->first)->end);
    crew->first++;
}

/* --- processes ------------------------------------------------------------------------------- */

static bool runs(const struct crew_member *member)
{
    return member->child.end == ISOLATE_RUNS;
}

/* The tasks that a new process is for: one that must be alone, or all. False: none waits. */
static bool find_tasks(struct crew *crew, struct crew_member *member)
{
    for (uint64_t number = crew->first; number < crew->next; number++) {
        if (!task_at(crew, number)->alone || claim_of(crew, number) % CLAIM_NUMBER != PARENT)
            continue;
        set_claim(crew, number, member->number);
        member->from = number;
        member->until = number + 1;
        return true;
    }
    member->from = crew->first;
    member->until = crew->next;
    return crew_waiting(crew) > 0;
}

/* The first task that `who` claimed and that is not over; NULL: there is none. */
static struct crew_task *unfinished(struct crew *crew, uint32_t who, uint64_t *number)
{
    for (*number = crew->first; *number < crew->next; ++*number)
        if (claim_of(crew, *number) % CLAIM_NUMBER == who &&
            task_at(crew, *number)->end.end == ISOLATE_RUNS)
            return task_at(crew, *number);
    return NULL;
}

static void end_task(struct crew_task *task, const struct isolated *like)
{
    task->end.end = like->end;
    task->end.detail = like->detail;
}

/* No process is to be had: one that runs may leave room; without any, a task is lost. */
static void cannot_start(struct crew *crew, struct crew_member *member)
{
    uint64_t number;
    for (uint32_t i = 0; i < crew->at_once; i++)
        if (runs(&crew->members[i]))
            return;
    for (number = member->from; number < member->until; number++)
        if (claim(crew, number, member->number))
            break;
    struct crew_task *task = unfinished(crew, member->number, &number);
    if (task)
        end_task(task, &member->child);
}

void crew_go(struct crew *crew)
{
    for (uint32_t i = 0; i < crew->at_once; i++) {
        struct crew_member *member = &crew->members[i];
        if (runs(member) || !find_tasks(crew, member))
            continue;
        isolate_free(&member->child);
        member->done = 0;
        isolate_start(&member->child, work_on, member, crew->budget_ms);
        if (!runs(member))
            cannot_start(crew, member);
    }
}

/* --- results --------------------------------------------------------------------------------- */

static void take_result(struct crew *crew, const struct head *head, const char *bytes)
{
    struct crew_task *task = task_at(crew, head->number);
    task->end.bytes = malloc(head->size + 1);
    if (!task->end.bytes)
        abort();
    memcpy(task->end.bytes, bytes, head->size);
    task->end.size = head->size;
    task->end.end = ISOLATE_DONE;
}

/* Takes whole results out of what the pipe gave; each gives its process a new budget. */
static void take_results(struct crew *crew, struct crew_member *member)
{
    struct isolated *child = &member->child;
    size_t at = 0;
    struct head head;
    while (child->size - at >= sizeof head) {
        memcpy(&head, child->bytes + at, sizeof head);
        if (child->size - at - sizeof head < head.size)
            break;
        take_result(crew, &head, child->bytes + at + sizeof head);
        at += sizeof head + head.size;
        member->done++;
        child->deadline_ns = wall_ns() + crew->budget_ms * 1000000u;
    }
    if (at > 0)
        memmove(child->bytes, child->bytes + at, child->size - at);
    child->size -= at;
}

/* What the process was at when it ended. */
static void look_after(struct crew *crew, const struct crew_member *member)
{
    uint64_t number;
    struct crew_task *task = unfinished(crew, member->number, &number);
    bool crashed = member->child.end == ISOLATE_SIGNALLED || member->child.end == ISOLATE_EXITED;
    if (!task)
        return;
    if (!crashed || member->done == 0) {
        end_task(task, &member->child);
        return;
    }
    task->alone = true; /* an earlier task may have broken what this one stood on */
    set_claim(crew, number, PARENT);
}

void crew_wait(struct crew *crew)
{
    struct isolated *children[CREW_SIZE_MAX];
    bool ran[CREW_SIZE_MAX] = {false};
    size_t count = 0;
    for (uint32_t i = 0; i < crew->at_once; i++) {
        ran[i] = runs(&crew->members[i]);
        if (ran[i])
            children[count++] = &crew->members[i].child;
    }
    isolate_wait(children, count);
    for (uint32_t i = 0; i < crew->at_once; i++) {
        if (!ran[i])
            continue;
        take_results(crew, &crew->members[i]);
        if (!runs(&crew->members[i]))
            look_after(crew, &crew->members[i]);
    }
}

void crew_free(struct crew *crew)
{
    for (uint32_t i = 0; i < CREW_SIZE_MAX; i++)
        isolate_free(&crew->members[i].child);
    while (crew->first < crew->next)
        crew_drop_first(crew);
    if (crew->claims)
        (void)munmap(crew->claims, CREW_TASKS_MAX * sizeof(uint64_t));
}
