/* SPDX-License-Identifier: MIT */
/* The ChaCha20 block function of RFC 8439, section 2.3.  Any context. */
#ifndef KERNEL_LIB_CHACHA20_H
#define KERNEL_LIB_CHACHA20_H

#include "kernel/types.h"

#define CHACHA20_KEY_WORDS   8
#define CHACHA20_NONCE_WORDS 3
#define CHACHA20_BLOCK_SIZE  64

/* Computes the key stream's block number @counter. */
void chacha20_block(const u32 key[CHACHA20_KEY_WORDS], u32 counter,
		    const u32 nonce[CHACHA20_NONCE_WORDS], u8 out[CHACHA20_BLOCK_SIZE]);

#endif
