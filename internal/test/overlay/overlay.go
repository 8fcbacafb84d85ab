// Package overlay changes product source for one build, and leaves the files of the module as they are.
//
// The product has no switch for tests: no build tag, variable or flag removes a check or shortens a
// wait. A test that needs such a change says which text of which file it replaces:
//
//	{File: "receipt/check.go", Old: "r.RunID == e.ask.Run", New: "true"}
//
// Write puts the changed copies into a folder, beside an overlay.json that tells the go command to
// compile them in place of the originals: go test -overlay FOLDER/overlay.json ./receipt
// (see go help build).
//
// Old must occur exactly once in its file. A change of the source that moves or removes the text is an
// error that names the file and the text, so a patch never does nothing unnoticed.
package overlay

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Module is the module whose source is patched.
const Module = "github.com/omega/marketops"

// Patch replaces one text of one file, or adds a file.
type Patch struct {
	File string // from the root of the module, with slashes
	Old  string // occurs exactly once in File; empty: File does not exist, and New is all of it
	New  string
	// Import is a package that New needs, or "". It is added to the line of the package clause
	// unless the file names it already, so that the numbers of the lines stay.
	Import string
}

// Root returns the folder of the module that holds the working directory.
func Root() (string, error) {
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		b, rerr := os.ReadFile(filepath.Join(dir, "go.mod"))
		if rerr == nil && strings.HasPrefix(string(b), "module "+Module+"\n") {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("overlay: the working directory is not in module " + Module)
		}
	}
	return "", err
}

// Apply returns the patched text of every file that patches name. It writes nothing. All errors are
// reported at once.
func Apply(root string, patches []Patch) (map[string]string, error) {
	byFile := map[string][]Patch{}
	for _, p := range patches {
		byFile[p.File] = append(byFile[p.File], p)
	}
	out, errs := map[string]string{}, []error{}
	for file, ps := range byFile {
		text, err := applyFile(root, file, ps)
		out[file], errs = text, append(errs, err)
	}
	return out, errors.Join(errs...)
}

func applyFile(root, file string, patches []Patch) (string, error) {
	text, err := read(root, file, patches)
	if err != nil {
		return "", err
	}
	if text, err = replace(file, text, patches); err != nil {
		return "", err
	}
	if text, err = addImports(file, text, patches); err != nil || path.Ext(file) != ".go" {
		return text, err
	}
	if _, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution); err != nil {
		return "", fmt.Errorf("overlay: the patched file is not Go: %w", err)
	}
	return text, nil
}

// read returns the file as it is; "" for one that a patch adds.
func read(root, file string, patches []Patch) (string, error) {
	if !fs.ValidPath(file) {
		return "", fmt.Errorf("overlay: %q is not a path from the root of the module", file)
	}
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if !slices.ContainsFunc(patches, func(p Patch) bool { return p.Old == "" }) {
		return string(b), err
	}
	if len(patches) > 1 || !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("overlay: %s: a file is added by one patch, and must not exist", file)
	}
	return "", nil
}

// place is where a patch applies in the original text.
type place struct {
	Patch
	at int
}

func replace(file, text string, patches []Patch) (string, error) {
	places, errs := []place{}, []error{}
	for _, p := range patches {
		if n := strings.Count(text, p.Old); n != 1 && p.Old != "" {
			errs = append(errs, fmt.Errorf("overlay: %s has this text %d times, not once: %q", file, n, p.Old))
		}
		places = append(places, place{p, strings.Index(text, p.Old)})
	}
	if len(errs) > 0 {
		return "", errors.Join(errs...)
	}
	slices.SortFunc(places, func(a, b place) int { return a.at - b.at })
	var out strings.Builder
	end := 0
	for _, p := range places {
		if p.at < end {
			return "", fmt.Errorf("overlay: %s: two patches overlap at %q", file, p.Old)
		}
		out.WriteString(text[end:p.at] + p.New)
		end = p.at + len(p.Old)
	}
	return out.String() + text[end:], nil
}

func addImports(file, text string, patches []Patch) (string, error) {
	for _, p := range patches {
		if p.Import == "" || strings.Contains(text, `"`+p.Import+`"`) {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.PackageClauseOnly)
		if err != nil {
			return "", fmt.Errorf("overlay: %w", err)
		}
		end := int(f.Name.End() - f.FileStart)
		text = fmt.Sprintf("%s; import %q%s", text[:end], p.Import, text[end:])
	}
	return text, nil
}

// Write writes the patched copies and overlay.json into dir, and returns the flag for the go command.
// Without patches the flag is -overlay= , which is none.
func Write(root, dir string, patches []Patch) (flag string, err error) {
	texts, err := Apply(root, patches)
	if err != nil || len(texts) == 0 {
		return "-overlay=", err
	}
	if root, err = filepath.Abs(root); err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	var o struct{ Replace map[string]string }
	o.Replace = map[string]string{}
	for file, text := range texts {
		to := filepath.Join(dir, filepath.FromSlash(file))
		if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, []byte(text), 0o644)); err != nil {
			return "", err
		}
		o.Replace[filepath.Join(root, filepath.FromSlash(file))] = to
	}
	b, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return "", err
	}
	list := filepath.Join(dir, "overlay.json")
	return "-overlay=" + list, os.WriteFile(list, append(b, '\n'), 0o644)
}
