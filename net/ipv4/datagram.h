/* SPDX-License-Identifier: MIT */
/*
 * The parts of connect(), sendmsg(), recvmsg() and ioctl() of ping and raw sockets that do not depend on
 * their protocol. The functions for the route of a peer, ioctl(), ICMP errors, and the interface of a
 * multicast group serve UDP sockets too. The queues are in net/core/datagram.h.
 * Compare Linux's net/ipv4/datagram.c.
 */
#ifndef NET_IPV4_DATAGRAM_H
#define NET_IPV4_DATAGRAM_H

#include "net/ipv4/ip_make_skb.h"

struct flowi4;

/*
 * Stores in @fl, if it has no device yet, the device that IP_UNICAST_IF chose. If @fl->daddr is a
 * multicast group: IP_MULTICAST_IF's device and source address, each only if @fl has none yet.
 */
void ip4_choose_if(const struct sock *sk, struct flowi4 *fl);
/*
 * The part of connect() that does not store the peer: finds the route to the address @uaddr and stores
 * it, and the route's source address if @sk has none. Fills in the addresses of @fl. Returns 0 or
 * -errno. The socket is owned.
 */
int ip4_datagram_set_peer(struct sock *sk, const struct sockaddr *uaddr, int addr_len,
			  struct flowi4 *fl);
/*
 * connect(): stores the only peer of @sk, and its route. Returns 0 or -errno. The socket is owned.
 */
int ip4_datagram_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
/*
 * connect() with AF_UNSPEC: forgets the peer, and the own address unless bind() chose it. The own port is
 * left to the caller. Returns 0; does not read @flags. The socket is owned.
 */
int ip4_datagram_disconnect(struct sock *sk, int flags);
/*
 * Fills in @cork for a datagram to the address in @msg, or to the peer of @sk; the caller releases
 * it with ip_cork_release(), or sends the datagram. Returns 0 or -errno. Process context, without
 * the socket lock.
 */
int ip4_datagram_dest(struct sock *sk, const struct kmsghdr *msg, struct inet_cork *cork);
/*
 * recvmsg(): copies the first datagram of the queue, or a message of the error queue, with the
 * sender's address and the port 0. Returns the number of bytes, or -errno.
 */
int ip4_datagram_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int noblock, int flags,
			 int *addr_len);
/* ioctl(): the bytes in the send buffer, and those of the first datagram that can be read. */
int ip4_datagram_ioctl(struct sock *sk, int cmd, unsigned long arg);
/*
 * Queues a received datagram, as sock_queue_rcv_skb() does, and counts it in dgram_sock.drops if that
 * fails. Softirq.
 */
enum skb_drop_reason ip4_datagram_queue_rcv(struct sock *sk, struct sk_buff *skb);
/*
 * Appends to @msg the control messages about the datagram @skb that the options of @sk ask for.
 * Process context, without the socket lock.
 */
void ip4_datagram_recv_cmsgs(struct kmsghdr *msg, struct sock *sk, const struct sk_buff *skb);
/*
 * SIOCGSTAMP, SIOCGSTAMPNS: the time of the last datagram that was read. Returns 0 or -errno: -ENOENT
 * if none was read.
 */
int ip4_datagram_gettstamp(struct sock *sk, unsigned int cmd, void __user *arg);
/*
 * Reports the received ICMP error @icmp to @sk. The error quotes a packet that @sk sent to @port
 * (0: the protocol has no ports). @info is as in net_protocol.err_handler. The first @header_len
 * bytes of the quoted packet are linear; the program gets the bytes after them. Softirq.
 */
void ip4_datagram_err(struct sock *sk, struct sk_buff *icmp, __be16 port, u32 info,
		      unsigned int header_len);

#endif
