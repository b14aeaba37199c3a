/* SPDX-License-Identifier: MIT */
/*
 * System calls that create, remove and rename: mkdir, mknod, symlink, link, rmdir, unlink, rename.
 *
 * sys_* <- applications.  Process context.  Each call walks to the directory of the last component,
 * checks the request and changes the directory, all under tree_mutex.  A removed dentry is released
 * after the mutex is unlocked, because the file's pages may be many.  Names change only in the RAM file system;
 * in /proc the calls fail with the errors of Linux's /proc.  Compare POSIX.1-2017 and Linux's
 * fs/namei.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/syscall.h"

/* A walk to a directory in which a name will change. */
struct change {
	struct filename filename;
	struct path_walk walk;
};

/*
 * Takes tree_mutex and walks to the directory of @path's last component.  Returns 0 or -errno; after 0 the mutex
 * stays locked until the caller calls change_end().
 */
static int change_begin(struct change *c, int dfd, const char __user *path)
{
	int err = getname(&c->filename, path, false);

	if (err)
		return err;
	err = path_begin(&c->walk, dfd, c->filename.name);
	if (err)
		goto out_name;
	mutex_lock(&tree_mutex);
	err = path_parent(&c->walk);
	if (!err)
		return 0;
	mutex_unlock(&tree_mutex);
	path_end(&c->walk);
out_name:
	putname(&c->filename);
	return err;
}

/* tree_mutex is held on entry and released on return. */
static void change_end(struct change *c)
{
	mutex_unlock(&tree_mutex);
	path_end(&c->walk);
	putname(&c->filename);
}

/* Returns the existing entry of the last component with a reference, or NULL, or ERR_PTR. */
static struct dentry *existing(struct path_walk *walk)
{
	struct tree_inode *dir = walk->at->d_inode;
	struct dentry *dentry = dir->i_op->lookup(walk->at, walk->last, walk->last_len);

	return dentry == ERR_PTR(-ENOENT) ? NULL : dentry;
}

/* ---- creating names -------------------------------------------------------------------------- */

/*
 * Checks that the last component can become a new name.  A slash may follow the name only if a
 * directory will be created.
 */
static int check_new(struct path_walk *walk, bool dir)
{
	struct dentry *dentry;

	if (walk->last_type != LAST_NORM)
		return -EEXIST;
	dentry = existing(walk);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if (dentry) {
		dput(dentry);
		return -EEXIST;
	}
	if (walk->slash && !dir)
		return -ENOENT;
	return 0;
}

static long create_at(int dfd, const char __user *path, const struct ramfs_new *new)
{
	struct dentry *dentry = NULL;
	struct change c;
	int err = change_begin(&c, dfd, path);

	if (err)
		return err;
	err = check_new(&c.walk, (new->mode &S_IFMT) == S_IFDIR);
	if (!err && !is_ramfs(c.walk.at->d_inode))
		err = -ENOENT;
	if (!err) {
		dentry = ramfs_create(c.walk.at, c.walk.last, c.walk.last_len, new);
		err = IS_ERR(dentry) ? PTR_ERR(dentry) : 0;
	}
	change_end(&c);
	if (!err)
		dput(dentry);
	return err;
}

struct dentry *kern_mksock(const char *path, u32 mode)
{
	struct ramfs_new new = {.mode = S_IFSOCK | (mode & ~current_fs()->umask)};
	struct dentry *dentry;
	struct path_walk walk;
	int err = path_begin(&walk, AT_FDCWD, path);

	if (err)
		return ERR_PTR(err);
	mutex_lock(&tree_mutex);
	err = path_parent(&walk);
	if (!err)
		err = check_new(&walk, false);
	if (!err && !is_ramfs(walk.at->d_inode))
		err = -ENOENT;
	dentry = err ? ERR_PTR(err) : ramfs_create(walk.at, walk.last, walk.last_len, &new);
	mutex_unlock(&tree_mutex);
	path_end(&walk);
	return dentry;
}

static u32 masked(unsigned int mode, u32 allowed)
{
	return mode & allowed & ~current_fs()->umask;
}

static long sys_mkdirat(int dfd, const char __user *path, unsigned int mode)
{
	struct ramfs_new new = {.mode = S_IFDIR | masked(mode, S_IRWXUGO | S_ISVTX)};

	return create_at(dfd, path, &new);
}

static long sys_mkdir(const char __user *path, unsigned int mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

/*
 * Creates regular files, character devices, and socket files to which no socket is bound. A request
 * for a named pipe or a directory fails with -EPERM.
 */
static long sys_mknodat(int dfd, const char __user *path, unsigned int mode, unsigned int dev)
{
	struct ramfs_new new = {.mode = (mode & S_IFMT) | masked(mode, S_IALLUGO), .rdev = dev};

	switch (mode & S_IFMT) {
	case 0:
		new.mode |= S_IFREG;
		fallthrough;
	case S_IFREG:
	case S_IFSOCK:
		new.rdev = 0;
		fallthrough;
	case S_IFCHR:
		return create_at(dfd, path, &new);
	case S_IFDIR:
	case S_IFIFO:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

static long sys_mknod(const char __user *path, unsigned int mode, unsigned int dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

static long sys_symlinkat(const char __user *utarget, int dfd, const char __user *path)
{
	struct ramfs_new new = {.mode = S_IFLNK | S_IRWXUGO};
	struct filename target;
	long err = getname(&target, utarget, false);

	if (err)
		return err;
	new.link = target.name;
	err = create_at(dfd, path, &new);
	putname(&target);
	return err;
}

static long sys_symlink(const char __user *target, const char __user *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

static long link_to(struct tree_inode *inode, int dfd, const char __user *path)
{
	struct change c;
	int err = change_begin(&c, dfd, path);

	if (err)
		return err;
	err = check_new(&c.walk, false);
	if (err)
		goto out;
	err = -EXDEV;
	if (!is_ramfs(inode) || !is_ramfs(c.walk.at->d_inode))
		goto out;
	err = -EPERM;
	if (is_dir(inode))
		goto out;
	/* A file that has lost its last name gets no new name. */
	err = -ENOENT;
	if (inode->i_nlink)
		err = ramfs_link(inode, c.walk.at, c.walk.last, c.walk.last_len);
out:
	change_end(&c);
	return err;
}

static long sys_linkat(int olddfd, const char __user *oldpath, int newdfd,
		       const char __user *newpath, unsigned int flags)
{
	struct dentry *old;
	long err;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	old = user_path(olddfd, oldpath,
			(flags & AT_SYMLINK_FOLLOW ? LOOKUP_FOLLOW : 0) |
				(flags & AT_EMPTY_PATH ? LOOKUP_EMPTY : 0));
	if (IS_ERR(old))
		return PTR_ERR(old);
	err = link_to(old->d_inode, newdfd, newpath);
	dput(old);
	return err;
}

static long sys_link(const char __user *oldpath, const char __user *newpath)
{
	return sys_linkat(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

/* ---- removing names -------------------------------------------------------------------------- */

static bool is_empty(const struct tree_inode *dir)
{
	return RB_EMPTY_ROOT(&dir->i_names);
}

/* Checks that unlink() may remove @dentry: only rmdir() may remove a directory. */
static int check_unlink(const struct path_walk *walk, const struct dentry *dentry)
{
	if (is_dir(dentry->d_inode))
		return -EISDIR;
	if (walk->slash)
		return -ENOTDIR;
	return is_ramfs(walk->at->d_inode) ? 0 : -EPERM;
}

static int check_rmdir(const struct path_walk *walk, const struct dentry *dentry)
{
	if (!is_dir(dentry->d_inode))
		return -ENOTDIR;
	if (!is_ramfs(walk->at->d_inode))
		return -EPERM;
	if (!is_ramfs(dentry->d_inode)) /* /proc, which is a mount point on Linux */
		return -EBUSY;
	return is_empty(dentry->d_inode) ? 0 : -ENOTEMPTY;
}

/* Returns the error of rmdir() for a last component that is no name: "/", "." or "..". */
static int rmdir_type_error(enum last_type type)
{
	if (type == LAST_DOT)
		return -EINVAL;
	return type == LAST_DOTDOT ? -ENOTEMPTY : -EBUSY;
}

static long remove_at(int dfd, const char __user *path, bool dir)
{
	struct dentry *dentry = NULL;
	struct change c;
	int err = change_begin(&c, dfd, path);

	if (err)
		return err;
	if (c.walk.last_type != LAST_NORM) {
		err = dir ? rmdir_type_error(c.walk.last_type) : -EISDIR;
		goto out;
	}
	dentry = existing(&c.walk);
	if (!dentry || IS_ERR(dentry)) {
		err = dentry ? PTR_ERR(dentry) : -ENOENT;
		dentry = NULL;
		goto out;
	}
	err = dir ? check_rmdir(&c.walk, dentry) : check_unlink(&c.walk, dentry);
	if (!err)
		ramfs_remove(dentry);
out:
	change_end(&c);
	dput(dentry);
	return err;
}

static long sys_unlinkat(int dfd, const char __user *path, unsigned int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return remove_at(dfd, path, flags & AT_REMOVEDIR);
}

static long sys_unlink(const char __user *path)
{
	return remove_at(AT_FDCWD, path, false);
}

static long sys_rmdir(const char __user *path)
{
	return remove_at(AT_FDCWD, path, true);
}

/* ---- renaming -------------------------------------------------------------------------------- */

/* Returns true if @dentry is @above or lies below it. */
static bool is_below(const struct dentry *dentry, const struct dentry *above)
{
	for (; dentry != above; dentry = dentry->d_parent)
		if (dentry == root_dentry)
			return false;
	return true;
}

/*
 * Checks a rename of @old to the last component of @to. @victim: the object that already has this
 * name, or NULL.
 */
static int check_rename(const struct path_walk *from, const struct path_walk *to,
			const struct dentry *old, const struct dentry *victim, unsigned int flags)
{
	bool dir = is_dir(old->d_inode);

	if (victim && flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (!dir && (from->slash || to->slash))
		return -ENOTDIR;
	if (is_below(to->at, old))
		return -EINVAL;
	/* Linux returns -EBUSY for /proc, because it is a mount point there. */
	if (is_ramfs(from->at->d_inode) && !is_ramfs(old->d_inode))
		return -EBUSY;
	if (!victim)
		return 0;
	if (is_below(from->at, victim))
		return -ENOTEMPTY;
	if (victim->d_inode == old->d_inode)
		return 0;
	if (!is_ramfs(victim->d_inode))
		return -EBUSY;
	if (dir != is_dir(victim->d_inode))
		return dir ? -ENOTDIR : -EISDIR;
	return dir && !is_empty(victim->d_inode) ? -ENOTEMPTY : 0;
}

/* tree_mutex held.  Stores the victim in *@removed, for the caller to release. */
static int do_rename(struct path_walk *from, struct path_walk *to, unsigned int flags,
		     struct dentry **removed)
{
	struct dentry *old, *victim;
	int err;

	if (from->at->d_inode->i_dev != to->at->d_inode->i_dev)
		return -EXDEV;
	if (from->last_type != LAST_NORM)
		return -EBUSY;
	if (to->last_type != LAST_NORM)
		return flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	old = existing(from);
	if (!old || IS_ERR(old))
		return old ? PTR_ERR(old) : -ENOENT;
	victim = existing(to);
	err = IS_ERR(victim) ? PTR_ERR(victim) : 0;
	if (err)
		goto out_old;
	*removed = victim;
	err = check_rename(from, to, old, victim, flags);
	if (!err && !is_ramfs(from->at->d_inode))
		err = -EPERM;
	if (err)
		goto out_old;
	/* Two names of one file: POSIX lets rename() succeed without any change. */
	if (!victim || victim->d_inode != old->d_inode)
		err = ramfs_rename(old, to->at, to->last, to->last_len, victim);
out_old:
	dput(old);
	return err;
}

static long sys_renameat2(int olddfd, const char __user *oldpath, int newdfd,
			  const char __user *newpath, unsigned int flags)
{
	struct dentry *removed = NULL;
	struct filename newname;
	struct path_walk to;
	struct change c;
	int err;

	if (flags & ~RENAME_NOREPLACE)
		return -EINVAL;
	err = getname(&newname, newpath, false);
	if (err)
		return err;
	/* Called before tree_mutex is taken: path_begin() may take it for the working directory. */
	err = path_begin(&to, newdfd, newname.name);
	if (err)
		goto out_name;
	err = change_begin(&c, olddfd, oldpath);
	if (err)
		goto out_to;
	err = path_parent(&to);
	if (!err)
		err = do_rename(&c.walk, &to, flags, &removed);
	change_end(&c);
	dput(removed);
out_to:
	path_end(&to);
out_name:
	putname(&newname);
	return err;
}

static long sys_renameat(int olddfd, const char __user *oldpath, int newdfd,
			 const char __user *newpath)
{
	return sys_renameat2(olddfd, oldpath, newdfd, newpath, 0);
}

static long sys_rename(const char __user *oldpath, const char __user *newpath)
{
	return sys_renameat2(AT_FDCWD, oldpath, AT_FDCWD, newpath, 0);
}

void names_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_mkdir, sys_mkdir),
		SYSCALL_DEF(__NR_mkdirat, sys_mkdirat),
		SYSCALL_DEF(__NR_mknod, sys_mknod),
		SYSCALL_DEF(__NR_mknodat, sys_mknodat),
		SYSCALL_DEF(__NR_symlink, sys_symlink),
		SYSCALL_DEF(__NR_symlinkat, sys_symlinkat),
		SYSCALL_DEF(__NR_link, sys_link),
		SYSCALL_DEF(__NR_linkat, sys_linkat),
		SYSCALL_DEF(__NR_unlink, sys_unlink),
		SYSCALL_DEF(__NR_unlinkat, sys_unlinkat),
		SYSCALL_DEF(__NR_rmdir, sys_rmdir),
		SYSCALL_DEF(__NR_rename, sys_rename),
		SYSCALL_DEF(__NR_renameat, sys_renameat),
		SYSCALL_DEF(__NR_renameat2, sys_renameat2),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
