/* chip_twim.h: an nRF52 TWIM: one I2C transfer at a time, by EasyDMA: a write, a read, or a write
 * and then a read behind a repeated START. Pins (PSEL) are the board's.
 *
 *   chip_twim_transfer --bytes--> shortcut: STOP --STOPPED--> chip_twim_ended
 *                         '-------- ERROR -----> STOP --------'
 *
 * The controller never stops by itself: the shortcuts send STOP behind the last byte, and behind an
 * error chip_twim_ended does. Who is addressed may hold the clock for ever: no STOP gets out then,
 * and chip_twim_cut is all that is left. It does not free the bus: the next START waits for the
 * clock, too, and goes out when it is let go.
 *
 * Not done: nine clocks by hand for whoever was left in mid-byte with a 0 on the data line.
 * Source: nRF52840 Product Specification v1.7, 6.31 (TWIM).
 */
#ifndef MODEL_CHIP_TWIM_H
#define MODEL_CHIP_TWIM_H

#include "model/err.h"
#include "model/hw_port.h"

enum { TWIM_RATES = 3, TWIM_ADDRESSES = 0x80 };

void chip_twim_start(struct hw *hw, uint32_t base);

/* The fastest rate that is no faster than `hz`: its number; TWIM_RATES: all are faster. And in
 * Hz. */
uint32_t chip_twim_rate(uint32_t hz);
uint32_t chip_twim_hz(uint32_t rate);

/* Writes the bytes of `out` to `address` (7 bits), then reads as many as `in` has room for. One of
 * them may be empty. */
void chip_twim_transfer(struct hw *hw, uint32_t base, uint32_t rate, uint32_t address,
                        struct span out, struct span in);

/* STOP has gone out since the last look: no DMA any more. Behind an error it sees to that STOP
 * first; both events are cleared. */
bool chip_twim_ended(struct hw *hw, uint32_t base);

/* How a transfer of so many bytes ended. ERR_NOACK: the address or a byte was refused. ERR_SIZE:
 * bytes came faster than they were fetched, and some are lost. ERR_FAIL: it was cut short. */
enum err chip_twim_result(struct hw *hw, uint32_t base, uint32_t out, uint32_t in) MUST_CHECK;

/* STOP, at the end of the byte that is under way; chip_twim_ended tells when. */
void chip_twim_stop(struct hw *hw, uint32_t base);
/* Lets go of both lines at once, without a STOP; no DMA afterwards, and no interrupt. */
void chip_twim_cut(struct hw *hw, uint32_t base);

#endif
