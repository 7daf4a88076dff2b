;; A report that forgets nothing: it keeps each day's takings in a memory of 6 GiB, which has addresses of 64 bits, from
;; its end downwards. What the shop hands over and gets lies in another one, of one page, as the canonical ABI has it.
(component
  (core module $report
    (memory $canonical (export "memory") 1)
    (memory $days i64 98304 98304)
    (global $newest (mut i64) (i64.const 6442450944))
    (data (memory $canonical) (i32.const 1024) "0000 days are kept, the last one at 0000000000")

    ;; Writes a number's digits, the last one before $end, so many as there are.
    (func $digits (param $number i64) (param $end i32) (param $count i32)
      (loop $next
        (local.set $end (i32.sub (local.get $end) (i32.const 1)))
        (i32.store8 $canonical (local.get $end)
          (i32.add (i32.const 48) (i32.wrap_i64 (i64.rem_u (local.get $number) (i64.const 10)))))
        (local.set $number (i64.div_u (local.get $number) (i64.const 10)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br_if $next (local.get $count))))

    (func (export "write") (param $takings i64) (result i32)
      (global.set $newest (i64.sub (global.get $newest) (i64.const 8)))
      (i64.store $days (global.get $newest) (local.get $takings))
      (if (i64.ne (i64.load $days (global.get $newest)) (local.get $takings)) (then unreachable))
      (call $digits (i64.div_u (i64.sub (i64.const 6442450944) (global.get $newest)) (i64.const 8))
        (i32.const 1028) (i32.const 4))
      (call $digits (global.get $newest) (i32.const 1070) (i32.const 10))
      (i32.store $canonical (i32.const 16) (i32.const 0))  ;; it went well
      (i32.store $canonical (i32.const 20) (i32.const 1024))
      (i32.store $canonical (i32.const 24) (i32.const 46))
      (i32.const 16)))

  (core instance $i (instantiate $report))
  (func $write (param "takings" u64) (result (result string (error string)))
    (canon lift (core func $i "write") (memory $i "memory")))
  (instance $exported (export "write" (func $write)))
  (export "shop:till/report@1.0.0" (instance $exported)))
