/* SPDX-License-Identifier: MIT */
/*
 * TIME_WAIT: a small object replaces the socket of a connection that has ended, and answers segments
 * that arrive late.
 *
 * tcp_time_wait() <- tcp_fin, tcp_rcv_state_process, tcp_close, keepalive timer (owner or bh lock).
 * tcp_timewait_state_process() <- tcp_v4_rcv (softirq).  A connect() that takes over the four-tuple of
 * an object calls tcp_twsk_unique() (tcp_ipv4.c).
 *
 * The object needs no lock, because each field that changes is a single word.
 *
 * RFC 9293 3.10.7.4, RFC 1122 4.2.2.13, RFC 1337, RFC 6191, RFC 7323 5.  Compare Linux's
 * net/ipv4/tcp_minisocks.c.
 */
#include "kernel/lib/random.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- TIME_WAIT ------------------------------------------------------------------------------------------ */

/*
 * The connection is over for the application, but segments may still arrive: a small object replaces @sk
 * in the tables, and @sk ends.  @state FIN_WAIT2: the object waits @timeo jiffies for the peer's FIN;
 * TIME_WAIT: "it MUST linger in TIME-WAIT state for a time 2xMSL (Maximum Segment Lifetime)" (RFC 1122
 * 4.2.2.13).  If there is no memory, or if there are tcp_max_tw_buckets objects, the connection ends at
 * once, which is counted.
 */
noinline void tcp_time_wait(struct sock *sk, int state, int timeo)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	struct inet_timewait_sock *tw = inet_twsk_alloc(sk, state);
	const int rto = (icsk->icsk_rto << 2) - (icsk->icsk_rto >> 1);

	if (tw) {
		struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);

		tw->tw_rcv_wscale = tp->rx_opt.rcv_wscale;
		tcptw->tw_rcv_nxt = tp->rcv_nxt;
		tcptw->tw_snd_nxt = tp->snd_nxt;
		tcptw->tw_rcv_wnd = tcp_receive_window(tp);
		tcptw->tw_ts_recent = tp->rx_opt.ts_recent;
		tcptw->tw_ts_recent_stamp = tp->rx_opt.ts_recent_stamp;
		tcptw->tw_ts_offset = tp->tsoffset;
		tcptw->tw_last_oow_ack_time = 0;

		/* At least 3.5 RTOs, so that the peer can send its FIN three times. */
		timeo = state == TCP_TIME_WAIT ? TCP_TIMEWAIT_LEN : max(timeo, rto);
		__inet_twsk_hashdance(tw, sk, &tcp_hashinfo);
		inet_twsk_schedule(tw, timeo);
		inet_twsk_put(tw);
	} else {
		snmp_inc(SNMP_TcpExtTCPTimeWaitOverflow);
	}
	tcp_done(sk);
}

/*
 * Requests an ACK (TCP_TW_ACK), unless @skb has no data and the last ACK that @tw sent is less than
 * tcp_invalid_ratelimit ago.
 */
static enum tcp_tw_status tw_ack_limited(struct inet_timewait_sock *tw, struct sk_buff *skb,
					 enum snmp_counter mib)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);

	if (!tcp_oow_rate_limited(skb, mib, &tcptw->tw_last_oow_ack_time))
		return TCP_TW_ACK;
	inet_twsk_put(tw);
	return TCP_TW_SUCCESS;
}

static void tw_store_ts_recent(struct tcp_timewait_sock *tcptw,
			       const struct tcp_options_received *opt)
{
	if (!opt->saw_tstamp)
		return;
	tcptw->tw_ts_recent = opt->rcv_tsval;
	tcptw->tw_ts_recent_stamp = tcp_seconds();
}

/*
 * A segment for an object in FIN_WAIT2: our FIN was acknowledged and the application has closed, so only
 * the peer's FIN is still accepted.
 */
static enum tcp_tw_status tw_fin_wait2(struct inet_timewait_sock *tw, struct sk_buff *skb,
				       const struct tcphdr *th,
				       const struct tcp_options_received *opt, bool paws_reject)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	if (paws_reject || !tcp_in_window(cb->seq, cb->end_seq, tcptw->tw_rcv_nxt,
					  tcptw->tw_rcv_nxt + tcptw->tw_rcv_wnd)) {
		if (!th->rst)
			return tw_ack_limited(tw, skb, SNMP_TcpExtTCPACKSkippedFinWait2);
		/*
		 * RFC 9293 3.10.7.4, first: "If an incoming segment is not acceptable, an
		 * acknowledgment should be sent in reply (unless the RST bit is set, if so drop the
		 * segment and return)".
		 */
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (th->rst) {
		inet_twsk_deschedule_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (th->syn && !before(cb->seq, tcptw->tw_rcv_nxt))
		return TCP_TW_RST;
	/* Drop a segment without ACK, or with neither data nor FIN after rcv_nxt. */
	if (!th->ack || !after(cb->end_seq, tcptw->tw_rcv_nxt) || cb->end_seq == cb->seq) {
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	/*
	 * Data arrived after close() was called.  RFC 1122 4.2.2.13: "its TCP SHOULD send a RST to show
	 * that data was lost".
	 */
	if (!th->fin || cb->end_seq != tcptw->tw_rcv_nxt + 1)
		return TCP_TW_RST;

	tw->tw_substate = TCP_TIME_WAIT;
	tcptw->tw_rcv_nxt = cb->end_seq;
	tw_store_ts_recent(tcptw, opt);
	inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
	return TCP_TW_ACK;
}

/*
 * Returns true if @skb is a SYN that may open a new connection.  RFC 1122 4.2.2.13: a host "MAY accept a
 * new SYN from the remote TCP to reopen the connection directly from TIME-WAIT state", if its own initial
 * sequence number is "larger than the largest sequence number it used on the previous connection
 * incarnation".  RFC 6191 2: the SYN is new if its timestamp or its sequence number is larger than that
 * of the old connection.
 */
static bool tw_may_reopen(const struct tcp_timewait_sock *tcptw, const struct sk_buff *skb,
			  const struct tcphdr *th, const struct tcp_options_received *opt)
{
	if (!th->syn || th->rst || th->ack)
		return false;
	return after(TCP_SKB_CB(skb)->seq, tcptw->tw_rcv_nxt) ||
	       (opt->saw_tstamp && (s32)(tcptw->tw_ts_recent - opt->rcv_tsval) < 0);
}

/*
 * Parses @skb's options and compares its timestamp with the old connection's; returns true if PAWS
 * rejects @skb.
 */
static bool tw_paws(const struct tcp_timewait_sock *tcptw, const struct sk_buff *skb,
		    const struct tcphdr *th, struct tcp_options_received *opt)
{
	if (th->doff == sizeof(*th) / 4 || !tcptw->tw_ts_recent_stamp)
		return false;
	tcp_parse_options(skb, opt, false);
	if (!opt->saw_tstamp)
		return false;
	if (opt->rcv_tsecr)
		opt->rcv_tsecr -= tcptw->tw_ts_offset;
	opt->ts_recent = tcptw->tw_ts_recent;
	opt->ts_recent_stamp = tcptw->tw_ts_recent_stamp;
	return tcp_paws_reject(opt, th->rst);
}

/*
 * Processes @skb for the object @tw; returns what the caller must send.  TCP_TW_SUCCESS: nothing; the reference
 * to @tw was dropped.  With the other results the caller drops this reference.
 */
noinline enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw,
						       struct sk_buff *skb, const struct tcphdr *th)
{
	struct tcp_timewait_sock *tcptw = tcp_twsk((struct sock *)tw);
	struct tcp_options_received opt = {0};
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	bool paws_reject = tw_paws(tcptw, skb, th, &opt);

	if (tw->tw_substate == TCP_FIN_WAIT2)
		return tw_fin_wait2(tw, skb, th, &opt, paws_reject);

	if (!paws_reject && cb->seq == tcptw->tw_rcv_nxt && (cb->seq == cb->end_seq || th->rst)) {
		/*
		 * The segment is at exactly rcv_nxt.  RFC 1337 recommends to ignore a RST in TIME-WAIT;
		 * here, as in Linux, a RST ends TIME_WAIT unless tcp_rfc1337 is set.
		 */
		if (th->rst && !sysctl_tcp_rfc1337) {
			inet_twsk_deschedule_put(tw);
			return TCP_TW_SUCCESS;
		}
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
		tw_store_ts_recent(tcptw, &opt);
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (!paws_reject && tw_may_reopen(tcptw, skb, th, &opt)) {
		u32 isn = tcptw->tw_snd_nxt + 65535 + 2;

		TCP_SKB_CB(skb)->tcp_tw_isn = isn ? isn : 1;
		return TCP_TW_SYN;
	}
	if (paws_reject)
		snmp_inc(SNMP_TcpExtPAWSEstab);
	if (th->rst) {
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	/*
	 * RFC 9293 3.10.7.4, TIME-WAIT: "The only thing that can arrive in this state is a
	 * retransmission of the remote FIN. Acknowledge it, and restart the 2 MSL timeout."
	 */
	if (paws_reject || th->ack)
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
	return tw_ack_limited(tw, skb, SNMP_TcpExtTCPACKSkippedTimeWait);
}
