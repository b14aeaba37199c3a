/* SPDX-License-Identifier: MIT */
/*
 * The canary of -fstack-protector-strong.
 *
 * stack_protector_init() <- x86_start_moved(), in a function that never returns: each function that
 * returns compares the canary with its value at entry.  __stack_chk_fail() <- the compiler, at the
 * end of a function whose canary changed.  Any context.  Answers to Linux's asm/stackprotector.h
 * and kernel/panic.c.
 */
#include "kernel/x86/setup.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/ksyms.h"

/* The compiler's names. */
extern unsigned long __stack_chk_guard;
void __noreturn __stack_chk_fail(void);

unsigned long __stack_chk_guard;

/* Not guarded: the canary changes inside it. */
__attribute__((no_stack_protector)) void stack_protector_init(void)
{
	unsigned long canary;

	hal_entropy(&canary, sizeof(canary));
	/*
	 * The first byte in memory is a NUL: an overflowing string ends there, and cannot write it.
	 */
	__stack_chk_guard = canary & ~0xffUL;
}

void __noreturn __stack_chk_fail(void)
{
	struct ksym sym;

	if (!ksym_find(&image_symbols, (u64)__builtin_return_address(0) - 1, &sym))
		panic("the stack was overwritten");
	panic("the stack was overwritten in %s", sym.name);
}
