// SPDX-License-Identifier: Apache-2.0
// Pooling: what lies outside of the image does not count.
#include "fixed_point.h"
#include "kernels.h"

struct area {
  int top, bottom, left, right;
};

static struct area area_of(const struct window *win, int out_y, int out_x) {
  const int y = out_y * win->stride_y - win->pad_top;
  const int x = out_x * win->stride_x - win->pad_left;
  const int bottom = y + win->height, right = x + win->width;
  return (struct area){.top = y < 0 ? 0 : y,
                       .bottom = bottom < win->in_height ? bottom : win->in_height,
                       .left = x < 0 ? 0 : x,
                       .right = right < win->in_width ? right : win->in_width};
}

static int32_t mean_of(const struct window *win, const struct area *area,
                       const int8_t *in) {
  const int count = (area->bottom - area->top) * (area->right - area->left);
  int32_t sum = 0;
  for (int y = area->top; y < area->bottom; y++) {
    const int8_t *from = in + (y * win->in_width + area->left) * win->in_channels;
    for (int x = area->left; x < area->right; x++, from += win->in_channels) {
      sum += *from;
    }
  }
  return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

static int32_t max_of(const struct window *win, const struct area *area,
                      const int8_t *in) {
  int32_t max = INT8_MIN;
  for (int y = area->top; y < area->bottom; y++) {
    const int8_t *from = in + (y * win->in_width + area->left) * win->in_channels;
    for (int x = area->left; x < area->right; x++, from += win->in_channels) {
      if (*from > max) max = *from;
    }
  }
  return max;
}

static inline void pool(const struct pool *op, const int8_t *in, int8_t *out,
                        int32_t (*reduce)(const struct window *, const struct area *,
                                          const int8_t *)) {
  const struct window *win = &op->window;
  for (int y = 0; y < win->out_height; y++) {
    for (int x = 0; x < win->out_width; x++) {
      const struct area area = area_of(win, y, x);
      for (int channel = 0; channel < win->out_channels; channel++) {
        *out++ = clamp(reduce(win, &area, in + channel), op->min, op->max);
      }
    }
  }
}

void pool_average(const struct pool *op, const int8_t *in, int8_t *out) {
  pool(op, in, out, mean_of);
}

void pool_max(const struct pool *op, const int8_t *in, int8_t *out) {
  pool(op, in, out, max_of);
}

void average(const struct mean *op, const int8_t *in, int8_t *out) {
  const int32_t zero = (int32_t)op->count * op->in_zero;
  for (uint32_t outer = 0; outer < op->outer; outer++) {
    for (uint32_t inner = 0; inner < op->inner; inner++) {
      int32_t sum = 0;
      const int8_t *from = in + inner;
      for (uint32_t i = 0; i < op->count; i++, from += op->inner) sum += *from;
      sum = rescale(sum - zero, op->multiplier, op->shift);
      *out++ = clamp(sum + op->out_zero, INT8_MIN, INT8_MAX);
    }
    in += op->count * op->inner;
  }
}
