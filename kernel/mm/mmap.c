/* SPDX-License-Identifier: MIT */
/*
 * mmap(), munmap(), mprotect() and brk().
 *
 * Callers: the program's system calls; the loader (do_mmap()).  Process context.  Each call takes
 * mm->lock once.
 *
 * Memory is promised without limit, as with Linux's vm.overcommit_memory = 1: programs reserve far
 * more than they touch (Go's heap, allocators' arenas), so the size of the mappings says nothing about need. The
 * limit is on pages that are touched (fault.c).
 *
 * A page may be writable and executable at once.  That is the program's choice, because a compiler at
 * run time may need it; the kernel's own pages are never both.  Compare Linux's mm/mmap.c,
 * mm/mprotect.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/mman.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall.h"

/*
 * The flags that MAP_SHARED_VALIDATE accepts: as in Linux, those that are older than
 * MAP_SHARED_VALIDATE.
 */
#define MAP_LEGACY                                                                                 \
	(MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_32BIT | MAP_GROWSDOWN | MAP_DENYWRITE |        \
	 MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | MAP_NONBLOCK | MAP_STACK |   \
	 MAP_HUGETLB | 63U << MAP_HUGE_SHIFT)
/* Pages of the largest file: an offset has 63 bits. */
#define FILE_PAGES_MAX  (1UL << (63 - PAGE_SHIFT))
#define MAP_32BIT_END   0x80000000UL
#define HUGE_SHIFT_2MIB 21
#define HUGE_SHIFT_1GIB 30

/* ---- mmap ----------------------------------------------------------------------------------- */

u64 get_unmapped_area(struct mm_struct *mm, u64 hint, u64 len, unsigned int flags)
{
	struct vm_area_struct *vma;
	u64 addr;

	if (len > HAL_USER_END)
		return -ENOMEM;
	hint = page_align(hint);
	if (hint >= HAL_USER_START && hint <= HAL_USER_END - len && !(flags & MAP_32BIT)) {
		vma = find_vma(mm, hint);
		if (!vma || hint + len <= vma_start_gap(vma))
			return hint;
	}
	if (flags & MAP_32BIT)
		return vma_find_gap(mm, HAL_USER_START, MAP_32BIT_END, len);
	addr = vma_find_gap(mm, HAL_USER_START, mm->mmap_base, len);
	if (IS_ERR((void *)addr))
		addr = vma_find_gap(mm, mm->mmap_base, HAL_USER_END, len);
	return addr;
}

/* Chooses or checks the address of a new mapping.  Returns the address, or -errno. */
static u64 place(struct mm_struct *mm, u64 addr, u64 len, unsigned int flags)
{
	if (len > HAL_USER_END)
		return -ENOMEM;
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))) {
		addr &= PAGE_MASK;
		if (addr && addr < HAL_USER_START)
			addr = HAL_USER_START;
		return get_unmapped_area(mm, addr, len, flags);
	}
	if (addr > HAL_USER_END - len)
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (addr < HAL_USER_START)
		return -EPERM;
	if (flags & MAP_FIXED_NOREPLACE && find_vma_intersection(mm, addr, addr + len))
		return -EEXIST;
	return addr;
}

/* Checks whether @file can be mapped with @flags, and adjusts *@vm_flags to the mode in which it was opened. */
static int check_file_mapping(const struct file *file, unsigned int prot, unsigned int flags,
			      u32 *vm_flags)
{
	unsigned int mode = file->f_flags & O_ACCMODE;

	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (flags & ~MAP_LEGACY)
			return -EOPNOTSUPP;
		fallthrough;
	case MAP_SHARED:
		if (prot & PROT_WRITE && mode == O_RDONLY)
			return -EACCES;
		*vm_flags |= VM_MAYSHARE;
		if (mode == O_RDONLY)
			*vm_flags &= ~VM_MAYWRITE;
		else
			*vm_flags |= VM_SHARED;
		fallthrough;
	case MAP_PRIVATE:
		if (mode == O_WRONLY)
			return -EACCES;
		if (!file->f_op->mmap_page && !file->f_op->mmap_anonymous)
			return -ENODEV;
		return *vm_flags & VM_GROWSDOWN ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static int check_anonymous_mapping(unsigned int flags, u32 *vm_flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED:
		/*
		 * With one process, shared memory without a file works like private memory, but
		 * some calls check these flags.
		 */
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		return *vm_flags & VM_GROWSDOWN ? -EINVAL : 0;
	case MAP_PRIVATE:
		return 0;
	default:
		return -EINVAL;
	}
}

u64 do_mmap(struct mm_struct *mm, struct file *file, u64 addr, u64 len, unsigned int prot,
	    unsigned int flags, u64 pgoff)
{
	u32 vm_flags = (prot & VM_PROT) | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
	int err;

	if (!len)
		return -EINVAL;
	len = page_align(len);
	if (!len)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (mm->map_count > MAX_MAP_COUNT)
		return -ENOMEM;
	addr = place(mm, addr, len, flags);
	if (IS_ERR((void *)addr))
		return addr;
	if (flags & MAP_GROWSDOWN)
		vm_flags |= VM_GROWSDOWN;
	if (file && pgoff + (len >> PAGE_SHIFT) > FILE_PAGES_MAX)
		return -EOVERFLOW;
	err = file ? check_file_mapping(file, prot, flags, &vm_flags)
		   : check_anonymous_mapping(flags, &vm_flags);
	if (err)
		return err;
	if (file && file->f_op->mmap_anonymous)
		file = NULL;
	err = do_munmap(mm, addr, len);
	if (err)
		return err;
	return vma_add(mm, addr, addr + len, vm_flags, file, pgoff) ? addr : (u64)-ENOMEM;
}

/*
 * Huge pages are not offered. As on a Linux without reserved huge pages, the error is -ENOMEM for a
 * known page size, and -EINVAL for another size.
 */
static long huge_page_error(unsigned int flags)
{
	unsigned int shift = flags >> MAP_HUGE_SHIFT & 63;

	return !shift || shift == HUGE_SHIFT_2MIB || shift == HUGE_SHIFT_1GIB ? -ENOMEM : -EINVAL;
}

static long sys_mmap(u64 addr, u64 len, unsigned int prot, unsigned int flags, int fd, u64 off)
{
	struct mm_struct *mm = &process_mm;
	struct file *file = NULL;
	u64 ret;

	if (off & ~PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS)) {
		file = fget(fd);
		if (!file)
			return -EBADF;
		ret = -EINVAL;
		if (flags & MAP_HUGETLB)
			goto out;
	} else if (flags & MAP_HUGETLB) {
		return huge_page_error(flags);
	}
	mm_lock(mm);
	ret = do_mmap(mm, file, addr, len, prot, flags, off >> PAGE_SHIFT);
	mm_unlock(mm);
	if (!IS_ERR((void *)ret) &&
	    (flags & MAP_LOCKED || (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE))
		mm_populate(mm, ret, ret + page_align(len));
out:
	if (file)
		fput(file);
	return ret;
}

/* ---- munmap --------------------------------------------------------------------------------- */

void unmap_range(struct mm_struct *mm, u64 start, u64 end)
{
	struct vm_area_struct *vma, *next;

	for (vma = find_vma(mm, start); vma && vma->vm_start < end; vma = next) {
		BUG_ON(vma->vm_start < start || vma->vm_end > end);
		next = vma_next(vma);
		vma_remove(mm, vma);
	}
	mm_zap(mm, start, end);
	hal_user_free_tables(start, end);
}

/* Makes @addr a boundary between VMAs, if a VMA contains it. */
static int split_at(struct mm_struct *mm, u64 addr)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	return vma && vma->vm_start < addr ? vma_split(mm, vma, addr) : 0;
}

int do_munmap(struct mm_struct *mm, u64 start, u64 len)
{
	u64 end = start + page_align(len);
	struct vm_area_struct *vma;

	if (start & ~PAGE_MASK || start > HAL_USER_END || len > HAL_USER_END - start ||
	    end == start)
		return -EINVAL;
	vma = find_vma_intersection(mm, start, end);
	if (!vma)
		return 0;
	/* A hole in the middle of one VMA makes one VMA more; all other cases add no VMA. */
	if (vma->vm_start < start && vma->vm_end > end && mm->map_count >= MAX_MAP_COUNT)
		return -ENOMEM;
	if (split_at(mm, start) || split_at(mm, end))
		return -ENOMEM;
	unmap_range(mm, start, end);
	return 0;
}

static long sys_munmap(u64 addr, u64 len)
{
	struct mm_struct *mm = &process_mm;
	int err;

	mm_lock(mm);
	err = do_munmap(mm, addr, len);
	mm_unlock(mm);
	return err;
}

int mm_map_special(struct mm_struct *mm, u64 addr, struct page *const *pages, unsigned int n,
		   bool exec)
{
	u32 prot = VM_READ | (exec ? VM_EXEC : 0);
	u64 end = addr + n * PAGE_SIZE;

	if (!vma_add(mm, addr, end, prot | VM_MAYREAD | VM_MAYEXEC | VM_SPECIAL, NULL, 0))
		return -ENOMEM;
	for (unsigned int i = 0; i < n; i++) {
		if (hal_user_map(addr + i * PAGE_SIZE, hal_virt_to_phys(page_address(pages[i])),
				 prot)) {
			unmap_range(mm, addr, end);
			return -ENOMEM;
		}
		get_page(pages[i]);
		mm->file_pages++;
	}
	return 0;
}

/* ---- mprotect ------------------------------------------------------------------------------- */

/* Changes the protection of [start, end), which lies in @vma.  Returns the VMA that has it now. */
static struct vm_area_struct *protect_range(struct mm_struct *mm, struct vm_area_struct *vma,
					    u64 start, u64 end, unsigned int prot)
{
	unsigned int cuts = (vma->vm_start < start) + (vma->vm_end > end);

	if ((vma->vm_flags & VM_PROT) == prot)
		return vma;
	/* Each flag VM_MAY* is the flag VM_* << 4. */
	if (prot & ~(vma->vm_flags >> 4))
		return ERR_PTR(-EACCES);
	if (cuts && mm->map_count >= MAX_MAP_COUNT)
		return ERR_PTR(-ENOMEM);
	if (vma->vm_end > end && vma_split(mm, vma, end))
		return ERR_PTR(-ENOMEM);
	if (vma->vm_start < start) {
		if (vma_split(mm, vma, start))
			return ERR_PTR(-ENOMEM);
		vma = vma_next(vma);
	}
	vma->vm_flags = (vma->vm_flags & ~VM_PROT) | prot;
	mm_protect_pages(vma, start, end);
	return vma_merge(mm, vma);
}

static long do_mprotect(struct mm_struct *mm, u64 start, u64 end, unsigned int prot,
			unsigned int grows)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	if (!vma)
		return -ENOMEM;
	if (grows & PROT_GROWSDOWN) {
		if (vma->vm_start >= end)
			return -ENOMEM;
		if (!(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		start = vma->vm_start;
	} else if (vma->vm_start > start) {
		return -ENOMEM;
	} else if (grows & PROT_GROWSUP) {
		return -EINVAL; /* no stack of x86 grows upwards */
	}
	/* As in Linux, ranges before an error keep their new protection. */
	while (start < end) {
		u64 stop;

		vma = find_vma(mm, start);
		if (!vma || vma->vm_start > start)
			return -ENOMEM;
		stop = min(end, vma->vm_end);
		vma = protect_range(mm, vma, start, stop, prot);
		if (IS_ERR(vma))
			return PTR_ERR(vma);
		start = stop;
	}
	return 0;
}

static long sys_mprotect(u64 start, u64 len, unsigned int prot)
{
	unsigned int grows = prot & (PROT_GROWSDOWN | PROT_GROWSUP);
	struct mm_struct *mm = &process_mm;
	u64 end;
	long ret;

	prot &= ~(PROT_GROWSDOWN | PROT_GROWSUP);
	if (grows == (PROT_GROWSDOWN | PROT_GROWSUP) || start & ~PAGE_MASK)
		return -EINVAL;
	if (!len)
		return 0;
	end = start + page_align(len);
	if (end <= start)
		return -ENOMEM;
	if (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM))
		return -EINVAL;
	mm_lock(mm);
	ret = do_mprotect(mm, start, end, prot & VM_PROT, grows);
	mm_unlock(mm);
	return ret;
}

/* ---- brk ------------------------------------------------------------------------------------ */

/* Returns the new end of the heap, or the old one if it cannot be changed. */
static long sys_brk(u64 brk)
{
	struct mm_struct *mm = &process_mm;
	u64 old, new = page_align(brk);

	mm_lock(mm);
	old = page_align(mm->brk);
	if (brk < mm->start_brk || brk > HAL_USER_END)
		goto out;
	if (new < old && do_munmap(mm, new, old - new))
		goto out;
	if (new > old) {
		struct vm_area_struct *next = find_vma(mm, old);

		if ((next && new + PAGE_SIZE > vma_start_gap(next)) ||
		    mm->map_count > MAX_MAP_COUNT ||
		    !vma_add(mm, old, new,
			     VM_READ | VM_WRITE | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC, NULL, 0))
			goto out;
	}
	mm->brk = brk;
out:
	brk = mm->brk;
	mm_unlock(mm);
	return brk;
}

static const struct syscall_def mmap_calls[] = {
	SYSCALL_DEF(__NR_mmap, sys_mmap),
	SYSCALL_DEF(__NR_mprotect, sys_mprotect),
	SYSCALL_DEF(__NR_munmap, sys_munmap),
	SYSCALL_DEF(__NR_brk, sys_brk),
};

void mmap_init(void)
{
	register_syscalls(mmap_calls, ARRAY_SIZE(mmap_calls));
}
