// SPDX-License-Identifier: Apache-2.0
#pragma once
// The first thing that each source of this room is compiled with: what the library's headers declare can be
// seen outside of libberth.so, and nothing else can.

#pragma GCC visibility push(default)
#include "berth/berth.h"
#pragma GCC visibility pop

// Of a class that is declared there, but defined here. Clang, which reads the sources but doesn't build them,
// wants a class as it was first declared.
#ifdef __clang__
#define BERTH_HIDDEN
#else
#define BERTH_HIDDEN [[gnu::visibility("hidden")]]
#endif
