/* SPDX-License-Identifier: MIT */
/*
 * A kernel in a child process that sends each received frame back to its sender, and functions with which
 * a test sends bursts of frames to it.
 *
 * Each program that tests virtio_net against the device model includes this file once.
 */
#ifndef TESTS_UNIT_REFLECTOR_H
#define TESTS_UNIT_REFLECTOR_H

#include "kernel/types.h" /* must precede libc's headers, which redefine some of its macros */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "boot/boot_info.h"
#include "drivers/virtio/virtio_net.h"
#include "kernel/fs/file.h"
#include "kernel/fs/proc.h"
#include "kernel/lib/byteorder.h"
#include "kernel/lib/random.h"
#include "kernel/lib/string.h"
#include "kernel/mm/page.h"
#include "kernel/mm/slab.h"
#include "kernel/sched/sched.h"
#include "kernel/sched/wait.h"
#include "kernel/time/softirq.h"
#include "kernel/time/timer.h"
#include "net/core/dropreason.h"
#include "net/core/eth.h"
#include "net/core/netdevice.h"
#include "tests/host/host.h"
#include "tests/host/softnet_host.h"
#include "tests/host/virtio_model.h"
#include "tests/unit/unit_lower.h"
#include "tests/wire/pkt.h"

#define MS         1000000ULL
#define ETH_P_TEST 0x88b5
#define F(bit)     (1ULL << VIRTIO_NET_F_##bit)
#define EVENT_IDX  (1ULL << VIRTIO_F_EVENT_IDX)

/*
 * The first byte after the Ethernet header tells the kernel how to answer: PLAIN sends the frame back, CLONED
 * sends it back twice (the second as a clone), TSO sends it back and then sends a large TCP packet that must be
 * segmented, KEPT queues the frame and sends nothing, AWAITED sends the frame back and waits for its completion.
 */
enum reflection { PLAIN, CLONED, TSO, KEPT, AWAITED };

/* ---- a kernel that sends frames back ------------------------------------------------------- */

#define TSO_HEADERS (ETH_HLEN + 40)
#define TSO_PIECES  5
#define TSO_PIECE   4000
#define TSO_MSS     1460
#define TSO_FRAMES  DIV_ROUND_UP(TSO_PIECES *TSO_PIECE, TSO_MSS)

/* Returns a large TCP packet for segmentation, with the received frame's @headers and a payload in page fragments. */
static struct sk_buff *make_tso(const u8 *headers)
{
	struct sk_buff *skb = alloc_skb(NET_SKB_PAD + TSO_HEADERS, GFP_ATOMIC);

	skb_reserve(skb, NET_SKB_PAD);
	memcpy(skb_put(skb, TSO_HEADERS), headers, TSO_HEADERS);
	for (int i = 0; i < TSO_PIECES; i++) {
		struct page *page = alloc_page(GFP_ATOMIC);

		memset(page_address(page), 'a' + i, TSO_PIECE);
		skb_fill_page_desc(skb, i, page, 0, TSO_PIECE);
		skb->len += TSO_PIECE;
		skb->data_len += TSO_PIECE;
		skb->truesize += PAGE_SIZE;
	}
	skb->ip_summed = CHECKSUM_PARTIAL;
	skb->csum_start = skb_headroom(skb) + ETH_HLEN + 20;
	skb->csum_offset = 16;
	skb_shinfo(skb)->gso_size = TSO_MSS;
	skb_shinfo(skb)->gso_type = SKB_GSO_TCPV4;
	skb_shinfo(skb)->gso_segs = TSO_FRAMES;
	return skb;
}

static struct sk_buff_head kept; /* received frames that are held, as in a socket's receive queue */

static enum skb_drop_reason reflect(struct sk_buff *skb, struct net_device *dev,
				    struct packet_type *pt)
{
	struct sk_buff *other = NULL;
	struct ethhdr *eth;
	u8 what;

	if (!pskb_may_pull(skb, 2 + TSO_HEADERS))
		return SKB_DROP_REASON_UNHANDLED_PROTO;
	what = skb->data[0];
	if (what == KEPT) {
		__skb_queue_tail(&kept, skb);
		return SKB_CONSUMED;
	}
	if (what == TSO)
		other = make_tso(skb->data + 2);
	eth = skb_push(skb, ETH_HLEN);
	memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	memcpy(eth->h_source, dev->dev_addr, ETH_ALEN);
	skb->dev = dev;
	if (what == CLONED)
		other = skb_clone(skb, GFP_ATOMIC);
	if (other) {
		other->dev = dev;
		dev_queue_xmit(other);
	}
	dev_queue_xmit(skb);
	if (what == AWAITED)
		dev_tx_await();
	return SKB_CONSUMED;
}

static struct packet_type reflector = {.type = HTONS_CONST(ETH_P_TEST), .func = reflect};

static bool open_without_pages; /* open the device while no page is free */

static int (*job)(struct net_device *dev); /* called next by the thread; NULL: none */
static int job_result;
static wait_queue_head_t job_wait;
static struct timer_list job_timer;

static void wake_job(unsigned long data)
{
	wake_up(&job_wait);
}

/* Opens the device, and then calls the functions that in_thread() passes to this thread. */
static int init_thread(void *arg)
{
	struct net_device *dev;

	hal_probe_devices();
	dev = dev_get_by_name("eth0");
	if (open_without_pages) {
		schedule(); /* let the kernel's own threads allocate their memory first */
		host_keep_pages(0);
	}
	BUG_ON(dev && dev_open(dev));
	for (;;) {
		wait_event(job_wait, job);
		job_result = job(dev);
		job = NULL;
	}
}

void __noreturn kernel_main(const struct boot_info *boot)
{
	unit_lower_half(boot);
	skb_init();
	netdev_init();
	skb_queue_head_init(&kept);
	init_waitqueue_head(&job_wait);
	setup_timer(&job_timer, wake_job, 0);
	dev_add_pack(&reflector);
	virtio_init();
	virtio_net_init();
	BUG_ON(IS_ERR(kthread_run(init_thread, NULL, "init")));
	cpu_idle();
}

/* ---- a child ------------------------------------------------------------------------------------- */

/* Only the coverage build (make coverage) has this function.  _exit() does not call it, so end_child() does. */
void __gcov_dump(void) __attribute__((weak));

static void end_child(void)
{
	if (__gcov_dump)
		__gcov_dump();
	_exit(0);
}

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("%s:%d: %s\n%s\n", __FILE__, __LINE__, #cond, sn_console());        \
			fflush(stdout);                                                            \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static u64 seed = 1;
static u64 baseline;
static unsigned int sent; /* number of frames sent so far; the payload of a frame depends on it */

static struct net_device *eth0(void)
{
	return dev_get_by_name("eth0");
}

static void step(u64 ms)
{
	CHECK(sn_step() != SN_HALTED);
	sn_set_clock(sn_clock() + ms * MS);
	CHECK(sn_step() != SN_HALTED);
}

/* Calls @function in a thread of the kernel, and steps until it has returned; returns its result. */
static inline int in_thread(int (*function)(struct net_device *dev))
{
	job = function;
	mod_timer(&job_timer, jiffies);
	for (int i = 0; i < 1000 && job; i++)
		step(1);
	CHECK(!job);
	return job_result;
}

/* Returns how often @words are on the console. */
static inline unsigned int lines_with(const char *words)
{
	const char *text = sn_console();
	unsigned int n = 0;

	while ((text = strstr(text, words))) {
		text++;
		n++;
	}
	return n;
}

static void boot(u64 features, u64 ring)
{
	srand(seed);
	sn_set("features", features);
	sn_set("queue_size", ring);
	sn_set("irq_chance", 128);
	CHECK(sn_boot(seed, "") == 0);
	CHECK(netif_carrier_ok(eth0()));
	baseline = sn_live_objects();
}

static void finish(void)
{
	for (int i = 0; i < 20; i++)
		step(100);
	CHECK(sn_live_objects() == baseline);
	CHECK(sn_timers_armed() == 0);
	CHECK(sn_warn_count() == 0);
	end_child();
}

/* Writes the TCP/IPv4 headers of a packet to be segmented.  Its sequence numbers wrap inside the payload. */
static void put_headers(u8 *h)
{
	u8 *ip = h + ETH_HLEN, *tcp = ip + 20;

	memset(h, 0, TSO_HEADERS);
	put_unaligned_be16(ETH_P_IP, h + 12);
	ip[0] = 0x45;
	put_unaligned_be16(40 + TSO_PIECES * TSO_PIECE, ip + 2);
	ip[8] = 64;
	ip[9] = 6;
	put_unaligned_be32(0x0a000001, ip + 12);
	put_unaligned_be32(0x0a000002, ip + 16);
	put_unaligned_be32(0xfffff000, tcp + 4);
	tcp[12] = 0x50;
	tcp[13] = 0x18;
	put_unaligned_be16(pkt_pseudo(ip, 20 + TSO_PIECES * TSO_PIECE), tcp + 16);
}

/* Sends the kernel a frame of at least @len bytes; returns the number of frames that must come back. */
static unsigned int put(enum reflection what, size_t len)
{
	u8 f[1514];

	len = max_t(size_t, len, ETH_HLEN + 2 + TSO_HEADERS);
	memcpy(f, eth0()->dev_addr, ETH_ALEN);
	memcpy(f + 6, "\x02\0\0\0\0\x09", ETH_ALEN);
	put_unaligned_be16(ETH_P_TEST, f + 12);
	f[14] = what;
	f[15] = 0;
	put_headers(f + 16);
	for (size_t i = ETH_HLEN + 2 + TSO_HEADERS; i < len; i++)
		f[i] = sent + i;
	if (what != TSO && len >= ETH_HLEN + 2 + TSO_HEADERS)
		put_unaligned_be32(sent, f + 16);
	sent++;
	CHECK(sn_put_frame(f, len) == 0);
	return what == KEPT                       ? 0
	       : what == PLAIN || what == AWAITED ? 1
	       : what == CLONED                   ? 2
						  : 1 + TSO_FRAMES;
}

/* Checks a frame that came back: a reflected test frame, or a TCP segment with correct length and checksums. */
static void check_frame(const u8 *f, size_t len)
{
	const u8 *ip = f + ETH_HLEN;

	CHECK(len >= ETH_HLEN && len <= 1514);
	if (get_unaligned_be16(f + 12) == ETH_P_TEST) {
		/*
		 * The reflected frame must have the sender's address as its destination: the driver writes
		 * the virtio header before the frame, and must not overwrite this address.
		 */
		CHECK(!memcmp(f, "\x02\0\0\0\0\x09", ETH_ALEN));
		return;
	}
	CHECK(get_unaligned_be16(ip + 2) == len - ETH_HLEN);
	CHECK(!pkt_check_sums(f));
	/* Page fragment i is filled with 'a' + i: the payload must match the sequence number. */
	for (size_t i = 54; i < len; i += 97) {
		u32 at = get_unaligned_be32(ip + 24) - 0xfffff000 + (i - 54);

		CHECK(f[i] == 'a' + at / TSO_PIECE);
	}
}

static unsigned int take_all(void)
{
	unsigned int n = 0;
	u8 f[2048];
	size_t len;

	while ((len = sn_take_frame(f, sizeof(f)))) {
		check_frame(f, len);
		n++;
	}
	return n;
}

/* Sends bursts of 1 to 600 frames (more than the ring holds); every expected frame must come back. */
static void bursts(unsigned int rounds, bool gso)
{
	for (unsigned int round = 0; round < rounds; round++) {
		unsigned int n = 1 + rand() % (round % 7 ? 40 : 600), expected = 0, got = 0;

		while (n--) {
			enum reflection what = rand() % 5 ? PLAIN : CLONED;

			if (gso && rand() % 50 == 0)
				what = TSO;
			expected += put(what, 60 + rand() % 1455);
		}
		for (int i = 0; i < 50 && got < expected; i++) {
			step(1);
			got += take_all();
		}
		CHECK(got == expected);
	}
}

/* Runs @scenario in a child. */
static void in_child(void (*scenario)(u64 features, u64 arg), u64 features, u64 arg)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		scenario(features, arg);
		end_child();
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("features %#llx, argument %llu: status %#x", (unsigned long long)features,
			 (unsigned long long)arg, status);
}

#endif
