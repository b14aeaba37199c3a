/* SPDX-License-Identifier: MIT */
/*
 * Users, groups, capabilities, sessions: the program is root, and the only process.
 *
 * Called through kernel_syscall() (process context).  A server that gives up root (setgroups, setgid,
 * setuid) sees its new ids, and cannot get the old ids back. The ids protect no file, socket or
 * timer: only the calls of this file look at them, and AF_UNIX, which tells them to the peer. Compare Linux's kernel/sys.c, groups.c and
 * capability.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/unistd.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/limits.h"
#include "kernel/process/process.h"
#include "kernel/process/sys.h"
#include "kernel/syscall.h"

#define KEEP ((u32)-1) /* an argument that leaves an id as it is */

/* Real, effective and saved id. */
struct ids {
	u32 real, effective, saved;
};

static struct ids uids, gids;
static u32 groups[GROUPS_MAX];
static unsigned int nr_groups;

/* ---- users and groups ----------------------------------------------------------------------- */

static bool is_root(void)
{
	return uids.effective == 0;
}

void process_ids(bool effective, u32 *uid, u32 *gid)
{
	*uid = effective ? uids.effective : uids.real;
	*gid = effective ? gids.effective : gids.real;
}

static bool is_one_of(const struct ids *ids, u32 id)
{
	return id == ids->real || id == ids->effective || id == ids->saved;
}

bool process_may_claim(int pid, u32 uid, u32 gid)
{
	return is_root() || (pid == PROCESS_PID && is_one_of(&uids, uid) && is_one_of(&gids, gid));
}

static bool may_take(const struct ids *ids, u32 id)
{
	return id == KEEP || is_root() || id == ids->real || id == ids->effective ||
	       id == ids->saved;
}

static long set_three(struct ids *ids, u32 real, u32 effective, u32 saved)
{
	if (!may_take(ids, real) || !may_take(ids, effective) || !may_take(ids, saved))
		return -EPERM;
	if (real != KEEP)
		ids->real = real;
	if (effective != KEEP)
		ids->effective = effective;
	if (saved != KEEP)
		ids->saved = saved;
	return 0;
}

/* setuid(): root changes all three ids, another user only the effective id. */
static long set_one(struct ids *ids, u32 id)
{
	if (id == KEEP)
		return -EINVAL;
	if (is_root())
		return set_three(ids, id, id, id);
	return id == ids->real || id == ids->saved ? set_three(ids, KEEP, id, KEEP) : -EPERM;
}

/*
 * setreuid(): if the real id is set, or the effective id to a value other than the old real id, the
 * saved id becomes the effective id.  Without root the real id cannot become the saved id.
 */
static long set_two(struct ids *ids, u32 real, u32 effective)
{
	u32 before = ids->real;
	long err;

	if (real != KEEP && !is_root() && real != before && real != ids->effective)
		return -EPERM;
	err = set_three(ids, real, effective, KEEP);
	if (!err && (real != KEEP || (effective != KEEP && effective != before)))
		ids->saved = ids->effective;
	return err;
}

static long get_three(const struct ids *ids, u32 __user *real, u32 __user *effective,
		      u32 __user *saved)
{
	if (copy_to_user(real, &ids->real, sizeof(u32)) ||
	    copy_to_user(effective, &ids->effective, sizeof(u32)) ||
	    copy_to_user(saved, &ids->saved, sizeof(u32)))
		return -EFAULT;
	return 0;
}

static long sys_getuid(void)
{
	return uids.real;
}

static long sys_geteuid(void)
{
	return uids.effective;
}

static long sys_getgid(void)
{
	return gids.real;
}

static long sys_getegid(void)
{
	return gids.effective;
}

static long sys_setgid(u32 id)
{
	return set_one(&gids, id);
}

static long sys_setuid(u32 id)
{
	return set_one(&uids, id);
}

static long sys_setreuid(u32 real, u32 effective)
{
	return set_two(&uids, real, effective);
}

static long sys_setregid(u32 real, u32 effective)
{
	return set_two(&gids, real, effective);
}

static long sys_setresuid(u32 real, u32 effective, u32 saved)
{
	return set_three(&uids, real, effective, saved);
}

static long sys_setresgid(u32 real, u32 effective, u32 saved)
{
	return set_three(&gids, real, effective, saved);
}

static long sys_getresuid(u32 __user *real, u32 __user *effective, u32 __user *saved)
{
	return get_three(&uids, real, effective, saved);
}

static long sys_getresgid(u32 __user *real, u32 __user *effective, u32 __user *saved)
{
	return get_three(&gids, real, effective, saved);
}

static long sys_getgroups(int size, u32 __user *list)
{
	if (size < 0 || (size && size < (int)nr_groups))
		return -EINVAL;
	if (size && copy_to_user(list, groups, nr_groups * sizeof(u32)))
		return -EFAULT;
	return nr_groups;
}

static long sys_setgroups(int size, const u32 __user *list)
{
	u32 new[GROUPS_MAX];

	if (!is_root())
		return -EPERM;
	if (size < 0 || size > GROUPS_MAX)
		return -EINVAL;
	if (copy_from_user(new, list, size * sizeof(u32)))
		return -EFAULT;
	for (int i = 0; i < size; i++)
		groups[i] = new[i];
	nr_groups = size;
	return 0;
}

/* ---- capabilities --------------------------------------------------------------------------- */

#define CAPABILITY_VERSION_3 0x20080522u
#define CAPABILITIES         41 /* CAP_LAST_CAP + 1 of Linux 6 */

struct cap_header {
	u32 version;
	s32 pid;
};

struct cap_data {
	u32 effective, permitted, inheritable;
};

static int check_cap_header(struct cap_header __user *uheader, struct cap_header *header)
{
	const u32 version = CAPABILITY_VERSION_3;

	if (copy_from_user(header, uheader, sizeof(*header)))
		return -EFAULT;
	if (header->version == version)
		return header->pid && header->pid != PROCESS_PID ? -ESRCH : 0;
	return copy_to_user(&uheader->version, &version, sizeof(version)) ? -EFAULT : -EINVAL;
}

static long sys_capget(struct cap_header __user *uheader, struct cap_data __user *data)
{
	u64 all = is_root() ? BIT(CAPABILITIES) - 1 : 0;
	struct cap_data k[2] = {{(u32)all, (u32)all, 0}, {(u32)(all >> 32), (u32)(all >> 32), 0}};
	struct cap_header header;
	int err = check_cap_header(uheader, &header);

	/* Without @data the call asks for the version. */
	if (err)
		return err == -EINVAL && !data ? 0 : err;
	return data && copy_to_user(data, k, sizeof(k)) ? -EFAULT : 0;
}

/* Checks the arguments and changes nothing: no other system call needs a capability. */
static long sys_capset(struct cap_header __user *uheader, const struct cap_data __user *data)
{
	struct cap_data k[2];
	struct cap_header header;
	int err = check_cap_header(uheader, &header);

	if (err)
		return err;
	return copy_from_user(k, data, sizeof(k)) ? -EFAULT : 0;
}

/* ---- process groups and sessions ------------------------------------------------------------ */

static long sys_getppid(void)
{
	return 0;
}

static long own_id(int pid)
{
	return pid && pid != PROCESS_PID ? -ESRCH : PROCESS_PID;
}

static long sys_getpgid(int pid)
{
	return own_id(pid);
}

static long sys_getsid(int pid)
{
	return own_id(pid);
}

static long sys_getpgrp(void)
{
	return PROCESS_PID;
}

/* The process already leads its group and its session, so it cannot begin a session. */
static long sys_setsid(void)
{
	return -EPERM;
}

static long sys_setpgid(int pid, int group)
{
	if (group < 0)
		return -EINVAL;
	return own_id(pid) < 0 ? -ESRCH : -EPERM;
}

/* ---- children: there are none --------------------------------------------------------------- */

#define WAIT_OPTIONS 0xe000000bu /* of wait4(): WNOHANG, WUNTRACED, WCONTINUED, __WALL ... */

static long sys_wait4(int pid, int __user *status, u32 options)
{
	return options & ~WAIT_OPTIONS ? -EINVAL : -ECHILD;
}

#define WAITID_OPTIONS 0xe100000fu
#define WAITID_EVENTS  0x0000000eu /* WSTOPPED, WEXITED, WCONTINUED */

static long sys_waitid(int which, int pid, void __user *info, u32 options)
{
	return options & ~WAITID_OPTIONS || !(options & WAITID_EVENTS) ? -EINVAL : -ECHILD;
}

void ids_init(void)
{
	static const struct syscall_def defs[] = {
		SYSCALL_DEF(__NR_getuid, sys_getuid),
		SYSCALL_DEF(__NR_geteuid, sys_geteuid),
		SYSCALL_DEF(__NR_getgid, sys_getgid),
		SYSCALL_DEF(__NR_getegid, sys_getegid),
		SYSCALL_DEF(__NR_setuid, sys_setuid),
		SYSCALL_DEF(__NR_setgid, sys_setgid),
		SYSCALL_DEF(__NR_setreuid, sys_setreuid),
		SYSCALL_DEF(__NR_setregid, sys_setregid),
		SYSCALL_DEF(__NR_setresuid, sys_setresuid),
		SYSCALL_DEF(__NR_setresgid, sys_setresgid),
		SYSCALL_DEF(__NR_getresuid, sys_getresuid),
		SYSCALL_DEF(__NR_getresgid, sys_getresgid),
		SYSCALL_DEF(__NR_getgroups, sys_getgroups),
		SYSCALL_DEF(__NR_setgroups, sys_setgroups),
		SYSCALL_DEF(__NR_capget, sys_capget),
		SYSCALL_DEF(__NR_capset, sys_capset),
		SYSCALL_DEF(__NR_getppid, sys_getppid),
		SYSCALL_DEF(__NR_getpgid, sys_getpgid),
		SYSCALL_DEF(__NR_getpgrp, sys_getpgrp),
		SYSCALL_DEF(__NR_getsid, sys_getsid),
		SYSCALL_DEF(__NR_setsid, sys_setsid),
		SYSCALL_DEF(__NR_setpgid, sys_setpgid),
		SYSCALL_DEF(__NR_wait4, sys_wait4),
		SYSCALL_DEF(__NR_waitid, sys_waitid),
	};

	register_syscalls(defs, ARRAY_SIZE(defs));
}
