;; Reads and writes streams where it is told to: for programs that give and take them.
(component
  (type $numbers (stream u32))
  (type $texts (stream string))
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (core func $new (canon stream.new $numbers))
  (core func $read (canon stream.read $numbers async (memory $memory "memory")))
  (core func $write (canon stream.write $numbers async (memory $memory "memory")))
  (core func $new-texts (canon stream.new $texts))
  (core func $write-texts (canon stream.write $texts async (memory $memory "memory")
    (realloc (func $memory "realloc"))))

  (core module $main
    (import "" "new" (func $new (result i64)))
    (import "" "read" (func $read (param i32 i32 i32) (result i32)))
    (import "" "write" (func $write (param i32 i32 i32) (result i32)))
    (import "" "new-texts" (func $new-texts (result i64)))
    (import "" "write-texts" (func $write-texts (param i32 i32 i32) (result i32)))
    (import "" "memory" (memory 1))

    ;; What the canonical ABI answers: the count above four bits of how it ended, or all bits.
    (func (export "read-at") (param $of i32) (param $at i32) (param $count i32) (result i32)
      (call $read (local.get $of) (local.get $at) (local.get $count)))
    (func (export "write-at") (param $at i32) (param $count i32) (result i32)
      (local $ends i64)
      (local.set $ends (call $new))
      (drop (call $write
        (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (local.get $at) (local.get $count)))
      (i32.wrap_i64 (local.get $ends)))
    ;; One text, of so many bytes at a place.
    (func (export "write-text") (param $at i32) (param $bytes i32) (result i32)
      (local $ends i64)
      (local.set $ends (call $new-texts))
      (i32.store (i32.const 64) (local.get $at))
      (i32.store (i32.const 68) (local.get $bytes))
      (drop (call $write-texts
        (i32.wrap_i64 (i64.shr_u (local.get $ends) (i64.const 32))) (i32.const 64) (i32.const 1)))
      (i32.wrap_i64 (local.get $ends)))
    (func (export "at") (param $at i32) (result i32) (i32.load (local.get $at)))
    (data (i32.const 128) "text\ff"))
  (core instance $main (instantiate $main (with "" (instance
    (export "new" (func $new))
    (export "read" (func $read))
    (export "write" (func $write))
    (export "new-texts" (func $new-texts))
    (export "write-texts" (func $write-texts))
    (export "memory" (memory $memory "memory"))))))

  (func (export "read-at") (param "of" $numbers) (param "at" u32) (param "count" u32) (result u32)
    (canon lift (core func $main "read-at")))
  (func (export "write-at") (param "at" u32) (param "count" u32) (result $numbers)
    (canon lift (core func $main "write-at")))
  (func (export "write-text") (param "at" u32) (param "bytes" u32) (result $texts)
    (canon lift (core func $main "write-text")))
  (func (export "at") (param "at" u32) (result u32) (canon lift (core func $main "at"))))
