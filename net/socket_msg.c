/* SPDX-License-Identifier: MIT */
/*
 * The system calls that move data through a socket (sendto, recvfrom, sendmsg, recvmsg and others), and the
 * functions that copy addresses and message headers between an application and the kernel.
 *
 * Callers: applications make the system calls. The system calls, and read() and write() in
 * socket.c, call sock_sendmsg() and sock_recvmsg(). Process context; this file has no lock of its
 * own. Compare Linux's net/socket.c.
 */
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"
#include "net/core/limits.h"
#include "net/socket.h"

#define FAST_IOV 8 /* iovec entries that fit on the stack; longer vectors are allocated */

/* ---- addresses ------------------------------------------------------------------------------- */

int move_addr_to_kernel(const void __user *uaddr, int ulen, struct sockaddr_storage *kaddr)
{
	if (ulen < 0 || ulen > sizeof(*kaddr))
		return -EINVAL;
	/*
	 * Zero the whole buffer first. If the application's address is short, the address family's
	 * code must not read old stack contents behind it.
	 */
	*kaddr = (struct sockaddr_storage){0};
	if (copy_from_user(kaddr, uaddr, ulen))
		return -EFAULT;
	return 0;
}

int move_addr_to_user(const struct sockaddr_storage *kaddr, int klen, void __user *uaddr,
		      int __user *ulen)
{
	int len;

	if (copy_from_user(&len, ulen, sizeof(len)))
		return -EFAULT;
	len = min(len, klen);
	if (len < 0)
		return -EINVAL;
	if (copy_to_user(uaddr, kaddr, len) || copy_to_user(ulen, &klen, sizeof(klen)))
		return -EFAULT;
	return 0;
}

/* ---- passing a message to the protocol ------------------------------------------------------- */

int sock_sendmsg(struct socket *sock, struct kmsghdr *msg)
{
	return sock->ops->sendmsg(sock, msg, iov_iter_count(&msg->msg_iter));
}

int sock_recvmsg(struct socket *sock, struct kmsghdr *msg, int flags)
{
	return sock->ops->recvmsg(sock, msg, iov_iter_count(&msg->msg_iter), flags);
}

/* Adds MSG_DONTWAIT if the file has O_NONBLOCK: protocols check only MSG_DONTWAIT. */
static unsigned int call_flags(const struct socket *sock, unsigned int flags)
{
	return READ_ONCE(sock->file->f_flags) & O_NONBLOCK ? flags | MSG_DONTWAIT : flags;
}

/* ---- sendto(), recvfrom() -------------------------------------------------------------------- */

static long sys_sendto(int fd, void __user *buff, size_t len, unsigned int flags,
		       const struct sockaddr __user *addr, int addr_len)
{
	struct sockaddr_storage address;
	struct kmsghdr msg = {0};
	struct socket *sock;
	struct iovec iov;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	if (addr) {
		err = move_addr_to_kernel(addr, addr_len, &address);
		if (err)
			goto out_put;
		msg.msg_name = &address;
		msg.msg_namelen = addr_len;
	}
	iov_iter_init_one(&msg.msg_iter, &iov, buff, min_t(size_t, len, MAX_RW_COUNT));
	msg.msg_flags = call_flags(sock, flags);
	err = sock_sendmsg(sock, &msg);
out_put:
	fput(sock->file);
	return err;
}

static long sys_recvfrom(int fd, void __user *ubuf, size_t size, unsigned int flags,
			 struct sockaddr __user *addr, int __user *addr_len)
{
	struct sockaddr_storage address;
	struct kmsghdr msg = {0};
	struct socket *sock;
	struct iovec iov;
	int err, name_err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	iov_iter_init_one(&msg.msg_iter, &iov, ubuf, min_t(size_t, size, MAX_RW_COUNT));
	msg.msg_name = addr ? &address : NULL;
	err = sock_recvmsg(sock, &msg, call_flags(sock, flags));
	if (err >= 0 && addr) {
		name_err = move_addr_to_user(&address, msg.msg_namelen, addr, addr_len);
		if (name_err)
			err = name_err;
	}
	fput(sock->file);
	return err;
}

/* ---- sendmsg(), recvmsg() -------------------------------------------------------------------- */

/*
 * Copies an application's message header and its iovec to the kernel. The caller frees *@heap, the
 * iovec if it did not fit into @fast.
 */
static int import_msghdr(const struct msghdr __user *umsg, struct msghdr *hdr, struct kmsghdr *msg,
			 struct iovec *fast, struct iovec **heap)
{
	ssize_t total;

	*heap = NULL;
	if (copy_from_user(hdr, umsg, sizeof(*hdr)))
		return -EFAULT;
	/* Without a name ignore the length, which a program may leave uninitialized. */
	if (!hdr->msg_name)
		hdr->msg_namelen = 0;
	if ((int)hdr->msg_namelen < 0)
		return -EINVAL;
	hdr->msg_namelen = min_t(unsigned int, hdr->msg_namelen, sizeof(struct sockaddr_storage));
	if (hdr->msg_iovlen > IOV_MAX_SEGMENTS)
		return -EMSGSIZE;
	total = import_iovec(hdr->msg_iov, hdr->msg_iovlen, FAST_IOV, fast, heap, &msg->msg_iter);
	return total < 0 ? total : 0;
}

/*
 * Copies the control messages of an application to the kernel. The caller frees msg->msg_cmsg,
 * also after an error.
 */
static int import_control(const struct socket *sock, const struct msghdr *hdr, struct kmsghdr *msg)
{
	if (!hdr->msg_controllen)
		return 0;
	if (hdr->msg_controllen > SOCK_OPTMEM_MAX)
		return -ENOBUFS;
	msg->msg_cmsg = kmalloc(hdr->msg_controllen, GFP_KERNEL);
	if (!msg->msg_cmsg)
		return -ENOBUFS;
	if (copy_from_user(msg->msg_cmsg, hdr->msg_control, hdr->msg_controllen))
		return -EFAULT;
	msg->msg_controllen = hdr->msg_controllen;
	return sock->ops->takes_cmsg ? 0 : cmsg_refuse(msg);
}

static int do_sendmsg(struct socket *sock, const struct msghdr __user *umsg, unsigned int flags)
{
	struct iovec fast[FAST_IOV], *heap;
	struct sockaddr_storage address;
	struct kmsghdr msg = {0};
	struct msghdr hdr;
	int err;

	err = import_msghdr(umsg, &hdr, &msg, fast, &heap);
	if (err)
		return err;
	err = import_control(sock, &hdr, &msg);
	if (err)
		goto out_free;
	if (hdr.msg_name && hdr.msg_namelen) {
		err = move_addr_to_kernel(hdr.msg_name, hdr.msg_namelen, &address);
		if (err)
			goto out_free;
		msg.msg_name = &address;
		msg.msg_namelen = hdr.msg_namelen;
	}
	msg.msg_flags = call_flags(sock, flags);
	err = sock_sendmsg(sock, &msg);
out_free:
	kfree(msg.msg_cmsg);
	kfree(heap);
	return err;
}

static long sys_sendmsg(int fd, const struct msghdr __user *umsg, unsigned int flags)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	err = do_sendmsg(sock, umsg, flags);
	fput(sock->file);
	return err;
}

/*
 * Copies to the application the results of a receive except the data: the sender's address, the
 * flags, and the length of the control messages.
 */
static int export_msghdr(struct msghdr __user *umsg, const struct msghdr *hdr,
			 const struct kmsghdr *msg)
{
	const size_t control = msg->msg_control ? hdr->msg_controllen - msg->msg_controllen : 0;
	const int flags = msg->msg_flags;
	int err;

	if (hdr->msg_name) {
		err = move_addr_to_user(msg->msg_name, msg->msg_namelen, hdr->msg_name,
					(int __user *)&umsg->msg_namelen);
		if (err)
			return err;
	}
	if (copy_to_user(&umsg->msg_flags, &flags, sizeof(flags)) ||
	    copy_to_user(&umsg->msg_controllen, &control, sizeof(control)))
		return -EFAULT;
	return 0;
}

static int do_recvmsg(struct socket *sock, struct msghdr __user *umsg, unsigned int flags)
{
	struct iovec fast[FAST_IOV], *heap;
	struct sockaddr_storage address;
	struct kmsghdr msg = {0};
	struct msghdr hdr;
	int err, export_err;

	err = import_msghdr(umsg, &hdr, &msg, fast, &heap);
	if (err)
		return err;
	msg.msg_name = hdr.msg_name ? &address : NULL;
	msg.msg_control = hdr.msg_control;
	msg.msg_controllen = hdr.msg_controllen;
	msg.msg_flags = flags & MSG_CMSG_CLOEXEC;
	err = sock_recvmsg(sock, &msg, call_flags(sock, flags));
	if (err >= 0) {
		export_err = export_msghdr(umsg, &hdr, &msg);
		if (export_err)
			err = export_err;
	}
	kfree(heap);
	return err;
}

static long sys_recvmsg(int fd, struct msghdr __user *umsg, unsigned int flags)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	err = do_recvmsg(sock, umsg, flags);
	fput(sock->file);
	return err;
}

/* ---- sendmmsg(), recvmmsg() ------------------------------------------------------------------ */

/* Returns the number of messages, or the error of the first one. */
static long sys_sendmmsg(int fd, struct mmsghdr __user *umsgs, unsigned int n, unsigned int flags)
{
	unsigned int done = 0;
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	for (n = min_t(unsigned int, n, IOV_MAX_SEGMENTS); done < n; done++) {
		err = do_sendmsg(sock, &umsgs[done].msg_hdr, flags);
		if (err >= 0 && copy_to_user(&umsgs[done].msg_len, &err, sizeof(err)))
			err = -EFAULT;
		if (err < 0)
			break;
		cond_resched();
	}
	fput(sock->file);
	return done || !n ? (long)done : err;
}

/*
 * Stores the time at which the timeout ends in *@end. Linux checks the timeout before the first
 * message, so a call with an invalid timeout fails even if the call would end sooner.
 */
static long timeout_from_user(const struct timespec __user *utimeout, u64 *end)
{
	struct timespec ts;

	*end = KTIME_MAX;
	if (!utimeout)
		return 0;
	if (copy_from_user(&ts, utimeout, sizeof(ts)))
		return -EFAULT;
	if (ts.tv_sec < 0 || ts.tv_nsec < 0 || ts.tv_nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	if (ts.tv_sec < (long)(KTIME_MAX / NSEC_PER_SEC / 2))
		*end = ktime_get_ns() + ts.tv_sec * NSEC_PER_SEC + ts.tv_nsec;
	return 0;
}

/*
 * As on Linux, the timeout is checked only after each message, so it does not end a wait for a
 * message. The remaining time is stored in *@utimeout if a message was received.
 */
static long sys_recvmmsg(int fd, struct mmsghdr __user *umsgs, unsigned int n, unsigned int flags,
			 struct timespec __user *utimeout)
{
	unsigned int done = 0, wait_flags = flags & ~MSG_WAITFORONE;
	struct socket *sock;
	struct timespec left;
	u64 end, now;
	int err;

	err = timeout_from_user(utimeout, &end);
	if (err)
		return err;
	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	while (done < n) {
		err = do_recvmsg(sock, &umsgs[done].msg_hdr, wait_flags);
		if (err >= 0 && copy_to_user(&umsgs[done].msg_len, &err, sizeof(err)))
			err = -EFAULT;
		if (err < 0)
			break;
		done++;
		if (flags & MSG_WAITFORONE)
			wait_flags |= MSG_DONTWAIT;
		if (ktime_get_ns() >= end)
			break;
		cond_resched();
	}
	fput(sock->file);
	if (utimeout && done) {
		now = ktime_get_ns();
		now = end > now ? end - now : 0;
		left = (struct timespec){now / NSEC_PER_SEC, now % NSEC_PER_SEC};
		if (copy_to_user(utimeout, &left, sizeof(left)))
			return -EFAULT;
	}
	return done || !n ? (long)done : err;
}

void socket_msg_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_sendto, sys_sendto),     SYSCALL_DEF(__NR_recvfrom, sys_recvfrom),
		SYSCALL_DEF(__NR_sendmsg, sys_sendmsg),   SYSCALL_DEF(__NR_recvmsg, sys_recvmsg),
		SYSCALL_DEF(__NR_sendmmsg, sys_sendmmsg), SYSCALL_DEF(__NR_recvmmsg, sys_recvmmsg),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
