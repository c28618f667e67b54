/* extra.h: devices, apps and filters from a folder outside of the tree.
 *
 *   make EXTRA=dir --> each dir/FILE.c, compiled and linked whole --> rows of the linker's section
 *   "postern_extra" --tools/extra.c--> the catalogue, behind what the tree brings itself
 *
 * A file needs nothing but this header and a row at its end, outside of any function:
 *
 *   POSTERN_EXTRA_DEVICE(&button);                           boards: "type": "button"
 *   POSTERN_EXTRA_APP(&presser);                             scenarios: "program": "presser"
 *   POSTERN_EXTRA_FILTER("wide", "one line about it", wide); boards: "function": "wide"
 *   POSTERN_EXTRA_QUIESCE("button", steps);                  boards: "lend": {"quiesce": "button"}
 *
 * The arguments are addresses of constants of this file (struct device_type, struct app_engine), a
 * filter_function, and an array of struct quiesce_step: how the kernel makes such a device quiet
 * and brings it back to reset (model/passthrough_device.h). A name that is there already is refused
 * when the tool starts; so is a device whose registers are out of order. A file may have as many
 * rows as it likes, one a line.
 *
 * Files that were linked as they are keep their rows: do not put them into an archive of your own.
 */
#ifndef SIM_EXTRA_H
#define SIM_EXTRA_H

#include "model/filter.h"
#include "model/passthrough_device.h"
#include "sim/app.h"
#include "sim/device.h"

/* A board's filter written in C, by the name that boards give it. */
struct catalogue_filter {
    const char *name; /* "widen_512k" */
    const char *about;
    filter_function *function;
};

/* Quiesce steps, by the name that boards give them. */
struct extra_quiesce {
    const char *name;
    const struct quiesce_step *steps;
    uint8_t count;
};

/* One row: exactly one of the four is there. */
struct extra {
    const char *file;
    const struct device_type *device;
    const struct app_engine *app;
    const struct catalogue_filter *filter;
    const struct extra_quiesce *quiesce;
};

#define POSTERN_EXTRA_DEVICE(type) POSTERN_EXTRA_AT(__LINE__, .device = (type))
#define POSTERN_EXTRA_APP(engine) POSTERN_EXTRA_AT(__LINE__, .app = (engine))
#define POSTERN_EXTRA_FILTER(name, about, function)                                                \
    POSTERN_EXTRA_AT(__LINE__, .filter = &(const struct catalogue_filter){name, about, function})
#define POSTERN_EXTRA_QUIESCE(name, steps)                                                         \
    POSTERN_EXTRA_AT(__LINE__, .quiesce = &(const struct extra_quiesce){                           \
                                   name, steps, sizeof(steps) / sizeof((steps)[0])})

/* The section holds pointers, not rows: those lie one behind the other whatever a row's size. */
#define POSTERN_EXTRA_AT(line, ...) POSTERN_EXTRA_ROW(line, __VA_ARGS__)
#define POSTERN_EXTRA_ROW(line, ...)                                                               \
    static const struct extra extra_row_##line = {.file = __FILE__, __VA_ARGS__};                  \
    static const struct extra *const extra_at_##line                                               \
        __attribute__((section("postern_extra"), used)) = &extra_row_##line

#endif
