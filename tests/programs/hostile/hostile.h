/* SPDX-License-Identifier: MIT */
/*
 * Hostile programs: each attacks the kernel in one way.  hostile NAME plays one of them.
 *
 * An attack either returns, or the program dies of the signal that Linux sends for it.  On softnet
 * the kernel must report no error of its own in either case.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <sys/syscall.h>

struct attack {
	const char *name;
	void (*play)(void);
	int signal;     /* the signal that ends the program; 0: the attack returns */
	bool only_here; /* not played on Linux: it would exhaust the host, or the CPU setup differs */
};

/* Tables, each ending with a NULL name. */
extern const struct attack call_attacks[], instruction_attacks[], jump_attacks[], return_attacks[],
	resource_attacks[];

/* Addresses of the kernel's half, as kernel/x86/layout.h has them, and others that are invalid. */
#define DIRECT_MAP    0xffff888000000000UL
#define STACK_AREA    0xffffc90000000000UL
#define DEVICE_AREA   0xffffc98000000000UL
#define KERNEL_IMAGE  0xffffffff80100000UL
#define NON_CANONICAL 0x0000800000000000UL
#define USER_END      0x00007ffffffff000UL

#define PAGE 4096UL

/*
 * Called if the attack did not have the intended effect: ends the program with a code that no test
 * expects.
 */
void fail(const char *why);

#endif
