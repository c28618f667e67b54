#include "tests/support_golden.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cJSON *golden_load(void)
{
    static const char path[] = "tests/data/ble-golden.json";
    char text[16384] = "";
    FILE *file = fopen(path, "r");

    ck_assert_msg(file != NULL, "%s: cannot be read: run this in the project's root", path);
    size_t size = fread(text, 1, sizeof text - 1, file);
    ck_assert_msg(size < sizeof text - 1, "%s: too long", path);
    (void)fclose(file);
    cJSON *json = cJSON_Parse(text);
    ck_assert_msg(json != NULL, "%s: no JSON", path);
    return json;
}

const cJSON *golden_get(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);

    ck_assert_msg(item != NULL, "no \"%s\"", key);
    return item;
}

const char *golden_text(const cJSON *object, const char *key)
{
    const cJSON *item = golden_get(object, key);

    ck_assert_msg(cJSON_IsString(item), "\"%s\": no string", key);
    return item->valuestring;
}

uint64_t golden_number(const cJSON *object, const char *key)
{
    const cJSON *item = golden_get(object, key);

    if (cJSON_IsString(item))
        return strtoull(item->valuestring, NULL, 16);
    return (uint64_t)item->valuedouble;
}

size_t golden_octets(const char *hex, uint8_t *octets, size_t room)
{
    size_t size = strlen(hex) / 2;

    ck_assert_uint_le(size, room);
    for (size_t i = 0; i < size; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        octets[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return size;
}
