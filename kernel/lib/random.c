/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: ChaCha20 as a generator with fast key erasure.
 *
 * random_init() <- kernel_main(); get_random_bytes() <- hash keys, initial sequence numbers, ports,
 * getrandom().  Any context: random_lock is irq-safe and held for one refill at most.
 *
 * A refill runs the cipher over its key: the first 32 bytes of the stream become the next key, the
 * others are handed out and wiped as they go.  So an attacker who reads this memory cannot compute
 * the numbers that were given out before (D.  J. Bernstein, "Fast-key-erasure random-number
 * generators").
 */
#include "kernel/lib/random.h"

#include "kernel/lib/bug.h"
#include "kernel/lib/chacha20.h"
#include "kernel/lib/string.h"
#include "kernel/sched/spinlock.h"
#include "kernel/time/time.h"

#define KEY_SIZE    32
#define POOL_BLOCKS 4
#define POOL_SIZE   (POOL_BLOCKS * CHACHA20_BLOCK_SIZE)

static DEFINE_SPINLOCK(random_lock);
static u32 key[CHACHA20_KEY_WORDS];
static u8 pool[POOL_SIZE];
static size_t pool_used = POOL_SIZE; /* bytes of it that are gone */
static bool keyed;

BUILD_BUG_ON(sizeof(key) != KEY_SIZE);

/* Each use of the cipher has a nonce of its own, so that no two ever share a stream. */
static const u32 nonce_refill[CHACHA20_NONCE_WORDS] = {1};
static const u32 nonce_stir[CHACHA20_NONCE_WORDS] = {2};
static const u32 nonce_long[CHACHA20_NONCE_WORDS] = {3};

/* random_lock held. */
static void refill(void)
{
	for (u32 i = 0; i < POOL_BLOCKS; i++)
		chacha20_block(key, i, nonce_refill, pool + i * CHACHA20_BLOCK_SIZE);
	memcpy(key, pool, KEY_SIZE);
	memset(pool, 0, KEY_SIZE);
	pool_used = KEY_SIZE;
}

/* Takes @n bytes out of the pool.  random_lock held, n <= POOL_SIZE - KEY_SIZE. */
static void take(void *buf, size_t n)
{
	if (n > POOL_SIZE - pool_used)
		refill();
	memcpy(buf, pool + pool_used, n);
	memset(pool + pool_used, 0, n);
	pool_used += n;
}

/* A long request gets a key of its own from the pool and runs without the lock. */
static void long_request(u8 *buf, size_t n)
{
	u32 own[CHACHA20_KEY_WORDS];
	u8 block[CHACHA20_BLOCK_SIZE];
	unsigned long flags;

	while (n) {
		/* A new key before the 32-bit block counter could wrap. */
		spin_lock_irqsave(&random_lock, flags);
		take(own, KEY_SIZE);
		spin_unlock_irqrestore(&random_lock, flags);
		for (u32 counter = 0; n && counter < 1U << 20; counter++) {
			size_t part = min_t(size_t, n, CHACHA20_BLOCK_SIZE);

			chacha20_block(own, counter, nonce_long, block);
			memcpy(buf, block, part);
			buf += part;
			n -= part;
		}
	}
	memset(own, 0, sizeof(own));
	memset(block, 0, sizeof(block));
	/* The two above are not dead stores: nothing of the stream stays on the stack. */
	__asm__ volatile("" : : "r"(own), "r"(block) : "memory");
}

void get_random_bytes(void *buf, size_t n)
{
	unsigned long flags;

	WARN_ON(!READ_ONCE(keyed));
	if (n > POOL_SIZE - KEY_SIZE) {
		long_request(buf, n);
		return;
	}
	spin_lock_irqsave(&random_lock, flags);
	take(buf, n);
	spin_unlock_irqrestore(&random_lock, flags);
}

void add_entropy(const void *buf, size_t n)
{
	const u8 *p = buf;
	unsigned long flags;
	u8 block[CHACHA20_BLOCK_SIZE];

	spin_lock_irqsave(&random_lock, flags);
	while (n) {
		size_t part = min_t(size_t, n, KEY_SIZE);

		/*
		 * XOR in, then through the cipher: an attacker who chooses the bytes cannot choose
		 * the key.
		 */
		for (size_t i = 0; i < part; i++)
			((u8 *)key)[i] ^= p[i];
		chacha20_block(key, 0, nonce_stir, block);
		memcpy(key, block, KEY_SIZE);
		p += part;
		n -= part;
	}
	memset(block, 0, sizeof(block));
	memset(pool, 0, sizeof(pool));
	pool_used = POOL_SIZE; /* later bytes are made with the new key */
	spin_unlock_irqrestore(&random_lock, flags);
	__asm__ volatile("" : : "r"(block) : "memory");
}

void random_init(void)
{
	u8 seed[2 * KEY_SIZE];
	u64 now;

	hal_entropy(seed, sizeof(seed));
	add_entropy(seed, sizeof(seed));
	memset(seed, 0, sizeof(seed));
	__asm__ volatile("" : : "r"(seed) : "memory");
	now = hal_clock_ns();
	add_entropy(&now, sizeof(now));
	WRITE_ONCE(keyed, true);
}

u32 prandom_u32_max(u32 ceil)
{
	u64 product = (u64)get_random_u32() * ceil;

	/*
	 * The high half of a 32 x 32 bit product is uniform once the few low halves that would
	 * favour some results are thrown again (D. Lemire, 2019).
	 */
	if ((u32)product < ceil) {
		u32 unfair = (0 - ceil) % ceil;

		while ((u32)product < unfair)
			product = (u64)get_random_u32() * ceil;
	}
	return product >> 32;
}
