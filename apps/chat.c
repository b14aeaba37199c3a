/* SPDX-License-Identifier: MIT */
/*
 * A chat room: each line that a client sends goes to all other clients.  To try it, connect twice:
 * nc 127.0.0.1 7023 (make run APP=apps/chat.c), and type.
 *
 * This program is meant to be copied: one poll() loop, no thread, no memory beyond the two tables.
 * The same program runs on Linux: cc chat.c -o chat; ./chat 7023.
 */
#define _GNU_SOURCE /* accept4() */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT        23
#define CLIENTS_MAX 100 /* a further client is told that the room is full */
#define LINE_BYTES  500 /* bytes; a longer line is passed on in parts */

struct client {
	size_t length; /* bytes of the line so far */
	char line[LINE_BYTES];
};

/* polls[0] is the listener; polls[i] belongs to clients[i]. */
static struct pollfd polls[1 + CLIENTS_MAX];
static struct client clients[1 + CLIENTS_MAX];
static unsigned int used = 1;

/* A client that does not read fast enough loses lines; the others do not wait. */
static void say(int fd, const char *text, size_t n)
{
	send(fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void say_to_others(unsigned int from, const char *text, size_t n)
{
	for (unsigned int i = 1; i < used; i++)
		if (i != from)
			say(polls[i].fd, text, n);
}

static void join(void)
{
	static const char full[] = "The room is full.\n", hello[] = "Welcome.\n";
	int fd = accept4(polls[0].fd, NULL, NULL, SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (used > CLIENTS_MAX) {
		say(fd, full, sizeof(full) - 1);
		close(fd);
		return;
	}
	clients[used].length = 0;
	polls[used++] = (struct pollfd){.fd = fd, .events = POLLIN};
	say(fd, hello, sizeof(hello) - 1);
}

/* The last client takes the place of the one that leaves. */
static void leave(unsigned int i)
{
	close(polls[i].fd);
	used--;
	polls[i] = polls[used];
	clients[i] = clients[used];
}

/* Returns 0 when the client has left. */
static int listen_to(unsigned int i)
{
	struct client *c = &clients[i];
	ssize_t n = recv(polls[i].fd, c->line + c->length, LINE_BYTES - c->length, 0);
	char *end;

	if (n <= 0)
		return 0;
	c->length += n;
	while ((end = memchr(c->line, '\n', c->length)) || c->length == LINE_BYTES) {
		size_t line = end ? (size_t)(end + 1 - c->line) : c->length;

		say_to_others(i, c->line, line);
		c->length -= line;
		memmove(c->line, c->line + line, c->length);
	}
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_port = htons(argc > 1 ? atoi(argv[1]) : PORT);
	if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 10)) {
		perror("chat");
		return 1;
	}
	polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
	dprintf(1, "READY chat %d\n", ntohs(address.sin_port));
	for (;;) {
		if (poll(polls, used, -1) < 0)
			continue;
		if (polls[0].revents)
			join();
		/* From the last to the first: leave() moves the last client, which was served already. */
		for (unsigned int i = used - 1; i >= 1; i--)
			if (polls[i].revents && !listen_to(i))
				leave(i);
	}
}
