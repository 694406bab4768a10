// SPDX-License-Identifier: GPL-2.0-only
// A network device: what is sent comes back, and both are counted.
/*
 *	$ insmod echonet.ko
 *	$ cat /sys/class/net/sample_echo/address
 *	02:00:00:5a:4d:01
 *	$ cat /sys/class/net/sample_echo/operstate
 *	down
 *	$ echo 1 > /sys/class/net/sample_echo/ping
 *	[failed]
 *	$ echo 0x1 > /sys/class/net/sample_echo/flags
 *	$ cat /sys/class/net/sample_echo/carrier
 *	1
 *	$ echo 5 > /sys/class/net/sample_echo/ping; sleep 0.2
 *	$ cat /sys/class/net/sample_echo/ping
 *	5
 *	$ echo 500 > /sys/class/net/sample_echo/mtu
 *	$ echo 9000 > /sys/class/net/sample_echo/mtu
 *	[failed]
 *	$ cat /sys/class/net/sample_echo/statistics/rx_packets
 *	5
 *	$ rmmod echonet
 *	$ ls /sys/class/net/sample_echo
 *	[failed]
 */
#include <linux/etherdevice.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>

#define NAME "sample_echo"
#define PROTOCOL 0x88b5 /* IEEE: for local experiments */

static struct net_device *net;
static atomic_t returned;

/* Its own packets only are echoed, so that others' do not count. */
static netdev_tx_t echo_xmit(struct sk_buff *skb, struct net_device *dev)
{
	unsigned int len = skb->len;

	if (skb->protocol != htons(PROTOCOL)) {
		dev_kfree_skb(skb);
		return NETDEV_TX_OK;
	}
	dev->stats.tx_packets++;
	dev->stats.tx_bytes += len;
	skb_orphan(skb);
	skb->protocol = eth_type_trans(skb, dev);
	if (netif_rx(skb) == NET_RX_SUCCESS) {
		dev->stats.rx_packets++;
		dev->stats.rx_bytes += len;
	}
	return NETDEV_TX_OK;
}

static int echo_open(struct net_device *dev)
{
	netif_start_queue(dev);
	return 0;
}

static int echo_stop(struct net_device *dev)
{
	netif_stop_queue(dev);
	return 0;
}

static const struct net_device_ops echo_ops = {
	.ndo_open = echo_open,
	.ndo_stop = echo_stop,
	.ndo_start_xmit = echo_xmit,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

static int echo_receive(struct sk_buff *skb, struct net_device *dev,
			struct packet_type *type, struct net_device *origin)
{
	atomic_inc(&returned);
	kfree_skb(skb);
	return NET_RX_SUCCESS;
}

static struct packet_type echo_type = {
	.type = cpu_to_be16(PROTOCOL),
	.func = echo_receive,
};

static int send_ping(struct net_device *dev)
{
	struct sk_buff *skb;
	int r;

	skb = netdev_alloc_skb(dev, LL_RESERVED_SPACE(dev) + ETH_ZLEN);
	if (!skb)
		return -ENOMEM;
	skb_reserve(skb, LL_RESERVED_SPACE(dev));
	skb_put_zero(skb, ETH_ZLEN - ETH_HLEN);
	skb->protocol = htons(PROTOCOL);
	if (dev_hard_header(skb, dev, PROTOCOL, dev->dev_addr, dev->dev_addr,
			    skb->len) < 0) {
		kfree_skb(skb);
		return -EINVAL;
	}
	r = dev_queue_xmit(skb);
	return net_xmit_eval(r);
}

static ssize_t ping_store(struct device *device, struct device_attribute *a,
			  const char *from, size_t size)
{
	struct net_device *dev = to_net_dev(device);
	unsigned int n;
	int r = kstrtouint(from, 0, &n);

	if (!r && !netif_running(dev))
		r = -ENETDOWN;
	while (!r && n--)
		r = send_ping(dev);
	return r ? r : size;
}

static ssize_t ping_show(struct device *device, struct device_attribute *a,
			 char *to)
{
	return sysfs_emit(to, "%d\n", atomic_read(&returned));
}

static DEVICE_ATTR_RW(ping);

static struct attribute *echo_attrs[] = { &dev_attr_ping.attr, NULL };
static const struct attribute_group echo_group = { .attrs = echo_attrs };

/* No IPv6 of its own accord: that sends packets when the device goes up. */
static void echo_setup(struct net_device *dev)
{
	static const u8 address[ETH_ALEN] = { 2, 0, 0, 0x5a, 0x4d, 1 };

	ether_setup(dev);
	dev->netdev_ops = &echo_ops;
	dev->flags |= IFF_NOARP;
	dev->flags &= ~IFF_MULTICAST;
	dev->sysfs_groups[0] = &echo_group;
	eth_hw_addr_set(dev, address);
}

static int __init echonet_init(void)
{
	int r;

	net = alloc_netdev(0, NAME, NET_NAME_USER, echo_setup);
	if (!net)
		return -ENOMEM;
	r = register_netdev(net);
	if (r) {
		free_netdev(net);
		return r;
	}
	dev_add_pack(&echo_type);
	return 0;
}

static void __exit echonet_exit(void)
{
	dev_remove_pack(&echo_type);
	unregister_netdev(net);
	free_netdev(net);
}

module_init(echonet_init);
module_exit(echonet_exit);
MODULE_DESCRIPTION("Sample: network device");
MODULE_LICENSE("GPL");
