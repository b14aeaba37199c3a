/* SPDX-License-Identifier: MIT */
/*
 * epoll: the structures that eventpoll.c and eventpoll_nest.c share.
 *
 * An epoll file has an eventpoll; each descriptor that it watches has an epitem.  An epitem is in three
 * structures at a time: its eventpoll's tree, the wait queue of the watched file, and the list
 * file->f_ep_links of the watched file.  An event adds it to a fourth, the eventpoll's ready list.
 *
 * Locks, in this order:
 *   epmutex (sleeps)    one for all epolls: held at the end of a watched file or of an epoll, and
 *                       while an epoll is added to another one
 *   ep->mtx (sleeps)    an eventpoll's tree, and the delivery of its events; if one epoll watches
 *                       another, the mtx of the watching epoll is taken first
 *   the wait queue of the watched file
 *   ep->wq.lock         the ready list and the queue of waiting threads; taken by wake-ups, in any
 *                       context, with irq off
 *   ep_links_lock       f_ep_links of all files; no lock is taken while it is held
 * An epitem holds no reference of the watched file: the file's last fput() removes the epitem.
 */
#ifndef KERNEL_FS_EVENTPOLL_H
#define KERNEL_FS_EVENTPOLL_H

#include "kernel/fs/file.h"
#include "kernel/lib/rbtree.h"
#include "kernel/sched/mutex.h"

struct eventpoll {
	struct mutex mtx;
	struct list_head ready;      /* epitems that may have events, oldest first */
	bool scanning;               /* a thread has moved the ready list to a list of its own */
	wait_queue_head_t wq;        /* threads in epoll_wait() */
	wait_queue_head_t poll_wait; /* poll() of the epoll file, and epolls that watch it */
	struct rb_root items;
	struct file *file;
	/*
	 * number and result of the last walk through nested epolls that visited this one (epmutex)
	 */
	unsigned int walk, walk_result;
};

/* One watched descriptor.  There may be a hundred thousand of them, so it must be small. */
struct epitem {
	struct rb_node node;
	struct list_head ready_link; /* in the ready list; empty: not in it (ep->wq.lock) */
	wait_queue_t wait;           /* wait.private: the eventpoll */
	wait_queue_head_t *whead;    /* the file's wait queue; NULL: the file has none */
	struct file *file;
	struct list_head file_link; /* in file->f_ep_links */
	int fd;
	/* EPOLL*: events, and how to report them; without an event bit the item is disabled */
	u32 events;
	u64 data; /* the application's value, which epoll_wait() returns */
};
BUILD_BUG_ON(sizeof(struct epitem) > 128);

extern spinlock_t ep_links_lock;

static inline struct eventpoll *ep_of(const struct epitem *epi)
{
	return epi->wait.private;
}

/* Returns the eventpoll of an epoll file, NULL for another file. */
struct eventpoll *ep_from_file(const struct file *file);

/*
 * Functions of eventpoll_nest.c. Called with epmutex held. ep_loop_check() also requires that the
 * caller holds no ep->mtx.
 */

/*
 * Checks whether the epoll @inner may be added to @ep.  Returns 0, or -ELOOP if a cycle or a chain
 * of more than EPOLL_NESTS_MAX links would result.
 */
int ep_loop_check(struct eventpoll *ep, struct eventpoll *inner);
/*
 * Called after @inner was added to an epoll whose mtx the caller holds.  Returns 0, or -EINVAL if a
 * wake-up could now reach more than EPOLL_PATHS_MAX epolls.
 */
int ep_path_check(struct eventpoll *inner);

#endif
