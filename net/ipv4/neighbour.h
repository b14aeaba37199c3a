/* SPDX-License-Identifier: MIT */
/*
 * Neighbours: the link addresses of next hops, and how certain they are.
 *
 *   NONE -> INCOMPLETE -> REACHABLE -> STALE -> DELAY -> PROBE -> REACHABLE | FAILED
 *         (packets wait)  (verified)  (used, unverified)  (probes sent)
 *
 * The states and times are those of RFC 4861, section 7.3; in IPv4 the probes are ARP requests.
 * References to an entry are held by its table, by its armed timer, and by each route that uses it.
 * Locks: the table's lock may be held when an entry's lock is taken, not the reverse. Both locks are
 * taken in softirq, so other contexts use the _bh functions. Names and roles are those of Linux's
 * include/net/neighbour.h.
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
	/* least recently used first; lru, hash and used are protected by the table's lock */
	struct list_head lru;
	refcount_t refcnt;
	struct net_device *dev;
	__be32 primary_key;
	/* NUD_*; written under lock, read without it where an old value does no harm */
	u8 nud_state;
	bool dead;    /* removed from the table: a route that uses it must look up a new one */
	bool confirm; /* a transport received an ACK since the timer last checked this */
	u8 probes;    /* requests sent in the current state */
	/* link address, in the first six bytes; one u64, so that it is read atomically */
	u64 ha;
	spinlock_t lock;
	unsigned long confirmed; /* jiffies: when the neighbour was last known to be reachable */
	unsigned long updated;   /* jiffies: when ha or nud_state was last updated */
	unsigned long used;      /* jiffies: when the entry was last looked up */
	/* armed while an answer is awaited or a check is due; then it holds a reference */
	struct timer_list timer;
	/* packets that wait for ha, at most NEIGH_QUEUE_MAX; under lock */
	struct sk_buff_head arp_queue;
};

#define NEIGH_HASH_SIZE 256

struct kmem_cache;

struct neigh_table {
	const char *name; /* name of its slab cache */
	struct kmem_cache *slab;
	spinlock_t lock;
	struct hlist_head hash[NEIGH_HASH_SIZE];
	struct list_head lru;
	siphash_key_t key;
	unsigned int entries; /* at most NEIGH_MAX */
	/* packets in the arp_queues of all entries; limited by NEIGH_QUEUES_MAX */
	atomic_t waiting;
	/*
	 * Sends a request for @neigh's address: to the known link address if @unicast, else as a
	 * broadcast. No lock is held.
	 */
	void (*solicit)(struct neighbour *neigh, bool unicast);
	/*
	 * Called for a packet @skb that waited for an address which could not be resolved. Softirq,
	 * no lock held. The caller still owns @skb.
	 */
	void (*error_report)(struct neighbour *neigh, struct sk_buff *skb);
};

void neigh_table_init(struct neigh_table *tbl);
/* Returns the entry for @key on @dev with a reference, or NULL if there is none. */
struct neighbour *neigh_lookup(struct neigh_table *tbl, __be32 key, struct net_device *dev);
/*
 * As neigh_lookup(), but makes an entry if there is none. Returns NULL if the table is full of
 * entries in use, or there is no memory.
 */
struct neighbour *neigh_create(struct neigh_table *tbl, __be32 key, struct net_device *dev);
void neigh_release(struct neighbour *neigh); /* does nothing if @neigh is NULL */
/*
 * Sets the state and the link address of @neigh. If another link address is known, keeps the entry,
 * asks the known address whether it still answers, and returns false.
 */
bool neigh_update(struct neighbour *neigh, const u8 *lladdr, u8 state);
/*
 * Adds the link header and sends the packet, or queues it until the address is resolved. Takes
 * @skb. Returns 0 or -errno.
 */
int neigh_output(struct neighbour *neigh, struct sk_buff *skb);
/* Removes all entries of @dev, which went down. */
void neigh_ifdown(struct neigh_table *tbl, struct net_device *dev);

#endif
