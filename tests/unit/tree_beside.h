/* SPDX-License-Identifier: MIT */
/*
 * Makes each call on files twice: in the kernel under test, and on the host's own Linux in a directory of a
 * tmpfs (/dev/shm).  Both calls must return the same number and the same bytes.
 */
#ifndef TESTS_UNIT_TREE_BESIDE_H
#define TESTS_UNIT_TREE_BESIDE_H

#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/stat.h"
#include "include/uapi/statfs.h"
#include "include/uapi/time.h"
#include "include/uapi/uio.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/devices.h"
#include "kernel/fs/file.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/timer.h"

/* Declared here, because the headers of the host's libc would declare the kernel's structs a second
 * time. */
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));
int system(const char *command);
int puts(const char *text);

/* Each test program has its own directory, because the programs run at the same time. */
#define HOST_TREE "/dev/shm/softnet." TREE_NAME

/* Makes a system call of the host's Linux, without libc: in this program `errno` is the
 * kernel's. */
static inline long host(long nr, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = 0;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static const char *about = ""; /* the path of the call, for the message of a failure */
static bool host_is_root;

static inline long same(long nr, long ours, long hosts)
{
	if (ours != hosts)
		fail_msg("call %ld (%s): %ld here, %ld on the host", nr, about, ours, hosts);
	return ours;
}

static inline long both_5(long nr, long a, long b, long c, long d, long e, ...)
{
	return same(nr, kernel_syscall(nr, a, b, c, d, e, 0), host(nr, a, b, c, d, e));
}
#define both(nr, ...) both_casts(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0)
#define both_casts(nr, a, b, c, d, e, ...)                                                         \
	both_5(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

/* A descriptor of the kernel under test, and the host's descriptor of the same path. */
struct pair {
	int ours, hosts;
};
static const struct pair cwd = {AT_FDCWD, AT_FDCWD};

static inline long on(long nr, struct pair fd, long b, long c, long d)
{
	return same(nr, kernel_syscall(nr, fd.ours, b, c, d, 0, 0), host(nr, fd.hosts, b, c, d, 0));
}

/* Opens @path on both sides.  Returns 0, with the descriptors in *@fd, or the negative errno. */
static inline long open_both(struct pair at, const char *path, unsigned int flags,
			     unsigned int mode, struct pair *fd)
{
	about = path;
	fd->ours = kernel_syscall(__NR_openat, at.ours, (long)path, flags, mode, 0, 0);
	fd->hosts = host(__NR_openat, at.hosts, (long)path, flags, mode, 0);
	return same(__NR_openat, fd->ours < 0 ? fd->ours : 0, fd->hosts < 0 ? fd->hosts : 0);
}

static inline void close_both(struct pair fd)
{
	kernel_syscall(__NR_close, fd.ours, 0, 0, 0, 0, 0);
	host(__NR_close, fd.hosts, 0, 0, 0, 0);
}

static inline void same_stat(const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode || a->st_nlink != b->st_nlink || a->st_size != b->st_size ||
	    a->st_blocks != b->st_blocks || a->st_rdev != b->st_rdev)
		fail_msg("%s: mode %o links %lu size %ld blocks %ld here, %o %lu %ld %ld on the "
			 "host",
			 about, a->st_mode, a->st_nlink, a->st_size, a->st_blocks, b->st_mode,
			 b->st_nlink, b->st_size, b->st_blocks);
}

static inline long stat_both(struct pair at, const char *path, unsigned int flags)
{
	struct stat ours, hosts;
	long err;

	about = path;
	err = same(__NR_newfstatat,
		   kernel_syscall(__NR_newfstatat, at.ours, (long)path, (long)&ours, flags, 0, 0),
		   host(__NR_newfstatat, at.hosts, (long)path, (long)&hosts, flags, 0));
	if (!err)
		same_stat(&ours, &hosts);
	return err;
}

/* ---- directories ------------------------------------------------------------------------------ */

#define NAMES_MAX 64
struct listing {
	unsigned int n;
	struct {
		char name[NAME_MAX + 1];
		unsigned char type;
	} entry[NAMES_MAX];
};

static inline int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static inline void list(bool ours, int fd, struct listing *listing)
{
	static char buf[700];
	long n;

	listing->n = 0;
	for (;;) {
		n = ours ? kernel_syscall(__NR_getdents64, fd, (long)buf, sizeof(buf), 0, 0, 0)
			 : host(__NR_getdents64, fd, (long)buf, sizeof(buf), 0, 0);
		assert_true(n >= 0);
		if (!n)
			break;
		for (long at = 0; at < n; at += *(u16 *)(buf + at + 16)) {
			assert_true(listing->n < NAMES_MAX);
			listing->entry[listing->n].type = buf[at + 18];
			strscpy(listing->entry[listing->n++].name, buf + at + 19, NAME_MAX + 1);
		}
	}
	qsort(listing->entry, listing->n, sizeof(listing->entry[0]), by_name);
}

static inline void list_both(struct pair fd)
{
	static struct listing ours, hosts;

	on(__NR_lseek, fd, 0, SEEK_SET, 0);
	list(true, fd.ours, &ours);
	list(false, fd.hosts, &hosts);
	assert_int_equal(ours.n, hosts.n);
	for (unsigned int i = 0; i < ours.n; i++) {
		assert_string_equal(ours.entry[i].name, hosts.entry[i].name);
		assert_int_equal(ours.entry[i].type, hosts.entry[i].type);
	}
}

/* ---- before and after each test --------------------------------------------------------------- */

static char base[80]; /* the working directory, with the same path on both sides */

/* Creates the directories of @path on both sides, unless they exist. */
static inline void make_dirs(const char *path)
{
	char part[sizeof(base)];

	for (size_t n = 1; n <= strlen(path); n++) {
		if (path[n] && path[n] != '/')
			continue;
		strscpy(part, path, n + 1);
		kernel_syscall(__NR_mkdir, (long)part, 0755, 0, 0, 0, 0);
		host(__NR_mkdir, (long)part, 0755, 0, 0, 0);
	}
}

static inline void go_to_base(void)
{
	about = base;
	assert_int_equal(both(__NR_chdir, base), 0);
}

static inline int before_each(void **state)
{
	static unsigned int tests;

	current->files = files_alloc();
	snprintf(base, sizeof(base), HOST_TREE "/%u/w/w/w", tests++);
	make_dirs(base);
	go_to_base();
	return 0;
}

static inline int after_each(void **state)
{
	files_free(current->files);
	current->files = NULL;
	assert_int_equal(warn_count, 0);
	return 0;
}

static inline int setup(void **state)
{
	unit_memory(16384, true);
	timers_init();
	files_init();
	proc_init();
	devices_init();
	host(__NR_umask, 022, 0, 0, 0, 0);
	host_is_root = !host(__NR_geteuid, 0, 0, 0, 0, 0);
	return system("rm -rf " HOST_TREE);
}

static inline int teardown(void **state)
{
	host(__NR_chdir, (long)"/", 0, 0, 0, 0);
	return system("rm -rf " HOST_TREE);
}

/* Plays @tests, unless the host has no tmpfs: the sizes of directories and holes are those of a tmpfs. */
static inline int play_beside(const struct CMUnitTest *tests, size_t n)
{
	struct statfs fs;

	if (host(__NR_statfs, (long)"/dev/shm", (long)&fs, 0, 0, 0) || fs.f_type != TMPFS_MAGIC) {
		puts("skipped: /dev/shm is no tmpfs");
		return 0;
	}
	return _cmocka_run_group_tests("tree", tests, n, setup, teardown);
}

#endif
