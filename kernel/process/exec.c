/* SPDX-License-Identifier: MIT */
/*
 * Loads the program: opens the file, follows scripts to their interpreter, and builds the stack.
 *
 * exec_load() <- the program's first thread.  Process context.
 *
 * The strings (path, environment, arguments, platform, random bytes) are at the top of the stack.
 * Below the strings are, from low to high addresses: argc at a multiple of 16, the pointers to
 * arguments and environment, the auxiliary vector. Compare Linux's fs/exec.c, fs/binfmt_script.c,
 * and the System V ABI for x86-64, 3.4.1.
 */
#include "kernel/process/exec.h"

#include "include/uapi/auxvec.h"
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "include/uapi/mman.h"
#include "kernel/cmdline.h"
#include "kernel/fs/file.h"
#include "kernel/hal.h"
#include "kernel/lib/bug.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/limits.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/process/limits.h"

/*
 * Pages from which a random start is chosen.  Linux's numbers: a TiB for mmap(), 16 GiB for the
 * stack.
 */
#define MMAP_RANDOM_PAGES  (1UL << 28)
#define STACK_RANDOM_PAGES (1UL << 22)
/*
 * The least and the greatest distance in bytes from HAL_USER_END down to mmap_base, before its
 * random part.
 */
#define MMAP_GAP_MIN (128UL << 20)
#define MMAP_GAP_MAX (HAL_USER_END / 6 * 5)
/*
 * The greatest number of words from the first stack pointer up to the strings: argc, the arguments
 * with those that scripts add, the environment, the auxiliary vector.
 */
#define EXEC_WORDS_MAX                                                                             \
	(1 + EXEC_ARGS_MAX + 2 * SCRIPT_LEVELS_MAX + 1 + EXEC_ENV_MAX + 1 + 2 * AUXV_MAX)
/* Bytes of stack that are mapped below argc from the start. */
#define STACK_MARGIN (128UL << 10)
#define USER_HZ      100

static bool no_random;

static int parse_norandmaps(const char *value)
{
	no_random = true;
	return *value ? -EINVAL : 0;
}

static const struct cmdline_param exec_params[] = {
	{.name = "norandmaps", .usage = "norandmaps", .parse = parse_norandmaps},
};

void exec_init(void)
{
	cmdline_register(exec_params, ARRAY_SIZE(exec_params));
	proc_mm_init();
}

u64 exec_random_offset(u64 pages)
{
	u64 r;

	get_random_bytes(&r, sizeof(r));
	return no_random ? 0 : r % pages * PAGE_SIZE;
}

/* ---- files ---------------------------------------------------------------------------------- */

struct file *open_exec(const char *path)
{
	struct file *file = filp_open(path, O_RDONLY, 0);

	if (IS_ERR(file)) {
		pr_err("%s: cannot be opened (%ld%s)", path, PTR_ERR(file),
		       PTR_ERR(file) == -ENOENT ? ", no such file" : "");
		return file;
	}
	if (!file->f_op->mmap_page) {
		pr_err("%s: is not a regular file", path);
		fput(file);
		return ERR_PTR(-EACCES);
	}
	return file;
}

int read_head(struct file *file, const char *path, void *buf, size_t n)
{
	ssize_t got;

	memset(buf, 0, n);
	got = kernel_read(file, buf, n, 0);
	if (got < 0)
		pr_err("%s: cannot be read (%ld)", path, (long)got);
	return got < 0 ? got : 0;
}

/* ---- scripts -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/*
 * Cuts the first line "#! INTERPRETER ARGUMENT" of @head into strings; *@arg is NULL if the line
 * has no argument. The argument may contain blanks. Returns the interpreter's path, or NULL if the
 * line has no path or does not end within @head.
 */
static char *parse_script(char *head, char **arg)
{
	char *end = memchr(head, '\n', EXEC_HEAD - 1), *path = head + 2, *p;

	*arg = NULL;
	if (!end) {
		end = head + strnlen(head, EXEC_HEAD - 1);
		/*
		 * The line fills the head without a newline: its end is unknown.
		 */
		if (end == head + EXEC_HEAD - 1)
			return NULL;
	}
	while (end > path && is_blank(end[-1]))
		end--;
	*end = '\0';
	while (is_blank(*path))
		path++;
	if (!*path)
		return NULL;
	for (p = path; *p && !is_blank(*p); p++)
		;
	if (*p) {
		*p++ = '\0';
		while (is_blank(*p))
			p++;
		*arg = p;
	}
	return path;
}

/* A chain of scripts and the program at its end. @argv points into @heads. */
struct chain {
	struct file *file;
	const char *path;
	char heads[SCRIPT_LEVELS_MAX + 1][EXEC_HEAD];
	/*
	 * The arguments, from index @first on. A script adds two in front: its interpreter's path
	 * and the argument of its first line.
	 */
	const char *argv[2 * SCRIPT_LEVELS_MAX + 1 + EXEC_ARGS_MAX + 1];
	unsigned int first, argc;
};

/*
 * Opens the file, and follows "#!" lines. Afterwards @c->file is the program. Returns the index of
 * the program's head in @c->heads, or -errno.
 */
static int follow_scripts(struct chain *c)
{
	for (unsigned int level = 0;; level++) {
		char *head = c->heads[level], *arg;
		const char *script = c->path;
		int err;

		c->file = open_exec(c->path);
		if (IS_ERR(c->file))
			return PTR_ERR(c->file);
		err = read_head(c->file, c->path, head, EXEC_HEAD);
		if (err)
			return err; /* the caller closes the file */
		if (head[0] != '#' || head[1] != '!')
			return level;
		fput(c->file);
		c->file = ERR_PTR(-ENOEXEC);
		if (level == SCRIPT_LEVELS_MAX) {
			pr_err("%s: the interpreter of a script is a script, %d times", c->path,
			       level);
			return -ELOOP;
		}
		c->path = parse_script(head, &arg);
		if (!c->path) {
			pr_err("%s: its first line names no interpreter", script);
			return -ENOEXEC;
		}
		/* The script's name takes the place of argv[0]. */
		if (!c->argc)
			c->first--, c->argc++;
		c->argv[c->first] = script;
		if (arg)
			c->argv[--c->first] = arg, c->argc++;
		c->argv[--c->first] = c->path, c->argc++;
	}
}

/* ---- the stack ------------------------------------------------------------------------------ */

struct stack {
	struct mm_struct *mm;
	u64 sp;
	u64 words[EXEC_WORDS_MAX]; /* argc, pointers, auxiliary vector */
	unsigned int n;
	int err;
};

/* Puts @n bytes below the stack pointer. Returns their address. An error is stored in @s->err. */
static u64 push(struct stack *s, const void *bytes, size_t n)
{
	s->sp -= n;
	if (!s->err)
		s->err = mm_write(s->mm, s->sp, bytes, n);
	return s->sp;
}

static u64 push_string(struct stack *s, const char *string)
{
	return push(s, string, strlen(string) + 1);
}

static void word(struct stack *s, u64 value)
{
	BUG_ON(s->n == EXEC_WORDS_MAX);
	s->words[s->n++] = value;
}

/*
 * Pushes @n strings so that they lie in memory in their order, and stores their addresses as words
 * from @index on.  The word behind these addresses stays 0.
 */
static void push_strings(struct stack *s, const char *const *strings, unsigned int n,
			 unsigned int index, u64 *start, u64 *end)
{
	*end = s->sp;
	for (unsigned int i = n; i-- > 0;)
		s->words[index + i] = push_string(s, strings[i]);
	*start = s->sp;
}

static void push_auxv(struct stack *s, const struct elf_image *image, u64 execfn, u64 vdso)
{
	unsigned int first = s->n;
	u8 random[16];
	u64 platform = push_string(s, "x86_64"), random_at;
	const u64 pairs[][2] = {
		{AT_HWCAP, hal_user_hwcap()},
		{AT_PAGESZ, PAGE_SIZE},
		{AT_CLKTCK, USER_HZ},
		{AT_PHDR, image->phdr},
		{AT_PHENT, sizeof(Elf64_Phdr)},
		{AT_PHNUM, image->phnum},
		{AT_BASE, image->interp_base},
		{AT_FLAGS, 0},
		{AT_ENTRY, image->entry},
		{AT_UID, 0},
		{AT_EUID, 0},
		{AT_GID, 0},
		{AT_EGID, 0},
		{AT_SECURE, 0},
		{AT_HWCAP2, 0},
		{AT_EXECFN, execfn},
		{AT_PLATFORM, platform},
	};

	get_random_bytes(random, sizeof(random));
	random_at = push(s, random, sizeof(random));
	for (unsigned int i = 0; i < ARRAY_SIZE(pairs); i++) {
		word(s, pairs[i][0]);
		word(s, pairs[i][1]);
	}
	if (vdso) {
		word(s, AT_SYSINFO_EHDR);
		word(s, vdso);
	}
	word(s, AT_RANDOM);
	word(s, random_at);
	word(s, AT_NULL);
	word(s, 0);
	BUG_ON(s->n - first > ARRAY_SIZE(s->mm->auxv));
	memset(s->mm->auxv, 0, sizeof(s->mm->auxv));
	memcpy(s->mm->auxv, s->words + first, (s->n - first) * sizeof(u64));
}

static unsigned int count(const char *const *strings)
{
	unsigned int n = 0;

	while (strings[n])
		n++;
	return n;
}

static size_t bytes_of(const char *const *strings)
{
	size_t bytes = 0;

	for (unsigned int i = 0; strings[i]; i++)
		bytes += strlen(strings[i]) + 1;
	return bytes;
}

/* Chooses where the stack and the mappings of mmap() begin.  Returns the stack's end. */
static u64 choose_layout(struct mm_struct *mm)
{
	u64 gap = mm->stack_limit + STACK_GUARD_GAP + STACK_RANDOM_PAGES * PAGE_SIZE;

	gap = clamp_t(u64, gap, MMAP_GAP_MIN, MMAP_GAP_MAX);
	mm->mmap_base = ((HAL_USER_END - gap) & PAGE_MASK) - exec_random_offset(MMAP_RANDOM_PAGES);
	return HAL_USER_END - exec_random_offset(STACK_RANDOM_PAGES);
}

/* Maps the stack below @top, with room for @bytes and a margin. */
static int map_stack(struct mm_struct *mm, u64 top, u64 bytes, bool exec)
{
	u64 len = page_align(bytes) + STACK_MARGIN, at;

	mm_lock(mm);
	at = do_mmap(mm, NULL, top - len, len, PROT_READ | PROT_WRITE | (exec ? PROT_EXEC : 0),
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | MAP_GROWSDOWN, 0);
	mm_unlock(mm);
	return IS_ERR((void *)at) ? (s64)at : 0;
}

static int build_stack(struct exec *e, const struct chain *c, const struct elf_image *image,
		       u64 vdso, u64 top)
{
	unsigned int envc = count(e->envp);
	struct mm_struct *mm = e->mm;
	struct stack *s = kzalloc(sizeof(*s), GFP_KERNEL);
	u64 execfn;
	int err;

	if (!s)
		return -ENOMEM;
	s->mm = mm;
	s->sp = top - sizeof(u64); /* zeroes above the strings, as in Linux */
	execfn = push_string(s, e->path);
	s->words[0] = c->argc;
	push_strings(s, e->envp, envc, 1 + c->argc + 1, &mm->env_start, &mm->env_end);
	push_strings(s, c->argv + c->first, c->argc, 1, &mm->arg_start, &mm->arg_end);
	s->n = 1 + c->argc + 1 + envc + 1;
	push_auxv(s, image, execfn, vdso);
	s->sp = ALIGN_DOWN(s->sp - s->n * sizeof(u64), 16);
	if (!s->err)
		s->err = mm_write(mm, s->sp, s->words, s->n * sizeof(u64));
	mm->start_stack = e->sp = s->sp;
	err = s->err;
	kfree(s);
	return err;
}

/* ---- loading the program -------------------------------------------------------------------- */

static int check_strings(const struct exec *e)
{
	if (count(e->argv) > EXEC_ARGS_MAX || count(e->envp) > EXEC_ENV_MAX ||
	    bytes_of(e->argv) + bytes_of(e->envp) > EXEC_BYTES_MAX) {
		pr_err("%s: too many arguments or variables: at most %u and %u, of %u bytes",
		       e->path, EXEC_ARGS_MAX, EXEC_ENV_MAX, EXEC_BYTES_MAX);
		return -E2BIG;
	}
	return 0;
}

/*
 * Maps the page of the vDSO's data and, behind it, the vDSO. Returns the vDSO's address, or 0 if it
 * is not mapped: the program then reads the clock by system calls.
 */
static u64 map_vdso(struct mm_struct *mm)
{
	struct page *pages[HAL_VDSO_PAGES_MAX];
	unsigned int n = hal_vdso_pages(pages, ARRAY_SIZE(pages));
	u64 at, vdso = 0;

	if (!n)
		return 0;
	mm_lock(mm);
	at = get_unmapped_area(mm, 0, n * PAGE_SIZE, 0);
	if (!IS_ERR((void *)at) && !mm_map_special(mm, at, pages, 1, false) &&
	    !mm_map_special(mm, at + PAGE_SIZE, pages + 1, n - 1, true))
		vdso = at + PAGE_SIZE;
	mm_unlock(mm);
	return vdso;
}

static int load_program(struct exec *e, struct chain *c, const void *head)
{
	u64 top = choose_layout(e->mm);
	u64 bytes = sizeof(u64) * EXEC_WORDS_MAX + bytes_of(e->envp) + strlen(e->path) + EXEC_HEAD;
	struct elf_image image = {0};
	int err = load_elf(e->mm, c->file, c->path, head, &image);

	if (err)
		return err;
	bytes += bytes_of(c->argv + c->first);
	err = map_stack(e->mm, top, bytes, image.exec_stack);
	if (!err)
		err = build_stack(e, c, &image, map_vdso(e->mm), top);
	if (err)
		pr_err("%s: no memory for its stack (%d)", e->path, err);
	e->entry = image.start;
	return err;
}

int exec_load(struct exec *e)
{
	struct chain *c;
	int err = check_strings(e), level;

	if (err)
		return err;
	c = kzalloc(sizeof(*c), GFP_KERNEL);
	if (!c)
		return -ENOMEM;
	c->path = e->path;
	c->first = 2 * SCRIPT_LEVELS_MAX + 1;
	c->argc = count(e->argv);
	memcpy(c->argv + c->first, e->argv, c->argc * sizeof(*e->argv));
	level = follow_scripts(c);
	err = level < 0 ? level : load_program(e, c, c->heads[level]);
	if (err) {
		mm_lock(e->mm);
		do_munmap(e->mm, HAL_USER_START, HAL_USER_END - HAL_USER_START);
		e->mm->exe_file = NULL;
		mm_unlock(e->mm);
		if (!IS_ERR(c->file))
			fput(c->file);
	}
	kfree(c);
	return err;
}
