/* SPDX-License-Identifier: MIT */
/*
 * Saves the state of the hosted kernel and restores it: memory, not files of the host.
 *
 * The state is the kernel's variables (section softnet_state), its RAM, its stacks, the objects that
 * it allocated from the C library, and the sanitizer's shadow of all of them.  The caller must be
 * outside of the kernel, which is idle or not booted yet.
 */
#ifndef TESTS_FUZZ_SNAPSHOT_H
#define TESTS_FUZZ_SNAPSHOT_H

/* Saves the state.  To be called once. */
void snapshot_take(void);
/* Restores the saved state: frees objects and mappings that were made since, and revives those that
 * were freed. */
void snapshot_restore(void);

#endif
