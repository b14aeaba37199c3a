/* SPDX-License-Identifier: MIT */
/*
 * Fragmentation of a datagram that is longer than the MTU of its route.
 *
 *   ip_output -> ip_do_fragment -> ip_finish_output, once for each fragment
 *
 * Process or softirq; no lock here. Each fragment is a copy, charged to the sender's socket like
 * the datagram. A datagram with "don't fragment" never comes here. RFC 791 3.2, RFC 6864. Compare
 * ip_do_fragment() in Linux's net/ipv4/ip_output.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/bug.h"
#include "net/core/checksum.h"
#include "net/core/netdevice.h"
#include "net/core/snmp.h"
#include "net/core/sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_options.h"
#include "net/ipv4/route.h"

/*
 * Returns the fragment of @skb with @len bytes of the payload from @at, as a packet ready for the
 * link layer; or NULL if there is no memory.
 */
static struct sk_buff *ip_make_fragment(const struct sk_buff *skb, unsigned int at,
					unsigned int len)
{
	unsigned int hdrlen = ip_hdrlen(skb);
	/* @skb may itself be a fragment that a program wrote (IP_HDRINCL). */
	const u16 old = ntohs(ip_hdr(skb)->frag_off);
	bool more = (old & IP_MF) || hdrlen + at + len < skb->len;
	struct sk_buff *part = alloc_skb(MAX_TCP_HEADER + hdrlen + len, GFP_ATOMIC);
	struct iphdr *iph;

	if (!part)
		return NULL;
	skb_reserve(part, MAX_TCP_HEADER);
	skb_reset_network_header(part);
	iph = skb_put(part, hdrlen + len);
	memcpy(iph, ip_hdr(skb), hdrlen);
	if (at)
		ip_options_uncopied((u8 *)(iph + 1), hdrlen - sizeof(*iph));
	BUG_ON(skb_copy_bits(skb, hdrlen + at, (u8 *)iph + hdrlen, len));
	part->transport_header = part->network_header + hdrlen;
	iph->tot_len = htons(hdrlen + len);
	iph->frag_off = htons(((old & IP_OFFSET) + at / 8) | (more ? IP_MF : 0));
	iph->check = 0;
	iph->check = ip_fast_csum(iph, iph->ihl);
	part->dev = skb->dev;
	part->protocol = skb->protocol;
	dst_hold(skb->dst);
	skb_dst_set(part, skb->dst);
	if (skb->sk)
		skb_set_owner_w(part, skb->sk);
	if (!at) { /* SO_TIMESTAMPING reports the times of the first fragment */
		skb_shinfo(part)->tx_flags = skb_shinfo(skb)->tx_flags;
		skb_shinfo(part)->tskey = skb_shinfo(skb)->tskey;
	}
	return part;
}

int ip_do_fragment(struct rtable *rt, struct sk_buff *skb, unsigned int mtu,
		   int (*output)(struct rtable *rt, struct sk_buff *skb))
{
	unsigned int hdrlen = ip_hdrlen(skb), len = skb->len - hdrlen, part_len;
	/* RFC 791 3.2: the offset of a fragment counts units of eight bytes. */
	const unsigned int part_max = (mtu - hdrlen) & ~7u;
	int err;

	BUG_ON(mtu < IPV4_MIN_MTU);
	/* The checksum covers the whole datagram, so no device can compute it from fragments. */
	err = skb_checksum_help(skb);
	if (err)
		goto out_drop;
	for (unsigned int at = 0; at < len; at += part_len) {
		struct sk_buff *part;

		part_len = min(part_max, len - at);
		part = ip_make_fragment(skb, at, part_len);
		if (!part) {
			err = -ENOBUFS;
			goto out_drop;
		}
		err = output(rt, part);
		if (err) {
			/*
			 * A lower layer has counted the fragment as dropped: free the datagram
			 * without counting it too.
			 */
			snmp_inc(SNMP_IpFragFails);
			consume_skb(skb);
			return err;
		}
		snmp_inc(SNMP_IpFragCreates);
	}
	snmp_inc(SNMP_IpFragOKs);
	consume_skb(skb);
	return 0;
out_drop:
	snmp_inc(SNMP_IpFragFails);
	kfree_skb_reason(skb, SKB_DROP_REASON_NOMEM);
	return err;
}
