/* SPDX-License-Identifier: MIT */
/*
 * A race between a system call and a frame.  An edge is a jump in the control flow of the call's
 * code.  In each round the frame arrives STRIDE edges later in the call than in the round before.
 *
 *	for (race_first(); race_next();) {
 *		scene_begin(A, SYS_sendto, ...);	a frame that is now on its way
 *		call = together(B, SYS_recvfrom, ...);	begins when the frame arrives
 *		assert_int_equal(scene_end(B, call), 4);
 *	}
 */
#ifndef TESTS_HOSTED_RACE_H
#define TESTS_HOSTED_RACE_H

#include "tests/hosted/scene.h"

#define PORT   7
#define STRIDE 8

extern struct race {
	struct host *host; /* the host that makes the call */
	uint64_t edge;
	unsigned int rounds; /* rounds that have begun */
} race;

void race_first(void);
/* Prepares the next round.  Returns false if the call of the last round returned or slept before that
 * round's edge. */
bool race_next(void);
/* Submits a call that begins together with the next event of @h; the call itself does not wake @h. */
#define together(h, nr, ...) together_args(h, nr, (const int64_t[6]){__VA_ARGS__})
int64_t together_args(struct host *h, long nr, const int64_t args[6]);

/*
 * Waits until the @n-th frame from now is halfway across the wire; each frame is the answer to the
 * one before it.
 */
void until_frame_flies(unsigned int n);
/* Connects A to @listener of B, which accepts. */
struct pair connected(int listener);
/* Closes all sockets of @p, without TIME_WAIT. */
void forget(struct pair *p);

/* race_wait.c */
void epoll_against_data(void);
void epoll_listed_against_data(void);
void epoll_edge_against_data(void);
void two_epoll_waits_against_data(void);
void epoll_exclusive_against_connection(void);
void epoll_add_against_data(void);
void epoll_mod_against_data(void);
void epoll_del_against_data(void);
void epoll_close_against_data(void);
void watched_socket_closed_against_data(void);
void nested_epoll_against_data(void);

/* race_timer.c */
void timerfd_read_against_expiry(void);
void epoll_wait_against_expiry(void);
void timerfd_settime_against_expiry(void);
void futex_wake_against_timeout(void);
void futex_wait_against_timeout(void);
void eventfd_write_against_data(void);

#endif
