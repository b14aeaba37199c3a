/* SPDX-License-Identifier: MIT */
/* ChaCha20 and SipHash against published test vectors; statistical properties of the random number generator. */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/chacha20.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"

/* RFC 8439, section 2.3.2. */
static void test_chacha20_block_of_rfc8439(void **state)
{
	static const u8 want[64] = {
		0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50, 0x0f, 0xdd, 0x1f, 0xa3,
		0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03, 0x04, 0x22,
		0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
		0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1,
		0xde, 0x16, 0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e};
	static const u8 nonce_bytes[12] = {0, 0, 0, 9, 0, 0, 0, 0x4a, 0, 0, 0, 0};
	u32 key[8], nonce[3];
	u8 key_bytes[32], out[64];

	for (int i = 0; i < 32; i++)
		key_bytes[i] = i;
	memcpy(key, key_bytes, sizeof(key));
	memcpy(nonce, nonce_bytes, sizeof(nonce));
	chacha20_block(key, 1, nonce, out);
	assert_memory_equal(out, want, sizeof(want));
}

/* Key 0; the expected values come from CPython 3.11: PYTHONHASHSEED=0 python3 -c 'print(hash(bytes(range(16))))'. */
static void test_short_siphash(void **state)
{
	const siphash_key_t key = {{0, 0}};

	assert_true(hsiphash_2u64(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, &key) ==
		    0x8972188433a5c5b7ULL);
	assert_true(hsiphash_2u64(0x6b6a696867666564ULL, 0x737271706f6e6d6cULL, &key) ==
		    0x1a2b8f844456dfb0ULL);
}

/* The vector in appendix A of the SipHash paper, and some vectors of the reference implementation. */
static void test_siphash_vectors(void **state)
{
	static const u64 want[] = {
		0x726fdb47dd0e0e31ULL, 0x74f839c593dc67fdULL, 0x0d6c8009d9a94f5aULL,
		0x85676696d7fb7e2dULL, 0xcf2794e0277187b7ULL, 0x18765564cd99a68dULL,
		0xcbc9466e58fee3ceULL, 0xab0200f58b01d137ULL, 0x93f5f5799a932462ULL};
	siphash_key_t key;
	u8 bytes[16];

	for (int i = 0; i < 16; i++)
		bytes[i] = i;
	memcpy(&key, bytes, sizeof(key));
	for (unsigned int n = 0; n < ARRAY_SIZE(want); n++)
		assert_true(siphash(bytes, n, &key) == want[n]);
	assert_true(siphash(bytes, 15, &key) == 0xa129ca6149be45e5ULL);
	assert_true(siphash_2u64(0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL, &key) ==
		    siphash(bytes, 16, &key));
	/* An unaligned buffer. */
	assert_true(siphash(bytes + 1, 9, &key) ==
		    siphash((u8[]){1, 2, 3, 4, 5, 6, 7, 8, 9}, 9, &key));
}

static void test_same_seed_differs_by_call(void **state)
{
	u8 a[64], b[64];

	get_random_bytes(a, sizeof(a));
	get_random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
	add_entropy("x", 1);
	get_random_bytes(b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

/* Requests of every length, many of which cross the end of the pool; bytes after the buffer must not change. */
static void test_every_length(void **state)
{
	static u8 buf[1200];
	static const u8 zeros[16];

	for (size_t n = 0; n < 1100; n++) {
		memset(buf, 0, sizeof(buf));
		get_random_bytes(buf, n);
		for (size_t i = n; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0);
		if (n >= 16)
			assert_memory_not_equal(buf + n - 16, zeros, 16);
	}
}

static void test_bits_are_even(void **state)
{
	static u8 buf[1 << 16];
	unsigned int ones = 0;

	get_random_bytes(buf, sizeof(buf));
	for (size_t i = 0; i < sizeof(buf); i++)
		ones += __builtin_popcount(buf[i]);
	/* Of 2^19 bits 2^18 should be ones, with a standard deviation of 362. */
	assert_in_range(ones, (1 << 18) - 2500, (1 << 18) + 2500);
}

static void test_max_is_uniform(void **state)
{
	unsigned int counts[6] = {0};

	assert_int_equal(prandom_u32_max(1), 0);
	assert_int_equal(prandom_u32_max(0), 0);
	for (int i = 0; i < 60000; i++) {
		u32 v = prandom_u32_max(6);

		assert_in_range(v, 0, 5);
		counts[v]++;
	}
	for (int i = 0; i < 6; i++)
		assert_in_range(counts[i], 9400, 10600);
	for (int i = 0; i < 1000; i++)
		assert_true(prandom_u32_max(0xc0000001) < 0xc0000001);
}

static int setup(void **state)
{
	unit_init();
	random_init();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chacha20_block_of_rfc8439),
		cmocka_unit_test(test_siphash_vectors),
		cmocka_unit_test(test_short_siphash),
		cmocka_unit_test(test_same_seed_differs_by_call),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_bits_are_even),
		cmocka_unit_test(test_max_is_uniform),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
