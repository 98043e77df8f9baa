// SPDX-License-Identifier: Apache-2.0
// What the generator makes of a model: see model.c beside the build's objects.
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>

enum element { ELEMENT_INT8, ELEMENT_FLOAT32 };

// A part of the model's outputs; value = (stored - zero) * scale.
struct output {
  const void *values;
  uint32_t count;
  enum element element;
  float scale;
  int32_t zero;
};

extern const char model_name[];

// All inputs one after the other; the model reads them and leaves them as they are.
extern int8_t model_input[];
extern const uint32_t model_input_bytes;

extern const struct output model_outputs[];
extern const uint32_t model_output_count;

void model_invoke(void);

#endif
