/* page.h: the results of a suite as one HTML page, for people without the tool.
 *
 *   lines of results --page_gather--> claims and their runs, counted as every report counts them
 *   a run of each claim --page_draw: runs it again, in a process of its own--> map and time line
 *   both --page_write--> one file: no network, no other file, readable without JavaScript
 *
 * A picture shows one moment of a run and what happened around it: where a rule first breaks, else
 * behind the first grant, else where an app first runs; of a claim that fails it is the first run
 * that failed, else the first run. The run is made again from its
 * file: if that is not there, or gives another trace, the page says so in the picture's place.
 *
 * The first PAGE_INLINE_MAX pictures of failures stand in the page as SVG; all others are lists of
 * shapes, and a script draws one when its claim is opened:
 *
 *   strings [text...]
 *   shapes  nine numbers each: kind, role, x, y, w, h, stroke, text, tip (of strings; 0: none)
 *   pictures [width, height, first shape, how many, first shape, how many, ...]
 *
 * Shapes and strings that pictures share are there once. Colours are classes by role
 * (picture_svg.h), whose style follows the reader's theme, and is the light one on paper.
 */
#ifndef TOOLS_PAGE_PAGE_H
#define TOOLS_PAGE_PAGE_H

#include "tools/page/pool.h"
#include "tools/report.h"
#include "tools/result_line.h"
#include "tools/results.h"
#include "tools/view/picture_svg.h"

enum {
    PAGE_INLINE_MAX = 40,   /* ours: some 40 KB each */
    PAGE_ALL_MAX = 1000,    /* claims up to which each gets its picture without being asked for */
    PAGE_BUDGET_MS = 20000, /* wall clock, for one picture's run */
    PAGE_LABEL_MAX = SCENARIO_ID_MAX + 160,
};

#define PAGE_NONE UINT32_MAX

enum page_pictures { PICTURES_AUTO, PICTURES_FAILED, PICTURES_ALL, PICTURES_NONE };

/* A picture in the place of which stands a sentence if `why` is not empty. */
struct page_picture {
    uint32_t run;
    char why[RESULT_TEXT_MAX];
    char label[PAGE_LABEL_MAX];   /* what it shows, in words */
    char command[PAGE_LABEL_MAX]; /* that prints the map as text */
    struct picture picture;       /* empty once it is in the pools, unless it stays as SVG */
    bool stays;
    uint32_t number; /* among the pictures of the script */
};

struct page_run {
    struct result_line line;
    uint32_t claim;
};

/* A scenario file. */
struct page_claim {
    char id[SCENARIO_ID_MAX]; /* "folder/name" */
    const char *path, *text;
    uint32_t first, count; /* its runs */
    uint32_t failed;       /* of them; a file that cannot be read has one */
    bool claimed;          /* a rule broke as the scenario claims */
    bool there;            /* the file could be read for what it covers */
    uint32_t picture;      /* of page.pictures; PAGE_NONE: none was asked for */
    char **covers;         /* ids of statements */
    uint32_t cover_count;
};

struct page {
    struct report report; /* counts, and folders' counts */
    const char *version;  /* of the tool that made the results; "": not said */
    struct page_run *runs;
    uint32_t run_count;
    struct page_claim *claims;
    uint32_t claim_count, failed_claims, claimed_claims;
    enum page_pictures wanted;
    struct page_picture *pictures;
    uint32_t picture_count, drawn, differing;
    struct pool strings, shapes;
    char *indexes; /* the script's pictures as JSON */
    size_t indexes_size;
    struct picture_hatches hatches;
};

/* Begins as zeros; the results outlive it. */
void page_gather(struct page *page, const struct results *results);
/* Runs what is wanted again, `at_once` processes at a time. */
void page_draw(struct page *page, size_t at_once);
void page_write(const struct page *page, FILE *out);
void page_free(struct page *page);

/* The page's own script and style sheet; colours are not in it. */
extern const char page_script[], page_style[];

/* --- the parts of page_write ------------------------------------------------------------------ */

void put(FILE *out, const char *html);
/* Escapes: whatever comes from scenarios or results goes through this. */
void put_text(FILE *out, const char *text);

/* A link to a claim. */
void put_claim_link(FILE *out, const struct page *page, uint32_t claim);

/* The figure, or why there is none. */
void put_picture(FILE *out, const struct page_picture *picture);

/* A list of a run's verdicts and the gate's reasons, with their places in the file; or nothing. */
void put_verdicts(FILE *out, const struct page_run *run);

void page_write_summary(const struct page *page, FILE *out);
void page_write_failures(const struct page *page, FILE *out);
void page_write_claims(const struct page *page, FILE *out);
/* Histograms of latencies and of Bluetooth LE margins. */
void page_write_times(const struct page *page, FILE *out);
/* Which claims check which statement of scenarios/coverage.txt. */
void page_write_coverage(const struct page *page, FILE *out);

/* A result's fields, as its line of JSON has them. */
const char *field_text(const struct cJSON *object, const char *key); /* "": not there */
double field_number(const struct cJSON *object, const char *key);    /* 0: not there */
bool field_has(const struct cJSON *object, const char *key);
bool field_true(const struct cJSON *object, const char *key);
const struct cJSON *field_list(const struct cJSON *object, const char *key); /* NULL: none */

#endif
