/* SPDX-License-Identifier: MIT */
/*
 * kernel/hal.h (the kernel's interface to its platform) in an ordinary process: the program's page
 * tables (hal_user_*()).
 *
 * Callers: kernel/mm.  There is no MMU here: an entry is a number that tests read with
 * hal_user_lookup(); nothing runs at these addresses.  The tables are a tree as on x86: four levels of
 * 512 entries.  So hal_user_next() skips empty terabytes as quickly as on the machine, and a test
 * finds tables that were not freed.
 */
#include <stdlib.h>

#include "include/uapi/errno.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/mm/page.h"
#include "tests/host/user_pages.h"

#define LEVELS      4
#define LEVEL_BITS  9
#define ENTRIES     (1u << LEVEL_BITS)
#define ENTRY_USED  8u
#define ENTRY_FLAGS 15u

struct table {
	unsigned int used; /* entries that are not empty */
	union {
		struct table *tables[ENTRIES]; /* levels above the lowest */
		u64 pages[ENTRIES];            /* address | ENTRY_USED | protection */
	};
};

static struct table root;
static u64 nr_tables, nr_pages;
static long tables_left = -1;

/* Bytes that an entry of @level covers; level 0 has the pages. */
static u64 span(unsigned int level)
{
	return PAGE_SIZE << (LEVEL_BITS * level);
}

static unsigned int index_of(u64 va, unsigned int level)
{
	return va / span(level) % ENTRIES;
}

u64 hal_user_tables(void)
{
	return nr_tables;
}

u64 host_user_pages(void)
{
	return nr_pages;
}

void host_user_fail_tables_after(long n)
{
	tables_left = n;
}

static struct table *new_table(void)
{
	if (!tables_left)
		return NULL;
	if (tables_left > 0)
		tables_left--;
	nr_tables++;
	return calloc(1, sizeof(struct table));
}

/* Returns the entry of @va.  Returns NULL if its table is missing and either @make is false or
 * there is no memory for the table. */
static u64 *find_entry(u64 va, bool make, struct table **leaf)
{
	struct table *t = &root;

	BUG_ON(va < HAL_USER_START || va >= HAL_USER_END || va % PAGE_SIZE);
	for (unsigned int level = LEVELS - 1; level; level--) {
		struct table **slot = &t->tables[index_of(va, level)];

		if (!*slot) {
			if (!make)
				return NULL;
			*slot = new_table();
			if (!*slot)
				return NULL;
			t->used++;
		}
		t = *slot;
	}
	*leaf = t;
	return &t->pages[index_of(va, 0)];
}

bool hal_user_has_table(u64 va)
{
	struct table *leaf;

	return find_entry(va, false, &leaf);
}

int hal_user_map(u64 va, phys_addr_t pa, unsigned int prot)
{
	struct table *leaf;
	u64 *entry = find_entry(va, true, &leaf);

	BUG_ON(!pa || pa % PAGE_SIZE);
	if (!entry)
		return -ENOMEM;
	leaf->used += !*entry;
	nr_pages += !*entry;
	*entry = pa | ENTRY_USED | prot;
	return 0;
}

phys_addr_t hal_user_lookup(u64 va, unsigned int *prot)
{
	struct table *leaf;
	const u64 *entry = find_entry(va, false, &leaf);

	if (!entry || !*entry)
		return 0;
	if (prot)
		*prot = *entry & ENTRY_FLAGS & ~ENTRY_USED;
	return *entry & ~(u64)ENTRY_FLAGS;
}

phys_addr_t hal_user_unmap(u64 va)
{
	struct table *leaf;
	u64 *entry = find_entry(va, false, &leaf);
	phys_addr_t pa;

	if (!entry || !*entry)
		return 0;
	pa = *entry & ~(u64)ENTRY_FLAGS;
	*entry = 0;
	leaf->used--;
	nr_pages--;
	return pa;
}

void hal_user_protect(u64 va, unsigned int prot)
{
	struct table *leaf;
	u64 *entry = find_entry(va, false, &leaf);

	if (entry && *entry)
		*entry = (*entry & ~(u64)ENTRY_FLAGS) | ENTRY_USED | prot;
}

u64 hal_user_next(u64 va, u64 end)
{
	while (va < end) {
		const struct table *t = &root;
		unsigned int level = LEVELS - 1;

		while (level && t->tables[index_of(va, level)]) {
			t = t->tables[index_of(va, level)];
			level--;
		}
		if (!level && t->pages[index_of(va, 0)])
			return va;
		va = ALIGN_DOWN(va, span(level)) + span(level);
	}
	return end;
}

/* Frees the tables below @t that have no entry and overlap [start, end).  @t begins at @base. */
static void free_empty(struct table *t, unsigned int level, u64 base, u64 start, u64 end)
{
	for (unsigned int i = 0; i < ENTRIES; i++) {
		u64 low = base + i * span(level);

		if (!t->tables[i] || low >= end || low + span(level) <= start)
			continue;
		if (level > 1)
			free_empty(t->tables[i], level - 1, low, start, end);
		if (t->tables[i]->used)
			continue;
		free(t->tables[i]);
		t->tables[i] = NULL;
		t->used--;
		nr_tables--;
	}
}

void hal_user_free_tables(u64 start, u64 end)
{
	free_empty(&root, LEVELS - 1, 0, start, end);
}

/* Returns a value that no other field of the auxiliary vector has, so that a test notices if it is in
 * the wrong field. */
u32 hal_user_hwcap(void)
{
	return 0x178bfbff;
}

/* ---- the vDSO ------------------------------------------------------------------------------- */

unsigned int hal_vdso_pages(struct page **pages, unsigned int max)
{
	return 0;
}

void hal_set_wall_offset(u64 offset_ns)
{
}
