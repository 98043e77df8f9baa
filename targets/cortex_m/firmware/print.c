// SPDX-License-Identifier: Apache-2.0
#include "print.h"

#include "board.h"

void print(const char *text) {
  while (*text) board_write(*text++);
}

void print_line(const char *text) {
  print(text);
  print("\r\n");
}

void print_unsigned(uint32_t number) {
  char digits[10];
  int count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
    number /= 10;
  } while (number);
  while (count) board_write(digits[--count]);
}

void print_hex(uint8_t byte) {
  static const char digits[] = "0123456789abcdef";
  board_write(digits[byte >> 4]);
  board_write(digits[byte & 15]);
}

static void print_whole(float whole) {
  if (whole < 4294967296.0f) {
    print_unsigned((uint32_t)whole);
    return;
  }
  print_whole(whole / 10.0f);  // too large for its digits to mean much
  board_write('0');
}

void print_decimal(float number) {
  if (number != number) {
    print("nan");
    return;
  }
  if (number < 0) {
    board_write('-');
    number = -number;
  }
  if (number > 3.4e38f) {
    print("inf");
    return;
  }
  if (number >= 4194304.0f) {  // no thousandths left in a float
    print_whole(number);
    print(".000");
    return;
  }
  const uint32_t whole = (uint32_t)number;
  uint32_t thousandths = (uint32_t)((number - (float)whole) * 1000.0f + 0.5f);
  print_unsigned(whole + thousandths / 1000);
  thousandths %= 1000;
  board_write('.');
  board_write((char)('0' + thousandths / 100));
  board_write((char)('0' + thousandths / 10 % 10));
  board_write((char)('0' + thousandths % 10));
}
