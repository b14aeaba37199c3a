/* SPDX-License-Identifier: MIT */
/*
 * SipHash, a keyed hash: a peer that does not know the key can neither predict its results nor
 * choose inputs that give a certain result.
 *
 * SipHash-2-4 (siphash) is for numbers that a peer sees: initial sequence numbers, IP
 * identifications.  The shorter SipHash-1-3 (hsiphash, as in Linux's include/linux/siphash.h)
 * chooses the bucket in hash tables that a peer can fill.  It may be weaker because no peer sees
 * the result, and must be fast because each packet needs one.  Any context, no lock.  Aumasson and
 * Bernstein, "SipHash: a fast short-input PRF" (2012).
 */
#include "kernel/lib/random.h"

#define ROTL(x, n) (((x) << (n)) | ((x) >> (64 - (n))))

struct sip_state {
	u64 v0, v1, v2, v3;
};

static __always_inline void sip_rounds(struct sip_state *s, unsigned int n)
{
	while (n--) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = ROTL(s->v1, 13) ^ s->v0;
		s->v3 = ROTL(s->v3, 16) ^ s->v2;
		s->v0 = ROTL(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = ROTL(s->v1, 17) ^ s->v2;
		s->v3 = ROTL(s->v3, 21) ^ s->v0;
		s->v2 = ROTL(s->v2, 32);
	}
}

static __always_inline struct sip_state sip_begin(const siphash_key_t *key)
{
	/* "somepseudorandomlygeneratedbytes" */
	return (struct sip_state){
		.v0 = key->key[0] ^ 0x736f6d6570736575ULL,
		.v1 = key->key[1] ^ 0x646f72616e646f6dULL,
		.v2 = key->key[0] ^ 0x6c7967656e657261ULL,
		.v3 = key->key[1] ^ 0x7465646279746573ULL,
	};
}

/*
 * Mixes one input word into the state.  SipHash-c-d has @c rounds for each input word, and d rounds
 * at the end.
 */
static __always_inline void sip_word(struct sip_state *s, u64 m, unsigned int c)
{
	s->v3 ^= m;
	sip_rounds(s, c);
	s->v0 ^= m;
}

static __always_inline u64 sip_end(struct sip_state *s, unsigned int d)
{
	s->v2 ^= 0xff;
	sip_rounds(s, d);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

u64 siphash(const void *data, size_t len, const siphash_key_t *key)
{
	struct sip_state s = sip_begin(key);
	const u8 *p = data;
	/*
	 * The last input word: the length modulo 256 in the top byte, the remaining bytes below it.
	 */
	u64 last = (u64)len << 56;
	u64 m;

	for (size_t n = len / 8; n; n--, p += 8) {
		__builtin_memcpy(&m, p, sizeof(m));
		sip_word(&s, m, 2);
	}
	for (size_t i = 0; i < len % 8; i++)
		last |= (u64)p[i] << (8 * i);
	sip_word(&s, last, 2);
	return sip_end(&s, 4);
}

static __always_inline u64 sip_2u64(u64 a, u64 b, const siphash_key_t *key, unsigned int c,
				    unsigned int d)
{
	struct sip_state s = sip_begin(key);

	sip_word(&s, a, c);
	sip_word(&s, b, c);
	sip_word(&s, 16ULL << 56, c);
	return sip_end(&s, d);
}

u64 siphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	return sip_2u64(a, b, key, 2, 4);
}

u64 hsiphash_2u64(u64 a, u64 b, const siphash_key_t *key)
{
	return sip_2u64(a, b, key, 1, 3);
}
