/* SPDX-License-Identifier: MIT */
/*
 * tcp_set_state() allows the state transitions of RFC 9293's figure 5.  Any other transition is a bug of
 * the kernel and panics with a message that names both states.
 */
#include "tests/unit/unit_hal.h"

#include <string.h>

#include "net/core/snmp.h"
#include "net/tcp/tcp_in.h"

static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static unsigned int unhashed;

static void unhash(struct sock *s)
{
	assert_ptr_equal(s, sk);
	unhashed++;
}

static struct proto prot = {.unhash = unhash};

/*
 * Legal transitions, with the event that causes each. The transitions to CLOSE by a reset or a timeout, which
 * are legal in every state, are not listed.
 */
static const struct {
	int from, to;
} arrows[] = {
	{TCP_CLOSE, TCP_SYN_SENT},         /* active OPEN */
	{TCP_SYN_SENT, TCP_SYN_RECV},      /* SYN */
	{TCP_SYN_SENT, TCP_ESTABLISHED},   /* SYN, ACK */
	{TCP_SYN_RECV, TCP_ESTABLISHED},   /* ACK of SYN */
	{TCP_SYN_RECV, TCP_FIN_WAIT1},     /* CLOSE */
	{TCP_SYN_RECV, TCP_CLOSE_WAIT},    /* FIN: 3.10.7.4, eighth */
	{TCP_ESTABLISHED, TCP_FIN_WAIT1},  /* CLOSE */
	{TCP_ESTABLISHED, TCP_CLOSE_WAIT}, /* FIN */
	{TCP_FIN_WAIT1, TCP_FIN_WAIT2},    /* ACK of FIN */
	{TCP_FIN_WAIT1, TCP_CLOSING},      /* FIN */
	{TCP_CLOSE_WAIT, TCP_LAST_ACK},    /* CLOSE */
};

static bool has_arrow(int from, int to)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(arrows); i++) {
		if (arrows[i].from == from && arrows[i].to == to)
			return true;
	}
	return to == TCP_CLOSE;
}

static const char *const names[] = {
	"?",     "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",    "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV", "?"};

static int setup(void **state)
{
	(void)state;
	unit_init();
	memset(&tp, 0, sizeof(tp));
	sk->sk_prot = &prot;
	unhashed = 0;
	return 0;
}

/* Must be the first panic of the program: a later one prints only "panic within panic". */
static void test_a_panic_names_both(void **state)
{
	(void)state;
	sk->sk_state = TCP_ESTABLISHED;
	unit_console_clear();
	assert_panics(tcp_set_state(sk, TCP_SYN_RECV));
	assert_non_null(strstr(unit_console(), "ESTABLISHED may not go to SYN_RECV"));
}

static void test_all_transitions(void **state)
{
	(void)state;
	for (int from = TCP_ESTABLISHED; from <= TCP_CLOSING; from++) {
		for (int to = TCP_ESTABLISHED; to <= TCP_NEW_SYN_RECV; to++) {
			/* A TIME_WAIT is an object of another type, which has no transitions. */
			if (from == to || from == TCP_TIME_WAIT)
				continue;
			sk->sk_state = from;
			if (has_arrow(from, to)) {
				tcp_set_state(sk, to);
				assert_int_equal(sk->sk_state, to);
				continue;
			}
			assert_panics(tcp_set_state(sk, to));
			assert_int_equal(sk->sk_state, from);
		}
	}
}

static void test_names(void **state)
{
	(void)state;
	for (int i = 0; i < (int)ARRAY_SIZE(names); i++)
		assert_string_equal(tcp_state_name(i), names[i]);
	assert_string_equal(tcp_state_name(-1), "?");
}

/*
 * As on Linux, tcpCurrEstab does not count connections in CLOSE_WAIT, although RFC 4022 includes them;
 * tcpEstabResets counts a reset in CLOSE_WAIT.
 */
static void test_counters(void **state)
{
	u64 now = snmp_counters[SNMP_TcpCurrEstab], resets = snmp_counters[SNMP_TcpEstabResets];

	(void)state;
	sk->sk_state = TCP_SYN_RECV;
	tcp_set_state(sk, TCP_ESTABLISHED);
	assert_int_equal(snmp_counters[SNMP_TcpCurrEstab], now + 1);
	tcp_set_state(sk, TCP_CLOSE_WAIT);
	assert_int_equal(snmp_counters[SNMP_TcpCurrEstab], now);
	tcp_set_state(sk, TCP_CLOSE);
	assert_int_equal(snmp_counters[SNMP_TcpEstabResets], resets + 1);
	assert_int_equal(unhashed, 1);
	sk->sk_state = TCP_LAST_ACK;
	tcp_set_state(sk, TCP_CLOSE);
	assert_int_equal(snmp_counters[SNMP_TcpEstabResets], resets + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_panic_names_both, setup),
		cmocka_unit_test_setup(test_all_transitions, setup),
		cmocka_unit_test_setup(test_names, setup),
		cmocka_unit_test_setup(test_counters, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
