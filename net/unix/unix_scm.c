/* SPDX-License-Identifier: MIT */
/*
 * Descriptors and credentials in messages of AF_UNIX sockets (SCM_RIGHTS, SCM_CREDENTIALS).
 *
 * unix_*_sendmsg() -> unix_scm_send(), unix_scm_attach(), unix_scm_may_queue(), unix_scm_queued();
 * unix_recvmsg() -> unix_scm_unqueued(), unix_scm_recv(); the end of a queue -> unix_free_skb()
 * (process). A message holds a reference to each file, until it is read or its queue ends.
 *
 * A socket that waits in its own queue, or two in the queues of each other, would never be closed.
 * Linux finds them by a garbage collection. Here no such ring can arise: a socket that is in a
 * message receives no messages with AF_UNIX sockets, and a socket whose queue has AF_UNIX sockets is
 * not sent. Such a sendmsg() fails with -ETOOMANYREFS, as on Linux if sockets are nested more than
 * four deep. A connection before accept() receives none either, because its listener may be in a
 * message. unix(7), cmsg(3); compare Linux's net/core/scm.c and net/unix/garbage.c.
 */
#include "include/uapi/errno.h"
#include "include/uapi/fcntl.h"
#include "kernel/fs/file.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/mm/uaccess.h"
#include "kernel/process/process.h"
#include "net/socket.h"
#include "net/unix/af_unix.h"

struct unix_files {
	unsigned int count;
	struct file *file[UNIX_FILES_MAX];
};

void unix_creds(struct ucred *creds, bool effective)
{
	creds->pid = PROCESS_PID;
	process_ids(effective, &creds->uid, &creds->gid);
}

/* ---- reading the control messages of a send --------------------------------------------------- */

/* Takes references to the files of one SCM_RIGHTS. */
static int take_files(const struct cmsghdr *cmsg, struct unix_scm *scm)
{
	const int *fds = (const int *)(cmsg + 1);
	unsigned int n = (cmsg->cmsg_len - sizeof(*cmsg)) / sizeof(int);

	if (!n)
		return 0;
	if (!scm->files) {
		scm->files = kzalloc(sizeof(*scm->files), GFP_KERNEL);
		if (!scm->files)
			return -ENOMEM;
	}
	if (n > UNIX_FILES_MAX - scm->files->count)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++) {
		struct file *file = fget_raw(fds[i]);

		if (!file)
			return -EBADF;
		scm->files->file[scm->files->count++] = file;
	}
	return 0;
}

/* Takes the credentials that the program claims to have. */
static int take_creds(const struct cmsghdr *cmsg, struct unix_scm *scm)
{
	struct ucred claimed;

	if (cmsg->cmsg_len != sizeof(*cmsg) + sizeof(claimed))
		return -EINVAL;
	memcpy(&claimed, cmsg + 1, sizeof(claimed));
	if (!process_may_claim(claimed.pid, claimed.uid, claimed.gid))
		return -EPERM;
	if (claimed.pid != PROCESS_PID)
		return -ESRCH;
	scm->creds = claimed;
	return 0;
}

int unix_scm_send(const struct kmsghdr *msg, struct unix_scm *scm)
{
	struct cmsghdr *cmsg;
	int err = 0;

	*scm = (struct unix_scm){0};
	unix_creds(&scm->creds, false);
	for_each_cmsghdr(cmsg, msg)
	{
		if (!cmsg_ok(msg, cmsg))
			err = -EINVAL;
		else if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		else if (cmsg->cmsg_type == SCM_RIGHTS)
			err = take_files(cmsg, scm);
		else if (cmsg->cmsg_type == SCM_CREDENTIALS)
			err = take_creds(cmsg, scm);
		else
			err = -EINVAL;
		if (err)
			break;
	}
	if (err || (scm->files && !scm->files->count))
		unix_scm_free(scm);
	return err;
}

/* ---- the files in a message ------------------------------------------------------------------- */

void unix_scm_free(struct unix_scm *scm)
{
	struct unix_files *files = scm->files;

	scm->files = NULL;
	for (unsigned int i = 0; files && i < files->count; i++)
		fput(files->file[i]);
	kfree(files);
}

bool unix_scm_copy(struct unix_scm *to, const struct unix_scm *from)
{
	*to = *from;
	if (!from->files)
		return true;
	to->files = kmalloc(sizeof(*to->files), GFP_KERNEL);
	if (!to->files)
		return false;
	*to->files = *from->files;
	for (unsigned int i = 0; i < to->files->count; i++)
		get_file(to->files->file[i]);
	return true;
}

void unix_scm_attach(struct sk_buff *skb, struct unix_scm *scm)
{
	*UNIXCB(skb) = *scm;
	if (scm->files) {
		skb->truesize += sizeof(*scm->files);
		atomic_add(sizeof(*scm->files), &skb->sk->sk_wmem_alloc);
	}
	scm->files = NULL;
}

void unix_free_skb(struct sk_buff *skb)
{
	unix_scm_free(UNIXCB(skb));
	consume_skb(skb);
}

/* ---- sockets in messages ---------------------------------------------------------------------- */

/* Returns the AF_UNIX socket that @file is, or NULL. */
static struct unix_sock *socket_of(struct file *file)
{
	int err;
	struct socket *sock = sock_from_file(file, &err);

	return sock && sock->ops->family == AF_UNIX ? unix_sk(sock->sk) : NULL;
}

int unix_scm_may_queue(const struct sock *sk, const struct sk_buff *skb)
{
	const struct unix_files *files = UNIXCB(skb)->files;
	const struct unix_sock *to = unix_sk(sk);

	for (unsigned int i = 0; files && i < files->count; i++) {
		const struct unix_sock *u = socket_of(files->file[i]);

		if (u && (to->inflight || to->embryo || u->holds || u == to))
			return -ETOOMANYREFS;
	}
	return 0;
}

void unix_scm_queued(struct sock *sk, const struct sk_buff *skb)
{
	const struct unix_files *files = UNIXCB(skb)->files;

	for (unsigned int i = 0; files && i < files->count; i++) {
		struct unix_sock *u = socket_of(files->file[i]);

		if (u) {
			u->inflight++;
			unix_sk(sk)->holds++;
		}
	}
}

void unix_scm_unqueued(struct sock *sk, const struct sk_buff *skb)
{
	const struct unix_files *files = UNIXCB(skb)->files;

	for (unsigned int i = 0; files && i < files->count; i++) {
		struct unix_sock *u = socket_of(files->file[i]);

		if (u) {
			u->inflight--;
			unix_sk(sk)->holds--;
		}
	}
}

/* ---- returning files and credentials to a reader ---------------------------------------------- */

/*
 * Opens a descriptor for each file, as many as fit into the control buffer, and stores the
 * descriptors. The files that are left over are closed with the message.
 */
static void give_files(struct kmsghdr *msg, const struct unix_files *files, int flags)
{
	const unsigned int open_flags = flags & MSG_CMSG_CLOEXEC ? O_CLOEXEC : 0;
	u8 __user *to = msg->msg_control;
	struct cmsghdr head = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	unsigned int room = 0, n;
	size_t space;

	if (to && msg->msg_controllen > sizeof(head))
		room = min_t(size_t, (msg->msg_controllen - sizeof(head)) / sizeof(int),
			     files->count);
	for (n = 0; n < room; n++) {
		int fd = get_unused_fd_flags(open_flags);

		if (fd < 0)
			break;
		if (copy_to_user(to + sizeof(head) + n * sizeof(fd), &fd, sizeof(fd))) {
			put_unused_fd(fd);
			break;
		}
		get_file(files->file[n]);
		fd_install(fd, files->file[n]);
	}
	if (n < files->count)
		msg->msg_flags |= MSG_CTRUNC;
	if (!n)
		return;
	head.cmsg_len = sizeof(head) + n * sizeof(int);
	if (copy_to_user(to, &head, sizeof(head)))
		return;
	space = min(CMSG_ALIGN(head.cmsg_len), msg->msg_controllen);
	msg->msg_control = to + space;
	msg->msg_controllen -= space;
}

void unix_scm_recv(const struct sock *sk, struct kmsghdr *msg, struct unix_scm *scm, int flags)
{
	if (sock_flag(sk, SOCK_PASSCRED))
		put_cmsg(msg, SOL_SOCKET, SCM_CREDENTIALS, &scm->creds, sizeof(scm->creds));
	if (scm->files)
		give_files(msg, scm->files, flags);
	unix_scm_free(scm);
}
