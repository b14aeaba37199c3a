/* SPDX-License-Identifier: MIT */
/* sk_buffs: reference counts, access across fragments, trimming, splitting, coalescing, and segmentation. */
#include "tests/unit/unit_net.h"

#include "kernel/mm/page_frag.h"

static struct page_frag frag_source;

/* Returns a packet with @linear bytes and @frags fragments of @size bytes; its bytes have the values 0, 1, 2 ... */
static struct sk_buff *pattern_skb(unsigned int linear, unsigned int frags, unsigned int size)
{
	struct sk_buff *skb = alloc_skb_fclone(128 + linear, GFP_KERNEL);
	unsigned int n = 0;
	u8 *p;

	assert_non_null(skb);
	skb_reserve(skb, 128);
	p = skb_put(skb, linear);
	for (unsigned int i = 0; i < linear; i++)
		p[i] = n++;
	for (unsigned int f = 0; f < frags; f++) {
		struct page *page;

		p = page_frag_alloc(&frag_source, size, GFP_KERNEL);
		assert_non_null(p);
		for (unsigned int i = 0; i < size; i++)
			p[i] = n++;
		page = compound_head(virt_to_page(p));
		skb_fill_page_desc(skb, f, page, p - (u8 *)page_address(page), size);
		skb->len += size;
		skb->data_len += size;
		skb->truesize += size;
	}
	return skb;
}

static void assert_pattern(const struct sk_buff *skb, unsigned int first, unsigned int len)
{
	static u8 buf[65536];

	assert_int_equal(skb->len, len);
	assert_int_equal(skb_copy_bits(skb, 0, buf, len), 0);
	for (unsigned int i = 0; i < len; i++)
		assert_int_equal(buf[i], (u8)(first + i));
	assert_int_equal(skb_copy_bits(skb, 1, buf, len), -14);
}

/* LIMIT(SKB_LINEAR_MAX) */
static void test_room(void **state)
{
	struct sk_buff *skb = alloc_skb(100, GFP_KERNEL);

	assert_true(skb_tailroom(skb) >= 100);
	assert_int_equal(skb_headroom(skb), 0);
	assert_true(skb->truesize >= 100 + sizeof(*skb));
	skb_reserve(skb, 40);
	memset(skb_put(skb, 10), 1, 10);
	assert_panics(skb_push(skb, 41));
	skb_push(skb, 40);
	assert_int_equal(skb->len, 50);
	__skb_pull(skb, 50);
	assert_panics(skb_put(skb, 100000));
	consume_skb(skb);
	assert_null(alloc_skb(SKB_LINEAR_MAX + 1, GFP_KERNEL));
}

static void test_clones_share_and_free_in_any_order(void **state)
{
	for (unsigned int order = 0; order < 6; order++) {
		static const u8 orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
						{1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
		struct sk_buff *skb[3];

		skb[0] = pattern_skb(50, 3, 100);
		assert_false(skb_cloned(skb[0]));
		skb[1] = skb_clone(skb[0], GFP_ATOMIC);
		assert_int_equal(skb[1]->fclone, SKB_FCLONE_CLONE);
		skb[2] = skb_clone(skb[0], GFP_ATOMIC);
		assert_int_equal(skb[2]->fclone, SKB_FCLONE_UNAVAILABLE);
		assert_true(skb_cloned(skb[0]) && skb_cloned(skb[1]));
		for (unsigned int i = 0; i < 3; i++) {
			assert_pattern(skb[orders[order][2]], 0, 350);
			consume_skb(skb[orders[order][i]]);
		}
	}
}

static void test_header_release_lets_a_clone_write(void **state)
{
	struct sk_buff *skb = pattern_skb(50, 0, 0), *clone;

	skb_header_release(skb);
	clone = skb_clone(skb, GFP_ATOMIC);
	assert_true(skb_cloned(clone));
	assert_false(skb_header_cloned(clone));
	assert_true(skb_clone_writable(clone, 0));
	assert_false(skb_clone_writable(clone, 1));
	skb_push(clone, 20);
	assert_true(skb_clone_writable(clone, 20));
	assert_int_equal(skb_cow_head(clone, 60), 0);
	assert_ptr_equal(clone->head, skb->head);
	consume_skb(clone);
	assert_false(skb_cloned(skb));
	consume_skb(skb);
}

static void test_drops_count_once(void **state)
{
	u64 before = skb_drop_count[SKB_DROP_REASON_TCP_PAWS];
	struct sk_buff *skb = alloc_skb(10, GFP_KERNEL);

	skb_get(skb);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_PAWS);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_TCP_PAWS], before);
	kfree_skb_reason(skb, SKB_DROP_REASON_TCP_PAWS);
	assert_int_equal(skb_drop_count[SKB_DROP_REASON_TCP_PAWS], before + 1);
	assert_string_equal(skb_drop_name(SKB_DROP_REASON_TCP_PAWS), "TCP_PAWS");
}

static void test_copies_and_expansion(void **state)
{
	struct sk_buff *skb = pattern_skb(60, 4, 333), *clone, *pcopy;

	skb_reset_network_header(skb);
	__skb_pull(skb, 20);
	skb_reset_transport_header(skb);
	clone = skb_clone(skb, GFP_ATOMIC);
	pcopy = pskb_copy(skb, GFP_KERNEL);
	assert_int_equal(skb_headlen(pcopy), 40);
	assert_int_equal(pskb_expand_head(clone, 300, 10, GFP_KERNEL), 0);
	assert_false(skb_cloned(skb));
	assert_true(skb_headroom(clone) >= 300 + 148);
	consume_skb(skb);
	assert_pattern(clone, 20, 40 + 4 * 333);
	assert_pattern(pcopy, 20, 40 + 4 * 333);
	assert_int_equal(skb_network_header(clone)[5], 5);
	assert_int_equal(skb_transport_header(pcopy)[5], 25);
	assert_int_equal(skb_network_header(pcopy)[5], 5);
	assert_int_equal(skb_linearize(clone), 0);
	assert_pattern(clone, 20, 40 + 4 * 333);
	consume_skb(clone);
	consume_skb(pcopy);
}

static void test_pull_and_trim_at_every_byte(void **state)
{
	const unsigned int total = 30 + 3 * 40;

	for (unsigned int n = 0; n <= total; n++) {
		for (int cloned = 0; cloned < 2; cloned++) {
			struct sk_buff *skb = pattern_skb(30, 3, 40);
			struct sk_buff *clone = cloned ? skb_clone(skb, GFP_ATOMIC) : NULL;

			assert_true(pskb_may_pull(skb, n));
			assert_true(skb_headlen(skb) >= n);
			assert_pattern(skb, 0, total);
			assert_false(pskb_may_pull(skb, total + 1));
			consume_skb(skb);
			if (clone)
				assert_pattern(clone, 0, total);
			consume_skb(clone);

			skb = pattern_skb(30, 3, 40);
			clone = cloned ? skb_clone(skb, GFP_ATOMIC) : NULL;
			assert_int_equal(pskb_trim(skb, n), 0);
			assert_pattern(skb, 0, n);
			consume_skb(skb);
			if (clone)
				assert_pattern(clone, 0, total);
			consume_skb(clone);
		}
	}
}

static void test_split_and_coalesce_at_every_byte(void **state)
{
	const unsigned int total = 30 + 3 * 400;

	for (unsigned int n = 0; n <= total; n += n < 40 ? 1 : 37) {
		struct sk_buff *skb = pattern_skb(30, 3, 400);
		struct sk_buff *rest = alloc_skb(30, GFP_KERNEL);
		unsigned int tail;
		bool stolen;
		int delta;

		skb_split(skb, rest, n);
		assert_pattern(skb, 0, n);
		assert_pattern(rest, n, total - n);
		tail = skb_tailroom(skb);
		if (skb_try_coalesce(skb, rest, &stolen, &delta)) {
			assert_pattern(skb, 0, total);
			kfree_skb_partial(rest, stolen);
		} else {
			/* Coalescing may fail only because linear data from kmalloc() cannot become a fragment. */
			assert_true(skb_headlen(rest) && total - n > tail);
			consume_skb(rest);
		}
		consume_skb(skb);
	}
}

static void test_coalesce_takes_a_received_head(void **state)
{
	struct sk_buff *to = pattern_skb(30, 1, 10), *from;
	bool stolen;
	int delta;
	u32 truesize;

	local_bh_disable();
	from = net_rx_skb(700);
	local_bh_enable();
	for (unsigned int i = 0; i < 700; i++)
		*(u8 *)skb_put(from, 1) = 40 + i;
	truesize = to->truesize;
	assert_true(skb_try_coalesce(to, from, &stolen, &delta));
	assert_true(stolen);
	assert_true(delta >= 700);
	assert_int_equal(to->truesize, truesize + delta);
	kfree_skb_partial(from, stolen);
	assert_pattern(to, 0, 740);
	consume_skb(to);
}

static void test_frag_list(void **state)
{
	struct sk_buff *skb = pattern_skb(30, 1, 50), *a = pattern_skb(256, 0, 0), *b;

	__skb_pull(a, 80);
	b = pattern_skb(256, 2, 100);
	skb_shinfo(skb)->frag_list = a;
	a->next = b;
	skb->len += a->len + b->len;
	skb->data_len += a->len + b->len;
	assert_pattern(skb, 0, 80 + 176 + 456);
	assert_true(pskb_may_pull(skb, 100));
	assert_null(skb_shinfo(skb)->frag_list);
	assert_pattern(skb, 0, 80 + 176 + 456);
	consume_skb(skb);
}

/* Returns a packet with three buffers in its frag_list. */
static struct sk_buff *list_skb(void)
{
	struct sk_buff *skb = pattern_skb(30, 1, 50), **link = &skb_shinfo(skb)->frag_list;

	for (unsigned int i = 0; i < 3; i++) {
		*link = pattern_skb(256, 0, 0);
		/*
		 * The pattern repeats every 256 bytes. skb has its first 80 bytes, so the list
		 * continues with byte 80.
		 */
		__skb_pull(*link, i ? 0 : 80);
		skb->len += (*link)->len;
		skb->data_len += (*link)->len;
		link = &(*link)->next;
	}
	return skb;
}

/* A copy holds the buffers of the frag_list: they stay, in their order, when the original is freed. */
static void test_frag_list_of_a_copy(void **state)
{
	const unsigned int len = 80 + 176 + 2 * 256;
	struct sk_buff *skb, *copy;

	for (int i = 0; i < 3; i++) {
		skb = list_skb();
		copy = i == 1 ? skb_clone(skb, GFP_KERNEL) : pskb_copy(skb, GFP_KERNEL);
		assert_int_equal(copy->len, len);
		/* The original gives up the list: it is freed, or becomes linear. */
		if (i)
			assert_int_equal(skb_linearize(skb), 0);
		else
			consume_skb(skb);
		assert_pattern(copy, 0, len);
		consume_skb(copy);
		if (i)
			consume_skb(skb);
	}
}

static void test_checksum_across_pieces(void **state)
{
	struct sk_buff *skb = pattern_skb(31, 5, 77), *flat = pskb_copy(skb, GFP_KERNEL);

	assert_int_equal(skb_linearize(flat), 0);
	for (unsigned int off = 0; off < 200; off += 13) {
		for (unsigned int len = 0; len + off <= skb->len; len += 7)
			assert_int_equal(csum_fold(skb_checksum(skb, off, len, 5)),
					 csum_fold(csum_partial(flat->data + off, len, 5)));
	}
	consume_skb(skb);
	consume_skb(flat);
}

/* ---- segmentation ----------------------------------------------------------------------------- */

#define TCP_HLEN 32
#define HEADERS  (14 + 20 + TCP_HLEN)

static struct sk_buff *gso_skb(unsigned int payload, unsigned int linear_payload, u16 mss)
{
	unsigned int frags = DIV_ROUND_UP(payload - linear_payload, 4000), n = 0;
	struct sk_buff *skb = pattern_skb(HEADERS + linear_payload, 0, 0);
	u8 *iph = skb->data + 14, *th = iph + 20;

	memset(skb->data, 0, HEADERS);
	for (unsigned int i = 0; i < linear_payload; i++)
		skb->data[HEADERS + i] = n++;
	for (unsigned int f = 0; f < frags; f++) {
		unsigned int size = min(4000u, payload - n);
		u8 *p = page_frag_alloc(&frag_source, size, GFP_KERNEL);
		struct page *page = compound_head(virt_to_page(p));

		for (unsigned int i = 0; i < size; i++)
			p[i] = n++;
		skb_fill_page_desc(skb, f, page, p - (u8 *)page_address(page), size);
		skb->len += size;
		skb->data_len += size;
	}
	iph[0] = 0x45;
	put_unaligned_be16(20 + TCP_HLEN + payload, iph + 2);
	put_unaligned_be16(0xfffe, iph + 4);
	iph[8] = 64;
	iph[9] = 6;
	put_unaligned_be32(0x0a00020f, iph + 12);
	put_unaligned_be32(0x0a000202, iph + 16);
	put_unaligned_be32(0xffffff00, th + 4);
	th[12] = TCP_HLEN / 4 << 4;
	th[13] = 0x80 | 0x10 | 0x08 | 0x01; /* CWR ACK PSH FIN */
	skb->dev = eth0;
	skb_reset_mac_header(skb);
	skb->network_header = skb->mac_header + 14;
	skb->transport_header = skb->network_header + 20;
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb->transport_header;
	skb->csum_offset = 16;
	skb_shinfo(skb)->gso_size = mss;
	skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(payload, mss);
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	return skb;
}

static void assert_segment(struct sk_buff *seg, unsigned int i, unsigned int offset,
			   unsigned int len, bool last)
{
	u8 flat[HEADERS + 2000], *iph = flat + 14, *th = iph + 20;
	__be32 saddr, daddr;

	assert_int_equal(seg->len, HEADERS + len);
	if (seg->ip_summed == CHECKSUM_PARTIAL)
		assert_int_equal(skb_checksum_help(seg), 0);
	assert_int_equal(skb_copy_bits(seg, 0, flat, seg->len), 0);
	assert_int_equal(ip_fast_csum(iph, 5), 0);
	assert_int_equal(get_unaligned_be16(iph + 2), seg->len - 14);
	assert_int_equal(get_unaligned_be16(iph + 4), (u16)(0xfffe + i));
	assert_int_equal(get_unaligned_be32(th + 4), (u32)(0xffffff00 + offset));
	assert_int_equal(th[13], 0x10 | (i ? 0 : 0x80) | (last ? 0x09 : 0));
	memcpy(&saddr, iph + 12, 4);
	memcpy(&daddr, iph + 16, 4);
	assert_int_equal(csum_tcpudp_magic(saddr, daddr, TCP_HLEN + len, 6,
					   csum_partial(th, TCP_HLEN + len, 0)),
			 0);
	for (unsigned int b = 0; b < len; b++)
		assert_int_equal(flat[HEADERS + b], (u8)(offset + b));
}

static void test_segments(void **state)
{
	static const struct {
		unsigned int payload, linear;
		u16 mss;
		unsigned int features;
	} cases[] = {
		{10000, 0, 1448, 0},
		{10000, 0, 1448, NETIF_F_SG},
		{10000, 0, 1448, NETIF_F_SG | NETIF_F_HW_CSUM},
		{2896, 2896, 1448, 0},
		{2896, 2896, 1448, NETIF_F_SG | NETIF_F_HW_CSUM},
		{5001, 777, 536, NETIF_F_SG},
		{64000, 0, 1000, NETIF_F_SG},
		{100, 0, 1448, NETIF_F_SG},
		{3, 1, 1, NETIF_F_SG},
	};

	for (unsigned int c = 0; c < ARRAY_SIZE(cases); c++) {
		struct sk_buff *skb = gso_skb(cases[c].payload, cases[c].linear, cases[c].mss);
		struct sk_buff *seg, *next;
		unsigned int i = 0, offset = 0;

		eth0->features = cases[c].features;
		seg = skb_segment(skb);
		assert_false(IS_ERR(seg));
		consume_skb(skb);
		for (; seg; seg = next, i++) {
			unsigned int len =
				min((unsigned int)cases[c].mss, cases[c].payload - offset);

			next = seg->next;
			seg->next = NULL;
			if (!(cases[c].features & NETIF_F_SG))
				assert_false(skb_is_nonlinear(seg));
			assert_segment(seg, i, offset, len, !next);
			offset += len;
			consume_skb(seg);
		}
		assert_int_equal(offset, cases[c].payload);
	}
	eth0->features = 0;
}

static void test_segmentation_refuses_invalid_headers(void **state)
{
	struct sk_buff *skb = gso_skb(3000, 3000, 1000);

	skb->data[14] = 0x44;
	assert_true(IS_ERR(skb_segment(skb)));
	skb->data[14] = 0x45;
	skb->data[14 + 20 + 12] = 0x40;
	assert_true(IS_ERR(skb_segment(skb)));
	skb->data[14 + 20 + 12] = 0xf0;
	pskb_trim(skb, 60);
	assert_true(IS_ERR(skb_segment(skb)));
	consume_skb(skb);
}

static int teardown(void **state)
{
	net_teardown(state);
	page_frag_drain(&frag_source);
	return 0;
}
#define t(f) cmocka_unit_test_setup_teardown(f, net_setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		t(test_room),
		t(test_clones_share_and_free_in_any_order),
		t(test_header_release_lets_a_clone_write),
		t(test_drops_count_once),
		t(test_copies_and_expansion),
		t(test_pull_and_trim_at_every_byte),
		t(test_split_and_coalesce_at_every_byte),
		t(test_coalesce_takes_a_received_head),
		t(test_frag_list),
		t(test_frag_list_of_a_copy),
		t(test_checksum_across_pieces),
		t(test_segments),
		t(test_segmentation_refuses_invalid_headers),
	};

	return cmocka_run_group_tests(tests, net_boot, NULL);
}
