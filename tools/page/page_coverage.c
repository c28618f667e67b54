/* page_coverage.c: which claims check which statement: scenarios/coverage.txt and the "covers" of
 * the claims on this page, as tools/coverage.sh puts them together for scenarios/coverage.md. See
 * page.h.
 */
#define _POSIX_C_SOURCE 200809L

#include "tools/page/page.h"

#include "tools/suite.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { STATEMENT_MAX = 4096, TEXT_MAX = 64 };

struct statement {
    char *line;                      /* which the next ones are parts of */
    const char *id, *said, *remarks; /* remarks: "rule a b", "- why", "" */
    uint32_t text;
    uint32_t checked; /* claims that cover it */
};

struct coverage {
    struct {
        char *key, *title;
    } texts[TEXT_MAX];
    uint32_t text_count;
    struct statement statements[STATEMENT_MAX];
    uint32_t count;
};

/* --- reading ---------------------------------------------------------------------------------- */

static char *trimmed(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size && strchr(" \t\n", text[size - 1]))
        text[--size] = '\0';
    return text;
}

static void take_title(struct coverage *coverage, const char *line)
{
    size_t key = strcspn(line, " ");
    if (coverage->text_count == TEXT_MAX)
        return;
    coverage->texts[coverage->text_count].key = strndup(line, key);
    coverage->texts[coverage->text_count++].title = strdup(line + key + (line[key] == ' '));
}

static void take_statement(struct coverage *coverage, const char *line)
{
    char *copy = strdup(line);
    char *said = copy ? strchr(copy, '|') : NULL;
    char *remarks = said ? strchr(said + 1, '|') : NULL;
    if (!remarks || coverage->count == STATEMENT_MAX || !coverage->text_count) {
        free(copy); /* tools/coverage.sh complains about it */
        return;
    }
    *said = *remarks = '\0';
    coverage->statements[coverage->count++] = (struct statement){.line = copy,
                                                                 .id = trimmed(copy),
                                                                 .said = trimmed(said + 1),
                                                                 .remarks = trimmed(remarks + 1),
                                                                 .text = coverage->text_count - 1};
}

static bool read_coverage(struct coverage *coverage)
{
    char path[SUITE_PATH_MAX], *line = NULL;
    size_t capacity = 0;
    FILE *file = suite_find("coverage.txt", path) ? fopen(path, "r") : NULL;
    while (file && getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "= ", 2) == 0)
            take_title(coverage, line + 2);
        else if (*line && *line != '#')
            take_statement(coverage, line);
    }
    free(line);
    if (file)
        fclose(file);
    return coverage->count > 0;
}

static void free_coverage(struct coverage *coverage)
{
    for (uint32_t i = 0; i < coverage->count; i++)
        free(coverage->statements[i].line);
    for (uint32_t i = 0; i < coverage->text_count; i++) {
        free(coverage->texts[i].key);
        free(coverage->texts[i].title);
    }
    free(coverage);
}

static bool covers(const struct page_claim *claim, const char *id)
{
    for (uint32_t i = 0; i < claim->cover_count; i++)
        if (strcmp(claim->covers[i], id) == 0)
            return true;
    return false;
}

/* Claims that cover anything. */
static uint32_t count_checks(const struct page *page, struct coverage *coverage)
{
    uint32_t total = 0;
    for (uint32_t c = 0; c < page->claim_count; c++) {
        total += page->claims[c].cover_count > 0;
        for (uint32_t i = 0; page->claims[c].cover_count && i < coverage->count; i++)
            coverage->statements[i].checked += covers(&page->claims[c], coverage->statements[i].id);
    }
    return total;
}

/* --- writing ---------------------------------------------------------------------------------- */

enum state { CHECKED, BY_RULE, NOT_FOR_SCENARIOS, NOTHING, STATES };

static enum state state_of(const struct statement *statement)
{
    return statement->checked                             ? CHECKED
           : strncmp(statement->remarks, "rule ", 5) == 0 ? BY_RULE
           : strncmp(statement->remarks, "- ", 2) == 0    ? NOT_FOR_SCENARIOS
                                                          : NOTHING;
}

static void put_totals(FILE *out, const struct coverage *coverage)
{
    put(out, "<table><caption>Statements by text</caption>\n<thead><tr><th scope=\"col\">text</th>"
             "<th scope=\"col\">statements</th><th scope=\"col\">checked by claims</th>"
             "<th scope=\"col\">by a rule alone</th><th scope=\"col\">not for a scenario</th>"
             "<th scope=\"col\">nothing here</th></tr></thead><tbody>\n");
    for (uint32_t t = 0; t < coverage->text_count; t++) {
        unsigned all = 0, counts[STATES] = {0};
        for (uint32_t i = 0; i < coverage->count; i++) {
            if (coverage->statements[i].text != t)
                continue;
            all++;
            counts[state_of(&coverage->statements[i])]++;
        }
        fprintf(out, "<tr><th scope=\"row\"><a href=\"#t%" PRIu32 "\">", t);
        put_text(out, coverage->texts[t].key);
        fprintf(out, "</a></th><td>%u</td><td>%u</td><td>%u</td><td>%u</td><td>%u</td></tr>\n", all,
                counts[CHECKED], counts[BY_RULE], counts[NOT_FOR_SCENARIOS], counts[NOTHING]);
    }
    put(out, "</tbody></table>\n");
}

static void put_checkers(const struct page *page, FILE *out, const struct statement *statement)
{
    const char *comma = "";
    for (uint32_t c = 0; c < page->claim_count; c++) {
        if (!covers(&page->claims[c], statement->id))
            continue;
        put(out, comma);
        put_claim_link(out, page, c);
        put(out, page->claims[c].failed ? " <span class=\"bad\">does not hold</span>" : "");
        comma = "<br>";
    }
    if (state_of(statement) == NOT_FOR_SCENARIOS) {
        put(out, "not for a scenario: ");
        put_text(out, statement->remarks + 2);
    } else if (state_of(statement) == NOTHING) {
        put(out, "<strong>nothing here</strong>");
    }
}

static void put_text_table(const struct page *page, FILE *out, const struct coverage *coverage,
                           uint32_t t)
{
    fprintf(out, "<h3 id=\"t%" PRIu32 "\">", t);
    put_text(out, coverage->texts[t].key);
    put(out, "</h3>\n<table><caption>");
    put_text(out, coverage->texts[t].title);
    put(out,
        "</caption>\n<thead><tr><th scope=\"col\">id</th><th scope=\"col\">statement</th>"
        "<th scope=\"col\">checked by</th><th scope=\"col\">rule in every run</th></tr></thead>"
        "<tbody>\n");
    for (uint32_t i = 0; i < coverage->count; i++) {
        const struct statement *statement = &coverage->statements[i];
        if (statement->text != t)
            continue;
        put(out, "<tr><th scope=\"row\" id=\"s-");
        put_text(out, statement->id);
        put(out, "\">");
        put_text(out, statement->id);
        put(out, "</th><td class=\"text\">");
        put_text(out, statement->said);
        put(out, "</td><td class=\"text\">");
        put_checkers(page, out, statement);
        put(out, "</td><td class=\"text\">");
        put_text(out, strncmp(statement->remarks, "rule ", 5) == 0 ? statement->remarks + 5 : "");
        put(out, "</td></tr>\n");
    }
    put(out, "</tbody></table>\n");
}

static void put_missing_files(const struct page *page, FILE *out)
{
    uint32_t missing = 0;
    for (uint32_t i = 0; i < page->claim_count; i++)
        missing += !page->claims[i].there;
    if (missing)
        fprintf(out,
                "<p class=\"none\">%" PRIu32 " of the claims' files are not there or cannot be "
                "read: what they check is not counted.</p>\n",
                missing);
}

void page_write_coverage(const struct page *page, FILE *out)
{
    struct coverage *coverage = calloc(1, sizeof *coverage);
    if (!coverage)
        abort();
    put(out, "<section id=\"coverage\" aria-labelledby=\"coverage-h\">"
             "<h2 id=\"coverage-h\">Coverage of the texts</h2>\n");
    put_missing_files(page, out);
    bool read = read_coverage(coverage);
    uint32_t checking = count_checks(page, coverage);
    if (!read)
        put(out, "<p>There is no coverage.txt in the folder of scenarios.</p>\n");
    else if (!checking)
        put(out, "<p>No claim here says which statements it checks (\"covers\").</p>\n");
    else
        put_totals(out, coverage);
    for (uint32_t t = 0; read && checking && t < coverage->text_count; t++)
        put_text_table(page, out, coverage, t);
    put(out, "</section>\n");
    free_coverage(coverage);
}
