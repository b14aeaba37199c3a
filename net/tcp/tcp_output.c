/* SPDX-License-Identifier: MIT */
/*
 * The write queue, the retransmit queue, and the loop that decides which segments may be sent now.
 *
 *   tcp_sendmsg -> sk_stream_alloc_skb -> tcp_add_write_queue_tail      sk_write_queue: to be sent
 *   tcp_push (tcp_sendmsg), tcp_send_fin, tcp_data_snd_check (after each ACK), tcp_xmit_recovery
 *     -> __tcp_push_pending_frames -> tcp_write_xmit
 *          -> tcp_cwnd_test, tcp_snd_wnd_test, tcp_nagle_test | tcp_tso_should_defer
 *          -> tcp_transmit_skb
 *          -> tcp_event_new_data_sent -> tcp_rtx_queue_add              tcp_rtx_queue: not acknowledged
 *   tcp_clean_rtx_queue -> tcp_rtx_queue_unlink_and_free
 *
 * A segment can be in only one of the queues, because its list links and its tree node share memory.
 * The memory of both queues counts in sk_wmem_queued.  Three limits apply to sending: the congestion
 * window (network), the peer's window (receiver), and Nagle's rule or the wait for a larger burst
 * (sender).  If the loop stops while data waits and none is in flight, the probe timer is armed.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * RFC 9293 3.7.4 and 3.8.6.2.1 (with Minshall's variant of Nagle's algorithm), RFC 5681 4.1, RFC
 * 2861. Compare Linux's tcp_output.c.
 */
#include "net/core/errqueue.h"
#include "net/core/limits.h"
#include "net/tcp/tcp_send.h"

/* ---- queues ------------------------------------------------------------------------------------ */

void tcp_wmem_free_skb(struct sock *sk, struct sk_buff *skb)
{
	BUG_ON(skb->truesize > sk->sk_wmem_queued);
	sk_wmem_queued_add(sk, -(int)skb->truesize);
	if (unlikely(skb_zcopy(skb)))
		msg_zerocopy_put(skb_zcopy(skb));
	consume_skb(skb);
}

void tcp_add_write_queue_tail(struct sock *sk, struct sk_buff *skb)
{
	__skb_queue_tail(&sk->sk_write_queue, skb);
	if (skb == tcp_send_head(sk))
		tcp_chrono_start(sk, TCP_CHRONO_BUSY);
}

void tcp_queue_skb(struct sock *sk, struct sk_buff *skb)
{
	tcp_sk(sk)->write_seq = TCP_SKB_CB(skb)->end_seq;
	skb_header_release(skb);
	sk_wmem_queued_add(sk, skb->truesize);
	tcp_add_write_queue_tail(sk, skb);
}

/*
 * Memory is short: lowers the limit of this socket's send buffer to half of the memory that its
 * queues use now, unless SO_SNDBUF was set.
 */
void sk_stream_moderate_sndbuf(struct sock *sk)
{
	if (!(sk->sk_userlocks & SOCK_SNDBUF_LOCK))
		sk->sk_sndbuf = clamp_t(int, sk->sk_wmem_queued / 2, SOCK_MIN_SNDBUF,
					max(sk->sk_sndbuf, SOCK_MIN_SNDBUF));
}

/* The caller adds the new segment's truesize to sk_wmem_queued when it queues the segment. */
struct sk_buff *sk_stream_alloc_skb(struct sock *sk, int size, gfp_t gfp)
{
	struct sk_buff *skb = alloc_skb_fclone(MAX_TCP_HEADER + ALIGN_UP(size, 4), gfp);

	if (likely(skb)) {
		skb_reserve(skb, MAX_TCP_HEADER);
		return skb;
	}
	sk_stream_moderate_sndbuf(sk);
	return NULL;
}

/* ---- the limit of the network ---------------------------------------------------------------- */

/*
 * Returns the number of segments that the congestion window permits now; at most half of cwnd, so that ACKs
 * come back evenly.  A FIN counts like any segment (Linux up to 6.8 sent a FIN even if the window was full).
 */
noinline unsigned int tcp_cwnd_test(const struct tcp_sock *tp)
{
	u32 in_flight = tcp_packets_in_flight(tp), cwnd = tp->snd_cwnd;

	if (in_flight >= cwnd)
		return 0;
	return min(max(cwnd >> 1, 1u), cwnd - in_flight);
}

/*
 * The sender was idle for @idle jiffies, more than an RTO: halves cwnd for each RTO, but not below
 * the initial window (RFC 2861).
 */
static void tcp_cwnd_restart(struct sock *sk, u32 idle)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 rto = inet_csk(sk)->icsk_rto, cwnd = tp->snd_cwnd;
	u32 restart = min(tcp_init_cwnd(tp), cwnd);

	tcp_ca_event(sk, CA_EVENT_CWND_RESTART);
	tp->snd_ssthresh = tcp_current_ssthresh(sk);
	for (; idle > rto && cwnd > restart; idle -= rto)
		cwnd >>= 1;
	tp->snd_cwnd = max(cwnd, restart);
	tp->snd_cwnd_stamp = tcp_jiffies32;
	tp->snd_cwnd_used = 0;
}

/* If the sender was idle, lowers cwnd (RFC 5681 4.1).  Called before new data is sent. */
void tcp_slow_start_after_idle_check(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	s32 idle;

	if (!sysctl_tcp_slow_start_after_idle || tp->packets_out ||
	    inet_csk(sk)->icsk_ca_ops->cong_control)
		return;
	idle = tcp_jiffies32 - tp->lsndtime;
	if (idle > (s32)inet_csk(sk)->icsk_rto)
		tcp_cwnd_restart(sk, idle);
}

/*
 * During a whole RTO the application sent less than cwnd permits, so cwnd is not a proven estimate of the path:
 * lowers cwnd to the mean of its value and the part that was used.
 */
static void tcp_cwnd_application_limited(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Open && !sock_flag(sk, SOCK_NOSPACE)) {
		u32 used = max(tp->snd_cwnd_used, tcp_init_cwnd(tp));

		if (used < tp->snd_cwnd) {
			tp->snd_ssthresh = tcp_current_ssthresh(sk);
			tp->snd_cwnd = (tp->snd_cwnd + used) >> 1;
		}
		tp->snd_cwnd_used = 0;
	}
	tp->snd_cwnd_stamp = tcp_jiffies32;
}

/*
 * Records whether cwnd was the limit at any moment of a round trip.  If cwnd never was the limit, records the
 * largest number of segments in flight.
 */
static void tcp_note_fullest(struct tcp_sock *tp, bool is_cwnd_limited)
{
	bool new_round = !before(tp->snd_una, tp->cwnd_usage_seq);
	bool fuller = !tp->is_cwnd_limited && tp->packets_out > tp->max_packets_out;

	if (!new_round && !is_cwnd_limited && !fuller)
		return;
	tp->cwnd_usage_seq = tp->snd_nxt;
	tp->max_packets_out = tp->packets_out;
	tp->is_cwnd_limited = is_cwnd_limited;
}

/*
 * Called after data was sent: records whether cwnd was the limit, because cwnd may grow only while
 * it limits the sender (RFC 2861, 7661). If cwnd was not the limit for an RTO, lowers it.
 */
void tcp_cwnd_validate(struct sock *sk, bool is_cwnd_limited)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tcp_note_fullest(tp, is_cwnd_limited);
	if (tcp_is_cwnd_limited(sk)) {
		tp->snd_cwnd_used = 0;
		tp->snd_cwnd_stamp = tcp_mstamp_jiffies32(tp);
		return;
	}
	tp->snd_cwnd_used = max(tp->snd_cwnd_used, tp->packets_out);
	if (sysctl_tcp_slow_start_after_idle && !inet_csk(sk)->icsk_ca_ops->cong_control &&
	    (s32)(tcp_mstamp_jiffies32(tp) - tp->snd_cwnd_stamp) >= (s32)inet_csk(sk)->icsk_rto)
		tcp_cwnd_application_limited(sk);
	/*
	 * All queued data was sent and the application waits for room to write more: the send buffer is
	 * the limit.
	 */
	if (tcp_write_queue_empty(sk) && sock_flag(sk, SOCK_NOSPACE) &&
	    ((1 << sk->sk_state) & ((1 << TCP_ESTABLISHED) | (1 << TCP_CLOSE_WAIT))))
		tcp_chrono_start(sk, TCP_CHRONO_SNDBUF_LIMITED);
}

/* ---- the limit of the receiver --------------------------------------------------------------- */

/* Returns true if at least the first MSS bytes of @skb, or all of it, are within the peer's window. */
noinline bool tcp_snd_wnd_test(const struct tcp_sock *tp, const struct sk_buff *skb,
			       unsigned int cur_mss)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	bool whole = skb->len <= cur_mss; /* @skb is one segment, and end_seq includes its FIN */

	return !after(whole ? cb->end_seq : cb->seq + cur_mss, tcp_wnd_end(tp));
}

/* ---- the limits of the sender itself --------------------------------------------------------- */

/*
 * Minshall: returns true while an earlier small segment is unacknowledged.  Only then must another small
 * segment wait.
 */
static bool tcp_minshall_check(const struct tcp_sock *tp)
{
	return tp->snd_sml != tp->snd_una && between(tp->snd_sml, tp->snd_una, tp->snd_nxt);
}

static void tcp_minshall_update(struct tcp_sock *tp, unsigned int mss_now,
				const struct sk_buff *skb)
{
	if (skb->len < tcp_skb_pcount(skb) * mss_now)
		tp->snd_sml = TCP_SKB_CB(skb)->end_seq;
}

/* Returns true if the segment must wait.  @partial: it has less than an MSS of data. */
static bool tcp_nagle_check(bool partial, const struct tcp_sock *tp, int nonagle)
{
	return partial && ((nonagle & TCP_NAGLE_CORK) ||
			   (!nonagle && tp->packets_out && tcp_minshall_check(tp)));
}

/* Returns true if Nagle's rule permits to send @skb now. */
static bool tcp_nagle_test(const struct tcp_sock *tp, const struct sk_buff *skb,
			   unsigned int cur_mss, int nonagle)
{
	/*
	 * As in Linux, urgent data does not wait, and neither does data that was written after it.
	 */
	if ((nonagle & TCP_NAGLE_PUSH) || tcp_urg_mode(tp))
		return true;
	if (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN)
		return true;
	return !tcp_nagle_check(skb->len < cur_mss, tp, nonagle);
}

/* Returns the number of segments in @skb; counts them again if the MSS has changed. */
static unsigned int tcp_init_tso_segs(struct sk_buff *skb, unsigned int mss_now)
{
	int segs = tcp_skb_pcount(skb);

	if (!segs || skb->len > mss_now || (segs > 1 && tcp_skb_mss(skb) != (int)mss_now))
		tcp_set_skb_tso_segs(skb, mss_now);
	return tcp_skb_pcount(skb);
}

/* Returns the largest number of segments in one packet that the device accepts. */
unsigned int tcp_max_gso_segs(const struct sock *sk, unsigned int mss_now)
{
	const struct net_device *dev;
	u32 segs;

	if (!sk_can_gso(sk))
		return 1;
	dev = sk->sk_dst_cache->dev;
	if (dev->gso_max_size <= 1 + MAX_TCP_HEADER)
		return 1;
	/* Headers and data must fit into an IP datagram, whose length field has 16 bits. */
	segs = (min(dev->gso_max_size, (unsigned int)GSO_MAX_SIZE) - 1 - MAX_TCP_HEADER) / mss_now;
	return clamp_t(u32, segs, 1, max_t(u32, dev->gso_max_segs, 1));
}

/*
 * A burst to a near peer does no harm, because its ACKs return soon.  tcp_tso_autosize() adds 64 KiB to the burst at
 * an RTT below 0.5 ms (2^9 us); each further 0.5 ms of RTT halves that addition, as in Linux since
 * 5.18.
 */
#define TSO_RTT_SHIFT 9

/*
 * Returns the number of segments that the path carries in about a millisecond (sk_pacing_rate), so that on
 * a long path the window is not sent in one burst.
 */
static u32 tcp_tso_autosize(const struct sock *sk, unsigned int mss_now)
{
	const struct tcp_congestion_ops *ca = inet_csk(sk)->icsk_ca_ops;
	u32 least = ca->min_tso_segs ? ca->min_tso_segs((struct sock *)sk)
				     : (u32)sysctl_tcp_min_tso_segs;
	u32 halvings = tcp_min_rtt(tcp_sk(sk)) >> TSO_RTT_SHIFT;
	u64 bytes = sk->sk_pacing_rate >> SK_PACING_SHIFT;

	if (halvings < 32)
		bytes += (u32)GSO_MAX_SIZE >> halvings;
	return max_t(u64, min_t(u64, bytes, GSO_MAX_SIZE) / mss_now, least);
}

/* Returns the largest number of segments in one packet, by the path and by the device. */
unsigned int tcp_tso_segs(const struct sock *sk, unsigned int mss_now)
{
	return min(tcp_tso_autosize(sk, mss_now), tcp_max_gso_segs(sk, mss_now));
}

/*
 * Returns how many bytes of @skb, which holds several segments, may be sent now: at most @max_segs segments, at most
 * the peer's window, and without a partial segment at the end if Nagle's rule forbids one.
 */
static unsigned int tcp_mss_split_point(const struct sock *sk, const struct sk_buff *skb,
					unsigned int mss_now, unsigned int max_segs, int nonagle)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 window = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq;
	u32 max_len = mss_now * max_segs;
	u32 needed, partial;

	if (max_len <= window && !skb_queue_is_last(&sk->sk_write_queue, skb))
		return max_len;
	needed = min(skb->len, window);
	if (max_len <= needed)
		return max_len;
	partial = needed % mss_now;
	if (tcp_nagle_check(partial != 0, tp, nonagle))
		return needed - partial;
	return needed;
}

/* The limit that stopped the sender: cwnd is the congestion window, rwnd the receiver's window. */
struct limited {
	bool cwnd, rwnd;
};

/* Returns true if a burst of @limit bytes is large enough to be sent now. */
static bool tcp_tso_burst_is_fair(const struct tcp_sock *tp, u32 limit, unsigned int mss_now)
{
	u32 divisor = READ_ONCE(sysctl_tcp_tso_win_divisor);

	if (!divisor)
		return limit > 3 * mss_now;
	return limit >= min(tp->snd_wnd, tp->snd_cwnd * mss_now) / divisor;
}

/*
 * Returns true if the segment should wait for the next ACK, which will permit a larger burst. It
 * should wait only if an ACK will come soon and the present burst is a small part of the window.
 */
static bool tcp_tso_should_defer(const struct sock *sk, const struct sk_buff *skb,
				 struct limited *by, unsigned int max_segs, unsigned int mss_now)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct sk_buff *head = tcp_rtx_queue_head(sk);
	u32 in_flight = tcp_packets_in_flight(tp);
	u32 send_win, cong_win, limit;
	s64 age_us;

	if (!head || inet_csk(sk)->icsk_ca_state >= TCP_CA_Recovery)
		return false;
	/*
	 * Nothing was sent in this jiffy: the application pauses, and its next write may come much
	 * later.
	 */
	if ((s32)(tcp_jiffies32 - tp->lsndtime) > 0)
		return false;

	send_win = tcp_wnd_end(tp) - TCP_SKB_CB(skb)->seq;
	cong_win = (tp->snd_cwnd - in_flight) * mss_now;
	limit = min(send_win, cong_win);
	if (limit >= max_segs * mss_now)
		return false;
	if (limit >= skb->len && !skb_queue_is_last(&sk->sk_write_queue, skb))
		return false;
	if (tcp_tso_burst_is_fair(tp, limit, mss_now))
		return false;
	/*
	 * Do not wait if the next ACK is more than half a round trip away, or more than a millisecond if
	 * the round trip is long, as in Linux 6.18. The ACK is expected a round trip after the
	 * oldest segment in flight was sent.
	 */
	age_us = (tp->tcp_mstamp - head->skb_mstamp) / NSEC_PER_USEC;
	if ((s64)(tp->srtt_us >> 3) - age_us >
	    min_t(s64, tp->srtt_us >> 4, NSEC_PER_MSEC / NSEC_PER_USEC))
		return false;
	if (cong_win < send_win && cong_win <= skb->len) {
		by->cwnd = true;
		return true;
	}
	if (cong_win >= send_win && send_win <= skb->len) {
		by->rwnd = true;
		return true;
	}
	/*
	 * Only more data from the application could enlarge the burst, so wait for it; but not if the
	 * segment has a FIN or is closed (eor), because then no data can be added.
	 */
	return !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN) && !TCP_SKB_CB(skb)->eor;
}

/* ---- the loop ------------------------------------------------------------------------------------------------ */

/* @skb was sent: moves it from the write queue into the retransmit queue. */
void tcp_event_new_data_sent(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->snd_nxt = TCP_SKB_CB(skb)->end_seq;
	__skb_unlink(skb, &sk->sk_write_queue);
	tcp_rtx_queue_add(sk, skb);
	tp->packets_out += tcp_skb_pcount(skb);
	snmp_add(SNMP_TcpExtTCPOrigDataSent, tcp_skb_pcount(skb));
}

void tcp_set_rto_of_sent(struct sock *sk, u32 prior_packets)
{
	if (!prior_packets || inet_csk(sk)->icsk_pending == ICSK_TIME_PROBE0 ||
	    inet_csk(sk)->icsk_pending == ICSK_TIME_LOSS_PROBE)
		tcp_rearm_rto(sk);
}

/*
 * The windows permit to send.  Returns how many bytes of @skb to send now, by Nagle's rule and the wait
 * for a larger burst; 0 means none.
 */
static unsigned int tcp_xmit_limit(struct sock *sk, struct sk_buff *skb, unsigned int mss_now,
				   unsigned int quota, int nonagle, int push_one,
				   struct limited *by)
{
	unsigned int max_segs;

	if (tcp_skb_pcount(skb) == 1) {
		/* Only the last segment of the queue can still get data, so only this segment may wait. */
		if (!skb_queue_is_last(&sk->sk_write_queue, skb))
			nonagle = TCP_NAGLE_PUSH;
		return tcp_nagle_test(tcp_sk(sk), skb, mss_now, nonagle) ? mss_now : 0;
	}
	max_segs = tcp_tso_segs(sk, mss_now);
	if (!push_one && tcp_tso_should_defer(sk, skb, by, max_segs, mss_now))
		return 0;
	/* The urgent pointer counts from the beginning of its segment, so each segment needs its own header. */
	if (unlikely(tcp_urg_mode(tcp_sk(sk))))
		return mss_now;
	return tcp_mss_split_point(sk, skb, mss_now, min(quota, max_segs), nonagle);
}

/*
 * Returns true if @skb must wait until packets of this socket have left the device. If a lost
 * segment waits for the same reason, @skb waits too, because lost segments are sent first (RFC 6675
 * 4, NextSeg()). Without this test @skb could be sent, because the limit of a longer segment is
 * higher.
 */
static bool tcp_device_is_full(struct sock *sk, const struct sk_buff *skb)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	const struct sk_buff *lost;

	if (unlikely(tp->lost_out > tp->retrans_out)) {
		lost = tcp_rtx_first_lost(sk);
		if (lost && tcp_small_queue_check(sk, lost, 1))
			return true;
	}
	return tcp_small_queue_check(sk, skb, 0);
}

/*
 * Sends the segments that may be sent now, and arms the timer of the tail loss probe.  @push_one: 0, or
 * TCP_PUSH_ONE: at most one packet; or TCP_PUSH_PROBE: at most one packet, even if cwnd is full.  Returns true if
 * data waits although none is in flight.  No ACK will come then, so the caller arms the window probe timer.
 */
noinline bool tcp_write_xmit(struct sock *sk, unsigned int mss_now, int nonagle, int push_one,
			     gfp_t gfp)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 prior_packets = tp->packets_out;
	struct limited by = {0};
	unsigned int sent = 0;
	struct sk_buff *skb;

	sock_owned_by_me(sk);
	tcp_mstamp_refresh(tp);
	if (!push_one) {
		enum tcp_mtup_result probe = tcp_mtu_probe(sk);

		if (unlikely(probe == MTUP_WAIT))
			return false;
		sent = probe == MTUP_SENT;
	}
	while ((skb = tcp_send_head(sk))) {
		unsigned int quota, limit;

		if (tcp_pacing_check(sk))
			break;
		tcp_init_tso_segs(skb, mss_now);
		quota = tcp_cwnd_test(tp);
		if (!quota) {
			by.cwnd = true;
			if (push_one != TCP_PUSH_PROBE)
				break;
			quota = 1;
		}
		if (!tcp_snd_wnd_test(tp, skb, mss_now)) {
			by.rwnd = true;
			break;
		}
		limit = tcp_xmit_limit(sk, skb, mss_now, quota, nonagle, push_one, &by);
		if (!limit)
			break;
		if (tcp_device_is_full(sk, skb))
			break;
		if (skb->len > limit && tcp_fragment(sk, false, skb, limit, mss_now, gfp))
			break;
		if (tcp_transmit_skb(sk, skb, 1, gfp))
			break;
		tcp_event_new_data_sent(sk, skb);
		tcp_minshall_update(tp, mss_now, skb);
		sent += tcp_skb_pcount(skb);
		if (push_one)
			break;
	}
	if (by.rwnd)
		tcp_chrono_start(sk, TCP_CHRONO_RWND_LIMITED);
	else
		tcp_chrono_stop(sk, TCP_CHRONO_RWND_LIMITED);
	by.cwnd |= tcp_packets_in_flight(tp) >= tp->snd_cwnd;
	if (sent || by.cwnd)
		tcp_cwnd_validate(sk, by.cwnd);
	if (!sent)
		return !tp->packets_out && tcp_send_head(sk);

	if (tcp_in_cwnd_reduction(sk))
		tp->prr_out += sent;
	if (push_one == TCP_PUSH_PROBE || !tcp_schedule_loss_probe(sk, false))
		tcp_set_rto_of_sent(sk, prior_packets);
	return false;
}

void __tcp_push_pending_frames(struct sock *sk, unsigned int cur_mss, int nonagle)
{
	/* The connection has ended and its queue is being freed. */
	if (unlikely(sk->sk_state == TCP_CLOSE))
		return;
	if (tcp_write_xmit(sk, cur_mss, nonagle, 0, GFP_ATOMIC))
		tcp_check_probe_timer(sk);
}

/* tcp_sendmsg() has a full segment ready while it still copies data: sends that segment. */
void tcp_push_one(struct sock *sk, unsigned int mss_now)
{
	tcp_write_xmit(sk, mss_now, TCP_NAGLE_PUSH, TCP_PUSH_ONE, GFP_ATOMIC);
}

/* ---- after an ACK ---------------------------------------------------------------------------------------------- */

static bool tcp_should_expand_sndbuf(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	return !(sk->sk_userlocks & SOCK_SNDBUF_LOCK) && !tcp_under_memory_pressure(sk) &&
	       tcp_packets_in_flight(tp) < tp->snd_cwnd;
}

/* Data was acknowledged or sent: wakes a thread that waits for room, if there is enough room now. */
void tcp_check_space(struct sock *sk)
{
	if (!sock_flag(sk, SOCK_NOSPACE))
		return;
	if (tcp_should_expand_sndbuf(sk)) {
		tcp_sndbuf_expand(sk);
		tcp_sk(sk)->snd_cwnd_stamp = tcp_jiffies32;
	}
	sk->sk_write_space(sk);
	if (!sock_flag(sk, SOCK_NOSPACE))
		tcp_chrono_stop(sk, TCP_CHRONO_SNDBUF_LIMITED);
}

void tcp_data_snd_check(struct sock *sk)
{
	if (tcp_send_head(sk))
		__tcp_push_pending_frames(sk, tcp_current_mss(sk), tcp_sk(sk)->nonagle);
	tcp_check_space(sk);
}
