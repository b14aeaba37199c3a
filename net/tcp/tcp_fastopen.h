/* SPDX-License-Identifier: MIT */
/*
 * TCP Fast Open (RFC 7413): a SYN carries data, and a cookie that proves the sender's address.
 *
 *   tcp_fastopen.c          the server: keys, cookies, children that exist before the handshake ends
 *   tcp_fastopen_client.c   the client: data in the SYN, cookies of the servers, black holes
 *
 * Locks: as in tcp.h, unless a comment says otherwise.
 */
#ifndef NET_TCP_TCP_FASTOPEN_H
#define NET_TCP_TCP_FASTOPEN_H

#include "kernel/lib/random.h"
#include "net/core/net.h"
#include "net/tcp/tcp_sock.h"

/* Bits of sysctl_tcp_fastopen, Linux's values. */
#define TFO_CLIENT_ENABLE          0x1
#define TFO_SERVER_ENABLE          0x2
#define TFO_CLIENT_NO_COOKIE       0x4
#define TFO_SERVER_COOKIE_NOT_REQD 0x200
#define TFO_SERVER_WO_SOCKOPT1     0x400 /* every listener accepts Fast Open, without TCP_FASTOPEN */

/* tcpi_fastopen_client_fail: why Fast Open failed, Linux's values. */
#define TFO_COOKIE_UNAVAILABLE 1
#define TFO_DATA_NOT_ACKED     2
#define TFO_SYN_RETRANSMITTED  3

#define TCP_FASTOPEN_COOKIE_MIN  4 /* bytes */
#define TCP_FASTOPEN_COOKIE_MAX  16
#define TCP_FASTOPEN_COOKIE_SIZE 8 /* bytes of the cookies that we make */
#define TCP_FASTOPEN_KEYS        2 /* the key of new cookies, and an older key that is still accepted */

struct tcp_fastopen_cookie {
	u8 val[TCP_FASTOPEN_COOKIE_MAX];
	s8 len;   /* bytes; 0: a request for a cookie; -1: there is no Fast Open option */
	bool exp; /* the option has the experimental kind 254 */
};

/* A connect() with Fast Open that a thread is executing; it is on the stack of that thread. */
struct tcp_fastopen_request {
	struct tcp_fastopen_cookie cookie;
	struct kmsghdr *msg;    /* the data; NULL: only request a cookie */
	size_t size;            /* bytes of data */
	int copied;             /* how many of these bytes the SYN carries */
	struct ubuf_info *uarg; /* the report of a write with MSG_ZEROCOPY, or NULL */
	bool waits; /* the thread waits for the handshake to send the rest of the data */
};

/* ---- tcp_fastopen.c ---- */
/* Finds the Fast Open option of @skb, a SYN or SYN-ACK. */
void tcp_parse_fastopen(const struct sk_buff *skb, struct tcp_fastopen_cookie *foc);
/* Returns the length of the option for @foc in bytes, a multiple of four. */
unsigned int tcp_fastopen_option_size(const struct tcp_fastopen_cookie *foc);
void tcp_fastopen_option_write(void *to, const struct tcp_fastopen_cookie *foc);
/*
 * The listener @sk has Fast Open.  Sets @foc to the cookie for the SYN-ACK.  If the SYN @skb is acceptable for Fast
 * Open, creates the child, sends the SYN-ACK, queues the child for accept(), and returns true.
 */
bool tcp_try_fastopen(struct sock *sk, struct sk_buff *skb, struct request_sock *req,
		      struct dst_entry *dst, struct tcp_fastopen_cookie *foc);
/* Queues the data of @skb, a SYN or SYN-ACK, whose SYN was received. */
void tcp_fastopen_add_skb(struct sock *sk, struct sk_buff *skb);
/*
 * The child @sk has left the handshake: forgets its request. @reset: true if a RST ended the child.
 */
void __tcp_fastopen_forget(struct sock *sk, bool reset);
static inline void tcp_fastopen_forget(struct sock *sk, bool reset)
{
	if (unlikely(tcp_sk(sk)->fastopen_passive))
		__tcp_fastopen_forget(sk, reset);
}
/* The handshake of the child @sk is complete. */
void tcp_fastopen_established(struct sock *sk);
/* The retransmit timer of the child @sk expired during the handshake. */
void tcp_fastopen_synack_timer(struct sock *sk);
/* listen(): sets the length of the queue by the sysctl, if the application did not set it. */
void tcp_fastopen_listen(struct sock *sk, int backlog);
void tcp_fastopen_set_queue(struct sock *sk, int backlog);
/*
 * Sets @num keys for the listener @sk, or for all listeners if @sk is NULL.  Returns 0 or -ENOMEM.
 */
int tcp_fastopen_set_keys(struct sock *sk, const siphash_key_t *keys, unsigned int num);
/* Copies the own keys of @sk to @keys; returns their number. */
unsigned int tcp_fastopen_get_keys(const struct sock *sk, siphash_key_t keys[TCP_FASTOPEN_KEYS]);
void tcp_fastopen_free_keys(struct sock *sk);
/* sets the keys of all listeners from the text of the sysctl tcp_fastopen_key */
int tcp_set_fastopen_key(const char *words);
const char *tcp_fastopen_key(void);

/* ---- tcp_fastopen_client.c ---- */
int tcp_fastopen_begin(struct sock *sk, struct tcp_fastopen_request *fo);
void tcp_fastopen_end(struct sock *sk, const struct tcp_fastopen_request *fo);
/* The write of @fo, with MSG_ZEROCOPY, has returned @sent.  It is counted only if it has queued a byte. */
void tcp_fastopen_end_zerocopy(struct sock *sk, const struct tcp_fastopen_request *fo, int sent);
/*
 * connect() with TCP_FASTOPEN_CONNECT.  If the cookie of the server is known, sends no SYN yet: the first write
 * sends it.  Returns 0 or -errno.
 */
int tcp_fastopen_connect(struct sock *sk);
/* Sends the SYN of a socket that tcp_fastopen_connect() left without one.  Returns 0 or -errno. */
int tcp_fastopen_connect_now(struct sock *sk);
/* Sends the SYN @syn, with data if the cookie of the server is known. */
void tcp_send_syn_data(struct sock *sk, struct sk_buff *syn);
/* @synack answers our SYN with Fast Open.  Returns true if the data of the SYN was sent again. */
bool tcp_rcv_fastopen_synack(struct sock *sk, struct sk_buff *synack);
void tcp_fastopen_active_disable(void);
void tcp_fastopen_active_disable_ofo_check(struct sock *sk);
void tcp_fastopen_active_detect_blackhole(struct sock *sk, bool expired);

/* The request of the Fast Open that a thread is executing on @sk, or NULL. */
static inline struct tcp_fastopen_request *tcp_fastopen_req(const struct tcp_sock *tp)
{
	return tp->fastopen_passive ? NULL : tp->fastopen_req;
}

#endif
