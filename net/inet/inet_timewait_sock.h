/* SPDX-License-Identifier: MIT */
/*
 * inet_timewait_sock: stands for a connection in TIME_WAIT (and for an orphan in FIN_WAIT2):
 * the common head, the few numbers that an answer needs, a timer.  Linux's inet_timewait_sock.h.
 * References: hash, bind bucket, timer, finder.
 */
#ifndef NET_INET_INET_TIMEWAIT_SOCK_H
#define NET_INET_INET_TIMEWAIT_SOCK_H

#include "net/core/timewait_sock.h"
#include "net/inet/inet_hashtables.h"

struct inet_timewait_sock {
	struct sock_common __tw_common; /* first; skc_state is TCP_TIME_WAIT for all of them */
#define tw_num    __tw_common.skc_num
#define tw_hash   __tw_common.skc_hash
#define tw_node   __tw_common.skc_node
#define tw_refcnt __tw_common.skc_refcnt
	u8 tw_substate; /* TCP_FIN_WAIT2 or TCP_TIME_WAIT */
	u8 tw_rcv_wscale;
	u8 tw_tos;
	bool tw_kill; /* waits for a few seconds only; counted in TWKilled */
	__be16 tw_sport;
	struct timer_list tw_timer;
	struct inet_bind_bucket *tw_tb;
};

static inline struct inet_timewait_sock *inet_twsk(const struct sock *sk)
{
	return (struct inet_timewait_sock *)sk;
}

/* A copy of @sk's identity; NULL: no memory or tcp_max_tw_buckets.  @state: the substate.  The reference
 * is the caller's, which puts it with inet_twsk_put() after the hashdance and arming the timer. */
struct inet_timewait_sock *inet_twsk_alloc(const struct sock *sk, int state);
/* Takes over @sk's places in ehash and bhash.  Afterwards the caller must arm the timer. */
void __inet_twsk_hashdance(struct inet_timewait_sock *tw, struct sock *sk, struct inet_hashinfo *h);
/* Arms, or re-arms (then the reference is there already); not after it has ended. */
void inet_twsk_schedule(struct inet_timewait_sock *tw, unsigned long timeo);
void inet_twsk_reschedule(struct inet_timewait_sock *tw, unsigned long timeo);
/* Ends it now, and drops the caller's reference. */
void inet_twsk_deschedule_put(struct inet_timewait_sock *tw);
void inet_twsk_put(struct inet_timewait_sock *tw);
extern atomic_t inet_tw_count;
extern int sysctl_tcp_max_tw_buckets; /* docs/sysctl.md */

#endif
