/* SPDX-License-Identifier: MIT */
/* Transfers over devices without offloads, with all offloads, with small MTUs, and with little memory. */
#include "tests/hosted/scene.h"

#include <dlfcn.h>
#include <linux/sockios.h>
#include <net/if.h>

#include "tests/host/virtio_model.h"

#define F_CSUM       (1ULL << 0)
#define F_GUEST_CSUM (1ULL << 1)
#define F_MTU        (1ULL << 3)
#define F_HOST_TSO4  (1ULL << 11)
#define F_EVENT_IDX  (1ULL << 29)

static void transfers(void)
{
	struct pair p = scene_pair();

	scene_carry(A, p.a, B, p.b, 400000);
	scene_carry(B, p.b, A, p.a, 400000);
	scene_drop(A, DATA, 30);
	scene_hold(B, DATA, 20, 3 * MS);
	scene_carry(A, p.a, B, p.b, 100000);
	scene_carry(B, p.b, A, p.a, 100000);
	assert_int_equal(scene_drops(A, "TCP_CSUM") + scene_drops(B, "TCP_CSUM"), 0);
	scene_pair_close(&p);
}

/* The device computes no checksums: the stack must compute its own and verify those of the peer. */
static void without_any_offload(void)
{
	transfers();
}

static void without_segmentation(void)
{
	transfers();
}

static void with_everything(void)
{
	transfers();
}

static void checksums_that_the_device_vouches_for(void)
{
	transfers();
}

static void without_event_index(void)
{
	transfers();
}

static void buffers_used_in_any_order(void)
{
	transfers();
}

static void (*cable_of(struct host *h))(bool up)
{
	void (*set_link)(bool up);

	*(void **)&set_link = dlsym(h->dl, "virtio_model_set_link");
	assert_non_null(set_link);
	return set_link;
}

/* A's cable is unplugged and plugged in again while A sends: TCP retransmits all that is lost. */
static void a_loose_cable(void)
{
	struct pair p = scene_pair();
	void (*set_link)(bool up) = cable_of(A);

	for (unsigned int i = 0; i < 10; i++) {
		int64_t sends;
		uint8_t sent[20000], got[20000];

		scene_fill(sent, sizeof(sent), i);
		sends = scene_begin(A, SYS_sendto, p.a, PTR(sent), sizeof(sent), MSG_NOSIGNAL);
		A->awake = true;
		set_link(false);
		scene_sleep(50 * MS);
		A->awake = true;
		set_link(true);
		scene_sleep(i * MS);
		scene_recv_all(B, p.b, got, sizeof(got));
		assert_memory_equal(sent, got, sizeof(got));
		assert_int_equal(scene_end(A, sends), sizeof(sent));
	}
	scene_carry(B, p.b, A, p.a, 100000);
	scene_pair_close(&p);
}

static unsigned int lines_with(const char *text, const char *words)
{
	unsigned int n = 0;

	while ((text = strstr(text, words))) {
		text++;
		n++;
	}
	return n;
}

/*
 * A's cable is unplugged and plugged in again all the time: the console shows at most ten lines
 * about the link in five seconds, and later one line with the number of lines that were withheld.
 */
static void a_cable_that_floods_no_console(void)
{
	void (*set_link)(bool up) = cable_of(A);
	unsigned int before = lines_with(A->console(), ": link ");
	struct pair p;

	for (unsigned int i = 0; i < 200; i++) {
		A->awake = true;
		set_link(i % 2);
		scene_sleep(5 * MS);
	}
	assert_in_range(lines_with(A->console(), ": link "), before + 5, before + 10);
	scene_sleep(5 * SEC);
	A->awake = true;
	set_link(false);
	scene_sleep(5 * MS);
	assert_non_null(strstr(A->console(), "lines like the next were withheld"));
	A->awake = true;
	set_link(true);
	scene_sleep(5 * MS);
	p = scene_pair();
	scene_carry(A, p.a, B, p.b, 1000);
	scene_pair_close(&p);
}

/*
 * A's device sets NEEDS_RESET during a connection: the driver shuts the device down, and A receives
 * nothing any more.
 */
static void a_device_that_is_lost(void)
{
	struct pair p = scene_pair();
	void (*lie)(uint32_t lie, uint32_t queue);

	*(void **)&lie = dlsym(A->dl, "virtio_model_lie");
	assert_non_null(lie);
	scene_carry(A, p.a, B, p.b, 50000);
	scene_set(A, p.a, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000);
	A->awake = true;
	lie(MODEL_LIE_NEEDS_RESET, 0);
	scene_sleep(10 * MS);
	scene_mark();
	scene_send_all(A, p.a, "nobody hears this", 17);
	assert_int_equal(scene_recv(A, p.a, (char[1]){0}, 1), -ETIMEDOUT);
	assert_int_equal(scene_count(A, TCP | OTHER), 0);
	/* A could send nothing to B, so B still has the connection and would keep it for ever. */
	scene_linger(B, p.b, true, 0);
	scene_pair_close(&p);
}

static void a_small_ring(void)
{
	transfers();
}

static void an_mtu_of_576(void)
{
	struct pair p = scene_pair();

	assert_int_equal(scene_nth(A, SYN, 1)->mss, 536);
	scene_carry(A, p.a, B, p.b, 100000);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++)
		assert_true(scene_nth(A, DATA, i)->len <= 524);
	scene_pair_close(&p);
}

/*
 * A small MTU; RFC 791 permits 68 and more.  The MSS is the MTU less 40 (RFC 6691), and no packet
 * is longer than the MTU, including options.
 */
static void an_mtu_of(unsigned int mtu)
{
	struct pair p = scene_pair();
	struct seg segs[2] = {*scene_nth(A, SYN, 1), *scene_nth(B, SYNACK, 1)};

	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(segs[i].mss, mtu - 40);
	scene_carry(A, p.a, B, p.b, 20000);
	scene_carry(B, p.b, A, p.a, 20000);
	for (unsigned int i = 1; i <= scene_count(A, DATA); i++)
		assert_true(scene_nth(A, DATA, i)->len <= mtu - 52);
	for (unsigned int i = 1; i <= scene_count(B, DATA); i++)
		assert_true(scene_nth(B, DATA, i)->len <= mtu - 52);
	scene_pair_close(&p);
}

static void an_mtu_of_68(void)
{
	an_mtu_of(68);
}

static void an_mtu_of_87(void)
{
	an_mtu_of(87);
}

static void an_mtu_of_127(void)
{
	an_mtu_of(127);
}

static void an_mtu_of_9000(void)
{
	struct pair p = scene_pair();

	assert_int_equal(scene_nth(A, SYN, 1)->mss, 8960);
	scene_carry(A, p.a, B, p.b, 1000000);
	scene_pair_close(&p);
}

/* ---- changes at run time ------------------------------------------------------------------------- */

static int64_t about_card(struct host *h, unsigned int request, int value)
{
	int fd = scene_socket(h);
	struct ifreq ifr = {.ifr_name = "eth0"};
	int64_t err;

	if (request == SIOCSIFMTU)
		ifr.ifr_mtu = value;
	else
		ifr.ifr_flags = value;
	err = scene_call(h, SYS_ioctl, fd, request, PTR(&ifr));
	scene_close(h, fd);
	return request == SIOCGIFFLAGS && !err ? (unsigned short)ifr.ifr_flags : err;
}

/* A's interface goes down and comes up again while A sends: the connection goes on. */
static void an_interface_down_and_up(void)
{
	struct pair p = scene_pair();
	int up = about_card(A, SIOCGIFFLAGS, 0);

	assert_true(up & IFF_UP && up & IFF_MULTICAST);
	for (unsigned int i = 0; i < 5; i++) {
		uint8_t sent[20000], got[20000];
		int64_t sends;

		scene_fill(sent, sizeof(sent), i);
		sends = scene_begin(A, SYS_sendto, p.a, PTR(sent), sizeof(sent), MSG_NOSIGNAL);
		assert_int_equal(about_card(A, SIOCSIFFLAGS, up & ~IFF_UP), 0);
		assert_false(about_card(A, SIOCGIFFLAGS, 0) & (IFF_UP | IFF_RUNNING));
		assert_null(strstr(scene_proc(A, "/proc/net/route"), "eth0"));
		scene_mark();
		scene_sleep(500 * MS);
		assert_int_equal(scene_count(A, TCP | OTHER), 0);
		assert_int_equal(about_card(A, SIOCSIFFLAGS, up), 0);
		assert_int_equal(about_card(A, SIOCGIFFLAGS, 0), up);
		assert_non_null(strstr(scene_proc(A, "/proc/net/route"), "eth0"));
		scene_recv_all(B, p.b, got, sizeof(got));
		assert_memory_equal(sent, got, sizeof(got));
		assert_int_equal(scene_end(A, sends), sizeof(sent));
	}
	scene_carry(B, p.b, A, p.a, 100000);
	scene_pair_close(&p);
}

/*
 * A's MTU becomes smaller and larger during a connection: no packet of A is longer than the MTU at
 * that time, and A's longest packet has exactly this length. A later connection announces an MSS
 * that fits.
 */
static void an_mtu_that_changes(void)
{
	static const int mtus[] = {1500, 576, 9000, 68, 4000};
	struct pair p = scene_pair();

	for (unsigned int i = 0; i < sizeof(mtus) / sizeof(mtus[0]); i++) {
		unsigned int most = 0;

		assert_int_equal(about_card(A, SIOCSIFMTU, mtus[i]), 0);
		scene_mark();
		scene_carry(A, p.a, B, p.b, 50000);
		for (unsigned int n = 1; n <= scene_count(A, DATA); n++)
			most = scene_nth(A, DATA, n)->len > most ? scene_nth(A, DATA, n)->len
								 : most;
		/* 52 bytes: IP header, TCP header, timestamps */
		assert_int_equal(most, mtus[i] - 52);
	}
	assert_int_equal(about_card(A, SIOCSIFMTU, 67), -EINVAL);
	assert_int_equal(about_card(A, SIOCSIFMTU, 9001), -EINVAL);
	assert_int_equal(about_card(A, SIOCSIFMTU, -1), -EINVAL);
	scene_pair_close(&p);
	scene_mark();
	p = scene_pair();
	assert_int_equal(scene_nth(A, SYN, 1)->mss, mtus[sizeof(mtus) / sizeof(mtus[0]) - 1] - 40);
	scene_pair_close(&p);
}

/*
 * A change of a flag that Linux lets a program change, but this kernel does not, is refused; a
 * change of a flag that belongs to the device, such as IFF_LOOPBACK, is ignored.
 */
static void flags_that_cannot_change(void)
{
	int up = about_card(A, SIOCGIFFLAGS, 0);

	assert_int_equal(about_card(A, SIOCSIFFLAGS, up | IFF_NOARP), -EOPNOTSUPP);
	assert_int_equal(about_card(A, SIOCSIFFLAGS, up & ~IFF_MULTICAST), -EOPNOTSUPP);
	assert_int_equal(about_card(A, SIOCSIFFLAGS, (up | IFF_LOOPBACK) & ~IFF_BROADCAST), 0);
	assert_int_equal(about_card(A, SIOCSIFFLAGS, up | IFF_PROMISC | IFF_ALLMULTI), 0);
	assert_int_equal(about_card(A, SIOCGIFFLAGS, 0), up | IFF_PROMISC | IFF_ALLMULTI);
	assert_int_equal(about_card(A, SIOCSIFFLAGS, up), 0);
}

/*
 * On many connections the sender writes as much as it may, and the receiver does not read.  Memory
 * runs out, which causes only errors and counted drops; transfers work again when there is free
 * memory.
 */
static void little_memory(void)
{
	enum { N = 24 };
	int listener = scene_listen(B, 7, N), a[N], b[N], socks = 0;
	uint8_t *bytes = malloc(1 << 20);

	scene_fill(bytes, 1 << 20, 1);
	for (unsigned int i = 0; i < N; i++) {
		a[i] = scene_socket(A);
		scene_timeout(A, a[i], SO_SNDTIMEO, 3000);
		if (scene_connect(A, a[i], B, 7) < 0)
			break;
		b[i] = scene_accept(B, listener);
		if (b[i] < 0)
			break;
		socks++;
		scene_nonblock(A, a[i]);
		scene_send(A, a[i], bytes, 1 << 20);
		scene_sleep(20 * MS);
	}
	assert_in_range(socks, 2, N);
	scene_sleep(10 * SEC);
	for (int i = 0; i < socks; i++) {
		scene_close(B, b[i]);
		scene_close(A, a[i]);
	}
	if (socks < N)
		scene_close(A, a[socks]);
	scene_sleep(100 * SEC);
	scene_close(B, listener);
	scene_sleep(100 * SEC);
	struct pair p = scene_pair();

	scene_carry(A, p.a, B, p.b, 100000);
	scene_pair_close(&p);
	free(bytes);
}

int main(int argc, char **argv)
{
	const uint64_t all = MODEL_FEATURES_ALL;
	const struct CMUnitTest tests[] = {
		SCENE_WITH(without_any_offload,
			   {"features", all & ~(F_CSUM | F_GUEST_CSUM | F_HOST_TSO4 | 1ULL << 7)}),
		SCENE_WITH(without_segmentation, {"features", all & ~(F_HOST_TSO4 | 1ULL << 7)}),
		SCENE_WITH(with_everything, {"features", all}),
		SCENE_WITH(checksums_that_the_device_vouches_for, {"data_valid", 1}),
		SCENE_WITH(without_event_index,
			   {"features", MODEL_FEATURES_DEFAULT & ~F_EVENT_IDX}),
		SCENE_WITH(buffers_used_in_any_order, {"shuffle", 1}),
		SCENE(a_loose_cable),
		SCENE(a_cable_that_floods_no_console),
		SCENE(a_device_that_is_lost),
		SCENE_WITH(a_small_ring, {"queue_size", 16}),
		SCENE_WITH(an_mtu_of_576, {"mtu", 576}),
		SCENE_WITH(an_mtu_of_68, {"mtu", 68}),
		SCENE_WITH(an_mtu_of_87, {"mtu", 87}),
		SCENE_WITH(an_mtu_of_127, {"mtu", 127}),
		SCENE_WITH(an_mtu_of_9000, {"mtu", 9000}),
		SCENE(an_interface_down_and_up),
		SCENE_WITH(an_mtu_that_changes, {"mtu", 9000}),
		SCENE(flags_that_cannot_change),
		SCENE_WITH(little_memory, {"ram", 6 << 20}),
	};

	return scene_play(tests);
}
