/* SPDX-License-Identifier: MIT */
/*
 * ICMP for IPv4: RFC 792, 1122 3.2.2, 1812 4.3.2. Functions run in softirq unless a comment says
 * otherwise.
 */
#ifndef NET_IPV4_ICMP_H
#define NET_IPV4_ICMP_H

#include "kernel/types.h"
#include "net/core/skbuff.h"
#include "net/wire/icmp.h"

extern struct log_source icmp_log; /* icmp.c */

/*
 * In a net_protocol's err_handler, returns the header of the ICMP message that quotes the packet.
 */
static inline struct icmphdr *icmp_hdr(const struct sk_buff *skb)
{
	return (struct icmphdr *)skb_transport_header(skb);
}

/*
 * Sends an ICMP error to the sender of @skb_in, which could not be delivered. Errors are
 * rate-limited. The caller still owns @skb_in.
 */
void icmp_send(struct sk_buff *skb_in, u8 type, u8 code, __be32 info);

/* Counts a message of @type that this host sends. Any context. */
void icmp_out_count(u8 type);
/*
 * Called when the next hop of @skb, a packet that this host sends, does not answer ARP: calls the
 * transport's err_handler as an ICMP host unreachable would. Softirq, no lock held. The caller
 * still owns @skb.
 */
void icmp_link_failure(struct sk_buff *skb);
void icmp_init(void);
void icmp_send_init(void); /* in icmp_send.c; icmp_init() calls it */

/*
 * The effect of a destination unreachable message on a socket, by its code: an errno, and whether
 * it ends a connection at once.
 */
struct icmp_err {
	int errno_;
	bool fatal;
};
extern const struct icmp_err icmp_err_convert[NR_ICMP_UNREACH + 1];

#endif
