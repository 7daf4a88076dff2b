;; Functions whose types have no text form: a resource has.
(component
  (core module $code
    (func (export "make") (result i32) (i32.const 1))
    (func (export "look") (param i32) (result i32) (local.get 0)))
  (core instance $code (instantiate $code))
  (type $counter' (resource (rep i32)))
  (core func $new (canon resource.new $counter'))
  (core module $owner
    (import "" "new" (func $new (param i32) (result i32)))
    (func (export "make") (result i32) (call $new (i32.const 7)))
    (func (export "get") (param i32) (result i32) (local.get 0)))
  (core instance $owner (instantiate $owner (with "" (instance (export "new" (func $new))))))
  (component $counters
    (import "counter" (type $counter (sub resource)))
    (import "make" (func $make (result (own $counter))))
    (import "get" (func $get (param "self" (borrow $counter)) (result s32)))
    (export $counter-exported "counter" (type $counter))
    (export "[constructor]counter" (func $make) (func (result (own $counter-exported))))
    (export "[method]counter.get" (func $get) (func (param "self" (borrow $counter-exported)) (result s32))))
  (func $make (result (own $counter')) (canon lift (core func $owner "make")))
  (func $get (param "self" (borrow $counter')) (result s32) (canon lift (core func $owner "get")))
  (instance $counters (instantiate $counters
    (with "counter" (type $counter')) (with "make" (func $make)) (with "get" (func $get))))
  (export "docs:counters/counters" (instance $counters)))
