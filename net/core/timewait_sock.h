/* SPDX-License-Identifier: MIT */
/*
 * A protocol's description of its TIME_WAIT objects.  Linux's include/net/timewait_sock.h.
 */
#ifndef NET_CORE_TIMEWAIT_SOCK_H
#define NET_CORE_TIMEWAIT_SOCK_H

#include "kernel/types.h"

struct kmem_cache;
struct sock;

struct timewait_sock_ops {
	const char *slab_name;
	unsigned int obj_size;
	struct kmem_cache *slab; /* made by proto_register() */
	/*
	 * May @sk, which is connecting, take over @sktw's four-tuple?  True: a reference of @sktw
	 * was taken (sock_hold), and @sk's first sequence number was chosen beyond @sktw's last.
	 * Bucket's lock held.
	 */
	bool (*twsk_unique)(struct sock *sk, struct sock *sktw);
};

#endif
