;; trick: 64 MiB of random bytes at once
;; holds: the host refuses before it allocates
;; guard: host-buffers
;; run: --memory 32MiB
;; expect: limit host-buffers
;; grows: 16MiB
;; without: limit memory
(component
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (core module $libc
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.eq (memory.grow (i32.shr_u (local.get 3) (i32.const 16))) (i32.const -1)) (then unreachable))
      (i32.const 65536)))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $random "get-random-bytes")
    (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core module $main
    (import "random" "get" (func $get (param i64 i32)))
    (func (export "run") (result i32)
      (call $get (i64.const 0x4000000) (i32.const 0))
      (i32.const 1)))
  (core instance $main (instantiate $main
    (with "random" (instance (export "get" (func $get))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
