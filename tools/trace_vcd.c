/* trace_vcd.c: a Value Change Dump (IEEE 1364-2005, section 18), for gtkwave and its converters.
 *
 *   running        a string: the app in user mode, "kernel", "sleep"
 *   fault          1 from an app's fault until the kernel has done with it; fault_address: where
 *   irq_NAME       a device's interrupt line
 *   upcalls_NAME   how many upcalls wait for an app
 *   windows_NAME   how many windows are lent to an app; lent_NAME, a string: which, by the devices
 *                  that they begin with: "RADIO+TIMER0"; "-": none
 *   radio_state    a string: DISABLED, RXRU, RX, ... as RADIO's register STATE has it
 *   NAME_listens, NAME_sends   of each station of the air: on how many MHz; 0: it does not
 *   NAME_sent      a string: the last frame that it has sent, known with its last bit
 *   mpu_enable, region0_base, region0_size, ...: what the MPU's registers say; a region that is off
 *                  has the size 0. region0_rights, a string: what user mode may do, "rwx", "-": the
 *                  region is off. region0_holes: its sub-regions that are disabled, a bit each
 *
 * One unit of time is a picosecond. No date: the same run gives the same file.
 *
 * Beside NAME.vcd goes NAME.gtkw: a view for gtkwave with these in groups, as `gtkwave NAME.gtkw`
 * opens it; lines that never rose and regions that were never on are left out. What somebody else
 * has saved there (it does not begin as ours do) stays.
 * A name in it is shown as the line "@FLAGS" before it says, in hex; flags are those of gtkwave's
 * src/analyzer.h: TR_HEX 2, TR_DEC 4, TR_BIN 8, TR_RJUSTIFY 0x20, TR_BLANK 0x200, TR_ASCII 0x800,
 * TR_GRP_BEGIN 0x800000, TR_GRP_END 0x1000000.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/air_log.h"
#include "tools/commands.h"
#include "tools/trace_export.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum { REGION_VARS = 4, APP_VARS = 3, STATION_VARS = 3, DEVICE_MAX = BOARD_DEVICE_MAX + PEER_MAX };

/* Variables by number; the codes of the file follow from it. */
enum {
    VAR_RUNNING,
    VAR_FAULT,
    VAR_FAULT_ADDRESS,
    VAR_RADIO_STATE,
    VAR_MPU_ENABLE,
    VAR_REGION, /* base, size, rights, holes of each */
    VAR_APP = VAR_REGION + REGION_VARS * MPU_ARMV7M_REGION_MAX, /* upcalls, windows, lent */
    VAR_IRQ = VAR_APP + APP_VARS * PROCESS_MAX,
    VAR_STATION = VAR_IRQ + BOARD_DEVICE_MAX, /* listens, sends, sent; by device */
    VARS = VAR_STATION + STATION_VARS * DEVICE_MAX,
    SIZE_BITS = 33, /* of a region: 4 GiB is one */
    WORD_MAX = 96,  /* of a string; ours */
    VIEW_PIXELS = 1000,
    VIEW_PATH_MAX = 4096,
};

struct vcd {
    uint64_t written_ps; /* the last time that stands in the file */
    bool began;
    uint64_t values[VARS]; /* as the file has them; strings stand in `words` */
    char words[VARS][WORD_MAX];
    bool changed[VARS];
    FILE *view;        /* the file beside it, while it is written */
    const char *group; /* of its variable before, or NULL */
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
static void put_name(FILE *out, const char *name)
{
    for (; *name; name++)
        fputc(isalnum((unsigned char)*name) ? *name : '_', out);
}

/* 0: a string. */
static int bits_of(uint32_t var)
{
    static const int of_region[REGION_VARS] = {32, SIZE_BITS, 0, 8}, of_app[APP_VARS] = {8, 8, 0},
                     of_station[STATION_VARS] = {16, 16, 0};
    if (var >= VAR_STATION)
        return of_station[(var - VAR_STATION) % STATION_VARS];
    if (var >= VAR_IRQ || var == VAR_FAULT || var == VAR_MPU_ENABLE)
        return 1;
    if (var >= VAR_APP)
        return of_app[(var - VAR_APP) % APP_VARS];
    if (var >= VAR_REGION)
        return of_region[(var - VAR_REGION) % REGION_VARS];
    return var == VAR_FAULT_ADDRESS ? 32 : 0;
}

static void put_word(const struct trace *trace, uint32_t var, const char *word)
{
    char code[CODE_MAX];
    fprintf(trace->out, "s%s %s\n", word, code_of(var, code));
}

static void put_value(const struct trace *trace, uint32_t var, uint64_t value)
{
    char code[CODE_MAX];
    int bit = bits_of(var) - 1;
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
    vcd->changed[var] = true;
    put_time(trace);
    put_value(trace, var, value);
}

/* A string's end is the next space: so there is none in it, nor any other odd character. */
static void set_word(const struct trace *trace, uint32_t var, const char *word)
{
    struct vcd *vcd = trace->own;
    char plain[WORD_MAX];
    snprintf(plain, sizeof plain, "%s", *word ? word : "-");
    for (char *at = plain; *at; at++)
        if (*at <= ' ' || *at > '~')
            *at = '_';
    if (strcmp(plain, vcd->words[var]) == 0)
        return;
    memcpy(vcd->words[var], plain, sizeof plain);
    put_time(trace);
    put_word(trace, var, plain);
}

/* --- what is in it --------------------------------------------------------------------------- */

static bool has_line(const struct scenario *s, uint32_t device)
{
    return s->board.devices[device].type && s->board.devices[device].line != BOARD_NONE &&
           s->board.devices[device].alias_of == BOARD_NONE;
}

/* `group`: the heading in the view, the same for its neighbours. */
typedef void variable_visitor(const struct trace *trace, uint32_t var, const char *group,
                              const char *prefix, const char *name);

static void visit_app(const struct trace *trace, uint32_t app, variable_visitor *visit)
{
    const char *name = trace->scenario->apps[app].name;
    visit(trace, VAR_APP + APP_VARS * app, "apps", "upcalls_", name);
    visit(trace, VAR_APP + APP_VARS * app + 1, "apps", "windows_", name);
    visit(trace, VAR_APP + APP_VARS * app + 2, "apps", "lent_", name);
}

static void visit_station(const struct trace *trace, uint32_t device, variable_visitor *visit)
{
    static const char *const endings[STATION_VARS] = {"_listens", "_sends", "_sent"};
    for (uint32_t i = 0; i < STATION_VARS; i++)
        visit(trace, VAR_STATION + STATION_VARS * device + i, "air",
              air_device_name(trace->scenario, device), endings[i]);
}

static void visit_regions(const struct trace *trace, variable_visitor *visit)
{
    static const char *const endings[REGION_VARS] = {"_base", "_size", "_rights", "_holes"};
    char name[32];
    visit(trace, VAR_MPU_ENABLE, "MPU", "", "mpu_enable");
    for (uint32_t i = 0; i < trace->mpu.region_count; i++) {
        snprintf(name, sizeof name, "region%" PRIu32, i);
        for (uint32_t j = 0; j < REGION_VARS; j++)
            visit(trace, VAR_REGION + REGION_VARS * i + j, "MPU", name, endings[j]);
    }
}

static void visit_variables(const struct trace *trace, variable_visitor *visit)
{
    const struct scenario *s = trace->scenario;
    visit(trace, VAR_RUNNING, "CPU", "", "running");
    visit(trace, VAR_FAULT, "CPU", "", "fault");
    visit(trace, VAR_FAULT_ADDRESS, "CPU", "", "fault_address");
    for (uint32_t i = 0; i < s->app_count; i++)
        visit_app(trace, i, visit);
    if (trace->radio != BOARD_NONE)
        visit(trace, VAR_RADIO_STATE, "air", "", "radio_state");
    for (uint32_t i = 0; i < s->board.device_count + s->peer_count; i++)
        if (trace_on_air(s, i))
            visit_station(trace, i, visit);
    for (uint32_t i = 0; i < s->board.device_count; i++)
        if (has_line(s, i))
            visit(trace, VAR_IRQ + i, "interrupt lines", "irq_", s->board.devices[i].name);
    visit_regions(trace, visit);
}

static void declare(const struct trace *trace, uint32_t var, const char *group, const char *prefix,
                    const char *name)
{
    int bits = bits_of(var);
    char code[CODE_MAX];
    (void)group;
    fprintf(trace->out, "$var %s %d %s ", bits ? "wire" : "string", bits ? bits : 1,
            code_of(var, code));
    put_name(trace->out, prefix);
    put_name(trace->out, name);
    fprintf(trace->out, " $end\n");
}

static void put_first(const struct trace *trace, uint32_t var, const char *group,
                      const char *prefix, const char *name)
{
    struct vcd *vcd = trace->own;
    (void)group;
    (void)prefix;
    (void)name;
    if (bits_of(var)) {
        put_value(trace, var, vcd->values[var]);
        return;
    }
    snprintf(vcd->words[var], WORD_MAX, "%s",
             var == VAR_RUNNING       ? "kernel"
             : var == VAR_RADIO_STATE ? trace_radio_state(0)
                                      : "-");
    put_word(trace, var, vcd->words[var]);
}

static void vcd_begin(struct trace *trace)
{
    fprintf(trace->out, "$version postern " POSTERN_VERSION " $end\n$comment ");
    put_name(trace->out, trace->scenario->id);
    fprintf(trace->out, " $end\n$timescale 1 ps $end\n$scope module postern $end\n");
    visit_variables(trace, declare);
    fprintf(trace->out, "$upscope $end\n$enddefinitions $end\n");
    put_time(trace);
    fprintf(trace->out, "$dumpvars\n");
    visit_variables(trace, put_first);
    fprintf(trace->out, "$end\n");
}

/* Of user mode: bits of enum right. */
enum { RIGHTS_TEXT_MAX = 4 };
static const char *rights_text(uint32_t may, char text[RIGHTS_TEXT_MAX])
{
    snprintf(text, RIGHTS_TEXT_MAX, "%c%c%c", may & RIGHT_READ ? 'r' : '-',
             may & RIGHT_WRITE ? 'w' : '-', may & RIGHT_EXECUTE ? 'x' : '-');
    return text;
}

static void set_regions(const struct trace *trace)
{
    const struct mpu_armv7m *mpu = &trace->mpu;
    char rights[RIGHTS_TEXT_MAX];
    set(trace, VAR_MPU_ENABLE, mpu->ctrl & MPU_ARMV7M_CTRL_ENABLE);
    for (uint32_t i = 0; i < mpu->region_count; i++) {
        uint32_t rasr = mpu->rasr[i];
        bool on = rasr & MPU_ARMV7M_RASR_ENABLE;
        /* RASR.SIZE, bits 5:1: 2^(SIZE + 1) bytes (DDI 0403, B3.5.9). */
        uint32_t var = VAR_REGION + REGION_VARS * i;
        set(trace, var, on ? mpu->rbar[i] : 0);
        set(trace, var + 1, on ? UINT64_C(2) << (rasr >> 1 & 31) : 0);
        set_word(trace, var + 2, on ? rights_text(mpu->rule[i].may, rights) : "-");
        set(trace, var + 3, on ? mpu->rule[i].disabled : 0);
    }
}

static void set_running(const struct trace *trace)
{
    set_word(trace, VAR_RUNNING,
             trace->cpu == CPU_KERNEL   ? "kernel"
             : trace->cpu == CPU_SLEEPS ? "sleep"
                                        : timeline_who(trace->scenario, trace->cpu));
}

static void set_fault(const struct trace *trace, const struct record *r)
{
    if (r->kind == EVENT_FAULT) {
        set(trace, VAR_FAULT, 1);
        set(trace, VAR_FAULT_ADDRESS, r->address);
    } else if (trace->cpu != CPU_KERNEL) {
        set(trace, VAR_FAULT, 0);
    }
}

static void set_lent(const struct trace *trace, uint32_t var, const struct trace_windows *windows)
{
    const struct board *board = &trace->scenario->board;
    char text[WORD_MAX] = "";
    size_t size = 0;
    for (uint32_t i = 0; i < windows->count && i < TRACE_WINDOW_MAX && size < WORD_MAX; i++) {
        uint32_t device = board_device_at(board, windows->at[i].base);
        const char *plus = i ? "+" : "";
        int more =
            device == BOARD_NONE
                ? snprintf(text + size, WORD_MAX - size, "%s0x%" PRIx32, plus, windows->at[i].base)
                : snprintf(text + size, WORD_MAX - size, "%s%s", plus, board->devices[device].name);
        size += more > 0 ? (size_t)more : 0;
    }
    set_word(trace, var, text);
}

static void set_app(const struct trace *trace, uint32_t app)
{
    const struct trace_windows *windows = &trace->windows[app];
    uint32_t var = VAR_APP + APP_VARS * app;
    set(trace, var, trace->waiting[app]);
    set(trace, var + 1, windows->count);
    set_lent(trace, var + 2, windows);
}

/* "ADV_IND" of "central has sent: ADV_IND; its CRC is wrong". */
static const char *sent_of(const struct trace *trace)
{
    const char *sent = strstr(trace->what, ": ");
    return sent ? sent + 2 : trace->what;
}

static void set_air(const struct trace *trace, const struct record *r)
{
    uint32_t device = air_device(r->value), var = VAR_STATION + STATION_VARS * device;
    bool of_air = r->kind >= EVENT_AIR_START && r->kind <= EVENT_AIR_DEAF;
    if (trace->radio != BOARD_NONE)
        set_word(trace, VAR_RADIO_STATE, trace_radio_state(trace->radio_state));
    if (!of_air || r->kind == EVENT_AIR_BYTES || device >= DEVICE_MAX ||
        !trace_on_air(trace->scenario, device))
        return;
    if (r->kind == EVENT_AIR_LISTEN)
        set(trace, var, r->address & 0xffff);
    else if (r->kind == EVENT_AIR_DEAF)
        set(trace, var, 0);
    else if (r->kind == EVENT_AIR_START)
        set(trace, var + 1, air_more(r->value));
    else if (r->kind == EVENT_AIR_END) {
        set(trace, var + 1, 0);
        set_word(trace, var + 2, sent_of(trace));
    }
}

static void vcd_record(struct trace *trace, const struct record *r, uint32_t cpu_before)
{
    uint32_t device = (uint32_t)r->value;
    (void)cpu_before;
    set_running(trace);
    set_fault(trace, r);
    set_air(trace, r);
    if (r->kind == EVENT_KERNEL_WRITE && mpu_armv7m_owns(r->address))
        set_regions(trace);
    if (r->process < trace->scenario->app_count)
        set_app(trace, r->process);
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

/* --- the view -------------------------------------------------------------------------------- */

static const char view_mark[] = "[*] postern";

enum { SHOW_HEX = 0x22, SHOW_DEC = 0x24, SHOW_BIN = 0x28, SHOW_WORD = 0x820 };
enum { SHOW_GROUP = 0x800200, SHOW_GROUP_END = 0x1000200 };
enum { COLOR_PLAIN = 0, COLOR_RED, COLOR_ORANGE, COLOR_YELLOW, COLOR_GREEN, COLOR_VIOLET = 7 };

static void view_line(FILE *out, unsigned flags, const char *prefix, const char *name)
{
    fprintf(out, "@%x\n%s%s\n", flags, prefix, name);
}

static unsigned flags_of(uint32_t var)
{
    int bits = bits_of(var);
    bool decimal = (var >= VAR_APP && var < VAR_IRQ) || var >= VAR_STATION;
    return bits == 0 ? SHOW_WORD : bits == 1 ? SHOW_BIN : decimal ? SHOW_DEC : SHOW_HEX;
}

static int color_of(uint32_t var)
{
    if (var == VAR_FAULT || var == VAR_FAULT_ADDRESS)
        return COLOR_RED;
    if (var == VAR_RUNNING)
        return COLOR_YELLOW;
    if (var >= VAR_STATION || var == VAR_RADIO_STATE)
        return COLOR_VIOLET;
    return var >= VAR_APP && var < VAR_IRQ ? COLOR_ORANGE : COLOR_GREEN;
}

/* A line that never rose, a region that was never on: they would fill the view. */
static bool is_idle(const struct vcd *vcd, uint32_t var)
{
    if (var >= VAR_IRQ && var < VAR_STATION)
        return !vcd->changed[var];
    if (var >= VAR_REGION && var < VAR_APP)
        return !vcd->changed[var - (var - VAR_REGION) % REGION_VARS + 1];
    return false;
}

static void view_variable(const struct trace *trace, uint32_t var, const char *group,
                          const char *prefix, const char *name)
{
    struct vcd *vcd = trace->own;
    FILE *out = vcd->view;
    if (is_idle(vcd, var))
        return;
    if (!vcd->group || strcmp(vcd->group, group) != 0) {
        if (vcd->group)
            view_line(out, SHOW_GROUP_END, "-", vcd->group);
        view_line(out, SHOW_GROUP, "-", group);
    }
    vcd->group = group;
    fprintf(out, "[color] %d\n@%x\npostern.", color_of(var), flags_of(var));
    put_name(out, prefix);
    put_name(out, name);
    if (bits_of(var) > 1)
        fprintf(out, "[%d:0]", bits_of(var) - 1);
    fputc('\n', out);
}

/* So that the whole run fits: a pixel is 2^zoom ps. */
static int zoom_of(const struct trace *trace)
{
    int zoom = 0;
    while (trace->at_ps >> zoom > VIEW_PIXELS)
        zoom++;
    return zoom;
}

static void put_view(struct trace *trace)
{
    struct vcd *vcd = trace->own;
    const char *base = strrchr(trace->path, '/');
    fprintf(vcd->view, "%s " POSTERN_VERSION "\n[dumpfile] \"%s\"\n", view_mark,
            base ? base + 1 : trace->path);
    fprintf(vcd->view,
            "[timestart] 0\n[size] 1400 900\n[pos] -1 -1\n*-%d.0 -1\n"
            "[sst_width] 200\n[signals_width] 220\n[sst_expanded] 0\n",
            zoom_of(trace));
    vcd->group = NULL;
    visit_variables(trace, view_variable);
    if (vcd->group)
        view_line(vcd->view, SHOW_GROUP_END, "-", vcd->group);
    fprintf(vcd->view, "[pattern_trace] 1\n[pattern_trace] 0\n");
}

/* Somebody's own, saved by gtkwave or not ours anyhow. */
static bool is_anothers(const char *path)
{
    char begin[sizeof view_mark];
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    size_t size = fread(begin, 1, sizeof begin - 1, file);
    fclose(file);
    return size != sizeof begin - 1 || memcmp(begin, view_mark, size) != 0;
}

/* Beside a file NAME.vcd; another name gets none. */
static void write_view(struct trace *trace)
{
    static const char from[] = ".vcd", to[] = ".gtkw";
    struct vcd *vcd = trace->own;
    char path[VIEW_PATH_MAX];
    size_t size = strlen(trace->path), stem = size < sizeof from ? 0 : size - (sizeof from - 1);
    if (!stem || strcmp(trace->path + stem, from) != 0 || stem + sizeof to > sizeof path)
        return;
    memcpy(path, trace->path, stem);
    memcpy(path + stem, to, sizeof to);
    if (is_anothers(path)) {
        fprintf(stderr, "postern run: note: %s is not ours and stays as it is\n", path);
        return;
    }
    vcd->view = fopen(path, "w");
    if (vcd->view)
        put_view(trace);
    if (!vcd->view || fclose(vcd->view) != 0)
        fprintf(stderr, "postern run: note: no view beside the trace: %s: %s\n", path,
                strerror(errno));
}

/* The end of the run shows as the end of the waves. */
static void vcd_end(struct trace *trace)
{
    put_time(trace);
    if (trace->path)
        write_view(trace);
}

const struct trace_writer trace_vcd = {sizeof(struct vcd), vcd_begin, vcd_record, vcd_verdict,
                                       vcd_end};
