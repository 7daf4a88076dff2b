// SPDX-License-Identifier: Apache-2.0

// commp prints, for each file that is named, the piece commitment of its bytes and the padded size of its piece.
package main

import (
	"fmt"
	"io"
	"os"

	commp "github.com/filecoin-project/go-fil-commp-hashhash"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := one(path); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", path, err)
			os.Exit(1)
		}
	}
}

func one(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	calculator := &commp.Calc{}
	if _, err := io.Copy(calculator, file); err != nil {
		return err
	}
	commitment, size, err := calculator.Digest()
	if err != nil {
		return err
	}
	fmt.Printf("%x %d\n", commitment, size)
	return nil
}
