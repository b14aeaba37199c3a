/* SPDX-License-Identifier: MIT */
/*
 * The structs that several floors of the network share: socket, proto_ops, proto, and the message
 * that a send or receive carries.  Behaviour stays in the floors above.
 *
 *   application | struct file -> struct socket --ops--> proto_ops  (inet_stream_ops: af_inet.c)
 *   protocol    |                  struct sock --prot-> proto      (tcp_prot: net/tcp)
 */
#ifndef NET_CORE_TYPES_H
#define NET_CORE_TYPES_H

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/in.h"
#include "include/uapi/poll.h"
#include "include/uapi/socket.h"
#include "include/uapi/tcp.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/lib/list.h"
#include "kernel/mm/iov_iter.h"
#include "kernel/sched/wait.h"
#include "kernel/types.h"
#include "net/core/dropreason.h"

struct sock;
struct sk_buff;
struct socket;
struct kmem_cache;
struct page;
struct inet_hashinfo;
struct request_sock;
struct request_sock_ops;
struct timewait_sock_ops;

/* State of the user-facing half. */
typedef enum {
	SS_FREE = 0,
	SS_UNCONNECTED,
	SS_CONNECTING,
	SS_CONNECTED,
	SS_DISCONNECTING,
} socket_state;

/* A message in flight between a system call and a protocol; kernel memory but for the iterator. */
struct kmsghdr {
	struct sockaddr_storage *msg_name; /* NULL: none wanted or given */
	int msg_namelen;
	struct iov_iter msg_iter;
	unsigned int msg_flags;
};

struct socket_wq {
	wait_queue_head_t wait; /* threads in accept, connect, recv, send, poll: all on one queue */
};

struct proto_ops {
	int family;
	int (*release)(struct socket *sock);
	int (*bind)(struct socket *sock, struct sockaddr *addr, int addr_len);
	int (*connect)(struct socket *sock, struct sockaddr *addr, int addr_len, int flags);
	int (*accept)(struct socket *sock, struct socket *newsock, int flags);
	/* @peer: 0 own name, 1 the peer's.  Length of the name, or -errno. */
	int (*getname)(struct socket *sock, struct sockaddr *addr, int peer);
	unsigned int (*poll)(struct file *file, struct socket *sock, struct poll_table *wait);
	int (*ioctl)(struct socket *sock, unsigned int cmd, unsigned long arg);
	int (*listen)(struct socket *sock, int backlog);
	int (*shutdown)(struct socket *sock, int how);
	int (*setsockopt)(struct socket *sock, int level, int optname, const void __user *optval,
			  unsigned int optlen);
	int (*getsockopt)(struct socket *sock, int level, int optname, void __user *optval,
			  int __user *optlen);
	int (*sendmsg)(struct socket *sock, struct kmsghdr *msg, size_t len);
	int (*recvmsg)(struct socket *sock, struct kmsghdr *msg, size_t len, int flags);
};

/* The user-facing half of a socket. */
struct socket {
	socket_state state;
	short type; /* SOCK_STREAM ... */
	const struct proto_ops *ops;
	struct file *file;
	struct sock *sk;
	struct socket_wq wq;
};

/* sockfs: the inode and the socket are one allocation. */
struct socket_alloc {
	struct socket socket;
	struct inode vfs_inode;
};
BUILD_BUG_ON(sizeof(struct socket_alloc) > 224);

static inline struct socket *SOCKET_I(struct inode *inode)
{
	return &container_of(inode, struct socket_alloc, vfs_inode)->socket;
}
static inline struct inode *SOCK_INODE(struct socket *socket)
{
	return &container_of(socket, struct socket_alloc, socket)->vfs_inode;
}

struct net_proto_family {
	int family;
	int (*create)(struct socket *sock, int protocol);
};
#define SOCK_MAX 11 /* socket types are below it */
/* A family becomes known to socket() (net/socket.c): 0, -EEXIST, -ENOBUFS (not a family).  Boot. */
int sock_register(const struct net_proto_family *ops);

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
	void (*enter_memory_pressure)(struct sock *sk); /* any context but hard interrupt */
	int orphan_count;
};

#endif
