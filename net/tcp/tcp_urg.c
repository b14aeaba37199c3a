/* SPDX-License-Identifier: MIT */
/*
 * Urgent data: send() and recv() with MSG_OOB, and the mark in the stream.
 *
 *   sending    tcp_push -> tcp_mark_urg                             sets snd_up, the end of urgent data
 *              tcp_transmit_skb -> tcp_write_urg                    URG and the pointer of a segment
 *   receiving  tcp_slow_path, tcp_rcv_synchronized -> tcp_urg       finds the urgent byte, before the data is queued
 *              tcp_recvmsg -> tcp_recv_urg (MSG_OOB), tcp_urg_limit, tcp_urg_passed
 *              tcp_ioctl, tcp_poll -> tcp_at_mark, tcp_inq
 *
 * TCP has one urgent pointer for a direction, so there is at most one urgent byte: the last one before the
 * pointer.  A later pointer replaces it; the byte that was urgent before is then read like any other, unless
 * tcp_urg_skip_unread() removes it.  Without SO_OOBINLINE a read skips the urgent byte, and only recv() with
 * MSG_OOB returns it.
 *
 * urg_seq is the number of the urgent byte; it is valid while urg_data is not 0.  Header prediction is
 * off then, because tcp_fast_path_check() tests urg_data.
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * RFC 9293 3.8.5 and 3.10.7.4 (sixth), RFC 6093. Compare Linux's tcp_input.c, tcp_output.c and tcp.c.
 */
#include "kernel/mm/iov_iter.h"
#include "kernel/sched/sched.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- sending ------------------------------------------------------------------------------------- */

/* send() with MSG_OOB queued data: the urgent data ends at the last byte written. */
void tcp_mark_urg(struct tcp_sock *tp)
{
	tp->snd_up = tp->write_seq;
}

/*
 * Sets URG and the urgent pointer in @th, a segment that begins at @seq, if urgent data ends after @seq.
 * RFC 9293 3.1: the pointer is "a positive offset from the sequence number in this segment"; RFC 6093 2:
 * it points to the byte that follows the urgent data.  If it does not fit into 16 bits, the largest
 * value tells the peer that urgent data follows; later segments, nearer to the end, have the exact pointer.
 */
void tcp_write_urg(const struct tcp_sock *tp, struct tcphdr *th, u32 seq)
{
	u32 ahead = tp->snd_up - seq;

	if (!before(seq, tp->snd_up))
		return;
	if (ahead > 0xffff) {
		/* Never point to a byte that was sent already: the peer would take it for the urgent one. */
		if (!after(seq + 0xffff, tp->snd_nxt))
			return;
		ahead = 0xffff;
	}
	th->urg = 1;
	th->urg_ptr = htons(ahead);
}

/* ---- receiving ----------------------------------------------------------------------------------- */

/*
 * Called when a new urgent byte replaces an earlier one.  If the reader stands at the earlier byte and has not read
 * it, removes that byte from the stream, as a read that passed it would have done.
 */
static void tcp_urg_skip_unread(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = skb_peek(&sk->sk_receive_queue);

	if (!tcp_at_mark(tp) || sock_flag(sk, SOCK_URGINLINE) || tp->copied_seq == tp->rcv_nxt)
		return;
	tp->copied_seq++;
	if (skb && !before(tp->copied_seq, TCP_SKB_CB(skb)->end_seq)) {
		__skb_unlink(skb, &sk->sk_receive_queue);
		consume_skb(skb);
	}
}

/* RFC 9293 3.10.7.4, sixth: "RCV.UP <- max(RCV.UP,SEG.UP)".  @th has URG. */
static void tcp_check_urg(struct sock *sk, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 ptr = ntohs(th->urg_ptr);

	/*
	 * RFC 6093 2.2: peers point behind the urgent byte, although RFC 1122 says that the pointer points to the
	 * byte.
	 */
	if (ptr && !READ_ONCE(sysctl_tcp_stdurg))
		ptr--;
	ptr += ntohl(th->seq);

	/* Ignore the pointer if its byte was read or received already, or is not later than the present urgent byte. */
	if (before(ptr, tp->copied_seq) || before(ptr, tp->rcv_nxt) ||
	    (tp->urg_data && !after(ptr, tp->urg_seq)))
		return;
	sk_send_sigurg(sk);
	tcp_urg_skip_unread(sk);
	tp->urg_seq = ptr;
	WRITE_ONCE(tp->urg_data, TCP_URG_NOTYET);
	tp->pred_flags = 0;
}

void __tcp_urg(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcphdr *th = tcp_hdr(skb);
	u32 offset;
	u8 byte;

	if (th->urg)
		tcp_check_urg(sk, th);
	if (tp->urg_data != TCP_URG_NOTYET)
		return;
	/* A SYN takes the first sequence number of its segment, so the data begins one number later. */
	offset = tp->urg_seq - TCP_SKB_CB(skb)->seq - th->syn + tcp_hdrlen(skb);
	if (offset < tcp_hdrlen(skb) || offset >= skb->len)
		return;
	BUG_ON(skb_copy_bits(skb, offset, &byte, 1));
	WRITE_ONCE(tp->urg_data, TCP_URG_VALID | byte);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
}

/* ---- reading ------------------------------------------------------------------------------------- */

/* Serves recv() with MSG_OOB.  Returns the number of bytes (1 or 0) or -errno; never sleeps. */
int tcp_recv_urg(struct sock *sk, struct kmsghdr *msg, size_t len, int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 byte = tp->urg_data;

	if (sock_flag(sk, SOCK_URGINLINE) || !tp->urg_data || tp->urg_data == TCP_URG_READ)
		return -EINVAL;
	if (sk->sk_state == TCP_CLOSE && !sock_flag(sk, SOCK_DONE))
		return -ENOTCONN;
	if (!(tp->urg_data & TCP_URG_VALID))
		/* The pointer was received, but not its byte.  After the peer's FIN the byte cannot come. */
		return sk->sk_state == TCP_CLOSE || (sk->sk_shutdown & RCV_SHUTDOWN) ? 0 : -EAGAIN;

	if (!(flags & MSG_PEEK))
		WRITE_ONCE(tp->urg_data, TCP_URG_READ);
	msg->msg_flags |= MSG_OOB;
	if (!len) {
		msg->msg_flags |= MSG_TRUNC;
		return 0;
	}
	if (!(flags & MSG_TRUNC) && copy_to_iter(&byte, 1, &msg->msg_iter) != 1)
		return -EFAULT;
	return 1;
}

/*
 * urg_data is set.  Limits a read of @used bytes at @seq, so that it ends before the urgent byte.  Returns the
 * number of bytes that it may take; 0: @seq is an urgent byte that the read must skip.
 */
u32 tcp_urg_limit(const struct sock *sk, u32 seq, u32 used)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 ahead = tp->urg_seq - seq;

	if (ahead >= used)
		return used;
	if (ahead)
		return ahead;
	return sock_flag(sk, SOCK_URGINLINE) ? used : 0;
}

/* urg_data is set, and a read moved copied_seq.  Once copied_seq is beyond the urgent byte, clears urg_data. */
void tcp_urg_passed(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!after(tp->copied_seq, tp->urg_seq))
		return;
	WRITE_ONCE(tp->urg_data, 0);
	tcp_fast_path_check(sk);
}

/*
 * Returns how many bytes a read would get, up to the urgent byte.  A received FIN counts in rcv_nxt but
 * is not a byte.
 */
int tcp_inq(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int unread = tp->rcv_nxt - tp->copied_seq;

	if (tcp_state_in(sk, TCPF_OF(SYN_SENT) | TCPF_OF(SYN_RECV)))
		return 0;
	if (!sock_flag(sk, SOCK_URGINLINE) && tp->urg_data &&
	    !before(tp->urg_seq, tp->copied_seq) && before(tp->urg_seq, tp->rcv_nxt))
		return tp->urg_seq - tp->copied_seq;
	if (unread && sock_flag(sk, SOCK_DONE))
		unread--;
	return unread;
}
