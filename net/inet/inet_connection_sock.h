/* SPDX-License-Identifier: MIT */
/*
 * inet_connection_sock: inet_sock + what any connection-oriented protocol needs: the accept queue of
 * a listener; retransmit and delayed-ACK timers; congestion control.  No TCP header is read here.
 * Linux's include/net/inet_connection_sock.h.
 */
#ifndef NET_INET_INET_CONNECTION_SOCK_H
#define NET_INET_INET_CONNECTION_SOCK_H

#include "net/inet/inet_sock.h"

struct inet_bind_bucket;
struct tcp_congestion_ops;

/*
 * The network layer below a connection: IPv4 today (ipv4_specific).  TCP calls these operations
 * wherever it needs an address, a header or a route, so that it depends on no address family.
 * Linux has the operations of a request in a table of their own (tcp_request_sock_ops).
 */
struct inet_connection_sock_af_ops {
	u16 net_header_len; /* bytes */
	u16 min_mtu;        /* bytes that every link carries in one piece */
	/* Sends a segment; takes @skb. 0 or -errno. */
	int (*queue_xmit)(struct sock *sk, struct sk_buff *skb);
	void (*send_check)(struct sock *sk, struct sk_buff *skb);
	/* Owner or bh lock.  Puts a valid route into sk_dst_cache: 0 or -errno. */
	int (*rebuild_header)(struct sock *sk);
	/* An ICMP error said that the path's MTU fell to mtu_info. */
	void (*mtu_reduced)(struct sock *sk);

	/* A SYN for a listener, softirq.  The contract of net/core/dropreason.h. */
	enum skb_drop_reason (*conn_request)(struct sock *sk, struct sk_buff *skb);
	/* Fills the addresses of @req from the SYN @skb. */
	void (*init_req)(struct request_sock *req, const struct sk_buff *skb);
	/* The route to @req's peer, with a reference; NULL, and counted: there is none. */
	struct dst_entry *(*route_req)(const struct sock *sk, const struct request_sock *req);
	/*
	 * RFC 6528: the initial sequence number; *@ts_off: the offset of this connection's
	 * timestamps.
	 */
	u32 (*init_seq)(const struct request_sock *req, u32 *ts_off);
	/* Answers @skb, which is not acceptable in @sk's state, with a RST. Does not free @skb. */
	void (*send_reset)(const struct sock *sk, struct sk_buff *skb);
	/* @dst NULL: the route is looked up.  0 or -errno. */
	int (*send_synack)(const struct sock *sk, struct dst_entry *dst, struct request_sock *req);
	/*
	 * The handshake's ACK: makes the child, bh-locked, in @req's place in the tables; NULL:
	 * dropped.
	 */
	struct sock *(*syn_recv_sock)(const struct sock *sk, struct sk_buff *skb,
				      struct request_sock *req, bool *own_req);
};

#define ICSK_CA_PRIV_SIZE 104 /* bytes of the largest congestion control's state */

struct inet_connection_sock {
	struct inet_sock icsk_inet; /* first */
	struct request_sock_queue icsk_accept_queue;
	struct inet_bind_bucket *icsk_bind_hash; /* of the local port */
	unsigned long icsk_timeout;              /* jiffies: when the retransmit timer is due */
	struct timer_list icsk_retransmit_timer; /* RTO and zero-window probes: icsk_pending says */
	struct timer_list icsk_delack_timer;
	u32 icsk_rto; /* jiffies */
	u32 icsk_pmtu_cookie;
	const struct tcp_congestion_ops *icsk_ca_ops;
	const struct inet_connection_sock_af_ops *icsk_af_ops;
	u8 icsk_ca_state; /* TCP_CA_* */
	bool icsk_ca_setsockopt;
	u8 icsk_retransmits; /* timeouts in a row without progress */
	u8 icsk_pending;     /* ICSK_TIME_* */
	u8 icsk_backoff;     /* RTO doublings */
	u8 icsk_syn_retries; /* 0: the default */
	u8 icsk_probes_out;  /* unanswered window probes */
	u16 icsk_ext_hdr_len;
	struct {
		u8 pending;  /* ICSK_ACK_* */
		u8 quick;    /* ACKs to send at once */
		u8 pingpong; /* interactive: delay ACKs */
		u8 blocked;  /* timer came while a thread owned the socket */
		u32 ato;     /* jiffies: predicted delay */
		unsigned long timeout;
		u32 lrcvtime; /* when data came last */
		u16 last_seg_size;
		u16 rcv_mss; /* guess of the peer's segments */
	} icsk_ack;
	u32 icsk_user_timeout; /* ms */
	u64 icsk_ca_priv[ICSK_CA_PRIV_SIZE / sizeof(u64)];
};

#define ICSK_TIME_RETRANS 1
#define ICSK_TIME_DACK    2
#define ICSK_TIME_PROBE0  3

#define ICSK_ACK_SCHED   1
#define ICSK_ACK_TIMER   2
#define ICSK_ACK_PUSHED  4
#define ICSK_ACK_PUSHED2 8
#define ICSK_ACK_NOW     16

static inline struct inet_connection_sock *inet_csk(const struct sock *sk)
{
	return (struct inet_connection_sock *)sk;
}
static inline void *inet_csk_ca(const struct sock *sk)
{
	return (void *)inet_csk(sk)->icsk_ca_priv;
}

/* ---- timers ------------------------------------------------------------------------------------- */
void inet_csk_init_xmit_timers(struct sock *sk, void (*retransmit)(unsigned long),
			       void (*delack)(unsigned long), void (*keepalive)(unsigned long));
void inet_csk_clear_xmit_timers(struct sock *sk);
/* @what: ICSK_TIME_*; @when: jiffies from now, at most @max_when. */
void inet_csk_reset_xmit_timer(struct sock *sk, int what, unsigned long when,
			       unsigned long max_when);
void inet_csk_clear_xmit_timer(struct sock *sk, int what);
void inet_csk_delack_init(struct sock *sk);
void inet_csk_reset_keepalive_timer(struct sock *sk, unsigned long len);
void inet_csk_delete_keepalive_timer(struct sock *sk);
static inline void inet_csk_schedule_ack(struct sock *sk)
{
	inet_csk(sk)->icsk_ack.pending |= ICSK_ACK_SCHED;
}
static inline bool inet_csk_ack_scheduled(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ack.pending & ICSK_ACK_SCHED;
}

/* ---- listening ------------------------------------------------------------------------------------ */
int inet_csk_listen_start(struct sock *sk, int backlog);
void inet_csk_listen_stop(
	struct sock *sk); /* locked: resets unaccepted connections, frees half-open ones */
struct sock *inet_csk_accept(struct sock *sk, int flags, int *err);
/* Port @snum, or a free one for 0.  0, 1 = taken (-EADDRINUSE to the application). */
int inet_csk_get_port(struct sock *sk, unsigned short snum);
/* Is there a connection whose acceptance would break ours (SO_REUSEADDR rules)? */
bool inet_csk_bind_conflict(const struct sock *sk, const struct inet_bind_bucket *tb);

/* The timeout of @req's SYN-ACK: 1 s, doubled with each run of its timer, at most 120 s. */
static inline unsigned long reqsk_timeout(const struct request_sock *req)
{
	/* the runs may be as many as the sysctl says */
	return req->num_timeout < 7 ? HZ << req->num_timeout : 120 * HZ;
}

extern int sysctl_tcp_synack_retries; /* docs/sysctl.md */

/* ---- half-open connections -------------------------------------------------------------------------- */
struct request_sock *inet_reqsk_alloc(const struct request_sock_ops *ops, struct sock *sk_listener);
/* Into the ehash, SYN-ACK timer armed for @timeout jiffies; refcount becomes 3 (hash, timer, caller). */
void inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req,
				   unsigned long timeout);
/* The SYN-ACK was sent before its timer: restarts the wait, unless @req has left the ehash. */
void inet_csk_reqsk_timer_restart(struct request_sock *req);
void inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req);
void inet_csk_reqsk_queue_drop_and_put(struct sock *sk, struct request_sock *req);
/* A listener's clone for the finished handshake: state SYN_RECV, bh-locked. */
struct sock *inet_csk_clone_lock(const struct sock *sk, const struct request_sock *req, gfp_t gfp);
/* Child into the accept queue: @child, or NULL when the listener is no longer one. */
struct sock *inet_csk_reqsk_queue_add(struct sock *sk, struct request_sock *req,
				      struct sock *child);
/* Request out of the queues, child in.  NULL: the caller frees @child. */
struct sock *inet_csk_complete_hashdance(struct sock *sk, struct sock *child,
					 struct request_sock *req, bool own_req);

/* ---- end ------------------------------------------------------------------------------------------- */
/* Last step of a dead, unhashed connection in TCP_CLOSE: frees port, queues, references. */
void inet_csk_destroy_sock(struct sock *sk);
/* A child that will not be accepted: as if closed at once. */
void inet_csk_prepare_forced_close(struct sock *sk);
void inet_sock_destruct(struct sock *sk);

#endif
