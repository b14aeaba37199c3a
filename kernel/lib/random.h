/* SPDX-License-Identifier: MIT */
/*
 * Random numbers (ChaCha20 with fast key erasure) and keyed hashes (SipHash-2-4).  Any context.
 */
#ifndef KERNEL_LIB_RANDOM_H
#define KERNEL_LIB_RANDOM_H

#include "kernel/types.h"

void random_init(void); /* seeds the generator from hal_entropy() */
void get_random_bytes(void *buf, size_t n);
/* Mixes @n bytes into the generator's key.  Any context. */
void add_entropy(const void *buf, size_t n);
static inline u32 get_random_u32(void)
{
	u32 v;
	get_random_bytes(&v, sizeof(v));
	return v;
}
/* Returns a number in [0, @ceil), each with the same probability. */
u32 prandom_u32_max(u32 ceil);

typedef struct {
	u64 key[2];
} siphash_key_t;
u64 siphash(const void *data, size_t len, const siphash_key_t *key);
u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key);
/*
 * SipHash-1-3, which is faster: for the buckets of hash tables, never for a number that a peer
 * sees.
 */
u64 hsiphash_2u64(u64 a, u64 b, const siphash_key_t *key);

#endif
