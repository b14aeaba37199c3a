/* SPDX-License-Identifier: MIT */
/*
 * rr and udprr: ping-pong, one message in flight on each connection, every byte verified.
 *
 * Message k of connection i is a part of one pattern, at an offset that depends on i and k, so that
 * an echo of the previous message, or of most other connections, is noticed.
 */
#include "netbench.h"

/* If a datagram has no answer after this time, it counts as lost and the next one is sent. */
#define LOST_NS  200000000ull
#define CHECK_NS 50000000ull

struct rr {
	int fd;
	int sent, got; /* bytes sent and received of the message in flight */
	uint32_t seq;
	uint64_t t0;
};

static unsigned char *pattern;
static int bad, lost, dead;
static uint64_t ops;

static const unsigned char *message(const struct rr *c, int i)
{
	return pattern + ((unsigned int)i * 31 + c->seq * 7) % 251;
}

static void send_next(struct rr *c, int i, uint64_t t)
{
	ssize_t w;

	c->t0 = t;
	w = send(c->fd, message(c, i), opt_m, MSG_NOSIGNAL);
	c->sent = w > 0 ? w : 0;
}

static void finished(struct rr *c, int i, const struct window *w)
{
	uint64_t t = now();

	if (w->measuring) {
		ops++;
		lat_add(t - c->t0);
	}
	c->got = 0;
	c->seq++;
	send_next(c, i, t);
}

static void rr_event(struct rr *c, int i, uint32_t events, unsigned char *in,
		     const struct window *w)
{
	ssize_t r;

	if (events & EPOLLOUT) {
		r = send(c->fd, message(c, i) + c->sent, opt_m - c->sent, MSG_NOSIGNAL);
		if (r > 0)
			c->sent += r;
		if (c->sent == opt_m)
			watch(EPOLL_CTL_MOD, c->fd, EPOLLIN, i);
	}
	if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		return;
	r = recv(c->fd, in, opt_m - c->got, 0);
	if (r < 0 && errno == EAGAIN)
		return;
	if (r <= 0) {
		dead++;
		watch(EPOLL_CTL_DEL, c->fd, 0, 0);
		return;
	}
	if (memcmp(in, message(c, i) + c->got, r))
		bad++;
	c->got += r;
	if (c->got < opt_m)
		return;
	finished(c, i, w);
	if (c->sent < opt_m)
		watch(EPOLL_CTL_MOD, c->fd, EPOLLIN | EPOLLOUT, i);
}

static void udp_event(struct rr *c, int i, unsigned char *in, const struct window *w)
{
	ssize_t r = recv(c->fd, in, opt_m + 1, 0);

	if (r <= 0)
		return;
	if (r == opt_m && !memcmp(in, message(c, i), opt_m))
		finished(c, i, w);
	else
		bad++; /* a wrong answer, or the late answer to a message that counts as lost */
}

static void udp_lost(struct rr *c, int n, const struct window *w)
{
	static uint64_t checked;
	uint64_t t = now();

	if (t - checked < CHECK_NS)
		return;
	checked = t;
	for (int i = 0; i < n; i++) {
		if (t - c[i].t0 < LOST_NS)
			continue;
		lost += w->measuring;
		c[i].seq++;
		send_next(&c[i], i, t);
	}
}

static void rr_open(struct rr *c, int n, bool udp)
{
	int *fd = xalloc(n * sizeof(*fd));

	if (!udp && connect_all(fd, n, 7, 10))
		die("connect");
	for (int i = 0; i < n; i++) {
		if (udp) {
			fd[i] = new_socket(SOCK_DGRAM, 7);
			if (fd[i] < 0)
				die("udp socket");
			watch(EPOLL_CTL_ADD, fd[i], EPOLLIN, i);
		}
		c[i].fd = fd[i];
	}
}

static void run(bool udp)
{
	int n = opt_n;
	struct rr *c = xalloc(n * sizeof(*c));
	unsigned char *in = xalloc(opt_m + 1);
	struct epoll_event ev[256];
	struct window w;
	bool begun;

	pattern = xalloc(opt_m + 256);
	for (int i = 0; i < opt_m + 256; i++)
		pattern[i] = (i * 2654435761u) >> 13;
	rr_open(c, n, udp);
	window_begin(&w);
	for (int i = 0; i < n; i++) {
		send_next(&c[i], i, now());
		if (!udp)
			watch(EPOLL_CTL_MOD, c[i].fd, EPOLLIN | (c[i].sent < opt_m ? EPOLLOUT : 0),
			      i);
	}
	while (dead < n && window_open(&w, &begun)) {
		int k = wait_ev(ev, 256, window_until(&w));

		for (int j = 0; j < k; j++) {
			int i = ev[j].data.u64;

			if (udp)
				udp_event(&c[i], i, in, &w);
			else
				rr_event(&c[i], i, ev[j].events, in, &w);
		}
		if (udp)
			udp_lost(c, n, &w);
	}
	window_close(&w);
	put("\"mode\":\"%s\",\"conns\":%d,\"size\":%d", mode, n, opt_m);
	put("\"tps\":%.1f,\"ops\":%lu", ops / window_secs(&w), ops);
	put_lat();
	put("\"bad\":%d,\"lost\":%d,\"dead\":%d", bad, lost, dead);
	put_cost(&w.a, &w.b, ops, "op");
}

void run_rr(void)
{
	run(false);
}

void run_udprr(void)
{
	run(true);
}
