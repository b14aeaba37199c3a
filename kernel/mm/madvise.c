/* SPDX-License-Identifier: MIT */
/*
 * Calls about the pages of mappings: madvise(), msync(), mincore(), mlock() and its relatives.
 *
 * Callers: the program's system calls. Process context; each takes mm->lock. Pages are never
 * swapped, and a file exists only in its pages. So most advice needs no action, msync() has nothing
 * to write, and mlock() only allocates pages. Errors are Linux's (mm/madvise.c, msync.c, mincore.c,
 * mlock.c).
 */
#include "include/uapi/errno.h"
#include "include/uapi/mman.h"
#include "include/uapi/unistd.h"
#include "kernel/hal.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/uaccess.h"
#include "kernel/mm/vma.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

/*
 * A function that for_each_part() calls for each part of a range that lies in one VMA.  Returns 0
 * or -errno.
 */
typedef int (*vma_fn)(struct mm_struct *mm, struct vm_area_struct *vma, u64 start, u64 end,
		      int arg);

/*
 * Calls @fn for the mapped parts of [start, end), up to its first error.  Returns this error, or else
 * -ENOMEM if a part is not mapped; @fn was nevertheless called for the mapped parts.
 */
static int for_each_part(struct mm_struct *mm, u64 start, u64 end, vma_fn fn, int arg)
{
	struct vm_area_struct *vma;
	int hole = 0;

	for (vma = find_vma(mm, start); start < end; vma = vma_next(vma)) {
		u64 stop;
		int err;

		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (vma->vm_start > start) {
			hole = -ENOMEM;
			start = vma->vm_start;
		}
		stop = min(end, vma->vm_end);
		err = fn ? fn(mm, vma, start, stop, arg) : 0;
		if (err)
			return err;
		start = stop;
	}
	return hole;
}

/* ---- madvise -------------------------------------------------------------------------------- */

static int advise_part(struct mm_struct *mm, struct vm_area_struct *vma, u64 start, u64 end,
		       int advice)
{
	bool anonymous = !vma->vm_file && !(vma->vm_flags & (VM_SHARED | VM_SPECIAL));

	switch (advice) {
	case MADV_FREE:
		if (!anonymous)
			return -EINVAL;
		fallthrough; /* the program must not rely on the old contents: zero them now */
	case MADV_DONTNEED:
	case MADV_DONTNEED_LOCKED:
		if (vma->vm_flags & VM_SPECIAL)
			return -EINVAL;
		/*
		 * Leave the pages of shared anonymous memory: no file keeps them, so zapping would
		 * lose their contents, which MADV_DONTNEED must keep for shared memory.
		 */
		if (vma->vm_file || anonymous)
			mm_zap(mm, start, end);
		return 0;
	case MADV_WIPEONFORK:
		return anonymous ? 0 : -EINVAL;
	default:
		return 0;
	}
}

static int advise_populate(struct mm_struct *mm, u64 start, u64 end, unsigned int access)
{
	int err = 0;

	while (start < end && !err) {
		const struct vm_area_struct *vma;
		u64 stop = end;

		mm_lock(mm);
		vma = find_vma(mm, start);
		if (!vma || vma->vm_start > start)
			err = -ENOMEM;
		else if (!(vma->vm_flags & access))
			err = -EINVAL;
		else
			stop = min(end, vma->vm_end);
		mm_unlock(mm);
		if (!err)
			err = mm_populate_access(mm, start, stop, access);
		start = stop;
	}
	return err == -EIO ? -EFAULT : err; /* -EIO: the page lies beyond the end of the file */
}

static long sys_madvise(u64 start, u64 len, int advice)
{
	struct mm_struct *mm = &process_mm;
	u64 end = start + page_align(len);
	int err;

	switch (advice) {
	case MADV_NORMAL ... MADV_DONTNEED:
	case MADV_FREE:
	case MADV_DONTFORK ... MADV_DONTNEED_LOCKED:
		break;
	default:
		return -EINVAL;
	}
	if (start & ~PAGE_MASK || (len && !page_align(len)) || end < start)
		return -EINVAL;
	if (end == start)
		return 0;
	if (advice == MADV_POPULATE_READ)
		return advise_populate(mm, start, end, HAL_PROT_READ);
	if (advice == MADV_POPULATE_WRITE)
		return advise_populate(mm, start, end, HAL_PROT_WRITE);
	mm_lock(mm);
	err = for_each_part(mm, start, end, advise_part, advice);
	mm_unlock(mm);
	return err;
}

/* ---- msync ---------------------------------------------------------------------------------- */

static long sys_msync(u64 start, u64 len, int flags)
{
	struct mm_struct *mm = &process_mm;
	u64 end = start + page_align(len);
	int err;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || start & ~PAGE_MASK ||
	    (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	mm_lock(mm);
	err = for_each_part(mm, start, end, NULL, 0);
	mm_unlock(mm);
	return err;
}

/* ---- mincore -------------------------------------------------------------------------------- */

/* Pages that mincore() reports in one copy to the program. */
#define MINCORE_CHUNK 256

/*
 * Sets a byte for each of @n pages from @start on.  Returns how many were mapped before the first
 * hole.  A page of a file is in memory whether it was touched here or not.
 */
static unsigned int residency(struct mm_struct *mm, u64 start, unsigned int n, u8 *out)
{
	unsigned int i;

	mm_lock(mm);
	for (i = 0; i < n; i++) {
		const struct vm_area_struct *vma = find_vma(mm, start + i * PAGE_SIZE);

		if (!vma || vma->vm_start > start + i * PAGE_SIZE)
			break;
		out[i] = vma->vm_file || hal_user_lookup(start + i * PAGE_SIZE, NULL);
	}
	mm_unlock(mm);
	return i;
}

static long sys_mincore(u64 start, u64 len, u8 __user *vec)
{
	u64 pages = (len >> PAGE_SHIFT) + ((len & ~PAGE_MASK) != 0);
	u8 chunk[MINCORE_CHUNK];

	if (start & ~PAGE_MASK)
		return -EINVAL;
	if (len > HAL_USER_END || start > HAL_USER_END - len)
		return -ENOMEM;
	if (!access_ok(vec, pages))
		return -EFAULT;
	for (u64 done = 0; done < pages;) {
		unsigned int n = min_t(u64, pages - done, MINCORE_CHUNK);
		unsigned int mapped = residency(&process_mm, start + done * PAGE_SIZE, n, chunk);

		if (copy_to_user(vec + done, chunk, mapped))
			return -EFAULT;
		if (mapped < n)
			return -ENOMEM;
		done += n;
		cond_resched();
	}
	return 0;
}

/* ---- mlock ---------------------------------------------------------------------------------- */

static long do_mlock(u64 start, u64 len, bool populate)
{
	struct mm_struct *mm = &process_mm;
	u64 end;
	int err;

	len = page_align(len + (start & ~PAGE_MASK));
	start &= PAGE_MASK;
	end = start + len;
	if (end < start)
		return -EINVAL;
	mm_lock(mm);
	err = for_each_part(mm, start, end, NULL, 0);
	mm_unlock(mm);
	if (err || !populate)
		return err;
	/*
	 * As on Linux, the error is ENOMEM for a page that cannot be touched, and EAGAIN without
	 * memory.
	 */
	err = mm_populate(mm, start, end);
	return err == -ENOMEM ? -EAGAIN : err ? -ENOMEM : 0;
}

static long sys_mlock(u64 start, u64 len)
{
	return do_mlock(start, len, true);
}

static long sys_mlock2(u64 start, u64 len, int flags)
{
	return flags & ~MLOCK_ONFAULT ? -EINVAL : do_mlock(start, len, !(flags & MLOCK_ONFAULT));
}

static long sys_munlock(u64 start, u64 len)
{
	return do_mlock(start, len, false);
}

/* Only checks the flags: no page is ever swapped out, so there is nothing to lock. */
static long sys_mlockall(int flags)
{
	return !flags || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) || flags == MCL_ONFAULT
		       ? -EINVAL
		       : 0;
}

static long sys_munlockall(void)
{
	return 0;
}

static const struct syscall_def madvise_calls[] = {
	SYSCALL_DEF(__NR_msync, sys_msync),     SYSCALL_DEF(__NR_mincore, sys_mincore),
	SYSCALL_DEF(__NR_madvise, sys_madvise), SYSCALL_DEF(__NR_mlock, sys_mlock),
	SYSCALL_DEF(__NR_munlock, sys_munlock), SYSCALL_DEF(__NR_mlockall, sys_mlockall),
	SYSCALL_DEF(__NR_mlock2, sys_mlock2),   SYSCALL_DEF(__NR_munlockall, sys_munlockall),
};

void madvise_init(void)
{
	register_syscalls(madvise_calls, ARRAY_SIZE(madvise_calls));
}
