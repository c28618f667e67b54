/* page_gather.c: the lines of results as claims and runs. See page.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/page/page.h"

#include "sim/json_text.h"
#include "tools/suite.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

const char *field_text(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(value) ? value->valuestring : "";
}

double field_number(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

bool field_has(const cJSON *object, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(object, key) != NULL;
}

bool field_true(const cJSON *object, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, key));
}

const cJSON *field_list(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsArray(value) ? value : NULL;
}

static void *need(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

/* --- counting, as every report does ----------------------------------------------------------- */

static void count_line(struct report *report, const char *json, uint64_t wall_ns)
{
    (void)report;
    (void)json;
    (void)wall_ns;
}

static void count_end(struct report *report)
{
    (void)report;
}

static const struct report_format counting = {.name = "page", .line = count_line, .end = count_end};

/* --- claims ----------------------------------------------------------------------------------- */

static bool is_claimed(const struct page_run *run)
{
    const cJSON *verdict;
    cJSON_ArrayForEach(verdict, field_list(run->line.root, "verdicts"))
    {
        if (field_true(verdict, "expected"))
            return true;
    }
    return false;
}

/* The members of a file come one after another. */
static struct page_claim *claim_of(struct page *page, const struct page_run *run)
{
    struct page_claim *claim = page->claims + page->claim_count;
    if (page->claim_count && strcmp(claim[-1].path, run->line.path) == 0)
        return claim - 1;
    page->claim_count++;
    *claim = (struct page_claim){.path = run->line.path,
                                 .text = run->line.claim,
                                 .first = page->run_count,
                                 .picture = PAGE_NONE};
    snprintf(claim->id, sizeof claim->id, "%.*s", (int)strcspn(run->line.id, "#@"), run->line.id);
    return claim;
}

static void take_line(struct page *page, const char *json)
{
    struct page_run *run = &page->runs[page->run_count];
    if (!report_line(&page->report, json) || !result_line_read(&run->line, json))
        return; /* was read before */
    struct page_claim *claim = claim_of(page, run);
    bool failed = run->line.unreadable || run->line.outcome != OUTCOME_HOLDS;
    run->claim = (uint32_t)(claim - page->claims);
    claim->count++;
    claim->claimed |= is_claimed(run);
    claim->failed += failed;
    page->run_count++;
}

/* What the file says that it covers: the scenario itself is read only if it is to be drawn. */
static void read_covers(struct page_claim *claim)
{
    struct json_text json;
    struct problems problems = {0};
    claim->there = json_text_read(&json, claim->path, &problems);
    const cJSON *list = claim->there ? field_list(json.root, "covers") : NULL, *id;
    claim->covers = need(calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *claim->covers));
    cJSON_ArrayForEach(id, list)
    {
        if (cJSON_IsString(id))
            claim->covers[claim->cover_count++] = need(strdup(id->valuestring));
    }
    json_text_free(&json);
    problems_free(&problems);
}

void page_gather(struct page *page, const struct results *results)
{
    size_t total = 1;
    for (size_t i = 0; i < results->count; i++)
        total += results->pieces[i].count;
    page->version = results->pieces[0].version;
    page->report.format = &counting;
    page->runs = need(calloc(total, sizeof *page->runs));
    page->claims = need(calloc(total, sizeof *page->claims));
    report_begin(&page->report);
    for (size_t i = 0; i < results->count; i++)
        for (size_t line = 0; line < results->pieces[i].count; line++)
            take_line(page, results->pieces[i].lines[line]);
    report_end(&page->report);
    for (uint32_t i = 0; i < page->claim_count; i++) {
        read_covers(&page->claims[i]);
        page->failed_claims += page->claims[i].failed > 0;
        page->claimed_claims += page->claims[i].claimed;
    }
}

void page_free(struct page *page)
{
    for (uint32_t i = 0; i < page->run_count; i++)
        result_line_free(&page->runs[i].line);
    for (uint32_t i = 0; i < page->claim_count; i++) {
        for (uint32_t k = 0; k < page->claims[i].cover_count; k++)
            free(page->claims[i].covers[k]);
        free(page->claims[i].covers);
    }
    for (uint32_t i = 0; i < page->picture_count; i++)
        picture_free(&page->pictures[i].picture);
    free(page->pictures);
    free(page->claims);
    free(page->runs);
    free(page->indexes);
    pool_free(&page->strings);
    pool_free(&page->shapes);
}
