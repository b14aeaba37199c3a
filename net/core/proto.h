/* SPDX-License-Identifier: MIT */
/*
 * struct proto: the operations and the memory accounting of one transport protocol. The protocols
 * are tcp_prot (net/tcp), udp_prot (net/ipv4) and unix_proto (net/unix). A protocol initialises it statically,
 * proto_register() (net/core/sock.h) completes it at boot, and it is never freed. Linux has it in
 * include/net/sock.h.
 */
#ifndef NET_CORE_PROTO_H
#define NET_CORE_PROTO_H

#include "kernel/lib/list.h"
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
struct ucred;

/*
 * The operations of a protocol. They run in process context with the socket unlocked, unless a
 * comment says otherwise ("locked": the caller holds the socket lock).
 */
struct proto {
	const char *name;
	/* timeout: jiffies to wait with SO_LINGER, else 0 */
	void (*close)(struct sock *sk, long timeout);
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
	/*
	 * SO_TIMESTAMPING: returns the number of the first byte that is not acknowledged, or, with
	 * @written, not written. locked; NULL: the protocol reports neither times nor MSG_ZEROCOPY
	 */
	u32 (*stream_key)(const struct sock *sk, bool written);
	/* SO_PEERCRED: the process at the other end; NULL: not known. Not locked. */
	void (*peercred)(const struct sock *sk, struct ucred *creds);
	/* the options of the IP header (inet_sock.inet_opt) have changed; locked */
	void (*options_changed)(struct sock *sk);
	void (*set_rcvlowat)(struct sock *sk, int val); /* locked; @val is at least 1 */
	/*
	 * returns a pointer to the value of SO_PEEK_OFF; NULL: the protocol does not have this
	 * option
	 */
	int *(*peek_off)(struct sock *sk);
	int (*sendmsg)(struct sock *sk, struct kmsghdr *msg, size_t len);
	int (*recvmsg)(struct sock *sk, struct kmsghdr *msg, size_t len, int noblock, int flags,
		       int *addr_len);
	int (*sendpage)(struct sock *sk, struct page *page, int offset, size_t size, int flags);
	int (*bind)(struct sock *sk, struct sockaddr *addr, int addr_len);
	/*
	 * Processes a packet from the backlog, or one that arrived while no thread owned the
	 * socket. Socket locked; process or softirq. Follows the contract of net/core/dropreason.h.
	 */
	enum skb_drop_reason (*backlog_rcv)(struct sock *sk, struct sk_buff *skb);
	/*
	 * Returns true if the socket may queue more data to send. With @wake, returns true only if there is so much
	 * room that a waiting thread should be woken.  NULL: no limit besides sk_sndbuf.
	 */
	bool (*stream_memory_free)(const struct sock *sk, bool wake);
	/* called by release_sock(): does the work that softirq deferred */
	void (*release_cb)(struct sock *sk);
	void (*hash)(struct sock *sk);
	void (*unhash)(struct sock *sk);
	/* returns 0, or 1 if the port is in use */
	int (*get_port)(struct sock *sk, unsigned short snum);
	/* the protocol's hash tables of sockets (TCP) */
	struct inet_hashinfo *hashinfo;
	struct request_sock_ops *rsk_prot;   /* proto_register() makes its slab */
	struct timewait_sock_ops *twsk_prot; /* proto_register() makes its slab */
	struct kmem_cache *slab;             /* made by proto_register() */
	/* bytes of one sock; for TCP this is a struct tcp_sock, which begins with a struct sock */
	unsigned int obj_size;
	u64 limit;             /* maximum number of socks, 0: limited by memory only */
	int sockets_allocated; /* socks that exist now */
	/* number of socks in the tables in which packets find their sock (/proc/net/sockstat) */
	int inuse;
	struct list_head node; /* in the list of all protocols */
	/* Memory of the queues of all socks of the protocol together (net/core/sock_mem.c). */
	s64 memory_allocated; /* bytes of truesize */
	/* three limits in pages: pressure ends, pressure begins, maximum; NULL: no limit */
	int *sysctl_mem;
	/* bytes that a datagram socket may receive even when memory is short; NULL: a default */
	int *sysctl_rmem;
	bool memory_pressure;
	void (*enter_memory_pressure)(void); /* any context */
	int orphan_count;
};

#endif
