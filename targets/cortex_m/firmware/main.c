// SPDX-License-Identifier: Apache-2.0
// The firmware: a board that answers to MLPerf Tiny's runner.
#include "board.h"
#include "protocol.h"

int main(void) {
  board_begin();
  protocol_serve();
}
