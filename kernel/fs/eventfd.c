/* SPDX-License-Identifier: MIT */
/*
 * eventfd: a counter that threads add to by write() and take from by read().
 *
 * sys_eventfd2 <- applications; eventfd_read(), eventfd_write() <- read(), write().  Process context;
 * ctx->lock protects the counter.  Compare Linux's fs/eventfd.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/eventfd.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/poll.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

#define COUNT_MAX (UINT64_MAX - 1)

struct eventfd_ctx {
	spinlock_t lock;
	wait_queue_head_t wait; /* readers and writers alike */
	u64 count;              /* at most COUNT_MAX */
	bool semaphore;         /* a read takes 1, not all */
};

static struct kmem_cache *eventfd_cache;

/* Takes from the counter.  Returns false if it is 0. */
static bool take(struct eventfd_ctx *ctx, u64 *taken)
{
	bool done;

	spin_lock(&ctx->lock);
	done = ctx->count > 0;
	if (done) {
		*taken = ctx->semaphore ? 1 : ctx->count;
		ctx->count -= *taken;
	}
	spin_unlock(&ctx->lock);
	return done;
}

/* Adds to the counter.  Returns false if the sum would exceed COUNT_MAX. */
static bool add(struct eventfd_ctx *ctx, u64 n)
{
	bool done;

	spin_lock(&ctx->lock);
	done = n <= COUNT_MAX - ctx->count;
	if (done)
		ctx->count += n;
	spin_unlock(&ctx->lock);
	return done;
}

static ssize_t eventfd_read(struct file *file, struct iov_iter *to)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 n;
	int err;

	if (iov_iter_count(to) < sizeof(n))
		return -EINVAL;
	if (!take(ctx, &n)) {
		if (READ_ONCE(file->f_flags) & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wait, take(ctx, &n));
		if (err)
			return err;
	}
	if (wq_has_sleeper(&ctx->wait))
		wake_up_interruptible_poll(&ctx->wait, EPOLLOUT);
	return copy_to_iter(&n, sizeof(n), to) == sizeof(n) ? (ssize_t)sizeof(n) : -EFAULT;
}

static ssize_t eventfd_write(struct file *file, struct iov_iter *from)
{
	struct eventfd_ctx *ctx = file->private_data;
	u64 n;
	int err;

	if (iov_iter_count(from) != sizeof(n))
		return -EINVAL;
	if (copy_from_iter(&n, sizeof(n), from) != sizeof(n))
		return -EFAULT;
	if (n > COUNT_MAX)
		return -EINVAL;
	if (!add(ctx, n)) {
		if (READ_ONCE(file->f_flags) & O_NONBLOCK)
			return -EAGAIN;
		err = wait_event_interruptible(ctx->wait, add(ctx, n));
		if (err)
			return err;
	}
	if (wq_has_sleeper(&ctx->wait))
		wake_up_interruptible_poll(&ctx->wait, EPOLLIN);
	return sizeof(n);
}

static unsigned int eventfd_poll(struct file *file, struct poll_table *pt)
{
	struct eventfd_ctx *ctx = file->private_data;
	unsigned int mask = 0;
	u64 count;

	poll_wait(file, &ctx->wait, pt);
	count = READ_ONCE(ctx->count);
	if (count > 0)
		mask |= EPOLLIN;
	if (count < COUNT_MAX)
		mask |= EPOLLOUT;
	return mask;
}

static int eventfd_release(struct inode *inode, struct file *file)
{
	kmem_cache_free(eventfd_cache, file->private_data);
	return 0;
}

static const struct file_operations eventfd_fops = {
	.llseek = noop_llseek,
	.read_iter = eventfd_read,
	.write_iter = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
};

static long sys_eventfd2(unsigned int count, unsigned int flags)
{
	struct eventfd_ctx *ctx;
	int fd;

	BUILD_BUG_ON(EFD_CLOEXEC != O_CLOEXEC || EFD_NONBLOCK != O_NONBLOCK);
	if (flags & ~(EFD_SEMAPHORE | EFD_CLOEXEC | EFD_NONBLOCK))
		return -EINVAL;
	ctx = kmem_cache_zalloc(eventfd_cache, GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;
	spin_lock_init(&ctx->lock);
	init_waitqueue_head(&ctx->wait);
	ctx->count = count;
	ctx->semaphore = flags & EFD_SEMAPHORE;
	fd = anon_inode_getfd(&eventfd_fops, ctx, O_RDWR | (flags & ~EFD_SEMAPHORE), NULL);
	if (fd < 0)
		kmem_cache_free(eventfd_cache, ctx);
	return fd;
}

static long sys_eventfd(unsigned int count)
{
	return sys_eventfd2(count, 0);
}

void eventfd_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_eventfd, sys_eventfd),
		SYSCALL_DEF(__NR_eventfd2, sys_eventfd2),
	};

	eventfd_cache = kmem_cache_create("eventfd_ctx", sizeof(struct eventfd_ctx), 0, FILES_MAX);
	register_syscalls(calls, ARRAY_SIZE(calls));
}
