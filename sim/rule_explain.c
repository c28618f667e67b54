/* rule_explain.c: rule by rule, how it is judged, and one break of it in words. */
#include "model/process.h"
#include "sim/clock.h"
#include "sim/verdict.h"

struct explanation {
    const char *how;
    struct verdict example;
};

#define EXAMPLE(...)                                                                               \
    {                                                                                              \
        .check = CHECK_NONE, __VA_ARGS__                                                           \
    }

static const struct explanation explanations[RULE_NUMBER] = {
    [RULE_REACH] = {"before each first instruction in user mode, at every address where the "
                    "decoded MPU's verdict may change, by byte, for reading, writing and "
                    "executing; and at each access of an app that went through",
                    EXAMPLE(.detail = DETAIL_REACH_WRITE, .process = 1, .address = 0x20001800,
                            .got = 256)},
    [RULE_STALE_MPU] = {"as reach: what is reachable beyond what is due and belongs to another "
                        "app, or to an earlier life or loan; and the unit's ENABLE bit",
                        EXAMPLE(.detail = DETAIL_STALE_OTHER, .process = 1, .address = 0x20000000,
                                .got = 2048)},
    [RULE_MEMORY_LAYOUT] = {"at each load, break, allow and grant that the kernel notes, and at "
                            "what memop returns to the app",
                            EXAMPLE(.detail = DETAIL_LAYOUT_MARK, .process = 0,
                                    .address = 0x20000400, .got = 0x20000480)},
    [RULE_EXCLUSIVE_OWNER] =
        {"when a window is lent, against all other windows and the claims of kernel drivers; and "
         "at each access of an app to a register that went through",
         EXAMPLE(.detail = DETAIL_OWNER_TWO, .process = 1, .address = 0x40009000, .got = 0)},
    [RULE_FILTER_ASKED] =
        {"when a window is lent: the filter's note about this very request stands before it, and "
         "the filter, asked again by the monitor, says the same and covers the request",
         EXAMPLE(.detail = DETAIL_FILTER_NOT_ASKED, .process = 0, .address = 0x40001000)},
    [RULE_REFUSAL_REASON] = {"when a request's refusal reaches the app, against the filter asked "
                             "again and against what can be told from the request itself",
                             EXAMPLE(.detail = DETAIL_REFUSAL_CODE, .process = 0,
                                     .address = 0x40001000, .got = ERR_NOSUPPORT,
                                     .wanted = ERR_RESERVE)},
    [RULE_INTERRUPT_OWNER] =
        {"when a passthrough upcall begins in an app: base and line are one "
         "device's, the app holds it, the line has risen since the last one; and at each service "
         "of a line, and before user mode and sleep, by the device's registers "
         "and the interrupt controller",
         EXAMPLE(.detail = DETAIL_IRQ_FOREIGN, .process = 1, .address = 0x40009000, .got = 9)},
    [RULE_DEATH_ORDER] = {"from the kernel's notes in their order, and from NVIC, line and "
                          "registers of the device before the next first instruction in user mode; "
                          "\"stuck\" is believed only if the hardware says so, too",
                          EXAMPLE(.detail = DETAIL_DEATH_UNFINISHED, .process = 0,
                                  .address = 0x40009000, .got = 1)},
    [RULE_DEVICE_RESET] = {"when a window is lent, from the device's line and from each register "
                           "but for those that the device's rows mark as staying, and those that "
                           "are worked out at each read: compare these with a load in a scenario",
                           EXAMPLE(.detail = DETAIL_RESET_REGISTER, .process = 1,
                                   .address = 0x40009540, .got = 0x1234)},
    [RULE_UPCALL_ONCE] = {"with a queue kept from the kernel's notes, and the subscriptions that "
                          "the app made itself; and by the interrupts and alarms that have come",
                          EXAMPLE(.detail = DETAIL_UPCALL_UNQUEUED, .process = 0, .got = 0x10001)},
    [RULE_KERNEL_PANIC] = {"when the kernel panics", EXAMPLE(.detail = DETAIL_KERNEL_PANIC)},
    [RULE_PROGRESS] = {"when the CPU goes to sleep or halts: no live app is ready, and none waits "
                       "for an upcall that is there; and then, and before each first instruction "
                       "in user mode: no owner of a lent device waits for an interrupt that has "
                       "come, by the device's line, and that is not queued",
                       EXAMPLE(.detail = DETAIL_PROGRESS_UPCALL, .process = 0)},
    [RULE_STARVATION] = {"by the time in user mode that others had while an app was ready, under "
                         "round robin and the feedback queue; what the kernel does for them is "
                         "not in it: bound that with \"latency\"",
                         EXAMPLE(.detail = DETAIL_STARVED, .process = 2, .got = 95000 * PS_PER_US,
                                 .wanted = 30060 * PS_PER_US)},
    [RULE_LIVELOCK] =
        {"by the apps' time over each 64 bottom halves of one line during which an app was ready: "
         "a tenth at least; by how long the CPU is the kernel's alone while an app is ready: "
         "50 ms at most; and by how often a line is serviced in one stay in the kernel: 24 times "
         "at most",
         EXAMPLE(.detail = DETAIL_LIVELOCK_LINE, .process = 0, .address = 9, .got = 65,
                 .wanted = PS_PER_US)},
    [RULE_DMA_REACH] = {"at each access of a device to memory, by whom it works for at that moment",
                        EXAMPLE(.detail = DETAIL_DMA_OWNER, .process = 0, .address = 0x20010000,
                                .got = 64)},
    [RULE_DMA_AFTER_DEATH] =
        {"at each access of a device to memory after it was taken back and called quiet",
         EXAMPLE(.detail = DETAIL_DMA_DEAD, .process = 0, .address = 0x20000100, .got = 8)},
    [RULE_OVER_EXPOSURE] = {"as reach: bytes of granted windows beyond what was asked, against the "
                            "board's list of exposures",
                            EXAMPLE(.detail = DETAIL_EXPOSURE, .process = 0, .address = 0x50000000,
                                    .got = 471040)},
    [RULE_MEMORY_FRESH] = {"before an app's first instruction after its memory grew, by looking at "
                           "each byte that this life has not reached before",
                           EXAMPLE(.detail = DETAIL_FRESH, .process = 0, .address = 0x20000480,
                                   .got = 0x5e)},
    [RULE_BUFFER_CUSTODY] = {"when a driver's or a multiplexer's buffer comes to a client, goes "
                             "down to the chip, comes "
                             "back or is wiped: by its bytes; and at each access of DMA to it",
                             EXAMPLE(.detail = DETAIL_CUSTODY_BYTES, .process = 1,
                                     .address = 0x2003ff10, .got = 0x41, .wanted = 16)},
    [RULE_SLICE] = {"by the time in user mode of one app's turn while another was ready, under "
                    "round robin and the feedback queue",
                    EXAMPLE(.detail = DETAIL_SLICE, .process = 0, .got = 14000 * PS_PER_US,
                            .wanted = 10000 * PS_PER_US)},
    [RULE_CALL_RETURN] = {"at each switch to user mode, by how the app goes on, against the system "
                          "call that it made itself",
                          EXAMPLE(.detail = DETAIL_CALL_LOST, .process = 0, .got = 2)},
    [RULE_VIRT_TURN] =
        {"by the kernel's notes, at each operation that begins: whose it is, and who "
         "has waited since before that client's last one",
         EXAMPLE(.detail = DETAIL_VIRT_LASSO, .process = 2, .address = 0x200,
                 .got = UINT64_C(0xffffffffffff0100), .wanted = 3)},
    [RULE_VIRT_CALLBACK] = {"by the kernel's notes, at each callback; by the upcalls queued in it; "
                            "and whenever the kernel leaves for user mode or sleep",
                            EXAMPLE(.detail = DETAIL_VIRT_FORGOTTEN, .process = 1,
                                    .address = 0x100)},
    [RULE_ALARM_TIME] = {"by the RTC's own counter when an alarm fires; and whether one has not, "
                         "100 ms after its tick, when another fires, when the CPU sleeps, and at "
                         "the end; and by the RTC's compare register when an app sets one and when "
                         "the CPU sleeps",
                         EXAMPLE(.detail = DETAIL_ALARM_LOST, .process = 1, .address = 1,
                                 .got = 3300, .wanted = 66)},
    [RULE_KEY_CUSTODY] =
        {"by the engine's areas, its own copy and its vector, when an operation begins, when a "
         "register is reserved or freed, and whenever the kernel leaves; at each access of its DMA "
         "by the area that it works with; whose it is, and whose operation, by the kernel's notes",
         EXAMPLE(.detail = DETAIL_KEYS_FOREIGN, .process = 0, .address = 0x40030000, .got = 2,
                 .wanted = 1)},
    [RULE_STORAGE_REGION] = {"at each word that the flash controller writes and each page that it "
                             "erases, by the order in which pages got their owners",
                             EXAMPLE(.detail = DETAIL_STORAGE_FOREIGN, .process = 1,
                                     .address = 0x2a000, .got = 0)},
    [RULE_CLIENT_DATA] =
        {"with an account of each accepted operation: the app's own call, the bytes of its buffer "
         "as its turn begins, the bytes on the wire, its buffer and its upcall's values at the "
         "end; "
         "not what a device does that hangs, lies or fails",
         EXAMPLE(.detail = DETAIL_CLIENT_ADDRESS, .process = 1, .address = VIRT_I2C | 1 << 8,
                 .got = 0x48, .wanted = 0x40)},
    [RULE_STEP] = {"by the app's own engine, step by step; and by its faults",
                   EXAMPLE(.detail = DETAIL_STEP, .process = 0, .address = 3, .got = 2,
                           .wanted = 0)},
    [RULE_COUNT] = {"by counting the records that match",
                    EXAMPLE(.detail = DETAIL_COUNT_LOW, .got = 99, .wanted = 100)},
    [RULE_ABSENT] = {"at each record that matches",
                     EXAMPLE(.detail = DETAIL_ABSENT, .process = 1, .address = 0x40009000)},
    [RULE_ORDER] = {"at each record that matches the second pattern",
                    EXAMPLE(.detail = DETAIL_ORDER)},
    [RULE_LATENCY] = {"from each match of the first pattern to the first later match of the "
                      "second; what is open at the end counts, too",
                      EXAMPLE(.detail = DETAIL_LATENCY_LONG, .got = 121 * PS_PER_US,
                              .wanted = 99700000)},
    [RULE_BLE_ARMED_LATE] =
        {"at each store that switches on a channel from a written compare value to the radio, or "
         "that writes the value of one that is on; the counter is read from a copy of the device",
         EXAMPLE(.detail = DETAIL_BLE_ARMED_LATE, .process = 0, .address = 0x40008540, .got = 3)},
    [RULE_BLE_IFS] = {"at the last bit of each packet that a board's radio sends in answer, from "
                      "the last bit of what came in there to the first bit of what it sends",
                      EXAMPLE(.detail = DETAIL_BLE_IFS_LATE, .process = 0, .address = 0x40001000,
                              .got = 2500000, .wanted = 17)},
    [RULE_BLE_STALE_BUFFER] = {"at the last bit of each packet in a connection: the buffer that "
                               "the radio's DMA has read was stored to since it was sent last, or "
                               "the packet is a lawful retransmission by its SN and NESN",
                               EXAMPLE(.detail = DETAIL_BLE_STALE, .process = 0,
                                       .address = 0x20010100, .got = 17)},
    [RULE_BLE_CHANNEL] = {"at the last bit of each packet of a board's radio, and after each event "
                          "at which the central sent while the radio listened elsewhere; by event "
                          "number, maps and instants, all reckoned from the air",
                          EXAMPLE(.detail = DETAIL_BLE_CHANNEL_HEARS, .process = 0,
                                  .address = 0x40001000, .got = 2404, .wanted = 2438)},
    [RULE_BLE_SEQUENCE] = {"at the last bit of each packet of a board's radio, by its header and "
                           "by what had come in with a good CRC",
                           EXAMPLE(.detail = DETAIL_BLE_NEW_UNACKED, .process = 0,
                                   .address = 0x40001000, .got = 17)},
    [RULE_PPI_REACH] = {"at each task that a lent router triggers, by what its owner holds then",
                        EXAMPLE(.detail = DETAIL_PPI_REACH, .process = 0, .address = 0x4000c000,
                                .got = 3)},
    [RULE_RADIO_CRYSTAL] = {"at each TXEN and RXEN that the radio obeys, by CLOCK's HFCLKSTAT",
                            EXAMPLE(.detail = DETAIL_RADIO_CRYSTAL, .process = 0,
                                    .address = 0x40001000, .got = 0x10000)},
    [RULE_BLE_WINDOW] = {"for each event, by when the peripheral's radio listened on its channel: "
                         "\"ble_link\" asks for the margin, or how many events were unlistened",
                         EXAMPLE(.detail = DETAIL_BLE_MARGIN_BEYOND, .got = 3 * PS_PER_US)},
    [RULE_BLE_EVENT_END] = {"for each event, from its last bit to the next anchor: \"ble_link\" "
                            "asks for the margin",
                            EXAMPLE(.detail = DETAIL_BLE_MARGIN_BEYOND, .got = 40 * PS_PER_US)},
    [RULE_BLE_SUPERVISION] = {"for each side, by the packets with a good CRC that came in there: "
                              "\"ble_link\" asks how it stands at the end, or for the margin",
                              EXAMPLE(.detail = DETAIL_BLE_MARGIN_SMALL, .got = 90 * PS_PER_US,
                                      .wanted = 1000 * PS_PER_US)},
    [RULE_BLE_LINK] = {"at the end, by counting events and packets on the air",
                       EXAMPLE(.detail = DETAIL_BLE_FACT, .got = 3, .wanted = 0)},
    [RULE_CALL_ANSWER] =
        {"when an answer reaches the app, by the call, by the app's own layout and header, and by "
         "what it has subscribed and allowed so far; the byte of yield-no-wait by the kernel's "
         "writes; and at the end of a life, and of the run, by how the app exited",
         EXAMPLE(.detail = DETAIL_ANSWER_ERROR, .process = 0, .address = 3, .got = ERR_NOSUPPORT,
                 .wanted = ERR_NODEVICE)},
    [RULE_KERNEL_WRITE] = {"at each write of the kernel into RAM, before it is there; and by the "
                           "bytes of a grant when the kernel notes it",
                           EXAMPLE(.detail = DETAIL_WRITE_APP, .process = 1, .address = 0x20010400,
                                   .got = 16)},
    [RULE_FAULT_POLICY] =
        {"before user mode runs again behind the end of a life, when a life begins, and at the "
         "end: by the app's own fault or exit or the injection that ended it, and by the policy "
         "and the limit that are declared, over all restarts so far; and by each life's id",
         EXAMPLE(.detail = DETAIL_POLICY_LIMIT, .process = 2, .got = 4, .wanted = 3)},
    [RULE_LOAN_ANSWER] =
        {"when an answer of the passthrough driver reaches the app, and at each note of a window "
         "or of a device's owner, against what the request comes to by the board, the filter asked "
         "again, and the windows that are held; and before a new life's first instruction, by how "
         "many of its header's requests were answered",
         EXAMPLE(.detail = DETAIL_LOAN_KEPT, .process = 0, .address = 0x40009000)},
    [RULE_SCHED_ORDER] =
        {"at each switch to user mode, by who is ready, by whose turn it was, and by the slice "
         "timer: when it was started and stopped, and for how long",
         EXAMPLE(.detail = DETAIL_SCHED_PRIORITY, .process = 0, .got = 1)},
    [RULE_KERNEL_COST] =
        {"at each switch to user mode and to sleep, by how long the kernel's instructions took "
         "since it was entered, accesses apart, and by what the records of that time, the "
         "protection unit's regions and the slice timer say it has done",
         EXAMPLE(.detail = DETAIL_COST_RUN, .process = 0, .got = 150 * PS_PER_US,
                 .address = 1u << PATH_CONTEXT_SWITCH | (uint32_t)EVENT_SYSCALL << KERNEL_PATHS,
                 .wanted = UINT64_C(4781) << 32 | 4312)},
    [RULE_FINAL] = {"once, at the end of the run",
                    EXAMPLE(.detail = DETAIL_FINAL_STATE, .process = 0, .got = PROCESS_FAULTED,
                            .wanted = PROCESS_YIELDED)},
};

void rule_explain(enum rule rule, FILE *out)
{
    const struct rule_row *row = &rule_rows[rule];
    const struct explanation *more = &explanations[rule];
    char example[VERDICT_TEXT_MAX];

    verdict_describe(NULL, &more->example, example, sizeof example);
    fprintf(out, "%s\n", row->id);
    if (row->aliases[0])
        fprintf(out, "  also:     %s\n", row->aliases);
    fprintf(out, "  demands:  %s\n", row->demand);
    if (row->source[0])
        fprintf(out, "  source:   %s\n", row->source);
    fprintf(out, "  judged:   %s\n", more->how);
    fprintf(out, "  a break:  %s\n", example);
}
