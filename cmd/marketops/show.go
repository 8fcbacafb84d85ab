package main

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

func isWithheld(err error) bool { return errors.Is(err, fs.ErrNotExist) }

func orWithheld(s string) string {
	if s == "" {
		return "withheld: the record store does not hold it"
	}
	return s
}

// prettyJSON is for people; nothing reads it back.
func prettyJSON(v any) string {
	b, err := json.Marshal(v, jsontext.WithIndent("  "))
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func splitLines(s string) []string { return strings.Split(strings.TrimRight(s, "\n"), "\n") }
