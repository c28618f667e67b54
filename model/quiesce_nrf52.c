#include "model/quiesce_nrf52.h"

/* clang-format off */
#define WRITE(at, word) {.kind = QUIESCE_WRITE, .offset = (at), .value = (word)}
#define FILL(at, many, word)                                                                       \
    {                                                                                              \
        .kind = QUIESCE_FILL, .offset = (at), .count = (many), .value = (word)                     \
    }
#define AWAIT_LONG(at, bits, word, reads)                                                          \
    {.kind = QUIESCE_AWAIT, .offset = (at), .count = (reads), .mask = (bits), .value = (word)}
#define AWAIT(at, bits, word) AWAIT_LONG(at, bits, word, 0x4000)
#define SKIP(many, at, bits, word)                                                                 \
    {.kind = QUIESCE_SKIP, .offset = (at), .count = (many), .mask = (bits), .value = (word)}
/* clang-format on */

enum { ALL = 0xffffffff };

static const struct quiesce_step timer[] = {
    WRITE(0x200, 0),      /* SHORTS */
    WRITE(0x004, 1),      /* TASKS_STOP */
    WRITE(0x00c, 1),      /* TASKS_CLEAR */
    WRITE(0x540, 1),      /* CC[0]: so that the capture below shows */
    WRITE(0x040, 1),      /* TASKS_CAPTURE[0] */
    AWAIT(0x540, ALL, 0), /* CC[0]: the counter is 0, the timer obeyed */
    FILL(0x140, 6, 0),    /* EVENTS_COMPARE */
    WRITE(0x504, 0),      /* MODE */
    WRITE(0x508, 0),      /* BITMODE */
    WRITE(0x510, 4),      /* PRESCALER */
    FILL(0x540, 6, 0),    /* CC */
};

static const struct quiesce_step rtc[] = {
    WRITE(0x348, ALL),         /* EVTENCLR */
    WRITE(0x004, 1),           /* TASKS_STOP */
    WRITE(0x008, 1),           /* TASKS_CLEAR */
    AWAIT(0x504, 0xffffff, 0), /* COUNTER: the clear takes up to one LFCLK cycle */
    WRITE(0x508, 0),           /* PRESCALER */
    AWAIT(0x508, ALL, 0),      /* written in an RTC that stands alone, thus one that obeyed */
    FILL(0x540, 4, 0),         /* CC */
    FILL(0x100, 2, 0),         /* EVENTS_TICK, EVENTS_OVRFLW */
    FILL(0x140, 4, 0),         /* EVENTS_COMPARE */
};

/* STOPTX raises TXSTOPPED whether or not a byte was on its way, but only in an enabled UARTE. There
 * is no such sign for a receiver that may be idle (RXTO comes only if it ran): disabling cuts it
 * off, and empties its FIFO. (FLUSHRX would send those bytes to where the old owner's RXD.PTR
 * points.) */
static const struct quiesce_step uarte[] = {
    WRITE(0x200, 0),          /* SHORTS */
    WRITE(0x500, 8),          /* ENABLE */
    WRITE(0x524, 0x10000000), /* BAUDRATE 1M: a byte under way ends soon, whatever the owner set */
    WRITE(0x158, 0),          /* EVENTS_TXSTOPPED */
    WRITE(0x004, 1),          /* TASKS_STOPRX */
    WRITE(0x00c, 1),          /* TASKS_STOPTX */
    AWAIT(0x158, ALL, 1),     /* EVENTS_TXSTOPPED */
    WRITE(0x500, 0),          /* ENABLE */
    WRITE(0x534, 0),          /* RXD.PTR */
    WRITE(0x538, 0),          /* RXD.MAXCNT */
    WRITE(0x544, 0),          /* TXD.PTR */
    WRITE(0x548, 0),          /* TXD.MAXCNT */
    FILL(0x508, 4, ALL),      /* PSEL: disconnected */
    WRITE(0x524, 0x04000000), /* BAUDRATE */
    WRITE(0x56c, 0),          /* CONFIG */
    WRITE(0x480, ALL),        /* ERRORSRC, write 1 to clear */
    FILL(0x100, 3, 0),        /* EVENTS_CTS, NCTS, RXDRDY */
    WRITE(0x110, 0),          /* EVENTS_ENDRX */
    FILL(0x11c, 3, 0),        /* EVENTS_TXDRDY, ENDTX, ERROR */
    WRITE(0x144, 0),          /* EVENTS_RXTO */
    FILL(0x14c, 2, 0),        /* EVENTS_RXSTARTED, TXSTARTED */
    WRITE(0x158, 0),          /* EVENTS_TXSTOPPED */
};

static const struct quiesce_step rng[] = {
    WRITE(0x004, 1),      /* TASKS_STOP */
    WRITE(0x504, 0),      /* CONFIG: no bias correction, the faster way to a byte */
    WRITE(0x200, 1),      /* SHORTS: VALRDY_STOP */
    WRITE(0x100, 0),      /* EVENTS_VALRDY */
    WRITE(0x000, 1),      /* TASKS_START */
    AWAIT(0x100, ALL, 1), /* EVENTS_VALRDY: VALUE holds a byte that nobody has seen */
    WRITE(0x004, 1),      /* TASKS_STOP */
    WRITE(0x200, 0),      /* SHORTS */
    WRITE(0x100, 0),      /* EVENTS_VALRDY */
};

static const struct quiesce_step temp[] = {
    WRITE(0x004, 1),      /* TASKS_STOP */
    WRITE(0x100, 0),      /* EVENTS_DATARDY */
    WRITE(0x520, 0x326),  /* A0 */
    WRITE(0x524, 0x348),  /* A1 */
    WRITE(0x528, 0x3aa),  /* A2 */
    WRITE(0x52c, 0x40e),  /* A3 */
    WRITE(0x530, 0x4bd),  /* A4 */
    WRITE(0x534, 0x5a3),  /* A5 */
    WRITE(0x540, 0x3fef), /* B0 */
    WRITE(0x544, 0x3fbe), /* B1 */
    WRITE(0x548, 0x3fbe), /* B2 */
    WRITE(0x54c, 0x12),   /* B3 */
    WRITE(0x550, 0x124),  /* B4 */
    WRITE(0x554, 0x27c),  /* B5 */
    WRITE(0x560, 0xe2),   /* T0 */
    WRITE(0x564, 0),      /* T1 */
    WRITE(0x568, 0x19),   /* T2 */
    WRITE(0x56c, 0x3c),   /* T3 */
    WRITE(0x570, 0x50),   /* T4 */
};

static const struct quiesce_step egu[] = {
    FILL(0x100, 16, 0), /* EVENTS_TRIGGERED */
};

static const struct quiesce_step gpio[] = {
    WRITE(0x514, 0),    /* P0 DIR: no pin drives any more */
    WRITE(0x504, 0),    /* P0 OUT */
    FILL(0x700, 32, 2), /* P0 PIN_CNF: input disconnected */
    WRITE(0x524, 0),    /* P0 DETECTMODE */
    WRITE(0x520, ALL),  /* P0 LATCH, write 1 to clear */
    WRITE(0x814, 0),    /* P1 DIR */
    WRITE(0x804, 0),    /* P1 OUT */
    FILL(0xa00, 16, 2), /* P1 PIN_CNF: P1 has 16 pins */
    WRITE(0x824, 0),    /* P1 DETECTMODE */
    WRITE(0x820, ALL),  /* P1 LATCH */
};

static const struct quiesce_step gpiote[] = {
    FILL(0x510, 8, 0), /* CONFIG: no pin is an event or a task any more */
    FILL(0x100, 8, 0), /* EVENTS_IN */
    WRITE(0x17c, 0),   /* EVENTS_PORT */
};

/* LFCLK is the kernel's, too: its alarm counts it. So it runs on, whatever the owner did. */
static const struct quiesce_step clock_power[] = {
    WRITE(0x004, 1),                   /* TASKS_HFCLKSTOP */
    WRITE(0x018, 1),                   /* TASKS_CTSTOP */
    WRITE(0x07c, 1),                   /* TASKS_LOWPWR */
    SKIP(5, 0x418, 1 << 16, 1 << 16),  /* LFCLKSTAT: it runs */
    WRITE(0x00c, 1),                   /* TASKS_LFCLKSTOP: a crystal on its way takes 250 ms */
    WRITE(0x518, 0),                   /* LFCLKSRC: RC */
    WRITE(0x104, 0),                   /* EVENTS_LFCLKSTARTED */
    WRITE(0x008, 1),                   /* TASKS_LFCLKSTART */
    AWAIT_LONG(0x104, ALL, 1, 0xffff), /* EVENTS_LFCLKSTARTED: after 600 us */
    WRITE(0x518, 0),                   /* LFCLKSRC */
    WRITE(0x528, 0x10),                /* HFXODEBOUNCE */
    WRITE(0x538, 0),                   /* CTIV */
    WRITE(0x55c, 0),                   /* TRACECONFIG */
    WRITE(0x5b4, 0),                   /* LFRCMODE */
    WRITE(0x510, 0),                   /* POFCON */
    WRITE(0x51c, 0),                   /* GPREGRET, GPREGRET2 */
    WRITE(0x520, 0),
    WRITE(0x578, 0), /* DCDCEN, DCDCEN0 */
    WRITE(0x580, 0),
    WRITE(0x900, 0xffff), /* RAM[n].POWER: every section on */
    WRITE(0x910, 0xffff),
    WRITE(0x920, 0xffff),
    WRITE(0x930, 0xffff),
    WRITE(0x940, 0xffff),
    WRITE(0x950, 0xffff),
    WRITE(0x960, 0xffff),
    WRITE(0x970, 0xffff),
    WRITE(0x980, 0xffff),
    FILL(0x100, 12, 0), /* EVENTS of CLOCK and POWER */
};

/* The pointer first: whatever starts it again meanwhile (another app's PPI) writes nowhere. */
static const struct quiesce_step radio[] = {
    WRITE(0x200, 0),          /* SHORTS */
    WRITE(0x504, 0),          /* PACKETPTR */
    WRITE(0x010, 1),          /* TASKS_DISABLE */
    AWAIT(0x550, 0xf, 0),     /* STATE: disabled, no DMA */
    WRITE(0xffc, 0),          /* POWER off */
    WRITE(0xffc, 1),          /* and on: what has no register is reset */
    WRITE(0x508, 2),          /* FREQUENCY */
    FILL(0x50c, 13, 0),       /* TXPOWER .. CRCINIT */
    WRITE(0x544, 0),          /* TIFS */
    WRITE(0x554, 0x40),       /* DATAWHITEIV */
    WRITE(0x560, 0),          /* BCC */
    FILL(0x600, 19, 0),       /* DAB, DAP, DACNF, MHRMATCHCONF, MHRMATCHMAS */
    WRITE(0x650, 0x200),      /* MODECNF0 */
    WRITE(0x660, 0xa7),       /* SFD */
    FILL(0x664, 2, 0),        /* EDCNT, EDSAMPLE */
    WRITE(0x66c, 0x052d0000), /* CCACTRL */
    FILL(0x100, 28, 0),       /* EVENTS */
};

/* The pointer first: ERRORECB, which the stop gives, may start it again (another app's PPI). */
static const struct quiesce_step ecb[] = {
    WRITE(0x504, 0),   /* ECBDATAPTR */
    WRITE(0x004, 1),   /* TASKS_STOPECB */
    FILL(0x100, 2, 0), /* EVENTS_ENDECB, ERRORECB */
};

static const struct quiesce_step ccm_aar[] = {
    WRITE(0x200, 0),    /* SHORTS */
    WRITE(0x008, 1),    /* TASKS_STOP, of either */
    WRITE(0x500, 0),    /* ENABLE */
    WRITE(0x504, 1),    /* MODE, NIRK */
    FILL(0x508, 4, 0),  /* CNFPTR/IRKPTR, INPTR, OUTPTR/ADDRPTR, SCRATCHPTR */
    WRITE(0x518, 0xfb), /* MAXPACKETSIZE */
    WRITE(0x51c, 0),    /* RATEOVERRIDE */
    FILL(0x100, 3, 0),  /* EVENTS */
};

static const struct quiesce_step ppi[] = {
    WRITE(0x508, ALL),  /* CHENCLR */
    FILL(0x510, 40, 0), /* CH[n].EEP, CH[n].TEP */
    FILL(0x800, 6, 0),  /* CHG */
    FILL(0x910, 32, 0), /* FORK[n].TEP */
};

/* Disabling cuts it off, as Nordic's own driver does (nrfx_twim_disable): a transfer that is under
 * way may wait for ever for who holds the clock of the bus, and STOP with it. A master that stands
 * idle does say STOPPED, so that one that obeys no more is found out. */
static const struct quiesce_step twim[] = {
    WRITE(0x200, 0),                           /* SHORTS */
    WRITE(0x500, 0),                           /* ENABLE */
    WRITE(0x500, 6),          WRITE(0x104, 0), /* EVENTS_STOPPED */
    WRITE(0x014, 1),                           /* TASKS_STOP */
    AWAIT(0x104, ALL, 1),                      /* EVENTS_STOPPED */
    WRITE(0x500, 0),                           /* ENABLE */
    FILL(0x508, 2, ALL),                       /* PSEL: disconnected */
    WRITE(0x524, 0x04000000),                  /* FREQUENCY */
    FILL(0x534, 2, 0),                         /* RXD.PTR, MAXCNT */
    WRITE(0x540, 0),                           /* RXD.LIST */
    FILL(0x544, 2, 0),                         /* TXD.PTR, MAXCNT */
    WRITE(0x550, 0),                           /* TXD.LIST */
    WRITE(0x588, 0),                           /* ADDRESS */
    WRITE(0x4c4, ALL),                         /* ERRORSRC, write 1 to clear */
    WRITE(0x104, 0),                           /* EVENTS_STOPPED */
    WRITE(0x124, 0),                           /* EVENTS_ERROR */
    FILL(0x148, 3, 0),                         /* EVENTS_SUSPENDED, RXSTARTED, TXSTARTED */
    FILL(0x15c, 2, 0),                         /* EVENTS_LASTRX, LASTTX */
};

/* An idle controller says STOPPED as well. RESUME behind STOP: one that is suspended stops, and
 * sends no more of what the old owner had in mind. */
static const struct quiesce_step spim[] = {
    WRITE(0x200, 0),          /* SHORTS */
    WRITE(0x500, 7),          /* ENABLE */
    WRITE(0x524, 0x80000000), /* FREQUENCY 8 MHz: a byte under way ends soon */
    WRITE(0x104, 0),          /* EVENTS_STOPPED */
    WRITE(0x014, 1),          /* TASKS_STOP */
    WRITE(0x020, 1),          /* TASKS_RESUME */
    AWAIT(0x104, ALL, 1),     /* EVENTS_STOPPED */
    WRITE(0x500, 0),          /* ENABLE */
    FILL(0x508, 3, ALL),      /* PSEL: disconnected */
    WRITE(0x524, 0x04000000), /* FREQUENCY */
    FILL(0x534, 2, 0),        /* RXD.PTR, MAXCNT */
    WRITE(0x540, 0),          /* RXD.LIST */
    FILL(0x544, 2, 0),        /* TXD.PTR, MAXCNT */
    WRITE(0x550, 0),          /* TXD.LIST */
    WRITE(0x554, 0),          /* CONFIG */
    WRITE(0x5c0, 0),          /* ORC */
    WRITE(0x104, 0),          /* EVENTS_STOPPED */
    WRITE(0x110, 0),          /* EVENTS_ENDRX */
    WRITE(0x118, 0),          /* EVENTS_END */
    WRITE(0x120, 0),          /* EVENTS_ENDTX */
    WRITE(0x14c, 0),          /* EVENTS_STARTED */
};

#define LIST(steps)                                                                                \
    {                                                                                              \
        (steps), COUNT_OF(steps)                                                                   \
    }

const struct quiesce_list quiesce_nrf52[QUIESCE_NRF52_KINDS] = {
    [QUIESCE_NRF52_TIMER] = LIST(timer),
    [QUIESCE_NRF52_RTC] = LIST(rtc),
    [QUIESCE_NRF52_UARTE] = LIST(uarte),
    [QUIESCE_NRF52_RNG] = LIST(rng),
    [QUIESCE_NRF52_TEMP] = LIST(temp),
    [QUIESCE_NRF52_EGU] = LIST(egu),
    [QUIESCE_NRF52_GPIO] = LIST(gpio),
    [QUIESCE_NRF52_GPIOTE] = LIST(gpiote),
    [QUIESCE_NRF52_CLOCK_POWER] = LIST(clock_power),
    [QUIESCE_NRF52_RADIO] = LIST(radio),
    [QUIESCE_NRF52_ECB] = LIST(ecb),
    [QUIESCE_NRF52_CCM_AAR] = LIST(ccm_aar),
    [QUIESCE_NRF52_PPI] = LIST(ppi),
    [QUIESCE_NRF52_TWIM] = LIST(twim),
    [QUIESCE_NRF52_SPIM] = LIST(spim),
};
