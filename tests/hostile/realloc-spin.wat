;; trick: an allocator, called by the host while it copies, that never returns
;; holds: it is the guest's CPU time like any other
;; guard: cpu-time
;; run: --cpu-time 100ms
;; bomb: 3 arguments and variables of 1000 bytes
;; also: --shared
;; expect: limit cpu-time
;; grows: 16MiB
;; without: hangs
(component
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  (core module $libc
    (memory (export "memory") 2)
    (func (export "realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
      (loop $again (br $again)) unreachable))
  (core instance $libc (instantiate $libc))
  (core func $get (canon lower (func $environment "get-arguments")
    (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core module $main
    (import "environment" "get" (func $get (param i32)))
    (func (export "run") (result i32)
      (call $get (i32.const 0))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "environment" (instance (export "get" (func $get))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
