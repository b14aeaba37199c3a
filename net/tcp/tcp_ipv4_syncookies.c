/* SPDX-License-Identifier: MIT */
/*
 * SYN cookies: while a listener's queue of half-open requests is full, or always with
 * tcp_syncookies = 2, the SYN-ACK carries the values that a request would store, and the last ACK
 * of the handshake returns them. So forged SYNs use no memory, and real clients can still connect
 * (RFC 4987 3.6).
 *
 * cookie_init_sequence(), cookie_init_timestamp() <- tcp_conn_request, tcp_make_synack (softirq, no lock)
 * cookie_v4_check() <- tcp_rcv_listen (softirq; the listener is not locked): makes the child from the ACK
 *
 * Our initial sequence number is the cookie:
 * 	bits 31..24	the minute in which the SYN came, modulo 256
 * 	bits 23..0	the index of the peer's MSS in a table
 * Both fields are hidden by keyed hashes of addresses, ports and minute, and the peer's sequence number is added, so
 * that only a host that received the SYN-ACK can acknowledge the number.  If both hosts use timestamps, the six
 * low bits of our timestamp, which the ACK echoes, hold the other options of the SYN:
 * 	bits 3..0	the peer's window scale, 15: no window scaling
 * 	bit 4		SACK
 * 	bit 5		ECN
 * Without timestamps the connection has none of these options.  The SYN-ACK is not sent again if it is lost; the
 * peer sends its SYN again.
 *
 * A cookie is valid for one to two minutes, and only if its listener has sent a cookie in the last two minutes.
 * RFC 4987 3.6, RFC 7323 7.2.  Compare Linux's net/ipv4/syncookies.c.
 */
#include "kernel/lib/random.h"
#include "net/inet/inet_hashtables.h"
#include "net/ipv4/ip.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_ecn.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

#define COOKIE_PERIOD    (60 * HZ)
#define COOKIE_DATA_BITS 24
#define COOKIE_DATA_MASK ((1u << COOKIE_DATA_BITS) - 1)

#define TS_WSCALE_MASK 0xfu /* this value: the peer does not scale its window */
#define TS_SACK        0x10u
#define TS_ECN         0x20u
#define TS_MASK        0x3fu

/*
 * The segment sizes that a cookie can store, in ascending order: a SYN's MSS is rounded down to one of them.  The
 * values are the most frequent ones in the Internet (Linux's table).
 */
static const u16 msstab[] = {536, 1300, 1440, 1460};

static siphash_key_t syncookie_secret[2];

void cookie_init(void)
{
	get_random_bytes(&syncookie_secret, sizeof(syncookie_secret));
}

/* ---- when cookies are accepted ------------------------------------------------------------------ */

/*
 * The time in seconds at which a listener with SO_REUSEPORT last sent a cookie. The ACK may arrive
 * at another member of the listener's group, because members join and leave. Linux has such a field
 * for each group.
 */
static long reuseport_overflow;

/*
 * Returns a pointer to the time in seconds at which @sk last sent a cookie. ts_recent_stamp belongs
 * to the peer's timestamp, and a listener has no peer, so this field is free. The listener is not
 * locked, but each access is to a single word.
 */
static long *overflow_stamp(const struct sock *sk)
{
	return sk->sk_reuseport ? &reuseport_overflow : &tcp_sk(sk)->rx_opt.ts_recent_stamp;
}

void tcp_synq_overflow(struct sock *sk)
{
	WRITE_ONCE(*overflow_stamp(sk), tcp_seconds());
}

static bool tcp_synq_recent_overflow(const struct sock *sk)
{
	long last = READ_ONCE(*overflow_stamp(sk));

	return last && tcp_seconds() - last <= TCP_SYNCOOKIE_MINUTES * 60;
}

/* ---- the sequence number ----------------------------------------------------------------------- */

/* Returns the present time in minutes. */
static u32 cookie_time(void)
{
	return get_jiffies_64() / COOKIE_PERIOD;
}

struct cookie_flow {
	__be32 saddr, daddr; /* saddr is the peer's address, daddr is ours */
	__be16 sport, dport;
};

static struct cookie_flow flow_of(const struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct tcphdr *th = tcp_hdr(skb);

	return (struct cookie_flow){iph->saddr, iph->daddr, th->source, th->dest};
}

/* @c selects the secret: 0 or 1. */
static u32 cookie_hash(const struct cookie_flow *flow, u32 count, int c)
{
	u64 words[] = {(u64)flow->saddr << 32 | flow->daddr,
		       (u64)flow->sport << 48 | (u64)flow->dport << 32 | count};

	return siphash(words, sizeof(words), &syncookie_secret[c]);
}

/* Returns the cookie for @data, which is less than 2^24. @seq: the sequence number of the peer's SYN. */
static u32 make_cookie(const struct cookie_flow *flow, u32 seq, u32 count, u32 data)
{
	return cookie_hash(flow, 0, 0) + seq + (count << COOKIE_DATA_BITS) +
	       ((cookie_hash(flow, count, 1) + data) & COOKIE_DATA_MASK);
}

/*
 * Returns the data of @cookie. If @cookie is too old or not ours, the result is almost certainly
 * larger than any index.
 */
static u32 check_cookie(const struct cookie_flow *flow, u32 cookie, u32 seq)
{
	u32 count = cookie_time(), age;

	cookie -= cookie_hash(flow, 0, 0) + seq;
	age = (count - (cookie >> COOKIE_DATA_BITS)) & 0xff;
	if (age >= TCP_SYNCOOKIE_MINUTES)
		return COOKIE_DATA_MASK;
	return (cookie - cookie_hash(flow, count - age, 1)) & COOKIE_DATA_MASK;
}

u32 cookie_init_sequence(const struct sk_buff *skb, u16 *mss)
{
	const struct cookie_flow flow = flow_of(skb);
	u32 i = ARRAY_SIZE(msstab) - 1;

	while (i && *mss < msstab[i])
		i--;
	*mss = msstab[i];
	snmp_inc(SNMP_TcpExtSyncookiesSent);
	return make_cookie(&flow, TCP_SKB_CB(skb)->seq, cookie_time(), i);
}

/* ---- the timestamp ----------------------------------------------------------------------------- */

u32 cookie_init_timestamp(const struct inet_request_sock *ireq, u32 now)
{
	u32 options = ireq->wscale_ok ? ireq->snd_wscale : TS_WSCALE_MASK, stamp;

	options |= (ireq->sack_ok ? TS_SACK : 0) | (ireq->ecn_ok ? TS_ECN : 0);
	stamp = (now & ~TS_MASK) | options;
	/*
	 * The timestamps of this connection must not go backward, so this timestamp must not be in
	 * the future.
	 */
	return after(stamp, now) ? stamp - TS_MASK - 1 : stamp;
}

/*
 * Sets in @opt the options that our echoed timestamp holds. Returns false if a sysctl has switched
 * SACK or window scaling off after the SYN-ACK, because the peer would use an option that we do not
 * support; or if the window scale is impossible.
 */
static bool decode_timestamp(struct tcp_options_received *opt)
{
	u32 options = opt->rcv_tsecr & TS_MASK;

	if (!opt->saw_tstamp) {
		tcp_clear_options(opt);
		return true;
	}
	opt->tstamp_ok = 1;
	opt->sack_ok = !!(options & TS_SACK);
	opt->wscale_ok = (options & TS_WSCALE_MASK) != TS_WSCALE_MASK;
	opt->snd_wscale = opt->wscale_ok ? options & TS_WSCALE_MASK : 0;
	return (!opt->sack_ok || sysctl_tcp_sack) &&
	       (!opt->wscale_ok ||
		(sysctl_tcp_window_scaling && opt->snd_wscale <= TCP_MAX_WSCALE));
}

/* ---- the ACK ----------------------------------------------------------------------------------- */

/* Fills @req as tcp_conn_request() would have done when the SYN came. @skb: the ACK. */
static void request_from_ack(struct request_sock *req, const struct sock *sk,
			     const struct sk_buff *skb, const struct tcp_options_received *opt)
{
	const struct tcp_skb_cb *cb = TCP_SKB_CB(skb);
	struct inet_request_sock *ireq = inet_rsk(req);
	struct tcp_request_sock *treq = tcp_rsk(req);

	ireq->syncookie = 1;
	ireq->ir_num = ntohs(tcp_hdr(skb)->dest);
	ireq->ir_rmt_port = tcp_hdr(skb)->source;
	ireq->ir_iif = skb->dev ? skb->dev->ifindex : 0;
	ireq->ir_tos = cb->ip_dsfield;
	ireq->snd_wscale = opt->snd_wscale;
	ireq->wscale_ok = opt->wscale_ok;
	ireq->sack_ok = opt->sack_ok;
	ireq->tstamp_ok = opt->tstamp_ok;
	ireq->ecn_ok = opt->tstamp_ok && opt->rcv_tsecr & TS_ECN &&
		       (sysctl_tcp_ecn || tcp_ca_needs_ecn(sk));
	req->mss = opt->mss_clamp;
	req->ts_recent = opt->saw_tstamp ? opt->rcv_tsval : 0;
	treq->rcv_isn = cb->seq - 1;
	treq->rcv_nxt = cb->seq;
	treq->snt_isn = cb->ack_seq - 1;
	inet_csk(sk)->icsk_af_ops->init_req(req, skb);
	/*
	 * The time of the SYN-ACK is unknown: snt_synack stays 0, so the handshake gives no
	 * round-trip time.
	 */
}

/*
 * Makes the child of @req and queues it for accept(). Returns the child, bh-locked, or NULL and the reason why
 * @skb is dropped. Consumes @req.
 */
static struct sock *child_from_cookie(struct sock *sk, struct sk_buff *skb,
				      struct request_sock *req, enum skb_drop_reason *reason)
{
	bool own_req = false;
	struct sock *child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, &own_req);

	if (!child) {
		if (sk_acceptq_is_full(sk))
			*reason = SKB_DROP_REASON_TCP_LISTEN_OVERFLOW;
		goto out_free;
	}
	/* The accept queue takes this reference. */
	refcount_set(&req->rsk_refcnt, 1);
	if (own_req && inet_csk_reqsk_queue_add(sk, req, child))
		return child;
	/* Another ACK of the same cookie was first, or the listener was closed. */
	*reason = SKB_DROP_REASON_TCP_REQ_DUP;
	bh_unlock_sock(child);
	sock_put(child);
out_free:
	__reqsk_free(req);
	return NULL;
}

/* Returns the MSS from the cookie that @skb acknowledges, or 0 if the cookie is not valid. */
static u16 cookie_mss(const struct sk_buff *skb)
{
	const struct cookie_flow flow = flow_of(skb);
	u32 data = check_cookie(&flow, TCP_SKB_CB(skb)->ack_seq - 1, TCP_SKB_CB(skb)->seq - 1);

	return data < ARRAY_SIZE(msstab) ? msstab[data] : 0;
}

noinline struct sock *cookie_v4_check(struct sock *sk, struct sk_buff *skb,
				      enum skb_drop_reason *reason)
{
	struct tcp_options_received opt = {0};
	const struct tcphdr *th = tcp_hdr(skb);
	struct request_sock *req;
	struct dst_entry *dst;
	u32 tsoff;
	u16 mss;

	if (!sysctl_tcp_syncookies || !th->ack || th->rst || th->syn)
		return sk;
	if (!tcp_synq_recent_overflow(sk))
		return sk;
	mss = cookie_mss(skb);
	if (!mss) {
		snmp_inc(SNMP_TcpExtSyncookiesFailed);
		return sk;
	}
	snmp_inc(SNMP_TcpExtSyncookiesRecv);

	tcp_parse_options(skb, &opt, false);
	opt.mss_clamp = mss;
	secure_tcp_seq(ip_hdr(skb)->daddr, ip_hdr(skb)->saddr, th->dest, th->source, &tsoff);
	if (opt.saw_tstamp && opt.rcv_tsecr)
		opt.rcv_tsecr -= tsoff;
	if (!decode_timestamp(&opt))
		return sk;

	*reason = SKB_DROP_REASON_NOMEM;
	req = inet_reqsk_alloc(&tcp_request_sock_ops, sk);
	if (!req)
		return NULL;
	request_from_ack(req, sk, skb, &opt);
	tcp_rsk(req)->ts_off = tsoff;
	dst = inet_csk(sk)->icsk_af_ops->route_req(sk, req);
	if (!dst) {
		*reason = SKB_DROP_REASON_IP_OUTNOROUTES;
		__reqsk_free(req);
		return NULL;
	}
	tcp_openreq_init_rwin(req, sk, dst);
	dst_release(dst);
	return child_from_cookie(sk, skb, req, reason);
}
