/* SPDX-License-Identifier: MIT */
/*
 * struct sock: the protocol-facing half of a socket, its lock, its memory, its wake-ups.
 * Names and roles of Linux's include/net/sock.h.
 *
 * Interface.
 * Lock: it has an owner.  Process context: lock_sock() (may sleep) ... release_sock().  Softirq:
 * bh_lock_sock() ... bh_unlock_sock(); if sock_owned_by_user() in between, the packet goes to the bounded
 * sk_backlog (sk_add_backlog), which release_sock() processes through sk->sk_backlog_rcv.  Either
 * way one context at a time touches the protocol's state.  sk_socket and sk_wq change under
 * sk_callback_lock, which is taken inside the other.  A function that waits (sk_wait_data,
 * sk_stream_wait_memory ...) unlocks the socket meanwhile: read its state again afterwards.
 * References: one for its life as a socket or connection (given back by inet_csk_destroy_sock() or
 * sk_common_release()), one for each armed timer (sk_reset_timer), one for the caller that found it
 * in a hash table.  sock_put() gives one back; the last one frees, once no packet below holds the
 * sock (sk_wmem_alloc).  Without a reference of your own do not touch the sock after
 * bh_unlock_sock() or release_sock(): it may be freed.  A hash table holds no reference to a full
 * socket: the sock is taken out before its life's reference goes, and a lookup takes one under the
 * bucket's lock. struct socket: sk_socket is NULL for an orphan and for a child before accept().
 * After sock_orphan() the application's half may be freed, and the sock may use neither sk_socket
 * nor sk_wq. Memory: skb_set_owner_r() and skb_set_owner_w() charge a packet to its sock, and the
 * packet's destructor gives it back.  Ask sk_mem_schedule() before a packet joins a queue.
 */
#ifndef NET_CORE_SOCK_H
#define NET_CORE_SOCK_H

#include "include/uapi/tcp.h" /* TCP_*: the states, which all sockets share */
#include "kernel/sched/sched.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "net/core/net.h"
#include "net/core/proto.h"
#include "net/core/skb_queue.h"
#include "net/core/skbuff.h"

/* The common head of sock, request_sock and inet_timewait_sock: all are in the ehash. */
struct sock_common {
	__be32 skc_daddr;     /* foreign address */
	__be32 skc_rcv_saddr; /* bound local address */
	u32 skc_hash;         /* of the four-tuple (or of the port, for a listener) */
	__be16 skc_dport;
	u16 skc_num; /* local port, host order */
	u16 skc_family;
	volatile u8 skc_state; /* TCP_*; sk_state_load/store */
	u8 skc_reuse : 4;
	int skc_bound_dev_if;
	struct hlist_node skc_bind_node; /* in the bhash bucket's owners */
	struct proto *skc_prot;
	struct hlist_node skc_node; /* in ehash or listening_hash */
	refcount_t skc_refcnt;
};

struct sock {
	struct sock_common __sk_common; /* first, as in request_sock and inet_timewait_sock */
#define sk_daddr        __sk_common.skc_daddr
#define sk_rcv_saddr    __sk_common.skc_rcv_saddr
#define sk_hash         __sk_common.skc_hash
#define sk_dport        __sk_common.skc_dport
#define sk_num          __sk_common.skc_num
#define sk_family       __sk_common.skc_family
#define sk_state        __sk_common.skc_state
#define sk_reuse        __sk_common.skc_reuse
#define sk_bound_dev_if __sk_common.skc_bound_dev_if
#define sk_bind_node    __sk_common.skc_bind_node
#define sk_prot         __sk_common.skc_prot
#define sk_node         __sk_common.skc_node
#define sk_refcnt       __sk_common.skc_refcnt

	struct {
		spinlock_t slock;
		bool owned; /* by a thread: softirq must use the backlog */
		wait_queue_head_t wq;
	} sk_lock;

	struct {
		struct sk_buff *head, *tail; /* linked by ->next */
		u32 len;                     /* truesize of the waiting packets */
	} sk_backlog;

	struct sk_buff_head sk_receive_queue;
	struct sk_buff_head sk_write_queue; /* TCP: not yet sent */
	struct rb_root tcp_rtx_queue;       /* TCP: sent and not acknowledged, by sequence number */
	atomic_t sk_rmem_alloc;   /* truesize in sk_receive_queue and out-of-order queue */
	atomic_t sk_wmem_alloc;   /* truesize in flight below us, + 1 for the socket itself */
	u32 sk_wmem_queued;       /* truesize in write and retransmit queues */
	int sk_rcvbuf, sk_sndbuf; /* limits, bytes of truesize */
	int sk_rcvlowat;

	u8 sk_shutdown;  /* RCV_SHUTDOWN | SEND_SHUTDOWN */
	u8 sk_userlocks; /* SOCK_SNDBUF_LOCK, SOCK_RCVBUF_LOCK: set by the application */
	u8 sk_protocol;
	u8 sk_type;
	int sk_err;             /* positive errno, taken once by sock_error() */
	int sk_err_soft;        /* reported only when the connection gives up */
	unsigned long sk_flags; /* SOCK_* bits */
	u32 sk_ack_backlog;     /* connections in the accept queue */
	u32 sk_max_ack_backlog;
	long sk_rcvtimeo, sk_sndtimeo; /* jiffies, MAX_SCHEDULE_TIMEOUT: none */
	unsigned long sk_lingertime;   /* jiffies */

	struct dst_entry *sk_dst_cache;
	struct timer_list sk_timer; /* keepalive, and FIN_WAIT2 of an orphan */
	struct socket *sk_socket;   /* NULL: orphan, or a child before accept() */
	struct socket_wq *sk_wq;    /* of sk_socket */

	/* sk_socket and sk_wq change, and wake-ups look at them, under this one.  Inside slock. */
	spinlock_t sk_callback_lock;

	/* Called by the protocol, any context but hard interrupt, socket locked or bh-locked. */
	void (*sk_state_change)(struct sock *sk);
	void (*sk_data_ready)(struct sock *sk);
	void (*sk_write_space)(struct sock *sk);
	void (*sk_error_report)(struct sock *sk);
	enum skb_drop_reason (*sk_backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	void (*sk_destruct)(struct sock *sk);
};

/* sysctls (sysctl_net_core.c) */
extern int sysctl_somaxconn;                 /* listen() */
extern int sysctl_rmem_max, sysctl_wmem_max; /* SO_RCVBUF, SO_SNDBUF */

#define RCV_SHUTDOWN       1
#define SEND_SHUTDOWN      2
#define SHUTDOWN_MASK      3
#define SOCK_SNDBUF_LOCK   1
#define SOCK_RCVBUF_LOCK   2
#define SOCK_BINDADDR_LOCK 4 /* the address was chosen with bind() */
#define SOCK_BINDPORT_LOCK 8 /* the port was: kept after a disconnect */

#define SK_NO_REUSE  0
#define SK_CAN_REUSE 1

enum sock_flags {
	SOCK_DEAD, /* the application has closed it */
	SOCK_DONE, /* the peer's FIN was received */
	SOCK_KEEPOPEN,
	SOCK_LINGER,
	SOCK_BROADCAST,
	SOCK_QUEUE_SHRUNK,
	SOCK_USE_WRITE_QUEUE, /* send space is sk_wmem_queued: sock_wfree() wakes no caller */
	SOCK_NOSPACE,         /* a caller waits for send space (Linux keeps it in struct socket) */
};
static inline void sock_set_flag(struct sock *sk, enum sock_flags flag)
{
	set_bit(flag, &sk->sk_flags);
}
static inline void sock_reset_flag(struct sock *sk, enum sock_flags flag)
{
	clear_bit(flag, &sk->sk_flags);
}
static inline bool sock_flag(const struct sock *sk, enum sock_flags flag)
{
	return test_bit(flag, &sk->sk_flags);
}

/* ---- life (net/core/sock.c) ------------------------------------------------------------------ */
int proto_register(struct proto *prot); /* makes its slab; panics without memory: boot */
struct sock *sk_alloc(int family, gfp_t gfp, struct proto *prot);
/* Defaults, queues, callbacks; connects @sk with @sock (NULL for a child). */
void sock_init_data(struct socket *sock, struct sock *sk);
/* A copy of a listener for a new connection: returned bh-locked, refcount 2.  Softirq. */
struct sock *sk_clone_lock(const struct sock *sk, gfp_t gfp);
void sk_free(struct sock *sk);
static inline void sock_hold(struct sock *sk)
{
	refcount_inc(&sk->sk_refcnt);
}
static inline void sock_put(struct sock *sk)
{
	if (refcount_dec_and_test(&sk->sk_refcnt))
		sk_free(sk);
}
void sk_common_release(struct sock *sk);
/* Closed by the application and not finished by the protocol: counted for TCP_ORPHANS_MAX. */
static inline void sk_orphan_count_inc(struct sock *sk)
{
	__atomic_fetch_add(&sk->sk_prot->orphan_count, 1, __ATOMIC_RELAXED);
}
static inline void sk_orphan_count_dec(struct sock *sk)
{
	__atomic_fetch_sub(&sk->sk_prot->orphan_count, 1, __ATOMIC_RELAXED);
}
/* The application closes it: sk_socket and sk_wq become NULL. bh lock not held. */
void sock_orphan(struct sock *sk);
/* accept() gives a child its socket. */
void sock_graft(struct sock *sk, struct socket *parent);

/* ---- lock ------------------------------------------------------------------------------------ */
void lock_sock(struct sock *sk);    /* process context; may sleep */
void release_sock(struct sock *sk); /* processes the backlog, then release_cb */
static inline bool sock_owned_by_user(const struct sock *sk)
{
	return sk->sk_lock.owned;
}
/* Ends ownership before release_sock() does, from release_cb (bh lock held). */
static inline void sock_release_ownership(struct sock *sk)
{
	sk->sk_lock.owned = false;
}
#define bh_lock_sock(sk) spin_lock(&(sk)->sk_lock.slock)
static inline void bh_unlock_sock(struct sock *sk)
{
	spin_unlock(&sk->sk_lock.slock);
}
/* True in a context that may change the protocol's state: softirq with the bh lock, or the owner. */
static inline void sock_owned_by_me(const struct sock *sk)
{
	WARN_ON(!sk->sk_lock.owned && !lockdep_is_held(&sk->sk_lock.slock));
}
/* bh lock held.  0, or -ENOBUFS when the backlog holds its limit (the caller drops and counts). */
int sk_add_backlog(struct sock *sk, struct sk_buff *skb, unsigned int limit);

/* ---- memory ---------------------------------------------------------------------------------- */
void sock_wfree(struct sk_buff *skb); /* destructors */
void sock_rfree(struct sk_buff *skb);
void skb_set_owner_w(struct sk_buff *skb, struct sock *sk);
void skb_set_owner_r(struct sk_buff *skb, struct sock *sk);
static inline int sk_stream_wspace(const struct sock *sk)
{
	return sk->sk_sndbuf - (int)sk->sk_wmem_queued;
}
static inline int sk_stream_min_wspace(const struct sock *sk)
{
	return sk->sk_wmem_queued >> 1;
}
static inline bool sk_stream_memory_free(const struct sock *sk)
{
	if ((int)sk->sk_wmem_queued >= sk->sk_sndbuf)
		return false;
	return !sk->sk_prot->stream_memory_free || sk->sk_prot->stream_memory_free(sk);
}
void sk_stream_write_space(struct sock *sk);
int sk_stream_wait_connect(struct sock *sk, long *timeo_p);
int sk_stream_wait_memory(struct sock *sk, long *timeo_p);
void sk_stream_wait_close(struct sock *sk, long timeout);
int sk_stream_error(struct sock *sk, int flags, int err);
void sk_stream_kill_queues(struct sock *sk);

/*
 * The budget of all socks of a protocol (net/core/sock_mem.c).  Charge @bytes when a packet joins a
 * queue, and -@bytes when it leaves.  Call sk_mem_schedule() before the charge.
 */
void sk_mem_charge(struct sock *sk, int bytes);
/* @held: bytes that the queue holds already; below @least more is always allowed. */
enum sk_mem_kind { SK_MEM_SEND, SK_MEM_RECV };
bool sk_mem_schedule(struct sock *sk, unsigned int bytes, enum sk_mem_kind kind, int held,
		     int least);
/* The answer that sk_mem_schedule() would give; changes nothing. */
bool sk_mem_has_room(const struct sock *sk, unsigned int bytes, enum sk_mem_kind kind, int held,
		     int least);
static inline bool sk_under_memory_pressure(const struct sock *sk)
{
	return READ_ONCE(sk->sk_prot->memory_pressure);
}
static inline s64 sk_memory_allocated(const struct sock *sk)
{
	return __atomic_load_n(&sk->sk_prot->memory_allocated, __ATOMIC_RELAXED);
}
bool sk_memory_is_spent(const struct sock *sk); /* more is held than the limit */
/* Sets the protocol's flag, and calls its enter_memory_pressure() if that is new.  Any context. */
void proto_enter_memory_pressure(struct proto *prot);
static inline void sk_enter_memory_pressure(struct sock *sk)
{
	proto_enter_memory_pressure(sk->sk_prot);
}
/* The write and retransmit queues grew or, with a negative number, shrank. */
static inline void sk_wmem_queued_add(struct sock *sk, int bytes)
{
	sk->sk_wmem_queued += bytes;
	sk_mem_charge(sk, bytes);
}

/* ---- waking ---------------------------------------------------------------------------------- */
void sock_def_wakeup(struct sock *sk);   /* sk_state_change: all waiters */
void sock_def_readable(struct sock *sk); /* sk_data_ready */
void sock_def_error_report(struct sock *sk);
void sock_def_write_space(struct sock *sk); /* datagrams: by sk_wmem_alloc */
static inline wait_queue_head_t *sk_sleep(struct sock *sk)
{
	return sk->sk_wq ? &sk->sk_wq->wait : NULL;
}
/* Sleeps until the receive queue's tail is not @skb (or the timeout, error, signal).  Locked. */
int sk_wait_data(struct sock *sk, long *timeo, const struct sk_buff *skb);
/* Unlocks, sleeps if @cond does not hold, locks; the wait entry is on the queue already. */
#define sk_wait_event(sk, timeo, cond)                                                             \
	({                                                                                         \
		release_sock(sk);                                                                  \
		if (!(cond))                                                                       \
			*(timeo) = schedule_timeout(*(timeo));                                     \
		lock_sock(sk);                                                                     \
		(cond);                                                                            \
	})

static inline int sock_error(struct sock *sk)
{
	return sk->sk_err ? -__atomic_exchange_n(&sk->sk_err, 0, __ATOMIC_SEQ_CST) : 0;
}
static inline long sock_rcvtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_rcvtimeo;
}
static inline long sock_sndtimeo(const struct sock *sk, bool noblock)
{
	return noblock ? 0 : sk->sk_sndtimeo;
}
static inline int sock_rcvlowat(const struct sock *sk, int waitall, int len)
{
	int v = waitall ? len : min(sk->sk_rcvlowat, len);
	return v ? v : 1;
}
/* The errno of a wait that ended: without a timeout -ERESTARTSYS, else -EINTR. */
static inline int sock_intr_errno(long timeo)
{
	return timeo == MAX_SCHEDULE_TIMEOUT ? -ERESTARTSYS : -EINTR;
}

/* ---- timers, state --------------------------------------------------------------------------- */
void sk_reset_timer(struct sock *sk, struct timer_list *timer, unsigned long expires);
void sk_stop_timer(struct sock *sk, struct timer_list *timer);
static inline u8 sk_state_load(const struct sock *sk)
{
	return __atomic_load_n(&sk->sk_state, __ATOMIC_ACQUIRE);
}
static inline void sk_state_store(struct sock *sk, u8 state)
{
	__atomic_store_n(&sk->sk_state, state, __ATOMIC_RELEASE);
}
static inline bool sk_acceptq_is_full(const struct sock *sk)
{
	return sk->sk_ack_backlog > sk->sk_max_ack_backlog;
}
static inline bool sk_fullsock(const struct sock *sk)
{
	return sk->sk_state != TCP_TIME_WAIT && sk->sk_state != TCP_NEW_SYN_RECV;
}
/* Takes over @dst's reference; NULL: none. */
static inline void sk_dst_set(struct sock *sk, struct dst_entry *dst)
{
	dst_release(__atomic_exchange_n(&sk->sk_dst_cache, dst, __ATOMIC_SEQ_CST));
}
static inline void sk_dst_reset(struct sock *sk)
{
	sk_dst_set(sk, NULL);
}

/* SOL_SOCKET options (net/core/sock.c). */
int sock_setsockopt(struct socket *sock, int optname, const void __user *optval,
		    unsigned int optlen);
int sock_getsockopt(struct socket *sock, int optname, void __user *optval, int __user *optlen);
/* proto_ops that only call sk->sk_prot's. */
int sock_common_setsockopt(struct socket *sock, int level, int optname, const void __user *optval,
			   unsigned int optlen);
int sock_common_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
			   int __user *optlen);

#endif
