/* SPDX-License-Identifier: MIT */
/*
 * Declarations of TCP's receive side, for the files of net/tcp and for tests.
 *
 *   tcp_ipv4.c -> tcp_input.c -> tcp_options.c, tcp_data.c, tcp_rcvbuf.c
 *   tcp_recvmsg.c -> tcp_rcvbuf.c
 *
 * Locks: as in tcp.h; callers own the socket, or hold its bh lock while no thread owns it.
 */
#ifndef NET_TCP_TCP_IN_H
#define NET_TCP_TCP_IN_H

#include "net/core/limits.h"
#include "net/tcp/tcp.h"

/* The bit of a state in a set, for example TCPF_OF(ESTABLISHED) | TCPF_OF(CLOSE_WAIT). */
#define TCPF_OF(state) (1u << TCP_##state)
static inline bool tcp_state_in(const struct sock *sk, unsigned int states)
{
	return (1u << sk->sk_state) & states;
}

static inline bool tcp_has_fin(const struct sk_buff *skb)
{
	return TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN;
}
/* Returns true if @skb has data bytes, not only a FIN, beyond rcv_nxt. */
static inline bool tcp_brings_data(const struct tcp_sock *tp, const struct sk_buff *skb)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);

	return cb->end_seq != cb->seq && after(cb->end_seq - tcp_has_fin(skb), tp->rcv_nxt);
}
/* RFC 9293 3.10.7.4, first check: returns true if [seq, end_seq) overlaps the window [s_win, e_win). */
static inline bool tcp_in_window(u32 seq, u32 end_seq, u32 s_win, u32 e_win)
{
	if (seq == end_seq)
		return between(seq, s_win, e_win);
	return seq == s_win || (before(seq, e_win) && after(end_seq, s_win));
}
/* Returns the time in seconds for ts_recent_stamp; never 0, because 0 there means "never stored". */
static inline long tcp_seconds(void)
{
	return (long)(get_jiffies_64() / HZ);
}
/*
 * PAWS (RFC 7323 5.3): returns true if the timestamp in @rx_opt is older than TS.Recent, so that the segment
 * must be rejected.  @rst: the segment is a reset, which is rejected only while TS.Recent is less than an MSL
 * old.
 */
static inline bool tcp_paws_reject(const struct tcp_options_received *rx_opt, bool rst)
{
	if (tcp_paws_check(rx_opt, 0))
		return false;
	/* The timestamps of a peer that rebooted may be behind; its reset must be accepted after an MSL. */
	return !(rst && tcp_seconds() >= rx_opt->ts_recent_stamp + TCP_PAWS_MSL);
}
/* Records @seq, the number of the segment that last updated the peer's window (SND.WL1). */
static inline void tcp_init_wl(struct tcp_sock *tp, u32 seq)
{
	tp->snd_wl1 = seq;
}

/*
 * A thread owns @sk: puts @skb on the backlog, which that thread processes when it releases @sk; drops
 * it if the backlog is full.  The caller holds the bh lock.
 */
static inline enum skb_drop_reason tcp_add_backlog(struct sock *sk, struct sk_buff *skb)
{
	if (!sk_add_backlog(sk, skb, sk->sk_rcvbuf + sk->sk_sndbuf + SOCK_BACKLOG_EXTRA))
		return SKB_CONSUMED;
	snmp_inc(SNMP_TcpExtTCPBacklogDrop);
	return SKB_DROP_REASON_SOCKET_BACKLOG;
}
/* @skb is not acceptable in @sk's state: answers with a RST and returns @reason. */
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
int tcp_v4_send_synack(const struct sock *sk, struct dst_entry *dst, struct request_sock *req,
		       const struct tcp_fastopen_cookie *foc);
struct sock *tcp_v4_syn_recv_sock(const struct sock *sk, struct sk_buff *skb,
				  struct request_sock *req, bool *own_req);
void tcp_v4_send_reset(const struct sock *sk, struct sk_buff *skb);
void tcp_reqsk_destructor(struct request_sock *req);
void tcp_saved_syn_free(struct tcp_sock *tp);
extern struct request_sock_ops tcp_request_sock_ops;
/*
 * Returns an initial sequence number (RFC 6528): a keyed hash of the four-tuple plus the clock.  Stores
 * in *@tsoff the offset for the timestamps of this connection.
 */
u32 secure_tcp_seq(__be32 saddr, __be32 daddr, __be16 sport, __be16 dport, u32 *tsoff);

/* ---- tcp_ipv4_syncookies.c ------------------------------------------------------------------------------- */
void cookie_init(void); /* at boot: draws the secret keys */
/*
 * Returns the initial sequence number of our answer to @skb, a SYN. @mss: the peer's MSS; it is
 * rounded down to an MSS that the cookie can store.
 */
u32 cookie_init_sequence(const struct sk_buff *skb, u16 *mss);
/* Returns the timestamp, at most 63 ms before @now, whose low bits hold the options of @ireq. */
u32 cookie_init_timestamp(const struct inet_request_sock *ireq, u32 now);
/*
 * @skb reached the listener @sk, which has no request for it. Returns the new child, bh-locked and
 * in the accept queue, if @skb acknowledges a valid cookie; @sk if there is no valid cookie; or
 * NULL, and the reason in *@reason, if @skb must be dropped: memory, a route or a place in the
 * accept queue is missing, another ACK of the same cookie was first, or the listener was closed.
 */
struct sock *cookie_v4_check(struct sock *sk, struct sk_buff *skb, enum skb_drop_reason *reason);

/* The listener @sk sends a cookie: from now on it accepts ACKs of cookies, for TCP_SYNCOOKIE_MINUTES. */
void tcp_synq_overflow(struct sock *sk);

/* ---- tcp_options.c (receive side) ------------------------------------------------------------------------ */
/*
 * Fills @opt from @skb's header.  Returns false at a malformed option; that option and the following ones are
 * ignored.
 */
bool tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt, bool estab);
void tcp_clear_options(struct tcp_options_received *opt);

/* ---- tcp_input.c, tcp_data.c, tcp_recvmsg.c (receive side) ---------------------------------------------- */
enum skb_drop_reason tcp_rcv_established(struct sock *sk, struct sk_buff *skb);
enum skb_drop_reason tcp_rcv_state_process(struct sock *sk, struct sk_buff *skb);
void tcp_finish_connect(struct sock *sk);
/* Queues the data and the FIN of @skb, which has at least one of them. */
enum skb_drop_reason tcp_data_queue(struct sock *sk, struct sk_buff *skb);
void tcp_fin(struct sock *sk);
/*
 * Sets the first estimate of the size of the peer's segments, which is used until data arrives. It
 * is the least of 536, the MSS of each side, and half of the window; but at least 88, or our MSS if
 * that is below 88.
 */
static inline void tcp_initialize_rcv_mss(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 hint = min_t(u32, tp->advmss, tp->mss_cache);

	hint = min(hint, tp->rcv_wnd / 2);
	hint = min(hint, TCP_MSS_DEFAULT);
	inet_csk(sk)->icsk_ack.rcv_mss = max(hint, min_t(u32, tp->advmss, TCP_MIN_MSS));
}
void tcp_init_buffer_space(struct sock *sk);
/* Lets the next ACKs, at most @max_quickacks, be sent without delay. */
void tcp_enter_quickack_mode(struct sock *sk, u32 max_quickacks);
void tcp_measure_rcv_mss(struct sock *sk, const struct sk_buff *skb);
int tcp_recvmsg(struct sock *sk, struct kmsghdr *msg, size_t len, int nonblock, int flags,
		int *addr_len);
/* The application read data: sends a window update if it helps the peer. */
void tcp_cleanup_rbuf(struct sock *sk, int copied);
void tcp_rcv_space_adjust(struct sock *sk);
/*
 * @skb is outside the window. Returns true, and counts in @mib, if @skb must not be answered
 * because the last answer to such a segment (*@last_oow_ack_time) is too recent. This function
 * always permits an answer to a segment with data; __tcp_oow_rate_limited() limits the answers to
 * such segments too.
 */
bool tcp_oow_rate_limited(const struct sk_buff *skb, enum snmp_counter mib, u32 *last_oow_ack_time);
bool __tcp_oow_rate_limited(enum snmp_counter mib, u32 *last_oow_ack_time);
void tcp_fast_path_on(struct tcp_sock *tp);
void tcp_fast_path_check(struct sock *sk);

/* ---- tcp_timewait.c, tcp_minisocks.c (receive side) ------------------------------------------------------ */
enum tcp_tw_status { TCP_TW_SUCCESS, TCP_TW_RST, TCP_TW_ACK, TCP_TW_SYN };
enum tcp_tw_status tcp_timewait_state_process(struct inet_timewait_sock *tw, struct sk_buff *skb,
					      const struct tcphdr *th);
void tcp_time_wait(struct sock *sk, int state, int timeo);
/*
 * @skb arrived for the half-open connection @req of the listener @sk.  If @skb completes the handshake, returns
 * SKB_NOT_DROPPED_YET and the new socket in *@child, bh-locked; @skb is then its first segment.  With Fast Open the
 * child exists already: then @sk is the child, and @child is NULL.
 */
enum skb_drop_reason tcp_check_req(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
				   struct sock **child);
struct sock *tcp_create_openreq_child(const struct sock *sk, struct request_sock *req,
				      struct dst_entry *dst, struct sk_buff *skb);
/* Passes @skb to @child, which tcp_check_req() returned; unlocks @child and drops the reference. */
enum skb_drop_reason tcp_child_process(struct sock *parent, struct sock *child,
				       struct sk_buff *skb);
void tcp_openreq_init_rwin(struct request_sock *req, const struct sock *sk,
			   const struct dst_entry *dst);

/* ---- tcp_minisocks.c ---- */
void tcp_isn_init(void); /* at boot: draws the secret key of secure_tcp_seq() */

/* ---- tcp_sysctl.c ---- */
void tcp_sysctl_init(void); /* at boot: registers the table of sysctls */

/* ---- tcp_shrink.c ---- */
void tcp_shrink_init(void);
/* Memory is short: schedules a walk in which each connection frees unneeded memory.  Any context. */
void tcp_shrink_soon(void);
/* A writer found no memory: schedules the check that wakes writers once there is memory. */
void tcp_space_soon(void);

/* ---- tcp_options.c ---- */
/*
 * Parses the options of a segment for an existing connection into tp->rx_opt; returns true if the
 * segment has a timestamp.
 */
bool tcp_fast_parse_options(const struct sk_buff *skb, struct tcp_sock *tp);
/*
 * The fast path for options that begin with an aligned timestamp (RFC 7323, appendix A), as in nearly
 * every segment: stores it in tp->rx_opt and returns true.
 */
bool tcp_parse_aligned_timestamp(struct tcp_sock *tp, const struct tcphdr *th);

/* ---- tcp_input.c ---- */
/*
 * The checks of RFC 9293 3.10.7.4 before the ACK: timestamp, sequence number, RST, SYN.  Returns
 * SKB_NOT_DROPPED_YET, or the reason why @skb must be dropped; the answer, if one is due, has then been sent.
 */
enum skb_drop_reason tcp_validate_incoming(struct sock *sk, struct sk_buff *skb,
					   const struct tcphdr *th);

/* ---- tcp_data.c ---- */
/*
 * Removes the first @hdrlen bytes of @skb (its header) and appends the data to the receive queue.
 * Returns true if the data was merged into the queue's last skb; then the caller frees what is left
 * with kfree_skb_partial(@skb, *@fragstolen).
 */
bool tcp_queue_rcv(struct sock *sk, struct sk_buff *skb, int hdrlen, bool *fragstolen);
/* Appends the data of @from to @to, both in @sk's queues, if @from begins where @to ends. */
bool tcp_try_coalesce(struct sock *sk, struct sk_buff *to, struct sk_buff *from, bool *fragstolen);
void tcp_event_data_recv(struct sock *sk, struct sk_buff *skb);
void __tcp_ack_snd_check(struct sock *sk, bool ofo_possible);
static inline void tcp_ack_snd_check(struct sock *sk)
{
	/* No ACK is pending any more if a segment that we sent meanwhile carried it. */
	if (inet_csk_ack_scheduled(sk))
		__tcp_ack_snd_check(sk, true);
}
enum skb_drop_reason tcp_data_queue_ofo(struct sock *sk, struct sk_buff *skb);
/* A hole was filled: moves the segments that are now in order to the receive queue. */
void tcp_ofo_queue(struct sock *sk);
void tcp_ofo_purge(struct sock *sk);
/*
 * Drops out-of-order segments, those with the highest numbers first, until the receive buffer is
 * within its limit and there is no memory pressure. Returns false if none was dropped. @incoming,
 * which may be NULL, is the segment that needs the room: segments with lower numbers stay, because
 * SACK blocks have reported them, unless all sockets together are short of memory.
 */
bool tcp_prune_ofo_queue(struct sock *sk, const struct sk_buff *incoming);

/* ---- tcp_urg.c (receive side) ---- */
/* Processes the urgent pointer of @skb, an acceptable segment, and stores the urgent byte if @skb has it. */
void __tcp_urg(struct sock *sk, const struct sk_buff *skb);
static inline void tcp_urg(struct sock *sk, const struct sk_buff *skb)
{
	if (unlikely(tcp_hdr(skb)->urg || tcp_sk(sk)->urg_data == TCP_URG_NOTYET))
		__tcp_urg(sk, skb);
}
int tcp_recv_urg(struct sock *sk, struct kmsghdr *msg, size_t len, int flags);
u32 tcp_urg_limit(const struct sock *sk, u32 seq, u32 used);
void tcp_urg_passed(struct sock *sk);
int tcp_inq(const struct sock *sk);
/*
 * Returns true if the next byte to read is the urgent byte. If the caller does not own the socket, the
 * result may be outdated.
 */
static inline bool tcp_at_mark(const struct tcp_sock *tp)
{
	return READ_ONCE(tp->urg_data) && READ_ONCE(tp->urg_seq) == READ_ONCE(tp->copied_seq);
}

/* ---- tcp_sack_gen.c ---- */
/*
 * [seq, end_seq) was added to the out-of-order queue: merges it with the SACK blocks that it touches, and puts
 * the merged block first.
 */
void tcp_sack_new_ofo_skb(struct tcp_sock *tp, u32 seq, u32 end_seq);
/* rcv_nxt has advanced: removes the SACK blocks below rcv_nxt. */
void tcp_sack_remove(struct tcp_sock *tp);
/* The end of the out-of-order queue was dropped: cuts the SACK blocks off at the end of ooo_last_skb. */
void tcp_sack_prune(struct tcp_sock *tp);
/* [seq, end_seq) was received twice: reports it with the next segment that we send. */
void tcp_dsack_set(struct tcp_sock *tp, u32 seq, u32 end_seq);
/*
 * Like tcp_dsack_set() if no duplicate block waits to be reported. A block that waits is extended
 * by [seq, end_seq) if this range touches it; otherwise the range is ignored.
 */
void tcp_dsack_extend(struct tcp_sock *tp, u32 seq, u32 end_seq);
static inline void tcp_sack_reset(struct tcp_options_received *rx_opt)
{
	rx_opt->dsack = 0;
	rx_opt->num_sacks = 0;
}

/* ---- tcp_rcvbuf.c ---- */
void tcp_rmem_shrink(struct sock *sk);
void tcp_set_rcvlowat(struct sock *sk, int val);
/* Returns true if @sk is readable for a reader that waits for @target bytes.  Needs no lock. */
bool tcp_epollin_ready(const struct sock *sk, int target);
/*
 * Returns 0 if @sk may hold the received @skb, else -1.  If there is no room, first collapses the receive queue; if
 * that is not enough, drops out-of-order segments behind @skb.
 */
int tcp_try_rmem_schedule(struct sock *sk, const struct sk_buff *skb);
/* Returns true if @sk may charge @size more bytes within the limit for all sockets together. */
bool tcp_rmem_schedule(struct sock *sk, unsigned int size);
void tcp_grow_window(struct sock *sk, const struct sk_buff *skb);
void tcp_rcvbuf_grow(struct sock *sk, u32 space);
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
/* Looks @sk's route up again if it has none or an obsolete one; returns 0 or -errno. */
int inet_sk_rebuild_header(struct sock *sk);

#endif
