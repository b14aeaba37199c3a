/* SPDX-License-Identifier: MIT */
/*
 * struct proto: the operations and the shared accounts of one transport protocol.  tcp_prot (net/tcp) is
 * the only one.  A protocol fills it statically, proto_register() (net/core/sock.h) completes it at boot,
 * and it is never freed.  Linux keeps it in include/net/sock.h.
 */
#ifndef NET_CORE_PROTO_H
#define NET_CORE_PROTO_H

#include "kernel/types.h"
#include "net/core/dropreason.h"

struct inet_hashinfo;
struct kmem_cache;
struct kmsghdr;
struct page;
struct request_sock_ops;
struct sk_buff;
struct sock;
struct sockaddr;
struct timewait_sock_ops;

/* The protocol-facing operations.  Contexts: process with the socket unlocked unless said. */
struct proto {
	const char *name;
	void (*close)(struct sock *sk, long timeout); /* timeout: SO_LINGER, jiffies */
	int (*connect)(struct sock *sk, struct sockaddr *uaddr, int addr_len); /* locked */
	int (*disconnect)(struct sock *sk, int flags);                         /* locked */
	struct sock *(*accept)(struct sock *sk, int flags, int *err);
	int (*ioctl)(struct sock *sk, int cmd, unsigned long arg);
	int (*init)(struct sock *sk);
	void (*destroy)(struct sock *sk);
	void (*shutdown)(struct sock *sk, int how); /* locked */
	int (*setsockopt)(struct sock *sk, int level, int optname, const void __user *optval,
			  unsigned int optlen);
	int (*getsockopt)(struct sock *sk, int level, int optname, void __user *optval,
			  int __user *optlen);
	void (*keepalive)(struct sock *sk, int on); /* locked */
	int (*sendmsg)(struct sock *sk, struct kmsghdr *msg, size_t len);
	int (*recvmsg)(struct sock *sk, struct kmsghdr *msg, size_t len, int noblock, int flags,
		       int *addr_len);
	int (*sendpage)(struct sock *sk, struct page *page, int offset, size_t size, int flags);
	int (*bind)(struct sock *sk, struct sockaddr *addr, int addr_len);
	/* Locked, process or softirq; the contract of net/core/dropreason.h. */
	enum skb_drop_reason (*backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	/* may it queue more to send?  NULL: yes */
	bool (*stream_memory_free)(const struct sock *sk);
	void (*release_cb)(struct sock *sk); /* release_sock(): work that softirq deferred */
	void (*hash)(struct sock *sk);
	void (*unhash)(struct sock *sk);
	int (*get_port)(struct sock *sk, unsigned short snum); /* 0, or 1: taken */
	struct inet_hashinfo *hashinfo;                        /* of TCP */
	struct request_sock_ops *rsk_prot; /* proto_register() makes their slabs too */
	struct timewait_sock_ops *twsk_prot;
	struct kmem_cache *slab; /* made by proto_register() */
	unsigned int obj_size;   /* bytes of the whole chain, struct tcp_sock for TCP */
	u64 limit;               /* most live socks, 0 = memory's */
	int sockets_allocated;   /* live ones */
	/* Bytes in the queues of all its socks together (net/core/sock_mem.c). */
	s64 memory_allocated; /* bytes of truesize */
	int *sysctl_mem;      /* pages: pressure ends, begins, no more; NULL: not bounded */
	bool memory_pressure;
	void (*enter_memory_pressure)(void); /* any context */
	int orphan_count;
};

#endif
