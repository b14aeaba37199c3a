/* SPDX-License-Identifier: MIT */
/*
 * Ping sockets: socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP) sends echo requests and receives their
 * replies. The socket's port is the identifier of its requests.
 */
#ifndef NET_IPV4_PING_H
#define NET_IPV4_PING_H

#include "net/core/skbuff.h"

extern struct proto ping_prot;
/*
 * Gives the echo reply @skb, with a linear ICMP header at skb->data, to the socket that it is for.
 * Returns 0, or the reason why no socket got it. The caller still owns @skb, and must not change it.
 * Softirq.
 */
enum skb_drop_reason ping_rcv(struct sk_buff *skb);
/* As net_protocol.err_handler, for an error that quotes an ICMP message of ours. Softirq. */
void ping_err(struct sk_buff *skb, u32 info);

#endif
