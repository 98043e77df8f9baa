// SPDX-License-Identifier: Apache-2.0
// CMSDK APB UART and the FPGA's prescaled counter.
#include "board.h"

#define REGISTER(base, offset) (*(volatile uint32_t *)((base) + (offset)))

#define UART_DATA REGISTER(UART_BASE, 0x00)
#define UART_STATE REGISTER(UART_BASE, 0x04)
#define UART_CONTROL REGISTER(UART_BASE, 0x08)
#define UART_DIVIDER REGISTER(UART_BASE, 0x10)
#define STATE_SEND_FULL 1u
#define STATE_RECEIVE_FULL 2u
#define CONTROL_SEND_AND_RECEIVE 3u
#define BAUD 115200u

#define COUNTER REGISTER(FPGAIO_BASE, 0x18)
#define PRESCALER REGISTER(FPGAIO_BASE, 0x1c)

void board_begin(void) {
  UART_DIVIDER = UART_MHZ * 1000000u / BAUD;
  UART_CONTROL = CONTROL_SEND_AND_RECEIVE;
  PRESCALER = COUNTER_MHZ - 1u;  // one step a microsecond
  COUNTER = 0;
}

uint32_t board_microseconds(void) { return COUNTER; }

void board_write(char character) {
  while (UART_STATE & STATE_SEND_FULL) {
  }
  UART_DATA = (uint8_t)character;
}

char board_read(void) {
  while (!(UART_STATE & STATE_RECEIVE_FULL)) {
  }
  return (char)UART_DATA;
}
