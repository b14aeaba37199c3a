/* SPDX-License-Identifier: MIT */
/*
 * Half-open connections as objects, and the accept queue of a listener.
 *
 * reqsk_queue_alloc() <- inet_csk_listen_start() (process); reqsk_alloc() <- inet_reqsk_alloc() <-
 * tcp_conn_request() (softirq); reqsk_queue_remove() <- inet_csk_accept() (process, listener
 * owned); reqsk_queue_take_half_open() <- inet_csk_listen_stop() (process); __reqsk_free() with the
 * last reference, any context.
 *
 * The counts of half-open ones are atomics, since a SYN does not lock the listener; the accept
 * queue has its own lock for the same reason.  Answers to Linux's net/core/request_sock.c.
 */
#include "net/core/request_sock.h"

#include "kernel/mm/slab.h"

/*
 * A listener begins, perhaps not for the first time: half-open connections of its last life were taken
 * away when that ended, and TCP_DEFER_ACCEPT may have been set before.  A sock is made of zeroes, which
 * is an unlocked lock.
 */
noinline void reqsk_queue_alloc(struct request_sock_queue *queue)
{
	spin_lock_bh(&queue->rskq_lock);
	queue->rskq_accept_head = queue->rskq_accept_tail = NULL;
	spin_unlock_bh(&queue->rskq_lock);
}

noinline struct request_sock *reqsk_alloc(const struct request_sock_ops *ops,
					  struct sock *sk_listener, gfp_t gfp)
{
	struct request_sock *req = kmem_cache_zalloc(ops->slab, gfp);

	if (!req)
		return NULL;
	/* The listener may be on its last reference: no new request may be made for it then. */
	if (!refcount_inc_not_zero(&sk_listener->sk_refcnt)) {
		kmem_cache_free(ops->slab, req);
		return NULL;
	}
	req->rsk_listener = sk_listener;
	req->rsk_ops = ops;
	req->__req_common.skc_family = sk_listener->sk_family;
	req->__req_common.skc_prot = sk_listener->sk_prot;
	return req;
}

void __reqsk_free(struct request_sock *req)
{
	struct sock *listener = req->rsk_listener;

	if (req->rsk_ops->destructor)
		req->rsk_ops->destructor(req);
	kmem_cache_free(req->rsk_ops->slab, req);
	sock_put(listener);
}

noinline struct request_sock *reqsk_queue_remove(struct request_sock_queue *queue,
						 struct sock *parent)
{
	struct request_sock *req;

	spin_lock_bh(&queue->rskq_lock);
	req = queue->rskq_accept_head;
	if (req) {
		WRITE_ONCE(queue->rskq_accept_head, req->dl_next);
		if (!queue->rskq_accept_head)
			queue->rskq_accept_tail = NULL;
		req->dl_next = NULL;
		parent->sk_ack_backlog--;
	}
	spin_unlock_bh(&queue->rskq_lock);
	return req;
}

/* A SYN does not lock the listener: one that ends at this moment on another CPU has emptied the list
 * already, and leaves this request to its timer. */
void reqsk_queue_added(struct request_sock_queue *queue, struct request_sock *req)
{
	atomic_inc(&queue->young);
	atomic_inc(&queue->qlen);
	spin_lock_bh(&queue->rskq_lock);
	if (sk_state_load(req->rsk_listener) == TCP_LISTEN)
		hlist_add_head(&req->rsk_node, &queue->rskq_half_open);
	spin_unlock_bh(&queue->rskq_lock);
}

/* Once for each request: the caller took it out of the table and has a reference. */
void reqsk_queue_removed(struct request_sock_queue *queue, struct request_sock *req)
{
	if (!req->num_timeout)
		atomic_dec(&queue->young);
	atomic_dec(&queue->qlen);
	spin_lock_bh(&queue->rskq_lock);
	hlist_del_init(&req->rsk_node);
	spin_unlock_bh(&queue->rskq_lock);
}

struct request_sock *reqsk_queue_take_half_open(struct request_sock_queue *queue)
{
	struct request_sock *req = NULL;

	spin_lock_bh(&queue->rskq_lock);
	if (queue->rskq_half_open.first) {
		req = hlist_entry(queue->rskq_half_open.first, struct request_sock, rsk_node);
		refcount_inc(&req->rsk_refcnt);
		hlist_del_init(&req->rsk_node);
	}
	spin_unlock_bh(&queue->rskq_lock);
	return req;
}
