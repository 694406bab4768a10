// SPDX-License-Identifier: GPL-2.0-only
// A use after free: a packet's length is read when the packet is gone.
/*
 *	$ insmod echonet-broken.ko
 *	$ echo 0x1 > /sys/class/net/sample_echo/flags
 *	$ echo 1 > /sys/module/echonet_broken/parameters/send
 *	$ rmmod echonet-broken
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

static struct net_device *net;

static netdev_tx_t echo_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	dev->stats.tx_bytes += skb->len; /* BUG: use-after-free */
	dev->stats.tx_packets++;
	return NETDEV_TX_OK;
}

static const struct net_device_ops echo_ops = { .ndo_start_xmit = echo_xmit };

static int send_set(const char *text, const struct kernel_param *p)
{
	struct sk_buff *skb = netdev_alloc_skb(net, ETH_ZLEN);

	if (!skb)
		return -ENOMEM;
	skb_put_zero(skb, ETH_ZLEN);
	return dev_queue_xmit(skb);
}

static const struct kernel_param_ops send_ops = { .set = send_set };
module_param_cb(send, &send_ops, NULL, 0200);

static void echo_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &echo_ops;
	eth_hw_addr_random(dev);
}

static int __init echonet_init(void)
{
	int r;

	net = alloc_netdev(0, "sample_echo", NET_NAME_USER, echo_setup);
	if (!net)
		return -ENOMEM;
	r = register_netdev(net);
	if (r)
		free_netdev(net);
	return r;
}

static void __exit echonet_exit(void)
{
	unregister_netdev(net);
	free_netdev(net);
}

module_init(echonet_init);
module_exit(echonet_exit);
MODULE_DESCRIPTION("Broken sample: use after free of a packet");
MODULE_LICENSE("GPL");
