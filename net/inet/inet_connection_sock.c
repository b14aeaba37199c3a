/* SPDX-License-Identifier: MIT */
/*
 * The part of a connection-oriented protocol that does not read the protocol's headers: half-open
 * requests, the accept queue, accept(), and the three timers of a connection.
 *
 * Callers, in the order of a connection's life: listen() calls inet_csk_listen_start(). For a SYN,
 * tcp_conn_request() calls inet_reqsk_alloc() and inet_csk_reqsk_queue_hash_add() (softirq); until
 * the ACK arrives, reqsk_timer_handler() retransmits the SYN-ACK (softirq); for the ACK,
 * tcp_check_req() calls inet_csk_clone_lock() and inet_csk_complete_hashdance() (softirq). accept()
 * calls inet_csk_accept() (process). TCP calls inet_csk_*_xmit_timer() wherever it sends a segment
 * or receives an ACK (sock owned or bh-locked). tcp_done() and the other functions that end a
 * connection call inet_csk_destroy_sock() (any context); tcp_close() of a listener calls
 * inet_csk_listen_stop().
 *
 * A SYN, and an ACK that completes a handshake, do not lock the listener. The counts of half-open
 * requests are atomics, and the accept queue has a lock of its own (rskq_lock). Each request holds
 * a reference to its listener, so that the listener may be closed at any moment; its half-open
 * requests are then freed too.
 *
 * Compare Linux's net/ipv4/inet_connection_sock.c and net/core/request_sock.c; the functions for
 * ports are in inet_ports.c.
 */
#include "net/inet/inet_connection_sock.h"

#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "net/core/snmp.h"
#include "net/inet/inet_hashtables.h"
#include "net/inet/limits.h"

int sysctl_tcp_synack_retries = TCP_SYNACK_RETRIES;

/* ---- requests, and the accept queue ------------------------------------------------------------ */

/*
 * Called when a socket starts to listen, perhaps not for the first time. Only the accept queue and
 * the flag synflood_warned must be reset. If the socket has listened before, its half-open requests
 * were freed when it stopped. rskq_defer_accept may have been set before listen() and must stay. A
 * new sock is zeroed, and zero is a valid unlocked lock.
 */
noinline void reqsk_queue_alloc(struct request_sock_queue *queue)
{
	spin_lock_bh(&queue->rskq_lock);
	queue->rskq_accept_head = queue->rskq_accept_tail = NULL;
	queue->synflood_warned = false;
	spin_unlock_bh(&queue->rskq_lock);
}

noinline struct request_sock *reqsk_alloc(const struct request_sock_ops *ops,
					  struct sock *sk_listener, gfp_t gfp)
{
	struct request_sock *req = kmem_cache_zalloc(ops->slab, gfp);

	if (!req)
		return NULL;
	/*
	 * A listener whose last reference was dropped is being freed: no new request may point to
	 * it.
	 */
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
		sk_acceptq_removed(parent);
	}
	spin_unlock_bh(&queue->rskq_lock);
	return req;
}

/*
 * Removes @req from the listener's list and counts of half-open requests. Called once for each
 * request, by the caller that removed it from the ehash and holds a reference to it.
 */
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

void reqsk_fastopen_remove(struct request_sock *req, unsigned long keep)
{
	struct sock *listener = req->rsk_listener;
	struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;
	struct fastopen_queue *q = &queue->fastopenq;
	bool accepted;

	spin_lock_bh(&queue->rskq_lock);
	q->qlen--;
	inet_rsk(req)->tfo_listener = 0;
	accepted = !req->sk;
	if (accepted && keep && sk_state_load(listener) == TCP_LISTEN) {
		req->rsk_timer.expires = jiffies + keep;
		req->dl_next = req;
		if (q->reset_tail)
			swap(req->dl_next, q->reset_tail->dl_next);
		q->reset_tail = req;
		q->qlen++;
		accepted = false;
	}
	spin_unlock_bh(&queue->rskq_lock);
	if (accepted)
		reqsk_put(req);
}

struct request_sock *reqsk_fastopen_take_reset(struct request_sock_queue *queue, bool any)
{
	struct fastopen_queue *q = &queue->fastopenq;
	struct request_sock *req = NULL;

	spin_lock_bh(&queue->rskq_lock);
	if (q->reset_tail &&
	    (any || time_before_eq(q->reset_tail->dl_next->rsk_timer.expires, jiffies))) {
		req = q->reset_tail->dl_next;
		q->reset_tail->dl_next = req->dl_next;
		if (req == q->reset_tail)
			q->reset_tail = NULL;
		q->qlen--;
	}
	spin_unlock_bh(&queue->rskq_lock);
	return req;
}

/* ---- listen() -------------------------------------------------------------------------------- */

/*
 * The state must be TCP_LISTEN when get_port() checks again whether the port may be used. Meanwhile
 * the sock is in no table, so that no lookup can find a listener that may not use the port.
 */
noinline int inet_csk_listen_start(struct sock *sk, int backlog)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct inet_sock *inet = inet_sk(sk);

	reqsk_queue_alloc(&icsk->icsk_accept_queue);
	sk->sk_max_ack_backlog = backlog;
	sk->sk_ack_backlog = 0;
	inet_csk_delack_init(sk);

	sk_state_store(sk, TCP_LISTEN);
	if (sk->sk_prot->get_port(sk, inet->inet_num)) {
		sk_state_store(sk, TCP_CLOSE);
		return -EADDRINUSE;
	}
	inet->inet_sport = htons(inet->inet_num);
	sk_dst_reset(sk);
	sk->sk_prot->hash(sk);
	return 0;
}

/* ---- a SYN: creating a request --------------------------------------------------------------- */

noinline struct request_sock *inet_reqsk_alloc(const struct request_sock_ops *ops,
					       struct sock *sk_listener)
{
	struct request_sock *req = reqsk_alloc(ops, sk_listener, GFP_ATOMIC);

	if (req) {
		req->__req_common.skc_state = TCP_NEW_SYN_RECV;
		req->__req_common.skc_bound_dev_if = sk_listener->sk_bound_dev_if;
	}
	return req;
}

/*
 * Returns how often the SYN-ACK of a request may time out before the request is dropped. If more
 * than half of the queue is used, mostly by old requests, the peers of the old requests will
 * probably never answer. Then the number of allowed timeouts falls with the share of young
 * requests.
 */
static int synack_patience(const struct sock *listener, int retries)
{
	const struct request_sock_queue *queue = &inet_csk(listener)->icsk_accept_queue;
	int qlen = reqsk_queue_len(queue);
	int young = reqsk_queue_len_young(queue);

	if ((u32)qlen * 2 <= max_t(u32, 8, listener->sk_max_ack_backlog))
		return retries;
	for (young *= 2; retries > 2 && qlen >= young; young *= 2)
		retries--;
	return retries;
}

/*
 * Arms @req's timer and takes a reference for it. Does nothing if @req has left the ehash: then a
 * segment on another CPU has ended @req (reqsk_queue_unlink(), under the same lock), and the timer
 * must stay stopped. @timeout: the timer has expired, so count the expiry.
 */
static void reqsk_timer_reset(struct request_sock *req, bool timeout)
{
	struct inet_hashinfo *h = req->__req_common.skc_prot->hashinfo;
	struct sock *sk = req_to_sk(req);
	spinlock_t *lock = inet_ehash_lockp(h, sk->sk_hash);

	spin_lock_bh(lock);
	if (!hlist_unhashed(&sk->sk_node)) {
		if (timeout && req->num_timeout++ == 0)
			atomic_dec(&inet_csk(req->rsk_listener)->icsk_accept_queue.young);
		refcount_inc(&req->rsk_refcnt);
		/*
		 * If the timer was armed already, it holds a reference already: drop the new
		 * reference, which is not the last.
		 */
		if (mod_timer(&req->rsk_timer, jiffies + reqsk_timeout(req)))
			reqsk_put(req);
	}
	spin_unlock_bh(lock);
}

void inet_csk_reqsk_timer_restart(struct request_sock *req)
{
	reqsk_timer_reset(req, false);
}

/*
 * The SYN-ACK timer expired: retransmits the SYN-ACK or drops the request. With TCP_DEFER_ACCEPT,
 * an ACK without data does not complete the handshake, but sets the request's field acked.
 * Afterwards the request is kept for at least the time that the option sets, and the SYN-ACK is not
 * retransmitted until the last timeout of that time. Softirq; this function drops the reference
 * that the armed timer held.
 */
static noinline void reqsk_timer_handler(unsigned long data)
{
	struct request_sock *req = (struct request_sock *)data;
	struct sock *listener = req->rsk_listener;
	struct inet_connection_sock *icsk = inet_csk(listener);
	struct request_sock_queue *queue = &icsk->icsk_accept_queue;
	int max_retries =
		icsk->icsk_syn_retries ? icsk->icsk_syn_retries : sysctl_tcp_synack_retries;
	int defer = READ_ONCE(queue->rskq_defer_accept);
	bool acked = inet_rsk(req)->acked;
	bool expire, resend = true;

	if (sk_state_load(listener) != TCP_LISTEN)
		goto out_drop;

	expire = req->num_timeout >= synack_patience(listener, max_retries);
	if (defer && acked) {
		expire &= req->num_timeout >= defer;
		resend = req->num_timeout >= defer - 1;
	}
	if (expire)
		goto out_drop;
	/*
	 * If the peer's ACK was received (acked), the peer is alive, so a failed retransmission
	 * does not end the request.
	 */
	if (resend) {
		if (!req->rsk_ops->rtx_syn_ack(listener, req))
			req->num_retrans++;
		else if (!acked)
			goto out_drop;
	}
	reqsk_timer_reset(req, true);
	reqsk_put(req);
	return;

out_drop:
	inet_csk_reqsk_queue_drop_and_put(listener, req);
}

/*
 * Makes @req a half-open request. Called before the SYN-ACK is sent, because the ACK may arrive at
 * once.
 *
 * Counting, adding to the listener's list, adding to the ehash and arming the timer are one step
 * under the bucket's lock, which reqsk_queue_unlink() takes too. So another CPU that finds the
 * request in the ehash or in the list cannot end it before all four are done. Otherwise another CPU
 * could end the request between two steps. The request would then stay counted, or would be freed
 * while it is still in the list. Linux 4.11 arms the timer, adds to the ehash, then counts; it has
 * no list. Lock order: ehash bucket, then rskq_lock.
 */
noinline void inet_csk_reqsk_queue_hash_add(struct sock *sk, struct request_sock *req,
					    unsigned long timeout)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	struct sock *rsk = req_to_sk(req);
	spinlock_t *lock;

	req->num_retrans = 0;
	req->num_timeout = 0;
	req->sk = NULL;
	setup_timer(&req->rsk_timer, reqsk_timer_handler, (unsigned long)req);
	rsk->sk_hash = sk_ehashfn(rsk);
	lock = inet_ehash_lockp(h, rsk->sk_hash);
	spin_lock_bh(lock);
	refcount_set(&req->rsk_refcnt, 3); /* references of the table, the timer and the caller */
	atomic_inc(&queue->young);
	atomic_inc(&queue->qlen);
	spin_lock_bh(&queue->rskq_lock);
	/*
	 * A SYN does not lock the listener, so another CPU may be closing the listener now. In that
	 * case the listener's list was already emptied: do not add the request, whose timer will
	 * end it.
	 */
	if (sk_state_load(sk) == TCP_LISTEN)
		hlist_add_head(&req->rsk_node, &queue->rskq_half_open);
	spin_unlock_bh(&queue->rskq_lock);
	hlist_add_head(&rsk->sk_node, &inet_ehash_bucket(h, rsk->sk_hash)->chain);
	mod_timer(&req->rsk_timer, jiffies + timeout);
	spin_unlock_bh(lock);
}

/* ---- removing a request ---------------------------------------------------------------------- */

/*
 * Removes @req from the ehash and stops its timer. Returns true to exactly one caller for each
 * request. The timer's handler may be running on another CPU, and softirq cannot wait for it; that
 * is harmless, because the handler has its own reference, finds that the request is not in the
 * ehash, and does not arm the timer again (reqsk_timer_reset()).
 */
static bool reqsk_queue_unlink(struct request_sock *req)
{
	struct inet_hashinfo *h = req->__req_common.skc_prot->hashinfo;
	struct sock *sk = req_to_sk(req);
	spinlock_t *lock = inet_ehash_lockp(h, sk->sk_hash);
	bool found, armed;

	spin_lock_bh(lock);
	found = !hlist_unhashed(&sk->sk_node);
	hlist_del_init(&sk->sk_node);
	armed = del_timer(&req->rsk_timer);
	spin_unlock_bh(lock);
	if (armed)
		reqsk_put(req);
	return found;
}

void inet_csk_reqsk_queue_drop(struct sock *sk, struct request_sock *req)
{
	if (reqsk_queue_unlink(req)) {
		reqsk_queue_removed(&inet_csk(sk)->icsk_accept_queue, req);
		reqsk_put(req);
	}
}

void inet_csk_reqsk_queue_drop_and_put(struct sock *sk, struct request_sock *req)
{
	inet_csk_reqsk_queue_drop(sk, req);
	reqsk_put(req);
}

/* ---- the handshake's ACK: creating the child ------------------------------------------------- */

noinline struct sock *inet_csk_clone_lock(const struct sock *sk, const struct request_sock *req,
					  gfp_t gfp)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	struct sock *newsk = sk_clone_lock(sk, gfp);
	struct inet_connection_sock *newicsk;

	if (!newsk)
		return NULL;
	newicsk = inet_csk(newsk);
	sk_state_store(newsk, TCP_SYN_RECV);
	newicsk->icsk_bind_hash = NULL;
	inet_sk(newsk)->inet_dport = ireq->ir_rmt_port;
	inet_sk(newsk)->inet_num = ireq->ir_num;
	inet_sk(newsk)->inet_sport = htons(ireq->ir_num);
	newsk->sk_write_space = sk_stream_write_space;
	inet_sk(newsk)->inet_opt =
		NULL; /* the listener's options stay with the listener, as on Linux */

	newicsk->icsk_retransmits = 0;
	newicsk->icsk_backoff = 0;
	newicsk->icsk_probes_out = 0;
	newicsk->icsk_pending = 0;
	newicsk->icsk_retransmit_timer = (struct timer_list){0};
	newicsk->icsk_delack_timer = (struct timer_list){0};
	/*
	 * The listener's accept queue was copied while it may have been in use. The child needs an
	 * empty queue and an unlocked lock.
	 */
	memset(&newicsk->icsk_accept_queue, 0, sizeof(newicsk->icsk_accept_queue));
	inet_csk_delack_init(newsk);
	return newsk;
}

/* Resets and destroys a connection that no application will accept. @child is bh-locked. */
static void inet_child_forget(struct sock *sk, struct sock *child)
{
	sk->sk_prot->disconnect(child, O_NONBLOCK);
	sock_orphan(child);
	sk_orphan_count_inc(child);
	inet_csk_destroy_sock(child);
}

noinline struct sock *inet_csk_reqsk_queue_add(struct sock *sk, struct request_sock *req,
					       struct sock *child)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	bool listening;

	spin_lock_bh(&queue->rskq_lock);
	listening = sk_state_load(sk) == TCP_LISTEN;
	if (listening) {
		req->sk = child;
		req->dl_next = NULL;
		if (queue->rskq_accept_head)
			queue->rskq_accept_tail->dl_next = req;
		else
			WRITE_ONCE(queue->rskq_accept_head, req);
		queue->rskq_accept_tail = req;
		sk_acceptq_added(sk);
	}
	spin_unlock_bh(&queue->rskq_lock);
	if (listening)
		return child;
	inet_child_forget(sk, child);
	return NULL;
}

/*
 * Moves a completed connection to the accept queue. @own_req: this ACK removed @req from the ehash
 * (inet_ehash_insert); the accept queue then takes over the caller's reference to it. Otherwise
 * another ACK has removed @req before, and @child is destroyed.
 */
noinline struct sock *inet_csk_complete_hashdance(struct sock *sk, struct sock *child,
						  struct request_sock *req, bool own_req)
{
	struct sock *queued = NULL;

	if (own_req) {
		inet_csk_reqsk_queue_drop(sk, req);
		reqsk_queue_removed(&inet_csk(sk)->icsk_accept_queue, req);
		queued = inet_csk_reqsk_queue_add(sk, req, child);
	}
	if (!queued) {
		bh_unlock_sock(child);
		sock_put(child);
	}
	return queued;
}

/* ---- accept() -------------------------------------------------------------------------------- */

/*
 * Waits until the accept queue has a connection. The wait is exclusive: one connection wakes one
 * thread. The caller owns the listener, which is released while it sleeps.
 */
static noinline int inet_csk_wait_for_connect(struct sock *sk, long timeo)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	DEFINE_WAIT(wait);
	int err;

	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		release_sock(sk);
		if (reqsk_queue_empty(queue))
			timeo = schedule_timeout(timeo);
		lock_sock(sk);
		err = 0;
		if (!reqsk_queue_empty(queue))
			break;
		err = -EINVAL;
		if (sk->sk_state != TCP_LISTEN)
			break;
		err = sock_intr_errno(timeo);
		if (signal_pending(current))
			break;
		err = -EAGAIN;
		if (!timeo)
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

noinline struct sock *inet_csk_accept(struct sock *sk, int flags, int *err)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;
	struct sock *newsk = NULL;
	int error = -EINVAL;

	lock_sock(sk);
	if (sk->sk_state != TCP_LISTEN)
		goto out_release;
	if (reqsk_queue_empty(queue)) {
		long timeo = sock_rcvtimeo(sk, flags & O_NONBLOCK);

		error = -EAGAIN;
		if (!timeo)
			goto out_release;
		error = inet_csk_wait_for_connect(sk, timeo);
		if (error)
			goto out_release;
	}
	req = reqsk_queue_remove(queue, sk);
	newsk = req->sk;
	if (unlikely(inet_rsk(req)->tfo_listener)) {
		spin_lock_bh(&queue->rskq_lock);
		/* The child still needs the request, and drops it in reqsk_fastopen_remove(). */
		if (inet_rsk(req)->tfo_listener) {
			req->sk = NULL;
			req = NULL;
		}
		spin_unlock_bh(&queue->rskq_lock);
	}
	if (req)
		reqsk_put(req);
	error = 0;
out_release:
	release_sock(sk);
	*err = error;
	return newsk;
}

/* ---- the end of listeners and connections ---------------------------------------------------- */

/*
 * Called when the listener has left TCP_LISTEN and the hash tables. Connections in its accept queue
 * are reset; a handshake that completes just now sees the new state (inet_csk_reqsk_queue_add).
 * Half-open requests are freed here. Otherwise each would keep the listener's memory until the
 * request's timer ends the request, as happens in Linux. If the peer of a freed request sends
 * another segment, a RST answers it.
 */
void inet_csk_listen_stop(struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;

	while ((req = reqsk_queue_remove(queue, sk))) {
		struct sock *child = req->sk;

		local_bh_disable();
		bh_lock_sock(child);
		WARN_ON(sock_owned_by_user(child));
		sock_hold(child);
		inet_child_forget(sk, child);
		bh_unlock_sock(child);
		local_bh_enable();
		sock_put(child);
		reqsk_put(req);
		cond_resched();
	}
	WARN_ON(sk->sk_ack_backlog);
	while ((req = reqsk_fastopen_take_reset(queue, true)))
		reqsk_put(req);
	while ((req = reqsk_queue_take_half_open(queue))) {
		inet_csk_reqsk_queue_drop_and_put(sk, req);
		cond_resched();
	}
}

/*
 * Unlocks a child that could not be completed, and marks it as an orphan. The caller then ends it
 * by tcp_done().
 */
void inet_csk_prepare_forced_close(struct sock *sk)
{
	bh_unlock_sock(sk);
	sock_put(sk); /* the second reference that sk_clone_lock() took */
	sock_set_flag(sk, SOCK_DEAD);
	sk_orphan_count_inc(sk);
	/*
	 * The port number was copied from the listener, but the child is not among the port's
	 * owners: clear the number.
	 */
	if (!inet_csk(sk)->icsk_bind_hash)
		inet_sk(sk)->inet_num = 0;
}

void inet_csk_destroy_sock(struct sock *sk)
{
	WARN_ON(sk->sk_state != TCP_CLOSE);
	WARN_ON(!sock_flag(sk, SOCK_DEAD));
	WARN_ON(!hlist_unhashed(&sk->sk_node));
	WARN_ON(inet_sk(sk)->inet_num && !inet_csk(sk)->icsk_bind_hash);

	sk->sk_prot->destroy(sk);
	inet_put_port(sk);
	sk_stream_kill_queues(sk);
	sk_orphan_count_dec(sk);
	sock_put(sk);
}

/* ---- the timers of a connection ---------------------------------------------------------------- */

/*
 * A connection has three timers: one for retransmission, loss probe, reordering and zero-window
 * probe (only one of these at once), one for the delayed ACK, and one for keepalive. The handlers
 * are in TCP (tcp_timer.c).
 *
 * Clearing one of the first two timers only clears its purpose (icsk_pending, icsk_ack.pending);
 * the timer stays armed, and its handler then has nothing to do. Otherwise a connection that sends
 * data and receives ACKs continuously would stop and arm its timer for every segment. Only
 * inet_csk_clear_xmit_timers(), at the end of a connection, stops these two.
 */

void inet_csk_init_xmit_timers(struct sock *sk, void (*retransmit)(unsigned long),
			       void (*delack)(unsigned long), void (*keepalive)(unsigned long))
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	setup_timer(&icsk->icsk_retransmit_timer, retransmit, (unsigned long)sk);
	setup_timer(&icsk->icsk_delack_timer, delack, (unsigned long)sk);
	setup_timer(&sk->sk_timer, keepalive, (unsigned long)sk);
	icsk->icsk_pending = 0;
	icsk->icsk_ack.pending = 0;
}

void inet_csk_clear_xmit_timers(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	icsk->icsk_pending = 0;
	icsk->icsk_ack.pending = 0;
	icsk->icsk_ack.blocked = 0;
	sk_stop_timer(sk, &icsk->icsk_retransmit_timer);
	sk_stop_timer(sk, &icsk->icsk_delack_timer);
	sk_stop_timer(sk, &sk->sk_timer);
}

void inet_csk_reset_xmit_timer(struct sock *sk, int what, unsigned long when,
			       unsigned long max_when)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	unsigned long expires = jiffies + min(when, max_when);

	switch (what) {
	case ICSK_TIME_RETRANS:
	case ICSK_TIME_PROBE0:
	case ICSK_TIME_LOSS_PROBE:
	case ICSK_TIME_REO_TIMEOUT:
		icsk->icsk_pending = what;
		icsk->icsk_timeout = expires;
		sk_reset_timer(sk, &icsk->icsk_retransmit_timer, expires);
		break;
	case ICSK_TIME_DACK:
		icsk->icsk_ack.pending |= ICSK_ACK_TIMER;
		icsk->icsk_ack.timeout = expires;
		sk_reset_timer(sk, &icsk->icsk_delack_timer, expires);
		break;
	default:
		BUG();
	}
}

void inet_csk_clear_xmit_timer(struct sock *sk, int what)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	switch (what) {
	case ICSK_TIME_RETRANS:
	case ICSK_TIME_PROBE0:
		icsk->icsk_pending = 0;
		break;
	case ICSK_TIME_DACK:
		icsk->icsk_ack.blocked = 0;
		icsk->icsk_ack.pending = 0;
		break;
	default:
		BUG();
	}
}

noinline void inet_csk_delack_init(struct sock *sk)
{
	memset(&inet_csk(sk)->icsk_ack, 0, sizeof(inet_csk(sk)->icsk_ack));
}

void inet_csk_reset_keepalive_timer(struct sock *sk, unsigned long len)
{
	sk_reset_timer(sk, &sk->sk_timer, jiffies + len);
}

void inet_csk_delete_keepalive_timer(struct sock *sk)
{
	sk_stop_timer(sk, &sk->sk_timer);
}
