/* SPDX-License-Identifier: MIT */
/*
 * Writes /proc/net/tcp, with a line for each listener, connection, half-open connection and TIME_WAIT in
 * Linux's columns.
 *
 * tcp4_seq_show() <- open() of the file (process).  The tables are walked
 * under the locks of their buckets; a socket's numbers are read without the socket's lock, so the
 * numbers in a line may be from slightly different moments, as in Linux.  Compare Linux's
 * net/ipv4/tcp_ipv4.c and proc.c.
 */

#include "kernel/fs/proc.h"
#include "kernel/mm/slab.h"
#include "net/tcp/tcp.h"

#define PROC_CLOCK_HZ 100 /* ticks a second of the times in /proc: Linux's USER_HZ */

/*
 * Shown instead of the address of the socket in memory, which Linux shows only to privileged readers:
 * here an application may pass this file on to any peer.
 */
#define NO_ADDRESS "0000000000000000"

/* The values of the column `tr`, which tells which timer is armed. */
enum { TIMER_NONE, TIMER_RETRANS, TIMER_KEEPALIVE, TIMER_TIMEWAIT, TIMER_PROBE };

struct tcp_line {
	struct seq_file *m;
	unsigned int num;
};

static unsigned long ticks_until(unsigned long expires)
{
	long left = (long)(expires - jiffies);

	return left > 0 ? left / (HZ / PROC_CLOCK_HZ) : 0;
}

static u64 socket_inode(const struct sock *sk)
{
	return sk->sk_socket ? SOCK_INODE(sk->sk_socket)->i_ino : 0;
}

/* Writes the first columns, which all kinds of sockets have. */
static void show_head(struct tcp_line *line, const struct sock *sk, int state)
{
	seq_printf(line->m, "%4u: %08X:%04X %08X:%04X %02X ", line->num++, sk->sk_rcv_saddr,
		   sk->sk_num, sk->sk_daddr, ntohs(sk->sk_dport), state);
}

static void show_request(struct tcp_line *line, struct sock *sk)
{
	const struct request_sock *req = inet_reqsk(sk);

	show_head(line, sk, TCP_SYN_RECV);
	seq_printf(line->m, "%08X:%08X %02X:%08lX %08X %5u %8d %d %d %s\n", 0, 0, TIMER_RETRANS,
		   ticks_until(req->rsk_timer.expires), req->num_timeout, 0, 0, 0, 0, NO_ADDRESS);
}

static void show_timewait(struct tcp_line *line, struct sock *sk)
{
	const struct inet_timewait_sock *tw = inet_twsk(sk);

	show_head(line, sk, tw->tw_substate);
	seq_printf(line->m, "%08X:%08X %02X:%08lX %08X %5u %8d %d %d %s\n", 0, 0, TIMER_TIMEWAIT,
		   ticks_until(tw->tw_timer.expires), 0, 0, 0, 0, refcount_read(&tw->tw_refcnt),
		   NO_ADDRESS);
}

static int armed_timer(const struct sock *sk, unsigned long *expires)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	*expires = icsk->icsk_timeout;
	if (icsk->icsk_pending == ICSK_TIME_PROBE0)
		return TIMER_PROBE;
	if (icsk->icsk_pending) /* retransmission, or RACK's timer, or the tail loss probe */
		return TIMER_RETRANS;
	*expires = timer_pending(&sk->sk_timer) ? sk->sk_timer.expires : jiffies;
	return timer_pending(&sk->sk_timer) ? TIMER_KEEPALIVE : TIMER_NONE;
}

static void show_sock(struct tcp_line *line, struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	bool listens = sk_state_load(sk) == TCP_LISTEN;
	unsigned long expires;
	int timer = armed_timer(sk, &expires);
	u32 rx_queue = listens ? sk->sk_ack_backlog : max_t(s32, tp->rcv_nxt - tp->copied_seq, 0);

	show_head(line, sk, sk->sk_state);
	seq_printf(line->m, "%08X:%08X %02X:%08lX %08X %5u %8d %llu %d %s %u %u %u %u %d\n",
		   listens ? 0 : tp->write_seq - tp->snd_una, rx_queue, timer, ticks_until(expires),
		   icsk->icsk_retransmits, 0, icsk->icsk_probes_out,
		   (unsigned long long)socket_inode(sk), refcount_read(&sk->sk_refcnt), NO_ADDRESS,
		   icsk->icsk_rto / (HZ / PROC_CLOCK_HZ), icsk->icsk_ack.ato / (HZ / PROC_CLOCK_HZ),
		   (icsk->icsk_ack.quick << 1) | icsk->icsk_ack.pingpong, tp->snd_cwnd,
		   listens                 ? 0
		   : tcp_in_slow_start(tp) ? -1
					   : (int)tp->snd_ssthresh);
}

static void show_one(void *arg, struct sock *sk)
{
	switch (sk->sk_state) {
	case TCP_TIME_WAIT:
		show_timewait(arg, sk);
		break;
	case TCP_NEW_SYN_RECV:
		show_request(arg, sk);
		break;
	default:
		show_sock(arg, sk);
	}
}

static int tcp4_seq_show(struct seq_file *m)
{
	struct tcp_line line = {.m = m};

	seq_puts(m, "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt"
		    "   uid  timeout inode\n");
	inet_for_each(&tcp_hashinfo, show_one, &line);
	return 0;
}

void tcp4_proc_init(void)
{
	static const struct proc_entry entries[] = {
		{.path = "net/tcp", .show = tcp4_seq_show},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
