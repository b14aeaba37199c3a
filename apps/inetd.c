/* SPDX-License-Identifier: MIT */
/*
 * The classic small services: echo (7, RFC 862), discard (9, RFC 863) and chargen (19, RFC 864) over TCP
 * and UDP, netstat (15) over TCP, daytime (13, RFC 867) over UDP, in one thread with one epoll loop.
 *
 * The same program runs on Linux and on softnet: musl-gcc -static inetd.c -o inetd; ./inetd 7000
 * listens on 7007, 7009, 7013, 7015 and 7019.
 *
 * A connection is watched edge-triggered from accept() to close(), so the loop never changes its
 * registration: one event costs epoll_wait(), recv() and send().  A connection that could go on for
 * ever (chargen, a fast sender) yields after TURN_CALLS calls, and continues in the loop's next iteration.
 *
 * No answer over UDP is longer than its request, so a forged source address amplifies nothing, except
 * daytime's 26 bytes. A request from a port of these services gets no answer: otherwise two such
 * services, of one machine or of two, could answer each other without end.
 *
 * Neither a peer nor a lack of memory or descriptors stops the program.  An idle connection costs
 * sizeof(struct conn) bytes.  Bytes that a peer does not take are kept in a buffer.  There are at
 * most BUFFERS_MAX buffers; a connection that would need one more is closed and counted (netstat's
 * last lines show the counts).
 */
#define _GNU_SOURCE /* accept4() */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BACKLOG     4096
#define BACKOFF_MS  10   /* pause after accept() failed because memory or descriptors ran out */
#define CONNS_FIRST 256  /* initial number of entries of the table of connections */
#define EVENTS      64   /* events that one epoll_wait() returns at most */
#define TURN_CALLS  16   /* calls of recv() or send() before a connection must yield */
#define CHUNK       4096 /* bytes that one recv() of echo reads at most; also the size of a buffer */
#define SINK_CHUNK  65536
#define BUFFERS_MAX 512 /* buffers of peers that do not read: 2 MiB in all */

/* Bytes that the peer has not taken yet, and netstat's position in its report. */
struct buffer {
	unsigned short start, end; /* the bytes not sent yet */
	int file;                  /* netstat: the open file, or -1 */
	unsigned int next;         /* netstat: index of the next file */
	char bytes[CHUNK];
};

enum state { FREE, LISTENER, DATAGRAMS, ECHO, DISCARD, NETSTAT, CHARGEN };

/* The table has one entry for each descriptor. */
struct conn {
	unsigned char state;     /* enum state; a connection's state names its service */
	unsigned char service;   /* LISTENER, DATAGRAMS: the index of the service */
	unsigned char ending;    /* a FIN or a reset came: read until the end */
	unsigned char postponed; /* in the list of connections to serve in the next iteration */
	unsigned int at;         /* chargen: offset in the pattern */
	int next;                /* postponed: the next descriptor of the list, or -1 */
	struct buffer *buffer;   /* NULL: all bytes were sent */
};

static struct conn *conns; /* indexed by descriptor; an entry is valid after its first use */
static int nr_conns;
static int postponed_first = -1, postponed_last = -1;
static unsigned int nr_buffers;
static unsigned long accepted, refused, accept_errors;

/*
 * Makes the entry of a new descriptor.  Returns NULL if there is no memory.  Pointers to other
 * entries are not valid after the call: the table may have moved.
 */
static struct conn *conn_new(int fd, enum state state)
{
	int n = nr_conns ? nr_conns : CONNS_FIRST;

	while (n <= fd)
		n *= 2;
	if (n != nr_conns) {
		struct conn *grown = realloc(conns, n * sizeof(*conns));

		if (!grown)
			return NULL;
		conns = grown;
		nr_conns = n;
	}
	conns[fd] = (struct conn){.state = state};
	return &conns[fd];
}

/* ---- buffers, and the list of postponed connections ------------------------------------------ */

static struct buffer *buffer_get(struct conn *c)
{
	struct buffer *b = nr_buffers < BUFFERS_MAX ? malloc(sizeof(*b)) : NULL;

	if (!b)
		return NULL;
	nr_buffers++;
	b->start = b->end = 0;
	b->file = -1;
	b->next = 0;
	c->buffer = b;
	return b;
}

static void buffer_put(struct conn *c)
{
	if (!c->buffer)
		return;
	if (c->buffer->file >= 0)
		close(c->buffer->file);
	free(c->buffer);
	c->buffer = NULL;
	nr_buffers--;
}

static void postpone(int fd)
{
	if (conns[fd].postponed)
		return;
	conns[fd].postponed = 1;
	conns[fd].next = -1;
	if (postponed_last < 0)
		postponed_first = fd;
	else
		conns[postponed_last].next = fd;
	postponed_last = fd;
}

/* ---- the services: each returns 0 to be called at the next event, AGAIN, or -1 to close ------- */

#define AGAIN 1 /* more to do: call the service again in the loop's next iteration */

/* Returns what a service returns after a failure of recv() or send(). */
static int failure(void)
{
	return errno == EAGAIN ? 0 : errno == EINTR ? AGAIN : -1;
}

/*
 * Sends the bytes of the buffer. Returns AGAIN when all are sent, or a signal came; 0 if the peer
 * takes no more now; or -1.
 */
static int flush(int fd, struct buffer *b)
{
	while (b->start < b->end) {
		ssize_t n = send(fd, b->bytes + b->start, b->end - b->start, MSG_NOSIGNAL);

		if (n < 0)
			return failure();
		b->start += n;
	}
	return AGAIN;
}

/* Keeps the bytes that a send() has not taken. Returns 0, or -1 if no buffer is free. */
static int keep(struct conn *c, const char *bytes, size_t n)
{
	struct buffer *b = buffer_get(c);

	if (!b) {
		refused++;
		return -1;
	}
	memcpy(b->bytes, bytes, n);
	b->end = n;
	return 0;
}

static int echo(int fd, struct conn *c)
{
	static char bytes[CHUNK];

	if (c->buffer) {
		int ret = flush(fd, c->buffer);

		if (ret != AGAIN || c->buffer->start < c->buffer->end)
			return ret;
		buffer_put(c);
	}
	for (int i = 0; i < TURN_CALLS; i++) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0), sent;

		if (n <= 0)
			return n ? failure() : -1;
		sent = send(fd, bytes, n, MSG_NOSIGNAL);
		if (sent < 0 && failure() < 0)
			return -1;
		if (sent < n)
			return keep(c, bytes + (sent < 0 ? 0 : sent), n - (sent < 0 ? 0 : sent));
		/*
		 * If recv() did not fill the buffer, the receive queue is empty, and the next byte
		 * is a new event.  But the end of the stream may have come with these bytes, in the
		 * same event.
		 */
		if (n < (ssize_t)sizeof(bytes) && !c->ending)
			return 0;
	}
	return AGAIN;
}

/*
 * MSG_TRUNC on a stream discards bytes from the receive queue without copying them, so no buffer is
 * needed (tcp(7)).
 */
static int discard(int fd, struct conn *c)
{
	(void)c;
	for (int i = 0; i < TURN_CALLS; i++) {
		ssize_t n = recv(fd, NULL, SINK_CHUNK, MSG_TRUNC);

		if (n <= 0)
			return n ? failure() : -1;
	}
	return AGAIN;
}

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

static int chargen(int fd, struct conn *c)
{
	for (int i = 0; i < TURN_CALLS; i++) {
		ssize_t n = send(fd, pattern + c->at, GEN_CHUNK, MSG_NOSIGNAL);

		if (n < 0)
			return failure();
		c->at = (c->at + n) % CYCLE;
	}
	return AGAIN;
}

/* ---- netstat --------------------------------------------------------------------------------- */

static const char *const netstat_files[] = {
	"/proc/net/tcp",   "/proc/net/snmp", "/proc/net/netstat",  "/proc/net/arp",
	"/proc/net/route", "/proc/net/dev",  "/proc/net/sockstat", "/proc/net/drops",
	"/proc/slabinfo",  "/proc/meminfo",  "/proc/interrupts",   "/proc/softirqs",
	"/proc/uptime",    "/proc/console",  "/proc/version",
};
#define NR_FILES (sizeof(netstat_files) / sizeof(netstat_files[0]))

/* Fills the empty buffer with the next part of the report.  Returns false after the last part. */
static int netstat_fill(struct buffer *b)
{
	struct timespec now = {0};
	const char *path;
	ssize_t n;

	b->start = b->end = 0;
	if (b->file >= 0) {
		n = read(b->file, b->bytes, sizeof(b->bytes));
		if (n > 0) {
			b->end = n;
			return 1;
		}
		close(b->file);
		b->file = -1;
	}
	if (b->next > NR_FILES)
		return 0;
	if (b->next == NR_FILES) {
		clock_gettime(CLOCK_REALTIME, &now);
		b->end = snprintf(
			b->bytes, sizeof(b->bytes),
			"== inetd ==\naccepted %lu refused %lu accept_errors %lu\ntime %lld\n",
			accepted, refused, accept_errors, (long long)now.tv_sec);
	} else {
		path = netstat_files[b->next];
		b->end = snprintf(b->bytes, sizeof(b->bytes), "== %s ==\n", path);
		b->file = open(path, O_RDONLY | O_CLOEXEC);
		if (b->file < 0)
			b->end += snprintf(b->bytes + b->end, sizeof(b->bytes) - b->end,
					   "(error %d)\n", errno);
	}
	b->next++;
	return 1;
}

static int netstat(int fd, struct conn *c)
{
	if (!c->buffer && !buffer_get(c)) {
		refused++;
		return -1;
	}
	for (int i = 0; i < TURN_CALLS; i++) {
		int ret = flush(fd, c->buffer);

		if (ret != AGAIN || c->buffer->start < c->buffer->end)
			return ret;
		if (!netstat_fill(c->buffer))
			return -1;
	}
	return AGAIN;
}

/* ---- datagrams ------------------------------------------------------------------------------- */

#define DATAGRAM_MAX     65536
#define CHARGEN_DATAGRAM 512 /* bytes of an answer at most (RFC 864) */

static char datagram[DATAGRAM_MAX];

/* answer_...(): each writes its answer to a request of @n bytes to datagram[]; returns its length; -1: no answer. */
static ssize_t answer_echo(size_t n)
{
	return n;
}

static ssize_t answer_discard(size_t n)
{
	(void)n;
	return -1;
}

static int is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Writes the time as "Tue Dec  1 03:39:26 2026", in UTC. */
static ssize_t answer_daytime(size_t n)
{
	static const char weekdays[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const struct {
		char name[4];
		int days;
	} months[12] = {{"Jan", 31}, {"Feb", 28}, {"Mar", 31}, {"Apr", 30},
			{"May", 31}, {"Jun", 30}, {"Jul", 31}, {"Aug", 31},
			{"Sep", 30}, {"Oct", 31}, {"Nov", 30}, {"Dec", 31}};
	struct timespec now = {0};
	int year = 1970, month = 0;
	long day, second;
	const char *weekday;

	(void)n;
	clock_gettime(CLOCK_REALTIME, &now);
	day = now.tv_sec / 86400;
	second = now.tv_sec % 86400;
	weekday = weekdays[day % 7]; /* 1970-01-01 was a Thursday */
	for (; day >= 365 + is_leap(year); year++)
		day -= 365 + is_leap(year);
	for (; day >= months[month].days + (month == 1 && is_leap(year)); month++)
		day -= months[month].days + (month == 1 && is_leap(year));
	return snprintf(datagram, sizeof(datagram), "%s %s %2ld %02ld:%02ld:%02ld %d\r\n", weekday,
			months[month].name, day + 1, second / 3600, second / 60 % 60, second % 60,
			year);
}

/* The answer is as long as the request; RFC 864 allows any length up to 512 bytes. */
static ssize_t answer_chargen(size_t n)
{
	static unsigned int line;

	if (n > CHARGEN_DATAGRAM)
		n = CHARGEN_DATAGRAM;
	memcpy(datagram, pattern + line++ % NR_CHARS * LINE_LEN, n);
	return n;
}

static struct datagram_service {
	int port;
	ssize_t (*answer)(size_t n);
} datagram_services[] = {
	{7, answer_echo},
	{9, answer_discard},
	{13, answer_daytime},
	{19, answer_chargen},
};
#define NR_DATAGRAM_SERVICES (sizeof(datagram_services) / sizeof(datagram_services[0]))

static int is_service_port(int port)
{
	for (size_t i = 0; i < NR_DATAGRAM_SERVICES; i++) {
		if (datagram_services[i].port == port)
			return 1;
	}
	return 0;
}

/* The socket is watched level-triggered, so requests that are left are served in the next iteration. */
static void serve_datagrams(int fd, const struct datagram_service *s)
{
	for (int i = 0; i < TURN_CALLS; i++) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		ssize_t n =
			recvfrom(fd, datagram, sizeof(datagram), 0, (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		n = s->answer(n);
		if (n >= 0 && !is_service_port(ntohs(from.sin_port)))
			sendto(fd, datagram, n, 0, (struct sockaddr *)&from, len);
	}
}

/* ---- listeners and connections --------------------------------------------------------------- */

static struct service {
	const char *name;
	int port;
	int (*serve)(int fd, struct conn *c);
	int listener;
	int paused; /* accept() failed: not watched until BACKOFF_MS are over */
} services[] = {
	[ECHO] = {"echo", 7, echo, -1, 0},
	[DISCARD] = {"discard", 9, discard, -1, 0},
	[NETSTAT] = {"netstat", 15, netstat, -1, 0},
	[CHARGEN] = {"chargen", 19, chargen, -1, 0},
};
#define FIRST_SERVICE ECHO
#define NR_SERVICES   (sizeof(services) / sizeof(services[0]))

static int watch(int epoll, int fd, unsigned int events)
{
	struct epoll_event event = {.events = events, .data.fd = fd};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void serve(int fd)
{
	struct conn *c = &conns[fd];
	int ret = services[c->state].serve(fd, c);

	if (ret == AGAIN) {
		postpone(fd);
	} else if (ret < 0) {
		buffer_put(c);
		c->state = FREE;
		close(fd); /* also removes the descriptor from the epoll */
	}
}

static void accept_one(int epoll, struct service *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return;
		accept_errors++;
		if (errno == ECONNABORTED)
			return;
		epoll_ctl(epoll, EPOLL_CTL_DEL, s->listener, NULL);
		s->paused = 1;
		return;
	}
	if (!conn_new(fd, s - services) ||
	    watch(epoll, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)) {
		refused++;
		close(fd);
		return;
	}
	accepted++;
	serve(fd); /* data may have arrived already, and some services send first */
}

/* Watches each listener again when its pause is over.  Returns the timeout for epoll_wait(). */
static int resume_listeners(int epoll, int waited)
{
	int timeout = -1;

	for (size_t i = FIRST_SERVICE; i < NR_SERVICES; i++) {
		if (!services[i].paused)
			continue;
		if (waited && !watch(epoll, services[i].listener, EPOLLIN))
			services[i].paused = 0;
		else
			timeout = BACKOFF_MS;
	}
	return timeout;
}

/* Serves each connection that is postponed now.  A connection that serve() postpones again waits for the next call. */
static void serve_postponed(void)
{
	int last = postponed_last, fd;

	do {
		fd = postponed_first;
		postponed_first = conns[fd].next;
		if (postponed_first < 0)
			postponed_last = -1;
		conns[fd].postponed = 0;
		if (conns[fd].state > DATAGRAMS)
			serve(fd);
	} while (fd != last);
}

static void loop(int epoll)
{
	struct epoll_event events[EVENTS];
	int timeout = -1, n;

	for (;;) {
		n = epoll_wait(epoll, events, EVENTS, postponed_first < 0 ? timeout : 0);
		for (int i = 0; i < n; i++) {
			int fd = events[i].data.fd;

			if (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
				conns[fd].ending = 1;
			if (conns[fd].state == LISTENER)
				accept_one(epoll, &services[conns[fd].service]);
			else if (conns[fd].state == DATAGRAMS)
				serve_datagrams(fd, &datagram_services[conns[fd].service]);
			else if (conns[fd].state != FREE && !conns[fd].postponed)
				serve(fd);
		}
		if (postponed_first >= 0)
			serve_postponed();
		timeout = resume_listeners(epoll, n == 0 && timeout >= 0);
	}
}

static int open_listener(int epoll, size_t service)
{
	struct service *s = &services[service];
	struct sockaddr_in addr = {.sin_family = AF_INET};
	struct conn *c;
	int fd, on = 1;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	addr.sin_port = htons(s->port);
	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	/*
	 * Each connection inherits SO_KEEPALIVE.  These services have no timeout of their own:
	 * without keepalive, a client that disappeared would hold its connection for ever.
	 */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, BACKLOG) ||
	    watch(epoll, fd, EPOLLIN))
		return -1;
	c = conn_new(fd, LISTENER);
	if (!c)
		return -1;
	c->service = service;
	s->listener = fd;
	return 0;
}

static int open_datagrams(int epoll, size_t service)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_port = htons(datagram_services[service].port),
				   .sin_addr.s_addr = htonl(INADDR_ANY)};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct conn *c;

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || watch(epoll, fd, EPOLLIN))
		return -1;
	c = conn_new(fd, DATAGRAMS);
	if (!c)
		return -1;
	c->service = service;
	return 0;
}

int main(int argc, char **argv)
{
	int base = argc > 1 ? atoi(argv[1]) : 0;
	struct rlimit files;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	/* Raise the limit of open files to the system's maximum: each connection needs a file. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	chargen_fill();
	for (size_t i = FIRST_SERVICE; i < NR_SERVICES; i++) {
		services[i].port += base;
		if (open_listener(epoll, i)) {
			dprintf(2, "inetd: cannot listen on port %d: error %d\n", services[i].port,
				errno);
			return 1;
		}
	}
	for (size_t i = 0; i < NR_DATAGRAM_SERVICES; i++) {
		datagram_services[i].port += base;
		if (open_datagrams(epoll, i)) {
			dprintf(2, "inetd: cannot open UDP port %d: error %d\n",
				datagram_services[i].port, errno);
			return 1;
		}
	}
	dprintf(1, "READY echo %d discard %d netstat %d chargen %d\n", services[ECHO].port,
		services[DISCARD].port, services[NETSTAT].port, services[CHARGEN].port);
	loop(epoll);
	return 1;
}
