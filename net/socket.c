/* SPDX-License-Identifier: MIT */
/*
 * Sockets as files, and the system calls that create and control them.
 *
 * Callers: applications call sys_socket, sys_bind, sys_listen, sys_accept4, sys_connect and so on
 * through kernel_syscall(); read(), write(), poll() and close() call the functions of
 * socket_file_ops. Process context; this file has no lock of its own: a struct sock has one
 * (lock_sock), and a file is reference-counted.
 *
 * A struct socket and its inode are one allocation. socket(), socketpair() or accept() makes it;
 * once a struct file exists, the file owns it, and the file's last fput() frees it. Pointers from
 * an application are dereferenced only here and in socket_msg.c, through copy_from_user() and
 * copy_to_user(), so that families and protocols see kernel memory only; option values, results of
 * ioctl() and message data are the exceptions. Compare Linux's net/socket.c; the calls that move
 * data are in socket_msg.c.
 */
#include "net/socket.h"

#include "include/uapi/errno.h"
#include "include/uapi/ioctl.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/syscall.h"
#include "net/core/dev_ioctl.h"
#include "net/core/sock.h"

static const struct net_proto_family *net_families[AF_MAX];
static struct kmem_cache *sock_inode_cachep;
static const struct file_operations socket_file_ops;

/* ---- socket() -------------------------------------------------------------------------------- */

int sock_register(const struct net_proto_family *ops)
{
	if (ops->family < 0 || ops->family >= AF_MAX)
		return -ENOBUFS;
	if (net_families[ops->family])
		return -EEXIST;
	net_families[ops->family] = ops;
	return 0;
}

noinline struct socket *sock_alloc(void)
{
	struct socket_alloc *ei = kmem_cache_zalloc(sock_inode_cachep, GFP_KERNEL);

	if (!ei)
		return NULL;
	inode_init(&ei->vfs_inode, S_IFSOCK | S_IRWXUGO);
	init_waitqueue_head(&ei->socket.wq.wait);
	ei->socket.state = SS_UNCONNECTED;
	return &ei->socket;
}

void sock_release(struct socket *sock)
{
	if (sock->ops)
		sock->ops->release(sock);
	kmem_cache_free(sock_inode_cachep, container_of(sock, struct socket_alloc, socket));
}

noinline int __sock_create(int family, int type, int protocol, struct socket **res)
{
	struct socket *sock;
	int err;

	if (family < 0 || family >= AF_MAX)
		return -EAFNOSUPPORT;
	if (type < 0 || type >= SOCK_MAX)
		return -EINVAL;
	if (!net_families[family])
		return -EAFNOSUPPORT;
	sock = sock_alloc();
	if (!sock)
		return -ENFILE;
	sock->type = type;
	err = net_families[family]->create(sock, protocol);
	if (err) {
		sock_release(sock);
		return err;
	}
	*res = sock;
	return 0;
}

noinline int sock_create(int family, int type, int protocol, struct socket **res)
{
	return __sock_create(family, type, protocol, res);
}

noinline struct file *sock_alloc_file(struct socket *sock, int flags)
{
	struct file *file;

	file = alloc_file(SOCK_INODE(sock), O_RDWR | (flags & O_NONBLOCK), &socket_file_ops);
	if (IS_ERR(file))
		return file;
	sock->file = file;
	file->private_data = sock;
	return file;
}

noinline int sock_map_fd(struct socket *sock, int flags)
{
	int fd = get_unused_fd_flags(flags);
	struct file *file;

	if (fd < 0)
		return fd;
	file = sock_alloc_file(sock, flags);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static long sys_socket(int family, int type, int protocol)
{
	int flags = type & ~SOCK_TYPE_MASK;
	struct socket *sock;
	int ret;

	BUILD_BUG_ON(SOCK_CLOEXEC != O_CLOEXEC || SOCK_NONBLOCK != O_NONBLOCK);
	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	ret = sock_create(family, type & SOCK_TYPE_MASK, protocol, &sock);
	if (ret)
		return ret;
	ret = sock_map_fd(sock, flags);
	if (ret < 0)
		sock_release(sock);
	return ret;
}

/* Makes two sockets that are connected to each other. */
static int create_pair(int family, int type, int protocol, struct socket *pair[2])
{
	int err = sock_create(family, type, protocol, &pair[0]);

	if (err)
		return err;
	err = sock_create(family, type, protocol, &pair[1]);
	if (err)
		goto out_first;
	err = pair[0]->ops->socketpair ? pair[0]->ops->socketpair(pair[0], pair[1]) : -EOPNOTSUPP;
	if (!err)
		return 0;
	sock_release(pair[1]);
out_first:
	sock_release(pair[0]);
	return err;
}

/* Makes a file for each of the two sockets.  On an error the sockets are released. */
static int pair_files(struct socket *pair[2], int flags, struct file *files[2])
{
	files[0] = sock_alloc_file(pair[0], flags);
	if (IS_ERR(files[0])) {
		sock_release(pair[0]);
		sock_release(pair[1]);
		return PTR_ERR(files[0]);
	}
	files[1] = sock_alloc_file(pair[1], flags);
	if (IS_ERR(files[1])) {
		fput(files[0]);
		sock_release(pair[1]);
		return PTR_ERR(files[1]);
	}
	return 0;
}

/* Copies the descriptors' numbers out before it installs the descriptors: if the copy fails, none is open. */
static long sys_socketpair(int family, int type, int protocol, int __user *ufds)
{
	int flags = type & ~SOCK_TYPE_MASK, fds[2], err;
	struct socket *pair[2];
	struct file *files[2] = {NULL, NULL};

	if (flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))
		return -EINVAL;
	fds[0] = get_unused_fd_flags(flags);
	if (fds[0] < 0)
		return fds[0];
	err = fds[1] = get_unused_fd_flags(flags);
	if (err < 0)
		goto out_first;
	err = -EFAULT;
	if (copy_to_user(ufds, fds, sizeof(fds)))
		goto out_second;
	err = create_pair(family, type & SOCK_TYPE_MASK, protocol, pair);
	if (!err)
		err = pair_files(pair, flags, files);
	if (err)
		goto out_second;
	fd_install(fds[0], files[0]);
	fd_install(fds[1], files[1]);
	return 0;

out_second:
	put_unused_fd(fds[1]);
out_first:
	put_unused_fd(fds[0]);
	return err;
}

/* ---- from a descriptor to its socket --------------------------------------------------------- */

noinline struct socket *sock_from_file(struct file *file, int *err)
{
	if (file->f_op == &socket_file_ops)
		return file->private_data;
	*err = -ENOTSOCK;
	return NULL;
}

noinline struct socket *sockfd_lookup_light(int fd, int *err)
{
	struct file *file = fget(fd);
	struct socket *sock;

	if (!file) {
		*err = -EBADF;
		return NULL;
	}
	sock = sock_from_file(file, err);
	if (!sock)
		fput(file);
	return sock;
}

/* ---- bind(), listen(), connect() ------------------------------------------------------------- */

static long sys_bind(int fd, const struct sockaddr __user *umyaddr, int addrlen)
{
	struct sockaddr_storage address;
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	err = move_addr_to_kernel(umyaddr, addrlen, &address);
	if (!err)
		err = sock->ops->bind(sock, (struct sockaddr *)&address, addrlen);
	fput(sock->file);
	return err;
}

static long sys_listen(int fd, int backlog)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	/* As an unsigned number a negative backlog is huge, so it means the maximum. */
	backlog = min((unsigned int)backlog, (unsigned int)READ_ONCE(sysctl_somaxconn));
	err = sock->ops->listen(sock, backlog);
	fput(sock->file);
	return err;
}

static long sys_connect(int fd, const struct sockaddr __user *uservaddr, int addrlen)
{
	struct sockaddr_storage address;
	struct socket *sock;
	struct file *file;
	int err;

	/*
	 * Check the address before checking that the file is a socket: if both are wrong, Linux
	 * returns the error of the address.
	 */
	file = fget(fd);
	if (!file)
		return -EBADF;
	err = move_addr_to_kernel(uservaddr, addrlen, &address);
	sock = err ? NULL : sock_from_file(file, &err);
	if (sock)
		err = sock->ops->connect(sock, (struct sockaddr *)&address, addrlen, file->f_flags);
	fput(file);
	return err;
}

/* ---- accept() -------------------------------------------------------------------------------- */

/*
 * Copies the peer's address to the application. This happens before the new descriptor is
 * installed, so that a failed copy leaves no descriptor behind.
 */
static int accepted_name(struct socket *newsock, struct sockaddr __user *upeer,
			 int __user *upeerlen)
{
	struct sockaddr_storage address;
	int len = newsock->ops->getname(newsock, (struct sockaddr *)&address, 2);

	if (len < 0)
		return -ECONNABORTED;
	return move_addr_to_user(&address, len, upeer, upeerlen);
}

/*
 * The new socket, descriptor and file are allocated before the call waits. Allocating them later
 * could fail with a connection already removed from the accept queue, which would then be lost.
 */
static int do_accept(struct socket *sock, struct sockaddr __user *upeer, int __user *upeerlen,
		     int flags)
{
	struct socket *newsock = sock_alloc();
	struct file *newfile;
	int newfd, err;

	if (!newsock)
		return -ENFILE;
	newsock->type = sock->type;
	newsock->ops = sock->ops;
	newfd = get_unused_fd_flags(flags);
	if (newfd < 0) {
		sock_release(newsock);
		return newfd;
	}
	newfile = sock_alloc_file(newsock, flags);
	if (IS_ERR(newfile)) {
		err = PTR_ERR(newfile);
		sock_release(newsock);
		goto out_fd;
	}

	err = sock->ops->accept(sock, newsock, sock->file->f_flags);
	if (err < 0)
		goto out_file;
	if (upeer) {
		err = accepted_name(newsock, upeer, upeerlen);
		if (err < 0)
			goto out_file;
	}
	fd_install(newfd, newfile);
	return newfd;

out_file:
	fput(newfile);
out_fd:
	put_unused_fd(newfd);
	return err;
}

static noinline long sys_accept4(int fd, struct sockaddr __user *upeer, int __user *upeerlen,
				 int flags)
{
	struct file *file = fget(fd);
	struct socket *sock = NULL;
	int err = -EINVAL;

	if (!file)
		return -EBADF;
	if (!(flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)))
		sock = sock_from_file(file, &err);
	if (sock)
		err = do_accept(sock, upeer, upeerlen, flags);
	fput(file);
	return err;
}

static long sys_accept(int fd, struct sockaddr __user *upeer, int __user *upeerlen)
{
	return sys_accept4(fd, upeer, upeerlen, 0);
}

/* ---- names, options, shutdown ---------------------------------------------------------------- */

static long sock_getname(int fd, struct sockaddr __user *uaddr, int __user *ulen, int peer)
{
	struct sockaddr_storage address;
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	err = sock->ops->getname(sock, (struct sockaddr *)&address, peer);
	if (err >= 0)
		err = move_addr_to_user(&address, err, uaddr, ulen);
	fput(sock->file);
	return err;
}

static long sys_getsockname(int fd, struct sockaddr __user *uaddr, int __user *ulen)
{
	return sock_getname(fd, uaddr, ulen, 0);
}

static long sys_getpeername(int fd, struct sockaddr __user *uaddr, int __user *ulen)
{
	return sock_getname(fd, uaddr, ulen, 1);
}

static long sys_setsockopt(int fd, int level, int optname, const void __user *optval, int optlen)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	if (optlen < 0)
		err = -EINVAL;
	else if (level == SOL_SOCKET)
		err = sock_setsockopt(sock, optname, optval, optlen);
	else
		err = sock->ops->setsockopt(sock, level, optname, optval, optlen);
	fput(sock->file);
	return err;
}

static long sys_getsockopt(int fd, int level, int optname, void __user *optval, int __user *optlen)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	if (level == SOL_SOCKET)
		err = sock_getsockopt(sock, optname, optval, optlen);
	else
		err = sock->ops->getsockopt(sock, level, optname, optval, optlen);
	fput(sock->file);
	return err;
}

static long sys_shutdown(int fd, int how)
{
	struct socket *sock;
	int err;

	sock = sockfd_lookup_light(fd, &err);
	if (!sock)
		return err;
	err = sock->ops->shutdown(sock, how);
	fput(sock->file);
	return err;
}

/* ---- read(), write(), poll(), close() -------------------------------------------------------- */

static unsigned int nonblock_flag(const struct file *file)
{
	return READ_ONCE(file->f_flags) & O_NONBLOCK ? MSG_DONTWAIT : 0;
}

static ssize_t sock_read_iter(struct file *file, struct iov_iter *to)
{
	struct kmsghdr msg = {.msg_iter = *to};
	ssize_t res;

	if (!iov_iter_count(to))
		return 0;
	res = sock_recvmsg(file->private_data, &msg, nonblock_flag(file));
	*to = msg.msg_iter;
	return res;
}

static ssize_t sock_write_iter(struct file *file, struct iov_iter *from)
{
	struct kmsghdr msg = {.msg_iter = *from, .msg_flags = nonblock_flag(file)};
	ssize_t res = sock_sendmsg(file->private_data, &msg);

	*from = msg.msg_iter;
	return res;
}

static ssize_t sock_sendpage(struct file *file, struct page *page, unsigned int offset, size_t size,
			     bool more)
{
	struct socket *sock = file->private_data;
	struct sock *sk = sock->sk;

	if (!sk || !sk->sk_prot->sendpage)
		return -EOPNOTSUPP;
	return sk->sk_prot->sendpage(sk, page, offset, size,
				     nonblock_flag(file) | (more ? MSG_MORE : 0));
}

static noinline unsigned int sock_poll(struct file *file, struct poll_table *wait)
{
	struct socket *sock = file->private_data;

	return sock->ops->poll(file, sock, wait);
}

static long set_owner(struct file *file, const int __user *arg)
{
	int owner;

	if (copy_from_user(&owner, arg, sizeof(owner)))
		return -EFAULT;
	return file_set_owner(file, owner);
}

static long get_owner(const struct file *file, int __user *arg)
{
	int owner = READ_ONCE(file->f_owner);

	return copy_to_user(arg, &owner, sizeof(owner)) ? -EFAULT : 0;
}

static long sock_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct socket *sock = file->private_data;
	long err;

	switch (cmd) {
	case FIOSETOWN:
	case SIOCSPGRP:
		return set_owner(file, (const int *)arg);
	case FIOGETOWN:
	case SIOCGPGRP:
		return get_owner(file, (int *)arg);
	}
	err = sock->ops->ioctl ? sock->ops->ioctl(sock, cmd, arg) : -ENOTTY;
	return err == -ENOTTY ? dev_ioctl(cmd, (void __user *)arg) : err;
}

static noinline int sock_close(struct inode *inode, struct file *file)
{
	sock_release(SOCKET_I(inode));
	return 0;
}

static const struct file_operations socket_file_ops = {
	.read_iter = sock_read_iter,
	.write_iter = sock_write_iter,
	.sendpage = sock_sendpage,
	.poll = sock_poll,
	.ioctl = sock_ioctl,
	.release = sock_close,
};

/* ---- boot ------------------------------------------------------------------------------------ */

void sock_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_socket, sys_socket),
		SYSCALL_DEF(__NR_socketpair, sys_socketpair),
		SYSCALL_DEF(__NR_bind, sys_bind),
		SYSCALL_DEF(__NR_listen, sys_listen),
		SYSCALL_DEF(__NR_accept, sys_accept),
		SYSCALL_DEF(__NR_accept4, sys_accept4),
		SYSCALL_DEF(__NR_connect, sys_connect),
		SYSCALL_DEF(__NR_getsockname, sys_getsockname),
		SYSCALL_DEF(__NR_getpeername, sys_getpeername),
		SYSCALL_DEF(__NR_setsockopt, sys_setsockopt),
		SYSCALL_DEF(__NR_getsockopt, sys_getsockopt),
		SYSCALL_DEF(__NR_shutdown, sys_shutdown),
	};

	sock_inode_cachep =
		kmem_cache_create("sock_inode_cache", sizeof(struct socket_alloc), 0, 0);
	register_syscalls(calls, ARRAY_SIZE(calls));
	socket_msg_init();
}
