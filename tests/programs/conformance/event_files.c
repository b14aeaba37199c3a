/* SPDX-License-Identifier: MIT */
/* eventfd and timerfd. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "check.h"

static int writable(int fd)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

static void check_eventfd(void)
{
	uint64_t value = 5, most = UINT64_MAX - 1;
	int fd;

	FAILS(eventfd(0, 2), EINVAL);
	fd = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
	TRUE(fd >= 0);
	IS(fcntl(fd, F_GETFD), FD_CLOEXEC);
	IS(writable(fd), POLLIN | POLLOUT);
	IS(write(fd, &value, 8), 8);
	FAILS(read(fd, &value, 7), EINVAL);
	IS(read(fd, &value, 8), 8);
	IS(value, 8);
	IS(writable(fd), POLLOUT);
	FAILS(read(fd, &value, 8), EAGAIN);
	FAILS(write(fd, &value, 4), EINVAL);
	value = UINT64_MAX;
	FAILS(write(fd, &value, 8), EINVAL);
	IS(write(fd, &most, 8), 8);
	IS(writable(fd), POLLIN);
	value = 1;
	FAILS(write(fd, &value, 8), EAGAIN);
	IS(read(fd, &value, 8), 8);
	TRUE(value == most);
	IS(lseek(fd, 0, SEEK_SET), 0);
	IS(close(fd), 0);
	fd = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	IS(read(fd, &value, 8), 8);
	IS(value, 1);
	IS(read(fd, &value, 8), 8);
	FAILS(read(fd, &value, 8), EAGAIN);
	IS(close(fd), 0);
}

static void check_timerfd(void)
{
	struct itimerspec once = {{0, 0}, {0, 1000000}}, often = {{0, 1000000}, {0, 1}}, got,
			  bad = {{0, 0}, {0, -1}};
	struct itimerspec past = {{0, 0}, {1, 0}}, off = {0};
	struct pollfd p;
	uint64_t count = 0;
	int fd;

	FAILS(timerfd_create(99, 0), EINVAL);
	FAILS(timerfd_create(CLOCK_MONOTONIC, 1), EINVAL);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	TRUE(fd >= 0);
	FAILS(read(fd, &count, 8), EAGAIN);
	FAILS(timerfd_settime(fd, 0, &bad, NULL), EINVAL);
	FAILS(timerfd_settime(fd, 64, &once, NULL), EINVAL);
	FAILS(timerfd_settime(0, 0, &once, NULL), EINVAL);
	FAILS(timerfd_settime(-1, 0, &once, NULL), EBADF);
	FAILS(timerfd_settime(fd, 0, (struct itimerspec *)8, NULL), EFAULT);
	IS(timerfd_gettime(fd, &got), 0);
	IS(got.it_value.tv_sec | got.it_value.tv_nsec, 0);
	IS(timerfd_settime(fd, 0, &once, NULL), 0);
	p = (struct pollfd){fd, POLLIN, 0};
	IS(poll(&p, 1, -1), 1);
	IS(read(fd, &count, 8), 8);
	IS(count, 1);
	FAILS(read(fd, &count, 8), EAGAIN);
	IS(timerfd_settime(fd, TFD_TIMER_ABSTIME, &past, NULL), 0);
	IS(poll(&p, 1, -1), 1);
	FAILS(read(fd, &count, 4), EINVAL);
	IS(read(fd, &count, 8), 8);
	IS(timerfd_settime(fd, 0, &often, NULL), 0);
	IS(timerfd_gettime(fd, &got), 0);
	IS(got.it_interval.tv_nsec, 1000000);
	IS(poll(&p, 1, -1), 1);
	IS(read(fd, &count, 8), 8);
	TRUE(count >= 1);
	IS(timerfd_settime(fd, 0, &off, &got), 0);
	IS(got.it_interval.tv_nsec, 1000000);
	IS(timerfd_gettime(fd, &got), 0);
	IS(got.it_value.tv_sec | got.it_value.tv_nsec, 0);
	FAILS(write(fd, &count, 8), EINVAL);
	IS(close(fd), 0);
}

void check_event_files(void)
{
	check_eventfd();
	check_timerfd();
}
