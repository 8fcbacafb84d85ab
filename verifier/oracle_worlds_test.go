package verifier_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/internal/test/exhaustive"
	"github.com/omega/marketops/internal/test/logworld"
	"github.com/omega/marketops/log"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/trust"
	"github.com/omega/marketops/verifier"
)

// leaveEachOut compares packs of a world that lack one record.
func leaveEachOut(t *testing.T, l lie, seen map[string]int) {
	for n := range l.world().Entries {
		w := reopen(t, l.world())
		lawful := verifier.Verify(w.Pack(), w.Trust(), w.Now).Verified()
		w.Entries = slices.Delete(w.Entries, n, n+1)
		(&duel{t, fmt.Sprintf("%s, without record %d", l.name, n), w, lawful, seen}).pack()
	}
}

// otherTrusts plays the stories under a trust file that is changed in one place: before the first record, or since
// the last one.
func otherTrusts() (out []lie) {
	for _, story := range stories {
		for _, c := range trustChanges() {
			out = append(out, lie{story + ", trust.json: " + c.name, some, changedBefore(story, c.change)},
				lie{story + ", trust.json today: " + c.name, some, changedSince(story, c.change)})
		}
	}
	return out
}

func changedBefore(story string, change func(*trust.File)) func() *logworld.World {
	return func() *logworld.World {
		return judgeable(func(w *logworld.World) {
			change(&w.File)
			logworld.Stories[story](w)
		})
	}
}

func changedSince(story string, change func(*trust.File)) func() *logworld.World {
	return func() *logworld.World {
		return judgeable(func(w *logworld.World) {
			logworld.Stories[story](w)
			change(&w.File)
		})
	}
}

// judgeable is the world of a story, or nil if its trust file is none.
func judgeable(story func(*logworld.World)) (w *logworld.World) {
	defer func() {
		if recover() != nil {
			w = nil
		}
	}()
	w = logworld.New()
	story(w)
	w.Trust()
	return w
}

type trustChange struct {
	name   string
	change func(*trust.File)
}

// trustChanges are other trust files, by what each says otherwise.
func trustChanges() (out []trustChange) {
	add := func(name string, change func(*trust.File)) { out = append(out, trustChange{name, change}) }
	for i := range keysOf(&logworld.New().File) {
		for n := range uint64(9) {
			add(fmt.Sprintf("key %d revoked from %d", i, n), func(f *trust.File) {
				keysOf(f)[i].RevokedFrom = []log.Position{{Origin: logworld.Origin, Index: n}}
			})
			add(fmt.Sprintf("key %d ends at %d", i, n), func(f *trust.File) { keysOf(f)[i].NotAfter = logworld.Start + marketops.Time(n) })
			add(fmt.Sprintf("key %d begins at %d", i, n), func(f *trust.File) { keysOf(f)[i].NotBefore = logworld.Start + marketops.Time(n) })
		}
		add(fmt.Sprintf("key %d revoked in another log", i), func(f *trust.File) {
			keysOf(f)[i].RevokedFrom = []log.Position{{Origin: "earlier.example.com"}}
		})
	}
	for i := range logworld.New().File.Persons {
		add(fmt.Sprintf("person %d moved", i), func(f *trust.File) { f.Persons[i].Groups = []string{"others"} })
		add(fmt.Sprintf("person %d in both groups", i), func(f *trust.File) { f.Persons[i].Groups = []string{"makers", "release"} })
		add(fmt.Sprintf("person %d left", i), func(f *trust.File) { f.Persons = slices.Delete(f.Persons, i, i+1) })
	}
	for of, rules := range rulesOf {
		for _, c := range ruleChanges {
			add(of+": "+c.name, func(f *trust.File) { *rules(f) = c.change(*rules(f)) })
		}
	}
	for _, n := range []int64{1, 7199, 7200, 7201} {
		add(fmt.Sprintf("receipts live %d s", n), func(f *trust.File) { f.MaxLifetime = n })
	}
	add("one name for two authorities", func(f *trust.File) { f.Authorities[1].ID = f.Authorities[0].ID })
	add("another host", func(f *trust.File) { f.Hosts = []marketops.Host{"ghe.example.com"} })
	slices.SortStableFunc(out, func(a, b trustChange) int { return compareText(a.name, b.name) })
	return out
}

func compareText(a, b string) int {
	if a < b {
		return -1
	}
	if a > b {
		return 1
	}
	return 0
}

func keysOf(f *trust.File) (out []*trust.Key) {
	for _, list := range [][]trust.Key{f.Authorities, f.Publishers, f.Ledger, f.Persons[0].Keys, f.Persons[1].Keys, f.Persons[2].Keys, f.Persons[3].Keys} {
		for i := range list {
			out = append(out, &list[i])
		}
	}
	return out
}

var rulesOf = map[string]func(*trust.File) *[]trust.Rule{
	"approvals":       func(f *trust.File) *[]trust.Rule { return &f.Approvals },
	"authority rules": func(f *trust.File) *[]trust.Rule { return &f.AuthorityRules },
	"resolvers":       func(f *trust.File) *[]trust.Rule { return &f.Resolvers },
	"revokers":        func(f *trust.File) *[]trust.Rule { return &f.Revokers },
}

var ruleChanges = []struct {
	name   string
	change func([]trust.Rule) []trust.Rule
}{
	{"none", func([]trust.Rule) []trust.Rule { return nil }},
	{"of this repository", withRule(func(r *trust.Rule) { r.Targets = []string{"github.com#42"} })},
	{"of another repository", withRule(func(r *trust.Rule) { r.Targets = []string{"github.com#43"} })},
	{"of this kind", withRule(func(r *trust.Rule) { r.Kinds = []string{"publish_release"} })},
	{"of another kind", withRule(func(r *trust.Rule) { r.Kinds = []string{"tag_repo"} })},
	{"one less", withRule(func(r *trust.Rule) { r.Threshold-- })},
	{"one more", withRule(func(r *trust.Rule) { r.Threshold++ })},
	{"of another group", withRule(func(r *trust.Rule) { r.Group = "makers" })},
	{"a second rule, of one of another group", func(rules []trust.Rule) []trust.Rule {
		more := rules[0]
		if more.Group != "" {
			more.Group = "makers"
		}
		if more.Threshold > 0 {
			more.Threshold = 1
		}
		return append(slices.Clone(rules), more)
	}},
}

func withRule(f func(*trust.Rule)) func([]trust.Rule) []trust.Rule {
	return func(rules []trust.Rule) []trust.Rule {
		rules = slices.Clone(rules)
		f(&rules[0])
		return rules
	}
}

// pairs are worlds with two lies in one story: n of them, always the same, or twenty times as many at random.
func pairs(t *testing.T, n int) (out []lie) {
	seed, err := strconv.ParseUint(os.Getenv("MARKETOPS_SEED"), 10, 64)
	switch {
	case err != nil && exhaustive.Whole():
		n, seed = 20*n, rand.Uint64()
	case err != nil:
		seed = 1
	}
	t.Logf("pairs of lies; MARKETOPS_SEED=%d repeats them", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	bends := map[string][]bend{}
	for range n {
		story := stories[random.IntN(len(stories))]
		if bends[story] == nil {
			bends[story] = bendsOf(story)
		}
		one, other := bends[story][random.IntN(len(bends[story]))], bends[story][random.IntN(len(bends[story]))]
		out = append(out, lie{story + ", " + one.name + " and " + other.name, some, func() *logworld.World { return playBent(story, one, other) }})
	}
	return out
}

// bend is a change of one record before it is signed.
type bend struct {
	name string
	n    int
	do   func(receipt.Body)
	by   *crypto.PrivateKey
}

func bendsOf(story string) (out []bend) {
	honest := play(story, -1, nil, nil)
	for n, e := range honest.Entries {
		eachMember(reflect.ValueOf(e.Record.Body).Elem(), "", nil, func(path string, at []step, v reflect.Value) {
			if path == ".Header.Signer" || path == ".Header.Nonce" {
				return
			}
			for _, other := range otherValues(v, honest) {
				out = append(out, bend{fmt.Sprintf("record %d: %s%s says %v", n, e.Record.Body.Kind(), path, show(other)), n,
					func(b receipt.Body) { follow(reflect.ValueOf(b).Elem(), at).Set(other) }, nil})
			}
		})
		for _, name := range slices.Sorted(maps.Keys(keys)) {
			out = append(out, bend{fmt.Sprintf("record %d: signed by %s", n, name), n, nil, keys[name]})
		}
	}
	return out
}

// playBent tells a story with two lies; nil if a record cannot be signed.
func playBent(story string, bends ...bend) *logworld.World {
	return judgeable(func(w *logworld.World) {
		w.Bend = func(i int, b receipt.Body, by *crypto.PrivateKey) *crypto.PrivateKey {
			for _, c := range bends {
				if c.n == i && c.do != nil {
					c.do(b)
				}
				if c.n == i && c.by != nil {
					by = c.by
				}
			}
			return by
		}
		logworld.Stories[story](w)
	})
}
