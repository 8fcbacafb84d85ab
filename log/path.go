package log

import (
	"fmt"
	"strconv"
	"strings"
)

// TileWidth is the number of hashes in a full tile and of entries in a full bundle.
const TileWidth = 256

// CheckpointPath is where a log keeps its newest checkpoint, below its root (C2SP tlog-tiles).
const CheckpointPath = "checkpoint"

// TilePath returns the name of a hash tile, "tile/1/x001/x234/067" or, narrower than
// [TileWidth], "tile/1/x001/x234/067.p/5" (C2SP tlog-tiles).
func TilePath(level, index uint64, width int) string {
	return "tile/" + strconv.FormatUint(level, 10) + "/" + tileIndex(index) + tileWidth(width)
}

// EntriesPath returns the name of an entry bundle, "tile/entries/x001/067.p/5".
func EntriesPath(index uint64, width int) string {
	return "tile/entries/" + tileIndex(index) + tileWidth(width)
}

func tileIndex(n uint64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

func tileWidth(w int) string {
	if w == TileWidth {
		return ""
	}
	return ".p/" + strconv.Itoa(w)
}

// IsPath reports whether name is one that a log of at most [MaxSize] entries publishes. Servers
// answer nothing else: a log's folder also holds locks, state and left-over temporary files.
func IsPath(name string) bool {
	if name == CheckpointPath {
		return true
	}
	rest, ok := strings.CutPrefix(name, "tile/")
	if !ok || len(name) > 64 {
		return false
	}
	kind, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return false
	}
	width := TileWidth
	if i := strings.Index(rest, ".p/"); i >= 0 {
		w, err := parseDecimal(rest[i+3:], TileWidth-1)
		if err != nil || w == 0 {
			return false
		}
		rest, width = rest[:i], int(w)
	}
	n, ok := parseTileIndex(rest)
	if !ok {
		return false
	}
	if kind == "entries" {
		return name == EntriesPath(n, width)
	}
	level, err := parseDecimal(kind, maxLevel)
	return err == nil && name == TilePath(level, n, width)
}

const maxLevel = 4 // 256^5 = MaxSize

func parseTileIndex(s string) (n uint64, ok bool) {
	for _, part := range strings.Split(s, "/") {
		d, err := strconv.ParseUint(strings.TrimPrefix(part, "x"), 10, 16)
		if err != nil || d > 999 {
			return 0, false
		}
		if n = n*1000 + d; n > MaxSize/TileWidth {
			return 0, false
		}
	}
	return n, true
}
