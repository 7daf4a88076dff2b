// SPDX-License-Identifier: Apache-2.0

// Package export_shop_till_report writes a report: the day's takings, in the words of a file of the shop's. The
// package's name is the one that the generated bindings look for.
package export_shop_till_report

import (
	"fmt"
	"os"
	"strings"

	"go.bytecodealliance.org/pkg/wit/types"
)

const words = "/words/day.txt"

// Write is called at the end of the day, with the takings in cents.
func Write(takings uint64) types.Result[string, string] {
	text, err := os.ReadFile(words)
	if err != nil {
		return types.Err[string, string](err.Error())
	}
	amount := fmt.Sprintf("%d.%02d", takings/100, takings%100)
	return types.Ok[string, string](strings.ReplaceAll(strings.TrimSpace(string(text)), "{takings}", amount))
}
