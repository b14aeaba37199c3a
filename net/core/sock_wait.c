/* SPDX-License-Identifier: MIT */
/*
 * The lock of a sock, its backlog, and the functions that wake waiting threads.
 *
 * Socket calls use lock_sock() and release_sock() (process context, may sleep). tcp_v4_rcv() calls
 * sk_add_backlog() if a thread owns the sock (softirq, bh lock held). The protocol calls
 * sock_def_*() through sk->sk_state_change and the other callbacks (any context but hard
 * interrupt). Softirq is the producer, and a thread in accept(), recv(), send() or poll() the
 * consumer; all of them use the one wait queue in struct socket.
 *
 * Lock order: slock, then sk_callback_lock, then the wait queue's. Compare Linux's
 * net/core/sock.c.
 */
#include "kernel/fs/file.h"
#include "kernel/process/signal.h"
#include "net/core/limits.h"
#include "net/core/sock.h"

/* Packets of the backlog that are processed before pending softirqs may run. */
#define BACKLOG_BATCH 16

/* ---- the lock of a sock ---------------------------------------------------------------------- */

/* Sleeps until the thread that owns the sock has released it. slock is held on entry and return. */
static noinline void __lock_sock(struct sock *sk)
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
 * Passes the packets of the backlog to the protocol. slock is held on entry and return. More
 * packets may arrive while a batch is processed. sk_backlog.len is set to zero only at the end: so
 * a peer that sends faster than we process reaches the limit in sk_add_backlog(), its packets are
 * dropped, and this loop ends.
 *
 * BHs are off during a batch, because the protocol's receive path is written for softirq. Between
 * batches they are on, so that pending softirqs run. There is no cond_resched(): if this thread
 * lost the CPU here, threads that want the sock would wait for it, and the peer for its ACKs.
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
 * The backlogs of all sockets are part of the protocol's memory; otherwise many owned sockets could
 * hold more than the limits of their queues allow. A few segments are always accepted, because an
 * ACK, FIN or RST among them frees memory.
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
 * Wakes threads that wait in the socket's wait queue. A child before accept() and an orphan have no
 * queue, and no waiting thread. The queue is in the struct socket, which sk_callback_lock keeps
 * from being freed during the wake-up.
 */
static void sk_wake(struct sock *sk, int nr_exclusive, unsigned int events)
{
	spin_lock_bh(&sk->sk_callback_lock);
	/*
	 * The protocol's change must be visible before the queue is tested. The sleeping thread
	 * does the reverse: it joins the queue and then tests for the change. So at least one of
	 * the two sees what the other has done.
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
	sk_wake(sk, 1, EPOLLIN | EPOLLPRI | EPOLLRDNORM);
}

/* Urgent data was announced: sends SIGURG, if a descriptor's owner was set (F_SETOWN). */
void sk_send_sigurg(struct sock *sk)
{
	const struct socket *sock;

	spin_lock_bh(&sk->sk_callback_lock);
	sock = sk->sk_socket;
	if (sock && sock->file && READ_ONCE(sock->file->f_owner))
		send_signal_to_process(SIGURG, NULL);
	spin_unlock_bh(&sk->sk_callback_lock);
}

void sock_def_error_report(struct sock *sk)
{
	sk_wake(sk, 1, EPOLLERR);
}

/*
 * Wakes a writer only when half of the buffer is free; otherwise it would be woken for each packet.
 */
void sock_def_write_space(struct sock *sk)
{
	if ((atomic_read(&sk->sk_wmem_alloc) << 1) <= sk->sk_sndbuf)
		sk_wake(sk, 1, EPOLLOUT | EPOLLWRNORM);
}

void sk_stream_write_space(struct sock *sk)
{
	if (!sk_stream_is_writeable(sk))
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
