/* SPDX-License-Identifier: MIT */
/* The resource limits of the process. */
#ifndef KERNEL_PROCESS_RLIMIT_H
#define KERNEL_PROCESS_RLIMIT_H

#include "include/uapi/resource.h"
#include "kernel/types.h"

/* Returns the soft limit of @resource (RLIMIT_*).  Any context. */
u64 rlimit(unsigned int resource);
void rlimit_init(void);

#endif
