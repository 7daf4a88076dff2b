;; trick: large garbage-collected arrays that all stay alive
;; holds: GC heaps draw from the memory limit
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 80MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (type $bytes (array (mut i8)))
  (type $node (struct (field (ref null $node)) (field (ref $bytes))))
  (global $head (mut (ref null $node)) (ref.null $node))
  (func (export "_start")
    (local $left i32)
    (local.set $left (i32.const 48))
    (loop $again
      (global.set $head
        (struct.new $node (global.get $head) (array.new $bytes (i32.const 1) (i32.const 0x100000))))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    (call $exit (i32.const 1))))
