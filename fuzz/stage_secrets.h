/* stage_secrets.h: a tape played twice on one stage, the second time with other secrets of one app
 * (or of the kernel's own clients), and what the others could observe compared: just as `postern
 * noninterference` does it (tools/twins.h), whose words a find has.
 *
 *   stage --stage_secrets_make--> two machines, made once
 *   tape --stage_plan, stage_secrets_plan--> injections, the host's plan, what is a secret in them
 *        --stage_secrets_compare--> equal | one of the others could tell
 *
 * No rule is judged meanwhile. A pair that says nothing (nobody else ran; the app acted on its
 * secret, after others had handed it back) holds.
 *
 * A secret must not be lawfully another app's, and must not steer. So what arrives is a secret
 * only if it can be its owner's alone:
 *   * a frame or datagram goes to bytes_frame_address or bytes_udp_port of an app, by `which` (from
 *     128 on a datagram) modulo the apps; where the stage has a host it sends it, since a frame's
 *     FCS is over what is in it, and nothing is wrong with it. It has 1 + `size` % 16 octets
 *   * raw octets are a secret on a stage with `turns`: there they come 1 ms behind STAGE_TURN_PS
 *     and later, when all others are restarted and have read for the last time (bytes_program,
 *     reads_once); on other stages they are nobody's secret
 * and only those kinds of operations are played that the target names: a device that lies or hangs
 * has been told what nobody can take back.
 */
#ifndef FUZZ_STAGE_SECRETS_H
#define FUZZ_STAGE_SECRETS_H

#include "fuzz/app_bytes.h"
#include "fuzz/tape_mutate.h"
#include "sim/scenario.h"
#include "tools/twins.h"

/* Behind a slice of 10 ms, in which one app may have run alone: the others have begun. */
#define STAGE_TURN_PS (15 * PS_PER_MS)

enum { SECRET_OCTETS_MAX = 16 };

struct secret_kind {
    uint32_t process; /* whose: an app, or SECRETS_OF_KERNEL */
    bool turns;
};

struct stage_secrets {
    struct secret_kind of;
    const struct tape_user *user;
    struct scenario *scenario;
    struct twins *twins;
    struct twins_result result; /* of the last tape */
    struct bytes_hands hands;   /* in both of its runs */
    struct peer_plan *host;     /* NULL: there is none */
    uint32_t own_actions;       /* the stage's */
    uint32_t verbs[2];          /* its frame and its datagram */
    struct tape sent;           /* what the host sends */
    struct peer_octets octets[PEER_ACTION_MAX];
    uint8_t bytes[PEER_ACTION_MAX][SECRET_OCTETS_MAX];
};

/* The scenario has as many injections as it will ever have. False: `result` says why not. */
bool stage_secrets_make(struct stage_secrets *secrets, struct scenario *scenario,
                        const struct secret_kind *of, const struct tape_user *user);
void stage_secrets_free(struct stage_secrets *secrets);

/* Leaves what the target plays, and takes what its host sends for itself. */
void stage_secrets_choose(struct stage_secrets *secrets, struct tape *tape);
/* The host's plan, what of the injections is a secret, and the restarts of a stage with `turns`,
 * for which there is room: one for each app but one. `start_ps`: the moment that operations count
 * from. */
void stage_secrets_plan(struct stage_secrets *secrets, uint64_t start_ps);

/* True: somebody else could tell; `result` has what. False as well if an app did not take its turn,
 * since it had not run before. */
bool stage_secrets_compare(struct stage_secrets *secrets);

#endif
