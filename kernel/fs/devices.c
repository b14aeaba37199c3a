/* SPDX-License-Identifier: MIT */
/*
 * The devices in /dev: null, zero, full, random, urandom, console, tty.
 *
 * device_open() <- open() of a device node, whatever its name: the node's number decides.
 * devices_init() <- boot, after the initrd.  Process context, no lock.  Compare Linux's
 * drivers/char/mem.c, drivers/char/random.c and Documentation/admin-guide/devices.txt.
 */
#include "kernel/fs/devices.h"

#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/fs/internal.h"
#include "kernel/fs/ramfs.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/printk.h"
#include "kernel/sched/sched.h"

static ssize_t null_read_at(struct file *file, struct iov_iter *to, u64 *pos)
{
	return 0;
}

static ssize_t null_write_at(struct file *file, struct iov_iter *from, u64 *pos)
{
	size_t n = iov_iter_count(from);

	from->count = 0;
	return n;
}

static ssize_t full_write_at(struct file *file, struct iov_iter *from, u64 *pos)
{
	return -ENOSPC;
}

/*
 * Fills @to from a buffer. If @refill is not NULL, it writes the buffer before each copy; else the
 * copies are zeros. Returns the bytes copied, or -EFAULT if there are none.
 */
static ssize_t fill(struct iov_iter *to, void (*refill)(void *buf, size_t n))
{
	char buf[256] = {0};
	ssize_t total = 0;

	while (iov_iter_count(to)) {
		size_t want = min(sizeof(buf), iov_iter_count(to)), n;

		if (refill)
			refill(buf, want);
		n = copy_to_iter(buf, want, to);
		total += n;
		if (n < want)
			return total ? total : -EFAULT;
		cond_resched();
	}
	return total;
}

static ssize_t zero_read_at(struct file *file, struct iov_iter *to, u64 *pos)
{
	return fill(to, NULL);
}

static ssize_t random_read_at(struct file *file, struct iov_iter *to, u64 *pos)
{
	return fill(to, get_random_bytes);
}

static ssize_t random_write_at(struct file *file, struct iov_iter *from, u64 *pos)
{
	char buf[64];
	ssize_t total = 0;

	while (iov_iter_count(from)) {
		size_t n = copy_from_iter(buf, sizeof(buf), from);

		if (!n)
			return total ? total : -EFAULT;
		add_entropy(buf, n);
		total += n;
		cond_resched();
	}
	return total;
}

/* lseek() succeeds, but the position of these devices stays 0. */
static s64 null_llseek(struct file *file, s64 offset, unsigned int whence)
{
	return file->f_pos = 0;
}

static const struct file_operations null_ops = {
	.read_at = null_read_at,
	.write_at = null_write_at,
	.llseek = null_llseek,
};
static const struct file_operations zero_ops = {
	.read_at = zero_read_at,
	.write_at = null_write_at,
	.llseek = null_llseek,
	.mmap_anonymous = true,
};
static const struct file_operations full_ops = {
	.read_at = zero_read_at,
	.write_at = full_write_at,
	.llseek = null_llseek,
};
static const struct file_operations random_ops = {
	.read_at = random_read_at,
	.write_at = random_write_at,
	.llseek = null_llseek,
};

/* The devices, with Linux's device numbers.  @ops is NULL for the console, which console.c opens. */
static const struct device {
	const char *name;
	u32 rdev, mode;
	const struct file_operations *ops;
} devices[] = {
	{"null", MKDEV(1, 3), 0666, &null_ops},      {"zero", MKDEV(1, 5), 0666, &zero_ops},
	{"full", MKDEV(1, 7), 0666, &full_ops},      {"random", MKDEV(1, 8), 0666, &random_ops},
	{"urandom", MKDEV(1, 9), 0666, &random_ops}, {"tty", MKDEV(5, 0), 0666, NULL},
	{"console", MKDEV(5, 1), 0600, NULL},
};

struct file *device_open(struct tree_inode *inode, unsigned int flags)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++) {
		if (devices[i].rdev != inode->i_rdev)
			continue;
		return devices[i].ops ? alloc_file(&inode->inode, flags, devices[i].ops)
				      : console_open(flags);
	}
	return ERR_PTR(-ENXIO);
}

/* Creates a name in @dir unless it exists.  Returns its dentry with a reference, or NULL. */
static struct dentry *make(struct dentry *dir, const char *name, const struct ramfs_new *new)
{
	struct dentry *dentry;

	mutex_lock(&tree_mutex);
	dentry = d_find(dir, name, strlen(name));
	if (!dentry)
		dentry = ramfs_create(dir, name, strlen(name), new);
	mutex_unlock(&tree_mutex);
	if (!IS_ERR(dentry))
		return dentry;
	pr_err("%s cannot be created (%ld)\n", name, PTR_ERR(dentry));
	return NULL;
}

void devices_init(void)
{
	static const struct {
		const char *name, *target;
	} links[] = {
		{"fd", "/proc/self/fd"},
		{"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"},
	};
	struct ramfs_new new = {.mode = S_IFDIR | S_ISVTX | 0777};
	struct dentry *dev;

	dput(make(root_dentry, "tmp", &new)); /* programs create their temporary files here */
	new.mode = S_IFDIR | 0755;
	dev = make(root_dentry, "dev", &new);

	/* An initrd may have a /dev that is no directory. */
	if (!dev || !is_dir(dev->d_inode) || !is_ramfs(dev->d_inode))
		goto out;
	for (unsigned int i = 0; i < ARRAY_SIZE(devices); i++) {
		new = (struct ramfs_new){S_IFCHR | devices[i].mode, devices[i].rdev, NULL};
		dput(make(dev, devices[i].name, &new));
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(links); i++) {
		new = (struct ramfs_new){S_IFLNK | S_IRWXUGO, 0, links[i].target};
		dput(make(dev, links[i].name, &new));
	}
out:
	dput(dev);
}
