/* SPDX-License-Identifier: MIT */
/*
 * The classic small services over TCP: echo (7, RFC 862), discard (9, RFC 863), netstat (15) and
 * chargen (19, RFC 864).  Each listener and each connection has a thread.
 *
 * The same source runs in the image and on Linux: cc inetd.c -o inetd -lpthread; ./inetd 7000
 * listens on 7007, 7009, 7015 and 7019.
 *
 * Neither a peer nor a lack of memory or descriptors stops the program.  A connection that cannot
 * be served is closed and counted (netstat's last lines show the counts).  A listener whose
 * accept() failed tries again after BACKOFF_NS.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG    4096
#define BACKOFF_NS 10000000L /* pause after accept() failed because memory or descriptors ran out */
#define ECHO_CHUNK 4096      /* bytes; a thread's stack is small */
#define SINK_CHUNK 65536

static unsigned long accepted, refused, accept_errors; /* changed atomically */

static void count(unsigned long *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* Returns 0 if all bytes were sent, else -1. */
static int send_all(int fd, const char *buf, size_t n)
{
	while (n) {
		ssize_t done = send(fd, buf, n, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		buf += done;
		n -= done;
	}
	return 0;
}

/* ---- echo, discard --------------------------------------------------------------------------- */

static void echo(int fd)
{
	char buf[ECHO_CHUNK];
	ssize_t n;

	for (;;) {
		n = recv(fd, buf, sizeof(buf), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || send_all(fd, buf, n))
			break;
	}
}

/*
 * MSG_TRUNC on a stream discards bytes from the receive queue without copying them, so no buffer is
 * needed (tcp(7)).
 */
static void discard(int fd)
{
	ssize_t n;

	do {
		n = recv(fd, NULL, SINK_CHUNK, MSG_TRUNC);
	} while (n > 0 || (n < 0 && errno == EINTR));
}

/* ---- chargen --------------------------------------------------------------------------------- */

#define FIRST_CHAR ' '
#define NR_CHARS   95 /* printable ASCII characters */
#define LINE_CHARS 72
#define LINE_LEN   (LINE_CHARS + 2)
#define CYCLE      (NR_CHARS * LINE_LEN) /* bytes of the generated text before it repeats */
#define GEN_CHUNK  65536

/*
 * The buffer is one cycle longer than a chunk, so that a whole chunk can be written from any offset
 * in the first cycle.
 */
static char pattern[GEN_CHUNK + CYCLE];

static void chargen_fill(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++) {
		size_t line = i / LINE_LEN, column = i % LINE_LEN;

		if (column < LINE_CHARS)
			pattern[i] = FIRST_CHAR + (line + column) % NR_CHARS;
		else
			pattern[i] = column == LINE_CHARS ? '\r' : '\n';
	}
}

static void chargen(int fd)
{
	size_t at = 0;
	ssize_t n;

	for (;;) {
		n = send(fd, pattern + at, GEN_CHUNK, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at = (at + n) % CYCLE;
	}
}

/* ---- netstat --------------------------------------------------------------------------------- */

static int send_file(int fd, const char *path)
{
	char buf[ECHO_CHUNK];
	ssize_t n;
	int file, len;

	len = snprintf(buf, sizeof(buf), "== %s ==\n", path);
	if (send_all(fd, buf, len))
		return -1;
	file = open(path, O_RDONLY);
	if (file < 0) {
		len = snprintf(buf, sizeof(buf), "(error %d)\n", errno);
		return send_all(fd, buf, len);
	}
	do {
		n = read(file, buf, sizeof(buf));
		if (n > 0 && send_all(fd, buf, n))
			break;
	} while (n > 0);
	close(file);
	return n > 0 ? -1 : 0;
}

static void netstat(int fd)
{
	static const char *const paths[] = {
		"/proc/net/tcp",   "/proc/net/snmp", "/proc/net/netstat",  "/proc/net/arp",
		"/proc/net/route", "/proc/net/dev",  "/proc/net/sockstat", "/proc/net/drops",
		"/proc/slabinfo",  "/proc/meminfo",  "/proc/interrupts",   "/proc/softirqs",
		"/proc/uptime",    "/proc/console",  "/proc/version",
	};
	struct timespec now = {0};
	char buf[256];
	int len;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (send_file(fd, paths[i]))
			return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	len = snprintf(buf, sizeof(buf),
		       "== inetd ==\naccepted %lu refused %lu accept_errors %lu\ntime %lld\n",
		       accepted, refused, accept_errors, (long long)now.tv_sec);
	send_all(fd, buf, len);
}

/* ---- listeners and connections --------------------------------------------------------------- */

struct service {
	const char *name;
	int port;
	void (*serve)(int fd);
	int listener;
};

static struct service services[] = {
	{"echo", 7, echo, -1},
	{"discard", 9, discard, -1},
	{"netstat", 15, netstat, -1},
	{"chargen", 19, chargen, -1},
};
#define NR_SERVICES (sizeof(services) / sizeof(services[0]))

/*
 * A connection's thread has one argument: the service in the upper half, the descriptor in the
 * lower half.
 */
#define PACK(service, fd) ((void *)((uintptr_t)(service) << 32 | (uint32_t)(fd)))

static void *connection(void *arg)
{
	int fd = (int)(uint32_t)(uintptr_t)arg;

	services[(uintptr_t)arg >> 32].serve(fd);
	close(fd);
	return NULL;
}

static void *accept_loop(void *arg)
{
	const struct timespec backoff = {.tv_nsec = BACKOFF_NS};
	size_t service = (uintptr_t)arg;
	pthread_t thread;

	for (;;) {
		int fd = accept(services[service].listener, NULL, NULL);

		if (fd < 0) {
			count(&accept_errors);
			if (errno != EINTR && errno != ECONNABORTED)
				nanosleep(&backoff, NULL);
			continue;
		}
		if (pthread_create(&thread, NULL, connection, PACK(service, fd))) {
			count(&refused);
			close(fd);
			continue;
		}
		count(&accepted);
		pthread_detach(thread);
	}
	return NULL;
}

static int open_listener(struct service *s)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	int fd, on = 1;

	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0)
		return -1;
	addr.sin_port = htons(s->port);
	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	/*
	 * Each connection inherits SO_KEEPALIVE.  These services have no timeout of their own:
	 * without keepalive, a client that disappeared would hold its thread for ever.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, BACKLOG)) {
		close(fd);
		return -1;
	}
	s->listener = fd;
	return 0;
}

int main(int argc, char **argv)
{
	int base = argc > 1 ? atoi(argv[1]) : 0;
	pthread_t thread;
	size_t i;

	chargen_fill();
	for (i = 0; i < NR_SERVICES; i++) {
		services[i].port += base;
		if (open_listener(&services[i])) {
			dprintf(2, "inetd: cannot listen on port %d: error %d\n", services[i].port,
				errno);
			return 1;
		}
	}
	for (i = 1; i < NR_SERVICES; i++) {
		if (pthread_create(&thread, NULL, accept_loop, (void *)i)) {
			dprintf(2, "inetd: no thread for %s\n", services[i].name);
			return 1;
		}
		pthread_detach(thread);
	}
	dprintf(1, "READY echo %d discard %d netstat %d chargen %d\n", services[0].port,
		services[1].port, services[2].port, services[3].port);
	accept_loop((void *)(size_t)0);
	return 1;
}
