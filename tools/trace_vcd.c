/* trace_vcd.c: a Value Change Dump (IEEE 1364-2005, section 18), for gtkwave and its converters.
 *
 *   running        a string: the app in user mode, "kernel", "sleep"
 *   fault          1 from an app's fault until the kernel has done with it
 *   irq_NAME       a device's interrupt line
 *   upcalls_NAME   how many upcalls wait for an app
 *   mpu_enable, region0_base, region0_size, ...: what the MPU's registers say; a region that is off
 *                  has the size 0
 *
 * One unit of time is a picosecond. No date: the same run gives the same file.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/commands.h"
#include "tools/trace_export.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

/* Variables by number; the codes of the file follow from it. */
enum {
    VAR_RUNNING,
    VAR_FAULT,
    VAR_MPU_ENABLE,
    VAR_REGION, /* base and size of each */
    VAR_UPCALLS = VAR_REGION + 2 * MPU_ARMV7M_REGION_MAX,
    VAR_IRQ = VAR_UPCALLS + PROCESS_MAX,
    VARS = VAR_IRQ + BOARD_DEVICE_MAX,
    SIZE_BITS = 33, /* of a region: 4 GiB is one */
};

struct vcd {
    uint64_t written_ps; /* the last time that stands in the file */
    bool began;
    uint64_t values[VARS]; /* as the file has them */
};

/* --- the file -------------------------------------------------------------------------------- */

/* Printable ASCII, "!" to "~". */
enum { CODE_MAX = 4, CODE_BASE = '~' - '!' + 1 };
static const char *code_of(uint32_t var, char code[CODE_MAX])
{
    code[0] = (char)('!' + var % CODE_BASE);
    code[1] = (char)('!' + var / CODE_BASE);
    code[2] = '\0';
    return code;
}

/* A name without what ends one: only letters, digits, "_". */
static void put_name(FILE *out, const char *prefix, const char *name)
{
    fputs(prefix, out);
    for (; *name; name++)
        fputc(isalnum((unsigned char)*name) ? *name : '_', out);
}

static void put_variable(const struct trace *trace, uint32_t var, const char *kind, int bits,
                         const char *prefix, const char *name)
{
    char code[CODE_MAX];
    fprintf(trace->out, "$var %s %d %s ", kind, bits, code_of(var, code));
    put_name(trace->out, prefix, name);
    fprintf(trace->out, " $end\n");
}

static void put_running(const struct trace *trace, uint32_t cpu)
{
    char code[CODE_MAX];
    const char *name = cpu == CPU_KERNEL   ? "kernel"
                       : cpu == CPU_SLEEPS ? "sleep"
                                           : timeline_who(trace->scenario, cpu);
    put_name(trace->out, "s", name);
    fprintf(trace->out, " %s\n", code_of(VAR_RUNNING, code));
}

static int bits_of(uint32_t var)
{
    if (var >= VAR_IRQ || var == VAR_FAULT || var == VAR_MPU_ENABLE)
        return 1;
    if (var >= VAR_UPCALLS)
        return 8;
    return (var - VAR_REGION) % 2 ? SIZE_BITS : 32;
}

static void put_value(const struct trace *trace, uint32_t var, uint64_t value)
{
    char code[CODE_MAX];
    int bit = bits_of(var) - 1;
    if (var == VAR_RUNNING) {
        put_running(trace, (uint32_t)value);
        return;
    }
    if (bit == 0) {
        fprintf(trace->out, "%c%s\n", value ? '1' : '0', code_of(var, code));
        return;
    }
    while (bit > 0 && !(value >> bit & 1))
        bit--; /* leading zeros are understood */
    fputc('b', trace->out);
    for (; bit >= 0; bit--)
        fputc(value >> bit & 1 ? '1' : '0', trace->out);
    fprintf(trace->out, " %s\n", code_of(var, code));
}

static void put_time(const struct trace *trace)
{
    struct vcd *vcd = trace->own;
    if (vcd->began && vcd->written_ps == trace->at_ps)
        return;
    fprintf(trace->out, "#%" PRIu64 "\n", trace->at_ps);
    vcd->written_ps = trace->at_ps;
    vcd->began = true;
}

static void set(const struct trace *trace, uint32_t var, uint64_t value)
{
    struct vcd *vcd = trace->own;
    if (vcd->values[var] == value)
        return;
    vcd->values[var] = value;
    put_time(trace);
    put_value(trace, var, value);
}

/* --- what is in it --------------------------------------------------------------------------- */

static bool has_line(const struct scenario *s, uint32_t device)
{
    return s->board.devices[device].type && s->board.devices[device].line != BOARD_NONE &&
           s->board.devices[device].alias_of == BOARD_NONE;
}

typedef void variable_visitor(const struct trace *trace, uint32_t var, const char *prefix,
                              const char *name);

static void visit_variables(const struct trace *trace, variable_visitor *visit)
{
    const struct scenario *s = trace->scenario;
    char name[32];
    visit(trace, VAR_RUNNING, "", "running");
    visit(trace, VAR_FAULT, "", "fault");
    for (uint32_t i = 0; i < s->board.device_count; i++)
        if (has_line(s, i))
            visit(trace, VAR_IRQ + i, "irq_", s->board.devices[i].name);
    for (uint32_t i = 0; i < s->app_count; i++)
        visit(trace, VAR_UPCALLS + i, "upcalls_", s->apps[i].name);
    visit(trace, VAR_MPU_ENABLE, "", "mpu_enable");
    for (uint32_t i = 0; i < trace->mpu.region_count; i++) {
        snprintf(name, sizeof name, "region%" PRIu32, i);
        visit(trace, VAR_REGION + 2 * i, name, "_base");
        visit(trace, VAR_REGION + 2 * i + 1, name, "_size");
    }
}

static void declare(const struct trace *trace, uint32_t var, const char *prefix, const char *name)
{
    bool string = var == VAR_RUNNING;
    put_variable(trace, var, string ? "string" : "wire", string ? 1 : bits_of(var), prefix, name);
}

static void put_first(const struct trace *trace, uint32_t var, const char *prefix, const char *name)
{
    const struct vcd *vcd = trace->own;
    (void)prefix;
    (void)name;
    put_value(trace, var, vcd->values[var]);
}

static void vcd_begin(struct trace *trace)
{
    struct vcd *vcd = trace->own;
    vcd->values[VAR_RUNNING] = CPU_KERNEL;
    fprintf(trace->out, "$version postern " POSTERN_VERSION " $end\n$comment ");
    put_name(trace->out, "", trace->scenario->id);
    fprintf(trace->out, " $end\n$timescale 1 ps $end\n$scope module postern $end\n");
    visit_variables(trace, declare);
    fprintf(trace->out, "$upscope $end\n$enddefinitions $end\n");
    put_time(trace);
    fprintf(trace->out, "$dumpvars\n");
    visit_variables(trace, put_first);
    fprintf(trace->out, "$end\n");
}

static void set_regions(const struct trace *trace)
{
    const struct mpu_armv7m *mpu = &trace->mpu;
    set(trace, VAR_MPU_ENABLE, mpu->ctrl & MPU_ARMV7M_CTRL_ENABLE);
    for (uint32_t i = 0; i < mpu->region_count; i++) {
        uint32_t rasr = mpu->rasr[i];
        bool on = rasr & MPU_ARMV7M_RASR_ENABLE;
        /* RASR.SIZE, bits 5:1: 2^(SIZE + 1) bytes (DDI 0403, B3.5.9). */
        set(trace, VAR_REGION + 2 * i, on ? mpu->rbar[i] : 0);
        set(trace, VAR_REGION + 2 * i + 1, on ? UINT64_C(2) << (rasr >> 1 & 31) : 0);
    }
}

static void vcd_record(struct trace *trace, const struct record *r, uint32_t cpu_before)
{
    uint32_t device = (uint32_t)r->value;
    (void)cpu_before;
    set(trace, VAR_RUNNING, trace->cpu);
    if (r->kind == EVENT_FAULT)
        set(trace, VAR_FAULT, 1);
    else if (trace->cpu != CPU_KERNEL)
        set(trace, VAR_FAULT, 0);
    if (r->kind == EVENT_KERNEL_WRITE && mpu_armv7m_owns(r->address))
        set_regions(trace);
    if (r->process < trace->scenario->app_count)
        set(trace, VAR_UPCALLS + r->process, trace->waiting[r->process]);
    if ((r->kind == EVENT_IRQ_RAISED || r->kind == EVENT_IRQ_LOWERED) &&
        device < trace->scenario->board.device_count && has_line(trace->scenario, device))
        set(trace, VAR_IRQ + device, r->kind == EVENT_IRQ_RAISED);
}

/* A verdict is no signal. */
static void vcd_verdict(struct trace *trace, const struct verdict *verdict, const char *text)
{
    (void)trace;
    (void)verdict;
    (void)text;
}

/* The end of the run shows as the end of the waves. */
static void vcd_end(struct trace *trace)
{
    put_time(trace);
}

const struct trace_writer trace_vcd = {sizeof(struct vcd), vcd_begin, vcd_record, vcd_verdict,
                                       vcd_end};
