/* SPDX-License-Identifier: MIT */
/*
 * The table of file descriptors, which maps a number to a struct file.
 *
 * get_unused_fd_flags() -> fd_install() or put_unused_fd() <- system calls that create a
 * descriptor; fget() <- every system call that takes a descriptor; sys_close, sys_dup, sys_dup2,
 * sys_dup3 <- applications.  Process context. files->lock protects the whole table; it is never
 * held while a file is released, because release() may sleep.
 *
 * The table has pages of pointers and two bitmaps: which numbers are taken, and which are
 * close-on-exec.  It begins inside struct files_struct with room for FDS_AT_START numbers, and
 * doubles when a number does not fit, and halves when the numbers in use fit into a quarter.  Pages
 * are added and freed, not copied, so the largest table needs no large block of memory.  Linux
 * never shrinks a table.  A number that is taken but has no file yet is reserved for an open() in
 * progress.  POSIX requires that open() returns the lowest free number.  A third bitmap marks the
 * words of the first bitmap that have no free number, so the search reads at most FULL_WORDS words,
 * however many files are open.  Compare Linux's fs/file.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/process/rlimit.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

#define FDS_AT_START 64 /* Linux's NR_OPEN_DEFAULT */
#define FDS_PER_PAGE (PAGE_SIZE / sizeof(struct file *))
#define FULL_WORDS   (NR_OPEN_MAX / 64 / 64)
BUILD_BUG_ON(!IS_POWER_OF_2(NR_OPEN_MAX) || FULL_WORDS == 0);

/*
 * A descriptor table.  When its size changes, the new table takes over the pages; everything else
 * is allocated anew.
 */
struct fdtable {
	/* number of descriptors that fit: FDS_AT_START, or FDS_PER_PAGE times a power of two */
	unsigned int size;
	struct file ***pages; /* each with FDS_PER_PAGE pointers, indexed by descriptor */
	/* Bitmap of the numbers in use; the bitmap cloexec follows in the same allocation. */
	u64 *taken;
	u64 *cloexec;
};

struct files_struct {
	spinlock_t lock;
	struct fs_struct fs; /* the working directory: namei.c */
	unsigned int end;    /* one more than the largest number in use */
	struct fdtable table;
	/* A bit for each word of table.taken; 1: the word has no free number. */
	u64 full[FULL_WORDS];
	u64 start_bits[2 * FDS_AT_START / 64];
	struct file *start_file[FDS_AT_START];
	struct file **start_page; /* points to start_file; start_table() sets it */
};

/* ---- bits ----------------------------------------------------------------------------------- */

/* Returns the position of the first 0 bit at or after @from, or @words * 64 if there is none. */
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

/*
 * Returns the lowest free number at or above @start.  It may lie beyond the end of the table, which
 * must then grow.  Returns NR_OPEN_MAX if no number is free.
 */
static unsigned int lowest_free(const struct files_struct *files, unsigned int start)
{
	const struct fdtable *table = &files->table;
	unsigned int word = start / 64, fd = start;

	if (fd < table->size)
		fd = first_zero(table->taken, word + 1, fd);
	if (fd / 64 == word)
		return fd;
	word = first_zero(files->full, FULL_WORDS, word + 1);
	fd = word * 64;
	return fd < table->size ? first_zero(table->taken, word + 1, fd) : fd;
}

static void take_number(struct files_struct *files, unsigned int fd, bool cloexec)
{
	struct fdtable *table = &files->table;

	write_bit(table->taken, fd, true);
	write_bit(table->cloexec, fd, cloexec);
	if (table->taken[fd / 64] == ~0ULL)
		write_bit(files->full, fd / 64, true);
	files->end = max(files->end, fd + 1);
}

static void free_number(struct files_struct *files, unsigned int fd)
{
	const u64 *taken = files->table.taken;

	write_bit(files->table.taken, fd, false);
	write_bit(files->full, fd / 64, false);
	if (fd + 1 < files->end)
		return;
	for (unsigned int word = fd / 64 + 1; word-- > 0;) {
		files->end = 64 * word;
		if (taken[word]) {
			files->end += 64 - __builtin_clzll(taken[word]);
			return;
		}
	}
}

/* Returns the table's entry for @fd, or NULL if the table is too small to have one. */
static struct file **slot_of(struct files_struct *files, unsigned int fd)
{
	if (fd >= files->table.size)
		return NULL;
	return &files->table.pages[fd / FDS_PER_PAGE][fd % FDS_PER_PAGE];
}

/* ---- the size of the table; files->lock not held -------------------------------------------- */

static void table_free(struct fdtable *table)
{
	if (table->size == FDS_AT_START)
		return;
	for (unsigned int i = 0; table->pages && i < table->size / FDS_PER_PAGE; i++)
		kfree(table->pages[i]);
	kfree(table->pages);
	kfree(table->taken);
}

/*
 * Prepares a table of @size numbers: allocates everything but the pages for the first @old numbers,
 * which table_replace() takes over from the present table.
 */
static int table_alloc(struct fdtable *table, unsigned int size, unsigned int old)
{
	const unsigned int nr_pages = size / FDS_PER_PAGE;

	table->size = size;
	table->pages = kcalloc(nr_pages, sizeof(*table->pages), GFP_KERNEL);
	table->taken = kcalloc(2 * (size / 64), sizeof(*table->taken), GFP_KERNEL);
	table->cloexec = table->taken + size / 64;
	if (!table->pages || !table->taken)
		goto out_free;
	for (unsigned int i = old / FDS_PER_PAGE; i < nr_pages; i++) {
		table->pages[i] = kcalloc(FDS_PER_PAGE, sizeof(struct file *), GFP_KERNEL);
		if (!table->pages[i])
			goto out_free;
	}
	return 0;

out_free:
	table_free(table);
	return -ENOMEM;
}

/* The table inside struct files_struct, with which every table begins. */
static struct fdtable start_table(struct files_struct *files)
{
	files->start_page = files->start_file;
	return (struct fdtable){
		.size = FDS_AT_START,
		.pages = &files->start_page,
		.taken = files->start_bits,
		.cloexec = files->start_bits + FDS_AT_START / 64,
	};
}

/*
 * Moves the entries into @to and makes @to the table.  Afterwards @to has the rest of the old
 * table, which the caller frees.  All numbers in use must fit into both tables. files->lock held.
 */
static void table_replace(struct files_struct *files, struct fdtable *to)
{
	struct fdtable from = files->table;
	unsigned int n = min(from.size, to->size);

	if (n == FDS_AT_START) {
		/* The pointers in struct files_struct are not a page of their own: copy them. */
		memcpy(to->pages[0], from.pages[0], n * sizeof(struct file *));
	} else {
		for (unsigned int i = 0; i < n / FDS_PER_PAGE; i++) {
			to->pages[i] = from.pages[i];
			from.pages[i] = NULL;
		}
	}
	memcpy(to->taken, from.taken, n / 8);
	memcpy(to->cloexec, from.cloexec, n / 8);
	files->table = *to;
	*to = from;
}

/*
 * Makes the table large enough for @fd.  If another thread has changed the table's size meanwhile,
 * the table stays as it is, and the caller tries again.
 */
static int grow(struct files_struct *files, unsigned int fd)
{
	unsigned int old = READ_ONCE(files->table.size), size = FDS_PER_PAGE;
	struct fdtable table;

	while (size <= fd)
		size *= 2;
	if (table_alloc(&table, size, old))
		return -ENOMEM;
	spin_lock(&files->lock);
	if (files->table.size == old && old < size)
		table_replace(files, &table);
	spin_unlock(&files->lock);
	table_free(&table);
	return 0;
}

/*
 * Returns a smaller size for the table if the numbers in use fit into a quarter of it, else the
 * table's current size. files->lock held.
 */
static unsigned int size_wanted(const struct files_struct *files)
{
	unsigned int size = files->table.size;

	while (size > FDS_PER_PAGE && files->end <= size / 4)
		size /= 2;
	if (size == FDS_PER_PAGE && files->end <= FDS_AT_START)
		size = FDS_AT_START;
	return size;
}

/*
 * Shrinks the table to @size numbers.  The table stays as it is if there is no memory, or if
 * another thread has meanwhile taken a number at or above @size.
 */
static void shrink(struct files_struct *files, unsigned int size)
{
	struct fdtable table = start_table(files);

	/* All pages of the smaller table come from the present one. */
	if (size > FDS_AT_START && table_alloc(&table, size, size))
		return;
	spin_lock(&files->lock);
	if (files->table.size > size && files->end <= size)
		table_replace(files, &table);
	spin_unlock(&files->lock);
	table_free(&table);
}

/* Called after a number became free. files->lock is held on entry and released on return. */
static void unlock_and_shrink(struct files_struct *files)
{
	unsigned int size = size_wanted(files);
	bool large = size < files->table.size;

	spin_unlock(&files->lock);
	if (large)
		shrink(files, size);
}

/* ---- reserving, installing, looking up ------------------------------------------------------ */

unsigned int fd_limit(void)
{
	return min_t(u64, rlimit(RLIMIT_NOFILE), NR_OPEN_MAX);
}

int fd_alloc(struct files_struct *files, unsigned int start, unsigned int flags)
{
	unsigned int fd, limit = fd_limit();
	int err;

	if (!files || start >= limit)
		return -EMFILE;
	spin_lock(&files->lock);
	for (;;) {
		fd = lowest_free(files, start);
		if (fd >= limit || fd < files->table.size)
			break;
		spin_unlock(&files->lock);
		err = grow(files, fd);
		if (err)
			return err;
		spin_lock(&files->lock);
	}
	if (fd < limit)
		take_number(files, fd, flags & O_CLOEXEC);
	spin_unlock(&files->lock);
	return fd < limit ? (int)fd : -EMFILE;
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
	unlock_and_shrink(files);
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

/* Returns the file of @fd with a reference; NULL if it is not open or has one of the flags @not. */
static struct file *fget_without(unsigned int fd, unsigned int not )
{
	struct files_struct *files = current->files;
	struct file **slot, *file = NULL;

	if (!files)
		return NULL;
	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	if (slot && *slot && !((*slot)->f_flags & not )) {
		file = *slot;
		get_file(file);
	}
	spin_unlock(&files->lock);
	return file;
}

struct file *fget(unsigned int fd)
{
	return fget_without(fd, O_PATH);
}

struct file *fget_raw(unsigned int fd)
{
	return fget_without(fd, 0);
}

struct fs_struct *files_fs(struct files_struct *files)
{
	return &files->fs;
}

s64 fd_next(u32 from)
{
	struct files_struct *files = current->files;
	s64 fd = from;

	if (!files)
		return -1;
	spin_lock(&files->lock);
	while (fd < files->end && !*slot_of(files, fd))
		fd++;
	if (fd >= files->end)
		fd = -1;
	spin_unlock(&files->lock);
	return fd;
}

int fd_get_cloexec(unsigned int fd)
{
	struct files_struct *files = current->files;
	struct file **slot;
	int res = -EBADF;

	spin_lock(&files->lock);
	slot = slot_of(files, fd);
	if (slot && *slot)
		res = read_bit(files->table.cloexec, fd);
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
		write_bit(files->table.cloexec, fd, on);
		res = 0;
	}
	spin_unlock(&files->lock);
	return res;
}

/* ---- whole tables --------------------------------------------------------------------------- */

struct files_struct *files_alloc(void)
{
	struct files_struct *files = kzalloc(sizeof(*files), GFP_KERNEL);

	if (!files)
		return NULL;
	spin_lock_init(&files->lock);
	files->fs.umask = 022;
	files->table = start_table(files);
	return files;
}

void files_free(struct files_struct *files)
{
	if (!files)
		return;
	for (unsigned int fd = 0; fd < files->end; fd++) {
		struct file *file = *slot_of(files, fd);

		if (file)
			fput(file);
	}
	dput(files->fs.pwd);
	table_free(&files->table);
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
	unlock_and_shrink(files);
	if (!file)
		return -EBADF;
	fput(file);
	return 0;
}

/*
 * Closes the first open descriptor in @fd..@last; with @cloexec marks it close-on-exec instead.
 * Returns the descriptor's number, or -1 if none is open.
 */
static s64 close_next(struct files_struct *files, u32 fd, u32 last, bool cloexec)
{
	struct file *file = NULL;
	struct file **slot;

	spin_lock(&files->lock);
	while (fd < files->end && fd <= last && !*slot_of(files, fd))
		fd++;
	if (fd >= files->end || fd > last) {
		spin_unlock(&files->lock);
		return -1;
	}
	slot = slot_of(files, fd);
	if (cloexec) {
		write_bit(files->table.cloexec, fd, true);
		spin_unlock(&files->lock);
		return fd;
	}
	file = *slot;
	*slot = NULL;
	free_number(files, fd);
	unlock_and_shrink(files);
	fput(file);
	return fd;
}

/* There is one process, so CLOSE_RANGE_UNSHARE has nothing to separate. */
static long sys_close_range(unsigned int first, unsigned int last, unsigned int flags)
{
	s64 fd = first;

	if (flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC) || first > last)
		return -EINVAL;
	while (fd <= last) {
		fd = close_next(current->files, fd, last, flags & CLOSE_RANGE_CLOEXEC);
		if (fd < 0)
			break;
		fd++;
		cond_resched();
	}
	return 0;
}

static long sys_dup(unsigned int oldfd)
{
	struct file *file = fget_raw(oldfd);
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

/*
 * Makes @fd refer to @file, and closes the file that @fd referred to before.  The caller's
 * reference of @file passes to the table, or is dropped on an error.
 */
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
	if (!old && read_bit(files->table.taken, fd)) {
		/* Another thread's open() has reserved the number and will install its file. */
		err = -EBUSY;
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

	if (newfd >= fd_limit())
		return -EBADF;
	file = fget_raw(oldfd);
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
	file = fget_raw(oldfd);
	if (!file)
		return -EBADF;
	fput(file);
	return newfd;
}

void fd_table_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_close, sys_close), SYSCALL_DEF(__NR_close_range, sys_close_range),
		SYSCALL_DEF(__NR_dup, sys_dup),     SYSCALL_DEF(__NR_dup2, sys_dup2),
		SYSCALL_DEF(__NR_dup3, sys_dup3),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
