/* SPDX-License-Identifier: MIT */
/*
 * Segmentation in software: one large TCP packet becomes those that go on the wire, as late as
 * possible, so that everything above handled it once.
 *
 * Callers: dev_queue_xmit, for a device without TSO.  Process or softirq; @skb's only holder.
 * Headers are addressed by their offsets in the standards (RFC 791, 9293), since this floor stands
 * below those that name them.  Answers to Linux's skb_segment, inet_gso_segment, tcp_gso_segment.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"

/* IPv4 header */
#define IP_TOT_LEN  2
#define IP_ID       4
#define IP_PROTO    9
#define IP_CHECK    10
#define IP_SADDR    12
#define IP_DADDR    16
#define IP_MIN_LEN  20
#define IPPROTO_TCP 6
/* TCP header */
#define TCP_SEQ      4
#define TCP_DOFF     12
#define TCP_FLAGS    13
#define TCP_CHECK    16
#define TCP_MIN_LEN  20
#define TCP_FLAG_FIN 0x01
#define TCP_FLAG_PSH 0x08
#define TCP_FLAG_CWR 0x80

/* Where everything lies in the packet that is cut; offsets from skb->data. */
struct gso_cut {
	unsigned int nh, th, payload; /* network header, transport header, first byte of data */
	unsigned int mss;
	bool sg;   /* segments may share the payload's pages */
	bool csum; /* the device finishes checksums */
};

/* Finds and checks the headers; they may come from a guest's device.  0 or -EINVAL. */
static int gso_parse(struct sk_buff *skb, struct gso_cut *c)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	int nh = skb_network_offset(skb);
	unsigned int doff, ihl;
	const u8 *p;

	if (!(shinfo->gso_type & SKB_GSO_TCPV4) || nh < 0)
		return -EINVAL;
	c->nh = nh;
	if (!pskb_may_pull(skb, c->nh + IP_MIN_LEN))
		return -EINVAL;
	p = skb->data + c->nh;
	ihl = (p[0] & 0xf) * 4;
	if (p[0] >> 4 != 4 || ihl < IP_MIN_LEN || p[IP_PROTO] != IPPROTO_TCP)
		return -EINVAL;
	c->th = c->nh + ihl;
	if (!pskb_may_pull(skb, c->th + TCP_MIN_LEN))
		return -EINVAL;
	doff = (skb->data[c->th + TCP_DOFF] >> 4) * 4;
	if (doff < TCP_MIN_LEN || !pskb_may_pull(skb, c->th + doff))
		return -EINVAL;
	c->payload = c->th + doff;
	c->mss = shinfo->gso_size;
	c->sg = skb->dev && (skb->dev->features & NETIF_F_SG);
	c->csum = skb->dev && (skb->dev->features & NETIF_F_HW_CSUM);
	return skb->len > c->payload ? 0 : -EINVAL;
}

/* Shares the bytes [offset, offset + len) of @skb's fragments with @seg.  False: too many pieces. */
static bool gso_share_frags(struct sk_buff *seg, const struct sk_buff *skb, unsigned int offset,
			    unsigned int len)
{
	const struct skb_shared_info *from = skb_shinfo(skb);
	unsigned int at = skb_headlen(skb);

	for (unsigned int i = 0; i < from->nr_frags && len; i++) {
		const skb_frag_t *frag = &from->frags[i];
		unsigned int skip = offset - at, n;

		at += frag->size;
		if (offset >= at)
			continue;
		n = min(frag->size - skip, len);
		get_page(frag->page);
		skb_fill_page_desc(seg, skb_shinfo(seg)->nr_frags, frag->page,
				   frag->page_offset + skip, n);
		seg->len += n;
		seg->data_len += n;
		seg->truesize += n;
		offset += n;
		len -= n;
	}
	return !len;
}

/* The segment that carries @len bytes from @offset: headers copied, payload shared or copied. */
static struct sk_buff *gso_carve(struct sk_buff *skb, const struct gso_cut *c, unsigned int offset,
				 unsigned int len)
{
	unsigned int headroom = skb_headroom(skb);
	unsigned int headlen = skb_headlen(skb);
	unsigned int copy = len; /* of the payload */
	struct sk_buff *seg;

	if (c->sg)
		copy = offset < headlen ? min(len, headlen - offset) : 0;
	seg = alloc_skb(headroom + c->payload + copy, GFP_ATOMIC);
	if (!seg)
		return NULL;
	skb_reserve(seg, headroom);
	memcpy(__skb_put(seg, c->payload), skb->data, c->payload);
	skb_copy_header(seg, skb);
	if (copy)
		BUG_ON(skb_copy_bits(skb, offset, __skb_put(seg, copy), copy));
	if (copy < len)
		BUG_ON(!gso_share_frags(seg, skb, offset + copy, len - copy));
	seg->transport_header = headroom + c->th;
	return seg;
}

/* Makes @seg's headers true: @index-th of the packet, @offset bytes of payload before it. */
static void gso_fix_headers(struct sk_buff *seg, const struct gso_cut *c, unsigned int index,
			    unsigned int offset, bool last)
{
	unsigned int tcp_len = seg->len - c->th;
	u8 *iph = seg->data + c->nh, *th = seg->data + c->th;
	__be32 saddr, daddr;
	__sum16 sum;

	put_unaligned_be16(seg->len - c->nh, iph + IP_TOT_LEN);
	put_unaligned_be16(get_unaligned_be16(iph + IP_ID) + index, iph + IP_ID);
	memset(iph + IP_CHECK, 0, sizeof(sum));
	sum = ip_compute_csum(iph, c->th - c->nh);
	memcpy(iph + IP_CHECK, &sum, sizeof(sum));

	put_unaligned_be32(get_unaligned_be32(th + TCP_SEQ) + offset, th + TCP_SEQ);
	/* "Window reduced" is said once, with the first; the end and the push belong to the last. */
	if (index)
		th[TCP_FLAGS] &= ~TCP_FLAG_CWR;
	if (!last)
		th[TCP_FLAGS] &= ~(TCP_FLAG_FIN | TCP_FLAG_PSH);

	memcpy(&saddr, iph + IP_SADDR, sizeof(saddr));
	memcpy(&daddr, iph + IP_DADDR, sizeof(daddr));
	memset(th + TCP_CHECK, 0, sizeof(sum));
	if (c->csum) {
		sum = ~csum_tcpudp_magic(saddr, daddr, tcp_len, IPPROTO_TCP, 0);
		seg->ip_summed = CHECKSUM_PARTIAL;
		seg->csum_start = seg->transport_header;
		seg->csum_offset = TCP_CHECK;
	} else {
		sum = csum_tcpudp_magic(saddr, daddr, tcp_len, IPPROTO_TCP,
					skb_checksum(seg, c->th, tcp_len, 0));
		seg->ip_summed = CHECKSUM_NONE;
	}
	memcpy(th + TCP_CHECK, &sum, sizeof(sum));
}

struct sk_buff *skb_segment(struct sk_buff *skb)
{
	struct sk_buff *list = NULL, **link = &list, *seg = NULL;
	unsigned int offset, index = 0, len;
	struct gso_cut c;
	int err;

	err = gso_parse(skb, &c);
	if (err)
		return ERR_PTR(err);
	if (skb_shinfo(skb)->frag_list && skb_linearize(skb))
		return ERR_PTR(-ENOMEM);

	for (offset = c.payload; offset < skb->len; offset += len, index++) {
		len = min(c.mss, skb->len - offset);
		seg = gso_carve(skb, &c, offset, len);
		if (!seg)
			goto out_nomem;
		gso_fix_headers(seg, &c, index, offset - c.payload, offset + len == skb->len);
		*link = seg;
		link = &seg->next;
	}
	/*
	 * The socket was charged for the whole; the last segment takes that account over, and gives
	 * it back when it leaves.
	 */
	if (skb->destructor) {
		swap(seg->truesize, skb->truesize);
		swap(seg->destructor, skb->destructor);
		swap(seg->sk, skb->sk);
	}
	return list;

out_nomem:
	kfree_skb_list_reason(list, SKB_CONSUMED);
	return ERR_PTR(-ENOMEM);
}
