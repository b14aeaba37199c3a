/* SPDX-License-Identifier: MIT */
/*
 * The walk along a path.
 *
 * getname(), user_path() <- system calls that take a path; path_begin(), path_parent(), path_last()
 * <- system calls that create or remove a name (names.c, open.c); path_lookup() <- user_path(),
 * stat.c. Process context; the walk itself runs under tree_mutex.
 *
 * The walk holds a reference of the directory where it is.  At a symbolic link, the rest of the
 * path is replaced by the link's target followed by that rest.  So links in targets need no
 * recursion.  Compare path_resolution(7), POSIX.1-2017 section 4.13 and Linux's fs/namei.c.
 */
#include "kernel/fs/namei.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"

static struct fs_struct kernel_fs = {.umask = 022};

/* ---- copying a path from the application ----------------------------------------------------- */

int getname(struct filename *filename, const char __user *path, bool empty_ok)
{
	ssize_t n = strncpy_from_user(filename->fast, path, sizeof(filename->fast));

	filename->name = filename->fast;
	if (n == -ENAMETOOLONG) {
		filename->name = kmalloc(PATH_MAX, GFP_KERNEL);
		if (!filename->name)
			return -ENOMEM;
		n = strncpy_from_user(filename->name, path, PATH_MAX);
	}
	if (!n && !empty_ok)
		n = -ENOENT;
	if (n < 0)
		putname(filename);
	return n < 0 ? (int)n : 0;
}

void putname(struct filename *filename)
{
	if (filename->name != filename->fast)
		kfree(filename->name);
}

/* ---- the working directory ------------------------------------------------------------------- */

struct fs_struct *current_fs(void)
{
	return current->files ? files_fs(current->files) : &kernel_fs;
}

struct dentry *the_pwd(void)
{
	struct dentry *pwd = current_fs()->pwd;

	return pwd ? pwd : root_dentry;
}

struct dentry *get_pwd(void)
{
	struct dentry *pwd;

	mutex_lock(&tree_mutex);
	pwd = dget(the_pwd());
	mutex_unlock(&tree_mutex);
	return pwd;
}

void set_pwd(struct dentry *dentry)
{
	struct fs_struct *fs = current_fs();
	struct dentry *old;

	mutex_lock(&tree_mutex);
	old = fs->pwd;
	fs->pwd = dentry;
	mutex_unlock(&tree_mutex);
	dput(old);
}

/* ---- the steps of a walk along a path -------------------------------------------------------- */

static void walk_to(struct path_walk *walk, struct dentry *dentry)
{
	dput(walk->at);
	walk->at = dentry;
}

int path_begin(struct path_walk *walk, int dfd, const char *name)
{
	struct file *file;

	*walk = (struct path_walk){.left = name};
	if (*name == '/') {
		walk->at = dget(root_dentry);
		return 0;
	}
	if (dfd == AT_FDCWD) {
		walk->at = get_pwd();
		return 0;
	}
	file = fget_raw(dfd);
	if (!file)
		return -EBADF;
	/* Only an empty path accepts a descriptor that is no directory (path_lookup()). */
	if (file->f_dentry && (is_dir(file->f_dentry->d_inode) || !*name))
		walk->at = dget(file->f_dentry);
	fput(file);
	return walk->at ? 0 : -ENOTDIR;
}

void path_end(struct path_walk *walk)
{
	dput(walk->at);
	kfree(walk->buf);
}

/* Takes the next component from the rest of the path. */
static void next_component(struct path_walk *walk)
{
	const char *name = walk->left;
	size_t n = 0;

	while (*name == '/')
		name++;
	while (name[n] && name[n] != '/')
		n++;
	walk->last = name;
	walk->last_len = n;
	walk->slash = name[n] == '/';
	walk->left = name + n;
	while (*walk->left == '/')
		walk->left++;
	if (!n)
		walk->last_type = LAST_ROOT;
	else if (n == 1 && name[0] == '.')
		walk->last_type = LAST_DOT;
	else if (n == 2 && name[0] == '.' && name[1] == '.')
		walk->last_type = LAST_DOTDOT;
	else
		walk->last_type = LAST_NORM;
}

/*
 * Returns the dentry that the component in walk->last names in the directory walk->at, with a
 * reference, or ERR_PTR.
 */
static struct dentry *lookup_component(struct path_walk *walk)
{
	struct dentry *dir = walk->at;

	switch (walk->last_type) {
	case LAST_ROOT:
	case LAST_DOT:
		return dget(dir);
	case LAST_DOTDOT:
		return dget(dir->d_parent);
	default:
		return dir->d_inode->i_op->lookup(dir, walk->last, walk->last_len);
	}
}

/* Puts the target of the symbolic link @inode in front of the rest of the path. */
static int follow_link(struct path_walk *walk, struct tree_inode *inode)
{
	const char *rest = walk->last + walk->last_len; /* with the slash, if there is one */
	char *buf;
	ssize_t n;

	if (++walk->links > LINKS_FOLLOWED_MAX)
		return -ELOOP;
	buf = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	n = inode->i_op->get_link(inode, buf);
	if (n >= 0 && n + strlen(rest) >= PATH_MAX)
		n = -ENAMETOOLONG;
	if (n < 0) {
		kfree(buf);
		return n;
	}
	memcpy(buf + n, rest, strlen(rest) + 1);
	kfree(walk->buf);
	walk->buf = buf;
	walk->left = buf;
	if (*buf == '/')
		walk_to(walk, dget(root_dentry));
	return 0;
}

int path_parent(struct path_walk *walk)
{
	struct dentry *next;
	int err;

	for (;;) {
		if (!is_dir(walk->at->d_inode))
			return -ENOTDIR;
		next_component(walk);
		if (!*walk->left)
			return 0;
		next = lookup_component(walk);
		if (IS_ERR(next))
			return PTR_ERR(next);
		if (inode_type(next->d_inode) == S_IFLNK) {
			err = follow_link(walk, next->d_inode);
			dput(next);
			if (err)
				return err;
		} else {
			walk_to(walk, next);
		}
	}
}

struct dentry *path_last(struct path_walk *walk, unsigned int flags)
{
	for (;;) {
		struct dentry *dentry;
		int err;

		if (flags & LOOKUP_CREATE && walk->slash && walk->last_type == LAST_NORM)
			return ERR_PTR(-EISDIR);
		dentry = lookup_component(walk);
		if (IS_ERR(dentry))
			return dentry;
		if (inode_type(dentry->d_inode) != S_IFLNK ||
		    !(flags & LOOKUP_FOLLOW || walk->slash)) {
			if (!walk->slash || is_dir(dentry->d_inode))
				return dentry;
			dput(dentry);
			return ERR_PTR(-ENOTDIR);
		}
		err = follow_link(walk, dentry->d_inode);
		dput(dentry);
		if (!err)
			err = path_parent(walk);
		if (err)
			return ERR_PTR(err);
	}
}

struct dentry *path_lookup(int dfd, const char *name, unsigned int flags)
{
	struct dentry *dentry;
	struct path_walk walk;
	int err;

	if (!*name && !(flags & LOOKUP_EMPTY))
		return ERR_PTR(-ENOENT);
	err = path_begin(&walk, dfd, name);
	if (err)
		return ERR_PTR(err);
	mutex_lock(&tree_mutex);
	if (!*name) {
		dentry = dget(walk.at);
	} else {
		err = path_parent(&walk);
		dentry = err ? ERR_PTR(err) : path_last(&walk, flags);
	}
	mutex_unlock(&tree_mutex);
	path_end(&walk);
	if (!IS_ERR(dentry) && flags & LOOKUP_DIRECTORY && !is_dir(dentry->d_inode)) {
		dput(dentry);
		dentry = ERR_PTR(-ENOTDIR);
	}
	return dentry;
}

struct dentry *user_path(int dfd, const char __user *path, unsigned int flags)
{
	struct filename filename;
	struct dentry *dentry;
	int err = getname(&filename, path, flags & LOOKUP_EMPTY);

	if (err)
		return ERR_PTR(err);
	dentry = path_lookup(dfd, filename.name, flags);
	putname(&filename);
	return dentry;
}
