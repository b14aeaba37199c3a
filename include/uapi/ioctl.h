/* SPDX-License-Identifier: MIT */
/* ioctl() requests that every kind of file may meet; Linux x86-64's values. */
#ifndef UAPI_IOCTL_H
#define UAPI_IOCTL_H

#define FIONREAD 0x541B /* int *: bytes that a read would get now */
#define FIONBIO	 0x5421 /* int *: O_NONBLOCK on or off */
#define FIONCLEX 0x5450
#define FIOCLEX	 0x5451

#endif
