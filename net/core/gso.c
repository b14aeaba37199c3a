/* SPDX-License-Identifier: MIT */
/*
 * Segmentation in software: cuts one large TCP or UDP packet into packets that fit the wire. This
 * happens as late as possible, so that all layers above process only one packet.
 *
 * Callers: dev_queue_xmit, for a packet that the device cannot segment itself. Process or softirq;
 * the caller must be the only holder of @skb. Compare Linux's skb_segment, inet_gso_segment,
 * tcp_gso_segment.
 */
#include "include/uapi/errno.h"
#include "include/uapi/in.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/byteorder.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/core/skbuff.h"
#include "net/wire/ip.h"
#include "net/wire/tcp.h"
#include "net/wire/udp.h"

/* The packet that is cut: offsets of its parts in bytes from skb->data, and how to cut it. */
struct gso_cut {
	/* offsets of network header, transport header, first byte of data */
	unsigned int nh, th, payload;
	unsigned int mss;
	/* segments may share the payload's pages, because the device supports fragments */
	bool sg;
	bool csum; /* the device computes the checksums */
	bool udp;  /* SKB_GSO_UDP_L4, else TCP */
};

/* Returns the offset of the data behind the TCP header at @at, 0 if the header is invalid. */
static unsigned int gso_tcp_payload(struct sk_buff *skb, unsigned int at)
{
	unsigned int len;

	if (!pskb_may_pull(skb, at + sizeof(struct tcphdr)))
		return 0;
	len = ((const struct tcphdr *)(skb->data + at))->doff * 4;
	return len < sizeof(struct tcphdr) ? 0 : at + len;
}

/*
 * Finds and checks the headers. They may be invalid if the packet came from a device that merged
 * received segments (SKB_GSO_DODGY). Returns 0 or -EINVAL.
 */
static int gso_parse(struct sk_buff *skb, struct gso_cut *c)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	int nh = skb_network_offset(skb);
	const struct iphdr *iph;

	if (!(shinfo->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_UDP_L4)) || nh < 0)
		return -EINVAL;
	c->udp = shinfo->gso_type & SKB_GSO_UDP_L4;
	c->nh = nh;
	if (!pskb_may_pull(skb, c->nh + sizeof(*iph)))
		return -EINVAL;
	iph = (const struct iphdr *)(skb->data + c->nh);
	if (iph->version != 4 || iph->ihl * 4 < sizeof(*iph) ||
	    iph->protocol != (c->udp ? IPPROTO_UDP : IPPROTO_TCP))
		return -EINVAL;
	c->th = c->nh + iph->ihl * 4;
	c->payload = c->udp ? c->th + sizeof(struct udphdr) : gso_tcp_payload(skb, c->th);
	if (!c->payload || !pskb_may_pull(skb, c->payload))
		return -EINVAL;
	c->mss = shinfo->gso_size;
	c->sg = skb->dev && (skb->dev->features & NETIF_F_SG);
	c->csum = skb->dev && (skb->dev->features & NETIF_F_HW_CSUM);
	return skb->len > c->payload ? 0 : -EINVAL;
}

/*
 * Appends the bytes [offset, offset + len) of @skb's fragments to @seg, by references to the same
 * pages. Returns false if the fragments end before offset + len.
 */
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

/*
 * Makes the segment with the @len bytes of payload at @offset. The headers and the payload in
 * @skb's linear part are copied; the payload in its fragments is shared if the device supports
 * fragments, else copied.
 */
static struct sk_buff *gso_carve(struct sk_buff *skb, const struct gso_cut *c, unsigned int offset,
				 unsigned int len)
{
	unsigned int headroom = skb_headroom(skb);
	unsigned int headlen = skb_headlen(skb);
	unsigned int copy = len; /* bytes of payload to copy; the rest is shared */
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

/*
 * Stores @seg's TCP or UDP checksum at offset @at of the transport header, or lets the device
 * compute it. In UDP a checksum of zero is sent as 0xffff (RFC 768).
 */
static void gso_checksum(struct sk_buff *seg, const struct gso_cut *c, u8 proto, unsigned int at)
{
	const struct iphdr *iph = (const struct iphdr *)(seg->data + c->nh);
	__sum16 *check = (__sum16 *)(seg->data + c->th + at);
	unsigned int len = seg->len - c->th;

	*check = 0;
	if (c->csum) {
		*check = ~csum_tcpudp_magic(iph->saddr, iph->daddr, len, proto, 0);
		seg->ip_summed = CHECKSUM_PARTIAL;
		seg->csum_start = seg->transport_header;
		seg->csum_offset = at;
		return;
	}
	*check = csum_tcpudp_magic(iph->saddr, iph->daddr, len, proto,
				   skb_checksum(seg, c->th, len, 0));
	if (c->udp && !*check)
		*check = 0xffff;
	seg->ip_summed = CHECKSUM_NONE;
}

/*
 * Corrects the headers of @seg, the @index-th segment, which has @offset bytes of payload before
 * it.
 */
static void gso_fix_headers(struct sk_buff *seg, const struct gso_cut *c, unsigned int index,
			    unsigned int offset, bool last)
{
	struct iphdr *iph = (struct iphdr *)(seg->data + c->nh);
	struct tcphdr *th = (struct tcphdr *)(seg->data + c->th);
	struct udphdr *uh = (struct udphdr *)th;

	iph->tot_len = htons(seg->len - c->nh);
	iph->id = htons(ntohs(iph->id) + index);
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);

	if (c->udp) {
		uh->len = htons(seg->len - c->th);
		gso_checksum(seg, c, IPPROTO_UDP, offsetof(struct udphdr, check));
		return;
	}
	th->seq = htonl(ntohl(th->seq) + offset);
	/* Only the first segment may carry CWR; only the last may carry FIN and PSH. */
	if (index)
		th->cwr = 0;
	if (!last)
		th->fin = th->psh = 0;

	gso_checksum(seg, c, IPPROTO_TCP, offsetof(struct tcphdr, check));
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
	 * The socket was charged for the whole packet. Move that charge, with its destructor, to
	 * the last segment, so that the socket gets it back when the last segment was sent. The
	 * byte whose time SO_TIMESTAMPING reports is in the last segment too.
	 */
	if (skb->destructor) {
		swap(seg->truesize, skb->truesize);
		swap(seg->destructor, skb->destructor);
		swap(seg->sk, skb->sk);
		skb_shinfo(seg)->tx_flags = skb_shinfo(skb)->tx_flags;
		skb_shinfo(seg)->tskey = skb_shinfo(skb)->tskey;
	}
	return list;

out_nomem:
	kfree_skb_list_reason(list, SKB_CONSUMED);
	return ERR_PTR(-ENOMEM);
}
