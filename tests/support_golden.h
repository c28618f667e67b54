/* support_golden.h: reading of tests/data/ble-golden.json. Each helper fails the test that calls it
 * if what it asks for is not there.
 */
#ifndef TESTS_SUPPORT_GOLDEN_H
#define TESTS_SUPPORT_GOLDEN_H

#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdint.h>

/* The whole file; cJSON_Delete it. */
cJSON *golden_load(void);
const cJSON *golden_get(const cJSON *object, const char *key);
const char *golden_text(const cJSON *object, const char *key);
/* A JSON number, or a string such as "0x17A2B3". */
uint64_t golden_number(const cJSON *object, const char *key);
/* Octets from a string of hex digits; returns how many, at most `room`. */
size_t golden_octets(const char *hex, uint8_t *octets, size_t room);

#endif
