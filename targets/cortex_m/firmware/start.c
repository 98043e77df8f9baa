// SPDX-License-Identifier: Apache-2.0
// What happens between reset and main: memory, the stack's paint, the coprocessors.
#include <stdint.h>

#include "stack.h"

extern uint32_t data_load[], data_begin[], data_end[], bss_begin[], bss_end[];
extern uint32_t stack_limit[], stack_top[];
int main(void);
void reset(void);
void fault(void);

#define CPACR (*(volatile uint32_t *)0xE000ED88)
#define CPACR_FPU_FULL (0xFu << 20)  // CP10 and CP11: FPU and MVE

__attribute__((section(".vectors"), used)) static void *const vectors[16] = {
    stack_top, (void *)reset, (void *)fault, (void *)fault,
    (void *)fault, (void *)fault, (void *)fault, (void *)fault};

__attribute__((noreturn)) void fault(void) {
  for (;;) {
  }
}

// Nothing below the stack pointer is in use yet but what this function has there.
static void paint_stack(void) {
  const uint32_t *here = __builtin_frame_address(0);
  for (volatile uint32_t *at = stack_limit; at < here - 16; at++) *at = STACK_PAINT;
}

// Naked, so that nothing needs the FPU before it is switched on.
__attribute__((naked, noreturn)) void reset(void) { __asm("b begin"); }

__attribute__((noreturn, used)) void begin(void) {
  CPACR |= CPACR_FPU_FULL;
  __asm volatile("dsb\n isb" ::: "memory");
  const uint32_t *from = data_load;
  for (volatile uint32_t *at = data_begin; at < data_end; at++) *at = *from++;
  for (volatile uint32_t *at = bss_begin; at < bss_end; at++) *at = 0;
  paint_stack();
  main();
  fault();
}
