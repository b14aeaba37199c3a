/* SPDX-License-Identifier: MIT */
/*
 * faults ROUNDS: the kernel copies from or to pages that are not present, while another thread unmaps
 * a large range in the kernel.  So the page faults of these copies wait for that thread, and other
 * threads run in the middle of a copy.  Each value must arrive as it was: the vector registers in a
 * signal frame, and the bytes of two connections that are written at the same time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define RANGE   (256UL << 20) /* bytes that are unmapped at once: 128 page tables */
#define PAGE    4096
#define STACK   (16 * PAGE)
#define PAYLOAD 3000

static int rounds;
static volatile int over;

static void need(int good, const char *what)
{
	if (good)
		return;
	printf("faults: %s: errno %d\n", what, errno);
	_exit(1);
}

/* Unmaps pages all the time.  A read maps the page of zeroes, so the range needs no memory but page tables. */
static void *unmapper(void *arg)
{
	char *range =
		mmap(NULL, RANGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	(void)arg;
	need(range != MAP_FAILED, "mmap");
	while (!over) {
		for (size_t at = 0; at < RANGE; at += PAGE)
			(void)*(volatile char *)(range + at);
		need(!madvise(range, RANGE, MADV_DONTNEED), "madvise");
	}
	return NULL;
}

/* ---- vector registers in a signal frame ------------------------------------------------------- */

static void handler(int sig)
{
	(void)sig;
}

/* Sends the calling thread a signal, with values in xmm0 to xmm3, and returns whether they are there afterwards. */
static int registers_survive(void)
{
	unsigned long in[8], out[8], result;
	long process = getpid(), thread = gettid();

	for (int i = 0; i < 8; i++)
		in[i] = 0x1111111111111111UL * (i + 1);
	__asm__ volatile("movups (%[in]), %%xmm0; movups 16(%[in]), %%xmm1\n\t"
			 "movups 32(%[in]), %%xmm2; movups 48(%[in]), %%xmm3\n\t"
			 "syscall\n\t"
			 "movups %%xmm0, (%[out]); movups %%xmm1, 16(%[out])\n\t"
			 "movups %%xmm2, 32(%[out]); movups %%xmm3, 48(%[out])"
			 : "=a"(result)
			 : "0"(SYS_tgkill), "D"(process), "S"(thread),
			   "d"((long)SIGUSR1), [in] "r"(in), [out] "r"(out)
			 : "rcx", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "memory");
	need(!result, "tgkill");
	return !memcmp(in, out, sizeof(in));
}

static void *signalled(void *arg)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	char *pages = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {.ss_sp = pages, .ss_size = STACK};

	(void)arg;
	need(pages != MAP_FAILED && !sigaltstack(&stack, NULL) &&
		     !sigaction(SIGUSR1, &action, NULL),
	     "sigaltstack");
	for (int i = 0; i < rounds; i++) {
		need(!madvise(pages, STACK, MADV_DONTNEED), "madvise");
		sched_yield(); /* let unmapper() run: page faults wait for its madvise() */
		need(registers_survive(), "a signal changed vector registers");
	}
	return NULL;
}

/* ---- two connections -------------------------------------------------------------------------- */

struct flow {
	int out, in;
	char letter;
	char *source; /* pages of a file, or NULL */
};

static void connect_flow(struct flow *f)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	need(!bind(listener, (void *)&address, size) && !listen(listener, 1) &&
		     !getsockname(listener, (void *)&address, &size),
	     "listen");
	f->out = socket(AF_INET, SOCK_STREAM, 0);
	need(!connect(f->out, (void *)&address, size), "connect");
	f->in = accept(listener, NULL, NULL);
	need(f->in >= 0, "accept");
	close(listener);
}

/* Returns a mapped page of a file that is full of @letter, so madvise(MADV_DONTNEED) does not change its bytes. */
static char *file_of(char letter)
{
	int fd = open("/tmp/faults", O_RDWR | O_CREAT | O_TRUNC, 0600);
	char bytes[PAGE], *pages;

	memset(bytes, letter, PAGE);
	need(fd >= 0 && write(fd, bytes, PAGE) == PAGE, "write");
	pages = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	need(pages != MAP_FAILED, "mmap");
	close(fd);
	unlink("/tmp/faults");
	return pages;
}

static void *writer(void *arg)
{
	struct flow *f = arg;
	char bytes[PAYLOAD];

	memset(bytes, f->letter, sizeof(bytes));
	for (int i = 0; f->source ? i < rounds : !over; i++) {
		if (f->source) {
			need(!madvise(f->source, PAGE, MADV_DONTNEED), "madvise");
			sched_yield();
		}
		need(write(f->out, f->source ? f->source : bytes, PAYLOAD) == PAYLOAD, "write");
	}
	shutdown(f->out, SHUT_WR);
	return NULL;
}

static void *reader(void *arg)
{
	struct flow *f = arg;
	char bytes[PAYLOAD];
	ssize_t n;

	while ((n = read(f->in, bytes, sizeof(bytes))) > 0)
		for (ssize_t i = 0; i < n; i++)
			need(bytes[i] == f->letter,
			     "a connection got bytes that were not written to it");
	need(!n, "read");
	return NULL;
}

int main(int argc, char **argv)
{
	struct flow flows[2] = {{.letter = 'a'}, {.letter = 'b'}};
	pthread_t unmaps, signals, writes[2], reads[2];

	rounds = argc > 1 ? atoi(argv[1]) : 100;
	flows[0].source = file_of(flows[0].letter);
	need(!pthread_create(&unmaps, NULL, unmapper, NULL), "thread");
	need(!pthread_create(&signals, NULL, signalled, NULL), "thread");
	pthread_join(signals, NULL);
	for (int i = 0; i < 2; i++) {
		connect_flow(&flows[i]);
		need(!pthread_create(&reads[i], NULL, reader, &flows[i]) &&
			     !pthread_create(&writes[i], NULL, writer, &flows[i]),
		     "thread");
	}
	pthread_join(writes[0], NULL);
	over = 1;
	pthread_join(writes[1], NULL);
	pthread_join(reads[0], NULL);
	pthread_join(reads[1], NULL);
	pthread_join(unmaps, NULL);
	printf("faults: done\n");
	return 0;
}
