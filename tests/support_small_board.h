/* support_small_board.h: a kernel on a fake chip, for tests of drivers and capsules: an interrupt
 * controller with level lines, pages of peripheral registers as the test makes them, three
 * processes.
 *
 *   test --board_start--> kernel_start over the fake hw
 *   kernel --hw_read32/hw_write32--> NVIC: here | a page: board.on_read, on_write, else a word |
 * MPU: the map
 *
 * There is one board, a static of the support file; board_start makes it anew.
 */
#ifndef TESTS_SUPPORT_SMALL_BOARD_H
#define TESTS_SUPPORT_SMALL_BOARD_H

#include "model/kernel.h"
#include "tests/support_fake_hw.h"

enum {
    BOARD_PAGES = 8,
    PAGE_WORDS = 1024,
    BOARD_LINES = 48,
    BOARD_PROCESSES = 3,
    BOARD_LOG_MAX = 2048,
    KERNEL_RAM = 0x20000000,
    PROCESS_RAM = 0x20010000,
    APP_FLASH = 0x00030000,  /* 4 KiB for each process */
    UPCALL_FUNCTION = 0x100, /* added to the app's flash: a function that upcalls may go to */
};

/* 4 KiB of registers. As it stands, a page is an nRF52 device whose tasks do nothing: INTENSET and
 * INTENCLR work, the line is high while an enabled event stands. */
struct page {
    uint32_t base;
    int line; /* -1: none */
    uint32_t words[PAGE_WORDS];
    uint32_t inten;
    bool line_stuck; /* the line is high whatever the device says */
};

/* One write or note, in the order in which they happened. */
struct board_event {
    bool is_note;
    uint32_t a; /* address; note */
    uint64_t b; /* value; the note's address */
};

struct board {
    struct hw hw; /* first */
    struct kernel k;
    struct kernel_config config;
    struct process_image images[BOARD_PROCESSES];
    struct page pages[BOARD_PAGES];
    uint32_t page_count;
    uint32_t enabled[IRQ_LINE_MAX / 32];
    uint32_t pending[IRQ_LINE_MAX / 32];
    /* Called before the page's own behaviour; true: dealt with. May be NULL. */
    bool (*on_read)(struct page *page, uint32_t offset, uint32_t *value);
    bool (*on_write)(struct page *page, uint32_t offset, uint32_t value);
    /* Notes before each recorded write, to put both in order. */
    uint32_t notes_before[FAKE_LIST_MAX];
};

extern struct board board;

/* An empty board: config without drivers, endpoints and filter; three images; change board.config,
 * add pages, then board_run. */
void board_start(void);
struct page *board_page(uint32_t base, int line);
void board_run(void); /* kernel_start; lists forgotten */

struct process *board_process(uint32_t index);
struct page *board_page_at(uint32_t address); /* NULL: none */

uint32_t page_read(const struct page *page, uint32_t offset);
void page_set(struct page *page, uint32_t offset, uint32_t value);
/* Event `n` happens. */
void page_event(struct page *page, uint32_t n);

bool board_line_enabled(uint32_t line);
bool board_line_pending(uint32_t line);
bool board_line_off(uint32_t line);

/* Kernel steps until no interrupt is left, at most `most`; false: they never end. */
bool board_settle(uint32_t most);

/* Subscribes `p`: the grant is there, and an upcall that can be invoked. */
void board_subscribe(struct process *p, const struct driver *d, uint32_t n);
/* Allows `buffer` of the app's RAM, `offset` bytes above its start. */
struct span board_allow(struct process *p, const struct driver *d, enum allow_kind kind, uint32_t n,
                        uint32_t offset, uint32_t size);
/* The oldest upcall of (d, n) for `p`; false: none. */
bool board_upcall(struct process *p, const struct driver *d, uint32_t n, uint32_t args[3]);
/* What the oldest upcall of (d, 0) says, and there is no other; there is none. */
void ck_board_called_back(uint32_t index, const struct driver *d, enum err err, uint32_t size);
void ck_board_not_called_back(uint32_t index, const struct driver *d);
struct syscall_return board_command(struct process *p, const struct driver *d, uint32_t number,
                                    uint32_t a, uint32_t b);

/* The fake's bytes of RAM; and of an app's, `offset` bytes above its start. */
uint8_t *board_ram(uint32_t address);
uint8_t *board_memory(uint32_t index, uint32_t offset);
bool all_are(uint8_t is, const uint8_t *bytes, uint32_t size);
/* A word of what the driver keeps in a process's grant, `words` in all, becomes another one. */
void board_grant_word(uint32_t index, const struct driver *d, uint32_t words, uint32_t word,
                      uint32_t value);

/* Writes and notes since fake_hw_forget, merged in order; how many. */
uint32_t board_log(struct board_event *log, uint32_t most);

#endif
