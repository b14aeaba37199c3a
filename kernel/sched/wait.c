/* SPDX-License-Identifier: MIT */
/*
 * Wait queues, and mutexes, which are made of them.
 *
 * Callers: code that sleeps until a condition is true (prepare_to_wait ... finish_wait, process
 * context), and code that makes the condition true (__wake_up, any context).  The queue's lock is
 * taken with interrupts off.  It is held while the wake functions of the entries run, so these may
 * take other locks, but not this one.
 *
 * Compare Linux's kernel/sched/wait.c and kernel/locking/mutex.c.
 */
#include "kernel/sched/wait.h"

#include "kernel/sched/mutex.h"
#include "kernel/sched/sched.h"

void init_waitqueue_head(wait_queue_head_t *q)
{
	spin_lock_init(&q->lock);
	INIT_LIST_HEAD(&q->task_list);
}

void add_wait_queue(wait_queue_head_t *q, wait_queue_t *wait)
{
	unsigned long flags;

	wait->flags &= ~WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&q->lock, flags);
	list_add(&wait->entry, &q->task_list);
	spin_unlock_irqrestore(&q->lock, flags);
}

void add_wait_queue_exclusive(wait_queue_head_t *q, wait_queue_t *wait)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	__add_wait_queue_exclusive(q, wait);
	spin_unlock_irqrestore(&q->lock, flags);
}

void remove_wait_queue(wait_queue_head_t *q, wait_queue_t *wait)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	list_del_init(&wait->entry);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* ---- functions for a thread that sleeps ----------------------------------------------------- */

/*
 * Sets the state while it holds the queue's lock, so no wake-up is lost.  If a waker changed the
 * condition and took the lock earlier, the caller, which tests the condition afterwards, sees the
 * change.  If the waker takes the lock later, it finds the entry and makes the thread runnable.
 */
void prepare_to_wait(wait_queue_head_t *q, wait_queue_t *wait, int state)
{
	unsigned long flags;

	wait->flags &= ~WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&q->lock, flags);
	if (list_empty(&wait->entry))
		list_add(&wait->entry, &q->task_list);
	set_current_state(state);
	spin_unlock_irqrestore(&q->lock, flags);
}

void prepare_to_wait_exclusive(wait_queue_head_t *q, wait_queue_t *wait, int state)
{
	unsigned long flags;

	wait->flags |= WQ_FLAG_EXCLUSIVE;
	spin_lock_irqsave(&q->lock, flags);
	if (list_empty(&wait->entry))
		list_add_tail(&wait->entry, &q->task_list);
	set_current_state(state);
	spin_unlock_irqrestore(&q->lock, flags);
}

void finish_wait(wait_queue_head_t *q, wait_queue_t *wait)
{
	unsigned long flags;

	__set_current_state(TASK_RUNNING);
	/*
	 * Test while holding the lock, because a waker on another CPU may be removing the entry at
	 * this moment.
	 */
	spin_lock_irqsave(&q->lock, flags);
	if (!list_empty(&wait->entry))
		list_del_init(&wait->entry);
	spin_unlock_irqrestore(&q->lock, flags);
}

/* ---- functions for a thread that wakes others ----------------------------------------------- */

void __wake_up_locked(wait_queue_head_t *q, unsigned int mode, int nr_exclusive, void *key)
{
	wait_queue_t *wait, *next;

	lockdep_assert_held(&q->lock);
	list_for_each_entry_safe(wait, next, &q->task_list, entry) {
		unsigned int exclusive = wait->flags & WQ_FLAG_EXCLUSIVE;

		/*
		 * Do not touch the entry after this call.  The woken thread may have continued, and
		 * the entry was on its stack.
		 */
		if (wait->func(wait, mode, 0, key) <= 0 || !exclusive)
			continue;
		if (--nr_exclusive == 0)
			break;
	}
}

void __wake_up(wait_queue_head_t *q, unsigned int mode, int nr_exclusive, void *key)
{
	unsigned long flags;

	spin_lock_irqsave(&q->lock, flags);
	__wake_up_locked(q, mode, nr_exclusive, key);
	spin_unlock_irqrestore(&q->lock, flags);
}

int default_wake_function(wait_queue_t *wait, unsigned int mode, int flags, void *key)
{
	return try_to_wake_up(wait->private, mode);
}

/*
 * Wakes the thread and removes the entry.  If the thread was awake already, the entry stays and the
 * function returns 0, so that __wake_up() wakes the next exclusive waiter instead.
 */
int autoremove_wake_function(wait_queue_t *wait, unsigned int mode, int flags, void *key)
{
	if (!try_to_wake_up(wait->private, mode))
		return 0;
	list_del_init(&wait->entry);
	return 1;
}

/* ---- mutex ---------------------------------------------------------------------------------- */

void mutex_init(struct mutex *m)
{
	m->owner = NULL;
	init_waitqueue_head(&m->wait);
}

bool mutex_trylock(struct mutex *m)
{
	struct task_struct *unowned = NULL;

	BUG_ON(in_interrupt());
	return __atomic_compare_exchange_n(&m->owner, &unowned, current, false, __ATOMIC_ACQUIRE,
					   __ATOMIC_RELAXED);
}

void mutex_lock(struct mutex *m)
{
	BUG_ON(!may_sleep());
	BUG_ON(m->owner == current);
	if (mutex_trylock(m))
		return;

	DEFINE_WAIT(wait);
	for (;;) {
		prepare_to_wait_exclusive(&m->wait, &wait, TASK_UNINTERRUPTIBLE);
		if (mutex_trylock(m))
			break;
		schedule();
	}
	finish_wait(&m->wait, &wait);
}

void mutex_unlock(struct mutex *m)
{
	BUG_ON(m->owner != current);
	__atomic_store_n(&m->owner, NULL, __ATOMIC_SEQ_CST);
	if (waitqueue_active(&m->wait))
		wake_up(&m->wait);
}
