/* SPDX-License-Identifier: MIT */
/*
 * Plays random calls of mmap() and its relatives, loads and stores, in a window of the address space,
 * each on the kernel under test and in this process on the host's Linux.  Each result, and afterwards
 * the protection and the bytes of each page, must be the same.  An argument plays one seed:
 *	build/unit/test_mm_linux 17
 */
#include "tests/unit/unit_mm.h"

#include <cpuid.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WINDOW       0x200000000000UL
#define WINDOW_PAGES 48
#define FILE_SIZE    (8 * PAGE_SIZE + 100)
#define SEEDS        60
#define STEPS        400

static struct mapped_file file;
static int our_fds[2], linux_fds[2]; /* [0]: read and write; [1]: only read */
static u64 rng;
static char trace[STEPS][160];
static unsigned int step;

static u32 draw(u32 below)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (u32)(rng >> 16) % below;
}

/* ---- the same call on the host's Linux ---- */

static sigjmp_buf fault_jump;

static void on_fault(int sig, siginfo_t *info, void *context)
{
	/* Return the error that mm_fault() of this kernel returns for such a fault. */
	siglongjmp(fault_jump, sig == SIGBUS                  ? EIO
			       : info->si_code == SEGV_ACCERR ? EACCES
							      : EFAULT);
}

/*
 * Allows loads from pages that are only executable.  The page tables of x86-64 cannot forbid such a load,
 * and this kernel does not.  Linux forbids it with a protection key where the CPU has them: each
 * mprotect(PROT_EXEC) and each signal sets the key's bits in PKRU.
 */
static void clear_protection_keys(void)
{
	unsigned int eax, ebx, ecx, edx;

	if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ecx & bit_OSPKE)
		__asm__ volatile("wrpkru" ::"a"(0), "c"(0), "d"(0) : "memory");
}

static int linux_access(u64 addr, bool write, u8 byte)
{
	int err = sigsetjmp(fault_jump, 1);

	clear_protection_keys();
	if (err)
		return -err;
	if (write)
		__asm__ volatile("movb %0, (%1)" ::"q"(byte), "r"(addr) : "memory");
	else
		__asm__ volatile("movb (%1), %0" : "=q"(byte) : "r"(addr) : "memory");
	return write ? 0 : byte;
}

static long linux_call(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	/* Do not call syscall(), which sets `errno`: in this program `errno` is the kernel's. */
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

struct page_state {
	char perms[5];
	bool from_file;
	u64 offset;
};

/* Reads the state of the window's pages on Linux from /proc/self/maps. */
static void linux_state(struct page_state *s)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];

	memset(s, 0, WINDOW_PAGES * sizeof(*s));
	while (fgets(line, sizeof(line), f)) {
		unsigned long start, end, offset, inode;
		char perms[5];

		if (sscanf(line, "%lx-%lx %4s %lx %*s %lu", &start, &end, perms, &offset, &inode) !=
		    5)
			continue;
		for (unsigned long at = start; at < end; at += PAGE_SIZE) {
			u64 i = (at - WINDOW) / PAGE_SIZE;

			if (at < WINDOW || i >= WINDOW_PAGES)
				break;
			memcpy(s[i].perms, perms, 5);
			s[i].from_file = inode && !strstr(line, "/dev/zero");
			s[i].offset = s[i].from_file ? offset + (at - start) : 0;
		}
	}
	fclose(f);
}

static void our_state(struct page_state *s)
{
	memset(s, 0, WINDOW_PAGES * sizeof(*s));
	for (u64 i = 0; i < WINDOW_PAGES; i++) {
		u64 at = WINDOW + i * PAGE_SIZE;
		const struct vm_area_struct *vma = find_vma(&process_mm, at);

		if (!vma || vma->vm_start > at)
			continue;
		snprintf(s[i].perms, 5, "%c%c%c%c", vma->vm_flags & VM_READ ? 'r' : '-',
			 vma->vm_flags & VM_WRITE ? 'w' : '-', vma->vm_flags & VM_EXEC ? 'x' : '-',
			 vma->vm_flags & VM_MAYSHARE ? 's' : 'p');
		s[i].from_file = vma->vm_file;
		s[i].offset = vma->vm_file ? vma_pgoff(vma, at) * PAGE_SIZE : 0;
	}
}

/* ---- the calls ---- */

static void __attribute__((noreturn)) differs(const char *what, long ours, long theirs)
{
	for (unsigned int i = 0; i <= step && i < STEPS; i++)
		fprintf(stderr, "%3u %s\n", i, trace[i]);
	fail_msg("%s: %ld here, %ld on Linux", what, ours, theirs);
	abort();
}

static void both(long nr, const char *name, long a, long b, long c, long d, long e, long f,
		 long linux_e)
{
	long theirs = linux_call(nr, a, b, c, d, linux_e, f);
	long ours = sys(nr, a, b, c, d, e, f);

	snprintf(trace[step], sizeof(trace[0]), "%s(%lx, %lx, %lx, %lx, %ld, %lx) = %lx", name, a,
		 b, c, d, e, f, ours);
	if (ours != theirs)
		differs(name, ours, theirs);
}

static u64 some_address(void)
{
	return WINDOW + draw(WINDOW_PAGES) * PAGE_SIZE + (draw(40) ? 0 : draw(PAGE_SIZE));
}

/* Returns a length that stays within the window, mostly of whole pages. */
static u64 some_length(u64 addr)
{
	u64 left = WINDOW + WINDOW_PAGES * PAGE_SIZE - (addr & PAGE_MASK);
	u64 len = (1 + draw(draw(3) ? 6 : WINDOW_PAGES)) * PAGE_SIZE;

	if (!draw(40))
		return draw(3) ? 0 : ~0UL - draw(2 * PAGE_SIZE);
	len = len < left ? len : left;
	return draw(20) ? len : len - draw(PAGE_SIZE);
}

static unsigned int some_prot(void)
{
	static const unsigned int prots[] = {PROT_NONE,
					     PROT_READ,
					     PROT_READ | PROT_WRITE,
					     PROT_READ | PROT_WRITE,
					     PROT_READ | PROT_EXEC,
					     PROT_READ | PROT_WRITE | PROT_EXEC,
					     PROT_WRITE};

	return prots[draw(7)];
}

static void play_mmap(void)
{
	u64 addr = some_address(), len = some_length(addr);
	unsigned int flags = draw(3) ? MAP_PRIVATE : MAP_SHARED, which = draw(2);
	bool anonymous = draw(2);

	flags |= draw(4) ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	if (!draw(30))
		flags = (flags & ~MAP_TYPE) | (draw(2) ? 0 : MAP_SHARED_VALIDATE);
	if (!draw(8))
		flags |= MAP_NORESERVE;
	if (!draw(8))
		flags |= MAP_POPULATE;
	if (anonymous)
		both(__NR_mmap, "mmap", addr, len, some_prot(), flags | MAP_ANONYMOUS, -1, 0, -1);
	else
		both(__NR_mmap, "mmap", addr, len, some_prot(), flags, our_fds[which],
		     (draw(10) * PAGE_SIZE) | (draw(50) ? 0 : 8), linux_fds[which]);
}

/* Returns the end of Linux's VMA that contains @addr, or 0 if there is none. */
static u64 linux_vma_end(u64 addr)
{
	FILE *f = fopen("/proc/self/maps", "r");
	unsigned long start, end, found = 0;
	char line[512];

	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && start <= addr && addr < end)
			found = end;
	}
	fclose(f);
	return found;
}

/*
 * Plays mremap() only for a range within one VMA, because Linux moves several VMAs at once since
 * 6.17, and joins fewer VMAs than this kernel.  Leaves out shared memory without a file, because in
 * this kernel its pages belong to the mapping.
 */
static void play_mremap(void)
{
	u64 addr = some_address(), old_len = some_length(addr), new_len = some_length(addr);
	u64 to = some_address();
	unsigned int flags = draw(3) ? MREMAP_MAYMOVE | MREMAP_FIXED : 0;
	const struct vm_area_struct *vma = find_vma(&process_mm, addr);

	if (vma && vma->vm_start <= addr && vma->vm_flags & VM_SHARED && !vma->vm_file)
		return;
	if (vma && old_len <= HAL_USER_END && linux_vma_end(addr) < addr + old_len)
		return;
	if (new_len <= HAL_USER_END && to + new_len > WINDOW + WINDOW_PAGES * PAGE_SIZE)
		return;
	if (!draw(4) && flags)
		flags |= MREMAP_DONTUNMAP, new_len = old_len;
	if (!draw(30))
		flags ^= 1U << draw(4);
	if ((flags & (MREMAP_MAYMOVE | MREMAP_FIXED)) == MREMAP_MAYMOVE)
		return; /* the kernel would choose the address */
	both(__NR_mremap, "mremap", addr, old_len, new_len, flags, to, 0, to);
}

static void play_madvise(void)
{
	static const int advices[] = {MADV_NORMAL,
				      MADV_RANDOM,
				      MADV_WILLNEED,
				      MADV_DONTNEED,
				      MADV_DONTNEED,
				      MADV_DONTNEED,
				      MADV_DONTFORK,
				      MADV_DOFORK,
				      MADV_HUGEPAGE,
				      MADV_NOHUGEPAGE,
				      MADV_DONTDUMP,
				      MADV_COLD,
				      MADV_POPULATE_READ,
				      MADV_POPULATE_WRITE,
				      5,
				      99,
				      -1};
	u64 addr = some_address();

	both(__NR_madvise, "madvise", addr, some_length(addr), advices[draw(ARRAY_SIZE(advices))],
	     0, 0, 0, 0);
}

static void play_access(void)
{
	u64 addr = WINDOW + draw(WINDOW_PAGES) * PAGE_SIZE + draw(PAGE_SIZE);
	bool write = draw(2);
	u8 byte = draw(256);
	int theirs = linux_access(addr, write, byte), ours = write ? store(addr, byte) : load(addr);

	snprintf(trace[step], sizeof(trace[0]), "%s %llx: %d", write ? "store" : "load",
		 (unsigned long long)addr, ours);
	if (ours != theirs)
		differs("an access", ours, theirs);
}

static void play_step(void)
{
	u64 addr = some_address(), len = some_length(addr);

	switch (draw(16)) {
	case 0 ... 3:
		play_mmap();
		break;
	case 4:
		both(__NR_munmap, "munmap", addr, len, 0, 0, 0, 0, 0);
		break;
	case 5 ... 6:
		both(__NR_mprotect, "mprotect", addr, len,
		     some_prot() | (draw(40) ? 0 : 1U << draw(28)), 0, 0, 0, 0);
		break;
	case 7 ... 8:
		play_mremap();
		break;
	case 9:
		play_madvise();
		break;
	case 10:
		both(__NR_msync, "msync", addr, len, draw(9), 0, 0, 0, 0);
		break;
	default:
		play_access();
	}
}

static void compare_state(void)
{
	struct page_state ours[WINDOW_PAGES], theirs[WINDOW_PAGES];

	our_state(ours);
	linux_state(theirs);
	for (u64 i = 0; i < WINDOW_PAGES; i++) {
		if (memcmp(ours[i].perms, theirs[i].perms, 5))
			fprintf(stderr, "page %llu: %s here, %s on Linux\n", (unsigned long long)i,
				ours[i].perms, theirs[i].perms);
		if (memcmp(ours[i].perms, theirs[i].perms, 5) ||
		    ours[i].from_file != theirs[i].from_file || ours[i].offset != theirs[i].offset)
			differs("the state of a page", ours[i].offset, theirs[i].offset);
	}
}

static void compare_bytes(void)
{
	for (u64 at = WINDOW; at < WINDOW + WINDOW_PAGES * PAGE_SIZE; at += 501) {
		int ours = load(at), theirs = linux_access(at, false, 0);

		if (ours != theirs)
			differs("a byte", ours, theirs);
	}
}

/* ---- running -------------------------------------------------------------------------------- */

/* Writes the same bytes to both files again. */
static void refill(void)
{
	static u8 bytes[FILE_SIZE];

	for (u64 i = 0; i < FILE_SIZE; i++) {
		bytes[i] = mapped_byte(i);
		((u8 *)page_address(file.pages[i / PAGE_SIZE]))[i % PAGE_SIZE] = bytes[i];
	}
	memset((u8 *)page_address(file.pages[8]) + 100, 0, PAGE_SIZE - 100);
	if (ftruncate(linux_fds[0], 0) || pwrite(linux_fds[0], bytes, FILE_SIZE, 0) != FILE_SIZE)
		abort();
}

static void play_seed(u64 seed)
{
	rng = seed * 0x9e3779b97f4a7c15ULL + 1;
	refill();
	for (step = 0; step < STEPS; step++) {
		trace[step][0] = '\0';
		play_step();
		if (step % 16 == 15)
			compare_state();
		if (step % 64 == 63)
			compare_bytes();
	}
	step--;
	compare_state();
	compare_bytes();
	linux_call(__NR_munmap, WINDOW, WINDOW_PAGES * PAGE_SIZE, 0, 0, 0, 0);
	unmap_all();
}

static u64 first_seed = 1, last_seed = SEEDS;

static void test_like_linux(void **state)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	/* Install the handlers here, because cmocka sets its own before each test. */
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	for (u64 seed = first_seed; seed <= last_seed; seed++) {
		fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
		play_seed(seed);
	}
}

/* LIMIT(USER_RESERVE_PART) */
static void test_reserve_of_a_small_machine(void **state)
{
	touch_all(WINDOW);
	assert_int_equal(nr_free_pages(), nr_total_pages() / USER_RESERVE_PART);
	unmap_all();
}

/*
 * Sockets have used all memory but the part that the pages of programs may not use.  A small program still
 * gets pages.
 * LIMIT(USER_GUARANTEED_PART)
 */
static void test_share_of_a_small_program(void **state)
{
	static struct page *taken[16384 / 4];
	unsigned int n = 0;

	while (nr_free_pages() > nr_total_pages() / USER_RESERVE_PART)
		assert_non_null(taken[n++] = alloc_page(GFP_KERNEL));
	assert_in_range(touch_all(WINDOW), 1, nr_total_pages() / USER_GUARANTEED_PART);
	unmap_all();
	while (n > 0)
		put_page(taken[--n]);
}

static int setup(void **state)
{
	char path[64];

	mm_test_boot(16384);
	mapped_make(&file, FILE_SIZE);
	our_fds[0] = mapped_open(&file, O_RDWR);
	our_fds[1] = mapped_open(&file, O_RDONLY);
	linux_fds[0] = syscall(SYS_memfd_create, "test", 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", linux_fds[0]);
	linux_fds[1] = syscall(SYS_open, path, O_RDONLY);
	return linux_fds[1] < 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reserve_of_a_small_machine),
		cmocka_unit_test(test_share_of_a_small_program),
		cmocka_unit_test(test_like_linux),
	};

	if (argc > 1)
		first_seed = last_seed = strtoull(argv[1], NULL, 0);
	return cmocka_run_group_tests(tests, setup, NULL);
}
