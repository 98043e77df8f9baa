// SPDX-License-Identifier: Apache-2.0
// Operators that take one value at a time, or move values.
#include <math.h>
#include <string.h>

#include "fixed_point.h"
#include "kernels.h"

#define HEADROOM 20  // bits that a summand is shifted left, against rounding

void add(const struct addition *op, const int8_t *a, const int8_t *b, int8_t *out) {
  for (uint32_t i = 0; i < op->count; i++) {
    const int32_t wide_a = (a[i] - op->zero_a) * (1 << HEADROOM);
    const int32_t wide_b = (b[i] - op->zero_b) * (1 << HEADROOM);
    const int32_t sum = rescale(wide_a, op->multiplier_a, op->shift_a) +
                        rescale(wide_b, op->multiplier_b, op->shift_b);
    out[i] = clamp(rescale(sum, op->multiplier, op->shift) + op->zero, op->min, op->max);
  }
}

void rescale_all(const struct rescaling *op, const int8_t *in, int8_t *out) {
  for (uint32_t i = 0; i < op->count; i++) {
    const int32_t scaled = rescale(in[i] - op->in_zero, op->multiplier, op->shift);
    out[i] = clamp(scaled + op->out_zero, op->min, op->max);
  }
}

void place(const struct placement *op, const int8_t *in, int8_t *out) {
  for (uint32_t i = 0; i < op->count; i++) {
    memcpy(out + i * op->out_row + op->offset, in + i * op->row, op->row);
  }
}

void pad(const struct padding *op, const int8_t *in, int8_t *out) {
  const uint32_t row = (uint32_t)op->in_width * op->channels;
  const uint32_t left = (uint32_t)op->left * op->channels;
  const uint32_t right = (uint32_t)op->right * op->channels;
  const uint32_t wide = left + row + right;
  memset(out, op->value, op->top * wide);
  out += op->top * wide;
  for (int y = 0; y < op->in_height; y++, in += row, out += wide) {
    memset(out, op->value, left);
    memcpy(out + left, in, row);
    memset(out + left + row, op->value, right);
  }
  memset(out, op->value, op->bottom * wide);
}

void quantise(const struct affine *op, const float *in, int8_t *out) {
  for (uint32_t i = 0; i < op->count; i++) {
    const float scaled = roundf(in[i] / op->scale) + (float)op->zero;
    out[i] = scaled >= INT8_MAX  ? INT8_MAX
             : scaled > INT8_MIN ? (int8_t)scaled
                                 : INT8_MIN;
  }
}

void dequantise(const struct affine *op, const int8_t *in, float *out) {
  for (uint32_t i = 0; i < op->count; i++) {
    out[i] = op->scale * (float)(in[i] - op->zero);
  }
}
