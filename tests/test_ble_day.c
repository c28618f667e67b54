/* test_ble_day.c: a connection of 24 hours at an interval of a second, with clocks that drift by
 * 250 ppm: every anchor on the air is where exact rational arithmetic puts it, nothing is missed,
 * and no memory is asked for meanwhile.
 */
#include "sim/ble/notes.h"
#include "sim/machine.h"
#include "sim/scenario_load.h"
#include "tools/catalogue.h"

#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOURS = 24,
    HOUR_S = 3600,
    WINDOW_DELAY_US = 1250,
    INTERVAL_US = 1000000,
    RECORD_MAX = 1 << 20
};

#define PPB 1000000000

struct day {
    struct family family;
    struct machine_setup *setup;
    struct hw hw;
    struct recorder recorder;
    uint64_t start_ps; /* end of the CONNECT_IND */
    uint64_t anchors;  /* seen so far */
    bool connected;
};

static const struct {
    const char *program;
    int32_t drift_ppm, claimed_ppm;
    bool holds;
} days[] = {
    {"ble_armed", 250, 250, true},
    {"ble_software", -250, 250, true},
    {"ble_armed", 250, 20, false}, /* what lies about its clock is lost within seconds */
};

static void load(struct day *day, int row)
{
    char text[1024];
    const struct catalogue known = catalogue();
    const struct load_options options = {0};
    struct problems problems = {0};
    int size =
        snprintf(text, sizeof text,
                 "{ \"claim\": \"A connection holds for a day.\", \"source\": \"none\", "
                 "\"board\": \"nrf52840dk\", "
                 "\"apps\": [ { \"name\": \"ble\", \"program\": \"%s\", \"short_id\": 16 } ], "
                 "\"world\": { \"central\": { \"interval_us\": %d, \"timeout_ms\": 4000, "
                 "\"drift_ppm\": %d, \"ppm_claimed\": %d } }, \"until_ms\": 86400000, "
                 "\"expect\": { \"central\": { \"missed\": 0 } } }\n",
                 days[row].program, INTERVAL_US, days[row].drift_ppm, days[row].claimed_ppm);
    bool good = scenario_load_text("scenarios/timing/day.json", text, (size_t)size, &known,
                                   &options, &day->family, &problems);
    ck_assert_msg(good, "%s", problems.text ? problems.text : "");
    problems_free(&problems);
}

static void boot(struct day *day)
{
    const char *why;
    uint32_t bad_image;
    day->setup = machine_setup_make(day->family.members[0], &why);
    ck_assert_msg(day->setup, "%s", why);
    day->hw.m = machine_make(day->setup);
    ck_assert_ptr_nonnull(day->hw.m);
    recorder_start(&day->recorder, RECORD_MAX);
    day->hw.recorder = &day->recorder;
    ck_assert_int_eq(machine_boot(&day->hw, &bad_image), ERR_NONE);
}

static uint64_t fact(struct day *day, const char *name)
{
    const struct peer_type *type = day->family.members[0]->peers[0].type;
    for (uint32_t i = 0; i < type->fact_count; i++)
        if (strcmp(type->facts[i].name, name) == 0)
            return machine_peer_fact(day->hw.m, 0, i);
    ck_abort_msg("no fact is named %s", name);
}

/* Microsecond `us` of the central's clock behind the CONNECT_IND, rounded up to a picosecond. */
static uint64_t exact_ps(const struct day *day, uint64_t us, int64_t drift_ppm)
{
    typedef unsigned __int128 wide;
    uint64_t rate = (uint64_t)(PPB + drift_ppm * 1000);
    return day->start_ps + (uint64_t)(((wide)us * PS_PER_US * PPB + rate - 1) / rate);
}

/* Reads the records so far: in an event without data the central sends one packet, its anchor. */
static void read_anchors(struct day *day, int64_t drift_ppm)
{
    uint32_t central = day->family.members[0]->board.device_count;
    ck_assert_uint_lt(day->recorder.count, RECORD_MAX);
    for (uint64_t i = 0; i < day->recorder.count; i++) {
        const struct record *r = &day->recorder.records[i];
        if (r->kind == EVENT_PEER_NOTE && r->address == BLE_NOTE_STATE &&
            pair_low(r->value) == BLE_PEER_CREATED) {
            day->connected = true;
            day->start_ps = r->at_ps;
        } else if (day->connected && r->kind == EVENT_AIR_START &&
                   air_device(r->value) == central) {
            uint64_t us = WINDOW_DELAY_US + day->anchors++ * INTERVAL_US;
            ck_assert_uint_eq(r->at_ps, exact_ps(day, us, drift_ppm));
        }
    }
    day->recorder.count = 0;
}

static void run_hours(struct day *day, int64_t drift_ppm)
{
    size_t allocated = 0;
    for (uint64_t hour = 1; hour <= HOURS; hour++) {
        for (uint64_t part = 1; part <= 4; part++) {
            machine_run(&day->hw, ((hour - 1) * HOUR_S + part * HOUR_S / 4) * PS_PER_S);
            read_anchors(day, drift_ppm);
        }
        if (hour == 1)
            allocated = mallinfo2().uordblks;
        ck_assert_uint_eq(mallinfo2().uordblks, allocated);
    }
}

START_TEST(a_day_of_a_connection_is_where_rational_arithmetic_puts_it)
{
    struct day day = {0};
    load(&day, _i);
    boot(&day);
    run_hours(&day, days[_i].drift_ppm);

    ck_assert(day.connected);
    ck_assert_uint_eq(fact(&day, "connected"), days[_i].holds);
    if (days[_i].holds) {
        const struct verdict *first;
        ck_assert_uint_eq(machine_verdicts(day.hw.m, &first), 0);
        ck_assert_uint_eq(fact(&day, "missed"), 0);
        ck_assert_uint_eq(fact(&day, "events"), day.anchors);
        ck_assert_uint_ge(day.anchors, HOURS * HOUR_S - 25); /* 250 ppm are 22 of them */
    } else {
        ck_assert_uint_gt(fact(&day, "missed"), 0);
    }
    recorder_free(&day.recorder);
    machine_free(day.hw.m);
    machine_setup_free(day.setup);
    family_free(&day.family);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("ble day");
    TCase *t = tcase_create("day");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, a_day_of_a_connection_is_where_rational_arithmetic_puts_it, 0,
                        (int)(sizeof days / sizeof days[0]));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
