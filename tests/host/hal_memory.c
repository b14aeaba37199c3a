/* SPDX-License-Identifier: MIT */
/*
 * kernel/hal.h (the kernel's interface to its platform) in an ordinary process: memory.
 *
 * Callers:
 * - the page allocator: RAM is one mapping, the arena; its physical addresses begin at ARENA_PHYS;
 * - slab, through separate.c: each object is an allocation of the C library, so that a sanitizer
 *   knows its bounds and when it is freed;
 * - copies to and from an application's memory;
 * - the device model: hal_phys_to_virt().
 *
 * The physical address of an object outside the arena is OBJECT_PHYS plus its virtual address.  So
 * the driver can give such objects to the device, and the sanitizer checks the device's accesses.
 * Stacks have no physical address here: on the machine, giving one to a device is a bug.
 */
#include <sys/mman.h>

#include "kernel/lib/bug.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"
#include "tests/host/host.h"
#include "tests/host/separate.h"
#include "tests/host/softnet_host.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

#define ARENA_PHYS 0x1000000ULL /* not 0, so that a physical address of 0 is always an error */
/*
 * Added to the virtual address of an object outside the arena. That virtual address may be as low
 * as RAM's physical addresses; the sum never is.
 */
#define OBJECT_PHYS    (1ULL << 48)
#define USER_LOWEST    0x10000ULL
#define USER_HIGHEST   (1ULL << 47)
#define BAD_RANGES_MAX 16

static char *arena;
static size_t arena_size;

static struct {
	u64 start, end;
} bad_ranges[BAD_RANGES_MAX];
static unsigned int nr_bad_ranges;

bool host_memory_init(size_t ram, phys_addr_t *base)
{
	arena = mmap(NULL, ram, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		     -1, 0);
	if (arena == MAP_FAILED)
		return false;
	arena_size = ram;
	*base = ARENA_PHYS;
	return true;
}

void host_memory_release(void)
{
	/* Without this call the next mapping at this address would still be poisoned. */
	hal_unpoison(arena, arena_size);
	munmap(arena, arena_size);
	arena_size = 0;
}

phys_addr_t hal_virt_to_phys(const void *p)
{
	u64 offset = (u64)p - (u64)arena;

	if (offset < arena_size)
		return ARENA_PHYS + offset;
	BUG_ON(fiber_is_stack(p) || !p);
	return OBJECT_PHYS + (u64)p;
}

void *hal_phys_to_virt(phys_addr_t pa)
{
	if (pa - ARENA_PHYS < arena_size)
		return arena + (pa - ARENA_PHYS);
	return (void *)(pa - OBJECT_PHYS);
}

void *hal_map_device(phys_addr_t pa, size_t size)
{
	return NULL;
}

bool host_objects_are_separate(void)
{
	return host_option("separate_objects", 1);
}

void *host_object_alloc(size_t size, size_t align)
{
	void *object;

	host.nr_allocs += !host.sparing;
	if (host_refuses())
		return NULL;
	if (align < 16)
		align = 16;
	object = host_libc.aligned_alloc(align, ALIGN_UP(size, align));
	host.nr_objects += object != NULL;
	return object;
}

void host_object_free(void *object)
{
	host.nr_objects -= object != NULL;
	host_libc.free(object);
}

void hal_poison(const void *p, size_t size)
{
#if defined(__SANITIZE_ADDRESS__)
	__asan_poison_memory_region(p, size);
#endif
}

void hal_unpoison(const void *p, size_t size)
{
#if defined(__SANITIZE_ADDRESS__)
	__asan_unpoison_memory_region(p, size);
#endif
}

/* ---- pages withheld from the kernel -------------------------------------------------------------- */

static LIST_HEAD(kept); /* blocks that host_keep_pages() took, linked by page->lru */

void host_keep_pages(u64 keep)
{
	while (!list_empty(&kept)) {
		struct page *page = list_first_entry(&kept, struct page, lru);

		list_del(&page->lru);
		put_page(page);
	}
	for (unsigned int order = MAX_ORDER + 1; order-- > 0;) {
		struct page *page;

		while (nr_free_pages() >= 1ULL << order &&
		       nr_free_pages() - (1ULL << order) >= keep &&
		       (page = alloc_pages(GFP_KERNEL | __GFP_MEMALLOC, order)))
			list_add(&page->lru, &kept);
	}
}

/* ---- an application's memory -------------------------------------------------------------------- */

int sn_bad_range(const void *addr, size_t len)
{
	if (!len) {
		nr_bad_ranges = 0;
		return 0;
	}
	if (nr_bad_ranges == BAD_RANGES_MAX)
		return -1;
	bad_ranges[nr_bad_ranges].start = (u64)addr;
	bad_ranges[nr_bad_ranges].end = (u64)addr + len;
	nr_bad_ranges++;
	return 0;
}

/*
 * Returns how many bytes, from @p on and at most @n, can be accessed without a fault: they are in
 * the application's address range and in no range of sn_bad_range().
 */
static size_t good_bytes(const void *p, size_t n)
{
	u64 start = (u64)p, end = start + n;

	if (start < USER_LOWEST || start >= USER_HIGHEST)
		return 0;
	if (end < start || end > USER_HIGHEST)
		end = USER_HIGHEST;
	for (unsigned int i = 0; i < nr_bad_ranges; i++) {
		if (start >= bad_ranges[i].end || end <= bad_ranges[i].start)
			continue;
		end = max_t(u64, start, bad_ranges[i].start);
	}
	return end - start;
}

size_t hal_copy_user(void *dst, const void *src, size_t n)
{
	size_t good = min_t(size_t, good_bytes(dst, n), good_bytes(src, n)), half = good / 2;

	if (!good) /* memcpy() does not allow a NULL pointer, even for 0 bytes */
		return n;
	memcpy(dst, src, half);
	if (host.slow_copies && half && may_sleep()) {
		host.slow_copies--;
		schedule_timeout_uninterruptible(1);
	}
	memcpy((u8 *)dst + half, (const u8 *)src + half, good - half);
	return n - good;
}
