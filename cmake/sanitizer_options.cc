// SPDX-License-Identifier: Apache-2.0
// What the sanitizers' runtimes are told when a program of a sanitized build starts. It is linked into each,
// so that berth behaves by hand as in the tests; ASAN_OPTIONS and its kin still have the last word.

// Names that the runtimes look for.
extern "C" const char* __asan_default_options();   // NOLINT
extern "C" const char* __ubsan_default_options();  // NOLINT
extern "C" const char* __tsan_default_options();   // NOLINT

const char* __asan_default_options() {
  return
      // A status that berth and the guests of the tests don't have.
      "exitcode=99:"
      // Guests run on fibers, so a frame isn't where the runtime thinks the thread's stack is.
      "detect_stack_use_after_return=0:"
      // The engine gives its threads stacks for signals, and takes them back itself.
      "use_sigaltstack=0:"
      // A fault ends the program as it does without a sanitizer: guests trap by one, and the engine sees it
      // first.
      "handle_segv=0:handle_sigbus=0:handle_sigfpe=0:"
      // A size that nobody can have is refused, not reported: it may be a guest's.
      "allocator_may_return_null=1:"
      "strict_string_checks=1:check_initialization_order=1:strict_init_order=1";
}

const char* __ubsan_default_options() {
  return "exitcode=99:print_stacktrace=1";
}

const char* __tsan_default_options() {
  return "exitcode=99:second_deadlock_stack=1"
#ifdef BERTH_ENGINE_UNWATCHED
         // The engine isn't instrumented: its copies would be seen, and none of its locks. Its handler of
         // traps allocates, since the signal comes from a guest's code, never from an allocator's.
         ":ignore_interceptors_accesses=1:report_signal_unsafe=0"
#endif
      ;
}
