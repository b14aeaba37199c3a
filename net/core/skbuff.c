/* SPDX-License-Identifier: MIT */
/*
 * sk_buff: allocation, reference counts, clones and copies.
 *
 * Callers: drivers (build_skb), TCP and ICMP (alloc_skb), and every layer that frees a packet. Any
 * context but hard interrupts; no lock: the slab caches have their own, and the counts are atomic.
 *
 * Three counts: skb->users counts the holders of one struct sk_buff; dataref counts the struct
 * sk_buffs that share one linear part and its skb_shared_info; the reference count of a page counts
 * the fragments that share it. Compare Linux's net/core/skbuff.c, first part.
 */
#define LOG_SOURCE net_log
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/page_frag.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/cpu.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"
#include "net/core/skb_queue.h"
#include "net/core/skbuff.h"

/*
 * TCP allocates two sk_buffs in one object: the original waits in the retransmit queue for its ACK,
 * and its clone is sent.
 */
struct sk_buff_fclones {
	struct sk_buff skb1;
	struct sk_buff skb2;
	refcount_t fclone_ref; /* 1, or 2 while both are allocated */
};

/*
 * A received packet of a few bytes: struct sk_buff and linear part are one object, so that it needs
 * only one allocation.
 */
struct sk_buff_small {
	struct sk_buff skb;
	u8 head[SKB_SMALL_ROOM + SKB_OVERHEAD] __aligned(64);
};

#define SKB_HEADER_UNSET ((u16)~0)
/* Offsets of headers from head have 16 bits, so the headroom is limited. */
#define SKB_HEADROOM_MAX 32768

static struct kmem_cache *skbuff_head_cache;
static struct kmem_cache *skbuff_fclone_cache;
static struct kmem_cache *skbuff_small_cache;

void skb_init(void)
{
	skbuff_head_cache = kmem_cache_create("skbuff_head_cache", sizeof(struct sk_buff), 64, 0);
	skbuff_fclone_cache =
		kmem_cache_create("skbuff_fclone_cache", sizeof(struct sk_buff_fclones), 64, 0);
	skbuff_small_cache =
		kmem_cache_create("skbuff_small_cache", sizeof(struct sk_buff_small), 64, 0);
}

/* ---- allocating ------------------------------------------------------------------------------- */

/*
 * Initialises @skb with the linear part @data: @size usable bytes, followed by the skb_shared_info.
 */
static void skb_set_head(struct sk_buff *skb, void *data, unsigned int size)
{
	struct skb_shared_info *shinfo;

	memset(skb, 0, sizeof(*skb));
	skb->head = skb->data = data;
	skb->end = size;
	skb->truesize = SKB_TRUESIZE(size);
	skb->mac_header = skb->transport_header = SKB_HEADER_UNSET;
	refcount_set(&skb->users, 1);

	shinfo = skb_shinfo(skb);
	memset(shinfo, 0, offsetof(struct skb_shared_info, frags));
	atomic_set(&shinfo->dataref, 1);
}

/*
 * Allocates a linear part of at least *@size bytes plus its skb_shared_info; *@size becomes the
 * usable size. Returns NULL if there is no memory.
 */
static void *skb_alloc_data(unsigned int *size, gfp_t gfp)
{
	size_t bytes;
	void *data;

	if (unlikely(*size > SKB_LINEAR_MAX))
		return NULL;
	bytes = kmalloc_size_roundup(SKB_DATA_ALIGN(*size) + SKB_OVERHEAD);
	data = kmalloc(bytes, gfp & ~__GFP_ZERO);
	if (data)
		*size = ALIGN_DOWN(bytes - SKB_OVERHEAD, 8);
	return data;
}

struct sk_buff *alloc_skb(unsigned int size, gfp_t gfp)
{
	struct sk_buff *skb = kmem_cache_alloc(skbuff_head_cache, gfp & ~__GFP_ZERO);
	void *data;

	if (unlikely(!skb))
		return NULL;
	data = skb_alloc_data(&size, gfp);
	if (unlikely(!data)) {
		kmem_cache_free(skbuff_head_cache, skb);
		return NULL;
	}
	skb_set_head(skb, data, size);
	return skb;
}

struct sk_buff *alloc_skb_fclone(unsigned int size, gfp_t gfp)
{
	struct sk_buff_fclones *pair = kmem_cache_alloc(skbuff_fclone_cache, gfp & ~__GFP_ZERO);
	void *data;

	if (unlikely(!pair))
		return NULL;
	data = skb_alloc_data(&size, gfp);
	if (unlikely(!data)) {
		kmem_cache_free(skbuff_fclone_cache, pair);
		return NULL;
	}
	skb_set_head(&pair->skb1, data, size);
	pair->skb1.fclone = SKB_FCLONE_ORIG;
	pair->skb2.fclone = SKB_FCLONE_CLONE;
	refcount_set(&pair->fclone_ref, 1);
	return &pair->skb1;
}

struct sk_buff *alloc_skb_small(gfp_t gfp)
{
	struct sk_buff_small *small = kmem_cache_alloc(skbuff_small_cache, gfp & ~__GFP_ZERO);

	if (unlikely(!small))
		return NULL;
	skb_set_head(&small->skb, small->head, SKB_SMALL_ROOM);
	small->skb.fclone = SKB_FCLONE_SMALL;
	return &small->skb;
}

struct sk_buff *build_skb(void *data, unsigned int frag_size)
{
	struct sk_buff *skb;

	BUG_ON(frag_size <= SKB_OVERHEAD || frag_size > SKB_LINEAR_MAX);
	skb = kmem_cache_alloc(skbuff_head_cache, GFP_ATOMIC);
	if (unlikely(!skb))
		return NULL;
	skb_set_head(skb, data, ALIGN_DOWN(frag_size - SKB_OVERHEAD, 8));
	skb->head_frag = 1;
	return skb;
}

/* ---- freeing ---------------------------------------------------------------------------------- */

static void skb_free_head(struct sk_buff *skb)
{
	if (skb->head_frag)
		page_frag_free(skb->head);
	else if (skb->fclone != SKB_FCLONE_SMALL ||
		 skb->head != container_of(skb, struct sk_buff_small, skb)->head)
		kfree(skb->head);
}

/*
 * Drops @skb's reference to its linear part and shared info; the last reference frees both, with
 * the fragments.
 */
static void skb_release_data(struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	int mine = skb->nohdr ? (1 << SKB_DATAREF_SHIFT) + 1 : 1;

	if (skb->cloned && !atomic_sub_and_test(mine, &shinfo->dataref))
		return;
	for (unsigned int i = 0; i < shinfo->nr_frags; i++)
		put_page(shinfo->frags[i].page);
	if (shinfo->frag_list)
		kfree_skb_list_reason(shinfo->frag_list, SKB_CONSUMED);
	skb_free_head(skb);
}

/*
 * Frees the memory of the struct sk_buff. A pair of original and clone is freed when both are free.
 */
static void kfree_skbmem(struct sk_buff *skb)
{
	struct sk_buff_fclones *pair;

	switch (skb->fclone) {
	case SKB_FCLONE_UNAVAILABLE:
		kmem_cache_free(skbuff_head_cache, skb);
		return;
	case SKB_FCLONE_SMALL:
		kmem_cache_free(skbuff_small_cache, skb);
		return;
	case SKB_FCLONE_ORIG:
		pair = container_of(skb, struct sk_buff_fclones, skb1);
		break;
	default:
		pair = container_of(skb, struct sk_buff_fclones, skb2);
		break;
	}
	if (refcount_dec_and_test(&pair->fclone_ref))
		kmem_cache_free(skbuff_fclone_cache, pair);
}

/*
 * Releases what a struct sk_buff holds besides its data: the route, and the charge to its socket
 * (through the destructor).
 */
static void skb_release_head_state(struct sk_buff *skb)
{
	skb_dst_drop(skb);
	if (skb->destructor) {
		WARN_ON(in_irq());
		skb->destructor(skb);
	}
}

static void __kfree_skb(struct sk_buff *skb)
{
	skb_release_head_state(skb);
	skb_release_data(skb);
	kfree_skbmem(skb);
}

void kfree_skb_reason(struct sk_buff *skb, enum skb_drop_reason reason)
{
	if (unlikely(!skb))
		return;
	BUG_ON(reason >= SKB_DROP_REASON_MAX);
	if (!refcount_dec_and_test(&skb->users))
		return;
	if (reason != SKB_CONSUMED) {
		skb_drop_inc(reason);
		pr_debug("packet of %u bytes dropped: %s, %s", skb->len, skb_drop_name(reason),
			 skb_drop_text(reason));
	}
	__kfree_skb(skb);
}

void consume_skb(struct sk_buff *skb)
{
	if (likely(skb) && refcount_dec_and_test(&skb->users))
		__kfree_skb(skb);
}

void kfree_skb_partial(struct sk_buff *skb, bool head_stolen)
{
	BUG_ON(skb_shared(skb));
	skb_release_head_state(skb);
	if (!head_stolen)
		skb_release_data(skb);
	kfree_skbmem(skb);
}

/*
 * A buffer to which another packet holds a reference too (skb_hold_frags) keeps its ->next, which is
 * the rest of that packet's list.
 */
void kfree_skb_list_reason(struct sk_buff *list, enum skb_drop_reason reason)
{
	while (list) {
		struct sk_buff *next = list->next;

		kfree_skb_reason(list, reason);
		list = next;
	}
}

void __skb_queue_purge(struct sk_buff_head *q)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(q)))
		consume_skb(skb);
}

bool skb_fclone_busy(const struct sock *sk, const struct sk_buff *skb)
{
	const struct sk_buff_fclones *pair = container_of(skb, struct sk_buff_fclones, skb1);

	return skb->fclone == SKB_FCLONE_ORIG && refcount_read(&pair->fclone_ref) > 1 &&
	       pair->skb2.sk == sk;
}

/* ---- clones and copies ------------------------------------------------------------------------ */

void skb_copy_header(struct sk_buff *to, const struct sk_buff *from)
{
	to->tstamp = from->tstamp;
	to->dev = from->dev;
	memcpy(to->cb, from->cb, sizeof(to->cb));
	to->dst = from->dst;
	if (to->dst)
		dst_hold(to->dst);
	to->skb_mstamp = from->skb_mstamp;
	to->ip_summed = from->ip_summed;
	to->csum_valid = from->csum_valid;
	to->pkt_type = from->pkt_type;
	to->xmit_more = from->xmit_more;
	to->protocol = from->protocol;
	to->csum = from->csum;
	to->hash = from->hash;
	to->transport_header = from->transport_header;
	to->network_header = from->network_header;
	to->mac_header = from->mac_header;
}

static void skb_copy_gso(struct sk_buff *to, const struct sk_buff *from)
{
	skb_shinfo(to)->gso_size = skb_shinfo(from)->gso_size;
	skb_shinfo(to)->gso_segs = skb_shinfo(from)->gso_segs;
	skb_shinfo(to)->gso_type = skb_shinfo(from)->gso_type;
}

struct sk_buff *skb_clone(struct sk_buff *skb, gfp_t gfp)
{
	struct sk_buff_fclones *pair = container_of(skb, struct sk_buff_fclones, skb1);
	struct sk_buff *n;
	u8 fclone;

	/*
	 * The linear part is in the same object as the struct sk_buff and is freed with it, so it
	 * cannot be shared: copy it.
	 */
	if (unlikely(skb->fclone == SKB_FCLONE_SMALL))
		return pskb_copy(skb, gfp);
	if (skb->fclone == SKB_FCLONE_ORIG && refcount_read(&pair->fclone_ref) == 1) {
		n = &pair->skb2;
		refcount_inc(&pair->fclone_ref);
		fclone = SKB_FCLONE_CLONE;
	} else {
		n = kmem_cache_alloc(skbuff_head_cache, gfp & ~__GFP_ZERO);
		if (unlikely(!n))
			return NULL;
		fclone = SKB_FCLONE_UNAVAILABLE;
	}

	*n = *skb;
	n->next = n->prev = NULL;
	/*
	 * tstamp shares memory with rbnode, so it is not a time while a packet is in a tree. The
	 * time of a clone is skb_mstamp.
	 */
	n->tstamp = 0;
	n->fclone = fclone;
	n->sk = NULL;
	n->destructor = NULL;
	n->hdr_len = skb->nohdr ? skb_headroom(skb) : skb->hdr_len;
	n->cloned = 1;
	n->nohdr = 0;
	refcount_set(&n->users, 1);
	if (n->dst)
		dst_hold(n->dst);
	atomic_inc(&skb_shinfo(skb)->dataref);
	skb->cloned = 1;
	return n;
}

/*
 * Takes a reference to each page and each frag_list buffer of @shinfo, because a copy of @shinfo
 * will point to them too.
 */
static void skb_hold_frags(const struct skb_shared_info *shinfo)
{
	for (unsigned int i = 0; i < shinfo->nr_frags; i++)
		get_page(shinfo->frags[i].page);
	for (struct sk_buff *list = shinfo->frag_list; list; list = list->next)
		skb_get(list);
}

struct sk_buff *pskb_copy(struct sk_buff *skb, gfp_t gfp)
{
	unsigned int headroom = skb_headroom(skb), headlen = skb_headlen(skb);
	struct skb_shared_info *from = skb_shinfo(skb), *to;
	struct sk_buff *n = alloc_skb(headroom + headlen, gfp);

	if (unlikely(!n))
		return NULL;
	skb_reserve(n, headroom);
	__skb_put(n, headlen);
	memcpy(n->head, skb->head, headroom + headlen);
	skb_copy_header(n, skb);
	skb_copy_gso(n, skb);

	skb_hold_frags(from);
	to = skb_shinfo(n);
	to->nr_frags = from->nr_frags;
	memcpy(to->frags, from->frags, from->nr_frags * sizeof(from->frags[0]));
	to->frag_list = from->frag_list;
	n->data_len = skb->data_len;
	n->len += skb->data_len;
	n->truesize += skb->data_len;
	return n;
}

int pskb_expand_head(struct sk_buff *skb, int nhead, int ntail, gfp_t gfp)
{
	struct skb_shared_info *old = skb_shinfo(skb);
	unsigned int size, old_end = skb->end;
	u8 *data;

	BUG_ON(skb_shared(skb) || nhead < 0 || ntail < 0);
	if (unlikely(nhead > SKB_HEADROOM_MAX || ntail > SKB_LINEAR_MAX ||
		     skb_headroom(skb) + nhead > SKB_HEADROOM_MAX))
		return -ENOMEM;
	size = skb->end + nhead + ntail;
	data = skb_alloc_data(&size, gfp);
	if (unlikely(!data))
		return -ENOMEM;

	memcpy(data + nhead, skb->head, skb->tail);
	memcpy(data + size, old, offsetof(struct skb_shared_info, frags[old->nr_frags]));
	if (skb_cloned(skb)) {
		skb_hold_frags(old);
		skb_release_data(skb);
	} else {
		skb_free_head(skb);
	}

	skb->data = data + (skb->data - skb->head) + nhead;
	skb->head = data;
	skb->head_frag = 0;
	skb->end = size;
	skb->tail += nhead;
	skb->network_header += nhead;
	if (skb->mac_header != SKB_HEADER_UNSET)
		skb->mac_header += nhead;
	if (skb->transport_header != SKB_HEADER_UNSET)
		skb->transport_header += nhead;
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		skb->csum_start += nhead;
	skb->cloned = 0;
	skb->nohdr = 0;
	skb->hdr_len = 0;
	atomic_set(&skb_shinfo(skb)->dataref, 1);
	/*
	 * While a socket is charged, truesize must not change: the destructor returns truesize
	 * bytes, and must return as many as were charged.
	 */
	if (!skb->sk)
		skb->truesize += size - old_end;
	return 0;
}

int skb_cow_head(struct sk_buff *skb, unsigned int headroom)
{
	unsigned int have = skb_headroom(skb);

	if (headroom <= have && !skb_header_cloned(skb))
		return 0;
	headroom = headroom > have ? ALIGN_UP(headroom - have, 64u) : 0;
	return pskb_expand_head(skb, headroom, 0, GFP_ATOMIC);
}
