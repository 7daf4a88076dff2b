;; trick: file names that look like lines of berth, with newlines and a terminal's control sequences
;; holds: what berth says of them stays one line, without control characters
;; guard: none (how names are printed)
;; report: text
;; expect: status 0
;; stderr: clean
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "etc/x\nberth: FORGED: all is well\n\1b[2J\1b]0;FORGED\07\r\7f\c2\9b2J")
  (data (i32.const 128) "etc/passwd\e2\80\ae\e2\81\a6gpj.")
  (data (i32.const 256) "etc/--\08\08\08\08\08")
  (func $open (param $path i32) (param $len i32)
    (drop (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 1)
      (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 4096))))
  (func (export "_start")
    (call $open (i32.const 0) (i32.const 58))
    (call $open (i32.const 128) (i32.const 20))
    (call $open (i32.const 256) (i32.const 11))))
