/* SPDX-License-Identifier: MIT */
/*
 * The family AF_INET: which protocol serves which socket type, and the operations that its sockets
 * share.  Names and roles of Linux's include/net/protocol.h and inet_common.h.
 */
#ifndef NET_AF_INET_H
#define NET_AF_INET_H

#include "net/core/net.h"

/* One combination that socket(AF_INET, type, protocol) accepts. */
struct inet_protosw {
	struct list_head list;   /* in inetsw[type], in the order of preference */
	unsigned short type;     /* SOCK_* */
	unsigned short protocol; /* IPPROTO_*; IPPROTO_IP takes any */
	struct proto *prot;
	const struct proto_ops *ops;
};

extern const struct proto_ops inet_stream_ops;

/* Boot, after sock_init(), skb_init(), netdev_init(), snmp_init(): the family, IP, TCP. */
void inet_init(void);
void inet_register_protosw(struct inet_protosw *p);

/* proto_ops of AF_INET.  Process context, sock not locked. */
int inet_release(struct socket *sock);
int inet_bind(struct socket *sock, struct sockaddr *uaddr, int addr_len);
int inet_stream_connect(struct socket *sock, struct sockaddr *uaddr, int addr_len, int flags);
int inet_accept(struct socket *sock, struct socket *newsock, int flags);
int inet_getname(struct socket *sock, struct sockaddr *uaddr, int peer);
int inet_ioctl(struct socket *sock, unsigned int cmd, unsigned long arg);
int inet_listen(struct socket *sock, int backlog);
int inet_shutdown(struct socket *sock, int how);
int inet_sendmsg(struct socket *sock, struct kmsghdr *msg, size_t size);
int inet_recvmsg(struct socket *sock, struct kmsghdr *msg, size_t size, int flags);

#endif
