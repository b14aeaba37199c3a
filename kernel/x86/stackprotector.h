/* SPDX-License-Identifier: MIT */
/*
 * The stack protector's canary: random at each boot.
 */
#ifndef KERNEL_X86_STACKPROTECTOR_H
#define KERNEL_X86_STACKPROTECTOR_H

/* Boot; the caller, and its callers, must never return. */
void stack_protector_init(void);

#endif
