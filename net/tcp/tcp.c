/* SPDX-License-Identifier: MIT */
/*
 * TCP as a protocol of the socket layer: the states of a connection, the initial values of a new
 * socket, the table of operations (tcp_prot), and the calls that do not change the connection (poll,
 * ioctl).
 *
 * tcp_init() <- inet_init() (boot, after proto_register(&tcp_prot)); tcp_init_sock() <- tcp_v4_init_sock() <-
 * inet_create() (process); tcp_v4_destroy_sock() <- inet_csk_destroy_sock(), sk_common_release() (any context);
 * tcp_poll() <- sock_poll() (process, no lock); tcp_ioctl() <- inet_ioctl() (process). Callers of
 * tcp_set_state(), from the beginning of a connection to its end: tcp_v4_connect,
 * tcp_rcv_synsent_state_process, tcp_rcv_state_process, tcp_fin, tcp_close and tcp_shutdown, tcp_time_wait and
 * tcp_reset (both through tcp_done); softirq with the bh lock, or the thread that owns the socket.
 *
 * RFC 9293 3.3.2 (the diagram of states), POSIX 2.10. Compare Linux's net/ipv4/tcp.c.
 */
#define LOG_SOURCE tcp_log
#include "include/uapi/ioctl.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- states ------------------------------------------------------------------------------------ */

/*
 * The first state of an object is not set through tcp_set_state(). A socket begins in CLOSE
 * (tcp_init_sock), a listener in LISTEN (inet_csk_listen_start), a child in SYN_RECV
 * (inet_csk_clone_lock). NEW_SYN_RECV is the state of a request_sock, TIME_WAIT that of an
 * inet_timewait_sock.
 */

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
 * The legal transitions.  Every state may go to CLOSE, because a reset, a timeout or an abort can end a
 * connection in any state.  No state may go to TIME_WAIT: instead the socket goes to CLOSE, and a
 * smaller object (inet_timewait_sock) replaces it.
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

/* RFC 4022: tcpEstabResets counts direct transitions to CLOSED from ESTABLISHED or CLOSE-WAIT. */
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
		/* unhash() finds the socket's table by sk_state, so call it before the state changes. */
		sk->sk_prot->unhash(sk);
		if (inet_csk(sk)->icsk_bind_hash && !(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			inet_put_port(sk);
	}
	sk_state_store(sk, state);
}

/* ---- boot -------------------------------------------------------------------------------------------- */

void tcp_init(void)
{
	inet_hashinfo_init(&tcp_hashinfo);
	tcp_isn_init();
	cookie_init();
	tcp_sysctl_init();
	tcp_mtup_sysctl_init();
	tcp_sendmsg_init();
	tcp_shrink_init();
	tcp_tsq_init();
	BUG_ON(tcp_register_congestion_control(&tcp_reno));
	BUG_ON(tcp_register_congestion_control(&tcp_cubic));
	BUG_ON(tcp_register_congestion_control(&tcp_bbr));
	BUG_ON(tcp_register_congestion_control(&tcp_dctcp));
	tcp_v4_init();
	tcp_end_init();
}

/* ---- a socket begins and ends -------------------------------------------------------------------------- */

/* Resets the statistics of @tp for a new connection. */
static void tcp_info_reset(struct tcp_sock *tp)
{
	tp->total_retrans = tp->delivered = tp->delivered_ce = tp->lost = 0;
	tp->bytes_acked = tp->bytes_received = tp->bytes_sent = tp->bytes_retrans = 0;
	tp->segs_in = tp->segs_out = tp->data_segs_in = tp->data_segs_out = 0;
	tp->rcv_ooopack = tp->reord_seen = 0;
	tp->total_rto = tp->total_rto_recoveries = 0;
	tp->total_rto_time = tp->rto_stamp = 0;
	memset(tp->chrono_stat, 0, sizeof(tp->chrono_stat));
	tp->chrono_start = 0;
	tp->chrono_type = TCP_CHRONO_NONE;
}

/*
 * Sets all values that a connection measures or counts to their initial values. Called for a new
 * socket, for a child, which is a copy of its listener, and after a disconnect. The queues are
 * empty at each call. Options that the application set are kept.
 */
void tcp_init_history(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	tp->pred_flags = 0;
	tp->srtt_us = tp->mdev_max_us = tp->rttvar_us = tp->rtt_seq = 0;
	tp->mdev_us = TCP_TIMEOUT_INIT * (1000000 / HZ);
	minmax_reset(&tp->rtt_min, tcp_jiffies32, ~0u);
	/* Samples of the delivery rate count as limited by the application until the first data is delivered. */
	tp->app_limited = ~0u;
	tp->rate_delivered = tp->rate_interval_us = 0;
	tp->rate_app_limited = 0;
	sk->sk_pacing_rate = sk->sk_max_pacing_rate;
	tp->max_packets_out = tp->cwnd_usage_seq = 0;
	tp->snd_ssthresh = TCP_INFINITE_SSTHRESH;
	tp->snd_cwnd = TCP_INIT_CWND;
	tp->snd_cwnd_cnt = tp->snd_cwnd_used = 0;
	tp->is_cwnd_limited = 0;
	tp->prior_cwnd = tp->prr_delivered = tp->prr_out = tp->prior_ssthresh = 0;
	tcp_rtx_queue_init(sk);
	tcp_clear_retrans(tp);
	tp->retrans_stamp = tp->unanswered_stamp = 0;
	tp->reordering = sysctl_tcp_reordering;
	tp->sack_end = tp->dsack_dups = tp->tlp_high_seq = 0;
	tp->tlp_retrans = tp->frto = tp->is_sack_reneg = 0;
	memset(&tp->rack, 0, sizeof(tp->rack));
	tp->rack.reo_wnd_steps = 1;
	tp->rcv_rtt_us = tp->rcv_rtt_seq = tp->rcv_rtt_last_tsecr = 0;
	tp->rcv_rtt_stamp = 0;
	tp->ecn_flags = 0;
	tp->fastopen_client_fail = tp->syn_fastopen_child = 0;
	tp->syn_fastopen = tp->syn_fastopen_exp = tp->syn_fastopen_ch = 0;
	tp->syn_data = tp->syn_data_acked = 0;
	tp->last_oow_ack_time = 0;
	tp->mtu_info = 0;
	tcp_info_reset(tp);

	sk->sk_err_soft = 0;
	icsk->icsk_ca_state = TCP_CA_Open; /* not a transition: a new connection begins */
	icsk->icsk_mtup.enabled = 0;
	icsk->icsk_mtup.probe_size = 0;
	icsk->icsk_retransmits = 0;
	icsk->icsk_backoff = 0;
	icsk->icsk_probes_out = 0;
	icsk->icsk_rto = TCP_TIMEOUT_INIT;
}

/* Sets the fields of a new socket that do not depend on the network layer. */
void tcp_init_sock(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->out_of_order_queue = RB_ROOT;
	tcp_init_xmit_timers(sk);
	tcp_init_history(sk);
	tp->snd_cwnd_clamp = ~0u;
	tp->mss_cache = TCP_MSS_DEFAULT;
	tcp_assign_congestion_control(sk);

	sk->sk_state = TCP_CLOSE;
	sk->sk_write_space = sk_stream_write_space;
	sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
	sk->sk_sndbuf = sysctl_tcp_wmem[1];
	sk->sk_rcvbuf = sysctl_tcp_rmem[1];
}

/* Frees unsent and unacknowledged data, and sets the counters of segments in flight to 0. */
void tcp_write_queue_purge(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_write_queue)))
		tcp_wmem_free_skb(sk, skb);
	while ((skb = tcp_rtx_queue_head(sk)))
		tcp_rtx_queue_unlink_and_free(skb, sk);
	tp->packets_out = tp->retrans_out = tp->sacked_out = tp->lost_out = 0;
	tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
	inet_csk(sk)->icsk_backoff = 0;
}

/*
 * Stops the timers, frees the data to send and the out-of-order data, and releases the port. @sk
 * has ended and is in no hash table.
 */
void tcp_v4_destroy_sock(struct sock *sk)
{
	tcp_clear_xmit_timers(sk);
	tcp_fastopen_forget(sk, false);
	tcp_fastopen_free_keys(sk);
	tcp_fastopen_active_disable_ofo_check(sk);
	tcp_cleanup_congestion_control(sk);
	tcp_write_queue_purge(sk);
	tcp_ofo_purge(sk);
	tcp_saved_syn_free(tcp_sk(sk));
	if (inet_csk(sk)->icsk_bind_hash)
		inet_put_port(sk);
}

/* ---- memory -------------------------------------------------------------------------------------------- */

/*
 * Returns how many bytes of memory this socket may hold in one direction: @most, the size of its buffer.  If
 * memory is short, a quarter of memory is divided equally among all TCP sockets, and the socket may hold only
 * its share, but at least @least.  Without the shares, a peer with many connections, each within its buffer,
 * could take all memory by leaving holes in the data that it sends, or by not reading the data that it receives.
 */
int tcp_mem_limit(const struct sock *sk, int least, int most)
{
	u64 share;

	if (likely(!tcp_under_memory_pressure(sk)))
		return most;
	share = nr_total_pages() * PAGE_SIZE / 4 /
		max(READ_ONCE(sk->sk_prot->sockets_allocated), 1);
	return min_t(u64, max_t(u64, share, least), most);
}

static void tcp_enter_memory_pressure(void)
{
	snmp_inc(SNMP_TcpExtTCPMemoryPressures);
	tcp_shrink_soon();
}

/* Returns true if tcp_sendmsg() could get memory for one page now. */
bool tcp_wmem_has_room(const struct sock *sk)
{
	return sk_mem_has_room(sk, PAGE_SIZE, SK_MEM_SEND, sk->sk_wmem_queued, sysctl_tcp_wmem[0]);
}

/*
 * Under memory pressure: returns true if @sk holds less than its share and memory is free. If @sk holds less than its
 * share but no memory is free, schedules the check that wakes writers later.
 */
static noinline bool tcp_memory_free_in_want(const struct sock *sk)
{
	if ((int)sk->sk_wmem_queued >= tcp_mem_limit(sk, sysctl_tcp_wmem[0], sk->sk_sndbuf))
		return false;
	if (tcp_wmem_has_room(sk))
		return true;
	tcp_space_soon();
	return false;
}

/*
 * Returns true if a write would find room; poll() and tcp_sendmsg() both call this function, so that a write
 * after poll() is not refused. If only a writer's own buffer is full, the ACKs of its data wake it.
 * Under memory pressure (all sockets together hold too much, or few pages are free) a refused
 * writer may have no data queued, so no ACK would wake it: tcp_space_soon() wakes it later.
 */
bool tcp_stream_memory_free(const struct sock *sk, bool wake)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 lowat = tp->notsent_lowat ? tp->notsent_lowat : (u32)sysctl_tcp_notsent_lowat;

	/* A lowat of 0 means no limit: lowat - 1 is then the largest number. */
	if ((u64)(tp->write_seq - tp->snd_nxt) << wake > lowat - 1)
		return false;
	if (unlikely(tcp_under_memory_pressure(sk)))
		return tcp_memory_free_in_want(sk);
	return (int)sk->sk_wmem_queued < sk->sk_sndbuf;
}

/* ---- poll() --------------------------------------------------------------------------------------------- */

static u32 tcp_stream_key(const struct sock *sk, bool written)
{
	return written ? tcp_sk(sk)->write_seq : tcp_sk(sk)->snd_una;
}

static unsigned int tcp_poll_out(struct sock *sk)
{
	if ((sk->sk_shutdown & SEND_SHUTDOWN) || sk_stream_is_writeable(sk))
		return POLLOUT | POLLWRNORM;
	/* Test again: before the flag was set, an ACK may have made room without waking a thread. */
	sock_set_flag(sk, SOCK_NOSPACE);
	smp_mb();
	return sk_stream_is_writeable(sk) ? POLLOUT | POLLWRNORM : 0;
}

/*
 * Takes no lock, so the result may be outdated when it is returned.  But the caller misses no change, because
 * poll_wait() puts the caller on the wait queue before the state is read.
 */
unsigned int tcp_poll(struct file *file, struct socket *sock, struct poll_table *wait)
{
	struct sock *sk = sock->sk;
	const struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mask = 0;
	u8 state;

	poll_wait(file, sk_sleep(sk), wait);
	state = sk_state_load(sk);
	if (state == TCP_LISTEN)
		return reqsk_queue_empty(&inet_csk(sk)->icsk_accept_queue) ? 0
									   : POLLIN | POLLRDNORM;

	if (sk->sk_shutdown == SHUTDOWN_MASK || state == TCP_CLOSE)
		mask |= POLLHUP;
	if (sk->sk_shutdown & RCV_SHUTDOWN)
		mask |= POLLIN | POLLRDNORM | POLLRDHUP;
	/* The first write sends the SYN. */
	if (unlikely(state == TCP_SYN_SENT && inet_sk(sk)->defer_connect))
		mask |= POLLOUT | POLLWRNORM;
	if (state != TCP_SYN_SENT && (state != TCP_SYN_RECV || tp->fastopen_passive)) {
		int target = sock_rcvlowat(sk, 0, 0x7fffffff);

		/* A read at the mark skips the urgent byte, so one byte more must be unread. */
		if (tcp_at_mark(tp) && !sock_flag(sk, SOCK_URGINLINE))
			target++;
		if (tcp_epollin_ready(sk, target))
			mask |= POLLIN | POLLRDNORM;
		if (READ_ONCE(tp->urg_data) & TCP_URG_VALID)
			mask |= POLLPRI;
		if (poll_asks(wait, POLLOUT | POLLWRNORM))
			mask |= tcp_poll_out(sk);
	}
	/* Read sk_err after the state: its writer sets sk_err first, then changes state and wakes us. */
	smp_rmb();
	if (sk->sk_err || READ_ONCE(sk->sk_error_queue))
		mask |= POLLERR;
	return mask;
}

/* ---- ioctl() --------------------------------------------------------------------------------------------- */

int tcp_ioctl(struct sock *sk, int cmd, unsigned long arg)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const bool opening = tcp_state_in(sk, TCPF_OF(SYN_SENT) | TCPF_OF(SYN_RECV));
	int answ;

	if (cmd != SIOCINQ && cmd != SIOCATMARK && cmd != SIOCOUTQ && cmd != SIOCOUTQNSD)
		return -ENOTTY;
	if (sk->sk_state == TCP_LISTEN && cmd != SIOCATMARK)
		return -EINVAL;
	switch (cmd) {
	case SIOCINQ:
		lock_sock(sk);
		answ = tcp_inq(sk);
		release_sock(sk);
		break;
	case SIOCATMARK:
		answ = tcp_at_mark(tp);
		break;
	case SIOCOUTQ:
		answ = opening ? 0 : tp->write_seq - tp->snd_una;
		break;
	case SIOCOUTQNSD:
		answ = opening ? 0 : tp->write_seq - tp->snd_nxt;
		break;
	default:
		return -ENOTTY;
	}
	return copy_to_user((void __user *)arg, &answ, sizeof(answ)) ? -EFAULT : 0;
}

/* ---- the table -------------------------------------------------------------------------------------------- */

static struct timewait_sock_ops tcp_timewait_sock_ops = {
	.slab_name = "tw_sock_TCP",
	.obj_size = sizeof(struct tcp_timewait_sock),
	.twsk_unique = tcp_twsk_unique,
};

struct proto tcp_prot = {
	.name = "TCP",
	.close = tcp_close,
	.connect = tcp_v4_connect,
	.disconnect = tcp_disconnect,
	.accept = inet_csk_accept,
	.ioctl = tcp_ioctl,
	.init = tcp_v4_init_sock,
	.destroy = tcp_v4_destroy_sock,
	.shutdown = tcp_shutdown,
	.setsockopt = tcp_setsockopt,
	.getsockopt = tcp_getsockopt,
	.keepalive = tcp_set_keepalive,
	.options_changed = tcp_options_changed,
	.set_rcvlowat = tcp_set_rcvlowat,
	.stream_key = tcp_stream_key,
	.sendmsg = tcp_sendmsg,
	.recvmsg = tcp_recvmsg,
	.sendpage = tcp_sendpage,
	.backlog_rcv = tcp_v4_do_rcv,
	.release_cb = tcp_release_cb,
	.stream_memory_free = tcp_stream_memory_free,
	.sysctl_mem = sysctl_tcp_mem,
	.enter_memory_pressure = tcp_enter_memory_pressure,
	.hash = inet_hash,
	.unhash = inet_unhash,
	.get_port = inet_csk_get_port,
	.hashinfo = &tcp_hashinfo,
	.rsk_prot = &tcp_request_sock_ops,
	.twsk_prot = &tcp_timewait_sock_ops,
	.obj_size = sizeof(struct tcp_sock),
};
