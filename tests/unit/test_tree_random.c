/* SPDX-License-Identifier: MIT */
/* Compares random calls on the directory tree with the same calls on the host's Linux. */
#define TREE_NAME "test_tree_random"
#include "tests/unit/tree_beside.h"

/* ---- random calls ----------------------------------------------------------------------------- */

static u32 below(u32 n)
{
	return unit_random() % n;
}

/* Returns a path of up to three components.  The names are few, so that most calls meet an existing
 * file. */
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
	/* Leave out this combination of flags: the host's Linux and Linux 4.11 treat it
	 * differently. */
	if ((f & O_CREAT) && (f & O_DIRECTORY))
		return;
	if (used[i])
		close_both(slot[i]);
	used[i] = !open_both(cwd, random_path(), f, 0600 | below(0200), &slot[i]);
}

static void random_data(struct pair fd)
{
	static char ours[3 * PAGE_SIZE], hosts[3 * PAGE_SIZE];
	/* Choose a position that is mostly near the beginning of the file, where both holes and
	 * data are. */
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
		/* Each file system chooses its own numbers for positions in a directory. */
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

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_random_calls),
	};

	return play_beside(tests, ARRAY_SIZE(tests));
}
