/* SPDX-License-Identifier: Apache-2.0 */
/* nftBaseChains(), nftChains(), nftGeneration() */
#ifndef SLUICE_NATIVE_NFT_CHAINS_H
#define SLUICE_NATIVE_NFT_CHAINS_H

#include <cstdint>

#include <napi.h>

/* nft's name of a table's family (NFPROTO_*), "" for unknown ones. */
const char *nft_family(uint8_t family);

Napi::Value nft_base_chains(const Napi::CallbackInfo &info);
Napi::Value nft_chains(const Napi::CallbackInfo &info);
Napi::Value nft_generation(const Napi::CallbackInfo &info);

#endif /* SLUICE_NATIVE_NFT_CHAINS_H */
