/* SPDX-License-Identifier: MIT */
/*
 * Guarded stacks (hal_stack_alloc() and hal_stack_free() in kernel/hal.h): the map of their area.
 */
#ifndef KERNEL_X86_STACK_H
#define KERNEL_X86_STACK_H

#include "kernel/types.h"

/* Does @address lie in the stack area, below a slot's stack?  Any context. */
bool stack_is_guard(u64 address);

#endif
