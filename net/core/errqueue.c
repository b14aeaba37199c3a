/* SPDX-License-Identifier: MIT */
/*
 * The error queue of a socket (errqueue.h has its contract), and the messages that do not depend on
 * the protocol: times of sent data, and the ends of writes with MSG_ZEROCOPY.
 *
 *   dev_queue_xmit, xmit_one, tcp_ack_tstamp -> __skb_tstamp_tx -> sock_queue_err_skb
 *   ip_icmp_error                            -> sock_queue_err_skb
 *   ip_push_datagram                         -> skb_tx_timestamp
 *   tcp_sendmsg -> msg_zerocopy_realloc; tcp_wmem_free_skb -> msg_zerocopy_put
 *   recvmsg(MSG_ERRQUEUE) -> ip_recv_error -> sock_dequeue_err_skb, sock_recv_timestamp
 *
 * Memory: times and ICMP errors are charged to the receive buffer, so a program that reads neither
 * data nor errors limits itself. The message of a MSG_ZEROCOPY write is allocated before the data is
 * queued, so its report cannot fail; SOCK_OPTMEM_MAX limits these messages.
 *
 * MSG_ZEROCOPY copies the data: no page of a program is pinned, and each report has
 * SO_EE_CODE_ZEROCOPY_COPIED, as on Linux for loopback and TUN devices. Compare Linux's
 * net/core/skbuff.c and net/socket.c.
 */
#include "net/core/errqueue.h"

#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"
#include "net/core/limits.h"
#include "net/core/netdevice.h"

/* ---- the queue ------------------------------------------------------------------------------- */

static void errqueue_add(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *last = sk->sk_error_queue;

	skb->next = last ? last->next : skb;
	if (last)
		last->next = skb;
	sk->sk_error_queue = skb;
}

static struct sk_buff *errqueue_take(struct sock *sk)
{
	struct sk_buff *last = sk->sk_error_queue, *skb = last ? last->next : NULL;

	if (!skb)
		return NULL;
	if (skb == last)
		sk->sk_error_queue = NULL;
	else
		last->next = skb->next;
	skb->next = NULL;
	return skb;
}

int sock_queue_err_skb(struct sock *sk, struct sk_buff *skb)
{
	unsigned int held = atomic_read(&sk->sk_rmem_alloc);

	if (held + skb->truesize >= (unsigned int)sk->sk_rcvbuf ||
	    !sk_mem_schedule(sk, skb->truesize, SK_MEM_RECV, held, 0))
		return -ENOMEM;
	skb_set_owner_r(skb, sk);
	spin_lock_bh(&sk->sk_receive_queue.lock);
	errqueue_add(sk, skb);
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	sk->sk_error_report(sk);
	return 0;
}

static bool is_icmp_err_skb(const struct sk_buff *skb)
{
	return skb && SKB_EXT_ERR(skb)->ee.ee_origin == SO_EE_ORIGIN_ICMP;
}

struct sk_buff *sock_dequeue_err_skb(struct sock *sk)
{
	struct sk_buff *skb, *next;

	spin_lock_bh(&sk->sk_receive_queue.lock);
	skb = errqueue_take(sk);
	next = sk->sk_error_queue ? sk->sk_error_queue->next : NULL;
	if (is_icmp_err_skb(next))
		sk->sk_err = SKB_EXT_ERR(next)->ee.ee_errno;
	else if (is_icmp_err_skb(skb))
		sk->sk_err = 0;
	spin_unlock_bh(&sk->sk_receive_queue.lock);
	if (next)
		sk->sk_error_report(sk);
	return skb;
}

void skb_errqueue_purge(struct sock *sk)
{
	struct sk_buff *skb;

	if (!sk->sk_error_queue)
		return;
	spin_lock_bh(&sk->sk_receive_queue.lock);
	while ((skb = errqueue_take(sk)))
		consume_skb(skb);
	spin_unlock_bh(&sk->sk_receive_queue.lock);
}

/* ---- times ----------------------------------------------------------------------------------- */

void __skb_tstamp_tx(struct sk_buff *orig, struct sock *sk, int tstype)
{
	struct sock_exterr_skb *serr;
	struct sk_buff *skb;

	if (!sk || sock_flag(sk, SOCK_DEAD))
		return;
	if (sk->sk_tsflags & SOF_TIMESTAMPING_OPT_TSONLY)
		skb = alloc_skb_small(GFP_ATOMIC);
	else
		skb = skb_clone(orig, GFP_ATOMIC);
	if (!skb)
		return;
	skb_dst_drop(skb);
	skb->skb_mstamp = ktime_get_real_ns();
	serr = SKB_EXT_ERR(skb);
	*serr = (struct sock_exterr_skb){.ee = {.ee_errno = ENOMSG,
						.ee_origin = SO_EE_ORIGIN_TIMESTAMPING,
						.ee_info = tstype}};
	if (sk->sk_tsflags & SOF_TIMESTAMPING_OPT_ID)
		serr->ee.ee_data =
			skb_shinfo(orig)->tskey - (sk->sk_prot->stream_key ? sk->sk_tskey : 0);
	if (sock_queue_err_skb(sk, skb))
		kfree_skb_reason(skb, SKB_DROP_REASON_SOCKET_RCVBUFF);
}

void skb_tx_timestamp(struct sk_buff *skb, struct sock *sk, u32 tsflags)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);

	if (tsflags & SOF_TIMESTAMPING_TX_SOFTWARE)
		shinfo->tx_flags |= SKBTX_SW_TSTAMP;
	if (tsflags & SOF_TIMESTAMPING_TX_SCHED)
		shinfo->tx_flags |= SKBTX_SCHED_TSTAMP;
	if (shinfo->tx_flags && READ_ONCE(sk->sk_tsflags) & SOF_TIMESTAMPING_OPT_ID)
		shinfo->tskey = __atomic_fetch_add(&sk->sk_tskey, 1, __ATOMIC_RELAXED);
}

/*
 * OPT_STATS, OPT_RX_FILTER, BIND_PHC (the choice of a device's clock) and TX_COMPLETION are
 * refused. As in Linux, the bits for the clocks of devices are accepted even if no device has a
 * clock, and no device has one here.
 */
#define SOF_TIMESTAMPING_SUPPORTED                                                                 \
	((0x7fff & ~SOF_TIMESTAMPING_OPT_STATS) | SOF_TIMESTAMPING_OPT_ID_TCP)

/*
 * With OPT_ID, timestamps of a TCP socket carry the offset of a byte in the stream, those of other
 * sockets the number of the datagram.  The count starts now: offset 0 is the first unacknowledged byte or, with OPT_ID_TCP, the next byte that the application writes.
 */
int sock_set_timestamping(struct sock *sk, u32 flags)
{
	if (flags & ~SOF_TIMESTAMPING_SUPPORTED)
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_OPT_ID_TCP && !(flags & SOF_TIMESTAMPING_OPT_ID))
		return -EINVAL;
	if (flags & SOF_TIMESTAMPING_OPT_ID && !(sk->sk_tsflags & SOF_TIMESTAMPING_OPT_ID)) {
		if (!sk->sk_prot->stream_key)
			sk->sk_tskey = 0;
		else if (sk->sk_state == TCP_CLOSE || sk->sk_state == TCP_LISTEN)
			return -EINVAL;
		else
			sk->sk_tskey =
				sk->sk_prot->stream_key(sk, flags & SOF_TIMESTAMPING_OPT_ID_TCP);
	}
	sk->sk_tsflags = flags;
	if (flags & SOF_TIMESTAMPING_RX_SOFTWARE)
		net_enable_timestamp();
	return 0;
}

void sock_recv_timestamp(struct kmsghdr *msg, const struct sock *sk, u64 ns)
{
	struct scm_timestamping tss = {
		.ts[0] = {.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC}};
	struct timeval tv = {.tv_sec = tss.ts[0].tv_sec,
			     .tv_usec = tss.ts[0].tv_nsec / NSEC_PER_USEC};

	if (!ns)
		return;
	if (sock_flag(sk, SOCK_RCVTSTAMPNS))
		put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMPNS, &tss.ts[0], sizeof(tss.ts[0]));
	else if (sock_flag(sk, SOCK_RCVTSTAMP))
		put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMP, &tv, sizeof(tv));
	if (sk->sk_tsflags & SOF_TIMESTAMPING_SOFTWARE)
		put_cmsg(msg, SOL_SOCKET, SO_TIMESTAMPING, &tss, sizeof(tss));
}

/* ---- MSG_ZEROCOPY ---------------------------------------------------------------------------- */

/*
 * bytes: one message reports several writes only up to this many bytes, so that the report does not
 * come late.
 */
#define UARG_BYTES_MAX (1u << 19)

static struct sk_buff *skb_from_uarg(struct ubuf_info *uarg)
{
	return container_of((char(*)[sizeof_field(struct sk_buff, cb)])uarg, struct sk_buff, cb);
}

static void sock_ofree(struct sk_buff *skb)
{
	atomic_sub(skb->truesize, &skb->sk->sk_omem_alloc);
	sk_mem_charge(skb->sk, -(int)skb->truesize);
}

static struct ubuf_info *msg_zerocopy_alloc(struct sock *sk, size_t size)
{
	struct sk_buff *skb = NULL;
	struct ubuf_info *uarg;

	if (atomic_read(&sk->sk_omem_alloc) < SOCK_OPTMEM_MAX)
		skb = alloc_skb_small(GFP_SEND);
	if (!skb)
		return NULL;
	sock_hold(sk);
	skb->sk = sk;
	skb->destructor = sock_ofree;
	atomic_add(skb->truesize, &sk->sk_omem_alloc);
	sk_mem_charge(sk, skb->truesize);
	uarg = (struct ubuf_info *)skb->cb;
	*uarg = (struct ubuf_info){.id = sk->sk_zckey++, .bytelen = size, .len = 1};
	refcount_set(&uarg->refcnt, 1);
	return uarg;
}

struct ubuf_info *msg_zerocopy_realloc(struct sock *sk, size_t size, struct ubuf_info *uarg)
{
	if (!uarg || uarg->len == UINT16_MAX - 1 || uarg->bytelen + size > UARG_BYTES_MAX ||
	    uarg->id + uarg->len != sk->sk_zckey)
		return msg_zerocopy_alloc(sk, size);
	uarg->len++;
	uarg->bytelen += size;
	sk->sk_zckey++;
	refcount_inc(&uarg->refcnt);
	return uarg;
}

/* Extends @tail, the last message of the queue, if it reports the writes before @lo. */
static bool skb_zerocopy_notify_extend(struct sk_buff *tail, u32 lo, u32 len)
{
	struct sock_extended_err *ee = &SKB_EXT_ERR(tail)->ee;

	if (ee->ee_origin != SO_EE_ORIGIN_ZEROCOPY || lo != ee->ee_data + 1 ||
	    (u64)(ee->ee_data - ee->ee_info) + 1 + len > UINT32_MAX)
		return false;
	ee->ee_data += len;
	return true;
}

/*
 * All data of @uarg's writes is acknowledged or dropped: queues the message with the numbers of
 * these writes.
 */
static noinline void msg_zerocopy_complete(struct ubuf_info *uarg)
{
	struct sk_buff *skb = skb_from_uarg(uarg), *tail;
	struct sock *sk = skb->sk;
	u32 lo = uarg->id, len = uarg->len;

	if (len && !sock_flag(sk, SOCK_DEAD)) {
		*SKB_EXT_ERR(skb) =
			(struct sock_exterr_skb){.ee = {.ee_origin = SO_EE_ORIGIN_ZEROCOPY,
							.ee_code = SO_EE_CODE_ZEROCOPY_COPIED,
							.ee_info = lo,
							.ee_data = lo + len - 1}};
		spin_lock_bh(&sk->sk_receive_queue.lock);
		tail = sk->sk_error_queue;
		if (!tail || !skb_zerocopy_notify_extend(tail, lo, len)) {
			errqueue_add(sk, skb);
			skb = NULL;
		}
		spin_unlock_bh(&sk->sk_receive_queue.lock);
		sk->sk_error_report(sk);
	}
	consume_skb(skb);
	sock_put(sk);
}

void msg_zerocopy_put(struct ubuf_info *uarg)
{
	if (refcount_dec_and_test(&uarg->refcnt))
		msg_zerocopy_complete(uarg);
}

void msg_zerocopy_put_abort(struct ubuf_info *uarg)
{
	uarg->len--;
	skb_from_uarg(uarg)->sk->sk_zckey--;
	msg_zerocopy_put(uarg);
}
