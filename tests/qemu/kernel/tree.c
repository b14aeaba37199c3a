/* SPDX-License-Identifier: MIT */
/*
 * app=tree: prints each file below /, except /proc, /dev and /tmp, with its mode, size and a sum of its bytes,
 * then writes a large file until the RAM file system is full, and removes it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEPTH_MAX 8

static char buf[4096];
static char path[512];

/* The sum of Adler-32 (RFC 1950), which Python's zlib computes, too. */
static uint32_t sum_of_file(const char *name)
{
	uint32_t a = 1, b = 0;
	int fd = open(name, O_RDONLY);
	ssize_t n;

	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			a = (a + (unsigned char)buf[i]) % 65521;
			b = (b + a) % 65521;
		}
	}
	close(fd);
	return b << 16 | a;
}

static void print_entry(size_t len, int depth);

static void print_dir(size_t len, int depth)
{
	char entries[512];
	int fd = open(len ? path : "/", O_RDONLY | O_DIRECTORY);
	long n;

	while ((n = kernel_syscall(__NR_getdents64, fd, (long)entries, sizeof(entries), 0, 0, 0)) >
	       0) {
		for (long at = 0; at < n; at += *(uint16_t *)(entries + at + 16)) {
			const char *name = entries + at + 19;

			if (!strcmp(name, ".") || !strcmp(name, ".."))
				continue;
			/* Skip the folders that the kernel fills. */
			if (!len &&
			    (!strcmp(name, "proc") || !strcmp(name, "dev") || !strcmp(name, "tmp")))
				continue;
			path[len] = '/';
			memcpy(path + len + 1, name, strlen(name) + 1);
			print_entry(len + 1 + strlen(name), depth + 1);
			path[len] = '\0';
		}
	}
	close(fd);
}

static void print_entry(size_t len, int depth)
{
	struct stat st;

	if (kernel_syscall(__NR_lstat, (long)path, (long)&st, 0, 0, 0, 0))
		printf("TREE %s: cannot be read\n", path);
	else if ((st.st_mode & S_IFMT) == S_IFDIR)
		printf("TREE %s %o\n", path, st.st_mode);
	else
		printf("TREE %s %o %ld %08x\n", path, st.st_mode, (long)st.st_size,
		       sum_of_file(path));
	if ((st.st_mode & S_IFMT) == S_IFDIR && depth < DEPTH_MAX)
		print_dir(len, depth);
}

int tree_main(int argc, char **argv)
{
	long written = 0;
	int fd;

	print_dir(0, 0);
	fd = open("/full", O_CREAT | O_WRONLY, 0600);
	while (write(fd, buf, sizeof(buf)) == sizeof(buf))
		written++;
	printf("TREE full after %ld pages: %s\n", written,
	       errno == ENOSPC ? "ENOSPC" : "another error");
	close(fd);
	kernel_syscall(__NR_unlink, (long)"/full", 0, 0, 0, 0, 0);
	fd = open("/again", O_CREAT | O_WRONLY, 0600);
	printf("TREE again: %ld\nREADY\n", (long)write(fd, buf, sizeof(buf)));
	return 0;
}
