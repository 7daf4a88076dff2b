;; Several memories, two of them exported, one of 64 bits; and constants that are computed.
(module
  (memory $one (export "one") 1)
  (memory $two (export "two") 1)
  (memory $wide (export "wide") i64 1)
  (global $base i32 (i32.add (i32.const 40) (i32.mul (i32.const 1) (i32.const 2))))
  (func (export "base") (result i32) (global.get $base))
  (func (export "copy") (param i32) (result i32)
    (i32.store $one (i32.const 0) (local.get 0))
    (memory.copy $two $one (i32.const 8) (i32.const 0) (i32.const 4))
    (memory.copy $wide $two (i64.const 16) (i32.const 8) (i32.const 4))
    (i32.load $wide (i64.const 16))))
