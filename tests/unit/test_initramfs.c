/* SPDX-License-Identifier: MIT */
/*
 * The initrd: the kernel makes files from cpio archives, among them one of GNU cpio, reports damaged
 * archives, and loses no page.
 */
#include "tests/unit/unit_hal.h"

#include "boot/boot_info.h"
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/stat.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/devices.h"
#include "kernel/fs/file.h"
#include "kernel/fs/initramfs.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/timer.h"

/* Declared here, because the header of the host's libc would declare the kernel's structs a second
 * time. */
int system(const char *command);

#define sys(nr, ...) sys_6(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_6(nr, a, b, c, d, e, f, ...)                                                           \
	kernel_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define host(nr, a, b, c) host_call(nr, (long)(a), (long)(b), (long)(c))

#define MEMORY_KIB  65536
#define INITRDS_KIB 32768
#define TREE        "/tmp/softnet.test_initramfs"

static long host_call(long nr, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return ret;
}

/* ---- archives --------------------------------------------------------------------------------- */

static char archive[1 << 20];
static size_t archive_size;
static size_t next_initrd; /* bytes of the range for initrds that tests have used */

static void pad(size_t to)
{
	while (archive_size % to)
		archive[archive_size++] = '\0';
}

struct made {
	const char *name;
	u32 mode;
	const char *data;
	size_t size;
	u32 ino, nlink, rdev;
	size_t align; /* alignment of the data in the archive: NULs behind the name fill the gap */
};

static void add(const struct made *e)
{
	size_t name_size = strlen(e->name) + 1;

	if (e->align)
		while ((archive_size + 110 + name_size) % e->align)
			name_size++;
	archive_size +=
		snprintf(archive + archive_size, 111,
			 "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", e->ino,
			 e->mode, 3, 4, e->nlink ? e->nlink : 1, 1000000000, (u32)e->size, 0, 0,
			 e->rdev >> 8, e->rdev & 255, (u32)name_size, 0);
	memset(archive + archive_size, 0, name_size);
	memcpy(archive + archive_size, e->name, strlen(e->name));
	archive_size += name_size;
	pad(4);
	if (e->data)
		memcpy(archive + archive_size, e->data, e->size);
	else
		memset(archive + archive_size, 'd', e->size);
	archive_size += e->size;
	pad(4);
}

static void add_trailer(void)
{
	add(&(struct made){"TRAILER!!!", 0});
}

/* Unpacks the archive, which begins @skew bytes behind the beginning of a page. */
static const char *unpack(size_t skew)
{
	static struct boot_info boot;
	size_t offset = (MEMORY_KIB - INITRDS_KIB) * 1024UL + next_initrd + skew;

	/* Poison the memory behind the archive, so that the sanitizer reports a read of it. */
	hal_unpoison(unit_arena() + offset, archive_size);
	memcpy(unit_arena() + offset, archive, archive_size);
	hal_poison(unit_arena() + offset + archive_size,
		   MEMORY_KIB * 1024UL - offset - archive_size);
	boot.initrd = UNIT_PHYS + offset;
	boot.initrd_size = archive_size;
	next_initrd += (skew + archive_size + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	assert_in_range(next_initrd, 0, INITRDS_KIB * 1024);
	unit_console_clear();
	initramfs_init(&boot);
	return unit_console();
}

static void read_file(const char *path, char *buf, size_t size)
{
	long fd = sys(__NR_open, path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(sys(__NR_read, fd, buf, size), size);
	assert_int_equal(sys(__NR_read, fd, buf, 1), 0);
	sys(__NR_close, fd);
}

static void assert_stat(const char *path, u32 mode, u64 nlink, u64 size)
{
	struct stat st;

	assert_int_equal(sys(__NR_lstat, path, &st), 0);
	assert_int_equal(st.st_mode, mode);
	assert_int_equal(st.st_nlink, nlink);
	if ((mode & S_IFMT) != S_IFDIR)
		assert_int_equal(st.st_size, size);
}

/* ---- valid archives --------------------------------------------------------------------------- */

static void test_each_kind(void **state)
{
	static char big[3 * PAGE_SIZE + 5], got[sizeof(big)];
	char text[32];
	struct stat st;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i * 7 + i / PAGE_SIZE;
	add(&(struct made){"dir", S_IFDIR | 0750});
	add(&(struct made){"dir/file", S_IFREG | 04640, "content", 7});
	add(&(struct made){"./dir/link", S_IFLNK | 0777, "file", 4});
	add(&(struct made){"/absolute", S_IFREG | 0600, "x", 1});
	add(&(struct made){"not/there/yet", S_IFREG | 0600});
	add(&(struct made){"mapped", S_IFREG | 0755, big, sizeof(big), .align = PAGE_SIZE});
	add(&(struct made){"copied", S_IFREG | 0755, big, sizeof(big)});
	add(&(struct made){"null", S_IFCHR | 0666, .rdev = 0x103});
	add(&(struct made){"one", S_IFREG | 0600, .ino = 9, .nlink = 3});
	add(&(struct made){"two", S_IFREG | 0600, .ino = 9, .nlink = 3});
	add(&(struct made){"three", S_IFREG | 0600, "data of three", 13, .ino = 9, .nlink = 3});
	add_trailer();
	pad(512);
	/* A second archive, in which another file has the inode number 9. */
	add(&(struct made){"other", S_IFREG | 0600, "o", 1, .ino = 9, .nlink = 2});
	add(&(struct made){"copied", S_IFREG | 0600, "new", 3});
	add_trailer();
	assert_null(strstr(unpack(0), "left out"));

	assert_stat("/dir", S_IFDIR | 0750, 2, 0);
	assert_stat("/dir/file", S_IFREG | 04640, 1, 7);
	read_file("/dir/link", text, 7);
	assert_memory_equal(text, "content", 7);
	assert_stat("/absolute", S_IFREG | 0600, 1, 1);
	assert_stat("/not/there", S_IFDIR | 0755, 2, 0);
	assert_stat("/not/there/yet", S_IFREG | 0600, 1, 0);
	read_file("/mapped", got, sizeof(got));
	assert_memory_equal(got, big, sizeof(big));
	read_file("/copied", got, 3);
	assert_memory_equal(got, "new", 3);
	assert_stat("/three", S_IFREG | 0600, 3, 13);
	read_file("/one", text, 13);
	assert_memory_equal(text, "data of three", 13);
	assert_stat("/other", S_IFREG | 0600, 1, 1);
	assert_stat("/null", S_IFCHR | 0666, 1, 0);
	assert_int_equal(sys(__NR_stat, "/dir/file", &st), 0);
	assert_int_equal(st.st_uid, 3);
	assert_int_equal(st.st_gid, 4);
	assert_int_equal(st.st_times[2], 1000000000);
	sys(__NR_stat, "/null", &st);
	assert_int_equal(st.st_rdev, 0x103);
	/* In the archive the next header follows the file's data.  The rest of the file's last page must
	 * nevertheless be zero. */
	sys(__NR_truncate, "/mapped", 4 * PAGE_SIZE);
	{
		long fd = sys(__NR_open, "/mapped", O_RDONLY);

		assert_int_equal(sys(__NR_pread64, fd, text, 8, sizeof(big)), 8);
		assert_memory_equal(text, "\0\0\0\0\0\0\0\0", 8);
		sys(__NR_close, fd);
	}
}

/* The kernel uses aligned whole pages of a file in place; only the other pages of the archive
 * become free. */
static void test_aligned_data_is_not_copied(void **state)
{
	u64 total = nr_total_pages(), used = ramfs_usage().pages, free;
	const char *data;

	add(&(struct made){"aligned", S_IFREG | 0755, NULL, 20 * PAGE_SIZE, .align = PAGE_SIZE});
	add_trailer();
	free = nr_free_pages();
	unpack(0);
	assert_int_equal(ramfs_usage().pages - used, 20);
	assert_int_equal(nr_total_pages() - total, 22);
	assert_in_range(nr_free_pages() + 1, free, free + 3); /* an inode's slab may take a page */
	/* The file's page is a page of the archive in memory. */
	data = unit_arena() + (MEMORY_KIB - INITRDS_KIB) * 1024UL + next_initrd - 21 * PAGE_SIZE;
	assert_memory_equal(data, "dddd", 4);
	{
		struct file *file = filp_open("/aligned", O_RDONLY, 0);
		struct page *page;

		assert_int_equal(file->f_op->mmap_page(file, 0, &page), 0);
		assert_ptr_equal(page_address(page), data);
		put_page(page);
		fput(file);
	}
	free = nr_free_pages();
	assert_int_equal(sys(__NR_unlink, "/aligned"), 0);
	assert_int_equal(nr_free_pages(), free + 20);
}

static void test_begins_anywhere_in_a_page(void **state)
{
	char got[20];

	for (size_t skew = 4; skew < PAGE_SIZE; skew += 1000) {
		u64 total = nr_total_pages(), pages;

		archive_size = 0;
		add(&(struct made){"file", S_IFREG | 0755, "twenty bytes of data", 20,
				   .align = PAGE_SIZE});
		add_trailer();
		pages = (skew + archive_size + PAGE_SIZE - 1) / PAGE_SIZE;
		unpack(skew);
		read_file("/file", got, 20);
		assert_memory_equal(got, "twenty bytes of data", 20);
		assert_int_equal(nr_total_pages() - total, pages);
	}
}

/* GNU cpio packs a tree of the host; the unpacked files have the same kinds, modes, links and
 * bytes. */
static void test_archive_of_gnu_cpio(void **state)
{
	char text[16];
	long fd;

	assert_int_equal(
		system("rm -rf " TREE " && mkdir -p " TREE "/in/a/b && cd " TREE "/in && "
		       "echo hello >a/hello && ln a/hello a/b/again && ln -s ../hello a/b/l && "
		       "head -c 100000 /dev/zero | tr '\\0' z >big && chmod 4711 big && "
		       "find . | LC_ALL=C sort | cpio -o -H newc --quiet >../out.cpio"),
		0);
	fd = host(__NR_open, TREE "/out.cpio", O_RDONLY, 0);
	archive_size = host(__NR_read, fd, archive, sizeof(archive));
	host(__NR_close, fd, 0, 0);
	assert_in_range(archive_size, 100000, sizeof(archive) - 1);
	assert_null(strstr(unpack(0), "left out"));
	assert_stat("/a/hello", S_IFREG | 0644, 2, 6);
	read_file("/a/b/again", text, 6);
	assert_memory_equal(text, "hello\n", 6);
	read_file("/a/b/l", text, 6);
	assert_stat("/big", S_IFREG | 04711, 1, 100000);
	system("rm -rf " TREE);
}

/* ---- invalid archives ------------------------------------------------------------------------- */

static void test_names_that_are_left_out(void **state)
{
	const char *log;

	add(&(struct made){"../outside", S_IFREG | 0600, "x", 1});
	add(&(struct made){"a/../../b", S_IFREG | 0600, "x", 1});
	add(&(struct made){"..", S_IFDIR | 0600});
	add(&(struct made){"proc", S_IFDIR | 0755});
	add(&(struct made){"proc/meminfo", S_IFREG | 0600, "x", 1});
	add(&(struct made){"proc/new", S_IFREG | 0600, "x", 1});
	add(&(struct made){"pipe", S_IFIFO | 0600});
	add(&(struct made){"dir/in", S_IFREG | 0600});
	add(&(struct made){"dir", S_IFREG | 0600, "x", 1});
	add(&(struct made){"dir/in/deeper", S_IFREG | 0600});
	add(&(struct made){"nolink", S_IFLNK | 0777});
	add(&(struct made){"..fine..", S_IFREG | 0600, "x", 1});
	add_trailer();
	log = unpack(0);
	assert_non_null(strstr(log, "../outside: left out: its name has a \"..\""));
	assert_non_null(strstr(log, "a/../../b: left out"));
	assert_non_null(strstr(log, "pipe: left out: a pipe"));
	assert_non_null(strstr(log, "/dir: a directory with this name is in use"));
	/* LIMIT(INITRD_REPORTS_MAX): the log names eight entries that are left out; it only counts the ninth. */
	assert_non_null(strstr(log, "/dir/in/deeper: a part of its path is no directory"));
	assert_null(strstr(log, "nolink"));
	assert_non_null(strstr(log, "1 more entries were left out"));
	assert_stat("/..fine..", S_IFREG | 0600, 1, 1);
	assert_int_equal(sys(__NR_access, "/outside", 0), -ENOENT);
	assert_int_equal(sys(__NR_access, "/b", 0), -ENOENT);
}

static void test_compressed(void **state)
{
	memcpy(archive, "\x1f\x8b\x08 gzip", 8);
	archive_size = 1000;
	assert_non_null(strstr(unpack(0), "compressed (gzip)"));
	memcpy(archive, "\x28\xb5\x2f\xfd zstd", 9);
	archive_size = 9;
	assert_non_null(strstr(unpack(0), "compressed (zstd)"));
}

/* LIMIT(CPIO_NAME_MAX) */
static void test_longest_name_of_an_archive(void **state)
{
	add(&(struct made){"long", S_IFREG | 0600, "x", 1, .align = 2 * PAGE_SIZE});
	add_trailer();
	assert_null(strstr(unpack(0), "left out"));
	assert_stat("/long", S_IFREG | 0600, 1, 1);
	archive_size = 0;
	add(&(struct made){"longer", S_IFREG | 0600, "x", 1, .align = 4 * PAGE_SIZE});
	add_trailer();
	assert_non_null(strstr(unpack(0), "byte 0: a name that is empty or too long"));
	assert_int_equal(sys(__NR_access, "/longer", 0), -ENOENT);
}

static void test_trailing_garbage(void **state)
{
	add(&(struct made){"before", S_IFREG | 0600, "x", 1});
	add_trailer();
	memcpy(archive + archive_size, "garbage", 7);
	archive_size += 7;
	assert_non_null(strstr(unpack(0), "cut in a header: the rest is left out"));
	assert_stat("/before", S_IFREG | 0600, 1, 1);
}

/*
 * Archives that are cut at a random byte or have random bytes in them: the kernel reads no byte behind
 * them, and each of their pages becomes free or belongs to a file.
 */
static void test_damaged(void **state)
{
	for (unsigned int i = 0; i < 1500; i++) {
		u64 total = nr_total_pages(), pages;

		archive_size = 0;
		add(&(struct made){"damaged", S_IFDIR | 0700});
		add(&(struct made){"damaged/file", S_IFREG | 0600, NULL, 5000,
				   .align = i % 2 ? 0 : PAGE_SIZE});
		add(&(struct made){"damaged/link", S_IFLNK | 0777, "file", 4});
		add(&(struct made){"damaged/hard", S_IFREG | 0600, "x", 1, .ino = 5, .nlink = 2});
		add(&(struct made){"damaged/hard2", S_IFREG | 0600, .ino = 5, .nlink = 2});
		add_trailer();
		for (unsigned int n = unit_random() % 8; n > 0; n--) {
			static const char bytes[] = "0123456789abcdefF/.\0\xff";
			size_t at = unit_random() % archive_size;

			/*
			 * Move most changes to the first headers: the archive is mostly data, whose
			 * bytes have no effect.
			 */
			if (at > 250 && at < archive_size - 600 && unit_random() % 4)
				at = unit_random() % 250;
			archive[at] = bytes[unit_random() % sizeof(bytes)];
		}
		if (unit_random() % 3 == 0)
			archive_size = 1 + unit_random() % archive_size;
		pages = (archive_size + PAGE_SIZE - 1) / PAGE_SIZE;
		unpack(0);
		assert_int_equal(nr_total_pages() - total, pages);
		if (i % 10 == 9)
			sys(__NR_unlink, "/damaged/file");
	}
}

/* ---- before and after each test --------------------------------------------------------------- */

static int before_each(void **state)
{
	archive_size = 0;
	memset(archive, 0, sizeof(archive));
	current->files = files_alloc();
	return 0;
}

static int after_each(void **state)
{
	files_free(current->files);
	current->files = NULL;
	assert_int_equal(warn_count, 0);
	return 0;
}

static int setup(void **state)
{
	unit_memory_with_initrd(MEMORY_KIB, INITRDS_KIB);
	printk_init();
	timers_init();
	random_init();
	files_init();
	proc_init();
	return 0;
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_each_kind),
		each(test_aligned_data_is_not_copied),
		each(test_begins_anywhere_in_a_page),
		each(test_archive_of_gnu_cpio),
		each(test_names_that_are_left_out),
		each(test_compressed),
		each(test_longest_name_of_an_archive),
		each(test_trailing_garbage),
		each(test_damaged),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
