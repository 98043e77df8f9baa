// A firmware that is not ours: it speaks the protocol, and adds up its input.
#include <stdint.h>

#define UART(offset) (*(volatile uint32_t *)(0x40004000u + (offset)))
#define COUNTER (*(volatile uint32_t *)0x40028018u)
#define PRESCALER (*(volatile uint32_t *)0x4002801cu)

#ifndef TURNS
#define TURNS 100000
#endif

extern uint32_t top[];
void begin(void);
__attribute__((section(".vectors"), used)) static void *const vectors[2] = {
    top, (void *)begin};

static uint8_t buffer[16];
static char line[81];
static int held, expected;

static void put(char c) {
  while (UART(4) & 1) {
  }
  UART(0) = (uint8_t)c;
}

static void say(const char *text) {
  while (*text) put(*text++);
}

static void number(uint32_t value) {
  if (value > 9) number(value / 10);
  put((char)('0' + value % 10));
}

#ifdef MARKED
__attribute__((noinline)) void inference_begin(void) { __asm volatile(""); }
__attribute__((noinline)) void inference_end(void) { __asm volatile(""); }
#else
#define inference_begin()
#define inference_end()
#endif

static void lap(void) {
  say("m-lap-us-");
  number(COUNTER);
  say("\r\n");
}

static void infer(void) {
  say("m-warmup-start-0\r\nm-warmup-done\r\nm-infer-start-1\r\n");
  lap();
  inference_begin();
  // movw and movt, then two instructions a turn.
  __asm volatile(
      "movw r0, #:lower16:%c0\n movt r0, #:upper16:%c0\n"
      "1: subs r0, #1\n bne 1b" ::"i"(TURNS)
      : "r0", "cc");
  inference_end();
  lap();
  say("m-infer-done\r\nm-results-[");
  int32_t sum = 0;
  for (int i = 0; i < 16; i++) sum += (int8_t)buffer[i];
  if (sum < 0) put('-'), sum = -sum;
  number((uint32_t)sum);
  say(".0]\r\n");
}

static int nibble(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

static void answer(void) {
  if (line[0] == 'i') {
    infer();
  } else if (line[0] == 'd' && line[3] == 'l') {
    held = 0, expected = 16;
    say("m-[Expecting 16 bytes]\r\n");
  } else if (line[0] == 'd') {
    for (char *at = line + 3; *at && held < expected; at += 2) {
      buffer[held++] = (uint8_t)(nibble(at[0]) << 4 | nibble(at[1]));
    }
    if (held == expected) say("m-load-done\r\n");
  } else {
    say("e-[Unknown command: x]\r\n");
  }
  say("m-ready\r\n");
}

void begin(void) {
  UART(16) = 217;
  UART(8) = 3;
  PRESCALER = 24;
  say("m-init-done\r\nm-ready\r\n");
  for (int length = 0;;) {
    while (!(UART(4) & 2)) {
    }
    const char c = (char)UART(0);
    if (c == '%') {
      line[length] = 0;
      length = 0;
      answer();
    } else if (length < 80) {
      line[length++] = c;
    }
  }
}
