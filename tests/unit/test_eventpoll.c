/* SPDX-License-Identifier: MIT */
/*
 * epoll: how often it calls the poll() operation of a watched file to ask for its events (a "question"), and its
 * limits.  There is no scheduler here, so no call may wait.  The expected numbers of questions are those of Linux's
 * fs/eventpoll.c.
 */
#include "tests/unit/unit_hal.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/poll.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/syscall.h"

#define sys(nr, ...) sys_6(nr, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define sys_6(nr, a, b, c, d, e, f, ...)                                                           \
	kernel_syscall(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* ---- files that count the questions ------------------------------------------------------------- */

struct source {
	wait_queue_head_t queue;
	unsigned int events;
	int fd;
};
static unsigned int questions; /* calls of source_poll() */

static unsigned int source_poll(struct file *file, struct poll_table *pt)
{
	struct source *source = file->private_data;

	questions++;
	poll_wait(file, &source->queue, pt);
	return source->events;
}
static const struct file_operations source_ops = {.poll = source_poll};
static struct inode source_inode;

static void open_source(struct source *source)
{
	struct file *file = alloc_file(&source_inode, O_RDWR, &source_ops);

	assert_false(IS_ERR(file));
	*source = (struct source){.fd = get_unused_fd_flags(0)};
	assert_true(source->fd >= 0);
	init_waitqueue_head(&source->queue);
	file->private_data = source;
	fd_install(source->fd, file);
}

static void happen(struct source *source, unsigned int events)
{
	source->events = events;
	wake_up_interruptible_poll(&source->queue, events);
}

static long add(int ep, int fd, u32 events)
{
	struct epoll_event event = {.events = events, .data.u64 = fd};

	return sys(__NR_epoll_ctl, ep, EPOLL_CTL_ADD, fd, &event);
}

static struct epoll_event got[8];

/* Calls epoll_wait() without a timeout; returns the number of events.  `questions` counts this call's questions. */
static long wait_now(int ep)
{
	questions = 0;
	return sys(__NR_epoll_wait, ep, got, ARRAY_SIZE(got), 0);
}

/* ---- the questions that an event causes ----------------------------------------------------------- */

#define MANY 1000
static struct source sources[MANY];

static int watch_many(u32 events)
{
	int ep = sys(__NR_epoll_create1, 0);

	for (int i = 0; i < MANY; i++) {
		open_source(&sources[i]);
		questions = 0;
		assert_int_equal(add(ep, sources[i].fd, events), 0);
		assert_int_equal(questions, 1);
	}
	return ep;
}

static void close_many(int ep)
{
	for (int i = 0; i < MANY; i++)
		assert_int_equal(sys(__NR_close, sources[i].fd), 0);
	assert_int_equal(sys(__NR_close, ep), 0);
}

/*
 * After an event, each epoll_wait() calls poll() of a level-triggered file once, until poll() returns
 * no event.
 */
static void test_level_asks_twice(void **state)
{
	int ep = watch_many(EPOLLIN);

	assert_int_equal(wait_now(ep), 0);
	assert_int_equal(questions, 0);
	happen(&sources[500], EPOLLIN);
	assert_int_equal(wait_now(ep), 1);
	assert_int_equal(questions, 1);
	assert_int_equal(got[0].data.u64, sources[500].fd);
	assert_int_equal(wait_now(ep), 1);
	assert_int_equal(questions, 1);
	sources[500].events = 0;
	assert_int_equal(wait_now(ep), 0);
	assert_int_equal(questions, 1);
	assert_int_equal(wait_now(ep), 0);
	assert_int_equal(questions, 0);
	close_many(ep);
}

static void test_edge_asks_once(void **state)
{
	int ep = watch_many(EPOLLIN | EPOLLET);

	happen(&sources[3], EPOLLIN);
	happen(&sources[3], EPOLLIN);
	assert_int_equal(wait_now(ep), 1);
	assert_int_equal(questions, 1);
	assert_int_equal(wait_now(ep), 0);
	assert_int_equal(questions, 0);
	close_many(ep);
}

/* If a file wakes epoll for an event that the caller did not request, epoll does not call the file's poll(). */
static void test_other_events_ask_nothing(void **state)
{
	int ep = watch_many(EPOLLIN);

	happen(&sources[3], EPOLLOUT);
	assert_int_equal(wait_now(ep), 0);
	assert_int_equal(questions, 0);
	happen(&sources[3], EPOLLERR);
	assert_int_equal(wait_now(ep), 1);
	close_many(ep);
}

/* If the event is over when epoll calls the file's poll() after the wake-up, epoll_wait() reports no event. */
static void test_an_event_that_is_over(void **state)
{
	int ep = watch_many(EPOLLIN);

	happen(&sources[3], EPOLLIN);
	sources[3].events = 0;
	assert_int_equal(wait_now(ep), 0);
	assert_int_equal(questions, 1);
	assert_int_equal(wait_now(ep), 0);
	assert_int_equal(questions, 0);
	close_many(ep);
}

/* When the caller's array is full, the other ready files are left for the next call, and their poll() is not called. */
static void test_a_full_array(void **state)
{
	int ep = watch_many(EPOLLIN | EPOLLET);

	for (int i = 0; i < 20; i++)
		happen(&sources[i], EPOLLIN);
	for (int seen = 0; seen < 20;) {
		long n = wait_now(ep);

		assert_int_equal(n, min(20 - seen, (int)ARRAY_SIZE(got)));
		assert_int_equal(questions, n);
		for (int i = 0; i < n; i++)
			assert_int_equal(got[i].data.u64, sources[seen++].fd);
	}
	assert_int_equal(wait_now(ep), 0);
	close_many(ep);
}

/* ---- against a model ------------------------------------------------------------------------------ */

enum { FILES = 24 };
struct model {
	bool watched, linked, off;
	u32 events;
};

/*
 * Random calls and events.  The model is epoll(7)'s text: a level-triggered item is reported while it has
 * events, an edge-triggered one once after each event, a one-shot one once.
 */
static void test_against_a_model(void **state)
{
	static struct model model[FILES];
	int ep = sys(__NR_epoll_create1, 0);

	memset(model, 0, sizeof(model));
	for (int i = 0; i < FILES; i++)
		open_source(&sources[i]);
	for (int round = 0; round < 50000; round++) {
		unsigned int i = unit_random() % FILES, kind = unit_random() % 4;
		struct model *m = &model[i];
		struct epoll_event event = {.events = kind == 1   ? EPOLLIN | EPOLLET
						      : kind == 2 ? EPOLLIN | EPOLLONESHOT
								  : EPOLLIN,
					    .data.u64 = i};
		bool now = sources[i].events & EPOLLIN;
		struct epoll_event all[FILES];
		long n;

		switch (unit_random() % 6) {
		case 0:
			n = sys(__NR_epoll_ctl, ep, EPOLL_CTL_ADD, sources[i].fd, &event);
			assert_int_equal(n, m->watched ? -EEXIST : 0);
			if (!m->watched)
				*m = (struct model){true, now, false, event.events};
			break;
		case 1:
			n = sys(__NR_epoll_ctl, ep, EPOLL_CTL_MOD, sources[i].fd, &event);
			assert_int_equal(n, m->watched ? 0 : -ENOENT);
			if (m->watched)
				*m = (struct model){true, m->linked || now, false, event.events};
			break;
		case 2:
			n = sys(__NR_epoll_ctl, ep, EPOLL_CTL_DEL, sources[i].fd, &event);
			assert_int_equal(n, m->watched ? 0 : -ENOENT);
			*m = (struct model){0};
			break;
		case 3:
			happen(&sources[i], EPOLLIN);
			m->linked |= m->watched && !m->off;
			break;
		case 4:
			sources[i].events = 0;
			break;
		default:
			n = sys(__NR_epoll_wait, ep, all, FILES, 0);
			for (unsigned int k = 0; k < FILES; k++) {
				bool reported = false, expected;

				m = &model[k];
				expected = m->linked && !m->off && (sources[k].events & EPOLLIN);
				for (long e = 0; e < n; e++)
					reported |= all[e].data.u64 == k;
				assert_int_equal(reported, expected);
				m->linked = expected && !(m->events & (EPOLLET | EPOLLONESHOT));
				m->off |= expected && (m->events & EPOLLONESHOT);
			}
		}
	}
	for (int i = 0; i < FILES; i++)
		assert_int_equal(sys(__NR_close, sources[i].fd), 0);
	assert_int_equal(sys(__NR_close, ep), 0);
}

/* ---- limits --------------------------------------------------------------------------------------- */

/* LIMIT(EPOLL_WATCHES_MAX): watches of a few files in many epolls */
static void test_watches_are_full_at_the_limit(void **state)
{
	enum { EPOLLS = 1 + EPOLL_WATCHES_MAX / MANY };
	static int ep[EPOLLS];
	long watches = 0, res = 0;

	for (int i = 0; i < MANY; i++)
		open_source(&sources[i]);
	for (int e = 0; e < EPOLLS; e++) {
		ep[e] = sys(__NR_epoll_create1, 0);
		for (int i = 0; i < MANY && !res; i++) {
			res = add(ep[e], sources[i].fd, EPOLLIN);
			watches += !res;
		}
	}
	assert_int_equal(res, -ENOSPC);
	assert_int_equal(watches, EPOLL_WATCHES_MAX);
	assert_int_equal(sys(__NR_epoll_ctl, ep[0], EPOLL_CTL_DEL, sources[0].fd, 0), 0);
	assert_int_equal(add(ep[0], sources[0].fd, EPOLLIN), 0);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(sys(__NR_close, sources[i].fd), 0);
	for (int e = 0; e < EPOLLS; e++)
		assert_int_equal(sys(__NR_close, ep[e]), 0);
}

static void test_memory_is_out(void **state)
{
	struct source source;
	int ep = sys(__NR_epoll_create1, 0);

	open_source(&source);
	unit_fail_after(0);
	assert_int_equal(add(ep, source.fd, EPOLLIN), -ENOMEM);
	assert_int_equal(sys(__NR_epoll_create1, 0), -ENOMEM);
	unit_fail_after(1);
	assert_int_equal(sys(__NR_epoll_create1, 0), -ENFILE);
	unit_fail_after(-1);
	assert_int_equal(add(ep, source.fd, EPOLLIN), 0);
	sys(__NR_close, source.fd);
	sys(__NR_close, ep);
}

static u64 all_live(void)
{
	struct kmem_cache *cache;
	u64 live = 0;

	list_for_each_entry(cache, kmem_caches(), caches)
		live += cache->live;
	return live;
}

static u64 live_before;

static int before_each(void **state)
{
	live_before = all_live();
	return 0;
}

static int after_each(void **state)
{
	assert_int_equal(all_live(), live_before);
	return 0;
}

static int setup(void **state)
{
	unit_memory(262144, true);
	files_init();
	inode_init(&source_inode, 0600);
	current->files = files_alloc();
	assert_non_null(current->files);
	return 0;
}

int main(void)
{
#define each(test) cmocka_unit_test_setup_teardown(test, before_each, after_each)
	const struct CMUnitTest tests[] = {
		each(test_level_asks_twice),
		each(test_edge_asks_once),
		each(test_other_events_ask_nothing),
		each(test_an_event_that_is_over),
		each(test_a_full_array),
		each(test_against_a_model),
		each(test_watches_are_full_at_the_limit),
		each(test_memory_is_out),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
