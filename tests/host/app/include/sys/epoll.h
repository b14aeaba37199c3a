/* SPDX-License-Identifier: MIT */
/* Declares the functions of epoll. */
#ifndef SYS_EPOLL_H
#define SYS_EPOLL_H

#include <sys/cdefs.h>
#include <uapi/poll.h>

int epoll_create(int size) __APP_NAME(epoll_create);
int epoll_create1(int flags) __APP_NAME(epoll_create1);
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *event) __APP_NAME(epoll_ctl);
int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout_ms)
	__APP_NAME(epoll_wait);

#endif
