/* SPDX-License-Identifier: MIT */
/*
 * inet_timewait_sock: a small object that represents a connection in TIME_WAIT, or an orphan in
 * FIN_WAIT2. It has the common head of all hashed sockets, the few numbers that are needed to
 * answer a segment, and a timer. Compare Linux's inet_timewait_sock.h. References: one each for the
 * ehash, the bind bucket, the armed timer, and a caller that found it.
 */
#ifndef NET_INET_INET_TIMEWAIT_SOCK_H
#define NET_INET_INET_TIMEWAIT_SOCK_H

#include "net/core/timewait_sock.h"
#include "net/inet/inet_hashtables.h"

struct inet_timewait_sock {
	struct sock_common __tw_common; /* must be first; skc_state is always TCP_TIME_WAIT */
#define tw_num    __tw_common.skc_num
#define tw_hash   __tw_common.skc_hash
#define tw_node   __tw_common.skc_node
#define tw_refcnt __tw_common.skc_refcnt
	u8 tw_substate; /* the real state: TCP_FIN_WAIT2 or TCP_TIME_WAIT */
	u8 tw_rcv_wscale;
	u8 tw_tos;
	bool tw_kill; /* the timeout is at most TW_KILL_TIME: the end is counted in TWKilled, not in TW */
	__be16 tw_sport;
	struct timer_list tw_timer;
	struct inet_bind_bucket *tw_tb;
};

static inline struct inet_timewait_sock *inet_twsk(const struct sock *sk)
{
	return (struct inet_timewait_sock *)sk;
}

/*
 * Allocates an object with @sk's addresses and ports in the state @state (TCP_FIN_WAIT2 or
 * TCP_TIME_WAIT). Returns NULL if there is no memory, or if there are more than tcp_max_tw_buckets.
 * The caller holds one reference and drops it with inet_twsk_put() after __inet_twsk_hashdance()
 * and inet_twsk_schedule().
 */
struct inet_timewait_sock *inet_twsk_alloc(const struct sock *sk, int state);
/* Takes @sk's place in ehash and bind bucket. Then the caller must arm the timer. */
void __inet_twsk_hashdance(struct inet_timewait_sock *tw, struct sock *sk, struct inet_hashinfo *h);
/* Arms the timer, or changes its expiry if it is armed. No effect if @tw has left the ehash. */
void inet_twsk_schedule(struct inet_timewait_sock *tw, unsigned long timeo);
void inet_twsk_reschedule(struct inet_timewait_sock *tw, unsigned long timeo);
/* Ends @tw now, and drops the caller's reference. */
void inet_twsk_deschedule_put(struct inet_timewait_sock *tw);
void inet_twsk_put(struct inet_timewait_sock *tw);
extern atomic_t inet_tw_count;
extern int sysctl_tcp_max_tw_buckets; /* docs/sysctl.md */

#endif
