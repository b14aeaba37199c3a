/* SPDX-License-Identifier: MIT */
/*
 * The RAM file system: the data of files.
 *
 * read_at(), write_at(), llseek() <- read(), write(), lseek() and their relatives; mmap_page() <-
 * page faults and sendfile(); ramfs_truncate() <- open.c.  Process context.
 *
 * A file's data are pages in a radix tree; an index without a page is a hole, which reads as zeros.
 * Two locks: the inode's i_mutex lets one write or truncation run at a time, and is held while data
 * is copied from an application. ramfs.lock protects the trees of pages, i_size and the counts.
 * ramfs.lock is never held during such a copy, because the copy may fault on a mapping of the same
 * file.  A reader holds a reference of the page that it copies, so a truncation does not free it.
 *
 * 	i_mutex (sleeps) -> mm->lock (sleeps) -> ramfs.lock (sleeps)
 *
 * Compare Linux's mm/shmem.c and mm/filemap.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/vma.h"
#include "kernel/sched/sched.h"

/* Pages that a truncation frees before it lets another thread run. */
#define FREE_BATCH 256

static struct {
	struct mutex lock;
	struct ramfs_usage usage;
} ramfs;

/* ---- the counts of pages and inodes ---------------------------------------------------------- */

struct ramfs_usage ramfs_usage(void)
{
	return ramfs.usage;
}

void ramfs_allow_pages(u64 pages)
{
	ramfs.usage.pages_max += pages;
}

bool ramfs_charge_inode(void)
{
	bool ok;

	mutex_lock(&ramfs.lock);
	ok = ramfs.usage.inodes < ramfs.usage.inodes_max;
	ramfs.usage.inodes += ok;
	mutex_unlock(&ramfs.lock);
	return ok;
}

void ramfs_uncharge_inode(void)
{
	mutex_lock(&ramfs.lock);
	ramfs.usage.inodes--;
	mutex_unlock(&ramfs.lock);
}

/* ---- pages ----------------------------------------------------------------------------------- */

static struct tree_inode *inode_of(const struct file *file)
{
	return container_of(file->f_inode, struct tree_inode, inode);
}

/* ramfs.lock held. */
static int insert_page(struct tree_inode *inode, u64 index, struct page *page)
{
	int err = -ENOSPC;

	if (ramfs.usage.pages < ramfs.usage.pages_max)
		err = radix_tree_insert(&inode->i_data, index, page);
	if (err)
		return err;
	ramfs.usage.pages++;
	inode->i_pages++;
	return 0;
}

/*
 * Returns the page @index with a reference.  Without @create, returns NULL for a hole.  With
 * @create, a hole gets a zeroed page; returns the page or ERR_PTR. ramfs.lock held.
 */
static struct page *get_file_page(struct tree_inode *inode, u64 index, bool create)
{
	struct page *page = radix_tree_lookup(&inode->i_data, index);
	int err;

	if (!page && create) {
		page = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!page)
			return ERR_PTR(-ENOMEM);
		err = insert_page(inode, index, page);
		if (err) {
			put_page(page);
			return ERR_PTR(err);
		}
	}
	if (page)
		get_page(page);
	return page;
}

static struct page *find_or_create_page(struct tree_inode *inode, u64 index)
{
	struct page *page;

	mutex_lock(&ramfs.lock);
	page = get_file_page(inode, index, true);
	mutex_unlock(&ramfs.lock);
	return page;
}

int ramfs_add_page(struct tree_inode *inode, u64 index, struct page *page)
{
	int err;

	mutex_lock(&ramfs.lock);
	err = insert_page(inode, index, page);
	mutex_unlock(&ramfs.lock);
	return err;
}

/* Frees the pages from @index on. */
static void free_file_pages(struct tree_inode *inode, u64 index)
{
	struct page *page;
	unsigned int n;

	do {
		mutex_lock(&ramfs.lock);
		for (n = 0; n < FREE_BATCH; n++) {
			page = radix_tree_next(&inode->i_data, &index);
			if (!page)
				break;
			radix_tree_delete(&inode->i_data, index);
			put_page(page);
			ramfs.usage.pages--;
			inode->i_pages--;
		}
		mutex_unlock(&ramfs.lock);
	} while (n == FREE_BATCH);
}

void ramfs_file_evict(struct tree_inode *inode)
{
	free_file_pages(inode, 0);
}

static int ramfs_mmap_page(struct file *file, u64 index, struct page **result)
{
	struct tree_inode *inode = inode_of(file);
	struct page *page = ERR_PTR(-EFAULT);

	mutex_lock(&ramfs.lock);
	if (index < DIV_ROUND_UP(inode->i_size, PAGE_SIZE))
		page = get_file_page(inode, index, true);
	mutex_unlock(&ramfs.lock);
	if (IS_ERR(page))
		return PTR_ERR(page);
	*result = page;
	return 0;
}

/* ---- size ------------------------------------------------------------------------------------ */

int ramfs_truncate(struct tree_inode *inode, u64 size)
{
	struct page *last;

	mutex_lock(&inode->i_mutex);
	mutex_lock(&ramfs.lock);
	last = radix_tree_lookup(&inode->i_data, size / PAGE_SIZE);
	if (size < inode->i_size && last && size % PAGE_SIZE)
		memset((char *)page_address(last) + size % PAGE_SIZE, 0,
		       PAGE_SIZE - size % PAGE_SIZE);
	inode->i_size = size;
	mutex_unlock(&ramfs.lock);
	mm_unmap_file(&inode->inode, DIV_ROUND_UP(size, PAGE_SIZE));
	free_file_pages(inode, DIV_ROUND_UP(size, PAGE_SIZE));
	inode_modified(inode);
	mutex_unlock(&inode->i_mutex);
	return 0;
}

/* ramfs.lock is taken because a page fault, which does not take i_mutex, compares its address with i_size. */
static void size_at_least(struct tree_inode *inode, u64 size)
{
	mutex_lock(&ramfs.lock);
	inode->i_size = max(inode->i_size, size);
	mutex_unlock(&ramfs.lock);
}

/* Counts the holes among the pages from @first to before @end. ramfs.lock held. */
static u64 count_holes(const struct tree_inode *inode, u64 first, u64 end)
{
	u64 holes = end - first;

	for (u64 index = first; radix_tree_next(&inode->i_data, &index) && index < end; index++)
		holes--;
	return holes;
}

/*
 * Allocates a page for each hole from @first to before @end. The caller frees the list, also on an
 * error.
 */
static int pages_for_holes(const struct tree_inode *inode, u64 first, u64 end,
			   struct list_head *pages)
{
	u64 holes, room;

	mutex_lock(&ramfs.lock);
	holes = count_holes(inode, first, end);
	room = ramfs.usage.pages_max - ramfs.usage.pages;
	mutex_unlock(&ramfs.lock);
	if (holes > room)
		return -ENOSPC;
	for (; holes; holes--) {
		struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

		if (!page)
			return -ENOMEM;
		list_add(&page->lru, pages);
		cond_resched();
	}
	return 0;
}

static struct page *take_listed(struct list_head *pages)
{
	struct page *page = list_first_entry_or_null(pages, struct page, lru);

	if (page)
		list_del(&page->lru);
	return page;
}

/* Puts a page of @pages into a hole. */
static int fill_hole(struct tree_inode *inode, u64 index, struct list_head *pages)
{
	struct page *page;
	int err = 0;

	mutex_lock(&ramfs.lock);
	if (!radix_tree_lookup(&inode->i_data, index)) {
		page = take_listed(pages);
		err = insert_page(inode, index, page);
		if (err)
			put_page(page);
	}
	mutex_unlock(&ramfs.lock);
	return err;
}

/*
 * All pages are allocated before the first becomes part of the file, so a call that finds no memory for them
 * leaves the file's data as they were.  A page fault may fill a hole meanwhile; nothing makes a hole while
 * i_mutex is held.
 */
int ramfs_allocate(struct tree_inode *inode, u64 pos, u64 len, bool keep_size)
{
	u64 first = pos / PAGE_SIZE, end = DIV_ROUND_UP(pos + len, PAGE_SIZE);
	struct page *page;
	LIST_HEAD(pages);
	int err;

	mutex_lock(&inode->i_mutex);
	err = pages_for_holes(inode, first, end, &pages);
	for (u64 index = first; !err && index < end; index++) {
		err = fill_hole(inode, index, &pages);
		cond_resched();
	}
	while ((page = take_listed(&pages)))
		put_page(page);
	if (!err && !keep_size)
		size_at_least(inode, pos + len);
	inode_modified(inode);
	mutex_unlock(&inode->i_mutex);
	return err;
}

/* ---- reading and writing --------------------------------------------------------------------- */

/*
 * Copies bytes from @pos on, up to the end of the page, of the file or of @to, whichever is first.
 * Returns how many bytes these are, 0 at the end of the file.  Stores in *@done how many were
 * copied: fewer if a buffer is invalid.
 */
static size_t read_one_page(struct tree_inode *inode, struct iov_iter *to, u64 pos, size_t *done)
{
	static const char zeros[64];
	struct page *page = NULL;
	size_t n = 0, part;

	mutex_lock(&ramfs.lock);
	if (pos < inode->i_size) {
		n = min_t(u64, inode->i_size - pos, PAGE_SIZE - pos % PAGE_SIZE);
		page = get_file_page(inode, pos / PAGE_SIZE, false);
	}
	mutex_unlock(&ramfs.lock);
	n = min(n, iov_iter_count(to));
	*done = 0;
	if (page) {
		*done = copy_to_iter((char *)page_address(page) + pos % PAGE_SIZE, n, to);
		put_page(page);
		return n;
	}
	do {
		part = copy_to_iter(zeros, min(sizeof(zeros), n - *done), to);
		*done += part;
	} while (part && *done < n);
	return n;
}

static ssize_t ramfs_read_at(struct file *file, struct iov_iter *to, u64 *pos)
{
	struct tree_inode *inode = inode_of(file);
	ssize_t total = 0;

	while (iov_iter_count(to)) {
		size_t done, want = read_one_page(inode, to, *pos, &done);

		*pos += done;
		total += done;
		if (done < want && !total)
			total = -EFAULT;
		if (!want || done < want)
			break;
		cond_resched();
	}
	inode_accessed(inode);
	return total;
}

/* i_mutex held. */
static ssize_t write_pages(struct tree_inode *inode, struct iov_iter *from, u64 *pos)
{
	ssize_t total = 0;

	while (iov_iter_count(from)) {
		struct page *page = find_or_create_page(inode, *pos / PAGE_SIZE);
		size_t offset = *pos % PAGE_SIZE, want, done;

		if (IS_ERR(page))
			return total ? total : PTR_ERR(page);
		want = min(iov_iter_count(from), PAGE_SIZE - offset);
		done = copy_from_iter((char *)page_address(page) + offset, want, from);
		put_page(page);
		*pos += done;
		total += done;
		size_at_least(inode, done ? *pos : 0);
		if (done < want)
			return total ? total : -EFAULT;
		cond_resched();
	}
	return total;
}

static ssize_t ramfs_write_at(struct file *file, struct iov_iter *from, u64 *pos)
{
	struct tree_inode *inode = inode_of(file);
	ssize_t res;

	if (!iov_iter_count(from))
		return 0;
	mutex_lock(&inode->i_mutex);
	if (file->f_flags & O_APPEND)
		*pos = inode->i_size;
	res = -EFBIG;
	if (*pos < FILE_SIZE_MAX) {
		from->count = min_t(u64, from->count, FILE_SIZE_MAX - *pos);
		inode_modified(inode);
		res = write_pages(inode, from, pos);
	}
	mutex_unlock(&inode->i_mutex);
	return res;
}

ssize_t ramfs_write(struct tree_inode *inode, const void *buf, size_t n, u64 pos)
{
	size_t done = 0;

	mutex_lock(&inode->i_mutex);
	while (done < n) {
		struct page *page = find_or_create_page(inode, pos / PAGE_SIZE);
		size_t part = min(n - done, PAGE_SIZE - pos % PAGE_SIZE);

		if (IS_ERR(page)) {
			mutex_unlock(&inode->i_mutex);
			return PTR_ERR(page);
		}
		memcpy((char *)page_address(page) + pos % PAGE_SIZE, (const char *)buf + done,
		       part);
		put_page(page);
		done += part;
		pos += part;
		size_at_least(inode, pos);
	}
	mutex_unlock(&inode->i_mutex);
	return done;
}

/* ---- position -------------------------------------------------------------------------------- */

/*
 * Finds the next byte at or after @pos that has a page (@data) or is in a hole.  The end of the
 * file counts as a hole.
 */
static s64 find_data_or_hole(struct tree_inode *inode, u64 pos, bool data)
{
	u64 index = pos / PAGE_SIZE, size;

	mutex_lock(&ramfs.lock);
	size = inode->i_size;
	if (data && !radix_tree_next(&inode->i_data, &index))
		index = size / PAGE_SIZE + 1;
	while (!data && index <= size / PAGE_SIZE && radix_tree_lookup(&inode->i_data, index))
		index++;
	mutex_unlock(&ramfs.lock);
	if (pos >= size || (data && index * PAGE_SIZE >= size))
		return -ENXIO;
	return min(max(pos, index * PAGE_SIZE), size);
}

static s64 ramfs_llseek(struct file *file, s64 offset, unsigned int whence)
{
	struct tree_inode *inode = inode_of(file);

	switch (whence) {
	case SEEK_END:
		return vfs_setpos(file, offset, inode->i_size);
	case SEEK_DATA:
	case SEEK_HOLE:
		if (offset < 0)
			return -ENXIO;
		offset = find_data_or_hole(inode, offset, whence == SEEK_DATA);
		return offset < 0 ? offset : vfs_setpos(file, offset, 0);
	default:
		return generic_llseek(file, offset, whence);
	}
}

const struct file_operations ramfs_file_ops = {
	.read_at = ramfs_read_at,
	.write_at = ramfs_write_at,
	.llseek = ramfs_llseek,
	.mmap_page = ramfs_mmap_page,
};

void ramfs_file_init(void)
{
	mutex_init(&ramfs.lock);
	ramfs.usage = (struct ramfs_usage){
		.pages_max = nr_total_pages() / RAMFS_PAGES_PART,
		.inodes_max = nr_total_pages() / RAMFS_INODES_PART,
	};
}
