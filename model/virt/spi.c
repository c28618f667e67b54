#include "model/capsule_state.h"
#include "model/chip_gpio.h"
#include "model/chip_spim.h"
#include "model/kernel.h"
#include "model/virt/virt.h"

enum { SPI_DRIVER = 0x20001, OUT = 0, IN = 0, UPCALL = 0, SPI_MAX = 128 };
enum {
    EXISTS,
    TRANSFER = 2,
    SET_SELECT,
    GET_SELECT,
    SET_RATE,
    GET_RATE,
    SET_PHASE,
    GET_PHASE,
    SET_POLARITY,
    GET_POLARITY,
    COMMANDS
};
enum { LENGTH }; /* words of a request; behind them those of the client's configuration */
enum { CONFIG = VIRT_WORDS, WORDS };

/* One client's configuration, in a word. HAS_SELECT: it has said which chip it talks to. */
enum { SELECT = 0, RATE = 8, PHASE = 16, POLARITY = 17, HAS_SELECT = 18 };

/* ---- operations */

static uint32_t gpio_base(const struct kernel *k)
{
    return k->config->gpio.base;
}

/* What kernel clients use: the slowest rate, mode 0, and a pin that each of them has by its
 * number. */
static uint32_t config_of(struct kernel *k, struct hw *hw, uint32_t client)
{
    uint32_t words[WORDS];

    if (client >= CLIENT_KERNEL)
        return (client - CLIENT_KERNEL) << SELECT | 1 << HAS_SELECT;
    if (capsule_state_load(hw, &k->processes[client], &spi_driver, words, WORDS))
        return 0;
    return words[CONFIG];
}

static uint32_t field(uint32_t config, uint32_t at, uint32_t mask)
{
    return config >> at & mask;
}

static void select_raise(struct kernel *k, struct hw *hw)
{
    chip_gpio_set(hw, gpio_base(k), virt_of(k, &virt_spi)->progress);
}

/* The configuration is the client's own, set anew for each transfer; its chip's select is low for
 * as long as the transfer lasts. */
static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    uint32_t size = request[LENGTH], config = config_of(k, hw, client);
    uint32_t rate = field(config, RATE, 0xff), pin = field(config, SELECT, 0xff);
    struct span down;

    if (size == 0 || size > SPI_MAX)
        return ERR_SIZE;
    if (!field(config, HAS_SELECT, 1) || rate >= SPIM_RATES || pin >= GPIO_PINS)
        return ERR_INVAL;
    enum err err =
        virt_load_and_reserve(k, hw, &virt_spi, client, ALLOW_RO, OUT, 0, size, size, &down);
    if (err)
        return err;
    virt_of(k, &virt_spi)->progress = pin;
    chip_gpio_set(hw, gpio_base(k), pin);
    chip_gpio_make_output(hw, gpio_base(k), pin);
    chip_gpio_clear(hw, gpio_base(k), pin);
    chip_spim_transfer(hw, virt_place(k, &virt_spi)->base, rate, field(config, PHASE, 3),
                       (struct span){down.base, size}, (struct span){down.base + size, size});
    return ERR_NONE;
}

/* What came stands behind what went. */
static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    if (!err && grant_allow(hw, p, &spi_driver, ALLOW_RW, IN).size > 0)
        (void)virt_unload(k, hw, &virt_spi, p, IN, request[LENGTH], result);
    virt_upcall(k, hw, &virt_spi, p, UPCALL, err, err ? 0 : result, 0);
}

static void abort_now(struct kernel *k, struct hw *hw)
{
    chip_spim_stop(hw, virt_place(k, &virt_spi)->base);
    select_raise(k, hw);
    virt_end(k, hw, &virt_spi, ERR_CANCEL, 0);
}

static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    request[LENGTH] = 1 + client % 8;
}

const struct virt_type virt_spi = {
    .id = VIRT_SPI,
    .driver = &spi_driver,
    .buffer_size = 2 * SPI_MAX,
    .timeout_ms = 100, /* 128 bytes take 8.2 ms at the slowest rate */
    .begin = begin,
    .deliver = deliver,
    .abort = abort_now,
    .kernel_request = kernel_request,
};

/* ---- the driver */

static enum err config_store(struct kernel *k, struct hw *hw, struct process *p, uint32_t at,
                             uint32_t mask, uint32_t value)
{
    uint32_t words[WORDS];
    enum err err = grant_allocate(hw, p, &spi_driver);

    (void)k;
    if (!err)
        err = capsule_state_load(hw, p, &spi_driver, words, WORDS);
    if (err)
        return err;
    words[CONFIG] = (words[CONFIG] & ~(mask << at)) | value << at;
    return capsule_state_store(hw, p, &spi_driver, words, WORDS);
}

static enum err set(struct kernel *k, struct hw *hw, struct process *p, uint32_t number,
                    uint32_t value)
{
    uint32_t rate = chip_spim_rate(value);

    switch (number) {
    case SET_SELECT:
        if (value >= GPIO_PINS)
            return ERR_INVAL;
        return config_store(k, hw, p, SELECT, 0xff | 1 << HAS_SELECT, value | 1 << HAS_SELECT);
    case SET_RATE:
        return rate < SPIM_RATES ? config_store(k, hw, p, RATE, 0xff, rate) : ERR_INVAL;
    case SET_PHASE:
        return value > 1 ? ERR_INVAL : config_store(k, hw, p, PHASE, 1, value);
    default:
        return value > 1 ? ERR_INVAL : config_store(k, hw, p, POLARITY, 1, value);
    }
}

static struct syscall_return get(struct kernel *k, struct hw *hw, const struct process *p,
                                 uint32_t number)
{
    uint32_t config = config_of(k, hw, p->id.index), rate = field(config, RATE, 0xff);

    switch (number) {
    case GET_SELECT:
        return return_success_1(field(config, SELECT, 0xff));
    case GET_RATE:
        return rate < SPIM_RATES ? return_success_1(chip_spim_hz(rate)) : return_failure(ERR_FAIL);
    case GET_PHASE:
        return return_success_1(field(config, PHASE, 1));
    default:
        return return_success_1(field(config, POLARITY, 1));
    }
}

static enum err transfer(struct kernel *k, struct hw *hw, struct process *p, uint32_t size)
{
    const uint32_t request[VIRT_WORDS] = {[LENGTH] = size};

    if (size == 0 || size > SPI_MAX || size > grant_allow(hw, p, &spi_driver, ALLOW_RO, OUT).size)
        return ERR_SIZE;
    if (!field(config_of(k, hw, p->id.index), HAS_SELECT, 1))
        return ERR_RESERVE;
    return virt_ask_process(k, hw, &virt_spi, p, request);
}

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    (void)b;
    switch (number) {
    case EXISTS:
        return return_success();
    case TRANSFER:
        return return_of(transfer(k, hw, p, a));
    case SET_SELECT:
    case SET_RATE:
    case SET_PHASE:
    case SET_POLARITY:
        return return_of(set(k, hw, p, number, a));
    case GET_SELECT:
    case GET_RATE:
    case GET_PHASE:
    case GET_POLARITY:
        return get(k, hw, p, number);
    default:
        return return_failure(ERR_NOSUPPORT);
    }
}

static bool present(const struct kernel *k)
{
    return virt_present(k, &virt_spi) && k->config->gpio.present;
}

static void start(struct kernel *k, struct hw *hw)
{
    virt_start(k, hw, &virt_spi);
    chip_spim_start(hw, virt_place(k, &virt_spi)->base);
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    virt_forget(k, hw, &virt_spi, id);
}

static bool on_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    const struct driver_place *place = virt_place(k, &virt_spi);
    uint32_t size = virt_of(k, &virt_spi)->custody.down.size / 2;

    if (place->line != line)
        return false;
    if (!chip_spim_ended(hw, place->base))
        return true;
    select_raise(k, hw);
    bool whole = chip_spim_received(hw, place->base) == size;
    virt_end(k, hw, &virt_spi, whole ? ERR_NONE : ERR_FAIL, size);
    return true;
}

const struct driver spi_driver = {
    .number = SPI_DRIVER,
    .upcalls = UPCALL + 1,
    .allows = {[ALLOW_RW] = IN + 1, [ALLOW_RO] = OUT + 1},
    .grant_bytes = 4 * WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
    .on_interrupt = on_interrupt,
};
