/* SPDX-License-Identifier: MIT */
/*
 * Files of /proc about the process's files: /proc/self/fd, /proc/self/cwd, /proc/self/root.
 *
 * link functions <- readlink() and walks, with tree_mutex held. Process context. As in Linux, a
 * descriptor's link is a path, or text such as "pipe:[number]" for a file without a path. Opening a
 * link of the second kind fails here; Linux opens the pipe again. Compare proc(5) and Linux's
 * fs/proc/fd.c.
 */
#include "include/uapi/errno.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/limits.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/string.h"
#include "kernel/sched/sched.h"

/* Moves the path of @dentry to the beginning of @buf. */
static ssize_t link_to(struct dentry *dentry, char *buf)
{
	char *path = d_path(dentry, buf, PATH_MAX);
	size_t n;

	if (IS_ERR(path))
		return PTR_ERR(path);
	n = strlen(path);
	memmove(buf, path, n + 1);
	return n;
}

static ssize_t link_text(const struct file *file, char *buf)
{
	const struct inode *inode = file->f_inode;
	const char *kind = "anon_inode";

	switch (inode ? inode->i_mode & S_IFMT : 0) {
	case S_IFCHR:
		return scnprintf(buf, PATH_MAX, "/dev/console");
	case S_IFSOCK:
		kind = "socket";
		break;
	case S_IFIFO:
		kind = "pipe";
		break;
	}
	return scnprintf(buf, PATH_MAX, "%s:[%llu]", kind,
			 inode ? (unsigned long long)inode->i_ino : 0ULL);
}

static ssize_t fd_link(u32 fd, char *buf)
{
	struct file *file = fget_raw(fd);
	ssize_t n;

	if (!file)
		return -ENOENT;
	n = file->f_dentry ? link_to(file->f_dentry, buf) : link_text(file, buf);
	fput(file);
	return n;
}

static ssize_t cwd_link(u32 number, char *buf)
{
	return link_to(the_pwd(), buf);
}

static ssize_t root_link(u32 number, char *buf)
{
	return link_to(root_dentry, buf);
}

void proc_self_init(void)
{
	static const struct proc_entry entries[] = {
		{.path = "self/fd/#", .link = fd_link, .next = fd_next},
		{.path = "self/cwd", .link = cwd_link},
		{.path = "self/root", .link = root_link},
	};

	proc_register(entries, ARRAY_SIZE(entries));
}
