#include "model/process.h"

#include "model/kernel.h"
#include "model/process_block.h"

enum { ZERO_CHUNK = 1024 };

bool process_is_alive(const struct process *p)
{
    return p->state == PROCESS_RUNNING || p->state == PROCESS_YIELDED ||
           p->state == PROCESS_YIELDED_FOR;
}

const struct process_image *process_image(const struct kernel *k, const struct process *p)
{
    return &k->config->images[p->id.index];
}

struct span process_app_ram(const struct process *p)
{
    if (!process_is_alive(p))
        return (struct span){0, 0};
    return (struct span){p->memory.base, p->app_break - p->memory.base};
}

bool process_may_share(const struct process *p, struct span buffer, bool writable)
{
    if (!process_is_alive(p))
        return false;
    return buffer.size == 0 || span_covers(process_app_ram(p), buffer) ||
           (!writable && span_covers(p->mpu.flash, buffer));
}

void process_set_state(struct hw *hw, struct process *p, enum process_state state)
{
    p->state = state;
    hw_note(hw, NOTE_PROCESS_STATE, p->id.index, 0, state);
}

enum err process_zero(struct hw *hw, struct span span)
{
    static const uint8_t zeros[ZERO_CHUNK];

    for (uint32_t done = 0; done < span.size;) {
        uint32_t left = span.size - done;
        uint32_t size = left < ZERO_CHUNK ? left : ZERO_CHUNK;

        if (hw_ram_write(hw, (struct span){span.base + done, size}, zeros))
            return ERR_FAIL;
        done += size;
    }
    return ERR_NONE;
}

/* The first address that the app cannot reach, whatever the MPU rounded it to. */
static uint32_t accessible_end(const struct mpu_config *mpu)
{
    return mpu->accessible.base + mpu->accessible.size;
}

static void note_breaks(struct hw *hw, const struct process *p)
{
    hw_note(hw, NOTE_PROCESS_BREAKS, p->id.index, p->app_break,
            p->kernel_break | (uint64_t)accessible_end(&p->mpu) << 32);
}

enum err process_set_breaks(struct hw *hw, struct process *p, uint32_t app_break,
                            uint32_t kernel_break)
{
    struct mpu_config mpu = p->mpu;

    if (app_break < p->memory.base || app_break < p->high_water || app_break > kernel_break ||
        kernel_break > process_block(p).base)
        return ERR_NOMEM;
    if (mpu_update_app_memory(&mpu, app_break, kernel_break))
        return ERR_NOMEM;

    /* All from the old break up to the new end: the app's own data of an earlier break, too, and
     * what the MPU opens beyond the break since it cannot cut there. */
    uint32_t end = accessible_end(&mpu); /* never below the break: mpu.h */
    bool opens = app_break > p->app_break || end > accessible_end(&p->mpu);
    if (opens && process_zero(hw, (struct span){p->app_break, end - p->app_break}))
        return ERR_FAIL;

    p->mpu = mpu;
    p->app_break = app_break;
    p->kernel_break = kernel_break;
    note_breaks(hw, p);
    return ERR_NONE;
}

/* Bytes that the kernel keeps at the block's end, with room for one grant of each driver: an app
 * that uses all the RAM it asked for can still use them. The same for all processes and lives. */
static uint32_t kernel_part_size(struct kernel *k)
{
    uint32_t size = PROCESS_BLOCK_SIZE;

    if (k->kernel_part_size)
        return k->kernel_part_size;
    for (uint32_t i = 0; i < driver_count; i++)
        if (kernel_has_driver(k, i))
            size += grant_size(drivers[i]);
    return k->kernel_part_size = size;
}

/* The MPU's view of a new life, from nothing: nothing of an earlier life can remain in it. */
static enum err mpu_of_new_life(struct kernel *k, const struct process_image *image,
                                struct span pool, struct mpu_config *mpu)
{
    uint32_t kernel_size = kernel_part_size(k);
    uint32_t min_size = image->min_ram_size + kernel_size;

    if (min_size < kernel_size)
        return ERR_INVAL;
    mpu_config_start(mpu, k->mpu.region_limit);
    enum err err = mpu_set_flash(mpu, image->flash);
    if (err)
        return err;
    err = mpu_allocate_app_memory(mpu, pool, min_size, image->min_ram_size, kernel_size);
    if (err)
        return err;
    uint32_t end = mpu->block.base + mpu->block.size;
    return mpu_update_app_memory(mpu, mpu->block.base + image->initial_app_size,
                                 end - PROCESS_BLOCK_SIZE);
}

static uint32_t next_unique(struct kernel *k)
{
    uint32_t unique = k->next_unique++;

    if (k->next_unique == 0) /* 0 is nobody's */
        k->next_unique = 1;
    return unique;
}

static void note_new_life(struct hw *hw, const struct process *p)
{
    hw_note(hw, NOTE_PROCESS_LOADED, p->id.index, p->memory.base,
            p->memory.size | (uint64_t)p->id.unique << 32);
    hw_note(hw, NOTE_PROCESS_STATE, p->id.index, 0, p->state);
    note_breaks(hw, p);
}

/* Everything of the old life goes but what outlives it: place, memory, and what it ended with. */
static struct process new_life(struct kernel *k, const struct process *old,
                               const struct mpu_config *mpu)
{
    const struct process_image *image = process_image(k, old);
    uint32_t ram = mpu->block.base;
    uint32_t app_break = ram + image->initial_app_size;

    return (struct process){
        .id = {old->id.index, next_unique(k)},
        .memory = mpu->block,
        .short_id = image->short_id,
        .state = PROCESS_RUNNING,
        .app_break = app_break,
        .kernel_break = ram + mpu->block.size - PROCESS_BLOCK_SIZE,
        .high_water = ram,
        .mpu = *mpu,
        .restart_count = old->restart_count,
        .completion_code = old->completion_code,
        .has_completion_code = old->has_completion_code,
        .dropped_upcalls = old->dropped_upcalls,
        .fault_status = old->fault_status,
        .fault_address = old->fault_address,
        .resume = {RESUME_START,
                   image->entry,
                   {image->flash.base, ram, mpu->block.size, app_break}},
    };
}

enum err process_begin(struct kernel *k, struct hw *hw, struct process *p, struct span pool)
{
    const struct process_image *image = process_image(k, p);
    struct mpu_config mpu;

    hw_spend(hw, PATH_PROCESS_LOAD, 1);
    enum err err = mpu_of_new_life(k, image, pool, &mpu);
    if (!err)
        err = process_zero(hw, mpu.block);
    if (err)
        return err;

    *p = new_life(k, p, &mpu);
    p->mpu.dirty = true;
    note_new_life(hw, p);
    for (uint32_t i = 0; i < image->request_count; i++) {
        /* Noted there (NOTE_WINDOW_GRANTED or _REFUSED); an app lives without its devices, too. */
        err = passthrough_allocate(k, hw, p, image->requests[i], k->tokens.lend);
        (void)err;
    }
    return ERR_NONE;
}
