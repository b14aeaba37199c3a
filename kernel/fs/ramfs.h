/* SPDX-License-Identifier: MIT */
/*
 * The RAM file system: the tree at "/".
 *
 * names.c and open.c check a request and call the functions that change a directory, with
 * tree_mutex held.  ramfs.c has directories, symbolic links and device nodes, ramfs_file.c the data
 * of files.  Process context.
 */
#ifndef KERNEL_FS_RAMFS_H
#define KERNEL_FS_RAMFS_H

#include "kernel/fs/dcache.h"

struct page;

/* Creates "/".  Boot. */
void ramfs_init(void);

/* Returns true if @inode belongs to the RAM file system, so that names in it can change. */
bool is_ramfs(const struct tree_inode *inode);

/* The attributes of a new object. */
struct ramfs_new {
	u32 mode;         /* S_IF* | permissions */
	u32 rdev;         /* S_IFCHR: the device's number */
	const char *link; /* S_IFLNK: the target */
};
/*
 * Creates an object in @dir, in which @name does not exist.  Returns its dentry with a reference,
 * or ERR_PTR: -ENOENT if @dir was removed, -ENOSPC or -ENOMEM.
 */
struct dentry *ramfs_create(struct dentry *dir, const char *name, unsigned int len,
			    const struct ramfs_new *new);
/*
 * Gives @inode the name @name in @dir, too.  Returns 0, -EMLINK at RAMFS_LINKS_MAX names, or an
 * error of ramfs_create().
 */
int ramfs_link(struct tree_inode *inode, struct dentry *dir, const char *name, unsigned int len);
/* Removes a name.  A directory must be empty. */
void ramfs_remove(struct dentry *dentry);
/*
 * Moves @dentry to the name @name in @dir, in place of @victim, which may be NULL. Returns 0,
 * -ENOENT if @dir was removed, or -ENOMEM; after an error nothing has changed.
 */
int ramfs_rename(struct dentry *dentry, struct dentry *dir, const char *name, unsigned int len,
		 struct dentry *victim);

/* ---- ramfs_file.c ---- */
extern const struct file_operations ramfs_file_ops;
void ramfs_file_init(void);
/* Frees the pages of a file without names and references. */
void ramfs_file_evict(struct tree_inode *inode);
/* Sets the size, and frees the pages beyond it. Returns 0. */
int ramfs_truncate(struct tree_inode *inode, u64 size);
/*
 * Allocates pages for the bytes [@pos, @pos + @len).  @keep_size: the size does not grow. Returns 0, -ENOSPC
 * or -ENOMEM.
 */
int ramfs_allocate(struct tree_inode *inode, u64 pos, u64 len, bool keep_size);
/*
 * Makes @page the file's page @index.  The reference passes to the file.  Called for the initrd,
 * before the file is in use.  Returns 0, -ENOSPC or -ENOMEM.
 */
int ramfs_add_page(struct tree_inode *inode, u64 index, struct page *page);
/* Writes to the file from the kernel's memory. Returns @n or -errno. */
ssize_t ramfs_write(struct tree_inode *inode, const void *buf, size_t n, u64 pos);

struct ramfs_usage {
	u64 pages, pages_max;   /* pages of file data */
	u64 inodes, inodes_max; /* inodes, and further names of files */
};
struct ramfs_usage ramfs_usage(void);
/* Raises the limit of pages by @pages, the pages that the boot loader filled. */
void ramfs_allow_pages(u64 pages);
/*
 * ramfs_charge_inode() counts a new inode or a further name, or returns false at the limit.
 * ramfs_uncharge_inode() undoes this.
 */
bool ramfs_charge_inode(void);
void ramfs_uncharge_inode(void);

#endif
