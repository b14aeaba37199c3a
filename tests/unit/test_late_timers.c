/* SPDX-License-Identifier: MIT */
/*
 * A race: a segment ends a TIME_WAIT or a request while another CPU is about to arm the timer of that object
 * again.  The test does the two steps one after the other, in a system call of its own.  The timer must not be
 * armed once the object has left the table, and no reference may leak.
 *
 * Runs over loopback in the hosted kernel.
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/lib/string.h"
#include "net/tcp/tcp.h"
#include "tests/unit/unit_sockets.h"

#define PORT     4000
#define LOOPBACK 0x0100007fu
/*
 * late(local port, remote port) ends the TIME_WAIT or request of that connection, then tries to arm its timer
 * again.  In the result, bit 0 is set if the timer was pending before the object ended, bit 1 if it was pending
 * after that.
 */
#define LATE OWN_CALL

static struct sock *find(u16 local, u16 remote)
{
	return __inet_lookup_established(&tcp_hashinfo, LOOPBACK, htons(remote), LOOPBACK, local,
					 0);
}

static long late_timewait(struct inet_timewait_sock *tw)
{
	long armed = timer_pending(&tw->tw_timer);

	refcount_inc(&tw->tw_refcnt);
	inet_twsk_deschedule_put(tw);
	inet_twsk_reschedule(tw, HZ);
	armed |= timer_pending(&tw->tw_timer) << 1;
	inet_twsk_put(tw);
	return armed;
}

static long late_request(struct request_sock *req)
{
	long armed;

	inet_csk_reqsk_timer_restart(req);
	armed = timer_pending(&req->rsk_timer);
	inet_csk_reqsk_queue_drop(req->rsk_listener, req);
	inet_csk_reqsk_timer_restart(req);
	armed |= timer_pending(&req->rsk_timer) << 1;
	reqsk_put(req);
	return armed;
}

static long sys_late(unsigned int local, unsigned int remote)
{
	struct sock *sk;
	long armed = -1;

	local_bh_disable();
	sk = find(local, remote);
	if (sk && sk->sk_state == TCP_TIME_WAIT)
		armed = late_timewait(inet_twsk(sk));
	else if (sk && sk->sk_state == TCP_NEW_SYN_RECV)
		armed = late_request(inet_reqsk(sk));
	else if (sk)
		sock_put(sk);
	local_bh_enable();
	return armed;
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	static const struct syscall_def late = SYSCALL_DEF(LATE, sys_late);

	unit_sockets_main(boot, &late);
}

/* ---- connections ------------------------------------------------------------------------------------ */

static int listener, client;
static u16 client_port;

static void set_int(int fd, int level, int name, int val)
{
	assert_int_equal(
		result(sn_submit(__NR_setsockopt, fd, level, name, (long)&val, sizeof(val), 0)), 0);
}

/* Connects a client to PORT.  With @defer (TCP_DEFER_ACCEPT) the listener keeps the request until data arrives. */
static void connect_one(int defer)
{
	static const struct sockaddr_in server = {
		.sin_family = AF_INET, .sin_port = HTONS_CONST(PORT), .sin_addr.s_addr = LOOPBACK};
	struct sockaddr_in own;
	int len = sizeof(own);

	listener = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0);
	client = call(__NR_socket, AF_INET, SOCK_STREAM, 0, 0);
	set_int(listener, SOL_SOCKET, SO_REUSEADDR, 1);
	set_int(listener, SOL_TCP, TCP_DEFER_ACCEPT, defer);
	assert_int_equal(call(__NR_bind, listener, &server, sizeof(server), 0), 0);
	assert_int_equal(call(__NR_listen, listener, 1, 0, 0), 0);
	assert_int_equal(call(__NR_connect, client, &server, sizeof(server), 0), 0);
	assert_int_equal(call(__NR_getsockname, client, &own, &len, 0), 0);
	client_port = ntohs(own.sin_port);
}

/* Closes the listener and checks that all objects are freed (no reference leaked) and no timer is armed. */
static void assert_all_gone(void)
{
	assert_int_equal(call(__NR_close, listener, 0, 0, 0), 0);
	pass_ms(TIMEWAITS);
	assert_int_equal(tcp_prot.slab->live, 0);
	assert_int_equal(tcp_prot.rsk_prot->slab->live, 0);
	assert_int_equal(tcp_prot.twsk_prot->slab->live, 0);
	assert_int_equal(sn_timers_armed(), 0);
	assert_int_equal(sn_warn_count(), 0);
}

/* ---- the tests -------------------------------------------------------------------------------------- */

static void test_a_time_wait_that_has_ended(void **state)
{
	int accepted;

	(void)state;
	connect_one(0);
	accepted = call(__NR_accept, listener, 0, 0, 0);
	assert_int_equal(call(__NR_close, client, 0, 0, 0), 0);
	assert_int_equal(call(__NR_close, accepted, 0, 0, 0), 0);
	assert_int_equal(call(LATE, client_port, PORT, 0, 0), 1);
	assert_int_equal(call(LATE, client_port, PORT, 0, 0), -1);
	assert_all_gone();
}

static void test_a_request_that_has_ended(void **state)
{
	(void)state;
	connect_one(5);
	assert_int_equal(call(LATE, PORT, client_port, 0, 0), 1);
	assert_int_equal(call(LATE, PORT, client_port, 0, 0), -1);
	assert_int_equal(call(__NR_close, client, 0, 0, 0), 0);
	assert_all_gone();
}

static int boot(void **state)
{
	(void)state;
	if (!sn_boot(7, ""))
		return 0;
	print_error("%s", sn_console());
	return -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_time_wait_that_has_ended),
		cmocka_unit_test(test_a_request_that_has_ended),
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
