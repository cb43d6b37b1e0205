/* SPDX-License-Identifier: Apache-2.0 */
/* iptablesChains() */
#ifndef SLUICE_NATIVE_IPTABLES_H
#define SLUICE_NATIVE_IPTABLES_H

#include <napi.h>

Napi::Value iptables_chains(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_IPTABLES_H */
