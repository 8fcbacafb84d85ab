// Package openapi holds GitHub's own OpenAPI description, pruned to the operations the
// practice GitHub answers, and checks requests and answers against it. PROVENANCE.md says where
// the description comes from; prune makes it.
//
// The description uses a small part of OpenAPI 3.0, and this package knows that part and no more. A
// keyword, type or format that it does not know is an error when the description is read, so that
// no rule is passed over. A test in interop/openapi compares its verdicts with those of
// kin-openapi, on values made from every schema, parameter and operation.
package openapi

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

//go:embed github.json
var github []byte

// JSON is the description itself.
func JSON() []byte { return slices.Clone(github) }

// Operation is one row of the description: "POST /repos/{owner}/{repo}/git/refs".
type Operation struct {
	ID, Method, Path string
	Docs             string // GitHub's page about it, which its error answers quote

	spec *operation
}

// description is read once and not changed after that.
var description = sync.OnceValues(func() (*document, error) { return read(github) })

// All returns every operation of the description, in the order of Operations.
func All() ([]Operation, error) {
	doc, err := description()
	if err != nil {
		return nil, err
	}
	found := map[string]Operation{}
	for path, item := range doc.Paths {
		for method, o := range item {
			found[o.OperationID] = Operation{o.OperationID, strings.ToUpper(method), path, o.ExternalDocs.URL, o}
		}
	}
	var all []Operation
	for _, id := range Operations() {
		op, ok := found[id]
		if !ok {
			return nil, fmt.Errorf("openapi: github.json lacks operation %q: prune again", id)
		}
		all = append(all, op)
	}
	return all, nil
}

// ManySegments reports whether a parameter of the path may hold slashes.
func (o Operation) ManySegments(name string) bool {
	return slices.ContainsFunc(o.spec.Parameters, func(p *parameter) bool { return p.In == "path" && p.Name == name && p.MultiSegment })
}

// Operations returns the ids of the operations the practice GitHub answers, as GitHub
// names them.
func Operations() []string { return slices.Clone(operations) }

var operations = []string{
	"users/get-authenticated",
	"rate-limit/get",
	"apps/create-installation-access-token",
	"repos/get",
	"repos/get-branch",
	"repos/get-commit",
	"repos/compare-commits-with-basehead",
	"repos/check-immutable-releases",
	"git/get-commit",
	"git/list-matching-refs",
	"git/get-ref",
	"git/create-ref",
	"git/delete-ref",
	"git/create-tag",
	"git/get-tag",
	"git/create-blob",
	"git/get-blob",
	"git/get-tree",
	"git/create-tree",
	"git/create-commit",
	"repos/list-releases",
	"repos/create-release",
	"repos/get-release",
	"repos/get-release-by-tag",
	"repos/get-latest-release",
	"repos/update-release",
	"repos/delete-release",
	"repos/list-release-assets",
	"repos/upload-release-asset",
	"repos/get-release-asset",
	"repos/delete-release-asset",
	"pulls/list",
	"pulls/create",
	"pulls/get",
	"pulls/update",
}
