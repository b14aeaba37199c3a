/* SPDX-License-Identifier: MIT */
/*
 * The queues of datagram sockets (datagram.h has their contract).
 *
 *   udp_rcv -> sock_queue_rcv_skb                                     (softirq)
 *   recvmsg() -> udp_recvmsg -> skb_recv_datagram                     (process)
 *   sendmsg() -> udp_sendmsg -> ip_make_skb -> sock_alloc_send_skb, skb_append_datagram (process)
 *   poll() -> datagram_poll
 *
 * Lock: sk_receive_queue.lock. A reader that waits is an exclusive waiter, so that one datagram
 * wakes one reader. A writer waits in the same queue and must not be exclusive: a datagram would wake
 * the writer instead of the reader. Compare Linux's net/core/datagram.c, and sock_queue_rcv_skb() and
 * sock_alloc_send_skb() in net/core/sock.c.
 */
#include "net/core/datagram.h"

#include "kernel/mm/iov_iter.h"
#include "kernel/process/signal.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"

/* ---- receiving ------------------------------------------------------------------------------- */

static int rmem_least(const struct sock *sk)
{
	return sk->sk_prot->sysctl_rmem ? READ_ONCE(*sk->sk_prot->sysctl_rmem) : SOCK_RMEM_LEAST;
}

/*
 * The buffer may be exceeded by one datagram, so that a datagram with a large truesize can be
 * received with any buffer, as in Linux.
 */
enum skb_drop_reason sock_queue_rcv_skb(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff_head *q = &sk->sk_receive_queue;
	int held = atomic_read(&sk->sk_rmem_alloc);

	if (held >= READ_ONCE(sk->sk_rcvbuf))
		return SKB_DROP_REASON_SOCKET_RCVBUFF;
	if (!sk_mem_schedule(sk, skb->truesize, SK_MEM_RECV, held, rmem_least(sk)))
		return SKB_DROP_REASON_PROTO_MEM;
	skb_dst_drop(skb);
	skb_set_owner_r(skb, sk);
	spin_lock_bh(&q->lock);
	__skb_queue_tail(q, skb);
	spin_unlock_bh(&q->lock);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
	return SKB_CONSUMED;
}

/*
 * Takes the next datagram, or with MSG_PEEK a reference to it. *@last becomes the last datagram of
 * the queue: a caller that finds none to return waits until a newer one follows *@last.
 */
static struct sk_buff *try_recv_datagram(struct sock *sk, int flags, int *peek_off,
					 const struct sk_buff **last)
{
	struct sk_buff_head *q = &sk->sk_receive_queue;
	int skip = *peek_off;
	struct sk_buff *skb;

	spin_lock_bh(&q->lock);
	*last = skb_peek_tail(q);
	skb_queue_walk(q, skb) {
		if (!(flags & MSG_PEEK)) {
			__skb_unlink(skb, q);
			goto found;
		}
		/*
		 * An empty datagram is passed over if bytes remain to be skipped, or if an earlier
		 * peek with an offset has returned it.
		 */
		if (skip < 0 || skip < (int)skb->len || (!skb->len && !skip && !skb->peeked)) {
			skb->peeked |= skip >= 0;
			skb_get(skb);
			goto found;
		}
		skip -= skb->len;
	}
	skb = NULL;
found:
	spin_unlock_bh(&q->lock);
	if (skb)
		*peek_off = max(skip, 0);
	return skb;
}

/*
 * Sleeps until the last datagram of the queue is another one than @last, or until an error,
 * shutdown() or the timeout. Returns true if the caller shall look at the queue again, else false
 * with the errno in *@err.
 */
static bool wait_for_more_packets(struct sock *sk, long *timeo, const struct sk_buff *last,
				  int *err)
{
	DEFINE_WAIT(wait);

	prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
	*err = sock_error(sk);
	if (!*err && skb_peek_tail(&sk->sk_receive_queue) == last) {
		if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN) {
			finish_wait(sk_sleep(sk), &wait);
			return false;
		}
		if (signal_pending(current))
			*err = sock_intr_errno(*timeo);
		else
			*timeo = schedule_timeout(*timeo);
	}
	finish_wait(sk_sleep(sk), &wait);
	return !*err;
}

/* A reader that was woken looks at the queue before it looks at signals: so no wake-up is lost. */
struct sk_buff *skb_recv_datagram(struct sock *sk, int flags, bool noblock, int *peek_off, int *err)
{
	long timeo = sock_rcvtimeo(sk, noblock);
	const struct sk_buff *last;
	struct sk_buff *skb;
	int none = -1;

	WARN_ON(in_interrupt());
	do {
		*err = sock_error(sk);
		if (*err)
			return NULL;
		skb = try_recv_datagram(sk, flags, peek_off ? peek_off : &none, &last);
		if (skb)
			return skb;
		*err = -EAGAIN;
	} while (timeo && wait_for_more_packets(sk, &timeo, last, err));
	return NULL;
}

void sk_peek_offset_move(int *peek_off, int flags, int n)
{
	int off = READ_ONCE(*peek_off);

	if (off >= 0)
		WRITE_ONCE(*peek_off, flags & MSG_PEEK ? off + n : max(off - n, 0));
}

int datagram_first_len(struct sock *sk)
{
	const struct sk_buff *skb;
	int len;

	spin_lock_bh(&sk->sk_receive_queue.lock);
	skb = skb_peek(&sk->sk_receive_queue);
	len = skb ? skb->len : 0;
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	return len;
}

/* ---- sending --------------------------------------------------------------------------------- */

/*
 * Returns the bytes of truesize that are charged to @sk for sending: sk_wmem_alloc without the one
 * byte that stands for all references to @sk (sock.c).
 */
static int wmem_held(const struct sock *sk)
{
	return atomic_read(&sk->sk_wmem_alloc) - 1;
}

/*
 * Returns true if the send buffer has room. If it has none, first asks the drivers to free the
 * packets that they have sent, because they free them late otherwise.
 */
static bool has_wmem(const struct sock *sk)
{
	if (likely(wmem_held(sk) < READ_ONCE(sk->sk_sndbuf)))
		return true;
	dev_tx_await();
	return wmem_held(sk) < READ_ONCE(sk->sk_sndbuf);
}

/* Returns 0, or the errno with which a send fails at once. */
static int send_error(struct sock *sk)
{
	int err = sock_error(sk);

	return !err && (READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN) ? -EPIPE : err;
}

/* Sleeps until the send buffer has room. Returns 0, or -errno if the wait ended early. */
static int sock_wait_for_wmem(struct sock *sk, long *timeo)
{
	DEFINE_WAIT(wait);
	int err = 0;

	while (!has_wmem(sk)) {
		if (!*timeo)
			err = -EAGAIN;
		else if (signal_pending(current))
			err = sock_intr_errno(*timeo);
		else
			err = send_error(sk);
		if (err)
			break;
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (!has_wmem(sk) && !READ_ONCE(sk->sk_err) &&
		    !(READ_ONCE(sk->sk_shutdown) & SEND_SHUTDOWN))
			*timeo = schedule_timeout(*timeo);
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

struct sk_buff *sock_alloc_send_skb(struct sock *sk, unsigned int size, bool noblock, int *err)
{
	long timeo = sock_sndtimeo(sk, noblock);
	struct sk_buff *skb;

	*err = send_error(sk);
	if (!*err && !has_wmem(sk))
		*err = sock_wait_for_wmem(sk, &timeo);
	if (*err)
		return NULL;
	skb = alloc_skb(size, GFP_SEND);
	if (skb)
		skb_set_owner_w(skb, sk);
	else
		*err = -ENOBUFS;
	return skb;
}

/* Adds an empty page to @skb, and charges it. Returns false if there is no memory. */
static bool append_page(struct sk_buff *skb)
{
	unsigned int n = skb_shinfo(skb)->nr_frags;
	struct page *page;

	if (n == MAX_SKB_FRAGS)
		return false;
	page = alloc_page(GFP_SEND);
	if (!page)
		return false;
	skb_fill_page_desc(skb, n, page, 0, 0);
	skb->truesize += PAGE_SIZE;
	atomic_add(PAGE_SIZE, &skb->sk->sk_wmem_alloc);
	return true;
}

/* Returns the room in the last page of @skb. */
static unsigned int page_room(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);

	return shinfo->nr_frags ? PAGE_SIZE - shinfo->frags[shinfo->nr_frags - 1].size : 0;
}

int skb_append_datagram(struct sk_buff *skb, struct iov_iter *from, unsigned int len)
{
	if (!skb_shinfo(skb)->nr_frags) {
		unsigned int n = min(len, skb_tailroom(skb));

		if (copy_from_iter(__skb_put(skb, n), n, from) != n)
			return -EFAULT;
		len -= n;
	}
	while (len) {
		skb_frag_t *frag;
		unsigned int n;

		if (!page_room(skb) && !append_page(skb))
			return -ENOBUFS;
		frag = &skb_shinfo(skb)->frags[skb_shinfo(skb)->nr_frags - 1];
		n = min(len, page_room(skb));
		if (copy_from_iter((u8 *)skb_frag_address(frag) + frag->size, n, from) != n)
			return -EFAULT;
		frag->size += n;
		skb->len += n;
		skb->data_len += n;
		len -= n;
	}
	return 0;
}

/* ---- poll() ---------------------------------------------------------------------------------- */

/*
 * poll() reports room when half of the buffer is free. sock_def_write_space() wakes writers by the same rule.
 */
static bool sock_writeable(const struct sock *sk)
{
	if (likely(wmem_held(sk) < READ_ONCE(sk->sk_sndbuf) / 2))
		return true;
	dev_tx_await();
	return wmem_held(sk) < READ_ONCE(sk->sk_sndbuf) / 2;
}

/*
 * Takes no lock: poll_wait() puts the caller on the wait queue before the state is read, so the
 * caller misses no change.
 */
unsigned int datagram_poll(struct file *file, struct socket *sock, struct poll_table *wait)
{
	struct sock *sk = sock->sk;
	unsigned int mask = 0;

	poll_wait(file, sk_sleep(sk), wait);
	if (READ_ONCE(sk->sk_err) || READ_ONCE(sk->sk_error_queue)) {
		mask |= POLLERR;
		if (sock_flag(sk, SOCK_SELECT_ERR_QUEUE))
			mask |= POLLPRI;
	}
	if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		mask |= POLLRDHUP | POLLIN | POLLRDNORM;
	if (READ_ONCE(sk->sk_shutdown) == SHUTDOWN_MASK)
		mask |= POLLHUP;
	if (!skb_queue_empty(&sk->sk_receive_queue))
		mask |= POLLIN | POLLRDNORM;
	if (poll_asks(wait, POLLOUT | POLLWRNORM | POLLWRBAND) && sock_writeable(sk))
		mask |= POLLOUT | POLLWRNORM | POLLWRBAND;
	return mask;
}
