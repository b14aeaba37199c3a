/* SPDX-License-Identifier: MIT */
/*
 * poll(): waits for any of several files.
 *
 * sys_poll, sys_ppoll <- applications; poll_wait_for() <- select.c; poll_wake() <- wake_up() of a file's
 * queue, in any context.
 *
 * In the first round poll() calls each file's ->poll, which returns the file's events and adds an
 * entry of this call to the file's wait queue.  A wake-up sets `triggered`, then wakes the thread.
 * The thread sets its state to sleeping, then reads `triggered`: so an event that comes after the
 * file's ->poll call and before the thread sleeps is not lost.  Later rounds read the events
 * without adding entries.  Each entry holds a reference of its file, because another thread may
 * close the descriptor meanwhile.  Compare Linux's fs/select.c.
 */
#include "include/uapi/poll.h"

#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/signal.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

/*
 * One poll() keeps up to 16 descriptors and up to 16 wait queue entries on the stack; memory for
 * more is allocated.
 */
#define FAST_FDS     16
#define ALWAYS_ASKED (EPOLLERR | EPOLLHUP)
/* The events of a file without a poll() operation: reading and writing it never waits. */
#define DEFAULT_POLLMASK (EPOLLIN | EPOLLOUT | EPOLLRDNORM | EPOLLWRNORM)

struct poll_entry {
	wait_queue_t wait;
	wait_queue_head_t *queue;
	struct poll_wqueues *pwq;
	struct file *file;
	/* The events that poll() waits for on this file; a wake-up for other events is ignored. */
	unsigned int events;
};

/* A page with the entries that do not fit into struct poll_wqueues. */
struct poll_page {
	struct poll_page *next;
	unsigned int used;
	struct poll_entry entry[];
};
#define ENTRIES_PER_PAGE ((PAGE_SIZE - sizeof(struct poll_page)) / sizeof(struct poll_entry))

/* The state of one call of poll(). */
struct poll_wqueues {
	struct poll_table table; /* its events are copied into each new entry */
	struct task_struct *task;
	bool triggered;
	int error;
	unsigned int always; /* events that poll() waits for on each file */
	unsigned int used;   /* entries of the array below in use */
	struct poll_page *pages;
	struct poll_entry entry[FAST_FDS];
};

/* ---- entries of wait queues ----------------------------------------------------------------- */

/* The wake-up function of an entry.  Called with the wait queue's lock held, irq off. */
static int poll_wake(wait_queue_t *wait, unsigned int mode, int flags, void *key)
{
	struct poll_entry *entry = container_of(wait, struct poll_entry, wait);

	if (key && !((unsigned long)key & entry->events))
		return 0;
	WRITE_ONCE(entry->pwq->triggered, true);
	smp_wmb();
	return default_wake_function(wait, mode, flags, key);
}

static struct poll_entry *new_entry(struct poll_wqueues *pwq)
{
	struct poll_page *page = pwq->pages;

	if (pwq->used < FAST_FDS)
		return &pwq->entry[pwq->used++];
	if (!page || page->used == ENTRIES_PER_PAGE) {
		page = kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!page) {
			pwq->error = -ENOMEM;
			return NULL;
		}
		page->next = pwq->pages;
		page->used = 0;
		pwq->pages = page;
	}
	return &page->entry[page->used++];
}

static void poll_enqueue(struct file *file, wait_queue_head_t *queue, struct poll_table *table)
{
	struct poll_wqueues *pwq = container_of(table, struct poll_wqueues, table);
	struct poll_entry *entry = new_entry(pwq);

	if (!entry)
		return;
	get_file(file);
	*entry = (struct poll_entry){
		.wait = {.private = pwq->task, .func = poll_wake},
		.queue = queue,
		.pwq = pwq,
		.file = file,
		.events = table->events,
	};
	INIT_LIST_HEAD(&entry->wait.entry);
	add_wait_queue(queue, &entry->wait);
}

/*
 * Sets each field separately, because clearing the whole structure would also clear its array of
 * entries, which needs no initial value.
 */
static void poll_initwait(struct poll_wqueues *pwq, unsigned int always)
{
	pwq->table.qproc = NULL;
	pwq->table.events = 0;
	pwq->task = current;
	pwq->triggered = false;
	pwq->error = 0;
	pwq->always = always;
	pwq->used = 0;
	pwq->pages = NULL;
}

static void free_entries(struct poll_entry *entry, unsigned int n)
{
	for (; n--; entry++) {
		remove_wait_queue(entry->queue, &entry->wait);
		fput(entry->file);
	}
}

static void poll_freewait(struct poll_wqueues *pwq)
{
	free_entries(pwq->entry, pwq->used);
	while (pwq->pages) {
		struct poll_page *page = pwq->pages;

		pwq->pages = page->next;
		free_entries(page->entry, page->used);
		kfree(page);
	}
}

/* ---- asking and sleeping -------------------------------------------------------------------- */

/*
 * Returns the current events of one descriptor.  In the first round, while pwq->table.qproc is set, the
 * file's poll() also adds an entry of this call to the file's wait queue.
 */
static unsigned int ask(const struct pollfd *pfd, struct poll_wqueues *pwq)
{
	unsigned int mask = DEFAULT_POLLMASK;
	struct file *file;

	if (pfd->fd < 0)
		return 0;
	file = fget(pfd->fd);
	if (!file)
		return POLLNVAL;
	pwq->table.events = (unsigned short)pfd->events | pwq->always;
	if (file->f_op->poll)
		mask = file->f_op->poll(file, &pwq->table);
	mask &= pwq->table.events;
	fput(file);
	return mask;
}

/* Sleeps until an entry is woken.  Returns true if the deadline has passed. */
static bool poll_schedule(struct poll_wqueues *pwq, u64 deadline)
{
	bool timed_out = false;

	set_current_state(TASK_INTERRUPTIBLE);
	if (!READ_ONCE(pwq->triggered) && !signal_pending(current))
		timed_out = schedule_hrtimeout(deadline);
	__set_current_state(TASK_RUNNING);
	/*
	 * Clear the flag before the next round reads the files' events: an event that comes later
	 * sets it again.
	 */
	WRITE_ONCE(pwq->triggered, false);
	smp_mb();
	return timed_out;
}

/* Checks all descriptors.  Returns the number of those with events. */
static int ask_all(struct poll_list *list, struct poll_wqueues *pwq)
{
	int count = 0;

	for (; list; list = list->next) {
		for (unsigned int i = 0; i < list->len; i++) {
			list->fd[i].revents = (short)ask(&list->fd[i], pwq);
			if (list->fd[i].revents) {
				count++;
				/*
				 * poll() will return without sleeping: no further entries are
				 * needed.
				 */
				pwq->table.qproc = NULL;
			}
		}
		cond_resched();
	}
	return count;
}

/* Asks all descriptors, again after each wake-up.  @deadline 0: one round without sleeping. */
static int do_poll(struct poll_list *list, struct poll_wqueues *pwq, u64 deadline)
{
	bool last = !deadline;

	pwq->table.qproc = last ? NULL : poll_enqueue;
	for (;;) {
		int count = ask_all(list, pwq);

		pwq->table.qproc = NULL;
		if (count)
			return count;
		if (pwq->error)
			return pwq->error;
		if (signal_pending(current))
			return -ERESTARTNOHAND;
		if (last)
			return 0;
		last = poll_schedule(pwq, deadline);
	}
}

int poll_wait_for(struct poll_list *list, unsigned int always, u64 deadline)
{
	struct poll_wqueues pwq;
	int res;

	poll_initwait(&pwq, always);
	res = do_poll(list, &pwq, deadline);
	poll_freewait(&pwq);
	return res;
}

/* ---- the descriptors ------------------------------------------------------------------------ */

#define FDS_PER_CHUNK ((PAGE_SIZE - sizeof(struct poll_list)) / sizeof(struct pollfd))

void poll_list_init(struct poll_list *list, struct pollfd *fd, unsigned int size)
{
	*list = (struct poll_list){.last = list, .fd = fd, .size = size};
}

struct pollfd *poll_list_add(struct poll_list *list)
{
	struct poll_list *last = list->last;

	if (last->len == last->size) {
		last = kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!last)
			return NULL;
		*last = (struct poll_list){.fd = (struct pollfd *)(last + 1),
					   .size = FDS_PER_CHUNK};
		list->last->next = last;
		list->last = last;
	}
	return &last->fd[last->len++];
}

void poll_list_free(struct poll_list *list)
{
	struct poll_list *chunk, *next;

	for (chunk = list->next; chunk; chunk = next) {
		next = chunk->next;
		kfree(chunk);
	}
}

static int copy_fds(struct poll_list *list, const struct pollfd __user *ufds, unsigned int nfds)
{
	while (nfds) {
		struct pollfd *fd = poll_list_add(list);
		unsigned int more;

		if (!fd)
			return -ENOMEM;
		/* Copy as many descriptors as this chunk still holds. */
		more = min(nfds, list->last->size - list->last->len + 1);
		if (copy_from_user(fd, ufds, more * sizeof(*fd)))
			return -EFAULT;
		list->last->len += more - 1;
		ufds += more;
		nfds -= more;
	}
	return 0;
}

static int copy_revents(struct pollfd __user *ufds, const struct poll_list *list)
{
	for (; list; list = list->next) {
		const struct pollfd *fd = list->fd;

		for (unsigned int i = 0; i < list->len; i++, ufds++)
			if (copy_to_user(&ufds->revents, &fd[i].revents, sizeof(fd[i].revents)))
				return -EFAULT;
	}
	return 0;
}

static long do_sys_poll(struct pollfd __user *ufds, unsigned int nfds, u64 deadline)
{
	struct pollfd fast[FAST_FDS];
	struct poll_list list;
	long res;

	if (nfds > NR_OPEN_MAX)
		return -EINVAL;
	poll_list_init(&list, fast, FAST_FDS);
	res = copy_fds(&list, ufds, nfds);
	if (!res)
		res = poll_wait_for(&list, ALWAYS_ASKED, deadline);
	if (res >= 0 && copy_revents(ufds, &list))
		res = -EFAULT;
	poll_list_free(&list);
	return res;
}

/* ---- arguments that the waiting calls have in common ---------------------------------------- */

u64 poll_deadline_ms(int timeout_ms)
{
	if (timeout_ms <= 0)
		return timeout_ms < 0 ? KTIME_MAX : 0;
	return ktime_get_ns() + timeout_ms * NSEC_PER_MSEC;
}

long poll_deadline(const struct timespec *ts, u64 *deadline)
{
	u64 now = ktime_get_ns();

	if (ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= (long)NSEC_PER_SEC)
		return -EINVAL;
	*deadline = KTIME_MAX;
	if (!ts->tv_sec && !ts->tv_nsec)
		*deadline = 0;
	else if (ts->tv_sec < (long)((KTIME_MAX - now) / NSEC_PER_SEC) - 1)
		*deadline = now + ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
	return 0;
}

long poll_deadline_timespec(const struct timespec __user *timeout, u64 *deadline)
{
	struct timespec ts;

	*deadline = KTIME_MAX;
	if (!timeout)
		return 0;
	if (copy_from_user(&ts, timeout, sizeof(ts)))
		return -EFAULT;
	return poll_deadline(&ts, deadline);
}

struct timespec poll_time_left(u64 deadline)
{
	u64 now = ktime_get_ns(), left = deadline > now ? deadline - now : 0;

	return (struct timespec){.tv_sec = left / NSEC_PER_SEC, .tv_nsec = left % NSEC_PER_SEC};
}

long poll_sigmask_begin(const void __user *mask, size_t size)
{
	return set_user_sigmask(mask, size);
}

long poll_sigmask_end(long res)
{
	restore_saved_sigmask_unless(res == -EINTR || res == -ERESTARTNOHAND);
	return res;
}

long poll_store_left(struct timespec __user *timeout, u64 deadline, long res)
{
	struct timespec left = poll_time_left(deadline);

	if (timeout && deadline && copy_to_user(timeout, &left, sizeof(left)) &&
	    res == -ERESTARTNOHAND)
		return -EINTR;
	return res;
}

/* ---- system calls ----------------------------------------------------------------------------- */

static long poll_restart(struct restart_block *restart);

/*
 * poll() does not store the time that is left, so a call that starts again keeps its old deadline.
 */
static long poll_or_restart(struct pollfd __user *ufds, unsigned int nfds, u64 deadline)
{
	struct restart_block *restart = &current->sig.restart;
	long res = do_sys_poll(ufds, nfds, deadline);

	if (res != -ERESTARTNOHAND)
		return res;
	restart->args[0] = (u64)ufds;
	restart->args[1] = nfds;
	restart->args[2] = deadline;
	return set_restart_fn(poll_restart);
}

static long poll_restart(struct restart_block *restart)
{
	return poll_or_restart((void *)restart->args[0], (unsigned int)restart->args[1],
			       restart->args[2]);
}

static long sys_poll(struct pollfd __user *ufds, unsigned int nfds, int timeout_ms)
{
	return poll_or_restart(ufds, nfds, poll_deadline_ms(timeout_ms));
}

static long sys_ppoll(struct pollfd __user *ufds, unsigned int nfds,
		      struct timespec __user *timeout, const void __user *sigmask,
		      size_t sigsetsize)
{
	u64 deadline;
	long res = poll_deadline_timespec(timeout, &deadline);

	if (res)
		return res;
	res = poll_sigmask_begin(sigmask, sigsetsize);
	if (res)
		return res;
	res = poll_sigmask_end(do_sys_poll(ufds, nfds, deadline));
	return poll_store_left(timeout, deadline, res);
}

void poll_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_poll, sys_poll),
		SYSCALL_DEF(__NR_ppoll, sys_ppoll),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
