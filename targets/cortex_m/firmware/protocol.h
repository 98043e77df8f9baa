// SPDX-License-Identifier: Apache-2.0
#ifndef PROTOCOL_H
#define PROTOCOL_H

// Answer commands on the serial line, for ever.
__attribute__((noreturn)) void protocol_serve(void);

// Called around each inference that is timed: where a debugger may count from and to.
void inference_begin(void);
void inference_end(void);

#endif
