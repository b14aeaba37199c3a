/* SPDX-License-Identifier: MIT */
/*
 * The hash tables in which a segment finds its socket.
 *
 * Callers: tcp_init() calls inet_hashinfo_init(); listen() calls inet_hash(); connect() and a
 * completed handshake call inet_ehash_insert(); tcp_v4_rcv() looks up each received segment, and
 * tcp_v4_err() each segment that an ICMP error quotes (softirq); tcp_set_state(TCP_CLOSE) calls
 * inet_unhash().
 *
 * A lookup takes its reference under the bucket's lock, and an entry is removed under the same lock
 * before its last reference is put: so a lookup never finds an entry that is being freed. Every
 * lock here is taken with BHs off. Lock order: bhash, then ehash, then a listener's rskq_lock.
 *
 * The hash function is keyed with a random secret chosen at boot, so that a peer cannot choose
 * four-tuples that fall into one bucket. Compare Linux's net/ipv4/inet_hashtables.c; ports are in
 * inet_ports.c.
 */
#include "net/inet/inet_hashtables.h"

#include "kernel/lib/random.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "net/core/netdevice.h"
#include "net/inet/inet_timewait_sock.h"
#include "net/inet/limits.h"
#include "net/wire/ip.h"

#define BYTES_PER_EHASH_BUCKET 16384

struct inet_hashinfo tcp_hashinfo;
static siphash_key_t ehash_key;

static void *table_alloc(size_t n, size_t size)
{
	void *table = kcalloc(n, size, GFP_KERNEL);

	if (!table)
		panic("no memory for a hash table of %lu entries", n);
	return table;
}

u32 inet_ehash_buckets(u64 memory)
{
	u64 want = memory / BYTES_PER_EHASH_BUCKET;
	u32 buckets = EHASH_BUCKETS_MIN;

	while (buckets < EHASH_BUCKETS_MAX && buckets < want)
		buckets <<= 1;
	return buckets;
}

void inet_hashinfo_init(struct inet_hashinfo *h)
{
	u32 buckets = inet_ehash_buckets(nr_total_pages() * PAGE_SIZE);

	BUILD_BUG_ON(!IS_POWER_OF_2(EHASH_BUCKETS_MIN) || !IS_POWER_OF_2(BHASH_BUCKETS) ||
		     !IS_POWER_OF_2(LHASH_BUCKETS) || !IS_POWER_OF_2(EHASH_LOCKS));
	/*
	 * The low bits of an entry's hash choose its bucket and its lock. With more locks than
	 * buckets, entries of one bucket could be protected by different locks.
	 */
	BUILD_BUG_ON(EHASH_LOCKS > EHASH_BUCKETS_MIN);

	h->ehash = table_alloc(buckets, sizeof(*h->ehash));
	h->ehash_mask = buckets - 1;
	h->ehash_locks = table_alloc(EHASH_LOCKS, sizeof(*h->ehash_locks));
	h->bhash = table_alloc(BHASH_BUCKETS, sizeof(*h->bhash));
	h->listening_hash = table_alloc(LHASH_BUCKETS, sizeof(*h->listening_hash));
	h->bind_bucket_cachep =
		kmem_cache_create("tcp_bind_bucket", sizeof(struct inet_bind_bucket), 0, 0);
	get_random_bytes(&ehash_key, sizeof(ehash_key));
}

u32 inet_ehashfn(__be32 laddr, u16 lport, __be32 faddr, __be16 fport)
{
	return hsiphash_2u64((u64)laddr << 32 | faddr, (u64)lport << 16 | fport, &ehash_key);
}

u32 sk_ehashfn(const struct sock *sk)
{
	return inet_ehashfn(sk->sk_rcv_saddr, sk->sk_num, sk->sk_daddr, sk->sk_dport);
}

static struct inet_listen_hashbucket *listen_bucket(struct inet_hashinfo *h, u16 hnum)
{
	return &h->listening_hash[hnum & (LHASH_BUCKETS - 1)];
}

/* ---- lookups for a segment ------------------------------------------------------------------- */

noinline struct sock *__inet_lookup_skb(struct inet_hashinfo *h, struct sk_buff *skb, __be16 sport,
					__be16 dport)
{
	const struct iphdr *iph = (const struct iphdr *)skb_network_header(skb);
	int dif = skb->dev ? skb->dev->ifindex : 0;
	u16 hnum = ntohs(dport);
	struct sock *sk;

	sk = __inet_lookup_established(h, iph->saddr, sport, iph->daddr, hnum, dif);
	return sk ? sk : __inet_lookup_listener(h, iph->saddr, sport, iph->daddr, hnum, dif);
}

static bool established_match(const struct sock *sk, __be32 saddr, __be16 sport, __be32 daddr,
			      u16 hnum, int dif)
{
	return sk->sk_daddr == saddr && sk->sk_dport == sport && sk->sk_rcv_saddr == daddr &&
	       sk->sk_num == hnum && (!sk->sk_bound_dev_if || sk->sk_bound_dev_if == dif);
}

noinline struct sock *__inet_lookup_established(struct inet_hashinfo *h, __be32 saddr, __be16 sport,
						__be32 daddr, u16 hnum, int dif)
{
	u32 hash = inet_ehashfn(daddr, hnum, saddr, sport);
	spinlock_t *lock = inet_ehash_lockp(h, hash);
	struct sock *sk, *found = NULL;

	spin_lock_bh(lock);
	hlist_for_each_entry(sk, &inet_ehash_bucket(h, hash)->chain, sk_node) {
		if (sk->sk_hash != hash || !established_match(sk, saddr, sport, daddr, hnum, dif))
			continue;
		if (refcount_inc_not_zero(&sk->sk_refcnt))
			found = sk;
		break;
	}
	spin_unlock_bh(lock);
	return found;
}

/*
 * Returns how well a listener matches a segment to @daddr and @hnum on device @dif, or -1 if it
 * does not match. A listener that is bound to the address or the device scores higher than an
 * unbound one.
 */
static int compute_score(const struct sock *sk, __be32 daddr, u16 hnum, int dif)
{
	int score = 1;

	if (sk->sk_num != hnum)
		return -1;
	if (sk->sk_rcv_saddr) {
		if (sk->sk_rcv_saddr != daddr)
			return -1;
		score += 4;
	}
	if (sk->sk_bound_dev_if) {
		if (sk->sk_bound_dev_if != dif)
			return -1;
		score += 4;
	}
	return score;
}

static bool same_group(const struct sock *a, const struct sock *b)
{
	return b->sk_reuseport && a->sk_num == b->sk_num && a->sk_rcv_saddr == b->sk_rcv_saddr &&
	       a->sk_bound_dev_if == b->sk_bound_dev_if;
}

/*
 * The listeners with SO_REUSEPORT that share @first's port, address and device are a group. Returns
 * the member that @hash, a keyed hash of the four-tuple, selects. So a retransmitted SYN finds the
 * same member as long as no listener joins or leaves the group. Linux keeps the group in an array;
 * here the members are counted, because a group needs no memory of its own then.
 */
static noinline struct sock *reuseport_select_sock(struct inet_listen_hashbucket *ilb,
						   struct sock *first, u32 hash)
{
	struct sock *sk;
	u32 n = 0;

	hlist_for_each_entry(sk, &ilb->head, sk_node)
		n += same_group(first, sk);
	n = (u64)hash * n >> 32;
	hlist_for_each_entry(sk, &ilb->head, sk_node) {
		if (same_group(first, sk) && !n--)
			return sk;
	}
	return first;
}

noinline struct sock *__inet_lookup_listener(struct inet_hashinfo *h, __be32 saddr, __be16 sport,
					     __be32 daddr, u16 hnum, int dif)
{
	struct inet_listen_hashbucket *ilb = listen_bucket(h, hnum);
	struct sock *sk, *found = NULL;
	int best = 0;

	spin_lock_bh(&ilb->lock);
	hlist_for_each_entry(sk, &ilb->head, sk_node) {
		int score = compute_score(sk, daddr, hnum, dif);

		if (score > best) {
			best = score;
			found = sk;
		}
	}
	if (found && found->sk_reuseport)
		found = reuseport_select_sock(ilb, found, inet_ehashfn(daddr, hnum, saddr, sport));
	if (found && !refcount_inc_not_zero(&found->sk_refcnt))
		found = NULL;
	spin_unlock_bh(&ilb->lock);
	return found;
}

/* ---- inserting and removing ------------------------------------------------------------------ */

/* Returns true if the ehash has an entry with the addresses and ports of @sk. The bucket is locked. */
static bool ehash_has(struct inet_hashinfo *h, const struct sock *sk)
{
	const struct sock *other;

	hlist_for_each_entry(other, &inet_ehash_bucket(h, sk->sk_hash)->chain, sk_node)
		if (other->sk_hash == sk->sk_hash &&
		    established_match(other, sk->sk_daddr, sk->sk_dport, sk->sk_rcv_saddr,
				      sk->sk_num, sk->sk_bound_dev_if))
			return true;
	return false;
}

/*
 * @osk, if not NULL, is the request that @sk was made from. The two have the same four-tuple, hence
 * the same bucket, and are exchanged under one lock, so that a segment always finds one of them. If
 * two ACKs complete the same handshake, only the first ACK finds @osk still hashed.
 */
noinline bool inet_ehash_insert(struct sock *sk, struct sock *osk)
{
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	spinlock_t *lock;
	bool ok = true;

	WARN_ON(!hlist_unhashed(&sk->sk_node));
	sk->sk_hash = sk_ehashfn(sk);
	lock = inet_ehash_lockp(h, sk->sk_hash);
	spin_lock_bh(lock);
	/* Two ACKs with the same SYN cookie must not make two children. */
	if (!osk && sk->sk_state == TCP_SYN_RECV)
		ok = !ehash_has(h, sk);
	if (osk) {
		BUG_ON(sk->sk_hash != osk->sk_hash);
		ok = !hlist_unhashed(&osk->sk_node);
		if (ok) {
			hlist_del_init(&osk->sk_node);
			/* this was the table's reference; the caller holds another one */
			WARN_ON(refcount_dec_and_test(&osk->sk_refcnt));
		}
	}
	if (ok) {
		hlist_add_head(&sk->sk_node, &inet_ehash_bucket(h, sk->sk_hash)->chain);
		sock_prot_inuse_add(sk->sk_prot, 1);
	}
	spin_unlock_bh(lock);
	return ok;
}

bool inet_ehash_nolisten(struct sock *sk, struct sock *osk)
{
	if (inet_ehash_insert(sk, osk))
		return true;
	sk_orphan_count_inc(sk);
	sk_state_store(sk, TCP_CLOSE);
	sock_set_flag(sk, SOCK_DEAD);
	inet_csk_destroy_sock(sk);
	return false;
}

noinline void inet_hash(struct sock *sk)
{
	struct inet_listen_hashbucket *ilb;

	if (sk->sk_state == TCP_CLOSE)
		return;
	if (sk->sk_state != TCP_LISTEN) {
		inet_ehash_nolisten(sk, NULL);
		return;
	}
	ilb = listen_bucket(sk->sk_prot->hashinfo, sk->sk_num);
	WARN_ON(!hlist_unhashed(&sk->sk_node));
	spin_lock_bh(&ilb->lock);
	hlist_add_head(&sk->sk_node, &ilb->head);
	sock_prot_inuse_add(sk->sk_prot, 1);
	spin_unlock_bh(&ilb->lock);
}

/* Call this before the state changes, because the state tells in which table the sock is. */
noinline void inet_unhash(struct sock *sk)
{
	struct inet_hashinfo *h = sk->sk_prot->hashinfo;
	spinlock_t *lock;

	if (hlist_unhashed(&sk->sk_node))
		return;
	lock = sk->sk_state == TCP_LISTEN ? &listen_bucket(h, sk->sk_num)->lock
					  : inet_ehash_lockp(h, sk->sk_hash);
	spin_lock_bh(lock);
	hlist_del_init(&sk->sk_node);
	sock_prot_inuse_add(sk->sk_prot, -1);
	spin_unlock_bh(lock);
}

/* ---- iterating over the tables --------------------------------------------------------------- */

void inet_for_each(struct inet_hashinfo *h, void (*show)(void *arg, struct sock *sk), void *arg)
{
	struct sock *sk;

	for (u32 i = 0; i < LHASH_BUCKETS; i++) {
		struct inet_listen_hashbucket *ilb = &h->listening_hash[i];

		spin_lock_bh(&ilb->lock);
		hlist_for_each_entry(sk, &ilb->head, sk_node)
			show(arg, sk);
		spin_unlock_bh(&ilb->lock);
	}
	for (u32 i = 0; i <= h->ehash_mask; i++) {
		spinlock_t *lock = inet_ehash_lockp(h, i);

		if (hlist_empty(&h->ehash[i].chain))
			continue;
		spin_lock_bh(lock);
		hlist_for_each_entry(sk, &h->ehash[i].chain, sk_node)
			show(arg, sk);
		spin_unlock_bh(lock);
	}
}

/*
 * Finds a socket of @chain whose state is in @states, and returns it with a reference. Takes and
 * releases @lock, the chain's lock. Requests and TIME_WAIT entries are not struct socks, so @states
 * must not contain their states.
 */
static struct sock *find_state_in(struct hlist_head *chain, spinlock_t *lock, u32 states)
{
	struct sock *sk, *found = NULL;

	if (hlist_empty(chain))
		return NULL;
	spin_lock_bh(lock);
	hlist_for_each_entry(sk, chain, sk_node) {
		if ((1u << sk->sk_state) & states) {
			sock_hold(sk);
			found = sk;
			break;
		}
	}
	spin_unlock_bh(lock);
	return found;
}

struct sock *inet_find_state(struct inet_hashinfo *h, u32 *at, u32 states)
{
	struct sock *sk = NULL;

	WARN_ON(states & (1u << TCP_TIME_WAIT | 1u << TCP_NEW_SYN_RECV));
	for (; *at < LHASH_BUCKETS + h->ehash_mask + 1; (*at)++) {
		if (*at < LHASH_BUCKETS) {
			struct inet_listen_hashbucket *ilb = &h->listening_hash[*at];

			sk = find_state_in(&ilb->head, &ilb->lock, states);
		} else {
			u32 i = *at - LHASH_BUCKETS;

			sk = find_state_in(&h->ehash[i].chain, inet_ehash_lockp(h, i), states);
		}
		if (sk)
			break;
	}
	return sk;
}
