/* SPDX-License-Identifier: Apache-2.0 */
/* An address and port of either family, as text "1.2.3.4:80" or "[fd00::1]:80". */
#ifndef TRAFFIC_ENDPOINT_H
#define TRAFFIC_ENDPOINT_H

#include <stdbool.h>
#include <sys/socket.h>

struct endpoint {
	struct sockaddr_storage addr;
	socklen_t len;
};

#define ENDPOINT_TEXT_MAX 64

/* Returns false when text is not an endpoint. */
bool endpoint_parse(const char *text, struct endpoint *endpoint);

/* Writes the text form; v4-mapped addresses are shown as IPv4. */
void endpoint_format(const struct endpoint *endpoint,
		     char text[ENDPOINT_TEXT_MAX]);

/* Turns an IPv4 endpoint into the v4-mapped IPv6 one. */
void endpoint_map(struct endpoint *endpoint);

#endif /* TRAFFIC_ENDPOINT_H */
