/* SPDX-License-Identifier: MIT */
/*
 * Names in the directory tree: dentries, and the names of a RAM directory.
 *
 * d_alloc(), d_add(), d_drop(), d_move() <- ramfs.c; d_find() <- namei.c's walk; dget(), dput() <-
 * open files, the working directory.  Process context; tree_mutex where dcache.h says so.
 *
 * A directory's names are in a tree, ordered by a hash of the name.  The hash is also the position
 * that getdents64() and lseek() show: it remains valid while other names come and go.  Compare
 * Linux's fs/dcache.c and fs/d_path.c.
 */
#include "kernel/fs/dcache.h"

#include "include/uapi/errno.h"
#include "kernel/fs/readdir.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"

struct mutex tree_mutex;
struct dentry *root_dentry;

static struct kmem_cache *dentry_cache;

char *d_name_alloc(const char *name, unsigned int len)
{
	char *copy = kmalloc(len + 1, GFP_KERNEL);

	if (!copy)
		return NULL;
	memcpy(copy, name, len);
	copy[len] = '\0';
	return copy;
}

struct dentry *d_alloc(struct dentry *parent, const char *name, unsigned int len,
		       struct tree_inode *inode)
{
	struct dentry *dentry = kmem_cache_zalloc(dentry_cache, GFP_KERNEL);

	if (!dentry)
		goto out_iput;
	dentry->d_name = d_name_alloc(name, len);
	if (!dentry->d_name)
		goto out_free;
	dentry->d_len = len;
	dentry->d_parent = parent ? dget(parent) : dentry;
	dentry->d_inode = inode;
	refcount_set(&dentry->d_count, 1);
	return dentry;

out_free:
	kmem_cache_free(dentry_cache, dentry);
out_iput:
	iput(inode);
	return NULL;
}

struct dentry *dget(struct dentry *dentry)
{
	refcount_inc(&dentry->d_count);
	return dentry;
}

void dput(struct dentry *dentry)
{
	/*
	 * The freed dentry held a reference of its parent, perhaps the last: continue with the
	 * parent.
	 */
	while (dentry && refcount_dec_and_test(&dentry->d_count)) {
		struct dentry *parent = dentry->d_parent;

		BUG_ON(dentry->d_linked);
		iput(dentry->d_inode);
		kfree(dentry->d_name);
		kmem_cache_free(dentry_cache, dentry);
		dentry = parent;
	}
}

/* ---- the names of a RAM directory ------------------------------------------------------------ */

/*
 * Returns a hash of 62 bits.  It is also the entry's position for getdents64(), so it is higher than the positions of
 * "." and ".." (readdir.h).
 */
static u64 hash_name(const char *name, unsigned int len)
{
	static const siphash_key_t key = {{0x736f66746e657421, 1}};

	return max_t(u64, siphash(name, len, &key) >> 2, DIR_POS_FIRST);
}

static int compare(u64 hash, const char *name, unsigned int len, const struct dentry *other)
{
	if (hash != other->d_hash)
		return hash < other->d_hash ? -1 : 1;
	if (len != other->d_len)
		return len < other->d_len ? -1 : 1;
	return memcmp(name, other->d_name, len);
}

struct dentry *d_find(struct dentry *dir, const char *name, unsigned int len)
{
	struct rb_node *node = dir->d_inode->i_names.rb_node;
	u64 hash = hash_name(name, len);

	while (node) {
		struct dentry *dentry = rb_entry(node, struct dentry, d_node);
		int way = compare(hash, name, len, dentry);

		if (!way)
			return dget(dentry);
		node = way < 0 ? node->rb_left : node->rb_right;
	}
	return NULL;
}

struct dentry *d_from_hash(struct dentry *dir, u64 hash)
{
	struct rb_node *node = dir->d_inode->i_names.rb_node;
	struct dentry *best = NULL;

	while (node) {
		struct dentry *dentry = rb_entry(node, struct dentry, d_node);

		if (dentry->d_hash < hash) {
			node = node->rb_right;
		} else {
			best = dentry;
			node = node->rb_left;
		}
	}
	return best;
}

void d_add(struct dentry *dentry)
{
	struct rb_root *names = &dentry->d_parent->d_inode->i_names;
	struct rb_node **link = &names->rb_node, *parent = NULL;

	dentry->d_hash = hash_name(dentry->d_name, dentry->d_len);
	while (*link) {
		int way = compare(dentry->d_hash, dentry->d_name, dentry->d_len,
				  rb_entry(*link, struct dentry, d_node));

		BUG_ON(!way);
		parent = *link;
		link = way < 0 ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&dentry->d_node, parent, link);
	rb_insert_color(&dentry->d_node, names);
	dentry->d_linked = true;
	dget(dentry);
}

void d_drop(struct dentry *dentry)
{
	rb_erase(&dentry->d_node, &dentry->d_parent->d_inode->i_names);
	dentry->d_linked = false;
	dput(dentry);
}

void d_move(struct dentry *dentry, struct dentry *parent, char *name, unsigned int len)
{
	struct dentry *old_parent = dentry->d_parent;

	dget(dentry);
	d_drop(dentry);
	kfree(dentry->d_name);
	dentry->d_name = name;
	dentry->d_len = len;
	dentry->d_parent = dget(parent);
	d_add(dentry);
	dput(dentry);
	dput(old_parent);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* Puts @n bytes in front of *@at.  Returns false if fewer bytes are free between @buf and *@at. */
static bool prepend(char *buf, char **at, const char *text, size_t n)
{
	if (*at - buf < n)
		return false;
	*at -= n;
	memcpy(*at, text, n);
	return true;
}

char *d_path(struct dentry *dentry, char *buf, size_t size)
{
	static const char deleted[] = " (deleted)";
	char *at = buf + size;
	bool fits = prepend(buf, &at, "", 1);

	if (dentry != root_dentry && !dentry->d_linked && dentry->d_inode->i_dev == RAMFS_DEV)
		fits = fits && prepend(buf, &at, deleted, sizeof(deleted) - 1);
	if (dentry == root_dentry)
		fits = fits && prepend(buf, &at, "/", 1);
	for (; fits && dentry != root_dentry; dentry = dentry->d_parent)
		fits = prepend(buf, &at, dentry->d_name, dentry->d_len) &&
		       prepend(buf, &at, "/", 1);
	return fits ? at : ERR_PTR(-ENAMETOOLONG);
}

void dcache_init(void)
{
	mutex_init(&tree_mutex);
	dentry_cache = kmem_cache_create("dentry", sizeof(struct dentry), 0, 0);
}
