/* SPDX-License-Identifier: MIT */
/*
 * Control messages of level SOL_IP: with a received datagram a program gets those that its socket
 * options ask for; with a sent datagram they choose fields of the IP header. For datagram sockets
 * (dgram_sock.h). Process context.
 */
#ifndef NET_IPV4_IP_CMSG_H
#define NET_IPV4_IP_CMSG_H

#include "net/ipv4/dgram_sock.h"
#include "net/ipv4/ip_options.h"

/*
 * Appends to @msg the control messages that the options of @sk ask for. @skb is a received datagram
 * with its IP and transport header; @iif is the device that received it.
 */
void ip_cmsg_recv(struct kmsghdr *msg, const struct sock *sk, const struct sk_buff *skb, int iif);
/* Fields that the control messages of a sent datagram set, instead of the socket's options. */
struct ipcm_cookie {
	__be32 addr;  /* source address; 0: not given */
	int oif;      /* index of the device; 0: not given */
	s16 ttl;      /* -1: not given */
	s16 tos;      /* -1: not given */
	u16 gso_size; /* UDP_SEGMENT (udp_send.c) */
	u8 flags;     /* FLOWI_FLAG_* of the route: ip_msg_flowi_flags() */
	u32 tsflags;  /* SO_TIMESTAMPING: the events whose time is reported */
	bool has_opt; /* opt replaces the socket's options */
	struct ip_options opt;
};
/* Returns the flag of the route that a send with MSG_DONTROUTE needs, else 0. */
static inline u8 ip_msg_flowi_flags(const struct kmsghdr *msg)
{
	return msg->msg_flags & MSG_DONTROUTE ? FLOWI_FLAG_ONLINK : 0;
}
/*
 * Reads the control messages of @msg into @ipc, which the caller has initialised. Leaves messages
 * of other levels to the protocol. Returns 0 or -EINVAL.
 */
int ip_cmsg_send(const struct kmsghdr *msg, struct ipcm_cookie *ipc);
/* Copies the options for a datagram from @ipc, or from the socket, which is owned. */
void ip_cmsg_options(const struct sock *sk, const struct ipcm_cookie *ipc, struct ip_options *opt);
/* Returns the bit of cmsg_flags that the option @optname sets, 0 for another option. */
u8 ip_cmsg_flag(int optname);

#endif
