/* SPDX-License-Identifier: MIT */
/*
 * /proc/sys: a file for each sysctl.
 *
 * proc_sys_open() <- open(), through proc_tree.c; sys_read_at(), sys_write_at() <- read(), write().
 * Process context, no lock: kernel/sysctl.h explains why none is needed.  A read returns the value
 * at that moment.  Every write must be a complete value, and the file position does not matter
 * (Linux ignores a write that is not at the beginning).  Compare Linux's fs/proc/proc_sysctl.c.
 */
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/internal.h"
#include "kernel/limits.h"
#include "kernel/sysctl.h"

static ssize_t sys_read_at(struct file *file, struct iov_iter *to, u64 *pos)
{
	char text[SYSCTL_TEXT_MAX];
	size_t len = sysctl_show(file->private_data, text, sizeof(text) - 1);

	text[len++] = '\n';
	return text_to_iter(text, len, to, pos);
}

static ssize_t sys_write_at(struct file *file, struct iov_iter *from, u64 *pos)
{
	char text[SYSCTL_TEXT_MAX];
	ssize_t n = proc_text_from_iter(text, sizeof(text), from);
	int err;

	if (n < 0)
		return n;
	err = sysctl_set(file->private_data, text);
	if (err)
		return err;
	*pos += n;
	return n;
}

static const struct file_operations sys_file_ops = {
	.read_at = sys_read_at,
	.write_at = sys_write_at,
	.llseek = generic_llseek,
};

struct file *proc_sys_open(struct tree_inode *inode, const struct ctl_table *table,
			   unsigned int flags)
{
	struct file *file = alloc_file(&inode->inode, flags, &sys_file_ops);

	if (!IS_ERR(file))
		file->private_data = (void *)table;
	return file;
}
