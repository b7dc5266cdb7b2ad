//go:build cgo && amd64

package raster

/*
#include <emmintrin.h>
#include <stdint.h>
#include <string.h>

enum { INTER_SHIFT = 8, OUTPUT_SHIFT = 20 };

// vk_apply is applyGo, four samples at a time: products of 16 bits, added in pairs.
static void vk_apply(int16_t *dst, int width, const uint8_t *src, const int32_t *start, const int16_t *weights, int taps) {
	const __m128i zero = _mm_setzero_si128(), half = _mm_set1_epi32(1 << (INTER_SHIFT - 1));
	int x = 0;
	for (; taps % 4 == 0 && x + 4 <= width; x += 4) {
		__m128i sum[4];
		for (int i = 0; i < 4; i++, weights += taps) {
			const uint8_t *in = src + start[x + i];
			int t = 0;
			sum[i] = zero;
			for (; t + 8 <= taps; t += 8) {
				__m128i v = _mm_unpacklo_epi8(_mm_loadl_epi64((const __m128i *)(in + t)), zero);
				__m128i w = _mm_loadu_si128((const __m128i *)(weights + t));
				sum[i] = _mm_add_epi32(sum[i], _mm_madd_epi16(v, w));
			}
			if (t < taps) {
				int32_t four;
				memcpy(&four, in + t, sizeof four);
				__m128i v = _mm_unpacklo_epi8(_mm_cvtsi32_si128(four), zero);
				sum[i] = _mm_add_epi32(sum[i], _mm_madd_epi16(v, _mm_loadl_epi64((const __m128i *)(weights + t))));
			}
		}
		__m128i a = _mm_add_epi32(_mm_unpacklo_epi32(sum[0], sum[1]), _mm_unpackhi_epi32(sum[0], sum[1]));
		__m128i b = _mm_add_epi32(_mm_unpacklo_epi32(sum[2], sum[3]), _mm_unpackhi_epi32(sum[2], sum[3]));
		__m128i all = _mm_add_epi32(_mm_unpacklo_epi64(a, b), _mm_unpackhi_epi64(a, b));
		all = _mm_srai_epi32(_mm_add_epi32(all, half), INTER_SHIFT);
		_mm_storel_epi64((__m128i *)(dst + x), _mm_packs_epi32(all, all));
	}
	for (; x < width; x++, weights += taps) {
		int32_t sum = 1 << (INTER_SHIFT - 1);
		for (int t = 0; t < taps; t++) {
			sum += weights[t] * src[start[x] + t];
		}
		dst[x] = (int16_t)(sum >> INTER_SHIFT);
	}
}

// vk_combine is combineGo, two rows and eight samples at a time. rows is the ring; the row of weights[0] is its first.
static void vk_combine(uint8_t *dst, int width, const int16_t *rows, int first, const int16_t *weights, int taps) {
	const __m128i half = _mm_set1_epi32(1 << (OUTPUT_SHIFT - 1));
	int x = 0;
	for (; x + 8 <= width; x += 8) {
		__m128i low = half, high = half;
		int at = first;
		for (int t = 0; t < taps; t += 2) {
			__m128i a = _mm_loadu_si128((const __m128i *)(rows + (size_t)at * width + x)), b = a;
			uint32_t w = (uint16_t)weights[t];
			at = at + 1 < taps ? at + 1 : 0;
			if (t + 1 < taps) {
				b = _mm_loadu_si128((const __m128i *)(rows + (size_t)at * width + x));
				w |= (uint32_t)(uint16_t)weights[t + 1] << 16;
				at = at + 1 < taps ? at + 1 : 0;
			}
			__m128i pair = _mm_set1_epi32((int32_t)w);
			low = _mm_add_epi32(low, _mm_madd_epi16(_mm_unpacklo_epi16(a, b), pair));
			high = _mm_add_epi32(high, _mm_madd_epi16(_mm_unpackhi_epi16(a, b), pair));
		}
		__m128i v = _mm_packs_epi32(_mm_srai_epi32(low, OUTPUT_SHIFT), _mm_srai_epi32(high, OUTPUT_SHIFT));
		_mm_storel_epi64((__m128i *)(dst + x), _mm_packus_epi16(v, v));
	}
	for (; x < width; x++) {
		int32_t sum = 1 << (OUTPUT_SHIFT - 1);
		for (int t = 0, at = first; t < taps; t++, at = at + 1 < taps ? at + 1 : 0) {
			sum += weights[t] * rows[(size_t)at * width + x];
		}
		sum >>= OUTPUT_SHIFT;
		dst[x] = sum < 0 ? 0 : sum > 255 ? 255 : (uint8_t)sum;
	}
}
*/
import "C"

import "unsafe"

// The compiler of C has instructions for eight samples at a time and Go's has none: a build with cgo spends a quarter
// of the time here. What is passed is numbers that newScaler laid out, with the lengths it gave them; the file that
// somebody sent has had its say.

func (k *kernel) apply(dst []int16, src []byte) {
	// The kernel ends where the row ends: start[x]+taps is len(src) at most.
	C.vk_apply((*C.int16_t)(unsafe.SliceData(dst)), C.int(len(dst)), (*C.uint8_t)(unsafe.SliceData(src)),
		(*C.int32_t)(unsafe.SliceData(k.start)), (*C.int16_t)(unsafe.SliceData(k.weights)), C.int(k.taps))
}

func (s *scaler) combine(dst []byte, first int, weights []int16) {
	C.vk_combine((*C.uint8_t)(unsafe.SliceData(dst)), C.int(len(dst)), (*C.int16_t)(unsafe.SliceData(s.rows)),
		C.int(first%s.down.taps), (*C.int16_t)(unsafe.SliceData(weights)), C.int(len(weights)))
}
