/* SPDX-License-Identifier: MIT */
/*
 * open() and fstat().
 *
 * sys_open, sys_openat, sys_fstat <- applications.  Process context, no lock of its own.  There is
 * no directory tree: the only valid paths are those below /proc, and /dev/console; the working
 * directory is the root.  Compare Linux's fs/open.c and fs/stat.c.
 */
#define LOG_SOURCE fs_log
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/stat.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/syscall.h"

static DEFINE_LOG_SOURCE(fs_log, "fs");

static struct file *open_path(const char *path, unsigned int flags)
{
	static const char proc[] = "proc/";

	while (*path == '/')
		path++;
	if (!strncmp(path, proc, sizeof(proc) - 1)) {
		path += sizeof(proc) - 1;
		while (*path == '/')
			path++;
		return proc_open(path, flags);
	}
	if (!strcmp(path, "dev/console"))
		return console_open(flags);
	return ERR_PTR(-ENOENT);
}

/*
 * Checks the directory descriptor of openat().  No open file is a directory, so a relative @path
 * with any descriptor but AT_FDCWD fails with -ENOTDIR or -EBADF.
 */
static int check_start(int dirfd, const char *path)
{
	struct file *file;

	if (*path == '/' || dirfd == AT_FDCWD)
		return 0;
	file = fget(dirfd);
	if (!file)
		return -EBADF;
	fput(file);
	return -ENOTDIR;
}

static long sys_openat(int dirfd, const char __user *upath, unsigned int flags, unsigned int mode)
{
	char path[PATH_LENGTH_MAX];
	struct file *file;
	ssize_t n;
	int err, fd;

	n = strncpy_from_user(path, upath, sizeof(path));
	if (n <= 0)
		return n ? n : -ENOENT;
	err = check_start(dirfd, path);
	if (err)
		return err;
	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		return fd;
	file = open_path(path, flags);
	if (IS_ERR(file)) {
		pr_debug("open %s: error %ld", path, PTR_ERR(file));
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	pr_debug("open %s: descriptor %d", path, fd);
	fd_install(fd, file);
	return fd;
}

static long sys_open(const char __user *path, unsigned int flags, unsigned int mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

static long sys_fstat(unsigned int fd, struct stat __user *ustat)
{
	struct stat st = {.st_nlink = 1, .st_blksize = PAGE_SIZE};
	struct file *file = fget(fd);

	if (!file)
		return -EBADF;
	if (file->f_inode) {
		st.st_ino = file->f_inode->i_ino;
		st.st_mode = file->f_inode->i_mode;
	}
	fput(file);
	return copy_to_user(ustat, &st, sizeof(st)) ? -EFAULT : 0;
}

void open_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_open, sys_open),
		SYSCALL_DEF(__NR_openat, sys_openat),
		SYSCALL_DEF(__NR_fstat, sys_fstat),
	};

	log_register(&fs_log);
	register_syscalls(calls, ARRAY_SIZE(calls));
}
