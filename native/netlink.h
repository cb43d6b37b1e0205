/* SPDX-License-Identifier: Apache-2.0 */
/* Netlink by libmnl: sockets, dumps, and walking over messages. */
#ifndef SLUICE_NATIVE_NETLINK_H
#define SLUICE_NATIVE_NETLINK_H

#include <cstdint>
#include <memory>
#include <vector>

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

struct NetlinkCloser {
	void operator()(mnl_socket *socket) const
	{
		mnl_socket_close(socket);
	}
};
using NetlinkSocket = std::unique_ptr<mnl_socket, NetlinkCloser>;

/* Messages back to back, each padded to NLMSG_ALIGNTO. */
using Messages = std::vector<uint8_t>;

/* A request under construction: header, fixed part, attributes. */
class NetlinkRequest {
      public:
	NetlinkRequest(uint16_t type, uint16_t flags);

	/* The family's struct after the header, zeroed. */
	template <typename T>
	T *extra()
	{
		return static_cast<T *>(
			mnl_nlmsg_put_extra_header(header_, sizeof(T)));
	}
	nlmsghdr *header()
	{
		return header_;
	}

      private:
	std::vector<uint8_t> buffer_;
	nlmsghdr *header_;
};

/* A bound socket of NETLINK_*; null and errno on failure. */
NetlinkSocket open_netlink(int bus);

/* Appends everything a dump request yields; 0 or -errno. Begins anew when the
 * kernel says that the answer changed meanwhile. */
int netlink_dump(int bus, NetlinkRequest &request, Messages *messages);

template <typename Visit>
void each_message(const Messages &messages, Visit visit)
{
	int left = static_cast<int>(messages.size());
	const auto *header =
		reinterpret_cast<const nlmsghdr *>(messages.data());
	for (; mnl_nlmsg_ok(header, left);
	     header = mnl_nlmsg_next(header, &left))
		visit(header);
}

#endif /* SLUICE_NATIVE_NETLINK_H */
