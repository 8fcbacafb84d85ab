package progress

import (
	"fmt"
	"strings"
	"time"
)

// Part is how far one file is.
type Part struct {
	What       string // such as "asset"
	Name       string
	Number, Of int
	At, Size   int64 // bytes
}

const (
	minName  = 12              // characters of a name in a line that is wide enough
	minRated = 1 * time.Second // before which there is no rate
)

// line says how far a file is, in at most width characters: with its rate if there is room, and in few words if there is
// little.
func (p Part) line(took time.Duration, width int) string {
	head, bytes, rate, left := fmt.Sprintf("%s %d of %d", p.What, p.Number, p.Of), sizes(p.At, p.Size, " of "), "", ""
	if took >= minRated && p.At > 0 && p.At < p.Size {
		perSecond := float64(p.At) / took.Seconds()
		rate = sizes(0, int64(perSecond), "") + "/s"
		left = short(time.Duration(float64(p.Size-p.At)/perSecond*float64(time.Second))) + " left"
	}
	for _, tail := range [][]string{{bytes, rate, left}, {bytes, left}} {
		if room := width - length("  ", head, "", tail...); room >= min(minName, len(p.Name)) {
			return join("  ", head, fit(p.Name, room), tail...)
		}
	}
	head, bytes = fmt.Sprintf("%d/%d", p.Number, p.Of), sizes(p.At, p.Size, "/")
	return fit(join(" ", head, fit(p.Name, width-length(" ", head, "", bytes, left)), bytes, left), width)
}

func join(sep, head, name string, tail ...string) string {
	var words []string
	for _, w := range append([]string{head, name}, tail...) {
		if w != "" {
			words = append(words, w)
		}
	}
	return strings.Join(words, sep)
}

// length is that of a line without its name, and with the space before that.
func length(sep, head, name string, tail ...string) int {
	return len([]rune(join(sep, head, name, tail...))) + len(sep)
}

// fit cuts a text in its middle.
func fit(text string, room int) string {
	all := []rune(text)
	switch {
	case len(all) <= room:
		return text
	case room < 3:
		return ""
	}
	end := (room - 1) / 2
	return string(all[:room-1-end]) + "…" + string(all[len(all)-end:])
}

var units = []string{"B", "KiB", "MiB", "GiB", "TiB"}

// sizes are two sizes in the unit of the second, or that one alone where there is nothing between them.
func sizes(at, size int64, between string) string {
	unit, n := 0, float64(size)
	for ; n >= 1024 && unit < len(units)-1; unit++ {
		n /= 1024
	}
	format := "%.1f"
	if unit == 0 {
		format = "%.0f"
	}
	said := fmt.Sprintf(format+" %s", n, units[unit])
	if between == "" {
		return said
	}
	scale := n / float64(max(size, 1))
	return fmt.Sprintf(format, float64(at)*scale) + between + said
}

// short is a duration in at most two units.
func short(d time.Duration) string {
	switch {
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%ds", int(d.Round(time.Second).Seconds()))
}
