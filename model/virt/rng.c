#include "model/chip_rng.h"
#include "model/kernel.h"
#include "model/virt/virt.h"

enum { RNG_DRIVER = 0x40001, BUFFER = 0, UPCALL = 0, RNG_BUFFER = 256 };
enum { EXISTS, GET };
enum { LENGTH }; /* words of a request */

/* ---- operations */

/* The generator runs while somebody waits for bytes: each byte is one client's, and no other's. */
static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    struct span down;
    enum err err = virt_reserve(k, hw, &virt_rng, client, request[LENGTH], &down);

    if (!err)
        chip_rng_start(hw, virt_place(k, &virt_rng)->base);
    return err;
}

static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    uint32_t size = err ? 0 : virt_unload(k, hw, &virt_rng, p, BUFFER, 0, result);

    (void)request;
    virt_upcall(k, hw, &virt_rng, p, UPCALL, err, size, 0);
}

static void abort_now(struct kernel *k, struct hw *hw)
{
    chip_rng_stop(hw, virt_place(k, &virt_rng)->base);
    virt_end(k, hw, &virt_rng, ERR_CANCEL, 0);
}

static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    request[LENGTH] = 1 + client % 4;
}

const struct virt_type virt_rng = {
    .id = VIRT_RNG,
    .driver = &rng_driver,
    .buffer_size = RNG_BUFFER,
    .begin = begin,
    .deliver = deliver,
    .abort = abort_now,
    .timeout_ms = 100, /* 256 bytes come in 33 ms */
    .kernel_request = kernel_request,
};

/* ---- the driver */

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    const uint32_t request[VIRT_WORDS] = {[LENGTH] = a};

    (void)b;
    if (number == EXISTS)
        return return_success();
    if (number != GET)
        return return_failure(ERR_NOSUPPORT);
    if (a == 0 || a > RNG_BUFFER || a > grant_allow(hw, p, &rng_driver, ALLOW_RW, BUFFER).size)
        return return_failure(ERR_SIZE);
    return return_of(virt_ask_process(k, hw, &virt_rng, p, request));
}

static bool present(const struct kernel *k)
{
    return virt_present(k, &virt_rng);
}

static void start(struct kernel *k, struct hw *hw)
{
    virt_start(k, hw, &virt_rng);
    chip_rng_setup(hw, virt_place(k, &virt_rng)->base);
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    virt_forget(k, hw, &virt_rng, id);
}

/* One byte has come. */
static bool on_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    const struct driver_place *place = virt_place(k, &virt_rng);
    struct virt *v = virt_of(k, &virt_rng);
    struct span down = v->custody.down;
    uint8_t byte;

    if (place->line != line)
        return false;
    if (!chip_rng_byte(hw, place->base, &byte) || v->progress >= down.size)
        return true;
    enum err err = hw_ram_write(hw, (struct span){down.base + v->progress, 1}, &byte);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
    if (++v->progress == down.size) {
        chip_rng_stop(hw, place->base);
        virt_end(k, hw, &virt_rng, ERR_NONE, v->progress);
    }
    return true;
}

const struct driver rng_driver = {
    .number = RNG_DRIVER,
    .upcalls = UPCALL + 1,
    .allows = {[ALLOW_RW] = BUFFER + 1},
    .grant_bytes = 4 * VIRT_WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
    .on_interrupt = on_interrupt,
};
