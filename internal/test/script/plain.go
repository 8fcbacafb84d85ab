package script

import (
	"archive/zip"
	"io"
	"net/http"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/testscript"
)

// unzip takes a pack apart, file by file, with the standard library's reader.
func unzip(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: unzip PACK DIR")
	}
	r, err := zip.OpenReader(ts.MkAbs(args[0]))
	ts.Check(err)
	defer r.Close()
	for _, f := range r.File {
		if !filepath.IsLocal(f.Name) {
			ts.Fatalf("%s leaves the folder", f.Name)
		}
		in, err := f.Open()
		ts.Check(err)
		b, err := io.ReadAll(in)
		ts.Check(err)
		path := filepath.Join(ts.MkAbs(args[1]), f.Name)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		ts.Check(os.WriteFile(path, b, 0o644))
	}
}

// outsider posts a file to the practice GitHub, or deletes what a path names, with the publisher's credential and without the
// publisher, as whoever else holds a token could.
func outsider(ts *testscript.TestScript, neg bool, args []string) {
	method, body := http.MethodDelete, io.Reader(nil)
	switch len(args) {
	case 1:
	case 2:
		f, err := os.Open(ts.MkAbs(args[1]))
		ts.Check(err)
		defer f.Close()
		method, body = http.MethodPost, f
	default:
		ts.Fatalf("usage: outsider PATH [FILE]")
	}
	req, err := http.NewRequest(method, ts.Getenv("API")+args[0], body)
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+ts.Getenv("GITHUB_TOKEN"))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		ts.Fatalf("%s: %s", args[0], resp.Status)
	}
}
