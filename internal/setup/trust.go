package setup

import (
	"encoding/base64"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/omega/marketops"
	"github.com/omega/marketops/receipt"
	"github.com/omega/marketops/receipt/gate"
	"github.com/omega/marketops/receipt/trust"
)

// encode returns the file that people read, after reading it back as a verifier would.
func encode(f trust.File) ([]byte, error) {
	b, err := json.Marshal(f, jsontext.WithIndent("  "))
	if err != nil {
		return nil, err
	}
	b = append(b, '\n')
	_, err = trust.Parse(b)
	return b, err
}

func (m *maker) trustKey(name, id string) trust.Key {
	return trust.Key{
		ID: id, Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(m.keys[name].Public().SPKI()),
		NotBefore: m.o.Now - gate.Epsilon, NotAfter: m.o.Now.Add(validity),
	}
}

var everything = []string{"*"}

// coreTrust lists the Core's own keys and its log.
func (o Options) coreTrust(m *maker) (trust.File, error) {
	policy, err := o.logPolicy(m.vkey())
	if err != nil {
		return trust.File{}, err
	}
	hosts, err := o.hosts()
	return trust.File{
		Schema: "marketops.trust/v2", Version: 1, Effective: o.Now, Expires: o.Now.Add(validity), Hosts: hosts,
		Persons:        []trust.Person{},
		Authorities:    []trust.Key{m.trustKey(keyAuthority, "authority-1")},
		AuthorityRules: []trust.Rule{{Kinds: everything, Targets: everything, Threshold: 1}},
		Advisory:       []trust.Key{m.trustKey(keyAdvisory, "core-advisory-1")},
		Publishers:     []trust.Key{},
		Ledger:         []trust.Key{m.trustKey(keyLedger, "ledger-1")},
		LogPolicy:      policy,
		MaxLifetime:    int64(receipt.MaxLifetime),
	}, err
}

func (o Options) hosts() ([]marketops.Host, error) {
	if len(o.Hosts) == 0 {
		return []marketops.Host{"github.com"}, nil
	}
	var out []marketops.Host
	for _, s := range o.Hosts {
		h, err := marketops.ParseHost(s)
		if err != nil {
			return nil, marketops.RefuseErr(marketops.ConfigInvalid, "--host", err)
		}
		out = append(out, h)
	}
	return out, nil
}

func (o Options) trust(m *maker) (trust.File, error) {
	operator := o.Operator
	if operator == "" {
		operator = o.Person
	}
	groups := func(person string, own ...string) []string {
		if person == operator {
			return append(own, "operators")
		}
		return own
	}
	f, err := o.coreTrust(m)
	if err != nil {
		return f, err
	}
	f.Persons = []trust.Person{
		{ID: o.Person, Groups: groups(o.Person, "requesters"), Keys: []trust.Key{m.trustKey(keyRequester, o.Person+"-1")}},
		{ID: o.Approver, Groups: groups(o.Approver, "approvers"), Keys: []trust.Key{m.trustKey(keyApprover, o.Approver+"-1")}},
	}
	f.Advisory = append(f.Advisory, m.trustKey(keyEngine, "engine-1"))
	f.Publishers = []trust.Key{m.trustKey(keyPublisher, "publisher-1")}
	f.Readers = []trust.Reader{{Key: m.trustKey(keyReader, "reader-1")}}
	f.Resolvers = []trust.Rule{{Kinds: everything, Targets: everything, Group: "operators"}}
	f.Revokers = []trust.Rule{{Kinds: everything, Targets: everything, Group: "operators"}}
	f.Approvals = []trust.Rule{{Kinds: everything, Targets: everything, Group: "approvers", Threshold: 1}}
	return f, nil
}
