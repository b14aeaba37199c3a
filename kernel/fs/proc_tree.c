/* SPDX-License-Identifier: MIT */
/*
 * /proc as a directory of the tree.
 *
 * proc_lookup(), proc_iterate() <- a walk, getdents64(), with tree_mutex held; open_entry() <-
 * open().  Process context.  The tables of entries and sysctls do not change after boot.
 *
 * The tree is not stored: it follows from the paths of the registered entries. A directory is a
 * prefix that some of these paths have in common. Its inode stores one of these entries, the length
 * of the prefix, and the number that the component "#" stands for. Compare Linux's
 * fs/proc/generic.c, fs/proc/self.c and fs/proc/base.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/proc.h"
#include "kernel/fs/ramfs.h"
#include "kernel/fs/readdir.h"
#include "kernel/lib/string.h"
#include "kernel/limits.h"
#include "kernel/sched/sched.h"
#include "kernel/sysctl.h"

/* bytes of a path below /proc: "sys/" and the name of a sysctl fit */
#define PROC_PATH_SIZE (SYSCTL_NAME_MAX + 8)

/* A file, link or directory of /proc, as its inode stores it in i_private. */
struct proc_place {
	u16 index;  /* number of an entry; the sysctls are counted after the entries */
	u16 len;    /* bytes of the entry's path that are the path of this place */
	u32 number; /* stands in place of "#" in the path */
};
BUILD_BUG_ON(sizeof(struct proc_place) != sizeof(void *));

static const struct inode_operations proc_ops;

static struct proc_place place_of(const struct tree_inode *inode)
{
	struct proc_place place;

	memcpy(&place, &inode->inode.i_private, sizeof(place));
	return place;
}

/* Returns the sysctl with this index, or NULL. */
static const struct ctl_table *sysctl_of(unsigned int index)
{
	unsigned int entries = 0;

	while (proc_nth(entries))
		entries++;
	return index < entries ? NULL : sysctl_nth(index - entries);
}

/* Writes the path of an entry or a sysctl to @path.  Returns false if there is none. */
static bool path_of(unsigned int index, char path[PROC_PATH_SIZE])
{
	const struct proc_entry *entry = proc_nth(index);
	const struct ctl_table *table = entry ? NULL : sysctl_of(index);

	if (entry)
		strscpy(path, entry->path, PROC_PATH_SIZE);
	else if (table)
		snprintf(path, PROC_PATH_SIZE, "sys/%s", table->procname);
	return entry || table;
}

/* A component of an entry's path: the component that follows the path of a directory. */
struct component {
	char path[PROC_PATH_SIZE];
	const char *name; /* in @path */
	unsigned int len;
	struct proc_place place; /* .number is the directory's */
	u32 mode;
};

static u32 mode_of(unsigned int index)
{
	const struct proc_entry *entry = proc_nth(index);

	if (entry && entry->link)
		return S_IFLNK | S_IRWXUGO;
	return S_IFREG | (!entry || entry->write ? 0644 : 0444);
}

/*
 * Finds the component of entry @index that follows the path of @dir.  Returns 1; 0 if the entry is in another
 * directory; -1 if there is no entry @index.
 */
static int component_at(struct proc_place dir, unsigned int index, struct component *c)
{
	char prefix[PROC_PATH_SIZE];
	const char *end;

	if (!path_of(index, c->path))
		return -1;
	path_of(dir.index, prefix);
	if (strncmp(c->path, prefix, dir.len) || (dir.len && c->path[dir.len] != '/'))
		return 0;
	c->name = c->path + dir.len + (dir.len > 0);
	end = strchr(c->name, '/');
	c->len = end ? end - c->name : strlen(c->name);
	c->place = (struct proc_place){index, c->name + c->len - c->path, dir.number};
	c->mode = end ? S_IFDIR | 0555 : mode_of(index);
	return 1;
}

static bool is_name(const struct component *c, const char *name, unsigned int len)
{
	return c->len == len && !memcmp(c->name, name, len);
}

static bool is_self(struct proc_place dir, const struct component *c)
{
	return !dir.len && is_name(c, "self", 4);
}

static u64 ino_of(struct proc_place place)
{
	return ((u64)place.number << 32 | place.len << 16 | place.index) + 1;
}

/* ---- looking up ------------------------------------------------------------------------------ */

/* If @c is a "#" and @name is a number that it stands for, stores the number and returns true. */
static bool take_number(struct component *c, const char *name, unsigned int len)
{
	const struct proc_entry *entry = proc_nth(c->place.index);
	u64 number = 0;

	if (len > 9 || (len > 1 && *name == '0'))
		return false;
	for (unsigned int i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return false;
		number = number * 10 + (name[i] - '0');
	}
	c->place.number = number;
	return entry->next(number) == (s64)number;
}

static struct dentry *make_dentry(struct dentry *dir, const char *name, unsigned int len,
				  struct proc_place place, u32 mode)
{
	struct tree_inode *inode = inode_alloc(&proc_ops, mode);
	struct dentry *dentry = NULL;

	if (inode) {
		inode->inode.i_ino = ino_of(place);
		memcpy(&inode->inode.i_private, &place, sizeof(place));
		inode->i_dev = PROC_DEV;
		inode->i_nlink = 1;
		dentry = d_alloc(dir, name, len, inode);
	}
	return dentry ? dentry : ERR_PTR(-ENOMEM);
}

static bool is_pid(const char *name, unsigned int len)
{
	char pid[12];

	return scnprintf(pid, sizeof(pid), "%d", THE_PROCESS) == len && !memcmp(pid, name, len);
}

static struct dentry *proc_lookup(struct dentry *dir, const char *name, unsigned int len)
{
	struct proc_place place = place_of(dir->d_inode);
	struct component c;
	int found;

	for (unsigned int i = 0; (found = component_at(place, i, &c)) >= 0; i++) {
		if (!found)
			continue;
		if (is_self(place, &c)) {
			if (is_name(&c, name, len))
				return make_dentry(dir, name, len, c.place, S_IFLNK | S_IRWXUGO);
			if (!is_pid(name, len))
				continue;
		} else if (is_name(&c, "#", 1) ? !take_number(&c, name, len)
					       : !is_name(&c, name, len)) {
			continue;
		}
		return make_dentry(dir, name, len, c.place, c.mode);
	}
	return ERR_PTR(-ENOENT);
}

/* ---- listing --------------------------------------------------------------------------------- */

/*
 * The position of an entry: its index in the low 16 bits; above them, for a "#", the lowest number
 * that was not listed yet.
 */
static u64 position(unsigned int index, u64 number)
{
	return DIR_POS_FIRST + (number << 16 | index);
}

/* Returns true if an entry before @c has the same component in @dir. */
static bool listed_before(struct proc_place dir, const struct component *c)
{
	struct component other;

	for (unsigned int i = 0; i < c->place.index; i++)
		if (component_at(dir, i, &other) > 0 && is_name(&other, c->name, c->len))
			return true;
	return false;
}

static bool emit_number(struct dir_context *ctx, struct component *c, u32 number, u64 next)
{
	char name[12];
	int len = scnprintf(name, sizeof(name), "%u", number);

	c->place.number = number;
	return dir_emit(ctx, name, len, ino_of(c->place), c->mode, next);
}

static bool emit_numbers(struct dir_context *ctx, struct component *c, u64 from)
{
	const struct proc_entry *entry = proc_nth(c->place.index);
	s64 number;

	while ((number = entry->next(from)) >= 0) {
		from = number + 1;
		if (!emit_number(ctx, c, number, position(c->place.index, from)))
			return false;
	}
	return true;
}

/* Lists "self" and, after it, the directory with the PID as its name. */
static bool emit_self(struct dir_context *ctx, struct component *c, u64 from)
{
	unsigned int index = c->place.index;

	if (!from && !dir_emit(ctx, c->name, c->len, ino_of(c->place), S_IFLNK, position(index, 1)))
		return false;
	return emit_number(ctx, c, THE_PROCESS, position(index + 1, 0));
}

static void proc_iterate(struct dentry *dir, struct dir_context *ctx)
{
	struct proc_place place = place_of(dir->d_inode);
	struct component c;
	bool more = true;
	u64 from;
	int found;

	if (!dir_emit_dots(dir, ctx))
		return;
	from = (ctx->pos - DIR_POS_FIRST) >> 16;
	for (unsigned int i = (ctx->pos - DIR_POS_FIRST) & 0xffff;
	     more && (found = component_at(place, i, &c)) >= 0; i++, from = 0) {
		if (!found || listed_before(place, &c))
			continue;
		if (is_self(place, &c))
			more = emit_self(ctx, &c, from);
		else if (is_name(&c, "#", 1))
			more = emit_numbers(ctx, &c, from);
		else
			more = dir_emit(ctx, c.name, c.len, ino_of(c.place), c.mode,
					position(i + 1, 0));
	}
}

/* ---- links and files ------------------------------------------------------------------------- */

static ssize_t proc_get_link(struct tree_inode *inode, char *buf)
{
	struct proc_place place = place_of(inode);
	const struct proc_entry *entry = proc_nth(place.index);
	char path[PROC_PATH_SIZE];

	path_of(place.index, path);
	if (path[place.len] == '/') /* the link /proc/self, which no entry registers */
		return scnprintf(buf, PATH_MAX, "%d", THE_PROCESS);
	return entry->link(place.number, buf);
}

static struct file *open_entry(struct tree_inode *inode, unsigned int flags)
{
	struct proc_place place = place_of(inode);
	const struct proc_entry *entry = proc_nth(place.index);

	if (entry)
		return proc_open(inode, entry, place.number, flags);
	return proc_sys_open(inode, sysctl_of(place.index), flags);
}

static const struct inode_operations proc_ops = {
	.lookup = proc_lookup,
	.iterate = proc_iterate,
	.get_link = proc_get_link,
	.open = open_entry,
};

void proc_tree_init(void)
{
	static const struct proc_place root;
	struct dentry *dentry;

	mutex_lock(&tree_mutex);
	dentry = make_dentry(root_dentry, "proc", 4, root, S_IFDIR | 0555);
	if (IS_ERR(dentry))
		panic("no memory for /proc");
	d_add(dentry);
	dput(dentry);
	mutex_unlock(&tree_mutex);
}
