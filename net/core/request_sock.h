/* SPDX-License-Identifier: MIT */
/*
 * request_sock: a connection that is half open.  It begins with the same fields as struct sock, so
 * it is in the ehash, in state TCP_NEW_SYN_RECV. It has its own SYN-ACK timer.  Also the queue of a
 * listener: established connections that wait for accept(). Linux's include/net/request_sock.h.
 *
 * References of a request: one for the hash, one for its timer, one for the caller that found it.
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
	/* Sends the SYN-ACK again.  0 or -errno. */
	int (*rtx_syn_ack)(const struct sock *sk, struct request_sock *req);
	/* Answers a segment for a request in SYN_RECV that cannot be accepted now with an ACK. */
	void (*send_ack)(const struct sock *sk, struct sk_buff *skb, struct request_sock *req);
	void (*destructor)(struct request_sock *req);
};

struct request_sock {
	struct sock_common __req_common; /* first */
#define rsk_refcnt __req_common.skc_refcnt
	struct request_sock *dl_next; /* accept queue */
	struct hlist_node rsk_node;   /* rskq_half_open; rskq_lock */
	struct sock *rsk_listener;    /* holds a reference */
	const struct request_sock_ops *rsk_ops;
	struct sock *sk; /* the child, once it is made */
	u16 mss;         /* of the peer's SYN */
	u8 num_retrans;  /* SYN-ACKs sent again */
	u8 num_timeout;  /* timer runs */
	u32 rsk_window_clamp;
	u32 rsk_rcv_wnd; /* window of our SYN-ACK */
	u32 ts_recent;
	struct timer_list rsk_timer;
};

/* Unused until Fast Open. */
struct fastopen_queue {
	int qlen;
	int max_qlen; /* 0: Fast Open is off */
};

struct request_sock_queue {
	spinlock_t rskq_lock;
	u8 rskq_defer_accept; /* seconds of SYN-ACK timeouts to wait for data */
	atomic_t qlen;        /* half-open ones */
	atomic_t young;       /* of these, requests whose SYN-ACK was sent once only */
	struct request_sock *rskq_accept_head, *rskq_accept_tail; /* FIFO of connections */
	struct hlist_head rskq_half_open;                         /* while it listens */
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

/* refcount is 0: the hash insertion sets it.  Takes a reference of @sk_listener. */
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
/* The oldest established connection; NULL when empty.  Listener locked. */
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
/* Takes a half-open request off the list, with a reference for the caller; NULL: there is none. */
struct request_sock *reqsk_queue_take_half_open(struct request_sock_queue *queue);

#endif
