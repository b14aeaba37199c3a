/* SPDX-License-Identifier: MIT */
/*
 * The tree of the RAM file system: creates, links, renames and removes files, directories, symbolic
 * links and device nodes. The contents of files are in ramfs_file.c.
 *
 * names.c, open.c, devices.c, default_files.c and initramfs.c call ramfs_create(), ramfs_link(),
 * ramfs_remove() and ramfs_rename() with tree_mutex held. Process context.
 *
 * An inode lives as long as it has a name or is in use: a file that was removed while it is open is
 * freed by the last close().  Compare Linux's mm/shmem.c, fs/ramfs/inode.c and fs/libfs.c.
 */
#include "kernel/fs/ramfs.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/readdir.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"

/* bytes that st_size of a directory counts for each entry, as Linux's tmpfs */
#define DIRENT_SIZE 20

static struct dentry *ramfs_lookup(struct dentry *dir, const char *name, unsigned int len)
{
	struct dentry *dentry;

	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	dentry = d_find(dir, name, len);
	return dentry ? dentry : ERR_PTR(-ENOENT);
}

static void ramfs_iterate(struct dentry *dir, struct dir_context *ctx)
{
	struct dentry *dentry;

	if (!dir_emit_dots(dir, ctx))
		return;
	while ((dentry = d_from_hash(dir, ctx->pos))) {
		const struct inode *inode = &dentry->d_inode->inode;

		if (!dir_emit(ctx, dentry->d_name, dentry->d_len, inode->i_ino, inode->i_mode,
			      dentry->d_hash + 1))
			return;
	}
}

static ssize_t ramfs_get_link(struct tree_inode *inode, char *buf)
{
	return strscpy(buf, inode->i_link, PATH_MAX);
}

static void ramfs_evict(struct tree_inode *inode)
{
	if (inode_type(inode) == S_IFREG)
		ramfs_file_evict(inode);
	else if (inode_type(inode) == S_IFLNK)
		kfree(inode->i_link);
	ramfs_uncharge_inode();
}

static const struct inode_operations ramfs_ops = {
	.lookup = ramfs_lookup,
	.iterate = ramfs_iterate,
	.get_link = ramfs_get_link,
	.evict = ramfs_evict,
};

bool is_ramfs(const struct tree_inode *inode)
{
	return inode->i_op == &ramfs_ops;
}

/*
 * Returns an inode with one reference and no name, or NULL when memory is out.  If the target of a
 * symbolic link could not be copied, the inode's i_link is NULL.
 */
static struct tree_inode *new_inode(const struct ramfs_new *new)
{
	struct tree_inode *inode = inode_alloc(&ramfs_ops, new->mode);

	if (!inode)
		return NULL;
	inode->i_dev = RAMFS_DEV;
	inode->i_rdev = new->rdev;
	inode->i_nlink = is_dir(inode) ? 2 : 1;
	if (is_dir(inode))
		inode->i_size = 2 * DIRENT_SIZE;
	if (inode_type(inode) == S_IFREG)
		inode->i_fop = &ramfs_file_ops;
	if (inode_type(inode) == S_IFLNK) {
		inode->i_size = strlen(new->link);
		inode->i_link = kmalloc(inode->i_size + 1, GFP_KERNEL);
		if (inode->i_link)
			memcpy(inode->i_link, new->link, inode->i_size + 1);
	}
	return inode;
}

static void dir_grows(struct dentry *dir, int entries, int directories)
{
	dir->d_inode->i_size += entries * DIRENT_SIZE;
	dir->d_inode->i_nlink += directories;
	inode_modified(dir->d_inode);
}

struct dentry *ramfs_create(struct dentry *dir, const char *name, unsigned int len,
			    const struct ramfs_new *new)
{
	struct tree_inode *inode;
	struct dentry *dentry;

	if (!dir->d_inode->i_nlink)
		return ERR_PTR(-ENOENT);
	if (!ramfs_charge_inode())
		return ERR_PTR(-ENOSPC);
	inode = new_inode(new);
	if (!inode) {
		ramfs_uncharge_inode();
		return ERR_PTR(-ENOMEM);
	}
	if (inode_type(inode) == S_IFLNK && !inode->i_link) {
		iput(inode);
		return ERR_PTR(-ENOMEM);
	}
	dentry = d_alloc(dir, name, len, inode);
	if (!dentry)
		return ERR_PTR(-ENOMEM);
	d_add(dentry);
	dir_grows(dir, 1, is_dir(inode));
	return dentry;
}

int ramfs_link(struct tree_inode *inode, struct dentry *dir, const char *name, unsigned int len)
{
	struct dentry *dentry;

	if (!dir->d_inode->i_nlink)
		return -ENOENT;
	if (inode->i_nlink >= RAMFS_LINKS_MAX)
		return -EMLINK;
	if (!ramfs_charge_inode())
		return -ENOSPC;
	ihold(inode);
	dentry = d_alloc(dir, name, len, inode);
	if (!dentry) {
		ramfs_uncharge_inode();
		return -ENOMEM;
	}
	d_add(dentry);
	dput(dentry);
	inode->i_nlink++;
	inode_changed(inode);
	dir_grows(dir, 1, 0);
	return 0;
}

void ramfs_remove(struct dentry *dentry)
{
	struct tree_inode *inode = dentry->d_inode;
	bool dir = is_dir(inode);

	dir_grows(dentry->d_parent, -1, dir ? -1 : 0);
	if (dir)
		inode->i_nlink = 0;
	else if (--inode->i_nlink)
		ramfs_uncharge_inode(); /* evict() does this for the last name */
	inode_changed(inode);
	d_drop(dentry);
}

int ramfs_rename(struct dentry *dentry, struct dentry *dir, const char *name, unsigned int len,
		 struct dentry *victim)
{
	struct dentry *old_dir;
	bool moves_dir = is_dir(dentry->d_inode);
	char *copy;

	if (!dir->d_inode->i_nlink)
		return -ENOENT;
	copy = d_name_alloc(name, len);
	if (!copy)
		return -ENOMEM;
	/* From here on nothing fails. */
	if (victim)
		ramfs_remove(victim);
	old_dir = dget(dentry->d_parent);
	d_move(dentry, dir, copy, len);
	dir_grows(old_dir, -1, moves_dir ? -1 : 0);
	dir_grows(dir, 1, moves_dir);
	inode_changed(dentry->d_inode);
	dput(old_dir);
	return 0;
}

void ramfs_init(void)
{
	static const struct ramfs_new root = {.mode = S_IFDIR | 0755};
	struct tree_inode *inode;

	ramfs_file_init();
	inode = ramfs_charge_inode() ? new_inode(&root) : NULL;
	root_dentry = inode ? d_alloc(NULL, "", 0, inode) : NULL;
	if (!root_dentry)
		panic("no memory for the root directory");
}
