/* SPDX-License-Identifier: MIT */
/*
 * firstbyte: measures the time until a guest that was just started echoes its first byte. Opens a
 * connection every millisecond until one of them gets its byte back. The time counts from the start
 * of the guest, which -z gives.
 */
#include "netbench.h"

#include <time.h>

/* At most this many attempts are open at a time; each is closed before its SYN would be retransmitted. */
#define ATTEMPTS   2048
#define EVERY_NS   1000000ull
#define GIVE_UP_NS 900000000ull

static struct attempt {
	int fd;
	bool up;
	uint64_t t;
} attempts[ATTEMPTS];

static void try_again(struct attempt *a, int i, uint64_t t)
{
	if (a->fd >= 0)
		reset_close(a->fd);
	a->fd = new_socket(SOCK_STREAM, 7);
	a->t = t;
	a->up = false;
	if (a->fd >= 0)
		watch(EPOLL_CTL_ADD, a->fd, EPOLLOUT, i);
}

static void drop(struct attempt *a)
{
	reset_close(a->fd);
	a->fd = -1;
}

static void give_up_old(uint64_t t)
{
	for (int i = 0; i < ATTEMPTS; i++)
		if (attempts[i].fd >= 0 && !attempts[i].up && t - attempts[i].t > GIVE_UP_NS)
			drop(&attempts[i]);
}

/* Handles the events of attempt i; returns true if the byte came back. */
static bool answered(struct attempt *a, int i, uint32_t events)
{
	char x;

	if (!a->up && !(events & (EPOLLERR | EPOLLHUP))) {
		a->up = true;
		(void)!send(a->fd, "b", 1, MSG_NOSIGNAL);
		watch(EPOLL_CTL_MOD, a->fd, EPOLLIN, i);
		return false;
	}
	if (a->up && recv(a->fd, &x, 1, 0) == 1 && x == 'b')
		return true;
	drop(a);
	return false;
}

void run_firstbyte(void)
{
	uint64_t t0 = opt_t0 ? opt_t0 : now(), end = now() + secs(opt_t), t, next = now();
	struct epoll_event ev[64];
	int tries = 0;

	for (int i = 0; i < ATTEMPTS; i++)
		attempts[i].fd = -1;
	while ((t = now()) < end) {
		if (t >= next) {
			next = next + EVERY_NS < t ? t + EVERY_NS : next + EVERY_NS;
			try_again(&attempts[tries % ATTEMPTS], tries % ATTEMPTS, t);
			tries++;
			give_up_old(t);
		}
		t = now();
		struct timespec ts = {0, next > t ? (long)(next - t) : 0};
		int k = epoll_pwait2(ep, ev, 64, &ts, 0);

		for (int j = 0; j < k; j++) {
			int i = ev[j].data.u64;

			if (attempts[i].fd < 0 || !answered(&attempts[i], i, ev[j].events))
				continue;
			t = now();
			for (int q = 0; q < ATTEMPTS; q++)
				if (attempts[q].fd >= 0)
					drop(&attempts[q]);
			printf("{\"mode\":\"firstbyte\",\"ok\":true,\"ms\":%.2f,\"tries\":%d}\n",
			       (t - t0) / 1e6, tries);
			return;
		}
	}
	printf("{\"mode\":\"firstbyte\",\"ok\":false,\"ms\":null,\"tries\":%d}\n", tries);
}
