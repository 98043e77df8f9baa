// SPDX-License-Identifier: Apache-2.0
// Softmax in fixed point, to the last bit as TensorFlow Lite's reference computes it.
//
// Numbers are Qm: m integer bits, a sign, and 31 - m bits of fraction. The exponential
// is a Taylor series around -1/8 times tabulated factors, the reciprocal three Newton
// steps. Source of the formulas: gemmlowp, fixedpoint/fixedpoint.h.
#include "fixed_point.h"
#include "kernels.h"

#define DIFFERENCE_BITS 5
#define SUM_BITS 12
#define ONE INT32_MAX

static int32_t double_saturated(int32_t x, int exponent) {
  const int32_t limit = INT32_MAX >> exponent;
  if (x > limit) return INT32_MAX;
  if (x < -limit - 1) return INT32_MIN;
  return (int32_t)((uint32_t)x << exponent);
}

// exp(a) for a in [-1/4, 0), both Q0
static int32_t exp_small(int32_t a) {
  const int32_t exp_of_minus_eighth = 1895147668, third = 715827883;
  const int32_t x = a + (1 << 28);
  const int32_t x2 = multiply_q31(x, x);
  const int32_t x3 = multiply_q31(x2, x);
  const int32_t x4 = multiply_q31(x2, x2);
  const int32_t higher = multiply_q31(divide_by_power(x4, 2) + x3, third) + x2;
  return exp_of_minus_eighth +
         multiply_q31(exp_of_minus_eighth, x + divide_by_power(higher, 1));
}

// exp(a) in Q0 for a <= 0 in Q5
static int32_t exp_negative(int32_t a) {
  static const int32_t factors[] = {// exp(-2^i), i = -2..4, in Q0
                                    1672461947, 1302514674, 790015084, 290630308,
                                    39332535,   720401,     242};
  const int32_t quarter = 1 << 24;
  if (a == 0) return ONE;
  const int32_t within = (a & (quarter - 1)) - quarter;
  const int32_t rest = within - a;
  int32_t result = exp_small(double_saturated(within, DIFFERENCE_BITS));
  for (int i = 0; i < 7; i++) {
    if (rest & (quarter << i)) result = multiply_q31(result, factors[i]);
  }
  return result;
}

// 1 / (1 + a) for a in [0, 1), both Q0
static int32_t reciprocal(int32_t a) {
  const int32_t c48_17 = 1515870810, minus_c32_17 = -1010580540, one = 1 << 29;  // Q2
  const int32_t half = (int32_t)(((int64_t)a + ONE + 1) / 2);
  int32_t x = c48_17 + multiply_q31(half, minus_c32_17);
  for (int i = 0; i < 3; i++) {
    const int32_t error = one - multiply_q31(half, x);
    x += double_saturated(multiply_q31(x, error), 2);
  }
  return double_saturated(x, 1);
}

static void normalise_row(const struct softmax *op, const int8_t *in, int8_t *out) {
  int8_t max = INT8_MIN;
  for (uint32_t i = 0; i < op->count; i++) max = in[i] > max ? in[i] : max;
  int32_t sum = 0;
  for (uint32_t i = 0; i < op->count; i++) {
    const int32_t difference = in[i] - max;
    if (difference < op->difference_min) continue;
    const int32_t scaled = rescale(difference, op->multiplier, op->shift);
    sum += divide_by_power(exp_negative(scaled), SUM_BITS);
  }
  const int headroom = __builtin_clz((uint32_t)sum);
  const int over_unit = SUM_BITS - headroom;
  const int32_t scale = reciprocal((int32_t)(((uint32_t)sum << headroom) ^ (1u << 31)));
  for (uint32_t i = 0; i < op->count; i++) {
    const int32_t difference = in[i] - max;
    int32_t value = INT8_MIN;
    if (difference >= op->difference_min) {
      const int32_t scaled = rescale(difference, op->multiplier, op->shift);
      const int32_t share = multiply_q31(scale, exp_negative(scaled));
      value += divide_by_power(share, over_unit + 31 - 8);
    }
    out[i] = clamp(value, INT8_MIN, INT8_MAX);
  }
}

void normalise(const struct softmax *op, const int8_t *in, int8_t *out) {
  for (uint32_t row = 0; row < op->rows; row++) {
    normalise_row(op, in, out);
    in += op->count, out += op->count;
  }
}
