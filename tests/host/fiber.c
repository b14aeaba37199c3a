/* SPDX-License-Identifier: MIT */
/*
 * Fibers: each thread of the kernel has a stack of its own, and all of them run, like the caller of
 * sn_*(), on one thread of the host process.
 *
 * Callers: the scheduler through hal_context_*(); sn_boot() and sn_step() to enter the kernel, the
 * idle thread to leave it.  Only one fiber runs at a time, so there are no locks.
 *
 * A switch pushes the registers that the C ABI calls callee-saved and changes the stack pointer.
 * AddressSanitizer must be told of each switch, through its fiber interface.
 *
 * All stacks lie in one reserved area, each above an unmapped guard page.  Each stack has
 * STACK_EXTRA bytes more than the kernel requested, at its lower end, because functions of the C
 * library and the sanitizer's larger stack frames need room too.
 */
#include <sys/mman.h>

#include "kernel/lib/bug.h"
#include "kernel/mm/page.h"
#include "kernel/sched/limits.h"
#include "tests/host/host.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#define STACK_EXTRA (112 * 1024)
#else
#define STACK_EXTRA (48 * 1024)
static void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t size)
{
}
static void __sanitizer_finish_switch_fiber(void *fake, const void **bottom, size_t *size)
{
}
#endif

#define GUARD 4096
/* One more than for the threads and the boot context: an ended thread may not be freed yet. */
#define STACK_SLOTS (THREADS_MAX + 2)
#define SLOT_SIZE   (GUARD + STACK_EXTRA + THREAD_STACK_SIZE)

static char *area; /* STACK_SLOTS slots; a slot is made accessible at its first use */
static u16 free_slots[STACK_SLOTS];
static unsigned int nr_free_slots, nr_used_slots;

static struct hal_context main_ctx; /* the context of the caller of sn_*() */
/* The context of the kernel's thread that called fiber_leave_kernel() last. */
static struct hal_context kernel_ctx;
static struct {
	const void *bottom;
	size_t size;
} running; /* the stack in use now */
static bool in_kernel;
u64 fiber_switches;

/* ---- stacks ----------------------------------------------------------------------------------- */

#define STACK_PAGES (THREAD_STACK_SIZE / PAGE_SIZE)
/* With sn_set("stack_pages", 1), the pages that take_stack_pages() took for each stack; otherwise NULL. */
static struct page *pages_of_slot[STACK_SLOTS][STACK_PAGES];

static void free_stack_pages(unsigned int slot)
{
	for (unsigned int i = 0; i < STACK_PAGES; i++) {
		if (pages_of_slot[slot][i])
			put_page(pages_of_slot[slot][i]);
		pages_of_slot[slot][i] = NULL;
	}
}

/* With sn_set("stack_pages", 1): takes as many pages from the page allocator as a stack takes on the
 * machine (kernel/x86/stack.c), without using them.  Returns false if there are not enough. */
static bool take_stack_pages(unsigned int slot)
{
	if (!nr_total_pages() || !host_option("stack_pages", 0))
		return true;
	for (unsigned int i = 0; i < STACK_PAGES; i++) {
		pages_of_slot[slot][i] = alloc_page(GFP_KERNEL);
		if (!pages_of_slot[slot][i]) {
			free_stack_pages(slot);
			return false;
		}
	}
	return true;
}

void *hal_stack_alloc(size_t size)
{
	unsigned int slot;
	char *base;

	BUG_ON(size > THREAD_STACK_SIZE);
	if (!area) {
		area = mmap(NULL, (size_t)STACK_SLOTS * SLOT_SIZE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (area == MAP_FAILED) {
			area = NULL;
			return NULL;
		}
	}
	if (nr_free_slots) {
		slot = free_slots[--nr_free_slots];
	} else {
		if (nr_used_slots == STACK_SLOTS)
			return NULL;
		base = area + (size_t)nr_used_slots * SLOT_SIZE + GUARD;
		if (mprotect(base, STACK_EXTRA + THREAD_STACK_SIZE, PROT_READ | PROT_WRITE) < 0)
			return NULL;
		slot = nr_used_slots++;
	}
	if (!take_stack_pages(slot)) {
		free_slots[nr_free_slots++] = slot;
		return NULL;
	}
	base = area + (size_t)slot * SLOT_SIZE + GUARD;
	hal_unpoison(base, STACK_EXTRA + THREAD_STACK_SIZE);
	return base + STACK_EXTRA;
}

void hal_stack_free(void *stack, size_t size)
{
	size_t slot = ((char *)stack - area) / SLOT_SIZE;

	BUG_ON(!fiber_is_stack(stack) || nr_free_slots == STACK_SLOTS);
	free_stack_pages(slot);
	free_slots[nr_free_slots++] = slot;
}

u64 fiber_stacks(void)
{
	return nr_used_slots - nr_free_slots;
}

void fiber_release(void)
{
	size_t used = (size_t)nr_used_slots * SLOT_SIZE;

	if (!area)
		return;
	hal_unpoison(area, used);
	munmap(area, (size_t)STACK_SLOTS * SLOT_SIZE);
	area = NULL;
}

bool fiber_is_stack(const void *p)
{
	return area && (const char *)p >= area &&
	       (const char *)p < area + (size_t)STACK_SLOTS * SLOT_SIZE;
}

void fiber_bounds(const void **lowest, size_t *size)
{
	*lowest = running.bottom;
	*size = running.size;
}

/* ---- the switch ------------------------------------------------------------------------------- */

void fiber_switch_asm(void **save_sp, void *load_sp);
__asm__(".text\n"
	".hidden fiber_switch_asm\n"
	".globl fiber_switch_asm\n"
	".type fiber_switch_asm, @function\n"
	"fiber_switch_asm:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size fiber_switch_asm, .-fiber_switch_asm\n");

/* The first switch to a new fiber returns to this code: hal_context_init() left fn in r12 and its
 * argument in r13.  rbp is set to 0 to end backtraces here. */
void fiber_entry_asm(void);
void fiber_entry(void (*fn)(void *arg), void *arg);
__asm__(".text\n"
	".hidden fiber_entry_asm\n"
	".globl fiber_entry_asm\n"
	".type fiber_entry_asm, @function\n"
	"fiber_entry_asm:\n"
	"	mov %r12, %rdi\n"
	"	mov %r13, %rsi\n"
	"	xor %ebp, %ebp\n"
	"	call fiber_entry\n"
	"	ud2\n"
	".size fiber_entry_asm, .-fiber_entry_asm\n");

static bool entered_from_main; /* the switch in progress is from main_ctx */

/* To be called first on the new stack after each switch: tells the sanitizer that the switch is
 * complete. */
static void arrived(void *fake_stack)
{
	const void *bottom;
	size_t size;

	__sanitizer_finish_switch_fiber(fake_stack, &bottom, &size);
#if defined(__SANITIZE_ADDRESS__)
	if (entered_from_main) {
		main_ctx.stack = (void *)bottom;
		main_ctx.stack_size = size;
	}
#endif
	entered_from_main = false;
}

__attribute__((used)) void fiber_entry(void (*fn)(void *arg), void *arg)
{
	arrived(NULL);
	fn(arg);
	__builtin_trap();
}

static void set_running(const struct hal_context *ctx)
{
	running.bottom = ctx->stack;
	running.size = ctx->stack_size;
	if (fiber_is_stack(ctx->stack)) {
		running.bottom = (char *)ctx->stack - STACK_EXTRA;
		running.size += STACK_EXTRA;
	}
}

/* Records the running stack as the stack of @ctx.  hal_context_init() did not do so for a context
 * that was running already. */
static void adopt_stack(struct hal_context *ctx)
{
	ctx->stack = (void *)running.bottom;
	ctx->stack_size = running.size;
	if (fiber_is_stack(running.bottom)) {
		ctx->stack = (char *)running.bottom + STACK_EXTRA;
		ctx->stack_size -= STACK_EXTRA;
	}
}

static void switch_to(struct hal_context *from, struct hal_context *to, bool for_good)
{
	fiber_switches++;
	set_running(to);
	__sanitizer_start_switch_fiber(for_good ? NULL : &from->fake_stack, running.bottom,
				       running.size);
	fiber_switch_asm(&from->sp, to->sp);
	arrived(from->fake_stack);
}

void hal_context_init(struct hal_context *ctx, void *stack, size_t size, void (*fn)(void *arg),
		      void *arg)
{
	void **sp = (void **)((char *)stack + size);

	*--sp = NULL; /* two unused words, so that sp has the ABI's alignment when fiber_entry() is called */
	*--sp = NULL;
	*--sp = (void *)fiber_entry_asm;
	*--sp = NULL;       /* rbp */
	*--sp = NULL;       /* rbx */
	*--sp = (void *)fn; /* r12 */
	*--sp = arg;        /* r13 */
	*--sp = NULL;       /* r14 */
	*--sp = NULL;       /* r15 */
	*ctx = (struct hal_context){.sp = sp, .stack = stack, .stack_size = size};
}

void hal_context_switch(struct hal_context *from, struct hal_context *to)
{
	BUG_ON(!hal_irqs_disabled());
	if (!from->stack) /* the boot context: it runs on the stack of fiber_boot() */
		adopt_stack(from);
	switch_to(from, to, false);
}

void hal_context_exit(struct hal_context *from, struct hal_context *to)
{
	BUG_ON(!hal_irqs_disabled());
	switch_to(from, to, true);
	__builtin_trap();
}

/* ---- entering and leaving the kernel ---------------------------------------------------------- */

bool fiber_in_kernel(void)
{
	return in_kernel;
}

void fiber_boot(void (*fn)(void *arg), void *arg)
{
	void *stack = hal_stack_alloc(THREAD_STACK_SIZE);

	if (!stack)
		__builtin_trap();
	hal_context_init(&kernel_ctx, stack, THREAD_STACK_SIZE, fn, arg);
	fiber_enter_kernel();
}

void fiber_enter_kernel(void)
{
	in_kernel = true;
	entered_from_main = true;
	switch_to(&main_ctx, &kernel_ctx, false);
	in_kernel = false;
}

/*
 * Called by the idle thread when nothing is left to do, and by a thread that halted.  The next
 * fiber_enter_kernel() returns to the same thread, so its stack is recorded in kernel_ctx.
 */
void fiber_leave_kernel(void)
{
	adopt_stack(&kernel_ctx);
	switch_to(&kernel_ctx, &main_ctx, false);
}
