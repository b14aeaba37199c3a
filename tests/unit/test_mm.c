/* SPDX-License-Identifier: MIT */
/*
 * The program's address space: addresses that mmap() chooses, stacks, the heap, limits, and lack of
 * memory.  test_mm_linux.c compares random calls with Linux.
 */
#include "tests/unit/unit_mm.h"

#include <stdlib.h>

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define PG   PAGE_SIZE
#define BASE 0x40000000UL

static struct mm_struct *const mm = &process_mm;

static u64 map(u64 addr, u64 len, unsigned int prot, unsigned int flags)
{
	return sys(__NR_mmap, addr, len, prot, flags, -1, 0);
}

static u64 map_at(u64 addr, u64 len, unsigned int prot, unsigned int flags)
{
	assert_int_equal(map(addr, len, prot, flags | MAP_FIXED), addr);
	return addr;
}

/* ---- chosen addresses ----------------------------------------------------------------------- */

static void test_places_are_chosen_downwards(void **state)
{
	u64 top = map(0, PG, RW, ANON), low;

	assert_int_equal(top, HAL_USER_END - PG);
	assert_int_equal(map(0, 3 * PG, PROT_READ, ANON), top - 3 * PG);
	/* mmap() takes the highest gap that is long enough. */
	assert_int_equal(sys(__NR_munmap, top - 2 * PG, PG), 0);
	assert_int_equal(map(0, 2 * PG, RW, ANON), top - 5 * PG);
	assert_int_equal(map(0, PG, RW, ANON), top - 2 * PG);
	/* mmap() rounds an address hint down to a page, and uses it if the pages there are free. */
	assert_int_equal(map(BASE + 5, PG, RW, ANON), BASE);
	assert_int_equal(map(BASE, 2 * PG, RW, ANON), top - 7 * PG);
	assert_int_equal(map(5, PG, RW, ANON), top - 8 * PG);
	assert_int_equal(map(PG, PG, RW, ANON), HAL_USER_START);
	low = map(0, PG, RW, ANON | MAP_32BIT);
	assert_int_equal(low, 0x80000000 - PG);
	assert_int_equal(map(0, 1UL << 31, RW, ANON | MAP_32BIT), -ENOMEM);
	assert_int_equal(map(0, HAL_USER_END, RW, ANON), -ENOMEM);
	assert_int_equal(map(0, ~0UL, RW, ANON), -ENOMEM);
	unmap_all();
}

/* A mapping that does not fit below mmap_base is placed above it. */
static void test_places_above_the_base(void **state)
{
	mm->mmap_base = HAL_USER_START + 4 * PG;
	assert_int_equal(map(0, 4 * PG, RW, ANON), HAL_USER_START);
	assert_int_equal(map(0, 4 * PG, RW, ANON), HAL_USER_END - 4 * PG);
	mm->mmap_base = HAL_USER_END;
	unmap_all();
}

/* Returns the highest page in [low, high) at which @len pages are free, by looking at each page. */
static u64 highest_by_hand(const bool *used, u64 pages, u64 low, u64 high, u64 len)
{
	for (u64 at = high; at-- > low;) {
		u64 n = 0;

		while (n < len && at + n < high && !used[at + n])
			n++;
		if (n == len)
			return at;
	}
	return pages;
}

static void test_gaps_against_a_model(void **state)
{
	enum { PAGES = 3000 };
	static bool used[PAGES];

	for (int round = 0; round < 20000; round++) {
		u64 at = unit_random() % PAGES, len = 1 + unit_random() % 12;
		u64 low = unit_random() % PAGES, high = low + unit_random() % (PAGES - low);
		u64 want;

		len = min(len, PAGES - at);
		/* The protections differ, so that neighbours are not joined. */
		if (unit_random() % 5 < 3)
			map_at(BASE + at * PG, len * PG, unit_random() % 8, ANON);
		else
			assert_int_equal(sys(__NR_munmap, BASE + at * PG, len * PG), 0);
		memset(used + at,
		       find_vma_intersection(mm, BASE + at * PG, BASE + at * PG + PG) != NULL, len);
		want = highest_by_hand(used, PAGES, low, high, len);
		assert_int_equal(vma_find_gap(mm, BASE + low * PG, BASE + high * PG, len * PG),
				 want == PAGES ? (u64)-ENOMEM : BASE + want * PG);
	}
	unmap_all();
}

static void test_terabytes_cost_one_range(void **state)
{
	u64 before = nr_free_pages(), at = map(0, 64UL << 40, PROT_NONE, ANON | MAP_NORESERVE);

	assert_false(IS_ERR((void *)at));
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(load(at), -EACCES);
	map_at(at + (1UL << 40), 64UL << 20, RW, ANON);
	assert_int_equal(store(at + (1UL << 40) + 12345, 7), 0);
	assert_int_equal(load(at + (1UL << 40) + 12345), 7);
	assert_int_equal(mm->map_count, 3);
	assert_int_equal(host_user_pages(), 1);
	assert_true(before - nr_free_pages() < 4);
	assert_int_equal(sys(__NR_munmap, at, 64UL << 40), 0);
	unmap_all();
}

static void test_neighbours_are_joined(void **state)
{
	map_at(BASE, PG, RW, ANON);
	map_at(BASE + 2 * PG, PG, RW, ANON);
	assert_int_equal(mm->map_count, 2);
	map_at(BASE + PG, PG, RW, ANON);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(sys(__NR_mprotect, BASE + PG, PG, PROT_READ), 0);
	assert_int_equal(mm->map_count, 3);
	assert_int_equal(sys(__NR_mprotect, BASE + PG, PG, RW), 0);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(mm->total_vm, 3);
	unmap_all();
}

/* LIMIT(MAX_MAP_COUNT) */
static void test_ranges_are_full_at_the_limit(void **state)
{
	for (u64 i = 0; i <= MAX_MAP_COUNT; i++)
		map_at(BASE + i * 4 * PG, 3 * PG, i % 2 ? PROT_READ : RW, ANON);
	/* As in Linux, the check comes before the new range is added, so there is one range more
	 * than the limit. */
	assert_int_equal(mm->map_count, MAX_MAP_COUNT + 1);
	assert_int_equal(map(0, PG, RW, ANON), -ENOMEM);
	assert_int_equal(sys(__NR_mprotect, BASE, PG, PROT_NONE), -ENOMEM);
	assert_int_equal(sys(__NR_munmap, BASE + PG, PG), -ENOMEM);
	assert_int_equal(
		sys(__NR_mremap, BASE, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, BASE - 4 * PG),
		-ENOMEM);
	/* Calls that need no new range still work. */
	assert_int_equal(sys(__NR_mprotect, BASE, 3 * PG, PROT_NONE), 0);
	assert_int_equal(sys(__NR_munmap, BASE, PG), 0);
	unmap_all();
}

/* ---- stacks --------------------------------------------------------------------------------- */

/* LIMIT(STACK_LIMIT_DEFAULT) */
static void test_stack_grows_to_its_limit(void **state)
{
	u64 top = BASE + (64UL << 20), lowest = top - STACK_LIMIT_DEFAULT;

	map_at(top - 2 * PG, 2 * PG, RW, ANON | MAP_GROWSDOWN);
	assert_int_equal(store(top - 5 * PG + 3, 1), 0);
	assert_int_equal(mm->total_vm, 5);
	assert_int_equal(load(lowest), 0);
	assert_int_equal(store(lowest - 1, 1), -EFAULT);
	assert_int_equal(mm->total_vm, STACK_LIMIT_DEFAULT / PG);
	mm->stack_limit += PG;
	assert_int_equal(store(lowest - 1, 1), 0);
	mm->stack_limit = STACK_LIMIT_DEFAULT;
	unmap_all();
}

/* LIMIT(STACK_GUARD_GAP) */
static void test_stack_keeps_its_distance(void **state)
{
	u64 stack = BASE + (1UL << 30), below;

	map_at(stack, PG, RW, ANON | MAP_GROWSDOWN);
	map_at(stack + PG, HAL_USER_END - stack - PG, PROT_NONE, ANON);
	/* mmap() leaves the gap below the stack free. */
	below = map(0, PG, RW, ANON);
	assert_int_equal(below, stack - STACK_GUARD_GAP - PG);
	/* The stack does not grow into the gap if the mapping below is in use. */
	assert_int_equal(store(stack - PG, 1), -EFAULT);
	/* The stack grows into the gap if the mapping below is only reserved (PROT_NONE). */
	assert_int_equal(sys(__NR_mprotect, below, PG, PROT_NONE), 0);
	assert_int_equal(store(stack - PG, 1), 0);
	unmap_all();
}

static void test_protect_to_the_end_of_a_stack(void **state)
{
	map_at(BASE, 4 * PG, RW, ANON | MAP_GROWSDOWN);
	map_at(BASE + 8 * PG, PG, RW, ANON);
	assert_int_equal(sys(__NR_mprotect, BASE + 2 * PG, PG, PROT_READ | PROT_GROWSDOWN), 0);
	assert_int_equal(store(BASE, 1), -EACCES);
	assert_int_equal(store(BASE + 2 * PG, 1), -EACCES);
	assert_int_equal(store(BASE + 3 * PG, 1), 0);
	assert_int_equal(sys(__NR_mprotect, BASE + 8 * PG, PG, PROT_READ | PROT_GROWSDOWN),
			 -EINVAL);
	assert_int_equal(sys(__NR_mprotect, BASE, PG, PROT_READ | PROT_GROWSUP), -EINVAL);
	assert_int_equal(sys(__NR_mprotect, BASE, PG, PROT_GROWSDOWN | PROT_GROWSUP), -EINVAL);
	unmap_all();
}

/* ---- the heap ------------------------------------------------------------------------------- */

static void test_brk(void **state)
{
	mm->start_brk = mm->brk = BASE + 100;
	assert_int_equal(sys(__NR_brk, 0), BASE + 100);
	assert_int_equal(sys(__NR_brk, BASE + 3 * PG), BASE + 3 * PG);
	assert_int_equal(load(BASE), -EFAULT);
	assert_int_equal(store(BASE + 3 * PG - 1, 9), 0);
	assert_int_equal(store(BASE + 3 * PG, 9), -EFAULT);
	assert_int_equal(sys(__NR_brk, BASE + 2 * PG + 1), BASE + 2 * PG + 1);
	assert_int_equal(load(BASE + 3 * PG - 1), 9); /* the heap still uses a part of this page */
	assert_int_equal(sys(__NR_brk, BASE + 2 * PG), BASE + 2 * PG);
	assert_int_equal(load(BASE + 3 * PG - 1), -EFAULT);
	assert_int_equal(sys(__NR_brk, BASE + 4 * PG), BASE + 4 * PG);
	assert_int_equal(load(BASE + 3 * PG - 1), 0);
	/* brk() refuses an end of the heap that lies below the heap's start, in another mapping,
	 * in the page before another mapping, or beyond the user's addresses. */
	assert_int_equal(sys(__NR_brk, BASE), BASE + 4 * PG);
	map_at(BASE + 6 * PG, PG, RW, ANON);
	assert_int_equal(sys(__NR_brk, BASE + 6 * PG), BASE + 4 * PG);
	assert_int_equal(sys(__NR_brk, BASE + 5 * PG), BASE + 5 * PG);
	assert_int_equal(sys(__NR_brk, HAL_USER_END + 1), BASE + 5 * PG);
	assert_int_equal(sys(__NR_brk, ~0UL), BASE + 5 * PG);
	assert_int_equal(sys(__NR_brk, BASE + 100), BASE + 100);
	unmap_all();
	mm->start_brk = mm->brk = 0;
}

/* ---- pages ---------------------------------------------------------------------------------- */

static void test_reading_shares_the_page_of_zeroes(void **state)
{
	u64 before;

	map_at(BASE, 100 * PG, RW, ANON);
	assert_int_equal(load(BASE), 0);
	before = nr_free_pages();
	for (u64 i = 0; i < 100; i++)
		assert_int_equal(load(BASE + i * PG), 0);
	assert_int_equal(nr_free_pages(), before);
	assert_int_equal(program_pages.used, 0);
	assert_int_equal(store(BASE + 50 * PG, 1), 0);
	assert_int_equal(load(BASE + 49 * PG), 0);
	assert_int_equal(program_pages.used, 1);
	unmap_all();
}

static void test_private_file_is_copied_at_a_write(void **state)
{
	struct mapped_file m;
	int fd;

	mapped_make(&m, 2 * PG + 10);
	fd = mapped_open(&m, O_RDONLY);
	assert_int_equal(sys(__NR_mmap, BASE, 4 * PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0),
			 BASE);
	assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(load(BASE + PG + 5), mapped_byte(PG + 5));
	assert_int_equal(program_pages.used, 0);
	assert_int_equal(mm->file_pages, 1);
	assert_int_equal(store(BASE + PG + 5, 1), -EACCES);
	/* After mprotect(), a store writes to a private copy: the file's page does not change. */
	assert_int_equal(sys(__NR_mprotect, BASE, 4 * PG, RW), 0);
	assert_int_equal(store(BASE + PG + 5, 1), 0);
	assert_int_equal(store(BASE + 2 * PG, 2), 0);
	assert_int_equal(((u8 *)page_address(m.pages[1]))[5], mapped_byte(PG + 5));
	assert_int_equal(load(BASE + PG + 6), mapped_byte(PG + 6));
	assert_int_equal(program_pages.used, 2);
	assert_int_equal(mm->file_pages, 0);
	assert_int_equal(load(BASE + 2 * PG + 10), 0);
	assert_int_equal(load(BASE + 3 * PG), -EIO);
	/* mm_write(), with which the kernel loads a program, also writes to a private copy.  It
	 * does not need VM_WRITE. */
	assert_int_equal(sys(__NR_mprotect, BASE, 4 * PG, PROT_READ), 0);
	assert_int_equal(mm_write(mm, BASE + PG - 1, "abc", 3), 0);
	assert_int_equal(load(BASE + PG - 1), 'a');
	assert_int_equal(((u8 *)page_address(m.pages[0]))[PG - 1], mapped_byte(PG - 1));
	assert_int_equal(mm_clear(mm, BASE + 2 * PG, 2 * PG), -EIO);
	/* When the private copies are dropped, loads see the file's bytes again. */
	assert_int_equal(sys(__NR_madvise, BASE, 3 * PG, MADV_DONTNEED), 0);
	assert_int_equal(load(BASE + PG + 5), mapped_byte(PG + 5));
	unmap_all();
	mapped_free(&m);
}

static void test_shared_file_is_written(void **state)
{
	struct mapped_file m;
	int fd;
	char byte;

	mapped_make(&m, 2 * PG);
	fd = mapped_open(&m, O_RDWR);
	assert_int_equal(sys(__NR_mmap, BASE, 2 * PG, RW, MAP_SHARED | MAP_FIXED, fd, 0), BASE);
	/* Make a second mapping of the same pages. */
	assert_int_equal(
		sys(__NR_mremap, BASE, 0, 2 * PG, MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 8 * PG),
		BASE + 8 * PG);
	assert_int_equal(store(BASE + PG + 1, 77), 0);
	assert_int_equal(load(BASE + 9 * PG + 1), 77);
	assert_int_equal(((u8 *)page_address(m.pages[1]))[1], 77);
	assert_int_equal(mm_read(mm, BASE + PG + 1, &byte, 1), 0);
	assert_int_equal(byte, 77);
	assert_int_equal(program_pages.used, 0);
	assert_int_equal(sys(__NR_close, fd), 0);
	unmap_all();
	mapped_free(&m);
}

static void test_moving_takes_the_pages_along(void **state)
{
	u64 at;

	map_at(BASE, 4 * PG, RW, ANON);
	map_at(BASE + 4 * PG, PG, PROT_READ, ANON);
	assert_int_equal(store(BASE + PG, 5), 0);
	assert_int_equal(sys(__NR_mremap, BASE, 4 * PG, 8 * PG, 0, 0), -ENOMEM);
	at = sys(__NR_mremap, BASE, 4 * PG, 8 * PG, MREMAP_MAYMOVE, 0);
	assert_int_equal(at, HAL_USER_END - 8 * PG);
	assert_int_equal(load(at + PG), 5);
	assert_int_equal(load(at + 7 * PG), 0);
	assert_int_equal(load(BASE + PG), -EFAULT);
	assert_int_equal(
		sys(__NR_mremap, at, 8 * PG, 8 * PG, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, BASE),
		at - 8 * PG); /* the hint is not used, because another mapping is at BASE */
	unmap_all();
}

static void test_advice_and_residency(void **state)
{
	u8 vec[4] = {9, 9, 9, 9};

	map_at(BASE, 3 * PG, RW, ANON);
	assert_int_equal(store(BASE + PG, 5), 0);
	assert_int_equal(sys(__NR_mincore, BASE, 2 * PG + 1, vec), 0);
	assert_int_equal(vec[0] | vec[1] << 8 | vec[2] << 16 | vec[3] << 24, 0x09000100);
	assert_int_equal(sys(__NR_mincore, BASE, 4 * PG, vec), -ENOMEM);
	assert_int_equal(sys(__NR_mincore, BASE + 1, PG, vec), -EINVAL);
	assert_int_equal(sys(__NR_mincore, BASE, HAL_USER_END, vec), -ENOMEM);
	unit_bad_range(vec, 4);
	assert_int_equal(sys(__NR_mincore, BASE, PG, vec), -EFAULT);
	unit_bad_range(NULL, 0);
	assert_int_equal(sys(__NR_madvise, BASE, 3 * PG, MADV_FREE), 0);
	assert_int_equal(load(BASE + PG), 0);
	assert_int_equal(sys(__NR_madvise, BASE, 4 * PG, MADV_DONTNEED), -ENOMEM);
	assert_int_equal(program_pages.used, 0);
	assert_int_equal(sys(__NR_mlock, BASE + 5, 2 * PG), 0);
	assert_int_equal(program_pages.used, 3);
	assert_int_equal(sys(__NR_mlock, BASE, 4 * PG), -ENOMEM);
	assert_int_equal(sys(__NR_mlock2, BASE, PG, 2), -EINVAL);
	assert_int_equal(sys(__NR_mlock2, BASE, PG, MLOCK_ONFAULT), 0);
	assert_int_equal(sys(__NR_munlock, BASE, 3 * PG), 0);
	assert_int_equal(sys(__NR_mlockall, MCL_CURRENT), 0);
	assert_int_equal(sys(__NR_mlockall, 0), -EINVAL);
	assert_int_equal(sys(__NR_mlockall, MCL_ONFAULT), -EINVAL);
	assert_int_equal(sys(__NR_munlockall), 0);
	unmap_all();
}

static void test_invalid_mappings(void **state)
{
	struct mapped_file m;
	int fd;

	assert_int_equal(map(0, 2UL << 20, RW, ANON | MAP_HUGETLB), -ENOMEM);
	assert_int_equal(map(0, 2UL << 20, RW, ANON | MAP_HUGETLB | 5 << MAP_HUGE_SHIFT), -EINVAL);
	assert_int_equal(map(0, PG, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN), -EINVAL);
	assert_int_equal(map(0, PG, RW, MAP_PRIVATE), -EBADF);
	assert_int_equal(map(PG, PG, RW, ANON | MAP_FIXED), -EPERM);
	mapped_make(&m, PG);
	fd = mapped_open(&m, O_WRONLY);
	assert_int_equal(sys(__NR_mmap, 0, PG, PROT_READ, MAP_PRIVATE, fd, 0), -EACCES);
	sys(__NR_close, fd);
	fd = mapped_open(&m, O_RDONLY);
	assert_int_equal(sys(__NR_mmap, 0, PG, RW, MAP_SHARED, fd, 0), -EACCES);
	assert_int_equal(sys(__NR_mmap, 0, 2 * PG, RW, MAP_PRIVATE, fd, -PG), -EOVERFLOW);
	assert_int_equal(sys(__NR_mmap, 0, PG, RW, MAP_PRIVATE | MAP_HUGETLB, fd, 0), -EINVAL);
	sys(__NR_close, fd);
	mapped_free(&m);
}

static void test_kernel_pages(void **state)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	((u8 *)page_address(page))[7] = 42;
	assert_int_equal(mm_map_special(mm, BASE, &page, 1, true), 0);
	assert_int_equal(load(BASE + 7), 42);
	assert_int_equal(store(BASE + 7, 1), -EACCES);
	assert_int_equal(sys(__NR_mprotect, BASE, PG, RW), -EACCES);
	assert_int_equal(sys(__NR_mremap, BASE, PG, 2 * PG, MREMAP_MAYMOVE, 0), -EFAULT);
	assert_int_equal(sys(__NR_madvise, BASE, PG, MADV_DONTNEED), -EINVAL);
	assert_int_equal(mm_write(mm, BASE, "a", 1), -EFAULT);
	unmap_all();
	host_user_fail_tables_after(0);
	assert_int_equal(mm_map_special(mm, BASE, &page, 1, false), -ENOMEM);
	host_user_fail_tables_after(-1);
	assert_int_equal(page_count(page), 1);
	put_page(page);
	unmap_all();
}

/* ---- no memory is left ---------------------------------------------------------------------- */

/* LIMIT(USER_RESERVE_MAX_KIB) */
static void test_pages_stop_at_the_reserve(void **state)
{
	u64 i = touch_all(BASE);

	assert_int_equal(nr_free_pages(), USER_RESERVE_MAX_KIB * 1024UL / PG);
	/* A read of an unused page needs no memory, and a page that was given back can be used again. */
	assert_int_equal(load(BASE + i * PG), 0);
	assert_int_equal(sys(__NR_madvise, BASE, PG, MADV_DONTNEED), 0);
	assert_int_equal(store(BASE + i * PG, 1), 0);
	assert_int_equal(sys(__NR_mlock, BASE, 1UL << 30), -EAGAIN);
	/* MAP_POPULATE fills as many pages as it gets, and succeeds, as on Linux. */
	assert_int_equal(map(0, 16 * PG, RW, ANON | MAP_POPULATE), HAL_USER_END - 16 * PG);
	unmap_all();
}

/* Reads of pages that are far apart need page tables, which count as pages of the program. */
static void test_tables_stop_at_the_reserve(void **state)
{
	u64 far = BASE + (16UL << 30);
	u64 n = touch_all(BASE);

	map_at(far, PG, RW, ANON);
	assert_int_equal(load(far), -ENOMEM);
	assert_int_equal(load(BASE + n * PG), 0);
	assert_int_equal(sys(__NR_mremap, BASE, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, far),
			 -ENOMEM);
	assert_int_equal(load(BASE), 1);
	assert_int_equal(sys(__NR_madvise, BASE, PG, MADV_DONTNEED), 0);
	map_at(far, PG, RW, ANON);
	assert_int_equal(load(far), 0);
	unmap_all();
}

/* After the first n allocations of a call, all further ones fail: the call must fail with ENOMEM and change nothing. */
static void test_no_memory_for_a_range(void **state)
{
	for (int n = 0; n < 3; n++) {
		map_at(BASE, 8 * PG, RW, ANON);
		assert_int_equal(store(BASE + 3 * PG, 3), 0);
		unit_fail_after(n);
		assert_int_equal(sys(__NR_mremap, BASE + 2 * PG, 2 * PG, 4 * PG,
				     MREMAP_MAYMOVE | MREMAP_FIXED, BASE + 32 * PG),
				 -ENOMEM);
		unit_fail_after(-1);
		assert_int_equal(load(BASE + 3 * PG), 3);
		assert_int_equal(load(BASE + 7 * PG), 0);
		assert_int_equal(mm->map_count, 1);
		unmap_all();
	}
	map_at(BASE, 8 * PG, RW, ANON);
	unit_fail_after(0);
	assert_int_equal(map(0, PG, PROT_READ, ANON), -ENOMEM);
	assert_int_equal(sys(__NR_munmap, BASE + PG, PG), -ENOMEM);
	assert_int_equal(sys(__NR_mprotect, BASE + PG, PG, PROT_READ), -ENOMEM);
	unit_fail_after(-1);
	assert_int_equal(mm->map_count, 1);
	unmap_all();
}

static void test_no_memory_for_a_table(void **state)
{
	map_at(BASE, 2UL << 20, RW, ANON);
	host_user_fail_tables_after(2);
	assert_int_equal(store(BASE, 3), -ENOMEM);
	assert_int_equal(program_pages.used, 0);
	host_user_fail_tables_after(-1);
	assert_int_equal(store(BASE, 3), 0);
	assert_int_equal(store(BASE + PG, 4), 0);
	/* If there is no memory for the tables of the destination, mremap() leaves the pages in place. */
	host_user_fail_tables_after(0);
	assert_int_equal(sys(__NR_mremap, BASE, 2UL << 20, 2UL << 20, MREMAP_MAYMOVE | MREMAP_FIXED,
			     BASE + (16UL << 30)),
			 -ENOMEM);
	host_user_fail_tables_after(-1);
	assert_int_equal(load(BASE), 3);
	assert_int_equal(load(BASE + PG), 4);
	assert_int_equal(mm->map_count, 1);
	unmap_all();
}

static int setup(void **state)
{
	/* With this much memory the reserve has its largest size. */
	mm_test_boot(USER_RESERVE_MAX_KIB * USER_RESERVE_PART + (32 << 10));
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places_are_chosen_downwards),
		cmocka_unit_test(test_places_above_the_base),
		cmocka_unit_test(test_gaps_against_a_model),
		cmocka_unit_test(test_terabytes_cost_one_range),
		cmocka_unit_test(test_neighbours_are_joined),
		cmocka_unit_test(test_ranges_are_full_at_the_limit),
		cmocka_unit_test(test_stack_grows_to_its_limit),
		cmocka_unit_test(test_stack_keeps_its_distance),
		cmocka_unit_test(test_protect_to_the_end_of_a_stack),
		cmocka_unit_test(test_brk),
		cmocka_unit_test(test_reading_shares_the_page_of_zeroes),
		cmocka_unit_test(test_private_file_is_copied_at_a_write),
		cmocka_unit_test(test_shared_file_is_written),
		cmocka_unit_test(test_moving_takes_the_pages_along),
		cmocka_unit_test(test_advice_and_residency),
		cmocka_unit_test(test_invalid_mappings),
		cmocka_unit_test(test_kernel_pages),
		cmocka_unit_test(test_pages_stop_at_the_reserve),
		cmocka_unit_test(test_tables_stop_at_the_reserve),
		cmocka_unit_test(test_no_memory_for_a_range),
		cmocka_unit_test(test_no_memory_for_a_table),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
