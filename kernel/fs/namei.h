/* SPDX-License-Identifier: MIT */
/*
 * From a path to a dentry.
 *
 * A system call copies the path with getname(), walks it, and drops the name with putname().  A walk
 * that only looks something up is path_lookup().  A system call that creates, removes or renames
 * takes tree_mutex, calls path_parent() and then works on the last component.  Process context.
 * Compare path_resolution(7) and Linux's fs/namei.c.
 */
#ifndef KERNEL_FS_NAMEI_H
#define KERNEL_FS_NAMEI_H

#include "kernel/fs/dcache.h"

/* A path that was copied from an application. */
struct filename {
	char *name;
	char fast[96]; /* most paths are short; memory for a longer one is allocated */
};
/*
 * Returns 0, -ENOENT for an empty path (unless @empty_ok), -ENAMETOOLONG, -ENOMEM or -EFAULT.
 * Only after 0 the caller must call putname().
 */
int getname(struct filename *filename, const char __user *path, bool empty_ok);
void putname(struct filename *filename);

#define LOOKUP_FOLLOW    0x1 /* follow a symbolic link in the last component */
#define LOOKUP_EMPTY     0x2 /* an empty path means the start itself (AT_EMPTY_PATH) */
#define LOOKUP_DIRECTORY 0x4 /* the result must be a directory */
#define LOOKUP_CREATE    0x8 /* path_last() for O_CREAT: a slash behind the name is -EISDIR */

/*
 * Looks @name up.  A relative @name begins at the directory of descriptor @dfd.  Returns the dentry
 * with a reference, or ERR_PTR.
 */
struct dentry *path_lookup(int dfd, const char *name, unsigned int flags);
/* Calls getname() and path_lookup(). */
struct dentry *user_path(int dfd, const char __user *path, unsigned int flags);

/*
 * Creates the name of a socket (bind() of AF_UNIX); @mode: the permissions, less the umask. Returns
 * its dentry with a reference, or ERR_PTR: -EEXIST if the name exists.
 */
struct dentry *kern_mksock(const char *path, u32 mode);

enum last_type {
	LAST_NORM,
	LAST_ROOT, /* the path has no component: "/" */
	LAST_DOT,
	LAST_DOTDOT,
};

struct path_walk {
	struct dentry *at;  /* where the walk is, with a reference */
	const char *left;   /* the rest of the path */
	char *buf;          /* allocated memory with @left; NULL: @left is in the caller's memory */
	unsigned int links; /* symbolic links followed */
	const char *last;   /* the last component, after path_parent() */
	unsigned int last_len;
	enum last_type last_type;
	bool slash; /* a slash follows the last component */
};
/*
 * Begins a walk: @walk->at is the start.  Returns 0, or -EBADF or -ENOTDIR for a bad @dfd.  After 0
 * the caller must call path_end().
 */
int path_begin(struct path_walk *walk, int dfd, const char *name);
void path_end(struct path_walk *walk);
/*
 * Walks to the directory of the last component and describes that component.  tree_mutex held.
 * Returns 0 or -errno.
 */
int path_parent(struct path_walk *walk);
/*
 * Returns the dentry that the last component names, with a reference, or ERR_PTR. If it is a
 * symbolic link and @flags has LOOKUP_FOLLOW, walks on to the link's target: @walk then describes
 * the target's last component.  tree_mutex held.
 */
struct dentry *path_last(struct path_walk *walk, unsigned int flags);

/*
 * Opens @dentry.  Returns a file with one reference, which has a reference of @dentry, or ERR_PTR.
 */
struct file *dentry_open(struct dentry *dentry, unsigned int flags);

/* ---- the working directory and the umask, of all threads with one table of descriptors ---- */
struct fs_struct {
	struct dentry *pwd; /* with a reference; NULL: the root */
	u32 umask;
};
/* Returns current's struct; for a kernel thread, the kernel's own. */
struct fs_struct *current_fs(void);
/* The working directory without a reference; tree_mutex held. */
struct dentry *the_pwd(void);
struct dentry *get_pwd(void);        /* with a reference */
void set_pwd(struct dentry *dentry); /* the reference passes to the struct */

#endif
