/* SPDX-License-Identifier: MIT */
/* Futexes: threads sleep until another thread wakes the waiters of an address. */
#ifndef KERNEL_PROCESS_FUTEX_H
#define KERNEL_PROCESS_FUTEX_H

#include "kernel/types.h"

struct task_struct;

void futex_init(void);
/*
 * Wakes at most max(@nr, 1) waiters of @address whose bitset shares a bit with @bitset, the longest
 * waiting first. Returns their number. Process context.
 */
int futex_wake(u64 address, int nr, u32 bitset);
/* The current thread ends: releases its robust mutexes (set_robust_list()). */
void futex_thread_ends(void);

#endif
