/* SPDX-License-Identifier: MIT */
/*
 * read(), write(), pread(), pwrite(), their vector forms and lseek(), for every kind of file.
 *
 * sys_read ... <- applications.  Process context; f_pos_lock of the file.  The file's read_iter or
 * read_at (write_iter or write_at) moves the bytes; read() passes it an iov_iter with one segment,
 * readv() one with several.  Compare Linux's fs/read_write.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/syscall.h"

/* segments of an iovec that are kept on the stack; memory for more is allocated */
#define FAST_IOV 8

/*
 * Stores the file of @fd with a reference.  Returns 0, or -errno if the file was not opened for
 * reading (with @writing: for writing), or has no such operation.
 */
static long file_for(unsigned int fd, bool writing, struct file **filep)
{
	struct file *file = fget(fd);
	const struct file_operations *ops;
	unsigned int mode;
	long err;

	if (!file)
		return -EBADF;
	mode = file->f_flags & O_ACCMODE;
	err = -EBADF;
	if (mode == (writing ? O_RDONLY : O_WRONLY))
		goto out_put;
	ops = file->f_op;
	err = -EINVAL;
	if (writing ? !ops->write_iter && !ops->write_at : !ops->read_iter && !ops->read_at)
		goto out_put;
	*filep = file;
	return 0;

out_put:
	fput(file);
	return err;
}

/*
 * A call that uses the file's own position holds f_pos_lock, so that threads that share the file read or write
 * one after the other (POSIX.1-2017 2.9.7), and lseek() does not move the position during such a call.
 */
ssize_t vfs_iter(struct file *file, struct iov_iter *iter, bool writing, u64 *pos)
{
	const struct file_operations *ops = file->f_op;
	ssize_t res;

	if (writing ? !!ops->write_iter : !!ops->read_iter)
		return writing ? ops->write_iter(file, iter) : ops->read_iter(file, iter);
	if (pos)
		return writing ? ops->write_at(file, iter, pos) : ops->read_at(file, iter, pos);
	mutex_lock(&file->f_pos_lock);
	res = writing ? ops->write_at(file, iter, &file->f_pos)
		      : ops->read_at(file, iter, &file->f_pos);
	mutex_unlock(&file->f_pos_lock);
	return res;
}

/*
 * Checks the position of pread() and its relatives.  A file has a position exactly if its
 * operations include the function that takes a position.
 */
static long check_pos(const struct file *file, bool writing, const u64 *pos)
{
	if (!pos)
		return 0;
	return (writing ? file->f_op->write_iter : file->f_op->read_iter) ? -ESPIPE : 0;
}

/* @pos: NULL for read() and write(), which use and move the file's own position. */
static long read_write(unsigned int fd, void __user *buf, size_t count, bool writing, u64 *pos)
{
	struct iov_iter iter;
	struct iovec iov;
	struct file *file;
	long res;

	if (pos && (s64)*pos < 0)
		return -EINVAL;
	res = file_for(fd, writing, &file);
	if (res)
		return res;
	res = check_pos(file, writing, pos);
	if (res)
		goto out_put;
	/*
	 * A count above SSIZE_MAX cannot belong to a valid buffer; Linux's access_ok() fails then,
	 * too.
	 */
	res = -EFAULT;
	if ((ssize_t)count >= 0) {
		iov_iter_init_one(&iter, &iov, buf, min_t(size_t, count, MAX_RW_COUNT));
		res = vfs_iter(file, &iter, writing, pos);
	}
out_put:
	fput(file);
	return res;
}

static long read_write_vector(unsigned int fd, const struct iovec __user *uvec,
			      unsigned long nr_segs, bool writing, u64 *pos)
{
	struct iovec fast[FAST_IOV], *heap = NULL;
	struct iov_iter iter;
	struct file *file;
	long res;

	if (pos && (s64)*pos < 0)
		return -EINVAL;
	res = file_for(fd, writing, &file);
	if (res)
		return res;
	res = check_pos(file, writing, pos);
	if (res)
		goto out_put;
	/*
	 * Limit @nr_segs before it is converted to int: the conversion could turn a huge count into
	 * a small valid one.
	 */
	nr_segs = min(nr_segs, IOV_MAX_SEGMENTS + 1UL);
	res = import_iovec(uvec, nr_segs, FAST_IOV, fast, &heap, &iter);
	if (res > 0)
		res = vfs_iter(file, &iter, writing, pos);
	kfree(heap);
out_put:
	fput(file);
	return res;
}

static long sys_read(unsigned int fd, void __user *buf, size_t count)
{
	return read_write(fd, buf, count, false, NULL);
}

static long sys_write(unsigned int fd, void __user *buf, size_t count)
{
	return read_write(fd, buf, count, true, NULL);
}

static long sys_readv(unsigned int fd, const struct iovec __user *vec, unsigned long nr_segs)
{
	return read_write_vector(fd, vec, nr_segs, false, NULL);
}

static long sys_writev(unsigned int fd, const struct iovec __user *vec, unsigned long nr_segs)
{
	return read_write_vector(fd, vec, nr_segs, true, NULL);
}

static long sys_pread64(unsigned int fd, void __user *buf, size_t count, u64 pos)
{
	return read_write(fd, buf, count, false, &pos);
}

static long sys_pwrite64(unsigned int fd, const void __user *buf, size_t count, u64 pos)
{
	return read_write(fd, (void *)buf, count, true, &pos);
}

/*
 * On x86-64 the position is one argument.  The fifth argument, its upper half on 32-bit machines,
 * is unused.
 */
static long sys_preadv(unsigned int fd, const struct iovec __user *vec, unsigned long nr_segs,
		       u64 pos)
{
	return read_write_vector(fd, vec, nr_segs, false, &pos);
}

static long sys_pwritev(unsigned int fd, const struct iovec __user *vec, unsigned long nr_segs,
			u64 pos)
{
	return read_write_vector(fd, vec, nr_segs, true, &pos);
}

ssize_t kernel_read(struct file *file, void *buf, size_t n, u64 pos)
{
	const struct tree_inode *inode = file->f_dentry ? file->f_dentry->d_inode : NULL;
	size_t done = 0;

	if (!inode || !file->f_op->mmap_page)
		return -EINVAL;
	while (done < n && pos < inode->i_size) {
		size_t part = min_t(u64, n - done, inode->i_size - pos);
		struct page *page;
		int err = file->f_op->mmap_page(file, pos / PAGE_SIZE, &page);

		if (err)
			return err;
		part = min(part, PAGE_SIZE - pos % PAGE_SIZE);
		memcpy((char *)buf + done, (char *)page_address(page) + pos % PAGE_SIZE, part);
		put_page(page);
		done += part;
		pos += part;
	}
	return done;
}

/* ---- positions ------------------------------------------------------------------------------ */

s64 vfs_setpos(struct file *file, s64 offset, s64 base)
{
	s64 pos;

	if (__builtin_add_overflow(offset, base, &pos) || pos < 0)
		return -EINVAL;
	file->f_pos = pos;
	return pos;
}

s64 generic_llseek(struct file *file, s64 offset, unsigned int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	return vfs_setpos(file, offset, whence == SEEK_CUR ? (s64)file->f_pos : 0);
}

s64 noop_llseek(struct file *file, s64 offset, unsigned int whence)
{
	return file->f_pos;
}

static long sys_lseek(unsigned int fd, s64 offset, unsigned int whence)
{
	struct file *file = fget(fd);
	long res;

	if (!file)
		return -EBADF;
	res = -EINVAL;
	if (whence <= SEEK_HOLE && file->f_op->llseek) {
		mutex_lock(&file->f_pos_lock);
		res = file->f_op->llseek(file, offset, whence);
		mutex_unlock(&file->f_pos_lock);
	} else if (whence <= SEEK_HOLE) {
		res = -ESPIPE;
	}
	fput(file);
	return res;
}

void read_write_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_read, sys_read),       SYSCALL_DEF(__NR_write, sys_write),
		SYSCALL_DEF(__NR_readv, sys_readv),     SYSCALL_DEF(__NR_writev, sys_writev),
		SYSCALL_DEF(__NR_pread64, sys_pread64), SYSCALL_DEF(__NR_pwrite64, sys_pwrite64),
		SYSCALL_DEF(__NR_preadv, sys_preadv),   SYSCALL_DEF(__NR_pwritev, sys_pwritev),
		SYSCALL_DEF(__NR_lseek, sys_lseek),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
