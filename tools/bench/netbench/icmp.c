/* SPDX-License-Identifier: MIT */
/*
 * icmp: one ICMP echo at a time.  It measures the least cost of driver, interrupt and network path,
 * without TCP and without a server.  sleep: no load; it measures the cost of an idle guest.
 */
#include "netbench.h"

#include <arpa/inet.h>
#include <time.h>

#define ANSWER_NS 200000000ull

struct echo {
	uint8_t type, code;
	uint16_t sum, id, seq;
	uint8_t data[56];
};

static uint16_t checksum(const void *p, size_t n)
{
	const uint16_t *w = p;
	uint32_t sum = 0;

	for (size_t i = 0; i < n / 2; i++)
		sum += w[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Sends one echo request; returns false if the reply does not come in time. */
static bool one_echo(int s, struct echo *q)
{
	unsigned char in[2048];
	struct epoll_event ev;
	uint64_t t = now();

	q->seq++;
	q->sum = 0;
	q->sum = checksum(q, sizeof(*q));
	(void)!send(s, q, sizeof(*q), 0);
	while (now() - t <= ANSWER_NS) {
		if (wait_ev(&ev, 1, t + ANSWER_NS) < 1)
			continue;
		ssize_t r = recv(s, in, sizeof(in), 0);
		int h = r > 20 ? (in[0] & 15) * 4 : 0;

		if (h && r == h + (ssize_t)sizeof(*q) && in[h] == 0 &&
		    !memcmp(in + h + 4, &q->id, sizeof(*q) - 4))
			return true;
	}
	return false;
}

void run_icmp(void)
{
	struct echo q = {.type = 8, .id = htons(getpid() & 0xffff)};
	int s = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP), lost = 0;
	uint64_t ops = 0;
	struct window w;
	bool begun;

	if (s < 0 || connect(s, (struct sockaddr *)&dst, sizeof(dst)))
		die("raw socket");
	watch(EPOLL_CTL_ADD, s, EPOLLIN, 0);
	window_begin(&w);
	while (window_open(&w, &begun)) {
		uint64_t t = now();
		bool ok = one_echo(s, &q);

		if (!w.measuring)
			continue;
		ops += ok;
		lost += !ok;
		if (ok)
			lat_add(now() - t);
	}
	window_close(&w);
	put("\"mode\":\"icmp\",\"tps\":%.1f,\"ops\":%lu", ops / window_secs(&w), ops);
	put_lat();
	put("\"lost\":%d", lost);
	put_cost(&w.a, &w.b, ops, "op");
}

void run_sleep(void)
{
	struct timespec ts = {(time_t)opt_t, (long)((opt_t - (time_t)opt_t) * 1e9)};
	struct cost a, b;

	cost_read(&a);
	nanosleep(&ts, 0);
	cost_read(&b);
	put("\"mode\":\"sleep\"");
	put_cost(&a, &b, (b.t - a.t) / 1e9, "s");
}
