/* SPDX-License-Identifier: MIT */
/*
 * The user-facing half of sockets: struct socket and its struct file, the address families, and the
 * system calls. Names and roles are those of Linux's include/linux/net.h. Process context.
 */
#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include "net/core/net.h"

/* Creates the cache of sockets, and registers the system calls. Boot only, before inet_init(). */
void sock_init(void);

/*
 * Allocates a socket without a protocol, together with its inode. Returns NULL if there is no
 * memory.
 */
struct socket *sock_alloc(void);
/* Closes the struct sock below @sock, and frees @sock. */
void sock_release(struct socket *sock);
int __sock_create(int family, int type, int protocol, struct socket **res);
int sock_create(int family, int type, int protocol, struct socket **res);

/*
 * Makes a file that owns @sock from now on. @flags: O_NONBLOCK or 0. If it returns an ERR_PTR, the
 * caller still owns @sock.
 */
struct file *sock_alloc_file(struct socket *sock, int flags);
/*
 * Makes a file for @sock as sock_alloc_file() does, and returns a new descriptor for that file. On
 * an error (-EMFILE, -ENFILE) the caller still owns @sock.
 */
int sock_map_fd(struct socket *sock, int flags);
/* Returns @file's socket, or NULL with *@err = -ENOTSOCK if @file is not a socket. */
struct socket *sock_from_file(struct file *file, int *err);
/*
 * Returns the socket of descriptor @fd with a reference to its file, which the caller drops with
 * fput(sock->file); or NULL with *@err = -EBADF or -ENOTSOCK.
 */
struct socket *sockfd_lookup_light(int fd, int *err);

int sock_sendmsg(struct socket *sock, struct kmsghdr *msg);
int sock_recvmsg(struct socket *sock, struct kmsghdr *msg, int flags);

/* net/socket_msg.c */
int move_addr_to_kernel(const void __user *uaddr, int ulen, struct sockaddr_storage *kaddr);
/*
 * Copies an address of @klen bytes to the application. The caller sets *@ulen to the size of the
 * application's buffer. The function sets *@ulen to @klen, even if the buffer is smaller and the
 * address was cut.
 */
int move_addr_to_user(const struct sockaddr_storage *kaddr, int klen, void __user *uaddr,
		      int __user *ulen);
void socket_msg_init(void); /* registers the system calls of socket_msg.c */

#endif
