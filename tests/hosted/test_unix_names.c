/* SPDX-License-Identifier: MIT */
/*
 * AF_UNIX with names, descriptors and credentials: sequences of calls that are also made on Linux, with
 * equal results (beside.h), and threads that wait.
 */
#include "tests/hosted/beside.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PATH "a.sock"

/* ---- the stage ---------------------------------------------------------------------------------- */

static int home = -1;

/* The sequence works in an empty directory: on Linux a new one, on A the root. */
static void enter(void)
{
	static char place[32];

	if (!on_linux())
		return;
	strcpy(place, "/tmp/unix.XXXXXX");
	home = open(".", O_RDONLY | O_DIRECTORY);
	assert_non_null(mkdtemp(place));
	assert_int_equal(chdir(place), 0);
}

static void leave(void)
{
	char place[64];

	if (!on_linux())
		return;
	assert_non_null(getcwd(place, sizeof(place)));
	assert_int_equal(fchdir(home), 0);
	assert_int_equal(rmdir(place), 0);
	close(home);
}

/* The second element is room behind the first, for calls whose length is too large. */
static struct sockaddr_un addresses[2];
#define address addresses[0]

/* Sets the address to a path, and returns its length as programs compute it. */
static socklen_t path(const char *name)
{
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	strcpy(address.sun_path, name);
	return offsetof(struct sockaddr_un, sun_path) + strlen(name) + 1;
}

static socklen_t abstract(const char *name)
{
	memset(&address, 0, sizeof(address));
	address.sun_family = AF_UNIX;
	strcpy(address.sun_path + 1, name);
	return offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
}

static int unix_socket(int type)
{
	int fd = on(SYS_socket, AF_UNIX, type | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	return fd;
}

static void note_name(const char *what, int nr, int fd)
{
	struct sockaddr_un got = {0};
	socklen_t len = sizeof(got);
	char text[160];

	note(what, on(nr, fd, PTR(&got), PTR(&len)));
	snprintf(text, sizeof(text), "%s: length %s%s", what,
		 len > 2 && !got.sun_path[0] ? "@" : "",
		 len > 2 ? got.sun_path + !got.sun_path[0] : "");
	note(text, len);
}

static void note_poll(const char *what, int fd)
{
	struct pollfd pfd = {.fd = fd, .events = 0x7fff};

	on(SYS_poll, PTR(&pfd), 1, 0);
	note(what, pfd.revents);
}

static int listener(int type, socklen_t len, int backlog)
{
	int fd = unix_socket(type);

	assert_int_equal(on(SYS_bind, fd, PTR(&address), len), 0);
	assert_int_equal(on(SYS_listen, fd, backlog), 0);
	return fd;
}

/* ---- names -------------------------------------------------------------------------------------- */

static void names(void)
{
	struct stat st;
	int fd, second;
	socklen_t len;

	enter();
	fd = unix_socket(SOCK_STREAM);
	len = path(PATH);
	note_name("no name", SYS_getsockname, fd);
	note_name("no peer", SYS_getpeername, fd);
	try(SYS_bind, fd, PTR(&address), 1);
	try(SYS_bind, fd, PTR(&address), 111);
	address.sun_family = AF_INET;
	try(SYS_bind, fd, PTR(&address), 20);
	path("nowhere/x");
	try(SYS_bind, fd, PTR(&address), sizeof(address));
	try(SYS_connect, fd, PTR(&address), sizeof(address));
	path("");
	len = path(PATH);
	try(SYS_listen, fd, 1);
	try(SYS_bind, fd, PTR(&address), len);
	note_name("path", SYS_getsockname, fd);
	try(SYS_bind, fd, PTR(&address), len);
	path("b.sock");
	try(SYS_bind, fd, PTR(&address), len);
	note("stat", on(SYS_stat, PTR(PATH), PTR(&st)));
	note("mode", st.st_mode & ~022);
	try(SYS_open, PTR(PATH), O_RDONLY);
	on(SYS_close, open_by(SYS_open, PTR(PATH), O_RDONLY | O_PATH));
	second = unix_socket(SOCK_STREAM);
	len = path(PATH);
	try(SYS_bind, second, PTR(&address), len);
	try(SYS_connect, second, PTR(&address), len);
	try(SYS_rename, PTR(PATH), PTR("c.sock"));
	try(SYS_connect, second, PTR(&address), len);
	note_name("renamed", SYS_getsockname, fd);
	on(SYS_close, fd);
	path("c.sock");
	try(SYS_connect, second, PTR(&address), len);
	try(SYS_bind, second, PTR(&address), len);
	try(SYS_unlink, PTR("c.sock"));
	try(SYS_bind, second, PTR(&address), len - 1);
	note_name("without NUL", SYS_getsockname, second);
	try(SYS_unlink, PTR("c.sock"));
	on(SYS_close, second);
	note("mknod", on(SYS_mknod, PTR(PATH), S_IFSOCK | 0600, 0));
	fd = unix_socket(SOCK_DGRAM);
	len = path(PATH);
	try(SYS_connect, fd, PTR(&address), len);
	try(SYS_unlink, PTR(PATH));
	on(SYS_close, on(SYS_open, PTR(PATH), O_CREAT | O_RDWR, 0600));
	try(SYS_connect, fd, PTR(&address), len);
	try(SYS_unlink, PTR(PATH));
	on(SYS_close, fd);
	leave();
}

static void abstract_names(void)
{
	int fd = unix_socket(SOCK_STREAM), second = unix_socket(SOCK_STREAM),
	    dgram = unix_socket(SOCK_DGRAM);
	socklen_t len = abstract("softnet test name");
	struct sockaddr_un got;
	socklen_t size = sizeof(got);

	try(SYS_bind, fd, PTR(&address), len);
	note_name("abstract", SYS_getsockname, fd);
	try(SYS_bind, fd, PTR(&address), len);
	try(SYS_bind, second, PTR(&address), len);
	try(SYS_bind, dgram, PTR(&address), len);
	try(SYS_connect, second, PTR(&address), len);
	try(SYS_connect, second, PTR(&address), len - 1);
	try(SYS_bind, second, PTR(&address), len + 1);
	note_name("a longer name", SYS_getsockname, second);
	on(SYS_close, second);
	second = unix_socket(SOCK_STREAM);
	try(SYS_bind, second, PTR(&address), 2);
	try(SYS_bind, second, PTR(&address), 2);
	on(SYS_getsockname, second, PTR(&got), PTR(&size));
	note("length of a chosen name", size);
	note("its first byte", got.sun_path[0]);
	on(SYS_close, fd);
	try(SYS_bind, second, PTR(&address), len);
	fd = unix_socket(SOCK_STREAM);
	try(SYS_bind, fd, PTR(&address), len);
	on(SYS_close, fd);
	on(SYS_close, second);
	on(SYS_close, dgram);
}

/* ---- connections -------------------------------------------------------------------------------- */

static void connections_of(int type)
{
	socklen_t len = abstract("softnet listener");
	int l = listener(type, len, 1), c = unix_socket(type), d = unix_socket(type), s, value;
	socklen_t size = sizeof(value);
	char bytes[16];

	note_poll("idle listener", l);
	note_poll("unconnected", c);
	try(SYS_accept4, l, 0, 0, 0);
	try(SYS_read, c, PTR(bytes), 4);
	try(SYS_sendto, c, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	try(SYS_sendto, c, PTR("x"), 1, MSG_NOSIGNAL, PTR(&address), len);
	try(SYS_ioctl, l, FIONREAD, PTR(&value));
	try(SYS_getsockopt, l, SOL_SOCKET, SO_ACCEPTCONN, PTR(&value), PTR(&size));
	note("listens", value);
	try(SYS_connect, c, PTR(&address), len);
	try(SYS_connect, c, PTR(&address), len);
	note_poll("listener with a connection", l);
	note_poll("connected", c);
	note_name("client", SYS_getsockname, c);
	note_name("client's peer", SYS_getpeername, c);
	/* The client writes before accept(). */
	try(SYS_sendto, c, PTR("early"), 5, 0, 0, 0);
	try(SYS_connect, d, PTR(&address), len);
	s = unix_socket(type);
	try(SYS_connect, s, PTR(&address), len);
	on(SYS_close, s);
	s = open_by(SYS_accept4, l, PTR(&address), PTR(&len), SOCK_NONBLOCK);
	note("length of the peer's name", len);
	note_name("server", SYS_getsockname, s);
	note_name("server's peer", SYS_getpeername, s);
	try(SYS_read, s, PTR(bytes), 16);
	try(SYS_read, s, PTR(bytes), 16);
	try(SYS_sendto, s, PTR("answer"), 6, 0, 0, 0);
	try(SYS_sendto, s, PTR("more"), 4, 0, 0, 0);
	try(SYS_ioctl, c, FIONREAD, PTR(&value));
	note("readable", value);
	try(SYS_ioctl, s, TIOCOUTQ, 64);
	size = sizeof(address);
	try(SYS_recvfrom, c, PTR(bytes), 3, 0, PTR(&address), PTR(&size));
	note("length of the sender's name", size);
	try(SYS_read, c, PTR(bytes), 16);
	try(SYS_listen, c, 1);
	try(SYS_accept, c, 0, 0);
	try(SYS_shutdown, s, SHUT_WR);
	note_poll("client, server has shut down", c);
	try(SYS_read, c, PTR(bytes), 16);
	try(SYS_read, c, PTR(bytes), 16);
	try(SYS_sendto, s, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	on(SYS_close, s);
	note_poll("client, server has closed", c);
	try(SYS_sendto, c, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	note_name("client's peer, closed", SYS_getpeername, c);
	/* The listener closes with a connection in its queue. */
	note_poll("client before the listener's close", d);
	on(SYS_close, l);
	note_poll("client after it", d);
	size = sizeof(value);
	try(SYS_getsockopt, d, SOL_SOCKET, SO_ERROR, PTR(&value), PTR(&size));
	note("error", value);
	try(SYS_read, d, PTR(bytes), 16);
	on(SYS_close, c);
	on(SYS_close, d);
}

static void streams(void)
{
	connections_of(SOCK_STREAM);
}

static void packets(void)
{
	char bytes[16];
	int p[2];

	connections_of(SOCK_SEQPACKET);
	on(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, PTR(p));
	try(SYS_write, p[0], PTR("one"), 3);
	try(SYS_write, p[0], PTR("second"), 6);
	try(SYS_write, p[0], PTR(""), 0);
	try(SYS_recvfrom, p[1], PTR(bytes), 2, MSG_TRUNC, 0, 0);
	try(SYS_read, p[1], PTR(bytes), 16);
	try(SYS_read, p[1], PTR(bytes), 16);
	try(SYS_read, p[1], PTR(bytes), 16);
	try(SYS_write, p[1], PTR("unread"), 6);
	on(SYS_write, p[0], PTR("x"), 1);
	on(SYS_close, p[1]);
	note_poll("closed with data unread", p[0]);
	try(SYS_read, p[0], PTR(bytes), 16);
	try(SYS_read, p[0], PTR(bytes), 16);
	try(SYS_sendto, p[0], PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	try(SYS_read, p[0], PTR(bytes), 16);
	on(SYS_close, p[0]);
}

static void shut_listeners(void)
{
	socklen_t len = abstract("softnet listener");
	int l = listener(SOCK_STREAM, len, 5), c = unix_socket(SOCK_STREAM), d;

	try(SYS_shutdown, c, SHUT_RDWR);
	note_poll("shut before it was connected", c);
	try(SYS_connect, c, PTR(&address), len);
	try(SYS_sendto, c, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	d = unix_socket(SOCK_STREAM);
	try(SYS_shutdown, l, SHUT_RD);
	note_poll("shut listener", l);
	try(SYS_connect, d, PTR(&address), len);
	on(SYS_close, on(SYS_accept, l, 0, 0));
	try(SYS_accept, l, 0, 0);
	on(SYS_close, c);
	on(SYS_close, d);
	on(SYS_close, l);
}

/* ---- datagrams ---------------------------------------------------------------------------------- */

static void datagrams(void)
{
	socklen_t len = abstract("softnet a"), len_b, size;
	int a = unix_socket(SOCK_DGRAM), b = unix_socket(SOCK_DGRAM), c = unix_socket(SOCK_DGRAM),
	    n = 0;
	struct sockaddr_un to_a = address;
	char bytes[16];

	on(SYS_bind, a, PTR(&address), len);
	try(SYS_write, b, PTR("x"), 1);
	try(SYS_sendto, b, PTR("nameless"), 8, 0, PTR(&to_a), len);
	size = sizeof(address);
	try(SYS_recvfrom, a, PTR(bytes), 16, 0, PTR(&address), PTR(&size));
	note("length of no name", size);
	len_b = abstract("softnet b2");
	on(SYS_bind, b, PTR(&address), len_b);
	try(SYS_sendto, b, PTR("named"), 5, 0, PTR(&to_a), len);
	size = sizeof(address);
	try(SYS_recvfrom, a, PTR(bytes), 16, MSG_PEEK, PTR(&address), PTR(&size));
	note("length of the name", size);
	/* The name stays known after the sender has closed. */
	on(SYS_close, b);
	size = sizeof(address);
	try(SYS_recvfrom, a, PTR(bytes), 16, 0, PTR(&address), PTR(&size));
	note("length of the name", size);
	try(SYS_sendto, a, PTR("x"), 1, 0, PTR(&address), size);
	try(SYS_sendto, a, PTR("x"), 1, 0, PTR(&address), 2);
	b = unix_socket(SOCK_DGRAM);
	abstract("softnet b2");
	on(SYS_bind, b, PTR(&address), len_b);
	try(SYS_connect, b, PTR(&to_a), len);
	note_name("peer", SYS_getpeername, b);
	try(SYS_write, b, PTR("y"), 1);
	/* a connects to b: now c cannot write to a. */
	try(SYS_connect, a, PTR(&address), len_b);
	note_poll("connected", a);
	try(SYS_sendto, c, PTR("x"), 1, 0, PTR(&to_a), len);
	try(SYS_connect, c, PTR(&to_a), len);
	try(SYS_read, a, PTR(bytes), 16);
	try(SYS_write, b, PTR("z"), 1);
	address.sun_family = AF_UNSPEC;
	try(SYS_connect, a, PTR(&address), sizeof(address));
	note_poll("b, after a's disconnect", b);
	try(SYS_read, b, PTR(bytes), 16);
	try(SYS_read, a, PTR(bytes), 16);
	note_name("no peer", SYS_getpeername, a);
	try(SYS_write, a, PTR("x"), 1);
	/* c fills the queue of a. */
	try(SYS_connect, c, PTR(&to_a), len);
	note_poll("room", c);
	while (on(SYS_write, c, PTR("x"), 1) == 1)
		n++;
	note("queued", n);
	note_poll("no room", c);
	try(SYS_sendto, b, PTR("x"), 1, 0, PTR(&to_a), len);
	on(SYS_read, a, PTR(bytes), 1);
	note_poll("room again", c);
	try(SYS_shutdown, a, SHUT_RD);
	try(SYS_sendto, c, PTR("x"), 1, MSG_NOSIGNAL, 0, 0);
	on(SYS_close, a);
	try(SYS_write, c, PTR("x"), 1);
	try(SYS_write, c, PTR("x"), 1);
	try(SYS_sendto, c, PTR("x"), 1, MSG_OOB, 0, 0);
	try(SYS_listen, c, 1);
	try(SYS_accept, c, 0, 0);
	on(SYS_close, b);
	on(SYS_close, c);
	/* A socket may send to itself. */
	a = unix_socket(SOCK_DGRAM);
	len = abstract("softnet a");
	on(SYS_bind, a, PTR(&address), len);
	try(SYS_connect, a, PTR(&address), len);
	try(SYS_write, a, PTR("self"), 4);
	try(SYS_read, a, PTR(bytes), 16);
	on(SYS_close, a);
	/* A socket of another type is bound to the path. */
	enter();
	len = path(PATH);
	a = listener(SOCK_STREAM, len, 1);
	c = unix_socket(SOCK_DGRAM);
	try(SYS_connect, c, PTR(&address), len);
	try(SYS_unlink, PTR(PATH));
	on(SYS_close, a);
	on(SYS_close, c);
	leave();
	c = open_by(SYS_socket, AF_UNIX, SOCK_RAW, 0);
	size = sizeof(n);
	on(SYS_getsockopt, c, SOL_SOCKET, SO_TYPE, PTR(&n), PTR(&size));
	note("type of SOCK_RAW", n);
	on(SYS_close, c);
}

/* ---- descriptors and credentials ---------------------------------------------------------------- */

static union {
	struct cmsghdr head;
	char bytes[2048];
} control;

/* Sends @n bytes with @count descriptors in a control message of @type. */
static int64_t send_with(int fd, size_t n, int type, const void *data, size_t size)
{
	static char bytes[64] = "data";
	struct iovec iov = {bytes, n};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};

	memset(&control, 0, sizeof(control));
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = type;
	control.head.cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(&control.head), data, size);
	hdr.msg_controllen = CMSG_SPACE(size);
	return on(SYS_sendmsg, fd, PTR(&hdr), MSG_NOSIGNAL);
}

/* Receives @n bytes with room for @room bytes of control data; notes what came. */
static int receive_with(const char *what, int fd, size_t n, size_t room, int flags)
{
	char bytes[64], text[160];
	struct iovec iov = {bytes, n};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = room ? CMSG_LEN(room) : 0};
	struct cmsghdr *cmsg;
	int got = -1;

	memset(&control, 0, sizeof(control));
	note(what, on(SYS_recvmsg, fd, PTR(&hdr), flags));
	snprintf(text, sizeof(text), "%s: flags", what);
	note(text, hdr.msg_flags);
	snprintf(text, sizeof(text), "%s: length of control", what);
	note(text, hdr.msg_controllen);
	for (cmsg = CMSG_FIRSTHDR(&hdr); cmsg; cmsg = CMSG_NXTHDR(&hdr, cmsg)) {
		snprintf(text, sizeof(text), "%s: message", what);
		note(text, cmsg->cmsg_type);
		note(text, cmsg->cmsg_len);
		if (cmsg->cmsg_type == SCM_RIGHTS)
			memcpy(&got, CMSG_DATA(cmsg), sizeof(got));
	}
	return got;
}

static void files_through(int type)
{
	int p[2], q[2], many[254], fd;
	struct stat st;
	char bytes[8];

	on(SYS_socketpair, AF_UNIX, type | SOCK_NONBLOCK, 0, PTR(p));
	on(SYS_pipe2, PTR(q), O_NONBLOCK);
	note("send one", send_with(p[0], 4, SCM_RIGHTS, q, 4));
	fd = receive_with("peek", p[1], 4, 4, MSG_PEEK);
	note("another number", fd != q[0] && fd >= 0);
	on(SYS_close, fd);
	fd = receive_with("receive", p[1], 4, 4, MSG_CMSG_CLOEXEC);
	note("closed at exec", on(SYS_fcntl, fd, F_GETFD));
	on(SYS_write, q[1], PTR("pipe"), 4);
	note("the same pipe", on(SYS_read, fd, PTR(bytes), 4));
	on(SYS_close, fd);
	/* A descriptor in a message keeps the file open. */
	note("send the writer", send_with(p[0], 4, SCM_RIGHTS, &q[1], 4));
	on(SYS_close, q[1]);
	try(SYS_read, q[0], PTR(bytes), 4);
	note("read without recvmsg()", on(SYS_read, p[1], PTR(bytes), 4));
	try(SYS_read, q[0], PTR(bytes), 4);
	on(SYS_close, q[0]);
	/* Too little room for the control message. */
	on(SYS_pipe2, PTR(q), O_NONBLOCK);
	send_with(p[0], 4, SCM_RIGHTS, q, 8);
	fd = receive_with("room for one of two", p[1], 4, 4, 0);
	on(SYS_close, fd);
	send_with(p[0], 4, SCM_RIGHTS, q, 4);
	receive_with("no room", p[1], 4, 0, 0);
	/* Errors. */
	many[0] = 9999;
	note("bad descriptor", send_with(p[0], 4, SCM_RIGHTS, many, 4));
	for (int i = 0; i < 254; i++)
		many[i] = q[0];
	/* LIMIT(UNIX_FILES_MAX) */
	note("too many", send_with(p[0], 4, SCM_RIGHTS, many, 254 * 4));
	note("most", send_with(p[0], 4, SCM_RIGHTS, many, 253 * 4));
	note("read them", on(SYS_read, p[1], PTR(bytes), 4));
	note("none", send_with(p[0], 4, SCM_RIGHTS, many, 0));
	receive_with("nothing", p[1], 4, 4, 0);
	note("unknown type", send_with(p[0], 4, 77, many, 4));
	/* A read of a stream ends behind a message with descriptors. */
	on(SYS_write, p[0], PTR("ab"), 2);
	send_with(p[0], 3, SCM_RIGHTS, q, 4);
	on(SYS_write, p[0], PTR("cd"), 2);
	on(SYS_close, receive_with("before and with", p[1], 20, 64, 0));
	on(SYS_close, receive_with("second", p[1], 20, 64, 0));
	on(SYS_close, receive_with("third", p[1], 20, 64, 0));
	/* The receiver closes with the pipe's writer in its queue: the pipe's reader gets EOF. */
	send_with(p[0], 4, SCM_RIGHTS, &q[1], 4);
	on(SYS_close, q[1]);
	on(SYS_close, p[1]);
	try(SYS_read, q[0], PTR(bytes), 4);
	note("to a closed peer", send_with(p[0], 4, SCM_RIGHTS, q, 4));
	note("the pipe is a pipe", on(SYS_fstat, q[0], PTR(&st)));
	on(SYS_close, q[0]);
	on(SYS_close, p[0]);
}

static void files_through_streams(void)
{
	files_through(SOCK_STREAM);
}

static void files_through_datagrams(void)
{
	files_through(SOCK_DGRAM);
	files_through(SOCK_SEQPACKET);
}

static void credentials(void)
{
	struct ucred creds = {.pid = on_linux() ? getpid() : 1}, got = {0};
	socklen_t size = sizeof(got);
	int p[2], fd, one = 1;

	on(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, PTR(p));
	try(SYS_getsockopt, p[0], SOL_SOCKET, SO_PEERCRED, PTR(&got), PTR(&size));
	note("length", size);
	note("own pid", got.pid == creds.pid);
	note("uid", got.uid);
	note("gid", got.gid);
	try(SYS_getsockopt, p[0], SOL_SOCKET, SO_PASSCRED, PTR(&one), PTR(&(socklen_t){4}));
	note("off", one);
	one = 1;
	try(SYS_setsockopt, p[1], SOL_SOCKET, SO_PASSCRED, PTR(&one), 4);
	on(SYS_write, p[0], PTR("x"), 1);
	receive_with("implied", p[1], 8, sizeof(creds), 0);
	memcpy(&got, CMSG_DATA(&control.head), sizeof(got));
	note("own pid", got.pid == creds.pid);
	on(SYS_write, p[0], PTR("x"), 1);
	receive_with("no room", p[1], 8, 0, 0);
	note("own credentials", send_with(p[0], 2, SCM_CREDENTIALS, &creds, sizeof(creds)));
	creds.uid = 12;
	note("another user's", send_with(p[0], 2, SCM_CREDENTIALS, &creds, sizeof(creds)));
	receive_with("first", p[1], 8, sizeof(creds), 0);
	receive_with("second", p[1], 8, sizeof(creds), 0);
	memcpy(&got, CMSG_DATA(&control.head), sizeof(got));
	note("uid", got.uid);
	note("short", send_with(p[0], 2, SCM_CREDENTIALS, &creds, 8));
	creds.pid = 0x3ffffff;
	note("no such process", send_with(p[0], 2, SCM_CREDENTIALS, &creds, sizeof(creds)));
	on(SYS_close, p[0]);
	on(SYS_close, p[1]);
	/* connect() of a socket with SO_PASSCRED binds it to a name that the kernel chooses. */
	p[0] = unix_socket(SOCK_DGRAM);
	p[1] = unix_socket(SOCK_DGRAM);
	size = abstract("softnet creds");
	on(SYS_bind, p[1], PTR(&address), size);
	on(SYS_setsockopt, p[0], SOL_SOCKET, SO_PASSCRED, PTR(&one), 4);
	try(SYS_connect, p[0], PTR(&address), size);
	size = sizeof(address);
	on(SYS_getsockname, p[0], PTR(&address), PTR(&size));
	note("length of its name", size);
	on(SYS_close, p[0]);
	on(SYS_close, p[1]);
	fd = on(SYS_socket, AF_INET, SOCK_STREAM, 0);
	size = sizeof(got);
	try(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, PTR(&got), PTR(&size));
	note("no process", got.pid);
	note("no user", got.uid);
	try(SYS_setsockopt, fd, SOL_SOCKET, SO_PASSCRED, PTR(&one), 4);
	on(SYS_close, fd);
}

BESIDE_LINUX(names)
BESIDE_LINUX(abstract_names)
BESIDE_LINUX(streams)
BESIDE_LINUX(packets)
BESIDE_LINUX(shut_listeners)
BESIDE_LINUX(datagrams)
BESIDE_LINUX(files_through_streams)
BESIDE_LINUX(files_through_datagrams)
BESIDE_LINUX(credentials)

/* ---- waiting ------------------------------------------------------------------------------------ */

static int waiting_socket(int type)
{
	int fd = scene_call(A, SYS_socket, AF_UNIX, type, 0);

	assert_true(fd >= 0);
	return fd;
}

static int waiting_listener(socklen_t len, int backlog)
{
	int fd = waiting_socket(SOCK_STREAM);

	assert_int_equal(scene_call(A, SYS_bind, fd, PTR(&address), len), 0);
	assert_int_equal(scene_call(A, SYS_listen, fd, backlog), 0);
	return fd;
}

/* accept() waits for connect(), and connect() for room in the backlog. */
static void connections_wait(void)
{
	struct timeval half = {.tv_usec = 500000};
	socklen_t len = abstract("waiting");
	int l = waiting_listener(len, 0), c[3], s;
	int64_t accepts, connects, result;

	accepts = scene_begin(A, SYS_accept, l, 0, 0);
	assert_false(scene_is_back(A, accepts, &result));
	for (int i = 0; i < 3; i++)
		c[i] = waiting_socket(SOCK_STREAM);
	assert_int_equal(scene_call(A, SYS_connect, c[0], PTR(&address), len), 0);
	s = scene_end(A, accepts);
	assert_true(s >= 0);
	scene_close(A, s);
	assert_int_equal(scene_call(A, SYS_connect, c[1], PTR(&address), len), 0);
	connects = scene_begin(A, SYS_connect, c[2], PTR(&address), len);
	assert_false(scene_is_back(A, connects, &result));
	scene_interrupt(A, connects);
	assert_int_equal(scene_end(A, connects), -EINTR);
	/* With SO_SNDTIMEO a connect() gives up. */
	scene_call(A, SYS_setsockopt, c[2], SOL_SOCKET, SO_SNDTIMEO, PTR(&half), sizeof(half));
	assert_int_equal(scene_call(A, SYS_connect, c[2], PTR(&address), len), -EAGAIN);
	half.tv_usec = 0;
	scene_call(A, SYS_setsockopt, c[2], SOL_SOCKET, SO_SNDTIMEO, PTR(&half), sizeof(half));
	connects = scene_begin(A, SYS_connect, c[2], PTR(&address), len);
	s = scene_call(A, SYS_accept, l, 0, 0);
	assert_true(s >= 0);
	assert_int_equal(scene_end(A, connects), 0);
	scene_close(A, s);
	/* The listener closes while a connect() waits, and while an accept() waits. */
	scene_close(A, c[0]);
	c[0] = waiting_socket(SOCK_STREAM);
	connects = scene_begin(A, SYS_connect, c[0], PTR(&address), len);
	assert_false(scene_is_back(A, connects, &result));
	scene_call(A, SYS_shutdown, l, SHUT_RD);
	assert_int_equal(scene_end(A, connects), -ECONNREFUSED);
	scene_close(A, scene_call(A, SYS_accept, l, 0, 0));
	assert_int_equal(scene_call(A, SYS_accept, l, 0, 0), -EINVAL);
	for (int i = 0; i < 3; i++)
		scene_close(A, c[i]);
	scene_close(A, l);
}

/* LIMIT(UNIX_DGRAM_QLEN): a sender waits until a datagram is read; epoll tells that there is room. */
static void datagrams_wait(void)
{
	struct epoll_event out = {.events = EPOLLOUT | EPOLLET}, got;
	socklen_t len = abstract("slow reader");
	int to = waiting_socket(SOCK_DGRAM), from = waiting_socket(SOCK_DGRAM), ep;
	int64_t sends, result;
	char byte;

	assert_int_equal(scene_call(A, SYS_bind, to, PTR(&address), len), 0);
	assert_int_equal(scene_call(A, SYS_connect, from, PTR(&address), len), 0);
	for (int i = 0; i < 11; i++)
		assert_int_equal(scene_call(A, SYS_write, from, PTR("x"), 1), 1);
	ep = scene_call(A, SYS_epoll_create1, 0);
	assert_int_equal(scene_call(A, SYS_epoll_ctl, ep, EPOLL_CTL_ADD, from, PTR(&out)), 0);
	assert_int_equal(scene_call(A, SYS_epoll_wait, ep, PTR(&got), 1, 0), 0);
	sends = scene_begin(A, SYS_write, from, PTR("x"), 1);
	assert_false(scene_is_back(A, sends, &result));
	assert_int_equal(scene_call(A, SYS_read, to, PTR(&byte), 1), 1);
	assert_int_equal(scene_end(A, sends), 1);
	for (int i = 0; i < 3; i++)
		assert_int_equal(scene_call(A, SYS_read, to, PTR(&byte), 1), 1);
	assert_int_equal(scene_call(A, SYS_epoll_wait, ep, PTR(&got), 1, 0), 1);
	/* The reader closes while a sender waits. */
	while (scene_call(A, SYS_sendto, from, PTR("x"), 1, MSG_DONTWAIT, 0, 0) == 1)
		;
	sends = scene_begin(A, SYS_write, from, PTR("x"), 1);
	assert_false(scene_is_back(A, sends, &result));
	scene_close(A, to);
	assert_int_equal(scene_end(A, sends), -ECONNREFUSED);
	scene_close(A, from);
	scene_close(A, ep);
}

/*
 * The kernel refuses a message if a ring of sockets, each in the queue of the next, could arise
 * from it (unix_scm.c). Linux permits these messages, and collects the garbage later.
 */
static void sockets_in_messages(void)
{
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = CMSG_SPACE(4)};
	int p[2], q[2], fd;

	scene_call(A, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, PTR(p));
	scene_call(A, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, PTR(q));
	memset(&control, 0, sizeof(control));
	control.head = (struct cmsghdr){CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS};
	/* send p[1] into its own queue */
	memcpy(CMSG_DATA(&control.head), &p[1], 4);
	assert_int_equal(scene_call(A, SYS_sendmsg, p[0], PTR(&hdr), 0), -ETOOMANYREFS);
	/* While q[1] waits in p[1]'s queue, p[1] must not be sent, and q[1] receives no sockets. */
	memcpy(CMSG_DATA(&control.head), &q[1], 4);
	assert_int_equal(scene_call(A, SYS_sendmsg, p[0], PTR(&hdr), 0), 1);
	memcpy(CMSG_DATA(&control.head), &p[1], 4);
	assert_int_equal(scene_call(A, SYS_sendmsg, q[0], PTR(&hdr), 0), -ETOOMANYREFS);
	memcpy(CMSG_DATA(&control.head), &p[0], 4);
	assert_int_equal(scene_call(A, SYS_sendmsg, q[0], PTR(&hdr), 0), -ETOOMANYREFS);
	/* After the message was read both are possible. */
	hdr.msg_controllen = CMSG_SPACE(4);
	assert_int_equal(scene_call(A, SYS_recvmsg, p[1], PTR(&hdr), 0), 1);
	memcpy(&fd, CMSG_DATA(&control.head), 4);
	scene_close(A, fd);
	memcpy(CMSG_DATA(&control.head), &p[1], 4);
	hdr.msg_controllen = CMSG_SPACE(4);
	assert_int_equal(scene_call(A, SYS_sendmsg, q[0], PTR(&hdr), 0), 1);
	/* Close all: the message with p[1] is freed with the queue of q[1]. */
	for (int i = 0; i < 2; i++) {
		scene_close(A, p[i]);
		scene_close(A, q[i]);
	}
}

/* A program that gave up root cannot claim to be another user. */
static void claims_without_root(void)
{
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = CMSG_SPACE(sizeof(struct ucred))};
	struct ucred creds = {.pid = 1};
	int p[2];

	scene_call(A, SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, PTR(p));
	memset(&control, 0, sizeof(control));
	control.head = (struct cmsghdr){CMSG_LEN(sizeof(creds)), SOL_SOCKET, SCM_CREDENTIALS};
	assert_int_equal(scene_call(A, SYS_setresuid, 1000, 1000, 1000), 0);
	memcpy(CMSG_DATA(&control.head), &creds, sizeof(creds));
	assert_int_equal(scene_call(A, SYS_sendmsg, p[0], PTR(&hdr), 0), -EPERM);
	creds.uid = 1000;
	memcpy(CMSG_DATA(&control.head), &creds, sizeof(creds));
	assert_int_equal(scene_call(A, SYS_sendmsg, p[0], PTR(&hdr), 0), 1);
	creds.pid = 2;
	memcpy(CMSG_DATA(&control.head), &creds, sizeof(creds));
	assert_int_equal(scene_call(A, SYS_sendmsg, p[0], PTR(&hdr), 0), -EPERM);
	scene_close(A, p[0]);
	scene_close(A, p[1]);
}

static void list_in_proc(void)
{
	int l = waiting_listener(abstract("listed"), 1);
	const char *text = scene_proc(A, "/proc/net/unix");

	assert_non_null(strstr(text, "Num       RefCount Protocol Flags    Type St Inode Path\n"));
	assert_non_null(strstr(text, " 00010000 0001 01 "));
	assert_non_null(strstr(text, " @listed\n"));
	scene_close(A, l);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(names_as_linux),
		SCENE(abstract_names_as_linux),
		SCENE(streams_as_linux),
		SCENE(packets_as_linux),
		SCENE(shut_listeners_as_linux),
		SCENE(datagrams_as_linux),
		SCENE(files_through_streams_as_linux),
		SCENE(files_through_datagrams_as_linux),
		SCENE(credentials_as_linux),
		SCENE(connections_wait),
		SCENE(datagrams_wait),
		SCENE(sockets_in_messages),
		SCENE(claims_without_root),
		SCENE(list_in_proc),
	};

	return scene_play(tests);
}
