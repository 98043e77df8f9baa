// SPDX-License-Identifier: Apache-2.0
// Fixed point arithmetic as TensorFlow Lite's int8 operators define it.
//
// Source: https://www.tensorflow.org/lite/performance/quantization_spec and
// gemmlowp/fixedpoint: a real factor is multiplier * 2^(shift - 31), and both of its
// steps round to the nearest, as is done here to the last bit.
#ifndef FIXED_POINT_H
#define FIXED_POINT_H

#include <stdint.h>

// High 32 bits of 2ab, rounded; a and b are not both INT32_MIN.
static inline int32_t multiply_q31(int32_t a, int32_t b) {
  return (int32_t)(((int64_t)a * b + (1 << 30)) >> 31);
}

// x / 2^exponent, halves away from zero; exponent is in 0..31.
static inline int32_t divide_by_power(int32_t x, int exponent) {
  const int32_t mask = (int32_t)((1u << exponent) - 1u);
  const int32_t threshold = (mask >> 1) + (x < 0);
  return (x >> exponent) + ((x & mask) > threshold);
}

// x * multiplier * 2^(shift - 31)
static inline int32_t rescale(int32_t x, int32_t multiplier, int shift) {
  if (shift > 0) {
    return multiply_q31((int32_t)((uint32_t)x << shift), multiplier);
  }
  return divide_by_power(multiply_q31(x, multiplier), -shift);
}

static inline int8_t clamp(int32_t x, int32_t min, int32_t max) {
  x = x < min ? min : x;
  return (int8_t)(x > max ? max : x);
}

#endif
