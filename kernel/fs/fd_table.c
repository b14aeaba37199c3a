/* SPDX-License-Identifier: MIT */
/*
 * The table of file descriptors: from a number to a struct file.
 *
 * get_unused_fd_flags() -> fd_install() or put_unused_fd() <- calls that open; fget() <- every system
 * call on a number; sys_close, sys_dup, sys_dup2, sys_dup3 <- applications.
 * Process context.  files->lock covers everything; no file is released under it.
 *
 * The table grows by pages, and shrinks: a chunk of FDS_PER_CHUNK numbers fills one, pointers and two
 * bitmaps (number taken; close-on-exec), and goes with the last number in it.  (Linux keeps the largest
 * table that a process ever had; here that memory is the machine's.)  A number that is taken and has no
 * file yet is reserved.  One more bitmap, of full chunks, makes the lowest free number - POSIX wants that
 * one - a search of a dozen words, however many are open.
 * Answers to Linux's fs/file.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

#define CHUNK_WORDS   7
#define FDS_PER_CHUNK (CHUNK_WORDS * 64)
#define NR_CHUNKS     DIV_ROUND_UP(NR_OPEN_MAX, FDS_PER_CHUNK)
#define FULL_WORDS    DIV_ROUND_UP(NR_CHUNKS, 64)

struct fd_chunk {
	u64 taken[CHUNK_WORDS];
	u64 cloexec[CHUNK_WORDS];
	struct file *file[FDS_PER_CHUNK];
};
BUILD_BUG_ON(sizeof(struct fd_chunk) > PAGE_SIZE);

struct files_struct {
	spinlock_t lock;
	u64 full[FULL_WORDS]; /* chunks without a free number */
	struct fd_chunk *chunk[NR_CHUNKS];
};

/* ---- bits ----------------------------------------------------------------------------------- */

/* The first bit that is 0, from @from on; @words * 64 when there is none. */
static unsigned int first_zero(const u64 *bits, unsigned int words, unsigned int from)
{
	for (unsigned int w = from / 64; w < words; w++) {
		u64 ones = bits[w];

		if (w == from / 64)
			ones |= BIT(from % 64) - 1;
		if (ones != ~0ULL)
			return w * 64 + __builtin_ctzll(~ones);
	}
	return words * 64;
}

static void write_bit(u64 *bits, unsigned int n, bool on)
{
	if (on)
		bits[n / 64] |= BIT(n % 64);
	else
		bits[n / 64] &= ~BIT(n % 64);
}

static bool read_bit(const u64 *bits, unsigned int n)
{
	return bits[n / 64] >> (n % 64) & 1;
}

/* ---- numbers; files->lock held -------------------------------------------------------------- */

/* Lowest free number from @start on, whether its chunk exists or not; NR_OPEN_MAX: none. */
static unsigned int lowest_free(const struct files_struct *files, unsigned int start)
{
	unsigned int c = start / FDS_PER_CHUNK, slot = start % FDS_PER_CHUNK;
	const struct fd_chunk *chunk = files->chunk[c];

	if (chunk)
		slot = first_zero(chunk->taken, CHUNK_WORDS, slot);
	if (slot == FDS_PER_CHUNK) {
		c = first_zero(files->full, FULL_WORDS, c + 1);
		if (c >= NR_CHUNKS)
			return NR_OPEN_MAX;
		chunk = files->chunk[c];
		slot = chunk ? first_zero(chunk->taken, CHUNK_WORDS, 0) : 0;
	}
	return min(c * FDS_PER_CHUNK + slot, (unsigned int)NR_OPEN_MAX);
}

static void take_number(struct files_struct *files, unsigned int fd, bool cloexec)
{
	unsigned int c = fd / FDS_PER_CHUNK, slot = fd % FDS_PER_CHUNK;
	struct fd_chunk *chunk = files->chunk[c];

	write_bit(chunk->taken, slot, true);
	write_bit(chunk->cloexec, slot, cloexec);
	if (first_zero(chunk->taken, CHUNK_WORDS, 0) == FDS_PER_CHUNK)
		write_bit(files->full, c, true);
}

/* Its slot, and the chunk around it, may be gone afterwards. */
static void free_number(struct files_struct *files, unsigned int fd)
{
	struct fd_chunk **place = &files->chunk[fd / FDS_PER_CHUNK];
	u64 left = 0;

	write_bit((*place)->taken, fd % FDS_PER_CHUNK, false);
	write_bit(files->full, fd / FDS_PER_CHUNK, false);
	for (unsigned int w = 0; w < CHUNK_WORDS; w++)
		left |= (*place)->taken[w];
	if (!left) {
		kfree(*place);
		*place = NULL;
	}
}

/* The slot of a number, NULL where the table does not reach. */
static struct file **slot_of(struct files_struct *files, unsigned int fd)
{
	struct fd_chunk *chunk;

	if (fd >= NR_OPEN_MAX)
		return NULL;
	chunk = files->chunk[fd / FDS_PER_CHUNK];
	return chunk ? &chunk->file[fd % FDS_PER_CHUNK] : NULL;
}

/* Makes sure that the chunk of @fd is there.  Lock not held; another thread may be quicker. */
static int grow(struct files_struct *files, unsigned int fd)
{
	struct fd_chunk *chunk = kzalloc(sizeof(*chunk), GFP_KERNEL);
	struct fd_chunk **place = &files->chunk[fd / FDS_PER_CHUNK];

	if (!chunk)
		return -ENOMEM;
	spin_lock(&files->lock);
	if (!*place) {
		*place = chunk;
		chunk = NULL;
	}
	spin_unlock(&files->lock);
	kfree(chunk);
	return 0;
}

/* ---- reserving, installing, looking up ------------------------------------------------------ */

int fd_alloc(struct files_struct *files, unsigned int start, unsigned int flags)
{
	unsigned int fd;
	int err;

	if (!files || start >= NR_OPEN_MAX)
		return -EMFILE;
	spin_lock(&files->lock);
	for (;;) {
		fd = lowest_free(files, start);
		if (fd == NR_OPEN_MAX || files->chunk[fd / FDS_PER_CHUNK])
			break;
		spin_unlock(&files->lock);
		err = grow(files, fd);
		if (err)
			return err;
		spin_lock(&files->lock);
	}
	if (fd < NR_OPEN_MAX)
		take_number(files, fd, flags & O_CLOEXEC);
	spin_unlock(&files->lock);
	return fd < NR_OPEN_MAX ? (int)fd : -EMFILE;
}

int get_unused_fd_flags(unsigned int flags)
{
	return fd_alloc(current->files, 0, flags);
}

void put_unused_fd(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file **slot;

	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	BUG_ON(!slot || *slot);
	free_number(files, fd);
	spin_unlock(&files->lock);
}

void fd_install_in(struct files_struct *files, unsigned int fd, struct file *file)
{
	struct file **slot;

	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	BUG_ON(!slot || *slot);
	*slot = file;
	spin_unlock(&files->lock);
}

void fd_install(unsigned int fd, struct file *file)
{
	fd_install_in(current->files, fd, file);
}

struct file *fget(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file **slot, *file = NULL;

	if (!files)
		return NULL;
	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	if (slot && *slot) {
		file = *slot;
		get_file(file);
	}
	spin_unlock(&files->lock);
	return file;
}

int fd_get_cloexec(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file **slot;
	int res = -EBADF;

	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	if (slot && *slot)
		res = read_bit(files->chunk[fd / FDS_PER_CHUNK]->cloexec, fd % FDS_PER_CHUNK);
	spin_unlock(&files->lock);
	return res;
}

int fd_set_cloexec(unsigned int fd, bool on)
{
	struct files_struct *files = current->files;
	struct file **slot;
	int res = -EBADF;

	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	if (slot && *slot) {
		write_bit(files->chunk[fd / FDS_PER_CHUNK]->cloexec, fd % FDS_PER_CHUNK, on);
		res = 0;
	}
	spin_unlock(&files->lock);
	return res;
}

/* ---- whole tables --------------------------------------------------------------------------- */

struct files_struct *files_alloc(void)
{
	struct files_struct *files = kzalloc(sizeof(*files), GFP_KERNEL);

	if (files)
		spin_lock_init(&files->lock);
	return files;
}

void files_free(struct files_struct *files)
{
	if (!files)
		return;
	for (unsigned int c = 0; c < NR_CHUNKS; c++) {
		struct fd_chunk *chunk = files->chunk[c];

		if (!chunk)
			continue;
		for (unsigned int slot = 0; slot < FDS_PER_CHUNK; slot++)
			if (chunk->file[slot])
				fput(chunk->file[slot]);
		kfree(chunk);
	}
	kfree(files);
}

/* ---- system calls --------------------------------------------------------------------------- */

static long sys_close(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file **slot, *file = NULL;

	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	if (slot && *slot) {
		file = *slot;
		*slot = NULL;
		free_number(files, fd);
	}
	spin_unlock(&files->lock);
	if (!file)
		return -EBADF;
	fput(file);
	return 0;
}

static long sys_dup(unsigned int oldfd)
{
	struct file *file = fget(oldfd);
	int fd;

	if (!file)
		return -EBADF;
	fd = get_unused_fd_flags(0);
	if (fd >= 0)
		fd_install(fd, file);
	else
		fput(file);
	return fd;
}

/* Puts @file (a reference that the table takes over) at @fd, closing what is there. */
static int replace_fd(struct files_struct *files, unsigned int fd, struct file *file,
		      unsigned int flags)
{
	struct file **slot, *old = NULL;
	int err = 0;

	spin_lock(&files->lock);
	while (!(slot = slot_of(files, fd))) {
		spin_unlock(&files->lock);
		err = grow(files, fd);
		if (err)
			goto out_put;
		spin_lock(&files->lock);
	}
	old = *slot;
	if (!old && read_bit(files->chunk[fd / FDS_PER_CHUNK]->taken, fd % FDS_PER_CHUNK)) {
		err = -EBUSY; /* reserved by an open() in flight */
	} else {
		take_number(files, fd, flags & O_CLOEXEC);
		*slot = file;
	}
	spin_unlock(&files->lock);
	if (err)
		goto out_put;
	if (old)
		fput(old);
	return 0;

out_put:
	fput(file);
	return err;
}

static long dup_to(unsigned int oldfd, unsigned int newfd, unsigned int flags)
{
	struct files_struct *files = current->files;
	struct file *file;
	int err;

	if (newfd >= NR_OPEN_MAX)
		return -EBADF;
	file = fget(oldfd);
	if (!file)
		return -EBADF;
	err = replace_fd(files, newfd, file, flags);
	return err ? err : (long)newfd;
}

static long sys_dup3(unsigned int oldfd, unsigned int newfd, unsigned int flags)
{
	if (flags & ~O_CLOEXEC || oldfd == newfd)
		return -EINVAL;
	return dup_to(oldfd, newfd, flags);
}

static long sys_dup2(unsigned int oldfd, unsigned int newfd)
{
	struct file *file;

	if (oldfd != newfd)
		return dup_to(oldfd, newfd, 0);
	file = fget(oldfd);
	if (!file)
		return -EBADF;
	fput(file);
	return newfd;
}

void fd_table_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_close, sys_close),
		SYSCALL_DEF(__NR_dup, sys_dup),
		SYSCALL_DEF(__NR_dup2, sys_dup2),
		SYSCALL_DEF(__NR_dup3, sys_dup3),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
