/* SPDX-License-Identifier: MIT */
/*
 * Declarations that netbench's modes share: the options, the clock, sockets, cost samples,
 * latencies and the one line of JSON.  There is one thread in each process (only idle.c forks), so
 * no locks.
 */
#ifndef TOOLS_BENCH_NETBENCH_H
#define TOOLS_BENCH_NETBENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* main.c: the command line */
extern const char *mode;
extern struct sockaddr_in dst;
extern int opt_n, opt_m, opt_k, opt_base, opt_spin, opt_copy, opt_pid, opt_nsrc, opt_pause;
extern double opt_t, opt_w;
extern const char *opt_control;
extern uint32_t opt_src;
extern uint64_t opt_t0;
extern volatile uint64_t *insn;
extern int ep;

/*
 * struct cost is one sample of the costs. struct window is the measured window: it begins when the
 * warm-up ends, and lasts opt_t seconds.
 */
struct cost {
	uint64_t t, vcpu, other, client, insn[5];
};
struct window {
	uint64_t warm, end;
	bool measuring;
	struct cost a, b;
};

uint64_t now(void);
uint64_t secs(double s);
void die(const char *what) __attribute__((noreturn));
void *xalloc(size_t n);

void cost_read(struct cost *c);
void window_begin(struct window *w);
/* Returns false when the window is over.  *begun is set if this call began the window. */
bool window_open(struct window *w, bool *begun);
uint64_t window_until(const struct window *w);
void window_close(struct window *w);
double window_secs(const struct window *w);

void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void put_cost(const struct cost *a, const struct cost *b, double ops, const char *unit);
void lat_init(void);
void lat_add(uint64_t ns);
void put_lat(void);

int new_socket(int type, int port);
void watch(int op, int fd, uint32_t ev, uint64_t data);
int wait_ev(struct epoll_event *ev, int max, uint64_t until);
void reset_close(int s);
int connect_all(int *fd, int n, int port, double limit);

void run_rr(void);
void run_udprr(void);
void run_crr(void);
void run_in(void);
void run_out(void);
void run_idle(void);
void run_firstbyte(void);
void run_icmp(void);
void run_sleep(void);

#endif
