/* Tests of the board loader: the shipped boards, and what a board's file is refused for. */
#include "model/passthrough.h"
#include "tools/catalogue.h"
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct problems problems;
static struct board *board;

static void setup(void)
{
    problems = (struct problems){0};
    board = NULL;
}

static void teardown(void)
{
    if (board)
        board_free(board);
    problems_free(&problems);
}

static const struct board *loaded(const char *path)
{
    const struct catalogue known = catalogue();
    board = board_load(path, &known, &problems);
    ck_assert_msg(board != NULL, "%s", problems.text);
    return board;
}

static const struct board *nrf52840dk(void)
{
    return loaded("scenarios/boards/nrf52840dk.json");
}

static const struct board_device *device(const struct board *b, const char *name)
{
    uint32_t i = board_device_named(b, name);
    ck_assert_msg(i != BOARD_NONE, "no %s", name);
    return &b->devices[i];
}

/* --- the nRF52840 ---------------------------------------------------------------------------- */

/* Source: nRF52840 Product Specification v1.7, section Instantiation. */
static const struct {
    const char *name;
    uint32_t base, line;
} peripherals[] = {
    {"FICR", 0x10000000, BOARD_NONE}, {"UICR", 0x10001000, BOARD_NONE},
    {"CLOCK", 0x40000000, 0},         {"POWER", 0x40000000, 0},
    {"RADIO", 0x40001000, 1},         {"UART0", 0x40002000, 2},
    {"UARTE0", 0x40002000, 2},        {"SPI0", 0x40003000, 3},
    {"SPIM0", 0x40003000, 3},         {"SPIS0", 0x40003000, 3},
    {"TWI0", 0x40003000, 3},          {"TWIM0", 0x40003000, 3},
    {"TWIS0", 0x40003000, 3},         {"SPI1", 0x40004000, 4},
    {"SPIM1", 0x40004000, 4},         {"SPIS1", 0x40004000, 4},
    {"TWI1", 0x40004000, 4},          {"TWIM1", 0x40004000, 4},
    {"TWIS1", 0x40004000, 4},         {"NFCT", 0x40005000, 5},
    {"GPIOTE", 0x40006000, 6},        {"SAADC", 0x40007000, 7},
    {"TIMER0", 0x40008000, 8},        {"TIMER1", 0x40009000, 9},
    {"TIMER2", 0x4000a000, 10},       {"RTC0", 0x4000b000, 11},
    {"TEMP", 0x4000c000, 12},         {"RNG", 0x4000d000, 13},
    {"ECB", 0x4000e000, 14},          {"AAR", 0x4000f000, 15},
    {"CCM", 0x4000f000, 15},          {"WDT", 0x40010000, 16},
    {"RTC1", 0x40011000, 17},         {"QDEC", 0x40012000, 18},
    {"COMP", 0x40013000, 19},         {"LPCOMP", 0x40013000, 19},
    {"EGU0", 0x40014000, 20},         {"SWI0", 0x40014000, 20},
    {"EGU1", 0x40015000, 21},         {"SWI1", 0x40015000, 21},
    {"EGU2", 0x40016000, 22},         {"SWI2", 0x40016000, 22},
    {"EGU3", 0x40017000, 23},         {"SWI3", 0x40017000, 23},
    {"EGU4", 0x40018000, 24},         {"SWI4", 0x40018000, 24},
    {"EGU5", 0x40019000, 25},         {"SWI5", 0x40019000, 25},
    {"TIMER3", 0x4001a000, 26},       {"TIMER4", 0x4001b000, 27},
    {"PWM0", 0x4001c000, 28},         {"PDM", 0x4001d000, 29},
    {"ACL", 0x4001e000, BOARD_NONE},  {"NVMC", 0x4001e000, BOARD_NONE},
    {"PPI", 0x4001f000, BOARD_NONE},  {"MWU", 0x40020000, 32},
    {"PWM1", 0x40021000, 33},         {"PWM2", 0x40022000, 34},
    {"SPI2", 0x40023000, 35},         {"SPIM2", 0x40023000, 35},
    {"SPIS2", 0x40023000, 35},        {"RTC2", 0x40024000, 36},
    {"I2S", 0x40025000, 37},          {"FPU", 0x40026000, 38},
    {"USBD", 0x40027000, 39},         {"UARTE1", 0x40028000, 40},
    {"QSPI", 0x40029000, 41},         {"PWM3", 0x4002d000, 45},
    {"SPIM3", 0x4002f000, 47},        {"P0", 0x50000000, BOARD_NONE},
    {"P1", 0x50000300, BOARD_NONE},   {"CC_HOST_RGF", 0x5002a000, 42},
    {"CRYPTOCELL", 0x5002a000, 42},
};

START_TEST(whole_memory_map_is_there)
{
    const struct board *b = nrf52840dk();

    ck_assert_uint_eq(COUNT_OF(peripherals), 73);
    ck_assert_uint_eq(b->device_count, 73);
    for (size_t i = 0; i < COUNT_OF(peripherals); i++) {
        const struct board_device *d = device(b, peripherals[i].name);
        ck_assert_msg(d->window.base == peripherals[i].base, "%s", d->name);
        ck_assert_msg(d->line == peripherals[i].line, "%s", d->name);
    }
}
END_TEST

START_TEST(no_two_devices_meet)
{
    const struct board *b = nrf52840dk();
    for (uint32_t i = 0; i < b->device_count; i++) {
        const struct board_device *a = &b->devices[i];
        ck_assert(!span_meets(a->window, b->flash) && !span_meets(a->window, b->ram));
        for (uint32_t j = i + 1; j < b->device_count; j++) {
            const struct board_device *c = &b->devices[j];
            if (a->alias_of == BOARD_NONE && c->alias_of == BOARD_NONE)
                ck_assert_msg(!span_meets(a->window, c->window), "%s and %s", a->name, c->name);
            else if (c->alias_of == i)
                ck_assert_msg(span_covers(a->window, c->window), "%s of %s", c->name, a->name);
        }
    }
}
END_TEST

START_TEST(fifteen_windows_have_other_names)
{
    const struct board *b = nrf52840dk();
    uint32_t shared = 0;
    for (uint32_t i = 0; i < b->device_count; i++)
        for (uint32_t j = 0; j < b->device_count; j++)
            if (b->devices[j].alias_of == i && strcmp(b->devices[i].name, "P0") != 0) {
                shared++;
                break;
            }
    ck_assert_uint_eq(shared, 15);
}
END_TEST

START_TEST(dma_masters_are_marked)
{
    static const char *const masters[] = {
        "RADIO", "UARTE0", "SPIM0", "SPIS0", "TWIM0", "TWIS0",  "SPIM1", "SPIS1", "TWIM1",
        "TWIS1", "NFCT",   "SAADC", "ECB",   "AAR",   "CCM",    "PWM0",  "PDM",   "PWM1",
        "PWM2",  "SPIM2",  "SPIS2", "I2S",   "USBD",  "UARTE1", "QSPI",  "PWM3",  "SPIM3",
    };
    const struct board *b = nrf52840dk();
    uint32_t marked = 0;

    for (size_t i = 0; i < COUNT_OF(masters); i++)
        ck_assert_msg(device(b, masters[i])->dma, "%s", masters[i]);
    for (uint32_t i = 0; i < b->device_count; i++)
        marked += b->devices[i].dma;

    ck_assert_uint_eq(COUNT_OF(masters), 27);
    ck_assert_uint_eq(marked, 28); /* and CRYPTOCELL, which has no register called PTR */
    ck_assert(device(b, "CRYPTOCELL")->dma);
}
END_TEST

START_TEST(kernels_devices_are_claimed_and_never_lent)
{
    static const char *const own[] = {"RTC1", "UARTE0", "P0"};
    const struct board *b = nrf52840dk();

    ck_assert_uint_eq(b->config.claim_count, COUNT_OF(own));
    for (size_t i = 0; i < COUNT_OF(own); i++) {
        ck_assert_uint_eq(device(b, own[i])->endpoint, BOARD_NONE);
        ck_assert(span_equal(device(b, own[i])->window, b->config.claims[i]));
    }
    ck_assert_uint_eq(b->config.alarm.base, 0x40011000);
    ck_assert_uint_eq(b->config.alarm.line, 17);
    ck_assert(b->config.gpio.present);
}
END_TEST

START_TEST(endpoints_are_what_may_be_lent)
{
    static const char *const lent[] = {
        "CLOCK", "GPIOTE", "TIMER0", "TIMER1", "TIMER2", "TIMER3", "TIMER4", "RTC0",
        "RTC2",  "TEMP",   "RNG",    "EGU0",   "EGU1",   "EGU2",   "EGU3",   "EGU4",
        "EGU5",  "UARTE1", "RADIO",  "ECB",    "CCM",    "PPI",
    };
    const struct board *b = nrf52840dk();

    ck_assert_uint_eq(b->config.endpoint_count, COUNT_OF(lent));
    for (size_t i = 0; i < COUNT_OF(lent); i++) {
        const struct board_device *d = device(b, lent[i]);
        ck_assert_msg(d->endpoint < COUNT_OF(lent), "%s", lent[i]);
        const struct passthrough_endpoint *e = &b->config.endpoints[d->endpoint];
        ck_assert(d->type != NULL);
        ck_assert(span_equal(e->windows[0], d->window));
        ck_assert(e->has_line == (d->line != BOARD_NONE));
        ck_assert(!e->has_line || e->line == d->line);
        ck_assert(e->dma == d->dma);
        ck_assert_msg(e->quiesce_count > 0, "%s", lent[i]);
    }
    ck_assert(b->config.endpoints[device(b, "UARTE1")->endpoint].allow_dma);
    ck_assert_uint_eq(device(b, "POWER")->endpoint, device(b, "CLOCK")->endpoint);
}
END_TEST

START_TEST(never_lent_is_never_lent)
{
    static const uint32_t never[] = {0x00000000, 0x0003ffff, 0x20000000, 0x2003ffff, 0x10000000,
                                     0x10001000, 0x4001e000, 0x40020000, 0xe000ed90, 0xe000e100};
    const struct board *b = nrf52840dk();

    for (size_t i = 0; i < COUNT_OF(never); i++) {
        bool found = false;
        for (uint32_t n = 0; n < b->config.forbidden_count; n++)
            found |= span_holds(b->config.forbidden[n], never[i]);
        ck_assert_msg(found, "0x%08x", never[i]);
    }
}
END_TEST

START_TEST(filter_knows_who_asks)
{
    const struct board *b = nrf52840dk();
    const struct device_filter *f = &b->config.filter;
    struct span granted;

    ck_assert_int_eq(
        f->function(f, (struct filter_subject){0, 0}, device(b, "TIMER1")->window, &granted),
        ERR_NONE);
    ck_assert_uint_eq(granted.base, 0x40009000);
    ck_assert_int_eq(
        f->function(f, (struct filter_subject){0, 0}, device(b, "UARTE1")->window, &granted),
        ERR_RESERVE);
    ck_assert_int_eq(
        f->function(f, (struct filter_subject){16, 0}, device(b, "UARTE1")->window, &granted),
        ERR_NONE);
}
END_TEST

START_TEST(addresses_are_described)
{
    static const struct {
        uint32_t address;
        const char *text;
    } rows[] = {
        {0x40009540, "TIMER1+0x540 (CC[0])"},
        {0x40005510, "NFCT+0x510"},
        {0x20000040, "ram+0x40"},
        {0x00000000, "flash+0x0"},
        {0x12345678, "0x12345678"},
        {0x50000804, "P0+0x804 (P1.OUT)"},
    };
    char text[64];
    const struct board *b = nrf52840dk();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        board_describe_address(b, rows[i].address, text, sizeof text);
        ck_assert_str_eq(text, rows[i].text);
    }
}
END_TEST

/* The board's own text, with the radio in the kernel's hands. */
static const struct board *with_kernels_radio(void)
{
    static const char before[] = "\"gpio\": \"P0\",";
    static const char radio[] = " \"radio\": { \"device\": \"RADIO\", \"timer\": \"TIMER0\","
                                " \"ppi\": \"PPI\", \"clock\": \"CLOCK\" },";
    static char text[65536];
    const struct catalogue known = catalogue();
    FILE *file = fopen("scenarios/boards/nrf52840dk.json", "r");
    ck_assert_ptr_nonnull(file);
    size_t size = fread(text, 1, sizeof text - sizeof radio, file);
    (void)fclose(file);
    text[size] = '\0';
    char *place = strstr(text, before);
    ck_assert_ptr_nonnull(place);
    place += strlen(before);
    memmove(place + strlen(radio), place, strlen(place) + 1);
    memcpy(place, radio, strlen(radio));
    board = board_load_text("b.json", text, strlen(text), &known, &problems);
    ck_assert_msg(board != NULL, "%s", problems.text);
    return board;
}

START_TEST(kernels_radio_is_lent_to_nobody)
{
    static const char *const names[] = {"RADIO", "TIMER0", "PPI", "CLOCK", "POWER"};
    uint32_t lendable = nrf52840dk()->config.endpoint_count;
    board_free(board);
    const struct board *b = with_kernels_radio();

    ck_assert_uint_eq(b->config.endpoint_count, lendable - 4);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        ck_assert_uint_eq(device(b, names[i])->endpoint, BOARD_NONE);
    for (uint32_t i = 0; i < b->device_count; i++) {
        const struct board_device *d = &b->devices[i];
        ck_assert(d->endpoint == BOARD_NONE || d->alias_of != BOARD_NONE ||
                  span_equal(b->config.endpoints[d->endpoint].windows[0], d->window));
    }
    ck_assert_uint_eq(b->config.radio.radio.base, 0x40001000);
    ck_assert_uint_eq(b->config.radio.radio.line, 1);
    ck_assert_uint_eq(b->config.radio.timer, 0x40008000);
    ck_assert_uint_eq(b->config.radio.ppi, 0x4001f000);
    ck_assert_uint_eq(b->config.radio.clock, 0x40000000);
}
END_TEST

/* --- the other boards ------------------------------------------------------------------------ */

START_TEST(teaching_board_is_tiny)
{
    const struct board *b = loaded("scenarios/boards/teaching.json");

    ck_assert_uint_eq(b->device_count, 2);
    ck_assert_uint_eq(b->mpu_regions, 8);
    ck_assert_uint_eq(b->config.endpoint_count, 1);
    ck_assert(!b->config.alarm.present);
    ck_assert(b->config.console.present);
}
END_TEST

START_TEST(drafts_filter_widens_and_the_board_says_so)
{
    const struct board *b = loaded("scenarios/boards/draft512k.json");
    const struct device_filter *f = &b->config.filter;
    const struct span asked = {0x5000c000, 0xd000};
    struct span granted;
    uint32_t declared = 0;

    ck_assert_int_eq(f->function(f, (struct filter_subject){0, 0}, asked, &granted), ERR_NONE);

    ck_assert_uint_eq(granted.base, 0x50000000);
    ck_assert_uint_eq(granted.size, 0x80000);
    ck_assert(span_equal(device(b, "BLE")->window, asked));
    for (uint32_t i = 0; i < b->exposure_count; i++) {
        ck_assert(!span_meets(b->exposures[i].span, asked));
        declared += b->exposures[i].span.size;
    }
    ck_assert_uint_eq(declared, granted.size - asked.size);
}
END_TEST

/* --- refusals; in texts ' stands for " ------------------------------------------------------- */

#define PARTS                                                                                      \
    "{ 'name': 'b', 'cpu_hz': 16000000, 'lines': 16, 'mpu_regions': 8, 'costs': 'zero',\n"         \
    "  'clocks': { 'hf': { 'hz': 16000000 }, 'lf': { 'hz': 32768 } },\n"                           \
    "  'memory': { 'flash': { 'address': '0x0', 'size': '0x40000' },\n"                            \
    "    'app_flash': { 'address': '0x20000', 'size': '0x20000' },\n"                              \
    "    'ram': { 'address': '0x20000000', 'size': '0x10000' },\n"                                 \
    "    'kernel_ram': { 'address': '0x20000000', 'size': '0x4000' },\n"                           \
    "    'process_ram': { 'address': '0x20004000', 'size': '0xc000' } },\n"
#define DEVICES(list) PARTS "  'kernel': {}, 'devices': [" list "] }"
#define TIMER "{ 'name': 'TIMER', 'type': 'nrf52-timer', 'at': '0x40008000', 'size': '0x1000'"
/* A board with storage: `at`, `size`; its devices. */
#define STORED(at, size, devices)                                                                  \
    "{ 'name': 'b', 'cpu_hz': 16000000, 'lines': 16, 'mpu_regions': 8, 'costs': 'zero',\n"         \
    "  'clocks': { 'hf': { 'hz': 16000000 }, 'lf': { 'hz': 32768 } },\n"                           \
    "  'memory': { 'flash': { 'address': '0x0', 'size': '0x40000' },\n"                            \
    "    'app_flash': { 'address': '0x20000', 'size': '0x10000' },\n"                              \
    "    'ram': { 'address': '0x20000000', 'size': '0x10000' },\n"                                 \
    "    'kernel_ram': { 'address': '0x20000000', 'size': '0x4000' },\n"                           \
    "    'process_ram': { 'address': '0x20004000', 'size': '0xc000' },\n"                          \
    "    'storage': { 'address': '" at "', 'size': '" size "' } },\n"                              \
    "  'kernel': {}, 'devices': [" devices "] }"
#define NVMC "{ 'name': 'NVMC', 'type': 'nrf52-nvmc', 'at': '0x4001e000', 'size': '0x1000' }"
#define NVMC2 "{ 'name': 'NVMC2', 'type': 'nrf52-nvmc', 'at': '0x4001f000', 'size': '0x1000' }"
#define REST(rest) PARTS "  'devices': [" TIMER ", 'line': 8 }],\n  " rest " }"

static const struct {
    const char *why, *text, *says;
} refusals[] = {
    {"nothing", "{}", "1:1: error: /name: missing: want a text of 1 to 31 bytes"},
    {"an unknown key", DEVICES(TIMER " }, { 'nmae': 'X' }"),
     "8:113: error: /devices/1/nmae: no such key (did you mean \"name\"?)"},
    {"no such type",
     DEVICES("{ 'name': 'A', 'type': 'nrf52-tmer', 'at': '0x40000000', 'size': 4 }"),
     "8:52: error: /devices/0/type: \"nrf52-tmer\" is not a device type (did you mean "
     "\"nrf52-timer\"?)"},
    {"an address that is a number", DEVICES("{ 'name': 'A', 'at': 1073741824, 'size': 4 }"),
     "8:50: error: /devices/0/at: 1073741824: want an address in hex, such as \"0x40009000\""},
    {"two windows meet",
     DEVICES(TIMER " },\n{ 'name': 'B', 'at': '0x40008800', 'size': '0x1000' }"),
     "9:1: error: /devices/1: the window of \"B\" meets that of \"TIMER\""},
    {"out of order", DEVICES(TIMER " },\n{ 'name': 'B', 'at': '0x40000000', 'size': '0x1000' }"),
     "9:1: error: /devices/1: \"B\" lies below \"TIMER\": want devices by address"},
    {"a window that wraps", DEVICES("{ 'name': 'B', 'at': '0xfffff000', 'size': '0x2000' }"),
     "8:29: error: /devices/0: \"B\" wraps, or is no multiple of 4 bytes"},
    {"a window over RAM", DEVICES("{ 'name': 'B', 'at': '0x2000f000', 'size': '0x2000' }"),
     "8:29: error: /devices/0: \"B\" meets flash or RAM"},
    {"two of one name",
     DEVICES("{ 'name': 'B', 'at': '0x40000000', 'size': 4, 'aliases': [{ 'name': 'B' }] }"),
     "8:97: error: /devices/0/aliases/0/name: \"B\" is the name of another device of this board"},
    {"a small name", DEVICES("{ 'name': 'timer', 'at': '0x40000000', 'size': 4 }"),
     "8:39: error: /devices/0/name: \"timer\": want capitals, digits and _, a capital first"},
    {"a line past the last", DEVICES("{ 'name': 'B', 'at': '0x40000000', 'size': 4, 'line': 16 }"),
     "8:83: error: /devices/0/line: 16: want an integer from 0 to 15, or it in hex as a string"},
    {"two devices on one line",
     DEVICES(TIMER ", 'line': 8 },\n{ 'name': 'B', 'at': '0x50000000', 'size': 4, 'line': 8 }"),
     "9:55: error: /devices/1/line: line 8 is that of \"TIMER\": want a line for each device"},
    {"a CPU slower than 1 MHz",
     "{ 'name': 'b', 'cpu_hz': 999999, 'lines': 1, 'mpu_regions': 8, 'costs': 'zero' }",
     "1:26: error: /cpu_hz: 999999: want an integer from 1000000 to 1000000000, or it in hex as a "
     "string"},
    {"a CPU faster than 1 GHz",
     "{ 'name': 'b', 'cpu_hz': '0x3b9aca01', 'lines': 1, 'mpu_regions': 8, 'costs': 'zero' }",
     "1:26: error: /cpu_hz: \"0x3b9aca01\": want an integer from 1000000 to 1000000000, or it in "
     "hex "
     "as a string"},
    {"more RAM than there can be",
     "{ 'name': 'b', 'cpu_hz': 1000000, 'lines': 1, 'mpu_regions': 8, 'costs': 'zero',\n"
     "'memory': { 'flash': { 'address': '0x0', 'size': 4 },"
     " 'app_flash': { 'address': '0x0', 'size': 4 }, 'kernel_ram': { 'address': '0x4', 'size': 4 },"
     " 'process_ram': { 'address': '0x8', 'size': 4 },\n"
     "'ram': { 'address': '0x4', 'size': '0xfffffff0' } } }",
     "3:1: error: /memory/ram: more than 268435456 bytes"},
    {"storage that begins inside a page", STORED("0x1c800", "0x1000", NVMC),
     "8:16: error: /memory/storage: want whole pages of 4096 bytes"},
    {"storage of half a page", STORED("0x1c000", "0x800", NVMC),
     "8:16: error: /memory/storage: want whole pages of 4096 bytes"},
    {"storage without size", STORED("0x1c000", "0x0", NVMC),
     "8:48: error: /memory/storage/size: \"0x0\": want an integer from 1 to 4294967295, or it in "
     "hex as a string"},
    {"storage outside of flash", STORED("0x3f000", "0x2000", NVMC),
     "8:16: error: /memory/storage: not inside \"flash\""},
    {"storage among the apps", STORED("0x1f000", "0x2000", NVMC),
     "8:16: error: /memory/storage: meets \"app_flash\""},
    {"more storage than there can be", STORED("0x0", "0x101000", NVMC),
     "8:16: error: /memory/storage: more than 1048576 bytes"},
    {"storage that nobody writes", STORED("0x1c000", "0x1000", TIMER " }"),
     "8:5: error: /memory/storage: 0 devices of this board write flash: want one"},
    {"storage that two write", STORED("0x1c000", "0x1000", NVMC "," NVMC2),
     "8:5: error: /memory/storage: 2 devices of this board write flash: want one"},
    {"an alias outside",
     DEVICES("{ 'name': 'B', 'at': '0x40000000', 'size': 4, 'aliases':\n"
             "[{ 'name': 'C', 'at': '0x40000004', 'size': 4 }] }"),
     "9:2: error: /devices/0/aliases/0: \"C\" is not inside the window of \"B\""},
    {"DMA that is not said",
     DEVICES("{ 'name': 'B', 'type': 'nrf52-uarte', 'at': '0x40000000', 'size': '0x1000' }"),
     "8:29: error: /devices/0: \"B\" is a DMA master by its type: want \"dma\": true"},
    {"a lent DMA master without a word",
     DEVICES("{ 'name': 'B', 'at': '0x40000000', 'size': 4, 'dma': true,\n"
             "'lend': { 'quiesce': 'none' } }"),
     "9:9: error: /devices/0/lend/allow_dma: missing: want true or false"},
    {"a word about DMA where there is none",
     DEVICES("{ 'name': 'B', 'at': '0x40000000', 'size': 4,\n"
             "'lend': { 'quiesce': 'none', 'allow_dma': true } }"),
     "9:30: error: /devices/0/lend/allow_dma: \"B\" is no DMA master: want no such key"},
    {"no such way to be quiet",
     DEVICES("{ 'name': 'B', 'at': '0x40000000', 'size': 4,\n'lend': { 'quiesce': 'timr' } }"),
     "9:22: error: /devices/0/lend/quiesce: \"timr\": want one of \"none\", \"timer\", \"rtc\", "
     "\"uarte\", \"rng\", \"temp\", \"egu\", \"gpio\", \"gpiote\", \"clock_power\", \"radio\", "
     "\"ecb\", \"ccm_aar\", \"ppi\", \"twim\", \"spim\" (did you mean \"timer\"?)"},
    {"a driver on no device", REST("'kernel': { 'alarm': 'TIMR' }"),
     "9:24: error: /kernel/alarm: \"TIMR\" is not the name of a device of this board (did you mean "
     "\"TIMER\"?)"},
    {"frames without a console", REST("'kernel': { 'frames': true }"),
     "9:25: error: /kernel/frames: they come in at the console: want a \"console\" as well"},
    {"a radio without its timer", REST("'kernel': { 'radio': { 'device': 'TIMER' } }"),
     "9:24: error: /kernel/radio/timer: missing: want the name of a device of this board"},
    {"one device for two drivers",
     REST("'kernel': { 'alarm': 'TIMER',\n'radio': { 'device': 'TIMER', 'timer': 'TIMER',"
          " 'ppi': 'TIMER', 'clock': 'TIMER' } }"),
     "10:22: error: /kernel/radio/device: \"TIMER\" is another kernel driver's: want a device for "
     "the kernel alone"},
    {"one device for two parts of the radio",
     REST("'kernel': { 'radio': {\n'device': 'TIMER', 'timer': 'TIMER', 'ppi': 'TIMER',"
          " 'clock': 'TIMER' } }"),
     "10:29: error: /kernel/radio/timer: \"TIMER\" is another kernel driver's: want a device for "
     "the kernel alone"},
    {"a radio's part that the board has not",
     REST("'kernel': { 'radio': { 'device': 'TIMR', 'timer': 'TIMER', 'ppi': 'TIMER' } }"),
     "9:36: error: /kernel/radio/device: \"TIMR\" is not the name of a device of this board (did "
     "you mean \"TIMER\"?)"},
    {"a filter of two kinds", REST("'kernel': {}, 'filter': { 'table': [], 'function': 'x' }"),
     "9:27: error: /filter: want one of \"table\" and \"function\""},
    {"an answer of two kinds",
     REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'answer': { 'address': '0x0',"
          " 'size': 1 }, 'unchecked_answer': { 'address': '0x0', 'size': 1 } }] }"),
     "9:103: error: /filter/table/0/unchecked_answer: there is \"answer\" already: want one of "
     "them"},
    {"a refusal of two kinds",
     REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'refusal': 'BUSY', "
          "'unchecked_refusal': 2 }] }"),
     "9:79: error: /filter/table/0/unchecked_refusal: there is \"refusal\" already: want one of "
     "them"},
    {"no refusal at all",
     REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'unchecked_refusal': 0 }] }"),
     "9:81: error: /filter/table/0/unchecked_refusal: 0: want an integer from 1 to 4294967295, or "
     "it in hex as a string"},
    {"an answer that is none",
     REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'unchecked_answer': "
          "{ 'address': '0x0', 'size': 0 } }] }"),
     "9:80: error: /filter/table/0/unchecked_answer: 0 bytes at 0 is what a row without an answer "
     "has: want another address or size"},
    {"an answer past the end that is not said to be wrong",
     REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'answer': "
          "{ 'address': '0xfffff000', 'size': 4097 } }] }"),
     "9:70: error: /filter/table/0/answer: 0xfffff000 + 0x1001 goes past the end of memory"},
    {"a filter that is not compiled in", REST("'kernel': {}, 'filter': { 'function': 'mine' }"),
     "9:41: error: /filter/function: \"mine\" is not a filter (of your own? `make EXTRA=folder` "
     "builds a runner that knows it)"},
    {"no such filter", REST("'kernel': {}, 'filter': { 'function': 'widen_512' }"),
     "9:41: error: /filter/function: \"widen_512\": want one of \"widen_512k\" (did you mean "
     "\"widen_512k\"?)"},
    {"a refusal that is none",
     REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'refusal': 'RESERV' }] }"),
     "9:71: error: /filter/table/0/refusal: \"RESERV\" is not the name of an error, such as BUSY "
     "(did you mean \"RESERVE\"?)"},
    {"an exposure without a reason",
     REST("'kernel': {}, 'over_exposure': [{ 'address': '0x0', 'size': 4 }]"),
     "9:35: error: /over_exposure/0/why: missing: want a text of 1 to 95 bytes"},
    {"a clock without a frequency",
     "{ 'name': 'b', 'cpu_hz': 1000000, 'lines': 1, 'mpu_regions': 8, 'costs': 'zero',\n"
     "'memory': { 'flash': { 'address': '0x0', 'size': 4 },"
     " 'app_flash': { 'address': '0x0', 'size': 4 }, 'ram': { 'address': '0x4', 'size': 8 },"
     " 'kernel_ram': { 'address': '0x4', 'size': 4 },"
     " 'process_ram': { 'address': '0x8', 'size': 4 } },\n"
     "'clocks': { 'hf': {}, 'lf': {} } }",
     "3:19: error: /clocks/hf/hz: missing: want an integer from 1 to 1000000000, or it in hex as a "
     "string"},
};

static struct board *from_text(const char *of)
{
    const struct catalogue known = catalogue();
    static char text[4096];
    size_t size = strlen(of);
    ck_assert_uint_lt(size, sizeof text);
    for (size_t i = 0; i < size; i++)
        text[i] = of[i] == '\'' ? '"' : of[i];
    return board_load_text("b.json", text, size, &known, &problems);
}

/* What a filter in C might say is there as it was said. */
static const struct {
    const char *text;
    struct filter_row row;
} wrong_rows[] = {
    {REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'unchecked_answer':"
          " { 'address': '0xfffff000', 'size': '0x2000' } }] }"),
     {0, {0x40008000, 0x1000}, {0xfffff000, 0x2000}, ERR_NONE}},
    {REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'unchecked_answer':"
          " { 'address': '0x40008000', 'size': 0 } }] }"),
     {0, {0x40008000, 0x1000}, {0x40008000, 0}, ERR_NONE}},
    {REST("'kernel': {}, 'filter': { 'table': [{ 'device': 'TIMER', 'unchecked_answer':"
          " { 'address': '0x0', 'size': 4294967295 }, 'unchecked_refusal': '0xffffffff' }] }"),
     {0, {0x40008000, 0x1000}, {0, UINT32_MAX}, (enum err)UINT32_MAX}},
};

START_TEST(whatever_a_wrong_filter_says_can_be_said)
{
    board = from_text(wrong_rows[_i].text);
    ck_assert_msg(board != NULL, "%s", problems.text);
    ck_assert_uint_eq(board->row_count, 1);
    ck_assert_mem_eq(&board->rows[0], &wrong_rows[_i].row, sizeof board->rows[0]);
}
END_TEST

START_TEST(bad_board_is_refused_with_its_place)
{
    board = from_text(refusals[_i].text);

    ck_assert_msg(board == NULL, "%s: was taken", refusals[_i].why);
    const char *says = problems.text + strlen("b.json:");
    problems.text[strcspn(problems.text, "\n")] = '\0';
    ck_assert_msg(strcmp(says, refusals[_i].says) == 0, "%s:\n  got  %s\n  want %s",
                  refusals[_i].why, says, refusals[_i].says);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("board_load");
    TCase *t = tcase_create("board_load");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, whole_memory_map_is_there);
    tcase_add_test(t, no_two_devices_meet);
    tcase_add_test(t, fifteen_windows_have_other_names);
    tcase_add_test(t, dma_masters_are_marked);
    tcase_add_test(t, kernels_devices_are_claimed_and_never_lent);
    tcase_add_test(t, endpoints_are_what_may_be_lent);
    tcase_add_test(t, kernels_radio_is_lent_to_nobody);
    tcase_add_test(t, never_lent_is_never_lent);
    tcase_add_test(t, filter_knows_who_asks);
    tcase_add_test(t, addresses_are_described);
    tcase_add_test(t, teaching_board_is_tiny);
    tcase_add_test(t, drafts_filter_widens_and_the_board_says_so);
    tcase_add_loop_test(t, whatever_a_wrong_filter_says_can_be_said, 0, (int)COUNT_OF(wrong_rows));
    tcase_add_loop_test(t, bad_board_is_refused_with_its_place, 0, (int)COUNT_OF(refusals));
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
