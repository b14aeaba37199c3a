/* SPDX-License-Identifier: MIT */
/*
 * /proc/net as programs of Linux read it (proc(5)): the columns of dev, softnet_stat, arp and
 * route; their numbers must agree with the wire.
 */
#include "tests/hosted/beside.h"

#include "tests/host/virtio_model.h"

#include <generated/version.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/un.h>
#include <unistd.h>

/* Without TSO, each segment is one packet of the device, as on the wire. */
#define F_HOST_TSO4 (1ULL << 11)
#define NO_TSO                                                                                     \
	{                                                                                          \
		"features", MODEL_FEATURES_DEFAULT & ~F_HOST_TSO4                                  \
	}

/* Permits resolved routes and neighbours to stay in their caches when the scene ends. */
static void caches_may_keep_learnt_entries(void)
{
	host_set_baseline(A);
}

struct dev_line {
	unsigned long long rx_bytes, rx_packets, tx_bytes, tx_packets;
};

static struct dev_line dev(struct host *h, const char *name)
{
	const char *text = scene_proc(h, "/proc/net/dev");
	char pattern[32];
	struct dev_line d;
	const char *line;

	assert_memory_equal(text, "Inter-|   Receive", 17);
	snprintf(pattern, sizeof(pattern), " %s:", name);
	line = strstr(text, pattern);
	if (!line)
		fail_msg("no device %s in:\n%s", name, text);
	assert_int_equal(sscanf(line + strlen(pattern),
				"%llu %llu %*u %*u %*u %*u %*u %*u %llu %llu", &d.rx_bytes,
				&d.rx_packets, &d.tx_bytes, &d.tx_packets),
			 4);
	return d;
}

/* eth0 counts the packets on the wire; lo counts those from the host to itself. */
static void device_counters(void)
{
	struct dev_line a = dev(A, "eth0"), b = dev(B, "eth0"), lo = dev(A, "lo"), now;
	struct pair p;
	int self = scene_socket(A);

	scene_mark();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 5000);
	scene_sleep(1 * SEC);
	now = dev(A, "eth0");
	assert_int_equal(now.tx_packets - a.tx_packets, scene_count(A, TCP | OTHER));
	assert_int_equal(now.rx_packets - a.rx_packets, scene_count(B, TCP | OTHER));
	/* A counts as many bytes sent as B counts received: neither counts more than the frame. */
	assert_int_equal(now.tx_bytes - a.tx_bytes, dev(B, "eth0").rx_bytes - b.rx_bytes);
	assert_true(now.tx_bytes - a.tx_bytes > 5000);
	assert_true(now.rx_bytes - a.rx_bytes < 5000);
	assert_int_equal(dev(A, "lo").rx_packets, lo.rx_packets);
	assert_int_equal(scene_connect(A, self, A, 9), -ECONNREFUSED); /* a SYN and a reset */
	now = dev(A, "lo");
	assert_int_equal(now.rx_packets - lo.rx_packets, 2);
	assert_int_equal(now.tx_packets - lo.tx_packets, 2);
	scene_close(A, self);
	scene_pair_close(&p);
}

/* softnet_stat has a line for each CPU, in hexadecimal: packets, drops, times that the budget was
 * used up. */
static void softirq_results(void)
{
	unsigned int before, processed, dropped;
	struct pair p;

	assert_int_equal(sscanf(scene_proc(B, "/proc/net/softnet_stat"), "%x", &before), 1);
	scene_mark();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 5000);
	scene_sleep(1 * SEC);
	assert_int_equal(
		sscanf(scene_proc(B, "/proc/net/softnet_stat"), "%x %x", &processed, &dropped), 2);
	/* Merged segments count as one packet, so there may be fewer packets than on the wire. */
	assert_in_range(processed - before, 3, scene_count(A, TCP | OTHER));
	assert_int_equal(dropped, 0);
	assert_int_equal(strlen(scene_proc(B, "/proc/net/softnet_stat")), 11 * 9);
	scene_pair_close(&p);
}

/*
 * The columns: IP address, type, flags (2: resolved, 0: requested without an answer), link address,
 * mask, device.
 */
static void addresses_are_known(void)
{
	const struct sockaddr_in nobody = {
		.sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = htonl(0x0a000063)};
	int fd = scene_socket(A);
	unsigned int type, flags;
	char mac[18], device[16];
	const char *line;
	int64_t ticket;

	line = strstr(scene_proc(A, "/proc/net/arp"), "\n10.0.0.2 ");
	assert_non_null(line);
	assert_int_equal(sscanf(line, " %*s 0x%x 0x%x %17s * %15s", &type, &flags, mac, device), 4);
	assert_int_equal(type, 1);
	assert_int_equal(flags, 2);
	assert_string_equal(mac, "02:00:00:00:00:02");
	assert_string_equal(device, "eth0");
	ticket = scene_begin(A, SYS_connect, fd, PTR(&nobody), sizeof(nobody));
	line = strstr(scene_proc(A, "/proc/net/arp"), "\n10.0.0.99 ");
	assert_non_null(line);
	assert_int_equal(sscanf(line, " %*s 0x%x 0x%x %17s", &type, &flags, mac), 3);
	assert_int_equal(flags, 0);
	assert_string_equal(mac, "00:00:00:00:00:00");
	assert_int_equal(scene_end(A, ticket), -EHOSTUNREACH);
	scene_close(A, fd);
	caches_may_keep_learnt_entries();
}

/*
 * As on Linux, addresses and masks are printed as little-endian numbers: 10.0.0.0 is 0000000A.
 * Flags: 1: up, 2: through a gateway.
 */
static void routes_of_the_network(void)
{
	const char *text = scene_proc(A, "/proc/net/route");

	assert_memory_equal(text, "Iface\tDestination\tGateway \tFlags\t", 33);
	assert_non_null(strstr(text, "\neth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t"));
	assert_non_null(strstr(text, "\neth0\t00000000\t0200000A\t0003\t0\t0\t0\t00000000\t"));
}

/*
 * Sends a SYN to a host outside our networks.  No ARP request is needed, because the gateway's link
 * address is known.
 */
static void a_syn_leaves(void)
{
	const struct sockaddr_in far = {
		.sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = htonl(0xc6336401)};
	int fd = scene_socket(A);
	int64_t ticket;

	scene_drop_many(A, SYN, 1, ALWAYS);
	scene_mark();
	ticket = scene_begin(A, SYS_connect, fd, PTR(&far), sizeof(far));
	assert_int_equal(scene_count(A, OTHER), 0);
	assert_int_equal(scene_count(A, SYN), 1);
	scene_interrupt(A, ticket);
	assert_int_equal(scene_end(A, ticket), -EINTR);
	scene_close(A, fd);
	caches_may_keep_learnt_entries();
}

/* "gw=" names the gateway for packets to hosts outside our networks. */
static void through_the_gateway(void)
{
	routes_of_the_network();
	a_syn_leaves();
}

/*
 * A's network has only A's own address, so the gateway needs a host route (flag 4), and packets to
 * all other hosts go through the gateway.
 */
static void through_a_gateway_outside(void)
{
	const char *text = scene_proc(A, "/proc/net/route");
	struct pair p;

	assert_non_null(strstr(text, "\neth0\t0200000A\t00000000\t0005\t0\t0\t0\tFFFFFFFF\t"));
	assert_non_null(strstr(text, "\neth0\t00000000\t0200000A\t0003\t0\t0\t0\t00000000\t"));
	assert_null(strstr(text, "\t00FFFFFF\t"));
	a_syn_leaves();
	scene_heal();
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 10000);
	scene_carry(B, p.b, A, p.a, 10000);
	scene_pair_close(&p);
	caches_may_keep_learnt_entries();
}

/* Without a gateway, connect() to a host outside our networks fails at once. */
static void without_a_gateway(void)
{
	const struct sockaddr_in far = {
		.sin_family = AF_INET, .sin_port = htons(7), .sin_addr.s_addr = htonl(0xc6336401)};
	int fd = scene_socket(A);

	scene_mark();
	assert_null(strstr(scene_proc(A, "/proc/net/route"), "\t0003\t"));
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&far), sizeof(far)), -ENETUNREACH);
	assert_int_equal(scene_count(A, TCP | OTHER), 0);
	assert_int_equal(scene_counter(A, "Ip.OutNoRoutes"), 1);
	scene_close(A, fd);
}

/*
 * proc(5): name, version, compiler.  There is no user and no date, so that one tree always makes
 * the same image.
 */
static void the_version(void)
{
	const char *text = scene_proc(A, "/proc/version");
	int end = 0;

	sscanf(text, "softnet version " SOFTNET_VERSION " (build checked, gcc %*d.%*d.%*d)%n",
	       &end);
	assert_string_equal(text + end, "\n");
	assert_non_null(strstr(A->console(), "softnet " SOFTNET_VERSION ", checked build, "));
}

/* A gateway that is no host's address is reported, and the boot continues without it. */
static void an_invalid_gateway(void)
{
	assert_non_null(strstr(A->console(), "gw=A.B.C.D"));
	without_a_gateway();
}

/* ---- sockstat ------------------------------------------------------------------------------- */

/*
 * Moves this process to a network namespace of its own, so that no other process changes its
 * numbers. Returns false if this user may not create a namespace.
 */
static bool enter_a_namespace(void)
{
	return !unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNET : CLONE_NEWNET);
}

static void note_number(const char *text, const char *name, const char *when)
{
	const char *at = strstr(text, name);
	char what[100];
	int n;

	assert_non_null(at);
	assert_int_equal(sscanf(at + strlen(name), "%d", &n), 1);
	snprintf(what, sizeof(what), "%s, %s", name, when);
	note(what, n);
}

/*
 * Notes the numbers that do not count sockets of other network namespaces. Linux counts a closed
 * socket as used for some time more, so "used" is noted only until the first socket is closed.
 */
static void note_sockets(const char *when, bool used)
{
	static const char *const names[] = {"TCP: inuse",     "UDP: inuse", " tw",
					    "UDPLITE: inuse", "RAW: inuse", "FRAG: inuse"};
	int fd = on(SYS_openat, AT_FDCWD, PTR("/proc/net/sockstat"), O_RDONLY, 0);
	char text[1000] = "";

	assert_true(fd >= 0);
	assert_true(on(SYS_read, fd, PTR(text), sizeof(text) - 1) > 0);
	on(SYS_close, fd);
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		note_number(text, names[i], when);
	if (used)
		note_number(text, "sockets: used", when);
}

static void numbers_of_sockets(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct sockaddr_in any = {.sin_family = AF_INET};
	int tcp, udp, netlink, pair[2], ends[2];

	if (on_linux() && !enter_a_namespace())
		skip();
	note_sockets("at first", true);
	udp = on(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	if (on_linux())
		assert_int_equal(ioctl(udp, SIOCSIFFLAGS, &lo), 0);
	tcp = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	note_sockets("without ports", true);
	on(SYS_bind, tcp, PTR(&any), sizeof(any));
	on(SYS_bind, udp, PTR(&any), sizeof(any));
	note_sockets("with ports", true);
	on(SYS_listen, tcp, 1);
	note_sockets("with a listener", true);
	netlink = on(SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	on(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, PTR(pair));
	note_sockets("with other families", true);
	on(SYS_close, netlink);
	on(SYS_close, pair[0]);
	on(SYS_close, pair[1]);
	tcp_over_loopback(ends);
	note_sockets("with a connection", false);
	on(SYS_close, ends[0]);
	on(SYS_close, ends[1]);
	note_sockets("in TIME_WAIT", false);
	on(SYS_close, udp);
	on(SYS_close, tcp);
	note_sockets("at the end", false);
}
BESIDE_LINUX(numbers_of_sockets)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE_WITH(device_counters, NO_TSO),
		SCENE(softirq_results),
		SCENE(addresses_are_known),
		SCENE_WORDS(through_the_gateway, " gw=10.0.0.2"),
		SCENE_WORDS(through_the_gateway, " ip=10.0.0.1::10.0.0.2:255.255.255.0:a:eth0:off"),
		SCENE_WORDS(through_a_gateway_outside, " ip=10.0.0.1/32 gw=10.0.0.2"),
		SCENE(without_a_gateway),
		SCENE(the_version),
		SCENE(numbers_of_sockets_as_linux),
		SCENE_WORDS(an_invalid_gateway, " gw=224.0.0.1"),
	};

	return scene_play(tests);
}
