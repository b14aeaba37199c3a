/* SPDX-License-Identifier: MIT */
/*
 * setsockopt() and getsockopt() at level SOL_TCP.
 *
 * tcp_setsockopt(), tcp_getsockopt() <- sock_common_setsockopt/getsockopt (process; they lock the
 * socket); tcp_set_keepalive() <- SO_KEEPALIVE (the thread owns the socket). As in Linux times are
 * in whole seconds, except TCP_USER_TIMEOUT (ms), TCP_INFO (us and ms), and the options whose names
 * end in _MS and _US. RFC 9293 3.9.2, RFC 5482 (user timeout). Compare Linux's net/ipv4/tcp.c.
 */
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "net/core/limits.h"
#include "net/tcp/limits.h"
#include "net/tcp/tcp_fastopen.h"
#include "net/tcp/tcp_in.h"
#include "net/tcp/tcp_send.h"

#define MAX_TCP_KEEPIDLE  32767
#define MAX_TCP_KEEPINTVL 32767
#define MAX_TCP_KEEPCNT   127
#define MAX_TCP_SYNCNT    127

/* ---- keepalive ------------------------------------------------------------------------------------------- */

void tcp_set_keepalive(struct sock *sk, int on)
{
	if (tcp_state_in(sk, TCPF_OF(CLOSE) | TCPF_OF(LISTEN)))
		return;
	if (on && !sock_flag(sk, SOCK_KEEPOPEN))
		inet_csk_reset_keepalive_timer(sk, keepalive_time_when(tcp_sk(sk)));
	else if (!on)
		inet_csk_delete_keepalive_timer(sk);
}

/* TCP_KEEPIDLE: sets the idle time before the first probe, which counts from the peer's last segment. */
static void set_keepidle(struct sock *sk, int seconds)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 elapsed;

	tp->keepalive_time = seconds * HZ;
	if (!sock_flag(sk, SOCK_KEEPOPEN) || tcp_state_in(sk, TCPF_OF(CLOSE) | TCPF_OF(LISTEN)))
		return;
	elapsed = min(tcp_jiffies32 - inet_csk(sk)->icsk_ack.lrcvtime,
		      tcp_jiffies32 - tp->rcv_tstamp);
	inet_csk_reset_keepalive_timer(
		sk, elapsed < tp->keepalive_time ? tp->keepalive_time - elapsed : 0);
}

/* ---- TCP_DEFER_ACCEPT: converts seconds to timeouts of the SYN-ACK, of 1 + 2 + 4 ... seconds -- */

static u8 secs_to_retrans(int seconds)
{
	const int most = TCP_RTO_MAX / HZ;
	int timeout = TCP_TIMEOUT_INIT / HZ, period;
	u8 rounds = 0;

	if (seconds <= 0)
		return 0;
	for (rounds = 1, period = timeout; seconds > period && rounds < 255; rounds++) {
		timeout = min(timeout << 1, most);
		period += timeout;
	}
	return rounds;
}

static int retrans_to_secs(u8 rounds)
{
	const int most = TCP_RTO_MAX / HZ;
	int timeout = TCP_TIMEOUT_INIT / HZ, period = rounds ? timeout : 0;

	while (rounds > 1) {
		timeout = min(timeout << 1, most);
		period += timeout;
		rounds--;
	}
	return period;
}

/* ---- setsockopt() ---------------------------------------------------------------------------------------- */

static void push_pending(struct sock *sk)
{
	if (tcp_send_head(sk))
		__tcp_push_pending_frames(sk, tcp_current_mss(sk), tcp_sk(sk)->nonagle);
}

static void set_nodelay(struct sock *sk, bool on)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (!on) {
		tp->nonagle &= ~TCP_NAGLE_OFF;
		return;
	}
	/* As in Linux, data that is queued is sent now, even with TCP_CORK. */
	tp->nonagle |= TCP_NAGLE_OFF | TCP_NAGLE_PUSH;
	push_pending(sk);
}

static void set_cork(struct sock *sk, bool on)
{
	struct tcp_sock *tp = tcp_sk(sk);

	if (on) {
		tp->nonagle |= TCP_NAGLE_CORK;
		return;
	}
	tp->nonagle &= ~TCP_NAGLE_CORK;
	if (tp->nonagle & TCP_NAGLE_OFF)
		tp->nonagle |= TCP_NAGLE_PUSH;
	push_pending(sk);
}

/*
 * TCP_QUICKACK. 0: delays ACKs. An odd number: sends a pending ACK now, and ACKs without delay
 * until interactive traffic changes the mode. Any other even number: sends a pending ACK now, and
 * then delays ACKs again; if no ACK is pending, it acts like an odd number.
 */
static void set_quickack(struct sock *sk, int val)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (!val) {
		icsk->icsk_ack.pingpong = 1;
		return;
	}
	icsk->icsk_ack.pingpong = 0;
	if (tcp_state_in(sk, TCPF_OF(ESTABLISHED) | TCPF_OF(CLOSE_WAIT)) &&
	    inet_csk_ack_scheduled(sk)) {
		icsk->icsk_ack.pending |= ICSK_ACK_PUSHED;
		tcp_cleanup_rbuf(sk, 1);
		if (!(val & 1))
			icsk->icsk_ack.pingpong = 1;
	}
}

static int set_window_clamp(struct sock *sk, int val)
{
	struct tcp_sock *tp = tcp_sk(sk);
	u32 clamp;

	if (!val) {
		if (sk->sk_state != TCP_CLOSE)
			return -EINVAL;
		tp->window_clamp = 0;
		return 0;
	}
	clamp = max(val, SOCK_MIN_RCVBUF / 2);
	/*
	 * If the clamp rises, rcv_ssthresh permits at once the window that we offered last; tcp_grow_window()
	 * raises rcv_ssthresh further.
	 */
	if (clamp < tp->window_clamp)
		tp->rcv_ssthresh = min(tp->rcv_ssthresh, clamp);
	else if (clamp > tp->window_clamp)
		tp->rcv_ssthresh = max(tp->rcv_ssthresh, min(tp->rcv_wnd, clamp));
	tp->window_clamp = clamp;
	return 0;
}

static bool in_range(int val, int least, int most)
{
	return val >= least && val <= most;
}

/* Stores a time of @us microseconds as jiffies, from TCP_TIMEOUT_MIN to @most.  Returns 0 or -EINVAL. */
static int set_jiffies(u32 *at, int us, u32 most)
{
	u32 when = us < 0 ? 0 : tcp_usecs_to_jiffies(us);

	if (!in_range(when, TCP_TIMEOUT_MIN, most))
		return -EINVAL;
	*at = when;
	return 0;
}

/* Sets an option that is a number within a range.  Returns 0, -EINVAL, or -ENOPROTOOPT for other options. */
static int set_number(struct sock *sk, int optname, int val)
{
	struct inet_connection_sock *icsk = inet_csk(sk);
	struct tcp_sock *tp = tcp_sk(sk);

	switch (optname) {
	case TCP_MAXSEG:
		if (val && !in_range(val, TCP_MIN_MSS, MAX_TCP_WINDOW))
			return -EINVAL;
		tp->rx_opt.user_mss = val;
		return 0;
	case TCP_KEEPINTVL:
		if (!in_range(val, 1, MAX_TCP_KEEPINTVL))
			return -EINVAL;
		tp->keepalive_intvl = val * HZ;
		return 0;
	case TCP_KEEPCNT:
		if (!in_range(val, 1, MAX_TCP_KEEPCNT))
			return -EINVAL;
		tp->keepalive_probes = val;
		return 0;
	case TCP_SYNCNT:
		if (!in_range(val, 1, MAX_TCP_SYNCNT))
			return -EINVAL;
		icsk->icsk_syn_retries = val;
		return 0;
	case TCP_LINGER2:
		/*
		 * A negative value: an orphan does not wait in FIN_WAIT2.  A value above tcp_fin_timeout is
		 * stored as 0, which means tcp_fin_timeout.
		 */
		tp->linger2 = val < 0 ? -1 : val > sysctl_tcp_fin_timeout / HZ ? 0 : val;
		return 0;
	case TCP_DEFER_ACCEPT:
		icsk->icsk_accept_queue.rskq_defer_accept = secs_to_retrans(val);
		return 0;
	case TCP_SAVE_SYN:
		if (!in_range(val, 0, 1))
			return -EINVAL;
		tp->save_syn = val;
		return 0;
	case TCP_INQ:
		if (!in_range(val, 0, 1))
			return -EINVAL;
		tp->recvmsg_inq = val;
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		if (!in_range(val, 0, 1))
			return -EINVAL;
		tp->thin_lto = val;
		return 0;
	case TCP_FASTOPEN:
		if (val < 0 || !tcp_state_in(sk, TCPF_OF(CLOSE) | TCPF_OF(LISTEN)))
			return -EINVAL;
		tcp_fastopen_set_queue(sk, val);
		return 0;
	case TCP_FASTOPEN_CONNECT:
		if (!in_range(val, 0, 1))
			return -EINVAL;
		if (!(READ_ONCE(sysctl_tcp_fastopen) & TFO_CLIENT_ENABLE))
			return -EOPNOTSUPP;
		if (sk->sk_state != TCP_CLOSE)
			return -EINVAL;
		tp->fastopen_connect = val;
		return 0;
	case TCP_FASTOPEN_NO_COOKIE:
		if (!in_range(val, 0, 1) || !tcp_state_in(sk, TCPF_OF(CLOSE) | TCPF_OF(LISTEN)))
			return -EINVAL;
		tp->fastopen_no_cookie = val;
		return 0;
	case TCP_NOTSENT_LOWAT:
		tp->notsent_lowat = val;
		sk->sk_write_space(sk);
		return 0;
	case TCP_RTO_MAX_MS:
		if (!in_range(val, TCP_RTO_MAX_DEFAULT_MS_RANGE))
			return -EINVAL;
		icsk->icsk_rto_max = msecs_to_jiffies(val);
		return 0;
	case TCP_RTO_MIN_US:
		return set_jiffies(&icsk->icsk_rto_min, val, TCP_RTO_MIN);
	case TCP_DELACK_MAX_US:
		return set_jiffies(&icsk->icsk_delack_max, val, TCP_DELACK_MAX);
	case TCP_USER_TIMEOUT:
		if (val < 0)
			return -EINVAL;
		icsk->icsk_user_timeout = val;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* The caller owns @sk. */
static int do_tcp_setsockopt(struct sock *sk, int optname, int val)
{
	switch (optname) {
	case TCP_NODELAY:
		set_nodelay(sk, val);
		return 0;
	case TCP_CORK:
		set_cork(sk, val);
		return 0;
	case TCP_QUICKACK:
		set_quickack(sk, val);
		return 0;
	case TCP_KEEPIDLE:
		if (!in_range(val, 1, MAX_TCP_KEEPIDLE))
			return -EINVAL;
		set_keepidle(sk, val);
		return 0;
	case TCP_WINDOW_CLAMP:
		return set_window_clamp(sk, val);
	default:
		return set_number(sk, optname, val);
	}
}

static int set_congestion(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	char name[TCP_CA_NAME_MAX] = {0};
	int err;

	if (optlen < 1)
		return -EINVAL;
	if (copy_from_user(name, optval, min_t(unsigned int, optlen, sizeof(name) - 1)))
		return -EFAULT;
	lock_sock(sk);
	err = tcp_set_congestion_control(sk, name);
	release_sock(sk);
	return err;
}

static int set_fastopen_key(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	siphash_key_t keys[TCP_FASTOPEN_KEYS];

	if (optlen != sizeof(keys) && optlen != sizeof(*keys))
		return -EINVAL;
	if (copy_from_user(keys, optval, optlen))
		return -EFAULT;
	return tcp_fastopen_set_keys(sk, keys, optlen / sizeof(*keys));
}

int tcp_setsockopt(struct sock *sk, int level, int optname, const void __user *optval,
		   unsigned int optlen)
{
	int val, err;

	if (level != SOL_TCP)
		return -ENOPROTOOPT;
	if (optname == TCP_CONGESTION)
		return set_congestion(sk, optval, optlen);
	if (optname == TCP_FASTOPEN_KEY)
		return set_fastopen_key(sk, optval, optlen);
	if (optlen < sizeof(val))
		return -EINVAL;
	if (copy_from_user(&val, optval, sizeof(val)))
		return -EFAULT;
	lock_sock(sk);
	err = do_tcp_setsockopt(sk, optname, val);
	release_sock(sk);
	return err;
}

/* ---- getsockopt() ------------------------------------------------------------------------------------------ */

/* Stores the value of an option of type int in *@val, or returns -ENOPROTOOPT.  The caller owns @sk. */
static int do_tcp_getsockopt(const struct sock *sk, int optname, int *val)
{
	const struct inet_connection_sock *icsk = inet_csk(sk);
	const struct tcp_sock *tp = tcp_sk(sk);

	switch (optname) {
	case TCP_MAXSEG:
		*val = tp->mss_cache;
		if (tp->rx_opt.user_mss && tcp_state_in(sk, TCPF_OF(CLOSE) | TCPF_OF(LISTEN)))
			*val = tp->rx_opt.user_mss;
		return 0;
	case TCP_NODELAY:
		*val = !!(tp->nonagle & TCP_NAGLE_OFF);
		return 0;
	case TCP_CORK:
		*val = !!(tp->nonagle & TCP_NAGLE_CORK);
		return 0;
	case TCP_KEEPIDLE:
		*val = keepalive_time_when(tp) / HZ;
		return 0;
	case TCP_KEEPINTVL:
		*val = keepalive_intvl_when(tp) / HZ;
		return 0;
	case TCP_KEEPCNT:
		*val = keepalive_probes(tp);
		return 0;
	case TCP_SYNCNT:
		*val = icsk->icsk_syn_retries ? icsk->icsk_syn_retries : sysctl_tcp_syn_retries;
		return 0;
	case TCP_LINGER2:
		*val = tp->linger2 ? tp->linger2 : sysctl_tcp_fin_timeout / HZ;
		return 0;
	case TCP_DEFER_ACCEPT:
		*val = retrans_to_secs(icsk->icsk_accept_queue.rskq_defer_accept);
		return 0;
	case TCP_WINDOW_CLAMP:
		*val = tp->window_clamp;
		return 0;
	case TCP_QUICKACK:
		*val = !icsk->icsk_ack.pingpong;
		return 0;
	case TCP_SAVE_SYN:
		*val = tp->save_syn;
		return 0;
	case TCP_INQ:
		*val = tp->recvmsg_inq;
		return 0;
	case TCP_THIN_LINEAR_TIMEOUTS:
		*val = tp->thin_lto;
		return 0;
	case TCP_FASTOPEN:
		*val = icsk->icsk_accept_queue.fastopenq.max_qlen;
		return 0;
	case TCP_FASTOPEN_CONNECT:
		*val = tp->fastopen_connect;
		return 0;
	case TCP_FASTOPEN_NO_COOKIE:
		*val = tp->fastopen_no_cookie;
		return 0;
	case TCP_NOTSENT_LOWAT:
		*val = tp->notsent_lowat;
		return 0;
	case TCP_RTO_MAX_MS:
		*val = jiffies_to_msecs(tcp_rto_max(sk));
		return 0;
	case TCP_RTO_MIN_US:
		*val = tcp_rto_min_us(sk);
		return 0;
	case TCP_DELACK_MAX_US:
		*val = (icsk->icsk_delack_max ? icsk->icsk_delack_max : TCP_DELACK_MAX) *
		       (1000000 / HZ);
		return 0;
	case TCP_USER_TIMEOUT:
		*val = icsk->icsk_user_timeout;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

/* Copies the first @len bytes of @value, at most @size, to @optval, and their number to @optlen. */
static int copy_option(void __user *optval, int __user *optlen, int len, const void *value,
		       int size)
{
	len = min(len, size);
	if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, value, len))
		return -EFAULT;
	return 0;
}

/* TCP_CC_INFO: an algorithm without data of its own returns a length of 0, as in Linux. */
static int get_cc_info(struct sock *sk, void __user *optval, int __user *optlen, int len)
{
	const struct tcp_congestion_ops *ca;
	union tcp_cc_info info;
	size_t size = 0;

	lock_sock(sk);
	ca = inet_csk(sk)->icsk_ca_ops;
	if (ca->get_info)
		size = ca->get_info(sk, &info);
	release_sock(sk);
	return copy_option(optval, optlen, len, &info, size);
}

/* TCP_SAVED_SYN: if the buffer is too short, stores the needed length in *@optlen and keeps the headers. */
static int get_saved_syn(struct sock *sk, void __user *optval, int __user *optlen, int len)
{
	struct tcp_sock *tp = tcp_sk(sk);
	int err = 0, size = 0;

	lock_sock(sk);
	if (tp->saved_syn)
		size = tp->saved_syn->len;
	if (copy_to_user(optlen, &size, sizeof(size)))
		err = -EFAULT;
	else if (len < size)
		err = -EINVAL;
	else if (size && copy_to_user(optval, tp->saved_syn->data, size))
		err = -EFAULT;
	if (!err)
		tcp_saved_syn_free(tp);
	release_sock(sk);
	return err;
}

int tcp_getsockopt(struct sock *sk, int level, int optname, void __user *optval, int __user *optlen)
{
	siphash_key_t keys[TCP_FASTOPEN_KEYS];
	struct tcp_info info;
	int val, err, len;

	/* For an unknown level getsockopt() and setsockopt() return different errors, as in Linux. */
	if (level != SOL_TCP)
		return -EOPNOTSUPP;
	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	switch (optname) {
	case TCP_INFO:
		lock_sock(sk);
		tcp_get_info(sk, &info);
		release_sock(sk);
		return copy_option(optval, optlen, len, &info, sizeof(info));
	case TCP_CC_INFO:
		return get_cc_info(sk, optval, optlen, len);
	case TCP_FASTOPEN_KEY:
		return copy_option(optval, optlen, len, keys,
				   tcp_fastopen_get_keys(sk, keys) * sizeof(*keys));
	case TCP_SAVED_SYN:
		return get_saved_syn(sk, optval, optlen, len);
	case TCP_CONGESTION:
		return copy_option(optval, optlen, len, inet_csk(sk)->icsk_ca_ops->name,
				   TCP_CA_NAME_MAX);
	default:
		lock_sock(sk);
		err = do_tcp_getsockopt(sk, optname, &val);
		release_sock(sk);
		return err ? err : copy_option(optval, optlen, len, &val, sizeof(val));
	}
}
