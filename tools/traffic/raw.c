/* SPDX-License-Identifier: Apache-2.0 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

#define PACKET_MAX 128

struct pseudo_header {
	uint32_t saddr;
	uint32_t daddr;
	uint8_t zero;
	uint8_t proto;
	uint16_t len;
};

static uint32_t sum_words(const void *data, size_t len)
{
	const char *bytes = data;
	uint32_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i + 1 < len; i += sizeof(word)) {
		memcpy(&word, bytes + i, sizeof(word));
		sum += word;
	}
	return sum;
}

static uint16_t checksum(const struct iphdr *ip, const void *segment,
			 size_t len)
{
	struct pseudo_header pseudo = { ip->saddr, ip->daddr, 0, ip->protocol,
					htons(len) };
	uint32_t sum =
		sum_words(&pseudo, sizeof(pseudo)) + sum_words(segment, len);

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static size_t build_udp(const struct options *options, struct iphdr *ip,
			struct udphdr *udp)
{
	const struct sockaddr_in *from = (const void *)&options->from.addr;
	const struct sockaddr_in *to = (const void *)&options->to.addr;

	udp->source = from->sin_port;
	udp->dest = to->sin_port;
	udp->len = htons(sizeof(*udp));
	ip->protocol = IPPROTO_UDP;
	udp->check = checksum(ip, udp, sizeof(*udp)) ^ options->bad_checksum;
	return sizeof(*udp);
}

static size_t build_tcp(const struct options *options, struct iphdr *ip,
			struct tcphdr *tcp)
{
	const struct sockaddr_in *from = (const void *)&options->from.addr;
	const struct sockaddr_in *to = (const void *)&options->to.addr;

	tcp->source = from->sin_port;
	tcp->dest = to->sin_port;
	tcp->doff = sizeof(*tcp) / 4;
	tcp->th_flags = options->flags;
	tcp->window = htons(1024);
	ip->protocol = IPPROTO_TCP;
	tcp->check = checksum(ip, tcp, sizeof(*tcp)) ^ options->bad_checksum;
	return sizeof(*tcp);
}

/* Builds the packet in place of the one before; returns its length. */
static size_t build(const struct options *options, char packet[PACKET_MAX])
{
	const struct sockaddr_in *from = (const void *)&options->from.addr;
	const struct sockaddr_in *to = (const void *)&options->to.addr;
	struct iphdr *ip = (struct iphdr *)packet;

	memset(packet, 0, PACKET_MAX);
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->ttl = 64;
	ip->saddr = from->sin_addr.s_addr;
	ip->daddr = to->sin_addr.s_addr;
	if (options->udp)
		return sizeof(*ip) + build_udp(options, ip, (void *)(ip + 1));
	return sizeof(*ip) + build_tcp(options, ip, (void *)(ip + 1));
}

int command_raw(const struct options *given)
{
	const struct sockaddr *to = (const void *)&given->to.addr;
	struct options options = *given;
	struct sockaddr_in *from = (void *)&options.from.addr;
	char packet[PACKET_MAX];
	int fd;

	fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	for (int sent = 0; sent == 0 || sent < options.count; sent++) {
		size_t len = build(&options, packet);

		if (sendto(fd, packet, len, 0, to, sizeof(*from)) < 0) {
			perror("sendto");
			return 1;
		}
		from->sin_port = htons(ntohs(from->sin_port) + 1);
		if (options.count)
			usleep(options.interval_us);
	}
	return 0;
}
