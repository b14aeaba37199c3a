/* SPDX-License-Identifier: MIT */
/*
 * Tests that a preempted thread keeps its vector and floating-point registers.  Two threads each load
 * their own numbers into all of these registers and loop until they see that the other thread has run:
 * so they were preempted with the registers loaded.  Then they compare the registers.  A third thread
 * makes the kernel copy memory all the time.  The program prints its result, and returns 1 if a register
 * was changed.  On Linux: cc -O2 tests/qemu/kernel/fpu.c -lpthread
 */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SPINNERS 2
#define ROUNDS   20 /* number of preemptions that each thread must survive */
#define XMM      16

#define MXCSR_DEFAULT 0x1f80
#define MXCSR_ROUND                                                                                \
	13 /* bit position of MXCSR's rounding control; in the x87 control word it is X87_ROUND */
#define X87_DEFAULT 0x037f
#define X87_ROUND   10

struct fpu_state {
	uint8_t xmm[XMM][16];
	uint32_t mxcsr;
	uint16_t x87_control;
	int32_t x87[8];
};

static volatile unsigned long turns[SPINNERS];
static volatile int finished[SPINNERS];
static const char *volatile wrong;

/*
 * Loads the registers from @want, increments *@mine until *@other differs from @seen, and stores the
 * registers to @got.  It is a single asm statement, so that the compiler can't use the registers in
 * between.
 */
static __attribute__((noinline)) void hold(const struct fpu_state *want, struct fpu_state *got,
					   const volatile unsigned long *other, unsigned long seen,
					   volatile unsigned long *mine)
{
	__asm__ volatile(".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movdqu \\n*16(%[want]), %%xmm\\n\n\t"
			 ".endr\n\t"
			 "fninit\n\t"
			 "ldmxcsr 256(%[want])\n\t"
			 "fldcw 260(%[want])\n\t"
			 ".irp n, 7,6,5,4,3,2,1,0\n\t"
			 "fildl 264+\\n*4(%[want])\n\t"
			 ".endr\n"
			 "1:\tincq (%[mine])\n\t"
			 "cmpq %[seen], (%[other])\n\t"
			 "je 1b\n\t"
			 ".irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n\t"
			 "movdqu %%xmm\\n, \\n*16(%[got])\n\t"
			 ".endr\n\t"
			 "stmxcsr 256(%[got])\n\t"
			 "fnstcw 260(%[got])\n\t"
			 ".irp n, 0,1,2,3,4,5,6,7\n\t"
			 "fistpl 264+\\n*4(%[got])\n\t"
			 ".endr\n\t"
			 "fninit\n\t"
			 "ldmxcsr %[usual]"
			 :
			 : [want] "r"(want), [got] "r"(got), [other] "r"(other), [seen] "r"(seen),
			   [mine] "r"(mine), [usual] "m"((const uint32_t){MXCSR_DEFAULT})
			 : "memory", "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
			   "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
			   "xmm15", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)",
			   "st(7)");
}

_Static_assert(offsetof(struct fpu_state, mxcsr) == 256, "hold() counts");
_Static_assert(offsetof(struct fpu_state, x87_control) == 260, "hold() counts");
_Static_assert(offsetof(struct fpu_state, x87) == 264, "hold() counts");

static void compare(const struct fpu_state *want, const struct fpu_state *got)
{
	if (memcmp(want->xmm, got->xmm, sizeof(want->xmm)))
		wrong = "a vector register";
	/* Rounding sets a flag (bit 5) in MXCSR: compare only the control bits. */
	if ((want->mxcsr ^ got->mxcsr) & ~0x3fu)
		wrong = "MXCSR";
	if (want->x87_control != got->x87_control)
		wrong = "the x87 control word";
	if (memcmp(want->x87, got->x87, sizeof(want->x87)))
		wrong = "an x87 register";
}

static void *spin(void *arg)
{
	unsigned int id = (unsigned int)(uintptr_t)arg;
	const volatile unsigned long *other = &turns[!id];
	struct fpu_state want, got;

	memset(&want, 0, sizeof(want));
	for (unsigned int round = 0; round < ROUNDS && !wrong; round++) {
		for (unsigned int i = 0; i < sizeof(want.xmm); i++)
			want.xmm[i / 16][i % 16] = (uint8_t)(id * 128 + round + i * 7);
		want.mxcsr = MXCSR_DEFAULT | (id + 1) << MXCSR_ROUND;
		want.x87_control = (uint16_t)(X87_DEFAULT | (id + 1) << X87_ROUND);
		for (int i = 0; i < 8; i++)
			want.x87[i] = (int)(id * 1000 + round * 10) + i;
		memset(&got, 0, sizeof(got));
		hold(&want, &got, other, *other, &turns[id]);
		compare(&want, &got);
	}
	finished[id] = 1;
	/* The other thread may still be in hold(), waiting for this turns[id] to change. */
	while (!finished[!id])
		turns[id]++;
	return NULL;
}

/* Makes the kernel copy blocks of 4 KiB, for which it uses vector registers itself. */
static void *copy(void *arg)
{
	static char out[4096], in[4096];
	int fds[2];

	if (pipe(fds)) {
		wrong = "no pipe: pipe() failed, and nothing";
		return arg;
	}
	memset(out, 0x5a, sizeof(out));
	for (;;)
		if (write(fds[1], out, sizeof(out)) != sizeof(out) ||
		    read(fds[0], in, sizeof(in)) != sizeof(in))
			wrong = "a pipe";
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, copy, NULL))
		return 2;
	for (uintptr_t i = 0; i < SPINNERS; i++)
		if (pthread_create(&thread, NULL, spin, (void *)i))
			return 2;
	while (!finished[0] || !finished[1])
		usleep(1000);
	if (wrong) {
		dprintf(1, "fpu: %s was changed\n", wrong);
		return 1;
	}
	dprintf(1, "fpu: %d threads lost the CPU %d times and found all registers as they were\n",
		SPINNERS, ROUNDS);
	return 0;
}
