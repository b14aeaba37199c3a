/* SPDX-License-Identifier: MIT */
/*
 * A connection's timers: retransmission, window probes, delayed ACKs, keepalive.
 *
 *   icsk_retransmit_timer -> tcp_write_timer -> tcp_write_timer_handler
 *        icsk_pending selects: -> tcp_retransmit_timer | tcp_probe_timer -> tcp_send_probe0
 *   icsk_delack_timer -> tcp_delack_timer -> tcp_delack_timer_handler -> tcp_send_ack
 *   sk_timer -> tcp_keepalive_timer -> tcp_write_wakeup
 *
 * A probe sends new data if the peer's window has room for a byte.  Otherwise it sends an ACK with a
 * sequence number that was acknowledged already; the peer must answer it with its present numbers.
 *
 * All handlers run in softirq and take the bh lock.  If a thread owns the socket, the handler sets a bit
 * in tsq_flags and takes a reference, and release_sock() -> tcp_release_cb() does the work; the
 * keepalive timer, which is not urgent, runs again a little later instead.  An armed timer holds a
 * reference to the socket, which its handler drops.
 * RFC 9293 3.8.3, 3.8.4 and 3.8.6.1, RFC 5482, RFC 6298 5. Compare Linux's tcp_timer.c and tcp_output.c.
 */
#define LOG_SOURCE tcp_log
#include "kernel/printk.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

/* ---- probes ------------------------------------------------------------------------------------ */

/*
 * Sends an ACK with sequence number snd_una - 1, outside the peer's window, so the peer must answer.
 * With @urgent the number is snd_una, because the peer ignores the urgent pointer of an unacceptable segment.
 */
static int tcp_xmit_probe_skb(struct sock *sk, bool urgent, enum snmp_counter mib)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = tcp_alloc_control(tp->snd_una - !urgent, TCPHDR_ACK);

	if (unlikely(!skb))
		return -ENOBUFS;
	snmp_inc(mib);
	tcp_mstamp_refresh(tp);
	return tcp_transmit_skb(sk, skb, 0, GFP_ATOMIC);
}

/* The peer's window has room for a part of @skb, the next segment: sends that part as the probe. */
static int tcp_xmit_probe_data(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *tcb = TCP_SKB_CB(skb);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_current_mss(sk);
	u32 room = tcp_wnd_end(tp) - tcb->seq, prior_packets = tp->packets_out;
	int err;

	if (before(tp->pushed_seq, tcb->end_seq))
		tp->pushed_seq = tcb->end_seq;
	/* A FIN needs a byte of the window too: possibly only the FIN does not fit and is cut off. */
	if (room < tcb->end_seq - tcb->seq || skb->len > mss) {
		if (tcp_fragment(sk, false, skb, min(room, mss), mss, GFP_ATOMIC))
			return -ENOMEM;
	} else {
		tcp_set_skb_tso_segs(skb, mss);
	}
	tcb->tcp_flags |= TCPHDR_PSH;
	tcp_mstamp_refresh(tp);
	err = tcp_transmit_skb(sk, skb, 1, GFP_ATOMIC);
	if (err)
		return err;
	tcp_event_new_data_sent(sk, skb);
	tcp_set_rto_of_sent(sk, prior_packets);
	return 0;
}

/* Sends a probe.  Returns 0, or -errno if no segment was sent.  @mib counts the probes without data. */
int tcp_write_wakeup(struct sock *sk, enum snmp_counter mib)
{
	struct sk_buff *skb = tcp_send_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	sock_owned_by_me(sk);
	if (sk->sk_state == TCP_CLOSE)
		return -EPIPE;
	if (skb && before(TCP_SKB_CB(skb)->seq, tcp_wnd_end(tp)))
		return tcp_xmit_probe_data(sk, skb);
	/* The peer learns of urgent data although its window is closed (RFC 9293 3.8.5). */
	if (unlikely(between(tp->snd_up, tp->snd_una + 1, tp->snd_una + 0xffff)))
		tcp_xmit_probe_skb(sk, true, mib);
	return tcp_xmit_probe_skb(sk, false, mib);
}

/*
 * Returns the time to the next probe in jiffies.  It is not later than the end of TCP_USER_TIMEOUT,
 * which counts from the first probe, as in Linux since 5.12; so tcp_probe_timer() ends the
 * connection then, and not up to two minutes later.
 */
unsigned long tcp_next_probe0(const struct sock *sk, unsigned long max_when)
{
	const struct sk_buff *head = tcp_send_head(sk);
	unsigned long when = tcp_probe0_when(sk, max_when);
	u32 timeout = inet_csk(sk)->icsk_user_timeout;
	s32 left;

	if (!timeout || !head->skb_mstamp)
		return when;
	left = tcp_ns_to_stamp(head->skb_mstamp) + timeout - tcp_time_stamp(tcp_sk(sk));
	return min_t(unsigned long, when, max(left, 1));
}

/* Sends a window probe and arms the timer for the next; each probe doubles the time to the next one. */
noinline void tcp_send_probe0(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned long when = TCP_RESOURCE_PROBE_INTERVAL;
	int err = tcp_write_wakeup(sk, SNMP_TcpExtTCPWinProbe);

	if (tp->packets_out || !tcp_send_head(sk)) {
		/* The probe carried data, so the retransmit timer is running now. */
		icsk->icsk_probes_out = 0;
		icsk->icsk_backoff = 0;
		return;
	}
	if (err == -ENOBUFS || err == -ENOMEM) {
		/*
		 * The probe was not sent because we have no memory or our device is full, which
		 * says nothing about the peer: try again soon, without doubling the time.
		 */
		if (!icsk->icsk_probes_out)
			icsk->icsk_probes_out = 1;
	} else {
		if (icsk->icsk_backoff < sysctl_tcp_retries2)
			icsk->icsk_backoff++;
		icsk->icsk_probes_out++;
		when = tcp_rto_max(sk);
	}
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_PROBE0, tcp_next_probe0(sk, when), TCP_RTO_MAX);
}

/* ---- giving up ---------------------------------------------------------------------------------------- */

void tcp_write_err(struct sock *sk)
{
	snmp_inc(SNMP_TcpExtTCPAbortOnTimeout);
	tcp_done_with_error(sk, sk->sk_err_soft ? sk->sk_err_soft : ETIMEDOUT);
}

/* Ends the orphan @sk if memory is short or there are too many orphans; returns true if it ended. */
static bool tcp_out_of_resources(struct sock *sk, bool do_reset)
{
	if (!tcp_check_oom(sk))
		return false;
	if (do_reset)
		tcp_send_active_reset(sk, GFP_ATOMIC);
	snmp_inc(SNMP_TcpExtTCPAbortOnMemory);
	tcp_done(sk);
	return true;
}

/*
 * Returns how many retransmissions or probes in a row an orphan makes before it ends: none after an
 * ICMP error if the peer seems to be gone (not @alive).
 */
static unsigned int tcp_orphan_retries(const struct sock *sk, bool alive)
{
	unsigned int retries = sysctl_tcp_orphan_retries;

	if (sk->sk_err_soft && !alive)
		return 0;
	return !retries && alive ? 8 : retries;
}

/*
 * Returns the time (tcp_time_stamp(), ms) from which the timeout of the oldest unacknowledged segment
 * counts: its first retransmission, or its sending if it was not retransmitted.  RFC 1122 4.2.3.5 counts
 * "transmissions of the same segment", so an ACK of new data restarts the count (Linux 6.18 does not
 * restart it until the whole lost window is acknowledged).
 */
static u32 tcp_retrans_start(const struct sock *sk)
{
	bool syn = sk->sk_state == TCP_SYN_SENT || sk->sk_state == TCP_SYN_RECV;
	const struct sk_buff *head = tcp_rtx_queue_head(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 stamp = syn ? tp->retrans_stamp : tp->unanswered_stamp;

	if (stamp || !head)
		return stamp;
	return tcp_ns_to_stamp(head->skb_mstamp);
}

/*
 * Returns the time in ms of @boundary retransmissions and of the wait after the last of them. The
 * first wait is @rto_base ms, and each further wait is twice as long as the wait before it, but at
 * most tcp_rto_max().
 */
static unsigned int tcp_backoff_time(const struct sock *sk, unsigned int boundary,
				     unsigned int rto_base)
{
	unsigned int doublings = 0, most = tcp_rto_max(sk);

	while (rto_base << (doublings + 1) <= most)
		doublings++;
	if (boundary <= doublings)
		return ((2u << boundary) - 1) * rto_base;
	return ((2u << doublings) - 1) * rto_base + (boundary - doublings) * most;
}

/*
 * Returns true if we have been retransmitting for @timeout ms, or, if @timeout is 0, for as long as
 * @boundary retransmissions with doubled waits take.
 */
bool retransmits_timed_out(struct sock *sk, unsigned int boundary, unsigned int timeout)
{
	bool syn = sk->sk_state == TCP_SYN_SENT || sk->sk_state == TCP_SYN_RECV;
	struct tcp_sock *tp = tcp_sk(sk);

	if (!inet_csk(sk)->icsk_retransmits)
		return false;
	if (!timeout)
		timeout = tcp_backoff_time(sk, boundary,
					   syn ? TCP_TIMEOUT_INIT
					       : tcp_usecs_to_jiffies(tcp_rto_min_us(sk)));
	return (s32)(tcp_time_stamp(tp) - tcp_retrans_start(sk) - timeout) >= 0;
}

/* The retransmit timer expired.  Returns true if that was one timeout too many and @sk has ended. */
static bool tcp_write_timeout(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	unsigned int retry_until;
	bool expired;

	if (sk->sk_state == TCP_SYN_SENT || sk->sk_state == TCP_SYN_RECV) {
		if (icsk->icsk_retransmits)
			sk_dst_reset(sk);
		retry_until =
			icsk->icsk_syn_retries ? icsk->icsk_syn_retries : sysctl_tcp_syn_retries;
	} else {
		/* The route may be the cause: drop it, so that the next segment looks it up again. */
		if (retransmits_timed_out(sk, sysctl_tcp_retries1, 0)) {
			tcp_mtu_probing(sk);
			sk_dst_reset(sk);
		}
		retry_until = sysctl_tcp_retries2;
		if (sock_flag(sk, SOCK_DEAD)) {
			bool alive = icsk->icsk_rto < tcp_rto_max(sk);

			retry_until = tcp_orphan_retries(sk, alive);
			if (tcp_out_of_resources(
				    sk, alive || !retransmits_timed_out(sk, retry_until, 0)))
				return true;
		}
	}
	expired = retransmits_timed_out(sk, retry_until, icsk->icsk_user_timeout);
	tcp_fastopen_active_detect_blackhole(sk, expired);
	if (expired)
		tcp_write_err(sk);
	return expired;
}

/* ---- retransmission ------------------------------------------------------------------------------------- */

/* Returns the RTO in jiffies, or the rest of TCP_USER_TIMEOUT if that is shorter. */
static unsigned long tcp_clamp_rto_to_user_timeout(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	s32 left;

	if (!icsk->icsk_user_timeout)
		return icsk->icsk_rto;
	left = tcp_retrans_start(sk) + icsk->icsk_user_timeout - tcp_time_stamp(tcp_sk(sk));
	return min_t(unsigned long, icsk->icsk_rto, max(left, 1));
}

static void tcp_count_timeout(const struct sock *sk)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	bool sack = tcp_is_sack(tcp_sk(sk));

	snmp_inc(SNMP_TcpExtTCPTimeouts);
	if (icsk->icsk_retransmits)
		return;
	if (icsk->icsk_ca_state == TCP_CA_Recovery)
		snmp_inc(sack ? SNMP_TcpExtTCPSackRecoveryFail : SNMP_TcpExtTCPRenoRecoveryFail);
	else if (icsk->icsk_ca_state == TCP_CA_Loss)
		snmp_inc(SNMP_TcpExtTCPLossFailures);
	else if (icsk->icsk_ca_state == TCP_CA_Disorder || tcp_sk(sk)->sacked_out)
		snmp_inc(sack ? SNMP_TcpExtTCPSackFailures : SNMP_TcpExtTCPRenoFailures);
}

/*
 * For a socket with data in flight: returns true if the peer has closed its window, and @sk is neither
 * an orphan nor in the handshake. Then the retransmissions are window probes, and only
 * tcp_shrunk_window_timeout() ends the connection.
 */
static bool tcp_window_was_shrunk(const struct sock *sk)
{
	return !tcp_sk(sk)->snd_wnd && !sock_flag(sk, SOCK_DEAD) && sk->sk_state != TCP_SYN_SENT &&
	       sk->sk_state != TCP_SYN_RECV;
}

/*
 * Returns true if the probing of a shrunk window must end: the peer has been silent for TCP_RTO_MAX, or
 * TCP_USER_TIMEOUT is over, even if the peer answers.  After TCP_USER_TIMEOUT tcp_clamp_rto_to_user_timeout() returns
 * one jiffy.  So a connection that did not end then would send a segment every millisecond.
 */
static bool tcp_shrunk_window_timeout(const struct sock *sk)
{
	u32 user_timeout = inet_csk(sk)->icsk_user_timeout;
	const struct tcp_sock *tp = tcp_sk(sk);

	if (user_timeout && (s32)(tcp_time_stamp(tp) - tcp_retrans_start(sk) - user_timeout) >= 0)
		return true;
	return tcp_jiffies32 - tp->rcv_tstamp > TCP_RTO_MAX;
}

/*
 * A stream with fewer than TCP_THIN_PACKETS segments in flight is thin; after
 * TCP_THIN_LINEAR_RETRIES timeouts its RTO doubles, too. Linux's values.
 */
#define TCP_THIN_PACKETS        4
#define TCP_THIN_LINEAR_RETRIES 6

/*
 * Sets the next RTO after a timeout: twice the last one (RFC 6298 5.5). TCP_THIN_LINEAR_TIMEOUTS: the first timeouts
 * of a stream with few segments in flight do not double the RTO, because such a stream has no fast
 * retransmit.
 */
static void tcp_back_off(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	bool thin = tp->packets_out < TCP_THIN_PACKETS && tp->snd_ssthresh < TCP_INFINITE_SSTHRESH;

	if (tp->thin_lto && thin && sk->sk_state == TCP_ESTABLISHED &&
	    icsk->icsk_retransmits <= TCP_THIN_LINEAR_RETRIES) {
		icsk->icsk_backoff = 0;
		tcp_set_rto(sk);
	} else {
		icsk->icsk_rto = min_t(u32, icsk->icsk_rto << 1, tcp_rto_max(sk));
	}
}

/* The retransmit timer expired: retransmits the oldest segment, doubles the RTO (RFC 6298 5.4-5.6). */
noinline void tcp_retransmit_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *head = tcp_rtx_queue_head(sk);
	int err;

	if (unlikely(tp->fastopen_passive)) {
		tcp_fastopen_synack_timer(sk);
		return;
	}
	if (!tp->packets_out || WARN_ON(!head))
		return;
	tcp_mstamp_refresh(tp);

	if (tcp_window_was_shrunk(sk)) {
		if (tcp_shrunk_window_timeout(sk)) {
			tcp_write_err(sk);
			return;
		}
		tcp_enter_loss(sk);
		tcp_retransmit_skb(sk, head, 1);
		sk_dst_reset(sk);
	} else {
		if (tcp_write_timeout(sk))
			return;
		tcp_count_timeout(sk);
		tcp_enter_loss(sk);
		err = tcp_retransmit_skb(sk, head, 1);
		if (err == -ENOBUFS || err == -ENOMEM) {
			/*
			 * We have no memory, or our device is full: try again soon, without
			 * doubling the RTO.
			 */
			if (!icsk->icsk_retransmits)
				icsk->icsk_retransmits = 1;
			inet_csk_reset_xmit_timer(
				sk, ICSK_TIME_RETRANS,
				min_t(u32, icsk->icsk_rto, TCP_RESOURCE_PROBE_INTERVAL),
				TCP_RTO_MAX);
			return;
		}
		if (icsk->icsk_backoff < sysctl_tcp_retries2)
			icsk->icsk_backoff++;
		tcp_update_rto_stats(sk);
	}
	tcp_back_off(sk);
	pr_debug("%pI4:%u retransmission timeout, %u in a row; the next in %u ms",
		 &inet_sk(sk)->inet_daddr, ntohs(inet_sk(sk)->inet_dport), icsk->icsk_retransmits,
		 jiffies_to_msecs(icsk->icsk_rto));
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, tcp_clamp_rto_to_user_timeout(sk),
				  TCP_RTO_MAX);
	if (retransmits_timed_out(sk, sysctl_tcp_retries1 + 1, 0))
		sk_dst_reset(sk);
}

/* ---- probes of a closed window ------------------------------------------------------------------------------ */

/* Returns true if the state requires a FIN in one of the queues, but there was no memory for it. */
static bool tcp_fin_is_missing(const struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	int state = sk->sk_state;

	return (state == TCP_FIN_WAIT1 || state == TCP_LAST_ACK || state == TCP_CLOSING) &&
	       tcp_write_queue_empty(sk) && tcp_rtx_queue_empty(sk) && tp->snd_una == tp->write_seq;
}

static void tcp_probe_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct sk_buff *head = tcp_send_head(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int max_probes = sysctl_tcp_retries2;

	if (tcp_fin_is_missing(sk)) {
		tcp_send_fin(sk);
		return;
	}
	if (tp->packets_out || !head) {
		icsk->icsk_probes_out = 0;
		return;
	}

	/*
	 * The segment was never sent, so skb_mstamp is free: it holds the time of the first probe, from
	 * which TCP_USER_TIMEOUT counts.
	 */
	if (!head->skb_mstamp)
		head->skb_mstamp = tp->tcp_mstamp;
	else if (icsk->icsk_user_timeout &&
		 tcp_time_stamp(tp) - tcp_ns_to_stamp(head->skb_mstamp) >= icsk->icsk_user_timeout)
		goto abort;

	/*
	 * As long as the peer answers, probes may go on for ever (RFC 9293 3.8.6.1), because each ACK resets
	 * icsk_probes_out.  For an orphan they end sooner.
	 */
	if (sock_flag(sk, SOCK_DEAD)) {
		bool alive = tcp_probe0_when(sk, tcp_rto_max(sk)) < tcp_rto_max(sk);

		max_probes = tcp_orphan_retries(sk, alive);
		if (!alive && icsk->icsk_backoff >= max_probes)
			goto abort;
		if (tcp_out_of_resources(sk, true))
			return;
	}
	/* icsk_probes_out is a byte: it must not exceed 255. */
	if (icsk->icsk_probes_out > max_probes || icsk->icsk_probes_out == 255)
		goto abort;
	tcp_send_probe0(sk);
	return;

abort:
	tcp_write_err(sk);
}

/* ---- the two timers of inet_connection_sock ------------------------------------------------------------------- */

/* The caller holds the bh lock while no thread owns @sk, or owns @sk. */
void tcp_write_timer_handler(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	u8 event = icsk->icsk_pending;

	if (((1 << sk->sk_state) & ((1 << TCP_CLOSE) | (1 << TCP_LISTEN))) || !event)
		return;
	/* The timer was postponed after this run was scheduled: arm it for the new time. */
	if (time_after(icsk->icsk_timeout, jiffies)) {
		sk_reset_timer(sk, &icsk->icsk_retransmit_timer, icsk->icsk_timeout);
		return;
	}
	tcp_mstamp_refresh(tcp_sk(sk));
	switch (event) {
	case ICSK_TIME_RETRANS:
		icsk->icsk_pending = 0;
		tcp_retransmit_timer(sk);
		break;
	/*
	 * These two handlers leave icsk_pending set, which tells tcp_rearm_rto() that the RTO counts from the
	 * sending of the oldest segment.
	 */
	case ICSK_TIME_LOSS_PROBE:
		tcp_send_loss_probe(sk);
		break;
	case ICSK_TIME_REO_TIMEOUT:
		tcp_rack_reo_timeout(sk);
		break;
	default:
		icsk->icsk_pending = 0;
		tcp_probe_timer(sk);
	}
}

void tcp_defer(struct sock *sk, u8 what)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (tp->tsq_flags & what)
		return;
	tp->tsq_flags |= what;
	sock_hold(sk);
}

/*
 * Calls the timer handler @handler, or, if a thread owns the socket, sets the bit @deferred, so that
 * tcp_release_cb() calls it later.  Drops the reference that the armed timer held.
 */
static void tcp_timer_run(struct sock *sk, void (*handler)(struct sock *sk), u8 deferred)
{
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk)) {
		handler(sk);
	} else {
		if (deferred == TCP_DELACK_TIMER_DEFERRED) {
			/* Makes tcp_send_delayed_ack() and tcp_cleanup_rbuf() send the ACK without delay. */
			inet_csk(sk)->icsk_ack.blocked = 1;
			snmp_inc(SNMP_TcpExtDelayedACKLocked);
		}
		tcp_defer(sk, deferred);
	}
	bh_unlock_sock(sk);
	sock_put(sk);
}

void tcp_write_timer(unsigned long data)
{
	tcp_timer_run((struct sock *)data, tcp_write_timer_handler, TCP_WRITE_TIMER_DEFERRED);
}

/* The caller holds the bh lock while no thread owns @sk, or owns @sk. */
void tcp_delack_timer_handler(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (((1 << sk->sk_state) & ((1 << TCP_CLOSE) | (1 << TCP_LISTEN))) ||
	    !(icsk->icsk_ack.pending & ICSK_ACK_TIMER))
		return;
	if (time_after(icsk->icsk_ack.timeout, jiffies)) {
		sk_reset_timer(sk, &icsk->icsk_delack_timer, icsk->icsk_ack.timeout);
		return;
	}
	icsk->icsk_ack.pending &= ~ICSK_ACK_TIMER;
	if (!inet_csk_ack_scheduled(sk))
		return;
	if (icsk->icsk_ack.pingpong) {
		/*
		 * The application sent no answer that could carry the ACK: the traffic is not
		 * interactive.
		 */
		icsk->icsk_ack.pingpong = 0;
		icsk->icsk_ack.ato = TCP_ATO_MIN;
	} else {
		icsk->icsk_ack.ato = min(icsk->icsk_ack.ato << 1, icsk->icsk_rto);
	}
	tcp_send_ack(sk);
	snmp_inc(SNMP_TcpExtDelayedACKs);
}

void tcp_delack_timer(unsigned long data)
{
	tcp_timer_run((struct sock *)data, tcp_delack_timer_handler, TCP_DELACK_TIMER_DEFERRED);
}

/*
 * Called by release_sock() while the thread still owns @sk and holds the bh lock: does the work that
 * softirq deferred.
 */
noinline void tcp_release_cb(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u8 flags = tp->tsq_flags;

	if (likely(!flags))
		return;
	tp->tsq_flags = 0;
	if (flags & TCP_TSQ_DEFERRED) {
		tcp_tsq_write(sk);
		sock_put(sk);
	}
	if (flags & TCP_WRITE_TIMER_DEFERRED) {
		tcp_write_timer_handler(sk);
		sock_put(sk);
	}
	if (flags & TCP_DELACK_TIMER_DEFERRED) {
		tcp_delack_timer_handler(sk);
		sock_put(sk);
	}
	if (flags & TCP_MTU_REDUCED_DEFERRED) {
		inet_csk(sk)->icsk_af_ops->mtu_reduced(sk);
		sock_put(sk);
	}
}

/* ---- keepalive ---------------------------------------------------------------------------------------------- */

/* Returns the time since the peer's last data or ACK, in jiffies. */
static u32 tcp_keepalive_elapsed(const struct sock *sk)
{
	u32 now = tcp_jiffies32;

	return min(now - inet_csk(sk)->icsk_ack.lrcvtime, now - tcp_sk(sk)->rcv_tstamp);
}

/*
 * Returns true if TCP_USER_TIMEOUT is over and a probe was sent, or, without TCP_USER_TIMEOUT, if
 * all keepalive probes were sent.
 */
static bool tcp_keepalive_exhausted(const struct sock *sk, u32 elapsed)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);

	if (icsk->icsk_user_timeout)
		return icsk->icsk_probes_out &&
		       elapsed >= msecs_to_jiffies(icsk->icsk_user_timeout);
	return icsk->icsk_probes_out >= keepalive_probes(tcp_sk(sk));
}

/*
 * Sends a probe if one is due.  Returns the time to the next check in jiffies, or 0 if @sk has
 * ended.
 */
static u32 tcp_keepalive_work(struct sock *sk)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 idle_limit = keepalive_time_when(tp), elapsed;

	/* Data is in flight or waits, so the retransmit timer or the probe timer detects a dead peer. */
	if (tp->packets_out || tcp_send_head(sk))
		return idle_limit;
	elapsed = tcp_keepalive_elapsed(sk);
	if (elapsed < idle_limit)
		return idle_limit - elapsed;
	if (tcp_keepalive_exhausted(sk, elapsed)) {
		tcp_send_active_reset(sk, GFP_ATOMIC);
		tcp_write_err(sk);
		return 0;
	}
	if (tcp_write_wakeup(sk, SNMP_TcpExtTCPKeepAlive) == -ENOBUFS)
		return TCP_RESOURCE_PROBE_INTERVAL;
	if (inet_csk(sk)->icsk_probes_out < 255)
		inet_csk(sk)->icsk_probes_out++;
	return keepalive_intvl_when(tp);
}

/*
 * The timer of an orphan in FIN_WAIT2 expired.  If tcp_fin_time() is longer than TCP_TIMEWAIT_LEN, the timer
 * ran for the difference.  Now a timewait object replaces the socket, and waits for the same difference again,
 * as in Linux.  Otherwise the connection ends with a reset.
 */
static void tcp_fin_wait2_over(struct sock *sk)
{
	if (tcp_sk(sk)->linger2 >= 0) {
		int left = tcp_fin_time(sk) - TCP_TIMEWAIT_LEN;

		if (left > 0) {
			tcp_time_wait(sk, TCP_FIN_WAIT2, left);
			return;
		}
	}
	tcp_send_active_reset(sk, GFP_ATOMIC);
	tcp_done(sk);
}

void tcp_keepalive_timer(unsigned long data)
{
	struct sock *sk = (struct sock *)data;
	u32 again = 0;

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk)) {
		inet_csk_reset_keepalive_timer(sk, HZ / 20);
		goto out;
	}
	tcp_mstamp_refresh(tcp_sk(sk));
	if (sk->sk_state == TCP_FIN_WAIT2 && sock_flag(sk, SOCK_DEAD)) {
		tcp_fin_wait2_over(sk);
		goto out;
	}
	if (!sock_flag(sk, SOCK_KEEPOPEN) ||
	    ((1 << sk->sk_state) & ((1 << TCP_CLOSE) | (1 << TCP_SYN_SENT) | (1 << TCP_LISTEN))))
		goto out;
	again = tcp_keepalive_work(sk);
	if (again)
		inet_csk_reset_keepalive_timer(sk, again);
out:
	bh_unlock_sock(sk);
	sock_put(sk);
}
