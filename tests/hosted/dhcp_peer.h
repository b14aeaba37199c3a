/* SPDX-License-Identifier: MIT */
/*
 * A DHCP server at the other end of a hosted kernel's wire, written from RFC 2131 and RFC 2132 and
 * without code of the kernel. It records each message of the client, and answers as `peer` says; a
 * scene may also send answers of its own.
 *
 *	dhcp_boot("ip=dhcp");
 *	scene_sleep(1 * SEC);
 *	assert_int_equal(dhcp_count(DHCP_REQUEST), 1);
 */
#ifndef TESTS_HOSTED_DHCP_PEER_H
#define TESTS_HOSTED_DHCP_PEER_H

#include "tests/hosted/scene.h"
#include "tests/wire/pkt.h"

enum {
	DHCP_DISCOVER = 1,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
};

#define LEASED 0xc0a80764u /* 192.168.7.100 */
#define SERVER 0xc0a80701u /* 192.168.7.1, the router too */
#define DNS    0xc0a80703u /* 192.168.7.3 */

/* The server's behaviour, and the parameters that it gives. dhcp_boot() sets the defaults. */
struct peer {
	bool silent;         /* sends no answer to DHCPDISCOVER and DHCPREQUEST */
	uint8_t answer;      /* to a DHCPREQUEST: DHCP_ACK, DHCP_NAK, or 0: none */
	bool conflict;       /* another host answers the client's ARP probes */
	uint32_t addr;       /* LEASED */
	uint32_t server;     /* SERVER */
	uint32_t lease;      /* seconds; 3600 */
	uint8_t extra[1800]; /* further options */
	size_t extra_len;
};
extern struct peer peer;
/* Appends an option to peer.extra. */
void peer_option(uint8_t code, const void *data, size_t len);
void peer_option32(uint8_t code, uint32_t value);

/* A message of the client. */
struct dhcp_message {
	uint64_t ns;
	uint8_t type;
	uint64_t link;         /* Ethernet destination */
	uint32_t saddr, daddr; /* IP */
	uint32_t xid, ciaddr;
	uint16_t secs, flags;
	uint32_t wanted, server; /* options 50 and 54; 0: absent */
	const uint8_t *options;  /* valid until the scene ends */
	size_t len, options_len; /* bytes of the message, of its options */
};
/* Returns the @nth message of @type since the boot; the test fails if there are fewer. */
const struct dhcp_message *dhcp_nth(uint8_t type, unsigned int nth);
const struct dhcp_message *dhcp_last(uint8_t type);
unsigned int dhcp_count(uint8_t type);
/* Returns the data of an option of @m, and its length in *@len; NULL: absent. */
const uint8_t *dhcp_option(const struct dhcp_message *m, uint8_t code, size_t *len);
unsigned int dhcp_probes(void);        /* ARP probes of the client since the boot */
unsigned int dhcp_announcements(void); /* ARP announcements of the client since the boot */

/* An answer that a scene sends; dhcp_answer() makes the one that the server would send. */
struct dhcp_answer {
	uint32_t xid, saddr, yiaddr;
	uint64_t chaddr;
	uint8_t op, htype, hlen;
	uint32_t cookie;
	uint8_t sname[64], file[128];
	uint8_t options[1800];
	size_t options_len;
	bool unicast; /* true: sent to yiaddr; false: sent to 255.255.255.255 */
};
struct dhcp_answer dhcp_answer(uint8_t type);
/* Sends @a, and lets 10 ms pass. */
void dhcp_put(const struct dhcp_answer *a);
/* Sends an ARP message of the host 02:00:00:00:00:09, and lets 10 ms pass. */
void dhcp_put_arp(unsigned int op, uint32_t sip, uint32_t tip);

/* Boots host A with the command line @words, on a wire whose other end is the server. */
void dhcp_boot(const char *words);
/* Sets the state of the card's link. */
void dhcp_link(bool up);
/* Returns true if A has the address @ip (it then answers an ARP request). */
bool dhcp_has(uint32_t ip);
bool dhcp_said(const char *text); /* on the console */

int dhcp_setup(void **state);
int dhcp_teardown(void **state);
#define DHCP_SCENE(fn)                                                                             \
	{                                                                                          \
#fn, dhcp_perform, dhcp_setup, dhcp_teardown, &(struct scene)                      \
		{                                                                                  \
			.name = #fn, .play = fn                                                    \
		}                                                                                  \
	}
void dhcp_perform(void **state);

#endif
