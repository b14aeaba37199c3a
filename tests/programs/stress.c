/* SPDX-License-Identifier: MIT */
/*
 * stress ROUNDS: threads that lock, wait, map memory, send over sockets, send themselves signals and
 * create threads at the same time.  Every operation is counted, and the sums depend on ROUNDS only:
 * they are the same on Linux and on softnet.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAIRS   4 /* pairs of threads of each kind */
#define PAGE    4096
#define PAYLOAD 700

static int rounds;
static unsigned long locked, handed, mapped, echoed, events, signals, made;

static void add(unsigned long *counter)
{
	__atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

static void need(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "stress: %s: errno %d\n", what, errno);
	_exit(1);
}

/* ---- one counter behind one mutex ------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static unsigned long behind_mutex;

static void *locker(void *arg)
{
	(void)arg;
	for (int i = 0; i < rounds; i++) {
		pthread_mutex_lock(&mutex);
		behind_mutex++;
		if (i % 64 == 0)
			sched_yield();
		pthread_mutex_unlock(&mutex);
		add(&locked);
	}
	return NULL;
}

/* ---- two threads that hand a token to each other ----------------------------------------------- */

struct token {
	pthread_mutex_t mutex;
	pthread_cond_t turned;
	int turn;
};
static struct token tokens[PAIRS];

static void *hand(struct token *t, int me)
{
	for (int i = 0; i < rounds; i++) {
		pthread_mutex_lock(&t->mutex);
		while (t->turn != me)
			pthread_cond_wait(&t->turned, &t->mutex);
		t->turn = !me;
		pthread_cond_signal(&t->turned);
		pthread_mutex_unlock(&t->mutex);
		add(&handed);
	}
	return NULL;
}

static void *hand_first(void *arg)
{
	return hand(arg, 0);
}
static void *hand_second(void *arg)
{
	return hand(arg, 1);
}

/* ---- memory ------------------------------------------------------------------------------------ */

static void *mapper(void *arg)
{
	(void)arg;
	for (int i = 0; i < rounds; i++) {
		size_t size = (1 + i % 7) * PAGE;
		char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		need(p != MAP_FAILED, "mmap");
		memset(p, i, size);
		need(p[size - 1] == (char)i, "contents");
		if (i % 3 == 0)
			need(!mprotect(p, PAGE, PROT_READ), "mprotect");
		need(!munmap(p, size), "munmap");
		free(realloc(malloc(100 + i % 5000), 1 + i % 9000));
		add(&mapped);
	}
	return NULL;
}

/* ---- an echo over TCP with epoll ---------------------------------------------------------------- */

static int listener;
static struct sockaddr_in address;

static void read_all(int fd, char *bytes, size_t n)
{
	while (n) {
		ssize_t got = read(fd, bytes, n);

		need(got > 0 || (got < 0 && errno == EINTR), "read");
		if (got > 0) {
			bytes += got;
			n -= got;
		}
	}
}

static void *server(void *arg)
{
	int epoll = epoll_create1(0), left = PAIRS;
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, ready[8];
	char bytes[PAYLOAD];

	(void)arg;
	need(!epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event), "epoll_ctl");
	while (left) {
		int n = epoll_wait(epoll, ready, 8, -1);

		need(n >= 0 || errno == EINTR, "epoll_wait");
		for (int i = 0; i < n; i++) {
			int fd = ready[i].data.fd;
			ssize_t got;

			if (fd == listener) {
				event = (struct epoll_event){
					.events = EPOLLIN, .data.fd = accept(listener, NULL, NULL)};
				need(event.data.fd >= 0, "accept");
				need(!epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event),
				     "epoll_ctl");
				continue;
			}
			got = read(fd, bytes, sizeof(bytes));
			if (got == 0) {
				close(fd);
				left--;
			}
			if (got > 0)
				need(write(fd, bytes, got) == got, "write");
		}
	}
	close(epoll);
	return NULL;
}

static void *client(void *arg)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char out[PAYLOAD], in[PAYLOAD];

	(void)arg;
	need(!connect(fd, (void *)&address, sizeof(address)), "connect");
	for (int i = 0; i < rounds; i++) {
		size_t size = 1 + i % PAYLOAD;

		memset(out, i, size);
		need(write(fd, out, size) == (ssize_t)size, "write");
		read_all(fd, in, size);
		need(!memcmp(in, out, size), "echo");
		add(&echoed);
	}
	close(fd);
	return NULL;
}

static void open_listener(void)
{
	socklen_t size = sizeof(address);

	listener = socket(AF_INET, SOCK_STREAM, 0);
	address = (struct sockaddr_in){.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	need(!bind(listener, (void *)&address, size) && !listen(listener, 64), "listen");
	getsockname(listener, (void *)&address, &size);
}

/* ---- eventfd ------------------------------------------------------------------------------------ */

static int event_fds[PAIRS];

static void *event_writer(void *arg)
{
	unsigned long one = 1;

	for (int i = 0; i < rounds; i++)
		need(write(*(int *)arg, &one, 8) == 8, "eventfd write");
	return NULL;
}

static void *event_reader(void *arg)
{
	unsigned long sum = 0, got;

	while (sum < (unsigned long)rounds) {
		need(read(*(int *)arg, &got, 8) == 8, "eventfd read");
		sum += got;
	}
	__atomic_fetch_add(&events, sum, __ATOMIC_RELAXED);
	return NULL;
}

/* ---- signals ------------------------------------------------------------------------------------ */

static void on_signal(int sig)
{
	(void)sig;
	add(&signals);
}

/* Sends signals to its own thread: each handler runs before pthread_kill() returns, so no signals are merged. */
static void *signaller(void *arg)
{
	(void)arg;
	for (int i = 0; i < rounds / 4; i++)
		need(!pthread_kill(pthread_self(), SIGUSR1), "pthread_kill");
	return NULL;
}

/* ---- threads that come and go ------------------------------------------------------------------- */

static void *nothing(void *arg)
{
	add(&made);
	return arg;
}

static void *maker(void *arg)
{
	(void)arg;
	for (int i = 0; i < rounds / 10; i++) {
		pthread_t t;
		void *result;

		need(!pthread_create(&t, NULL, nothing, &made), "pthread_create");
		need(!pthread_join(t, &result) && result == &made, "pthread_join");
	}
	return NULL;
}

static pthread_t threads[64];
static int nr_threads;

static void start(void *(*fn)(void *), void *arg)
{
	need(!pthread_create(&threads[nr_threads++], NULL, fn, arg), "pthread_create");
}

int main(int argc, char **argv)
{
	rounds = argc > 1 ? atoi(argv[1]) : 1000;
	signal(SIGUSR1, on_signal);
	open_listener();
	for (int i = 0; i < PAIRS; i++) {
		pthread_mutex_init(&tokens[i].mutex, NULL);
		pthread_cond_init(&tokens[i].turned, NULL);
		event_fds[i] = eventfd(0, 0);
		start(locker, NULL);
		start(hand_first, &tokens[i]);
		start(hand_second, &tokens[i]);
		start(mapper, NULL);
		start(client, NULL);
		start(event_writer, &event_fds[i]);
		start(event_reader, &event_fds[i]);
		start(signaller, NULL);
	}
	start(server, NULL);
	start(maker, NULL);
	for (int i = 0; i < nr_threads; i++)
		need(!pthread_join(threads[i], NULL), "pthread_join");
	need(behind_mutex == locked, "the mutex");
	printf("locked %lu handed %lu mapped %lu echoed %lu events %lu signals %lu threads %lu\n",
	       locked, handed, mapped, echoed, events, signals, made);
	return 0;
}
