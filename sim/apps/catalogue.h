/* catalogue.h: the app programs written in C. A new one is a file here and a row in catalogue.c. */
#ifndef SIM_APPS_CATALOGUE_H
#define SIM_APPS_CATALOGUE_H

#include "sim/app.h"

extern const struct app_engine ble_armed_engine;
extern const struct app_engine ble_software_engine;
extern const struct app_engine ble_syscalls_engine;
extern const struct app_engine hog_engine;
extern const struct app_engine hostile_engine;
extern const struct app_engine ticker_engine;

extern const struct app_engine *const app_catalogue[];
extern const uint32_t app_catalogue_count;

#endif
