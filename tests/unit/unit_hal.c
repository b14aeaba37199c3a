/* SPDX-License-Identifier: MIT */
/*
 * The platform for unit tests; see unit_hal.h.  Implements kernel/hal.h in an ordinary process with one
 * stack, so there are no threads to switch to.  Called by the kernel code under test.
 */
#include "tests/unit/unit_hal.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot_info.h"
#include "kernel/hal.h"
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "tests/host/separate.h"

sigjmp_buf unit_panic_jump;
bool unit_panic_armed;

static char *arena;
static size_t arena_size;
static bool separate, irqs_on;
static struct cpu *this_cpu_block;
static struct cpu unit_cpu;
static struct task_struct unit_task;
static const char *bad_start, *bad_end;
static u64 clock_ns;
static char console_text[1 << 16];
static size_t console_used;
static const char *typed = "";
static long objects, objects_left = -1;

/* ---- functions for tests (unit_hal.h) ------------------------------------------------------- */

void unit_init(void)
{
	memset(&unit_cpu, 0, sizeof(unit_cpu));
	unit_cpu.self = &unit_cpu;
	memset(&unit_task, 0, sizeof(unit_task));
	memcpy(unit_task.comm, "unit", 5);
	/* The time slice never ends, because there is no other thread to run. */
	unit_task.slice_end = ~0ULL;
	INIT_LIST_HEAD(&unit_task.all_list);
	INIT_LIST_HEAD(&unit_task.run_list);
	this_cpu_block = &unit_cpu;
	current = &unit_task;
	irqs_on = true;
}

static struct boot_info boot;

static void unit_begin_memory(size_t kib, bool separate_objects)
{
	unit_init();
	if (arena)
		ASAN_UNPOISON_MEMORY_REGION(arena, arena_size);
	free(arena);
	arena_size = kib << 10;
	arena = aligned_alloc(PAGE_SIZE << MAX_ORDER, arena_size);
	if (!arena)
		abort();
	/*
	 * RAM is not zero at boot: fill it with bytes that would look like heads of free blocks if they were
	 * read as page structures.
	 */
	memset(arena, 0x01, arena_size);
	separate = separate_objects;
	objects = 0;
	objects_left = -1;
	memset(&boot, 0, sizeof(boot));
	boot.nr_mem = 1;
	boot.mem[0] = (struct boot_mem){UNIT_PHYS, arena_size, BOOT_MEM_USABLE};
}

void unit_memory_with_initrd(size_t kib, size_t initrd_kib)
{
	unit_begin_memory(kib, true);
	boot.nr_mem = 2;
	boot.mem[0].size -= initrd_kib << 10;
	boot.mem[1] =
		(struct boot_mem){UNIT_PHYS + boot.mem[0].size, initrd_kib << 10, BOOT_MEM_INITRD};
	mm_init(&boot);
	slab_init();
}

void unit_memory(size_t kib, bool separate_objects)
{
	unit_begin_memory(kib, separate_objects);
	mm_init(&boot);
	slab_init();
}

char *unit_arena(void)
{
	return arena;
}

void unit_bad_range(const void *addr, size_t len)
{
	bad_start = addr;
	bad_end = bad_start + len;
}

void unit_set_clock(u64 ns)
{
	clock_ns = ns;
}

const char *unit_console(void)
{
	return console_text;
}

void unit_console_clear(void)
{
	console_used = 0;
	console_text[0] = '\0';
}

void unit_type(const char *s)
{
	typed = s;
}

const char *unit_untyped(void)
{
	return typed;
}

long unit_objects(void)
{
	return objects;
}

void unit_fail_after(long n)
{
	objects_left = n;
}

u32 unit_random(void)
{
	static u64 x = 88172645463325252ULL;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x >> 16;
}

/* ---- kernel/hal.h --------------------------------------------------------------------------- */

u64 hal_clock_ns(void)
{
	return clock_ns;
}

const char *hal_wall_clock(s64 *seconds, u64 *at)
{
	return NULL;
}

u64 hal_clock_raw(void)
{
	return clock_ns;
}

u64 hal_clock_from_raw(u64 raw)
{
	return raw;
}

void hal_arm_timer(u64 deadline_ns)
{
}

unsigned long hal_irq_save(void)
{
	unsigned long flags = irqs_on;

	irqs_on = false;
	return flags;
}

void hal_irq_restore(unsigned long flags)
{
	irqs_on = flags;
}

void hal_irq_enable(void)
{
	irqs_on = true;
}

void hal_irq_disable(void)
{
	irqs_on = false;
}

bool hal_irqs_disabled(void)
{
	return !irqs_on;
}

static void __noreturn not_here(const char *what)
{
	fprintf(stderr, "unit test: %s needs the hosted kernel\n%s", what, console_text);
	abort();
}

void hal_device_mb(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void hal_idle(void)
{
	not_here("idling");
}

void hal_cpu_relax(void)
{
	not_here("spinning");
}

void hal_context_init(struct hal_context *ctx, void *stack, size_t size, void (*fn)(void *arg),
		      void *arg)
{
	not_here("a thread");
}

void hal_context_switch(struct hal_context *from, struct hal_context *to)
{
	not_here("a switch");
}

void __noreturn hal_context_exit(struct hal_context *from, struct hal_context *to)
{
	not_here("a switch");
}

void *hal_stack_alloc(size_t size)
{
	return NULL;
}

void hal_stack_free(void *stack, size_t size)
{
}

struct cpu *hal_this_cpu(void)
{
	return this_cpu_block;
}

void hal_set_this_cpu(struct cpu *cpu)
{
	this_cpu_block = cpu;
}

void hal_fpu_save(void *area)
{
}

void hal_fpu_restore(const void *area)
{
}

phys_addr_t hal_virt_to_phys(const void *p)
{
	u64 offset = (const char *)p - arena;

	if (offset >= arena_size)
		panic("%p is not in the direct map", p);
	return UNIT_PHYS + offset;
}

void *hal_phys_to_virt(phys_addr_t pa)
{
	return arena + (pa - UNIT_PHYS);
}

void *hal_map_device(phys_addr_t pa, size_t size)
{
	return NULL;
}

bool host_objects_are_separate(void)
{
	return separate;
}

void *host_object_alloc(size_t size, size_t align)
{
	void *p = NULL;

	if (!objects_left)
		return NULL;
	if (objects_left > 0)
		objects_left--;
	if (posix_memalign(&p, align, size))
		return NULL;
	objects++;
	return p;
}

void host_object_free(void *object)
{
	objects--;
	free(object);
}

void hal_poison(const void *p, size_t size)
{
	ASAN_POISON_MEMORY_REGION(p, size);
}

void hal_unpoison(const void *p, size_t size)
{
	ASAN_UNPOISON_MEMORY_REGION(p, size);
}

/* Returns how many of the @n bytes at @p can be accessed before the first one that faults. */
static size_t good_bytes(const char *p, size_t n)
{
	if (p + n <= bad_start || p >= bad_end)
		return n;
	return p >= bad_start ? 0 : (size_t)(bad_start - p);
}

size_t hal_copy_user(void *dst, const void *src, size_t n)
{
	size_t good = good_bytes(dst, n);

	if (good_bytes(src, n) < good)
		good = good_bytes(src, n);
	memcpy(dst, src, good);
	return n - good;
}

static size_t console_room = SIZE_MAX;
static unsigned int console_waits;
static u64 console_polls;

void unit_console_room(size_t bytes)
{
	console_room = bytes;
}

unsigned int unit_console_waits(void)
{
	return console_waits;
}

u64 unit_console_polls(void)
{
	return console_polls;
}

size_t hal_console_write(const char *s, size_t n, unsigned int *polls)
{
	if (n > console_room) {
		unsigned int waited = CONSOLE_POLLS_MAX;

		if (polls) {
			waited = min(waited, *polls);
			*polls -= waited;
		}
		console_waits += waited == CONSOLE_POLLS_MAX;
		console_polls += waited;
		n = console_room;
	}
	if (console_room != SIZE_MAX)
		console_room -= n;
	if (n > sizeof(console_text) - 1 - console_used)
		n = sizeof(console_text) - 1 - console_used;
	memcpy(console_text + console_used, s, n);
	console_used += n;
	console_text[console_used] = '\0';
	return n;
}

int hal_console_getc(void)
{
	return *typed ? (unsigned char)*typed++ : -1;
}

void hal_entropy(void *buf, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((u8 *)buf)[i] = unit_random();
}

void __noreturn hal_halt(enum hal_halt how, int code)
{
	if (unit_panic_armed) {
		irqs_on = true;
		siglongjmp(unit_panic_jump, 1);
	}
	not_here("going on after a panic");
}

unsigned int hal_backtrace(u64 *pcs, unsigned int max)
{
	return 0;
}

void hal_symbol(u64 pc, char *buf, size_t size)
{
	snprintf(buf, size, "?");
}

void hal_dump(void)
{
}

void hal_late_init(void)
{
}

void hal_probe_devices(void)
{
}

/* ---- registers of a program: unit tests run none -------------------------------------------- */

long hal_syscall_result(void)
{
	not_here("a system call of a program");
}

void hal_syscall_set_result(long result)
{
	not_here("a system call of a program");
}

void hal_syscall_restart(long nr)
{
	not_here("a system call of a program");
}

u64 hal_user_sp(void)
{
	not_here("the stack of a program");
}

int hal_signal_deliver(const struct ksignal *ksig, const u64 *mask)
{
	not_here("a signal");
}

int hal_sigreturn(u64 *mask, long *result)
{
	not_here("a signal");
}

int hal_user_cmpxchg(u32 *p, u32 *expected, u32 new)
{
	not_here("a futex");
}

int hal_user_fork_regs(struct task_struct *child, u64 sp, u64 tls, bool set_tls)
{
	not_here("a thread of a program");
}

void hal_user_report(void)
{
}
