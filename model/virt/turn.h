/* turn.h: who is next: the clients of one resource in turns, each after all others that wait.
 *
 * A client is a process, by its index, or a component of the kernel: CLIENT_KERNEL + its number.
 * Round robin over clients, not over requests: the search begins behind the client served last and
 * ends with that client, so a lone client is served again and again, and among n that always ask
 * each is served once in n. Source: the virtualization text, Fairness: "round-robin scheduling
 * rather than preferring lower-numbered clients".
 *
 * A value without pointers; constant size, constant time.
 */
#ifndef MODEL_VIRT_TURN_H
#define MODEL_VIRT_TURN_H

#include "model/limits.h"
#include "model/types.h"

enum {
    CLIENT_KERNEL = PROCESS_MAX,                        /* the first of the kernel's own */
    CLIENT_NETWORK = CLIENT_KERNEL + KERNEL_CLIENT_MAX, /* of the UART: the multiplexer above it */
    CLIENT_MAX,
    CLIENT_NONE = 0xff,
    CLIENT_WORDS = (CLIENT_MAX + 31) / 32,
};

static inline bool client_is_process(uint32_t client)
{
    return client < CLIENT_KERNEL;
}

/* A set of clients. */
struct clients {
    uint32_t words[CLIENT_WORDS];
};

static inline bool clients_have(const struct clients *set, uint32_t client)
{
    return set->words[client / 32] >> (client % 32) & 1;
}
void clients_add(struct clients *set, uint32_t client);
void clients_remove(struct clients *set, uint32_t client);
/* The first one from `from` on, or CLIENT_NONE. */
uint32_t clients_from(const struct clients *set, uint32_t from);

struct turn {
    struct clients waiting;
    uint8_t after; /* the search begins here: one past the client served last */
};

void turn_ask(struct turn *turn, uint32_t client);    /* waits already: nothing */
void turn_forget(struct turn *turn, uint32_t client); /* does not wait: nothing */

/* Takes the next one; CLIENT_NONE: nobody waits. */
uint32_t turn_take(struct turn *turn);

#endif
