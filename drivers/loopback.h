/* SPDX-License-Identifier: MIT */
/* The loopback device. */
#ifndef DRIVERS_LOOPBACK_H
#define DRIVERS_LOOPBACK_H

/* Makes and registers "lo"; after netdev_init(), before addresses are given out. */
void loopback_init(void);

#endif
