/* SPDX-License-Identifier: MIT */
/*
 * read(), write(), readv(), writev() and lseek(), for every kind of file.
 *
 * sys_read ... <- applications.  Process context, no lock of its own.  The file's read_iter or
 * write_iter moves the bytes; read() passes it an iov_iter with one segment, readv() one with
 * several.  Compare Linux's fs/read_write.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/internal.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/syscall.h"

/* segments of an iovec that are kept on the stack; memory for more is allocated */
#define FAST_IOV 8

typedef ssize_t (*iter_op_t)(struct file *file, struct iov_iter *iter);

/*
 * Stores the file of @fd (with a reference) and its read_iter or write_iter.  Returns 0, or -errno
 * if the file was not opened for that direction.
 */
static long file_for(unsigned int fd, bool writing, struct file **filep, iter_op_t *op)
{
	struct file *file = fget(fd);
	unsigned int mode;
	long err;

	if (!file)
		return -EBADF;
	mode = file->f_flags & O_ACCMODE;
	err = -EBADF;
	if (mode == (writing ? O_RDONLY : O_WRONLY))
		goto out_put;
	*op = writing ? file->f_op->write_iter : file->f_op->read_iter;
	err = -EINVAL;
	if (!*op)
		goto out_put;
	*filep = file;
	return 0;

out_put:
	fput(file);
	return err;
}

static long read_write(unsigned int fd, void __user *buf, size_t count, bool writing)
{
	struct iov_iter iter;
	struct iovec iov;
	struct file *file;
	iter_op_t op;
	long res;

	res = file_for(fd, writing, &file, &op);
	if (res)
		return res;
	/*
	 * A count above SSIZE_MAX cannot belong to a valid buffer; Linux's access_ok() fails then,
	 * too.
	 */
	res = -EFAULT;
	if ((ssize_t)count >= 0) {
		iov_iter_init_one(&iter, &iov, buf, min_t(size_t, count, MAX_RW_COUNT));
		res = op(file, &iter);
	}
	fput(file);
	return res;
}

static long read_write_vector(unsigned int fd, const struct iovec __user *uvec,
			      unsigned long nr_segs, bool writing)
{
	struct iovec fast[FAST_IOV], *heap;
	struct iov_iter iter;
	struct file *file;
	iter_op_t op;
	long res;

	res = file_for(fd, writing, &file, &op);
	if (res)
		return res;
	/*
	 * Limit @nr_segs before it is converted to int: the conversion could turn a huge count into
	 * a small valid one.
	 */
	nr_segs = min(nr_segs, IOV_MAX_SEGMENTS + 1UL);
	res = import_iovec(uvec, nr_segs, FAST_IOV, fast, &heap, &iter);
	if (res > 0)
		res = op(file, &iter);
	kfree(heap);
	fput(file);
	return res;
}

static long sys_read(unsigned int fd, void __user *buf, size_t count)
{
	return read_write(fd, buf, count, false);
}

static long sys_write(unsigned int fd, void __user *buf, size_t count)
{
	return read_write(fd, buf, count, true);
}

static long sys_readv(unsigned int fd, const struct iovec __user *vec, unsigned long nr_segs)
{
	return read_write_vector(fd, vec, nr_segs, false);
}

static long sys_writev(unsigned int fd, const struct iovec __user *vec, unsigned long nr_segs)
{
	return read_write_vector(fd, vec, nr_segs, true);
}

/*
 * Only files of /proc have a position.  SEEK_END fails, because a text's length is not known in
 * advance.
 */
static long seek(struct file *file, s64 offset, unsigned int whence)
{
	s64 pos;

	if (!file->f_inode || (file->f_inode->i_mode & S_IFMT) != S_IFREG)
		return -ESPIPE;
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	if (__builtin_add_overflow(offset, whence == SEEK_CUR ? (s64)file->f_pos : 0, &pos) ||
	    pos < 0)
		return -EINVAL;
	file->f_pos = pos;
	return pos;
}

static long sys_lseek(unsigned int fd, s64 offset, unsigned int whence)
{
	struct file *file = fget(fd);
	long res;

	if (!file)
		return -EBADF;
	res = seek(file, offset, whence);
	fput(file);
	return res;
}

void read_write_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_read, sys_read),   SYSCALL_DEF(__NR_write, sys_write),
		SYSCALL_DEF(__NR_readv, sys_readv), SYSCALL_DEF(__NR_writev, sys_writev),
		SYSCALL_DEF(__NR_lseek, sys_lseek),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
