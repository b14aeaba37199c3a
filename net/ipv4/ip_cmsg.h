/* SPDX-License-Identifier: MIT */
/*
 * Control messages of level SOL_IP, which tell a program more about a received datagram, and the
 * options that ask for them. For datagram sockets (dgram_sock.h). Process context.
 */
#ifndef NET_IPV4_IP_CMSG_H
#define NET_IPV4_IP_CMSG_H

#include "net/ipv4/dgram_sock.h"

/*
 * Appends to @msg the control messages that the options of @sk ask for. @skb is a received datagram
 * with its IP and transport header; @iif is the device that received it.
 */
void ip_cmsg_recv(struct kmsghdr *msg, const struct sock *sk, const struct sk_buff *skb, int iif);
/* Returns the bit of cmsg_flags that the option @optname sets, 0 for another option. */
u8 ip_cmsg_flag(int optname);

#endif
