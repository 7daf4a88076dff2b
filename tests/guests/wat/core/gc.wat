(module
  (type $node (struct (field $value i32) (field $next (ref null $node))))
  (type $numbers (array (mut i32)))
  ;; A list on the heap of 1 to n, summed.
  (func (export "sum_list") (param $n i32) (result i32)
    (local $list (ref null $node)) (local $sum i32)
    (loop $build
      (local.set $list (struct.new $node (local.get $n) (local.get $list)))
      (br_if $build (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $walk
      (local.set $sum (i32.add (local.get $sum) (struct.get $node $value (local.get $list))))
      (local.set $list (struct.get $node $next (local.get $list)))
      (br_if $walk (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $sum))
  (func (export "array_len") (param i32) (result i32)
    (array.len (array.new $numbers (i32.const 7) (local.get 0))))
  (func (export "boxed") (param i32) (result i32)
    (i31.get_s (ref.i31 (local.get 0)))))
