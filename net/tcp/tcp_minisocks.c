/* SPDX-License-Identifier: MIT */
/*
 * The passive side: a SYN makes a request, the last ACK of the handshake makes a socket of it.
 *
 * tcp_conn_request() <- tcp_v4_conn_request() <- tcp_rcv_state_process [LISTEN] (listener not locked)
 *	-> init_seq -> secure_tcp_seq; -> inet_csk_reqsk_queue_hash_add, then send_synack
 * tcp_check_req() <- tcp_v4_rcv -> syn_recv_sock -> tcp_create_openreq_child;
 *	-> inet_csk_complete_hashdance
 * tcp_child_process() <- tcp_v4_rcv -> tcp_rcv_state_process [SYN_RECV]
 * All softirq; secure_tcp_seq() also <- tcp_v4_connect (process).  A request has no lock: each
 * field that changes is one word, and only one of two concurrent ACKs takes a request out of the
 * table.
 *
 * Limits: half-open requests of a listener as its backlog allows, N + 1, at most tcp_max_syn_backlog;
 * finished ones likewise (sk_acceptq_is_full).  A SYN above either is dropped and counted: the peer
 * sends it again.
 * RFC 9293 3.10.7.2 and 3.10.7.4 (SYN-RECEIVED), 4987 (floods), 5961, 6528, 7323 5.  Linux's
 * net/ipv4/tcp_minisocks.c, tcp_input.c and net/core/secure_seq.c.
 */
#include "kernel/lib/random.h"
#include "net/core/netdevice.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- initial sequence numbers ------------------------------------------------------------------ */

/*
 * Initial sequence numbers, and the offset of a connection's timestamps.  Callers: tcp_v4_connect
 * (process, owner), tcp_conn_request (softirq).  Any context, no lock.
 *
 * RFC 6528: M + F(four-tuple, secret).  M advances with the clock, one step in 64 ns, so that two
 * connections of one four-tuple do not overlap within a segment's lifetime.  F differs from tuple
 * to tuple, so that an attacker's own connection reveals nothing about another.  The upper half of
 * the same hash is the timestamp offset (RFC 7323 5.4): constant for a four-tuple, which PAWS
 * across TIME_WAIT requires.
 */

#define ISN_TICK_SHIFT 6 /* 64 ns: the space is gone through in 274 s, above an MSL of 120 */

static siphash_key_t isn_secret;

void tcp_isn_init(void)
{
	get_random_bytes(&isn_secret, sizeof(isn_secret));
}

u32 secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff)
{
	u64 hash = siphash_2u64((u64)saddr << 32 | daddr, (u64)sport << 16 | dport, &isn_secret);

	*tsoff = sysctl_tcp_timestamps == 1 ? hash >> 32 : 0;
	return (u32)hash + (u32)(ktime_get_ns() >> ISN_TICK_SHIFT);
}

/* ---- a SYN ------------------------------------------------------------------------------------- */

static bool syn_queue_is_full(const struct sock *sk)
{
	u32 qlen = reqsk_queue_len(&inet_csk(sk)->icsk_accept_queue);

	if (unlikely(mm_pages_are_short()) && qlen >= TCP_REQUESTS_WHEN_SHORT)
		return true;
	return qlen > sk->sk_max_ack_backlog || qlen >= (u32)sysctl_tcp_max_syn_backlog;
}

/* The peer's address and ports, and the options of its SYN. */
static void tcp_openreq_init(struct request_sock *req, const struct tcp_options_received *opt,
			     const struct sk_buff *skb)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	const struct tcphdr *th = tcp_hdr(skb);

	ireq->ir_rmt_port = th->source;
	ireq->ir_num = ntohs(th->dest);
	ireq->ir_iif = skb->dev ? skb->dev->ifindex : 0;
	ireq->ir_tos = TCP_SKB_CB(skb)->ip_dsfield;
	ireq->tstamp_ok = opt->tstamp_ok;
	ireq->snd_wscale = opt->snd_wscale;
	ireq->wscale_ok = opt->wscale_ok;
	ireq->sack_ok = opt->sack_ok;
	ireq->acked = 0;

	req->rsk_rcv_wnd = 0; /* tcp_openreq_init_rwin() sets it */
	req->mss = opt->mss_clamp;
	req->ts_recent = opt->saw_tstamp ? opt->rcv_tsval : 0;
	tcp_rsk(req)->rcv_isn = TCP_SKB_CB(skb)->seq;
	tcp_rsk(req)->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	tcp_rsk(req)->snt_synack = 0; /* tcp_make_synack() sets it */
	tcp_rsk(req)->last_oow_ack_time = 0;
}

/* A request for @skb, without its sequence number; *@dst: the route to the peer.  NULL: no memory or route. */
static struct request_sock *request_from_syn(struct request_sock_ops *ops, struct sock *sk,
					     struct sk_buff *skb, struct dst_entry **dst)
{
	struct tcp_options_received opt = {
		.mss_clamp = TCP_MSS_DEFAULT,
		.user_mss = tcp_sk(sk)->rx_opt.user_mss,
	};
	const struct inet_connection_sock_af_ops *af_ops = inet_csk(sk)->icsk_af_ops;
	struct request_sock *req = inet_reqsk_alloc(ops, sk);

	if (!req)
		return NULL;
	tcp_parse_options(skb, &opt, false);
	opt.tstamp_ok = opt.saw_tstamp;
	tcp_openreq_init(req, &opt, skb);
	af_ops->init_req(req, skb);
	*dst = af_ops->route_req(sk, req);
	if (*dst)
		return req;
	__reqsk_free(req);
	return NULL;
}

noinline enum skb_drop_reason tcp_conn_request(struct request_sock_ops *ops, struct sock *sk,
					       struct sk_buff *skb)
{
	const struct inet_connection_sock_af_ops *af_ops = inet_csk(sk)->icsk_af_ops;
	u32 tw_isn = TCP_SKB_CB(skb)->tcp_tw_isn, isn;
	struct request_sock *req;
	struct dst_entry *dst;

	/* The peer of a SYN that reopens a TIME_WAIT has completed a handshake before. */
	if (syn_queue_is_full(sk) && !tw_isn) {
		snmp_inc(SNMP_TcpExtTCPReqQFullDrop);
		return SKB_DROP_REASON_TCP_REQQ_FULL;
	}
	if (sk_acceptq_is_full(sk)) {
		snmp_inc(SNMP_TcpExtListenOverflows);
		return SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
	}
	req = request_from_syn(ops, sk, skb, &dst);
	if (!req)
		return SKB_DROP_REASON_NOMEM;

	isn = af_ops->init_seq(req, &tcp_rsk(req)->ts_off);
	tcp_rsk(req)->snt_isn = tw_isn ? tw_isn : isn;
	tcp_openreq_init_rwin(req, sk, dst);

	/* Into the table first: the answer to the SYN-ACK may come before the next line runs. */
	inet_csk_reqsk_queue_hash_add(sk, req, TCP_TIMEOUT_INIT);
	af_ops->send_synack(sk, dst, req);
	dst_release(dst);
	reqsk_put(req);
	consume_skb(skb);
	return SKB_CONSUMED;
}

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
	/* If the application fixed the buffer, the scale need not reach further. */
	if ((sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (!req->rsk_window_clamp || req->rsk_window_clamp > (u32)space))
		req->rsk_window_clamp = space;
	tcp_select_initial_window(space, mss - (ireq->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0),
				  &req->rsk_rcv_wnd, &req->rsk_window_clamp, ireq->wscale_ok,
				  &rcv_wscale);
	ireq->rcv_wscale = rcv_wscale;
}

/*
 * A retransmitted SYN: our SYN-ACK was lost, or is still under way.  Send it again at most twice a
 * second; its timer then starts again.
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

/* Parses the options of a segment for @req; true if PAWS rejects it. */
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
	/* The time of the SYN was not recorded; estimate it from the number of timeouts. */
	opt->ts_recent_stamp = tcp_seconds() - (long)(reqsk_timeout(req) / HZ);
	return tcp_paws_reject(opt, tcp_hdr(skb)->rst);
}

/* RFC 9293 3.10.7.4, SYN-RECEIVED: a reset at RCV.NXT, or a SYN in the window, ends the request. */
static enum skb_drop_reason embryonic_reset(struct sock *sk, struct sk_buff *skb,
					    struct request_sock *req)
{
	inet_csk_reqsk_queue_drop(sk, req);
	snmp_inc(SNMP_TcpExtEmbryonicRsts);
	if (tcp_hdr(skb)->rst)
		return SKB_DROP_REASON_TCP_RESET;
	return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_INVALID_SYN);
}

/* The ACK is right: *@child, or the reason why it does not count (yet). */
static enum skb_drop_reason req_to_child(struct sock *sk, struct sk_buff *skb,
					 struct request_sock *req, struct sock **child)
{
	u8 defer = READ_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept);
	bool own_req = false;
	struct sock *newsk;

	/* TCP_DEFER_ACCEPT: a bare ACK does not count before the option's time is over. */
	if (req->num_timeout < defer && TCP_SKB_CB(skb)->end_seq == tcp_rsk(req)->rcv_isn + 1) {
		inet_rsk(req)->acked = 1;
		snmp_inc(SNMP_TcpExtTCPDeferAcceptDrop);
		return SKB_DROP_REASON_TCP_REQ_DUP;
	}
	newsk = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, &own_req);
	if (!newsk) {
		/*
		 * Otherwise treat the ACK as lost: the SYN-ACK is sent again, and the peer can try
		 * again.
		 */
		if (sysctl_tcp_abort_on_overflow)
			embryonic_reset(sk, skb, req);
		else
			inet_rsk(req)->acked = 1;
		return sk_acceptq_is_full(sk) ? SKB_DROP_REASON_TCP_LISTEN_OVERFLOW
					      : SKB_DROP_REASON_NOMEM;
	}
	tcp_synack_rtt_meas(newsk, req);
	*child = inet_csk_complete_hashdance(sk, newsk, req, own_req);
	/* Without a child, a concurrent ACK on another CPU was first. */
	return *child ? SKB_NOT_DROPPED_YET : SKB_DROP_REASON_TCP_REQ_DUP;
}

/*
 * A reset in the window.  "If the RST bit is set and the sequence number does not exactly match the
 * next expected sequence value, yet is within the current receive window, TCP endpoints MUST send
 * an acknowledgment (challenge ACK)" (RFC 9293 3.10.7.4): otherwise a blind guess would end the
 * handshake.
 */
static enum skb_drop_reason req_reset(struct sock *sk, struct sk_buff *skb,
				      struct request_sock *req)
{
	struct tcp_request_sock *treq = tcp_rsk(req);

	if (TCP_SKB_CB(skb)->seq == treq->rcv_nxt) {
		snmp_inc(SNMP_TcpAttemptFails);
		return embryonic_reset(sk, skb, req);
	}
	if (tcp_challenge_ack_allowed(SNMP_TcpExtTCPACKSkippedSynRecv, &treq->last_oow_ack_time))
		req->rsk_ops->send_ack(sk, skb, req);
	return SKB_DROP_REASON_TCP_RST_INVALID;
}

/* RFC 9293 3.10.7.4, first check: outside the window, or older than the SYN's timestamp. */
static enum skb_drop_reason req_unacceptable(struct sock *sk, struct sk_buff *skb,
					     struct request_sock *req, bool paws_reject)
{
	bool rst = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_RST;

	if (!rst && !tcp_oow_rate_limited(skb, SNMP_TcpExtTCPACKSkippedSynRecv,
					  &tcp_rsk(req)->last_oow_ack_time))
		req->rsk_ops->send_ack(sk, skb, req);
	if (paws_reject) {
		snmp_inc(SNMP_TcpExtPAWSEstab);
		return SKB_DROP_REASON_TCP_PAWS;
	}
	return rst ? SKB_DROP_REASON_TCP_RST_INVALID : SKB_DROP_REASON_TCP_INVALID_SEQUENCE;
}

/*
 * RFC 9293 3.10.7.4 for a half-open connection.  If its sender did not receive our SYN-ACK, the SYN
 * comes again, with seq == rcv_isn.
 */
noinline enum skb_drop_reason tcp_check_req(struct sock *sk, struct sk_buff *skb,
					    struct request_sock *req, struct sock **child)
{
	struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_options_received opt = {0};
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u8 flg = cb->tcp_flags & (TCPHDR_RST | TCPHDR_SYN | TCPHDR_ACK);
	bool paws_reject = req_paws(skb, req, &opt), acceptable;
	enum skb_drop_reason reason;

	if (cb->seq == treq->rcv_isn && flg == TCPHDR_SYN && !paws_reject) {
		answer_second_syn(sk, skb, req);
		return SKB_DROP_REASON_TCP_REQ_DUP;
	}
	acceptable = !paws_reject && tcp_in_window(cb->seq, cb->end_seq, treq->rcv_nxt,
						   treq->rcv_nxt + req->rsk_rcv_wnd);
	/* The second check; that of the ACK is the fifth. */
	if ((flg & TCPHDR_RST) && acceptable)
		return req_reset(sk, skb, req);
	/* The ACK acknowledges something else: answered as in LISTEN, and the request stays. */
	if ((flg & TCPHDR_ACK) && cb->ack_seq != treq->snt_isn + 1)
		return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_FLAGS);
	if (!acceptable)
		return req_unacceptable(sk, skb, req, paws_reject);
	/* A SYN at rcv_isn is before the window: ignore it, and process the rest. */
	if (cb->seq == treq->rcv_isn)
		flg &= ~TCPHDR_SYN;
	if (flg & TCPHDR_SYN) {
		snmp_inc(SNMP_TcpAttemptFails);
		return embryonic_reset(sk, skb, req);
	}
	if (!(flg & TCPHDR_ACK))
		return SKB_DROP_REASON_TCP_NO_ACK;
	reason = req_to_child(sk, skb, req, child);
	/* The request keeps the SYN's timestamp, which its SYN-ACKs echo; the child takes this one. */
	if (!reason && opt.saw_tstamp && !after(cb->seq, treq->rcv_nxt))
		tcp_sk(*child)->rx_opt.ts_recent = opt.rcv_tsval;
	return reason;
}

/* ---- the child ---------------------------------------------------------------------------------------- */

/* Sequence numbers: ours from the SYN-ACK on, the peer's from its SYN on. */
static void child_sequences(struct tcp_sock *newtp, const struct tcp_request_sock *treq)
{
	newtp->rcv_nxt = newtp->rcv_wup = newtp->copied_seq = treq->rcv_isn + 1;
	newtp->snd_una = newtp->snd_nxt = newtp->snd_sml = treq->snt_isn + 1;
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

/* Clears the queues and the history that were copied from the listener. */
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

/* Counts the losses of the handshake, from which tcp_init_metrics() computes the first window. */
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
 * Makes a socket for @req: a copy of the listener with everything set that belongs to one
 * connection.  In SYN_RECV, bh-locked, two references; in no table yet.  Its route is @dst, whose
 * reference it takes in any case.
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
	/* Data came with the ACK: a first estimate of the peer's segment size. */
	if (skb->len >= TCP_MSS_DEFAULT + newtp->tcp_header_len)
		inet_csk(newsk)->icsk_ack.last_seg_size = skb->len - newtp->tcp_header_len;
	snmp_inc(SNMP_TcpPassiveOpens);
	return newsk;
}

/*
 * The ACK that made @child is its first segment.  If it established the connection, a thread in
 * accept() is woken through the listener.
 */
noinline enum skb_drop_reason tcp_child_process(struct sock *parent, struct sock *child,
						struct sk_buff *skb)
{
	u8 state = child->sk_state;
	enum skb_drop_reason reason;

	tcp_segs_in(tcp_sk(child), skb);
	if (!sock_owned_by_user(child)) {
		reason = tcp_rcv_state_process(child, skb);
		if (state == TCP_SYN_RECV && child->sk_state != state)
			parent->sk_data_ready(parent);
	} else {
		/* Another CPU accepted the child before this function had finished with it. */
		reason = tcp_add_backlog(child, skb);
	}
	bh_unlock_sock(child);
	sock_put(child);
	return reason;
}
