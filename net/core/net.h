/* SPDX-License-Identifier: MIT */
/*
 * The user-facing half of a socket as every layer sees it: struct socket, its operations, and the
 * message of a send or receive. The functions are declared in net/socket.h. A struct socket belongs
 * to its struct file and is freed by sock_release(). Names and roles are those of Linux's
 * include/linux/net.h and socket.h.
 *
 *   application | struct file -> struct socket --ops--> proto_ops  (inet_stream_ops: af_inet.c)
 *   protocol    |                  struct sock --prot-> proto      (tcp_prot: net/tcp; net/core/proto.h)
 */
#ifndef NET_CORE_NET_H
#define NET_CORE_NET_H

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/poll.h"
#include "include/uapi/socket.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/mm/iov_iter.h"
#include "kernel/sched/wait.h"
#include "kernel/types.h"

struct sock;
struct socket;

/* The state of a struct socket: the connection as the application sees it. */
typedef enum {
	SS_FREE = 0,
	SS_UNCONNECTED,
	SS_CONNECTING,
	SS_CONNECTED,
	SS_DISCONNECTING,
} socket_state;

/*
 * A message on its way between a system call and a protocol. All of it is kernel memory, except the
 * data that msg_iter points to, and msg_control of a receive.
 */
struct kmsghdr {
	/* address of the peer; NULL: no address is given (send) or wanted (receive) */
	struct sockaddr_storage *msg_name;
	int msg_namelen;
	struct iov_iter msg_iter;
	unsigned int msg_flags;
	union {
		/* receive: the room that is left for control messages; NULL: there is none */
		void __user *msg_control;
		/* send: the control messages (for_each_cmsghdr); NULL: there are none */
		struct cmsghdr *msg_cmsg;
	};
	size_t msg_controllen;
};
/*
 * Appends a control message with @len bytes of @data to a received message. If the room is too
 * small, cuts the data off and sets MSG_CTRUNC (net/core/scm.c).
 */
void put_cmsg(struct kmsghdr *msg, int level, int type, const void *data, size_t len);
/* Linux aligns the headers and the data of control messages to 8 bytes on x86-64. */
#define CMSG_ALIGN(len) ALIGN_UP(len, sizeof(size_t))
/*
 * The control messages of a send, one after the other: cmsg_first() and cmsg_next() return NULL if
 * there are no more. The caller checks each with cmsg_ok(), before it reads the data or goes on.
 */
#define for_each_cmsghdr(cmsg, msg) for (cmsg = cmsg_first(msg); cmsg; cmsg = cmsg_next(msg, cmsg))
static inline struct cmsghdr *cmsg_first(const struct kmsghdr *msg)
{
	return msg->msg_controllen >= sizeof(struct cmsghdr) ? msg->msg_cmsg : NULL;
}
static inline struct cmsghdr *cmsg_next(const struct kmsghdr *msg, struct cmsghdr *cmsg)
{
	const size_t after =
		(u8 *)cmsg - (u8 *)msg->msg_cmsg + CMSG_ALIGN(cmsg->cmsg_len) + sizeof(*cmsg);

	return after > msg->msg_controllen ? NULL
					   : (void *)((u8 *)msg->msg_cmsg + after - sizeof(*cmsg));
}
/* Returns true if the control message has a complete header and ends within the control buffer. */
static inline bool cmsg_ok(const struct kmsghdr *msg, const struct cmsghdr *cmsg)
{
	return cmsg->cmsg_len >= sizeof(*cmsg) &&
	       cmsg->cmsg_len <= msg->msg_controllen - ((u8 *)cmsg - (u8 *)msg->msg_cmsg);
}
/*
 * Checks the control messages of a send for a protocol that uses none. Returns 0, or -EINVAL if one
 * is malformed, or has level SOL_SOCKET and passes neither files nor credentials (net/core/scm.c).
 */
int cmsg_refuse(const struct kmsghdr *msg);
/*
 * As cmsg_refuse(), for a protocol whose socket reports times: the control message SO_TIMESTAMPING
 * replaces the bits SOF_TIMESTAMPING_TX_RECORD_MASK of *@tsflags.
 */
int sock_cmsg_send(const struct kmsghdr *msg, u32 *tsflags);

struct socket_wq {
	/* waiting threads of accept, connect, recv, send and poll, all in one queue */
	wait_queue_head_t wait;
};

struct proto_ops {
	int family;
	/* true: sendmsg() itself handles the control messages; false: cmsg_refuse() checks them */
	bool takes_cmsg;
	int (*release)(struct socket *sock);
	int (*bind)(struct socket *sock, struct sockaddr *addr, int addr_len);
	int (*connect)(struct socket *sock, struct sockaddr *addr, int addr_len, int flags);
	int (*socketpair)(struct socket *a, struct socket *b); /* NULL: not supported */
	int (*accept)(struct socket *sock, struct socket *newsock, int flags);
	/*
	 * Writes an address to @addr: the socket's own (@peer 0), the peer's while there is a
	 * connection (1), or the peer's even after the connection ended (2). Returns its length or
	 * -errno.
	 */
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

/* The user-facing half of a socket; sk is the protocol-facing half. */
struct socket {
	socket_state state;
	short type; /* SOCK_STREAM ... */
	const struct proto_ops *ops;
	struct file *file;
	struct sock *sk;
	struct socket_wq wq;
};

/* An inode of sockfs and its socket, in one allocation. */
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
#define SOCK_MAX 11 /* all socket types (SOCK_*) are smaller */
/*
 * Registers an address family for socket() (net/socket.c). Returns 0, -EEXIST, or -ENOBUFS if
 * ops->family is out of range. Boot only.
 */
int sock_register(const struct net_proto_family *ops);

#endif
