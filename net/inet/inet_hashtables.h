/* SPDX-License-Identifier: MIT */
/*
 * The three hash tables of sockets: ehash (every entry with a full four-tuple: connections,
 * half-open requests, TIME_WAIT), bhash (bound local ports) and listening_hash (listeners). Compare
 * Linux's include/net/inet_hashtables.h.
 *
 * Each bucket has a lock (in the ehash, groups of buckets share one), taken with BHs off. A lookup
 * returns its result with a reference. The ehash's hash function is SipHash, keyed with a random
 * secret chosen at boot.
 */
#ifndef NET_INET_INET_HASHTABLES_H
#define NET_INET_INET_HASHTABLES_H

#include "kernel/sched/spinlock.h"
#include "net/inet/inet_connection_sock.h"

struct inet_ehash_bucket {
	struct hlist_head chain; /* list of sock_common, linked by skc_node */
};
struct inet_bind_bucket {
	unsigned short port;
	/*
	 * fastreuse and fastreuseport are -1 while connect() has chosen the port of every owner
	 * (bound is 0). fastreuse becomes 0 when a socket without SO_REUSEADDR is bound to the
	 * port, or an owner begins to listen. fastreuseport is 0 if the owner that was added last
	 * has no SO_REUSEPORT; otherwise it is FASTREUSEPORT_STRICT.
	 */
	s8 fastreuse, fastreuseport;
	__be32 fast_rcv_saddr; /* valid with FASTREUSEPORT_STRICT */
	u32 bound;             /* owners whose port was not chosen by connect() */
	struct hlist_node node;
	/* list of sock_common, linked by skc_bind_node: sockets and TIME_WAIT objects */
	struct hlist_head owners;
};
struct inet_bind_hashbucket {
	spinlock_t lock;
	struct hlist_head chain;
};
struct inet_listen_hashbucket {
	spinlock_t lock;
	struct hlist_head head;
};

/*
 * A value of fastreuseport: a socket with SO_REUSEPORT on fast_rcv_saddr conflicts with no owner.
 */
#define FASTREUSEPORT_STRICT 2

#define EHASH_LOCKS 256

struct inet_hashinfo {
	struct inet_ehash_bucket *ehash;
	spinlock_t *ehash_locks; /* EHASH_LOCKS elements */
	u32 ehash_mask;
	struct inet_bind_hashbucket *bhash; /* BHASH_BUCKETS elements */
	struct kmem_cache *bind_bucket_cachep;
	struct inet_listen_hashbucket *listening_hash; /* LHASH_BUCKETS elements */
};
extern struct inet_hashinfo tcp_hashinfo;

/* Returns the number of ehash buckets for a machine with @memory bytes, a power of two. */
u32 inet_ehash_buckets(u64 memory);
/*
 * Allocates the tables; the ehash is sized by memory (EHASH_BUCKETS_*). Boot only: panics if there
 * is no memory.
 */
void inet_hashinfo_init(struct inet_hashinfo *h);

static inline struct inet_ehash_bucket *inet_ehash_bucket(struct inet_hashinfo *h, u32 hash)
{
	return &h->ehash[hash & h->ehash_mask];
}
static inline spinlock_t *inet_ehash_lockp(struct inet_hashinfo *h, u32 hash)
{
	return &h->ehash_locks[hash & (EHASH_LOCKS - 1)];
}

u32 inet_ehashfn(__be32 laddr, u16 lport, __be32 faddr, __be16 fport);
u32 sk_ehashfn(const struct sock *sk);

/*
 * Lookups of the socket that a received segment belongs to. @saddr and @sport are the peer's,
 * @daddr and @hnum (host byte order) are local. Softirq or BHs off.
 */
struct sock *__inet_lookup_established(struct inet_hashinfo *h, __be32 saddr, __be16 sport,
				       __be32 daddr, u16 hnum, int dif);
struct sock *__inet_lookup_listener(struct inet_hashinfo *h, __be32 saddr, __be16 sport,
				    __be32 daddr, u16 hnum, int dif);
/* Looks up the socket of segment @skb: first in the ehash, then among the listeners. */
struct sock *__inet_lookup_skb(struct inet_hashinfo *h, struct sk_buff *skb, __be16 sport,
			       __be16 dport);

/*
 * Inserts @sk into the ehash and, in the same step, removes the request @osk that it replaces
 * (NULL: none). Returns false, without inserting, if @osk was removed before, or if @sk was made
 * from a SYN cookie (it is in SYN_RECV without a request) and its connection exists already.
 */
bool inet_ehash_insert(struct sock *sk, struct sock *osk);
/* As inet_ehash_insert(); but if that fails, also sets @sk to TCP_CLOSE and destroys it. */
bool inet_ehash_nolisten(struct sock *sk, struct sock *osk);
/* adds a listener to listening_hash, a connection to the ehash */
void inet_hash(struct sock *sk);
void inet_unhash(struct sock *sk); /* no effect if @sk is not hashed */
void inet_put_port(struct sock *sk);
/*
 * Adds @child to the owners of the listener @sk's port. Returns 0, or -ENOENT if @sk was closed
 * meanwhile.
 */
int __inet_inherit_port(const struct sock *sk, struct sock *child);
/*
 * Chooses a local port for connect() and hashes @sk. May reuse the port of a TIME_WAIT object with
 * the same four-tuple if the protocol allows it (twsk_unique). Returns 0, -EADDRNOTAVAIL or
 * -ENOMEM.
 */
int inet_hash_connect(struct sock *sk);
extern int sysctl_ip_local_port_range[2]; /* first and last port, see docs/sysctl.md */
/* Returns the first port of ip_local_port_range; *@n becomes the number of ports. */
unsigned int inet_local_ports(u32 *n);
/* Returns true for a port of ip_local_reserved_ports, which only bind() with this port may use. */
bool inet_port_is_reserved(u16 port);
/*
 * ip_local_reserved_ports. The text has ports and ranges of ports, "8080 9000-9010". Returns 0, or -EINVAL
 * without any change if the text is wrong.
 */
int inet_set_reserved_ports(const char *text);
const char *inet_get_reserved_ports(void);

struct inet_bind_bucket *inet_bind_bucket_create(struct inet_hashinfo *h,
						 struct inet_bind_hashbucket *head,
						 unsigned short port);
/* Adds an owner to a bucket, or removes it. The bhash bucket is locked. */
void inet_bind_add(struct inet_bind_bucket *tb, struct sock_common *owner);
void inet_bind_del(struct inet_hashinfo *h, struct inet_bind_bucket *tb, struct sock_common *owner);
void inet_bind_hash(struct sock *sk, struct inet_bind_bucket *tb, unsigned short snum);

/* Calls @show for each entry of the tables, under its bucket's lock, for /proc/net/tcp. */
void inet_for_each(struct inet_hashinfo *h, void (*show)(void *arg, struct sock *sk), void *arg);

/*
 * Returns a listener or connection whose state is in @states (bits 1 << TCP_*), with a reference,
 * or NULL if there is no further such socket. *@at is the bucket where the search continues; set it
 * to 0 before the first call. Unless the caller changes the state of a returned sock, the next call
 * returns the same sock again.
 */
struct sock *inet_find_state(struct inet_hashinfo *h, u32 *at, u32 states);

#endif
