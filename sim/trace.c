/* trace.c: the hash, names of records, and the recorder. */
#include "sim/trace.h"
#include <stdlib.h>

static const char *const names[EVENT_KINDS] = {
    [EVENT_RUN] = "run",
    [EVENT_SYSCALL] = "syscall",
    [EVENT_SYSCALL_MORE] = "syscall-more",
    [EVENT_RETURN] = "return",
    [EVENT_UPCALL] = "upcall",
    [EVENT_UPCALL_MORE] = "upcall-more",
    [EVENT_LOAD] = "load",
    [EVENT_STORE] = "store",
    [EVENT_EXECUTE] = "execute",
    [EVENT_FAULT] = "fault",
    [EVENT_SLICE_END] = "slice-end",
    [EVENT_SLEEP] = "sleep",
    [EVENT_WAKE] = "wake",
    [EVENT_IRQ_RAISED] = "irq",
    [EVENT_IRQ_LOWERED] = "irq-lowered",
    [EVENT_IRQ_TAKEN] = "irq-taken",
    [EVENT_KERNEL_READ] = "kernel-read",
    [EVENT_KERNEL_WRITE] = "kernel-write",
    [EVENT_DEVICE_TASK] = "task",
    [EVENT_DEVICE_EVENT] = "event",
    [EVENT_DMA_READ] = "dma-read",
    [EVENT_DMA_WRITE] = "dma-write",
    [EVENT_DMA_REFUSED] = "dma-refused",
    [EVENT_WIRE] = "wire",
    [EVENT_INJECTED] = "injected",
    [EVENT_KERNEL_PANIC] = "kernel-panic",
    [EVENT_HALT] = "halt",
    [EVENT_APP_NOTE] = "mark",
    [EVENT_ROUTED] = "routed",
    [EVENT_AIR_START] = "air-start",
    [EVENT_AIR_BYTES] = "air-bytes",
    [EVENT_AIR_END] = "air-end",
    [EVENT_AIR_HEARD] = "air-heard",
    [EVENT_AIR_MISSED] = "air-missed",
    [EVENT_AIR_RECEIVED] = "air-received",
    [EVENT_AIR_LISTEN] = "air-listen",
    [EVENT_AIR_DEAF] = "air-deaf",
    [EVENT_PEER_NOTE] = "peer-note",
    [EVENT_FLASH_WRITTEN] = "flash-written",
    [EVENT_FLASH_WORN] = "flash-worn",
    [EVENT_FLASH_ERASED] = "flash-erased",
    [EVENT_FLASH_REFUSED] = "flash-refused",
    [EVENT_NOTE_BASE + NOTE_PROCESS_LOADED] = "process-loaded",
    [EVENT_NOTE_BASE + NOTE_PROCESS_STATE] = "process-state",
    [EVENT_NOTE_BASE + NOTE_PROCESS_BREAKS] = "process-breaks",
    [EVENT_NOTE_BASE + NOTE_PROCESS_END] = "process-end",
    [EVENT_NOTE_BASE + NOTE_SYSCALL_FILTERED] = "syscall-filtered",
    [EVENT_NOTE_BASE + NOTE_UPCALL_QUEUED] = "upcall-queued",
    [EVENT_NOTE_BASE + NOTE_UPCALL_DROPPED] = "upcall-dropped",
    [EVENT_NOTE_BASE + NOTE_UPCALL_CANCELLED] = "upcall-cancelled",
    [EVENT_NOTE_BASE + NOTE_UPCALL_DELIVERED] = "upcall-delivered",
    [EVENT_NOTE_BASE + NOTE_GRANT_ALLOCATED] = "grant-allocated",
    [EVENT_NOTE_BASE + NOTE_ALLOW] = "allow",
    [EVENT_NOTE_BASE + NOTE_FILTER_ASKED] = "filter-asked",
    [EVENT_NOTE_BASE + NOTE_FILTER_ANSWERED] = "filter-answered",
    [EVENT_NOTE_BASE + NOTE_WINDOW_GRANTED] = "window-granted",
    [EVENT_NOTE_BASE + NOTE_WINDOW_REMOVED] = "window-removed",
    [EVENT_NOTE_BASE + NOTE_WINDOW_REFUSED] = "window-refused",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_OWNED] = "endpoint-owned",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_MASKED] = "endpoint-masked",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_QUIET] = "endpoint-quiet",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_FREED] = "endpoint-freed",
    [EVENT_NOTE_BASE + NOTE_ENDPOINT_STUCK] = "endpoint-stuck",
    [EVENT_NOTE_BASE + NOTE_LINE_SERVICED] = "line-serviced",
    [EVENT_NOTE_BASE + NOTE_LINE_UNCLAIMED] = "line-unclaimed",
    [EVENT_NOTE_BASE + NOTE_CONSOLE_CLIENT] = "console-client",
    [EVENT_NOTE_BASE + NOTE_MPU_WRITTEN] = "mpu-written",
    [EVENT_NOTE_BASE + NOTE_KERNEL_LIMIT] = "kernel-limit",
    [EVENT_NOTE_BASE + NOTE_RADIO_LOADED] = "radio-loaded",
    [EVENT_NOTE_BASE + NOTE_CLIENT_ASKS] = "client-asks",
    [EVENT_NOTE_BASE + NOTE_CLIENT_ANSWERED] = "client-answered",
    [EVENT_NOTE_BASE + NOTE_CLIENT_BEGUN] = "client-begun",
    [EVENT_NOTE_BASE + NOTE_CLIENT_DONE] = "client-done",
    [EVENT_NOTE_BASE + NOTE_ALARM_SET] = "alarm-set",
    [EVENT_NOTE_BASE + NOTE_ALARM_FIRED] = "alarm-fired",
    [EVENT_NOTE_BASE + NOTE_BUFFER_TAKEN] = "buffer-taken",
    [EVENT_NOTE_BASE + NOTE_BUFFER_LENT] = "buffer-lent",
    [EVENT_NOTE_BASE + NOTE_BUFFER_BACK] = "buffer-back",
    [EVENT_NOTE_BASE + NOTE_BUFFER_WIPED] = "buffer-wiped",
    [EVENT_NOTE_BASE + NOTE_DATAGRAM] = "datagram",
    [EVENT_NOTE_BASE + NOTE_FRAME] = "frame",
    [EVENT_NOTE_BASE + NOTE_KEY_RESERVED] = "key-reserved",
    [EVENT_NOTE_BASE + NOTE_KEY_FREED] = "key-freed",
};

const char *event_name(unsigned kind)
{
    return kind < EVENT_KINDS ? names[kind] : NULL;
}

void recorder_start(struct recorder *recorder, uint64_t limit)
{
    *recorder = (struct recorder){.limit = limit};
}

void recorder_add(struct recorder *recorder, const struct record *record)
{
    if (recorder->hear)
        recorder->hear(recorder->context, record);
    if (recorder->limit && recorder->count >= recorder->limit) {
        recorder->count++;
        return;
    }
    if (recorder->count == recorder->capacity) {
        uint64_t capacity = recorder->capacity ? recorder->capacity * 2 : 1024;
        struct record *grown = realloc(recorder->records, capacity * sizeof *grown);
        if (!grown)
            abort(); /* out of host memory: nothing to keep going with */
        recorder->records = grown;
        recorder->capacity = capacity;
    }
    recorder->records[recorder->count++] = *record;
}

struct recorded_frame {
    uint64_t record; /* the place of its EVENT_AIR_BYTES */
    struct air_frame frame;
};

void recorder_add_frame(struct recorder *recorder, const struct air_frame *frame)
{
    if (recorder->limit && recorder->count >= recorder->limit)
        return;
    while (recorder->frame_count &&
           recorder->frames[recorder->frame_count - 1].record >= recorder->count)
        recorder->frame_count--; /* the records that it stood beside were read and dropped */
    if (recorder->frame_count == recorder->frame_capacity) {
        uint64_t capacity = recorder->frame_capacity ? recorder->frame_capacity * 2 : 16;
        struct recorded_frame *grown = realloc(recorder->frames, capacity * sizeof *grown);
        if (!grown)
            abort();
        recorder->frames = grown;
        recorder->frame_capacity = capacity;
    }
    recorder->frames[recorder->frame_count++] = (struct recorded_frame){recorder->count, *frame};
}

const struct air_frame *recorder_frame(const struct recorder *recorder, uint64_t record)
{
    if (record >= recorder->count || recorder->records[record].kind != EVENT_AIR_BYTES)
        return NULL;
    for (uint64_t i = recorder->frame_count; i > 0; i--)
        if (recorder->frames[i - 1].record == record)
            return &recorder->frames[i - 1].frame;
    return NULL;
}

void recorder_free(struct recorder *recorder)
{
    free(recorder->records);
    free(recorder->frames);
    *recorder = (struct recorder){0};
}
