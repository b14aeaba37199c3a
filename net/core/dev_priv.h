/* SPDX-License-Identifier: MIT */
/* Declarations shared by the files of the device layer; not for others. */
#ifndef NET_CORE_DEV_PRIV_H
#define NET_CORE_DEV_PRIV_H

#include "net/core/netdevice.h"

/* napi.c */
void napi_init(struct softnet_data *sd);
/* dev_rx.c */
int process_backlog(struct napi_struct *napi, int budget);
/* dev_tx.c: NET_TX softirq */
void net_tx_action(void);
/* gro.c: everything held goes up now. */
void napi_gro_flush(struct napi_struct *napi);
/* netdev_proc.c */
void netdev_proc_init(void);
void sysctl_core_init(void); /* sysctl_net_core.c */

#endif
