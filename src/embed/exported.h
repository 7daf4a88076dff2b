// SPDX-License-Identifier: Apache-2.0
#pragma once
// The first thing that each source of this room is compiled with: what the library's headers declare can be
// seen outside of libberth.so, and nothing else can.

#pragma GCC visibility push(default)
#include "berth/berth.h"
#pragma GCC visibility pop
