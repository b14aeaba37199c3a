/* SPDX-License-Identifier: MIT */
/*
 * Socket options of level SOL_IP: an application's settings for the IP headers of its packets.
 *
 * af_inet.c's proto_ops call ip_setsockopt() and ip_getsockopt() (process). An option is written
 * and read (by ip_queue_xmit()) under the socket lock, so it takes effect with the next packet.
 * Compare Linux's net/ipv4/ip_sockglue.c.
 */

#include "kernel/mm/uaccess.h"
#include "net/inet/inet_ecn.h"
#include "net/ipv4/ip.h"
#include "net/ipv4/route.h"

/*
 * Reads an option's value from the application: an int, or a single byte, which older programs pass
 * for TOS and TTL.
 */
static int get_value(int *val, const void __user *optval, unsigned int optlen)
{
	unsigned char byte;

	*val = 0;
	if (optlen >= sizeof(int))
		return copy_from_user(val, optval, sizeof(int)) ? -EFAULT : 0;
	if (!optlen)
		return 0;
	if (copy_from_user(&byte, optval, sizeof(byte)))
		return -EFAULT;
	*val = byte;
	return 0;
}

int ip_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen)
{
	struct inet_sock *inet = inet_sk(sk);
	int err, val;

	/* An unknown option fails before the value is read, as in Linux. */
	if (optname != IP_TOS && optname != IP_TTL && optname != IP_MTU_DISCOVER)
		return -ENOPROTOOPT;
	err = get_value(&val, optval, optlen);
	if (err)
		return err;
	lock_sock(sk);
	err = -EINVAL;
	switch (optname) {
	case IP_TOS:
		/* RFC 3168: on a stream socket the transport sets the ECN field, not IP_TOS. */
		if (sk->sk_type == SOCK_STREAM)
			val = (val & ~INET_ECN_MASK) | (inet->tos & INET_ECN_MASK);
		if (inet->tos != (u8)val) {
			inet->tos = val;
			sk_dst_reset(sk);
		}
		err = 0;
		break;
	case IP_TTL:
		if (optlen < 1 || (val != -1 && (val < 1 || val > 255)))
			break;
		inet->uc_ttl = val;
		err = 0;
		break;
	case IP_MTU_DISCOVER:
		if (val < IP_PMTUDISC_DONT || val > IP_PMTUDISC_OMIT)
			break;
		inet->pmtudisc = val;
		err = 0;
		break;
	default:
		err = -ENOPROTOOPT;
	}
	release_sock(sk);
	return err;
}

/* Returns the MTU of the socket's route, or -ENOTCONN if the socket has none. */
static int route_mtu(const struct sock *sk)
{
	return sk->sk_dst_cache ? (int)dst_mtu(sk->sk_dst_cache) : -ENOTCONN;
}

int ip_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen)
{
	const struct inet_sock *inet = inet_sk(sk);
	int err = 0, val = 0, len;
	unsigned char byte;

	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;

	lock_sock(sk);
	switch (optname) {
	case IP_TOS:
		val = inet->tos;
		break;
	case IP_TTL:
		val = inet->uc_ttl == -1 ? sysctl_ip_default_ttl : inet->uc_ttl;
		break;
	case IP_MTU_DISCOVER:
		val = inet->pmtudisc;
		break;
	case IP_MTU:
		val = route_mtu(sk);
		if (val < 0)
			err = val;
		break;
	default:
		err = -ENOPROTOOPT;
	}
	release_sock(sk);
	if (err)
		return err;

	if (len > 0 && len < sizeof(int) && val <= 255) {
		byte = val;
		len = 1;
		if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &byte, 1))
			return -EFAULT;
		return 0;
	}
	len = min_t(int, len, sizeof(int));
	if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &val, len))
		return -EFAULT;
	return 0;
}
