package setup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/internal/test/logtest"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt/trust"
)

func witnessed(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("%s https://w%d.example/", log.WitnessVkey(fmt.Sprintf("w%d.example", i), logtest.Key(byte(100+i)).Public()), i))
	}
	return out
}

// TestWitnesses: the quorum is a majority unless a larger one is asked for, and the log's key is told.
func TestWitnesses(t *testing.T) {
	for _, c := range []struct {
		witnesses, quorum int
		want              string
	}{{0, 0, "none"}, {1, 0, "1 of 1"}, {2, 0, "2 of 2"}, {3, 0, "2 of 3"}, {4, 0, "3 of 4"}, {3, 3, "3 of 3"}} {
		for what, make := range map[string]func(Options) (Result, error){"init": Init, "core": InitCore} {
			if what == "init" && c.quorum == 0 && c.witnesses != 3 {
				continue // deriving keys from passphrases takes its time
			}
			o := options(t)
			o.Witnesses, o.Quorum = witnessed(c.witnesses), c.quorum
			made, err := make(o)
			must(t, err)
			data, err := os.ReadFile(filepath.Join(o.Dir, "trust.json"))
			must(t, err)
			trust, err := trust.Parse(data)
			must(t, err)
			if got := trust.Log().Quorum(); got != c.want || trust.Log().Logs()[0].Vkey != made.Log {
				t.Errorf("%s: %d of %d became %s, the log %q", what, c.quorum, c.witnesses, got, made.Log)
			}
		}
	}
}

// TestWitnessesRefused leaves nothing behind.
func TestWitnessesRefused(t *testing.T) {
	three := witnessed(3)
	for what, change := range map[string]func(*Options){
		"half of them":           func(o *Options) { o.Witnesses, o.Quorum = witnessed(4), 2 },
		"one of three":           func(o *Options) { o.Witnesses, o.Quorum = three, 1 },
		"more than there are":    func(o *Options) { o.Witnesses, o.Quorum = three, 4 },
		"a negative quorum":      func(o *Options) { o.Witnesses, o.Quorum = three, -2 },
		"a quorum of no witness": func(o *Options) { o.Quorum = 1 },
		"no URL":                 func(o *Options) { o.Witnesses = []string{log.WitnessVkey("w.example", logtest.Key(100).Public())} },
		"another kind of URL": func(o *Options) {
			o.Witnesses = []string{log.WitnessVkey("w.example", logtest.Key(100).Public()) + " ftp://x"}
		},
		"a log's key": func(o *Options) {
			o.Witnesses = []string{log.Vkey("w.example", logtest.Key(100).Public()) + " https://x"}
		},
		"one witness twice": func(o *Options) { o.Witnesses = []string{three[0], three[0] + "other"} },
		"two at one URL": func(o *Options) {
			o.Witnesses = []string{three[0], log.WitnessVkey("w.example", logtest.Key(90).Public()) + " https://w0.example"}
		},
		"a line of policy beside": func(o *Options) { o.Witnesses = []string{three[0] + "\nquorum none"} },
	} {
		o := options(t)
		change(&o)
		if _, err := Init(o); !errors.Is(err, marketops.ConfigInvalid) {
			t.Errorf("%s: %v", what, err)
		}
		if _, err := os.Stat(o.Dir); err == nil {
			t.Errorf("%s: something was made", what)
		}
	}
}
