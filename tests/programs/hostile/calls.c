/* SPDX-License-Identifier: MIT */
/* System calls with wild numbers, pointers, lengths and structures. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "hostile.h"
#include "../unsafe_calls.h"

#define LAST_CALL 450

/* Calls that would wait, close descriptors that other calls need, or take memory of the program away. */
static const short skipped[] = {SYS_close,      SYS_dup2,        SYS_dup3,
				SYS_shutdown,   SYS_read,        SYS_select,
				SYS_poll,       SYS_ppoll,       SYS_pselect6,
				SYS_epoll_wait, SYS_epoll_pwait, SYS_fsync,
				SYS_membarrier, SYS_munmap,      SYS_mprotect,
				SYS_mremap,     SYS_madvise,     SYS_process_madvise,
				SYS_mlockall,   SYS_futex,       SYS_nanosleep};

/*
 * Makes each call with one argument @wild and the others @tame, for each argument in turn, and then
 * with all arguments @wild.
 */
static void every_call(long wild, long tame)
{
	for (long nr = 0; nr <= LAST_CALL; nr++) {
		if (IS_IN(unsafe_calls, nr) || IS_IN(skipped, nr))
			continue;
		for (int place = 0; place < 7; place++) {
			long a[6];

			for (int i = 0; i < 6; i++)
				a[i] = place == 6 || i == place ? wild : tame;
			syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		}
	}
}

static void call_kernel_pointers(void)
{
	every_call(DIRECT_MAP, 0x7fff);
}
static void call_image_pointers(void)
{
	every_call(KERNEL_IMAGE, 0x7fff);
}
static void call_small_pointers(void)
{
	every_call(8, 0x7fff);
}
static void call_odd_pointers(void)
{
	every_call(NON_CANONICAL, 0x7fff);
}
static void call_end_pointers(void)
{
	every_call(USER_END - 1, 0x7fff);
}
static void call_minus_one(void)
{
	every_call(-1, 0x7fff);
}
static void call_most_negative(void)
{
	every_call(1L << 63, 0x7fff);
}

static void call_wild_numbers(void)
{
	static const long numbers[] = {-1, 500, 511, 600, 1000, 0x3fffffff, 1L << 31, -1000};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (syscall(numbers[i], 0, 0, 0, 0, 0, 0) != -1 || errno != ENOSYS)
			fail("a wild number is a call");
}

/* Passes a buffer that begins in the program and ends in the kernel's half. */
static void call_across_the_end(void)
{
	int p[2];

	if (pipe(p))
		fail("pipe");
	write(p[1], "hello", 5);
	if (read(p[0], (void *)(USER_END - 2), 1UL << 40) != -1)
		fail("read beyond the end");
	if (write(p[1], (void *)(USER_END - 2), 1UL << 47) != -1)
		fail("write beyond the end");
	if (write(p[1], (void *)DIRECT_MAP, 16) != -1 || errno != EFAULT)
		fail("the kernel's memory was read");
}

/* Passes a buffer whose second page is missing: the call returns the number of bytes that fitted,
 * or EFAULT. */
static void call_half_a_buffer(void)
{
	char *p = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fds[2];
	ssize_t n;

	munmap(p + PAGE, PAGE);
	if (pipe(fds))
		fail("pipe");
	n = write(fds[1], p + PAGE - 10, 100);
	if (n != 10 && n != -1)
		fail("more than the buffer was written");
	n = open("/dev/zero", O_RDONLY);
	n = read(n, p + PAGE - 10, 100);
	if (n != 10 && n != -1)
		fail("more than the buffer was read");
}

static void call_iovec(void)
{
	struct iovec many[4], *array = calloc(1024, sizeof(*array));
	int zero = open("/dev/zero", O_RDONLY), null = open("/dev/null", O_WRONLY);

	for (int i = 0; i < 1024; i++)
		array[i] = (struct iovec){(void *)(DIRECT_MAP + i * PAGE), 1UL << 40};
	if (readv(zero, array, 1024) != -1)
		fail("readv into the kernel");
	writev(null, array, 1024);
	many[0] = (struct iovec){array, 16};
	many[1] = (struct iovec){(void *)DIRECT_MAP, 16};
	if (readv(zero, many, 2) > 16)
		fail("readv beyond the first buffer");
	if (readv(zero, (void *)DIRECT_MAP, 4) != -1 || errno != EFAULT)
		fail("an array in the kernel");
	if (readv(zero, (void *)(USER_END - 8), 4) != -1 || errno != EFAULT)
		fail("an array across the end");
	free(array);
}

static void call_msghdr(void)
{
	struct msghdr wild = {
		(void *)DIRECT_MAP, 128, (void *)KERNEL_IMAGE, 1UL << 40, (void *)STACK_AREA,
		1UL << 40,          -1};
	char control[64];
	struct iovec one = {control, sizeof(control)};
	struct msghdr msg = {.msg_iov = &one, .msg_iovlen = 1, .msg_control = control};
	int fd = socket(AF_INET, SOCK_STREAM, 0), s[2];

	sendmsg(fd, &wild, MSG_NOSIGNAL | MSG_DONTWAIT);
	recvmsg(fd, &wild, MSG_DONTWAIT);
	sendmsg(fd, (void *)KERNEL_IMAGE, MSG_NOSIGNAL);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s))
		return;
	memset(control, 0xff, sizeof(control));
	for (size_t n = 0; n <= sizeof(control); n++) {
		msg.msg_controllen = n;
		sendmsg(s[0], &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	wild.msg_iovlen = 0;
	sendmsg(s[0], &wild, MSG_NOSIGNAL | MSG_DONTWAIT);
	recvmsg(s[1], &wild, MSG_DONTWAIT);
}

static void call_socket_options(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char value[256];
	socklen_t size;

	memset(value, 0xff, sizeof(value));
	for (int level = 0; level < 300; level++) {
		for (int name = 0; name < 80; name++) {
			setsockopt(fd, level, name, value, name % 3 ? 4 : sizeof(value));
			setsockopt(fd, level, name, (void *)DIRECT_MAP, 4);
			setsockopt(fd, level, name, value, -1);
			size = -1;
			getsockopt(fd, level, name, value, &size);
			size = 1 << 30;
			getsockopt(fd, level, name, (void *)DIRECT_MAP, &size);
			getsockopt(fd, level, name, value, (void *)DIRECT_MAP);
		}
	}
}

static void call_poll_wild(void)
{
	struct epoll_event event;
	int epoll = epoll_create1(0), p[2];

	poll((void *)DIRECT_MAP, 16, 0);
	poll((void *)(USER_END - 4), 16, 0);
	poll(NULL, -1, 0);
	select(1024, (void *)DIRECT_MAP, (void *)KERNEL_IMAGE, (void *)8, &(struct timeval){0, 0});
	select(1 << 30, NULL, NULL, NULL, &(struct timeval){0, 0});
	if (pipe(p))
		fail("pipe");
	event = (struct epoll_event){.events = -1};
	epoll_ctl(epoll, EPOLL_CTL_ADD, p[1], &event);
	event = (struct epoll_event){.events = EPOLLOUT};
	epoll_ctl(epoll, EPOLL_CTL_ADD, p[1], &event);
	if (epoll_wait(epoll, (void *)DIRECT_MAP, 8, 0) > 0)
		fail("an event was written into the kernel");
	epoll_wait(epoll, &event, 1 << 30, 0);
	epoll_wait(epoll, (void *)(USER_END - 4), 8, 0);
}

static void call_futex_wild(void)
{
	static const unsigned long addresses[] = {
		0, 8, DIRECT_MAP, KERNEL_IMAGE, NON_CANONICAL, USER_END - 4, USER_END - 2, 1, -4UL};
	struct timespec none = {0, 1};

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
		for (int op = 0; op < 16; op++)
			for (int flags = 0; flags < 512; flags += 128)
				syscall(SYS_futex, addresses[i], op | flags, 0, &none, addresses[i],
					0);
}

static void call_thread_pointers(void)
{
	syscall(SYS_set_tid_address, DIRECT_MAP);
	syscall(SYS_set_robust_list, DIRECT_MAP, 24);
	syscall(SYS_set_robust_list, NON_CANONICAL, 24);
	syscall(SYS_set_robust_list, 8, 24);
	syscall(SYS_exit_group, 0);
}

/* Registers a robust list that never ends. */
static void call_robust_circle(void)
{
	static struct robust_list_head head;
	static struct robust_list loop[2];

	head.list.next = &loop[0];
	loop[0].next = &loop[1];
	loop[1].next = &loop[0];
	head.list_op_pending = (void *)KERNEL_IMAGE;
	syscall(SYS_set_robust_list, &head, sizeof(head));
	syscall(SYS_exit_group, 0);
}

static void call_gs_base(void)
{
	unsigned long value;

	if (syscall(SYS_arch_prctl, 0x1001 /* ARCH_SET_GS */, DIRECT_MAP) != -1 || errno != EPERM)
		fail("GS in the kernel's half");
	if (syscall(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, NON_CANONICAL) != -1 ||
	    errno != EPERM)
		fail("FS is not canonical");
	if (syscall(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, DIRECT_MAP) != -1 || errno != EFAULT)
		fail("FS written into the kernel");
	if (syscall(SYS_arch_prctl, 0x1003, &value) || value >= USER_END)
		fail("no FS");
	syscall(SYS_arch_prctl, 0x9999, 0);
}

static void call_maps(void)
{
	mmap((void *)DIRECT_MAP, PAGE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mmap((void *)(USER_END - PAGE), 16 * PAGE, 3, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1,
	     0);
	munmap((void *)DIRECT_MAP, PAGE);
	munmap((void *)DIRECT_MAP, -PAGE);
	mprotect((void *)KERNEL_IMAGE, PAGE, 7);
	mprotect((void *)(1UL << 46), -1UL, 7);
	mremap((void *)DIRECT_MAP, PAGE, 2 * PAGE, 1);
	mremap(NULL, -1UL, -1UL, 3, DIRECT_MAP);
	madvise((void *)KERNEL_IMAGE, PAGE, MADV_DONTNEED);
	madvise(NULL, -PAGE, MADV_DONTNEED + 0x1000);
	syscall(SYS_brk, KERNEL_IMAGE);
	syscall(SYS_brk, -1);
	syscall(SYS_brk, 1);
	msync((void *)KERNEL_IMAGE, PAGE, MS_SYNC);
	syscall(SYS_mincore, DIRECT_MAP, PAGE, DIRECT_MAP);
}

static void call_paths(void)
{
	char *path = malloc(1 << 20), name[PAGE + 1];

	memset(path, '/', 1 << 20);
	path[(1 << 20) - 1] = 0;
	open(path, O_RDONLY);
	for (int i = 0; i < (1 << 20) - 4; i += 3)
		memcpy(path + i, "../", 3);
	open(path, O_RDONLY);
	memset(name, 'a', sizeof(name));
	name[PAGE] = 0;
	open(name, O_RDWR | O_CREAT, 0600);
	open("/proc/self/../self/../self/maps/..", O_RDONLY);
	open("/proc/sys/../../../../..", O_RDONLY);
	open((char *)(USER_END - 1), O_RDONLY);
	open((char *)KERNEL_IMAGE, O_RDONLY);
	rename(path, name);
	free(path);
}

static void call_execve(void)
{
	char *argv[] = {(char *)DIRECT_MAP, NULL};

	execve("/nothing", argv, argv);
	execve((char *)KERNEL_IMAGE, (char **)KERNEL_IMAGE, (char **)8);
}

const struct attack call_attacks[] = {
	{"call-kernel-pointers", call_kernel_pointers, 0, false},
	{"call-image-pointers", call_image_pointers, 0, false},
	{"call-small-pointers", call_small_pointers, 0, false},
	{"call-odd-pointers", call_odd_pointers, 0, false},
	{"call-end-pointers", call_end_pointers, 0, false},
	{"call-minus-one", call_minus_one, 0, false},
	{"call-most-negative", call_most_negative, 0, false},
	{"call-wild-numbers", call_wild_numbers, 0, false},
	{"call-across-the-end", call_across_the_end, 0, false},
	{"call-half-a-buffer", call_half_a_buffer, 0, false},
	{"call-iovec", call_iovec, 0, false},
	{"call-msghdr", call_msghdr, 0, false},
	{"call-socket-options", call_socket_options, 0, false},
	{"call-poll-wild", call_poll_wild, 0, false},
	{"call-futex-wild", call_futex_wild, 0, false},
	{"call-thread-pointers", call_thread_pointers, 0, false},
	{"call-robust-circle", call_robust_circle, 0, false},
	{"call-gs-base", call_gs_base, 0, false},
	{"call-maps", call_maps, 0, false},
	{"call-paths", call_paths, 0, false},
	{"call-execve", call_execve, 0, false},
	{NULL, NULL, 0, false},
};
