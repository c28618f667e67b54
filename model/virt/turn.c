#include "model/virt/turn.h"

void clients_add(struct clients *set, uint32_t client)
{
    set->words[client / 32] |= (uint32_t)1 << (client % 32);
}

void clients_remove(struct clients *set, uint32_t client)
{
    set->words[client / 32] &= ~((uint32_t)1 << (client % 32));
}

/* Without a count-trailing-zeros instruction, which not every core has, the compiler calls libgcc:
 * halving needs neither. */
static uint32_t lowest_bit(uint32_t word)
{
    uint32_t bit = 0;

    for (uint32_t half = 16; half > 0; half /= 2)
        if ((word & (((uint32_t)1 << half) - 1)) == 0) {
            word >>= half;
            bit += half;
        }
    return bit;
}

uint32_t clients_from(const struct clients *set, uint32_t from)
{
    uint32_t mask = ~(uint32_t)0 << (from % 32);

    for (uint32_t i = from / 32; i < CLIENT_WORDS; i++) {
        if (set->words[i] & mask)
            return 32 * i + lowest_bit(set->words[i] & mask);
        mask = ~(uint32_t)0;
    }
    return CLIENT_NONE;
}

void turn_ask(struct turn *turn, uint32_t client)
{
    clients_add(&turn->waiting, client);
}

void turn_forget(struct turn *turn, uint32_t client)
{
    clients_remove(&turn->waiting, client);
}

uint32_t turn_take(struct turn *turn)
{
    uint32_t client = clients_from(&turn->waiting, turn->after);

    if (client == CLIENT_NONE)
        client = clients_from(&turn->waiting, 0);
    if (client == CLIENT_NONE)
        return CLIENT_NONE;
    clients_remove(&turn->waiting, client);
    turn->after = (uint8_t)((client + 1) % CLIENT_MAX);
    return client;
}
