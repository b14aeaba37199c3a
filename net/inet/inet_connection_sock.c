/* SPDX-License-Identifier: MIT */
/*
 * The part of a connection-oriented protocol that reads none of its headers: half-open requests,
 * the accept queue, accept(), the three timers of a connection.
 *
 * In the order in which a connection meets them: inet_csk_listen_start() <- listen();
 * inet_reqsk_alloc(), inet_csk_reqsk_queue_hash_add() <- tcp_conn_request() when a SYN came
 * (softirq); reqsk_timer_handler() while no ACK comes (softirq); inet_csk_clone_lock(),
 * inet_csk_complete_hashdance() <- tcp_check_req() when it did (softirq); inet_csk_accept() <-
 * accept() (process); inet_csk_listen_stop() <- tcp_close() of the listener;
 * inet_csk_destroy_sock() <- tcp_done() and each other end of a connection, any context;
 * inet_csk_*_xmit_timer() <- TCP wherever a segment is sent or acknowledged (sock owned or
 * bh-locked).
 *
 * A SYN and an ACK that completes a handshake do not lock the listener: counts of half-open
 * requests are atomics, the accept queue has its own lock (rskq_lock), and a request holds a
 * reference of its listener, so that the listener may be closed at any moment.  Its half-open
 * requests are then freed with it.
 *
 * Answers to Linux's net/ipv4/inet_connection_sock.c and net/core/request_sock.c; ports:
 * inet_ports.c.
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
 * A listener starts, perhaps for the second time: the half-open requests of the first time were
 * freed when it ended, and TCP_DEFER_ACCEPT may have been set before.  A zeroed lock is an unlocked
 * lock.
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
	/* The listener may have lost its last reference: then no new request may be made for it. */
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

/* Called once for each request, by the caller that took it out of the table, with a reference. */
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

/* ---- listen() -------------------------------------------------------------------------------- */

/*
 * Between setting the state and asking for the port again, the sock is in no table, so a lookup
 * cannot find a listener that may not use the port.
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

/* ---- a SYN came ------------------------------------------------------------------------------ */

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
 * How many times the SYN-ACK of a request may go unanswered.  A queue that is more than half full
 * of mostly old requests belongs to peers that will not answer: the fuller the queue, the fewer
 * tries.
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
 * Arms @req's timer (again), with a reference, if the request is in the table: a segment on another
 * CPU may take it out at any moment, and stops the timer in the same step.  @timeout: a round is
 * over.
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
		 * The timer was armed and has its reference already; drop ours, which is never the
		 * last.
		 */
		if (mod_timer(&req->rsk_timer, jiffies + reqsk_timeout(req)))
			reqsk_put(req);
	}
	spin_unlock_bh(lock);
}

/* The SYN-ACK was sent again before its time: restart the wait. */
void inet_csk_reqsk_timer_restart(struct request_sock *req)
{
	reqsk_timer_reset(req, false);
}

/*
 * The time for an answer is over.  With TCP_DEFER_ACCEPT the bare ACK of the handshake was seen and
 * ignored (acked): then the SYN-ACK is not sent again before the last round, and the request lives
 * at least as long as the option says.  Softirq; the timer's reference belongs to this function.
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
	 * The peer's ACK was seen, so the peer is alive: a failure to send again does not end the
	 * request.
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
 * Called before the SYN-ACK is sent, because its ACK may come back at once.
 *
 * Counting, listing, hashing and arming the timer are one step under the bucket's lock, which
 * reqsk_queue_unlink() takes too.  So another CPU that finds the request, in the table or in the
 * listener's list, can end it only when all four are done.  Otherwise an end between listing and
 * hashing would not be counted, and an end between hashing and listing would leave a freed request
 * in the list.  Linux 4.11 arms the timer, hashes, then counts; it has no list.  Lock order: ehash,
 * then rskq_lock.
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
	refcount_set(&req->rsk_refcnt, 3); /* table, timer, caller */
	atomic_inc(&queue->young);
	atomic_inc(&queue->qlen);
	spin_lock_bh(&queue->rskq_lock);
	/* A SYN does not lock the listener.  If the listener is being closed at this moment on
	 * another CPU, its list was emptied already, and this request ends with its timer. */
	if (sk_state_load(sk) == TCP_LISTEN)
		hlist_add_head(&req->rsk_node, &queue->rskq_half_open);
	spin_unlock_bh(&queue->rskq_lock);
	hlist_add_head(&rsk->sk_node, &inet_ehash_bucket(h, rsk->sk_hash)->chain);
	mod_timer(&req->rsk_timer, jiffies + timeout);
	spin_unlock_bh(lock);
}

/* ---- a request ends -------------------------------------------------------------------------- */

/*
 * Takes @req out of the table and stops its timer.  True for the one caller that took it out.  A
 * handler that runs now on another CPU is not waited for, since this is softirq: it has a
 * reference, finds the request gone from the table and does not arm the timer again
 * (reqsk_timer_reset()).
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

/* ---- the handshake's ACK came ---------------------------------------------------------------- */

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

	newicsk->icsk_retransmits = 0;
	newicsk->icsk_backoff = 0;
	newicsk->icsk_probes_out = 0;
	newicsk->icsk_pending = 0;
	newicsk->icsk_retransmit_timer = (struct timer_list){0};
	newicsk->icsk_delack_timer = (struct timer_list){0};
	/* The listener's queue may be locked at this moment: the copy starts from zero. */
	memset(&newicsk->icsk_accept_queue, 0, sizeof(newicsk->icsk_accept_queue));
	inet_csk_delack_init(newsk);
	return newsk;
}

/* An established connection that will not be accepted: reset and destroyed.  @child bh-locked. */
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
		sk->sk_ack_backlog++;
	}
	spin_unlock_bh(&queue->rskq_lock);
	if (listening)
		return child;
	inet_child_forget(sk, child);
	return NULL;
}

/*
 * @own_req: this ACK took the request out of the table (inet_ehash_insert).  The request's
 * reference goes with it into the accept queue.  Otherwise another ACK was first, and @child is
 * destroyed.
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

/* Exclusive: one connection wakes one thread.  Listener owned; unlocked while it sleeps. */
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
	reqsk_put(req);
	error = 0;
out_release:
	release_sock(sk);
	*err = error;
	return newsk;
}

/* ---- the end --------------------------------------------------------------------------------- */

/*
 * The listener is no longer in TCP_LISTEN and in no table.  Connections in its accept queue are
 * reset; a handshake that ends at this moment finds the state changed (inet_csk_reqsk_queue_add).
 * Half-open requests would each keep the listener's memory until their timers end them (Linux
 * leaves them to the timers), so they are freed here; the peer's next segment is answered with a
 * reset in either case.
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
	while ((req = reqsk_queue_take_half_open(queue))) {
		inet_csk_reqsk_queue_drop_and_put(sk, req);
		cond_resched();
	}
}

/* Releases a child that could not be completed: unlocked, dead; tcp_done() comes next. */
void inet_csk_prepare_forced_close(struct sock *sk)
{
	bh_unlock_sock(sk);
	sock_put(sk); /* the clone's second reference */
	sock_set_flag(sk, SOCK_DEAD);
	sk_orphan_count_inc(sk);
	/* It had not inherited the port yet. */
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
 * Retransmission (and zero-window probe, never both at once), delayed ACK, keepalive.  The handlers
 * are TCP's (tcp_timer.c).
 *
 * Clearing a timer only clears its purpose (icsk_pending, icsk_ack.pending): the timer stays armed
 * and its handler finds nothing to do.  Otherwise a connection that sends and is acknowledged all
 * the time would delete and arm its timer for every segment. inet_csk_clear_xmit_timers(), at the
 * end of a connection, disarms.
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
