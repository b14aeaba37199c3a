/* SPDX-License-Identifier: MIT */
/*
 * Socket options for multicast: the device and TTL of sent packets, and the groups that a socket
 * joins (RFC 3376 3.1, RFC 3678). Each option about a group exists twice: one form names the
 * interface by its address (IP_...), the other by its index (MCAST_...).
 *
 * ip_setsockopt() and ip_getsockopt() call ip_mc_setsockopt() and ip_mc_getsockopt() (process). A
 * stream socket joins no group. Compare Linux's net/ipv4/ip_sockglue.c.
 */
#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/uaccess.h"
#include "net/core/netdevice.h"
#include "net/ipv4/dgram_sock.h"
#include "net/ipv4/igmp.h"
#include "net/ipv4/ip_mc_sock.h"

bool ip_mc_option(int optname)
{
	return (optname >= IP_MULTICAST_IF && optname <= MCAST_MSFILTER) ||
	       optname == IP_MULTICAST_ALL;
}

/* ---- options that are not about a group ------------------------------------------------------- */

/* Reads an int, or a byte, which older programs pass. */
static int mc_get_value(int *val, const void __user *optval, unsigned int optlen)
{
	u8 byte;

	if (!optlen)
		return -EINVAL;
	if (optlen >= sizeof(*val))
		return copy_from_user(val, optval, sizeof(*val)) ? -EFAULT : 0;
	if (copy_from_user(&byte, optval, sizeof(byte)))
		return -EFAULT;
	*val = byte;
	return 0;
}

static int mc_set_number(struct sock *sk, int optname, int val)
{
	struct inet_sock *inet = inet_sk(sk);

	switch (optname) {
	case IP_MULTICAST_TTL:
		if (sk->sk_type == SOCK_STREAM || val < -1 || val > 255)
			return -EINVAL;
		inet->mc_ttl = val == -1 ? 1 : val;
		return 0;
	case IP_MULTICAST_LOOP:
		inet->mc_loop = !!val;
		return 0;
	default: /* IP_MULTICAST_ALL */
		if (val != 0 && val != 1)
			return -EINVAL;
		inet->mc_all = val;
		return 0;
	}
}

/*
 * Reads a group and its interface from one of three structs; each shorter struct is the beginning of
 * the longer ones. @least: bytes of the shortest struct that the option accepts.
 */
static int mc_get_mreqn(struct ip_mreqn *group, const void __user *optval, unsigned int optlen,
			unsigned int least)
{
	*group = (struct ip_mreqn){0};
	if (optlen < least)
		return -EINVAL;
	if (optlen >= sizeof(*group))
		optlen = sizeof(*group);
	else
		optlen = optlen >= sizeof(struct ip_mreq) ? sizeof(struct ip_mreq) : least;
	return copy_from_user(group, optval, optlen) ? -EFAULT : 0;
}

static int mc_set_if(struct sock *sk, const void __user *optval, unsigned int optlen)
{
	struct dgram_sock *mc;
	const struct net_device *dev;
	struct ip_mreqn group;
	int err;

	if (sk->sk_type == SOCK_STREAM)
		return -EINVAL;
	err = mc_get_mreqn(&group, optval, optlen, sizeof(struct in_addr));
	if (err)
		return err;
	if (optlen < sizeof(struct ip_mreq))
		/* a struct in_addr, which is only the interface's address, was read into the first field */
		group.imr_address = group.imr_multiaddr;
	mc = dgram_sk(sk);
	if (!group.imr_ifindex && !group.imr_address.s_addr) {
		mc->mc_index = 0;
		mc->mc_addr = 0;
		return 0;
	}
	dev = ip_mc_find_dev(&group);
	if (!dev)
		return -EADDRNOTAVAIL;
	if (sk->sk_bound_dev_if && sk->sk_bound_dev_if != dev->ifindex)
		return -EINVAL;
	mc->mc_index = dev->ifindex;
	mc->mc_addr = group.imr_address.s_addr;
	return 0;
}

/* ---- groups ----------------------------------------------------------------------------------- */

/* The request of an option about a group, in one form for IP_... and MCAST_... options. */
struct mc_request {
	struct ip_mreqn group;
	__be32 src;
};

/* Reads a struct group_source_req, or, if @with_src is false, a struct group_req. */
static int mc_get_group_req(struct mc_request *req, const void __user *optval, unsigned int optlen,
			    bool with_src)
{
	struct group_source_req gsr;
	const struct sockaddr_in *addr = (const struct sockaddr_in *)&gsr.gsr_group;
	const struct sockaddr_in *src = (const struct sockaddr_in *)&gsr.gsr_source;
	unsigned int size = with_src ? sizeof(gsr) : sizeof(struct group_req);

	/* As in Linux, only a request without a source may be longer. */
	if (optlen < size || (with_src && optlen != size))
		return -EINVAL;
	if (copy_from_user(&gsr, optval, size))
		return -EFAULT;
	if (addr->sin_family != AF_INET || (with_src && src->sin_family != AF_INET))
		return with_src ? -EADDRNOTAVAIL : -EINVAL;
	req->group = (struct ip_mreqn){.imr_multiaddr = addr->sin_addr,
				       .imr_ifindex = gsr.gsr_interface};
	req->src = with_src ? src->sin_addr.s_addr : 0;
	return 0;
}

static int mc_get_request(struct mc_request *req, int optname, const void __user *optval,
			  unsigned int optlen)
{
	struct ip_mreq_source mreqs;

	switch (optname) {
	case IP_ADD_MEMBERSHIP:
	case IP_DROP_MEMBERSHIP:
		return mc_get_mreqn(&req->group, optval, optlen, sizeof(struct ip_mreq));
	case MCAST_JOIN_GROUP:
	case MCAST_LEAVE_GROUP:
		return mc_get_group_req(req, optval, optlen, false);
	case MCAST_JOIN_SOURCE_GROUP:
	case MCAST_LEAVE_SOURCE_GROUP:
	case MCAST_BLOCK_SOURCE:
	case MCAST_UNBLOCK_SOURCE:
		return mc_get_group_req(req, optval, optlen, true);
	}
	if (optlen != sizeof(mreqs))
		return -EINVAL;
	if (copy_from_user(&mreqs, optval, sizeof(mreqs)))
		return -EFAULT;
	req->group = (struct ip_mreqn){.imr_multiaddr = mreqs.imr_multiaddr,
				       .imr_address = mreqs.imr_interface};
	req->src = mreqs.imr_sourceaddr.s_addr;
	return 0;
}

/* Joins the group, if the socket has not, and accepts the source. The socket is owned. */
static int mc_join_source(struct sock *sk, const struct mc_request *req)
{
	int err = ip_mc_join_group(sk, &req->group, MCAST_INCLUDE);

	if (err && err != -EADDRINUSE)
		return err;
	return ip_mc_source(sk, &req->group, MCAST_INCLUDE, req->src, true);
}

/* Executes the request of an option about a group. The socket is owned. */
static int mc_change(struct sock *sk, int optname, const struct mc_request *req)
{
	switch (optname) {
	case IP_ADD_MEMBERSHIP:
	case MCAST_JOIN_GROUP:
		return ip_mc_join_group(sk, &req->group, MCAST_EXCLUDE);
	case IP_DROP_MEMBERSHIP:
	case MCAST_LEAVE_GROUP:
		return ip_mc_leave_group(sk, &req->group);
	case IP_ADD_SOURCE_MEMBERSHIP:
	case MCAST_JOIN_SOURCE_GROUP:
		return mc_join_source(sk, req);
	case IP_DROP_SOURCE_MEMBERSHIP:
	case MCAST_LEAVE_SOURCE_GROUP:
		return ip_mc_source(sk, &req->group, MCAST_INCLUDE, req->src, false);
	case IP_BLOCK_SOURCE:
	case MCAST_BLOCK_SOURCE:
		return ip_mc_source(sk, &req->group, MCAST_EXCLUDE, req->src, true);
	default: /* IP_UNBLOCK_SOURCE, MCAST_UNBLOCK_SOURCE */
		return ip_mc_source(sk, &req->group, MCAST_EXCLUDE, req->src, false);
	}
}

/* ---- whole filters ---------------------------------------------------------------------------- */

/*
 * The header of a filter, in one form for IP_MSFILTER and MCAST_MSFILTER. The sources follow it in
 * the application's memory.
 */
struct mc_filter {
	struct ip_mreqn group;
	u32 mode, nr;
	unsigned int header, each; /* bytes: of the header and of each source */
};

static int mc_get_filter(struct mc_filter *f, int optname, const void __user *optval,
			 unsigned int optlen)
{
	struct ip_msfilter msf;
	struct group_filter gf;
	const struct sockaddr_in *addr = (const struct sockaddr_in *)&gf.gf_group;

	f->header = optname == IP_MSFILTER ? sizeof(msf) : sizeof(gf);
	f->each = optname == IP_MSFILTER ? sizeof(struct in_addr) : sizeof(struct sockaddr_storage);
	if (optlen < f->header)
		return -EINVAL;
	if (optname == IP_MSFILTER) {
		if (copy_from_user(&msf, optval, sizeof(msf)))
			return -EFAULT;
		f->group = (struct ip_mreqn){.imr_multiaddr = msf.imsf_multiaddr,
					     .imr_address = msf.imsf_interface};
		f->mode = msf.imsf_fmode;
		f->nr = msf.imsf_numsrc;
		return 0;
	}
	if (copy_from_user(&gf, optval, sizeof(gf)))
		return -EFAULT;
	if (addr->sin_family != AF_INET)
		return -EINVAL;
	f->group =
		(struct ip_mreqn){.imr_multiaddr = addr->sin_addr, .imr_ifindex = gf.gf_interface};
	f->mode = gf.gf_fmode;
	f->nr = gf.gf_numsrc;
	return 0;
}

/* Reads source @i of a filter. */
static int mc_get_source(const struct mc_filter *f, const void __user *optval, unsigned int i,
			 __be32 *src)
{
	const char __user *at = (const char __user *)optval + f->header + i * f->each;
	struct sockaddr_in sin;

	if (f->each == sizeof(*src))
		return copy_from_user(src, at, sizeof(*src)) ? -EFAULT : 0;
	if (copy_from_user(&sin, at, sizeof(sin)))
		return -EFAULT;
	*src = sin.sin_addr.s_addr;
	return sin.sin_family == AF_INET ? 0 : -EADDRNOTAVAIL;
}

static int mc_put_source(const struct mc_filter *f, void __user *optval, unsigned int i, __be32 src)
{
	char __user *at = (char __user *)optval + f->header + i * f->each;
	struct sockaddr_storage ss = {0};
	struct sockaddr_in *sin = (struct sockaddr_in *)&ss;

	if (f->each == sizeof(src))
		return copy_to_user(at, &src, sizeof(src)) ? -EFAULT : 0;
	sin->sin_family = AF_INET;
	sin->sin_addr.s_addr = src;
	return copy_to_user(at, &ss, sizeof(ss)) ? -EFAULT : 0;
}

static int mc_set_filter(struct sock *sk, int optname, const void __user *optval,
			 unsigned int optlen)
{
	struct ip_mc_sources sources;
	struct mc_filter f;
	int err = mc_get_filter(&f, optname, optval, optlen);

	if (err)
		return err;
	if (f.nr > sysctl_igmp_max_msf)
		return -ENOBUFS;
	if (f.nr > (optlen - f.header) / f.each || f.mode > MCAST_INCLUDE)
		return -EINVAL;
	sources.mode = f.mode;
	sources.nr = f.nr;
	for (unsigned int i = 0; i < f.nr; i++) {
		err = mc_get_source(&f, optval, i, &sources.srcs[i]);
		if (err)
			return err;
	}
	lock_sock(sk);
	err = ip_mc_msfilter(sk, &f.group, &sources);
	release_sock(sk);
	return err;
}

/* Writes the mode and the number of sources to the header of a filter. */
static int mc_put_header(const struct mc_filter *f, void __user *optval)
{
	const u32 fields[] = {f->mode, f->nr};

	/* The headers of IP_MSFILTER and of MCAST_MSFILTER both end with these two fields. */
	return copy_to_user((char __user *)optval + f->header - sizeof(fields), fields,
			    sizeof(fields))
		       ? -EFAULT
		       : 0;
}

/* The application says in the header for how many sources it has room. */
static int mc_return_filter(struct sock *sk, int optname, void __user *optval, int __user *optlen,
			    int len)
{
	const struct ip_mc_socklist *entry;
	struct ip_mc_sources sources;
	struct mc_filter f;
	unsigned int room;
	int err = mc_get_filter(&f, optname, optval, len);

	if (err)
		return err;
	lock_sock(sk);
	err = ip_mc_msfget(sk, &f.group, &entry);
	if (!err) {
		sources.mode = entry->sfmode;
		sources.nr = entry->nr;
		memcpy(sources.srcs, entry->srcs, entry->nr * sizeof(entry->srcs[0]));
	}
	release_sock(sk);
	if (err)
		return err;
	room = min(f.nr, sources.nr);
	f.mode = sources.mode;
	f.nr = sources.nr;
	len = f.header + room * f.each;
	if (copy_to_user(optlen, &len, sizeof(len)))
		return -EFAULT;
	err = mc_put_header(&f, optval);
	for (unsigned int i = 0; i < room && !err; i++)
		err = mc_put_source(&f, optval, i, sources.srcs[i]);
	return err;
}

/* ---- the options ------------------------------------------------------------------------------ */

int ip_mc_setsockopt(struct sock *sk, int optname, const void __user *optval, unsigned int optlen)
{
	struct mc_request req;
	int err, val;

	switch (optname) {
	case IP_MULTICAST_TTL:
	case IP_MULTICAST_LOOP:
	case IP_MULTICAST_ALL:
		err = mc_get_value(&val, optval, optlen);
		if (err)
			return err;
		lock_sock(sk);
		err = mc_set_number(sk, optname, val);
		release_sock(sk);
		return err;
	case IP_MULTICAST_IF:
		lock_sock(sk);
		err = mc_set_if(sk, optval, optlen);
		release_sock(sk);
		return err;
	}
	if (sk->sk_type == SOCK_STREAM)
		return -EPROTO;
	if (optname == IP_MSFILTER || optname == MCAST_MSFILTER)
		return mc_set_filter(sk, optname, optval, optlen);
	err = mc_get_request(&req, optname, optval, optlen);
	if (err)
		return err;
	lock_sock(sk);
	err = mc_change(sk, optname, &req);
	release_sock(sk);
	return err;
}

static int mc_put_value(int val, void __user *optval, int __user *optlen, int len)
{
	u8 byte = val;

	if (len > 0 && len < (int)sizeof(val) && val >= 0 && val <= 255) {
		len = 1;
		if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &byte, 1))
			return -EFAULT;
		return 0;
	}
	len = min_t(int, len, sizeof(val));
	if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &val, len))
		return -EFAULT;
	return 0;
}

int ip_mc_getsockopt(struct sock *sk, int optname, void __user *optval, int __user *optlen)
{
	const struct inet_sock *inet = inet_sk(sk);
	__be32 addr;
	int len;

	if (copy_from_user(&len, optlen, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	switch (optname) {
	case IP_MULTICAST_TTL:
		return mc_put_value(inet->mc_ttl, optval, optlen, len);
	case IP_MULTICAST_LOOP:
		return mc_put_value(inet->mc_loop, optval, optlen, len);
	case IP_MULTICAST_ALL:
		return mc_put_value(inet->mc_all, optval, optlen, len);
	case IP_MULTICAST_IF:
		addr = sk->sk_type == SOCK_STREAM ? 0 : dgram_sk(sk)->mc_addr;
		len = min_t(int, len, sizeof(addr));
		if (copy_to_user(optlen, &len, sizeof(len)) || copy_to_user(optval, &addr, len))
			return -EFAULT;
		return 0;
	case IP_MSFILTER:
	case MCAST_MSFILTER:
		if (sk->sk_type == SOCK_STREAM)
			return -EADDRNOTAVAIL;
		return mc_return_filter(sk, optname, optval, optlen, len);
	default:
		return -ENOPROTOOPT;
	}
}
