/* SPDX-License-Identifier: MIT */
/*
 * UDP sockets over loopback: control messages, the error queue, writes that are joined (UDP_CORK) or cut
 * (UDP_SEGMENT), and options, with the results of Linux (beside.h).
 */
#include "tests/hosted/udp_calls.h"

#include <linux/errqueue.h>

/* ---- control messages ---------------------------------------------------------------------------- */

/* Receives with room for control messages, and notes each of them. */
static void note_messages(int fd, size_t room, int flags)
{
	static _Alignas(8) char control[256];
	struct sockaddr_in from = {0};
	struct iovec iov = {bytes, 100};
	struct msghdr msg = {.msg_name = &from,
			     .msg_namelen = sizeof(from),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = room};

	int64_t result = on(SYS_recvmsg, fd, PTR(&msg), flags);

	note("recvmsg", result);
	if (result < 0)
		return;
	note("flags", msg.msg_flags);
	note("length of the name", msg.msg_namelen);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c)) {
		const uint8_t *data = CMSG_DATA(c);
		struct in_pktinfo info;
		struct sockaddr_in sin;

		note("message", c->cmsg_type);
		note("its length", c->cmsg_len);
		switch (c->cmsg_type) {
		case IP_PKTINFO:
			memcpy(&info, data, sizeof(info));
			note("the address is the own one",
			     info.ipi_addr.s_addr == self(0).sin_addr.s_addr);
			note("so is the one for an answer",
			     info.ipi_spec_dst.s_addr == self(0).sin_addr.s_addr);
			note("device", info.ipi_ifindex);
			break;
		case IP_ORIGDSTADDR:
			memcpy(&sin, data, sizeof(sin));
			note("family", sin.sin_family);
			note("the address is the own one",
			     sin.sin_addr.s_addr == self(0).sin_addr.s_addr);
			note("a port", sin.sin_port != 0);
			break;
		case IP_RECVERR: {
			struct sock_extended_err e;

			memcpy(&e, data, sizeof(e));
			memcpy(&sin, data + sizeof(e), sizeof(sin));
			note("errno", e.ee_errno);
			note("origin", e.ee_origin);
			note("type", e.ee_type);
			note("code", e.ee_code);
			note("info", e.ee_info);
			note("family of the reporter", sin.sin_family);
			note("it is the own address",
			     sin.sin_addr.s_addr == self(0).sin_addr.s_addr);
			break;
		}
		default:
			for (size_t i = 0; i < c->cmsg_len - sizeof(*c); i++)
				note("byte", data[i]);
		}
	}
}

static void control_messages(void)
{
	static const int options[] = {IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR};
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);

	set_option(a, SOL_IP, IP_TOS, 0x1c);
	set_option(a, SOL_IP, IP_TTL, 33);
	for (unsigned int i = 0; i < 4; i++) {
		note("off", option(b, SOL_IP, options[i]));
		note("set", set_option(b, SOL_IP, options[i], 7));
		note("on", option(b, SOL_IP, options[i]));
		send_to(a, port, "abc");
		note_messages(b, 256, 0);
		set_option(b, SOL_IP, options[i], 0);
		note("off", option(b, SOL_IP, options[i]));
	}
	for (unsigned int i = 0; i < 4; i++)
		set_option(b, SOL_IP, options[i], 1);
	send_to(a, port, "abc");
	note_messages(b, 256, MSG_PEEK);
	note_messages(b, 256, 0);
	for (unsigned int room = 0; room < 80; room += 13) {
		send_to(a, port, "abc");
		note_messages(b, room, 0);
	}
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(control_messages)

/* An ICMP error is put on the error queue of a socket, even if the socket is not connected. */
static void error_queue(void)
{
	int a = udp_socket(), closed = udp_socket();
	uint16_t closed_port = bind_any(closed);

	on(SYS_close, closed);
	note("empty", recv_some(a, 100, MSG_ERRQUEUE));
	note("set", set_option(a, SOL_IP, IP_RECVERR, 1));
	set_option(a, SOL_IP, IP_RECVTTL, 1);
	send_to(a, closed_port, "abcde");
	note_poll("an error", a);
	note("refused", recv_some(a, 100, 0));
	note_poll("reported once", a);
	note_messages(a, 256, MSG_ERRQUEUE);
	note("byte", bytes[3]);
	note_poll("read", a);
	note_messages(a, 256, MSG_ERRQUEUE);
	send_to(a, closed_port, "abcde");
	note("the next write fails", send_to(a, closed_port, "fgh"));
	note("the one after it does not", send_to(a, closed_port, "ij"));
	note_messages(a, 256, MSG_ERRQUEUE);
	note_poll("one more", a);
	note("refused", recv_some(a, 100, 0));
	note_messages(a, 20, MSG_ERRQUEUE);
	note_messages(a, 256, MSG_ERRQUEUE);
	set_option(a, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
	send_to(a, closed_port, "abcde");
	note_poll("priority", a);
	/*
	 * Switching IP_RECVERR off empties the error queue; the pending error of the socket stays.
	 */
	set_option(a, SOL_IP, IP_RECVERR, 0);
	note_poll("switched off", a);
	note("refused", recv_some(a, 100, 0));
	note_poll("nothing left", a);
	on(SYS_close, a);
}
BESIDE_LINUX(error_queue)

/* Sends with one control message of @len bytes of @data, and returns the result. */
static int64_t send_with(int fd, uint16_t port, int level, int type, const void *data, size_t len)
{
	static _Alignas(8) char control[64];
	struct sockaddr_in to = self(port);
	struct iovec iov = {bytes, 3};
	struct msghdr msg = {.msg_name = &to,
			     .msg_namelen = sizeof(to),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control,
			     .msg_controllen = CMSG_SPACE(len)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	memset(control, 0, sizeof(control));
	*c = (struct cmsghdr){.cmsg_len = CMSG_LEN(len), .cmsg_level = level, .cmsg_type = type};
	memcpy(CMSG_DATA(c), data, len);
	return on(SYS_sendmsg, fd, PTR(&msg), 0);
}

static void messages_of_a_send(void)
{
	static const int values[] = {-1, 0, 1, 77, 255, 256};
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);
	struct in_pktinfo info = {.ipi_spec_dst = self(0).sin_addr};
	uint8_t byte = 0x54;

	set_option(b, SOL_IP, IP_RECVTTL, 1);
	set_option(b, SOL_IP, IP_RECVTOS, 1);
	for (unsigned int i = 0; i < 6; i++) {
		note("TTL", send_with(a, port, SOL_IP, IP_TTL, &values[i], 4));
		note_messages(b, 256, 0);
		note("TOS", send_with(a, port, SOL_IP, IP_TOS, &values[i], 4));
		note_messages(b, 256, 0);
	}
	note("TOS in a byte", send_with(a, port, SOL_IP, IP_TOS, &byte, 1));
	note_messages(b, 256, 0);
	note("TTL in a byte", send_with(a, port, SOL_IP, IP_TTL, &byte, 1));
	note("short", send_with(a, port, SOL_IP, IP_PKTINFO, &info, 4));
	note("unknown", send_with(a, port, SOL_IP, 99, &info, 4));
	note("another level", send_with(a, port, 99, 99, &info, 4));
	note("a socket's", send_with(a, port, SOL_SOCKET, 99, &info, 4));
	note("source", send_with(a, port, SOL_IP, IP_PKTINFO, &info, sizeof(info)));
	info.ipi_spec_dst.s_addr = htonl(0x01020304);
	note("source of another host", send_with(a, port, SOL_IP, IP_PKTINFO, &info, sizeof(info)));
	while (recv_some(b, 10, 0) >= 0)
		;
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(messages_of_a_send)

/* ---- UDP_CORK, MSG_MORE --------------------------------------------------------------------------- */

static int64_t write_more(int fd, uint16_t port, size_t n, int flags)
{
	struct sockaddr_in to = self(port);

	return on(SYS_sendto, fd, PTR(bytes), n, flags, PTR(&to), sizeof(to));
}

static void one_datagram_of_many_writes(void)
{
	int a = udp_socket(), b = udp_socket(), c = udp_socket(), n = 0;
	uint16_t bport = bind_any(b), cport = bind_any(c);

	bind_any(a);
	note("more", write_more(a, bport, 3, MSG_MORE));
	note("nothing yet", recv_some(b, 100, 0));
	note("to another, which is ignored", write_more(a, cport, 5000, MSG_MORE));
	note("the last", write_more(a, bport, 0, 0));
	note("all", recv_some(b, sizeof(bytes), 0));
	note("none", recv_some(c, 100, 0));

	note("off", option(a, IPPROTO_UDP, 1));
	note("cork", set_option(a, IPPROTO_UDP, 1, 9));
	note("on", option(a, IPPROTO_UDP, 1));
	for (unsigned int i = 0; i < 50; i++)
		note("piece", write_more(a, bport, 1 + 37 * i, 0));
	note("nothing yet", recv_some(b, 100, 0));
	note("uncork", set_option(a, IPPROTO_UDP, 1, 0));
	note("all", recv_some(b, sizeof(bytes), 0));
	note("once", recv_some(b, sizeof(bytes), 0));
	note("uncork", set_option(a, IPPROTO_UDP, 1, 0));
	note("an empty one", write_more(a, bport, 0, 0));
	note("received", recv_some(b, 100, 0));

	/* too long: all of it is lost */
	note("more", write_more(a, bport, 60000, MSG_MORE));
	note("too long", write_more(a, bport, 6000, MSG_MORE));
	note("another", write_more(a, cport, 3, 0));
	note("none", recv_some(b, 100, 0));
	note("received", recv_some(c, 100, 0));
	note("more", write_more(a, bport, 3, MSG_MORE));
	try(SYS_sendto, a, 1, 3, MSG_MORE, 0, 0);
	note("another", write_more(a, cport, 3, 0));
	note("received", recv_some(c, 100, 0));
	try(SYS_setsockopt, a, IPPROTO_UDP, 1, PTR(&n), 3);
	try(SYS_setsockopt, a, IPPROTO_UDP, 1, 1, 4);
	try(SYS_setsockopt, a, IPPROTO_UDP, 77, PTR(&n), 4);
	note("unknown", option(a, IPPROTO_UDP, 77));
	/* close() drops the bytes that MSG_MORE held back. */
	note("more", write_more(a, bport, 3, MSG_MORE));
	on(SYS_close, a);
	note("none", recv_some(b, 100, 0));
	on(SYS_close, b);
	on(SYS_close, c);
}
BESIDE_LINUX(one_datagram_of_many_writes)

/* ---- UDP_SEGMENT ---------------------------------------------------------------------------------- */

#define SEGMENT 103

/* Notes the lengths of the datagrams that wait, and whether their bytes are those of one write of @n. */
static void note_pieces(int fd, size_t n)
{
	static uint8_t want[70000];
	size_t at = 0;
	int64_t got;

	scene_fill(want, n, 5);
	while ((got = recv_some(fd, sizeof(bytes), 0)) >= 0) {
		note("piece", got);
		note("right", at + got <= n && !memcmp(bytes, want + at, got));
		at += got;
	}
	note("all", at);
}

static void try_segments(int a, uint16_t port, int b, size_t n)
{
	scene_fill((uint8_t *)bytes, n, 5);
	note("written", write_more(a, port, n, 0));
	note_pieces(b, n);
}

/* LIMIT(UDP_MAX_SEGMENTS) */
static void a_write_of_segments(void)
{
	static const int values[] = {-1, 65536, 65535, 1000};
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b), segment = 700;

	bind_any(a);
	set_option(b, SOL_SOCKET, SO_RCVBUF, 1000000);
	for (unsigned int i = 0; i < 4; i++) {
		note("set", set_option(a, IPPROTO_UDP, SEGMENT, values[i]));
		note("value", option(a, IPPROTO_UDP, SEGMENT));
	}
	try_segments(a, port, b, 0);
	try_segments(a, port, b, 1);
	try_segments(a, port, b, 999);
	try_segments(a, port, b, 1000);
	try_segments(a, port, b, 1001);
	try_segments(a, port, b, 4000);
	try_segments(a, port, b, 65000);
	scene_fill((uint8_t *)bytes, 3, 5);
	note("in a message", send_with(a, port, IPPROTO_UDP, SEGMENT, &segment, 2));
	note_pieces(b, 3);
	note("of a wrong length", send_with(a, port, IPPROTO_UDP, SEGMENT, &segment, 1));
	note("of a wrong type", send_with(a, port, IPPROTO_UDP, 7, &segment, 2));
	note("more", write_more(a, port, 600, MSG_MORE));
	note("the last", write_more(a, port, 600, 0));
	note("piece", recv_some(b, sizeof(bytes), 0));
	note("piece", recv_some(b, sizeof(bytes), 0));
	set_option(a, SOL_SOCKET, SO_NO_CHECK, 1);
	note("without a checksum", write_more(a, port, 3000, 0));
	set_option(a, SOL_SOCKET, SO_NO_CHECK, 0);
	set_option(a, IPPROTO_UDP, SEGMENT, 10);
	note("so many", write_more(a, port, 1280, 0));
	note("too many", write_more(a, port, 1281, 0));
	set_option(a, IPPROTO_UDP, SEGMENT, 0);
	while (recv_some(b, sizeof(bytes), 0) >= 0)
		;
	note("off", write_more(a, port, 3000, 0));
	note("received", recv_some(b, sizeof(bytes), 0));
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(a_write_of_segments)

/* ---- SO_PEEK_OFF, SO_NO_CHECK --------------------------------------------------------------------- */

static void peek_at(int fd, size_t n, int flags)
{
	char what[40];

	memset(bytes, 0, 10);
	snprintf(what, sizeof(what), "read of %zu, flags %x", n, flags);
	note(what, recv_some(fd, n, flags));
	note("first byte", bytes[0]);
	note("offset", option(fd, SOL_SOCKET, SO_PEEK_OFF));
}

static void peeking_with_an_offset(void)
{
	int a = udp_socket(), b = udp_socket(), stream = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	uint16_t port = bind_any(b);

	note("offset", option(b, SOL_SOCKET, SO_PEEK_OFF));
	send_to(a, port, "abcd");
	send_to(a, port, "");
	send_to(a, port, "efghij");
	peek_at(b, 2, MSG_PEEK);
	note("set", set_option(b, SOL_SOCKET, SO_PEEK_OFF, 0));
	for (unsigned int i = 0; i < 6; i++)
		peek_at(b, 3, MSG_PEEK);
	set_option(b, SOL_SOCKET, SO_PEEK_OFF, 5);
	peek_at(b, 100, MSG_PEEK);
	peek_at(b, 100, 0);
	peek_at(b, 100, 0);
	peek_at(b, 1, MSG_PEEK | MSG_TRUNC);
	set_option(b, SOL_SOCKET, SO_PEEK_OFF, 1);
	peek_at(b, 2, 0);
	set_option(b, SOL_SOCKET, SO_PEEK_OFF, 0);
	send_to(a, port, "");
	send_to(a, port, "kl");
	peek_at(b, 5, MSG_PEEK);
	peek_at(b, 5, MSG_PEEK);
	peek_at(b, 5, MSG_PEEK);
	peek_at(b, 5, 0);
	peek_at(b, 5, 0);
	note("off", set_option(b, SOL_SOCKET, SO_PEEK_OFF, -1));
	peek_at(b, 5, 0);
	on(SYS_close, a);
	on(SYS_close, b);
	on(SYS_close, stream);
}
BESIDE_LINUX(peeking_with_an_offset)

static void no_checksum(void)
{
	int a = udp_socket(), b = udp_socket();
	uint16_t port = bind_any(b);

	note("off", option(a, SOL_SOCKET, SO_NO_CHECK));
	note("set", set_option(a, SOL_SOCKET, SO_NO_CHECK, 3));
	note("on", option(a, SOL_SOCKET, SO_NO_CHECK));
	send_to(a, port, "abcd");
	note("received", recv_some(b, 10, 0));
	on(SYS_close, a);
	on(SYS_close, b);
}
BESIDE_LINUX(no_checksum)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(control_messages_as_linux),       SCENE(error_queue_as_linux),
		SCENE(peeking_with_an_offset_as_linux), SCENE(no_checksum_as_linux),
		SCENE(messages_of_a_send_as_linux),     SCENE(one_datagram_of_many_writes_as_linux),
		SCENE(a_write_of_segments_as_linux),
	};

	return scene_play(tests);
}
