;; trick: one core module instantiated six times, each instance's memory within the limit, together not
;; holds: the limit is of the whole module
;; guard: memory
;; run: --memory 32MiB
;; expect: limit memory
;; grows: 40MiB
;; without: exit 1
(component
  (core module $hungry
    (memory 1)
    (func (export "eat") (param i32) (result i32)
      (memory.grow (i32.const 96))
      (memory.fill (i32.const 0) (i32.const 1) (i32.shl (memory.size) (i32.const 16)))
      i32.const -1
      i32.eq
      if (result i32)
        unreachable
      else
        (i32.const 1)
      end))
  (core instance $a (instantiate $hungry))
  (core instance $b (instantiate $hungry))
  (core instance $c (instantiate $hungry))
  (core instance $d (instantiate $hungry))
  (core instance $e (instantiate $hungry))
  (core instance $f (instantiate $hungry))
  (core module $all
    (import "a" "eat" (func $a (param i32) (result i32)))
    (import "b" "eat" (func $b (param i32) (result i32)))
    (import "c" "eat" (func $c (param i32) (result i32)))
    (import "d" "eat" (func $d (param i32) (result i32)))
    (import "e" "eat" (func $e (param i32) (result i32)))
    (import "f" "eat" (func $f (param i32) (result i32)))
    (func (export "run") (result i32)
      (call $f (call $e (call $d (call $c (call $b (call $a (i32.const 0)))))))))
  (core instance $main (instantiate $all
    (with "a" (instance $a)) (with "b" (instance $b)) (with "c" (instance $c))
    (with "d" (instance $d)) (with "e" (instance $e)) (with "f" (instance $f))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
