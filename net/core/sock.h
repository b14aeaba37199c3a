/* SPDX-License-Identifier: MIT */
/*
 * struct sock: the protocol-facing half of a socket, its lock, its memory accounting and its
 * wake-ups. Names and roles are those of Linux's include/net/sock.h.
 *
 * Lock: a thread (process context) becomes the owner of a sock with lock_sock(), which may sleep,
 * and ends this with release_sock(). Softirq calls bh_lock_sock() and bh_unlock_sock(); if
 * sock_owned_by_user() is true in between, it must put its packet into the bounded sk_backlog
 * (sk_add_backlog), which release_sock() processes through sk->sk_backlog_rcv. So only one context
 * at a time accesses the protocol's state. sk_socket and sk_wq are protected by sk_callback_lock,
 * which is taken inside slock. A function that waits (sk_wait_data, sk_stream_wait_memory and
 * others) releases the sock while it sleeps: read the sock's state again afterwards.
 *
 * References: one for the sock's life as a socket or connection (dropped by inet_csk_destroy_sock()
 * or sk_common_release()), one for each armed timer (sk_reset_timer), and one for each caller that
 * found the sock in a hash table. sock_put() drops a reference; after the last one the sock is
 * freed as soon as no packet that is being sent is charged to it (sk_wmem_alloc). Without a
 * reference of your own do not access the sock after bh_unlock_sock() or release_sock(), because it
 * may be freed. A hash table holds no reference to a full socket: the sock is removed from the
 * table before the reference for its life is dropped, and a lookup takes a reference under the
 * bucket's lock.
 *
 * struct socket: sk_socket is NULL for an orphan and for a child before accept(). After
 * sock_orphan() the application's half may be freed, so the sock may use neither sk_socket nor
 * sk_wq.
 *
 * Memory: skb_set_owner_r() and skb_set_owner_w() charge a packet to its sock; the packet's
 * destructor returns the charge. Call sk_mem_schedule() before adding a packet to a queue.
 */
#ifndef NET_CORE_SOCK_H
#define NET_CORE_SOCK_H

#include "include/uapi/tcp.h" /* TCP_*: the states of sk_state, for every protocol */
#include "kernel/sched/sched.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "net/core/net.h"
#include "net/core/proto.h"
#include "net/core/skb_queue.h"
#include "net/core/skbuff.h"

/*
 * The first fields of sock, request_sock and inet_timewait_sock, so that all three can be in the
 * ehash.
 */
struct sock_common {
	__be32 skc_daddr;     /* peer's address */
	__be32 skc_rcv_saddr; /* local address; 0: any */
	u32 skc_hash;         /* hash of the four-tuple; not used in a listener */
	__be16 skc_dport;
	u16 skc_num; /* local port, host byte order */
	u16 skc_family;
	volatile u8 skc_state; /* TCP_*; use sk_state_load() and sk_state_store() */
	u8 skc_reuse : 4;
	u8 skc_reuseport : 1;
	u8 skc_connect_bind : 1; /* connect() chose the local port */
	int skc_bound_dev_if;
	/* in the list of owners of the local port (inet_bind_bucket) */
	struct hlist_node skc_bind_node;
	struct proto *skc_prot;
	struct hlist_node skc_node; /* in ehash or listening_hash */
	refcount_t skc_refcnt;
};

struct sock {
	/* must be first, as in request_sock and inet_timewait_sock */
	struct sock_common __sk_common;
#define sk_daddr        __sk_common.skc_daddr
#define sk_rcv_saddr    __sk_common.skc_rcv_saddr
#define sk_hash         __sk_common.skc_hash
#define sk_dport        __sk_common.skc_dport
#define sk_num          __sk_common.skc_num
#define sk_family       __sk_common.skc_family
#define sk_state        __sk_common.skc_state
#define sk_reuse        __sk_common.skc_reuse
#define sk_reuseport    __sk_common.skc_reuseport
#define sk_connect_bind __sk_common.skc_connect_bind
#define sk_bound_dev_if __sk_common.skc_bound_dev_if
#define sk_bind_node    __sk_common.skc_bind_node
#define sk_prot         __sk_common.skc_prot
#define sk_node         __sk_common.skc_node
#define sk_refcnt       __sk_common.skc_refcnt

	struct {
		spinlock_t slock;
		bool owned; /* a thread owns the sock: softirq must put packets into the backlog */
		wait_queue_head_t wq;
	} sk_lock;

	struct {
		struct sk_buff *head, *tail; /* packets, linked by ->next */
		u32 len;                     /* sum of the truesize of these packets */
	} sk_backlog;

	struct sk_buff_head sk_receive_queue;
	/* errqueue.h: the last message, whose ->next is the first; under sk_receive_queue.lock */
	struct sk_buff *sk_error_queue;
	struct sk_buff_head sk_write_queue; /* TCP: data not yet sent */
	/* TCP: data sent but not acknowledged, sorted by sequence number */
	struct rb_root tcp_rtx_queue;
	atomic_t sk_rmem_alloc; /* truesize of receive, out-of-order and error queue */
	atomic_t sk_omem_alloc; /* truesize of messages of MSG_ZEROCOPY */
	/* truesize of packets in IP, queues and drivers, + 1 for the sock itself */
	atomic_t sk_wmem_alloc;
	u32 sk_wmem_queued;       /* truesize of write queue and retransmit queue */
	int sk_rcvbuf, sk_sndbuf; /* limits of the queues, in bytes of truesize */
	int sk_rcvlowat;
	u32 sk_tsflags;         /* SO_TIMESTAMPING: SOF_TIMESTAMPING_* */
	u32 sk_zckey;           /* number of the next MSG_ZEROCOPY write */
	u32 sk_mark;            /* SO_MARK */
	u64 sk_pacing_rate;     /* bytes/s at which the protocol wants to send; ~0: not known */
	u64 sk_max_pacing_rate; /* bytes/s: SO_MAX_PACING_RATE; ~0: no limit */
	u8 sk_pacing_status;    /* SK_PACING_* */

	u8 sk_shutdown;  /* RCV_SHUTDOWN | SEND_SHUTDOWN */
	u8 sk_userlocks; /* SOCK_*_LOCK: the application chose the value itself */
	u8 sk_protocol;
	u8 sk_type;
	int sk_err;      /* positive errno; sock_error() returns and clears it */
	int sk_err_soft; /* not fatal: reported by SO_ERROR, or if the connection fails later */
	/*
	 * SO_TIMESTAMPING with OPT_ID: TCP: the sequence number of the byte with number 0; of other
	 * protocols: the number of the next datagram
	 */
	u32 sk_tskey;
	unsigned long sk_flags; /* bits of enum sock_flags */
	u32 sk_ack_backlog;     /* connections in the accept queue */
	u32 sk_max_ack_backlog;
	long sk_rcvtimeo, sk_sndtimeo; /* jiffies; MAX_SCHEDULE_TIMEOUT: no timeout */
	unsigned long sk_lingertime;   /* jiffies */

	struct dst_entry *sk_dst_cache;
	struct timer_list sk_timer; /* keepalive, and FIN_WAIT2 timeout of an orphan */
	struct socket *sk_socket;   /* NULL for an orphan, and for a child before accept() */
	struct socket_wq *sk_wq;    /* the wait queue in sk_socket */

	/* Protects sk_socket and sk_wq, also while a wake-up uses them. Taken inside slock. */
	spinlock_t sk_callback_lock;

	/*
	 * Callbacks of the protocol. Any context but hard interrupt; the caller owns the sock or
	 * holds its bh lock.
	 */
	void (*sk_state_change)(struct sock *sk);
	void (*sk_data_ready)(struct sock *sk);
	void (*sk_write_space)(struct sock *sk);
	void (*sk_error_report)(struct sock *sk);
	enum skb_drop_reason (*sk_backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	void (*sk_destruct)(struct sock *sk);
};

/* sysctls (sysctl_net_core.c) */
extern int sysctl_somaxconn;                 /* upper limit of listen()'s backlog */
extern int sysctl_rmem_max, sysctl_wmem_max; /* bytes; upper limits of SO_RCVBUF, SO_SNDBUF */
extern int sysctl_rmem_default, sysctl_wmem_default; /* bytes; buffers of a new datagram socket */

#define RCV_SHUTDOWN       1
#define SEND_SHUTDOWN      2
#define SHUTDOWN_MASK      3
#define SOCK_SNDBUF_LOCK   1
#define SOCK_RCVBUF_LOCK   2
#define SOCK_BINDADDR_LOCK 4 /* bind() chose the address */
#define SOCK_BINDPORT_LOCK 8 /* bind() chose the port: keep it after a disconnect */

#define SK_PACING_NEEDED 1 /* packets are sent no faster than sk_pacing_rate */
#define SK_PACING_NONE   0 /* sk_pacing_rate only sizes bursts */

#define SK_NO_REUSE  0
#define SK_CAN_REUSE 1

enum sock_flags {
	SOCK_DEAD, /* the application has closed the socket */
	SOCK_DONE, /* the peer's FIN was received */
	SOCK_KEEPOPEN,
	SOCK_LINGER,
	SOCK_BROADCAST,
	SOCK_RCVTSTAMP,        /* SO_TIMESTAMP, SO_TIMESTAMPNS: a read returns the time */
	SOCK_RCVTSTAMPNS,      /* the time is a struct timespec */
	SOCK_ZEROCOPY,         /* SO_ZEROCOPY: a write may have MSG_ZEROCOPY */
	SOCK_PASSCRED,         /* SO_PASSCRED: a read returns the credentials of the sender */
	SOCK_SELECT_ERR_QUEUE, /* SO_SELECT_ERR_QUEUE: has no effect on TCP, as in Linux */
	SOCK_LOCALROUTE,       /* SO_DONTROUTE: no packet goes through a gateway */
	SOCK_NO_CHECK_TX,      /* SO_NO_CHECK: UDP datagrams are sent without a checksum */
	SOCK_RXQ_OVFL,  /* SO_RXQ_OVFL: a read returns the number of datagrams that were dropped */
	SOCK_URGINLINE, /* SO_OOBINLINE: urgent data is read in its place in the stream */
	SOCK_USE_WRITE_QUEUE, /* sk_wmem_queued limits sending, so sock_wfree() wakes no thread */
	/* a thread waits for space to send (Linux keeps this in struct socket) */
	SOCK_NOSPACE,
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

/* ---- creation and destruction (net/core/sock.c) ---------------------------------------------- */
/* Makes the protocol's slab caches. Boot only: panics if there is no memory. */
int proto_register(struct proto *prot);
/* Returns the number of socks of all protocols. Any context. */
int sock_inuse_get(void);
struct sock *sk_alloc(int family, gfp_t gfp, struct proto *prot);
/*
 * Initialises queues, callbacks and default options of @sk, and connects it with @sock, unless that
 * is NULL.
 */
void sock_init_data(struct socket *sock, struct sock *sk);
/*
 * Copies a listener for a new connection. Returns the copy bh-locked, with two references. Softirq.
 * Returns NULL if there is no memory.
 */
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
/*
 * Count orphans: socks that the application has closed and the protocol has not finished yet.
 * TCP_ORPHANS_MAX limits their number.
 */
/* A sock enters (@n is 1) or leaves (-1) the tables in which packets find it. */
static inline void sock_prot_inuse_add(struct proto *prot, int n)
{
	__atomic_fetch_add(&prot->inuse, n, __ATOMIC_RELAXED);
}
static inline void sk_orphan_count_inc(struct sock *sk)
{
	__atomic_fetch_add(&sk->sk_prot->orphan_count, 1, __ATOMIC_RELAXED);
}
static inline void sk_orphan_count_dec(struct sock *sk)
{
	__atomic_fetch_sub(&sk->sk_prot->orphan_count, 1, __ATOMIC_RELAXED);
}
/*
 * Detaches @sk from the application's half: sk_socket and sk_wq become NULL. Any context but hard
 * interrupt, with or without the bh lock.
 */
void sock_orphan(struct sock *sk);
/* Attaches a child to the struct socket that accept() made. */
void sock_graft(struct sock *sk, struct socket *parent);

/* ---- lock ------------------------------------------------------------------------------------ */
void lock_sock(struct sock *sk);    /* process context; may sleep */
void release_sock(struct sock *sk); /* processes the backlog, calls release_cb */
static inline bool sock_owned_by_user(const struct sock *sk)
{
	return sk->sk_lock.owned;
}
/* Ends the ownership early, inside release_cb. The bh lock is held. */
static inline void sock_release_ownership(struct sock *sk)
{
	sk->sk_lock.owned = false;
}
#define bh_lock_sock(sk) spin_lock(&(sk)->sk_lock.slock)
static inline void bh_unlock_sock(struct sock *sk)
{
	spin_unlock(&sk->sk_lock.slock);
}
/*
 * Warns unless the context may change the protocol's state: a thread owns the sock, or the bh lock
 * is held.
 */
static inline void sock_owned_by_me(const struct sock *sk)
{
	WARN_ON(!sk->sk_lock.owned && !lockdep_is_held(&sk->sk_lock.slock));
}
/*
 * Adds @skb to the backlog. The bh lock is held. Returns 0, or -ENOBUFS if the backlog is full: the
 * caller then drops and counts @skb.
 */
int sk_add_backlog(struct sock *sk, struct sk_buff *skb, unsigned int limit);

/* ---- memory ---------------------------------------------------------------------------------- */
void sock_wfree(struct sk_buff *skb); /* destructor of a packet to send */
void sock_rfree(struct sk_buff *skb);
/* Charges @skb to @sk; the protocol may then replace @skb's destructor, sock_wfree(). */
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
static inline bool __sk_stream_memory_free(const struct sock *sk, bool wake)
{
	if ((int)sk->sk_wmem_queued >= sk->sk_sndbuf)
		return false;
	return !sk->sk_prot->stream_memory_free || sk->sk_prot->stream_memory_free(sk, wake);
}
static inline bool sk_stream_memory_free(const struct sock *sk)
{
	return __sk_stream_memory_free(sk, false);
}
/* Returns true if enough room is free to wake a thread that waits for room, and to report EPOLLOUT. */
static inline bool sk_stream_is_writeable(const struct sock *sk)
{
	return sk_stream_wspace(sk) >= sk_stream_min_wspace(sk) &&
	       __sk_stream_memory_free(sk, true);
}
void sk_stream_write_space(struct sock *sk);
int sk_stream_wait_connect(struct sock *sk, long *timeo_p);
int sk_stream_wait_memory(struct sock *sk, long *timeo_p);
void sk_stream_wait_close(struct sock *sk, long timeout);
int sk_stream_error(struct sock *sk, int flags, int err);
void sk_stream_kill_queues(struct sock *sk);

/*
 * Accounting of the memory of all socks of a protocol (net/core/sock_mem.c). Call sk_mem_schedule()
 * before adding a packet to a queue, sk_mem_charge() with @bytes when adding it and with -@bytes
 * when removing it.
 */
void sk_mem_charge(struct sock *sk, int bytes);
/*
 * Returns true if a queue of @sk may grow by @bytes; else the caller must not queue the packet.
 * @held: bytes that are in the queue already. A queue below @least may still grow when memory is
 * short.
 */
enum sk_mem_kind { SK_MEM_SEND, SK_MEM_RECV };
bool sk_mem_schedule(struct sock *sk, unsigned int bytes, enum sk_mem_kind kind, int held,
		     int least);
/* Returns the same answer as sk_mem_schedule(), without entering memory pressure. */
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
/* Returns true if the memory exceeds its limit, or free pages are short. */
bool sk_memory_is_spent(const struct sock *sk);
/*
 * Sets memory_pressure, and calls the protocol's enter_memory_pressure() if it was not set before.
 * Any context.
 */
void proto_enter_memory_pressure(struct proto *prot);
static inline void sk_enter_memory_pressure(struct sock *sk)
{
	proto_enter_memory_pressure(sk->sk_prot);
}
/* Accounts for @bytes added to the write and retransmit queues; negative: removed from them. */
static inline void sk_wmem_queued_add(struct sock *sk, int bytes)
{
	sk->sk_wmem_queued += bytes;
	sk_mem_charge(sk, bytes);
}

/* ---- wake-ups and waits ---------------------------------------------------------------------- */
void sock_def_wakeup(struct sock *sk);   /* default sk_state_change: wakes all waiters */
void sock_def_readable(struct sock *sk); /* default sk_data_ready */
void sock_def_error_report(struct sock *sk);
/* default sk_write_space, for datagrams: uses sk_wmem_alloc */
void sock_def_write_space(struct sock *sk);
void sk_send_sigurg(struct sock *sk);
static inline wait_queue_head_t *sk_sleep(struct sock *sk)
{
	return sk->sk_wq ? &sk->sk_wq->wait : NULL;
}
/*
 * Sleeps until a packet arrives after @skb, the tail of the receive queue, or until the timeout, an
 * error or a signal. The caller owns @sk, which is released meanwhile.
 */
int sk_wait_data(struct sock *sk, long *timeo, const struct sk_buff *skb);
/*
 * Releases the sock, sleeps unless @cond is true, and owns the sock again. The caller has put its
 * wait entry into the queue before.
 */
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
/*
 * Returns the errno of a wait that a signal ended: -ERESTARTSYS if the wait had no timeout, else
 * -EINTR.
 */
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
/* A connection has entered, or left, the accept queue of the listener @sk, whose request_sock_queue lock is held. */
static inline void sk_acceptq_added(struct sock *sk)
{
	sk->sk_ack_backlog++;
}
static inline void sk_acceptq_removed(struct sock *sk)
{
	sk->sk_ack_backlog--;
}
static inline bool sk_acceptq_is_full(const struct sock *sk)
{
	return sk->sk_ack_backlog > sk->sk_max_ack_backlog;
}
static inline bool sk_fullsock(const struct sock *sk)
{
	return sk->sk_state != TCP_TIME_WAIT && sk->sk_state != TCP_NEW_SYN_RECV;
}
/*
 * Sets the cached route (NULL: none), releases the old one, and takes over the caller's reference
 * to @dst.
 */
static inline void sk_dst_set(struct sock *sk, struct dst_entry *dst)
{
	dst_release(__atomic_exchange_n(&sk->sk_dst_cache, dst, __ATOMIC_SEQ_CST));
}
static inline void sk_dst_reset(struct sock *sk)
{
	sk_dst_set(sk, NULL);
}

/*
 * SO_BINDTODEVICE and SO_BINDTOIFINDEX (net/core/sock_bound.c): the device of all packets of a
 * socket. sock_bind_index() returns 0 or -EINVAL; the caller owns @sk. The other two return 0 or
 * -errno, and lock @sk.
 */
int sock_bind_index(struct sock *sk, int ifindex);
int sock_set_bound_dev(struct sock *sk, const void __user *optval, unsigned int optlen);
int sock_get_bound_dev(const struct sock *sk, void __user *optval, int __user *optlen, int len);

/* Options of level SOL_SOCKET (net/core/sock_options.c). */
int sock_setsockopt(struct socket *sock, int optname, const void __user *optval,
		    unsigned int optlen);
int sock_getsockopt(struct socket *sock, int optname, void __user *optval, int __user *optlen);
/* Functions for struct proto_ops that only call the same operation of sk->sk_prot. */
int sock_common_setsockopt(struct socket *sock, int level, int optname, const void __user *optval,
			   unsigned int optlen);
int sock_common_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
			   int __user *optlen);

#endif
