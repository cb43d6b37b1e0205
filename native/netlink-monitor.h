/* SPDX-License-Identifier: Apache-2.0 */
/* NetlinkMonitor: changes of links, addresses, routes, neighbours, filters. */
#ifndef SLUICE_NATIVE_NETLINK_MONITOR_H
#define SLUICE_NATIVE_NETLINK_MONITOR_H

#include <memory>

#include <napi.h>

class NetlinkFeed;

class NetlinkMonitor : public Napi::ObjectWrap<NetlinkMonitor> {
      public:
	static Napi::Function define(Napi::Env env);

	explicit NetlinkMonitor(const Napi::CallbackInfo &info);

      private:
	void close(const Napi::CallbackInfo &info);

	std::shared_ptr<NetlinkFeed> feed_;
	bool open_ = false;
};

#endif /* SLUICE_NATIVE_NETLINK_MONITOR_H */
