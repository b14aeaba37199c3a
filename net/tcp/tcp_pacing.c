/* SPDX-License-Identifier: MIT */
/*
 * Two limits on sending, in addition to the windows: the pacing rate, and the number of bytes of this socket that wait
 * in our own device (TCP small queues).  Each limit stops the sender until an event starts it again.
 *
 *   tcp_write_xmit, tcp_xmit_retransmit_queue
 *     -> tcp_pacing_check             before the departure time: arms pacing_timer
 *     -> tcp_small_queue_check        too much waits in the device: sets TSQ_THROTTLED
 *   tcp_push -> tcp_should_autocork   a small write, and a packet waits in the device: sets TSQ_THROTTLED
 *   tcp_transmit_skb -> tcp_update_wstamp      a packet was sent: sets the departure time of the next one
 *   HRTIMER softirq -> tcp_pace_kick                        -> tcp_tsq_handler
 *   the device has sent a packet -> tcp_wfree (its destructor)
 *     TASKLET softirq -> tcp_tsq_run                        -> tcp_tsq_handler
 *   tcp_tsq_handler -> tcp_tsq_write, or release_sock() -> tcp_release_cb -> tcp_tsq_write
 *
 * Pacing: each packet is followed by a pause of its length divided by sk_pacing_rate.  A socket is paced
 * only if its congestion control asks for that, or SO_MAX_PACING_RATE is set; for the others sk_pacing_rate
 * only sizes bursts.  A millisecond is too coarse, so the timer is an hrtimer.
 *
 * Small queues: a sender has no more data in IP, the device's queue and the device than is needed to keep the
 * device busy.  Data that waits in the socket's own queue instead can still be combined into larger packets,
 * and does not delay other sockets.  The round-trip time of such data is measured from the moment at which the
 * data leaves that queue.
 *
 * Context: the thread that owns the socket, or softirq with the bh lock while no thread owns it.  tcp_wfree() runs
 * in any context but hard interrupt, perhaps with the bh lock of this socket or a device's lock held, so it only
 * queues the socket.
 * Compare Linux's tcp_output.c.
 */
#include "kernel/lib/atomic.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_send.h"

/* ---- the event has come ---------------------------------------------------------------------------- */

/*
 * Sends as much as the windows permit, lost segments first.  If F-RTO has sent only a part of its new data, sends the
 * rest of that data instead: no lost segment is retransmitted before the ACK of the new data (RFC 5682 2.1, step 2
 * (b)), and Nagle's rule does not apply (tcp_xmit_recovery()).
 */
void tcp_tsq_write(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool frto = tp->frto && after(tp->snd_nxt, tp->high_seq);

	if (!((1u << sk->sk_state) &
	      (1u << TCP_ESTABLISHED | 1u << TCP_FIN_WAIT1 | 1u << TCP_CLOSING |
	       1u << TCP_CLOSE_WAIT | 1u << TCP_LAST_ACK)))
		return;
	if (!frto && tp->lost_out > tp->retrans_out && tp->snd_cwnd > tcp_packets_in_flight(tp)) {
		tcp_mstamp_refresh(tp);
		tcp_xmit_retransmit_queue(sk);
	}
	tcp_write_xmit(sk, tcp_current_mss(sk), frto ? TCP_NAGLE_OFF : tp->nonagle, 0, GFP_ATOMIC);
}

static void tcp_tsq_handler(struct sock *sk)
{
	bh_lock_sock(sk);
	if (!sock_owned_by_user(sk))
		tcp_tsq_write(sk);
	else
		tcp_defer(sk, TCP_TSQ_DEFERRED);
	bh_unlock_sock(sk);
}

/* ---- pacing ---------------------------------------------------------------------------------------- */

/* The departure time of the next packet has come.  Drops the reference that the armed timer held. */
void tcp_pace_kick(struct hrtimer *timer)
{
	struct tcp_sock *tp = container_of(timer, struct tcp_sock, pacing_timer);
	struct sock *sk = (struct sock *)tp;

	tcp_tsq_handler(sk);
	sock_put(sk);
}

void tcp_clear_pacing(struct sock *sk)
{
	if (hrtimer_try_to_cancel(&tcp_sk(sk)->pacing_timer))
		sock_put(sk);
}

bool tcp_pacing_check(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (sk->sk_pacing_status == SK_PACING_NONE || tp->tcp_wstamp_ns <= tp->tcp_mstamp)
		return false;
	if (!hrtimer_is_queued(&tp->pacing_timer)) {
		sock_hold(sk);
		if (!hrtimer_start(&tp->pacing_timer, tp->tcp_wstamp_ns))
			sock_put(sk);
	}
	return true;
}

/*
 * A packet of @bytes was sent: sets the departure time of the next one.  If this packet was sent after its own
 * departure time, because the timer was late or the window was closed, the next pause is shorter by the delay, but
 * at most by half.  So the average rate is kept, and there is no burst after an idle time.
 */
void tcp_update_wstamp(struct sock *sk, unsigned int bytes)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u64 due = tp->tcp_wstamp_ns, rate = sk->sk_pacing_rate, pause;

	tp->tcp_wstamp_ns = max(due, tp->tcp_mstamp);
	if (!rate || rate == ~0ull || tp->data_segs_out < TCP_UNPACED_SEGS)
		return;
	pause = (u64)bytes * NSEC_PER_SEC / rate;
	pause -= min(pause / 2, tp->tcp_wstamp_ns - due);
	tp->tcp_wstamp_ns += pause;
}

/* ---- small queues ---------------------------------------------------------------------------------- */

bool tcp_device_holds(const struct sock *sk, u64 limit)
{
	if (likely((u32)atomic_read(&sk->sk_wmem_alloc) <= limit))
		return false;
	dev_tx_await();
	return (u32)atomic_read(&sk->sk_wmem_alloc) > limit;
}

bool tcp_skb_in_device(const struct sock *sk, const struct sk_buff *skb)
{
	if (!skb_fclone_busy(sk, skb))
		return false;
	dev_tx_await();
	return skb_fclone_busy(sk, skb);
}

/* Sockets with TSQ_QUEUED. */
static LIST_HEAD(tsq_list);
static DEFINE_SPINLOCK(tsq_lock);

bool tcp_small_queue_check(struct sock *sk, const struct sk_buff *skb, unsigned int factor)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u64 limit;

	if (tcp_rtx_queue_empty(sk))
		return false;
	limit = max_t(u64, 2 * skb->truesize, sk->sk_pacing_rate >> SK_PACING_SHIFT);
	if (sk->sk_pacing_status == SK_PACING_NONE)
		limit = min_t(u64, limit, sysctl_tcp_limit_output_bytes);
	limit <<= factor;
	/* With at most one packet in the retransmit queue do not wait, so that the device does not become idle. */
	if (!tcp_device_holds(sk, limit) || !skb_rb_next(tcp_rtx_queue_head(sk)))
		return false;
	set_bit(TSQ_THROTTLED, &tp->tsq_state);
	/*
	 * The last completion may have come between the test and set_bit(); then tcp_wfree() did not see
	 * TSQ_THROTTLED, and will not start the sender.  So test again after the bit is set.
	 */
	smp_mb();
	return (u32)atomic_read(&sk->sk_wmem_alloc) > limit;
}

/*
 * A packet of this socket still waits in the device, and a small segment would wait behind that packet.  So the segment
 * waits in the write queue, where the next write can fill it; tcp_wfree() sends the segment when the packet has left.
 * If all data is acknowledged, the packet in the device carries nothing new, so the segment is sent at once.
 */
bool tcp_should_autocork(struct sock *sk, const struct sk_buff *skb, unsigned int size_goal)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (skb->len >= size_goal || !READ_ONCE(sysctl_tcp_autocorking) ||
	    tcp_rtx_queue_empty(sk) || TCP_SKB_CB(skb)->eor || !tcp_device_holds(sk, skb->truesize))
		return false;
	if (!test_bit(TSQ_THROTTLED, &tp->tsq_state)) {
		snmp_inc(SNMP_TcpExtTCPAutoCorking);
		set_bit(TSQ_THROTTLED, &tp->tsq_state);
		smp_mb(); /* as in tcp_small_queue_check() */
	}
	return (u32)atomic_read(&sk->sk_wmem_alloc) > skb->truesize;
}

/*
 * The destructor of a sent packet.  If it queues the socket, one byte of the packet's charge (sk_wmem_alloc)
 * stays.  This byte keeps the queued socket in memory, even if the last reference to the socket is dropped.
 */
void tcp_wfree(struct sk_buff *skb)
{
	struct sock *sk = skb->sk;
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned long flags;

	atomic_sub(skb->truesize - 1, &sk->sk_wmem_alloc);
	smp_mb();
	if (likely(!test_bit(TSQ_THROTTLED, &tp->tsq_state)) ||
	    test_and_set_bit(TSQ_QUEUED, &tp->tsq_state)) {
		sk_free(sk);
		return;
	}
	clear_bit(TSQ_THROTTLED, &tp->tsq_state);
	spin_lock_irqsave(&tsq_lock, flags);
	list_add_tail(&tp->tsq_node, &tsq_list);
	raise_softirq_irqoff(TASKLET_SOFTIRQ);
	spin_unlock_irqrestore(&tsq_lock, flags);
}

static struct tcp_sock *tsq_dequeue(void)
{
	struct tcp_sock *tp = NULL;
	unsigned long flags;

	spin_lock_irqsave(&tsq_lock, flags);
	if (!list_empty(&tsq_list)) {
		tp = list_first_entry(&tsq_list, struct tcp_sock, tsq_node);
		list_del(&tp->tsq_node);
	}
	spin_unlock_irqrestore(&tsq_lock, flags);
	return tp;
}

/* The function of TASKLET_SOFTIRQ. */
static void tcp_tsq_run(void)
{
	struct tcp_sock *tp;

	while ((tp = tsq_dequeue())) {
		/* After this, another completion may queue the socket again. */
		clear_bit(TSQ_QUEUED, &tp->tsq_state);
		smp_mb();
		tcp_tsq_handler((struct sock *)tp);
		sk_free((struct sock *)tp);
	}
}

void tcp_tsq_init(void)
{
	open_softirq(TASKLET_SOFTIRQ, tcp_tsq_run);
}
