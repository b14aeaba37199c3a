/* SPDX-License-Identifier: MIT */
/*
 * Parses the options of a received header into struct tcp_options_received.
 *
 * tcp_parse_options() <- tcp_conn_request (SYN), tcp_check_req, tcp_timewait_state_process,
 * tcp_rcv_synsent_state_process; tcp_fast_parse_options() <- tcp_validate_incoming;
 * tcp_parse_aligned_timestamp() <- tcp_fast_parse_options and the fast path of tcp_rcv_established.
 * Context: any; the caller holds the lock that protects the struct to be filled, if any.  tcp_v4_rcv
 * has pulled the whole header, doff words.
 *
 * RFC 9293 3.1 and 3.2, RFC 7323 2 and 3, RFC 2018 2 and 3.  Unknown options, and those that were not
 * negotiated, are skipped by their length.  Compare Linux's tcp_parse_options().
 */
#include "net/tcp/tcp_in.h"

/* The first 32 bits of an aligned timestamp option: NOP NOP TIMESTAMP 10 (RFC 7323, appendix A). */
#define TSTAMP_ALIGNED_WORD                                                                        \
	(TCPOPT_NOP << 24 | TCPOPT_NOP << 16 | TCPOPT_TIMESTAMP << 8 | TCPOLEN_TIMESTAMP)

void tcp_clear_options(struct tcp_options_received *opt)
{
	opt->tstamp_ok = 0;
	opt->sack_ok = 0;
	opt->wscale_ok = 0;
	opt->snd_wscale = 0;
}

static void take_mss(struct tcp_options_received *opt, u16 mss)
{
	if (!mss)
		return;
	if (opt->user_mss && opt->user_mss < mss)
		mss = opt->user_mss;
	opt->mss_clamp = mss;
}

static void take_timestamp(struct tcp_options_received *opt, const u8 *value)
{
	opt->saw_tstamp = 1;
	opt->rcv_tsval = get_unaligned_be32(value);
	opt->rcv_tsecr = get_unaligned_be32(value + 4);
}

/*
 * Parses one complete option of @size bytes, including its kind and length bytes.  An option of a known
 * kind with a wrong length is ignored.
 */
static void take_option(struct tcp_options_received *opt, const u8 *kind, unsigned int size,
			bool syn, bool estab)
{
	const u8 *value = kind + 2;

	switch (*kind) {
	case TCPOPT_MSS:
		if (size == TCPOLEN_MSS && syn && !estab)
			take_mss(opt, get_unaligned_be16(value));
		break;
	case TCPOPT_WINDOW:
		if (size == TCPOLEN_WINDOW && syn && !estab && sysctl_tcp_window_scaling) {
			opt->wscale_ok = 1;
			/* RFC 7323 2.3: a larger shift counts as 14. */
			opt->snd_wscale = *value > TCP_MAX_WSCALE ? TCP_MAX_WSCALE : *value;
		}
		break;
	case TCPOPT_TIMESTAMP:
		if (size == TCPOLEN_TIMESTAMP && (estab ? opt->tstamp_ok : sysctl_tcp_timestamps))
			take_timestamp(opt, value);
		break;
	case TCPOPT_SACK_PERM:
		if (size == TCPOLEN_SACK_PERM && syn && !estab && sysctl_tcp_sack)
			opt->sack_ok = 1;
		break;
	default:
		break;
	}
}

/* Returns true for a SACK option with at least one block and without an incomplete block. */
static bool is_sack_option(const u8 *kind, unsigned int size)
{
	return *kind == TCPOPT_SACK && size >= TCPOLEN_SACK_BASE + TCPOLEN_SACK_PERBLOCK &&
	       !((size - TCPOLEN_SACK_BASE) % TCPOLEN_SACK_PERBLOCK);
}

noinline bool tcp_parse_options(const struct sk_buff *skb, struct tcp_options_received *opt,
				bool estab)
{
	const struct tcphdr *th = tcp_hdr(skb);
	const u8 *p = (const u8 *)(th + 1);
	const u8 *end = (const u8 *)th + th->doff * 4;

	opt->saw_tstamp = 0;
	while (p < end) {
		unsigned int size;

		if (*p == TCPOPT_EOL)
			return true;
		if (*p == TCPOPT_NOP) {
			p++;
			continue;
		}
		if (end - p < 2)
			return false;
		size = p[1];
		if (size < 2 || size > (unsigned int)(end - p))
			return false;
		take_option(opt, p, size, th->syn, estab);
		if (estab && opt->sack_ok && is_sack_option(p, size))
			TCP_SKB_CB(skb)->sacked = p - (const u8 *)th;
		p += size;
	}
	return true;
}

/*
 * Subtracts this connection's offset from the echoed timestamp, which is our clock plus that offset.
 * 0 means no echo.
 */
static void unshift_tsecr(struct tcp_sock *tp)
{
	if (tp->rx_opt.rcv_tsecr)
		tp->rx_opt.rcv_tsecr -= tp->tsoffset;
}

bool tcp_parse_aligned_timestamp(struct tcp_sock *tp, const struct tcphdr *th)
{
	const u8 *p = (const u8 *)(th + 1);

	if (get_unaligned_be32(p) != TSTAMP_ALIGNED_WORD)
		return false;
	take_timestamp(&tp->rx_opt, p + 4);
	unshift_tsecr(tp);
	return true;
}

bool tcp_fast_parse_options(const struct sk_buff *skb, struct tcp_sock *tp)
{
	const struct tcphdr *th = tcp_hdr(skb);

	tp->rx_opt.saw_tstamp = 0;
	if (th->doff == sizeof(*th) / 4)
		return false;
	if (tp->rx_opt.tstamp_ok && th->doff == (sizeof(*th) + TCPOLEN_TSTAMP_ALIGNED) / 4 &&
	    tcp_parse_aligned_timestamp(tp, th))
		return true;
	tcp_parse_options(skb, &tp->rx_opt, true);
	if (tp->rx_opt.saw_tstamp)
		unshift_tsecr(tp);
	return tp->rx_opt.saw_tstamp;
}
