/* SPDX-License-Identifier: MIT */
/*
 * Declarations shared by the files of the sending side: no file outside net/tcp includes it.
 *
 *   tcp_sendmsg.c -> tcp_output.c -> tcp_transmit.c
 *   tcp_ack.c -> tcp_recovery.c, tcp_cong.c -> tcp_retransmit.c -> tcp_transmit.c
 *   tcp_timer.c -> tcp_recovery.c, tcp_retransmit.c
 *
 * The socket's owner or the bh lock without an owner, as in tcp.h.
 */
#ifndef NET_TCP_TCP_SEND_H
#define NET_TCP_TCP_SEND_H

#include "net/core/netdevice.h"
#include "net/tcp/tcp.h"

/* ---- options that we write (tcp_transmit.c) ------------------------------------------------------ */
#define OPTION_MSS    0x1
#define OPTION_TS     0x2
#define OPTION_WSCALE 0x4

struct tcp_out_options {
	u8 options; /* OPTION_* */
	u8 ws;
	u16 mss;
	u32 tsval, tsecr;
};
/* All three fill @opts and return the bytes, a multiple of four.  @synack: it answers a crossing SYN. */
unsigned int tcp_syn_options(const struct sock *sk, bool synack, struct tcp_out_options *opts);
unsigned int tcp_synack_options(const struct request_sock *req, u16 mss, u32 tsval,
				struct tcp_out_options *opts);
unsigned int tcp_established_options(const struct sock *sk, struct tcp_out_options *opts);
void tcp_options_write(void *to, const struct tcp_out_options *opts);
/* The first sequence number that an ACK may carry without lying outside the peer's window. */
u32 tcp_acceptable_seq(const struct sock *sk);
/*
 * The largest segment that @sk's peer may send us: what a SYN announces.  That of the link: the path's
 * MTU limits only what we send (RFC 6691 section 2: "the MTU minus the fixed IP and TCP header sizes").
 */
static inline u16 tcp_advertise_mss(const struct sock *sk, const struct dst_entry *dst)
{
	u16 mss = dst ? dst->advmss : TCP_MSS_DEFAULT, user_mss = tcp_sk(sk)->rx_opt.user_mss;

	return user_mss && user_mss < mss ? user_mss : mss;
}

/* ---- replies that no socket sends (tcp_make.c) ----------------------------------------------------- */
struct tcp_reply {
	struct tcphdr th;
	__be32 opt[TCPOLEN_TSTAMP_ALIGNED / 4];
};
/* All fill @rep, an answer to @skb, but for its checksum, and return its bytes. */
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
/* Into how many segments of @mss_now does @skb fall? */
static inline void tcp_set_skb_tso_segs(struct sk_buff *skb, unsigned int mss_now)
{
	bool one = skb->len <= mss_now;

	TCP_SKB_CB(skb)->tcp_gso_segs = one ? 1 : DIV_ROUND_UP(skb->len, mss_now);
	TCP_SKB_CB(skb)->tcp_gso_size = one ? 0 : mss_now;
}
/* May segments be built that the device, or dev_queue_xmit() for it, cuts up?  One without
 * scatter-gather would have all of them copied. */
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
void tcp_event_new_data_sent(struct sock *sk, struct sk_buff *skb);
void tcp_slow_start_after_idle_check(struct sock *sk);
void tcp_push(struct sock *sk, int flags, unsigned int mss_now, int nonagle); /* tcp_sendmsg.c */

/* ---- queues (tcp_output.c, tcp_retransmit.c) --------------------------------------------------------------- */
/* A control segment joins the write queue: FIN. */
void tcp_queue_skb(struct sock *sk, struct sk_buff *skb);
/* One that joins none: ACK, reset, probe.  NULL: no memory. */
struct sk_buff *tcp_alloc_control(u32 seq, u8 flags);
/* Segments of @skb are fewer by @decr: they leave every count that it stands in. */
void tcp_adjust_pcount(struct sock *sk, const struct sk_buff *skb, int decr);

/* ---- tcp_ack.c ---------------------------------------------------------------------------------------------- */
int tcp_clean_rtx_queue(struct sock *sk, u32 *acked);
/* A measured round trip (@seq_rtt_us < 0: none by send times, the timestamp may have one). */
bool tcp_ack_update_rtt(struct sock *sk, int flag, long seq_rtt_us);

/* ---- tcp_recovery.c ------------------------------------------------------------------------------------------- */
enum tcp_rexmit { REXMIT_NONE, REXMIT_LOST };
void tcp_fastretrans_alert(struct sock *sk, bool is_dupack, int flag, enum tcp_rexmit *rexmit);
void tcp_remove_reno_sacks(struct sock *sk, int acked);
void tcp_cwnd_reduction(struct sock *sk, int newly_acked, int flag);
void tcp_enter_recovery(struct sock *sk);
u32 tcp_current_ssthresh(const struct sock *sk);
static inline void tcp_verify_left_out(const struct tcp_sock *tp)
{
	WARN_ON(tcp_left_out(tp) > tp->packets_out);
}

#endif
