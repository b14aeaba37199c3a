/* SPDX-License-Identifier: MIT */
/*
 * The retransmit queue, compared with a model that is a plain array.  Random steps send, split,
 * mark, retransmit, acknowledge and undo, across the wrap of the sequence numbers.  After each
 * step, the queue's counters, summaries, lists and searches must give the same results as loops
 * over the model.
 */
#include "tests/unit/unit_hal.h"

#include "net/tcp/tcp_send.h"

#define MODEL_MAX 64
#define ROUNDS    400
#define STEPS     100
#define MSS       100
#define SACKED    TCPCB_SACKED_ACKED
#define LOST      TCPCB_LOST
#define RETRANS   TCPCB_SACKED_RETRANS

static struct proto prot;
static struct tcp_sock tp;
static struct sock *sk = (struct sock *)&tp;
static u64 now;

/* The model of a segment.  The array is sorted by sequence number. */
static struct entry {
	struct sk_buff *skb;
	u32 seq, end;
	u8 marks;
	u64 sent;
} model[MODEL_MAX];
static unsigned int count;

static int setup(void **state)
{
	static bool once;

	(void)state;
	if (!once) {
		unit_memory(16384, true);
		skb_init();
		once = true;
	}
	memset(&tp, 0, sizeof(tp));
	sk->sk_prot = &prot;
	sk->sk_state = TCP_ESTABLISHED;
	tp.rx_opt.sack_ok = 1;
	tcp_rtx_queue_init(sk);
	count = 0;
	return 0;
}

/* ---- searches in the model ------------------------------------------------------------------------- */

static unsigned int segs_of(const struct entry *e)
{
	return DIV_ROUND_UP(e->end - e->seq, MSS);
}

static unsigned int segs_with(u8 marks)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < count; i++)
		n += (model[i].marks & marks) == marks ? segs_of(&model[i]) : 0;
	return n;
}

/* Returns the first entry that ends after @seq and has none of the marks in @without. */
static struct sk_buff *first_after(u32 seq, u8 without)
{
	for (unsigned int i = 0; i < count; i++) {
		if ((s32)(model[i].end - seq) > 0 && !(model[i].marks & without))
			return model[i].skb;
	}
	return NULL;
}

static struct sk_buff *first_lost(void)
{
	for (unsigned int i = 0; i < count; i++) {
		if (model[i].marks == LOST)
			return model[i].skb;
	}
	return NULL;
}

static const struct entry *entry_of(const struct sk_buff *skb)
{
	for (unsigned int i = 0; i < count; i++) {
		if (model[i].skb == skb)
			return &model[i];
	}
	fail_msg("not in the model");
	return NULL;
}

/* ---- checks ---------------------------------------------------------------------------------------- */

/*
 * Counts the nodes of the subtree at @n, computes its summary, and compares each node's summary
 * with the model.
 */
static unsigned int check_tree(const struct rb_node *n, u8 *summary)
{
	u8 below = 0, left, right;
	unsigned int nodes;

	*summary = 0;
	if (!n)
		return 0;
	nodes = 1 + check_tree(n->rb_left, &left) + check_tree(n->rb_right, &right);
	below = entry_of(rb_to_skb(n))->marks;
	*summary = left | right | (below & SACKED ? 0 : RTX_HAS_UNSACKED) |
		   (below == LOST ? RTX_HAS_LOST : 0);
	assert_int_equal(TCP_SKB_CB(rb_to_skb(n))->rtx_summary, *summary);
	return nodes;
}

/*
 * Checks that @list contains exactly the lost entries, if @lost is true, or else exactly the entries
 * that are neither lost nor SACKed.
 */
static void check_list(const struct list_head *list, bool lost)
{
	unsigned int n = 0, expected = 0;
	const struct entry *last = NULL;
	const struct sk_buff *skb;

	for (unsigned int i = 0; i < count; i++)
		expected += !(model[i].marks & SACKED) && (model[i].marks == LOST) == lost;
	list_for_each_entry(skb, list, tcp_tsorted_anchor) {
		const struct entry *e = entry_of(skb);

		assert_false(e->marks & SACKED);
		assert_int_equal(e->marks == LOST, lost);
		/*
		 * The list has the order of sending; segments of one burst have the order of their
		 * sequence numbers.
		 */
		if (last && !lost)
			assert_true(last->sent < e->sent ||
				    (last->sent == e->sent && (s32)(e->seq - last->seq) > 0));
		last = e;
		assert_true(++n <= expected);
	}
	assert_int_equal(n, expected);
}

static void check(void)
{
	const struct sk_buff *skb = tcp_rtx_queue_head(sk);
	u8 summary;

	for (unsigned int i = 0; i < count; i++) {
		assert_ptr_equal(skb, model[i].skb);
		assert_int_equal(TCP_SKB_CB(skb)->seq, model[i].seq);
		assert_int_equal(TCP_SKB_CB(skb)->sacked & TCPCB_TAGBITS, model[i].marks);
		skb = skb_rb_next(skb);
	}
	assert_null(skb);
	assert_ptr_equal(tcp_rtx_queue_tail(sk), count ? model[count - 1].skb : NULL);
	assert_int_equal(tcp_rtx_queue_empty(sk), !count);
	assert_int_equal(check_tree(sk->tcp_rtx_queue.rb_node, &summary), count);

	assert_int_equal(tp.packets_out, segs_with(0));
	assert_int_equal(tp.sacked_out, segs_with(SACKED));
	assert_int_equal(tp.lost_out, segs_with(LOST));
	assert_int_equal(tp.retrans_out, segs_with(RETRANS));
	check_list(&tp.tsorted_sent_queue, false);
	check_list(&tp.tsorted_lost_queue, true);

	assert_ptr_equal(tcp_rtx_first_lost(sk), first_lost());
	for (unsigned int i = 0; i < count; i++) {
		for (u32 seq = model[i].seq - 1; seq != model[i].seq + 2; seq++) {
			assert_ptr_equal(tcp_rtx_find(sk, seq), first_after(seq, 0));
			assert_ptr_equal(tcp_rtx_next_unsacked(sk, seq), first_after(seq, SACKED));
		}
	}
	assert_null(tcp_rtx_find(sk, tp.snd_nxt));
	assert_null(tcp_rtx_next_unsacked(sk, tp.snd_nxt));
}

/* ---- steps ----------------------------------------------------------------------------------------- */

static struct sk_buff *new_segment(u32 seq, u32 len, u64 sent)
{
	struct sk_buff *skb = sk_stream_alloc_skb(sk, 0, GFP_ATOMIC);
	struct tcp_skb_cb *tcb;

	assert_non_null(skb);
	sk_wmem_queued_add(sk, skb->truesize);
	tcb = TCP_SKB_CB(skb);
	tcb->seq = seq;
	tcb->end_seq = seq + len;
	tcp_skb_pcount_set(skb, DIV_ROUND_UP(len, MSS));
	skb->skb_mstamp = sent;
	return skb;
}

static void send_new(void)
{
	u32 len = 1 + unit_random() % (4 * MSS);
	struct entry *e = &model[count];

	if (count == MODEL_MAX)
		return;
	/* Often do not advance the clock, so that several segments have the same send time. */
	now += unit_random() % 3 == 0;
	*e = (struct entry){new_segment(tp.snd_nxt, len, now), tp.snd_nxt, tp.snd_nxt + len, 0,
			    now};
	count++;
	tcp_rtx_queue_add(sk, e->skb);
	tp.packets_out += tcp_skb_pcount(e->skb);
	tp.snd_nxt += len;
}

/* Splits entry @i after its first MSS, like tcp_fragment(). */
static void cut(unsigned int i)
{
	struct entry *e = &model[i], *rest = e + 1;
	u32 at = e->seq + MSS;

	if (count == MODEL_MAX || (s32)(e->end - at) <= 0)
		return;
	memmove(rest + 1, rest, (count - i - 1) * sizeof(*rest));
	count++;
	*rest = *e;
	rest->skb = new_segment(at, e->end - at, e->sent);
	rest->seq = at;
	e->end = at;
	TCP_SKB_CB(rest->skb)->sacked = TCP_SKB_CB(e->skb)->sacked;
	/* The queue must compute the new segment's summary itself: store a wrong one. */
	TCP_SKB_CB(rest->skb)->rtx_summary = TCP_SKB_CB(e->skb)->rtx_summary;
	TCP_SKB_CB(e->skb)->end_seq = at;
	tcp_skb_pcount_set(e->skb, 1);
	tcp_rtx_queue_add_after(sk, e->skb, rest->skb);
}

static void mark(unsigned int i, u8 marks)
{
	model[i].marks = marks;
	tcp_rtx_set_marks(sk, model[i].skb, marks);
}

/*
 * Retransmits entry @i if it is lost, like tcp_retransmit_skb(); with @probe, sends an unmarked
 * entry again as a probe.
 */
static void send_again(unsigned int i, bool probe)
{
	struct entry *e = &model[i];

	if ((e->marks & SACKED) || (probe ? e->marks : e->marks != LOST))
		return;
	e->sent = e->skb->skb_mstamp = ++now;
	now++;
	tcp_rtx_sent_again(sk, e->skb);
	if (!probe)
		mark(i, LOST | RETRANS);
}

static void acknowledge(void)
{
	const struct entry *e = &model[0];
	unsigned int segs = segs_of(e);

	tp.packets_out -= segs;
	tp.sacked_out -= e->marks & SACKED ? segs : 0;
	tp.lost_out -= e->marks & LOST ? segs : 0;
	tp.retrans_out -= e->marks & RETRANS ? segs : 0;
	tcp_rtx_queue_unlink_and_free(e->skb, sk);
	memmove(model, model + 1, --count * sizeof(*model));
}

static void undo(void)
{
	tcp_rtx_unmark_lost(sk);
	for (unsigned int i = 0; i < count; i++)
		model[i].marks &= ~LOST;
}

static void step(void)
{
	unsigned int i, kind = unit_random() % 16;

	if (!count || kind < 4) {
		send_new();
		return;
	}
	i = unit_random() % count;
	switch (kind) {
	case 4:
	case 5:
		cut(i);
		break;
	case 6:
	case 7:
		/* A SACK.  The segment keeps the mark RETRANS only if it is not marked LOST. */
		mark(i, SACKED | (model[i].marks & LOST ? 0 : model[i].marks & RETRANS));
		break;
	case 8:
		/* A DSACK shows that a retransmission arrived: the segment keeps only the mark SACKED. */
		if (model[i].marks & SACKED)
			mark(i, SACKED);
		break;
	case 9:
	case 10:
	case 11:
		/* The segment or its retransmission is detected as lost. */
		if (!(model[i].marks & SACKED))
			mark(i, LOST);
		break;
	case 12:
	case 13:
		send_again(i, false);
		break;
	case 14:
		if (unit_random() % 4)
			acknowledge();
		else
			send_again(i, true);
		break;
	default:
		if (unit_random() % 4 == 0)
			undo();
	}
}

static void test_beside_a_model(void **state)
{
	long objects = unit_objects();

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		tp.snd_nxt = round % 2 ? unit_random() : 0u - unit_random() % (20 * MSS);
		for (unsigned int i = 0; i < STEPS; i++) {
			step();
			check();
		}
		while (count) {
			acknowledge();
			check();
		}
		assert_int_equal(sk->sk_wmem_queued, 0);
		assert_int_equal(unit_objects(), objects);
	}
}

/*
 * The peer drops data that it SACKed (RFC 2018 8).  While all segments are SACKed, the lists of sent
 * and of lost segments are empty; a timeout marks all segments as lost, so the latter has them all.
 */
static void test_reneging(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		send_new();
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		mark(i, SACKED);
	check();
	assert_true(list_empty(&tp.tsorted_sent_queue));
	assert_null(tcp_rtx_next_unsacked(sk, model[0].seq));
	for (unsigned int i = 0; i < MODEL_MAX; i++)
		mark(i, LOST);
	check();
	assert_ptr_equal(tcp_rtx_first_lost(sk), model[0].skb);
	while (count)
		acknowledge();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_beside_a_model, setup),
		cmocka_unit_test_setup(test_reneging, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
