// SPDX-License-Identifier: Apache-2.0

package export_wasi_http_incoming_handler

import (
	"errors"
	"strconv"

	wit "go.bytecodealliance.org/pkg/wit/types"
	http "wit_component/wasi_http_types"
	"wit_component/wasi_io_streams"
)

// What a stream takes in one blocking write.
const piece = 4096

type answer struct {
	status   uint16
	kind     string
	location string
	body     []byte
}

func text(status uint16, words string) answer {
	return answer{status: status, kind: "text/plain; charset=utf-8", body: []byte(words)}
}

// read takes the whole body, if it isn't too long.
func read(request *http.IncomingRequest, longest int) ([]byte, error) {
	incoming := request.Consume().Ok()
	defer incoming.Drop()
	stream := incoming.Stream().Ok()
	defer stream.Drop() // before its body
	var body []byte
	for {
		part := stream.BlockingRead(piece)
		if part.IsErr() {
			if part.Err().Tag() == wasi_io_streams.StreamError_Closed {
				return body, nil
			}
			return nil, errors.New("the body broke off")
		}
		body = append(body, part.Ok()...)
		if len(body) > longest {
			return nil, errors.New("the body is too long")
		}
	}
}

func send(out *http.ResponseOutparam, what answer) {
	headers := http.MakeFields()
	add := func(key, value string) {
		if value != "" {
			headers.Append(key, []byte(value))
		}
	}
	add("content-type", what.kind)
	add("location", what.location)
	if what.status != 204 {
		add("content-length", strconv.Itoa(len(what.body)))
	}
	response := http.MakeOutgoingResponse(headers)
	response.SetStatusCode(what.status)
	body := response.Body().Ok()
	http.ResponseOutparamSet(out, wit.Ok[*http.OutgoingResponse, http.ErrorCode](response))
	stream := body.Write().Ok()
	for rest := what.body; len(rest) > 0; {
		part := rest[:min(piece, len(rest))]
		if stream.BlockingWriteAndFlush(part).IsErr() {
			break // whoever asked is gone
		}
		rest = rest[len(part):]
	}
	stream.Drop() // before its body ends
	http.OutgoingBodyFinish(body, wit.None[*http.Fields]())
}
