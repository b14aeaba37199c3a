/* SPDX-License-Identifier: MIT */
/*
 * The interface between a harness and the fuzzers' engine, which owns a hosted kernel that is in the same state
 * before each input.
 *
 * A harness (tests/fuzz/harness/NAME.c) defines harness_setup() and harness_play(); engine.c calls them from
 * libFuzzer's entry points:
 *
 *	harness_setup()		boots the kernel and opens sockets; the engine saves this state
 *	for each input:
 *		the engine restores the state
 *		harness_play()		reads bytes of the input and acts on them: frames, calls, time
 *		the engine closes all descriptors, lets time pass until no timer is armed, and checks
 *
 * An input fails if the sanitizer finds an error, if the kernel panics or warns, if a TCP connection's fields
 * contradict each other, or if more objects, threads or timers are left at its end than after an empty input.
 * All functions run on libFuzzer's thread; there is no other.
 *
 * The kernel is 192.168.0.1, 02:00:00:00:00:01; its gateway is 192.168.0.2, 02:00:00:00:00:02, as in packet
 * scripts, whose frames are in the corpora.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/host/softnet_host.h"

#define MS  1000000ULL
#define SEC 1000000000ULL

#define FUZZ_MAC     0x020000000001ULL
#define FUZZ_PEER    0x020000000002ULL
#define FUZZ_IP      0xc0a80001u
#define FUZZ_GATEWAY 0xc0a80002u
#define FUZZ_REMOTE  0xc0000201u /* 192.0.2.1, behind the gateway */
#define FUZZ_CMDLINE "ip=192.168.0.1/24 gw=192.168.0.2 app=none"

/* ---- defined by the harness ------------------------------------------------------------------- */

struct input;
void harness_setup(void);
void harness_play(struct input *in);
/* Called for each frame that the kernel sends, except ARP requests, which the engine answers. */
void harness_sent(const uint8_t *frame, size_t len);
/* Returns true if the harness expects that the kernel may halt with this message (NULL: power-off). */
bool harness_may_halt(const char *message);

/* ---- the input -------------------------------------------------------------------------------- */

/* The rest of the input, which take8() and its relatives consume.  At the end of the input they return 0. */
struct input {
	const uint8_t *at;
	size_t len;
};
uint8_t take8(struct input *in);
uint16_t take16(struct input *in);
uint32_t take32(struct input *in);
uint64_t take64(struct input *in);
/* Copies up to @n bytes to @to; returns their number. */
size_t take_bytes(struct input *in, void *to, size_t n);

/* ---- the kernel ------------------------------------------------------------------------------- */

/* Boots the kernel with the command line @cmdline, after it has set @n options of sn_set(). */
struct fuzz_option {
	const char *name;
	uint64_t value;
};
void fuzz_boot(const char *cmdline, const struct fuzz_option *options, unsigned int n);
/* For a harness that boots the kernel in harness_play(): before each input, the state before a boot is restored. */
void fuzz_boots_itself(void);

/* Permits the present input to leave objects at its end, because its device does not give buffers back. */
void fuzz_leaks_permitted(void);

/* Runs the kernel at the present time until it has nothing to do.  Returns the time of the next timer. */
uint64_t fuzz_run(void);
void fuzz_sleep(uint64_t ns);
/* Passes a frame to the kernel's device; the kernel receives it in the next fuzz_run(). */
void fuzz_put(const void *frame, size_t len);

/*
 * The memory of the simulated program.  The arguments of a call may point into it; an access to any other
 * address faults.
 */
#define FUZZ_USER_SIZE 65536
extern uint8_t fuzz_user[FUZZ_USER_SIZE];

/*
 * Makes a system call at the present time.  Returns its result, or FUZZ_BLOCKS if it sleeps: then the engine
 * interrupts it at the end of the input.
 */
#define FUZZ_BLOCKS INT64_MIN
int64_t fuzz_call_args(int64_t nr, const int64_t args[6]);
#define fuzz_call(nr, ...) fuzz_call_args(nr, (const int64_t[6]){__VA_ARGS__})
#define PTR(p)             ((int64_t)(intptr_t)(p))

/* Writes @text to the file @path.  Returns false if there is no such file; fails the setup if the kernel does not
 * accept the text. */
bool fuzz_write_file(const char *path, const char *text);
/* Stores a struct sockaddr_in at @at of fuzz_user; returns its address. */
int64_t fuzz_address(size_t at, uint32_t ip, uint16_t port);

/* Reports that the setup of a harness or an input failed: prints the end of the console and the text, and aborts. */
void fuzz_fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
