/* SPDX-License-Identifier: MIT */
/*
 * Copies an application's data once, into segments of the write queue, mostly into page fragments.
 *
 *   write/send -> sock_sendmsg -> inet_sendmsg -> tcp_sendmsg
 *     -> sk_stream_alloc_skb, copy_from_iter -> tcp_push | tcp_push_one -> tcp_write_xmit
 *
 * The last segment of the queue grows until it is as large as a packet to the device may be (size_goal:
 * several MSS if the device or dev_queue_xmit() splits it).  A write of a few hundred bytes is copied
 * into the segment's linear part, behind the headers, so that it needs no fragment.  Copied bytes count
 * as sent: if an error occurs later, the call returns the number of bytes copied before it.
 *
 * Process context; the thread owns the socket during the whole call, except while it sleeps.
 * RFC 9293 3.8.6.2.1 and 3.9.1.2 (SEND). Compare Linux's tcp.c.
 */
#include "kernel/limits.h"
#include "kernel/mm/iov_iter.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/page_frag.h"
#include "net/core/errqueue.h"
#include "net/core/limits.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_send.h"

/*
 * bytes: a write up to this size is copied into the linear part, which with headers and struct
 * skb_shared_info then takes 1 KiB.
 */
#define TCP_LINEAR_WRITE 448

/*
 * The block of pages from which the fragments of all sockets are cut, one for each CPU, so that an idle
 * socket keeps no pages.  It needs no lock: only process context uses it, and a thread does not give up
 * the CPU between refilling the block and cutting a piece from it.  A copy from the program may sleep in a page
 * fault, so the piece is cut before the copy.  A fragment that a peer does not acknowledge keeps its whole block
 * allocated, so the budget limits the number of blocks; a segment that gets no block uses pages of its own and is
 * charged for all of their memory.
 */
static struct page_frag tcp_page_frag[NR_CPUS];
static struct page_budget tcp_page_budget;

void tcp_sendmsg_init(void)
{
	tcp_page_budget.limit = nr_total_pages() / FRAG_BLOCKS_PART;
	for (unsigned int i = 0; i < NR_CPUS; i++)
		tcp_page_frag[i].budget = &tcp_page_budget;
}

/* ---- marking segments with PSH ------------------------------------------------------------------------ */

static void tcp_mark_push(struct tcp_sock *tp, struct sk_buff *skb)
{
	TCP_SKB_CB(skb)->tcp_flags |= TCPHDR_PSH;
	tp->pushed_seq = tp->write_seq;
}

/*
 * Returns true if more data than half of the peer's largest window was written since the last PSH.
 * Then the caller sets PSH, because some receivers deliver data only after a PSH.
 */
static bool forced_push(const struct tcp_sock *tp)
{
	return after(tp->write_seq, tp->pushed_seq + (tp->max_window >> 1));
}

/* Returns the size of the largest packet, from the last result of tcp_send_mss(). */
static unsigned int tcp_size_goal(const struct sock *sk, unsigned int mss_now)
{
	return sk_can_gso(sk) ? tcp_sk(sk)->gso_segs * mss_now : mss_now;
}

/*
 * At the end of a write, or before it waits for room: sets PSH on the last segment, unless more
 * data follows (MSG_MORE), and sends what may be sent.
 */
noinline void tcp_push(struct sock *sk, int flags, unsigned int mss_now, int nonagle)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	if (!skb)
		return;
	if (!(flags & MSG_MORE) || forced_push(tp))
		tcp_mark_push(tp, skb);
	if (unlikely(flags & MSG_OOB))
		tcp_mark_urg(tp);
	if (tcp_should_autocork(sk, skb, tcp_size_goal(sk, mss_now)))
		return;
	if (flags & MSG_MORE)
		nonagle = TCP_NAGLE_CORK;
	__tcp_push_pending_frames(sk, mss_now, nonagle);
}

/*
 * @skb has reached its full size during a write. If a PSH is due, sends the queued segments, as far
 * as they may be sent; otherwise sends @skb if it is the only unsent segment.
 */
static void tcp_push_full(struct sock *sk, struct sk_buff *skb, unsigned int mss_now)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (forced_push(tp)) {
		tcp_mark_push(tp, skb);
		__tcp_push_pending_frames(sk, mss_now, TCP_NAGLE_PUSH);
	} else if (skb == tcp_send_head(sk)) {
		tcp_push_one(sk, mss_now);
	}
}

/* ---- segments -------------------------------------------------------------------------------------------- */

/* Returns the MSS, and in *@size_goal the size of the largest packet for the device, a multiple of the MSS. */
static unsigned int tcp_send_mss(struct sock *sk, unsigned int *size_goal)
{
	struct tcp_sock *tp = tcp_sk(sk);
	unsigned int mss_now = tcp_current_mss(sk), segs, room;

	*size_goal = mss_now;
	if (sk_can_gso(sk)) {
		/* If the path permits only a smaller burst, tcp_write_xmit() splits the packet. */
		segs = tcp_max_gso_segs(sk, mss_now);
		room = tcp_bound_to_half_wnd(sk, segs * mss_now);
		tp->gso_segs = clamp_t(unsigned int, room / mss_now, 1, segs);
		*size_goal = tp->gso_segs * mss_now;
	}
	return mss_now;
}

/*
 * Appends an empty segment with linear room for @linear bytes to the write queue.  Returns NULL if
 * there is no memory.
 */
static struct sk_buff *tcp_new_segment(struct sock *sk, unsigned int linear)
{
	struct tcp_sock *tp = tcp_sk(sk);
	struct sk_buff *skb = sk_stream_alloc_skb(sk, linear, GFP_SEND);

	if (unlikely(!skb))
		return NULL;
	tcp_slow_start_after_idle_check(sk);
	tcp_init_nondata_skb(skb, tp->write_seq, TCPHDR_ACK);
	tcp_skb_pcount_set(skb, 0);
	tcp_queue_skb(sk, skb);
	tp->nonagle &= ~TCP_NAGLE_PUSH;
	return skb;
}

/* Removes the last segment of the write queue if it is empty because no byte could be copied. */
static void tcp_drop_empty_tail(struct sock *sk)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);

	if (!skb || skb->len || (TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
		return;
	__skb_unlink(skb, &sk->sk_write_queue);
	tcp_chrono_stop(sk, TCP_CHRONO_BUSY);
	tcp_wmem_free_skb(sk, skb);
	tcp_check_space(sk);
}

/* @n bytes were added to @skb: updates the sequence numbers. */
static void tcp_skb_grew(struct sock *sk, struct sk_buff *skb, unsigned int n)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->write_seq += n;
	TCP_SKB_CB(skb)->end_seq += n;
	/* tcp_write_xmit() counts the segments again. */
	tcp_skb_pcount_set(skb, 0);
}

/*
 * Returns the fragment of @skb for bytes at @offset of @page: the last one if the bytes directly follow it, else a new
 * one, of length 0, with a reference to @page.  Returns NULL if @skb has no room for another fragment.
 */
static skb_frag_t *tcp_skb_frag_for(struct sk_buff *skb, struct page *page, u32 offset)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	skb_frag_t *next = &shinfo->frags[shinfo->nr_frags];

	if (shinfo->nr_frags && next[-1].page == page &&
	    next[-1].page_offset + next[-1].size == offset)
		return next - 1;
	if (shinfo->nr_frags == MAX_SKB_FRAGS)
		return NULL;
	get_page(page);
	skb_fill_page_desc(skb, shinfo->nr_frags, page, offset, 0);
	return next;
}

/* @n bytes were added to @frag, the last fragment of @skb. */
static void tcp_skb_frag_grew(struct sock *sk, struct sk_buff *skb, skb_frag_t *frag,
			      unsigned int n)
{
	frag->size += n;
	skb->len += n;
	skb->data_len += n;
	skb->truesize += n;
	sk_wmem_queued_add(sk, n);
	tcp_skb_grew(sk, skb, n);
}

/* ---- copying data into segments --------------------------------------------------------------------------- */

/* Returns the last fragment of @skb if its page belongs to @skb alone and has room, else NULL. */
static skb_frag_t *tcp_skb_own_page(const struct sk_buff *skb)
{
	struct skb_shared_info *shinfo = skb_shinfo(skb);
	skb_frag_t *last = shinfo->nr_frags ? &shinfo->frags[shinfo->nr_frags - 1] : NULL;

	if (!last || !(last->page->flags & PG_WHOLE) || page_count(last->page) != 1 ||
	    last->page_offset + last->size == PAGE_SIZE)
		return NULL;
	return last;
}

/*
 * The segment that allocates a page is charged for the whole page.  If that segment was split and its first
 * part was acknowledged, the charge is gone, and the second part was charged only for its bytes.  So when the
 * second part gets more data in the rest of the page, it is charged for these bytes.
 */
static void tcp_pay_for_data(struct sock *sk, struct sk_buff *skb)
{
	u32 least = SKB_TRUESIZE(skb->end) + skb->data_len;

	if (skb->truesize >= least)
		return;
	sk_wmem_queued_add(sk, (int)(least - skb->truesize));
	skb->truesize = least;
}

/*
 * Copies to a page that belongs to @skb alone: to the last page if it has room and @fresh is false,
 * else to a new page. Returns what tcp_copy_to_skb() returns.
 */
static noinline int tcp_copy_to_own_page(struct sock *sk, struct sk_buff *skb,
					 struct iov_iter *from, unsigned int want, bool fresh)
{
	skb_frag_t *last = fresh ? NULL : tcp_skb_own_page(skb);
	struct page *page = NULL;
	unsigned int done;
	u8 *to;

	if (last) {
		to = (u8 *)skb_frag_address(last) + last->size;
		want = min_t(unsigned int, want, PAGE_SIZE - last->page_offset - last->size);
	} else {
		if (skb_shinfo(skb)->nr_frags == MAX_SKB_FRAGS)
			return -EMSGSIZE;
		page = alloc_page(GFP_SEND);
		if (!page)
			return -ENOMEM;
		page->flags |= PG_WHOLE;
		to = page_address(page);
		want = min_t(unsigned int, want, PAGE_SIZE);
	}
	done = copy_from_iter(to, want, from);
	if (!done) {
		if (page)
			put_page(page);
		return -EFAULT;
	}
	if (page) {
		skb_fill_page_desc(skb, skb_shinfo(skb)->nr_frags, page, 0, done);
		skb->truesize += PAGE_SIZE;
		sk_wmem_queued_add(sk, PAGE_SIZE);
	} else {
		last->size += done;
	}
	skb->len += done;
	skb->data_len += done;
	tcp_pay_for_data(sk, skb);
	tcp_skb_grew(sk, skb, done);
	return done;
}

/*
 * Copies to a piece of the common block.  The piece is cut first, and the fragment's reference keeps its page, because
 * another thread may cut from the block, or replace it, while the copy sleeps in a page fault.  The unused rest goes
 * back if it is still the next piece.  Returns what tcp_copy_to_skb() returns.
 */
static int tcp_copy_to_piece(struct sock *sk, struct sk_buff *skb, struct iov_iter *from,
			     unsigned int want, struct page_frag *pfrag)
{
	struct page *page = pfrag->page;
	u32 offset = pfrag->offset;
	skb_frag_t *frag = tcp_skb_frag_for(skb, page, offset);
	unsigned int done;

	if (!frag)
		return -EMSGSIZE;
	want = min(want, pfrag->size - offset);
	pfrag->offset += want;
	done = copy_from_iter((u8 *)page_address(page) + offset, want, from);
	if (unlikely(done < want) && pfrag->page == page && pfrag->offset == offset + want)
		pfrag->offset = offset + done;
	if (likely(done)) {
		tcp_skb_frag_grew(sk, skb, frag, done);
		return done;
	}
	if (!frag->size) {
		skb_shinfo(skb)->nr_frags--;
		put_page(page);
	}
	return -EFAULT;
}

int tcp_copy_to_skb(struct sock *sk, struct sk_buff *skb, struct iov_iter *from, unsigned int want)
{
	struct page_frag *pfrag = &tcp_page_frag[this_cpu()->id];
	unsigned int done;

	/*
	 * All sockets together hold too much: copy no more than the one page for which
	 * tcp_stream_memory_free() found room.
	 */
	if (unlikely(!sk_mem_schedule(sk, want, SK_MEM_SEND, sk->sk_wmem_queued,
				      sysctl_tcp_wmem[0]))) {
		if (want <= PAGE_SIZE || !tcp_wmem_has_room(sk))
			return -ENOMEM;
		want = PAGE_SIZE;
	}
	if (want <= skb_tailroom(skb)) {
		done = copy_from_iter(skb_tail_pointer(skb), want, from);
		if (!done)
			return -EFAULT;
		__skb_put(skb, done);
		tcp_skb_grew(sk, skb, done);
		return done;
	}

	if (unlikely(!page_frag_refill(1, pfrag, GFP_SEND)))
		return tcp_copy_to_own_page(sk, skb, from, want, false);
	return tcp_copy_to_piece(sk, skb, from, want, pfrag);
}

/*
 * Copies for a write with MSG_ZEROCOPY.  Linux makes a fragment of each piece of the program's pages, and charges
 * whole pages. Here each piece gets a page of its own, so that segments become as large as in
 * Linux.
 */
static noinline int tcp_copy_pinned(struct sock *sk, struct sk_buff *skb, struct iov_iter *from,
				    unsigned int want, struct ubuf_info *uarg)
{
	size_t addr, left;
	int n;

	if (skb_zcopy(skb) && skb_zcopy(skb) != uarg)
		return -EMSGSIZE;
	if (!sk_mem_schedule(sk, PAGE_SIZE, SK_MEM_SEND, sk->sk_wmem_queued, sysctl_tcp_wmem[0]))
		return -ENOMEM;
	while (from->iov_offset == from->iov->iov_len) {
		from->iov++;
		from->nr_segs--;
		from->iov_offset = 0;
	}
	addr = (size_t)from->iov->iov_base + from->iov_offset;
	left = min(from->iov->iov_len - from->iov_offset, PAGE_SIZE - addr % PAGE_SIZE);
	n = tcp_copy_to_own_page(sk, skb, from, min_t(size_t, want, left), true);
	if (n > 0)
		skb_zcopy_set(skb, uarg);
	return n;
}

/* Sends the data copied so far, then waits until there is room.  Returns 0 or -errno. */
static int tcp_wait_for_room(struct sock *sk, int flags, bool copied, long *timeo,
			     unsigned int *mss_now, unsigned int *size_goal)
{
	int err;

	if (copied)
		tcp_push(sk, flags & ~MSG_MORE, *mss_now, TCP_NAGLE_PUSH);
	/* Memory is short although this socket's buffer has room: lower the buffer's limit. */
	if (tcp_under_memory_pressure(sk) && (int)sk->sk_wmem_queued < sk->sk_sndbuf)
		sk_stream_moderate_sndbuf(sk);
	err = sk_stream_wait_memory(sk, timeo);
	if (!err)
		*mss_now = tcp_send_mss(sk, size_goal);
	return err;
}

/*
 * Returns the segment for the next bytes: the last one of the queue if it has room, else a new one.
 * Returns NULL if there is no memory now.  @left: bytes that the caller has still to copy.
 */
static struct sk_buff *tcp_segment_for(struct sock *sk, unsigned int size_goal, size_t left)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);

	if (skb && skb->len < size_goal && !TCP_SKB_CB(skb)->eor &&
	    !(TCP_SKB_CB(skb)->tcp_flags & TCPHDR_FIN))
		return skb;
	if (!sk_stream_memory_free(sk))
		return NULL;
	return tcp_new_segment(sk, left <= TCP_LINEAR_WRITE ? left : 0);
}

/* Waits until @sk is connected; a child of Fast Open may send before.  Returns 0 if @sk may send, else -errno. */
static int tcp_may_send(struct sock *sk, long *timeo)
{
	int err = 0;

	if (((1 << sk->sk_state) & ~((1 << TCP_ESTABLISHED) | (1 << TCP_CLOSE_WAIT))) &&
	    !tcp_sk(sk)->fastopen_passive) {
		/* sendfile(): data of pages is not put into a SYN. */
		if (inet_sk(sk)->defer_connect)
			err = tcp_fastopen_connect_now(sk);
		if (!err)
			err = sk_stream_wait_connect(sk, timeo);
	}
	if (!err && (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN)))
		err = -EPIPE;
	return err;
}

/* SO_TIMESTAMPING: marks the last byte of a write, whose segment is the last of the queue. */
static noinline void tcp_tx_timestamp(struct sock *sk)
{
	struct sk_buff *skb = tcp_write_queue_tail(sk);
	struct skb_shared_info *shinfo;
	u32 wanted = sk->sk_tsflags;

	if (!skb || !(wanted & (SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_TX_SCHED |
				SOF_TIMESTAMPING_TX_ACK)))
		return;
	shinfo = skb_shinfo(skb);
	if (wanted & SOF_TIMESTAMPING_TX_SOFTWARE)
		shinfo->tx_flags |= SKBTX_SW_TSTAMP;
	if (wanted & SOF_TIMESTAMPING_TX_SCHED)
		shinfo->tx_flags |= SKBTX_SCHED_TSTAMP;
	if (wanted & SOF_TIMESTAMPING_TX_ACK)
		TCP_SKB_CB(skb)->txstamp_ack = 1;
	shinfo->tskey = TCP_SKB_CB(skb)->seq + skb->len - 1;
}

/* Ends a call that put @copied bytes into the queue and then got @err: sends them, returns the result. */
static int tcp_send_result(struct sock *sk, int flags, unsigned int mss_now, size_t copied, int err)
{
	if (copied) {
		if (unlikely(sk->sk_tsflags))
			tcp_tx_timestamp(sk);
		tcp_push(sk, flags, mss_now, tcp_sk(sk)->nonagle);
		return copied;
	}
	if (!err)
		return 0;
	err = sk_stream_error(sk, flags, err);
	/*
	 * The write was refused, and no data is queued whose ACK would wake a writer later: wake
	 * the writer now.
	 */
	if (err == -EAGAIN && tcp_write_queue_empty(sk) && tcp_rtx_queue_empty(sk))
		sk->sk_write_space(sk);
	return err;
}

static int __tcp_sendmsg(struct sock *sk, struct kmsghdr *msg, struct ubuf_info *uarg)
{
	int flags = msg->msg_flags, err;
	long timeo = sock_sndtimeo(sk, flags & MSG_DONTWAIT);
	unsigned int mss_now = 0, size_goal;
	size_t copied = 0, left;

	err = tcp_may_send(sk, &timeo);
	if (err)
		return tcp_send_result(sk, flags, 0, 0, err);
	tcp_rate_check_app_limited(sk);
	mss_now = tcp_send_mss(sk, &size_goal);

	while ((left = iov_iter_count(&msg->msg_iter))) {
		struct sk_buff *skb = tcp_segment_for(sk, size_goal, left);
		int n;

		if (!skb)
			n = -ENOMEM;
		else if (unlikely(uarg))
			n = tcp_copy_pinned(sk, skb, &msg->msg_iter,
					    min_t(size_t, left, size_goal - skb->len), uarg);
		else
			n = tcp_copy_to_skb(sk, skb, &msg->msg_iter,
					    min_t(size_t, left, size_goal - skb->len));
		if (n == -EMSGSIZE) {
			/* @skb has no room for another fragment: close it, so that a new one is used. */
			TCP_SKB_CB(skb)->eor = 1;
			tcp_mark_push(tcp_sk(sk), skb);
			continue;
		}
		if (n == -ENOMEM) {
			tcp_drop_empty_tail(sk);
			err = tcp_wait_for_room(sk, flags, copied, &timeo, &mss_now, &size_goal);
			if (!err && (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN)))
				err = -EPIPE;
			if (err)
				break;
			continue;
		}
		if (n < 0) {
			tcp_drop_empty_tail(sk);
			err = n;
			break;
		}
		if (!copied)
			TCP_SKB_CB(skb)->tcp_flags &= ~TCPHDR_PSH;
		copied += n;
		if (n == (int)left) {
			TCP_SKB_CB(skb)->eor = !!(flags & MSG_EOR);
			break;
		}
		/* With MSG_OOB the data waits until all of it is copied, because only then the urgent mark is set. */
		if (skb->len >= size_goal && !(flags & MSG_OOB))
			tcp_push_full(sk, skb, mss_now);
	}
	return tcp_send_result(sk, flags, mss_now, copied, err);
}

static noinline int tcp_sendmsg_zerocopy(struct sock *sk, struct kmsghdr *msg)
{
	struct sk_buff *tail = tcp_write_queue_tail(sk);
	struct ubuf_info *uarg = msg_zerocopy_realloc(sk, iov_iter_count(&msg->msg_iter),
						      tail ? skb_zcopy(tail) : NULL);
	int ret;

	if (!uarg)
		return sk_stream_error(sk, msg->msg_flags, -ENOBUFS);
	ret = __tcp_sendmsg(sk, msg, uarg);
	if (ret > 0)
		msg_zerocopy_put(uarg);
	else
		msg_zerocopy_put_abort(uarg);
	return ret;
}

static int tcp_sendmsg_locked(struct sock *sk, struct kmsghdr *msg)
{
	if (unlikely(msg->msg_flags & MSG_ZEROCOPY) && sock_flag(sk, SOCK_ZEROCOPY) &&
	    iov_iter_count(&msg->msg_iter))
		return tcp_sendmsg_zerocopy(sk, msg);
	return __tcp_sendmsg(sk, msg, NULL);
}

/* Returns how many bytes of @msg were queued, or -errno: -EPIPE, -EAGAIN, -EFAULT, -ECONNRESET ... */
noinline int tcp_sendmsg(struct sock *sk, struct kmsghdr *msg, size_t size)
{
	int ret;

	(void)size; /* msg->msg_iter has the size too */
	lock_sock(sk);
	ret = tcp_sendmsg_locked(sk, msg);
	release_sock(sk);
	return ret;
}

/* ---- pages ---------------------------------------------------------------------------------------------------- */

static int tcp_sendpage_locked(struct sock *sk, struct page *page, int offset, size_t size,
			       int flags)
{
	long timeo = sock_sndtimeo(sk, flags & MSG_DONTWAIT);
	unsigned int mss_now = 0, size_goal;
	size_t copied = 0;
	int err;

	err = tcp_may_send(sk, &timeo);
	if (err)
		return tcp_send_result(sk, flags, 0, 0, err);
	tcp_rate_check_app_limited(sk);
	mss_now = tcp_send_mss(sk, &size_goal);

	while (copied < size) {
		struct sk_buff *skb = tcp_segment_for(sk, size_goal, size_goal);
		skb_frag_t *frag;
		unsigned int n;

		if (!skb) {
			err = tcp_wait_for_room(sk, flags, copied, &timeo, &mss_now, &size_goal);
			if (!err && (sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN)))
				err = -EPIPE;
			if (err)
				break;
			continue;
		}
		frag = tcp_skb_frag_for(skb, page, offset + copied);
		if (!frag) {
			TCP_SKB_CB(skb)->eor = 1;
			tcp_mark_push(tcp_sk(sk), skb);
			continue;
		}
		n = min_t(size_t, size - copied, size_goal - skb->len);
		tcp_skb_frag_grew(sk, skb, frag, n);
		if (!copied)
			TCP_SKB_CB(skb)->tcp_flags &= ~TCPHDR_PSH;
		copied += n;
		if (copied < size && skb->len >= size_goal)
			tcp_push_full(sk, skb, mss_now);
	}
	return tcp_send_result(sk, flags, mss_now, copied, err);
}

/*
 * Queues @size bytes at @offset of the block @page without a copy; each fragment takes a reference to the
 * block.  Returns the number of bytes queued, or -errno.  proto.sendpage <- sendfile().
 */
int tcp_sendpage(struct sock *sk, struct page *page, int offset, size_t size, int flags)
{
	int ret;

	if (flags & MSG_OOB)
		return -EOPNOTSUPP;
	lock_sock(sk);
	ret = tcp_sendpage_locked(sk, page, offset, size, flags);
	release_sock(sk);
	return ret;
}
