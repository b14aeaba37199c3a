/* SPDX-License-Identifier: MIT */
/*
 * Builds control segments: SYN-ACK, FIN, reset, challenge ACK, and replies without a socket.
 *
 *   a SYN              tcp_v4_send_synack -> tcp_make_synack; the request's timer -> tcp_rtx_synack
 *   simultaneous open  tcp_rcv_synsent_state_process -> tcp_send_synack
 *   close()            tcp_close, tcp_shutdown -> tcp_send_fin | tcp_send_active_reset
 *   unacceptable ACK, RST, SYN   tcp_ack, tcp_validate_incoming -> tcp_send_challenge_ack
 *   replies without a socket     tcp_v4_send_reset -> tcp_make_reset
 *      of a half-open request    tcp_v4_reqsk_send_ack -> tcp_make_reqsk_ack
 *      of a TIME_WAIT object     tcp_v4_timewait_ack -> tcp_make_timewait_ack
 *
 * A FIN has a sequence number, so it is in the queues like data, and the same timer retransmits it;
 * resets and ACKs are sent once.
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.
 * tcp_make_synack and the functions for replies run in softirq and write to no socket.
 * RFC 9293 3.5, 3.6 and 3.10, RFC 5961. Compare Linux's tcp_output.c, tcp_input.c and tcp_ipv4.c.
 */
#define LOG_SOURCE tcp_log
#include "kernel/lib/random.h"
#include "kernel/printk.h"
#include "kernel/time/softirq.h"
#include "net/core/checksum.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- options -------------------------------------------------------------------------------------- */

static unsigned int tcp_option_timestamp(struct tcp_out_options *opts, u32 tsval, u32 tsecr)
{
	opts->options |= OPTION_TS;
	opts->tsval = tsval;
	opts->tsecr = tsecr;
	return TCPOLEN_TSTAMP_ALIGNED;
}

static unsigned int tcp_option_mss(struct tcp_out_options *opts, u16 mss)
{
	opts->options |= OPTION_MSS;
	opts->mss = mss;
	return TCPOLEN_MSS;
}

static unsigned int tcp_option_wscale(struct tcp_out_options *opts, u8 ws)
{
	opts->options |= OPTION_WSCALE;
	opts->ws = ws;
	return ALIGN_UP(TCPOLEN_WINDOW, 4);
}

/* Call this after tcp_option_timestamp(): SACK-permitted replaces the two NOPs in front of a timestamp. */
static unsigned int tcp_option_sack_perm(struct tcp_out_options *opts)
{
	opts->options |= OPTION_SACK_PERM;
	return opts->options & OPTION_TS ? 0 : ALIGN_UP(TCPOLEN_SACK_PERM, 4);
}

/* @size: bytes of the other options.  If the room behind them is too small, leaves the option out and returns 0. */
static unsigned int tcp_option_fastopen(struct tcp_out_options *opts,
					const struct tcp_fastopen_cookie *foc, unsigned int size)
{
	unsigned int need;

	if (foc->len < 0)
		return 0;
	need = tcp_fastopen_option_size(foc);
	if (size + need > MAX_TCP_OPTION_SPACE)
		return 0;
	opts->options |= OPTION_FAST_OPEN;
	opts->fastopen = foc;
	return need;
}

/*
 * The options of our SYN: all that we support.  With @synack the segment is the SYN-ACK of a simultaneous open,
 * which contains the MSS, and of the other options only those that the peer's SYN had (RFC 7323 2.2 and 3.2).
 */
unsigned int tcp_syn_options(struct sock *sk, bool synack, struct tcp_out_options *opts)
{
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_fastopen_request *fo = tcp_fastopen_req(tp);
	unsigned int size;

	*opts = (struct tcp_out_options){0};
	size = tcp_option_mss(opts, tp->advmss);
	if (synack ? tp->rx_opt.tstamp_ok : sysctl_tcp_timestamps)
		size += tcp_option_timestamp(opts, tcp_time_stamp(tp) + tp->tsoffset,
					     tp->rx_opt.ts_recent);
	if (synack ? tp->rx_opt.wscale_ok : sysctl_tcp_window_scaling)
		size += tcp_option_wscale(opts, tp->rx_opt.rcv_wscale);
	if (synack ? tp->rx_opt.sack_ok : sysctl_tcp_sack)
		size += tcp_option_sack_perm(opts);
	if (fo && !synack) {
		unsigned int cookie = tcp_option_fastopen(opts, &fo->cookie, size);

		if (cookie) {
			tp->syn_fastopen = 1;
			tp->syn_fastopen_exp = fo->cookie.exp;
		}
		size += cookie;
	}
	return size;
}

/*
 * The options of a SYN-ACK: the MSS, and of the others only those that the SYN had.  @tsval: the timestamp
 * clock, before @req's offset is added.
 */
unsigned int tcp_synack_options(const struct request_sock *req, u16 mss, u32 tsval,
				const struct tcp_fastopen_cookie *foc, struct tcp_out_options *opts)
{
	const struct inet_request_sock *ireq = inet_rsk(req);
	unsigned int size;

	*opts = (struct tcp_out_options){0};
	size = tcp_option_mss(opts, mss);
	if (ireq->tstamp_ok)
		size += tcp_option_timestamp(opts, tsval + tcp_rsk(req)->ts_off, req->ts_recent);
	if (ireq->wscale_ok)
		size += tcp_option_wscale(opts, ireq->rcv_wscale);
	if (ireq->sack_ok)
		size += tcp_option_sack_perm(opts);
	if (unlikely(foc))
		size += tcp_option_fastopen(opts, foc, size);
	return size;
}

unsigned int tcp_established_options(const struct sock *sk, struct tcp_out_options *opts)
{
	const struct tcp_sock *tp = tcp_sk(sk);

	unsigned int size = 0, sack = tcp_sack_option_size(tp);

	*opts = (struct tcp_out_options){0};
	if (tp->rx_opt.tstamp_ok)
		size += tcp_option_timestamp(opts, tcp_time_stamp(tp) + tp->tsoffset,
					     tp->rx_opt.ts_recent);
	if (unlikely(sack))
		opts->options |= OPTION_SACK;
	return size + sack;
}

/*
 * Writes the options to @to, which is aligned to four bytes.  Their order is Linux's, so that tests that compare the
 * bytes with Linux's (packetdrill scripts) pass.
 */
void tcp_options_write(void *to, struct tcp_sock *tp, const struct tcp_out_options *opts)
{
	u32 *ptr = to;

	if (opts->options & OPTION_MSS)
		*ptr++ = htonl(TCPOPT_MSS << 24 | TCPOLEN_MSS << 16 | opts->mss);
	if (opts->options & OPTION_TS) {
		u32 before = opts->options & OPTION_SACK_PERM
				     ? TCPOPT_SACK_PERM << 8 | TCPOLEN_SACK_PERM
				     : TCPOPT_NOP << 8 | TCPOPT_NOP;

		*ptr++ = htonl(before << 16 | TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP);
		*ptr++ = htonl(opts->tsval);
		*ptr++ = htonl(opts->tsecr);
	} else if (opts->options & OPTION_SACK_PERM) {
		*ptr++ = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_SACK_PERM << 8 |
			       TCPOLEN_SACK_PERM);
	}
	if (opts->options & OPTION_WSCALE)
		*ptr++ = htonl(TCPOPT_NOP << 24 | TCPOPT_WINDOW << 16 | TCPOLEN_WINDOW << 8 |
			       opts->ws);
	if (unlikely(opts->options & OPTION_SACK))
		tcp_sack_write(ptr, tp);
	if (unlikely(opts->options & OPTION_FAST_OPEN))
		tcp_fastopen_option_write(ptr, opts->fastopen);
}

/* ---- control segments -------------------------------------------------------------------------- */

/* Fills in the control block of a segment without data; a SYN and a FIN count as one sequence number. */
void tcp_init_nondata_skb(struct sk_buff *skb, u32 seq, u8 flags)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);

	skb->ip_summed = CHECKSUM_PARTIAL;
	memset(tcb, 0, sizeof(*tcb));
	tcb->tcp_flags = flags;
	tcp_skb_pcount_set(skb, 1);
	tcb->seq = seq;
	tcb->end_seq = seq + !!(flags & (TCPHDR_SYN | TCPHDR_FIN));
}

struct sk_buff *tcp_alloc_control(u32 seq, u8 flags)
{
	struct sk_buff *skb = alloc_skb(MAX_TCP_HEADER, GFP_ATOMIC);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, MAX_TCP_HEADER);
	tcp_init_nondata_skb(skb, seq, flags);
	return skb;
}

/* ---- SYN-ACK ---------------------------------------------------------------------------------------------- */

/*
 * Builds the SYN-ACK for @req; the caller fills in the checksum and sends it.  Returns NULL if
 * there is no memory.
 */
noinline struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst,
					 struct request_sock *req,
					 const struct tcp_fastopen_cookie *foc)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_out_options opts;
	unsigned int header_size;
	u64 now = ktime_get_ns();
	struct sk_buff *skb;
	struct tcphdr *th;
	u32 stamp;

	skb = tcp_alloc_control(treq->snt_isn, TCPHDR_SYN | TCPHDR_ACK);
	if (unlikely(!skb))
		return NULL;
	/*
	 * Use the same clock reading for snt_synack and for the TSval: tcp_try_undo_spurious_syn() compares
	 * the two to recognize an echo of the first SYN-ACK's TSval.
	 */
	if (!treq->snt_synack)
		treq->snt_synack = now;
	stamp = tcp_ns_to_stamp(now);
	if (ireq->syncookie)
		stamp = cookie_init_timestamp(ireq, stamp);
	header_size = sizeof(*th) +
		      tcp_synack_options(req, tcp_advertise_mss(sk, dst), stamp, foc, &opts);
	th = skb_push(skb, header_size);
	skb_reset_transport_header(skb);
	th->source = htons(ireq->ir_num);
	th->dest = ireq->ir_rmt_port;
	th->seq = htonl(treq->snt_isn);
	th->ack_seq = htonl(treq->rcv_nxt);
	put_unaligned_be16(header_size / 4 << 12 | TCPHDR_SYN | TCPHDR_ACK |
				   tcp_ecn_synack_flags(ireq->ecn_ok),
			   (u8 *)th + 12);
	th->window = htons(min(req->rsk_rcv_wnd, 65535u));
	th->check = 0;
	th->urg_ptr = 0;
	tcp_options_write(th + 1, NULL, &opts);

	memset(skb->cb, 0, sizeof(skb->cb));
	snmp_inc(SNMP_TcpOutSegs);
	return skb;
}

/* The request's timer expired without an ACK: sends the SYN-ACK again.  Returns 0 or -errno. */
int tcp_rtx_synack(const struct sock *sk, struct request_sock *req)
{
	int err = inet_csk(sk)->icsk_af_ops->send_synack(sk, NULL, req, NULL);

	if (!err) {
		/* @sk is a listener, which is not locked and not written to, or a child of Fast Open. */
		if (unlikely(tcp_sk(sk)->fastopen_passive))
			((struct tcp_sock *)tcp_sk(sk))->total_retrans++;
		snmp_inc(SNMP_TcpRetransSegs);
		snmp_inc(SNMP_TcpExtTCPSynRetrans);
	}
	return err;
}

/* Simultaneous open: sends the queued SYN again, now with the ACK of the peer's SYN. */
int tcp_send_synack(struct sock *sk)
{
	struct sk_buff *skb = tcp_rtx_queue_head(sk);
	u64 sent_before;
	int err;

	sock_owned_by_me(sk);
	if (WARN_ON(!skb || !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)))
		return -EFAULT;
	sent_before = skb->skb_mstamp;
	TCP_SKB_CB(skb)->tcp_flags =
		TCPHDR_SYN | TCPHDR_ACK | tcp_ecn_synack_flags(tcp_sk(sk)->ecn_flags & TCP_ECN_OK);
	tcp_mstamp_refresh(tcp_sk(sk));
	err = tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
	if (err)
		skb->skb_mstamp = sent_before;
	else if ((TCP_SKB_CB(skb)->sacked & TCPCB_TAGBITS) != TCPCB_LOST)
		tcp_rtx_sent_again(sk,
				   skb); /* Fast Open: the data of the first SYN was sent earlier */
	return err;
}

/* ---- FIN ------------------------------------------------------------------------------------------------ */

/*
 * Sets FIN on the last queued segment.  If that segment was sent already, its retransmission carries the
 * FIN.  Returns false if both queues are empty.
 */
static bool tcp_fin_on_last(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_write_queue_tail(sk);

	if (!skb) {
		skb = tcp_rtx_queue_tail(sk);
		if (!skb)
			return false;
		tp->snd_nxt++;
	}
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_FIN;
	TCP_SKB_CB(skb)->end_seq++;
	tp->write_seq++;
	return true;
}

/* Queues a FIN after the last queued byte and sends what may be sent; the caller has changed the state. */
noinline void tcp_send_fin(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	sock_owned_by_me(sk);
	/* If the last segment was not sent yet, set FIN on it, which saves a packet. */
	if (!tcp_write_queue_empty(sk)) {
		tcp_fin_on_last(sk);
	} else {
		skb = sk_stream_alloc_skb(sk, 0, GFP_ATOMIC);
		if (skb) {
			tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_ACK | TCPHDR_FIN);
			tcp_queue_skb(sk, skb);
		} else if (!tcp_fin_on_last(sk)) {
			/* There is no memory for a FIN: tcp_probe_timer() tries again. */
			inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, TCP_RESOURCE_PROBE_INTERVAL,
						  TCP_RTO_MAX);
			return;
		}
	}
	__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
}

/* ---- reset ------------------------------------------------------------------------------------------------ */

/* Sends a reset because we abort the connection, for example at close() if data is unread. */
void tcp_send_active_reset(struct sock *sk, gfp_t gfp)
{
	struct sk_buff *skb;

	(void)gfp;
	sock_owned_by_me(sk);
	snmp_inc(SNMP_TcpOutRsts);
	skb = tcp_alloc_control(tcp_acceptable_seq(sk), TCPHDR_ACK | TCPHDR_RST);
	if (unlikely(!skb)) {
		snmp_inc(SNMP_TcpExtTCPAbortFailed);
		return;
	}
	tcp_mstamp_refresh(tcp_sk(sk));
	if (tcp_transmit_skb(sk, skb, 0, GFP_ATOMIC))
		snmp_inc(SNMP_TcpExtTCPAbortFailed);
}

/* ---- challenge ACK (RFC 5961) --------------------------------------------------------------------------- */

/*
 * Returns true if the limit for all connections together permits another challenge ACK in this second. The
 * number permitted in each second is drawn at random around the sysctl's value, so that a peer that counts its
 * challenge ACKs cannot infer whether another connection got one (CVE-2016-5696).
 */
static bool tcp_challenge_ack_budget(void)
{
	static atomic_t budget;
	static u32 second;
	u32 now = tcp_jiffies32 / HZ;
	int limit = READ_ONCE(sysctl_tcp_challenge_ack_limit);

	if (limit == TCP_CHALLENGE_ACK_NO_LIMIT)
		return true;
	if (READ_ONCE(second) != now) {
		WRITE_ONCE(second, now);
		atomic_set(&budget, min_t(u64, TCP_CHALLENGE_ACK_NO_LIMIT,
					  ((u64)limit + 1) / 2 + prandom_u32_max(limit)));
	}
	if (atomic_read(&budget) <= 0)
		return false;
	atomic_dec(&budget);
	return true;
}

/*
 * Limits the answers to segments with data too, unlike tcp_oow_rate_limited(): otherwise an
 * attacker would add a byte of data to each forged segment.
 */
bool tcp_challenge_ack_allowed(enum snmp_counter mib, u32 *last_oow_ack_time)
{
	if (__tcp_oow_rate_limited(mib, last_oow_ack_time) || !tcp_challenge_ack_budget())
		return false;
	snmp_inc(SNMP_TcpExtTCPChallengeACK);
	return true;
}

/*
 * Sends an ACK with our numbers, if the rate limits permit it. If the RST or SYN came from the real
 * peer, and the peer's connection is gone, the peer answers with a RST that has exactly the right
 * number (RFC 5961 3.2).
 */
void tcp_send_challenge_ack(struct sock *sk)
{
	if (tcp_challenge_ack_allowed(SNMP_TcpExtTCPACKSkippedChallenge,
				      &tcp_sk(sk)->last_oow_ack_time))
		tcp_send_ack(sk);
}

/* ---- replies without a socket: all of the header except the checksum ------------------------- */

/* Fills in the ports of @skb, swapped, and the header length @len; returns @len. */
static unsigned int tcp_finish_reply(const struct sk_buff *skb, struct tcp_reply *rep,
				     unsigned int len)
{
	rep->th.dest = tcp_hdr(skb)->source;
	rep->th.source = tcp_hdr(skb)->dest;
	rep->th.doff = len / 4;
	return len;
}

/*
 * RFC 9293 3.10.7.1: the peer accepts a reset only with the right numbers.  If @skb has an ACK, the reset's
 * sequence number is the number that @skb acknowledges; otherwise the reset acknowledges all of @skb.
 */
unsigned int tcp_make_reset(const struct sk_buff *skb, struct tcp_reply *rep)
{
	const struct tcphdr *th = tcp_hdr(skb);

	*rep = (struct tcp_reply){0};
	rep->th.rst = 1;
	if (th->ack) {
		rep->th.seq = th->ack_seq;
	} else {
		/* Take the end from the control block: skb->len may be less, if the header was pulled. */
		rep->th.ack = 1;
		rep->th.ack_seq = htonl(TCP_SKB_CB(skb)->end_seq);
	}
	return tcp_finish_reply(skb, rep, sizeof(rep->th));
}

/* Builds the ACK that answers @skb. If @tsecr is 0, the ACK has no timestamp. */
static unsigned int tcp_make_ack(const struct sk_buff *skb, struct tcp_reply *rep, u32 seq, u32 ack,
				 u32 win, u32 tsval, u32 tsecr)
{
	unsigned int len = sizeof(rep->th);

	*rep = (struct tcp_reply){0};
	if (tsecr) {
		rep->opt[0] = htonl(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_TIMESTAMP << 8 |
				    TCPOLEN_TIMESTAMP);
		rep->opt[1] = htonl(tsval);
		rep->opt[2] = htonl(tsecr);
		len += TCPOLEN_TSTAMP_ALIGNED;
	}
	rep->th.seq = htonl(seq);
	rep->th.ack_seq = htonl(ack);
	rep->th.ack = 1;
	rep->th.window = htons(min(win, 65535u));
	return tcp_finish_reply(skb, rep, len);
}

unsigned int tcp_make_timewait_ack(const struct sk_buff *skb, struct tcp_reply *rep,
				   const struct inet_timewait_sock *tw)
{
	const struct tcp_timewait_sock *tcptw = tcp_twsk((const struct sock *)tw);

	return tcp_make_ack(skb, rep, tcptw->tw_snd_nxt, tcptw->tw_rcv_nxt,
			    tcptw->tw_rcv_wnd >> tw->tw_rcv_wscale,
			    tcp_time_stamp_raw() + tcptw->tw_ts_offset, tcptw->tw_ts_recent);
}

/*
 * The window in this ACK is scaled (RFC 7323 2.2); the window in the earlier SYN-ACK was in bytes.  Rounding
 * the scaled window down would take back a part of the offered window (RFC 9293 3.8.6: SHLD-14).  So the window
 * is rounded up, and the rounded value is stored in @req, so that @req's child offers no less.
 */
unsigned int tcp_make_reqsk_ack(const struct sk_buff *skb, struct tcp_reply *rep,
				struct request_sock *req)
{
	u8 wscale = inet_rsk(req)->rcv_wscale;

	req->rsk_rcv_wnd = ALIGN_UP(req->rsk_rcv_wnd, 1u << wscale);
	return tcp_make_ack(skb, rep, tcp_rsk(req)->snt_isn + 1, tcp_rsk(req)->rcv_nxt,
			    req->rsk_rcv_wnd >> wscale, tcp_time_stamp_raw() + tcp_rsk(req)->ts_off,
			    req->ts_recent);
}
