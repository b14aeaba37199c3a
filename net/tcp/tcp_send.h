/* SPDX-License-Identifier: MIT */
/*
 * Declarations of TCP's sending side, for the files of net/tcp and for tests.
 *
 *   tcp_sendmsg.c -> tcp_output.c -> tcp_transmit.c
 *   tcp_ack.c -> tcp_recovery.c, tcp_cong.c -> tcp_retransmit.c -> tcp_transmit.c
 *   tcp_timer.c -> tcp_recovery.c, tcp_retransmit.c
 *
 * Locks: as in tcp.h; callers own the socket, or hold its bh lock while no thread owns it.
 */
#ifndef NET_TCP_TCP_SEND_H
#define NET_TCP_TCP_SEND_H

#include "net/core/netdevice.h"
#include "net/tcp/tcp.h"
#include "net/tcp/tcp_recovery.h"
#include "net/tcp/tcp_rtx_queue.h"

/* ---- tcp_ack.c, tcp_rtt.c, tcp_cong.c ---------------------------------------------------------------------- */
/*
 * Processes the acknowledgment of @skb; does not free @skb.  Returns 1 if it was accepted; 0 if its number is
 * below snd_una, so that only its SACK blocks were processed; -1 if its number is not acceptable (RFC 5961
 * 5.2).  In the last case a challenge ACK was sent, unless FLAG_NO_CHALLENGE_ACK is set or the rate limit
 * forbids it.
 */
int tcp_ack(struct sock *sk, const struct sk_buff *skb, int flag);
/* Returns true if a segment with these numbers may set the peer's window to @nwin bytes. */
bool tcp_may_update_window(const struct tcp_sock *tp, u32 ack, u32 ack_seq, u32 nwin);
void tcp_set_rto(struct sock *sk);
u32 __tcp_set_rto(const struct tcp_sock *tp);
void tcp_rtt_estimator(struct sock *sk, long mrtt_us);
/* Takes the first RTT sample: from our SYN-ACK to the ACK, or from an echoed timestamp if @req is NULL. */
void tcp_synack_rtt_meas(struct sock *sk, struct request_sock *req);
void tcp_init_metrics(struct sock *sk);
void tcp_try_undo_spurious_syn(struct tcp_sock *tp);
u32 tcp_init_cwnd(const struct tcp_sock *tp);
static inline void tcp_clear_retrans(struct tcp_sock *tp)
{
	tp->retrans_out = 0;
	tp->lost_out = 0;
	tp->sacked_out = 0;
	tp->undo_marker = 0;
	tp->undo_retrans = -1;
}
void tcp_cwnd_validate(struct sock *sk, bool is_cwnd_limited);
void tcp_store_ts_recent(struct tcp_sock *tp);
void tcp_replace_ts_recent(struct tcp_sock *tp, u32 seq);

/* ---- tcp_output.c, tcp_transmit.c, tcp_make.c, tcp_window.c (send side) ----------------------------------- */
int tcp_transmit_skb(struct sock *sk, struct sk_buff *skb, int clone_it, gfp_t gfp);
/* Values of tcp_write_xmit()'s @push_one.  Each permits at most one packet, TCP_PUSH_PROBE even if cwnd is full. */
#define TCP_PUSH_ONE   1
#define TCP_PUSH_PROBE 2
bool tcp_write_xmit(struct sock *sk, unsigned int mss_now, int nonagle, int push_one, gfp_t gfp);
void __tcp_push_pending_frames(struct sock *sk, unsigned int cur_mss, int nonagle);
void tcp_push_one(struct sock *sk, unsigned int mss_now);
/* An ACK may have opened the window or cwnd: sends waiting data, wakes threads that wait for space. */
void tcp_data_snd_check(struct sock *sk);
void tcp_check_space(struct sock *sk);
void tcp_sndbuf_expand(struct sock *sk);
int tcp_connect(struct sock *sk); /* sends the SYN */
struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst,
				struct request_sock *req, const struct tcp_fastopen_cookie *foc);
int tcp_rtx_synack(const struct sock *sk, struct request_sock *req);
int tcp_send_synack(struct sock *sk); /* in a simultaneous open; else see tcp_make_synack() */
void tcp_send_ack(struct sock *sk);
void tcp_send_delayed_ack(struct sock *sk);
void tcp_send_fin(struct sock *sk);
void tcp_send_active_reset(struct sock *sk, gfp_t gfp);
int tcp_write_wakeup(struct sock *sk,
		     enum snmp_counter mib); /* sends a window or keepalive probe */
void tcp_send_probe0(struct sock *sk);
unsigned long tcp_next_probe0(const struct sock *sk, unsigned long max_when);
void tcp_send_challenge_ack(struct sock *sk); /* RFC 5961; sends nothing above the rate limits */
/*
 * Returns true, and counts the ACK, if two rate limits permit another challenge ACK: the limit for all connections
 * together, and the limit for the connection whose field @last_oow_ack_time points to.
 */
bool tcp_challenge_ack_allowed(enum snmp_counter mib, u32 *last_oow_ack_time);
int tcp_fragment(struct sock *sk, bool in_rtx_queue, struct sk_buff *skb, u32 len,
		 unsigned int mss_now, gfp_t gfp);
int tcp_trim_head(struct sock *sk, struct sk_buff *skb, u32 len);
unsigned int tcp_sync_mss(struct sock *sk, u32 pmtu);
unsigned int tcp_current_mss(struct sock *sk);
unsigned int tcp_mtu_to_mss(const struct sock *sk, int pmtu);
/* As proto.options_changed: segments become shorter by the options of the IP header. */
void tcp_options_changed(struct sock *sk);
u16 tcp_select_window(struct sock *sk);
u32 __tcp_select_window(struct sock *sk);
/* Computes the first window and the window scale that we offer from @space bytes of receive buffer. */
void tcp_select_initial_window(int space, u32 mss, u32 *rcv_wnd, u32 *window_clamp, int wscale_ok,
			       u8 *rcv_wscale);
void tcp_sendmsg_init(void); /* at boot: limits the pages of copied data to a part of memory */
int tcp_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t size);
/*
 * Copies at most @want bytes to the end of @skb, which is the end of the data that @sk sends.  Returns the number of
 * bytes copied, or -EMSGSIZE (@skb has no room for another fragment), -ENOMEM, -EFAULT.
 */
int tcp_copy_to_skb(struct sock *sk, struct sk_buff *skb, struct iov_iter *from, unsigned int want);
int tcp_sendpage(struct sock *sk, struct page *page, int offset, size_t size, int flags);
void tcp_release_cb(struct sock *sk);
/*
 * A thread owns the socket: marks the work @what (enum tsq_flags), which is done when the thread
 * releases the socket.  The caller holds the bh lock.
 */
void tcp_defer(struct sock *sk, u8 what);

/* ---- tcp_info.c ---------------------------------------------------------------------------------------------- */
void tcp_chrono_start(struct sock *sk, enum tcp_chrono what);
void tcp_chrono_stop(struct sock *sk, enum tcp_chrono what);
void tcp_update_rto_stats(struct sock *sk);    /* the retransmit timer expired */
void tcp_update_rto_time(struct tcp_sock *tp); /* the recovery from timeouts has ended */

/* ---- tcp_pacing.c ---------------------------------------------------------------------------------------------- */
void tcp_tsq_init(void);                   /* at boot */
void tcp_pace_kick(struct hrtimer *timer); /* softirq: the timer's function */
static inline void tcp_init_pacing(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	hrtimer_setup(&tp->pacing_timer, tcp_pace_kick);
	tp->tcp_wstamp_ns = 0;
	tp->tsq_state = 0;
}
/* Returns true if a paced socket may send nothing yet; a timer is armed then. */
bool tcp_pacing_check(struct sock *sk);
void tcp_update_wstamp(struct sock *sk, unsigned int bytes);
/*
 * Returns true if more than @limit bytes (sk_wmem_alloc) of this socket wait in the device.  Then the device has been
 * asked to free each packet soon after it is sent (dev_tx_await()).
 */
bool tcp_device_holds(const struct sock *sk, u64 limit);
/*
 * Returns true if the device has not sent the last transmission of @skb yet.  Frees the packets that the device has
 * sent, because the driver keeps them for a while.
 */
bool tcp_skb_in_device(const struct sock *sk, const struct sk_buff *skb);
/*
 * Returns true if @skb must wait, because too many bytes of this socket wait in the device; the
 * completion of a packet then starts the sender again.  The limit is shifted left by @factor.
 */
bool tcp_small_queue_check(struct sock *sk, const struct sk_buff *skb, unsigned int factor);
/* Returns true if @skb, the last one of the write queue, should wait for more data. */
bool tcp_should_autocork(struct sock *sk, const struct sk_buff *skb, unsigned int size_goal);
void tcp_wfree(struct sk_buff *skb); /* destructor of a sent packet */
void tcp_tsq_write(struct sock *sk);
#define SK_PACING_SHIFT 10 /* a burst is at most what sk_pacing_rate sends in 1/1024 s */

/* ---- tcp_timer.c (send side) --------------------------------------------------------------------------------- */
/* The handlers of the three timers, in softirq; @data is the struct sock pointer. */
void tcp_write_timer(unsigned long data);
void tcp_delack_timer(unsigned long data);
void tcp_keepalive_timer(unsigned long data);
static inline void tcp_init_xmit_timers(struct sock *sk)
{
	tcp_init_pacing(sk);
	inet_csk_init_xmit_timers(sk, tcp_write_timer, tcp_delack_timer, tcp_keepalive_timer);
}
void tcp_retransmit_timer(struct sock *sk);
void tcp_write_timer_handler(struct sock *sk);
void tcp_delack_timer_handler(struct sock *sk);
void tcp_write_err(struct sock *sk); /* ends the connection after a timeout */
bool retransmits_timed_out(struct sock *sk, unsigned int boundary, unsigned int timeout);

/* ---- queues ---------------------------------------------------------------------------------------------------- *
 * sk_write_queue holds segments that were not sent yet, tcp_rtx_queue those that were sent and are not
 * acknowledged, a tree by seq.  The memory of both queues counts in sk_wmem_queued. */
static inline struct sk_buff *tcp_send_head(const struct sock *sk)
{
	return skb_peek(&sk->sk_write_queue);
}
static inline struct sk_buff *tcp_write_queue_tail(const struct sock *sk)
{
	return skb_peek_tail(&sk->sk_write_queue);
}
static inline bool tcp_write_queue_empty(const struct sock *sk)
{
	return skb_queue_empty(&sk->sk_write_queue);
}
/* Frees @skb, which the caller has unlinked from one of the queues. */
void tcp_wmem_free_skb(struct sock *sk, struct sk_buff *skb);
void tcp_add_write_queue_tail(struct sock *sk, struct sk_buff *skb);
/* Memory is short: limits @sk's send buffer to half of its present use, unless SO_SNDBUF was set. */
void sk_stream_moderate_sndbuf(struct sock *sk);
/* Allocates an empty segment with headroom for all headers and @size bytes of linear data room. */
struct sk_buff *sk_stream_alloc_skb(struct sock *sk, int size, gfp_t gfp);
void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags);

/* Returns @base, which is at least TCP_RTO_MIN, doubled icsk_backoff times, but at most @max_when. */
static inline unsigned long tcp_rto_backoff(const struct sock *sk, u64 base, unsigned long max_when)
{
	/* TCP_RTO_MIN doubled ten times exceeds TCP_RTO_MAX; icsk_backoff may be 255, too large a shift. */
	unsigned int doublings = min_t(unsigned int, inet_csk(sk)->icsk_backoff, 10);

	return min_t(u64, base << doublings, max_when);
}
static inline unsigned long tcp_probe0_base(const struct sock *sk)
{
	return max_t(unsigned long, inet_csk(sk)->icsk_rto, TCP_RTO_MIN);
}
static inline unsigned long tcp_probe0_when(const struct sock *sk, unsigned long max_when)
{
	return tcp_rto_backoff(sk, tcp_probe0_base(sk), max_when);
}
static inline void tcp_check_probe_timer(struct sock *sk)
{
	if (!tcp_sk(sk)->packets_out && !inet_csk(sk)->icsk_pending)
		inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_probe0_base(sk), TCP_RTO_MAX);
}
static inline int keepalive_intvl_when(const struct tcp_sock *tp)
{
	return tp->keepalive_intvl ? tp->keepalive_intvl : (u32)sysctl_tcp_keepalive_intvl;
}
static inline int keepalive_time_when(const struct tcp_sock *tp)
{
	return tp->keepalive_time ? tp->keepalive_time : (u32)sysctl_tcp_keepalive_time;
}
static inline int keepalive_probes(const struct tcp_sock *tp)
{
	return tp->keepalive_probes ? tp->keepalive_probes : sysctl_tcp_keepalive_probes;
}
static inline int tcp_fin_time(const struct sock *sk)
{
	int fin_timeout = tcp_sk(sk)->linger2 ? tcp_sk(sk)->linger2 * HZ : sysctl_tcp_fin_timeout;
	int rto = inet_csk(sk)->icsk_rto;

	/* At least 3.5 RTOs, so that the peer can still answer a retransmission of our FIN. */
	return fin_timeout < (rto << 2) - (rto >> 1) ? (rto << 2) - (rto >> 1) : fin_timeout;
}

/* ---- options that we write (tcp_transmit.c) ------------------------------------------------------ */
#define OPTION_MSS       0x1
#define OPTION_TS        0x2
#define OPTION_WSCALE    0x4
#define OPTION_SACK_PERM 0x8
#define OPTION_SACK      0x10
#define OPTION_FAST_OPEN 0x20

struct tcp_out_options {
	u8 options; /* OPTION_* */
	u8 ws;
	u16 mss;
	u32 tsval, tsecr;
	const struct tcp_fastopen_cookie *fastopen; /* valid if OPTION_FAST_OPEN is set */
};
/*
 * These three fill @opts and return the length of the options in bytes, a multiple of four.  @synack:
 * the segment is a SYN-ACK that answers the peer's SYN in a simultaneous open.
 */
unsigned int tcp_syn_options(struct sock *sk, bool synack, struct tcp_out_options *opts);
unsigned int tcp_synack_options(const struct request_sock *req, u16 mss, u32 tsval,
				const struct tcp_fastopen_cookie *foc,
				struct tcp_out_options *opts);
unsigned int tcp_established_options(const struct sock *sk, struct tcp_out_options *opts);
/* Writes @opts to @to.  @tp: has the SACK blocks; NULL for the SYN-ACK of a request. */
void tcp_options_write(void *to, struct tcp_sock *tp, const struct tcp_out_options *opts);
/*
 * Returns the bytes of the next segment's SACK option with its NOPs, or 0 if it has none.
 * tcp_sack_gen.c
 */
unsigned int __tcp_sack_option_size(const struct tcp_sock *tp);
static inline unsigned int tcp_sack_option_size(const struct tcp_sock *tp)
{
	if (likely(!tp->rx_opt.num_sacks && !tp->rx_opt.dsack))
		return 0;
	return __tcp_sack_option_size(tp);
}
/* Writes the SACK option to @ptr, if tcp_sack_option_size() is not 0.  Each duplicate is reported only once. */
void tcp_sack_write(u32 *ptr, struct tcp_sock *tp);
/* Returns the sequence number for an ACK without data: snd_nxt, or less if the window has shrunk. */
u32 tcp_acceptable_seq(const struct sock *sk);
/*
 * Returns the MSS that our SYN announces: the largest segment that the peer may send to us.  It comes
 * from the link's MTU, because the path MTU limits only the segments that we send (RFC 6691 section 2:
 * "the MTU minus the fixed IP and TCP header sizes").
 */
static inline u16 tcp_advertise_mss(const struct sock *sk, const struct dst_entry *dst)
{
	u16 mss = dst ? dst->advmss : TCP_MSS_DEFAULT, user_mss = tcp_sk(sk)->rx_opt.user_mss;

	return user_mss && user_mss < mss ? user_mss : mss;
}

/* ---- replies without a socket (tcp_make.c) --------------------------------------------------- */
struct tcp_reply {
	struct tcphdr th;
	__be32 opt[TCPOLEN_TSTAMP_ALIGNED / 4];
};
/* These fill @rep with an answer to @skb, all but the checksum, and return its length in bytes. */
unsigned int tcp_make_reset(const struct sk_buff *skb, struct tcp_reply *rep);
unsigned int tcp_make_timewait_ack(const struct sk_buff *skb, struct tcp_reply *rep,
				   const struct inet_timewait_sock *tw);
unsigned int tcp_make_reqsk_ack(const struct sk_buff *skb, struct tcp_reply *rep,
				struct request_sock *req);

/* ---- sizes ------------------------------------------------------------------------------------------ */
static inline void tcp_skb_pcount_set(struct sk_buff *skb, int segs)
{
	TCP_SKB_CB(skb)->tcp_gso_segs = segs;
}
/* Stores in @skb how many segments of @mss_now bytes it holds. */
static inline void tcp_set_skb_tso_segs(struct sk_buff *skb, unsigned int mss_now)
{
	bool one = skb->len <= mss_now;

	TCP_SKB_CB(skb)->tcp_gso_segs = one ? 1 : DIV_ROUND_UP(skb->len, mss_now);
	TCP_SKB_CB(skb)->tcp_gso_size = one ? 0 : mss_now;
}
/*
 * Returns true if TCP may build packets of several segments (GSO), which the device or dev_queue_xmit() splits.
 * A device without scatter-gather would need a copy of every such packet, so TCP builds none for it.
 */
static inline bool sk_can_gso(const struct sock *sk)
{
	const struct dst_entry *dst = sk->sk_dst_cache;

	return dst && (dst->dev->features & NETIF_F_SG);
}
unsigned int tcp_max_gso_segs(const struct sock *sk, unsigned int mss_now); /* tcp_output.c */
unsigned int tcp_tso_segs(const struct sock *sk, unsigned int mss_now);
unsigned int tcp_bound_to_half_wnd(const struct sock *sk, unsigned int size); /* tcp_window.c */
static inline u32 tcp_usecs_to_jiffies(u64 us)
{
	return DIV_ROUND_UP(us, 1000000u / HZ);
}
static inline u32 tcp_ns_to_stamp(u64 ns)
{
	return ns / NSEC_PER_MSEC + (u32)INITIAL_JIFFIES;
}

/* ---- tcp_output.c ------------------------------------------------------------------------------------- */
unsigned int tcp_cwnd_test(const struct tcp_sock *tp);
bool tcp_snd_wnd_test(const struct tcp_sock *tp, const struct sk_buff *skb, unsigned int cur_mss);
/* Moves @skb, which was just sent, to the retransmit queue.  The caller then sets a timer. */
void tcp_event_new_data_sent(struct sock *sk, struct sk_buff *skb);
/*
 * New data was sent and no tail loss probe is scheduled: starts the retransmit timer, unless it runs already
 * for the @prior_packets segments that were in flight before.  The retransmit timer replaces the probe timer,
 * because both use icsk_pending.
 */
void tcp_set_rto_of_sent(struct sock *sk, u32 prior_packets);
void tcp_slow_start_after_idle_check(struct sock *sk);
void tcp_push(struct sock *sk, int flags, unsigned int mss_now, int nonagle); /* tcp_sendmsg.c */

/* ---- tcp_mtup.c ------------------------------------------------------------------------------------- */
enum tcp_mtup_result {
	MTUP_NONE, /* no probe: go on as usual */
	MTUP_WAIT, /* send nothing now, so that the next ACK permits a probe */
	MTUP_SENT,
};
void tcp_mtup_init(struct sock *sk);
void __tcp_mtup_start(struct sock *sk);
/*
 * The handshake of connect() or accept() is complete.  RFC 4821 7.2: begin with a size that probably passes.
 * (Linux does so at once only for connect(); for accept() it does so at the next change of the MSS.)
 */
static inline void tcp_mtup_start(struct sock *sk)
{
	if (unlikely(READ_ONCE(sysctl_tcp_mtu_probing) > 1))
		__tcp_mtup_start(sk);
}
u32 __tcp_mtup_limit(struct sock *sk, u32 pmtu, u32 mss);
/*
 * @pmtu is the path MTU of the route, @mss the segment size for it.  Returns the size to use: while probing is
 * on, at most the size for search_low.
 */
static inline u32 tcp_mtup_limit(struct sock *sk, u32 pmtu, u32 mss)
{
	return likely(!inet_csk(sk)->icsk_mtup.enabled) ? mss : __tcp_mtup_limit(sk, pmtu, mss);
}
enum tcp_mtup_result __tcp_mtu_probe(struct sock *sk);
static inline enum tcp_mtup_result tcp_mtu_probe(struct sock *sk)
{
	return likely(!inet_csk(sk)->icsk_mtup.enabled) ? MTUP_NONE : __tcp_mtu_probe(sk);
}
void __tcp_mtup_acked(struct sock *sk);
/* Called when snd_una has advanced, possibly beyond a probe. */
static inline void tcp_mtup_acked(struct sock *sk)
{
	if (unlikely(inet_csk(sk)->icsk_mtup.probe_size))
		__tcp_mtup_acked(sk);
}
bool tcp_mtup_lost(struct sock *sk);
void tcp_mtu_probing(struct sock *sk);
void tcp_mtup_sysctl_init(void); /* at boot */

/* ---- tcp_urg.c (send side) ---------------------------------------------------------------------------- */
void tcp_mark_urg(struct tcp_sock *tp);
void tcp_write_urg(const struct tcp_sock *tp, struct tcphdr *th, u32 seq);
/* Returns true while urgent data is unsent or unacknowledged. */
static inline bool tcp_urg_mode(const struct tcp_sock *tp)
{
	return tp->snd_una != tp->snd_up;
}

/* ---- queues (tcp_output.c, tcp_retransmit.c) --------------------------------------------------------------- */
/* Adds @skb, a new segment of data or a FIN, to the write queue; sets write_seq to its end. */
void tcp_queue_skb(struct sock *sk, struct sk_buff *skb);
/*
 * Allocates a segment without data that enters no queue: an ACK, a reset or a probe.  Returns NULL if there is
 * no memory.
 */
struct sk_buff *tcp_alloc_control(u32 seq, u8 flags);
/* @skb has @decr segments fewer than before: subtracts them from each count that includes @skb. */
void tcp_adjust_pcount(struct sock *sk, const struct sk_buff *skb, int decr);

#endif
