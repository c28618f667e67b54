/* catalogue.h: who may be on the other side of the air or of a wire. A new one is a file here
 * and a row in catalogue.c.
 */
#ifndef SIM_WORLD_CATALOGUE_H
#define SIM_WORLD_CATALOGUE_H

#include "sim/peer.h"

extern const struct peer_type analog_peer;
extern const struct peer_type beacon_peer;
extern const struct peer_type central_peer;
extern const struct peer_type host_peer;
extern const struct peer_type i2c_sensor_peer;
extern const struct peer_type scanner_peer;
extern const struct peer_type spi_flash_peer;

extern const struct peer_type *const peer_catalogue[];
extern const uint32_t peer_catalogue_count;

#endif
