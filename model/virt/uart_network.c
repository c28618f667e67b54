/* uart_network.c: which multiplexer has the frames to address 0xff. A file of its own, so that a
 * test can say otherwise. */
#include "model/virt/uart.h"
#include "model/virt/udp.h"

const struct uart_network *const uart_network = &udp_network;
