/* SPDX-License-Identifier: MIT */
/*
 * Each allocation fails once in system calls of files, pipes, waits and local sockets, and in answers to
 * packets that belong to no connection (refused.h).
 */
#include "tests/hosted/refused.h"

#include <dlfcn.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/host/virtio_model.h"
#include "tests/wire/pkt.h"

#define PORT 7
#define MANY 600 /* descriptors: poll() allocates its list in pieces of a page */

static uint8_t bytes[100000], got[100000];

static void close_both(const int *fd)
{
	refused_close_fd(A, fd[0]);
	refused_close_fd(A, fd[1]);
}

/* ---- local sockets and pipes -------------------------------------------------------------------- */

static void talk_through(int type)
{
	struct iovec iov = {bytes, 100};
	struct cmsghdr ignored = {.cmsg_len = sizeof(ignored), .cmsg_level = 999};
	struct msghdr hdr = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &ignored,
			     .msg_controllen = sizeof(ignored)};
	int fd[2] = {-1, -1};

	if (may(A, SYS_socketpair, AF_UNIX, type | SOCK_NONBLOCK, 0, PTR(fd)))
		return;
	if (may(A, SYS_sendmsg, fd[0], PTR(&hdr), 0) == 100)
		assert_int_equal(scene_call(A, SYS_read, fd[1], PTR(got), 100), 100);
	if (may(A, SYS_write, fd[0], PTR(bytes), 5000) == 5000)
		assert_int_equal(scene_call(A, SYS_read, fd[1], PTR(got), 5000), 5000);
	close_both(fd);
}

static void pairs(void)
{
	talk_through(SOCK_STREAM);
	talk_through(SOCK_DGRAM);
}

/* Sends the descriptor @fd, and reads the message twice. */
static void send_descriptor(int from, int to, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[64];
	} control = {.head = {CMSG_LEN(4), SOL_SOCKET, SCM_RIGHTS}};
	struct iovec iov = {bytes, 10};
	struct msghdr hdr = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control};

	memcpy(CMSG_DATA(&control.head), &fd, 4);
	hdr.msg_controllen = CMSG_SPACE(4);
	if (may(A, SYS_sendmsg, from, PTR(&hdr), 0) != 10)
		return;
	for (int i = 0; i < 2; i++) {
		iov.iov_base = got;
		hdr.msg_controllen = CMSG_SPACE(4);
		if (may(A, SYS_recvmsg, to, PTR(&hdr), i ? 0 : MSG_PEEK) == 10 &&
		    hdr.msg_controllen) {
			memcpy(&fd, CMSG_DATA(&control.head), 4);
			refused_close_fd(A, fd);
		}
	}
}

/* A server and a client with the name @address. */
static void talk_by_name(const struct sockaddr_un *address, socklen_t len)
{
	int l = may(A, SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0), c, s;

	if (l < 0)
		return;
	c = may(A, SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c >= 0 && !may(A, SYS_bind, l, PTR(address), len) && !may(A, SYS_listen, l, 5) &&
	    !may(A, SYS_connect, c, PTR(address), len)) {
		s = may(A, SYS_accept, l, 0, 0);
		if (s >= 0) {
			send_descriptor(c, s, l);
			refused_close_fd(A, s);
		}
	}
	if (c >= 0)
		refused_close_fd(A, c);
	refused_close_fd(A, l);
	if (address->sun_path[0])
		scene_call(A, SYS_unlink, PTR(address->sun_path));
}

static void named(void)
{
	static const struct sockaddr_un path = {AF_UNIX, "/named"}, hidden = {AF_UNIX, "\0name"};

	talk_by_name(&path, sizeof(path));
	talk_by_name(&hidden, 7);
}

static void socketpairs(void)
{
	refuse_each(A, -1, pairs);
	refuse_each(A, -1, named);
}

/* A link that goes down and up, and a member of RTNLGRP_LINK. */
static void hear_netlink(void)
{
	struct sockaddr_nl a = {.nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK};
	int fd = may(A, SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	void (*set_link)(bool up);

	*(void **)&set_link = dlsym(A->dl, "virtio_model_set_link");
	assert_non_null(set_link);
	if (fd < 0)
		return;
	may(A, SYS_bind, fd, PTR(&a), sizeof(a));
	for (int i = 0; i < 2; i++) {
		set_link(i);
		A->awake = true;
		scene_sleep(10 * MS);
		may(A, SYS_recvfrom, fd, PTR(got), sizeof(got), 0, 0, 0);
	}
	refused_close_fd(A, fd);
}

/* A dump, and a request that is answered by an error; both answers may be lost. */
static void ask_netlink(void)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifi;
	} ask = {.nlh = {.nlmsg_len = sizeof(ask), .nlmsg_type = RTM_GETLINK}};
	int fd = may(A, SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE);
	int types[] = {RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE};

	if (fd < 0)
		return;
	for (int i = 0; i < 3; i++) {
		ask.nlh.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		ask.nlh.nlmsg_type = types[i];
		may(A, SYS_sendto, fd, PTR(&ask), sizeof(ask), 0, 0, 0);
		while (may(A, SYS_recvfrom, fd, PTR(got), sizeof(got), 0, 0, 0) > NLMSG_LENGTH(4))
			;
	}
	ask.nlh.nlmsg_type = RTM_GETLINK;
	ask.nlh.nlmsg_flags = NLM_F_REQUEST;
	for (int i = 0; i < 2; i++) {
		ask.ifi.ifi_index = i ? 1 : 999; /* an error, or an answer */
		may(A, SYS_sendto, fd, PTR(&ask), sizeof(ask), 0, 0, 0);
		may(A, SYS_recvfrom, fd, PTR(got), sizeof(got), 0, 0, 0);
	}
	refused_close_fd(A, fd);
}

static void netlink(void)
{
	refuse_each(A, -1, ask_netlink);
	refuse_each(A, -1, hear_netlink);
}

static void pipe_and_splice(void)
{
	int fd[2] = {-1, -1}, to[2] = {-1, -1};
	struct iovec iov[12];

	for (int i = 0; i < 12; i++)
		iov[i] = (struct iovec){bytes + i, 1};
	if (may(A, SYS_pipe2, PTR(fd), O_NONBLOCK))
		return;
	if (!may(A, SYS_pipe2, PTR(to), O_NONBLOCK)) {
		may(A, SYS_fcntl, fd[0], F_SETPIPE_SZ, 1 << 17);
		may(A, SYS_write, fd[1], PTR(bytes), 10000);
		may(A, SYS_writev, fd[1], PTR(iov), 12);
		may(A, SYS_tee, fd[0], to[1], 5000, SPLICE_F_NONBLOCK);
		may(A, SYS_read, to[0], PTR(got), 5000);
		may(A, SYS_splice, fd[0], 0, to[1], 0, 10000, SPLICE_F_NONBLOCK);
		iov[0].iov_len = 9000;
		may(A, SYS_vmsplice, fd[1], PTR(iov), 1, 0);
		close_both(to);
	}
	close_both(fd);
}

static void pipes(void)
{
	refuse_each(A, -1, pipe_and_splice);
}

/* ---- files -------------------------------------------------------------------------------------- */

static int open_file(const char *name, int flags)
{
	return may(A, SYS_open, PTR(name), flags, 0600);
}

static void use_file(int fd)
{
	int other = open_file("/d/other", O_CREAT | O_RDWR), p[2];
	loff_t at = 0;

	may(A, SYS_write, fd, PTR(bytes), 10000);
	may(A, SYS_fallocate, fd, 0, 20000, 10000);
	may(A, SYS_pwrite64, fd, PTR(bytes), 10, 1 << 20);
	may(A, SYS_ftruncate, fd, 5000);
	if (other >= 0)
		may(A, SYS_sendfile, other, fd, PTR(&at), 5000);
	at = 0;
	if (!may(A, SYS_pipe2, PTR(p), O_NONBLOCK)) {
		may(A, SYS_splice, fd, PTR(&at), p[1], 0, 5000, SPLICE_F_NONBLOCK);
		if (other >= 0)
			scene_call(A, SYS_splice, p[0], 0, other, 0, 5000, SPLICE_F_NONBLOCK);
		close_both(p);
	}
	refused_close_fd(A, other);
}

static void make_and_remove(void)
{
	static const char deep[] = "/d/sub";
	char name[1000] = {0};
	int fd;

	if (may(A, SYS_mkdir, PTR("/d"), 0700))
		return;
	may(A, SYS_mkdir, PTR(deep), 0700);
	fd = open_file("/d/file", O_CREAT | O_RDWR);
	if (fd >= 0)
		use_file(fd);
	refused_close_fd(A, fd);
	may(A, SYS_symlink, PTR("/d/file"), PTR("/d/link"));
	scene_call(A, SYS_readlink, PTR("/d/link"), PTR(got), 100);
	fd = scene_call(A, SYS_open, PTR("/d/link"), O_RDONLY, 0);
	refused_close_fd(A, fd);
	scene_call(A, SYS_rename, PTR("/d/file"),
		   PTR("/d/sub/a-name-that-is-long-enough-to-need-memory-of-its-own"));
	fd = may(A, SYS_open, PTR("/d"), O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0)
		may(A, SYS_getdents64, fd, PTR(got), 2000);
	refused_close_fd(A, fd);
	refused_close_fd(A, may(A, SYS_open, PTR("/d"), O_PATH, 0));
	may(A, SYS_getcwd, PTR(got), 100);
	memset(name, '/', sizeof(name) - 2); /* longer than the buffer for short names */
	name[sizeof(name) - 2] = 'd';
	may(A, SYS_access, PTR(name), 0);
	/* Without failures, the play can remove what it made. */
	A->set("fail_alloc", 0);
	scene_call(A, SYS_unlink, PTR("/d/link"));
	scene_call(A, SYS_unlink, PTR("/d/file"));
	scene_call(A, SYS_unlink, PTR("/d/other"));
	scene_call(A, SYS_unlink,
		   PTR("/d/sub/a-name-that-is-long-enough-to-need-memory-of-its-own"));
	scene_call(A, SYS_rmdir, PTR(deep));
	assert_int_equal(scene_call(A, SYS_rmdir, PTR("/d")), 0);
}

static void files(void)
{
	refuse_each(A, -1, make_and_remove);
}

static void read_path(const char *path)
{
	int fd = may(A, SYS_open, PTR(path), O_RDONLY, 0);

	if (fd < 0)
		return;
	while (may(A, SYS_read, fd, PTR(got), 1000) > 0)
		;
	refused_close_fd(A, fd);
}

static void read_all(void)
{
	static const char *const paths[] = {
		"/proc/net/tcp", "/proc/net/netstat",           "/proc/slabinfo",  "/proc/kmsg",
		"/dev/zero",     "/proc/sys/net/ipv4/tcp_rmem", "/proc/self/maps", "/proc/net/arp"};

	for (unsigned int i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (strcmp(paths[i], "/dev/zero") && strcmp(paths[i], "/proc/kmsg"))
			read_path(paths[i]);
		else
			refused_close_fd(A, scene_call(A, SYS_open, PTR(paths[i]), O_RDONLY, 0));
	}
	refused_close_fd(A, scene_call(A, SYS_open, PTR("/dev/console"), O_RDWR, 0));
}

static void use_timers_and_signals(void)
{
	siginfo_t info = {.si_signo = SIGRTMIN, .si_code = SI_QUEUE};
	int64_t pid = scene_call(A, SYS_getpid);
	int timer;

	if (!may(A, SYS_timer_create, CLOCK_MONOTONIC, 0, PTR(&timer)))
		may(A, SYS_timer_delete, timer);
	may(A, SYS_rt_sigqueueinfo, pid, SIGRTMIN, PTR(&info));
	may(A, SYS_syslog, 3, PTR(got), 1000);
}

static void timers_and_signals(void)
{
	refuse_each(A, -1, use_timers_and_signals);
}

static void special_files(void)
{
	refuse_each(A, -1, read_all);
}

/* ---- waiting ------------------------------------------------------------------------------------ */

static void wait_in_each_way(void)
{
	static struct pollfd poll[MANY];
	static uint64_t sets[3][64], large[8000 / 64];
	struct epoll_event event = {.events = EPOLLIN};
	struct itimerspec in = {.it_value = {.tv_nsec = 1000000}};
	struct timeval none = {0};
	int64_t efd = may(A, SYS_eventfd2, 0, O_NONBLOCK), tfd, epfd;
	uint64_t one = 1;

	if (efd < 0)
		return;
	tfd = may(A, SYS_timerfd_create, CLOCK_MONOTONIC, O_NONBLOCK);
	epfd = may(A, SYS_epoll_create1, 0);
	if (tfd >= 0)
		may(A, SYS_timerfd_settime, tfd, 0, PTR(&in), 0);
	if (epfd >= 0) {
		may(A, SYS_epoll_ctl, epfd, EPOLL_CTL_ADD, efd, PTR(&event));
		if (tfd >= 0)
			may(A, SYS_epoll_ctl, epfd, EPOLL_CTL_ADD, tfd, PTR(&event));
		may(A, SYS_epoll_wait, epfd, PTR(&event), 1, 5);
	}
	may(A, SYS_write, efd, PTR(&one), 8);
	for (unsigned int i = 0; i < MANY; i++)
		poll[i] = (struct pollfd){.fd = efd, .events = POLLOUT >> (i & 1)};
	may(A, SYS_poll, PTR(poll), MANY, 0);
	for (unsigned int i = 0; i < MANY; i++)
		poll[i].events = POLLPRI;
	may(A, SYS_poll, PTR(poll), MANY, 5);
	sets[0][0] = 1ULL << efd;
	may(A, SYS_select, 1024, PTR(sets[0]), PTR(sets[1]), PTR(sets[2]), PTR(&none));
	may(A, SYS_select, 8000, PTR(large), 0, 0, PTR(&none));
	/* A high number makes the table of descriptors grow. */
	refused_close_fd(A, may(A, SYS_fcntl, efd, F_DUPFD, 500));
	refused_close_fd(A, epfd);
	refused_close_fd(A, tfd);
	refused_close_fd(A, efd);
}

static void waits(void)
{
	refuse_each(A, -1, wait_in_each_way);
}

/* ---- files through connections -------------------------------------------------------------------- */

static int file, listener;

static void send_file(void)
{
	struct pair p = refused_pair();
	int q[2] = {-1, -1};
	loff_t at = 0;
	int64_t n;

	if (p.b >= 0) {
		n = may(A, SYS_sendfile, p.a, file, PTR(&at), 20000);
		if (n > 0) {
			scene_recv_all(B, p.b, got, n);
			assert_memory_equal(got, bytes, n);
		}
		n = may(A, SYS_open, PTR("/proc/version"), O_RDONLY, 0);
		if (n >= 0) {
			int64_t len = may(A, SYS_sendfile, p.a, n, 0, 10);

			if (len > 0)
				scene_recv_all(B, p.b, got, len);
			refused_close_fd(A, n);
		}
		if (!may(A, SYS_pipe2, PTR(q), O_NONBLOCK)) {
			at = 0;
			n = may(A, SYS_splice, file, PTR(&at), q[1], 0, 9000, SPLICE_F_NONBLOCK);
			if (n > 0)
				n = may(A, SYS_splice, q[0], 0, p.a, 0, n, 0);
			if (n > 0)
				scene_recv_all(B, p.b, got, n);
			scene_send_all(B, p.b, bytes, 3000);
			scene_sleep(10 * MS);
			may(A, SYS_splice, p.a, 0, q[1], 0, 3000, SPLICE_F_NONBLOCK);
			close_both(q);
		}
	}
	refused_close(&p);
}

static void sendfile_and_splice(void)
{
	file = scene_call(A, SYS_open, PTR("/file"), O_CREAT | O_RDWR, 0600);
	scene_fill(bytes, sizeof(bytes), 7);
	assert_int_equal(scene_call(A, SYS_write, file, PTR(bytes), 20000), 20000);
	listener = scene_listen(B, PORT, 8);
	scene_nonblock(B, listener);
	refuse_each(A, listener, send_file);
	scene_close(B, listener);
	scene_close(A, file);
	assert_int_equal(scene_call(A, SYS_unlink, PTR("/file")), 0);
}

/* ---- packets without a connection ----------------------------------------------------------------- */

static void put(uint8_t *frame, size_t len)
{
	assert_int_equal(wire_inject(scene->wire, A, frame, len), 0);
	scene_sleep(10 * MS);
}

static void put_ip(unsigned int proto, size_t len)
{
	uint8_t frame[PKT_ETH + PKT_IP + 64] = {0}, *ip = frame + PKT_ETH;

	pkt_put_eth(frame, 0x020000000001, 0x020000000002, PKT_TYPE_IP);
	pkt_put_ip(ip, proto, 0x0a000002, 0x0a000001, len);
	if (proto == PKT_PROTO_ICMP) {
		ip[PKT_IP] = 8; /* echo request */
		pkt_sum_icmp(ip + PKT_IP, len);
	}
	put(frame, PKT_ETH + PKT_IP + len);
}

/* Sends an ARP request from an address that A does not know yet; A answers, and stores the address. */
static void put_arp(uint32_t sender)
{
	uint8_t frame[60] = {0}, *arp = frame + PKT_ETH;

	pkt_put_eth(frame, 0xffffffffffff, 0x020000000002, 0x0806);
	pkt_put16(arp, 1);
	pkt_put16(arp + 2, PKT_TYPE_IP);
	arp[4] = 6;
	arp[5] = 4;
	pkt_put16(arp + 6, 1);
	memcpy(arp + 8, frame + 6, 6);
	pkt_put32(arp + 14, sender);
	pkt_put32(arp + 24, 0x0a000001);
	put(frame, sizeof(frame));
}

static void packets(void)
{
	static uint32_t sender = 0x0a00000a;
	struct forged f = {.to = A, .sport = 9, .dport = 9, .flags = ACK_FLAG, .ack = 1};

	put_ip(PKT_PROTO_ICMP, 40);
	put_ip(17, 20); /* UDP, to a port without a socket */
	forge(&f);      /* answered with a reset */
	put_arp(sender);
	if (++sender == 0x0a0000fe)
		sender = 0x0a00000a;
}

static void answers(void)
{
	refuse_each(A, -1, packets);
}

/* ---- boot ---------------------------------------------------------------------------------------- */

/* exit status of boot_once() if the boot made fewer than @n allocations, so that none was refused */
#define NOTHING_FAILED 77

/*
 * Runs in a child process: boots a kernel whose @n-th allocation fails.  The boot must succeed, or end
 * with a message that begins with "no memory for".
 */
static void boot_once(struct host *h, unsigned int n)
{
	int status = 0;

	h->set("fail_alloc", n);
	if (h->boot(1, "ip=10.0.0.1/24 app=none") < 0 &&
	    strncmp(h->panic_message(), "no memory for ", 14)) {
		fprintf(stderr, "allocation %u: %s\n", n, h->panic_message());
		status = 1;
	}
	if (!h->stat("allocs_refused"))
		status = NOTHING_FAILED;
	scene_report_refused(h);
	_exit(status);
}

static void boots(void)
{
	struct conductor *c = conductor_new(scene_library(), 1);
	struct host *h = c ? host_new(c) : NULL;
	unsigned int n = 0;
	int status = 0;

	assert_non_null(h);
	while (WEXITSTATUS(status) != NOTHING_FAILED) {
		pid_t pid = fork();

		n++;
		if (!pid)
			boot_once(h, n);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
	}
	assert_true(n > 100);
	conductor_free(c);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		SCENE(socketpairs),
		SCENE(netlink),
		SCENE(pipes),
		SCENE(files),
		SCENE(special_files),
		SCENE(waits),
		SCENE(timers_and_signals),
		SCENE(sendfile_and_splice),
		SCENE(answers),
		SCENE(boots),
		SCENE_WITH(answers, {"features", MODEL_FEATURES_ALL}),
	};

	return scene_play(tests);
}
