/* scenario_load.h: text -> struct scenario: every name resolved, every number in range.
 *
 *   x.json --json_text--> tree --sweeps and overrides--> one tree a member --> struct scenario
 *                                         boards/<board>.json ------------------^
 *
 * The front door hands in what names stand for: device types, app engines, filter functions. A file
 * that is not as scenario.schema.json says is refused with "file:line:col: error: /pointer: ...";
 * what the schema cannot say is listed at the top of scenario_load.c.
 */
#ifndef SIM_SCENARIO_LOAD_H
#define SIM_SCENARIO_LOAD_H

#include "sim/extra.h"
#include "sim/json_text.h"
#include "sim/scenario.h"

struct catalogue {
    const struct device_type *const *devices;
    uint32_t device_count;
    const struct app_engine *const *engines; /* C programs; step lists need no row here */
    uint32_t engine_count;
    const struct catalogue_filter *filters;
    uint32_t filter_count;
    const struct peer_type *const *peers; /* who may be on the other side of the air or of a wire */
    uint32_t peer_count;
    const struct extra *const *extras; /* what was compiled in besides: found after all those */
    uint32_t extra_count;
};

/* One value put into a scenario before it is read, as a sweep does: `path` is keys, names of apps
 * or indexes with dots between them ("kernel.costs.syscall_dispatch", "apps.hog.ram"), `value` is
 * JSON text, or else is taken as a string. */
struct load_override {
    const char *path;
    const char *value;
};

/* Boards that were read before, by path: for many loads with one catalogue. Begins as {0}. */
struct board_cache {
    struct board_kept *first;
};
void board_cache_free(struct board_cache *cache);

struct load_options {
    struct board_cache *boards_kept; /* NULL: a board's file is read once in each load */
    bool seed_given;                 /* one member with this seed, whatever the scenario says */
    uint64_t seed;
    const struct load_override *overrides; /* a swept key is swept no more */
    uint32_t override_count;
    const char *boards; /* folder to look for boards in; NULL: "boards" beside or above the file */
    const char *more_boards; /* looked in last; NULL: none */
};

enum { FAMILY_MAX = 4096, SWEEP_KEY_MAX = 8, OVERRIDE_MAX = 16 };

/* What one file makes: each value of each sweep with each seed. Members never move: they hold
 * pointers into themselves. */
struct family {
    uint32_t count;
    struct scenario **members;
};

/* False: complaints were added, and `family` is empty. `id` of a member: the last folder and the
 * name of the file without .json, then "#key=value,..." in the file's order, then "@seed". */
bool scenario_load(const char *path, const struct catalogue *catalogue,
                   const struct load_options *options, struct family *family,
                   struct problems *problems);
/* The same from a text that stands for the file `path`. */
bool scenario_load_text(const char *path, const char *text, size_t size,
                        const struct catalogue *catalogue, const struct load_options *options,
                        struct family *family, struct problems *problems);
void family_free(struct family *family);

/* One board's file by itself, for `check` and `map`. NULL: complaints were added. */
struct board *board_load(const char *path, const struct catalogue *catalogue,
                         struct problems *problems);
/* The same from a text that stands for the file `path`. */
struct board *board_load_text(const char *path, const char *text, size_t size,
                              const struct catalogue *catalogue, struct problems *problems);
void board_free(struct board *board);

/* The words of boards and scenarios: quiesce steps that the tree itself has, enum fault_policy,
 * enum scheduler_kind. NULL past the end. */
const char *board_quiesce_name(uint32_t which);
const char *fault_policy_name(uint32_t policy);
const char *scheduler_name(uint32_t kind);

/* A driver as scenarios call it, by the number that apps use; NULL: one without a name. */
const char *driver_name(const struct kernel_config *config, uint32_t number);

/* A multiplexer as boards, scenarios and reports call it: "rng" (enum virt_id); NULL ends the
 * words. */
extern const char *const virt_words[VIRT_NAMES + 1];
/* The number that driver_name() gives a multiplexer's word for; false: there is none. */
bool virt_driver_number(const struct kernel_config *config, uint32_t virt, uint32_t *number);
const char *virt_name(uint32_t virt);

/* "BUSY" for 2 and so on, as scenarios and reports say it; NULL: no such error. */
const char *err_name(uint32_t err);

#endif
