/* chip_uarte.h: an nRF52 UARTE, transmit and receive by EasyDMA, one transfer each way at a time.
 *
 * Pins (PSEL) are the board's to choose before the kernel; 115200 baud, 8N1, no flow control.
 * Source: nRF52840 Product Specification v1.7, section 6.34 (UARTE).
 */
#ifndef MODEL_CHIP_UARTE_H
#define MODEL_CHIP_UARTE_H

#include "model/hw_port.h"

/* Bytes that it takes while the receiver has no buffer (6.34, Reception); more are lost. */
enum { CHIP_UARTE_FIFO_SIZE = 4 };

void chip_uarte_start(struct hw *hw, uint32_t base);
/* Off, whatever was under way; then chip_uarte_start. */
void chip_uarte_stop(struct hw *hw, uint32_t base);

/* Sends `bytes` of RAM; the buffer is the device's until chip_uarte_sent says so. */
void chip_uarte_send(struct hw *hw, uint32_t base, struct span bytes);
/* A transfer has ended since the last look (ENDTX); the event is cleared. */
bool chip_uarte_sent(struct hw *hw, uint32_t base);

/* Fills `bytes` of RAM; the buffer is the device's until chip_uarte_received says so, or
 * chip_uarte_receiver_stopped after chip_uarte_receive_stop. */
void chip_uarte_receive(struct hw *hw, uint32_t base, struct span bytes);
/* The buffer is full (ENDRX); the event is cleared. */
bool chip_uarte_received(struct hw *hw, uint32_t base);
/* A byte has been lost, or is not what was sent, since the last look (ERROR: overrun, parity,
 * framing, break); that is forgotten. Asked before a buffer that was filled is handed over again,
 * it is one in that buffer, or one that comes behind it: no interrupt need tell. */
bool chip_uarte_failed(struct hw *hw, uint32_t base);
/* Ends a reception early; the receiver takes what is on the wire, four byte times at most. Until it
 * has stopped, it obeys no new chip_uarte_receive. */
void chip_uarte_receive_stop(struct hw *hw, uint32_t base);
/* It has stopped (RXTO); the event is cleared. */
bool chip_uarte_receiver_stopped(struct hw *hw, uint32_t base);
/* Bytes of the last reception, as the device says. */
uint32_t chip_uarte_received_size(struct hw *hw, uint32_t base);

#endif
