/* SPDX-License-Identifier: MIT */
/* Options of level SOL_IP.  Process context, sock not locked. */
#ifndef NET_IPV4_IP_SOCKGLUE_H
#define NET_IPV4_IP_SOCKGLUE_H

#include "kernel/types.h"

struct sock;

int ip_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen);
int ip_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen);

#endif
