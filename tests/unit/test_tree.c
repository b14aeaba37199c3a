/* SPDX-License-Identifier: MIT */
/* Compares calls on the directory tree with the same calls on the host's Linux: unusual paths, each
 * kind of descriptor, sendfile(). */
#define TREE_NAME "test_tree"
#include "tests/unit/tree_beside.h"

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

/* Paths that exist, that do not exist, and unusual ones. */
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
	/* Remove a file that the call created, so that each path is tried on the same tree. */
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

	/* Use only paths that unlink() cannot remove, so that the tree stays as it is. */
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
		/* Call with RENAME_NOREPLACE first, which changes nothing if the new name exists. */
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

/* Makes each call that takes a descriptor, with each kind of descriptor. */
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
		on(__NR_fallocate, fd, 0, 100, 9000);
		stat_both(fd, "", AT_EMPTY_PATH);
		on(__NR_fallocate, fd, FALLOC_FL_KEEP_SIZE, 20000, 5000);
		stat_both(fd, "", AT_EMPTY_PATH);
		on(__NR_fallocate, fd, 0, -1, 1);
		on(__NR_fallocate, fd, 0, 1, 0);
		on(__NR_fallocate, fd, 0, FILE_SIZE_MAX, 1);
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

/* sendfile() from a file to a file and to a pipe: with and without a position, at the end of the
 * file, and calls that are refused. */
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

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_paths),
		each(test_descriptors),
		each(test_sendfile),
	};

	return play_beside(tests, ARRAY_SIZE(tests));
}
