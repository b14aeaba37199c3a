/* SPDX-License-Identifier: MIT */
/*
 * Loading a program: ELF files of each kind, damaged ones, scripts, and the program's initial stack.
 * This file makes the ELF files field by field; the expected results follow from the System V ABI.
 */
#include "tests/unit/unit_mm.h"

#include <stdio.h>
#include <stdlib.h>

#include "include/uapi/auxvec.h"
#include "kernel/lib/random.h"
#include "kernel/process/exec.h"
#include "kernel/process/limits.h"
#include "kernel/process/process.h"

#define PG PAGE_SIZE

static struct mm_struct *const mm = &process_mm;

/* ---- files ---------------------------------------------------------------------------------- */

static void put_file(const char *path, const void *bytes, size_t n)
{
	int fd = sys(__NR_open, path, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	assert_true(fd >= 0);
	assert_int_equal(sys(__NR_write, fd, bytes, n), n);
	sys(__NR_close, fd);
}

/* ---- ELF files ------------------------------------------------------------------------------ */

#define IMAGE_SIZE (6 * PG)
struct image {
	union {
		struct {
			Elf64_Ehdr head;
			Elf64_Phdr phdrs[ELF_PHDRS_MAX + 1];
		};
		u8 bytes[IMAGE_SIZE];
	};
};

static Elf64_Phdr *add_phdr(struct image *f, u32 type, u32 flags, u64 offset, u64 vaddr, u64 filesz,
			    u64 memsz)
{
	Elf64_Phdr *p = &f->phdrs[f->head.e_phnum++];

	*p = (Elf64_Phdr){.p_type = type,
			  .p_flags = flags,
			  .p_offset = offset,
			  .p_vaddr = vaddr,
			  .p_filesz = filesz,
			  .p_memsz = memsz,
			  .p_align = PG};
	return p;
}

/* Makes an ELF file with two segments: two pages of code at @base, and three pages of data, which
 * begin 0x200 bytes before the end of a page.  The file contains only the first 0x300 bytes of the
 * data; the loader must fill the rest with zeroes. */
static struct image *make_elf(u16 type, u64 base)
{
	struct image *f = calloc(1, sizeof(*f));

	for (unsigned int i = 2 * PG - 100; i < IMAGE_SIZE; i++)
		f->bytes[i] = mapped_byte(i);
	memcpy(f->head.e_ident, "\177ELF\2\1\1", 7);
	f->head.e_type = type;
	f->head.e_machine = EM_X86_64;
	f->head.e_version = 1;
	f->head.e_entry = base + 0x120;
	f->head.e_phoff = offsetof(struct image, phdrs);
	f->head.e_ehsize = sizeof(f->head);
	f->head.e_phentsize = sizeof(Elf64_Phdr);
	add_phdr(f, PT_LOAD, PF_R | PF_X, 0, base, 2 * PG, 2 * PG);
	add_phdr(f, PT_LOAD, PF_R | PF_W, 4 * PG - 0x200, base + 5 * PG - 0x200, 0x300, 3 * PG);
	return f;
}

static void put_elf(const char *path, struct image *f)
{
	put_file(path, f, IMAGE_SIZE);
	free(f);
}

static void add_interp(struct image *f, const char *interp)
{
	strscpy((char *)f->bytes + 2 * PG - 200, interp, 100);
	add_phdr(f, PT_INTERP, PF_R, 2 * PG - 200, 0, strlen(interp) + 1, 0);
}

static struct exec e;
static const char *no_strings[] = {NULL};
static const char *args[] = {"prog", "second argument", "", NULL};
static const char *env[] = {"HOME=/", "A=b", NULL};

static int load_path(const char *path)
{
	e = (struct exec){.mm = mm, .path = path, .argv = args, .envp = env};
	unit_console_clear();
	return exec_load(&e);
}

/* Unmaps the program and releases its executable file. */
static void end(void)
{
	struct file *exe = mm->exe_file;

	unmap_all();
	mm->exe_file = NULL;
	if (exe)
		fput(exe);
}

static u64 load_word(u64 addr)
{
	u64 word;

	assert_int_equal(mm_read(mm, addr, &word, sizeof(word)), 0);
	return word;
}

static const char *load_string(u64 addr)
{
	static char text[8][200];
	static unsigned int turn;
	char *s = text[turn++ % 8];

	for (unsigned int i = 0; i < 200; i++) {
		int c = load(addr + i);

		assert_true(c >= 0);
		s[i] = c;
		if (!c)
			return s;
	}
	fail_msg("no string at %llx", (unsigned long long)addr);
	return NULL;
}

static u64 aux(u64 type)
{
	u64 at = e.sp + 8 * (1 + load_word(e.sp) + 1);

	while (load_word(at))
		at += 8;
	for (at += 8; load_word(at); at += 16) {
		if (load_word(at) == type)
			return load_word(at + 8);
	}
	fail_msg("no entry %llu", (unsigned long long)type);
	return 0;
}

/* Checks the segments of make_elf() at @base. */
static void check_segments(u64 base)
{
	assert_int_equal(load(base + 2 * PG - 50), mapped_byte(2 * PG - 50));
	assert_int_equal(store(base, 1), -EACCES);
	assert_int_equal(load(base + 2 * PG), -EFAULT);
	/* The data begins near the end of this page; the rest of the page also has the file's
	 * bytes. */
	assert_int_equal(load(base + 4 * PG), mapped_byte(3 * PG));
	assert_int_equal(load(base + 5 * PG + 0xff), mapped_byte(4 * PG + 0xff));
	/* Behind the bytes of the file the segment is zero, in the file's last page and after it. */
	assert_int_equal(load(base + 5 * PG + 0x100), 0);
	assert_int_equal(load(base + 6 * PG - 1), 0);
	assert_int_equal(store(base + 8 * PG - 0x201, 9), 0);
	assert_int_equal(load(base + 8 * PG), -EFAULT);
}

/* ---- programs that run ---------------------------------------------------------------------- */

static void test_fixed_address(void **state)
{
	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	assert_int_equal(load_path("/prog"), 0);
	assert_string_equal(unit_console(), "");
	check_segments(0x400000);
	assert_int_equal(e.entry, 0x400120);
	assert_int_equal(aux(AT_ENTRY), 0x400120);
	assert_int_equal(aux(AT_PHDR), 0x400000 + offsetof(struct image, phdrs));
	assert_int_equal(aux(AT_PHNUM), 2);
	assert_int_equal(aux(AT_BASE), 0);
	assert_int_equal(mm->start_code, 0x400000);
	assert_int_equal(mm->end_code, 0x400000 + 2 * PG);
	assert_int_equal(mm->end_data, 0x400000 + 5 * PG + 0x100);
	/* The heap follows the program, at a random distance below 32 MiB. */
	assert_true(mm->start_brk >= 0x400000 + 8 * PG &&
		    mm->start_brk < 0x400000 + 8 * PG + (32 << 20));
	assert_int_equal(sys(__NR_brk, mm->start_brk + PG), mm->start_brk + PG);
	end();
}

/* The loader fills the last page of a segment with zeroes to the page's end, although the segment ends before. */
static void test_zeroes_fill_the_page(void **state)
{
	struct image *elf = make_elf(ET_EXEC, 0x400000);

	elf->phdrs[1].p_memsz = 0x308;
	put_elf("/prog", elf);
	assert_int_equal(load_path("/prog"), 0);
	assert_int_equal(load(0x400000 + 5 * PG + 0xff), mapped_byte(4 * PG + 0xff));
	for (u64 i = 0x100; i < PG; i++)
		assert_int_equal(load(0x400000 + 5 * PG + i), 0);
	end();
}

static void test_position_independent(void **state)
{
	struct image *f = make_elf(ET_DYN, 0);
	u64 base;

	f->phdrs[0].p_align = 0x200000;
	put_elf("/prog", f);
	assert_int_equal(load_path("/prog"), 0);
	base = e.entry - 0x120;
	assert_true(base % 0x200000 == 0 && base > 0x555555000000 && base < 0x565555555000);
	assert_int_equal(aux(AT_PHDR), base + offsetof(struct image, phdrs));
	check_segments(base);
	end();
}

static void test_interpreter(void **state)
{
	struct image *f = make_elf(ET_DYN, 0), *ld = make_elf(ET_DYN, 0x10000);
	u64 base;

	add_interp(f, "/lib/ld.so");
	ld->head.e_entry = 0x10234;
	put_elf("/prog", f);
	put_elf("/lib/ld.so", ld);
	assert_int_equal(load_path("/prog"), 0);
	base = aux(AT_BASE);
	/* AT_BASE is the number that the loader added to the addresses in the interpreter's file. */
	assert_int_equal(e.entry, base + 0x10234);
	check_segments(base + 0x10000);
	check_segments(aux(AT_ENTRY) - 0x120);
	assert_true(base + 0x10000 + 8 * PG <= mm->mmap_base);
	end();
}

static void test_stack(void **state)
{
	u64 argv, envp, vector;

	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	assert_int_equal(load_path("/prog"), 0);
	argv = e.sp + 8;
	envp = argv + 4 * 8;
	assert_int_equal(e.sp % 16, 0);
	assert_int_equal(load_word(e.sp), 3);
	assert_string_equal(load_string(load_word(argv)), "prog");
	assert_string_equal(load_string(load_word(argv + 8)), "second argument");
	assert_string_equal(load_string(load_word(argv + 16)), "");
	assert_int_equal(load_word(argv + 24), 0);
	assert_string_equal(load_string(load_word(envp)), "HOME=/");
	assert_string_equal(load_string(load_word(envp + 8)), "A=b");
	assert_int_equal(load_word(envp + 16), 0);
	/* For /proc/self/cmdline and environ, the strings must lie in order and without gaps. */
	assert_int_equal(mm->arg_start, load_word(argv));
	assert_int_equal(mm->arg_end - mm->arg_start, sizeof("prog\0second argument\0"));
	assert_int_equal(mm->env_start, load_word(envp));
	assert_int_equal(mm->env_start, mm->arg_end);
	assert_int_equal(mm->env_end - mm->env_start, sizeof("HOME=/\0A=b"));
	assert_string_equal(load_string(aux(AT_EXECFN)), "/prog");
	assert_string_equal(load_string(aux(AT_PLATFORM)), "x86_64");
	assert_int_equal(aux(AT_PAGESZ), 4096);
	assert_int_equal(aux(AT_CLKTCK), 100);
	assert_int_equal(aux(AT_PHENT), 56);
	assert_int_equal(aux(AT_HWCAP), hal_user_hwcap());
	assert_int_equal(aux(AT_SECURE) | aux(AT_UID) | aux(AT_EUID) | aux(AT_GID) | aux(AT_EGID),
			 0);
	assert_true(load_word(aux(AT_RANDOM)) != load_word(aux(AT_RANDOM) + 8));
	/* The kernel keeps a copy of the auxiliary vector for /proc/self/auxv. */
	vector = envp + 24;
	for (unsigned int i = 0; i < ARRAY_SIZE(mm->auxv); i++) {
		assert_int_equal(mm->auxv[i], load_word(vector + i * 8));
		if (i % 2 == 0 && !mm->auxv[i])
			break;
	}
	/* The stack can be written below argc, grows, and is not executable. */
	assert_int_equal(store(e.sp - (1 << 20), 1), 0);
	assert_int_equal(mm_fault(e.sp, HAL_PROT_EXEC), -EACCES);
	assert_int_equal(mm_fault(e.sp - (9 << 20), HAL_PROT_WRITE), -EFAULT);
	end();
}

static void test_executable_stack(void **state)
{
	for (int exec = 0; exec < 2; exec++) {
		struct image *f = make_elf(ET_EXEC, 0x400000);

		add_phdr(f, PT_GNU_STACK, PF_R | PF_W | (exec ? PF_X : 0), 0, 0, 0, 0);
		put_elf("/prog", f);
		assert_int_equal(load_path("/prog"), 0);
		assert_int_equal(mm_fault(e.sp, HAL_PROT_EXEC), exec ? 0 : -EACCES);
		end();
	}
}

/* Without the option norandmaps, two loads of a program use different addresses. */
static void test_random_places(void **state)
{
	u64 seen[2][4];

	for (int i = 0; i < 2; i++) {
		put_elf("/prog", make_elf(ET_DYN, 0));
		assert_int_equal(load_path("/prog"), 0);
		seen[i][0] = e.entry;
		seen[i][1] = e.sp;
		seen[i][2] = mm->mmap_base;
		seen[i][3] = mm->start_brk - e.entry;
		end();
	}
	for (int i = 0; i < 4; i++)
		assert_int_not_equal(seen[0][i], seen[1][i]);
}

/* ---- scripts -------------------------------------------------------------------------------- */

static void check_arguments(const char *const *want)
{
	unsigned int n = 0;

	for (; want[n]; n++)
		assert_string_equal(load_string(load_word(e.sp + 8 + n * 8)), want[n]);
	assert_int_equal(load_word(e.sp), n);
	assert_int_equal(load_word(e.sp + 8 + n * 8), 0);
}

static void test_scripts(void **state)
{
	static const struct {
		const char *text, *want[6];
	} scripts[] = {
		{"#!/prog\nrest", {"/prog", "/script", "second argument", ""}},
		{"#! \t/prog  \n", {"/prog", "/script", "second argument", ""}},
		{"#!/prog -a  b \n", {"/prog", "-a  b", "/script", "second argument", ""}},
		{"#!/prog", {"/prog", "/script", "second argument", ""}},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(scripts); i++) {
		put_elf("/prog", make_elf(ET_EXEC, 0x400000));
		put_file("/script", scripts[i].text, strlen(scripts[i].text));
		assert_int_equal(load_path("/script"), 0);
		check_arguments(scripts[i].want);
		assert_string_equal(load_string(aux(AT_EXECFN)), "/script");
		end();
	}
	/* Without arguments the interpreter still gets the script's name. */
	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	put_file("/script", "#!/prog x\n", 10);
	e = (struct exec){.mm = mm, .path = "/script", .argv = no_strings, .envp = no_strings};
	assert_int_equal(exec_load(&e), 0);
	check_arguments((const char *[]){"/prog", "x", "/script", NULL});
	end();
}

/* LIMIT(SCRIPT_LEVELS_MAX) */
static void test_chain_of_scripts(void **state)
{
	for (unsigned int extra = 0; extra < 2; extra++) {
		unsigned int levels = SCRIPT_LEVELS_MAX + extra;

		put_elf("/s0", make_elf(ET_EXEC, 0x400000));
		for (unsigned int i = 1; i <= levels; i++) {
			char path[8], text[32];

			snprintf(path, sizeof(path), "/s%u", i);
			snprintf(text, sizeof(text), "#!/s%u -%u\n", i - 1, i - 1);
			put_file(path, text, strlen(text));
		}
		assert_int_equal(load_path(extra ? "/s6" : "/s5"), extra ? -ELOOP : 0);
		if (!extra)
			check_arguments((const char *[]){"/s0", "-0", "/s1", "-1", "/s2", "-2",
							 "/s3", "-3", "/s4", "-4", "/s5",
							 "second argument", "", NULL});
		end();
	}
}

/* ---- files that cannot run ------------------------------------------------------------------ */

static void refused(const char *path, int err, const char *why)
{
	int got = load_path(path);

	if (got != err || !strstr(unit_console(), why))
		fail_msg("%d instead of %d, console: %s", got, err, unit_console());
	assert_null(mm->exe_file);
	end();
}

static struct image *f; /* the file of check_damage() */

/* Makes a file of @type, damages it with the statement after @why, and expects that loading it fails
 * and that the log contains @why. */
#define check_damage(type, why, ...)                                                               \
	do {                                                                                       \
		f = make_elf(type, type == ET_EXEC ? 0x400000 : 0);                                \
		__VA_ARGS__;                                                                       \
		put_elf("/prog", f);                                                               \
		refused("/prog", -ENOEXEC, why);                                                   \
	} while (0)

static void test_damaged_headers(void **state)
{
	check_damage(ET_EXEC, "neither an ELF file nor a script", f->head.e_ident[1] = 'e');
	check_damage(ET_EXEC, "another kind of machine", f->head.e_ident[EI_CLASS] = 1);
	check_damage(ET_EXEC, "another kind of machine", f->head.e_ident[EI_DATA] = 2);
	check_damage(ET_EXEC, "another kind of machine (class 2, machine 183)",
		     f->head.e_machine = 183);
	check_damage(ET_EXEC, "its type is 1", f->head.e_type = 1);
	check_damage(ET_EXEC, "program headers of 55 bytes", f->head.e_phentsize = 55);
	check_damage(ET_EXEC, "0 program headers", f->head.e_phnum = 0);
	check_damage(ET_EXEC, "ends within the program headers", f->head.e_phoff = IMAGE_SIZE - 20);
	check_damage(ET_EXEC, "ends within the program headers", f->head.e_phoff = ~0UL - 20);
	check_damage(ET_EXEC, "no segment", f->phdrs[0].p_type = f->phdrs[1].p_type = 9);
	check_damage(ET_EXEC, "no segment", f->phdrs[0].p_memsz = f->phdrs[0].p_filesz = 0,
		     f->phdrs[1].p_type = 0);
}

static void test_damaged_segments(void **state)
{
	check_damage(ET_EXEC, "segment 1 has more bytes in the file", f->phdrs[1].p_memsz = 0x2ff);
	check_damage(ET_EXEC, "segment 1 lies outside", f->phdrs[1].p_memsz = 1UL << 47);
	check_damage(ET_EXEC, "segment 1 lies outside", f->phdrs[1].p_vaddr = -0x1200UL);
	check_damage(ET_EXEC, "segment 1: address and file offset", f->phdrs[1].p_offset++);
	check_damage(ET_EXEC, "segment 1: alignment 3000", f->phdrs[1].p_align = 0x3000);
	check_damage(ET_EXEC, "segment 1 overlaps", f->phdrs[1].p_vaddr -= 4 * PG);
	check_damage(ET_EXEC, "segment 1 overlaps", f->phdrs[1].p_vaddr = 0x100e00);
	check_damage(ET_EXEC, "ends within segment 1", f->phdrs[1].p_offset = IMAGE_SIZE - 0x200);
	check_damage(ET_EXEC, "ends within segment 1",
		     f->phdrs[1].p_filesz = f->phdrs[1].p_memsz = IMAGE_SIZE);
	check_damage(ET_EXEC, "ends within segment 1", f->phdrs[1].p_offset = -0x200UL);
	check_damage(ET_EXEC, "the path of its interpreter has 1 bytes", add_interp(f, ""));
	check_damage(ET_EXEC, "the path of its interpreter is not a string", add_interp(f, "/x"),
		     f->phdrs[2].p_filesz--);
	check_damage(ET_EXEC, "/script: not a program", add_interp(f, "/script"),
		     put_file("/script", "#!/prog\n", 8));
}

static void test_places_that_are_not_free(void **state)
{
	put_elf("/prog", make_elf(ET_EXEC, 0x1000));
	refused("/prog", -EPERM, "segment 0 cannot be mapped at 1000");
	put_elf("/prog", make_elf(ET_DYN, HAL_USER_END - 0x1000000));
	load_path("/prog");
	end();
}

static void test_missing_files(void **state)
{
	refused("/none", -ENOENT, "/none: cannot be opened (-2, no such file)");
	put_file("/empty", "", 0);
	refused("/empty", -ENOEXEC, "neither an ELF file nor a script");
	put_file("/script", "#!\n", 3);
	refused("/script", -ENOEXEC, "its first line names no interpreter");
	put_file("/script", "#!/none\n", 8);
	refused("/script", -ENOENT, "/none: cannot be opened");
	refused("/lib", -EACCES, "/lib: is not a regular file");
	f = make_elf(ET_EXEC, 0x400000);
	add_interp(f, "/lib/none.so");
	put_elf("/prog", f);
	refused("/prog", -ENOENT, "/lib/none.so: cannot be opened");
}

static void test_long_first_line(void **state)
{
	char text[400];

	memset(text, 'x', sizeof(text));
	memcpy(text, "#!/", 3);
	put_file("/script", text, sizeof(text));
	refused("/script", -ENOEXEC, "its first line names no interpreter");
}

/* LIMIT(EXEC_ARGS_MAX) LIMIT(EXEC_ENV_MAX) LIMIT(EXEC_BYTES_MAX) */
static void test_too_many_strings(void **state)
{
	static const char *many[EXEC_ARGS_MAX + 2];
	static char wide[EXEC_BYTES_MAX];
	const char *two[] = {wide, "x", NULL};

	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	for (int i = 0; i < EXEC_ARGS_MAX; i++)
		many[i] = "a";
	e = (struct exec){.mm = mm, .path = "/prog", .argv = many, .envp = no_strings};
	assert_int_equal(exec_load(&e), 0);
	assert_int_equal(load_word(e.sp), EXEC_ARGS_MAX);
	unmap_all();
	many[EXEC_ARGS_MAX] = "a";
	assert_int_equal(exec_load(&e), -E2BIG);
	many[EXEC_ARGS_MAX] = NULL;
	e.argv = no_strings;
	e.envp = many + EXEC_ARGS_MAX - EXEC_ENV_MAX - 1;
	assert_int_equal(exec_load(&e), -E2BIG);
	e.envp = no_strings;
	e.argv = two;
	memset(wide, 'w', sizeof(wide) - 3);
	fput(mm->exe_file);
	assert_int_equal(exec_load(&e), 0);
	unmap_all();
	wide[sizeof(wide) - 3] = 'w';
	assert_int_equal(exec_load(&e), -E2BIG);
	end();
}

/* LIMIT(ELF_PHDRS_MAX) */
static void test_too_many_headers(void **state)
{
	f = make_elf(ET_EXEC, 0x400000);
	while (f->head.e_phnum < ELF_PHDRS_MAX)
		add_phdr(f, 6, 0, 0, 0, 0, 0);
	put_elf("/prog", f);
	assert_int_equal(load_path("/prog"), 0);
	end();
	check_damage(ET_EXEC, "129 program headers",
		     while (f->head.e_phnum <= ELF_PHDRS_MAX) add_phdr(f, 6, 0, 0, 0, 0, 0));
}

/* LIMIT(INTERP_PATH_MAX) */
static void test_long_interpreter(void **state)
{
	check_damage(ET_EXEC, "the path of its interpreter has 4097 bytes",
		     add_phdr(f, PT_INTERP, PF_R, PG, 0, INTERP_PATH_MAX + 1, 0));
	check_damage(ET_EXEC, "the path of its interpreter is not a string",
		     add_phdr(f, PT_INTERP, PF_R, 3 * PG, 0, INTERP_PATH_MAX, 0));
}

/* Changes random bytes of the headers: the load may succeed or fail, but must leak nothing. */
static void test_random_damage(void **state)
{
	for (int round = 0; round < 3000; round++) {
		f = make_elf(unit_random() % 2 ? ET_EXEC : ET_DYN, 0x400000);
		add_interp(f, "/lib/ld.so");
		for (unsigned int n = 1 + unit_random() % 3; n; n--)
			f->bytes[unit_random() % (64 + 3 * 56)] =
				unit_random() % 3 ? unit_random() : 255;
		put_elf("/prog", f);
		put_elf("/lib/ld.so", make_elf(ET_DYN, 0));
		load_path("/prog");
		end();
	}
}

/* Repeats a load; in repetition n, the first n allocations succeed and all later ones fail. */
static void test_no_memory(void **state)
{
	int err, n = 0;

	do {
		f = make_elf(ET_DYN, 0);
		add_interp(f, "/lib/ld.so");
		put_elf("/prog", f);
		put_elf("/lib/ld.so", make_elf(ET_DYN, 0));
		unit_fail_after(n++);
		err = load_path("/prog");
		unit_fail_after(-1);
		assert_true(!err || err == -ENOMEM || err == -ENFILE);
		end();
	} while (err && n < 100);
	assert_true(n > 8 && n < 100);
}

/* ---- /proc/self ----------------------------------------------------------------------------- */

static const char *read_proc(const char *name, size_t *size)
{
	static char text[16384];
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/%s", name);
	fd = sys(__NR_open, path, O_RDONLY);
	assert_true(fd >= 0);
	n = sys(__NR_read, fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	text[n] = '\0';
	if (size)
		*size = n;
	sys(__NR_close, fd);
	return text;
}

/* Compares /proc/self/maps with the lines that Linux prints for such a program (proc(5)).  "#" stands
 * for an inode number, "@" for an address. */
static void test_proc_maps(void **state)
{
	static const char *const lines[] = {
		"00400000-00402000 r-xp 00000000 00:01 # /prog",
		"00404000-00406000 rw-p 00003000 00:01 # /prog",
		"00406000-00408000 rw-p 00000000 00:00 0 ",
		"10000000-10002000 ---s 00000000 00:00 0 /dev/zero (deleted)",
		"@-@ rw-p 00000000 00:00 0 [heap]",
		"@-@ rw-p 00000000 00:00 0 [stack]",
	};
	const char *text;
	unsigned int i = 0;

	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	assert_int_equal(load_path("/prog"), 0);
	assert_int_equal(sys(__NR_mmap, 0x10000000, 2 * PG, PROT_NONE,
			     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 0x10000000);
	/* The heap's address is random.  Move the heap above the mapping, as the expected lines have
	 * it. */
	mm->start_brk = mm->brk = 0x20000000;
	assert_int_equal(sys(__NR_brk, mm->start_brk + 1), mm->start_brk + 1);
	for (text = read_proc("maps", NULL); *text; i++) {
		const char *want = lines[i], *line = text;

		assert_true(i < ARRAY_SIZE(lines));
		for (; *want; want++) {
			if (*want == '#') {
				assert_true(*text >= '0' && *text <= '9');
				while (*text >= '0' && *text <= '9')
					text++;
			} else if (*want == '@') {
				while (strchr("0123456789abcdef", *text))
					text++;
			} else if (*want == ' ' && (want[1] == '/' || want[1] == '[')) {
				while (*text == ' ')
					text++;
				assert_int_equal(text - line, 73);
			} else {
				assert_int_equal(*text, *want);
				text++;
			}
		}
		assert_int_equal(*text++, '\n');
	}
	assert_int_equal(i, ARRAY_SIZE(lines));
	end();
}

static void test_proc_sizes(void **state)
{
	unsigned long total, resident, shared, text;

	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	assert_int_equal(load_path("/prog"), 0);
	assert_int_equal(load(0x400000 + PG), 0);
	assert_int_equal(sscanf(read_proc("statm", NULL), "%lu %lu %lu %lu 0", &total, &resident,
				&shared, &text),
			 4);
	assert_int_equal(total, mm->total_vm);
	/* Three pages are resident: one of the stack, the page of data whose end was cleared, and the page
	 * of code that was read just now. */
	assert_int_equal(shared, 1);
	assert_int_equal(resident, 1 + program_pages.used);
	assert_int_equal(text, 2);
	assert_non_null(strstr(read_proc("status", NULL), "VmRSS:\t      12 kB\n"));
	assert_non_null(strstr(read_proc("smaps", NULL), "Size:                  8 kB\n"));
	assert_non_null(strstr(read_proc("smaps", NULL), "Private_Clean:         4 kB\n"));
	assert_non_null(strstr(read_proc("smaps", NULL), "Private_Dirty:         4 kB\n"));
	assert_non_null(strstr(read_proc("smaps", NULL), "VmFlags: rd wr mr mw me gd\n"));
	assert_non_null(strstr(read_proc("smaps_rollup", NULL), "Rss:                  12 kB\n"));
	/* Fields 23 and 24 of /proc/self/stat: bytes of virtual memory, and resident pages. */
	text = 0;
	for (const char *p = strchr(read_proc("stat", NULL), ')'); *p; p++) {
		text += *p == ' ';
		if (*p == ' ' && text == 21)
			assert_int_equal(sscanf(p, "%lu %lu", &total, &resident), 2);
	}
	assert_int_equal(text + 2, 52);
	assert_int_equal(total, mm->total_vm * PG);
	assert_int_equal(resident, 3);
	end();
}

static void test_proc_of_the_start(void **state)
{
	char exe[64] = {0};
	size_t n;

	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	assert_int_equal(load_path("/prog"), 0);
	assert_memory_equal(read_proc("cmdline", &n), "prog\0second argument\0\0", 22);
	assert_int_equal(n, 22);
	assert_memory_equal(read_proc("environ", &n), "HOME=/\0A=b\0", 11);
	assert_int_equal(n, 11);
	assert_memory_equal(read_proc("auxv", &n), mm->auxv, n);
	assert_int_equal(mm->auxv[n / 8 - 2], AT_NULL);
	assert_int_equal(sys(__NR_readlink, "/proc/self/exe", exe, sizeof(exe)), 5);
	assert_string_equal(exe, "/prog");
	end();
	assert_int_equal(sys(__NR_readlink, "/proc/self/exe", exe, sizeof(exe)), -ENOENT);
}

/* LIMIT(REPORT_MAPS_MAX) */
static void test_report_of_mappings(void **state)
{
	unsigned int lines = 0;

	put_elf("/prog", make_elf(ET_EXEC, 0x400000));
	assert_int_equal(load_path("/prog"), 0);
	unit_console_clear();
	mm_show_maps();
	assert_non_null(strstr(unit_console(), "00400000-00402000 r-xp 00000000 00:01"));
	for (u64 i = 0; i <= REPORT_MAPS_MAX; i++)
		sys(__NR_mmap, 0x10000000 + i * 2 * PG, PG, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	unit_console_clear();
	mm_show_maps();
	for (const char *p = unit_console(); *p; p++)
		lines += *p == '\n';
	assert_int_equal(lines, REPORT_MAPS_MAX);
	end();
}

/* When a file is truncated, its pages behind the new end are unmapped from shared and private mappings, as on Linux. */
static void test_truncation_of_a_mapped_file(void **state)
{
	int fd = sys(__NR_open, "/data", O_CREAT | O_RDWR, 0644);
	u64 at = 0x10000000, copy = 0x20000000;

	assert_int_equal(sys(__NR_ftruncate, fd, 4 * PG), 0);
	assert_int_equal(
		sys(__NR_mmap, at, 3 * PG, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, PG),
		at);
	assert_int_equal(sys(__NR_mmap, copy, 4 * PG, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_FIXED, fd, 0),
			 copy);
	for (u64 i = 0; i < 4; i++)
		assert_int_equal(store(copy + i * PG, 10 + i), 0);
	for (u64 i = 0; i < 3; i++)
		assert_int_equal(store(at + i * PG + 5, 20 + i), 0);
	assert_int_equal(sys(__NR_ftruncate, fd, 2 * PG + 5), 0);
	assert_int_equal(load(at + 5), 20);
	assert_int_equal(load(at + PG + 5), 0); /* the rest of the last page is cleared */
	assert_int_equal(load(at + 2 * PG + 5), -EIO);
	assert_int_equal(load(copy + 2 * PG), 12);
	assert_int_equal(load(copy + 3 * PG), -EIO);
	assert_int_equal(sys(__NR_ftruncate, fd, 0), 0);
	assert_int_equal(load(at), -EIO);
	assert_int_equal(load(copy), -EIO);
	assert_int_equal(sys(__NR_ftruncate, fd, PG), 0);
	assert_int_equal(load(copy), 0);
	sys(__NR_close, fd);
	sys(__NR_unlink, "/data");
	unmap_all();
}

static int setup(void **state)
{
	mm_test_boot(16384);
	random_init();
	process_init();
	exec_init();
	return sys(__NR_mkdir, "/lib", 0755);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fixed_address),
		cmocka_unit_test(test_zeroes_fill_the_page),
		cmocka_unit_test(test_position_independent),
		cmocka_unit_test(test_interpreter),
		cmocka_unit_test(test_stack),
		cmocka_unit_test(test_executable_stack),
		cmocka_unit_test(test_random_places),
		cmocka_unit_test(test_scripts),
		cmocka_unit_test(test_chain_of_scripts),
		cmocka_unit_test(test_damaged_headers),
		cmocka_unit_test(test_damaged_segments),
		cmocka_unit_test(test_places_that_are_not_free),
		cmocka_unit_test(test_missing_files),
		cmocka_unit_test(test_long_first_line),
		cmocka_unit_test(test_too_many_strings),
		cmocka_unit_test(test_too_many_headers),
		cmocka_unit_test(test_long_interpreter),
		cmocka_unit_test(test_random_damage),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_proc_maps),
		cmocka_unit_test(test_proc_sizes),
		cmocka_unit_test(test_proc_of_the_start),
		cmocka_unit_test(test_report_of_mappings),
		cmocka_unit_test(test_truncation_of_a_mapped_file),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
