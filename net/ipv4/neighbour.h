/* SPDX-License-Identifier: MIT */
/*
 * Neighbours: link addresses of next hops, and the state of our knowledge of them.
 *
 *   NONE -> INCOMPLETE -> REACHABLE -> STALE -> DELAY -> PROBE -> REACHABLE | FAILED
 *         (packets wait)  (verified)  (used, unverified)  (asks)
 *
 * The states and times are those of RFC 4861, section 7.3; IPv4 uses them with ARP requests as
 * probes.  An entry is held by its table, by an armed timer, and by each route that uses it.
 * Locks: the table's outside, the entry's inside; both are taken in softirq, so the _bh forms
 * elsewhere.  Names and roles of Linux's include/net/neighbour.h.
 */
#ifndef NET_IPV4_NEIGHBOUR_H
#define NET_IPV4_NEIGHBOUR_H

#include "kernel/lib/atomic.h"
#include "kernel/lib/list.h"
#include "kernel/lib/random.h"
#include "kernel/time/timer.h"
#include "net/core/netdevice.h"

#define NUD_NONE       0x00
#define NUD_INCOMPLETE 0x01
#define NUD_REACHABLE  0x02
#define NUD_STALE      0x04
#define NUD_DELAY      0x08
#define NUD_PROBE      0x10
#define NUD_FAILED     0x20
#define NUD_NOARP      0x40
#define NUD_PERMANENT  0x80

#define NUD_CONNECTED (NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE)
#define NUD_VALID     (NUD_CONNECTED | NUD_STALE | NUD_DELAY | NUD_PROBE)

struct neigh_table;

struct neighbour {
	struct neigh_table *tbl;
	struct hlist_node hash;
	struct list_head
		lru; /* least recently used first; under the table's lock, as hash and used */
	refcount_t refcnt;
	struct net_device *dev;
	__be32 primary_key;
	u8 nud_state; /* under lock; read without it where a late value does no harm */
	bool dead;    /* not in the table any more: routes look up again */
	bool confirm; /* a transport made progress since the last test */
	u8 probes;    /* requests since the state began */
	u64 ha;       /* link address in the first six bytes; read in one piece */
	spinlock_t lock;
	unsigned long confirmed; /* jiffies: last proof that it is reachable */
	unsigned long updated;   /* of ha or state */
	unsigned long used;      /* last lookup */
	struct timer_list timer; /* armed while an answer or a check is due; holds a reference */
	struct sk_buff_head arp_queue; /* wait for ha, at most NEIGH_QUEUE_MAX; under lock */
};

#define NEIGH_HASH_SIZE 256

struct kmem_cache;

struct neigh_table {
	const char *name; /* of its slab */
	struct kmem_cache *slab;
	spinlock_t lock;
	struct hlist_head hash[NEIGH_HASH_SIZE];
	struct list_head lru;
	siphash_key_t key;
	unsigned int entries; /* at most NEIGH_MAX */
	atomic_t waiting;     /* packets in all arp_queues, at most NEIGH_QUEUES_MAX */
	/*
	 * Sends a request for @neigh's address; no lock held: unicast to the known address for a
	 * probe, else broadcast.
	 */
	void (*solicit)(struct neighbour *neigh, bool unicast);
	/*
	 * @skb waited and the address was not resolved; softirq, no lock held.  @skb stays the
	 * caller's.
	 */
	void (*error_report)(struct neighbour *neigh, struct sk_buff *skb);
};

void neigh_table_init(struct neigh_table *tbl);
/* A reference, or NULL: no entry. */
struct neighbour *neigh_lookup(struct neigh_table *tbl, __be32 key, struct net_device *dev);
/*
 * The same, and makes a missing entry: NULL when the table is full of used ones or memory is out.
 */
struct neighbour *neigh_create(struct neigh_table *tbl, __be32 key, struct net_device *dev);
void neigh_release(struct neighbour *neigh); /* NULL is fine */
/*
 * An update: a new state and, if @lladdr is not NULL, the link address.  @override: a different
 * address may replace the present one.
 */
void neigh_update(struct neighbour *neigh, const u8 *lladdr, u8 state, bool override);
/* Adds the link header and sends the packet, or queues it.  Takes the skb; 0 or -errno. */
int neigh_output(struct neighbour *neigh, struct sk_buff *skb);
/* Removes the entries of @dev, which went down. */
void neigh_ifdown(struct neigh_table *tbl, struct net_device *dev);

#endif
