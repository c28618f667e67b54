/* results.c: see results.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/results.h"

#include "tools/result_line.h"
#include "tools/units.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- reading --------------------------------------------------------------------------------- */

/* Always false. */
static bool bad_line(const struct piece *piece, size_t line, const char *why)
{
    fprintf(stderr, "%s:%zu:1: error: %s\n", piece->path, line, why);
    return false;
}

static bool read_number(const cJSON *object, const char *key, uint64_t *value)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!cJSON_IsNumber(number) || number->valuedouble < 0 || number->valuedouble > 1e15)
        return false;
    *value = (uint64_t)number->valuedouble;
    return true;
}

static bool read_text(const cJSON *object, const char *key, char *text, size_t size)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(value) && snprintf(text, size, "%s", value->valuestring) < (int)size;
}

static bool read_shard(struct piece *piece, const cJSON *object)
{
    struct shard *shard = &piece->shard;
    uint64_t index, of;
    if (!read_number(object, "index", &index) || !read_number(object, "of", &of) ||
        !read_number(object, "first", &shard->first) ||
        !read_number(object, "count", &shard->count) ||
        !read_number(object, "total", &shard->total) ||
        !read_text(object, "list", piece->list, sizeof piece->list) ||
        !read_text(object, "version", piece->version, sizeof piece->version))
        return false;
    shard->index = (uint32_t)index;
    shard->of = (uint32_t)of;
    return index >= 1 && index <= of && of <= SHARD_MAX;
}

static bool take_summary(struct piece *piece, size_t line, const cJSON *summary)
{
    const cJSON *shard = cJSON_GetObjectItemCaseSensitive(summary, "shard");
    if (shard && !read_shard(piece, shard))
        return bad_line(piece, line, "this says of no shard what it is");
    if (!shard) {
        (void)read_text(summary, "version", piece->version, sizeof piece->version);
        piece->shard = (struct shard){.count = piece->count, .total = piece->count};
    }
    if (piece->shard.count != piece->count)
        return bad_line(piece, line, "the summary counts other results than there are");
    return piece->summed = true;
}

static void keep_line(struct piece *piece, const char *text)
{
    if (piece->count == piece->capacity) {
        piece->capacity = piece->capacity * 2 + 64;
        piece->lines = realloc(piece->lines, piece->capacity * sizeof *piece->lines);
    }
    char *copy = strdup(text);
    if (!piece->lines || !copy)
        abort();
    piece->lines[piece->count++] = copy;
}

static bool take_line(struct piece *piece, size_t number, const char *text)
{
    struct result_line line;
    if (piece->summed)
        return bad_line(piece, number, "something follows the summary: two runs in one file?");
    if (result_line_read(&line, text)) {
        keep_line(piece, text);
        result_line_free(&line);
        return true;
    }
    cJSON *root = cJSON_Parse(text);
    const cJSON *summary = cJSON_GetObjectItemCaseSensitive(root, "summary");
    bool good = summary ? take_summary(piece, number, summary)
                        : bad_line(piece, number, "this is no result of `run --format json`");
    cJSON_Delete(root);
    return good;
}

static bool read_lines(struct piece *piece, FILE *file)
{
    char *text = NULL;
    size_t capacity = 0, number = 0;
    bool good = true;
    while (good && getline(&text, &capacity, file) >= 0)
        good = take_line(piece, ++number, text);
    free(text);
    if (good && ferror(file))
        return bad_line(piece, number, strerror(errno));
    if (good && !piece->summed)
        return bad_line(piece, number + 1, "no summary at the end: this run has not ended");
    return good;
}

static bool read_piece(const struct usage *usage, struct piece *piece)
{
    FILE *file = fopen(piece->path, "r");
    if (!file) {
        options_error(usage, "%s: %s", piece->path, strerror(errno));
        return false;
    }
    bool good = read_lines(piece, file);
    fclose(file);
    return good;
}

/* --- one run, each shard once ----------------------------------------------------------------- */

static bool of_one_run(const struct usage *usage, const struct piece *a, const struct piece *b)
{
    if (!a->shard.of || !b->shard.of)
        options_error(usage, "%s is a whole run, no shard of one", a->shard.of ? b->path : a->path);
    else if (strcmp(a->version, b->version) != 0)
        options_error(usage, "%s is of version %s, %s of %s", a->path, a->version, b->path,
                      b->version);
    else if (a->shard.of != b->shard.of || a->shard.total != b->shard.total ||
             strcmp(a->list, b->list) != 0)
        options_error(usage, "%s and %s are shards of different runs", a->path, b->path);
    else if (a->shard.index == b->shard.index)
        options_error(usage, "%s and %s are both shard %" PRIu32 "/%" PRIu32, a->path, b->path,
                      a->shard.index, a->shard.of);
    else
        return true;
    return false;
}

static int by_index(const void *a, const void *b)
{
    const struct piece *left = a, *right = b;
    return (left->shard.index > right->shard.index) - (left->shard.index < right->shard.index);
}

/* Sorts them; says which is missing. */
static bool are_complete(const struct usage *usage, struct piece *pieces, size_t count)
{
    qsort(pieces, count, sizeof *pieces, by_index);
    for (size_t i = 1; i < count; i++)
        if (!of_one_run(usage, &pieces[i - 1], &pieces[i]))
            return false;
    uint32_t of = pieces[0].shard.of;
    for (uint32_t index = 1; index <= of; index++) {
        if (index <= count && pieces[index - 1].shard.index == index)
            continue;
        options_error(usage, "shard %" PRIu32 "/%" PRIu32 " is missing", index, of);
        return false;
    }
    return true;
}

/* --- all of it ------------------------------------------------------------------------------- */

bool results_read(struct results *results, const struct usage *usage,
                  const struct arguments *arguments)
{
    bool good = true;
    *results = (struct results){.count = (size_t)arguments->count};
    results->pieces = calloc(results->count, sizeof *results->pieces);
    if (!results->pieces)
        abort();
    for (size_t i = 0; i < results->count; i++) {
        results->pieces[i].path = arguments->at[i];
        good &= read_piece(usage, &results->pieces[i]);
    }
    return good && are_complete(usage, results->pieces, results->count);
}

void results_free(struct results *results)
{
    for (size_t i = 0; i < results->count; i++) {
        for (size_t line = 0; line < results->pieces[i].count; line++)
            free(results->pieces[i].lines[line]);
        free(results->pieces[i].lines);
    }
    free(results->pieces);
    *results = (struct results){0};
}
