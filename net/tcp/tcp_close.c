/* SPDX-License-Identifier: MIT */
/*
 * The end of a connection, by our side and by the peer's.
 *
 * tcp_shutdown() <- inet_shutdown(); tcp_close() <- inet_release(); tcp_disconnect() <- connect(AF_UNSPEC),
 * inet_shutdown(), SO_LINGER with 0, inet_child_forget().  Process context, by the thread that owns the socket;
 * tcp_close() itself takes the ownership of the socket.  Only inet_child_forget() may also run in softirq: it
 * holds the bh lock of a child that no thread uses.
 *
 * tcp_done() <- tcp_rcv_state_process, tcp_time_wait, tcp_reset, timers; tcp_reset() <-
 * tcp_validate_incoming.  Softirq with the bh lock, or the thread that owns the socket.
 *
 * After close() a socket whose connection has not ended is an orphan: no file and no thread refers to
 * it; segments and timers bring it to its end.  The number of orphans is limited (tcp_max_orphans):
 * above the limit, or when memory is short, the connection is reset.
 * RFC 9293 3.6 and 3.10.4, RFC 1122 4.2.2.13, RFC 2525 2.17 (reset when data was not read).  Compare
 * Linux's net/ipv4/tcp.c.
 */
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/shutdown.h"
#include "net/core/limits.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- our FIN -------------------------------------------------------------------------------------------- */

#define SEND_FIN 0x80

/* The next state for each state when the application closes; SEND_FIN: a FIN must be sent too. */
static const u8 new_state[TCP_MAX_STATES] = {
	[TCP_ESTABLISHED] = TCP_FIN_WAIT1 | SEND_FIN,
	[TCP_SYN_SENT] = TCP_CLOSE,
	[TCP_SYN_RECV] = TCP_FIN_WAIT1 | SEND_FIN,
	[TCP_FIN_WAIT1] = TCP_FIN_WAIT1,
	[TCP_FIN_WAIT2] = TCP_FIN_WAIT2,
	[TCP_CLOSE] = TCP_CLOSE,
	[TCP_CLOSE_WAIT] = TCP_LAST_ACK | SEND_FIN,
	[TCP_LAST_ACK] = TCP_LAST_ACK,
	[TCP_LISTEN] = TCP_CLOSE,
	[TCP_CLOSING] = TCP_CLOSING,
};

static bool tcp_close_state(struct sock *sk)
{
	u8 next = new_state[sk->sk_state];

	tcp_set_state(sk, next & ~SEND_FIN);
	return next & SEND_FIN;
}

void tcp_shutdown(struct sock *sk, int how)
{
	if (!(how & SEND_SHUTDOWN))
		return;
	if (tcp_state_in(sk, TCPF_OF(ESTABLISHED) | TCPF_OF(SYN_SENT) | TCPF_OF(SYN_RECV) |
				     TCPF_OF(CLOSE_WAIT)) &&
	    tcp_close_state(sk))
		tcp_send_fin(sk);
}

/* ---- orphans --------------------------------------------------------------------------------------------- */

int tcp_orphan_count(void)
{
	return __atomic_load_n(&tcp_prot.orphan_count, __ATOMIC_RELAXED);
}

/* Returns true if this orphan must be reset because there are too many orphans or memory is short. */
bool tcp_check_oom(struct sock *sk)
{
	return tcp_orphan_count() > sysctl_tcp_max_orphans ||
	       (sk->sk_wmem_queued > SOCK_MIN_SNDBUF && sk_memory_is_spent(sk)) ||
	       mm_pages_are_scarce();
}

/* ---- close() ----------------------------------------------------------------------------------------------- */

/* Frees unread data; returns true if there was some, so that the peer must get a RST (RFC 2525 2.17). */
static bool tcp_flush_unread(struct sock *sk)
{
	u32 copied = tcp_sk(sk)->copied_seq;
	struct sk_buff *skb;
	bool unread = false;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue))) {
		/* Bytes before copied_seq were read.  end_seq counts a FIN, which is not a byte. */
		if (after(TCP_SKB_CB(skb)->end_seq - tcp_has_fin(skb), copied))
			unread = true;
		consume_skb(skb);
	}
	return unread;
}

/* Sends a FIN, or a RST if data was unread or the application set SO_LINGER with 0. */
static void tcp_say_goodbye(struct sock *sk)
{
	bool unread = tcp_flush_unread(sk);

	if (sk->sk_state == TCP_CLOSE)
		return;
	if (unread) {
		snmp_inc(SNMP_TcpExtTCPAbortOnClose);
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk, GFP_KERNEL);
	} else if (sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime) {
		/* SO_LINGER with 0: the application requests a reset. */
		sk->sk_prot->disconnect(sk, 0);
		snmp_inc(SNMP_TcpExtTCPAbortOnData);
	} else if (tcp_close_state(sk)) {
		tcp_send_fin(sk);
	}
}

/*
 * Limits the time for which an orphan in FIN_WAIT2 waits for the peer's FIN, which may never come; RFC 9293 has
 * no limit.  The time is TCP_LINGER2, or 60 s.  If it is at most 60 s, a small timewait object replaces @sk
 * now, so that @sk has ended, and the function returns true.  If it is longer, a timer calls
 * tcp_fin_wait2_over().  If TCP_LINGER2 is negative, the connection is reset.
 */
static bool tcp_close_fin_wait2(struct sock *sk)
{
	int tmo;

	if (tcp_sk(sk)->linger2 < 0) {
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk, GFP_ATOMIC);
		snmp_inc(SNMP_TcpExtTCPAbortOnLinger);
		return false;
	}
	tmo = tcp_fin_time(sk);
	if (tmo > TCP_TIMEWAIT_LEN) {
		inet_csk_reset_keepalive_timer(sk, tmo - TCP_TIMEWAIT_LEN);
		return false;
	}
	tcp_time_wait(sk, TCP_FIN_WAIT2, tmo);
	return true;
}

/*
 * The last part of close(), with the bh lock held. If the connection has ended, or if memory or the
 * limit permits no further orphan, destroys @sk; otherwise @sk remains as an orphan. @state: the
 * state of @sk before it became an orphan.
 */
static void tcp_close_orphan(struct sock *sk, int state)
{
	/*
	 * Between release_sock() and bh_lock_sock() a segment or a timer ended the connection, and has
	 * destroyed the socket because it was an orphan already.
	 */
	if (state != TCP_CLOSE && sk->sk_state == TCP_CLOSE)
		return;
	if (sk->sk_state == TCP_FIN_WAIT2 && tcp_close_fin_wait2(sk))
		return;
	if (sk->sk_state != TCP_CLOSE && tcp_check_oom(sk)) {
		tcp_set_state(sk, TCP_CLOSE);
		tcp_send_active_reset(sk, GFP_ATOMIC);
		snmp_inc(SNMP_TcpExtTCPAbortOnMemory);
	}
	/* An orphan that is not destroyed here remains until a segment or a timer ends it. */
	if (sk->sk_state == TCP_CLOSE)
		inet_csk_destroy_sock(sk);
}

noinline void tcp_close(struct sock *sk, long timeout)
{
	int state;

	WARN_ON(in_interrupt());
	lock_sock(sk);
	sk->sk_shutdown = SHUTDOWN_MASK;
	if (sk->sk_state == TCP_LISTEN) {
		tcp_set_state(sk, TCP_CLOSE);
		inet_csk_listen_stop(sk);
	} else {
		tcp_say_goodbye(sk);
		/* Waits up to @timeout (SO_LINGER) until all data is acknowledged. */
		if (sk_sleep(sk))
			sk_stream_wait_close(sk, timeout);
	}

	state = sk->sk_state;
	sock_hold(sk);
	sk_orphan_count_inc(sk);
	sock_orphan(sk);
	/* Processes the backlog; as SOCK_DEAD is set already, a segment may destroy the socket here. */
	release_sock(sk);

	local_bh_disable();
	bh_lock_sock(sk);
	WARN_ON(sock_owned_by_user(sk));
	tcp_close_orphan(sk, state);
	bh_unlock_sock(sk);
	local_bh_enable();
	sock_put(sk);
}

/* ---- abort ------------------------------------------------------------------------------------------------- */

/* Returns true for the states in which the peer regards the connection as open, so the peer must get a reset. */
static bool tcp_need_reset(int state)
{
	return (1u << state) & (TCPF_OF(ESTABLISHED) | TCPF_OF(CLOSE_WAIT) | TCPF_OF(FIN_WAIT1) |
				TCPF_OF(FIN_WAIT2) | TCPF_OF(SYN_RECV));
}

/* Makes @sk equal to a socket that was never connected, so that connect() can be called again. */
static void tcp_forget_connection(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_init_history(sk);
	/*
	 * write_seq 0 makes tcp_v4_connect() choose a new initial sequence number.  A number derived from
	 * the old ones could be predicted by the old peer (RFC 6528).
	 */
	tp->write_seq = tp->pushed_seq = 0;
	tp->snd_una = tp->snd_nxt = tp->snd_sml = tp->snd_up = 0;
	tp->urg_data = 0;
	tp->snd_wnd = tp->max_window = 0;
	tp->window_clamp = tp->rcv_wnd = tp->rcv_ssthresh = 0;
	tp->rcvq_space.space = 0;
	tp->advmss = 0;
	tp->mss_cache = TCP_MSS_DEFAULT;
	icsk->icsk_pmtu_cookie = 0;
	tcp_cleanup_congestion_control(sk);
	memset(icsk->icsk_ca_priv, 0, sizeof(icsk->icsk_ca_priv));
	inet_csk_delack_init(sk);
	icsk->icsk_ack.rcv_mss = TCP_MIN_MSS;
	tp->rx_opt = (struct tcp_options_received){.user_mss = tp->rx_opt.user_mss};
	/* copied_seq equals rcv_nxt, so that no data counts as unread. */
	tp->copied_seq = tp->rcv_nxt;
}

int tcp_disconnect(struct sock *sk, int flags)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
	int old_state = sk->sk_state;

	(void)flags;
	if (old_state != TCP_CLOSE)
		tcp_set_state(sk, TCP_CLOSE);
	if (old_state == TCP_LISTEN) {
		inet_csk_listen_stop(sk);
	} else if (tcp_need_reset(old_state) ||
		   (tp->snd_nxt != tp->write_seq &&
		    ((1u << old_state) & (TCPF_OF(CLOSING) | TCPF_OF(LAST_ACK))))) {
		tcp_send_active_reset(sk, GFP_ATOMIC);
		sk->sk_err = ECONNRESET;
	} else if (old_state == TCP_SYN_SENT) {
		sk->sk_err = ECONNRESET;
	}

	tcp_clear_xmit_timers(sk);
	tcp_fastopen_forget(sk, false);
	tp->fastopen_req = NULL;
	inet->defer_connect = 0;
	__skb_queue_purge(&sk->sk_receive_queue);
	tcp_write_queue_purge(sk);
	tcp_ofo_purge(sk);
	tcp_saved_syn_free(tp);

	inet->inet_dport = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet->inet_rcv_saddr = 0;
		inet->inet_saddr = 0;
	}
	sk->sk_shutdown = 0;
	sock_reset_flag(sk, SOCK_DONE);
	tcp_forget_connection(sk);
	sk_dst_reset(sk);
	WARN_ON(inet->inet_num && !inet_csk(sk)->icsk_bind_hash);
	sk->sk_error_report(sk);
	return 0;
}

/* ---- the end -------------------------------------------------------------------------------------------------- */

noinline void tcp_done(struct sock *sk)
{
	if (tcp_state_in(sk, TCPF_OF(SYN_SENT) | TCPF_OF(SYN_RECV)))
		snmp_inc(SNMP_TcpAttemptFails);
	tcp_set_state(sk, TCP_CLOSE);
	tcp_clear_xmit_timers(sk);
	tcp_fastopen_forget(sk, false);
	sk->sk_shutdown = SHUTDOWN_MASK;
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_state_change(sk);
	else
		inet_csk_destroy_sock(sk);
}

/*
 * Ends the connection with an error: frees unsent and unacknowledged data, and reports @err to the
 * application.
 */
noinline void tcp_done_with_error(struct sock *sk, int err)
{
	sk->sk_err = err;
	/* Publish sk_err before tcp_done() wakes the thread. */
	smp_wmb();
	tcp_write_queue_purge(sk);
	tcp_done(sk);
	if (!sock_flag(sk, SOCK_DEAD))
		sk->sk_error_report(sk);
}

/* The peer reset the connection.  The error for the application depends on the state (RFC 9293 3.10.7.4). */
noinline void tcp_reset(struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_SYN_SENT:
		tcp_done_with_error(sk, ECONNREFUSED);
		break;
	case TCP_CLOSE_WAIT:
		/* The peer had sent its FIN, so only our sending is cut off. */
		tcp_done_with_error(sk, EPIPE);
		break;
	case TCP_CLOSE:
		break;
	default:
		tcp_done_with_error(sk, ECONNRESET);
	}
}

/* ---- the machine ends -------------------------------------------------------------------------- */

/*
 * Ends all connections when the machine powers off.
 *
 * kernel_shutdown() -> tcp_end_all() (process, may sleep), registered by tcp_init(). First the
 * listeners close, so that no new connection begins. Then our FIN is queued behind the unsent data
 * of every connection. Then the peers get some time to send their FINs; a connection that has not
 * ended by then is reset. So no peer keeps a connection to a machine that is off.
 *
 * Each step searches the tables for a socket in certain states and changes its state, until there is no such
 * socket.  So a step does not find the same socket twice, and may release the bucket's lock between two
 * sockets.  RFC 9293 3.6, 3.10.5; the resets as in Linux's tcp_abort() (net/ipv4/tcp.c).
 */

/* States in which our FIN was not sent yet. */
#define OPEN_STATES                                                                                \
	(TCPF_OF(ESTABLISHED) | TCPF_OF(SYN_SENT) | TCPF_OF(SYN_RECV) | TCPF_OF(CLOSE_WAIT))
/* States after our FIN, in which its ACK or the peer's FIN is still missing. */
#define ENDING_STATES                                                                              \
	(TCPF_OF(FIN_WAIT1) | TCPF_OF(FIN_WAIT2) | TCPF_OF(CLOSING) | TCPF_OF(LAST_ACK))
#define POLL_MS 5 /* ms between two tests whether all connections have ended */

/* Calls @end for each socket in one of @states, with the socket owned; returns their number. */
static unsigned int tcp_end_each(u32 states, void (*end)(struct sock *sk))
{
	unsigned int n = 0;
	struct sock *sk;
	u32 at = 0;

	while ((sk = inet_find_state(&tcp_hashinfo, &at, states))) {
		lock_sock(sk);
		/* The state may have changed while we waited for the lock. */
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
	sk->sk_state_change(sk); /* wakes a writer that waits for room */
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
		pr_notice("tcp: power-off: sent a FIN on %u connections, reset %u", finished,
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
