/* SPDX-License-Identifier: MIT */
/*
 * The passive side of the handshake: a SYN creates a request_sock, and the last ACK of the handshake
 * creates a socket from that request.
 *
 * tcp_conn_request() <- tcp_v4_conn_request() <- tcp_rcv_state_process [LISTEN] (listener not locked)
 *	-> init_seq -> secure_tcp_seq; -> inet_csk_reqsk_queue_hash_add, then send_synack
 * tcp_check_req() <- tcp_v4_rcv -> syn_recv_sock -> tcp_create_openreq_child;
 *	-> inet_csk_complete_hashdance
 * tcp_child_process() <- tcp_v4_rcv -> tcp_rcv_state_process [SYN_RECV]
 * All run in softirq; secure_tcp_seq() also <- tcp_v4_connect (process).  A request has no lock: each
 * field that changes is a single word, and only one of two concurrent ACKs can take a request out of
 * the table.
 *
 * Limits: a listener with listen(N) has at most N + 1 half-open requests, and no more than
 * tcp_max_syn_backlog; further SYNs are answered with SYN cookies (tcp_ipv4_syncookies.c), without a request, or are
 * dropped if tcp_syncookies is 0.  The listener also has at most N + 1 connections that wait for accept()
 * (sk_acceptq_is_full): while it has that many, each SYN is dropped and counted, and the peer sends the SYN again.
 * RFC 9293 3.10.7.2 and 3.10.7.4 (SYN-RECEIVED), RFC 4987 (floods), RFC 5961, RFC 6528, RFC 7323 5.
 * Compare Linux's net/ipv4/tcp_minisocks.c, tcp_input.c and net/core/secure_seq.c.
 */
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "net/core/netdevice.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- initial sequence numbers ------------------------------------------------------------------ */

/*
 * secure_tcp_seq() computes initial sequence numbers and the offset of a connection's timestamps.
 * Callers: tcp_v4_connect (process, owner), tcp_conn_request (softirq).  Any context, no lock.
 *
 * The number is M + F(four-tuple, secret) (RFC 6528).  M advances with the clock, one step in 64 ns, so
 * that the numbers of two connections with the same four-tuple do not overlap within the lifetime of a
 * segment.  F differs from tuple to tuple, so that an attacker's own connection reveals nothing about
 * another.  The upper half of the same hash is the timestamp offset (RFC 7323 5.4): it is constant for a
 * four-tuple, because PAWS compares timestamps across TIME_WAIT.
 */

#define ISN_TICK_SHIFT 6 /* a step in 64 ns: 2^32 numbers last 274 s, longer than an MSL of 120 s */

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

/* Fills @req with the addresses and ports of @skb, a SYN for the listener @sk, and with its options @opt. */
static void tcp_openreq_init(struct request_sock *req, const struct tcp_options_received *opt,
			     const struct sock *sk, const struct sk_buff *skb)
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
	ireq->ecn_ok = tcp_ecn_offered(skb) && tcp_ecn_accepts(sk, skb);

	req->rsk_rcv_wnd = 0; /* set by tcp_openreq_init_rwin() */
	req->mss = opt->mss_clamp;
	req->ts_recent = opt->saw_tstamp ? opt->rcv_tsval : 0;
	tcp_rsk(req)->rcv_isn = TCP_SKB_CB(skb)->seq;
	tcp_rsk(req)->rcv_nxt = TCP_SKB_CB(skb)->seq + 1;
	tcp_rsk(req)->snt_synack = 0; /* set by tcp_make_synack() */
	tcp_rsk(req)->last_oow_ack_time = 0;
}

/*
 * The listener's queue of half-open requests is full, or tcp_syncookies is 2. Counts the SYN, and,
 * unless tcp_syncookies is 2, logs the first such SYN of each listener. Returns true if @sk answers
 * with a SYN cookie, false if it drops the SYN.
 */
static bool tcp_syn_flood_action(struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	bool cookies = READ_ONCE(sysctl_tcp_syncookies);

	snmp_inc(cookies ? SNMP_TcpExtTCPReqQFullDoCookies : SNMP_TcpExtTCPReqQFullDrop);
	if (!queue->synflood_warned && sysctl_tcp_syncookies != 2) {
		queue->synflood_warned = true;
		pr_info("TCP: possible SYN flood on port %u: %s", sk->sk_num,
			cookies ? "sending SYN cookies" : "dropping SYNs");
	}
	return cookies;
}

/*
 * Keeps the headers of @skb, a SYN, for TCP_SAVED_SYN. If there is no memory, getsockopt() finds no
 * headers.
 */
static void tcp_reqsk_record_syn(const struct sock *sk, const struct sk_buff *skb,
				 struct request_sock *req)
{
	u32 len = skb_transport_offset(skb) - skb_network_offset(skb) + tcp_hdrlen(skb);
	struct saved_syn *syn;

	if (!tcp_sk(sk)->save_syn)
		return;
	syn = kmalloc(sizeof(*syn) + len, GFP_ATOMIC);
	if (!syn)
		return;
	syn->len = len;
	memcpy(syn->data, skb_network_header(skb), len);
	req->saved_syn = syn;
}

void tcp_saved_syn_free(struct tcp_sock *tp)
{
	kfree(tp->saved_syn);
	tp->saved_syn = NULL;
}

void tcp_reqsk_destructor(struct request_sock *req)
{
	kfree(req->saved_syn);
}

/*
 * Allocates a request for @skb, a SYN, and stores the route to the peer in *@dst.  The caller sets the
 * request's initial sequence number.  Returns NULL if there is no memory or no route.
 */
static struct request_sock *request_from_syn(struct request_sock_ops *ops, struct sock *sk,
					     struct sk_buff *skb, bool want_cookie,
					     struct dst_entry **dst)
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
	/* With a cookie, our timestamp stores the options: without timestamps, use no options. */
	if (want_cookie && !opt.saw_tstamp)
		tcp_clear_options(&opt);
	opt.tstamp_ok = opt.saw_tstamp;
	tcp_openreq_init(req, &opt, sk, skb);
	inet_rsk(req)->syncookie = want_cookie;
	inet_rsk(req)->ecn_ok &= !want_cookie || opt.tstamp_ok;
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
	bool want_cookie = false;
	struct tcp_fastopen_cookie cookie, *foc = NULL;
	struct request_sock *req;
	struct dst_entry *dst;

	/* A SYN that reopens a TIME_WAIT is not part of a flood: its peer has completed a handshake before. */
	if ((syn_queue_is_full(sk) || sysctl_tcp_syncookies == 2) && !tw_isn) {
		want_cookie = tcp_syn_flood_action(sk);
		if (!want_cookie)
			return SKB_DROP_REASON_TCP_REQQ_FULL;
	}
	if (sk_acceptq_is_full(sk)) {
		snmp_inc(SNMP_TcpExtListenOverflows);
		return SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
	}
	req = request_from_syn(ops, sk, skb, want_cookie, &dst);
	if (!req)
		return SKB_DROP_REASON_NOMEM;

	isn = af_ops->init_seq(req, &tcp_rsk(req)->ts_off);
	if (want_cookie)
		isn = cookie_init_sequence(skb, &req->mss);
	tcp_rsk(req)->snt_isn = tw_isn ? tw_isn : isn;
	tcp_openreq_init_rwin(req, sk, dst);

	if (want_cookie) {
		tcp_synq_overflow(sk);
		af_ops->send_synack(sk, dst, req, NULL);
		__reqsk_free(req);
		goto out;
	}
	tcp_reqsk_record_syn(sk, skb, req);
	if (unlikely(inet_csk(sk)->icsk_accept_queue.fastopenq.max_qlen))
		foc = &cookie;
	if (!foc || !tcp_try_fastopen(sk, skb, req, dst, foc)) {
		/* Hash the request before sending: the answer to the SYN-ACK may arrive at once. */
		inet_csk_reqsk_queue_hash_add(sk, req, TCP_TIMEOUT_INIT);
		af_ops->send_synack(sk, dst, req, foc);
	}
	reqsk_put(req);
out:
	dst_release(dst);
	consume_skb(skb);
	return SKB_CONSUMED;
}

/* ---- a half-open connection --------------------------------------------------------------------------- */

/* Computes window and scale of our SYN-ACK from the listener's receive buffer size, which a child inherits. */
void tcp_openreq_init_rwin(struct request_sock *req, const struct sock *sk,
			   const struct dst_entry *dst)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	int space = tcp_full_space(sk);
	u32 mss = tcp_advertise_mss(sk, dst);
	u8 rcv_wscale = 0;

	req->rsk_window_clamp = READ_ONCE(tcp_sk(sk)->window_clamp);
	/* If the application fixed the buffer size, the window scale need not cover a larger window. */
	if ((sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (!req->rsk_window_clamp || req->rsk_window_clamp > (u32)space))
		req->rsk_window_clamp = space;
	tcp_select_initial_window(space, mss - (ireq->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0),
				  &req->rsk_rcv_wnd, &req->rsk_window_clamp, ireq->wscale_ok,
				  &rcv_wscale);
	ireq->rcv_wscale = rcv_wscale;
}

/*
 * The peer retransmitted its SYN, so our SYN-ACK was lost or is delayed: sends the SYN-ACK again,
 * at most twice a second, and restarts the request's timer.
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

/* Parses the options of @skb, which arrived for @req, into @opt; returns true if PAWS rejects @skb. */
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
	/* The SYN's arrival time was not recorded: estimate it from the number of the request's timeouts. */
	opt->ts_recent_stamp = tcp_seconds() - (long)(reqsk_timeout(req) / HZ);
	return tcp_paws_reject(opt, tcp_hdr(skb)->rst);
}

/*
 * Ends the request after a reset at RCV.NXT, after a SYN in the window (RFC 9293 3.10.7.4,
 * SYN-RECEIVED), or after an overflow with tcp_abort_on_overflow. If the peer sent no reset, sends
 * one.
 */
static enum skb_drop_reason embryonic_reset(struct sock *sk, struct sk_buff *skb,
					    struct request_sock *req)
{
	if (unlikely(tcp_sk(sk)->fastopen_passive)) {
		/* As in Linux only a reset ends a child of Fast Open, which an application may be using. */
		if (!tcp_hdr(skb)->rst)
			return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_INVALID_SYN);
		tcp_fastopen_forget(sk, true);
		tcp_reset(sk);
		return SKB_DROP_REASON_TCP_RESET;
	}
	inet_csk_reqsk_queue_drop(sk, req);
	snmp_inc(SNMP_TcpExtEmbryonicRsts);
	if (tcp_hdr(skb)->rst)
		return SKB_DROP_REASON_TCP_RESET;
	return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_INVALID_SYN);
}

/*
 * @skb is the right ACK: creates the socket and stores it in *@child.  Otherwise returns the reason why
 * the ACK is dropped: it is too early for TCP_DEFER_ACCEPT, or the accept queue or memory is exhausted.
 */
static enum skb_drop_reason req_to_child(struct sock *sk, struct sk_buff *skb,
					 struct request_sock *req, struct sock **child)
{
	u8 defer = READ_ONCE(inet_csk(sk)->icsk_accept_queue.rskq_defer_accept);
	bool own_req = false;
	struct sock *newsk;

	/* With TCP_DEFER_ACCEPT an ACK without data is dropped until the option's time is over. */
	if (req->num_timeout < defer && TCP_SKB_CB(skb)->end_seq == tcp_rsk(req)->rcv_isn + 1) {
		inet_rsk(req)->acked = 1;
		snmp_inc(SNMP_TcpExtTCPDeferAcceptDrop);
		return SKB_DROP_REASON_TCP_REQ_DUP;
	}
	newsk = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, &own_req);
	if (!newsk) {
		/*
		 * Without tcp_abort_on_overflow treat the ACK as lost: the SYN-ACK is sent again later,
		 * and the peer answers it again.
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
	/* There is no child if a concurrent ACK on another CPU was first. */
	return *child ? SKB_NOT_DROPPED_YET : SKB_DROP_REASON_TCP_REQ_DUP;
}

/* Answers @skb, which is not acceptable, with an ACK. */
static void req_send_ack(struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	if (unlikely(tcp_sk(sk)->fastopen_passive))
		tcp_send_ack(sk);
	else
		req->rsk_ops->send_ack(sk, skb, req);
}

/*
 * @skb is a reset in the window.  "If the RST bit is set and the sequence number does not exactly match
 * the next expected sequence value, yet is within the current receive window, TCP endpoints MUST send
 * an acknowledgment (challenge ACK)" (RFC 9293 3.10.7.4); so a forged reset with a guessed number does
 * not end the handshake.
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
		req_send_ack(sk, skb, req);
	return SKB_DROP_REASON_TCP_RST_INVALID;
}

/* @skb is outside the window, or older than the SYN's timestamp: answers it (RFC 9293 3.10.7.4, first). */
static enum skb_drop_reason req_unacceptable(struct sock *sk, struct sk_buff *skb,
					     struct request_sock *req, bool paws_reject)
{
	bool rst = TCP_SKB_CB(skb)->tcp_flags & TCPHDR_RST;

	if (!rst && !tcp_oow_rate_limited(skb, SNMP_TcpExtTCPACKSkippedSynRecv,
					  &tcp_rsk(req)->last_oow_ack_time))
		req_send_ack(sk, skb, req);
	if (paws_reject) {
		snmp_inc(SNMP_TcpExtPAWSEstab);
		return SKB_DROP_REASON_TCP_PAWS;
	}
	return rst ? SKB_DROP_REASON_TCP_RST_INVALID : SKB_DROP_REASON_TCP_INVALID_SEQUENCE;
}

/*
 * Processes @skb for a half-open connection (RFC 9293 3.10.7.4).  A SYN with seq == rcv_isn is a
 * retransmission: the peer has not received our SYN-ACK.
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
	/* RFC 9293 checks RST (second) before ACK (fifth). */
	if ((flg & TCPHDR_RST) && acceptable)
		return req_reset(sk, skb, req);
	/* The ACK does not acknowledge our SYN-ACK: send a reset, as in LISTEN, and keep the request. */
	if ((flg & TCPHDR_ACK) && child && cb->ack_seq != treq->snt_isn + 1)
		return tcp_refuse(sk, skb, SKB_DROP_REASON_TCP_FLAGS);
	/*
	 * A SYN at rcv_isn is before the window, even if data or a FIN follows it.  A child would drop this segment
	 * because of its SYN, and stay in the accept queue in SYN_RECV, without a timer and without waking accept().
	 */
	if (!acceptable || ((flg & TCPHDR_SYN) && cb->seq == treq->rcv_isn))
		return req_unacceptable(sk, skb, req, paws_reject);
	if (flg & TCPHDR_SYN) {
		snmp_inc(SNMP_TcpAttemptFails);
		return embryonic_reset(sk, skb, req);
	}
	if (!(flg & TCPHDR_ACK))
		return SKB_DROP_REASON_TCP_NO_ACK;
	if (!child)
		return SKB_NOT_DROPPED_YET; /* the child decides whether the ACK is acceptable */
	reason = req_to_child(sk, skb, req, child);
	/*
	 * The child gets this segment's timestamp.  The request keeps the SYN's timestamp, which our SYN-ACKs
	 * echo.
	 */
	if (!reason && opt.saw_tstamp && !after(cb->seq, treq->rcv_nxt))
		tcp_sk(*child)->rx_opt.ts_recent = opt.rcv_tsval;
	return reason;
}

/* ---- the child ---------------------------------------------------------------------------------------- */

/* Sets the child's sequence numbers: ours follow the SYN-ACK's number, the peer's the SYN's. */
static void child_sequences(struct tcp_sock *newtp, const struct tcp_request_sock *treq)
{
	newtp->rcv_nxt = newtp->rcv_wup = newtp->copied_seq = treq->rcv_isn + 1;
	newtp->snd_una = newtp->snd_nxt = newtp->snd_sml = newtp->snd_up = treq->snt_isn + 1;
	newtp->write_seq = newtp->pushed_seq = treq->snt_isn + 1;
	newtp->high_seq = treq->snt_isn + 1;
	tcp_init_wl(newtp, treq->rcv_isn);
}

/* Sets the child's options: those that both SYN and SYN-ACK contained. */
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
	newtp->ecn_flags = ireq->ecn_ok ? TCP_ECN_OK : 0;
	newtp->tcp_header_len =
		sizeof(struct tcphdr) + (ireq->tstamp_ok ? TCPOLEN_TSTAMP_ALIGNED : 0);

	newtp->window_clamp = req->rsk_window_clamp;
	if (!ireq->wscale_ok)
		newtp->window_clamp = min(newtp->window_clamp, 65535u);
	newtp->rcv_ssthresh = newtp->rcv_wnd = req->rsk_rcv_wnd;
	newtp->snd_wnd = ntohs(tcp_hdr(skb)->window) << newtp->rx_opt.snd_wscale;
	newtp->max_window = newtp->snd_wnd;
}

/* Clears the queues that were copied from the listener, and sets the times of the last segments. */
static void child_queues(struct sock *newsk)
{
	struct tcp_sock *newtp = tcp_sk(newsk);

	newtp->packets_out = 0;
	newtp->out_of_order_queue = RB_ROOT;
	newtp->ooo_last_skb = NULL;
	newtp->ofo_count = 0;
	/* A thread may be in sendto(MSG_FASTOPEN) on the listener, which will fail. */
	newtp->fastopen_req = NULL;
	tcp_sack_reset(&newtp->rx_opt);
	newtp->lsndtime = newtp->rcv_tstamp = tcp_jiffies32;
	tcp_mstamp_refresh(newtp);
	inet_csk(newsk)->icsk_ack.lrcvtime = tcp_jiffies32;
	newsk->sk_max_ack_backlog = 0;
}

/* Moves the headers of the SYN, which TCP_SAVE_SYN has kept, to the child. */
static void child_saved_syn(struct tcp_sock *newtp, struct request_sock *req)
{
	newtp->saved_syn = req->saved_syn;
	req->saved_syn = NULL;
}

/* Stores the losses of the handshake in the child; tcp_init_metrics() computes the first cwnd from them. */
static void child_lost_synacks(struct tcp_sock *newtp, const struct request_sock *req)
{
	newtp->total_retrans = req->num_retrans;
	if (!req->num_timeout)
		return;
	newtp->undo_marker = tcp_rsk(req)->snt_isn;
	newtp->retrans_stamp = tcp_ns_to_stamp(tcp_rsk(req)->snt_synack);
	newtp->total_rto = req->num_timeout;
	newtp->total_rto_recoveries = 1;
	newtp->total_rto_time = tcp_time_stamp(newtp) - newtp->retrans_stamp;
}

/*
 * Sets the child's route and the segment sizes that follow from it. Takes over the caller's
 * reference to @dst.
 */
static void child_route(struct sock *newsk, struct dst_entry *dst)
{
	struct tcp_sock *newtp = tcp_sk(newsk);

	inet_csk(newsk)->icsk_ext_hdr_len = 0;
	sk_dst_set(newsk, dst);
	newtp->advmss = tcp_advertise_mss(newsk, dst);
	if (!inet_csk(newsk)->icsk_ca_setsockopt)
		tcp_assign_congestion_control(newsk);
	tcp_sync_mss(newsk, dst_mtu(dst));
	tcp_initialize_rcv_mss(newsk);
}

/*
 * Creates the socket for @req: a copy of the listener, in which all fields of a connection are set.
 * The new socket is in SYN_RECV, bh-locked, with two references, and in no table yet.  @dst becomes its
 * route; the reference to @dst is consumed even if the function fails.
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
	tcp_init_history(newsk);
	child_sequences(newtp, tcp_rsk(req));
	child_queues(newsk);
	child_options(newtp, req, skb);
	child_lost_synacks(newtp, req);
	child_saved_syn(newtp, req);
	child_route(newsk, dst);
	if (sock_flag(newsk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(newsk, keepalive_time_when(newtp));
	/*
	 * If at least TCP_MSS_DEFAULT bytes came with the ACK, their number is the first estimate of the peer's
	 * segment size.
	 */
	if (skb->len >= TCP_MSS_DEFAULT + newtp->tcp_header_len)
		inet_csk(newsk)->icsk_ack.last_seg_size = skb->len - newtp->tcp_header_len;
	snmp_inc(SNMP_TcpPassiveOpens);
	return newsk;
}

/*
 * Passes @skb, the ACK that completed the handshake, to the new socket @child as its first segment.  If
 * that established the connection, wakes a thread in accept() on @parent, the listener.
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
		/* A thread has accepted the child already and owns it. */
		reason = tcp_add_backlog(child, skb);
	}
	bh_unlock_sock(child);
	sock_put(child);
	return reason;
}
