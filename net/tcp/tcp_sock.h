/* SPDX-License-Identifier: MIT */
/*
 * TCP's data structures: struct tcp_sock for a connection, the smaller tcp_request_sock for a
 * half-open one and tcp_timewait_sock for TIME_WAIT; the parsed options and the control block of a
 * segment.  Names and roles are those of Linux's include/linux/tcp.h.
 *
 * The fields of a struct tcp_sock may be used only by the thread that owns the socket, or in softirq
 * with the bh lock held while no thread owns it.
 */
#ifndef NET_TCP_TCP_SOCK_H
#define NET_TCP_TCP_SOCK_H

#include "kernel/lib/win_minmax.h"
#include "kernel/time/hrtimer.h"
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

/* ---- the control block of a segment --------------------------------------------------------- */
struct tcp_skb_cb {
	u32 seq;     /* sequence number of the first byte, or of the SYN */
	u32 end_seq; /* seq + bytes of data + 1 for SYN + 1 for FIN */
	union {
		u32 tcp_tw_isn; /* received SYN that reopens a TIME_WAIT: the ISN for our SYN-ACK; else 0 */
		struct {                  /* in the send queues */
			u16 tcp_gso_segs; /* MSS-sized segments in the skb; 0: not yet counted */
			u16 tcp_gso_size; /* bytes of data a segment; 0 if there is one segment */
		};
	};
	u8 tcp_flags; /* TCPHDR_* */
	u8 sacked; /* in the retransmit queue: TCPCB_*; received: offset of the SACK option, or 0 */
	u8 ip_dsfield;
	u8 eor : 1,              /* no data may be added */
		txstamp_ack : 1, /* SO_TIMESTAMPING: report when the peer acknowledges it */
		rtx_summary : 2; /* RTX_HAS_* of the subtree, in the retransmit queue */
	u32 ack_seq;
	union {
		struct inet_skb_parm header; /* received: what IP stored in cb */
		struct {                     /* of a segment in the retransmit queue: tcp_rate.c */
			u64 first_tx_mstamp; /* ns: tp->first_tx_mstamp when the segment was sent */
			u64 delivered_mstamp; /* ns: tp->delivered_mstamp when the segment was sent; 0: SACKed */
			u32 delivered; /* tp->delivered when the segment was sent */
			u32 in_flight : 31; /* bytes in flight when the segment was sent, including its own */
			u32 is_app_limited : 1;
		} tx;
	};
};
#define TCP_SKB_CB(skb) ((struct tcp_skb_cb *)&((skb)->cb[0]))
BUILD_BUG_ON(sizeof(struct tcp_skb_cb) > sizeof_field(struct sk_buff, cb));

#define TCPCB_SACKED_ACKED   0x01 /* a SACK block covers it */
#define TCPCB_SACKED_RETRANS 0x02 /* retransmitted, and the retransmission is in flight */
#define TCPCB_LOST           0x04 /* considered lost: must be sent again, or was sent again */
#define TCPCB_TAGBITS        0x07
#define TCPCB_EVER_RETRANS   0x80 /* sent more than once */
#define TCPCB_RETRANS        (TCPCB_SACKED_RETRANS | TCPCB_EVER_RETRANS)

#define RTX_HAS_UNSACKED 0x1 /* the subtree has a segment that is not SACKED_ACKED */
#define RTX_HAS_LOST     0x2 /* the subtree has a lost segment whose retransmission is not in flight */

static inline int tcp_skb_pcount(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_gso_segs;
}
static inline int tcp_skb_mss(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_gso_size;
}

/* ---- the parsed options of a segment --------------------------------------------------------------- */
struct tcp_options_received {
	u32 ts_recent;        /* TS.Recent of RFC 7323 */
	long ts_recent_stamp; /* s (jiffies / HZ): when ts_recent was stored; 0: never */
	u32 rcv_tsval, rcv_tsecr;
	u16 saw_tstamp : 1, /* the segment has a timestamp option */
		tstamp_ok : 1, wscale_ok : 1, sack_ok : 1, snd_wscale : 4, rcv_wscale : 4,
		dsack : 1; /* duplicate_sack[0] is to be sent */
	u8 num_sacks;      /* blocks in selective_acks[] */
	u16 user_mss;      /* bytes: limit set by TCP_MAXSEG; 0: none */
	u16 mss_clamp; /* bytes: largest segment the peer accepts, from its MSS option, or 536 */
};

/* ---- the SACK blocks that we send: tcp_sack_gen.c ------------------------------------------------------ */
struct tcp_sack_block {
	u32 start_seq, end_seq;
};
#define TCP_NUM_SACKS 4 /* blocks in an option: 40 bytes hold no more */

/* ---- struct tcp_sock ---------------------------------------------------------------------------------- */
struct tcp_sock {
	struct inet_connection_sock inet_conn; /* first */
	u16 tcp_header_len;                    /* bytes: header of a data segment, with options */
	u16 gso_segs;                          /* segments in the skbs that tcp_sendmsg() builds */
	/* header prediction: the expected header word with length, flags and window; 0: prediction is off */
	__be32 pred_flags;

	u32 rcv_nxt;    /* next sequence number expected from the peer */
	u32 copied_seq; /* first byte that the application has not read */
	u32 rcv_wup;    /* rcv_nxt when we last sent the window to the peer */
	u32 snd_nxt;    /* next sequence number to send */
	u32 snd_una;    /* oldest sequence number that is not acknowledged */
	u32 snd_sml;    /* end of the last segment sent with less than an MSS (Minshall) */
	u32 write_seq;  /* end of the data that the application has written */
	u32 pushed_seq; /* end of the last data that was marked with PSH */
	u32 snd_up;     /* end of the urgent data that we send; snd_una: there is none */
	u32 rcv_tstamp; /* jiffies when the last ACK was received */
	u32 lsndtime;   /* jiffies when the last data segment was sent */
	u32 ofo_count;  /* segments in out_of_order_queue */
	u64 tcp_mstamp; /* ns: current time, read once for each segment or call */

	u32 snd_wl1;      /* seq of the segment that last updated snd_wnd */
	u32 snd_wnd;      /* bytes: window that the peer offers, scaling applied */
	u32 max_window;   /* bytes: largest value that snd_wnd ever had */
	u32 mss_cache;    /* bytes of data a segment, by path MTU and options */
	u32 mtu_info;     /* bytes: path MTU from the last ICMP "fragmentation needed" */
	u32 window_clamp; /* bytes: largest window that we ever offer */
	u32 rcv_ssthresh; /* bytes: largest window that we offer now; tcp_grow_window() raises it */
	u32 rcv_wnd;      /* bytes: window that we offered last */
	u16 advmss;       /* bytes: MSS that we announced */
	u16 urg_data;     /* TCP_URG_*, and the urgent byte; 0: no urgent data is unread */
	u32 urg_seq;      /* number of the peer's urgent byte; valid if urg_data is not 0 */
	u8 nonagle;       /* TCP_NAGLE_* */
	u8 is_cwnd_limited : 1;
	u8 chrono_type : 2; /* enum tcp_chrono */

	/* RTT: RFC 6298, in microseconds; srtt_us is 8 * SRTT, mdev_us is 4 * the mean deviation */
	u32 srtt_us, mdev_us, mdev_max_us, rttvar_us, rtt_seq;
	struct minmax rtt_min; /* us: least round trip of the last tcp_min_rtt_wlen seconds */

	/* the delivery rate: tcp_rate.c */
	u64 first_tx_mstamp;  /* ns: when the segment of the last rate sample was sent */
	u64 delivered_mstamp; /* ns: when delivered grew last */
	u32 app_limited; /* until delivered exceeds this, samples count as app-limited; 0: they do not */
	u32 rate_delivered; /* the rate for TCP_INFO: segments delivered in rate_interval_us */
	u32 rate_interval_us;
	u8 rate_app_limited : 1;

	/* counts of MSS-sized segments */
	u32 packets_out; /* segments in the retransmit queue */
	u32 retrans_out; /* segments of packets_out whose retransmission is in flight */
	/* segments of packets_out that are SACKed; without SACK: number of duplicate ACKs */
	u32 sacked_out;
	u32 lost_out; /* segments of packets_out that are considered lost */
	u32 max_packets_out;
	u32 cwnd_usage_seq;

	/* congestion: RFC 5681, 6582 */
	u32 snd_ssthresh, snd_cwnd, snd_cwnd_cnt, snd_cwnd_clamp, snd_cwnd_used, snd_cwnd_stamp;
	u32 prior_cwnd, prr_delivered, prr_out; /* PRR's state, RFC 9937 */
	u32 high_seq;                           /* snd_nxt when recovery or loss began */
	u32 prior_ssthresh;
	u32 undo_marker; /* snd_una when cwnd was reduced; 0: no reduction can be undone */
	int undo_retrans;
	u32 undo_delivered; /* @delivered at the last undo by a partial ACK (TCP_UNDO_MAX) */
	u32 retrans_stamp;  /* tcp_time_stamp() of the first retransmission in this window */
	u32 unanswered_stamp; /* tcp_time_stamp() of the first retransmission since snd_una moved; 0: none */
	u32 total_retrans;
	u32 delivered; /* segments that reached the peer, by its ACKs, SACKs and duplicate ACKs */
	u32 delivered_ce; /* of delivered: those that an ACK with ECE reported */
	u32 lost;         /* segments marked as lost; one that is marked twice counts twice */
	u32 reordering;
	u64 bytes_acked, bytes_received;
	u32 segs_in, segs_out;
	u64 bytes_sent, bytes_retrans; /* data bytes; bytes_sent includes bytes_retrans */
	u32 reord_seen;                /* how often the network reordered segments of ours */
	u32 rcv_ooopack;               /* segments received out of order */
	u32 chrono_start;              /* jiffies when chrono_type last changed */
	u32 chrono_stat[3]; /* jiffies spent in each chrono_type, TCP_CHRONO_NONE left out */

	u32 sack_end;             /* end of the highest SACKed segment, while sacked_out > 0 */
	u32 dsack_dups;           /* segments that the peer reported as duplicates */
	struct {                  /* RFC 8985 */
		u64 mstamp;       /* ns: newest send time of all delivered segments */
		u32 rtt_us;       /* round-trip time that the last delivered segment showed */
		u32 end_seq;      /* end of the segment whose time is mstamp */
		u32 dsack_round;  /* snd_nxt when a DSACK last raised reo_wnd_steps */
		u8 reo_wnd_steps; /* reordering window in quarters of the least round trip */
		u8 reo_wnd_persist : 5, /* recoveries until reo_wnd_steps is 1 again */
			in_dsack_round : 1, dsack_seen : 1, advanced : 1;
	} rack;
	u32 tlp_high_seq; /* snd_nxt when the tail loss probe was sent; 0: no probe is unanswered */
	u8 tlp_retrans : 1, /* the unanswered probe repeated a segment */
		frto : 1,   /* RFC 5682: it is not yet known whether the timeout was spurious */
		is_sack_reneg : 1; /* the peer dropped SACKed data; 0 again when Loss ends */

	/* the segments of the retransmit queue in the order of sending: tcp_rtx_queue.h */
	struct list_head tsorted_sent_queue, tsorted_lost_queue;

	/* segments received out of order, a tree by sequence number; at most TCP_OFO_PACKETS_MAX */
	struct rb_root out_of_order_queue;
	struct sk_buff *ooo_last_skb;
	/* SACK blocks for the next ACK: the first rx_opt.num_sacks blocks, and a duplicate if rx_opt.dsack is set */
	struct tcp_sack_block selective_acks[TCP_NUM_SACKS];
	struct tcp_sack_block duplicate_sack[1];

	struct tcp_options_received rx_opt;
	u32 tsoffset; /* secret offset, added to the clock in the timestamps of this connection */

	u32 data_segs_in, data_segs_out;
	u16 total_rto,
		total_rto_recoveries; /* number of timeouts, and of recoveries that began with a timeout */
	u32 total_rto_time;           /* ms spent in recoveries that began with a timeout */
	u32 rto_stamp; /* tcp_time_stamp() at the first timeout of the present recovery; 0: no timeout */

	u32 rcv_rtt_last_tsecr; /* the timestamp whose echo was measured last */
	u32 rcv_rtt_us,
		rcv_rtt_seq; /* rcv_rtt_us: 8 * RTT in us, measured by the receiver to size the buffer */
	u64 rcv_rtt_stamp;
	struct {
		u32 space; /* bytes the application read in the last RTT */
		u32 seq;
		u64 stamp; /* ns */
	} rcvq_space;

	u32 notsent_lowat;                   /* TCP_NOTSENT_LOWAT in bytes; 0: use the sysctl */
	u32 keepalive_time, keepalive_intvl; /* jiffies; 0: use the sysctl */
	u8 keepalive_probes;                 /* 0: use the sysctl */
	bool save_syn;                       /* TCP_SAVE_SYN */
	bool recvmsg_inq;                    /* TCP_INQ */
	bool thin_lto;                       /* TCP_THIN_LINEAR_TIMEOUTS */
	u8 ecn_flags;                        /* TCP_ECN_*: tcp_ecn.h */
	u8 tsq_flags; /* TCP_*_DEFERRED: work that softirq left to the owner; under sk_lock.slock */
	/* Fast Open: tcp_fastopen.h */
	u8 fastopen_connect : 1,        /* TCP_FASTOPEN_CONNECT */
		fastopen_no_cookie : 1, /* TCP_FASTOPEN_NO_COOKIE */
		fastopen_passive : 1,   /* a child before the client's ACK: fastopen_rsk is valid */
		fastopen_client_fail : 2, /* TFO_* */
		syn_fastopen_child : 1;   /* the child was created from a SYN with a cookie */
	u8 syn_fastopen : 1,              /* our SYN had a Fast Open option */
		syn_fastopen_exp : 1,     /* that option was of the experimental kind */
		syn_fastopen_ch : 1, /* the first Fast Open after a pause of tcp_fastopen_active_disable() */
		syn_data : 1,        /* our SYN had data */
		syn_data_acked : 1;  /* the SYN's data was accepted by its receiver */
	u64 tcp_wstamp_ns;           /* ns: departure time of the next packet of a paced socket */
	struct hrtimer pacing_timer; /* holds a reference while armed */
	unsigned long tsq_state;     /* bits TSQ_*; atomic */
	struct list_head tsq_node;   /* in tsq_list (tcp_pacing.c) while TSQ_QUEUED is set */
	int linger2; /* TCP_LINGER2: seconds that an orphan waits in FIN_WAIT2; 0: the sysctl's value; < 0: no wait */
	u32 last_oow_ack_time; /* jiffies of the last challenge or duplicate ACK (rate limit); 0: none */
	struct saved_syn *saved_syn; /* NULL, or what TCP_SAVED_SYN returns */
	union {
		/* if fastopen_passive: the request, which sends the SYN-ACK */
		struct request_sock *fastopen_rsk;
		/* else: the connect() with data that a thread is executing, or NULL */
		struct tcp_fastopen_request *fastopen_req;
	};
};
BUILD_BUG_ON(sizeof(struct tcp_sock) > 1664);

/* urg_data: the low byte is the urgent byte if TCP_URG_VALID is set. */
#define TCP_URG_VALID  0x0100 /* the byte was received and not read */
#define TCP_URG_NOTYET 0x0200 /* the pointer was received, the byte was not */
#define TCP_URG_READ   0x0400 /* the byte was read with MSG_OOB; the stream has not passed it */

/*
 * States of the sender; TCP_INFO reports the time spent in each.  If several apply, the last one of the enum
 * counts.
 */
enum tcp_chrono {
	TCP_CHRONO_NONE,           /* nothing to send, nothing in flight */
	TCP_CHRONO_BUSY,           /* data waits or is in flight */
	TCP_CHRONO_RWND_LIMITED,   /* data waits for the peer's window to open */
	TCP_CHRONO_SNDBUF_LIMITED, /* the application waits for room in the send buffer */
	TCP_CHRONO_MAX
};

/* Bits of tsq_state: TCP small queues (tcp_pacing.c). */
#define TSQ_THROTTLED 0 /* too much is in the device: a completion must start the sender */
#define TSQ_QUEUED    1 /* TASKLET_SOFTIRQ will start the sender; one byte of sk_wmem_alloc is held */

/*
 * Work that became due in softirq while a thread owned the socket; tcp_release_cb() does it when the
 * thread releases the socket.  Each set bit holds a reference to the socket.
 */
enum tsq_flags {
	TCP_TSQ_DEFERRED = 0x8,
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
	u64 snt_synack; /* ns: when the first SYN-ACK was built, also the time in its TSval; 0: not yet */
	u32 last_oow_ack_time;
	u32 rcv_nxt;
	u32 ts_off;
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

#endif
