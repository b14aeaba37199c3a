/* SPDX-License-Identifier: MIT */
/*
 * Mistakes that an application can make.  Each has a name for the command line (`app=crash-stack`), so that
 * tests can check the kernel's reaction: a dump on the console and a failure code.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SMASHED 40 /* bytes written past the buffer's end: over the canary and the return address */

/* Volatile, so that the compiler can't see the mistakes and optimise on the assumption that they do not happen. */
static volatile uintptr_t address;
static volatile unsigned int endless = 1;
static unsigned char data_code[] = {0xc3}; /* RET */
static const int fixed = 1;

static int read_null(void)
{
	address = 8;
	return *(volatile int *)address;
}

static int read_page0(void)
{
	address = 0;
	return *(volatile char *)address;
}

static __attribute__((noinline)) int smash_stack(void)
{
	volatile char buffer[16];
	volatile char *p = buffer;

	for (unsigned int i = 0; i < sizeof(buffer) + SMASHED; i++)
		p[i] = 'A';
	return buffer[0];
}

static __attribute__((noinline)) int overflow_stack(void)
{
	volatile char frame[512];

	frame[0] = 1;
	if (!endless)
		return 0;
	return overflow_stack() +
	       frame[0]; /* the addition prevents a tail call, which would use no stack */
}

static int run_data(void)
{
	address = (uintptr_t)data_code;
	((void (*)(void))address)();
	return 0;
}

static int write_text(void)
{
	address = (uintptr_t)write_text;
	*(volatile char *)address = 0;
	return 0;
}

static int write_constant(void)
{
	address = (uintptr_t)&fixed;
	*(volatile int *)address = 2;
	return 0;
}

static const struct {
	const char *name;
	const char *what;
	int (*make)(void);
} mistakes[] = {
	{"crash", "reading address 8", read_null},
	{"crash-page0", "reading address 0", read_page0},
	{"crash-stack", "writing past the end of a buffer on the stack", smash_stack},
	{"crash-guard", "calling itself without end", overflow_stack},
	{"crash-nx", "running data", run_data},
	{"crash-wtext", "writing to code", write_text},
	{"crash-wconst", "writing to a constant", write_constant},
};

int main(int argc, char **argv)
{
	for (unsigned int i = 0; argc > 0 && i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		if (strcmp(argv[0], mistakes[i].name) == 0) {
			dprintf(1, "%s: %s\n", argv[0], mistakes[i].what);
			return mistakes[i].make();
		}
	}
	return 1;
}
