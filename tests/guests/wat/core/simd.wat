(module
  (func (export "dot") (param i32 i32) (result i32)
    (i32x4.extract_lane 0
      (i32x4.dot_i16x8_s (i16x8.splat (local.get 0)) (i16x8.splat (local.get 1)))))
  (func (export "relaxed") (param f32 f32 f32) (result f32)
    (f32x4.extract_lane 2
      (f32x4.relaxed_madd (f32x4.splat (local.get 0)) (f32x4.splat (local.get 1)) (f32x4.splat (local.get 2))))))
