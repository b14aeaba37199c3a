/* SPDX-License-Identifier: MIT */
/*
 * stat() and its relatives, statfs(), readlink(), access().
 *
 * sys_* <- applications.  Process context.  A file without a name (a socket, a pipe) has only a
 * number and a mode.  Compare Linux's fs/stat.c, fs/statfs.c and inode(7).
 */
#include "include/uapi/stat.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/statfs.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

/* ---- stat ------------------------------------------------------------------------------------ */

/* Splits ns since 1970, which may be negative, into seconds and the ns of that second. */
static void put_time(u64 *pair, s64 ns)
{
	s64 rest = ns % (s64)NSEC_PER_SEC;

	pair[0] = ns / (s64)NSEC_PER_SEC - (rest < 0);
	pair[1] = rest + (rest < 0 ? NSEC_PER_SEC : 0);
}

static void stat_inode(const struct tree_inode *inode, struct stat *st)
{
	*st = (struct stat){
		.st_dev = inode->i_dev,
		.st_ino = inode->inode.i_ino,
		.st_nlink = inode->i_nlink,
		.st_mode = inode->inode.i_mode,
		.st_uid = inode->i_uid,
		.st_gid = inode->i_gid,
		.st_rdev = inode->i_rdev,
		.st_size = inode->i_size,
		.st_blksize = PAGE_SIZE,
		.st_blocks = inode->i_pages * (PAGE_SIZE / 512),
	};
	put_time(&st->st_times[0], inode->i_atime);
	put_time(&st->st_times[2], inode->i_mtime);
	put_time(&st->st_times[4], inode->i_ctime);
}

static void stat_file(const struct file *file, struct stat *st)
{
	if (file->f_dentry) {
		stat_inode(file->f_dentry->d_inode, st);
		return;
	}
	*st = (struct stat){.st_nlink = 1, .st_blksize = PAGE_SIZE};
	if (file->f_inode) {
		st->st_ino = file->f_inode->i_ino;
		st->st_mode = file->f_inode->i_mode;
	}
}

static int stat_fd(unsigned int fd, struct stat *st)
{
	struct file *file = fget_raw(fd);

	if (!file)
		return -EBADF;
	stat_file(file, st);
	fput(file);
	return 0;
}

/* @flags: AT_*. */
static int stat_at(int dfd, const char __user *path, unsigned int flags, struct stat *st)
{
	struct filename filename;
	struct dentry *dentry;
	int err = getname(&filename, path, flags & AT_EMPTY_PATH);

	if (err)
		return err;
	if (!*filename.name && dfd != AT_FDCWD) {
		err = stat_fd(dfd, st);
		goto out;
	}
	dentry = path_lookup(dfd, filename.name,
			     LOOKUP_EMPTY | (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW));
	err = IS_ERR(dentry) ? PTR_ERR(dentry) : 0;
	if (err)
		goto out;
	stat_inode(dentry->d_inode, st);
	dput(dentry);
out:
	putname(&filename);
	return err;
}

static long sys_newfstatat(int dfd, const char __user *path, struct stat __user *ustat,
			   unsigned int flags)
{
	struct stat st;
	int err;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	err = stat_at(dfd, path, flags, &st);
	if (err)
		return err;
	return copy_to_user(ustat, &st, sizeof(st)) ? -EFAULT : 0;
}

static long sys_stat(const char __user *path, struct stat __user *ustat)
{
	return sys_newfstatat(AT_FDCWD, path, ustat, 0);
}

static long sys_lstat(const char __user *path, struct stat __user *ustat)
{
	return sys_newfstatat(AT_FDCWD, path, ustat, AT_SYMLINK_NOFOLLOW);
}

static long sys_fstat(unsigned int fd, struct stat __user *ustat)
{
	struct stat st;
	int err = stat_fd(fd, &st);

	if (err)
		return err;
	return copy_to_user(ustat, &st, sizeof(st)) ? -EFAULT : 0;
}

static struct statx_timestamp statx_time(const u64 *pair)
{
	return (struct statx_timestamp){.tv_sec = pair[0], .tv_nsec = pair[1]};
}

/* Every field of STATX_BASIC_STATS is filled, whatever @mask asks for, as Linux may do. */
static long sys_statx(int dfd, const char __user *path, unsigned int flags, unsigned int mask,
		      struct statx __user *ustatx)
{
	struct statx stx;
	struct stat st;
	int err;

	if (mask & STATX_RESERVED || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE))
		return -EINVAL;
	err = stat_at(dfd, path, flags, &st);
	if (err)
		return err;
	stx = (struct statx){
		.stx_mask = STATX_BASIC_STATS,
		.stx_blksize = st.st_blksize,
		.stx_nlink = st.st_nlink,
		.stx_uid = st.st_uid,
		.stx_gid = st.st_gid,
		.stx_mode = st.st_mode,
		.stx_ino = st.st_ino,
		.stx_size = st.st_size,
		.stx_blocks = st.st_blocks,
		.stx_atime = statx_time(&st.st_times[0]),
		.stx_mtime = statx_time(&st.st_times[2]),
		.stx_ctime = statx_time(&st.st_times[4]),
		.stx_rdev_major = st.st_rdev >> 8,
		.stx_rdev_minor = st.st_rdev & 0xff,
		.stx_dev_major = st.st_dev >> 8,
		.stx_dev_minor = st.st_dev & 0xff,
	};
	return copy_to_user(ustatx, &stx, sizeof(stx)) ? -EFAULT : 0;
}

/* ---- statfs ---------------------------------------------------------------------------------- */

static long put_statfs(const struct tree_inode *inode, struct statfs __user *ustatfs)
{
	struct statfs sfs = {
		.f_type = PROC_SUPER_MAGIC,
		.f_bsize = PAGE_SIZE,
		.f_frsize = PAGE_SIZE,
		.f_namelen = NAME_MAX,
		.f_flags = ST_VALID,
	};
	struct ramfs_usage usage = ramfs_usage();

	if (!inode || is_ramfs(inode)) {
		sfs.f_type = TMPFS_MAGIC;
		sfs.f_blocks = usage.pages_max;
		sfs.f_bfree = sfs.f_bavail = usage.pages_max - usage.pages;
		sfs.f_files = usage.inodes_max;
		sfs.f_ffree = usage.inodes_max - usage.inodes;
	}
	return copy_to_user(ustatfs, &sfs, sizeof(sfs)) ? -EFAULT : 0;
}

static long sys_statfs(const char __user *path, struct statfs __user *ustatfs)
{
	struct dentry *dentry = user_path(AT_FDCWD, path, LOOKUP_FOLLOW);
	long err;

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = put_statfs(dentry->d_inode, ustatfs);
	dput(dentry);
	return err;
}

static long sys_fstatfs(unsigned int fd, struct statfs __user *ustatfs)
{
	struct file *file = fget_raw(fd);
	long err;

	if (!file)
		return -EBADF;
	err = put_statfs(file->f_dentry ? file->f_dentry->d_inode : NULL, ustatfs);
	fput(file);
	return err;
}

/* ---- readlink -------------------------------------------------------------------------------- */

static long read_link(struct tree_inode *inode, char __user *buf, size_t size)
{
	char *target;
	ssize_t n;

	if (inode_type(inode) != S_IFLNK)
		return -EINVAL;
	target = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!target)
		return -ENOMEM;
	mutex_lock(&tree_mutex);
	n = inode->i_op->get_link(inode, target);
	mutex_unlock(&tree_mutex);
	if (n > 0) {
		n = min_t(size_t, n, size);
		if (copy_to_user(buf, target, n))
			n = -EFAULT;
	}
	kfree(target);
	return n;
}

static long sys_readlinkat(int dfd, const char __user *path, char __user *buf, int size)
{
	struct filename filename;
	struct dentry *dentry;
	long n;

	if (size <= 0)
		return -EINVAL;
	/*
	 * With an empty path, the call reads the symbolic link that @dfd names (opened with
	 * O_PATH).
	 */
	n = getname(&filename, path, true);
	if (n)
		return n;
	dentry = path_lookup(dfd, filename.name, LOOKUP_EMPTY);
	n = PTR_ERR(dentry);
	if (!IS_ERR(dentry)) {
		n = read_link(dentry->d_inode, buf, size);
		if (n == -EINVAL && !*filename.name)
			n = -ENOENT;
		dput(dentry);
	}
	putname(&filename);
	return n;
}

static long sys_readlink(const char __user *path, char __user *buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

/* ---- access ---------------------------------------------------------------------------------- */

/*
 * There is only root, which may read and write all files, and execute each file that anyone may
 * execute.
 */
static int check_access(const struct tree_inode *inode, unsigned int mode)
{
	if (mode & X_OK && inode_type(inode) == S_IFREG && !(inode->inode.i_mode & S_IXUGO))
		return -EACCES;
	return 0;
}

static long sys_faccessat2(int dfd, const char __user *path, unsigned int mode, unsigned int flags)
{
	struct dentry *dentry;
	long err;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	dentry = user_path(dfd, path,
			   (flags & AT_SYMLINK_NOFOLLOW ? 0 : LOOKUP_FOLLOW) |
				   (flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = check_access(dentry->d_inode, mode);
	dput(dentry);
	return err;
}

static long sys_faccessat(int dfd, const char __user *path, unsigned int mode)
{
	return sys_faccessat2(dfd, path, mode, 0);
}

static long sys_access(const char __user *path, unsigned int mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

void stat_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_stat, sys_stat),
		SYSCALL_DEF(__NR_lstat, sys_lstat),
		SYSCALL_DEF(__NR_fstat, sys_fstat),
		SYSCALL_DEF(__NR_newfstatat, sys_newfstatat),
		SYSCALL_DEF(__NR_statx, sys_statx),
		SYSCALL_DEF(__NR_statfs, sys_statfs),
		SYSCALL_DEF(__NR_fstatfs, sys_fstatfs),
		SYSCALL_DEF(__NR_readlink, sys_readlink),
		SYSCALL_DEF(__NR_readlinkat, sys_readlinkat),
		SYSCALL_DEF(__NR_access, sys_access),
		SYSCALL_DEF(__NR_faccessat, sys_faccessat),
		SYSCALL_DEF(__NR_faccessat2, sys_faccessat2),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
