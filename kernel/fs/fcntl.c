/* SPDX-License-Identifier: MIT */
/*
 * fcntl() and ioctl(): the requests that work on a descriptor or on an open file of any kind.
 *
 * sys_fcntl, sys_ioctl <- applications.  Process context, no lock of its own.
 * Compare Linux's fs/fcntl.c and fs/ioctl.c.
 */
#include "include/uapi/fcntl.h"

#include "include/uapi/errno.h"
#include "include/uapi/ioctl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

/* The flags that F_SETFL may change.  The other bits of its argument are ignored, as in Linux. */
#define SETFL_MASK (O_NONBLOCK | O_APPEND)

static long dup_from(struct file *file, unsigned long start, unsigned int flags)
{
	int fd;

	if (start >= fd_limit())
		return -EINVAL;
	fd = fd_alloc(current->files, start, flags);
	if (fd >= 0) {
		get_file(file);
		fd_install(fd, file);
	}
	return fd;
}

static long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file = fget_raw(fd);
	long res = 0;

	if (!file)
		return -EBADF;
	if (file->f_flags & O_PATH && cmd > F_GETFL && cmd != F_DUPFD_CLOEXEC) {
		fput(file);
		return -EBADF;
	}
	switch (cmd) {
	case F_DUPFD:
		res = dup_from(file, arg, 0);
		break;
	case F_DUPFD_CLOEXEC:
		res = dup_from(file, arg, O_CLOEXEC);
		break;
	case F_GETFD:
		res = fd_get_cloexec(fd);
		break;
	case F_SETFD:
		res = fd_set_cloexec(fd, arg & FD_CLOEXEC);
		break;
	case F_GETFL:
		res = READ_ONCE(file->f_flags);
		break;
	case F_SETFL:
		WRITE_ONCE(file->f_flags, (file->f_flags & ~SETFL_MASK) | (arg & SETFL_MASK));
		break;
	default:
		res = -EINVAL;
	}
	fput(file);
	return res;
}

static long set_nonblock(struct file *file, const int __user *arg)
{
	int on;

	if (copy_from_user(&on, arg, sizeof(on)))
		return -EFAULT;
	WRITE_ONCE(file->f_flags, (file->f_flags & ~O_NONBLOCK) | (on ? O_NONBLOCK : 0));
	return 0;
}

static long sys_ioctl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file = fget(fd);
	long res;

	if (!file)
		return -EBADF;
	switch (cmd) {
	case FIOCLEX:
	case FIONCLEX:
		res = fd_set_cloexec(fd, cmd == FIOCLEX);
		break;
	case FIONBIO:
		res = set_nonblock(file, (const int *)arg);
		break;
	default:
		res = file->f_op->ioctl ? file->f_op->ioctl(file, cmd, arg) : -ENOTTY;
	}
	fput(file);
	return res;
}

void fcntl_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_fcntl, sys_fcntl),
		SYSCALL_DEF(__NR_ioctl, sys_ioctl),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
