/* SPDX-License-Identifier: MIT */
/*
 * /proc: files whose text is made by a function of the kernel when they are opened.
 *
 * proc_register() <- each subsystem's init, at boot; proc_open() <- open(), which has found the entry
 * through proc_tree.c; seq_printf() <- show().
 * Process context.  No lock: the table of entries does not change after boot, and the text of an
 * open file belongs to that file alone.
 *
 * The whole text is rendered at open().  So a reader with a small buffer still gets the state of
 * one moment, and a later read() needs no search for its position in a table that has changed
 * meanwhile.  Compare Linux's fs/proc/generic.c and fs/seq_file.c.
 */
#include "kernel/fs/proc.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/inode.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/mm/slab.h"

#define SEQ_FIRST_SIZE 2048 /* bytes of the first buffer; it doubles when the text is longer */

/* The private data of an open /proc file: its entry and its text. */
struct proc_file {
	const struct proc_entry *entry;
	struct seq_file text;
};

static const struct proc_entry *entries[PROC_ENTRIES_MAX];
static unsigned int nr_entries;
static struct kmem_cache *proc_file_cache;

/* ---- text that grows ------------------------------------------------------------------------ */

/*
 * Makes room for @more bytes after the text.  Returns false, and sets m->error, if there is no
 * memory or the text would exceed PROC_BUF_MAX.
 */
static bool seq_reserve(struct seq_file *m, size_t more)
{
	size_t size = m->size ? m->size : SEQ_FIRST_SIZE;
	char *buf;

	if (m->error)
		return false;
	if (more <= m->size - m->count)
		return true;
	if (more > PROC_BUF_MAX - m->count) {
		m->error = -EFBIG;
		return false;
	}
	while (size - m->count < more)
		size *= 2;
	size = kmalloc_size_roundup(min_t(size_t, size, PROC_BUF_MAX));
	buf = kmalloc(size, GFP_KERNEL);
	if (!buf) {
		m->error = -ENOMEM;
		return false;
	}
	if (m->count)
		memcpy(buf, m->buf, m->count);
	kfree(m->buf);
	m->buf = buf;
	m->size = size;
	return true;
}

void seq_printf(struct seq_file *m, const char *fmt, ...)
{
	size_t room = m->size - m->count;
	va_list ap;
	int n;

	if (m->error)
		return;
	va_start(ap, fmt);
	n = vsnprintf(m->buf ? m->buf + m->count : NULL, room, fmt, ap);
	va_end(ap);
	if ((size_t)n >= room) {
		/*
		 * vsnprintf() also writes a NUL, which needs room although it is not part of the
		 * text.
		 */
		if (!seq_reserve(m, (size_t)n + 1))
			return;
		va_start(ap, fmt);
		n = vsnprintf(m->buf + m->count, m->size - m->count, fmt, ap);
		va_end(ap);
	}
	m->count += n;
}

void seq_puts(struct seq_file *m, const char *s)
{
	size_t n = strlen(s);

	if (!seq_reserve(m, n))
		return;
	memcpy(m->buf + m->count, s, n);
	m->count += n;
}

void seq_putc(struct seq_file *m, char c)
{
	if (!seq_reserve(m, 1))
		return;
	m->buf[m->count++] = c;
}

/* Ends a text that was cut at PROC_BUF_MAX with a note that says so. */
static void mark_cut(struct seq_file *m)
{
	static const char note[] = "\n[cut: too long]\n";
	size_t n = sizeof(note) - 1;

	if (m->count + n > m->size)
		m->count = m->size > n ? m->size - n : 0;
	if (m->count + n > m->size)
		return;
	memcpy(m->buf + m->count, note, n);
	m->count += n;
}

/* ---- the files ------------------------------------------------------------------------------ */

ssize_t text_to_iter(const char *text, size_t len, struct iov_iter *to, u64 *pos)
{
	size_t n, done;

	if (*pos >= len)
		return 0;
	n = min(len - *pos, iov_iter_count(to));
	done = copy_to_iter(text + *pos, n, to);
	*pos += done;
	return done || !n ? (ssize_t)done : -EFAULT;
}

static ssize_t proc_read_at(struct file *file, struct iov_iter *to, u64 *pos)
{
	const struct proc_file *pf = file->private_data;

	return text_to_iter(pf->text.buf, pf->text.count, to, pos);
}

ssize_t proc_text_from_iter(char *text, size_t size, struct iov_iter *from)
{
	size_t n = iov_iter_count(from);

	if (n >= size)
		return -EINVAL;
	if (copy_from_iter(text, n, from) != n)
		return -EFAULT;
	text[n] = '\0';
	/*
	 * Reject a NUL inside the text: the functions that parse it would ignore everything after
	 * the NUL.
	 */
	return strlen(text) == n ? (ssize_t)n : -EINVAL;
}

/*
 * Every write() must be a complete value, as in /proc/sys.  The open file keeps the text that it
 * had at open(): a read() after the write() does not show the new value.
 */
static ssize_t proc_write_at(struct file *file, struct iov_iter *from, u64 *pos)
{
	const struct proc_file *pf = file->private_data;
	char text[SYSCTL_TEXT_MAX];
	ssize_t n = proc_text_from_iter(text, sizeof(text), from);
	int err = n < 0 ? (int)n : pf->entry->write(text);

	return err ? err : n;
}

static void proc_file_free(struct proc_file *pf)
{
	kfree(pf->text.buf);
	kmem_cache_free(proc_file_cache, pf);
}

static int proc_release(struct inode *inode, struct file *file)
{
	proc_file_free(file->private_data);
	return 0;
}

static const struct file_operations proc_file_ops = {
	.read_at = proc_read_at,
	.llseek = generic_llseek,
	.write_at = proc_write_at, /* open() for writing fails if the entry has no write() */
	.release = proc_release,
};

static const struct proc_entry *find_entry(const char *path)
{
	for (unsigned int i = 0; i < nr_entries; i++)
		if (!strcmp(entries[i]->path, path))
			return entries[i];
	return NULL;
}

static int render(const struct proc_entry *entry, struct seq_file *m)
{
	int err = entry->show(m);

	if (err)
		return err;
	if (m->error == -EFBIG) {
		mark_cut(m);
		return 0;
	}
	return m->error;
}

struct file *proc_open(struct tree_inode *inode, const struct proc_entry *entry, u32 number,
		       unsigned int flags)
{
	struct proc_file *pf;
	struct file *file;
	int err;

	if ((flags & O_ACCMODE) != O_RDONLY && !entry->write)
		return ERR_PTR(-EACCES);
	pf = kmem_cache_zalloc(proc_file_cache, GFP_KERNEL);
	if (!pf)
		return ERR_PTR(-ENOMEM);
	pf->entry = entry;
	pf->text.number = number;
	err = render(entry, &pf->text);
	if (err)
		goto out_free;
	file = alloc_file(&inode->inode, flags, &proc_file_ops);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto out_free;
	}
	file->private_data = pf;
	return file;

out_free:
	proc_file_free(pf);
	return ERR_PTR(err);
}

const struct proc_entry *proc_nth(unsigned int i)
{
	return i < nr_entries ? entries[i] : NULL;
}

void proc_register(const struct proc_entry *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		BUG_ON(find_entry(list[i].path) || nr_entries == PROC_ENTRIES_MAX);
		entries[nr_entries++] = &list[i];
	}
}

void proc_init(void)
{
	proc_file_cache = kmem_cache_create("proc_file", sizeof(struct proc_file), 0, FILES_MAX);
	proc_tree_init();
	proc_kernel_init();
	proc_self_init();
}
