/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool endpoint_parse(const char *text, struct endpoint *endpoint)
{
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&endpoint->addr;
	struct sockaddr_in *in4 = (struct sockaddr_in *)&endpoint->addr;
	const char *colon = strrchr(text, ':');
	char host[ENDPOINT_TEXT_MAX];
	size_t len;

	memset(endpoint, 0, sizeof(*endpoint));
	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return false;
	if (text[0] == '[' && colon[-1] == ']') {
		len = colon - text - 2;
		memcpy(host, text + 1, len);
		host[len] = 0;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(atoi(colon + 1));
		endpoint->len = sizeof(*in6);
		return inet_pton(AF_INET6, host, &in6->sin6_addr) == 1;
	}
	len = colon - text;
	memcpy(host, text, len);
	host[len] = 0;
	in4->sin_family = AF_INET;
	in4->sin_port = htons(atoi(colon + 1));
	endpoint->len = sizeof(*in4);
	return inet_pton(AF_INET, host, &in4->sin_addr) == 1;
}

void endpoint_format(const struct endpoint *endpoint,
		     char text[ENDPOINT_TEXT_MAX])
{
	const struct sockaddr_in6 *in6 = (const void *)&endpoint->addr;
	const struct sockaddr_in *in4 = (const void *)&endpoint->addr;
	char host[INET6_ADDRSTRLEN];

	if (endpoint->addr.ss_family == AF_INET) {
		inet_ntop(AF_INET, &in4->sin_addr, host, sizeof(host));
		snprintf(text, ENDPOINT_TEXT_MAX, "%s:%u", host,
			 ntohs(in4->sin_port));
	} else if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], host,
			  sizeof(host));
		snprintf(text, ENDPOINT_TEXT_MAX, "%s:%u", host,
			 ntohs(in6->sin6_port));
	} else {
		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		snprintf(text, ENDPOINT_TEXT_MAX, "[%s]:%u", host,
			 ntohs(in6->sin6_port));
	}
}

void endpoint_map(struct endpoint *endpoint)
{
	struct sockaddr_in in4 = *(struct sockaddr_in *)&endpoint->addr;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&endpoint->addr;

	if (endpoint->addr.ss_family != AF_INET)
		return;
	memset(in6, 0, sizeof(*in6));
	in6->sin6_family = AF_INET6;
	in6->sin6_port = in4.sin_port;
	in6->sin6_addr.s6_addr[10] = 0xff;
	in6->sin6_addr.s6_addr[11] = 0xff;
	memcpy(&in6->sin6_addr.s6_addr[12], &in4.sin_addr, 4);
	endpoint->len = sizeof(*in6);
}
