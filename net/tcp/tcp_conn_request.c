/* SPDX-License-Identifier: MIT */
/*
 * The passive side: a SYN becomes a request, a finished handshake a socket.
 *
 * tcp_v4_conn_request() <- tcp_rcv_state_process [LISTEN] (softirq, listener not locked)
 *	-> tcp_conn_request -> inet_csk_reqsk_queue_hash_add, then tcp_v4_send_synack
 * tcp_v4_send_synack() also <- tcp_rtx_synack (send side), from the request's timer or a second SYN
 * tcp_v4_syn_recv_sock() <- tcp_check_req (softirq)
 *
 * Limits: half-open requests of a listener as its backlog allows, N + 1, at most tcp_max_syn_backlog;
 * finished ones likewise (sk_acceptq_is_full).  A SYN above either is dropped and counted: the peer
 * sends it again.
 * RFC 9293 3.10.7.2 and 3.10.7.4 (SYN-RECEIVED), RFC 4987 (floods).  Linux's tcp_input.c, tcp_ipv4.c.
 */
#include "kernel/limits.h"
#include "net/core/netdevice.h"
#include "net/ipv4/route.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

struct request_sock_ops tcp_request_sock_ops = {
	.family = AF_INET,
	.obj_size = sizeof(struct tcp_request_sock),
	.slab_name = "request_sock_TCP",
	.rtx_syn_ack = tcp_rtx_synack,
	.send_ack = tcp_v4_reqsk_send_ack,
	.send_reset = tcp_v4_send_reset,
};

static int listen_drop(enum skb_drop_reason reason)
{
	snmp_inc(SNMP_TcpExtListenDrops);
	return reason;
}

/* 0 when the SYN was taken; else why it was dropped. */
noinline int tcp_v4_conn_request(struct sock *sk, struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	/* RFC 1122 4.2.3.10: a SYN to a broadcast or multicast address is ignored. */
	if (rt && (rt->rt_type == RTN_BROADCAST || rt->rt_type == RTN_MULTICAST))
		return listen_drop(SKB_DROP_REASON_IP_INADDRERRORS);
	return tcp_conn_request(&tcp_request_sock_ops, sk, skb);
}

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

	ireq->ir_rmt_addr = ip_hdr(skb)->saddr;
	ireq->ir_loc_addr = ip_hdr(skb)->daddr;
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

/* Where the SYN-ACK goes.  NULL, and counted: nowhere. */
static struct dst_entry *inet_csk_route_req(const struct sock *sk, struct flowi4 *fl,
					    const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct rtable *rt;

	*fl = (struct flowi4){
		.daddr = ireq->ir_rmt_addr,
		.saddr = ireq->ir_loc_addr,
		.oif = sk->sk_bound_dev_if,
		.proto = sk->sk_protocol,
		.tos = inet_sk(sk)->tos,
	};
	rt = ip_route_output_key(fl);
	if (IS_ERR(rt)) {
		snmp_inc(SNMP_IpOutNoRoutes);
		return NULL;
	}
	return &rt->dst;
}

static struct dst_entry *inet_csk_route_child_sock(const struct sock *sk, struct sock *newsk,
						   const struct request_sock *req)
{
	struct flowi4 fl;

	(void)newsk;
	return inet_csk_route_req(sk, &fl, req);
}

/* A request for @skb, without its sequence number; *@rt: the route to the peer.  NULL: no memory or route. */
static struct request_sock *request_from_syn(struct request_sock_ops *ops, struct sock *sk,
					     struct sk_buff *skb, struct dst_entry **dst)
{
	struct tcp_options_received opt = {
		.mss_clamp = TCP_MSS_DEFAULT,
		.user_mss = tcp_sk(sk)->rx_opt.user_mss,
	};
	struct request_sock *req = inet_reqsk_alloc(ops, sk);
	struct flowi4 fl;

	if (!req)
		return NULL;
	tcp_parse_options(skb, &opt, false);
	opt.tstamp_ok = opt.saw_tstamp;
	tcp_openreq_init(req, &opt, skb);
	*dst = inet_csk_route_req(sk, &fl, req);
	if (*dst)
		return req;
	__reqsk_free(req);
	return NULL;
}

noinline int tcp_conn_request(struct request_sock_ops *ops, struct sock *sk, struct sk_buff *skb)
{
	u32 tw_isn = TCP_SKB_CB(skb)->tcp_tw_isn, isn;
	struct request_sock *req;
	struct dst_entry *dst;

	/* A SYN that reopens a TIME_WAIT comes from a peer that has completed a handshake before. */
	if (syn_queue_is_full(sk) && !tw_isn) {
		snmp_inc(SNMP_TcpExtTCPReqQFullDrop);
		return listen_drop(SKB_DROP_REASON_TCP_REQQ_FULL);
	}
	if (sk_acceptq_is_full(sk)) {
		snmp_inc(SNMP_TcpExtListenOverflows);
		return listen_drop(SKB_DROP_REASON_TCP_LISTEN_OVERFLOW);
	}
	req = request_from_syn(ops, sk, skb, &dst);
	if (!req)
		return listen_drop(SKB_DROP_REASON_NOMEM);

	isn = secure_tcp_seq(inet_rsk(req)->ir_loc_addr, inet_rsk(req)->ir_rmt_addr,
			     tcp_hdr(skb)->dest, tcp_hdr(skb)->source, &tcp_rsk(req)->ts_off);
	tcp_rsk(req)->snt_isn = tw_isn ? tw_isn : isn;
	tcp_openreq_init_rwin(req, sk, dst);

	/* Into the table first: the SYN-ACK's answer may be here before the next line. */
	inet_csk_reqsk_queue_hash_add(sk, req, TCP_TIMEOUT_INIT);
	tcp_v4_send_synack(sk, dst, req);
	dst_release(dst);
	reqsk_put(req);
	return 0;
}

/* @dst NULL: the route is looked up.  0 or -errno.  Softirq. */
noinline int tcp_v4_send_synack(const struct sock *sk, struct dst_entry *dst,
				struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct dst_entry *own = NULL;
	struct sk_buff *skb;
	struct flowi4 fl;
	int err = -ENOMEM;

	if (!dst) {
		dst = own = inet_csk_route_req(sk, &fl, req);
		if (!dst)
			return -EHOSTUNREACH;
	}
	skb = tcp_make_synack(sk, dst, req);
	if (skb) {
		__tcp_v4_send_check(skb, ireq->ir_loc_addr, ireq->ir_rmt_addr);
		err = ip_build_and_send_pkt(skb, sk, dst_rtable(dst), ireq->ir_loc_addr,
					    ireq->ir_rmt_addr, IPPROTO_TCP);
	}
	dst_release(own);
	return err;
}

/* ---- the handshake's last ACK came ------------------------------------------------------------------ */

/* The addresses of both ends, and the TTL of the peer's ACK. */
static void child_addresses(struct sock *newsk, const struct request_sock *req,
			    const struct sk_buff *skb)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct inet_sock *newinet = inet_sk(newsk);

	newinet->inet_daddr = ireq->ir_rmt_addr;
	newinet->inet_rcv_saddr = ireq->ir_loc_addr;
	newinet->inet_saddr = ireq->ir_loc_addr;
	newinet->mc_index = ireq->ir_iif;
	newinet->mc_ttl = ip_hdr(skb)->ttl;
	newinet->inet_id = tcp_sk(newsk)->write_seq ^ jiffies;
	inet_csk(newsk)->icsk_ext_hdr_len = 0;
}

/* Takes @dst's reference. */
static void child_path(struct sock *newsk, struct dst_entry *dst)
{
	struct tcp_sock *newtp = tcp_sk(newsk);

	sk_dst_set(newsk, dst);
	newtp->advmss = tcp_advertise_mss(newsk, dst);
	if (!inet_csk(newsk)->icsk_ca_setsockopt)
		tcp_assign_congestion_control(newsk);
	tcp_set_ca_state(newsk, TCP_CA_Open);
	tcp_sync_mss(newsk, dst_mtu(dst));
	tcp_initialize_rcv_mss(newsk);
}

/*
 * The child, bh-locked, in the tables in @req's place.  NULL: the accept queue is full (the peer's ACK
 * counts as lost), or there is no memory.  *@own_req: this ACK, not one beside it, took @req out.
 */
noinline struct sock *tcp_v4_syn_recv_sock(const struct sock *sk, struct sk_buff *skb,
					   struct request_sock *req, bool *own_req)
{
	struct dst_entry *dst;
	struct sock *newsk;

	if (sk_acceptq_is_full(sk)) {
		snmp_inc(SNMP_TcpExtListenOverflows);
		goto out_drop;
	}
	newsk = tcp_create_openreq_child(sk, req, skb);
	if (!newsk)
		goto out_drop;
	child_addresses(newsk, req, skb);
	dst = inet_csk_route_child_sock(sk, newsk, req);
	if (!dst)
		goto out_kill;
	child_path(newsk, dst);
	if (__inet_inherit_port(sk, newsk) < 0)
		goto out_kill;
	*own_req = inet_ehash_nolisten(newsk, req_to_sk(req));
	return newsk;

out_kill:
	inet_csk_prepare_forced_close(newsk);
	tcp_done(newsk);
out_drop:
	snmp_inc(SNMP_TcpExtListenDrops);
	return NULL;
}
