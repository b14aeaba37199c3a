/* SPDX-License-Identifier: MIT */
/*
 * The state of a connection, and which state may follow which.
 *
 * Callers, in the order of a connection's life: tcp_v4_connect, tcp_rcv_synsent_state_process,
 * tcp_rcv_state_process, tcp_fin, tcp_close and tcp_shutdown, tcp_time_wait and tcp_reset (through
 * tcp_done).  Not here: TCP_LISTEN and a child's SYN_RECV, which begin a life
 * (inet_csk_listen_start, inet_csk_clone_lock), and NEW_SYN_RECV and TIME_WAIT, which are the states
 * of other objects.
 *
 * Context: softirq with the bh lock, or the owner.  RFC 9293 3.3.2 (the diagram); role of
 * tcp_set_state() in Linux's net/ipv4/tcp.c.
 */
#define LOG_SOURCE tcp_log
#include "net/tcp/tcp_in.h"
#include "kernel/printk.h"

static const char *const state_names[TCP_MAX_STATES] = {
	[TCP_ESTABLISHED] = "ESTABLISHED",
	[TCP_SYN_SENT] = "SYN_SENT",
	[TCP_SYN_RECV] = "SYN_RECV",
	[TCP_FIN_WAIT1] = "FIN_WAIT1",
	[TCP_FIN_WAIT2] = "FIN_WAIT2",
	[TCP_TIME_WAIT] = "TIME_WAIT",
	[TCP_CLOSE] = "CLOSE",
	[TCP_CLOSE_WAIT] = "CLOSE_WAIT",
	[TCP_LAST_ACK] = "LAST_ACK",
	[TCP_LISTEN] = "LISTEN",
	[TCP_CLOSING] = "CLOSING",
	[TCP_NEW_SYN_RECV] = "NEW_SYN_RECV",
};

/*
 * To which states one may go.  CLOSE is open to all, since a reset, a timeout and an abort end any
 * of them; TIME_WAIT to none, because the socket ends (CLOSE) and a small object takes its place.
 */
static const u16 legal_next[TCP_MAX_STATES] = {
	[TCP_CLOSE] = TCPF_OF(SYN_SENT) | TCPF_OF(CLOSE),
	[TCP_LISTEN] = TCPF_OF(CLOSE),
	[TCP_SYN_SENT] = TCPF_OF(ESTABLISHED) | TCPF_OF(SYN_RECV) | TCPF_OF(CLOSE),
	[TCP_SYN_RECV] =
		TCPF_OF(ESTABLISHED) | TCPF_OF(FIN_WAIT1) | TCPF_OF(CLOSE_WAIT) | TCPF_OF(CLOSE),
	[TCP_ESTABLISHED] = TCPF_OF(FIN_WAIT1) | TCPF_OF(CLOSE_WAIT) | TCPF_OF(CLOSE),
	[TCP_FIN_WAIT1] =
		TCPF_OF(FIN_WAIT1) | TCPF_OF(FIN_WAIT2) | TCPF_OF(CLOSING) | TCPF_OF(CLOSE),
	[TCP_FIN_WAIT2] = TCPF_OF(FIN_WAIT2) | TCPF_OF(CLOSE),
	[TCP_CLOSE_WAIT] = TCPF_OF(LAST_ACK) | TCPF_OF(CLOSE),
	[TCP_LAST_ACK] = TCPF_OF(LAST_ACK) | TCPF_OF(CLOSE),
	[TCP_CLOSING] = TCPF_OF(CLOSING) | TCPF_OF(CLOSE),
};

const char *tcp_state_name(int state)
{
	if (state <= 0 || state >= TCP_MAX_STATES)
		return "?";
	return state_names[state];
}

/* RFC 4022: tcpEstabResets counts both states in which the peer and we were talking. */
static void count_transition(int from, int to)
{
	if (to == TCP_ESTABLISHED && from != TCP_ESTABLISHED)
		snmp_inc(SNMP_TcpCurrEstab);
	else if (from == TCP_ESTABLISHED && to != TCP_ESTABLISHED)
		snmp_dec(SNMP_TcpCurrEstab);
	if (to == TCP_CLOSE && (from == TCP_ESTABLISHED || from == TCP_CLOSE_WAIT))
		snmp_inc(SNMP_TcpEstabResets);
}

noinline void tcp_set_state(struct sock *sk, int state)
{
	int from = sk->sk_state;

	if (pr_debug_on())
		tcp_log_state(sk, state);
	if (unlikely(!(legal_next[from] & (1u << state))))
		panic("TCP: a socket in %s may not go to %s", tcp_state_name(from),
		      tcp_state_name(state));
	count_transition(from, state);
	if (state == TCP_CLOSE) {
		/* Out of the tables while the old state still says which table it is. */
		sk->sk_prot->unhash(sk);
		if (inet_csk(sk)->icsk_bind_hash && !(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			inet_put_port(sk);
	}
	sk_state_store(sk, state);
}
