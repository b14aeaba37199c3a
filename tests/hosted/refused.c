/* SPDX-License-Identifier: MIT */
/* The loop of plays whose Nth allocation fails, and calls that may fail in them (refused.h). */
#include "tests/hosted/refused.h"

#include <stdio.h>

#define PLAYS_MAX 5000
#define AFTER_ALL (200 * SEC) /* longer than TIME_WAIT and than the life of a request */
#define AGAIN     2           /* plays after which caches do not grow any more */
#define CARRY_MAX 200000      /* bytes */
#define PATIENCE  600000      /* ms; ten retransmission timeouts in a row take 200 s */

static struct {
	struct host *victim;
	unsigned int n;
	uint64_t refused; /* allocations that failed before this play */
	bool later;       /* the play calls refuse_from_here() */
	int listener;     /* of B, not blocking; -1: none */
	int lowest[2];    /* lowest free descriptor of each host before the first play */
} now;

bool was_refused(void)
{
	return now.victim->stat("allocs_refused") > now.refused;
}

void refuse_from_here(void)
{
	now.later = true;
	now.victim->set("fail_alloc", now.n);
}

static bool is_a_consequence(int64_t error)
{
	static const int errors[] = {ENOMEM, ENOBUFS,     ENFILE,   EMFILE,       EPIPE,
				     EAGAIN, ECONNRESET,  EINTR,    ETIMEDOUT,    EHOSTUNREACH,
				     EBADF,  ENETUNREACH, ENOTCONN, ECONNABORTED, EADDRINUSE};

	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (error == -errors[i])
			return true;
	}
	return false;
}

int64_t may_result(int64_t result)
{
	if (result < 0 && !(was_refused() && is_a_consequence(result)))
		fail_msg("result %lld, allocation %u of host %s", (long long)result, now.n,
			 scene_host_name(now.victim));
	return result;
}

int64_t may_args(struct host *h, long nr, const int64_t args[6])
{
	return may_result(scene_call_args(h, nr, args));
}

void should(int64_t result, int64_t expected)
{
	if (!was_refused())
		assert_int_equal(result, expected);
}

static int lowest_number(struct host *h)
{
	int fd = scene_socket(h);

	assert_int_equal(scene_close(h, fd), 0);
	return fd;
}

/*
 * Accepts and closes the connections that still wait in the queue: the ACK that completes a
 * handshake may be lost during the play and come again after it.
 */
static void empty_queue(void)
{
	int64_t fd;

	if (now.listener < 0)
		return;
	while ((fd = scene_accept(B, now.listener)) >= 0)
		assert_int_equal(scene_close(B, fd), 0);
	assert_int_equal(fd, -EAGAIN);
}

/* Plays once, with failures; returns true if an allocation failed. */
static bool play_once(void (*play)(void))
{
	bool refused;

	now.refused = now.victim->stat("allocs_refused");
	now.victim->set("fail_alloc", now.later ? 0 : now.n);
	play();
	scene_sleep(AFTER_ALL);
	now.victim->set("fail_alloc", 0);
	empty_queue();
	scene_sleep(AFTER_ALL);
	refused = was_refused();
	now.refused = now.victim->stat("allocs_refused");
	return refused;
}

static unsigned int check_objects(FILE *out)
{
	unsigned int wrong = conductor_check(scene->conductor, out);

	host_set_baseline(A);
	host_set_baseline(B);
	return wrong;
}

static void fail_after(void)
{
	fail_msg("objects or descriptors are left after allocation %u of host %s failed", now.n,
		 scene_host_name(now.victim));
}

void refuse_each(struct host *victim, int listener, void (*play)(void))
{
	FILE *nowhere = fopen("/dev/null", "w");
	bool refused = true;

	assert_non_null(nowhere);
	now.victim = victim;
	now.listener = listener;
	now.later = false;
	now.lowest[0] = lowest_number(A);
	now.lowest[1] = lowest_number(B);
	/* A play without failures fills caches that keep memory, such as those of routes. */
	now.n = 0;
	play_once(play);
	host_set_baseline(A);
	host_set_baseline(B);
	while (refused) {
		assert_true(++now.n < PLAYS_MAX);
		refused = play_once(play);
		/*
		 * More live objects mean that a cache has grown, or that something leaked. Only a
		 * leak happens again in the next play.
		 */
		for (unsigned int i = 0; check_objects(i < AGAIN ? nowhere : stderr); i++) {
			if (i == AGAIN)
				fail_after();
			play_once(play);
		}
		if (lowest_number(A) != now.lowest[0] || lowest_number(B) != now.lowest[1])
			fail_after();
	}
	fclose(nowhere);
	assert_true(now.n > 1); /* the play made allocations */
}

/* ---- connections -------------------------------------------------------------------------------- */

static void be_patient(struct host *h, int fd)
{
	scene_timeout(h, fd, SO_RCVTIMEO, PATIENCE);
	scene_timeout(h, fd, SO_SNDTIMEO, PATIENCE);
}

struct pair refused_pair(void)
{
	int listener = now.listener;
	struct pair p = {.listener = -1, .a = -1, .b = -1};
	uint16_t port = scene_port(B, listener);
	int64_t fd;

	p.bport = port;
	p.a = may(A, SYS_socket, AF_INET, SOCK_STREAM, 0);
	if (p.a < 0)
		return p;
	be_patient(A, p.a);
	if (may_result(scene_connect(A, p.a, B, port)))
		return p;
	p.aport = scene_port(A, p.a);
	scene_sleep(10 * MS);
	fd = scene_call(B, SYS_accept4, listener, 0, 0, 0);
	/* The connection stays in the queue if there was no memory for its descriptor. */
	if (fd < 0) {
		may_result(fd);
		scene_sleep(10 * SEC); /* the handshake's last ACK may come again */
		fd = scene_call(B, SYS_accept4, listener, 0, 0, 0);
	}
	p.b = may_result(fd);
	if (p.b < 0)
		return p;
	be_patient(B, p.b);
	return p;
}

void refused_close_fd(struct host *h, int fd)
{
	if (fd >= 0)
		assert_int_equal(scene_close(h, fd), 0);
}

void refused_close(struct pair *p)
{
	refused_close_fd(A, p->a);
	refused_close_fd(B, p->b);
}

void refused_carry(struct host *from, int from_fd, struct host *to, int to_fd, size_t n)
{
	static uint8_t sent[CARRY_MAX], got[CARRY_MAX];
	int64_t ticket, accepted = n, result;
	bool back = false;
	size_t done = 0;
	uint64_t end = scene_now() + PATIENCE * MS;

	if (from_fd < 0 || to_fd < 0)
		return;
	assert_true(n <= CARRY_MAX);
	scene_fill(sent, n, n);
	ticket = scene_begin(from, SYS_sendto, from_fd, PTR(sent), n, MSG_NOSIGNAL, 0, 0);
	/*
	 * A sender without memory may accept only a part of the bytes.  That part must arrive,
	 * because a failed allocation does not end a connection.
	 */
	while (accepted > 0 && done < (size_t)accepted && scene_now() < end) {
		result = scene_recv_now(to, to_fd, got + done, n - done);
		if (result > 0)
			done += result;
		else if (result == -EAGAIN)
			scene_sleep(20 * MS);
		else if (may_result(result) <= 0)
			break;
		if (!back && scene_is_back(from, ticket, &accepted))
			back = true;
	}
	if (!back)
		accepted = scene_end(from, ticket);
	may_result(accepted);
	assert_memory_equal(sent, got, done);
	if (accepted > 0 && (int64_t)done != accepted)
		fail_msg("%zu of %lld bytes arrived after allocation %u of host %s failed", done,
			 (long long)accepted, now.n, scene_host_name(now.victim));
	should(done, n);
}
