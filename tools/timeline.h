/* timeline.h: records as lines for people.
 *
 *   cycle            us  who       what
 *    7712       120.500  owner     => command passthrough 2, TIMER1+0x0, 4096
 *    8512       133.000  owner     <= success (800 cycles)
 *
 * A call and its return are paired: `=>` leaves the app, `<=` comes back. A return says how many
 * cycles after its call it came; an upcall is a return as well where the app had yielded.
 */
#ifndef TOOLS_TIMELINE_H
#define TOOLS_TIMELINE_H

#include "sim/scenario.h"
#include "tools/air_pdu.h"
#include "tools/wire_frames.h"

enum { TIMELINE_TEXT_MAX = 320 };

struct timeline {
    const struct scenario *scenario;
    struct record held;            /* the first half of a record in two halves */
    const struct air_frame *frame; /* of the air-bytes at hand; whoever has it sets it, else NULL */
    struct air_frame ended;        /* of the air-bytes before an air-end */
    bool has_ended;
    struct air_links links;
    struct wire_lines lines;
    size_t name_at, what_at; /* in the last line: where the name, and where the phrase begins */
    struct timeline_call {
        bool open;
        uint32_t class, which; /* `which`: of a yield */
        uint64_t at_ps;
    } calls[PROCESS_MAX];
};

void timeline_start(struct timeline *timeline, const struct scenario *scenario);

/* Takes the next record, in order and none left out. False: it has no line of its own (it is the
 * first half of a line, or says what its neighbours say). */
bool timeline_add(struct timeline *timeline, const struct record *record,
                  char text[TIMELINE_TEXT_MAX]);

/* The line under a fault: the region of the MPU (as it was before the step) that refused the
 * access, or why the bus did. False: neither did. */
struct mpu_armv7m;
bool timeline_explain(const struct timeline *timeline, const struct mpu_armv7m *mpu,
                      const struct record *fault, char text[TIMELINE_TEXT_MAX]);

/* The two stamps of a line: cycles since reset, and microseconds. */
enum { STAMP_TEXT_MAX = 64 };
const char *timeline_stamp(const struct scenario *scenario, uint64_t at_ps,
                           char text[STAMP_TEXT_MAX]);
extern const char timeline_header[];

/* An address as lines have it: "TIMER1.CC[0]", "ram+0x40". */
void timeline_address(const struct scenario *scenario, uint32_t address,
                      char text[TIMELINE_TEXT_MAX]);

/* "command", "allow-rw": a class of system calls; NULL: there is none. */
const char *timeline_class(uint32_t class);

/* A process's name, "kernel" for PROCESS_NONE. */
const char *timeline_who(const struct scenario *scenario, uint32_t process);

#endif
