#include "model/kernel.h"
#include "model/virt/virt.h"

enum { FRAMES_DRIVER = 0x30003, BUFFER = 0, UPCALL_RECEIVED = 0, UPCALL_SENT = 1 };
enum { EXISTS, BIND, UNBIND, RECEIVE, SEND };

static uint8_t *address_of(struct kernel *k, const struct process *p)
{
    return &k->services.uart.bound[p->id.index];
}

static void tell(struct kernel *k, struct hw *hw, const struct process *p, uint32_t upcall,
                 enum err err, uint32_t size)
{
    const uint32_t args[3] = {err, size, 0};
    enum err told = upcall_queue(k, hw, p->id, &frames_driver, upcall, args);

    (void)told; /* dropped ones are counted there */
}

/* ---- what comes and goes */

/* The payload whole, or nothing of it. */
static enum err payload_copy(struct hw *hw, const struct process *p, struct span payload)
{
    struct span to = grant_allow(hw, p, &frames_driver, ALLOW_RW, BUFFER);
    uint8_t bytes[FRAME_PAYLOAD_MAX];

    if (payload.size > to.size || payload.size > sizeof bytes)
        return ERR_SIZE;
    if (payload.size == 0)
        return ERR_NONE;
    enum err err = hw_ram_read(hw, payload, bytes);
    return err ? err : buffer_write(hw, p, to, 0, payload.size, bytes);
}

enum frame_fate frames_give(struct kernel *k, struct hw *hw, const struct process *p,
                            struct span payload)
{
    struct clients *waiting = &k->services.uart.waiting;

    if (!clients_have(waiting, p->id.index))
        return FRAME_UNAWAITED;
    clients_remove(waiting, p->id.index);
    enum err err = payload_copy(hw, p, payload);
    tell(k, hw, p, UPCALL_RECEIVED, err, payload.size);
    return err ? FRAME_TOO_LARGE : FRAME_GIVEN;
}

void frames_sent(struct kernel *k, struct hw *hw, const struct process *p, enum err err,
                 uint32_t size)
{
    tell(k, hw, p, UPCALL_SENT, err, size);
}

/* ---- the driver */

/* Of whoever has let it go, or has died: what is left of that frame is not the next one's. */
static bool frame_goes_out(struct kernel *k, uint32_t address)
{
    const struct uart_service *uart = &k->services.uart;

    return virt_of(k, &virt_uart)->client < CLIENT_KERNEL && uart->is_frame &&
           uart->address == address;
}

static enum err bind(struct kernel *k, const struct process *p, uint32_t address)
{
    if (address == 0 || address > FRAME_ADDRESS_MAX)
        return ERR_INVAL;
    if (*address_of(k, p) != 0)
        return ERR_ALREADY;
    if (frame_goes_out(k, address))
        return ERR_BUSY;
    for (uint32_t i = 0; i < k->process_count; i++)
        if (k->services.uart.bound[i] == address)
            return ERR_BUSY;
    *address_of(k, p) = (uint8_t)address;
    return ERR_NONE;
}

static enum err unbind(struct kernel *k, struct hw *hw, const struct process *p)
{
    struct clients *waiting = &k->services.uart.waiting;

    if (clients_have(waiting, p->id.index))
        tell(k, hw, p, UPCALL_RECEIVED, ERR_CANCEL, 0);
    clients_remove(waiting, p->id.index);
    *address_of(k, p) = 0;
    uart_address_lost(k, hw, p->id.index);
    return ERR_NONE;
}

static enum err receive(struct kernel *k, struct hw *hw, const struct process *p)
{
    struct clients *waiting = &k->services.uart.waiting;

    if (clients_have(waiting, p->id.index))
        return ERR_BUSY;
    if (grant_allow(hw, p, &frames_driver, ALLOW_RW, BUFFER).size == 0)
        return ERR_SIZE;
    clients_add(waiting, p->id.index);
    return ERR_NONE;
}

static enum err send(struct kernel *k, struct hw *hw, struct process *p, uint32_t size)
{
    const uint32_t request[VIRT_WORDS] = {[UART_IS_FRAME] = true, [UART_LENGTH] = size};

    if (size == 0 || size > FRAME_PAYLOAD_MAX ||
        size > grant_allow(hw, p, &frames_driver, ALLOW_RO, BUFFER).size)
        return ERR_SIZE;
    return virt_ask_process(k, hw, &virt_uart, p, request);
}

static enum err frames_act(struct kernel *k, struct hw *hw, struct process *p, uint32_t number,
                           uint32_t a)
{
    if (number == EXISTS)
        return ERR_NONE;
    if (number > SEND)
        return ERR_NOSUPPORT;
    if (number == BIND)
        return bind(k, p, a);
    if (*address_of(k, p) == 0)
        return ERR_RESERVE;
    if (number == UNBIND)
        return unbind(k, hw, p);
    return number == RECEIVE ? receive(k, hw, p) : send(k, hw, p, a);
}

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    (void)b;
    return return_of(frames_act(k, hw, p, number, a));
}

static bool present(const struct kernel *k)
{
    return k->config->frames && virt_present(k, &virt_uart);
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    k->services.uart.bound[id.index] = 0;
    clients_remove(&k->services.uart.waiting, id.index);
    uart_address_lost(k, hw, id.index);
}

const struct driver frames_driver = {
    .number = FRAMES_DRIVER,
    .upcalls = UPCALL_SENT + 1,
    .allows = {[ALLOW_RW] = BUFFER + 1, [ALLOW_RO] = BUFFER + 1},
    .present = present,
    .command = command,
    .on_process_end = on_process_end,
};
