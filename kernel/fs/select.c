/* SPDX-License-Identifier: MIT */
/*
 * select() and pselect6(): poll() with sets of descriptors.
 *
 * sys_select, sys_pselect6 <- applications.  Process context, no lock.  Each descriptor in one of the
 * three sets becomes a struct pollfd, and poll.c waits for them.  So the work depends on the number of
 * descriptors in the sets, besides one pass over their words.  Compare Linux's fs/select.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/poll.h"
#include "include/uapi/unistd.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/syscall.h"
#include "kernel/time/time.h"

#define FAST_FDS   16 /* descriptors whose struct pollfd are on the stack */
#define FAST_WORDS 16 /* words of one set on the stack: 1,024 descriptors, as in an fd_set */
#define SETS       3

/* The events that make a descriptor a member of the resulting sets: readable, writable, exceptional. */
static const unsigned short set_events[SETS] = {
	POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR,
	POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR,
	POLLPRI,
};

/* The sets of one call: @words words each, one behind the other. */
struct sets {
	u64 *bits;
	unsigned int words;
	u64 fast[SETS * FAST_WORDS];
};

static u64 *set_of(struct sets *sets, unsigned int i)
{
	return sets->bits + i * sets->words;
}

/* Copies the sets; a NULL one is empty.  Bits at or above @n are cleared. */
static int sets_from_user(struct sets *sets, unsigned int n, void __user *const user[SETS])
{
	const size_t bytes = sets->words * sizeof(u64);

	for (unsigned int i = 0; i < SETS; i++) {
		u64 *bits = set_of(sets, i);

		if (!user[i])
			memset(bits, 0, bytes);
		else if (copy_from_user(bits, user[i], bytes))
			return -EFAULT;
		if (n % 64)
			bits[sets->words - 1] &= BIT(n % 64) - 1;
	}
	return 0;
}

static int sets_to_user(struct sets *sets, void __user *const user[SETS])
{
	for (unsigned int i = 0; i < SETS; i++)
		if (user[i] && copy_to_user(user[i], set_of(sets, i), sets->words * sizeof(u64)))
			return -EFAULT;
	return 0;
}

/* Adds each descriptor of the sets to @list, with the events that its sets ask for. */
static int sets_to_list(struct sets *sets, struct poll_list *list)
{
	for (unsigned int w = 0; w < sets->words; w++) {
		u64 members = set_of(sets, 0)[w] | set_of(sets, 1)[w] | set_of(sets, 2)[w];

		for (; members; members &= members - 1) {
			unsigned int bit = __builtin_ctzll(members);
			struct pollfd *pfd = poll_list_add(list);

			if (!pfd)
				return -ENOMEM;
			*pfd = (struct pollfd){.fd = w * 64 + bit};
			for (unsigned int i = 0; i < SETS; i++)
				if (set_of(sets, i)[w] & BIT(bit))
					pfd->events |= (short)set_events[i];
		}
	}
	return 0;
}

/*
 * Removes the members without events from the sets.  Returns the number of remaining members, which
 * counts a descriptor once for each set, or -EBADF if a descriptor is not open.
 */
static int sets_from_list(struct sets *sets, const struct poll_list *list)
{
	int count = 0;

	for (; list; list = list->next) {
		for (unsigned int k = 0; k < list->len; k++) {
			const struct pollfd *pfd = &list->fd[k];
			u64 bit = BIT(pfd->fd % 64);

			if (pfd->revents & POLLNVAL)
				return -EBADF;
			for (unsigned int i = 0; i < SETS; i++) {
				u64 *word = &set_of(sets, i)[pfd->fd / 64];

				if (!(pfd->revents & set_events[i]))
					*word &= ~bit;
				count += !!(*word & bit);
			}
		}
	}
	return count;
}

static int select_sets(struct sets *sets, u64 deadline)
{
	struct pollfd fast[FAST_FDS];
	struct poll_list list;
	int res;

	poll_list_init(&list, fast, FAST_FDS);
	res = sets_to_list(sets, &list);
	if (!res)
		res = poll_wait_for(&list, 0, deadline);
	if (res >= 0)
		res = sets_from_list(sets, &list);
	poll_list_free(&list);
	return res;
}

static int do_select(int n, void __user *const user[SETS], u64 deadline)
{
	struct sets sets;
	int res;

	if (n < 0)
		return -EINVAL;
	/* No descriptor has a higher number. */
	n = min(n, NR_OPEN_MAX);
	sets.words = (n + 63) / 64;
	sets.bits = sets.fast;
	if (sets.words > FAST_WORDS) {
		sets.bits = kcalloc(SETS * sets.words, sizeof(u64), GFP_KERNEL);
		if (!sets.bits)
			return -ENOMEM;
	}
	res = sets_from_user(&sets, n, user);
	if (!res)
		res = select_sets(&sets, deadline);
	if (res >= 0 && sets_to_user(&sets, user))
		res = -EFAULT;
	if (sets.bits != sets.fast)
		kfree(sets.bits);
	return res;
}

/* Stores the time that is left, if it can be stored, as ppoll() does. */
static long sys_select(int n, void __user *in, void __user *out, void __user *except,
		       struct timeval __user *timeout)
{
	void __user *const user[SETS] = {in, out, except};
	u64 deadline = KTIME_MAX;
	struct timespec ts;
	struct timeval tv;
	long res;

	if (timeout) {
		if (copy_from_user(&tv, timeout, sizeof(tv)))
			return -EFAULT;
		ts.tv_sec = tv.tv_sec + tv.tv_usec / USEC_PER_SEC;
		ts.tv_nsec = tv.tv_usec % USEC_PER_SEC * (long)NSEC_PER_USEC;
		res = poll_deadline(&ts, &deadline);
		if (res)
			return res;
	}
	res = do_select(n, user, deadline);
	if (!timeout || !deadline)
		return res;
	ts = poll_time_left(deadline);
	tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / (long)NSEC_PER_USEC};
	if (copy_to_user(timeout, &tv, sizeof(tv)) && res == -ERESTARTNOHAND)
		return -EINTR;
	return res;
}

/*
 * The last argument of pselect6() points to this struct, because a system call has at most six
 * arguments.
 */
struct sigmask_arg {
	const void __user *mask;
	size_t size;
};

static long sys_pselect6(int n, void __user *in, void __user *out, void __user *except,
			 struct timespec __user *timeout, const struct sigmask_arg __user *usigmask)
{
	void __user *const user[SETS] = {in, out, except};
	struct sigmask_arg sigmask = {0};
	u64 deadline;
	long res;

	if (usigmask && copy_from_user(&sigmask, usigmask, sizeof(sigmask)))
		return -EFAULT;
	res = poll_deadline_timespec(timeout, &deadline);
	if (res)
		return res;
	res = poll_sigmask_begin(sigmask.mask, sigmask.size);
	if (res)
		return res;
	res = poll_sigmask_end(do_select(n, user, deadline));
	return poll_store_left(timeout, deadline, res);
}

void select_init(void)
{
	static const struct syscall_def calls[] = {
		SYSCALL_DEF(__NR_select, sys_select),
		SYSCALL_DEF(__NR_pselect6, sys_pselect6),
	};

	register_syscalls(calls, ARRAY_SIZE(calls));
}
