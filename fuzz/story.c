/* story.c: see story.h. */
#include "fuzz/story.h"

#include "fuzz/air_tape.h"
#include "fuzz/app_bytes.h"
#include "fuzz/stage.h"
#include "fuzz/stage_device.h"
#include "model/syscall.h"

static uint8_t draw(struct random *random, uint32_t bound)
{
    return (uint8_t)random_below(random, bound);
}

static struct tape_op *say(struct tape *story, uint8_t stream, uint8_t kind)
{
    story->ops[story->count] = (struct tape_op){.stream = stream, .kind = kind};
    return &story->ops[story->count++];
}

static void choose_stage(struct tape *story, struct random *random)
{
    say(story, STREAM_SCHEDULE, SCHEDULE_STAGE)->which = draw(random, 256);
}

/* The first ones more often, any sometimes. */
static uint8_t draw_small(struct random *random)
{
    static const uint16_t bounds[4] = {2, 4, 16, 256};
    return draw(random, bounds[draw(random, 4)]);
}

/* What befalls app `which`, at a moment: one of these kinds. */
static void befall(struct tape *story, uint8_t which, const uint8_t kinds[4], struct random *random)
{
    struct tape_op *op = say(story, STREAM_SCHEDULE, kinds[draw(random, 4)]);
    op->which = which;
    op->size = draw_small(random);
    op->value[0] = (struct tape_value){draw(random, 16), (int8_t)draw_small(random)};
    op->value[1] = (struct tape_value){draw(random, 192), (int8_t)draw_small(random)};
}

/* --- devices and who shares them ------------------------------------------------------------- */

/* Of each of these the device's stream, and what apps do with it: usuals[] in fuzz/app_bytes.c. */
enum { ALARMS, TEXTS, SAMPLES, SPI, I2C, BYTES, STORAGE, KEYS, FRAMES, DATAGRAMS };
static const struct {
    uint8_t device, count, rows[6];
} families[] = {
    [ALARMS] = {5, 1, {0}},
    [TEXTS] = {0, 5, {1, 2, 2, 23, 27}},
    [SAMPLES] = {3, 1, {3}},
    [SPI] = {1, 4, {4, 4, 21, 31}},
    [I2C] = {2, 5, {5, 6, 5, 6, 22}},
    [BYTES] = {4, 2, {7, 30}},
    [STORAGE] = {6, 6, {8, 9, 24, 24, 25, 26}},
    [KEYS] = {7, 4, {10, 11, 11, 32}},
    [FRAMES] = {0, 6, {12, 13, 13, 16, 16, 28}},
    [DATAGRAMS] = {0, 6, {14, 15, 15, 18, 20, 29}},
};

/* Those with more to go wrong more often: transfers that others hold up, keys, pages of flash. */
static const uint8_t chosen[] = {ALARMS, TEXTS, TEXTS,  SAMPLES, SAMPLES,  SPI,
                                 I2C,    I2C,   BYTES,  STORAGE, STORAGE,  KEYS,
                                 KEYS,   KEYS,  FRAMES, FRAMES,  DATAGRAMS};

/* Sizes that a block cipher takes, too: BLOCK - 1 stands for one block. */
static uint8_t draw_size(struct random *random)
{
    static const uint8_t sizes[8] = {0, 1, 3, 15, 15, 31, 63, 192};
    return sizes[draw(random, 8)];
}

/* An app's operation; what both apps say is the same but for this. */
static struct tape_op *use_row(struct tape *story, uint8_t app, uint8_t row,
                               const struct tape_op *like, struct random *random)
{
    struct tape_op *op = say(story, (uint8_t)(STREAM_APP + app), BYTES_CALL_ANY);
    op->which = draw(random, 256);
    op->number = (uint8_t)(BYTES_USUAL + row);
    op->size = like->size;
    op->value[0] = like->value[0];
    op->value[1] = like->value[1];
    if (draw(random, 4) == 0)
        op->value[draw(random, 2)].pick = draw(random, 4);
    if (draw(random, 4) == 0)
        op->size = draw_size(random);
    if (draw(random, 8) == 0) /* of its buffer, where that may be shorter */
        op->value[1].offset = (int8_t)draw_small(random);
    return op;
}

static void use(struct tape *story, uint8_t app, uint8_t family, const struct tape_op *like,
                struct random *random)
{
    const uint8_t row = families[family].rows[draw(random, families[family].count)];
    (void)use_row(story, app, row, like, random);
}

static struct tape_op *work_a_while(struct tape *story, uint8_t app, struct random *random)
{
    struct tape_op *op = say(story, (uint8_t)(STREAM_APP + app), BYTES_COMPUTE);
    op->which = draw_small(random);
    op->number = draw(random, 256);
    op->size = draw(random, 5);
    return op;
}

/* As long as something may be on the line: up to 16 ms, mostly less. */
static void work_for_ms(struct tape *story, uint8_t app, struct random *random)
{
    struct tape_op *op = work_a_while(story, app, random);
    op->which = draw(random, draw(random, 2) ? 96 : 256);
    op->size = 4;
}

static void use_some(struct tape *story, uint8_t app, uint8_t family, const struct tape_op *like,
                     struct random *random)
{
    if (draw(random, 4) == 0) /* later */
        (void)work_a_while(story, app, random);
    for (uint32_t left = 1 + draw(random, 3); left > 0; left--)
        use(story, app, family, like, random);
}

enum { MOST_BYTES = 15 }; /* `size` of as many as a wire brings at once: sixteen */

/* What the device does, at a moment of its own. */
static void disturb(struct tape *story, uint8_t device, struct random *random)
{
    static const uint8_t kinds[16] = {DEVICE_FORCE,  DEVICE_ANSWER, DEVICE_ANSWER,  DEVICE_ANSWER,
                                      DEVICE_ERROR,  DEVICE_HANG,   DEVICE_HANG,    DEVICE_DELAY,
                                      DEVICE_DELAY,  DEVICE_LATE,   DEVICE_LATE,    DEVICE_LATE,
                                      DEVICE_HASTEN, DEVICE_TASK,   DEVICE_RECEIVE, DEVICE_FRAME};
    bool has_wire = device == 0 && draw(random, 2);
    struct tape_op *op =
        say(story, (uint8_t)(STREAM_DEVICE + device),
            has_wire ? (draw(random, 4) ? DEVICE_RECEIVE : DEVICE_FRAME) : kinds[draw(random, 16)]);
    op->which = draw(random, 256);
    op->size = draw_small(random);
    if (has_wire && draw(random, 2))
        op->size = MOST_BYTES;
    if (draw(random, 2))
        op->value[0] = (struct tape_value){draw(random, 256), (int8_t)draw_small(random)};
    op->value[1].pick =
        (uint8_t)(64 * (draw(random, 8) ? 1 + draw(random, 3) : 0) + 16 * draw(random, 4));
    op->value[1].pick += draw_small(random) % 16;
    op->value[1].offset = (int8_t)draw_small(random);
}

/* For the address that the apps have, or for one that they may have. */
static void send_mail(struct tape *story, bool is_datagram, const struct tape_op *like,
                      struct random *random)
{
    struct tape_op *op = say(story, STREAM_DEVICE, DEVICE_MAIL);
    op->which = draw(random, 4) ? like->value[0].pick : draw(random, 4);
    op->which += (uint8_t)(4 * draw(random, 32) + 128 * is_datagram);
    op->number = (uint8_t)(draw(random, 2) ? 4 + draw(random, 28) : draw(random, 256));
    op->size = (uint8_t)(draw(random, 4) ? draw(random, 32) : 192 + draw(random, 64));
    op->value[0] = (struct tape_value){draw(random, 256), (int8_t)draw(random, 128)};
}

static const uint8_t ends[4] = {SCHEDULE_KILL_AT, SCHEDULE_FAULT_AT, SCHEDULE_RESTART_AT,
                                SCHEDULE_PRESSURE_AT};

/* An app waits for what comes by the line, or sends, and so may another one, with the same address
 * or not. Meanwhile the address changes hands, perhaps. */
static void correspond(struct tape *story, struct random *random)
{
    /* usuals[] in fuzz/app_bytes.c: half of those at first wait; the last four let go before. */
    static const uint8_t rows[2][8] = {{12, 12, 17, 13, 17, 17, 16, 28},
                                       {14, 14, 19, 15, 19, 19, 18, 29}};
    const uint8_t is_datagram = draw(random, 2), app = draw(random, 2);
    const struct tape_op like = {
        .size = draw_size(random),
        .value = {{draw(random, 4), 0}, {draw(random, 4), (int8_t)draw_small(random)}}};
    if (draw(random, 4) == 0)
        work_for_ms(story, app, random);
    (void)use_row(story, app, rows[is_datagram][draw(random, 4)], &like, random);
    if (draw(random, 2))
        use_row(story, !app, rows[is_datagram][draw(random, 8)], &like, random)->value[0].pick =
            draw(random, 4);
    for (uint32_t left = 1 + draw(random, 3); left > 0; left--)
        send_mail(story, is_datagram, &like, random);
    if (draw(random, 4))
        work_for_ms(story, app, random);
    if (draw(random, 4) == 0)
        say(story, (uint8_t)(STREAM_APP + app), SYSCALL_EXIT); /* and restarts */
    for (uint32_t left = 1 + draw(random, 2); left > 0; left--)
        (void)use_row(story, draw(random, 8) ? app : !app, rows[is_datagram][4 + draw(random, 4)],
                      &like, random);
    if (draw(random, 4) == 0)
        befall(story, draw(random, 2), ends, random);
}

/* `size` of a moment so far behind it: a page has been erased, in pieces, or nearly. */
enum { ERASED = 200 };

/* An app writes over what it has stored, and ends while flash is erased; somebody comes next. */
static void rewrite(struct tape *story, struct random *random)
{
    const uint8_t kinds[4] = {SCHEDULE_RESTART_AT, SCHEDULE_RESTART_AT, SCHEDULE_FAULT_AT,
                              SCHEDULE_KILL_AT};
    const uint8_t app = draw(random, 2);
    for (uint32_t left = 3; left > 0; left--) {
        const struct tape_op like = {.size = draw_size(random), .value = {{draw(random, 4), 0}}};
        use_row(story, app, 24, &like, random)->which |= 1; /* and waits */
    }
    befall(story, app, kinds, random);
    struct tape_op *end = &story->ops[story->count - 1];
    end->size = (uint8_t)(draw(random, 2) ? ERASED + draw(random, 16) : draw(random, 256));
    end->value[0].pick = draw(random, 3);           /* as an operation of its own begins, */
    end->value[1].offset = (int8_t)draw(random, 3); /* the second one, perhaps */
    const struct tape_op any = {.size = draw_size(random)};
    for (uint32_t left = draw(random, 3); left > 0; left--)
        use_row(story, !app, 8, &any, random)->which |= 1;
}

static void share(struct tape *story, struct random *random)
{
    const uint8_t family = chosen[draw(random, sizeof chosen)], app = draw(random, 2);
    const struct tape_op like = {.size = draw_size(random),
                                 .value = {{draw(random, 4), 0}, {draw(random, 4), 0}}};
    use_some(story, app, family, &like, random);
    if (draw(random, 3))
        befall(story, (uint8_t)(draw(random, 4) ? app : !app), ends, random);
    for (uint32_t left = draw(random, 3); left > 0; left--)
        disturb(story, families[family].device, random);
    if (draw(random, 4))
        use_some(story, !app, family, &like, random);
}

/* What one reads of the line, and then another. */
static void read_text(struct tape *story, struct random *random)
{
    const uint8_t app = draw(random, 2);
    const struct tape_op like = {.size = draw_size(random)};
    (void)use_row(story, app, 2, &like, random);
    struct tape_op *op = say(story, STREAM_DEVICE, DEVICE_RECEIVE);
    op->which = draw(random, 256);
    op->number = (uint8_t)(4 + draw(random, 60));
    op->size = draw(random, 2) ? like.size : MOST_BYTES;
    op->value[0] = (struct tape_value){draw(random, 256), (int8_t)draw(random, 256)};
    if (draw(random, 2))
        work_for_ms(story, app, random);
    (void)use_row(story, draw(random, 2), 2, &like, random);
}

/* Of target_device's stages: the one where the most wait. */
enum { CROWDED = 5 };

/* A while that others fit into: microseconds are made hundreds of them. */
static void hold_up(struct tape *story, uint8_t device, struct random *random)
{
    struct tape_op *op =
        say(story, (uint8_t)(STREAM_DEVICE + device), draw(random, 2) ? DEVICE_DELAY : DEVICE_LATE);
    op->size = (uint8_t)(1 + draw(random, 8));
    op->value[1].pick = (uint8_t)(64 + 16 + draw_small(random) % 16); /* as it is written to */
}

/* Two want the same, and one ends within microseconds of what is done for it. */
static void end_at_once(struct tape *story, struct random *random)
{
    static const uint8_t kinds[4] = {SCHEDULE_KILL_AT, SCHEDULE_KILL_AT, SCHEDULE_FAULT_AT,
                                     SCHEDULE_RESTART_AT};
    static const uint8_t brief[8] = {SAMPLES, SAMPLES, SAMPLES, KEYS, KEYS, KEYS, BYTES, SPI};
    const uint8_t family = brief[draw(random, 8)], app = draw(random, 2);
    const uint8_t row = families[family].rows[draw(random, families[family].count)];
    const struct tape_op like = {.size = draw_size(random),
                                 .value = {{draw(random, 4), 0}, {draw(random, 4), 0}}};
    if (draw(random, 4))
        story->ops[0].which = CROWDED;
    use_row(story, app, row, &like, random)->which |= (uint8_t)(draw(random, 4) > 0); /* waits */
    (void)use_row(story, !app, row, &like, random);
    befall(story, draw(random, 4) ? app : !app, kinds, random);
    struct tape_op *end = &story->ops[story->count - 1];
    end->size = draw(random, 4) == 0;
    end->value[0] = (struct tape_value){draw(random, 3), (int8_t)draw(random, 128)};
    end->value[1].offset = (int8_t)(draw(random, 4) == 0);
    if (draw(random, 3) == 0)
        hold_up(story, families[family].device, random);
    if (draw(random, 2))
        use_some(story, app, family, &like, random);
}

void story_device(struct tape *story, struct random *random)
{
    static void (*const tell[])(struct tape *, struct random *) = {
        share,      share,      share,      share,   share,     share,       share,
        correspond, correspond, correspond, rewrite, read_text, end_at_once, end_at_once};
    choose_stage(story, random);
    tell[draw(random, sizeof tell / sizeof tell[0])](story, random);
}

/* --- a connection ---------------------------------------------------------------------------- */

/* Of enum peer kinds in air_tape.c. */
enum { UPDATE = 1, MAP = 2, PHY = 3, SILENCE = 8 };

/* `size` of an update that has a window of 5 ms, no latency and no offset. */
enum { WINDOW = 4 };

/* A change that a central may make, at an instant that is far enough. */
static void change_lawfully(struct tape *story, struct random *random)
{
    static const uint8_t intervals[8] = {0, 1, 2, 3, 7, 8, 8, 8}, latencies[4] = {4, 4, 5, 6};
    static const uint8_t kinds[4] = {UPDATE, UPDATE, MAP, PHY}, sizes[8] = {0, 4, 4, 4, 5, 5, 6, 7};
    struct tape_op *op = say(story, PEER_STREAM, kinds[draw(random, 4)]);
    op->which = draw(random, 8);
    op->number = (uint8_t)(draw(random, 4) ? 5 + draw(random, 11) : draw(random, 16));
    op->size = sizes[draw(random, 8)];
    op->value[0].pick =
        (uint8_t)(draw(random, 2) * draw(random, 8) * 16 + intervals[draw(random, 8)]);
    op->value[1].pick = latencies[draw(random, 4)];
    if (op->kind != UPDATE)
        op->value[0].pick = draw(random, 3);
    if (op->kind == PHY)
        op->size = op->value[0].pick;
}

/* Around the instant of the change, or anywhere. */
static void lose(struct tape *story, struct random *random)
{
    const bool is_central = draw(random, 4);
    struct tape_op *op = is_central
                             ? say(story, PEER_STREAM, SILENCE)
                             : say(story, AIR_STREAM, draw(random, 2) ? AIR_LOSE : AIR_CORRUPT);
    op->which = draw(random, 8);
    op->number = (uint8_t)(draw(random, 4) ? 128 + draw(random, 8) : draw(random, 16));
    op->size = (uint8_t)(draw(random, 2) ? draw(random, 4) : 128 + draw_small(random) % 128);
}

/* An update whose instant is the event that tells of it; nothing follows, and nothing is lost. */
static void change_at_once(struct tape *story, struct random *random)
{
    change_lawfully(story, random);
    struct tape_op *op = &story->ops[story->count - 1];
    op->kind = UPDATE;
    op->number = 0;
    op->size = WINDOW;
}

/* A short interval and the shortest timeout, from an instant on around which silence begins that is
 * nearly as long. */
static void outlive_an_instant(struct tape *story, struct random *random)
{
    struct tape_op *op = say(story, PEER_STREAM, UPDATE);
    op->which = draw(random, 8);
    op->number = (uint8_t)(12 + draw(random, 4));
    op->size = WINDOW;
    op->value[0].pick = draw(random, 4);
    op = say(story, PEER_STREAM, SILENCE);
    op->number = (uint8_t)(128 + draw(random, 4));
    op->size = (uint8_t)(128 + draw(random, 4));
}

/* Of target_ble's stages: the one with time for all that. */
enum { PATIENT = 10 };

void story_ble(struct tape *story, struct random *random)
{
    static const uint8_t kinds[4] = {SCHEDULE_KILL_AT, SCHEDULE_RESTART_AT, SCHEDULE_RESTART_AT,
                                     SCHEDULE_KILL_AT};
    choose_stage(story, random);
    if (draw(random, 3) == 0)
        story->ops[0].which = PATIENT;
    if (draw(random, 4) == 0) {
        befall(story, draw(random, 2), kinds, random);
        return;
    }
    if (draw(random, 4) == 0) {
        if (story->ops[0].which == PATIENT)
            outlive_an_instant(story, random);
        else
            change_at_once(story, random);
        return;
    }
    for (uint32_t left = 1 + draw(random, 2); left > 0; left--)
        change_lawfully(story, random);
    for (uint32_t left = draw(random, 3); left > 0; left--)
        lose(story, random);
}

/* --- memory, alarms, permissions ------------------------------------------------------------- */

enum { ALARM = 1 }; /* `which` of its driver there */

/* Drivers that it has not used yet may get their grants where it has written. */
static void write_under_grants(struct tape *story, struct random *random)
{
    const uint8_t app = (uint8_t)(STREAM_APP + draw(random, 3));
    for (uint32_t left = draw(random, 6); left > 0; left--)
        say(story, app, BYTES_CALL_ANY)->number = (uint8_t)(BYTES_USUAL + draw(random, 16));
    struct tape_op *op = say(story, app, BYTES_CALL_ANY);
    op->number = BYTES_HEAP + HEAP_GROWS + HEAP_FILLS + HEAP_SHRINKS;
    op->which = draw(random, 2);
    op->size = draw(random, 128);
    op->value[0].pick = draw_small(random);
    for (uint32_t left = 1 + draw(random, 6); left > 0; left--)
        say(story, app, BYTES_CALL_ANY)->number = (uint8_t)(BYTES_USUAL + draw(random, 16));
}

static void set_alarms(struct tape *story, struct random *random)
{
    const uint8_t app = draw(random, 3);
    struct tape_op *op = say(story, (uint8_t)(STREAM_APP + app), SYSCALL_COMMAND);
    op->which = ALARM;
    op->number = 5; /* from now on */
    op->value[0] =
        (struct tape_value){(uint8_t)(64 + 24 + draw(random, 8)), (int8_t)draw_small(random)};
    for (uint32_t left = 1 + draw(random, 3); left > 0; left--) {
        op = say(story, (uint8_t)(STREAM_APP + draw(random, 3)), BYTES_CALL_ANY);
        op->number = (uint8_t)(BYTES_BUSY + draw(random, 16));
    }
}

/* Two apps work for milliseconds, longer than a slice is: turns and queues change. */
static void work_long(struct tape *story, struct random *random)
{
    const uint8_t first = draw(random, 3);
    for (uint32_t left = 2 + draw(random, 6); left > 0; left--) {
        struct tape_op *op =
            say(story, (uint8_t)(STREAM_APP + (first + left % 2) % 3), BYTES_COMPUTE);
        op->which = (uint8_t)(32 + draw(random, 224));
        op->size = (uint8_t)(2 + draw(random, 3));
    }
}

/* It has subscribed, and works through as many alarms as its queue has room for, or so. */
static void fill_queue(struct tape *story, struct random *random)
{
    const uint8_t app = (uint8_t)(STREAM_APP + draw(random, 3));
    say(story, app, BYTES_CALL_ANY)->number = BYTES_USUAL; /* the alarm's driver */
    for (uint32_t left = 7 + draw(random, 6); left > 0; left--)
        say(story, app, BYTES_CALL_ANY)->number = (uint8_t)(BYTES_BUSY + draw(random, 3));
}

void story_syscall(struct tape *story, struct random *random)
{
    static void (*const tell[5])(struct tape *, struct random *) = {
        write_under_grants, write_under_grants, set_alarms, work_long, fill_queue};
    choose_stage(story, random);
    tell[draw(random, 5)](story, random);
}

static void storm(struct tape *story, struct random *random)
{
    const uint8_t device = draw(random, 128), app = draw(random, 3);
    struct tape_op *op = say(story, (uint8_t)(STREAM_APP + app), BYTES_CALL_ANY);
    op->which = device;
    op->number = (uint8_t)(BYTES_OWNS + draw(random, 16));
    op = say(story, (uint8_t)(STREAM_APP + (app + 1) % 3), BYTES_COMPUTE);
    op->which = draw(random, 256);
    op->size = draw(random, 5);
    for (uint32_t left = 1 + draw(random, 6); left > 0; left--) {
        op = say(story, STREAM_SCHEDULE, SCHEDULE_STORM);
        op->which = device;
        op->number = draw(random, 32);
        op->value[0] =
            (struct tape_value){(uint8_t)(255 - draw_small(random)), (int8_t)draw(random, 16)};
    }
}

static void ask_for_commands(struct tape *story, struct random *random)
{
    for (uint32_t left = 1 + draw(random, 4); left > 0; left--) {
        struct tape_op *op = say(story, STREAM_APP + 1, SYSCALL_COMMAND);
        op->which = draw(random, 2) ? ALARM : draw(random, 16);
        op->number = (uint8_t)(32 * draw(random, 8) + draw(random, 8));
    }
}

/* A device that an app has does not obey any more; the app gives it back or ends, and somebody asks
 * for it. */
static void break_what_is_lent(struct tape *story, struct random *random)
{
    const uint8_t device = draw(random, 128), app = draw(random, 3);
    struct tape_op *op =
        say(story, STREAM_SCHEDULE, draw(random, 2) ? SCHEDULE_HANG : SCHEDULE_STUCK);
    op->which = device;
    op->number = draw(random, 4);
    for (uint32_t left = 1 + draw(random, 3); left > 0; left--) {
        op = say(story, (uint8_t)(STREAM_APP + (draw(random, 2) ? app : draw(random, 3))),
                 BYTES_CALL_ANY);
        op->which = device;
        op->number = (uint8_t)(BYTES_OWNS + draw(random, 16));
        op->size = draw(random, 256);
    }
}

void story_filter(struct tape *story, struct random *random)
{
    static void (*const tell[5])(struct tape *, struct random *) = {
        storm, ask_for_commands, fill_queue, fill_queue, break_what_is_lent};
    choose_stage(story, random);
    tell[draw(random, 5)](story, random);
}

/* --- what is another one's ------------------------------------------------------------------- */

/* Of each sort of a secret: what its owner does, and what another one does who may come to see it;
 * `number` of fuzz/app_bytes.h, kind 8, from 64 on those of apps with secrets; 0: nothing. */
static const struct {
    uint8_t owner[3], other[2];
} sorts[] = {
    {{129}, {129}},               /* the console */
    {{140}, {140}},               /* frames, that come, or go */
    {{141}, {141, 140}},          /* ... */
    {{142}, {142}},               /* datagrams */
    {{143}, {142}},               /* ... */
    {{132}, {132}},               /* SPI */
    {{137}, {136, 71}},           /* storage */
    {{67}, {68}},                 /* key registers */
    {{138, 139}, {138, 139}},     /* messages */
    {{64}, {64}},                 /* the radio */
    {{BYTES_OWNS}, {BYTES_OWNS}}, /* a device that is lent */
    {{70}, {70, 70}},             /* text */
};
enum { SORTS = sizeof sorts / sizeof sorts[0] };

static void do_it(struct tape *story, uint8_t app, uint8_t number, const struct tape_op *like,
                  struct random *random)
{
    struct tape_op *op = say(story, (uint8_t)(STREAM_APP + app), BYTES_CALL_ANY);
    op->number = number;
    op->which = draw_small(random);
    op->size = draw(random, 2) ? like->size : draw_size(random);
    op->value[0] = like->value[0];
    op->value[1] = like->value[1];
}

static void wait_a_little(struct tape *story, uint8_t app, struct random *random)
{
    struct tape_op *op = say(story, (uint8_t)(STREAM_APP + app), BYTES_COMPUTE);
    op->which = draw(random, 32);
    op->size = draw(random, 5);
}

static void come_by_wire(struct tape *story, struct random *random)
{
    struct tape_op *op = say(story, STREAM_DEVICE, draw(random, 3) ? DEVICE_FRAME : DEVICE_RECEIVE);
    op->which = (uint8_t)(draw(random, 2) * 128 + draw(random, 2));
    op->number = draw(random, 256);
    op->size = draw(random, 16);
    op->value[0] = (struct tape_value){draw(random, 256), (int8_t)draw(random, 128)};
}

/* It begins anew, and finds what it did before, perhaps in registers. */
static void begin_again(struct tape *story, uint8_t app, struct random *random)
{
    say(story, (uint8_t)(STREAM_APP + app), SYSCALL_EXIT); /* and restarts */
    wait_a_little(story, app, random);
    struct tape_op *op = say(story, (uint8_t)(STREAM_APP + app), BYTES_DRIVE);
    op->number = 128;
    op->size = 4; /* a load of CC[1] */
}

/* One reads the line while frame comes upon frame, and flash is erased meanwhile, by itself or by a
 * component of the kernel. */
static void overhear(struct tape *story, const struct tape_op *like, struct random *random)
{
    const uint8_t reader = draw(random, 2);
    for (uint32_t left = draw(random, 3); left > 0; left--)
        do_it(story, reader, 137, like, random);
    do_it(story, reader, 70, like, random);
    for (uint32_t left = 4 + draw(random, 7); left > 0; left--)
        come_by_wire(story, random);
    do_it(story, reader, 70, like, random);
}

void story_leaks(struct tape *story, struct random *random)
{
    const uint8_t sort = draw(random, SORTS), owner = draw(random, 2);
    const struct tape_op like = {.size = draw_size(random),
                                 .value = {{draw(random, 4), 0}, {draw(random, 4), 0}}};
    choose_stage(story, random);
    if (draw(random, 8) == 0) {
        overhear(story, &like, random);
        return;
    }
    for (uint32_t i = 0; i < 3 && sorts[sort].owner[i]; i++)
        do_it(story, owner, sorts[sort].owner[i], &like, random);
    if (draw(random, 2))
        wait_a_little(story, !owner, random);
    for (uint32_t i = 0; i < 2 && sorts[sort].other[i]; i++)
        do_it(story, !owner, sorts[sort].other[i], &like, random);
    for (uint32_t left = draw(random, 3); left > 0; left--)
        come_by_wire(story, random);
    if (draw(random, 4) == 0)
        begin_again(story, !owner, random);
}
