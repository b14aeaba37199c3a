/* SPDX-License-Identifier: MIT */
/* Declares the functions for sockets. */
#ifndef SYS_SOCKET_H
#define SYS_SOCKET_H

#include <uapi/socket.h>
#include <sys/cdefs.h>
#include <sys/types.h>

int socket(int domain, int type, int protocol) __APP_NAME(socket);
int bind(int fd, const struct sockaddr *addr, socklen_t len) __APP_NAME(bind);
int listen(int fd, int backlog) __APP_NAME(listen);
int accept(int fd, struct sockaddr *addr, socklen_t *len) __APP_NAME(accept);
int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags) __APP_NAME(accept4);
int connect(int fd, const struct sockaddr *addr, socklen_t len) __APP_NAME(connect);
int shutdown(int fd, int how) __APP_NAME(shutdown);
int getsockname(int fd, struct sockaddr *addr, socklen_t *len) __APP_NAME(getsockname);
int getpeername(int fd, struct sockaddr *addr, socklen_t *len) __APP_NAME(getpeername);
int setsockopt(int fd, int level, int name, const void *val, socklen_t len) __APP_NAME(setsockopt);
int getsockopt(int fd, int level, int name, void *val, socklen_t *len) __APP_NAME(getsockopt);
ssize_t send(int fd, const void *buf, size_t len, int flags) __APP_NAME(send);
ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	       socklen_t addr_len) __APP_NAME(sendto);
ssize_t sendmsg(int fd, const struct msghdr *msg, int flags) __APP_NAME(sendmsg);
ssize_t recv(int fd, void *buf, size_t len, int flags) __APP_NAME(recv);
ssize_t recvfrom(int fd, void *buf, size_t len, int flags, struct sockaddr *addr,
		 socklen_t *addr_len) __APP_NAME(recvfrom);
ssize_t recvmsg(int fd, struct msghdr *msg, int flags) __APP_NAME(recvmsg);

#endif
