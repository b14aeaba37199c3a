/* SPDX-License-Identifier: MIT */
/*
 * All connections end, because the machine does.
 *
 * kernel_shutdown() -> tcp_end_all() (process, may sleep), registered by tcp_init().
 * Listeners first, so that nothing new begins; then our FIN behind what is still to be sent, on every
 * connection; then the time that peers get to send theirs; then a RST where none came.  No peer is
 * left with a connection whose other end is gone.
 * The tables are asked for one socket at a time, each by its state, which the step changes: so the
 * walk goes on though the lock of the bucket was let go.
 * RFC 9293 3.6, 3.10.5; the resets as in Linux's tcp_abort() (net/ipv4/tcp.c).
 */
#include "kernel/limits.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/shutdown.h"
#include "net/tcp/tcp_in.h"

/* Our side is open. */
#define OPEN_STATES                                                                                \
	(TCPF_OF(ESTABLISHED) | TCPF_OF(SYN_SENT) | TCPF_OF(SYN_RECV) | TCPF_OF(CLOSE_WAIT))
/* Something is still to be said, by us or by the peer. */
#define ENDING_STATES                                                                              \
	(TCPF_OF(FIN_WAIT1) | TCPF_OF(FIN_WAIT2) | TCPF_OF(CLOSING) | TCPF_OF(LAST_ACK))

#define POLL_MS 5 /* between two looks whether all are through */

/* Calls @end, with its lock, for each socket in one of @states. */
static unsigned int tcp_end_each(u32 states, void (*end)(struct sock *sk))
{
	unsigned int n = 0;
	struct sock *sk;
	u32 at = 0;

	while ((sk = inet_find_state(&tcp_hashinfo, &at, states))) {
		lock_sock(sk);
		/* It may have gone on while we waited for the lock. */
		if (tcp_state_in(sk, states)) {
			end(sk);
			n++;
		}
		release_sock(sk);
		sock_put(sk);
		cond_resched();
	}
	return n;
}

static void tcp_end_listener(struct sock *sk)
{
	tcp_disconnect(sk, 0);
	sk->sk_state_change(sk); /* accept() returns */
}

static void tcp_end_sending(struct sock *sk)
{
	sk->sk_shutdown |= SEND_SHUTDOWN;
	tcp_shutdown(sk, SEND_SHUTDOWN);
	sk->sk_state_change(sk); /* a writer that waits for room hears of it */
}

static void tcp_end_reset(struct sock *sk)
{
	local_bh_disable();
	if (sk->sk_state != TCP_SYN_SENT)
		tcp_send_active_reset(sk, GFP_ATOMIC);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_err = ECONNRESET;
	tcp_write_queue_purge(sk);
	tcp_done(sk);
	local_bh_enable();
}

static bool tcp_any(u32 states)
{
	u32 at = 0;
	struct sock *sk = inet_find_state(&tcp_hashinfo, &at, states);

	if (sk)
		sock_put(sk);
	return sk;
}

static void tcp_end_all(u64 deadline)
{
	unsigned int finished, reset;

	tcp_end_each(TCPF_OF(LISTEN), tcp_end_listener);
	finished = tcp_end_each(OPEN_STATES, tcp_end_sending);
	while (tcp_any(OPEN_STATES | ENDING_STATES) && ktime_get_ns() < deadline)
		schedule_timeout_uninterruptible(msecs_to_jiffies(POLL_MS));
	reset = tcp_end_each(OPEN_STATES | ENDING_STATES, tcp_end_reset);
	if (finished || reset)
		pr_notice("tcp: %u connections closed at the end, %u of all reset", finished,
			  reset);
}

static struct shutdown_hook tcp_hook = {
	.name = "TCP connections",
	.stage = SHUTDOWN_CONNECTIONS,
	.stop = tcp_end_all,
};

void tcp_end_init(void)
{
	shutdown_register(&tcp_hook);
}
