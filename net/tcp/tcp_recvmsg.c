/* SPDX-License-Identifier: MIT */
/*
 * Copies received data to an application that calls recv() or read().
 *
 * tcp_recvmsg() <- inet_recvmsg() <- recv(), read() (process; locks the socket): copies out of the
 * receive queue, sleeps in sk_wait_data() while there is too little data, sends a window update to the
 * peer if there is much new room (tcp_cleanup_rbuf), and adjusts the buffer to the reader's speed
 * (tcp_rcv_space_adjust).  Softirq adds to the receive queue only while no thread owns the socket.
 *
 * Packets in the queue may overlap: bytes of a packet before copied_seq were read from an earlier one.
 * RFC 9293 3.9.1.3; POSIX recv(). MSG_TRUNC, which discards the data without a copy, exists only in
 * Linux. Compare Linux's net/ipv4/tcp.c.
 */
#include "kernel/mm/limits.h"
#include "kernel/sched/sched.h"
#include "net/core/errqueue.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/*
 * The application read @copied bytes; 0 or less: none.  Sends an ACK if a delayed one is due now, or if
 * the window that the peer knows can at least double (RFC 9293 3.8.6.2.2).
 */
noinline void tcp_cleanup_rbuf(struct sock *sk, int copied)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	bool time_to_ack = false;

	if (inet_csk_ack_scheduled(sk)) {
		/*
		 * The pending ACK is due if its timer fired while we owned the socket, if more than
		 * one segment is unacknowledged, or if all data was read and the peer has no more
		 * data to send (PUSHED).
		 */
		if (icsk->icsk_ack.blocked || tp->rcv_nxt - tp->rcv_wup > icsk->icsk_ack.rcv_mss ||
		    (copied > 0 &&
		     ((icsk->icsk_ack.pending & ICSK_ACK_PUSHED2) ||
		      ((icsk->icsk_ack.pending & ICSK_ACK_PUSHED) && !icsk->icsk_ack.pingpong)) &&
		     !atomic_read(&sk->sk_rmem_alloc)))
			time_to_ack = true;
	}
	if (copied > 0 && !time_to_ack && !(sk->sk_shutdown & RCV_SHUTDOWN)) {
		u32 offered = tcp_receive_window(tp);

		if (2 * offered <= tp->window_clamp) {
			u32 possible = __tcp_select_window(sk);

			if (possible && possible >= 2 * offered)
				time_to_ack = true;
		}
	}
	if (time_to_ack)
		tcp_send_ack(sk);
}

/* The state of one call of tcp_recvmsg(). */
struct tcp_reader {
	struct kmsghdr *msg;
	size_t len; /* bytes that the caller still wants */
	int copied; /* bytes copied so far; -errno if none were and the call failed */
	int target; /* bytes to wait for: SO_RCVLOWAT, or all with MSG_WAITALL */
	int flags;  /* MSG_* */
	u64 tstamp; /* ns, time of day: when the last copied packet was received; 0: not known */
	long timeo;
	u32 peek_seq;
	u32 *seq; /* next byte to copy: points to copied_seq, or to peek_seq for MSG_PEEK */
	struct sk_buff *
		last; /* the queue's tail at the last search; sk_wait_data() waits for a later packet */
};

/*
 * Returns the packet with the next byte or with the FIN, and stores the offset of that byte in the packet in
 * *@offset.  Returns NULL if the byte was not received yet.
 */
static struct sk_buff *tcp_recv_find(struct sock *sk, struct tcp_reader *r, u32 *offset)
{
	struct sk_buff *skb;

	r->last = skb_peek_tail(&sk->sk_receive_queue);
	skb_queue_walk(&sk->sk_receive_queue, skb) {
		/* The receive queue must not have a hole; it would be a bug of ours. */
		if (WARN_ON(before(*r->seq, TCP_SKB_CB(skb)->seq)))
			return NULL;
		*offset = *r->seq - TCP_SKB_CB(skb)->seq;
		if (*offset < skb->len || (tcp_has_fin(skb) && *offset == skb->len))
			return skb;
	}
	return NULL;
}

/*
 * No more data can be copied now. Returns true if the call must end. If no byte was copied before,
 * r->copied is then what the call returns: the error, or 0 at the end of the data.
 */
static bool tcp_recv_is_over(struct sock *sk, struct tcp_reader *r)
{
	if (r->copied)
		return sk->sk_err || sk->sk_state == TCP_CLOSE ||
		       (sk->sk_shutdown & RCV_SHUTDOWN) || !r->timeo || signal_pending(current);
	if (sock_flag(sk, SOCK_DONE))
		return true;
	if (sk->sk_err)
		r->copied = sock_error(sk);
	else if (sk->sk_shutdown & RCV_SHUTDOWN)
		return true;
	else if (sk->sk_state == TCP_CLOSE)
		/* The socket was never connected, or was disconnected. */
		r->copied = -ENOTCONN;
	else if (!r->timeo)
		r->copied = -EAGAIN;
	else if (signal_pending(current))
		r->copied = sock_intr_errno(r->timeo);
	return r->copied;
}

static void sk_eat_skb(struct sock *sk, struct sk_buff *skb)
{
	__skb_unlink(skb, &sk->sk_receive_queue);
	consume_skb(skb);
}

/* Copies data of @skb from @offset on.  Returns false if the call must end: at a FIN or a bad pointer. */
static bool tcp_recv_copy(struct sock *sk, struct tcp_reader *r, struct sk_buff *skb, u32 offset)
{
	u32 used = min_t(size_t, skb->len - offset, r->len);

	if (unlikely(tcp_sk(sk)->urg_data) && used) {
		u32 limit = tcp_urg_limit(sk, *r->seq, used);

		/* A limit of 0 means that the next byte is the urgent byte: skip it and read on behind it. */
		*r->seq += !limit;
		offset += !limit;
		used = limit ? limit : used - 1;
	}

	if (used && !(r->flags & MSG_TRUNC) &&
	    skb_copy_datagram_iter(skb, offset, &r->msg->msg_iter, used)) {
		/* copied_seq does not move: the next read gets the bytes of this packet again. */
		if (!r->copied)
			r->copied = -EFAULT;
		return false;
	}
	r->tstamp = skb->skb_mstamp;
	*r->seq += used;
	r->copied += used;
	r->len -= used;
	if (used)
		tcp_rcv_space_adjust(sk);
	if (unlikely(tcp_sk(sk)->urg_data))
		tcp_urg_passed(sk);
	if (offset + used < skb->len)
		return true;
	if (tcp_has_fin(skb)) {
		++*r->seq;
		if (!(r->flags & MSG_PEEK))
			sk_eat_skb(sk, skb);
		return false;
	}
	if (!(r->flags & MSG_PEEK))
		sk_eat_skb(sk, skb);
	return true;
}

/* Processes the backlog. If the target is not reached, waits for more data or for the timeout. */
static void tcp_recv_wait(struct sock *sk, struct tcp_reader *r)
{
	tcp_cleanup_rbuf(sk, r->copied);
	if (r->copied >= r->target) {
		/* The target is reached, so do not sleep; only process the backlog, which may add data. */
		release_sock(sk);
		lock_sock(sk);
	} else {
		sk_wait_data(sk, &r->timeo, r->last);
	}
	/* Another thread may have read the data that we only peeked at. */
	if ((r->flags & MSG_PEEK) && before(r->peek_seq, tcp_sk(sk)->copied_seq))
		r->peek_seq = tcp_sk(sk)->copied_seq;
}

static void tcp_recv_loop(struct sock *sk, struct tcp_reader *r)
{
	do {
		struct sk_buff *skb;
		u32 offset;

		/* A read ends at the urgent byte, so that the application sees where it is. */
		if (unlikely(tcp_sk(sk)->urg_data) && tcp_sk(sk)->urg_seq == *r->seq && r->copied)
			return;
		skb = tcp_recv_find(sk, r, &offset);
		if (skb) {
			if (!tcp_recv_copy(sk, r, skb, offset))
				return;
			continue;
		}
		if (r->copied >= r->target && !sk->sk_backlog.tail)
			return;
		if (tcp_recv_is_over(sk, r))
			return;
		tcp_recv_wait(sk, r);
	} while (r->len > 0);
}

/*
 * Returns the control messages that the socket's options ask for: the time of receipt, and with TCP_INQ the
 * number of received bytes that are unread.  After the FIN this number is at least 1, so that a program reads on.
 */
static noinline void tcp_recv_control(const struct sock *sk, struct kmsghdr *msg, u64 tstamp)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int inq = tp->rcv_nxt - tp->copied_seq;

	sock_recv_timestamp(msg, sk, tstamp);
	if (!tp->recvmsg_inq)
		return;
	if (!inq && sock_flag(sk, SOCK_DONE))
		inq = 1;
	put_cmsg(msg, SOL_TCP, TCP_CM_INQ, &inq, sizeof(inq));
}

noinline int tcp_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int nonblock, int flags,
			 int *addr_len)
{
	struct tcp_reader r = {
		.msg = msg,
		.len = min_t(size_t, len, MAX_RW_COUNT),
		.flags = flags,
	};

	WARN_ON(in_interrupt());
	if (unlikely(flags & MSG_ERRQUEUE))
		return inet_csk(sk)->icsk_af_ops->recv_error(sk, msg, len, addr_len);
	lock_sock(sk);
	if (sk->sk_state == TCP_LISTEN) {
		r.copied = -ENOTCONN;
		goto out;
	}
	if (flags & MSG_OOB) {
		r.copied = tcp_recv_urg(sk, msg, len, flags);
		goto out;
	}
	r.timeo = sock_rcvtimeo(sk, nonblock);
	r.peek_seq = tcp_sk(sk)->copied_seq;
	r.seq = flags & MSG_PEEK ? &r.peek_seq : &tcp_sk(sk)->copied_seq;
	r.target = sock_rcvlowat(sk, flags & MSG_WAITALL, r.len);
	tcp_recv_loop(sk, &r);
	tcp_cleanup_rbuf(sk, r.copied);
out:
	release_sock(sk);
	if (unlikely(tcp_sk(sk)->recvmsg_inq || r.tstamp) && r.copied >= 0)
		tcp_recv_control(sk, msg, r.tstamp);
	if (addr_len)
		*addr_len = 0;
	return r.copied;
}
