/* fuzz_syscall.c: three apps that do anything, on a board that lends devices and on one that shares
 * its own; every always-on rule must hold.
 *
 * A tape's streams: STREAM_SCHEDULE (which board, and what befalls the apps: fuzz/stage.h) and
 * STREAM_APP to STREAM_APP + 2 (fuzz/app_bytes.h). Nobody plays the others.
 *
 * The apps differ in what the kernel knows of them: credential, fault policy, sizes, a device
 * request in a header, a list of permitted calls. No credential here gets a DMA master lent: who
 * has one is trusted (TRD 107, section 3), and rules would break by right.
 */
#include "fuzz/stage.h"
#include "fuzz/tape_mutate.h"
#include "fuzz/target.h"

#include <stdlib.h>

/* Its only differences are the board and whom it lends a device at the start. */
#define STAGE_TEXT(board, request)                                                                 \
    "{\"claim\": \"Three apps that do anything break no rule.\", \"board\": \"" board "\","        \
    " \"apps\": ["                                                                                 \
    "{\"name\": \"one\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 1}," \
    "{\"name\": \"two\", \"program\": \"bytes\", \"fault_policy\": \"restart\", \"short_id\": 2,"  \
    " \"ram\": {\"size\": 8192, \"initial\": 1024}, \"requests\": [{\"device\": \"" request        \
    "\"}]},"                                                                                       \
    "{\"name\": \"three\", \"program\": \"bytes\", \"fault_policy\": \"restart-at-most\","         \
    " \"restart_limit\": 3}],"                                                                     \
    " \"until_ms\": 30}"

static const struct {
    const char *name, *text;
} stages[] = {
    {"fuzz/lends.json", STAGE_TEXT("nrf52840dk", "TIMER1")},
    {"fuzz/shares.json", STAGE_TEXT("services", "TIMER1")},
};
enum { STAGES = sizeof stages / sizeof stages[0] };

/* The only state of the target between two inputs: machines that are put back before each. */
static struct stage made[STAGES];

static struct stage *stage_of(uint32_t which)
{
    struct problems problems = {0};
    if (made[which].setup ||
        stage_make(&made[which], stages[which].name, stages[which].text, &problems))
        return &made[which];
    fprintf(stderr, "%s\nfuzz_syscall: run it in the project's root\n", problems.text);
    exit(1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tape tape;
    tape_decode(data, size, &tape);
    struct stage *stage = stage_of(stage_chosen(&tape, STAGES));
    if (stage_play(stage, &tape) == STAGE_HOLDS)
        return 0;
    stage_report(stage, stderr);
    abort();
}

static const struct tape_user user = {{[STREAM_SCHEDULE] = (1 << SCHEDULE_KINDS) - 1,
                                       [STREAM_APP] = 0xffff,
                                       [STREAM_APP + 1] = 0xffff,
                                       [STREAM_APP + 2] = 0xffff}};

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    return tape_mutate(&user, data, size, max_size, seed);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size, unsigned seed)
{
    return tape_cross(one, one_size, other, other_size, out, max_size, seed);
}
