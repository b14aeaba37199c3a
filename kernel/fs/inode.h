/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the object that an open file refers to.
 *
 * Every open file has a struct inode: its number and mode.  An object with a name in the directory
 * tree has a struct tree_inode around it.  Sockets and pipes have no name, so they have only a
 * struct inode.
 */
#ifndef KERNEL_FS_INODE_H
#define KERNEL_FS_INODE_H

#include "kernel/lib/atomic.h"
#include "kernel/lib/radix_tree.h"
#include "kernel/lib/rbtree.h"
#include "kernel/sched/mutex.h"
#include "kernel/types.h"

#define S_IFMT    0170000
#define S_IFSOCK  0140000
#define S_IFLNK   0120000
#define S_IFREG   0100000
#define S_IFDIR   0040000
#define S_IFCHR   0020000
#define S_IFIFO   0010000
#define S_ISUID   04000
#define S_ISGID   02000
#define S_ISVTX   01000
#define S_IXGRP   00010
#define S_IRWXUGO 0777
#define S_IALLUGO 07777 /* with the set-ID bits and the sticky bit */
#define S_IXUGO   0111

#define MKDEV(major, minor) ((major) << 8 | (minor))

struct inode {
	u64 i_ino;
	u32 i_mode;      /* S_IF* | permissions */
	void *i_private; /* data of the code for this kind of file */
};

/* Returns an inode number that no other inode of this boot has had.  Any context. */
u64 get_next_ino(void);
/*
 * Initialises an inode that the caller allocated (a socket's inode, for example, lies in one
 * allocation with its struct socket).
 */
void inode_init(struct inode *inode, u32 mode);

/* ---- inodes of the directory tree ------------------------------------------------------------ */

struct dentry;
struct dir_context;
struct file;
struct file_operations;
struct tree_inode;

/* Device numbers for st_dev.  Linux also numbers file systems without a disk from 0:1 on. */
#define RAMFS_DEV MKDEV(0, 2)
#define PROC_DEV  MKDEV(0, 3)

struct inode_operations {
	/*
	 * Returns the entry @name of the directory @dir with a reference, or ERR_PTR.
	 * tree_mutex held.
	 */
	struct dentry *(*lookup)(struct dentry *dir, const char *name, unsigned int len);
	/*
	 * Passes the entries of @dir after @ctx->pos to dir_emit(), until dir_emit() returns false.
	 * tree_mutex held.
	 */
	void (*iterate)(struct dentry *dir, struct dir_context *ctx);
	/*
	 * Copies the target of a symbolic link, with NUL, to @buf of PATH_MAX bytes.  Returns its
	 * length or -errno.  tree_mutex held.
	 */
	ssize_t (*get_link)(struct tree_inode *inode, char *buf);
	/*
	 * Returns a new open file with one reference, without f_dentry, or ERR_PTR. May be NULL:
	 * i_fop then has the operations of an open file.
	 */
	struct file *(*open)(struct tree_inode *inode, unsigned int flags);
	/* Frees what belongs to an inode without names and references.  May be NULL. */
	void (*evict)(struct tree_inode *inode);
};

struct tree_inode {
	struct inode inode;
	refcount_t i_count; /* one for each dentry; the last iput() frees the inode */
	u32 i_nlink;        /* names; for a directory: 2 + its subdirectories; 0: removed */
	u32 i_uid, i_gid;
	u32 i_rdev; /* of a device node: MKDEV() */
	u32 i_dev;
	u64 i_size;                    /* bytes */
	u64 i_pages;                   /* pages in use */
	s64 i_atime, i_mtime, i_ctime; /* ns since 1970 */
	const struct inode_operations *i_op;
	const struct file_operations *i_fop;
	struct mutex i_mutex; /* held by each write and each truncation of a file */
	union {
		struct rb_root i_names;        /* a RAM directory's entries */
		struct radix_tree_root i_data; /* a RAM file's pages */
		char *i_link;                  /* a RAM symbolic link's target */
	};
};

/*
 * Returns a new inode with one reference and no name, whose times are now; NULL when memory is out.
 */
struct tree_inode *inode_alloc(const struct inode_operations *op, u32 mode);
void ihold(struct tree_inode *inode);
void iput(struct tree_inode *inode);
static inline u32 inode_type(const struct tree_inode *inode)
{
	return inode->inode.i_mode & S_IFMT;
}
static inline bool is_dir(const struct tree_inode *inode)
{
	return inode_type(inode) == S_IFDIR;
}
/* inode_modified() sets i_mtime and i_ctime to now; inode_changed() sets only i_ctime. */
void inode_modified(struct tree_inode *inode);
void inode_changed(struct tree_inode *inode);
/*
 * Sets i_atime to now, as Linux does with the mount option relatime: only if i_atime is a day old,
 * or not later than the last change of the inode.
 */
void inode_accessed(struct tree_inode *inode);

void inode_cache_init(void);

#endif
