/* SPDX-License-Identifier: MIT */
/*
 * request_sock: a half-open connection. It begins with the same fields as struct sock, so that it
 * can be in the ehash, in state TCP_NEW_SYN_RECV. Each request has its own SYN-ACK timer. This file
 * also has a listener's accept queue: the established connections that wait for accept(). Compare
 * Linux's include/net/request_sock.h.
 *
 * References to a request: one held by the hash table, one by its armed timer, one by each caller
 * that found it.
 */
#ifndef NET_CORE_REQUEST_SOCK_H
#define NET_CORE_REQUEST_SOCK_H

#include "net/core/sock.h"

struct request_sock;

struct request_sock_ops {
	int family;
	unsigned int obj_size;
	const char *slab_name;
	struct kmem_cache *slab; /* made by proto_register() */
	/* Retransmits the SYN-ACK. Returns 0 or -errno. */
	int (*rtx_syn_ack)(const struct sock *sk, struct request_sock *req);
	/*
	 * Sends an ACK in response to @skb, a segment for the half-open connection @req that is not
	 * acceptable.
	 */
	void (*send_ack)(const struct sock *sk, struct sk_buff *skb, struct request_sock *req);
	void (*destructor)(struct request_sock *req);
};

/* The headers of a SYN, from the IP header to the TCP options. */
struct saved_syn {
	u32 len; /* bytes of data */
	u8 data[];
};

struct request_sock {
	struct sock_common __req_common; /* first */
#define rsk_refcnt __req_common.skc_refcnt
	struct request_sock *dl_next; /* next in the accept queue */
	struct hlist_node rsk_node;   /* in rskq_half_open; protected by rskq_lock */
	struct sock *rsk_listener;    /* the listener; the request holds a reference to it */
	const struct request_sock_ops *rsk_ops;
	struct sock *sk; /* the child; NULL until the handshake completes */
	u16 mss;         /* from the MSS option of the peer's SYN */
	u8 num_retrans;  /* how often the SYN-ACK was retransmitted */
	u8 num_timeout;  /* how often the timer has expired */
	u32 rsk_window_clamp;
	u32 rsk_rcv_wnd; /* bytes; the window that our SYN-ACK advertised */
	u32 ts_recent;
	struct timer_list rsk_timer;
	struct saved_syn *saved_syn; /* headers for TCP_SAVED_SYN, or NULL; the child takes it */
};

/* A listener's state of TCP Fast Open (net/tcp/tcp_fastopen.h). rskq_lock guards the first two fields. */
struct fastopen_queue {
	/*
	 * the newest request in the ring of requests whose child a RST has ended; they are kept for
	 * a while. dl_next links them, from the oldest on; the newest one's dl_next is the oldest
	 * one. NULL: the ring is empty
	 */
	struct request_sock *reset_tail;
	/* number of children whose handshake has not ended, plus requests in the ring */
	int qlen;
	int max_qlen;                     /* 0: Fast Open is off */
	struct tcp_fastopen_context *ctx; /* the listener's own keys; NULL: the sysctl's */
};

struct request_sock_queue {
	spinlock_t rskq_lock; /* guards rskq_accept_head, rskq_accept_tail and rskq_half_open */
	u8 rskq_defer_accept; /* TCP_DEFER_ACCEPT: how many SYN-ACK timeouts to wait for data */
	bool synflood_warned; /* the log has a line about a full queue since listen() */
	atomic_t qlen;        /* number of half-open requests */
	atomic_t young;       /* number of half-open requests whose timer has never expired */
	/* first and last connection that waits for accept() */
	struct request_sock *rskq_accept_head, *rskq_accept_tail;
	/* half-open requests, while the socket listens */
	struct hlist_head rskq_half_open;
	struct fastopen_queue fastopenq;
};

void reqsk_queue_alloc(struct request_sock_queue *queue);

static inline struct request_sock *inet_reqsk(struct sock *sk)
{
	return (struct request_sock *)sk;
}
static inline struct sock *req_to_sk(struct request_sock *req)
{
	return (struct sock *)req;
}

/*
 * Allocates a request with a reference to @sk_listener. Its own reference count is 0 until it is
 * inserted into the hash table. Returns NULL if there is no memory, or if the listener is being
 * freed.
 */
struct request_sock *reqsk_alloc(const struct request_sock_ops *ops, struct sock *sk_listener,
				 gfp_t gfp);
void __reqsk_free(struct request_sock *req);
static inline void reqsk_put(struct request_sock *req)
{
	if (refcount_dec_and_test(&req->rsk_refcnt))
		__reqsk_free(req);
}

static inline bool reqsk_queue_empty(const struct request_sock_queue *queue)
{
	return !READ_ONCE(queue->rskq_accept_head);
}
/*
 * Removes and returns the oldest established connection, or NULL if the queue is empty. @parent is
 * the listener and must be locked.
 */
struct request_sock *reqsk_queue_remove(struct request_sock_queue *queue, struct sock *parent);
static inline int reqsk_queue_len(const struct request_sock_queue *queue)
{
	return atomic_read(&queue->qlen);
}
static inline int reqsk_queue_len_young(const struct request_sock_queue *queue)
{
	return atomic_read(&queue->young);
}
void reqsk_queue_removed(struct request_sock_queue *queue, struct request_sock *req);
/*
 * The handshake of @req's child has ended: drops the request, unless accept() will do that. If
 * @keep is not 0 and the child was accepted, fastopenq.qlen counts the request for another @keep jiffies.
 */
void reqsk_fastopen_remove(struct request_sock *req, unsigned long keep);
/*
 * Takes the oldest request that reqsk_fastopen_remove() has kept, if its time is over or @any is
 * true. Returns it with a reference for the caller, or NULL.
 */
struct request_sock *reqsk_fastopen_take_reset(struct request_sock_queue *queue, bool any);
/*
 * Removes a request from rskq_half_open and returns the request with a reference for the caller.
 * Returns NULL if the list is empty.
 */
struct request_sock *reqsk_queue_take_half_open(struct request_sock_queue *queue);

#endif
