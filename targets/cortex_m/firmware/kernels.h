// SPDX-License-Identifier: Apache-2.0
// int8 operators of a neural network, in NHWC order.
//
// Semantics are those of TensorFlow Lite's quantisation specification. The generator
// fills the structs: weights are padded, and what depends on weights alone is folded.
#ifndef KERNELS_H
#define KERNELS_H

#include <stdint.h>

// How a window slides over an image.
struct window {
  uint16_t in_height, in_width, in_channels;
  uint16_t out_height, out_width, out_channels;
  uint16_t height, width;
  uint16_t stride_y, stride_x;
  uint16_t dilation_y, dilation_x;
  int16_t pad_top, pad_left;
};

// How a channel's int32 sum becomes int8.
struct requantisation {
  const int32_t *bias;
  const int32_t *multiplier;
  const int8_t *shift;
  int8_t zero, min, max;
};

// Convolution, and a fully connected layer as one over a single pixel.
//
// A row of weights is one output channel, padded with zeros to a multiple of four
// (row). The bias holds the input's zero point times the weights already.
// The scratch holds a row of int8 and two of int16: 5 * row bytes, aligned to four.
struct convolution {
  struct window window;
  const int8_t *weights;
  uint32_t row;
  int8_t in_zero;
  struct requantisation out;
};
void convolve(const struct convolution *op, const int8_t *in, int8_t *out,
              uint32_t *scratch);

// Depthwise convolution; weights are [height, width, channels].
struct depthwise {
  struct window window;
  const int8_t *weights;
  uint16_t multiplier;  // output channels for each input channel
  int8_t in_zero;
  struct requantisation out;
};
void convolve_depthwise(const struct depthwise *op, const int8_t *in, int8_t *out);

struct pool {
  struct window window;
  int8_t min, max;
};
void pool_average(const struct pool *op, const int8_t *in, int8_t *out);
void pool_max(const struct pool *op, const int8_t *in, int8_t *out);

// Mean over rows of an [outer, count, inner] tensor.
struct mean {
  uint32_t outer, count, inner;
  int32_t multiplier;
  int8_t shift, in_zero, out_zero;
};
void average(const struct mean *op, const int8_t *in, int8_t *out);

// Elementwise sum of two tensors of one shape.
struct addition {
  uint32_t count;
  int32_t multiplier_a, multiplier_b, multiplier;
  int8_t shift_a, shift_b, shift;
  int8_t zero_a, zero_b, zero, min, max;
};
void add(const struct addition *op, const int8_t *a, const int8_t *b, int8_t *out);

// Softmax over rows; the output's scale is 1/256, its zero point -128.
struct softmax {
  uint32_t rows, count;
  int32_t multiplier;
  int8_t shift;
  int32_t difference_min;
};
void normalise(const struct softmax *op, const int8_t *in, int8_t *out);

// A [count, row] tensor's rows, each to its place in a wider one.
struct placement {
  uint32_t count, row, out_row, offset;
};
void place(const struct placement *op, const int8_t *in, int8_t *out);

// Rescaling of int8, and clamping alone where the scale stays.
struct rescaling {
  uint32_t count;
  int32_t multiplier;
  int8_t shift, in_zero, out_zero, min, max;
};
void rescale_all(const struct rescaling *op, const int8_t *in, int8_t *out);

// Padding of an NHWC image.
struct padding {
  uint16_t in_height, in_width, channels;
  uint16_t top, bottom, left, right;
  int8_t value;
};
void pad(const struct padding *op, const int8_t *in, int8_t *out);

// The borders of a network whose inputs and outputs are float32.
struct affine {
  uint32_t count;
  float scale;
  int32_t zero;
};
void quantise(const struct affine *op, const float *in, int8_t *out);
void dequantise(const struct affine *op, const int8_t *in, float *out);

#endif
