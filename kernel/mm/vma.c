/* SPDX-License-Identifier: MIT */
/*
 * The tree of a program's VMAs.
 *
 * Callers: mmap.c, mremap.c, madvise.c, fault.c, /proc.  Process context, mm->lock held.
 *
 * Each node keeps a summary of its subtree: the lowest and highest address in it, and the longest
 * gap between two of its VMAs.  The summary depends on nothing outside the subtree, so rotations
 * keep it right, and vma_find_gap() skips each subtree in which no gap is long enough.  Compare
 * Linux's mm/vma.c.
 */
#include "kernel/mm/vma.h"

#include "include/uapi/errno.h"
#include "kernel/fs/file.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/slab.h"

struct mm_struct process_mm = {.vmas = RB_ROOT};

static struct kmem_cache *vma_cache;

static struct vm_area_struct *vma_of(const struct rb_node *node)
{
	return node ? rb_entry(node, struct vm_area_struct, vm_rb) : NULL;
}

u64 vma_start_gap(const struct vm_area_struct *vma)
{
	if (!(vma->vm_flags & VM_GROWSDOWN))
		return vma->vm_start;
	return vma->vm_start > STACK_GUARD_GAP ? vma->vm_start - STACK_GUARD_GAP : 0;
}

/*
 * Returns the bytes from @below to @above. @above may be a stack's start minus its guard gap, and
 * so lie below @below: the result is then 0.
 */
static u64 gap_between(u64 below, u64 above)
{
	return above > below ? above - below : 0;
}

static bool summarise(struct rb_node *node)
{
	struct vm_area_struct *vma = vma_of(node);
	struct vm_area_struct *left = vma_of(node->rb_left), *right = vma_of(node->rb_right);
	u64 start = vma_start_gap(vma), end = vma->vm_end, gap = 0;
	bool changed;

	if (left) {
		gap = max(left->subtree_gap, gap_between(left->subtree_end, start));
		start = left->subtree_start;
	}
	if (right) {
		gap = max(gap, right->subtree_gap);
		gap = max(gap, gap_between(vma->vm_end, right->subtree_start));
		end = right->subtree_end;
	}
	changed = vma->subtree_start != start || vma->subtree_end != end || vma->subtree_gap != gap;
	vma->subtree_start = start;
	vma->subtree_end = end;
	vma->subtree_gap = gap;
	return changed;
}

/* ---- finding a VMA or a gap ----------------------------------------------------------------- */

struct vm_area_struct *find_vma(struct mm_struct *mm, u64 addr)
{
	struct rb_node *node = mm->vmas.rb_node;
	struct vm_area_struct *found = NULL;

	while (node) {
		struct vm_area_struct *vma = vma_of(node);

		if (vma->vm_end > addr) {
			found = vma;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

struct vm_area_struct *find_vma_intersection(struct mm_struct *mm, u64 start, u64 end)
{
	struct vm_area_struct *vma = find_vma(mm, start);

	return vma && vma->vm_start < end ? vma : NULL;
}

struct vm_area_struct *vma_next(const struct vm_area_struct *vma)
{
	return vma_of(rb_next(&vma->vm_rb));
}

struct vm_area_struct *vma_prev(const struct vm_area_struct *vma)
{
	return vma_of(rb_prev(&vma->vm_rb));
}

struct gap_search {
	u64 low, high, len;
};

/*
 * Finds the highest place for s->len bytes in [from, to), which holds the VMAs of @node's subtree and
 * no others.  Returns 0 if there is none.  The recursion is as deep as the tree: at most twice the
 * logarithm of MAX_MAP_COUNT.
 */
static u64 highest_gap(const struct rb_node *node, u64 from, u64 to, const struct gap_search *s)
{
	const struct vm_area_struct *vma = vma_of(node);
	u64 found;

	from = max(from, s->low);
	to = min(to, s->high);
	if (to < from || to - from < s->len)
		return 0;
	if (!vma)
		return to - s->len;
	if (vma->subtree_gap < s->len && gap_between(from, vma->subtree_start) < s->len &&
	    gap_between(vma->subtree_end, to) < s->len)
		return 0;
	found = highest_gap(node->rb_right, vma->vm_end, to, s);
	return found ?: highest_gap(node->rb_left, from, vma_start_gap(vma), s);
}

u64 vma_find_gap(struct mm_struct *mm, u64 low, u64 high, u64 len)
{
	struct gap_search s = {.low = low, .high = high, .len = len};
	u64 found = highest_gap(mm->vmas.rb_node, low, high, &s);

	return found ?: (u64)-ENOMEM;
}

/* ---- changing the tree of VMAs -------------------------------------------------------------- */

static void link_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct rb_node **link = &mm->vmas.rb_node, *parent = NULL;

	while (*link) {
		struct vm_area_struct *other = vma_of(*link);

		parent = *link;
		if (vma->vm_end <= other->vm_start) {
			link = &parent->rb_left;
		} else {
			BUG_ON(vma->vm_start < other->vm_end);
			link = &parent->rb_right;
		}
	}
	rb_link_node(&vma->vm_rb, parent, link);
	rb_insert_augmented(&vma->vm_rb, &mm->vmas, summarise);
	mm->map_count++;
	mm->total_vm += (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
}

void vma_remove(struct mm_struct *mm, struct vm_area_struct *vma)
{
	rb_erase_augmented(&vma->vm_rb, &mm->vmas, summarise);
	mm->map_count--;
	mm->total_vm -= (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
	list_add(&vma->dead, &mm->dead);
}

void vma_resize(struct mm_struct *mm, struct vm_area_struct *vma, u64 start, u64 end)
{
	mm->total_vm -= (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;
	if (vma->vm_file)
		vma->vm_pgoff += (s64)(start - vma->vm_start) >> PAGE_SHIFT;
	vma->vm_start = start;
	vma->vm_end = end;
	mm->total_vm += (end - start) >> PAGE_SHIFT;
	rb_propagate(&vma->vm_rb, summarise);
}

/* Returns true if @low and @high can become one VMA. @high begins where @low ends. */
static bool are_alike(const struct vm_area_struct *low, const struct vm_area_struct *high)
{
	return low->vm_flags == high->vm_flags && !(low->vm_flags & VM_SPECIAL) &&
	       low->vm_file == high->vm_file &&
	       (!low->vm_file || vma_pgoff(low, high->vm_start) == high->vm_pgoff);
}

struct vm_area_struct *vma_merge(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma_prev(vma), *next = vma_next(vma);

	if (next && next->vm_start == vma->vm_end && are_alike(vma, next)) {
		u64 end = next->vm_end;

		vma_remove(mm, next);
		vma_resize(mm, vma, vma->vm_start, end);
	}
	if (prev && prev->vm_end == vma->vm_start && are_alike(prev, vma)) {
		u64 end = vma->vm_end;

		vma_remove(mm, vma);
		vma_resize(mm, prev, prev->vm_start, end);
		return prev;
	}
	return vma;
}

static struct vm_area_struct *vma_alloc(u64 start, u64 end, u32 flags, struct file *file, u64 pgoff)
{
	struct vm_area_struct *vma = kmem_cache_zalloc(vma_cache, GFP_KERNEL);

	if (!vma)
		return NULL;
	vma->vm_start = start;
	vma->vm_end = end;
	vma->vm_flags = flags;
	vma->vm_pgoff = file ? pgoff : 0;
	vma->vm_file = file;
	if (file)
		get_file(file);
	return vma;
}

struct vm_area_struct *vma_insert(struct mm_struct *mm, u64 start, u64 end, u32 flags,
				  struct file *file, u64 pgoff)
{
	struct vm_area_struct *vma = vma_alloc(start, end, flags, file, pgoff);

	if (vma)
		link_vma(mm, vma);
	return vma;
}

struct vm_area_struct *vma_add(struct mm_struct *mm, u64 start, u64 end, u32 flags,
			       struct file *file, u64 pgoff)
{
	struct vm_area_struct *vma = vma_insert(mm, start, end, flags, file, pgoff);

	return vma ? vma_merge(mm, vma) : NULL;
}

int vma_split(struct mm_struct *mm, struct vm_area_struct *vma, u64 addr)
{
	struct vm_area_struct *upper;

	BUG_ON(addr <= vma->vm_start || addr >= vma->vm_end);
	upper = vma_alloc(addr, vma->vm_end, vma->vm_flags, vma->vm_file, vma_pgoff(vma, addr));
	if (!upper)
		return -ENOMEM;
	vma_resize(mm, vma, vma->vm_start, addr);
	link_vma(mm, upper);
	return 0;
}

/* ---- the address space ---------------------------------------------------------------------- */

void mm_lock(struct mm_struct *mm)
{
	mutex_lock(&mm->lock);
}

void mm_unlock(struct mm_struct *mm)
{
	LIST_HEAD(dead);
	struct vm_area_struct *vma, *n;

	list_splice_tail_init(&mm->dead, &dead);
	mutex_unlock(&mm->lock);
	list_for_each_entry_safe(vma, n, &dead, dead) {
		if (vma->vm_file)
			fput(vma->vm_file);
		kmem_cache_free(vma_cache, vma);
	}
}

void vma_init(void)
{
	vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct), 0, 0);
	mutex_init(&process_mm.lock);
	INIT_LIST_HEAD(&process_mm.dead);
	process_mm.stack_limit = STACK_LIMIT_DEFAULT;
	process_mm.mmap_base = HAL_USER_END;
	mmap_init();
	mremap_init();
	madvise_init();
	fault_init();
}
