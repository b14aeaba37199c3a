/* SPDX-License-Identifier: MIT */
/*
 * timerfd: a timer whose expirations are read from a descriptor.
 *
 *   an application's call -> sys_timerfd_*                  process context, ctx->mutex
 *   read() -> timerfd_read()                                process context, ctx->mutex
 *   the HRTIMER softirq -> timerfd_expires()                ctx->lock only
 *   clock_settime() -> timerfd_clock_was_set()              ctx->lock only
 *
 * A periodic timer is armed for one period at a time.  After it has expired, the next read() or
 * timerfd_gettime() counts the periods that have passed and arms it again: a reader that is late costs
 * no interrupts.  Only an
 * absolute time of CLOCK_REALTIME is a time of day and moves with that clock; a relative one counts on the
 * monotonic clock, as on Linux.  With TFD_TIMER_CANCEL_ON_SET the next read() after the clock was set
 * fails with ECANCELED.  Compare Linux's fs/timerfd.c.
 */
#include "include/uapi/timerfd.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/poll.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/clock_timer.h"
#include "kernel/time/time.h"

struct timerfd_ctx {
	struct mutex mutex;
	spinlock_t lock; /* protects ticks, expired, cancelled */
	struct clock_timer timer;
	struct clock_watch watch; /* added if the flag TFD_TIMER_CANCEL_ON_SET is in effect */
	u64 next;                 /* when the timer expires, or expired last: ns, on timer.clock */
	u64 interval;             /* ns; 0: once */
	u64 ticks;                /* expirations that no read() has returned */
	bool expired;             /* not armed again since it expired */
	bool cancelled;           /* the clock was set, and no call has returned ECANCELED since */
	bool real;                /* the timer is one of CLOCK_REALTIME */
	wait_queue_head_t wait;
};

static struct kmem_cache *timerfd_cache;
static const struct file_operations timerfd_fops;

static void timerfd_expires(struct clock_timer *timer)
{
	struct timerfd_ctx *ctx = container_of(timer, struct timerfd_ctx, timer);

	spin_lock(&ctx->lock);
	ctx->ticks++;
	ctx->expired = true;
	spin_unlock(&ctx->lock);
	wake_up_interruptible_poll(&ctx->wait, EPOLLIN);
}

static void timerfd_clock_was_set(struct clock_watch *watch)
{
	struct timerfd_ctx *ctx = container_of(watch, struct timerfd_ctx, watch);

	spin_lock(&ctx->lock);
	ctx->ticks++; /* poll() reports the descriptor readable */
	ctx->cancelled = true;
	spin_unlock(&ctx->lock);
	wake_up_interruptible_poll(&ctx->wait, EPOLLIN);
}

/* Returns true, once, if the clock was set and the flag TFD_TIMER_CANCEL_ON_SET is in effect. */
static bool take_cancelled(struct timerfd_ctx *ctx)
{
	bool cancelled;

	spin_lock_bh(&ctx->lock);
	cancelled = ctx->cancelled && !list_empty(&ctx->watch.list);
	if (cancelled)
		ctx->cancelled = false;
	spin_unlock_bh(&ctx->lock);
	return cancelled;
}

/* Saturates, so that a time far in the future does not overflow. */
static u64 to_ns(const struct timespec *ts)
{
	if (ts->tv_sec >= (long)(KTIME_MAX / NSEC_PER_SEC))
		return KTIME_MAX;
	return ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static struct timespec to_timespec(u64 ns)
{
	return (struct timespec){.tv_sec = ns / NSEC_PER_SEC, .tv_nsec = ns % NSEC_PER_SEC};
}

static bool is_valid(const struct timespec *ts)
{
	return ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (long)NSEC_PER_SEC;
}

/*
 * If a periodic timer has expired, arms it for its next period and counts the periods that have
 * passed. Returns the number of ticks that no read() has returned. ctx->mutex held.
 */
static u64 catch_up(struct timerfd_ctx *ctx)
{
	u64 now = clock_now(ctx->timer.clock), ticks, periods = 0;
	bool rearm;

	spin_lock_bh(&ctx->lock);
	ticks = ctx->ticks;
	rearm = ctx->expired && ctx->interval;
	if (rearm)
		ctx->expired = false;
	spin_unlock_bh(&ctx->lock);
	if (!rearm)
		return ticks;
	/*
	 * The tick that was due at ctx->next is counted in ctx->ticks already.  If the clock was
	 * set back since, no later tick was due.
	 */
	if (now > ctx->next)
		periods = (now - ctx->next) / ctx->interval;
	ctx->next += (periods + 1) * ctx->interval;
	spin_lock_bh(&ctx->lock);
	ctx->ticks += periods;
	spin_unlock_bh(&ctx->lock);
	clock_timer_start(&ctx->timer, ctx->next);
	return ticks + periods;
}

/* ---- read(), poll(), close() -------------------------------------------------------------------- */

/*
 * Stores the ticks since the last read() and resets them.  Returns 1, 0 if there were none, or
 * -ECANCELED: then a periodic timer stays off, because the program must set it anew.
 */
static int take_ticks(struct timerfd_ctx *ctx, u64 *ticks)
{
	int res = -ECANCELED;

	mutex_lock(&ctx->mutex);
	if (take_cancelled(ctx)) {
		spin_lock_bh(&ctx->lock);
		ctx->ticks = 0;
		ctx->expired = false;
		spin_unlock_bh(&ctx->lock);
	} else {
		*ticks = catch_up(ctx);
		spin_lock_bh(&ctx->lock);
		ctx->ticks -= *ticks;
		spin_unlock_bh(&ctx->lock);
		res = *ticks > 0;
	}
	mutex_unlock(&ctx->mutex);
	return res;
}

static ssize_t timerfd_read(struct file *file, struct iov_iter *to)
{
	struct timerfd_ctx *ctx = file->private_data;
	u64 ticks;
	int err;

	if (iov_iter_count(to) < sizeof(ticks))
		return -EINVAL;
	while (!(err = take_ticks(ctx, &ticks))) {
		if (READ_ONCE(file->f_flags) & O_NONBLOCK)
			return -EAGAIN;
		/* take_ticks() may sleep for the mutex, so it is not the condition of the wait. */
		err = wait_event_interruptible(ctx->wait, READ_ONCE(ctx->ticks));
		if (err)
			return err;
	}
	if (err < 0)
		return err;
	return copy_to_iter(&ticks, sizeof(ticks), to) == sizeof(ticks) ? (ssize_t)sizeof(ticks)
									: -EFAULT;
}

static unsigned int timerfd_poll(struct file *file, struct poll_table *pt)
{
	struct timerfd_ctx *ctx = file->private_data;

	poll_wait(file, &ctx->wait, pt);
	return READ_ONCE(ctx->ticks) ? EPOLLIN : 0;
}

static int timerfd_release(struct inode *inode, struct file *file)
{
	struct timerfd_ctx *ctx = file->private_data;

	clock_watch_remove(&ctx->watch);
	clock_timer_cancel(&ctx->timer);
	kmem_cache_free(timerfd_cache, ctx);
	return 0;
}

static const struct file_operations timerfd_fops = {
	.llseek = noop_llseek,
	.read_iter = timerfd_read,
	.poll = timerfd_poll,
	.release = timerfd_release,
};

/* ---- system calls ------------------------------------------------------------------------------- */

static long sys_timerfd_create(int clockid, unsigned int flags)
{
	struct timerfd_ctx *ctx;
	int fd;

	BUILD_BUG_ON(TFD_CLOEXEC != O_CLOEXEC || TFD_NONBLOCK != O_NONBLOCK);
	if (flags & ~(TFD_CLOEXEC | TFD_NONBLOCK))
		return -EINVAL;
	if (clockid != CLOCK_REALTIME && clockid != CLOCK_MONOTONIC && clockid != CLOCK_BOOTTIME &&
	    clockid != CLOCK_REALTIME_ALARM && clockid != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	ctx = kmem_cache_zalloc(timerfd_cache, GFP_KERNEL);
	if (!ctx)
		return -ENOMEM;
	mutex_init(&ctx->mutex);
	spin_lock_init(&ctx->lock);
	clock_timer_setup(&ctx->timer, CLOCK_MONOTONIC, timerfd_expires);
	clock_watch_setup(&ctx->watch, timerfd_clock_was_set);
	init_waitqueue_head(&ctx->wait);
	ctx->real = clockid == CLOCK_REALTIME || clockid == CLOCK_REALTIME_ALARM;
	fd = anon_inode_getfd(&timerfd_fops, ctx, O_RDWR | flags, NULL);
	if (fd < 0)
		kmem_cache_free(timerfd_cache, ctx);
	return fd;
}

/* Stores the time that is left and the interval.  ctx->mutex held. */
static void get_time(struct timerfd_ctx *ctx, struct itimerspec *setting)
{
	u64 now, left = 0;

	catch_up(ctx);
	now = clock_now(ctx->timer.clock);
	if (hrtimer_is_queued(&ctx->timer.timer) && ctx->next > now)
		left = ctx->next - now;
	setting->it_value = to_timespec(left);
	setting->it_interval = to_timespec(ctx->interval);
}

/*
 * Sets the timer.  Returns 0, or -ECANCELED if the clock was set and no read() has reported it; the
 * timer is armed in both cases, unless the new time is 0. ctx->mutex held.
 */
static int set_time(struct timerfd_ctx *ctx, const struct itimerspec *setting, int flags)
{
	u64 value = to_ns(&setting->it_value), now;
	bool of_day = ctx->real && (flags & TFD_TIMER_ABSTIME);

	clock_timer_cancel(&ctx->timer);
	ctx->timer.clock = of_day ? CLOCK_REALTIME : CLOCK_MONOTONIC;
	if (of_day && (flags & TFD_TIMER_CANCEL_ON_SET))
		clock_watch_add(&ctx->watch);
	else
		clock_watch_remove(&ctx->watch);
	spin_lock_bh(&ctx->lock);
	ctx->ticks = 0;
	ctx->expired = false;
	spin_unlock_bh(&ctx->lock);
	ctx->interval = to_ns(&setting->it_interval);
	if (!value)
		return 0;
	if (!(flags & TFD_TIMER_ABSTIME)) {
		now = ktime_get_ns();
		value = min(value, KTIME_MAX - now) + now;
	}
	ctx->next = value;
	clock_timer_start(&ctx->timer, value);
	return take_cancelled(ctx) ? -ECANCELED : 0;
}

/* Returns the timer of descriptor @fd; the caller passes *@filep to fput().  NULL: *@err is -EBADF or -EINVAL. */
static struct timerfd_ctx *timerfd_get(int fd, struct file **filep, long *err)
{
	*filep = fget(fd);
	*err = -EBADF;
	if (!*filep)
		return NULL;
	*err = 0;
	if ((*filep)->f_op == &timerfd_fops)
		return (*filep)->private_data;
	fput(*filep);
	*err = -EINVAL;
	return NULL;
}

static long sys_timerfd_settime(int fd, int flags, const struct itimerspec __user *unew,
				struct itimerspec __user *uold)
{
	struct itimerspec setting, old;
	struct timerfd_ctx *ctx;
	struct file *file;
	long err;

	if (copy_from_user(&setting, unew, sizeof(setting)))
		return -EFAULT;
	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET) ||
	    !is_valid(&setting.it_value) || !is_valid(&setting.it_interval))
		return -EINVAL;
	ctx = timerfd_get(fd, &file, &err);
	if (!ctx)
		return err;
	mutex_lock(&ctx->mutex);
	get_time(ctx, &old);
	err = set_time(ctx, &setting, flags);
	mutex_unlock(&ctx->mutex);
	fput(file);
	if (err)
		return err;
	return uold && copy_to_user(uold, &old, sizeof(old)) ? -EFAULT : 0;
}

static long sys_timerfd_gettime(int fd, struct itimerspec __user *setting)
{
	struct timerfd_ctx *ctx;
	struct itimerspec now;
	struct file *file;
	long err;

	ctx = timerfd_get(fd, &file, &err);
	if (!ctx)
		return err;
	mutex_lock(&ctx->mutex);
	get_time(ctx, &now);
	mutex_unlock(&ctx->mutex);
	fput(file);
	return copy_to_user(setting, &now, sizeof(now)) ? -EFAULT : 0;
}

void timerfd_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_timerfd_create, sys_timerfd_create),
		SYSCALL_DEF(__NR_timerfd_settime, sys_timerfd_settime),
		SYSCALL_DEF(__NR_timerfd_gettime, sys_timerfd_gettime),
	};

	timerfd_cache = kmem_cache_create("timerfd_ctx", sizeof(struct timerfd_ctx), 0, FILES_MAX);
	register_syscalls(calls, ARRAY_SIZE(calls));
}
