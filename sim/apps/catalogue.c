#include "sim/apps/catalogue.h"

const struct app_engine *const app_catalogue[] = {&ble_armed_engine,    &ble_software_engine,
                                                  &ble_syscalls_engine, &hog_engine,
                                                  &hostile_engine,      &ticker_engine};
const uint32_t app_catalogue_count = sizeof app_catalogue / sizeof app_catalogue[0];
