/* SPDX-License-Identifier: MIT */
/*
 * The receive buffer: how large a window it permits, which data is dropped when it is full, and how it
 * grows.
 *
 * tcp_init_buffer_space() <- tcp_finish_connect, tcp_rcv_state_process [SYN_RECV]
 * tcp_grow_window() <- tcp_event_data_recv, tcp_data_queue_ofo
 * tcp_try_rmem_schedule() <- tcp_data_queue, tcp_data_queue_ofo
 * tcp_rcv_rtt_measure*() <- tcp_rcv_established, tcp_event_data_recv
 * tcp_rcv_space_adjust() <- tcp_recvmsg
 *
 * sk_rcvbuf counts memory (truesize), the window counts bytes of data.  tcp_adv_win_scale sets which
 * part of the buffer is offered as window (tcp_win_from_space).  rcv_ssthresh limits the offer until
 * the peer's packets have shown a good ratio of data to memory.
 * Context: softirq with the bh lock, or the thread that owns the socket.  Compare Linux's tcp_input.c;
 * the growth is Dynamic Right-Sizing (Fisk, Feng 2001).
 */
#include "kernel/mm/slab.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- the first window ---------------------------------------------------------------------------------- */

/*
 * Raises the send buffer to room for two congestion windows, so that the application can fill one
 * window while another is in flight. A congestion control may ask for more windows.
 */
void tcp_sndbuf_expand(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_congestion_ops *ca = inet_csk(sk)->icsk_ca_ops;
	u32 mss = max_t(u32, tp->rx_opt.mss_clamp, tp->mss_cache);
	u32 segs = max_t(u32, TCP_INIT_CWND, tp->snd_cwnd);
	u32 windows = ca->sndbuf_expand ? ca->sndbuf_expand(sk) : 2;
	u64 want;

	segs = max(segs, tp->reordering + 1);
	want = (u64)windows * segs * (SKB_TRUESIZE(mss + MAX_TCP_HEADER) + sizeof(struct sk_buff));
	if (sk->sk_sndbuf < (s64)want)
		sk->sk_sndbuf = min_t(u64, want, sysctl_tcp_wmem[2]);
}

/*
 * Called when a connection is established. Enlarges the send buffer. Limits the window to the data
 * that the receive buffer (tcp_rmem[1] or SO_RCVBUF) can hold, less one segment: the last segment
 * that the window permits then still has room. The reduction by one segment leaves a window of at
 * least two segments, as in Linux's function of this name. Sets the values with which the growth of
 * the receive buffer begins.
 */
void tcp_init_buffer_space(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 maxwin = tcp_full_space(sk), segment = tp->advmss;

	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		tcp_sndbuf_expand(sk);

	tp->window_clamp = min(tp->window_clamp, maxwin);
	if (tp->window_clamp > 2 * segment && tp->window_clamp + segment > maxwin)
		tp->window_clamp = max(2 * segment, maxwin - segment);
	tp->rcv_ssthresh = min(tp->rcv_ssthresh, tp->window_clamp);

	tcp_mstamp_refresh(tp);
	tp->rcvq_space.space = min(tp->rcv_ssthresh, tp->rcv_wnd);
	tp->rcvq_space.space = min(tp->rcvq_space.space, TCP_INIT_CWND * segment);
	tp->rcvq_space.stamp = tp->tcp_mstamp;
	tp->rcvq_space.seq = tp->copied_seq;
	tp->snd_cwnd_stamp = tcp_jiffies32;
}

/* ---- the window grows ------------------------------------------------------------------------------------ */

/*
 * Returns by how many bytes rcv_ssthresh may grow for @skb, whose memory is much larger than its data.
 * The larger the window already is, the better filled the packet must be, because the buffer can hold a
 * small window even of badly filled packets.
 */
static u32 grow_for_waste(const struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 truesize = tcp_win_from_space(skb->truesize) >> 1;
	u32 window = tcp_win_from_space(sysctl_tcp_rmem[2]) >> 1;

	while (tp->rcv_ssthresh <= window) {
		if (truesize <= skb->len)
			return 2 * inet_csk(sk)->icsk_ack.rcv_mss;
		truesize >>= 1;
		window >>= 1;
	}
	return 0;
}

void tcp_grow_window(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 incr;

	if (tp->rcv_ssthresh >= tp->window_clamp || (int)tp->rcv_ssthresh >= tcp_space(sk) ||
	    tcp_under_memory_pressure(sk))
		return;
	if (tcp_win_from_space(skb->truesize) <= (int)skb->len)
		incr = 2 * tp->advmss;
	else
		incr = grow_for_waste(sk, skb);
	if (!incr)
		return;
	incr = max(incr, 2 * skb->len);
	tp->rcv_ssthresh = min(tp->rcv_ssthresh + incr, tp->window_clamp);
	/* Send an ACK soon, so that the peer learns the larger window. */
	inet_csk(sk)->icsk_ack.quick |= 1;
}

/* ---- SO_RCVLOWAT --------------------------------------------------------------------------------- */

/*
 * Sets how many bytes make the socket readable, at most half of the largest buffer.  Enlarges the buffer so
 * that the window permits that many bytes.
 */
void tcp_set_rcvlowat(struct sock *sk, int val)
{
	bool fixed = sk->sk_userlocks & SOCK_RCVBUF_LOCK;
	struct tcp_sock *tp = tcp_sk(sk);
	int space;

	val = min(val, (fixed ? sk->sk_rcvbuf : READ_ONCE(sysctl_tcp_rmem[2])) / 2);
	sk->sk_rcvlowat = val = max(val, 1);
	/* A lower value may make the socket readable now. */
	sk->sk_data_ready(sk);
	space = tcp_space_from_win(val);
	if (fixed || space <= sk->sk_rcvbuf)
		return;
	sk->sk_rcvbuf = space;
	/* 0: there is no connection yet; tcp_init_buffer_space() will compute the clamp from the buffer. */
	if (tp->window_clamp)
		tp->window_clamp = val;
}

/*
 * If fewer than @target bytes, but at least one, are unread, returns true if memory is short or
 * there is hardly room for more data: then the peer may stop sending, and the reader would wait for
 * ever.
 */
bool tcp_epollin_ready(const struct sock *sk, int target)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int unread = READ_ONCE(tp->rcv_nxt) - READ_ONCE(tp->copied_seq);

	if (unread <= 0)
		return false;
	return unread >= target || tcp_under_memory_pressure(sk) ||
	       atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf - (sk->sk_rcvbuf >> 3) ||
	       tcp_receive_window(tp) <= inet_csk(sk)->icsk_ack.rcv_mss;
}

/* ---- the buffer is full -------------------------------------------------------------------------------------- */

/*
 * The receive buffer is exceeded: raises its limit to its present use, at most tcp_rmem[2], unless SO_RCVBUF
 * was set or memory is short.  If the buffer is still exceeded, lowers the window to two segments.
 */
static void tcp_clamp_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	inet_csk(sk)->icsk_ack.quick = 0;
	if (!(sk->sk_userlocks & SOCK_RCVBUF_LOCK) && !tcp_under_memory_pressure(sk))
		sk->sk_rcvbuf = max_t(
			int, sk->sk_rcvbuf,
			min_t(int, atomic_read(&sk->sk_rmem_alloc), READ_ONCE(sysctl_tcp_rmem[2])));
	if (atomic_read(&sk->sk_rmem_alloc) > sk->sk_rcvbuf)
		tp->rcv_ssthresh = min_t(u32, tp->window_clamp, 2u * tp->advmss);
}

/* Copies @run bytes, those of @first and of packets that follow it, into one new packet. */
static struct sk_buff *collapse_run(struct sk_buff *first, u32 run)
{
	struct sk_buff *skb = alloc_skb(run, GFP_ATOMIC);
	struct sk_buff *from = first;

	if (!skb)
		return NULL;
	memcpy(skb->cb, first->cb, sizeof(skb->cb));
	while (skb->len < run) {
		u32 len = from->len;

		BUG_ON(skb_copy_bits(from, 0, skb_put(skb, len), len));
		TCP_SKB_CB(skb)->end_seq = TCP_SKB_CB(from)->end_seq;
		TCP_SKB_CB(skb)->tcp_flags |= TCP_SKB_CB(from)->tcp_flags;
		from = from->next;
	}
	return skb;
}

/* bytes: most data in a collapsed packet; with its overhead such a packet takes 16 KiB */
#define COLLAPSE_SIZE (16384 - SKB_OVERHEAD)

/* Returns the truesize of a packet that is allocated for @len bytes. */
static u32 collapsed_truesize(u32 len)
{
	return SKB_TRUESIZE(kmalloc_size_roundup(SKB_DATA_ALIGN(len) + SKB_OVERHEAD) -
			    SKB_OVERHEAD);
}

/*
 * Returns how many bytes of data, in @first and the packets that follow it, would need less memory as one
 * packet; 0 if a copy would save no memory.
 */
static u32 collapsible_run(const struct sk_buff_head *q, struct sk_buff *first)
{
	u32 run = 0, truesize = 0, next_seq = TCP_SKB_CB(first)->seq;
	struct sk_buff *skb = first;

	while (skb != (struct sk_buff *)q && TCP_SKB_CB(skb)->seq == next_seq && skb->len &&
	       run + skb->len <= COLLAPSE_SIZE) {
		run += skb->len;
		truesize += skb->truesize;
		next_seq = TCP_SKB_CB(skb)->end_seq;
		/* Stop at a FIN: no data follows it, and its sequence number is not a byte. */
		if (tcp_has_fin(skb))
			break;
		skb = skb->next;
	}
	return run && collapsed_truesize(run) < truesize ? run : 0;
}

/*
 * Saves memory in the receive queue: copies the data of small packets in large buffers into full packets.
 * No data is lost or reordered.  A copy begins only at a packet with more waste than data, so data that
 * was copied once is not copied again for each small packet that follows.
 */
static void tcp_collapse(struct sock *sk)
{
	struct sk_buff_head *q = &sk->sk_receive_queue;
	struct sk_buff *skb = skb_peek(q);

	while (skb && skb != (struct sk_buff *)q) {
		bool waste = tcp_win_from_space(skb->truesize) > (int)skb->len;
		u32 run = waste ? collapsible_run(q, skb) : 0;
		struct sk_buff *merged;

		if (!run) {
			skb = skb->next;
			continue;
		}
		merged = collapse_run(skb, run);
		if (!merged)
			return;
		__skb_queue_after(q, skb->prev, merged);
		while (run) {
			struct sk_buff *next = skb->next;

			run -= skb->len;
			__skb_unlink(skb, q);
			consume_skb(skb);
			snmp_inc(SNMP_TcpExtTCPRcvCollapsed);
			skb = next;
		}
		skb_set_owner_r(merged, sk);
	}
}

static int tcp_rmem_limit(const struct sock *sk)
{
	return tcp_mem_limit(sk, sysctl_tcp_rmem[0], sk->sk_rcvbuf);
}

bool tcp_rmem_schedule(struct sock *sk, unsigned int size)
{
	return sk_mem_schedule(sk, size, SK_MEM_RECV, atomic_read(&sk->sk_rmem_alloc),
			       sysctl_tcp_rmem[0]);
}

/*
 * Returns true if @sk holds no more than its buffer (under memory pressure: than its share), and if @size more
 * bytes are within the limit for all sockets.
 */
static bool tcp_rmem_has_room(struct sock *sk, unsigned int size)
{
	/* @size does not count for the socket's own limit: as in Linux, one packet may exceed it. */
	return atomic_read(&sk->sk_rmem_alloc) <= tcp_rmem_limit(sk) && tcp_rmem_schedule(sk, size);
}

/* Tries to make room for @skb in the receive buffer.  Returns 0, or -1 if there is still no room. */
static int tcp_prune_queue(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	snmp_inc(SNMP_TcpExtPruneCalled);
	if (atomic_read(&sk->sk_rmem_alloc) >= sk->sk_rcvbuf)
		tcp_clamp_window(sk);
	else if (tcp_under_memory_pressure(sk))
		tp->rcv_ssthresh = min_t(u32, tp->rcv_ssthresh, 4u * tp->advmss);

	tcp_collapse(sk);
	if (tcp_rmem_has_room(sk, skb->truesize))
		return 0;
	/* Out-of-order data was never acknowledged, so it may be dropped (RFC 2018). */
	tcp_prune_ofo_queue(sk, skb);
	if (tcp_rmem_has_room(sk, skb->truesize))
		return 0;
	/* There is no room because the peer ignores our window, or the application does not read. */
	snmp_inc(SNMP_TcpExtRcvPruned);
	tp->pred_flags = 0;
	return -1;
}

/*
 * Called for each socket when TCP's memory or the machine's pages are short. If few pages are free, or if this
 * socket holds more than its share, collapses its receive queue and drops its out-of-order data, which was not
 * acknowledged. The caller holds the bh lock, and no thread owns the socket.
 */
void tcp_rmem_shrink(struct sock *sk)
{
	bool pages_short = mm_pages_are_short();

	if (!pages_short && atomic_read(&sk->sk_rmem_alloc) <= tcp_rmem_limit(sk))
		return;
	if (pages_short)
		sk_enter_memory_pressure(sk);
	tcp_collapse(sk);
	tcp_prune_ofo_queue(sk, NULL);
}

int tcp_try_rmem_schedule(struct sock *sk, const struct sk_buff *skb)
{
	if (likely(tcp_rmem_has_room(sk, skb->truesize)))
		return 0;
	return tcp_prune_queue(sk, skb);
}

/* ---- the buffer grows with the path ---------------------------------------------------------- */

/*
 * Adds a sample to the receiver's estimate of the round trip, rcv_rtt_us, which is 8 * the RTT in
 * us. A smaller sample replaces the estimate: all errors make samples too large. A larger sample
 * moves the estimate by an eighth. But a larger sample is ignored if it may include a pause (Linux
 * 6.16): a pause of the reader, if unread data waits; or a pause of the peer, if the sample is the
 * time in which a whole window arrived (@win_dep).
 */
static void tcp_rcv_rtt_update(struct tcp_sock *tp, u64 sample_us, bool win_dep)
{
	u32 rtt = tp->rcv_rtt_us, sample = max_t(u64, sample_us, 1);

	/* Ignore a long pause of the peer: it is no round trip, and 8 * @sample_us would exceed 32 bits. */
	if (sample_us > ~0u >> 3)
		return;
	if (!rtt || sample << 3 < rtt)
		tp->rcv_rtt_us = sample << 3;
	else if (!win_dep && tp->rcv_nxt == tp->copied_seq)
		tp->rcv_rtt_us = rtt - (rtt >> 3) + sample;
}

static u64 us_since(const struct tcp_sock *tp, u64 stamp)
{
	return (tp->tcp_mstamp - stamp) / NSEC_PER_USEC;
}

/* Takes a sample without timestamps: measures the time until a whole window of data has arrived. */
void tcp_rcv_rtt_measure(struct tcp_sock *tp)
{
	if (tp->rcv_rtt_stamp) {
		if (before(tp->rcv_nxt, tp->rcv_rtt_seq))
			return;
		tcp_rcv_rtt_update(tp, us_since(tp, tp->rcv_rtt_stamp), true);
	}
	tp->rcv_rtt_seq = tp->rcv_nxt + tp->rcv_wnd;
	tp->rcv_rtt_stamp = tp->tcp_mstamp;
}

/*
 * Takes a sample with timestamps: measures the age of the timestamp that a full segment echoes.
 * The first segment that echoes a timestamp gives the sample; others with the same echo were sent
 * later.
 */
void tcp_rcv_rtt_measure_ts(struct sock *sk, const struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 len = TCP_SKB_CB(skb)->end_seq - TCP_SKB_CB(skb)->seq, age;

	if (!tp->rx_opt.saw_tstamp || tp->rx_opt.rcv_tsecr == tp->rcv_rtt_last_tsecr)
		return;
	tp->rcv_rtt_last_tsecr = tp->rx_opt.rcv_tsecr;
	if (!tp->rx_opt.rcv_tsecr || len < inet_csk(sk)->icsk_ack.rcv_mss)
		return;
	age = tcp_time_stamp(tp) - tp->rx_opt.rcv_tsecr;
	/* Timestamps count milliseconds, so an age of 0 is no measurement. */
	if ((s32)age > 0)
		tcp_rcv_rtt_update(tp, (u64)age * (1000000 / HZ), false);
}

/*
 * Enlarges the receive buffer.  @space: bytes that the application read in the last round trip that was measured.
 * The window must be 2 * @space, because in slow start the sender doubles its rate each round trip.  If @space has
 * grown since the last call, the window is raised further, by twice the relative growth of @space.  The span of the
 * out-of-order queue is added, because its data needs room too.
 */
void tcp_rcvbuf_grow(struct sock *sk, u32 space)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 before = max(tp->rcvq_space.space, 1u);
	u64 rcvwin = (u64)space << 1;
	int rcvbuf;

	tp->rcvq_space.space = space;
	if (!sysctl_tcp_moderate_rcvbuf || (sk->sk_userlocks & SOCK_RCVBUF_LOCK))
		return;
	rcvwin += rcvwin * (space - before) / before << 1;
	if (!RB_EMPTY_ROOT(&tp->out_of_order_queue))
		rcvwin += TCP_SKB_CB(tp->ooo_last_skb)->end_seq - tp->rcv_nxt;

	rcvbuf = tcp_space_from_win(min_t(u64, rcvwin, INT32_MAX));
	rcvbuf = min(rcvbuf, READ_ONCE(sysctl_tcp_rmem[2]));
	if (rcvbuf <= sk->sk_rcvbuf)
		return;
	sk->sk_rcvbuf = rcvbuf;
	tp->window_clamp = min_t(u32, tcp_win_from_space(rcvbuf), 65535u << tp->rx_opt.rcv_wscale);
}

void tcp_rcv_space_adjust(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	s32 copied;

	tcp_mstamp_refresh(tp);
	if (!tp->rcv_rtt_us || us_since(tp, tp->rcvq_space.stamp) < tp->rcv_rtt_us >> 3)
		return;
	/* Subtract the data that still waits: a reader that is slower than the peer needs no larger window. */
	copied = (tp->copied_seq - tp->rcvq_space.seq) - (tp->rcv_nxt - tp->copied_seq);
	if (copied > (s32)tp->rcvq_space.space)
		tcp_rcvbuf_grow(sk, copied);
	tp->rcvq_space.seq = tp->copied_seq;
	tp->rcvq_space.stamp = tp->tcp_mstamp;
}
