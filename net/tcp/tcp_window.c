/* SPDX-License-Identifier: MIT */
/*
 * Computes the window that we offer, and the size of the segments that we send.
 *
 * Sequence numbers that we receive (copied_seq may also be after rcv_wup):
 *
 *       copied_seq       rcv_wup        rcv_nxt           rcv_wup + rcv_wnd
 *   --------|---------------|--------------|----------------------|------------>
 *     read  |  received, not yet read      |  the peer may send   |  not yet
 *                           |<----------- rcv_wnd, as offered --->|
 *                                          |< tcp_receive_window >|
 *
 * Each segment that we send carries the window: tcp_select_window() then sets rcv_wup to rcv_nxt.  The
 * right edge, rcv_wup + rcv_wnd, never moves to the left.
 *
 * Sequence numbers that we send:
 *
 *        snd_una         snd_nxt        snd_una + snd_wnd     write_seq
 *   --------|---------------|----------------|--------------------|------------>
 *     ACKed |  in flight    |  may be sent   |  must wait         |  not written
 *           |  tcp_rtx_queue|  sk_write_queue                     |
 *
 * Callers: tcp_transmit_skb (tcp_select_window), tcp_cleanup_rbuf (__tcp_select_window),
 * tcp_connect and tcp_openreq_init_rwin (tcp_select_initial_window), all senders
 * (tcp_current_mss), ICMP's fragmentation-needed (tcp_sync_mss).
 * The callers own the socket, or hold its bh lock while no thread owns it; tcp_select_initial_window
 * accesses no socket.
 * RFC 9293 3.7 and 3.8.6, RFC 7323 2. Compare Linux's tcp_output.c.
 */
#include "net/tcp/tcp_send.h"

/* ---- the window ---------------------------------------------------------------------------------- */

/*
 * Computes the first window: all that the buffer permits, in whole segments, but at most 65535, because
 * the window of a SYN has 16 bits and is never scaled (RFC 7323 2.2).  With the default tcp_rmem[1] that
 * is 64240 bytes for an MSS of 1460, as in Linux since 4.20; Linux 4.11 offered twenty segments.
 */
void tcp_select_initial_window(int buf_space, u32 mss, u32 *rcv_wnd, u32 *window_clamp,
			       int wscale_ok, u8 *rcv_wscale)
{
	u32 space = buf_space < 0 ? 0 : buf_space, reach;

	if (!*window_clamp)
		*window_clamp = 65535u << TCP_MAX_WSCALE;
	space = min(space, *window_clamp);
	if (mss && space > mss)
		space -= space % mss;
	*rcv_wnd = min(space, 65535u);

	*rcv_wscale = 0;
	if (wscale_ok) {
		/*
		 * The scale cannot change during the connection: choose it for the largest size to which
		 * the buffer may grow.
		 */
		reach = max(sysctl_tcp_rmem[2], sysctl_rmem_max);
		reach = min(max(space, reach), *window_clamp);
		while (reach > 65535 && *rcv_wscale < TCP_MAX_WSCALE) {
			reach >>= 1;
			(*rcv_wscale)++;
		}
	}
	*window_clamp = min(65535u << *rcv_wscale, *window_clamp);
}

/*
 * Returns the window that the buffer permits now.  To avoid the silly window syndrome (RFC 9293 3.8.6.2.2),
 * little free space gives a window of 0, and a window without scaling changes by whole segments or not at all.
 */
u32 __tcp_select_window(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	int unit = 1 << tp->rx_opt.rcv_wscale;
	int mss = icsk->icsk_ack.rcv_mss;
	int free_space = tcp_space(sk);
	int allowed_space = tcp_full_space(sk);
	int full_space = min_t(int, tp->window_clamp, allowed_space);
	int window;

	if (mss > full_space)
		mss = full_space;
	if (mss <= 0)
		return 0;

	if (free_space < full_space / 2) {
		icsk->icsk_ack.quick = 0;
		if (tcp_under_memory_pressure(sk))
			tp->rcv_ssthresh = min(tp->rcv_ssthresh, 4u * tp->advmss);
		/* The header can only express multiples of the scale's unit. */
		free_space = free_space < 0 ? 0 : ALIGN_DOWN(free_space, unit);
		/*
		 * If less than a sixteenth of the buffer or less than a segment is free, offer no window,
		 * so that the peer stops before we must drop its packets.
		 */
		if (free_space < allowed_space >> 4 || free_space < mss)
			return 0;
	}
	if (free_space > (int)tp->rcv_ssthresh)
		free_space = tp->rcv_ssthresh;

	/* With a scale the window is a multiple of its unit; round up, so that it does not become zero. */
	if (tp->rx_opt.rcv_wscale)
		return ALIGN_UP(free_space, unit);

	window = tp->rcv_wnd;
	if (window <= free_space - mss || window > free_space)
		window = free_space - free_space % mss;
	else if (mss == full_space && free_space > window + (full_space >> 1))
		window = free_space;
	return window;
}

/*
 * Returns the window field for the header of a segment that is sent now, and records the offer in rcv_wnd
 * and rcv_wup.  RFC 9293 3.8.6: "A TCP receiver SHOULD NOT shrink the window, i.e., move the
 * right window edge to the left (SHLD-14)."
 */
noinline u16 tcp_select_window(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 old_win = tp->rcv_wnd;
	u32 cur_win = tcp_receive_window(tp);
	u32 new_win = __tcp_select_window(sk);
	u8 wscale = tp->rx_opt.rcv_wscale;

	if (new_win < cur_win) {
		if (!new_win)
			snmp_inc(SNMP_TcpExtTCPWantZeroWindowAdv);
		new_win = ALIGN_UP(cur_win, 1u << wscale);
	}
	new_win = min(new_win, 65535u << wscale);
	tp->rcv_wnd = new_win;
	tp->rcv_wup = tp->rcv_nxt;

	new_win >>= wscale;
	if (!new_win) {
		tp->pred_flags = 0;
		if (old_win)
			snmp_inc(SNMP_TcpExtTCPToZeroWindowAdv);
	} else if (!old_win) {
		snmp_inc(SNMP_TcpExtTCPFromZeroWindowAdv);
	}
	return new_win;
}

/* ---- the segment size ----------------------------------------------------------------------------- */

/*
 * Limits @size, the size of a segment, to half of the peer's largest window: with larger segments
 * the sender would have to wait for an ACK after each. If that window is at most 536 bytes, the
 * whole window is the limit.
 */
unsigned int tcp_bound_to_half_wnd(const struct sock *sk, unsigned int size)
{
	const struct tcp_sock *tp = tcp_sk(sk);
	u32 least = inet_csk(sk)->icsk_af_ops->min_mtu - tp->tcp_header_len;
	unsigned int cutoff =
		tp->max_window > TCP_MSS_DEFAULT ? tp->max_window >> 1 : tp->max_window;

	if (cutoff && size > cutoff)
		return min(size, max(cutoff, least));
	return size;
}

/*
 * Returns how many bytes of data fit into a packet of @pmtu bytes, after the headers and our options,
 * but at most as many as the peer's MSS permits.
 */
unsigned int tcp_mtu_to_mss(const struct sock *sk, int pmtu)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);
	int headers = icsk->icsk_af_ops->net_header_len + (int)sizeof(struct tcphdr);
	int fits = max_t(int, pmtu, icsk->icsk_af_ops->min_mtu) - headers;
	int mss = min_t(int, fits, tp->rx_opt.mss_clamp) - icsk->icsk_ext_hdr_len;

	/*
	 * CVE-2019-11479: for a peer that announces a tiny MSS use at least tcp_min_snd_mss.  Only a link
	 * of our own with a smaller MTU may limit segments further; an ICMP error cannot lower the path MTU
	 * that far (IP_MIN_PMTU).
	 */
	mss = max_t(int, mss, min_t(int, fits, READ_ONCE(sysctl_tcp_min_snd_mss)));
	return mss - (tp->tcp_header_len - (int)sizeof(struct tcphdr));
}

unsigned int tcp_sync_mss(struct sock *sk, u32 pmtu)
{
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss = tcp_bound_to_half_wnd(sk, tcp_mtu_to_mss(sk, pmtu));

	inet_csk(sk)->icsk_pmtu_cookie = pmtu;
	mss = tcp_mtup_limit(sk, pmtu, mss);
	tp->mss_cache = mss;
	return mss;
}

/*
 * The segment size to use now: the path's MTU may have changed since mss_cache was computed, and SACK blocks leave
 * less room for data.
 */
unsigned int tcp_current_mss(struct sock *sk)
{
	const struct dst_entry *dst = sk->sk_dst_cache;

	if (dst && dst_mtu(dst) != inet_csk(sk)->icsk_pmtu_cookie)
		tcp_sync_mss(sk, dst_mtu(dst));
	return tcp_sk(sk)->mss_cache - tcp_sack_option_size(tcp_sk(sk));
}
