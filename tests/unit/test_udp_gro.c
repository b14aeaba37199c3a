/* SPDX-License-Identifier: MIT */
/*
 * UDP_GRO below the socket: the number of datagrams in one packet, and datagrams beside TCP segments
 * with the same addresses and ports. tests/hosted/test_udp_gro.c has what a program sees.
 */
#include "tests/unit/unit_net.h"

#include "include/uapi/in.h"
#include "net/ipv4/limits.h"
#include "net/ipv4/udp.h"

#define SPORT 999
#define PORT  7007

static struct napi_struct napi;
static struct sock *sk; /* has UDP_GRO and PORT */

/* ---- these handlers replace UDP's and TCP's ------------------------------------------------------ */

static struct {
	u8 protocol;
	unsigned int len, gso_size, gso_segs;
} got[NET_FRAMES];
static unsigned int got_count;

static enum skb_drop_reason take(struct sk_buff *skb)
{
	const struct iphdr *iph = ip_hdr(skb);

	assert_true(got_count < NET_FRAMES);
	assert_int_equal(ip_fast_csum(iph, iph->ihl), 0);
	got[got_count].protocol = iph->protocol;
	got[got_count].len = skb->len;
	got[got_count].gso_size = skb_shinfo(skb)->gso_size;
	got[got_count++].gso_segs = skb_shinfo(skb)->gso_segs;
	if (iph->protocol == IPPROTO_UDP)
		assert_int_equal(ntohs(udp_hdr(skb)->len), skb->len);
	consume_skb(skb);
	return SKB_CONSUMED;
}

/* ---- frames ---------------------------------------------------------------------------------------- */

/* Receives a packet whose transport header and data are the @len bytes at @l4, with the checksum at @check. */
static void receive(u8 protocol, u8 *l4, unsigned int len, unsigned int check)
{
	u8 frame[2048];
	unsigned int frame_len;
	struct sk_buff *skb;
	__sum16 sum = csum_tcpudp_magic(PEER, ME, len, protocol, csum_partial(l4, len, 0));

	memcpy(l4 + check, &sum, sizeof(sum));
	frame_len = net_ip_frame(frame, PEER, ME, protocol, l4, len);
	/* As in a driver's buffer, there is room behind a small frame, into which others are copied. */
	skb = net_rx_skb(sizeof(frame));
	memcpy(skb_put(skb, frame_len), frame, frame_len);
	skb->protocol = eth_type_trans(skb, eth0);
	napi_gro_receive(&napi, skb);
}

static void datagram(unsigned int data)
{
	u8 l4[1500] = {0};

	put_unaligned_be16(SPORT, l4);
	put_unaligned_be16(PORT, l4 + 2);
	put_unaligned_be16(8 + data, l4 + 4);
	memset(l4 + 8, 'x', data);
	receive(IPPROTO_UDP, l4, 8 + data, 6);
}

/* A TCP segment with the datagrams' addresses and ports. */
static void segment(u32 seq, unsigned int data)
{
	u8 l4[1500] = {0};

	put_unaligned_be16(SPORT, l4);
	put_unaligned_be16(PORT, l4 + 2);
	put_unaligned_be32(seq, l4 + 4);
	l4[12] = 0x50;
	l4[13] = 0x10; /* ACK */
	receive(IPPROTO_TCP, l4, 20 + data, 16);
}

static int boot(void **state)
{
	static const struct net_protocol handler = {.handler = take};

	if (net_boot(state) || proto_register(&udp_prot))
		return -1;
	udp_table_init();
	udp_offload_init();
	eth0->features |= NETIF_F_GRO;
	napi.dev = eth0;
	return inet_add_protocol(&handler, IPPROTO_TCP) || inet_add_protocol(&handler, IPPROTO_UDP);
}

static int setup(void **state)
{
	net_setup(state);
	got_count = 0;
	sk = sk_alloc(AF_INET, GFP_KERNEL, &udp_prot);
	sock_init_data(NULL, sk);
	lock_sock(sk);
	assert_int_equal(udp_get_port(sk, PORT), 0);
	udp_set_gro_socket(sk, true);
	release_sock(sk);
	local_bh_disable();
	return 0;
}

static int teardown(void **state)
{
	assert_null(napi.gro_list);
	local_bh_enable();
	lock_sock(sk);
	udp_set_gro_socket(sk, false);
	udp_unhash(sk);
	release_sock(sk);
	sock_put(sk);
	return net_teardown(state);
}

/* ---- tests ----------------------------------------------------------------------------------------- */

/* LIMIT(UDP_GRO_CNT_MAX) */
static void test_datagrams_in_a_packet(void **state)
{
	for (unsigned int i = 0; i < UDP_GRO_CNT_MAX + 3; i++)
		datagram(20);
	napi_gro_flush(&napi);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].gso_segs, UDP_GRO_CNT_MAX);
	assert_int_equal(got[0].gso_size, 20);
	assert_int_equal(got[0].len, 8 + UDP_GRO_CNT_MAX * 20);
	assert_int_equal(got[1].gso_segs, 3);
}

/* Protocols are flows of their own: neither delays nor ends the merging of the other. */
static void test_beside_segments(void **state)
{
	for (unsigned int i = 0; i < 4; i++) {
		datagram(100);
		segment(1000 + i * 100, 100);
	}
	assert_int_equal(got_count, 0);
	napi_gro_flush(&napi);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].protocol, IPPROTO_UDP);
	assert_int_equal(got[0].len, 8 + 400);
	assert_int_equal(got[0].gso_segs, 4);
	assert_int_equal(got[1].protocol, IPPROTO_TCP);
	assert_int_equal(got[1].len, 20 + 400);
	assert_int_equal(got[1].gso_segs, 4);
}

/* Without a socket that has the option, no datagram is held. */
static void test_without_the_option(void **state)
{
	local_bh_enable();
	lock_sock(sk);
	udp_set_gro_socket(sk, false);
	release_sock(sk);
	local_bh_disable();
	datagram(100);
	datagram(100);
	assert_int_equal(got_count, 2);
	assert_int_equal(got[0].gso_size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(test_datagrams_in_a_packet),
		T(test_beside_segments),
		T(test_without_the_option),
#undef T
	};

	return cmocka_run_group_tests(tests, boot, NULL);
}
