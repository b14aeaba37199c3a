/* SPDX-License-Identifier: MIT */
/*
 * Names in the directory tree.
 *
 * A struct dentry is one name of an inode in one directory.  In the RAM file system a dentry exists
 * while the name exists or the dentry is in use; in /proc, only while the dentry is in use.  There
 * is no cache of names and there are no mounts: /proc is a directory whose inode has other
 * operations.
 *
 * tree_mutex protects names, parents and link counts: d_name, d_parent, d_inode's i_names and
 * i_nlink.  A reference keeps a dentry, its inode and its parents valid without the mutex.  Process
 * context.
 */
#ifndef KERNEL_FS_DCACHE_H
#define KERNEL_FS_DCACHE_H

#include "kernel/fs/inode.h"

struct dentry {
	refcount_t d_count;
	bool d_linked;              /* the name is in its directory's i_names; false in /proc */
	u8 d_len;                   /* bytes of d_name */
	struct dentry *d_parent;    /* with a reference; the root is its own parent */
	struct tree_inode *d_inode; /* with a reference */
	struct rb_node d_node;      /* in the directory's i_names, by d_hash and name */
	u64 d_hash;
	char *d_name; /* with NUL */
};

extern struct mutex tree_mutex;
/* The directory "/".  Valid from files_init() on. */
extern struct dentry *root_dentry;

/*
 * Returns a new dentry with one reference, which is in no directory.  Returns NULL when memory is
 * out.  Takes over the caller's reference of @inode, also on failure.
 */
struct dentry *d_alloc(struct dentry *parent, const char *name, unsigned int len,
		       struct tree_inode *inode);
struct dentry *dget(struct dentry *dentry);
void dput(struct dentry *dentry); /* NULL does nothing */

/*
 * The names of a RAM directory.  d_find() returns the entry with a reference, or NULL.
 * tree_mutex held.
 */
struct dentry *d_find(struct dentry *dir, const char *name, unsigned int len);
/* adds @dentry to its parent's names; takes a reference of its own */
void d_add(struct dentry *dentry);
/* removes @dentry from its parent's names; drops d_add()'s reference */
void d_drop(struct dentry *dentry);
/* Returns the first entry whose hash is @hash or more, without a reference, or NULL. */
struct dentry *d_from_hash(struct dentry *dir, u64 hash);
/* Returns a copy of a name for d_move(), or NULL when memory is out. */
char *d_name_alloc(const char *name, unsigned int len);
/*
 * Moves @dentry to another directory or name.  @name, from d_name_alloc(), belongs to @dentry
 * afterwards.
 */
void d_move(struct dentry *dentry, struct dentry *parent, char *name, unsigned int len);

/*
 * Writes the absolute path of @dentry to the end of @buf, with " (deleted)" behind the name of a
 * removed file.  Returns a pointer to the path's first byte, or ERR_PTR(-ENAMETOOLONG).  tree_mutex held.
 */
char *d_path(struct dentry *dentry, char *buf, size_t size);

void dcache_init(void);

#endif
