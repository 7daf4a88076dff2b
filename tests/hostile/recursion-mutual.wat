;; trick: two core instances that call each other for ever, through a table
;; holds: the stack is one, whoever's frames are on it
;; guard: stack
;; expect: limit stack
;; grows: 16MiB
;; without: trap
(component
  (core module $table (table (export "t") 2 funcref))
  (core instance $shared (instantiate $table))
  (core module $half
    (import "shared" "t" (table $t 2 funcref))
    (import "which" "own" (global $own i32))
    (import "which" "other" (global $other i32))
    (type $f (func (param i32) (result i32)))
    (elem (table $t) (global.get $own) func $down)
    (func $down (export "down") (param $depth i32) (result i32)
      (if (i32.gt_u (local.get $depth) (i32.const 1000000)) (then unreachable))
      (i32.add
        (call_indirect $t (type $f) (i32.add (local.get $depth) (i32.const 1)) (global.get $other))
        (i32.const 1)))
    (func (export "run") (result i32) (drop (call $down (i32.const 0))) (i32.const 0)))
  (core module $numbers
    (global (export "zero") i32 (i32.const 0))
    (global (export "one") i32 (i32.const 1)))
  (core instance $n (instantiate $numbers))
  (core instance $first (instantiate $half
    (with "shared" (instance $shared))
    (with "which" (instance (export "own" (global $n "zero")) (export "other" (global $n "one"))))))
  (core instance $second (instantiate $half
    (with "shared" (instance $shared))
    (with "which" (instance (export "own" (global $n "one")) (export "other" (global $n "zero"))))))
  (func $run (result (result)) (canon lift (core func $first "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
