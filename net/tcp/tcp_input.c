/* SPDX-License-Identifier: MIT */
/*
 * Processes a received segment according to the state of its connection.
 *
 * tcp_rcv_established() <- tcp_v4_do_rcv: state ESTABLISHED, nearly all segments.  A segment with the
 * header that header prediction expects takes the fast path; the slow path makes all checks.
 *
 * tcp_rcv_state_process() <- tcp_v4_do_rcv, tcp_child_process: all other states, in the order of
 * RFC 9293 3.10.7.4: sequence number, RST, SYN (tcp_validate_incoming), ACK (tcp_ack), data, FIN.
 *
 * Both call tcp_data_queue() (tcp_data.c) and the sender's tcp_data_snd_check().
 *
 * Context: softirq with the bh lock while no thread owns the socket, or the thread that owns it and
 * processes its backlog.  A listener is not locked.
 *
 * RFC 9293, RFC 5961, RFC 7323. Compare Linux's net/ipv4/tcp_input.c.
 */
#include "kernel/lib/string.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- the rate limit of answers ------------------------------------------------------------------------ */

/*
 * Returns true if this connection's last answer to a segment outside the window is less than
 * tcp_invalid_ratelimit ago; otherwise records that an answer is sent now.
 */
bool __tcp_oow_rate_limited(enum snmp_counter mib, u32 *last_oow_ack_time)
{
	if (*last_oow_ack_time) {
		s32 elapsed = tcp_jiffies32 - *last_oow_ack_time;

		if (elapsed >= 0 && elapsed < sysctl_tcp_invalid_ratelimit) {
			snmp_inc(mib);
			return true;
		}
	}
	*last_oow_ack_time = tcp_jiffies32;
	return false;
}

/*
 * Limits the ACKs that answer unacceptable ACKs: without the limit two hosts that disagree on sequence numbers
 * would answer each other for ever.
 */
bool tcp_oow_rate_limited(const struct sk_buff *skb, enum snmp_counter mib, u32 *last_oow_ack_time)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	/* A segment with data is not an answer to an ACK of ours, and its sender waits for an ACK. */
	if (cb->seq != cb->end_seq && !(cb->tcp_flags & TCPHDR_SYN))
		return false;
	return __tcp_oow_rate_limited(mib, last_oow_ack_time);
}

/* RFC 9293 3.10.7.4, first check: the segment is not acceptable, so send an ACK with our numbers. */
static void tcp_send_dupack(struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);

	if (cb->end_seq != cb->seq && before(cb->seq, tp->rcv_nxt)) {
		snmp_inc(SNMP_TcpExtDelayedACKLost);
		tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
		tcp_dsack_set(tp, cb->seq,
			      after(cb->end_seq, tp->rcv_nxt) ? tp->rcv_nxt : cb->end_seq);
	}
	tcp_send_ack(sk);
}

/* ---- is this segment acceptable? ------------------------------------------------------------- */

/* ticks a second: the fastest timestamp clock of a peer; 1000 by RFC 7323 4.1, older systems used 1200 */
#define TSVAL_HZ_MAX 1200

/*
 * Returns true for an ACK that has no data and changes nothing, and whose timestamp is older than
 * TS.Recent by no more than an RTO.  Parallel paths deliver such ACKs out of order; PAWS must not take
 * them for segments of an old connection.
 */
static bool tcp_disordered_ack(const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcphdr *th = tcp_hdr(skb);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	return th->ack && cb->seq == cb->end_seq && cb->seq == tp->rcv_nxt &&
	       cb->ack_seq == tp->snd_una &&
	       !tcp_may_update_window(tp, cb->ack_seq, cb->seq,
				      (u32)ntohs(th->window) << tp->rx_opt.snd_wscale) &&
	       (s32)(tp->rx_opt.ts_recent - tp->rx_opt.rcv_tsval) <=
		       (s32)(inet_csk(sk)->icsk_rto * TSVAL_HZ_MAX / HZ);
}

static bool tcp_paws_discard(const struct sock *sk, const struct sk_buff *skb)
{
	return !tcp_paws_check(&tcp_sk(sk)->rx_opt, TCP_PAWS_WINDOW) &&
	       !tcp_disordered_ack(sk, skb);
}

/*
 * Returns true if a part of [seq, end_seq) is in the receive window.  The window begins at rcv_wup, not
 * at rcv_nxt: the data between them was received, but the peer has no ACK for it yet.
 *
 * A segment that ends beyond the window is accepted only while the receive queue is empty, as in
 * Linux since 6.17: otherwise a peer that ignores the window would fill memory that was not
 * offered.  A FIN may lie directly behind the window.  If the window is closed, a segment that begins
 * at rcv_nxt is a window probe: its data is refused later, but its ACK is processed (RFC 9293
 * 3.10.7.4: "special allowance should be made to accept valid ACKs").
 */
static bool tcp_sequence(const struct sock *sk, const struct tcphdr *th, u32 seq, u32 end_seq)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 window = tcp_receive_window(tp), limit = tp->rcv_nxt + window;

	if (before(end_seq, tp->rcv_wup) || after(seq, limit))
		return false;
	return !after(end_seq - th->fin, limit) || skb_queue_empty(&sk->sk_receive_queue) ||
	       (!window && seq == limit);
}

/* Returns the end of the received data with the highest sequence number; there may be holes before that data. */
static u32 tcp_highest_received(const struct tcp_sock *tp)
{
	u32 end = tp->rcv_nxt;

	for (unsigned int i = 0; i < tp->rx_opt.num_sacks; i++)
		if (after(tp->selective_acks[i].end_seq, end))
			end = tp->selective_acks[i].end_seq;
	return end;
}

/*
 * RFC 5961 3.2: a reset is accepted only if its sequence number is exactly rcv_nxt.  There are two exceptions, as in
 * Linux.  If a hole precedes data that we have SACKed, the sequence number after the highest SACK block is accepted
 * too: a peer that aborts sends its reset from there, and will not fill the hole.  After the peer's FIN, rcv_nxt - 1
 * is accepted too, because some stacks send a reset with the sequence number of their FIN.
 */
static bool tcp_reset_exact(const struct sock *sk, u32 seq)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	if (seq == tp->rcv_nxt)
		return true;
	if (seq == tcp_highest_received(tp))
		return true;
	return seq == tp->rcv_nxt - 1 &&
	       tcp_state_in(sk, TCPF_OF(CLOSE_WAIT) | TCPF_OF(LAST_ACK) | TCPF_OF(CLOSING));
}

/*
 * Returns true for the peer's SYN-ACK in a simultaneous open (RFC 9293 3.5, figure 7).  The SYN in it is
 * acceptable although we have already received the peer's SYN.
 */
static bool tcp_is_crossed_synack(const struct sock *sk, const struct sk_buff *skb,
				  const struct tcphdr *th)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	const struct tcp_sock *tp = tcp_sk(sk);

	return sk->sk_state == TCP_SYN_RECV && th->ack && cb->end_seq == cb->seq + 1 &&
	       cb->end_seq == tp->rcv_nxt && cb->ack_seq == tp->snd_nxt;
}

/* RFC 9293 3.10.7.4, the first four checks; tcp_ack() makes the fifth, of the ACK. */
noinline enum skb_drop_reason tcp_validate_incoming(struct sock *sk, struct sk_buff *skb,
						    const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	/* RFC 7323 5.3, R1.  A reset needs no timestamp (5.2). */
	if (tcp_fast_parse_options(skb, tp) && tcp_paws_discard(sk, skb) && !th->rst) {
		if (th->syn)
			goto syn_challenge;
		/* An old ACK without data tells us nothing new, and its sender needs no answer. */
		if (th->ack && cb->seq == cb->end_seq && before(cb->seq, tp->rcv_nxt)) {
			snmp_inc(SNMP_TcpExtPAWSOldAck);
			return SKB_DROP_REASON_TCP_PAWS;
		}
		snmp_inc(SNMP_TcpExtPAWSEstab);
		if (!tcp_oow_rate_limited(skb, SNMP_TcpExtTCPACKSkippedPAWS,
					  &tp->last_oow_ack_time))
			tcp_send_dupack(sk, skb);
		return SKB_DROP_REASON_TCP_PAWS;
	}
	if (th->rst && tcp_reset_exact(sk, cb->seq)) {
		tcp_reset(sk);
		return SKB_DROP_REASON_TCP_RESET;
	}
	if (!tcp_sequence(sk, th, cb->seq, cb->end_seq)) {
		if (th->rst)
			return SKB_DROP_REASON_TCP_RST_INVALID;
		if (th->syn)
			goto syn_challenge;
		if (!tcp_oow_rate_limited(skb, SNMP_TcpExtTCPACKSkippedSeq, &tp->last_oow_ack_time))
			tcp_send_dupack(sk, skb);
		return before(cb->end_seq, tp->rcv_wup) ? SKB_DROP_REASON_TCP_INVALID_SEQUENCE
							: SKB_DROP_REASON_TCP_OVERWINDOW;
	}
	if (th->rst) {
		/*
		 * A RST that is not exact, on a Fast Open connection that has received no data yet:
		 * it may be from a middlebox that blocks Fast Open.
		 */
		if (unlikely(tp->syn_fastopen) && !tp->data_segs_in &&
		    sk->sk_state == TCP_ESTABLISHED)
			tcp_fastopen_active_disable();
		tcp_send_challenge_ack(sk);
		return SKB_DROP_REASON_TCP_RST_INVALID;
	}
	if (th->syn && !tcp_is_crossed_synack(sk, skb, th))
		goto syn_challenge;
	return SKB_NOT_DROPPED_YET;

	/*
	 * RFC 5961 4.2: "If the SYN bit is set, irrespective of the sequence number, TCP MUST send
	 * an ACK (also referred to as challenge ACK) to the remote peer".
	 */
syn_challenge:
	/* As in Linux, TcpInErrs counts such a SYN only on an established connection. */
	if (sk->sk_state == TCP_ESTABLISHED)
		snmp_inc(SNMP_TcpInErrs);
	snmp_inc(SNMP_TcpExtTCPSYNChallenge);
	tcp_send_challenge_ack(sk);
	return SKB_DROP_REASON_TCP_INVALID_SYN;
}

/* ---- header prediction ----------------------------------------------------------------------------------- */

void tcp_fast_path_on(struct tcp_sock *tp)
{
	tp->pred_flags = __tcp_fast_path_flags(tp, tp->snd_wnd >> tp->rx_opt.snd_wscale);
}

void tcp_fast_path_check(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (RB_EMPTY_ROOT(&tp->out_of_order_queue) && tp->rcv_wnd &&
	    atomic_read(&sk->sk_rmem_alloc) < sk->sk_rcvbuf && !tp->urg_data)
		tcp_fast_path_on(tp);
}

/* Returns the header's fourth 32-bit word, without the bits that prediction ignores: reserved, PSH. */
static __be32 tcp_hp_word(const struct tcphdr *th)
{
	__be32 word;

	memcpy(&word, (const u8 *)th + 12, sizeof(word));
	return word & htonl(~(0x0f000000u | (u32)TCPHDR_PSH << 16));
}

/*
 * Returns true if header length, window and flags are as expected, the segment begins at rcv_nxt, and its
 * acknowledgment number is acceptable by RFC 5961 5.2 (the data of a segment with another number must be
 * discarded too).  A number below snd_una is accepted if it is not too old, because the timestamp of such a
 * segment must be echoed as well (RFC 7323 4.3).
 */
static bool tcp_predicted(struct tcp_sock *tp, const struct sk_buff *skb, const struct tcphdr *th)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (tcp_hp_word(th) != tp->pred_flags || cb->seq != tp->rcv_nxt ||
	    !tcp_ack_is_near(tp, cb->ack_seq))
		return false;
	if (tp->tcp_header_len != sizeof(*th) + TCPOLEN_TSTAMP_ALIGNED)
		return true;
	if (!tcp_parse_aligned_timestamp(tp, th))
		return false;
	/* If the timestamp is older than TS.Recent, the slow path must check PAWS. */
	return (s32)(tp->rx_opt.rcv_tsval - tp->rx_opt.ts_recent) >= 0;
}

/*
 * If we have acknowledged all bytes before this segment, its timestamp is the one to echo (RFC 7323
 * 4.3).
 */
static void tcp_fast_store_ts(struct tcp_sock *tp)
{
	if (tp->tcp_header_len == sizeof(struct tcphdr) + TCPOLEN_TSTAMP_ALIGNED &&
	    tp->rcv_nxt == tp->rcv_wup)
		tcp_store_ts_recent(tp);
}

/* The fast path for a segment without data, a pure ACK. */
static enum skb_drop_reason tcp_fast_ack(struct sock *sk, struct sk_buff *skb)
{
	tcp_fast_store_ts(tcp_sk(sk));
	tcp_ack(sk, skb, 0);
	consume_skb(skb);
	tcp_data_snd_check(sk);
	return SKB_CONSUMED;
}

/* The fast path for a segment with data. */
static enum skb_drop_reason tcp_fast_data(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fragstolen, eaten, ack_due = true;

	tcp_fast_store_ts(tp);
	tcp_rcv_rtt_measure_ts(sk, skb);
	snmp_inc(SNMP_TcpExtTCPHPHits);
	eaten = tcp_queue_rcv(sk, skb, tp->tcp_header_len, &fragstolen);
	tcp_event_data_recv(sk, skb);

	if (TCP_SKB_CB(skb)->ack_seq != tp->snd_una) {
		tcp_ack(sk, skb, FLAG_DATA);
		tcp_data_snd_check(sk);
		/* If tcp_data_snd_check() sent a segment, that segment carried the ACK. */
		ack_due = inet_csk_ack_scheduled(sk);
	} else {
		/*
		 * The peer answers, so an earlier ICMP error (sk_err_soft) no longer holds.  From now on
		 * the window of a segment older than this one is ignored (SND.WL1).
		 */
		sk->sk_err_soft = 0;
		tp->snd_wl1 = TCP_SKB_CB(skb)->seq;
	}
	if (ack_due)
		__tcp_ack_snd_check(sk, false);
	if (eaten)
		kfree_skb_partial(skb, fragstolen);
	sk->sk_data_ready(sk);
	return SKB_CONSUMED;
}

/* RFC 9293 3.10.7.4, sixth.  An urgent pointer after the peer's FIN is ignored. */
static void tcp_rcv_urg(struct sock *sk, const struct sk_buff *skb)
{
	if (tcp_state_in(sk, TCPF_OF(ESTABLISHED) | TCPF_OF(FIN_WAIT1) | TCPF_OF(FIN_WAIT2)))
		tcp_urg(sk, skb);
}

/* RFC 9293 3.10.7.4, seventh and eighth: queues data and FIN in a state that accepts them. */
static enum skb_drop_reason tcp_queue_text(struct sock *sk, struct sk_buff *skb)
{
	if (TCP_SKB_CB(skb)->seq != TCP_SKB_CB(skb)->end_seq)
		return tcp_data_queue(sk, skb);
	consume_skb(skb);
	return SKB_CONSUMED;
}

static enum skb_drop_reason tcp_slow_path(struct sock *sk, struct sk_buff *skb,
					  const struct tcphdr *th)
{
	enum skb_drop_reason reason;

	if (!th->ack && !th->rst && !th->syn)
		return SKB_DROP_REASON_TCP_FLAGS;
	reason = tcp_validate_incoming(sk, skb, th);
	if (reason)
		return reason;
	if (tcp_ack(sk, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT) < 0)
		return SKB_DROP_REASON_TCP_INVALID_ACK;
	tcp_rcv_rtt_measure_ts(sk, skb);
	tcp_rcv_urg(sk, skb);
	reason = tcp_queue_text(sk, skb);
	tcp_data_snd_check(sk);
	tcp_ack_snd_check(sk);
	return reason;
}

noinline enum skb_drop_reason tcp_rcv_established(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcphdr *th = tcp_hdr(skb);

	sock_owned_by_me(sk);
	tcp_mstamp_refresh(tp);
	tp->rx_opt.saw_tstamp = 0;

	if (!tcp_predicted(tp, skb, th))
		return tcp_slow_path(sk, skb, th);
	if (skb->len == tp->tcp_header_len)
		return tcp_fast_ack(sk, skb);
	if (atomic_read(&sk->sk_rmem_alloc) + (int)skb->truesize <= sk->sk_rcvbuf &&
	    skb->len - tp->tcp_header_len <= tcp_receive_window(tp) &&
	    tcp_rmem_schedule(sk, skb->truesize))
		return tcp_fast_data(sk, skb);
	/* There is no room for the data, or it goes beyond the window: the slow path decides. */
	return tcp_slow_path(sk, skb, th);
}

/* ---- the other states ---------------------------------------------------------------------------------------- */

/* A segment for a listener (RFC 9293 3.10.7.2), which is not locked. */
static enum skb_drop_reason tcp_rcv_listen(struct sock *sk, struct sk_buff *skb,
					   const struct tcphdr *th)
{
	enum skb_drop_reason reason;
	struct sock *child;

	/*
	 * "Any acknowledgment is bad if it arrives on a connection still in the LISTEN state", unless it
	 * acknowledges a SYN cookie.
	 */
	if (th->ack) {
		child = cookie_v4_check(sk, skb, &reason);
		if (child == sk)
			return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_FLAGS);
		return child ? tcp_child_process(sk, child, skb) : reason;
	}
	if (th->rst)
		return SKB_DROP_REASON_TCP_RESET;
	if (!th->syn || th->fin)
		return SKB_DROP_REASON_TCP_FLAGS;
	reason = inet_csk(sk)->icsk_af_ops->conn_request(sk, skb);
	if (reason)
		snmp_inc(SNMP_TcpExtListenDrops);
	return reason;
}

void tcp_init_transfer(struct sock *sk)
{
	tcp_mtup_start(sk);
	tcp_init_metrics(sk);
	inet_csk(sk)->icsk_af_ops->rebuild_header(sk);
	tcp_init_congestion_control(sk);
	tcp_init_buffer_space(sk);
	tcp_sk(sk)->lsndtime = tcp_jiffies32;
}

/* In SYN_RECV our SYN was acknowledged: the connection, passive or of a simultaneous open, is established. */
static void tcp_syn_recv_established(struct sock *sk, const struct sk_buff *skb,
				     const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	struct request_sock *req = tp->fastopen_passive ? tp->fastopen_rsk : NULL;

	tp->delivered++; /* our SYN-ACK, which is not in the retransmission queue */
	if (!req)
		tp->copied_seq = tp->rcv_nxt;
	tp->snd_una = TCP_SKB_CB(skb)->ack_seq;
	/* RFC 7323 2.2: the window of a segment with SYN is never scaled. */
	tp->snd_wnd = (u32)ntohs(th->window) << (th->syn ? 0 : tp->rx_opt.snd_wscale);
	tcp_init_wl(tp, TCP_SKB_CB(skb)->seq);
	/*
	 * There is no RTT sample if the SYN-ACK was sent more than once.  Then an echoed timestamp tells which
	 * transmission was received.
	 */
	if (!tp->srtt_us)
		tcp_synack_rtt_meas(sk, req);
	if (tp->rx_opt.tstamp_ok)
		tp->advmss -= TCPOLEN_TSTAMP_ALIGNED;
	tcp_fast_path_on(tp);
	if (req)
		tcp_fastopen_established(sk);
	else
		tcp_init_transfer(sk);
	tcp_initialize_rcv_mss(sk);
	/* Publish these fields before sk_state. */
	smp_mb();
	tcp_set_state(sk, TCP_ESTABLISHED);
	sk->sk_state_change(sk);
}

enum closing { CLOSING_GO_ON, CLOSING_DONE, CLOSING_RESET };

/*
 * Our FIN was acknowledged. An application that still holds the socket is notified. An orphan is
 * reset if TCP_LINGER2 is negative or @skb has new data. Otherwise the orphan waits a limited time
 * for the peer's FIN. If possible, a struct inet_timewait_sock, which is smaller, replaces the
 * orphan for that time.
 */
static enum closing tcp_fin_acked(struct sock *sk, const struct sk_buff *skb,
				  const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int tmo;

	tcp_set_state(sk, TCP_FIN_WAIT2);
	sk->sk_shutdown |= SEND_SHUTDOWN;
	if (sk->sk_dst_cache)
		dst_confirm(sk->sk_dst_cache);
	if (!sock_flag(sk, SOCK_DEAD)) {
		sk->sk_state_change(sk);
		return CLOSING_GO_ON;
	}
	if (tp->linger2 < 0 || tcp_brings_data(tp, skb)) {
		tcp_done(sk);
		snmp_inc(SNMP_TcpExtTCPAbortOnData);
		return CLOSING_RESET;
	}
	tmo = tcp_fin_time(sk);
	if (tmo > TCP_TIMEWAIT_LEN) {
		inet_csk_reset_keepalive_timer(sk, tmo - TCP_TIMEWAIT_LEN);
	} else if (th->fin || sock_owned_by_user(sk)) {
		/*
		 * Keep the socket, with a timer: if it were replaced now, this segment's FIN would be
		 * lost, or the owning thread would find its socket destroyed.
		 */
		inet_csk_reset_keepalive_timer(sk, tmo);
	} else {
		tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
		return CLOSING_DONE;
	}
	return CLOSING_GO_ON;
}

/* RFC 9293 3.10.7.4, fifth: changes the state if an acceptable ACK covers our SYN or our FIN. */
static enum closing tcp_ack_changes_state(struct sock *sk, const struct sk_buff *skb,
					  const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_state == TCP_SYN_RECV) {
		tcp_syn_recv_established(sk, skb, th);
		return CLOSING_GO_ON;
	}
	/* The application has closed a child of Fast Open before the client's ACK. */
	if (unlikely(tp->fastopen_passive))
		tcp_fastopen_established(sk);
	/* The other states wait for the ACK of our FIN, which has the last sequence number. */
	if (tp->snd_una != tp->write_seq)
		return CLOSING_GO_ON;
	switch (sk->sk_state) {
	case TCP_FIN_WAIT1:
		return tcp_fin_acked(sk, skb, th);
	case TCP_CLOSING:
		tcp_time_wait(sk, TCP_TIME_WAIT, 0);
		return CLOSING_DONE;
	case TCP_LAST_ACK:
		tcp_done(sk);
		return CLOSING_DONE;
	default:
		return CLOSING_GO_ON;
	}
}

/* The SYN-ACK of a simultaneous open: the peer may not have received our SYN yet. */
static enum skb_drop_reason tcp_crossed_synack(struct sock *sk, struct sk_buff *skb)
{
	tcp_ecn_rcv_synack(tcp_sk(sk), tcp_hdr(skb));
	/*
	 * The peer's SYN arrived before, so the SYN in this SYN-ACK is below the window and needs an ACK at
	 * once (RFC 9293 3.10.7.4), with a D-SACK block for the SYN, which was received twice.
	 */
	tcp_dsack_set(tcp_sk(sk), TCP_SKB_CB(skb)->seq, TCP_SKB_CB(skb)->end_seq);
	tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
	inet_csk_schedule_ack(sk);
	consume_skb(skb);
	return SKB_CONSUMED;
}

/* RFC 9293 3.10.7.4, seventh and eighth: data and FIN, as far as the state permits them. */
static enum skb_drop_reason tcp_rcv_text(struct sock *sk, struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (tcp_hdr(skb)->syn)
		return tcp_crossed_synack(sk, skb);
	tcp_rcv_urg(sk, skb);
	/* After the peer's FIN only retransmissions are valid. */
	if (tcp_state_in(sk, TCPF_OF(CLOSE_WAIT) | TCPF_OF(CLOSING) | TCPF_OF(LAST_ACK)) &&
	    !before(cb->seq, tp->rcv_nxt)) {
		if (cb->seq != cb->end_seq)
			return SKB_DROP_REASON_TCP_INVALID_SEQUENCE;
	} else if (!tcp_state_in(sk, TCPF_OF(ESTABLISHED)) && (sk->sk_shutdown & RCV_SHUTDOWN) &&
		   tcp_brings_data(tp, skb)) {
		/*
		 * RFC 1122 4.2.2.13: data came, but the application has closed or shut down its
		 * receiving side: reset.
		 */
		snmp_inc(SNMP_TcpExtTCPAbortOnData);
		tcp_reset(sk);
		return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_ABORT_ON_DATA);
	}
	return tcp_queue_text(sk, skb);
}

/* Processes a segment in a state other than LISTEN, SYN_SENT and CLOSE. */
static enum skb_drop_reason tcp_rcv_synchronized(struct sock *sk, struct sk_buff *skb,
						 const struct tcphdr *th)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	enum skb_drop_reason reason;
	int acked;

	if (unlikely(tp->fastopen_passive)) {
		reason = tcp_check_req(sk, skb, tp->fastopen_rsk, NULL);
		if (reason)
			return reason;
	}
	if (!th->ack && !th->rst && !th->syn)
		return SKB_DROP_REASON_TCP_FLAGS;
	reason = tcp_validate_incoming(sk, skb, th);
	if (reason)
		return reason;

	/*
	 * In SYN_RECV after a simultaneous open our SYN is unacknowledged; an ACK that does not cover our SYN
	 * is not acceptable.
	 */
	if (sk->sk_state == TCP_SYN_RECV && !tp->fastopen_passive && tp->snd_una != tp->snd_nxt &&
	    !after(TCP_SKB_CB(skb)->ack_seq, tp->snd_una))
		return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_INVALID_ACK);
	acked = tcp_ack(sk, skb, FLAG_SLOWPATH | FLAG_UPDATE_TS_RECENT | FLAG_NO_CHALLENGE_ACK);
	if (sk->sk_state == TCP_SYN_RECV && acked <= 0)
		return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_INVALID_ACK);
	if (acked < 0) {
		tcp_send_challenge_ack(sk);
		return SKB_DROP_REASON_TCP_INVALID_ACK;
	}
	switch (tcp_ack_changes_state(sk, skb, th)) {
	case CLOSING_RESET:
		return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_ABORT_ON_DATA);
	case CLOSING_DONE:
		consume_skb(skb);
		return SKB_CONSUMED;
	case CLOSING_GO_ON:
		break;
	}
	reason = tcp_rcv_text(sk, skb);
	/* Data or a FIN may have ended the connection. */
	if (sk->sk_state != TCP_CLOSE) {
		tcp_data_snd_check(sk);
		tcp_ack_snd_check(sk);
	}
	return reason;
}

noinline enum skb_drop_reason tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);

	if (sk->sk_state == TCP_CLOSE)
		return SKB_DROP_REASON_TCP_CLOSE;
	if (sk->sk_state == TCP_LISTEN)
		return tcp_rcv_listen(sk, skb, th);
	sock_owned_by_me(sk);
	tcp_mstamp_refresh(tcp_sk(sk));
	tcp_sk(sk)->rx_opt.saw_tstamp = 0;
	if (sk->sk_state == TCP_SYN_SENT)
		return tcp_rcv_synsent_state_process(sk, skb, th);
	return tcp_rcv_synchronized(sk, skb, th);
}
