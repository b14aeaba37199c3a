/* SPDX-License-Identifier: MIT */
/*
 * Calls on pipes and poll() that wait.  They are submitted to a hosted kernel with its scheduler and timers,
 * but without devices and network; the seed determines where interrupts arrive.
 */
#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boot/boot_info.h"
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/poll.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"
#include "tests/unit/unit_lower.h"

#define MS 1000000ULL

/* ---- a kernel without network --------------------------------------------------------------- */

void virtio_model_probe(void)
{
}

bool virtio_model_rx(const void *frame, size_t len)
{
	return false;
}

size_t virtio_model_tx(void *buf, size_t max)
{
	return 0;
}

#define NR_OPEN_LATE 1030
static long open_late(void);
static wait_queue_head_t late_queue;

static int init_thread(void *arg)
{
	hal_probe_devices();
	return 0;
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	static const struct syscall_def calls[] = {SYSCALL_DEF(NR_OPEN_LATE, open_late)};
	unit_lower_half(boot);
	init_waitqueue_head(&late_queue);
	register_syscalls(calls, ARRAY_SIZE(calls));
	BUG_ON(IS_ERR(kthread_run(init_thread, NULL, "init")));
	cpu_idle();
}

/* ---- calls ---------------------------------------------------------------------------------- */

static s64 submit(long nr, long a, long b, long c)
{
	s64 ticket = sn_submit(nr, a, b, c, 0, 0, 0);

	assert_true(ticket > 0);
	return ticket;
}

static void step(void)
{
	if (sn_step() == SN_HALTED)
		fail_msg("%s", sn_console());
}

/* Returns the result of a call, which must have returned already. */
static s64 result(s64 ticket)
{
	s64 res;

	step();
	assert_int_equal(sn_poll(ticket, &res), 1);
	return res;
}

static void assert_waits(s64 ticket)
{
	s64 res;

	step();
	assert_int_equal(sn_poll(ticket, &res), 0);
}

static s64 call(long nr, long a, long b, long c)
{
	return result(submit(nr, a, b, c));
}

static int fds[2];

static void open_pipe(void)
{
	assert_int_equal(call(__NR_pipe, (long)fds, 0, 0), 0);
}

static void close_pipe(void)
{
	call(__NR_close, fds[0], 0, 0);
	call(__NR_close, fds[1], 0, 0);
}

/* ---- pipes ---------------------------------------------------------------------------------- */

static void test_reader_waits_for_a_writer(void **state)
{
	char buf[16];
	s64 reader;

	open_pipe();
	reader = submit(__NR_read, fds[0], (long)buf, sizeof(buf));
	assert_waits(reader);
	assert_int_equal(call(__NR_write, fds[1], (long)"hello", 5), 5);
	assert_int_equal(result(reader), 5);
	assert_memory_equal(buf, "hello", 5);
	close_pipe();
}

static void test_writer_waits_for_room(void **state)
{
	static u8 in[300000], out[300000];
	size_t got = 0;
	s64 writer, n;

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = host_random(256);
	open_pipe();
	writer = submit(__NR_write, fds[1], (long)in, sizeof(in));
	assert_waits(writer);
	while (got < sizeof(in)) {
		n = call(__NR_read, fds[0], (long)(out + got), 1 + host_random(20000));
		assert_true(n > 0);
		got += n;
	}
	assert_int_equal(result(writer), sizeof(in));
	assert_memory_equal(in, out, sizeof(in));
	close_pipe();
}

static void test_closing_ends_the_other_side(void **state)
{
	static u8 big[100000];
	s64 reader, writer;
	char buf[4];

	open_pipe();
	reader = submit(__NR_read, fds[0], (long)buf, sizeof(buf));
	assert_waits(reader);
	call(__NR_close, fds[1], 0, 0);
	assert_int_equal(result(reader), 0);
	call(__NR_close, fds[0], 0, 0);

	/* The waiting write() returns the bytes written before the reader closed; the next write() fails. */
	open_pipe();
	writer = submit(__NR_write, fds[1], (long)big, sizeof(big));
	assert_waits(writer);
	call(__NR_close, fds[0], 0, 0);
	assert_int_equal(result(writer), PIPE_PAGES * 4096);
	assert_int_equal(call(__NR_write, fds[1], (long)big, 1), -EPIPE);
	call(__NR_close, fds[1], 0, 0);
}

static void test_interrupt_ends_a_wait(void **state)
{
	struct pollfd pfd;
	s64 reader, poller;
	char buf[4];

	open_pipe();
	reader = submit(__NR_read, fds[0], (long)buf, sizeof(buf));
	pfd = (struct pollfd){fds[0], POLLIN, 0};
	poller = submit(__NR_poll, (long)&pfd, 1, -1);
	assert_waits(reader);
	assert_waits(poller);
	sn_interrupt(reader);
	assert_int_equal(result(reader), -EINTR);
	assert_waits(poller);
	sn_interrupt(poller);
	assert_int_equal(result(poller), -EINTR);
	close_pipe();
}

/* Many threads read and write one pipe: every byte arrives once, and short writes are not interleaved. */
static void test_crowd_on_one_pipe(void **state)
{
	enum { CROWD = 40, RECORD = 100, ROUNDS = 3000 };
	static u8 in[CROWD][RECORD], out[CROWD][RECORD];
	s64 readers[CROWD] = {0}, writers[CROWD] = {0}, res;
	unsigned int written = 0, read = 0;

	open_pipe();
	for (int round = 0; round < ROUNDS || read < written; round++) {
		int i = host_random(CROWD);

		if (!writers[i] && round < ROUNDS) {
			memset(in[i], (u8)host_random(256), RECORD);
			writers[i] = submit(__NR_write, fds[1], (long)in[i], RECORD);
		}
		i = host_random(CROWD);
		if (!readers[i])
			readers[i] = submit(__NR_read, fds[0], (long)out[i], RECORD);
		if (host_random(3))
			continue;
		step();
		for (i = 0; i < CROWD; i++) {
			if (writers[i] && sn_poll(writers[i], &res) == 1) {
				assert_int_equal(res, RECORD);
				written++;
				writers[i] = 0;
			}
			if (readers[i] && sn_poll(readers[i], &res) == 1) {
				assert_int_equal(res, RECORD);
				for (int b = 1; b < RECORD; b++)
					assert_int_equal(out[i][b], out[i][0]);
				read++;
				readers[i] = 0;
			}
		}
	}
	assert_int_equal(read, written);
	call(__NR_close, fds[1], 0, 0);
	for (int i = 0; i < CROWD; i++)
		if (readers[i])
			assert_int_equal(result(readers[i]), 0);
	call(__NR_close, fds[0], 0, 0);
}

/* ---- poll ----------------------------------------------------------------------------------- */

static void test_poll_wakes_for_its_event(void **state)
{
	static u8 big[PIPE_PAGES * 4096];
	struct pollfd in, out;
	s64 reader, writer;

	open_pipe();
	assert_int_equal(call(__NR_write, fds[1], (long)big, sizeof(big)), sizeof(big));
	out = (struct pollfd){fds[1], POLLOUT, 0};
	writer = submit(__NR_poll, (long)&out, 1, -1);
	assert_waits(writer);
	assert_int_equal(call(__NR_read, fds[0], (long)big, sizeof(big)), sizeof(big));
	assert_int_equal(result(writer), 1);
	assert_int_equal(out.revents, POLLOUT);

	in = (struct pollfd){fds[0], POLLIN, 0};
	reader = submit(__NR_poll, (long)&in, 1, 10000);
	assert_waits(reader);
	assert_int_equal(call(__NR_write, fds[1], (long)"x", 1), 1);
	assert_int_equal(result(reader), 1);
	assert_int_equal(in.revents, POLLIN);
	assert_int_equal(call(__NR_read, fds[0], (long)big, 10), 1);

	/* When the other end closes, poll() reports POLLHUP even if no event was requested. */
	in.events = 0;
	reader = submit(__NR_poll, (long)&in, 1, -1);
	assert_waits(reader);
	call(__NR_close, fds[1], 0, 0);
	assert_int_equal(result(reader), 1);
	assert_int_equal(in.revents, POLLHUP);
	call(__NR_close, fds[0], 0, 0);
}

static void test_poll_times_out_and_not_before(void **state)
{
	struct pollfd pfd;
	u64 start = sn_clock();
	s64 poller;

	open_pipe();
	pfd = (struct pollfd){fds[0], POLLIN, 77};
	poller = submit(__NR_poll, (long)&pfd, 1, 50);
	assert_waits(poller);
	sn_set_clock(start + 50 * MS - 1);
	assert_waits(poller);
	sn_set_clock(start + 60 * MS);
	assert_int_equal(result(poller), 0);
	assert_int_equal(pfd.revents, 0);
	/* Without descriptors, poll() just sleeps. */
	start = sn_clock();
	poller = submit(__NR_poll, 0, 0, 20);
	assert_waits(poller);
	sn_set_clock(start + 30 * MS);
	assert_int_equal(result(poller), 0);
	close_pipe();
}

static void test_poll_outlives_a_close(void **state)
{
	struct pollfd pfd;
	s64 poller;

	open_pipe();
	pfd = (struct pollfd){fds[0], POLLIN, 0};
	poller = submit(__NR_poll, (long)&pfd, 1, -1);
	assert_waits(poller);
	call(__NR_close, fds[0], 0, 0);
	call(__NR_write, fds[1], (long)"x", 1);
	/* The write woke poll(), which finds that the descriptor is no longer open. */
	assert_int_equal(result(poller), 1);
	assert_int_equal(pfd.revents, POLLNVAL);
	call(__NR_close, fds[1], 0, 0);
}

/*
 * A file that becomes readable during its first poll operation, which nevertheless returns "no event": as if an
 * interrupt came before poll() sleeps. A system call that this test adds opens the file.
 */
static bool late_changed;

static unsigned int late_poll(struct file *file, struct poll_table *pt)
{
	unsigned int mask = late_changed ? EPOLLIN : 0;

	poll_wait(file, &late_queue, pt);
	if (!late_changed) {
		late_changed = true;
		wake_up_interruptible_poll(&late_queue, EPOLLIN);
	}
	return mask;
}

static long open_late(void)
{
	static const struct file_operations late_ops = {.poll = late_poll};
	int fd = get_unused_fd_flags(0);

	if (fd >= 0)
		fd_install(fd, alloc_file(NULL, O_RDWR, &late_ops));
	return fd;
}

static void test_poll_sees_a_change_before_it_sleeps(void **state)
{
	struct pollfd pfd = {.events = POLLIN};

	pfd.fd = call(NR_OPEN_LATE, 0, 0, 0);
	assert_true(pfd.fd >= 0);
	assert_int_equal(call(__NR_poll, (long)&pfd, 1, -1), 1);
	assert_int_equal(pfd.revents, POLLIN);
	call(__NR_close, pfd.fd, 0, 0);
}

/* Tests /proc/threads here, because only a kernel with a scheduler has it. */
static void test_proc_threads(void **state)
{
	static char text[4096];
	s64 fd = call(__NR_open, (long)"/proc/threads", O_RDONLY, 0), n;

	assert_true(fd >= 0);
	n = call(__NR_read, fd, (long)text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "COMM\n"));
	assert_non_null(strstr(text, " ksoftirqd"));
	assert_non_null(strstr(text, " R kernel ")); /* the thread that executes this read() */
	call(__NR_close, fd, 0, 0);
}

/* ---- around every test ---------------------------------------------------------------------- */

static u64 live_before;
static u32 timers_before;

static int before_each(void **state)
{
	step();
	live_before = sn_live_objects();
	timers_before = sn_timers_armed();
	return 0;
}

static int after_each(void **state)
{
	step();
	assert_int_equal(sn_calls_in_flight(), 0);
	/* The threads that executed the calls have ended, except the one that existed before. */
	assert_int_equal(sn_live_objects(), live_before);
	assert_int_equal(sn_timers_armed(), timers_before);
	assert_int_equal(sn_warn_count(), 0);
	return 0;
}

static u64 seed = 20170611; /* or the program's argument */

static int setup(void **state)
{
	int err = sn_boot(seed, "");

	/*
	 * The first call allocates the descriptor table that all calls share: make that call before objects are
	 * counted.
	 */
	return err ? err : (int)call(__NR_poll, 0, 0, 0);
}

int main(int argc, char **argv)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_reader_waits_for_a_writer),
		each(test_writer_waits_for_room),
		each(test_closing_ends_the_other_side),
		each(test_interrupt_ends_a_wait),
		each(test_crowd_on_one_pipe),
		each(test_poll_wakes_for_its_event),
		each(test_poll_times_out_and_not_before),
		each(test_poll_outlives_a_close),
		each(test_poll_sees_a_change_before_it_sleeps),
		each(test_proc_threads),
	};

	if (argc > 1)
		BUG_ON(kstrtoul(argv[1], 10, &seed));
	return cmocka_run_group_tests(tests, setup, NULL);
}
