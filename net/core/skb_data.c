/* SPDX-License-Identifier: MIT */
/*
 * The bytes of an sk_buff: functions that append, remove, copy and sum them.
 *
 * Callers: receiving layers (pskb_may_pull, pskb_trim), sending layers (skb_put, skb_push,
 * skb_checksum_help), sockets (skb_copy_datagram_iter). Any context; only the functions with an
 * iov_iter need process context. No lock: a packet is changed only by the holder of its only
 * reference. Compare Linux's net/core/skbuff.c and datagram.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/iov_iter.h"
#include "net/core/checksum.h"
#include "net/core/limits.h"
#include "net/core/skbuff.h"

/* ---- the linear part -------------------------------------------------------------------------- */

void *skb_put(struct sk_buff *skb, unsigned int len)
{
	BUG_ON(skb_is_nonlinear(skb) || len > skb->end - skb->tail);
	return __skb_put(skb, len);
}

/* ---- iterating over all bytes ----------------------------------------------------------------- */

/*
 * An iterator over the bytes [offset, offset + len) of a packet, in pieces that are contiguous in
 * memory: first the linear part, then the fragments, then linear part and fragments of each buffer
 * in the frag_list. (Buffers in a frag_list have no frag_list of their own.)
 */
struct skb_walk {
	const struct sk_buff *skb; /* the buffer that the next piece belongs to */
	bool in_list;
	unsigned int piece; /* next piece of skb; 0: the linear part, i: fragment i - 1 */
	unsigned int skip;  /* bytes to skip before the range begins */
	unsigned int left;  /* bytes of the range not yet returned */
};

static bool skb_walk_init(struct skb_walk *w, const struct sk_buff *skb, unsigned int offset,
			  unsigned int len)
{
	*w = (struct skb_walk){.skb = skb, .skip = offset, .left = len};
	return offset <= skb->len && len <= skb->len - offset;
}

static bool skb_walk_next(struct skb_walk *w, u8 **data, unsigned int *len)
{
	while (w->left) {
		const struct skb_shared_info *shinfo = skb_shinfo(w->skb);
		unsigned int size, skip;
		u8 *p;

		if (w->piece == 0) {
			p = w->skb->data;
			size = skb_headlen(w->skb);
		} else if (w->piece <= shinfo->nr_frags) {
			p = skb_frag_address(&shinfo->frags[w->piece - 1]);
			size = shinfo->frags[w->piece - 1].size;
		} else {
			w->skb = w->in_list ? w->skb->next : shinfo->frag_list;
			w->in_list = true;
			w->piece = 0;
			/*
			 * The buffers contain fewer bytes than skb->len says: a bug of this kernel.
			 */
			BUG_ON(!w->skb);
			continue;
		}
		w->piece++;
		skip = min(w->skip, size);
		w->skip -= skip;
		size = min(size - skip, w->left);
		if (!size)
			continue;
		w->left -= size;
		*data = p + skip;
		*len = size;
		return true;
	}
	return false;
}

int skb_copy_bits(const struct sk_buff *skb, unsigned int offset, void *to, unsigned int len)
{
	struct skb_walk w;
	unsigned int n;
	u8 *p, *out = to;

	if (!skb_walk_init(&w, skb, offset, len))
		return -EFAULT;
	while (skb_walk_next(&w, &p, &n)) {
		memcpy(out, p, n);
		out += n;
	}
	return 0;
}

int skb_copy_datagram_iter(const struct sk_buff *skb, unsigned int offset, struct iov_iter *to,
			   unsigned int len)
{
	struct skb_walk w;
	unsigned int n;
	u8 *p;

	if (!skb_walk_init(&w, skb, offset, len))
		return -EFAULT;
	while (skb_walk_next(&w, &p, &n)) {
		if (copy_to_iter(p, n, to) != n)
			return -EFAULT;
	}
	return 0;
}

__wsum __skb_checksum(const struct sk_buff *skb, unsigned int offset, unsigned int len, __wsum csum)
{
	struct skb_walk w;
	unsigned int n, done = 0;
	u8 *p;

	BUG_ON(!skb_walk_init(&w, skb, offset, len));
	while (skb_walk_next(&w, &p, &n)) {
		/*
		 * csum_partial() sums as if the piece began at an even offset. For a piece at an
		 * odd offset csum_block_add() swaps the bytes of the sum.
		 */
		if (done & 1)
			csum = csum_block_add(csum, csum_partial(p, n, 0), done);
		else
			csum = csum_partial(p, n, csum);
		done += n;
	}
	return csum;
}

int skb_checksum_help(struct sk_buff *skb)
{
	unsigned int start, at;
	__sum16 sum;
	int err;

	if (skb->ip_summed != CHECKSUM_PARTIAL) {
		skb->ip_summed = CHECKSUM_NONE;
		return 0;
	}
	if (WARN_ON(skb_is_gso(skb)))
		return -EINVAL;
	/* csum_start may come from a device, so check that it lies inside the packet. */
	if (skb->csum_start < skb_headroom(skb))
		return -EINVAL;
	start = skb->csum_start - skb_headroom(skb);
	if (start > skb->len)
		return -EINVAL;
	at = start + skb->csum_offset;
	if (at + sizeof(sum) > skb->len || !pskb_may_pull(skb, at + sizeof(sum)))
		return -EINVAL;
	sum = csum_fold(skb_checksum(skb, start, skb->len - start, 0));
	/*
	 * In UDP a checksum field of zero means "no checksum" (RFC 768), so send 0xffff instead. In
	 * TCP both values are equivalent.
	 */
	if (!sum)
		sum = 0xffff;
	if (skb_cloned(skb) && !skb_clone_writable(skb, at + sizeof(sum))) {
		err = pskb_expand_head(skb, 0, 0, GFP_ATOMIC);
		if (err)
			return err;
	}
	memcpy(skb->data + at, &sum, sizeof(sum));
	skb->ip_summed = CHECKSUM_NONE;
	return 0;
}

/* ---- changing the linear part and the fragments ----------------------------------------------- */

void skb_fill_page_desc(struct sk_buff *skb, int i, struct page *page, u32 off, u32 size)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	BUG_ON(i < 0 || i >= MAX_SKB_FRAGS);
	shinfo->frags[i] = (skb_frag_t){.page = page, .page_offset = off, .size = size};
	shinfo->nr_frags = i + 1;
}

/* Removes the first @eat bytes of the fragments, and releases fragments that become empty. */
static void skb_eat_frags(struct sk_buff *skb, unsigned int eat)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	unsigned int kept = 0;

	for (unsigned int i = 0; i < shinfo->nr_frags; i++) {
		skb_frag_t *frag = &shinfo->frags[i];
		unsigned int n = min(eat, frag->size);

		eat -= n;
		if (n == frag->size) {
			put_page(frag->page);
			continue;
		}
		frag->page_offset += n;
		frag->size -= n;
		shinfo->frags[kept++] = *frag;
	}
	shinfo->nr_frags = kept;
}

bool __pskb_pull_tail(struct sk_buff *skb, unsigned int delta)
{
	unsigned int room = skb->end - skb->tail;

	if (unlikely(delta > skb->data_len))
		return false;
	/*
	 * A frag_list is rare: handle it by copying all bytes of the packet into the linear part
	 * and freeing the buffers.
	 */
	if (skb_shinfo(skb)->frag_list)
		delta = skb->data_len;
	if (delta > room || skb_cloned(skb)) {
		/*
		 * Reserve 128 bytes more than needed, because the next header will probably be
		 * pulled too.
		 */
		unsigned int more = delta > room ? delta - room + 128 : 0;

		if (pskb_expand_head(skb, 0, more, GFP_ATOMIC))
			return false;
	}
	BUG_ON(skb_copy_bits(skb, skb_headlen(skb), skb_tail_pointer(skb), delta));
	if (skb_shinfo(skb)->frag_list) {
		kfree_skb_list_reason(skb_shinfo(skb)->frag_list, SKB_CONSUMED);
		skb_shinfo(skb)->frag_list = NULL;
	}
	skb_eat_frags(skb, delta);
	skb->tail += delta;
	skb->data_len -= delta;
	return true;
}

int pskb_trim(struct sk_buff *skb, unsigned int len)
{
	struct skb_shared_info *shinfo;
	unsigned int at, i;

	if (len >= skb->len)
		return 0;
	/* The device's sum includes the bytes that are cut off, so it is not valid for the rest. */
	if (skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	if (skb_shinfo(skb)->frag_list && skb_linearize(skb))
		return -ENOMEM;
	if (!skb_is_nonlinear(skb)) {
		skb->len = len;
		skb->tail = skb->data - skb->head + len;
		return 0;
	}
	/*
	 * The fragment array is shared with clones, which must keep their length: copy it before
	 * changing it.
	 */
	if (skb_cloned(skb) && pskb_expand_head(skb, 0, 0, GFP_ATOMIC))
		return -ENOMEM;
	shinfo = skb_shinfo(skb);
	at = skb_headlen(skb);
	for (i = 0; i < shinfo->nr_frags && at < len; i++) {
		if (shinfo->frags[i].size > len - at)
			shinfo->frags[i].size = len - at;
		at += shinfo->frags[i].size;
	}
	for (unsigned int gone = i; gone < shinfo->nr_frags; gone++)
		put_page(shinfo->frags[gone].page);
	shinfo->nr_frags = i;
	if (len < skb_headlen(skb)) {
		skb->tail = skb->data - skb->head + len;
		skb->data_len = 0;
	} else {
		skb->data_len = len - skb_headlen(skb);
	}
	skb->len = len;
	return 0;
}
