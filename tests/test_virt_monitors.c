/* test_virt_monitors.c: the rules of multiplexers and alarms bite: records that a correct kernel
 * would not make are planted in a booted machine, and exactly that rule breaks, with that sentence.
 * And each good sequence stays silent.
 */
#define _POSIX_C_SOURCE 200809L

#include "model/process.h"
#include "model/virt/id.h"
#include "model/virt/turn.h"
#include "sim/machine_value.h"
#include "sim/monitors.h"
#include "sim/verdict.h"
#include "tests/support_scenario.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum { A, B, C, APPS, COMPONENT = CLIENT_KERNEL + 1, ANOTHER = CLIENT_KERNEL };
enum {
    RNG = 0x4000d000,
    RNG_LINE = 13,
    RNG_PLACE = 3,
    RNG_DRIVER = 0x40001,
    ALARM_DRIVER = 0,
    CONSOLE_DRIVER = 1
};
enum { HZ = 32768 };
static const struct span own = {0x20003000, 0x100}, part = {0x20003010, 0x20};
static const struct span components = {0x20003200, 0x10}, longer = {0x20003200, 0x20};

static struct scenario scenario;
static struct hw *hw;
static uint32_t upcalls_waiting[APPS];

/* ---- a machine with a random number generator that nobody uses */

static void set_up(void)
{
    support_scenario(&scenario, APPS, &support_waits, NULL);
    struct board *board = &scenario.board;
    struct board_device *d = &board->devices[RNG_PLACE]; /* by address */
    memmove(d + 1, d, (board->device_count++ - RNG_PLACE) * sizeof *d);
    *d = (struct board_device){.name = "RNG",
                               .window = {RNG, 0x1000},
                               .type = support_type("nrf52-rng"),
                               .alias_of = BOARD_NONE,
                               .line = RNG_LINE,
                               .endpoint = BOARD_NONE};
    scenario.config.claims[scenario.config.claim_count++] = d->window;
    scenario.config.virts[VIRT_RNG] = (struct driver_place){true, RNG, RNG_LINE};
    scenario.config.kernel_clients[VIRT_RNG] = (struct kernel_client_config){2, 1};
    board->config = scenario.config;
    memset(upcalls_waiting, 0, sizeof upcalls_waiting);
    hw = support_boot(&scenario, NULL);
    machine_run(hw, 2 * PS_PER_MS); /* the components have had their one operation each */
    ck_assert_uint_eq(machine_verdict_count(hw->m), 0);
}

static void tear_down(void)
{
    support_free(hw);
}

static void note(enum note kind, uint32_t process, uint32_t address, uint64_t value)
{
    support_trace(hw, EVENT_NOTE_BASE + (unsigned)kind, process, address, value);
}

static uint32_t process_of(uint32_t client)
{
    return client < CLIENT_KERNEL ? client : PROCESS_NONE;
}

/* ---- what a multiplexer says */

static void of_client(enum note kind, uint32_t client, uint32_t more)
{
    note(kind, process_of(client), VIRT_RNG, pair(client, more));
}

static void asks(uint32_t client)
{
    of_client(NOTE_CLIENT_ASKS, client, 0);
}

static void answered(uint32_t client, enum err err)
{
    of_client(NOTE_CLIENT_ANSWERED, client, err);
}

static void asked(uint32_t client)
{
    asks(client);
    answered(client, ERR_NONE);
}

static void begun(uint32_t client)
{
    of_client(NOTE_CLIENT_BEGUN, client, false);
}

static void shares(uint32_t client)
{
    of_client(NOTE_CLIENT_BEGUN, client, true);
}

static void done(uint32_t client)
{
    of_client(NOTE_CLIENT_DONE, client, ERR_NONE);
}

static void upcall(uint32_t process, uint32_t driver)
{
    note(NOTE_UPCALL_QUEUED, process, driver, pair(0, ++upcalls_waiting[process]));
}

static void served(uint32_t client)
{
    begun(client);
    done(client);
}

/* It asks, and finds it idle. */
static void asked_and_begun(uint32_t client)
{
    asks(client);
    begun(client);
    answered(client, ERR_NONE);
}

static void kernel_leaves(void)
{
    support_trace(hw, EVENT_SLEEP, PROCESS_NONE, 0, 0);
}

static void dies(uint32_t process)
{
    note(NOTE_PROCESS_END, process, 0, END_KILL);
}

static void pass_us(uint64_t us)
{
    hw->m->now_ps += us * PS_PER_US;
}

/* ---- its buffers */

static void of_buffer(enum note kind, uint32_t client, struct span buffer)
{
    note(kind, process_of(client), buffer.base, pair(buffer.size, VIRT_RNG | client << 8));
}

static void fill(struct span buffer, uint8_t byte)
{
    uint8_t bytes[0x100];
    memset(bytes, byte, sizeof bytes);
    ck_assert(machine_poke(hw->m, buffer, bytes));
}

static void taken(uint32_t client)
{
    of_buffer(NOTE_BUFFER_TAKEN, client, own);
}

static void lent(uint32_t client, struct span down)
{
    of_buffer(NOTE_BUFFER_LENT, client, down);
}

static void back(uint32_t client, struct span down)
{
    of_buffer(NOTE_BUFFER_BACK, client, down);
}

static void wiped(uint32_t client)
{
    of_buffer(NOTE_BUFFER_WIPED, client, own);
}

static void dma(struct span touched)
{
    support_trace(hw, EVENT_DMA_WRITE, PROCESS_NONE, touched.base, pair(touched.size, RNG_PLACE));
}

/* ---- alarms: apps by their index, components behind PROCESS_MAX */

static uint64_t now_ticks(void)
{
    return machine_now_ps(hw->m) / (PS_PER_S / HZ);
}

enum { RTC_PLACE = 4, EVENTS_COMPARE0 = 0x140, INTENSET = 0x304, INTENCLR = 0x308, CC0 = 0x540 };

static void rtc_write(uint32_t offset, uint64_t value)
{
    device_write(machine_device(hw->m, RTC_PLACE), offset, (uint32_t)value, machine_now_ps(hw->m));
    machine_serve(hw, RTC_PLACE);
}

/* The counter's event comes at that tick, and has not come. */
static void rtc_armed(uint64_t tick)
{
    rtc_write(EVENTS_COMPARE0, 0);
    rtc_write(INTENSET, 1 << 16);
    rtc_write(CC0, tick & 0xffffff);
}

/* Whether the counter is armed for it is no matter: its event has come. */
static void alarm_set(uint32_t slot, uint64_t due)
{
    rtc_write(INTENCLR, 1 << 16);
    rtc_write(EVENTS_COMPARE0, 1);
    note(NOTE_ALARM_SET, slot < PROCESS_MAX ? slot : PROCESS_NONE, slot, due);
}

static void alarm_set_beside(uint32_t slot, uint64_t due)
{
    note(NOTE_ALARM_SET, slot, slot, due);
}

static void alarm_fired(uint32_t slot, uint64_t due)
{
    note(NOTE_ALARM_FIRED, slot < PROCESS_MAX ? slot : PROCESS_NONE, slot, due);
}

/* ---- faults */

static void two_take_turns_and_a_third_waits(void)
{
    asked_and_begun(A);
    asked(B);
    asked(C);
    for (uint32_t i = 0; i < 3; i++) {
        done(A);
        asked(A);
        begun(B);
        done(B);
        asked(B);
        begun(A);
    }
}

static void a_component_waits_for_ever(void)
{
    asked(COMPONENT);
    for (uint32_t i = 0; i < 3; i++) {
        asked(A);
        served(A);
    }
}

/* Who waits is another each time: no loop; told when its wait ends. */
static void a_wait_too_long_without_a_loop(void)
{
    asked_and_begun(A);
    asked(C);
    done(A);
    asked(A);
    served(A);
    asked(B);
    asked(A);
    served(A);
    served(C);
}

static void a_wait_too_long_at_the_end(void)
{
    asked_and_begun(A);
    asked(C);
    done(A);
    asked(A);
    served(A);
    asked(B);
    asked(A);
    served(A);
    machine_finish(hw);
}

static void called_back_in_the_call(void)
{
    asks(A);
    begun(A);
    done(A);
    answered(A, ERR_NONE);
}

static void called_back_twice(void)
{
    asked_and_begun(A);
    done(A);
    done(A);
}

static void called_back_without_asking(void)
{
    done(B);
}

static void called_back_though_refused(void)
{
    asks(A);
    answered(A, ERR_FAIL);
    done(A);
}

static void the_heir_is_called_back(void)
{
    asked_and_begun(A);
    dies(A);
    done(A);
}

static void sharer_is_called_back_twice(void)
{
    asked(A);
    asked(B);
    begun(A);
    shares(B);
    done(A);
    done(B);
    done(B);
}

static void begun_without_asking(void)
{
    begun(A);
}

static void begun_twice(void)
{
    asked(A);
    served(A);
    begun(A);
}

static void begun_though_dead(void)
{
    asked_and_begun(B);
    asked(A);
    dies(A);
    done(B);
    begun(A);
}

static void callback_is_lost(void)
{
    asked_and_begun(A);
    asked(B);
    begun(B);
}

static void sharers_callback_is_lost(void)
{
    asked(A);
    asked(B);
    asked(C);
    begun(A);
    shares(B);
    done(A);
    begun(C);
}

static void anothers_upcall(void)
{
    asked_and_begun(A);
    done(A);
    upcall(A, RNG_DRIVER);
    upcall(B, RNG_DRIVER);
}

static void upcall_in_the_call(void)
{
    asks(A);
    begun(A);
    upcall(A, RNG_DRIVER);
    answered(A, ERR_NONE);
}

static void upcall_behind_the_call(void)
{
    asked_and_begun(A);
    upcall(A, RNG_DRIVER);
}

static void someone_is_forgotten(void)
{
    asked_and_begun(A);
    asked(B);
    done(A);
    kernel_leaves();
}

static void asked_and_not_begun(void)
{
    asked(COMPONENT);
    kernel_leaves();
}

static void the_dead_keep_somebody_waiting(void)
{
    asked_and_begun(A);
    asked(B);
    dies(A);
    pass_us(350001);
    kernel_leaves();
}

static void the_dead_keep_somebody_waiting_to_the_end(void)
{
    asked_and_begun(A);
    asked(B);
    dies(A);
    pass_us(350001);
    machine_finish(hw);
}

static void bytes_are_left(void)
{
    fill(own, 0);
    fill((struct span){own.base + own.size - 1, 1}, 1);
    taken(A);
}

static void wiped_but_for_a_byte(void)
{
    fill(own, 0);
    taken(A);
    fill((struct span){own.base + own.size - 1, 1}, 1);
    wiped(A);
}

static void dirty_at_the_end(void)
{
    fill(own, 0);
    taken(A);
    wiped(A);
    fill(part, 1);
    machine_finish(hw);
}

static void taken_from_another(void)
{
    fill(own, 0);
    taken(A);
    taken(B);
}

static void lent_twice(void)
{
    fill(own, 0);
    taken(A);
    lent(A, part);
    lent(A, part);
}

static void lent_by_another(void)
{
    fill(own, 0);
    taken(A);
    lent(B, part);
}

static void lent_beyond_its_end(void)
{
    fill(own, 0);
    taken(A);
    lent(A, (struct span){own.base, own.size + 1});
}

static void components_buffer_lent_by_another(void)
{
    lent(COMPONENT, components);
    back(COMPONENT, components);
    lent(ANOTHER, components);
}

static void back_but_not_lent(void)
{
    fill(own, 0);
    taken(A);
    back(A, part);
}

static void another_part_comes_back(void)
{
    fill(own, 0);
    taken(A);
    lent(A, part);
    back(A, own);
}

static void dma_before_it_is_lent(void)
{
    fill(own, 0);
    taken(A);
    dma((struct span){part.base, 1});
}

static void dma_beyond_what_is_lent(void)
{
    fill(own, 0);
    taken(A);
    lent(A, part);
    dma((struct span){part.base + part.size - 1, 2});
}

static void dma_when_it_is_back(void)
{
    fill(own, 0);
    taken(A);
    lent(A, part);
    back(A, part);
    dma((struct span){part.base, 1});
}

static void alarm_comes_early(void)
{
    alarm_set(A, now_ticks() + 100);
    alarm_fired(A, now_ticks() + 100);
}

/* By a tick. */
static void alarm_comes_a_little_early(void)
{
    uint64_t due = now_ticks() + 40;
    alarm_set(A, due);
    pass_us(1000);
    alarm_fired(A, due);
}

static void alarm_comes_a_turn_of_the_counter_early(void)
{
    uint64_t due = now_ticks() + 0x1000000;
    alarm_set(A, due);
    alarm_fired(A, due);
}

static void alarm_never_comes(void)
{
    alarm_set(B, now_ticks() + 10);
    pass_us(101000);
    kernel_leaves();
}

static void alarm_is_lost_at_the_end(void)
{
    alarm_set(B, now_ticks() + 10);
    pass_us(101000);
    machine_finish(hw);
}

static void alarm_is_lost_while_others_fire(void)
{
    uint64_t due = now_ticks() + 10;
    alarm_set(PROCESS_MAX + 2, due);
    alarm_set(C, due);
    pass_us(101000);
    alarm_fired(C, due);
}

static void alarm_nobody_set(void)
{
    alarm_fired(A, now_ticks() - 1);
}

static void alarm_comes_twice(void)
{
    uint64_t due = now_ticks();
    alarm_set(A, due);
    pass_us(100);
    alarm_fired(A, due);
    alarm_fired(A, due);
}

static void alarm_of_the_dead(void)
{
    uint64_t due = now_ticks();
    alarm_set(A, due);
    dies(A);
    pass_us(100);
    alarm_fired(A, due);
}

static void alarm_as_it_was_set_before(void)
{
    uint64_t due = now_ticks();
    alarm_set(A, due);
    alarm_set(A, due + 30);
    pass_us(100);
    alarm_fired(A, due);
}

static void counter_is_armed_for_a_later_alarm(void)
{
    uint64_t now = now_ticks();
    alarm_set(A, now + 100);
    alarm_set(B, now + 1000);
    rtc_armed(now + 1000);
    kernel_leaves();
}

static void counter_has_passed_what_it_is_armed_for(void)
{
    uint64_t now = now_ticks();
    alarm_set(A, now + 4);
    rtc_armed(now + 4);
    pass_us(200);
    rtc_write(EVENTS_COMPARE0, 0);
    alarm_set_beside(B, now + 1000);
}

static void counters_event_is_no_interrupt(void)
{
    alarm_set(A, now_ticks() + 100);
    rtc_armed(now_ticks() + 100);
    rtc_write(INTENCLR, 1 << 16);
    kernel_leaves();
}

#define FAULT(name, rule, detail)                                                                  \
    {                                                                                              \
#name, name, rule, detail                                                                  \
    }
static const struct {
    const char *name;
    void (*plant)(void);
    enum rule rule;
    enum verdict_detail detail;
} faults[] = {
    FAULT(two_take_turns_and_a_third_waits, RULE_VIRT_TURN, DETAIL_VIRT_LASSO),
    FAULT(a_component_waits_for_ever, RULE_VIRT_TURN, DETAIL_VIRT_LASSO),
    FAULT(a_wait_too_long_without_a_loop, RULE_VIRT_TURN, DETAIL_VIRT_TURN),
    FAULT(a_wait_too_long_at_the_end, RULE_VIRT_TURN, DETAIL_VIRT_TURN),
    FAULT(called_back_in_the_call, RULE_VIRT_CALLBACK, DETAIL_VIRT_INSIDE),
    FAULT(called_back_twice, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNASKED),
    FAULT(called_back_without_asking, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNASKED),
    FAULT(called_back_though_refused, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNASKED),
    FAULT(the_heir_is_called_back, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNASKED),
    FAULT(sharer_is_called_back_twice, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNASKED),
    FAULT(begun_without_asking, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNWANTED),
    FAULT(begun_twice, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNWANTED),
    FAULT(begun_though_dead, RULE_VIRT_CALLBACK, DETAIL_VIRT_UNWANTED),
    FAULT(callback_is_lost, RULE_VIRT_CALLBACK, DETAIL_VIRT_LOST),
    FAULT(sharers_callback_is_lost, RULE_VIRT_CALLBACK, DETAIL_VIRT_LOST),
    FAULT(anothers_upcall, RULE_VIRT_CALLBACK, DETAIL_VIRT_FOREIGN),
    FAULT(upcall_in_the_call, RULE_VIRT_CALLBACK, DETAIL_VIRT_INSIDE),
    FAULT(upcall_behind_the_call, RULE_VIRT_CALLBACK, DETAIL_VIRT_OUTSIDE),
    FAULT(someone_is_forgotten, RULE_VIRT_CALLBACK, DETAIL_VIRT_FORGOTTEN),
    FAULT(asked_and_not_begun, RULE_VIRT_CALLBACK, DETAIL_VIRT_FORGOTTEN),
    FAULT(the_dead_keep_somebody_waiting, RULE_VIRT_CALLBACK, DETAIL_VIRT_ORPHAN),
    FAULT(the_dead_keep_somebody_waiting_to_the_end, RULE_VIRT_CALLBACK, DETAIL_VIRT_ORPHAN),
    FAULT(bytes_are_left, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_LEFT),
    FAULT(wiped_but_for_a_byte, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_UNWIPED),
    FAULT(dirty_at_the_end, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_UNWIPED),
    FAULT(taken_from_another, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_OWNED),
    FAULT(lent_twice, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_LENT),
    FAULT(lent_by_another, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_LENT),
    FAULT(lent_beyond_its_end, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_LENT),
    FAULT(components_buffer_lent_by_another, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_LENT),
    FAULT(back_but_not_lent, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_BACK),
    FAULT(another_part_comes_back, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_BACK),
    FAULT(dma_before_it_is_lent, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_DMA),
    FAULT(dma_beyond_what_is_lent, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_DMA),
    FAULT(dma_when_it_is_back, RULE_BUFFER_CUSTODY, DETAIL_CUSTODY_DMA),
    FAULT(alarm_comes_early, RULE_ALARM_TIME, DETAIL_ALARM_EARLY),
    FAULT(alarm_comes_a_little_early, RULE_ALARM_TIME, DETAIL_ALARM_EARLY),
    FAULT(alarm_comes_a_turn_of_the_counter_early, RULE_ALARM_TIME, DETAIL_ALARM_EARLY),
    FAULT(alarm_never_comes, RULE_ALARM_TIME, DETAIL_ALARM_LOST),
    FAULT(alarm_is_lost_at_the_end, RULE_ALARM_TIME, DETAIL_ALARM_LOST),
    FAULT(alarm_is_lost_while_others_fire, RULE_ALARM_TIME, DETAIL_ALARM_LOST),
    FAULT(counter_is_armed_for_a_later_alarm, RULE_ALARM_TIME, DETAIL_ALARM_UNARMED),
    FAULT(counter_has_passed_what_it_is_armed_for, RULE_ALARM_TIME, DETAIL_ALARM_UNARMED),
    FAULT(counters_event_is_no_interrupt, RULE_ALARM_TIME, DETAIL_ALARM_UNARMED),
    FAULT(alarm_nobody_set, RULE_ALARM_TIME, DETAIL_ALARM_UNSET),
    FAULT(alarm_comes_twice, RULE_ALARM_TIME, DETAIL_ALARM_UNSET),
    FAULT(alarm_of_the_dead, RULE_ALARM_TIME, DETAIL_ALARM_UNSET),
    FAULT(alarm_as_it_was_set_before, RULE_ALARM_TIME, DETAIL_ALARM_UNSET),
};

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

START_TEST(planted_fault_breaks_exactly_its_rule)
{
    const struct verdict *kept;
    char text[VERDICT_TEXT_MAX];

    faults[_i].plant();

    uint32_t count = machine_verdicts(hw->m, &kept);
    ck_assert_msg(count > 0, "%s: nothing broke", faults[_i].name);
    for (uint32_t i = 0; i < count; i++) {
        verdict_describe(&scenario, &kept[i], text, sizeof text);
        ck_assert_msg(kept[i].rule == faults[_i].rule && kept[i].detail == faults[_i].detail,
                      "%s: %s broke: %s", faults[_i].name, rule_rows[kept[i].rule].id, text);
    }
}
END_TEST

/* ---- what must stay silent */

static void three_in_turns(void)
{
    asked_and_begun(A);
    asked(B);
    asked(COMPONENT);
    for (uint32_t i = 0; i < 5; i++) {
        done(A);
        upcall(A, RNG_DRIVER);
        begun(B);
        kernel_leaves();
        asked(A);
        done(B);
        upcall(B, RNG_DRIVER);
        begun(COMPONENT);
        kernel_leaves();
        asked(B);
        done(COMPONENT);
        asked(COMPONENT);
        begun(A);
        kernel_leaves();
    }
}

static void one_alone_again_and_again(void)
{
    for (uint32_t i = 0; i < 10; i++) {
        asked_and_begun(A);
        done(A);
        kernel_leaves();
    }
}

static void refused_while_it_waits(void)
{
    asked_and_begun(A);
    asks(A);
    answered(A, ERR_BUSY);
    asked(B);
    asks(B);
    answered(B, ERR_BUSY);
    kernel_leaves();
    done(A);
    begun(B);
    done(B);
}

/* Those who share take nobody's turn. */
static void some_share(void)
{
    asked_and_begun(C);
    asked(A);
    asked(B);
    done(C);
    asked(C);
    begun(A);
    shares(B);
    done(A);
    upcall(A, RNG_DRIVER);
    done(B);
    upcall(B, RNG_DRIVER);
    begun(C);
    done(C);
}

static void the_leader_dies(void)
{
    asked(A);
    asked(B);
    begun(A);
    shares(B);
    dies(A);
    asked(A);
    done(B);
    begun(A);
    kernel_leaves();
    done(A);
}

static void deaths_at_each_stage(void)
{
    asked_and_begun(A);
    asked(B);
    asked(C);
    dies(B);
    dies(A);
    pass_us(349000);
    kernel_leaves();
    begun(C);
    kernel_leaves();
    done(C);
    dies(C);
    asked_and_begun(A);
    done(A);
}

/* Nobody waits for what the dead have under way. */
static void the_dead_harm_nobody(void)
{
    asked_and_begun(A);
    dies(A);
    pass_us(1000000);
    kernel_leaves();
    machine_finish(hw);
}

/* Another driver's, in the same stay of the kernel. */
static void an_alarm_right_behind_a_callback(void)
{
    asked_and_begun(A);
    done(A);
    upcall(A, RNG_DRIVER);
    upcall(B, ALARM_DRIVER);
    hw->m->nvic.enabled[0] = 0;
    note(NOTE_LINE_SERVICED, PROCESS_NONE, RNG_LINE, 0);
    upcall(C, CONSOLE_DRIVER);
}

static void a_buffer_goes_round(void)
{
    fill(own, 0);
    for (uint32_t client = A; client <= COMPONENT; client += COMPONENT) {
        taken(client);
        for (uint32_t i = 0; i < 2; i++) {
            lent(client, part);
            fill(part, 0x55);
            dma(part);
            dma((struct span){part.base, 1});
            back(client, part);
        }
        fill(own, 0);
        wiped(client);
    }
    dma((struct span){own.base - 4, 4});
    dma((struct span){own.base + own.size, 4});
    machine_finish(hw);
}

static void a_components_buffer_of_two_lengths(void)
{
    lent(COMPONENT, components);
    dma(components);
    back(COMPONENT, components);
    lent(COMPONENT, longer);
    dma(longer);
    back(COMPONENT, longer);
    machine_finish(hw);
}

static void alarms_on_time(void)
{
    uint64_t due = now_ticks() + 40;
    alarm_set(A, due);
    alarm_set(B, due);
    alarm_set(PROCESS_MAX + 1, due + 1000);
    alarm_set(C, due + 10);
    pass_us(1300);
    alarm_fired(A, due);
    alarm_fired(B, due);
    alarm_set(C, UINT64_MAX); /* taken back */
    kernel_leaves();
    pass_us(99000);
    kernel_leaves();
    alarm_fired(PROCESS_MAX + 1, due + 1000);
    machine_finish(hw);
}

static void counter_armed_for_the_earliest(void)
{
    uint64_t now = now_ticks();
    alarm_set(A, now + 1000);
    alarm_set(PROCESS_MAX + 1, now + 100);
    rtc_armed(now + 115); /* as near as it was safe */
    kernel_leaves();
    alarm_set_beside(B, now + 50);
    rtc_armed(now + 20); /* as it was, for one who has died: it is looked at then */
    kernel_leaves();
}

/* By a hand of the scenario, which may have moved it. */
static void counter_that_is_touched(void)
{
    alarm_set(A, now_ticks() + 100);
    rtc_armed(now_ticks() + 1000);
    scenario.injection_count = 1;
    scenario.injections[0] = (struct injection){.kind = INJECT_FORCE, .device = RTC_PLACE};
    kernel_leaves();
    scenario.injection_count = 0;
}

static void an_alarm_far_away(void)
{
    alarm_set(A, now_ticks() + 0x1000000);
    alarm_set(B, now_ticks() + 0xffffffff);
    pass_us(1000000);
    kernel_leaves();
    machine_finish(hw);
}

static void the_dead_have_no_alarm(void)
{
    alarm_set(A, now_ticks() + 10);
    dies(A);
    pass_us(1000000);
    kernel_leaves();
}

static void (*const good[])(void) = {
    three_in_turns,          one_alone_again_and_again,
    refused_while_it_waits,  some_share,
    the_leader_dies,         deaths_at_each_stage,
    the_dead_harm_nobody,    an_alarm_right_behind_a_callback,
    a_buffer_goes_round,     a_components_buffer_of_two_lengths,
    alarms_on_time,          an_alarm_far_away,
    counter_that_is_touched, counter_armed_for_the_earliest,
    the_dead_have_no_alarm,
};

START_TEST(lawful_sequence_breaks_nothing)
{
    const struct verdict *kept;
    char text[VERDICT_TEXT_MAX] = "";

    good[_i]();

    if (machine_verdicts(hw->m, &kept) > 0)
        verdict_describe(&scenario, &kept[0], text, sizeof text);
    ck_assert_msg(machine_verdict_count(hw->m) == 0, "sequence %d: %s", _i, text);
}
END_TEST

/* The loop that a verdict names is the one that goes on: B, then A. */
START_TEST(lasso_names_the_loop)
{
    const struct verdict *kept;
    char text[VERDICT_TEXT_MAX];
    two_take_turns_and_a_third_waits();

    uint32_t count = machine_verdicts(hw->m, &kept);

    ck_assert_uint_eq(count, 1);
    ck_assert_uint_eq(kept[0].process, C);
    verdict_describe(&scenario, &kept[0], text, sizeof text);
    ck_assert_msg(strstr(text, "app2 waits for rng") != NULL, "%s", text);
    ck_assert_msg(strstr(text, "app0, app1") || strstr(text, "app1, app0"), "%s", text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("virt_monitors");
    TCase *t = tcase_create("monitors");

    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_loop_test(t, planted_fault_breaks_exactly_its_rule, 0, COUNT(faults));
    tcase_add_loop_test(t, lawful_sequence_breaks_nothing, 0, COUNT(good));
    tcase_add_test(t, lasso_names_the_loop);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
