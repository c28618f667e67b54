/* report_junit.c: JUnit XML, a test suite a folder, a test case a result.
 *
 *   failure   the run was judged and is wrong; its type is the first broken rule
 *   error     there is no judgement: unreadable file, crash, budget, two runs that differed
 *
 * Written so that both the schema of Ant and that of Jenkins take it, and GitLab reads it: no
 * attributes on <testsuites>, no file= or line= on a test case (the text of a failure begins with
 * "file:line:column: "), no two cases with the same classname and name.
 *
 * time= is wall-clock time, 0 under --reproducible and in a merged report; virtual time is in the
 * properties. timestamp= is SOURCE_DATE_EPOCH if that is set, else the time of day, and 1970 under
 * --reproducible.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/report.h"
#include "tools/result_line.h"
#include "tools/text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Text that grows in memory. */
struct part {
    FILE *file;
    char *text;
    size_t size;
};

struct folder {
    char *name;
    unsigned cases, failures, errors;
    uint64_t wall_ns;
    double time_us;          /* virtual */
    struct part cases_xml;   /* <testcase> elements */
    struct part hashes_text; /* one line a case, for <system-out> */
};

struct junit {
    struct folder *folders;
    size_t count, capacity;
    uint64_t *names; /* hashes of class and name so far: an open table, 0 is a free place */
    size_t name_count, name_capacity;
};

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static void part_start(struct part *part)
{
    part->file = must(open_memstream(&part->text, &part->size));
}

static void part_put(struct part *part, FILE *out)
{
    if (fclose(part->file) != 0)
        abort();
    fwrite(part->text, 1, part->size, out);
    free(part->text);
}

/* --- XML ------------------------------------------------------------------------------------- */

/* What XML 1.0 forbids, even as a character reference, becomes U+FFFD: most control characters, two
 * that are none (U+FFFE, U+FFFF), and what is no UTF-8. */
static bool is_forbidden(const unsigned char *at, size_t size)
{
    return size == 0 || (*at < 0x20 && *at != '\t' && *at != '\n' && *at != '\r') ||
           (size == 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe);
}

static void xml_write(FILE *out, const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at;) {
        size_t size = character_size(at);
        if (is_forbidden(at, size))
            fputs("\xef\xbf\xbd", out);
        else if (*at < 0x20 || strchr("&<>\"", *at))
            fprintf(out, "&#%d;", *at);
        else
            fwrite(at, 1, size, out);
        at += size ? size : 1;
    }
}

static void put_attribute(FILE *out, const char *name, const char *text)
{
    fprintf(out, " %s=\"", name);
    xml_write(out, text);
    fputc('"', out);
}

/* Jenkins takes no more than three decimals; what takes time takes at least the last of them. */
static void put_seconds(FILE *out, uint64_t ns)
{
    uint64_t ms = (ns + 999999) / 1000000;
    fprintf(out, " time=\"%" PRIu64 ".%03" PRIu64 "\"", ms / 1000, ms % 1000);
}

/* A line of text that a failure or a system-out holds. */
static void put_line(FILE *out, const char *label, const char *text)
{
    if (!*text)
        return;
    xml_write(out, label);
    xml_write(out, text);
    fputc('\n', out);
}

/* --- one result ------------------------------------------------------------------------------ */

/* The member's own part of an id starts at its file's name. */
static size_t name_at(const char *id)
{
    size_t size = strcspn(id, "#@");
    while (size > 0 && id[size - 1] != '/')
        size--;
    return size;
}

static struct folder *folder_of(struct junit *junit, const char *id)
{
    size_t size = name_at(id);
    char *name = must(size > 1 ? strndup(id, size - 1) : strdup("."));
    for (size_t i = 0; i < junit->count; i++) {
        if (strcmp(junit->folders[i].name, name) == 0) {
            free(name);
            return &junit->folders[i];
        }
    }
    if (junit->count == junit->capacity) {
        junit->capacity = junit->capacity * 2 + 8;
        junit->folders = must(realloc(junit->folders, junit->capacity * sizeof *junit->folders));
    }
    struct folder *folder = &junit->folders[junit->count++];
    *folder = (struct folder){.name = name};
    part_start(&folder->cases_xml);
    part_start(&folder->hashes_text);
    return folder;
}

/* FNV-1a; never 0. */
static uint64_t name_hash(const char *text, unsigned again)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) + again;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return hash ? hash : 1;
}

/* False: it is there already. */
static bool table_add(uint64_t *names, size_t capacity, uint64_t hash)
{
    size_t at = (size_t)(hash % capacity);
    while (names[at] && names[at] != hash)
        at = (at + 1) % capacity;
    bool fresh = !names[at];
    names[at] = hash;
    return fresh;
}

static void table_grow(struct junit *junit)
{
    size_t capacity = junit->name_capacity * 2 + 1024;
    uint64_t *names = must(calloc(capacity, sizeof *names));
    for (size_t i = 0; i < junit->name_capacity; i++)
        if (junit->names[i])
            (void)table_add(names, capacity, junit->names[i]);
    free(junit->names);
    junit->names = names;
    junit->name_capacity = capacity;
}

/* How often this id was there before: files of one name in folders of one name have one id. */
static unsigned times_before(struct junit *junit, const char *id)
{
    if (junit->name_count * 2 >= junit->name_capacity)
        table_grow(junit);
    unsigned again = 0;
    while (!table_add(junit->names, junit->name_capacity, name_hash(id, again)))
        again++;
    junit->name_count++;
    return again;
}

/* Text in the form that compilers complain in; a file that cannot be read has it already. */
static void put_text(FILE *out, const struct result_line *line)
{
    char message[LINE_MESSAGE_MAX];
    struct line_break found;
    const char *reason;
    if (line->unreadable) {
        xml_write(out, result_line_error(line));
        return;
    }
    xml_write(out, line->path);
    put_line(out, ":1:1: error: ", result_line_message(line, message));
    put_line(out, "claim: ", line->claim);
    for (int i = 0; (reason = result_line_reason(line, i)); i++)
        put_line(out, "why: ", reason);
    for (int at = 0; result_line_break(line, &at, &found);) {
        fprintf(out, "broke: %s at %.3f us", found.rule, found.at_us);
        put_line(out, *found.process ? ", app " : ": ",
                 *found.process ? found.process : found.text);
        put_line(out, "  ", *found.process ? found.text : "");
    }
    put_line(out, "panic: ", result_line_panic(line));
    put_line(out, "repeat: ", line->repeat);
}

static void put_case(struct folder *folder, const struct result_line *line, unsigned again,
                     uint64_t wall_ns)
{
    FILE *out = folder->cases_xml.file;
    char message[LINE_MESSAGE_MAX];
    const char *kind = result_line_kind(line);
    fputs("    <testcase", out);
    put_attribute(out, "classname", folder->name);
    fputs(" name=\"", out);
    xml_write(out, line->id + name_at(line->id));
    if (again)
        fprintf(out, " (%u)", again + 1);
    fputc('"', out);
    put_seconds(out, wall_ns);
    if (!kind) {
        fputs("/>\n", out);
        return;
    }
    fprintf(out, ">\n      <%s", kind);
    put_attribute(out, "type", result_line_type(line));
    put_attribute(out, "message", result_line_message(line, message));
    fputc('>', out);
    put_text(out, line);
    fprintf(out, "</%s>\n    </testcase>\n", kind);
}

static void put_hash(struct folder *folder, const struct result_line *line)
{
    FILE *out = folder->hashes_text.file;
    xml_write(out, line->id);
    fprintf(out, ": %s", line->outcome_name);
    if (line->judged) {
        fprintf(out, ", %.3f us, hash %s, isolation %s, containment %s", line->time_us,
                line->trace_hash, line_text(line->isolation), line_text(line->containment));
    }
    fputc('\n', out);
}

static struct junit *junit_of(struct report *report)
{
    if (!report->own)
        report->own = must(calloc(1, sizeof(struct junit)));
    return report->own;
}

static void junit_line(struct report *report, const char *json, uint64_t wall_ns)
{
    struct junit *junit = junit_of(report);
    struct result_line line;
    if (!result_line_read(&line, json))
        return;
    struct folder *folder = folder_of(junit, line.id);
    uint64_t shown_ns = report->reproducible ? 0 : wall_ns;
    const char *kind = result_line_kind(&line);
    folder->cases++;
    folder->failures += kind && strcmp(kind, "failure") == 0;
    folder->errors += kind && strcmp(kind, "error") == 0;
    folder->wall_ns += shown_ns;
    folder->time_us += line.time_us;
    put_case(folder, &line, times_before(junit, line.id), shown_ns);
    put_hash(folder, &line);
    result_line_free(&line);
}

/* --- the whole ------------------------------------------------------------------------------- */

static void put_timestamp(const struct report *report)
{
    bool given;
    int64_t seconds;
    struct tm tm;
    char text[32] = "1970-01-01T00:00:00";
    if (!source_date_read(&given, &seconds))
        given = false; /* whoever began the report has refused it */
    if (!given && !report->reproducible)
        seconds = (int64_t)time(NULL);
    time_t when = (time_t)seconds;
    if (gmtime_r(&when, &tm))
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    put_attribute(report->out, "timestamp", text);
}

static void put_host(const struct report *report)
{
    char name[256] = "";
    if (!report->reproducible && gethostname(name, sizeof name - 1) != 0)
        name[0] = '\0';
    put_attribute(report->out, "hostname", *name ? name : "localhost");
}

static void put_folder(struct report *report, struct folder *folder, size_t index)
{
    FILE *out = report->out;
    fprintf(out, "  <testsuite id=\"%zu\"", index);
    put_attribute(out, "package", folder->name);
    put_attribute(out, "name", folder->name);
    fprintf(out, " tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"0\"", folder->cases,
            folder->failures, folder->errors);
    put_seconds(out, folder->wall_ns);
    put_timestamp(report);
    put_host(report);
    fprintf(out,
            ">\n    <properties>\n"
            "      <property name=\"virtual_time_us\" value=\"%.3f\"/>\n    </properties>\n",
            folder->time_us);
    part_put(&folder->cases_xml, out);
    fputs("    <system-out>", out);
    part_put(&folder->hashes_text, out);
    fputs("</system-out>\n    <system-err></system-err>\n  </testsuite>\n", out);
    free(folder->name);
}

static void junit_end(struct report *report)
{
    struct junit *junit = junit_of(report);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", report->out);
    for (size_t i = 0; i < junit->count; i++)
        put_folder(report, &junit->folders[i], i);
    fputs("</testsuites>\n", report->out);
    free(junit->folders);
    free(junit->names);
    free(junit);
    report->own = NULL;
}

const struct report_format report_junit = {.name = "junit", .line = junit_line, .end = junit_end};
