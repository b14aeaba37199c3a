/* SPDX-License-Identifier: MIT */
/*
 * The SACK blocks that the peer sends: marks the segments that the peer holds out of order (RFC 2018), and
 * counts those that it received twice (DSACK, RFC 2883).
 *
 *   tcp_ack -> tcp_sacktag_write_queue
 *     for each block -> sack_block -> tcp_rtx_next_unsacked (tcp_rtx_queue.c)
 *                                  -> sack_segment -> tcp_rtx_set_marks, tcp_rack_advance
 *     -> tcp_check_sack_reordering
 *   tcp_clean_rtx_queue, tcp_try_undo_partial -> tcp_check_sack_reordering
 *
 * A block costs O(log n) for each segment that it marks: segments that are SACKed already are skipped by whole
 * subtrees.  So a peer that repeats blocks cannot make an ACK walk the whole queue (CVE-2018-5390).  A segment
 * of several MSS is cut where a block begins or ends, but only at a multiple of the MSS, so that blocks of one
 * byte cut nothing (CVE-2019-11477, -11478); tcp_fragment() limits how often a queue may be cut.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * Compare Linux's tcp_input.c.
 */
#include "net/core/limits.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_send.h"

#define SACK_BLOCKS_MAX 4 /* 40 bytes of options hold no more */

struct sack_range {
	u32 start, end;
};

/* ---- reordering ---------------------------------------------------------------------------------- */

void tcp_check_sack_reordering(struct sock *sk, u32 low_seq, bool ts)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 mss = tp->mss_cache, high = tcp_highest_sack_seq(tp), distance;

	if (!before(low_seq, high))
		return;
	distance = high - low_seq;
	if (mss && distance > tp->reordering * mss)
		tp->reordering = min_t(u32, DIV_ROUND_UP(distance, mss), sysctl_tcp_max_reordering);
	tp->reord_seen++;
	snmp_inc(ts ? SNMP_TcpExtTCPTSReorder : SNMP_TcpExtTCPSACKReorder);
}

/* ---- one segment --------------------------------------------------------------------------------- */

/*
 * Marks @skb as SACKed; no earlier block covered it.
 *
 * TCPCB_SACKED_RETRANS stays set if @skb was not marked as lost (it was sent again as a probe): then the block
 * answers the original, and the retransmission is still in flight.
 */
static void sack_segment(struct sock *sk, struct sk_buff *skb, struct tcp_sacktag_state *state)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u8 marks = tcb->sacked & TCPCB_TAGBITS;
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_rack_advance(tp, tcb->sacked, tcb->end_seq, skb->skb_mstamp);
	tcp_rate_skb_delivered(sk, skb, &state->rate);
	/* 0 marks @skb as delivered, because the cumulative ACK that covers it later delivers nothing new. */
	tcb->tx.delivered_mstamp = 0;
	if (!(tcb->sacked & TCPCB_RETRANS)) {
		if (before(tcb->seq, tcp_highest_sack_seq(tp)) && before(tcb->seq, state->reord))
			state->reord = tcb->seq;
		if (!after(tcb->end_seq, tp->high_seq))
			state->flag |= FLAG_ORIG_SACK_ACKED;
		if (!state->first_sackt)
			state->first_sackt = skb->skb_mstamp;
		state->last_sackt = skb->skb_mstamp;
	}
	if (marks & TCPCB_LOST)
		marks &= ~(TCPCB_LOST | TCPCB_SACKED_RETRANS);
	if (!tp->sacked_out || after(tcb->end_seq, tp->sack_end))
		tp->sack_end = tcb->end_seq;
	tcp_rtx_set_marks(sk, skb, marks | TCPCB_SACKED_ACKED);
	tcp_count_delivered(tp, tcp_skb_pcount(skb), state->flag & FLAG_ECE);
	state->flag |= FLAG_DATA_SACKED;
}

/* The peer received @skb twice.  If we retransmitted @skb, the retransmission was needless: counts it for undo. */
static void dsack_segment(struct sock *sk, struct sk_buff *skb, struct tcp_sacktag_state *state)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!(tcb->sacked & TCPCB_RETRANS))
		return;
	if (tp->undo_marker && tp->undo_retrans > 0 && after(tcb->end_seq, tp->undo_marker))
		tp->undo_retrans = max(0, tp->undo_retrans - tcp_skb_pcount(skb));
	if ((tcb->sacked & TCPCB_SACKED_ACKED) && before(tcb->seq, state->reord))
		state->reord = tcb->seq;
	/* Both transmissions arrived, so the retransmission is not in flight any more. */
	if (tcb->sacked & TCPCB_SACKED_ACKED)
		tcp_rtx_set_marks(sk, skb, tcb->sacked & TCPCB_TAGBITS & ~TCPCB_SACKED_RETRANS);
}

/* ---- one block ----------------------------------------------------------------------------------- */

/*
 * Returns true if @r covers all of @skb.  A segment of several MSS in which @r begins or ends is cut first;
 * then @r covers all of the rest of @skb, or nothing of it.
 */
static bool sack_covers(struct sock *sk, struct sk_buff *skb, struct sack_range r)
{
	const struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	u32 mss, len;

	if (!after(r.start, tcb->seq) && !before(r.end, tcb->end_seq))
		return true;
	if (tcp_skb_pcount(skb) == 1)
		return false;
	mss = tcp_skb_mss(skb);
	if (after(r.start, tcb->seq)) {
		/* After the cut the next segment begins inside @r.  If there is no memory to cut, nothing is covered. */
		len = DIV_ROUND_UP(r.start - tcb->seq, mss) * mss;
		if (len < skb->len)
			tcp_fragment(sk, true, skb, len, mss, GFP_ATOMIC);
		return false;
	}
	len = (r.end - tcb->seq) / mss * mss;
	return len && len < skb->len && !tcp_fragment(sk, true, skb, len, mss, GFP_ATOMIC);
}

static void sack_block(struct sock *sk, struct sack_range r, struct tcp_sacktag_state *state)
{
	struct sk_buff *skb = tcp_rtx_next_unsacked(sk, r.start);

	while (skb && before(TCP_SKB_CB(skb)->seq, r.end)) {
		u32 end_seq;

		if (sack_covers(sk, skb, r))
			sack_segment(sk, skb, state);
		end_seq = TCP_SKB_CB(skb)->end_seq;
		skb = tcp_rtx_next_unsacked(sk, end_seq);
	}
}

/* Processes the first TCP_DSACK_MAX segments of a DSACK block above snd_una. */
static void dsack_block(struct sock *sk, struct sack_range r, struct tcp_sacktag_state *state)
{
	struct sk_buff *skb = tcp_rtx_find(sk, r.start);

	for (u32 seen = 0; seen < TCP_DSACK_MAX && skb && before(TCP_SKB_CB(skb)->seq, r.end);
	     seen++, skb = skb_rb_next(skb)) {
		if (sack_covers(sk, skb, r))
			dsack_segment(sk, skb, state);
	}
}

/* ---- DSACK --------------------------------------------------------------------------------------- */

/*
 * RFC 2883 4: the first block reports a duplicate if it lies below the cumulative acknowledgment, or
 * within the second block.
 */
static bool is_dsack(const struct sack_range *r, unsigned int n, u32 ack)
{
	if (before(r[0].start, ack)) {
		snmp_inc(SNMP_TcpExtTCPDSACKRecv);
		return true;
	}
	if (n > 1 && !after(r[0].end, r[1].end) && !before(r[0].start, r[1].start)) {
		snmp_inc(SNMP_TcpExtTCPDSACKOfoRecv);
		return true;
	}
	return false;
}

/*
 * Counts the DSACK block @r and returns its number of segments.  Returns 0 if the block proves nothing: it is
 * longer than a window, or the peer reported more duplicates than we sent retransmissions, so the network
 * duplicates packets.
 */
static u32 dsack_seen(struct tcp_sock *tp, struct sack_range r, struct tcp_sacktag_state *state)
{
	u32 len = r.end - r.start, segs = 1;

	if (len > tp->max_window)
		return 0;
	if (len > tp->mss_cache)
		segs = DIV_ROUND_UP(len, tp->mss_cache);
	else if (tp->tlp_high_seq && tp->tlp_high_seq == r.end)
		state->flag |= FLAG_DSACK_TLP;

	tp->dsack_dups += segs;
	if (tp->dsack_dups > tp->total_retrans)
		return 0;
	/*
	 * RACK's reordering window grows if a retransmission was needless because the path reorders.  A tail
	 * loss probe is sent by a timer, so a duplicate of it does not show reordering.
	 */
	if (tp->reord_seen && !(state->flag & FLAG_DSACK_TLP))
		tp->rack.dsack_seen = 1;
	state->flag |= FLAG_DSACKING_ACK;
	/* tp->delivered counts every copy that the peer received, so the duplicate counts too. */
	tcp_count_delivered(tp, segs, state->flag & FLAG_ECE);
	return segs;
}

/* If the duplicate @r is below @prior_snd_una, its segment has left the queue: only undo_retrans is updated. */
static void dsack_of_the_past(struct tcp_sock *tp, struct sack_range r, u32 segs, u32 prior_snd_una)
{
	if (tp->undo_marker && tp->undo_retrans > 0 && !after(r.end, prior_snd_una) &&
	    after(r.end, tp->undo_marker))
		tp->undo_retrans = max(0, tp->undo_retrans - (int)segs);
}

/* ---- the option ---------------------------------------------------------------------------------- */

/*
 * Returns true if @r lies within the data that we sent.  A DSACK block may lie below snd_una, but must end
 * above undo_marker, where the recovery began.
 */
static bool sack_is_valid(const struct tcp_sock *tp, struct sack_range r, bool dsack)
{
	if (!before(r.start, r.end) || after(r.end, tp->snd_nxt) || !before(r.start, tp->snd_nxt))
		return false;
	if (after(r.start, tp->snd_una))
		return true;
	if (!dsack || !tp->undo_marker || after(r.end, tp->snd_una))
		return false;
	if (!before(r.start, tp->undo_marker))
		return true;
	/*
	 * @r begins below the data of this recovery: it is valid if it ends in that data and is not
	 * longer than a window.
	 */
	return after(r.end, tp->undo_marker) && !before(r.start, r.end - tp->max_window);
}

static void count_invalid(const struct tcp_sock *tp, bool dsack)
{
	if (!dsack)
		snmp_inc(SNMP_TcpExtTCPSACKDiscard);
	else if (tp->undo_marker)
		snmp_inc(SNMP_TcpExtTCPDSACKIgnoredOld);
	else
		snmp_inc(SNMP_TcpExtTCPDSACKIgnoredNoUndo);
}

/* Reads the blocks of @skb's SACK option into @r; returns their number. */
static unsigned int read_blocks(const struct sk_buff *skb, struct sack_range *r)
{
	const u8 *option = (const u8 *)tcp_hdr(skb) + TCP_SKB_CB(skb)->sacked;
	unsigned int n = (option[1] - TCPOLEN_SACK_BASE) / TCPOLEN_SACK_PERBLOCK;

	n = min(n, (unsigned int)SACK_BLOCKS_MAX);
	for (unsigned int i = 0; i < n; i++) {
		r[i].start = get_unaligned_be32(option + 2 + i * TCPOLEN_SACK_PERBLOCK);
		r[i].end = get_unaligned_be32(option + 6 + i * TCPOLEN_SACK_PERBLOCK);
	}
	return n;
}

/*
 * Sorts the @n blocks by sequence number.  A segment that is SACKed after a higher one counts as reordered, so
 * the blocks of one ACK must be applied from the lowest to the highest.
 */
static void sort_blocks(struct sack_range *r, unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		struct sack_range one = r[i];
		unsigned int j = i;

		for (; j && after(r[j - 1].start, one.start); j--)
			r[j] = r[j - 1];
		r[j] = one;
	}
}

noinline void tcp_sacktag_write_queue(struct sock *sk, const struct sk_buff *skb,
				      struct tcp_sacktag_state *state)
{
	struct sack_range r[SACK_BLOCKS_MAX] = {0};
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int n = read_blocks(skb, r), valid = 0;
	bool dsack = is_dsack(r, n, TCP_SKB_CB(skb)->ack_seq);

	for (unsigned int i = 0; i < n; i++) {
		bool dup = dsack && !i;
		u32 segs;

		if (dup) {
			segs = before(r[0].start, r[0].end) ? dsack_seen(tp, r[0], state) : 0;
			dsack_of_the_past(tp, r[0], segs, state->prior_snd_una);
			if (segs && sack_is_valid(tp, r[0], true))
				dsack_block(sk, r[0], state);
		}
		if (!sack_is_valid(tp, r[i], dup))
			count_invalid(tp, dup);
		else if (after(r[i].end, tp->snd_una))
			r[valid++] = r[i];
	}
	sort_blocks(r, valid);
	for (unsigned int i = 0; i < valid; i++)
		sack_block(sk, r[i], state);

	if (inet_csk(sk)->icsk_ca_state != TCP_CA_Loss || tp->undo_marker)
		tcp_check_sack_reordering(sk, state->reord, false);
	tcp_verify_left_out(tp);
}
