/* SPDX-License-Identifier: MIT */
/*
 * Pacing: the rate is kept, and an idle time does not cause a burst.  TCP Small Queues: the limits
 * hold, and the completion of a packet always restarts a throttled sender.
 */
#include "tests/unit/unit_hal.h"

#include "kernel/hal.h"
#include "kernel/time/clockevent.h"
#include "kernel/time/softirq.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_send.h"

static struct tcp_sock sock, *const tp = &sock;
static struct sock *const sk = (struct sock *)&sock;
static struct sk_buff sent[3];

static int setup(void **state)
{
	(void)state;
	unit_set_clock(5 * NSEC_PER_SEC);
	memset(tp, 0, sizeof(*tp));
	memset(sent, 0, sizeof(sent));
	sk->sk_state = TCP_CLOSE; /* so tcp_tsq_write() sends nothing */
	refcount_set(&sk->sk_refcnt, 1);
	atomic_set(&sk->sk_wmem_alloc, 1);
	spin_lock_init(&sk->sk_lock.slock);
	tcp_rtx_queue_init(sk);
	tcp_init_pacing(sk);
	sk->sk_pacing_rate = sk->sk_max_pacing_rate = ~0ull;
	tcp_mstamp_refresh(tp);
	for (unsigned int i = 0; i < 3; i++) {
		sent[i].truesize = 2000;
		TCP_SKB_CB(&sent[i])->seq = i;
		TCP_SKB_CB(&sent[i])->end_seq = i + 1;
		tcp_skb_pcount_set(&sent[i], 1);
	}
	return 0;
}

static void clock_to(u64 ns)
{
	unsigned long flags = hal_irq_save();

	unit_set_clock(ns);
	clockevent_fired();
	irq_enter();
	hrtimers_interrupt(ns);
	irq_exit();
	hal_irq_restore(flags);
	tcp_mstamp_refresh(tp);
}

/* ---- pacing ------------------------------------------------------------------------------------- */

/* LIMIT(TCP_UNPACED_SEGS) */
static void test_the_first_segments_are_not_paced(void **state)
{
	(void)state;
	sk->sk_pacing_status = SK_PACING_NEEDED;
	sk->sk_pacing_rate = 1000000;
	for (tp->data_segs_out = 0; tp->data_segs_out < TCP_UNPACED_SEGS; tp->data_segs_out++) {
		tcp_update_wstamp(sk, 1000);
		assert_false(tcp_pacing_check(sk));
	}
	tcp_update_wstamp(sk, 1000);
	assert_true(tcp_pacing_check(sk));
	assert_int_equal(refcount_read(&sk->sk_refcnt), 2);
	/* A second check does not start a second timer. */
	assert_true(tcp_pacing_check(sk));
	assert_int_equal(refcount_read(&sk->sk_refcnt), 2);
	tcp_clear_pacing(sk);
	assert_int_equal(refcount_read(&sk->sk_refcnt), 1);
	assert_int_equal(hrtimers_armed(), 0);
}

/*
 * Paces packets of 1,000 to 10,000 bytes at 10 MB/s.  The timer is up to 50 us late, but the
 * average rate is kept.
 */
static void test_the_rate_is_kept(void **state)
{
	u64 begin = ktime_get_ns(), bytes = 0, seconds;

	(void)state;
	sk->sk_pacing_status = SK_PACING_NEEDED;
	sk->sk_pacing_rate = 10000000;
	tp->data_segs_out = 1000;
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int len = 1000 + unit_random() % 9000;

		assert_false(tcp_pacing_check(sk));
		tcp_update_wstamp(sk, len);
		bytes += len;
		assert_true(tcp_pacing_check(sk));
		assert_true(tp->tcp_wstamp_ns <= tp->tcp_mstamp + len * 100ull);
		/*
		 * The timer does not fire before its time.  When it fires, it drops its reference to the socket.
		 */
		clock_to(tp->tcp_wstamp_ns - 1);
		assert_int_equal(hrtimers_armed(), 1);
		clock_to(tp->tcp_wstamp_ns + unit_random() % 50000);
		assert_int_equal(hrtimers_armed(), 0);
		assert_int_equal(refcount_read(&sk->sk_refcnt), 1);
	}
	seconds = ktime_get_ns() - begin;
	assert_in_range(bytes * 1000 / (seconds / 1000000), 9900000, 10001000);
}

/*
 * After an idle second, the pause after the first packet is shortened by half at most, so that the
 * sender does not make up for the idle time with a burst.
 */
static void test_idle_time_causes_no_burst(void **state)
{
	(void)state;
	sk->sk_pacing_status = SK_PACING_NEEDED;
	sk->sk_pacing_rate = 1000000;
	tp->data_segs_out = 1000;
	tcp_update_wstamp(sk, 10000);
	clock_to(ktime_get_ns() + NSEC_PER_SEC);
	tcp_update_wstamp(sk, 10000);
	assert_int_equal(tp->tcp_wstamp_ns - tp->tcp_mstamp, 5 * NSEC_PER_MSEC);
}

static void test_only_if_needed(void **state)
{
	(void)state;
	tp->tcp_wstamp_ns = tp->tcp_mstamp + NSEC_PER_SEC;
	assert_false(tcp_pacing_check(sk));
	sk->sk_pacing_status = SK_PACING_NEEDED;
	tp->data_segs_out = 1000;
	tp->tcp_wstamp_ns = 0;
	tcp_update_wstamp(sk, 1000000); /* the initial pacing rate means "no limit" */
	assert_false(tcp_pacing_check(sk));
}

/* ---- small queues ------------------------------------------------------------------------------- */

static void in_flight(unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		tcp_rtx_queue_add(sk, &sent[i]);
}

/* LIMIT(TCP_LIMIT_OUTPUT_BYTES) */
static void test_the_limit(void **state)
{
	struct sk_buff *skb = &sent[2];

	(void)state;
	in_flight(2);
	atomic_set(&sk->sk_wmem_alloc, TCP_LIMIT_OUTPUT_BYTES);
	assert_false(tcp_small_queue_check(sk, skb, 0));
	atomic_set(&sk->sk_wmem_alloc, TCP_LIMIT_OUTPUT_BYTES + 1);
	assert_true(tcp_small_queue_check(sk, skb, 0));
	assert_false(tcp_small_queue_check(sk, skb, 1));
	/* The limit is the number of bytes that the pacing rate sends in a millisecond. */
	sk->sk_pacing_rate = 100000 << 10;
	atomic_set(&sk->sk_wmem_alloc, 100000);
	assert_false(tcp_small_queue_check(sk, skb, 0));
	atomic_set(&sk->sk_wmem_alloc, 100001);
	assert_true(tcp_small_queue_check(sk, skb, 0));
	/* The limit is two packets at least. */
	sk->sk_pacing_rate = 1000;
	atomic_set(&sk->sk_wmem_alloc, 2 * skb->truesize);
	assert_false(tcp_small_queue_check(sk, skb, 0));
	atomic_set(&sk->sk_wmem_alloc, 2 * skb->truesize + 1);
	assert_true(tcp_small_queue_check(sk, skb, 0));
}

/*
 * If only one segment is in flight, the completion that would restart a throttled sender may have
 * come already, so the sender is not throttled.
 */
static void test_a_single_segment_is_always_followed(void **state)
{
	(void)state;
	in_flight(1);
	sk->sk_pacing_rate = 1000;
	atomic_set(&sk->sk_wmem_alloc, 1000000);
	assert_false(tcp_small_queue_check(sk, &sent[2], 0));
	assert_false(test_bit(TSQ_THROTTLED, &tp->tsq_state));
}

/* The sender is throttled, then its packet is completed: the softirq serves the socket once. */
static void test_a_completion_starts_the_sender(void **state)
{
	struct sk_buff *skb = alloc_skb(3000, GFP_KERNEL), *more = alloc_skb(3000, GFP_KERNEL);
	u64 runs = softirq_count[TASKLET_SOFTIRQ];

	(void)state;
	in_flight(2);
	sk->sk_pacing_rate = 1000;
	skb_set_owner_w(skb, sk);
	skb_set_owner_w(more, sk);
	skb->destructor = more->destructor = tcp_wfree;
	assert_true(tcp_small_queue_check(sk, &sent[2], 0));
	assert_true(test_bit(TSQ_THROTTLED, &tp->tsq_state));

	local_bh_disable();
	consume_skb(skb);
	assert_true(test_bit(TSQ_QUEUED, &tp->tsq_state));
	/*
	 * The sender is throttled again before the softirq runs: the second completion does not
	 * queue the socket again.
	 */
	set_bit(TSQ_THROTTLED, &tp->tsq_state);
	consume_skb(more);
	/* While the socket is in the softirq's queue, the queue holds one byte of sk_wmem_alloc. */
	assert_int_equal(atomic_read(&sk->sk_wmem_alloc), 2);
	local_bh_enable();

	assert_int_equal(softirq_count[TASKLET_SOFTIRQ], runs + 1);
	assert_int_equal(atomic_read(&sk->sk_wmem_alloc), 1);
	assert_false(test_bit(TSQ_QUEUED, &tp->tsq_state));
}

/*
 * A small segment waits if a packet is in the device and data is in flight; only the first check is
 * counted. A full segment, the end of a record, and any segment while no packet is in the device do
 * not wait.
 */
static void test_small_writes_are_combined(void **state)
{
	u64 corked = snmp_counters[SNMP_TcpExtTCPAutoCorking];
	struct sk_buff *skb = &sent[2];

	(void)state;
	skb->len = 100;
	atomic_set(&sk->sk_wmem_alloc, 1 + 2 * skb->truesize);
	assert_false(tcp_should_autocork(sk, skb, 1000));
	in_flight(1);
	assert_true(tcp_should_autocork(sk, skb, 1000));
	assert_true(test_bit(TSQ_THROTTLED, &tp->tsq_state));
	assert_true(tcp_should_autocork(sk, skb, 1000));
	assert_int_equal(snmp_counters[SNMP_TcpExtTCPAutoCorking], corked + 1);

	assert_false(tcp_should_autocork(sk, skb, 100));
	TCP_SKB_CB(skb)->eor = 1;
	assert_false(tcp_should_autocork(sk, skb, 1000));
	TCP_SKB_CB(skb)->eor = 0;
	atomic_set(&sk->sk_wmem_alloc, 1);
	assert_false(tcp_should_autocork(sk, skb, 1000));
	atomic_set(&sk->sk_wmem_alloc, 1 + 2 * skb->truesize);
	sysctl_tcp_autocorking = 0;
	assert_false(tcp_should_autocork(sk, skb, 1000));
	sysctl_tcp_autocorking = 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_the_first_segments_are_not_paced, setup),
		cmocka_unit_test_setup(test_the_rate_is_kept, setup),
		cmocka_unit_test_setup(test_idle_time_causes_no_burst, setup),
		cmocka_unit_test_setup(test_only_if_needed, setup),
		cmocka_unit_test_setup(test_the_limit, setup),
		cmocka_unit_test_setup(test_a_single_segment_is_always_followed, setup),
		cmocka_unit_test_setup(test_a_completion_starts_the_sender, setup),
		cmocka_unit_test_setup(test_small_writes_are_combined, setup),
	};

	unit_memory(4096, false);
	hrtimers_init();
	tcp_tsq_init();
	skb_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
