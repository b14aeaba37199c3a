/* SPDX-License-Identifier: MIT */
/* open() and its flags, reading, writing and seeking, truncation, names and attributes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sendfile.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

#define NOREPLACE 1 /* RENAME_NOREPLACE, which musl does not define */

static int make(const char *name, const char *text)
{
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	if (fd >= 0 && write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	return fd;
}

static void check_open(void)
{
	char name[NAME_MAX + 2];
	int fd;

	FAILS(open("missing", O_RDONLY), ENOENT);
	FAILS(open("", O_RDONLY), ENOENT);
	FAILS(open("missing/file", O_RDWR | O_CREAT, 0600), ENOENT);
	FAILS(open((char *)8, O_RDONLY), EFAULT);
	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = 0;
	FAILS(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
	name[NAME_MAX] = 0;
	fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
	TRUE(fd >= 0);
	IS(close(fd), 0);
	FAILS(open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	IS(unlink(name), 0);
	FAILS(open(".", O_RDWR), EISDIR);
	FAILS(open(".", O_WRONLY), EISDIR);
	FAILS(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
	fd = open(".", O_RDONLY);
	TRUE(fd >= 0);
	FAILS(read(fd, name, 1), EISDIR);
	IS(close(fd), 0);
	fd = make("file", "0123456789");
	IS(close(fd), 0);
	FAILS(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
	FAILS(open("file/", O_RDONLY), ENOTDIR);
	FAILS(open("file/below", O_RDONLY), ENOTDIR);
	IS(symlink("file", "link"), 0);
	FAILS(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	FAILS(open("link", O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	fd = open("link", O_RDONLY);
	TRUE(fd >= 0);
	IS(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	IS(fcntl(fd, F_GETFD), 0);
	FAILS(write(fd, "x", 1), EBADF);
	FAILS(ftruncate(fd, 0), EINVAL);
	IS(close(fd), 0);
	FAILS(close(fd), EBADF);
	fd = open("file", O_WRONLY | O_CLOEXEC);
	IS(fcntl(fd, F_GETFD), FD_CLOEXEC);
	FAILS(read(fd, name, 1), EBADF);
	IS(close(fd), 0);
	fd = open("file", O_PATH);
	TRUE(fd >= 0);
	FAILS(read(fd, name, 1), EBADF);
	FAILS(lseek(fd, 0, SEEK_SET), EBADF);
	IS(close(fd), 0);
	IS(symlink("loop", "loop"), 0);
	FAILS(open("loop", O_RDONLY), ELOOP);
	IS(unlink("loop"), 0);
	IS(unlink("link"), 0);
	IS(unlink("file"), 0);
}

static void check_position(void)
{
	struct iovec parts[2];
	char bytes[16], more[4];
	int fd = make("file", "0123456789");

	IS(lseek(fd, 0, SEEK_CUR), 10);
	IS(read(fd, bytes, 4), 0);
	IS(lseek(fd, 4, SEEK_SET), 4);
	IS(read(fd, bytes, 4), 4);
	IS(memcmp(bytes, "4567", 4), 0);
	IS(lseek(fd, -1, SEEK_CUR), 7);
	IS(lseek(fd, -2, SEEK_END), 8);
	IS(read(fd, bytes, 16), 2);
	FAILS(lseek(fd, -1, SEEK_SET), EINVAL);
	FAILS(lseek(fd, 0, 99), EINVAL);
	IS(lseek(fd, 0, SEEK_DATA), 0);
	IS(lseek(fd, 0, SEEK_HOLE), 10);
	FAILS(lseek(fd, 11, SEEK_DATA), ENXIO);
	IS(pread(fd, bytes, 3, 7), 3);
	IS(memcmp(bytes, "789", 3), 0);
	IS(pread(fd, bytes, 3, 100), 0);
	FAILS(pread(fd, bytes, 3, -1), EINVAL);
	IS(pwrite(fd, "ab", 2, 0), 2);
	FAILS(pwrite(fd, "ab", 2, -5), EINVAL);
	IS(lseek(fd, 0, SEEK_SET), 0);
	FAILS(read(fd, (char *)8, 4), EFAULT);
	FAILS(pread(fd, (char *)8, 4, 0), EFAULT);
	FAILS(write(fd, (char *)8, 4), EFAULT);
	IS(read(fd, bytes, 0), 0);
	parts[0] = (struct iovec){bytes, 3};
	parts[1] = (struct iovec){more, 4};
	IS(lseek(fd, 0, SEEK_SET), 0);
	IS(readv(fd, parts, 2), 7);
	IS(memcmp(bytes, "ab2", 3) || memcmp(more, "3456", 4), 0);
	IS(preadv(fd, parts, 2, 5), 5);
	FAILS(readv(fd, parts, -1), EINVAL);
	FAILS(readv(fd, parts, IOV_MAX + 1), EINVAL);
	IS(readv(fd, parts, 0), 0);
	parts[1].iov_len = -1;
	FAILS(readv(fd, parts, 2), EINVAL);
	parts[1].iov_len = 4;
	/* An address of the kernel's half is refused before the first part is written. */
	parts[1].iov_base = (void *)(1UL << 63);
	FAILS(pwritev(fd, parts, 2, 20), EFAULT);
	FAILS(readv(fd, parts, 2), EFAULT);
	parts[1].iov_base = more;
	IS(pwritev(fd, parts, 2, 20), 7);
	IS(lseek(fd, 0, SEEK_END), 27);
	IS(pread(fd, bytes, 10, 10), 10);
	IS(bytes[0] | bytes[5] | bytes[9], 0);
	IS(close(fd), 0);
	fd = open("file", O_RDWR | O_APPEND);
	IS(lseek(fd, 0, SEEK_SET), 0);
	IS(write(fd, "end", 3), 3);
	IS(lseek(fd, 0, SEEK_CUR), 30);
	IS(close(fd), 0);
	IS(unlink("file"), 0);
}

static void check_truncate(void)
{
	struct stat st;
	char bytes[8];
	int fd = make("file", "0123456789"), copy;

	IS(ftruncate(fd, 4), 0);
	IS(fstat(fd, &st), 0);
	IS(st.st_size, 4);
	IS(lseek(fd, 0, SEEK_CUR), 10);
	IS(ftruncate(fd, 8), 0);
	IS(pread(fd, bytes, 8, 0), 8);
	IS(memcmp(bytes, "0123\0\0\0\0", 8), 0);
	FAILS(ftruncate(fd, -1), EINVAL);
	FAILS(ftruncate(-1, 0), EBADF);
	FAILS(truncate("missing", 0), ENOENT);
	FAILS(truncate(".", 0), EISDIR);
	FAILS(truncate("file", -1), EINVAL);
	IS(truncate("file", 0), 0);
	IS(pread(fd, bytes, 8, 0), 0);
	IS(ftruncate(fd, 100000), 0);
	IS(pread(fd, bytes, 8, 99998), 2);
	IS(pwrite(fd, "x", 1, 70000), 1);
	IS(pread(fd, bytes, 1, 70000), 1);
	IS(bytes[0], 'x');
	IS(ftruncate(fd, 70000), 0);
	IS(ftruncate(fd, 70001), 0);
	IS(pread(fd, bytes, 1, 70000), 1);
	IS(bytes[0], 0);
	IS(fsync(fd), 0);
	IS(fdatasync(fd), 0);
	FAILS(fsync(-1), EBADF);
	/* A file that is unlinked while it is open lives until it is closed. */
	IS(unlink("file"), 0);
	FAILS(stat("file", &st), ENOENT);
	IS(fstat(fd, &st), 0);
	IS(st.st_nlink, 0);
	IS(pwrite(fd, "alive", 5, 0), 5);
	IS(pread(fd, bytes, 5, 0), 5);
	copy = make("copy", "");
	IS(lseek(fd, 0, SEEK_SET), 0);
	IS(sendfile(copy, fd, NULL, 5), 5);
	IS(lseek(fd, 0, SEEK_CUR), 5);
	IS(pread(copy, bytes, 8, 0), 5);
	IS(memcmp(bytes, "alive", 5), 0);
	FAILS(sendfile(copy, -1, NULL, 5), EBADF);
	FAILS(sendfile(-1, fd, NULL, 5), EBADF);
	IS(close(copy), 0);
	IS(unlink("copy"), 0);
	IS(close(fd), 0);
}

static void check_attributes(void)
{
	struct timespec times[2] = {{1000, 5}, {2000, 7}};
	struct statfs fs;
	struct stat st;
	int fd = make("file", "text");

	IS(close(fd), 0);
	IS(stat("file", &st), 0);
	TRUE(S_ISREG(st.st_mode));
	IS(st.st_mode & 07777, 0644);
	IS(st.st_nlink, 1);
	IS(st.st_size, 4);
	TRUE(st.st_ino != 0);
	IS(chmod("file", 0600), 0);
	IS(stat("file", &st), 0);
	IS(st.st_mode & 07777, 0600);
	FAILS(chmod("missing", 0600), ENOENT);
	FAILS(stat("missing", &st), ENOENT);
	FAILS(syscall(SYS_stat, "file", 8), EFAULT);
	FAILS(stat("", &st), ENOENT);
	FAILS(fstat(-1, &st), EBADF);
	IS(fstatat(AT_FDCWD, "file", &st, 0), 0);
	FAILS(fstatat(AT_FDCWD, "file", &st, 0x40000), EINVAL);
	FAILS(fstatat(-1, "file", &st, 0), EBADF);
	IS(umask(077), 022);
	fd = open("private", O_RDWR | O_CREAT, 0666);
	IS(fstat(fd, &st), 0);
	IS(st.st_mode & 07777, 0600);
	IS(fstatat(fd, "", &st, AT_EMPTY_PATH), 0);
	FAILS(fstatat(fd, "x", &st, 0), ENOTDIR);
	IS(fchmod(fd, 0640), 0);
	IS(fstat(fd, &st), 0);
	IS(st.st_mode & 07777, 0640);
	IS(futimens(fd, times), 0);
	IS(fstat(fd, &st), 0);
	IS(st.st_atim.tv_sec * 10000 + st.st_mtim.tv_sec, 10002000);
	IS(st.st_mtim.tv_nsec, 7);
	times[0].tv_nsec = 1000000000;
	FAILS(futimens(fd, times), EINVAL);
	IS(close(fd), 0);
	IS(umask(022), 077);
	IS(access("file", F_OK), 0);
	IS(access("file", R_OK | W_OK), 0);
	FAILS(access("missing", F_OK), ENOENT);
	FAILS(access("file", 8), EINVAL);
	IS(statfs(".", &fs), 0);
	TRUE(fs.f_bsize >= 512 && fs.f_namelen == 255);
	FAILS(statfs("missing", &fs), ENOENT);
	IS(unlink("private"), 0);
	IS(unlink("file"), 0);
}

static void check_links(void)
{
	struct stat a, b;
	char text[8];
	int fd = make("file", "text");

	IS(close(fd), 0);
	IS(link("file", "other"), 0);
	IS(stat("file", &a), 0);
	IS(stat("other", &b), 0);
	TRUE(a.st_ino == b.st_ino);
	IS(a.st_nlink, 2);
	FAILS(link("file", "other"), EEXIST);
	FAILS(link("missing", "x"), ENOENT);
	IS(unlink("file"), 0);
	IS(stat("other", &b), 0);
	IS(b.st_nlink, 1);
	IS(symlink("other", "link"), 0);
	FAILS(symlink("other", "link"), EEXIST);
	FAILS(symlink("", "x"), ENOENT);
	IS(readlink("link", text, sizeof(text)), 5);
	IS(memcmp(text, "other", 5), 0);
	IS(readlink("link", text, 2), 2);
	FAILS(readlink("link", text, 0), EINVAL);
	FAILS(readlink("other", text, sizeof(text)), EINVAL);
	FAILS(readlink("missing", text, sizeof(text)), ENOENT);
	IS(lstat("link", &a), 0);
	TRUE(S_ISLNK(a.st_mode));
	IS(a.st_size, 5);
	IS(stat("link", &a), 0);
	TRUE(S_ISREG(a.st_mode));
	IS(unlink("other"), 0);
	FAILS(stat("link", &a), ENOENT);
	/* open() of a dangling link with O_CREAT creates the link's target. */
	fd = open("link", O_RDWR | O_CREAT, 0600);
	TRUE(fd >= 0);
	IS(close(fd), 0);
	IS(stat("other", &a), 0);
	IS(rename("other", "third"), 0);
	FAILS(stat("other", &a), ENOENT);
	FAILS(rename("missing", "x"), ENOENT);
	fd = make("fourth", "4");
	IS(close(fd), 0);
	FAILS(syscall(SYS_renameat2, AT_FDCWD, "third", AT_FDCWD, "fourth", NOREPLACE), EEXIST);
	IS(rename("third", "fourth"), 0);
	IS(stat("fourth", &a), 0);
	IS(a.st_size, 0);
	IS(rename("fourth", "fourth"), 0);
	FAILS(unlink("missing"), ENOENT);
	IS(unlink("fourth"), 0);
	IS(unlink("link"), 0);
}

/* ---- one position for several threads ------------------------------------------------------------- */

#define SHARED_WORDS (4 * 1024 * 1024 / 8)
#define CHUNK_WORDS  (512 * 1024 / 8)
#define READS        400 /* of each thread: together longer than many time slices */

struct reader {
	int fd;
	long torn; /* checked words that do not count on from the first word of the same read() */
};

static void *read_chunks(void *arg)
{
	struct reader *r = arg;
	uint64_t *words = malloc(CHUNK_WORDS * 8);

	for (int k = 0; k < READS; k++) {
		ssize_t n = read(r->fd, words, CHUNK_WORDS * 8);

		if (n <= 0)
			lseek(r->fd, 0, SEEK_SET);
		/* Check one word of each 4 KiB, so that threads spend most of the time in read(). */
		for (ssize_t i = 0; i < n / 8; i += 512)
			r->torn += words[i] != words[0] + i;
	}
	free(words);
	return NULL;
}

/* Threads share the position of an open file: each read() returns bytes that follow one another. */
static void check_shared_position(void)
{
	int fd = open("shared", O_RDWR | O_CREAT, 0600);
	uint64_t *words = malloc(SHARED_WORDS * 8);
	struct reader readers[4];
	pthread_t threads[4];

	for (uint64_t i = 0; i < SHARED_WORDS; i++)
		words[i] = i;
	IS(write(fd, words, SHARED_WORDS * 8), SHARED_WORDS * 8);
	for (int i = 0; i < 4; i++) {
		readers[i] = (struct reader){.fd = fd};
		IS(pthread_create(&threads[i], NULL, read_chunks, &readers[i]), 0);
	}
	for (int i = 0; i < 4; i++) {
		IS(pthread_join(threads[i], NULL), 0);
		IS(readers[i].torn, 0);
	}
	free(words);
	IS(close(fd), 0);
	IS(unlink("shared"), 0);
}

void check_files(void)
{
	check_open();
	check_position();
	check_truncate();
	check_attributes();
	check_links();
	check_shared_position();
}
