/* SPDX-License-Identifier: MIT */
/*
 * A platform for unit tests: a minimal implementation of kernel/hal.h on one stack, which tests can
 * control with the functions below.
 *
 * Linked with most tests/unit/test_*.c (see unit.mk).  Objects come from slabs, as on the machine, or are
 * allocated separately if the test chooses so.  There is no scheduler, so the code under test may not
 * sleep.  assert_panics() catches a panic.
 */
#ifndef TESTS_UNIT_UNIT_HAL_H
#define TESTS_UNIT_UNIT_HAL_H

#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Sets up this CPU and a current thread, with interrupts enabled. */
void unit_init(void);
/*
 * Calls unit_init(), mm_init() with @kib KiB of new memory, and slab_init().  With @separate_objects each slab
 * object is a host allocation of its own, so that the sanitizer sees an access beyond the object or after it
 * was freed.
 */
void unit_memory(size_t kib, bool separate_objects);

/* Like unit_memory() with separate objects, and with a range for initrds at the end of the
 * memory. */
void unit_memory_with_initrd(size_t kib, size_t initrd_kib);

/* The memory of unit_memory(): its physical address, and its address in this process. */
#define UNIT_PHYS 0x400000ULL
char *unit_arena(void);

/* Makes copy_from_user() and copy_to_user() fault in [addr, addr+len); length 0: nowhere. */
void unit_bad_range(const void *addr, size_t len);

void unit_set_clock(u64 ns);
/* Returns the console's text since the last unit_console_clear(), NUL-terminated. */
const char *unit_console(void);
void unit_console_clear(void);
/* Sets how many more bytes the console accepts; SIZE_MAX: all. */
void unit_console_room(size_t bytes);
/* Returns how many times the kernel waited for CONSOLE_POLLS_MAX polls and the console still had no room. */
unsigned int unit_console_waits(void);
u64 unit_console_polls(void); /* number of polls for room in the full console, since the start */
/* Types @s on the console: hal_console_getc() returns its bytes. */
void unit_type(const char *s);
const char *unit_untyped(void); /* the typed bytes that the kernel has not read yet */
/* Returns the number of separate objects that are allocated from the host. */
long unit_objects(void);
/* Makes allocations of separate objects fail after @n more have succeeded; -1: never. */
void unit_fail_after(long n);

extern sigjmp_buf unit_panic_jump;
extern bool unit_panic_armed;

/* Fails the test unless @statement calls panic(). */
#define assert_panics(statement)                                                                   \
	do {                                                                                       \
		unit_panic_armed = true;                                                           \
		if (!sigsetjmp(unit_panic_jump, 0)) {                                              \
			statement;                                                                 \
			unit_panic_armed = false;                                                  \
			fail_msg("no panic: %s", #statement);                                      \
		}                                                                                  \
		unit_panic_armed = false;                                                          \
	} while (0)

/* Returns a random number; independent of the kernel's generator and the same in every run. */
u32 unit_random(void);

#endif
