/* SPDX-License-Identifier: MIT */
/*
 * ChaCha20's block function: 20 rounds over a state of 16 words, to which the initial state is then
 * added.
 *
 * Called by kernel/lib/random.c.  Any context, no lock, no branch that depends on the key.  RFC
 * 8439, sections 2.1 to 2.3.
 */
#include "kernel/lib/chacha20.h"

#include "kernel/lib/string.h"

#define ROTL(x, n) (((x) << (n)) | ((x) >> (32 - (n))))

static __always_inline void quarter_round(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b;
	*d = ROTL(*d ^ *a, 16);
	*c += *d;
	*b = ROTL(*b ^ *c, 12);
	*a += *b;
	*d = ROTL(*d ^ *a, 8);
	*c += *d;
	*b = ROTL(*b ^ *c, 7);
}

void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
		    const u32 nonce[CHACHA20_NONCE_WORDS], u8 out[CHACHA20_BLOCK_SIZE])
{
	/* "expand 32-byte k" */
	u32 input[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
	u32 x[16];

	memcpy(&input[4], key, CHACHA20_KEY_WORDS * sizeof(u32));
	input[12] = counter;
	memcpy(&input[13], nonce, CHACHA20_NONCE_WORDS * sizeof(u32));
	memcpy(x, input, sizeof(x));

	for (unsigned int round = 0; round < 20; round += 2) {
		for (unsigned int i = 0; i < 4; i++) /* columns */
			quarter_round(&x[i], &x[4 + i], &x[8 + i], &x[12 + i]);
		for (unsigned int i = 0; i < 4; i++) /* diagonals */
			quarter_round(&x[i], &x[4 + (i + 1) % 4], &x[8 + (i + 2) % 4],
				      &x[12 + (i + 3) % 4]);
	}
	for (unsigned int i = 0; i < 16; i++)
		x[i] += input[i];
	/* The output is little-endian, as the machine is, so no conversion is needed. */
	memcpy(out, x, sizeof(x));
}
