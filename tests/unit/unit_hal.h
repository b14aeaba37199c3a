/* SPDX-License-Identifier: MIT */
/*
 * A platform for unit tests: the minimum that kernel/hal.h needs on one stack, with settings.
 *
 * tests/unit/test_*.c are linked with it.  Objects come from slabs, as on the machine, unless a
 * test says otherwise; there is no scheduling, so nothing under test may sleep.  The kernel's end
 * (panic) is caught by assert_panics().
 */
#ifndef TESTS_UNIT_UNIT_HAL_H
#define TESTS_UNIT_UNIT_HAL_H

#include "kernel/types.h" /* before the C library, which undefines what both define */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A CPU and a thread to be current; interrupts on. */
void unit_init(void);
/* The above, and mm_init() over @kib of fresh memory and slab_init(). */
void unit_memory(size_t kib, bool separate_objects);

/* The arena of unit_memory(), and where it lies physically. */
#define UNIT_PHYS 0x400000ULL
char *unit_arena(void);

/* [addr, addr+len) faults in copy_from_user() and copy_to_user(); length 0: nothing does. */
void unit_bad_range(const void *addr, size_t len);

void unit_set_clock(u64 ns);
/* The console's text since the last unit_console_clear(); NUL-terminated. */
const char *unit_console(void);
void unit_console_clear(void);
/*
 * The bytes that it takes from now on (SIZE_MAX: all); how often a byte waited and found no room.
 */
void unit_console_room(size_t bytes);
unsigned int unit_console_waits(void);
u64 unit_console_polls(void); /* of bytes that found no room, since the start */
/* Typed bytes, for hal_console_getc(). */
void unit_type(const char *s);
const char *unit_untyped(void); /* those not taken yet */
/* Host allocations alive that slab took for separate objects; and how many may still succeed. */
long unit_objects(void);
void unit_fail_after(long n);

extern sigjmp_buf unit_panic_jump;
extern bool unit_panic_armed;

/* @statement must end in panic(). */
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

/* A generator of the test's own, so that a run can be repeated. */
u32 unit_random(void);

#endif
