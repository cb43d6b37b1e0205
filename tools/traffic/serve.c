/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"
#include "sockets.h"

#define FDS_MAX     4096
#define MESSAGE_MAX 70000
#define HEAD_MAX    16
#define STREAMS     3 /* TCP; SCTP of each family */

/* A connection's request so far: its first bytes are all that matters. */
static struct {
	char head[HEAD_MAX];
	int used;
} connections[FDS_MAX];

static char message[MESSAGE_MAX];

/* Writes the reply to a request into message; returns its length. */
static int make_reply(const struct options *options, const char *request,
		      const struct endpoint *peer)
{
	char seen[ENDPOINT_TEXT_MAX];
	int size = atoi(request + 1);
	int len;

	endpoint_format(peer, seen);
	len = snprintf(message, sizeof(message), "%s %s", options->name, seen);
	while (len < size - 1 && len < MESSAGE_MAX - 1)
		message[len++] = ' ';
	message[len++] = '\n';
	return len;
}

/* The reply leaves from the address the request was sent to. */
static void serve_datagram(int fd, const struct options *options)
{
	char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct iovec part = { .iov_base = message,
			      .iov_len = sizeof(message) - 1 };
	struct endpoint peer;
	struct msghdr header = {
		.msg_name = &peer.addr,
		.msg_namelen = sizeof(peer.addr),
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;

	memset(message, 0, HEAD_MAX);
	got = recvmsg(fd, &header, MSG_DONTWAIT);
	if (got < 0)
		return;
	message[got] = 0;
	peer.len = header.msg_namelen;
	part.iov_len = make_reply(options, message, &peer);
	sendmsg(fd, &header, 0);
}

static void serve_accept(int server, int loop)
{
	struct timeval timeout = { .tv_sec = 2 };
	struct epoll_event event = { .events = EPOLLIN };
	int fd = accept(server, NULL, NULL);

	if (fd < 0)
		return;
	if (fd >= FDS_MAX) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	connections[fd].used = 0;
	event.data.fd = fd;
	epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static void send_reply(int fd, const struct options *options)
{
	struct endpoint peer = { .len = sizeof(peer.addr) };
	int len;

	connections[fd].used = 0;
	if (getpeername(fd, (struct sockaddr *)&peer.addr, &peer.len))
		return;
	len = make_reply(options, connections[fd].head, &peer);
	if (send(fd, message, len, MSG_NOSIGNAL) != len ||
	    connections[fd].head[0] == 'C')
		close(fd);
}

static void serve_stream(int fd, const struct options *options)
{
	ssize_t got = recv(fd, message, sizeof(message), MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) {
		close(fd);
		return;
	}
	for (ssize_t i = 0; i < got && connections[fd].used < HEAD_MAX - 1; i++)
		connections[fd].head[connections[fd].used++] = message[i];
	connections[fd].head[connections[fd].used] = 0;
	if (message[got - 1] == '\n')
		send_reply(fd, options);
}

static bool is_listening(const int streams[STREAMS], int fd)
{
	for (int i = 0; i < STREAMS; i++) {
		if (streams[i] == fd)
			return true;
	}
	return false;
}

int command_serve(const struct options *options)
{
	int datagram = server_open(SOCK_DGRAM, options->port, 0);
	struct epoll_event event = { .events = EPOLLIN };
	int loop = epoll_create1(0), on = 1;
	int streams[STREAMS] = { server_open(SOCK_STREAM, options->port, 1024),
				 -1, -1 };

	if (options->sctp) {
		streams[1] = sctp_server_open(AF_INET, options->port);
		streams[2] = sctp_server_open(AF_INET6, options->port);
	}
	for (int i = 0; i < STREAMS; i++) {
		event.data.fd = streams[i];
		if (streams[i] >= 0)
			epoll_ctl(loop, EPOLL_CTL_ADD, streams[i], &event);
	}
	setsockopt(datagram, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	event.data.fd = datagram;
	epoll_ctl(loop, EPOLL_CTL_ADD, datagram, &event);
	fprintf(stderr, "started\n");
	for (;;) {
		if (epoll_wait(loop, &event, 1, -1) < 1)
			continue;
		if (is_listening(streams, event.data.fd))
			serve_accept(event.data.fd, loop);
		else if (event.data.fd == datagram)
			serve_datagram(datagram, options);
		else
			serve_stream(event.data.fd, options);
	}
}
