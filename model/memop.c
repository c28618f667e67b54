#include "model/memop.h"

typedef struct syscall_return memop_handler(const struct kernel *k, struct hw *hw,
                                            struct process *p, uint32_t arg);

static bool break_moves(struct hw *hw, struct process *p, uint32_t app_break)
{
    return !process_set_breaks(hw, p, app_break, p->kernel_break);
}

static struct syscall_return on_brk(const struct kernel *k, struct hw *hw, struct process *p,
                                    uint32_t arg)
{
    (void)k;
    return return_of(break_moves(hw, p, arg) ? ERR_NONE : ERR_NOMEM);
}

static struct syscall_return on_sbrk(const struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t arg)
{
    uint32_t before = p->app_break;
    int64_t after = (int64_t)before + (int32_t)arg; /* the argument is signed */

    (void)k;
    if (after < 0 || after > UINT32_MAX || !break_moves(hw, p, (uint32_t)after))
        return return_failure(ERR_NOMEM);
    return return_success_1(before);
}

static struct syscall_return on_ram_start(const struct kernel *k, struct hw *hw, struct process *p,
                                          uint32_t arg)
{
    (void)k, (void)hw, (void)arg;
    return return_success_1(p->memory.base);
}

static struct syscall_return on_ram_end(const struct kernel *k, struct hw *hw, struct process *p,
                                        uint32_t arg)
{
    (void)k, (void)hw, (void)arg;
    return return_success_1(p->memory.base + p->memory.size);
}

static struct syscall_return on_flash_start(const struct kernel *k, struct hw *hw,
                                            struct process *p, uint32_t arg)
{
    (void)hw, (void)arg;
    return return_success_1(process_image(k, p)->flash.base);
}

static struct syscall_return on_flash_end(const struct kernel *k, struct hw *hw, struct process *p,
                                          uint32_t arg)
{
    struct span flash = process_image(k, p)->flash;

    (void)hw, (void)arg;
    return return_success_1(flash.base + flash.size);
}

static struct syscall_return on_grant_start(const struct kernel *k, struct hw *hw,
                                            struct process *p, uint32_t arg)
{
    (void)k, (void)hw, (void)arg;
    return return_success_1(p->kernel_break);
}

static struct syscall_return on_flash_regions(const struct kernel *k, struct hw *hw,
                                              struct process *p, uint32_t arg)
{
    (void)hw, (void)arg;
    return return_success_1(process_image(k, p)->flash_region_count);
}

static struct syscall_return on_region_start(const struct kernel *k, struct hw *hw,
                                             struct process *p, uint32_t arg)
{
    const struct process_image *image = process_image(k, p);

    (void)hw;
    if (arg >= image->flash_region_count)
        return return_failure(ERR_FAIL);
    return return_success_1(image->flash_regions[arg].base);
}

static struct syscall_return on_region_end(const struct kernel *k, struct hw *hw, struct process *p,
                                           uint32_t arg)
{
    const struct process_image *image = process_image(k, p);

    (void)hw;
    if (arg >= image->flash_region_count)
        return return_failure(ERR_FAIL);
    return return_success_1(image->flash_regions[arg].base + image->flash_regions[arg].size);
}

/* Where stack and heap begin helps only debuggers; a place outside the app's RAM is ignored. */
static struct syscall_return on_stack_start(const struct kernel *k, struct hw *hw,
                                            struct process *p, uint32_t arg)
{
    (void)k, (void)hw;
    if (span_holds(p->memory, arg))
        p->stack_start = arg;
    return return_success();
}

static struct syscall_return on_heap_start(const struct kernel *k, struct hw *hw, struct process *p,
                                           uint32_t arg)
{
    (void)k, (void)hw;
    if (span_holds(p->memory, arg))
        p->heap_start = arg;
    return return_success();
}

static memop_handler *const handlers[] = {
    [MEMOP_BRK] = on_brk,
    [MEMOP_SBRK] = on_sbrk,
    [MEMOP_RAM_START] = on_ram_start,
    [MEMOP_RAM_END] = on_ram_end,
    [MEMOP_FLASH_START] = on_flash_start,
    [MEMOP_FLASH_END] = on_flash_end,
    [MEMOP_GRANT_START] = on_grant_start,
    [MEMOP_FLASH_REGIONS] = on_flash_regions,
    [MEMOP_FLASH_REGION_START] = on_region_start,
    [MEMOP_FLASH_REGION_END] = on_region_end,
    [MEMOP_STACK_START] = on_stack_start,
    [MEMOP_HEAP_START] = on_heap_start,
};
_Static_assert(COUNT_OF(handlers) == MEMOP_HEAP_START + 1, "a memop has no handler");

struct syscall_return memop_answer(const struct kernel *k, struct hw *hw, struct process *p,
                                   uint32_t op, uint32_t arg)
{
    if (op >= COUNT_OF(handlers))
        return return_failure(ERR_NOSUPPORT);
    return handlers[op](k, hw, p, arg);
}
