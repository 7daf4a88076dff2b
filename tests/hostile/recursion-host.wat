;; trick: a recursion that calls the host at every depth, to find the one where the host has no stack left
;; holds: the host's own frames always fit
;; guard: stack
;; run: --dir $RO:/ro
;; expect: limit stack
;; grows: 16MiB
;; without: exit 1
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_filestat_get" (func $stat (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "../outside/secret")
  (func $down (param $depth i32) (result i32)
    ;; Every tenth depth: a refused path goes through all of the host's code, up to the policy.
    (if (i32.eqz (i32.rem_u (local.get $depth) (i32.const 10)))
      (then (drop (call $stat (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 17) (i32.const 64)))))
    (if (i32.gt_u (local.get $depth) (i32.const 200000)) (then (call $exit (i32.const 1))))
    (i32.add (call $down (i32.add (local.get $depth) (i32.const 1))) (i32.const 1)))
  (func (export "_start") (drop (call $down (i32.const 0)))))
