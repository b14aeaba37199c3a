/* SPDX-License-Identifier: MIT */
/*
 * sn_inspect(): checks that the fields of each TCP connection are consistent: sequence numbers,
 * queues, memory accounting, timers.
 *
 * The simulator calls sn_inspect() between steps, on its own stack.  The kernel is idle then and runs no
 * softirq, so no lock is needed.  A thread that sleeps in the middle of a call may own a socket; such
 * a socket is skipped.  No state is changed.  The rules come from the kernel's own comments
 * (net/core/sock.h, net/tcp/tcp.h, the head of tcp_data.c), from RFC 9293 3.3.1 (order of SND.UNA and
 * SND.NXT), and from RFC 6298 5.1 and RFC 9293 3.8.6.1 (timers).
 */
#include "net/inet/inet_ecn.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_send.h"
#include "tests/host/softnet_host.h"

#define SYNCHRONISED                                                                               \
	(1 << TCP_ESTABLISHED | 1 << TCP_FIN_WAIT1 | 1 << TCP_FIN_WAIT2 | 1 << TCP_CLOSE_WAIT |    \
	 1 << TCP_LAST_ACK | 1 << TCP_CLOSING)

struct audit {
	char *text; /* describes the first violation; a buffer of @max bytes */
	size_t len, max;
	unsigned int wrong;    /* number of violations */
	const struct sock *sk; /* the socket that is checked now */
	s64 held;              /* bytes in the buffers of the sockets that were checked so far */
};

__attribute__((format(printf, 2, 3))) static void complain(struct audit *a, const char *format, ...)
{
	va_list args;

	if (a->wrong++ || !a->max)
		return; /* only the first violation is described */
	a->len = snprintf(a->text, a->max, "port %u to %u, %s: ", a->sk->sk_num,
			  ntohs(a->sk->sk_dport), tcp_state_name(a->sk->sk_state));
	if (a->len >= a->max)
		return;
	va_start(args, format);
	vsnprintf(a->text + a->len, a->max - a->len, format, args);
	va_end(args);
}
#define RULE(a, cond, ...)                                                                         \
	do {                                                                                       \
		if (!(cond))                                                                       \
			complain(a, #cond ": " __VA_ARGS__);                                       \
	} while (0)

/*
 * Checks that lost_out, retrans_out and sacked_out equal the marks in the retransmit queue.
 * @marked: the number of segments for each combination of TCPCB_TAGBITS.
 */
static void audit_marks(struct audit *a, const u32 *marked)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	u32 lost = 0, retrans = 0, sacked = 0;

	for (unsigned int marks = 0; marks <= TCPCB_TAGBITS; marks++) {
		lost += marks & TCPCB_LOST ? marked[marks] : 0;
		retrans += marks & TCPCB_SACKED_RETRANS ? marked[marks] : 0;
		sacked += marks & TCPCB_SACKED_ACKED ? marked[marks] : 0;
	}
	RULE(a, lost == tp->lost_out, "%u lost in the tree, %u", lost, tp->lost_out);
	RULE(a, retrans == tp->retrans_out, "%u sent again, %u", retrans, tp->retrans_out);
	/* Without SACK no segment is marked as SACKed, and sacked_out counts duplicate ACKs. */
	RULE(a, sacked == (tp->rx_opt.sack_ok ? tp->sacked_out : 0), "%u SACKed in the tree, %u",
	     sacked, tp->sacked_out);
}

/*
 * Checks one of the two lists tsorted_sent_queue and tsorted_lost_queue.  Segments of the lost list
 * are marked as lost and not as retransmitted, those of the sent list are not so, and no list has a
 * SACKed segment; the sent list has the oldest segment first.  Returns the number of segments.
 */
static u32 audit_list(struct audit *a, const struct list_head *list, bool lost)
{
	struct sk_buff *skb;
	u32 packets = 0;
	u64 sent = 0;

	list_for_each_entry(skb, list, tcp_tsorted_anchor) {
		u8 marks = TCP_SKB_CB(skb)->sacked & TCPCB_TAGBITS;

		RULE(a, lost == (marks == TCPCB_LOST) && !(marks & TCPCB_SACKED_ACKED),
		     "marks %u in the list of the %s", marks, lost ? "lost" : "sent");
		RULE(a, lost || skb->skb_mstamp >= sent, "sent earlier than the one before it");
		sent = skb->skb_mstamp;
		packets += tcp_skb_pcount(skb);
	}
	return packets;
}

/* Checks that each segment is in tsorted_sent_queue or tsorted_lost_queue, or is SACKed. */
static void audit_sending_order(struct audit *a)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	u32 sacked = tp->rx_opt.sack_ok ? tp->sacked_out : 0, packets;

	packets = audit_list(a, &tp->tsorted_sent_queue, false) +
		  audit_list(a, &tp->tsorted_lost_queue, true);
	RULE(a, packets + sacked == tp->packets_out, "%u listed, %u SACKed, %u", packets, sacked,
	     tp->packets_out);
}

/*
 * Checks the sent, unacknowledged data: the segments of the retransmit queue cover snd_una to
 * snd_nxt without a hole, and packets_out is their number.  Returns the sum of their truesize.
 */
static u64 audit_rtx_queue(struct audit *a)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	u32 expected = tp->snd_una, packets = 0, marked[TCPCB_TAGBITS + 1] = {0};
	u64 truesize = 0;

	for (struct rb_node *n = rb_first(&a->sk->tcp_rtx_queue); n; n = rb_next(n)) {
		const struct sk_buff *skb = rb_to_skb(n);
		const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

		/* The first segment may begin before snd_una: a part of it is acknowledged. */
		if (packets ? cb->seq != expected : after(cb->seq, expected))
			complain(a, "sent: %u where %u should follow", cb->seq, expected);
		RULE(a, after(cb->end_seq, cb->seq), "sent: an empty segment at %u", cb->seq);
		RULE(a, after(cb->end_seq, tp->snd_una), "sent: %u is acknowledged", cb->end_seq);
		expected = cb->end_seq;
		packets += tcp_skb_pcount(skb);
		marked[cb->sacked & TCPCB_TAGBITS] += tcp_skb_pcount(skb);
		truesize += skb->truesize;
	}
	audit_marks(a, marked);
	audit_sending_order(a);
	RULE(a, expected == tp->snd_nxt, "sent up to %u, snd_nxt %u", expected, tp->snd_nxt);
	RULE(a, packets == tp->packets_out, "%u in the tree, %u", packets, tp->packets_out);
	RULE(a, tcp_left_out(tp) <= tp->packets_out, "%u of %u", tcp_left_out(tp), tp->packets_out);
	RULE(a, tp->retrans_out <= tp->packets_out, "%u of %u", tp->retrans_out, tp->packets_out);
	return truesize;
}

static u64 audit_write_queue(struct audit *a)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	u32 expected = tp->snd_nxt, n = 0;
	const struct sk_buff *skb;
	u64 truesize = 0;

	skb_queue_walk(&a->sk->sk_write_queue, skb) {
		const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

		RULE(a, cb->seq == expected, "to send: %u after %u", cb->seq, expected);
		expected = cb->end_seq;
		truesize += skb->truesize;
		n++;
	}
	RULE(a, n == a->sk->sk_write_queue.qlen, "%u in a queue of %u", n,
	     a->sk->sk_write_queue.qlen);
	RULE(a, expected == tp->write_seq, "written up to %u, write_seq %u", expected,
	     tp->write_seq);
	return truesize;
}

/*
 * Checks the unread data: the receive queue covers copied_seq (the reader's position) to rcv_nxt
 * without a hole.  Returns the sum of the segments' truesize.
 */
static u64 audit_receive_queue(struct audit *a)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	const struct sk_buff *skb;
	u32 reached = tp->copied_seq, n = 0;
	u64 truesize = 0;

	skb_queue_walk(&a->sk->sk_receive_queue, skb) {
		const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

		RULE(a, !after(cb->seq, reached), "received: a hole before %u, %u", cb->seq,
		     reached);
		if (after(cb->end_seq, reached))
			reached = cb->end_seq;
		truesize += skb->truesize;
		n++;
	}
	RULE(a, n == a->sk->sk_receive_queue.qlen, "%u in a queue of %u", n,
	     a->sk->sk_receive_queue.qlen);
	if (n)
		RULE(a, reached == tp->rcv_nxt, "received up to %u, rcv_nxt %u", reached,
		     tp->rcv_nxt);
	return truesize;
}

static u64 audit_ofo_queue(struct audit *a)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	const struct sk_buff *last = NULL;
	u64 truesize = 0;
	u32 n = 0;

	for (struct rb_node *node = rb_first(&tp->out_of_order_queue); node; node = rb_next(node)) {
		const struct sk_buff *skb = rb_to_skb(node);
		const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

		RULE(a, after(cb->seq, tp->rcv_nxt), "ahead: %u is due, rcv_nxt %u", cb->seq,
		     tp->rcv_nxt);
		if (last) {
			RULE(a, after(cb->seq, TCP_SKB_CB(last)->seq), "ahead: %u not sorted",
			     cb->seq);
			RULE(a, after(cb->end_seq, TCP_SKB_CB(last)->end_seq),
			     "ahead: %u is covered by the segment before it", cb->seq);
		}
		last = skb;
		truesize += skb->truesize;
		n++;
	}
	RULE(a, last == tp->ooo_last_skb, "ahead: ooo_last_skb is not the last segment");
	RULE(a, n == tp->ofo_count, "%u in the tree, %u", n, tp->ofo_count);
	return truesize;
}

/* Returns true if all of @block is in the out-of-order queue. */
static bool is_queued(const struct tcp_sock *tp, const struct tcp_sack_block *block)
{
	u32 reached = block->start_seq;

	for (struct rb_node *node = rb_first(&tp->out_of_order_queue); node; node = rb_next(node)) {
		const struct tcp_skb_cb *cb = TCP_SKB_CB(rb_to_skb(node));

		if (!after(cb->seq, reached) && after(cb->end_seq, reached))
			reached = cb->end_seq;
	}
	return !before(reached, block->end_seq);
}

/*
 * Checks the SACK blocks that we send (RFC 2018 3): each covers queued data beyond rcv_nxt, and no
 * two of them touch.
 */
static void audit_sack_blocks(struct audit *a)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	unsigned int n = tp->rx_opt.num_sacks;

	RULE(a, n <= TCP_NUM_SACKS, "%u SACK blocks", n);
	RULE(a, tp->rx_opt.sack_ok || !(n || tp->rx_opt.dsack), "SACK is not permitted");
	for (unsigned int i = 0; i < n && n <= TCP_NUM_SACKS; i++) {
		const struct tcp_sack_block *block = &tp->selective_acks[i];

		RULE(a, after(block->start_seq, tp->rcv_nxt), "block %u at %u, rcv_nxt %u", i,
		     block->start_seq, tp->rcv_nxt);
		RULE(a, after(block->end_seq, block->start_seq), "block %u is empty", i);
		RULE(a, is_queued(tp, block), "block %u, %u to %u", i, block->start_seq,
		     block->end_seq);
		for (unsigned int j = 0; j < i; j++) {
			const struct tcp_sack_block *other = &tp->selective_acks[j];

			RULE(a,
			     after(other->start_seq, block->end_seq) ||
				     before(other->end_seq, block->start_seq),
			     "blocks %u and %u touch", j, i);
		}
	}
}

/* Returns the sum of the truesize of the messages that count in sk_rmem_alloc: all but those of MSG_ZEROCOPY. */
static u64 audit_error_queue(struct audit *a)
{
	const struct sk_buff *last = a->sk->sk_error_queue, *skb = last;
	u64 truesize = 0;

	if (!last)
		return 0;
	do {
		skb = skb->next;
		if (skb->destructor == sock_rfree)
			truesize += skb->truesize;
	} while (skb != last);
	return truesize;
}

static void audit_timers(struct audit *a)
{
	const struct inet_connection_sock *icsk = inet_csk(a->sk);
	bool armed = timer_pending(&icsk->icsk_retransmit_timer);

	if (tcp_sk(a->sk)->packets_out)
		RULE(a, armed && icsk->icsk_pending && icsk->icsk_pending != ICSK_TIME_PROBE0,
		     "%u segments out, timer %u", tcp_sk(a->sk)->packets_out, icsk->icsk_pending);
	else if (tcp_sk(a->sk)->fastopen_passive)
		RULE(a, icsk->icsk_pending == ICSK_TIME_RETRANS && armed,
		     "the SYN-ACK waits for the client, timer %u", icsk->icsk_pending);
	else if (tcp_send_head(a->sk))
		RULE(a, icsk->icsk_pending == ICSK_TIME_PROBE0 && armed,
		     "data waits for the peer, timer %u", icsk->icsk_pending);
	if (icsk->icsk_pending)
		RULE(a, armed, "timer %u should be armed", icsk->icsk_pending);
	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER)
		RULE(a, timer_pending(&icsk->icsk_delack_timer), "a delayed ACK is pending");
}

/*
 * Checks ECN. Without it no flag of ECN is set, no CE mark is counted, and only a congestion
 * control that needs ECN, such as DCTCP, makes packets ECN-capable (RFC 3168 6.1.1).
 */
static void audit_ecn(struct audit *a)
{
	const struct tcp_sock *tp = tcp_sk(a->sk);
	u8 field = inet_sk(a->sk)->tos & INET_ECN_MASK;

	if (!(tp->ecn_flags & TCP_ECN_OK)) {
		RULE(a, !tp->ecn_flags, "%#x", tp->ecn_flags);
		RULE(a, !tp->delivered_ce, "%u", tp->delivered_ce);
		RULE(a, !field || tcp_ca_needs_ecn(a->sk), "ECN field %u", field);
	}
	RULE(a, tp->delivered_ce <= tp->delivered, "%u of %u", tp->delivered_ce, tp->delivered);
}

static void audit_connection(struct audit *a)
{
	const struct sock *sk = a->sk;
	const struct tcp_sock *tp = tcp_sk(sk);
	u64 written, received;

	RULE(a, !after(tp->snd_una, tp->snd_nxt), "%u, %u", tp->snd_una, tp->snd_nxt);
	RULE(a, !after(tp->snd_nxt, tp->write_seq), "%u, %u", tp->snd_nxt, tp->write_seq);
	RULE(a, !after(tp->rcv_wup, tp->rcv_nxt), "%u, %u", tp->rcv_wup, tp->rcv_nxt);
	RULE(a, !sk->sk_backlog.head && !sk->sk_backlog.len,
	     "a backlog, and no owner to process it");
	written = audit_rtx_queue(a) + audit_write_queue(a);
	RULE(a, written == sk->sk_wmem_queued, "%lu, %u", written, sk->sk_wmem_queued);
	received = audit_receive_queue(a) + audit_ofo_queue(a) + audit_error_queue(a);
	audit_sack_blocks(a);
	RULE(a, received == (u32)atomic_read(&sk->sk_rmem_alloc), "%lu, %u", received,
	     atomic_read(&sk->sk_rmem_alloc));
	audit_timers(a);
	audit_ecn(a);
	a->held += sk->sk_wmem_queued + atomic_read(&sk->sk_rmem_alloc) +
		   atomic_read(&sk->sk_omem_alloc);
	RULE(a, a->held <= sk_memory_allocated(sk), "all hold %ld, %ld", (long)a->held,
	     (long)sk_memory_allocated(sk));
}

int32_t sn_inspect(char *text, size_t max)
{
	struct audit a = {.text = text, .max = max};

	if (max)
		*text = '\0';
	if (!tcp_hashinfo.ehash)
		return 0;
	for (u32 i = 0; i <= tcp_hashinfo.ehash_mask; i++) {
		struct sock *sk;

		hlist_for_each_entry(sk, &tcp_hashinfo.ehash[i].chain, sk_node) {
			if (!(1 << sk->sk_state & SYNCHRONISED) || sock_owned_by_user(sk))
				continue;
			a.sk = sk;
			audit_connection(&a);
		}
	}
	return a.wrong;
}
