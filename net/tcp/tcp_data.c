/* SPDX-License-Identifier: MIT */
/*
 * Queues the data and the FIN of a segment, and decides when to acknowledge them.
 *
 * tcp_data_queue() <- tcp_rcv_established (slow path), tcp_rcv_state_process
 * 	in order     -> tcp_queue_rcv, tcp_fin, tcp_ofo_queue (a hole was filled), sk_data_ready
 * 	out of order -> tcp_data_queue_ofo
 * 	old, no room -> dropped, and acknowledged at once
 * tcp_queue_rcv(), tcp_event_data_recv() also <- tcp_rcv_established (fast path)
 * tcp_ack_snd_check() <- tcp_rcv_established, tcp_rcv_state_process, at their end: sends the pending ACK, if any,
 * 	now or delayed
 * tcp_prune_ofo_queue() <- tcp_prune_queue; tcp_ofo_purge() <- tcp_fin, tcp_disconnect, tcp_v4_destroy_sock
 *
 * Segments beyond rcv_nxt are in a tree by sequence number, so that an insertion costs at most
 * O(log n) in whatever order a peer sends (CVE-2018-5390).  No segment is completely covered by
 * another; if two segments overlap in part, tcp_ofo_queue() and the reader skip the duplicate bytes.
 * ooo_last_skb is the segment with the highest number: nearly all segments are appended there.
 * SACK blocks report the contents of the queue to the peer: tcp_sack_gen.c.
 * Limits: TCP_OFO_PACKETS_MAX, and the receive buffer; the segments with the highest numbers are
 * dropped first, because they are needed last.
 *
 * Context: softirq with the bh lock, or the thread that owns the socket.  RFC 9293 3.8.6.3 and 3.10.7.4,
 * RFC 1122 4.2.3.2, RFC 2883, RFC 5681 4.2.  Compare Linux's net/ipv4/tcp_input.c.
 */
#include "net/tcp/limits.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

#define GROW_WINDOW_MIN                                                                            \
	128 /* bytes: a smaller segment does not show how well the peer fills packets */

/* ---- out of order ------------------------------------------------------------------------------ */

static void ofo_erase(struct tcp_sock *tp, struct sk_buff *skb)
{
	rb_erase(&skb->rbnode, &tp->out_of_order_queue);
	/* The tree node shares memory with the list links; they must be NULL outside a queue. */
	skb->next = skb->prev = NULL;
	tp->ofo_count--;
}

static struct sk_buff *rb_to_skb_safe(struct rb_node *node)
{
	return node ? rb_to_skb(node) : NULL;
}

static void ofo_drop_last(struct tcp_sock *tp)
{
	struct sk_buff *skb = tp->ooo_last_skb;

	tp->ooo_last_skb = rb_to_skb_safe(rb_prev(&skb->rbnode));
	ofo_erase(tp, skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OFO_PRUNE);
	tcp_sack_prune(tp);
}

void tcp_ofo_purge(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node *node;

	while ((node = rb_first(&tp->out_of_order_queue))) {
		struct sk_buff *skb = rb_to_skb(node);

		ofo_erase(tp, skb);
		consume_skb(skb);
	}
	tp->ooo_last_skb = NULL;
	/* rx_opt.dsack stays: the duplicate that it reports was not in the queue. */
	tp->rx_opt.num_sacks = 0;
}

bool tcp_prune_ofo_queue(struct sock *sk, const struct sk_buff *incoming)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool pruned = false;

	while (!RB_EMPTY_ROOT(&tp->out_of_order_queue)) {
		if (incoming && !tcp_under_memory_pressure(sk) &&
		    after(TCP_SKB_CB(incoming)->seq, TCP_SKB_CB(tp->ooo_last_skb)->seq))
			break;
		ofo_drop_last(tp);
		pruned = true;
		if (atomic_read(&sk->sk_rmem_alloc) <= sk->sk_rcvbuf &&
		    !tcp_under_memory_pressure(sk))
			break;
	}
	if (pruned)
		snmp_inc(SNMP_TcpExtOfoPruned);
	return pruned;
}

/* ---- insertion ------------------------------------------------------------------------------------------- */

/*
 * Returns true if the tree may take @skb. A full tree drops its segment with the highest number to
 * make room, but only if @skb has a lower number.
 */
static bool ofo_has_place(struct tcp_sock *tp, const struct sk_buff *skb)
{
	if (tp->ofo_count < TCP_OFO_PACKETS_MAX)
		return true;
	if (!before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(tp->ooo_last_skb)->seq))
		return false;
	snmp_inc(SNMP_TcpExtOfoPruned);
	ofo_drop_last(tp);
	return true;
}

/*
 * Drops the segments after @skb in the tree whose data @skb contains completely. The new data of
 * @skb begins at @seq; data of @skb that the tree already has was received twice and is reported
 * (DSACK).
 */
static void ofo_trim_right(struct tcp_sock *tp, struct sk_buff *skb, u32 seq)
{
	u32 end_seq = TCP_SKB_CB(skb)->end_seq;
	struct sk_buff *next;

	while ((next = rb_to_skb_safe(rb_next(&skb->rbnode)))) {
		const struct tcp_skb_cb *cb = TCP_SKB_CB(next);
		bool part = before(end_seq, cb->end_seq);

		if (!after(end_seq, cb->seq))
			return;
		tcp_dsack_extend(tp, after(cb->seq, seq) ? cb->seq : seq,
				 part ? end_seq : cb->end_seq);
		if (part)
			return;
		ofo_erase(tp, next);
		snmp_inc(SNMP_TcpExtTCPOFOMerge);
		kfree_skb_reason(next, SKB_DROP_REASON_TCP_OFO_MERGE);
	}
	tp->ooo_last_skb = skb;
}

enum ofo_fate { OFO_INSERTED, OFO_MERGED, OFO_COVERED };

/*
 * Inserts @skb into the tree. Returns OFO_COVERED if the tree already has all data of @skb, and
 * OFO_MERGED if the data was appended to a queued segment. After OFO_MERGED the caller frees the
 * rest of @skb with kfree_skb_partial(@skb, *@fragstolen).
 */
static enum ofo_fate ofo_insert(struct sock *sk, struct sk_buff *skb, bool *fragstolen)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct rb_node **link = &tp->out_of_order_queue.rb_node, *parent = NULL;
	const u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;

	while (*link) {
		struct sk_buff *other = rb_to_skb(*link);

		parent = *link;
		if (before(seq, TCP_SKB_CB(other)->seq)) {
			link = &parent->rb_left;
			continue;
		}
		if (before(seq, TCP_SKB_CB(other)->end_seq)) {
			if (!after(end_seq, TCP_SKB_CB(other)->end_seq)) {
				tcp_dsack_set(tp, seq, end_seq);
				return OFO_COVERED;
			}
			tcp_dsack_set(tp, seq, TCP_SKB_CB(other)->end_seq);
			if (seq == TCP_SKB_CB(other)->seq) {
				/* The longer segment replaces the shorter one. */
				rb_replace_node(&other->rbnode, &skb->rbnode,
						&tp->out_of_order_queue);
				if (tp->ooo_last_skb == other)
					tp->ooo_last_skb = skb;
				snmp_inc(SNMP_TcpExtTCPOFOMerge);
				kfree_skb_reason(other, SKB_DROP_REASON_TCP_OFO_MERGE);
				goto out_trim;
			}
		} else if (tcp_try_coalesce(sk, other, skb, fragstolen)) {
			/* The grown segment may now contain all data of segments that follow. */
			ofo_trim_right(tp, other, seq);
			return OFO_MERGED;
		}
		link = &parent->rb_right;
	}
	rb_link_node(&skb->rbnode, parent, link);
	rb_insert_color(&skb->rbnode, &tp->out_of_order_queue);
	tp->ofo_count++;
out_trim:
	ofo_trim_right(tp, skb, seq);
	return OFO_INSERTED;
}

/* Inserts @skb; if it follows the last segment, the usual case, the tree is not searched. */
static enum ofo_fate ofo_append_or_insert(struct sock *sk, struct sk_buff *skb, bool *fragstolen)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *last = tp->ooo_last_skb;

	if (!last || before(TCP_SKB_CB(skb)->seq, TCP_SKB_CB(last)->end_seq))
		return ofo_insert(sk, skb, fragstolen);
	if (tcp_try_coalesce(sk, last, skb, fragstolen))
		return OFO_MERGED;
	rb_link_node(&skb->rbnode, &last->rbnode, &last->rbnode.rb_right);
	rb_insert_color(&skb->rbnode, &tp->out_of_order_queue);
	tp->ofo_count++;
	tp->ooo_last_skb = skb;
	return OFO_INSERTED;
}

/* Queues @skb, which begins after rcv_nxt and inside the window; the caller has removed @skb's header. */
enum skb_drop_reason tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb)
{
	const u32 seq = TCP_SKB_CB(skb)->seq, end_seq = TCP_SKB_CB(skb)->end_seq;
	struct tcp_sock *tp = tcp_sk(sk);
	bool fragstolen = false;
	enum ofo_fate fate;

	tcp_ecn_check_ce(sk, skb);
	if (tcp_try_rmem_schedule(sk, skb) || !ofo_has_place(tp, skb)) {
		snmp_inc(SNMP_TcpExtTCPOFODrop);
		return SKB_DROP_REASON_TCP_OFO_PRUNE;
	}
	/*
	 * Measure the peer's segment size here, because @skb is gone if it is merged below.  An
	 * out-of-order segment shows the size as well as any other.
	 */
	tcp_measure_rcv_mss(sk, skb);
	/* While there is a hole, each segment needs the slow path. */
	tp->pred_flags = 0;
	inet_csk_schedule_ack(sk);
	snmp_inc(SNMP_TcpExtTCPOFOQueue);
	tp->rcv_ooopack += max_t(u16, 1, skb_shinfo(skb)->gso_segs);

	fate = ofo_append_or_insert(sk, skb, &fragstolen);
	tcp_sack_new_ofo_skb(tp, seq, end_seq);
	/*
	 * Without SACK a duplicate ACK must offer the same window as the ACK before, or the sender
	 * does not count it (RFC 5681 2, "duplicate acknowledgment" (e)). So the window grows here
	 * only with SACK.
	 */
	if (tp->rx_opt.sack_ok && fate != OFO_COVERED) {
		if (skb->len >= GROW_WINDOW_MIN)
			tcp_grow_window(sk, skb);
		/*
		 * The data behind the hole occupies room that the data of the next round trip needs, so enlarge
		 * the buffer.
		 */
		if (sk->sk_socket)
			tcp_rcvbuf_grow(sk, tp->rcvq_space.space);
	}
	switch (fate) {
	case OFO_INSERTED:
		skb_set_owner_r(skb, sk);
		break;
	case OFO_MERGED:
		kfree_skb_partial(skb, fragstolen);
		break;
	case OFO_COVERED:
		snmp_inc(SNMP_TcpExtTCPOFOMerge);
		return SKB_DROP_REASON_TCP_OFO_MERGE;
	}
	return SKB_CONSUMED;
}

/* ---- the hole is filled ---------------------------------------------------------------------------------- */

void tcp_ofo_queue(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const u32 filled = tp->rcv_nxt; /* end of the segment that filled the hole */
	struct rb_node *node;

	while ((node = rb_first(&tp->out_of_order_queue))) {
		struct sk_buff *skb = rb_to_skb(node);
		struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
		u32 end_seq = TCP_SKB_CB(skb)->end_seq;
		bool fin = tcp_has_fin(skb), fragstolen;

		if (after(TCP_SKB_CB(skb)->seq, tp->rcv_nxt))
			return;
		if (before(TCP_SKB_CB(skb)->seq, filled))
			tcp_dsack_extend(tp, TCP_SKB_CB(skb)->seq,
					 before(end_seq, filled) ? end_seq : filled);
		if (tp->ooo_last_skb == skb)
			tp->ooo_last_skb = NULL;
		ofo_erase(tp, skb);
		if (!after(end_seq, tp->rcv_nxt)) {
			kfree_skb_reason(skb, SKB_DROP_REASON_TCP_OLD_DATA);
			continue;
		}
		if (tail && tcp_try_coalesce(sk, tail, skb, &fragstolen))
			kfree_skb_partial(skb, fragstolen);
		else
			__skb_queue_tail(&sk->sk_receive_queue, skb);
		tp->bytes_received += end_seq - tp->rcv_nxt;
		tp->rcv_nxt = end_seq;
		if (fin) {
			/* tcp_fin() empties the tree. */
			tcp_fin(sk);
			return;
		}
	}
}

/* ---- how soon to acknowledge --------------------------------------------------------------------------- */

/*
 * Lets the next ACKs be sent without delay: as many as a peer in slow start needs to fill half of the
 * window, at most @most.
 */
static void tcp_incr_quickack(struct sock *sk, u32 most)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 quickacks = tcp_sk(sk)->rcv_wnd / (2 * max_t(u32, icsk->icsk_ack.rcv_mss, 1));

	if (!quickacks)
		quickacks = 2;
	if (min(quickacks, most) > icsk->icsk_ack.quick)
		icsk->icsk_ack.quick = min(quickacks, most);
}

void tcp_enter_quickack_mode(struct sock *sk, u32 max_quickacks)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	tcp_incr_quickack(sk, max_quickacks);
	icsk->icsk_ack.pingpong = 0;
	icsk->icsk_ack.ato = TCP_ATO_MIN;
}

/*
 * Returns true if ACKs are sent at once. In interactive traffic ACKs are delayed, because answers
 * can carry them.
 */
static bool tcp_in_quickack_mode(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	return icsk->icsk_ack.quick && !icsk->icsk_ack.pingpong;
}

/*
 * Sends the pending ACK now or delayed.  RFC 1122 4.2.3.2: at least every second full segment is acknowledged at
 * once.  This function does so if the ACK can offer as large a window as before, or if no reader will wake up,
 * because the unread data is less than SO_RCVLOWAT. Otherwise the ACK is sent after the next read, which makes
 * room.
 */
void __tcp_ack_snd_check(struct sock *sk, bool ofo_possible)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if ((tp->rcv_nxt - tp->rcv_wup > icsk->icsk_ack.rcv_mss &&
	     (tp->rcv_nxt - tp->copied_seq < (u32)sk->sk_rcvlowat ||
	      __tcp_select_window(sk) >= tp->rcv_wnd)) ||
	    tcp_in_quickack_mode(sk) || (icsk->icsk_ack.pending & ICSK_ACK_NOW) ||
	    (ofo_possible && !RB_EMPTY_ROOT(&tp->out_of_order_queue)))
		tcp_send_ack(sk);
	else
		tcp_send_delayed_ack(sk);
}

/*
 * Estimates the size of the peer's full segments (rcv_mss). A larger segment raises the estimate;
 * two smaller segments of equal size in a row, if a link could have that MSS, lower it. A segment
 * that is shorter than the estimate means that the peer has no more data to send (ICSK_ACK_PUSHED):
 * the ACK is then due as soon as the application has read the data.
 */
void tcp_measure_rcv_mss(struct sock *sk, const struct sk_buff *skb)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const u8 remnant = TCPHDR_FIN | TCPHDR_URG | TCPHDR_SYN | TCPHDR_PSH;
	const u8 flags = TCP_SKB_CB(skb)->tcp_flags;
	const u16 last = icsk->icsk_ack.last_seg_size;
	u32 header = tcp_hdrlen(skb);
	u32 len = skb_shinfo(skb)->gso_size ? skb_shinfo(skb)->gso_size : skb->len;

	icsk->icsk_ack.last_seg_size = 0;
	if (len >= icsk->icsk_ack.rcv_mss) {
		icsk->icsk_ack.rcv_mss = min_t(u32, len, tcp_sk(sk)->advmss);
		return;
	}
	if (len + header >= TCP_MSS_DEFAULT + sizeof(struct tcphdr) ||
	    (len + header >= TCP_MIN_MSS + sizeof(struct tcphdr) && !(flags & remnant))) {
		/* SACK blocks take the place of data in a segment: add their size. */
		len += header - tcp_sk(sk)->tcp_header_len;
		icsk->icsk_ack.last_seg_size = len;
		if (len == last) {
			icsk->icsk_ack.rcv_mss = len;
			return;
		}
	}
	if (icsk->icsk_ack.pending & ICSK_ACK_PUSHED)
		icsk->icsk_ack.pending |= ICSK_ACK_PUSHED2;
	icsk->icsk_ack.pending |= ICSK_ACK_PUSHED;
}

/*
 * Adapts the delay of ACKs (ato) to the intervals between segments: just long enough to receive two
 * segments.
 */
static void tcp_adapt_ato(struct sock *sk, u32 now)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u32 gap = now - icsk->icsk_ack.lrcvtime;

	if (!icsk->icsk_ack.ato) {
		/* The first data: acknowledge without delay, because the peer is in slow start. */
		tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
		icsk->icsk_ack.ato = TCP_ATO_MIN;
	} else if (gap <= TCP_ATO_MIN / 2) {
		icsk->icsk_ack.ato = (icsk->icsk_ack.ato >> 1) + TCP_ATO_MIN / 2;
	} else if (gap < icsk->icsk_ack.ato) {
		icsk->icsk_ack.ato = min((icsk->icsk_ack.ato >> 1) + gap, icsk->icsk_rto);
	} else if (gap > icsk->icsk_rto) {
		/* After a pause longer than an RTO the peer is in slow start again. */
		tcp_incr_quickack(sk, TCP_MAX_QUICKACKS);
	}
}

/* New data was queued: updates the estimates of the peer's MSS, RTT and pace, and schedules an ACK. */
void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_mstamp_jiffies32(tp);

	inet_csk_schedule_ack(sk);
	tcp_measure_rcv_mss(sk, skb);
	tcp_rcv_rtt_measure(tp);
	tcp_adapt_ato(sk, now);
	inet_csk(sk)->icsk_ack.lrcvtime = now;
	tcp_ecn_check_ce(sk, skb);
	if (skb->len >= GROW_WINDOW_MIN)
		tcp_grow_window(sk, skb);
}

/* ---- in order ------------------------------------------------------------------------------------------- */

static void tcp_rcv_nxt_update(struct tcp_sock *tp, u32 seq)
{
	tp->bytes_received += seq - tp->rcv_nxt;
	tp->rcv_nxt = seq;
}

bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from, bool *fragstolen)
{
	struct tcp_skb_cb *cb = TCP_SKB_CB(to);
	int delta;

	*fragstolen = false;
	/* Data after a FIN is invalid, and the sequence number of a SYN is not a byte: do not merge these. */
	if (TCP_SKB_CB(from)->seq != cb->end_seq ||
	    ((cb->tcp_flags | TCP_SKB_CB(from)->tcp_flags) & TCPHDR_SYN) || tcp_has_fin(to))
		return false;
	if (!skb_try_coalesce(to, from, fragstolen, &delta))
		return false;
	atomic_add(delta, &sk->sk_rmem_alloc);
	sk_mem_charge(sk, delta);
	snmp_inc(SNMP_TcpExtTCPRcvCoalesce);
	cb->end_seq = TCP_SKB_CB(from)->end_seq;
	cb->ack_seq = TCP_SKB_CB(from)->ack_seq;
	cb->tcp_flags |= TCP_SKB_CB(from)->tcp_flags;
	to->skb_mstamp = from->skb_mstamp;
	return true;
}

noinline bool tcp_queue_rcv(struct sock *sk, struct sk_buff *skb, int hdrlen, bool *fragstolen)
{
	struct sk_buff *tail = skb_peek_tail(&sk->sk_receive_queue);
	bool eaten;

	*fragstolen = false;
	skb_dst_drop(skb);
	__skb_pull(skb, hdrlen);
	eaten = tail && tcp_try_coalesce(sk, tail, skb, fragstolen);
	tcp_rcv_nxt_update(tcp_sk(sk), TCP_SKB_CB(skb)->end_seq);
	if (!eaten) {
		__skb_queue_tail(&sk->sk_receive_queue, skb);
		skb_set_owner_r(skb, sk);
	}
	return eaten;
}

/*
 * Processes the peer's FIN (RFC 9293 3.10.7.4, eighth).  If our FIN was acknowledged already, a TIME_WAIT
 * object replaces @sk, and @sk goes to CLOSE.
 */
noinline void tcp_fin(struct sock *sk)
{
	inet_csk_schedule_ack(sk);
	sk->sk_shutdown |= RCV_SHUTDOWN;
	sock_set_flag(sk, SOCK_DONE);
	/*
	 * Drop data after the FIN, which a conforming peer never sends.  The purge also removes the SACK
	 * blocks.  The next ACK covers all of them, and a block below the acknowledgment number would report a
	 * duplicate (RFC 2883 4).
	 */
	tcp_ofo_purge(sk);

	switch (sk->sk_state) {
	case TCP_SYN_RECV:
	case TCP_ESTABLISHED:
		tcp_set_state(sk, TCP_CLOSE_WAIT);
		/*
		 * The application will probably close too: delay the ACK, so that our FIN can
		 * carry it.
		 */
		inet_csk(sk)->icsk_ack.pingpong = 1;
		break;
	case TCP_CLOSE_WAIT:
	case TCP_CLOSING:
	case TCP_LAST_ACK:
		/* The peer retransmitted its FIN; the pending ACK answers it. */
		break;
	case TCP_FIN_WAIT1:
		/* Both sides closed at once: our FIN is not acknowledged yet. */
		tcp_send_ack(sk);
		tcp_set_state(sk, TCP_CLOSING);
		break;
	case TCP_FIN_WAIT2:
		tcp_send_ack(sk);
		tcp_time_wait(sk, TCP_TIME_WAIT, 0);
		break;
	default:
		/* LISTEN, CLOSE and SYN_SENT do not accept a FIN, so this call is a bug of ours. */
		WARN_ON(true);
		return;
	}

	/* As on Linux, an ACK that is sent after this point reports no duplicate. */
	tcp_sack_reset(&tcp_sk(sk)->rx_opt);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_state_change(sk);
}

/*
 * The data is old, or outside the window: schedules an ACK without delay, so that the peer learns
 * rcv_nxt and the window.  Returns @reason.
 */
static enum skb_drop_reason tcp_refuse_data(struct sock *sk, enum skb_drop_reason reason)
{
	tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
	inet_csk_schedule_ack(sk);
	return reason;
}

/* Queues @skb, which begins at rcv_nxt or before it and ends after it. */
static enum skb_drop_reason tcp_data_in_order(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fin = tcp_has_fin(skb), fragstolen, eaten;

	/*
	 * An empty receive queue accepts one segment without a test for room; otherwise a buffer that is
	 * full of out-of-order data would never become empty.  But when pages are scarce the test is made,
	 * because the last pages are for ending connections; the peer will retransmit.
	 */
	if ((!skb_queue_empty(&sk->sk_receive_queue) || unlikely(mm_pages_are_scarce())) &&
	    tcp_try_rmem_schedule(sk, skb)) {
		snmp_inc(SNMP_TcpExtTCPRcvQDrop);
		inet_csk_schedule_ack(sk);
		inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
		return SKB_DROP_REASON_SOCKET_RCVBUFF;
	}
	eaten = tcp_queue_rcv(sk, skb, 0, &fragstolen);
	if (skb->len)
		tcp_event_data_recv(sk, skb);
	if (fin)
		tcp_fin(sk);
	if (!RB_EMPTY_ROOT(&tp->out_of_order_queue)) {
		tcp_ofo_queue(sk);
		/*
		 * RFC 5681 4.2: acknowledge at once when a hole was filled.  While another hole remains,
		 * __tcp_ack_snd_check() acknowledges each segment at once anyway.  ACKs of the segments
		 * that follow in order may be delayed again, as in Linux since 4.18.
		 */
		if (RB_EMPTY_ROOT(&tp->out_of_order_queue))
			inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_NOW;
	}
	if (tp->rx_opt.num_sacks)
		tcp_sack_remove(tp);
	tcp_fast_path_check(sk);
	if (eaten)
		kfree_skb_partial(skb, fragstolen);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_data_ready(sk);
	return SKB_CONSUMED;
}

/* Returns how many segments GRO merged into @skb, minus one; at most TCP_DUPACKS_MAX. */
static unsigned int tcp_merged_segments(const struct sk_buff *skb)
{
	unsigned int size = skb_shinfo(skb)->gso_size;

	return size && skb->len ? min((skb->len - 1) / size, TCP_DUPACKS_MAX) : 0;
}

noinline enum skb_drop_reason tcp_data_queue(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u32 window = tcp_receive_window(tp);
	enum skb_drop_reason reason;
	unsigned int more;

	skb_dst_drop(skb);
	__skb_pull(skb, tcp_hdrlen(skb));
	tcp_ecn_accept_cwr(sk, skb);

	if (!after(cb->end_seq, tp->rcv_nxt)) {
		/* We have all of this data: our ACK was lost, or the peer retransmitted too early. */
		snmp_inc(SNMP_TcpExtDelayedACKLost);
		tcp_dsack_set(tp, cb->seq, cb->end_seq);
		return tcp_refuse_data(sk, SKB_DROP_REASON_TCP_OLD_DATA);
	}
	/* A FIN without data needs no room: accept it even if the window is closed. */
	if (!before(cb->seq, tp->rcv_nxt + window) &&
	    !(cb->seq == tp->rcv_nxt && !skb->len && tcp_has_fin(skb))) {
		if (window)
			return tcp_refuse_data(sk, SKB_DROP_REASON_TCP_OVERWINDOW);
		goto zero_window;
	}
	if (before(cb->seq, tp->rcv_nxt)) {
		tcp_dsack_set(tp, cb->seq, tp->rcv_nxt);
		if (!window)
			goto zero_window;
	}
	if (!after(cb->seq, tp->rcv_nxt))
		return tcp_data_in_order(sk, skb);

	more = tp->rx_opt.sack_ok ? 0 : tcp_merged_segments(skb);
	reason = tcp_data_queue_ofo(sk, skb);
	/*
	 * RFC 5681 4.2: each segment beyond a hole must be acknowledged, because a sender without SACK counts
	 * the duplicate ACKs.  If GRO merged several segments, send the ACKs of all but one here.
	 * tcp_send_ack() clears the pending ACK, so schedule the last ACK again; tcp_ack_snd_check() sends it.
	 */
	while (more--)
		tcp_send_ack(sk);
	inet_csk_schedule_ack(sk);
	return reason;

zero_window:
	snmp_inc(SNMP_TcpExtTCPZeroWindowDrop);
	return tcp_refuse_data(sk, SKB_DROP_REASON_TCP_ZEROWINDOW);
}
