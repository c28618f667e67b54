/* moment.c: see moment.h. */
#include "fuzz/moment.h"

#include "sim/scenario_load.h"
#include <inttypes.h>
#include <stdio.h>

enum about { DEVICE, LINE, REGISTER, MULTIPLEXER, APP, NOTHING };

static const struct {
    const char *words;
    enum about about;
} rows[] = {
    [MOMENT_IRQ] = {"irq", LINE},
    [MOMENT_TASK] = {"task", DEVICE},
    [MOMENT_READ] = {"kernel-read", DEVICE},
    [MOMENT_WRITE] = {"kernel-write", DEVICE},
    [MOMENT_REGISTER_READ] = {"kernel-read", REGISTER},
    [MOMENT_REGISTER_WRITE] = {"kernel-write", REGISTER},
    [MOMENT_WIRE] = {"wire", DEVICE},
    [MOMENT_DMA_READ] = {"dma-read", NOTHING},
    [MOMENT_DMA_WRITE] = {"dma-write", NOTHING},
    [MOMENT_ASKS] = {"client-asks", MULTIPLEXER},
    [MOMENT_BEGUN] = {"client-begun", MULTIPLEXER},
    [MOMENT_DONE] = {"client-done", MULTIPLEXER},
    [MOMENT_CALL] = {"syscall", APP},
    [MOMENT_COMMAND] = {"command", APP},
    [MOMENT_APP_ASKS] = {"client-asks", APP},
    [MOMENT_APP_BEGUN] = {"client-begun", APP},
};

/* The multiplexer whose device it is, or VIRTS. */
static uint32_t multiplexer_of(const struct scenario *s, const struct board_device *device)
{
    uint32_t virt = 0;
    while (virt < VIRTS && !(config_virt(&s->config, virt)->present &&
                             config_virt(&s->config, virt)->base == device->window.base))
        virt++;
    return virt;
}

static bool moment_text(const struct scenario *s, const struct moment_of *of, char *text,
                        size_t size)
{
    const char *words = rows[of->moment].words;
    const struct board_device *device = &s->board.devices[of->device];
    switch (rows[of->moment].about) {
    case APP:
        (void)snprintf(text, size, "%s %s", s->apps[of->app].name, words);
        return true;
    case LINE:
        (void)snprintf(text, size, "%s %s", words, device->name);
        return device->line != BOARD_NONE;
    case DEVICE:
        (void)snprintf(text, size, "%s %s", words, device->name);
        return true;
    case REGISTER:
        (void)snprintf(text, size, "%s 0x%08" PRIx32, words,
                       device->window.base + device->type->regs[of->row].offset);
        return true;
    case MULTIPLEXER: {
        uint32_t virt = multiplexer_of(s, device);
        if (virt < VIRTS)
            (void)snprintf(text, size, "%s %s", words, virt_words[virt]);
        return virt < VIRTS;
    }
    default:
        (void)snprintf(text, size, "%s", words);
        return true;
    }
}

bool moment_find(const struct scenario *s, const struct moment_of *of, struct pattern *when)
{
    char text[sizeof when->text], why[320];
    return of->moment != MOMENT_THEN && moment_text(s, of, text, sizeof text) &&
           pattern_parse(s, text, when, why, sizeof why);
}

void moment_await(const struct pattern *when, uint32_t nth, uint64_t from_ps, uint64_t after_ps,
                  struct injection *injection)
{
    injection->at_event = true;
    injection->when = *when;
    injection->nth = nth;
    injection->from_ps = from_ps;
    injection->at_ps = after_ps;
}

bool moment_put(const struct scenario *s, const struct moment_of *of, uint32_t nth,
                uint64_t from_ps, uint64_t after_ps, struct injection *injection)
{
    struct pattern when;
    if (!moment_find(s, of, &when))
        return false;
    moment_await(&when, nth, from_ps, after_ps, injection);
    return true;
}
