/* isolate.c: see isolate.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/isolate.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef COVERAGE_BUILD
#include <gcov.h>
#endif

enum { AT_ONCE_MAX = 256, READ_SIZE = 32768 };

uint64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void isolate_write(int pipe, const void *bytes, size_t size)
{
    const char *at = bytes;
    while (size > 0) {
        ssize_t written = write(pipe, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return;
        at += written;
        size -= (size_t)written;
    }
}

_Noreturn void isolate_leave(int code)
{
    fflush(NULL);
#ifdef COVERAGE_BUILD
    __gcov_dump(); /* _exit leaves out what would write the counts down */
#endif
    _exit(code);
}

/* What goes wrong before there is a child. */
static void no_child(struct isolated *child)
{
    child->end = ISOLATE_NO_CHILD;
    child->detail = errno;
    child->fd = -1;
}

void isolate_start(struct isolated *child, isolate_work *work, const void *argument,
                   uint64_t budget_ms)
{
    int ends[2];
    *child = (struct isolated){.deadline_ns = wall_ns() + budget_ms * 1000000u};
    if (pipe(ends) != 0) {
        no_child(child);
        return;
    }
    fflush(NULL);
    child->pid = fork();
    if (child->pid == 0) {
        close(ends[0]);
        work(argument, ends[1]);
        isolate_leave(0);
    }
    close(ends[1]);
    child->fd = ends[0];
    if (child->pid < 0) {
        close(ends[0]);
        no_child(child);
    }
}

/* The pipe is at its end, so the child is about to be: waits for it. */
static void reap(struct isolated *child)
{
    int status = 0;
    close(child->fd);
    child->fd = -1;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (child->end == ISOLATE_OVERTIME)
        return;
    if (WIFSIGNALED(status)) {
        child->end = ISOLATE_SIGNALLED;
        child->detail = WTERMSIG(status);
    } else {
        child->detail = WEXITSTATUS(status);
        child->end = child->detail ? ISOLATE_EXITED : ISOLATE_DONE;
    }
}

static bool make_room(struct isolated *child)
{
    if (child->capacity - child->size >= READ_SIZE)
        return true;
    size_t capacity = child->capacity * 2 + READ_SIZE;
    char *grown = realloc(child->bytes, capacity);
    if (!grown)
        return false;
    child->bytes = grown;
    child->capacity = capacity;
    return true;
}

static void kill_child(struct isolated *child, enum isolate_end end)
{
    child->end = end;
    kill(child->pid, SIGKILL);
    reap(child);
}

/* Takes what the pipe has, or the child's end. */
static void take(struct isolated *child)
{
    ssize_t size = -1;
    if (make_room(child))
        size = read(child->fd, child->bytes + child->size, READ_SIZE);
    else
        errno = ENOMEM;
    if (size > 0)
        child->size += (size_t)size;
    else if (size == 0 || errno != EINTR)
        reap(child);
}

/* Milliseconds to the earliest deadline, rounded up. */
static int patience_ms(struct isolated *const running[], size_t count)
{
    uint64_t now = wall_ns(), earliest = UINT64_MAX;
    for (size_t i = 0; i < count; i++)
        if (running[i]->deadline_ns < earliest)
            earliest = running[i]->deadline_ns;
    uint64_t ms = earliest > now ? (earliest - now) / 1000000u + 1 : 0;
    return ms > 1000000 ? 1000000 : (int)ms;
}

/* One look at all of them; of how many there was news. */
static size_t look(struct isolated *const running[], size_t count)
{
    struct pollfd polls[AT_ONCE_MAX];
    size_t news = 0;
    for (size_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){.fd = running[i]->fd, .events = POLLIN};
    int ready = poll(polls, (nfds_t)count, patience_ms(running, count));
    uint64_t now = wall_ns();
    for (size_t i = 0; i < count; i++) {
        if (ready > 0 && polls[i].revents) {
            take(running[i]);
            news++;
        } else if (running[i]->deadline_ns <= now) {
            kill_child(running[i], ISOLATE_OVERTIME);
            news++;
        }
    }
    return news;
}

void isolate_wait(struct isolated *const children[], size_t count)
{
    struct isolated *running[AT_ONCE_MAX];
    size_t number = 0;
    for (size_t i = 0; i < count && number < AT_ONCE_MAX; i++)
        if (children[i]->end == ISOLATE_RUNS)
            running[number++] = children[i];
    while (number > 0 && look(running, number) == 0)
        ;
}

void isolate_free(struct isolated *child)
{
    if (child->end == ISOLATE_RUNS && child->fd >= 0)
        kill_child(child, ISOLATE_OVERTIME);
    free(child->bytes);
    *child = (struct isolated){.end = ISOLATE_NO_CHILD, .fd = -1};
}

const char *isolate_text(const struct isolated *child, char text[ISOLATE_TEXT_MAX])
{
    switch (child->end) {
    case ISOLATE_RUNS:
    case ISOLATE_DONE:
        snprintf(text, ISOLATE_TEXT_MAX, "ended");
        break;
    case ISOLATE_EXITED:
        snprintf(text, ISOLATE_TEXT_MAX, "the simulator ended with exit code %d", child->detail);
        break;
    case ISOLATE_SIGNALLED:
        snprintf(text, ISOLATE_TEXT_MAX, "the simulator crashed: signal %d, %s", child->detail,
                 strsignal(child->detail));
        break;
    case ISOLATE_OVERTIME:
        snprintf(text, ISOLATE_TEXT_MAX, "its wall-clock budget was used up before the end");
        break;
    case ISOLATE_NO_CHILD:
        snprintf(text, ISOLATE_TEXT_MAX, "no process to run it in: %s", strerror(child->detail));
        break;
    }
    return text;
}
