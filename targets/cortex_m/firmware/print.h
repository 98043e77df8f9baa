// SPDX-License-Identifier: Apache-2.0
// Text on the serial line.
#ifndef PRINT_H
#define PRINT_H

#include <stdint.h>

void print(const char *text);
void print_line(const char *text);
void print_unsigned(uint32_t number);
void print_hex(uint8_t byte);

// With three digits after the point, rounded half away from zero.
void print_decimal(float number);

#endif
