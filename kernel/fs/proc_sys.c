/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: a file for each sysctl.
 *
 * proc_sys_open() <- proc_open() <- open(); sys_read_iter(), sys_write_iter() <- read(), write().
 * Process context, no lock: kernel/sysctl.h explains why none is needed.  A read returns the value
 * at that moment.  Every write must be a complete value, and the file position does not matter
 * (Linux ignores a write that is not at the beginning).  Compare Linux's fs/proc/proc_sysctl.c.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/sysctl.h"

/* The private data of an open /proc/sys file: its inode and the sysctl. */
struct sys_file {
	struct inode inode;
	const struct ctl_table *table;
};
static struct kmem_cache *sys_file_cache;

static ssize_t sys_read_iter(struct file *file, struct iov_iter *to)
{
	const struct sys_file *sf = file->private_data;
	char text[SYSCTL_TEXT_MAX];
	size_t len, n, done;

	len = sysctl_show(sf->table, text, sizeof(text) - 1);
	text[len++] = '\n';
	if (file->f_pos >= len)
		return 0;
	n = min(len - file->f_pos, iov_iter_count(to));
	done = copy_to_iter(text + file->f_pos, n, to);
	file->f_pos += done;
	return done || !n ? (ssize_t)done : -EFAULT;
}

static ssize_t sys_write_iter(struct file *file, struct iov_iter *from)
{
	const struct sys_file *sf = file->private_data;
	char text[SYSCTL_TEXT_MAX];
	ssize_t n = proc_text_from_iter(text, sizeof(text), from);
	int err;

	if (n < 0)
		return n;
	err = sysctl_set(sf->table, text);
	if (err)
		return err;
	file->f_pos += n;
	return n;
}

static int sys_release(struct inode *inode, struct file *file)
{
	kmem_cache_free(sys_file_cache, file->private_data);
	return 0;
}

static const struct file_operations sys_file_ops = {
	.read_iter = sys_read_iter,
	.write_iter = sys_write_iter,
	.release = sys_release,
};

/* @name: below /proc/sys/. */
struct file *proc_sys_open(const char *name, unsigned int flags)
{
	/*
	 * sysctl_find() also accepts names with dots, as the command line has them; in /proc/sys
	 * only slashes are valid.
	 */
	const struct ctl_table *table = strchr(name, '.') ? NULL : sysctl_find(name, strlen(name));
	struct sys_file *sf;
	struct file *file;

	if (!table)
		return ERR_PTR(-ENOENT);
	sf = kmem_cache_zalloc(sys_file_cache, GFP_KERNEL);
	if (!sf)
		return ERR_PTR(-ENOMEM);
	inode_init(&sf->inode, S_IFREG | 0644);
	sf->table = table;
	file = alloc_file(&sf->inode, flags, &sys_file_ops);
	if (IS_ERR(file))
		kmem_cache_free(sys_file_cache, sf);
	else
		file->private_data = sf;
	return file;
}

void proc_sys_init(void)
{
	sys_file_cache = kmem_cache_create("sys_file", sizeof(struct sys_file), 0, FILES_MAX);
}
