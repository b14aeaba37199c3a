/* SPDX-License-Identifier: MIT */
/*
 * Processes ICMP errors about our TCP packets: finds the connection whose packet the message quotes,
 * and applies the error to it.
 *
 * tcp_v4_err() <- icmp_rcv() (softirq); tcp_v4_mtu_reduced() <- tcp_v4_err(), or, if a thread owned the
 * socket when the message arrived, <- tcp_release_cb() in that thread.
 *
 * RFC 1122 4.2.3.9, RFC 1191, RFC 5461, RFC 5927, RFC 6069.  Compare Linux's net/ipv4/tcp_ipv4.c.
 */
#include "net/ipv4/icmp.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- ICMP ------------------------------------------------------------------------------------------ */

/*
 * The path accepts only packets of at most mtu_info bytes (RFC 1191): lowers the MSS, and retransmits
 * the larger packets in flight, which are lost.  The socket may have dropped its route after some
 * timeouts; then the route is looked up again, because it stores the path's MTU.
 * Context: softirq with the bh lock while no thread owns the socket, or the owner in tcp_release_cb().
 */
void tcp_v4_mtu_reduced(struct sock *sk)
{
	u32 mtu = tcp_sk(sk)->mtu_info;
	struct dst_entry *dst;

	sock_owned_by_me(sk);
	if (tcp_state_in(sk, TCPF_OF(LISTEN) | TCPF_OF(CLOSE)) || inet_sk_rebuild_header(sk))
		return;
	dst = sk->sk_dst_cache;
	dst_update_pmtu(dst, mtu);
	/*
	 * The path's MTU is below the smallest MTU that we use, and our packets must not be
	 * fragmented, so no full segment gets through. Remember the error for the case that the
	 * connection times out.
	 */
	if (mtu < dst_mtu(dst) && ip_dont_fragment(sk, dst_rtable(dst)))
		sk->sk_err_soft = EMSGSIZE;
	if (!ip_sk_accept_pmtu(sk) || inet_csk(sk)->icsk_pmtu_cookie <= dst_mtu(dst))
		return;
	tcp_sync_mss(sk, dst_mtu(dst));
	tcp_simple_retransmit(sk);
}

/*
 * RFC 6069: a router reports that it has no route.  So the retransmission timeout was not caused by
 * congestion; each such message undoes one doubling of the timeout.
 */
static void tcp_ld_rto_revert(struct sock *sk, u32 seq)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *head = tcp_rtx_queue_head(sk);
	unsigned long elapsed;

	if (seq != tp->snd_una || !icsk->icsk_retransmits || !icsk->icsk_backoff || !head)
		return;
	icsk->icsk_backoff--;
	icsk->icsk_rto = tcp_rto_backoff(sk, tp->srtt_us ? __tcp_set_rto(tp) : TCP_TIMEOUT_INIT,
					 TCP_RTO_MAX);
	elapsed = (ktime_get_ns() - head->skb_mstamp) / NSEC_PER_JIFFY;
	if (elapsed < icsk->icsk_rto)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, icsk->icsk_rto - elapsed,
					  TCP_RTO_MAX);
	else
		tcp_retransmit_timer(sk);
}

/*
 * Returns the errno for an ICMP error, or 0 if a message of this kind has no effect on a
 * connection.
 */
static int tcp_icmp_errno(const struct icmphdr *icmph)
{
	switch (icmph->type) {
	case ICMP_PARAMETERPROB:
		return EPROTO;
	case ICMP_TIME_EXCEEDED:
		return EHOSTUNREACH;
	case ICMP_DEST_UNREACH:
		return icmph->code > NR_ICMP_UNREACH ? 0 : icmp_err_convert[icmph->code].errno_;
	default:
		/* Source quench is obsolete (RFC 6633), and a redirect concerns only the route. */
		return 0;
	}
}

static bool is_no_way(const struct icmphdr *icmph)
{
	return icmph->type == ICMP_DEST_UNREACH &&
	       (icmph->code == ICMP_NET_UNREACH || icmph->code == ICMP_HOST_UNREACH);
}

static bool is_frag_needed(const struct icmphdr *icmph)
{
	return icmph->type == ICMP_DEST_UNREACH && icmph->code == ICMP_FRAG_NEEDED;
}

/*
 * @icmph reports that our SYN-ACK was not delivered. As in Linux, drops the request if there is no
 * route, if the TTL is exceeded, or if a parameter is wrong.
 */
static void tcp_req_err(struct request_sock *req, u32 seq, const struct icmphdr *icmph)
{
	if (seq != tcp_rsk(req)->snt_isn) {
		snmp_inc(SNMP_TcpExtOutOfWindowIcmps);
	} else if (icmph->type == ICMP_PARAMETERPROB || icmph->type == ICMP_TIME_EXCEEDED ||
		   is_no_way(icmph)) {
		inet_csk_reqsk_queue_drop(req->rsk_listener, req);
		snmp_inc(SNMP_TcpExtListenDrops);
	}
	reqsk_put(req);
}

/*
 * Applies the error to @sk, whose bh lock is held. RFC 1122 4.2.3.9: a soft error (sk_err_soft)
 * does not end the connection; the application gets it if the connection times out later. During
 * the handshake an error ends the connection.
 */
static void tcp_v4_err_locked(struct sock *sk, struct sk_buff *skb, u32 seq, u32 info)
{
	const struct icmphdr *icmph = icmp_hdr(skb);
	const struct tcp_sock *tp = tcp_sk(sk);
	bool owned = sock_owned_by_user(sk), fastopen = tp->fastopen_passive, opening;
	int err = tcp_icmp_errno(icmph);
	/*
	 * The SYN-ACK of a child of Fast Open is sent by the request, and its number is before
	 * snd_una.
	 */
	u32 una = fastopen ? tcp_rsk(tp->fastopen_rsk)->snt_isn : tp->snd_una;

	if (owned && !is_frag_needed(icmph))
		snmp_inc(SNMP_TcpExtLockDroppedIcmps);
	if (sk->sk_state == TCP_CLOSE)
		return;
	/*
	 * RFC 5927 4.1: accept the message only if it quotes a sequence number that is in flight, which an
	 * attacker off the path cannot know.  Nothing is in flight while Fast Open holds our SYN back.
	 */
	if (sk->sk_state != TCP_LISTEN &&
	    (!between(seq, una, tp->snd_nxt) || inet_sk(sk)->defer_connect)) {
		snmp_inc(SNMP_TcpExtOutOfWindowIcmps);
		return;
	}
	if (is_frag_needed(icmph)) {
		if (sk->sk_state == TCP_LISTEN)
			return;
		tcp_sk(sk)->mtu_info = info;
		/* While a thread owns the socket, only that thread may access the route. */
		if (owned)
			tcp_defer(sk, TCP_MTU_REDUCED_DEFERRED);
		else
			tcp_v4_mtu_reduced(sk);
		return;
	}
	if (!err)
		return;
	if (is_no_way(icmph) && !owned && !fastopen)
		tcp_ld_rto_revert(sk, seq);

	/* A child of Fast Open that was accepted is treated as connected. */
	opening = tcp_state_in(sk, TCPF_OF(SYN_SENT) | TCPF_OF(SYN_RECV)) &&
		  !(fastopen && !tp->fastopen_rsk->sk);
	if (opening)
		ip_icmp_error(sk, skb, err, inet_sk(sk)->inet_dport, info,
			      ((const struct iphdr *)skb->data)->ihl * 4);
	if (opening && !owned) {
		tcp_done_with_error(sk, err);
	} else if (!owned && inet_sk(sk)->recverr) {
		sk->sk_err = err;
		sk->sk_error_report(sk);
	} else {
		sk->sk_err_soft = err;
	}
}

void tcp_v4_err(struct sk_buff *skb, u32 info)
{
	const struct icmphdr *icmph;
	const struct tcphdr *th;
	const struct iphdr *iph;
	struct sock *sk;
	u32 seq;

	/* The message quotes the IP header of our packet and the first 8 bytes after it: ports and sequence number. */
	if (!pskb_may_pull(skb, sizeof(*iph)) ||
	    !pskb_may_pull(skb, ((const struct iphdr *)skb->data)->ihl * 4 + 8)) {
		snmp_inc(SNMP_IcmpInErrors);
		return;
	}
	iph = (const struct iphdr *)skb->data;
	th = (const struct tcphdr *)(skb->data + iph->ihl * 4);
	icmph = icmp_hdr(skb);

	sk = __inet_lookup_established(&tcp_hashinfo, iph->daddr, th->dest, iph->saddr,
				       ntohs(th->source), skb->dev ? skb->dev->ifindex : 0);
	if (!sk) {
		snmp_inc(SNMP_IcmpInErrors);
		return;
	}
	if (sk->sk_state == TCP_TIME_WAIT) {
		inet_twsk_put(inet_twsk(sk));
		return;
	}
	seq = ntohl(th->seq);
	if (sk->sk_state == TCP_NEW_SYN_RECV) {
		tcp_req_err(inet_reqsk(sk), seq, icmph);
		return;
	}
	bh_lock_sock(sk);
	if (ip_hdr(skb)->ttl < inet_sk(sk)->min_ttl)
		snmp_inc(SNMP_TcpExtTCPMinTTLDrop);
	else
		tcp_v4_err_locked(sk, skb, seq, info);
	bh_unlock_sock(sk);
	sock_put(sk);
}
