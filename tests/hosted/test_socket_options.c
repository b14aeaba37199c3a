/* SPDX-License-Identifier: MIT */
/*
 * Socket options that choose the device, the route and the addresses of packets, and the sizes of
 * buffers: their effects, and, beside Linux, the errors of their calls. socket(7), ip(7).
 * test_sockopt.c and test_options.c have TCP's options.
 */
#include "tests/hosted/udp_calls.h"

#include <net/if.h>
#include <netinet/ip.h>

#define PORT 7

static uint32_t address_of(const struct host *h)
{
	return scene_address(h, 0)->sin_addr.s_addr;
}

static int udp_on(struct host *h)
{
	int fd = scene_call(h, SYS_socket, AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

static int64_t bind_device(struct host *h, int fd, const char *name)
{
	return scene_call(h, SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR(name),
			  strlen(name));
}

static int64_t send_byte(int fd, uint32_t to, int flags)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = to};

	return scene_call(A, SYS_sendto, fd, PTR("x"), 1, flags, PTR(&at), sizeof(at));
}

/*
 * Plays @body twice. Its routes stay in the caches of both hosts after the first time, so that only
 * other objects count as leaks after the second.
 */
static void twice(void (*body)(void))
{
	body();
	scene_sleep(70 * SEC);
	host_set_baseline(A);
	host_set_baseline(B);
	scene_mark();
	body();
}
#define TWICE(body)                                                                                \
	static void body##_twice(void)                                                             \
	{                                                                                          \
		twice(body);                                                                       \
	}

/* ---- the device ---------------------------------------------------------------------------------- */

/* socket(7): only packets that the device received are processed by the socket. */
static void a_listener_of_one_device(void)
{
	int listener = scene_listen(B, PORT, 1), fd;

	assert_int_equal(bind_device(B, listener, "lo"), 0);
	fd = scene_socket(A);
	assert_int_equal(scene_connect(A, fd, B, PORT), -ECONNREFUSED);
	scene_close(A, fd);

	assert_int_equal(bind_device(B, listener, "eth0"), 0);
	fd = scene_socket(A);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	scene_close(B, scene_accept(B, listener));
	scene_close(A, fd);

	/* An accepted socket inherits the device. */
	fd = scene_socket(A);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	int child = scene_accept(B, listener);
	char name[IF_NAMESIZE] = "";
	socklen_t len = sizeof(name);

	assert_int_equal(scene_call(B, SYS_getsockopt, child, SOL_SOCKET, SO_BINDTODEVICE,
				    PTR(name), PTR(&len)),
			 0);
	assert_string_equal(name, "eth0");
	assert_int_equal(len, 5);
	scene_close(B, child);
	scene_close(A, fd);
	scene_close(B, listener);
}
TWICE(a_listener_of_one_device)

static void datagrams_of_one_device(void)
{
	int on_lo = udp_on(B), fd = udp_on(A);
	char got;

	assert_int_equal(scene_bind(B, on_lo, PORT), 0);
	assert_int_equal(scene_set(B, on_lo, SOL_SOCKET, SO_BINDTOIFINDEX, 1), 0);
	assert_int_equal(send_byte(fd, address_of(B), 0), 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_recv_now(B, on_lo, &got, 1), -EAGAIN);
	assert_int_equal(scene_drops(B, "NO_SOCKET"), 1);
	assert_int_equal(scene_set(B, on_lo, SOL_SOCKET, SO_BINDTOIFINDEX, 0), 0);
	assert_int_equal(send_byte(fd, address_of(B), 0), 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_recv_now(B, on_lo, &got, 1), 1);

	/* A socket that is bound to lo puts no packet on the wire. */
	scene_mark();
	assert_int_equal(bind_device(A, fd, "lo"), 0);
	send_byte(fd, address_of(B), 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(A, OTHER), 0);
	assert_int_equal(bind_device(A, fd, ""), 0);
	assert_int_equal(send_byte(fd, address_of(B), 0), 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(A, OTHER), 1);
	scene_close(A, fd);
	scene_close(B, on_lo);
}
TWICE(datagrams_of_one_device)

/*
 * ip(7) IP_UNICAST_IF; the index is in network byte order. A control message may choose another
 * device for one datagram.
 */
static void unicast_by_one_device(void)
{
	int fd = udp_on(A);

	assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_UNICAST_IF), 0);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_UNICAST_IF, htonl(1)), 0);
	assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_UNICAST_IF), htonl(1));
	send_byte(fd, address_of(B), 0);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(A, OTHER), 0);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_UNICAST_IF, htonl(2)), 0);
	assert_int_equal(send_byte(fd, address_of(B), 0), 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_count(A, OTHER), 1);
	scene_close(A, fd);
}
TWICE(unicast_by_one_device)

static void errors_of_devices(void)
{
	int fd = udp_socket(), tcp = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	char name[IF_NAMESIZE] = "";
	int len = sizeof(name), index = htonl(1), none = htonl(9999);

	try(SYS_getsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR(name), PTR(&len));
	note("length without a device", len);
	len = 1;
	try(SYS_getsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR(name), PTR(&len));
	note("length without a device", len);
	try(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR("nosuch0"), 7);
	try(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR("lo and a name that is too long"),
	    30);
	try(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR("lo"), -1);
	try(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, 8, 2);
	try(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR("lo"), 2);
	note("index", option(fd, SOL_SOCKET, SO_BINDTOIFINDEX));
	len = IF_NAMESIZE - 1;
	try(SYS_getsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR(name), PTR(&len));
	len = sizeof(name);
	try(SYS_getsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, 8, PTR(&len));
	try(SYS_getsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR(name), PTR(&len));
	note("length", len);
	note("name", strcmp(name, "lo"));
	try(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR(""), 0);
	note("index", option(fd, SOL_SOCKET, SO_BINDTOIFINDEX));
	note("by index", set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, -1));
	note("by index", set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 1));
	try(SYS_getsockopt, fd, SOL_SOCKET, SO_BINDTODEVICE, PTR(name), PTR(&len));
	note("name", strcmp(name, "lo"));
	note("by index", set_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 0));
	note("on TCP", set_option(tcp, SOL_SOCKET, SO_BINDTOIFINDEX, 1));
	note("on TCP", option(tcp, SOL_SOCKET, SO_BINDTOIFINDEX));

	try(SYS_setsockopt, fd, IPPROTO_IP, IP_UNICAST_IF, PTR(&index), 3);
	try(SYS_setsockopt, fd, IPPROTO_IP, IP_UNICAST_IF, PTR(&none), 4);
	try(SYS_setsockopt, fd, IPPROTO_IP, IP_UNICAST_IF, 8, 4);
	try(SYS_setsockopt, fd, IPPROTO_IP, IP_UNICAST_IF, PTR(&index), 4);
	note("unicast", option(fd, IPPROTO_IP, IP_UNICAST_IF));
	index = 0;
	try(SYS_setsockopt, fd, IPPROTO_IP, IP_UNICAST_IF, PTR(&index), 4);
	note("unicast", option(fd, IPPROTO_IP, IP_UNICAST_IF));
	on(SYS_close, fd);
	on(SYS_close, tcp);
}
BESIDE_LINUX(errors_of_devices)

/* ---- the route ------------------------------------------------------------------------------------- */

/* socket(7) SO_DONTROUTE: "send only to directly connected hosts"; send(2) MSG_DONTROUTE for one datagram. */
static void no_gateway(void)
{
	const uint32_t far = htonl(0xc0000201), near = address_of(B);
	int fd = udp_on(A), tcp = scene_socket(A);
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = far};

	assert_int_equal(send_byte(fd, far, 0), 1);
	assert_int_equal(send_byte(fd, far, MSG_DONTROUTE), -ENETUNREACH);
	assert_int_equal(send_byte(fd, near, MSG_DONTROUTE), 1);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_DONTROUTE, 7), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_DONTROUTE), 1);
	assert_int_equal(send_byte(fd, far, 0), -ENETUNREACH);
	assert_int_equal(send_byte(fd, near, 0), 1);
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), -ENETUNREACH);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_DONTROUTE, 0), 0);

	/* The option also concerns a route that the socket has already. */
	assert_int_equal(scene_call(A, SYS_connect, fd, PTR(&to), sizeof(to)), 0);
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR("x"), 1, 0, 0, 0), 1);
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR("x"), 1, MSG_DONTROUTE, 0, 0),
			 -ENETUNREACH);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_DONTROUTE, 1), 0);
	assert_int_equal(scene_call(A, SYS_sendto, fd, PTR("x"), 1, 0, 0, 0), -ENETUNREACH);

	assert_int_equal(scene_set(A, tcp, SOL_SOCKET, SO_DONTROUTE, 1), 0);
	assert_int_equal(scene_call(A, SYS_connect, tcp, PTR(&to), sizeof(to)), -ENETUNREACH);
	assert_int_equal(scene_connect(A, tcp, B, PORT), -ECONNREFUSED);
	scene_close(A, fd);
	scene_close(A, tcp);
}
TWICE(no_gateway)

/* ---- the addresses ------------------------------------------------------------------------------- */

/* ip(7) IP_FREEBIND: bind() accepts an address that the host does not have (yet), and packets have this source. */
static void a_source_that_is_not_ours(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000063)}, from;
	int fd = udp_on(A), to = udp_on(B), tcp = scene_socket(A);
	socklen_t len = sizeof(from);
	char got;

	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&at), sizeof(at)), -EADDRNOTAVAIL);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_FREEBIND, 1), 0);
	assert_int_equal(scene_get(A, fd, IPPROTO_IP, IP_FREEBIND), 1);
	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&at), sizeof(at)), 0);
	assert_int_equal(scene_bind(B, to, PORT), 0);
	assert_int_equal(send_byte(fd, address_of(B), 0), 1);
	scene_sleep(10 * MS);
	assert_int_equal(scene_call(B, SYS_recvfrom, to, PTR(&got), 1, 0, PTR(&from), PTR(&len)),
			 1);
	assert_int_equal(from.sin_addr.s_addr, at.sin_addr.s_addr);

	assert_int_equal(scene_set(A, tcp, IPPROTO_IP, IP_FREEBIND, 1), 0);
	assert_int_equal(scene_call(A, SYS_bind, tcp, PTR(&at), sizeof(at)), 0);
	assert_int_equal(scene_call(A, SYS_listen, tcp, 1), 0);
	scene_close(A, fd);
	scene_close(A, tcp);
	scene_close(B, to);
}
TWICE(a_source_that_is_not_ours)

/* RFC 5082: with IP_MINTTL 255 a socket accepts only packets that no router forwarded. */
static void only_from_neighbours(void)
{
	int listener = scene_listen(B, PORT, 1), fd = scene_socket(A), child;

	assert_int_equal(scene_set(B, listener, IPPROTO_IP, IP_MINTTL, 255), 0);
	assert_int_equal(scene_get(B, listener, IPPROTO_IP, IP_MINTTL), 255);
	scene_set(A, fd, IPPROTO_TCP, TCP_SYNCNT, 1);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_TTL, 254), 0);
	assert_int_equal(scene_connect(A, fd, B, PORT), -ETIMEDOUT);
	assert_int_equal(scene_drops(B, "TCP_MINTTL"), 2);
	assert_int_equal(scene_counter(B, "TcpExt.TCPMinTTLDrop"), 2);
	scene_close(A, fd);

	fd = scene_socket(A);
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_TTL, 255), 0);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	child = scene_accept(B, listener);
	/* The connection has inherited the minimum: data and FIN of a farther host are dropped. */
	scene_mark();
	assert_int_equal(scene_set(A, fd, IPPROTO_IP, IP_TTL, 64), 0);
	scene_send_all(A, fd, "x", 1);
	scene_sleep(100 * MS);
	assert_int_equal(scene_drops(B, "TCP_MINTTL"), 1);
	assert_int_equal(scene_set(B, child, IPPROTO_IP, IP_MINTTL, 64), 0);
	scene_sleep(1 * SEC);
	char got;
	scene_recv_all(B, child, &got, 1);
	scene_close(A, fd);
	scene_close(B, child);
	scene_close(B, listener);
}

static void errors_of_addresses(void)
{
	int fd = on(SYS_socket, AF_INET, SOCK_STREAM, 0), value = 5;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000263)};

	note("minimum", option(fd, IPPROTO_IP, IP_MINTTL));
	note("minimum -1", set_option(fd, IPPROTO_IP, IP_MINTTL, -1));
	note("minimum 256", set_option(fd, IPPROTO_IP, IP_MINTTL, 256));
	note("minimum 0", set_option(fd, IPPROTO_IP, IP_MINTTL, 0));
	try(SYS_setsockopt, fd, IPPROTO_IP, IP_MINTTL, PTR(&value), 0);
	try(SYS_setsockopt, fd, IPPROTO_IP, IP_MINTTL, PTR(&value), 1);
	note("minimum", option(fd, IPPROTO_IP, IP_MINTTL));
	try(SYS_setsockopt, fd, IPPROTO_IP, IP_FREEBIND, PTR(&value), 0);
	note("free", option(fd, IPPROTO_IP, IP_FREEBIND));
	note("free", set_option(fd, IPPROTO_IP, IP_FREEBIND, 0));
	try(SYS_bind, fd, PTR(&at), sizeof(at));
	note("free", set_option(fd, IPPROTO_IP, IP_FREEBIND, 7));
	note("free", option(fd, IPPROTO_IP, IP_FREEBIND));
	try(SYS_bind, fd, PTR(&at), sizeof(at));
	try(SYS_listen, fd, 1);
	on(SYS_close, fd);
}
BESIDE_LINUX(errors_of_addresses)

/* ---- buffers and poll() -------------------------------------------------------------------------- */

/*
 * SO_SNDBUFFORCE and SO_RCVBUFFORCE may exceed the present value of the sysctls, but not the
 * largest value that these accept. LIMIT(SOCK_FORCED_MAX)
 */
static void buffers_beyond_the_sysctls(void)
{
	int fd = udp_on(A);

	scene_sysctl(A, "net/core/rmem_max", "10000");
	scene_sysctl(A, "net/core/wmem_max", "10000");
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_RCVBUF, 50000), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_RCVBUF), 20000);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_RCVBUFFORCE, 50000), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_RCVBUF), 100000);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_SNDBUF, 50000), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDBUF), 20000);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_SNDBUFFORCE, 50000), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDBUF), 100000);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_SNDBUFFORCE, 1 << 30), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_SNDBUF), 268435456);
	assert_int_equal(scene_set(A, fd, SOL_SOCKET, SO_RCVBUFFORCE, 1 << 30), 0);
	assert_int_equal(scene_get(A, fd, SOL_SOCKET, SO_RCVBUF), 268435456);
	scene_close(A, fd);
}

static void least_buffers(void)
{
	int fd = udp_socket();

	note("forced", set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, -1));
	note("receive", option(fd, SOL_SOCKET, SO_RCVBUF));
	note("forced", set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, -1));
	note("send", option(fd, SOL_SOCKET, SO_SNDBUF));
	note("to get", option(fd, SOL_SOCKET, SO_SNDBUFFORCE));
	note("to get", option(fd, SOL_SOCKET, SO_RCVBUFFORCE));
	on(SYS_close, fd);
}
BESIDE_LINUX(least_buffers)

/* poll() reports a message of the error queue as POLLPRI too, if SO_SELECT_ERR_QUEUE asks for that. */
static void errors_by_poll(void)
{
	int fd = udp_socket(), gone = udp_socket();
	uint16_t port = bind_any(gone);

	on(SYS_close, gone);
	note("errors", set_option(fd, IPPROTO_IP, IP_RECVERR, 1));
	note("connect", connect_to(fd, port));
	note("sent", on(SYS_sendto, fd, PTR("x"), 1, 0, 0, 0));
	if (!on_linux())
		scene_sleep(10 * MS);
	note_poll("without the option", fd);
	note("select", set_option(fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1));
	note_poll("with the option", fd);
	on(SYS_close, fd);
}
BESIDE_LINUX(errors_by_poll)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_listener_of_one_device_twice),
		SCENE(datagrams_of_one_device_twice),
		SCENE(unicast_by_one_device_twice),
		SCENE(errors_of_devices_as_linux),
		SCENE_WORDS(no_gateway_twice, " gw=10.0.0.2"),
		SCENE(a_source_that_is_not_ours_twice),
		SCENE(only_from_neighbours),
		SCENE(errors_of_addresses_as_linux),
		SCENE(buffers_beyond_the_sysctls),
		SCENE(least_buffers_as_linux),
		SCENE(errors_by_poll_as_linux),
	};

	return scene_play(tests);
}
