/* SPDX-License-Identifier: MIT */
/*
 * System calls on files: descriptors, pipes, /proc, the console, poll.  There is no scheduler here, so
 * no call may wait; waiting calls are tested in the hosted kernel (test_waits.c).
 */
#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/ioctl.h"
#include "include/uapi/poll.h"
#include "include/uapi/stat.h"
#include "include/uapi/uio.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/devices.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/timer.h"

#define sys(nr, ...) sys_6(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_6(nr, a, b, c, d, e, f, ...)                                                           \
	kernel_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static u64 live_before, pages_before;

static u64 all_live(void)
{
	struct kmem_cache *cache;
	u64 live = 0;

	list_for_each_entry(cache, kmem_caches(), caches)
		live += cache->live;
	return live;
}

/* Returns the number of pages in all slabs, used and empty ones. */
static u64 slab_pages_held(void)
{
	struct kmem_cache *cache;
	struct page *page;
	u64 pages = 0;

	list_for_each_entry(cache, kmem_caches(), caches) {
		list_for_each_entry(page, &cache->full, lru)
			pages += 1ULL << page->order;
		list_for_each_entry(page, &cache->partial, lru)
			pages += 1ULL << page->order;
	}
	return pages;
}

/* A file whose release() counts its calls. */
static unsigned int released;
static int count_release(struct inode *inode, struct file *file)
{
	released++;
	return 0;
}
static const struct file_operations dull_ops = {.release = count_release};
static struct inode dull_inode;

static struct file *dull_file(void)
{
	struct file *file = alloc_file(&dull_inode, O_RDWR, &dull_ops);

	assert_false(IS_ERR(file));
	return file;
}

static int open_dull(void)
{
	int fd = get_unused_fd_flags(0);

	assert_true(fd >= 0);
	fd_install(fd, dull_file());
	return fd;
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static void test_lowest_number_first(void **state)
{
	for (int i = 0; i < 2000; i++)
		assert_int_equal(open_dull(), i);
	released = 0;
	assert_int_equal(sys(__NR_close, 1500), 0);
	assert_int_equal(sys(__NR_close, 3), 0);
	assert_int_equal(sys(__NR_close, 448), 0);
	assert_int_equal(released, 3);
	assert_int_equal(sys(__NR_close, 3), -EBADF);
	assert_int_equal(open_dull(), 3);
	assert_int_equal(open_dull(), 448);
	assert_int_equal(open_dull(), 1500);
	assert_int_equal(open_dull(), 2000);
	for (int i = 0; i <= 2000; i++)
		assert_int_equal(sys(__NR_close, i), 0);
}

/* Opens, duplicates and closes descriptors at random; an array of flags records which numbers must be open. */
static void test_numbers_against_a_model(void **state)
{
	static bool open_[1000];

	memset(open_, 0, sizeof(open_));
	for (int round = 0; round < 20000; round++) {
		unsigned int fd = unit_random() % ARRAY_SIZE(open_), start = 0, lowest;
		long got;

		switch (unit_random() % 6) {
		case 0:
			got = open_dull();
			break;
		case 1:
			start = unit_random() % 900;
			got = sys(__NR_fcntl, fd, F_DUPFD, start);
			if (!open_[fd]) {
				assert_int_equal(got, -EBADF);
				continue;
			}
			break;
		default:
			assert_int_equal(sys(__NR_close, fd), open_[fd] ? 0 : -EBADF);
			open_[fd] = false;
			continue;
		}
		for (lowest = start; open_[lowest]; lowest++)
			assert_true(lowest < ARRAY_SIZE(open_) - 1);
		assert_int_equal(got, lowest);
		open_[got] = true;
	}
	for (unsigned int fd = 0; fd < ARRAY_SIZE(open_); fd++)
		sys(__NR_close, fd);
}

/*
 * After many descriptors were open, all memory of the table is freed when they are closed, in
 * descending or in ascending order.
 */
static void test_table_shrinks(void **state)
{
	u64 empty = all_live(), one;

	assert_int_equal(open_dull(), 0);
	one = all_live();
	for (int i = 1; i < 3000; i++)
		assert_int_equal(open_dull(), i);
	for (int i = 2999; i > 1000; i--)
		assert_int_equal(sys(__NR_close, i), 0);
	for (int i = 1; i <= 1000; i++)
		assert_int_equal(sys(__NR_close, i), 0);
	assert_int_equal(all_live(), one);
	/*
	 * A reserved number without a file uses memory of the table only until the number is
	 * freed.  The same holds for dup2() to a high number.
	 */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(get_unused_fd_flags(0), 1);
		assert_int_equal(sys(__NR_dup2, 0, 60000 + i), 60000 + i);
		put_unused_fd(1);
		assert_int_equal(sys(__NR_close, 60000 + i), 0);
		assert_int_equal(all_live(), one);
	}
	assert_int_equal(sys(__NR_close, 0), 0);
	assert_int_equal(all_live(), empty);
	assert_int_equal(sys(__NR_close, 0), -EBADF);
	assert_int_equal(sys(__NR_dup2, 0, 1), -EBADF);
}

/* LIMIT(NR_OPEN_MAX) */
static void test_table_is_full_at_the_limit(void **state)
{
	struct file *file = dull_file();
	long fd;

	released = 0;
	for (fd = 0; fd < NR_OPEN_MAX; fd++) {
		assert_int_equal(get_unused_fd_flags(0), fd);
		get_file(file);
		fd_install(fd, file);
	}
	assert_int_equal(get_unused_fd_flags(0), -EMFILE);
	assert_int_equal(sys(__NR_dup, 5), -EMFILE);
	assert_int_equal(sys(__NR_fcntl, 5, F_DUPFD, 1000), -EMFILE);
	assert_int_equal(sys(__NR_fcntl, 5, F_DUPFD, NR_OPEN_MAX), -EINVAL);
	assert_int_equal(sys(__NR_close, NR_OPEN_MAX - 1), 0);
	assert_int_equal(sys(__NR_dup, 5), NR_OPEN_MAX - 1);
	assert_int_equal(sys(__NR_dup2, 5, NR_OPEN_MAX), -EBADF);
	assert_null(fget(NR_OPEN_MAX));
	assert_null(fget(~0U));
	for (fd = 0; fd < NR_OPEN_MAX; fd++)
		assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(released, 0);
	fput(file);
	assert_int_equal(released, 1);
}

/* LIMIT(FILES_MAX) */
static void test_files_are_full_at_the_limit(void **state)
{
	static struct file *files[FILES_MAX];
	struct file *more;

	for (int i = 0; i < FILES_MAX; i++)
		files[i] = dull_file();
	more = alloc_file(&dull_inode, O_RDWR, &dull_ops);
	assert_int_equal(PTR_ERR(more), -ENFILE);
	for (int i = 0; i < FILES_MAX; i++)
		fput(files[i]);
}

static void test_reserved_is_not_open(void **state)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);

	assert_null(fget(fd));
	assert_int_equal(sys(__NR_close, fd), -EBADF);
	open_dull();
	assert_int_equal(sys(__NR_dup2, fd + 1, fd), -EBUSY);
	put_unused_fd(fd);
	assert_int_equal(sys(__NR_dup2, fd + 1, fd), fd);
	assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(sys(__NR_close, fd + 1), 0);
}

static void test_dup(void **state)
{
	int fd = open_dull(), other = open_dull();

	released = 0;
	assert_int_equal(sys(__NR_dup2, fd, fd), fd);
	assert_int_equal(sys(__NR_dup2, 77, 77), -EBADF);
	assert_int_equal(sys(__NR_dup3, fd, fd, 0), -EINVAL);
	assert_int_equal(sys(__NR_dup3, fd, other, 1), -EINVAL);
	assert_int_equal(sys(__NR_dup3, fd, other, O_CLOEXEC), other);
	assert_int_equal(released, 1);
	assert_int_equal(sys(__NR_fcntl, other, F_GETFD), FD_CLOEXEC);
	assert_int_equal(sys(__NR_fcntl, fd, F_GETFD), 0);
	assert_int_equal(sys(__NR_dup2, fd, 60000), 60000);
	assert_int_equal(sys(__NR_close, fd), 0);
	assert_int_equal(sys(__NR_close, other), 0);
	assert_int_equal(released, 1);
	assert_int_equal(sys(__NR_close, 60000), 0);
	assert_int_equal(released, 2);
}

static void test_fcntl_and_ioctl(void **state)
{
	int fd = open_dull(), on = 1;

	assert_int_equal(sys(__NR_fcntl, fd, F_GETFL), O_RDWR);
	assert_int_equal(sys(__NR_fcntl, fd, F_SETFL, O_NONBLOCK | O_CREAT | O_WRONLY), 0);
	assert_int_equal(sys(__NR_fcntl, fd, F_GETFL), O_RDWR | O_NONBLOCK);
	assert_int_equal(sys(__NR_fcntl, fd, F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(sys(__NR_fcntl, fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(sys(__NR_ioctl, fd, FIONCLEX), 0);
	assert_int_equal(sys(__NR_fcntl, fd, F_GETFD), 0);
	assert_int_equal(sys(__NR_fcntl, fd, 99), -EINVAL);
	assert_int_equal(sys(__NR_fcntl, 999, F_GETFL), -EBADF);
	assert_int_equal(sys(__NR_fcntl, fd, F_SETFL, 0), 0);
	assert_int_equal(sys(__NR_ioctl, fd, FIONBIO, &on), 0);
	assert_int_equal(sys(__NR_fcntl, fd, F_GETFL), O_RDWR | O_NONBLOCK);
	unit_bad_range(&on, sizeof(on));
	assert_int_equal(sys(__NR_ioctl, fd, FIONBIO, &on), -EFAULT);
	unit_bad_range(NULL, 0);
	assert_int_equal(sys(__NR_ioctl, fd, 0x1234), -ENOTTY);
	/* The file has no read(), write() and llseek() operations. */
	assert_int_equal(sys(__NR_read, fd, &on, 1), -EINVAL);
	assert_int_equal(sys(__NR_lseek, fd, 0, SEEK_SET), -ESPIPE);
	assert_int_equal(sys(__NR_close, fd), 0);
}

/* ---- pipes ---------------------------------------------------------------------------------- */

static void test_pipe_carries_bytes_in_order(void **state)
{
	static u8 in[100000], out[100000];
	size_t sent = 0, got = 0;
	int fds[2];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = unit_random();
	assert_int_equal(sys(__NR_pipe2, fds, O_NONBLOCK | O_CLOEXEC), 0);
	while (got < sizeof(in)) {
		size_t n = unit_random() % 9000;
		int queued;
		long res;

		if (n > sizeof(in) - sent)
			n = sizeof(in) - sent;
		res = sys(__NR_write, fds[1], in + sent, n);
		assert_true(res == -EAGAIN || (res >= 0 && res <= n));
		/* A write of up to a page is atomic: it writes all bytes or none. */
		if (n && n <= PAGE_SIZE)
			assert_true(res == -EAGAIN || res == n);
		sent += res > 0 ? res : 0;
		assert_int_equal(sys(__NR_ioctl, fds[0], FIONREAD, &queued), 0);
		assert_int_equal(queued, sent - got);
		res = sys(__NR_read, fds[0], out + got, unit_random() % 9000);
		assert_true(res == -EAGAIN || res >= 0);
		got += res > 0 ? res : 0;
	}
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(sys(__NR_close, fds[0]), 0);
	assert_int_equal(sys(__NR_close, fds[1]), 0);
}

/* LIMIT(PIPE_PAGES) */
static void test_pipe_limits_and_ends(void **state)
{
	static u8 big[PIPE_PAGES * 4096 + 1];
	struct iovec iov[3] = {{big, 10}, {big, 0}, {big, 20}};
	int fds[2];

	assert_int_equal(sys(__NR_pipe2, fds, O_NONBLOCK), 0);
	assert_int_equal(sys(__NR_read, fds[0], big, 10), -EAGAIN);
	assert_int_equal(sys(__NR_write, fds[1], big, sizeof(big)), PIPE_PAGES * 4096);
	assert_int_equal(sys(__NR_write, fds[1], big, 1), -EAGAIN);
	assert_int_equal(sys(__NR_read, fds[0], big, sizeof(big)), PIPE_PAGES * 4096);
	assert_int_equal(sys(__NR_writev, fds[1], iov, 3), 30);
	assert_int_equal(sys(__NR_readv, fds[0], iov, 3), 30);
	assert_int_equal(sys(__NR_writev, fds[1], iov, IOV_MAX_SEGMENTS + 1), -EINVAL);
	assert_int_equal(sys(__NR_writev, fds[1], iov, (1UL << 32) + 1), -EINVAL);
	assert_int_equal(sys(__NR_write, fds[0], big, 1), -EBADF);
	assert_int_equal(sys(__NR_read, fds[1], big, 1), -EBADF);
	assert_int_equal(sys(__NR_read, fds[0], big, -1), -EFAULT);
	assert_int_equal(sys(__NR_lseek, fds[0], 0, SEEK_SET), -ESPIPE);

	unit_bad_range(big + 5000, 1);
	assert_int_equal(sys(__NR_write, fds[1], big, 10000), 5000);
	assert_int_equal(sys(__NR_write, fds[1], big + 5000, 10), -EFAULT);
	unit_bad_range(big, 1);
	assert_int_equal(sys(__NR_read, fds[0], big, 10), -EFAULT);
	unit_bad_range(NULL, 0);
	assert_int_equal(sys(__NR_read, fds[0], big, sizeof(big)), 5000);

	/* After the writer closes, a reader gets the remaining data and then the end of file. */
	assert_int_equal(sys(__NR_write, fds[1], "abc", 3), 3);
	assert_int_equal(sys(__NR_close, fds[1]), 0);
	assert_int_equal(sys(__NR_read, fds[0], big, 10), 3);
	assert_int_equal(sys(__NR_read, fds[0], big, 10), 0);
	assert_int_equal(sys(__NR_close, fds[0]), 0);

	assert_int_equal(sys(__NR_pipe, fds), 0);
	assert_int_equal(sys(__NR_write, fds[1], "abc", 3), 3);
	assert_int_equal(sys(__NR_close, fds[0]), 0);
	assert_int_equal(sys(__NR_write, fds[1], "abc", 3), -EPIPE);
	assert_int_equal(sys(__NR_close, fds[1]), 0);

	assert_int_equal(sys(__NR_pipe2, fds, O_APPEND), -EINVAL);
	unit_bad_range(fds, sizeof(fds));
	assert_int_equal(sys(__NR_pipe2, fds, 0), -EFAULT);
	unit_bad_range(NULL, 0);
}

/* ---- /proc ---------------------------------------------------------------------------------- */

static unsigned int proc_lines;

static int show_lines(struct seq_file *m)
{
	for (unsigned int i = 0; i < proc_lines; i++) {
		seq_printf(m, "line %u", i);
		seq_putc(m, ';');
		seq_puts(m, " end\n");
	}
	return 0;
}

static char *read_all(const char *path)
{
	static char text[PROC_BUF_MAX + 1];
	long fd = sys(__NR_open, path, O_RDONLY), n, total = 0;

	assert_true(fd >= 0);
	while ((n = sys(__NR_read, fd, text + total, 1 + unit_random() % 9999)) > 0)
		total += n;
	assert_int_equal(n, 0);
	text[total] = '\0';
	assert_int_equal(sys(__NR_close, fd), 0);
	return text;
}

/* LIMIT(PROC_BUF_MAX) */
static void test_proc_text(void **state)
{
	char want[64];
	const char *s;

	for (proc_lines = 0; proc_lines < 20000; proc_lines = proc_lines * 3 + 1) {
		s = read_all("/proc/test/lines");
		for (unsigned int i = 0; i < proc_lines; i++) {
			size_t n = snprintf(want, sizeof(want), "line %u; end\n", i);

			assert_memory_equal(s, want, n);
			s += n;
		}
		assert_int_equal(*s, 0);
	}
	/* A text longer than PROC_BUF_MAX is truncated and ends with a line that says so. */
	proc_lines = 200000;
	s = read_all("/proc/test/lines");
	assert_in_range(strlen(s), PROC_BUF_MAX - 100, PROC_BUF_MAX);
	assert_non_null(strstr(s, "\n[cut: too long]\n"));
	/*
	 * In repetition n, the first n allocations of open() succeed and all later ones fail: then open()
	 * must fail, and after_each() checks that nothing leaked.
	 */
	for (long fd = -ENOMEM, n = 0; fd < 0; n++) {
		unit_fail_after(n);
		fd = sys(__NR_open, "/proc/test/lines", O_RDONLY);
		unit_fail_after(-1);
		if (fd >= 0) {
			assert_true(n > 3);
			sys(__NR_close, fd);
		} else if (fd != -ENFILE) {
			assert_int_equal(fd, -ENOMEM);
		}
	}
}

/* LIMIT(PATH_MAX) */
static void test_proc_paths(void **state)
{
	static char longest[PATH_MAX + 1];
	struct stat st;
	char buf[16];
	long fd;

	proc_lines = 5;
	assert_int_equal(sys(__NR_open, "/proc/nothing", O_RDONLY), -ENOENT);
	assert_int_equal(sys(__NR_open, "/etc/passwd", O_RDONLY), -ENOENT);
	assert_int_equal(sys(__NR_open, "", O_RDONLY), -ENOENT);
	assert_int_equal(sys(__NR_open, "/proc/test/lines", O_RDWR), -EACCES);
	memset(longest, 'a', PATH_MAX);
	assert_int_equal(sys(__NR_open, longest, O_RDONLY), -ENAMETOOLONG);
	unit_bad_range(longest, 1);
	assert_int_equal(sys(__NR_open, longest, O_RDONLY), -EFAULT);
	unit_bad_range(NULL, 0);

	fd = sys(__NR_openat, AT_FDCWD, "proc/test/lines", O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(sys(__NR_fcntl, fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(sys(__NR_openat, fd, "proc/test/lines", O_RDONLY), -ENOTDIR);
	assert_int_equal(sys(__NR_openat, 999, "proc/test/lines", O_RDONLY), -EBADF);
	assert_int_equal(sys(__NR_fstat, fd, &st), 0);
	assert_int_equal(st.st_mode & S_IFMT, S_IFREG);
	assert_int_equal(sys(__NR_lseek, fd, 5, SEEK_SET), 5);
	assert_int_equal(sys(__NR_read, fd, buf, 3), 3);
	assert_memory_equal(buf, "0; ", 3);
	assert_int_equal(sys(__NR_lseek, fd, -8, SEEK_CUR), 0);
	assert_int_equal(sys(__NR_lseek, fd, -1, SEEK_CUR), -EINVAL);
	assert_int_equal(sys(__NR_lseek, fd, 0, SEEK_END), -EINVAL);
	assert_int_equal(sys(__NR_lseek, fd, 1L << 40, SEEK_SET), 1L << 40);
	assert_int_equal(sys(__NR_read, fd, buf, 3), 0);
	assert_int_equal(sys(__NR_write, fd, buf, 3), -EBADF);
	assert_int_equal(sys(__NR_close, fd), 0);
}

static int show_nothing(struct seq_file *m)
{
	return 0;
}

/* Must be the last test, because it fills the table of /proc entries permanently.  LIMIT(PROC_ENTRIES_MAX) */
static void test_proc_is_full_at_the_limit(void **state)
{
	static struct proc_entry many[PROC_ENTRIES_MAX];
	static char paths[PROC_ENTRIES_MAX][16];
	static const char *const there[] = {"interrupts", "softirqs",  "slabinfo", "meminfo",
					    "uptime",     "threads",   "kmsg",     "console",
					    "test/lines", "self/fd/#", "self/cwd", "self/root"};
	unsigned int fit;
	char path[32];

	for (unsigned int i = 0; i < PROC_ENTRIES_MAX; i++) {
		snprintf(paths[i], sizeof(paths[i]), "many/%u", i);
		many[i] = (struct proc_entry){paths[i], show_nothing};
	}
	assert_panics(proc_register(many, PROC_ENTRIES_MAX));
	for (fit = 0; fit < PROC_ENTRIES_MAX; fit++) {
		long fd;

		snprintf(path, sizeof(path), "/proc/%s", paths[fit]);
		fd = sys(__NR_open, path, O_RDONLY);
		if (fd < 0)
			break;
		assert_int_equal(sys(__NR_close, fd), 0);
	}
	assert_int_equal(fit, PROC_ENTRIES_MAX - ARRAY_SIZE(there));
}

static void test_proc_of_the_kernel(void **state)
{
	pr_info("a line for kmsg");
	assert_non_null(strstr(read_all("/proc/kmsg"), "a line for kmsg\n"));
	assert_non_null(strstr(read_all("/proc/slabinfo"), "\nfilp "));
	assert_non_null(strstr(read_all("/proc/meminfo"), "MemFree: "));
	assert_non_null(strstr(read_all("/proc/interrupts"), "LOC: "));
	assert_non_null(strstr(read_all("/proc/softirqs"), "      NET_RX:          0\n"));
	unit_set_clock(61230000000ULL);
	assert_string_equal(read_all("/proc/uptime"), "61.23 0.00\n");
}

/* ---- console and poll ----------------------------------------------------------------------- */

static void test_console(void **state)
{
	static char big[1000];
	char buf[64];
	long fd;

	assert_int_equal(console_open_std(current->files), 0);
	unit_console_clear();
	assert_int_equal(sys(__NR_write, 1, "hello\n", 6), 6);
	assert_string_equal(unit_console(), "hello\n");
	memset(big, 'x', sizeof(big));
	assert_int_equal(sys(__NR_write, 2, big, sizeof(big)), sizeof(big));
	assert_int_equal(strlen(unit_console()), 6 + sizeof(big));
	unit_type("ls\r");
	assert_int_equal(sys(__NR_read, 0, buf, 2), 2);
	assert_memory_equal(buf, "ls", 2);
	assert_int_equal(sys(__NR_read, 0, buf, sizeof(buf)), 1);
	assert_int_equal(buf[0], '\n');
	fd = sys(__NR_open, "/dev/console", O_RDONLY | O_NONBLOCK);
	assert_int_equal(fd, 3);
	assert_int_equal(sys(__NR_read, fd, buf, 1), -EAGAIN);
	for (int i = 0; i <= 3; i++)
		assert_int_equal(sys(__NR_close, i), 0);
}

/*
 * More bytes are typed than the console's input buffer holds, and no thread reads: the excess bytes stay
 * in the device and are read later in order.
 *
 * LIMIT(CONSOLE_IN_MAX)
 */
static void test_console_takes_no_more_than_it_holds(void **state)
{
	static char typed[3 * CONSOLE_IN_MAX + 1], got[3 * CONSOLE_IN_MAX];
	struct pollfd pfd = {.events = POLLIN};
	size_t n = 0;

	for (unsigned int i = 0; i < sizeof(typed) - 1; i++)
		typed[i] = 'a' + i % 26;
	pfd.fd = sys(__NR_open, "/dev/console", O_RDONLY | O_NONBLOCK);
	assert_true(pfd.fd >= 0);
	unit_type(typed);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sys(__NR_poll, &pfd, 1, 0), 1);
	assert_ptr_equal(unit_untyped(), typed + CONSOLE_IN_MAX);
	while (n < sizeof(got)) {
		long part = sys(__NR_read, pfd.fd, got + n, sizeof(got) - n);

		assert_true(part > 0);
		n += part;
	}
	assert_memory_equal(got, typed, sizeof(got));
	assert_int_equal(sys(__NR_read, pfd.fd, got, 1), -EAGAIN);
	assert_int_equal(sys(__NR_close, pfd.fd), 0);
}

static void test_poll_returns_present_events(void **state)
{
	struct pollfd fds[5];
	int pipe[2];

	assert_int_equal(sys(__NR_pipe, pipe), 0);
	fds[0] = (struct pollfd){pipe[0], POLLIN, -1};
	fds[1] = (struct pollfd){pipe[1], POLLOUT, -1};
	fds[2] = (struct pollfd){-5, POLLIN, -1};
	fds[3] = (struct pollfd){999, POLLIN, -1};
	fds[4] = (struct pollfd){pipe[1], POLLIN, -1};
	assert_int_equal(sys(__NR_poll, fds, 5, 0), 2);
	assert_int_equal(fds[0].revents, 0);
	assert_int_equal(fds[1].revents, POLLOUT);
	assert_int_equal(fds[2].revents, 0);
	assert_int_equal(fds[3].revents, POLLNVAL);
	assert_int_equal(fds[4].revents, 0);
	assert_int_equal(sys(__NR_write, pipe[1], "x", 1), 1);
	/* The event is already pending, so poll() returns at once although its timeout is
	 * infinite. */
	assert_int_equal(sys(__NR_poll, fds, 1, -1), 1);
	assert_int_equal(fds[0].revents, POLLIN);
	assert_int_equal(sys(__NR_close, pipe[1]), 0);
	assert_int_equal(sys(__NR_poll, fds, 1, -1), 1);
	assert_int_equal(fds[0].revents, POLLIN | POLLHUP);
	assert_int_equal(sys(__NR_close, pipe[0]), 0);

	assert_int_equal(sys(__NR_poll, fds, NR_OPEN_MAX + 1, 0), -EINVAL);
	assert_int_equal(sys(__NR_poll, fds, 0, 0), 0);
	unit_bad_range(&fds[1], 1);
	assert_int_equal(sys(__NR_poll, fds, 2, 0), -EFAULT);
	unit_bad_range(NULL, 0);
	current->interrupted = true;
	fds[0].fd = -1;
	assert_int_equal(sys(__NR_poll, fds, 1, 1000), -EINTR);
	current->interrupted = false;
}

/* poll() keeps few entries on its stack and allocates pages for more; after_each() checks that they are freed. */
static void test_poll_of_many(void **state)
{
	static struct pollfd fds[300];
	int pipe[2];

	assert_int_equal(sys(__NR_pipe, pipe), 0);
	for (int i = 0; i < 300; i++)
		fds[i] = (struct pollfd){pipe[0], POLLIN, 0};
	current->interrupted = true;
	assert_int_equal(sys(__NR_poll, fds, 300, 1000), -EINTR);
	unit_fail_after(3);
	assert_int_equal(sys(__NR_poll, fds, 300, 1000), -ENOMEM);
	unit_fail_after(-1);
	current->interrupted = false;
	assert_int_equal(sys(__NR_write, pipe[1], "x", 1), 1);
	assert_int_equal(sys(__NR_poll, fds, 300, 1000), 300);
	assert_int_equal(sys(__NR_close, pipe[0]), 0);
	assert_int_equal(sys(__NR_close, pipe[1]), 0);
}

/* ---- before and after every test: no object and no page may leak ---------------------------- */

static int before_each(void **state)
{
	live_before = all_live();
	pages_before = nr_free_pages() + slab_pages_held();
	current->files = files_alloc();
	return current->files ? 0 : -1;
}

static int after_each(void **state)
{
	files_free(current->files);
	current->files = NULL;
	assert_int_equal(all_live(), live_before);
	assert_int_equal(nr_free_pages() + slab_pages_held(), pages_before);
	assert_int_equal(warn_count, 0);
	return 0;
}

static int setup(void **state)
{
	static const struct proc_entry lines[] = {{"test/lines", show_lines}};

	unit_memory(262144, true);
	timers_init();
	files_init();
	proc_init();
	devices_init();
	proc_register(lines, 1);
	inode_init(&dull_inode, S_IFCHR);
	return 0;
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_lowest_number_first),
		each(test_numbers_against_a_model),
		each(test_table_shrinks),
		each(test_table_is_full_at_the_limit),
		each(test_files_are_full_at_the_limit),
		each(test_reserved_is_not_open),
		each(test_dup),
		each(test_fcntl_and_ioctl),
		each(test_pipe_carries_bytes_in_order),
		each(test_pipe_limits_and_ends),
		each(test_proc_text),
		each(test_proc_paths),
		each(test_proc_of_the_kernel),
		each(test_console),
		each(test_console_takes_no_more_than_it_holds),
		each(test_poll_returns_present_events),
		each(test_poll_of_many),
		each(test_proc_is_full_at_the_limit),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
