/* SPDX-License-Identifier: MIT */
/*
 * Pipes: a ring of pages between a writer and a reader.
 *
 * sys_pipe2 <- applications; pipe_read(), pipe_write() <- read(), write().  Process context;
 * pipe->mutex protects the ring and the counts of open ends; poll() and fcntl(F_GETPIPE_SZ) read them
 * without it.
 *
 * Each slot of the ring has a page, and the offset and length of the unread data in it.  A write of
 * up to a page goes into one slot while the mutex is held, so it is atomic, as POSIX requires for
 * writes of up to PIPE_BUF bytes.  Compare Linux's fs/pipe.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/ioctl.h"
#include "include/uapi/poll.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/pipe.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

static struct kmem_cache *pipe_cache;

int pipe_wait(struct pipe_inode_info *pipe)
{
	DEFINE_WAIT(wait);

	prepare_to_wait(&pipe->wait, &wait, TASK_INTERRUPTIBLE);
	mutex_unlock(&pipe->mutex);
	if (!signal_pending(current))
		schedule();
	finish_wait(&pipe->wait, &wait);
	mutex_lock(&pipe->mutex);
	return signal_pending(current) ? -ERESTARTSYS : 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

void pipe_drop(struct pipe_inode_info *pipe, unsigned int n)
{
	struct pipe_buffer *buf = pipe_slot(pipe, 0);
	bool was_full = pipe->nrbufs == pipe->slots;

	buf->offset += n;
	buf->len -= n;
	if (buf->len)
		return;
	put_page(buf->page);
	buf->page = NULL;
	pipe->curbuf = (pipe->curbuf + 1) & (pipe->slots - 1);
	pipe->nrbufs--;
	/* Writers wait only while the pipe is full. */
	if (was_full)
		wake_up_interruptible_poll(&pipe->wait, EPOLLOUT | EPOLLWRNORM);
}

ssize_t pipe_take(struct pipe_inode_info *pipe, struct iov_iter *to)
{
	ssize_t total = 0;

	while (pipe->nrbufs && iov_iter_count(to)) {
		struct pipe_buffer *buf = pipe_slot(pipe, 0);
		char *from = (char *)page_address(buf->page) + buf->offset;
		size_t want = min_t(size_t, buf->len, iov_iter_count(to));
		size_t n = copy_to_iter(from, want, to);

		total += n;
		pipe_drop(pipe, n);
		if (n < want)
			return total ? total : -EFAULT;
	}
	return total;
}

int pipe_wait_data(struct pipe_inode_info *pipe, bool nonblock)
{
	int err;

	while (!pipe->nrbufs) {
		if (!pipe->writers)
			return 0;
		if (nonblock)
			return -EAGAIN;
		err = pipe_wait(pipe);
		if (err)
			return err;
	}
	return 1;
}

static ssize_t pipe_read(struct file *file, struct iov_iter *to)
{
	struct pipe_inode_info *pipe = file->private_data;
	ssize_t res;

	if (!iov_iter_count(to))
		return 0;
	mutex_lock(&pipe->mutex);
	res = pipe_wait_data(pipe, file->f_flags & O_NONBLOCK);
	if (res > 0)
		res = pipe_take(pipe, to);
	mutex_unlock(&pipe->mutex);
	return res;
}

/* ---- writing -------------------------------------------------------------------------------- */

/*
 * Appends the part of a write that does not fill a page (its size modulo PAGE_SIZE) to the newest
 * slot, if that slot has room for all of it.  Returns the bytes copied, 0 without room, or -EFAULT.
 * mutex held.
 */
static ssize_t pipe_append(struct pipe_inode_info *pipe, struct iov_iter *from)
{
	size_t want = iov_iter_count(from) % PAGE_SIZE;
	struct pipe_buffer *buf;
	size_t end, n;

	if (!pipe->nrbufs || !want)
		return 0;
	buf = pipe_slot(pipe, pipe->nrbufs - 1);
	end = buf->offset + buf->len;
	if (buf->shared || want > PAGE_SIZE - end)
		return 0;
	n = copy_from_iter((char *)page_address(buf->page) + end, want, from);
	buf->len += n;
	return n ? (ssize_t)n : -EFAULT;
}

void pipe_push(struct pipe_inode_info *pipe, struct pipe_buffer buf)
{
	*pipe_slot(pipe, pipe->nrbufs) = buf;
	pipe->nrbufs++;
	wake_up_interruptible_poll(&pipe->wait, EPOLLIN | EPOLLRDNORM);
}

ssize_t pipe_add(struct pipe_inode_info *pipe, struct iov_iter *from)
{
	struct page *page = alloc_page(GFP_KERNEL);
	size_t n;

	if (!page)
		return -ENOMEM;
	n = copy_from_iter(page_address(page), PAGE_SIZE, from);
	if (!n) {
		put_page(page);
		return -EFAULT;
	}
	pipe_push(pipe, (struct pipe_buffer){.page = page, .len = n});
	return n;
}

static ssize_t pipe_write(struct file *file, struct iov_iter *from)
{
	struct pipe_inode_info *pipe = file->private_data;
	ssize_t total = 0, n = 0;

	if (!iov_iter_count(from))
		return 0;
	mutex_lock(&pipe->mutex);
	if (pipe->readers)
		n = pipe_append(pipe, from);
	if (n > 0)
		wake_up_interruptible_poll(&pipe->wait, EPOLLIN | EPOLLRDNORM);
	while (n >= 0) {
		total += n;
		if (!iov_iter_count(from))
			break;
		if (!pipe->readers)
			n = -EPIPE;
		else if (pipe->nrbufs < pipe->slots)
			n = pipe_add(pipe, from);
		else if (file->f_flags & O_NONBLOCK)
			n = -EAGAIN;
		else
			n = pipe_wait(pipe);
	}
	mutex_unlock(&pipe->mutex);
	if (n == -EPIPE)
		send_sigpipe();
	return total ? total : n;
}

/* ---- the other operations of the file ------------------------------------------------------- */

/*
 * Takes no mutex: a thread in splice() holds the mutex while it waits for the other file, and poll() must not
 * wait for that thread.  A wake-up follows each change of the fields that are read here, so an outdated value does
 * no harm.
 */
static unsigned int pipe_poll(struct file *file, struct poll_table *pt)
{
	struct pipe_inode_info *pipe = file->private_data;
	unsigned int mask = 0, nrbufs;

	poll_wait(file, &pipe->wait, pt);
	nrbufs = READ_ONCE(pipe->nrbufs);
	if ((file->f_flags & O_ACCMODE) == O_RDONLY) {
		if (nrbufs)
			mask |= EPOLLIN | EPOLLRDNORM;
		if (!READ_ONCE(pipe->writers))
			mask |= EPOLLHUP;
	} else {
		if (nrbufs < READ_ONCE(pipe->slots))
			mask |= EPOLLOUT | EPOLLWRNORM;
		if (!READ_ONCE(pipe->readers))
			mask |= EPOLLERR;
	}
	return mask;
}

static long pipe_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *pipe = file->private_data;
	int bytes = 0;

	if (cmd != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->mutex);
	for (unsigned int i = 0; i < pipe->nrbufs; i++)
		bytes += pipe_slot(pipe, i)->len;
	mutex_unlock(&pipe->mutex);
	return copy_to_user((int *)arg, &bytes, sizeof(bytes)) ? -EFAULT : 0;
}

static void pipe_free(struct pipe_inode_info *pipe)
{
	for (unsigned int i = 0; i < pipe->nrbufs; i++)
		put_page(pipe_slot(pipe, i)->page);
	kfree(pipe->bufs);
	kmem_cache_free(pipe_cache, pipe);
}

static int pipe_release(struct inode *inode, struct file *file)
{
	struct pipe_inode_info *pipe = file->private_data;
	bool last;

	mutex_lock(&pipe->mutex);
	if ((file->f_flags & O_ACCMODE) == O_RDONLY)
		pipe->readers--;
	else
		pipe->writers--;
	last = !pipe->readers && !pipe->writers;
	if (!last)
		__wake_up(&pipe->wait, TASK_INTERRUPTIBLE, 0,
			  (void *)(unsigned long)(EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM |
						  EPOLLERR | EPOLLHUP));
	mutex_unlock(&pipe->mutex);
	if (last)
		pipe_free(pipe);
	return 0;
}

static const struct file_operations pipe_file_ops = {
	.read_iter = pipe_read,
	.write_iter = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
};

struct pipe_inode_info *pipe_of(const struct file *file)
{
	return file->f_op == &pipe_file_ops ? file->private_data : NULL;
}

/* Replaces the ring by one with @slots slots.  Returns 0, -EBUSY if the data does not fit, or -ENOMEM. */
static int pipe_resize(struct pipe_inode_info *pipe, unsigned int slots)
{
	struct pipe_buffer *bufs = kcalloc(slots, sizeof(*bufs), GFP_KERNEL);
	int err = 0;

	if (!bufs)
		return -ENOMEM;
	mutex_lock(&pipe->mutex);
	if (pipe->nrbufs > slots) {
		err = -EBUSY;
		kfree(bufs);
		goto out_unlock;
	}
	for (unsigned int i = 0; i < pipe->nrbufs; i++)
		bufs[i] = *pipe_slot(pipe, i);
	kfree(pipe->bufs);
	pipe->bufs = bufs;
	pipe->curbuf = 0;
	pipe->slots = slots;
	wake_up_interruptible_poll(&pipe->wait, EPOLLOUT | EPOLLWRNORM);
out_unlock:
	mutex_unlock(&pipe->mutex);
	return err;
}

long pipe_fcntl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct pipe_inode_info *pipe = pipe_of(file);
	unsigned int slots = 1, bytes = arg;
	int err = 0;

	if (!pipe)
		return -EBADF;
	if (cmd == F_SETPIPE_SZ) {
		if (bytes > INT32_MAX)
			return -EINVAL;
		if (bytes > PIPE_PAGES_MAX * PAGE_SIZE)
			return -EPERM;
		while (slots * PAGE_SIZE < bytes)
			slots *= 2;
		err = pipe_resize(pipe, slots);
	}
	return err ? err : (long)(pipe->slots * PAGE_SIZE);
}

/* ---- creating a pipe ------------------------------------------------------------------------ */

/*
 * Creates a pipe and an open file for each end.  The pipe is freed when the last of the two files
 * is released.
 */
static int create_pipe_files(struct file **ends, unsigned int flags)
{
	static const unsigned int modes[2] = {O_RDONLY, O_WRONLY};
	struct pipe_inode_info *pipe = kmem_cache_zalloc(pipe_cache, GFP_KERNEL);

	if (!pipe)
		return -ENFILE;
	pipe->slots = PIPE_PAGES;
	pipe->bufs = kcalloc(pipe->slots, sizeof(*pipe->bufs), GFP_KERNEL);
	if (!pipe->bufs) {
		kmem_cache_free(pipe_cache, pipe);
		return -ENFILE;
	}
	inode_init(&pipe->inode, S_IFIFO | 0600);
	mutex_init(&pipe->mutex);
	init_waitqueue_head(&pipe->wait);
	for (int i = 0; i < 2; i++) {
		ends[i] = alloc_file(&pipe->inode, modes[i] | (flags & O_NONBLOCK), &pipe_file_ops);
		if (IS_ERR(ends[i])) {
			int err = PTR_ERR(ends[i]);

			if (i)
				/* Releases the only open end, which frees the pipe. */
				fput(ends[0]);
			else
				pipe_free(pipe);
			return err;
		}
		ends[i]->private_data = pipe;
		if (i)
			pipe->writers = 1;
		else
			pipe->readers = 1;
	}
	return 0;
}

static long sys_pipe2(int __user *ufds, unsigned int flags)
{
	struct file *ends[2] = {NULL, NULL};
	int fds[2];
	long err;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	err = create_pipe_files(ends, flags);
	if (err)
		return err;
	err = fds[0] = get_unused_fd_flags(flags);
	if (err < 0)
		goto out_files;
	err = fds[1] = get_unused_fd_flags(flags);
	if (err < 0)
		goto out_first;
	err = -EFAULT;
	if (copy_to_user(ufds, fds, sizeof(fds)))
		goto out_second;
	fd_install(fds[0], ends[0]);
	fd_install(fds[1], ends[1]);
	return 0;

out_second:
	put_unused_fd(fds[1]);
out_first:
	put_unused_fd(fds[0]);
out_files:
	fput(ends[0]);
	fput(ends[1]);
	return err;
}

static long sys_pipe(int __user *ufds)
{
	return sys_pipe2(ufds, 0);
}

void pipe_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_pipe, sys_pipe),
		SYSCALL_DEF(__NR_pipe2, sys_pipe2),
	};

	pipe_cache = kmem_cache_create("pipe", sizeof(struct pipe_inode_info), 0, FILES_MAX / 2);
	register_syscalls(calls, ARRAY_SIZE(calls));
}
