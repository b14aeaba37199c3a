/* SPDX-License-Identifier: MIT */
/*
 * For unit tests of the program's memory: system calls, a file that can be mapped, and the program's
 * loads and stores.  Included by one file of each test.
 */
#ifndef TESTS_UNIT_UNIT_MM_H
#define TESTS_UNIT_UNIT_MM_H

#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/mman.h"
#include "include/uapi/stat.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/vma.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/timer.h"
#include "tests/host/user_pages.h"

#define sys(nr, ...) sys_6(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_6(nr, a, b, c, d, e, f, ...)                                                           \
	kernel_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* ---- a file of pages ---- */
#define MAPPED_PAGES 16
struct mapped_file {
	struct page *pages[MAPPED_PAGES];
	u64 size; /* bytes */
};

static int mapped_page(struct file *file, u64 index, struct page **page)
{
	const struct mapped_file *m = file->private_data;

	if (index * PAGE_SIZE >= m->size)
		return -EFAULT;
	*page = m->pages[index];
	get_page(*page);
	return 0;
}
static const struct file_operations mapped_ops = {.mmap_page = mapped_page};
static struct inode mapped_inode;

/* Byte @i of a file of mapped_make().  Its value depends on its place, so that a test notices a
 * byte from a wrong place. */
static u8 mapped_byte(u64 i)
{
	return i * 7 + i / PAGE_SIZE + 1;
}
static inline void mapped_make(struct mapped_file *m, u64 size)
{
	inode_init(&mapped_inode, S_IFREG);
	m->size = size;
	for (u64 i = 0; i * PAGE_SIZE < size; i++) {
		u8 *p;

		m->pages[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		assert_non_null(m->pages[i]);
		p = page_address(m->pages[i]);
		for (u64 j = 0; j < PAGE_SIZE && i * PAGE_SIZE + j < size; j++)
			p[j] = mapped_byte(i * PAGE_SIZE + j);
	}
}
static inline void mapped_free(struct mapped_file *m)
{
	for (u64 i = 0; i * PAGE_SIZE < m->size; i++) {
		assert_int_equal(page_count(m->pages[i]), 1);
		put_page(m->pages[i]);
	}
}
static inline int mapped_open(struct mapped_file *m, unsigned int flags)
{
	struct file *file = alloc_file(&mapped_inode, flags, &mapped_ops);
	int fd = get_unused_fd_flags(0);

	assert_false(IS_ERR(file));
	assert_true(fd >= 0);
	file->private_data = m;
	fd_install(fd, file);
	return fd;
}

/* ---- the program's accesses ---- */
/* Loads or stores a byte as the program would: with a fault if the entry of the page table forbids
 * the access. */
static int access_byte(u64 addr, unsigned int access, u8 *byte)
{
	unsigned int prot = 0;
	u64 page = addr & PAGE_MASK;
	phys_addr_t pa = hal_user_lookup(page, &prot);
	int err;

	if (!pa || (access == HAL_PROT_READ ? !prot : access & ~prot)) {
		err = mm_fault(addr, access);
		if (err)
			return err;
		pa = hal_user_lookup(page, &prot);
		assert_true(pa && (access == HAL_PROT_READ ? prot : !(access & ~prot)));
	}
	if (access == HAL_PROT_WRITE)
		((u8 *)hal_phys_to_virt(pa))[addr - page] = *byte;
	else
		*byte = ((u8 *)hal_phys_to_virt(pa))[addr - page];
	return 0;
}

/* Returns the byte at @addr, or a negative error. */
static inline int load(u64 addr)
{
	u8 byte;
	int err = access_byte(addr, HAL_PROT_READ, &byte);

	return err ?: byte;
}
static inline int store(u64 addr, u8 byte)
{
	return access_byte(addr, HAL_PROT_WRITE, &byte);
}

/* Maps a GiB at @addr and stores to its pages until memory is out.  Returns how many stores succeeded. */
static inline u64 touch_all(u64 addr)
{
	u64 n = 0;
	int err;

	assert_int_equal(sys(__NR_mmap, addr, 1UL << 30, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 addr);
	while (!(err = store(addr + n * PAGE_SIZE, 1)))
		n++;
	assert_int_equal(err, -ENOMEM);
	return n;
}

static inline void mm_test_boot(size_t kib)
{
	unit_memory(kib, true);
	timers_init();
	files_init();
	proc_init();
	vma_init();
	current->files = files_alloc();
}

/* Unmaps all, and checks that no page, table or VMA is left. */
static inline void unmap_all(void)
{
	assert_int_equal(sys(__NR_munmap, HAL_USER_START, HAL_USER_END - HAL_USER_START), 0);
	assert_int_equal(process_mm.map_count, 0);
	assert_int_equal(process_mm.total_vm, 0);
	assert_int_equal(process_mm.file_pages, 0);
	assert_int_equal(program_pages.used, 0);
	assert_int_equal(host_user_pages(), 0);
	assert_int_equal(hal_user_tables(), 0);
}

#endif
