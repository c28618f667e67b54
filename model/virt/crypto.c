#include "model/chip_aes.h"
#include "model/kernel.h"
#include "model/virt/virt.h"

enum { CRYPTO_DRIVER = 0x40006, KEY = 0, VECTOR = 1, DATA = 0, UPCALL = 0, CRYPTO_BUFFER = 256 };
enum { EXISTS, RESERVE, LOAD, CRYPT, GIVE_BACK };
enum { WHAT, LENGTH, IV };                               /* words of a request */
enum { BYTE = 0xff, MODE_SHIFT = 8, DECRYPT = 1 << 16 }; /* of WHAT: register, mode, direction */
#define LOADS 0x80000000u
_Static_assert(IV + CHIP_AES_VECTOR_WORDS <= VIRT_WORDS, "the vector goes with its request");

static struct crypto_service *service(struct kernel *k)
{
    return &k->services.crypto;
}

static uint32_t engine(const struct kernel *k)
{
    return virt_place(k, &virt_crypto)->base;
}

/* ---- operations */

/* Of WHAT. */
static uint32_t mode_of(uint32_t what)
{
    return what >> MODE_SHIFT & BYTE;
}

/* A length that the engine cannot end with would keep it from all others. */
static enum err crypt_check(uint32_t what, uint32_t length)
{
    if (mode_of(what) >= CHIP_AES_MODES)
        return ERR_INVAL;
    bool blocks = mode_of(what) != CHIP_AES_CTR;
    return length == 0 || length > CRYPTO_BUFFER || (blocks && length % CHIP_AES_BLOCK != 0)
               ? ERR_SIZE
               : ERR_NONE;
}

/* One that does not forget in time loses all keys, now: the next one's turn finds none in it. */
static bool engine_forgets(struct kernel *k, struct hw *hw)
{
    return chip_aes_forget(hw, engine(k)) || chip_aes_reset(hw, engine(k));
}

static enum err crypt_begin(struct kernel *k, struct hw *hw, uint32_t client, uint32_t slot,
                            const uint32_t request[VIRT_WORDS])
{
    struct span down;
    enum err err = crypt_check(request[WHAT], request[LENGTH]);

    if (!err)
        err = virt_load(k, hw, &virt_crypto, client, ALLOW_RW, DATA, 0, request[LENGTH], &down);
    if (err)
        return err;
    if (!chip_aes_take(hw, engine(k), slot)) {
        service(k)->lost = !engine_forgets(k, hw); /* the copy may come yet */
        return ERR_OFF;
    }
    chip_aes_run(hw, engine(k), (enum chip_aes_mode)mode_of(request[WHAT]), request[WHAT] & DECRYPT,
                 request + IV, down);
    return ERR_NONE;
}

/* What a component of the kernel would have written into its buffer. */
static enum err kernel_key_write(struct kernel *k, struct hw *hw, uint32_t client)
{
    struct span own = virt_client_buffer(k, VIRT_CRYPTO, client);
    uint8_t key[CHIP_AES_BLOCK];

    memset(key, (int)client, sizeof key);
    return hw_ram_write(hw, (struct span){own.base, sizeof key}, key);
}

static enum err load_begin(struct kernel *k, struct hw *hw, uint32_t client, uint32_t slot)
{
    struct span down;
    enum err err = client < CLIENT_KERNEL ? ERR_NONE : kernel_key_write(k, hw, client);

    if (!err)
        err = virt_load(k, hw, &virt_crypto, client, ALLOW_RO, KEY, 0, CHIP_AES_BLOCK, &down);
    if (!err)
        chip_aes_load(hw, engine(k), slot, down.base);
    return err;
}

/* While the engine does not answer the timeout tells each client: one that asks again in its
 * callback would keep the kernel busy if it were told at once. */
static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    struct crypto_service *s = service(k);
    uint32_t slot = request[WHAT] & BYTE;

    if (!key_slot_is(&s->keys, slot, client))
        return ERR_RESERVE;
    s->loading = false;
    if (s->lost)
        return ERR_NONE;
    bool loads = request[WHAT] & LOADS;
    if (client >= CLIENT_KERNEL) /* one that has lost its key loads it again */
        loads = !chip_aes_has_key(hw, engine(k), slot);
    s->loading = loads;
    s->keys.working = (uint8_t)slot; /* it may be done at once */
    enum err err =
        loads ? load_begin(k, hw, client, slot) : crypt_begin(k, hw, client, slot, request);
    if (err)
        s->keys.working = CRYPTO_KEYS;
    return err;
}

/* Whatever it was: nothing of it stays in the engine, nor the key in a buffer. */
static void operation_end(struct kernel *k, struct hw *hw, enum err err)
{
    static const uint8_t zeros[CHIP_AES_BLOCK];
    struct crypto_service *s = service(k);
    struct span down = virt_of(k, &virt_crypto)->custody.down;

    if (s->loading && hw_ram_write(hw, down, zeros))
        err = ERR_FAIL;
    if (!s->lost)
        s->lost = !engine_forgets(k, hw);
    key_slots_done(&s->keys, hw, virt_of(k, &virt_crypto)->client);
    virt_end(k, hw, &virt_crypto, err, s->loading ? 0 : down.size);
}

static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    uint32_t size = err ? 0 : virt_unload(k, hw, &virt_crypto, p, DATA, 0, result);

    (void)request;
    virt_upcall(k, hw, &virt_crypto, p, UPCALL, err, size, 0);
}

/* At its client's end it goes on: that is soon over, and to stop the engine loses all keys. */
static void abort_stuck(struct kernel *k, struct hw *hw)
{
    if (!virt_of(k, &virt_crypto)->given_up)
        return;
    service(k)->lost = !chip_aes_reset(hw, engine(k));
    operation_end(k, hw, ERR_FAIL);
}

/* Its register was reserved at the start: see there. A buffer full takes the engine longer than
 * the kernel takes to leave: one that asks for less, on and on, would let no app run. */
static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    request[WHAT] = client - CLIENT_KERNEL + (CHIP_AES_CTR << MODE_SHIFT);
    request[LENGTH] = VIRT_CLIENT_BUFFER;
    request[IV] = client;
}

const struct virt_type virt_crypto = {
    .id = VIRT_CRYPTO,
    .driver = &crypto_driver,
    .buffer_size = CRYPTO_BUFFER,
    .begin = begin,
    .deliver = deliver,
    .abort = abort_stuck,
    .timeout_ms = 10, /* 256 bytes take 20 us */
    .kernel_request = kernel_request,
};

/* ---- the driver */

static enum err crypt_ask(struct kernel *k, struct hw *hw, struct process *p, uint32_t what,
                          uint32_t length)
{
    uint32_t request[VIRT_WORDS] = {[WHAT] = what, [LENGTH] = length};
    struct span vector = grant_allow(hw, p, &crypto_driver, ALLOW_RO, VECTOR);
    uint8_t bytes[CHIP_AES_BLOCK];
    enum err err =
        what >> MODE_SHIFT >= 2 * DECRYPT >> MODE_SHIFT ? ERR_INVAL : crypt_check(what, length);

    if (!err && length > grant_allow(hw, p, &crypto_driver, ALLOW_RW, DATA).size)
        err = ERR_SIZE;
    if (!err && mode_of(what) != CHIP_AES_ECB)
        err = buffer_read(hw, p, vector, 0, sizeof bytes, bytes);
    if (err)
        return err;
    for (uint32_t i = 0; mode_of(what) != CHIP_AES_ECB && i < sizeof bytes; i++)
        request[IV + i / 4] |= (uint32_t)bytes[i] << 8 * (i % 4);
    return virt_ask_process(k, hw, &virt_crypto, p, request);
}

static enum err load_ask(struct kernel *k, struct hw *hw, struct process *p, uint32_t slot)
{
    const uint32_t request[VIRT_WORDS] = {[WHAT] = slot | LOADS};

    if (grant_allow(hw, p, &crypto_driver, ALLOW_RO, KEY).size < CHIP_AES_BLOCK)
        return ERR_SIZE;
    return virt_ask_process(k, hw, &virt_crypto, p, request);
}

static enum err give_back(struct kernel *k, struct hw *hw, const struct process *p, uint32_t slot)
{
    if (virt_has(k, &virt_crypto, p->id.index))
        return ERR_BUSY;
    key_slot_free(&service(k)->keys, hw, slot, p->id.index);
    return ERR_NONE;
}

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    uint32_t slot = number == CRYPT ? a & BYTE : a;

    if (number == EXISTS)
        return return_success();
    if (number == RESERVE) {
        enum err err = key_slot_reserve(&service(k)->keys, hw, p->id.index, &slot);
        return err ? return_failure(err) : return_success_1(slot);
    }
    if (number > GIVE_BACK)
        return return_failure(ERR_NOSUPPORT);
    if (!key_slot_is(&service(k)->keys, slot, p->id.index))
        return return_failure(ERR_RESERVE);
    if (number == LOAD)
        return return_of(load_ask(k, hw, p, slot));
    if (number == CRYPT)
        return return_of(crypt_ask(k, hw, p, a, b));
    return return_of(give_back(k, hw, p, slot));
}

static bool present(const struct kernel *k)
{
    return virt_present(k, &virt_crypto);
}

/* The kernel's own clients come before all apps: client i has register i. */
static void start(struct kernel *k, struct hw *hw)
{
    struct crypto_service *s = service(k);
    uint32_t slot;

    virt_start(k, hw, &virt_crypto);
    s->lost = !chip_aes_reset(hw, engine(k));
    key_slots_start(&s->keys, engine(k));
    for (uint32_t i = 0; i < k->config->kernel_clients[VIRT_CRYPTO].count; i++) {
        enum err err = key_slot_reserve(&s->keys, hw, CLIENT_KERNEL + i, &slot);
        KASSERT(hw, err == ERR_NONE && slot == i);
    }
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    virt_forget(k, hw, &virt_crypto, id);
    key_slots_forget(&service(k)->keys, hw, id.index);
}

static bool on_interrupt(struct kernel *k, struct hw *hw, uint32_t line)
{
    if (virt_place(k, &virt_crypto)->line != line)
        return false;
    enum chip_aes_end end = chip_aes_end(hw, engine(k));
    if (end == CHIP_AES_NOTHING || service(k)->keys.working == CRYPTO_KEYS)
        return true;
    if (end == CHIP_AES_BUS_ERROR)
        service(k)->lost = !chip_aes_reset(hw, engine(k));
    operation_end(k, hw, end == CHIP_AES_GOOD ? ERR_NONE : ERR_FAIL);
    return true;
}

const struct driver crypto_driver = {
    .number = CRYPTO_DRIVER,
    .upcalls = UPCALL + 1,
    .allows = {[ALLOW_RW] = DATA + 1, [ALLOW_RO] = VECTOR + 1},
    .grant_bytes = 4 * VIRT_WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
    .on_interrupt = on_interrupt,
};
