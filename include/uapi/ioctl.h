/* SPDX-License-Identifier: MIT */
/* ioctl() requests; Linux x86-64's values.  These are for any kind of file. */
#ifndef UAPI_IOCTL_H
#define UAPI_IOCTL_H

#define FIONREAD 0x541B /* int *: number of bytes that can be read now */
#define FIONBIO  0x5421 /* int *: 0 clears O_NONBLOCK, else sets it */
#define FIONCLEX 0x5450
#define FIOCLEX  0x5451

/* These are for TCP sockets. */
#define SIOCINQ     FIONREAD
#define SIOCOUTQ    0x5411 /* int *: bytes written and not yet acknowledged, sent or not */
#define SIOCOUTQNSD 0x894B /* int *: bytes written and not yet sent */
#define SIOCATMARK  0x8905 /* int *: 1 if the next byte is the urgent one, else 0 */

#endif
