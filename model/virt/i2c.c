#include "model/capsule_state.h"
#include "model/chip_twim.h"
#include "model/kernel.h"
#include "model/virt/virt.h"

enum { I2C_DRIVER = 0x20003, BUFFER = 1, UPCALL = 0, I2C_MAX = 128 };
enum { EXISTS, WRITE, READ, WRITE_READ, SET_RATE, GET_RATE };
enum { ADDRESS, OUT, IN }; /* words of a request; behind them that of the client's configuration */
enum { RATE = VIRT_WORDS, WORDS };
enum { KERNEL_ADDRESS = 0x40 }; /* kernel clients talk to this one and the next ones */

/* ---- operations */

static uint32_t base_of(const struct kernel *k)
{
    return virt_place(k, &virt_i2c)->base;
}

/* Kernel clients use the slowest. */
static uint32_t rate_of(struct kernel *k, struct hw *hw, uint32_t client)
{
    uint32_t words[WORDS];

    if (client >= CLIENT_KERNEL ||
        capsule_state_load(hw, &k->processes[client], &i2c_driver, words, WORDS))
        return 0;
    return words[RATE];
}

static enum err sizes_check(uint32_t out, uint32_t in)
{
    return out > I2C_MAX || in > I2C_MAX - out || out + in == 0 ? ERR_SIZE : ERR_NONE;
}

/* What goes out stands first, what comes behind it. */
static enum err buffer_lend(struct kernel *k, struct hw *hw, uint32_t client, uint32_t out,
                            uint32_t in, struct span *down)
{
    if (out == 0)
        return virt_reserve(k, hw, &virt_i2c, client, in, down);
    return virt_load_and_reserve(k, hw, &virt_i2c, client, ALLOW_RW, BUFFER, 0, out, in, down);
}

/* Rate and address are the client's own, set anew for each transfer. */
static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    uint32_t out = request[OUT], in = request[IN], rate = rate_of(k, hw, client);
    struct span down;
    enum err err = sizes_check(out, in);

    if (!err && (request[ADDRESS] >= TWIM_ADDRESSES || rate >= TWIM_RATES))
        err = ERR_INVAL;
    if (!err)
        err = buffer_lend(k, hw, client, out, in, &down);
    if (err)
        return err;
    virt_of(k, &virt_i2c)->progress = out << 16 | in;
    chip_twim_transfer(hw, base_of(k), rate, request[ADDRESS], (struct span){down.base, out},
                       (struct span){down.base + out, in});
    return ERR_NONE;
}

static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    if (!err && request[IN] > 0)
        result = virt_unload(k, hw, &virt_i2c, p, BUFFER, request[OUT], result);
    virt_upcall(k, hw, &virt_i2c, p, UPCALL, err, err ? 0 : result, 0);
}

/* STOP at first, and STOPPED ends it: whoever is addressed must not stay in mid-byte. Until then
 * DMA goes on in the buffer, which is still the dead client's. A clock that is held lets no STOP
 * out: then the timeout comes, and nothing but the cut is left. */
static void abort_soon(struct kernel *k, struct hw *hw)
{
    if (!virt_of(k, &virt_i2c)->given_up) {
        chip_twim_stop(hw, base_of(k));
        return;
    }
    chip_twim_cut(hw, base_of(k));
    virt_end(k, hw, &virt_i2c, ERR_FAIL, 0);
}

/* Each has an address of its own; those with odd numbers write a byte first. */
static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    uint32_t number = client - CLIENT_KERNEL;

    request[ADDRESS] = KERNEL_ADDRESS + number;
    request[OUT] = number % 2;
    request[IN] = 2;
}

const struct virt_type virt_i2c = {
    .id = VIRT_I2C,
    .driver = &i2c_driver,
    .buffer_size = I2C_MAX,
    .timeout_ms = 100, /* 128 bytes take 11.8 ms at the slowest rate */
    .begin = begin,
    .deliver = deliver,
    .abort = abort_soon,
    .kernel_request = kernel_request,
};

/* ---- the driver */

static enum err rate_store(struct hw *hw, struct process *p, uint32_t hz)
{
    uint32_t words[WORDS], rate = chip_twim_rate(hz);
    enum err err = rate < TWIM_RATES ? grant_allocate(hw, p, &i2c_driver) : ERR_INVAL;

    if (!err)
        err = capsule_state_load(hw, p, &i2c_driver, words, WORDS);
    if (err)
        return err;
    words[RATE] = rate;
    return capsule_state_store(hw, p, &i2c_driver, words, WORDS);
}

static struct syscall_return rate_get(struct kernel *k, struct hw *hw, const struct process *p)
{
    uint32_t rate = rate_of(k, hw, p->id.index);

    return rate < TWIM_RATES ? return_success_1(chip_twim_hz(rate)) : return_failure(ERR_FAIL);
}

static enum err transfer(struct kernel *k, struct hw *hw, struct process *p, uint32_t address,
                         uint32_t out, uint32_t in)
{
    const uint32_t request[VIRT_WORDS] = {[ADDRESS] = address, [OUT] = out, [IN] = in};
    uint32_t room = grant_allow(hw, p, &i2c_driver, ALLOW_RW, BUFFER).size;
    enum err err = sizes_check(out, in);

    if (!err && (out > room || in > room))
        err = ERR_SIZE;
    if (!err && address >= TWIM_ADDRESSES)
        err = ERR_INVAL;
    return err ? err : virt_ask_process(k, hw, &virt_i2c, p, request);
}

static enum err write_read(struct kernel *k, struct hw *hw, struct process *p, uint32_t a,
                           uint32_t in)
{
    uint32_t out = a >> 8;

    return out == 0 || in == 0 ? ERR_SIZE : transfer(k, hw, p, a & 0xff, out, in);
}

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    switch (number) {
    case EXISTS:
        return return_success();
    case WRITE:
        return return_of(transfer(k, hw, p, a, b, 0));
    case READ:
        return return_of(transfer(k, hw, p, a, 0, b));
    case WRITE_READ:
        return return_of(write_read(k, hw, p, a, b));
    case SET_RATE:
        return return_of(rate_store(hw, p, a));
    case GET_RATE:
        return rate_get(k, hw, p);
    default:
        return return_failure(ERR_NOSUPPORT);
    }
}

static bool present(const struct kernel *k)
{
    return virt_present(k, &virt_i2c);
}

static void start(struct kernel *k, struct hw *hw)
{
    virt_start(k, hw, &virt_i2c);
    chip_twim_start(hw, base_of(k));
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    virt_forget(k, hw, &virt_i2c, id);
}

static bool on_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    uint32_t sizes = virt_of(k, &virt_i2c)->progress, out = sizes >> 16, in = sizes & 0xffff;

    if (virt_place(k, &virt_i2c)->line != line)
        return false;
    if (chip_twim_ended(hw, base_of(k)))
        virt_end(k, hw, &virt_i2c, chip_twim_result(hw, base_of(k), out, in), in > 0 ? in : out);
    return true;
}

const struct driver i2c_driver = {
    .number = I2C_DRIVER,
    .upcalls = UPCALL + 1,
    .allows = {[ALLOW_RW] = BUFFER + 1},
    .grant_bytes = 4 * WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
    .on_interrupt = on_interrupt,
};
