/* SPDX-License-Identifier: MIT */
/*
 * When memory is short, frees memory of all connections, the idle ones too.  When there is memory again,
 * wakes the writers that wait for it.
 *
 * tcp_pages_are_short() <- alloc_pages() (struct shrinker); tcp_shrink_soon() <- tcp_enter_memory_pressure();
 * tcp_space_soon() <- tcp_stream_memory_free(), when a writer finds no memory.
 * These may be called in any context and under any lock, because each only arms a timer.
 * tcp_shrink(), tcp_wake_writers() <- those timers: softirq, no lock held.
 *
 * A connection prunes its own queues when one of its segments finds no room.  But a connection whose
 * peer is silent would keep its memory: out-of-order data, which was never acknowledged and may be
 * dropped (RFC 2018 8), and small packets in large buffers, whose data can be copied together.  So a
 * walk looks at all connections, and visits those that match.  A visit may copy much memory, so the
 * walk visits only TCP_SHRINK_SOCKETS sockets in a jiffy. It makes only TCP_SHRINK_STEPS steps in a
 * jiffy, because there may be 100,000 connections that do not match. The walk skips a socket that a
 * thread owns; the next walk visits that socket.
 *
 * A writer that gets no memory may have no data in flight, so that no ACK would wake it. (Linux
 * lets such a writer sleep up to 200 ms and try again; its poll() reports the socket as writable,
 * and the write fails at once.) Here a walk tests for each socket that waits for space
 * (SOCK_NOSPACE) whether there is memory now. If there is no memory yet, the walk arms the timer
 * for the next walk. So the walks end when no socket waits.
 */
#include "kernel/time/time.h"
#include "kernel/time/timer.h"
#include "net/inet/inet_hashtables.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"

/* sockets of a bucket that one walk visits at most; on average a bucket has one socket */
#define AT_ONCE 16

/*
 * A walk over all connections, which visits those that match. It does a part of its work in each
 * jiffy.
 */
struct walk {
	struct timer_list timer;
	bool (*match)(const struct sock *sk);
	void (*work)(struct sock *sk); /* called with the bh lock held, while no thread owns @sk */
	u32 next_bucket;               /* bucket at which the walk continues; 0: it begins anew */
	unsigned int sockets, steps;   /* sockets visited, and steps made, in this jiffy */
	bool missed_some;              /* an owned socket, or sockets above AT_ONCE, were skipped */
};

static struct walk shrink_walk, space_walk;
static unsigned long last_walk; /* jiffies when the last walk of tcp_shrink() began */

void tcp_shrink_soon(void)
{
	unsigned long earliest = last_walk + msecs_to_jiffies(TCP_SHRINK_INTERVAL_MS);

	if (timer_pending(&shrink_walk.timer))
		return;
	mod_timer(&shrink_walk.timer, time_before(jiffies, earliest) ? earliest : jiffies);
}

/*
 * Called by the page allocator when few pages are free.  Sets memory pressure at once, not only when a
 * segment finds no page, because tcp_stream_memory_free() limits writers only under memory pressure.
 */
static void tcp_pages_are_short(void)
{
	if (!READ_ONCE(tcp_prot.memory_pressure))
		proto_enter_memory_pressure(&tcp_prot);
	tcp_shrink_soon();
}

static bool holds_received(const struct sock *sk)
{
	return sk_fullsock(sk) && sk->sk_state != TCP_LISTEN && atomic_read(&sk->sk_rmem_alloc) > 0;
}

static bool waits_for_space(const struct sock *sk)
{
	return sk_fullsock(sk) && sk->sk_state != TCP_LISTEN && sock_flag(sk, SOCK_NOSPACE);
}

/*
 * Stores in @socks at most AT_ONCE sockets of @bucket that match, and takes references.
 * The sockets are processed afterwards: a socket's lock must be taken before the bucket's lock, so the
 * bucket's lock cannot be held meanwhile.
 */
static unsigned int take_bucket(struct walk *w, struct inet_hashinfo *h, u32 bucket,
				struct sock **socks)
{
	spinlock_t *lock = inet_ehash_lockp(h, bucket);
	unsigned int n = 0;
	struct sock *sk;

	spin_lock(lock);
	hlist_for_each_entry(sk, &inet_ehash_bucket(h, bucket)->chain, sk_node) {
		w->steps += TCP_SHRINK_STEPS_EACH;
		if (n < AT_ONCE && w->match(sk) && refcount_inc_not_zero(&sk->sk_refcnt))
			socks[n++] = sk;
	}
	spin_unlock(lock);
	return n;
}

/* Visits the matching sockets of @bucket. */
static void walk_bucket(struct walk *w, struct inet_hashinfo *h, u32 bucket)
{
	struct sock *socks[AT_ONCE];
	unsigned int n;

	w->steps++;
	if (hlist_empty(&inet_ehash_bucket(h, bucket)->chain))
		return;
	n = take_bucket(w, h, bucket, socks);
	w->sockets += n;
	if (n == AT_ONCE)
		w->missed_some = true;
	for (unsigned int i = 0; i < n; i++) {
		struct sock *sk = socks[i];

		bh_lock_sock(sk);
		if (!sock_owned_by_user(sk))
			w->work(sk);
		else
			w->missed_some = true;
		bh_unlock_sock(sk);
		sock_put(sk);
	}
}

/* Continues the walk.  Returns true if it is complete; false if the timer will continue it. */
static bool walk_on(struct walk *w)
{
	struct inet_hashinfo *h = &tcp_hashinfo;

	if (!w->next_bucket)
		w->missed_some = false;
	w->sockets = w->steps = 0;
	while (w->next_bucket <= h->ehash_mask && w->sockets < TCP_SHRINK_SOCKETS &&
	       w->steps < TCP_SHRINK_STEPS)
		walk_bucket(w, h, w->next_bucket++);
	if (w->next_bucket <= h->ehash_mask) {
		mod_timer(&w->timer, jiffies + 1);
		return false;
	}
	w->next_bucket = 0;
	return true;
}

static void tcp_shrink(unsigned long data)
{
	(void)data;
	if (!shrink_walk.next_bucket)
		last_walk = jiffies;
	walk_on(&shrink_walk);
}

/* ---- space for writers ---------------------------------------------------------------------------- */

static bool space_wanted; /* a writer found no memory since the present walk began */

void tcp_space_soon(void)
{
	space_wanted = true;
	if (!timer_pending(&space_walk.timer) && !space_walk.next_bucket)
		mod_timer(&space_walk.timer, jiffies + msecs_to_jiffies(TCP_SHRINK_INTERVAL_MS));
}

static void write_space(struct sock *sk)
{
	sk->sk_write_space(sk);
}

static void tcp_wake_writers(unsigned long data)
{
	(void)data;
	if (!space_walk.next_bucket)
		space_wanted = false;
	if (walk_on(&space_walk) && (space_wanted || space_walk.missed_some))
		tcp_space_soon();
}

void tcp_shrink_init(void)
{
	static struct shrinker shrinker = {.kick = tcp_pages_are_short};

	last_walk = jiffies - msecs_to_jiffies(TCP_SHRINK_INTERVAL_MS);
	shrink_walk = (struct walk){.match = holds_received, .work = tcp_rmem_shrink};
	space_walk = (struct walk){.match = waits_for_space, .work = write_space};
	setup_timer(&shrink_walk.timer, tcp_shrink, 0);
	setup_timer(&space_walk.timer, tcp_wake_writers, 0);
	register_shrinker(&shrinker);
}
