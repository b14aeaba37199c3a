/* SPDX-License-Identifier: MIT */
/*
 * UDP's tables: conflicts of ports, the socket that a datagram is for, groups, and the length of the
 * chains with ten thousand sockets. The file under test is included, so that its tables can be read.
 */
#include "tests/unit/unit_hal.h"

#include "kernel/lib/byteorder.h"
#include "net/inet/limits.h"

#include "net/ipv4/udp_table.c"

#define LOCAL  htonl(0x0a000001)
#define LOCAL2 htonl(0x0a000002)
#define PEER   htonl(0x0a000063)
#define SPORT  htons(999)
#define PORT   7007
#define MANY   10000

static struct proto test_prot = {.name = "TEST", .obj_size = sizeof(struct udp_sock)};

static int boot(void **state)
{
	(void)state;
	unit_memory(65536, true);
	random_init();
	udp_table_init();
	return proto_register(&test_prot);
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(test_prot.slab->live, 0);
	for (u32 i = 0; i <= udp_tuple_mask; i++)
		assert_true(hlist_empty(&udp_tuples[i].head));
	for (u32 i = 0; i < UDP_PORT_BUCKETS; i++)
		assert_true(hlist_empty(&udp_ports[i].head));
	assert_int_equal(warn_count, 0);
	return 0;
}

static struct sock *new_sock(__be32 addr)
{
	struct sock *sk = sk_alloc(AF_INET, GFP_KERNEL, &test_prot);

	sock_init_data(NULL, sk);
	sk->sk_rcv_saddr = addr;
	return sk;
}

static int bind_port(struct sock *sk, u16 port)
{
	int err;

	lock_sock(sk);
	err = udp_get_port(sk, port);
	release_sock(sk);
	return err;
}

static struct sock *bound(__be32 addr, u16 port)
{
	struct sock *sk = new_sock(addr);

	assert_int_equal(bind_port(sk, port), 0);
	return sk;
}

static void connect_to(struct sock *sk, __be32 peer, __be16 port)
{
	lock_sock(sk);
	udp_set_addresses(sk, sk->sk_rcv_saddr, peer, port);
	release_sock(sk);
}

static void end_sock(struct sock *sk)
{
	lock_sock(sk);
	udp_unhash(sk);
	release_sock(sk);
	sock_put(sk);
}

static struct sock *look_on(__be32 saddr, __be16 sport, __be32 daddr, u16 port, int dif)
{
	struct sock *sk;

	local_bh_disable();
	sk = udp4_lib_lookup(saddr, sport, daddr, port, dif);
	if (sk)
		sock_put(sk); /* the test has a reference of its own */
	local_bh_enable();
	return sk;
}

static struct sock *look(__be32 saddr, __be16 sport, __be32 daddr, u16 port)
{
	return look_on(saddr, sport, daddr, port, 1);
}

/* The most specific socket wins, whatever the order in which the sockets were bound. */
static void test_the_best_match_wins(void **state)
{
	static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}, {2, 0, 1}};

	(void)state;
	for (unsigned int i = 0; i < ARRAY_SIZE(orders); i++) {
		struct sock *sk[3];

		for (unsigned int k = 0; k < 3; k++) {
			int kind = orders[i][k];

			sk[kind] = new_sock(kind ? LOCAL : 0);
			sk[kind]->sk_reuse = 1;
			assert_int_equal(bind_port(sk[kind], PORT), 0);
			if (kind == 2)
				connect_to(sk[kind], PEER, SPORT);
		}
		assert_ptr_equal(look(PEER, SPORT, LOCAL, PORT), sk[2]);
		assert_ptr_equal(look(PEER, htons(1), LOCAL, PORT), sk[1]);
		assert_ptr_equal(look(LOCAL2, SPORT, LOCAL, PORT), sk[1]);
		assert_ptr_equal(look(PEER, SPORT, LOCAL2, PORT), sk[0]);
		assert_null(look(PEER, SPORT, LOCAL, PORT + 1));
		for (unsigned int k = 0; k < 3; k++)
			end_sock(sk[k]);
	}
}

static void test_a_device_is_preferred(void **state)
{
	struct sock *any = new_sock(0), *one = new_sock(0);

	(void)state;
	one->sk_bound_dev_if = 2;
	any->sk_reuse = one->sk_reuse = 1;
	assert_int_equal(bind_port(one, PORT), 0);
	assert_int_equal(bind_port(any, PORT), 0);
	assert_ptr_equal(look_on(PEER, SPORT, LOCAL, PORT, 1), any);
	assert_ptr_equal(look_on(PEER, SPORT, LOCAL, PORT, 2), one);
	end_sock(any);
	assert_null(look_on(PEER, SPORT, LOCAL, PORT, 1));
	end_sock(one);
}

/* Sockets of two devices do not conflict; one without a device conflicts with both. */
static void test_devices_and_conflicts(void **state)
{
	struct sock *a = new_sock(0), *b = new_sock(0), *c = new_sock(0);

	(void)state;
	a->sk_bound_dev_if = 1;
	b->sk_bound_dev_if = 2;
	assert_int_equal(bind_port(a, PORT), 0);
	assert_int_equal(bind_port(b, PORT), 0);
	assert_int_equal(bind_port(c, PORT), 1);
	end_sock(a);
	assert_int_equal(bind_port(c, PORT), 1);
	end_sock(b);
	assert_int_equal(bind_port(c, PORT), 0);
	end_sock(c);
}

/* Ports that share a bucket are told apart.  LIMIT(UDP_PORT_BUCKETS) */
static void test_ports_that_share_a_bucket(void **state)
{
	struct sock *sk[3], *again = new_sock(0);

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		sk[i] = bound(0, PORT + i * UDP_PORT_BUCKETS);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(bind_port(again, PORT + i * UDP_PORT_BUCKETS), 1);
		assert_ptr_equal(look(PEER, SPORT, LOCAL, PORT + i * UDP_PORT_BUCKETS), sk[i]);
	}
	end_sock(again);
	for (unsigned int i = 0; i < 3; i++)
		end_sock(sk[i]);
}

/* Each member of a group gets its share of the peers, and one peer always the same member. */
static void test_peers_are_spread_over_a_group(void **state)
{
	enum { MEMBERS = 4, PEERS = 1000 };
	struct sock *sk[MEMBERS];
	unsigned int counts[MEMBERS] = {0};

	(void)state;
	for (unsigned int i = 0; i < MEMBERS; i++) {
		sk[i] = new_sock(0);
		sk[i]->sk_reuseport = 1;
		assert_int_equal(bind_port(sk[i], PORT), 0);
	}
	for (unsigned int i = 0; i < PEERS; i++) {
		struct sock *found = look(PEER, htons(1000 + i), LOCAL, PORT);

		for (unsigned int k = 0; k < MEMBERS; k++)
			counts[k] += found == sk[k];
		assert_ptr_equal(look(PEER, htons(1000 + i), LOCAL, PORT), found);
	}
	/* 250 on average, with a standard deviation of 13.7: five deviations either way. */
	for (unsigned int k = 0; k < MEMBERS; k++) {
		assert_in_range(counts[k], 182, 318);
		end_sock(sk[k]);
	}
}

static unsigned int delivered;

static void deliver(struct sock *sk, struct sk_buff *skb)
{
	delivered++;
}

static unsigned int group(__be32 daddr)
{
	unsigned int n;

	delivered = 0;
	local_bh_disable();
	n = udp_for_group(PEER, SPORT, daddr, PORT, 1, deliver, NULL);
	local_bh_enable();
	assert_int_equal(n, delivered);
	return n;
}

/* A broadcast goes to all sockets of its port, except those bound to another address or connected to another peer. */
static void test_a_broadcast_is_for_all(void **state)
{
	const __be32 all = htonl(0x0a0000ff);
	struct sock *sk[4];

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		sk[i] = new_sock(i == 1 ? all : i == 2 ? LOCAL : 0);
		sk[i]->sk_reuse = 1;
		assert_int_equal(bind_port(sk[i], PORT), 0);
	}
	assert_int_equal(group(all), 3);
	assert_int_equal(group(htonl(0xffffffff)), 2);
	connect_to(sk[0], PEER, SPORT);
	assert_int_equal(group(all), 3);
	connect_to(sk[0], PEER, htons(1));
	assert_int_equal(group(all), 2);
	connect_to(sk[0], LOCAL2, SPORT);
	assert_int_equal(group(all), 2);
	for (unsigned int i = 0; i < 4; i++)
		end_sock(sk[i]);
	assert_int_equal(group(all), 0);
}

/* bind() to port 0 chooses a port of the range that is neither reserved nor in use, until no port is left. */
static void test_free_ports(void **state)
{
	const int saved[2] = {sysctl_ip_local_port_range[0], sysctl_ip_local_port_range[1]};
	struct sock *sk[4];
	u32 sum = 0;

	(void)state;
	sysctl_ip_local_port_range[0] = 20000;
	sysctl_ip_local_port_range[1] = 20004;
	assert_int_equal(inet_set_reserved_ports("20002"), 0);
	for (unsigned int i = 0; i < 4; i++) {
		sk[i] = new_sock(0);
		sk[i]->sk_reuse = sk[i]->sk_reuseport = 1; /* still, no port is chosen twice */
		assert_int_equal(bind_port(sk[i], 0), 0);
		sum += sk[i]->sk_num;
	}
	assert_int_equal(sum, 20000 + 20001 + 20003 + 20004);
	end_sock(sk[0]);
	sk[0] = bound(0, 0);
	assert_int_equal(inet_set_reserved_ports(""), 0);
	for (unsigned int i = 0; i < 4; i++)
		end_sock(sk[i]);
	sysctl_ip_local_port_range[1] = 20000;
	sk[0] = bound(LOCAL, 0);
	sk[1] = new_sock(LOCAL);
	assert_int_equal(bind_port(sk[1], 0), 1);
	sk[2] = bound(LOCAL2, 0); /* at another address the ports are free */
	for (unsigned int i = 0; i < 3; i++)
		end_sock(sk[i]);
	sysctl_ip_local_port_range[0] = saved[0];
	sysctl_ip_local_port_range[1] = saved[1];
}

static unsigned int longest_chain(void)
{
	unsigned int most = 0;

	for (u32 i = 0; i <= udp_tuple_mask; i++) {
		unsigned int n = 0;
		struct sock *sk;

		hlist_for_each_entry(sk, &udp_tuples[i].head, sk_node)
			n++;
		most = max(most, n);
	}
	return most;
}

/*
 * Ten thousand sockets, of ten thousand ports, or of one port with a peer each, are spread over the
 * buckets, and each is found. With as many buckets as this machine has (one for 32 KiB), a bucket has
 * 1.2 sockets on average; in a Poisson distribution, the probability that any of 8,192 buckets has
 * more than 16 is 1e-9.
 */
static void test_ten_thousand_sockets(void **state)
{
	static struct sock *sk[MANY];

	(void)state;
	assert_int_equal(udp_tuple_mask + 1, tuple_buckets(nr_total_pages() * PAGE_SIZE));
	for (unsigned int i = 0; i < MANY; i++)
		sk[i] = bound(0, 10000 + i);
	assert_in_range(longest_chain(), 1, 16);
	for (unsigned int i = 0; i < MANY; i++) {
		assert_ptr_equal(look(PEER, SPORT, LOCAL, 10000 + i), sk[i]);
		end_sock(sk[i]);
	}
	for (unsigned int i = 0; i < MANY; i++) {
		sk[i] = new_sock(LOCAL);
		sk[i]->sk_reuse = 1;
		assert_int_equal(bind_port(sk[i], PORT), 0);
		connect_to(sk[i], PEER, htons(10000 + i));
	}
	assert_in_range(longest_chain(), 1, 16);
	for (unsigned int i = 0; i < MANY; i++) {
		assert_ptr_equal(look(PEER, htons(10000 + i), LOCAL, PORT), sk[i]);
		end_sock(sk[i]);
	}
}

/* LIMIT(UDP_BUCKETS_MIN) LIMIT(UDP_BUCKETS_MAX) */
static void test_the_table_grows_with_memory(void **state)
{
	const u64 mib = 1 << 20;

	(void)state;
	assert_int_equal(tuple_buckets(0), UDP_BUCKETS_MIN);
	assert_int_equal(tuple_buckets(8 * mib), UDP_BUCKETS_MIN);
	assert_int_equal(tuple_buckets(8 * mib + 32768), 512);
	assert_int_equal(tuple_buckets(256 * mib), 8192);
	assert_int_equal(tuple_buckets(2048 * mib), UDP_BUCKETS_MAX);
	assert_int_equal(tuple_buckets(1ULL << 40), UDP_BUCKETS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, teardown)
		T(test_the_best_match_wins),
		T(test_a_device_is_preferred),
		T(test_devices_and_conflicts),
		T(test_ports_that_share_a_bucket),
		T(test_peers_are_spread_over_a_group),
		T(test_a_broadcast_is_for_all),
		T(test_free_ports),
		T(test_ten_thousand_sockets),
		T(test_the_table_grows_with_memory),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
