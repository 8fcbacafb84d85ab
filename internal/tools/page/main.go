// Command page builds the page that verifies: marketops-verify as WebAssembly in one HTML file
// that needs nothing else, opens from a disk and cannot connect anywhere.
//
//	go run ./internal/tools/page -o bin/marketops-verify.html
//
// The file holds the program compressed, Go's own loader for it, one script and one style. Its
// content security policy names the scripts and the style by their SHA-256 and allows nothing
// else: no connection, no frame, no form, no further script. The same commit and the same Go give
// the same bytes.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// MaxProgram is how large the compressed program may be, in bytes: what a person still opens
// over a slow line.
const MaxProgram = 1_700_000

var (
	//go:embed page.html
	frame string
	//go:embed page.css
	style string
	//go:embed page.js
	script string
)

func main() {
	out := flag.String("o", "marketops-verify.html", "the file to write")
	flag.Parse()
	page, err := build()
	if err == nil {
		err = os.WriteFile(*out, page, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "page:", err)
		os.Exit(1)
	}
	fmt.Printf("%s: %d bytes, sha256 %x\n", *out, len(page), sha256.Sum256(page))
}

func build() ([]byte, error) {
	program, err := compiled()
	if err != nil {
		return nil, err
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, err
	}
	loader, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
	if err != nil {
		return nil, err
	}
	return fill(string(loader), program), nil
}

// compiled returns the program, compressed.
func compiled() ([]byte, error) {
	dir, err := os.MkdirTemp("", "page")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "verify.wasm")
	// Without inlining it is a tenth smaller, and a pack is still judged before a person has looked up.
	build := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-gcflags=all=-l", "-ldflags", "-s -w -buildid=", "-o", file, "github.com/omega/marketops/cmd/marketops-verify/page")
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	program, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return compress(program)
}

func compress(program []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w.Write(program) // a buffer takes everything
	if err := w.Close(); err != nil {
		return nil, err
	}
	if b.Len() > MaxProgram {
		return nil, fmt.Errorf("the program has %d bytes compressed, more than %d", b.Len(), MaxProgram)
	}
	return b.Bytes(), nil
}

// fill puts the parts into the frame. Nothing of them can end an element early.
func fill(loader string, program []byte) []byte {
	return []byte(strings.NewReplacer(
		"{{policy}}", policy(loader), "{{style}}", style, "{{loader}}", loader, "{{script}}", script,
		"{{program}}", base64.StdEncoding.EncodeToString(program),
	).Replace(frame))
}

// policy allows these very scripts and this style, compiling the program, and nothing else.
func policy(loader string) string {
	return "default-src 'none'; script-src 'wasm-unsafe-eval' " + hashed(loader) + " " + hashed(script) +
		"; style-src " + hashed(style) + "; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
