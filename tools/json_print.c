/* json_print.c: see json_print.h. */
#define _POSIX_C_SOURCE 200809L

#include "tools/json_print.h"

#include "tools/text.h"
#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2, NUMBER_MAX = 64 };

/* No scenario has more than nine decimals: a picosecond of milliseconds. */
static void print_number(FILE *to, double value)
{
    char text[NUMBER_MAX];
    if (value == (double)(int64_t)value) {
        fprintf(to, "%.0f", value);
        return;
    }
    int size = snprintf(text, sizeof text, "%.9f", value);
    while (size > 0 && text[size - 1] == '0')
        text[--size] = '\0';
    fputs(text, to);
}

static void print_leaf(FILE *to, const cJSON *node)
{
    if (cJSON_IsString(node))
        json_write_string(to, node->valuestring);
    else if (cJSON_IsNumber(node))
        print_number(to, node->valuedouble);
    else
        fputs(cJSON_IsTrue(node) ? "true" : cJSON_IsFalse(node) ? "false" : "null", to);
}

static bool is_leaf(const cJSON *node)
{
    return !cJSON_IsObject(node) && !cJSON_IsArray(node);
}

static void print_key(FILE *to, const cJSON *node)
{
    if (!node->string)
        return;
    json_write_string(to, node->string);
    fputs(": ", to);
}

static void print_line(FILE *to, const cJSON *node)
{
    bool object = cJSON_IsObject(node);
    if (is_leaf(node)) {
        print_leaf(to, node);
        return;
    }
    fputs(!object ? "[" : node->child ? "{ " : "{", to);
    for (const cJSON *member = node->child; member; member = member->next) {
        if (member != node->child)
            fputs(", ", to);
        if (object)
            print_key(to, member);
        print_line(to, member);
    }
    fputs(!object ? "]" : node->child ? " }" : "}", to);
}

static size_t line_size(const cJSON *node)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        abort();
    print_line(memory, node);
    fclose(memory);
    free(text);
    return size;
}

/* Lists of objects are read downwards, whatever room there is. */
static bool is_short(const cJSON *node, size_t column)
{
    bool listed = cJSON_IsArray(node) && node->child && node->child->next && !is_leaf(node->child);
    return !listed && column + line_size(node) + 1 <= JSON_COLUMNS;
}

/* `column`: what stands on this line already. */
static void print_node(FILE *to, const cJSON *node, int indent, size_t column)
{
    bool object = cJSON_IsObject(node);
    if (is_leaf(node) || !node->child || (indent > 0 && is_short(node, column))) {
        print_line(to, node);
        return;
    }
    fputs(object ? "{\n" : "[\n", to);
    for (const cJSON *member = node->child; member; member = member->next) {
        fprintf(to, "%*s", indent + INDENT, "");
        if (object)
            print_key(to, member);
        print_node(to, member, indent + INDENT,
                   (size_t)(indent + INDENT) + (object ? strlen(member->string) + 4 : 0));
        fputs(member->next ? ",\n" : "\n", to);
    }
    fprintf(to, "%*s%s", indent, "", object ? "}" : "]");
}

void json_print(FILE *to, const struct cJSON *tree)
{
    print_node(to, tree, 0, 0);
    fputs("\n", to);
}
