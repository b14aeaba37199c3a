/* SPDX-License-Identifier: MIT */
/*
 * Creation, reference counts, memory accounting and destruction of a struct sock.
 *
 * In the order of a sock's life: inet_init() and unix_init() call proto_register(); inet_create()
 * and unix_create() call sk_alloc() and sock_init_data() (process); inet_csk_clone_lock() calls
 * sk_clone_lock() when a handshake completes (softirq); inet_accept() calls sock_graft();
 * skb_set_owner_r/w() and their destructors run for each packet (any context but hard interrupt);
 * close() calls sock_orphan(); the drop of the last reference calls sk_free().
 *
 * Two counts keep a sock in memory. sk_refcnt counts pointers to it. sk_wmem_alloc counts the bytes
 * of its packets that are being sent, plus one byte for all references of sk_refcnt together. The
 * last sock_put() subtracts that byte, and the decrement that reaches zero frees the sock. So a
 * driver may keep a packet after the connection has ended, and a packet needs no reference of its
 * own.
 *
 * Compare Linux's net/core/sock.c; locks and wake-ups are in sock_wait.c, options in
 * sock_options.c.
 */
#include "net/core/sock.h"

#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "net/core/limits.h"
#include "net/core/request_sock.h"
#include "net/core/timewait_sock.h"

/*
 * bytes; a cache line, so that the frequently used fields of a connection are in as few lines as
 * possible
 */
#define SOCK_ALIGN 64

/* ---- protocols ------------------------------------------------------------------------------- */

static LIST_HEAD(proto_list); /* filled at boot */

int proto_register(struct proto *prot)
{
	struct request_sock_ops *rsk = prot->rsk_prot;
	struct timewait_sock_ops *tw = prot->twsk_prot;

	prot->slab = kmem_cache_create(prot->name, prot->obj_size, SOCK_ALIGN, prot->limit);
	if (rsk)
		rsk->slab = kmem_cache_create(rsk->slab_name, rsk->obj_size, 0, 0);
	if (tw)
		tw->slab = kmem_cache_create(tw->slab_name, tw->obj_size, 0, 0);
	list_add_tail(&prot->node, &proto_list);
	return 0;
}

int sock_inuse_get(void)
{
	const struct proto *prot;
	int n = 0;

	list_for_each_entry(prot, &proto_list, node)
		n += READ_ONCE(prot->sockets_allocated);
	return n;
}

/* ---- creation -------------------------------------------------------------------------------- */

/*
 * Initialises the accounting of a new sock, whether zeroed or copied from a listener: the sock's
 * own byte in sk_wmem_alloc, and the protocol's number of socks.
 */
static void sk_prot_account(struct sock *sk)
{
	atomic_set(&sk->sk_wmem_alloc, 1);
	__atomic_fetch_add(&sk->sk_prot->sockets_allocated, 1, __ATOMIC_RELAXED);
}

noinline struct sock *sk_alloc(int family, gfp_t gfp, struct proto *prot)
{
	struct sock *sk = kmem_cache_zalloc(prot->slab, gfp);

	if (!sk)
		return NULL;
	sk->sk_family = family;
	sk->sk_prot = prot;
	sk_prot_account(sk);
	return sk;
}

/*
 * Initialises the locks and queues of a new sock, or of a copy, which must not share them with the
 * original.
 */
static void sock_init_queues(struct sock *sk)
{
	spin_lock_init(&sk->sk_lock.slock);
	init_waitqueue_head(&sk->sk_lock.wq);
	sk->sk_lock.owned = false;
	spin_lock_init(&sk->sk_callback_lock);
	sk->sk_backlog.head = sk->sk_backlog.tail = NULL;
	sk->sk_backlog.len = 0;
	skb_queue_head_init(&sk->sk_receive_queue);
	sk->sk_error_queue = NULL;
	skb_queue_head_init(&sk->sk_write_queue);
	sk->tcp_rtx_queue = (struct rb_root){0};
}

noinline void sock_init_data(struct socket *sock, struct sock *sk)
{
	sock_init_queues(sk);
	sk->sk_rcvbuf = READ_ONCE(sysctl_rmem_default);
	sk->sk_sndbuf = READ_ONCE(sysctl_wmem_default);
	sk->sk_rcvlowat = 1;
	sk->sk_pacing_rate = sk->sk_max_pacing_rate = ~0ull;
	sk->sk_rcvtimeo = MAX_SCHEDULE_TIMEOUT;
	sk->sk_sndtimeo = MAX_SCHEDULE_TIMEOUT;
	sk->sk_state = TCP_CLOSE;

	if (sock) {
		sk->sk_type = sock->type;
		sk->sk_socket = sock;
		sk->sk_wq = &sock->wq;
		sock->sk = sk;
	}

	sk->sk_state_change = sock_def_wakeup;
	sk->sk_data_ready = sock_def_readable;
	sk->sk_write_space = sock_def_write_space;
	sk->sk_error_report = sock_def_error_report;
	refcount_set(&sk->sk_refcnt, 1);
}

/*
 * Softirq copies the listener without locking it, so a thread may change it meanwhile. That is
 * harmless: every field that could be inconsistent is initialised here or in inet_csk_clone_lock().
 * The other fields are options that an application may be setting now, and the child may get the
 * old value or the new one.
 */
noinline struct sock *sk_clone_lock(const struct sock *sk, gfp_t gfp)
{
	struct sock *newsk = kmem_cache_alloc(sk->sk_prot->slab, gfp);

	if (!newsk)
		return NULL;
	memcpy(newsk, sk, sk->sk_prot->obj_size);
	sk_prot_account(newsk);

	INIT_HLIST_NODE(&newsk->sk_node);
	INIT_HLIST_NODE(&newsk->sk_bind_node);
	sock_init_queues(newsk);
	atomic_set(&newsk->sk_rmem_alloc, 0);
	atomic_set(&newsk->sk_omem_alloc, 0);
	newsk->sk_zckey = 0;
	newsk->sk_wmem_queued = 0;
	newsk->sk_shutdown = 0;
	newsk->sk_err = 0;
	newsk->sk_err_soft = 0;
	newsk->sk_ack_backlog = 0;
	newsk->sk_userlocks &= ~SOCK_BINDPORT_LOCK;
	sock_reset_flag(newsk, SOCK_DEAD);
	sock_reset_flag(newsk, SOCK_DONE);
	sock_reset_flag(newsk, SOCK_NOSPACE);

	newsk->sk_dst_cache = NULL;
	newsk->sk_timer = (struct timer_list){0};
	newsk->sk_socket = NULL;
	newsk->sk_wq = NULL;

	/*
	 * One reference for the connection, and one for the caller, which unlocks the sock and puts
	 * it.
	 */
	refcount_set(&newsk->sk_refcnt, 2);
	bh_lock_sock(newsk);
	return newsk;
}

/* ---- attaching and detaching the user-facing half -------------------------------------------- */

void sock_orphan(struct sock *sk)
{
	spin_lock_bh(&sk->sk_callback_lock);
	sock_set_flag(sk, SOCK_DEAD);
	sk->sk_socket = NULL;
	sk->sk_wq = NULL;
	spin_unlock_bh(&sk->sk_callback_lock);
}

noinline void sock_graft(struct sock *sk, struct socket *parent)
{
	spin_lock_bh(&sk->sk_callback_lock);
	sk->sk_socket = parent;
	sk->sk_wq = &parent->wq;
	parent->sk = sk;
	spin_unlock_bh(&sk->sk_callback_lock);
}

/* ---- destruction ----------------------------------------------------------------------------- */

/* Frees the sock. No reference to it is left, and no packet is charged to it. */
static void __sk_free(struct sock *sk)
{
	struct proto *prot = sk->sk_prot;

	if (sk->sk_destruct)
		sk->sk_destruct(sk);
	__atomic_fetch_sub(&prot->sockets_allocated, 1, __ATOMIC_RELAXED);
	kmem_cache_free(prot->slab, sk);
}

void sk_free(struct sock *sk)
{
	if (atomic_dec_and_test(&sk->sk_wmem_alloc))
		__sk_free(sk);
}

/*
 * Ends a sock of a protocol whose close() needs no handshake (AF_UNIX), or a sock that could not be
 * created completely.
 */
void sk_common_release(struct sock *sk)
{
	if (sk->sk_prot->destroy)
		sk->sk_prot->destroy(sk);
	if (sk->sk_prot->unhash)
		sk->sk_prot->unhash(sk);
	sock_orphan(sk);
	sock_put(sk);
}

/* ---- memory ---------------------------------------------------------------------------------- */

void skb_set_owner_w(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_wfree;
	atomic_add(skb->truesize, &sk->sk_wmem_alloc);
}

/*
 * The destructor of a packet that @sk sends, called when the driver has sent the packet or a layer
 * has dropped it. One byte of the charge stays until sk_write_space() has returned, because the
 * sock would otherwise be freed during that call.
 */
void sock_wfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	unsigned int charge = skb->truesize;

	if (!sock_flag(sk, SOCK_USE_WRITE_QUEUE)) {
		atomic_sub(charge - 1, &sk->sk_wmem_alloc);
		sk->sk_write_space(sk);
		charge = 1;
	}
	if (atomic_sub_and_test(charge, &sk->sk_wmem_alloc))
		__sk_free(sk);
}

/*
 * The packet takes no reference to @sk, because packets in a receive queue are freed before their
 * sock (inet_sock_destruct).
 */
void skb_set_owner_r(struct sk_buff *skb, struct sock *sk)
{
	skb_orphan(skb);
	skb->sk = sk;
	skb->destructor = sock_rfree;
	atomic_add(skb->truesize, &sk->sk_rmem_alloc);
	sk_mem_charge(sk, skb->truesize);
}

void sock_rfree(struct sk_buff *skb)
{
	atomic_sub(skb->truesize, &skb->sk->sk_rmem_alloc);
	sk_mem_charge(skb->sk, -(int)skb->truesize);
}

/* ---- timers ---------------------------------------------------------------------------------- */

/*
 * Arms @timer, which holds a reference to @sk while it is armed. The reference is taken first,
 * because the timer may expire on another CPU at once.
 */
void sk_reset_timer(struct sock *sk, struct timer_list *timer, unsigned long expires)
{
	sock_hold(sk);
	if (mod_timer(timer, expires))
		sock_put(sk);
}

void sk_stop_timer(struct sock *sk, struct timer_list *timer)
{
	if (del_timer(timer))
		sock_put(sk);
}
