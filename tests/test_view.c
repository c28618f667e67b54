/* test_view.c: pictures of the memory map: that they can be read, that nothing overlaps, and that
 * what they show as reached is what the simulated MPU lets through. */
#define _POSIX_C_SOURCE 200809L

#include "tests/support_moment.h"
#include "tools/view/picture_file.h"
#include "tools/view/picture_raster.h"
#include "tools/view/picture_svg.h"
#include "tools/view/view_axis.h"
#include "tools/view/view_map.h"

#include <check.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct picture p;
static struct stand stand;

static void start(void)
{
    picture_start(&p, 400, 200, THEME_DARK);
}

static void end(void)
{
    picture_free(&p);
}

/* --- text ------------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    int width;
    const char *shown; /* "": nothing */
} fits[] = {
    {"TIMER1", 48, "TIMER1"},
    {"TIMER1", 47, "TIME…"},
    {"TIMER1", 16, "T…"},
    {"TIMER1", 15, ""},
    {"µµµµ", 32, "µµµµ"},
    {"µµµµ", 31, "µµ…"},
    {"A", 8, "A"},
    {"", 80, ""},
    {"A", 7, ""},
};

START_TEST(a_label_that_does_not_fit_is_cut)
{
    const struct place in = {10, 10, fits[_i].width, 20};
    const struct place at =
        picture_label(&p, in, (struct ink){8, ROLE_TEXT, ALIGN_LEFT}, fits[_i].text);
    const struct shape *last = &p.shapes[p.count - 1];

    ck_assert_int_eq(at.w / 8, text_length(fits[_i].shown));
    if (!*fits[_i].shown) {
        ck_assert_uint_eq(p.count, 1);
        return;
    }
    ck_assert_str_eq(picture_string(&p, last->text), fits[_i].shown);
    ck_assert_int_eq(last->place.y, 12);
    ck_assert_int_eq(last->place.h, 16);
}
END_TEST

START_TEST(of_choices_the_first_that_fits_is_taken)
{
    const char *const choices[] = {"+412 KiB not asked for", "+412 KiB", "", NULL};
    const struct ink ink = {8, ROLE_TEXT, ALIGN_CENTER};

    ck_assert_int_eq(picture_label_of(&p, (struct place){0, 0, 176, 16}, ink, choices).w, 176);
    ck_assert_int_eq(picture_label_of(&p, (struct place){0, 0, 175, 16}, ink, choices).w, 64);
    ck_assert_int_eq(picture_label_of(&p, (struct place){0, 0, 63, 16}, ink, choices).w, 0);
}
END_TEST

START_TEST(a_plate_without_room_leaves_no_ground_behind)
{
    const char *const choices[] = {"too long", NULL};
    const struct ink ink = {8, ROLE_TEXT, ALIGN_CENTER};

    picture_plate(&p, (struct place){0, 0, 12, 16}, ink, ROLE_PANEL, choices);
    ck_assert_uint_eq(p.count, 1);
    picture_tell(&p, (struct target){TARGET_APP, 1}, "of nothing");
    ck_assert_uint_eq(p.shapes[0].tip, 0);
    picture_plate(&p, (struct place){0, 0, 72, 16}, ink, ROLE_PANEL, choices);
    ck_assert_uint_eq(p.count, 3);
    ck_assert_int_eq(p.shapes[1].place.w, 72);
}
END_TEST

START_TEST(a_click_finds_the_topmost_shape_that_means_something)
{
    picture_fill(&p, (struct place){0, 0, 100, 100}, ROLE_OWNER);
    picture_tell(&p, (struct target){TARGET_APP, 0}, "below");
    picture_fill(&p, (struct place){50, 50, 10, 10}, ROLE_FAULT);
    picture_tell(&p, (struct target){TARGET_FAULT, 7}, "above");
    picture_fill(&p, (struct place){50, 50, 10, 10}, ROLE_PANEL);

    ck_assert_uint_eq(picture_at(&p, 55, 55)->target.number, 7);
    ck_assert_str_eq(picture_string(&p, picture_at(&p, 49, 55)->tip), "below");
    ck_assert_ptr_null(picture_at(&p, 100, 99));
}
END_TEST

/* --- colours --------------------------------------------------------------------------------- */

START_TEST(contrast_is_as_wcag_says)
{
    ck_assert_uint_eq(contrast_percent(0x000000, 0xffffff), 2100);
    ck_assert_uint_eq(contrast_percent(0xffffff, 0xffffff), 100);
    ck_assert_uint_eq(contrast_percent(0x777777, 0xffffff), 447);
    ck_assert_uint_eq(contrast_percent(0xffffff, 0x0000ff), 859);
}
END_TEST

/* --- the axis -------------------------------------------------------------------------------- */

static struct axis axis;

START_TEST(an_axis_fills_its_rows_without_gap_or_overlap)
{
    static const int widths[] = {700, 200};
    struct moment_segments used = {.count = 3, .at = {{0, 64}, {4096, 8192}, {1 << 20, 2 << 20}}};
    axis_start(&axis);
    axis_edge(&axis, 6144);
    axis_edge(&axis, 4 << 20); /* outside: no stretch */
    axis_cut(&axis, &used);

    ck_assert_uint_eq(axis.count, 6);
    for (uint32_t i = 0; i < axis.count; i++)
        axis.at[i].cells = axis.at[i].used ? 10 : AXIS_GAP_CELLS;
    ck_assert_int_eq(axis_rows(&axis, 44), 1);
    ck_assert_int_eq(axis_rows(&axis, 22), 2);
    axis_place(&axis, 100, widths[_i], 8, 1 + _i);
    ck_assert_int_eq(axis.rows, 1 + _i);
    ck_assert_int_eq(axis.at[0].x, 100);
    for (uint32_t i = 0; i < axis.count; i++) {
        const struct stretch *s = &axis.at[i];
        bool last = i + 1 == axis.count || s[1].row != s->row;
        ck_assert_int_eq(s->x + s->w, last ? 100 + widths[_i] : s[1].x);
        ck_assert_int_ge(s->w, 8);
    }
    ck_assert_int_ge(axis.at[5].w, axis.at[0].w);
}
END_TEST

START_TEST(plain_neighbours_become_one_group_but_for_those_that_are_kept)
{
    struct moment_segments used = {.count = 1, .at = {{0, 0xa000}}};
    axis_start(&axis);
    for (uint64_t edge = 0; edge < 0xa000; edge += 0x1000)
        axis_edge(&axis, edge);
    axis_cut(&axis, &used);
    for (uint32_t i = 0; i < axis.count; i++) {
        axis.at[i].plain = i != 4;
        axis.at[i].items = 1;
    }
    axis_group(&axis, 12, (uint32_t)_i);

    ck_assert_uint_eq(axis.count, 3U + 2 * (uint32_t)_i);
    ck_assert_uint_eq(axis.at[0].items, 4U - (uint32_t)_i);
    ck_assert_uint_eq(axis.at[axis.count - 1].items, 5U - (uint32_t)_i);
    ck_assert_uint_eq(axis.at[axis.count - 1].end, 0xa000);
}
END_TEST

/* --- every label of every picture ------------------------------------------------------------ */

/* The same each time, and slow to compute. */
static uint32_t contrast_of(enum theme theme, unsigned a, unsigned b)
{
    static uint32_t known[THEMES][ROLES][ROLES];
    if (!known[theme][a][b])
        known[theme][a][b] =
            contrast_percent(theme_color(theme, (enum role)a), theme_color(theme, (enum role)b));
    return known[theme][a][b];
}

/* Colours that a label would lie on at this point: the topmost ground, and what is drawn on it. */
static void check_ground(const struct picture *picture, uint32_t text, int x, int y, const char *id)
{
    const struct shape *label = &picture->shapes[text];
    for (uint32_t i = text; i > 0; i--) {
        const struct shape *s = &picture->shapes[i - 1];
        bool is_ground = s->kind == SHAPE_FILL;
        if ((!is_ground && s->kind != SHAPE_HATCH) || !place_holds(s->place, x, y))
            continue;
        uint32_t contrast = contrast_of(picture->theme, label->role, s->role);
        if (contrast < 450)
            ck_abort_msg("%s, %dx%d: \"%s\" on role %u: contrast %" PRIu32, id, picture->width,
                         picture->height, picture_string(picture, label->text), s->role, contrast);
        if (is_ground)
            return;
    }
}

static void check_contrast(const struct picture *picture, uint32_t text, const char *id)
{
    const struct place at = picture->shapes[text].place;
    int cell = picture->shapes[text].stroke;
    for (int x = at.x; x < at.x + at.w; x += cell)
        for (int y = at.y; y < at.y + at.h; y += cell / 2)
            check_ground(picture, text, x, y, id);
}

/* A ground that is drawn later hides what is below: no label may be. */
static void check_alone(const struct picture *picture, uint32_t text, const char *id)
{
    const struct shape *label = &picture->shapes[text];
    for (uint32_t i = text + 1; i < picture->count; i++) {
        const struct shape *s = &picture->shapes[i];
        bool hides = s->kind == SHAPE_TEXT || s->kind == SHAPE_FILL || s->kind == SHAPE_HATCH;
        if (hides && place_meets(label->place, s->place))
            ck_abort_msg("%s, %dx%d: \"%s\" at (%d, %d) is met by \"%s\", a shape of kind %u at "
                         "(%d, %d)",
                         id, picture->width, picture->height, picture_string(picture, label->text),
                         label->place.x, label->place.y, picture_string(picture, s->text), s->kind,
                         s->place.x, s->place.y);
    }
}

static void check_inside(const struct picture *picture, const struct shape *s, const char *id)
{
    const struct place at = s->place;
    if (s->kind == SHAPE_LINE)
        return;
    if (at.x < 0 || at.y < 0 || at.x + at.w > picture->width || at.y + at.h > picture->height)
        ck_abort_msg("%s: a shape of kind %u (\"%s\") at (%d, %d), %d by %d, leaves %d by %d", id,
                     s->kind, picture_string(picture, s->text), at.x, at.y, at.w, at.h,
                     picture->width, picture->height);
}

static void check_picture(const struct picture *picture, const char *id)
{
    for (uint32_t i = 0; i < picture->count; i++) {
        check_inside(picture, &picture->shapes[i], id);
        if (picture->shapes[i].kind != SHAPE_TEXT)
            continue;
        check_contrast(picture, i, id);
        check_alone(picture, i, id);
    }
}

static const struct view views[] = {
    {.width = 800, .height = 600, .strip_height = 100},
    {.width = 1280, .height = 800, .theme = THEME_LIGHT, .strip_height = 160},
    {.width = 1920, .height = 1080},
    {.width = 3840, .height = 2160, .strip_height = 400},
    {.width = VIEW_WIDTH_MIN, .height = VIEW_HEIGHT_MIN, .theme = THEME_LIGHT},
    {.width = 1280, .height = 800, .scale_percent = 200},
    {.width = 800, .height = 600, .strip_height = 420}, /* no room for all lanes */
};

static void check_views(const struct moment *moment, const struct moment *other)
{
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        struct view view = views[i];
        view.other = other;
        view_map(moment, &view, &p);
        check_picture(&p, moment->id);
    }
}

/* --- the truth ------------------------------------------------------------------------------- */

/* What the moment says of the address: rights, 0 where no span holds it. */
static uint32_t shown_rights(const struct moment_reach *reach, uint64_t address, uint32_t *at)
{
    while (*at < reach->span_count && reach->spans[*at].end <= address)
        ++*at;
    bool in = *at < reach->span_count && reach->spans[*at].first <= address;
    return in ? reach->spans[*at].rights : 0;
}

/* What the unit says, asked for each kind of access. */
static uint32_t probed_rights(const struct mpu_armv7m *mpu, uint32_t address)
{
    uint32_t rights = 0;
    for (unsigned kind = 0; kind < ACCESS_KINDS; kind++) {
        const struct access access = {address, 1, (enum access_kind)kind, false, false};
        rights |= (uint32_t)mpu_armv7m_check(mpu, access).allowed << kind;
    }
    return rights;
}

static void probe(const struct moment_reach *reach, const struct mpu_armv7m *mpu, uint64_t first,
                  uint64_t end, uint64_t step)
{
    uint32_t at = 0;
    for (uint64_t address = first; address < end; address += step) {
        uint32_t wanted = span_holds(REACH_PRIVATE_BUS, (uint32_t)address)
                              ? 0
                              : probed_rights(mpu, (uint32_t)address);
        uint32_t shown = shown_rights(reach, address, &at);
        if (shown != wanted) /* an assertion at each of a million bytes would take seconds */
            ck_abort_msg("at 0x%08" PRIx64 ": shown %" PRIu32 ", probed %" PRIu32, address, shown,
                         wanted);
    }
}

/* Every 32nd byte of flash, RAM and each device and span, each byte around an edge. */
static void check_truth(const struct moment *moment, const struct moment_reach *reach,
                        const struct mpu_armv7m *mpu)
{
    const struct span memories[] = {moment->flash, moment->ram};
    for (size_t i = 0; i < 2; i++)
        probe(reach, mpu, memories[i].base, (uint64_t)memories[i].base + memories[i].size, 32);
    for (uint32_t i = 0; i < moment->device_count; i++) {
        uint64_t base = moment->devices[i].window.base;
        probe(reach, mpu, base, base + moment->devices[i].window.size, 32);
    }
    for (uint32_t i = 0; i < reach->span_count; i++) {
        const struct moment_span *s = &reach->spans[i];
        probe(reach, mpu, s->first, s->end, 32);
        probe(reach, mpu, s->first > 64 ? s->first - 64 : 0, s->first + 64, 1);
        probe(reach, mpu, s->end - 64, s->end + 64 < UINT64_C(1) << 32 ? s->end + 64 : s->end, 1);
    }
}

/* The registers as user mode finds them: the unit is on. */
static struct mpu_armv7m unit_now(void)
{
    struct mpu_armv7m mpu = *machine_mpu(stand.run.hw.m);
    mpu_armv7m_write(&mpu, MPU_ARMV7M_CTRL, MPU_ARMV7M_CTRL_ENABLE);
    return mpu;
}

/* --- all scenarios ---------------------------------------------------------------------------- */

enum { PARTS = 4 }; /* tests that all scenarios are dealt out to */

static uint32_t check_reach(const struct moment *moment)
{
    const struct mpu_armv7m mpu = unit_now();
    uint32_t checked = 0;
    for (uint32_t i = 0; i < moment->reach_count; i++) {
        if (!moment->reach[i].is_now)
            continue;
        check_truth(moment, &moment->reach[i], &mpu);
        checked++;
    }
    return checked;
}

/* In mid-run with two apps side by side, and later, with what has changed since: labels, and that
 * what is shown as reached is what the unit lets through. Answers how often that could be asked. */
static uint32_t check_file(const char *path)
{
    uint32_t checked = 0;
    struct moment *before = malloc(sizeof *before);
    ck_assert_ptr_nonnull(before);
    stand_begin(&stand, path);
    stand_step(&stand, 150);
    check_views(stand_moment(&stand, true), NULL);
    checked += check_reach(stand.moment);
    *before = *stand.moment;
    stand_step(&stand, 1500);
    check_views(stand_moment(&stand, false), before);
    checked += check_reach(stand.moment);
    stand_end(&stand);
    free(before);
    return checked;
}

START_TEST(labels_can_be_read_and_nothing_overlaps_and_what_is_shown_is_true)
{
    glob_t files;
    uint32_t checked = 0;
    ck_assert_int_eq(glob("scenarios/[!b]*/*.json", 0, NULL, &files), 0);
    ck_assert_int_eq(glob("scenarios/ble/*.json", GLOB_APPEND, NULL, &files), 0);
    ck_assert_int_eq(glob("scenarios/*/*/*.json", GLOB_APPEND, NULL, &files), 0);
    for (size_t i = (size_t)_i; i < files.gl_pathc; i += PARTS)
        checked += check_file(files.gl_pathv[i]);
    ck_assert_uint_gt(checked, files.gl_pathc / PARTS / 2);
    globfree(&files);
}
END_TEST

START_TEST(an_app_that_never_ran_is_said_to_be_so)
{
    stand_begin(&stand, "scenarios/passthrough/lent_timer_reaches_its_app.json");
    stand_step(&stand, 1);
    const struct moment *moment = stand_moment(&stand, true);

    ck_assert_uint_le(moment->reach_count, 1);
    ck_assert_uint_eq(moment->idle_count, 1);
    check_views(moment, NULL);
    stand_end(&stand);
}
END_TEST

START_TEST(what_is_selected_has_an_outline_and_help_lies_over_all)
{
    static const char *const help[] = {"?  this help", "q  quit", NULL};
    struct view view = views[0];
    stand_begin(&stand, "scenarios/passthrough/lent_timer_reaches_its_app.json");
    ck_assert(stand_go(&stand, "owner", 900000000));
    const struct moment *moment = stand_moment(&stand, false);
    view_map(moment, &view, &p);
    uint32_t plain = p.count;
    view.selected = (struct target){TARGET_DEVICE, moment_device_at(moment, 0x40009000)};
    view_map(moment, &view, &p);
    ck_assert_uint_eq(p.count, plain + 1);

    view_panel(&view, help, false, &p);
    ck_assert_int_eq(picture_at(&p, 400, 300)->target.kind, TARGET_PANEL);
    ck_assert_str_eq(picture_string(&p, p.shapes[p.count - 1].text), help[1]);
    stand_end(&stand);
}
END_TEST

START_TEST(the_strip_is_left_free)
{
    const struct view_layout at = view_layout(&views[0]);
    stand_begin(&stand, "scenarios/passthrough/lent_timer_reaches_its_app.json");
    stand_step(&stand, 50);
    view_map(stand_moment(&stand, false), &views[0], &p);

    ck_assert_int_eq(at.strip.h, views[0].strip_height);
    for (uint32_t i = 1; i < p.count; i++)
        ck_assert(!place_meets(p.shapes[i].place, at.strip) || p.shapes[i].role == ROLE_PANEL);
    stand_end(&stand);
}
END_TEST

/* --- a closer look ---------------------------------------------------------------------------- */

/* One of each board, and of each way to reach more than what was asked for. */
static const struct {
    const char *path;
    const char *app;
    uint64_t at_ps;
} truths[] = {
    {"scenarios/passthrough/widened_window_is_declared.json", "ble", 56000000},
    {"scenarios/passthrough/undeclared_widening_breaks_the_rule.json", NULL, 0},
    {"scenarios/passthrough/lent_timer_reaches_its_app.json", "owner", 900000000},
    {"scenarios/passthrough/three_devices_are_told_apart_by_their_base.json", NULL, 0},
    {"scenarios/passthrough/part_of_a_device_is_lent_as_a_part.json", NULL, 0},
    {"scenarios/isolation/what_is_reached_beyond_the_break_is_zero.json", NULL, 0},
    {"scenarios/isolation/app_that_gives_up_all_its_memory_reaches_none.json", NULL, 0},
    {"scenarios/ble/owner_of_all_eight_devices_reaches_their_pages_only.json", NULL, 0},
    {"scenarios/virtualization/sixteen_apps_and_the_kernel_are_each_served_once_in_a_round.json",
     NULL, 0},
    {"scenarios/passthrough/lent_two_wire_bus_reads_a_thermometer.json", NULL, 0},
    {"scenarios/passthrough/lent_spi_controller_programs_a_flash_chip.json", NULL, 0},
    {"scenarios/attacks/hostile_device_writes_on_after_its_owners_death.json", NULL, 0},
    {"scenarios/isolation/access_across_an_edge_is_judged_by_each_byte.json", NULL, 0},
    {"scenarios/attacks/dma_master_without_opt_in_is_refused.json", NULL, 0},
    {"scenarios/passthrough/busy_timer_is_refused.json", NULL, 0},
};

START_TEST(what_is_shown_as_reached_is_what_the_unit_lets_through)
{
    stand_begin(&stand, truths[_i].path);
    if (truths[_i].app)
        ck_assert(stand_go(&stand, truths[_i].app, truths[_i].at_ps));
    static const uint64_t steps[] = {3, 4, 7, 12, 97}; /* short runs are met, too */
    uint32_t checked = 0;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        bool goes_on = stand_step(&stand, truths[_i].app ? 0 : steps[i]);
        const struct moment *moment = stand_moment(&stand, false);
        const struct mpu_armv7m mpu = unit_now();
        if (moment->reach_count && moment->reach[0].is_now) {
            check_truth(moment, &moment->reach[0], &mpu);
            probe(&moment->reach[0], &mpu, 0, UINT64_C(1) << 32, 4096 + 32); /* all the rest */
            checked++;
        }
        if (!goes_on)
            break;
    }
    ck_assert_uint_gt(checked, 0);
    stand_end(&stand);
}
END_TEST

START_TEST(the_drafts_grant_shows_what_was_not_asked_for)
{
    stand_begin(&stand, truths[0].path);
    ck_assert(stand_go(&stand, "ble", 56000000));
    const struct moment *moment = stand_moment(&stand, false);
    const struct moment_reach *reach = &moment->reach[0];

    ck_assert_uint_eq(reach->declared_bytes, 0x73000);
    ck_assert_uint_eq(reach->undeclared_bytes + reach->stray_bytes, 0);
    ck_assert_uint_eq(reach->window_count, 1);
    const struct {
        uint64_t first, end;
        enum reach_reason reason;
    } wanted[] = {
        {0x00040000, 0x00041000, REACH_FLASH},    {0x10010000, 0x10010800, REACH_MEMORY},
        {0x50000000, 0x5000c000, REACH_DECLARED}, {0x5000c000, 0x50019000, REACH_ASKED},
        {0x50019000, 0x50080000, REACH_DECLARED},
    };
    ck_assert_uint_eq(reach->span_count, 5);
    for (uint32_t i = 0; i < 5; i++) {
        ck_assert_uint_eq(reach->spans[i].first, wanted[i].first);
        ck_assert_uint_eq(reach->spans[i].end, wanted[i].end);
        ck_assert_uint_eq(reach->spans[i].reason, wanted[i].reason);
    }
    stand_end(&stand);
}
END_TEST

/* --- back ends ------------------------------------------------------------------------------- */

START_TEST(text_in_xml_is_escaped)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    xml_write_text(to, "a<b>&\"c'\x01\xff µ");
    fclose(to);

    ck_assert_str_eq(text, "a&lt;b&gt;&amp;&quot;c&#39;\xef\xbf\xbd\xef\xbf\xbd µ");
    free(text);
}
END_TEST

static uint32_t pixel(const uint8_t *pixels, int x, int y)
{
    const uint8_t *at = pixels + ((size_t)y * 400 + (size_t)x) * 3;
    return (uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2];
}

START_TEST(shapes_are_drawn_where_they_are_and_nowhere_else)
{
    uint8_t *pixels = malloc(raster_size(&p));
    const uint32_t ground = theme_color(THEME_DARK, ROLE_BACKGROUND);
    const uint32_t orange = theme_color(THEME_DARK, ROLE_OWNER);
    picture_fill(&p, (struct place){10, 10, 5, 5}, ROLE_OWNER);
    picture_outline(&p, (struct place){30, 10, 9, 9}, ROLE_OWNER, 2);
    picture_mark(&p, SHAPE_CROSS, (struct place){50, 10, 11, 11}, ROLE_OWNER);
    picture_line(&p, -5, 100, 500, 100, ROLE_OWNER, 1); /* cut at the edges */
    picture_raster(&p, NULL, pixels);

    ck_assert_uint_eq(pixel(pixels, 10, 10), orange);
    ck_assert_uint_eq(pixel(pixels, 14, 14), orange);
    ck_assert_uint_eq(pixel(pixels, 15, 14), ground);
    ck_assert_uint_eq(pixel(pixels, 31, 17), orange);
    ck_assert_uint_eq(pixel(pixels, 32, 12), ground);
    ck_assert_uint_eq(pixel(pixels, 55, 15), orange);
    ck_assert_uint_eq(pixel(pixels, 55, 10), ground);
    ck_assert_uint_eq(pixel(pixels, 399, 100), orange);
    free(pixels);
}
END_TEST

START_TEST(a_font_that_is_none_is_refused)
{
    char why[FONT_WHY_MAX];

    ck_assert_ptr_null(font_open("tests/data/none.ttf", why));
    ck_assert_ptr_nonnull(strstr(why, "No such file"));
    ck_assert_ptr_null(font_open("Makefile", why));
    ck_assert_ptr_nonnull(strstr(why, "no TrueType font"));
}
END_TEST

static Suite *view_suite(void)
{
    Suite *suite = suite_create("view");
    TCase *t = tcase_create("pictures");

    tcase_add_checked_fixture(t, start, end);
    tcase_add_loop_test(t, a_label_that_does_not_fit_is_cut, 0, sizeof fits / sizeof fits[0]);
    tcase_add_test(t, of_choices_the_first_that_fits_is_taken);
    tcase_add_test(t, a_plate_without_room_leaves_no_ground_behind);
    tcase_add_test(t, a_click_finds_the_topmost_shape_that_means_something);
    tcase_add_test(t, contrast_is_as_wcag_says);
    tcase_add_loop_test(t, an_axis_fills_its_rows_without_gap_or_overlap, 0, 2);
    tcase_add_loop_test(t, plain_neighbours_become_one_group_but_for_those_that_are_kept, 0, 3);
    tcase_add_loop_test(t, labels_can_be_read_and_nothing_overlaps_and_what_is_shown_is_true, 0,
                        PARTS);
    tcase_add_test(t, an_app_that_never_ran_is_said_to_be_so);
    tcase_add_test(t, what_is_selected_has_an_outline_and_help_lies_over_all);
    tcase_add_test(t, the_strip_is_left_free);
    tcase_add_loop_test(t, what_is_shown_as_reached_is_what_the_unit_lets_through, 0,
                        sizeof truths / sizeof truths[0]);
    tcase_add_test(t, the_drafts_grant_shows_what_was_not_asked_for);
    tcase_add_test(t, text_in_xml_is_escaped);
    tcase_add_test(t, shapes_are_drawn_where_they_are_and_nowhere_else);
    tcase_add_test(t, a_font_that_is_none_is_refused);
    suite_add_tcase(suite, t);
    return suite;
}

int main(void)
{
    SRunner *runner = srunner_create(view_suite());
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
