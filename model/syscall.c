#include "model/syscall.h"

#include "model/kernel.h"
#include "model/memop.h"
#include "model/upcall.h"

/* A call whose class and arguments are the app's: any number. Each handler leaves in p->resume how
 * the process goes on. */
typedef void syscall_handler(struct kernel *k, struct hw *hw, struct process *p,
                             const struct syscall *call);

static void reply(struct process *p, struct syscall_return answer)
{
    p->resume = (struct resume){
        .kind = RESUME_RETURN,
        .r = {answer.r[0], answer.r[1], answer.r[2], answer.r[3]},
    };
}

/* ---- yield */

/* Yields that come back without an upcall return nothing: the registers are as they were. */
static void reply_nothing(struct process *p, const struct syscall *call)
{
    reply(p, (struct syscall_return){{call->args[0], call->args[1], call->args[2], call->args[3]}});
}

static void yield_no_wait(struct hw *hw, struct process *p, const struct syscall *call)
{
    struct span flag = {call->args[1], 1};
    uint8_t ran = upcall_take(hw, p);

    if (!ran)
        reply_nothing(p, call);
    if (span_covers(process_app_ram(p), flag)) {
        enum err err = hw_ram_write(hw, flag, &ran);
        (void)err; /* the app's RAM is RAM; where a board is wrong, it gets no flag */
    }
}

static void yield_wait_for(struct kernel *k, struct hw *hw, struct process *p,
                           const struct syscall *call)
{
    struct syscall_return event = {{0}};

    if (upcall_take_event(k, hw, p, call->args[1], call->args[2], event.r)) {
        reply(p, event);
        return;
    }
    p->wait_driver = call->args[1];
    p->wait_number = call->args[2];
    process_set_state(hw, p, PROCESS_YIELDED_FOR);
}

static void on_yield(struct kernel *k, struct hw *hw, struct process *p, const struct syscall *call)
{
    switch (call->args[0]) {
    case YIELD_NO_WAIT:
        yield_no_wait(hw, p, call);
        break;
    case YIELD_WAIT: /* an upcall that waits already is taken when its turn comes */
        upcall_pass_bare(hw, p);
        process_set_state(hw, p, PROCESS_YIELDED);
        break;
    case YIELD_WAIT_FOR:
        yield_wait_for(k, hw, p, call);
        break;
    default: /* TRD 104, section 4.1: an unknown number returns at once */
        reply_nothing(p, call);
        break;
    }
}

/* ---- subscribe */

static enum err subscribe_swap(struct kernel *k, struct hw *hw, struct process *p,
                               const struct syscall *call, struct upcall *old)
{
    struct upcall wanted = {call->args[2], call->args[3]};
    uint32_t n = call->args[1];

    if (wanted.function != 0 && !span_holds(p->mpu.flash, wanted.function))
        return ERR_INVAL;
    const struct driver *d = driver_find(k, call->args[0]);
    if (!d)
        return ERR_NODEVICE;
    enum err err = grant_allocate(hw, p, d);
    if (err)
        return err;
    *old = grant_upcall(hw, p, d, n);
    err = grant_set_upcall(hw, p, d, n, wanted);
    if (err)
        return err;
    upcall_cancel(hw, p, d, n);
    return ERR_NONE;
}

static void on_subscribe(struct kernel *k, struct hw *hw, struct process *p,
                         const struct syscall *call)
{
    struct upcall old;
    enum err err = subscribe_swap(k, hw, p, call, &old);

    reply(p, err ? return_failure_2(err, call->args[2], call->args[3])
                 : return_success_2(old.function, old.appdata));
}

/* ---- command */

static void on_command(struct kernel *k, struct hw *hw, struct process *p,
                       const struct syscall *call)
{
    const struct driver *d = driver_find(k, call->args[0]);

    if (d)
        reply(p, d->command(k, hw, p, call->args[1], call->args[2], call->args[3]));
    else
        reply(p, return_failure(ERR_NODEVICE));
}

/* ---- allow */

static enum err allow_swap(struct kernel *k, struct hw *hw, struct process *p,
                           const struct syscall *call, enum allow_kind kind, struct span *old)
{
    struct span wanted = {call->args[2], call->args[3]};
    uint32_t n = call->args[1];

    const struct driver *d = driver_find(k, call->args[0]);
    if (!d)
        return ERR_NODEVICE;
    if (!process_may_share(p, wanted, kind != ALLOW_RO))
        return ERR_INVAL;
    enum err err = grant_allocate(hw, p, d);
    if (err)
        return err;
    *old = grant_allow_raw(hw, p, d, kind, n);
    err = grant_set_allow(hw, p, d, kind, n, wanted);
    if (err)
        return err;

    if (span_covers(process_app_ram(p), wanted) && span_last(wanted) >= p->high_water)
        p->high_water = span_last(wanted) + 1;
    hw_note(hw, NOTE_ALLOW, p->id.index, wanted.base,
            wanted.size | (uint64_t)(call->args[0] << 8 | (uint32_t)kind << 4 | n) << 32);
    return ERR_NONE;
}

static void allow(struct kernel *k, struct hw *hw, struct process *p, const struct syscall *call,
                  enum allow_kind kind)
{
    struct span old;
    enum err err = allow_swap(k, hw, p, call, kind, &old);

    reply(p, err ? return_failure_2(err, call->args[2], call->args[3])
                 : return_success_2(old.base, old.size));
}

static void on_allow_rw(struct kernel *k, struct hw *hw, struct process *p,
                        const struct syscall *call)
{
    allow(k, hw, p, call, ALLOW_RW);
}

static void on_allow_ro(struct kernel *k, struct hw *hw, struct process *p,
                        const struct syscall *call)
{
    allow(k, hw, p, call, ALLOW_RO);
}

static void on_allow_readable(struct kernel *k, struct hw *hw, struct process *p,
                              const struct syscall *call)
{
    allow(k, hw, p, call, ALLOW_READABLE);
}

/* ---- memop and exit */

static void on_memop(struct kernel *k, struct hw *hw, struct process *p, const struct syscall *call)
{
    reply(p, memop_answer(k, hw, p, call->args[0], call->args[1]));
}

static void on_exit(struct kernel *k, struct hw *hw, struct process *p, const struct syscall *call)
{
    uint32_t code = call->args[1];

    switch (call->args[0]) {
    case EXIT_TERMINATE:
        process_end(k, hw, p, END_EXIT_TERMINATE, code, k->tokens.manage);
        break;
    case EXIT_RESTART:
        process_end(k, hw, p, END_EXIT_RESTART, code, k->tokens.manage);
        break;
    default:
        reply(p, return_failure(ERR_NOSUPPORT));
        break;
    }
}

/* ---- the system call filter */

static bool row_allows(const struct permission *row, const struct syscall *call)
{
    uint32_t number = call->args[1];

    if (row->driver != call->args[0])
        return false;
    if (call->class != SYSCALL_COMMAND)
        return true;
    return row->word == number / 64 && (row->allowed >> (number % 64) & 1);
}

static bool filter_allows(const struct process_image *image, const struct syscall *call)
{
    for (uint32_t i = 0; i < image->permission_count; i++)
        if (row_allows(&image->permissions[i], call))
            return true;
    return !image->filtered;
}

/* ---- the classes */

static const struct class
{
    syscall_handler *handle;
    enum kernel_path path;
    bool is_filtered;  /* the app's system call filter is asked first */
    bool fails_with_2; /* a failure carries the last two arguments back */
} classes[] = {
    [SYSCALL_YIELD] = {on_yield, PATH_YIELD, false, false},
    [SYSCALL_SUBSCRIBE] = {on_subscribe, PATH_SUBSCRIBE, true, true},
    [SYSCALL_COMMAND] = {on_command, PATH_COMMAND, true, false},
    [SYSCALL_ALLOW_RW] = {on_allow_rw, PATH_ALLOW, true, true},
    [SYSCALL_ALLOW_RO] = {on_allow_ro, PATH_ALLOW, true, true},
    [SYSCALL_MEMOP] = {on_memop, PATH_MEMOP, false, false},
    [SYSCALL_EXIT] = {on_exit, PATH_EXIT, false, false},
    [SYSCALL_ALLOW_READABLE] = {on_allow_readable, PATH_ALLOW, true, true},
};
_Static_assert(COUNT_OF(classes) == SYSCALL_CLASSES, "a system call class has no handler");

static void refuse_filtered(struct hw *hw, struct process *p, const struct syscall *call)
{
    hw_note(hw, NOTE_SYSCALL_FILTERED, p->id.index, call->args[0], call->class);
    if (classes[call->class].fails_with_2)
        reply(p, return_failure_2(ERR_NODEVICE, call->args[2], call->args[3]));
    else
        reply(p, return_failure(ERR_NODEVICE));
}

void syscall_handle(struct kernel *k, struct hw *hw, struct process *p, const struct syscall *call)
{
    hw_spend(hw, PATH_SYSCALL_DISPATCH, 1);
    if (call->class >= SYSCALL_CLASSES) {
        reply(p, return_failure(ERR_NOSUPPORT));
        return;
    }
    const struct class *class = &classes[call->class];
    if (class->is_filtered && !filter_allows(process_image(k, p), call)) {
        refuse_filtered(hw, p, call);
        return;
    }
    hw_spend(hw, class->path, 1);
    class->handle(k, hw, p, call);
}
