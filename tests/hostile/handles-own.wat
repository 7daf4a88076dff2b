;; trick: a million resources of the guest's own, which the host keeps a table of
;; holds: they count as handles too
;; guard: handles
;; run: --memory 32MiB
;; expect: limit handles
;; grows: 16MiB
;; without: exit 1
(component
  (type $thing (resource (rep i32)))
  (core func $new (canon resource.new $thing))
  (core module $main
    (import "thing" "new" (func $new (param i32) (result i32)))
    (func (export "run") (result i32)
      (local $left i32)
      (local.set $left (i32.const 1000000))
      (loop $again
        (drop (call $new (local.get $left)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br_if $again (local.get $left)))
      (i32.const 1)))
  (core instance $main (instantiate $main
    (with "thing" (instance (export "new" (func $new))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
