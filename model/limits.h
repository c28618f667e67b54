/* limits.h: every fixed size of the kernel, in one place. Nothing in model/ allocates. */
#ifndef MODEL_LIMITS_H
#define MODEL_LIMITS_H

enum {
    PROCESS_MAX = 64, /* apps on one board; ours: far more than any Tock board runs */
    UPCALL_MAX = 10,  /* upcalls waiting for one app. Source: Tock's process queue, a ring of 10 */
    DRIVER_MAX = 16,  /* system call drivers of one board, and so grants of one process; ours */
    MPU_REGION_MAX = 16,     /* ARMv7-M ARM B3.5: 8 on a Cortex-M4, 16 on a Cortex-M7 */
    WINDOW_MAX = 16,         /* device windows that one app may hold at once; ours */
    ENDPOINT_MAX = 80,       /* passthrough devices of one board; the nRF52840 has 73 peripherals */
    ENDPOINT_WINDOW_MAX = 2, /* windows of one endpoint (a device and its shared page); ours */
    IRQ_LINE_MAX = 96,       /* external interrupt lines; the nRF52840 has 48 */
    KERNEL_CLAIM_MAX = 32,   /* spans that kernel drivers use themselves; ours */
    PERMISSION_MAX = 16,     /* rows of one app's system call permissions; ours */
    REQUEST_MAX = 8,         /* device requests in one app's header; ours */
    FLASH_REGION_MAX = 4,    /* writable flash regions of one app; ours */
    KERNEL_CLIENT_MAX = 4,   /* components of the kernel that use one multiplexer; ours */
    CONSOLE_BUFFER = 64,     /* bytes of the console's DMA buffer. Source: Tock's console capsule */
    RADIO_PDU_MAX = 257,     /* header and payload. Source: Bluetooth Core 6.2, Vol 6 Part B 2.4 */
};

#endif
