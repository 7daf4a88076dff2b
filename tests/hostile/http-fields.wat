;; trick: HTTP headers made and filled on the host, a hundred kilobytes each, never sent
;; holds: all that may be held for them is a part of the memory limit
;; guard: host-buffers
;; run: --memory 32MiB
;; expect: trap
;; without: exit 0
;; grows: 32MiB
(component
  (import "wasi:http/types@0.2.0" (instance $http
    (export "fields" (type $fields (sub resource)))
    (type $error' (variant (case "invalid-syntax") (case "forbidden") (case "immutable")))
    (export "header-error" (type $error (eq $error')))
    (export "[constructor]fields" (func (result (own $fields))))
    (export "[method]fields.append" (func (param "self" (borrow $fields)) (param "name" string)
      (param "value" (list u8)) (result (result (error $error)))))))
  (core module $libc (memory (export "memory") 4))
  (core instance $libc (instantiate $libc))
  (core func $new (canon lower (func $http "[constructor]fields")))
  (core func $append (canon lower (func $http "[method]fields.append") (memory $libc "memory")))
  (core module $main
    (import "libc" "memory" (memory 1))
    (import "http" "new" (func $new (result i32)))
    (import "http" "append" (func $append (param i32 i32 i32 i32 i32 i32)))
    (data (i32.const 0) "x-name")
    (func (export "run") (result i32)
      (local $fields i32) (local $left i32) (local $times i32)
      (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 65536))
      (local.set $left (i32.const 500))
      (loop $again
        (local.set $fields (call $new))
        (local.set $times (i32.const 12))
        (loop $fill
          (call $append (local.get $fields) (i32.const 0) (i32.const 6) (i32.const 65536) (i32.const 10000)
            (i32.const 32))
          (local.set $times (i32.sub (local.get $times) (i32.const 1)))
          (br_if $fill (i32.and (i32.eqz (i32.load8_u (i32.const 32))) (i32.ne (local.get $times) (i32.const 0)))))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "libc" (instance $libc))
    (with "http" (instance (export "new" (func $new)) (export "append" (func $append))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
