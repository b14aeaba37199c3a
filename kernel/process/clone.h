/* SPDX-License-Identifier: MIT */
/* clone(), clone3() and set_tid_address(). */
#ifndef KERNEL_PROCESS_CLONE_H
#define KERNEL_PROCESS_CLONE_H

void clone_init(void);

#endif
