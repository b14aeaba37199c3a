/* SPDX-License-Identifier: MIT */
/*
 * Many connections on a bad wire.  The seed chooses for each connection how much each side sends,
 * how A ends the connection, and when each side reads and writes.  The scenes check that the bytes
 * arrive in order, that all have arrived after an orderly end, and that no object is left.
 */
#include "tests/hosted/scene.h"

#define PORT        7
#define CONNECTIONS 12
#define BYTES_MAX   60000
#define READ_MAX    9000
/* The peer's reset may be lost, and is not sent again: after this time an end closes without it. */
#define PATIENCE (60 * SEC)

enum ending { IN_PEACE, LINGER_ZERO, UNREAD, HALF_CLOSE, ENDINGS };

struct end {
	struct host *host;
	int fd;
	uint8_t *out;
	size_t to_send, sent;
	const uint8_t *expected;
	size_t got;
	bool closed, saw_end, saw_error;
};

struct talk {
	struct end ends[2];
	enum ending ending;
	uint64_t reset_at; /* when the first end closed in another way than IN_PEACE; 0: not yet */
};

static uint64_t dice(uint64_t below)
{
	return conductor_random(scene->conductor, below);
}

static void write_some(struct end *e)
{
	size_t n = 1 + dice(20000);
	int64_t result;

	if (e->sent == e->to_send || e->saw_error)
		return;
	n = n < e->to_send - e->sent ? n : e->to_send - e->sent;
	result = scene_call(e->host, SYS_sendto, e->fd, PTR(e->out + e->sent), n,
			    MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
	if (result > 0)
		e->sent += result;
	else if (result != -EAGAIN)
		e->saw_error = true;
}

static void read_some(struct end *e)
{
	static uint8_t bytes[READ_MAX];
	int64_t n;

	if (e->saw_end || e->saw_error)
		return;
	n = scene_recv_now(e->host, e->fd, bytes, 1 + dice(READ_MAX));
	if (n > 0) {
		assert_memory_equal(bytes, e->expected + e->got, n);
		e->got += n;
	} else if (n == 0) {
		e->saw_end = true;
	} else if (n != -EAGAIN) {
		e->saw_error = true;
	}
}

static void close_end(struct end *e, bool reset)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 0};

	if (e->closed)
		return;
	if (reset)
		assert_int_equal(scene_call(e->host, SYS_setsockopt, e->fd, SOL_SOCKET, SO_LINGER,
					    PTR(&linger), sizeof(linger)),
				 0);
	assert_int_equal(scene_close(e->host, e->fd), 0);
	e->closed = true;
}

/*
 * Does one step of one end.  The first end closes when it has sent all, the second when it has read
 * the end of the stream.
 */
static void act(struct talk *t, unsigned int side)
{
	struct end *e = &t->ends[side];

	if (e->closed)
		return;
	if (dice(2))
		write_some(e);
	if (dice(3) && !(side == 0 && t->ending == UNREAD))
		read_some(e);
	if (e->saw_error || (e->saw_end && e->sent == e->to_send) ||
	    (t->reset_at && scene_now() - t->reset_at > PATIENCE)) {
		close_end(e, false);
		return;
	}
	if (side == 1 || e->sent < e->to_send)
		return;
	if (t->ending == HALF_CLOSE) {
		scene_shutdown(e->host, e->fd, SHUT_WR);
		return; /* this end goes on reading */
	}
	/* IN_PEACE: first read all data that the other end sends, because an earlier close causes a reset. */
	if (t->ending == IN_PEACE && e->got < t->ends[1].to_send)
		return;
	close_end(e, t->ending == LINGER_ZERO);
	if (t->ending != IN_PEACE)
		t->reset_at = scene_now();
}

static void begin_talk(struct talk *t, int listener)
{
	int64_t ticket;

	*t = (struct talk){.ending = dice(ENDINGS)};
	t->ends[0] = (struct end){.host = A, .fd = scene_socket(A), .to_send = dice(BYTES_MAX)};
	t->ends[1] = (struct end){.host = B, .to_send = dice(BYTES_MAX)};
	ticket = scene_begin_accept(B, listener);
	assert_int_equal(scene_connect(A, t->ends[0].fd, B, PORT), 0);
	t->ends[1].fd = scene_end(B, ticket);
	assert_true(t->ends[1].fd >= 0);
	for (unsigned int i = 0; i < 2; i++) {
		t->ends[i].out = malloc(BYTES_MAX);
		scene_fill(t->ends[i].out, BYTES_MAX, dice(1000));
	}
	t->ends[0].expected = t->ends[1].out;
	t->ends[1].expected = t->ends[0].out;
}

static void check_talk(const struct talk *t)
{
	const struct end *first = &t->ends[0], *second = &t->ends[1];

	assert_true(first->closed && second->closed);
	assert_true(first->got <= second->to_send && second->got <= first->to_send);
	if (t->ending == IN_PEACE || t->ending == HALF_CLOSE) {
		assert_false(first->saw_error || second->saw_error);
		assert_int_equal(second->got, first->to_send);
		assert_int_equal(first->got, second->to_send);
	}
}

static void storm(unsigned int hostile_of)
{
	int listener = scene_listen(B, PORT, CONNECTIONS);
	struct talk talks[CONNECTIONS];
	bool busy = true;

	scene_hostile(hostile_of);
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		begin_talk(&talks[i], listener);
	for (unsigned int round = 0; busy; round++) {
		if (round == 100000)
			fail_msg("the talks do not end");
		busy = false;
		for (unsigned int i = 0; i < CONNECTIONS; i++) {
			act(&talks[i], 0);
			act(&talks[i], 1);
			busy |= !talks[i].ends[0].closed || !talks[i].ends[1].closed;
		}
		scene_sleep(dice(5 * MS));
	}
	scene_heal();
	scene_close(B, listener);
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		check_talk(&talks[i]);
		free(talks[i].ends[0].out);
		free(talks[i].ends[1].out);
	}
}

static void a_breeze(void)
{
	storm(200);
}

static void bad_weather(void)
{
	storm(30);
}

static void a_storm(void)
{
	storm(8);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {SCENE(a_breeze), SCENE(bad_weather), SCENE(a_storm)};

	return scene_play(tests);
}
