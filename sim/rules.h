/* rules.h: every rule that a run is judged by. One row a rule: id, aliases, what it demands, and
 * from where. Aliases: PTn is hole n that was found in TRD 107's draft (tock PR 4168), Dn a
 * property that model/passthrough.h asks of a device. Ids are permanent: verdicts, `explain`,
 * mutants and JUnit print them.
 */
#ifndef SIM_RULES_H
#define SIM_RULES_H

#include <stdint.h>

/* X(enumerator, id, aliases, demand, source). Append only. */
#define RULES(X)                                                                                   \
    X(RULE_REACH, "reach", "",                                                                     \
      "Unprivileged code reaches exactly its flash (read, execute), its memory up to its break "   \
      "and the windows it was lent (read, write); anything beyond is declared over-exposure.",     \
      "Tock, the contract of the MPU trait; ARMv7-M ARM (DDI 0403) B3.5")                          \
    X(RULE_STALE_MPU, "stale-mpu", "",                                                             \
      "At every switch to user mode the MPU holds the regions of the process that runs, nothing "  \
      "of another, of an earlier life or of a window taken back; and the unit is on.",             \
      "Tock, configure_mpu before each switch to a process; tock issues 1822 and 2146")            \
    X(RULE_MEMORY_LAYOUT, "memory-layout", "",                                                     \
      "memory start <= high-water mark <= app break <= kernel break <= memory end, without wrap; " \
      "blocks of live processes do not meet.",                                                     \
      "Tock, process memory layout; tock issues 1144 and 4366")                                    \
    X(RULE_EXCLUSIVE_OWNER, "exclusive-owner", "PT8",                                              \
      "A lent register byte belongs to one live process, and to no driver of the kernel.",         \
      "TRD 107 section 2: a specific device to a single application")                              \
    X(RULE_FILTER_ASKED, "filter-asked", "PT6 PT7 PT9",                                            \
      "Before each window is mapped the board's filter was asked, said yes, and its answer "       \
      "contains the request and meets no memory and no private register.",                         \
      "TRD 107 section 2, steps 3 and 4")                                                          \
    X(RULE_REFUSAL_REASON, "refusal-reason", "PT12",                                               \
      "A request that must be refused is; and the app is told why: by the filter's own code, or "  \
      "the kernel's.",                                                                             \
      "TRD 104 section 3.3; TRD 107 section 2, step 5")                                            \
    X(RULE_INTERRUPT_OWNER, "interrupt-owner", "PT15 PT16",                                        \
      "A lent device's interrupt becomes an upcall of its owner, with what stood in the device, "  \
      "which is silenced, and of nobody else; no line that is on is passed over, and nobody's is " \
      "masked.",                                                                                   \
      "TRD 107 section 2, step 6")                                                                 \
    X(RULE_DEATH_ORDER, "death-order", "PT1 PT2 PT13 PT14",                                        \
      "When an owner dies or gives back: unmapped, line masked, device quiet, upcalls dropped, "   \
      "ownership freed, in this order, before anything else runs in user mode.",                   \
      "model/passthrough.h, G5 and G6")                                                            \
    X(RULE_DEVICE_RESET, "device-reset", "PT14",                                                   \
      "A new owner finds the device's line low, and each register in its reset state but for "     \
      "results that no write can wipe.",                                                           \
      "model/passthrough.h, G5 and G6")                                                            \
    X(RULE_UPCALL_ONCE, "upcall-once", "PT3",                                                      \
      "Each upcall is delivered once, in order, or counted as dropped; never to another process, " \
      "never null, never after its subscription was swapped.",                                     \
      "TRD 104 section 4.2")                                                                       \
    X(RULE_KERNEL_PANIC, "kernel-panic", "PT2 PT3 PT4 PT5",                                        \
      "Nothing that an app, a filter's answer or a device does panics the kernel.",                \
      "Tock, threat model: an app cannot panic the kernel")                                        \
    X(RULE_PROGRESS, "progress", "", "No process waits for ever on an event that has happened.",   \
      "TRD 104 section 4.1")                                                                       \
    X(RULE_STARVATION, "starvation", "",                                                           \
      "Where the scheduler promises turns, a ready process runs within them.",                     \
      "Tock, schedulers; its Virtualization document, section Fairness")                           \
    X(RULE_LIVELOCK, "livelock", "PT17 BLE-D12",                                                   \
      "No interrupt line, and no loop of the kernel's own, keeps a ready process from running.",   \
      "model/passthrough.h, G7")                                                                   \
    X(RULE_DMA_REACH, "dma-reach", "D1 BLE-D9",                                                    \
      "A device that works for an app reads and writes only that app's memory; one that works "    \
      "for the kernel only the kernel's own.",                                                     \
      "TRD 107 section 3")                                                                         \
    X(RULE_DMA_AFTER_DEATH, "dma-after-death", "PT14",                                             \
      "No DMA of a lent device goes on after its owner's death was dealt with.",                   \
      "model/passthrough.h, G5 and G6")                                                            \
    X(RULE_OVER_EXPOSURE, "over-exposure", "PT10",                                                 \
      "What an app reaches beyond its request was declared by the board.",                         \
      "TRD 107 section 2, step 3: the board may over-allocate")                                    \
    X(RULE_MEMORY_FRESH, "memory-fresh", "",                                                       \
      "Memory that becomes reachable for an app holds zeros or its own bytes, nothing older.",     \
      "Tock, Virtualization document, section Data Sharing; memop 0 and 1")                        \
    X(RULE_BUFFER_CUSTODY, "buffer-custody", "",                                                   \
      "A driver's buffer is wiped before it changes clients; the chip touches it only while it "   \
      "is lent downward.",                                                                         \
      "Tock, Virtualization document, section Data Sharing, rule 3")                               \
    X(RULE_SLICE, "slice", "",                                                                     \
      "No process runs longer than its slice while another is ready, where the scheduler has "     \
      "slices.",                                                                                   \
      "Tock, schedulers: the time slice")                                                          \
    X(RULE_CALL_RETURN, "call-return", "",                                                         \
      "After a system call an app goes on with that call's results, or in an upcall if it "        \
      "yields; "                                                                                   \
      "and never so without a call.",                                                              \
      "TRD 104 sections 3.2 and 4.1")                                                              \
    X(RULE_BLE_ARMED_LATE, "ble-armed-late", "BLE-D1",                                             \
      "When a compare event of a TIMER or RTC is routed to the radio's TXEN, RXEN or DISABLE, "    \
      "its "                                                                                       \
      "compare value is ahead of the counter, an RTC's by two ticks.",                             \
      "nRF52840 Product Specification, TIMER and RTC")                                             \
    X(RULE_BLE_IFS, "ble-ifs", "BLE-D2 BLE-T1",                                                    \
      "An answer's first bit comes 150 us behind the last bit of what it answers, 2 us more or "   \
      "less.",                                                                                     \
      "Bluetooth Core 6.2, Vol 6 Part B 4.1.1 and 4.2.1")                                          \
    X(RULE_BLE_STALE_BUFFER, "ble-stale-buffer", "BLE-D3",                                         \
      "A packet that the radio sends was written for this moment: since it went out the last "     \
      "time, "                                                                                     \
      "or it is sent again since nothing has acknowledged it.",                                    \
      "Bluetooth Core 6.2, Vol 6 Part B 4.5.9")                                                    \
    X(RULE_BLE_CHANNEL, "ble-channel", "BLE-D7 BLE-T7",                                            \
      "A connection is used on the channel and PHY of the event's number, by the map that holds "  \
      "from its instant on, and not once it is over.",                                             \
      "Bluetooth Core 6.2, Vol 6 Part B 4.5.8, 5.1.2 and 5.1.10")                                  \
    X(RULE_BLE_SEQUENCE, "ble-sequence", "BLE-D8",                                                 \
      "SN changes once a packet was acknowledged, NESN once a new one came with a good CRC; "      \
      "nothing else changes under the same SN.",                                                   \
      "Bluetooth Core 6.2, Vol 6 Part B 4.5.9")                                                    \
    X(RULE_PPI_REACH, "ppi-reach", "BLE-D10",                                                      \
      "A lent event router triggers tasks only of devices that are lent to its owner, too.",       \
      "TRD 107 section 3; nRF52840 Product Specification, PPI")                                    \
    X(RULE_RADIO_CRYSTAL, "radio-without-crystal", "BLE-D11",                                      \
      "The radio ramps up only while the crystal oscillator runs.",                                \
      "nRF52840 Product Specification, RADIO and CLOCK")                                           \
    X(RULE_VIRT_TURN, "virt-turn", "",                                                             \
      "While a client waits at a multiplexer no other is served twice: among n that always ask "   \
      "each is served once in n operations.",                                                      \
      "Tock, Virtualization document, section Fairness: round robin")                              \
    X(RULE_VIRT_CALLBACK, "virt-callback", "",                                                     \
      "Each accepted operation of a multiplexer has one callback, to who asked, and never inside " \
      "the call that asks; nobody waits while nothing is under way.",                              \
      "Tock, asynchronous drivers: issues 1496, 1736, 3584")                                       \
    X(RULE_ALARM_TIME, "alarm-time", "",                                                           \
      "No alarm fires before its tick, and none is lost: all that are due fire, and then the "     \
      "earliest is armed.",                                                                        \
      "Tock, alarm multiplexer: issues 2695, 3136, 3277")                                          \
    X(RULE_KEY_CUSTODY, "key-custody", "",                                                         \
      "A key register works for the client that has reserved it, with its key, and for nobody "    \
      "else; it, the engine's copy and the vector are wiped before another client's turn.",        \
      "Tock, Virtualization document, sections Data Sharing, rule 3, and Fairness: reservations")  \
    X(RULE_STORAGE_REGION, "storage-region", "",                                                   \
      "A word of storage changes only for the client whose operation is under way, in that "       \
      "client's own region; no page with another's bytes is erased.",                              \
      "Tock, Virtualization document, section Data Sharing; isolated nonvolatile storage driver")  \
    /* Rules that a scenario asks for. */                                                          \
    X(RULE_STEP, "step", "", "A step of an app gives what the scenario expects of it.", "")        \
    X(RULE_COUNT, "count", "", "Events are as many as the scenario says.", "")                     \
    X(RULE_ABSENT, "absent", "", "Events that must not come do not come.", "")                     \
    X(RULE_ORDER, "order", "", "Events come in the order that the scenario says.", "")             \
    X(RULE_LATENCY, "latency", "", "From one event to another it takes at most the bound.", "")    \
    X(RULE_FINAL, "final", "", "At the end a process is as the scenario says.", "")                \
    X(RULE_BLE_WINDOW, "ble-window", "BLE-D4",                                                     \
      "At each event that latency does not let it skip, the peripheral's receiver is open as "     \
      "long "                                                                                      \
      "as the central's first packet may begin.",                                                  \
      "Bluetooth Core 6.2, Vol 6 Part B 4.2.4 and 4.5.3")                                          \
    X(RULE_BLE_EVENT_END, "ble-event-end", "BLE-D5 BLE-T9",                                        \
      "A connection event's last bit comes T_IFS before the next anchor, or earlier.",             \
      "Bluetooth Core 6.2, Vol 6 Part B 4.5.6")                                                    \
    X(RULE_BLE_SUPERVISION, "ble-supervision", "BLE-D6 BLE-T10 BLE-T11",                           \
      "For neither side is the other silent for longer than six intervals at first, and then the " \
      "supervision timeout.",                                                                      \
      "Bluetooth Core 6.2, Vol 6 Part B 4.5.2")                                                    \
    X(RULE_BLE_LINK, "ble-link", "", "A connection goes as the scenario says.", "")                \
    /* Always on again. */                                                                         \
    X(RULE_CALL_ANSWER, "call-answer", "",                                                         \
      "A system call answers in its class's return variants, with the values and the errors that " \
      "TRD 104 lets it have; and a life ends only as its exit asked, or by a fault or a kill.",    \
      "TRD 104 sections 3.2, 3.3 and 4; TRD 106")                                                  \
    X(RULE_KERNEL_WRITE, "kernel-write", "",                                                       \
      "In an app's own memory the kernel writes the byte of yield-no-wait and into buffers that "  \
      "the app has handed over for writing, nothing else; and a new grant is all zero.",           \
      "TRD 104 sections 4.1.1, 4.4 and 4.5; Tock, grants: allocated zeroed")                       \
    X(RULE_FAULT_POLICY, "fault-policy", "",                                                       \
      "What becomes of an app that faults is what its board declares: stop, restart, restart at "  \
      "most so often, panic. Who is killed stays dead; who exits to begin anew does. A life has "  \
      "an id of its own.",                                                                         \
      "Tock, process fault policies; TRD 104 section 4.7; model/kernel.h, process_end")            \
    X(RULE_LOAN_ANSWER, "loan-answer", "PT5 PT11",                                                 \
      "What a call of the passthrough driver answers, and which windows and devices come and go "  \
      "with it, is what its arguments, the board and what is lent demand; so it is with each "     \
      "request in a header, in each life.",                                                        \
      "TRD 107 section 2; model/passthrough.h")                                                    \
    X(RULE_SCHED_ORDER, "sched-order", "",                                                         \
      "Of those that are ready that one runs whom the board's scheduler promises it to, and has "  \
      "no more than what is left of its slice; what the kernel does for its calls counts.",        \
      "Tock, schedulers; model/scheduler.h")                                                       \
    X(RULE_CLIENT_DATA, "client-data", "",                                                         \
      "What goes out for a client is what its buffer held, whole, in order, to the address it "    \
      "named and in nobody else's name; what it gets is what came in for it; and its completion "  \
      "says how it went.",                                                                         \
      "Tock, Virtualization document, section Data Sharing; model/services.h")                     \
    X(RULE_KERNEL_COST, "kernel-cost", "",                                                         \
      "What the kernel does takes the time that its board's costs say, at least: each path of a "  \
      "stay in it, from what ended user mode or sleep to the next of either.",                     \
      "Tock issue 1730; sim/costs.h")

enum rule {
#define RULE_ENUM(enumerator, id, aliases, demand, source) enumerator,
    RULES(RULE_ENUM)
#undef RULE_ENUM
        RULE_NUMBER
};

struct rule_row {
    const char *id;
    const char *aliases; /* separated by spaces */
    const char *demand;
    const char *source;
};

extern const struct rule_row rule_rows[RULE_NUMBER];

/* By id or alias (the first that has it); RULE_NUMBER: none. */
enum rule rule_find(const char *id);

#endif
