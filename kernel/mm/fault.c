/* SPDX-License-Identifier: MIT */
/*
 * Page faults of the program: which page an address gets.
 *
 * mm_fault() <- the platform's page fault, from ring 3 or from a copy that the kernel makes;
 * mm_populate() <- mmap(MAP_POPULATE), madvise(), mlock(); mm_write() and others <- the loader,
 * /proc.  Process context.  Lock: mm->lock.  It sleeps, so the caller holds no spinlock.
 *
 * The pages of a mapping:
 * - anonymous: a write allocates a page, and so does a read of shared memory. A read of private
 * memory maps the one page of zeroes;
 * - of a file: the file's page.  A private mapping maps it read-only and copies it at the first
 *   write.
 * Pages that are allocated here count in program_pages.  A page that does not count there belongs
 * to a file or is the page of zeroes: a private mapping must copy it before a write.  Compare
 * Linux's mm/memory.c.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/file.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/vma.h"
#include "kernel/sched/cpu.h"
#include "kernel/sched/sched.h"

#define TABLE_SHIFT 21 /* a page table maps 2 MiB */

struct page_budget program_pages;
static struct page *zero_page;
static u64 reserve; /* number of pages that must stay free when the program gets a page */

void fault_init(void)
{
	u64 max = (USER_RESERVE_MAX_KIB * 1024UL) >> PAGE_SHIFT;

	zero_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!zero_page)
		panic("no memory for the page of zeroes");
	reserve = min(max, nr_total_pages() / USER_RESERVE_PART);
	program_pages = (struct page_budget){.limit = nr_total_pages()};
}

static phys_addr_t page_to_phys(const struct page *page)
{
	return hal_virt_to_phys(page_address(page));
}

static struct page *phys_to_page(phys_addr_t pa)
{
	return virt_to_page(hal_phys_to_virt(pa));
}

bool program_has_pages(u64 n)
{
	return nr_free_pages() >= reserve + n;
}

/*
 * Returns true if the program, with its page tables, has so few pages that it may take pages of the
 * reserve.
 */
static bool is_guaranteed(void)
{
	u64 used = program_pages.used + hal_user_tables();

	return used < nr_total_pages() / USER_GUARANTEED_PART;
}

static struct page *alloc_program_page(gfp_t zero)
{
	bool guaranteed = is_guaranteed();

	if (!guaranteed && !program_has_pages(1))
		return NULL;
	return alloc_budget_pages((guaranteed ? GFP_SEND : GFP_KERNEL) | zero, 0, &program_pages);
}

/*
 * Like hal_user_map(), but fails if a new page table would exceed the program's share of the memory.
 * Reads of a sparse private mapping allocate no pages, as all of them map the page of zeroes, but they
 * may allocate many page tables.
 */
static int map_page(u64 addr, phys_addr_t pa, unsigned int prot)
{
	if (!hal_user_has_table(addr) && !is_guaranteed() && !program_has_pages(1))
		return -ENOMEM;
	return hal_user_map(addr, pa, prot);
}

/* ---- entries of the page tables ------------------------------------------------------------- */

/*
 * Returns the protection for the entry of @page.  The program may store only to a page of its own,
 * or to a page of a shared mapping.  On x86 a page that can be written or executed can be read,
 * too.
 */
static unsigned int page_prot(const struct vm_area_struct *vma, const struct page *page)
{
	unsigned int prot = vma->vm_flags & VM_PROT;

	if (prot)
		prot |= HAL_PROT_READ;
	if (vma->vm_flags & VM_SHARED ? page == zero_page : !page_is_programs(page))
		prot &= ~HAL_PROT_WRITE;
	return prot;
}

static void count_page(struct mm_struct *mm, const struct page *page, int n)
{
	if (page != zero_page && !page_is_programs(page))
		mm->file_pages += n;
}

/* Maps @page, and takes over the caller's reference, also on failure. */
static int install(struct mm_struct *mm, const struct vm_area_struct *vma, u64 addr,
		   struct page *page)
{
	if (map_page(addr, page_to_phys(page), page_prot(vma, page))) {
		put_page(page);
		return -ENOMEM;
	}
	count_page(mm, page, 1);
	return 0;
}

static void drop(struct mm_struct *mm, phys_addr_t pa)
{
	struct page *page = phys_to_page(pa);

	count_page(mm, page, -1);
	put_page(page);
}

/*
 * Like hal_user_next(), for a loop over pages.  A range may have many present pages, so the loop lets
 * other threads run after each page table. These threads cannot change the range, because mm->lock
 * is held.
 */
static u64 next_page(u64 va, u64 end)
{
	u64 last = va - PAGE_SIZE, next = hal_user_next(va, end);

	if ((last ^ next) >> TABLE_SHIFT)
		cond_resched();
	return next;
}

void mm_zap(struct mm_struct *mm, u64 start, u64 end)
{
	for (u64 va = start; (va = next_page(va, end)) < end; va += PAGE_SIZE)
		drop(mm, hal_user_unmap(va));
}

void mm_unmap_file(const struct inode *inode, u64 first)
{
	struct mm_struct *mm = &process_mm;

	if (RB_EMPTY_ROOT(&mm->vmas))
		return; /* no program yet: perhaps vma_init() was not called either */
	mm_lock(mm);
	for (struct vm_area_struct *vma = find_vma(mm, 0); vma; vma = vma_next(vma)) {
		u64 start = vma->vm_start;

		if (!vma->vm_file || vma->vm_file->f_inode != inode)
			continue;
		if (first > vma->vm_pgoff)
			start += min(first - vma->vm_pgoff, (vma->vm_end - start) >> PAGE_SHIFT)
				 << PAGE_SHIFT;
		mm_zap(mm, start, vma->vm_end);
	}
	mm_unlock(mm);
}

int mm_move_pages(struct vm_area_struct *vma, u64 from, u64 to, u64 len)
{
	u64 end = from + len, va;

	for (va = from; (va = next_page(va, end)) < end; va += PAGE_SIZE) {
		phys_addr_t pa = hal_user_lookup(va, NULL);

		if (map_page(to + (va - from), pa, page_prot(vma, phys_to_page(pa))))
			goto undo;
	}
	for (va = from; (va = next_page(va, end)) < end; va += PAGE_SIZE)
		hal_user_unmap(va);
	return 0;
undo:
	for (end = to + len, va = to; (va = next_page(va, end)) < end; va += PAGE_SIZE)
		hal_user_unmap(va);
	return -ENOMEM;
}

void mm_protect_pages(struct vm_area_struct *vma, u64 start, u64 end)
{
	for (u64 va = start; (va = next_page(va, end)) < end; va += PAGE_SIZE) {
		struct page *page = phys_to_page(hal_user_lookup(va, NULL));

		hal_user_protect(va, page_prot(vma, page));
	}
}

void mm_count_pages(const struct vm_area_struct *vma, struct vma_pages *n)
{
	u64 end = vma->vm_end;

	for (u64 va = vma->vm_start; (va = next_page(va, end)) < end; va += PAGE_SIZE) {
		const struct page *page = phys_to_page(hal_user_lookup(va, NULL));

		n->anon += page_is_programs(page);
		n->file += !page_is_programs(page) && page != zero_page;
	}
}

/* ---- faults --------------------------------------------------------------------------------- */

/* Extends the stack @vma down to the page at @addr, if its limit and its neighbour permit it. */
static int expand_stack(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr)
{
	const struct vm_area_struct *prev = vma_prev(vma);

	if (addr < HAL_USER_START || vma->vm_end - addr > mm->stack_limit)
		return -EFAULT;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) && prev->vm_flags & VM_PROT &&
	    addr - prev->vm_end < STACK_GUARD_GAP)
		return -EFAULT;
	vma_resize(mm, vma, addr, vma->vm_end);
	return 0;
}

/* Maps a page at @addr, where none is. */
static int fault_missing(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr, bool write)
{
	struct page *page, *copy;
	int err;

	if (!vma->vm_file) {
		if (vma->vm_flags & VM_SPECIAL)
			return -EIO;
		if (!write && !(vma->vm_flags & VM_SHARED)) {
			get_page(zero_page);
			return install(mm, vma, addr, zero_page);
		}
		page = alloc_program_page(__GFP_ZERO);
		return page ? install(mm, vma, addr, page) : -ENOMEM;
	}
	err = vma->vm_file->f_op->mmap_page(vma->vm_file, vma_pgoff(vma, addr), &page);
	if (err)
		return err == -EFAULT || err == -ENOSPC ? -EIO : err;
	if (!write || vma->vm_flags & VM_SHARED)
		return install(mm, vma, addr, page);
	copy = alloc_program_page(0);
	if (copy)
		memcpy(page_address(copy), page_address(page), PAGE_SIZE);
	put_page(page);
	return copy ? install(mm, vma, addr, copy) : -ENOMEM;
}

/* Replaces the page at @addr, which a private mapping may not write to, by a copy. */
static int copy_on_write(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr,
			 struct page *page)
{
	struct page *copy = alloc_program_page(page == zero_page ? __GFP_ZERO : 0);

	if (!copy)
		return -ENOMEM;
	if (page != zero_page)
		memcpy(page_address(copy), page_address(page), PAGE_SIZE);
	drop(mm, hal_user_unmap(addr));
	return install(mm, vma, addr, copy);
}

int mm_fault_locked(struct mm_struct *mm, u64 addr, unsigned int access)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	unsigned int prot;
	phys_addr_t pa;
	int err;

	addr &= PAGE_MASK;
	if (!vma)
		return -EFAULT;
	if (vma->vm_start > addr) {
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return -EFAULT;
		err = expand_stack(mm, vma, addr);
		if (err)
			return err;
	}
	prot = vma->vm_flags & VM_PROT;
	if (access & HAL_PROT_READ ? !prot : access & ~prot)
		return -EACCES;
	pa = hal_user_lookup(addr, NULL);
	if (!pa)
		return fault_missing(mm, vma, addr, access & HAL_PROT_WRITE);
	prot = page_prot(vma, phys_to_page(pa));
	if (access & HAL_PROT_WRITE && !(prot & HAL_PROT_WRITE))
		return copy_on_write(mm, vma, addr, phys_to_page(pa));
	/* The entry permits the access: the CPU had cached an older entry. */
	hal_user_protect(addr, prot);
	return 0;
}

int mm_fault(u64 address, unsigned int access)
{
	struct mm_struct *mm = &process_mm;
	int err;

	BUG_ON(!may_sleep());
	mm_lock(mm);
	err = mm_fault_locked(mm, address, access);
	mm_unlock(mm);
	return err;
}

int mm_populate_access(struct mm_struct *mm, u64 start, u64 end, unsigned int access)
{
	int err = 0;

	for (u64 va = start; va < end && !err; va += PAGE_SIZE) {
		mm_lock(mm);
		err = mm_fault_locked(mm, va, access);
		mm_unlock(mm);
		cond_resched();
	}
	return err;
}

int mm_populate(struct mm_struct *mm, u64 start, u64 end)
{
	int err = 0;

	while (start < end && !err) {
		const struct vm_area_struct *vma;
		unsigned int access = HAL_PROT_READ;
		u64 stop = end;

		mm_lock(mm);
		vma = find_vma(mm, start);
		if (vma && (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
			access = HAL_PROT_WRITE;
		if (vma)
			stop = min(end, vma->vm_end);
		mm_unlock(mm);
		err = mm_populate_access(mm, start, stop, access);
		start = stop;
	}
	return err;
}

/* ---- the kernel's access to the program's memory -------------------------------------------- */

/*
 * Returns the address at which the kernel can access the program's byte at @addr.  The page stays
 * valid as long as mm->lock is held.  A store to a private mapping first replaces a page of a file,
 * or the page of zeroes, by a copy, as a store by the program does.
 */
static void *user_address(struct mm_struct *mm, u64 addr, bool write, int *err)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	u64 page_addr = addr & PAGE_MASK;
	phys_addr_t pa;

	*err = -EFAULT;
	if (!vma || vma->vm_start > addr || (write && !(vma->vm_flags & VM_MAYWRITE)))
		return NULL;
	pa = hal_user_lookup(page_addr, NULL);
	if (!pa) {
		*err = fault_missing(mm, vma, page_addr, write);
	} else if (write && !(vma->vm_flags & VM_SHARED) && !page_is_programs(phys_to_page(pa))) {
		*err = copy_on_write(mm, vma, page_addr, phys_to_page(pa));
	} else {
		*err = 0;
	}
	if (*err)
		return NULL;
	pa = hal_user_lookup(page_addr, NULL);
	return (char *)hal_phys_to_virt(pa) + (addr - page_addr);
}

enum transfer { TO_USER, FROM_USER, CLEAR };

static int transfer(struct mm_struct *mm, enum transfer how, u64 addr, char *buf, size_t n)
{
	int err = 0;

	while (n && !err) {
		size_t part = min_t(size_t, n, PAGE_SIZE - (addr & ~PAGE_MASK));
		void *p;

		mm_lock(mm);
		p = user_address(mm, addr, how != FROM_USER, &err);
		if (p && how == TO_USER)
			memcpy(p, buf, part);
		else if (p && how == FROM_USER)
			memcpy(buf, p, part);
		else if (p)
			memset(p, 0, part);
		mm_unlock(mm);
		addr += part;
		buf = buf ? buf + part : NULL;
		n -= part;
	}
	return err;
}

int mm_write(struct mm_struct *mm, u64 addr, const void *buf, size_t n)
{
	return transfer(mm, TO_USER, addr, (char *)buf, n);
}

int mm_read(struct mm_struct *mm, u64 addr, void *buf, size_t n)
{
	return transfer(mm, FROM_USER, addr, buf, n);
}

int mm_clear(struct mm_struct *mm, u64 addr, size_t n)
{
	return transfer(mm, CLEAR, addr, NULL, n);
}
