/* SPDX-License-Identifier: MIT */
/* clone() and the numbers of threads. */
#ifndef KERNEL_PROCESS_CLONE_H
#define KERNEL_PROCESS_CLONE_H

void clone_init(void);

#endif
