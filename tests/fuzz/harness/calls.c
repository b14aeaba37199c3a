/* SPDX-License-Identifier: MIT */
/*
 * Sequences of system calls on sockets, files, pipes and epoll, with arbitrary arguments.
 *
 * Each step of an input is a call of the table below; its letters say how each argument is made from bytes of
 * the input (take_argument()).  Pointers point into fuzz_user or are invalid.  File names come from `names`, so
 * that the harness can remove all files at the end of an input.  Calls that create threads or processes are not
 * in the table, because the hosted kernel has no ring 3 (tests/programs/fuzz.c makes such calls).  Callers and
 * context: see engine.c.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/wire.h"
#include "tests/host/virtio_model.h"

#define STEPS_MAX  24
#define FIRST_FD   3
#define FDS        24
#define SCRATCH    4096 /* bytes of fuzz_user for each argument of a call */
#define BYTES_MAX  96   /* maximum number of input bytes that are copied to one buffer */
#define IOVECS_MAX 4

/* CSUM, GUEST_CSUM, GUEST_TSO4, HOST_TSO4, HOST_ECN */
#define MODEL_OFFLOADS (1u << 0 | 1u << 1 | 1u << 7 | 1u << 11 | 1u << 13)

static const struct {
	int nr;
	const char *arguments;
} calls[] = {
	{SYS_socket, "dti"},
	{SYS_socketpair, "dtib"},
	{SYS_bind, "faL"},
	{SYS_listen, "fi"},
	{SYS_accept, "fbb"},
	{SYS_accept4, "fbbF"},
	{SYS_connect, "faL"},
	{SYS_getsockname, "fbb"},
	{SYS_getpeername, "fbb"},
	{SYS_setsockopt, "fgobl"},
	{SYS_getsockopt, "fgobb"},
	{SYS_shutdown, "fi"},
	{SYS_sendto, "fblmaL"},
	{SYS_recvfrom, "fblmbb"},
	{SYS_sendmsg, "fMm"},
	{SYS_recvmsg, "fMm"},
	{SYS_sendmmsg, "fMim"},
	{SYS_recvmmsg, "fMimb"},
	{SYS_read, "fbl"},
	{SYS_write, "fbl"},
	{SYS_readv, "fvi"},
	{SYS_writev, "fvi"},
	{SYS_pread64, "fblq"},
	{SYS_pwrite64, "fblq"},
	{SYS_preadv, "fviq"},
	{SYS_pwritev, "fviq"},
	{SYS_lseek, "fqi"},
	{SYS_close, "f"},
	{SYS_close_range, "ffi"},
	{SYS_dup, "f"},
	{SYS_dup2, "ff"},
	{SYS_dup3, "ffF"},
	{SYS_fcntl, "fiq"},
	{SYS_ioctl, "fwb"},
	{SYS_pipe2, "bF"},
	{SYS_eventfd2, "iF"},
	{SYS_epoll_create1, "F"},
	{SYS_epoll_ctl, "fifb"},
	{SYS_epoll_wait, "fbii"},
	{SYS_epoll_pwait2, "fbib"},
	{SYS_poll, "bii"},
	{SYS_ppoll, "bibb"},
	{SYS_select, "ibbbb"},
	{SYS_pselect6, "ibbbbb"},
	{SYS_timerfd_create, "iF"},
	{SYS_timerfd_settime, "fibb"},
	{SYS_timerfd_gettime, "fb"},
	{SYS_splice, "fbfblF"},
	{SYS_tee, "fflF"},
	{SYS_sendfile, "ffbl"},
	{SYS_openat, "DnOw"},
	{SYS_creat, "nw"},
	{SYS_mkdir, "nw"},
	{SYS_rmdir, "n"},
	{SYS_unlink, "n"},
	{SYS_rename, "nn"},
	{SYS_renameat2, "DnDni"},
	{SYS_link, "nn"},
	{SYS_symlink, "nn"},
	{SYS_readlink, "nbl"},
	{SYS_mknod, "nww"},
	{SYS_stat, "nb"},
	{SYS_fstat, "fb"},
	{SYS_statx, "DnFwb"},
	{SYS_statfs, "nb"},
	{SYS_truncate, "nq"},
	{SYS_ftruncate, "fq"},
	{SYS_fallocate, "fiqq"},
	{SYS_access, "ni"},
	{SYS_chmod, "nw"},
	{SYS_fchmod, "fw"},
	{SYS_chown, "nii"},
	{SYS_utimensat, "DnbF"},
	{SYS_getdents64, "fbl"},
	{SYS_chdir, "n"},
	{SYS_getcwd, "bl"},
	{SYS_umask, "w"},
	{SYS_fsync, "f"},
	{SYS_flock, "fi"},
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

/* remove_files() begins with the last name, so that it removes files before their folder. */
static const char *const names[] = {"/a", "/b", "/c", "/d", "/d/a", "/d/b", "/d/d", "/d/d/a"};
#define NAMES (sizeof(names) / sizeof(names[0]))

void harness_setup(void)
{
	/* The device has no offloads, so the kernel segments and computes checksums itself. */
	const struct fuzz_option plain = {"features", MODEL_FEATURES_ALL & ~MODEL_OFFLOADS};

	fuzz_boot(FUZZ_CMDLINE, &plain, 1);
	wire_setup();
}

/* ---- arguments -------------------------------------------------------------------------------- */

/* Returns a buffer of the program that begins with bytes of the input. */
static int64_t take_buffer(struct input *in, uint8_t *at)
{
	uint8_t n = take8(in);

	if (n >= 0xf8)
		return n & 1 ? 0 : PTR(fuzz_user + FUZZ_USER_SIZE - 8 + (n & 7));
	take_bytes(in, at, n % BYTES_MAX);
	return PTR(at);
}

static int64_t take_iovecs(struct input *in, uint8_t *at)
{
	uint64_t iov[2 * IOVECS_MAX];

	for (unsigned int i = 0; i < IOVECS_MAX; i++) {
		uint8_t n = take8(in);

		iov[2 * i] = n == 0xff ? take64(in) : (uint64_t)PTR(fuzz_user) + n * 256u;
		iov[2 * i + 1] = n == 0xfe ? take64(in) : take16(in);
	}
	memcpy(at, iov, sizeof(iov));
	return PTR(at);
}

/* Returns the address of a struct sockaddr_in or sockaddr_un. */
static int64_t take_address(struct input *in, uint8_t *at)
{
	static const uint32_t places[] = {0,           0x7f000001,   FUZZ_IP,
					  FUZZ_REMOTE, FUZZ_GATEWAY, 0xffffffff};
	uint8_t n = take8(in);
	struct sockaddr_un unix_address = {.sun_family = AF_UNIX};

	if (n & 1) {
		strcpy(unix_address.sun_path, names[n / 2 % NAMES]);
		memcpy(at, &unix_address, sizeof(unix_address));
		return PTR(at);
	}
	return fuzz_address((size_t)(at - fuzz_user), places[n / 2 % 6], take8(in) % 16);
}

static int64_t take_message(struct input *in, uint8_t *at)
{
	struct msghdr m = {0};
	uint8_t how = take8(in);

	if (how & 1) {
		m.msg_name = (void *)take_address(in, at + 512);
		m.msg_namelen = how & 2 ? sizeof(struct sockaddr_un) : sizeof(struct sockaddr_in);
	}
	m.msg_iov = (void *)take_iovecs(in, at + 1024);
	m.msg_iovlen = how / 4 % 5;
	if (how & 128) {
		m.msg_control = (void *)take_buffer(in, at + 2048);
		m.msg_controllen = take8(in);
	}
	memcpy(at, &m, sizeof(m));
	return PTR(at);
}

static int64_t take_length(struct input *in)
{
	static const int64_t lengths[] = {0,   1,    4,     8,          16, 64,
					  128, 4096, 65536, 0x7fffffff, -1, INT64_MAX};
	uint8_t n = take8(in);

	return n < 24 ? lengths[n % 12] : n < 240 ? n : take32(in);
}

/* Returns an argument of the kind @letter.  If it is a pointer, the memory at @at is for its use. */
static int64_t take_argument(struct input *in, char letter, uint8_t *at)
{
	static const int domains[] = {AF_INET, AF_INET, AF_UNIX, AF_UNIX, AF_INET6, 200};
	static const int levels[] = {SOL_SOCKET,  SOL_SOCKET, IPPROTO_TCP,
				     IPPROTO_TCP, IPPROTO_IP, 200};
	static const int flags[] = {0, 0x800, 0x80000, 0x80800, 1, 2, 0x4000, 0x1000};
	uint8_t n;

	switch (letter) {
	case 'f': /* a descriptor */
		n = take8(in);
		return n == 0xff ? -1 : n < 250 ? FIRST_FD + n % FDS : 1023;
	case 'D':
		return -100; /* AT_FDCWD */
	case 'd':
		return domains[take8(in) % 6];
	case 't': /* a type of socket */
		n = take8(in);
		return (n & 7) | (n & 8 ? SOCK_NONBLOCK : 0) | (n & 16 ? SOCK_CLOEXEC : 0);
	case 'i': /* a small number */
		return (int8_t)take8(in);
	case 'g': /* a level of options */
		return levels[take8(in) % 6];
	case 'o': /* an option */
		n = take8(in);
		return n < 200 ? n % 80 : take16(in);
	case 'w':
		return take16(in);
	case 'q':
		n = take8(in);
		return n < 200 ? n * 100 : (int64_t)take64(in);
	case 'F':
		return flags[take8(in) % 8];
	case 'O': /* flags of open() */
		return take32(in) & 0x3fffc3;
	case 'm': /* MSG_* */
		return MSG_NOSIGNAL | (take16(in) & 0x7fff);
	case 'l':
		return take_length(in);
	case 'L': /* the length of an address */
		n = take8(in);
		if (n >= 224)
			return take_length(in);
		return n < 128 ? 16 : n < 192 ? sizeof(struct sockaddr_un) : n - 192;
	case 'b':
		return take_buffer(in, at);
	case 'v':
		return take_iovecs(in, at);
	case 'a':
		return take_address(in, at);
	case 'M':
		return take_message(in, at);
	default: /* 'n': a name */
		n = take8(in);
		strcpy((char *)at, n == 0xff ? "" : names[n % NAMES]);
		return PTR(at);
	}
}

/* ---- an input --------------------------------------------------------------------------------- */

/*
 * A closed connection may send its FIN again until its TCP_USER_TIMEOUT, as in Linux.  The engine waits for
 * SETTLE_STEPS minutes and not for days, so limit the timeout to 65,535 ms.
 */
static void limit_user_timeout(const int64_t *args)
{
	uint8_t *value = (uint8_t *)args[3];

	if (args[1] == IPPROTO_TCP && args[2] == TCP_USER_TIMEOUT && value &&
	    value + 4 <= fuzz_user + FUZZ_USER_SIZE)
		memset(value + 2, 0, 2);
}

/*
 * Makes a call.  With a byte from 250 on, instead sends a segment to the kernel and lets time pass, so that sockets
 * have events.
 */
static void play_step(struct input *in)
{
	uint8_t n = take8(in);
	int64_t args[6] = {0};
	const char *letters;

	if (n >= 250) {
		struct flow *f = &flows[FLOW_PLAIN];
		struct segment s = {.flags = WIRE_ACK,
				    .seq = f->snd_nxt,
				    .ack = f->rcv_nxt,
				    .window = 65535,
				    .len = 100};

		wire_send(f, &s);
		f->snd_nxt += 100;
		fuzz_sleep((n - 250) * 100 * MS);
		return;
	}
	letters = calls[n % CALLS].arguments;
	for (unsigned int i = 0; letters[i]; i++)
		args[i] = take_argument(in, letters[i], fuzz_user + SCRATCH * (i + 1));
	if (calls[n % CALLS].nr == SYS_setsockopt)
		limit_user_timeout(args);
	fuzz_call_args(calls[n % CALLS].nr, args);
}

static void remove_files(void)
{
	fuzz_call(SYS_umask, 022);
	for (unsigned int pass = 0; pass < 2; pass++) {
		for (unsigned int i = NAMES; i-- > 0;) {
			strcpy((char *)fuzz_user, names[i]);
			fuzz_call(SYS_unlink, PTR(fuzz_user));
			fuzz_call(SYS_rmdir, PTR(fuzz_user));
		}
	}
	strcpy((char *)fuzz_user, "/");
	fuzz_call(SYS_chdir, PTR(fuzz_user));
}

void harness_play(struct input *in)
{
	memset(fuzz_user, 0, sizeof(fuzz_user));
	wire_begin();
	for (unsigned int i = 0; in->len && i < STEPS_MAX; i++)
		play_step(in);
	remove_files();
}
