/* SPDX-License-Identifier: MIT */
/*
 * TCP Fast Open between two hosts: the bytes of the SYN, the counters, and the limits of the server's queue, of
 * the client's cookies and of the pause after a black hole. The packet scripts in tests/packet/scripts/fastopen
 * show each segment. RFC 7413.
 */
#include "tests/hosted/scene_forge.h"

#ifndef TCP_FASTOPEN_NO_COOKIE
#define TCP_FASTOPEN_NO_COOKIE 34
#endif
#define PORT  7
#define PEERS 256 /* equal to TCP_FASTOPEN_PEERS */
#define COOKIE                                                                                     \
	"\x22\x0a"                                                                                 \
	"cookie78"                                                                                 \
	"\x01\x01"

/* Calls sendto() with MSG_FASTOPEN to @to, without waiting. */
static int64_t fast_send(struct host *h, int fd, const struct sockaddr_in *to, const void *bytes,
			 size_t n)
{
	return scene_call(h, SYS_sendto, fd, PTR(bytes), n, MSG_FASTOPEN | MSG_DONTWAIT, PTR(to),
			  sizeof(*to));
}

static int fast_listen(int queue, int backlog)
{
	int listener;

	scene_sysctl(B, "net/ipv4/tcp_fastopen", "3");
	listener = scene_listen(B, PORT, backlog);
	assert_int_equal(scene_set(B, listener, SOL_TCP, TCP_FASTOPEN, queue), 0);
	return listener;
}

/* Makes A get a cookie of B, with a connection that carries no data. */
static void get_cookie(int listener)
{
	int fd = scene_socket(A), accepted;

	assert_int_equal(fast_send(A, fd, scene_address(B, PORT), "", 0), -EINPROGRESS);
	scene_sleep(10 * MS);
	accepted = scene_accept(B, listener);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_sleep(100 * MS);
}

/* ---- data between both ends ------------------------------------------------------------------- */

static void data_of_a_syn_arrives(void)
{
	int listener = fast_listen(4, 4), fd = scene_socket(A), accepted;
	uint8_t sent[1000], got[1000];

	get_cookie(listener);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenCookieReqd"), 1);
	scene_fill(sent, sizeof(sent), 1);
	scene_hold(B, SYNACK, 1, 50 * MS);
	assert_int_equal(fast_send(A, fd, scene_address(B, PORT), sent, sizeof(sent)),
			 sizeof(sent));
	scene_sleep(5 * MS);
	/* The SYN-ACK is still on the wire, but B's application has the data, and may answer. */
	accepted = scene_accept(B, listener);
	assert_state(B, PORT, scene_port(A, fd), TCP_SYN_RECV);
	scene_recv_all(B, accepted, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(sent));
	scene_send_all(B, accepted, got, 100);
	scene_sleep(200 * MS);
	scene_recv_all(A, fd, got, 100);
	assert_memory_equal(sent, got, 100);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenPassive"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPFastOpenActive"), 1);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

/*
 * The SYN-ACK is lost. A's second SYN has no data, but B's second SYN-ACK still acknowledges the
 * data of the first SYN.
 */
static void a_lost_synack_loses_no_data(void)
{
	int listener = fast_listen(4, 4), fd = scene_socket(A), accepted;
	uint8_t sent[300], got[300];

	get_cookie(listener);
	scene_fill(sent, sizeof(sent), 2);
	scene_mark();
	scene_drop(B, SYNACK, 1);
	assert_int_equal(fast_send(A, fd, scene_address(B, PORT), sent, sizeof(sent)),
			 sizeof(sent));
	scene_sleep(2 * SEC);
	accepted = scene_accept(B, listener);
	scene_recv_all(B, accepted, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(sent));
	assert_int_equal(scene_nth(A, SYN, 2)->len, 0);
	assert_int_equal(scene_last(B, SYNACK)->rack, 301);
	assert_int_equal(scene_count(A, DATA), 1);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

/* RFC 7413 4.2.1: "the client ... retransmits the data" that the SYN-ACK does not acknowledge. */
static void data_without_a_valid_cookie_is_sent_again(void)
{
	int listener = fast_listen(4, 4), fd = scene_socket(A), accepted;
	uint8_t sent[500], got[500];

	get_cookie(listener);
	scene_sysctl(B, "net/ipv4/tcp_fastopen_key", "1-2-3-4");
	assert_string_equal(scene_sysctl_get(B, "net/ipv4/tcp_fastopen_key"),
			    "00000001-00000002-00000003-00000004\n");
	scene_fill(sent, sizeof(sent), 3);
	assert_int_equal(fast_send(A, fd, scene_address(B, PORT), sent, sizeof(sent)),
			 sizeof(sent));
	scene_sleep(20 * MS);
	accepted = scene_accept(B, listener);
	scene_recv_all(B, accepted, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(sent));
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenPassiveFail"), 1);
	assert_int_equal(scene_counter(A, "TcpExt.TCPFastOpenActiveFail"), 1);
	scene_close(A, fd);
	scene_close(B, accepted);

	/*
	 * The SYN-ACK brought a cookie of the new key. The cookie remains valid while that key is
	 * the second of the two keys.
	 */
	scene_sysctl(B, "net/ipv4/tcp_fastopen_key", "5-6-7-8,1-2-3-4");
	fd = scene_socket(A);
	assert_int_equal(fast_send(A, fd, scene_address(B, PORT), sent, 100), 100);
	scene_sleep(20 * MS);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenPassiveAltKey"), 1);
	scene_close(A, fd);
	accepted = scene_accept(B, listener);
	scene_close(B, accepted);
	scene_close(B, listener);
}

static void keys_of_the_sysctl_are_checked(void)
{
	const char *const wrong[] = {"1-2-3",     "1-2-3-4-5", "g-2-3-4",       "123456789-2-3-4",
				     "-2-3-4",    "1-2-3-",    "1-2-3-4 5-6-7", "1-2-3-4,5-6-7-8,9",
				     "1-2-3-4 5", ""};

	scene_sysctl(A, "net/ipv4/tcp_fastopen_key", "a-b-c-d");
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		assert_int_equal(
			scene_proc_write(A, "/proc/sys/net/ipv4/tcp_fastopen_key", wrong[i]),
			-EINVAL);
	assert_string_equal(scene_sysctl_get(A, "net/ipv4/tcp_fastopen_key"),
			    "0000000a-0000000b-0000000c-0000000d\n");
}

/* sendfile() puts no data into the SYN of a socket with TCP_FASTOPEN_CONNECT, but sends that SYN. */
static void sendfile_sends_the_syn(void)
{
	int listener = fast_listen(4, 4), fd = scene_socket(A), accepted, file;
	int64_t ticket;
	char got[5];

	get_cookie(listener);
	assert_int_equal(scene_set(A, fd, SOL_TCP, TCP_FASTOPEN_CONNECT, 1), 0);
	assert_int_equal(scene_connect(A, fd, B, PORT), 0);
	assert_int_equal(scene_poll(A, fd) & POLLOUT, POLLOUT);
	file = scene_call(A, SYS_open, PTR("/file"), O_RDWR | O_CREAT, 0600);
	assert_true(file >= 0);
	assert_int_equal(scene_call(A, SYS_write, file, PTR("bytes"), 5), 5);
	assert_int_equal(scene_call(A, SYS_lseek, file, 0, 0), 0);
	ticket = scene_begin(A, SYS_sendfile, fd, file, 0, 5);
	accepted = scene_accept(B, listener);
	assert_int_equal(scene_end(A, ticket), 5);
	scene_recv_all(B, accepted, got, 5);
	assert_memory_equal(got, "bytes", 5);
	assert_int_equal(scene_call(A, SYS_unlink, PTR("/file")), 0);
	scene_close(A, file);
	scene_close(A, fd);
	scene_close(B, accepted);
	scene_close(B, listener);
}

/* ---- the server's limits ------------------------------------------------------------------------ */

/*
 * Sends B a SYN from @port with a cookie and a byte of data. B's answers must not reach A, which
 * would answer them with resets.
 */
static void forge_syn(uint16_t port, const char *cookie)
{
	struct forged f = {
		.sport = port, .dport = PORT, .seq = 1000, .flags = SYN_FLAG, .data = "x"};

	forge_option(&f, cookie, 12);
	forge(&f);
}

/*
 * SYNs with forged cookies open no connections. They become half-open requests, like any other SYN.
 */
static void forged_cookies_open_nothing(void)
{
	int listener = fast_listen(1000, 1000);

	scene_drop_many(B, TCP, 1, ALWAYS);
	for (unsigned int i = 0; i < 200; i++)
		forge_syn(2000 + i, COOKIE);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenPassiveFail"), 200);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenPassive"), 0);
	assert_int_equal(scene_counter(B, "Tcp.PassiveOpens"), 0);
	assert_int_equal(scene_poll(B, listener), 0);
	scene_close(B, listener);
}

/*
 * LIMIT(TCP_FASTOPEN_RST_S): the queue has two places.  Two children that a RST ended, after accept(), fill them for a
 * minute.
 */
static void a_reset_child_counts_for_a_minute(void)
{
	int listener = fast_listen(2, 10), fd;

	scene_drop_many(B, TCP, 1, ALWAYS);
	assert_int_equal(scene_set(B, listener, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	for (unsigned int i = 0; i < 2; i++) {
		struct forged rst = {
			.sport = 2000 + i, .dport = PORT, .seq = 1002, .flags = RST_FLAG};

		forge_syn(2000 + i, COOKIE);
		fd = scene_accept(B, listener);
		forge(&rst);
		scene_close(B, fd);
	}
	forge_syn(2002, COOKIE);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenListenOverflow"), 1);
	scene_sleep(58 * SEC);
	forge_syn(2003, COOKIE);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenListenOverflow"), 2);
	scene_sleep(2 * SEC);
	/* Both reset children have left the queue. */
	forge_syn(2004, COOKIE);
	forge_syn(2005, COOKIE);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenPassive"), 4);
	forge_syn(2006, COOKIE);
	assert_int_equal(scene_counter(B, "TcpExt.TCPFastOpenListenOverflow"), 3);
	scene_close(B, listener);
}

/* The listener's close() frees the requests of children that a RST ended; a child that was accepted goes on. */
static void a_closed_listener_forgets_resets(void)
{
	struct forged rst = {.sport = 2000, .dport = PORT, .seq = 1002, .flags = RST_FLAG};
	int listener = fast_listen(9, 10), fd[2];
	char byte;

	scene_drop_many(B, TCP, 1, ALWAYS);
	assert_int_equal(scene_set(B, listener, SOL_TCP, TCP_FASTOPEN_NO_COOKIE, 1), 0);
	forge_syn(2000, COOKIE);
	forge_syn(2001, COOKIE);
	forge_syn(2002, COOKIE);
	fd[0] = scene_accept(B, listener);
	fd[1] = scene_accept(B, listener);
	forge(&rst);
	scene_close(B, listener);
	assert_int_equal(scene_recv_now(B, fd[1], &byte, 1), 1);
	assert_int_equal(scene_recv_now(B, fd[1], &byte, 1), -EAGAIN);
	/* The child that was reset returns its data, then the error. */
	assert_int_equal(scene_recv_now(B, fd[0], &byte, 1), 1);
	assert_int_equal(scene_recv_now(B, fd[0], &byte, 1), -ECONNRESET);
	scene_close(B, fd[0]);
	scene_close(B, fd[1]);
}

/* ---- the client's limits ------------------------------------------------------------------------ */

/* Connects A to the host @i behind the router B; the forged SYN-ACK brings a cookie.  Returns sendto()'s result. */
static int64_t ask(unsigned int i)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(PORT),
				 .sin_addr.s_addr = htonl(0x0a010001 + i)};
	int fd = scene_socket(A);
	struct forged f = {.to = A,
			   .saddr = 0x0a010001 + i,
			   .sport = PORT,
			   .seq = 5000,
			   .flags = SYN_FLAG | ACK_FLAG};
	int64_t result;

	scene_mark();
	result = fast_send(A, fd, &to, "hello", 5);
	scene_sleep(2 * MS);
	f.dport = scene_last(A, SYN)->sport;
	f.ack = scene_last(A, SYN)->seq + 1 + scene_last(A, SYN)->len;
	forge_option(&f, COOKIE, 12);
	forge(&f);
	scene_linger(A, fd, true, 0);
	scene_close(A, fd);
	scene_sleep(2 * MS);
	return result;
}

/*
 * LIMIT(TCP_FASTOPEN_PEERS): the cookie of one more server replaces the least recently used cookie.
 */
static void cookies_of_many_servers(void)
{
	for (unsigned int i = 0; i < PEERS; i++)
		assert_int_equal(ask(i), -EINPROGRESS);
	assert_int_equal(ask(0), 5);
	assert_int_equal(ask(PEERS), -EINPROGRESS); /* replaces the cookie of host 1 */
	assert_int_equal(ask(0), 5);
	assert_int_equal(ask(2), 5);
	assert_int_equal(ask(PEERS), 5);
	assert_int_equal(ask(1), -EINPROGRESS);
	/* The routes stay in their cache, so they belong to the baseline. */
	host_set_baseline(A);
}

/* Makes a connection with Fast Open that gets no answer, until its third timeout. */
static void hit_black_hole(void)
{
	int fd = scene_socket(A);

	assert_int_equal(fast_send(A, fd, scene_address(B, PORT), "x", 1), 1);
	scene_sleep(7500 * MS);
	scene_close(A, fd);
}

/* Returns true if a SYN may carry data now. */
static bool is_fast(void)
{
	int fd = scene_socket(A);
	int64_t result = fast_send(A, fd, scene_address(B, PORT), "x", 1);

	scene_close(A, fd);
	assert_true(result == 1 || result == -EINPROGRESS);
	return result == 1;
}

/*
 * LIMIT(TCP_FASTOPEN_BLACKHOLE_S): by default there is no pause.
 * LIMIT(TCP_FASTOPEN_BLACKHOLE_DOUBLINGS): the pause is 10 s, then doubled by each black hole, up to 640 s.
 */
static void pauses_after_black_holes(void)
{
	uint64_t pause = 10 * SEC;

	scene_sysctl(A, "net/ipv4/tcp_fastopen", "5");
	scene_drop_many(A, TCP, 1, ALWAYS);
	hit_black_hole();
	assert_true(is_fast()); /* without the sysctl, A does not look for black holes */
	scene_sysctl(A, "net/ipv4/tcp_fastopen_blackhole_timeout_sec", "10");
	for (unsigned int times = 1; times <= 8; times++) {
		hit_black_hole();
		assert_int_equal(scene_counter(A, "TcpExt.TCPFastOpenBlackhole"), times);
		/* The third timeout was 500 ms ago. */
		scene_sleep(pause - 1 * SEC);
		assert_false(is_fast());
		scene_sleep(1 * SEC);
		assert_true(is_fast());
		if (times < 7)
			pause *= 2;
	}
	scene_heal();
}

/* Data that arrives on the first connection after a pause ends the doubling. */
static void a_black_hole_that_is_gone(void)
{
	int listener = fast_listen(4, 4), fd, accepted;

	get_cookie(listener);
	scene_sysctl(A, "net/ipv4/tcp_fastopen_blackhole_timeout_sec", "10");
	for (unsigned int round = 0; round < 2; round++) {
		scene_drop_many(A, TCP, 1, ALWAYS);
		hit_black_hole();
		scene_heal();
		scene_sleep(8 * SEC);
		assert_false(is_fast());
		scene_sleep(2 * SEC);
		fd = scene_socket(A);
		assert_int_equal(fast_send(A, fd, scene_address(B, PORT), "x", 1), 1);
		accepted = scene_accept(B, listener);
		scene_send_all(B, accepted, "y", 1);
		scene_sleep(100 * MS);
		scene_close(A, fd);
		scene_close(B, accepted);
		scene_sleep(1 * SEC);
	}
	scene_close(B, listener);
}

/*
 * Two SYNs with data cross, so each host sends its SYN-ACK later than the data of its SYN. In
 * tsorted_sent_queue, the list of segments by time of sending, the SYN-ACK must be behind the data.
 * inspect() checks this order, but not in SYN_RECV; so A calls shutdown(), which leads to
 * FIN_WAIT1.
 */
static void syns_with_data_cross(void)
{
	int a = scene_socket(A), b = scene_socket(B);
	uint8_t sent[500], got[500];
	char wrong[256];

	scene_sysctl(A, "net/ipv4/tcp_fastopen", "5");
	scene_sysctl(B, "net/ipv4/tcp_fastopen", "5");
	assert_int_equal(scene_bind(A, a, 1000), 0);
	assert_int_equal(scene_bind(B, b, 1000), 0);
	scene_fill(sent, sizeof(sent), 6);
	scene_hold(A, SYNACK, 1, 50 * MS);
	scene_hold(B, SYNACK, 1, 50 * MS);
	assert_int_equal(fast_send(A, a, scene_address(B, 1000), sent, sizeof(sent)), sizeof(sent));
	assert_int_equal(fast_send(B, b, scene_address(A, 1000), sent, sizeof(sent)), sizeof(sent));
	scene_sleep(20 * MS);
	assert_state(A, 1000, 1000, TCP_SYN_RECV);
	assert_state(B, 1000, 1000, TCP_SYN_RECV);
	assert_int_equal(scene_call(A, SYS_shutdown, a, SHUT_WR), 0);
	assert_state(A, 1000, 1000, TCP_FIN_WAIT1);
	if (A->inspect(wrong, sizeof(wrong)))
		fail_msg("%s", wrong);
	scene_recv_all(A, a, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(sent));
	scene_recv_all(B, b, got, sizeof(got));
	assert_memory_equal(sent, got, sizeof(sent));
	scene_close(A, a);
	scene_close(B, b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(data_of_a_syn_arrives),
		SCENE(a_lost_synack_loses_no_data),
		SCENE(data_without_a_valid_cookie_is_sent_again),
		SCENE(keys_of_the_sysctl_are_checked),
		SCENE(sendfile_sends_the_syn),
		SCENE(forged_cookies_open_nothing),
		SCENE(a_reset_child_counts_for_a_minute),
		SCENE(a_closed_listener_forgets_resets),
		SCENE_WORDS(cookies_of_many_servers, " gw=10.0.0.2"),
		SCENE(pauses_after_black_holes),
		SCENE(a_black_hole_that_is_gone),
		SCENE(syns_with_data_cross),
	};

	return scene_play(tests);
}
