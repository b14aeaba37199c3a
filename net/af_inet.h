/* SPDX-License-Identifier: MIT */
/*
 * The address family AF_INET: the table of the protocols that socket() can create, and the socket
 * operations that the protocols share. Names and roles are those of Linux's include/net/protocol.h
 * and inet_common.h.
 */
#ifndef NET_AF_INET_H
#define NET_AF_INET_H

#include "net/core/net.h"

/* One combination of type and protocol that socket(AF_INET, type, protocol) accepts. */
struct inet_protosw {
	struct list_head list;   /* in inetsw[type]; the first one is the default */
	unsigned short type;     /* SOCK_* */
	unsigned short protocol; /* IPPROTO_*; IPPROTO_IP matches any protocol */
	struct proto *prot;
	const struct proto_ops *ops;
	bool reuse; /* a new socket has SO_REUSEADDR (Linux's INET_PROTOSW_REUSE) */
};

extern const struct proto_ops inet_stream_ops, inet_dgram_ops, inet_sockraw_ops;

/*
 * Registers the address family, IP, TCP and UDP. Boot only, after sock_init(), skb_init(), netdev_init()
 * and snmp_init().
 */
void inet_init(void);
void inet_register_protosw(struct inet_protosw *p);
void sockstat_init(void); /* registers /proc/net/sockstat */

/*
 * Functions of AF_INET's struct proto_ops. Process context; the sock must not be locked by the
 * caller.
 */
int inet_release(struct socket *sock);
int inet_bind(struct socket *sock, struct sockaddr *uaddr, int addr_len);
int inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags);
int inet_accept(struct socket *sock, struct socket *newsock, int flags);
int inet_getname(struct socket *sock, struct sockaddr *uaddr, int peer);
int inet_setsockopt(struct socket *sock, int level, int optname, const void __user *optval,
		    unsigned int optlen);
int inet_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
		    int __user *optlen);
int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int inet_listen(struct socket *sock, int backlog);
int inet_shutdown(struct socket *sock, int how);
int inet_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t size);
int inet_recvmsg(struct socket *sock, struct kmsghdr *msg, size_t size, int flags);

#endif
