/* SPDX-License-Identifier: MIT */
/*
 * UDP's two hash tables: sockets by local port, and sockets by the addresses and ports that a
 * lookup compares.
 *
 * Callers: bind(), connect() and the first send call udp_get_port() (process, sock owned);
 * connect() calls udp_set_addresses(); close() calls udp_unhash(); udp_rcv() and udp_err() look up
 * sockets (softirq).
 *
 * Every socket with a port is in both tables. In the second table its key is its whole four-tuple,
 * with zeros for a peer or an address that it does not have. So a lookup looks into at most three
 * buckets, however many sockets share a port: that of the connected socket, that of a socket with
 * the local address, and that of a socket without address. In Linux 4.11 no key contains the peer,
 * so a lookup searches all connected sockets of one address and port.
 *
 * Locks: each bucket has one, taken with BHs off. Order: a port's bucket, then a tuple's. A lookup
 * takes its reference under the bucket's lock, and a socket leaves the tables under the same lock.
 * The hash of the second table is keyed with a secret, so that a peer cannot choose addresses that
 * fall into one bucket. Compare Linux's net/ipv4/udp.c.
 */
#include "kernel/lib/random.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "net/inet/inet_hashtables.h"
#include "net/ipv4/ip_mc_sock.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/udp.h"

#define BYTES_PER_BUCKET 32768

struct udp_hslot {
	spinlock_t lock;
	struct hlist_head head; /* list of sock_common */
};

static struct udp_hslot *udp_ports;  /* UDP_PORT_BUCKETS elements; linked by skc_bind_node */
static struct udp_hslot *udp_tuples; /* udp_tuple_mask + 1 elements; linked by skc_node */
static u32 udp_tuple_mask;
static siphash_key_t udp_key;

static struct udp_hslot *table_alloc(u32 n)
{
	struct udp_hslot *table = kcalloc(n, sizeof(*table), GFP_KERNEL);

	if (!table)
		panic("no memory for a UDP hash table of %u entries", n);
	for (u32 i = 0; i < n; i++)
		spin_lock_init(&table[i].lock);
	return table;
}

/* Returns the number of buckets of the second table for a machine with @memory bytes. */
static u32 tuple_buckets(u64 memory)
{
	u64 want = memory / BYTES_PER_BUCKET;
	u32 n = UDP_BUCKETS_MIN;

	while (n < UDP_BUCKETS_MAX && n < want)
		n <<= 1;
	return n;
}

void udp_table_init(void)
{
	u32 n = tuple_buckets(nr_total_pages() * PAGE_SIZE);

	BUILD_BUG_ON(!IS_POWER_OF_2(UDP_BUCKETS_MIN) || !IS_POWER_OF_2(UDP_PORT_BUCKETS));
	udp_tuples = table_alloc(n);
	udp_tuple_mask = n - 1;
	udp_ports = table_alloc(UDP_PORT_BUCKETS);
	get_random_bytes(&udp_key, sizeof(udp_key));
}

static struct udp_hslot *port_slot(u16 hnum)
{
	return &udp_ports[hnum & (UDP_PORT_BUCKETS - 1)];
}

static u32 tuple_hash(__be32 laddr, u16 hnum, __be32 faddr, __be16 fport)
{
	return hsiphash_2u64((u64)laddr << 32 | faddr, (u64)hnum << 16 | fport, &udp_key);
}

static struct udp_hslot *tuple_slot(u32 hash)
{
	return &udp_tuples[hash & udp_tuple_mask];
}

/* ---- joining and leaving --------------------------------------------------------------------- */

static void tuple_insert(struct sock *sk)
{
	struct udp_hslot *slot;

	sk->sk_hash = tuple_hash(sk->sk_rcv_saddr, sk->sk_num, sk->sk_daddr, sk->sk_dport);
	slot = tuple_slot(sk->sk_hash);
	spin_lock_bh(&slot->lock);
	hlist_add_head(&sk->sk_node, &slot->head);
	spin_unlock_bh(&slot->lock);
}

static void tuple_remove(struct sock *sk)
{
	struct udp_hslot *slot = tuple_slot(sk->sk_hash);

	spin_lock_bh(&slot->lock);
	hlist_del_init(&sk->sk_node);
	spin_unlock_bh(&slot->lock);
}

/*
 * Returns true if @sk must not get port @num, because another socket of the port has the same
 * address, or one of the two has none. With @share, they may share the port if both have
 * SO_REUSEADDR, or both SO_REUSEPORT. Linux also compares the users of the sockets; here there is
 * one user. The lock of the port's bucket is held.
 */
static bool port_in_use(const struct sock *sk, u16 num, bool share)
{
	const struct udp_hslot *slot = port_slot(num);
	const struct sock_common *other;

	lockdep_assert_held(&slot->lock);
	hlist_for_each_entry(other, &slot->head, skc_bind_node) {
		if (other->skc_num != num)
			continue;
		if (sk->sk_bound_dev_if && other->skc_bound_dev_if &&
		    sk->sk_bound_dev_if != other->skc_bound_dev_if)
			continue;
		if (sk->sk_rcv_saddr && other->skc_rcv_saddr &&
		    sk->sk_rcv_saddr != other->skc_rcv_saddr)
			continue;
		if (!share || ((!sk->sk_reuse || !other->skc_reuse) &&
			       (!sk->sk_reuseport || !other->skc_reuseport)))
			return true;
	}
	return false;
}

/* Gives @sk the port @num if that is free. Returns false if it is in use. */
static bool take_port(struct sock *sk, u16 num, bool share)
{
	struct udp_hslot *slot = port_slot(num);
	bool in_use;

	spin_lock_bh(&slot->lock);
	in_use = port_in_use(sk, num, share);
	if (!in_use) {
		sk->sk_num = num;
		hlist_add_head(&sk->sk_bind_node, &slot->head);
		tuple_insert(sk);
		sock_prot_inuse_add(sk->sk_prot, 1);
	}
	spin_unlock_bh(&slot->lock);
	return !in_use;
}

int udp_get_port(struct sock *sk, unsigned short snum)
{
	u32 nr_ports, low, first;

	sock_owned_by_me(sk);
	if (snum)
		return !take_port(sk, snum, true);
	low = inet_local_ports(&nr_ports);
	first = prandom_u32_max(nr_ports);
	for (u32 n = 0; n < nr_ports; n++) {
		u16 num = low + (first + n) % nr_ports;

		if (!inet_port_is_reserved(num) && take_port(sk, num, false))
			return 0;
		cond_resched();
	}
	return 1;
}

/*
 * The lock of the port's bucket is held until @sk has its new place in the tables, so no other
 * socket can take the port meanwhile.
 */
void udp_set_addresses(struct sock *sk, __be32 rcv_saddr, __be32 daddr, __be16 dport)
{
	struct udp_hslot *slot = port_slot(sk->sk_num);
	bool hashed = sk->sk_num;

	sock_owned_by_me(sk);
	spin_lock_bh(&slot->lock);
	if (hashed)
		tuple_remove(sk);
	sk->sk_rcv_saddr = rcv_saddr;
	sk->sk_daddr = daddr;
	sk->sk_dport = dport;
	if (hashed)
		tuple_insert(sk);
	spin_unlock_bh(&slot->lock);
}

void udp_unhash(struct sock *sk)
{
	struct udp_hslot *slot = port_slot(sk->sk_num);

	if (!sk->sk_num)
		return;
	spin_lock_bh(&slot->lock);
	tuple_remove(sk);
	hlist_del_init(&sk->sk_bind_node);
	sk->sk_num = 0;
	sock_prot_inuse_add(sk->sk_prot, -1);
	spin_unlock_bh(&slot->lock);
}

/* ---- lookups --------------------------------------------------------------------------------- */

/* The key of one search in the table of tuples. */
struct udp_key {
	__be32 laddr, faddr;
	u16 hnum;
	__be16 fport;
	int dif;
};

static bool udp_match(const struct sock *sk, const struct udp_key *k)
{
	return sk->sk_rcv_saddr == k->laddr && sk->sk_num == k->hnum && sk->sk_daddr == k->faddr &&
	       sk->sk_dport == k->fport && (!sk->sk_bound_dev_if || sk->sk_bound_dev_if == k->dif);
}

/*
 * Returns the member @pick of the group of @first: the sockets of the chain with SO_REUSEPORT that
 * match too. @pick is a hash of the peer's address.
 */
static struct sock *group_member(struct udp_hslot *slot, const struct udp_key *k,
				 struct sock *first, u32 pick)
{
	struct sock *sk;
	u32 n = 0;

	hlist_for_each_entry(sk, &slot->head, sk_node) {
		if (sk->sk_reuseport && udp_match(sk, k))
			n++;
	}
	pick = (u64)pick * n >> 32;
	hlist_for_each_entry(sk, &slot->head, sk_node) {
		if (sk->sk_reuseport && udp_match(sk, k) && !pick--)
			return sk;
	}
	return first;
}

/*
 * Searches one bucket. Of several sockets that match, one that is bound to the device wins, else
 * the one that was bound last, as in Linux.
 */
static struct sock *lookup_tuple(const struct udp_key *k, u32 pick)
{
	u32 hash = tuple_hash(k->laddr, k->hnum, k->faddr, k->fport);
	struct udp_hslot *slot = tuple_slot(hash);
	struct sock *sk, *found = NULL;

	spin_lock_bh(&slot->lock);
	hlist_for_each_entry(sk, &slot->head, sk_node) {
		if (sk->sk_hash != hash || !udp_match(sk, k))
			continue;
		if (!found || (sk->sk_bound_dev_if && !found->sk_bound_dev_if))
			found = sk;
	}
	if (found && found->sk_reuseport)
		found = group_member(slot, k, found, pick);
	if (found)
		sock_hold(found);
	spin_unlock_bh(&slot->lock);
	return found;
}

struct sock *udp4_lib_lookup(__be32 saddr, __be16 sport, __be32 daddr, u16 hnum, int dif)
{
	struct udp_key k = {
		.laddr = daddr, .faddr = saddr, .hnum = hnum, .fport = sport, .dif = dif};
	u32 pick = tuple_hash(daddr, hnum, saddr, sport);
	struct sock *sk = lookup_tuple(&k, pick);

	if (sk)
		return sk;
	k.faddr = 0;
	k.fport = 0;
	sk = lookup_tuple(&k, pick);
	if (sk)
		return sk;
	k.laddr = 0;
	return lookup_tuple(&k, pick);
}

unsigned int udp_for_group(__be32 saddr, __be16 sport, __be32 daddr, u16 hnum, int dif,
			   void (*deliver)(struct sock *sk, struct sk_buff *skb),
			   struct sk_buff *skb)
{
	struct udp_hslot *slot = port_slot(hnum);
	unsigned int n = 0;
	struct sock *sk;

	spin_lock_bh(&slot->lock);
	hlist_for_each_entry(sk, &slot->head, sk_bind_node) {
		if (sk->sk_num != hnum || (sk->sk_rcv_saddr && sk->sk_rcv_saddr != daddr) ||
		    (sk->sk_daddr && sk->sk_daddr != saddr) ||
		    (sk->sk_dport && sk->sk_dport != sport) ||
		    (sk->sk_bound_dev_if && sk->sk_bound_dev_if != dif) ||
		    !ip_mc_sf_allow(sk, daddr, saddr, dif))
			continue;
		deliver(sk, skb);
		n++;
	}
	spin_unlock_bh(&slot->lock);
	return n;
}

/* ---- /proc/net/udp --------------------------------------------------------------------------- */

void udp_for_each(void (*show)(void *arg, const struct sock *sk, unsigned int bucket), void *arg)
{
	for (unsigned int i = 0; i < UDP_PORT_BUCKETS; i++) {
		const struct sock *sk;

		spin_lock_bh(&udp_ports[i].lock);
		hlist_for_each_entry(sk, &udp_ports[i].head, sk_bind_node)
			show(arg, sk, i);
		spin_unlock_bh(&udp_ports[i].lock);
	}
}
