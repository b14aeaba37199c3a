/* SPDX-License-Identifier: MIT */
/*
 * TIME_WAIT: the last minute of a connection, as a small object.
 *
 * tcp_time_wait() (softirq, or process with the sock owned): inet_twsk_alloc(),
 * __inet_twsk_hashdance(), inet_twsk_schedule(), inet_twsk_put().  Later
 * tcp_timewait_state_process() (softirq) reschedules it, or ends it with
 * inet_twsk_deschedule_put(), as does a connect() that reuses its four-tuple; else the timer ends
 * it (softirq).  References: one for the ehash, one for the bind bucket, one for the armed timer,
 * one for the caller that made or found it.  RFC 9293 3.3.2; answers to Linux's
 * net/ipv4/inet_timewait_sock.c.
 */
#include "net/inet/inet_timewait_sock.h"
#include "net/inet/limits.h"

#include "net/core/snmp.h"

#include "kernel/mm/slab.h"

int sysctl_tcp_max_tw_buckets = TIMEWAIT_MAX;

atomic_t inet_tw_count;

/* ---- life ------------------------------------------------------------------------------------ */

void inet_twsk_put(struct inet_timewait_sock *tw)
{
	if (!refcount_dec_and_test(&tw->tw_refcnt))
		return;
	kmem_cache_free(tw->__tw_common.skc_prot->twsk_prot->slab, tw);
	atomic_dec(&inet_tw_count);
}

/*
 * Removes it from both tables and stops its timer.  Idempotent: the timer and a segment may both
 * try.  A handler that runs now on another CPU is not waited for, since this is softirq: it has a
 * reference of its own, and inet_twsk_schedule() arms nothing that has left the ehash.
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
		hlist_del_init(&tw->__tw_common.skc_bind_node);
		tw->tw_tb = NULL;
		inet_bind_bucket_destroy(h, tb);
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
	tw->tw_tos = inet_sk(sk)->tos;
	tw->tw_sport = inet_sk(sk)->inet_sport;
	setup_timer(&tw->tw_timer, tw_timer_handler, (unsigned long)tw);
	refcount_set(&tw->tw_refcnt, 1);
	return tw;

out_uncount:
	atomic_dec(&inet_tw_count);
	return NULL;
}

/*
 * First the bind bucket, so that the port is never without an owner.  Then the two exchange places
 * in the ehash in one step: a segment finds either the one or the other.
 */
void __inet_twsk_hashdance(struct inet_timewait_sock *tw, struct sock *sk, struct inet_hashinfo *h)
{
	struct inet_bind_hashbucket *head = &h->bhash[sk->sk_num & (BHASH_BUCKETS - 1)];
	spinlock_t *lock = inet_ehash_lockp(h, sk->sk_hash);

	refcount_inc(&tw->tw_refcnt); /* the bucket's */
	spin_lock_bh(&head->lock);
	tw->tw_tb = inet_csk(sk)->icsk_bind_hash;
	BUG_ON(!tw->tw_tb);
	hlist_add_head(&tw->__tw_common.skc_bind_node, &tw->tw_tb->owners);
	spin_unlock_bh(&head->lock);

	refcount_inc(&tw->tw_refcnt); /* the table's */
	spin_lock_bh(lock);
	hlist_del_init(&sk->sk_node);
	hlist_add_head(&tw->tw_node, &inet_ehash_bucket(h, tw->tw_hash)->chain);
	spin_unlock_bh(lock);
}

/* ---- time ------------------------------------------------------------------------------------ */

#define TW_KILL_TIME (4 * HZ)

/*
 * Under the lock of its ehash bucket: if another CPU took it out of there, it has ended and needs
 * no timer.  The timer's reference is taken before arming, since it may fire at once on another
 * CPU.
 */
void inet_twsk_schedule(struct inet_timewait_sock *tw, unsigned long timeo)
{
	struct inet_hashinfo *h = tw->__tw_common.skc_prot->hashinfo;
	spinlock_t *lock = inet_ehash_lockp(h, tw->tw_hash);

	spin_lock_bh(lock);
	if (!hlist_unhashed(&tw->tw_node)) {
		refcount_inc(&tw->tw_refcnt);
		/* A shortened wait has a counter of its own (as in Linux). */
		tw->tw_kill = timeo <= TW_KILL_TIME;
		if (mod_timer(&tw->tw_timer, jiffies + timeo))
			inet_twsk_put(tw);
	}
	spin_unlock_bh(lock);
}

/* A segment came: restart the wait.  The caller found the object, so it has a reference. */
void inet_twsk_reschedule(struct inet_timewait_sock *tw, unsigned long timeo)
{
	inet_twsk_schedule(tw, timeo);
}

void inet_twsk_deschedule_put(struct inet_timewait_sock *tw)
{
	inet_twsk_kill(tw);
	inet_twsk_put(tw);
}
