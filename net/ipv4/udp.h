/* SPDX-License-Identifier: MIT */
/*
 * UDP: RFC 768, RFC 1122 4.1. Names and roles are those of Linux's include/net/udp.h.
 *
 *   udp.c          the protocol: connect(), ICMP errors, the table udp_prot
 *   udp_table.c    ports and lookups
 *   udp_recv.c     from IP to the receive queue and the program
 *   udp_offload.c  merges received datagrams for sockets with UDP_GRO
 *   udp_send.c     from the program to IP
 *   udp_proc.c     /proc/net/udp
 */
#ifndef NET_IPV4_UDP_H
#define NET_IPV4_UDP_H

#include "net/core/datagram.h"
#include "net/ipv4/dgram_sock.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/ip_make_skb.h"
#include "net/wire/udp.h"

struct udp_sock {
	struct dgram_sock dgram; /* first */
	/*
	 * the datagram that several writes with UDP_CORK or MSG_MORE build; used only while the
	 * socket is owned
	 */
	struct inet_cork cork;
	bool corked;  /* UDP_CORK */
	bool gro;     /* UDP_GRO */
	u16 gso_size; /* UDP_SEGMENT; 0: off */
};

static inline struct udp_sock *udp_sk(const struct sock *sk)
{
	return (struct udp_sock *)sk;
}
static inline struct udphdr *udp_hdr(const struct sk_buff *skb)
{
	return (struct udphdr *)skb_transport_header(skb);
}

extern struct proto udp_prot;
/* Registers UDP with IP, and its sysctls. Boot only, after ip_init(). */
void udp_init(void);

/* sysctls */
extern int sysctl_udp_mem[3];
extern int sysctl_udp_rmem_min; /* bytes that a socket may receive even when memory is short */

/* ---- ports and lookups (udp_table.c) ----------------------------------------------------------- */
void udp_table_init(void);
/*
 * Gives @sk the port @snum, or a free one if that is 0, and makes @sk visible to lookups. Returns 0,
 * or 1 if the port is in use. The socket is locked and has no port.
 */
int udp_get_port(struct sock *sk, unsigned short snum);
/* Removes @sk from the tables and releases its port. No effect if @sk has no port. */
void udp_unhash(struct sock *sk);
/*
 * Changes the addresses of @sk: @rcv_saddr is its own; @daddr and @dport are the peer's, 0 if @sk
 * is not connected. @sk may already have a port. The socket is locked.
 */
void udp_set_addresses(struct sock *sk, __be32 rcv_saddr, __be32 daddr, __be16 dport);
/*
 * Returns the socket that gets a datagram from the peer @saddr, @sport to @daddr, @hnum (host byte
 * order), which device @dif received, with a reference; or NULL. A connected socket of this peer is
 * preferred to a socket that is bound to @daddr, and such a socket to one without address. Softirq.
 */
struct sock *udp4_lib_lookup(__be32 saddr, __be16 sport, __be32 daddr, u16 hnum, int dif);
/*
 * Calls @deliver for each socket that gets a broadcast or multicast datagram, under the lock of the
 * port's bucket. Returns the number of sockets. Softirq.
 */
unsigned int udp_for_group(__be32 saddr, __be16 sport, __be32 daddr, u16 hnum, int dif,
			   void (*deliver)(struct sock *sk, struct sk_buff *skb),
			   struct sk_buff *skb);

/* Calls @show for each socket with a port, under the lock of its bucket (process context). */
void udp_for_each(void (*show)(void *arg, const struct sock *sk, unsigned int bucket), void *arg);
void udp4_proc_init(void); /* registers /proc/net/udp */

/* ---- receiving and sending --------------------------------------------------------------------- */
/* Handler of received datagrams. Softirq; follows the contract of net/core/dropreason.h. */
enum skb_drop_reason udp_rcv(struct sk_buff *skb);
int udp_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int noblock, int flags,
		int *addr_len);
/* Sets UDP_GRO. The socket is locked. */
void udp_set_gro_socket(struct sock *sk, bool on);
void udp_offload_init(void); /* boot */
int udp_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t len);
/* Sends the datagram that waits (UDP_CORK), if there is one. The socket is owned. Returns 0 or -errno. */
int udp_push_pending_frames(struct sock *sk);

#endif
