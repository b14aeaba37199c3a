/* SPDX-License-Identifier: MIT */
/*
 * Loads the kernel from the ELF file that is embedded in the UEFI application (boot/efi_blob.S).
 *
 * Caller: efi_main().  Each offset is checked before it is used, although the file is our own: the
 * embedded kernel may be damaged.  Compare the System V ABI, chapters 4 and 5 (object files,
 * program loading).
 */
#include "boot/efi_app.h"
#include "kernel/lib/string.h"

#define ELF_MAGIC       0x464c457f /* "\177ELF" */
#define ELF_CLASS_64    2
#define ELF_LITTLE      1
#define ELF_EXECUTABLE  2
#define ELF_X86_64      62
#define SEGMENT_LOAD    1
#define SEGMENT_NOTE    4
#define SEGMENTS_MAX    16
#define KERNEL_SIZE_MAX (64UL << 20) /* bytes; a larger kernel must be a damaged file */

struct elf_header {
	u32 magic;
	u8 class, data, version0, abi[9];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};

struct elf_note {
	u32 namesz, descsz, type;
	char name[ALIGN_UP(sizeof(UEFI_NOTE_NAME), 4)];
	u64 desc;
} __packed;

extern const u8 efi_kernel_start[], efi_kernel_end[];

struct elf_image {
	const struct elf_segment *segments;
	unsigned int nr_segments;
	u64 base, end; /* physical addresses for which the kernel was linked */
	u64 entry;     /* physical address for which the entry was linked */
};

static size_t file_size(void)
{
	return efi_kernel_end - efi_kernel_start;
}

/* Returns the bytes [@offset, @offset + @size) of the file, or NULL if the file is shorter. */
static const void *file_part(u64 offset, u64 size)
{
	if (offset > file_size() || size > file_size() - offset)
		return NULL;
	return efi_kernel_start + offset;
}

static bool read_header(struct elf_image *image)
{
	const struct elf_header *h = file_part(0, sizeof(*h));

	if (!h || h->magic != ELF_MAGIC || h->class != ELF_CLASS_64 || h->data != ELF_LITTLE ||
	    h->type != ELF_EXECUTABLE || h->machine != ELF_X86_64)
		return false;
	if (h->phentsize != sizeof(struct elf_segment) || h->phnum > SEGMENTS_MAX)
		return false;
	image->nr_segments = h->phnum;
	image->segments = file_part(h->phoff, (u64)h->phnum * sizeof(struct elf_segment));
	return image->segments != NULL;
}

/*
 * Returns the kernel's entry address from the ELF note UEFI_NOTE_NAME, or 0 if @notes has no such
 * note.  A note is a header, a name and a value.  Name and value are padded to multiples of four
 * bytes.
 */
static u64 find_entry(const struct elf_segment *notes)
{
	const u8 *at = file_part(notes->offset, notes->filesz);
	u64 left = notes->filesz;
	struct elf_note note;
	u64 size;

	while (at && left >= offsetof(struct elf_note, name)) {
		memcpy(&note, at, min_t(u64, left, sizeof(note)));
		size = offsetof(struct elf_note, name) + ALIGN_UP((u64)note.namesz, 4) +
		       ALIGN_UP((u64)note.descsz, 4);
		if (size > left)
			break;
		if (size == sizeof(note) && note.type == UEFI_NOTE_TYPE &&
		    note.namesz == sizeof(UEFI_NOTE_NAME) && note.descsz == sizeof(note.desc) &&
		    memcmp(note.name, UEFI_NOTE_NAME, sizeof(UEFI_NOTE_NAME)) == 0)
			return note.desc;
		at += size;
		left -= size;
	}
	return 0;
}

static bool read_segments(struct elf_image *image)
{
	const struct elf_segment *s;
	unsigned int i;

	image->base = ~0UL;
	image->end = 0;
	image->entry = 0;
	for (i = 0; i < image->nr_segments; i++) {
		s = &image->segments[i];
		if (s->type == SEGMENT_NOTE && !image->entry)
			image->entry = find_entry(s);
		if (s->type != SEGMENT_LOAD)
			continue;
		if (s->filesz > s->memsz || !file_part(s->offset, s->filesz) ||
		    s->memsz > KERNEL_SIZE_MAX || s->paddr > EFI_BELOW_4G)
			return false;
		image->base = min_t(u64, image->base, ALIGN_DOWN(s->paddr, EFI_PAGE));
		image->end = max_t(u64, image->end, ALIGN_UP(s->paddr + s->memsz, EFI_PAGE));
	}
	return image->end > image->base && image->end - image->base <= KERNEL_SIZE_MAX &&
	       image->entry >= image->base && image->entry < image->end;
}

EFI_STATUS efi_load_kernel(struct efi_kernel *kernel, UINTN tail)
{
	struct elf_image image;
	const struct elf_segment *s;
	unsigned int i;
	u8 *to;

	if (!read_header(&image) || !read_segments(&image)) {
		efi_say("the kernel inside this file is damaged");
		return EFI_LOAD_ERROR;
	}
	kernel->nr_pages = EFI_PAGES(image.end - image.base) + tail;
	/* efi_alloc_low() zeroes the pages: so bss is zero. */
	to = kernel->pages = efi_alloc_low(kernel->nr_pages);
	if (!to)
		return EFI_OUT_OF_RESOURCES;
	for (i = 0; i < image.nr_segments; i++) {
		s = &image.segments[i];
		if (s->type == SEGMENT_LOAD)
			memcpy(to + (s->paddr - image.base), file_part(s->offset, s->filesz),
			       s->filesz);
	}
	kernel->entry = (u64)to + (image.entry - image.base);
	return EFI_SUCCESS;
}
