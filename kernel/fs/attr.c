/* SPDX-License-Identifier: MIT */
/*
 * System calls that change an inode's attributes: chmod, chown, utimensat.
 *
 * sys_* <- applications.  Process context.  Permission bits and owners are kept and shown, but the
 * only user is root, whom they do not restrict.  A field of an inode is one word, so a reader needs
 * no lock.  Compare Linux's fs/attr.c, fs/utimes.c and fs/open.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/namei.h"
#include "kernel/mm/uaccess.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"

/* A change of an inode's attributes: the new values, and the function that stores them. */
struct change {
	int (*apply)(struct tree_inode *inode, const struct change *change);
	u32 mode, uid, gid;
	struct timespec times[2]; /* access, modification */
};

#define TIME_OMIT ((s64)(1ULL << 63))
#define NO_ID     (~0U) /* leave the owner or group as it is */

/* ---- the changes ----------------------------------------------------------------------------- */

static int apply_mode(struct tree_inode *inode, const struct change *change)
{
	/* Linux changes no permissions of a symbolic link. */
	if (inode_type(inode) == S_IFLNK)
		return -EOPNOTSUPP;
	inode->inode.i_mode = (inode->inode.i_mode & S_IFMT) | (change->mode & S_IALLUGO);
	inode_changed(inode);
	return 0;
}

/* A change of owner also clears the set-ID bits of a file, even for root. */
static int apply_owner(struct tree_inode *inode, const struct change *change)
{
	u32 mode = inode->inode.i_mode;

	if (change->uid != NO_ID)
		inode->i_uid = change->uid;
	if (change->gid != NO_ID)
		inode->i_gid = change->gid;
	if (!is_dir(inode)) {
		mode &= ~S_ISUID;
		if (mode & S_IXGRP)
			mode &= ~S_ISGID;
		inode->inode.i_mode = mode;
	}
	inode_changed(inode);
	return 0;
}

/* Converts a time that an application passed; a time too far from 1970 for 64 bits of ns is clamped. */
static s64 to_ns(const struct timespec *ts)
{
	s64 ns;

	if (ts->tv_nsec == UTIME_NOW)
		return ktime_get_real_ns();
	if (ts->tv_nsec == UTIME_OMIT)
		return TIME_OMIT;
	if (__builtin_mul_overflow(ts->tv_sec, (s64)NSEC_PER_SEC, &ns) ||
	    __builtin_add_overflow(ns, ts->tv_nsec, &ns))
		return ts->tv_sec < 0 ? TIME_OMIT + 1 : ~TIME_OMIT;
	return ns;
}

static bool valid_time(const struct timespec *ts)
{
	return ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT ||
	       (ts->tv_nsec >= 0 && ts->tv_nsec < (long)NSEC_PER_SEC);
}

static int apply_times(struct tree_inode *inode, const struct change *change)
{
	s64 accessed, modified;

	if (!valid_time(&change->times[0]) || !valid_time(&change->times[1]))
		return -EINVAL;
	accessed = to_ns(&change->times[0]);
	modified = to_ns(&change->times[1]);
	if (accessed != TIME_OMIT)
		inode->i_atime = accessed;
	if (modified != TIME_OMIT)
		inode->i_mtime = modified;
	inode_changed(inode);
	return 0;
}

/* ---- finding the inode to change ------------------------------------------------------------- */

static long change_file(unsigned int fd, const struct change *change)
{
	struct file *file = fget(fd);
	long err = 0;

	if (!file)
		return -EBADF;
	/* A socket or a pipe has no attributes to keep. */
	if (file->f_dentry)
		err = change->apply(file->f_dentry->d_inode, change);
	fput(file);
	return err;
}

static long change_at(int dfd, const char __user *path, unsigned int flags,
		      const struct change *change)
{
	struct dentry *dentry = user_path(dfd, path,
					  (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
						  (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
	long err;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = change->apply(dentry->d_inode, change);
	dput(dentry);
	return err;
}

/* ---- chmod ----------------------------------------------------------------------------------- */

static long sys_fchmodat(int dfd, const char __user *path, unsigned int mode)
{
	return change_at(dfd, path, 0, &(struct change){.apply = apply_mode, .mode = mode});
}

static long sys_chmod(const char __user *path, unsigned int mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

static long sys_fchmod(unsigned int fd, unsigned int mode)
{
	return change_file(fd, &(struct change){.apply = apply_mode, .mode = mode});
}

/* ---- chown ----------------------------------------------------------------------------------- */

static long sys_fchownat(int dfd, const char __user *path, u32 uid, u32 gid, unsigned int flags)
{
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(dfd, path, flags,
			 &(struct change){.apply = apply_owner, .uid = uid, .gid = gid});
}

static long sys_chown(const char __user *path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

static long sys_lchown(const char __user *path, u32 uid, u32 gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

static long sys_fchown(unsigned int fd, u32 uid, u32 gid)
{
	return change_file(fd, &(struct change){.apply = apply_owner, .uid = uid, .gid = gid});
}

/* ---- times ----------------------------------------------------------------------------------- */

static long sys_utimensat(int dfd, const char __user *path, const struct timespec __user *utimes,
			  unsigned int flags)
{
	struct change change = {
		.apply = apply_times,
		.times = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}},
	};

	if (utimes && copy_from_user(change.times, utimes, sizeof(change.times)))
		return -EFAULT;
	if (change.times[0].tv_nsec == UTIME_OMIT && change.times[1].tv_nsec == UTIME_OMIT)
		return 0;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	/* futimens() passes a NULL path, which means the file of @dfd itself. */
	if (!path && dfd != AT_FDCWD)
		return flags ? -EINVAL : change_file(dfd, &change);
	return change_at(dfd, path, flags, &change);
}

void attr_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_chmod, sys_chmod),
		SYSCALL_DEF(__NR_fchmod, sys_fchmod),
		SYSCALL_DEF(__NR_fchmodat, sys_fchmodat),
		SYSCALL_DEF(__NR_chown, sys_chown),
		SYSCALL_DEF(__NR_lchown, sys_lchown),
		SYSCALL_DEF(__NR_fchown, sys_fchown),
		SYSCALL_DEF(__NR_fchownat, sys_fchownat),
		SYSCALL_DEF(__NR_utimensat, sys_utimensat),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
