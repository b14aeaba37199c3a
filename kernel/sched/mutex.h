/* SPDX-License-Identifier: MIT */
/*
 * A mutex: a thread that must wait for it sleeps.  Process context only; not recursive; only the
 * owner may unlock.
 */
#ifndef KERNEL_SCHED_MUTEX_H
#define KERNEL_SCHED_MUTEX_H

#include "kernel/sched/wait.h"

struct mutex {
	struct task_struct *owner;
	wait_queue_head_t wait;
};

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
bool mutex_trylock(struct mutex *m);
void mutex_unlock(struct mutex *m);

#endif
