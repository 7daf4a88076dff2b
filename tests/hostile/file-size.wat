;; trick: a file made larger than the process may make one, which the system answers with a deadly signal
;; holds: the guest gets an error; the host doesn't die of SIGXFSZ
;; guard: none (a property of the process)
;; run: --dir $RW:/rw:rw
;; also: --portable
;; expect: exit 0
;; writes: rw
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_filestat_set_size" (func $set_size (param i32 i64) (result i32)))
  (import "wasi_snapshot_preview1" "fd_pwrite" (func $pwrite (param i32 i32 i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "grown")
  (func (export "_start")
    (local $fd i32)
    (i32.store (i32.const 64) (i32.const 0))
    (i32.store (i32.const 68) (i32.const 5))
    (if (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 5) (i32.const 1) (i64.const 66)
        (i64.const 0) (i32.const 0) (i32.const 128)) (then (call $exit (i32.const 90))))
    (local.set $fd (i32.load (i32.const 128)))
    (if (i32.eqz (call $set_size (local.get $fd) (i64.const 0x4000_0000_0000))) (then (call $exit (i32.const 1))))
    (if (i32.eqz (call $set_size (local.get $fd) (i64.const -1))) (then (call $exit (i32.const 2))))
    (if (i32.eqz (call $pwrite (local.get $fd) (i32.const 64) (i32.const 1) (i64.const 0x4000_0000_0000)
        (i32.const 80))) (then (call $exit (i32.const 3))))
    (drop (call $pwrite (local.get $fd) (i32.const 64) (i32.const 1) (i64.const -1) (i32.const 80)))))
