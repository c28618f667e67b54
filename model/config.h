/* config.h: a board as its start-up code describes it to the kernel. All const: the kernel keeps a
 * pointer to it and never writes. Numbers are checked by kernel_start (model/start.h).
 */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H

#include "model/filter.h"
#include "model/limits.h"
#include "model/span.h"
#include "model/virt/id.h"

enum scheduler_kind {
    SCHEDULER_ROUND_ROBIN, /* 10,000 us slice; the interrupted process goes on with what is left */
    SCHEDULER_COOPERATIVE, /* no slice: runs until it yields, exits or faults */
    SCHEDULER_PRIORITY,    /* array order, no slice: the first ready process */
    SCHEDULER_MLFQ,        /* three queues of 10, 20, 50 ms; all to the top every 5 s */
    SCHEDULER_KINDS
};

enum fault_policy {
    FAULT_PANIC,           /* the kernel panics: only for a board that asks for it */
    FAULT_STOP,            /* the process is stopped for good */
    FAULT_RESTART,         /* restarted each time */
    FAULT_RESTART_AT_MOST, /* restarted `restart_limit` times, then stopped */
    FAULT_POLICIES
};

/* One row of an app's system call permissions, as in a TBF permissions header: command n is allowed
 * iff a row with driver and word n / 64 has bit n % 64; subscribe and allow iff the driver has any
 * row. Source: Tock's TBF header, type 6. */
struct permission {
    uint32_t driver;
    uint32_t word;
    uint64_t allowed;
};

/* One app as its header in flash describes it. */
struct process_image {
    struct span flash;         /* the whole image: header, code, constants */
    uint32_t entry;            /* address of the entry function, inside flash */
    uint32_t short_id;         /* from the app's credential; 0: locally unique */
    uint32_t min_ram_size;     /* bytes of RAM the app itself asks for */
    uint32_t initial_app_size; /* bytes accessible at start: stack, data; <= min_ram_size */
    enum fault_policy fault_policy;
    uint32_t restart_limit; /* FAULT_RESTART_AT_MOST */
    bool filtered;          /* has a permissions header; else every system call is allowed */
    uint8_t permission_count;
    struct permission permissions[PERMISSION_MAX];
    uint8_t request_count; /* device windows to be granted at load, through the board's filter */
    struct span requests[REQUEST_MAX];
    uint8_t flash_region_count; /* writable flash regions, for memop 7 to 9 */
    struct span flash_regions[FLASH_REGION_MAX];
};

/* A device that the board is willing to lend: `PassThroughDevice` of TRD 107, section 2.
 *
 * One endpoint ties together what belongs to one peripheral: its register windows, its interrupt
 * line, and whether it is a DMA master. Devices that share a page (CLOCK and POWER) are one
 * endpoint. The reset procedure is that of nRF52 peripherals: see passthrough_device.h. */
struct passthrough_endpoint {
    struct span windows[ENDPOINT_WINDOW_MAX];
    uint8_t window_count;
    bool has_line;
    uint8_t line; /* external interrupt number */
    bool dma;     /* reads or writes memory past the MPU: the board must opt in (allow_dma) */
    bool allow_dma;
    const struct quiesce_step *quiesce; /* how to make it quiet and reset it, in order */
    uint8_t quiesce_count;
};

/* Where one chip driver of the kernel finds its device. `present` false: the driver is not there,
 * and its system calls answer NODEVICE. */
struct driver_place {
    bool present;
    uint32_t base;
    uint8_t line;
};

/* The kernel's radio driver: a RADIO, and what keeps its time. Base addresses. */
struct radio_place {
    struct driver_place radio;
    uint32_t timer; /* a TIMER; it has no line here */
    uint32_t ppi;
    uint32_t clock; /* CLOCK: the crystal */
};

/* Components of the kernel that use a multiplexer, beside the processes. */
struct kernel_client_config {
    uint8_t count;       /* at most KERNEL_CLIENT_MAX */
    uint32_t operations; /* of each, one after the other; 0: for ever */
};

/* A component of the kernel that samples on and on, from the kernel's start; hz 0: none. */
struct adc_sampler_config {
    uint32_t channel, hz;
    uint32_t buffers; /* of 32 samples; then it lets go. 0: never */
};

struct kernel_config {
    uint32_t cpu_hz;         /* what SysTick counts */
    struct span process_ram; /* process blocks are carved from it, upward */
    struct span kernel_ram;  /* the kernel's own: DMA buffers of drivers */
    uint32_t line_count;     /* external interrupt lines of the chip */

    enum scheduler_kind scheduler;
    uint32_t timeslice_us; /* round robin; 0: Tock's 10,000 */

    struct driver_place alarm;        /* an RTC: COUNTER at 32768 Hz */
    struct driver_place console;      /* a UARTE; with VIRT_UART above it */
    bool frames;                      /* what comes in at the console is sorted by frames */
    struct driver_place gpio;         /* a GPIO port */
    struct radio_place radio;         /* then none of its devices may be an endpoint */
    struct driver_place virts[VIRTS]; /* of multiplexers with a device of their own */
    struct span storage; /* flash, in whole pages, that virts[VIRT_STORAGE] writes; size 0: none */
    struct kernel_client_config kernel_clients[VIRT_NAMES];
    struct adc_sampler_config adc_sampler;

    uint32_t
        passthrough_driver; /* system call driver number, no other driver's; the draft's: 0x10001 */
    struct device_filter filter;
    uint8_t endpoint_count;
    struct passthrough_endpoint endpoints[ENDPOINT_MAX];
    uint8_t forbidden_count; /* never lent whatever a filter answers: RAM, flash, private bus */
    struct span forbidden[KERNEL_CLAIM_MAX];
    uint8_t claim_count; /* register windows of the kernel's own drivers: lent to nobody */
    struct span claims[KERNEL_CLAIM_MAX];

    uint8_t image_count;
    const struct process_image *images;
};

/* Where multiplexer `virt` finds its device: VIRT_UART has the console's, VIRT_ALARM the
 * alarm's. */
static inline const struct driver_place *config_virt(const struct kernel_config *config,
                                                     uint32_t virt)
{
    if (virt == VIRT_ALARM)
        return &config->alarm;
    if (virt == VIRT_UART || (virt == VIRT_UDP && config->frames))
        return &config->console;
    return &config->virts[virt];
}

#endif
