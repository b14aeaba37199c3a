/* SPDX-License-Identifier: MIT */
/*
 * Names of AF_UNIX sockets: paths, and abstract names.
 *
 * bind() -> unix_check_name(), unix_take_name(), unix_autobind(); connect() and sendto() ->
 * unix_find(); close() -> unix_unhash() (process). A path names an inode of the RAM file system,
 * whose i_private is the socket; unlink() removes the path, and close() only the socket, as on Linux.
 * Abstract names are in a table with a chain for each hash. unix_lock protects both. unix(7);
 * compare Linux's net/unix/af_unix.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/namei.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "net/unix/af_unix.h"

#define NAME_CHAINS 64 /* chains of the table; a power of two */
#define PATH_AT     ((int)offsetof(struct sockaddr_un, sun_path))

static struct list_head chains[NAME_CHAINS];

/* The hash needs no secret key: all names are chosen by the one program on this machine, not by a peer. */
static struct list_head *chain_of(const struct sockaddr_un *name, int len, int type)
{
	u32 hash = type;

	for (int i = PATH_AT; i < len; i++)
		hash = hash * 31 + ((const u8 *)name)[i];
	hash ^= hash >> 16;
	if (!chains[0].next) {
		for (unsigned int i = 0; i < NAME_CHAINS; i++)
			INIT_LIST_HEAD(&chains[i]);
	}
	return &chains[hash & (NAME_CHAINS - 1)];
}

int unix_check_name(struct sockaddr_un *name, int len)
{
	if (len <= PATH_AT || len > (int)sizeof(*name) || name->sun_family != AF_UNIX)
		return -EINVAL;
	if (!name->sun_path[0])
		return len;
	/* The NUL has room: @name points into a sockaddr_storage, which is longer than a sockaddr_un. */
	((char *)name)[len] = '\0';
	return PATH_AT + (int)strlen(name->sun_path) + 1;
}

/* ---- addresses -------------------------------------------------------------------------------- */

static struct unix_address *address_new(const struct sockaddr_un *name, int len)
{
	struct unix_address *addr = kzalloc(sizeof(*addr), GFP_KERNEL);

	if (!addr)
		return NULL;
	refcount_set(&addr->refs, 1);
	addr->len = len;
	memcpy(&addr->name, name, len);
	return addr;
}

void unix_address_put(struct unix_address *addr)
{
	if (addr && refcount_dec_and_test(&addr->refs))
		kfree(addr);
}

void unix_copy_name(struct kmsghdr *msg, const struct sock *sk)
{
	const struct unix_address *addr = __atomic_load_n(&unix_sk(sk)->addr, __ATOMIC_ACQUIRE);

	msg->msg_namelen = 0;
	if (!addr)
		return;
	memcpy(msg->msg_name, &addr->name, addr->len);
	msg->msg_namelen = addr->len;
}

/* ---- finding the socket of a name ------------------------------------------------------------- */

/* unix_lock held. */
static struct sock *find_abstract(const struct sockaddr_un *name, int len, int type)
{
	struct unix_sock *u;

	list_for_each_entry(u, chain_of(name, len, type), hashed) {
		if (u->addr->len == len && u->sk.sk_type == type &&
		    !memcmp(&u->addr->name, name, len))
			return &u->sk;
	}
	return NULL;
}

/* Returns the socket that is bound to a path, of any type. */
static struct sock *find_path(const char *path, int *err)
{
	struct dentry *dentry = path_lookup(AT_FDCWD, path, LOOKUP_FOLLOW);
	struct sock *sk = NULL;

	if (IS_ERR(dentry)) {
		*err = PTR_ERR(dentry);
		return NULL;
	}
	*err = -ECONNREFUSED;
	if (inode_type(dentry->d_inode) == S_IFSOCK) {
		spin_lock(&unix_lock);
		sk = dentry->d_inode->inode.i_private;
		if (sk)
			sock_hold(sk);
		spin_unlock(&unix_lock);
	}
	dput(dentry);
	return sk;
}

struct sock *unix_find(const struct sockaddr_un *name, int len, int type, int *err)
{
	struct sock *sk;

	if (name->sun_path[0]) {
		sk = find_path(name->sun_path, err);
		if (!sk || sk->sk_type == type)
			return sk;
		sock_put(sk);
		*err = -EPROTOTYPE;
		return NULL;
	}
	spin_lock(&unix_lock);
	sk = find_abstract(name, len, type);
	if (sk)
		sock_hold(sk);
	spin_unlock(&unix_lock);
	*err = -ECONNREFUSED;
	return sk;
}

/* ---- binding ---------------------------------------------------------------------------------- */

/* Publishes the name, with the reference of @addr. unix_lock held. */
static void set_address(struct unix_sock *u, struct unix_address *addr)
{
	__atomic_store_n(&u->addr, addr, __ATOMIC_RELEASE);
}

static int take_path(struct unix_sock *u, struct unix_address *addr)
{
	struct dentry *dentry;

	if (u->addr) {
		/* If the path exists as well, Linux reports that. */
		dentry = path_lookup(AT_FDCWD, addr->name.sun_path, 0);
		if (IS_ERR(dentry))
			return -EINVAL;
		dput(dentry);
		return -EADDRINUSE;
	}
	dentry = kern_mksock(addr->name.sun_path, S_IRWXUGO);
	if (IS_ERR(dentry))
		return dentry == ERR_PTR(-EEXIST) ? -EADDRINUSE : PTR_ERR(dentry);
	u->dentry = dentry;
	spin_lock(&unix_lock);
	dentry->d_inode->inode.i_private = &u->sk;
	set_address(u, addr);
	spin_unlock(&unix_lock);
	return 0;
}

static int take_abstract(struct unix_sock *u, struct unix_address *addr)
{
	int err = u->addr ? -EINVAL : 0;

	spin_lock(&unix_lock);
	if (!err && find_abstract(&addr->name, addr->len, u->sk.sk_type))
		err = -EADDRINUSE;
	if (!err) {
		set_address(u, addr);
		list_add_tail(&u->hashed, chain_of(&addr->name, addr->len, u->sk.sk_type));
	}
	spin_unlock(&unix_lock);
	return err;
}

int unix_take_name(struct sock *sk, const struct sockaddr_un *name, int len)
{
	struct unix_address *addr = address_new(name, len);
	int err;

	if (!addr)
		return -ENOMEM;
	err = name->sun_path[0] ? take_path(unix_sk(sk), addr) : take_abstract(unix_sk(sk), addr);
	if (err)
		unix_address_put(addr);
	return err;
}

int unix_autobind(struct sock *sk)
{
	static u32 next;
	int err = -EADDRINUSE;

	lock_sock(sk);
	if (unix_sk(sk)->addr)
		err = 0;
	/* Five hexadecimal digits, as on Linux. A number may be in use: try the next. */
	while (err == -EADDRINUSE) {
		struct sockaddr_un name = {.sun_family = AF_UNIX};

		next = (next + 1) & 0xfffff;
		snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, "%05x", next);
		err = unix_take_name(sk, &name, PATH_AT + 6);
	}
	release_sock(sk);
	return err;
}

void unix_unhash(struct unix_sock *u)
{
	list_del_init(&u->hashed);
	if (u->dentry)
		u->dentry->d_inode->inode.i_private = NULL;
}
