/* SPDX-License-Identifier: MIT */
/*
 * Unpacks the initrd into the RAM file system.
 *
 * initramfs_init() <- kernel_main(), after mm_init() and files_init().  Boot, one thread.
 *
 * The archive lies in physical memory that the page allocator does not have.  Its pages are handed
 * over one after the other while the archive is read: a page that has only one file's data becomes a
 * page of this file; all others are freed, also after an error.  So a machine needs memory
 * for the files once, not twice.  A page that a file shares with the next header is copied.
 *
 * The archive is not trusted.  A name with ".." is left out; an existing object of the same name is
 * replaced, unless both objects are directories.  Compare Linux's init/initramfs.c.
 */
#define LOG_SOURCE initrd_log
#include "kernel/fs/initramfs.h"

#include "boot/boot_info.h"
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/cpio.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"

static DEFINE_LOG_SOURCE(initrd_log, "initrd");

struct unpack {
	phys_addr_t base; /* physical address of the archive */
	const char *archive;
	u64 size;
	phys_addr_t next; /* the first page that was neither freed nor moved into a file */
	/* by (device, inode number): the dentry of a file with several names */
	struct radix_tree_root links;
	unsigned int entries, errors;
};

/* Reports an entry that is left out, but only the first INITRD_REPORTS_MAX of them. */
static void report(struct unpack *u, const struct cpio_entry *entry, const char *why)
{
	if (u->errors++ < INITRD_REPORTS_MAX)
		pr_err("initrd: %.64s: %s\n", entry->name, why);
}

static const char *error_text(int err)
{
	switch (err) {
	case -ENOSPC:
		return "no room in the RAM file system";
	case -ENOMEM:
		return "no memory";
	case -ENOTDIR:
		return "a part of its path is no directory";
	case -ENOTEMPTY:
	case -EBUSY:
		return "a directory with this name is in use";
	case -ENAMETOOLONG:
		return "its name is too long";
	default:
		return "it cannot be created";
	}
}

/* ---- pages ----------------------------------------------------------------------------------- */

static struct page *take_page(struct unpack *u)
{
	struct page *page = adopt_boot_page(u->next);

	u->next += PAGE_SIZE;
	return page;
}

/* Frees the pages that lie wholly before byte @end of the archive, except those that were moved into files. */
static void free_until(struct unpack *u, u64 end)
{
	while (u->next + PAGE_SIZE <= u->base + end)
		put_page(take_page(u));
}

/*
 * If the entry's data begins at a page boundary, moves its whole pages into the file.  Returns how
 * many bytes the file then has, or -errno.
 */
static s64 adopt_data(struct unpack *u, const struct cpio_entry *entry, struct tree_inode *inode)
{
	u64 done = 0;
	int err;

	if ((u->base + entry->data) % PAGE_SIZE)
		return 0;
	free_until(u, entry->data);
	for (; done + PAGE_SIZE <= entry->size; done += PAGE_SIZE) {
		struct page *page = take_page(u);

		err = ramfs_add_page(inode, done / PAGE_SIZE, page);
		if (err) {
			put_page(page);
			return err;
		}
	}
	return done;
}

static int fill_file(struct unpack *u, const struct cpio_entry *entry, struct tree_inode *inode)
{
	s64 done = adopt_data(u, entry, inode);
	u64 left;
	ssize_t n;

	if (done < 0)
		return done;
	left = entry->size - done;
	n = ramfs_write(inode, u->archive + entry->data + done, left, done);
	if (n < 0)
		return n;
	return ramfs_truncate(inode, entry->size);
}

/* ---- names of entries ------------------------------------------------------------------------ */

/* Returns true if a component of @name is "..". */
static bool leaves_the_root(const char *name)
{
	for (const char *at = strstr(name, ".."); at; at = strstr(at + 1, ".."))
		if ((at == name || at[-1] == '/') && (at[2] == '/' || !at[2]))
			return true;
	return false;
}

/* Creates the directories above the last component that do not exist.  tree_mutex held. */
static int make_parents(struct path_walk *walk)
{
	static const struct ramfs_new dir = {.mode = S_IFDIR | 0755};
	struct dentry *dentry;
	int err;

	while ((err = path_parent(walk)) == -ENOENT) {
		if (walk->last_type != LAST_NORM || !is_ramfs(walk->at->d_inode))
			return err;
		dentry = ramfs_create(walk->at, walk->last, walk->last_len, &dir);
		if (IS_ERR(dentry))
			return PTR_ERR(dentry);
		/* Continue the walk in the new directory. */
		dput(walk->at);
		walk->at = dentry;
	}
	return err;
}

/*
 * Removes an existing object with the name of the new one.  If both are directories, the existing
 * one is kept, and stored in *@kept with a reference.  Returns 0 or -errno.  tree_mutex held.
 */
static int make_room(struct path_walk *walk, u32 mode, struct dentry **kept)
{
	struct dentry *old = path_last(walk, 0);
	int err = 0;

	if (old == ERR_PTR(-ENOENT))
		return 0;
	if (IS_ERR(old))
		return PTR_ERR(old);
	if (is_dir(old->d_inode) && (mode & S_IFMT) == S_IFDIR) {
		*kept = old;
		return 0;
	}
	if (!is_ramfs(old->d_inode) || walk->last_type != LAST_NORM)
		err = -EBUSY;
	else if (is_dir(old->d_inode) && !RB_EMPTY_ROOT(&old->d_inode->i_names))
		err = -ENOTEMPTY;
	else
		ramfs_remove(old);
	dput(old);
	return err;
}

/*
 * Creates the object of an entry; or, if @link is not NULL, gives @link's file another name.
 * Returns the object's dentry with a reference, or ERR_PTR.
 */
static struct dentry *create(const char *name, const struct ramfs_new *new, struct dentry *link)
{
	struct dentry *dentry = NULL;
	struct path_walk walk;
	int err = path_begin(&walk, AT_FDCWD, name);

	if (err)
		return ERR_PTR(err);
	mutex_lock(&tree_mutex);
	err = make_parents(&walk);
	if (!err)
		err = make_room(&walk, new->mode, &dentry);
	if (!err && !dentry && !is_ramfs(walk.at->d_inode))
		err = -EBUSY;
	if (!err && !dentry && link) {
		err = ramfs_link(link->d_inode, walk.at, walk.last, walk.last_len);
		dentry = dget(link);
	} else if (!err && !dentry) {
		dentry = ramfs_create(walk.at, walk.last, walk.last_len, new);
	}
	mutex_unlock(&tree_mutex);
	path_end(&walk);
	if (err) {
		dput(dentry);
		dentry = ERR_PTR(err);
	}
	return dentry;
}

/* ---- entries of the archive ------------------------------------------------------------------ */

static u64 link_key(const struct cpio_entry *entry)
{
	return (u64)entry->dev << 32 | entry->ino;
}

static void set_attributes(struct tree_inode *inode, const struct cpio_entry *entry)
{
	inode->inode.i_mode = (inode->inode.i_mode & S_IFMT) | (entry->mode & S_IALLUGO);
	inode->i_uid = entry->uid;
	inode->i_gid = entry->gid;
	inode->i_mtime = entry->mtime * (s64)NSEC_PER_SEC;
	inode->i_atime = inode->i_ctime = inode->i_mtime;
}

/* Copies the target of a symbolic link, which has no NUL in the archive.  Returns 0 or -errno. */
static int copy_target(const struct unpack *u, const struct cpio_entry *entry, char **target)
{
	if (!entry->size || entry->size >= PATH_MAX)
		return entry->size ? -ENAMETOOLONG : -ENOENT;
	*target = kmalloc(entry->size + 1, GFP_KERNEL);
	if (!*target)
		return -ENOMEM;
	memcpy(*target, u->archive + entry->data, entry->size);
	(*target)[entry->size] = '\0';
	return 0;
}

static int unpack_file(struct unpack *u, const struct cpio_entry *entry, const char *name)
{
	const struct ramfs_new new = {.mode = S_IFREG | (entry->mode & S_IALLUGO)};
	struct dentry *first = NULL, *dentry;
	int err = 0;

	if (entry->nlink > 1)
		first = radix_tree_lookup(&u->links, link_key(entry));
	dentry = create(name, &new, first);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	/*
	 * If a file has several names, GNU cpio stores the data with the last name, other programs
	 * with the first.
	 */
	if (entry->size || !first) {
		err = fill_file(u, entry, dentry->d_inode);
		set_attributes(dentry->d_inode, entry);
	}
	if (entry->nlink > 1 && !first && !err) {
		err = radix_tree_insert(&u->links, link_key(entry), dentry);
		if (!err)
			return 0; /* the reference passed to u->links */
	}
	dput(dentry);
	return err;
}

static int unpack_other(struct unpack *u, const struct cpio_entry *entry, const char *name)
{
	struct ramfs_new new = {.mode = entry->mode & (S_IFMT | S_IALLUGO), .rdev = entry->rdev};
	struct dentry *dentry;
	char *target = NULL;
	int err = 0;

	if ((entry->mode & S_IFMT) == S_IFLNK)
		err = copy_target(u, entry, &target);
	if (err)
		return err;
	new.link = target;
	dentry = create(name, &new, NULL);
	kfree(target);
	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	if (is_ramfs(dentry->d_inode))
		set_attributes(dentry->d_inode, entry);
	dput(dentry);
	return 0;
}

static void unpack_entry(struct unpack *u, const struct cpio_entry *entry)
{
	char *name;
	int err;

	if (leaves_the_root(entry->name)) {
		report(u, entry, "left out: its name has a \"..\"");
		return;
	}
	switch (entry->mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFCHR:
		break;
	default:
		report(u, entry, "left out: a pipe, socket or disk");
		return;
	}
	/*
	 * Use a copy, which begins with '/': the page with the entry's name may be freed while the
	 * entry is unpacked.
	 */
	name = kmalloc(strlen(entry->name) + 2, GFP_KERNEL);
	err = -ENOMEM;
	if (name) {
		name[0] = '/';
		memcpy(name + 1, entry->name, strlen(entry->name) + 1);
		err = (entry->mode & S_IFMT) == S_IFREG ? unpack_file(u, entry, name)
							: unpack_other(u, entry, name);
	}
	if (err)
		report(u, &(struct cpio_entry){.name = name ? name : "?"}, error_text(err));
	kfree(name);
	u->entries += !err;
}

static void forget_links(struct unpack *u)
{
	struct dentry *dentry;
	u64 key = 0;

	while ((dentry = radix_tree_next(&u->links, &key))) {
		radix_tree_delete(&u->links, key);
		dput(dentry);
	}
}

/* ---- the archive ----------------------------------------------------------------------------- */

/* Unpacks archives that follow one another, with zeros between them. */
static void unpack_all(struct unpack *u)
{
	struct cpio_entry entry;
	const char *why;
	u64 pos = 0;
	int found;

	while (pos < u->size) {
		if (!u->archive[pos]) {
			pos++;
			continue;
		}
		found = cpio_next(u->archive, u->size, &pos, &entry, &why);
		if (found < 0) {
			const char *format = cpio_compression(u->archive + pos, u->size - pos);

			if (format)
				pr_err("initrd: compressed (%s): only plain cpio archives can be "
				       "read\n",
				       format);
			else
				pr_err("initrd: byte %llu: %s: the rest is left out\n",
				       (unsigned long long)pos, why);
			return;
		}
		if (!found) {
			forget_links(u);
			continue;
		}
		unpack_entry(u, &entry);
		free_until(u, pos);
	}
}

static void unpack_at(phys_addr_t base, u64 size)
{
	struct unpack u = {
		.base = base,
		.archive = hal_phys_to_virt(base),
		.size = size,
		.next = ALIGN_DOWN(base, PAGE_SIZE),
	};
	u64 free = nr_free_pages();

	ramfs_allow_pages(DIV_ROUND_UP(size, PAGE_SIZE));
	unpack_all(&u);
	forget_links(&u);
	free_until(&u, size + PAGE_SIZE - 1);
	if (u.errors > INITRD_REPORTS_MAX)
		pr_err("initrd: %u more entries were left out\n", u.errors - INITRD_REPORTS_MAX);
	pr_info("initrd: %llu KiB, %u files and directories\n", (unsigned long long)size / 1024,
		u.entries);
	pr_debug("%llu pages free before, %llu after", (unsigned long long)free,
		 (unsigned long long)nr_free_pages());
}

void initramfs_init(const struct boot_info *boot)
{
	log_register(&initrd_log);
	if (boot->initrd_size) {
		struct unpack pack = {.base = boot->pack, .next = boot->pack};

		unpack_at(boot->initrd, boot->initrd_size);
		free_until(&pack, ALIGN_UP(boot->pack_size, PAGE_SIZE));
	} else if (boot->pack_size) {
		unpack_at(boot->pack, boot->pack_size);
	}
}
