/* SPDX-License-Identifier: MIT */
/* ioctl() requests that every kind of file may meet; Linux x86-64's values. */
#ifndef UAPI_IOCTL_H
#define UAPI_IOCTL_H

#define FIONREAD 0x541B /* int *: bytes that a read would get now */
#define FIONBIO  0x5421 /* int *: O_NONBLOCK on or off */
#define FIONCLEX 0x5450
#define FIOCLEX  0x5451

/* Of a TCP socket. */
#define SIOCINQ     FIONREAD
#define SIOCOUTQ    0x5411 /* int *: bytes sent or to be sent that are not acknowledged */
#define SIOCOUTQNSD 0x894B /* int *: of these, not sent yet */
#define SIOCATMARK  0x8905 /* int *: always 0, urgent data is part of the stream */

#endif
