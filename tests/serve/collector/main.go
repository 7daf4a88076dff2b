// SPDX-License-Identifier: Apache-2.0

// collector receives OTLP over HTTP with the receiver of OpenTelemetry's own collector, and writes what came to a
// file: a line of JSON for each request, {"signal": "traces", "headers": {…}, "data": {…}}.
//
//	collector FILE [CERTIFICATE KEY]
//
// It says on standard output where it listens, and ends with its standard input.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"sync"

	"go.opentelemetry.io/collector/client"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/receiver/otlpreceiver"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// What is looked at of a request's headers.
var shown = []string{"authorization", "x-team", "content-encoding", "user-agent"}

type output struct {
	lock sync.Mutex
	file *os.File
}

type line struct {
	Signal  string              `json:"signal"`
	Headers map[string][]string `json:"headers"`
	Data    json.RawMessage     `json:"data"`
}

func (o *output) write(ctx context.Context, signal string, data []byte, err error) error {
	if err != nil {
		return err
	}
	headers := map[string][]string{}
	for _, name := range shown {
		if values := client.FromContext(ctx).Metadata.Get(name); len(values) > 0 {
			headers[name] = values
		}
	}
	text, err := json.Marshal(line{signal, headers, data})
	if err != nil {
		return err
	}
	o.lock.Lock()
	defer o.lock.Unlock()
	_, err = o.file.Write(append(text, '\n'))
	return err
}

func freePort() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func start(ctx context.Context, out *output, endpoint string, pair []string) ([]component.Component, error) {
	factory := otlpreceiver.NewFactory()
	config := factory.CreateDefaultConfig()
	http := map[string]any{"endpoint": endpoint, "include_metadata": true}
	if len(pair) == 2 {
		http["tls"] = map[string]any{"cert_file": pair[0], "key_file": pair[1]}
	}
	settings := map[string]any{"protocols": map[string]any{"http": http}}
	if err := confmap.NewFromStringMap(settings).Unmarshal(config); err != nil {
		return nil, err
	}
	traces, err := consumer.NewTraces(func(ctx context.Context, data ptrace.Traces) error {
		text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(data)
		return out.write(ctx, "traces", text, err)
	})
	if err != nil {
		return nil, err
	}
	metrics, err := consumer.NewMetrics(func(ctx context.Context, data pmetric.Metrics) error {
		text, err := (&pmetric.JSONMarshaler{}).MarshalMetrics(data)
		return out.write(ctx, "metrics", text, err)
	})
	if err != nil {
		return nil, err
	}
	logs, err := consumer.NewLogs(func(ctx context.Context, data plog.Logs) error {
		text, err := (&plog.JSONMarshaler{}).MarshalLogs(data)
		return out.write(ctx, "logs", text, err)
	})
	if err != nil {
		return nil, err
	}
	// They are one receiver, by their configuration.
	as := receivertest.NewNopSettings(factory.Type())
	var all []component.Component
	if of, err := factory.CreateTraces(ctx, as, config, traces); err != nil {
		return nil, err
	} else {
		all = append(all, of)
	}
	if of, err := factory.CreateMetrics(ctx, as, config, metrics); err != nil {
		return nil, err
	} else {
		all = append(all, of)
	}
	if of, err := factory.CreateLogs(ctx, as, config, logs); err != nil {
		return nil, err
	} else {
		all = append(all, of)
	}
	for _, one := range all {
		if err := one.Start(ctx, componenttest.NewNopHost()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func main() {
	if len(os.Args) != 2 && len(os.Args) != 4 {
		log.Fatal("usage: collector FILE [CERTIFICATE KEY]")
	}
	file, err := os.Create(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	endpoint, err := freePort()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	all, err := start(ctx, &output{file: file}, endpoint, os.Args[2:])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(endpoint)
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, one := range all {
		_ = one.Shutdown(ctx)
	}
}
