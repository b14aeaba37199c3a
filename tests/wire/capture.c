/* SPDX-License-Identifier: MIT */
/*
 * Writes captures in pcapng (capture.h).
 *
 * A file consists of a section header, one interface with times in nanoseconds, and an enhanced
 * packet block for each frame (pcapng specification, draft-ietf-opsawg-pcapng).
 */
#include "tests/wire/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SECTION   0x0a0d0d0au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET    6u
#define MAGIC           0x1a2b3c4du
#define LINK_ETHERNET   1u
#define OPT_END         0u
#define OPT_COMMENT     1u
#define OPT_TSRESOL     9u
#define NANOSECONDS     9u

struct capture {
	FILE *file;
};

static uint32_t padded(size_t n)
{
	return (n + 3) & ~3u;
}

struct capture *capture_open(const char *path)
{
	const struct {
		uint32_t type, length, magic;
		uint16_t major, minor;
		uint64_t section_length;
		uint32_t length_again;
	} __attribute__((packed)) section = {BLOCK_SECTION, 28, MAGIC, 1, 0, ~0ULL, 28};
	const struct {
		uint32_t type, length;
		uint16_t link, reserved;
		uint32_t snaplen;
		uint16_t option, option_length;
		uint8_t value[4];
		uint32_t end, length_again;
	} __attribute__((packed)) interface = {BLOCK_INTERFACE, 32, LINK_ETHERNET, 0,       0,
					       OPT_TSRESOL,     1,  {NANOSECONDS}, OPT_END, 32};
	struct capture *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->file = fopen(path, "wb");
	if (!c->file) {
		perror(path);
		free(c);
		return NULL;
	}
	fwrite(&section, sizeof(section), 1, c->file);
	fwrite(&interface, sizeof(interface), 1, c->file);
	return c;
}

void capture_frame(struct capture *c, uint64_t ns, const uint8_t *frame, size_t len,
		   const char *comment)
{
	const size_t options = comment ? 4 + padded(strlen(comment)) + 4 : 0;
	const uint32_t length = 32 + padded(len) + options;
	const uint32_t head[] = {BLOCK_PACKET, length, 0, ns >> 32, ns, len, len};
	const uint8_t zero[4] = {0};

	fwrite(head, sizeof(head), 1, c->file);
	fwrite(frame, len, 1, c->file);
	fwrite(zero, padded(len) - len, 1, c->file);
	if (comment) {
		const uint16_t option[] = {OPT_COMMENT, strlen(comment)};

		fwrite(option, sizeof(option), 1, c->file);
		fwrite(comment, strlen(comment), 1, c->file);
		fwrite(zero, padded(strlen(comment)) - strlen(comment), 1, c->file);
		fwrite(zero, sizeof(zero), 1, c->file); /* OPT_END */
	}
	fwrite(&length, sizeof(length), 1, c->file);
}

void capture_close(struct capture *c)
{
	if (!c)
		return;
	fclose(c->file);
	free(c);
}
