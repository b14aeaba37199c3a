/* SPDX-License-Identifier: MIT */
/*
 * The functions in which the system calls of a stream protocol wait: until the connection is
 * established, until there is space to send, or until the connection has ended.
 *
 * tcp_sendmsg() calls sk_stream_wait_connect() and sk_stream_wait_memory(); tcp_close() calls
 * sk_stream_wait_close(). These three run in process context; the caller owns the sock, and they
 * release it while they sleep. tcp_sendmsg() and unix_sendmsg() call sk_stream_error() (process).
 * inet_csk_destroy_sock() calls sk_stream_kill_queues() in any context. Compare Linux's
 * net/core/stream.c.
 */
#include "include/uapi/socket.h"
#include "kernel/process/signal.h"
#include "kernel/lib/random.h"
#include "net/core/errqueue.h"

/* jiffies: longest wait if the sock has space but the machine is out of memory */
#define VM_WAIT_MAX (HZ / 5)

static bool state_in(const struct sock *sk, unsigned int states)
{
	return (1u << sk->sk_state) & states;
}

/*
 * Waits until the connection is established. Returns 0, -EPIPE if the socket is neither connected
 * nor connecting, or -errno if the wait ended early.
 */
int sk_stream_wait_connect(struct sock *sk, long *timeo_p)
{
	const unsigned int opening = 1u << TCP_SYN_SENT | 1u << TCP_SYN_RECV;
	const unsigned int open = 1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT;
	DEFINE_WAIT(wait);
	int done, err;

	do {
		err = sock_error(sk);
		if (err)
			return err;
		if (state_in(sk, open))
			return 0;
		if (!state_in(sk, opening))
			return -EPIPE;
		if (!*timeo_p)
			return -EAGAIN;
		if (signal_pending(current))
			return sock_intr_errno(*timeo_p);
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		done = sk_wait_event(sk, timeo_p, !sk->sk_err && state_in(sk, open));
		finish_wait(sk_sleep(sk), &wait);
	} while (!done);
	return 0;
}

static bool send_is_over(const struct sock *sk)
{
	return sk->sk_err || (sk->sk_shutdown & SEND_SHUTDOWN);
}

/*
 * Waits until the sock has space to send. If the sock has space already, the caller has failed to
 * allocate memory: then the function first sleeps for a random time, so that not all waiting
 * threads retry at once.
 */
int sk_stream_wait_memory(struct sock *sk, long *timeo_p)
{
	bool vm_wait = sk_stream_memory_free(sk);
	DEFINE_WAIT(wait);
	int err = 0;

	for (;;) {
		long timeo = *timeo_p;

		sock_set_flag(sk, SOCK_NOSPACE);
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (send_is_over(sk)) {
			err = -EPIPE;
			break;
		}
		if (!*timeo_p) {
			err = -EAGAIN;
			break;
		}
		if (signal_pending(current)) {
			err = sock_intr_errno(*timeo_p);
			break;
		}
		if (!vm_wait && sk_stream_memory_free(sk)) {
			sock_reset_flag(sk, SOCK_NOSPACE);
			break;
		}
		if (vm_wait) {
			long pause = min(timeo, (long)prandom_u32_max(VM_WAIT_MAX) + 2);
			long left = pause;

			sk_wait_event(sk, &left, send_is_over(sk));
			if (timeo != MAX_SCHEDULE_TIMEOUT)
				*timeo_p = timeo - (pause - left);
			vm_wait = false;
		} else {
			sk_wait_event(sk, timeo_p, send_is_over(sk) || sk_stream_memory_free(sk));
		}
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

/*
 * Waits in close() with SO_LINGER until the peer has acknowledged our FIN, the timeout expires or a
 * signal arrives.
 */
void sk_stream_wait_close(struct sock *sk, long timeout)
{
	const unsigned int closing = 1u << TCP_FIN_WAIT1 | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK;
	DEFINE_WAIT(wait);

	while (timeout && !signal_pending(current)) {
		prepare_to_wait(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		if (sk_wait_event(sk, &timeout, !state_in(sk, closing)))
			break;
	}
	finish_wait(sk_sleep(sk), &wait);
}

/*
 * Returns the errno for a send that failed with @err. Instead of -EPIPE that is the sock's pending
 * error, if there is one. If there is none, the thread gets SIGPIPE, unless @flags has
 * MSG_NOSIGNAL.
 */
int sk_stream_error(struct sock *sk, int flags, int err)
{
	int pending;

	if (err != -EPIPE)
		return err;
	pending = sock_error(sk);
	if (pending)
		return pending;
	if (!(flags & MSG_NOSIGNAL))
		send_sigpipe();
	return -EPIPE;
}

/* Frees unread received data. The protocol has emptied the write and retransmit queues before. */
void sk_stream_kill_queues(struct sock *sk)
{
	__skb_queue_purge(&sk->sk_receive_queue);
	skb_errqueue_purge(sk);
	WARN_ON(!skb_queue_empty(&sk->sk_write_queue));
	WARN_ON(sk->sk_wmem_queued);
}
