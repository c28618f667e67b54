/* access.h: one access to memory, as whoever makes it sees it and before anyone has judged it.
 *
 * The protection unit, the bus and the explanations all speak of the same access. Plain values, no
 * promises: any size and any address may stand here, and the judge says what it does with it.
 */
#ifndef SIM_ACCESS_H
#define SIM_ACCESS_H

#include <stdbool.h>
#include <stdint.h>

enum access_kind { ACCESS_READ, ACCESS_WRITE, ACCESS_EXECUTE, ACCESS_KINDS };

/* What may be done at an address, as bits: one per kind of access. */
enum right {
    RIGHT_READ = 1 << ACCESS_READ,
    RIGHT_WRITE = 1 << ACCESS_WRITE,
    RIGHT_EXECUTE = 1 << ACCESS_EXECUTE,
};

struct access {
    uint32_t address; /* of the first byte; the bytes after 0xffffffff are those from 0 on */
    uint32_t size;    /* bytes, 1..8; an instruction fetch is 2 (one halfword) or 4 */
    enum access_kind kind;
    bool privileged;        /* the access itself, so false for LDRT and STRT in any mode */
    bool negative_priority; /* in NMI or HardFault, or with FAULTMASK set */
};

#endif
