/* load.h: what the files of the loader share: scenario_load.c, scenario_expect.c, board_load.c,
 * pattern.c, app_steps_compile.c. Nobody else includes it.
 */
#ifndef SIM_LOAD_H
#define SIM_LOAD_H

#include "model/types.h"
#include "sim/scenario_load.h"

/* Memory that lives as long as its scenario. NULL at first; grows in chunks that never move. */
struct arena;
void *arena_take(struct arena **arena, size_t size, size_t count); /* zeroed, aligned to 16 */
char *arena_text(struct arena **arena, const char *text);
void arena_free(struct arena *arena);

struct load {
    const struct catalogue *catalogue;
    struct scenario *scenario; /* being made */
    struct arena **arena;      /* its arena */
};

/* Where the image of app `index` begins: equal powers of two, one after another. */
enum {
    IMAGE_FLASH_SIZE = 0x1000, /* one region of any protection unit; ours */
    IMAGE_ENTRY = 0x80,        /* behind the header, before the first handler */
};

/* --- addresses and names (load_value.c) ------------------------------------------------------ */

/* What a name in a scenario stands for. Only the first kind is known before the run. */
enum operand_kind {
    OPERAND_CONST,    /* value */
    OPERAND_VARIABLE, /* variable number `index` of this app */
    OPERAND_ARGUMENT, /* $arg0..3 of the handler */
    OPERAND_RESULT,   /* $r0..3: the last system call's registers */
    OPERAND_LOADED,   /* $loaded: the last load's value */
    OPERAND_RAM,      /* this app's memory start + value */
    OPERAND_BREAK,    /* this app's break + value */
    OPERAND_END,      /* this app's memory end + value */
    OPERAND_PEER,     /* memory start of app `index` + value */
};

struct operand {
    uint8_t kind;
    uint8_t index;
    uint32_t value;
};

/* Reads a number, a hex string or a name:
 *   TIMER1  TIMER1.CC[0]  TIMER1.size  RADIO+0x510   a device, its register, its window's size
 *   ram  flash  kernel.ram  kernel.flash              the board's memories
 *   app.ram  app.break  app.end  app.flash            this app's, where `app` is an app's index
 *   NAME.ram  NAME.flash                              another app's
 * each with +offset or -offset. `app` PROCESS_NONE: there is no "this app". Complains. */
bool operand_read(const struct load *load, const struct json_node *node, uint32_t app,
                  struct operand *operand);
/* The same, known before the run. */
bool address_read(const struct load *load, const struct json_node *node, uint32_t app,
                  uint32_t *address);
/* From a text; false with `why` set. `*size` is the window's, register's or memory's; 1 with an
 * offset or for a bare number. */
bool operand_parse(const struct scenario *scenario, const char *text, uint32_t app,
                   struct operand *operand, uint32_t *size, char *why, size_t why_size);

/* {"address": "TIMER1", "size": "0x1000"} or {"device": "TIMER1"}, on `board`. */
bool span_read(const struct json_node *node, struct span *span);

/* The app, device, driver with this name. Complain. */
bool app_named(const struct load *load, const struct json_node *node, uint32_t *app);
bool device_named(const struct board *board, const struct json_node *node, uint32_t *device);
bool line_named(const struct board *board, const struct json_node *node, uint32_t *line);
bool driver_named(const struct kernel_config *config, const char *name, uint32_t *driver,
                  struct nearest *nearest);
bool driver_read(const struct load *load, const struct json_node *node, uint32_t *driver);

/* The member is a string, or is not there; nobody needs what it says. Complains. */
bool words_checked(const struct json_node *object, const char *key);
/* What stands behind "is not a program": `hint`, which nearest_text made; if that is empty, and the
 * runner has no C files of a user's own in it, how it would get them. */
const char *own_code_hint(const struct catalogue *catalogue, const char *hint);

/* A register by "TIMER1.CC[0]": device index (no alias) and offset. Complains. */
bool register_read(const struct load *load, const struct json_node *node, uint32_t *device,
                   uint32_t *offset);

/* "BUSY" and so on; complains. */
bool err_read(const struct json_node *node, enum err *err);
bool err_named(const char *name, enum err *err);

/* "yielded" and so on: enum process_state. */
bool process_state_named(const char *name, uint32_t *state);

/* Exactly one of the two keys; picoseconds. Complains if neither is there, or both are. */
bool time_read(const struct json_node *object, const char *us_key, const char *ms_key,
               uint64_t *ps);

/* --- the parts ------------------------------------------------------------------------------- */

/* Fills `load->scenario->board` from a board's tree; keys of `override` (or NULL) come first. */
bool board_read(struct load *load, const struct json_node *root, const struct json_node *override);
/* Compiles "steps", "upcalls", "variables" of app `index`; names of all apps are known by then. */
bool steps_compile(struct load *load, const struct json_node *app, uint32_t index);
/* "inject" and "expect". */
bool inject_read(struct load *load, const struct json_node *list);
bool expect_read(struct load *load, const struct json_node *object);
bool pattern_read(const struct load *load, const struct json_node *node, struct pattern *pattern);

/* "world": once the apps have their names, before whoever speaks of its peers. */
bool world_read(struct load *load, const struct json_node *world);
/* A radio of the board or a peer, as a device index; false: no such station, some were offered. */
bool station_named(const struct scenario *scenario, const char *name, uint32_t *device,
                   struct nearest *nearest);

/* "secrets" of app `index`, and "declassify" (scenario_secrets.c). */
bool secrets_read(const struct load *load, const struct json_node *app, uint32_t index);
bool declassify_read(const struct load *load, const struct json_node *list);

/* A preset of costs; complains. */
bool costs_named(const struct json_node *node, const struct costs **costs);

/* An app's name may not be one of these. */
bool expect_keyword(const char *name);

#endif
