;; trick: a hundred thousand refused paths, each another, to fill the host's memory and the log of what was denied
;; holds: a bounded number is kept, in memory and on disk; the others are counted
;; guard: none (constants of the host)
;; run: --quiet
;; expect: exit 0
;; denials: 2
;; grows: 20MiB
;; state: 2MiB
;; seconds: 10
(module
  (import "wasi_snapshot_preview1" "path_create_directory" (func $mkdir (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (local $left i32)
    (memory.fill (i32.const 0) (i32.const 0x61) (i32.const 4000))
    (local.set $left (i32.const 100000))
    (loop $again
      (i64.store (i32.const 0) ;; 16 letters from the number's halves of bytes
        (i64.or (i64.const 0x6161616161616161)
          (i64.and (i64.mul (i64.extend_i32_u (local.get $left)) (i64.const 0x0001000200040008))
            (i64.const 0x0f0f0f0f0f0f0f0f))))
      (drop (call $mkdir (i32.const 3) (i32.const 0) (i32.const 4000)))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))))
