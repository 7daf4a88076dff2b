// SPDX-License-Identifier: Apache-2.0

// Package runtime is what generated bindings stand on: handles of the host's resources, and memory that the host writes
// what it answers into.
//
// The host asks for that memory in the middle of a call to it, when a guest may not call out. Go's collector reads a
// clock, so what is given away then was set aside before: Allocate, which the bindings call before they call out, keeps
// a reserve.
package runtime

import (
	"runtime"
	"unsafe"
)

// Handle is a resource of the host's; it is gone once it was taken.
type Handle struct {
	value int32
}

// MakeHandle takes what the host calls it, which is never 0.
func MakeHandle(value int32) *Handle {
	handle := &Handle{}
	handle.Set(value)
	return handle
}

func (handle *Handle) Use() int32 {
	if handle.value == 0 {
		panic("a resource is used that was given away")
	}
	return handle.value
}

func (handle *Handle) Take() int32 {
	value := handle.Use()
	handle.value = 0
	return value
}

func (handle *Handle) TakeOrNil() int32 {
	value := handle.value
	handle.value = 0
	return value
}

func (handle *Handle) Set(value int32) {
	if value == 0 || handle.value != 0 {
		panic("a resource is neither made of nothing nor made twice")
	}
	handle.value = value
}

// How much there is at least when a call begins: more than one read of a body asks for, or a request's head has.
const reserveBytes = 256 << 10

var (
	reserve []byte
	spent   [][]byte // reserves that ran out during the call: what is written there isn't yet referred to
	ready   bool     // whether Go has started
)

func init() {
	refill(reserveBytes)
	ready = true
}

func refill(least int) {
	reserve = make([]byte, max(least, 2*reserveBytes))
}

// Allocate gives memory to hand to the host; the pinner keeps it.
func Allocate(pinner *runtime.Pinner, size, align uintptr) unsafe.Pointer {
	spent = nil
	if len(reserve) < reserveBytes {
		refill(reserveBytes)
	}
	if size == 0 {
		return nil
	}
	words := make([]uint64, (size+7)/8) // aligned for whatever it is
	memory := unsafe.Pointer(unsafe.SliceData(words))
	pinner.Pin(memory)
	return memory
}

//go:linkname sbrk runtime.sbrk
func sbrk(bytes uintptr) unsafe.Pointer

// What Go refers to in a reserve keeps all of it, so nothing here is ever freed by hand.
//
//go:wasmexport cabi_realloc
func reallocate(old unsafe.Pointer, oldSize, align, size uintptr) unsafe.Pointer {
	if old != nil || oldSize != 0 {
		panic("what the host was given doesn't grow")
	}
	if !ready { // the adapter's own, before Go has a heap
		start := uintptr(sbrk(size + align))
		return unsafe.Pointer((start + align - 1) &^ (align - 1))
	}
	start := uintptr(unsafe.Pointer(unsafe.SliceData(reserve)))
	skip := (start+align-1)&^(align-1) - start
	if uintptr(len(reserve)) < skip+size {
		spent = append(spent, reserve)
		refill(int(size))
		skip = 0
	}
	given := unsafe.Pointer(unsafe.SliceData(reserve[skip:]))
	reserve = reserve[skip+size:]
	return given
}
