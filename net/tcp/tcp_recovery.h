/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery of the sender: the declarations that its files share.  The sending files get them through
 * tcp_send.h.
 *
 *   tcp_ack.c        processes an ACK: window, retransmit queue; then it calls these files in this order:
 *   tcp_rtt.c          samples of the round-trip time, retransmission timeout        RFC 6298
 *   tcp_sack.c         marks the segments that the SACK blocks cover                 RFC 2018, 2883
 *   tcp_rack.c         with SACK: marks segments as lost by the time at which they   RFC 8985
 *                      were sent; sends the tail loss probe
 *   tcp_newreno.c      without SACK: marks segments as lost by duplicate ACKs        RFC 6582
 *   tcp_recovery.c     decides on the congestion state                               RFC 5681, 6675, 5682
 *   tcp_undo.c         undoes a reduction of the window that was a mistake           RFC 3522, 4015, 2883
 *   tcp_prr.c          limits how much is sent while the window shrinks              RFC 9937
 *   tcp_retransmit.c   sends segments again
 *   tcp_rtx_queue.c    keeps the sent segments and their marks
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 */
#ifndef NET_TCP_TCP_RECOVERY_H
#define NET_TCP_TCP_RECOVERY_H

#include "net/tcp/tcp.h"
#include "net/tcp/tcp_rtx_queue.h"

/* ---- an ACK -------------------------------------------------------------------------------------- */
#define FLAG_DATA               0x01 /* the segment has data */
#define FLAG_WIN_UPDATE         0x02 /* the ACK updated the peer's window */
#define FLAG_DATA_ACKED         0x04 /* the ACK acknowledged new data */
#define FLAG_RETRANS_DATA_ACKED 0x08 /* the ACK acknowledged data that we had retransmitted */
#define FLAG_SYN_ACKED          0x10
#define FLAG_DATA_SACKED        0x20 /* a SACK block covers data that no earlier block covered */
#define FLAG_ECE                0x40 /* the ACK reports a CE mark (RFC 3168) */
#define FLAG_LOST_RETRANS       0x80 /* a retransmission is now marked as lost */
#define FLAG_SLOWPATH           0x100
#define FLAG_ORIG_SACK_ACKED    0x200 /* a segment below high_seq arrived that was sent only once */
#define FLAG_SND_UNA_ADVANCED   0x400
#define FLAG_DSACKING_ACK       0x800  /* a DSACK block: the peer received some data twice */
#define FLAG_SET_XMIT_TIMER     0x1000 /* the retransmit or probe timer must be set anew */
#define FLAG_SACK_RENEGING      0x2000 /* the segment at snd_una was SACKed, but is not acknowledged */
#define FLAG_UPDATE_TS_RECENT   0x4000
#define FLAG_NO_CHALLENGE_ACK   0x8000
#define FLAG_DSACK_TLP          0x10000 /* the DSACK is for our tail loss probe */
#define FLAG_ACK_MAYBE_DELAYED  0x40000 /* the peer may have delayed the ACK */
#define FLAG_ACKED              (FLAG_DATA_ACKED | FLAG_SYN_ACKED)
#define FLAG_NOT_DUP            (FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED)
#define FLAG_CA_ALERT           (FLAG_DATA_SACKED | FLAG_ECE | FLAG_DSACKING_ACK)

/* The state of the processing of one ACK.  A field named prior_* has the value from before this ACK. */
struct tcp_sacktag_state {
	int flag;                        /* FLAG_* */
	u32 prior_snd_una;               /* tp->snd_una */
	u32 prior_sack_end;              /* tcp_highest_sack_seq() */
	u32 prior_delivered, prior_lost; /* tp->delivered and tp->lost, in segments */
	u32 prior_sacked;                /* tp->sacked_out */
	u32 in_flight; /* bytes in flight when the last segment that this ACK acknowledges was sent */
	/*
	 * The lowest sequence number of a segment that was sent once and arrived after a segment with a
	 * higher number, so the network reordered the two.  snd_nxt while there is no such segment.
	 */
	u32 reord;
	struct rate_sample rate;
	u64 first_sackt,
		last_sackt; /* ns: when the first and the last newly SACKed segment was sent; 0: none */
	u32 acked;          /* segments cumulatively acknowledged */
};

static inline bool tcp_is_sack(const struct tcp_sock *tp)
{
	return tp->rx_opt.sack_ok;
}
/*
 * Returns the end of the highest SACKed segment, or snd_una if none is SACKed.  Every segment below
 * that end that is not SACKed is a hole.  Without SACK, sacked_out counts duplicate ACKs, which do
 * not tell which segment arrived.
 */
static inline u32 tcp_highest_sack_seq(const struct tcp_sock *tp)
{
	return tcp_is_sack(tp) && tp->sacked_out && after(tp->sack_end, tp->snd_una) ? tp->sack_end
										     : tp->snd_una;
}
/* Counts @segs delivered segments.  @ece_ack: the ACK that delivers them also reports a CE mark (FLAG_ECE). */
static inline void tcp_count_delivered(struct tcp_sock *tp, u32 segs, bool ece_ack)
{
	tp->delivered += segs;
	if (unlikely(ece_ack))
		tp->delivered_ce += segs;
}
static inline bool tcp_is_reno(const struct tcp_sock *tp)
{
	return !tcp_is_sack(tp);
}
/* Returns the least round-trip time in microseconds; ~0 before the first sample. */
static inline u32 tcp_min_rtt(const struct tcp_sock *tp)
{
	return minmax_get(&tp->rtt_min);
}
static inline void tcp_verify_left_out(const struct tcp_sock *tp)
{
	WARN_ON(tcp_left_out(tp) > tp->packets_out);
}

/* ---- tcp_sack.c ---------------------------------------------------------------------------------- */
/* Applies the SACK option of @skb to the retransmit queue, and adds to @state what the option shows. */
void tcp_sacktag_write_queue(struct sock *sk, const struct sk_buff *skb,
			     struct tcp_sacktag_state *state);
/*
 * Called for a segment with the number @low_seq that arrived now: if segments with higher numbers arrived before it,
 * the network reordered them, and tp->reordering rises.  @ts selects the counter: true if a timestamp proved the
 * arrival, false if a SACK block did.
 */
void tcp_check_sack_reordering(struct sock *sk, u32 low_seq, bool ts);

/* ---- tcp_rack.c ---------------------------------------------------------------------------------- */
/* Called for each delivered segment.  @sent_ns: when it was sent; @end_seq: its end; @marks: its TCPCB_*. */
void tcp_rack_advance(struct tcp_sock *tp, u8 marks, u32 end_seq, u64 sent_ns);
/* Marks the lost segments.  Returns true if it armed the reordering timer for segments that may be lost soon. */
bool tcp_rack_mark_lost(struct sock *sk);
void tcp_rack_update_reo_wnd(struct sock *sk, const struct tcp_sacktag_state *state);
/* The reordering timer expired. */
void tcp_rack_reo_timeout(struct sock *sk);
/*
 * Returns the microseconds until @skb counts as lost with a reordering window of @reo_wnd microseconds. The result is
 * 0 or negative if @skb counts as lost now.
 */
s64 tcp_rack_skb_timeout(const struct tcp_sock *tp, const struct sk_buff *skb, u32 reo_wnd);
/*
 * Arms the probe timer instead of the retransmit timer; returns false if the connection may not probe now.
 * @advancing_rto: the retransmission timeout would count from now, not from the sending of the oldest segment.
 */
bool tcp_schedule_loss_probe(struct sock *sk, bool advancing_rto);
void tcp_send_loss_probe(struct sock *sk); /* the probe timer expired */
void tcp_process_tlp_ack(struct sock *sk, u32 ack, int flag);

/* ---- tcp_newreno.c ------------------------------------------------------------------------------- */
static inline void tcp_reset_reno_sack(struct tcp_sock *tp)
{
	tp->sacked_out = 0;
}
void tcp_add_reno_sack(struct sock *sk, bool is_dupack, bool ece_ack);
void tcp_remove_reno_sacks(struct sock *sk, int acked, bool ece_ack);
void tcp_newreno_mark_lost(struct sock *sk, bool snd_una_advanced);
/*
 * Lowers sacked_out, the count of duplicate ACKs, until it and the number of lost segments (at least one) are
 * together no more than packets_out.  Returns true if sacked_out was too high.
 */
bool tcp_limit_reno_sacked(struct tcp_sock *tp);

/* ---- tcp_recovery.c ------------------------------------------------------------------------------ */
enum tcp_rexmit {
	REXMIT_NONE,
	REXMIT_LOST, /* retransmit the lost segments */
	REXMIT_NEW,  /* F-RTO: send new data first */
};
/* Called for a dubious ACK: a duplicate, or any ACK while the state is not Open.  Sets *@rexmit. */
void tcp_fastretrans_alert(struct sock *sk, bool is_dupack, struct tcp_sacktag_state *state,
			   enum tcp_rexmit *rexmit);
/*
 * Marks @skb as lost.  If its retransmission is in flight, the retransmission counts as lost too, and @skb is
 * sent once more.
 */
void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb);
/* @ece_ack: the ACK reports a CE mark too, so the reduction must not be undone. */
void tcp_enter_recovery(struct sock *sk, bool ece_ack);
void tcp_enter_loss(struct sock *sk); /* the retransmit timer expired */
/* Sets the state: Disorder if holes or retransmitted segments remain in the queue, else Open. */
void tcp_try_keep_open(struct sock *sk);
/* The MSS fell: marks segments larger than the new MSS as lost and retransmits them. */
void tcp_simple_retransmit(struct sock *sk);
/* Segments were marked as lost, but not because of congestion: sends them again, with the same cwnd. */
void tcp_non_congestion_loss_retransmit(struct sock *sk);
bool tcp_any_retrans_done(const struct sock *sk);
/* Clears retrans_stamp, unless a retransmission is in flight or the first segment was ever retransmitted. */
void tcp_retrans_stamp_cleanup(struct sock *sk);

/* ---- tcp_undo.c ---------------------------------------------------------------------------------- */
/* A reduction of the window begins: records the values that an undo needs. */
void tcp_init_undo(struct tcp_sock *tp);
/* Returns true if the echoed timestamp is older than @stamp (ms): the ACK answers a segment sent before @stamp. */
bool tcp_tsopt_ecr_before(const struct tcp_sock *tp, u32 stamp);
/* These two return true if they undid the reduction. */
bool tcp_try_undo_dsack(struct sock *sk);
bool tcp_try_undo_loss(struct sock *sk, bool frto_undo);
/*
 * A partial ACK arrived.  If it proves that segments were only late, and no retransmission is in flight, undoes the
 * reduction.  Returns true if the ACK needs no further decision.
 */
bool tcp_try_undo_partial(struct sock *sk, u32 prior_snd_una);
/* Returns true if the state must stay until a byte beyond high_seq is acknowledged. */
bool tcp_try_undo_recovery(struct sock *sk);

/* ---- tcp_prr.c ----------------------------------------------------------------------------------- */
u32 tcp_current_ssthresh(const struct sock *sk);
void tcp_init_cwnd_reduction(struct sock *sk);
void tcp_cwnd_reduction(struct sock *sk, u32 newly_delivered, u32 newly_lost, int flag);
void tcp_end_cwnd_reduction(struct sock *sk);
void tcp_enter_cwr(struct sock *sk);

/* ---- tcp_ack.c ----------------------------------------------------------------------------------- */
/*
 * Adds a sample to the estimate of the round-trip time and sets the RTO; returns false without a valid sample.
 * @seq_rtt_us: age in us of the first segment that this ACK acknowledges; @sack_rtt_us: of the first segment that it
 * SACKs; @ca_rtt_us: of the last segment that it acknowledges or SACKs.  -1: not known.
 */
bool tcp_ack_update_rtt(struct sock *sk, int flag, long seq_rtt_us, long sack_rtt_us,
			long ca_rtt_us);
void tcp_rearm_rto(struct sock *sk);
/* Returns the microseconds until the retransmit timer of the oldest segment expires; may be negative. */
s64 tcp_rto_delta_us(const struct sock *sk);
void tcp_xmit_recovery(struct sock *sk, enum tcp_rexmit rexmit);

/* ---- tcp_rate.c ---------------------------------------------------------------------------------- */
void tcp_rate_skb_sent(struct sock *sk, struct sk_buff *skb);
void tcp_rate_skb_delivered(struct sock *sk, struct sk_buff *skb, struct rate_sample *rs);
void tcp_rate_gen(struct sock *sk, u32 delivered, u32 lost, bool reneged, struct rate_sample *rs);
void tcp_rate_check_app_limited(struct sock *sk);
u64 tcp_compute_delivery_rate(const struct tcp_sock *tp); /* bytes/s; 0: no sample yet */

/* ---- tcp_retransmit.c ---------------------------------------------------------------------------- */
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
/* Sends @skb again without marking it as retransmitted: a tail loss probe must not imply that @skb is lost. */
int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
void tcp_xmit_retransmit_queue(struct sock *sk);

#endif
