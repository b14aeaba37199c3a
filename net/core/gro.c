/* SPDX-License-Identifier: MIT */
/*
 * Generic receive offload: merges received packets of one flow into one large packet. They must
 * come in the same poll of the device, and the sender could have sent them as one packet.
 *
 * Callers: a driver's poll (napi_gro_receive); napi.c at the end of each poll (napi_gro_flush), so
 * that no packet is held until a later interrupt. Softirq; no lock, because a napi_struct belongs
 * to the CPU that polls it.
 *
 * The protocol decides whether two packets belong to one flow and can be merged (struct
 * packet_offload). This file decides which packets are held for merging, and when they go up the
 * stack. Packets of one flow stay in order: before a packet that cannot be merged goes up, the held
 * packet of its flow goes up. Held packets of other flows stay, because otherwise each pure ACK of
 * one connection would end the merging of all others. Compare Linux's dev_gro_receive in
 * net/core/dev.c.
 */
#include "kernel/lib/byteorder.h"
#include "net/core/eth.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"
#include "net/wire/ip.h"

static LIST_HEAD(offloads); /* filled at boot */

void dev_add_offload(struct packet_offload *po)
{
	list_add_tail(&po->list, &offloads);
}

/*
 * Returns the offload of the transport that an IPv4 packet carries, or NULL. The offload checks
 * that the header is correct.
 */
static const struct packet_offload *gro_offload(struct sk_buff *skb)
{
	const struct packet_offload *po;
	const struct iphdr *iph;

	if (skb->protocol != HTONS_CONST(ETH_P_IP) || !pskb_may_pull(skb, sizeof(*iph)))
		return NULL;
	iph = (const struct iphdr *)skb->data;
	list_for_each_entry(po, &offloads, list) {
		if (po->protocol == iph->protocol)
			return po;
	}
	return NULL;
}

/* Passes a held packet, including the packets merged into it, up the stack. */
static void gro_pass_up(struct sk_buff *skb)
{
	if (skb_is_gso(skb))
		gro_offload(skb)->gro_complete(skb);
	netif_receive_skb(skb);
}

void napi_gro_flush(struct napi_struct *napi)
{
	while (napi->gro_list) {
		struct sk_buff *skb = napi->gro_list;

		napi->gro_list = skb->next;
		napi->gro_count--;
		skb->next = NULL;
		gro_pass_up(skb);
	}
}

static void gro_let_go(struct napi_struct *napi, struct sk_buff **link)
{
	struct sk_buff *skb = *link;

	*link = skb->next;
	napi->gro_count--;
	skb->next = NULL;
	gro_pass_up(skb);
}

/* Adds @skb to the end of the held packets. If there are GRO_HELD_MAX, the oldest goes up first. */
static void gro_hold(struct napi_struct *napi, struct sk_buff *skb)
{
	struct sk_buff **link = &napi->gro_list;

	if (napi->gro_count == GRO_HELD_MAX)
		gro_let_go(napi, link);
	while (*link)
		link = &(*link)->next;
	skb->next = NULL;
	*link = skb;
	napi->gro_count++;
}

/* The protocol of a held packet, whose IP header is linear. */
static u8 gro_protocol(const struct sk_buff *held)
{
	return ((const struct iphdr *)held->data)->protocol;
}

/* Returns the list link that points to the held packet of @skb's flow, or NULL if none is held. */
static struct sk_buff **gro_find_flow(struct napi_struct *napi, const struct packet_offload *po,
				      const struct sk_buff *skb)
{
	for (struct sk_buff **link = &napi->gro_list; *link; link = &(*link)->next) {
		if (gro_protocol(*link) == po->protocol && po->gro_same_flow(*link, skb))
			return link;
	}
	return NULL;
}

/* Passes up @skb, which cannot be merged; the held packet of its flow goes up first. */
static void gro_pass_by(struct napi_struct *napi, const struct packet_offload *po,
			struct sk_buff *skb)
{
	struct sk_buff **link = NULL;

	if (napi->gro_list && po && po->gro_has_flow(skb))
		link = gro_find_flow(napi, po, skb);
	if (link)
		gro_let_go(napi, link);
	netif_receive_skb(skb);
}

void napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	const struct packet_offload *po = gro_offload(skb);
	struct sk_buff **link;
	bool last;

	if (!po || !(skb->dev->features & NETIF_F_GRO) || !po->gro_look(skb, &last)) {
		gro_pass_by(napi, po, skb);
		return;
	}
	link = gro_find_flow(napi, po, skb);
	if (link && po->gro_merge(*link, skb, &last)) {
		if (last)
			gro_let_go(napi, link);
		return;
	}
	/*
	 * @skb cannot be appended to the held packet: pass the held packet up, then hold @skb. If
	 * no packet may be appended to @skb, pass @skb up, too.
	 */
	if (link)
		gro_let_go(napi, link);
	if (last)
		netif_receive_skb(skb);
	else
		gro_hold(napi, skb);
}
