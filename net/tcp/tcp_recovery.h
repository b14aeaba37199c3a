/* SPDX-License-Identifier: MIT */
/*
 * Loss recovery of the sender: declarations shared by its files; nothing else includes this header but
 * tcp_timer.c, tcp_output.c and tcp_transmit.c.
 *
 *   tcp_ack.c        an ACK: RTT, window, retransmit queue; then the questions in this order:
 *   tcp_sack.c         which segments do the SACK blocks name?                RFC 2018, 2883
 *   tcp_rack.c         which segments are lost, by the time of their sending? RFC 8985 (with SACK)
 *                      and the tail loss probe
 *   tcp_newreno.c      the same by duplicate ACKs                             RFC 6582 (without SACK)
 *   tcp_recovery.c     in which state is the sender now?                      RFC 5681, 6675, 5682
 *   tcp_undo.c         was the reduction a mistake?                           RFC 3522, 4015, 2883
 *   tcp_prr.c          how much may be sent while the window shrinks?         RFC 9937
 *   tcp_retransmit.c   what is sent again
 *   tcp_rtx_queue.c    the segments and their marks
 *
 * The socket's owner, or the bh lock without one.
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
#define FLAG_DATA_SACKED        0x20 /* a SACK block covers data that none covered before */
#define FLAG_LOST_RETRANS       0x80 /* a retransmission turned out to be lost too */
#define FLAG_SLOWPATH           0x100
#define FLAG_ORIG_SACK_ACKED    0x200 /* a segment below high_seq that was sent once arrived */
#define FLAG_SND_UNA_ADVANCED   0x400
#define FLAG_DSACKING_ACK       0x800  /* a DSACK: the peer received something twice */
#define FLAG_SET_XMIT_TIMER     0x1000 /* the retransmit or probe timer must be set anew */
#define FLAG_SACK_RENEGING      0x2000 /* snd_una is at a segment that was SACKed before */
#define FLAG_UPDATE_TS_RECENT   0x4000
#define FLAG_NO_CHALLENGE_ACK   0x8000
#define FLAG_DSACK_TLP          0x10000 /* the DSACK is for our tail loss probe */
#define FLAG_ACKED              (FLAG_DATA_ACKED | FLAG_SYN_ACKED)
#define FLAG_NOT_DUP            (FLAG_DATA | FLAG_WIN_UPDATE | FLAG_ACKED)
#define FLAG_CA_ALERT           (FLAG_DATA_SACKED | FLAG_DSACKING_ACK)

/* The ACK that is being processed, and what it has shown so far. */
struct tcp_sacktag_state {
	int flag;                        /* FLAG_* */
	u32 prior_snd_una;               /* snd_una before it */
	u32 prior_sack_end;              /* tcp_highest_sack_seq() before it */
	u32 prior_delivered, prior_lost; /* tp->delivered and tp->lost before it */
	/*
	 * The lowest sequence number of a segment that was sent once and arrived after a segment with a
	 * higher number: the network reordered.  Initially snd_nxt, which is no segment's.
	 */
	u32 reord;
	u64 first_sackt,
		last_sackt; /* ns: sending of the first and last segment newly SACKed; 0: none */
	u32 acked;          /* segments cumulatively acknowledged */
};

/*
 * The end of the highest SACKed segment, or snd_una.  All below it that is not SACKed is a hole.
 */
static inline u32 tcp_highest_sack_seq(const struct tcp_sock *tp)
{
	return tp->sacked_out && after(tp->sack_end, tp->snd_una) ? tp->sack_end : tp->snd_una;
}
static inline bool tcp_is_sack(const struct tcp_sock *tp)
{
	return tp->rx_opt.sack_ok;
}
static inline bool tcp_is_reno(const struct tcp_sock *tp)
{
	return !tcp_is_sack(tp);
}
/* Microseconds; ~0 before the first sample. */
static inline u32 tcp_min_rtt(const struct tcp_sock *tp)
{
	return tp->rtt_min_us;
}
static inline void tcp_verify_left_out(const struct tcp_sock *tp)
{
	WARN_ON(tcp_left_out(tp) > tp->packets_out);
}

/* ---- tcp_sack.c ---------------------------------------------------------------------------------- */
/* Applies the SACK option of @skb to the retransmit queue, and notes the news in @state. */
void tcp_sacktag_write_queue(struct sock *sk, const struct sk_buff *skb,
			     struct tcp_sacktag_state *state);
/*
 * A segment with number @low_seq arrived although higher ones had arrived before.  Raises
 * tp->reordering.  @ts: known by a timestamp, not by SACK (for the counter).
 */
void tcp_check_sack_reordering(struct sock *sk, u32 low_seq, bool ts);

/* ---- tcp_rack.c ---------------------------------------------------------------------------------- */
/* A segment with @marks, sent at @sent_ns and ending at @end_seq, was delivered. */
void tcp_rack_advance(struct tcp_sock *tp, u8 marks, u32 end_seq, u64 sent_ns);
/* Marks what is lost by now.  True: armed a timer for what may be lost soon. */
bool tcp_rack_mark_lost(struct sock *sk);
void tcp_rack_update_reo_wnd(struct sock *sk, const struct tcp_sacktag_state *state);
/* That timer expired. */
void tcp_rack_reo_timeout(struct sock *sk);
/* Microseconds until @skb, with @reo_wnd us of patience, counts as lost; <= 0: it does now. */
s64 tcp_rack_skb_timeout(const struct tcp_sock *tp, const struct sk_buff *skb, u32 reo_wnd);
/* Arms the probe timer instead of the retransmit timer.  False: no probe is due in this state. */
bool tcp_schedule_loss_probe(struct sock *sk, bool advancing_rto);
void tcp_send_loss_probe(struct sock *sk); /* the probe timer expired */
void tcp_process_tlp_ack(struct sock *sk, u32 ack, int flag);

/* ---- tcp_newreno.c ------------------------------------------------------------------------------- */
static inline void tcp_reset_reno_sack(struct tcp_sock *tp)
{
	tp->sacked_out = 0;
}
void tcp_add_reno_sack(struct sock *sk, bool is_dupack);
void tcp_remove_reno_sacks(struct sock *sk, int acked);
void tcp_newreno_mark_lost(struct sock *sk, bool snd_una_advanced);
/* Lowers the count of duplicates so that it and the lost segments are no more than packets_out. */
bool tcp_limit_reno_sacked(struct tcp_sock *tp);

/* ---- tcp_recovery.c ------------------------------------------------------------------------------ */
enum tcp_rexmit {
	REXMIT_NONE,
	REXMIT_LOST, /* retransmit the lost segments */
	REXMIT_NEW,  /* F-RTO: send new data first */
};
/* The ACK is dubious: a duplicate, or the state is not Open.  *@rexmit: what is to be sent now. */
void tcp_fastretrans_alert(struct sock *sk, bool is_dupack, struct tcp_sacktag_state *state,
			   enum tcp_rexmit *rexmit);
/* @skb must be sent again.  If it already was, that is lost too, and it must be sent once more. */
void tcp_mark_skb_lost(struct sock *sk, struct sk_buff *skb);
void tcp_enter_recovery(struct sock *sk, u32 delivered);
void tcp_enter_loss(struct sock *sk); /* the retransmit timer expired */
/* Without what recovery left behind: Open or Disorder. */
void tcp_try_keep_open(struct sock *sk);
/* The MSS fell: marks segments larger than the new MSS as lost and retransmits them. */
void tcp_simple_retransmit(struct sock *sk);
bool tcp_any_retrans_done(const struct sock *sk);

/* ---- tcp_undo.c ---------------------------------------------------------------------------------- */
/* A reduction begins: remembers what an undo needs. */
void tcp_init_undo(struct tcp_sock *tp);
/* The echoed timestamp is from before @stamp (ms): its segment was sent earlier. */
bool tcp_tsopt_ecr_before(const struct tcp_sock *tp, u32 stamp);
/* All functions below return true if they undid the reduction. */
bool tcp_try_undo_dsack(struct sock *sk);
bool tcp_try_undo_loss(struct sock *sk, bool frto_undo);
bool tcp_try_undo_partial(struct sock *sk, u32 prior_snd_una);
/* True: stay in this state until something beyond high_seq is acknowledged. */
bool tcp_try_undo_recovery(struct sock *sk);

/* ---- tcp_prr.c ----------------------------------------------------------------------------------- */
u32 tcp_current_ssthresh(const struct sock *sk);
/* @delivered: segments that the present ACK delivered; 0 without an ACK. */
void tcp_init_cwnd_reduction(struct sock *sk, u32 delivered);
void tcp_cwnd_reduction(struct sock *sk, u32 newly_delivered, u32 newly_lost, int flag);
void tcp_end_cwnd_reduction(struct sock *sk);
void tcp_enter_cwr(struct sock *sk);

/* ---- tcp_ack.c ----------------------------------------------------------------------------------- */
/*
 * Adds a sample to the estimate and sets the RTO; false: there is none.  @seq_rtt_us and @sack_rtt_us are
 * of the first segment that was acknowledged and SACKed, @ca_rtt_us of the last; each -1 if unknown.
 */
bool tcp_ack_update_rtt(struct sock *sk, int flag, long seq_rtt_us, long sack_rtt_us,
			long ca_rtt_us);
void tcp_rearm_rto(struct sock *sk);
/* Microseconds until the retransmit timer of the oldest segment expires; may be negative. */
s64 tcp_rto_delta_us(const struct sock *sk);
void tcp_xmit_recovery(struct sock *sk, enum tcp_rexmit rexmit);

/* ---- tcp_retransmit.c ---------------------------------------------------------------------------- */
int tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
/* The same without a mark: for a probe, which does not say that @skb is lost. */
int __tcp_retransmit_skb(struct sock *sk, struct sk_buff *skb, int segs);
void tcp_xmit_retransmit_queue(struct sock *sk);

#endif
