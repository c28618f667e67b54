/* ble_goals.c: a Bluetooth LE connection: events of one link and of eight, an hour, a day.
 *
 * A machine is one board with a peripheral's app, the air and a central (sim/world/central.h), all
 * monitors included. A unit is a connection event, as the central counts them. Nothing may be
 * missed and no rule may break, or the time means nothing.
 */
#define _POSIX_C_SOURCE 200809L /* sysconf */

#include "sim/scenario_load.h"
#include "sim/verdict.h"
#include "tools/bench/bench.h"
#include "tools/catalogue.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_PS (UINT64_C(7500) * PS_PER_US)

enum { LINKS = 8, HOUR_EVENTS = 480000, DAY_HOURS = 24, TEXT_MAX = 1024 };

struct link {
    struct family family;
    struct machine_setup *setup;
    struct hw hw;
    uint32_t events, missed; /* which facts of the central these are */
};

/* ---- a link */

static uint32_t fact_named(const struct peer_type *type, const char *name)
{
    for (uint32_t i = 0; i < type->fact_count; i++)
        if (strcmp(type->facts[i].name, name) == 0)
            return i;
    bench_fail("a fact of the central is missing");
}

/* A kernel that keeps the radio, for the design that asks it for each packet. */
#define RADIO_KEPT                                                                                 \
    "{ \"name\": \"nrf52840dk\", \"kernel\": { \"alarm\": \"RTC1\", \"console\": \"UARTE0\", "     \
    "\"gpio\": \"P0\", \"radio\": { \"device\": \"RADIO\", \"timer\": \"TIMER0\", \"ppi\": "       \
    "\"PPI\", "                                                                                    \
    "\"clock\": \"CLOCK\" } } }"
#define RADIO_LENT "\"nrf52840dk\""

static void load_link(const struct bench *b, struct link *link, const char *program)
{
    const char *board = strcmp(program, "ble_syscalls") == 0 ? RADIO_KEPT : RADIO_LENT;
    char text[TEXT_MAX], path[512];
    const struct catalogue known = catalogue();
    const struct load_options options = {0};
    struct problems problems = {0};
    int size =
        snprintf(text, sizeof text,
                 "{ \"claim\": \"A connection holds.\", \"source\": \"none\", \"board\": %s, "
                 "\"apps\": [ { \"name\": \"ble\", \"program\": \"%s\", \"short_id\": 16 } ], "
                 "\"world\": { \"central\": { \"interval_us\": 7500, \"timeout_ms\": 100, "
                 "\"drift_ppm\": 250, \"ppm_claimed\": 250 } }, \"until_ms\": 100000000, "
                 "\"expect\": { \"central\": { \"missed\": 0 } } }\n",
                 board, program);
    snprintf(path, sizeof path, "%s/timing/bench.json", b->scenarios);
    if (!scenario_load_text(path, text, (size_t)size, &known, &options, &link->family, &problems)) {
        fprintf(stderr, "%s", problems.text ? problems.text : "");
        bench_fail("a scenario of the bench is refused");
    }
    problems_free(&problems);
}

static uint64_t fact_of(struct link *link, uint32_t fact)
{
    return machine_peer_fact(link->hw.m, 0, fact);
}

/* False, and why, if a rule broke or an event was missed. */
static bool link_holds(struct link *link, char text[VERDICT_TEXT_MAX])
{
    struct machine *m = link->hw.m;
    const struct verdict *first;
    if (machine_verdicts(m, &first) > 0)
        verdict_describe_run(m, first, text, VERDICT_TEXT_MAX);
    else if (fact_of(link, link->missed) > 0 || machine_state(m) != RUN_GOING)
        snprintf(text, VERDICT_TEXT_MAX, "a connection of the bench does not hold");
    else
        return true;
    return false;
}

/* It ends in the middle of an event or between two: that does not matter. */
static uint64_t link_go(struct link *link, uint64_t events)
{
    uint64_t before = fact_of(link, link->events);
    (void)machine_run(&link->hw, machine_now_ps(link->hw.m) + events * INTERVAL_PS);
    return fact_of(link, link->events) - before;
}

static uint64_t link_run(struct link *link, uint64_t events)
{
    char text[VERDICT_TEXT_MAX];
    uint64_t done = link_go(link, events);
    if (!link_holds(link, text))
        bench_fail(text);
    return done;
}

/* False, and why: there is no connection to be timed. */
static bool link_make(const struct bench *b, struct link *link, const char *program,
                      char text[VERDICT_TEXT_MAX])
{
    const char *why;
    uint32_t bad_image;
    load_link(b, link, program);
    const struct scenario *s = link->family.members[0];
    link->setup = machine_setup_make(s, &why);
    if (!link->setup)
        bench_fail(why);
    link->hw.m = machine_make(link->setup);
    if (!link->hw.m || machine_boot(&link->hw, &bad_image))
        bench_fail("a machine of the bench does not start");
    link->events = fact_named(s->peers[0].type, "events");
    link->missed = fact_named(s->peers[0].type, "missed");
    snprintf(text, VERDICT_TEXT_MAX, "%s does not connect", program);
    return link_go(link, 200) >= 100 && link_holds(link, text);
}

static void link_free(struct link *link)
{
    machine_free(link->hw.m);
    machine_setup_free(link->setup);
    family_free(&link->family);
}

/* ---- events */

struct links {
    struct link *of;
    uint64_t count, at;
};

static uint64_t run_links(void *state, uint64_t rounds)
{
    struct links *links = state;
    uint64_t events = 0;
    if (links->count == 1)
        return link_run(links->of, rounds + 1);
    for (uint64_t i = 0; i < rounds; i++)
        events += link_run(&links->of[links->at++ % links->count], 1);
    return events;
}

static double records_of_an_event(struct link *link)
{
    uint64_t before = machine_record_count(link->hw.m);
    uint64_t events = link_run(link, 1000);
    return (double)(machine_record_count(link->hw.m) - before) / (double)events;
}

/* What keeps it from its goal: it is seven times as many steps as the loop's, each of them
 * recorded, hashed and judged (some 440 instructions a record; the loop's whole event is about as
 * many). A quarter goes into the app's 48 operations, a third into the kernel's three interrupts,
 * the rest into what wakes between them: 22 moments of devices, air and central; monitors are a
 * fifth. No part of it stands out: the largest function has a twelfth, the hash is a twentieth. At
 * the cost of the loop's own steps 217 records would be 7x. And the code of an event is larger than
 * a first-level cache for instructions: 16,000 different ones, 87 KiB with what lies between them;
 * a simulated cache of 32 KiB misses some 3,000 lines an event. */
static void measure_links(const struct bench *b, struct figure *f, const char *program,
                          uint32_t count)
{
    struct link links[LINKS] = {0};
    struct links work = {links, count, 0};
    char text[VERDICT_TEXT_MAX];
    bool connected = true;
    for (uint32_t i = 0; i < count; i++)
        connected &= link_make(b, &links[i], program, text);
    if (connected) {
        double records = records_of_an_event(&links[0]);
        measure_ratio(b, f, (struct work){.run = run_links, .state = &work}, limit_event());
        snprintf(f->why, sizeof f->why,
                 "%s%.0f records an event, L2 has 31; simulated : wall = %.0f",
                 count > 1 ? "one machine each, in turn; " : "", records, 7.5e6 / f->ns);
    } else {
        figure_cannot(f, "%s", text);
    }
    for (uint32_t i = 0; i < count; i++)
        link_free(&links[i]);
}

void measure_event_syscalls(const struct bench *b, struct figure *f)
{
    measure_links(b, f, "ble_syscalls", 1);
}

void measure_event_software(const struct bench *b, struct figure *f)
{
    measure_links(b, f, "ble_software", 1);
}

void measure_event_armed(const struct bench *b, struct figure *f)
{
    measure_links(b, f, "ble_armed", 1);
}

void measure_event_eight(const struct bench *b, struct figure *f)
{
    measure_links(b, f, "ble_armed", LINKS);
}

/* ---- long connections */

/* Pages that are in memory. 0: the system does not say. */
static uint64_t resident_bytes(void)
{
    char text[128] = "", *second;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file)
        return 0;
    bool good = fgets(text, sizeof text, file);
    fclose(file);
    second = strchr(text, ' ');
    uint64_t pages = good && second ? strtoull(second, NULL, 10) : 0;
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Each hour apart, so that what grows with time would be seen. */
static void measure_hours(const struct bench *b, struct figure *f, uint32_t hours)
{
    struct link link = {0};
    char text[VERDICT_TEXT_MAX];
    if (!link_make(b, &link, "ble_armed", text))
        bench_fail(text);
    (void)link_run(&link, 1000);
    uint64_t resident = resident_bytes();
    size_t allocated = mallinfo2().uordblks;
    for (uint32_t hour = 0; hour < hours; hour++) {
        double start = seconds_now();
        (void)link_run(&link, HOUR_EVENTS);
        double took = seconds_now() - start;
        f->value += took / hours;
        f->min = hour == 0 || took < f->min ? took : f->min;
        f->max = took > f->max ? took : f->max;
    }
    f->measured = true;
    snprintf(f->why, sizeof f->why,
             "grown by %" PRIu64 " KiB resident, %zu bytes allocated; a machine is %zu KiB",
             (resident_bytes() - resident) / 1024, mallinfo2().uordblks - allocated,
             link.setup->size / 1024);
    link_free(&link);
}

void measure_hour(const struct bench *b, struct figure *f)
{
    if (b->quick)
        figure_cannot(f, "left out of a quick run");
    else
        measure_hours(b, f, 1);
}

void measure_day(const struct bench *b, struct figure *f)
{
    if (b->long_runs)
        measure_hours(b, f, DAY_HOURS);
    else
        figure_cannot(f, "takes a minute or more: --long");
}
