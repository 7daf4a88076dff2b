;; A 64-bit memory: the value is stored and loaded behind the reach of 32 bits' addresses only if it has grown so far.
(module
  (memory (export "memory") i64 1)
  (func (export "size") (result i64) (memory.size))
  (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0)))
  (func (export "roundtrip") (param $at i64) (param $value i64) (result i64)
    (i64.store (local.get $at) (local.get $value))
    (i64.load (local.get $at))))
