// SPDX-License-Identifier: Apache-2.0
// The device's side of MLPerf Tiny's serial protocol.
//
// Source of commands and replies: mlcommons/tiny, benchmark/api. A command ends with
// '%', its parts are apart by a space; a reply is lines, the last of them m-ready. One
// command is ours: "output" prints the outputs' bytes as they are stored.
#include "protocol.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "model.h"
#include "print.h"

#define COMMAND_MAX 80
#define TERMINATOR '%'
#define BYTES_A_LINE 8

static char command[COMMAND_MAX + 1];
static uint32_t expected, loaded;  // bytes of the input

__attribute__((noinline)) void inference_begin(void) { __asm volatile(""); }
__attribute__((noinline)) void inference_end(void) { __asm volatile(""); }

static void print_number(const char *before, uint32_t number, const char *after) {
  print(before);
  print_unsigned(number);
  print_line(after);
}

static void tell_time(void) { print_number("m-lap-us-", board_microseconds(), ""); }

static void print_bytes(const char *prefix, const uint8_t *bytes, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    print(i % BYTES_A_LINE ? "-" : prefix);
    print_hex(bytes[i]);
    if ((i + 1) % BYTES_A_LINE == 0 || i + 1 == count) print_line("");
  }
}

static uint32_t size_of(const struct output *output) {
  return output->count * (output->element == ELEMENT_FLOAT32 ? 4 : 1);
}

static void print_outputs(void) {
  for (uint32_t i = 0; i < model_output_count; i++) {
    const struct output *output = &model_outputs[i];
    print_bytes("m-output-", output->values, size_of(output));
  }
}

static float value_of(const struct output *output, uint32_t at) {
  if (output->element == ELEMENT_FLOAT32) return ((const float *)output->values)[at];
  const int32_t stored = ((const int8_t *)output->values)[at];
  return output->scale * (float)(stored - output->zero);
}

static void print_results(void) {
  bool first = true;
  print("m-results-[");
  for (uint32_t i = 0; i < model_output_count; i++) {
    for (uint32_t at = 0; at < model_outputs[i].count; at++) {
      if (!first) board_write(',');
      first = false;
      print_decimal(value_of(&model_outputs[i], at));
    }
  }
  print_line("]");
}

static void infer(void) {
  const char *calls_text = strtok(NULL, " ");
  const char *warm_ups_text = calls_text ? strtok(NULL, " ") : NULL;
  const long calls = calls_text ? strtol(calls_text, NULL, 10) : 1;
  const long warm_ups = warm_ups_text ? strtol(warm_ups_text, NULL, 10) : 10;
  if (calls <= 0) {
    print_line("e-[Inference iterations must be >0]");
    return;
  }
  if (warm_ups < 0) {
    print_line("e-[Inference warmup must be >=0]");
    return;
  }
  print_number("m-warmup-start-", (uint32_t)warm_ups, "");
  for (long i = 0; i < warm_ups; i++) model_invoke();
  print_line("m-warmup-done");
  print_number("m-infer-start-", (uint32_t)calls, "");
  tell_time();
  for (long i = 0; i < calls; i++) {
    inference_begin();
    model_invoke();
    inference_end();
  }
  tell_time();
  print_line("m-infer-done");
  print_results();
}

static void expect(const char *count_text) {
  const long count = count_text ? strtol(count_text, NULL, 10) : -1;
  if (!count_text) {
    print_line("e-[Command 'db load' requires the # of bytes]");
  } else if (count <= 0) {
    print_line("e-[Command 'db load' must be >0 bytes]");
  } else if ((uint32_t)count > model_input_bytes) {
    print("Supplied buffer size ");
    print_unsigned((uint32_t)count);
    print_number(" exceeds maximum of ", model_input_bytes, "");
  } else {
    expected = (uint32_t)count;
    loaded = 0;
    print_number("m-[Expecting ", expected, " bytes]");
  }
}

static int digit_of(char character) {
  if (character >= '0' && character <= '9') return character - '0';
  if (character >= 'a' && character <= 'f') return character - 'a' + 10;
  if (character >= 'A' && character <= 'F') return character - 'A' + 10;
  return -1;
}

static void load(const char *digits) {
  if (strlen(digits) % 2) {
    print_line("e-[Insufficent number of hex digits]");
    return;
  }
  for (; *digits; digits += 2) {
    const int high = digit_of(digits[0]), low = digit_of(digits[1]);
    if (high < 0 || low < 0) {
      print("e-[Invalid hex digit '");
      board_write(digits[0]);
      board_write(digits[1]);
      print_line("']");
      return;
    }
    if (loaded == expected) {
      print_line("e-[More bytes than 'db load' announced]");
      return;
    }
    model_input[loaded++] = (int8_t)(high << 4 | low);
    if (loaded == expected) {
      print_line("m-load-done");
      return;
    }
  }
}

static void edit_buffer(void) {
  const char *what = strtok(NULL, " ");
  if (!what) {
    print_line("e-[Command 'db' requires a subcommand]");
  } else if (!strcmp(what, "load")) {
    expect(strtok(NULL, " "));
  } else if (!strcmp(what, "print")) {
    print_bytes("m-buffer-", (const uint8_t *)model_input, expected);
  } else {
    load(what);
  }
}

static void tell_profile(void) {
  print_line("m-profile-[ULPMark for tinyML Firmware V0.0.1]");
  print("m-model-[");
  print(model_name);
  print_line("]");
}

static void help(void) {
  print_line("name, profile, timestamp, help, results");
  print_line("db load N, db HH[HH]*, db print");
  print_line("infer N [W=10]");
  print_line("output: the outputs' bytes as they are stored");
}

static void answer(void) {
  const char *name = strtok(command, " ");
  if (!name) {
    print_line("e-[Unknown command: ]");
  } else if (!strcmp(name, "name")) {
    print_line("m-name-dut-[tierbench-emulated]");
  } else if (!strcmp(name, "profile")) {
    tell_profile();
  } else if (!strcmp(name, "timestamp")) {
    tell_time();
  } else if (!strcmp(name, "help")) {
    help();
  } else if (!strcmp(name, "db")) {
    edit_buffer();
  } else if (!strcmp(name, "infer")) {
    infer();
  } else if (!strcmp(name, "results")) {
    print_results();
  } else if (!strcmp(name, "output")) {
    print_outputs();
  } else {
    print("e-[Unknown command: ");
    print(name);
    print_line("]");
  }
  print_line("m-ready");
}

// What does not fit into the buffer is dropped, as the reference firmware does.
static void read_command(void) {
  uint32_t length = 0;
  for (char next; (next = board_read()) != TERMINATOR;) {
    if (length < COMMAND_MAX) command[length++] = next;
  }
  command[length] = 0;
}

void protocol_serve(void) {
  print_line("m-timestamp-mode-performance");
  tell_time();
  print_line("m-init-done");
  print_line("m-ready");
  for (;;) {
    read_command();
    answer();
  }
}
