/* SPDX-License-Identifier: MIT */
/*
 * splice(), tee() and vmsplice(): bytes between a pipe and another file, two pipes, or memory.
 *
 * sys_splice, sys_tee, sys_vmsplice <- applications.  Process context.  The mutex of the pipe is
 * held while the other file is read or written; the mutexes of two pipes are taken in the order of
 * the pipes' addresses.
 *
 * Pages move or are shared where that saves a copy: from pipe to pipe, and from a pipe to a TCP
 * socket, which holds a reference of each page until the peer has acknowledged it.  Files and
 * sockets are read into new pages, and vmsplice() copies: a pipe that shared the pages of a file or
 * of the program would show later changes of these pages.  The errors are those of Linux's
 * fs/splice.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

#define SPLICE_F_ALL (SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT)
#define FAST_IOV     8

/* ---- waiting for a pipe (mutex held) --------------------------------------------------------- */

/* Waits for a free slot.  Returns 0 or -errno. */
static int wait_for_room(struct pipe_inode_info *pipe, bool nonblock)
{
	int err;

	for (;;) {
		if (!pipe->readers) {
			send_sigpipe();
			return -EPIPE;
		}
		if (pipe->nrbufs < pipe->slots)
			return 0;
		if (nonblock)
			return -EAGAIN;
		err = pipe_wait(pipe);
		if (err)
			return err;
	}
}

/* ---- a file to a pipe ------------------------------------------------------------------------ */

/* Allocates @n pages and makes @iov refer to them.  Returns the number of pages that it could allocate. */
static unsigned int get_pages(struct page **pages, struct iovec *iov, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL);
		if (!pages[i])
			return i;
		iov[i] = (struct iovec){page_address(pages[i]), PAGE_SIZE};
	}
	return n;
}

/*
 * Reads at most @len bytes into new slots with one read of the file, so that a socket returns the data
 * that it has.  Returns the number of bytes, 0 at the end of the file, or -errno.  A slot must be free; mutex
 * held.
 */
static ssize_t read_to_slots(struct pipe_inode_info *pipe, struct file *in, u64 *pos, size_t len)
{
	struct page *pages[SPLICE_PAGES_MAX];
	struct iovec iov[SPLICE_PAGES_MAX];
	struct iov_iter iter = {.iov = iov, .kernel = true};
	unsigned int want = min(pipe->slots - pipe->nrbufs, SPLICE_PAGES_MAX), n;
	ssize_t res = -ENOMEM;
	size_t left;

	n = get_pages(pages, iov, min_t(size_t, want, DIV_ROUND_UP(len, PAGE_SIZE)));
	iter.nr_segs = n;
	iter.count = min(len, n * PAGE_SIZE);
	if (n)
		res = vfs_iter(in, &iter, false, pos);
	left = max_t(ssize_t, res, 0);
	for (unsigned int i = 0; i < n; i++) {
		size_t part = min(left, PAGE_SIZE);

		left -= part;
		if (part)
			pipe_push(pipe, (struct pipe_buffer){.page = pages[i], .len = part});
		else
			put_page(pages[i]);
	}
	return res;
}

static ssize_t file_to_pipe(struct file *in, u64 *pos, struct pipe_inode_info *pipe, size_t len,
			    bool nonblock)
{
	ssize_t res;

	size_t total = 0, tried;

	mutex_lock(&pipe->mutex);
	res = wait_for_room(pipe, nonblock);
	while (!res && total < len && pipe->nrbufs < pipe->slots) {
		tried = min(len - total, SPLICE_PAGES_MAX * PAGE_SIZE);
		tried = min(tried, (pipe->slots - pipe->nrbufs) * PAGE_SIZE);
		res = read_to_slots(pipe, in, pos, tried);
		if (res > 0)
			total += res;
		/*
		 * Go on only in a file with a position: its reads never sleep, and only its end
		 * makes a read short.
		 */
		if (res < (ssize_t)tried || !in->f_op->read_at || signal_pending(current))
			break;
		res = 0;
	}
	mutex_unlock(&pipe->mutex);
	return total ? (ssize_t)total : res;
}

/* ---- a pipe to a file ------------------------------------------------------------------------ */

/* Writes at most @len bytes of the oldest slot.  Returns the bytes written, or -errno.  mutex held. */
static ssize_t write_slot(struct pipe_inode_info *pipe, struct file *out, u64 *pos, size_t len,
			  bool more)
{
	struct pipe_buffer *buf = pipe_slot(pipe, 0);
	size_t n = min_t(size_t, len, buf->len);
	ssize_t res = -EOPNOTSUPP;

	more |= n < len && pipe->nrbufs > 1;
	if (out->f_op->sendpage)
		res = out->f_op->sendpage(out, buf->page, buf->offset, n, more);
	if (res == -EOPNOTSUPP)
		res = write_kernel(out, (char *)page_address(buf->page) + buf->offset, n, pos);
	if (res > 0)
		pipe_drop(pipe, res);
	return res;
}

static ssize_t pipe_to_file(struct pipe_inode_info *pipe, struct file *out, u64 *pos, size_t len,
			    unsigned int flags)
{
	size_t total = 0, before;
	ssize_t res;

	mutex_lock(&pipe->mutex);
	res = pipe_wait_data(pipe, flags & SPLICE_F_NONBLOCK);
	while (res > 0 && total < len && pipe->nrbufs) {
		before = min_t(size_t, pipe_slot(pipe, 0)->len, len - total);
		res = write_slot(pipe, out, pos, len - total, flags & SPLICE_F_MORE);
		if (res > 0)
			total += res;
		if (res < (ssize_t)before || signal_pending(current))
			break;
	}
	mutex_unlock(&pipe->mutex);
	return total ? (ssize_t)total : res;
}

/* ---- two pipes ------------------------------------------------------------------------------- */

static void lock_both(struct pipe_inode_info *a, struct pipe_inode_info *b)
{
	mutex_lock(a < b ? &a->mutex : &b->mutex);
	mutex_lock(a < b ? &b->mutex : &a->mutex);
}

static void unlock_both(struct pipe_inode_info *a, struct pipe_inode_info *b)
{
	mutex_unlock(&a->mutex);
	mutex_unlock(&b->mutex);
}

/* Moves slots from @in to @out, whole or in part.  Returns the number of bytes moved.  Both mutexes held. */
static size_t move_slots(struct pipe_inode_info *in, struct pipe_inode_info *out, size_t len)
{
	size_t total = 0;

	while (total < len && in->nrbufs && out->nrbufs < out->slots) {
		struct pipe_buffer buf = *pipe_slot(in, 0);

		if (buf.len > len - total) {
			buf.len = len - total;
			buf.shared = true;
		}
		get_page(buf.page);
		pipe_push(out, buf);
		pipe_drop(in, buf.len);
		total += buf.len;
	}
	return total;
}

/* Appends slots with the pages of @in to @out.  Returns the number of bytes in them.  Both mutexes held. */
static size_t share_slots(struct pipe_inode_info *in, struct pipe_inode_info *out, size_t len)
{
	size_t total = 0;

	for (unsigned int i = 0; total < len && i < in->nrbufs && out->nrbufs < out->slots; i++) {
		struct pipe_buffer buf = *pipe_slot(in, i);

		buf.len = min_t(size_t, buf.len, len - total);
		buf.shared = true;
		get_page(buf.page);
		pipe_push(out, buf);
		total += buf.len;
	}
	return total;
}

/*
 * Waits until @in has data and @out has room, first for the one, then for the other, and calls
 * @move. Between the two waits another thread may have taken the data: then both waits begin again.
 * Returns the bytes that @move returned, 0 at the end of @in, or -errno.
 */
static ssize_t pipe_to_pipe(struct pipe_inode_info *in, struct pipe_inode_info *out, size_t len,
			    bool nonblock,
			    size_t (*move)(struct pipe_inode_info *in, struct pipe_inode_info *out,
					   size_t len))
{
	ssize_t res;

	do {
		mutex_lock(&in->mutex);
		res = pipe_wait_data(in, nonblock);
		mutex_unlock(&in->mutex);
		if (res <= 0)
			return res;
		mutex_lock(&out->mutex);
		res = wait_for_room(out, nonblock);
		mutex_unlock(&out->mutex);
		if (res)
			return res;
		lock_both(in, out);
		if (out->readers)
			res = (ssize_t)move(in, out, len);
		unlock_both(in, out);
	} while (!res);
	return res;
}

/* ---- splice() -------------------------------------------------------------------------------- */

/*
 * Returns true for sockets, and for files that a path names. eventfd, epoll and their like cannot
 * be spliced.
 */
static bool can_splice(const struct file *file, bool writing)
{
	const struct file_operations *ops = file->f_op;

	if (file->f_dentry && is_dir(file->f_dentry->d_inode))
		return false;
	if (!file->f_dentry && !ops->sendpage)
		return false;
	return writing ? ops->write_iter || ops->write_at : ops->read_iter || ops->read_at;
}

/*
 * Checks whether splice() can read @file or, with @writing, write it.  Returns 0 or -errno. @given: the
 * program passed a position, which a file without a position cannot use.
 */
static int check_file(const struct file *file, bool writing, bool given, u64 pos)
{
	bool positioned = writing ? file->f_op->write_at : file->f_op->read_at;

	if (given && !positioned)
		return -EINVAL;
	if (writing && (file->f_flags & O_APPEND))
		return -EINVAL;
	if (positioned && (s64)pos < 0)
		return -EINVAL;
	return can_splice(file, writing) ? 0 : -EINVAL;
}

static bool is_nonblock(const struct file *file)
{
	return READ_ONCE(file->f_flags) & O_NONBLOCK;
}

/* @given: the caller passed a position, which is in *@pos; else the file's own position is used. */
static ssize_t splice_pipe_file(struct pipe_inode_info *pipe, struct file *file, bool writing,
				u64 *pos, bool given, size_t len, unsigned int flags)
{
	int err = check_file(file, writing, given, *pos);
	u64 at = given ? *pos : file->f_pos;
	ssize_t res;

	if (err)
		return err;
	if (writing)
		res = pipe_to_file(pipe, file, &at, len, flags);
	else
		res = file_to_pipe(file, &at, pipe, len, flags & SPLICE_F_NONBLOCK);
	if (res <= 0)
		return res;
	if (given)
		*pos = at;
	else
		file->f_pos = at;
	return res;
}

static ssize_t do_splice(struct file *in, u64 *in_pos, struct file *out, u64 *out_pos, size_t len,
			 unsigned int flags, bool in_given, bool out_given)
{
	struct pipe_inode_info *ipipe = pipe_of(in), *opipe = pipe_of(out);

	if ((in->f_flags & O_ACCMODE) == O_WRONLY || (out->f_flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if ((ipipe && is_nonblock(in)) || (opipe && is_nonblock(out)))
		flags |= SPLICE_F_NONBLOCK;
	if (ipipe && opipe)
		return ipipe == opipe ? -EINVAL
				      : pipe_to_pipe(ipipe, opipe, len, flags & SPLICE_F_NONBLOCK,
						     move_slots);
	if (ipipe)
		return splice_pipe_file(ipipe, out, true, out_pos, out_given, len, flags);
	if (opipe)
		return splice_pipe_file(opipe, in, false, in_pos, in_given, len, flags);
	return -EINVAL;
}

static int get_pos(const struct file *file, const u64 __user *upos, u64 *pos)
{
	*pos = 0;
	if (!upos)
		return 0;
	if (pipe_of(file))
		return -ESPIPE;
	return copy_from_user(pos, upos, sizeof(*pos)) ? -EFAULT : 0;
}

static long sys_splice(unsigned int fd_in, u64 __user *upos_in, unsigned int fd_out,
		       u64 __user *upos_out, size_t len, unsigned int flags)
{
	struct file *in, *out;
	u64 in_pos, out_pos;
	long res = -EBADF;

	if (!len)
		return 0;
	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	in = fget(fd_in);
	if (!in)
		return -EBADF;
	out = fget(fd_out);
	if (!out)
		goto out_in;
	res = get_pos(in, upos_in, &in_pos);
	if (!res)
		res = get_pos(out, upos_out, &out_pos);
	if (res)
		goto out_both;
	res = do_splice(in, &in_pos, out, &out_pos, min_t(size_t, len, MAX_RW_COUNT), flags,
			upos_in, upos_out);
	if ((upos_in && copy_to_user(upos_in, &in_pos, sizeof(in_pos))) ||
	    (upos_out && copy_to_user(upos_out, &out_pos, sizeof(out_pos))))
		res = -EFAULT;
out_both:
	fput(out);
out_in:
	fput(in);
	return res;
}

/* ---- tee() and vmsplice() -------------------------------------------------------------------- */

static ssize_t do_tee(const struct file *in, const struct file *out, size_t len, unsigned int flags)
{
	struct pipe_inode_info *ipipe = pipe_of(in), *opipe = pipe_of(out);

	if ((in->f_flags & O_ACCMODE) == O_WRONLY || (out->f_flags & O_ACCMODE) == O_RDONLY)
		return -EBADF;
	if (!ipipe || !opipe || ipipe == opipe)
		return -EINVAL;
	return pipe_to_pipe(ipipe, opipe, len,
			    (flags & SPLICE_F_NONBLOCK) || is_nonblock(in) || is_nonblock(out),
			    share_slots);
}

static long sys_tee(unsigned int fd_in, unsigned int fd_out, size_t len, unsigned int flags)
{
	struct file *in, *out;
	long res = -EBADF;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	if (!len)
		return 0;
	in = fget(fd_in);
	if (!in)
		return -EBADF;
	out = fget(fd_out);
	if (!out)
		goto out_in;
	res = do_tee(in, out, len, flags);
	fput(out);
out_in:
	fput(in);
	return res;
}

/* Copies into the free slots of the pipe.  If no slot is free, waits for one. */
static ssize_t memory_to_pipe(struct pipe_inode_info *pipe, struct iov_iter *from, bool nonblock)
{
	size_t total = 0;
	ssize_t n;

	mutex_lock(&pipe->mutex);
	n = wait_for_room(pipe, nonblock);
	while (n >= 0 && iov_iter_count(from) && pipe->nrbufs < pipe->slots) {
		n = pipe_add(pipe, from);
		if (n > 0)
			total += n;
	}
	mutex_unlock(&pipe->mutex);
	return total ? (ssize_t)total : n;
}

static ssize_t do_vmsplice(struct file *file, struct iov_iter *iter, unsigned int flags)
{
	struct pipe_inode_info *pipe = pipe_of(file);
	bool nonblock = flags & SPLICE_F_NONBLOCK; /* O_NONBLOCK has no effect, as on Linux */
	ssize_t res;

	if (!pipe)
		return -EBADF;
	if ((file->f_flags & O_ACCMODE) != O_RDONLY)
		return memory_to_pipe(pipe, iter, nonblock);
	mutex_lock(&pipe->mutex);
	res = pipe_wait_data(pipe, nonblock);
	if (res > 0)
		res = pipe_take(pipe, iter);
	mutex_unlock(&pipe->mutex);
	return res;
}

static long sys_vmsplice(unsigned int fd, const struct iovec __user *uvec, unsigned long nr_segs,
			 unsigned int flags)
{
	struct iovec fast[FAST_IOV], *heap = NULL;
	struct iov_iter iter;
	struct file *file;
	long res;

	if (flags & ~SPLICE_F_ALL)
		return -EINVAL;
	file = fget(fd);
	if (!file)
		return -EBADF;
	res = import_iovec(uvec, min(nr_segs, IOV_MAX_SEGMENTS + 1UL), FAST_IOV, fast, &heap,
			   &iter);
	if (res > 0)
		res = do_vmsplice(file, &iter, flags);
	kfree(heap);
	fput(file);
	return res;
}

void splice_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_splice, sys_splice),
		SYSCALL_DEF(__NR_tee, sys_tee),
		SYSCALL_DEF(__NR_vmsplice, sys_vmsplice),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
