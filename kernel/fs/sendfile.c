/* SPDX-License-Identifier: MIT */
/*
 * sendfile(): from a file to a socket, a pipe or another file.
 *
 * sys_sendfile <- applications.  Process context, no lock of its own.  A file with pages of its own
 * lends them to a socket, which holds a reference of each until the peer has acknowledged the data:
 * nothing is copied.  Other files are copied through a buffer.  Compare Linux's fs/read_write.c and
 * fs/splice.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

ssize_t write_kernel(struct file *out, void *buf, size_t n, u64 *pos)
{
	struct iov_iter iter;
	struct iovec iov;

	iov_iter_init_kernel(&iter, &iov, buf, n);
	return vfs_iter(out, &iter, true, pos);
}

/*
 * Sends at most *@n bytes of @in from *@pos on, and at most one page.  Advances *@pos by the bytes
 * sent.  Stores in *@n how many bytes it tried to send.  Returns the bytes sent, 0 at the end of
 * the file, or -errno.
 */
static ssize_t send_page(struct file *out, struct file *in, u64 *pos, size_t *n)
{
	u64 size = in->f_dentry->d_inode->i_size;
	unsigned int offset = *pos % PAGE_SIZE;
	u64 left = size - min(size, *pos);
	ssize_t res = -EOPNOTSUPP;
	struct page *page;
	bool more;
	int err;

	if (!left)
		return 0;
	err = in->f_op->mmap_page(in, *pos / PAGE_SIZE, &page);
	if (err)
		return err == -EFAULT ? 0 : err; /* -EFAULT: the file became shorter */
	left = min_t(u64, left, *n);
	*n = min_t(u64, left, PAGE_SIZE - offset);
	more = *n < left;
	if (out->f_op->sendpage)
		res = out->f_op->sendpage(out, page, offset, *n, more);
	if (res == -EOPNOTSUPP)
		res = write_kernel(out, (char *)page_address(page) + offset, *n, NULL);
	put_page(page);
	if (res > 0)
		*pos += res;
	return res;
}

/* Like send_page(), but copies through a buffer: for a file without pages of its own. */
static ssize_t send_copy(struct file *out, struct file *in, u64 *pos, size_t *n)
{
	char *buf = kmalloc(PAGE_SIZE, GFP_KERNEL);
	struct iov_iter iter;
	struct iovec iov;
	u64 end = *pos;
	ssize_t res;

	if (!buf)
		return -ENOMEM;
	iov_iter_init_kernel(&iter, &iov, buf, min(*n, PAGE_SIZE));
	res = in->f_op->read_at(in, &iter, &end);
	*n = max_t(ssize_t, res, 0);
	if (res > 0)
		res = write_kernel(out, buf, res, NULL);
	if (res > 0)
		*pos += res;
	kfree(buf);
	return res;
}

/* Returns the bytes sent, or -errno if there are none. */
static ssize_t send_all(struct file *out, struct file *in, u64 *pos, size_t count)
{
	bool pages =
		in->f_dentry && in->f_op->mmap_page && inode_type(in->f_dentry->d_inode) == S_IFREG;
	size_t total = 0, tried;
	ssize_t n = 0;

	while (total < count) {
		tried = count - total;
		n = pages ? send_page(out, in, pos, &tried) : send_copy(out, in, pos, &tried);
		if (n > 0)
			total += n;
		if (n <= 0 || (size_t)n < tried || signal_pending(current))
			break;
		cond_resched();
	}
	return total ? (ssize_t)total : n;
}

/* Returns 0 or -errno. */
static int check_files(const struct file *out, const struct file *in)
{
	if ((in->f_flags & O_ACCMODE) == O_WRONLY || (out->f_flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (!in->f_op->read_at || (in->f_dentry && is_dir(in->f_dentry->d_inode)))
		return -EINVAL;
	if (!out->f_op->write_iter && !out->f_op->write_at)
		return -EINVAL;
	return out->f_flags & O_APPEND ? -EINVAL : 0;
}

static ssize_t send_file(struct file *out, struct file *in, u64 *pos, size_t count)
{
	int err = check_files(out, in);

	if (err)
		return err;
	if ((s64)*pos < 0 || (ssize_t)count < 0)
		return -EINVAL;
	return send_all(out, in, pos, min_t(size_t, count, MAX_RW_COUNT));
}

static long sys_sendfile(unsigned int out_fd, unsigned int in_fd, u64 __user *upos, size_t count)
{
	struct file *in, *out;
	long res = -EBADF;
	u64 pos;

	if (upos && copy_from_user(&pos, upos, sizeof(pos)))
		return -EFAULT;
	in = fget(in_fd);
	if (!in)
		return -EBADF;
	out = fget(out_fd);
	if (!out)
		goto out_in;
	if (!upos)
		pos = in->f_pos;
	res = send_file(out, in, &pos, count);
	if (!upos)
		in->f_pos = pos;
	else if (copy_to_user(upos, &pos, sizeof(pos)))
		res = -EFAULT;
	fput(out);
out_in:
	fput(in);
	return res;
}

void sendfile_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_sendfile, sys_sendfile),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
