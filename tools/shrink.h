/* shrink.h: makes something that goes wrong smaller, as long as it goes wrong in the same way.
 *
 *   each candidate that is kept breaks what is wanted, and no rule that did not break before
 *
 *   lists:   halves, quarters ... single elements are left out while what is left keeps the finding
 *            (delta debugging, Zeller and Hildebrandt 2002: ddmin, without its complements, which
 *            the next round tries)
 *   tape:    streams, operations, fields toward 0, until nothing changes any more
 *   tree:    a scenario's lists and members, its values toward simpler ones, its time
 *
 * Deterministic but for the time that it may take.
 */
#ifndef TOOLS_SHRINK_H
#define TOOLS_SHRINK_H

#include "fuzz/stage_target.h"
#include "tools/finding.h"

struct cJSON;

/* A run that takes longer is cut off; ours. */
enum { SHRINK_RUN_MS = 5000 };

struct shrink {
    struct finding wanted, last; /* last: of the candidate that kept it last */
    bool same_place;             /* the same app and address, too */
    uint64_t deadline_ns;
    bool isolated;    /* each run in a child; else only where the finding is a crash */
    uint32_t tried;   /* runs */
    bool ended_early; /* the time was over before nothing could be left out any more */
    /* The candidate's run, in this process or in a child: what is wrong with it. */
    void (*run)(void *subject, struct finding *finding);
    void *subject;
};

/* What is looked for. The clock starts. */
void shrink_start(struct shrink *shrink, const struct finding *wanted, bool same_place,
                  uint64_t seconds);
/* True: each run must be in a child. */
bool shrink_isolates(const struct shrink *shrink);
/* True: the candidate as it stands keeps the finding. False, too, once the time is over. */
bool shrink_keeps(struct shrink *shrink);

/* A list of which parts are left out: `take` leaves out elements, `put_back` undoes the last
 * take, which nothing came in between of. */
struct shrink_list {
    void *list;
    uint32_t (*count)(const void *list);
    void (*take)(void *list, uint32_t from, uint32_t count);
    void (*put_back)(void *list);
};
/* True: something was left out. */
bool shrink_list(struct shrink *shrink, const struct shrink_list *list);

/* The tape of a target; a stage is made in `stages` as it is needed. */
void shrink_tape(struct shrink *shrink, const struct stage_target *target, struct stage_set *stages,
                 struct tape *tape);

/* A scenario's tree, which stands for the file `path`: boards are looked for from there. */
void shrink_scenario(struct shrink *shrink, const char *path, struct cJSON *tree);

/* Steps and injections of a scenario's tree: its operations. */
uint32_t scenario_operations(const struct cJSON *tree);

#endif
