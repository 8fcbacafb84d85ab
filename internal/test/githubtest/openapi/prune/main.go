// Prune cuts GitHub's OpenAPI description down to the operations the practice GitHub
// answers and the components they reach.
//
//	go run ./internal/test/githubtest/openapi/prune -in api.github.com.json -out internal/test/githubtest/openapi/github.json
//
// It removes and never rewrites: operations that are not asked for, components nothing
// reaches, and annotations (descriptions, examples, titles, tags, vendor extensions) that no
// validator reads. Response descriptions become empty, because OpenAPI requires the member.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/omega/marketops/internal/test/githubtest/openapi"
)

func main() {
	in := flag.String("in", "", "GitHub's full description, JSON")
	out := flag.String("out", "", "where the pruned description goes")
	flag.Parse()
	if err := run(*in, *out); err != nil {
		fmt.Fprintln(os.Stderr, "prune:", err)
		os.Exit(1)
	}
}

func run(in, out string) error {
	if in == "" || out == "" {
		return errors.New("both -in and -out are needed")
	}
	source, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	pruned, err := prune(source, openapi.Operations())
	if err != nil {
		return err
	}
	sum := sha256.Sum256(source)
	fmt.Printf("source sha256:%s\npruned %d bytes\n", hex.EncodeToString(sum[:]), len(pruned))
	return os.WriteFile(out, pruned, 0o644)
}

func prune(source []byte, operations []string) ([]byte, error) {
	var full map[string]any
	d := json.NewDecoder(bytes.NewReader(source))
	d.UseNumber() // a limit such as 9007199254740991 must come out digit for digit
	if err := d.Decode(&full); err != nil {
		return nil, err
	}
	paths, err := selectOperations(full, operations)
	if err != nil {
		return nil, err
	}
	kept := map[string]any{
		"openapi": full["openapi"], "info": full["info"], "servers": full["servers"],
		"paths": strip(paths),
	}
	components := map[string]any{}
	if err := reach(full, kept["paths"], components); err != nil {
		return nil, err
	}
	kept["components"] = components
	out, err := json.MarshalIndent(kept, "", " ")
	return append(out, '\n'), err
}
