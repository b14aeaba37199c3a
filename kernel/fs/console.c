/* SPDX-License-Identifier: MIT */
/*
 * The console as a file: standard input, output and error.
 *
 * console_open_std() <- first_files(); console_open() <- open() of /dev/console and /dev/tty.
 * Process context; a timer (softirq) also collects typed bytes, so console_lock is softirq-safe.
 *
 * The platform has no interrupt for a typed byte. So a timer looks for typed bytes every
 * LOOK_EVERY_MS, but only while a reader waits: without a reader no periodic interrupt comes.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/ioctl.h"
#include "include/uapi/poll.h"
#include "kernel/console.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/time/timer.h"

#define LOOK_EVERY_MS 20
/* Bytes that one console_write() sends with interrupts off: 6 ms at 115200 baud. */
#define WRITE_CHUNK 64

BUILD_BUG_ON(!IS_POWER_OF_2(CONSOLE_IN_MAX));

static struct inode console_inode;
static DEFINE_SPINLOCK(console_lock);
static char typed[CONSOLE_IN_MAX];
/*
 * Bytes since boot: typed_head counts those that readers took, typed_tail those that were received.
 * Both wrap.
 */
static unsigned int typed_head, typed_tail;
static wait_queue_head_t typed_wait;
static struct timer_list look_timer;
static bool ready;

/*
 * Reads received bytes from the device into typed[]; returns true if typed[] is not empty.  When
 * typed[] is full, the loop ends and further bytes stay in the device, whose flow control can stop
 * the sender.
 */
static bool collect(void)
{
	bool some;
	int c;

	spin_lock_bh(&console_lock);
	while (typed_tail - typed_head < CONSOLE_IN_MAX && (c = hal_console_getc()) >= 0)
		typed[typed_tail++ % CONSOLE_IN_MAX] = c == '\r' ? '\n' : (char)c;
	some = typed_tail != typed_head;
	spin_unlock_bh(&console_lock);
	return some;
}

static void look_again(void)
{
	mod_timer(&look_timer, jiffies + msecs_to_jiffies(LOOK_EVERY_MS));
}

static void look(unsigned long unused)
{
	if (collect())
		wake_up_interruptible_poll(&typed_wait, EPOLLIN | EPOLLRDNORM);
	if (waitqueue_active(&typed_wait))
		look_again();
}

static size_t take_typed(char *buf, size_t max)
{
	size_t n = 0;

	spin_lock_bh(&console_lock);
	while (n < max && typed_head != typed_tail)
		buf[n++] = typed[typed_head++ % CONSOLE_IN_MAX];
	spin_unlock_bh(&console_lock);
	return n;
}

/* Sleeps until a byte was received.  Returns 0, or -ERESTARTSYS if the thread is interrupted. */
static int wait_typed(void)
{
	DEFINE_WAIT(wait);
	int err = 0;

	for (;;) {
		prepare_to_wait(&typed_wait, &wait, TASK_INTERRUPTIBLE);
		if (collect())
			break;
		if (signal_pending(current)) {
			err = -ERESTARTSYS;
			break;
		}
		look_again();
		schedule();
	}
	finish_wait(&typed_wait, &wait);
	return err;
}

static ssize_t console_read_iter(struct file *file, struct iov_iter *to)
{
	char buf[64];
	size_t n, done;
	int err;

	if (!iov_iter_count(to))
		return 0;
	for (;;) {
		collect();
		n = take_typed(buf, min(sizeof(buf), iov_iter_count(to)));
		if (n)
			break;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		err = wait_typed();
		if (err)
			return err;
	}
	done = copy_to_iter(buf, n, to);
	return done ? (ssize_t)done : -EFAULT;
}

static ssize_t console_write_iter(struct file *file, struct iov_iter *from)
{
	char buf[WRITE_CHUNK];
	size_t total = 0;

	while (iov_iter_count(from)) {
		size_t n = copy_from_iter(buf, sizeof(buf), from);

		if (!n)
			return total ? (ssize_t)total : -EFAULT;
		console_write(buf, n);
		total += n;
		cond_resched();
	}
	return total;
}

static unsigned int console_poll(struct file *file, struct poll_table *pt)
{
	unsigned int mask = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &typed_wait, pt);
	if (collect())
		mask |= EPOLLIN | EPOLLRDNORM;
	else if (waitqueue_active(&typed_wait))
		look_again();
	return mask;
}

/*
 * A C library takes a file for a terminal if TCGETS or TIOCGWINSZ succeeds.  The console passes bytes on
 * as they are: its settings are those of a raw serial line, and TCSETS changes none of them.
 */
static long console_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	static const struct termios raw = {.c_cflag = 0x4bd}; /* 8 bits, receiver on, 38,400 baud */
	static const struct winsize unknown = {0};

	switch (cmd) {
	case TCGETS:
		return copy_to_user((void __user *)arg, &raw, sizeof(raw)) ? -EFAULT : 0;
	case TIOCGWINSZ:
		return copy_to_user((void __user *)arg, &unknown, sizeof(unknown)) ? -EFAULT : 0;
	case TCSETS:
	case TCSETSW:
	case TCSETSF:
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations console_file_ops = {
	.read_iter = console_read_iter,
	.write_iter = console_write_iter,
	.poll = console_poll,
	.ioctl = console_ioctl,
};

static void console_setup(void)
{
	if (ready)
		return;
	inode_init(&console_inode, S_IFCHR | 0620);
	init_waitqueue_head(&typed_wait);
	setup_timer(&look_timer, look, 0);
	ready = true;
}

struct file *console_open(unsigned int flags)
{
	console_setup();
	return alloc_file(&console_inode, flags, &console_file_ops);
}

int console_open_std(struct files_struct *files)
{
	struct file *file = console_open(O_RDWR);
	int err = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	for (int i = 0; i < 3 && !err; i++) {
		int fd = fd_alloc(files, 0, 0);

		if (fd < 0) {
			err = fd;
			break;
		}
		get_file(file);
		fd_install_in(files, fd, file);
	}
	fput(file);
	return err;
}
