// Command biglog writes a log with whole lives of receipts in it, really signed, to measure an
// audit on:
//
//	go run ./internal/tools/biglog -entries 1000000 -to DIR
//
// DIR gets log/, records/ and trust.json. All keys are the test keys of package logworld.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
)

func main() {
	entries := flag.Uint64("entries", 100_000, "how many")
	dir := flag.String("to", "", "an empty folder")
	flag.Parse()
	if *dir == "" {
		flag.Usage()
		os.Exit(64)
	}
	if err := write(*dir, *entries); err != nil {
		fmt.Fprintln(os.Stderr, "biglog:", err)
		os.Exit(1)
	}
}

// write grows the log in steps and empties the record store in between, which is most of it.
func write(dir string, entries uint64) error {
	const step = 4096
	w := logworld.NewMany()
	for w.Log.Size() < entries {
		w.Grow(min(entries, w.Log.Size()+step))
		for name, envelope := range w.Store {
			if err := put(filepath.Join(dir, "records", name), envelope); err != nil {
				return err
			}
		}
		clear(w.Store)
	}
	if err := put(filepath.Join(dir, "trust.json"), w.TrustBytes()); err != nil {
		return err
	}
	return tiles(filepath.Join(dir, "log"), w)
}

// tiles writes the published files of the log.
func tiles(dir string, w *logworld.World) error {
	names := []string{log.CheckpointPath}
	for level, n := uint64(0), w.Log.Size(); n > 0; level, n = level+1, n/log.TileWidth {
		for i := uint64(0); i*log.TileWidth < n; i++ {
			width := int(min(n-i*log.TileWidth, log.TileWidth))
			names = append(names, log.TilePath(level, i, width))
			if level == 0 {
				names = append(names, log.EntriesPath(i, width))
			}
		}
	}
	for _, name := range names {
		b, err := w.Log.ReadFile(name)
		if err != nil {
			return err
		}
		if err := put(filepath.Join(dir, name), b); err != nil {
			return err
		}
	}
	return nil
}

func put(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, b, 0o644)
}
