// SPDX-License-Identifier: Apache-2.0

// Package export_wasi_http_incoming_handler answers HTTP requests: short names for long addresses.
//
// PUT /NAME with an address as its body keeps it, GET /NAME leads there, DELETE /NAME forgets it, and GET / lists them
// as JSON. Each is a file in /data. The package's name is the one that the generated bindings look for.
package export_wasi_http_incoming_handler

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	http "wit_component/wasi_http_types"
)

const (
	folder  = "/data"
	longest = 2048 // bytes of an address
)

var name = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// Handle is called once for each request.
func Handle(request *http.IncomingRequest, out *http.ResponseOutparam) {
	send(out, respond(request))
}

func respond(request *http.IncomingRequest) answer {
	method := request.Method()
	target, _, _ := strings.Cut(strings.TrimPrefix(request.PathWithQuery().SomeOr("/"), "/"), "?")
	switch {
	case target == "" && method.Tag() == http.Method_Get:
		return list()
	case !name.MatchString(target):
		return text(404, "a name has small letters, digits and '-'\n")
	case method.Tag() == http.Method_Get:
		return follow(target)
	case method.Tag() == http.Method_Put:
		return keep(target, request)
	case method.Tag() == http.Method_Delete:
		if err := os.Remove(filepath.Join(folder, target)); err != nil {
			return failed(err)
		}
		return answer{status: 204}
	}
	return text(405, "a name takes GET, PUT and DELETE\n")
}

func follow(target string) answer {
	address, err := os.ReadFile(filepath.Join(folder, target))
	if err != nil {
		return failed(err)
	}
	return answer{status: 302, location: string(address)}
}

// keep writes aside and renames, so that nobody reads half an address.
func keep(target string, request *http.IncomingRequest) answer {
	body, err := read(request, longest)
	if err != nil {
		return text(413, err.Error()+"\n")
	}
	address, err := url.Parse(strings.TrimSpace(string(body)))
	if err != nil || address.Host == "" || (address.Scheme != "http" && address.Scheme != "https") {
		return text(400, "the body is to be an address, http:// or https://\n")
	}
	aside, err := os.CreateTemp(folder, ".new-*")
	if err != nil {
		return failed(err)
	}
	_, err = aside.WriteString(address.String())
	if err = errors.Join(err, aside.Close()); err == nil {
		err = os.Rename(aside.Name(), filepath.Join(folder, target))
	}
	if err != nil {
		return failed(err)
	}
	return text(201, "/"+target+" leads to "+address.String()+"\n")
}

func list() answer {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return failed(err)
	}
	known := map[string]string{}
	for _, entry := range entries {
		if address, err := os.ReadFile(filepath.Join(folder, entry.Name())); err == nil && name.MatchString(entry.Name()) {
			known[entry.Name()] = string(address)
		}
	}
	lines, err := json.Marshal(known)
	if err != nil {
		return failed(err)
	}
	return answer{status: 200, kind: "application/json", body: append(lines, '\n')}
}

func failed(err error) answer {
	if errors.Is(err, fs.ErrNotExist) {
		return text(404, "there is no such name\n")
	}
	return text(500, "the names can't be reached: "+err.Error()+"\n")
}
