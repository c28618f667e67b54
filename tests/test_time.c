/* test_time.c: clocks, random streams and the trace's hash. */
#include "sim/clock.h"
#include "sim/random.h"
#include "sim/trace.h"

#include <check.h>
#include <stdlib.h>

/* Edge n of a clock, worked out by hand from n * 10^21 / (hz * (10^9 + ppb)), rounded up. */
static const struct {
    const char *why;
    struct clock clock;
    uint64_t n, at_ps;
} edges[] = {
    {"a whole period", {64000000, 0, 0}, 1, 15625},
    {"a whole period, far away", {64000000, 0, 0}, 64000000, PS_PER_S},
    {"the phase is edge 0", {64000000, 0, 7}, 0, 7},
    {"the phase moves every edge", {16000000, 0, 100}, 3, 187600},
    {"no whole period: rounded up", {32768, 0, 0}, 1, 30517579},
    {"no error accumulates", {32768, 0, 0}, 32768, PS_PER_S},
    {"no error in a day", {32768, 0, 0}, 32768 * UINT64_C(86400), PS_PER_S *UINT64_C(86400)},
    {"50 ppm fast comes early", {16000000, 50000, 0}, 16000000, UINT64_C(999950002500)},
    {"50 ppm slow comes late", {16000000, -50000, 0}, 16000000, UINT64_C(1000050002501)},
    {"the end of time", {32768, 0, 0}, UINT64_C(1) << 50, TIME_NEVER},
};

START_TEST(edge_is_where_rational_arithmetic_puts_it)
{
    uint64_t at = clock_edge_ps(&edges[_i].clock, edges[_i].n);

    ck_assert_msg(at == edges[_i].at_ps, "%s: edge %llu at %llu ps, expected %llu", edges[_i].why,
                  (unsigned long long)edges[_i].n, (unsigned long long)at,
                  (unsigned long long)edges[_i].at_ps);
}
END_TEST

START_TEST(counting_edges_is_the_inverse_of_placing_them)
{
    struct random random = random_start(1, 1);
    for (int i = 0; i < 20000; i++) {
        struct clock clock = {.hz = 1 + random_below(&random, 64000000),
                              .drift_ppb = (int64_t)random_below(&random, 1000000) - 500000,
                              .phase_ps = random_below(&random, PS_PER_US)};
        uint64_t n = random_below(&random, UINT64_C(1) << 30);
        uint64_t at = clock_edge_ps(&clock, n);
        ck_assert_uint_eq(clock_edges(&clock, at), n);
        if (n > 0)
            ck_assert_uint_eq(clock_edges(&clock, at - 1), n - 1);
    }
}
END_TEST

/* The clocks that boards, radios and peers have: those for which there is a shorter way. */
static const struct clock usual[] = {
    {16000000, 0, 77},      {16000000, 250000, 3},    {32768, 0, 5},      {32768, -250000, 0},
    {1000000, 250000, 123}, {1000000000, -40000, 11}, {1000000000, 0, 0}, {999999937, 1, 0},
};

START_TEST(shorter_ways_give_what_the_fractions_give)
{
    typedef unsigned __int128 wide;
    const struct clock *clock = &usual[_i];
    struct random random = random_start(2, 2);
    wide hz = (wide)clock->hz * (wide)(1000000000 + clock->drift_ppb);
    wide unit = (wide)PS_PER_S * 1000000000;
    for (int i = 0; i < 20000; i++) {
        uint64_t at = clock->phase_ps + random_below(&random, UINT64_C(1) << (10 + i % 52));
        uint64_t n = (uint64_t)((wide)(at - clock->phase_ps) * hz / unit);
        ck_assert_uint_eq(clock_edges(clock, at), n);
        if (n < UINT64_C(1) << 50)
            ck_assert_uint_eq(clock_edge_ps(clock, n),
                              clock->phase_ps + (uint64_t)(((wide)n * unit + hz - 1) / hz));
    }
}
END_TEST

START_TEST(before_the_phase_no_edge_has_been)
{
    struct clock clock = {16000000, 0, 5000};

    ck_assert_uint_eq(clock_edges(&clock, 4999), 0);
}
END_TEST

START_TEST(streams_of_two_purposes_differ_and_of_one_seed_agree)
{
    struct random a = random_start(7, RANDOM_DEVICE);
    struct random b = random_start(7, RANDOM_TIES);
    struct random again = random_start(7, RANDOM_DEVICE);
    uint64_t first = random_next(&a);

    ck_assert_uint_ne(first, random_next(&b));
    ck_assert_uint_eq(first, random_next(&again));
}
END_TEST

START_TEST(bounded_draws_stay_below_their_bound_and_reach_all_of_it)
{
    struct random random = random_start(3, RANDOM_INJECT);
    uint32_t seen[5] = {0};
    for (int i = 0; i < 5000; i++) {
        uint64_t draw = random_below(&random, 5);
        ck_assert_uint_lt(draw, 5);
        seen[draw]++;
    }
    for (int i = 0; i < 5; i++)
        ck_assert_uint_gt(seen[i], 800);
}
END_TEST

/* Each row changes one field of the same record. */
static const struct record changed[] = {
    {2, 1, 1, 1, 1}, {1, 2, 1, 1, 1}, {1, 1, 2, 1, 1}, {1, 1, 1, 2, 1}, {1, 1, 1, 1, 2},
};

START_TEST(every_field_is_in_the_hash)
{
    const struct record record = {1, 1, 1, 1, 1};

    ck_assert_uint_ne(trace_hash(TRACE_HASH_START, &record),
                      trace_hash(TRACE_HASH_START, &changed[_i]));
}
END_TEST

START_TEST(words_that_change_places_change_the_hash)
{
    const struct record record = {5, 0, 0, 0, 9}, other = {9, 0, 0, 0, 5};

    ck_assert_uint_ne(trace_hash(TRACE_HASH_START, &record), trace_hash(TRACE_HASH_START, &other));
}
END_TEST

START_TEST(order_is_in_the_hash)
{
    uint64_t ab = trace_hash(trace_hash(TRACE_HASH_START, &changed[0]), &changed[1]);
    uint64_t ba = trace_hash(trace_hash(TRACE_HASH_START, &changed[1]), &changed[0]);

    ck_assert_uint_ne(ab, ba);
}
END_TEST

START_TEST(hash_of_a_known_record_is_the_same_on_every_machine)
{
    const struct record record = {15625, EVENT_STORE, 1, 0x40008540, 0x4000003e8};

    ck_assert_uint_eq(trace_hash(TRACE_HASH_START, &record), UINT64_C(0xd5f7d231d91230bb));
}
END_TEST

START_TEST(every_kind_of_record_has_a_name)
{
    for (unsigned kind = EVENT_RUN; kind <= EVENT_APP_NOTE; kind++)
        ck_assert_ptr_nonnull(event_name(kind));
    for (unsigned note = 0; note < NOTES; note++)
        ck_assert_ptr_nonnull(event_name(EVENT_NOTE_BASE + note));
    ck_assert_ptr_null(event_name(EVENT_KINDS));
}
END_TEST

START_TEST(recorder_keeps_what_it_is_told_up_to_its_limit)
{
    struct recorder recorder;
    recorder_start(&recorder, 1500);
    for (uint64_t i = 0; i < 2000; i++)
        recorder_add(&recorder, &(struct record){.at_ps = i});

    ck_assert_uint_eq(recorder.count, 2000);
    ck_assert_uint_eq(recorder.records[1499].at_ps, 1499);
    recorder_free(&recorder);
    ck_assert_ptr_null(recorder.records);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("time");
    TCase *t = tcase_create("time");
    tcase_add_loop_test(t, edge_is_where_rational_arithmetic_puts_it, 0,
                        (int)(sizeof edges / sizeof edges[0]));
    tcase_add_test(t, counting_edges_is_the_inverse_of_placing_them);
    tcase_add_loop_test(t, shorter_ways_give_what_the_fractions_give, 0,
                        (int)(sizeof usual / sizeof usual[0]));
    tcase_add_test(t, before_the_phase_no_edge_has_been);
    tcase_add_test(t, streams_of_two_purposes_differ_and_of_one_seed_agree);
    tcase_add_test(t, bounded_draws_stay_below_their_bound_and_reach_all_of_it);
    tcase_add_loop_test(t, every_field_is_in_the_hash, 0, 5);
    tcase_add_test(t, order_is_in_the_hash);
    tcase_add_test(t, words_that_change_places_change_the_hash);
    tcase_add_test(t, hash_of_a_known_record_is_the_same_on_every_machine);
    tcase_add_test(t, every_kind_of_record_has_a_name);
    tcase_add_test(t, recorder_keeps_what_it_is_told_up_to_its_limit);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
