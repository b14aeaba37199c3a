/* SPDX-License-Identifier: MIT */
/*
 * Segments that are made, not written: SYN, SYN-ACK, FIN, reset, challenge ACK.
 *
 *   connect()        tcp_v4_connect -> tcp_connect
 *   a SYN came       tcp_v4_send_synack -> tcp_make_synack; its timer -> tcp_rtx_synack
 *   SYNs crossed     tcp_rcv_synsent_state_process -> tcp_send_synack
 *   close()          tcp_close, tcp_shutdown -> tcp_send_fin | tcp_send_active_reset
 *   a strange ACK    tcp_ack, tcp_validate_incoming -> tcp_send_challenge_ack
 *
 * SYN and FIN take a sequence number, so they stand in the queues like data and are sent again by
 * the same timer; resets and ACKs are sent once.
 * The socket's owner, or the bh lock without one; tcp_make_synack: softirq, the listener is read only.
 * RFC 9293 3.5, 3.6, 3.10; 5961; Linux's tcp_output.c and tcp_input.c.
 */
#include "kernel/lib/random.h"
#include "net/tcp/tcp_send.h"

/* ---- SYN ------------------------------------------------------------------------------------------------ */

/* The window and its scale that our SYN offers. */
static void tcp_connect_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 space = tcp_full_space(sk), mss = tp->advmss;
	u8 rcv_wscale;

	/* Whether the peer takes timestamps is only known where an earlier connection says so (Linux). */
	if (tp->rx_opt.ts_recent_stamp)
		mss -= tp->tcp_header_len - sizeof(struct tcphdr);
	if ((sk->sk_userlocks & SOCK_RCVBUF_LOCK) &&
	    (!tp->window_clamp || tp->window_clamp > space))
		tp->window_clamp = space;
	tcp_select_initial_window(space, mss, &tp->rcv_wnd, &tp->window_clamp,
				  sysctl_tcp_window_scaling, &rcv_wscale);
	tp->rx_opt.rcv_wscale = rcv_wscale;
	tp->rcv_ssthresh = tp->rcv_wnd;
}

/* Everything that a connection starts with; write_seq is the initial sequence number. */
static void tcp_connect_init(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	const struct dst_entry *dst = sk->sk_dst_cache;

	/* The timestamps that we offer will be taken; if not, the SYN-ACK corrects it. */
	tp->tcp_header_len =
		sizeof(struct tcphdr) + (sysctl_tcp_timestamps ? TCPOLEN_TSTAMP_ALIGNED : 0);
	if (tp->rx_opt.user_mss)
		tp->rx_opt.mss_clamp = tp->rx_opt.user_mss;
	tp->max_window = 0;
	tcp_sync_mss(sk, dst ? dst_mtu(dst) : TCP_MSS_DEFAULT + 40);
	tp->advmss = tcp_advertise_mss(sk, dst);
	tcp_initialize_rcv_mss(sk);
	tcp_connect_window(sk);

	sk->sk_err = 0;
	sock_reset_flag(sk, SOCK_DONE);
	tp->snd_wnd = 0;
	tp->snd_wl1 = 0;
	tp->snd_una = tp->snd_sml = tp->snd_up = tp->snd_nxt = tp->write_seq;
	tp->rcv_nxt = tp->rcv_wup = tp->copied_seq = 0;
	icsk->icsk_rto = TCP_TIMEOUT_INIT;
	icsk->icsk_retransmits = 0;
	tcp_clear_retrans(tp);
}

/* The active open's SYN.  0, or -errno when it could not even be tried. */
noinline int tcp_connect(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	sock_owned_by_me(sk);
	if (inet_csk(sk)->icsk_af_ops->rebuild_header(sk))
		return -EHOSTUNREACH;
	tcp_connect_init(sk);

	skb = sk_stream_alloc_skb(sk, 0, GFP_KERNEL);
	if (unlikely(!skb))
		return -ENOBUFS;
	tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_SYN);
	skb_header_release(skb);
	sk_wmem_queued_add(sk, skb->truesize);
	tp->write_seq = TCP_SKB_CB(skb)->end_seq;
	tp->packets_out += tcp_skb_pcount(skb);
	tcp_rbtree_insert(&sk->tcp_rtx_queue, skb);

	tcp_mstamp_refresh(tp);
	tp->retrans_stamp = tcp_time_stamp(tp);
	/* One that found no room below goes again with the timer. */
	tcp_transmit_skb(sk, skb, 1, GFP_KERNEL);
	tp->snd_nxt = tp->write_seq;
	tp->pushed_seq = tp->write_seq;
	snmp_inc(SNMP_TcpActiveOpens);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, inet_csk(sk)->icsk_rto, TCP_RTO_MAX);
	return 0;
}

/* ---- SYN-ACK ---------------------------------------------------------------------------------------------- */

/* The answer to @req's SYN; the caller fills in the checksum and sends it.  NULL: no memory. */
noinline struct sk_buff *tcp_make_synack(const struct sock *sk, struct dst_entry *dst,
					 struct request_sock *req)
{
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);
	struct tcp_out_options opts;
	unsigned int header_size;
	u64 now = ktime_get_ns();
	struct sk_buff *skb;
	struct tcphdr *th;

	skb = tcp_alloc_control(treq->snt_isn, TCPHDR_SYN | TCPHDR_ACK);
	if (unlikely(!skb))
		return NULL;
	/* One reading for both: an echo of the first TSval is recognized by it (tcp_try_undo_spurious_syn()). */
	if (!treq->snt_synack)
		treq->snt_synack = now;
	header_size = sizeof(*th) + tcp_synack_options(req, tcp_advertise_mss(sk, dst),
						       tcp_ns_to_stamp(now), &opts);
	th = skb_push(skb, header_size);
	skb_reset_transport_header(skb);
	th->source = htons(ireq->ir_num);
	th->dest = ireq->ir_rmt_port;
	th->seq = htonl(treq->snt_isn);
	th->ack_seq = htonl(treq->rcv_nxt);
	put_unaligned_be16(header_size / 4 << 12 | TCPHDR_SYN | TCPHDR_ACK, (u8 *)th + 12);
	th->window = htons(min(req->rsk_rcv_wnd, 65535u));
	th->check = 0;
	th->urg_ptr = 0;
	tcp_options_write(th + 1, &opts);

	memset(skb->cb, 0, sizeof(skb->cb));
	snmp_inc(SNMP_TcpOutSegs);
	return skb;
}

/* The request's timer: no ACK came.  0 or -errno. */
int tcp_rtx_synack(const struct sock *sk, struct request_sock *req)
{
	int err = inet_csk(sk)->icsk_af_ops->send_synack(sk, NULL, req);

	if (!err) {
		snmp_inc(SNMP_TcpRetransSegs);
		snmp_inc(SNMP_TcpExtTCPSynRetrans);
	}
	return err;
}

/* Simultaneous open: our SYN stands in the queue; it goes again, now with the ACK of the peer's. */
int tcp_send_synack(struct sock *sk)
{
	struct sk_buff *skb = tcp_rtx_queue_head(sk);

	sock_owned_by_me(sk);
	if (WARN_ON(!skb || !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_SYN)))
		return -EFAULT;
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_ACK;
	tcp_mstamp_refresh(tcp_sk(sk));
	return tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
}

/* ---- FIN ------------------------------------------------------------------------------------------------ */

/* Memory is out: the FIN rides on the last segment.  If that is sent already, it goes with its
 * retransmission.  False: nothing is queued either. */
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

/* After the last byte of the write queue; the caller has changed the state. */
noinline void tcp_send_fin(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb;

	sock_owned_by_me(sk);
	/* On the last segment if that has not left: one packet less. */
	if (!tcp_write_queue_empty(sk)) {
		tcp_fin_on_last(sk);
	} else {
		skb = sk_stream_alloc_skb(sk, 0, GFP_ATOMIC);
		if (skb) {
			tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_ACK | TCPHDR_FIN);
			tcp_queue_skb(sk, skb);
		} else if (!tcp_fin_on_last(sk)) {
			/* tcp_probe_timer() tries again. */
			inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, TCP_RESOURCE_PROBE_INTERVAL,
						  TCP_RTO_MAX);
			return;
		}
	}
	__tcp_push_pending_frames(sk, tcp_current_mss(sk), TCP_NAGLE_OFF);
}

/* ---- reset ------------------------------------------------------------------------------------------------ */

/* We end it: unread data at close(), SO_LINGER 0, an orphan too many, disconnect(). */
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
 * How many of them leave in a second, over all connections: a random number around the limit, so that
 * no peer can find out by counting whether its guess was answered (CVE-2016-5696).
 */
static bool tcp_challenge_ack_budget(void)
{
	static atomic_t budget;
	static u32 second;
	u32 now = tcp_jiffies32 / HZ;
	int limit = READ_ONCE(sysctl_tcp_challenge_ack_limit);

	if (READ_ONCE(second) != now) {
		WRITE_ONCE(second, now);
		atomic_set(&budget, (limit + 1) / 2 + (int)prandom_u32_max(limit));
	}
	if (atomic_read(&budget) <= 0)
		return false;
	atomic_dec(&budget);
	return true;
}

/* Segments with data count like all others: an attacker could add a byte to each guessed segment. */
bool tcp_challenge_ack_allowed(enum snmp_counter mib, u32 *last_oow_ack_time)
{
	if (__tcp_oow_rate_limited(mib, last_oow_ack_time) || !tcp_challenge_ack_budget())
		return false;
	snmp_inc(SNMP_TcpExtTCPChallengeACK);
	return true;
}

/* Says where we are; the true peer will know what to do. */
void tcp_send_challenge_ack(struct sock *sk)
{
	if (tcp_challenge_ack_allowed(SNMP_TcpExtTCPACKSkippedChallenge,
				      &tcp_sk(sk)->last_oow_ack_time))
		tcp_send_ack(sk);
}
