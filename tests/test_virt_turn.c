/* test_virt_turn.c: sets of clients and turns, held against naive ones over random operations; the
 * longest wait; each client alone.
 */
#include "model/virt/turn.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static uint64_t seed;

static uint32_t draw(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

/* ---- sets */

static uint32_t naive_from(const bool naive[CLIENT_MAX], uint32_t from)
{
    for (uint32_t i = from; i < CLIENT_MAX; i++)
        if (naive[i])
            return i;
    return CLIENT_NONE;
}

START_TEST(a_set_has_what_a_naive_one_has)
{
    struct clients set = {0};
    bool naive[CLIENT_MAX] = {false};
    seed = (uint64_t)_i;

    for (uint32_t n = 0; n < 4000; n++) {
        uint32_t client = draw(CLIENT_MAX), from = draw(CLIENT_MAX + 1);
        naive[client] = draw(1 + (uint32_t)_i) == 0;
        if (naive[client])
            clients_add(&set, client);
        else
            clients_remove(&set, client);
        ck_assert_uint_eq(clients_have(&set, client), naive[client]);
        ck_assert_uint_eq(clients_from(&set, from), naive_from(naive, from));
    }
}
END_TEST

START_TEST(each_client_is_found_from_itself_on_and_not_behind)
{
    struct clients set = {0};
    uint32_t client = (uint32_t)_i;

    clients_add(&set, client);

    for (uint32_t i = 0; i < CLIENT_MAX; i++)
        ck_assert_uint_eq(clients_have(&set, i), i == client);
    for (uint32_t from = 0; from <= CLIENT_MAX; from++)
        ck_assert_uint_eq(clients_from(&set, from), from <= client ? client : CLIENT_NONE);
    clients_remove(&set, client);
    ck_assert_uint_eq(clients_from(&set, 0), CLIENT_NONE);
}
END_TEST

/* ---- turns */

START_TEST(a_lone_client_is_served_again_and_again)
{
    struct turn turn = {0};

    for (uint32_t n = 0; n < 3; n++) {
        turn_ask(&turn, (uint32_t)_i);
        ck_assert_uint_eq(turn_take(&turn), (uint32_t)_i);
        ck_assert_uint_eq(turn_take(&turn), CLIENT_NONE);
    }
}
END_TEST

START_TEST(who_asks_twice_is_served_once)
{
    struct turn turn = {0};

    turn_ask(&turn, 7);
    turn_ask(&turn, 7);

    ck_assert_uint_eq(turn_take(&turn), 7);
    ck_assert_uint_eq(turn_take(&turn), CLIENT_NONE);
}
END_TEST

START_TEST(who_is_forgotten_is_not_served)
{
    struct turn turn = {0};

    turn_forget(&turn, 7); /* does not wait */
    turn_ask(&turn, 7);
    turn_ask(&turn, 40);
    turn_forget(&turn, 7);

    ck_assert_uint_eq(turn_take(&turn), 40);
    ck_assert_uint_eq(turn_take(&turn), CLIENT_NONE);
}
END_TEST

/* Of the first n clients each asks again as soon as it is served: each is served once in n. */
START_TEST(of_n_that_always_ask_each_is_served_once_in_n)
{
    struct turn turn = {0};
    uint32_t n = (uint32_t)_i, last[CLIENT_MAX] = {0};

    for (uint32_t i = 0; i < n; i++)
        turn_ask(&turn, i);
    for (uint32_t operation = 1; operation <= 5 * n; operation++) {
        uint32_t client = turn_take(&turn);
        ck_assert_uint_lt(client, n);
        if (operation > n)
            ck_assert_uint_eq(operation - last[client], n);
        last[client] = operation;
        turn_ask(&turn, client);
    }
}
END_TEST

/* What the header promises, of any order of asking: nobody waits while another is served twice. */
static void nobody_is_served_twice(bool served[CLIENT_MAX][CLIENT_MAX], uint32_t taken)
{
    for (uint32_t i = 0; i < CLIENT_MAX; i++) {
        ck_assert_msg(!served[i][taken], "%u waits, and %u was served twice", i, taken);
        served[i][taken] = true;
    }
}

START_TEST(nobody_waits_while_another_is_served_twice)
{
    struct turn turn = {0};
    bool waits[CLIENT_MAX] = {false};
    static bool served[CLIENT_MAX][CLIENT_MAX]; /* since it asked */
    memset(served, 0, sizeof served);
    seed = (uint64_t)_i;

    for (uint32_t n = 0; n < 4000; n++) {
        uint32_t client = draw(CLIENT_MAX);
        if (draw(3) == 0) {
            turn_forget(&turn, client);
            waits[client] = false;
        } else if (draw(2) == 0) {
            turn_ask(&turn, client);
            waits[client] = true;
        } else {
            uint32_t taken = turn_take(&turn);
            ck_assert_uint_eq(taken == CLIENT_NONE, naive_from(waits, 0) == CLIENT_NONE);
            if (taken == CLIENT_NONE)
                continue;
            ck_assert(waits[taken]);
            waits[taken] = false;
            nobody_is_served_twice(served, taken);
        }
        for (uint32_t i = 0; i < CLIENT_MAX; i++)
            if (!waits[i])
                memset(served[i], 0, sizeof served[i]);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("virt_turn");
    TCase *sets = tcase_create("sets"), *turns = tcase_create("turns");

    tcase_add_loop_test(sets, a_set_has_what_a_naive_one_has, 0, 6);
    tcase_add_loop_test(sets, each_client_is_found_from_itself_on_and_not_behind, 0, CLIENT_MAX);
    tcase_add_loop_test(turns, a_lone_client_is_served_again_and_again, 0, CLIENT_MAX);
    tcase_add_test(turns, who_asks_twice_is_served_once);
    tcase_add_test(turns, who_is_forgotten_is_not_served);
    tcase_add_loop_test(turns, of_n_that_always_ask_each_is_served_once_in_n, 1, CLIENT_MAX + 1);
    tcase_add_loop_test(turns, nobody_waits_while_another_is_served_twice, 0, 6);
    suite_add_tcase(s, sets);
    suite_add_tcase(s, turns);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
