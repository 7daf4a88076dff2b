// SPDX-License-Identifier: Apache-2.0

// Tour knocks on three doors, as far as it is told to: reads a file, fetches a URL, talks over a socket.
//
// `tour [--file PATH] [--url URL] [--tcp HOST:PORT]` prints one line a step, `STEP: …`, or `STEP: error …`. The status is
// 1 if any step failed. All three are Go's own library, which for wasip1 has files but can't dial: see README.md.
package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
)

func main() {
	steps := map[string]func(string) (string, error){"--file": readFile, "--url": fetch, "--tcp": ask}
	arguments := os.Args[1:]
	failed := false
	for len(arguments) > 0 {
		step, known := steps[arguments[0]]
		if !known || len(arguments) == 1 {
			fmt.Fprintln(os.Stderr, "usage: tour [--file PATH] [--url URL] [--tcp HOST:PORT]")
			os.Exit(2)
		}
		told, err := step(arguments[1])
		if err != nil {
			failed = true
			told = "error " + err.Error()
		}
		fmt.Printf("%s: %s\n", strings.TrimLeft(arguments[0], "-"), told)
		arguments = arguments[2:]
	}
	if failed {
		os.Exit(1)
	}
}

func readFile(path string) (string, error) {
	contents, err := os.ReadFile(path)
	if err != nil {
		return "", fileError(err)
	}
	return fmt.Sprintf("%d bytes", len(contents)), nil
}

// fileError gives the names that 0.2 has for what a door answers; the library has preview 1's number.
func fileError(err error) error {
	var failure *fs.PathError
	if !errors.As(err, &failure) {
		return err
	}
	switch failure.Err {
	case syscall.EACCES:
		return errors.New("access")
	case syscall.EISDIR:
		return errors.New("is-directory")
	case syscall.ENOENT:
		return errors.New("no-entry")
	case syscall.EPERM:
		return errors.New("not-permitted")
	}
	return failure.Err
}

func fetch(url string) (string, error) {
	response, err := http.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	length, err := io.Copy(io.Discard, response.Body)
	return fmt.Sprintf("%d, %d bytes", response.StatusCode, length), err
}

func ask(target string) (string, error) {
	connection, err := net.Dial("tcp", target)
	if err != nil {
		return "", err
	}
	defer connection.Close()
	if _, err := io.WriteString(connection, "ping\n"); err != nil {
		return "", err
	}
	line, err := io.ReadAll(io.LimitReader(connection, int64(len("ping\n"))))
	return strings.TrimSpace(string(line)), err
}
