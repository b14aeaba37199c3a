/* SPDX-License-Identifier: MIT */
/*
 * TCP's objects: struct tcp_sock, its request and its TIME_WAIT; the checked options and the
 * control block of a segment.  Names and roles of Linux's include/linux/tcp.h.
 *
 * The fields of a tcp_sock are the socket's owner's, or of the holder of the bh lock without an owner.
 */
#ifndef NET_TCP_TCP_SOCK_H
#define NET_TCP_TCP_SOCK_H

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

#define TCPCB_SACKED_ACKED   0x01 /* unused until SACK */
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

	u32 rcv_nxt;    /* expected next */
	u32 copied_seq; /* head of what the application has not read */
	u32 rcv_wup;    /* rcv_nxt when the window was last sent */
	u32 snd_nxt;    /* sent next */
	u32 snd_una;    /* oldest not acknowledged */
	u32 snd_sml;    /* end of the last small packet (Minshall) */
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
	u32 unanswered_stamp; /* the same since snd_una last moved; 0: no retransmission */
	u32 total_retrans;
	u32 delivered; /* segments that arrived */
	u32 reordering;
	u64 bytes_acked, bytes_received;
	u32 segs_in, segs_out;
	u64 bytes_sent, bytes_retrans; /* the first with the second */
	u32 reord_seen;                /* times that reordering was learned */
	u32 rcv_ooopack;               /* segments that came out of order */
	u32 chrono_start;              /* jiffies: since when it is chrono_type */
	u32 chrono_stat[3];            /* jiffies spent in each but TCP_CHRONO_NONE */

	struct sk_buff *retransmit_skb_hint; /* where retransmission continues; NULL: the head */

	/* received out of order: a tree by sequence number, limited (TCP_OFO_PACKETS_MAX) */
	struct rb_root out_of_order_queue;
	struct sk_buff *ooo_last_skb;

	struct tcp_options_received rx_opt;
	u32 tsoffset; /* secret offset of our timestamps, of this connection */

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
	u8 ecn_flags; /* always 0 until ECN */
	u8 tsq_flags; /* TCP_*_DEFERRED: work that softirq left to the owner; under sk_lock.slock */
	int linger2;  /* s; < 0: no FIN_WAIT2 */
	u32 last_oow_ack_time; /* challenge and duplicate ACKs, rate limit */
};
BUILD_BUG_ON(sizeof(struct tcp_sock) > 1280);

/* The sender's present limit, in rising priority (TCP_INFO). */
enum tcp_chrono {
	TCP_CHRONO_NONE,
	TCP_CHRONO_BUSY,           /* data waits or is in flight */
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
