/* SPDX-License-Identifier: MIT */
/*
 * virtio_net, the control queue: tells the device which frames it shall receive, and answers its
 * request for announcements.
 *
 * Called: virtnet_ctrl_setup() from the probe; virtnet_set_rx_mode() (ndo_set_rx_mode) when the
 * device is opened, a group is joined or left, or the interface's flags change;
 * virtnet_ctrl_announced() when the device asked for announcements (softirq); virtnet_ctrl_work()
 * (softirq) when the device has executed commands. dev->addr_lock protects all of this.
 *
 * No caller waits for the device: a caller marks the commands that shall be sent (the bits wanted).
 * If the device is still executing an earlier one of the same command (the bits sent), the command
 * is sent again when the device has answered. So the device always gets the newest list, and each
 * command has one buffer.
 *
 * After its reset a device passes all frames up. The driver turns that off: it sends the table of
 * groups first, so that no frame of a group is lost in between. If the device refuses the table of
 * groups, the driver requests the frames of all groups; if the device refuses that too, all frames.
 * The layers above drop frames that are not for this host. Virtio 1.1, 5.1.6.5; compare
 * virtnet_set_rx_mode() of Linux's drivers/net/virtio_net.c.
 */
#define LOG_SOURCE virtio_log
#include "drivers/virtio/limits.h"
#include "drivers/virtio/virtio_net.h"
#include "include/uapi/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "kernel/printk.h"
#include "kernel/time/time.h"

/* The classes of commands, the commands of each class, and the device's answers (5.1.6.5). */
#define VIRTIO_NET_CTRL_RX            0
#define VIRTIO_NET_CTRL_RX_PROMISC    0
#define VIRTIO_NET_CTRL_RX_ALLMULTI   1
#define VIRTIO_NET_CTRL_MAC           1
#define VIRTIO_NET_CTRL_MAC_TABLE_SET 0
#define VIRTIO_NET_CTRL_ANNOUNCE      3
#define VIRTIO_NET_CTRL_ANNOUNCE_ACK  0
#define VIRTIO_NET_OK                 0
#define VIRTIO_NET_ERR                1

/* Descriptors of the queue: more than all commands take together (4 + 3 + 3 + 2). */
#define VIRTNET_CTRL_RING 16
/* Most pieces of a command: its header, two tables, the answer. */
#define VIRTNET_CTRL_SG 4

/* The commands that the driver sends, in the order in which it sends them. */
enum virtnet_command { CTRL_GROUPS, CTRL_ALLMULTI, CTRL_PROMISC, CTRL_ANNOUNCED, CTRL_COMMANDS };
#define CTRL_RX_MODE (BIT(CTRL_GROUPS) | BIT(CTRL_ALLMULTI) | BIT(CTRL_PROMISC))

static const struct {
	const char *name;
	u8 class, command;
} commands[CTRL_COMMANDS] = {
	[CTRL_GROUPS] = {"a table of groups", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET},
	[CTRL_ALLMULTI] = {"all groups", VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI},
	[CTRL_PROMISC] = {"all frames", VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC},
	[CTRL_ANNOUNCED] = {"announcements", VIRTIO_NET_CTRL_ANNOUNCE,
			    VIRTIO_NET_CTRL_ANNOUNCE_ACK},
};

/* The bytes of a command.  The device reads all of them except @answer, which it writes. */
struct virtnet_ctrl_buf {
	u8 class, command;
	u8 on; /* ALLMULTI, PROMISC: 1 or 0 */
	u8 answer;
};

struct virtnet_ctrl {
	struct virtqueue *vq;
	/* Bits of enum virtnet_command. */
	unsigned long wanted;  /* to be sent */
	unsigned long sent;    /* the device has the command's buffer */
	unsigned long refused; /* the device has refused it at least once */
	struct timer_list timer;
	char name[24]; /* "virtio0-control" */
	struct virtnet_ctrl_buf buf[CTRL_COMMANDS];
	__le32 no_unicast; /* 0: the table of further addresses of this host is empty */
	struct {
		__le32 entries;
		u8 addr[VIRTNET_GROUPS_MAX][ETH_ALEN];
	} groups;
};

/* ---- sending commands ------------------------------------------------------------------------ */

static bool virtnet_want_allmulti(const struct virtnet_info *vi)
{
	return vi->dev->flags & IFF_ALLMULTI || vi->dev->mc_count > VIRTNET_GROUPS_MAX ||
	       (vi->dev->mc_count && vi->ctrl->refused & BIT(CTRL_GROUPS));
}

static bool virtnet_want_promisc(const struct virtnet_info *vi)
{
	return vi->dev->flags & IFF_PROMISC ||
	       (virtnet_want_allmulti(vi) && vi->ctrl->refused & BIT(CTRL_ALLMULTI));
}

/* Copies the list of groups to the table that the device reads; returns the table's bytes. */
static u32 virtnet_fill_groups(struct virtnet_info *vi)
{
	struct virtnet_ctrl *ctrl = vi->ctrl;
	const struct netdev_hw_addr *ha;
	u32 n = 0;

	netdev_for_each_mc_addr(ha, vi->dev)
	{
		if (n == VIRTNET_GROUPS_MAX)
			break;
		memcpy(ctrl->groups.addr[n++], ha->addr, ETH_ALEN);
	}
	ctrl->groups.entries = n;
	return sizeof(ctrl->groups.entries) + n * ETH_ALEN;
}

static int virtnet_ctrl_add(struct virtnet_info *vi, enum virtnet_command c)
{
	struct virtnet_ctrl *ctrl = vi->ctrl;
	struct virtnet_ctrl_buf *buf = &ctrl->buf[c];
	struct vq_sg sg[VIRTNET_CTRL_SG] = {{buf, 2}};
	unsigned int n = 1;

	*buf = (struct virtnet_ctrl_buf){
		.class = commands[c].class,
		.command = commands[c].command,
		.on = c == CTRL_ALLMULTI ? virtnet_want_allmulti(vi) : virtnet_want_promisc(vi),
		.answer = VIRTIO_NET_ERR,
	};
	if (c == CTRL_GROUPS) {
		sg[n++] = (struct vq_sg){&ctrl->no_unicast, sizeof(ctrl->no_unicast)};
		sg[n++] = (struct vq_sg){&ctrl->groups, virtnet_fill_groups(vi)};
	} else if (c != CTRL_ANNOUNCED) {
		sg[n++] = (struct vq_sg){&buf->on, sizeof(buf->on)};
	}
	sg[n] = (struct vq_sg){&buf->answer, sizeof(buf->answer)};
	return virtqueue_add(ctrl->vq, sg, n, 1, buf);
}

/* Sends the commands that are wanted and that the device does not have. addr_lock held. */
static void virtnet_ctrl_send(struct virtnet_info *vi)
{
	struct virtnet_ctrl *ctrl = vi->ctrl;

	lockdep_assert_held(&vi->dev->addr_lock);
	for (enum virtnet_command c = 0; c < CTRL_COMMANDS; c++) {
		if (!(ctrl->wanted & ~ctrl->sent & BIT(c)))
			continue;
		/* The ring is full or broken: in the first case, the next answer sends the rest. */
		if (virtnet_ctrl_add(vi, c))
			break;
		ctrl->wanted &= ~BIT(c);
		ctrl->sent |= BIT(c);
	}
	virtqueue_kick(ctrl->vq);
}

void virtnet_set_rx_mode(struct net_device *dev)
{
	struct virtnet_info *vi = dev->priv;

	if (!vi->ctrl || !virtio_has_feature(vi->vdev, VIRTIO_NET_F_CTRL_RX))
		return;
	vi->ctrl->wanted |= CTRL_RX_MODE;
	virtnet_ctrl_send(vi);
}

void virtnet_ctrl_announced(struct virtnet_info *vi)
{
	if (!vi->ctrl)
		return;
	spin_lock_bh(&vi->dev->addr_lock);
	vi->ctrl->wanted |= BIT(CTRL_ANNOUNCED);
	virtnet_ctrl_send(vi);
	spin_unlock_bh(&vi->dev->addr_lock);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void virtnet_ctrl_callback(struct virtqueue *vq)
{
	struct virtnet_info *vi = vq->vdev->priv;

	virtqueue_disable_cb(vq);
	if (likely(vi->ctrl))
		mod_timer(&vi->ctrl->timer, jiffies);
}

static void virtnet_ctrl_answered(struct virtnet_info *vi, const struct virtnet_ctrl_buf *buf)
{
	struct virtnet_ctrl *ctrl = vi->ctrl;
	enum virtnet_command c = buf - ctrl->buf;

	ctrl->sent &= ~BIT(c);
	if (READ_ONCE(buf->answer) == VIRTIO_NET_OK || ctrl->refused & BIT(c))
		return;
	pr_warn("%s: the device refuses the command for %s", vi->dev->name, commands[c].name);
	ctrl->refused |= BIT(c);
	if (BIT(c) & CTRL_RX_MODE)
		ctrl->wanted |= CTRL_RX_MODE & ~BIT(c);
}

/* Runs in softirq: hard interrupts may not take addr_lock. */
static void virtnet_ctrl_work(unsigned long data)
{
	struct virtnet_info *vi = (struct virtnet_info *)data;
	struct virtqueue *vq = vi->ctrl->vq;
	const struct virtnet_ctrl_buf *buf;
	u32 len;

	spin_lock_bh(&vi->dev->addr_lock);
	do {
		virtqueue_disable_cb(vq);
		while ((buf = virtqueue_get_buf(vq, &len)))
			virtnet_ctrl_answered(vi, buf);
	} while (!virtqueue_enable_cb(vq));
	virtnet_ctrl_send(vi);
	spin_unlock_bh(&vi->dev->addr_lock);
	if (vq->broken && !vi->failed) {
		/* The poll shuts the device down. */
		virtqueue_break(vi->rx, "the control queue is broken");
		napi_schedule(&vi->napi);
	}
}

/* ---- set up and clean up --------------------------------------------------------------------- */

void virtnet_ctrl_setup(struct virtnet_info *vi)
{
	struct virtio_device *vdev = vi->vdev;
	struct virtnet_ctrl *ctrl;
	long err = -ENOSPC;

	if (!virtio_has_feature(vdev, VIRTIO_NET_F_CTRL_VQ))
		return;
	if (vdev->ops->queue_max_size(vdev, VIRTNET_CTRLQ) < VIRTNET_CTRL_SG)
		goto out_warn;
	err = -ENOMEM;
	ctrl = kzalloc(sizeof(*ctrl), GFP_KERNEL);
	if (!ctrl)
		goto out_warn;
	scnprintf(ctrl->name, sizeof(ctrl->name), "virtio%u-control", vdev->index);
	setup_timer(&ctrl->timer, virtnet_ctrl_work, (unsigned long)vi);
	ctrl->vq = virtqueue_create(vdev, VIRTNET_CTRLQ, VIRTNET_CTRL_RING, ctrl->name,
				    virtnet_ctrl_callback);
	if (IS_ERR(ctrl->vq)) {
		err = PTR_ERR(ctrl->vq);
		kfree(ctrl);
		goto out_warn;
	}
	/*
	 * No command is with the device yet. If a faulty device has nevertheless reported an answer
	 * already, virtnet_ctrl_callback() has ignored it, because vi->ctrl was still NULL.
	 */
	vi->ctrl = ctrl;
	if (!virtqueue_enable_cb(ctrl->vq))
		mod_timer(&ctrl->timer, jiffies);
	return;

out_warn:
	pr_warn("virtio %s: no control queue (%ld): the device passes all frames up",
		vdev->bus_name, err);
}

void virtnet_ctrl_cleanup(struct virtnet_info *vi)
{
	if (!vi->ctrl)
		return;
	virtqueue_silence(vi->ctrl->vq); /* else an interrupt could arm the timer again */
	del_timer_sync(&vi->ctrl->timer);
	virtqueue_destroy(vi->ctrl->vq);
	kfree(vi->ctrl);
	vi->ctrl = NULL;
}
