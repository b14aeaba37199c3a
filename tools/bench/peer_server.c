/* SPDX-License-Identifier: MIT */
/*
 * peer_server: the server in the Linux guest of the comparison.  It is a static program that runs
 * as PID 1 of an initramfs: it loads the virtio-net modules, configures eth0 from the kernel
 * command line (ip=A.B.C.D/LEN) and serves, single-threaded with epoll and nonblocking sockets:
 *
 *   TCP 7  echo      TCP 9  discard      TCP 19  endless source      UDP 7  echo
 *   TCP 15 netstat: those files of /proc that softnet's inetd prints and that Linux has, in inetd's format
 *
 * Options on the kernel command line that this program reads (the kernel passes unknown key=value
 * options to init in the environment):
 *   ip=10.77.0.2/24       address of eth0
 *   gw=10.77.0.1          the default route; without this option there is none
 *   discard=trunc|copy    trunc (default): recv with MSG_TRUNC, the kernel drops
 *                         the bytes without copying them; copy: recv into a buffer
 *   source=send|sendfile  send (default): send() from a 64 KiB buffer;
 *                         sendfile: from a memfd, which saves the copy
 *
 * It also runs on an ordinary host, not as PID 1: peer_server [port offset]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BUF       (64 * 1024)
#define MAXFD     (1 << 20)
#define UDP_BATCH 32
#define UDP_MAX   2048

enum kind {
	K_FREE,
	K_LISTEN_ECHO,
	K_LISTEN_DISCARD,
	K_LISTEN_SOURCE,
	K_LISTEN_NETSTAT,
	K_UDP,
	K_ECHO,
	K_DISCARD,
	K_SOURCE
};

/*
 * State of a connection, indexed by descriptor.  Entries of descriptors never used share the zero
 * page.
 */
struct conn {
	uint8_t kind;
	uint8_t eof;
	uint32_t off, len; /* the part of an echo that was not sent yet */
	char *pend;
};

static struct conn *conns;
static int ep;
static char buf[BUF] __attribute__((aligned(4096)));
static char src[BUF] __attribute__((aligned(4096)));
static int discard_copy, source_sendfile, source_fd = -1;

static void die(const char *what)
{
	dprintf(1, "peer_server: %s: %s\n", what, strerror(errno));
	if (getpid() == 1)
		for (;;)
			pause();
	exit(1);
}

static void load_module(const char *name)
{
	char path[64];
	snprintf(path, sizeof path, "/m/%s.ko", name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (syscall(SYS_finit_module, fd, "", 0) && errno != EEXIST)
		dprintf(1, "peer_server: %s: %s\n", path, strerror(errno));
	close(fd);
}

static void default_route(int s, const char *gateway)
{
	struct rtentry rt = {.rt_flags = RTF_UP | RTF_GATEWAY};
	struct sockaddr_in *via = (struct sockaddr_in *)&rt.rt_gateway;

	via->sin_family = rt.rt_dst.sa_family = rt.rt_genmask.sa_family = AF_INET;
	if (inet_pton(AF_INET, gateway, &via->sin_addr) != 1 || ioctl(s, SIOCADDRT, &rt))
		die("gw=");
}

static void as_init(void)
{
	static const char *const mods[] = {"virtio_ring",
					   "virtio",
					   "virtio_pci_modern_dev",
					   "virtio_pci_legacy_dev",
					   "virtio_pci",
					   "virtio_mmio",
					   "failover",
					   "net_failover",
					   "virtio_net"};
	for (unsigned i = 0; i < sizeof mods / sizeof *mods; i++)
		load_module(mods[i]);

	char word[64] = "";
	const char *e = getenv("ip");
	int proc = mkdir("/proc", 0755) | mount("proc", "/proc", "proc", 0, 0);

	if (e)
		snprintf(word, sizeof word, "%s", e);
	else { /* a kernel with CONFIG_IP_PNP does not pass ip= to init */
		char line[4096] = "";
		if (proc == 0) {
			int fd = open("/proc/cmdline", O_RDONLY);
			if (fd >= 0 && read(fd, line, sizeof line - 1) > 0) {
				char *p = strstr(line, "ip=");
				if (p)
					sscanf(p + 3, "%63s", word);
			}
			close(fd);
		}
	}
	int plen = 24;
	char *slash = strchr(word, '/');
	if (slash) {
		*slash = 0;
		plen = atoi(slash + 1);
	}
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq ifr = {0};
	struct sockaddr_in *a = (struct sockaddr_in *)&ifr.ifr_addr;

	strcpy(ifr.ifr_name, "lo");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	ioctl(s, SIOCSIFFLAGS, &ifr);

	strcpy(ifr.ifr_name, "eth0");
	/* usually succeeds at once: the module's probe is synchronous */
	for (int i = 0; i < 2000; i++) {
		if (ioctl(s, SIOCGIFFLAGS, &ifr) == 0)
			break;
		usleep(1000);
	}
	memset(a, 0, sizeof *a);
	a->sin_family = AF_INET;
	if (inet_pton(AF_INET, word, &a->sin_addr) != 1)
		die("no ip=A.B.C.D/LEN on the command line");
	if (ioctl(s, SIOCSIFADDR, &ifr))
		die("SIOCSIFADDR eth0");
	a->sin_addr.s_addr = htonl(plen ? ~0u << (32 - plen) : 0);
	if (ioctl(s, SIOCSIFNETMASK, &ifr))
		die("SIOCSIFNETMASK");
	ifr.ifr_flags = IFF_UP | IFF_RUNNING;
	if (ioctl(s, SIOCSIFFLAGS, &ifr))
		die("SIOCSIFFLAGS");
	if ((e = getenv("gw")))
		default_route(s, e);
	close(s);
}

static void watch(int fd, enum kind k, uint32_t ev)
{
	struct epoll_event e = {.events = ev, .data.fd = fd};
	conns[fd] = (struct conn){.kind = k};
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e)) {
		conns[fd].kind = K_FREE;
		close(fd);
	}
}

static void rewatch(int fd, uint32_t ev)
{
	struct epoll_event e = {.events = ev, .data.fd = fd};
	epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e);
}

static void drop(int fd)
{
	free(conns[fd].pend);
	conns[fd] = (struct conn){0};
	close(fd);
}

static void tcp_listen(int port, enum kind k)
{
	int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	if (s < 0)
		die("socket");
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	/* accepted sockets inherit TCP_NODELAY, which saves one system call each */
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (bind(s, (struct sockaddr *)&a, sizeof a) || listen(s, 65535))
		die("listen");
	watch(s, k, EPOLLIN);
}

/*
 * Sends the files and closes. The connection is made to block, for three seconds at most in each
 * send().
 */
static void do_netstat(int fd)
{
	static const char *const files[] = {"/proc/net/snmp", "/proc/net/netstat",
					    "/proc/net/dev",  "/proc/net/sockstat",
					    "/proc/slabinfo", "/proc/meminfo"};
	struct timeval patience = {.tv_sec = 3};

	fcntl(fd, F_SETFL, 0);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	for (unsigned i = 0; i < sizeof files / sizeof *files; i++) {
		int in = open(files[i], O_RDONLY | O_CLOEXEC);
		ssize_t n = snprintf(buf, sizeof buf, "== %s ==\n", files[i]);
		do
			if (send(fd, buf, n, MSG_NOSIGNAL) != n)
				break;
		while (in >= 0 && (n = read(in, buf, sizeof buf)) > 0);
		if (in >= 0)
			close(in);
	}
	close(fd);
}

static void do_accept(int lfd, enum kind k)
{
	for (int i = 0; i < 256; i++) {
		int fd = accept4(lfd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		if (fd >= MAXFD) {
			close(fd);
			return;
		}
		if (k == K_LISTEN_NETSTAT) {
			do_netstat(fd);
			continue;
		}
		watch(fd, k, k == K_SOURCE ? EPOLLOUT : EPOLLIN);
	}
}

static void do_echo(int fd, uint32_t ev)
{
	struct conn *c = &conns[fd];
	if (c->len) {
		ssize_t w = send(fd, c->pend + c->off, c->len, MSG_NOSIGNAL);
		if (w < 0) {
			if (errno != EAGAIN)
				drop(fd);
			return;
		}
		c->off += w;
		c->len -= w;
		if (c->len)
			return;
		free(c->pend);
		c->pend = 0;
		rewatch(fd, EPOLLIN);
		return;
	}
	(void)ev;
	ssize_t n = recv(fd, buf, sizeof buf, 0);
	if (n <= 0) {
		if (n == 0 || errno != EAGAIN)
			drop(fd);
		return;
	}
	ssize_t w = send(fd, buf, n, MSG_NOSIGNAL);
	if (w == n)
		return;
	if (w < 0) {
		if (errno != EAGAIN) {
			drop(fd);
			return;
		}
		w = 0;
	}
	c->pend = malloc(n - w);
	if (!c->pend) {
		drop(fd);
		return;
	}
	memcpy(c->pend, buf + w, n - w);
	c->off = 0;
	c->len = n - w;
	rewatch(fd, EPOLLOUT);
}

static void do_discard(int fd)
{
	for (int i = 0; i < 8; i++) {
		size_t want = discard_copy ? sizeof buf : 1 << 20;
		ssize_t n = recv(fd, buf, want, discard_copy ? 0 : MSG_TRUNC);
		if (n == 0 || (n < 0 && errno != EAGAIN)) {
			drop(fd);
			return;
		}
		if (n < (ssize_t)want)
			return;
	}
}

static void do_source(int fd, uint32_t ev)
{
	if (ev & (EPOLLERR | EPOLLHUP)) {
		drop(fd);
		return;
	}
	for (int i = 0; i < 16; i++) {
		ssize_t n;
		if (source_sendfile) {
			off_t o = 0;
			n = sendfile(fd, source_fd, &o, 16 * BUF);
		} else
			n = send(fd, src, sizeof src, MSG_NOSIGNAL);
		if (n < 0) {
			if (errno != EAGAIN)
				drop(fd);
			return;
		}
		if (!source_sendfile && n < (ssize_t)sizeof src)
			return;
	}
}

static void do_udp(int fd)
{
	static struct mmsghdr m[UDP_BATCH];
	static struct iovec v[UDP_BATCH];
	static struct sockaddr_in a[UDP_BATCH];
	static char b[UDP_BATCH][UDP_MAX];
	for (int i = 0; i < UDP_BATCH; i++) {
		v[i] = (struct iovec){b[i], UDP_MAX};
		m[i].msg_hdr = (struct msghdr){.msg_name = &a[i],
					       .msg_namelen = sizeof a[i],
					       .msg_iov = &v[i],
					       .msg_iovlen = 1};
	}
	int n = recvmmsg(fd, m, UDP_BATCH, MSG_DONTWAIT, 0);
	if (n <= 0)
		return;
	for (int i = 0; i < n; i++)
		v[i].iov_len = m[i].msg_len;
	sendmmsg(fd, m, n, MSG_DONTWAIT);
}

int main(int argc, char **argv)
{
	int base = argc > 1 ? atoi(argv[1]) : 0;
	signal(SIGPIPE, SIG_IGN);
	if (getpid() == 1)
		as_init();

	struct rlimit rl = {MAXFD, MAXFD};
	setrlimit(RLIMIT_NOFILE, &rl);
	const char *e = getenv("discard");
	discard_copy = e && !strcmp(e, "copy");
	e = getenv("source");
	source_sendfile = e && !strcmp(e, "sendfile");
	for (unsigned i = 0; i < sizeof src; i++)
		src[i] = 'a' + i % 16;
	if (source_sendfile) {
		source_fd = syscall(SYS_memfd_create, "source", 0);
		for (int i = 0; i < 16; i++)
			if (write(source_fd, src, sizeof src) < 0)
				die("memfd");
	}
	conns = mmap(0, MAXFD * sizeof *conns, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (conns == MAP_FAILED || ep < 0)
		die("setup");

	int u = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), big = 4 << 20;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(base + 7)};
	setsockopt(u, SOL_SOCKET, SO_RCVBUFFORCE, &big, sizeof big);
	if (bind(u, (struct sockaddr *)&a, sizeof a))
		die("udp bind");
	watch(u, K_UDP, EPOLLIN);
	tcp_listen(base + 7, K_LISTEN_ECHO);
	tcp_listen(base + 9, K_LISTEN_DISCARD);
	tcp_listen(base + 15, K_LISTEN_NETSTAT);
	tcp_listen(base + 19, K_LISTEN_SOURCE);
	dprintf(1, "READY\n");

	static struct epoll_event ev[256];
	for (;;) {
		int n = epoll_wait(ep, ev, 256, -1);
		for (int i = 0; i < n; i++) {
			int fd = ev[i].data.fd;
			switch (conns[fd].kind) {
			case K_LISTEN_ECHO:
				do_accept(fd, K_ECHO);
				break;
			case K_LISTEN_DISCARD:
				do_accept(fd, K_DISCARD);
				break;
			case K_LISTEN_SOURCE:
				do_accept(fd, K_SOURCE);
				break;
			case K_LISTEN_NETSTAT:
				do_accept(fd, K_LISTEN_NETSTAT);
				break;
			case K_UDP:
				do_udp(fd);
				break;
			case K_ECHO:
				do_echo(fd, ev[i].events);
				break;
			case K_DISCARD:
				do_discard(fd);
				break;
			case K_SOURCE:
				do_source(fd, ev[i].events);
				break;
			default:
				break;
			}
		}
	}
}
