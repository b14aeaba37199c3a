/* SPDX-License-Identifier: MIT */
/*
 * The small objects at both ends of a connection's life: the request before it is whole, TIME_WAIT
 * after it is over.
 *
 * tcp_openreq_init_rwin() <- tcp_conn_request
 * tcp_check_req() <- tcp_v4_rcv -> tcp_v4_syn_recv_sock -> tcp_create_openreq_child;
 *	-> inet_csk_complete_hashdance
 * tcp_child_process() <- tcp_v4_rcv -> tcp_rcv_state_process [SYN_RECV]
 * tcp_time_wait() <- tcp_fin, tcp_rcv_state_process, tcp_close, keepalive timer (owner or bh lock)
 * tcp_timewait_state_process() <- tcp_v4_rcv
 * All softirq but for tcp_time_wait.  A request and a TIME_WAIT have no lock: each field that changes is a
 * word each, and only one of two ACKs takes a request out of the table.
 *
 * RFC 9293 3.10.7.4, 1122 4.2.2.13, 1337, 5961, 6191, 7323 5.  Linux's net/ipv4/tcp_minisocks.c.
 */
#include "kernel/lib/random.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- a half-open connection --------------------------------------------------------------------------- */

/* The window and scale of our SYN-ACK: from the listener's buffer, which its child inherits. */
void tcp_openreq_init_rwin(struct request_sock *req, const struct sock *sk,
			   const struct dst_entry *dst)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	int space = tcp_full_space(sk);
	u32 mss = tcp_advertise_mss(sk, dst);
	u8 rcv_wscale = 0;

	req->rsk_window_clamp = READ_ONCE(tcp_sk(sk)->window_clamp);
	/* A buffer that the application fixed bounds what the scale must reach. */
	if ((sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (!req->rsk_window_clamp || req->rsk_window_clamp > (u32)space))
		req->rsk_window_clamp = space;
	tcp_select_initial_window(space, mss - (ireq->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0),
				  &req->rsk_rcv_wnd, &req->rsk_window_clamp, ireq->wscale_ok,
				  &rcv_wscale);
	ireq->rcv_wscale = rcv_wscale;
}

/*
 * The SYN once more: our SYN-ACK was lost, or is still on its way.  Sent again at most twice a second;
 * its timer then starts anew.
 */
static void answer_second_syn(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	if (tcp_oow_rate_limited(skb, SNMP_TcpExtTCPACKSkippedSynRecv,
				 &tcp_rsk(req)->last_oow_ack_time))
		return;
	if (req->rsk_ops->rtx_syn_ack(sk, req))
		return;
	req->num_retrans++;
	inet_csk_reqsk_timer_restart(req);
}

/* Options of a segment for @req; true when PAWS says that it is of another time. */
static bool req_paws(const struct sk_buff *skb, const struct request_sock *req,
		     struct tcp_options_received *opt)
{
	if (tcp_hdr(skb)->doff == sizeof(struct tcphdr) / 4)
		return false;
	tcp_parse_options(skb, opt, false);
	if (!opt->saw_tstamp)
		return false;
	opt->ts_recent = req->ts_recent;
	if (opt->rcv_tsecr)
		opt->rcv_tsecr -= tcp_rsk(req)->ts_off;
	/* When the SYN came was not written down; the timer's runs say it well enough. */
	opt->ts_recent_stamp = tcp_seconds() - (long)(reqsk_timeout(req) / HZ);
	return tcp_paws_reject(opt, tcp_hdr(skb)->rst);
}

/* RFC 9293 3.10.7.4, SYN-RECEIVED: a reset at RCV.NXT, or a SYN in the window, ends it. */
static struct sock *embryonic_reset(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				    enum skb_drop_reason *reason)
{
	*reason = SKB_DROP_REASON_TCP_RESET;
	if (!tcp_hdr(skb)->rst) {
		*reason = SKB_DROP_REASON_TCP_INVALID_SYN;
		req->rsk_ops->send_reset(sk, skb);
	}
	inet_csk_reqsk_queue_drop(sk, req);
	snmp_inc(SNMP_TcpExtEmbryonicRsts);
	return NULL;
}

/* The ACK is right.  NULL: not now, or another ACK was first. */
static struct sock *req_to_child(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				 enum skb_drop_reason *reason)
{
	u8 defer = READ_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept);
	bool own_req = false;
	struct sock *child;

	/* TCP_DEFER_ACCEPT: a bare ACK does not count before the option's time is over. */
	if (req->num_timeout < defer && TCP_SKB_CB(skb)->end_seq == tcp_rsk(req)->rcv_isn + 1) {
		inet_rsk(req)->acked = 1;
		snmp_inc(SNMP_TcpExtTCPDeferAcceptDrop);
		*reason = SKB_DROP_REASON_TCP_REQ_DUP;
		return NULL;
	}
	child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, &own_req);
	if (!child) {
		/* Else as if the ACK had been lost: the SYN-ACK comes again, and another chance. */
		if (sysctl_tcp_abort_on_overflow)
			embryonic_reset(sk, skb, req, reason);
		else
			inet_rsk(req)->acked = 1;
		*reason = sk_acceptq_is_full(sk) ? SKB_DROP_REASON_TCP_LISTEN_OVERFLOW
						 : SKB_DROP_REASON_NOMEM;
		return NULL;
	}
	tcp_synack_rtt_meas(child, req);
	*reason = SKB_DROP_REASON_TCP_REQ_DUP;
	return inet_csk_complete_hashdance(sk, child, req, own_req);
}

/*
 * A reset in the window.  "If the RST bit is set and the sequence number does not exactly match the next
 * expected sequence value, yet is within the current receive window, TCP endpoints MUST send an
 * acknowledgment (challenge ACK)" (RFC 9293 3.10.7.4): otherwise a blind guess would end the handshake.
 */
static struct sock *req_reset(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			      enum skb_drop_reason *reason)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	if (TCP_SKB_CB(skb)->seq == treq->rcv_nxt) {
		snmp_inc(SNMP_TcpAttemptFails);
		return embryonic_reset(sk, skb, req, reason);
	}
	*reason = SKB_DROP_REASON_TCP_RST_INVALID;
	if (tcp_challenge_ack_allowed(SNMP_TcpExtTCPACKSkippedSynRecv, &treq->last_oow_ack_time))
		req->rsk_ops->send_ack(sk, skb, req);
	return NULL;
}

/*
 * RFC 9293 3.10.7.4 for a half-open connection.  The SYN that made it is again in the window's first
 * place (seq == rcv_isn) when its sender did not hear us.
 */
noinline struct sock *tcp_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				    bool fastopen, enum skb_drop_reason *reason)
{
	struct tcp_options_received opt = {0};
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u8 flg = cb->tcp_flags & (TCPHDR_RST | TCPHDR_SYN | TCPHDR_ACK);
	bool paws_reject = req_paws(skb, req, &opt), acceptable;
	struct sock *child;

	*reason = SKB_DROP_REASON_TCP_REQ_DUP;
	if (cb->seq == tcp_rsk(req)->rcv_isn && flg == TCPHDR_SYN && !paws_reject) {
		answer_second_syn(sk, skb, req);
		return NULL;
	}
	acceptable = !paws_reject && tcp_in_window(cb->seq, cb->end_seq, tcp_rsk(req)->rcv_nxt,
						   tcp_rsk(req)->rcv_nxt + req->rsk_rcv_wnd);
	/* The second check; that of the ACK is the fifth. */
	if ((flg & TCPHDR_RST) && acceptable)
		return req_reset(sk, skb, req, reason);
	/* An ACK of something else: the listener answers with a reset, the request stays. */
	if ((flg & TCPHDR_ACK) && !fastopen && cb->ack_seq != tcp_rsk(req)->snt_isn + 1)
		return sk;

	if (!acceptable) {
		if (!(flg & TCPHDR_RST) &&
		    !tcp_oow_rate_limited(skb, SNMP_TcpExtTCPACKSkippedSynRecv,
					  &tcp_rsk(req)->last_oow_ack_time))
			req->rsk_ops->send_ack(sk, skb, req);
		*reason = flg & TCPHDR_RST ? SKB_DROP_REASON_TCP_RST_INVALID
					   : SKB_DROP_REASON_TCP_INVALID_SEQUENCE;
		if (paws_reject) {
			snmp_inc(SNMP_TcpExtPAWSEstab);
			*reason = SKB_DROP_REASON_TCP_PAWS;
		}
		return NULL;
	}
	/* A SYN at rcv_isn lies before the window: cut off, and the rest counts. */
	if (cb->seq == tcp_rsk(req)->rcv_isn)
		flg &= ~TCPHDR_SYN;
	if (flg & TCPHDR_SYN) {
		snmp_inc(SNMP_TcpAttemptFails);
		return embryonic_reset(sk, skb, req, reason);
	}
	if (!(flg & TCPHDR_ACK)) {
		*reason = SKB_DROP_REASON_TCP_NO_ACK;
		return NULL;
	}
	if (fastopen)
		return sk;
	/* The request keeps the SYN's timestamp, which its SYN-ACKs echo; the child takes this one. */
	child = req_to_child(sk, skb, req, reason);
	if (child && opt.saw_tstamp && !after(cb->seq, tcp_rsk(req)->rcv_nxt))
		tcp_sk(child)->rx_opt.ts_recent = opt.rcv_tsval;
	return child;
}

/* ---- the child ---------------------------------------------------------------------------------------- */

/* Sequence numbers: ours from the SYN-ACK on, the peer's from its SYN on. */
static void child_sequences(struct tcp_sock *newtp, const struct tcp_request_sock *treq)
{
	newtp->rcv_nxt = newtp->rcv_wup = newtp->copied_seq = treq->rcv_isn + 1;
	newtp->snd_una = newtp->snd_nxt = newtp->snd_sml = newtp->snd_up = treq->snt_isn + 1;
	newtp->write_seq = newtp->pushed_seq = treq->snt_isn + 1;
	newtp->high_seq = treq->snt_isn + 1;
	tcp_init_wl(newtp, treq->rcv_isn);
}

/* The options that both SYNs had. */
static void child_options(struct tcp_sock *newtp, const struct request_sock *req,
			  const struct sk_buff *skb)
{
	const struct inet_request_sock *ireq = inet_rsk(req);

	newtp->rx_opt.saw_tstamp = 0;
	newtp->rx_opt.tstamp_ok = ireq->tstamp_ok;
	newtp->rx_opt.sack_ok = ireq->sack_ok;
	newtp->rx_opt.wscale_ok = ireq->wscale_ok;
	newtp->rx_opt.snd_wscale = ireq->wscale_ok ? ireq->snd_wscale : 0;
	newtp->rx_opt.rcv_wscale = ireq->wscale_ok ? ireq->rcv_wscale : 0;
	newtp->rx_opt.mss_clamp = req->mss;
	newtp->rx_opt.ts_recent = ireq->tstamp_ok ? req->ts_recent : 0;
	newtp->rx_opt.ts_recent_stamp = ireq->tstamp_ok ? tcp_seconds() : 0;
	newtp->tsoffset = tcp_rsk(req)->ts_off;
	newtp->tcp_header_len =
		sizeof(struct tcphdr) + (ireq->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0);

	newtp->window_clamp = req->rsk_window_clamp;
	if (!ireq->wscale_ok)
		newtp->window_clamp = min(newtp->window_clamp, 65535u);
	newtp->rcv_ssthresh = newtp->rcv_wnd = req->rsk_rcv_wnd;
	newtp->snd_wnd = ntohs(tcp_hdr(skb)->window) << newtp->rx_opt.snd_wscale;
	newtp->max_window = newtp->snd_wnd;
}

/* Nothing of the listener's queues and of its past. */
static void child_history(struct sock *newsk)
{
	struct tcp_sock *newtp = tcp_sk(newsk);

	newtp->packets_out = 0;
	newtp->out_of_order_queue = RB_ROOT;
	newtp->ooo_last_skb = NULL;
	newtp->ofo_count = 0;
	tcp_init_history(newsk);
	newtp->lsndtime = newtp->rcv_tstamp = tcp_jiffies32;
	tcp_mstamp_refresh(newtp);
	inet_csk(newsk)->icsk_ack.lrcvtime = tcp_jiffies32;
	newsk->sk_max_ack_backlog = 0;
}

/* The losses of the handshake, from which tcp_init_metrics() takes the first window. */
static void child_lost_synacks(struct tcp_sock *newtp, const struct request_sock *req)
{
	newtp->total_retrans = req->num_retrans;
	if (!req->num_timeout)
		return;
	newtp->undo_marker = tcp_rsk(req)->snt_isn;
	newtp->retrans_stamp = tcp_ns_to_stamp(tcp_rsk(req)->snt_synack);
}

/* Takes @dst's reference. */
static void child_route(struct sock *newsk, struct dst_entry *dst)
{
	struct tcp_sock *newtp = tcp_sk(newsk);

	inet_csk(newsk)->icsk_ext_hdr_len = 0;
	sk_dst_set(newsk, dst);
	newtp->advmss = tcp_advertise_mss(newsk, dst);
	if (!inet_csk(newsk)->icsk_ca_setsockopt)
		tcp_assign_congestion_control(newsk);
	tcp_set_ca_state(newsk, TCP_CA_Open);
	tcp_sync_mss(newsk, dst_mtu(dst));
	tcp_initialize_rcv_mss(newsk);
}

/*
 * A socket for @req: the listener's copy with everything set that belongs to one connection.  In
 * SYN_RECV, bh-locked, two references; in no table yet, its route is @dst, whose reference it takes in any case.
 */
noinline struct sock *tcp_create_openreq_child(const struct sock *sk, struct request_sock *req,
					       struct dst_entry *dst, struct sk_buff *skb)
{
	struct sock *newsk = inet_csk_clone_lock(sk, req, GFP_NOWAIT);
	struct tcp_sock *newtp;

	if (!newsk) {
		dst_release(dst);
		return NULL;
	}
	newtp = tcp_sk(newsk);
	tcp_init_xmit_timers(newsk);
	child_sequences(newtp, tcp_rsk(req));
	child_history(newsk);
	child_options(newtp, req, skb);
	child_lost_synacks(newtp, req);
	child_route(newsk, dst);
	if (sock_flag(newsk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(newsk, keepalive_time_when(newtp));
	/* Data came with the ACK: a first guess at the peer's segments. */
	if (skb->len >= TCP_MSS_DEFAULT + newtp->tcp_header_len)
		inet_csk(newsk)->icsk_ack.last_seg_size = skb->len - newtp->tcp_header_len;
	snmp_inc(SNMP_TcpPassiveOpens);
	return newsk;
}

/*
 * The ACK that made @child is its first segment.  When it established the connection, a caller in
 * accept() is woken through the listener.
 */
noinline int tcp_child_process(struct sock *parent, struct sock *child, struct sk_buff *skb)
{
	u8 state = child->sk_state;
	int ret = 0;

	tcp_segs_in(tcp_sk(child), skb);
	if (!sock_owned_by_user(child)) {
		ret = tcp_rcv_state_process(child, skb);
		if (state == TCP_SYN_RECV && child->sk_state != state)
			parent->sk_data_ready(parent);
	} else if (sk_add_backlog(child, skb,
				  child->sk_rcvbuf + child->sk_sndbuf + SOCK_BACKLOG_EXTRA)) {
		/* Accepted on another CPU before we were done with it. */
		snmp_inc(SNMP_TcpExtTCPBacklogDrop);
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_BACKLOG);
	}
	bh_unlock_sock(child);
	sock_put(child);
	return ret;
}

/* ---- TIME_WAIT ------------------------------------------------------------------------------------------ */

/*
 * @sk is over but for what may still come: a small object takes its places and @sk ends.
 * @state FIN_WAIT2: the peer's FIN is still due, wait @timeo for it; TIME_WAIT: the full time (1122
 * 4.2.2.13).  Without memory, or above tcp_max_tw_buckets, the connection is just closed, and counted.
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

		/* Long enough for the peer to send its FIN three times. */
		timeo = state == TCP_TIME_WAIT ? TCP_TIMEWAIT_LEN : max(timeo, rto);
		__inet_twsk_hashdance(tw, sk, &tcp_hashinfo);
		inet_twsk_schedule(tw, timeo);
		inet_twsk_put(tw);
	} else {
		snmp_inc(SNMP_TcpExtTCPTimeWaitOverflow);
	}
	tcp_done(sk);
}

/* An ACK, unless the last one to such a segment was just now. */
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

/* We sent our FIN and it was acknowledged; the application is gone; only a FIN is welcome. */
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
		/* RFC 9293 3.10.7.4, first: a RST is never answered. */
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (th->rst) {
		inet_twsk_deschedule_put(tw);
		return TCP_TW_SUCCESS;
	}
	if (th->syn && !before(cb->seq, tcptw->tw_rcv_nxt))
		return TCP_TW_RST;
	/* A duplicate ACK says nothing new. */
	if (!th->ack || !after(cb->end_seq, tcptw->tw_rcv_nxt) || cb->end_seq == cb->seq) {
		inet_twsk_put(tw);
		return TCP_TW_SUCCESS;
	}
	/* RFC 1122 4.2.2.13: data after close() is answered with a reset. */
	if (!th->fin || cb->end_seq != tcptw->tw_rcv_nxt + 1)
		return TCP_TW_RST;

	tw->tw_substate = TCP_TIME_WAIT;
	tcptw->tw_rcv_nxt = cb->end_seq;
	tw_store_ts_recent(tcptw, opt);
	inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
	return TCP_TW_ACK;
}

/*
 * RFC 1122 4.2.2.13 and RFC 6191: a SYN that is surely younger than the old connection, by its sequence
 * number or by its timestamp, may open it anew.  Our numbers then start beyond the old ones.
 */
static bool tw_may_reopen(const struct tcp_timewait_sock *tcptw, const struct sk_buff *skb,
			  const struct tcphdr *th, const struct tcp_options_received *opt)
{
	if (!th->syn || th->rst || th->ack)
		return false;
	return after(TCP_SKB_CB(skb)->seq, tcptw->tw_rcv_nxt) ||
	       (opt->saw_tstamp && (s32)(tcptw->tw_ts_recent - opt->rcv_tsval) < 0);
}

/* Options of @skb against what the connection knew; true when PAWS refuses it. */
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

/* SUCCESS: done, and @tw's reference is given back; the other answers leave it to the caller. */
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
		/* In the window exactly.  Like Linux we believe the reset, unless told not to (RFC 1337). */
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
	/* The peer sends its FIN again: our last ACK was lost.  The wait begins anew. */
	if (paws_reject || th->ack)
		inet_twsk_reschedule(tw, TCP_TIMEWAIT_LEN);
	return tw_ack_limited(tw, skb, SNMP_TcpExtTCPACKSkippedTimeWait);
}
