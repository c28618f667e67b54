#include "model/kernel.h"
#include "model/virt/udp.h"
#include "model/virt/virt.h"

enum { DATA = 0, ADDRESS = 1, UPCALL_RECEIVED = 0 };

const uint8_t udp_own_address[DATAGRAM_ADDRESS_SIZE] = {0xfe, 0x80, [15] = 2};

/* ---- the table of ports */

uint32_t udp_row(const struct kernel *k, uint32_t port, uint32_t client)
{
    const struct udp_service *udp = &k->services.udp;
    uint32_t i = 0;

    while (i < UDP_PORTS && (udp->ports[i].client == CLIENT_NONE ||
                             (port ? udp->ports[i].port != port : udp->ports[i].client != client)))
        i++;
    return i;
}

static uint32_t row_free(const struct kernel *k)
{
    uint32_t i = 0;

    while (i < UDP_PORTS && k->services.udp.ports[i].client != CLIENT_NONE)
        i++;
    return i;
}

static bool port_taken(const struct kernel *k, uint32_t port)
{
    return port == k->services.udp.sending || udp_row(k, port, 0) < UDP_PORTS;
}

/* There are more ports to choose from than rows: one is free. */
static uint32_t port_free(struct kernel *k)
{
    uint16_t *next = &k->services.udp.free_next;
    uint32_t port;

    do {
        port = *next;
        *next = *next == UINT16_MAX ? UDP_PORT_FREE_FIRST : (uint16_t)(*next + 1);
    } while (port_taken(k, port));
    return port;
}

enum err udp_bind(struct kernel *k, uint32_t client, uint32_t *port)
{
    uint32_t row = row_free(k);

    if (*port > UINT16_MAX)
        return ERR_INVAL;
    if (udp_row(k, 0, client) < UDP_PORTS)
        return ERR_ALREADY;
    if (*port && port_taken(k, *port))
        return ERR_BUSY;
    if (row == UDP_PORTS)
        return ERR_NOMEM;
    if (*port == 0)
        *port = port_free(k);
    k->services.udp.ports[row].port = (uint16_t)*port;
    k->services.udp.ports[row].client = (uint8_t)client;
    k->services.udp.ports[row].after = k->services.uart.network_frames;
    return ERR_NONE;
}

void udp_unbind(struct kernel *k, uint32_t client)
{
    uint32_t row = udp_row(k, 0, client);

    if (row < UDP_PORTS)
        k->services.udp.ports[row].client = CLIENT_NONE;
    clients_remove(&k->services.udp.waiting, client);
}

/* ---- receiving */

/* The data whole, or nothing of it; the sender's address where there is room for it. */
static enum udp_fate give(struct kernel *k, struct hw *hw, const struct process *p,
                          const struct datagram *datagram, const uint8_t *data)
{
    struct span to = grant_allow(hw, p, &udp_driver, ALLOW_RW, DATA);
    struct span from = grant_allow(hw, p, &udp_driver, ALLOW_RW, ADDRESS);
    enum err err = datagram->size > to.size ? ERR_SIZE : ERR_NONE;

    if (!err && datagram->size)
        err = buffer_write(hw, p, to, 0, datagram->size, data);
    if (!err && from.size >= DATAGRAM_ADDRESS_SIZE)
        err = buffer_write(hw, p, from, 0, DATAGRAM_ADDRESS_SIZE, datagram->source);
    virt_upcall(k, hw, &virt_udp, p, UPCALL_RECEIVED, err, datagram->size, datagram->source_port);
    return err ? UDP_TOO_LARGE : UDP_GIVEN;
}

static enum udp_fate route(struct kernel *k, struct hw *hw, const struct datagram *datagram,
                           const uint8_t *data, uint32_t *client)
{
    struct clients *waiting = &k->services.udp.waiting;
    uint32_t row = udp_row(k, datagram->destination_port, 0);

    if (memcmp(datagram->destination, udp_own_address, DATAGRAM_ADDRESS_SIZE) != 0)
        return UDP_STRAY;
    if (datagram->destination_port == 0 || row == UDP_PORTS ||
        k->services.udp.ports[row].after == k->services.uart.network_frames)
        return UDP_NOBODYS;
    *client = k->services.udp.ports[row].client;
    if (*client >= CLIENT_KERNEL || !clients_have(waiting, *client))
        return UDP_UNAWAITED;
    clients_remove(waiting, *client);
    return give(k, hw, &k->processes[*client], datagram, data);
}

void udp_frame(struct kernel *k, struct hw *hw, struct span payload)
{
    uint32_t client = CLIENT_NONE;
    uint8_t packet[DATAGRAM_MAX];
    struct datagram datagram = {.size = 0};
    enum udp_fate fate = UDP_BAD;

    hw_spend(hw, PATH_COPY_WORD, payload.size / 4); /* the checksum's pass over it */
    if (payload.size <= sizeof packet && payload.size > 0 && !hw_ram_read(hw, payload, packet) &&
        datagram_parse(packet, payload.size, &datagram))
        fate = route(k, hw, &datagram, packet + DATAGRAM_OVERHEAD, &client);
    k->services.udp.fates[fate]++;
    hw_note(hw, NOTE_DATAGRAM, client < CLIENT_KERNEL ? client : PROCESS_NONE,
            datagram.destination_port, pair(fate, datagram.size));
}
