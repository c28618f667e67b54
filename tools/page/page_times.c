/* page_times.c: histograms over all runs: latencies, what is left of their bounds, and margins of
 * Bluetooth LE connections; each as a picture and as a table of the same numbers. See page.h. */
#include "tools/page/page.h"

#include <cjson/cJSON.h>
#include <inttypes.h>

enum { SERIES_MAX = 3, EDGE_MAX = 15 };

/* A bucket reaches from an edge to the next one; one lies below the first, one above the last. */
struct shape_of_histogram {
    const char *title, *unit, *nothing;
    const char *series[SERIES_MAX]; /* up to NULL */
    double edges[EDGE_MAX];
    unsigned edge_count;
};

struct histogram {
    const struct shape_of_histogram *shape;
    unsigned counts[SERIES_MAX][EDGE_MAX + 1], most, total;
};

enum which { LATENCY, MARGIN, TURNAROUND, LISTENING, HISTOGRAMS };

static const struct shape_of_histogram shapes[HISTOGRAMS] = {
    [LATENCY] = {"Latencies: of each check of each run the longest, and the median",
                 "us",
                 "No latency was measured.",
                 {"longest", "median"},
                 {1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000},
                 13},
    [MARGIN] = {"Latencies with a bound: what the longest leaves of it",
                "% of the bound",
                "No latency with a bound was measured.",
                {"checks"},
                {0, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90},
                11},
    [TURNAROUND] = {"Bluetooth LE: margin of the peripheral's answers (T_IFS, 2 us each way)",
                    "us",
                    "No connection was made.",
                    {"smallest", "1 %", "median"},
                    {0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2},
                    9},
    [LISTENING] = {"Bluetooth LE: the receiver is ready so long before it must",
                   "us",
                   "No connection's receiver was waited for.",
                   {"smallest", "1 %", "median"},
                   {0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000},
                   13},
};

/* --- counting --------------------------------------------------------------------------------- */

static void count(struct histogram *histogram, unsigned series, double value)
{
    unsigned bucket = 0;
    while (bucket < histogram->shape->edge_count && value >= histogram->shape->edges[bucket])
        bucket++;
    histogram->total++;
    if (++histogram->counts[series][bucket] > histogram->most)
        histogram->most = histogram->counts[series][bucket];
}

static void count_latency(struct histogram *of, const cJSON *row)
{
    double bound = field_number(row, "bound_us");
    if (field_number(row, "count") < 1)
        return;
    count(&of[LATENCY], 0, field_number(row, "max_us"));
    count(&of[LATENCY], 1, field_number(row, "median_us"));
    if (bound > 0)
        count(&of[MARGIN], 0, 100 * field_number(row, "margin_us") / bound);
}

static void count_margin(struct histogram *histogram, const cJSON *margin)
{
    static const char *const keys[SERIES_MAX] = {"min_us", "p1_us", "median_us"};
    for (unsigned i = 0; i < SERIES_MAX && field_has(margin, keys[i]); i++)
        count(histogram, i, field_number(margin, keys[i]));
}

static void count_run(struct histogram *of, const cJSON *root)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, field_list(root, "latency"))
    {
        count_latency(of, row);
    }
    cJSON_ArrayForEach(row, field_list(root, "connections"))
    {
        count_margin(&of[TURNAROUND], cJSON_GetObjectItemCaseSensitive(row, "turnaround_margin"));
        count_margin(&of[LISTENING], cJSON_GetObjectItemCaseSensitive(row, "listening_margin"));
    }
}

/* --- drawing ---------------------------------------------------------------------------------- */

enum { WIDTH = 840, BARS = 160, HEIGHT = BARS + 56, LEFT = 8, TOP = 20 };

/* "below 1", "1 to 2", "10000 and more". */
static void put_bucket(FILE *out, const struct shape_of_histogram *shape, unsigned bucket)
{
    if (bucket == 0)
        fprintf(out, "below %g", shape->edges[0]);
    else if (bucket == shape->edge_count)
        fprintf(out, "%g and more", shape->edges[bucket - 1]);
    else
        fprintf(out, "%g to %g", shape->edges[bucket - 1], shape->edges[bucket]);
}

static unsigned series_count(const struct shape_of_histogram *shape)
{
    unsigned n = 0;
    while (n < SERIES_MAX && shape->series[n])
        n++;
    return n;
}

static void put_bar(FILE *out, const struct histogram *h, unsigned series, unsigned bucket)
{
    const struct shape_of_histogram *shape = h->shape;
    unsigned number = h->counts[series][bucket], step = WIDTH / (shape->edge_count + 1);
    unsigned w = (step - 8) / series_count(shape), high = number * BARS / h->most;
    if (!number)
        return;
    high += high == 0;
    fprintf(out, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" class=\"f%u bar\"><title>%s, ",
            LEFT + bucket * step + series * w, TOP + BARS - high, w, high, ROLE_OWNER + series,
            shape->series[series]);
    put_bucket(out, shape, bucket);
    fprintf(out, " %s: %u</title></rect>\n", shape->unit, number);
    if (w >= 14)
        fprintf(out, "<text x=\"%u\" y=\"%u\" class=\"f%d n\">%u</text>\n",
                LEFT + bucket * step + series * w + w / 2, TOP + BARS - high - 3, ROLE_TEXT,
                number);
}

static void put_bars(FILE *out, const struct histogram *h)
{
    const struct shape_of_histogram *shape = h->shape;
    unsigned step = WIDTH / (shape->edge_count + 1);
    fprintf(out, "<svg class=\"histogram\" viewBox=\"0 0 %d %d\" aria-hidden=\"true\">\n",
            WIDTH + 2 * LEFT, HEIGHT);
    for (unsigned bucket = 0; bucket <= shape->edge_count; bucket++) {
        for (unsigned series = 0; series < series_count(shape); series++)
            put_bar(out, h, series, bucket);
        if (bucket < shape->edge_count)
            fprintf(out, "<text x=\"%u\" y=\"%d\" class=\"f%d n\">%g</text>\n",
                    LEFT + (bucket + 1) * step - 4, TOP + BARS + 16, ROLE_DIM,
                    shape->edges[bucket]);
    }
    fprintf(out, "<path class=\"s%d\" d=\"M%d,%d h%d\"/>\n<text x=\"%d\" y=\"%d\" class=\"f%d\">%s",
            ROLE_TEXT, LEFT, TOP + BARS, WIDTH, LEFT, TOP + BARS + 34, ROLE_DIM, shape->unit);
    put(out, "</text>\n");
    for (unsigned series = 0; series_count(shape) > 1 && series < series_count(shape); series++)
        fprintf(out,
                "<rect x=\"%u\" y=\"%d\" width=\"12\" height=\"12\" class=\"f%u bar\"/>"
                "<text x=\"%u\" y=\"%d\" class=\"f%d\">%s</text>\n",
                200 + series * 140, TOP + BARS + 24, ROLE_OWNER + series, 218 + series * 140,
                TOP + BARS + 34, ROLE_TEXT, shape->series[series]);
    put(out, "</svg>\n");
}

static void put_numbers(FILE *out, const struct histogram *h)
{
    const struct shape_of_histogram *shape = h->shape;
    fprintf(out, "<table><caption>%s: how many</caption>\n<thead><tr><th scope=\"col\">%s</th>",
            shape->title, shape->unit);
    for (unsigned i = 0; i < series_count(shape); i++)
        fprintf(out, "<th scope=\"col\">%s</th>", shape->series[i]);
    put(out, "</tr></thead><tbody>\n");
    for (unsigned bucket = 0; bucket <= shape->edge_count; bucket++) {
        put(out, "<tr><th scope=\"row\">");
        put_bucket(out, shape, bucket);
        put(out, "</th>");
        for (unsigned i = 0; i < series_count(shape); i++)
            fprintf(out, "<td>%u</td>", h->counts[i][bucket]);
        put(out, "</tr>\n");
    }
    put(out, "</tbody></table>\n");
}

static void put_histogram(FILE *out, const struct histogram *h)
{
    fprintf(out, "<h3>%s</h3>\n", h->shape->title);
    if (!h->total) {
        fprintf(out, "<p>%s</p>\n", h->shape->nothing);
        return;
    }
    put(out, "<div class=\"side\">");
    put_bars(out, h);
    put_numbers(out, h);
    put(out, "</div>\n");
}

void page_write_times(const struct page *page, FILE *out)
{
    struct histogram of[HISTOGRAMS] = {{0}};
    put(out, "<section id=\"times\" aria-labelledby=\"times-h\"><h2 id=\"times-h\">Times</h2>\n");
    for (int i = 0; i < HISTOGRAMS; i++)
        of[i].shape = &shapes[i];
    for (uint32_t i = 0; i < page->run_count; i++)
        count_run(of, page->runs[i].line.root);
    for (int i = 0; i < HISTOGRAMS; i++)
        put_histogram(out, &of[i]);
    put(out, "</section>\n");
}
