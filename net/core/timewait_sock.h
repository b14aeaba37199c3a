/* SPDX-License-Identifier: MIT */
/*
 * The operations of a protocol for its TIME_WAIT objects. Compare Linux's
 * include/net/timewait_sock.h.
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
	 * Returns true if @sk, which is connecting, may take over the four-tuple of @sktw. The
	 * function has then taken a reference to @sktw (sock_hold), and chosen for @sk an initial
	 * sequence number beyond all sequence numbers of @sktw's connection. The bucket's lock is
	 * held.
	 */
	bool (*twsk_unique)(struct sock *sk, struct sock *sktw);
};

#endif
