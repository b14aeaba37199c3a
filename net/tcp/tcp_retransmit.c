/* SPDX-License-Identifier: MIT */
/*
 * Retransmission, and cutting queued segments into other sizes.
 *
 *   tcp_retransmit_timer -> tcp_retransmit_skb           the oldest segment, after a timeout
 *   tcp_xmit_recovery -> tcp_xmit_retransmit_queue       the lost segments, as cwnd allows
 *   tcp_write_xmit, tcp_write_wakeup, tcp_retransmit_skb, sack_covers -> tcp_fragment
 *   tcp_clean_rtx_queue -> tcp_trim_head                 a long segment is acknowledged in part
 *
 * Every change of a segment's size calls tcp_adjust_pcount(), so that packets_out, lost_out and
 * retrans_out are always the sums over the tree.
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * RFC 9293 3.8.1, RFC 6582, CVE-2019-11478. Compare Linux's tcp_output.c.
 */
#include "kernel/lib/string.h"
#include "net/core/errqueue.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_send.h"

/* ---- sizes ----------------------------------------------------------------------------------------- */

void tcp_adjust_pcount(struct sock *sk, const struct sk_buff *skb, int decr)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 sacked = TCP_SKB_CB(skb)->sacked;

	tp->packets_out -= decr;
	if (sacked & TCPCB_SACKED_RETRANS)
		tp->retrans_out -= decr;
	if (sacked & TCPCB_LOST)
		tp->lost_out -= decr;
	/*
	 * Without SACK no mark tells which segments sacked_out counts: subtract @decr, but not more
	 * than sacked_out.
	 */
	if (sacked & TCPCB_SACKED_ACKED)
		tp->sacked_out -= decr;
	else if (tcp_is_reno(tp) && decr > 0)
		tp->sacked_out -= min(tp->sacked_out, (u32)decr);
	tcp_verify_left_out(tp);
}

/*
 * If a clone shares the data of @skb, gives @skb a linear part and a table of fragments of its own.
 * Returns 0 or -ENOMEM.
 */
static int tcp_skb_unclone(struct sock *sk, struct sk_buff *skb, gfp_t gfp)
{
	u32 before_size = skb->truesize;
	int err = skb_unclone(skb, gfp);

	sk_wmem_queued_add(sk, (int)(skb->truesize - before_size));
	return err;
}

/* SO_TIMESTAMPING: of @skb and the rest that was cut off, only the one with the byte tskey keeps the marks. */
static void tcp_fragment_tstamp(struct sk_buff *skb, struct sk_buff *rest)
{
	struct skb_shared_info *from = skb_shinfo(skb), *to = skb_shinfo(rest);

	if (before(from->tskey, TCP_SKB_CB(rest)->seq)) {
		TCP_SKB_CB(rest)->txstamp_ack = 0;
		return;
	}
	to->tskey = from->tskey;
	to->tx_flags = from->tx_flags;
	from->tx_flags = 0;
	TCP_SKB_CB(skb)->txstamp_ack = 0;
}

/*
 * Cuts @skb after @len bytes: the rest becomes a new segment behind it.  @in_rtx_queue: @skb is in the tree of
 * sent segments, else in the queue of unsent ones.  Returns 0 or -ENOMEM.
 */
int tcp_fragment(struct sock *sk, bool in_rtx_queue, struct sk_buff *skb, u32 len,
		 unsigned int mss_now, gfp_t gfp)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb), *tcb2;
	int old_pcount, linear, paged;
	struct sk_buff *buff;
	u64 limit;

	BUG_ON(len > skb->len);
	linear = skb_headlen(skb) > len ? skb_headlen(skb) - len : 0;

	/*
	 * CVE-2019-11478: a peer that acknowledges a few bytes at a time must not split a full queue into
	 * segments of a few bytes, each with its own skb.  The first and the last segment of the queue may
	 * always be split, because sending could stop otherwise.
	 */
	limit = (u64)sk->sk_sndbuf + TCP_CUT_PACKETS * SKB_TRUESIZE(GSO_MAX_SIZE);
	if (in_rtx_queue && sk->sk_wmem_queued >> 1 > limit && skb != tcp_rtx_queue_head(sk) &&
	    skb != tcp_rtx_queue_tail(sk)) {
		snmp_inc(SNMP_TcpExtTCPWqueueTooBig);
		return -ENOMEM;
	}
	if (tcp_skb_unclone(sk, skb, gfp))
		return -ENOMEM;
	buff = sk_stream_alloc_skb(sk, linear, gfp);
	if (!buff)
		return -ENOMEM;
	sk_wmem_queued_add(sk, buff->truesize);

	tcb2 = TCP_SKB_CB(buff);
	*tcb2 = *tcb;
	tcb2->seq = tcb->seq + len;
	tcb->end_seq = tcb2->seq;
	/* FIN, PSH and the end of a record (eor) belong to the last byte, which is in the new segment now. */
	tcb->tcp_flags &= ~(TCPHDR_FIN | TCPHDR_PSH);
	tcb->eor = 0;

	paged = skb->len - len - linear;
	skb_split(skb, buff, len);
	if (unlikely(skb_zcopy(skb)))
		skb_zcopy_set(buff, skb_zcopy(skb));
	if (unlikely(skb_shinfo(skb)->tx_flags | tcb->txstamp_ack))
		tcp_fragment_tstamp(skb, buff);
	skb->truesize -= paged;
	buff->truesize += paged;
	buff->ip_summed = CHECKSUM_PARTIAL;
	buff->skb_mstamp = skb->skb_mstamp;
	skb_header_release(buff);

	old_pcount = tcp_skb_pcount(skb);
	tcp_set_skb_tso_segs(skb, mss_now);
	tcp_set_skb_tso_segs(buff, mss_now);
	if (in_rtx_queue) {
		int diff = old_pcount - tcp_skb_pcount(skb) - tcp_skb_pcount(buff);

		tcp_rtx_queue_add_after(sk, skb, buff);
		if (diff)
			tcp_adjust_pcount(sk, skb, diff);
	} else {
		__skb_queue_after(&sk->sk_write_queue, skb, buff);
	}
	return 0;
}

/*
 * Removes @eat bytes from the front of the linear part.  Moves the rest by up to 3 bytes, so that the headers
 * that are put in front of it are aligned.
 */
static void tcp_skb_eat_linear(struct sk_buff *skb, u32 eat)
{
	u32 back = eat & 3;

	__skb_pull(skb, eat);
	if (!back)
		return;
	memmove(skb->data - back, skb->data, skb_headlen(skb));
	skb->data -= back;
	skb->tail -= back;
}

/*
 * Removes @len bytes from the front of @skb, whose data no clone may share. Returns how many of
 * these bytes were in pages; pages without remaining bytes are freed.
 */
static u32 tcp_skb_eat(struct sk_buff *skb, u32 len)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	u32 eat = min(len, skb_headlen(skb)), freed;
	unsigned int kept = 0;

	tcp_skb_eat_linear(skb, eat);
	len -= eat;
	freed = len;
	for (unsigned int i = 0; i < shinfo->nr_frags; i++) {
		skb_frag_t frag = shinfo->frags[i];

		if (frag.size <= len) {
			len -= frag.size;
			put_page(frag.page);
			continue;
		}
		frag.page_offset += len;
		frag.size -= len;
		len = 0;
		shinfo->frags[kept++] = frag;
	}
	shinfo->nr_frags = kept;
	skb->len -= freed;
	skb->data_len -= freed;
	return freed;
}

/* Removes the first @len bytes of @skb, which are acknowledged.  Returns 0 or -ENOMEM. */
int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len)
{
	u32 freed;

	BUG_ON(len > skb->len);
	if (tcp_skb_unclone(sk, skb, GFP_ATOMIC))
		return -ENOMEM;
	freed = tcp_skb_eat(skb, len);
	TCP_SKB_CB(skb)->seq += len;
	if (freed) {
		skb->truesize -= freed;
		sk_wmem_queued_add(sk, -(int)freed);
	}
	if (tcp_skb_pcount(skb) > 1)
		tcp_set_skb_tso_segs(skb, tcp_skb_mss(skb));
	return 0;
}

/* ---- retransmission -------------------------------------------------------------------------- */

/*
 * Cuts @skb to the part that may be sent now: without acknowledged bytes, within the peer's window, and at most
 * @segs segments.  Returns 0 or -errno.
 */
static int tcp_prepare_retransmit(struct sock *sk, struct sk_buff *skb, int segs)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	unsigned int cur_mss, len;
	int diff, room;

	/*
	 * The packets of this socket that wait in our own device already hold more memory than the
	 * socket's queues (and a quarter more, for copies) or than the send buffer: a
	 * retransmission would only wait behind them.
	 */
	if (tcp_device_holds(
		    sk,
		    min(sk->sk_wmem_queued + (sk->sk_wmem_queued >> 2), (u32)sk->sk_sndbuf) + 1))
		return -EAGAIN;

	if (before(tcb->seq, tp->snd_una)) {
		BUG_ON(before(tcb->end_seq, tp->snd_una));
		diff = tcp_skb_pcount(skb);
		if (tcp_trim_head(sk, skb, tp->snd_una - tcb->seq))
			return -ENOMEM;
		diff -= tcp_skb_pcount(skb);
		if (diff)
			tcp_adjust_pcount(sk, skb, diff);
	}
	if (inet_csk(sk)->icsk_af_ops->rebuild_header(sk))
		return -EHOSTUNREACH; /* no route just now */

	/*
	 * The peer shrank its window, so that @skb lies beyond it.  The oldest segment is sent nevertheless, as a
	 * window probe.
	 */
	cur_mss = tcp_current_mss(sk);
	if (!before(tcb->seq, tcp_wnd_end(tp)) && tcb->seq != tp->snd_una)
		return -EAGAIN;

	room = tcp_wnd_end(tp) - tcb->seq;
	if (room <= 0)
		room = cur_mss;
	len = cur_mss * segs;
	if (len > room)
		len = room < cur_mss ? room : room - room % cur_mss;
	if (skb->len > len)
		return tcp_fragment(sk, true, skb, len, cur_mss, GFP_ATOMIC);
	diff = tcp_skb_pcount(skb);
	tcp_set_skb_tso_segs(skb, cur_mss);
	diff -= tcp_skb_pcount(skb);
	if (diff)
		tcp_adjust_pcount(sk, skb, diff);
	return 0;
}

/*
 * Sends at most @segs segments of @skb again; the rest becomes a segment of its own.  The caller
 * marks @skb. Returns 0 or an error: -EAGAIN (@skb is beyond the peer's window, or our device's
 * queue is full), -ENOBUFS (the packet could not be sent now), -EHOSTUNREACH (there is no route),
 * -ENOMEM.
 */
int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	u64 sent_before = skb->skb_mstamp;
	int err;

	sock_owned_by_me(sk);
	/* After a retransmission an ACK no longer shows whether a path MTU probe in flight arrived. */
	inet_csk(sk)->icsk_mtup.probe_size = 0;
	err = tcp_prepare_retransmit(sk, skb, segs);
	if (err)
		goto out_fail;

	if (unlikely(tcb->tcp_flags & TCPHDR_SYN))
		tcp_ecn_clear_syn(skb);
	tcp_mstamp_refresh(tp);
	/* Karn: from now on an ACK may answer either transmission.  The mark stays even if this attempt fails. */
	tcb->sacked |= TCPCB_EVER_RETRANS;
	err = tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
	if (err) {
		skb->skb_mstamp = sent_before;
		goto out_fail;
	}
	tcp_rtx_sent_again(sk, skb);

	snmp_add(SNMP_TcpRetransSegs, tcp_skb_pcount(skb));
	if (tcb->tcp_flags & TCPHDR_SYN)
		snmp_inc(SNMP_TcpExtTCPSynRetrans);
	tp->total_retrans += tcp_skb_pcount(skb);
	tp->bytes_retrans += skb->len;
	return 0;

out_fail:
	snmp_inc(SNMP_TcpExtTCPRetransFail);
	return err;
}

noinline int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs)
{
	int err = __tcp_retransmit_skb(sk, skb, segs);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 stamp;

	if (err)
		return err;
	tcp_rtx_set_marks(sk, skb,
			  (TCP_SKB_CB(skb)->sacked & TCPCB_TAGBITS) | TCPCB_SACKED_RETRANS);
	stamp = tcp_ns_to_stamp(skb->skb_mstamp);
	if (!tp->retrans_stamp)
		tp->retrans_stamp = stamp;
	if (!tp->unanswered_stamp)
		tp->unanswered_stamp = stamp;
	tp->undo_retrans = max(tp->undo_retrans, 0) + tcp_skb_pcount(skb);
	return 0;
}

/*
 * Sends the lost segments in the order of sequence numbers, as far as cwnd, pacing and our own
 * device permit.
 */
noinline void tcp_xmit_retransmit_queue(struct sock *sk)
{
	const struct sk_buff *head = tcp_rtx_queue_head(sk);
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int max_segs;
	struct sk_buff *skb;

	if (!tp->packets_out)
		return;
	/* While data is urgent, each segment needs a header with an urgent pointer of its own. */
	max_segs = tcp_urg_mode(tp) ? 1 : tcp_tso_segs(sk, tcp_current_mss(sk));
	while ((skb = tcp_rtx_first_lost(sk))) {
		int room = tp->snd_cwnd - tcp_packets_in_flight(tp);

		if (tcp_pacing_check(sk))
			return;
		if (room <= 0 || tcp_small_queue_check(sk, skb, 1) ||
		    tcp_retransmit_skb(sk, skb, min_t(int, room, max_segs)))
			return;
		snmp_add(icsk->icsk_ca_state == TCP_CA_Loss ? SNMP_TcpExtTCPSlowStartRetrans
							    : SNMP_TcpExtTCPFastRetrans,
			 tcp_skb_pcount(skb));
		if (tcp_in_cwnd_reduction(sk))
			tp->prr_out += tcp_skb_pcount(skb);
		if (skb == head && icsk->icsk_pending != ICSK_TIME_REO_TIMEOUT)
			inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, icsk->icsk_rto,
						  TCP_RTO_MAX);
	}
}
