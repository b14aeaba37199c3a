/* SPDX-License-Identifier: MIT */
/*
 * crr: each connection connects, echoes one byte and closes in both directions; -k connections are
 * open at any time.  The client closes first, so the client's socket goes to TIME_WAIT; the guest
 * must answer the client's FIN with a FIN.
 */
#include "netbench.h"

/* A connection that has not ended after this time is counted as stuck and reset. */
#define STUCK_NS 3000000000ull
#define CHECK_NS 100000000ull

enum { CONNECTING, ECHOING, CLOSING };

struct crr {
	int fd; /* -1: none */
	int state;
	uint64_t t0;
};

static uint64_t ops, fail, stuck;

static void start(struct crr *c, int i)
{
	c->t0 = now();
	c->state = CONNECTING;
	c->fd = new_socket(SOCK_STREAM, 7);
	if (c->fd < 0)
		fail++;
	else
		watch(EPOLL_CTL_ADD, c->fd, EPOLLOUT, i);
}

static void give_up(struct crr *c)
{
	reset_close(c->fd);
	c->fd = -1;
}

/* Takes the next step of one connection; returns false if it failed. */
static bool step(struct crr *c, int i, uint32_t events, const struct window *w)
{
	char x = 0;

	switch (c->state) {
	case CONNECTING:
		if (events & (EPOLLERR | EPOLLHUP))
			return false;
		x = (char)i;
		if (send(c->fd, &x, 1, MSG_NOSIGNAL) != 1)
			return false;
		c->state = ECHOING;
		watch(EPOLL_CTL_MOD, c->fd, EPOLLIN, i);
		return true;
	case ECHOING:
		if (recv(c->fd, &x, 1, 0) != 1 || x != (char)i)
			return false;
		shutdown(c->fd, SHUT_WR);
		c->state = CLOSING;
		return true;
	default:
		if (recv(c->fd, &x, 1, 0) != 0)
			return false;
		close(c->fd);
		c->fd = -1;
		if (w->measuring) {
			ops++;
			lat_add(now() - c->t0);
		}
		return true;
	}
}

static void end_stuck(struct crr *c, int n)
{
	static uint64_t checked;
	uint64_t t = now();

	if (t - checked < CHECK_NS)
		return;
	checked = t;
	for (int i = 0; i < n; i++)
		if (c[i].fd >= 0 && t - c[i].t0 > STUCK_NS) {
			give_up(&c[i]);
			stuck++;
		}
}

void run_crr(void)
{
	int n = opt_k;
	struct crr *c = xalloc(n * sizeof(*c));
	struct epoll_event ev[256];
	struct window w;
	bool begun;

	for (int i = 0; i < n; i++)
		c[i].fd = -1;
	window_begin(&w);
	while (window_open(&w, &begun)) {
		for (int i = 0; i < n; i++)
			if (c[i].fd < 0)
				start(&c[i], i);
		int k = wait_ev(ev, 256, window_until(&w));

		for (int j = 0; j < k; j++) {
			int i = ev[j].data.u64;

			if (c[i].fd >= 0 && !step(&c[i], i, ev[j].events, &w)) {
				give_up(&c[i]);
				fail++;
			}
		}
		end_stuck(c, n);
	}
	window_close(&w);
	for (int i = 0; i < n; i++)
		if (c[i].fd >= 0)
			give_up(&c[i]);
	put("\"mode\":\"crr\",\"concurrent\":%d", n);
	put("\"cps\":%.1f,\"ops\":%lu", ops / window_secs(&w), ops);
	put_lat();
	put("\"failed\":%lu,\"stuck\":%lu", fail, stuck);
	put_cost(&w.a, &w.b, ops, "op");
}
