/* SPDX-License-Identifier: MIT */
/* System calls on this computer's Linux and on the hosted kernel, and the comparison (beside.h). */
#include "tests/hosted/beside.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define NOTES_MAX 1000
#define WHAT_MAX  160

struct note {
	char what[WHAT_MAX];
	int64_t result;
};
/* The results of one play of the sequence: on Linux, or on the hosted kernel. */
struct notes {
	unsigned int n;
	struct note note[NOTES_MAX];
};
static struct notes linuxs, ours, *now;

bool on_linux(void)
{
	return now == &linuxs;
}

int64_t on_args(long nr, const int64_t args[6])
{
	long result;

	if (!on_linux())
		return scene_call_args(A, nr, args);
	result = syscall(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
	return result == -1 ? -errno : result;
}

void note(const char *what, int64_t result)
{
	struct note *n = &now->note[now->n++];

	assert_true(now->n <= NOTES_MAX);
	snprintf(n->what, sizeof(n->what), "%s", what);
	n->result = result;
}

int64_t noted_open(const char *what, int64_t result)
{
	note(what, result < 0 ? result : 0);
	return result;
}

void tcp_over_loopback(int ends[2])
{
	/*
	 * Connect to A's own address: A resolved that route before the test, so the leak check
	 * finds no new route.
	 */
	const in_addr_t self = on_linux() ? INADDR_LOOPBACK : 0x0a000001;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(self)};
	socklen_t len = sizeof(to);
	int listener = on(SYS_socket, AF_INET, SOCK_STREAM, 0);

	assert_int_equal(on(SYS_bind, listener, PTR(&to), sizeof(to)), 0);
	assert_int_equal(on(SYS_listen, listener, 1), 0);
	assert_int_equal(on(SYS_getsockname, listener, PTR(&to), PTR(&len)), 0);
	ends[0] = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(on(SYS_connect, ends[0], PTR(&to), sizeof(to)), 0);
	ends[1] = on(SYS_accept4, listener, 0, 0, SOCK_NONBLOCK);
	assert_true(ends[1] >= 0);
	assert_int_equal(on(SYS_fcntl, ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(on(SYS_close, listener), 0);
}

void beside_play(void (*sequence)(void))
{
	bool differ = false;

	signal(SIGPIPE, SIG_IGN);
	linuxs.n = ours.n = 0;
	now = &linuxs;
	sequence();
	now = &ours;
	sequence();
	for (unsigned int i = 0; i < linuxs.n && i < ours.n; i++) {
		const struct note *l = &linuxs.note[i], *o = &ours.note[i];

		assert_string_equal(l->what, o->what);
		if (l->result == o->result)
			continue;
		print_error("%s: Linux %lld, softnet %lld\n", l->what, (long long)l->result,
			    (long long)o->result);
		differ = true;
	}
	assert_int_equal(linuxs.n, ours.n);
	assert_false(differ);
}
