/* SPDX-License-Identifier: MIT */
/*
 * sk_buff: splits one packet into two, and merges two into one, without copying pages.
 *
 * Callers: TCP (tcp_fragment when sending, tcp_try_coalesce when receiving) and GRO
 * (tcp4_gro_merge). Runs under the socket's lock, or in the softirq that owns the packets.
 */
#include "kernel/lib/bug.h"
#include "net/core/limits.h"
#include "net/core/skbuff.h"

/*
 * Splits a packet inside its linear part: the linear bytes after @len are copied to @skb1, and all
 * fragments move to it.
 */
static void skb_split_linear(struct sk_buff *skb, struct sk_buff *skb1, u32 len)
{
	struct skb_shared_info *from = skb_shinfo(skb), *to = skb_shinfo(skb1);
	unsigned int rest = skb_headlen(skb) - len;

	memcpy(skb_put(skb1, rest), skb->data + len, rest);
	memcpy(to->frags, from->frags, from->nr_frags * sizeof(from->frags[0]));
	to->nr_frags = from->nr_frags;
	from->nr_frags = 0;
	skb1->data_len = skb->data_len;
	skb1->len += skb->data_len;
	skb->data_len = 0;
	skb->len = len;
	skb->tail = skb->data - skb->head + len;
}

/*
 * Splits a packet inside its fragments: both packets then share the page of the fragment that is
 * cut.
 */
static void skb_split_frags(struct sk_buff *skb, struct sk_buff *skb1, u32 len)
{
	struct skb_shared_info *from = skb_shinfo(skb), *to = skb_shinfo(skb1);
	unsigned int at = skb_headlen(skb), kept = 0, moved = 0;

	for (unsigned int i = 0; i < from->nr_frags; i++) {
		skb_frag_t frag = from->frags[i];
		unsigned int stays = at >= len ? 0 : min(frag.size, len - at);

		at += frag.size;
		if (stays) {
			from->frags[kept] = frag;
			from->frags[kept++].size = stays;
		}
		if (stays == frag.size)
			continue;
		if (stays)
			get_page(frag.page);
		frag.page_offset += stays;
		frag.size -= stays;
		to->frags[moved++] = frag;
	}
	from->nr_frags = kept;
	to->nr_frags = moved;
	skb1->data_len = skb->len - len;
	skb1->len += skb1->data_len;
	skb->data_len -= skb1->data_len;
	skb->len = len;
}

void skb_split(struct sk_buff *skb, struct sk_buff *skb1, u32 len)
{
	BUG_ON(len > skb->len || skb1->len || skb_shinfo(skb)->frag_list);
	/*
	 * A clone shares the fragment array, which is changed here: the caller must have called
	 * skb_unclone().
	 */
	BUG_ON(skb_cloned(skb));
	if (len < skb_headlen(skb))
		skb_split_linear(skb, skb1, len);
	else
		skb_split_frags(skb, skb1, len);
}

/*
 * Appends to @to, as a fragment, the linear part of @from, which page_frag_alloc() allocated. The
 * fragment takes over @from's reference to the page.
 */
static void skb_move_head(struct sk_buff *to, struct sk_buff *from, unsigned int len)
{
	struct page *page = virt_to_head_page(from->head);

	skb_fill_page_desc(to, skb_shinfo(to)->nr_frags, page,
			   from->data - (u8 *)page_address(page), len);
}

/*
 * Appends @from's fragments to @to. If a clone shares them, @from keeps its page references and @to
 * takes new ones.
 */
static void skb_move_frags(struct sk_buff *to, struct sk_buff *from)
{
	struct skb_shared_info *ts = skb_shinfo(to), *fs = skb_shinfo(from);
	bool shared = skb_cloned(from);

	for (unsigned int i = 0; i < fs->nr_frags; i++) {
		ts->frags[ts->nr_frags++] = fs->frags[i];
		if (shared)
			get_page(fs->frags[i].page);
	}
	if (!shared)
		fs->nr_frags = 0;
}

/*
 * Data that fits into @to's tailroom is copied. Otherwise @from's fragments move to @to, and
 * @from's linear part becomes a fragment of @to. If the linear part moved, *@fragstolen is true,
 * which tells kfree_skb_partial() not to free it: @to now has the reference to its page.
 */
bool skb_try_coalesce(struct sk_buff *to, struct sk_buff *from, bool *fragstolen,
		      int *delta_truesize)
{
	unsigned int len = from->len, headlen = skb_headlen(from), frags;
	int freed; /* the part of @from's truesize that @to does not take over */

	*fragstolen = false;
	if (skb_cloned(to) || skb_shinfo(to)->frag_list || skb_shinfo(from)->frag_list)
		return false;
	if (len <= skb_tailroom(to)) {
		if (len)
			BUG_ON(skb_copy_bits(from, 0, skb_put(to, len), len));
		*delta_truesize = 0;
		return true;
	}
	frags = skb_shinfo(to)->nr_frags + skb_shinfo(from)->nr_frags + (headlen ? 1 : 0);
	/*
	 * The linear part can become a fragment only if page_frag_alloc() allocated it (head_frag)
	 * and no clone uses it.
	 */
	if (frags > MAX_SKB_FRAGS || (headlen && (!from->head_frag || skb_cloned(from))))
		return false;
	if (headlen) {
		skb_move_head(to, from, headlen);
		freed = SKB_DATA_ALIGN(sizeof(struct sk_buff));
		*fragstolen = true;
	} else {
		freed = SKB_TRUESIZE(from->end);
	}
	skb_move_frags(to, from);
	/*
	 * pskb_expand_head() may have enlarged @from's linear part without raising truesize. In
	 * that case truesize - freed would be too small, so charge at least the bytes of data.
	 */
	*delta_truesize = max((int)from->truesize - freed, (int)len);
	to->truesize += *delta_truesize;
	to->len += len;
	to->data_len += len;
	return true;
}
