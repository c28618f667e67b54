/* board.h: a board as its JSON file describes it: memories, devices, clocks, filter, what is lent.
 * Read-only once parsed. Text shapes: scenarios/boards/board.schema.json.
 */
#ifndef SIM_BOARD_H
#define SIM_BOARD_H

#include "model/config.h"
#include "sim/clock.h"
#include "sim/costs.h"
#include "sim/device.h"

enum {
    BOARD_DEVICE_MAX = 128,
    BOARD_NAME_MAX = 32,
    BOARD_ROW_MAX = 64,
    BOARD_EXPOSURE_MAX = 16,
    BOARD_NONE = 0xffff,
};

/* One name in the memory map. Several names may share a window (aliases: UART0 and UARTE0): the
 * first carries the type, the others say `alias_of`. A device without a type is a named hole: loads
 * and stores there are BusFaults for apps, and its name shows in reports. */
struct board_device {
    char name[DEVICE_NAME_MAX];
    struct span window;
    const struct device_type *type; /* NULL: a named hole, not modelled */
    uint32_t alias_of;              /* index of the device whose window this is, or BOARD_NONE */
    uint32_t line;                  /* interrupt line, or BOARD_NONE */
    bool dma;                       /* DMA master on the chip, modelled or not */
    uint32_t endpoint;              /* index in config.endpoints, or BOARD_NONE: not lendable */
    uint32_t parameter_count;
    uint32_t parameters[4]; /* handed to type->on_parameter after reset */
};

/* Over-exposure that the board declares: bytes an app may reach though it asked for less. */
struct board_exposure {
    struct span span;
    char why[96];
};

/* Slower than any microcontroller with an MPU runs, and faster: so a kernel path at its highest
 * cost (1e8 cycles) takes 100 s at most, and no product of cycles and picoseconds leaves
 * 64 bits. */
enum { CPU_HZ_MIN = 1000000, CPU_HZ_MAX = 1000000000 };

struct board {
    char name[BOARD_NAME_MAX];
    uint32_t cpu_hz;      /* CPU_HZ_MIN to CPU_HZ_MAX */
    uint32_t mpu_regions; /* 8 or 16 */
    struct span flash;    /* all of it; the kernel's part is below app_flash.base */
    struct span app_flash;
    struct span storage; /* flash that the kernel may write, in pages of 4 KiB; size 0: none */
    struct span ram;
    struct clock hf, lf; /* 16 MHz and 32768 Hz sources; phases come from the seed unless given */
    bool hf_phase_given, lf_phase_given;
    const struct costs *costs;

    uint32_t device_count; /* sorted by window.base; aliases after their device */
    struct board_device devices[BOARD_DEVICE_MAX];

    uint32_t row_count; /* of the filter table; config.filter.rows points here */
    struct filter_row rows[BOARD_ROW_MAX];
    uint32_t exposure_count;
    struct board_exposure exposures[BOARD_EXPOSURE_MAX];

    /* Everything the kernel is told, but for images and scheduler, which the scenario sets in its
     * own copy. */
    struct kernel_config config;
};

/* The device (never an alias) whose window holds `address`, or BOARD_NONE. */
uint32_t board_device_at(const struct board *board, uint32_t address);
/* The device or alias with this name, or BOARD_NONE. */
uint32_t board_device_named(const struct board *board, const char *name);
/* "RADIO+0x510 (FREQUENCY)", "ram+0x40", "flash+0x0", "0x12345678": for people. */
void board_describe_address(const struct board *board, uint32_t address, char *text, size_t size);

#endif
