/* SPDX-License-Identifier: MIT */
/*
 * The queue of out-of-order data: segments of one stream in random order, of random length, overlapping,
 * across the wrap of the sequence numbers; and the limits of the queue.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"

#define ISS    (0u - 3000) /* sequence number of the first byte: the stream crosses the wrap */
#define STREAM 8000u

static struct proto prot;
static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;

static void no_wake(struct sock *s)
{
	(void)s;
}

static int setup(void **state)
{
	static bool once;

	(void)state;
	if (!once) {
		unit_memory(65536, true);
		skb_init();
		once = true;
	}
	memset(&tp, 0, sizeof(tp));
	sk->sk_prot = &prot;
	sk->sk_state = TCP_ESTABLISHED;
	sk->sk_rcvbuf = SOCK_RMEM_MAX;
	sk->sk_data_ready = no_wake;
	sk->sk_state_change = no_wake;
	skb_queue_head_init(&sk->sk_receive_queue);
	inet_csk(sk)->icsk_ack.rcv_mss = TCP_MSS_DEFAULT;
	tp.advmss = 1460;
	tp.rcv_nxt = tp.rcv_wup = tp.copied_seq = ISS;
	tp.rcv_wnd = tp.window_clamp = tp.rcv_ssthresh = 1 << 20;
	tp.tcp_header_len = sizeof(struct tcphdr);
	return 0;
}

static void free_all(void)
{
	__skb_queue_purge(&sk->sk_receive_queue);
	tcp_ofo_purge(sk);
	assert_int_equal(tp.ofo_count, 0);
	assert_int_equal(atomic_read(&sk->sk_rmem_alloc), 0);
}

/* Returns the value of byte @i of the stream. */
static u8 byte_at(u32 i)
{
	return i * 7 + (i >> 8);
}

static void segment(u32 from, u32 len, bool fin)
{
	struct sk_buff *skb = alloc_skb(sizeof(struct tcphdr) + len, GFP_ATOMIC);
	struct tcphdr *th = memset(skb_put(skb, sizeof(*th)), 0, sizeof(*th));
	struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	u8 *data = skb_put(skb, len);

	skb_reset_transport_header(skb);
	th->doff = sizeof(*th) / 4;
	th->ack = 1;
	for (u32 i = 0; i < len; i++)
		data[i] = byte_at(from + i);
	memset(cb, 0, sizeof(*cb));
	cb->seq = ISS + from;
	cb->end_seq = ISS + from + len + fin;
	cb->tcp_flags = TCPHDR_ACK | (fin ? TCPHDR_FIN : 0);
	tcp_data_queue(sk, skb);
}

/* Checks and frees the data in the receive queue, as a reader would; returns the number of bytes read so far. */
static u32 read_all(void)
{
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&sk->sk_receive_queue))) {
		u32 offset = tp.copied_seq - TCP_SKB_CB(skb)->seq;
		u8 byte;

		for (; offset < skb->len; offset++, tp.copied_seq++) {
			assert_int_equal(skb_copy_bits(skb, offset, &byte, 1), 0);
			assert_int_equal(byte, byte_at(tp.copied_seq - ISS));
		}
		consume_skb(skb);
	}
	return tp.copied_seq - ISS;
}

static void test_any_order_any_cut(void **state)
{
	(void)state;
	for (int round = 0; round < 60; round++) {
		setup(state);
		for (int n = 0; n < 400 && tp.rcv_nxt != ISS + STREAM; n++) {
			u32 from = unit_random() % STREAM;
			u32 len = 1 + unit_random() % 300;

			segment(from, min(len, STREAM - from), false);
			if (n % 50 == 49)
				assert_int_equal(read_all(), tp.rcv_nxt - ISS);
		}
		/* Send the whole stream backwards, which fills the remaining gaps. */
		for (u32 from = STREAM; from > 0; from -= 100)
			segment(from - 100, 100, false);
		assert_int_equal(tp.rcv_nxt, ISS + STREAM);
		assert_int_equal(tp.ofo_count, 0);
		assert_null(tp.ooo_last_skb);
		assert_int_equal(tp.bytes_received, STREAM);
		assert_int_equal(read_all(), STREAM);
		free_all();
	}
}

static void test_fin_from_ahead(void **state)
{
	(void)state;
	segment(200, 100, true);
	segment(100, 100, false);
	assert_int_equal(sk->sk_state, TCP_ESTABLISHED);
	segment(0, 100, false);
	assert_int_equal(sk->sk_state, TCP_CLOSE_WAIT);
	assert_int_equal(tp.rcv_nxt, ISS + 301);
	assert_int_equal(read_all(), 300);
	free_all();
}

/* The number of out-of-order segments of a connection is limited.  LIMIT(TCP_OFO_PACKETS_MAX) */
static void test_packets_are_bounded(void **state)
{
	(void)state;
	/* Send every second byte, so that no segments can merge. */
	for (u32 i = 0; i < TCP_OFO_PACKETS_MAX + 50; i++)
		segment(10 + 2 * i, 1, false);
	assert_int_equal(tp.ofo_count, TCP_OFO_PACKETS_MAX);
	/* A segment nearer to rcv_nxt is accepted; the segment farthest from rcv_nxt is dropped in its place. */
	segment(5, 1, false);
	assert_int_equal(tp.ofo_count, TCP_OFO_PACKETS_MAX);
	assert_int_equal(TCP_SKB_CB(rb_to_skb(rb_first(&tp.out_of_order_queue)))->seq, ISS + 5);
	free_all();
}

static void test_memory_is_bounded(void **state)
{
	(void)state;
	sk->sk_userlocks = SOCK_RCVBUF_LOCK;
	sk->sk_rcvbuf = 65536;
	for (u32 i = 0; i < 2000; i++)
		segment(1000 + 3 * i, 1, false);
	assert_true(atomic_read(&sk->sk_rmem_alloc) <= sk->sk_rcvbuf + 4096);
	/* The segments with the lowest numbers stay, because SACK blocks reported them. */
	assert_int_equal(TCP_SKB_CB(tp.ooo_last_skb)->seq, ISS + 1000 + 3 * (tp.ofo_count - 1));
	/* A segment with a lower number takes the place of those with the highest. */
	segment(500, 1000, false);
	assert_int_equal(TCP_SKB_CB(rb_to_skb(rb_first(&tp.out_of_order_queue)))->seq, ISS + 500);
	/* In-order data is still accepted. */
	segment(0, 1000, false);
	assert_true(!before(tp.rcv_nxt, ISS + 1000));
	read_all();
	free_all();
}

/* While memory is short, the queue may not fill the whole receive buffer, but only a share: a quarter of memory divided
 * by the number of sockets. */
static void test_share_when_memory_is_short(void **state)
{
	u64 share = 64 << 10;
	struct page *page;
	LIST_HEAD(taken);

	(void)state;
	prot.sockets_allocated = nr_total_pages() * PAGE_SIZE / 4 / share;
	for (u32 i = 0; i < 1000; i++)
		segment(10 + 2 * i, 1, false);
	assert_int_equal(tp.ofo_count, 1000);
	/* Take so many pages that memory stays short even when dropped segments are freed. */
	while (nr_free_pages() >= nr_total_pages() / 16 - 256) {
		page = alloc_pages(GFP_ATOMIC, 0);
		assert_non_null(page);
		list_add(&page->lru, &taken);
	}
	for (u32 i = 1000; i < 2000; i++)
		segment(10 + 2 * i, 1, false);
	assert_true(atomic_read(&sk->sk_rmem_alloc) <= (int)share + 4096);
	while (!list_empty(&taken)) {
		page = list_first_entry(&taken, struct page, lru);
		list_del(&page->lru);
		__free_pages(page, 0);
	}
	/* With enough free memory again, the socket may use its whole buffer. */
	tcp_ofo_purge(sk);
	for (u32 i = 0; i < 1000; i++)
		segment(10 + 2 * i, 1, false);
	assert_int_equal(tp.ofo_count, 1000);
	prot.sockets_allocated = 0;
	free_all();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_any_order_any_cut),
		cmocka_unit_test_setup(test_fin_from_ahead, setup),
		cmocka_unit_test_setup(test_packets_are_bounded, setup),
		cmocka_unit_test_setup(test_memory_is_bounded, setup),
		cmocka_unit_test_setup(test_share_when_memory_is_short, setup),
	};

	return cmocka_run_group_tests_name("TCP out of order", tests, NULL, NULL);
}
