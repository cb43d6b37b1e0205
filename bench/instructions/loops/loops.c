/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operation again and again, with the time stamp counter read around each
 * batch: in a counted guest that is the number of instructions, of both
 * programs and everything that the kernel does for them.
 *
 *   loops serve PORT ADDRESS...    answers TCP, and UDP at each address
 *   loops run ADDRESS PORT         a line per batch: "loops: NAME COUNT"
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <x86intrin.h>

/* What the client's byte asks for. */
enum {
	REQUEST_KEEP = 'k',
	REQUEST_CLOSE = 'c',
};

enum {
	WARM_UP = 2,
	BATCHES = 5,
	CONNECTIONS = 200,
	ROUND_TRIPS = 1000,
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(atoi(port)) };

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
		fprintf(stderr, "loops: '%s' is no address\n", address);
		exit(2);
	}
	return to;
}

static int open_socket(int type, const struct sockaddr_in *own)
{
	int fd = socket(AF_INET, type, 0);
	int on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (own && bind(fd, (const struct sockaddr *)own, sizeof(*own)))
		die("bind");
	return fd;
}

static void serve_udp(const struct sockaddr_in *own)
{
	int fd = open_socket(SOCK_DGRAM, own);

	for (;;) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		char byte;

		if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &len) !=
		    1)
			die("recvfrom");
		if (sendto(fd, &byte, 1, 0, (struct sockaddr *)&from, len) != 1)
			die("sendto");
	}
}

/* One connection after the other; a request of REQUEST_CLOSE is the last. */
static void serve_tcp(const struct sockaddr_in *own)
{
	int server = open_socket(SOCK_STREAM, own);

	if (listen(server, 128))
		die("listen");
	printf("loops: serving\n");
	fflush(stdout);
	for (;;) {
		int fd = accept(server, NULL, NULL);
		char byte;

		if (fd < 0)
			die("accept");
		while (recv(fd, &byte, 1, 0) == 1) {
			if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
				die("send");
			if (byte == REQUEST_CLOSE)
				break;
		}
		close(fd);
	}
}

/* A socket per address, so that an answer leaves with the one it was asked at. */
static void serve(int argc, char **argv)
{
	struct sockaddr_in any = address_of("0.0.0.0", argv[0]);

	for (int i = 1; i < argc; i++) {
		struct sockaddr_in own = address_of(argv[i], argv[0]);
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid == 0)
			serve_udp(&own);
	}
	serve_tcp(&any);
}

static int connect_to(int type, const struct sockaddr_in *to)
{
	int fd = open_socket(type, NULL);

	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)))
		die("connect");
	return fd;
}

static void round_trip(int fd, char request)
{
	char byte;

	if (send(fd, &request, 1, MSG_NOSIGNAL) != 1)
		die("send");
	if (recv(fd, &byte, 1, 0) != 1)
		die("receive");
}

/* Connect, one byte there, one byte back, and the server closes. */
static uint64_t connections(const struct sockaddr_in *to)
{
	uint64_t start = __rdtsc();

	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = connect_to(SOCK_STREAM, to);
		char byte;

		round_trip(fd, REQUEST_CLOSE);
		if (recv(fd, &byte, 1, 0) != 0)
			die("close");
		close(fd);
	}
	return (__rdtsc() - start) / CONNECTIONS;
}

static uint64_t connected_round_trips(int type, const struct sockaddr_in *to)
{
	int fd = connect_to(type, to);
	uint64_t start, end;

	round_trip(fd, REQUEST_KEEP);
	start = __rdtsc();
	for (int i = 0; i < ROUND_TRIPS; i++)
		round_trip(fd, REQUEST_KEEP);
	end = __rdtsc();
	close(fd);
	return (end - start) / ROUND_TRIPS;
}

static uint64_t tcp_round_trips(const struct sockaddr_in *to)
{
	return connected_round_trips(SOCK_STREAM, to);
}

static uint64_t udp_round_trips(const struct sockaddr_in *to)
{
	return connected_round_trips(SOCK_DGRAM, to);
}

/* As resolvers do it: a destination with each message, the sender asked for. */
static uint64_t message_round_trips(const struct sockaddr_in *to)
{
	int fd = open_socket(SOCK_DGRAM, NULL);
	uint64_t start = __rdtsc();

	for (int i = 0; i < ROUND_TRIPS; i++) {
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		char byte = REQUEST_KEEP;

		if (sendto(fd, &byte, 1, 0, (const struct sockaddr *)to,
			   sizeof(*to)) != 1)
			die("sendto");
		if (recvfrom(fd, &byte, 1, 0, (struct sockaddr *)&from, &len) !=
		    1)
			die("recvfrom");
		if (from.sin_addr.s_addr != to->sin_addr.s_addr) {
			fprintf(stderr, "loops: answer of a stranger\n");
			exit(1);
		}
	}
	start = __rdtsc() - start;
	close(fd);
	return start / ROUND_TRIPS;
}

static const struct {
	const char *name;
	uint64_t (*batch)(const struct sockaddr_in *to);
} operations[] = {
	{ "crr", connections },
	{ "rr", tcp_round_trips },
	{ "udp", udp_round_trips },
	{ "udp-message", message_round_trips },
};

static void run(const struct sockaddr_in *to)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		uint64_t counts[BATCHES];

		for (int batch = 0; batch < WARM_UP; batch++)
			operations[i].batch(to);
		for (int batch = 0; batch < BATCHES; batch++)
			counts[batch] = operations[i].batch(to);
		for (int batch = 0; batch < BATCHES; batch++)
			printf("loops: %s %lu\n", operations[i].name,
			       (unsigned long)counts[batch]);
	}
}

int main(int argc, char **argv)
{
	if (argc >= 4 && !strcmp(argv[1], "serve")) {
		serve(argc - 2, argv + 2);
	} else if (argc == 4 && !strcmp(argv[1], "run")) {
		struct sockaddr_in to = address_of(argv[2], argv[3]);

		run(&to);
		return 0;
	}
	fprintf(stderr, "usage: loops serve PORT ADDRESS...\n"
			"       loops run ADDRESS PORT\n");
	return 2;
}
