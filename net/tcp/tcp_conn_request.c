/* SPDX-License-Identifier: MIT */
/*
 * The passive side: a SYN becomes a request.
 *
 * tcp_conn_request() <- tcp_v4_conn_request() <- tcp_rcv_state_process [LISTEN] (softirq, listener not
 * locked) -> inet_csk_reqsk_queue_hash_add, then send_synack
 *
 * Limits: half-open requests of a listener as its backlog allows, N + 1, at most tcp_max_syn_backlog;
 * finished ones likewise (sk_acceptq_is_full).  A SYN above either is dropped and counted: the peer
 * sends it again.
 * RFC 9293 3.10.7.2 and 3.10.7.4 (SYN-RECEIVED), RFC 4987 (floods).  Linux's tcp_input.c, tcp_ipv4.c.
 */
#include "kernel/limits.h"
#include "net/core/netdevice.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

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

/* 0 when the SYN was taken; else why it was dropped. */
noinline int tcp_conn_request(struct request_sock_ops *ops, struct sock *sk, struct sk_buff *skb)
{
	const struct inet_connection_sock_af_ops *af_ops = inet_csk(sk)->icsk_af_ops;
	u32 tw_isn = TCP_SKB_CB(skb)->tcp_tw_isn, isn;
	struct request_sock *req;
	struct dst_entry *dst;

	/* A SYN that reopens a TIME_WAIT comes from a peer that has completed a handshake before. */
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

	/* Into the table first: the SYN-ACK's answer may be here before the next line. */
	inet_csk_reqsk_queue_hash_add(sk, req, TCP_TIMEOUT_INIT);
	af_ops->send_synack(sk, dst, req);
	dst_release(dst);
	reqsk_put(req);
	return 0;
}
