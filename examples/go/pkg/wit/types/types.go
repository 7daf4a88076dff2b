// SPDX-License-Identifier: Apache-2.0

// Package types has the shapes of WIT that Go has none for.
package types

// Unit is the value of a result that has none.
type Unit struct{}

// Tuple2 is a pair.
type Tuple2[A, B any] struct {
	F0 A
	F1 B
}

const (
	OptionNone uint8 = iota
	OptionSome
)

// Option is a value or nothing.
type Option[T any] struct {
	tag   uint8
	value T
}

func None[T any]() Option[T]        { return Option[T]{} }
func Some[T any](value T) Option[T] { return Option[T]{OptionSome, value} }

func (option Option[T]) Tag() uint8 { return option.tag }

// Some is the value; asking nothing for it is a mistake of the program.
func (option Option[T]) Some() T {
	if option.tag != OptionSome {
		panic("an option without a value")
	}
	return option.value
}

// SomeOr is the value, or what is given instead.
func (option Option[T]) SomeOr(instead T) T {
	if option.tag != OptionSome {
		return instead
	}
	return option.value
}

const (
	ResultOk uint8 = iota
	ResultErr
)

// Result is a value or an error.
type Result[T, E any] struct {
	tag   uint8
	value T
	err   E
}

func Ok[T, E any](value T) Result[T, E] { return Result[T, E]{tag: ResultOk, value: value} }
func Err[T, E any](err E) Result[T, E]  { return Result[T, E]{tag: ResultErr, err: err} }

func (result Result[T, E]) Tag() uint8 { return result.tag }

func (result Result[T, E]) IsErr() bool { return result.tag == ResultErr }

// Ok is the value; asking an error for it is a mistake of the program.
func (result Result[T, E]) Ok() T {
	if result.tag != ResultOk {
		panic("a result that is an error")
	}
	return result.value
}

func (result Result[T, E]) Err() E {
	if result.tag != ResultErr {
		panic("a result that is no error")
	}
	return result.err
}
