/* SPDX-License-Identifier: MIT */
/*
 * readers: opens connections to the guest's endless source (port 19) that read one byte a second
 * each, and holds them; then resets them. Prints a line when each is open or has failed, and at the
 * end one line of JSON: the connections that were open, and those that were still open when it
 * reset them.
 *
 *   readers -h GUEST -A FIRST_ADDRESS -S ADDRESSES -n CONNECTIONS -t SECONDS
 *
 * The connections use the source addresses in turn.  storm.py runs this.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SOURCE          19
#define RCVBUF          2048 /* bytes, for SO_RCVBUF: Linux doubles the value */
#define AT_ONCE         64   /* the most connections that are being opened at a time */
#define OPEN_MS         5000 /* time in which each connection must open */
#define CONNECTIONS_MAX 50000

static struct sockaddr_in guest = {.sin_family = AF_INET};
static int fds[CONNECTIONS_MAX];

static int begin(uint32_t source)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = source};
	int s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), size = RCVBUF, one = 1;

	if (s < 0)
		return -1;
	setsockopt(s, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(s, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(s, (struct sockaddr *)&from, sizeof(from)) ||
	    (connect(s, (struct sockaddr *)&guest, sizeof(guest)) && errno != EINPROGRESS)) {
		close(s);
		return -1;
	}
	return s;
}

/*
 * Waits until connection @i is open or failed, OPEN_MS at most. Returns 1 if it is open; else
 * closes it and returns 0.
 */
static int opened(int i)
{
	struct pollfd p = {.fd = fds[i], .events = POLLOUT};
	int error = 0;
	socklen_t len = sizeof(error);

	if (fds[i] < 0)
		return 0;
	if (poll(&p, 1, OPEN_MS) == 1 && !getsockopt(fds[i], SOL_SOCKET, SO_ERROR, &error, &len) &&
	    !error)
		return 1;
	close(fds[i]);
	fds[i] = -1;
	return 0;
}

/* Reads a byte of each connection; returns how many are still open. */
static int read_round(int n)
{
	int alive = 0;
	char byte;

	for (int i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		ssize_t got = recv(fds[i], &byte, 1, 0);

		if (got == 1 || (got < 0 && errno == EAGAIN))
			alive++;
	}
	return alive;
}

static void reset_all(int n)
{
	struct linger at_once = {.l_onoff = 1, .l_linger = 0};

	for (int i = 0; i < n; i++)
		if (fds[i] >= 0) {
			setsockopt(fds[i], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
			close(fds[i]);
		}
}

int main(int argc, char **argv)
{
	struct rlimit files = {CONNECTIONS_MAX + 100, CONNECTIONS_MAX + 100};
	int n = 5000, seconds = 10, addresses = 1, open = 0, alive = 0, o;
	uint32_t first = 0;

	while ((o = getopt(argc, argv, "h:A:S:n:t:")) != -1) {
		if (o == 'h')
			guest.sin_addr.s_addr = inet_addr(optarg);
		else if (o == 'A')
			first = ntohl(inet_addr(optarg));
		else if (o == 'S')
			addresses = atoi(optarg);
		else if (o == 'n')
			n = atoi(optarg);
		else if (o == 't')
			seconds = atoi(optarg);
		else
			return 2;
	}
	if (n < 1 || n > CONNECTIONS_MAX || addresses < 1)
		return 2;
	guest.sin_port = htons(SOURCE);
	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < n; i++) {
		fds[i] = begin(htonl(first + i % addresses));
		if (i >= AT_ONCE)
			open += opened(i - AT_ONCE);
	}
	for (int i = n > AT_ONCE ? n - AT_ONCE : 0; i < n; i++)
		open += opened(i);
	printf("open\n");
	fflush(stdout);
	for (int s = 0; s < seconds; s++) {
		sleep(1);
		alive = read_round(n);
	}
	reset_all(n);
	printf("{\"open\":%d,\"alive\":%d}\n", open, alive);
	return 0;
}
