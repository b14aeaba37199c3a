/* SPDX-License-Identifier: MIT */
/* ioctl() requests; Linux x86-64's values.  The first requests are for any kind of file. */
#ifndef UAPI_IOCTL_H
#define UAPI_IOCTL_H

#include <stdint.h>

#define FIONREAD 0x541B /* int *: number of bytes that can be read now */
#define FIONBIO  0x5421 /* int *: 0 clears O_NONBLOCK, else sets it */
#define FIOASYNC 0x5452 /* int *: 0 clears O_ASYNC, else sets it; without effect here */
#define FIONCLEX 0x5450
#define FIOCLEX  0x5451

/* The following requests are for the console. */
#define TCGETS     0x5401 /* struct termios * */
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TIOCGWINSZ 0x5413 /* struct winsize * */

/* The layout of Linux's kernel; the C library's struct termios is longer. */
struct termios {
	uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
	uint8_t c_line;
	uint8_t c_cc[19];
};
struct winsize {
	uint16_t ws_row, ws_col, ws_xpixel, ws_ypixel;
};

/*
 * The following requests are for sockets; they take an int * and do what F_SETOWN and F_GETOWN of
 * fcntl() do.
 */
#define FIOSETOWN 0x8901
#define SIOCSPGRP 0x8902
#define FIOGETOWN 0x8903
#define SIOCGPGRP 0x8904
/* The following requests are for TCP sockets. */
#define SIOCINQ     FIONREAD
#define SIOCOUTQ    0x5411 /* int *: bytes written and not yet acknowledged, sent or not */
#define SIOCOUTQNSD 0x894B /* int *: bytes written and not yet sent */
/* struct timeval *, struct timespec *: the time of day when the last datagram read was received */
#define SIOCGSTAMP   0x8906
#define SIOCGSTAMPNS 0x8907
#define SIOCATMARK   0x8905 /* int *: 1 if the next byte is the urgent one, else 0 */
/*
 * The following requests are for interfaces; they take a struct ifreq * (if.h), SIOCGIFCONF a
 * struct ifconf *. Those of addresses are for AF_INET sockets, the others for any socket.
 */
#define SIOCGIFNAME    0x8910 /* the name of the interface with ifr_ifindex */
#define SIOCGIFCONF    0x8912 /* all addresses */
#define SIOCGIFFLAGS   0x8913
#define SIOCSIFFLAGS   0x8914 /* up or down, IFF_PROMISC, IFF_ALLMULTI */
#define SIOCGIFADDR    0x8915
#define SIOCGIFDSTADDR 0x8917
#define SIOCGIFBRDADDR 0x8919
#define SIOCGIFNETMASK 0x891b
#define SIOCGIFMETRIC  0x891d
#define SIOCGIFMTU     0x8921
#define SIOCSIFMTU     0x8922
#define SIOCGIFHWADDR  0x8927
#define SIOCGIFINDEX   0x8933
#define SIOCGIFTXQLEN  0x8942
#define SIOCGIFMAP     0x8970

#endif
