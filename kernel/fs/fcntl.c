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
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

/* The flags that F_SETFL may change.  The other bits of its argument are ignored, as in Linux. */
#define SETFL_MASK (O_NONBLOCK | O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME)

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

/*
 * Locks of file regions.  There is one process, and its locks never conflict with each other, so a
 * lock succeeds if its description is valid, and a query finds no lock that conflicts.  OFD locks
 * of two open files would conflict on Linux.
 */
static long lock_region(const struct file *file, unsigned int cmd, struct flock __user *ulock)
{
	unsigned int mode = file->f_flags & O_ACCMODE;
	struct flock lock;

	if (copy_from_user(&lock, ulock, sizeof(lock)))
		return -EFAULT;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK) {
		if (lock.l_type != F_RDLCK && lock.l_type != F_WRLCK)
			return -EINVAL;
		lock.l_type = F_UNLCK;
		return copy_to_user(ulock, &lock, sizeof(lock)) ? -EFAULT : 0;
	}
	if (lock.l_whence < SEEK_SET || lock.l_whence > SEEK_END)
		return -EINVAL;
	if (lock.l_type < F_RDLCK || lock.l_type > F_UNLCK)
		return -EINVAL;
	if (lock.l_type == F_RDLCK ? mode == O_WRONLY : lock.l_type == F_WRLCK && mode == O_RDONLY)
		return -EBADF;
	return 0;
}

int file_set_owner(struct file *file, int owner)
{
	if (owner && owner != PROCESS_PID && owner != -PROCESS_PID)
		return -ESRCH;
	WRITE_ONCE(file->f_owner, owner);
	return 0;
}

/* With F_OWNER_TID only the calling thread is accepted, and the process becomes the owner. */
static long set_owner_ex(struct file *file, const struct f_owner_ex __user *arg)
{
	struct f_owner_ex owner;

	if (copy_from_user(&owner, arg, sizeof(owner)))
		return -EFAULT;
	switch (owner.type) {
	case F_OWNER_TID:
		if (owner.pid == current->pid)
			owner.pid = PROCESS_PID;
		fallthrough;
	case F_OWNER_PID:
		return file_set_owner(file, owner.pid);
	case F_OWNER_PGRP:
		return file_set_owner(file, -owner.pid);
	}
	return -EINVAL;
}

static long get_owner_ex(const struct file *file, struct f_owner_ex __user *arg)
{
	int id = READ_ONCE(file->f_owner);
	struct f_owner_ex owner = {F_OWNER_TID, 0};

	if (id > 0)
		owner = (struct f_owner_ex){F_OWNER_PID, id};
	else if (id < 0)
		owner = (struct f_owner_ex){F_OWNER_PGRP, -id};
	return copy_to_user(arg, &owner, sizeof(owner)) ? -EFAULT : 0;
}

static long file_fcntl(struct file *file, unsigned int fd, unsigned int cmd, unsigned long arg)
{
	switch (cmd) {
	case F_DUPFD:
		return dup_from(file, arg, 0);
	case F_DUPFD_CLOEXEC:
		return dup_from(file, arg, O_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(fd);
	case F_SETFD:
		return fd_set_cloexec(fd, arg & FD_CLOEXEC);
	case F_GETFL:
		return READ_ONCE(file->f_flags);
	case F_SETFL:
		WRITE_ONCE(file->f_flags, (file->f_flags & ~SETFL_MASK) | (arg & SETFL_MASK));
		return 0;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock_region(file, cmd, (struct flock __user *)arg);
	case F_SETOWN:
		return file_set_owner(file, (int)arg);
	case F_GETOWN:
		return READ_ONCE(file->f_owner);
	case F_SETOWN_EX:
		return set_owner_ex(file, (const struct f_owner_ex *)arg);
	case F_GETOWN_EX:
		return get_owner_ex(file, (struct f_owner_ex *)arg);
	case F_SETSIG:
	case F_GETSIG:
		/* The program chooses a signal in place of SIGIO. This kernel never sends SIGIO. */
		return 0;
	case F_SETPIPE_SZ:
	case F_GETPIPE_SZ:
		return pipe_fcntl(file, cmd, arg);
	default:
		return -EINVAL;
	}
}

static long sys_fcntl(unsigned int fd, unsigned int cmd, unsigned long arg)
{
	struct file *file = fget_raw(fd);
	long res;

	if (!file)
		return -EBADF;
	if (file->f_flags & O_PATH && cmd > F_GETFL && cmd != F_DUPFD_CLOEXEC)
		res = -EBADF;
	else
		res = file_fcntl(file, fd, cmd, arg);
	fput(file);
	return res;
}

static long set_flag(struct file *file, unsigned int flag, const int __user *arg)
{
	int on;

	if (copy_from_user(&on, arg, sizeof(on)))
		return -EFAULT;
	WRITE_ONCE(file->f_flags, (file->f_flags & ~flag) | (on ? flag : 0));
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
		res = set_flag(file, O_NONBLOCK, (const int __user *)arg);
		break;
	case FIOASYNC:
		res = set_flag(file, O_ASYNC, (const int __user *)arg);
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
