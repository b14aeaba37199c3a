/* SPDX-License-Identifier: MIT */
/*
 * Declarations shared by the files of TCP's receive side; no other file includes this.
 *
 *   tcp_ipv4.c -> tcp_input.c -> tcp_options.c, tcp_data.c, tcp_rcvbuf.c
 *   tcp_recvmsg.c -> tcp_rcvbuf.c
 *
 * Locks: as in tcp.h; the socket's owner, or the bh lock held and no owner.
 */
#ifndef NET_TCP_TCP_IN_H
#define NET_TCP_TCP_IN_H

#include "net/core/limits.h"
#include "net/tcp/tcp.h"

/* Sets of states: TCPF_OF(ESTABLISHED) | TCPF_OF(CLOSE_WAIT). */
#define TCPF_OF(state) (1u << TCP_##state)
static inline bool tcp_state_in(const struct sock *sk, unsigned int states)
{
	return (1u << sk->sk_state) & states;
}

static inline bool tcp_has_fin(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;
}
/* Has @skb bytes (not only a FIN) beyond what was received? */
static inline bool tcp_brings_data(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	return cb->end_seq != cb->seq && after(cb->end_seq - tcp_has_fin(skb), tp->rcv_nxt);
}
/* RFC 9293 3.10.7.4, first check: does [seq, end_seq) meet the window [s_win, e_win)? */
static inline bool tcp_in_window(u32 seq, u32 end_seq, u32 s_win, u32 e_win)
{
	if (seq == end_seq)
		return between(seq, s_win, e_win);
	return seq == s_win || (before(seq, e_win) && after(end_seq, s_win));
}
/* Seconds, for the age of TS.Recent; never 0, which means "none". */
static inline long tcp_seconds(void)
{
	return (long)(get_jiffies_64() / HZ);
}
/*
 * RFC 7323 5.3 for a segment whose options are in @rx_opt; a reset is only rejected by a fresh
 * TS.Recent.
 */
static inline bool tcp_paws_reject(const struct tcp_options_received *rx_opt, bool rst)
{
	if (tcp_paws_check(rx_opt, 0))
		return false;
	/* The clock of a host that rebooted is behind: after an MSL its reset is accepted. */
	return !(rst && tcp_seconds() >= rx_opt->ts_recent_stamp + TCP_PAWS_MSL);
}
/* The window's last update came with this segment. */
static inline void tcp_init_wl(struct tcp_sock *tp, u32 seq)
{
	tp->snd_wl1 = seq;
}

/* A thread owns @sk: queues @skb for it, in a queue of limited length. bh lock held. */
static inline enum skb_drop_reason tcp_add_backlog(struct sock *sk, struct sk_buff *skb)
{
	if (!sk_add_backlog(sk, skb, sk->sk_rcvbuf + sk->sk_sndbuf + SOCK_BACKLOG_EXTRA))
		return SKB_CONSUMED;
	snmp_inc(SNMP_TcpExtTCPBacklogDrop);
	return SKB_DROP_REASON_SOCKET_BACKLOG;
}
/* @skb is not acceptable in @sk's state: answers with a RST. */
static inline enum skb_drop_reason tcp_refuse(const struct sock *sk, struct sk_buff *skb,
					      enum skb_drop_reason reason)
{
	inet_csk(sk)->icsk_af_ops->send_reset(sk, skb);
	return reason;
}

/* ---- tcp_ipv4.c, tcp_connect.c (receive side) ----------------------------------------------------------- */
enum skb_drop_reason tcp_v4_rcv(struct sk_buff *skb);
void tcp_v4_err(struct sk_buff *skb, u32 info);
enum skb_drop_reason tcp_v4_do_rcv(struct sock *sk, struct sk_buff *skb);
int tcp_v4_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
enum skb_drop_reason tcp_v4_conn_request(struct sock *sk, struct sk_buff *skb);
enum skb_drop_reason tcp_conn_request(struct request_sock_ops *ops, struct sock *sk,
				      struct sk_buff *skb);
void tcp_v4_init_req(struct request_sock *req, const struct sk_buff *skb);
struct dst_entry *tcp_v4_route_req(const struct sock *sk, const struct request_sock *req);
u32 tcp_v4_init_seq(const struct request_sock *req, u32 *ts_off);
int tcp_v4_send_synack(const struct sock *sk, struct dst_entry *dst, struct request_sock *req);
struct sock *tcp_v4_syn_recv_sock(const struct sock *sk, struct sk_buff *skb,
				  struct request_sock *req, bool *own_req);
void tcp_v4_send_reset(const struct sock *sk, struct sk_buff *skb);
extern struct request_sock_ops tcp_request_sock_ops;
/* RFC 6528: keyed by the four-tuple, moving with the clock; @tsoff: this connection's timestamp offset. */
u32 secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff);

/* ---- tcp_options.c (receive side) ------------------------------------------------------------------------ */
/* Fills @opt from @skb's header; false when an option is malformed (RFC 9293 3.1: the rest is ignored). */
bool tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt, bool estab);
void tcp_clear_options(struct tcp_options_received *opt);

/* ---- tcp_input.c, tcp_data.c, tcp_recvmsg.c (receive side) ---------------------------------------------- */
enum skb_drop_reason tcp_rcv_established(struct sock *sk, struct sk_buff *skb);
enum skb_drop_reason tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb);
void tcp_finish_connect(struct sock *sk);
/* @skb has data or a FIN. */
enum skb_drop_reason tcp_data_queue(struct sock *sk, struct sk_buff *skb);
void tcp_fin(struct sock *sk);
/* The estimate before data comes: at most the MSS of the handshake, at least the size that every
 * host must accept, or that its narrow link can carry. */
static inline void tcp_initialize_rcv_mss(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 hint = min_t(u32, tp->advmss, tp->mss_cache);

	hint = min(hint, tp->rcv_wnd / 2);
	hint = min(hint, TCP_MSS_DEFAULT);
	inet_csk(sk)->icsk_ack.rcv_mss = max(hint, min_t(u32, tp->advmss, TCP_MIN_MSS));
}
void tcp_init_buffer_space(struct sock *sk);
void tcp_enter_quickack_mode(struct sock *sk);
void tcp_measure_rcv_mss(struct sock *sk, const struct sk_buff *skb);
int tcp_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int nonblock, int flags,
		int *addr_len);
/* The application read data: sends a window update if it helps the peer. */
void tcp_cleanup_rbuf(struct sock *sk, int copied);
void tcp_rcv_space_adjust(struct sock *sk);
/*
 * True (counted under @mib): do not answer this out-of-window segment, the last answer is recent.
 */
bool tcp_oow_rate_limited(const struct sk_buff *skb, enum snmp_counter mib, u32 *last_oow_ack_time);
bool __tcp_oow_rate_limited(enum snmp_counter mib, u32 *last_oow_ack_time); /* data, too */
void tcp_fast_path_on(struct tcp_sock *tp);
void tcp_fast_path_check(struct sock *sk);

/* ---- tcp_minisocks.c (receive side) ---------------------------------------------------------------------- */
enum tcp_tw_status { TCP_TW_SUCCESS, TCP_TW_RST, TCP_TW_ACK, TCP_TW_SYN };
enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw, struct sk_buff *skb,
					      const struct tcphdr *th);
void tcp_time_wait(struct sock *sk, int state, int timeo);
/* *@child, bh-locked, and SKB_NOT_DROPPED_YET: the ACK made it, and @skb is its first segment. */
enum skb_drop_reason tcp_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				   struct sock **child);
struct sock *tcp_create_openreq_child(const struct sock *sk, struct request_sock *req,
				      struct dst_entry *dst, struct sk_buff *skb);
/* Unlocks and puts @child. */
enum skb_drop_reason tcp_child_process(struct sock *parent, struct sock *child,
				       struct sk_buff *skb);
void tcp_openreq_init_rwin(struct request_sock *req, const struct sock *sk,
			   const struct dst_entry *dst);

/* ---- tcp_minisocks.c ---- */
void tcp_isn_init(void); /* boot: the secret */

/* ---- tcp_sysctl.c ---- */
void tcp_sysctl_init(void); /* boot: the table */

/* ---- tcp_shrink.c ---- */
void tcp_shrink_init(void);
/* Memory is short: every connection frees the memory that it need not keep, soon.  Any context. */
void tcp_shrink_soon(void);
/* A writer found no memory: wakes it when there is some. */
void tcp_space_soon(void);

/* ---- tcp_options.c ---- */
/* Of an established connection, into tp->rx_opt; true when the segment has a timestamp. */
bool tcp_fast_parse_options(const struct sk_buff *skb, struct tcp_sock *tp);
/* True if the options are only the 12 bytes of an aligned timestamp, as in nearly every segment. */
bool tcp_parse_aligned_timestamp(struct tcp_sock *tp, const struct tcphdr *th);

/* ---- tcp_input.c ---- */
/* RFC 9293 3.10.7.4 up to the ACK. A check: sends the answer itself, if one is due. */
enum skb_drop_reason tcp_validate_incoming(struct sock *sk, struct sk_buff *skb,
					   const struct tcphdr *th);

/* ---- tcp_data.c ---- */
/* Appends in-order data without the first @hdrlen bytes (the header).  True: merged into the
 * queue's tail; the caller frees the rest with kfree_skb_partial(@skb, *@fragstolen). */
bool tcp_queue_rcv(struct sock *sk, struct sk_buff *skb, int hdrlen, bool *fragstolen);
/* Appends @from to @to, both in @sk's queues, if it begins where @to ends. */
bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from, bool *fragstolen);
void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb);
void __tcp_ack_snd_check(struct sock *sk, bool ofo_possible);
static inline void tcp_ack_snd_check(struct sock *sk)
{
	/* A segment that we sent meanwhile may have carried the ACK. */
	if (inet_csk_ack_scheduled(sk))
		__tcp_ack_snd_check(sk, true);
}
enum skb_drop_reason tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb);
/* The hole was filled: moves segments that now follow in order to the receive queue. */
void tcp_ofo_queue(struct sock *sk);
void tcp_ofo_purge(struct sock *sk);
/* Drops the farthest segments until the buffer's limit is met.  False: the tree was empty. */
bool tcp_prune_ofo_queue(struct sock *sk);

/* ---- tcp_rcvbuf.c ---- */
void tcp_rmem_shrink(struct sock *sk);
/* Is there room for @size more bytes of truesize?  May prune. 0 or -1. */
int tcp_try_rmem_schedule(struct sock *sk, unsigned int size);
/* May the socket charge so much more, within the limit for all sockets? */
bool tcp_rmem_schedule(struct sock *sk, unsigned int size);
void tcp_grow_window(struct sock *sk, const struct sk_buff *skb);
void tcp_rcv_rtt_measure(struct tcp_sock *tp);
void tcp_rcv_rtt_measure_ts(struct sock *sk, const struct sk_buff *skb);

/* ---- tcp_info.c ---- */
void tcp_get_info(const struct sock *sk, struct tcp_info *info);
static inline void tcp_segs_in(struct tcp_sock *tp, const struct sk_buff *skb)
{
	u32 segs = max_t(u16, 1, skb_shinfo(skb)->gso_segs);

	tp->segs_in += segs;
	if (skb->len > tcp_hdrlen(skb))
		tp->data_segs_in += segs;
}

/* ---- tcp_connect.c ---- */
enum skb_drop_reason tcp_rcv_synsent_state_process(struct sock *sk, struct sk_buff *skb,
						   const struct tcphdr *th);
/* The handshake is complete, on either side: sets the initial values of sending and receiving. */
void tcp_init_transfer(struct sock *sk); /* tcp_input.c */

/* ---- tcp_ipv4.c ---- */
void tcp_v4_mtu_reduced(struct sock *sk);

/* ---- tcp_sockopt.c, tcp.c, tcp_close.c, tcp_connect.c ---- */
int tcp_v4_init_sock(struct sock *sk);
void tcp_init_history(struct sock *sk);
void tcp_v4_destroy_sock(struct sock *sk);
bool tcp_twsk_unique(struct sock *sk, struct sock *sktw);
/* @rt becomes @sk's route (takes the reference); stores its device's features. */
int inet_sk_rebuild_header(struct sock *sk);

#endif
