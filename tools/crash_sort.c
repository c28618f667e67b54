/* crash_sort.c: see crash_sort.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/crash_sort.h"

#include "tools/commands.h"
#include "tools/extra.h"
#include "tools/minimize.h"
#include "tools/reproduce.h"
#include "tools/text.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUCKET_MAX = 256, INPUTS_NAMED = 10, WORDS_MAX = 44 /* bytes of a name */ };

struct bucket {
    char name[BUCKET_NAME_MAX];
    struct finding finding; /* of the smallest input */
    enum input_kind kind;
    const struct stage_target *target; /* NULL: no tape */
    char *smallest;                    /* path, owned */
    size_t size;
    uint32_t count;
    char *named[INPUTS_NAMED]; /* owned */
};

struct sorter {
    const struct crash_sort *sort;
    uint32_t bucket_count, lost, held;
    struct bucket buckets[BUCKET_MAX];
};

/* --- names ----------------------------------------------------------------------------------- */

/* Names and numbers differ from run to run; what is said of them does not. */
static bool is_plain(const char *word, size_t size, const struct finding *finding)
{
    for (size_t i = 0; i < size; i++)
        if (!islower((unsigned char)word[i]) && word[i] != '-' && word[i] != ',')
            return false;
    for (uint32_t i = 0; i < finding->break_count; i++)
        if (strlen(finding->breaks[i].app) == size &&
            memcmp(finding->breaks[i].app, word, size) == 0)
            return false;
    return strlen(finding->leak.observer) != size ||
           memcmp(finding->leak.observer, word, size) != 0;
}

static void add_word(char name[BUCKET_NAME_MAX], const char *word, size_t size)
{
    size_t used = strlen(name);
    if (used + 1 + size >= BUCKET_NAME_MAX)
        return;
    name[used++] = '-';
    for (size_t i = 0; i < size; i++)
        name[used++] =
            isalnum((unsigned char)word[i]) ? (char)tolower((unsigned char)word[i]) : '-';
    while (name[used - 1] == '-')
        used--;
    name[used] = '\0';
}

void bucket_name(const struct finding *finding, char name[BUCKET_NAME_MAX])
{
    bool crashed = finding->end == FINDING_CRASHED;
    const char *text = finding->place[0] ? finding->place : finding->text;
    snprintf(name, BUCKET_NAME_MAX, "%s", finding_name(finding));
    size_t rule = strlen(name);
    for (const char *word = text; *word && strlen(name) - rule < WORDS_MAX;) {
        size_t size = strcspn(word, " ");
        if (crashed || is_plain(word, size, finding))
            add_word(name, word, size);
        word += size + strspn(word + size, " ");
    }
}

/* --- buckets --------------------------------------------------------------------------------- */

static struct bucket *bucket_for(struct sorter *s, const char *name)
{
    for (uint32_t i = 0; i < s->bucket_count; i++)
        if (strcmp(s->buckets[i].name, name) == 0)
            return &s->buckets[i];
    if (s->bucket_count == BUCKET_MAX)
        return NULL;
    struct bucket *bucket = &s->buckets[s->bucket_count++];
    snprintf(bucket->name, sizeof bucket->name, "%s", name);
    return bucket;
}

static char *copy_of(const char *text)
{
    char *copy = strdup(text);
    if (!copy)
        abort();
    return copy;
}

static void put_into(struct sorter *s, const struct input *input, const char *name,
                     const struct finding *finding)
{
    struct bucket *bucket = bucket_for(s, name);
    if (!bucket) {
        s->lost++;
        return;
    }
    if (bucket->count < INPUTS_NAMED)
        bucket->named[bucket->count] = copy_of(input->path);
    if (!bucket->count++ || input->size < bucket->size) {
        free(bucket->smallest);
        bucket->smallest = copy_of(input->path);
        bucket->size = input->size;
        bucket->finding = *finding;
        bucket->kind = input->kind;
        bucket->target = input->target;
    }
}

static bool play_tape(struct sorter *s, const struct input *input)
{
    char name[BUCKET_NAME_MAX];
    struct reproduction *r = calloc(1, sizeof *r);
    struct tape *tape = calloc(1, sizeof *tape);
    if (!r || !tape)
        abort();
    tape_decode(input->bytes, input->size, tape);
    bool good = reproduce_play(r, input->target, tape);
    if (good && r->finding.end == FINDING_NONE) {
        s->held++;
    } else if (good) {
        bucket_name(&r->finding, name);
        put_into(s, input, name, &r->finding);
    }
    reproduce_free(r);
    free(r);
    free(tape);
    return good;
}

static bool sort_file(struct sorter *s, const char *path)
{
    static const char *const names[] = {[INPUT_CALLS] = "mpu",
                                        [INPUT_FIELDS] = "start",
                                        [INPUT_SCENARIO] = "scenario",
                                        [INPUT_BOARD] = "board"};
    const struct finding none = {0};
    struct input input;
    bool good = true;
    if (!input_read(s->sort->usage, path, s->sort->target, &input))
        return false;
    if (input.kind == INPUT_TAPE)
        good = play_tape(s, &input);
    else
        put_into(s, &input, names[input.kind], &none);
    input_free(&input);
    return good;
}

static int is_no_dot(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool sort_path(struct sorter *s, const char *path)
{
    struct stat status;
    struct dirent **entries;
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return sort_file(s, path);
    int count = scandir(path, &entries, is_no_dot, alphasort);
    bool good = count >= 0;
    for (int i = 0; i < count; i++) {
        char name[SUITE_PATH_MAX];
        snprintf(name, sizeof name, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
        if (stat(name, &status) == 0 && S_ISREG(status.st_mode))
            good &= sort_file(s, name);
    }
    if (count >= 0)
        free(entries);
    return good;
}

/* --- writing --------------------------------------------------------------------------------- */

static bool copy_file(const char *from, const char *to)
{
    char bytes[4096];
    size_t size;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    while (in && out && (size = fread(bytes, 1, sizeof bytes, in)) > 0)
        fwrite(bytes, 1, size, out);
    bool good = in && out && !ferror(in) && !ferror(out);
    if (in)
        fclose(in);
    if (out)
        good &= fclose(out) == 0;
    return good;
}

/* Two file names: what a command shows goes into the second. */
struct showing {
    const char *scenario, *output;
};

static void show(const void *argument, int pipe)
{
    const struct showing *showing = argument;
    char name[] = "show", color[] = "--color", never[] = "never";
    char path[SUITE_PATH_MAX + 16];
    char *line[] = {name, path, color, never, NULL};
    snprintf(path, sizeof path, "%s", showing->scenario);
    (void)pipe;
    if (!freopen(showing->output, "w", stdout))
        isolate_leave(CODE_SIMULATOR);
    isolate_leave(cmd_show(4, line));
}

/* A crash leaves the trace up to there. */
static void write_trace(const char *scenario, const char *output)
{
    struct finding ignored;
    const struct showing showing = {scenario, output};
    finding_isolated(show, &showing, REPRODUCE_BUDGET_MS, &ignored);
}

static void write_again(FILE *to, const struct bucket *bucket, const char *folder)
{
    fprintf(to, "Again:\n  ");
    program_write(to);
    if (bucket->target)
        fprintf(to, " %s %s/scenario.json\n  build/fuzz/fuzz_%s %s/tape\n",
                bucket->finding.of_pair ? "noninterference" : "run", folder, bucket->target->name,
                folder);
    else if (bucket->kind == INPUT_CALLS)
        fprintf(to,
                " fuzz decode %s/tape --target mpu -o calls.txt\n  build/fuzz/fuzz_mpu %s/tape\n",
                folder, folder);
    else if (bucket->kind == INPUT_FIELDS)
        fprintf(to, " has nothing for these\n  build/fuzz/fuzz_start %s/tape\n", folder);
    else
        fprintf(to, " check %s/tape\n  build/fuzz/fuzz_%s %s/tape\n", folder, bucket->name, folder);
}

static bool write_readme(const struct bucket *bucket, const char *folder, const char *path)
{
    FILE *to = fopen(path, "w");
    if (!to)
        return false;
    if (bucket->target) {
        fprintf(to, "%s\n", finding_name(&bucket->finding));
        text_wrap(to, bucket->finding.text, 2, 90);
        if (bucket->finding.place[0])
            fprintf(to, "  %s\n", bucket->finding.place);
        fprintf(to, "\nTarget %s; ", bucket->target->name);
    }
    fprintf(to, "%" PRIu32 " input%s.\n\n", bucket->count, bucket->count == 1 ? "" : "s");
    write_again(to, bucket, folder);
    fprintf(to, "\nInputs, `tape` is the smallest:\n");
    for (uint32_t i = 0; i < bucket->count && i < INPUTS_NAMED; i++)
        fprintf(to, "  %s\n", bucket->named[i]);
    if (bucket->count > INPUTS_NAMED)
        fprintf(to, "  and %" PRIu32 " more\n", bucket->count - INPUTS_NAMED);
    bool good = !ferror(to);
    return (fclose(to) == 0) & good;
}

/* False: nothing can be written there. */
static bool write_bucket(const struct sorter *s, const struct bucket *bucket)
{
    char folder[SUITE_PATH_MAX], readme[SUITE_PATH_MAX + 16], tape[SUITE_PATH_MAX + 16];
    char scenario[SUITE_PATH_MAX + 16], trace[SUITE_PATH_MAX + 16];
    snprintf(folder, sizeof folder, "%s/%s", s->sort->output, bucket->name);
    snprintf(readme, sizeof readme, "%s/README.txt", folder);
    snprintf(tape, sizeof tape, "%s/tape", folder);
    snprintf(scenario, sizeof scenario, "%s/scenario.json", folder);
    snprintf(trace, sizeof trace, "%s/trace.txt", folder);
    if ((mkdir(folder, 0777) != 0 && errno != EEXIST) || !copy_file(bucket->smallest, tape) ||
        !write_readme(bucket, folder, readme))
        return options_error(s->sort->usage, "%s: %s", folder, strerror(errno)), false;
    printf("%s: %" PRIu32 "\n", folder, bucket->count);
    if (!bucket->target)
        return true;
    int code = minimize(&(struct minimize_request){.usage = s->sort->usage,
                                                   .path = tape,
                                                   .target = bucket->target->name,
                                                   .output = scenario,
                                                   .seconds = s->sort->seconds,
                                                   .same_place = false});
    if (code == CODE_HOLDS)
        write_trace(scenario, trace);
    return true;
}

static bool write_all(const struct sorter *s)
{
    if (mkdir(s->sort->output, 0777) != 0 && errno != EEXIST)
        return options_error(s->sort->usage, "%s: %s", s->sort->output, strerror(errno)), false;
    for (uint32_t i = 0; i < s->bucket_count; i++)
        if (!write_bucket(s, &s->buckets[i]))
            return false;
    return true;
}

static void sorter_free(struct sorter *s)
{
    for (uint32_t i = 0; i < s->bucket_count; i++) {
        free(s->buckets[i].smallest);
        for (uint32_t n = 0; n < INPUTS_NAMED; n++)
            free(s->buckets[i].named[n]);
    }
    free(s);
}

int crash_sort(const struct crash_sort *sort, const struct arguments *files)
{
    bool good = true;
    struct sorter *s = calloc(1, sizeof *s);
    if (!s)
        abort();
    s->sort = sort;
    for (int i = 0; i < files->count; i++)
        good &= sort_path(s, files->at[i]);
    good &= write_all(s);
    if (s->held)
        printf("%" PRIu32 " inputs break nothing here\n", s->held);
    if (s->lost)
        printf("%" PRIu32 " inputs are of further buckets: no more than %d are told apart\n",
               s->lost, BUCKET_MAX);
    sorter_free(s);
    return good ? CODE_HOLDS : CODE_BAD_INPUT;
}
