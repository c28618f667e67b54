/* trace_export.h: one run as a file for the trace viewers and waveform viewers that are there.
 *
 *   scenario --run, step by step--> records --struct trace follows them--> a format's functions
 *
 *   chrome   JSON for Perfetto, speedscope, chrome://tracing: who runs, which calls are open, what
 *            interrupt led to which upcall, what is on the air (trace_chrome.c)
 *   vcd      IEEE 1364-2005, section 18, for gtkwave: the running app, the MPU's regions, interrupt
 *            lines, faults, the radio on one time axis; a file NAME.vcd gets a saved view for
 *            gtkwave beside it, NAME.gtkw (trace_vcd.c)
 *   pcapng   for Wireshark: the frames on the air and on UARTs, with comments (trace_pcapng.c)
 *   jsonl    a line of JSON for each record, for jq, pandas and the like; what each kind has is in
 *            scenarios/trace.schema.json (trace_jsonl.c)
 */
#ifndef TOOLS_TRACE_EXPORT_H
#define TOOLS_TRACE_EXPORT_H

#include "sim/mpu_armv7m.h"
#include "sim/scenario.h"
#include "sim/verdict.h"
#include "tools/timeline.h"
#include <stdio.h>

enum trace_kind { TRACE_NONE, TRACE_CHROME, TRACE_VCD, TRACE_PCAPNG, TRACE_JSONL };
extern const char *const trace_formats[]; /* by enum trace_kind; ends in NULL */

/* Runs it in a process of its own and writes `path`. An exit code; complaints are on stderr. */
int trace_export(const struct scenario *scenario, enum trace_kind kind, const char *path);

/* --- for the formats -------------------------------------------------------------------------- */

/* Whom the CPU serves, besides the processes 0.. */
enum { CPU_KERNEL = 0x10000, CPU_SLEEPS };
/* Whom it serves behind the record, if it was `cpu` before. */
uint32_t trace_cpu_after(uint32_t cpu, const struct record *record);

enum { TRACE_WINDOW_MAX = 16 }; /* of one app; ours: the kernel lends 64 in all */

/* What has happened up to and with the record under way. */
struct trace {
    const struct scenario *scenario;
    FILE *out;
    uint64_t at_ps;                /* of the record; never goes back */
    uint32_t cpu;                  /* a process in user mode, or CPU_ */
    struct mpu_armv7m mpu;         /* as the kernel has written it */
    uint32_t waiting[PROCESS_MAX]; /* upcalls in each process's queue */
    struct trace_windows {
        uint32_t count;
        struct span at[TRACE_WINDOW_MAX]; /* those that fit */
    } windows[PROCESS_MAX];               /* lent now */
    uint32_t radio;                       /* the board's RADIO, or BOARD_NONE */
    uint32_t radio_state;                 /* what its register STATE holds */
    char what[TIMELINE_TEXT_MAX];  /* the record in words, as `show` has them; "": it has none */
    const struct air_frame *frame; /* of an air-bytes; else NULL */
    struct timeline timeline;
    const char *path;              /* of the file */
    const struct machine *machine; /* at the end only */
    void *own;                     /* the format's */
};

/* A zeroed trace, from the moment at which the machine is. */
void trace_start(struct trace *trace, const struct machine *m);
/* The next record; `frame` of an air-bytes, else NULL. */
void trace_take(struct trace *trace, const struct record *record, const struct air_frame *frame);

struct trace_writer {
    size_t own_size; /* bytes of trace->own, zeroed */
    void (*begin)(struct trace *trace);
    void (*record)(struct trace *trace, const struct record *record, uint32_t cpu_before);
    void (*verdict)(struct trace *trace, const struct verdict *verdict, const char *text);
    void (*end)(struct trace *trace);
};

/* Whether the device, or behind the board's devices the peer, has an antenna. */
bool trace_on_air(const struct scenario *scenario, uint32_t device);
/* "RX", "TXRU": the value of RADIO's register STATE as the product specification calls it. */
const char *trace_radio_state(uint32_t state);

extern const struct trace_writer trace_chrome, trace_vcd, trace_pcapng, trace_jsonl;

#endif
