/* fact.h: a number that a program or a peer can be asked for when the run is over, by name:
 * "expect": {"central": {"answered": {"min": 5}, "state": "connected"}}.
 */
#ifndef SIM_FACT_H
#define SIM_FACT_H

enum { FACT_MAX = 40 };

struct fact {
    const char *name;
    const char *about; /* for `postern list` */
    const char *const
        *words; /* NULL: a number; else ends with NULL, and the fact is a place in it */
};

#endif
