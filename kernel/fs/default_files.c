/* SPDX-License-Identifier: MIT */
/*
 * Directories and files that programs and C libraries expect, in /etc, /var, /sys and elsewhere.
 *
 * default_files_create() <- the init thread, before the program starts.  Process context.
 *
 * An initrd usually has the program and its own files only.  Each name that exists is left alone,
 * whatever it is.  There is no /etc/localtime: without it musl and glibc use UTC, the time of the
 * machine's clock.  Compare passwd(5), group(5), hosts(5), nsswitch.conf(5), resolv.conf(5), hostname(5).
 */
#include "kernel/fs/default_files.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/namei.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/string.h"
#include "kernel/printk.h"
#include "kernel/process/sys.h"

#define TEXT_MAX 256

/* Directories of /sys. /sys has only the files that allocators and servers read when they start. */
#define SYS_HUGE  "/sys/kernel/mm/transparent_hugepage"
#define SYS_CPU   "/sys/devices/system/cpu"
#define SYS_CLOCK "/sys/devices/system/clocksource/clocksource0"

static const struct {
	const char *path;
	u32 mode;
} directories[] = {
	{"/etc", 0755},           {"/tmp", S_ISVTX | 0777},
	{"/run", 0755},           {"/var", 0755},
	{"/var/log", 0755},       {"/var/tmp", S_ISVTX | 0777},
	{"/var/lib", 0755},       {"/dev/shm", S_ISVTX | 0777},
	{"/sys", 0755},           {"/sys/kernel", 0755},
	{"/sys/kernel/mm", 0755}, {SYS_HUGE, 0755},
	{"/sys/devices", 0755},   {"/sys/devices/system", 0755},
	{SYS_CPU, 0755},          {"/sys/devices/system/clocksource", 0755},
	{SYS_CLOCK, 0755},
};

static const struct {
	const char *path, *target;
} links[] = {
	{"/var/run", "/run"},
	/* The name servers of `ip=`, in the format of resolv.conf. */
	{"/etc/resolv.conf", "/proc/net/pnp"},
};

/* "%s" is the host name. */
static const struct {
	const char *path, *text;
} files[] = {
	{"/etc/passwd", "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
	{"/etc/group", "root:x:0:\nnogroup:x:65534:\n"},
	{"/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n"},
	{"/etc/hostname", "%s\n"},
	{"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
	{SYS_HUGE "/enabled", "always madvise [never]\n"},
	{SYS_CPU "/online", "0\n"},
	{SYS_CPU "/possible", "0\n"},
	{SYS_CPU "/present", "0\n"},
	{SYS_CLOCK "/current_clocksource", "tsc\n"},
};

/*
 * Creates @path if it does not exist.  Returns the dentry of the new object with a reference, NULL if
 * the path exists or its directory does not, or ERR_PTR.
 */
static struct dentry *create(const char *path, const struct ramfs_new *new)
{
	struct dentry *dentry = NULL, *old = NULL;
	struct path_walk walk;
	int err = path_begin(&walk, AT_FDCWD, path);

	if (err)
		return ERR_PTR(err);
	mutex_lock(&tree_mutex);
	err = path_parent(&walk);
	if (!err)
		old = path_last(&walk, 0);
	if (!err && old == ERR_PTR(-ENOENT) && is_ramfs(walk.at->d_inode))
		dentry = ramfs_create(walk.at, walk.last, walk.last_len, new);
	mutex_unlock(&tree_mutex);
	if (!IS_ERR(old))
		dput(old);
	path_end(&walk);
	return dentry;
}

static int create_file(const char *path, const char *format)
{
	static const struct ramfs_new new = {.mode = S_IFREG | 0644};
	struct dentry *dentry = create(path, &new);
	const char *name = strstr(format, "%s");
	char text[TEXT_MAX];
	ssize_t n;

	if (!dentry || IS_ERR(dentry))
		return dentry ? PTR_ERR(dentry) : 0;
	n = strscpy(text, format, sizeof(text));
	if (name)
		n = name - format +
		    scnprintf(text + (name - format), sizeof(text) - (name - format), "%s%s",
			      nodename, name + 2);
	n = ramfs_write(dentry->d_inode, text, n, 0);
	dput(dentry);
	return n < 0 ? n : 0;
}

static int create_other(const char *path, const struct ramfs_new *new)
{
	struct dentry *dentry = create(path, new);

	if (IS_ERR(dentry))
		return PTR_ERR(dentry);
	dput(dentry);
	return 0;
}

static void report(const char *path, int err)
{
	if (err)
		pr_err("%s cannot be created (%d)\n", path, err);
}

void default_files_create(void)
{
	struct ramfs_new new = {};

	for (unsigned int i = 0; i < ARRAY_SIZE(directories); i++) {
		new.mode = S_IFDIR | directories[i].mode;
		report(directories[i].path, create_other(directories[i].path, &new));
	}
	new.mode = S_IFLNK | S_IRWXUGO;
	for (unsigned int i = 0; i < ARRAY_SIZE(links); i++) {
		new.link = links[i].target;
		report(links[i].path, create_other(links[i].path, &new));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(files); i++)
		report(files[i].path, create_file(files[i].path, files[i].text));
}
