;; A filter: what is shouted is said. It throws the '!' that it meets and catches it itself; a '#' it throws too, and
;; nobody catches that.
(component
  (core module $filter
    (memory (export "memory") 1)
    (tag $shout (param i32))
    (tag $number)

    ;; A text at a time: each begins where the last began.
    (func (export "realloc") (param $old i32) (param $old_bytes i32) (param $align i32) (param $bytes i32) (result i32)
      (if (i32.gt_u (local.get $bytes) (i32.const 64512)) (then unreachable))
      (i32.const 1024))

    (func $check (param $letter i32)
      (if (i32.eq (local.get $letter) (i32.const 33)) (then (throw $shout (i32.const 46))))
      (if (i32.eq (local.get $letter) (i32.const 35)) (then (throw $number))))

    ;; The letter, or what was thrown instead.
    (func $said (param $letter i32) (result i32)
      (block $caught (result i32)
        (try_table (catch $shout $caught) (call $check (local.get $letter)))
        (local.get $letter)))

    (func (export "apply") (param $text i32) (param $bytes i32) (result i32)
      (local $at i32)
      (local.set $at (local.get $text))
      (block $done
        (loop $next
          (br_if $done (i32.eq (local.get $at) (i32.add (local.get $text) (local.get $bytes))))
          (i32.store8 (local.get $at) (call $said (i32.load8_u (local.get $at))))
          (local.set $at (i32.add (local.get $at) (i32.const 1)))
          (br $next)))
      (i32.store (i32.const 16) (local.get $text))
      (i32.store (i32.const 20) (local.get $bytes))
      (i32.const 16)))

  (core instance $i (instantiate $filter))
  (func $apply (param "text" string) (result string)
    (canon lift (core func $i "apply") (memory $i "memory") (realloc (func $i "realloc"))))
  (instance $exported (export "apply" (func $apply)))
  (export "shop:till/filter@1.0.0" (instance $exported)))
