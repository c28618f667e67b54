/* units.h: what a run is made of, one after another: each wanted member of each file, and each file
 * that cannot be read. Of a shard, only those with its numbers.
 *
 *   suite --units_count--> how many there are, and a number that tells their list from any other
 *         --units_next--> a unit ... --unit_done--> its family is given back with its last member
 *
 * Shard I of N has the units [total * (I - 1) / N, total * I / N): a pure function of the list.
 */
#ifndef TOOLS_UNITS_H
#define TOOLS_UNITS_H

#include "tools/suite.h"

enum { SHARD_MAX = 100000 };

struct shard {
    uint32_t index, of; /* 1 to of; of 0: no shard, everything */
    uint64_t first, count, total;
    uint64_t list; /* over all ids of the whole run: the same in each of its shards */
};

/* "2/3". False: it is no shard. */
bool shard_parse(const char *text, struct shard *shard);

/* A file's family; lives until the last of its members is done. */
struct loaded {
    struct family family;
    uint32_t wanted, taken, done;
};

struct unit {
    const struct scenario *scenario; /* NULL: a file that cannot be read */
    struct loaded *from;
    const char *path; /* of that file */
    char *complaints; /* about it, as stderr got them; owned */
};

struct units {
    struct suite suite;
    struct suite_choice choice;
    uint64_t seed_count; /* each file with so many, from choice.seed (or 1) on; 0: as it says */
    struct shard shard;
    size_t next_file;
    uint64_t next_seed;     /* of that file, counted from 0 */
    uint64_t next;          /* number of the next unit */
    struct loaded *current; /* NULL: none, or all its members are taken */
};

/* Fills in the shard's numbers by reading every file once, without a complaint. */
void units_count(struct units *units);
/* False: there are no more. What cannot be read is complained about on stderr. */
bool units_next(struct units *units, struct unit *unit);
void unit_done(struct unit *unit);

#endif
