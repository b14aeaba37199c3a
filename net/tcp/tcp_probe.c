/* SPDX-License-Identifier: MIT */
/*
 * Probes: is the window still closed, is the peer still there?
 *
 *   tcp_probe_timer -> tcp_send_probe0 -> tcp_write_wakeup     the window is closed, data waits
 *   tcp_keepalive_timer -> tcp_write_wakeup                    nothing was heard for long
 *
 * A probe is new data if the window takes any, else an ACK with a sequence number that was
 * acknowledged long ago: the peer must answer that with its numbers.
 * Softirq with the bh lock and no owner, or the owner (what was deferred).
 * RFC 9293 3.8.6.1 and 3.8.4; Linux's tcp_output.c.
 */
#include "net/tcp/tcp_send.h"

/* One below what is acknowledged. */
static int tcp_xmit_probe_skb(struct sock *sk, enum snmp_counter mib)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_alloc_control(tp->snd_una - 1, TCPHDR_ACK);

	if (unlikely(!skb))
		return -ENOBUFS;
	snmp_inc(mib);
	tcp_mstamp_refresh(tp);
	return tcp_transmit_skb(sk, skb, 0, GFP_ATOMIC);
}

/* The window took a part of the next segment: that part is the probe. */
static int tcp_xmit_probe_data(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_current_mss(sk);
	u32 room = tcp_wnd_end(tp) - tcb->seq;
	int err;

	if (before(tp->pushed_seq, tcb->end_seq))
		tp->pushed_seq = tcb->end_seq;
	/* A FIN takes a place in the window too: it may be all that is cut off. */
	if (room < tcb->end_seq - tcb->seq || skb->len > mss) {
		if (tcp_fragment(sk, false, skb, min(room, mss), mss, GFP_ATOMIC))
			return -ENOMEM;
	} else {
		tcp_set_skb_tso_segs(skb, mss);
	}
	tcb->tcp_flags |= TCPHDR_PSH;
	tcp_mstamp_refresh(tp);
	err = tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
	if (!err)
		tcp_event_new_data_sent(sk, skb);
	return err;
}

/* 0: something is on its way; -errno: not.  @mib counts probes without data. */
int tcp_write_wakeup(struct sock *sk, enum snmp_counter mib)
{
	struct sk_buff *skb = tcp_send_head(sk);

	sock_owned_by_me(sk);
	if (sk->sk_state == TCP_CLOSE)
		return -EPIPE;
	if (skb && before(TCP_SKB_CB(skb)->seq, tcp_wnd_end(tcp_sk(sk))))
		return tcp_xmit_probe_data(sk, skb);
	return tcp_xmit_probe_skb(sk, mib);
}

/* Every probe doubles the time to the next, as long as the window stays closed. */
noinline void tcp_send_probe0(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned long when = TCP_RESOURCE_PROBE_INTERVAL;
	int err = tcp_write_wakeup(sk, SNMP_TcpExtTCPWinProbe);

	if (tp->packets_out || !tcp_send_head(sk)) {
		/* It was data: the retransmit timer watches it. */
		icsk->icsk_probes_out = 0;
		icsk->icsk_backoff = 0;
		return;
	}
	if (err == -ENOBUFS || err == -ENOMEM) {
		/* Our own shortage is no answer of the peer's: soon again, without doubling. */
		if (!icsk->icsk_probes_out)
			icsk->icsk_probes_out = 1;
	} else {
		if (icsk->icsk_backoff < sysctl_tcp_retries2)
			icsk->icsk_backoff++;
		icsk->icsk_probes_out++;
		when = TCP_RTO_MAX;
	}
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_probe0_when(sk, when), TCP_RTO_MAX);
}
