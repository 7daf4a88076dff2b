;; trick: memory page by page, each one touched
;; holds: the growth fails at the limit; what was used until then stays within it
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 40MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (local $page i32)
    (loop $again
      (local.set $page (memory.grow (i32.const 1)))
      (if (i32.eq (local.get $page) (i32.const -1)) (then unreachable))
      (memory.fill (i32.shl (local.get $page) (i32.const 16)) (i32.const 1) (i32.const 65536))
      (br_if $again (i32.lt_u (local.get $page) (i32.const 2048))))
    (call $exit (i32.const 1))))
