/* SPDX-License-Identifier: MIT */
/*
 * Generic receive offload: packets of one flow that came in one turn of a poll, and whose headers
 * differ only in the position of their data, go up the stack as one packet.
 *
 * Callers: a driver's poll (napi_gro_receive); napi.c at the end of a turn (napi_gro_flush), so
 * that no packet is held until a later interrupt.  Softirq; a napi_struct belongs to the CPU that
 * polls it: no lock.
 *
 * The protocol decides whether two packets are of one flow (struct packet_offload).  This file
 * decides which packet is held and when it goes up.  No packet overtakes another of its flow: a
 * packet that cannot be held first sends up the held one of its own flow.  Other flows stay held,
 * or a pure ACK of one connection would end the merging of all.  Answers to Linux's dev_gro_receive
 * in net/core/dev.c.
 */
#include "net/core/limits.h"
#include "net/core/netdevice.h"

static LIST_HEAD(offloads); /* filled at boot */

void dev_add_offload(struct packet_offload *po)
{
	list_add_tail(&po->list, &offloads);
}

static const struct packet_offload *gro_offload(const struct sk_buff *skb)
{
	const struct packet_offload *po;

	list_for_each_entry(po, &offloads, list) {
		if (po->type == skb->protocol)
			return po;
	}
	return NULL;
}

/* Passes up a held packet, with all packets that were merged into it. */
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

/* Adds a packet to the end of the held ones; the oldest makes room. */
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

/* The link to the held packet of @skb's flow; NULL: none is held. */
static struct sk_buff **gro_find_flow(struct napi_struct *napi, const struct packet_offload *po,
				      const struct sk_buff *skb)
{
	for (struct sk_buff **link = &napi->gro_list; *link; link = &(*link)->next) {
		if ((*link)->protocol == skb->protocol && po->gro_same_flow(*link, skb))
			return link;
	}
	return NULL;
}

/* A packet that cannot be merged: pass up the held packet of its flow first. */
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
	/* The segments do not fit together: pass up the held one and hold the new one. */
	if (link)
		gro_let_go(napi, link);
	if (last)
		netif_receive_skb(skb);
	else
		gro_hold(napi, skb);
}
