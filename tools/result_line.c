/* result_line.c: see result_line.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/result_line.h"

#include "sim/rules.h"
#include "tools/report.h"
#include <cjson/cJSON.h>
#include <string.h>

static const char *text_of(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(value) ? value->valuestring : "";
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(value) ? value->valuedouble : 0;
}

static const cJSON *list_of(const cJSON *object, const char *key)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsArray(value) ? value : NULL;
}

/* --- reading --------------------------------------------------------------------------------- */

static bool read_outcome(struct result_line *line)
{
    line->outcome_name = text_of(line->root, "outcome");
    line->unreadable = strcmp(line->outcome_name, "unreadable") == 0;
    line->outcome = OUTCOME_BAD_INPUT;
    if (line->unreadable)
        return true;
    for (int i = 0; i < OUTCOMES; i++) {
        line->outcome = (enum outcome)i;
        if (strcmp(line->outcome_name, outcome_name(line->outcome)) == 0)
            return true;
    }
    return false;
}

static bool read_gate_line(const struct result_line *line, const char *key, enum gate_line *value)
{
    const char *text = text_of(line->root, key);
    for (int i = LINE_HELD; i <= LINE_BROKEN; i++) {
        *value = (enum gate_line)i;
        if (strcmp(text, line_text(*value)) == 0)
            return true;
    }
    return false;
}

static bool has_verdict(const struct result_line *line, const char *rule)
{
    const cJSON *verdict;
    cJSON_ArrayForEach(verdict, list_of(line->root, "verdicts"))
    {
        if (strcmp(text_of(verdict, "rule"), rule) == 0)
            return true;
    }
    return false;
}

/* As report.c says of the run itself: over-exposure that the board declares. */
static bool read_exposed(const struct result_line *line)
{
    return cJSON_GetArraySize(list_of(line->root, "over_exposure")) > 0 &&
           !has_verdict(line, rule_rows[RULE_OVER_EXPOSURE].id);
}

bool result_line_read(struct result_line *line, const char *json)
{
    *line = (struct result_line){.root = cJSON_Parse(json)};
    line->id = text_of(line->root, "id");
    line->path = text_of(line->root, "path");
    line->claim = text_of(line->root, "claim");
    line->repeat = text_of(line->root, "repeat");
    line->trace_hash = text_of(line->root, "trace_hash");
    line->time_us = number_of(line->root, "time_us");
    line->judged = cJSON_HasObjectItem(line->root, "isolation");
    line->exposed = read_exposed(line);
    if (*line->id && *line->path && read_outcome(line) &&
        (!line->judged || (read_gate_line(line, "isolation", &line->isolation) &&
                           read_gate_line(line, "containment", &line->containment))))
        return true;
    result_line_free(line);
    return false;
}

void result_line_free(struct result_line *line)
{
    cJSON_Delete(line->root);
    line->root = NULL;
}

/* --- what is wrong --------------------------------------------------------------------------- */

bool result_line_break(const struct result_line *line, int *at, struct line_break *found)
{
    const cJSON *list = list_of(line->root, "verdicts");
    for (; *at < cJSON_GetArraySize(list); ++*at) {
        const cJSON *verdict = cJSON_GetArrayItem(list, *at);
        if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(verdict, "expected")))
            continue;
        *found = (struct line_break){.rule = text_of(verdict, "rule"),
                                     .process = text_of(verdict, "process"),
                                     .text = text_of(verdict, "text"),
                                     .at_us = number_of(verdict, "at_us")};
        ++*at;
        return true;
    }
    return false;
}

const char *result_line_reason(const struct result_line *line, int i)
{
    const cJSON *reason = cJSON_GetArrayItem(list_of(line->root, "reasons"), i);
    return cJSON_IsString(reason) ? reason->valuestring : NULL;
}

const char *result_line_error(const struct result_line *line)
{
    return text_of(line->root, "error");
}

const char *result_line_panic(const struct result_line *line)
{
    return text_of(line->root, "panic");
}

const char *result_line_message(const struct result_line *line, char text[LINE_MESSAGE_MAX])
{
    struct line_break found;
    int at = 0;
    const char *reason = result_line_reason(line, 0);
    const char *error = result_line_error(line);
    if (!*error && result_line_break(line, &at, &found))
        snprintf(text, LINE_MESSAGE_MAX, "%s at %.3f us: %s", found.rule, found.at_us, found.text);
    else
        snprintf(text, LINE_MESSAGE_MAX, "%s",
                 *error   ? error
                 : reason ? reason
                          : line->outcome_name);
    text[strcspn(text, "\n")] = '\0'; /* the first of a file's complaints */
    return text;
}

const char *result_line_type(const struct result_line *line)
{
    struct line_break found;
    int at = 0;
    return result_line_break(line, &at, &found) ? found.rule : line->outcome_name;
}

const char *result_line_kind(const struct result_line *line)
{
    if (line->outcome == OUTCOME_HOLDS)
        return NULL;
    return line->outcome == OUTCOME_FAILED || line->outcome == OUTCOME_VACUOUS ? "failure"
                                                                               : "error";
}
