/* SPDX-License-Identifier: MIT */
/*
 * TCP: the types, constants and calls that its files share.  RFC 9293; names and roles of Linux's
 * include/net/tcp.h and include/linux/tcp.h.
 *
 * Callers and callees:
 *   in:  tcp_v4_rcv (tcp_ipv4.c, softirq) -> request or timewait: tcp_minisocks.c
 *        -> tcp_v4_do_rcv -> tcp_rcv_established / tcp_rcv_state_process (tcp_input.c)
 *        -> tcp_ack (tcp_ack.c) -> tcp_fastretrans_alert (tcp_recovery.c), tcp_cong.c
 *        -> tcp_data_queue (tcp_data.c) -> sk_data_ready
 *   out: tcp_sendmsg (tcp_sendmsg.c) -> tcp_push -> tcp_write_xmit (tcp_output.c)
 *        -> tcp_transmit_skb (tcp_transmit.c) -> ip_queue_xmit
 *   time: tcp_timer.c -> tcp_retransmit_timer, tcp_send_probe0, tcp_delack_timer, keepalive
 *
 * Locks: everything that takes a struct sock is called by the socket's owner or with the bh lock
 * held and no owner, unless a comment says otherwise.  Sequence numbers are compared with
 * before(), after(), between() only; states change through tcp_set_state() only.
 */
#ifndef NET_TCP_TCP_H
#define NET_TCP_TCP_H

#include "net/core/snmp.h"
#include "net/inet/inet_connection_sock.h"
#include "net/inet/inet_hashtables.h"
#include "net/inet/inet_timewait_sock.h"
#include "net/tcp/tcp_seq.h"
#include "net/wire/tcp.h"

/* ---- the header ---------------------------------------------------------------------------------- */
static inline struct tcphdr *tcp_hdr(const struct sk_buff *skb)
{
	return (struct tcphdr *)skb_transport_header(skb);
}
static inline unsigned int tcp_hdrlen(const struct sk_buff *skb)
{
	return tcp_hdr(skb)->doff * 4;
}
/* ---- constants (jiffies are milliseconds) ---------------------------------------------------------- */
#define TCP_RTO_MAX                 (120 * HZ)
#define TCP_RTO_MIN                 (HZ / 5)
#define TCP_TIMEOUT_MIN             2 /* the next tick but one: at once, but from the timer */
#define TCP_TIMEOUT_INIT            (1 * HZ) /* RFC 6298 2.1 */
#define TCP_TIMEOUT_FALLBACK        (3 * HZ) /* RFC 6298 5.7: when the SYN was retransmitted */
#define TCP_DELACK_MAX              (HZ / 5)
#define TCP_DELACK_MIN              (HZ / 25)
#define TCP_ATO_MIN                 (HZ / 25)
#define TCP_RESOURCE_PROBE_INTERVAL (HZ / 2)
#define TCP_TIMEWAIT_LEN            (60 * HZ)
#define TCP_PAWS_24DAYS             (60 * 60 * 24 * 24) /* s */
#define TCP_PAWS_MSL                60                  /* s */
#define TCP_PAWS_WINDOW             1
#define TCP_MSS_DEFAULT             536u
#define MAX_TCP_WINDOW              32767u /* of an unscaled window that signed peers may misread */
#define TCP_MIN_MSS                 88u
#define TCP_MIN_SND_MSS             48u /* CVE-2019-11479: a peer may not ask for less */
#define TCP_INIT_CWND               10  /* RFC 6928 */
#define TCP_INFINITE_SSTHRESH       0x7fffffff
#define TCP_MAX_QUICKACKS           16
#define TCP_NAGLE_OFF               1
#define TCP_NAGLE_CORK              2
#define TCP_NAGLE_PUSH              4

/* ---- sysctls (tcp_sysctl.c, docs/sysctl.md); times in jiffies -------------------------------------- */
extern int sysctl_tcp_abort_on_overflow;
extern int sysctl_tcp_adv_win_scale;
extern int sysctl_tcp_challenge_ack_limit;
extern int sysctl_tcp_fin_timeout;
extern int sysctl_tcp_invalid_ratelimit; /* ms */
extern int sysctl_tcp_keepalive_intvl;
extern int sysctl_tcp_keepalive_probes;
extern int sysctl_tcp_keepalive_time;
extern int sysctl_tcp_max_orphans;
extern int sysctl_tcp_max_reordering;
extern int sysctl_tcp_max_syn_backlog;
extern int sysctl_tcp_moderate_rcvbuf;
extern int sysctl_tcp_notsent_lowat; /* as u32: bytes */
extern int sysctl_tcp_orphan_retries;
extern int sysctl_tcp_reordering;
extern int sysctl_tcp_retries1, sysctl_tcp_retries2;
extern int sysctl_tcp_rfc1337;
extern int sysctl_tcp_mem[3]; /* pages of all: pressure ends, begins, no more */
extern int sysctl_tcp_rmem[3], sysctl_tcp_wmem[3]; /* kept when memory is short, first, most */
extern int sysctl_tcp_slow_start_after_idle;
extern int sysctl_tcp_syn_retries;
extern int sysctl_tcp_timestamps; /* 2: without a secret offset */
extern int sysctl_tcp_tso_win_divisor;
extern int sysctl_tcp_min_tso_segs, sysctl_tcp_pacing_ss_ratio, sysctl_tcp_pacing_ca_ratio;
extern int sysctl_tcp_tw_reuse;
extern int sysctl_tcp_window_scaling;

/* ---- what a segment carries beside its data --------------------------------------------------------- */
struct tcp_skb_cb {
	u32 seq;     /* of the first byte (SYN counts one) */
	u32 end_seq; /* seq + data + SYN + FIN */
	union {
		u32 tcp_tw_isn; /* in: sequence number for a SYN that reopens a TIME_WAIT */
		struct {
			u16 tcp_gso_segs; /* out */
			u16 tcp_gso_size;
		};
	};
	u8 tcp_flags; /* TCPHDR_* */
	u8 sacked;    /* TCPCB_* */
	u8 ip_dsfield;
	u8 eor : 1, unused : 7;
	u32 ack_seq;
	struct inet_skb_parm header; /* in: IP's results */
};
#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)&((skb)->cb[0]))
BUILD_BUG_ON(sizeof(struct tcp_skb_cb) > sizeof_field(struct sk_buff, cb));

#define TCPCB_SACKED_ACKED   0x01
#define TCPCB_SACKED_RETRANS 0x02
#define TCPCB_LOST           0x04
#define TCPCB_TAGBITS        0x07
#define TCPCB_EVER_RETRANS   0x80

static inline int tcp_skb_pcount(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_gso_segs;
}
static inline int tcp_skb_mss(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_gso_size;
}

/* ---- the options of a segment, checked ------------------------------------------------------------- */
struct tcp_options_received {
	u32 ts_recent;        /* TS.Recent of RFC 7323 */
	long ts_recent_stamp; /* s (jiffies / HZ): when it was taken; 0: never */
	u32 rcv_tsval, rcv_tsecr;
	u16 saw_tstamp : 1, /* in this segment */
		tstamp_ok : 1, wscale_ok : 1, sack_ok : 1, snd_wscale : 4, rcv_wscale : 4;
	u16 user_mss;  /* TCP_MAXSEG */
	u16 mss_clamp; /* most we send: the peer's option, or 536 */
};

/* ---- struct tcp_sock ---------------------------------------------------------------------------------- */
struct tcp_sock {
	struct inet_connection_sock inet_conn; /* first */
	u16 tcp_header_len;                    /* of an ordinary data segment, with options */
	u16 gso_segs;
	__be32 pred_flags; /* header prediction: the 4th word of the header expected next */

	u32 rcv_nxt;    /* what we want next */
	u32 copied_seq; /* head of what the application has not read */
	u32 rcv_wup;    /* rcv_nxt when the window was last sent */
	u32 snd_nxt;    /* what we send next */
	u32 snd_una;    /* oldest not acknowledged */
	u32 snd_sml;    /* end of the last small packet (Minshall) */
	u32 snd_up;     /* urgent pointer: always snd_una, we send none */
	u32 write_seq;  /* end of what the application has written */
	u32 pushed_seq; /* last write that was pushed */
	u32 rcv_tstamp; /* jiffies of the last ACK received */
	u32 lsndtime;   /* jiffies of the last data segment sent */
	u32 ofo_count;  /* segments in out_of_order_queue */
	u64 tcp_mstamp; /* ns: now, as of the segment or call being worked on */

	u32 snd_wl1;      /* seq of the segment that last updated the window */
	u32 snd_wnd;      /* window the peer offers, scaled */
	u32 max_window;   /* most it ever did */
	u32 mss_cache;    /* bytes of data a segment, by path MTU and options */
	u32 mtu_info;     /* the path's MTU by the last ICMP error */
	u32 window_clamp; /* most we offer */
	u32 rcv_ssthresh; /* current limit of the offer (grows with good behaviour) */
	u32 rcv_wnd;      /* window we offer */
	u16 advmss;       /* MSS we announced */
	u8 nonagle;       /* TCP_NAGLE_* */
	u8 is_cwnd_limited : 1;
	u8 chrono_type : 2; /* enum tcp_chrono */

	/* RTT: RFC 6298, in microseconds, srtt << 3, mdev << 2 */
	u32 srtt_us, mdev_us, mdev_max_us, rttvar_us, rtt_seq;
	u32 rtt_min_us;

	/* packets, in segments of MSS */
	u32 packets_out; /* in the retransmit queue */
	u32 retrans_out; /* of these, retransmitted and not yet acknowledged */
	u32 sacked_out;  /* of these, received out of order (duplicate ACKs, without SACK) */
	u32 lost_out;    /* of these, given up as lost */
	u32 max_packets_out;
	u32 max_packets_seq;

	/* congestion: RFC 5681, 6582 */
	u32 snd_ssthresh, snd_cwnd, snd_cwnd_cnt, snd_cwnd_clamp, snd_cwnd_used, snd_cwnd_stamp;
	u32 prior_cwnd, prr_delivered, prr_out; /* RFC 6937 */
	u32 high_seq;                           /* snd_nxt when recovery or loss began */
	u32 prior_ssthresh;
	u32 undo_marker; /* 0: nothing to undo */
	int undo_retrans;
	u32 retrans_stamp;    /* tcp time stamp of the first retransmission of the window */
	u32 unanswered_stamp; /* the same since snd_una last moved; 0: nothing was sent again */
	u32 total_retrans;
	u32 delivered; /* segments that arrived */
	u32 reordering;
	u64 bytes_acked, bytes_received;
	u32 segs_in, segs_out;
	u64 bytes_sent, bytes_retrans; /* the first with the second */
	u32 reord_seen;                /* times that reordering was learned */
	u32 rcv_ooopack;               /* segments that came ahead of their turn */
	u32 chrono_start;              /* jiffies: since when it is chrono_type */
	u32 chrono_stat[3];            /* jiffies spent in each but TCP_CHRONO_NONE */

	struct sk_buff *retransmit_skb_hint; /* where retransmission goes on; NULL: the head */

	/* received out of order: a tree by sequence number, bounded (TCP_OFO_PACKETS_MAX) */
	struct rb_root out_of_order_queue;
	struct sk_buff *ooo_last_skb;

	struct tcp_options_received rx_opt;
	u32 tsoffset; /* our timestamps start at a secret place (of this connection) */

	u32 data_segs_in, data_segs_out;

	u32 rcv_rtt_us, rcv_rtt_seq; /* receiver's estimate, for buffer tuning */
	u64 rcv_rtt_stamp;
	struct {
		u32 space; /* bytes the application read in the last RTT */
		u32 seq;
		u64 stamp; /* ns */
	} rcvq_space;

	u32 notsent_lowat;                   /* bytes, 0: the sysctl's */
	u32 keepalive_time, keepalive_intvl; /* jiffies, 0: default */
	u8 keepalive_probes;
	u8 ecn_flags;
	u8 frto : 1;
	u8 tsq_flags; /* TCP_*_DEFERRED: work that softirq left to the owner; under sk_lock.slock */
	int linger2;  /* s; < 0: no FIN_WAIT2 */
	u32 last_oow_ack_time; /* challenge and duplicate ACKs, rate limit */
};
BUILD_BUG_ON(sizeof(struct tcp_sock) > 1280);

/* What limits the sender, in rising priority (TCP_INFO). */
enum tcp_chrono {
	TCP_CHRONO_NONE,
	TCP_CHRONO_BUSY,           /* something waits or is in flight */
	TCP_CHRONO_RWND_LIMITED,   /* and the peer's window is full */
	TCP_CHRONO_SNDBUF_LIMITED, /* or our own buffer */
	TCP_CHRONO_MAX
};

/*
 * Work that came in softirq while a thread owned the socket: tcp_release_cb() does it.  Each bit set
 * holds a reference of the socket.  The name is Linux's, where small queues (TSQ) have a bit here too;
 * this kernel has no such queues.
 */
enum tsq_flags {
	TCP_WRITE_TIMER_DEFERRED = 0x1,
	TCP_DELACK_TIMER_DEFERRED = 0x2,
	TCP_MTU_REDUCED_DEFERRED = 0x4,
};

static inline struct tcp_sock *tcp_sk(const struct sock *sk)
{
	return (struct tcp_sock *)sk;
}

struct tcp_request_sock {
	struct inet_request_sock req; /* first */
	u32 rcv_isn, snt_isn;
	u64 snt_synack; /* ns: when the first SYN-ACK was made, the time of its TSval; 0: none was */
	u32 last_oow_ack_time;
	u32 rcv_nxt;
	u32 ts_off;
	u32 txhash;
};
BUILD_BUG_ON(sizeof(struct tcp_request_sock) > 320);
static inline struct tcp_request_sock *tcp_rsk(const struct request_sock *req)
{
	return (struct tcp_request_sock *)req;
}

struct tcp_timewait_sock {
	struct inet_timewait_sock tw_sk; /* first */
	u32 tw_rcv_nxt, tw_snd_nxt, tw_rcv_wnd;
	u32 tw_ts_offset;
	u32 tw_last_oow_ack_time;
	u32 tw_ts_recent;
	long tw_ts_recent_stamp;
};
BUILD_BUG_ON(sizeof(struct tcp_timewait_sock) > 256);
static inline struct tcp_timewait_sock *tcp_twsk(const struct sock *sk)
{
	return (struct tcp_timewait_sock *)sk;
}

/* ---- congestion control ------------------------------------------------------------------------------- */
enum tcp_ca_state { TCP_CA_Open, TCP_CA_Disorder, TCP_CA_CWR, TCP_CA_Recovery, TCP_CA_Loss };
enum tcp_ca_event {
	CA_EVENT_TX_START,
	CA_EVENT_CWND_RESTART,
	CA_EVENT_COMPLETE_CWR,
	CA_EVENT_LOSS
};

struct tcp_congestion_ops {
	struct list_head list;
	void (*init)(struct sock *sk);    /* may be NULL */
	void (*release)(struct sock *sk); /* may be NULL */
	u32 (*ssthresh)(struct sock *sk); /* after a loss */
	/* @ack: acknowledged up to; @acked: segments newly acknowledged. */
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	void (*set_state)(struct sock *sk, u8 new_state);          /* may be NULL */
	void (*cwnd_event)(struct sock *sk, enum tcp_ca_event ev); /* may be NULL */
	u32 (*undo_cwnd)(struct sock *sk);
	void (*pkts_acked)(struct sock *sk, u32 acked, s64 rtt_us); /* may be NULL */
	char name[TCP_CA_NAME_MAX];
};
extern struct tcp_congestion_ops tcp_reno;
int tcp_register_congestion_control(struct tcp_congestion_ops *ca);
struct tcp_congestion_ops *tcp_ca_find(const char *name);
/* The default of new sockets: 0 or -ENOENT; its name. */
int tcp_set_default_congestion_control(const char *name);
const char *tcp_default_congestion_control(void);
void tcp_assign_congestion_control(struct sock *sk);
void tcp_init_congestion_control(struct sock *sk);
void tcp_cleanup_congestion_control(struct sock *sk);
int tcp_set_congestion_control(struct sock *sk, const char *name); /* -ENOENT */
u32 tcp_reno_ssthresh(struct sock *sk);
void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked);
u32 tcp_reno_undo_cwnd(struct sock *sk);
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked);
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked);
bool tcp_is_cwnd_limited(const struct sock *sk);

static inline void tcp_set_ca_state(struct sock *sk, u8 ca_state)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_ca_ops->set_state)
		icsk->icsk_ca_ops->set_state(sk, ca_state);
	icsk->icsk_ca_state = ca_state;
}
static inline void tcp_ca_event(struct sock *sk, enum tcp_ca_event event)
{
	if (inet_csk(sk)->icsk_ca_ops->cwnd_event)
		inet_csk(sk)->icsk_ca_ops->cwnd_event(sk, event);
}
static inline bool tcp_in_slow_start(const struct tcp_sock *tp)
{
	return tp->snd_cwnd < tp->snd_ssthresh;
}
static inline bool tcp_in_cwnd_reduction(const struct sock *sk)
{
	return (1 << inet_csk(sk)->icsk_ca_state) & ((1 << TCP_CA_CWR) | (1 << TCP_CA_Recovery));
}
static inline u32 tcp_left_out(const struct tcp_sock *tp)
{
	return tp->sacked_out + tp->lost_out;
}
static inline u32 tcp_packets_in_flight(const struct tcp_sock *tp)
{
	return tp->packets_out - tcp_left_out(tp) + tp->retrans_out;
}

/* ---- life: tcp.c, tcp_close.c, tcp_sockopt.c -------------------------------------------------------------- */
extern struct proto tcp_prot;
extern const struct inet_connection_sock_af_ops ipv4_specific;
void tcp_init(void); /* tables, caches, protocol handler; from inet_init() */
void tcp_v4_init(void);
void tcp4_proc_init(void); /* /proc/net/tcp and sockstat (tcp_proc.c).  Boot */
void tcp_end_init(void);   /* registers the hook that closes connections when the machine ends */
void tcp_init_sock(struct sock *sk);
/* The only way a state changes: checks the table of legal transitions (tcp.c), keeps CurrEstab
 * and the other counters, unhashes on TCP_CLOSE. */
void tcp_set_state(struct sock *sk, int state);
const char *tcp_state_name(int state);

/* tcp_log.c: one debug line each.  @direction: "in " or "out". */
extern struct log_source tcp_log;
void tcp_log_segment(const char *direction, __be32 saddr, __be32 daddr, const struct tcphdr *th,
		     unsigned int len);
void tcp_log_state(const struct sock *sk, int state); /* before it changes */
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
/* The end: to TCP_CLOSE, timers off, all waiters woken; the orphan is destroyed. */
void tcp_done(struct sock *sk);
void tcp_done_with_error(struct sock *sk, int err); /* and the queues are emptied, sk_err is set */
void tcp_reset(struct sock *sk);                    /* by the peer's RST */
void tcp_write_queue_purge(struct sock *sk);
bool tcp_check_oom(struct sock *sk);
int tcp_orphan_count(void);
/* May @sk queue more to send?  Not above what is unsent already, nor above its share of short memory. */
bool tcp_stream_memory_free(const struct sock *sk);
bool tcp_wmem_has_room(const struct sock *sk);
int tcp_mem_limit(const struct sock *sk, int least, int most);

/* ---- tcp_ipv4.c, tcp_connect.c (receive side) ----------------------------------------------------------- */
enum skb_drop_reason tcp_v4_rcv(struct sk_buff *skb);
void tcp_v4_err(struct sk_buff *skb, u32 info);
enum skb_drop_reason tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb);
int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
enum skb_drop_reason tcp_v4_conn_request(struct sock *sk, struct sk_buff *skb);
enum skb_drop_reason tcp_conn_request(struct request_sock_ops *ops, struct sock *sk,
				      struct sk_buff *skb);
void tcp_v4_init_req(struct request_sock *req, const struct sk_buff *skb);
struct dst_entry *tcp_v4_route_req(const struct sock *sk, const struct request_sock *req);
u32 tcp_v4_init_seq(const struct request_sock *req, u32 *ts_off);
int tcp_v4_send_synack(const struct sock *sk, struct dst_entry *dst, struct request_sock *req);
struct sock *tcp_v4_syn_recv_sock(const struct sock *sk, struct sk_buff *skb,
				  struct request_sock *req, bool *own_req);
void tcp_v4_send_reset(const struct sock *sk, struct sk_buff *skb);
extern struct request_sock_ops tcp_request_sock_ops;
/* RFC 6528: keyed by the four-tuple, moving with the clock; @tsoff: this connection's timestamp offset. */
u32 secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff);

/* ---- tcp_options.c (receive side) ------------------------------------------------------------------------ */
/* Fills @opt from @skb's header; false when an option is malformed (RFC 9293 3.1: the rest is ignored). */
bool tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt, bool estab);
void tcp_clear_options(struct tcp_options_received *opt);

/* ---- tcp_input.c, tcp_data.c, tcp_recvmsg.c (receive side) ---------------------------------------------- */
enum skb_drop_reason tcp_rcv_established(struct sock *sk, struct sk_buff *skb);
enum skb_drop_reason tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb);
void tcp_finish_connect(struct sock *sk);
/* @skb has data or a FIN. */
enum skb_drop_reason tcp_data_queue(struct sock *sk, struct sk_buff *skb);
void tcp_fin(struct sock *sk);
/* Before there is data: no more than the handshake promised, no less than a host must take, or
 * than its narrow link can carry. */
static inline void tcp_initialize_rcv_mss(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 hint = min_t(u32, tp->advmss, tp->mss_cache);

	hint = min(hint, tp->rcv_wnd / 2);
	hint = min(hint, TCP_MSS_DEFAULT);
	inet_csk(sk)->icsk_ack.rcv_mss = max(hint, min_t(u32, tp->advmss, TCP_MIN_MSS));
}
void tcp_init_buffer_space(struct sock *sk);
void tcp_enter_quickack_mode(struct sock *sk);
void tcp_measure_rcv_mss(struct sock *sk, const struct sk_buff *skb);
int tcp_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int nonblock, int flags,
		int *addr_len);
/* The application took data: would a window update help the peer?  Then sends it. */
void tcp_cleanup_rbuf(struct sock *sk, int copied);
void tcp_rcv_space_adjust(struct sock *sk);
/* True (and counted under @mib): this out-of-window segment gets no answer, the last one is too fresh. */
bool tcp_oow_rate_limited(const struct sk_buff *skb, enum snmp_counter mib, u32 *last_oow_ack_time);
bool __tcp_oow_rate_limited(enum snmp_counter mib, u32 *last_oow_ack_time); /* data, too */
void tcp_fast_path_on(struct tcp_sock *tp);
void tcp_fast_path_check(struct sock *sk);

/* ---- tcp_minisocks.c (receive side) ---------------------------------------------------------------------- */
enum tcp_tw_status { TCP_TW_SUCCESS, TCP_TW_RST, TCP_TW_ACK, TCP_TW_SYN };
enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw, struct sk_buff *skb,
					      const struct tcphdr *th);
void tcp_time_wait(struct sock *sk, int state, int timeo);
/* *@child, bh-locked, and SKB_NOT_DROPPED_YET: the ACK made it, and @skb is its first segment. */
enum skb_drop_reason tcp_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				   struct sock **child);
struct sock *tcp_create_openreq_child(const struct sock *sk, struct request_sock *req,
				      struct dst_entry *dst, struct sk_buff *skb);
/* Unlocks and puts @child. */
enum skb_drop_reason tcp_child_process(struct sock *parent, struct sock *child,
				       struct sk_buff *skb);
void tcp_openreq_init_rwin(struct request_sock *req, const struct sock *sk,
			   const struct dst_entry *dst);

/* ---- tcp_ack.c, tcp_recovery.c, tcp_cong.c ---------------------------------------------------------------- */
#define FLAG_DATA               0x01 /* the segment has data */
#define FLAG_WIN_UPDATE         0x02 /* it moved the window */
#define FLAG_DATA_ACKED         0x04 /* it acknowledged new data */
#define FLAG_RETRANS_DATA_ACKED 0x08 /* some of which had been retransmitted */
#define FLAG_SYN_ACKED          0x10
#define FLAG_DATA_SACKED        0x20
#define FLAG_SLOWPATH           0x100
#define FLAG_ORIG_SACK_ACKED    0x200
#define FLAG_SND_UNA_ADVANCED   0x400
#define FLAG_SET_XMIT_TIMER     0x1000
#define FLAG_UPDATE_TS_RECENT   0x4000
#define FLAG_NO_CHALLENGE_ACK   0x8000
#define FLAG_ACKED              (FLAG_DATA_ACKED | FLAG_SYN_ACKED)
#define FLAG_NOT_DUP            (FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED)
/* Works the acknowledgment in.  1: fine; 0: old, nothing new; -1: not acceptable (RFC 5961 5.2:
 * a challenge ACK was sent where due).  Does not free @skb. */
int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag);
/* Does a segment with these numbers set the peer's window to @nwin bytes? */
bool tcp_may_update_window(const struct tcp_sock *tp, u32 ack, u32 ack_seq, u32 nwin);
void tcp_set_rto(struct sock *sk);
u32 __tcp_set_rto(const struct tcp_sock *tp);
void tcp_rtt_estimator(struct sock *sk, long mrtt_us);
/* RTT from the handshake: SYN to SYN-ACK, SYN-ACK to ACK. */
void tcp_synack_rtt_meas(struct sock *sk, struct request_sock *req);
void tcp_init_metrics(struct sock *sk);
void tcp_try_undo_spurious_syn(struct tcp_sock *tp);
u32 tcp_init_cwnd(const struct tcp_sock *tp);
void tcp_enter_loss(struct sock *sk);
void tcp_enter_cwr(struct sock *sk);
static inline void tcp_clear_retrans(struct tcp_sock *tp)
{
	tp->retrans_out = 0;
	tp->lost_out = 0;
	tp->sacked_out = 0;
	tp->undo_marker = 0;
	tp->undo_retrans = -1;
	tp->retransmit_skb_hint = NULL;
}
void tcp_rearm_rto(struct sock *sk);
void tcp_simple_retransmit(struct sock *sk); /* the MSS fell: larger segments count as lost */
void tcp_cwnd_validate(struct sock *sk, bool is_cwnd_limited);
void tcp_store_ts_recent(struct tcp_sock *tp);
void tcp_replace_ts_recent(struct tcp_sock *tp, u32 seq);

/* ---- tcp_output.c, tcp_transmit.c, tcp_make.c, tcp_window.c (send side) ----------------------------------- */
int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, int clone_it, gfp_t gfp);
bool tcp_write_xmit(struct sock *sk, unsigned int mss_now, int nonagle, int push_one, gfp_t gfp);
void __tcp_push_pending_frames(struct sock *sk, unsigned int cur_mss, int nonagle);
void tcp_push_one(struct sock *sk, unsigned int mss_now);
void tcp_data_snd_check(struct sock *sk); /* the window or cwnd opened: send, wake writers */
void tcp_check_space(struct sock *sk);
void tcp_sndbuf_expand(struct sock *sk);
int tcp_connect(struct sock *sk); /* sends the SYN */
struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst,
				struct request_sock *req);
int tcp_rtx_synack(const struct sock *sk, struct request_sock *req);
int tcp_send_synack(struct sock *sk); /* simultaneous open */
void tcp_send_ack(struct sock *sk);
void tcp_send_delayed_ack(struct sock *sk);
void tcp_send_fin(struct sock *sk);
void tcp_send_active_reset(struct sock *sk, gfp_t gfp);
int tcp_write_wakeup(struct sock *sk, enum snmp_counter mib); /* a probe */
void tcp_send_probe0(struct sock *sk);
unsigned long tcp_next_probe0(const struct sock *sk, unsigned long max_when);
void tcp_send_challenge_ack(struct sock *sk); /* RFC 5961, limited in all */
/* May one more challenge ACK leave for the connection of @last_oow_ack_time?  Then it is counted. */
bool tcp_challenge_ack_allowed(enum snmp_counter mib, u32 *last_oow_ack_time);
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
void tcp_xmit_retransmit_queue(struct sock *sk);
int tcp_fragment(struct sock *sk, bool in_rtx_queue, struct sk_buff *skb, u32 len,
		 unsigned int mss_now, gfp_t gfp);
int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len);
unsigned int tcp_sync_mss(struct sock *sk, u32 pmtu);
unsigned int tcp_current_mss(struct sock *sk);
unsigned int tcp_mtu_to_mss(const struct sock *sk, int pmtu);
u16 tcp_select_window(struct sock *sk);
u32 __tcp_select_window(struct sock *sk);
/* First window and scale that we offer, from buffer space. */
void tcp_select_initial_window(int space, u32 mss, u32 *rcv_wnd, u32 *window_clamp, int wscale_ok,
			       u8 *rcv_wscale);
void tcp_sendmsg_init(void); /* boot: a budget from memory */
int tcp_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t size);
int tcp_sendpage(struct sock *sk, struct page *page, int offset, size_t size, int flags);
void tcp_release_cb(struct sock *sk);
/* A thread owns the socket: @what (enum tsq_flags) is done when it lets go.  bh lock held. */
void tcp_defer(struct sock *sk, u8 what);

/* ---- tcp_info.c ---------------------------------------------------------------------------------------------- */
void tcp_chrono_start(struct sock *sk, enum tcp_chrono what);
void tcp_chrono_stop(struct sock *sk, enum tcp_chrono what);

/* ---- tcp_timer.c (send side) --------------------------------------------------------------------------------- */
void tcp_write_timer(unsigned long data); /* the handlers; @data: the sock */
void tcp_delack_timer(unsigned long data);
void tcp_keepalive_timer(unsigned long data);
static inline void tcp_init_xmit_timers(struct sock *sk)
{
	inet_csk_init_xmit_timers(sk, tcp_write_timer, tcp_delack_timer, tcp_keepalive_timer);
}
void tcp_retransmit_timer(struct sock *sk);
void tcp_write_timer_handler(struct sock *sk);
void tcp_delack_timer_handler(struct sock *sk);
bool retransmits_timed_out(struct sock *sk, unsigned int boundary, unsigned int timeout);

/* ---- small things that both sides use ------------------------------------------------------------------------ */
static inline void tcp_clear_xmit_timers(struct sock *sk)
{
	inet_csk_clear_xmit_timers(sk);
}
/* Milliseconds, for the timestamp option (RFC 7323 5.4) and retrans_stamp; without tsoffset. */
static inline u32 tcp_time_stamp_raw(void)
{
	return (u32)jiffies;
}
static inline u32 tcp_time_stamp(const struct tcp_sock *tp)
{
	return tp->tcp_mstamp / NSEC_PER_MSEC + (u32)INITIAL_JIFFIES;
}
#define tcp_jiffies32 ((u32)jiffies)
static inline void tcp_mstamp_refresh(struct tcp_sock *tp)
{
	tp->tcp_mstamp = ktime_get_ns();
}
/*
 * RFC 5961 5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT.  The lower end is not below the first byte that
 * was sent: a young connection has sent less than the peer's window, and an ACK of less is forged.
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
/* Share of the buffer that is offered as window: the rest pays for overhead. */
static inline int tcp_win_from_space(int space)
{
	int shift = READ_ONCE(sysctl_tcp_adv_win_scale);

	return shift > 0 ? space - (space >> shift) : space >> -shift;
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
	/* TS.Recent is too old to be believed (RFC 7323 5.5) */
	if ((long)(get_jiffies_64() / HZ) >= rx_opt->ts_recent_stamp + TCP_PAWS_24DAYS)
		return true;
	return !rx_opt->ts_recent; /* some stacks send a timestamp of 0 in SYN */
}
static inline u32 tcp_rto_min(const struct sock *sk)
{
	(void)sk;
	return TCP_RTO_MIN;
}
static inline void tcp_bound_rto(struct sock *sk)
{
	if (inet_csk(sk)->icsk_rto > TCP_RTO_MAX)
		inet_csk(sk)->icsk_rto = TCP_RTO_MAX;
}

/* ---- queues ---------------------------------------------------------------------------------------------------- *
 * sk_write_queue: not yet sent.  tcp_rtx_queue: sent, a tree by seq.  Both count in sk_wmem_queued. */
static inline struct sk_buff *tcp_send_head(const struct sock *sk)
{
	return skb_peek(&sk->sk_write_queue);
}
static inline struct sk_buff *tcp_write_queue_tail(const struct sock *sk)
{
	return skb_peek_tail(&sk->sk_write_queue);
}
static inline struct sk_buff *tcp_rtx_queue_head(const struct sock *sk)
{
	struct rb_node *n = rb_first(&sk->tcp_rtx_queue);

	return n ? rb_to_skb(n) : NULL;
}
static inline struct sk_buff *tcp_rtx_queue_tail(const struct sock *sk)
{
	struct rb_node *n = rb_last(&sk->tcp_rtx_queue);

	return n ? rb_to_skb(n) : NULL;
}
static inline struct sk_buff *skb_rb_next(const struct sk_buff *skb)
{
	struct rb_node *n = rb_next(&skb->rbnode);

	return n ? rb_to_skb(n) : NULL;
}
static inline bool tcp_rtx_queue_empty(const struct sock *sk)
{
	return RB_EMPTY_ROOT(&sk->tcp_rtx_queue);
}
static inline bool tcp_write_queue_empty(const struct sock *sk)
{
	return skb_queue_empty(&sk->sk_write_queue);
}
void tcp_rbtree_insert(struct rb_root *root, struct sk_buff *skb); /* tcp_output.c */
void tcp_rtx_queue_unlink_and_free(struct sk_buff *skb, struct sock *sk);
void tcp_wmem_free_skb(struct sock *sk,
		       struct sk_buff *skb); /* frees an unlinked one of the queues */
void tcp_add_write_queue_tail(struct sock *sk, struct sk_buff *skb);
/* Memory is short: @sk's send buffer falls to half of what it holds, unless the application fixed it. */
void sk_stream_moderate_sndbuf(struct sock *sk);
/* An empty segment that belongs to @sk's write side: @size bytes of linear room. */
struct sk_buff *sk_stream_alloc_skb(struct sock *sk, int size, gfp_t gfp);
void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags);

/* @base, not below TCP_RTO_MIN, doubled icsk_backoff times, at most @max_when. */
static inline unsigned long tcp_rto_backoff(const struct sock *sk, u64 base, unsigned long max_when)
{
	/* ten doublings of the least RTO are more than the most; there may be 255 */
	unsigned int doublings = min_t(unsigned int, inet_csk(sk)->icsk_backoff, 10);

	return min_t(u64, base << doublings, max_when);
}
static inline unsigned long tcp_probe0_base(const struct sock *sk)
{
	return max_t(unsigned long, inet_csk(sk)->icsk_rto, TCP_RTO_MIN);
}
static inline unsigned long tcp_probe0_when(const struct sock *sk, unsigned long max_when)
{
	return tcp_rto_backoff(sk, tcp_probe0_base(sk), max_when);
}
static inline void tcp_check_probe_timer(struct sock *sk)
{
	if (!tcp_sk(sk)->packets_out && !inet_csk(sk)->icsk_pending)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_probe0_base(sk), TCP_RTO_MAX);
}
static inline int keepalive_intvl_when(const struct tcp_sock *tp)
{
	return tp->keepalive_intvl ? tp->keepalive_intvl : (u32)sysctl_tcp_keepalive_intvl;
}
static inline int keepalive_time_when(const struct tcp_sock *tp)
{
	return tp->keepalive_time ? tp->keepalive_time : (u32)sysctl_tcp_keepalive_time;
}
static inline int keepalive_probes(const struct tcp_sock *tp)
{
	return tp->keepalive_probes ? tp->keepalive_probes : sysctl_tcp_keepalive_probes;
}
static inline int tcp_fin_time(const struct sock *sk)
{
	int fin_timeout = tcp_sk(sk)->linger2 ? tcp_sk(sk)->linger2 * HZ : sysctl_tcp_fin_timeout;
	int rto = inet_csk(sk)->icsk_rto;

	/* long enough for our FIN's last retransmission to be answered */
	return fin_timeout < (rto << 2) - (rto >> 1) ? (rto << 2) - (rto >> 1) : fin_timeout;
}

#endif
