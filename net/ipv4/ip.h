/* SPDX-License-Identifier: MIT */
/*
 * IPv4 between the transports and the devices: the header, input, output, and the table
 * of transports.  RFC 791, 1122.  Names and roles of Linux's include/net/ip.h and protocol.h.
 */
#ifndef NET_IPV4_IP_H
#define NET_IPV4_IP_H

#include "kernel/types.h"
#include "net/core/skbuff.h"
#include "net/inet/inet_sock.h"
#include "net/wire/ip.h"

struct sock;
struct rtable;

/* ip_input.c: a debug line.  @direction: "in " or "out". */
extern struct log_source ip_log;
void ip_log_packet(const char *direction, const struct sk_buff *skb);

static inline struct iphdr *ip_hdr(const struct sk_buff *skb)
{
	return (struct iphdr *)skb_network_header(skb);
}
static inline unsigned int ip_hdrlen(const struct sk_buff *skb)
{
	return ip_hdr(skb)->ihl * 4;
}

#define IPCB(skb) ((struct inet_skb_parm *)((skb)->cb))

/* ---- in ---------------------------------------------------------------------------------------- */
struct packet_type;
enum skb_drop_reason ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt);
enum skb_drop_reason ip_local_deliver(struct sk_buff *skb);

/* A transport.  Softirq; data at the transport header, network header set. */
struct net_protocol {
	/* The contract of net/core/dropreason.h. */
	enum skb_drop_reason (*handler)(struct sk_buff *skb);
	/* An ICMP error quotes a packet of ours; data at the quoted IP header; @info: type's own. */
	void (*err_handler)(struct sk_buff *skb, u32 info);
};
/* 0, or -EEXIST.  At boot; @prot is kept. */
int inet_add_protocol(const struct net_protocol *prot, u8 protocol);
/* NULL: no transport for it. */
const struct net_protocol *inet_protocol(u8 protocol);

/* ---- out --------------------------------------------------------------------------------------- */
/* Sends a connected socket's packet: uses the route in sk_dst_cache or looks one up, and writes the
 * IP header.  0 or -errno (-EHOSTUNREACH no route, -ENOBUFS dropped below).  Takes the skb. */
int ip_queue_xmit(struct sock *sk, struct sk_buff *skb);
/* With addresses and route given: SYN-ACKs.  Takes the skb, not @rt. */
int ip_build_and_send_pkt(struct sk_buff *skb, const struct sock *sk, struct rtable *rt,
			  __be32 saddr, __be32 daddr, u8 protocol);
/*
 * A reply to @skb that has no full socket behind it (RST, ACK of TIME_WAIT or of a request): @len
 * bytes at @data (a transport header whose checksum field, at @csum_offset, is filled in here),
 * from @saddr to @daddr.  Softirq.
 */
void ip_send_unicast_reply(const struct sk_buff *skb, __be32 saddr, __be32 daddr, u8 tos,
			   u8 protocol, const void *data, unsigned int len,
			   unsigned int csum_offset);
/* The same for a packet of IP itself, with addresses and route given.  Takes the skb, not @rt. */
int ip_send_skb(struct sk_buff *skb, struct rtable *rt, __be32 saddr, __be32 daddr, u8 protocol,
		u8 tos, u8 ttl);
/* Sends a packet whose IP header is complete except length and checksum. */
int ip_local_out(struct sk_buff *skb);
/* Must the packets of @sk (NULL: a packet without a socket) have "don't fragment" set on @rt? */
bool ip_dont_fragment(const struct sock *sk, const struct rtable *rt);
bool ip_sk_accept_pmtu(const struct sock *sk);
/* Identification of the next packet to @daddr; atomic datagrams (DF) need none (RFC 6864). */
u16 ip_select_id(__be32 saddr, __be32 daddr, u8 protocol);

void ip_output_init(void);
void tcp_offload_init(void); /* net/ipv4/tcp_offload.c: segments merged on their way up */
void ip_init(void);          /* routes, devices' addresses, ARP, ICMP; packet type; ip= and gw= */

/* ---- options and sysctls ----------------------------------------------------------------------- */
/* Options of level SOL_IP (ip_sockglue.c).  Process context, sock not locked. */
int ip_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen);
int ip_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen);

/* The sysctls that net/ipv4 reads: docs/sysctl.md.  Any context, no lock (kernel/sysctl.h). */
extern int sysctl_ip_default_ttl;
extern int sysctl_icmp_echo_ignore_all;
extern int sysctl_icmp_ratelimit; /* ms */
extern int sysctl_icmp_msgs_per_sec, sysctl_icmp_msgs_burst;
void sysctl_ipv4_init(void);

/* Options behind a header of @optlen bytes: 0, or the offset in the IP header of the bad byte. */
unsigned int ip_options_check(const u8 *opt, unsigned int optlen);
/* Is @addr one of this host's own (any 127/8 too)? */
bool inet_is_local_addr(__be32 addr);

#endif
