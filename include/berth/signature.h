// SPDX-License-Identifier: Apache-2.0
#pragma once
// The type that a C++ function is called with. For the templates of imports.h alone.

namespace berth::detail {

template <class T>
struct Signature;

/// The type that something can be called with: `SignatureOf<F>::type` is `R(A...)`.
template <class F>
struct SignatureOf : SignatureOf<decltype(&F::operator())> {
  static_assert(requires { &F::operator(); }, "a function that a module calls has one type: no overloads");
};
template <class R, class... A>
struct Signature<R(A...)> {
  using type = R(A...);
};
template <class R, class... A>
struct SignatureOf<R (*)(A...)> : Signature<R(A...)> {};
template <class R, class... A>
struct SignatureOf<R (*)(A...) noexcept> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct SignatureOf<R (C::*)(A...)> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct SignatureOf<R (C::*)(A...) noexcept> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct SignatureOf<R (C::*)(A...) const> : Signature<R(A...)> {};
template <class C, class R, class... A>
struct SignatureOf<R (C::*)(A...) const noexcept> : Signature<R(A...)> {};

}  // namespace berth::detail
