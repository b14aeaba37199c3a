/* SPDX-License-Identifier: MIT */
/*
 * open() and its relatives, truncate(), chdir(), fsync().
 *
 * sys_* <- applications; filp_open() <- the program loader.  Process context.  The walk, the check
 * and the creation of a name are one step under tree_mutex; the file itself is opened after the
 * mutex is released. Compare Linux's fs/open.c and the end of fs/namei.c.
 */
#define LOG_SOURCE fs_log
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/devices.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/printk.h"
#include "kernel/syscall.h"

static DEFINE_LOG_SOURCE(fs_log, "fs");

/* The flags that have an effect together with O_PATH; the others are ignored. */
#define O_PATH_FLAGS (O_DIRECTORY | O_NOFOLLOW | O_PATH | O_CLOEXEC)

/* An O_PATH file only names an object: it can be neither read nor written. */
static const struct file_operations path_file_ops;

static bool wants_write(unsigned int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY;
}

/* ---- a dentry becomes a file ----------------------------------------------------------------- */

static struct file *open_inode(struct tree_inode *inode, unsigned int flags)
{
	if (flags & O_PATH)
		return alloc_file(&inode->inode, flags, &path_file_ops);
	switch (inode_type(inode)) {
	case S_IFDIR:
		return alloc_file(&inode->inode, flags, &dir_file_ops);
	case S_IFCHR:
		return device_open(inode, flags);
	case S_IFLNK:
		return ERR_PTR(-ELOOP);
	case S_IFSOCK:
		return ERR_PTR(-ENXIO);
	default:
		if (inode->i_op->open)
			return inode->i_op->open(inode, flags);
		return alloc_file(&inode->inode, flags, inode->i_fop);
	}
}

struct file *dentry_open(struct dentry *dentry, unsigned int flags)
{
	struct file *file = open_inode(dentry->d_inode, flags);

	if (!IS_ERR(file))
		file->f_dentry = dget(dentry);
	return file;
}

/* ---- the walk of open() ---------------------------------------------------------------------- */

/* Checks what open() found against the flags. */
static int check_found(const struct dentry *dentry, unsigned int flags)
{
	u32 type = inode_type(dentry->d_inode);

	if (flags & O_CREAT && flags & O_EXCL)
		return -EEXIST;
	if (flags & O_DIRECTORY && type != S_IFDIR)
		return -ENOTDIR;
	if (flags & O_PATH)
		return 0;
	if (type == S_IFLNK)
		return -ELOOP;
	if (type == S_IFDIR && (flags & (O_CREAT | O_TRUNC) || wants_write(flags)))
		return -EISDIR;
	return 0;
}

/* tree_mutex held. */
static struct dentry *create_file(struct path_walk *walk, unsigned int mode)
{
	struct ramfs_new new = {.mode = S_IFREG | (mode & S_IALLUGO & ~current_fs()->umask)};

	/* No file can be created in /proc. Linux's /proc, too, returns -ENOENT here. */
	if (!is_ramfs(walk->at->d_inode))
		return ERR_PTR(-ENOENT);
	return ramfs_create(walk->at, walk->last, walk->last_len, &new);
}

/* Returns the dentry to open, with a reference. *@created says whether the file is new. */
static struct dentry *open_walk(struct path_walk *walk, unsigned int flags, unsigned int mode,
				bool *created)
{
	bool exclusive = flags & O_CREAT && flags & O_EXCL;
	struct dentry *dentry;
	int err = path_parent(walk);

	if (err)
		return ERR_PTR(err);
	dentry = path_last(walk, (flags & O_NOFOLLOW || exclusive ? 0 : LOOKUP_FOLLOW) |
					 (flags & O_CREAT ? LOOKUP_CREATE : 0));
	/*
	 * Create the file only in an existing directory: if components are left after the missing one, the
	 * missing one is a directory on the way.
	 */
	if (dentry == ERR_PTR(-ENOENT) && flags & O_CREAT && walk->last_type == LAST_NORM &&
	    !*walk->left) {
		dentry = create_file(walk, mode);
		*created = !IS_ERR(dentry);
		return dentry;
	}
	if (IS_ERR(dentry))
		return dentry;
	err = check_found(dentry, flags);
	if (err) {
		dput(dentry);
		return ERR_PTR(err);
	}
	return dentry;
}

/* With O_PATH, clears the flags that O_PATH makes meaningless.  Returns 0, or -errno for an invalid combination. */
static int check_flags(unsigned int *flags)
{
	*flags = *flags & O_PATH ? *flags & O_PATH_FLAGS : *flags | O_LARGEFILE;
	if ((*flags & (O_CREAT | O_DIRECTORY)) == (O_CREAT | O_DIRECTORY))
		return -EINVAL;
	if ((*flags & O_TMPFILE) == O_TMPFILE)
		return -EOPNOTSUPP;
	return 0;
}

static struct file *open_at(int dfd, const char *name, unsigned int flags, unsigned int mode)
{
	struct dentry *dentry;
	struct path_walk walk;
	bool created = false;
	struct file *file;
	int err = path_begin(&walk, dfd, name);

	if (err)
		return ERR_PTR(err);
	mutex_lock(&tree_mutex);
	dentry = open_walk(&walk, flags, mode, &created);
	mutex_unlock(&tree_mutex);
	path_end(&walk);
	if (IS_ERR(dentry))
		return (struct file *)dentry;
	/* A new file is empty: only an existing file is truncated. */
	if (flags & O_TRUNC && !created && dentry->d_inode->i_fop == &ramfs_file_ops)
		ramfs_truncate(dentry->d_inode, 0);
	file = dentry_open(dentry, flags);
	dput(dentry);
	return file;
}

struct file *filp_open(const char *path, unsigned int flags, unsigned int mode)
{
	int err = *path ? check_flags(&flags) : -ENOENT;

	return err ? ERR_PTR(err) : open_at(AT_FDCWD, path, flags, mode);
}

static long sys_openat(int dfd, const char __user *path, unsigned int flags, unsigned int mode)
{
	struct filename filename;
	struct file *file;
	int fd, err = check_flags(&flags);

	if (!err)
		err = getname(&filename, path, false);
	if (err)
		return err;
	fd = get_unused_fd_flags(flags);
	if (fd < 0)
		goto out;
	file = open_at(dfd, filename.name, flags, mode);
	if (IS_ERR(file)) {
		pr_debug("open %s: error %ld", filename.name, PTR_ERR(file));
		put_unused_fd(fd);
		fd = PTR_ERR(file);
		goto out;
	}
	pr_debug("open %s: descriptor %d", filename.name, fd);
	fd_install(fd, file);
out:
	putname(&filename);
	return fd;
}

static long sys_open(const char __user *path, unsigned int flags, unsigned int mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

static long sys_creat(const char __user *path, unsigned int mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- size ------------------------------------------------------------------------------------ */

static int truncate_inode(struct tree_inode *inode, s64 size)
{
	if (is_dir(inode))
		return -EISDIR;
	if (inode_type(inode) != S_IFREG)
		return -EINVAL;
	return is_ramfs(inode) ? ramfs_truncate(inode, size) : -EPERM;
}

static long sys_truncate(const char __user *path, s64 size)
{
	struct dentry *dentry;
	long err;

	if (size < 0)
		return -EINVAL;
	dentry = user_path(AT_FDCWD, path, LOOKUP_FOLLOW);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	err = truncate_inode(dentry->d_inode, size);
	dput(dentry);
	return err;
}

static long sys_ftruncate(unsigned int fd, s64 size)
{
	struct file *file;
	long err = -EINVAL;

	if (size < 0)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	if (file->f_dentry && wants_write(file->f_flags) &&
	    inode_type(file->f_dentry->d_inode) == S_IFREG)
		err = truncate_inode(file->f_dentry->d_inode, size);
	fput(file);
	return err;
}

static int allocate(const struct file *file, unsigned int mode, s64 pos, s64 len)
{
	struct tree_inode *inode = file->f_dentry ? file->f_dentry->d_inode : NULL;
	s64 end;

	if (pos < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~FALLOC_FL_KEEP_SIZE)
		return -EOPNOTSUPP;
	if (!wants_write(file->f_flags))
		return -EBADF;
	if (!inode || inode_type(inode) != S_IFREG)
		return file->f_inode && (file->f_inode->i_mode & S_IFMT) == S_IFIFO ? -ESPIPE
										    : -ENODEV;
	if (__builtin_add_overflow(pos, len, &end))
		return -EFBIG;
	if (!is_ramfs(inode))
		return -EOPNOTSUPP;
	return ramfs_allocate(inode, pos, len, mode & FALLOC_FL_KEEP_SIZE);
}

static long sys_fallocate(unsigned int fd, unsigned int mode, s64 pos, s64 len)
{
	struct file *file = fget(fd);
	long err;

	if (!file)
		return -EBADF;
	err = allocate(file, mode, pos, len);
	fput(file);
	return err;
}

/* ---- the working directory ------------------------------------------------------------------- */

static long sys_chdir(const char __user *path)
{
	struct dentry *dentry = user_path(AT_FDCWD, path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY);

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	set_pwd(dentry);
	return 0;
}

static long sys_fchdir(unsigned int fd)
{
	struct file *file = fget_raw(fd);
	long err = -ENOTDIR;

	if (!file)
		return -EBADF;
	if (file->f_dentry && is_dir(file->f_dentry->d_inode)) {
		set_pwd(dget(file->f_dentry));
		err = 0;
	}
	fput(file);
	return err;
}

static long sys_getcwd(char __user *buf, size_t size)
{
	char *room = kmalloc(PATH_MAX, GFP_KERNEL), *path;
	long n = -ENOENT;

	if (!room)
		return -ENOMEM;
	mutex_lock(&tree_mutex);
	path = d_path(the_pwd(), room, PATH_MAX);
	if (IS_ERR(path))
		n = PTR_ERR(path);
	else if (the_pwd()->d_inode->i_nlink)
		n = strlen(path) + 1;
	mutex_unlock(&tree_mutex);
	if (n > 0 && n > size)
		n = -ERANGE;
	if (n > 0 && copy_to_user(buf, path, n))
		n = -EFAULT;
	kfree(room);
	return n;
}

static long sys_umask(unsigned int mask)
{
	struct fs_struct *fs = current_fs();
	u32 old = fs->umask;

	fs->umask = mask & S_IRWXUGO;
	return old;
}

/* ---- nothing to write back ------------------------------------------------------------------- */

/* Files are in memory alone: there is nothing to write to a disk. */
static long sys_fsync(unsigned int fd)
{
	struct file *file = fget(fd);
	long err = 0;

	if (!file)
		return -EBADF;
	if (!file->f_dentry || inode_type(file->f_dentry->d_inode) == S_IFCHR)
		err = -EINVAL;
	fput(file);
	return err;
}

static long sys_sync(void)
{
	return 0;
}

/* flock() locks files between processes. This kernel has one process, so no lock conflicts. */
static long sys_flock(unsigned int fd, unsigned int op)
{
	struct file *file;

	op &= ~LOCK_NB;
	if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	fput(file);
	return 0;
}

void open_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_open, sys_open),
		SYSCALL_DEF(__NR_openat, sys_openat),
		SYSCALL_DEF(__NR_creat, sys_creat),
		SYSCALL_DEF(__NR_truncate, sys_truncate),
		SYSCALL_DEF(__NR_ftruncate, sys_ftruncate),
		SYSCALL_DEF(__NR_fallocate, sys_fallocate),
		SYSCALL_DEF(__NR_chdir, sys_chdir),
		SYSCALL_DEF(__NR_fchdir, sys_fchdir),
		SYSCALL_DEF(__NR_getcwd, sys_getcwd),
		SYSCALL_DEF(__NR_umask, sys_umask),
		SYSCALL_DEF(__NR_fsync, sys_fsync),
		SYSCALL_DEF(__NR_fdatasync, sys_fsync),
		SYSCALL_DEF(__NR_sync, sys_sync),
		SYSCALL_DEF(__NR_flock, sys_flock),
	};

	log_register(&fs_log);
	register_syscalls(calls, ARRAY_SIZE(calls));
}
