/* SPDX-License-Identifier: MIT */
/*
 * 52 days of mixed traffic between two hosted kernels, in virtual time: `make month`, and a short form in
 * `make hosted`.
 *
 *	month LIBRARY CONNECTIONS MIB [SEED]
 *
 * Each day short connections open, carry data and close in different orders, with and without
 * losses; SYNs arrive from senders that never answer; a peer disappears and keepalive ends its
 * connections.  Some connections last from the first day to the last.  One of these carries MIB
 * mebibytes in all.  Others are idle for more than 25 days, after which RFC 7323 5.5 no longer
 * trusts a timestamp.  Others are idle with keepalive.  In 52 days jiffies and the timestamps of
 * every such connection pass 2^32 ms.
 *
 * At the end of each day only the objects of the lasting connections may be alive.  At the end of
 * the run each cache has as many live objects as at the start.  The kernels' counters must agree
 * with what was played.  The program prints what it played; it ends with a message and status 1 at
 * the first error.
 *
 * It uses the conductor without scene.c, which would record each of the many frames.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "net/ipv4/limits.h"
#include "tests/host/conductor.h"
#include "tests/wire/pkt.h"

#define SEC        1000000000ULL
#define MS         1000000ULL
#define DAY        (86400 * SEC)
#define DAYS       52
#define PORT       7
#define DELAY      (100000ULL) /* ns */
#define LASTING    12
#define IDLE       4 /* the first of the LASTING connections: idle for IDLE_DAYS */
#define IDLE_DAYS  26
#define WATCHED    8 /* connections IDLE to WATCHED - 1: idle with keepalive */
#define BIG        (LASTING - 1)
#define GHOSTS     300     /* SYNs a day from senders that never answer */
#define CHUNK      1000000 /* bytes of one write */
#define LOSSY_PART 8       /* one in this many short connections has a bad wire */
#define ERRORS     64
/* after this time, orphans, TIME_WAIT and half-open connections have ended */
#define AFTER_ALL (1000 * SEC)

#define PTR(p) ((int64_t)(intptr_t)(p))

static struct conductor *c;
static struct host *a, *b;
static struct wire *wire;
static int listener;
static bool lossy;
static uint16_t mute_port; /* frames from and to this port of A are lost; 0: none */
static uint8_t bytes[CHUNK], got[CHUNK];

static struct {
	uint64_t opened, accepted, refused, reset, ghosts, lost, payload, big, by_keepalive;
} played;

static void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr,
		"month, day %llu, connection %llu: ", (unsigned long long)(conductor_now(c) / DAY),
		(unsigned long long)played.opened);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n---- a\n%s\n---- b\n%s\n", a->console(), b->console());
	va_end(args);
	exit(1);
}

static uint64_t dice(uint64_t below)
{
	return conductor_random(c, below);
}

/* ---- calls -------------------------------------------------------------------------------------- */

#define call(h, nr, ...) call_args(h, nr, (const int64_t[6]){__VA_ARGS__})
static int64_t call_args(struct host *h, long nr, const int64_t p[6])
{
	return host_call(h, nr, p[0], p[1], p[2], p[3], p[4], p[5]);
}

/* Makes a call that must return @expected. */
#define must(h, expected, nr, ...) must_args(h, expected, nr, (const int64_t[6]){__VA_ARGS__}, #nr)
static void must_args(struct host *h, int64_t expected, long nr, const int64_t p[6],
		      const char *name)
{
	int64_t result = call_args(h, nr, p);

	if (result != expected)
		die("%s of host %u: %lld instead of %lld", name, h->index, (long long)result,
		    (long long)expected);
}

static void set(struct host *h, int fd, int level, int option, int value)
{
	must(h, 0, SYS_setsockopt, fd, level, option, PTR(&value), sizeof(value));
}

static int64_t connect_to(int fd, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(0x0a000002)};

	return call(a, SYS_connect, fd, PTR(&to), sizeof(to));
}

static uint16_t port_of(struct host *h, int fd)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	must(h, 0, SYS_getsockname, fd, PTR(&address), PTR(&len));
	return ntohs(address.sin_port);
}

/* Returns the text of a file of /proc, at most 16 KiB, which is valid until the next call. */
static const char *proc(struct host *h, const char *path)
{
	static char text[16384];
	int64_t fd = call(h, SYS_open, PTR(path), O_RDONLY, 0), n, len = 0;

	while ((n = call(h, SYS_read, fd, PTR(text + len), sizeof(text) - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	call(h, SYS_close, fd);
	return text;
}

/* Returns the value of @name in the group "Tcp:" of /proc/net/snmp. */
static uint64_t tcp_counter(struct host *h, const char *name)
{
	const char *text = proc(h, "/proc/net/snmp"), *names = strstr(text, "Tcp: "), *values;
	unsigned int at = 0;
	char word[64];
	int used;

	values = strstr(names + 1, "\nTcp: ") + 1;
	for (; sscanf(names, "%63s%n", word, &used) == 1 && strcmp(word, name); at++)
		names += used;
	for (; sscanf(values, "%63s%n", word, &used) == 1 && at; at--)
		values += used;
	return strtoull(word, NULL, 10);
}

/* ---- the wire ----------------------------------------------------------------------------------- */

static struct fate hook(void *arg, struct wire *w, struct host *from, uint8_t *frame, size_t *len)
{
	uint16_t port = mute_port;
	struct pkt_tcp t;

	if (port && pkt_is_tcp(frame, *len) && !pkt_read_tcp(frame, *len, &t) &&
	    (t.sport == port || t.dport == port)) {
		played.lost++;
		return (struct fate){.drop = true};
	}
	if (!lossy || dice(32))
		return (struct fate){0};
	played.lost++;
	return (struct fate){.drop = true};
}

/* Sends a SYN from an address of the subnet that no host has; the SYN-ACK gets no answer. */
static void ghost(void)
{
	uint8_t frame[PKT_ETH + PKT_IP + PKT_TCP], *ip = frame + PKT_ETH;

	pkt_put_eth(frame, 0x020000000002, 0x020000000099, PKT_TYPE_IP);
	pkt_put_ip(ip, PKT_PROTO_TCP, 0x0a000080 + dice(64), 0x0a000002, PKT_TCP);
	pkt_put_tcp(ip + PKT_IP, &(struct pkt_tcp){.sport = 1024 + dice(60000),
						   .dport = PORT,
						   .seq = dice(1ULL << 32),
						   .header = PKT_TCP,
						   .flags = 2,
						   .window = 1000});
	pkt_sum_tcp(ip, PKT_TCP);
	wire_inject(wire, b, frame, sizeof(frame));
	played.ghosts++;
}

/* ---- connections -------------------------------------------------------------------------------- */

struct line {
	int a, b;
	uint16_t port;
};

static struct line lasting[LASTING];

static struct line open_line(void)
{
	struct line l;
	int64_t err;

	l.a = call(a, SYS_socket, AF_INET, SOCK_STREAM, 0);
	err = connect_to(l.a, PORT);
	if (err)
		die("connect(): %lld", (long long)err);
	l.b = call(b, SYS_accept4, listener, 0, 0, 0);
	if (l.b < 0)
		die("accept(): %d", l.b);
	l.port = port_of(a, l.a);
	played.opened++;
	played.accepted++;
	return l;
}

/* Sends @n bytes, at most CHUNK, and compares the bytes that arrive. */
static void carry(struct host *from, int from_fd, struct host *to, int to_fd, size_t n)
{
	size_t offset = dice(CHUNK - n + 1);
	int64_t ticket =
		host_submit(from, SYS_sendto, from_fd, PTR(bytes + offset), n, MSG_NOSIGNAL, 0, 0);
	int64_t result, sent;

	result = call(to, SYS_recvfrom, to_fd, PTR(got), n, MSG_WAITALL, 0, 0);
	if (result != (int64_t)n || !host_wait(from, ticket, 3600 * SEC, &sent) ||
	    sent != (int64_t)n)
		die("%lld of %zu bytes arrived", (long long)result, n);
	if (memcmp(got, bytes + offset, n))
		die("wrong bytes");
	played.payload += n;
}

static void close_fd(struct host *h, int fd)
{
	must(h, 0, SYS_close, fd);
}

static void reset(struct host *h, int fd)
{
	struct linger hard = {1, 0};

	must(h, 0, SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, PTR(&hard), sizeof(hard));
	close_fd(h, fd);
	played.reset++;
}

static void end_line(struct line *l, unsigned int order)
{
	char byte;

	switch (order) {
	case 0:
		close_fd(a, l->a);
		close_fd(b, l->b);
		break;
	case 1:
		close_fd(b, l->b);
		close_fd(a, l->a);
		break;
	case 2: /* each side reads up to the end of the other's stream */
		must(a, 0, SYS_shutdown, l->a, SHUT_WR);
		must(b, 0, SYS_recvfrom, l->b, PTR(&byte), 1, 0, 0, 0);
		close_fd(b, l->b);
		must(a, 0, SYS_recvfrom, l->a, PTR(&byte), 1, 0, 0, 0);
		close_fd(a, l->a);
		break;
	case 3:
		reset(a, l->a);
		close_fd(b, l->b);
		break;
	case 4:
		reset(b, l->b);
		close_fd(a, l->a);
		break;
	default: /* B closes with unread data, which resets the connection */
		call(a, SYS_sendto, l->a, PTR(bytes), 100, MSG_NOSIGNAL, 0, 0);
		conductor_sleep(c, 10 * MS);
		close_fd(b, l->b);
		close_fd(a, l->a);
	}
}

static void short_connection(void)
{
	static const unsigned int orders[] = {0, 0, 0, 1, 1, 1, 2, 2, 3, 4, 5};
	struct line l;

	lossy = !dice(LOSSY_PART);
	l = open_line();
	carry(a, l.a, b, l.b, 1 + dice(dice(16) ? 200 : 20000));
	carry(b, l.b, a, l.a, 1 + dice(dice(16) ? 2000 : 50000));
	end_line(&l, orders[dice(sizeof(orders) / sizeof(orders[0]))]);
	if (lossy)
		conductor_sleep(c, dice(3) * SEC);
	lossy = false;
}

/* FIN_WAIT2 at A ends by its timeout; B closes later and is reset. */
static void half_closed_for_long(void)
{
	struct line l = open_line();

	close_fd(a, l.a);
	conductor_sleep(c, 100 * SEC);
	close_fd(b, l.b);
}

static void watch(struct host *h, int fd, int idle)
{
	set(h, fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(h, fd, IPPROTO_TCP, TCP_KEEPIDLE, idle);
}

/* The path fails for good; keepalive finds that at both ends. */
static void peer_disappears(void)
{
	struct line l = open_line();
	char byte;

	watch(a, l.a, 60);
	watch(b, l.b, 600);
	mute_port = l.port;
	must(a, -ETIMEDOUT, SYS_recvfrom, l.a, PTR(&byte), 1, 0, 0, 0);
	must(b, -ETIMEDOUT, SYS_recvfrom, l.b, PTR(&byte), 1, 0, 0, 0);
	close_fd(a, l.a);
	close_fd(b, l.b);
	mute_port = 0;
	played.by_keepalive++;
}

static void refused_connection(void)
{
	int fd = call(a, SYS_socket, AF_INET, SOCK_STREAM, 0);

	if (connect_to(fd, 99) != -ECONNREFUSED)
		die("no refusal");
	close_fd(a, fd);
	played.refused++;
}

/* ---- memory and counters -------------------------------------------------------------------------- */

#define CACHES 128

struct memory {
	uint64_t live[CACHES];
	uint64_t pages;
	uint32_t timers;
};

static struct memory memory_of(struct host *h)
{
	struct memory m = {.pages = h->free_pages(), .timers = h->timers_armed()};
	const char *name;

	for (uint32_t i = 0; i < CACHES && !h->cache(i, &name, &m.live[i]); i++)
		;
	return m;
}

/*
 * Routes and link addresses stay until new entries replace them, so their number is bounded but not
 * constant.
 */
static uint64_t most_of(const char *name, uint64_t before)
{
	if (!strcmp(name, "ip_dst_cache"))
		return before + ROUTE_CACHE_SIZE;
	return strcmp(name, "neighbour") ? before : NEIGH_MAX;
}

/* Compares the live objects of @h with @before, cache by cache. */
static void compare(struct host *h, const struct memory *before, const char *when)
{
	struct memory now = memory_of(h);
	const char *name;
	uint64_t live;

	for (uint32_t i = 0; i < CACHES && !h->cache(i, &name, &live); i++) {
		uint64_t most = most_of(name, before->live[i]);

		if (now.live[i] > most || (most == before->live[i] && now.live[i] < most))
			die("%s: host %u has %llu objects of %s instead of %llu", when, h->index,
			    (unsigned long long)now.live[i], name,
			    (unsigned long long)before->live[i]);
	}
	if (now.timers != before->timers)
		die("%s: host %u has %u timers instead of %u", when, h->index, now.timers,
		    before->timers);
}

static void check_counters(void)
{
	char wrong[256];

	if (tcp_counter(a, "ActiveOpens") != played.opened + played.refused)
		die("ActiveOpens %llu", (unsigned long long)tcp_counter(a, "ActiveOpens"));
	if (tcp_counter(b, "PassiveOpens") != played.accepted)
		die("PassiveOpens %llu", (unsigned long long)tcp_counter(b, "PassiveOpens"));
	if (tcp_counter(a, "AttemptFails") != played.refused)
		die("AttemptFails %llu", (unsigned long long)tcp_counter(a, "AttemptFails"));
	if (tcp_counter(a, "InCsumErrors") || tcp_counter(b, "InCsumErrors"))
		die("InCsumErrors");
	/* Each frame that was not lost arrived. */
	if (a->stat("frames_out") + b->stat("frames_out") + played.ghosts !=
	    a->stat("frames_in") + b->stat("frames_in") + played.lost)
		die("frames are missing");
	if (a->stat("frames_dropped") || b->stat("frames_dropped"))
		die("the device dropped frames");
	if (a->inspect(wrong, sizeof(wrong)) || b->inspect(wrong, sizeof(wrong)))
		die("%s", wrong);
	if (a->warn_count() || b->warn_count())
		die("a warning");
}

/* ---- playing the days ---------------------------------------------------------------------------- */

/* Returns true if the lasting connection @i carries data on this day. */
static bool is_used(unsigned int i, unsigned int day)
{
	if (i < IDLE)
		return day % IDLE_DAYS == IDLE_DAYS - 1;
	return i >= WATCHED || day % 7 == 6;
}

static void a_day(unsigned int day, unsigned int connections, uint64_t mib)
{
	/* Each remaining day carries an equal share of the remaining bytes. */
	uint64_t begin = conductor_now(c), part = ((mib << 20) - played.big) / (DAYS - day);

	for (unsigned int i = 0; i < connections; i++)
		short_connection();
	for (unsigned int i = 0; i < 10; i++)
		refused_connection();
	for (unsigned int i = 0; i < GHOSTS; i++)
		ghost();
	for (uint64_t done = 0; done < part; done += CHUNK) {
		carry(a, lasting[BIG].a, b, lasting[BIG].b, CHUNK);
		played.big += CHUNK;
	}
	half_closed_for_long();
	peer_disappears();
	for (unsigned int i = 0; i < LASTING; i++) {
		if (is_used(i, day)) {
			carry(a, lasting[i].a, b, lasting[i].b, 1000);
			carry(b, lasting[i].b, a, lasting[i].a, 1000);
		}
	}
	conductor_sleep(c, begin + DAY - conductor_now(c));
}

static void begin(const char *library, uint64_t seed)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};

	c = conductor_new(library, seed);
	if (!c || !(a = conductor_host(c, "ip=10.0.0.1/24 app=none")) ||
	    !(b = conductor_host(c, "ip=10.0.0.2/24 app=none")))
		exit(1);
	wire = conductor_wire(c, a, b, DELAY);
	wire_set_hook(wire, hook, NULL);
	for (size_t i = 0; i < CHUNK; i++)
		bytes[i] = dice(256);
	listener = call(b, SYS_socket, AF_INET, SOCK_STREAM, 0);
	must(b, 0, SYS_bind, listener, PTR(&address), sizeof(address));
	must(b, 0, SYS_listen, listener, 128);
}

int main(int argc, char **argv)
{
	unsigned int connections = argc > 2 ? atoi(argv[2]) : 0;
	uint64_t mib = argc > 3 ? strtoull(argv[3], NULL, 0) : 0;
	struct memory at_start[2], daily[2];

	if (argc < 4) {
		fprintf(stderr, "usage: month LIBRARY CONNECTIONS MIB [SEED]\n");
		return 2;
	}
	begin(argv[1], argc > 4 ? strtoull(argv[4], NULL, 0) : 1);
	/* The first day fills caches that keep memory: routes, link addresses, empty slabs. */
	for (unsigned int i = 0; i < LASTING; i++)
		lasting[i] = open_line();
	a_day(DAYS - 1, 20, 0);
	for (unsigned int i = 0; i < LASTING; i++)
		end_line(&lasting[i], 0);
	conductor_sleep(c, AFTER_ALL);
	at_start[0] = memory_of(a);
	at_start[1] = memory_of(b);
	for (unsigned int i = 0; i < LASTING; i++) {
		lasting[i] = open_line();
		if (i >= IDLE && i < WATCHED) {
			watch(a, lasting[i].a, 7200);
			watch(b, lasting[i].b, 7200);
		}
	}
	conductor_sleep(c, AFTER_ALL);
	daily[0] = memory_of(a);
	daily[1] = memory_of(b);
	for (unsigned int day = 0; day < DAYS; day++) {
		a_day(day, connections / DAYS + (day < connections % DAYS), mib);
		compare(a, &daily[0], "after a day");
		compare(b, &daily[1], "after a day");
		check_counters();
	}
	for (unsigned int i = 0; i < LASTING; i++)
		end_line(&lasting[i], i % 5);
	conductor_sleep(c, AFTER_ALL);
	compare(a, &at_start[0], "at the end");
	compare(b, &at_start[1], "at the end");
	printf("%u days: %llu connections (%llu reset, %llu ended by keepalive), %llu refused, "
	       "%llu half-open, %llu frames lost, %llu MiB, of these %llu on one connection; "
	       "memory "
	       "as at the start\n",
	       DAYS, (unsigned long long)played.opened, (unsigned long long)played.reset,
	       (unsigned long long)played.by_keepalive, (unsigned long long)played.refused,
	       (unsigned long long)played.ghosts, (unsigned long long)played.lost,
	       (unsigned long long)(played.payload >> 20), (unsigned long long)(played.big >> 20));
	conductor_free(c);
	return 0;
}
