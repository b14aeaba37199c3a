/* SPDX-License-Identifier: MIT */
/*
 * IPv4 between the transports and the devices: the header, input, output, and the table of
 * transports. RFC 791, 1122. Names and roles are those of Linux's include/net/ip.h and protocol.h.
 */
#ifndef NET_IPV4_IP_H
#define NET_IPV4_IP_H

#include "kernel/types.h"
#include "net/core/skbuff.h"
#include "net/inet/inet_sock.h"
#include "net/wire/ip.h"

struct ip_options;
struct sock;
struct rtable;

/* Writes a debug message about a packet (ip_input.c). @direction is "in " or "out". */
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

/* ---- receiving --------------------------------------------------------------------------------- */
struct packet_type;
enum skb_drop_reason ip_rcv(struct sk_buff *skb, struct net_device *dev, struct packet_type *pt);
enum skb_drop_reason ip_local_deliver(struct sk_buff *skb);
/*
 * Takes the fragment @skb (ip_fragment.c). If it completes a datagram, *@whole is the datagram,
 * which belongs to the caller; else *@whole is NULL. A returned drop reason is about @skb, which
 * then still belongs to the caller. Softirq.
 */
enum skb_drop_reason ip_defrag(struct sk_buff *skb, struct sk_buff **whole);

/*
 * The functions of a transport that IPv4 calls. Softirq; skb->data is at the transport header, and
 * the network header is set.
 */
struct net_protocol {
	/* Handles a received packet. Follows the contract of net/core/dropreason.h. */
	enum skb_drop_reason (*handler)(struct sk_buff *skb);
	/*
	 * Called for an ICMP error that quotes a packet of ours. skb->data is at the quoted IP
	 * header. The meaning of @info depends on the error's type: the MTU, or the offset of the
	 * bad byte.
	 */
	void (*err_handler)(struct sk_buff *skb, u32 info);
};
/* Adds a transport to the table. Boot only; @prot must stay valid. Returns 0 or -EEXIST. */
int inet_add_protocol(const struct net_protocol *prot, u8 protocol);
/* Returns the transport for an IP protocol number, or NULL if there is none. */
const struct net_protocol *inet_protocol(u8 protocol);

/* ---- sending ----------------------------------------------------------------------------------- */
/*
 * Sends a connected socket's packet: writes the IP header, and uses the route in sk_dst_cache, or
 * looks up a new one. Takes @skb. Returns 0 or -errno (-EHOSTUNREACH: no route, -ENOBUFS: dropped
 * by a lower layer).
 */
int ip_queue_xmit(struct sock *sk, struct sk_buff *skb);
/*
 * Sends a SYN-ACK with the addresses and the route that the caller gives. Takes @skb, but not the
 * reference to @rt.
 */
int ip_build_and_send_pkt(struct sk_buff *skb, const struct sock *sk, struct rtable *rt,
			  __be32 saddr, __be32 daddr, u8 protocol);
/*
 * Sends a reply to @skb for which there is no full socket: a RST, or an ACK of a TIME_WAIT or of a
 * half-open request. @data is the reply's transport header of @len bytes; its checksum, at
 * @csum_offset, is filled in here. The reply goes from @saddr to @daddr. The caller still owns
 * @skb. Softirq.
 */
void ip_send_unicast_reply(const struct sk_buff *skb, __be32 saddr, __be32 daddr, u8 tos,
			   u8 protocol, const void *data, unsigned int len,
			   unsigned int csum_offset);
/*
 * Sends a packet without a socket, such as an ICMP message, with the addresses and the route that
 * the caller gives; in fragments, if it is longer than the MTU. @opt: options of the header, or NULL.
 * Takes @skb, but not the reference to @rt.
 */
int ip_send_skb(struct sk_buff *skb, struct rtable *rt, __be32 saddr, __be32 daddr, u8 protocol,
		u8 tos, u8 ttl, const struct ip_options *opt);
/*
 * Sends a datagram of @sk that was built for the route @rt, with the addresses that the caller
 * gives; @ttl -1 is the socket's; @opt are options of the header. Takes @skb, but not the reference to
 * @rt.
 */
int ip_send_datagram(struct sk_buff *skb, const struct sock *sk, struct rtable *rt, __be32 saddr,
		     __be32 daddr, u8 protocol, u8 tos, s16 ttl, const struct ip_options *opt);
/*
 * Sends @skb, which has a linear IP header of a program (IP_HDRINCL), with the route @rt. Fills in the
 * length, the checksum, and @saddr and an identification where these fields are 0. Takes @skb, but not
 * the reference to @rt.
 */
int ip_send_raw(struct sk_buff *skb, struct rtable *rt, __be32 saddr);
/*
 * Sends a packet with a complete IP header, except for length and checksum, which are filled in
 * here. Takes @skb.
 */
int ip_local_out(struct sk_buff *skb);
/*
 * Returns true if a packet of @sk (NULL: a packet without a socket) on route @rt must have the
 * "don't fragment" bit.
 */
bool ip_dont_fragment(const struct sock *sk, const struct rtable *rt);
bool ip_sk_accept_pmtu(const struct sock *sk);

/*
 * Sends @skb, which has a complete IP header, as fragments of at most @mtu bytes, each with
 * @output (ip_output_frag.c). Takes @skb. Returns 0 or -errno; some fragments may have been sent
 * then.
 */
int ip_do_fragment(struct rtable *rt, struct sk_buff *skb, unsigned int mtu,
		   int (*output)(struct rtable *rt, struct sk_buff *skb));

void ip_output_init(void);
void ipfrag_init(void);
/*
 * Incomplete datagrams, and the bytes (truesize) that they hold: ip_fragment.c counts them,
 * net/sockstat.c shows them.
 */
extern unsigned int ipfrag_datagrams;
extern u64 ipfrag_memory;
/* net/ipv4/tcp_offload.c: registers TCP's merging of received segments */
void tcp_offload_init(void);
/* initialises routes, addresses, ARP, ICMP, the packet type, and the options ip= and gw= */
void ip_init(void);

/* ---- options and sysctls ----------------------------------------------------------------------- */
/*
 * Socket options of level SOL_IP (ip_sockglue.c). Process context; the caller must not hold the
 * socket lock.
 */
int ip_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen);
int ip_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen);
/*
 * Puts a copy of the received ICMP error @icmp on @sk's error queue: @err is its errno, @port the
 * destination port in the quoted packet, and @info the value that err_handler got. The program gets
 * the bytes behind the quoted IP header, which has @header_len bytes. The bh lock is held.
 */
void ip_icmp_error(struct sock *sk, struct sk_buff *icmp, int err, __be16 port, u32 info,
		   unsigned int header_len);
/*
 * This host could not send a datagram to @daddr, @port because of the error @err: if @sk has
 * IP_RECVERR, adds a message about that to its error queue. @info is the MTU. Process context.
 */
void ip_local_error(struct sock *sk, int err, __be32 daddr, __be16 port, u32 info);
/*
 * recvmsg(MSG_ERRQUEUE): copies the first message of the error queue to @msg. Returns how many
 * bytes it copied of the packet that the message is about, -EAGAIN if there is no message, or
 * -EFAULT.
 */
int ip_recv_error(struct sock *sk, struct kmsghdr *msg, size_t len, int *addr_len);

/*
 * The sysctls that net/ipv4 reads, see docs/sysctl.md. They are read in any context without a lock
 * (kernel/sysctl.h).
 */
extern int sysctl_ip_default_ttl;
extern int sysctl_log_martians;
extern int sysctl_icmp_echo_ignore_all;
extern int sysctl_icmp_ratelimit;     /* ms between errors to one destination */
extern int sysctl_ipfrag_high_thresh; /* bytes of all incomplete datagrams */
extern int sysctl_ipfrag_time;        /* seconds until an incomplete datagram is given up */
extern int sysctl_icmp_msgs_per_sec, sysctl_icmp_msgs_burst;
void sysctl_ipv4_init(void);

/*
 * Returns true if @addr is one of this host's addresses, or an address of 127/8 other than
 * 127.255.255.255.
 */
bool inet_is_local_addr(__be32 addr);

#endif
