/* SPDX-License-Identifier: MIT */
/*
 * struct file: the open file and its references.
 *
 * alloc_file() <- socket(), accept(), open(), pipe(); fput() <- close(), and the end of every system
 * call that takes a descriptor.  Process context: the last fput() runs release(), which may sleep.
 * Compare Linux's fs/file_table.c.
 */
#include "kernel/fs/file.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/ramfs.h"
#include "kernel/mm/slab.h"

static struct kmem_cache *file_cache;

struct file *alloc_file(struct inode *inode, unsigned int flags, const struct file_operations *fops)
{
	struct file *file = kmem_cache_zalloc(file_cache, GFP_KERNEL);

	if (!file)
		return ERR_PTR(-ENFILE);
	file->f_op = fops;
	file->f_inode = inode;
	/*
	 * Keep only the flags of the open file. O_CLOEXEC is a flag of the descriptor; the four
	 * other flags that are removed here affect only this call of open().
	 */
	file->f_flags = flags & ~(O_CLOEXEC | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
	refcount_set(&file->f_count, 1);
	mutex_init(&file->f_pos_lock);
	INIT_LIST_HEAD(&file->f_ep_links);
	return file;
}

void get_file(struct file *file)
{
	refcount_inc(&file->f_count);
}

void fput(struct file *file)
{
	if (!refcount_dec_and_test(&file->f_count))
		return;
	WARN_ON(in_interrupt());
	if (!list_empty(&file->f_ep_links))
		eventpoll_release_file(file);
	if (file->f_op->release)
		file->f_op->release(file->f_inode, file);
	dput(file->f_dentry);
	kmem_cache_free(file_cache, file);
}

void files_init(void)
{
	file_cache = kmem_cache_create("filp", sizeof(struct file), 0, FILES_MAX);
	radix_tree_init();
	inode_cache_init();
	dcache_init();
	ramfs_init();
	fd_table_init();
	fcntl_init();
	read_write_init();
	open_init();
	names_init();
	stat_init();
	attr_init();
	readdir_init();
	sendfile_init();
	splice_init();
	pipe_init();
	poll_init();
	anon_inode_init();
	eventpoll_init();
	eventfd_init();
	timerfd_init();
	select_init();
}
