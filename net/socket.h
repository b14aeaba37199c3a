/* SPDX-License-Identifier: MIT */
/*
 * The user-facing half of sockets: struct socket <-> struct file, families, the system calls.
 * Names and roles of Linux's include/linux/net.h.  Process context.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "net/core/net.h"

/* Caches, system calls, sockfs.  Boot, before inet_init(). */
void sock_init(void);

/* A socket without a protocol, and its inode.  NULL: no memory. */
struct socket *sock_alloc(void);
/* Closes the protocol's half, and frees @sock. */
void sock_release(struct socket *sock);
int __sock_create(int family, int type, int protocol, struct socket **res);
int sock_create(int family, int type, int protocol, struct socket **res);

/*
 * Makes a file for @sock (@flags: O_NONBLOCK), which then owns it.  ERR_PTR: @sock stays the
 * caller's.
 */
struct file *sock_alloc_file(struct socket *sock, int flags);
/* The same, and a number for it.  -EMFILE, -ENFILE: @sock stays the caller's. */
int sock_map_fd(struct socket *sock, int flags);
/* NULL and *@err = -ENOTSOCK when @file is something else. */
struct socket *sock_from_file(struct file *file, int *err);
/* With a reference of its file, which the caller gives back with fput(sock->file); or NULL and
 * *@err = -EBADF, -ENOTSOCK. */
struct socket *sockfd_lookup_light(int fd, int *err);

int sock_sendmsg(struct socket *sock, struct kmsghdr *msg);
int sock_recvmsg(struct socket *sock, struct kmsghdr *msg, int flags);

/* net/socket_msg.c */
int move_addr_to_kernel(const void __user *uaddr, int ulen, struct sockaddr_storage *kaddr);
/* @ulen: in, room; out, the address's full length, even if less was copied. */
int move_addr_to_user(const struct sockaddr_storage *kaddr, int klen, void __user *uaddr,
		      int __user *ulen);
void socket_msg_init(void); /* sendto recvfrom sendmsg recvmsg */

#endif
