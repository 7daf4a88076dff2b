;; trick: a list of garbage-collected structs that all stay alive
;; holds: GC heaps draw from the memory limit
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 80MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (type $node (struct (field (ref null $node)) (field i64) (field i64) (field i64)))
  (global $head (mut (ref null $node)) (ref.null $node))
  (func (export "_start")
    (local $left i32)
    (local.set $left (i32.const 2000000)) ;; of 32 bytes and more
    (loop $again
      (global.set $head (struct.new $node (global.get $head) (i64.const 1) (i64.const 2) (i64.const 3)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (call $exit (i32.const 1))))
