// The name is the one that the generated bindings go by.
module wit_component

go 1.25

require go.bytecodealliance.org/pkg v0.0.0

// What the bindings stand on: see ../../../go/README.md. The build lays it beside this.
replace go.bytecodealliance.org/pkg => ./pkg
