/* SPDX-License-Identifier: MIT */
/*
 * The cpio format "newc", as GNU cpio and tools/pack write it.
 *
 * cpio_next() <- initramfs.c.  Any context, no lock.  The archive is not trusted: each length is
 * checked against the rest of the archive before it is used.
 *
 * An entry is a header of 110 ASCII characters, the name with NUL, padding to four bytes, the data,
 * padding to four bytes.  The name may have more than one NUL behind it: tools/pack adds NULs to
 * align the data to pages.  The name "TRAILER!!!" ends an archive.  Compare
 * Documentation/driver-api/early-userspace/buffer-format.rst and init/initramfs.c of Linux.
 */
#include "kernel/fs/cpio.h"

#include "kernel/fs/inode.h"
#include "kernel/fs/limits.h"
#include "kernel/lib/string.h"

#define MAGIC_LEN  6
#define FIELDS     13
#define FIELD_LEN  8
#define HEADER_LEN (MAGIC_LEN + FIELDS * FIELD_LEN)

enum field {
	INO,
	MODE,
	UID,
	GID,
	NLINK,
	MTIME,
	FILESIZE,
	DEV_MAJOR,
	DEV_MINOR,
	RDEV_MAJOR,
	RDEV_MINOR,
	NAMESIZE,
	CHECKSUM, /* of the data; 0 in "newc"; never verified */
};

static bool parse_field(const char *text, u32 *value)
{
	*value = 0;
	for (unsigned int i = 0; i < FIELD_LEN; i++) {
		char c = text[i];

		if (c >= '0' && c <= '9')
			*value = *value << 4 | (u32)(c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			*value = *value << 4 | (u32)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	return true;
}

/*
 * Parses the header at @header; @left bytes of the archive begin there.  Returns NULL, or a text
 * that says what is wrong.
 */
static const char *parse_header(const char *header, u64 left, u32 field[FIELDS])
{
	if (left < HEADER_LEN)
		return "cut in a header";
	if (memcmp(header, "070701", MAGIC_LEN) && memcmp(header, "070702", MAGIC_LEN))
		return "no cpio header (070701)";
	for (unsigned int i = 0; i < FIELDS; i++)
		if (!parse_field(header + MAGIC_LEN + i * FIELD_LEN, &field[i]))
			return "a header field that is not hexadecimal";
	if (field[NAMESIZE] < 2 || field[NAMESIZE] > CPIO_NAME_MAX)
		return "a name that is empty or too long";
	if (field[NAMESIZE] > left - HEADER_LEN)
		return "cut in a name";
	if (header[HEADER_LEN + field[NAMESIZE] - 1] != '\0' || header[HEADER_LEN] == '\0')
		return "a name that is empty or has no end";
	return NULL;
}

int cpio_next(const char *archive, u64 size, u64 *pos, struct cpio_entry *entry, const char **why)
{
	u32 field[FIELDS];
	u64 data;

	*why = parse_header(archive + *pos, size - *pos, field);
	if (*why)
		return -1;
	entry->name = archive + *pos + HEADER_LEN;
	data = ALIGN_UP(*pos + HEADER_LEN + field[NAMESIZE], 4UL);
	if (!strcmp(entry->name, "TRAILER!!!")) {
		*pos = min(data, size);
		return 0;
	}
	*why = "cut in the data of a file";
	if (data > size || field[FILESIZE] > size - data)
		return -1;
	entry->ino = field[INO];
	entry->mode = field[MODE];
	entry->uid = field[UID];
	entry->gid = field[GID];
	entry->nlink = field[NLINK];
	entry->mtime = field[MTIME];
	entry->dev = MKDEV(field[DEV_MAJOR], field[DEV_MINOR]);
	entry->rdev = MKDEV(field[RDEV_MAJOR], field[RDEV_MINOR]);
	entry->data = data;
	entry->size = field[FILESIZE];
	*pos = min(ALIGN_UP(data + field[FILESIZE], 4UL), size);
	return 1;
}

const char *cpio_compression(const char *archive, u64 size)
{
	static const struct {
		const char *name, *magic;
		unsigned int len;
	} formats[] = {
		{"gzip", "\x1f\x8b", 2},
		{"zstd", "\x28\xb5\x2f\xfd", 4},
		{"xz",
		 "\xfd"
		 "7zXZ",
		 5},
		{"lz4", "\x02\x21\x4c\x18", 4},
		{"bzip2", "BZh", 3},
		{"lzma", "\x5d\x00\x00", 3},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(formats); i++)
		if (size >= formats[i].len && !memcmp(archive, formats[i].magic, formats[i].len))
			return formats[i].name;
	return NULL;
}
