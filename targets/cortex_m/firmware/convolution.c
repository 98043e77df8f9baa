// SPDX-License-Identifier: Apache-2.0
// Convolution: patches of the image become columns, rows of weights meet columns.
//
// Two output channels and two pixels are computed at a time; where one of them is
// left alone its partner is computed twice.
#include <stdbool.h>
#include <string.h>

#include "fixed_point.h"
#include "kernels.h"
#include "simd.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

#define ALWAYS_INLINE static inline __attribute__((always_inline))

// What a patch's channel sums to, for two channels and up to two pixels.
struct sums {
  int32_t at[2][2];  // [channel][pixel]
};

#if defined(__ARM_FEATURE_MVE)

typedef int8_t column;

static const column *expand(const int8_t *patch, uint32_t row, column *scratch) {
  (void)row, (void)scratch;
  return patch;
}

ALWAYS_INLINE struct sums multiply(const int8_t *w0, const int8_t *w1,
                                   const column *x0, const column *x1, uint32_t row,
                                   const struct sums bias, bool two) {
  struct sums sums = bias;
  for (int32_t left = (int32_t)row; left > 0; left -= 16) {
    const mve_pred16_t some = vctp8q((uint32_t)left);
    const int8x16_t a0 = vldrbq_z_s8(w0, some), a1 = vldrbq_z_s8(w1, some);
    const int8x16_t b0 = vldrbq_z_s8(x0, some);
    sums.at[0][0] = vmladavaq_s8(sums.at[0][0], a0, b0);
    sums.at[1][0] = vmladavaq_s8(sums.at[1][0], a1, b0);
    if (two) {
      const int8x16_t b1 = vldrbq_z_s8(x1, some);
      sums.at[0][1] = vmladavaq_s8(sums.at[0][1], a0, b1);
      sums.at[1][1] = vmladavaq_s8(sums.at[1][1], a1, b1);
    }
    w0 += 16, w1 += 16, x0 += 16, x1 += 16;
  }
  return sums;
}

#else

typedef uint32_t column;  // two int16

static const column *expand(const int8_t *patch, uint32_t row, column *scratch) {
  for (uint32_t i = 0; i < row / 4; i++) {
    const uint32_t word = load4(patch + 4 * i);
    scratch[2 * i] = even_halves(word);
    scratch[2 * i + 1] = odd_halves(word);
  }
  return scratch;
}

ALWAYS_INLINE struct sums multiply(const int8_t *w0, const int8_t *w1,
                                   const column *x0, const column *x1, uint32_t row,
                                   const struct sums bias, bool two) {
  struct sums sums = bias;
  for (const column *end = x0 + row / 2; x0 != end; x0 += 2, x1 += 2) {
    const uint32_t word0 = load4(w0), word1 = load4(w1);
    const uint32_t even0 = even_halves(word0), odd0 = odd_halves(word0);
    const uint32_t even1 = even_halves(word1), odd1 = odd_halves(word1);
    sums.at[0][0] = multiply_both(even0, x0[0], sums.at[0][0]);
    sums.at[1][0] = multiply_both(even1, x0[0], sums.at[1][0]);
    sums.at[0][0] = multiply_both(odd0, x0[1], sums.at[0][0]);
    sums.at[1][0] = multiply_both(odd1, x0[1], sums.at[1][0]);
    if (two) {
      sums.at[0][1] = multiply_both(even0, x1[0], sums.at[0][1]);
      sums.at[1][1] = multiply_both(even1, x1[0], sums.at[1][1]);
      sums.at[0][1] = multiply_both(odd0, x1[1], sums.at[0][1]);
      sums.at[1][1] = multiply_both(odd1, x1[1], sums.at[1][1]);
    }
    w0 += 4, w1 += 4;
  }
  return sums;
}

#endif

static int8_t requantise(const struct requantisation *to, uint32_t channel,
                         int32_t sum) {
  sum = rescale(sum, to->multiplier[channel], to->shift[channel]);
  return clamp(sum + to->zero, to->min, to->max);
}

// Write all channels of the pixels whose columns are x0 and, if there are two, x1.
ALWAYS_INLINE void fill(const struct convolution *op, const column *x0,
                        const column *x1, int8_t *out, bool two) {
  const struct requantisation *to = &op->out;
  const uint32_t channels = op->window.out_channels;
  for (uint32_t c0 = 0; c0 < channels; c0 += 2) {
    const uint32_t c1 = c0 + 1 < channels ? c0 + 1 : c0;
    const struct sums bias = {{{to->bias[c0], to->bias[c0]},
                               {to->bias[c1], to->bias[c1]}}};
    const struct sums sums = multiply(op->weights + c0 * op->row,
                                      op->weights + c1 * op->row, x0, x1, op->row,
                                      bias, two);
    out[c0] = requantise(to, c0, sums.at[0][0]);
    out[c1] = requantise(to, c1, sums.at[1][0]);
    if (two) {
      out[channels + c0] = requantise(to, c0, sums.at[0][1]);
      out[channels + c1] = requantise(to, c1, sums.at[1][1]);
    }
  }
}

// Copy what a pixel's window shows, outside of the image its zero.
static void gather(const struct convolution *op, const int8_t *in, int y, int x,
                   int8_t *patch) {
  const struct window *win = &op->window;
  const int channels = win->in_channels;
  for (int ky = 0; ky < win->height; ky++) {
    const int iy = y + ky * win->dilation_y;
    const int8_t *line = in + iy * win->in_width * channels;
    const bool inside = iy >= 0 && iy < win->in_height;
    if (inside && win->dilation_x == 1 && x >= 0 && x + win->width <= win->in_width) {
      memcpy(patch, line + x * channels, (size_t)(win->width * channels));
      patch += win->width * channels;
      continue;
    }
    for (int kx = 0; kx < win->width; kx++, patch += channels) {
      const int ix = x + kx * win->dilation_x;
      if (inside && ix >= 0 && ix < win->in_width) {
        memcpy(patch, line + ix * channels, (size_t)channels);
      } else {
        memset(patch, op->in_zero, (size_t)channels);
      }
    }
  }
}

// Return the column of an output pixel.
static const column *column_of(const struct convolution *op, const int8_t *in,
                               uint32_t pixel, int8_t *patch, column *expanded) {
  const struct window *win = &op->window;
  const int y = (int)(pixel / win->out_width) * win->stride_y - win->pad_top;
  const int x = (int)(pixel % win->out_width) * win->stride_x - win->pad_left;
  if (win->height * win->width == 1) {  // what lies behind it meets weights of zero
    const int8_t *there = in + (y * win->in_width + x) * win->in_channels;
    return expand(there, op->row, expanded);
  }
  gather(op, in, y, x, patch);
  return expand(patch, op->row, expanded);
}

void convolve(const struct convolution *op, const int8_t *in, int8_t *out,
              uint32_t *scratch) {
  const uint32_t pixels = (uint32_t)op->window.out_height * op->window.out_width;
  const uint32_t channels = op->window.out_channels;
  // A patch becomes a column at once: both patches may lie in one place, unless they
  // are the columns themselves.
  int8_t *patch = (int8_t *)scratch;
  column *columns = (column *)(patch + op->row);
#if defined(__ARM_FEATURE_MVE)
  int8_t *patch1 = patch + op->row;
  column *columns1 = columns;
#else
  int8_t *patch1 = patch;
  column *columns1 = columns + op->row / 2;
#endif
  uint32_t pixel = 0;
  for (; pixel + 1 < pixels; pixel += 2, out += 2 * channels) {
    const column *x0 = column_of(op, in, pixel, patch, columns);
    const column *x1 = column_of(op, in, pixel + 1, patch1, columns1);
    fill(op, x0, x1, out, true);
  }
  if (pixel < pixels) {
    const column *x0 = column_of(op, in, pixel, patch, columns);
    fill(op, x0, x0, out, false);
  }
}
