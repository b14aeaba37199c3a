/* SPDX-License-Identifier: MIT */
/*
 * TCP Fast Open, the server: data in a SYN is delivered before the handshake ends (RFC 7413).
 *
 * tcp_try_fastopen() <- tcp_conn_request (softirq; the listener is not locked)
 *	-> syn_recv_sock, tcp_fastopen_add_skb, send_synack, inet_csk_reqsk_queue_add
 * tcp_fastopen_established() <- tcp_rcv_state_process, for the ACK of the SYN-ACK
 * tcp_fastopen_synack_timer() <- tcp_retransmit_timer
 * tcp_fastopen_forget() <- tcp_done, tcp_disconnect, tcp_v4_destroy_sock, tcp_check_req
 *
 * A client that asks gets a cookie: a keyed hash of both addresses.  A SYN with that cookie proves that the client
 * receives packets at its address.  So a child may be created from the SYN alone: the child is in SYN_RECV and in
 * the accept queue, has the data of the SYN, and may send.  The child keeps its request_sock, which retransmits the
 * SYN-ACK, until the client's ACK arrives.
 *
 * Limits: a listener has at most as many children without an ACK as TCP_FASTOPEN set (fastopenq.max_qlen).  A child
 * that a RST ended counts for another TCP_FASTOPEN_RST_S, because a RST answers a SYN with a forged address (RFC 7413
 * 5.1).  Above the limit the SYN is handled as if it had no Fast Open option.
 * RFC 7413.  Compare Linux's net/ipv4/tcp_fastopen.c.
 */
#include "net/tcp/tcp_fastopen.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

#define TCPOPT_FASTOPEN_MAGIC 0xf989 /* follows the length of the experimental option */

/* ---- the option --------------------------------------------------------------------------------- */

/*
 * "The length MUST be even" and the cookie has 4 to 16 bytes (RFC 7413 4.1.1); an option of another length is
 * ignored.  A length of zero requests a cookie.
 */
static void take_option(const u8 *kind, unsigned int size, struct tcp_fastopen_cookie *foc)
{
	bool exp = *kind == TCPOPT_EXP;
	unsigned int base = exp ? TCPOLEN_EXP_FASTOPEN_BASE : TCPOLEN_FASTOPEN_BASE;

	if ((!exp && *kind != TCPOPT_FASTOPEN) || size < base || size % 2)
		return;
	if (exp && get_unaligned_be16(kind + 2) != TCPOPT_FASTOPEN_MAGIC)
		return;
	size -= base;
	foc->exp = exp;
	foc->len = -1;
	if (size && (size < TCP_FASTOPEN_COOKIE_MIN || size > TCP_FASTOPEN_COOKIE_MAX))
		return;
	foc->len = size;
	memcpy(foc->val, kind + base, size);
}

void tcp_parse_fastopen(const struct sk_buff *skb, struct tcp_fastopen_cookie *foc)
{
	const struct tcphdr *th = tcp_hdr(skb);
	const u8 *p = (const u8 *)(th + 1), *end = (const u8 *)th + th->doff * 4;

	foc->len = -1;
	foc->exp = false;
	while (p < end && *p != TCPOPT_EOL) {
		if (*p == TCPOPT_NOP) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return;
		take_option(p, p[1], foc);
		p += p[1];
	}
}

static unsigned int option_len(const struct tcp_fastopen_cookie *foc)
{
	return foc->len + (foc->exp ? TCPOLEN_EXP_FASTOPEN_BASE : TCPOLEN_FASTOPEN_BASE);
}

unsigned int tcp_fastopen_option_size(const struct tcp_fastopen_cookie *foc)
{
	return ALIGN_UP(option_len(foc), 4);
}

void tcp_fastopen_option_write(void *to, const struct tcp_fastopen_cookie *foc)
{
	unsigned int len = option_len(foc);
	u8 *p = to;

	*p++ = foc->exp ? TCPOPT_EXP : TCPOPT_FASTOPEN;
	*p++ = len;
	if (foc->exp) {
		put_unaligned_be16(TCPOPT_FASTOPEN_MAGIC, p);
		p += 2;
	}
	memcpy(p, foc->val, foc->len);
	if (len % 4)
		memset(p + foc->len, TCPOPT_NOP, 2);
}

/* ---- keys --------------------------------------------------------------------------------------- */

struct tcp_fastopen_context {
	siphash_key_t key[TCP_FASTOPEN_KEYS];
	unsigned int num; /* keys in use */
};

static spinlock_t keys_lock; /* guards all contexts, and the pointers to them */
static struct tcp_fastopen_context default_keys;

int tcp_fastopen_set_keys(struct sock *sk, const siphash_key_t *keys, unsigned int num)
{
	struct tcp_fastopen_context *ctx = &default_keys, *fresh = NULL, **own = NULL;

	if (sk) {
		own = &inet_csk(sk)->icsk_accept_queue.fastopenq.ctx;
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh)
			return -ENOMEM;
	}
	spin_lock_bh(&keys_lock);
	if (own) {
		if (!*own)
			swap(*own, fresh);
		ctx = *own;
	}
	memcpy(ctx->key, keys, num * sizeof(*keys));
	ctx->num = num;
	spin_unlock_bh(&keys_lock);
	kfree(fresh);
	return 0;
}

static unsigned int copy_keys(const struct tcp_fastopen_context *ctx, siphash_key_t *keys)
{
	unsigned int num = 0;

	spin_lock_bh(&keys_lock);
	if (ctx) {
		num = ctx->num;
		memcpy(keys, ctx->key, sizeof(ctx->key));
	}
	spin_unlock_bh(&keys_lock);
	return num;
}

unsigned int tcp_fastopen_get_keys(const struct sock *sk, siphash_key_t keys[TCP_FASTOPEN_KEYS])
{
	return copy_keys(inet_csk(sk)->icsk_accept_queue.fastopenq.ctx, keys);
}

void tcp_fastopen_free_keys(struct sock *sk)
{
	kfree(inet_csk(sk)->icsk_accept_queue.fastopenq.ctx);
	inet_csk(sk)->icsk_accept_queue.fastopenq.ctx = NULL;
}

/* The first listener with Fast Open draws a random key, unless the sysctl set a key. */
static void init_key_once(void)
{
	siphash_key_t key;

	if (default_keys.num)
		return;
	get_random_bytes(&key, sizeof(key));
	tcp_fastopen_set_keys(NULL, &key, 1);
}

/* Parses "a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4", at most @len bytes, into @key.  Returns 0 or -EINVAL. */
static int parse_key(const char *text, size_t len, siphash_key_t *key)
{
	u32 *words = (u32 *)key;
	char word[9];

	for (unsigned int i = 0; i < sizeof(*key) / sizeof(*words); i++) {
		size_t n = 0;
		unsigned long v;

		while (n < len && text[n] != '-')
			n++;
		if (n > 8 || (i < 3) != (n < len))
			return -EINVAL;
		memcpy(word, text, n);
		word[n] = '\0';
		if (kstrtoul(word, 16, &v))
			return -EINVAL;
		words[i] = v;
		text += n + 1;
		len -= min(len, n + 1);
	}
	return 0;
}

int tcp_set_fastopen_key(const char *words)
{
	siphash_key_t keys[TCP_FASTOPEN_KEYS];
	const char *blank = strchr(words, ' ');
	size_t len = blank ? (size_t)(blank - words) : strlen(words);

	if (parse_key(words, len, &keys[0]))
		return -EINVAL;
	if (blank && parse_key(blank + 1, strlen(blank + 1), &keys[1]))
		return -EINVAL;
	return tcp_fastopen_set_keys(NULL, keys, blank ? 2 : 1);
}

const char *tcp_fastopen_key(void)
{
	static char text[2 * 36];
	siphash_key_t keys[TCP_FASTOPEN_KEYS] = {0};
	unsigned int num = copy_keys(&default_keys, keys);
	const u32 *w = (const u32 *)keys;
	size_t n = 0;

	for (unsigned int i = 0; i < max(num, 1u); i++, w += 4)
		n += scnprintf(text + n, sizeof(text) - n, "%s%08x-%08x-%08x-%08x", i ? "," : "",
			       w[0], w[1], w[2], w[3]);
	return text;
}

/* ---- listen() ----------------------------------------------------------------------------------- */

void tcp_fastopen_set_queue(struct sock *sk, int backlog)
{
	init_key_once();
	WRITE_ONCE(inet_csk(sk)->icsk_accept_queue.fastopenq.max_qlen,
		   min(backlog, READ_ONCE(sysctl_somaxconn)));
}

void tcp_fastopen_listen(struct sock *sk, int backlog)
{
	const int both = TFO_SERVER_ENABLE | TFO_SERVER_WO_SOCKOPT1;

	if ((READ_ONCE(sysctl_tcp_fastopen) & both) == both &&
	    !inet_csk(sk)->icsk_accept_queue.fastopenq.max_qlen)
		tcp_fastopen_set_queue(sk, backlog);
}

/* ---- a SYN -------------------------------------------------------------------------------------- */

static void make_cookie(const struct request_sock *req, const siphash_key_t *key,
			struct tcp_fastopen_cookie *foc)
{
	const __be32 addresses[] = {inet_rsk(req)->ir_rmt_addr, inet_rsk(req)->ir_loc_addr};
	u64 hash = siphash(addresses, sizeof(addresses), key);

	memcpy(foc->val, &hash, sizeof(hash));
	foc->len = TCP_FASTOPEN_COOKIE_SIZE;
}

/*
 * Returns the number of the key, from 1 on, with which @foc was made; 0 if none of our keys made it.  Stores in
 * @valid the cookie of the first key.
 */
static unsigned int check_cookie(const struct sock *sk, const struct request_sock *req,
				 const struct tcp_fastopen_cookie *foc,
				 struct tcp_fastopen_cookie *valid)
{
	const struct tcp_fastopen_context *own = inet_csk(sk)->icsk_accept_queue.fastopenq.ctx;
	siphash_key_t keys[TCP_FASTOPEN_KEYS];
	unsigned int num = copy_keys(own ? own : &default_keys, keys);
	struct tcp_fastopen_cookie made;

	for (unsigned int i = 0; i < num; i++) {
		make_cookie(req, &keys[i], &made);
		if (!i)
			memcpy(valid->val, made.val, made.len);
		valid->len = made.len;
		if (foc->len == made.len && !memcmp(foc->val, made.val, made.len))
			return i + 1;
	}
	return 0;
}

/* Returns true if the listener @sk may have another child without an ACK. */
static bool queue_check(struct sock *sk)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	struct request_sock *req;

	if (READ_ONCE(queue->fastopenq.qlen) < READ_ONCE(queue->fastopenq.max_qlen))
		return true;
	req = reqsk_fastopen_take_reset(queue, false);
	if (!req) {
		snmp_inc(SNMP_TcpExtTCPFastOpenListenOverflow);
		return false;
	}
	reqsk_put(req);
	return true;
}

void tcp_fastopen_add_skb(struct sock *sk, struct sk_buff *skb)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool fragstolen, fin = tcp_has_fin(skb);

	if (TCP_SKB_CB(skb)->end_seq == tp->rcv_nxt)
		return;
	/* Without memory for the clone the data counts as lost: our ACK covers only the SYN. */
	skb = skb_clone(skb, GFP_ATOMIC);
	if (!skb)
		return;
	TCP_SKB_CB(skb)->seq++;
	TCP_SKB_CB(skb)->tcp_flags &= ~TCPHDR_SYN;
	/* The receive queue is empty, so @skb is not merged into another segment. */
	tcp_queue_rcv(sk, skb, tcp_hdrlen(skb), &fragstolen);
	tp->syn_data_acked = 1;
	if (fin)
		tcp_fin(sk);
}

/*
 * Creates the child from the SYN @skb, bh-locked, in *@made.  Returns false if there is no memory or the accept queue
 * is full.  *@made is NULL if the connection exists already.
 */
static bool create_child(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
			 struct sock **made)
{
	struct request_sock_queue *queue = &inet_csk(sk)->icsk_accept_queue;
	bool own_req = false;
	struct sock *child;
	struct tcp_sock *tp;

	inet_rsk(req)->tfo_listener = 1;
	child = inet_csk(sk)->icsk_af_ops->syn_recv_sock(sk, skb, req, &own_req);
	if (!child || !own_req) {
		inet_rsk(req)->tfo_listener = 0;
		*made = NULL;
		if (!child)
			return false;
		bh_unlock_sock(child);
		sock_put(child);
		refcount_set(&req->rsk_refcnt, 1); /* the caller's reference */
		return true;
	}
	*made = child;
	spin_lock_bh(&queue->rskq_lock);
	queue->fastopenq.qlen++;
	spin_unlock_bh(&queue->rskq_lock);

	tp = tcp_sk(child);
	tp->fastopen_passive = 1;
	tp->fastopen_rsk = req;
	tp->syn_fastopen_child = 1;
	/* The caller has one reference; accept() or the end of the handshake drops the other. */
	refcount_set(&req->rsk_refcnt, 2);
	/* RFC 7323 2.2: the window of a SYN is never scaled. */
	tp->snd_wnd = tp->max_window = ntohs(tcp_hdr(skb)->window);
	inet_csk_reset_xmit_timer(child, ICSK_TIME_RETRANS, reqsk_timeout(req), TCP_RTO_MAX);
	tcp_init_transfer(child);
	tcp_segs_in(tp, skb);
	tcp_fastopen_add_skb(child, skb);
	tcp_rsk(req)->rcv_nxt = tp->rcv_wup = tp->rcv_nxt;
	return true;
}

/* Sends the SYN-ACK of the new @child and gives @child to accept(). */
static void queue_child(struct sock *sk, struct sock *child, struct request_sock *req,
			struct dst_entry *dst, const struct tcp_fastopen_cookie *foc)
{
	inet_csk(sk)->icsk_af_ops->send_synack(child, dst, req, foc);
	if (inet_csk_reqsk_queue_add(sk, req, child))
		sk->sk_data_ready(sk);
	bh_unlock_sock(child);
	sock_put(child);
}

bool tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
		      struct dst_entry *dst, struct tcp_fastopen_cookie *foc)
{
	bool syn_data = TCP_SKB_CB(skb)->end_seq != TCP_SKB_CB(skb)->seq + 1;
	int mode = READ_ONCE(sysctl_tcp_fastopen);
	struct tcp_fastopen_cookie valid = {.len = -1};
	unsigned int key = 1;
	struct sock *child;

	tcp_parse_fastopen(skb, foc);
	if (!foc->len)
		snmp_inc(SNMP_TcpExtTCPFastOpenCookieReqd);
	if (!(mode & TFO_SERVER_ENABLE) || (!syn_data && foc->len < 0) || !queue_check(sk)) {
		foc->len = -1;
		return false;
	}
	valid.exp = foc->exp;
	if (!(mode & TFO_SERVER_COOKIE_NOT_REQD) && !tcp_sk(sk)->fastopen_no_cookie) {
		/* Data without a cookie is dropped: our ACK covers only the SYN (RFC 7413 4.2.1). */
		key = foc->len < 0 ? 0 : check_cookie(sk, req, foc, &valid);
		if (!key) {
			if (foc->len > 0)
				snmp_inc(SNMP_TcpExtTCPFastOpenPassiveFail);
			*foc = valid;
			return false;
		}
	}
	if (!create_child(sk, skb, req, &child)) {
		snmp_inc(SNMP_TcpExtTCPFastOpenPassiveFail);
		*foc = valid;
		return false;
	}
	if (!child)
		return true;
	/* The client knows a cookie of the old key: send it one of the new key. */
	foc->len = -1;
	if (key == 2) {
		*foc = valid;
		snmp_inc(SNMP_TcpExtTCPFastOpenPassiveAltKey);
	}
	snmp_inc(SNMP_TcpExtTCPFastOpenPassive);
	queue_child(sk, child, req, dst, foc);
	return true;
}

/* ---- the child, until the client's ACK ---------------------------------------------------------- */

void __tcp_fastopen_forget(struct sock *sk, bool reset)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct request_sock *req = tp->fastopen_rsk;

	tp->fastopen_passive = 0;
	tp->fastopen_rsk = NULL;
	reqsk_fastopen_remove(req, reset ? TCP_FASTOPEN_RST_S * HZ : 0);
}

void tcp_fastopen_established(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	/* Lost SYN-ACKs have lowered cwnd; the timestamp of the ACK may show that they were not lost. */
	if (inet_csk(sk)->icsk_ca_state == TCP_CA_Loss && !tp->packets_out)
		tcp_try_undo_recovery(sk);
	tcp_update_rto_time(tp);
	inet_csk(sk)->icsk_retransmits = 0;
	if (!tp->retrans_out)
		tp->retrans_stamp = 0;
	tcp_fastopen_forget(sk, false);
	/* Until now the retransmit timer was for the SYN-ACK. */
	tcp_rearm_rto(sk);
}

/*
 * The client has not answered: sends the SYN-ACK again, without data. As in Linux, the SYN-ACK of a
 * child is sent again once more than that of a request, because an application may be using the
 * child.
 */
void tcp_fastopen_synack_timer(struct sock *sk)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);
	struct request_sock *req = tp->fastopen_rsk;
	int most = icsk->icsk_syn_retries ? icsk->icsk_syn_retries : sysctl_tcp_synack_retries + 1;

	if (req->num_timeout >= most) {
		tcp_write_err(sk);
		return;
	}
	/* As in tcp_init_metrics(), cwnd falls only at the second timeout. */
	if (icsk->icsk_retransmits == 1)
		tcp_enter_loss(sk);
	/* The ACK may answer either SYN-ACK, so only a timestamp gives a round-trip time. */
	if (!tcp_rtx_synack(sk, req))
		req->num_retrans++;
	req->num_timeout++;
	tcp_update_rto_stats(sk);
	if (!tp->retrans_stamp)
		tp->retrans_stamp = tcp_time_stamp(tp);
	inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, reqsk_timeout(req), TCP_RTO_MAX);
}
