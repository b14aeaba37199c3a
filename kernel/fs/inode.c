/* SPDX-License-Identifier: MIT */
/*
 * Inodes: the object that an open file refers to.
 *
 * inode_init() <- sock_alloc(), pipes, the console.  inode_alloc() <- ramfs.c, proc_tree.c; iput()
 * <- the last dentry of an inode.  inode_init() in any context, the rest in process context; no
 * lock.  Compare Linux's fs/inode.c.
 */
#include "kernel/fs/inode.h"

#include "kernel/mm/slab.h"
#include "kernel/time/time.h"
#include "kernel/time/wallclock.h"

#define RELATIME_NS ((s64)(24 * 3600 * NSEC_PER_SEC))

static struct kmem_cache *inode_cache;

u64 get_next_ino(void)
{
	static u64 last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

void inode_init(struct inode *inode, u32 mode)
{
	*inode = (struct inode){.i_ino = get_next_ino(), .i_mode = mode};
}

struct tree_inode *inode_alloc(const struct inode_operations *op, u32 mode)
{
	struct tree_inode *inode = kmem_cache_zalloc(inode_cache, GFP_KERNEL);

	if (!inode)
		return NULL;
	inode_init(&inode->inode, mode);
	refcount_set(&inode->i_count, 1);
	mutex_init(&inode->i_mutex);
	inode->i_op = op;
	inode_modified(inode);
	inode->i_atime = inode->i_mtime;
	return inode;
}

void ihold(struct tree_inode *inode)
{
	refcount_inc(&inode->i_count);
}

void iput(struct tree_inode *inode)
{
	if (!refcount_dec_and_test(&inode->i_count))
		return;
	if (inode->i_op->evict)
		inode->i_op->evict(inode);
	kmem_cache_free(inode_cache, inode);
}

void inode_modified(struct tree_inode *inode)
{
	inode_changed(inode);
	inode->i_mtime = inode->i_ctime;
}

void inode_changed(struct tree_inode *inode)
{
	inode->i_ctime = ktime_get_real_ns();
}

void inode_accessed(struct tree_inode *inode)
{
	s64 now = ktime_get_real_ns();

	if (inode->i_atime <= inode->i_mtime || inode->i_atime <= inode->i_ctime ||
	    now - inode->i_atime > RELATIME_NS)
		inode->i_atime = now;
}

void inode_cache_init(void)
{
	inode_cache = kmem_cache_create("inode", sizeof(struct tree_inode), 0, 0);
}
