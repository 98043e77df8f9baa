// SPDX-License-Identifier: Apache-2.0
// The word that fills the stack before anything uses it, for whoever reads memory.
#ifndef STACK_H
#define STACK_H

#define STACK_PAINT 0xC5C5C5C5u

#endif
