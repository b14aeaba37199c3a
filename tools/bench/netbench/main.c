/* SPDX-License-Identifier: MIT */
/*
 * netbench: the load client.  It runs in the network namespace that has the guest's tap; every mode
 * is bounded in time and prints one line of JSON.
 *
 *   netbench MODE -h ADDR [options]
 *
 *   rr         -n conns -m bytes -t secs -w warmup     ping-pong on TCP port 7, bytes verified
 *   crr        -k concurrent -t secs                   connect, echo 1 byte, close in both directions
 *   in         -n conns -t secs                        send to port 9; MB/s that were acknowledged
 *   out        -n conns -t secs                        read from port 19; MB/s read
 *   idle       -n conns -k concurrent -t secs          open and hold, then echo 1 byte on each
 *   firstbyte  -t secs [-z t0_ns]                      a connect every ms until one echoes
 *   udprr      -n sockets -m bytes -t secs             ping-pong on UDP port 7, bytes verified
 *   icmp       -t secs                                 ICMP echo, one at a time (the least cost)
 *   sleep      -t secs                                 no load: idle cost
 *
 * Common options:
 *   -b PORT   added to 7, 9 and 19 (default 0)
 *   -S N      source addresses: N consecutive addresses starting at -A ADDR (each address has
 *             64 K ports; many connections, and long crr runs, need more than one)
 *   -P PID    QEMU's process: reports CPU time of its vCPU thread ("CPU .../TCG", needs
 *             -name ...,debug-threads=on), of its other threads, and of this client,
 *             as a fraction of the measured window, and per operation in us
 *   -C NAME   the client's congestion control (default: the system's)
 *   -I FILE   counter file of insn_count.so: reports guest instructions
 *   -s        spin on epoll instead of sleeping (costs one host core, lowers latency)
 *   -c        out: copy the received bytes to user space (default: MSG_TRUNC drops them)
 *   -p        idle: print {"opened":N} when the connections are open, and wait for a byte on the
 *             standard input before the second echoes
 */
#include "netbench.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#define SECS_MAX   120
#define INSN_BYTES 4096
#define OPEN_FILES (1 << 20)

const char *mode;
struct sockaddr_in dst = {.sin_family = AF_INET};
int opt_n = 1, opt_m = 1, opt_k = 16, opt_base, opt_spin, opt_copy, opt_pid, opt_nsrc, opt_pause;
double opt_t = 3, opt_w = 0.3;
const char *opt_control;
uint32_t opt_src;
uint64_t opt_t0;
volatile uint64_t *insn;
int ep;

static const struct {
	const char *name;
	void (*run)(void);
} modes[] = {
	{"rr", run_rr},       {"crr", run_crr},   {"in", run_in},
	{"out", run_out},     {"idle", run_idle}, {"firstbyte", run_firstbyte},
	{"udprr", run_udprr}, {"icmp", run_icmp}, {"sleep", run_sleep},
};

static void map_counters(const char *path)
{
	int fd = open(path, O_RDONLY);
	void *p = fd < 0 ? MAP_FAILED : mmap(0, INSN_BYTES, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die(path);
	insn = p;
}

static uint32_t address(const char *s)
{
	struct in_addr a;

	if (inet_pton(AF_INET, s, &a) != 1) {
		fprintf(stderr, "netbench: %s is no IPv4 address\n", s);
		exit(2);
	}
	return a.s_addr;
}

static void option(int o)
{
	switch (o) {
	case 'h':
		dst.sin_addr.s_addr = address(optarg);
		break;
	case 'b':
		opt_base = atoi(optarg);
		break;
	case 'n':
		opt_n = atoi(optarg);
		break;
	case 'm':
		opt_m = atoi(optarg);
		break;
	case 'k':
		opt_k = atoi(optarg);
		break;
	case 't':
		opt_t = atof(optarg);
		break;
	case 'w':
		opt_w = atof(optarg);
		break;
	case 'S':
		opt_nsrc = atoi(optarg);
		break;
	case 'A':
		opt_src = ntohl(address(optarg));
		break;
	case 'P':
		opt_pid = atoi(optarg);
		break;
	case 'C':
		opt_control = optarg;
		break;
	case 'I':
		map_counters(optarg);
		break;
	case 'z':
		opt_t0 = strtoull(optarg, 0, 10);
		break;
	case 's':
		opt_spin = 1;
		break;
	case 'c':
		opt_copy = 1;
		break;
	case 'p':
		opt_pause = 1;
		break;
	default:
		exit(2);
	}
}

/* Raises the limit of open files to OPEN_FILES, or as far as the system allows. */
static void raise_limits(void)
{
	struct rlimit rl = {OPEN_FILES, OPEN_FILES};

	if (setrlimit(RLIMIT_NOFILE, &rl) && !getrlimit(RLIMIT_NOFILE, &rl)) {
		rl.rlim_cur = rl.rlim_max;
		setrlimit(RLIMIT_NOFILE, &rl);
	}
}

int main(int argc, char **argv)
{
	int o;

	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		fprintf(stderr, "usage: netbench rr|crr|in|out|idle|firstbyte|udprr|icmp|sleep -h "
				"ADDR ...\n");
		return 2;
	}
	mode = argv[1];
	optind = 2;
	while ((o = getopt(argc, argv, "h:b:n:m:k:t:w:S:A:P:C:I:z:scp")) != -1)
		option(o);
	if (opt_n < 1 || opt_m < 1 || opt_k < 1 || opt_t <= 0 || opt_t > SECS_MAX) {
		fprintf(stderr, "netbench: -n, -m and -k from 1; -t above 0, up to %d\n", SECS_MAX);
		return 2;
	}
	raise_limits();
	lat_init();
	ep = epoll_create1(EPOLL_CLOEXEC);
	if (ep < 0)
		die("epoll");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(mode, modes[i].name)) {
			modes[i].run();
			return 0;
		}
	fprintf(stderr, "netbench: no mode %s\n", mode);
	return 2;
}
