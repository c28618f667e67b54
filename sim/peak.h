/* peak.h: the most that a run has come to, of what a rule bounds: how near it was to breaking it.
 *
 *   a monitor that compares a number with its bound --peak_reach--> the machine
 *                                                   machine_peaks--> a fuzzer (fuzz/climb.h)
 *
 * Kept beside the verdicts, and copied with the machine. Of a rule whose monitor does not listen it
 * is 0.
 */
#ifndef SIM_PEAK_H
#define SIM_PEAK_H

enum peak {
    PEAK_UPCALLS,      /* that waited for one app at once. upcall.c */
    PEAK_UPCALL_KINDS, /* different ones (driver, number) among them */
    PEAK_ALARM_TICKS,  /* from an alarm's tick to when it fired. alarms.c */
    PEAK_KERNEL_PS,    /* that the kernel had the CPU while an app was ready. turns.c */
    PEAK_SERVICES,     /* bottom halves of one line while an app was ready. livelock.c */
    PEAK_CLIENTS,      /* that waited for one multiplexer at once. virt_turns.c */
    PEAKS
};

#endif
