/* page_claims.c: all claims, each with its runs, what was measured, its picture. See page.h. */
#include "tools/page/page.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <string.h>

/* --- the worst of a claim's runs -------------------------------------------------------------- */

enum { WORST_MAX = 64 };

/* Of rows that mean the same, the worst one. */
struct worst {
    const cJSON *rows[WORST_MAX];
    uint32_t count;
};

static bool is_same_latency(const cJSON *a, const cJSON *b)
{
    return strcmp(field_text(a, "check"), field_text(b, "check")) == 0 &&
           strcmp(field_text(a, "from"), field_text(b, "from")) == 0 &&
           strcmp(field_text(a, "to"), field_text(b, "to")) == 0;
}

static bool is_worse_latency(const cJSON *a, const cJSON *b)
{
    return field_number(a, "max_us") > field_number(b, "max_us");
}

static bool is_same_connection(const cJSON *a, const cJSON *b)
{
    return field_number(a, "number") == field_number(b, "number");
}

static double turnaround(const cJSON *connection)
{
    const cJSON *margin = cJSON_GetObjectItemCaseSensitive(connection, "turnaround_margin");
    return field_has(margin, "min_us") ? field_number(margin, "min_us") : 1e12;
}

static bool is_worse_connection(const cJSON *a, const cJSON *b)
{
    if (field_number(a, "missed") != field_number(b, "missed"))
        return field_number(a, "missed") > field_number(b, "missed");
    if (field_number(a, "late") != field_number(b, "late"))
        return field_number(a, "late") > field_number(b, "late");
    return turnaround(a) < turnaround(b);
}

typedef bool compare(const cJSON *a, const cJSON *b);

static void add_row(struct worst *worst, const cJSON *row, compare *is_same, compare *is_worse)
{
    uint32_t at = 0;
    while (at < worst->count && !is_same(worst->rows[at], row))
        at++;
    if (at == WORST_MAX)
        return;
    if (at == worst->count)
        worst->rows[worst->count++] = row;
    else if (is_worse(row, worst->rows[at]))
        worst->rows[at] = row;
}

static struct worst worst_of(const struct page *page, const struct page_claim *claim,
                             const char *key, compare *is_same, compare *is_worse)
{
    struct worst worst = {0};
    for (uint32_t i = 0; i < claim->count; i++) {
        const cJSON *row;
        cJSON_ArrayForEach(row, field_list(page->runs[claim->first + i].line.root, key))
        {
            add_row(&worst, row, is_same, is_worse);
        }
    }
    return worst;
}

/* --- tables ----------------------------------------------------------------------------------- */

static void put_heads(FILE *out, const char *caption, const char *const heads[])
{
    fprintf(out, "<table><caption>%s</caption>\n<thead><tr>", caption);
    for (size_t i = 0; heads[i]; i++)
        fprintf(out, "<th scope=\"col\">%s</th>", heads[i]);
    put(out, "</tr></thead><tbody>\n");
}

/* Cells of microseconds; where a field is not there, a dash. */
static void put_us_cells(FILE *out, const cJSON *object, const char *const keys[])
{
    for (size_t i = 0; keys[i]; i++) {
        if (field_has(object, keys[i]))
            fprintf(out, "<td>%.3f</td>", field_number(object, keys[i]));
        else
            put(out, "<td>-</td>");
    }
}

static void put_latencies(const struct page *page, FILE *out, const struct page_claim *claim)
{
    static const char *const heads[] = {"from",    "to",     "count",    "min us",    "median us",
                                        "99 % us", "max us", "bound us", "margin us", NULL};
    static const char *const keys[] = {"min_us",   "median_us", "p99_us", "max_us",
                                       "bound_us", "margin_us", NULL};
    const struct worst worst = worst_of(page, claim, "latency", is_same_latency, is_worse_latency);
    if (!worst.count)
        return;
    put_heads(out, "Latencies, of the run in which each took longest", heads);
    for (uint32_t i = 0; i < worst.count; i++) {
        put(out, "<tr><th scope=\"row\">");
        put_text(out, field_text(worst.rows[i], "from"));
        put(out, "</th><td class=\"text\">");
        put_text(out, field_text(worst.rows[i], "to"));
        fprintf(out, "</td><td>%.0f</td>", field_number(worst.rows[i], "count"));
        put_us_cells(out, worst.rows[i], keys);
        put(out, "</tr>\n");
    }
    put(out, "</tbody></table>\n");
}

static void put_connection(FILE *out, const cJSON *row)
{
    static const char *const counts[] = {"events", "answered", "lost", "missed", "late", NULL};
    static const char *const keys[] = {"min_us", "p1_us", "median_us", NULL};
    fprintf(out, "<tr><th scope=\"row\">%.0f</th>", field_number(row, "number"));
    for (size_t i = 0; counts[i]; i++)
        fprintf(out, "<td>%.0f</td>", field_number(row, counts[i]));
    put_us_cells(out, cJSON_GetObjectItemCaseSensitive(row, "turnaround_margin"), keys);
    put_us_cells(out, cJSON_GetObjectItemCaseSensitive(row, "listening_margin"), keys);
    put(out, "</tr>\n");
}

static void put_connections(const struct page *page, FILE *out, const struct page_claim *claim)
{
    static const char *const heads[] = {"connection",
                                        "events",
                                        "answered",
                                        "lost",
                                        "missed",
                                        "late",
                                        "turnaround min us",
                                        "1 % us",
                                        "median us",
                                        "listening min us",
                                        "1 % us",
                                        "median us",
                                        NULL};
    const struct worst worst =
        worst_of(page, claim, "connections", is_same_connection, is_worse_connection);
    if (!worst.count)
        return;
    put_heads(out, "Bluetooth LE connections, of the run in which each fared worst: margins",
              heads);
    for (uint32_t i = 0; i < worst.count; i++)
        put_connection(out, worst.rows[i]);
    put(out, "</tbody></table>\n");
}

static void put_run(FILE *out, const struct page_run *run)
{
    const struct result_line *line = &run->line;
    const char *member = line->id + strcspn(line->id, "#@");
    put(out, "<tr><th scope=\"row\">");
    put_text(out, *member ? member : "-");
    put(out, line->outcome == OUTCOME_HOLDS && !line->unreadable ? "</th><td class=\"text\">"
                                                                 : "</th><td class=\"text bad\">");
    put_text(out, line->outcome_name);
    fprintf(out, "</td><td>%.3f</td><td>%.0f</td><td class=\"text\">", line->time_us,
            field_number(line->root, "records"));
    put(out, line->judged ? line_text(line->isolation) : "-");
    put(out, "</td><td class=\"text\">");
    put(out, line->judged ? line_text(line->containment) : "-");
    put(out, "</td><td><code>");
    put_text(out, *line->trace_hash ? line->trace_hash : "-");
    put(out, "</code></td></tr>\n");
}

static void put_runs(const struct page *page, FILE *out, const struct page_claim *claim)
{
    static const char *const heads[] = {"run",       "outcome",     "virtual time, us", "records",
                                        "isolation", "containment", "trace hash",       NULL};
    put_heads(out, "Runs", heads);
    for (uint32_t i = 0; i < claim->count; i++)
        put_run(out, &page->runs[claim->first + i]);
    put(out, "</tbody></table>\n");
}

/* --- a claim ---------------------------------------------------------------------------------- */

/* What is left of a bound, in thousandths of it; the least of all. 1e12: there is no bound. */
static double least_margin(const struct page *page, const struct page_claim *claim)
{
    double least = 1e12;
    for (uint32_t i = 0; i < claim->count; i++) {
        const cJSON *row;
        cJSON_ArrayForEach(row, field_list(page->runs[claim->first + i].line.root, "latency"))
        {
            double bound = field_number(row, "bound_us");
            double share = bound > 0 ? 1000 * field_number(row, "margin_us") / bound : 1e12;
            least = share < least ? share : least;
        }
    }
    return least;
}

static double longest(const struct page *page, const struct page_claim *claim)
{
    double most = 0;
    for (uint32_t i = 0; i < claim->count; i++)
        if (page->runs[claim->first + i].line.time_us > most)
            most = page->runs[claim->first + i].line.time_us;
    return most;
}

/* Words that the filter finds it by, besides its id: rules that broke, statements. */
static void put_words(const struct page *page, FILE *out, const struct page_claim *claim)
{
    struct pool words = {0};
    for (uint32_t i = 0; i < claim->count; i++) {
        const cJSON *verdict;
        cJSON_ArrayForEach(verdict, field_list(page->runs[claim->first + i].line.root, "verdicts"))
        {
            (void)pool_add(&words, field_text(verdict, "rule"));
        }
    }
    for (uint32_t i = 0; i < claim->cover_count; i++)
        (void)pool_add(&words, claim->covers[i]);
    for (uint32_t i = 0; i < words.count; i++) {
        put(out, i ? " " : "");
        put_text(out, words.texts[i]);
    }
    pool_free(&words);
}

static void put_opening(const struct page *page, FILE *out, uint32_t number)
{
    const struct page_claim *claim = &page->claims[number];
    const struct result_line *first = &page->runs[claim->first].line;
    fprintf(out,
            "<details class=\"claim\" id=\"c%" PRIu32 "\" data-n=\"%" PRIu32 "\" data-f=\"%" PRIu32
            "\" data-m=\"%.0f\" data-t=\"%.0f\" data-r=\"%" PRIu32 "\" data-w=\"",
            number, number, claim->failed, least_margin(page, claim), longest(page, claim),
            claim->count);
    put_words(page, out, claim);
    put(out,
        claim->failed ? "\">\n<summary><span class=\"bad\">" : "\">\n<summary><span class=\"ok\">");
    put_text(out, claim->failed ? first->unreadable ? "unreadable" : "does not hold" : "holds");
    put(out, "</span> <b>");
    put_text(out, claim->id);
    put(out, "</b>");
    if (claim->count > 1)
        fprintf(out, " <span class=\"dim\">%" PRIu32 " runs</span>", claim->count);
    put(out, claim->claimed ? " <span class=\"dim\">a rule breaks, as claimed</span></summary>\n"
                            : "</summary>\n");
}

static void put_covers(FILE *out, const struct page_claim *claim)
{
    if (!claim->cover_count)
        return;
    put(out, "<p>Checks ");
    for (uint32_t i = 0; i < claim->cover_count; i++) {
        put(out, i ? ", <a href=\"#s-" : "<a href=\"#s-");
        put_text(out, claim->covers[i]);
        put(out, "\">");
        put_text(out, claim->covers[i]);
        put(out, "</a>");
    }
    put(out, ".</p>\n");
}

static void put_claim(const struct page *page, FILE *out, uint32_t number)
{
    const struct page_claim *claim = &page->claims[number];
    const struct page_run *first = &page->runs[claim->first];
    const struct page_picture *picture =
        claim->picture == PAGE_NONE ? NULL : &page->pictures[claim->picture];
    put_opening(page, out, number);
    put(out, "<p>");
    put_text(out, claim->text);
    put(out, " <span class=\"place\">");
    put_text(out, claim->path);
    put(out, "</span></p>\n");
    if (claim->failed)
        fprintf(out, "<p><a href=\"#f%" PRIu32 "\">Why it does not hold</a></p>\n", number);
    else
        put_verdicts(out, first);
    put_covers(out, claim);
    put_runs(page, out, claim);
    put_latencies(page, out, claim);
    put_connections(page, out, claim);
    if (picture && !claim->failed)
        put_picture(out, picture);
    put(out, "</details>\n");
}

void page_write_claims(const struct page *page, FILE *out)
{
    put(out,
        "<section id=\"claims\" aria-labelledby=\"claims-h\" tabindex=\"-1\"><h2 "
        "id=\"claims-h\">Claims</h2>\n"
        "<form id=\"tools\" hidden role=\"search\" aria-label=\"Claims\"><label>Show claims with "
        "<input id=\"filter\" "
        "type=\"search\" autocomplete=\"off\" aria-describedby=\"filter-d\"></label> <label>in the "
        "order of "
        "<select id=\"sort\"><option value=\"n\">the run</option><option value=\"f\">failures"
        "</option><option value=\"m\">the least margin of a latency</option>"
        "<option value=\"t\">virtual time, longest first</option>"
        "<option value=\"r\">runs, most first</option></select></label> "
        "<span id=\"shown\" role=\"status\"></span>\n<p id=\"filter-d\" class=\"dim\">Words of an "
        "id, "
        "of a rule that broke, of a statement; all must be there.</p></form>\n<div id=\"list\">\n");
    for (uint32_t i = 0; i < page->claim_count; i++)
        put_claim(page, out, i);
    put(out, "</div>\n</section>\n");
}
