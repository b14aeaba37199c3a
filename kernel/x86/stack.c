/* SPDX-License-Identifier: MIT */
/*
 * Allocates stacks with a guard page.
 *
 * Callers: kernel/sched/thread.c -> hal_stack_alloc() for a new thread, hal_stack_free() for a
 * thread that has ended. Process context. Interrupts are disabled while the slots and the cache
 * change (kernel/x86 is the layer below the spinlocks, so it uses no spinlock), but not while pages
 * are allocated and mapped.
 *
 * Virtual memory from STACK_AREA_BASE on is divided into slots.  A stack fills the top of its slot;
 * the rest, at least a page, stays unmapped, so that an overflow faults.  A few stacks stay mapped
 * for the next thread, because a server with a thread for each connection creates and ends many
 * threads. Compare Linux's kernel/fork.c with CONFIG_VMAP_STACK.
 */
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/page.h"
#include "kernel/sched/limits.h"
#include "kernel/x86/layout.h"
#include "kernel/x86/paging.h"

#define STACK_SLOT_SIZE 65536UL
#define STACK_SLOTS     THREADS_MAX /* one slot for each thread that may exist */
#define STACK_CACHE     16          /* free stacks of THREAD_STACK_SIZE that stay mapped */

BUILD_BUG_ON(THREAD_STACK_SIZE + PAGE_4K > STACK_SLOT_SIZE);

static u64 slots_taken[DIV_ROUND_UP(STACK_SLOTS, 64)];
static void *cache[STACK_CACHE];
static unsigned int nr_cached;

static u64 slot_address(unsigned int slot)
{
	return STACK_AREA_BASE + slot * STACK_SLOT_SIZE;
}

/*
 * Takes the lowest free slot, so that short-lived threads use few page tables.  Returns its number,
 * or -1.
 */
static int take_slot(void)
{
	unsigned long flags = hal_irq_save();
	int slot = -1;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(slots_taken); i++) {
		if (slots_taken[i] != ~0ULL) {
			unsigned int bit = __builtin_ctzll(~slots_taken[i]);

			if (i * 64 + bit < STACK_SLOTS) {
				slots_taken[i] |= 1ULL << bit;
				slot = i * 64 + bit;
			}
			break;
		}
	}
	hal_irq_restore(flags);
	return slot;
}

static void give_slot(unsigned int slot)
{
	unsigned long flags = hal_irq_save();

	slots_taken[slot / 64] &= ~(1ULL << slot % 64);
	hal_irq_restore(flags);
}

static void *take_cached(void)
{
	unsigned long flags = hal_irq_save();
	void *stack = nr_cached ? cache[--nr_cached] : NULL;

	hal_irq_restore(flags);
	return stack;
}

static bool give_cached(void *stack)
{
	unsigned long flags = hal_irq_save();
	bool kept = nr_cached < STACK_CACHE;

	if (kept)
		cache[nr_cached++] = stack;
	hal_irq_restore(flags);
	return kept;
}

static void unmap_stack(u64 bottom, size_t size)
{
	size_t done;

	for (done = 0; done < size; done += PAGE_4K) {
		phys_addr_t pa = paging_unmap(bottom + done);

		if (pa)
			free_pages(hal_phys_to_virt(pa), 0);
	}
}

static bool map_stack(u64 bottom, size_t size)
{
	size_t done;

	for (done = 0; done < size; done += PAGE_4K) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page)
			goto out_unmap;
		if (!paging_map(bottom + done, hal_virt_to_phys(page_address(page)), PAGE_4K,
				MAP_RW)) {
			__free_pages(page, 0);
			goto out_unmap;
		}
	}
	return true;

out_unmap:
	unmap_stack(bottom, done);
	return false;
}

void *hal_stack_alloc(size_t size)
{
	void *stack = NULL;
	u64 bottom;
	int slot;

	BUG_ON(size == 0 || size % PAGE_4K != 0 || size > STACK_SLOT_SIZE - PAGE_4K);
	if (size == THREAD_STACK_SIZE)
		stack = take_cached();
	if (stack)
		return stack;

	slot = take_slot();
	if (slot < 0)
		return NULL;
	bottom = slot_address(slot + 1) - size;
	if (!map_stack(bottom, size)) {
		give_slot(slot);
		return NULL;
	}
	return (void *)bottom;
}

void hal_stack_free(void *stack, size_t size)
{
	u64 bottom = (u64)stack;
	u64 slot = (bottom - STACK_AREA_BASE) / STACK_SLOT_SIZE;

	BUG_ON(bottom < STACK_AREA_BASE || slot >= STACK_SLOTS ||
	       bottom + size != slot_address(slot + 1));
	if (size == THREAD_STACK_SIZE && give_cached(stack))
		return;
	unmap_stack(bottom, size);
	give_slot(slot);
}

bool stack_is_guard(u64 address)
{
	u64 offset = address - STACK_AREA_BASE;

	/*
	 * Only guard pages and unused slots of the area are unmapped, so a fault at an unmapped
	 * address in it is an overflow of the stack above.
	 */
	return address >= STACK_AREA_BASE && offset < STACK_SLOTS * STACK_SLOT_SIZE;
}
