/* SPDX-License-Identifier: MIT */
/* Directories, the working directory, paths. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

static int touch(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0644);

	return fd < 0 ? -1 : close(fd);
}

/* Returns the number of entries; *@sum becomes the sum of the bytes of their names. */
static int entries(const char *name, int *sum)
{
	DIR *dir = opendir(name);
	struct dirent *entry;
	int n = 0;

	*sum = 0;
	while (dir && (entry = readdir(dir))) {
		n++;
		for (const char *c = entry->d_name; *c; c++)
			*sum += *c;
	}
	return dir && !closedir(dir) ? n : -1;
}

static void check_making(void)
{
	struct stat st;

	IS(mkdir("d", 0777), 0);
	IS(stat("d", &st), 0);
	TRUE(S_ISDIR(st.st_mode));
	IS(st.st_mode & 07777, 0755);
	FAILS(mkdir("d", 0777), EEXIST);
	FAILS(mkdir("missing/d", 0777), ENOENT);
	FAILS(mkdir("", 0777), ENOENT);
	IS(mkdir("d/e/", 0700), 0);
	FAILS(rmdir("d"), ENOTEMPTY);
	FAILS(rmdir("d/."), EINVAL);
	FAILS(rmdir("d/e/.."), ENOTEMPTY);
	FAILS(unlink("d"), EISDIR);
	IS(touch("f"), 0);
	FAILS(rmdir("f"), ENOTDIR);
	FAILS(mkdir("f/d", 0777), ENOTDIR);
	FAILS(rmdir("missing"), ENOENT);
	IS(rename("d/e", "e"), 0);
	FAILS(rename("d", "d/inside"), EINVAL);
	FAILS(rename("d", "f"), ENOTDIR);
	FAILS(rename("f", "d"), EISDIR);
	IS(touch("e/x"), 0);
	FAILS(rename("d", "e"), ENOTEMPTY);
	IS(rename("e", "d"), 0);
	IS(stat("d/x", &st), 0);
	FAILS(link("d", "hard"), EPERM);
	IS(unlinkat(AT_FDCWD, "d/x", 0), 0);
	FAILS(unlinkat(AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
	FAILS(unlinkat(AT_FDCWD, "f", 1), EINVAL);
	IS(unlinkat(AT_FDCWD, "d", AT_REMOVEDIR), 0);
	IS(unlink("f"), 0);
}

static void check_reading(void)
{
	char bytes[256];
	int sum, fd;

	IS(mkdir("d", 0777), 0);
	IS(entries("d", &sum), 2);
	IS(sum, 3 * '.');
	IS(touch("d/a"), 0);
	IS(touch("d/b"), 0);
	IS(mkdir("d/c", 0777), 0);
	IS(symlink("a", "d/l"), 0);
	IS(entries("d", &sum), 6);
	IS(sum, 3 * '.' + 'a' + 'b' + 'c' + 'l');
	IS(entries("missing", &sum), -1);
	fd = open("d", O_RDONLY | O_DIRECTORY);
	TRUE(fd >= 0);
	FAILS(syscall(SYS_getdents64, fd, bytes, 4), EINVAL);
	FAILS(syscall(SYS_getdents64, -1, bytes, sizeof(bytes)), EBADF);
	TRUE(syscall(SYS_getdents64, fd, bytes, sizeof(bytes)) > 0);
	IS(syscall(SYS_getdents64, fd, bytes, sizeof(bytes)), 0);
	IS(lseek(fd, 0, SEEK_SET), 0);
	TRUE(syscall(SYS_getdents64, fd, bytes, sizeof(bytes)) > 0);
	IS(unlinkat(fd, "a", 0), 0);
	IS(unlinkat(fd, "b", 0), 0);
	IS(unlinkat(fd, "c", AT_REMOVEDIR), 0);
	IS(unlinkat(fd, "l", 0), 0);
	IS(close(fd), 0);
	fd = open("d", O_RDONLY);
	IS(rmdir("d"), 0);
	FAILS(openat(fd, "x", O_RDWR | O_CREAT, 0600), ENOENT);
	IS(close(fd), 0);
	/* readdir() of many entries makes several system calls. */
	IS(mkdir("many", 0777), 0);
	IS(chdir("many"), 0);
	for (int i = 0; i < 500; i++) {
		char name[] = {'a' + i / 100, '0' + i / 10 % 10, '0' + i % 10, 0};

		if (touch(name))
			FAILS(0, 0);
	}
	IS(entries(".", &sum), 502);
	for (int i = 0; i < 500; i++) {
		char name[] = {'a' + i / 100, '0' + i / 10 % 10, '0' + i % 10, 0};

		if (unlink(name))
			FAILS(0, 0);
	}
	IS(chdir(".."), 0);
	IS(rmdir("many"), 0);
}

static void check_working_directory(void)
{
	char before[PATH_MAX], after[PATH_MAX], small[2];
	struct stat a, b;
	int fd;

	TRUE(getcwd(before, sizeof(before)) == before);
	IS(before[0], '/');
	TRUE(!getcwd(small, sizeof(small)) && errno == ERANGE);
	IS(mkdir("d", 0777), 0);
	IS(chdir("d"), 0);
	TRUE(getcwd(after, sizeof(after)) == after);
	IS(strncmp(before, after, strlen(before)), 0);
	IS(strcmp(after + strlen(before), "/d"), 0);
	IS(stat("..", &a), 0);
	IS(stat(before, &b), 0);
	TRUE(a.st_ino == b.st_ino);
	IS(touch("../d/./f"), 0);
	FAILS(chdir("f"), ENOTDIR);
	FAILS(chdir("missing"), ENOENT);
	fd = open("f", O_RDONLY);
	FAILS(fchdir(fd), ENOTDIR);
	IS(close(fd), 0);
	FAILS(fchdir(-1), EBADF);
	IS(unlink("f"), 0);
	fd = open("..", O_RDONLY | O_DIRECTORY);
	IS(fchdir(fd), 0);
	IS(close(fd), 0);
	IS(rmdir("d"), 0);
	IS(stat("/..", &a), 0);
	IS(stat("/", &b), 0);
	TRUE(a.st_ino == b.st_ino);
	IS(stat("///", &b), 0);
	IS(chdir("/"), 0);
	TRUE(getcwd(after, sizeof(after)) == after);
	IS(strcmp(after, "/"), 0);
	IS(chdir(before), 0);
	memset(after, 'x', sizeof(after));
	after[sizeof(after) - 1] = 0;
	FAILS(stat(after, &a), ENAMETOOLONG);
}

void check_directories(void)
{
	check_making();
	check_reading();
	check_working_directory();
}
