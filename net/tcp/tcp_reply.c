/* SPDX-License-Identifier: MIT */
/*
 * Answers without a full socket (a RST where there is none, the ACKs of TIME_WAIT and of a
 * half-open connection), and the checksum of every segment that goes out.
 *
 * tcp_v4_send_reset() <- tcp_v4_rcv, tcp_v4_do_rcv, tcp_check_req; the ACKs <- tcp_v4_rcv and
 * tcp_check_req; tcp_v4_send_check() <- tcp_transmit_skb; __tcp_v4_send_check() <- tcp_v4_send_synack.
 * Context: softirq, or process when release_sock() works off a backlog; BHs are turned off here.
 * RFC 9293 3.10.7.1 (what a reset says), 3.1 (checksum).  Answers to Linux's net/ipv4/tcp_ipv4.c.
 */
#define LOG_SOURCE tcp_log
#include "kernel/time/softirq.h"
#include "kernel/printk.h"
#include "net/core/checksum.h"
#include "net/ipv4/route.h"
#include "net/tcp/tcp_in.h"

struct tcp_reply {
	struct tcphdr th;
	__be32 opt[TCPOLEN_TSTAMP_ALIGNED / 4];
};

/* A header for the sender of @skb.  The ports are filled here. */
static void send_reply(const struct sk_buff *skb, struct tcp_reply *rep, unsigned int len, u8 tos)
{
	const struct tcphdr *th = tcp_hdr(skb);

	rep->th.dest = th->source;
	rep->th.source = th->dest;
	rep->th.doff = len / 4;
	if (pr_debug_on())
		tcp_log_segment("out", ip_hdr(skb)->daddr, ip_hdr(skb)->saddr, &rep->th, 0);
	local_bh_disable();
	ip_send_unicast_reply(skb, ip_hdr(skb)->daddr, ip_hdr(skb)->saddr, tos, IPPROTO_TCP, rep,
			      len, offsetof(struct tcphdr, check));
	snmp_inc(SNMP_TcpOutSegs);
	local_bh_enable();
}

/*
 * RFC 9293 3.10.7.1: a segment with ACK is answered at the place that it acknowledges, so that the
 * peer can believe the reset; one without is acknowledged whole.  A reset is never answered.
 */
noinline void tcp_v4_send_reset(const struct sock *sk, struct sk_buff *skb)
{
	const struct tcphdr *th = tcp_hdr(skb);
	const struct rtable *rt = skb_rtable(skb);
	struct tcp_reply rep = {0};

	if (th->rst)
		return;
	/*
	 * A broadcast or multicast is never answered (RFC 1122 3.3.6), though a listener may have taken it.
	 * Only a connection's segment can have let go of its route, and that came to us alone.
	 */
	if (rt ? rt->rt_type != RTN_LOCAL : !sk)
		return;
	rep.th.rst = 1;
	if (th->ack) {
		rep.th.seq = th->ack_seq;
	} else {
		/* From cb: skb->len shrinks once data was queued. */
		rep.th.ack = 1;
		rep.th.ack_seq = htonl(TCP_SKB_CB(skb)->end_seq);
	}
	snmp_inc(SNMP_TcpOutRsts);
	send_reply(skb, &rep, sizeof(rep.th), ip_hdr(skb)->tos);
}

/* @tsecr 0: without timestamps. */
static void tcp_v4_send_ack(const struct sk_buff *skb, u32 seq, u32 ack, u32 win, u32 tsval,
			    u32 tsecr, u8 tos)
{
	struct tcp_reply rep = {0};
	unsigned int len = sizeof(rep.th);

	if (tsecr) {
		rep.opt[0] = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_TIMESTAMP << 8 |
				   TCPOLEN_TIMESTAMP);
		rep.opt[1] = htonl(tsval);
		rep.opt[2] = htonl(tsecr);
		len += TCPOLEN_TSTAMP_ALIGNED;
	}
	rep.th.seq = htonl(seq);
	rep.th.ack_seq = htonl(ack);
	rep.th.ack = 1;
	rep.th.window = htons(min(win, 65535u));
	send_reply(skb, &rep, len, tos);
}

void tcp_v4_timewait_ack(struct sock *sk, struct sk_buff *skb)
{
	struct inet_timewait_sock *tw = inet_twsk(sk);
	const struct tcp_timewait_sock *tcptw = tcp_twsk(sk);

	tcp_v4_send_ack(
		skb, tcptw->tw_snd_nxt, tcptw->tw_rcv_nxt, tcptw->tw_rcv_wnd >> tw->tw_rcv_wscale,
		tcp_time_stamp_raw() + tcptw->tw_ts_offset, tcptw->tw_ts_recent, tw->tw_tos);
	inet_twsk_put(tw);
}

/*
 * RFC 7323 2.2: but for that of a SYN, every window is scaled.  Rounded up: the SYN-ACK offered bytes, and what
 * was offered is not taken back (RFC 9293 3.8.6: SHLD-14), nor will @req's child take this offer back.
 */
void tcp_v4_reqsk_send_ack(const struct sock *sk, struct sk_buff *skb, struct request_sock *req)
{
	u8 wscale = inet_rsk(req)->rcv_wscale;

	req->rsk_rcv_wnd = ALIGN_UP(req->rsk_rcv_wnd, 1u << wscale);
	tcp_v4_send_ack(skb, tcp_rsk(req)->snt_isn + 1, tcp_rsk(req)->rcv_nxt,
			req->rsk_rcv_wnd >> wscale, tcp_time_stamp_raw() + tcp_rsk(req)->ts_off,
			req->ts_recent, ip_hdr(skb)->tos);
}

/* ---- checksum of segments that are sent ------------------------------------------------------------ */

/* CHECKSUM_PARTIAL: store the pseudo-header sum; the device or software adds the rest. */
void __tcp_v4_send_check(struct sk_buff *skb, __be32 saddr, __be32 daddr)
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

void tcp_v4_send_check(struct sock *sk, struct sk_buff *skb)
{
	__tcp_v4_send_check(skb, inet_sk(sk)->inet_saddr, inet_sk(sk)->inet_daddr);
}
