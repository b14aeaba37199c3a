/* SPDX-License-Identifier: MIT */
/*
 * inet_connection_sock: an inet_sock and the additional state of any connection-oriented protocol:
 * the accept queue of a listener, the timers for retransmission and delayed ACKs, and congestion
 * control. No TCP header is read here. Compare Linux's include/net/inet_connection_sock.h.
 */
#ifndef NET_INET_INET_CONNECTION_SOCK_H
#define NET_INET_INET_CONNECTION_SOCK_H

#include "net/inet/inet_sock.h"

struct inet_bind_bucket;
struct tcp_congestion_ops;
struct tcp_fastopen_cookie;

/*
 * The operations of the network layer below a connection; the only instance is ipv4_specific. TCP
 * calls them wherever it needs an address, a header or a route, so that TCP does not depend on an
 * address family. Linux has the operations for requests in a separate table (tcp_request_sock_ops).
 */
struct inet_connection_sock_af_ops {
	u16 net_header_len; /* bytes of the network header without options */
	u16 min_mtu;        /* bytes of a packet that every link can carry without fragmentation */
	/* Adds the network header and sends the segment. Takes @skb. Returns 0 or -errno. */
	int (*queue_xmit)(struct sock *sk, struct sk_buff *skb);
	void (*send_check)(struct sock *sk, struct sk_buff *skb);
	/*
	 * Makes sure that sk_dst_cache contains a valid route. The sock is owned or bh-locked.
	 * Returns 0 or -errno.
	 */
	int (*rebuild_header)(struct sock *sk);
	/* recvmsg(MSG_ERRQUEUE), see ip_recv_error(). Process context, without the socket lock. */
	int (*recv_error)(struct sock *sk, struct kmsghdr *msg, size_t len, int *addr_len);
	/* Called after an ICMP error reported that the path MTU fell to mtu_info. */
	void (*mtu_reduced)(struct sock *sk);

	/*
	 * Processes a SYN for a listener. Softirq. Follows the contract of net/core/dropreason.h.
	 */
	enum skb_drop_reason (*conn_request)(struct sock *sk, struct sk_buff *skb);
	/* Copies the addresses of the SYN @skb to @req. */
	void (*init_req)(struct request_sock *req, const struct sk_buff *skb);
	/*
	 * Returns a route to @req's peer, with a reference. If there is no route, counts the
	 * failure (OutNoRoutes) and returns NULL.
	 */
	struct dst_entry *(*route_req)(const struct sock *sk, const struct request_sock *req);
	/*
	 * Returns the initial sequence number (RFC 6528), and in *@ts_off the offset that is added
	 * to the timestamps of this connection.
	 */
	u32 (*init_seq)(const struct request_sock *req, u32 *ts_off);
	/*
	 * Sends a RST in response to @skb, which is not acceptable in @sk's state. Does not free
	 * @skb.
	 */
	void (*send_reset)(const struct sock *sk, struct sk_buff *skb);
	/*
	 * Sends a SYN-ACK for @req. If @dst is NULL, looks up the route first. @foc: the cookie for
	 * Fast Open, NULL or of length -1: none. Returns 0 or -errno.
	 */
	int (*send_synack)(const struct sock *sk, struct dst_entry *dst, struct request_sock *req,
			   const struct tcp_fastopen_cookie *foc);
	/*
	 * Called for the handshake's ACK @skb: makes the child and exchanges it for @req in the
	 * ehash. Returns the child bh-locked, or NULL if the ACK must be dropped. *@own_req: true
	 * if the child is in the ehash; false if a concurrent ACK was first: then the child is in
	 * no table. A @req of a SYN cookie or of Fast Open was not in the ehash either.
	 */
	struct sock *(*syn_recv_sock)(const struct sock *sk, struct sk_buff *skb,
				      struct request_sock *req, bool *own_req);
};

#define ICSK_CA_PRIV_SIZE 104 /* bytes for the state of a congestion control algorithm */

struct inet_connection_sock {
	struct inet_sock icsk_inet; /* first */
	struct request_sock_queue icsk_accept_queue;
	struct inet_bind_bucket *icsk_bind_hash; /* bucket of the local port, NULL: not bound */
	/* jiffies at which the retransmission timer expires */
	unsigned long icsk_timeout;
	/* its purpose is in icsk_pending */
	struct timer_list icsk_retransmit_timer;
	struct timer_list icsk_delack_timer;
	u32 icsk_rto; /* jiffies */
	/* jiffies; set by TCP_RTO_MAX_MS, TCP_RTO_MIN_US and TCP_DELACK_MAX_US; 0: not set */
	u32 icsk_rto_max, icsk_rto_min, icsk_delack_max;
	u32 icsk_pmtu_cookie;
	const struct tcp_congestion_ops *icsk_ca_ops;
	const struct inet_connection_sock_af_ops *icsk_af_ops;
	u8 icsk_ca_state;         /* TCP_CA_* */
	bool icsk_ca_setsockopt;  /* the application chose icsk_ca_ops: children inherit it */
	bool icsk_ca_initialized; /* icsk_ca_ops->init() was called, so release() is due */
	u8 icsk_retransmits; /* consecutive retransmission timeouts without an ACK of new data */
	u8 icsk_pending;     /* ICSK_TIME_*: purpose of icsk_retransmit_timer, 0: none */
	u8 icsk_backoff;     /* how often the RTO was doubled */
	u8 icsk_syn_retries; /* TCP_SYNCNT; 0: the sysctl's value */
	u8 icsk_probes_out;  /* zero-window probes without an answer */
	u16 icsk_ext_hdr_len;
	struct {
		u8 pending;  /* ICSK_ACK_* */
		u8 quick;    /* how many further ACKs to send without delay */
		u8 pingpong; /* the connection is interactive: delay ACKs */
		u8 blocked;  /* the delayed-ACK timer expired while a thread owned the socket */
		u32 ato;     /* jiffies: current timeout of a delayed ACK */
		unsigned long timeout;
		u32 lrcvtime; /* jiffies when data was last received */
		u16 last_seg_size;
		u16 rcv_mss; /* bytes: estimate of the peer's MSS */
	} icsk_ack;
	/* the search for the path MTU (net/tcp/tcp_mtup.c); sizes are of IP packets in bytes */
	struct {
		u32 search_high, search_low;
		u32 probe_size;                     /* size of the probe in flight; 0: none */
		u32 probe_seq_start, probe_seq_end; /* first byte of the probe, and its end */
		u32 probe_timestamp;                /* jiffies: when the search began */
		bool enabled;
	} icsk_mtup;
	u32 icsk_user_timeout; /* ms */
	u64 icsk_ca_priv[ICSK_CA_PRIV_SIZE / sizeof(u64)];
};

#define ICSK_TIME_RETRANS     1
#define ICSK_TIME_DACK        2
#define ICSK_TIME_PROBE0      3
#define ICSK_TIME_LOSS_PROBE  5
#define ICSK_TIME_REO_TIMEOUT 6

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
/*
 * Arms the timer for the purpose @what (ICSK_TIME_*), to expire in @when jiffies but not later than
 * in @max_when.
 */
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
/* Resets connections that were not accepted, frees half-open requests. The listener is owned. */
void inet_csk_listen_stop(struct sock *sk);
struct sock *inet_csk_accept(struct sock *sk, int flags, int *err);
/*
 * Binds @sk to local port @snum, or to a free port if @snum is 0. Returns 0, or 1 if the port is in
 * use (-EADDRINUSE to the application).
 */
int inet_csk_get_port(struct sock *sk, unsigned short snum);
/*
 * Returns true if another owner of the port @tb forbids that @sk uses it too, by the rules of
 * SO_REUSEADDR.
 */
bool inet_csk_bind_conflict(const struct sock *sk, const struct inet_bind_bucket *tb);

/*
 * Returns the current timeout of @req's SYN-ACK in jiffies: 1 s, doubled each time the timer
 * expired, at most 120 s.
 */
static inline unsigned long reqsk_timeout(const struct request_sock *req)
{
	/* num_timeout may be up to tcp_synack_retries, so limit the shift */
	return req->num_timeout < 7 ? HZ << req->num_timeout : 120 * HZ;
}

extern int sysctl_tcp_synack_retries; /* docs/sysctl.md */

/* ---- half-open connections -------------------------------------------------------------------------- */
struct request_sock *inet_reqsk_alloc(const struct request_sock_ops *ops, struct sock *sk_listener);
/*
 * Adds @req to the ehash and arms its SYN-ACK timer with @timeout jiffies. Sets its reference count
 * to 3: for hash table, timer and caller.
 */
void inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req,
				   unsigned long timeout);
/*
 * Called when the SYN-ACK was retransmitted before its timer expired: starts the timer anew, unless
 * @req has left the ehash.
 */
void inet_csk_reqsk_timer_restart(struct request_sock *req);
void inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req);
void inet_csk_reqsk_queue_drop_and_put(struct sock *sk, struct request_sock *req);
/*
 * Makes the child for the handshake of @req, a copy of the listener @sk. Returns it in state
 * SYN_RECV, bh-locked, or NULL if there is no memory.
 */
struct sock *inet_csk_clone_lock(const struct sock *sk, const struct request_sock *req, gfp_t gfp);
/*
 * Adds @child to the accept queue and returns it. If @sk listens no longer, destroys @child and
 * returns NULL.
 */
struct sock *inet_csk_reqsk_queue_add(struct sock *sk, struct request_sock *req,
				      struct sock *child);
/*
 * Removes @req from the half-open requests and adds @child to the accept queue. Returns @child,
 * still bh-locked; or NULL after unlocking and putting it, if it was not queued.
 */
struct sock *inet_csk_complete_hashdance(struct sock *sk, struct sock *child,
					 struct request_sock *req, bool own_req);

/* ---- the end of a connection ----------------------------------------------------------------------- */
/*
 * The last step of a connection. The state must be TCP_CLOSE, SOCK_DEAD must be set, and the sock
 * must be in no hash table. Releases the port and the queues, and drops the reference that the
 * connection itself held.
 */
void inet_csk_destroy_sock(struct sock *sk);
/* Prepares the end of a child that will not be accepted, as if the application had closed it. */
void inet_csk_prepare_forced_close(struct sock *sk);
void inet_sock_destruct(struct sock *sk);

#endif
