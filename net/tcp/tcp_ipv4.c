/* SPDX-License-Identifier: MIT */
/*
 * TCP over IPv4.  Only this file and tcp_ipv4_err.c (ICMP) in net/tcp use routes and IP headers.
 *
 * tcp_v4_rcv() <- ip_local_deliver() (softirq): checks the header, looks up the socket; if it finds
 * 	no socket        -> a reset
 * 	TIME_WAIT        -> tcp_timewait_state_process (tcp_timewait.c); a SYN may go to a listener
 * 	half-open        -> tcp_check_req, then tcp_child_process (tcp_minisocks.c)
 * 	listener         -> tcp_v4_do_rcv, without lock, because handling a SYN only reads the listener
 * 	connection       -> bh lock, tcp_v4_do_rcv; or the backlog while a thread owns the socket
 * tcp_v4_do_rcv() <- tcp_v4_rcv(), and release_sock() for the backlog.
 * tcp_v4_connect() <- inet_stream_connect() (process, owner) -> inet_hash_connect, tcp_connect
 * tcp_twsk_unique() <- inet_hash_connect() (process, under an ehash lock)
 * The operations of ipv4_specific <- TCP, through icsk_af_ops; inet_connection_sock.h has their contexts.
 *
 * RFC 9293 3.1, 3.10.1 and 3.10.7, RFC 6191.  Compare Linux's net/ipv4/tcp_ipv4.c.
 */
#define LOG_SOURCE tcp_log
#include "kernel/printk.h"
#include "kernel/sched/cpu.h"
#include "kernel/time/softirq.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/inet/inet_ecn.h"
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_options.h"
#include "net/ipv4/route.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- the header --------------------------------------------------------------------------------- */

/*
 * Returns true if the checksum is wrong (RFC 9293 3.1); a checksum that the device verified is not
 * computed again.  skb->data is at the TCP header.
 */
static bool tcp_v4_checksum_bad(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	__wsum sum;

	if (skb->ip_summed == CHECKSUM_UNNECESSARY || skb->ip_summed == CHECKSUM_PARTIAL ||
	    skb->csum_valid)
		return false;
	if (skb->ip_summed == CHECKSUM_COMPLETE) {
		/* The device's sum includes the IP header: subtract that part. */
		sum = csum_sub(skb->csum, csum_partial(iph, iph->ihl * 4, 0));
		if (!csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, IPPROTO_TCP, sum)) {
			skb->csum_valid = 1;
			return false;
		}
		/* The device may be wrong; our own sum decides. */
	}
	sum = skb_checksum(skb, 0, skb->len, 0);
	if (csum_tcpudp_magic(iph->saddr, iph->daddr, skb->len, IPPROTO_TCP, sum))
		return true;
	skb->csum_valid = 1;
	return false;
}

/* Returns 0, with the whole TCP header linear, or the reason why @skb is not a valid segment. */
static enum skb_drop_reason tcp_v4_check_header(struct sk_buff *skb)
{
	if (skb->pkt_type != PACKET_HOST && skb->pkt_type != PACKET_LOOPBACK)
		return SKB_DROP_REASON_OTHERHOST;
	snmp_add(SNMP_TcpInSegs, max_t(u16, skb_shinfo(skb)->gso_segs, 1));
	if (!pskb_may_pull(skb, sizeof(struct tcphdr)) ||
	    tcp_hdr(skb)->doff < sizeof(struct tcphdr) / 4 ||
	    !pskb_may_pull(skb, tcp_hdrlen(skb))) {
		snmp_inc(SNMP_TcpInErrs);
		return SKB_DROP_REASON_TCP_HDR;
	}
	if (tcp_v4_checksum_bad(skb)) {
		snmp_inc(SNMP_TcpInCsumErrors);
		snmp_inc(SNMP_TcpInErrs);
		return SKB_DROP_REASON_TCP_CSUM;
	}
	return SKB_NOT_DROPPED_YET;
}

static void tcp_v4_fill_cb(struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct inet_skb_parm parm = *IPCB(skb); /* save it: IPCB and TCP_SKB_CB share skb->cb */

	cb->header = parm;
	cb->seq = ntohl(th->seq);
	cb->end_seq = cb->seq + th->syn + th->fin + skb->len - th->doff * 4;
	cb->ack_seq = ntohl(th->ack_seq);
	cb->tcp_flags = tcp_flag_byte(th);
	cb->tcp_tw_isn = 0;
	cb->ip_dsfield = ip_hdr(skb)->tos;
	cb->sacked = 0;
	cb->eor = 0;
}

/* ---- replies without a socket ---------------------------------------------------------------- */

/* Sends @rep, a header of @len bytes without checksum, to the sender of @skb.  Softirq, or a backlog. */
static void tcp_v4_send_reply(const struct sk_buff *skb, const struct tcp_reply *rep,
			      unsigned int len, u8 tos)
{
	const struct iphdr *iph = ip_hdr(skb);

	if (pr_debug_on())
		tcp_log_segment("out", iph->daddr, iph->saddr, &rep->th, 0);
	local_bh_disable();
	ip_send_unicast_reply(skb, iph->daddr, iph->saddr, tos, IPPROTO_TCP, rep, len,
			      offsetof(struct tcphdr, check));
	snmp_inc(SNMP_TcpOutSegs);
	local_bh_enable();
}

/* The TOS of an answer to @skb.  RFC 3168 6.1.4: a segment without data is not ECN-capable. */
static u8 tcp_reply_tos(const struct sk_buff *skb)
{
	return ip_hdr(skb)->tos & ~INET_ECN_MASK;
}

/* A reset is never answered. */
noinline void tcp_v4_send_reset(const struct sock *sk, struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);
	struct tcp_reply rep;

	if (tcp_hdr(skb)->rst)
		return;
	/*
	 * A broadcast or multicast must not be answered (RFC 1122 3.3.6), although a listener may
	 * have received it.  A packet without a route has already been assigned to the connection
	 * @sk, so it was sent to our address alone and may be answered.
	 */
	if (rt ? rt->rt_type != RTN_LOCAL : !sk)
		return;
	snmp_inc(SNMP_TcpOutRsts);
	tcp_v4_send_reply(skb, &rep, tcp_make_reset(skb, &rep), tcp_reply_tos(skb));
}

/* Acknowledges @skb for the TIME_WAIT object @sk, and drops the reference to @sk. */
static void tcp_v4_timewait_ack(struct sock *sk, struct sk_buff *skb)
{
	struct inet_timewait_sock *tw = inet_twsk(sk);
	struct tcp_reply rep;

	tcp_v4_send_reply(skb, &rep, tcp_make_timewait_ack(skb, &rep, tw), tw->tw_tos);
	inet_twsk_put(tw);
}

static void tcp_v4_reqsk_send_ack(const struct sock *sk, struct sk_buff *skb,
				  struct request_sock *req)
{
	struct tcp_reply rep;

	tcp_v4_send_reply(skb, &rep, tcp_make_reqsk_ack(skb, &rep, req), tcp_reply_tos(skb));
}

/* ---- delivering a segment; net/core/dropreason.h has the contract of the returned reasons ---- */

/* Delivers @skb to @sk, a listener or a connection, and drops the reference to @sk. */
static enum skb_drop_reason tcp_v4_deliver(struct sock *sk, struct sk_buff *skb)
{
	enum skb_drop_reason reason;

	/* RFC 5082: a packet with TTL 255 comes from a neighbour, because each router lowers the TTL. */
	if (unlikely(ip_hdr(skb)->ttl < READ_ONCE(inet_sk(sk)->min_ttl))) {
		snmp_inc(SNMP_TcpExtTCPMinTTLDrop);
		sock_put(sk);
		return SKB_DROP_REASON_TCP_MINTTL;
	}
	if (sk->sk_state == TCP_LISTEN) {
		reason = tcp_v4_do_rcv(sk, skb);
	} else {
		bh_lock_sock(sk);
		tcp_segs_in(tcp_sk(sk), skb);
		if (!sock_owned_by_user(sk))
			reason = tcp_v4_do_rcv(sk, skb);
		else
			reason = tcp_add_backlog(sk, skb);
		bh_unlock_sock(sk);
	}
	sock_put(sk);
	return reason;
}

/* Processes @skb for the TIME_WAIT object @sk, and drops the reference to @sk. */
static enum skb_drop_reason tcp_v4_rcv_timewait(struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	struct inet_timewait_sock *tw = inet_twsk(sk);
	struct sock *listener;

	switch (tcp_timewait_state_process(tw, skb, th)) {
	case TCP_TW_SYN:
		listener = __inet_lookup_listener(&tcp_hashinfo, ip_hdr(skb)->saddr, th->source,
						  ip_hdr(skb)->daddr, ntohs(th->dest),
						  skb->dev ? skb->dev->ifindex : 0);
		if (listener) {
			inet_twsk_deschedule_put(tw);
			return tcp_v4_deliver(listener, skb);
		}
		fallthrough; /* there is no listener, so the TIME_WAIT object answers the SYN */
	case TCP_TW_ACK:
		tcp_v4_timewait_ack(sk, skb);
		break;
	case TCP_TW_RST:
		tcp_v4_send_reset(sk, skb);
		inet_twsk_deschedule_put(tw);
		break;
	case TCP_TW_SUCCESS:
		break;
	}
	return SKB_DROP_REASON_TCP_TIMEWAIT;
}

/* Processes @skb for the half-open @req and drops the reference to @req.  @sk: its listener, held by the caller. */
static enum skb_drop_reason tcp_v4_rcv_request(struct sock *sk, struct request_sock *req,
					       struct sk_buff *skb)
{
	struct sock *child = NULL;
	enum skb_drop_reason reason = tcp_check_req(sk, skb, req, &child);

	if (!child) {
		reqsk_put(req);
		return reason;
	}
	/* Our reference to @req now belongs to the accept queue. */
	return tcp_child_process(sk, child, skb);
}

noinline enum skb_drop_reason tcp_v4_rcv(struct sk_buff *skb)
{
	enum skb_drop_reason reason;
	struct request_sock *req;
	struct sock *sk;

	WARN_ON(!in_softirq());
	reason = tcp_v4_check_header(skb);
	if (reason)
		return reason;
	tcp_v4_fill_cb(skb);
	if (pr_debug_on())
		tcp_log_segment("in ", ip_hdr(skb)->saddr, ip_hdr(skb)->daddr, tcp_hdr(skb),
				skb->len - tcp_hdrlen(skb));
	for (;;) {
		sk = __inet_lookup_skb(&tcp_hashinfo, skb, tcp_hdr(skb)->source,
				       tcp_hdr(skb)->dest);
		if (!sk) {
			tcp_v4_send_reset(NULL, skb);
			return SKB_DROP_REASON_NO_SOCKET;
		}
		if (sk->sk_state == TCP_TIME_WAIT)
			return tcp_v4_rcv_timewait(sk, skb);
		if (sk->sk_state != TCP_NEW_SYN_RECV)
			return tcp_v4_deliver(sk, skb);
		req = inet_reqsk(sk);
		sk = req->rsk_listener;
		if (likely(sk_state_load(sk) == TCP_LISTEN))
			break;
		/* The request's listener was closed: drop the request and look up again. */
		inet_csk_reqsk_queue_drop_and_put(sk, req);
	}
	sock_hold(sk);
	reason = tcp_v4_rcv_request(sk, req, skb);
	sock_put(sk);
	return reason;
}

/*
 * Processes @skb for @sk: a listener, or a socket that the caller owns or, if it has no owner, has bh-locked.
 * In ESTABLISHED, where nearly all segments arrive, RFC 9293 3.10.7.4 applies; in the other states
 * 3.10.7.2, 3.10.7.3 and the rest of 3.10.7.4.
 */
noinline enum skb_drop_reason tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb)
{
	if (sk->sk_state == TCP_ESTABLISHED)
		return tcp_rcv_established(sk, skb);
	return tcp_rcv_state_process(sk, skb);
}

/* ---- the active side --------------------------------------------------------------------------- */

/*
 * Returns true if @sk may use the four-tuple of @sktw, a TIME_WAIT object. With timestamps that is
 * safe although segments of the old connection may still arrive: the new connection's numbers start
 * beyond all numbers of the old one, and PAWS rejects older segments (RFC 6191). If we chose the
 * port, more than a second must also have passed since the last timestamp from the peer, and
 * tcp_tw_reuse must permit it (2: over the loopback only), and the peer must have sent its FIN: a peer
 * that still sends would answer our SYN with an ACK, and our reset would then end its connection. A port
 * that the application chose is reused at once, as in Linux.
 */
bool tcp_twsk_unique(struct sock *sk, struct sock *sktw)
{
	const struct tcp_timewait_sock *tcptw = tcp_twsk(sktw);
	struct tcp_sock *tp = tcp_sk(sk);

	int reuse = sysctl_tcp_tw_reuse;

	if (!tcptw->tw_ts_recent_stamp)
		return false;
	if ((reuse == 2 && !ipv4_is_loopback(sk->sk_daddr)) ||
	    inet_twsk(sktw)->tw_substate == TCP_FIN_WAIT2)
		reuse = 0;
	if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK) &&
	    (!reuse || tcp_seconds() <= tcptw->tw_ts_recent_stamp + 1))
		return false;
	tp->write_seq = tcptw->tw_snd_nxt + 65535 + 2;
	if (!tp->write_seq)
		tp->write_seq = 1; /* 0 would mean: choose a new number */
	tp->rx_opt.ts_recent = tcptw->tw_ts_recent;
	tp->rx_opt.ts_recent_stamp = tcptw->tw_ts_recent_stamp;
	sock_hold(sktw);
	return true;
}

/*
 * Sets the route of @sk's next packets: keeps the present route if it is still valid, else looks up
 * a new route with the same addresses. Returns 0 or -errno; an error is also stored in sk_err_soft,
 * for the case that the connection times out.
 */
int inet_sk_rebuild_header(struct sock *sk)
{
	const struct inet_sock *inet = inet_sk(sk);
	struct flowi4 fl = {
		.daddr = inet->inet_daddr,
		.saddr = inet->inet_saddr,
		.oif = sk->sk_bound_dev_if,
		.proto = IPPROTO_TCP,
		.tos = inet->tos,
		.flags = inet_sk_flowi_flags(sk),
	};
	struct rtable *rt;

	if (sk->sk_dst_cache && rt_is_valid(dst_rtable(sk->sk_dst_cache)))
		return 0;
	rt = ip_route_output_key(&fl);
	if (IS_ERR(rt)) {
		sk->sk_err_soft = -PTR_ERR(rt);
		return PTR_ERR(rt);
	}
	sk_dst_set(sk, &rt->dst);
	return 0;
}

/* Looks up the route to @daddr (0: this host itself), from the bound address if there is one. */
static struct rtable *connect_route(const struct sock *sk, __be32 daddr, struct flowi4 *fl)
{
	__be32 saddr = inet_sk(sk)->inet_saddr;
	struct rtable *rt;

	if (!daddr)
		daddr = saddr ? saddr : htonl(INADDR_LOOPBACK);
	*fl = (struct flowi4){
		.daddr = daddr,
		.saddr = saddr,
		.oif = sk->sk_bound_dev_if,
		.proto = IPPROTO_TCP,
		.tos = inet_sk(sk)->tos,
		.flags = inet_sk_flowi_flags(sk),
	};
	rt = ip_route_output_key(fl);
	if (IS_ERR(rt)) {
		if (PTR_ERR(rt) == -ENETUNREACH)
			snmp_inc(SNMP_IpOutNoRoutes);
		return rt;
	}
	if (rt->rt_type == RTN_BROADCAST || rt->rt_type == RTN_MULTICAST) {
		rt_put(rt);
		return ERR_PTR(-ENETUNREACH);
	}
	return rt;
}

void tcp_options_changed(struct sock *sk)
{
	sock_owned_by_me(sk);
	if (sk->sk_state == TCP_CLOSE || sk->sk_state == TCP_LISTEN)
		return; /* connect() computes the length; a child of a listener has no options */
	inet_csk(sk)->icsk_ext_hdr_len = inet_optlen(sk);
	tcp_sync_mss(sk, inet_csk(sk)->icsk_pmtu_cookie);
}

noinline int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	const struct sockaddr_in *usin = (const struct sockaddr_in *)uaddr;
	struct inet_sock *inet = inet_sk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct rtable *rt;
	struct flowi4 fl;
	u32 isn;
	int err;

	WARN_ON(in_interrupt());
	if (addr_len < (int)sizeof(*usin))
		return -EINVAL;
	if (usin->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	rt = connect_route(sk, usin->sin_addr.s_addr, &fl);
	if (IS_ERR(rt))
		return PTR_ERR(rt);

	if (!inet->inet_saddr) {
		inet->inet_saddr = fl.saddr;
		inet->inet_rcv_saddr = fl.saddr;
	}
	/* Forget the numbers of a failed attempt; tcp_twsk_unique() may set them from a TIME_WAIT object. */
	tp->write_seq = 0;
	tp->rx_opt.ts_recent = 0;
	tp->rx_opt.ts_recent_stamp = 0;
	inet->inet_dport = usin->sin_port;
	inet->inet_daddr = fl.daddr;
	inet_csk(sk)->icsk_ext_hdr_len = inet_optlen(sk);
	tp->rx_opt.mss_clamp = TCP_MSS_DEFAULT;

	/* Set the state before the socket is hashed, so that a lookup finds it in SYN_SENT. */
	tcp_set_state(sk, TCP_SYN_SENT);
	err = inet_hash_connect(sk);
	if (err)
		goto out_close;

	sk_dst_set(sk, &rt->dst);
	rt = NULL;
	isn = secure_tcp_seq(inet->inet_saddr, inet->inet_daddr, inet->inet_sport, inet->inet_dport,
			     &tp->tsoffset);
	if (!tp->write_seq)
		tp->write_seq = isn;
	inet->inet_id = tp->write_seq ^ jiffies;
	err = unlikely(tp->fastopen_connect) ? tcp_fastopen_connect(sk) : tcp_connect(sk);
	if (err)
		goto out_close;
	return 0;

out_close:
	/*
	 * tcp_set_state() removes the socket from the tables, and frees the port unless bind()
	 * chose it.
	 */
	tcp_set_state(sk, TCP_CLOSE);
	rt_put(rt);
	inet->inet_dport = 0;
	return err;
}

/* ---- checksum of segments that are sent ------------------------------------------------------------ */

/* CHECKSUM_PARTIAL: store the pseudo-header sum; the device or software adds the rest. */
static void __tcp_v4_send_check(struct sk_buff *skb, __be32 saddr, __be32 daddr)
{
	struct tcphdr *th = tcp_hdr(skb);
	int offset = skb_transport_offset(skb);
	unsigned int len = skb->len - offset;

	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		th->check = ~csum_tcpudp_magic(saddr, daddr, len, IPPROTO_TCP, 0);
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = offsetof(struct tcphdr, check);
		return;
	}
	th->check = 0;
	th->check = csum_tcpudp_magic(saddr, daddr, len, IPPROTO_TCP,
				      skb_checksum(skb, offset, len, 0));
}

static void tcp_v4_send_check(struct sock *sk, struct sk_buff *skb)
{
	__tcp_v4_send_check(skb, inet_sk(sk)->inet_saddr, inet_sk(sk)->inet_daddr);
}

/* ---- the passive side: operations of ipv4_specific -------------------------------------------------- */

struct request_sock_ops tcp_request_sock_ops = {
	.family = AF_INET,
	.obj_size = sizeof(struct tcp_request_sock),
	.slab_name = "request_sock_TCP",
	.rtx_syn_ack = tcp_rtx_synack,
	.send_ack = tcp_v4_reqsk_send_ack,
	.destructor = tcp_reqsk_destructor,
};

noinline enum skb_drop_reason tcp_v4_conn_request(struct sock *sk, struct sk_buff *skb)
{
	const struct rtable *rt = skb_rtable(skb);

	/* RFC 1122 4.2.3.10: ignore a SYN to a broadcast or multicast address. */
	if (rt && (rt->rt_type == RTN_BROADCAST || rt->rt_type == RTN_MULTICAST))
		return SKB_DROP_REASON_IP_INADDRERRORS;
	return tcp_conn_request(&tcp_request_sock_ops, sk, skb);
}

void tcp_v4_init_req(struct request_sock *req, const struct sk_buff *skb)
{
	inet_rsk(req)->ir_rmt_addr = ip_hdr(skb)->saddr;
	inet_rsk(req)->ir_loc_addr = ip_hdr(skb)->daddr;
}

struct dst_entry *tcp_v4_route_req(const struct sock *sk, const struct request_sock *req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct flowi4 fl = {
		.daddr = ireq->ir_rmt_addr,
		.saddr = ireq->ir_loc_addr,
		.oif = sk->sk_bound_dev_if,
		.proto = sk->sk_protocol,
		.tos = inet_sk(sk)->tos,
		.flags = inet_sk_flowi_flags(sk),
	};
	struct rtable *rt = ip_route_output_key(&fl);

	if (IS_ERR(rt)) {
		snmp_inc(SNMP_IpOutNoRoutes);
		return NULL;
	}
	return &rt->dst;
}

u32 tcp_v4_init_seq(const struct request_sock *req, u32 *ts_off)
{
	const struct inet_request_sock *ireq = inet_rsk(req);

	return secure_tcp_seq(ireq->ir_loc_addr, ireq->ir_rmt_addr, htons(ireq->ir_num),
			      ireq->ir_rmt_port, ts_off);
}

noinline int tcp_v4_send_synack(const struct sock *sk, struct dst_entry *dst,
				struct request_sock *req, const struct tcp_fastopen_cookie *foc)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct dst_entry *own = NULL;
	struct sk_buff *skb;
	int err = -ENOMEM;

	if (!dst) {
		dst = own = tcp_v4_route_req(sk, req);
		if (!dst)
			return -EHOSTUNREACH;
	}
	skb = tcp_make_synack(sk, dst, req, foc);
	if (skb) {
		__tcp_v4_send_check(skb, ireq->ir_loc_addr, ireq->ir_rmt_addr);
		if (pr_debug_on())
			tcp_log_segment("out", ireq->ir_loc_addr, ireq->ir_rmt_addr, tcp_hdr(skb),
					0);
		err = ip_build_and_send_pkt(skb, sk, dst_rtable(dst), ireq->ir_loc_addr,
					    ireq->ir_rmt_addr, IPPROTO_TCP);
	}
	dst_release(own);
	return err;
}

/*
 * Creates the child for @req and returns it bh-locked; the child replaces @req in the tables.
 * Returns NULL if the accept queue is full (then the peer's ACK is treated as lost), or if there is
 * no memory or no route. *@own_req becomes true if the child is in the tables; false if a
 * concurrent ACK was first: then the child is in no table. A @req of a SYN cookie or of Fast Open
 * is not in a table before the call either.
 */
noinline struct sock *tcp_v4_syn_recv_sock(const struct sock *sk, struct sk_buff *skb,
					   struct request_sock *req, bool *own_req)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct inet_sock *newinet;
	struct dst_entry *dst;
	struct sock *newsk;

	if (sk_acceptq_is_full(sk)) {
		snmp_inc(SNMP_TcpExtListenOverflows);
		goto out_drop;
	}
	dst = tcp_v4_route_req(sk, req);
	if (!dst)
		goto out_drop;
	newsk = tcp_create_openreq_child(sk, req, dst, skb);
	if (!newsk)
		goto out_drop;
	newinet = inet_sk(newsk);
	newinet->inet_daddr = ireq->ir_rmt_addr;
	newinet->inet_rcv_saddr = ireq->ir_loc_addr;
	newinet->inet_saddr = ireq->ir_loc_addr;
	newinet->inet_id = tcp_sk(newsk)->write_seq ^ jiffies;
	if (__inet_inherit_port(sk, newsk) < 0)
		goto out_kill;
	*own_req = inet_ehash_nolisten(
		newsk, ireq->syncookie || ireq->tfo_listener ? NULL : req_to_sk(req));
	return newsk;

out_kill:
	inet_csk_prepare_forced_close(newsk);
	tcp_done(newsk);
out_drop:
	snmp_inc(SNMP_TcpExtListenDrops);
	return NULL;
}

/* ---- registration ----------------------------------------------------------------------------------- */

const struct inet_connection_sock_af_ops ipv4_specific = {
	.net_header_len = sizeof(struct iphdr),
	.min_mtu = IPV4_MIN_MTU,
	.queue_xmit = ip_queue_xmit,
	.send_check = tcp_v4_send_check,
	.rebuild_header = inet_sk_rebuild_header,
	.recv_error = ip_recv_error,
	.mtu_reduced = tcp_v4_mtu_reduced,
	.conn_request = tcp_v4_conn_request,
	.init_req = tcp_v4_init_req,
	.route_req = tcp_v4_route_req,
	.init_seq = tcp_v4_init_seq,
	.send_reset = tcp_v4_send_reset,
	.send_synack = tcp_v4_send_synack,
	.syn_recv_sock = tcp_v4_syn_recv_sock,
};

noinline int tcp_v4_init_sock(struct sock *sk)
{
	tcp_init_sock(sk);
	inet_csk(sk)->icsk_af_ops = &ipv4_specific;
	return 0;
}

static const struct net_protocol tcp_protocol = {
	.handler = tcp_v4_rcv,
	.err_handler = tcp_v4_err,
};

void tcp_v4_init(void)
{
	log_register(&tcp_log);
	if (inet_add_protocol(&tcp_protocol, IPPROTO_TCP))
		pr_err("TCP: protocol %d has a handler already", IPPROTO_TCP);
}
