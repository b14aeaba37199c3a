/* SPDX-License-Identifier: MIT */
/*
 * The owner of a sock, and the wake-ups of its waiters.
 *
 * lock_sock(), release_sock() <- every socket call (process context, may sleep). sk_add_backlog()
 * <- tcp_v4_rcv() (softirq, bh lock held) when a thread owns the sock. sock_def_*() <- the
 * protocol, through sk->sk_state_change and the like (any context but hard interrupt).  The softirq
 * is the producer, the thread in accept(), recv(), send() or poll() the consumer; both use the one
 * wait queue in struct socket.
 *
 * Order of locks: slock, then sk_callback_lock, then the wait queue's.  Answers to Linux's
 * net/core/sock.c.
 */
#include "net/core/limits.h"
#include "net/core/sock.h"

/* Packets of the backlog that are processed before pending softirqs get their turn. */
#define BACKLOG_BATCH 16

/* ---- the lock -------------------------------------------------------------------------------- */

/* slock held, another thread owns the sock: sleeps until it is released. */
static void __lock_sock(struct sock *sk)
{
	DEFINE_WAIT(wait);

	for (;;) {
		prepare_to_wait_exclusive(&sk->sk_lock.wq, &wait, TASK_UNINTERRUPTIBLE);
		spin_unlock_bh(&sk->sk_lock.slock);
		schedule();
		spin_lock_bh(&sk->sk_lock.slock);
		if (!sk->sk_lock.owned)
			break;
	}
	finish_wait(&sk->sk_lock.wq, &wait);
}

noinline void lock_sock(struct sock *sk)
{
	BUG_ON(!may_sleep());
	spin_lock_bh(&sk->sk_lock.slock);
	if (sk->sk_lock.owned)
		__lock_sock(sk);
	sk->sk_lock.owned = true;
	spin_unlock_bh(&sk->sk_lock.slock);
}

/*
 * slock held: passes the packets that came meanwhile to the protocol.  More may come while a batch
 * is processed.  The length is set to zero only at the end, so a peer that sends faster than we
 * process reaches the limit of sk_add_backlog(), and this loop ends.
 *
 * BHs are off during a batch, because the protocol's receive path is written for softirq; between
 * batches they are on, and pending softirqs run.  No cond_resched(): other threads would wait for
 * the owner of this sock, and its peer for its ACKs.
 */
static void __release_sock(struct sock *sk)
{
	struct sk_buff *skb;
	unsigned int done = 0;

	while ((skb = sk->sk_backlog.head)) {
		sk->sk_backlog.head = sk->sk_backlog.tail = NULL;
		spin_unlock(&sk->sk_lock.slock);
		while (skb) {
			struct sk_buff *next = skb->next;
			enum skb_drop_reason reason;

			skb->next = NULL;
			sk_mem_charge(sk, -(int)skb->truesize);
			reason = sk->sk_backlog_rcv(sk, skb);
			if (unlikely(reason))
				kfree_skb_reason(skb, reason);
			skb = next;
			if (++done % BACKLOG_BATCH == 0) {
				local_bh_enable();
				local_bh_disable();
			}
		}
		spin_lock(&sk->sk_lock.slock);
	}
	sk->sk_backlog.len = 0;
}

noinline void release_sock(struct sock *sk)
{
	spin_lock_bh(&sk->sk_lock.slock);
	WARN_ON(!sk->sk_lock.owned);
	if (sk->sk_backlog.head)
		__release_sock(sk);
	if (sk->sk_prot->release_cb)
		sk->sk_prot->release_cb(sk);
	sock_release_ownership(sk);
	if (waitqueue_active(&sk->sk_lock.wq))
		wake_up(&sk->sk_lock.wq);
	spin_unlock_bh(&sk->sk_lock.slock);
}

/*
 * The backlogs of all sockets count in their protocol's memory, else many owned sockets could hold what no
 * queue may.  A few segments always find room: an ACK, FIN or RST among them frees memory.
 */
static bool backlog_may_grow(struct sock *sk, unsigned int truesize)
{
	return sk->sk_backlog.len < SOCK_BACKLOG_LEAST ||
	       sk_mem_schedule(sk, sk->sk_backlog.len + truesize, SK_MEM_RECV, sk->sk_backlog.len,
			       SOCK_BACKLOG_LEAST);
}

noinline int sk_add_backlog(struct sock *sk, struct sk_buff *skb, unsigned int limit)
{
	lockdep_assert_held(&sk->sk_lock.slock);
	if (sk->sk_backlog.len > limit || !backlog_may_grow(sk, skb->truesize))
		return -ENOBUFS;
	skb->next = NULL;
	if (sk->sk_backlog.tail)
		sk->sk_backlog.tail->next = skb;
	else
		sk->sk_backlog.head = skb;
	sk->sk_backlog.tail = skb;
	sk->sk_backlog.len += skb->truesize;
	sk_mem_charge(sk, skb->truesize);
	return 0;
}

/* ---- wake-ups -------------------------------------------------------------------------------- */

/*
 * A child before accept() and an orphan have no wait queue, so no thread can be waiting.  The lock
 * keeps the struct socket, which holds the queue, alive while it is used.
 */
static void sk_wake(struct sock *sk, int nr_exclusive, unsigned int events)
{
	spin_lock_bh(&sk->sk_callback_lock);
	/*
	 * Publish the change before testing the queue; the sleeper joins the queue before it tests.
	 */
	smp_mb();
	if (sk->sk_wq && waitqueue_active(&sk->sk_wq->wait))
		__wake_up(&sk->sk_wq->wait, TASK_INTERRUPTIBLE, nr_exclusive,
			  (void *)(unsigned long)events);
	spin_unlock_bh(&sk->sk_callback_lock);
}

noinline void sock_def_wakeup(struct sock *sk)
{
	sk_wake(sk, 0, 0);
}

noinline void sock_def_readable(struct sock *sk)
{
	sk_wake(sk, 1, EPOLLIN | EPOLLRDNORM);
}

void sock_def_error_report(struct sock *sk)
{
	sk_wake(sk, 1, EPOLLERR);
}

/*
 * Wake a writer when half of the buffer is free; with a smaller part it would be woken for each
 * packet.
 */
void sock_def_write_space(struct sock *sk)
{
	if ((atomic_read(&sk->sk_wmem_alloc) << 1) <= sk->sk_sndbuf)
		sk_wake(sk, 1, EPOLLOUT | EPOLLWRNORM);
}

void sk_stream_write_space(struct sock *sk)
{
	if (sk_stream_wspace(sk) < sk_stream_min_wspace(sk) || !sk_stream_memory_free(sk))
		return;
	sock_reset_flag(sk, SOCK_NOSPACE);
	sk_wake(sk, 1, EPOLLOUT | EPOLLWRNORM);
}

int sk_wait_data(struct sock *sk, long *timeo, const struct sk_buff *skb)
{
	DEFINE_WAIT(wait);
	int rc;

	prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	rc = sk_wait_event(sk, timeo, skb_peek_tail(&sk->sk_receive_queue) != skb);
	finish_wait(sk_sleep(sk), &wait);
	return rc;
}
