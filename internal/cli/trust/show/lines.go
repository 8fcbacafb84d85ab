package show

import (
	"fmt"
	"slices"
	"strings"

	"github.com/omega/marketops/receipt/trust"
)

// Lines returns all that trust show says of a file, one line for each key, rule, host, log and witness.
func Lines(t *trust.Trust) (out []string) {
	for _, rows := range [][][]string{header(t), holders(t.File())[1:], rules(t.File())[1:]} {
		for _, row := range rows {
			out = append(out, strings.Join(slices.DeleteFunc(slices.Clone(row), func(s string) bool { return s == "" }), " "))
		}
	}
	return out
}

// Changes returns the lines that only one of two files has: "- " before those of the older one, "+ " before those of the newer.
func Changes(older, newer *trust.Trust) (out []string) {
	was, is := Lines(older), Lines(newer)
	for _, l := range was {
		if !slices.Contains(is, l) {
			out = append(out, "- "+l)
		}
	}
	for _, l := range is {
		if !slices.Contains(was, l) {
			out = append(out, "+ "+l)
		}
	}
	return out
}

// header are the members that are neither keys nor rules.
func header(t *trust.Trust) [][]string {
	f := t.File()
	rows := [][]string{{"digest", t.Digest().String()}, {"version", fmt.Sprint(f.Version)}, {"effective", f.Effective.String()}, {"expires", f.Expires.String()},
		{"witnesses", t.Log().Quorum()}, {"receipts live", fmt.Sprintf("at most %d s", f.MaxLifetime)}}
	if !f.Previous.IsZero() {
		rows = append(rows, []string{"previous", f.Previous.String()})
	}
	for _, h := range f.Hosts {
		rows = append(rows, []string{"host", string(h)})
	}
	for _, l := range t.Log().Logs() {
		rows = append(rows, []string{"log", strings.TrimSpace(l.Vkey + " " + l.URL)})
	}
	for _, end := range f.LogKeyEnds {
		rows = append(rows, []string{"log key ends", fmt.Sprintf("%s at size %d", end.Vkey, end.Size)})
	}
	for _, k := range f.KnownCheckpoints {
		rows = append(rows, []string{"known checkpoint", fmt.Sprintf("%s at size %d root %s", k.Origin, k.Size, k.Root)})
	}
	for _, w := range t.Log().Witnesses() {
		rows = append(rows, []string{"witness", strings.TrimSpace(w.Vkey + " " + w.URL)})
	}
	return rows
}
