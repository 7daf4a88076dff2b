;; trick: folders opened one from the other by paths like 'dir/../dir/../', each remembered by its whole path
;; holds: what the host remembers of a handle is small, however long the way to it was
;; guard: none (what is kept for each handle)
;; run: --memory 32MiB --dir $RO:/ro
;; expect: exit 0
;; grows: 16MiB
;; descriptors: 520
(component
  (import "wasi:filesystem/types@0.2.0" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (type $error' (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota" "exist"
      "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io" "is-directory" "loop"
      "too-many-links" "message-size" "name-too-long" "no-device" "no-entry" "no-lock" "insufficient-memory"
      "insufficient-space" "not-directory" "not-empty" "not-recoverable" "unsupported" "no-tty" "no-such-device"
      "overflow" "not-permitted" "pipe" "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error (eq $error')))
    (type $path-flags' (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $path-flags')))
    (type $open-flags' (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $open-flags')))
    (type $flags' (flags "read" "write" "file-integrity-sync" "data-integrity-sync" "requested-write-sync"
      "mutate-directory"))
    (export "descriptor-flags" (type $flags (eq $flags')))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $flags)
      (result (result (own $descriptor) (error $error)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.0" (instance $preopens
    (alias outer 1 $descriptor (type $descriptor'))
    (export "descriptor" (type $descriptor (eq $descriptor')))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (core module $libc
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.add (i32.add (global.get $next) (local.get 3)) (i32.const 7)) (i32.const -8)))))
  (core instance $libc (instantiate $libc))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $libc "memory")))
  (core func $dirs (canon lower (func $preopens "get-directories")
    (memory $libc "memory") (realloc (func $libc "realloc"))))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "fs" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "fs" "dirs" (func $dirs (param i32)))
    (data (i32.const 0) "dir/../")
    (func (export "run") (result i32)
      (local $folder i32) (local $left i32)
      (call $dirs (i32.const 16))
      (local.set $folder (i32.load (i32.load (i32.const 16))))
      (loop $fill ;; 571 times 'dir/../'
        (memory.copy (i32.add (i32.const 16384) (i32.mul (local.get $left) (i32.const 7))) (i32.const 0)
          (i32.const 7))
        (local.set $left (i32.add (local.get $left) (i32.const 1)))
        (br_if $fill (i32.lt_u (local.get $left) (i32.const 571))))
      (local.set $left (i32.const 450))
      (loop $again
        (call $open (local.get $folder) (i32.const 0) (i32.const 16384) (i32.const 3997) (i32.const 2) (i32.const 1)
          (i32.const 32))
        (if (i32.load8_u (i32.const 32)) (then (return (i32.const 1))))
        (local.set $folder (i32.load (i32.const 36)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "fs" (instance (export "open" (func $open)) (export "dirs" (func $dirs))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
