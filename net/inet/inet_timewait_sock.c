/* SPDX-License-Identifier: MIT */
/*
 * TIME_WAIT: a small object that represents a closed connection for one more minute.
 *
 * tcp_time_wait() makes the object (softirq, or process with the sock owned), by inet_twsk_alloc(),
 * __inet_twsk_hashdance(), inet_twsk_schedule() and inet_twsk_put(). For a later segment,
 * tcp_timewait_state_process() (softirq) restarts the object's timer, or ends the object by
 * inet_twsk_deschedule_put(). A connect() that reuses the four-tuple also ends the object;
 * otherwise the timer ends it (softirq). References: one for the ehash, one for the bind bucket,
 * one for the armed timer, one for each caller that made or found it. RFC 9293 3.3.2; compare
 * Linux's net/ipv4/inet_timewait_sock.c.
 */
#include "net/inet/inet_ecn.h"
#include "net/inet/inet_timewait_sock.h"
#include "net/inet/limits.h"

#include "net/core/snmp.h"

#include "kernel/mm/slab.h"

int sysctl_tcp_max_tw_buckets = TIMEWAIT_MAX;

atomic_t inet_tw_count;

/* ---- creation and destruction ---------------------------------------------------------------- */

void inet_twsk_put(struct inet_timewait_sock *tw)
{
	if (!refcount_dec_and_test(&tw->tw_refcnt))
		return;
	kmem_cache_free(tw->__tw_common.skc_prot->twsk_prot->slab, tw);
	atomic_dec(&inet_tw_count);
}

/*
 * Removes @tw from ehash and bind bucket and stops its timer. Idempotent, because the timer and a
 * segment may both call it. The timer's handler may be running on another CPU, and softirq cannot
 * wait for it; that is harmless, because the handler has its own reference, and
 * inet_twsk_schedule() does not arm the timer of an object that has left the ehash.
 */
static void inet_twsk_kill(struct inet_timewait_sock *tw)
{
	struct inet_hashinfo *h = tw->__tw_common.skc_prot->hashinfo;
	struct inet_bind_hashbucket *head = &h->bhash[tw->tw_num & (BHASH_BUCKETS - 1)];
	spinlock_t *lock = inet_ehash_lockp(h, tw->tw_hash);
	struct inet_bind_bucket *tb;
	bool hashed, armed;

	spin_lock_bh(lock);
	hashed = !hlist_unhashed(&tw->tw_node);
	hlist_del_init(&tw->tw_node);
	armed = del_timer(&tw->tw_timer);
	spin_unlock_bh(lock);

	spin_lock_bh(&head->lock);
	tb = tw->tw_tb;
	if (tb) {
		inet_bind_del(h, tb, &tw->__tw_common);
		tw->tw_tb = NULL;
	}
	spin_unlock_bh(&head->lock);

	if (armed)
		inet_twsk_put(tw);
	if (hashed)
		inet_twsk_put(tw);
	if (tb)
		inet_twsk_put(tw);
}

static void tw_timer_handler(unsigned long data)
{
	struct inet_timewait_sock *tw = (struct inet_timewait_sock *)data;

	snmp_inc(tw->tw_kill ? SNMP_TcpExtTWKilled : SNMP_TcpExtTW);
	inet_twsk_kill(tw);
	inet_twsk_put(tw);
}

struct inet_timewait_sock *inet_twsk_alloc(const struct sock *sk, int state)
{
	struct inet_timewait_sock *tw;

	if (atomic_inc_return(&inet_tw_count) > sysctl_tcp_max_tw_buckets)
		goto out_uncount;
	tw = kmem_cache_zalloc(sk->sk_prot->twsk_prot->slab, GFP_NOWAIT);
	if (!tw)
		goto out_uncount;

	tw->__tw_common = sk->__sk_common;
	INIT_HLIST_NODE(&tw->tw_node);
	INIT_HLIST_NODE(&tw->__tw_common.skc_bind_node);
	tw->__tw_common.skc_state = TCP_TIME_WAIT;
	tw->tw_substate = state;
	tw->tw_tos = inet_sk(sk)->tos & ~INET_ECN_MASK;
	tw->tw_sport = inet_sk(sk)->inet_sport;
	setup_timer(&tw->tw_timer, tw_timer_handler, (unsigned long)tw);
	refcount_set(&tw->tw_refcnt, 1);
	return tw;

out_uncount:
	atomic_dec(&inet_tw_count);
	return NULL;
}

/*
 * @tw joins the bind bucket first, so that the port always has an owner. Then @tw replaces @sk in
 * the ehash under one lock, so that a segment always finds one of them.
 */
void __inet_twsk_hashdance(struct inet_timewait_sock *tw, struct sock *sk, struct inet_hashinfo *h)
{
	struct inet_bind_hashbucket *head = &h->bhash[sk->sk_num & (BHASH_BUCKETS - 1)];
	spinlock_t *lock = inet_ehash_lockp(h, sk->sk_hash);

	refcount_inc(&tw->tw_refcnt); /* reference of the bind bucket */
	spin_lock_bh(&head->lock);
	tw->tw_tb = inet_csk(sk)->icsk_bind_hash;
	BUG_ON(!tw->tw_tb);
	inet_bind_add(tw->tw_tb, &tw->__tw_common);
	spin_unlock_bh(&head->lock);

	refcount_inc(&tw->tw_refcnt); /* reference of the ehash */
	spin_lock_bh(lock);
	hlist_del_init(&sk->sk_node);
	sock_prot_inuse_add(sk->sk_prot, -1);
	hlist_add_head(&tw->tw_node, &inet_ehash_bucket(h, tw->tw_hash)->chain);
	spin_unlock_bh(lock);
}

/* ---- the timer ------------------------------------------------------------------------------- */

#define TW_KILL_TIME (4 * HZ)

/*
 * Arms the timer under the lock of the ehash bucket: if another CPU has removed @tw from the ehash,
 * @tw has ended, and its timer must stay stopped. The timer's reference is taken before arming,
 * because the timer may expire on another CPU at once.
 */
void inet_twsk_schedule(struct inet_timewait_sock *tw, unsigned long timeo)
{
	struct inet_hashinfo *h = tw->__tw_common.skc_prot->hashinfo;
	spinlock_t *lock = inet_ehash_lockp(h, tw->tw_hash);

	spin_lock_bh(lock);
	if (!hlist_unhashed(&tw->tw_node)) {
		refcount_inc(&tw->tw_refcnt);
		/*
		 * TIME_WAITs with a shortened timeout are counted separately (TWKilled), as in
		 * Linux.
		 */
		tw->tw_kill = timeo <= TW_KILL_TIME;
		if (mod_timer(&tw->tw_timer, jiffies + timeo))
			inet_twsk_put(tw);
	}
	spin_unlock_bh(lock);
}

/* Restarts the timer when a segment arrived. The caller has found @tw and so holds a reference. */
void inet_twsk_reschedule(struct inet_timewait_sock *tw, unsigned long timeo)
{
	inet_twsk_schedule(tw, timeo);
}

void inet_twsk_deschedule_put(struct inet_timewait_sock *tw)
{
	inet_twsk_kill(tw);
	inet_twsk_put(tw);
}
