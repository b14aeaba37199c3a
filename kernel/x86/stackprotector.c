/* SPDX-License-Identifier: MIT */
/*
 * The stack protector's canary (-fstack-protector-strong).
 *
 * stack_protector_init() <- x86_start_moved(), which never returns: a function that was entered
 * before the canary changed would panic when it returns, because it compares the canary with its
 * value at entry.  __stack_chk_fail() <- code that the compiler adds to the end of each protected
 * function, if the canary on the stack has changed.  Any context.  Compare Linux's
 * asm/stackprotector.h and kernel/panic.c.
 */
#include "kernel/x86/setup.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/x86/ksyms.h"

/* The compiler expects these names. */
extern unsigned long __stack_chk_guard;
void __noreturn __stack_chk_fail(void);

unsigned long __stack_chk_guard;

/* This function must not be protected itself, because the canary changes inside it. */
__attribute__((no_stack_protector)) void stack_protector_init(void)
{
	unsigned long canary;

	hal_entropy(&canary, sizeof(canary));
	/*
	 * Clear the byte at the lowest address: a string that overflows a buffer ends at this NUL,
	 * so it cannot contain the whole canary.
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
