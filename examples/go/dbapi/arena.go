package dbapi

/*
#include <stdlib.h>
#include <dbapi.h>
*/
import "C"

import "unsafe"

// An arena is C's memory for one call: statement and parameters, so that no pointer to Go's memory reaches C. The
// block is used again by the next call.
type arena struct {
	block      unsafe.Pointer
	size, used uintptr
	full       []unsafe.Pointer // blocks that were too small
}

// What is kept from one call to the next.
const arenaKeeps = 1 << 20

// alloc gives memory that is not cleared.
func (a *arena) alloc(size uintptr) unsafe.Pointer {
	size = (size + 7) &^ 7
	if a.used+size > a.size {
		if a.block != nil {
			a.full = append(a.full, a.block)
		}
		a.size = 2*a.size + size + 4096
		a.used = 0
		a.block = C.malloc(C.size_t(a.size))
	}
	p := unsafe.Add(a.block, a.used)
	a.used += size
	return p
}

// text copies text, and ends it with a NUL.
func (a *arena) text(text string) unsafe.Pointer {
	p := a.alloc(uintptr(len(text)) + 1)
	bytes := unsafe.Slice((*byte)(p), len(text)+1)
	copy(bytes, text)
	bytes[len(text)] = 0
	return p
}

// reset ends the life of all that was given.
func (a *arena) reset() {
	for _, block := range a.full {
		C.free(block)
	}
	a.full = nil
	a.used = 0
	if a.size > arenaKeeps {
		a.free()
	}
}

func (a *arena) free() {
	for _, block := range append(a.full, a.block) {
		C.free(block)
	}
	*a = arena{}
}
