/* SPDX-License-Identifier: MIT */
/*
 * The three tables: ehash (everything with a full four-tuple, requests and TIME_WAIT too), bhash
 * (bound local ports) and listening_hash.  Linux's include/net/inet_hashtables.h.
 *
 * Locks: one a bucket (ehash: shared by groups of buckets), taken with BHs off.  A lookup returns
 * with a reference.  Keyed with SipHash and a secret of this boot.
 */
#ifndef NET_INET_INET_HASHTABLES_H
#define NET_INET_INET_HASHTABLES_H

#include "kernel/sched/spinlock.h"
#include "net/inet/inet_connection_sock.h"

struct inet_ehash_bucket {
	struct hlist_head chain; /* of sock_common by skc_node */
};
struct inet_bind_bucket {
	unsigned short port;
	s8 fastreuse; /* > 0: all owners have SO_REUSEADDR and none listens; -1: connect() chose it */
	struct hlist_node node;
	struct hlist_head owners; /* of sock_common by skc_bind_node: sockets and timewaits */
};
struct inet_bind_hashbucket {
	spinlock_t lock;
	struct hlist_head chain;
};
struct inet_listen_hashbucket {
	spinlock_t lock;
	struct hlist_head head;
};

#define EHASH_LOCKS 256

struct inet_hashinfo {
	struct inet_ehash_bucket *ehash;
	spinlock_t *ehash_locks; /* EHASH_LOCKS */
	u32 ehash_mask;
	struct inet_bind_hashbucket *bhash; /* BHASH_BUCKETS */
	struct kmem_cache *bind_bucket_cachep;
	struct inet_listen_hashbucket *listening_hash; /* LHASH_BUCKETS */
};
extern struct inet_hashinfo tcp_hashinfo;

/* Of the ehash, on a machine with @memory bytes: a power of two. */
u32 inet_ehash_buckets(u64 memory);
/* Sizes ehash from memory (EHASH_BUCKETS_*). At boot: panics without memory. */
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

/* Lookups.  @hnum: local port in host order.  Softirq or BHs off. */
struct sock *__inet_lookup_established(struct inet_hashinfo *h, __be32 saddr, __be16 sport,
				       __be32 daddr, u16 hnum, int dif);
struct sock *__inet_lookup_listener(struct inet_hashinfo *h, __be32 daddr, u16 hnum, int dif);
/* Established first, then listeners; of @skb's addresses. */
struct sock *__inet_lookup_skb(struct inet_hashinfo *h, struct sk_buff *skb, __be16 sport,
			       __be16 dport);

/*
 * Inserts @sk and in the same step removes @osk (the request that it replaces).  False: @osk was
 * gone.
 */
bool inet_ehash_insert(struct sock *sk, struct sock *osk);
/* The same; if it fails the child is unhashed, dead and in TCP_CLOSE. */
bool inet_ehash_nolisten(struct sock *sk, struct sock *osk);
void inet_hash(struct sock *sk);   /* listener or connection, by state */
void inet_unhash(struct sock *sk); /* idempotent */
void inet_put_port(struct sock *sk);
int __inet_inherit_port(const struct sock *sk, struct sock *child); /* 0 or -ENOENT */
/* Chooses a local port for connect() and hashes @sk; may reuse a TIME_WAIT socket's port if the
 * protocol allows it. 0, -EADDRNOTAVAIL or -ENOMEM. */
int inet_hash_connect(struct sock *sk);
extern int sysctl_ip_local_port_range[2]; /* least, most: docs/sysctl.md */

struct inet_bind_bucket *inet_bind_bucket_create(struct inet_hashinfo *h,
						 struct inet_bind_hashbucket *head,
						 unsigned short port);
void inet_bind_bucket_destroy(struct inet_hashinfo *h, struct inet_bind_bucket *tb);
void inet_bind_hash(struct sock *sk, struct inet_bind_bucket *tb, unsigned short snum);

/* Walks the tables for /proc/net/tcp: calls @show for each entry under its bucket's lock. */
void inet_for_each(struct inet_hashinfo *h, void (*show)(void *arg, struct sock *sk), void *arg);

/*
 * A listener or connection in one of @states (bits 1 << TCP_*), with a reference, or NULL after the
 * last.  @at: 0 at first; the search continues in the same bucket, so unless the caller changes the
 * state of the returned sock, it is returned again.
 */
struct sock *inet_find_state(struct inet_hashinfo *h, u32 *at, u32 states);

#endif
