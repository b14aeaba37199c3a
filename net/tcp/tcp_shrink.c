/* SPDX-License-Identifier: MIT */
/*
 * Memory is short: all connections give back, the idle ones too.
 *
 * tcp_shrink_soon() <- alloc_pages(), when pages are short (struct shrinker); tcp_enter_memory_pressure().
 * Any context, under any lock: it only arms a timer.  tcp_shrink() <- that timer: softirq, no lock held.
 *
 * A connection prunes its own queues when a segment of its own finds no room.  One whose peer fell silent
 * would keep what it has: data beyond a hole, which was never acknowledged and may be dropped (RFC 2018 8),
 * and small packets in large buffers, whose data is moved together.  So each walk looks at all connections,
 * TCP_SHRINK_SOCKETS in a jiffy: the memory that it copies is as much as peers could make it hold.
 * A socket that a thread owns is left out: it is at work, and the next walk finds it.
 */
#include "kernel/limits.h"
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "net/inet/inet_hashtables.h"
#include "net/tcp/tcp_in.h"

#define AT_ONCE                                                                                    \
	16 /* sockets of a bucket that are looked at in a walk: a bucket has one on average */

static struct timer_list shrink_timer;
static unsigned long last_walk; /* jiffies: when it began */
static u32 next_bucket;         /* where the walk goes on; 0: it begins */

void tcp_shrink_soon(void)
{
	unsigned long earliest = last_walk + msecs_to_jiffies(TCP_SHRINK_INTERVAL_MS);

	if (timer_pending(&shrink_timer))
		return;
	mod_timer(&shrink_timer, time_before(jiffies, earliest) ? earliest : jiffies);
}

static bool holds_received(const struct sock *sk)
{
	return sk_fullsock(sk) && sk->sk_state != TCP_LISTEN && atomic_read(&sk->sk_rmem_alloc) > 0;
}

/* References to at most AT_ONCE of @bucket's sockets that hold something: the tables' lock comes after a
 * socket's, so it cannot be held while one is worked on. */
static unsigned int take_bucket(struct inet_hashinfo *h, u32 bucket, struct sock **socks)
{
	spinlock_t *lock = inet_ehash_lockp(h, bucket);
	unsigned int n = 0;
	struct sock *sk;

	spin_lock(lock);
	hlist_for_each_entry(sk, &inet_ehash_bucket(h, bucket)->chain, sk_node) {
		if (n < AT_ONCE && holds_received(sk) && refcount_inc_not_zero(&sk->sk_refcnt))
			socks[n++] = sk;
	}
	spin_unlock(lock);
	return n;
}

/* How many sockets of @bucket were looked at. */
static unsigned int shrink_bucket(struct inet_hashinfo *h, u32 bucket)
{
	struct sock *socks[AT_ONCE];
	unsigned int n;

	if (hlist_empty(&inet_ehash_bucket(h, bucket)->chain))
		return 0;
	n = take_bucket(h, bucket, socks);
	for (unsigned int i = 0; i < n; i++) {
		struct sock *sk = socks[i];

		bh_lock_sock(sk);
		if (!sock_owned_by_user(sk))
			tcp_rmem_shrink(sk);
		bh_unlock_sock(sk);
		sock_put(sk);
	}
	return n;
}

static void tcp_shrink(unsigned long data)
{
	struct inet_hashinfo *h = &tcp_hashinfo;
	unsigned int sockets = 0;

	(void)data;
	if (!next_bucket)
		last_walk = jiffies;
	while (next_bucket <= h->ehash_mask && sockets < TCP_SHRINK_SOCKETS)
		sockets += shrink_bucket(h, next_bucket++);
	if (next_bucket <= h->ehash_mask)
		mod_timer(&shrink_timer, jiffies + 1);
	else
		next_bucket = 0;
}

void tcp_shrink_init(void)
{
	static struct shrinker shrinker = {.kick = tcp_shrink_soon};

	last_walk = jiffies - msecs_to_jiffies(TCP_SHRINK_INTERVAL_MS);
	setup_timer(&shrink_timer, tcp_shrink, 0);
	register_shrinker(&shrinker);
}
