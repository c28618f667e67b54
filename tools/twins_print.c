/* twins_print.c: a leak for people. */
#include "tools/text.h"
#include "tools/twins.h"

static void print_leak(FILE *out, const struct scenario *s, const char *sort,
                       const struct twins_leak *leak)
{
    char us[2][US_TEXT_MAX];
    if (!leak->found)
        return;
    fprintf(out, "  %s that %s observes\n", sort, twins_observer(s, leak));
    for (int i = 0; i < 2; i++)
        fprintf(out, "    run %d  %15s us  %s  %s\n", i + 1, us_text(leak->at_ps[i], us[i]),
                twins_observer(s, leak), leak->what[i]);
}

void twins_print(FILE *out, const struct scenario *scenario, const struct twins_result *result)
{
    if (result->end == TWINS_LEAK) {
        print_leak(out, scenario, "values", &result->value);
        print_leak(out, scenario, "times", &result->time);
    }
    for (uint32_t i = 0; i < result->path_count; i++)
        fprintf(out, "  %s %s\n", i ? "        " : "path    ", result->path[i]);
}
