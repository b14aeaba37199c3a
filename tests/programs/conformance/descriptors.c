/* SPDX-License-Identifier: MIT */
/* Descriptors: dup(), fcntl(), ioctl(), limits, and the device files. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void check_dup(void)
{
	int a = open("/dev/null", O_RDWR), b;

	b = dup(a);
	IS(b, a + 1);
	IS(dup2(a, a), a);
	IS(dup2(a, 40), 40);
	IS(dup2(a, 40), 40);
	FAILS(dup2(99, 40), EBADF);
	FAILS(dup2(a, -1), EBADF);
	FAILS(dup3(a, a, 0), EINVAL);
	FAILS(dup3(a, 41, 1), EINVAL);
	IS(dup3(a, 41, O_CLOEXEC), 41);
	IS(fcntl(41, F_GETFD), FD_CLOEXEC);
	IS(fcntl(40, F_GETFD), 0);
	FAILS(dup(-1), EBADF);
	IS(fcntl(a, F_DUPFD, 30), 30);
	IS(fcntl(a, F_DUPFD_CLOEXEC, 30), 31);
	FAILS(fcntl(a, F_DUPFD, -1), EINVAL);
	IS(fcntl(a, F_SETFD, FD_CLOEXEC), 0);
	IS(fcntl(a, F_GETFD), FD_CLOEXEC);
	IS(fcntl(b, F_GETFD), 0);
	IS(fcntl(a, F_SETFL, O_NONBLOCK), 0);
	IS(fcntl(b, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	IS(fcntl(a, F_SETFL, 0), 0);
	FAILS(fcntl(-1, F_GETFL), EBADF);
	FAILS(fcntl(a, 9999), EINVAL);
	IS(close(30), 0);
	IS(close(31), 0);
	IS(close(40), 0);
	IS(close(41), 0);
	IS(close(b), 0);
	IS(close(a), 0);
	FAILS(close(-1), EBADF);
	/* The lowest free descriptor is taken. */
	a = open("/dev/null", O_RDONLY);
	b = open("/dev/null", O_RDONLY);
	IS(close(a), 0);
	IS(open("/dev/zero", O_RDONLY), a);
	IS(close(a), 0);
	IS(close(b), 0);
}

static void check_limit(void)
{
	struct rlimit old, small;
	int fd, error;

	IS(getrlimit(RLIMIT_NOFILE, &old), 0);
	TRUE(old.rlim_cur >= 256 && old.rlim_cur <= old.rlim_max);
	small = (struct rlimit){50, old.rlim_max};
	IS(setrlimit(RLIMIT_NOFILE, &small), 0);
	FAILS(dup2(0, 50), EBADF);
	IS(dup2(0, 49), 49);
	FAILS(fcntl(0, F_DUPFD, 50), EINVAL);
	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0);
	error = errno;
	IS(error, EMFILE);
	FAILS(dup(0), EMFILE);
	FAILS(fcntl(0, F_DUPFD, 3), EMFILE);
	for (fd = 3; fd < 50; fd++)
		close(fd);
	small.rlim_cur = old.rlim_max + 1;
	FAILS(setrlimit(RLIMIT_NOFILE, &small), EINVAL);
	FAILS(getrlimit(99, &old), EINVAL);
	IS(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void check_devices(void)
{
	struct stat st;
	char bytes[16];
	int fd = open("/dev/null", O_RDWR), n;

	IS(read(fd, bytes, 16), 0);
	IS(write(fd, bytes, 16), 16);
	IS(fstat(fd, &st), 0);
	TRUE(S_ISCHR(st.st_mode));
	FAILS(ioctl(fd, TIOCGWINSZ, bytes), ENOTTY);
	IS(isatty(fd), 0);
	IS(close(fd), 0);
	fd = open("/dev/zero", O_RDWR);
	memset(bytes, 1, sizeof(bytes));
	IS(read(fd, bytes, 16), 16);
	IS(bytes[0] | bytes[15], 0);
	IS(close(fd), 0);
	fd = open("/dev/full", O_RDWR);
	IS(read(fd, bytes, 16), 16);
	FAILS(write(fd, bytes, 1), ENOSPC);
	IS(close(fd), 0);
	fd = open("/dev/urandom", O_RDONLY);
	memset(bytes, 0, sizeof(bytes));
	IS(read(fd, bytes, 16), 16);
	for (n = 0; n < 15 && bytes[n] == bytes[15]; n++)
		;
	TRUE(n < 15);
	IS(close(fd), 0);
	fd = open("/proc/self/exe", O_RDONLY);
	IS(read(fd, bytes, 4), 4);
	IS(memcmp(bytes, "\177ELF", 4), 0);
	IS(close(fd), 0);
	FAILS(open("/dev/missing", O_RDONLY), ENOENT);
	FAILS(open("/dev/null", O_RDONLY | O_DIRECTORY), ENOTDIR);
}

void check_descriptors(void)
{
	check_dup();
	check_limit();
	check_devices();
}
