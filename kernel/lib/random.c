/* SPDX-License-Identifier: MIT */
/*
 * Random numbers: ChaCha20 as a generator with fast key erasure.
 *
 * random_init() <- kernel_main(); get_random_bytes() <- hash keys, initial sequence numbers, ports,
 * getrandom(). Any context: random_lock is taken with interrupts off, and held for one refill or
 * while the bytes of add_entropy() are mixed in.
 *
 * A refill makes 256 bytes of key stream from the current key.  The first 32 bytes become the next
 * key; the others are returned to callers, and each is erased when it is returned.  So an attacker
 * who reads this memory cannot compute the numbers that were returned before (D. J. Bernstein,
 * "Fast-key-erasure random-number generators").
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
static size_t pool_used = POOL_SIZE; /* bytes of the pool that were returned or became the key */
static bool keyed;

BUILD_BUG_ON(sizeof(key) != KEY_SIZE);

/* Each use of the cipher has its own nonce, so that two uses never produce the same key stream. */
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

/*
 * Copies @n bytes from the pool, and erases them there. random_lock held, n <= POOL_SIZE -
 * KEY_SIZE.
 */
static void take(void *buf, size_t n)
{
	if (n > POOL_SIZE - pool_used)
		refill();
	memcpy(buf, pool + pool_used, n);
	memset(pool + pool_used, 0, n);
	pool_used += n;
}

/*
 * Fills a request that is larger than the pool: takes a new key from the pool and makes the bytes
 * from it without the lock.
 */
static void long_request(u8 *buf, size_t n)
{
	u32 own[CHACHA20_KEY_WORDS];
	u8 block[CHACHA20_BLOCK_SIZE];
	unsigned long flags;

	while (n) {
		/*
		 * Take a new key for each 2^20 blocks, before the 32-bit block counter could wrap.
		 */
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
	/*
	 * Keep the compiler from removing the two memset() calls as dead stores: they erase the key
	 * and the key stream from the stack.
	 */
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
		 * XOR the bytes into the key, then encrypt it: an attacker who chooses the bytes
		 * cannot choose the resulting key.
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
	pool_used = POOL_SIZE; /* marks the pool as empty: later bytes are made with the new key */
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
	 * The result is the high half of the 64-bit product. If every product were accepted, some
	 * results would be a little more likely than others. So a product whose low half is less
	 * than 2^32 modulo @ceil is rejected, and a new random number is drawn (D. Lemire, 2019).
	 */
	if ((u32)product < ceil) {
		u32 unfair = (0 - ceil) % ceil;

		while ((u32)product < unfair)
			product = (u64)get_random_u32() * ceil;
	}
	return product >> 32;
}
