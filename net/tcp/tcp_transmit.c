/* SPDX-License-Identifier: MIT */
/*
 * The last step of sending a segment in TCP: writes its header and passes it to IP.  Also sends ACKs
 * without data, at once or delayed.
 *
 *   tcp_write_xmit, tcp_retransmit_skb, tcp_connect, tcp_send_ack, probes, resets
 *     -> tcp_transmit_skb -> options -> icsk_af_ops->send_check -> icsk_af_ops->queue_xmit
 *
 * A segment that may be retransmitted is sent as a clone; the original stays in its queue.  The headers
 * are written into the headroom that the clone shares with the original.  While a lower layer still
 * holds an older clone, that headroom is in use, so the segment is sent as a copy with a linear part of
 * its own.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * RFC 9293 3.1, RFC 7323 2 and 3. Compare Linux's tcp_output.c.
 */
#define LOG_SOURCE tcp_log
#include "net/tcp/tcp_send.h"
#include "kernel/printk.h"
#include "net/tcp/tcp_ecn.h"

/* ---- effects of a sent segment --------------------------------------------------------------- */

/*
 * A sent segment carried an ACK: no ACK is pending any more.  The segment counts as a quick ACK only if an ACK
 * was pending, so a burst of segments counts as one quick ACK, as in Linux since 6.6.
 */
static noinline void tcp_event_ack_sent(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ack.quick && inet_csk_ack_scheduled(sk) && !--icsk->icsk_ack.quick)
		icsk->icsk_ack.ato = TCP_ATO_MIN;
	inet_csk_clear_xmit_timer(sk, ICSK_TIME_DACK);
}

static noinline void tcp_event_data_sent(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	u32 now = tcp_mstamp_jiffies32(tp);

	if (!tcp_packets_in_flight(tp))
		tcp_ca_event(sk, CA_EVENT_TX_START);
	tp->lsndtime = now;
	/*
	 * Data is sent soon after data was received: the traffic is interactive, so delay ACKs, because
	 * the answers will carry them.
	 */
	if (now - icsk->icsk_ack.lrcvtime < icsk->icsk_ack.ato)
		icsk->icsk_ack.pingpong = 1;
}

/* Counts @pkts segments with @bytes of data in total, whose control block is @tcb, as sent. */
static void tcp_count_sent(struct sock *sk, const struct tcp_skb_cb *tcb, unsigned int pkts,
			   unsigned int bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tcb->tcp_flags & TCPHDR_ACK)
		tcp_event_ack_sent(sk);
	if (bytes) {
		tcp_event_data_sent(sk);
		tp->data_segs_out += pkts;
		tp->bytes_sent += bytes;
	}
	tp->segs_out += pkts;
	/* Retransmissions count in RetransSegs, not here. */
	if (after(tcb->end_seq, tp->snd_nxt) || tcb->seq == tcb->end_seq)
		snmp_add(SNMP_TcpOutSegs, pkts);
}

/* ---- the segment ----------------------------------------------------------------------------------------- */

/* Returns a clone of @skb, or, if an older clone is still in use, a copy with its own linear part. */
static struct sk_buff *tcp_clone_for_wire(struct sk_buff *skb, gfp_t gfp)
{
	struct list_head anchor = skb->tcp_tsorted_anchor;
	struct sk_buff *copy;

	/*
	 * In the retransmit queue the fields dst and destructor share memory with the anchor. Clear
	 * them meanwhile: the clone would take the anchor's pointers for its dst and destructor.
	 */
	skb->dst = NULL;
	skb->destructor = NULL;
	copy = likely(!skb_cloned(skb)) ? skb_clone(skb, gfp) : pskb_copy(skb, gfp);
	if (copy)
		copy->tstamp = 0; /* shares memory with @skb's tree node */
	skb->tcp_tsorted_anchor = anchor;
	return copy;
}

static void tcp_write_header(struct sock *sk, struct sk_buff *skb, const struct tcp_skb_cb *tcb,
			     unsigned int header_size, const struct tcp_out_options *opts)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct tcphdr *th = skb_push(skb, header_size);

	skb_reset_transport_header(skb);
	th->source = inet->inet_sport;
	th->dest = inet->inet_dport;
	th->seq = htonl(tcb->seq);
	th->ack_seq = tcb->tcp_flags & TCPHDR_ACK ? htonl(tp->rcv_nxt) : 0;
	put_unaligned_be16(header_size / 4 << 12 | tcb->tcp_flags, (u8 *)th + 12);
	/* RFC 7323 2.2: the window of a SYN is never scaled. */
	if (unlikely(tcb->tcp_flags & TCPHDR_SYN))
		th->window = htons(min(tp->rcv_wnd, 65535u));
	else
		th->window = htons(tcp_select_window(sk));
	th->check = 0;
	th->urg_ptr = 0;
	if (unlikely(tcp_urg_mode(tp)))
		tcp_write_urg(tp, th, tcb->seq);
	tcp_options_write(th + 1, tp, opts);
}

/*
 * Sends @skb.  With @clone_it a clone is sent and the caller keeps @skb; without it @skb is consumed, even on
 * an error.  Returns 0, or -ENOBUFS if there is no memory or the device's queue is full, or -errno of the route
 * lookup.
 */
noinline int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, int clone_it, gfp_t gfp)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct skb_shared_info *shinfo;
	struct tcp_out_options opts;
	unsigned int header_size, pkts;
	struct tcp_skb_cb tcb;
	struct sk_buff *kept = clone_it ? skb : NULL;
	unsigned int bytes = skb->len;
	int err;

	sock_owned_by_me(sk);
	pkts = tcp_skb_pcount(skb);
	BUG_ON(!pkts);
	skb->skb_mstamp = tp->tcp_mstamp;
	if (clone_it) {
		skb = tcp_clone_for_wire(skb, gfp);
		if (unlikely(!skb))
			return -ENOBUFS;
	}
	tcb = *TCP_SKB_CB(skb);

	header_size =
		sizeof(struct tcphdr) +
		(tcb.tcp_flags & TCPHDR_SYN ? tcp_syn_options(sk, tcb.tcp_flags & TCPHDR_ACK, &opts)
					    : tcp_established_options(sk, &opts));
	tcb.tcp_flags |= tcp_ecn_send(sk, &tcb, bytes);
	/*
	 * As in Linux since 5.4, set PSH on the last of several segments, so that the receiver
	 * passes the data on without waiting for more.
	 */
	if (pkts > 1)
		tcb.tcp_flags |= TCPHDR_PSH;
	tcp_write_header(sk, skb, &tcb, header_size, &opts);
	/*
	 * Only packets with a copy in a queue are charged to the socket, so an ACK that waits in the device
	 * delays no data.  Linux charges two bytes for it (skb_set_tcp_pure_ack()).
	 */
	if (kept) {
		skb_set_owner_w(skb, sk);
		skb->destructor = tcp_wfree;
	}

	shinfo = skb_shinfo(skb);
	shinfo->gso_size = tcb.tcp_gso_size;
	shinfo->gso_segs = tcb.tcp_gso_size ? pkts : 0;
	shinfo->gso_type = tcb.tcp_gso_size ? SKB_GSO_TCPV4 : 0;
	/* RFC 3168 6.1.2: only the first of several segments may carry CWR. */
	if (unlikely(tcb.tcp_flags & TCPHDR_CWR) && tcb.tcp_gso_size)
		shinfo->gso_type |= SKB_GSO_TCP_ECN;
	icsk->icsk_af_ops->send_check(sk, skb);

	tcp_count_sent(sk, &tcb, pkts, bytes);
	if (pr_debug_on())
		tcp_log_segment("out", inet_sk(sk)->inet_saddr, inet_sk(sk)->inet_daddr,
				tcp_hdr(skb), bytes);

	/* The control block belongs to IP from here on. */
	memset(skb->cb, 0, sizeof(skb->cb));
	err = icsk->icsk_af_ops->queue_xmit(sk, skb);
	/* A full queue of our own device is congestion too. */
	if (unlikely(err == -ENOBUFS))
		tcp_enter_cwr(sk);
	if (!err && kept) {
		if (sk->sk_pacing_status != SK_PACING_NONE)
			tcp_update_wstamp(sk, bytes);
		tcp_rate_skb_sent(sk, kept);
	}
	return err;
}

/* ---- acknowledgments ---------------------------------------------------------------------------------------- */

/*
 * If the peer's window has shrunk to before snd_nxt, the peer would drop an ACK with seq snd_nxt,
 * so the ACK gets the end of the window as its sequence number.
 */
u32 tcp_acceptable_seq(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 end = tcp_wnd_end(tp);

	if (!before(end, tp->snd_nxt))
		return tp->snd_nxt;
	/* A difference of less than one unit of the window scale is no shrinking: the window was only rounded. */
	if (tp->rx_opt.wscale_ok && tp->snd_nxt - end < 1u << tp->rx_opt.snd_wscale)
		return tp->snd_nxt;
	return end;
}

noinline void tcp_send_ack(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct sk_buff *skb;

	sock_owned_by_me(sk);
	if (sk->sk_state == TCP_CLOSE)
		return;

	skb = tcp_alloc_control(tcp_acceptable_seq(sk), TCPHDR_ACK);
	if (unlikely(!skb)) {
		inet_csk_schedule_ack(sk);
		icsk->icsk_ack.ato = TCP_ATO_MIN;
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, TCP_DELACK_MAX, TCP_RTO_MAX);
		return;
	}
	tcp_mstamp_refresh(tcp_sk(sk));
	tcp_transmit_skb(sk, skb, 0, GFP_ATOMIC);
}

/*
 * Returns the delay of an ACK in jiffies: icsk_ack.ato, but at most tcp_delack_max(), and at most the RTT if it
 * is known; an RTT below TCP_DELACK_MIN counts as TCP_DELACK_MIN.
 */
static unsigned long tcp_delack_time(const struct sock *sk)
{
	u32 ato = inet_csk(sk)->icsk_ack.ato, srtt_us = tcp_sk(sk)->srtt_us >> 3;

	if (ato > TCP_DELACK_MIN && srtt_us)
		ato = min(ato, max_t(u32, tcp_usecs_to_jiffies(srtt_us), TCP_DELACK_MIN));
	return min(ato, tcp_delack_max(sk));
}

void tcp_send_delayed_ack(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	unsigned long ato = tcp_delack_time(sk), now = jiffies, timeout = now + ato;

	sock_owned_by_me(sk);
	if (icsk->icsk_ack.pending & ICSK_ACK_TIMER) {
		/*
		 * The pending ACK is due within a quarter of the delay, or its timer fired while a thread
		 * owned the socket: send it now.
		 */
		if (icsk->icsk_ack.blocked ||
		    time_before_eq(icsk->icsk_ack.timeout, now + ato / 4)) {
			tcp_send_ack(sk);
			return;
		}
		/* More data must not postpone the ACK that is already pending. */
		if (time_before(icsk->icsk_ack.timeout, timeout))
			timeout = icsk->icsk_ack.timeout;
	}
	icsk->icsk_ack.pending |= ICSK_ACK_SCHED | ICSK_ACK_TIMER;
	icsk->icsk_ack.timeout = timeout;
	sk_reset_timer(sk, &icsk->icsk_delack_timer, timeout);
}
