/* syscall.h: Tock's system call ABI. Source: TRD 104, sections 3 and 4.
 *
 *   svc, class in the instruction's low 8 bits (Cortex-M), r0..r3 = args[0..3]
 *     -> syscall_dispatch -> r0..r3 = the return variant and its values
 */
#ifndef MODEL_SYSCALL_H
#define MODEL_SYSCALL_H

#include "model/err.h"
#include "model/types.h"

enum syscall_class {
    SYSCALL_YIELD = 0,
    SYSCALL_SUBSCRIBE = 1,
    SYSCALL_COMMAND = 2,
    SYSCALL_ALLOW_RW = 3,
    SYSCALL_ALLOW_RO = 4,
    SYSCALL_MEMOP = 5,
    SYSCALL_EXIT = 6,
    SYSCALL_ALLOW_READABLE = 7,
    SYSCALL_CLASSES
};

enum yield_kind { YIELD_NO_WAIT = 0, YIELD_WAIT = 1, YIELD_WAIT_FOR = 2 };
enum exit_kind { EXIT_TERMINATE = 0, EXIT_RESTART = 1 };

/* Memop operations. Source: TRD 104, section 4.6 and Tock's memop table. */
enum memop {
    MEMOP_BRK = 0,
    MEMOP_SBRK = 1,
    MEMOP_RAM_START = 2,
    MEMOP_RAM_END = 3,
    MEMOP_FLASH_START = 4,
    MEMOP_FLASH_END = 5,
    MEMOP_GRANT_START = 6,
    MEMOP_FLASH_REGIONS = 7,
    MEMOP_FLASH_REGION_START = 8,
    MEMOP_FLASH_REGION_END = 9,
    MEMOP_STACK_START = 10,
    MEMOP_HEAP_START = 11,
};

/* Return variants, in r0. Source: TRD 104, section 3.2. */
enum return_variant {
    RETURN_FAILURE = 0,
    RETURN_FAILURE_U32 = 1,
    RETURN_FAILURE_2U32 = 2,
    RETURN_FAILURE_U64 = 3,
    RETURN_SUCCESS = 128,
    RETURN_SUCCESS_U32 = 129,
    RETURN_SUCCESS_2U32 = 130,
    RETURN_SUCCESS_U64 = 131, /* low word first */
    RETURN_SUCCESS_3U32 = 132,
    RETURN_SUCCESS_U32_U64 = 133,
};

struct syscall {
    uint32_t class; /* the app's: any number */
    uint32_t args[4];
};

struct syscall_return {
    uint32_t r[4];
};

static inline struct syscall_return return_failure(enum err err)
{
    return (struct syscall_return){{RETURN_FAILURE, err}};
}

static inline struct syscall_return return_failure_2(enum err err, uint32_t a, uint32_t b)
{
    return (struct syscall_return){{RETURN_FAILURE_2U32, err, a, b}};
}

static inline struct syscall_return return_success(void)
{
    return (struct syscall_return){{RETURN_SUCCESS}};
}

static inline struct syscall_return return_success_1(uint32_t a)
{
    return (struct syscall_return){{RETURN_SUCCESS_U32, a}};
}

static inline struct syscall_return return_success_2(uint32_t a, uint32_t b)
{
    return (struct syscall_return){{RETURN_SUCCESS_2U32, a, b}};
}

/* A command's answer that carries nothing but how it went. */
static inline struct syscall_return return_of(enum err err)
{
    return err ? return_failure(err) : return_success();
}

#endif
