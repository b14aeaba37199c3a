/* SPDX-License-Identifier: MIT */
/* ICMP for IPv4: RFC 792, 1122 3.2.2, 1812 4.3.2.  Softirq unless said. */
#ifndef NET_IPV4_ICMP_H
#define NET_IPV4_ICMP_H

#include "kernel/types.h"
#include "net/core/skbuff.h"
#include "net/wire/icmp.h"

extern struct log_source icmp_log; /* icmp.c */

/* For a net_protocol's err_handler: the ICMP header of the message that quotes its packet. */
static inline struct icmphdr *icmp_hdr(const struct sk_buff *skb)
{
	return (struct icmphdr *)skb_transport_header(skb);
}

/* Sends an error that @skb_in could not be delivered; rate-limited; @skb_in stays the caller's. */
void icmp_send(struct sk_buff *skb_in, u8 type, u8 code, __be32 info);

/* The next hop of @skb, a packet of ours, does not answer: notifies its transport as an ICMP host
 * unreachable would.  Softirq, no lock held; @skb stays the caller's. */
void icmp_link_failure(struct sk_buff *skb);
void icmp_init(void);
void icmp_send_init(void); /* icmp_send.c, from icmp_init() */

/*
 * The effect of an unreachable message on a socket: errno, and whether it ends a connection at
 * once.
 */
struct icmp_err {
	int errno_;
	bool fatal;
};
extern const struct icmp_err icmp_err_convert[NR_ICMP_UNREACH + 1];

#endif
