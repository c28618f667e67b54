/* trace_jsonl.c: a run as lines of JSON, one object a record, for jq, pandas, DuckDB and the like.
 *
 *   {"kind":"begin","format":1,"version":..,"scenario":..,"claim":..,"board":..,"seed":..,..}
 *   {"at_ps":67125000,"kind":"store","app":"owner","address":"0x40009540","place":"TIMER1.CC[0]",
 *    "value":3,"size":4,"text":"store TIMER1.CC[0], 0x3"}
 *   {"at_ps":..,"kind":"verdict","rule":"latency",..,"text":..}
 *   {"kind":"end","at_ps":..,"state":"done","records":..,"verdicts":..,"trace_hash":"..."}
 *
 * `kind` is the record's name (sim/trace.h), or one of "begin", "verdict", "end". `app` is left out
 * where no process is meant. `text` is the record's line as `show` prints it, left out where it has
 * none. What else a kind has stands in the table below and in scenarios/trace.schema.json.
 *
 * Numbers are below 2^53, which every reader keeps exact: so a scenario must end before 2^53 ps,
 * two and a half hours. Addresses are hex strings; what may be larger (seed, hashes) is a string.
 * A verdict has the time of what broke the rule, which may be earlier than the lines before it.
 */
#define _POSIX_C_SOURCE 200809L

#include "model/driver.h"
#include "model/kernel.h"
#include "model/process.h"
#include "model/virt/uart.h"
#include "model/virt/udp.h"
#include "sim/machine.h"
#include "sim/rules.h"
#include "sim/scenario_load.h"
#include "tools/commands.h"
#include "tools/text.h"
#include "tools/trace_export.h"

#include <inttypes.h>

/* --- what each kind has ---------------------------------------------------------------------- */

/* Which bits of the record. */
enum from {
    ADDRESS,
    ADDRESS_LOW, /* its two halves of 16 bits */
    ADDRESS_HIGH,
    VALUE,
    LOW, /* the value's two words */
    HIGH,
    STATION, /* as air_value packs them */
    FLIGHT,
    MORE,
    HIGH_BITS_0, /* of the high word: bits 3:0, 7:4, 7:0, 31:8 */
    HIGH_BITS_4,
    HIGH_BYTE,
    HIGH_REST,
};

/* How they are written; a word that has no name is its number in a string. */
enum as {
    NUMBER,
    NUMBER_OR_NULL, /* null: all ones */
    TRUTH,
    HEX,    /* 32 bits */
    HEX_64, /* 64 bits */
    PLACE,  /* HEX, and "place": how people call it */
    DEVICE,
    DRIVER,
    ERROR,
    STATE, /* of a process */
    CLASS, /* of a system call */
    VIRT,  /* a multiplexer */
    RESUME,
    ACCESS,
    ENDING,
    MISS,
    PHY,
    ACT,
    ALLOWED,
    UDP,
    FRAME,
};

enum { FIELD_MAX = 4 };

struct field {
    const char *name;
    uint8_t from, as;
};

#define NOTE(note) [EVENT_NOTE_BASE + NOTE_##note]
#define AT                                                                                         \
    {                                                                                              \
        "address", ADDRESS, PLACE                                                                  \
    }
#define CLIENT                                                                                     \
    {"of", ADDRESS, VIRT},                                                                         \
    {                                                                                              \
        "client", LOW, NUMBER                                                                      \
    }
#define BUFFER                                                                                     \
    AT, {"size", LOW, NUMBER}, {"of", HIGH_BYTE, VIRT},                                            \
    {                                                                                              \
        "client", HIGH_REST, NUMBER                                                                \
    }
#define KEY                                                                                        \
    AT, {"register", LOW, NUMBER}, {"of", HIGH_BYTE, VIRT},                                        \
    {                                                                                              \
        "client", HIGH_REST, NUMBER                                                                \
    }
#define UPCALL                                                                                     \
    {"driver", ADDRESS, DRIVER},                                                                   \
    {                                                                                              \
        "number", LOW, NUMBER                                                                      \
    }
#define FLYING                                                                                     \
    {"access_address", ADDRESS, HEX}, {"device", STATION, DEVICE},                                 \
    {                                                                                              \
        "flight", FLIGHT, NUMBER                                                                   \
    }
#define DMA                                                                                        \
    AT, {"size", LOW, NUMBER},                                                                     \
    {                                                                                              \
        "device", HIGH, DEVICE                                                                     \
    }

static const struct field fields[EVENT_KINDS][FIELD_MAX] = {
    [EVENT_RUN] = {{"resume", ADDRESS, RESUME}, {"function", VALUE, HEX}},
    [EVENT_SYSCALL] = {{"class", ADDRESS, CLASS}, {"r0", LOW, NUMBER}, {"r1", HIGH, NUMBER}},
    [EVENT_SYSCALL_MORE] = {{"class", ADDRESS, CLASS}, {"r2", LOW, NUMBER}, {"r3", HIGH, NUMBER}},
    [EVENT_RETURN] = {{"r0", ADDRESS, NUMBER}, {"r1", LOW, NUMBER}, {"r2", HIGH, NUMBER}},
    [EVENT_UPCALL] = {{"function", ADDRESS, HEX}, {"r0", LOW, NUMBER}, {"r1", HIGH, NUMBER}},
    [EVENT_UPCALL_MORE] = {{"function", ADDRESS, HEX}, {"r2", LOW, NUMBER}, {"r3", HIGH, NUMBER}},
    [EVENT_LOAD] = {AT, {"value", LOW, NUMBER}, {"size", HIGH, NUMBER}},
    [EVENT_STORE] = {AT, {"value", LOW, NUMBER}, {"size", HIGH, NUMBER}},
    [EVENT_EXECUTE] = {AT, {"size", HIGH, NUMBER}},
    [EVENT_FAULT] = {AT, {"status", LOW, HEX}, {"access", HIGH, ACCESS}},
    [EVENT_IRQ_RAISED] = {{"line", ADDRESS, NUMBER}, {"device", LOW, DEVICE}},
    [EVENT_IRQ_LOWERED] = {{"line", ADDRESS, NUMBER}, {"device", LOW, DEVICE}},
    [EVENT_IRQ_TAKEN] = {{"line", ADDRESS, NUMBER}},
    [EVENT_KERNEL_READ] = {AT, {"value", LOW, NUMBER}},
    [EVENT_KERNEL_WRITE] = {AT, {"value", LOW, NUMBER}},
    [EVENT_DEVICE_TASK] = {AT, {"device", LOW, DEVICE}},
    [EVENT_DEVICE_EVENT] = {AT, {"device", LOW, DEVICE}},
    [EVENT_DMA_READ] = {DMA},
    [EVENT_DMA_WRITE] = {DMA},
    [EVENT_DMA_REFUSED] = {DMA},
    [EVENT_WIRE] = {{"device", ADDRESS, DEVICE}, {"byte", LOW, NUMBER}, {"act", HIGH, ACT}},
    [EVENT_INJECTED] = {{"injection", ADDRESS, NUMBER}, {"target", LOW, NUMBER}},
    [EVENT_APP_NOTE] = {{"number", ADDRESS, NUMBER}, {"value", VALUE, NUMBER}},
    [EVENT_ROUTED] = {AT, {"device", LOW, DEVICE}},
    [EVENT_AIR_START] = {FLYING, {"mhz", MORE, NUMBER}},
    [EVENT_AIR_BYTES] = {{"size", ADDRESS_LOW, NUMBER},
                         {"phy", ADDRESS_HIGH, PHY},
                         {"hash", VALUE, HEX_64}},
    [EVENT_AIR_END] = {FLYING, {"broke_off", MORE, TRUTH}},
    [EVENT_AIR_HEARD] = {FLYING},
    [EVENT_AIR_MISSED] = {FLYING, {"why", MORE, MISS}},
    [EVENT_AIR_RECEIVED] = {FLYING, {"wrong_bits", MORE, TRUTH}},
    [EVENT_AIR_LISTEN] = {{"mhz", ADDRESS_LOW, NUMBER},
                          {"phy", ADDRESS_HIGH, PHY},
                          {"device", STATION, DEVICE}},
    [EVENT_AIR_DEAF] = {{"device", STATION, DEVICE}},
    [EVENT_PEER_NOTE] = {{"note", ADDRESS, NUMBER},
                         {"value", LOW, NUMBER},
                         {"device", HIGH, DEVICE}},
    [EVENT_FLASH_WRITTEN] = {AT, {"value", LOW, NUMBER}, {"writes", HIGH, NUMBER}},
    [EVENT_FLASH_WORN] = {AT, {"value", LOW, NUMBER}, {"writes", HIGH, NUMBER}},
    [EVENT_FLASH_ERASED] = {DMA},
    [EVENT_FLASH_REFUSED] = {DMA},
    NOTE(
        PROCESS_LOADED) = {{"memory", ADDRESS, HEX}, {"size", LOW, NUMBER}, {"life", HIGH, NUMBER}},
    NOTE(PROCESS_STATE) = {{"state", VALUE, STATE}},
    NOTE(PROCESS_BREAKS) = {{"app_break", ADDRESS, HEX},
                            {"kernel_break", LOW, HEX},
                            {"reachable_end", HIGH, HEX}},
    NOTE(PROCESS_END) = {{"restarts", ADDRESS, NUMBER},
                         {"why", LOW, ENDING},
                         {"code", HIGH, NUMBER}},
    NOTE(SYSCALL_FILTERED) = {{"driver", ADDRESS, DRIVER}, {"class", LOW, CLASS}},
    NOTE(UPCALL_QUEUED) = {UPCALL, {"waiting", HIGH, NUMBER}},
    NOTE(UPCALL_DROPPED) = {UPCALL, {"dropped", HIGH, NUMBER}},
    NOTE(UPCALL_CANCELLED) = {UPCALL, {"cancelled", HIGH, NUMBER}},
    NOTE(UPCALL_DELIVERED) = {UPCALL, {"function", HIGH, HEX}},
    NOTE(GRANT_ALLOCATED) = {AT, {"driver", LOW, DRIVER}, {"size", HIGH, NUMBER}},
    NOTE(ALLOW) = {AT,
                   {"size", LOW, NUMBER},
                   {"driver", HIGH_REST, DRIVER},
                   {"allowed", HIGH_BITS_4, ALLOWED}},
    NOTE(FILTER_ASKED) = {AT, {"size", LOW, NUMBER}},
    NOTE(FILTER_ANSWERED) = {AT, {"size", LOW, NUMBER}, {"error", HIGH, ERROR}},
    NOTE(WINDOW_GRANTED) = {AT, {"size", LOW, NUMBER}},
    NOTE(WINDOW_REMOVED) = {AT, {"size", LOW, NUMBER}},
    NOTE(WINDOW_REFUSED) = {AT, {"size", LOW, NUMBER}, {"error", HIGH, ERROR}},
    NOTE(ENDPOINT_OWNED) = {{"endpoint", ADDRESS, NUMBER}, {"life", LOW, NUMBER}},
    NOTE(ENDPOINT_MASKED) = {{"endpoint", ADDRESS, NUMBER}, {"line", LOW, NUMBER}},
    NOTE(ENDPOINT_QUIET) = {{"endpoint", ADDRESS, NUMBER}},
    NOTE(ENDPOINT_FREED) = {{"endpoint", ADDRESS, NUMBER}},
    NOTE(ENDPOINT_STUCK) = {{"endpoint", ADDRESS, NUMBER}, {"line", LOW, NUMBER}},
    NOTE(LINE_SERVICED) = {{"line", ADDRESS, NUMBER},
                           {"endpoint", LOW, NUMBER_OR_NULL},
                           {"status", HIGH, HEX}},
    NOTE(LINE_UNCLAIMED) = {{"line", ADDRESS, NUMBER}},
    NOTE(CONSOLE_CLIENT) = {AT, {"size", LOW, NUMBER}},
    NOTE(MPU_WRITTEN) = {{"regions", LOW, NUMBER}, {"changed", HIGH, NUMBER}},
    NOTE(KERNEL_LIMIT) = {{"error", LOW, ERROR}},
    NOTE(RADIO_LOADED) = {AT, {"size", LOW, NUMBER}},
    NOTE(CLIENT_ASKS) = {CLIENT},
    NOTE(CLIENT_ANSWERED) = {CLIENT, {"error", HIGH, ERROR}},
    NOTE(CLIENT_BEGUN) = {CLIENT, {"shares", HIGH, TRUTH}},
    NOTE(CLIENT_DONE) = {CLIENT, {"error", HIGH, ERROR}},
    NOTE(ALARM_SET) = {{"alarm", ADDRESS, NUMBER}, {"due_tick", VALUE, NUMBER_OR_NULL}},
    NOTE(ALARM_FIRED) = {{"alarm", ADDRESS, NUMBER}, {"due_tick", VALUE, NUMBER_OR_NULL}},
    NOTE(BUFFER_TAKEN) = {BUFFER},
    NOTE(BUFFER_LENT) = {BUFFER},
    NOTE(BUFFER_BACK) = {BUFFER},
    NOTE(BUFFER_WIPED) = {BUFFER},
    NOTE(DATAGRAM) = {{"port", ADDRESS, NUMBER}, {"fate", LOW, UDP}, {"size", HIGH, NUMBER}},
    NOTE(FRAME) = {{"to", ADDRESS, NUMBER}, {"fate", LOW, FRAME}, {"size", HIGH, NUMBER}},
    NOTE(KEY_RESERVED) = {KEY},
    NOTE(KEY_FREED) = {KEY},
};

static uint64_t bits_of(const struct record *r, enum from from)
{
    uint32_t low = pair_low(r->value), high = pair_high(r->value);
    switch (from) {
    case ADDRESS:
        return r->address;
    case ADDRESS_LOW:
        return r->address & 0xffff;
    case ADDRESS_HIGH:
        return r->address >> 16;
    case VALUE:
        return r->value;
    case LOW:
        return low;
    case HIGH:
        return high;
    case STATION:
        return air_device(r->value);
    case FLIGHT:
        return air_flight_number(r->value);
    case MORE:
        return air_more(r->value);
    case HIGH_BITS_0:
        return high & 15;
    case HIGH_BITS_4:
        return high >> 4 & 15;
    case HIGH_BYTE:
        return high & 0xff;
    case HIGH_REST:
        return high >> 8;
    }
    return 0;
}

/* --- words ----------------------------------------------------------------------------------- */

static const char *const resumes[] = {[RESUME_CONTINUE] = "continue",
                                      [RESUME_RETURN] = "return",
                                      [RESUME_UPCALL] = "upcall",
                                      [RESUME_START] = "start",
                                      NULL};
static const char *const accesses[] = {
    [ACCESS_READ] = "read", [ACCESS_WRITE] = "write", [ACCESS_EXECUTE] = "execute", NULL};
static const char *const endings[] = {[END_EXIT_TERMINATE] = "exit",
                                      [END_EXIT_RESTART] = "restart",
                                      [END_FAULT] = "fault",
                                      [END_KILL] = "kill",
                                      NULL};
static const char *const phys[] = {[AIR_1M] = "1M", [AIR_2M] = "2M", NULL};
static const char *const alloweds[] = {
    [ALLOW_RW] = "rw", [ALLOW_RO] = "ro", [ALLOW_READABLE] = "readable", NULL};
static const char *const acts[] = {[WIRE_OUT] = "out",           [WIRE_IN] = "in",
                                   [WIRE_START] = "start",       [WIRE_STOP] = "stop",
                                   [WIRE_NACK] = "nack",         [WIRE_SELECT] = "select",
                                   [WIRE_DESELECT] = "deselect", [WIRE_CLASH] = "clash",
                                   [WIRE_ACK] = "ack",           NULL};
static const char *const misses[] = {
    [AIR_MISS_DEAF] = "deaf",           [AIR_MISS_FREQUENCY] = "frequency",
    [AIR_MISS_LATE] = "late",           [AIR_MISS_BUSY] = "busy",
    [AIR_MISS_CLASH] = "clash",         [AIR_MISS_LOST] = "lost",
    [AIR_MISS_OTHER] = "other-address", NULL};
static const char *const udp_fates[] = {[UDP_GIVEN] = "given",
                                        [UDP_UNAWAITED] = "unawaited",
                                        [UDP_TOO_LARGE] = "too-large",
                                        [UDP_NOBODYS] = "nobodys",
                                        [UDP_STRAY] = "stray",
                                        [UDP_BAD] = "bad",
                                        NULL};
static const char *const frame_fates[] = {[FRAME_GIVEN] = "given",
                                          [FRAME_UNAWAITED] = "unawaited",
                                          [FRAME_TOO_LARGE] = "too-large",
                                          [FRAME_NOBODYS] = "nobodys",
                                          [FRAME_BAD_FCS] = "bad-fcs",
                                          [FRAME_BAD_CONTROL] = "bad-control",
                                          [FRAME_ABORTED] = "aborted",
                                          [FRAME_SHORT] = "short",
                                          [FRAME_LONG] = "long",
                                          [FRAME_LOST] = "lost",
                                          NULL};
static const char *const *const words[] = {
    [RESUME] = resumes, [ACCESS] = accesses,   [ENDING] = endings,
    [MISS] = misses,    [PHY] = phys,          [ACT] = acts,
    [UDP] = udp_fates,  [FRAME] = frame_fates, [ALLOWED] = alloweds};

static const char *device_of(const struct scenario *s, uint32_t device)
{
    uint32_t peer = device - s->board.device_count;
    if (device < s->board.device_count)
        return s->board.devices[device].name;
    return peer < s->peer_count ? s->peers[peer].name : NULL;
}

/* NULL: it has no name. */
static const char *word_of(const struct scenario *s, enum as as, uint32_t bits)
{
    switch (as) {
    case DEVICE:
        return device_of(s, bits);
    case DRIVER:
        return driver_name(&s->config, bits);
    case ERROR:
        return bits == ERR_NONE ? "success" : err_name(bits);
    case STATE:
        return process_state_name(bits);
    case CLASS:
        return timeline_class(bits);
    case VIRT:
        return bits < VIRTS ? virt_name(bits) : NULL;
    default:
        break;
    }
    const char *const *list = words[as];
    for (uint32_t i = 0; list[i]; i++)
        if (i == bits)
            return list[i];
    return NULL;
}

/* --- lines ----------------------------------------------------------------------------------- */

static void put_key(FILE *out, const char *key)
{
    fprintf(out, ",\"%s\":", key);
}

static void put_text(FILE *out, const char *key, const char *text)
{
    put_key(out, key);
    json_write_string(out, text);
}

static void put_number(FILE *out, const char *key, uint64_t number)
{
    put_key(out, key);
    fprintf(out, "%" PRIu64, number);
}

static void put_hex(FILE *out, const char *key, uint64_t bits, int digits)
{
    put_key(out, key);
    fprintf(out, "\"0x%0*" PRIx64 "\"", digits, bits);
}

static void put_word(const struct trace *trace, const char *key, enum as as, uint32_t bits)
{
    const char *word = word_of(trace->scenario, as, bits);
    put_key(trace->out, key);
    if (word)
        json_write_string(trace->out, word);
    else
        fprintf(trace->out, "\"%" PRIu32 "\"", bits);
}

static void put_place(const struct trace *trace, const char *key, uint32_t address)
{
    char place[TIMELINE_TEXT_MAX];
    put_hex(trace->out, key, address, 8);
    timeline_address(trace->scenario, address, place);
    put_text(trace->out, "place", place);
}

static void put_field(const struct trace *trace, const struct field *field, const struct record *r)
{
    uint64_t bits = bits_of(r, (enum from)field->from);
    bool none = bits == (field->from == VALUE ? UINT64_MAX : UINT32_MAX);
    switch (field->as) {
    case NUMBER:
        put_number(trace->out, field->name, bits);
        break;
    case NUMBER_OR_NULL:
        put_key(trace->out, field->name);
        fprintf(trace->out, none ? "null" : "%" PRIu64, bits);
        break;
    case TRUTH:
        put_key(trace->out, field->name);
        fputs(bits ? "true" : "false", trace->out);
        break;
    case HEX:
        put_hex(trace->out, field->name, bits, 8);
        break;
    case HEX_64:
        put_hex(trace->out, field->name, bits, 16);
        break;
    case PLACE:
        put_place(trace, field->name, (uint32_t)bits);
        break;
    default:
        put_word(trace, field->name, (enum as)field->as, (uint32_t)bits);
        break;
    }
}

static void put_octets(const struct trace *trace)
{
    put_key(trace->out, "octets");
    fputc('"', trace->out);
    for (uint32_t i = 0; i < trace->frame->size; i++)
        fprintf(trace->out, "%02x", trace->frame->bytes[i]);
    fputc('"', trace->out);
}

static void put_app(const struct trace *trace, uint32_t process)
{
    if (process < trace->scenario->app_count)
        put_text(trace->out, "app", trace->scenario->apps[process].name);
}

static void jsonl_begin(struct trace *trace)
{
    const struct scenario *s = trace->scenario;
    FILE *out = trace->out;
    fprintf(out, "{\"kind\":\"begin\",\"format\":1,\"version\":\"" POSTERN_VERSION "\"");
    put_text(out, "scenario", s->id);
    put_text(out, "claim", s->claim);
    put_text(out, "board", s->board.name);
    put_number(out, "cpu_hz", s->board.cpu_hz);
    put_text(out, "costs", s->costs.preset);
    fprintf(out, ",\"seed\":\"%" PRIu64 "\",\"apps\":[", s->seed);
    for (uint32_t i = 0; i < s->app_count; i++) {
        fputs(i ? "," : "", out);
        json_write_string(out, s->apps[i].name);
    }
    fprintf(out, "]}\n");
}

static void jsonl_record(struct trace *trace, const struct record *r, uint32_t cpu_before)
{
    const struct field *field = fields[r->kind];
    (void)cpu_before;
    fprintf(trace->out, "{\"at_ps\":%" PRIu64 ",\"kind\":\"%s\"", r->at_ps, event_name(r->kind));
    put_app(trace, r->process);
    for (uint32_t i = 0; i < FIELD_MAX && field[i].name; i++)
        put_field(trace, &field[i], r);
    if (r->kind == EVENT_NOTE_BASE + NOTE_ALLOW) /* a fifth */
        put_number(trace->out, "number", bits_of(r, HIGH_BITS_0));
    if (trace->frame)
        put_octets(trace);
    if (*trace->what)
        put_text(trace->out, "text", trace->what);
    fprintf(trace->out, "}\n");
}

static void jsonl_verdict(struct trace *trace, const struct verdict *verdict, const char *text)
{
    fprintf(trace->out, "{\"at_ps\":%" PRIu64 ",\"kind\":\"verdict\",\"rule\":\"%s\"",
            verdict->at_ps, rule_rows[verdict->rule].id);
    put_app(trace, verdict->process);
    if (verdict->check != CHECK_NONE && verdict->check < trace->scenario->check_count)
        put_text(trace->out, "check", trace->scenario->checks[verdict->check].path);
    put_text(trace->out, "text", text);
    fprintf(trace->out, "}\n");
}

static void jsonl_end(struct trace *trace)
{
    static const char *const states[] = {[RUN_GOING] = "going",
                                         [RUN_DONE] = "done",
                                         [RUN_HALTED] = "halted",
                                         [RUN_PANIC] = "panic",
                                         [RUN_STUCK] = "stuck"};
    const struct machine *m = trace->machine;
    fprintf(trace->out, "{\"kind\":\"end\",\"at_ps\":%" PRIu64 ",\"state\":\"%s\"", trace->at_ps,
            states[machine_state(m)]);
    put_number(trace->out, "records", machine_record_count(m));
    put_number(trace->out, "verdicts", machine_verdict_count(m));
    fprintf(trace->out, ",\"trace_hash\":\"%016" PRIx64 "\"}\n", machine_trace_hash(m));
}

const struct trace_writer trace_jsonl = {1, jsonl_begin, jsonl_record, jsonl_verdict, jsonl_end};
