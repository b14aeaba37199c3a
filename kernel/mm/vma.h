/* SPDX-License-Identifier: MIT */
/*
 * The program's address space: which ranges it has mapped, with which protection, and from what.
 *
 * A struct vm_area_struct is one range.  The pages themselves are in the platform's page tables
 * (hal_user_*() in kernel/hal.h), and each entry there holds one reference to its page.  So a range
 * costs the same whatever its size; a page is allocated when it is first touched (fault.c).
 *
 * Lock: mm->lock (sleeps).  It protects the tree and the page tables' contents.  A copy to or from
 * the program may fault, and the fault takes mm->lock.  So code that holds mm->lock may not copy.
 * A file's mmap_page() is called with mm->lock held, so it may not wait for a lock that other code
 * holds during a copy.  Process context.
 */
#ifndef KERNEL_MM_VMA_H
#define KERNEL_MM_VMA_H

#include "kernel/lib/list.h"
#include "kernel/lib/rbtree.h"
#include "kernel/mm/page.h"
#include "kernel/sched/mutex.h"
#include "kernel/types.h"

struct file;
struct inode;
struct vm_area_struct;

#define VM_READ     0x01 /* these three have the values of PROT_* and HAL_PROT_* */
#define VM_WRITE    0x02
#define VM_EXEC     0x04
#define VM_PROT     0x07
#define VM_MAYREAD  0x10 /* mprotect() may set VM_READ */
#define VM_MAYWRITE 0x20
#define VM_MAYEXEC  0x40
/* Stores are seen by all mappings of the file. */
#define VM_SHARED 0x08
/*
 * mmap() was called with MAP_SHARED.  Without VM_SHARED the file was not open for writing, so there
 * can be no stores.
 */
#define VM_MAYSHARE  0x80
#define VM_GROWSDOWN 0x100 /* a fault below the range extends it: a stack */
/* The kernel's own pages (vDSO): all are present, and mremap() refuses to extend the range. */
#define VM_SPECIAL 0x200

struct vm_area_struct {
	u64 vm_start, vm_end;
	u64 vm_pgoff; /* number of the file's page that is mapped at vm_start; 0 without a file */
	struct file *vm_file;
	u32 vm_flags;
	struct rb_node vm_rb;
	/*
	 * The summary of the node's subtree: its lowest and highest address (with the guard gaps of
	 * stacks), and the longest unmapped range between two VMAs in it.
	 */
	u64 subtree_start, subtree_end, subtree_gap;
	struct list_head dead; /* in the list of VMAs that mm_unlock() frees */
};

#define AUXV_MAX 24 /* pairs of the auxiliary vector, with AT_NULL */

struct mm_struct {
	struct mutex lock;
	struct rb_root vmas;
	struct list_head dead;
	unsigned int map_count;
	u64 total_vm;    /* pages of all VMAs */
	u64 file_pages;  /* mapped pages that belong to files */
	u64 mmap_base;   /* mmap() searches downwards from here */
	u64 stack_limit; /* bytes; RLIMIT_STACK */
	u64 start_brk, brk;
	u64 start_code, end_code, start_data, end_data;
	u64 start_stack;
	u64 arg_start, arg_end, env_start, env_end;
	u64 auxv[2 * AUXV_MAX];
	struct file *exe_file; /* the program; NULL: there is none */
};

/* The address space of the one process. */
extern struct mm_struct process_mm;
/* The pages that the program's private and anonymous memory takes. */
extern struct page_budget program_pages;
/*
 * Returns true if the program can have @n more pages now: if at least @n pages are free above the
 * kernel's reserve.
 */
bool program_has_pages(u64 n);

/* Creates the cache of VMAs and registers the system calls of kernel/mm.  Boot. */
void vma_init(void);

void mm_lock(struct mm_struct *mm);
/* Releases mm->lock, frees the VMAs that were removed under it, and drops their references of files. */
void mm_unlock(struct mm_struct *mm);

static inline u64 page_align(u64 len)
{
	return (len + PAGE_SIZE - 1) & PAGE_MASK;
}

/* ---- vma.c: the tree.  mm->lock held. ------------------------------------------------------ */

/* Returns the lowest VMA that ends above @addr, or NULL.  @addr may lie below its start. */
struct vm_area_struct *find_vma(struct mm_struct *mm, u64 addr);
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, u64 start, u64 end);
struct vm_area_struct *vma_next(const struct vm_area_struct *vma);
struct vm_area_struct *vma_prev(const struct vm_area_struct *vma);
/*
 * Returns the highest address in [low, high) at which @len bytes are free, or -ENOMEM.  The
 * addresses and @len are multiples of PAGE_SIZE.
 */
u64 vma_find_gap(struct mm_struct *mm, u64 low, u64 high, u64 len);
/* The lowest address that @vma needs: a stack keeps a gap below its start. */
u64 vma_start_gap(const struct vm_area_struct *vma);
/*
 * Adds a range that must be free.  Takes its own reference of @file.  Returns NULL when memory is
 * out. vma_add() also joins the range with its neighbours if they are alike, and returns the VMA
 * that then contains the range.
 */
struct vm_area_struct *vma_insert(struct mm_struct *mm, u64 start, u64 end, u32 flags,
				  struct file *file, u64 pgoff);
struct vm_area_struct *vma_add(struct mm_struct *mm, u64 start, u64 end, u32 flags,
			       struct file *file, u64 pgoff);
/* Cuts @vma in two at @addr; @vma keeps the lower part.  Returns 0 or -ENOMEM. */
int vma_split(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr);
/* Joins @vma with its neighbours if they are alike.  Returns the VMA that contains it now. */
struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *vma);
void vma_resize(struct mm_struct *mm, struct vm_area_struct *vma, u64 start, u64 end);
/* Takes @vma out of the tree; its pages must be unmapped.  mm_unlock() frees it. */
void vma_remove(struct mm_struct *mm, struct vm_area_struct *vma);
/* Returns the number of the file's page that @vma maps at @addr. */
static inline u64 vma_pgoff(const struct vm_area_struct *vma, u64 addr)
{
	return vma->vm_pgoff + ((addr - vma->vm_start) >> PAGE_SHIFT);
}

/* ---- mmap.c.  mm->lock held. ---------------------------------------------------------------- */

/*
 * mmap() for the kernel: the same flags and errors, with a file instead of a descriptor.  Returns
 * the address or -errno.
 */
u64 do_mmap(struct mm_struct *mm, struct file *file, u64 addr, u64 len, unsigned int prot,
	    unsigned int flags, u64 pgoff);
int do_munmap(struct mm_struct *mm, u64 start, u64 len);
/*
 * Maps @n pages of the kernel at @addr, where nothing is mapped. The program may read them, and
 * execute them if @exec is true. Takes a reference of each page. Returns 0 or -ENOMEM.
 */
int mm_map_special(struct mm_struct *mm, u64 addr, struct page *const *pages, unsigned int n,
		   bool exec);
/* Unmaps [start, end).  The caller has split the VMAs that cross @start or @end.  Cannot fail. */
void unmap_range(struct mm_struct *mm, u64 start, u64 end);
/*
 * Returns an address for mmap() without MAP_FIXED: @hint if @len bytes are free there; -ENOMEM if
 * there is no free range.
 */
u64 get_unmapped_area(struct mm_struct *mm, u64 hint, u64 len, unsigned int flags);

/* vma_init() calls these.  Each registers the system calls of its file. */
void mmap_init(void);
void mremap_init(void);
void madvise_init(void);
void fault_init(void);

/* ---- fault.c -------------------------------------------------------------------------------- */

/*
 * Makes the page at @addr present for @access (HAL_PROT_*).  mm->lock held.  Returns 0; -EFAULT if there
 * is no mapping; -EACCES if its protection forbids the access; -EIO if the page is beyond the end of the
 * file; or -ENOMEM.
 */
int mm_fault_locked(struct mm_struct *mm, u64 addr, unsigned int access);
/*
 * Makes the pages of [start, end) present, up to the first error.  Returns 0 or that error.
 * mm->lock not held, because the CPU is yielded between pages.
 */
int mm_populate(struct mm_struct *mm, u64 start, u64 end);
/* Like mm_populate(), but with @access for all pages. */
int mm_populate_access(struct mm_struct *mm, u64 start, u64 end, unsigned int access);
/*
 * Called when the file of @inode became shorter.  Drops the pages of its mappings from page @first
 * of the file on, so that their next access is a SIGBUS. mm->lock not held.
 */
void mm_unmap_file(const struct inode *inode, u64 first);
/*
 * Moves the pages that are present in [from, from + len) of @vma to @to.  Returns 0, or -ENOMEM:
 * all pages are then in their old places. mm->lock held.
 */
int mm_move_pages(struct vm_area_struct *vma, u64 from, u64 to, u64 len);
/* Drops the pages that are present in [start, end); their next access is a fault. mm->lock held. */
void mm_zap(struct mm_struct *mm, u64 start, u64 end);
/* Returns true if @page counts in program_pages: such a page belongs to one mapping alone. */
static inline bool page_is_programs(const struct page *page)
{
	return page->flags & PG_BUDGET && page->budget == &program_pages;
}
/* Pages that are present in a range. */
struct vma_pages {
	u64 anon; /* those that count in program_pages */
	u64 file;
};
/* Adds the pages of @vma to @n.  mm->lock held. */
void mm_count_pages(const struct vm_area_struct *vma, struct vma_pages *n);
/*
 * Sets the protection of the pages that are present in [start, end) to that in the flags of @vma.
 * mm->lock held.
 */
void mm_protect_pages(struct vm_area_struct *vma, u64 start, u64 end);
/*
 * Copy between the kernel and the program's memory through the direct map, for the loader and /proc.
 * Any thread may call them, and the protection does not matter, but a store needs VM_MAYWRITE.
 * Return 0 or the error of mm_fault_locked().  mm->lock not held.
 */
int mm_write(struct mm_struct *mm, u64 addr, const void *buf, size_t n);
int mm_read(struct mm_struct *mm, u64 addr, void *buf, size_t n);
int mm_clear(struct mm_struct *mm, u64 addr, size_t n);

#endif
