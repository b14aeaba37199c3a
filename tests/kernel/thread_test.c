/* SPDX-License-Identifier: MIT */
/*
 * Tests of futexes and threads: waking, requeueing, clone(), the ends of threads and of the process, robust
 * mutexes.  The cases are programs of the hosted kernel.
 */
#include "include/uapi/sched.h"
#include "kernel/lib/string.h"
#include "kernel/process/limits.h"
#include "kernel/sched/limits.h"
#include "kernel/time/wallclock.h"
#include "tests/host/host.h"
#include "tests/kernel/program.h"

const bool cases_are_programs = true;

static int fds[2];
static u32 word;

/* ---- futexes ---------------------------------------------------------------------------------- */

static long futex_op(u32 *word_, int op, u32 val, long nr, u32 *second, u32 val3)
{
	return CALL6(__NR_futex, word_, op, val, nr, second, val3);
}

static void futex_arguments(void)
{
	struct timespec bad = {0, -1}, negative = {-1, 0}, none = {0, 0}, past = {1, 0};
	u32 words[2] = {5, 0}, *odd = (u32 *)((char *)words + 1);
	const int private = FUTEX_PRIVATE_FLAG;

	CHECK_IS(futex(words, FUTEX_WAIT, 4, NULL), -EAGAIN);
	CHECK_IS(futex(odd, FUTEX_WAIT, 5, NULL), -EINVAL);
	CHECK_IS(futex(odd, FUTEX_WAKE, 5, NULL), -EINVAL);
	CHECK_IS(futex(NOWHERE, FUTEX_WAIT, 5, NULL), -EFAULT);
	CHECK_IS(futex(NOWHERE, FUTEX_WAKE, 1, NULL), -EFAULT);
	CHECK_IS(futex(NOWHERE, FUTEX_WAKE | private, 1, NULL), 0);
	CHECK_IS(futex(words, FUTEX_WAIT, 5, NOWHERE), -EFAULT);
	CHECK_IS(futex(words, FUTEX_WAIT, 5, &bad), -EINVAL);
	CHECK_IS(futex(words, FUTEX_WAIT, 5, &negative), -EINVAL);
	CHECK_IS(futex(words, FUTEX_WAIT, 5, &none), -ETIMEDOUT);
	CHECK_IS(futex(words, FUTEX_WAIT | private, 5, &none), -ETIMEDOUT);
	CHECK_IS(futex(words, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 5, &none), -ENOSYS);
	CHECK_IS(futex(words, FUTEX_WAKE | FUTEX_CLOCK_REALTIME, 1, NULL), -ENOSYS);
	CHECK_IS(futex(words, FUTEX_WAKE, 1, NULL), 0);
	CHECK_IS(futex_op(words, FUTEX_WAIT_BITSET, 5, 0, NULL, 0), -EINVAL);
	CHECK_IS(futex_op(words, FUTEX_WAKE_BITSET, 1, 0, NULL, 0), -EINVAL);
	CHECK_IS(futex_op(words, FUTEX_WAIT_BITSET, 5, (long)&none, NULL, 1), -ETIMEDOUT);
	wallclock_set(100, 0);
	CHECK_IS(futex_op(words, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 5, (long)&past, NULL, 1),
		 -ETIMEDOUT);
	CHECK_IS(futex_op(words, FUTEX_CMP_REQUEUE, 1, 1, words + 1, 4), -EAGAIN);
	CHECK_IS(futex_op(words, FUTEX_CMP_REQUEUE, 1, 1, words + 1, 5), 0);
	CHECK_IS(futex_op(words, FUTEX_REQUEUE, 1, -1, words + 1, 0), -EINVAL);
	CHECK_IS(futex_op(words, FUTEX_REQUEUE, -1, 1, words + 1, 0), -EINVAL);
	CHECK_IS(futex_op(words, FUTEX_REQUEUE, 1, 1, odd, 0), -EINVAL);
	CHECK_IS(futex_op(words, FUTEX_REQUEUE, 1, 1, NOWHERE, 0), -EFAULT);
	CHECK_IS(futex(words, 6 /* FUTEX_LOCK_PI */, 1, NULL), -ENOSYS);
	CHECK_IS(futex(words, 99, 1, NULL), -ENOSYS);
}

static u32 second_word;
static u32 woken[16];
static unsigned int nr_woken;

/* @arg: bits 0-7: the mask of FUTEX_WAIT_BITSET; the bits above: the number that is stored in woken[]. */
static int wait_on_word(void *arg)
{
	u32 bits = (u32)(u64)arg & 0xff;

	CHECK_IS(futex_op(&word, FUTEX_WAIT_BITSET, 0, 0, NULL, bits), 0);
	woken[nr_woken++] = (u32)((u64)arg >> 8);
	end_thread();
	return 0;
}

static void make_waiters(unsigned int n, u32 bits)
{
	for (unsigned int i = 0; i < n; i++)
		start(wait_on_word, (void *)((u64)i << 8 | bits));
	sleep_ms(1);
}

/* Waiters are woken in the order in which they came. */
static void futex_wakes_in_order(void)
{
	make_waiters(4, 1);
	make_waiters(2, 2);
	CHECK_IS(futex_op(&word, FUTEX_WAKE_BITSET, 10, 0, NULL, 4), 0);
	CHECK_IS(futex(&word, FUTEX_WAKE, 1, NULL), 1);
	CHECK_IS(futex_op(&word, FUTEX_WAKE_BITSET, 10, 0, NULL, 2), 2);
	CHECK_IS(futex(&word, FUTEX_WAKE, 2, NULL), 2);
	CHECK_IS(futex(&word, FUTEX_WAKE, 9, NULL), 1);
	join_threads();
	CHECK_IS(nr_woken, 6);
	CHECK(woken[0] == 0 && woken[1] == 0 && woken[2] == 1 && woken[3] == 1 && woken[4] == 2 &&
	      woken[5] == 3);
}

static void futex_requeues(void)
{
	make_waiters(5, 1);
	CHECK_IS(futex_op(&word, FUTEX_CMP_REQUEUE, 1, 2, &second_word, 0), 3);
	CHECK_IS(futex(&second_word, FUTEX_WAKE, 9, NULL), 2);
	CHECK_IS(futex(&word, FUTEX_WAKE, 9, NULL), 2);
	join_threads();
	CHECK(woken[0] == 0 && woken[1] == 1 && woken[2] == 2 && woken[3] == 3 && woken[4] == 4);
}

static u32 operand(int op, int oparg, int cmp, int cmparg)
{
	return (u32)op << 28 | (u32)cmp << 24 | (u32)(oparg & 0xfff) << 12 | (u32)(cmparg & 0xfff);
}

static void futex_wake_op(void)
{
	static const struct {
		u32 before, op;
		u32 after;
		bool wakes;
	} rows[] = {
		{5, FUTEX_OP_SET << 28 | 7 << 12 | FUTEX_OP_CMP_EQ << 24 | 5, 7, true},
		{5, FUTEX_OP_ADD << 28 | 7 << 12 | FUTEX_OP_CMP_NE << 24 | 5, 12, false},
		{5, FUTEX_OP_ADD << 28 | 0xfffu << 12 | FUTEX_OP_CMP_LT << 24 | 6, 4, true},
		{5, FUTEX_OP_OR << 28 | 8 << 12 | FUTEX_OP_CMP_LE << 24 | 4, 13, false},
		{5, FUTEX_OP_ANDN << 28 | 4 << 12 | FUTEX_OP_CMP_GT << 24 | 0xfff, 1, true},
		{5, FUTEX_OP_XOR << 28 | 1 << 12 | FUTEX_OP_CMP_GE << 24 | 6, 4, false},
		{5, 8u << 28 | FUTEX_OP_OR << 28 | 4 << 12 | FUTEX_OP_CMP_EQ << 24 | 5, 21, true},
	};
	u32 other = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		word = 0;
		make_waiters(1, 1);
		word = rows[i].before;
		CHECK_IS(futex_op(&other, FUTEX_WAKE_OP, 1, 1, &word, rows[i].op), rows[i].wakes);
		CHECK_IS(word, rows[i].after);
		CHECK_IS(futex(&word, FUTEX_WAKE, 9, NULL), !rows[i].wakes);
		join_threads();
	}
	CHECK_IS(futex_op(&other, FUTEX_WAKE_OP, 1, 1, &word, operand(5, 0, 0, 0)), -ENOSYS);
	CHECK_IS(futex_op(&other, FUTEX_WAKE_OP, 1, 1, &word, operand(0, 0, 6, 0)), -ENOSYS);
	CHECK_IS(futex_op(&other, FUTEX_WAKE_OP, 1, 1, NOWHERE, operand(0, 0, 0, 0)), -EFAULT);
}

/* A wait on the time of day ends when the clock is set beyond its deadline. */
static int set_clock_later(void *arg)
{
	sleep_ms(5);
	wallclock_set(2000, 0);
	end_thread();
	return 0;
}

static void clock_is_set_during_a_wait(void)
{
	struct timespec until = {1999, 0};
	u64 before = ktime_get_ns();

	wallclock_set(1000, 0);
	start(set_clock_later, NULL);
	CHECK_IS(
		futex_op(&word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, (long)&until, NULL, 1),
		-ETIMEDOUT);
	CHECK(ktime_get_ns() - before < 10 * NSEC_PER_MSEC);
	join_threads();
}

/* Threads pass three tickets on; a lost wake-up would leave a thread waiting for ever. */
static u32 tickets;

static int pass_on(void *arg)
{
	for (unsigned int i = 0; i < 50; i++) {
		u32 seen;

		while (!(seen = tickets))
			futex(&tickets, FUTEX_WAIT, 0, NULL);
		tickets--;
		CALL0(__NR_sched_yield);
		tickets++;
		futex(&tickets, FUTEX_WAKE, 1, NULL);
	}
	end_thread();
	return 0;
}

static void no_wake_up_is_lost(void)
{
	for (unsigned int i = 0; i < 20; i++)
		start(pass_on, NULL);
	tickets = 3;
	futex(&tickets, FUTEX_WAKE, 3, NULL);
	join_threads();
	CHECK_IS(tickets, 3);
}

/* LIMIT(FUTEX_BUCKETS): twice as many words as hash chains, each word with a waiter of its own. */
static u32 many_words[2 * FUTEX_BUCKETS];
static unsigned int nr_ended;

static int wait_on_own(void *arg)
{
	CHECK_IS(futex(arg, FUTEX_WAIT, 0, NULL), 0);
	nr_ended++;
	end_thread();
	return 0;
}

static void more_words_than_buckets(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(many_words); i++)
		start(wait_on_own, &many_words[i]);
	sleep_ms(1);
	for (unsigned int i = 0; i < ARRAY_SIZE(many_words); i++) {
		CHECK_IS(futex(&many_words[i], FUTEX_WAKE, 9, NULL), 1);
		sleep_ms(1);
		CHECK_IS(nr_ended, i + 1);
	}
	join_threads();
}

/* ---- threads ---------------------------------------------------------------------------------- */

#define THREAD_FLAGS                                                                               \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)

static long tid_inside;

static int note_tid(void *arg)
{
	tid_inside = CALL0(__NR_gettid);
	CHECK_IS(CALL0(__NR_getpid), 1);
	CHECK(!strcmp(current->comm, "program"));
	CHECK(mask_now() == sigmask(SIGUSR2));
	return 0;
}

/* Creates and joins a thread as pthread_create() and pthread_join() do. */
static void clone_and_join(void)
{
	u32 parent = 0, child = 1;
	long tid;

	CHECK_IS(CALL0(__NR_gettid), 1);
	set_mask(sigmask(SIGUSR2));
	tid = host_user_clone(THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |
				      CLONE_CHILD_CLEARTID,
			      (u64)&parent, (u64)&child, note_tid, NULL);
	CHECK(tid > 1 && parent == tid && child == tid);
	CHECK_IS(futex(&child, FUTEX_WAIT, (u32)tid, NULL), 0);
	CHECK(child == 0 && tid_inside == tid);
	sleep_ms(1);
}

static void clone_refuses(void)
{
	struct clone_args args = {.flags = THREAD_FLAGS, .stack = 4096};
	u8 larger[104] = {0};

	CHECK_IS(CALL1(__NR_clone, SIGCHLD), -ENOSYS); /* fork() */
	CHECK_IS(CALL1(__NR_clone, CLONE_VM | CLONE_VFORK | SIGCHLD), -ENOSYS);
	CHECK_IS(CALL1(__NR_clone, CLONE_THREAD | CLONE_VM), -EINVAL);
	CHECK_IS(CALL1(__NR_clone, CLONE_SIGHAND), -EINVAL);
	CHECK_IS(CALL1(__NR_clone, THREAD_FLAGS & ~CLONE_FILES), -ENOSYS);
	CHECK_IS(host_user_clone(THREAD_FLAGS | CLONE_PARENT_SETTID, 8, 0, note_tid, NULL),
		 -EFAULT);
	CHECK_IS(CALL2(__NR_clone3, &args, 63), -EINVAL);
	CHECK_IS(CALL2(__NR_clone3, &args, 5000), -E2BIG);
	CHECK_IS(CALL2(__NR_clone3, NOWHERE, sizeof(args)), -EFAULT);
	CHECK_IS(CALL2(__NR_clone3, &args, sizeof(args)), -EINVAL); /* a stack without a size */
	args.stack_size = 4096;
	args.exit_signal = SIGCHLD;
	CHECK_IS(CALL2(__NR_clone3, &args, sizeof(args)), -EINVAL);
	memcpy(larger, &args, sizeof(args));
	larger[100] = 1;
	CHECK_IS(CALL2(__NR_clone3, larger, sizeof(larger)), -E2BIG);
}

static u32 gate;

static int wait_at_gate(void *arg)
{
	while (!gate)
		futex(&gate, FUTEX_WAIT, 0, NULL);
	end_thread();
	return 0;
}

static void too_many_threads(void)
{
	while (nr_threads < THREADS_MAX)
		start(wait_at_gate, NULL);
	CHECK_IS(host_user_thread(wait_at_gate, NULL), -EAGAIN);
	gate = 1;
	futex(&gate, FUTEX_WAKE, THREADS_MAX, NULL);
	join_threads();
}

/* LIMIT(THREAD_START_PAGES) */
static void no_pages_for_a_thread(void)
{
	host_keep_pages(THREAD_START_PAGES - 1);
	CHECK_IS(host_user_thread(wait_at_gate, NULL), -EAGAIN);
	host_keep_pages(~0UL);
	start(wait_at_gate, NULL);
	gate = 1;
	futex(&gate, FUTEX_WAKE, 1, NULL);
	join_threads();
}

static void exit_of_all(void)
{
	CALL1(__NR_exit_group, 7);
}

static void exit_code_has_seven_bits(void)
{
	CALL1(__NR_exit_group, 0x180);
}

static int exit_later(void *arg)
{
	sleep_ms(10);
	return 9;
}

/* The first thread exits, the others live on.  The last thread ends the process, with the code of the first. */
static void first_thread_exits(void)
{
	start(exit_later, NULL);
	CALL1(__NR_exit, 3);
}

static int block(void *arg)
{
	struct timespec long_time = {1000, 0};
	char c;

	switch ((long)arg) {
	case 0:
		CALL3(__NR_read, fds[0], &c, 1);
		break;
	case 1:
		CALL0(__NR_pause);
		break;
	case 2:
		CALL2(__NR_nanosleep, &long_time, NULL);
		break;
	case 3:
		futex(&word, FUTEX_WAIT, 0, NULL);
		break;
	case 4:
		CALL3(__NR_poll, NULL, 0, -1);
		break;
	}
	panic("a blocked thread of an ended process runs");
}

static void exit_with_blocked_threads(void)
{
	CHECK_IS(CALL1(__NR_pipe, fds), 0);
	for (long i = 0; i < 5; i++)
		start(block, (void *)i);
	sleep_ms(10);
	CALL1(__NR_exit_group, 5);
}

/* ---- robust mutexes --------------------------------------------------------------------------- */

struct robust_mutex {
	u64 next;
	u32 word;
};

static struct robust_mutex mutexes[3];
static struct robust_list_head robust;
static struct robust_mutex long_list[ROBUST_LIST_MAX + 2];

static int end_as_owner(void *arg)
{
	u32 tid = CALL0(__NR_gettid);

	CHECK_IS(CALL2(__NR_set_robust_list, &robust, 8), -EINVAL);
	CHECK_IS(CALL2(__NR_set_robust_list, &robust, sizeof(robust)), 0);
	robust.next = (u64)&mutexes[0];
	robust.futex_offset = offsetof(struct robust_mutex, word);
	robust.list_op_pending = (u64)&mutexes[2];
	mutexes[0] = (struct robust_mutex){(u64)&mutexes[1], tid | FUTEX_WAITERS};
	mutexes[1] = (struct robust_mutex){(u64)&robust, 12345}; /* another thread owns it */
	mutexes[2] = (struct robust_mutex){0, tid};
	sleep_ms(5);
	return 0;
}

static int wait_for_owner(void *arg)
{
	sleep_ms(1);
	CHECK_IS(futex(&mutexes[0].word, FUTEX_WAIT, mutexes[0].word, NULL), 0);
	end_thread();
	return 0;
}

static void owner_of_mutexes_dies(void)
{
	struct robust_list_head *head;
	size_t size;

	CHECK_IS(CALL3(__NR_get_robust_list, 0, &head, &size), 0);
	CHECK(!head && size == sizeof(*head));
	CHECK_IS(CALL3(__NR_get_robust_list, 77, &head, &size), -ESRCH);
	start(wait_for_owner, NULL);
	host_user_thread(end_as_owner, NULL);
	join_threads();
	CHECK(mutexes[0].word == (FUTEX_OWNER_DIED | FUTEX_WAITERS));
	CHECK(mutexes[1].word == 12345 && mutexes[2].word == FUTEX_OWNER_DIED);
}

static int end_with_long_list(void *arg)
{
	u32 tid = CALL0(__NR_gettid);

	for (unsigned int i = 0; i < ARRAY_SIZE(long_list); i++)
		long_list[i] = (struct robust_mutex){(u64)&long_list[i + 1], tid};
	robust = (struct robust_list_head){(u64)long_list, offsetof(struct robust_mutex, word), 0};
	CHECK_IS(CALL2(__NR_set_robust_list, &robust, sizeof(robust)), 0);
	if (arg) /* a loop that does not contain the head */
		long_list[1].next = (u64)long_list;
	return 0;
}

/* LIMIT(ROBUST_LIST_MAX) */
static void robust_list_is_bounded(void)
{
	host_user_thread(end_with_long_list, NULL);
	sleep_ms(10);
	CHECK(long_list[ROBUST_LIST_MAX - 1].word == FUTEX_OWNER_DIED);
	CHECK(long_list[ROBUST_LIST_MAX].word > 1 && !(long_list[ROBUST_LIST_MAX].word >> 30));
	host_user_thread(end_with_long_list, (void *)1);
	sleep_ms(10);
	CHECK(long_list[1].word == FUTEX_OWNER_DIED && !(long_list[2].word >> 30));
}

/* ---- running the cases ------------------------------------------------------------------------ */

const struct test_case cases[] = {
	{"futex_arguments", futex_arguments, NULL, 0},
	{"futex_wakes_in_order", futex_wakes_in_order, NULL, 0},
	{"futex_requeues", futex_requeues, NULL, 0},
	{"futex_wake_op", futex_wake_op, NULL, 0},
	{"clock_is_set_during_a_wait", clock_is_set_during_a_wait, NULL, 0},
	{"no_wake_up_is_lost", no_wake_up_is_lost, NULL, 0},
	{"more_words_than_buckets", more_words_than_buckets, NULL, 0},
	{"clone_and_join", clone_and_join, NULL, 0},
	{"clone_refuses", clone_refuses, NULL, 0},
	{"too_many_threads", too_many_threads, NULL, 0},
	{"no_pages_for_a_thread", no_pages_for_a_thread, NULL, 0},
	{"exit_of_all", exit_of_all, NULL, ENDS(7)},
	{"exit_code_has_seven_bits", exit_code_has_seven_bits, NULL, ENDS(1)},
	{"first_thread_exits", first_thread_exits, NULL, ENDS(3)},
	{"exit_with_blocked_threads", exit_with_blocked_threads, NULL, ENDS(5)},
	{"owner_of_mutexes_dies", owner_of_mutexes_dies, NULL, 0},
	{"robust_list_is_bounded", robust_list_is_bounded, NULL, 0},
	{},
};
