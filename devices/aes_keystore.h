/* aes_keystore.h: names for what aes_keystore.c shows: bits of its registers, and where its keys
 * stand for judges (device_key): key n is area n of the key store, the one behind the areas is the
 * AES engine's own, which an area was copied to. A key is all 0 unless it was loaded and not wiped.
 *
 * How a driver uses it; each line is a write unless it says otherwise:
 *
 *   once       IRQTYPE = 1, IRQEN = AES_RESULT_AVAIL
 *   load n     KEYWRITTENAREA = 1 << n (erases what stands there), ALGSEL = AES_TO_KEY_STORE,
 *              IRQCLR = all, KEYWRITEAREA = 1 << n, DMACH0CTL = 1, DMACH0EXTADDR = address,
 *              DMACH0LEN = 16 (begins); the interrupt; read IRQSTAT for the errors, IRQCLR = all,
 *              ALGSEL = 0; read KEYWRITTENAREA: bit n stands
 *   use n      ALGSEL = AES_TO_ENGINE, IRQCLR = all, KEYREADAREA = n; read it until AES_KEY_BUSY is
 *              gone; read IRQSTAT for AES_KEY_ST_RD_ERR: if it stands, do not go on
 *   run        AESIV_0 .. AESIV_3 unless ECB, AESCTL, AESDATALEN0 = octets, AESDATALEN1 = 0,
 *              DMACH0CTL = 1, DMACH0EXTADDR, DMACH0LEN = octets,
 *              DMACH1CTL = 1, DMACH1EXTADDR, DMACH1LEN = octets; the interrupt; read IRQSTAT for
 *              the errors, IRQCLR = all, ALGSEL = 0. The result stands in memory
 *   bus error  DMASWRESET = 1 (and SWRESET = 1): all keys are gone and have to be loaded again
 *   give up    SWRESET = 1: the same
 *   wipe n     KEYWRITTENAREA = 1 << n; then KEYREADAREA = n, which gives the engine a key of zeros
 *              and AES_KEY_ST_RD_ERR; IRQCLR = AES_KEY_ST_RD_ERR. AESIV_0 .. AESIV_3 keep the last
 *              vector, in CBC the last block of what was encrypted: write zeros
 */
#ifndef DEVICES_AES_KEYSTORE_H
#define DEVICES_AES_KEYSTORE_H

enum { AES_KEY_AREAS = 8, AES_KEY_ENGINE = AES_KEY_AREAS, AES_KEYS };

/* IRQSTAT, IRQCLR; the first two in IRQEN and IRQSET, too. */
#define AES_RESULT_AVAIL 0x00000001u
#define AES_DMA_IN_DONE 0x00000002u
#define AES_KEY_ST_RD_ERR 0x20000000u
#define AES_KEY_ST_WR_ERR 0x40000000u
#define AES_DMA_BUS_ERR 0x80000000u

/* ALGSEL: where the DMA goes. */
#define AES_TO_KEY_STORE 0x1u
#define AES_TO_ENGINE 0x2u

#define AES_KEY_BUSY 0x80000000u /* KEYREADAREA */
#define AES_KEY_NO_AREA 8u       /* KEYREADAREA: nothing is copied */

/* AESCTL. Neither CBC nor CTR: ECB. */
#define AES_OUTPUT_READY 0x00000001u
#define AES_INPUT_READY 0x00000002u
#define AES_ENCRYPT 0x00000004u
#define AES_CBC 0x00000020u
#define AES_CTR 0x00000040u
#define AES_CTR_WIDTH(words) (((words)-1u) << 7) /* 1 to 4 words of 32 bits count */
#define AES_SAVE_CONTEXT 0x20000000u
#define AES_SAVED_CONTEXT_READY 0x40000000u
#define AES_CONTEXT_READY 0x80000000u

/* DMASTAT, DMAPORTERR. */
#define AES_DMA_ACTIVE(channel) (1u << (channel))
#define AES_DMA_PORT_ERR 0x00020000u
#define AES_PORT_ERROR 0x00001000u
#define AES_PORT_LAST_CHANNEL 0x00000200u

#endif
