# BERTH_SANITIZE names the sanitizers of this build, as -fsanitize takes them: `asan` and `tsan` in CMakePresets.json.
# It sets what the rooms and the tests ask for:
#
#   berth_slow            how many times slower than usual programs may be here
#   berth_test_launcher   what starts a room's tests; empty for none
set(BERTH_SANITIZE "" CACHE STRING "sanitizers over the C++ rooms: 'address,undefined' or 'thread'; empty for none")

set(berth_slow 1)
set(berth_test_launcher)
if(BERTH_SANITIZE)
  set(berth_slow 4)
  # What is undefined ends the program, as an error of the other sanitizers does.
  add_compile_options(-fsanitize=${BERTH_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${BERTH_SANITIZE})
  # Called before the runtimes are ready, so not instrumented itself.
  add_library(berth_sanitizer_options OBJECT ${CMAKE_CURRENT_LIST_DIR}/sanitizer_options.cc)
  # The runtimes' libraries look for what is in there, and nobody else does.
  target_compile_options(berth_sanitizer_options PRIVATE -fno-sanitize=all -fvisibility=default)
endif()
if(BERTH_SANITIZE STREQUAL "thread")
  if(BERTH_ENGINE STREQUAL "crate")
    target_compile_definitions(berth_sanitizer_options PRIVATE BERTH_ENGINE_UNWATCHED)
  endif()
  # The runtime of GCC 12 finds no place for its tables where a kernel spreads addresses wider than 28 bits
  # ("unexpected memory mapping"). A container may refuse to switch that off, and then needs a kernel that doesn't.
  execute_process(COMMAND setarch -R true RESULT_VARIABLE refused OUTPUT_QUIET ERROR_QUIET)
  if(refused EQUAL 0)
    set(berth_test_launcher setarch -R)
  endif()
endif()
