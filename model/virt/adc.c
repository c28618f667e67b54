#include "model/chip_saadc.h"
#include "model/kernel.h"
#include "model/virt/virt.h"

enum { ADC_DRIVER = 0x5, UPCALL = 0, ADC_BUFFER = 64 };
enum { EXISTS, SAMPLE };
enum { CHANNEL }; /* words of a request */

/* ---- single samples: one reading serves all who wait for the same channel as it begins */

static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    struct span down;

    if (request[CHANNEL] >= SAADC_INPUTS)
        return ERR_INVAL;
    enum err err = virt_reserve(k, hw, &virt_adc, client, SAADC_RESULT, &down);
    if (err)
        return err;
    chip_saadc_sample(hw, virt_place(k, &virt_adc)->base, request[CHANNEL], down);
    return ERR_NONE;
}

static bool joins(const uint32_t mine[VIRT_WORDS], const uint32_t theirs[VIRT_WORDS])
{
    return mine[CHANNEL] == theirs[CHANNEL];
}

static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    virt_upcall(k, hw, &virt_adc, p, UPCALL, err, request[CHANNEL], result);
}

static void abort_now(struct kernel *k, struct hw *hw)
{
    chip_saadc_stop(hw, virt_place(k, &virt_adc)->base);
    virt_end(k, hw, &virt_adc, ERR_CANCEL, 0);
}

static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    request[CHANNEL] = client % SAADC_INPUTS;
}

const struct virt_type virt_adc = {
    .id = VIRT_ADC,
    .driver = &adc_driver,
    .buffer_size = ADC_BUFFER,
    .timeout_ms = 10, /* a sample takes 12 us */
    .begin = begin,
    .deliver = deliver,
    .abort = abort_now,
    .joins = joins,
    .kernel_request = kernel_request,
};

/* ---- sampling on and on: the converter is one client's */

enum err adc_sample_on(struct kernel *k, struct hw *hw, const struct adc_sampling_capability *may,
                       uint32_t channel, uint32_t hz)
{
    struct span buffer = virt_buffer(k, VIRT_ADC);

    (void)may; /* who has it got it from the start-up code */
    if (channel >= SAADC_INPUTS || hz < SAADC_HZ_MIN || hz > SAADC_HZ_MAX)
        return ERR_INVAL;
    enum err err = virt_close(k, &virt_adc);
    if (err)
        return err;
    custody_take(&virt_of(k, &virt_adc)->custody, hw, CLIENT_KERNEL);
    custody_lend(&virt_of(k, &virt_adc)->custody, hw, CLIENT_KERNEL, buffer);
    chip_saadc_sample_on(hw, virt_place(k, &virt_adc)->base, channel, hz, buffer);
    return ERR_NONE;
}

void adc_sample_stop(struct kernel *k, struct hw *hw, const struct adc_sampling_capability *may)
{
    (void)may;
    if (!virt_of(k, &virt_adc)->closed)
        return;
    chip_saadc_stop(hw, virt_place(k, &virt_adc)->base);
    custody_back(&virt_of(k, &virt_adc)->custody, hw);
    custody_wipe(&virt_of(k, &virt_adc)->custody, hw);
    virt_open(k, &virt_adc);
}

/* The kernel's sampler: as many buffers as the board wants, and then it lets go. */
static void buffer_full(struct kernel *k, struct hw *hw)
{
    const struct adc_sampler_config *sampler = &k->config->adc_sampler;

    k->services.adc.buffers++;
    if (sampler->buffers && k->services.adc.buffers >= sampler->buffers)
        adc_sample_stop(k, hw, k->tokens.sample);
    else
        chip_saadc_again(hw, virt_place(k, &virt_adc)->base);
}

/* ---- the driver */

static enum err sample(struct kernel *k, struct hw *hw, struct process *p, uint32_t channel)
{
    const uint32_t request[VIRT_WORDS] = {[CHANNEL] = channel};

    if (channel >= SAADC_INPUTS)
        return ERR_INVAL;
    return virt_ask_process(k, hw, &virt_adc, p, request);
}

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    (void)b;
    if (number == EXISTS)
        return return_success(); /* TRD 104, section 4.3.1: nothing but this */
    if (number != SAMPLE)
        return return_failure(ERR_NOSUPPORT);
    return return_of(sample(k, hw, p, a));
}

static bool present(const struct kernel *k)
{
    return virt_present(k, &virt_adc);
}

static void start(struct kernel *k, struct hw *hw)
{
    const struct adc_sampler_config *sampler = &k->config->adc_sampler;

    k->services.adc = (struct adc_service){0};
    virt_start(k, hw, &virt_adc);
    chip_saadc_start(hw, virt_place(k, &virt_adc)->base);
    if (sampler->hz == 0)
        return;
    enum err err = adc_sample_on(k, hw, k->tokens.sample, sampler->channel, sampler->hz);
    KASSERT(hw, err == ERR_NONE); /* the config was checked, and nobody was before us */
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    virt_forget(k, hw, &virt_adc, id);
}

static bool on_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    const struct driver_place *place = virt_place(k, &virt_adc);
    uint8_t result[SAADC_RESULT];

    if (place->line != line)
        return false;
    if (!chip_saadc_ended(hw, place->base))
        return true;
    if (virt_of(k, &virt_adc)->closed) {
        buffer_full(k, hw);
        return true;
    }
    struct span down = virt_of(k, &virt_adc)->custody.down;
    if (down.size == SAADC_RESULT && !hw_ram_read(hw, down, result))
        virt_end(k, hw, &virt_adc, ERR_NONE, result[0] | (uint32_t)result[1] << 8);
    return true;
}

const struct driver adc_driver = {
    .number = ADC_DRIVER,
    .upcalls = UPCALL + 1,
    .grant_bytes = 4 * VIRT_WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
    .on_interrupt = on_interrupt,
};
