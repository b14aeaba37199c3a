/* SPDX-License-Identifier: MIT */
/*
 * Sockets of the load client: nonblocking, from several source addresses with -S, and one epoll
 * instance in which every mode waits.
 */
#include "netbench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>

int new_socket(int type, int port)
{
	static uint32_t turn;
	struct sockaddr_in d = dst;
	int one = 1, s = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (s < 0)
		die("socket");
	if (type == SOCK_STREAM)
		setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (type == SOCK_STREAM && opt_control &&
	    setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, opt_control, strlen(opt_control)))
		die(opt_control);
	if (opt_nsrc) {
		struct sockaddr_in a = {.sin_family = AF_INET};

		a.sin_addr.s_addr = htonl(opt_src + turn++ % opt_nsrc);
		setsockopt(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
		if (bind(s, (struct sockaddr *)&a, sizeof(a)))
			die("bind");
	}
	d.sin_port = htons(opt_base + port);
	if (connect(s, (struct sockaddr *)&d, sizeof(d)) && errno != EINPROGRESS) {
		int e = errno;

		close(s);
		errno = e;
		return -1;
	}
	return s;
}

void watch(int op, int fd, uint32_t ev, uint64_t data)
{
	struct epoll_event e = {.events = ev, .data.u64 = data};

	epoll_ctl(ep, op, fd, &e);
}

int wait_ev(struct epoll_event *ev, int max, uint64_t until)
{
	uint64_t t = now();
	int ms = until > t ? (int)((until - t + 999999) / 1000000) : 0;

	if (opt_spin)
		ms = 0;
	return epoll_wait(ep, ev, max, ms > 100 ? 100 : ms);
}

void reset_close(int s)
{
	struct linger l = {1, 0};

	setsockopt(s, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(s);
}

int connect_all(int *fd, int n, int port, double limit)
{
	uint64_t end = now() + secs(limit);
	struct epoll_event ev[256];
	int up = 0;

	for (int i = 0; i < n; i++) {
		fd[i] = new_socket(SOCK_STREAM, port);
		if (fd[i] < 0)
			return -1;
		watch(EPOLL_CTL_ADD, fd[i], EPOLLOUT, i);
	}
	while (up < n && now() < end) {
		int k = epoll_wait(ep, ev, 256, 50);

		for (int j = 0; j < k; j++) {
			int i = ev[j].data.u64;

			if (ev[j].events & (EPOLLERR | EPOLLHUP)) {
				errno = ECONNREFUSED;
				return -1;
			}
			up++;
			watch(EPOLL_CTL_MOD, fd[i], 0, i);
		}
	}
	errno = ETIMEDOUT;
	return up == n ? 0 : -1;
}
