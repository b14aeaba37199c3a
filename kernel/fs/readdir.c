/* SPDX-License-Identifier: MIT */
/*
 * getdents64() and lseek() on a directory.
 *
 * sys_getdents64 <- readdir(); dir_emit() <- a directory's iterate().  Process context.  Entries
 * are collected in the kernel's memory under tree_mutex and then copied, so that a page fault of
 * the application cannot happen while the mutex is held.  Compare Linux's fs/readdir.c.
 */
#include "kernel/fs/readdir.h"

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/syscall.h"

struct linux_dirent64 {
	u64 d_ino;
	s64 d_off; /* position of the next entry */
	u16 d_reclen;
	u8 d_type; /* DT_*: S_IF* >> 12 */
	char d_name[];
};

bool dir_emit(struct dir_context *ctx, const char *name, unsigned int len, u64 ino, u32 mode,
	      u64 next)
{
	size_t size = ALIGN_UP(offsetof(struct linux_dirent64, d_name) + len + 1, 8UL);
	struct linux_dirent64 *entry = (void *)(ctx->buf + ctx->used);

	if (size > ctx->size - ctx->used) {
		ctx->full = true;
		return false;
	}
	memset(entry, 0, size);
	entry->d_ino = ino;
	entry->d_off = next;
	entry->d_reclen = size;
	entry->d_type = (mode & S_IFMT) >> 12;
	memcpy(entry->d_name, name, len);
	ctx->used += size;
	ctx->pos = next;
	return true;
}

bool dir_emit_dots(struct dentry *dir, struct dir_context *ctx)
{
	const struct inode *self = &dir->d_inode->inode, *parent = &dir->d_parent->d_inode->inode;

	if (ctx->pos == 0 && !dir_emit(ctx, ".", 1, self->i_ino, S_IFDIR, 1))
		return false;
	return ctx->pos != 1 || dir_emit(ctx, "..", 2, parent->i_ino, S_IFDIR, DIR_POS_FIRST);
}

static long read_dir(struct file *file, char __user *buf, size_t size)
{
	struct dentry *dir = file->f_dentry;
	struct dir_context ctx = {.size = min_t(size_t, size, GETDENTS_MAX)};
	long res;

	if (!dir || !is_dir(dir->d_inode))
		return -ENOTDIR;
	ctx.buf = kmalloc(GETDENTS_MAX, GFP_KERNEL);
	if (!ctx.buf)
		return -ENOMEM;
	res = -ENOENT;
	mutex_lock(&file->f_pos_lock);
	ctx.pos = file->f_pos;
	mutex_lock(&tree_mutex);
	if (dir->d_inode->i_nlink) {
		dir->d_inode->i_op->iterate(dir, &ctx);
		res = ctx.used;
		/* Nothing fitted although there is an entry: the buffer is too small. */
		if (!ctx.used && ctx.full)
			res = -EINVAL;
	}
	mutex_unlock(&tree_mutex);
	if (res > 0 && copy_to_user(buf, ctx.buf, res))
		res = -EFAULT;
	if (res >= 0)
		file->f_pos = ctx.pos;
	mutex_unlock(&file->f_pos_lock);
	kfree(ctx.buf);
	return res;
}

static long sys_getdents64(unsigned int fd, char __user *buf, unsigned int size)
{
	struct file *file = fget(fd);
	long res;

	if (!file)
		return -EBADF;
	res = read_dir(file, buf, size);
	fput(file);
	return res;
}

static ssize_t dir_read_at(struct file *file, struct iov_iter *to, u64 *pos)
{
	return -EISDIR;
}

const struct file_operations dir_file_ops = {
	.read_at = dir_read_at,
	.llseek = generic_llseek,
};

void readdir_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_getdents64, sys_getdents64),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
