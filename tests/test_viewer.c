/* test_viewer.c: what each key and click of the viewer does, without a window. */
#include "tools/suite.h"
#include "tools/text.h"
#include "tools/view/viewer.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct usage usage = {.command = "test"};

#define LENT "scenarios/passthrough/lent_timer_reaches_its_app.json"
#define WIDENED "scenarios/passthrough/undeclared_widening_breaks_the_rule.json"
#define RELEASED "scenarios/passthrough/release_revokes_at_once.json"
#define SERVED "scenarios/virtualization/four_multiplexers_at_once_keep_each_their_turns.json"
#define DMA "scenarios/attacks/dma_overwrites_another_apps_memory.json"

static struct family families[2];
static struct viewer *viewer;

static const struct scenario *load(const char *path, int which)
{
    struct suite suite = {0};
    struct problems problems = {0};
    struct suite_choice any = {0};
    char *names[] = {(char *)path};
    const struct arguments arguments = {.count = 1, .at = names};
    ck_assert(suite_collect(&suite, &usage, &arguments, false));
    ck_assert(suite_load(&suite.files[0], &any, &families[which], &problems) > 0);
    suite_free(&suite);
    return families[which].members[0];
}

static void open_view(const char *path, const char *with)
{
    struct result result;
    viewer =
        viewer_open(load(path, 0), with ? load(with, 1) : NULL, 1280, 800, THEME_DARK, &result);
    ck_assert_msg(viewer != NULL, "%s", result.trouble);
}

static void close_view(void)
{
    viewer_free(viewer);
    for (int i = 0; i < 2; i++)
        family_free(&families[i]);
    memset(families, 0, sizeof families);
}

static void press(const char *keys)
{
    char key[VIEWER_KEY_MAX];
    while (viewer_keys_next(&keys, key))
        ck_assert_msg(viewer_key(viewer, key), "no such key: %s", key);
}

static uint64_t now_ps(void)
{
    return machine_now_ps(viewer->replay->run.hw.m);
}

static bool shows(const char *text)
{
    const struct picture *picture = viewer_picture(viewer);
    for (uint32_t i = 0; i < picture->count; i++)
        if (picture->shapes[i].kind == SHAPE_TEXT &&
            strstr(picture_string(picture, picture->shapes[i].text), text))
            return true;
    return false;
}

/* --- moving ---------------------------------------------------------------------------------- */

START_TEST(it_opens_at_the_first_break_and_shows_the_hatch)
{
    open_view(WIDENED, NULL);
    ck_assert_uint_eq(machine_verdict_count(viewer->replay->run.hw.m), 1);
    ck_assert(shows("rules broken 1"));
    ck_assert(shows("+412 KiB NOT ASKED"));
    close_view();
}
END_TEST

START_TEST(where_nothing_is_granted_it_opens_where_an_app_has_the_cpu)
{
    open_view(SERVED, NULL);
    viewer_picture(viewer);
    ck_assert_uint_eq(viewer->moment->reach_count, 1);
    ck_assert(!shows("no app has run yet"));
    close_view();
}
END_TEST

START_TEST(the_key_f_goes_to_the_first_break_from_anywhere)
{
    open_view(DMA, NULL);
    uint64_t opening = viewer->replay->step;
    press("Home");
    ck_assert_uint_eq(viewer->replay->step, 0);
    ck_assert(shows("rules broken 0"));
    press("f");
    ck_assert_uint_eq(viewer->replay->step, opening);
    press("End f");
    ck_assert_uint_eq(viewer->replay->step, opening);
    close_view();
}
END_TEST

START_TEST(n_from_the_start_reaches_the_first_break_and_N_comes_back_to_it)
{
    open_view(DMA, NULL);
    uint64_t opening = viewer->replay->step;
    press("Home n");
    ck_assert_uint_eq(viewer->replay->step, opening);
    press("End N");
    ck_assert_uint_le(viewer->replay->step, viewer->replay->step_count);
    press("Home N");
    ck_assert(shows("there is no earlier break of a rule"));
    close_view();
}
END_TEST

static const struct {
    const char *keys;
    int64_t steps; /* from step 20 */
} moves[] = {{"Right", 1},
             {"Left", -1},
             {"shift+Right", 10},
             {"shift+Left", -10},
             {"Right Left", 0},
             {"Right Right Left", 1},
             {"shift+Left shift+Left shift+Left", -20}};

START_TEST(arrows_go_by_steps_and_never_before_the_start)
{
    open_view(LENT, NULL);
    viewer_go(viewer, 20);
    press(moves[_i].keys);
    ck_assert_int_eq((int64_t)viewer->replay->step, 20 + moves[_i].steps);
    close_view();
}
END_TEST

START_TEST(brackets_go_from_app_to_app)
{
    open_view(LENT, NULL);
    press("Home ]");
    uint32_t first = machine_running(viewer->replay->run.hw.m);
    press("]");
    ck_assert_uint_ne(machine_running(viewer->replay->run.hw.m), first);
    press("[");
    ck_assert_uint_eq(machine_running(viewer->replay->run.hw.m), first);
    close_view();
}
END_TEST

START_TEST(playing_goes_on_with_each_tick_and_stops_at_the_end)
{
    open_view(WIDENED, NULL);
    uint64_t before_ps = now_ps();
    viewer_tick(viewer);
    ck_assert_uint_eq(now_ps(), before_ps);
    press("Space");
    viewer_tick(viewer);
    ck_assert_uint_gt(now_ps(), before_ps);
    press("End");
    viewer_tick(viewer);
    ck_assert(!viewer->playing);
    close_view();
}
END_TEST

/* --- prompts --------------------------------------------------------------------------------- */

static const struct {
    const char *keys, *said;
} prompts[] = {
    {"/ TIMER1 Return", "TIMER1 at 0x40009000"},
    {"/ timer1 Return", "TIMER1 at 0x40009000"},
    {"/ TMIER1 Return", "no such device: TMIER1"},
    {"/ TIMER Backspace Return", "TIMER0 at 0x40008000"},
    {"g 0x40009000 Return", "0x40009000: TIMER1"},
    {"g 0x400090001 Return", "no address: 0x400090001"},
    {"g soon Return", "no time in us, and no address: soon"},
    {"g -5 Return", "no time in us, and no address: -5"},
    {"/ q", "find the device q_"},
    {"/ Left Tab End q", "find the device q_"},
    {"/ Return", "Left Right step"},
    {"g Return", "Left Right step"},
    {"g inf Return", "no time in us, and no address: inf"},
    {"g nan Return", "no time in us, and no address: nan"},
    {"g 0x Return", "no address: 0x"},
    {"/ \xc2\xb5 \xc2\xb5 Backspace", "find the device \xc2\xb5_"},
    {"/ Backspace Backspace x", "find the device x_"},
    {"/ 1234567890123456789012345678901234567890123456789012345678901 \xc2\xb5 \xc2\xb5",
     "5678901\xc2\xb5_"},
    {"/ q Escape", "Left Right step"},
    {"c", "nothing to compare with"},
    {"9", "there is no app 9"},
};

START_TEST(a_prompt_says_what_came_of_it)
{
    open_view(LENT, NULL);
    press(prompts[_i].keys);
    ck_assert_msg(shows(prompts[_i].said), "%s: want \"%s\", said \"%s\"", prompts[_i].keys,
                  prompts[_i].said, viewer->said);
    ck_assert_int_eq(viewer_take_wish(viewer), WISH_NONE);
    close_view();
}
END_TEST

START_TEST(a_typed_time_is_gone_to)
{
    open_view(LENT, NULL);
    press("g 1075 Return");
    ck_assert_uint_ge(now_ps(), shown_time_ps(1075 * PS_PER_US));
    ck_assert_uint_lt(now_ps(), 1100 * PS_PER_US);
    close_view();
}
END_TEST

/* --- what is shown --------------------------------------------------------------------------- */

START_TEST(tab_and_numbers_pin_an_app_and_a_follows_again)
{
    open_view(LENT, NULL);
    press("g 1000 Return 2");
    ck_assert(shows("pinned: app other"));
    ck_assert_uint_eq(viewer->moment->reach[0].process, 1);
    press("Tab");
    viewer_picture(viewer);
    ck_assert_uint_eq(viewer->moment->reach[0].process, 0);
    press("2 a");
    viewer_picture(viewer);
    ck_assert(viewer->follows);
    ck_assert_uint_eq(viewer->moment->reach[0].process, viewer->replay->watch->holder);
    press("b");
    viewer_picture(viewer);
    ck_assert_uint_eq(viewer->moment->reach_count, 2);
    close_view();
}
END_TEST

START_TEST(a_marked_moment_is_compared_with)
{
    open_view(LENT, NULL);
    press("Home m End c");
    viewer_picture(viewer);
    ck_assert(viewer->compares);
    ck_assert_ptr_eq(viewer->view.other, viewer->marked);
    press("c");
    viewer_picture(viewer);
    ck_assert_ptr_null(viewer->view.other);
    close_view();
}
END_TEST

START_TEST(a_second_run_is_compared_at_the_same_time)
{
    open_view(WIDENED, "scenarios/passthrough/widened_window_is_declared.json");
    viewer_picture(viewer);
    ck_assert_ptr_eq(viewer->view.other, viewer->other_moment);
    ck_assert_uint_ge(viewer->other_moment->at_ps, viewer->moment->at_ps);
    close_view();
}
END_TEST

/* Not as it was of the app that was looked at then. */
START_TEST(a_marked_moment_is_compared_with_for_the_app_that_is_looked_at)
{
    open_view(RELEASED, NULL);
    press("Home . 1 m End c");
    viewer_picture(viewer);
    ck_assert_uint_eq(viewer->marked->reach[0].process, 0);
    ck_assert(shows("TIMER1: lent to heir; there owner"));
    press("2");
    viewer_picture(viewer);
    ck_assert_uint_eq(viewer->marked->reach_count, 0); /* it had not run yet */
    ck_assert(shows("heir: had not run there"));
    ck_assert_uint_eq(viewer->replay->step, viewer->replay->step_count);
    press("1");
    viewer_picture(viewer);
    ck_assert_uint_eq(viewer->marked->reach_count, 1);
    close_view();
}
END_TEST

START_TEST(what_differs_from_another_run_is_said_in_words)
{
    open_view(WIDENED, "scenarios/passthrough/widened_window_is_declared.json");
    ck_assert(shows("rules broken: 1; there 0"));
    ck_assert(shows("ble: 460 KiB of it undeclared"));
    ck_assert(shows("of passthrough/widened_window_is_declared"));
    press("Home");
    ck_assert(shows("no difference"));
    close_view();
}
END_TEST

static const struct {
    const char *path, *keys, *shown;
} whys[] = {
    {WIDENED, "w", "NOT ASKED FOR, and no board file says so"},
    {WIDENED, "w", "=> command passthrough 2, BLE, 0xd000"},
    {WIDENED, "g 0x00000000 Return w", "nothing of it is reached"},
    {DMA, "w", "attacker by DMA of UARTE1"},
    {DMA, "/ UARTE1 Return w", "0x40028000 (UARTE1"},
    {DMA, "w", "--app attacker --address 0x20010000 --at 10108.438"},
    {RELEASED, "End w", "--app owner --address 0x40009540"},
    {LENT, "w", "why what?"},
    {LENT, "Home g 0x40009000 Return w", "why what?"},
};

START_TEST(the_key_w_says_why_what_is_selected_is_reached)
{
    open_view(whys[_i].path, NULL);
    press(whys[_i].keys);
    ck_assert_msg(shows(whys[_i].shown), "%s: want \"%s\", said \"%s\"", whys[_i].keys,
                  whys[_i].shown, viewer->said);
    press("Escape");
    ck_assert_int_eq(viewer_take_wish(viewer), viewer->said[0] ? WISH_QUIT : WISH_NONE);
    ck_assert(!shows("postern why"));
    close_view();
}
END_TEST

/* Clicks in the middle of the first shape that says this and is about such a thing. */
static void click_on(enum target_kind kind, const char *tip)
{
    const struct picture *picture = viewer_picture(viewer);
    for (uint32_t i = 0; i < picture->count; i++) {
        const struct shape *s = &picture->shapes[i];
        int x = s->place.x + s->place.w / 2, y = s->place.y + s->place.h / 2;
        if (s->target.kind != kind || !strstr(picture_string(picture, s->tip), tip))
            continue;
        viewer_press(viewer, x, y);
        viewer_release(viewer, x, y);
        return;
    }
    ck_abort_msg("nothing says \"%s\"", tip);
}

static const struct {
    enum target_kind kind;
    const char *tip, *shown; /* what is clicked on; what w says then */
} clicked[] = {
    {TARGET_DEVICE, "UARTE1 at 0x40028000", "0x40028000 (UARTE1+0x0"},
    {TARGET_DEVICE, "QSPI at 0x40029000", "nothing of it is reached"},
    {TARGET_REGION, "region 3", "0x40028000 (UARTE1+0x0"},
    {TARGET_ADDRESS, "its memory", "0x20012000 ("},
    {TARGET_BREAK, "dma-reach", "--address 0x20010000"},
};

START_TEST(what_is_clicked_on_is_what_w_explains)
{
    open_view(DMA, NULL);
    viewer_resize(viewer, 1920, 1200);
    click_on(clicked[_i].kind, clicked[_i].tip);
    press("w");
    ck_assert_msg(shows(clicked[_i].shown), "%s: %s", clicked[_i].tip, viewer->said);
    close_view();
}
END_TEST

START_TEST(a_click_on_an_apps_name_looks_at_it)
{
    open_view(DMA, NULL);
    click_on(TARGET_APP, "app victim");
    ck_assert(!viewer->follows);
    ck_assert_uint_eq(viewer->pinned, 0);
    click_on(TARGET_APP, "app attacker"); /* its row of the time line */
    ck_assert_uint_eq(viewer->pinned, 1);
    close_view();
}
END_TEST

START_TEST(the_panel_follows_the_moment_and_a_click_closes_it)
{
    open_view(WIDENED, NULL);
    press("w Left");
    ck_assert(!shows("NOT ASKED FOR, and no board file says so"));
    press("Right");
    ck_assert(shows("NOT ASKED FOR, and no board file says so"));
    int y = view_layout(&viewer->view).status.y - 20;
    viewer_press(viewer, 400, y);
    viewer_release(viewer, 400, y);
    ck_assert(!viewer->explains);
    ck_assert(!shows("postern why"));
    close_view();
}
END_TEST

START_TEST(text_becomes_smaller_and_as_large_as_there_is_room_for)
{
    open_view(WIDENED, NULL);
    viewer_picture(viewer);
    int cell = view_layout(&viewer->view).cell;
    press("<");
    ck_assert_int_lt(view_layout(&viewer->view).cell, cell);
    press("< < < < < > > > > > > > >");
    ck_assert(shows("no larger text has room here"));
    ck_assert_int_ge(view_layout(&viewer->view).cell, cell);
    close_view();
}
END_TEST

START_TEST(zooming_keeps_the_moment_in_place_and_ends_at_a_microsecond)
{
    open_view(LENT, NULL);
    press("0");
    uint64_t whole_ps = viewer->to_ps - viewer->from_ps;
    ck_assert_uint_gt(whole_ps, viewer->replay->end_ps);
    press("g 100000 Return +");
    ck_assert_uint_eq((viewer->to_ps - viewer->from_ps + 1) / 2 * 2, (whole_ps / 2 + 1) / 2 * 2);
    ck_assert(now_ps() >= viewer->from_ps && now_ps() <= viewer->to_ps);
    for (int i = 0; i < 60; i++)
        press("+");
    ck_assert_uint_ge(viewer->to_ps - viewer->from_ps, PS_PER_US);
    ck_assert_uint_lt(viewer->to_ps - viewer->from_ps, 2 * PS_PER_US);
    ck_assert(now_ps() >= viewer->from_ps && now_ps() <= viewer->to_ps);
    for (int i = 0; i < 60; i++)
        press("-");
    ck_assert_uint_eq(viewer->to_ps - viewer->from_ps, whole_ps);
    ck_assert_uint_eq(viewer->from_ps, 0);
    close_view();
}
END_TEST

static const struct {
    const char *key;
    enum viewer_wish wish;
} wishes[] = {{"q", WISH_QUIT},     {"Escape", WISH_QUIT},   {"e", WISH_PNG}, {"s", WISH_SVG},
              {"t", WISH_MAP_TEXT}, {"h Escape", WISH_NONE}, {"l", WISH_NONE}};

START_TEST(some_keys_ask_the_front_door_once)
{
    open_view(WIDENED, NULL);
    press(wishes[_i].key);
    ck_assert_int_eq(viewer_take_wish(viewer), wishes[_i].wish);
    ck_assert_int_eq(viewer_take_wish(viewer), WISH_NONE);
    close_view();
}
END_TEST

START_TEST(unknown_keys_are_refused_and_change_nothing)
{
    static const char *const unknown[] = {"x", "F1", "shift+Up", "", "Z", "RightRight"};
    open_view(WIDENED, NULL);
    viewer_picture(viewer);
    uint64_t step = viewer->replay->step;
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        ck_assert_msg(!viewer_key(viewer, unknown[i]), "%s", unknown[i]);
    ck_assert_uint_eq(viewer->replay->step, step);
    close_view();
}
END_TEST

/* --- the mouse ------------------------------------------------------------------------------- */

START_TEST(a_click_on_the_time_line_goes_there)
{
    open_view(LENT, NULL);
    press("0");
    viewer_picture(viewer);
    struct view_layout at = view_layout(&viewer->view);
    struct time_scale scale = time_scale_of(&viewer->window, at.strip, at.cell);
    int x = scale.x + scale.w * 3 / 4, y = at.strip.y + 1;
    viewer_press(viewer, x, y);
    viewer_release(viewer, x, y);
    ck_assert_uint_ge(now_ps(), time_from_x(scale, x));
    close_view();
}
END_TEST

START_TEST(a_drag_moves_the_time_line_and_not_the_moment)
{
    open_view(LENT, NULL);
    press("g 100000 Return + + +");
    viewer_picture(viewer);
    uint64_t before_ps = now_ps(), from_ps = viewer->from_ps;
    struct view_layout at = view_layout(&viewer->view);
    int y = at.strip.y + at.strip.h / 2;
    viewer_press(viewer, 600, y);
    viewer_hover(viewer, 500, y);
    viewer_release(viewer, 500, y);
    ck_assert_uint_gt(viewer->from_ps, from_ps);
    ck_assert_uint_eq(now_ps(), before_ps);
    close_view();
}
END_TEST

START_TEST(hovering_says_what_is_there)
{
    open_view(WIDENED, NULL);
    const struct picture *picture = viewer_picture(viewer);
    for (uint32_t i = 0; i < picture->count; i++) {
        const struct shape *s = &picture->shapes[i];
        if (s->kind != SHAPE_HATCH || !strstr(picture_string(picture, s->tip), "NOT ASKED FOR"))
            continue;
        viewer_hover(viewer, s->place.x + 2, s->place.y + 2);
        ck_assert(shows("NOT ASKED FOR, and no board file says so"));
        close_view();
        return;
    }
    ck_abort_msg("there is no hatch with words");
}
END_TEST

/* --- the time line as a picture -------------------------------------------------------------- */

static const struct {
    int width, height;
} sizes[] = {{800, 600}, {1280, 800}, {1920, 1080}, {640, 480}, {3840, 2160}};
static const char *const pictured[] = {LENT, WIDENED, DMA,
                                       "scenarios/ble/armed_ahead_holds_to_140_us.json"};
enum { SIZES = sizeof sizes / sizeof sizes[0], PICTURED = sizeof pictured / sizeof pictured[0] };

static bool is_mark(const struct shape *shape)
{
    return shape->kind >= SHAPE_CROSS && shape->kind <= SHAPE_WARNING;
}

/* Labels of the strip: on it, and apart from each other and from marks. */
START_TEST(labels_of_the_time_line_never_overlap_and_are_on_it)
{
    open_view(pictured[_i / SIZES], NULL);
    viewer_resize(viewer, sizes[_i % SIZES].width, sizes[_i % SIZES].height);
    for (int zoom = 0; zoom < 12; zoom++, press("+")) {
        const struct picture *picture = viewer_picture(viewer);
        struct place strip = view_layout(&viewer->view).strip;
        for (uint32_t i = 0; i < picture->count; i++) {
            const struct shape *a = &picture->shapes[i];
            ck_assert_int_ge(a->place.x + (a->place.w < 0 ? a->place.w : 0), 0);
            ck_assert_int_le(a->place.x + a->place.w, picture->width);
            if (a->kind != SHAPE_TEXT || !place_meets(a->place, strip))
                continue;
            for (uint32_t j = 0; j < picture->count; j++) {
                const struct shape *b = &picture->shapes[j];
                ck_assert_msg(j == i || (b->kind != SHAPE_TEXT && !is_mark(b)) ||
                                  !place_meets(a->place, b->place),
                              "\"%s\" and \"%s\"", picture_string(picture, a->text),
                              picture_string(picture, b->text));
            }
        }
    }
    close_view();
}
END_TEST

static const struct {
    const char *text, *shown;
    bool is_late;
} margins[] = {{"margin 1.657 us: the answer began in time", "margin 1.657 us", false},
               {"margin -0.343 us: the answer began late", "LATE: margin -0.343 us", true}};

static void draw_deadline(const char *text, struct picture *picture)
{
    struct window_item item = {
        .from_ps = 500 * PS_PER_US, .to_ps = 500 * PS_PER_US, .kind = ITEM_DEADLINE};
    struct window window = {.to_ps = 1000 * PS_PER_US,
                            .row_count = 1,
                            .rows = {{ROW_AIR, 0, "air"}},
                            .item_count = 1,
                            .items = &item};
    const struct time_view view = {8, 0};
    snprintf(item.text, sizeof item.text, "%s", text);
    for (int kind = ITEM_DEADLINE + 1; kind <= ITEM_KINDS; kind++)
        window.first[kind] = 1;
    picture_start(picture, 1920, 100, THEME_DARK);
    view_time(&window, &view, (struct place){0, 0, 1920, 100}, picture);
}

START_TEST(a_missed_deadline_stands_out_in_words_shape_and_colour)
{
    struct picture picture = {0};
    bool said = false;
    int fault_fills = 0;
    draw_deadline(margins[_i].text, &picture);
    for (uint32_t i = 0; i < picture.count; i++) {
        const struct shape *s = &picture.shapes[i];
        said |= s->kind == SHAPE_TEXT &&
                strcmp(picture_string(&picture, s->text), margins[_i].shown) == 0;
        fault_fills += s->kind == SHAPE_FILL && s->role == ROLE_FAULT;
    }
    ck_assert_msg(said, "not shown: %s", margins[_i].shown);
    ck_assert_int_eq(fault_fills, margins[_i].is_late ? 2 : 0); /* its line, its label's ground */
    picture_free(&picture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("viewer");
    TCase *t = tcase_create("viewer");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, it_opens_at_the_first_break_and_shows_the_hatch);
    tcase_add_test(t, where_nothing_is_granted_it_opens_where_an_app_has_the_cpu);
    tcase_add_test(t, the_key_f_goes_to_the_first_break_from_anywhere);
    tcase_add_test(t, n_from_the_start_reaches_the_first_break_and_N_comes_back_to_it);
    tcase_add_loop_test(t, arrows_go_by_steps_and_never_before_the_start, 0,
                        sizeof moves / sizeof moves[0]);
    tcase_add_test(t, brackets_go_from_app_to_app);
    tcase_add_test(t, playing_goes_on_with_each_tick_and_stops_at_the_end);
    tcase_add_loop_test(t, a_prompt_says_what_came_of_it, 0, sizeof prompts / sizeof prompts[0]);
    tcase_add_test(t, a_typed_time_is_gone_to);
    tcase_add_test(t, tab_and_numbers_pin_an_app_and_a_follows_again);
    tcase_add_test(t, a_marked_moment_is_compared_with);
    tcase_add_test(t, a_second_run_is_compared_at_the_same_time);
    tcase_add_test(t, a_marked_moment_is_compared_with_for_the_app_that_is_looked_at);
    tcase_add_test(t, what_differs_from_another_run_is_said_in_words);
    tcase_add_loop_test(t, the_key_w_says_why_what_is_selected_is_reached, 0,
                        sizeof whys / sizeof whys[0]);
    tcase_add_loop_test(t, what_is_clicked_on_is_what_w_explains, 0,
                        sizeof clicked / sizeof clicked[0]);
    tcase_add_test(t, a_click_on_an_apps_name_looks_at_it);
    tcase_add_test(t, the_panel_follows_the_moment_and_a_click_closes_it);
    tcase_add_test(t, text_becomes_smaller_and_as_large_as_there_is_room_for);
    tcase_add_test(t, zooming_keeps_the_moment_in_place_and_ends_at_a_microsecond);
    tcase_add_loop_test(t, some_keys_ask_the_front_door_once, 0, sizeof wishes / sizeof wishes[0]);
    tcase_add_test(t, unknown_keys_are_refused_and_change_nothing);
    tcase_add_test(t, a_click_on_the_time_line_goes_there);
    tcase_add_test(t, a_drag_moves_the_time_line_and_not_the_moment);
    tcase_add_test(t, hovering_says_what_is_there);
    tcase_add_loop_test(t, labels_of_the_time_line_never_overlap_and_are_on_it, 0,
                        SIZES * PICTURED);
    tcase_add_loop_test(t, a_missed_deadline_stands_out_in_words_shape_and_colour, 0, 2);
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
