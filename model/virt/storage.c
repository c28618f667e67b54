#include "model/chip_nvmc.h"
#include "model/kernel.h"
#include "model/process_block.h"
#include "model/virt/regions.h"
#include "model/virt/virt.h"

enum { STORAGE_DRIVER = 0x50001, IN = 0, OUT = 0, UPCALL_READ = 0, UPCALL_WRITTEN = 1 };
enum { EXISTS, SIZE, READ, WRITE };
enum { OPERATION, OFFSET, LENGTH }; /* words of a request */
enum { PIECE_WORDS = 24, PIECE_LOOKS = 256, SLICE_MS = 1 };
_Static_assert((int)STORAGE_REGION == (int)NVMC_PAGE, "no erasure meets another's bytes");

/* ---- operations: begun in the page buffer, done in pieces */

static bool is_inside(uint32_t offset, uint32_t length)
{
    return offset < STORAGE_REGION && length <= STORAGE_REGION - offset;
}

static enum err write_begin(struct kernel *k, struct hw *hw, uint32_t client, struct span page,
                            const uint32_t request[])
{
    struct storage_service *s = &k->services.storage;
    struct span to = {page.base + request[OFFSET], request[LENGTH]};

    region_read(k, hw, s->claims ? REGION_NEW : s->row, 0, page);
    enum err err = virt_fetch(k, hw, &virt_storage, client, ALLOW_RO, OUT, to);
    if (err)
        return err;
    s->at = s->claims ? 0 : request[OFFSET] / 4 * 4;
    s->end = s->claims ? page.size : (request[OFFSET] + request[LENGTH] + 3) / 4 * 4;
    s->erases = !region_takes(k, hw, s->row, page.base, s->at, s->end);
    s->slices = NVMC_ERASE_MS / SLICE_MS;
    if (s->erases || s->claims) { /* all of it; but the row first */
        s->at = 0;
        s->end = s->claims ? REGION_ROW : page.size;
    }
    return ERR_NONE;
}

/* The controller is ready, so the flash is as it will stay. */
static enum err look_and_take(struct kernel *k, struct hw *hw, uint32_t client)
{
    struct storage_service *s = &k->services.storage;
    const uint32_t *request = s->request;
    struct region_owner owner;

    (void)region_owner(k, client, &owner); /* it has one: begin has seen to that */
    enum err err = region_find(k, hw, &owner, &s->row, &s->claims);
    if (request[OPERATION] == WRITE && !err)
        return write_begin(k, hw, client, virt_take(k, hw, &virt_storage, client), request);
    if (request[OPERATION] != READ)
        return err ? err : ERR_INVAL;
    struct span page = virt_take(k, hw, &virt_storage, client);
    region_read(k, hw, s->claims ? REGION_NEW : s->row, request[OFFSET],
                (struct span){page.base + request[OFFSET], request[LENGTH]});
    s->claims = false; /* who only reads leaves no trace */
    return ERR_NONE;
}

/* One that was given up may have left a word on its way, of a row, too: whoever looks before that
 * has landed could take the same row. */
static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    struct storage_service *s = &k->services.storage;
    struct region_owner owner;

    *s = (struct storage_service){.length = request[LENGTH]};
    memcpy(s->request, request, sizeof s->request);
    if (!region_owner(k, client, &owner))
        return ERR_NOSUPPORT;
    if (!is_inside(request[OFFSET], request[LENGTH]))
        return ERR_INVAL;
    s->waits = !chip_nvmc_ready(hw, virt_place(k, &virt_storage)->base);
    return s->waits ? ERR_NONE : look_and_take(k, hw, client);
}

/* Where the word at `at` goes, and what it shall be: of the row that is claimed, then of the
 * region. */
static uint32_t target_of(struct kernel *k, struct hw *hw, uint32_t *want)
{
    const struct storage_service *s = &k->services.storage;
    const struct virt *v = virt_of(k, &virt_storage);
    struct region_owner owner;

    if (!s->claims) {
        *want = flash_word(hw, v->custody.own.base + s->at);
        return region_address(k, s->row) + s->at;
    }
    (void)region_owner(k, v->client, &owner); /* it has one: begin has seen to that */
    *want = owner.words[s->at / 4];
    return region_row(k, s->row) + s->at;
}

/* A word that was written is read back when it is come by again. */
static void piece_write(struct kernel *k, struct hw *hw)
{
    struct storage_service *s = &k->services.storage;
    uint32_t base = virt_place(k, &virt_storage)->base, written = 0;

    for (uint32_t looks = 0; s->at < s->end && !(s->claims && s->fails) && looks < PIECE_LOOKS &&
                             written < PIECE_WORDS && chip_nvmc_ready(hw, base);
         looks++) {
        uint32_t want, address = target_of(k, hw, &want);
        bool is_right = flash_word(hw, address) == want;
        if (!is_right && !s->wrote) {
            chip_nvmc_write(hw, base, address, want);
            written++;
            s->wrote = true;
            continue;
        }
        s->fails |= !is_right;
        s->wrote = false;
        s->at += 4;
    }
    if (s->claims && !s->fails && s->at == s->end) {
        s->claims = false;
        s->at = 0;
        s->end = STORAGE_REGION;
    }
}

static void piece_erase(struct kernel *k, struct hw *hw)
{
    struct storage_service *s = &k->services.storage;

    if (s->slices > 0) {
        s->slices--;
        s->touched = true;
        chip_nvmc_erase_slice(hw, virt_place(k, &virt_storage)->base, region_address(k, s->row),
                              SLICE_MS);
        return;
    }
    s->erases = false;
    s->fails = !region_is_blank(k, hw, s->row);
    if (s->fails) /* what is not blank cannot be written */
        s->at = s->end;
}

/* Its client has died meanwhile: it shall not begin. */
static enum err begin_late(struct kernel *k, struct hw *hw)
{
    const struct virt *v = virt_of(k, &virt_storage);

    k->services.storage.waits = false;
    return v->orphan ? ERR_CANCEL : look_and_take(k, hw, v->client);
}

static void step(struct kernel *k, struct hw *hw)
{
    struct storage_service *s = &k->services.storage;

    if (!chip_nvmc_ready(hw, virt_place(k, &virt_storage)->base))
        return;
    virt_progress(k, hw, &virt_storage);
    enum err err = s->waits ? begin_late(k, hw) : ERR_NONE;
    if (err) {
        virt_end(k, hw, &virt_storage, err, 0);
        return;
    }
    if (s->erases && !s->claims)
        piece_erase(k, hw);
    else
        piece_write(k, hw);
    if (s->claims ? s->fails : !s->erases && s->at == s->end)
        virt_end(k, hw, &virt_storage, s->fails ? ERR_FAIL : ERR_NONE, s->length);
}

static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    bool reads = request[OPERATION] == READ;
    uint32_t size = err ? 0 : result;

    if (reads)
        size = virt_unload(k, hw, &virt_storage, p, IN, request[OFFSET], size);
    virt_upcall(k, hw, &virt_storage, p, reads ? UPCALL_READ : UPCALL_WRITTEN, size, err, 0);
}

/* Once a part of the erasure is done the region's other bytes are in the page buffer alone. */
static void abort_now(struct kernel *k, struct hw *hw)
{
    if (!k->services.storage.touched)
        virt_end(k, hw, &virt_storage, ERR_CANCEL, 0);
}

/* A kernel client keeps a count: each of its writes has another first byte. */
static void kernel_prepare(struct kernel *k, struct hw *hw, uint32_t client)
{
    uint32_t at = virt_client_buffer(k, VIRT_STORAGE, client).base;
    uint32_t count = flash_word(hw, at) + 1;
    enum err err = words_write(hw, at, &count, 1);

    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    request[OPERATION] = WRITE;
    request[OFFSET] = 4 * client;
    request[LENGTH] = 1 + client % 8;
}

const struct virt_type virt_storage = {
    .id = VIRT_STORAGE,
    .driver = &storage_driver,
    .buffer_size = STORAGE_REGION,
    .begin = begin,
    .deliver = deliver,
    .abort = abort_now,
    .timeout_ms = 20, /* a piece takes 1 ms */
    .step = step,
    .step_us = STORAGE_PAUSE_US,
    .kernel_prepare = kernel_prepare,
    .kernel_request = kernel_request,
};

/* ---- the driver */

static enum err ask(struct kernel *k, struct hw *hw, struct process *p, uint32_t operation,
                    uint32_t offset, uint32_t length)
{
    const uint32_t request[VIRT_WORDS] = {operation, offset, length};
    struct span buffer = operation == READ ? grant_allow(hw, p, &storage_driver, ALLOW_RW, IN)
                                           : grant_allow(hw, p, &storage_driver, ALLOW_RO, OUT);

    if (!is_inside(offset, length))
        return ERR_INVAL;
    if (buffer.size == 0)
        return ERR_RESERVE;
    if (length == 0 || length > buffer.size)
        return ERR_SIZE;
    return virt_ask_process(k, hw, &virt_storage, p, request);
}

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    struct region_owner owner;

    if (number == EXISTS)
        return return_success();
    if (number > WRITE || !region_owner(k, p->id.index, &owner))
        return return_failure(ERR_NOSUPPORT);
    if (number == SIZE)
        return return_success_1(STORAGE_REGION);
    return return_of(ask(k, hw, p, number, a, b));
}

/* Nothing else would begin the next piece than the alarm. */
static bool present(const struct kernel *k)
{
    return virt_present(k, &virt_storage) && k->config->alarm.present && region_count(k) > 0;
}

static void start(struct kernel *k, struct hw *hw)
{
    k->services.storage = (struct storage_service){0};
    virt_start(k, hw, &virt_storage);
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    virt_forget(k, hw, &virt_storage, id);
}

const struct driver storage_driver = {
    .number = STORAGE_DRIVER,
    .upcalls = UPCALL_WRITTEN + 1,
    .allows = {[ALLOW_RW] = IN + 1, [ALLOW_RO] = OUT + 1},
    .grant_bytes = 4 * VIRT_WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
};
