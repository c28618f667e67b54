#include "model/virt/udp.h"
#include "model/kernel.h"
#include "model/virt/uart.h"

enum { UDP_DRIVER = 0x30002, DATA = 0, ADDRESS = 1, UPCALL_SENT = 1 };
enum { EXISTS, BIND, UNBIND, SEND, RECEIVE, COMMANDS };
enum { LENGTH, PORT }; /* words of a request: of the data; the destination's */
enum { KERNEL_DATA_SIZE = 8, KERNEL_DESTINATION = 7 };

static const uint8_t host_address[DATAGRAM_ADDRESS_SIZE] = {0xfe, 0x80, [15] = 1};

/* ---- sending */

/* Whole, or missing. */
static bool address_fits(struct span address)
{
    return address.size == 0 || address.size >= DATAGRAM_ADDRESS_SIZE;
}

/* The destination's address and the data, as the client has them now. */
static enum err data_read(struct kernel *k, struct hw *hw, uint32_t client, uint32_t size,
                          struct datagram *datagram, uint8_t *data)
{
    memcpy(datagram->destination, host_address, DATAGRAM_ADDRESS_SIZE);
    if (client >= CLIENT_KERNEL) {
        struct span own = virt_client_buffer(k, VIRT_UDP, client);
        return hw_ram_read(hw, (struct span){own.base, KERNEL_DATA_SIZE}, data);
    }
    const struct process *p = &k->processes[client];
    struct span from = grant_allow(hw, p, &udp_driver, ALLOW_RO, DATA);
    struct span address = grant_allow(hw, p, &udp_driver, ALLOW_RO, ADDRESS);
    if (size > from.size || !address_fits(address))
        return ERR_SIZE;
    if (address.size > 0) {
        enum err err = buffer_read(hw, p, address, 0, DATAGRAM_ADDRESS_SIZE, datagram->destination);
        if (err)
            return err;
    }
    return size ? buffer_read(hw, p, from, 0, size, data) : ERR_NONE;
}

/* Whose it is says the table, not the request: nobody sends in another's name. */
static enum err begin(struct kernel *k, struct hw *hw, uint32_t client,
                      const uint32_t request[VIRT_WORDS])
{
    uint32_t row = udp_row(k, 0, client);
    uint8_t packet[DATAGRAM_MAX];
    struct span down;

    if (row == UDP_PORTS)
        return ERR_RESERVE;
    if (request[LENGTH] > DATAGRAM_DATA_MAX)
        return ERR_SIZE;
    if (request[PORT] == 0 || request[PORT] > UINT16_MAX)
        return ERR_INVAL;
    struct datagram datagram = {.source_port = k->services.udp.ports[row].port,
                                .destination_port = (uint16_t)request[PORT],
                                .size = (uint16_t)request[LENGTH]};
    memcpy(datagram.source, udp_own_address, DATAGRAM_ADDRESS_SIZE);
    enum err err = data_read(k, hw, client, request[LENGTH], &datagram, packet + DATAGRAM_OVERHEAD);
    if (err)
        return err;
    uint32_t size = datagram_build(&datagram, packet);
    hw_spend(hw, PATH_COPY_WORD, size / 4); /* the checksum's pass over it */
    err = virt_make(k, hw, &virt_udp, client, packet, size, &down);
    if (!err)
        err = uart_network_send(k, hw, down);
    if (!err)
        k->services.udp.sending = datagram.source_port;
    return err;
}

static void abort_sending(struct kernel *k, struct hw *hw)
{
    (void)hw;
    uart_network_cancel(k);
}

static void deliver(struct kernel *k, struct hw *hw, const struct process *p,
                    const uint32_t request[VIRT_WORDS], enum err err, uint32_t result)
{
    (void)request; /* a device may have written over it */
    virt_upcall(k, hw, &virt_udp, p, UPCALL_SENT, err, result, 0);
}

static void kernel_prepare(struct kernel *k, struct hw *hw, uint32_t client)
{
    uint8_t data[KERNEL_DATA_SIZE] = "kernel 0";
    struct span buffer = virt_client_buffer(k, VIRT_UDP, client);

    data[7] = (uint8_t)('0' + client - CLIENT_KERNEL);
    enum err err = hw_ram_write(hw, (struct span){buffer.base, sizeof data}, data);
    KASSERT(hw, err == ERR_NONE); /* the kernel's own RAM */
}

static void kernel_request(uint32_t client, uint32_t request[VIRT_WORDS])
{
    (void)client;
    request[LENGTH] = KERNEL_DATA_SIZE;
    request[PORT] = KERNEL_DESTINATION;
}

const struct virt_type virt_udp = {
    .id = VIRT_UDP,
    .driver = &udp_driver,
    .buffer_size = (DATAGRAM_MAX + 3) / 4 * 4,
    .begin = begin,
    .deliver = deliver,
    .abort = abort_sending,
    .kernel_request = kernel_request,
    .kernel_prepare = kernel_prepare,
};

static void on_sent(struct kernel *k, struct hw *hw, enum err err, uint32_t size)
{
    k->services.udp.sending = 0;
    virt_end(k, hw, &virt_udp, err, err ? 0 : size - DATAGRAM_OVERHEAD);
}

static bool present(const struct kernel *k)
{
    return k->config->frames && virt_present(k, &virt_udp);
}

const struct uart_network udp_network = {present, udp_frame, on_sent};

/* ---- the driver */

static enum err send(struct kernel *k, struct hw *hw, struct process *p, uint32_t size,
                     uint32_t port)
{
    const uint32_t request[VIRT_WORDS] = {[LENGTH] = size, [PORT] = port};

    if (size > DATAGRAM_DATA_MAX || size > grant_allow(hw, p, &udp_driver, ALLOW_RO, DATA).size ||
        !address_fits(grant_allow(hw, p, &udp_driver, ALLOW_RO, ADDRESS)))
        return ERR_SIZE;
    if (port == 0 || port > UINT16_MAX)
        return ERR_INVAL;
    return virt_ask_process(k, hw, &virt_udp, p, request);
}

static enum err receive(struct kernel *k, const struct process *p)
{
    struct clients *waiting = &k->services.udp.waiting;

    if (clients_have(waiting, p->id.index))
        return ERR_BUSY;
    clients_add(waiting, p->id.index);
    return ERR_NONE;
}

static enum err act(struct kernel *k, struct hw *hw, struct process *p, uint32_t number, uint32_t a,
                    uint32_t b)
{
    if (udp_row(k, 0, p->id.index) == UDP_PORTS)
        return ERR_RESERVE;
    if (number == SEND)
        return send(k, hw, p, a, b);
    if (number == RECEIVE)
        return receive(k, p);
    udp_unbind(k, p->id.index);
    return ERR_NONE;
}

static struct syscall_return command(struct kernel *k, struct hw *hw, struct process *p,
                                     uint32_t number, uint32_t a, uint32_t b)
{
    if (number == EXISTS)
        return return_success();
    if (number >= COMMANDS)
        return return_failure(ERR_NOSUPPORT);
    if (number != BIND)
        return return_of(act(k, hw, p, number, a, b));
    enum err err = udp_bind(k, p->id.index, &a);
    return err ? return_failure(err) : return_success_1(a);
}

static void start(struct kernel *k, struct hw *hw)
{
    struct udp_service *udp = &k->services.udp;

    *udp = (struct udp_service){.free_next = UDP_PORT_FREE_FIRST};
    for (uint32_t i = 0; i < UDP_PORTS; i++)
        udp->ports[i].client = CLIENT_NONE;
    for (uint32_t i = 0; i < k->config->kernel_clients[VIRT_UDP].count; i++) {
        uint32_t port = UDP_PORT_KERNEL + i;
        enum err err = udp_bind(k, CLIENT_KERNEL + i, &port);
        KASSERT(hw, err == ERR_NONE); /* nobody was before them */
    }
    virt_start(k, hw, &virt_udp);
}

static void on_process_end(struct kernel *k, struct hw *hw, struct process_id id)
{
    udp_unbind(k, id.index);
    virt_forget(k, hw, &virt_udp, id);
}

const struct driver udp_driver = {
    .number = UDP_DRIVER,
    .upcalls = UPCALL_SENT + 1,
    .allows = {[ALLOW_RW] = ADDRESS + 1, [ALLOW_RO] = ADDRESS + 1},
    .grant_bytes = 4 * VIRT_WORDS,
    .present = present,
    .start = start,
    .command = command,
    .on_process_end = on_process_end,
};
