// SPDX-License-Identifier: Apache-2.0
// A board of Arm's MPS2 and MPS3 families, as QEMU has them: a serial line, a clock.
//
// Sources: Arm application notes AN386, AN500, AN505 and AN547 for the addresses, which
// the build gives as UART_BASE and FPGAIO_BASE, with UART_MHZ and COUNTER_MHZ.
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

void board_begin(void);

// Microseconds since the board began, wrapping at 2^32.
uint32_t board_microseconds(void);

void board_write(char character);

// Wait for a character.
char board_read(void);

#endif
