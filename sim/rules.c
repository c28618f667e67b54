#include "sim/rules.h"
#include <stdbool.h>
#include <string.h>

const struct rule_row rule_rows[RULE_NUMBER] = {
#define RULE_ROW(enumerator, rule_id, rule_aliases, rule_demand, rule_source)                      \
    [enumerator] = {rule_id, rule_aliases, rule_demand, rule_source},
    RULES(RULE_ROW)
#undef RULE_ROW
};

/* `id` is one of the words of `list`. */
static bool has_word(const char *list, const char *id)
{
    size_t length = strlen(id);

    for (const char *at = list; (at = strstr(at, id)) != NULL; at += length) {
        bool begins = at == list || at[-1] == ' ';
        bool ends = at[length] == ' ' || at[length] == '\0';
        if (begins && ends)
            return true;
    }
    return false;
}

enum rule rule_find(const char *id)
{
    if (id[0] == '\0' || strchr(id, ' '))
        return RULE_NUMBER;
    for (int rule = 0; rule < RULE_NUMBER; rule++)
        if (strcmp(rule_rows[rule].id, id) == 0)
            return (enum rule)rule;
    for (int rule = 0; rule < RULE_NUMBER; rule++)
        if (has_word(rule_rows[rule].aliases, id))
            return (enum rule)rule;
    return RULE_NUMBER;
}
