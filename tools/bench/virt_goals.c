/* virt_goals.c: operations through each multiplexer, and how their cost grows with the clients.
 *
 * A machine is the board "services" with so many apps that always ask: each asks again in the step
 * behind its upcall. A unit is an upcall: asking, turn, chip, callback, upcall, all monitors
 * included. No rule may break, or the time means nothing.
 */
#define _POSIX_C_SOURCE 200809L /* open_memstream */

#include "model/virt/key_slots.h"
#include "model/virt/udp.h"
#include "sim/app_steps.h"
#include "sim/scenario_load.h"
#include "sim/verdict.h"
#include "tools/bench/bench.h"
#include "tools/catalogue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 7 }; /* as many as there are key registers for clients */
_Static_assert((int)FEW == (int)CRYPTO_KEYS, "each has one");

/* What each client does: once, and for ever. */
static const struct virt_case {
    const char *driver;
    unsigned upcall;
    const char *once, *ask;
    const char *world;
} cases[VIRT_NAMES] = {
    [VIRT_ALARM] = {"alarm", 0, "", "\"number\": 5, \"args\": [20]", ""},
    [VIRT_RNG] = {"rng", 0,
                  "{\"allow_rw\": {\"driver\": \"rng\", \"number\": 0, \"address\": \"app.ram\", "
                  "\"size\": 8}},",
                  "\"number\": 1, \"args\": [8]", ""},
    [VIRT_ADC] = {"adc", 0, "", "\"number\": 1, \"args\": [1]", ""},
    [VIRT_SPI] =
        {"spi", 0,
         "{\"allow_ro\": {\"driver\": \"spi\", \"number\": 0, \"address\": \"app.ram\", "
         "\"size\": 4}}, {\"command\": {\"driver\": \"spi\", \"number\": 3, \"args\": "
         "[5]}}, {\"command\": {\"driver\": \"spi\", \"number\": 5, \"args\": [1000000]}},",
         "\"number\": 2, \"args\": [4]",
         "\"chip\": {\"is\": \"spi-flash\", \"on\": \"SPIM0\", \"select\": 5}"},
    [VIRT_I2C] = {"i2c", 0,
                  "{\"allow_rw\": {\"driver\": \"i2c\", \"number\": 1, \"address\": \"app.ram\", "
                  "\"size\": 4}},",
                  "\"number\": 2, \"args\": [72, 2]",
                  "\"sensor\": {\"is\": \"i2c-sensor\", \"on\": \"TWIM1\", \"address\": "
                  "\"0x48\"}"},
    [VIRT_STORAGE] = {"storage", 0,
                      "{\"allow_rw\": {\"driver\": \"storage\", \"number\": 0, \"address\": "
                      "\"app.ram\", \"size\": 8}},",
                      "\"number\": 2, \"args\": [0, 8]", ""},
    [VIRT_CRYPTO] = {"crypto", 0,
                     "{\"allow_ro\": {\"driver\": \"crypto\", \"number\": 0, \"address\": "
                     "\"app.ram\", \"size\": 16}}, {\"allow_ro\": {\"driver\": \"crypto\", "
                     "\"number\": 1, \"address\": \"app.ram\", \"size\": 16}}, {\"allow_rw\": "
                     "{\"driver\": \"crypto\", \"number\": 0, \"address\": \"app.ram+16\", "
                     "\"size\": 16}}, {\"command\": {\"driver\": \"crypto\", \"number\": 1}, "
                     "\"expect\": {\"success\": [null]}, \"into\": \"key\"}, {\"command\": "
                     "{\"driver\": \"crypto\", \"number\": 2, \"args\": [\"$key\"]}}, {\"yield\": "
                     "\"wait\"},",
                     "\"number\": 3, \"args\": [\"$key\", 16]", ""},
    [VIRT_UART] = {"console", 1,
                   "{\"allow_ro\": {\"driver\": \"console\", \"number\": 1, \"address\": "
                   "\"app.ram\", \"size\": 4}},",
                   "\"number\": 1, \"args\": [4]", ""},
    [VIRT_UDP] = {"udp", 1,
                  "{\"allow_ro\": {\"driver\": \"udp\", \"number\": 0, \"address\": \"app.ram\", "
                  "\"size\": 4}}, {\"command\": {\"driver\": \"udp\", \"number\": 1, \"args\": "
                  "[0]}},",
                  "\"number\": 3, \"args\": [4, 7]", ""},
};

struct clients_at {
    struct family family;
    struct machine_setup *setup;
    struct hw hw;
};

/* ---- a machine */

static void write_app(FILE *out, const struct virt_case *c, uint32_t index)
{
    fprintf(out,
            "%s{\"name\": \"app%" PRIu32 "\", \"ram\": 1024, \"short_id\": 1, \"variables\": "
            "{\"done\": 0, \"key\": 0}, \"steps\": [{\"subscribe\": {\"driver\": \"%s\", "
            "\"number\": %u, \"upcall\": \"over\"}}, %s {\"forever\": [{\"command\": {\"driver\": "
            "\"%s\", %s}, \"expect\": \"success\"}, {\"yield\": \"wait\"}]}], \"upcalls\": "
            "{\"over\": [{\"add\": {\"done\": 1}}]}}",
            index ? ", " : "", index, c->driver, c->upcall, c->once, c->driver, c->ask);
}

static char *text_of(const struct virt_case *c, uint32_t clients, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    if (!out)
        abort();
    fprintf(out, "{\"claim\": \"Turns.\", \"source\": \"none\", \"board\": \"services\", "
                 "\"apps\": [");
    for (uint32_t i = 0; i < clients; i++)
        write_app(out, c, i);
    fprintf(out,
            "], \"world\": {%s}, \"until_ms\": 1000000000, \"expect\": {\"count\": "
            "{\"event\": \"upcall app0 over\", \"min\": 1}}}\n",
            c->world);
    if (fclose(out) != 0)
        abort();
    return text;
}

static void load(const struct bench *b, struct clients_at *at, const struct virt_case *c,
                 uint32_t clients)
{
    char path[512];
    size_t size;
    char *text = text_of(c, clients, &size);
    const struct catalogue known = catalogue();
    const struct load_options options = {0};
    struct problems problems = {0};
    snprintf(path, sizeof path, "%s/virtualization/bench.json", b->scenarios);
    if (!scenario_load_text(path, text, size, &known, &options, &at->family, &problems)) {
        fprintf(stderr, "%s", problems.text ? problems.text : "");
        bench_fail("a scenario of the bench is refused");
    }
    problems_free(&problems);
    free(text);
}

static uint64_t units(const struct clients_at *at)
{
    const struct scenario *s = at->family.members[0];
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->app_count; i++)
        sum += app_steps_variable(machine_app(at->hw.m, i), 0);
    return sum;
}

static void check(struct machine *m)
{
    const struct verdict *first;
    char text[VERDICT_TEXT_MAX];
    if (machine_verdicts(m, &first) == 0 && machine_state(m) == RUN_GOING)
        return;
    snprintf(text, sizeof text, "a machine of the bench stopped");
    if (machine_verdicts(m, &first) > 0)
        verdict_describe_run(m, first, text, sizeof text);
    bench_fail(text);
}

/* Through stretches of virtual time, so that upcalls are counted seldom. */
static uint64_t go(void *state, uint64_t rounds)
{
    struct clients_at *at = state;
    uint64_t before = units(at), done = 0;
    while (done < rounds) {
        uint64_t now = machine_now_ps(at->hw.m), all = before + done;
        (void)machine_run(&at->hw, now + (rounds - done) * (all ? now / all + 1 : PS_PER_MS));
        done = units(at) - before;
        check(at->hw.m);
    }
    return done;
}

static void make(const struct bench *b, struct clients_at *at, uint32_t virt, uint32_t clients)
{
    const char *why;
    uint32_t bad_image;
    load(b, at, &cases[virt], clients);
    at->setup = machine_setup_make(at->family.members[0], &why);
    if (!at->setup)
        bench_fail(why);
    at->hw.m = machine_make(at->setup);
    if (!at->hw.m || machine_boot(&at->hw, &bad_image))
        bench_fail("a machine of the bench does not start");
    (void)go(at, (uint64_t)4 * clients);
}

static void give_back(struct clients_at *at)
{
    machine_free(at->hw.m);
    machine_setup_free(at->setup);
    family_free(&at->family);
}

/* ---- goals */

/* Many clients against one; what a few take is told beside it. */
static void measure(const struct bench *b, struct figure *f, uint32_t virt, uint32_t many)
{
    struct clients_at one = {0}, few = {0}, all = {0};
    struct figure beside = {0};
    make(b, &one, virt, 1);
    make(b, &few, virt, FEW);
    make(b, &all, virt, many);
    measure_ratio(b, &beside, (struct work){.run = go, .state = &few},
                  (struct work){.run = go, .state = &one});
    measure_ratio(b, f, (struct work){.run = go, .state = &all},
                  (struct work){.run = go, .state = &one});
    snprintf(f->why, sizeof f->why,
             "alone %.0f operations a second; 7 clients %.2fx; %" PRIu32 " %.0f a second",
             1e9 / f->base_ns, beside.value, many, 1e9 / f->ns);
    give_back(&one);
    give_back(&few);
    give_back(&all);
}

void measure_virt_uart(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_UART, PROCESS_MAX);
}

void measure_virt_udp(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_UDP, UDP_PORTS);
}

void measure_virt_adc(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_ADC, PROCESS_MAX);
}

void measure_virt_spi(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_SPI, PROCESS_MAX);
}

void measure_virt_i2c(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_I2C, PROCESS_MAX);
}

void measure_virt_storage(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_STORAGE, PROCESS_MAX);
}

void measure_virt_crypto(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_CRYPTO, CRYPTO_KEYS);
}

void measure_virt_rng(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_RNG, PROCESS_MAX);
}

void measure_virt_alarm(const struct bench *b, struct figure *f)
{
    measure(b, f, VIRT_ALARM, PROCESS_MAX);
}
