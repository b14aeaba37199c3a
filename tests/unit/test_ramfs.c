/* SPDX-License-Identifier: MIT */
/*
 * The RAM file system: its limits, memory that runs out, pages of mappings, /dev and the listings
 * of /proc.  test_tree.c compares calls on this file system with the same calls on Linux.
 */
#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/stat.h"
#include "include/uapi/statfs.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/devices.h"
#include "kernel/fs/file.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/timer.h"

#define sys(nr, ...) sys_6(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_6(nr, a, b, c, d, e, f, ...)                                                           \
	kernel_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static long objects_before;
static u64 free_before;
static struct ramfs_usage usage_before;

/* Returns the number of pages that are free or in slabs.  The slabs count because they keep some
 * empty pages. */
static u64 pages_left(void)
{
	struct kmem_cache *cache;
	struct page *page;
	u64 pages = nr_free_pages();

	list_for_each_entry(cache, kmem_caches(), caches) {
		list_for_each_entry(page, &cache->full, lru)
			pages += 1ULL << page->order;
		list_for_each_entry(page, &cache->partial, lru)
			pages += 1ULL << page->order;
	}
	return pages;
}

static long create(const char *path)
{
	return sys(__NR_open, path, O_CREAT | O_RDWR, 0644);
}

static u64 size_of(const char *path)
{
	struct stat st;

	assert_int_equal(sys(__NR_stat, path, &st), 0);
	return st.st_size;
}

/* ---- limits ------------------------------------------------------------------------------------ */

/* LIMIT(RAMFS_PAGES_PART) */
static void test_full_at_the_limit_of_pages(void **state)
{
	static char data[PAGE_SIZE];
	struct ramfs_usage usage = ramfs_usage();
	struct statfs sfs;
	long fd = create("/big");
	u64 written = 0;

	assert_int_equal(usage.pages_max, nr_total_pages() / RAMFS_PAGES_PART);
	while (sys(__NR_write, fd, data, sizeof(data)) == sizeof(data))
		written++;
	assert_int_equal(sys(__NR_write, fd, data, 1), -ENOSPC);
	assert_int_equal(written, usage.pages_max - usage.pages);
	assert_int_equal(sys(__NR_statfs, "/", &sfs), 0);
	assert_int_equal(sfs.f_bfree, 0);
	assert_int_equal(sfs.f_blocks, usage.pages_max);
	/* No page is left, but a hole needs none, and an existing page can be overwritten. */
	assert_int_equal(sys(__NR_ftruncate, fd, 1L << 40), 0);
	assert_int_equal(sys(__NR_pwrite64, fd, data, 1, 5), 1);
	/* The file is removed while it is open: its pages become free at the last close(). */
	assert_int_equal(sys(__NR_unlink, "/big"), 0);
	assert_int_equal(ramfs_usage().pages, usage.pages_max);
	assert_int_equal(sys(__NR_pread64, fd, data, 1, 5), 1);
	assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(ramfs_usage().pages, usage.pages);
}

/* A fallocate() that finds too little room, or too little memory, takes none of it.  Linux's tmpfs does the same. */
static void test_fallocate_takes_all_or_nothing(void **state)
{
	struct ramfs_usage usage = ramfs_usage();
	u64 room = usage.pages_max - usage.pages, free;
	struct page *held = NULL, *page;
	long fd = create("/big");

	assert_int_equal(sys(__NR_pwrite64, fd, "x", 1, PAGE_SIZE), 1);
	assert_int_equal(sys(__NR_fallocate, fd, 0, 0, (room + 1) * PAGE_SIZE), -ENOSPC);
	assert_int_equal(sys(__NR_fallocate, fd, 0, 0, INT64_MAX), -ENOSPC);
	assert_int_equal(ramfs_usage().pages, usage.pages + 1);
	assert_int_equal(size_of("/big"), PAGE_SIZE + 1);

	/*
	 * Take memory until fewer pages are free than the limit would still permit the file system
	 * to use.
	 */
	while (nr_free_pages() > room / 2 && (page = alloc_page(GFP_KERNEL))) {
		page->freelist = held;
		held = page;
	}
	free = nr_free_pages();
	assert_int_equal(sys(__NR_fallocate, fd, 0, 0, room * PAGE_SIZE), -ENOMEM);
	assert_int_equal(ramfs_usage().pages, usage.pages + 1);
	assert_int_equal(nr_free_pages(), free);
	while (held) {
		page = held;
		held = page->freelist;
		page->freelist = NULL;
		put_page(page);
	}

	assert_int_equal(sys(__NR_fallocate, fd, FALLOC_FL_KEEP_SIZE, 0, room * PAGE_SIZE), 0);
	assert_int_equal(ramfs_usage().pages, usage.pages_max);
	assert_int_equal(size_of("/big"), PAGE_SIZE + 1);
	assert_int_equal(sys(__NR_unlink, "/big"), 0);
	assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(ramfs_usage().pages, usage.pages);
}

/* LIMIT(RAMFS_INODES_PART) */
static void test_full_at_the_limit_of_inodes(void **state)
{
	struct ramfs_usage usage = ramfs_usage();
	u64 n, room = usage.inodes_max - usage.inodes;
	char path[32];

	assert_int_equal(usage.inodes_max, nr_total_pages() / RAMFS_INODES_PART);
	for (n = 0; n < room; n++) {
		snprintf(path, sizeof(path), "/%lu", n);
		assert_int_equal(sys(__NR_mkdir, path, 0700), 0);
	}
	assert_int_equal(sys(__NR_mkdir, "/one", 0700), -ENOSPC);
	assert_int_equal(create("/one"), -ENOSPC);
	assert_int_equal(sys(__NR_symlink, "target", "/one"), -ENOSPC);
	/* Each further name (hard link) of a file counts as an inode, as in Linux's tmpfs. */
	assert_int_equal(sys(__NR_rmdir, "/0"), 0);
	assert_int_equal(sys(__NR_close, create("/0")), 0);
	assert_int_equal(sys(__NR_link, "/0", "/one"), -ENOSPC);
	assert_int_equal(sys(__NR_rmdir, "/1"), 0);
	assert_int_equal(sys(__NR_link, "/0", "/1"), 0);
	assert_int_equal(ramfs_usage().inodes, usage.inodes_max);
	assert_int_equal(sys(__NR_unlink, "/0"), 0);
	assert_int_equal(ramfs_usage().inodes, usage.inodes_max - 1);
	assert_int_equal(sys(__NR_unlink, "/1"), 0);
	for (n = 2; n < room; n++) {
		snprintf(path, sizeof(path), "/%lu", n);
		assert_int_equal(sys(__NR_rmdir, path), 0);
	}
}

/* LIMIT(RAMFS_LINKS_MAX) */
static void test_names_of_one_file_at_the_limit(void **state)
{
	struct tree_inode *inode;
	struct file *file;

	assert_int_equal(sys(__NR_close, create("/file")), 0);
	file = filp_open("/file", O_RDONLY, 0);
	inode = file->f_dentry->d_inode;
	/* Set the link count, because so many names do not fit into the memory of this test. */
	inode->i_nlink = RAMFS_LINKS_MAX - 1;
	assert_int_equal(sys(__NR_link, "/file", "/last"), 0);
	assert_int_equal(sys(__NR_link, "/file", "/more"), -EMLINK);
	inode->i_nlink = 2;
	fput(file);
	assert_int_equal(sys(__NR_unlink, "/file"), 0);
	assert_int_equal(sys(__NR_unlink, "/last"), 0);
}

/* LIMIT(NAME_MAX) LIMIT(PATH_MAX) */
static void test_longest_name_and_path(void **state)
{
	static char path[PATH_MAX + 2], text[PATH_MAX];
	size_t n;

	memset(path, 'n', NAME_MAX);
	assert_int_equal(sys(__NR_mkdir, path, 0700), 0);
	assert_int_equal(sys(__NR_rmdir, path), 0);
	path[NAME_MAX] = 'n';
	assert_int_equal(sys(__NR_mkdir, path, 0700), -ENAMETOOLONG);
	/* A path of "./" repeated and a name, with PATH_MAX bytes including the NUL. */
	for (n = 0; n < PATH_MAX - 3; n += 2)
		memcpy(path + n, "./", 2);
	memcpy(path + n, "a", 2);
	assert_int_equal(strlen(path), PATH_MAX - 1);
	assert_int_equal(sys(__NR_mkdir, path, 0700), 0);
	assert_int_equal(sys(__NR_rmdir, path), 0);
	path[PATH_MAX - 1] = 'a';
	assert_int_equal(sys(__NR_mkdir, path, 0700), -ENAMETOOLONG);
	/* The target of a symbolic link and the rest of the path together must fit into PATH_MAX. */
	memset(text, '/', PATH_MAX - 1);
	text[PATH_MAX - 2] = '\0';
	assert_int_equal(sys(__NR_symlink, text, "/l"), 0);
	assert_int_equal(sys(__NR_access, "/l/", 0), 0);
	assert_int_equal(sys(__NR_access, "/l/.", 0), -ENAMETOOLONG);
	assert_int_equal(sys(__NR_unlink, "/l"), 0);
}

/* LIMIT(LINKS_FOLLOWED_MAX) */
static void test_links_followed_at_the_limit(void **state)
{
	char path[16] = "", target[16];

	assert_int_equal(sys(__NR_close, create("/l0")), 0);
	for (int i = 1; i <= LINKS_FOLLOWED_MAX + 1; i++) {
		snprintf(target, sizeof(target), "/l%d", i - 1);
		snprintf(path, sizeof(path), "/l%d", i);
		assert_int_equal(sys(__NR_symlink, target, path), 0);
	}
	assert_int_equal(sys(__NR_access, target, 0), 0);
	assert_int_equal(sys(__NR_access, path, 0), -ELOOP);
	for (int i = 0; i <= LINKS_FOLLOWED_MAX + 1; i++) {
		snprintf(path, sizeof(path), "/l%d", i);
		assert_int_equal(sys(__NR_unlink, path), 0);
	}
}

/* LIMIT(FILE_SIZE_MAX) */
static void test_largest_file(void **state)
{
	s64 max = FILE_SIZE_MAX;
	char buf[8] = "1234567";
	long fd = create("/file");

	assert_int_equal(sys(__NR_ftruncate, fd, max), 0);
	assert_true(size_of("/file") == FILE_SIZE_MAX);
	assert_true(sys(__NR_lseek, fd, 0, SEEK_END) == max);
	assert_int_equal(sys(__NR_write, fd, buf, 1), -EFBIG);
	assert_int_equal(sys(__NR_lseek, fd, 1, SEEK_CUR), -EINVAL);
	assert_int_equal(sys(__NR_pwrite64, fd, buf, 7, max - 3), 3);
	assert_int_equal(sys(__NR_pread64, fd, buf, 8, max - 4), 4);
	assert_memory_equal(buf,
			    "\0"
			    "123",
			    4);
	assert_true(sys(__NR_lseek, fd, 0, SEEK_DATA) == (max & ~(s64)(PAGE_SIZE - 1)));
	assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(sys(__NR_unlink, "/file"), 0);
}

/* LIMIT(GETDENTS_MAX) */
static void test_listing_in_pieces(void **state)
{
	static char buf[4 * GETDENTS_MAX];
	static bool seen[100];
	char path[300];
	long fd, n, last, calls = 0;

	memset(seen, 0, sizeof(seen));
	sys(__NR_mkdir, "/list", 0700);
	for (int i = 0; i < 100; i++) {
		snprintf(path, sizeof(path), "/list/%02d%0200d", i, i);
		assert_int_equal(sys(__NR_mkdir, path, 0700), 0);
	}
	fd = sys(__NR_open, "/list", O_RDONLY);
	assert_int_equal(sys(__NR_getdents64, fd, buf, 10), -EINVAL);
	/* Remove each entry after it was listed.  Each of the other entries must still be listed
	 * once. */
	for (; (n = sys(__NR_getdents64, fd, buf, sizeof(buf))) > 0; calls++) {
		assert_in_range(n, 1, GETDENTS_MAX);
		for (long at = 0; at < n; at += *(u16 *)(buf + at + 16)) {
			const char *name = buf + at + 19;
			int i = (name[0] - '0') * 10 + name[1] - '0';

			if (*name == '.')
				continue;
			assert_false(seen[i]);
			seen[i] = true;
			snprintf(path, sizeof(path), "/list/%s", name);
			assert_int_equal(sys(__NR_rmdir, path), 0);
		}
	}
	assert_int_equal(n, 0);
	assert_true(calls > 5);
	for (int i = 0; i < 100; i++)
		assert_true(seen[i]);
	last = sys(__NR_lseek, fd, 0, SEEK_CUR);
	assert_int_equal(sys(__NR_lseek, fd, last, SEEK_SET), last);
	assert_int_equal(sys(__NR_rmdir, "/list"), 0);
	assert_int_equal(sys(__NR_lseek, fd, 0, SEEK_SET), 0);
	assert_int_equal(sys(__NR_getdents64, fd, buf, sizeof(buf)), -ENOENT);
	assert_int_equal(sys(__NR_close, fd), 0);
}

/* ---- memory that runs out ---------------------------------------------------------------------- */

static void forget(void)
{
	sys(__NR_unlink, "/m/new");
	sys(__NR_unlink, "/m/link");
	sys(__NR_unlink, "/m/file");
	sys(__NR_unlink, "/m/other");
	sys(__NR_rmdir, "/m/dir");
	sys(__NR_rmdir, "/m");
}

/*
 * Repeats a sequence of calls.  In repetition n, the first n allocations succeed and all later ones
 * fail.  At the end nothing may have leaked.
 */
static void test_each_allocation_fails(void **state)
{
	static char data[3 * PAGE_SIZE];
	bool failed = true;

	for (long n = 0; failed; n++) {
		struct page *page = NULL;
		struct file *file;
		long res[11], fd;

		unit_fail_after(n);
		res[0] = sys(__NR_mkdir, "/m", 0700);
		res[1] = fd = create("/m/file");
		res[2] = sys(__NR_pwrite64, fd, data, sizeof(data), 100 * PAGE_SIZE);
		res[3] = sys(__NR_symlink, "file", "/m/link");
		res[4] = sys(__NR_link, "/m/file", "/m/other");
		res[5] = sys(__NR_rename, "/m/link", "/m/new");
		res[6] = sys(__NR_mkdir, "/m/dir", 0700);
		res[7] = sys(__NR_access, "/m/new", 0);
		res[8] = sys(__NR_chdir, "/m/dir/../dir");
		res[9] = sys(__NR_getcwd, data, sizeof(data));
		file = filp_open("/m/file", O_RDWR, 0);
		if (!IS_ERR(file) && !file->f_op->mmap_page(file, 3, &page))
			put_page(page);
		res[10] = IS_ERR(file) ? PTR_ERR(file) : 0;
		unit_fail_after(-1);
		if (!IS_ERR(file))
			fput(file);
		failed = false;
		for (unsigned int i = 0; i < ARRAY_SIZE(res); i++)
			failed |= res[i] == -ENOMEM || res[i] == -ENFILE;
		/* Check the results only if no allocation failed: after a failure, other calls fail, too,
		 * because the names that they need are missing. */
		for (unsigned int i = 0; i < ARRAY_SIZE(res) && !failed; i++)
			assert_true(res[i] >= 0);
		sys(__NR_chdir, "/");
		sys(__NR_close, fd);
		forget();
		assert_int_equal(ramfs_usage().pages, usage_before.pages);
		assert_int_equal(ramfs_usage().inodes, usage_before.inodes);
		assert_true(!failed || n < 1000);
		if (!failed)
			assert_true(n > 20);
	}
}

/* ---- pages for mappings ------------------------------------------------------------------------ */

static void test_pages_of_a_mapping(void **state)
{
	long fd = create("/file");
	struct file *file = fget(fd);
	struct page *page, *again;
	char buf[16];

	assert_int_equal(file->f_op->mmap_page(file, 0, &page), -EFAULT);
	assert_int_equal(sys(__NR_pwrite64, fd, "hello", 5, PAGE_SIZE), 5);
	assert_int_equal(file->f_op->mmap_page(file, 2, &page), -EFAULT);
	assert_int_equal(file->f_op->mmap_page(file, 1, &page), 0);
	assert_memory_equal(page_address(page), "hello\0\0\0", 8);
	/* A shared mapping and the file share one page. */
	memcpy(page_address(page), "HE", 2);
	assert_int_equal(sys(__NR_pread64, fd, buf, 16, PAGE_SIZE), 5);
	assert_memory_equal(buf, "HEllo", 5);
	assert_int_equal(sys(__NR_pwrite64, fd, "X", 1, PAGE_SIZE + 4), 1);
	assert_memory_equal(page_address(page), "HEllX", 5);
	/* A mapping of a hole allocates a page, which read() and further mappings use, too. */
	assert_int_equal(file->f_op->mmap_page(file, 0, &again), 0);
	memcpy((char *)page_address(again) + 7, "hole", 4);
	assert_int_equal(sys(__NR_pread64, fd, buf, 4, 7), 4);
	assert_memory_equal(buf, "hole", 4);
	put_page(again);
	assert_int_equal(file->f_op->mmap_page(file, 0, &again), 0);
	put_page(again);
	/* ftruncate() clears the bytes behind the new end, also those that a mapping wrote. */
	assert_int_equal(sys(__NR_ftruncate, fd, PAGE_SIZE + 2), 0);
	assert_memory_equal(page_address(page), "HE\0\0\0", 5);
	/* A page behind the new end no longer belongs to the file, but remains allocated for its mapping. */
	assert_int_equal(sys(__NR_ftruncate, fd, 0), 0);
	assert_int_equal(file->f_op->mmap_page(file, 1, &again), -EFAULT);
	assert_int_equal(page_count(page), 1);
	put_page(page);
	fput(file);
	assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(sys(__NR_unlink, "/file"), 0);
}

static void test_reads_of_the_kernel(void **state)
{
	long fd = create("/file");
	char buf[100];
	struct file *file;

	assert_int_equal(sys(__NR_pwrite64, fd, "abcdef", 6, PAGE_SIZE - 3), 6);
	sys(__NR_close, fd);
	file = filp_open("/file", O_RDONLY, 0);
	assert_int_equal(kernel_read(file, buf, 100, PAGE_SIZE - 4), 7);
	assert_memory_equal(buf, "\0abcdef", 7);
	assert_int_equal(kernel_read(file, buf, 2, PAGE_SIZE + 1), 2);
	assert_int_equal(kernel_read(file, buf, 2, 1L << 50), 0);
	fput(file);
	assert_true(filp_open("/none", O_RDONLY, 0) == ERR_PTR(-ENOENT));
	assert_int_equal(sys(__NR_unlink, "/file"), 0);
}

/* ---- /dev and /proc ---------------------------------------------------------------------------- */

static void test_devices(void **state)
{
	static char buf[1000], zeros[1000];
	struct stat st;
	long fd;

	fd = sys(__NR_open, "/dev/null", O_RDWR);
	assert_int_equal(sys(__NR_read, fd, buf, 10), 0);
	assert_int_equal(sys(__NR_write, fd, buf, 10), 10);
	assert_int_equal(sys(__NR_lseek, fd, 10, SEEK_END), 0);
	assert_int_equal(sys(__NR_ftruncate, fd, 10), -EINVAL);
	sys(__NR_close, fd);
	fd = sys(__NR_open, "/dev/zero", O_RDWR);
	memset(buf, 1, sizeof(buf));
	assert_int_equal(sys(__NR_read, fd, buf, sizeof(buf)), sizeof(buf));
	assert_memory_equal(buf, zeros, sizeof(buf));
	sys(__NR_close, fd);
	fd = sys(__NR_open, "/dev/full", O_RDWR);
	assert_int_equal(sys(__NR_read, fd, buf, 10), 10);
	assert_int_equal(sys(__NR_write, fd, buf, 10), -ENOSPC);
	sys(__NR_close, fd);
	fd = sys(__NR_open, "/dev/urandom", O_RDWR | O_TRUNC | O_CREAT);
	assert_int_equal(sys(__NR_read, fd, buf, sizeof(buf)), sizeof(buf));
	assert_true(memcmp(buf, buf + 500, 500));
	assert_int_equal(sys(__NR_write, fd, "seed", 4), 4);
	assert_int_equal(sys(__NR_fstat, fd, &st), 0);
	assert_int_equal(st.st_mode, S_IFCHR | 0666);
	assert_int_equal(st.st_rdev, 0x109);
	sys(__NR_close, fd);
	/* The number of a node decides which device it is, not the node's name. */
	assert_int_equal(sys(__NR_mknod, "/dev/mine", S_IFCHR | 0600, 0x103), 0);
	fd = sys(__NR_open, "/dev/mine", O_WRONLY);
	assert_int_equal(sys(__NR_write, fd, buf, 10), 10);
	sys(__NR_close, fd);
	assert_int_equal(sys(__NR_unlink, "/dev/mine"), 0);
	assert_int_equal(sys(__NR_mknod, "/dev/mine", S_IFCHR | 0600, 0x5555), 0);
	assert_int_equal(sys(__NR_open, "/dev/mine", O_WRONLY), -ENXIO);
	assert_int_equal(sys(__NR_unlink, "/dev/mine"), 0);
	assert_int_equal(sys(__NR_mknod, "/pipe", S_IFIFO | 0600, 0), -EPERM);
	assert_int_equal(sys(__NR_stat, "/tmp", &st), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 01777);
}

/* Lists the directory @path: writes the names to @names, with blanks around each. */
static void names_in(const char *path, char *names, size_t size)
{
	static char buf[2000];
	long fd = sys(__NR_open, path, O_RDONLY | O_DIRECTORY), n;
	size_t used = scnprintf(names, size, " ");

	assert_true(fd >= 0);
	while ((n = sys(__NR_getdents64, fd, buf, 100)) > 0)
		for (long at = 0; at < n; at += *(u16 *)(buf + at + 16))
			used += scnprintf(names + used, size - used, "%s ", buf + at + 19);
	assert_int_equal(n, 0);
	sys(__NR_close, fd);
}

static int show_number(struct seq_file *m)
{
	seq_printf(m, "number %u\n", m->number);
	return 0;
}

static s64 even_below_10(u32 from)
{
	from += from % 2;
	return from < 10 ? (s64)from : -1;
}

static void test_proc_listings(void **state)
{
	static char names[4000], text[100];
	long fd;

	names_in("/proc", names, sizeof(names));
	assert_non_null(strstr(names, " . .. "));
	assert_non_null(strstr(names, " self 1 "));
	assert_non_null(strstr(names, " meminfo "));
	assert_non_null(strstr(names, " sys "));
	names_in("/proc/self", names, sizeof(names));
	assert_non_null(strstr(names, " fd "));
	assert_non_null(strstr(names, " cwd "));
	assert_non_null(strstr(names, " task "));
	assert_int_equal(sys(__NR_readlink, "/proc/self", text, 100), 1);
	assert_memory_equal(text, "1", 1);
	/* The task numbers in the listing come from the next() function of the /proc entry. */
	names_in("/proc/1/task", names, sizeof(names));
	assert_string_equal(names, " . .. 0 2 4 6 8 ");
	names_in("/proc/self/task/4", names, sizeof(names));
	assert_string_equal(names, " . .. comm stat ");
	fd = sys(__NR_open, "/proc/self/task/4/stat", O_RDONLY);
	assert_int_equal(sys(__NR_read, fd, text, 100), 9);
	assert_memory_equal(text, "number 4\n", 9);
	sys(__NR_close, fd);
	assert_int_equal(sys(__NR_access, "/proc/self/task/5/stat", 0), -ENOENT);
	assert_int_equal(sys(__NR_access, "/proc/self/task/04/stat", 0), -ENOENT);
	assert_int_equal(sys(__NR_access, "/proc/self/task/#/stat", 0), -ENOENT);
	assert_int_equal(sys(__NR_access, "/proc/2", 0), -ENOENT);
	/* Nothing in /proc can be created, removed or renamed. */
	assert_int_equal(create("/proc/new"), -ENOENT);
	assert_int_equal(sys(__NR_mkdir, "/proc/new", 0700), -ENOENT);
	assert_int_equal(sys(__NR_mkdir, "/proc/self", 0700), -EEXIST);
	assert_int_equal(sys(__NR_unlink, "/proc/meminfo"), -EPERM);
	assert_int_equal(sys(__NR_rmdir, "/proc"), -EBUSY);
	assert_int_equal(sys(__NR_rename, "/proc", "/new"), -EBUSY);
	assert_int_equal(sys(__NR_rename, "/proc/meminfo", "/new"), -EXDEV);
	assert_int_equal(sys(__NR_link, "/proc/meminfo", "/new"), -EXDEV);
	assert_int_equal(sys(__NR_truncate, "/proc/meminfo", 0), -EPERM);
}

static void test_proc_of_descriptors(void **state)
{
	static char names[200], text[200];
	long fd = create("/file"), dir, other;

	sys(__NR_mkdir, "/dir", 0700);
	dir = sys(__NR_open, "/dir", O_PATH);
	assert_int_equal(sys(__NR_dup2, fd, 17), 17);
	names_in("/proc/self/fd", names, sizeof(names));
	assert_string_equal(names, " . .. 0 1 2 17 "); /* 2: the directory that is being read */
	assert_int_equal(sys(__NR_readlink, "/proc/self/fd/17", text, 200), 5);
	assert_memory_equal(text, "/file", 5);
	assert_int_equal(sys(__NR_write, fd, "abc", 3), 3);
	other = sys(__NR_open, "/dev/fd/0", O_RDONLY);
	assert_int_equal(sys(__NR_read, other, text, 200), 3);
	sys(__NR_close, other);
	assert_int_equal(sys(__NR_rename, "/file", "/dir/moved"), 0);
	assert_int_equal(sys(__NR_readlink, "/proc/self/fd/0", text, 200), 10);
	assert_memory_equal(text, "/dir/moved", 10);
	assert_int_equal(sys(__NR_chdir, "/dir"), 0);
	assert_int_equal(sys(__NR_readlink, "/proc/self/cwd", text, 200), 4);
	assert_int_equal(sys(__NR_unlink, "moved"), 0);
	assert_int_equal(sys(__NR_rmdir, "/dir"), 0);
	assert_int_equal(sys(__NR_getcwd, text, 200), -ENOENT);
	assert_int_equal(sys(__NR_readlink, "/proc/self/cwd", text, 200), 14);
	assert_memory_equal(text, "/dir (deleted)", 14);
	assert_int_equal(create("new"), -ENOENT);
	assert_int_equal(sys(__NR_chdir, ".."), 0);
	assert_int_equal(sys(__NR_getcwd, text, 200), 2);
	for (int i = 0; i < 20; i++)
		sys(__NR_close, i);
	assert_true(dir > 0);
}

/* ---- before and after each test ---------------------------------------------------------------- */

static int before_each(void **state)
{
	current->files = files_alloc();
	objects_before = unit_objects();
	free_before = pages_left();
	usage_before = ramfs_usage();
	return 0;
}

static int after_each(void **state)
{
	struct ramfs_usage usage = ramfs_usage();

	assert_int_equal(usage.pages, usage_before.pages);
	assert_int_equal(usage.inodes, usage_before.inodes);
	assert_int_equal(unit_objects(), objects_before);
	assert_int_equal(pages_left(), free_before);
	files_free(current->files);
	current->files = NULL;
	if (warn_count)
		print_error("%s", unit_console());
	assert_int_equal(warn_count, 0);
	return 0;
}

static int setup(void **state)
{
	static const struct proc_entry entries[] = {
		{.path = "sys/vm/overcommit_memory", .show = show_number},
		{.path = "self/task/#/comm", .show = show_number, .next = even_below_10},
		{.path = "self/task/#/stat", .show = show_number, .next = even_below_10},
	};

	unit_memory(16384, true);
	timers_init();
	random_init();
	files_init();
	proc_init();
	proc_register(entries, ARRAY_SIZE(entries));
	devices_init();
	return 0;
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_full_at_the_limit_of_pages),
		each(test_fallocate_takes_all_or_nothing),
		each(test_full_at_the_limit_of_inodes),
		each(test_names_of_one_file_at_the_limit),
		each(test_longest_name_and_path),
		each(test_links_followed_at_the_limit),
		each(test_largest_file),
		each(test_listing_in_pieces),
		each(test_each_allocation_fails),
		each(test_pages_of_a_mapping),
		each(test_reads_of_the_kernel),
		each(test_devices),
		each(test_proc_listings),
		each(test_proc_of_descriptors),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
