/* SPDX-License-Identifier: MIT */
/*
 * Neighbours: the state machine that resolves the link address of a next hop, and the functions
 * that write the link header.
 *
 * Callers: ip_output (neigh_create, neigh_output), arp_rcv (neigh_lookup, neigh_update), the timer.
 * Process and softirq. Locks: tbl->lock protects the table, neigh->lock an entry. No function here
 * holds both locks, and neither lock is held while a packet is sent or a transport's err_handler is
 * called. An armed timer holds a reference. RFC 4861 7.3; compare Linux's net/core/neighbour.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/slab.h"
#include "kernel/lib/byteorder.h"
#include "net/core/eth.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/neighbour.h"

/*
 * jiffies: after a packet was sent to an unverified address, a transport has this time to confirm
 * the address; then the address is probed (RFC 4861's DELAY_FIRST_PROBE_TIME).
 */
#define NEIGH_DELAY_FIRST_PROBE (5 * HZ)
/* How many old entries may be removed when a new one is made. */
#define NEIGH_GC_BATCH 2

void neigh_table_init(struct neigh_table *tbl)
{
	spin_lock_init(&tbl->lock);
	INIT_LIST_HEAD(&tbl->lru);
	get_random_bytes(&tbl->key, sizeof(tbl->key));
	/*
	 * Twice NEIGH_MAX, because an entry that left the table exists as long as a route holds it.
	 */
	tbl->slab = kmem_cache_create(tbl->name, sizeof(struct neighbour), 0, 2 * NEIGH_MAX);
}

/* ---- entries ---------------------------------------------------------------------------------- */

static void neigh_destroy(struct neighbour *neigh)
{
	WARN_ON(timer_pending(&neigh->timer) || !skb_queue_empty(&neigh->arp_queue));
	kmem_cache_free(neigh->tbl->slab, neigh);
}

void neigh_release(struct neighbour *neigh)
{
	if (neigh && refcount_dec_and_test(&neigh->refcnt))
		neigh_destroy(neigh);
}

/* neigh->lock held. */
static void neigh_set_timer(struct neighbour *neigh, unsigned long when)
{
	refcount_inc(&neigh->refcnt);
	if (mod_timer(&neigh->timer, when))
		neigh_release(neigh); /* the timer was armed already and holds a reference */
}

/*
 * neigh->lock held. The caller holds a reference besides the timer's, so neigh_release() does not
 * free the entry.
 */
static void neigh_del_timer(struct neighbour *neigh)
{
	if (del_timer(&neigh->timer))
		neigh_release(neigh);
}

/* neigh->lock held. Moves all packets that wait for the address to @to. */
static void neigh_release_queue(struct neighbour *neigh, struct sk_buff_head *to)
{
	atomic_sub(neigh->arp_queue.qlen, &neigh->tbl->waiting);
	skb_queue_splice_tail_init(&neigh->arp_queue, to);
}

/*
 * neigh->lock held. The address could not be resolved: sets the state FAILED and moves the waiting
 * packets to @failed.
 */
static void neigh_fail(struct neighbour *neigh, struct sk_buff_head *failed)
{
	neigh->nud_state = NUD_FAILED;
	neigh->updated = jiffies;
	neigh_release_queue(neigh, failed);
}

/* No lock held. Frees the packets of @failed, and first reports them if @report is set. */
static void neigh_drop_all(struct neighbour *neigh, struct sk_buff_head *failed, bool report)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(failed))) {
		if (report)
			neigh->tbl->error_report(neigh, skb);
		kfree_skb_reason(skb, SKB_DROP_REASON_NEIGH_FAILED);
	}
}

/* ---- the timer -------------------------------------------------------------------------------- */

enum neigh_ask { ASK_NONE, ASK_ALL, ASK_IT };

/*
 * neigh->lock held. One step of the state machine when the timer expired. Returns which request to
 * send: none (ASK_NONE), a broadcast (ASK_ALL), or one to the known link address (ASK_IT).
 */
static enum neigh_ask neigh_timer_step(struct neighbour *neigh, struct sk_buff_head *failed)
{
	unsigned long now = jiffies, sure = msecs_to_jiffies(NEIGH_REACHABLE_MS);

	if (neigh->confirm) {
		neigh->confirm = false;
		neigh->confirmed = now;
	}
	switch (neigh->nud_state) {
	case NUD_REACHABLE:
		if (time_before(now, neigh->confirmed + sure)) {
			neigh_set_timer(neigh, neigh->confirmed + sure);
		} else {
			neigh->nud_state = NUD_STALE;
			neigh->updated = now;
		}
		return ASK_NONE;
	case NUD_DELAY:
		if (time_before_eq(now, neigh->confirmed + NEIGH_DELAY_FIRST_PROBE)) {
			neigh->nud_state = NUD_REACHABLE;
			neigh->updated = now;
			neigh_set_timer(neigh, neigh->confirmed + sure);
			return ASK_NONE;
		}
		neigh->nud_state = NUD_PROBE;
		neigh->probes = 0;
		break;
	case NUD_INCOMPLETE:
	case NUD_PROBE:
		if (neigh->probes < NEIGH_MCAST_PROBES)
			break;
		neigh_fail(neigh, failed);
		return ASK_NONE;
	default:
		return ASK_NONE;
	}
	neigh->probes++;
	neigh_set_timer(neigh, now + msecs_to_jiffies(NEIGH_RETRANS_MS));
	return neigh->nud_state == NUD_PROBE ? ASK_IT : ASK_ALL;
}

static void neigh_timer_handler(unsigned long data)
{
	struct neighbour *neigh = (struct neighbour *)data;
	struct sk_buff_head failed;
	enum neigh_ask ask;

	__skb_queue_head_init(&failed);
	spin_lock_bh(&neigh->lock);
	ask = neigh_timer_step(neigh, &failed);
	spin_unlock_bh(&neigh->lock);

	if (ask != ASK_NONE)
		neigh->tbl->solicit(neigh, ask == ASK_IT);
	neigh_drop_all(neigh, &failed, true);
	neigh_release(neigh);
}

/* ---- the table -------------------------------------------------------------------------------- */

static struct hlist_head *neigh_bucket(struct neigh_table *tbl, __be32 key,
				       const struct net_device *dev)
{
	return &tbl->hash[hsiphash_2u64(key, dev->ifindex, &tbl->key) % NEIGH_HASH_SIZE];
}

/* tbl->lock held. */
static struct neighbour *neigh_find(struct neigh_table *tbl, __be32 key, struct net_device *dev)
{
	struct neighbour *neigh;

	lockdep_assert_held(&tbl->lock);
	hlist_for_each_entry(neigh, neigh_bucket(tbl, key, dev), hash) {
		if (neigh->primary_key != key || neigh->dev != dev)
			continue;
		refcount_inc(&neigh->refcnt);
		neigh->used = jiffies;
		list_move_tail(&neigh->lru, &tbl->lru);
		return neigh;
	}
	return NULL;
}

struct neighbour *neigh_lookup(struct neigh_table *tbl, __be32 key, struct net_device *dev)
{
	struct neighbour *neigh;

	spin_lock_bh(&tbl->lock);
	neigh = neigh_find(tbl, key, dev);
	spin_unlock_bh(&tbl->lock);
	return neigh;
}

/* tbl->lock held. Removes the entry from the table; the caller takes over the table's reference. */
static void neigh_unlink(struct neigh_table *tbl, struct neighbour *neigh)
{
	hlist_del_init(&neigh->hash);
	list_del(&neigh->lru);
	neigh->dead = true;
	tbl->entries--;
}

/*
 * tbl->lock held. Removes entries to which only the table has a reference: old ones, and, while the
 * table is full, any. Such an entry has no timer, so no packet waits in it; and no lookup can find
 * it, because a lookup needs the lock.
 */
static void neigh_collect(struct neigh_table *tbl)
{
	unsigned long now = jiffies;
	struct neighbour *neigh, *next;
	unsigned int gone = 0;

	list_for_each_entry_safe(neigh, next, &tbl->lru, lru) {
		bool full = tbl->entries >= NEIGH_MAX;

		if (gone >= NEIGH_GC_BATCH && !full)
			return;
		if (!full && time_before(now, neigh->used + msecs_to_jiffies(NEIGH_STALE_MS)))
			return; /* all following entries in the list were used later */
		if (refcount_read(&neigh->refcnt) != 1 || neigh->nud_state == NUD_PERMANENT)
			continue;
		neigh_unlink(tbl, neigh);
		neigh_release(neigh);
		gone++;
	}
}

struct neighbour *neigh_create(struct neigh_table *tbl, __be32 key, struct net_device *dev)
{
	struct neighbour *neigh;

	spin_lock_bh(&tbl->lock);
	neigh = neigh_find(tbl, key, dev);
	if (neigh)
		goto out;
	neigh_collect(tbl);
	if (tbl->entries >= NEIGH_MAX)
		goto out;
	neigh = kmem_cache_zalloc(tbl->slab, GFP_ATOMIC);
	if (!neigh)
		goto out;
	refcount_set(&neigh->refcnt, 2); /* one for the table, one for the caller */
	neigh->tbl = tbl;
	neigh->dev = dev;
	neigh->primary_key = key;
	spin_lock_init(&neigh->lock);
	setup_timer(&neigh->timer, neigh_timer_handler, (unsigned long)neigh);
	skb_queue_head_init(&neigh->arp_queue);
	neigh->used = neigh->updated = jiffies;
	neigh->nud_state = NUD_NONE;
	if (dev->flags & (IFF_NOARP | IFF_LOOPBACK)) {
		memcpy(&neigh->ha, dev->broadcast, ETH_ALEN);
		neigh->nud_state = NUD_NOARP;
	}
	hlist_add_head(&neigh->hash, neigh_bucket(tbl, key, dev));
	list_add_tail(&neigh->lru, &tbl->lru);
	tbl->entries++;
out:
	spin_unlock_bh(&tbl->lock);
	return neigh;
}

void neigh_ifdown(struct neigh_table *tbl, struct net_device *dev)
{
	struct neighbour *neigh, *next;
	struct sk_buff_head failed;
	LIST_HEAD(gone);

	__skb_queue_head_init(&failed);
	spin_lock_bh(&tbl->lock);
	list_for_each_entry_safe(neigh, next, &tbl->lru, lru) {
		if (neigh->dev != dev)
			continue;
		neigh_unlink(tbl, neigh);
		list_add_tail(&neigh->lru, &gone);
	}
	spin_unlock_bh(&tbl->lock);

	while (!list_empty(&gone)) {
		neigh = list_first_entry(&gone, struct neighbour, lru);
		list_del(&neigh->lru);
		spin_lock_bh(&neigh->lock);
		neigh_del_timer(neigh);
		neigh_fail(neigh, &failed);
		spin_unlock_bh(&neigh->lock);
		neigh_drop_all(neigh, &failed, false);
		neigh_release(neigh);
	}
}

/* ---- updates ---------------------------------------------------------------------------------- */

/*
 * neigh->lock held. Another host claims the entry's address. Any host on the link can send such a
 * message, so the entry keeps its link address while the owner of that link address answers: the
 * owner is probed as in the state PROBE. If the owner does not answer, the next packet resolves the
 * address anew. The claims of one second cause one probe, so that they do not cause as many
 * requests.
 */
static void neigh_doubt(struct neighbour *neigh)
{
	unsigned long now = jiffies;

	if (neigh->nud_state == NUD_PROBE ||
	    time_before_eq(now, neigh->updated + msecs_to_jiffies(NEIGH_RETRANS_MS)))
		return;
	neigh->nud_state = NUD_PROBE;
	neigh->probes = 0;
	neigh->updated = now;
	neigh_set_timer(neigh, now);
}

/*
 * neigh->lock held. Sets a new state and link address. Returns false if the address contradicts the
 * known one.
 */
static bool neigh_learn(struct neighbour *neigh, const u8 *lladdr, u8 state)
{
	u8 old = neigh->nud_state;
	u64 ha = neigh->ha;

	if (neigh->dead || (old & (NUD_NOARP | NUD_PERMANENT)))
		return true;
	memcpy(&ha, lladdr, ETH_ALEN);
	if ((old & NUD_VALID) && ha != neigh->ha) {
		neigh_doubt(neigh);
		return false;
	}
	neigh->updated = jiffies;
	if (state & NUD_CONNECTED)
		neigh->confirmed = neigh->updated;
	/* A known address that is merely announced again does not lower the state to STALE. */
	if (state == NUD_STALE && (old & NUD_VALID))
		return true;
	WRITE_ONCE(neigh->ha, ha);
	neigh_del_timer(neigh);
	neigh->nud_state = state;
	neigh->probes = 0;
	if (state == NUD_REACHABLE)
		neigh_set_timer(neigh, neigh->confirmed + msecs_to_jiffies(NEIGH_REACHABLE_MS));
	return true;
}

bool neigh_update(struct neighbour *neigh, const u8 *lladdr, u8 state)
{
	struct sk_buff_head ready;
	struct sk_buff *skb;
	bool learnt;

	BUG_ON(!(state & NUD_VALID));
	__skb_queue_head_init(&ready);
	spin_lock_bh(&neigh->lock);
	learnt = neigh_learn(neigh, lladdr, state);
	if (neigh->nud_state & NUD_VALID)
		neigh_release_queue(neigh, &ready);
	spin_unlock_bh(&neigh->lock);

	while ((skb = __skb_dequeue(&ready)))
		neigh_output(neigh, skb);
	return learnt;
}

/* ---- sending ---------------------------------------------------------------------------------- */

/*
 * neigh->lock held. Appends @skb to the packets that wait for the address. If this entry's queue is
 * full, or all queues together are, returns the oldest packet in this queue, which the caller must
 * drop. Otherwise, or if this queue was empty, returns NULL.
 */
static struct sk_buff *neigh_wait(struct neighbour *neigh, struct sk_buff *skb)
{
	struct sk_buff *oldest = NULL;

	if (neigh->arp_queue.qlen >= NEIGH_QUEUE_MAX ||
	    atomic_read(&neigh->tbl->waiting) >= NEIGH_QUEUES_MAX)
		oldest = __skb_dequeue(&neigh->arp_queue);
	if (!oldest)
		atomic_inc(&neigh->tbl->waiting);
	__skb_queue_tail(&neigh->arp_queue, skb);
	return oldest;
}

/*
 * Called if the address is not verified. Returns 0 if the packet may be sent nevertheless, 1 if it
 * was queued or dropped.
 */
static int neigh_event_send(struct neighbour *neigh, struct sk_buff *skb)
{
	struct sk_buff *oldest = NULL;
	bool ask = false, dead;
	int waits = 0;

	spin_lock_bh(&neigh->lock);
	dead = neigh->dead;
	if (unlikely(dead)) {
		oldest = skb;
		waits = 1;
	} else if (neigh->nud_state == NUD_STALE) {
		neigh->nud_state = NUD_DELAY;
		neigh->confirm = false;
		neigh->updated = jiffies;
		neigh_set_timer(neigh, neigh->updated + NEIGH_DELAY_FIRST_PROBE);
	} else if (!(neigh->nud_state & NUD_VALID)) {
		waits = 1;
		oldest = neigh_wait(neigh, skb);
		if (neigh->nud_state != NUD_INCOMPLETE) {
			neigh->nud_state = NUD_INCOMPLETE;
			neigh->updated = jiffies;
			neigh->probes = 1;
			neigh_set_timer(neigh, neigh->updated + msecs_to_jiffies(NEIGH_RETRANS_MS));
			ask = true;
		}
	}
	spin_unlock_bh(&neigh->lock);

	if (oldest)
		kfree_skb_reason(oldest, dead ? SKB_DROP_REASON_NEIGH_FAILED
					      : SKB_DROP_REASON_NEIGH_QUEUEFULL);
	if (ask)
		neigh->tbl->solicit(neigh, false);
	return waits;
}

int neigh_output(struct neighbour *neigh, struct sk_buff *skb)
{
	struct net_device *dev = neigh->dev;
	unsigned int hh_len = dev->hard_header_len;
	u64 ha;
	int err;

	if (unlikely(!(READ_ONCE(neigh->nud_state) & NUD_CONNECTED)) &&
	    neigh_event_send(neigh, skb))
		return 0;
	ha = READ_ONCE(neigh->ha);
	if (unlikely(skb_headroom(skb) < hh_len)) {
		err = skb_cow_head(skb, hh_len);
		if (err)
			goto drop;
	}
	err = dev->header_ops->create(skb, dev, ntohs(skb->protocol), (const u8 *)&ha, NULL);
	if (unlikely(err < 0))
		goto drop;
	return dev_queue_xmit(skb);

drop:
	kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	return err == -ENOMEM ? -ENOBUFS : err;
}
