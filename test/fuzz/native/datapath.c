// SPDX-License-Identifier: Apache-2.0
/*
 * tc_ingress and tc_egress in user space, for libFuzzer with sanitizers. One
 * input is a row of packets, each behind a header of HEADER bytes (enum
 * header), that meet each other's flows; every input begins with none.
 */
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "packet.h"
#include "table.h"
#include "translate.h"

enum header {
	HEADER_HOW = 0,    /* enum how */
	HEADER_DEVICE = 1, /* ifindex, modulo DEVICES */
	HEADER_LINEAR = 2, /* bytes in the linear part; 255: all */
	HEADER_ROUTE = 3,  /* enum route */
	HEADER_SIZE = 4,   /* two bytes, low first: bytes of the packet */
	HEADER_LIMIT = 6,  /* entries of flows that fit, modulo 16; 0: any */
	HEADER_SOCKET = 7, /* enum sender */
	HEADER = 8,
};

enum how {
	HOW_EGRESS = 1,
	HOW_FORWARDED = 2, /* at egress: it came in elsewhere */
	HOW_MODE = 12,     /* enum forwarding, two bits */
	HOW_EVENTS = 16,
	HOW_GSO = 32,
	HOW_BARE = 64, /* no Ethernet header */
	HOW_NO_NODE = 128,
};

/* What the fib answers. */
enum route {
	ROUTE_ANSWER = 3, /* index into the answers */
	ROUTE_BRIDGE = 4, /* out of the bridge, else of a device: */
	ROUTE_LOST = 8, /* before the packet, all ways are to be found again */
	ROUTE_DEVICE_SHIFT = 4,
};

enum sender {
	SENDER_KNOWN = 1,
	SENDER_CONNECTED = 2,
	SENDER_DIRECT = 4, /* it has a connection of its own */
};

enum {
	DEVICES = 6,
	BRIDGE = 7,
	PACKETS_MAX = 24,
	SERVICES = 4,
	VIP_PORT = 80,
	BACKEND_PORT = 8080,
};

static struct {
	const __u8 *header;
	struct bpf_sock socket;
	struct socket_state state;
	__u32 random;
} now;

static void put(void *map, __u32 key, const void *value)
{
	if (bpf_map_update_elem(map, &key, value, BPF_ANY))
		abort();
}

/* 10.96.0.host or fd96::host, and likewise. */
static struct ip_addr address(__u8 is_v6, __u8 net, __u8 host)
{
	__u8 v6[16] = { 0xfd, net };
	__u8 v4[16] = { [10] = 0xff, 0xff, 10, net };
	struct ip_addr addr;

	v6[15] = host;
	v4[15] = host;
	memcpy(&addr, is_v6 ? v6 : v4, sizeof(addr));
	return addr;
}

/* Service n of a family and protocol has the VIP 96::n and n - 1 backends. */
static void add_service(__u8 is_v6, __u8 proto, __u32 n)
{
	__u32 row = proto == IPPROTO_UDP ? 1 : proto == IPPROTO_SCTP ? 2 : 0;
	__u32 id = 1 + (is_v6 * 3 + row) * SERVICES + n;
	struct frontend_key key = { .addr = address(is_v6, 0x96, n + 1),
				    .port = bpf_htons(VIP_PORT),
				    .proto = proto };
	struct frontend frontend = { .word = id };
	struct service service = { .flags = SERVICE_PRESENT, .proto = proto };

	service.affinity_sec = n == SERVICES - 1 ? 60 : 0;
	service.cluster_set = (__u64)n << SET_COUNT_SHIFT | id * SERVICES;
	put(&services, id, &service);
	for (__u32 i = 0; i < n; i++) {
		struct backend backend = { .word = BACKEND_ACTIVE,
					   .service = id,
					   .addr = address(is_v6, 1, 20 + i),
					   .port = bpf_htons(BACKEND_PORT),
					   .proto = proto };
		struct slot slot = { .backend = id * SERVICES + i };

		backend.flags = i & 1 ? 0 : BACKEND_LOCAL;
		put(&backends, slot.backend, &backend);
		put(&slots, id * SERVICES + i, &slot);
	}
	for (key.scope = 0; key.scope < 2; key.scope++)
		bpf_map_update_elem(&frontends, &key, &frontend, BPF_ANY);
}

static void add_devices(void)
{
	static const __u8 kinds[DEVICES] = { 0,
					     DEVICE_POD,
					     DEVICE_POD,
					     DEVICE_UPLINK,
					     DEVICE_LOOPBACK,
					     DEVICE_UPLINK };

	for (__u32 i = 1; i < DEVICES; i++) {
		struct device device = { .kind = kinds[i],
					 .flags = DEVICE_REDIRECT | DEVICE_PEER,
					 .mtu = 1500,
					 .netns_id = 1 };

		if (i == 2)
			device.master = BRIDGE;
		if (i == 5)
			device.masq4 = address(0, 3, 0);
		put(&devices, i, &device);
	}
}

static void add_tombstone(__u8 is_v6)
{
	struct tombstone_key key = { .addr = address(is_v6, 1, 29),
				     .port = bpf_htons(BACKEND_PORT),
				     .proto = IPPROTO_UDP };
	struct tombstone value = { .service = 1 };

	bpf_map_update_elem(&tombstones, &key, &value, BPF_ANY);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct filter_word all = { .bits = 1 };

	(void)argc;
	(void)argv;
	TABLE_ADD(frontends, false);
	TABLE_ADD(services, true);
	TABLE_ADD(slots, true);
	TABLE_ADD(backends, true);
	TABLE_ADD(backend_stats, true);
	TABLE_ADD(service_stats, true);
	TABLE_ADD(flows, false);
	TABLE_ADD(overflow, false);
	TABLE_ADD(tombstones, false);
	TABLE_ADD(affinity, false);
	TABLE_ADD(ranges, false);
	TABLE_ADD(sources, false);
	TABLE_ADD(service_cidrs, false);
	TABLE_ADD(fragments, false);
	TABLE_ADD(devices, false);
	TABLE_ADD(settings, true);
	TABLE_ADD(control, true);
	TABLE_ADD(filter, true);
	TABLE_ADD(drops, true);
	TABLE_ADD(scratch, true);
	put(&filter, 0, &all);
	for (__u8 is_v6 = 0; is_v6 < 2; is_v6++) {
		for (__u32 n = 0; n < SERVICES; n++) {
			add_service(is_v6, IPPROTO_TCP, n);
			add_service(is_v6, IPPROTO_UDP, n);
			add_service(is_v6, IPPROTO_SCTP, n);
		}
		add_tombstone(is_v6);
	}
	add_devices();
	return 0;
}

static void set_settings(__u8 how)
{
	struct settings set = { .hz = 1000,
				.masquerade_port_first = 61001,
				.masquerade_port_last = 61004,
				.half_open_max = 4 };

	for (__u32 i = 0; i < 8; i++)
		set.timeout[i] = 1000;
	set.forwarding = (how & HOW_MODE) >> 2;
	set.events = !!(how & HOW_EVENTS);
	if (!(how & HOW_NO_NODE)) {
		set.node4 = address(0, 0, 1);
		set.node6 = address(1, 0, 1);
	}
	put(&settings, 0, &set);
}

/* What the reaper does with REAP_LOST. */
static void lose_way(void *value)
{
	struct flow *flow = value;

	if (flow->way == WAY_NEIGH || flow->way == WAY_PEER ||
	    flow->way == WAY_INGRESS)
		flow->mtu = FLOW_MTU_LOST;
}

/* Runs one packet; aborts when the action is none that programs return. */
static void run_packet(const __u8 *header, const __u8 *bytes, __u32 size)
{
	struct __sk_buff skb = {};
	__u8 how = header[HEADER_HOW], linear = header[HEADER_LINEAR];
	__u16 type = 0;
	int action;

	now.header = header;
	set_settings(how);
	if (header[HEADER_ROUTE] & ROUTE_LOST)
		table_each(&flows, lose_way);
	table_limit(&flows, header[HEADER_LIMIT] % 16 ?: 65536);
	if (size >= ETH_HLEN)
		memcpy(&type, bytes + 12, sizeof(type));
	skb.protocol = how & HOW_BARE ? bpf_htons(ETH_P_IP) : type;
	skb.ifindex = header[HEADER_DEVICE] % DEVICES;
	skb.ingress_ifindex = how & HOW_FORWARDED ? 3 : 0;
	skb.gso_size = how & HOW_GSO ? 1400 : 0;
	skb.sk = header[HEADER_SOCKET] & SENDER_KNOWN ? &now.socket : NULL;
	packet_set(&skb, bytes, size, linear == 255 ? size : linear);
	action = translate_run(&skb,
			       how & HOW_EGRESS ? HOOK_EGRESS : HOOK_INGRESS);
	if (action != TC_ACT_UNSPEC && action != TC_ACT_SHOT &&
	    action != TC_ACT_REDIRECT)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const void *const emptied[] = { &flows, &overflow, &fragments,
					       &control, &scratch };

	now.random = 0;
	for (int packets = 0; size >= HEADER && packets < PACKETS_MAX;
	     packets++) {
		size_t length = data[HEADER_SIZE] | data[HEADER_SIZE + 1] << 8;

		if (length > size - HEADER)
			length = size - HEADER;
		run_packet(data, data + HEADER, length);
		data += HEADER + length;
		size -= HEADER + length;
	}
	for (size_t i = 0; i < sizeof(emptied) / sizeof(*emptied); i++)
		table_clear(emptied[i]);
	packet_free();
	return 0;
}

/* Each run its own number, the same in each repetition. */
__u32 bpf_get_prandom_u32(void)
{
	return now.random++;
}

__u64 bpf_jiffies64(void)
{
	return 100000;
}

__u64 bpf_ktime_get_ns(void)
{
	return 1;
}

long bpf_redirect(__u32 ifindex, __u64 flags)
{
	(void)ifindex;
	return flags & ~(__u64)BPF_F_INGRESS ? TC_ACT_SHOT : TC_ACT_REDIRECT;
}

long bpf_redirect_neigh(__u32 ifindex, struct bpf_redir_neigh *params, int plen,
			__u64 flags)
{
	(void)ifindex;
	return params || plen || flags ? TC_ACT_SHOT : TC_ACT_REDIRECT;
}

long bpf_redirect_peer(__u32 ifindex, __u64 flags)
{
	(void)ifindex;
	return flags ? TC_ACT_SHOT : TC_ACT_REDIRECT;
}

long bpf_fib_lookup(void *ctx, struct bpf_fib_lookup *params, int plen,
		    __u32 flags)
{
	static const int answers[] = { BPF_FIB_LKUP_RET_SUCCESS,
				       BPF_FIB_LKUP_RET_NO_NEIGH,
				       BPF_FIB_LKUP_RET_NOT_FWDED,
				       BPF_FIB_LKUP_RET_FRAG_NEEDED };
	__u8 route = now.header[HEADER_ROUTE];

	(void)ctx;
	if (plen != sizeof(*params) || flags & ~BPF_FIB_LOOKUP_OUTPUT)
		return -22;
	params->ifindex =
		route & ROUTE_BRIDGE ?
			BRIDGE :
			1 + (route >> ROUTE_DEVICE_SHIFT) % (DEVICES - 1);
	memset(params->dmac, 2, sizeof(params->dmac));
	memset(params->smac, 4, sizeof(params->smac));
	return answers[route & ROUTE_ANSWER];
}

long bpf_check_mtu(void *ctx, __u32 ifindex, __u32 *mtu_len, __s32 len_diff,
		   __u64 flags)
{
	(void)ctx;
	(void)ifindex;
	*mtu_len = 1400;
	return len_diff || flags ? -22 : 0;
}

__u64 bpf_get_socket_cookie(void *ctx)
{
	(void)ctx;
	return now.header[HEADER_SOCKET] & SENDER_KNOWN ? 77 : 0;
}

struct bpf_sock *bpf_sk_fullsock(struct bpf_sock *sk)
{
	sk->state = BPF_TCP_ESTABLISHED;
	return sk;
}

void *bpf_sk_storage_get(void *map, void *sk, void *value, __u64 flags)
{
	(void)map;
	(void)sk;
	if (value || flags || !(now.header[HEADER_SOCKET] & SENDER_CONNECTED))
		return NULL;
	now.state =
		(struct socket_state){ .vip = address(0, 0x96, 2),
				       .addr = address(0, 1, 29),
				       .port = bpf_htons(VIP_PORT),
				       .backend_port = bpf_htons(BACKEND_PORT),
				       .proto = IPPROTO_UDP,
				       .flags = SOCKET_CONNECTED };
	return &now.state;
}

struct bpf_sock *bpf_sk_lookup_tcp(void *ctx, struct bpf_sock_tuple *tuple,
				   __u32 size, __u64 netns, __u64 flags)
{
	(void)ctx;
	(void)netns;
	if (flags ||
	    (size != sizeof(tuple->ipv4) && size != sizeof(tuple->ipv6)))
		abort();
	now.socket.state = BPF_TCP_ESTABLISHED;
	return now.header[HEADER_SOCKET] & SENDER_DIRECT ? &now.socket : NULL;
}

long bpf_sk_release(void *sk)
{
	return sk ? 0 : -22;
}

void *bpf_ringbuf_reserve(void *ringbuf, __u64 size, __u64 flags)
{
	(void)ringbuf;
	return flags ? NULL : malloc(size);
}

void bpf_ringbuf_submit(void *data, __u64 flags)
{
	(void)flags;
	free(data);
}
