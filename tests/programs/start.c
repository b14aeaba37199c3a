/* SPDX-License-Identifier: MIT */
/*
 * Prints the state in which a program starts: arguments, environment, auxiliary vector, zeroed data, a
 * stack that grows.  Prints no address, so that the output is the same on Linux.  Ends with the code
 * that its first argument names.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

static char zeroes[300000];
static int initialised = 42;
static _Thread_local int of_thread = 7;

static int deep(int n)
{
	volatile char frame[4000];

	memset((char *)frame, n, sizeof(frame));
	return n ? deep(n - 1) + frame[17] - n : 0;
}

static int count_zeroes(void)
{
	int n = 0;

	for (size_t i = 0; i < sizeof(zeroes); i++)
		n += !zeroes[i];
	return n;
}

static void show_headers(void)
{
	const Elf64_Phdr *p = (const Elf64_Phdr *)getauxval(AT_PHDR);
	int loads = 0, stacks = 0;

	for (unsigned long i = 0; i < getauxval(AT_PHNUM); i++) {
		loads += p[i].p_type == PT_LOAD;
		stacks += p[i].p_type == PT_GNU_STACK;
	}
	printf("headers of %lu bytes, loads %d, stacks %d\n", getauxval(AT_PHENT), loads, stacks);
}

int main(int argc, char **argv)
{
	const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
	int sum = 0;
	char *heap;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("BEGIN\n");
	for (int i = 1; i < argc; i++)
		printf("argv[%d]=<%s>\n", i, argv[i]);
	for (char **e = environ; *e; e++)
		printf("<%s>\n", *e);
	for (int i = 0; i < 16; i++)
		sum |= random[i];
	printf("argc %d, end %d, execfn %s\n", argc, !argv[argc],
	       strcmp((const char *)getauxval(AT_EXECFN), argv[0]) ? "other" : "same");
	printf("page %lu, tick %lu, secure %lu, uid %lu, platform %s, random %s\n",
	       getauxval(AT_PAGESZ), getauxval(AT_CLKTCK), getauxval(AT_SECURE), getauxval(AT_UID),
	       (const char *)getauxval(AT_PLATFORM), sum ? "yes" : "no");
	show_headers();
	printf("entry %s\n", getauxval(AT_ENTRY) ? "yes" : "no");
	printf("zeroes %d, data %d, thread %d, stack aligned %d\n", count_zeroes(), initialised,
	       of_thread, !((uintptr_t)__builtin_frame_address(0) % 16));
	printf("1000 frames: %d\n", deep(1000));
	heap = malloc(5 << 20);
	memset(heap, 1, 5 << 20);
	printf("heap %d\n", heap[4 << 20]);
	free(heap);
	printf("END\n");
	return argc > 1 ? atoi(argv[1]) : 0;
}
