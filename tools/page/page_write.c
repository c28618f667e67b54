/* page_write.c: the page's frame, its summary, its failures. See page.h. */
#include "tools/page/page.h"

#include "sim/json_text.h"
#include "tools/commands.h"
#include "tools/text.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- text ------------------------------------------------------------------------------------- */

void put(FILE *out, const char *html)
{
    fputs(html, out);
}

void put_text(FILE *out, const char *text)
{
    xml_write_text(out, text);
}

/* A JSON string that may stand in a <script>: nothing in it ends or begins an element. */
static void put_json_string(FILE *out, const char *text)
{
    fputc('"', out);
    while (*text) {
        size_t size = character_size((const unsigned char *)text);
        if (size == 0)
            put(out, "\\ufffd");
        else if ((unsigned char)*text < 0x20 || strchr("<>&\"\\", *text))
            fprintf(out, "\\u%04x", (unsigned char)*text);
        else
            fwrite(text, 1, size, out);
        text += size ? size : 1;
    }
    fputc('"', out);
}

void put_claim_link(FILE *out, const struct page *page, uint32_t claim)
{
    fprintf(out, "<a href=\"#c%" PRIu32 "\">", claim);
    put_text(out, page->claims[claim].id);
    put(out, "</a>");
}

void put_picture(FILE *out, const struct page_picture *picture)
{
    if (*picture->why) {
        put(out, "<p class=\"none\">No picture: ");
        put_text(out, picture->why);
        put(out, ".</p>\n");
        return;
    }
    put(out, "<figure><div class=\"view\" tabindex=\"0\" role=\"group\" aria-label=\"picture\"");
    if (!picture->stays)
        fprintf(out, " data-p=\"%" PRIu32 "\"", picture->number);
    put(out, ">");
    if (picture->stays)
        picture_svg_inline(&picture->picture, picture->label, out);
    put(out, "</div><figcaption><span>");
    put_text(out, picture->label);
    put(out, "</span>. As text: <code>");
    put_text(out, picture->command);
    put(out, "</code></figcaption></figure>\n");
}

/* "2 of 3 claims hold, 1 file could not be read" */
static void put_headline(const struct page *page, FILE *out)
{
    const struct report_counts *all = &page->report.all;
    fprintf(out, "%u of %u claims hold", all->claims_held, all->claims);
    if (all->bad_files)
        fprintf(out, ", %u file%s could not be read", all->bad_files,
                all->bad_files == 1 ? "" : "s");
}

/* --- summary ---------------------------------------------------------------------------------- */

static void put_row(FILE *out, const char *name, unsigned count)
{
    fprintf(out, "<tr><th scope=\"row\">%s</th><td>%u</td></tr>\n", name, count);
}

static void put_counts(const struct page *page, FILE *out)
{
    const struct report_counts *all = &page->report.all;
    put(out, "<table><caption>What it came to</caption>\n<thead><tr><th scope=\"col\">what</th>"
             "<th scope=\"col\">how many</th></tr></thead><tbody>\n");
    put_row(out, "claims (scenario files)", all->claims);
    put_row(out, "claims that hold", all->claims_held);
    put_row(out, "files that could not be read", all->bad_files);
    put_row(out, "runs", all->runs);
    for (int i = 0; i < OUTCOMES; i++) {
        char name[64];
        snprintf(name, sizeof name, "runs: %s", outcome_name((enum outcome)i));
        put_row(out, name, all->by_outcome[i]);
    }
    put_row(out, "isolation held", all->isolation_held);
    put_row(out, "isolation broken as claimed", all->isolation_claimed);
    put_row(out, "isolation broken", all->isolation_broken);
    put_row(out, "containment held", all->containment_held);
    put_row(out, "containment broken as claimed", all->containment_claimed);
    put_row(out, "containment broken", all->containment_broken);
    put_row(out, "runs with declared over-exposure", all->exposed);
    put(out, "</tbody></table>\n");
}

static void put_folders(const struct page *page, FILE *out)
{
    put(out, "<table><caption>By folder</caption>\n<thead><tr><th scope=\"col\">folder</th>"
             "<th scope=\"col\">claims</th><th scope=\"col\">hold</th><th scope=\"col\">runs</th>"
             "</tr></thead><tbody>\n");
    for (uint32_t i = 0; i < page->report.folder_count; i++) {
        const struct report_folder *folder = &page->report.folders[i];
        put(out, "<tr><th scope=\"row\">");
        put_text(out, folder->name);
        fprintf(out, "</th><td>%u</td><td>%u</td><td>%u</td></tr>\n", folder->counts.claims,
                folder->counts.claims_held, folder->counts.runs);
    }
    put(out, "</tbody></table>\n");
}

/* --- rules that broke ------------------------------------------------------------------------- */

enum { RULES_MAX = 256, LINKS_MAX = 12 };

struct broken_rule {
    unsigned expected, unexpected, claims;
    uint32_t last_claim; /* counted last */
    uint32_t links[LINKS_MAX];
};

struct broken_rules {
    struct pool names;
    struct broken_rule at[RULES_MAX];
};

static void count_break(struct broken_rules *rules, uint32_t claim, const cJSON *verdict)
{
    uint32_t number = pool_add(&rules->names, field_text(verdict, "rule"));
    if (number >= RULES_MAX)
        return; /* no version has had so many */
    struct broken_rule *rule = &rules->at[number];
    if (field_true(verdict, "expected"))
        rule->expected++;
    else
        rule->unexpected++;
    if (rule->claims && rule->last_claim == claim)
        return;
    if (rule->claims < LINKS_MAX)
        rule->links[rule->claims] = claim;
    rule->last_claim = claim;
    rule->claims++;
}

static void put_rule(const struct page *page, FILE *out, const char *name,
                     const struct broken_rule *rule)
{
    put(out, "<tr><th scope=\"row\">");
    put_text(out, name);
    fprintf(out, "</th><td>%u</td><td>%u</td><td class=\"text\">", rule->unexpected,
            rule->expected);
    for (unsigned i = 0; i < rule->claims && i < LINKS_MAX; i++) {
        put(out, i ? "<br>" : "");
        put_claim_link(out, page, rule->links[i]);
    }
    if (rule->claims > LINKS_MAX)
        fprintf(out, "<br>and %u more: filter the claims by the rule", rule->claims - LINKS_MAX);
    put(out, "</td></tr>\n");
}

static void put_rules(const struct page *page, FILE *out)
{
    struct broken_rules *rules = calloc(1, sizeof *rules);
    if (!rules)
        abort();
    for (uint32_t i = 0; i < page->run_count; i++) {
        const cJSON *verdict;
        cJSON_ArrayForEach(verdict, field_list(page->runs[i].line.root, "verdicts"))
        {
            count_break(rules, page->runs[i].claim, verdict);
        }
    }
    if (rules->names.count == 0) {
        put(out, "<p>No rule broke.</p>\n");
    } else {
        put(out,
            "<table><caption>Rules that broke</caption>\n<thead><tr><th scope=\"col\">rule</th>"
            "<th scope=\"col\">not expected</th><th scope=\"col\">as claimed</th>"
            "<th scope=\"col\">claims</th></tr></thead><tbody>\n");
        for (int expected = 0; expected < 2; expected++)
            for (uint32_t i = 0; i < rules->names.count && i < RULES_MAX; i++)
                if ((rules->at[i].unexpected == 0) == expected)
                    put_rule(page, out, rules->names.texts[i], &rules->at[i]);
        put(out, "</tbody></table>\n");
    }
    pool_free(&rules->names);
    free(rules);
}

static void put_pictures_said(const struct page *page, FILE *out)
{
    static const char *const which[] = {[PICTURES_AUTO] = "",
                                        [PICTURES_FAILED] =
                                            " of claims that fail (--pictures failed)",
                                        [PICTURES_ALL] = "",
                                        [PICTURES_NONE] = " (--pictures none)"};
    bool some = page->wanted == PICTURES_AUTO && page->claim_count > PAGE_ALL_MAX;
    fprintf(out,
            "<p>Pictures: %" PRIu32 "%s. Each is of a run that was made again with version %s and "
            "gave the very trace that the results name. Without one, for a reason that stands in "
            "its place: %" PRIu32 ".</p>\n",
            page->drawn,
            some ? " (of claims that fail or break a rule as claimed; --pictures all: of each)"
                 : which[page->wanted],
            POSTERN_VERSION, page->picture_count - page->drawn);
}

void page_write_summary(const struct page *page, FILE *out)
{
    put(out, "<section id=\"summary\" aria-labelledby=\"summary-h\"><h2 "
             "id=\"summary-h\">Summary</h2>\n<p>");
    put(out, page->failed_claims ? "<a class=\"bad\" href=\"#failures\">" : "<span class=\"ok\">");
    put_headline(page, out);
    fprintf(out, "%s, in %u runs.", page->failed_claims ? "</a>" : "</span>",
            page->report.all.runs);
    put(out, " Results of postern ");
    put_text(out, *page->version ? page->version : "of an unknown version");
    put(out, ", page written by postern " POSTERN_VERSION ".</p>\n");
    put_pictures_said(page, out);
    put(out, "<div class=\"side\">");
    put_counts(page, out);
    put_folders(page, out);
    put(out, "</div>\n");
    put_rules(page, out);
    put(out, "</section>\n");
}

/* --- failures --------------------------------------------------------------------------------- */

/* "x/y.json:20:5": where what a pointer names is in the file; nothing if that is not there. */
static void put_place(FILE *out, const char *path, const char *pointer)
{
    struct json_text json;
    struct problems problems = {0};
    uint32_t line, column;
    if (json_text_read(&json, path, &problems)) {
        json_pointer_place(&json, pointer, &line, &column);
        put(out, " <span class=\"place\">");
        put_text(out, path);
        fprintf(out, ":%" PRIu32 ":%" PRIu32 "</span>", line, column);
    }
    json_text_free(&json);
    problems_free(&problems);
}

static void put_verdict(FILE *out, const struct page_run *run, const cJSON *verdict)
{
    const char *process = field_text(verdict, "process"), *check = field_text(verdict, "check");
    put(out, "<li><strong>");
    put_text(out, field_text(verdict, "rule"));
    fprintf(out, "</strong> at %.3f us", field_number(verdict, "at_us"));
    put(out, *process ? ", app " : "");
    put_text(out, process);
    put(out, field_true(verdict, "expected") ? ", as claimed: " : ": ");
    put_text(out, field_text(verdict, "text"));
    if (*check) {
        put(out, " <code>");
        put_text(out, check);
        put(out, "</code>");
        put_place(out, run->line.path, check);
    }
    put(out, "</li>\n");
}

static void put_reason(FILE *out, const struct page_run *run, const char *reason)
{
    put(out, "<li>");
    put_text(out, reason);
    if (*reason == '/')
        put_place(out, run->line.path, reason);
    put(out, "</li>\n");
}

void put_verdicts(FILE *out, const struct page_run *run)
{
    const cJSON *list = field_list(run->line.root, "verdicts"), *verdict;
    const char *reason = result_line_reason(&run->line, 0);
    if (cJSON_GetArraySize(list) == 0 && !reason)
        return;
    put(out, "<ul>\n");
    cJSON_ArrayForEach(verdict, list)
    {
        put_verdict(out, run, verdict);
    }
    for (int i = 1; reason; reason = result_line_reason(&run->line, i++))
        put_reason(out, run, reason);
    put(out, "</ul>\n");
}

static void put_why(FILE *out, const struct page_run *run)
{
    const char *error = result_line_error(&run->line), *panic = result_line_panic(&run->line);
    put_verdicts(out, run);
    if (*error || *panic) {
        put(out, "<pre>");
        put_text(out, error);
        put(out, *error && *panic ? "\n" : "");
        put_text(out, panic);
        put(out, "</pre>\n");
    }
}

static void put_failure(FILE *out, const struct page_run *run)
{
    put(out, "<h4><span class=\"bad\">");
    put_text(out, run->line.outcome_name);
    put(out, "</span> ");
    put_text(out, run->line.id);
    put(out, "</h4>\n");
    put_why(out, run);
    if (*run->line.repeat) {
        put(out, "<p>Again: <code>");
        put_text(out, run->line.repeat);
        put(out, "</code></p>\n");
    }
}

static void put_failed_claim(const struct page *page, FILE *out, uint32_t number)
{
    const struct page_claim *claim = &page->claims[number];
    fprintf(out, "<article aria-labelledby=\"f%" PRIu32 "\"><h3 id=\"f%" PRIu32 "\">", number,
            number);
    put_claim_link(out, page, number);
    put(out, "</h3>\n<p>");
    if (*claim->text)
        fprintf(out, "Does not hold in %" PRIu32 " of %" PRIu32 " run%s: ", claim->failed,
                claim->count, claim->count == 1 ? "" : "s");
    put_text(out, claim->text);
    put(out, " <span class=\"place\">");
    put_text(out, claim->path);
    put(out, "</span></p>\n");
    for (uint32_t i = 0; i < claim->count; i++) {
        const struct page_run *run = &page->runs[claim->first + i];
        if (run->line.unreadable || run->line.outcome != OUTCOME_HOLDS)
            put_failure(out, run);
    }
    if (claim->picture != PAGE_NONE)
        put_picture(out, &page->pictures[claim->picture]);
    put(out, "</article>\n");
}

void page_write_failures(const struct page *page, FILE *out)
{
    put(out, "<section id=\"failures\" aria-labelledby=\"failures-h\" tabindex=\"-1\">"
             "<h2 id=\"failures-h\">Failures</h2>\n");
    if (page->failed_claims == 0)
        put(out, "<p>None: every claim holds.</p>\n");
    for (uint32_t i = 0; i < page->claim_count; i++)
        if (page->claims[i].failed)
            put_failed_claim(page, out, i);
    put(out, "</section>\n");
}

/* --- the frame -------------------------------------------------------------------------------- */

static void put_head(const struct page *page, FILE *out)
{
    put(out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>postern: ");
    put_headline(page, out);
    put(out, "</title>\n<meta name=\"viewport\" content=\"width=device-width\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
             "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
             "<link rel=\"icon\" href=\"data:,\">\n<style>\n:root{");
    picture_style(THEME_LIGHT, out);
    put(out, "}\n@media screen and (prefers-color-scheme:dark){:root{");
    picture_style(THEME_DARK, out);
    put(out, "}}\n");
    picture_classes(out);
    put(out, page_style);
    put(out, "</style>\n</head>\n");
}

static void put_texts(FILE *out, const struct pool *pool, bool quoted)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        put(out, i ? ",\n" : "\n");
        if (quoted)
            put_json_string(out, pool->texts[i]);
        else
            put(out, pool->texts[i]);
    }
}

static void put_script(const struct page *page, FILE *out)
{
    put(out, "<script type=\"application/json\" id=\"pictures\">{\"strings\":[");
    put_texts(out, &page->strings, true);
    put(out, "],\"shapes\":[");
    put_texts(out, &page->shapes, false);
    put(out, "],\"pictures\":[");
    put(out, page->indexes);
    put(out, "]}</script>\n<script>\n");
    put(out, page_script);
    put(out, "</script>\n");
}

void page_write(const struct page *page, FILE *out)
{
    put_head(page, out);
    put(out, "<body>\n<a class=\"skip\" href=\"#failures\">Skip to the failures</a>\n"
             "<a class=\"skip\" href=\"#claims\">Skip to the claims</a>\n");
    picture_svg_hatches(&page->hatches, out);
    put(out, "<header><h1>");
    put_headline(page, out);
    put(out,
        "</h1>\n<nav aria-label=\"Parts of this page\"><a href=\"#summary\">Summary</a> "
        "<a href=\"#failures\">Failures</a> <a href=\"#claims\">Claims</a> "
        "<a href=\"#times\">Times</a> <a href=\"#coverage\">Coverage</a></nav></header>\n<main>\n"
        "<noscript><p class=\"none\">Without JavaScript claims cannot be filtered or sorted, and "
        "only pictures of failures are drawn; all else is here.</p></noscript>\n");
    page_write_summary(page, out);
    page_write_failures(page, out);
    page_write_claims(page, out);
    page_write_times(page, out);
    page_write_coverage(page, out);
    put(out, "</main>\n");
    put_script(page, out);
    put(out, "</body>\n</html>\n");
}
