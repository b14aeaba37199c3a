/* SPDX-License-Identifier: MIT */
/*
 * Wait queues: threads sleep in them until another context changes a condition and wakes them.
 *
 * The sleeper (process context):
 *	DEFINE_WAIT(wait);
 *	for (;;) {
 *		prepare_to_wait(&q, &wait, TASK_INTERRUPTIBLE);
 *		if (condition) break;
 *		schedule();
 *	}
 *	finish_wait(&q, &wait);
 * The order matters: the sleeper joins the queue and sets its sleeping state before it tests the
 * condition. The waker (any context) changes the condition first, then calls wake_up().
 *
 * Exclusive waiters are at the tail of the queue. wake_up() wakes all other waiters and one
 * exclusive waiter.  Compare Linux's include/linux/wait.h.
 */
#ifndef KERNEL_SCHED_WAIT_H
#define KERNEL_SCHED_WAIT_H

#include "kernel/lib/atomic.h"
#include "kernel/lib/list.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/spinlock.h"

/* The states of a thread.  A wake-up has a mask of the states that it ends. */
#define TASK_RUNNING         0
#define TASK_INTERRUPTIBLE   1
#define TASK_UNINTERRUPTIBLE 2
#define TASK_NORMAL          (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)
#define TASK_DEAD            4

struct wait_queue_entry;
/*
 * The wake function of an entry.  Returns > 0 if it woke the thread; only then an exclusive entry
 * counts as a woken waiter.  Called with the queue's lock held, irq off.
 */
typedef int (*wait_queue_func_t)(struct wait_queue_entry *wait, unsigned int mode, int flags,
				 void *key);

#define WQ_FLAG_EXCLUSIVE 0x01

struct wait_queue_entry {
	unsigned int flags;
	/*
	 * default_wake_function() and autoremove_wake_function(): the thread to wake.  Other wake
	 * functions may use it for another purpose.
	 */
	void *private;
	wait_queue_func_t func;
	struct list_head entry;
};
typedef struct wait_queue_entry wait_queue_t;

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head task_list;
} wait_queue_head_t;

void init_waitqueue_head(wait_queue_head_t *q);
static inline bool waitqueue_active(const wait_queue_head_t *q)
{
	return !list_empty(&q->task_list);
}

/*
 * Like waitqueue_active(), for a waker that has changed the condition without the queue's lock: its
 * change is visible before the queue is tested.
 */
static inline bool wq_has_sleeper(const wait_queue_head_t *q)
{
	smp_mb();
	return waitqueue_active(q);
}

void add_wait_queue(wait_queue_head_t *q, wait_queue_t *wait);
void add_wait_queue_exclusive(wait_queue_head_t *q, wait_queue_t *wait);
void remove_wait_queue(wait_queue_head_t *q, wait_queue_t *wait);
void prepare_to_wait(wait_queue_head_t *q, wait_queue_t *wait, int state);
void prepare_to_wait_exclusive(wait_queue_head_t *q, wait_queue_t *wait, int state);
void finish_wait(wait_queue_head_t *q, wait_queue_t *wait);

int default_wake_function(wait_queue_t *wait, unsigned int mode, int flags, void *key);
/* Like default_wake_function(), but also removes the entry from the queue if it woke the thread. */
int autoremove_wake_function(wait_queue_t *wait, unsigned int mode, int flags, void *key);

/*
 * Wakes the waiters of @q whose state is in @mode, and at most @nr_exclusive exclusive ones (0:
 * all).  @key: the poll events that happened (EPOLLIN ...), 0 = unknown.  Any context.
 */
void __wake_up(wait_queue_head_t *q, unsigned int mode, int nr_exclusive, void *key);

/*
 * For a caller that holds q->lock with irq off, because the lock also protects the condition:
 * __wake_up_locked() wakes waiters, __add_wait_queue_exclusive() adds an exclusive entry.
 */
void __wake_up_locked(wait_queue_head_t *q, unsigned int mode, int nr_exclusive, void *key);
static inline void __add_wait_queue_exclusive(wait_queue_head_t *q, wait_queue_t *wait)
{
	wait->flags |= WQ_FLAG_EXCLUSIVE;
	list_add_tail(&wait->entry, &q->task_list);
}

#define DEFINE_WAIT_FUNC(name, function)                                                           \
	wait_queue_t name = {                                                                      \
		.private = current, .func = function, .entry = LIST_HEAD_INIT((name).entry)}
#define DEFINE_WAIT(name) DEFINE_WAIT_FUNC(name, autoremove_wake_function)

#define wake_up(q)     __wake_up(q, TASK_NORMAL, 1, NULL)
#define wake_up_all(q) __wake_up(q, TASK_NORMAL, 0, NULL)
#define wake_up_interruptible_poll(q, events)                                                      \
	__wake_up(q, TASK_INTERRUPTIBLE, 1, (void *)(unsigned long)(events))

/* Sleeps, uninterruptibly, until @cond is true.  Process context. */
#define wait_event(q, cond)                                                                        \
	do {                                                                                       \
		DEFINE_WAIT(_wait);                                                                \
		for (;;) {                                                                         \
			prepare_to_wait(&(q), &_wait, TASK_UNINTERRUPTIBLE);                       \
			if (cond)                                                                  \
				break;                                                             \
			schedule();                                                                \
		}                                                                                  \
		finish_wait(&(q), &_wait);                                                         \
	} while (0)
/*
 * Sleeps until @cond is true.  Returns 0, or -ERESTARTSYS if the thread is interrupted.  @cond may take
 * spinlocks, but not sleep.  Process context.
 */
#define wait_event_interruptible(q, cond)                                                          \
	({                                                                                         \
		DEFINE_WAIT(_wait);                                                                \
		int _err = 0;                                                                      \
		for (;;) {                                                                         \
			prepare_to_wait(&(q), &_wait, TASK_INTERRUPTIBLE);                         \
			if (cond)                                                                  \
				break;                                                             \
			if (signal_pending(current)) {                                             \
				_err = -ERESTARTSYS;                                               \
				break;                                                             \
			}                                                                          \
			schedule();                                                                \
		}                                                                                  \
		finish_wait(&(q), &_wait);                                                         \
		_err;                                                                              \
	})

#endif
