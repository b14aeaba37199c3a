/* SPDX-License-Identifier: MIT */
/*
 * From a driver's poll into the stack.
 *
 * Callers: a driver's poll (napi_gro_receive); napi.c at the end of a turn (napi_gro_flush).
 * Softirq; a napi_struct belongs to the CPU that polls it.
 */
#include "net/core/dev_priv.h"
#include "net/core/netdevice.h"

void napi_gro_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	netif_receive_skb(skb);
}

void napi_gro_flush(struct napi_struct *napi)
{
	while (napi->gro_list) {
		struct sk_buff *skb = napi->gro_list;

		napi->gro_list = skb->next;
		napi->gro_count--;
		skb->next = NULL;
		netif_receive_skb(skb);
	}
}
