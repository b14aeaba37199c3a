/* SPDX-License-Identifier: MIT */
/*
 * Performs fixed operations between two hosted kernels, to count the instructions that the server
 * executes.
 *
 *	operations LIBRARY	under `valgrind --tool=callgrind`: writes a dump for each operation
 *
 * tests/count/count.py runs it.  The server is loaded from LIBRARY itself, the client from an
 * unnamed copy, so that a dump lists the two under different object names.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <valgrind/callgrind.h>

#include "tests/host/conductor.h"
#include "tests/host/softnet_host.h"

#define SEED    1
#define DELAY   100000 /* ns on the wire */
#define SECOND  1000000000ULL
#define MB      1000000
#define ECHO    7
#define DISCARD 9
#define CHARGEN 19
#define EPOLL   70
#define READ    71
#define CHUNK   30000
#define PTR(p)  ((int64_t)(intptr_t)(p))

static struct host *client, *server;

static int64_t must(int64_t result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "operations: %s: %lld\n%s", what, (long long)result,
			server->console());
		exit(1);
	}
	return result;
}

static int open_to(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(0x0a000002)};
	int fd = (int)must(host_call(client, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0),
			   "socket");

	must(host_call(client, SYS_connect, fd, PTR(&to), sizeof(to), 0, 0, 0), "connect");
	return fd;
}

static void send_all(int fd, size_t n)
{
	static const char bytes[CHUNK];

	while (n) {
		size_t some = n < sizeof(bytes) ? n : sizeof(bytes);

		n -= (size_t)must(host_call(client, SYS_write, fd, PTR(bytes), some, 0, 0, 0),
				  "write");
	}
}

static void receive_all(int fd, size_t n)
{
	static char bytes[CHUNK];

	while (n) {
		size_t some = n < sizeof(bytes) ? n : sizeof(bytes);
		int64_t got =
			must(host_call(client, SYS_read, fd, PTR(bytes), some, 0, 0, 0), "read");

		if (got == 0)
			must(-1, "the stream ended");
		n -= (size_t)got;
	}
}

static void close_it(int fd)
{
	must(host_call(client, SYS_close, fd, 0, 0, 0, 0, 0), "close");
	conductor_sleep(client->conductor, SECOND / 10);
}

static void echoes(int fd, unsigned int n)
{
	while (n--) {
		send_all(fd, 1);
		receive_all(fd, 1);
	}
}

/* Makes the server echo like a thread that serves one connection: read(), then write(), again and again. */
static void serve_by_read(int listener)
{
	static char byte[16];
	static struct sn_call loop[2];
	int fd = (int)must(host_call(server, SYS_accept4, listener, 0, 0, 0, 0, 0), "accept4");

	loop[0] = (struct sn_call){SYS_read, {fd, PTR(byte), sizeof(byte)}};
	loop[1] = (struct sn_call){SYS_write, {fd, PTR(byte), 1}};
	must(host_submit(server, SN_REPEAT, PTR(loop), 2, 0, 0, 0, 0), "repeat");
}

/* Makes the server echo like a level-triggered epoll loop: epoll_wait() for one event, then read() and write(). */
static void serve_by_epoll(int listener)
{
	static struct epoll_event event = {.events = EPOLLIN}, got;
	static char byte[16];
	int fd = (int)must(host_call(server, SYS_accept4, listener, 0, 0, 0, 0, 0), "accept4");
	int ep = (int)must(host_call(server, SYS_epoll_create1, 0, 0, 0, 0, 0, 0), "epoll");
	static struct sn_call loop[3];

	must(host_call(server, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, fd, PTR(&event), 0, 0), "ctl");
	loop[0] = (struct sn_call){SYS_epoll_wait, {ep, PTR(&got), 1, -1}};
	loop[1] = (struct sn_call){SYS_read, {fd, PTR(byte), sizeof(byte)}};
	loop[2] = (struct sn_call){SYS_write, {fd, PTR(byte), 1}};
	must(host_submit(server, SN_REPEAT, PTR(loop), 3, 0, 0, 0, 0), "repeat");
}

static int listen_on(uint16_t port)
{
	struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = (int)must(host_call(server, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0),
			   "socket");

	must(host_call(server, SYS_bind, fd, PTR(&any), sizeof(any), 0, 0, 0), "bind");
	must(host_call(server, SYS_listen, fd, 1, 0, 0, 0, 0), "listen");
	return fd;
}

static void megabytes_in(int fd, unsigned int n)
{
	send_all(fd, n * MB);
	conductor_sleep(client->conductor, SECOND / 10);
}

static void megabytes_out(int fd, unsigned int n)
{
	receive_all(fd, n * MB);
}

static void connections(int fd, unsigned int n)
{
	while (n--) {
		fd = open_to(ECHO);
		echoes(fd, 1);
		close_it(fd);
	}
}

static const struct operation {
	const char *name;
	uint16_t port; /* connect to this port of the server before perform(); 0: do not connect */
	void (*perform)(int fd, unsigned int n);
	unsigned int warm_up, counted;
} operations[] = {
	{"echo", ECHO, echoes, 50, 500},        {"connection", 0, connections, 20, 100},
	{"MB in", DISCARD, megabytes_in, 1, 4}, {"MB out", CHARGEN, megabytes_out, 1, 4},
	{"epoll echo", EPOLL, echoes, 50, 500}, {"read echo", READ, echoes, 50, 500},
};

static void count(const struct operation *op)
{
	bool own = op->port == EPOLL || op->port == READ; /* served by this file, not by inetd */
	int listener = own ? listen_on(op->port) : -1;
	int fd = op->port ? open_to(op->port) : -1;

	if (op->port == EPOLL)
		serve_by_epoll(listener);
	if (op->port == READ)
		serve_by_read(listener);
	op->perform(fd, op->warm_up);
	CALLGRIND_ZERO_STATS;
	op->perform(fd, op->counted);
	CALLGRIND_DUMP_STATS_AT(op->name);
	printf("%s\t%u\n", op->name, op->counted);
	if (fd >= 0)
		close_it(fd);
}

/* Boots host @h; its slab allocator uses slabs of pages, as on the machine, not separate host allocations. */
static struct host *enter(struct host *h, const char *cmdline, uint64_t mac)
{
	if (!h)
		exit(1);
	h->set("mac", mac);
	h->set("separate_objects", 0);
	if (host_start(h, cmdline) < 0)
		exit(1);
	return h;
}

int main(int argc, char **argv)
{
	struct conductor *c = argc == 2 ? conductor_new(argv[1], SEED) : NULL;

	if (!c)
		return 2;
	client = enter(host_new(c), "ip=10.0.0.1/24 app=none", 0x020000000001);
	server = enter(host_new_in_place(c, argv[1]), "ip=10.0.0.2/24 app=inetd", 0x020000000002);
	conductor_wire(c, client, server, DELAY);
	conductor_sleep(c, SECOND);
	for (unsigned int i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		count(&operations[i]);
	if (server->warn_count() || client->warn_count())
		must(-1, "a warning");
	conductor_free(c);
	return 0;
}
