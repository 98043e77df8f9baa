// SPDX-License-Identifier: Apache-2.0
// Four int8 values at a time, where the core has instructions for that.
//
// The dot products take one operand expanded beforehand: int16 pairs in the order
// (0, 2), (1, 3), which is the one that SXTB16 gives.
#ifndef SIMD_H
#define SIMD_H

#include <stdint.h>
#include <string.h>

// GCC makes one unaligned load of it.
static inline uint32_t load4(const int8_t *from) {
  uint32_t word;
  memcpy(&word, from, sizeof word);
  return word;
}

#if defined(__ARM_FEATURE_DSP)

static inline uint32_t even_halves(uint32_t word) {
  uint32_t out;
  __asm("sxtb16 %0, %1" : "=r"(out) : "r"(word));
  return out;
}

static inline uint32_t odd_halves(uint32_t word) {
  uint32_t out;
  __asm("sxtb16 %0, %1, ror #8" : "=r"(out) : "r"(word));
  return out;
}

static inline uint32_t even_halves_plus(uint32_t word, uint32_t halves) {
  uint32_t out;
  __asm("sxtab16 %0, %1, %2" : "=r"(out) : "r"(halves), "r"(word));
  return out;
}

static inline uint32_t odd_halves_plus(uint32_t word, uint32_t halves) {
  uint32_t out;
  __asm("sxtab16 %0, %1, %2, ror #8" : "=r"(out) : "r"(halves), "r"(word));
  return out;
}

// a.low * b.low + a.high * b.high + sum
static inline int32_t multiply_both(uint32_t a, uint32_t b, int32_t sum) {
  int32_t out;
  __asm("smlad %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(sum));
  return out;
}

static inline int32_t multiply_low(uint32_t a, uint32_t b, int32_t sum) {
  int32_t out;
  __asm("smlabb %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(sum));
  return out;
}

static inline int32_t multiply_high(uint32_t a, uint32_t b, int32_t sum) {
  int32_t out;
  __asm("smlatt %0, %1, %2, %3" : "=r"(out) : "r"(a), "r"(b), "r"(sum));
  return out;
}

#else

static inline uint32_t pair(int32_t low, int32_t high) {
  return (uint32_t)(uint16_t)low | (uint32_t)(uint16_t)high << 16;
}

static inline uint32_t even_halves(uint32_t word) {
  return pair((int8_t)word, (int8_t)(word >> 16));
}

static inline uint32_t odd_halves(uint32_t word) { return even_halves(word >> 8); }

static inline uint32_t even_halves_plus(uint32_t word, uint32_t halves) {
  return pair((int8_t)word + (int16_t)halves,
                 (int8_t)(word >> 16) + (int16_t)(halves >> 16));
}

static inline uint32_t odd_halves_plus(uint32_t word, uint32_t halves) {
  return even_halves_plus(word >> 8, halves);
}

static inline int32_t multiply_low(uint32_t a, uint32_t b, int32_t sum) {
  return sum + (int16_t)a * (int16_t)b;
}

static inline int32_t multiply_high(uint32_t a, uint32_t b, int32_t sum) {
  return sum + (int16_t)(a >> 16) * (int16_t)(b >> 16);
}

static inline int32_t multiply_both(uint32_t a, uint32_t b, int32_t sum) {
  return multiply_high(a, b, multiply_low(a, b, sum));
}

#endif
#endif
