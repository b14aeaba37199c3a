/* SPDX-License-Identifier: MIT */
/*
 * mremap(): resizes or moves a mapping.
 *
 * Caller: the program's system call.  Process context.  mm->lock is taken once.  Pages move by
 * their entries in the page tables, no byte is copied.  Compare Linux's mm/mremap.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/mman.h"
#include "include/uapi/unistd.h"
#include "kernel/hal.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/vma.h"
#include "kernel/syscall.h"

struct remap {
	u64 addr, old_len, new_len; /* page-aligned */
	unsigned int flags;
	u64 new_addr;
};

/* A move may create up to this many VMAs.  Linux's value. */
#define MOVE_MARGIN 3

static int check_arguments(const struct remap *r)
{
	if (r->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
	    r->addr & ~PAGE_MASK || !r->new_len || r->new_len > HAL_USER_END)
		return -EINVAL;
	if (!(r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 0;
	if (!(r->flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (r->flags & MREMAP_DONTUNMAP && r->old_len != r->new_len)
		return -EINVAL;
	if (r->new_addr & ~PAGE_MASK || r->new_addr > HAL_USER_END - r->new_len)
		return -EINVAL;
	if (r->addr + r->old_len > r->new_addr && r->new_addr + r->new_len > r->addr)
		return -EINVAL;
	return 0;
}

/* Checks that the mapping @vma at r->addr may be resized or moved as @r says. */
static int check_vma(const struct remap *r, const struct vm_area_struct *vma)
{
	u64 pgoff = vma_pgoff(vma, r->addr);

	/*
	 * An old length of 0 asks for a second mapping of the same shared pages.  Without a file
	 * only the mapping itself holds the pages, so a second one could not find them.
	 */
	if (!r->old_len && !(vma->vm_file && vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (r->flags & MREMAP_DONTUNMAP && vma->vm_flags & VM_SPECIAL)
		return -EINVAL;
	/* A shorter new length unmaps the end of the range; only this end may lie in other VMAs. */
	if (min(r->old_len, r->new_len) > vma->vm_end - r->addr)
		return -EFAULT;
	if (r->new_len <= r->old_len)
		return 0;
	if (vma->vm_file && pgoff + (r->new_len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	return vma->vm_flags & VM_SPECIAL ? -EFAULT : 0;
}

/* Moves the range, whose VMA was checked, to @to, where r->new_len bytes are free. */
static u64 move_to(struct mm_struct *mm, const struct remap *r, u64 to)
{
	u64 end = r->addr + r->old_len;
	struct vm_area_struct *vma = find_vma(mm, r->addr), *moved;

	if (mm->map_count >= MAX_MAP_COUNT - MOVE_MARGIN)
		return -ENOMEM;
	if (r->old_len && !(r->flags & MREMAP_DONTUNMAP)) {
		if (vma->vm_end > end && vma_split(mm, vma, end))
			return -ENOMEM;
		if (vma->vm_start < r->addr) {
			if (vma_split(mm, vma, r->addr))
				goto no_memory;
			vma = vma_next(vma);
		}
	}
	moved = vma_insert(mm, to, to + r->new_len, vma->vm_flags, vma->vm_file,
			   vma_pgoff(vma, r->addr));
	if (!moved)
		goto no_memory;
	if (mm_move_pages(moved, r->addr, to, r->old_len)) {
		unmap_range(mm, to, to + r->new_len);
		goto no_memory;
	}
	if (r->old_len && !(r->flags & MREMAP_DONTUNMAP))
		unmap_range(mm, r->addr, end);
	vma_merge(mm, moved);
	return to;
no_memory:
	vma_merge(mm, vma);
	return -ENOMEM;
}

/* With MREMAP_FIXED or MREMAP_DONTUNMAP: the range moves in any case. */
static u64 remap_to(struct mm_struct *mm, struct remap *r, const struct vm_area_struct *vma)
{
	int err = check_vma(r, vma);
	u64 to;

	if (err)
		return err;
	if (r->flags & MREMAP_FIXED) {
		if (r->new_addr < HAL_USER_START)
			return -EPERM;
		err = do_munmap(mm, r->new_addr, r->new_len);
		if (err)
			return err;
	}
	if (r->old_len > r->new_len) {
		err = do_munmap(mm, r->addr + r->new_len, r->old_len - r->new_len);
		if (err)
			return err;
		r->old_len = r->new_len;
	}
	to = r->flags & MREMAP_FIXED ? r->new_addr
				     : get_unmapped_area(mm, r->new_addr, r->new_len, 0);
	return IS_ERR((void *)to) ? to : move_to(mm, r, to);
}

/* Extends the range at its place, or moves it if that is permitted. */
static u64 grow(struct mm_struct *mm, const struct remap *r, struct vm_area_struct *vma)
{
	u64 end = r->addr + r->new_len, to;
	const struct vm_area_struct *next = vma_next(vma);
	int err = check_vma(r, vma);

	if (err)
		return err;
	if (r->old_len == vma->vm_end - r->addr && r->new_len <= HAL_USER_END - r->addr &&
	    (!next || end <= vma_start_gap(next))) {
		vma_resize(mm, vma, vma->vm_start, end);
		vma_merge(mm, vma);
		return r->addr;
	}
	if (!(r->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	to = get_unmapped_area(mm, 0, r->new_len, 0);
	return IS_ERR((void *)to) ? to : move_to(mm, r, to);
}

static u64 do_mremap(struct mm_struct *mm, struct remap *r)
{
	struct vm_area_struct *vma = find_vma(mm, r->addr);
	int err;

	if (!vma || vma->vm_start > r->addr)
		return -EFAULT;
	if (!r->old_len && !(vma->vm_flags & VM_MAYSHARE))
		return -EINVAL;
	if (r->flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		return remap_to(mm, r, vma);
	if (r->old_len < r->new_len)
		return grow(mm, r, vma);
	if (r->old_len > r->new_len) {
		err = do_munmap(mm, r->addr + r->new_len, r->old_len - r->new_len);
		if (err)
			return err;
	}
	return r->addr;
}

static long sys_mremap(u64 addr, u64 old_len, u64 new_len, unsigned long flags, u64 new_addr)
{
	struct remap r = {.addr = addr,
			  .old_len = page_align(old_len),
			  .new_len = page_align(new_len),
			  .flags = flags,
			  .new_addr = new_addr};
	struct mm_struct *mm = &process_mm;
	u64 ret;

	if (flags != r.flags || check_arguments(&r))
		return -EINVAL;
	mm_lock(mm);
	ret = do_mremap(mm, &r);
	mm_unlock(mm);
	return ret;
}

static const struct syscall_def mremap_calls[] = {
	SYSCALL_DEF(__NR_mremap, sys_mremap),
};

void mremap_init(void)
{
	register_syscalls(mremap_calls, ARRAY_SIZE(mremap_calls));
}
