;; trick: a library whose functions are called like berth's own lines, like each other, and like what the encoder knows
;; holds: names are words; each function is the one that was named, and none is taken for a part of the machinery
;; guard: none (the names are made anew)
;; call: A_b()
;; expect: exit 0
;; stderr: clean
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "\0aberth: denied: nothing") (call $exit (i32.const 3)))
  (func (export "a_b") (call $exit (i32.const 4)))
  (func (export "aB") (call $exit (i32.const 5)))
  (func (export "A_b") (call $exit (i32.const 0)))
  (func (export "wasi:cli/run@0.2.0#run") (result i32) (call $exit (i32.const 6)) (i32.const 0))
  (func (export "cm32p2||f") (call $exit (i32.const 7)))
  (func (export "cabi_post_a_b") (call $exit (i32.const 8))))
