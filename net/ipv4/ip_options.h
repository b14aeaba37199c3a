/* SPDX-License-Identifier: MIT */
/*
 * Options of the IPv4 header (RFC 791 3.1): those of received packets are checked and filled in, those
 * of sent packets come from the socket option IP_OPTIONS, from a control message, or from the packet
 * that is answered. There are no source routes: a packet with one is refused (RFC 7126 4.3, 4.4).
 */
#ifndef NET_IPV4_IP_OPTIONS_H
#define NET_IPV4_IP_OPTIONS_H

#include "net/inet/inet_sock.h"
#include "net/wire/ip.h"

#define IP_OPTIONS_MAX (IP_HEADER_MAX - sizeof(struct iphdr))

/* Checked options of packets to send, without the addresses and times that ip_options_record() adds. */
struct ip_options {
	u8 len; /* bytes; a multiple of four; 0: there are none */
	u8 data[IP_OPTIONS_MAX];
};

/* Returns the bytes of the options of @sk, which is locked. */
static inline unsigned int inet_optlen(const struct sock *sk)
{
	return inet_sk(sk)->inet_opt ? inet_sk(sk)->inet_opt->len : 0;
}

/*
 * Checks the @optlen bytes of options at @opt. Returns 0, or the offset of the bad byte from the start
 * of the IP header.
 */
unsigned int ip_options_check(const u8 *opt, unsigned int optlen);
/*
 * Writes @addr and the time into the first free places of the checked options at @opt, as each host
 * does through which a packet passes. An option with too little room for an entry stays as it is.
 * @received: also counts in the overflow field of a full timestamp option. Any context.
 */
void ip_options_record(u8 *opt, unsigned int optlen, __be32 addr, bool received);
/*
 * Replaces by NOOP those of the options at @opt that only the first fragment of a datagram may have
 * (RFC 791). The options need not be checked: a malformed one ends the search.
 */
void ip_options_uncopied(u8 *opt, unsigned int optlen);
/*
 * Fills in @answer: the options for an answer to the received packet @skb, which has a checked IP header.
 */
void ip_options_echo(struct ip_options *answer, const struct sk_buff *skb);
/*
 * Fills in @options from the @len bytes that a program passed at @from. Returns 0 or -EINVAL. Process.
 */
int ip_options_get(struct ip_options *options, const u8 *from, unsigned int len);
/* Returns ms since midnight UT, the time of the option and of ICMP's timestamps (RFC 792). Any context. */
__be32 inet_current_timestamp(void);

/*
 * IP_OPTIONS: the options of a socket's packets. Process context, without the socket lock; return 0 or
 * -errno.
 */
int ip_options_setsockopt(struct sock *sk, const void __user *optval, unsigned int optlen);
int ip_options_getsockopt(struct sock *sk, void __user *optval, int __user *optlen);

#endif
