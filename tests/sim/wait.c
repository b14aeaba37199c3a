/* SPDX-License-Identifier: MIT */
/*
 * The calls of a thread that waits by epoll or for a futex (wait.h).
 *
 * Callers: app.c.  A wait by epoll has no timeout, so that a lost wake-up stops the run and is reported.
 */
#define _GNU_SOURCE
#include "tests/sim/wait.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>

#define PTR(p) ((int64_t)(intptr_t)(p))

static const uint32_t flags[] = {
	[LEVEL] = 0,
	[EDGE] = EPOLLET,
	[ONESHOT] = EPOLLONESHOT,
	[EXCLUSIVE] = EPOLLEXCLUSIVE,
};

void waiter_init(struct waiter *w, enum waits waits)
{
	*w = (struct waiter){.ep = -1, .waits = waits};
}

static long set(long nr, int64_t args[6], int64_t a, int64_t b, int64_t c, int64_t d)
{
	args[0] = a;
	args[1] = b;
	args[2] = c;
	args[3] = d;
	args[4] = args[5] = 0;
	return nr;
}

long waiter_call(struct waiter *w, int fd, uint32_t events, int64_t args[6])
{
	if (w->ep < 0)
		return set(SYS_epoll_create1, args, 0, 0, 0, 0);
	if (!w->added || (w->waits == ONESHOT && !w->armed)) {
		w->event.events = events | flags[w->waits];
		w->event.data.fd = fd;
		return set(SYS_epoll_ctl, args, w->ep, w->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
			   PTR(&w->event));
	}
	w->waiting = true;
	w->got = (struct epoll_event){0};
	return set(SYS_epoll_wait, args, w->ep, PTR(&w->got), 1, -1);
}

int waiter_came_back(struct waiter *w, int64_t result)
{
	uint32_t allowed = (w->event.events & (EPOLLIN | EPOLLOUT)) | EPOLLERR | EPOLLHUP;

	if (w->waiting) {
		w->waiting = w->armed = false;
		return result == 1 && w->got.data.fd == w->event.data.fd && w->got.events &&
				       !(w->got.events & ~allowed)
			       ? 1
			       : -1;
	}
	if (w->ep < 0)
		w->ep = result;
	else
		w->added = w->armed = true;
	return 0;
}

long nap_call(struct nap *mine, struct nap *other, uint64_t now, bool wake, int64_t args[6])
{
	if (mine->ns) {
		mine->until = now + mine->ns;
		mine->timeout = (struct timespec){mine->ns / SEC, mine->ns % SEC};
		mine->ns = 0;
		mine->asleep = true;
		return set(SYS_futex, args, PTR(&mine->word), FUTEX_WAIT_PRIVATE, mine->word,
			   PTR(&mine->timeout));
	}
	if (!wake || !other->asleep)
		return 0;
	other->wake_at = now;
	return set(SYS_futex, args, PTR(&other->word), FUTEX_WAKE_PRIVATE, 1, 0);
}

bool nap_came_back(struct nap *mine, struct nap *other, uint64_t now, int64_t result)
{
	if (!mine->asleep) {
		other->wakes += result;
		return result >= 0;
	}
	mine->asleep = false;
	mine->woken += result == 0;
	return now == (result ? mine->until : mine->wake_at) &&
	       (result == 0 || result == -ETIMEDOUT);
}
