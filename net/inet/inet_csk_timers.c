/* SPDX-License-Identifier: MIT */
/*
 * The three timers of a connection: retransmission (and zero-window probe, never both at once),
 * delayed ACK, keepalive.
 *
 * inet_csk_init_xmit_timers() <- tcp_init_xmit_timers(); the rest <- TCP wherever something is sent
 * or acknowledged, the sock owned or bh-locked.  The handlers are TCP's (tcp_timer.c).
 *
 * Clearing a timer only takes its purpose away (icsk_pending, icsk_ack.pending); it stays armed and
 * its handler finds nothing to do.  A connection that sends and is acknowledged all the time would
 * otherwise take its timer out of the wheel and put it back for every segment.
 * inet_csk_clear_xmit_timers(), at the end of a connection, disarms.
 * Answers to Linux's net/inet/inet_connection_sock.c.
 */
#include "kernel/lib/string.h"
#include "net/inet/inet_connection_sock.h"

void inet_csk_init_xmit_timers(struct sock *sk, void (*retransmit)(unsigned long),
			       void (*delack)(unsigned long), void (*keepalive)(unsigned long))
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	setup_timer(&icsk->icsk_retransmit_timer, retransmit, (unsigned long)sk);
	setup_timer(&icsk->icsk_delack_timer, delack, (unsigned long)sk);
	setup_timer(&sk->sk_timer, keepalive, (unsigned long)sk);
	icsk->icsk_pending = 0;
	icsk->icsk_ack.pending = 0;
}

void inet_csk_clear_xmit_timers(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_pending = 0;
	icsk->icsk_ack.pending = 0;
	icsk->icsk_ack.blocked = 0;
	sk_stop_timer(sk, &icsk->icsk_retransmit_timer);
	sk_stop_timer(sk, &icsk->icsk_delack_timer);
	sk_stop_timer(sk, &sk->sk_timer);
}

void inet_csk_reset_xmit_timer(struct sock *sk, int what, unsigned long when,
			       unsigned long max_when)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	unsigned long expires = jiffies + min(when, max_when);

	switch (what) {
	case ICSK_TIME_RETRANS:
	case ICSK_TIME_PROBE0:
		icsk->icsk_pending = what;
		icsk->icsk_timeout = expires;
		sk_reset_timer(sk, &icsk->icsk_retransmit_timer, expires);
		break;
	case ICSK_TIME_DACK:
		icsk->icsk_ack.pending |= ICSK_ACK_TIMER;
		icsk->icsk_ack.timeout = expires;
		sk_reset_timer(sk, &icsk->icsk_delack_timer, expires);
		break;
	default:
		BUG();
	}
}

void inet_csk_clear_xmit_timer(struct sock *sk, int what)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	switch (what) {
	case ICSK_TIME_RETRANS:
	case ICSK_TIME_PROBE0:
		icsk->icsk_pending = 0;
		break;
	case ICSK_TIME_DACK:
		icsk->icsk_ack.blocked = 0;
		icsk->icsk_ack.pending = 0;
		break;
	default:
		BUG();
	}
}

noinline void inet_csk_delack_init(struct sock *sk)
{
	memset(&inet_csk(sk)->icsk_ack, 0, sizeof(inet_csk(sk)->icsk_ack));
}

void inet_csk_reset_keepalive_timer(struct sock *sk, unsigned long len)
{
	sk_reset_timer(sk, &sk->sk_timer, jiffies + len);
}

void inet_csk_delete_keepalive_timer(struct sock *sk)
{
	sk_stop_timer(sk, &sk->sk_timer);
}
