/* SPDX-License-Identifier: MIT */
/*
 * Options of level SOL_SOCKET, which sockets of any protocol have.
 *
 * sys_setsockopt() and sys_getsockopt() call sock_setsockopt() and sock_getsockopt() (process). A
 * family's proto_ops call the functions sock_common_*(), for the options of the protocol's own
 * level. An option that is not implemented here fails with -ENOPROTOOPT. Every option that is
 * accepted has an effect on sockets of some type, except SO_MARK: it is stored, and inherited by
 * accepted sockets, as in Linux, but there are no routes for marks. docs/socket-options.md lists all
 * options, and those that are missing.
 * POSIX 2.10.16; compare Linux's net/core/sock.c.
 */
#include "include/uapi/time.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "net/core/limits.h"
#include "net/core/errqueue.h"
#include "net/core/netdevice.h"

#define USEC_PER_JIFFY (USEC_PER_SEC / HZ)

static void sock_valbool_flag(struct sock *sk, enum sock_flags flag, bool on)
{
	if (on)
		sock_set_flag(sk, flag);
	else
		sock_reset_flag(sk, flag);
}

/*
 * Converts an application's value of SO_RCVBUF or SO_SNDBUF, in bytes of data, to bytes of
 * truesize: twice as many, because the other memory of a packet is about as large as its data.
 */
static int buffer_size(int val, unsigned int most, int least)
{
	return max((int)min((unsigned int)val, most) * 2, least);
}

/* The caller owns @sk. */
static void set_sndbuf(struct sock *sk, int val, unsigned int most)
{
	sk->sk_userlocks |= SOCK_SNDBUF_LOCK;
	sk->sk_sndbuf = buffer_size(val, most, SOCK_MIN_SNDBUF);
	sk->sk_write_space(sk);
}

/* The caller owns @sk. */
static void set_rcvbuf(struct sock *sk, int val, unsigned int most)
{
	sk->sk_userlocks |= SOCK_RCVBUF_LOCK;
	sk->sk_rcvbuf = buffer_size(val, most, SOCK_MIN_RCVBUF);
}

static int sock_set_timeout(long *timeo, const void __user *optval, unsigned int optlen)
{
	struct timeval tv;

	if (optlen < sizeof(tv))
		return -EINVAL;
	if (copy_from_user(&tv, optval, sizeof(tv)))
		return -EFAULT;
	if (tv.tv_usec < 0 || tv.tv_usec >= USEC_PER_SEC)
		return -EDOM;
	if (tv.tv_sec < 0)
		*timeo = 0;
	else if ((!tv.tv_sec && !tv.tv_usec) || tv.tv_sec >= MAX_SCHEDULE_TIMEOUT / HZ - 1)
		*timeo = MAX_SCHEDULE_TIMEOUT;
	else
		*timeo = tv.tv_sec * HZ + DIV_ROUND_UP(tv.tv_usec, USEC_PER_JIFFY);
	return 0;
}

static struct timeval timeout_as_timeval(long timeo)
{
	if (timeo == MAX_SCHEDULE_TIMEOUT)
		return (struct timeval){0};
	return (struct timeval){.tv_sec = timeo / HZ, .tv_usec = timeo % HZ * USEC_PER_JIFFY};
}

static int sock_set_linger(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	struct linger ling;

	if (optlen < sizeof(ling))
		return -EINVAL;
	if (copy_from_user(&ling, optval, sizeof(ling)))
		return -EFAULT;
	if (!ling.l_onoff) {
		sock_reset_flag(sk, SOCK_LINGER);
		return 0;
	}
	if (ling.l_linger < 0)
		sk->sk_lingertime = MAX_SCHEDULE_TIMEOUT;
	else
		sk->sk_lingertime = (unsigned long)ling.l_linger * HZ;
	sock_set_flag(sk, SOCK_LINGER);
	return 0;
}

/*
 * The rate has 64 bits if the option has 8 bytes or more, otherwise 32 bits. All ones mean no
 * limit.
 */
static int sock_set_max_pacing_rate(struct sock *sk, u32 val, const void __user *optval,
				    unsigned int optlen)
{
	u64 rate = val == ~0u ? ~0ull : val;

	if (optlen >= sizeof(rate) && copy_from_user(&rate, optval, sizeof(rate)))
		return -EFAULT;
	if (rate != ~0ull)
		sk->sk_pacing_status = SK_PACING_NEEDED;
	sk->sk_max_pacing_rate = rate;
	sk->sk_pacing_rate = min(sk->sk_pacing_rate, rate);
	return 0;
}

/* Returns the bit of enum sock_flags that an option sets and reads, or -1 if there is none. */
static int flag_of(int optname)
{
	switch (optname) {
	case SO_BROADCAST:
		return SOCK_BROADCAST;
	case SO_DONTROUTE:
		return SOCK_LOCALROUTE;
	case SO_KEEPALIVE:
		return SOCK_KEEPOPEN;
	case SO_OOBINLINE:
		return SOCK_URGINLINE;
	case SO_TIMESTAMPNS:
		return SOCK_RCVTSTAMPNS;
	case SO_SELECT_ERR_QUEUE:
		return SOCK_SELECT_ERR_QUEUE;
	case SO_RXQ_OVFL:
		return SOCK_RXQ_OVFL;
	case SO_ZEROCOPY:
		return SOCK_ZEROCOPY;
	case SO_NO_CHECK:
		return SOCK_NO_CHECK_TX;
	case SO_PASSCRED:
		return SOCK_PASSCRED;
	default:
		return -1;
	}
}

/* Returns true for a socket of AF_INET: only its packets have a route and a device. */
static bool is_inet(const struct sock *sk)
{
	return sk->sk_family == AF_INET;
}

/* Only UDP may send without a checksum. */
static bool has_no_check(const struct sock *sk)
{
	return sk->sk_family == AF_INET && sk->sk_type == SOCK_DGRAM;
}

/* Messages of these families have the credentials of their sender. */
static bool has_creds(const struct sock *sk)
{
	return sk->sk_family == AF_UNIX || sk->sk_family == AF_NETLINK;
}

/* SO_PASSCRED. Up to 6.15, Linux accepted it for other families too, without an effect. */
static int sock_set_passcred(struct sock *sk, bool on)
{
	if (!has_creds(sk))
		return -EOPNOTSUPP;
	sock_valbool_flag(sk, SOCK_PASSCRED, on);
	return 0;
}

static int sock_set_zerocopy(struct sock *sk, int val)
{
	if (!sk->sk_prot->stream_key)
		return -EOPNOTSUPP;
	if (val < 0 || val > 1)
		return -EINVAL;
	sock_valbool_flag(sk, SOCK_ZEROCOPY, val);
	return 0;
}

static void sock_set_rcvlowat(struct sock *sk, int val)
{
	val = val < 0 ? INT32_MAX : max(val, 1);
	if (sk->sk_prot->set_rcvlowat)
		sk->sk_prot->set_rcvlowat(sk, val);
	else
		sk->sk_rcvlowat = val;
}

/*
 * Sets an option that only sockets of AF_INET have. The caller owns @sk. Returns 0 or -errno,
 * -ENOPROTOOPT for another option.
 */
static int sock_set_inet_option(struct sock *sk, int optname, int val)
{
	if (!is_inet(sk))
		return -ENOPROTOOPT;
	switch (optname) {
	case SO_BINDTOIFINDEX:
		return sock_bind_index(sk, val);
	case SO_DONTROUTE:
		sock_valbool_flag(sk, SOCK_LOCALROUTE, val);
		sk_dst_reset(sk);
		return 0;
	case SO_NO_CHECK:
		if (!has_no_check(sk))
			return -ENOPROTOOPT;
		sock_valbool_flag(sk, SOCK_NO_CHECK_TX, val);
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int sock_setsockopt(struct socket *sock, int optname, const void __user *optval,
		    unsigned int optlen)
{
	struct sock *sk = sock->sk;
	int err = 0, val;

	if (optname == SO_BINDTODEVICE && is_inet(sk))
		return sock_set_bound_dev(sk, optval, optlen);
	if (optlen < sizeof(val))
		return -EINVAL;
	if (copy_from_user(&val, optval, sizeof(val)))
		return -EFAULT;

	lock_sock(sk);
	switch (optname) {
	case SO_REUSEADDR:
		sk->sk_reuse = val ? SK_CAN_REUSE : SK_NO_REUSE;
		break;
	case SO_REUSEPORT:
		if (val && sk->sk_family != AF_INET)
			err = -EOPNOTSUPP;
		else
			sk->sk_reuseport = val != 0;
		break;
	case SO_MARK:
		sk->sk_mark = val;
		break;
	case SO_SNDBUF:
		set_sndbuf(sk, val, sysctl_wmem_max);
		break;
	case SO_SNDBUFFORCE:
		set_sndbuf(sk, max(val, 0), SOCK_FORCED_MAX);
		break;
	case SO_RCVBUF:
		set_rcvbuf(sk, val, sysctl_rmem_max);
		break;
	case SO_RCVBUFFORCE:
		set_rcvbuf(sk, max(val, 0), SOCK_FORCED_MAX);
		break;
	case SO_KEEPALIVE:
		if (sk->sk_prot->keepalive)
			sk->sk_prot->keepalive(sk, val != 0);
		sock_valbool_flag(sk, SOCK_KEEPOPEN, val);
		break;
	case SO_TIMESTAMP:
	case SO_TIMESTAMPNS:
		sock_valbool_flag(sk, SOCK_RCVTSTAMP, val);
		sock_valbool_flag(sk, SOCK_RCVTSTAMPNS, val && optname == SO_TIMESTAMPNS);
		if (val)
			net_enable_timestamp();
		break;
	case SO_TIMESTAMPING:
		err = sock_set_timestamping(sk, val);
		break;
	case SO_BROADCAST:
	case SO_OOBINLINE:
	case SO_SELECT_ERR_QUEUE:
	case SO_RXQ_OVFL:
		sock_valbool_flag(sk, flag_of(optname), val);
		break;
	case SO_PEEK_OFF:
		if (sk->sk_prot->peek_off)
			WRITE_ONCE(*sk->sk_prot->peek_off(sk), val);
		else
			err = -EOPNOTSUPP;
		break;
	case SO_PASSCRED:
		err = sock_set_passcred(sk, val);
		break;
	case SO_ZEROCOPY:
		err = sock_set_zerocopy(sk, val);
		break;
	case SO_LINGER:
		err = sock_set_linger(sk, optval, optlen);
		break;
	case SO_RCVLOWAT:
		sock_set_rcvlowat(sk, val);
		break;
	case SO_RCVTIMEO:
		err = sock_set_timeout(&sk->sk_rcvtimeo, optval, optlen);
		break;
	case SO_SNDTIMEO:
		err = sock_set_timeout(&sk->sk_sndtimeo, optval, optlen);
		break;
	case SO_MAX_PACING_RATE:
		err = sock_set_max_pacing_rate(sk, val, optval, optlen);
		break;
	default:
		err = sock_set_inet_option(sk, optname, val);
	}
	release_sock(sk);
	return err;
}

/*
 * Returns and clears the pending error. If there is none, returns and clears the error that did not
 * end the connection (sk_err_soft).
 */
static int take_error(struct sock *sk)
{
	int err = -sock_error(sk);

	return err ? err : __atomic_exchange_n(&sk->sk_err_soft, 0, __ATOMIC_SEQ_CST);
}

/* Returns the process at the other end of a connection; uid and gid -1 if the protocol does not know that process. */
static struct ucred peer_creds(const struct sock *sk)
{
	struct ucred creds = {.uid = -1, .gid = -1};

	if (sk->sk_prot->peercred)
		sk->sk_prot->peercred(sk, &creds);
	return creds;
}

/*
 * Returns the value of an option that is a number from 0 on, or a flag (0 or 1); -ENOPROTOOPT for
 * another option.
 */
static int sock_get_number(const struct sock *sk, int optname)
{
	switch (optname) {
	case SO_REUSEADDR:
		return sk->sk_reuse;
	case SO_REUSEPORT:
		return sk->sk_reuseport;
	case SO_TYPE:
		return sk->sk_type;
	case SO_PROTOCOL:
		return sk->sk_protocol;
	case SO_DOMAIN:
		return sk->sk_family;
	case SO_SNDBUF:
		return sk->sk_sndbuf;
	case SO_RCVBUF:
		return sk->sk_rcvbuf;
	case SO_ACCEPTCONN:
		return sk->sk_state == TCP_LISTEN;
	case SO_RCVLOWAT:
		return sk->sk_rcvlowat;
	case SO_SNDLOWAT:
		return 1;
	case SO_BINDTOIFINDEX:
		return is_inet(sk) ? sk->sk_bound_dev_if : -ENOPROTOOPT;
	case SO_PASSCRED:
		if (!has_creds(sk))
			return -EOPNOTSUPP;
	}
	if (flag_of(optname) < 0 || (optname == SO_NO_CHECK && !has_no_check(sk)) ||
	    (optname == SO_DONTROUTE && !is_inet(sk)))
		return -ENOPROTOOPT;
	return sock_flag(sk, flag_of(optname));
}

int sock_getsockopt(struct socket *sock, int optname, void __user *optval, int __user *optlen)
{
	struct sock *sk = sock->sk;
	union {
		int val, ints[2];
		u32 rate;
		u64 long_rate;
		struct linger ling;
		struct timeval tv;
		struct ucred creds;
	} v;
	int len, size = sizeof(int);

	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (optname == SO_BINDTODEVICE && is_inet(sk))
		return sock_get_bound_dev(sk, optval, optlen, len);
	memset(&v, 0, sizeof(v));

	switch (optname) {
	case SO_ERROR:
		v.val = take_error(sk);
		break;
	case SO_MARK:
		v.val = sk->sk_mark;
		break;
	case SO_TIMESTAMP:
		v.val = sock_flag(sk, SOCK_RCVTSTAMP) && !sock_flag(sk, SOCK_RCVTSTAMPNS);
		break;
	case SO_TIMESTAMPING:
		/* The second int, in Linux the number of a device's clock, is always 0. */
		size = sizeof(v.ints);
		v.val = sk->sk_tsflags;
		break;
	case SO_PEEK_OFF:
		if (!sk->sk_prot->peek_off)
			return -EOPNOTSUPP;
		v.val = *sk->sk_prot->peek_off(sk);
		break;
	case SO_PEERCRED:
		size = sizeof(v.creds);
		v.creds = peer_creds(sk);
		break;
	case SO_LINGER:
		size = sizeof(v.ling);
		v.ling.l_onoff = sock_flag(sk, SOCK_LINGER);
		v.ling.l_linger = min_t(unsigned long, sk->sk_lingertime / HZ, INT32_MAX);
		break;
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
		size = sizeof(v.tv);
		v.tv = timeout_as_timeval(optname == SO_RCVTIMEO ? sk->sk_rcvtimeo
								 : sk->sk_sndtimeo);
		break;
	case SO_MAX_PACING_RATE:
		if (len >= (int)sizeof(v.long_rate)) {
			size = sizeof(v.long_rate);
			v.long_rate = sk->sk_max_pacing_rate;
		} else {
			v.rate = min_t(u64, sk->sk_max_pacing_rate, ~0u);
		}
		break;
	default:
		v.val = sock_get_number(sk, optname);
		if (v.val < 0)
			return v.val;
	}
	len = min(len, size);
	if (copy_to_user(optval, &v, len) || copy_to_user(optlen, &len, sizeof(len)))
		return -EFAULT;
	return 0;
}

/* ---- options of the protocol's own level ----------------------------------------------------- */

int sock_common_setsockopt(struct socket *sock, int level, int optname, const void __user *optval,
			   unsigned int optlen)
{
	struct sock *sk = sock->sk;

	if (!sk->sk_prot->setsockopt)
		return -ENOPROTOOPT;
	return sk->sk_prot->setsockopt(sk, level, optname, optval, optlen);
}

int sock_common_getsockopt(struct socket *sock, int level, int optname, void __user *optval,
			   int __user *optlen)
{
	struct sock *sk = sock->sk;

	/* For an unknown level getsockopt() and setsockopt() return different errors, as in Linux. */
	if (!sk->sk_prot->getsockopt)
		return -EOPNOTSUPP;
	return sk->sk_prot->getsockopt(sk, level, optname, optval, optlen);
}
