/* SPDX-License-Identifier: MIT */
/*
 * The machine's sources of entropy: the CPU's random number generator (RDSEED or RDRAND), if there
 * is one, mixed with the jitter of the TSC.
 *
 * Callers: kernel/lib/random.c, which mixes these bits into the key of its generator; kaslr.c and
 * stackprotector.c, which run before that generator works. All other code uses the generator. Any
 * context, no lock: if two callers change the pool at the same time, they only add entropy. Compare
 * Linux's arch/x86/include/asm/archrandom.h and drivers/char/random.c's jitter.
 */
#include "kernel/hal.h"
#include "kernel/x86/cpu.h"

#define CPUID_RDRAND   BIT(30) /* leaf 1, ecx */
#define CPUID_RDSEED   BIT(18) /* leaf 7, ebx */
#define HARDWARE_TRIES 10      /* tries of RDRAND or RDSEED for a value, as Intel advises */
#define JITTER_ROUNDS  64      /* readings of the TSC that are mixed into each value of 64 bits */

static bool rdseed64(u64 *value)
{
	bool ok;

	__asm__ volatile("rdseed %0" : "=r"(*value), "=@ccc"(ok));
	return ok;
}

static bool rdrand64(u64 *value)
{
	bool ok;

	__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
	return ok;
}

/* Returns 64 bits from the CPU's generator; 0 if there is none, or if it has no bits at present. */
static u64 hardware_bits(void)
{
	bool has_seed = cpuid(0, 0).eax >= 7 && (cpuid(7, 0).ebx & CPUID_RDSEED);
	bool has_rand = cpuid(1, 0).ecx & CPUID_RDRAND;
	unsigned int i;
	u64 value;

	for (i = 0; has_seed && i < HARDWARE_TRIES; i++)
		if (rdseed64(&value))
			return value;
	for (i = 0; has_rand && i < HARDWARE_TRIES; i++)
		if (rdrand64(&value))
			return value;
	return 0;
}

/* Mixes the bits of @x, so that every bit of it affects every bit of the result. */
static u64 mix(u64 x)
{
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
	x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
	return x ^ x >> 32;
}

/*
 * Measures the duration of the same few steps again and again.  The duration varies because of
 * caches, buses and the host.
 */
static u64 jitter_bits(void)
{
	static volatile u64 pool[64];
	u64 state = pool[0];
	unsigned int i;

	for (i = 0; i < JITTER_ROUNDS; i++) {
		state = mix(state ^ rdtsc_ordered());
		pool[state % ARRAY_SIZE(pool)] += state;
	}
	pool[0] = state;
	return state;
}

void hal_entropy(void *buf, size_t n)
{
	u8 *out = buf;
	unsigned int have = 0;
	u64 bits = 0;

	for (; n > 0; n--) {
		if (have == 0) {
			bits = jitter_bits() ^ hardware_bits();
			have = sizeof(bits);
		}
		*out++ = (u8)bits;
		bits >>= 8;
		have--;
	}
}
