/* SPDX-License-Identifier: MIT */
/* The calls of a thread that waits: in an epoll that watches one descriptor, or for a futex (wait.c). */
#ifndef TESTS_SIM_WAIT_H
#define TESTS_SIM_WAIT_H

#include <sys/epoll.h>
#include <time.h>

#include "tests/sim/sim.h"

struct waiter {
	int ep; /* -1: none yet */
	enum waits waits;
	struct epoll_event event, got;
	bool added;
	bool armed;   /* ONESHOT: no event since EPOLL_CTL_ADD or EPOLL_CTL_MOD */
	bool waiting; /* the call that was made last is epoll_wait() */
};

void waiter_init(struct waiter *w, enum waits waits);
/*
 * Stores the arguments of the next call that a thread makes to wait for @events of @fd, and returns the call's
 * number: epoll_create1(), epoll_ctl() as far as it is necessary, then epoll_wait().
 */
long waiter_call(struct waiter *w, int fd, uint32_t events, int64_t args[6]);
/*
 * Takes the result of the call that waiter_call() chose; the result is no error.  Returns 1 if the
 * thread has an event, 0 if it must call waiter_call() again, -1 if epoll_wait() returned a wrong
 * event.
 */
int waiter_came_back(struct waiter *w, int64_t result);

/* A pause of a thread in FUTEX_WAIT, which another thread may end. */
struct nap {
	uint64_t ns; /* length of the pause that begins with the next call; 0: none */
	uint32_t word;
	struct timespec timeout;
	uint64_t until;   /* when the timeout expires */
	uint64_t wake_at; /* when the other thread last called FUTEX_WAKE */
	bool asleep;
	uint64_t woken; /* pauses that FUTEX_WAKE ended */
	uint64_t
		wakes; /* waits that FUTEX_WAKE counted: equals woken when no call is in progress */
};

/*
 * Stores the arguments of the thread's next call, and returns the call's number.  The call begins
 * the pause of @mine, if there is one; otherwise, if @wake, it ends the other thread's pause.
 * Returns 0 if there is no call to make.
 */
long nap_call(struct nap *mine, struct nap *other, uint64_t now, bool wake, int64_t args[6]);
/* Takes the result of the call that nap_call() chose.  Returns false if a wait ended neither at a
 * wake nor exactly at its timeout. */
bool nap_came_back(struct nap *mine, struct nap *other, uint64_t now, int64_t result);

#endif
