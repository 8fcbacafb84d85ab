package log

import (
	"errors"
	"fmt"
	"strings"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"golang.org/x/mod/sumdb/note"
)

// ParsePolicy reads a C2SP tlog-policy:
//
//	# comment
//	log <vkey> [<url>]
//	witness <name> <vkey> [<url>]
//	group <name> all|any|<k> <name>...
//	quorum <name>|none
//
// It is stricter than that page: at least one log, log keys of type 0x01 whose name is a bare
// host name, witness keys of type 0x04, no unknown word, no weak key, and no key in two lines of
// any kind. A group or the quorum names what stands above it; nothing is a member twice. Several
// keys of one origin are allowed, for rotation. Errors carry [marketops.ConfigInvalid] and the
// number of the line.
func ParsePolicy(text string) (*Policy, error) {
	p, err := parsePolicy(text)
	if err != nil {
		return nil, marketops.RefuseErr(marketops.ConfigInvalid, "log policy", err)
	}
	return p, nil
}

func parsePolicy(text string) (*Policy, error) {
	if len(text) > MaxPolicy {
		return nil, fmt.Errorf("longer than %d bytes", MaxPolicy)
	}
	r := &policyReader{
		p:     &Policy{known: map[keyID]note.Verifier{}, isLog: map[keyID]bool{}},
		names: map[string]member{}, grouped: map[string]bool{}, keys: map[crypto.PublicKey]bool{},
	}
	for i, line := range strings.Split(text, "\n") {
		if err := r.line(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if !r.hasQuorum {
		return nil, errors.New("there is no quorum line")
	}
	if len(r.p.logs) == 0 {
		return nil, errors.New("there is no log line")
	}
	return r.p, nil
}

// policyReader is the state between two lines.
type policyReader struct {
	p         *Policy
	names     map[string]member // witnesses and groups share one name space
	grouped   map[string]bool   // names that are a member of some group
	keys      map[crypto.PublicKey]bool
	hasQuorum bool
}

func (r *policyReader) line(line string) error {
	for _, c := range []byte(line) {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return errors.New("a control character")
		}
	}
	f := strings.FieldsFunc(line, func(c rune) bool { return c == ' ' || c == '\t' })
	if len(f) == 0 || f[0][0] == '#' {
		return nil
	}
	switch f[0] {
	case "log":
		return r.log(f[1:])
	case "witness":
		return r.witness(f[1:])
	case "group":
		return r.group(f[1:])
	case "quorum":
		return r.quorum(f[1:])
	}
	return fmt.Errorf("unknown word %.40q", f[0])
}

func (r *policyReader) log(f []string) error {
	party, err := r.party(f, typeLog)
	if err != nil {
		return err
	}
	if err := CheckOrigin(party.Name); err != nil {
		return err
	}
	v := logVerifier(party)
	r.p.logs = append(r.p.logs, party)
	r.p.isLog[v.keyID] = true
	return r.know(v, len(r.p.logs))
}

func (r *policyReader) witness(f []string) error {
	if len(f) < 1 {
		return errors.New("a witness line has a name, a key and perhaps a URL")
	}
	party, err := r.party(f[1:], typeWitness)
	if err != nil {
		return err
	}
	v := witnessVerifier(party)
	r.p.witnesses = append(r.p.witnesses, party)
	if err := r.know(v, len(r.p.witnesses)); err != nil {
		return err
	}
	return r.name(f[0], witness{f[0], v.keyID})
}

// party reads "<vkey> [<url>]". A key in two lines could be counted twice, or be judge and
// judged at once.
func (r *policyReader) party(f []string, typ byte) (Party, error) {
	if len(f) != 1 && len(f) != 2 {
		return Party{}, errors.New("want a key and perhaps a URL")
	}
	name, key, err := parseVkey(f[0], typ)
	if err != nil {
		return Party{}, err
	}
	if r.keys[key] {
		return Party{}, fmt.Errorf("the key of %.80q stands in another line too", name)
	}
	r.keys[key] = true
	party := Party{Name: name, Vkey: f[0], Key: key}
	if len(f) == 2 {
		party.URL = f[1]
	}
	if party.URL != "" && !strings.HasPrefix(party.URL, "https://") && !strings.HasPrefix(party.URL, "http://") {
		return Party{}, fmt.Errorf("%.80q is not an http or https URL", party.URL)
	}
	return party, nil
}

func (r *policyReader) know(v *verifier, count int) error {
	if _, twice := r.p.known[v.keyID]; twice {
		return fmt.Errorf("two keys of %.80q have one key id", v.name)
	}
	if count > MaxMembers {
		return fmt.Errorf("more than %d", MaxMembers)
	}
	r.p.known[v.keyID] = v
	return nil
}

func (r *policyReader) name(name string, m member) error {
	switch name {
	case "none", "any", "all", "log", "witness", "group", "quorum":
		return fmt.Errorf("%q is a word of the language, not a name", name)
	}
	if _, twice := r.names[name]; twice {
		return fmt.Errorf("%.80q is defined twice", name)
	}
	if len(name) > MaxOrigin || len(r.names) >= 2*MaxMembers {
		return errors.New("a name too long, or too many names")
	}
	r.names[name] = m
	return nil
}

func (r *policyReader) group(f []string) error {
	if len(f) < 3 {
		return errors.New("a group line has a name, a threshold and members")
	}
	g := group{members: make([]member, 0, len(f)-2)}
	for _, name := range f[2:] {
		m, ok := r.names[name]
		if !ok || r.grouped[name] {
			return fmt.Errorf("%.80q is not defined above, or is a member already", name)
		}
		r.grouped[name] = true
		g.members = append(g.members, m)
	}
	switch f[1] {
	case "any":
		g.need = 1
	case "all":
		g.need = len(g.members)
	default:
		k, err := parseDecimal(f[1], uint64(len(g.members)))
		if err != nil || k == 0 {
			return fmt.Errorf("threshold %.20q of %d members", f[1], len(g.members))
		}
		g.need = int(k)
	}
	return r.name(f[0], g)
}

func (r *policyReader) quorum(f []string) error {
	if len(f) != 1 || r.hasQuorum {
		return errors.New("a policy has one quorum line with one name")
	}
	r.hasQuorum = true
	if f[0] == "none" {
		return nil
	}
	m, ok := r.names[f[0]]
	if !ok {
		return fmt.Errorf("quorum %.80q is not defined above", f[0])
	}
	r.p.quorum = m
	return nil
}
