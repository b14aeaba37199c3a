/* SPDX-License-Identifier: MIT */
/*
 * Congestion control (RFC 5681): the states of a sender, the operations of an algorithm, the samples that it
 * gets, and counts of segments.
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * Corresponds to a part of Linux's include/net/tcp.h.
 */
#ifndef NET_TCP_TCP_CONG_H
#define NET_TCP_TCP_CONG_H

#include "net/tcp/tcp_sock.h"

/* ---- congestion control ------------------------------------------------------------------------------- */
enum tcp_ca_state {
	TCP_CA_Open,
	TCP_CA_Disorder,
	TCP_CA_CWR,
	TCP_CA_Recovery,
	TCP_CA_Loss,
	TCP_CA_STATES
};
enum tcp_ca_event {
	CA_EVENT_TX_START,     /* data is sent while none is in flight */
	CA_EVENT_CWND_RESTART, /* cwnd is lowered, because the sender was idle */
	CA_EVENT_COMPLETE_CWR, /* a reduction of cwnd has ended */
	CA_EVENT_LOSS,         /* the retransmission timeout expired */
	CA_EVENT_ECN_NO_CE,    /* a packet without a CE mark arrived */
	CA_EVENT_ECN_IS_CE     /* a packet with a CE mark arrived */
};
/* Flags of in_ack_event(). */
enum tcp_ca_ack_event_flags {
	CA_ACK_SLOWPATH = 0x1,   /* header prediction did not apply */
	CA_ACK_WIN_UPDATE = 0x2, /* the ACK updated the peer's window */
	CA_ACK_ECE = 0x4         /* the ACK has the ECE flag */
};

/* The segments that an ACK acknowledges; the argument of pkts_acked(). */
struct ack_sample {
	u32 pkts_acked;
	s32 rtt_us; /* us: round-trip time of the last segment that the ACK reports; -1: not known */
	u32 in_flight; /* bytes in flight when that segment was sent, including that segment */
};

/*
 * A sample of the delivery rate, made for an ACK (tcp_rate.c).  "The last segment" is the one that was sent
 * last of all segments that the ACK delivered; the interval begins with the last delivery before this segment
 * was sent.
 */
struct rate_sample {
	u64 prior_mstamp;    /* ns: beginning of the interval; 0: the ACK delivered nothing */
	u32 prior_delivered; /* tp->delivered at the beginning of the interval */
	s32 delivered;       /* segments delivered in the interval; -1: not known */
	long interval_us;    /* length of the interval; -1: not known */
	long rtt_us;         /* round-trip time of the newest segment; -1: not known */
	u32 losses;          /* segments newly marked as lost by the ACK */
	u32 acked_sacked;    /* segments newly delivered by the ACK */
	u32 prior_in_flight; /* segments in flight before the ACK */
	u32 last_end_seq;    /* end_seq of the newest segment */
	bool is_app_limited; /* the application had too little data when the newest segment was sent */
	bool is_retrans;     /* the newest segment was retransmitted */
	bool is_ack_delayed; /* the ACK is for one segment, so the peer may have delayed it */
};

/* Flags of an algorithm. */
#define TCP_CONG_NON_RESTRICTED 0x1 /* any application may choose it */
#define TCP_CONG_NEEDS_ECN      0x2 /* its packets are ECN-capable, retransmissions too */

struct tcp_congestion_ops {
	struct list_head list;
	u32 flags;                        /* TCP_CONG_* */
	void (*init)(struct sock *sk);    /* may be NULL */
	void (*release)(struct sock *sk); /* may be NULL */
	u32 (*ssthresh)(struct sock *sk); /* returns the new ssthresh after a loss, in segments */
	/*
	 * Called for an ACK that may raise cwnd. @ack: the number that the ACK acknowledges;
	 * @acked: segments newly acknowledged.
	 */
	void (*cong_avoid)(struct sock *sk, u32 ack, u32 acked);
	/*
	 * May be NULL.  Called for each ACK instead of cong_avoid() and tcp_cwnd_reduction(); sets cwnd and
	 * sk_pacing_rate itself.
	 */
	void (*cong_control)(struct sock *sk, const struct rate_sample *rs);
	void (*set_state)(struct sock *sk, u8 new_state);          /* may be NULL */
	void (*cwnd_event)(struct sock *sk, enum tcp_ca_event ev); /* may be NULL */
	void (*in_ack_event)(struct sock *sk, u32 flags);          /* may be NULL */
	u32 (*undo_cwnd)(struct sock *sk);                         /* returns cwnd after an undo */
	void (*pkts_acked)(struct sock *sk, const struct ack_sample *sample); /* may be NULL */
	u32 (*min_tso_segs)(
		struct sock *
			sk); /* returns the least number of segments in a burst; NULL: the sysctl */
	u32 (*sndbuf_expand)(
		struct sock *sk); /* returns the send buffer's size in cwnds; NULL: 2 */
	/* Fills @info for TCP_CC_INFO and returns its length.  NULL: the algorithm has no such info. */
	size_t (*get_info)(const struct sock *sk, union tcp_cc_info *info);
	char name[TCP_CA_NAME_MAX];
};
extern struct tcp_congestion_ops tcp_reno, tcp_cubic, tcp_bbr, tcp_dctcp;
/* Returns 0, -EINVAL if a mandatory operation is missing, or -EEXIST if the name is taken. */
int tcp_register_congestion_control(struct tcp_congestion_ops *ca);
struct tcp_congestion_ops *tcp_ca_find(const char *name);
/* Sets the algorithm of new sockets; returns 0, or -ENOENT for an unknown @name. */
int tcp_set_default_congestion_control(const char *name);
const char *tcp_default_congestion_control(void);   /* returns the name of that algorithm */
const char *tcp_available_congestion_control(void); /* returns all names, blanks between them */
/*
 * The algorithms that TCP_CONGESTION accepts; @names has blanks between the names.  If a name is unknown, the
 * setter returns -ENOENT and changes nothing.
 */
int tcp_set_allowed_congestion_control(const char *names);
const char *tcp_allowed_congestion_control(void);
void tcp_assign_congestion_control(struct sock *sk);
void tcp_init_congestion_control(struct sock *sk);
void tcp_cleanup_congestion_control(struct sock *sk);
/*
 * Returns 0, -ENOENT if @name is unknown, or -EPERM if it is not in tcp_allowed_congestion_control.
 */
int tcp_set_congestion_control(struct sock *sk, const char *name);
u32 tcp_reno_ssthresh(struct sock *sk);
void tcp_reno_cong_avoid(struct sock *sk, u32 ack, u32 acked);
u32 tcp_reno_undo_cwnd(struct sock *sk);
u32 tcp_slow_start(struct tcp_sock *tp, u32 acked);
void tcp_cong_avoid_ai(struct tcp_sock *tp, u32 w, u32 acked);
bool tcp_is_cwnd_limited(const struct sock *sk);
/* Sets sk_pacing_rate to one window for each round trip, times a sysctl's percentage. */
void tcp_update_pacing_rate(struct sock *sk);

/*
 * Changes icsk_ca_state, of which other functions set only the initial value.  Checks the table of legal
 * transitions (tcp_recovery.c).
 */
void tcp_set_ca_state(struct sock *sk, u8 state);
static inline bool tcp_ca_needs_ecn(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_ops->flags & TCP_CONG_NEEDS_ECN;
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

#endif
