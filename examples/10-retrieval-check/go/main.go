// SPDX-License-Identifier: Apache-2.0

// Check reads each path of its arguments (CID/NAME) below /content: in preview 1 a program knows files and its standard
// streams alone. What it finds it prints.
package main

import (
	"fmt"
	"io"
	"os"
	"time"
)

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		if err := check(path); err != nil {
			failed = true
			fmt.Printf("%s: %v\n", path, err)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func check(path string) error {
	begun := time.Now()
	file, err := os.Open("/content/" + path)
	if err != nil {
		return err
	}
	defer file.Close()
	piece := make([]byte, 64<<10)
	count, err := file.Read(piece)
	if err != nil {
		return err
	}
	first := time.Since(begun)
	rest, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{file}, piece)
	if err != nil {
		return err
	}
	bytes := int64(count) + rest
	rate := float64(bytes) / time.Since(begun).Seconds() / 1e6
	fmt.Printf("%s: %d bytes at %.1f MB/s, the first after %d ms\n", path, bytes, rate, first.Milliseconds())
	return nil
}
