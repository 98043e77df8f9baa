// SPDX-License-Identifier: Apache-2.0
// Depthwise convolution, four channels at a time.
#include "fixed_point.h"
#include "kernels.h"
#include "simd.h"

#if defined(__ARM_FEATURE_MVE)
#include <arm_mve.h>
#endif

// The taps of a pixel's window that lie inside the image.
struct taps {
  int y, x;  // of the first one, in the image
  int first_y, end_y, first_x, end_x;
};

static struct taps taps_inside(const struct window *win, int out_y, int out_x) {
  struct taps taps = {.y = out_y * win->stride_y - win->pad_top,
                      .x = out_x * win->stride_x - win->pad_left,
                      .end_y = win->height,
                      .end_x = win->width};
  while (taps.first_y < taps.end_y && taps.y + taps.first_y * win->dilation_y < 0) {
    taps.first_y++;
  }
  while (taps.end_y > taps.first_y &&
         taps.y + (taps.end_y - 1) * win->dilation_y >= win->in_height) {
    taps.end_y--;
  }
  while (taps.first_x < taps.end_x && taps.x + taps.first_x * win->dilation_x < 0) {
    taps.first_x++;
  }
  while (taps.end_x > taps.first_x &&
         taps.x + (taps.end_x - 1) * win->dilation_x >= win->in_width) {
    taps.end_x--;
  }
  return taps;
}

static int8_t requantise(const struct requantisation *to, int channel, int32_t sum) {
  sum = rescale(sum, to->multiplier[channel], to->shift[channel]);
  return clamp(sum + to->zero, to->min, to->max);
}

// Add what up to four channels sum to; there may be fewer only under MVE.
static inline void sum_four(const struct depthwise *op, const struct taps *taps,
                            const int8_t *in, int channel, int32_t sums[4]) {
  const struct window *win = &op->window;
  const int channels = win->out_channels;
  const int step = win->dilation_x * channels;
#if defined(__ARM_FEATURE_MVE)
  const mve_pred16_t some = vctp32q((uint32_t)(channels - channel));
  int32x4_t sum = vldrwq_s32(sums);
#else
  int32_t sum0 = sums[0], sum1 = sums[1], sum2 = sums[2], sum3 = sums[3];
  const uint32_t offset = (uint32_t)(uint16_t)-op->in_zero * 0x10001u;
#endif
  for (int ky = taps->first_y; ky < taps->end_y; ky++) {
    const int line = (taps->y + ky * win->dilation_y) * win->in_width + taps->x;
    const int8_t *x = in + line * channels + taps->first_x * step + channel;
    const int8_t *w =
        op->weights + (ky * win->width + taps->first_x) * channels + channel;
    for (int left = taps->end_x - taps->first_x; left > 0; left--) {
#if defined(__ARM_FEATURE_MVE)
      const int32x4_t pixel = vsubq_n_s32(vldrbq_z_s32(x, some), op->in_zero);
      sum = vaddq_s32(sum, vmulq_s32(pixel, vldrbq_z_s32(w, some)));
#else
      const uint32_t pixel = load4(x), weight = load4(w);
      const uint32_t pixel02 = even_halves_plus(pixel, offset);
      const uint32_t pixel13 = odd_halves_plus(pixel, offset);
      const uint32_t weight02 = even_halves(weight), weight13 = odd_halves(weight);
      sum0 = multiply_low(pixel02, weight02, sum0);
      sum1 = multiply_low(pixel13, weight13, sum1);
      sum2 = multiply_high(pixel02, weight02, sum2);
      sum3 = multiply_high(pixel13, weight13, sum3);
#endif
      x += step, w += channels;
    }
  }
#if defined(__ARM_FEATURE_MVE)
  vstrwq_s32(sums, sum);
#else
  sums[0] = sum0, sums[1] = sum1, sums[2] = sum2, sums[3] = sum3;
#endif
}

static int32_t sum_one(const struct depthwise *op, const struct taps *taps,
                       const int8_t *in, int channel) {
  const struct window *win = &op->window;
  int32_t sum = op->out.bias[channel];
  for (int ky = taps->first_y; ky < taps->end_y; ky++) {
    for (int kx = taps->first_x; kx < taps->end_x; kx++) {
      const int iy = taps->y + ky * win->dilation_y;
      const int ix = taps->x + kx * win->dilation_x;
      const int pixel = (iy * win->in_width + ix) * win->in_channels;
      const int tap = (ky * win->width + kx) * win->out_channels;
      sum += (in[pixel + channel / op->multiplier] - op->in_zero) *
             op->weights[tap + channel];
    }
  }
  return sum;
}

void convolve_depthwise(const struct depthwise *op, const int8_t *in, int8_t *out) {
  const struct window *win = &op->window;
  const struct requantisation *to = &op->out;
  const int channels = win->out_channels;
#if defined(__ARM_FEATURE_MVE)
  const int whole = op->multiplier == 1 ? channels : 0;
#else
  const int whole = op->multiplier == 1 ? channels & ~3 : 0;
#endif
  for (int y = 0; y < win->out_height; y++) {
    for (int x = 0; x < win->out_width; x++, out += channels) {
      const struct taps taps = taps_inside(win, y, x);
      int channel = 0;
      for (; channel < whole; channel += 4) {
        const int count = channels - channel < 4 ? channels - channel : 4;
        int32_t sums[4] = {0};
        for (int i = 0; i < count; i++) sums[i] = to->bias[channel + i];
        sum_four(op, &taps, in, channel, sums);
        for (int i = 0; i < count; i++) {
          out[channel + i] = requantise(to, channel + i, sums[i]);
        }
      }
      for (; channel < channels; channel++) {
        out[channel] = requantise(to, channel, sum_one(op, &taps, in, channel));
      }
    }
  }
}
