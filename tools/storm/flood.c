/* SPDX-License-Identifier: MIT */
/*
 * flood: sends frames of one kind to a guest through a packet socket, at a given rate or as fast as
 * the device takes them, and prints one line of JSON.
 *
 *   flood KIND -i DEVICE -m MAC -d GUEST -g OUR_ADDRESS -t SECONDS [-r FRAMES_A_SECOND] [-p PORT]
 *
 *   syn       SYNs with an MSS option, to PORT
 *   ack rst   ACKs, or resets, with random sequence numbers, to PORT
 *   udp       UDP datagrams to a port at which no socket listens
 * fragment  first fragments of packets whose other fragments never come
 *   arp       requests for the guest's address and, equally often, unsolicited replies, from the
 *             hosts 120 to 250 of the subnet
 *
 * The sources of all kinds but arp are random addresses of 198.18.0.0/15 (RFC 2544); they never
 * answer. The frames bypass the device's queueing discipline, so the device's own queue decides
 * which frames are lost. "refused" counts frames that the device did not take. storm.py runs this.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define BATCH     64
#define FRAME_MAX 128
#define CLOSED    4242 /* UDP port at which no guest listens */
#define ETH_LEN   14
#define IP_LEN    20
#define NS        1000000000ull

static uint8_t guest_mac[6], our_mac[6] = {0x02, 0, 0, 0x77, 0, 1};
static uint32_t guest_ip, our_ip; /* network byte order */
static unsigned int port = 7;
static uint64_t dice = 88172645463325252ull;

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS + t.tv_nsec;
}

/* xorshift64: the frames only have to differ. */
static uint64_t roll(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return dice;
}

static void put16(uint8_t *p, unsigned int v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static uint32_t sum(const uint8_t *p, unsigned int n, uint32_t s)
{
	for (unsigned int i = 0; i + 1 < n; i += 2)
		s += p[i] << 8 | p[i + 1];
	return s;
}

static unsigned int fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return ~s & 0xffff;
}

static void link_header(uint8_t *f, const uint8_t *to, unsigned int kind)
{
	memcpy(f, to, 6);
	memcpy(f + 6, our_mac, 6);
	put16(f + 12, kind);
}

/* Writes the Ethernet and IP headers of a packet with @len bytes behind them. */
static uint8_t *ip_header(uint8_t *f, unsigned int proto, unsigned int len, unsigned int frag)
{
	uint8_t *ip = f + ETH_LEN;
	uint32_t src = htonl(0xc6120000 | (roll() & 0x1ffff));

	link_header(f, guest_mac, ETH_P_IP);
	memset(ip, 0, IP_LEN);
	ip[0] = 0x45;
	put16(ip + 2, IP_LEN + len);
	put16(ip + 4, roll() & 0xffff);
	put16(ip + 6, frag);
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, &src, 4);
	memcpy(ip + 16, &guest_ip, 4);
	put16(ip + 10, fold(sum(ip, IP_LEN, 0)));
	return ip + IP_LEN;
}

static unsigned int tcp(uint8_t *f, unsigned int flags)
{
	static const uint8_t mss[4] = {2, 4, 1460 >> 8, 1460 & 255};
	unsigned int len = flags & 2 ? 24 : 20;
	uint8_t *t = ip_header(f, IPPROTO_TCP, len, 0);
	uint64_t numbers = roll();

	memset(t, 0, len);
	put16(t, 1024 + roll() % 60000);
	put16(t + 2, port);
	memcpy(t + 4, &numbers, flags & 0x10 ? 8 : 4);
	t[12] = len / 4 << 4;
	t[13] = flags;
	put16(t + 14, 65535);
	if (len > 20)
		memcpy(t + 20, mss, 4);
	put16(t + 16, fold(sum(t, len, sum(f + ETH_LEN + 12, 8, IPPROTO_TCP + len))));
	return ETH_LEN + IP_LEN + len;
}

static unsigned int syn(uint8_t *f)
{
	return tcp(f, 0x02);
}

static unsigned int ack(uint8_t *f)
{
	return tcp(f, 0x10);
}

static unsigned int rst(uint8_t *f)
{
	return tcp(f, 0x04);
}

static unsigned int udp(uint8_t *f)
{
	uint8_t *u = ip_header(f, IPPROTO_UDP, 18, 0);

	memset(u, 0, 18); /* checksum 0: none (RFC 768) */
	put16(u, 1024 + roll() % 60000);
	put16(u + 2, CLOSED);
	put16(u + 4, 18);
	return ETH_LEN + IP_LEN + 18;
}

static unsigned int fragment(uint8_t *f)
{
	memset(ip_header(f, IPPROTO_UDP, 64, 0x2000), 0, 64);
	return ETH_LEN + IP_LEN + 64;
}

static unsigned int arp(uint8_t *f)
{
	static const uint8_t all[6] = {255, 255, 255, 255, 255, 255}, head[6] = {0, 1, 8, 0, 6, 4};
	unsigned int reply = roll() & 1;
	uint8_t *a = f + ETH_LEN, sha[6] = {2, roll(), roll(), roll(), roll(), 9};
	uint32_t src = (our_ip & htonl(0xffffff00)) | htonl(120 + roll() % 131);

	link_header(f, reply ? guest_mac : all, ETH_P_ARP);
	memcpy(f + 6, sha, 6);
	memset(a, 0, 46);
	memcpy(a, head, 6);
	put16(a + 6, reply ? 2 : 1);
	memcpy(a + 8, sha, 6);
	memcpy(a + 14, &src, 4);
	memcpy(a + 24, &guest_ip, 4);
	return 60;
}

static const struct {
	const char *name;
	unsigned int (*make)(uint8_t *frame);
} kinds[] = {
	{"syn", syn}, {"ack", ack},           {"rst", rst},
	{"udp", udp}, {"fragment", fragment}, {"arp", arp},
};

static int open_device(const char *device)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_ifindex = if_nametoindex(device)};
	int s = socket(AF_PACKET, SOCK_RAW, 0), one = 1; /* protocol 0: receives nothing */

	if (s < 0 || !at.sll_ifindex || bind(s, (struct sockaddr *)&at, sizeof(at)) ||
	    setsockopt(s, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one))) {
		fprintf(stderr, "flood: %s: %s\n", device, strerror(errno));
		exit(1);
	}
	return s;
}

static void pause_until(uint64_t t)
{
	struct timespec at = {t / NS, t % NS};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

static void run(int s, unsigned int (*make)(uint8_t *), double seconds, double rate)
{
	static uint8_t frames[BATCH][FRAME_MAX];
	static struct iovec parts[BATCH];
	static struct mmsghdr messages[BATCH];
	uint64_t start = now(), end = start + seconds * NS, taken = 0, refused = 0, t;

	while ((t = now()) < end) {
		unsigned int n = BATCH, at = 0;

		if (rate > 0) {
			double due = (t - start) * rate / NS - (taken + refused);

			if (due < 1) {
				pause_until(t + 1000000);
				continue;
			}
			n = due < BATCH ? due : BATCH;
		}
		for (unsigned int i = 0; i < n; i++) {
			parts[i] = (struct iovec){frames[i], make(frames[i])};
			messages[i].msg_hdr =
				(struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
		}
		while (at < n) {
			int sent = sendmmsg(s, messages + at, n - at, 0);

			if (sent > 0) {
				taken += sent;
				at += sent;
			} else if (errno == ENOBUFS || errno == EAGAIN) {
				refused++;
				at++;
			} else {
				perror("flood: sendmmsg");
				exit(1);
			}
		}
	}
	printf("{\"offered\":%lu,\"refused\":%lu,\"seconds\":%.3f}\n", taken + refused, refused,
	       (now() - start) / 1e9);
}

int main(int argc, char **argv)
{
	const char *device = "tap0";
	double seconds = 5, rate = 0;
	int o;

	if (argc < 2)
		return 2;
	optind = 2;
	while ((o = getopt(argc, argv, "i:m:d:g:t:r:p:")) != -1) {
		if (o == 'i')
			device = optarg;
		else if (o == 'm' &&
			 sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", guest_mac, guest_mac + 1,
				guest_mac + 2, guest_mac + 3, guest_mac + 4, guest_mac + 5) != 6)
			return 2;
		else if (o == 'd')
			guest_ip = inet_addr(optarg);
		else if (o == 'g')
			our_ip = inet_addr(optarg);
		else if (o == 't')
			seconds = atof(optarg);
		else if (o == 'r')
			rate = atof(optarg);
		else if (o == 'p')
			port = atoi(optarg);
		else if (o == '?')
			return 2;
	}
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argv[1], kinds[i].name))
			continue;
		run(open_device(device), kinds[i].make, seconds, rate);
		return 0;
	}
	fprintf(stderr, "flood: no kind %s\n", argv[1]);
	return 2;
}
