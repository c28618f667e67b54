#include "sim/world/catalogue.h"

const struct peer_type *const peer_catalogue[] = {
    &analog_peer,     &beacon_peer,  &central_peer,   &host_peer,
    &i2c_sensor_peer, &scanner_peer, &spi_flash_peer,
};
const uint32_t peer_catalogue_count = sizeof peer_catalogue / sizeof peer_catalogue[0];
