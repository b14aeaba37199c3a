/* SPDX-License-Identifier: MIT */
/*
 * The directory tree beside the host's: each call is made in the kernel under test and on the host's own
 * Linux, in a directory of a tmpfs (/dev/shm), and must return the same number and the same bytes.  First
 * calls that were chosen, then random ones.
 */
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

/* Of the host's libc, whose headers declare the kernel's structs a second time. */
void qsort(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));
int system(const char *command);
int puts(const char *text);

#define HOST_TREE "/dev/shm/softnet.test_tree"

/* The host's Linux, without libc: the kernel's own symbols hide errno. */
static long host(long nr, long a, long b, long c, long d, long e)
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

static long same(long nr, long ours, long hosts)
{
	if (ours != hosts)
		fail_msg("call %ld (%s): %ld here, %ld on the host", nr, about, ours, hosts);
	return ours;
}

static long both_5(long nr, long a, long b, long c, long d, long e, ...)
{
	return same(nr, kernel_syscall(nr, a, b, c, d, e, 0), host(nr, a, b, c, d, e));
}
#define both(nr, ...) both_casts(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0)
#define both_casts(nr, a, b, c, d, e, ...)                                                         \
	both_5(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e))

static void go_to_base(void);

/* A descriptor here, and the one on the host. */
struct pair {
	int ours, hosts;
};
static const struct pair cwd = {AT_FDCWD, AT_FDCWD};

static long on(long nr, struct pair fd, long b, long c, long d)
{
	return same(nr, kernel_syscall(nr, fd.ours, b, c, d, 0, 0), host(nr, fd.hosts, b, c, d, 0));
}

/* Returns 0 or the errno; the descriptors are in *fd. */
static long open_both(struct pair at, const char *path, unsigned int flags, unsigned int mode,
		      struct pair *fd)
{
	about = path;
	fd->ours = kernel_syscall(__NR_openat, at.ours, (long)path, flags, mode, 0, 0);
	fd->hosts = host(__NR_openat, at.hosts, (long)path, flags, mode, 0);
	return same(__NR_openat, fd->ours < 0 ? fd->ours : 0, fd->hosts < 0 ? fd->hosts : 0);
}

static void close_both(struct pair fd)
{
	kernel_syscall(__NR_close, fd.ours, 0, 0, 0, 0, 0);
	host(__NR_close, fd.hosts, 0, 0, 0, 0);
}

static void same_stat(const struct stat *a, const struct stat *b)
{
	if (a->st_mode != b->st_mode || a->st_nlink != b->st_nlink || a->st_size != b->st_size ||
	    a->st_blocks != b->st_blocks || a->st_rdev != b->st_rdev)
		fail_msg("%s: mode %o links %lu size %ld blocks %ld here, %o %lu %ld %ld on the "
			 "host",
			 about, a->st_mode, a->st_nlink, a->st_size, a->st_blocks, b->st_mode,
			 b->st_nlink, b->st_size, b->st_blocks);
}

static long stat_both(struct pair at, const char *path, unsigned int flags)
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

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void list(bool ours, int fd, struct listing *listing)
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

static void list_both(struct pair fd)
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

/* ---- chosen calls ----------------------------------------------------------------------------- */

/* Opens @path with @flags and closes it again. */
static long try_open(const char *path, unsigned int flags)
{
	struct pair fd;
	long err = open_both(cwd, path, flags, 0644, &fd);

	if (!err)
		close_both(fd);
	return err;
}

static char long_name[NAME_MAX + 2];

static void make_scene(void)
{
	assert_int_equal(both(__NR_mkdir, "dir", 0755), 0);
	assert_int_equal(both(__NR_mkdir, "dir/sub", 0700), 0);
	assert_int_equal(try_open("file", O_CREAT | O_WRONLY), 0);
	assert_int_equal(try_open("dir/file", O_CREAT | O_WRONLY), 0);
	assert_int_equal(both(__NR_symlink, "file", "link"), 0);
	assert_int_equal(both(__NR_symlink, "dir", "dirlink"), 0);
	assert_int_equal(both(__NR_symlink, "dir/", "dirslash"), 0);
	assert_int_equal(both(__NR_symlink, "none", "dangling"), 0);
	assert_int_equal(both(__NR_symlink, "loop2", "loop1"), 0);
	assert_int_equal(both(__NR_symlink, "loop1", "loop2"), 0);
	assert_int_equal(both(__NR_symlink, "dirlink/sub/..", "back"), 0);
	memset(long_name, 'n', NAME_MAX + 1);
}

/* Paths that exist, do not exist, or are odd. */
static const char *const paths[] = {
	"file",
	"file/",
	"file/.",
	"file/x",
	"none",
	"none/",
	"none/x",
	"dir",
	"dir/",
	"dir//",
	"dir/.",
	"dir/..",
	"dir/sub",
	"dir/sub/",
	"dir/none",
	"dir/none/",
	"dir/file",
	"dir/file/..",
	".",
	"./",
	"..",
	"../",
	"",
	"link",
	"link/",
	"link/x",
	"dirlink",
	"dirlink/",
	"dirlink/sub",
	"dirlink/file",
	"dirlink/none",
	"dirslash",
	"dirslash/sub",
	"dangling",
	"dangling/",
	"dangling/x",
	"loop1",
	"loop1/",
	"loop1/x",
	"back",
	"back/file",
	"back/../file",
	"./././file",
	"dir/../file",
	"dir/../../w/file",
	"dir/sub/../../link",
	long_name,
	"dir//sub//..//file",
};

static void each_path(void (*call)(const char *path))
{
	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++) {
		about = paths[i];
		call(paths[i]);
	}
}

static void call_open(const char *path)
{
	static const unsigned int flags[] = {
		O_RDONLY,
		O_RDWR,
		O_WRONLY | O_TRUNC,
		O_RDONLY | O_DIRECTORY,
		O_RDONLY | O_NOFOLLOW,
		O_RDONLY | O_NOFOLLOW | O_DIRECTORY,
		O_PATH,
		O_PATH | O_NOFOLLOW,
		O_PATH | O_NOFOLLOW | O_DIRECTORY,
		O_RDWR | O_DIRECTORY,
		O_RDONLY | O_CREAT | O_EXCL,
		O_RDONLY | O_CREAT | O_DIRECTORY,
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
		long err = try_open(path, flags[i]);

		if (!err && flags[i] & O_CREAT)
			both(__NR_unlink, path);
	}
	/* Creates: what was created is removed again, so that each path meets the same scene. */
	if (try_open(path, O_RDONLY) == -ENOENT && !try_open(path, O_RDONLY | O_CREAT)) {
		if (both(__NR_unlink, "none") == -ENOENT)
			both(__NR_unlink, path);
	} else {
		try_open(path, O_RDONLY | O_CREAT);
	}
}

static void call_stat(const char *path)
{
	stat_both(cwd, path, 0);
	stat_both(cwd, path, AT_SYMLINK_NOFOLLOW);
	stat_both(cwd, path, 0x8);
	for (unsigned int mode = 0; mode < 9; mode++)
		both(__NR_access, path, mode);
	both(__NR_truncate, path, 10);
	both(__NR_truncate, path, -1);
}

static void call_remove(const char *path)
{
	long err = both(__NR_rmdir, path);

	if (!err)
		both(__NR_mkdir, path, 0755);
	err = both(__NR_unlinkat, AT_FDCWD, path, AT_REMOVEDIR | 1);
	assert_int_equal(err, -EINVAL);
}

static void call_create(const char *path)
{
	if (!both(__NR_mkdir, path, 0777))
		both(__NR_rmdir, path);
	if (!both(__NR_symlink, "target", path))
		both(__NR_unlink, path);
	if (!both(__NR_link, "file", path))
		both(__NR_unlink, path);
	if (!both(__NR_linkat, AT_FDCWD, path, AT_FDCWD, "new", 0))
		both(__NR_unlink, "new");
	if (!both(__NR_linkat, AT_FDCWD, path, AT_FDCWD, "new", AT_SYMLINK_FOLLOW))
		both(__NR_unlink, "new");
	both(__NR_link, "dir", path);
}

static void call_unlink(const char *path)
{
	struct stat st;

	/* Only what cannot succeed, so that the scene stays. */
	if (kernel_syscall(__NR_lstat, (long)path, (long)&st, 0, 0, 0, 0) ||
	    (st.st_mode & S_IFMT) == S_IFDIR)
		both(__NR_unlink, path);
}

static void call_readlink(const char *path)
{
	char ours[64] = "", hosts[64] = "";

	for (int size = -1; size < 40; size += 3) {
		same(__NR_readlink,
		     kernel_syscall(__NR_readlink, (long)path, (long)ours, size, 0, 0, 0),
		     host(__NR_readlink, (long)path, (long)hosts, size, 0, 0));
		assert_string_equal(ours, hosts);
	}
}

static void call_chdir(const char *path)
{
	char ours[200], hosts[200];

	both(__NR_chdir, path);
	for (size_t size = 0; size < sizeof(ours); size += 20)
		same(__NR_getcwd, kernel_syscall(__NR_getcwd, (long)ours, size, 0, 0, 0, 0),
		     host(__NR_getcwd, (long)hosts, size, 0, 0, 0));
	assert_string_equal(ours, hosts);
	go_to_base();
}

static void call_rename(const char *path)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(paths); i++) {
		static char text[400];

		snprintf(text, sizeof(text), "%.150s -> %.150s", path, paths[i]);
		about = text;
		/* NOREPLACE first: it changes nothing if the new name exists. */
		if (!both(__NR_renameat2, AT_FDCWD, path, AT_FDCWD, paths[i], RENAME_NOREPLACE) ||
		    (strcmp(path, paths[i]) && !both(__NR_rename, path, paths[i]))) {
			stat_both(cwd, paths[i], AT_SYMLINK_NOFOLLOW);
			stat_both(cwd, path, AT_SYMLINK_NOFOLLOW);
		}
	}
}

static void call_modes(const char *path)
{
	struct timespec times[2] = {{1000000000, 5}, {-3, 999999999}};
	struct stat ours, hosts;

	if (!both(__NR_chmod, path, 0751)) {
		stat_both(cwd, path, 0);
		both(__NR_chmod, path, 06755);
		if (host_is_root) {
			both(__NR_chown, path, 5, 6);
			stat_both(cwd, path, 0);
			both(__NR_lchown, path, 0, -1);
		}
		both(__NR_chmod, path, 0755);
	}
	both(__NR_fchownat, AT_FDCWD, path, -1, -1, 1);
	if (!both(__NR_utimensat, AT_FDCWD, path, times, 0)) {
		kernel_syscall(__NR_stat, (long)path, (long)&ours, 0, 0, 0, 0);
		host(__NR_stat, (long)path, (long)&hosts, 0, 0, 0);
		assert_memory_equal(ours.st_times, hosts.st_times, 32);
		assert_int_equal(ours.st_uid, host_is_root ? hosts.st_uid : 0);
	}
	times[0].tv_nsec = 1000000000;
	both(__NR_utimensat, AT_FDCWD, path, times, 0);
	times[0].tv_nsec = UTIME_OMIT;
	both(__NR_utimensat, AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
	times[1].tv_nsec = UTIME_OMIT;
	both(__NR_utimensat, AT_FDCWD, path, times, 0);
	both(__NR_utimensat, AT_FDCWD, path, 0, AT_SYMLINK_NOFOLLOW);
	both(__NR_utimensat, AT_FDCWD, path, 0, 1);
}

static void test_paths(void **state)
{
	make_scene();
	each_path(call_open);
	each_path(call_stat);
	each_path(call_remove);
	each_path(call_create);
	each_path(call_unlink);
	each_path(call_readlink);
	each_path(call_chdir);
	each_path(call_modes);
	each_path(call_rename);
}

/* Descriptors of each kind, and calls that take one. */
static void test_descriptors(void **state)
{
	static const struct {
		const char *path;
		unsigned int flags;
	} opened[] = {
		{"file", O_RDONLY},
		{"file", O_WRONLY},
		{"file", O_RDWR | O_APPEND},
		{"dir", O_RDONLY},
		{"file", O_PATH},
		{"dir", O_PATH},
		{"link", O_PATH | O_NOFOLLOW},
		{".", O_RDONLY | O_DIRECTORY},
		{"dir/..", O_PATH},
	};
	char ours[64], hosts[64];
	struct iovec iov = {ours, 8};
	struct stat st;

	make_scene();
	for (unsigned int i = 0; i < ARRAY_SIZE(opened); i++) {
		struct pair fd, other;

		assert_int_equal(open_both(cwd, opened[i].path, opened[i].flags, 0, &fd), 0);
		on(__NR_read, fd, (long)ours, 8, 0);
		on(__NR_write, fd, (long)"12345678", 8, 0);
		on(__NR_pread64, fd, (long)ours, 8, 3);
		on(__NR_pread64, fd, (long)ours, 8, -3);
		on(__NR_pwrite64, fd, (long)"abcd", 4, 2);
		on(__NR_preadv, fd, (long)&iov, 1, 0);
		on(__NR_pwritev, fd, (long)&iov, 1, 1);
		on(__NR_lseek, fd, 3, SEEK_SET, 0);
		on(__NR_lseek, fd, 3, 9, 0);
		on(__NR_ftruncate, fd, 5000, 0, 0);
		on(__NR_ftruncate, fd, -1, 0, 0);
		on(__NR_fchmod, fd, 0700, 0, 0);
		on(__NR_fsync, fd, 0, 0, 0);
		on(__NR_flock, fd, LOCK_EX | LOCK_NB, 0, 0);
		on(__NR_flock, fd, 77, 0, 0);
		on(__NR_fcntl, fd, F_GETFL, 0, 0);
		on(__NR_fcntl, fd, F_GETFD, 0, 0);
		on(__NR_fcntl, fd, F_SETFL, 0, 0);
		on(__NR_fstat, fd, (long)&st, 0, 0);
		on(__NR_utimensat, fd, 0, 0, 0);
		on(__NR_fchdir, fd, 0, 0, 0);
		go_to_base();
		stat_both(fd, "", AT_EMPTY_PATH);
		stat_both(fd, "", 0);
		stat_both(fd, "file", 0);
		stat_both(fd, "/none", 0);
		if (!open_both(fd, "file", O_RDWR, 0, &other))
			close_both(other);
		on(__NR_mkdirat, fd, (long)"file", 0777, 0);
		on(__NR_unlinkat, fd, (long)"none", 0, 0);
		on(__NR_faccessat, fd, (long)"sub", 7, 0);
		same(__NR_readlinkat,
		     kernel_syscall(__NR_readlinkat, fd.ours, (long)"", (long)ours, 64, 0, 0),
		     host(__NR_readlinkat, fd.hosts, (long)"", (long)hosts, 64, 0));
		on(__NR_getdents64, fd, (long)ours, 10, 0);
		close_both(fd);
	}
	on(__NR_fchdir, (struct pair){999, 999}, 0, 0, 0);
	stat_both((struct pair){999, 999}, "file", 0);
	stat_both((struct pair){999, 999}, "", AT_EMPTY_PATH);
}

/* Opens @path with @flags on both sides; the call must succeed. */
static struct pair must_open(const char *path, unsigned int flags)
{
	struct pair fd;

	assert_int_equal(open_both(cwd, path, flags, 0600, &fd), 0);
	return fd;
}

/* sendfile() from a file, to a file and a pipe: with and without a position, at its ends, and refused. */
static void test_sendfile(void **state)
{
	static char data[3 * PAGE_SIZE + 100], ours[sizeof(data)], hosts[sizeof(data)];
	static const s64 starts[] = {
		-1, 0, 1, PAGE_SIZE - 1, 2 * PAGE_SIZE, sizeof(data) - 1, sizeof(data), 1L << 40};
	static const s64 counts[] = {0, 1, 100, PAGE_SIZE, 20000, 1L << 40, -1};
	struct pair in = must_open("in", O_CREAT | O_RDWR), pipe_in, pipe_out;
	struct pair append = must_open("append", O_CREAT | O_WRONLY | O_APPEND);
	struct pair dir = must_open(".", O_RDONLY), reads = must_open("in", O_RDONLY);
	struct pair writes = must_open("in", O_WRONLY), wrong = {999, 999};
	int our_pipe[2], host_pipe[2];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = i * 31 + i / 256;
	on(__NR_write, in, (long)data, sizeof(data), 0);
	assert_int_equal(kernel_syscall(__NR_pipe, (long)our_pipe, 0, 0, 0, 0, 0), 0);
	assert_int_equal(host(__NR_pipe, (long)host_pipe, 0, 0, 0, 0), 0);
	pipe_in = (struct pair){our_pipe[1], host_pipe[1]};
	pipe_out = (struct pair){our_pipe[0], host_pipe[0]};
	for (unsigned int i = 0; i < ARRAY_SIZE(starts) * ARRAY_SIZE(counts); i++) {
		s64 start = starts[i / ARRAY_SIZE(counts)], count = counts[i % ARRAY_SIZE(counts)];
		s64 a = start, b = start;
		long n = same(
			__NR_sendfile,
			kernel_syscall(__NR_sendfile, pipe_in.ours, in.ours, (long)&a, count, 0, 0),
			host(__NR_sendfile, pipe_in.hosts, in.hosts, (long)&b, count, 0));

		assert_int_equal(a, b);
		if (n <= 0)
			continue;
		assert_int_equal(kernel_syscall(__NR_read, pipe_out.ours, (long)ours, n, 0, 0, 0),
				 n);
		assert_int_equal(host(__NR_read, pipe_out.hosts, (long)hosts, n, 0, 0), n);
		assert_memory_equal(ours, data + start, n);
		assert_memory_equal(hosts, ours, n);
	}
	on(__NR_lseek, in, 10, SEEK_SET, 0);
#define send(out, from)                                                                            \
	same(__NR_sendfile, kernel_syscall(__NR_sendfile, (out).ours, (from).ours, 0, 50, 0, 0),   \
	     host(__NR_sendfile, (out).hosts, (from).hosts, 0, 50, 0))
	send(pipe_in, in);
	send(append, in);
	send(pipe_in, dir);
	send(reads, in);
	send(pipe_in, writes);
	send(wrong, in);
	send(pipe_in, wrong);
	send(writes, in);
	on(__NR_lseek, in, 0, SEEK_CUR, 0);
	on(__NR_lseek, writes, 0, SEEK_CUR, 0);
#undef send
	close_both(pipe_in);
	close_both(pipe_out);
	close_both(append);
	close_both(dir);
	close_both(reads);
	close_both(writes);
	close_both(in);
}

/* ---- random calls ----------------------------------------------------------------------------- */

static u32 below(u32 n)
{
	return unit_random() % n;
}

/* A path of up to three components, few enough that most calls meet something. */
static const char *random_path(void)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "a", "b", ".", ".."};
	static char text[4][32];
	static unsigned int turn;
	char *path = text[turn++ % 4];
	unsigned int n = 1 + below(3);
	size_t len = 0;

	while (n--)
		len += scnprintf(path + len, sizeof(text[0]) - len, "%s%s",
				 names[below(ARRAY_SIZE(names))], n || !below(12) ? "/" : "");
	return path;
}

#define SLOTS 6
static struct pair slot[SLOTS];
static bool used[SLOTS];

static struct pair random_slot(void)
{
	unsigned int i = below(SLOTS);

	return used[i] ? slot[i] : (struct pair){9999, 9999};
}

static void random_open(void)
{
	static const unsigned int flags[] = {O_CREAT,     O_EXCL,     O_TRUNC, O_APPEND,
					     O_DIRECTORY, O_NOFOLLOW, O_PATH};
	unsigned int i = below(SLOTS), f = below(3);

	for (unsigned int k = 0; k < ARRAY_SIZE(flags); k++)
		if (!below(k ? 8 : 2))
			f |= flags[k];
	/* Where the host's Linux and Linux 4.11 agree. */
	if ((f & O_CREAT) && (f & O_DIRECTORY))
		return;
	if (used[i])
		close_both(slot[i]);
	used[i] = !open_both(cwd, random_path(), f, 0600 | below(0200), &slot[i]);
}

static void random_data(struct pair fd)
{
	static char ours[3 * PAGE_SIZE], hosts[3 * PAGE_SIZE];
	/* Mostly near the beginning, so that holes and data meet. */
	s64 pos = below(10) ? below(5 * PAGE_SIZE) : (s64)below(1 << 30) * 4;
	size_t n = below(3) ? below(64) : below(3 * PAGE_SIZE);
	long got;

	switch (below(9)) {
	case 0:
	case 1:
		memset(ours, 'A' + below(26), n);
		on(__NR_write, fd, (long)ours, n, 0);
		break;
	case 2:
		memset(ours, 'a' + below(26), n);
		on(__NR_pwrite64, fd, (long)ours, n, pos);
		break;
	case 3:
	case 4:
		memset(ours, 1, n);
		memset(hosts, 1, n);
		got = same(__NR_read, kernel_syscall(__NR_read, fd.ours, (long)ours, n, 0, 0, 0),
			   host(__NR_read, fd.hosts, (long)hosts, n, 0, 0));
		assert_memory_equal(ours, hosts, got > 0 ? got : 0);
		break;
	case 5:
		got = same(__NR_pread64,
			   kernel_syscall(__NR_pread64, fd.ours, (long)ours, n, pos, 0, 0),
			   host(__NR_pread64, fd.hosts, (long)hosts, n, pos, 0));
		assert_memory_equal(ours, hosts, got > 0 ? got : 0);
		break;
	case 6:
		on(__NR_ftruncate, fd, pos, 0, 0);
		break;
	case 7:
		/* The position of a directory is a number of the file system's own. */
		if (on(__NR_fcntl, fd, F_GETFL, 0, 0) & O_DIRECTORY)
			break;
		on(__NR_lseek, fd, pos, SEEK_SET, 0);
		break;
	case 8:
		if (on(__NR_fcntl, fd, F_GETFL, 0, 0) & O_DIRECTORY)
			break;
		on(__NR_lseek, fd, pos, below(5), 0);
		break;
	}
}

static void random_call(void)
{
	const char *path = random_path(), *other = random_path();
	struct stat ours, hosts;
	static char text[80];
	struct pair fd;

	snprintf(text, sizeof(text), "%s, %s", path, other);
	about = text;
	switch (below(20)) {
	case 0:
	case 1:
		both(__NR_mkdir, path, 0700 | below(0100));
		break;
	case 2:
		both(__NR_rmdir, path);
		break;
	case 3:
	case 4:
		both(__NR_unlink, path);
		break;
	case 5:
	case 6:
		both(__NR_rename, path, other);
		break;
	case 7:
		both(__NR_renameat2, AT_FDCWD, path, AT_FDCWD, other, RENAME_NOREPLACE);
		break;
	case 8:
		both(__NR_link, path, other);
		break;
	case 9:
		both(__NR_symlink, path, other);
		break;
	case 10:
		stat_both(cwd, path, below(2) ? AT_SYMLINK_NOFOLLOW : 0);
		break;
	case 11:
		both(__NR_truncate, path, below(3 * PAGE_SIZE));
		break;
	case 12:
		if (!open_both(cwd, path, O_RDONLY | O_DIRECTORY, 0, &fd)) {
			list_both(fd);
			close_both(fd);
		}
		break;
	case 13:
		fd = random_slot();
		if (same(__NR_fstat, kernel_syscall(__NR_fstat, fd.ours, (long)&ours, 0, 0, 0, 0),
			 host(__NR_fstat, fd.hosts, (long)&hosts, 0, 0, 0)) == 0)
			same_stat(&ours, &hosts);
		break;
	case 14:
	case 15:
		random_open();
		break;
	default:
		random_data(random_slot());
	}
}

static void test_random_calls(void **state)
{
	for (int i = 0; i < 60000; i++)
		random_call();
	for (unsigned int i = 0; i < SLOTS; i++) {
		if (used[i])
			close_both(slot[i]);
		used[i] = false;
	}
}

/* ---- the scene of each test ------------------------------------------------------------------- */

static char base[80]; /* the working directory, with the same path on both sides */

/* Creates the directories of @path on both sides, unless they exist. */
static void make_dirs(const char *path)
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

static void go_to_base(void)
{
	about = base;
	assert_int_equal(both(__NR_chdir, base), 0);
}

static int before_each(void **state)
{
	static unsigned int tests;

	current->files = files_alloc();
	snprintf(base, sizeof(base), HOST_TREE "/%u/w/w/w", tests++);
	make_dirs(base);
	go_to_base();
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
	unit_memory(16384, true);
	timers_init();
	files_init();
	proc_init();
	devices_init();
	host(__NR_umask, 022, 0, 0, 0, 0);
	host_is_root = !host(__NR_geteuid, 0, 0, 0, 0, 0);
	return system("rm -rf " HOST_TREE);
}

static int teardown(void **state)
{
	host(__NR_chdir, (long)"/", 0, 0, 0, 0);
	return system("rm -rf " HOST_TREE);
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_paths),
		each(test_descriptors),
		each(test_sendfile),
		each(test_random_calls),
	};
	struct statfs fs;

	/* The sizes of directories and holes are those of a tmpfs. */
	if (host(__NR_statfs, (long)"/dev/shm", (long)&fs, 0, 0, 0) || fs.f_type != TMPFS_MAGIC) {
		puts("skipped: /dev/shm is no tmpfs");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
