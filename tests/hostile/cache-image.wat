;; trick: the compiled image of another module, put by another program in the place of this module's own
;; holds: an image that isn't authentic isn't mapped: the module is compiled anew, and runs
;; guard: cache-auth
;; prepare: image-of also/cache-image-other.wat
;; expect: exit 0
;; without: exit 7
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 0))))
