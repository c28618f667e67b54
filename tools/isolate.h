/* isolate.h: work in a process of its own, so that a crash of one member takes nothing else along.
 *
 *   isolate_start: fork --> the child runs `work`, which writes bytes into a pipe
 *   isolate_wait: reads all pipes; a child that has used up its time is killed
 *   isolate_free: gives back what isolate_start took
 *
 * The child ends by isolate_leave, thus by _exit: nothing of the parent's is run or written twice.
 */
#ifndef TOOLS_ISOLATE_H
#define TOOLS_ISOLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum isolate_end {
    ISOLATE_RUNS,
    ISOLATE_DONE,      /* `work` has returned */
    ISOLATE_EXITED,    /* the child ended by itself, with exit code `detail`: a sanitizer, say */
    ISOLATE_SIGNALLED, /* the child was killed by signal `detail`: it crashed or aborted */
    ISOLATE_OVERTIME,  /* its wall-clock budget was used up */
    ISOLATE_NO_CHILD,  /* there was no process or pipe to be had: errno `detail` */
};

struct isolated {
    enum isolate_end end;
    int detail;
    pid_t pid;
    int fd;               /* the pipe's reading end */
    uint64_t deadline_ns; /* of the monotonic clock */
    char *bytes;          /* what `work` has written */
    size_t size, capacity;
};

/* Runs in the child. `pipe` is a file descriptor. */
typedef void isolate_work(const void *argument, int pipe);

/* Writes all of it; what cannot be written is lost, and with it the result. */
void isolate_write(int pipe, const void *bytes, size_t size);

/* Ends the child with another exit code than 0, or before `work` returns; its own buffers are
 * written, and the counts of a coverage build. */
_Noreturn void isolate_leave(int code);

void isolate_start(struct isolated *child, isolate_work *work, const void *argument,
                   uint64_t budget_ms);
/* Returns when at least one child that still ran has written something or ended; at once if none
 * runs. */
void isolate_wait(struct isolated *const children[], size_t count);
void isolate_free(struct isolated *child);

/* How a child that is not ISOLATE_DONE ended: "crashed (SIGSEGV, ...)". */
enum { ISOLATE_TEXT_MAX = 120 };
const char *isolate_text(const struct isolated *child, char text[ISOLATE_TEXT_MAX]);

/* Nanoseconds of the monotonic clock. */
uint64_t wall_ns(void);

#endif
