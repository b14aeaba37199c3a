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
#define POLLRDBAND 0x0080
#define POLLWRNORM 0x0100
#define POLLWRBAND 0x0200
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
#define EPOLLRDBAND 0x00000080u
#define EPOLLWRNORM 0x00000100u
#define EPOLLWRBAND 0x00000200u
#define EPOLLRDHUP  0x00002000u
/* These bits are not events: they choose how an epoll reports a file. */
#define EPOLLEXCLUSIVE (1u << 28) /* an event wakes only one of the epoll files with this flag */
#define EPOLLWAKEUP    (1u << 29) /* keeps a machine from suspending; ignored here */
#define EPOLLONESHOT   (1u << 30) /* after one event the file is not reported until EPOLL_CTL_MOD */
#define EPOLLET        (1u << 31) /* edge: report a change once, even if the state remains */

#define EPOLL_CLOEXEC 02000000 /* epoll_create1() */

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3

typedef union epoll_data {
	void *ptr;
	int fd;
	uint32_t u32;
	uint64_t u64;
} epoll_data_t;

struct epoll_event {
	uint32_t events;
	epoll_data_t data; /* the application's; the kernel returns it unread */
} __attribute__((packed));

#endif
