/* SPDX-License-Identifier: MIT */
/*
 * Saves and restores the state of the hosted kernel (snapshot.h).
 *
 * engine.c calls snapshot_take() and snapshot_restore().  tests/host calls __wrap_mmap(),
 * __wrap_mprotect() and __wrap_dlsym(), because kernel.o is linked with --wrap: so this file knows all
 * memory of the kernel.  One thread, no lock.
 *
 * A saved region is a private mapping of a file that has its saved bytes.  MADV_DONTNEED drops the pages
 * that the kernel has written to since, so a restore costs only the pages that an input touched.
 *
 * This file is compiled without the sanitizer, because it reads and writes poisoned memory.  It must not
 * call memcpy() or write() for such memory: the sanitizer checks these functions.
 */
#define _GNU_SOURCE
#include "tests/fuzz/snapshot.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sanitizer/asan_interface.h>

#define REGIONS_MAX 16384
#define SHADOW(p)   ((uint8_t *)(((uintptr_t)(p) >> 3) + 0x7fff8000)) /* clang, x86-64 */

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
int __wrap_mprotect(void *at, size_t len, int prot);
void *__wrap_dlsym(void *handle, const char *name);

extern char __start_softnet_state[], __stop_softnet_state[];

struct region {
	char *at;
	size_t len;
	uint8_t *shadow; /* saved shadow; NULL: the region was made after the snapshot */
	bool mapping;    /* made by mmap(), not by mprotect() within an earlier mapping */
	bool backed;     /* a private mapping of a file with the saved bytes */
};

static struct region regions[REGIONS_MAX];
static unsigned int nr_regions;
static bool taken;

static void die(const char *text)
{
	fprintf(stderr, "snapshot: %s\n", text);
	abort();
}

static void copy(void *to, const void *from, size_t n)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

/* ---- mappings --------------------------------------------------------------------------------- */

static void add_region(void *at, size_t len, bool mapping)
{
	for (unsigned int i = 0; i < nr_regions; i++) {
		if (regions[i].at == at)
			return;
	}
	if (nr_regions == REGIONS_MAX)
		die("too many regions");
	regions[nr_regions++] = (struct region){.at = at, .len = len, .mapping = mapping};
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *p = mmap(at, len, prot, flags, fd, offset);

	if (p != MAP_FAILED)
		add_region(p, len, true);
	return p;
}

int __wrap_mprotect(void *at, size_t len, int prot)
{
	int err = mprotect(at, len, prot);

	if (!err)
		add_region(at, len, false);
	return err;
}

static void save_region(struct region *r)
{
	int fd;

	r->shadow = malloc(r->len / 8);
	if (!r->shadow)
		die("no memory");
	copy(r->shadow, SHADOW(r->at), r->len / 8);
	fd = memfd_create("snapshot", 0);
	if (fd < 0)
		die("memfd_create");
	for (size_t done = 0; done < r->len;) {
		long n = syscall(SYS_write, fd, r->at + done, r->len - done);

		if (n <= 0)
			die("write");
		done += n;
	}
	if (mmap(r->at, r->len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd, 0) ==
	    MAP_FAILED)
		die("mmap");
	close(fd);
	r->backed = true;
}

/* Returns true for the area of the stacks: it is mapped without access; its accessible parts are separate regions. */
static bool is_reserve(const struct region *r)
{
	return r->mapping && r->len > (256UL << 20);
}

static void restore_region(struct region *r)
{
	if (!r->backed || madvise(r->at, r->len, MADV_DONTNEED))
		return;
	copy(SHADOW(r->at), r->shadow, r->len / 8);
}

/* Removes a region that was made since the snapshot. */
static void drop_region(struct region *r)
{
	if (!is_reserve(r))
		__asan_unpoison_memory_region(r->at, r->len);
	if (r->mapping)
		munmap(r->at, r->len);
	else if (madvise(r->at, r->len, MADV_DONTNEED))
		die("madvise");
}

/* ---- objects ---------------------------------------------------------------------------------- */

/* Precedes each object that the kernel allocates from the C library. */
struct block {
	struct block *next, **link;
	/* size: bytes of the object; lead: bytes of the allocation before the object */
	size_t size, lead;
	uint8_t *saved; /* its bytes and then its shadow; NULL: allocated after the snapshot */
	bool freed;     /* saved, and freed since */
};

static struct block *blocks;

static struct block *block_of(void *p)
{
	return (struct block *)p - 1;
}

static void *block_alloc(size_t align, size_t size)
{
	size_t lead = align > sizeof(struct block) ? align : sizeof(struct block);
	char *raw;
	struct block *b;

	lead = (lead + align - 1) / align * align;
	raw = aligned_alloc(align, (lead + size + align - 1) / align * align);
	if (!raw)
		return NULL;
	b = block_of(raw + lead);
	*b = (struct block){.next = blocks, .link = &blocks, .size = size, .lead = lead};
	if (blocks)
		blocks->link = &b->next;
	blocks = b;
	__asan_poison_memory_region(raw, lead);
	return raw + lead;
}

static void block_release(struct block *b)
{
	char *raw = (char *)(b + 1) - b->lead;

	*b->link = b->next;
	if (b->next)
		b->next->link = b->link;
	__asan_unpoison_memory_region(raw, b->lead + b->size);
	free(raw);
}

/* Frees an object.  A saved one stays allocated and is only poisoned, so that the sanitizer finds an access to it. */
static void block_free(void *p)
{
	struct block *b = block_of(p);

	if (!p)
		return;
	if (!b->saved) {
		block_release(b);
		return;
	}
	if (b->freed)
		die("double free");
	b->freed = true;
	__asan_poison_memory_region(p, b->size);
}

static void *block_realloc(void *p, size_t size)
{
	void *grown = block_alloc(16, size);

	if (p && grown) {
		copy(grown, p, block_of(p)->size < size ? block_of(p)->size : size);
		block_free(p);
	}
	return grown;
}

static void save_block(struct block *b)
{
	b->saved = malloc(b->size + b->size / 8 + 1);
	if (!b->saved)
		die("no memory");
	copy(b->saved, b + 1, b->size);
	copy(b->saved + b->size, SHADOW(b + 1), (b->size + 7) / 8);
}

static void restore_block(struct block *b)
{
	copy(b + 1, b->saved, b->size);
	copy(SHADOW(b + 1), b->saved + b->size, (b->size + 7) / 8);
	b->freed = false;
}

/* Returns the functions above instead of those of the C library, which tests/host looks up by name. */
void *__wrap_dlsym(void *handle, const char *name)
{
	if (!strcmp(name, "aligned_alloc"))
		return (void *)block_alloc;
	if (!strcmp(name, "realloc"))
		return (void *)block_realloc;
	if (!strcmp(name, "free"))
		return (void *)block_free;
	return dlsym(handle, name);
}

/* ---- the snapshot ----------------------------------------------------------------------------- */

void snapshot_take(void)
{
	add_region(__start_softnet_state, __stop_softnet_state - __start_softnet_state, false);
	for (unsigned int i = 0; i < nr_regions; i++) {
		if (is_reserve(&regions[i]))
			regions[i].shadow = malloc(1); /* not NULL: a restore keeps the region */
		else
			save_region(&regions[i]);
	}
	for (struct block *b = blocks; b; b = b->next)
		save_block(b);
	taken = true;
}

void snapshot_restore(void)
{
	unsigned int kept = 0;

	if (!taken)
		die("restored before it was taken");
	for (struct block *b = blocks, *next; b; b = next) {
		next = b->next;
		if (!b->saved)
			block_release(b);
	}
	for (unsigned int i = nr_regions; i-- > 0;) {
		if (regions[i].shadow)
			restore_region(&regions[i]);
		else
			drop_region(&regions[i]);
	}
	for (unsigned int i = 0; i < nr_regions; i++) {
		if (regions[i].shadow)
			regions[kept++] = regions[i];
	}
	nr_regions = kept;
	for (struct block *b = blocks; b; b = b->next)
		restore_block(b);
}
