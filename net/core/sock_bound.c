/* SPDX-License-Identifier: MIT */
/*
 * SO_BINDTODEVICE and SO_BINDTOIFINDEX: the device that a socket's packets must leave and arrive by.
 *
 * sock_setsockopt() and sock_getsockopt() call these functions (process). A lookup of a received
 * packet's socket compares sk_bound_dev_if with the packet's device, a lookup of a route with the
 * route's (flowi4.oif). A socket that is in a hash table may be bound too: no table has the device in
 * its key. socket(7); compare Linux's net/core/sock.c.
 */
#include "include/uapi/if.h"
#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "net/core/dev_ioctl.h"
#include "net/core/sock.h"

/* As in Linux, the index need not be that of a device: then the socket sends and receives nothing. */
int sock_bind_index(struct sock *sk, int ifindex)
{
	sock_owned_by_me(sk);
	if (ifindex < 0)
		return -EINVAL;
	WRITE_ONCE(sk->sk_bound_dev_if, ifindex);
	sk_dst_reset(sk);
	return 0;
}

/* An empty name ends the binding. */
int sock_set_bound_dev(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	char name[IFNAMSIZ] = {0};
	const struct net_device *dev;
	int err, ifindex = 0;

	if (copy_from_user(name, optval, min_t(unsigned int, optlen, sizeof(name) - 1)))
		return -EFAULT;
	if (name[0]) {
		dev = dev_get_by_name(name);
		if (!dev)
			return -ENODEV;
		ifindex = dev->ifindex;
	}
	lock_sock(sk);
	err = sock_bind_index(sk, ifindex);
	release_sock(sk);
	return err;
}

/* Without a device the length becomes 0; with one, @len must have room for any name. */
int sock_get_bound_dev(const struct sock *sk, void __user *optval, int __user *optlen, int len)
{
	int ifindex = READ_ONCE(sk->sk_bound_dev_if);
	const struct net_device *dev;
	int n = 0;

	if (ifindex) {
		if (len < IFNAMSIZ)
			return -EINVAL;
		dev = dev_get_by_index(ifindex);
		if (!dev)
			return -ENODEV;
		n = strlen(dev->name) + 1;
		if (copy_to_user(optval, dev->name, n))
			return -EFAULT;
	}
	return copy_to_user(optlen, &n, sizeof(n)) ? -EFAULT : 0;
}
