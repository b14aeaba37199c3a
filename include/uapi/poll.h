/* SPDX-License-Identifier: MIT */
/* poll() and epoll: events, struct pollfd, struct epoll_event; Linux x86-64's layouts. */
#ifndef UAPI_POLL_H
#define UAPI_POLL_H

#include <stdint.h>

#define POLLIN     0x0001
#define POLLPRI    0x0002
#define POLLOUT    0x0004
#define POLLERR    0x0008
#define POLLHUP    0x0010
#define POLLNVAL   0x0020
#define POLLRDNORM 0x0040
#define POLLWRNORM 0x0100
#define POLLRDHUP  0x2000

struct pollfd {
	int fd;
	short events;
	short revents;
};

#define EPOLLIN     0x00000001u
#define EPOLLPRI    0x00000002u
#define EPOLLOUT    0x00000004u
#define EPOLLERR    0x00000008u
#define EPOLLHUP    0x00000010u
#define EPOLLRDNORM 0x00000040u
#define EPOLLWRNORM 0x00000100u
#define EPOLLRDHUP  0x00002000u

#endif
