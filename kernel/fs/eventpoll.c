/* SPDX-License-Identifier: MIT */
/*
 * epoll: waits for any of many files; an event costs the same however many files are watched.
 *
 * sys_epoll_* <- applications (process context); ep_poll_callback() <- wake_up() of a watched file's
 * queue (any context); eventpoll_release_file() <- the last fput() of a watched file.  eventpoll.h has
 * the structures and the order of locks.
 *
 * EPOLL_CTL_ADD puts the item into the file's wait queue, where it stays.  A wake-up of that queue
 * calls ep_poll_callback(), which appends the item to the ready list and wakes one thread of
 * epoll_wait().  That thread asks each ready item's file for its events.  An item without events is
 * dropped from the list.  A level-triggered item with events is appended to the list again: as long
 * as its file has events, each call must report them.  So a file is asked only after a wake-up of
 * its queue, or if it had events when it was asked before.
 *
 * No wake-up is lost: an item leaves the ready list before its file is asked, so an event that
 * comes while the file is asked adds the item again.  Compare Linux's fs/eventpoll.c.
 */
#include "kernel/fs/eventpoll.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/poll.h"
#include "include/uapi/time.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

/* The bits of epoll_event.events that are not events. */
#define EP_PRIVATE_BITS (EPOLLWAKEUP | EPOLLONESHOT | EPOLLET | EPOLLEXCLUSIVE)
#define EP_INOUT        (EPOLLIN | EPOLLOUT)
/* The bits that are permitted together with EPOLLEXCLUSIVE. */
#define EP_EXCLUSIVE_OK (EP_INOUT | EPOLLERR | EPOLLHUP | EPOLLWAKEUP | EPOLLET | EPOLLEXCLUSIVE)
/* A larger array of events would exceed INT_MAX bytes. */
#define EP_MAX_EVENTS (INT32_MAX / (int)sizeof(struct epoll_event))

static struct kmem_cache *ep_cache, *epi_cache;
static struct mutex epmutex;
DEFINE_SPINLOCK(ep_links_lock);

static const struct file_operations eventpoll_fops;

struct eventpoll *ep_from_file(const struct file *file)
{
	return file->f_op == &eventpoll_fops ? file->private_data : NULL;
}

static bool ep_is_ready(const struct epitem *epi)
{
	return !list_empty(&epi->ready_link);
}

static bool ep_events_available(const struct eventpoll *ep)
{
	return !list_empty(&ep->ready) || ep->scanning;
}

/* ---- when an event comes ---------------------------------------------------------------------- */

/* Wakes the threads and the epolls that wait for the epoll file itself.  No lock of @ep held. */
static void ep_wake_pollers(struct eventpoll *ep)
{
	wake_up_interruptible_poll(&ep->poll_wait, EPOLLIN | EPOLLRDNORM);
}

/*
 * Adds the item to the ready list and wakes a thread. ep->wq.lock held, irq off.  Returns true if a thread
 * waited.
 */
static bool ep_add_ready(struct eventpoll *ep, struct epitem *epi)
{
	if (!ep_is_ready(epi))
		list_add_tail(&epi->ready_link, &ep->ready);
	if (!waitqueue_active(&ep->wq))
		return false;
	__wake_up_locked(&ep->wq, TASK_INTERRUPTIBLE, 1, NULL);
	return true;
}

/*
 * Returns true if an exclusive item has used up the event @key, so that no further exclusive waiter
 * of the file needs to be woken.  A @key with both EPOLLIN and EPOLLOUT is never used up; a @key
 * with neither is always used up; a @key with one of the two is used up if the item waits for that event.
 */
static bool ep_event_is_used(const struct epitem *epi, unsigned int key)
{
	unsigned int inout = key & EP_INOUT;

	return !inout || (inout != EP_INOUT && (epi->events & inout));
}

/*
 * The wake function of an item.  The file's queue is locked, irq off.  The file may not be asked for its
 * events here, so @key alone decides; 0 means that anything may have happened.  Returns 0 if an item
 * with EPOLLEXCLUSIVE has no use for the event, so that wake_up() wakes the next exclusive waiter.
 */
static int ep_poll_callback(wait_queue_t *wait, unsigned int mode, int flags, void *key)
{
	struct epitem *epi = container_of(wait, struct epitem, wait);
	struct eventpoll *ep = ep_of(epi);
	unsigned int events = (unsigned int)(unsigned long)key;
	bool pollers = false;
	int used = !(epi->events & EPOLLEXCLUSIVE);

	spin_lock(&ep->wq.lock);
	if (!(epi->events & ~EP_PRIVATE_BITS) || (events && !(events & epi->events)))
		goto out_unlock;
	if (ep_add_ready(ep, epi) && ep_event_is_used(epi, events))
		used = 1;
	pollers = waitqueue_active(&ep->poll_wait);
out_unlock:
	spin_unlock(&ep->wq.lock);
	if (pollers)
		ep_wake_pollers(ep);
	return used;
}

/*
 * Asks the item's file for the events that the item waits for; returns those events that are true
 * now.
 */
static unsigned int ep_item_poll(const struct epitem *epi, struct poll_table *pt)
{
	pt->events = epi->events;
	return epi->file->f_op->poll(epi->file, pt) & epi->events;
}

/* ---- scanning the ready list; ep->mtx held ------------------------------------------------------ */

/*
 * A scan moves the ready list to @list and takes its items one by one.  Items that become ready
 * meanwhile collect on ep->ready, so that the scan ends.  Both lists are changed under ep->wq.lock.
 */
static struct epitem *take_first(struct list_head *list)
{
	struct epitem *epi = list_first_entry_or_null(list, struct epitem, ready_link);

	if (epi)
		list_del_init(&epi->ready_link);
	return epi;
}

static struct epitem *scan_begin(struct eventpoll *ep, struct list_head *list)
{
	struct epitem *epi;
	unsigned long flags;

	spin_lock_irqsave(&ep->wq.lock, flags);
	ep->scanning = true;
	list_splice_tail_init(&ep->ready, list);
	epi = take_first(list);
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	return epi;
}

/* Returns the next item of @list.  @again, if not NULL, goes back to the end of the ready list. */
static struct epitem *scan_next(struct eventpoll *ep, struct list_head *list, struct epitem *again)
{
	struct epitem *epi;
	unsigned long flags;

	spin_lock_irqsave(&ep->wq.lock, flags);
	if (again && !ep_is_ready(again))
		list_add_tail(&again->ready_link, &ep->ready);
	epi = take_first(list);
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	return epi;
}

/*
 * Ends a scan. @again, if not NULL, goes back to the end of the ready list. @unseen (or NULL) and
 * the rest of @list go back to the head of the ready list.  If the ready list is not empty, a
 * waiting thread is woken for these items.
 */
static void scan_end(struct eventpoll *ep, struct list_head *list, struct epitem *unseen,
		     struct epitem *again)
{
	unsigned long flags;

	spin_lock_irqsave(&ep->wq.lock, flags);
	if (again && !ep_is_ready(again))
		list_add_tail(&again->ready_link, &ep->ready);
	if (unseen && !ep_is_ready(unseen))
		list_add(&unseen->ready_link, list);
	if (unlikely(!list_empty(list))) {
		list_splice_tail_init(&ep->ready, list);
		list_splice_tail_init(list, &ep->ready);
	}
	ep->scanning = false;
	if (!list_empty(&ep->ready) && waitqueue_active(&ep->wq))
		__wake_up_locked(&ep->wq, TASK_INTERRUPTIBLE, 1, NULL);
	spin_unlock_irqrestore(&ep->wq.lock, flags);
}

/*
 * Stores the events of ready items in @events.  Returns their number, or -EFAULT if none could be
 * stored.  An item whose event could not be stored stays ready.
 */
static int ep_send_events(struct eventpoll *ep, struct epoll_event __user *events, int maxevents)
{
	struct epitem *epi, *again = NULL;
	struct poll_table pt = {0};
	LIST_HEAD(list);
	int n = 0;

	mutex_lock(&ep->mtx);
	epi = scan_begin(ep, &list);
	while (epi) {
		struct epoll_event event = {.events = ep_item_poll(epi, &pt),
					    .data.u64 = epi->data};

		again = NULL;
		if (event.events) {
			if (copy_to_user(&events[n], &event, sizeof(event))) {
				n = n ? n : -EFAULT;
				break;
			}
			n++;
			if (epi->events & EPOLLONESHOT)
				epi->events &= EP_PRIVATE_BITS;
			else if (!(epi->events & EPOLLET))
				again = epi;
		}
		epi = NULL;
		if (n == maxevents || list_empty(&list))
			break;
		epi = scan_next(ep, &list, again);
	}
	scan_end(ep, &list, epi, again);
	mutex_unlock(&ep->mtx);
	return n;
}

/* ---- the epoll file ----------------------------------------------------------------------------- */

/*
 * An epoll is readable if an item has events.  Items without events are dropped from the ready
 * list.
 */
static unsigned int ep_eventpoll_poll(struct file *file, struct poll_table *pt)
{
	struct eventpoll *ep = file->private_data;
	struct poll_table item_pt = {0};
	struct epitem *epi;
	LIST_HEAD(list);

	poll_wait(file, &ep->poll_wait, pt);
	mutex_lock(&ep->mtx);
	epi = scan_begin(ep, &list);
	while (epi && !ep_item_poll(epi, &item_pt))
		epi = scan_next(ep, &list, NULL);
	scan_end(ep, &list, epi, NULL);
	mutex_unlock(&ep->mtx);
	return epi ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Takes the item out of its file's wait queue.  Afterwards no wake-up reaches it. */
static void ep_unregister(struct epitem *epi)
{
	if (epi->whead)
		remove_wait_queue(epi->whead, &epi->wait);
	epi->whead = NULL;
}

/* ep->mtx held. */
static void ep_remove(struct eventpoll *ep, struct epitem *epi)
{
	unsigned long flags;

	ep_unregister(epi);
	spin_lock(&ep_links_lock);
	list_del(&epi->file_link);
	spin_unlock(&ep_links_lock);
	rb_erase(&epi->node, &ep->items);
	spin_lock_irqsave(&ep->wq.lock, flags);
	list_del_init(&epi->ready_link);
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	kmem_cache_free(epi_cache, epi);
}

/*
 * Removes the items that watch @file, which has no reference any more. epmutex keeps a closing
 * epoll from freeing the items at the same time.
 */
void eventpoll_release_file(struct file *file)
{
	struct epitem *epi, *next;

	mutex_lock(&epmutex);
	list_for_each_entry_safe(epi, next, &file->f_ep_links, file_link) {
		struct eventpoll *ep = ep_of(epi);

		mutex_lock(&ep->mtx);
		ep_remove(ep, epi);
		mutex_unlock(&ep->mtx);
	}
	mutex_unlock(&epmutex);
}

static int ep_eventpoll_release(struct inode *inode, struct file *file)
{
	struct eventpoll *ep = file->private_data;
	struct rb_node *node;

	mutex_lock(&epmutex);
	mutex_lock(&ep->mtx);
	while ((node = ep->items.rb_node)) {
		ep_remove(ep, rb_entry(node, struct epitem, node));
		cond_resched();
	}
	mutex_unlock(&ep->mtx);
	mutex_unlock(&epmutex);
	kmem_cache_free(ep_cache, ep);
	return 0;
}

static const struct file_operations eventpoll_fops = {
	.llseek = noop_llseek,
	.poll = ep_eventpoll_poll,
	.release = ep_eventpoll_release,
};

static long sys_epoll_create1(unsigned int flags)
{
	struct eventpoll *ep;
	int fd;

	BUILD_BUG_ON(EPOLL_CLOEXEC != O_CLOEXEC);
	if (flags & ~EPOLL_CLOEXEC)
		return -EINVAL;
	ep = kmem_cache_zalloc(ep_cache, GFP_KERNEL);
	if (!ep)
		return -ENOMEM;
	mutex_init(&ep->mtx);
	INIT_LIST_HEAD(&ep->ready);
	init_waitqueue_head(&ep->wq);
	init_waitqueue_head(&ep->poll_wait);
	ep->items = RB_ROOT;
	fd = anon_inode_getfd(&eventpoll_fops, ep, O_RDWR | flags, &ep->file);
	if (fd < 0)
		kmem_cache_free(ep_cache, ep);
	return fd;
}

static long sys_epoll_create(int size)
{
	return size <= 0 ? -EINVAL : sys_epoll_create1(0);
}

/* ---- epoll_ctl(); ep->mtx held ------------------------------------------------------------------ */

static int compare(const struct epitem *epi, const struct file *file, int fd)
{
	if (file != epi->file)
		return file < epi->file ? -1 : 1;
	return fd - epi->fd;
}

/*
 * Returns the item of @file and @fd, or NULL and the place where it belongs.  File and descriptor
 * together are the key.  A descriptor alone is not unique: if it was closed while a duplicate keeps
 * its file open, the number may now name another file.
 */
static struct epitem *ep_find(struct eventpoll *ep, const struct file *file, int fd,
			      struct rb_node **parent, struct rb_node ***link)
{
	*parent = NULL;
	*link = &ep->items.rb_node;
	while (**link) {
		struct epitem *epi = rb_entry(**link, struct epitem, node);
		int order = compare(epi, file, fd);

		if (!order)
			return epi;
		*parent = &epi->node;
		*link = order < 0 ? &(**link)->rb_left : &(**link)->rb_right;
	}
	return NULL;
}

/* The poll table of a new item: its callback puts @epi into the file's wait queue. */
struct ep_pqueue {
	struct poll_table table;
	struct epitem *epi;
};

static void ep_enqueue(struct file *file, wait_queue_head_t *q, struct poll_table *pt)
{
	struct epitem *epi = container_of(pt, struct ep_pqueue, table)->epi;

	BUG_ON(epi->whead); /* an item has room for one queue, and all kinds of files have one */
	epi->whead = q;
	if (epi->events & EPOLLEXCLUSIVE)
		add_wait_queue_exclusive(q, &epi->wait);
	else
		add_wait_queue(q, &epi->wait);
}

/* Makes an added or changed item ready if its file has events now. */
static void ep_look(struct eventpoll *ep, struct epitem *epi, struct poll_table *pt)
{
	bool pollers = false;
	unsigned long flags;

	if (!ep_item_poll(epi, pt))
		return;
	spin_lock_irqsave(&ep->wq.lock, flags);
	if (!ep_is_ready(epi)) {
		ep_add_ready(ep, epi);
		pollers = waitqueue_active(&ep->poll_wait);
	}
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	if (pollers)
		ep_wake_pollers(ep);
}

static int ep_insert(struct eventpoll *ep, const struct epoll_event *event, struct file *file,
		     int fd, struct rb_node *parent, struct rb_node **link)
{
	struct ep_pqueue pq = {.table.qproc = ep_enqueue};
	struct eventpoll *inner = ep_from_file(file);
	struct epitem *epi;
	int err;

	if (READ_ONCE(epi_cache->live) >= EPOLL_WATCHES_MAX)
		return -ENOSPC;
	epi = kmem_cache_zalloc(epi_cache, GFP_KERNEL);
	if (!epi)
		return -ENOMEM;
	INIT_LIST_HEAD(&epi->ready_link);
	epi->wait.private = ep;
	epi->wait.func = ep_poll_callback;
	epi->file = file;
	epi->fd = fd;
	epi->events = event->events;
	epi->data = event->data.u64;
	rb_link_node(&epi->node, parent, link);
	rb_insert_color(&epi->node, &ep->items);
	spin_lock(&ep_links_lock);
	list_add_tail(&epi->file_link, &file->f_ep_links);
	spin_unlock(&ep_links_lock);

	err = inner ? ep_path_check(inner) : 0;
	if (err) {
		ep_remove(ep, epi);
		return err;
	}
	pq.epi = epi;
	ep_look(ep, epi, &pq.table);
	return 0;
}

static void ep_modify(struct eventpoll *ep, struct epitem *epi, const struct epoll_event *event)
{
	struct poll_table pt = {0};
	unsigned long flags;

	spin_lock_irqsave(&ep->wq.lock, flags);
	epi->events = event->events;
	epi->data = event->data.u64;
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	ep_look(ep, epi, &pt);
}

static int ep_change(struct eventpoll *ep, int op, struct file *file, int fd,
		     struct epoll_event *event)
{
	struct rb_node *parent, **link;
	struct epitem *epi = ep_find(ep, file, fd, &parent, &link);

	if (op == EPOLL_CTL_ADD) {
		event->events |= EPOLLERR | EPOLLHUP;
		return epi ? -EEXIST : ep_insert(ep, event, file, fd, parent, link);
	}
	if (op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL)
		return -EINVAL;
	if (!epi)
		return -ENOENT;
	if (op == EPOLL_CTL_DEL) {
		ep_remove(ep, epi);
		return 0;
	}
	if (epi->events & EPOLLEXCLUSIVE)
		return -EINVAL;
	event->events |= EPOLLERR | EPOLLHUP;
	ep_modify(ep, epi, event);
	return 0;
}

/* Checks the arguments of epoll_ctl() that do not depend on the epoll's items. */
static int ep_check_change(const struct eventpoll *ep, const struct eventpoll *inner, int op,
			   const struct file *file, const struct epoll_event *event)
{
	if (!file->f_op->poll)
		return -EPERM;
	if (!ep || ep == inner)
		return -EINVAL;
	if (op == EPOLL_CTL_DEL || !(event->events & EPOLLEXCLUSIVE))
		return 0;
	if (op == EPOLL_CTL_MOD || inner || event->events & ~EP_EXCLUSIVE_OK)
		return -EINVAL;
	return 0;
}

static int do_epoll_ctl(struct eventpoll *ep, int op, struct file *file, int fd,
			struct epoll_event *event)
{
	struct eventpoll *inner = ep_from_file(file);
	bool nest = op == EPOLL_CTL_ADD && inner;
	int err = 0;

	if (nest) {
		mutex_lock(&epmutex);
		err = ep_loop_check(ep, inner);
		if (err)
			goto out_unlock;
	}
	mutex_lock(&ep->mtx);
	err = ep_change(ep, op, file, fd, event);
	mutex_unlock(&ep->mtx);
out_unlock:
	if (nest)
		mutex_unlock(&epmutex);
	return err;
}

static long sys_epoll_ctl(int epfd, int op, int fd, const struct epoll_event __user *uevent)
{
	struct epoll_event event = {0};
	struct file *epfile, *file;
	struct eventpoll *ep;
	int err = -EBADF;

	if (op != EPOLL_CTL_DEL && copy_from_user(&event, uevent, sizeof(event)))
		return -EFAULT;
	epfile = fget(epfd);
	if (!epfile)
		return -EBADF;
	file = fget(fd);
	if (!file)
		goto out_put;
	ep = ep_from_file(epfile);
	err = ep_check_change(ep, ep_from_file(file), op, file, &event);
	if (!err)
		err = do_epoll_ctl(ep, op, file, fd, &event);
	fput(file);
out_put:
	fput(epfile);
	return err;
}

/* ---- epoll_wait() ------------------------------------------------------------------------------- */

/*
 * Sleeps until an item may be ready.  The thread joins the queue under ep->wq.lock, after it has
 * found the ready list empty, so no event comes in between. An event wakes one thread and takes it
 * out of the queue. If that thread is awake already for another reason, the event wakes the next
 * thread instead. Returns true if the deadline has passed.
 */
static bool ep_sleep(struct eventpoll *ep, u64 deadline)
{
	DEFINE_WAIT(wait);
	unsigned long flags;
	bool timed_out = false, available;

	spin_lock_irqsave(&ep->wq.lock, flags);
	available = ep_events_available(ep);
	if (!available) {
		__add_wait_queue_exclusive(&ep->wq, &wait);
		set_current_state(TASK_INTERRUPTIBLE);
	}
	spin_unlock_irqrestore(&ep->wq.lock, flags);
	if (available)
		return false;
	if (!signal_pending(current))
		timed_out = schedule_hrtimeout(deadline);
	__set_current_state(TASK_RUNNING);
	if (!list_empty_careful(&wait.entry))
		remove_wait_queue(&ep->wq, &wait);
	return timed_out;
}

/*
 * @deadline: on the clock of ktime_get_ns(); 0: does not sleep.  Events take precedence over a signal:
 * a thread that an event woke must report the event, because no other thread was woken for it.
 */
static long ep_poll(struct eventpoll *ep, struct epoll_event __user *events, int maxevents,
		    u64 deadline)
{
	bool last = !deadline;

	for (;;) {
		if (ep_events_available(ep)) {
			int n = ep_send_events(ep, events, maxevents);

			if (n)
				return n;
		}
		if (last)
			return 0;
		if (signal_pending(current))
			return -EINTR;
		last = ep_sleep(ep, deadline);
	}
}

static long do_epoll_wait(int epfd, struct epoll_event __user *events, int maxevents, u64 deadline)
{
	struct file *file = fget(epfd);
	struct eventpoll *ep;
	long res = -EINVAL;

	if (!file)
		return -EBADF;
	ep = ep_from_file(file);
	if (maxevents <= 0 || maxevents > EP_MAX_EVENTS)
		goto out_put;
	/* Checked before the wait, so that a wrong address fails at once and not at the first event. */
	res = -EFAULT;
	if (!access_ok(events, maxevents * sizeof(*events)))
		goto out_put;
	res = ep ? ep_poll(ep, events, maxevents, deadline) : -EINVAL;
out_put:
	fput(file);
	return res;
}

static long sys_epoll_wait(int epfd, struct epoll_event __user *events, int maxevents, int timeout)
{
	return do_epoll_wait(epfd, events, maxevents, poll_deadline_ms(timeout));
}

static long sys_epoll_pwait(int epfd, struct epoll_event __user *events, int maxevents, int timeout,
			    const void __user *sigmask, size_t sigsetsize)
{
	long res = poll_sigmask_begin(sigmask, sigsetsize);

	if (!res)
		res = do_epoll_wait(epfd, events, maxevents, poll_deadline_ms(timeout));
	return poll_sigmask_end(res);
}

static long sys_epoll_pwait2(int epfd, struct epoll_event __user *events, int maxevents,
			     const struct timespec __user *timeout, const void __user *sigmask,
			     size_t sigsetsize)
{
	u64 deadline;
	long res = poll_deadline_timespec(timeout, &deadline);

	if (res)
		return res;
	res = poll_sigmask_begin(sigmask, sigsetsize);
	if (!res)
		res = do_epoll_wait(epfd, events, maxevents, deadline);
	return poll_sigmask_end(res);
}

void eventpoll_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_epoll_create, sys_epoll_create),
		SYSCALL_DEF(__NR_epoll_create1, sys_epoll_create1),
		SYSCALL_DEF(__NR_epoll_ctl, sys_epoll_ctl),
		SYSCALL_DEF(__NR_epoll_wait, sys_epoll_wait),
		SYSCALL_DEF(__NR_epoll_pwait, sys_epoll_pwait),
		SYSCALL_DEF(__NR_epoll_pwait2, sys_epoll_pwait2),
	};

	mutex_init(&epmutex);
	ep_cache = kmem_cache_create("eventpoll", sizeof(struct eventpoll), 0, FILES_MAX);
	epi_cache = kmem_cache_create("eventpoll_epi", sizeof(struct epitem), 0, 0);
	register_syscalls(calls, ARRAY_SIZE(calls));
}
