// SPDX-License-Identifier: Apache-2.0
// The entry point that every room's test program shares.
// Guests trap by signals, which the engine must see first.
#define DOCTEST_CONFIG_NO_POSIX_SIGNALS
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>
