/* SPDX-License-Identifier: MIT */
/*
 * The active side of the handshake: sends our SYN and processes the answer, which is a SYN-ACK, a SYN of
 * the peer that crossed ours (simultaneous open), or a reset.
 *
 * tcp_connect() <- tcp_v4_connect (process context; the thread owns the socket).
 *
 * tcp_rcv_synsent_state_process() <- tcp_rcv_state_process [SYN_SENT] (softirq with the bh lock, or
 * the owner that processes the backlog) -> tcp_ack, tcp_finish_connect, tcp_send_ack.
 *
 * The SYN takes a sequence number, so it is in the retransmit queue like data.  RFC 9293 3.10.1,
 * 3.10.7.3 and 3.5 (simultaneous open); 7323 3.2.  Compare Linux's net/ipv4/tcp_output.c and
 * tcp_input.c.
 */
#include "kernel/lib/random.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- SYN ------------------------------------------------------------------------------------------------ */

/* Computes the window and the window scale that our SYN offers. */
static void tcp_connect_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 space = tcp_full_space(sk), mss = tp->advmss;
	u8 rcv_wscale;

	/*
	 * As in Linux, leave room for timestamps in each segment only if an earlier connection has shown
	 * that the peer accepts them.
	 */
	if (tp->rx_opt.ts_recent_stamp)
		mss -= tp->tcp_header_len - sizeof(struct tcphdr);
	if ((sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (!tp->window_clamp || tp->window_clamp > space))
		tp->window_clamp = space;
	tcp_select_initial_window(space, mss, &tp->rcv_wnd, &tp->window_clamp,
				  sysctl_tcp_window_scaling, &rcv_wscale);
	tp->rx_opt.rcv_wscale = rcv_wscale;
	tp->rcv_ssthresh = tp->rcv_wnd;
}

/* Sets the initial values of a connection. The caller has stored the initial sequence number in write_seq. */
static void tcp_connect_init(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	const struct dst_entry *dst = sk->sk_dst_cache;

	/*
	 * Assume that the peer accepts the timestamps that we offer.  If it does not, the length is corrected
	 * when the SYN-ACK arrives.
	 */
	tp->tcp_header_len =
		sizeof(struct tcphdr) + (sysctl_tcp_timestamps ? TCPOLEN_TSTAMP_ALIGNED : 0);
	if (tp->rx_opt.user_mss)
		tp->rx_opt.mss_clamp = tp->rx_opt.user_mss;
	tp->max_window = 0;
	tcp_mtup_init(sk);
	tcp_sync_mss(sk, dst ? dst_mtu(dst) : TCP_MSS_DEFAULT + 40);
	tp->advmss = tcp_advertise_mss(sk, dst);
	tcp_initialize_rcv_mss(sk);
	tcp_connect_window(sk);

	sk->sk_err = 0;
	sock_reset_flag(sk, SOCK_DONE);
	tp->snd_wnd = 0;
	tp->snd_wl1 = 0;
	tp->snd_una = tp->snd_sml = tp->snd_nxt = tp->snd_up = tp->write_seq;
	tp->rcv_nxt = tp->rcv_wup = tp->copied_seq = 0;
	icsk->icsk_rto = TCP_TIMEOUT_INIT;
	icsk->icsk_retransmits = 0;
	tcp_clear_retrans(tp);
}

/* Sends the SYN of an active open.  Returns 0, or -errno if the SYN could not even be queued. */
noinline int tcp_connect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	sock_owned_by_me(sk);
	if (inet_csk(sk)->icsk_af_ops->rebuild_header(sk))
		return -EHOSTUNREACH;
	tcp_connect_init(sk);

	skb = sk_stream_alloc_skb(sk, 0, GFP_KERNEL);
	if (unlikely(!skb))
		return -ENOBUFS;
	tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_SYN | tcp_ecn_send_syn(sk));
	skb_header_release(skb);
	sk_wmem_queued_add(sk, skb->truesize);
	tp->write_seq = TCP_SKB_CB(skb)->end_seq;
	tp->packets_out += tcp_skb_pcount(skb);
	tcp_rtx_queue_add(sk, skb);

	tcp_mstamp_refresh(tp);
	tp->retrans_stamp = tcp_time_stamp(tp);
	/* An error is ignored: if the device has no room for the SYN, the timer sends it again. */
	if (unlikely(tp->fastopen_req))
		tcp_send_syn_data(sk, skb);
	else
		tcp_transmit_skb(sk, skb, 1, GFP_KERNEL);
	skb = tcp_send_head(sk); /* data that Fast Open could not send */
	tp->snd_nxt = unlikely(skb) ? TCP_SKB_CB(skb)->seq : tp->write_seq;
	tp->pushed_seq = tp->snd_nxt;
	snmp_inc(SNMP_TcpActiveOpens);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, inet_csk(sk)->icsk_rto, TCP_RTO_MAX);
	return 0;
}

/* ---- the answer -------------------------------------------------------------------------------- */

/* The handshake is complete: prepares sending and receiving, and wakes connect(). */
noinline void tcp_finish_connect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_set_state(sk, TCP_ESTABLISHED);
	inet_csk(sk)->icsk_ack.lrcvtime = tcp_jiffies32;
	tcp_init_transfer(sk);
	if (sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, keepalive_time_when(tp));
	/*
	 * The fast path expects the same window field as in the previous segment.  The window in a SYN-ACK is
	 * not scaled, so with a window scale the field of the next segment will differ.
	 */
	if (!tp->rx_opt.snd_wscale)
		tcp_fast_path_on(tp);
	else
		tp->pred_flags = 0;
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_state_change(sk);
}

/* Takes sequence number, window (never scaled) and timestamps from a SYN or SYN-ACK. */
static void tcp_take_syn(struct sock *sk, const struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 seq = TCP_SKB_CB(skb)->seq;

	tp->rcv_nxt = tp->rcv_wup = tp->copied_seq = seq + 1;
	tp->snd_wnd = ntohs(th->window);
	tcp_init_wl(tp, seq);
	if (!tp->rx_opt.wscale_ok) {
		tp->rx_opt.snd_wscale = tp->rx_opt.rcv_wscale = 0;
		tp->window_clamp = min(tp->window_clamp, 65535u);
	}
	tp->tcp_header_len = sizeof(struct tcphdr);
	if (tp->rx_opt.saw_tstamp) {
		tp->rx_opt.tstamp_ok = 1;
		tp->tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
		tcp_store_ts_recent(tp);
	}
}

/*
 * The last step of the handshake: sends the ACK and returns false.  If the application set
 * TCP_DEFER_ACCEPT, or set TCP_QUICKACK to 0, or waits in sendto(MSG_FASTOPEN) with more data, the ACK is delayed so
 * that data can carry it; then returns true.
 */
static bool tcp_synsent_ack(struct sock *sk)
{
	const struct tcp_fastopen_request *fo = tcp_fastopen_req(tcp_sk(sk));
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (!icsk->icsk_accept_queue.rskq_defer_accept && !icsk->icsk_ack.pingpong &&
	    !(fo && fo->waits)) {
		tcp_send_ack(sk);
		return false;
	}
	inet_csk_schedule_ack(sk);
	icsk->icsk_ack.lrcvtime = tcp_jiffies32;
	tcp_enter_quickack_mode(sk, TCP_MAX_QUICKACKS);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, tcp_delack_max(sk), TCP_RTO_MAX);
	return true;
}

/* @skb is a SYN-ACK that acknowledges our SYN: the connection is established. */
static enum skb_drop_reason tcp_synsent_acked(struct sock *sk, struct sk_buff *skb,
					      const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_ecn_rcv_synack(tp, th);
	tcp_init_wl(tp, TCP_SKB_CB(skb)->seq);
	tcp_try_undo_spurious_syn(tp);
	tcp_ack(sk, skb, FLAG_SLOWPATH);
	tcp_take_syn(sk, skb, th);
	if (tp->rx_opt.tstamp_ok)
		tp->advmss -= TCPOLEN_TSTAMP_ALIGNED;
	tp->max_window = max(tp->max_window, tp->snd_wnd);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	tcp_initialize_rcv_mss(sk);
	/* Publish these fields before sk_state. */
	smp_mb();
	tcp_finish_connect(sk);
	/* Data in the SYN-ACK is dropped without Fast Open, as in Linux; the peer retransmits it. */
	if (unlikely(tp->syn_fastopen || tp->syn_data) && tcp_rcv_fastopen_synack(sk, skb))
		tcp_data_snd_check(sk);
	else if (!tcp_synsent_ack(sk))
		tcp_data_snd_check(sk);
	consume_skb(skb);
	return SKB_CONSUMED;
}

/* Simultaneous open (RFC 9293 3.5, figure 7): @skb is the peer's SYN.  Sends our SYN again, with an ACK. */
static void tcp_synsent_crossed(struct sock *sk, struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_set_state(sk, TCP_SYN_RECV);
	tcp_ecn_rcv_syn(tp, th);
	tcp_take_syn(sk, skb, th);
	tp->max_window = tp->snd_wnd;
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
	tcp_initialize_rcv_mss(sk);
	tcp_send_synack(sk);
}

/*
 * RFC 9293 3.10.7.3, first check: returns true if the ACK covers our SYN and the timestamp that it
 * echoes, if any, is not older than our first SYN and not in the future (RFC 7323 4.1).
 */
static bool tcp_synsent_ack_ok(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 ack = TCP_SKB_CB(skb)->ack_seq;

	if (!after(ack, tp->snd_una) || after(ack, tp->snd_nxt))
		return false;
	if (tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr &&
	    !between(tp->rx_opt.rcv_tsecr, tp->retrans_stamp, tcp_time_stamp(tp))) {
		snmp_inc(SNMP_TcpExtPAWSActive);
		return false;
	}
	return true;
}

/*
 * An ACK arrived that does not acknowledge our SYN: the peer may still have an older connection
 * with these ports. The reset with which we answer ends that connection, so another SYN may succeed
 * soon. The first such ACK therefore shortens the retransmit timer from a second to
 * TCP_TIMEOUT_MIN. Later ACKs do not change the timer. If each ACK restarted the timer, frequent
 * ACKs would postpone the SYN and the end of connect() without limit (in Linux 6.18 they do).
 */
static void tcp_synsent_syn_again(struct sock *sk, const struct sk_buff *skb)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 ack = TCP_SKB_CB(skb)->ack_seq;

	if (after(ack, tp->snd_una) && !after(ack, tp->snd_nxt))
		return; /* the ACK covers our SYN, only its timestamp is wrong */
	if (!icsk->icsk_retransmits && time_before(jiffies + TCP_TIMEOUT_MIN, icsk->icsk_timeout))
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, TCP_TIMEOUT_MIN, TCP_RTO_MAX);
}

noinline enum skb_drop_reason tcp_rcv_synsent_state_process(struct sock *sk, struct sk_buff *skb,
							    const struct tcphdr *th)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u16 saved_clamp = tp->rx_opt.mss_clamp;
	enum skb_drop_reason reason;

	/*
	 * TCP_FASTOPEN_CONNECT: our SYN waits for the first write, so for the peer this connection is in CLOSED.  "An
	 * incoming segment not containing a RST causes a RST to be sent in response" (RFC 9293 3.10.7.1).
	 */
	if (unlikely(inet_sk(sk)->defer_connect))
		return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_CLOSE);
	tcp_parse_options(skb, &tp->rx_opt, false);
	if (tp->rx_opt.saw_tstamp && tp->rx_opt.rcv_tsecr)
		tp->rx_opt.rcv_tsecr -= tp->tsoffset;

	if (th->ack) {
		if (!tcp_synsent_ack_ok(tp, skb)) {
			tcp_synsent_syn_again(sk, skb);
			reason = tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_INVALID_ACK);
			goto drop_and_undo;
		}
		if (th->rst) {
			tcp_reset(sk);
			return SKB_DROP_REASON_TCP_RESET;
		}
		if (th->syn)
			return tcp_synsent_acked(sk, skb, th);
		reason = SKB_DROP_REASON_TCP_FLAGS;
		goto drop_and_undo;
	}
	/* RFC 9293 3.10.7.3, a RST: "Otherwise (no ACK), drop the segment and return." */
	reason = SKB_DROP_REASON_TCP_RST_INVALID;
	if (th->rst)
		goto drop_and_undo;
	reason = SKB_DROP_REASON_TCP_PAWS;
	if (tp->rx_opt.ts_recent_stamp && tp->rx_opt.saw_tstamp &&
	    tcp_paws_reject(&tp->rx_opt, false))
		goto drop_and_undo;
	reason = SKB_DROP_REASON_TCP_FLAGS;
	if (!th->syn)
		goto drop_and_undo;
	tcp_synsent_crossed(sk, skb, th);
	consume_skb(skb);
	return SKB_CONSUMED;

drop_and_undo:
	tcp_clear_options(&tp->rx_opt);
	tp->rx_opt.mss_clamp = saved_clamp;
	return reason;
}
