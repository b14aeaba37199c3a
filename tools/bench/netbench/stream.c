/* SPDX-License-Identifier: MIT */
/*
 * in: sends streams to the guest's port 9. out: reads streams from its port 19.  Both count the
 * delivered bytes.
 */
#include "netbench.h"

#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#define CHUNK     (256 * 1024)
#define TRUNC_MAX (8 << 20)

/* Returns the bytes that the guest acknowledged (in) or that this client read (out). */
static uint64_t delivered(bool in, int n, const int *fd, const uint64_t *sent)
{
	uint64_t x = 0;

	for (int i = 0; i < n; i++) {
		int q = 0;

		if (in)
			ioctl(fd[i], SIOCOUTQ, &q);
		x += sent[i] - q;
	}
	return x;
}

/* Sends or reads as much as possible on one connection; returns false if the connection ended. */
static bool move(bool in, int fd, char *data, uint64_t *sent)
{
	ssize_t r;

	if (in)
		r = send(fd, data, CHUNK, MSG_NOSIGNAL);
	else
		r = recv(fd, data, opt_copy ? CHUNK : TRUNC_MAX, opt_copy ? 0 : MSG_TRUNC);
	if (r > 0)
		*sent += r;
	return r > 0 || (r < 0 && errno == EAGAIN);
}

static void run_stream(bool in)
{
	int n = opt_n, dead = 0;
	int *fd = xalloc(n * sizeof(*fd));
	uint64_t *sent = xalloc(n * sizeof(*sent)), base = 0;
	char *data = xalloc(CHUNK);
	struct epoll_event ev[256];
	struct tcp_info ti = {0};
	socklen_t l = sizeof(ti);
	struct window w;
	bool begun;

	memset(data, 'x', CHUNK);
	if (connect_all(fd, n, in ? 9 : 19, 10))
		die("connect");
	for (int i = 0; i < n; i++)
		watch(EPOLL_CTL_MOD, fd[i], in ? EPOLLOUT : EPOLLIN, i);

	window_begin(&w);
	while (dead < n && window_open(&w, &begun)) {
		if (begun)
			base = delivered(in, n, fd, sent);
		int k = wait_ev(ev, 256, window_until(&w));

		for (int j = 0; j < k; j++) {
			int i = ev[j].data.u64;

			if (!move(in, fd[i], data, &sent[i])) {
				watch(EPOLL_CTL_DEL, fd[i], 0, 0);
				dead++;
			}
		}
	}
	if (!w.measuring)
		base = delivered(in, n, fd, sent);
	window_close(&w);
	double mb = (delivered(in, n, fd, sent) - base) / 1e6;

	getsockopt(fd[0], IPPROTO_TCP, TCP_INFO, &ti, &l);
	for (int i = 0; i < n; i++)
		reset_close(fd[i]);
	put("\"mode\":\"%s\",\"conns\":%d", mode, n);
	put("\"mb_per_s\":%.2f,\"mb\":%.2f", mb / window_secs(&w), mb);
	put("\"dead\":%d", dead);
	put("\"retrans\":%u,\"mss\":%u,\"rtt_us\":%u", ti.tcpi_total_retrans,
	    in ? ti.tcpi_snd_mss : ti.tcpi_rcv_mss, ti.tcpi_rtt);
	put_cost(&w.a, &w.b, mb, "mb");
}

void run_in(void)
{
	run_stream(true);
}

void run_out(void)
{
	run_stream(false);
}
