/* SPDX-License-Identifier: MIT */
/*
 * Loads ELF executables: maps the segments of the program and of its interpreter (ld.so).
 *
 * load_elf() <- exec_load().  Process context; mm->lock is taken for each mapping.
 *
 * ET_EXEC files are mapped at the addresses in their headers, ET_DYN programs (PIE, static-pie) at
 * a random address from PIE_BASE on. An interpreter of type ET_DYN is mapped where mmap() finds a
 * gap. Each number in a file is checked before it is used, and the log says what is wrong. Compare
 * Linux's fs/binfmt_elf.c and the System V ABI, chapter 5.
 */
#include "include/uapi/errno.h"
#include "include/uapi/mman.h"
#include "kernel/fs/file.h"
#include "kernel/hal.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/process/exec.h"
#include "kernel/process/limits.h"

/*
 * The lowest address of a position-independent program: two thirds of the address space, as in
 * Linux.
 */
#define PIE_BASE         0x555555554000UL
#define PIE_RANDOM_PAGES (1UL << 28)
#define BRK_RANDOM_PAGES (0x02000000UL >> PAGE_SHIFT)

struct elf_file {
	struct file *file;
	const char *path;
	Elf64_Ehdr head;
	Elf64_Phdr *phdrs;
	u64 low, high; /* the pages of all segments: first address and end, without the bias */
	u64 align;     /* the largest p_align, at least a page */
	u64 bias;      /* address in memory minus address in the headers */
};

#define bad(e, fmt, ...)                                                                           \
	({                                                                                         \
		pr_err("%s: not a program that can run: " fmt, (e)->path, ##__VA_ARGS__);          \
		-ENOEXEC;                                                                          \
	})

/* ---- reading and checking ------------------------------------------------------------------- */

static int check_header(const struct elf_file *e)
{
	const Elf64_Ehdr *h = &e->head;

	if (memcmp(h->e_ident, ELFMAG, SELFMAG))
		return bad(e, "neither an ELF file nor a script");
	if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB ||
	    h->e_machine != EM_X86_64)
		return bad(e, "it is for another kind of machine (class %u, machine %u)",
			   h->e_ident[EI_CLASS], h->e_machine);
	if (h->e_type != ET_EXEC && h->e_type != ET_DYN)
		return bad(e, "its type is %u, neither executable nor shared object", h->e_type);
	if (h->e_phentsize != sizeof(Elf64_Phdr) || !h->e_phnum || h->e_phnum > ELF_PHDRS_MAX)
		return bad(e, "%u program headers of %u bytes", h->e_phnum, h->e_phentsize);
	return 0;
}

static int read_phdrs(struct elf_file *e)
{
	size_t n = e->head.e_phnum * sizeof(Elf64_Phdr);
	ssize_t got;

	e->phdrs = kmalloc(n, GFP_KERNEL);
	if (!e->phdrs)
		return -ENOMEM;
	got = kernel_read(e->file, e->phdrs, n, e->head.e_phoff);
	if (got < 0)
		return got;
	return got == n ? 0 : bad(e, "it ends within the program headers");
}

static u64 page_floor(u64 addr)
{
	return addr & PAGE_MASK;
}

/* Checks one segment. It must begin at or above *@free. Sets *@free to its end, in whole pages. */
static int check_segment(const struct elf_file *e, const Elf64_Phdr *p, u64 *free)
{
	unsigned int i = p - e->phdrs;
	char last;

	if (p->p_filesz > p->p_memsz)
		return bad(e, "segment %u has more bytes in the file than in memory", i);
	if (p->p_memsz > HAL_USER_END || p->p_vaddr > HAL_USER_END - p->p_memsz)
		return bad(e, "segment %u lies outside the program's memory", i);
	if ((p->p_vaddr - p->p_offset) & ~PAGE_MASK)
		return bad(e, "segment %u: address and file offset differ within a page", i);
	if (p->p_align > PAGE_SIZE && !IS_POWER_OF_2(p->p_align))
		return bad(e, "segment %u: alignment %llx", i, (unsigned long long)p->p_align);
	if (page_floor(p->p_vaddr) < *free)
		return bad(e, "segment %u overlaps an earlier one or is not in order", i);
	if (p->p_filesz && (p->p_offset + p->p_filesz < p->p_offset ||
			    kernel_read(e->file, &last, 1, p->p_offset + p->p_filesz - 1) != 1))
		return bad(e, "it ends within segment %u", i);
	*free = page_align(p->p_vaddr + p->p_memsz);
	return 0;
}

static int check_segments(struct elf_file *e)
{
	bool any = false;
	u64 end = 0;
	int err;

	e->align = PAGE_SIZE;
	for (unsigned int i = 0; i < e->head.e_phnum; i++) {
		const Elf64_Phdr *p = &e->phdrs[i];

		if (p->p_type != PT_LOAD || !p->p_memsz)
			continue;
		err = check_segment(e, p, &end);
		if (err)
			return err;
		if (!any)
			e->low = page_floor(p->p_vaddr);
		any = true;
		e->align = max(e->align, p->p_align);
	}
	e->high = end;
	return any ? 0 : bad(e, "no segment to load");
}

static int elf_open(struct elf_file *e, const void *head)
{
	int err;

	memcpy(&e->head, head, sizeof(e->head));
	err = check_header(e);
	if (!err)
		err = read_phdrs(e);
	return err ?: check_segments(e);
}

/* ---- mapping -------------------------------------------------------------------------------- */

static unsigned int segment_prot(const Elf64_Phdr *p)
{
	return (p->p_flags & PF_R ? PROT_READ : 0) | (p->p_flags & PF_W ? PROT_WRITE : 0) |
	       (p->p_flags & PF_X ? PROT_EXEC : 0);
}

/*
 * Maps one segment: its bytes of the file, then zeroes.  The zeroes may begin inside the last page
 * of the file's bytes.  That page is then cleared up to its end, also behind the segment, because
 * ld.so allocates its first memory there.
 */
static int map_segment(struct mm_struct *mm, const struct elf_file *e, const Elf64_Phdr *p)
{
	u64 start = page_floor(p->p_vaddr) + e->bias;
	u64 file_end = p->p_vaddr + p->p_filesz + e->bias, end = p->p_vaddr + p->p_memsz + e->bias;
	u64 anon = p->p_filesz ? page_align(file_end) : start, at = start;
	unsigned int flags = MAP_PRIVATE | MAP_FIXED_NOREPLACE;

	mm_lock(mm);
	if (anon > start)
		at = do_mmap(mm, e->file, start, anon - start, segment_prot(p), flags,
			     page_floor(p->p_offset) >> PAGE_SHIFT);
	if (!IS_ERR((void *)at) && page_align(end) > anon)
		at = do_mmap(mm, NULL, anon, page_align(end) - anon, segment_prot(p),
			     flags | MAP_ANONYMOUS, 0);
	mm_unlock(mm);
	if (IS_ERR((void *)at)) {
		pr_err("%s: segment %ld cannot be mapped at %llx (%lld)", e->path,
		       (long)(p - e->phdrs), (unsigned long long)start, (long long)at);
		return (s64)at;
	}
	if (p->p_filesz && end > file_end)
		return mm_clear(mm, file_end, anon - file_end);
	return 0;
}

static int map_segments(struct mm_struct *mm, const struct elf_file *e)
{
	int err = 0;

	for (unsigned int i = 0; i < e->head.e_phnum && !err; i++) {
		if (e->phdrs[i].p_type == PT_LOAD && e->phdrs[i].p_memsz)
			err = map_segment(mm, e, &e->phdrs[i]);
	}
	return err;
}

/* Chooses the interpreter's address as mmap() would, and stores the bias in @e. */
static int place_interpreter(struct mm_struct *mm, struct elf_file *e)
{
	u64 at;

	mm_lock(mm);
	at = get_unmapped_area(mm, 0, e->high - e->low + e->align - PAGE_SIZE, 0);
	mm_unlock(mm);
	if (IS_ERR((void *)at))
		return (s64)at;
	e->bias = ALIGN_UP(at, e->align) - e->low;
	return 0;
}

/* ---- the program ---------------------------------------------------------------------------- */

/* Returns the address in memory of the program headers; 0 if no segment contains them. */
static u64 phdr_address(const struct elf_file *e)
{
	for (unsigned int i = 0; i < e->head.e_phnum; i++) {
		const Elf64_Phdr *p = &e->phdrs[i];

		if (p->p_type == PT_LOAD && e->head.e_phoff >= p->p_offset &&
		    e->head.e_phoff - p->p_offset < p->p_filesz)
			return e->head.e_phoff - p->p_offset + p->p_vaddr + e->bias;
	}
	return 0;
}

/* Records where code, data and heap lie. */
static void set_ranges(struct mm_struct *mm, const struct elf_file *e)
{
	mm->start_code = ~0UL;
	mm->end_code = mm->start_data = mm->end_data = 0;
	for (unsigned int i = 0; i < e->head.e_phnum; i++) {
		const Elf64_Phdr *p = &e->phdrs[i];
		u64 start = p->p_vaddr + e->bias, end = start + p->p_filesz;

		if (p->p_type != PT_LOAD)
			continue;
		mm->start_code = min(mm->start_code, start);
		mm->start_data = max(mm->start_data, start);
		mm->end_data = max(mm->end_data, end);
		if (p->p_flags & PF_X)
			mm->end_code = max(mm->end_code, end);
	}
	mm->start_brk = mm->brk = e->high + e->bias + exec_random_offset(BRK_RANDOM_PAGES);
}

static int load_interpreter(struct mm_struct *mm, const char *path, struct elf_image *image)
{
	struct elf_file e = {.path = path};
	char head[EXEC_HEAD];
	int err;

	e.file = open_exec(path);
	if (IS_ERR(e.file))
		return PTR_ERR(e.file);
	err = read_head(e.file, path, head, sizeof(head));
	if (!err)
		err = elf_open(&e, head);
	if (!err && e.head.e_type == ET_DYN)
		err = place_interpreter(mm, &e);
	if (!err)
		err = map_segments(mm, &e);
	image->interp_base = e.bias + (e.head.e_type == ET_DYN ? 0 : e.low);
	image->start = e.head.e_entry + e.bias;
	kfree(e.phdrs);
	fput(e.file);
	return err;
}

/* Reads the path in a PT_INTERP header and loads that file. */
static int follow_interp(struct mm_struct *mm, const struct elf_file *e, const Elf64_Phdr *p,
			 struct elf_image *image)
{
	char *path;
	int err;

	if (p->p_filesz < 2 || p->p_filesz > INTERP_PATH_MAX)
		return bad(e, "the path of its interpreter has %llu bytes",
			   (unsigned long long)p->p_filesz);
	path = kmalloc(p->p_filesz, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	if (kernel_read(e->file, path, p->p_filesz, p->p_offset) != p->p_filesz ||
	    path[p->p_filesz - 1])
		err = bad(e, "the path of its interpreter is not a string");
	else
		err = load_interpreter(mm, path, image);
	kfree(path);
	return err;
}

static int load_others(struct mm_struct *mm, const struct elf_file *e, struct elf_image *image)
{
	bool interp = false;
	int err = 0;

	for (unsigned int i = 0; i < e->head.e_phnum && !err; i++) {
		const Elf64_Phdr *p = &e->phdrs[i];

		if (p->p_type == PT_GNU_STACK)
			image->exec_stack = p->p_flags & PF_X;
		if (p->p_type != PT_INTERP || interp)
			continue;
		interp = true;
		err = follow_interp(mm, e, p, image);
	}
	return err;
}

int load_elf(struct mm_struct *mm, struct file *file, const char *path, const void *head,
	     struct elf_image *image)
{
	struct elf_file e = {.file = file, .path = path};
	int err = elf_open(&e, head);

	if (err)
		goto out;
	if (e.head.e_type == ET_DYN)
		e.bias = ALIGN_DOWN(PIE_BASE + exec_random_offset(PIE_RANDOM_PAGES), e.align) -
			 ALIGN_DOWN(e.low, e.align);
	err = map_segments(mm, &e);
	if (err)
		goto out;
	set_ranges(mm, &e);
	image->phdr = phdr_address(&e);
	image->phnum = e.head.e_phnum;
	image->entry = image->start = e.head.e_entry + e.bias;
	err = load_others(mm, &e, image);
	if (!err)
		mm->exe_file = file;
out:
	kfree(e.phdrs);
	return err;
}
