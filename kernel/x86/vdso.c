/* SPDX-License-Identifier: MIT */
/*
 * The kernel's side of the vDSO: its pages, and the values that its functions compute the time with.
 *
 * Callers: exec.c -> hal_vdso_pages(), once, in process context; wallclock.c ->
 * hal_set_wall_offset(), at boot and in clock_settime().  No lock: the values are written in process
 * context, where no other thread runs, and the program reads them again if they changed meanwhile.
 * Compare Linux's arch/x86/entry/vdso/vma.c and kernel/time/vsyscall.c.
 */
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/x86/tsc.h"
#include "kernel/x86/vdso/data.h"

extern const u8 vdso_image_start[], vdso_image_end[];

static struct vdso_data *shared; /* the page that the program sees; NULL: there is none yet */
static u64 wall_offset;

void hal_set_wall_offset(u64 offset_ns)
{
	wall_offset = offset_ns;
	if (!shared)
		return;
	WRITE_ONCE(shared->sequence, shared->sequence + 1);
	barrier();
	WRITE_ONCE(shared->wall_offset, offset_ns);
	barrier();
	WRITE_ONCE(shared->sequence, shared->sequence + 1);
}

unsigned int hal_vdso_pages(struct page **pages, unsigned int max)
{
	size_t size = vdso_image_end - vdso_image_start;
	unsigned int n = 1 + DIV_ROUND_UP(size, PAGE_SIZE), i;

	if (n > max)
		return 0;
	for (i = 0; i < n; i++) {
		pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!pages[i])
			goto out_free;
	}
	for (i = 1; i < n; i++) {
		size_t done = (i - 1) * PAGE_SIZE;

		memcpy(page_address(pages[i]), vdso_image_start + done,
		       min_t(size_t, size - done, PAGE_SIZE));
	}
	shared = page_address(pages[0]);
	clock_factors(&shared->base_tsc, &shared->ns_per_tsc);
	shared->wall_offset = wall_offset;
	return n;

out_free:
	while (i > 0)
		put_page(pages[--i]);
	return 0;
}
