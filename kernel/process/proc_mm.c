/* SPDX-License-Identifier: MIT */
/*
 * /proc/self: the program's memory and what it was started with.
 *
 * show functions <- open() of /proc/self/{maps,smaps,smaps_rollup,stat,statm,status,auxv,cmdline,
 * environ}; exe_link() <- readlink(); mm_show_maps() <- the report of a fatal signal.  Process
 * context.  Locks: tree_mutex, for the names of files, then mm->lock.  proc(5) describes the formats.
 * Compare Linux's fs/proc/task_mmu.c, array.c and base.c.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/dcache.h"
#include "kernel/fs/file.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/vma.h"
#include "kernel/printk.h"
#include "kernel/process/exec.h"
#include "kernel/process/limits.h"
#include "kernel/process/process.h"
#include "kernel/sched/sched.h"

typedef unsigned long long ull;

#define KIB_OF_PAGES(n) ((ull)(n) << (PAGE_SHIFT - 10))
/* The column in which the name of a mapping begins. */
#define NAME_COLUMN    73
#define NS_PER_USER_HZ 10000000

/* ---- maps ----------------------------------------------------------------------------------- */

/* Returns the name of a mapping, "" if it has none.  The name of a file is written to @buf, of PATH_MAX bytes. */
static const char *vma_name(const struct mm_struct *mm, const struct vm_area_struct *vma, char *buf)
{
	char *path;

	if (vma->vm_file) {
		path = vma->vm_file->f_dentry ? d_path(vma->vm_file->f_dentry, buf, PATH_MAX)
					      : ERR_PTR(-ENOENT);
		return IS_ERR(path) ? "?" : path;
	}
	if (vma->vm_flags & VM_SPECIAL)
		return vma->vm_flags & VM_EXEC ? "[vdso]" : "[vvar]";
	if (vma->vm_start <= mm->start_stack && vma->vm_end > mm->start_stack)
		return "[stack]";
	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk)
		return "[heap]";
	return vma->vm_flags & VM_SHARED ? "/dev/zero (deleted)" : "";
}

/* Writes one line of /proc/self/maps, without the mapping's name and the newline.  Returns its length. */
static int map_line(char *line, size_t size, const struct vm_area_struct *vma)
{
	const struct inode *inode = vma->vm_file ? vma->vm_file->f_inode : NULL;

	return scnprintf(line, size, "%08llx-%08llx %c%c%c%c %08llx 00:%02x %llu ",
			 (ull)vma->vm_start, (ull)vma->vm_end, vma->vm_flags & VM_READ ? 'r' : '-',
			 vma->vm_flags & VM_WRITE ? 'w' : '-', vma->vm_flags & VM_EXEC ? 'x' : '-',
			 vma->vm_flags & VM_MAYSHARE ? 's' : 'p', (ull)vma->vm_pgoff << PAGE_SHIFT,
			 inode ? 1 : 0, inode ? (ull)inode->i_ino : 0);
}

static void show_map(struct seq_file *m, const struct mm_struct *mm,
		     const struct vm_area_struct *vma, char *buf)
{
	const char *name = vma_name(mm, vma, buf);
	char line[NAME_COLUMN + 32];
	int n = map_line(line, sizeof(line), vma);

	if (*name)
		seq_printf(m, "%s%*s%s\n", line, n < NAME_COLUMN ? NAME_COLUMN - n : 0, "", name);
	else
		seq_printf(m, "%s\n", line);
}

/* Calls @fn for each VMA, with tree_mutex and mm->lock held.  @buf is a buffer for a path. */
static int for_each_vma(struct seq_file *m,
			void (*fn)(struct seq_file *m, const struct mm_struct *mm,
				   const struct vm_area_struct *vma, char *buf))
{
	struct mm_struct *mm = &process_mm;
	char *buf = kmalloc(PATH_MAX, GFP_KERNEL);

	if (!buf)
		return -ENOMEM;
	mutex_lock(&tree_mutex);
	mm_lock(mm);
	for (struct vm_area_struct *vma = find_vma(mm, 0); vma; vma = vma_next(vma))
		fn(m, mm, vma, buf);
	mm_unlock(mm);
	mutex_unlock(&tree_mutex);
	kfree(buf);
	return 0;
}

static int show_maps(struct seq_file *m)
{
	return for_each_vma(m, show_map);
}

void mm_show_maps(void)
{
	struct mm_struct *mm = &process_mm;
	char line[NAME_COLUMN + 32];
	unsigned int left = REPORT_MAPS_MAX;

	/* Take no locks: the thread that reports may hold them.  No other thread runs meanwhile. */
	for (struct vm_area_struct *vma = find_vma(mm, 0); vma && left; vma = vma_next(vma)) {
		map_line(line, sizeof(line), vma);
		pr_err("%s%s", line,
		       vma->vm_file && vma->vm_file->f_dentry ? vma->vm_file->f_dentry->d_name
							      : "");
		left--;
	}
}

/* ---- smaps ---------------------------------------------------------------------------------- */

static void show_counts(struct seq_file *m, const struct vma_pages *n)
{
	seq_printf(m, "Rss:            %8llu kB\n", KIB_OF_PAGES(n->anon + n->file));
	seq_printf(m, "Pss:            %8llu kB\n", KIB_OF_PAGES(n->anon + n->file));
	seq_printf(m, "Shared_Clean:   %8u kB\n", 0);
	seq_printf(m, "Shared_Dirty:   %8u kB\n", 0);
	seq_printf(m, "Private_Clean:  %8llu kB\n", KIB_OF_PAGES(n->file));
	seq_printf(m, "Private_Dirty:  %8llu kB\n", KIB_OF_PAGES(n->anon));
	seq_printf(m, "Referenced:     %8llu kB\n", KIB_OF_PAGES(n->anon + n->file));
	seq_printf(m, "Anonymous:      %8llu kB\n", KIB_OF_PAGES(n->anon));
	seq_puts(m, "LazyFree:              0 kB\n"
		    "AnonHugePages:         0 kB\n"
		    "Swap:                  0 kB\n"
		    "SwapPss:               0 kB\n"
		    "Locked:                0 kB\n");
}

static void show_smap(struct seq_file *m, const struct mm_struct *mm,
		      const struct vm_area_struct *vma, char *buf)
{
	struct vma_pages n = {0};
	u32 f = vma->vm_flags;

	show_map(m, mm, vma, buf);
	mm_count_pages(vma, &n);
	seq_printf(m, "Size:           %8llu kB\n",
		   KIB_OF_PAGES((vma->vm_end - vma->vm_start) >> PAGE_SHIFT));
	seq_puts(m, "KernelPageSize:        4 kB\n"
		    "MMUPageSize:           4 kB\n");
	show_counts(m, &n);
	seq_printf(m, "VmFlags:%s%s%s%s%s%s%s%s\n", f & VM_READ ? " rd" : "",
		   f & VM_WRITE ? " wr" : "", f & VM_EXEC ? " ex" : "", f & VM_SHARED ? " sh" : "",
		   f & VM_MAYREAD ? " mr" : "", f & VM_MAYWRITE ? " mw" : "",
		   f & VM_MAYEXEC ? " me" : "", f & VM_GROWSDOWN ? " gd" : "");
}

static int show_smaps(struct seq_file *m)
{
	return for_each_vma(m, show_smap);
}

static int show_smaps_rollup(struct seq_file *m)
{
	struct mm_struct *mm = &process_mm;
	struct vma_pages n = {0};
	u64 start = 0, end = 0;

	mm_lock(mm);
	for (struct vm_area_struct *vma = find_vma(mm, 0); vma; vma = vma_next(vma)) {
		mm_count_pages(vma, &n);
		start = start ?: vma->vm_start;
		end = vma->vm_end;
	}
	mm_unlock(mm);
	seq_printf(m, "%08llx-%08llx ---p 00000000 00:00 0 %*s[rollup]\n", (ull)start, (ull)end, 23,
		   "");
	show_counts(m, &n);
	return 0;
}

/* ---- sizes ---------------------------------------------------------------------------------- */

/* Pages of memory, as statm, stat and status count them. */
struct sizes {
	u64 total, anon, file, text, data, stack;
};

static struct sizes count_sizes(struct mm_struct *mm)
{
	struct sizes s = {0};

	mm_lock(mm);
	s.total = mm->total_vm;
	s.anon = program_pages.used;
	s.file = mm->file_pages;
	s.text = (page_align(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
	for (struct vm_area_struct *vma = find_vma(mm, 0); vma; vma = vma_next(vma)) {
		u64 pages = (vma->vm_end - vma->vm_start) >> PAGE_SHIFT;

		if (vma->vm_flags & VM_GROWSDOWN)
			s.stack += pages;
		else if ((vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE)
			s.data += pages;
	}
	mm_unlock(mm);
	return s;
}

static int show_statm(struct seq_file *m)
{
	struct sizes s = count_sizes(&process_mm);

	seq_printf(m, "%llu %llu %llu %llu 0 %llu 0\n", (ull)s.total, (ull)(s.anon + s.file),
		   (ull)s.file, (ull)s.text, (ull)(s.data + s.stack));
	return 0;
}

static unsigned int count_threads(u64 *runtime_ns)
{
	struct task_struct *p;
	unsigned int n = 0;
	unsigned long flags;

	spin_lock_irqsave(&process.siglock, flags);
	*runtime_ns = process.ended_runtime_ns;
	list_for_each_entry(p, &process.threads, sig.threads) {
		*runtime_ns += thread_runtime(p);
		n++;
	}
	spin_unlock_irqrestore(&process.siglock, flags);
	return n;
}

static const char *comm(void)
{
	return process.first ? process.first->comm : "";
}

/* Fields of which this kernel keeps no count, or that can have only one value here, are 0. */
static int show_stat(struct seq_file *m)
{
	const struct mm_struct *mm = &process_mm;
	struct sizes s = count_sizes(&process_mm);
	u64 runtime_ns;
	unsigned int threads = count_threads(&runtime_ns);

	seq_printf(m, "%d (%s) R 0 %d %d 0 -1 4194304 0 0 0 0 %llu 0 0 0 20 0 %u 0 0 ", PROCESS_PID,
		   comm(), PROCESS_PID, PROCESS_PID, (ull)runtime_ns / NS_PER_USER_HZ, threads);
	seq_printf(m, "%llu %llu %llu %llu %llu %llu 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 ",
		   (ull)s.total << PAGE_SHIFT, (ull)(s.anon + s.file), ~0ULL, (ull)mm->start_code,
		   (ull)mm->end_code, (ull)mm->start_stack);
	seq_printf(m, "%llu %llu %llu %llu %llu %llu %llu 0\n", (ull)mm->start_data,
		   (ull)mm->end_data, (ull)mm->start_brk, (ull)mm->arg_start, (ull)mm->arg_end,
		   (ull)mm->env_start, (ull)mm->env_end);
	return 0;
}

static int show_status(struct seq_file *m)
{
	struct sizes s = count_sizes(&process_mm);
	u64 runtime_ns;
	unsigned int threads = count_threads(&runtime_ns);

	seq_printf(m,
		   "Name:\t%s\nState:\tR (running)\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t0\n"
		   "TracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nGroups:\t0 \n",
		   comm(), PROCESS_PID, PROCESS_PID);
	seq_printf(m, "VmPeak:\t%8llu kB\nVmSize:\t%8llu kB\nVmLck:\t       0 kB\n",
		   KIB_OF_PAGES(s.total), KIB_OF_PAGES(s.total));
	seq_printf(m, "VmHWM:\t%8llu kB\nVmRSS:\t%8llu kB\nRssAnon:\t%8llu kB\n",
		   KIB_OF_PAGES(s.anon + s.file), KIB_OF_PAGES(s.anon + s.file),
		   KIB_OF_PAGES(s.anon));
	seq_printf(m, "RssFile:\t%8llu kB\nRssShmem:\t       0 kB\nVmData:\t%8llu kB\n",
		   KIB_OF_PAGES(s.file), KIB_OF_PAGES(s.data));
	seq_printf(m, "VmStk:\t%8llu kB\nVmExe:\t%8llu kB\nVmSwap:\t       0 kB\nThreads:\t%u\n",
		   KIB_OF_PAGES(s.stack), KIB_OF_PAGES(s.text), threads);
	if (process.first)
		proc_show_signals(m, process.first);
	seq_puts(m, "Cpus_allowed:\t1\nCpus_allowed_list:\t0\n");
	return 0;
}

/* ---- the start of the program --------------------------------------------------------------- */

static int show_memory(struct seq_file *m, u64 start, u64 end)
{
	char part[128];

	while (start < end) {
		size_t n = min_t(u64, sizeof(part), end - start);

		/* The program may have unmapped this range. */
		if (mm_read(&process_mm, start, part, n))
			break;
		for (size_t i = 0; i < n; i++)
			seq_putc(m, part[i]);
		start += n;
	}
	return 0;
}

static int show_cmdline(struct seq_file *m)
{
	return show_memory(m, process_mm.arg_start, process_mm.arg_end);
}

static int show_environ(struct seq_file *m)
{
	return show_memory(m, process_mm.env_start, process_mm.env_end);
}

static int show_auxv(struct seq_file *m)
{
	const u64 *auxv = process_mm.auxv;
	unsigned int n = 0;

	do
		n += 2;
	while (auxv[n - 2] && n < ARRAY_SIZE(process_mm.auxv));
	for (size_t i = 0; i < n * sizeof(*auxv); i++)
		seq_putc(m, ((const char *)auxv)[i]);
	return 0;
}

static ssize_t exe_link(u32 number, char *buf)
{
	const struct file *exe = process_mm.exe_file;
	char *path;
	size_t n;

	if (!exe || !exe->f_dentry)
		return -ENOENT;
	path = d_path(exe->f_dentry, buf, PATH_MAX);
	if (IS_ERR(path))
		return PTR_ERR(path);
	n = strlen(path);
	memmove(buf, path, n + 1);
	return n;
}

static const struct proc_entry entries[] = {
	{.path = "self/maps", .show = show_maps},
	{.path = "self/smaps", .show = show_smaps},
	{.path = "self/smaps_rollup", .show = show_smaps_rollup},
	{.path = "self/stat", .show = show_stat},
	{.path = "self/statm", .show = show_statm},
	{.path = "self/status", .show = show_status},
	{.path = "self/cmdline", .show = show_cmdline},
	{.path = "self/environ", .show = show_environ},
	{.path = "self/auxv", .show = show_auxv},
	{.path = "self/exe", .link = exe_link},
};

void proc_mm_init(void)
{
	proc_register(entries, ARRAY_SIZE(entries));
}
