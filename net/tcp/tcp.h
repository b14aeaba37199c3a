/* SPDX-License-Identifier: MIT */
/*
 * TCP: its constants and settings, and the functions that other layers call.  RFC 9293. The names
 * and roles are those of Linux's include/net/tcp.h.
 *
 *   net/wire/tcp.h   the header on the wire       tcp_sock.h   struct tcp_sock and its relatives
 *   tcp_in.h         the receive side             tcp_cong.h   congestion control
 *   tcp_send.h       the send side                tcp_seq.h    comparing sequence numbers
 *
 * Callers and callees:
 *   in:  tcp_v4_rcv (tcp_ipv4.c, softirq) -> request: tcp_minisocks.c; TIME_WAIT: tcp_timewait.c
 *        -> tcp_v4_do_rcv -> tcp_rcv_established / tcp_rcv_state_process (tcp_input.c)
 *        -> tcp_ack (tcp_ack.c) -> tcp_fastretrans_alert (tcp_recovery.c), tcp_cong.c
 *        -> tcp_data_queue (tcp_data.c) -> sk_data_ready
 *   out: tcp_sendmsg (tcp_sendmsg.c) -> tcp_push -> tcp_write_xmit (tcp_output.c)
 *        -> tcp_transmit_skb (tcp_transmit.c) -> ip_queue_xmit
 *   time: tcp_timer.c -> tcp_retransmit_timer, tcp_send_probe0, tcp_delack_timer, keepalive
 *
 * Locks: a function that takes a struct sock is called by the thread that owns the socket, or with the
 * bh lock held while no thread owns it, unless a comment says otherwise.  Sequence numbers are compared
 * with before(), after() and between() only; states change through tcp_set_state() only.
 */
#ifndef NET_TCP_TCP_H
#define NET_TCP_TCP_H

#include "net/tcp/tcp_cong.h"
#include "net/tcp/tcp_sock.h"

/* ---- constants (jiffies are milliseconds) ---------------------------------------------------------- */
#define TCP_RTO_MAX (120 * HZ)
#define TCP_RTO_MIN (HZ / 5)
/* jiffies; the shortest timeout: the timer expires almost at once */
#define TCP_TIMEOUT_MIN             2
#define TCP_TIMEOUT_INIT            (1 * HZ) /* RFC 6298 2.1 */
#define TCP_TIMEOUT_FALLBACK        (3 * HZ) /* RFC 6298 5.7: RTO if the SYN was retransmitted */
#define TCP_DELACK_MAX              (HZ / 5)
#define TCP_DELACK_MIN              (HZ / 25)
#define TCP_ATO_MIN                 (HZ / 25)
#define TCP_RESOURCE_PROBE_INTERVAL (HZ / 2)
#define TCP_TIMEWAIT_LEN            (60 * HZ)
#define TCP_PAWS_24DAYS             (60 * 60 * 24 * 24) /* s */
#define TCP_PAWS_MSL                60                  /* s */
#define TCP_PAWS_WINDOW             1
#define TCP_MSS_DEFAULT             536u
#define MAX_TCP_WINDOW              32767u /* without scaling: some peers read the field as signed */
#define TCP_MIN_MSS                 88u
#define TCP_INIT_CWND               10 /* RFC 6928 */
#define TCP_INFINITE_SSTHRESH       0x7fffffff
#define TCP_MAX_QUICKACKS           16
#define TCP_RACK_STATIC_REO_WND     0x2 /* sysctl_tcp_recovery: DSACKs do not raise reo_wnd */
#define TCP_RACK_NO_DUPTHRESH       0x4 /* three SACKed segments do not make the reordering window 0 */
#define TCP_RACK_RECOVERY_THRESH    16  /* RFC 8985 6.2: a raised reo_wnd lasts 16 recoveries */
#define TCP_RACK_STEPS_MAX          255 /* largest reo_wnd_steps, which is a byte */
#define TCP_RENEGING_DELAY          (HZ / 100)
#define TCP_ECN_OFFER               1 /* sysctl_tcp_ecn: a SYN offers ECN, and a listener accepts it */
#define TCP_ECN_ACCEPT              2 /* our SYNs do not offer ECN, but a listener accepts it */
#define TCP_NAGLE_OFF               1
#define TCP_NAGLE_CORK              2
#define TCP_NAGLE_PUSH              4

/* ---- sysctls (tcp_sysctl.c, docs/sysctl.md); times in jiffies -------------------------------------- */
extern int sysctl_tcp_abort_on_overflow;
extern int sysctl_tcp_adv_win_scale;
extern int sysctl_tcp_autocorking;
extern int sysctl_tcp_challenge_ack_limit;
extern int sysctl_tcp_dsack;
extern int sysctl_tcp_ecn; /* TCP_ECN_* */
extern int sysctl_tcp_ecn_fallback;
extern int sysctl_tcp_fastopen; /* TFO_*: tcp_fastopen.h */
extern int sysctl_tcp_fastopen_blackhole_timeout_sec;
extern int sysctl_tcp_fin_timeout;
extern int sysctl_tcp_invalid_ratelimit; /* ms */
extern int sysctl_tcp_keepalive_intvl;
extern int sysctl_tcp_keepalive_probes;
extern int sysctl_tcp_keepalive_time;
extern int sysctl_tcp_max_orphans;
extern int sysctl_tcp_max_reordering;
extern int sysctl_tcp_max_syn_backlog;
extern int sysctl_tcp_mtu_probing;
extern int sysctl_tcp_min_snd_mss; /* bytes; tcp_mtup.c */
extern int sysctl_tcp_moderate_rcvbuf;
extern int sysctl_tcp_notsent_lowat; /* bytes, read as u32: -1 is no limit */
extern int sysctl_tcp_orphan_retries;
extern int sysctl_tcp_reordering;
extern int sysctl_tcp_retries1, sysctl_tcp_retries2;
extern int sysctl_tcp_rfc1337;
extern int sysctl_tcp_rto_max_ms, sysctl_tcp_rto_min_us;
/* Pages of all TCP sockets.  Memory pressure ends below [0] and begins above [1]; [2] is the limit. */
extern int sysctl_tcp_mem[3];
/* Bytes of a socket's buffer.  [0] is guaranteed under memory pressure, [1] is the first size, [2] the largest. */
extern int sysctl_tcp_rmem[3], sysctl_tcp_wmem[3];
extern int sysctl_tcp_sack, sysctl_tcp_early_retrans, sysctl_tcp_frto;
extern int sysctl_tcp_recovery; /* TCP_RACK_* */
extern int sysctl_tcp_slow_start_after_idle;
extern int sysctl_tcp_stdurg;
extern int sysctl_tcp_syn_retries;
extern int
	sysctl_tcp_syncookies; /* 0: off; 1: while the queue of half-open requests is full; 2: always */
extern int sysctl_tcp_timestamps; /* 0: off; 1: with a secret offset; 2: without an offset */
extern int sysctl_tcp_tso_win_divisor;
extern int sysctl_tcp_limit_output_bytes;
extern int sysctl_tcp_min_rtt_wlen;
extern int sysctl_tcp_min_tso_segs, sysctl_tcp_pacing_ss_ratio, sysctl_tcp_pacing_ca_ratio;
extern int sysctl_tcp_tw_reuse;
extern int sysctl_tcp_window_scaling;

/* ---- socket operations: tcp.c, tcp_close.c, tcp_sockopt.c ------------------------------------------------- */
extern struct proto tcp_prot;
extern const struct inet_connection_sock_af_ops ipv4_specific;
void tcp_init(
	void); /* at boot, from inet_init(): sets up tables, caches and the protocol handler */
void tcp_v4_init(void);
void tcp4_proc_init(void); /* at boot: registers /proc/net/tcp and sockstat (tcp_proc.c) */
void tcp_end_init(void);   /* at boot: registers the hook that closes connections at power-off */
void tcp_init_sock(struct sock *sk);
/*
 * Changes sk_state; other code sets only the first state of a socket.  Checks the table of legal transitions
 * (tcp.c), keeps CurrEstab and the other counters, and removes the socket from the hash tables on TCP_CLOSE.
 */
void tcp_set_state(struct sock *sk, int state);
const char *tcp_state_name(int state);

/* tcp_log.c: each call prints one debug line.  @direction: "in " or "out". */
extern struct log_source tcp_log;
void tcp_log_segment(const char *direction, __be32 saddr, __be32 daddr, const struct tcphdr *th,
		     unsigned int len);
void tcp_log_state(const struct sock *sk, int state); /* called before sk_state becomes @state */
void tcp_close(struct sock *sk, long timeout);
void tcp_shutdown(struct sock *sk, int how);
int tcp_disconnect(struct sock *sk, int flags);
int tcp_ioctl(struct sock *sk, int cmd, unsigned long arg);
int tcp_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
		   unsigned int optlen);
int tcp_getsockopt(struct sock *sk, int level, int optname, void __user *optval,
		   int __user *optlen);
void tcp_set_keepalive(struct sock *sk, int on);
unsigned int tcp_poll(struct file *file, struct socket *sock, struct poll_table *wait);
/* Ends the connection: TCP_CLOSE, timers stopped, all waiting threads woken; an orphan is destroyed. */
void tcp_done(struct sock *sk);
void tcp_done_with_error(struct sock *sk, int err); /* also sets sk_err, empties the send queues */
void tcp_reset(struct sock *sk);                    /* ends the connection after the peer's RST */
void tcp_write_queue_purge(struct sock *sk);
bool tcp_check_oom(struct sock *sk);
int tcp_orphan_count(void);
/*
 * Returns true if @sk may queue more data for sending.  Returns false if its buffer is full, if
 * TCP_NOTSENT_LOWAT bytes are unsent, or if memory is short and @sk has used its share.  With @wake half of
 * TCP_NOTSENT_LOWAT is the limit, so that a thread is woken for more than a few bytes.
 */
bool tcp_stream_memory_free(const struct sock *sk, bool wake);
bool tcp_wmem_has_room(const struct sock *sk);
int tcp_mem_limit(const struct sock *sk, int least, int most);

/* ---- helpers of the send side and of the receive side -------------------------------------------------------- */
void tcp_clear_pacing(struct sock *sk); /* tcp_pacing.c */
static inline void tcp_clear_xmit_timers(struct sock *sk)
{
	inet_csk_clear_xmit_timers(sk);
	tcp_clear_pacing(sk);
}
/* The clock, in ms, of the timestamp option (RFC 7323 5.4) and of retrans_stamp.  tsoffset is not added yet. */
static inline u32 tcp_time_stamp_raw(void)
{
	return (u32)jiffies;
}
static inline u32 tcp_time_stamp(const struct tcp_sock *tp)
{
	return tp->tcp_mstamp / NSEC_PER_MSEC + (u32)INITIAL_JIFFIES;
}
#define tcp_jiffies32 ((u32)jiffies)
/*
 * Returns the value that tcp_jiffies32 had at the time tcp_mstamp.  While a segment is processed, tcp_mstamp is the
 * present time; the clock is not read again.
 */
static inline u32 tcp_mstamp_jiffies32(const struct tcp_sock *tp)
{
	return tp->tcp_mstamp / NSEC_PER_JIFFY + (u32)INITIAL_JIFFIES;
}
static inline void tcp_mstamp_refresh(struct tcp_sock *tp)
{
	tp->tcp_mstamp = ktime_get_ns();
}
/*
 * Returns true if @ack is acceptable by RFC 5961 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT.
 * The lower end is never before the first byte that was sent: an ACK below that byte cannot belong
 * to this connection.
 */
static inline bool tcp_ack_is_near(const struct tcp_sock *tp, u32 ack)
{
	return likely(between(ack, tp->snd_una, tp->snd_nxt)) ||
	       between(ack, tp->snd_una - (u32)min_t(u64, tp->max_window, tp->bytes_acked),
		       tp->snd_nxt);
}

static inline u32 tcp_receive_window(const struct tcp_sock *tp)
{
	s32 win = tp->rcv_wup + tp->rcv_wnd - tp->rcv_nxt;

	return win < 0 ? 0 : (u32)win;
}
static inline u32 tcp_wnd_end(const struct tcp_sock *tp)
{
	return tp->snd_una + tp->snd_wnd;
}
/* Returns how many of @space bytes of buffer are offered as window; the rest is for skb overhead. */
static inline int tcp_win_from_space(int space)
{
	int shift = READ_ONCE(sysctl_tcp_adv_win_scale);

	return shift > 0 ? space - (space >> shift) : space >> -shift;
}
/* Returns the size of a buffer, in bytes, from which a window of @win can be offered; at most INT32_MAX. */
static inline int tcp_space_from_win(int win)
{
	int shift = READ_ONCE(sysctl_tcp_adv_win_scale);
	u64 space = win;

	/* space * (1 - 2^-shift) = win */
	space = shift > 0 ? (space << shift) / ((1ull << shift) - 1) : space << -shift;
	return min_t(u64, space, INT32_MAX);
}
static inline int tcp_space(const struct sock *sk)
{
	return tcp_win_from_space(sk->sk_rcvbuf - atomic_read(&sk->sk_rmem_alloc));
}
static inline int tcp_full_space(const struct sock *sk)
{
	return tcp_win_from_space(sk->sk_rcvbuf);
}
static inline bool tcp_under_memory_pressure(const struct sock *sk)
{
	return sk_under_memory_pressure(sk) || nr_free_pages() < nr_total_pages() / 16;
}
static inline u32 __tcp_fast_path_flags(const struct tcp_sock *tp, u32 snd_wnd)
{
	return htonl(((u32)tp->tcp_header_len << 26) | ((u32)TCPHDR_ACK << 16) | snd_wnd);
}
static inline bool tcp_paws_check(const struct tcp_options_received *rx_opt, int paws_win)
{
	if ((s32)(rx_opt->ts_recent - rx_opt->rcv_tsval) <= paws_win)
		return true;
	/* TS.Recent is so old that the peer's clock may have wrapped: do not use it (RFC 7323 5.5). */
	if ((long)(get_jiffies_64() / HZ) >= rx_opt->ts_recent_stamp + TCP_PAWS_24DAYS)
		return true;
	return !rx_opt->ts_recent; /* some SYNs have a timestamp of 0: accept any later timestamp */
}
/* Returns the longest retransmission timeout and time between probes, in jiffies; at most TCP_RTO_MAX. */
static inline u32 tcp_rto_max(const struct sock *sk)
{
	u32 own = inet_csk(sk)->icsk_rto_max;

	return own ? own : msecs_to_jiffies(READ_ONCE(sysctl_tcp_rto_max_ms));
}
static inline u32 tcp_rto_min_us(const struct sock *sk)
{
	u32 own = inet_csk(sk)->icsk_rto_min;

	return own ? own * (1000000 / HZ) : READ_ONCE(sysctl_tcp_rto_min_us);
}
/*
 * Returns the longest delay of an ACK, in jiffies. The delay is below our minimum RTO, because the peer's
 * minimum RTO may equal ours, and a longer delay would make the peer retransmit.
 */
static inline u32 tcp_delack_max(const struct sock *sk)
{
	u32 own = inet_csk(sk)->icsk_delack_max;
	u32 rto_min = DIV_ROUND_UP(tcp_rto_min_us(sk), 1000000 / HZ);

	return min_t(u32, own ? own : TCP_DELACK_MAX, max(rto_min, 2u) - 1);
}
static inline void tcp_bound_rto(struct sock *sk)
{
	inet_csk(sk)->icsk_rto = min(inet_csk(sk)->icsk_rto, tcp_rto_max(sk));
}

#endif
