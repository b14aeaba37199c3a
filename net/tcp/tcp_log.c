/* SPDX-License-Identifier: MIT */
/*
 * Prints TCP's debug lines (`loglevel.tcp=debug`) for each segment and each change of state.
 *
 * tcp_log_segment() <- tcp_v4_rcv(), tcp_transmit_skb(), tcp_v4_send_synack(), tcp_v4_send_reply();
 * tcp_log_state() <- tcp_set_state().  They are called only while debug lines are on.  They are not
 * inlined, so that they cost their callers no registers.  Any context, no lock.
 */
#define LOG_SOURCE tcp_log
#include "net/tcp/tcp.h"
#include "kernel/printk.h"

DEFINE_LOG_SOURCE(tcp_log, "tcp");

/* Prints a segment in the style of tcpdump: 10.0.0.2:40000 > 10.0.0.1:7 S. seq 1 ack 2 win 3 len 4. */
noinline void tcp_log_segment(const char *direction, __be32 saddr, __be32 daddr,
			      const struct tcphdr *th, unsigned int len)
{
	pr_debug("%s %pI4:%u > %pI4:%u %s%s%s%s%s seq %u ack %u win %u len %u", direction, &saddr,
		 ntohs(th->source), &daddr, ntohs(th->dest), th->syn ? "S" : "", th->fin ? "F" : "",
		 th->rst ? "R" : "", th->psh ? "P" : "", th->ack ? "." : "", ntohl(th->seq),
		 ntohl(th->ack_seq), ntohs(th->window), len);
}

noinline void tcp_log_state(const struct sock *sk, int state)
{
	const struct inet_sock *inet = inet_sk(sk);

	pr_debug("%pI4:%u %pI4:%u %s > %s", &inet->inet_saddr, ntohs(inet->inet_sport),
		 &inet->inet_daddr, ntohs(inet->inet_dport), tcp_state_name(sk->sk_state),
		 tcp_state_name(state));
}
