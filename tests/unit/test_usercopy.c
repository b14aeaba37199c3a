/* SPDX-License-Identifier: MIT */
/*
 * Runs the machine's hal_copy_user() in a process: SIGSEGV replaces the page fault, and its handler
 * searches the same exception table.  For every length and every position of an unmapped page, the
 * returned number of uncopied bytes must be exact, and no other byte and no vector register may change.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cmocka.h>

#define PAGE 4096
#define LONG 700 /* bytes: enough for the loop with vector registers to run several times */

size_t hal_copy_user(void *dst, const void *src, size_t n);

/* As in kernel/x86/usercopy.S: each field is the distance from its own address to the code address. */
struct extable_entry {
	int32_t fault, fixup;
};
extern const struct extable_entry __start_extable[], __stop_extable[];

static unsigned int faults;

static void page_fault(int sig, siginfo_t *info, void *context)
{
	greg_t *ip = &((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP];

	for (const struct extable_entry *e = __start_extable; e < __stop_extable; e++) {
		if ((uintptr_t)&e->fault + e->fault == (uintptr_t)*ip) {
			*ip = (greg_t)((uintptr_t)&e->fixup + e->fixup);
			faults++;
			return;
		}
	}
	abort(); /* the faulting instruction is not in the table */
}

/* Maps two pages, the second without access rights. */
static uint8_t *ground(void)
{
	uint8_t *p =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(p != MAP_FAILED);
	assert_int_equal(mprotect(p + PAGE, PAGE, PROT_NONE), 0);
	return p;
}

struct vectors {
	_Alignas(16) uint8_t xmm[4][16];
};

/* Calls hal_copy_user() with known values in the vector registers that it uses, and checks that it restores them. */
static size_t copy(void *dst, const void *src, size_t n)
{
	struct vectors before, after;
	size_t left;

	for (unsigned int i = 0; i < sizeof(before); i++)
		((uint8_t *)&before)[i] = 0xa0 + i;
	__asm__ volatile("movaps (%[in]), %%xmm0; movaps 16(%[in]), %%xmm1\n\t"
			 "movaps 32(%[in]), %%xmm2; movaps 48(%[in]), %%xmm3\n\t"
			 "call hal_copy_user\n\t"
			 "movaps %%xmm0, (%[out]); movaps %%xmm1, 16(%[out])\n\t"
			 "movaps %%xmm2, 32(%[out]); movaps %%xmm3, 48(%[out])"
			 : "=&a"(left), "+D"(dst), "+S"(src), "+d"(n)
			 : [in] "r"(&before), [out] "r"(&after)
			 : "rcx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3",
			   "memory", "cc");
	assert_memory_equal(&before, &after, sizeof(before));
	return left;
}

static uint8_t *from, *to;

/* Copies @n bytes, of which @reach bytes of the source and @room bytes of the destination are accessible. */
static void try_one(size_t n, size_t reach, size_t room)
{
	const uint8_t *src = from + PAGE - reach;
	uint8_t *dst = to + PAGE - room;
	size_t done = n < reach ? n : reach;

	if (room < done)
		done = room;
	memset(to, 0xee, PAGE);
	faults = 0;
	assert_int_equal(copy(dst, src, n), n - done);
	assert_int_equal(faults != 0, done < n);
	assert_memory_equal(dst, src, done);
	for (uint8_t *p = to; p < to + PAGE; p++) {
		if (p < dst || p >= dst + done)
			assert_int_equal(*p, 0xee);
	}
}

/* Each test must install the handler, because cmocka installs its own before each test. */
static void take_faults(void)
{
	struct sigaction action = {.sa_sigaction = page_fault, .sa_flags = SA_SIGINFO | SA_NODEFER};

	assert_int_equal(sigaction(SIGSEGV, &action, NULL), 0);
}

static void every_length_is_copied(void **state)
{
	take_faults();
	for (size_t n = 0; n <= LONG; n++) {
		try_one(n, n + 5, n + 3); /* source and destination have different alignments */
		try_one(n, n, n);         /* both end at the last accessible byte */
	}
}

static void a_hole_in_the_source_is_counted_to_the_byte(void **state)
{
	take_faults();
	for (size_t reach = 0; reach < LONG; reach++)
		try_one(LONG, reach, LONG + 1);
}

static void a_hole_in_the_destination_is_counted_to_the_byte(void **state)
{
	take_faults();
	for (size_t room = 0; room < LONG; room++)
		try_one(LONG, LONG + 7, room);
}

static int setup(void **state)
{
	from = ground();
	to = ground();
	for (unsigned int i = 0; i < PAGE; i++)
		from[i] = i * 7 + i / 256;
	return 0;
}

static int teardown(void **state)
{
	return munmap(from, 2 * PAGE) + munmap(to, 2 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_is_copied),
		cmocka_unit_test(a_hole_in_the_source_is_counted_to_the_byte),
		cmocka_unit_test(a_hole_in_the_destination_is_counted_to_the_byte),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
