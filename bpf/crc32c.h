/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What a change of some bytes does to the CRC32c of a message (RFC 9260,
 * appendix A, and RFC 3309): the sum is linear, so that the change of the sum
 * follows from the change of the bytes and from how many bytes there are up to
 * the end of the message, whatever those are. As a polynomial over one bit, the
 * change is multiplied by x^8 for each byte, modulo the sum's polynomial. Words
 * hold polynomials with the lowest power in the highest bit.
 */
#ifndef SLUICE_CRC32C_H
#define SLUICE_CRC32C_H

#include <linux/types.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

enum crc32c {
	CRC32C_BITS = 32,
	CRC32C_LENGTH_BITS = 16, /* messages are shorter than 64 KiB */
};

/* x^32 modulo the polynomial, without which it is x^32 itself. */
static const __u32 crc32c_polynomial = 0x82f63b78;

/* x^(8 * 2^i) modulo the polynomial: each is the square of the one before. */
static const __u32 crc32c_powers[CRC32C_LENGTH_BITS] = {
	0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18, 0x510ac59a,
	0xb82be955, 0xb8fdb1e7, 0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a,
	0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
};

/* a * b. Without branches: the verifier would walk each way through them, as
 * up to Linux 6.1 it tells states apart by such values. */
__noinline __u32 crc32c_multiply(__u32 a, __u32 b)
{
	__u32 product = 0;

	for (int i = 0; i < CRC32C_BITS; i++) {
		__u32 takes = -(a >> 31), overflows = -(b & 1);

		barrier_var(takes);
		barrier_var(overflows);
		product ^= b & takes;
		b = b >> 1 ^ (crc32c_polynomial & overflows);
		a <<= 1;
	}
	return product;
}

/* value * x^(8 * bytes) */
__noinline __u32 crc32c_shift(__u32 value, __u32 bytes)
{
	for (int i = 0; i < CRC32C_LENGTH_BITS; i++) {
		__u32 has = bytes >> i & 1;

		/* What a branch on it tells the verifier is not of bytes. */
		barrier_var(has);
		if (has)
			value = crc32c_multiply(value, crc32c_powers[i]);
	}
	return value;
}

/*
 * The change of a message's sum, as it is stored (least significant byte
 * first), when four of its bytes change by these bits: length bytes from the
 * first of the four on.
 */
static __always_inline __be32 crc32c_change(__be32 bits, __u32 length)
{
	__u32 value = __builtin_bswap32(bpf_ntohl(bits));

	return bpf_htonl(__builtin_bswap32(crc32c_shift(value, length)));
}

#endif /* SLUICE_CRC32C_H */
