/* SPDX-License-Identifier: MIT */
/*
 * Captures in pcapng: frames, each with an optional comment that says how the frame was treated.
 *
 * Callers: the simulator (tests/sim) and the laboratory's engine (tools/lab/engine).  One thread.
 */
#ifndef TESTS_WIRE_CAPTURE_H
#define TESTS_WIRE_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

struct capture;

/* Creates the file.  If that fails, prints a message on stderr and returns NULL. */
struct capture *capture_open(const char *path);
/* Appends a frame, sent at @ns.  @comment may be NULL. */
void capture_frame(struct capture *c, uint64_t ns, const uint8_t *frame, size_t len,
		   const char *comment);
/* Closes the file.  @c may be NULL. */
void capture_close(struct capture *c);

#endif
