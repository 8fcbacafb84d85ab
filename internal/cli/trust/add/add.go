// Package add is the command trust add.
package add

import (
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/omega/marketops"
	"github.com/omega/marketops/crypto"
	"github.com/omega/marketops/crypto/signer"
	"github.com/omega/marketops/internal/cli"
	"github.com/omega/marketops/internal/cli/env"
	"github.com/omega/marketops/internal/cli/trust/next"
	"github.com/omega/marketops/receipt/trust"
	"github.com/spf13/cobra"
)

// Options are what the command line says.
type Options struct {
	next.Options
	Role, Name string
	Key        string   // a file, or the line of an OpenSSH public key
	Groups     []string // of a person
	Targets    []string // of a reader
	Until      string   // when the key ends; "" is when the file does
}

var roles = []string{"person", "publisher", "engine", "reader", "authority"}

// New returns the command.
func New(e *env.Env) *cobra.Command { return command(e, run) }

func command(e *env.Env, run func(*env.Env, Options) error) *cobra.Command {
	var o Options
	c := &cobra.Command{
		Use:   "add ROLE NAME --key KEY",
		Short: "Add a key to the trust file: of a person, publisher, engine, reader or authority",
		Long: `Add a key to the trust file, which makes the next version of it. ROLE is person, publisher, engine, reader or
authority. KEY is the file of a public key, or an OpenSSH public key of the type ssh-ed25519. A person who is there already gets one
more key. Names inside records cannot be erased: prefer pseudonyms.`,
		Example: `  marketops trust add person alice --key alice.pem.pub --group approvers
  marketops trust add person carol --key "ssh-ed25519 AAAA… carol" --group approvers
  marketops trust add publisher publisher-2 --key publisher.pem.pub
  marketops trust add reader auditor-1 --key reader.pem.pub --target github.com#7`,
		Args:      cli.Args(cobra.ExactArgs(2)),
		ValidArgs: roles,
		RunE: func(_ *cobra.Command, args []string) error {
			o.Role, o.Name = args[0], args[1]
			return run(e, o)
		},
	}
	o.Bind(c.Flags())
	c.Flags().StringVar(&o.Key, "key", "", `the file of a public key, or "ssh-ed25519 AAAA…"`)
	c.Flags().StringSliceVar(&o.Groups, "group", nil, "group of the person, such as approvers; may be repeated")
	c.Flags().StringSliceVar(&o.Targets, "target", nil, "what the reader may read, as host#id; everything if left out; may be repeated")
	c.Flags().StringVar(&o.Until, "until", "", "when the key ends, as 2027-03-01T12:00:00Z; when the trust file expires if left out")
	return c
}

func run(e *env.Env, o Options) error {
	if err := o.check(); err != nil {
		return err
	}
	public, err := signer.LoadPublicKey(o.Key)
	if err != nil {
		return err
	}
	return next.Write(e, o.Options, func(f *trust.File) error { return o.add(f, public) })
}

// check refuses what no role has.
func (o Options) check() error {
	switch {
	case !slices.Contains(roles, o.Role):
		return cli.Usage("the role %.40q is not known: want one of %q", o.Role, roles)
	case o.Key == "":
		return cli.Usage("--key is missing")
	case len(o.Groups) > 0 && o.Role != "person":
		return cli.Usage("--group belongs to a person, and not to the role %s", o.Role)
	case len(o.Targets) > 0 && o.Role != "reader":
		return cli.Usage("--target belongs to a reader, and not to the role %s", o.Role)
	}
	return marketops.ValidateID("name", o.Name)
}

// add puts the key where its role has it.
func (o Options) add(f *trust.File, public crypto.PublicKey) error {
	k := trust.Key{ID: o.Name, Alg: "ed25519", SPKI: base64.StdEncoding.EncodeToString(public.SPKI()), NotBefore: f.Effective, NotAfter: f.Expires}
	if o.Until != "" {
		until, err := time.Parse(time.RFC3339, o.Until)
		if err != nil {
			return cli.Usage("--until %.40q is not a time like 2027-03-01T12:00:00Z", o.Until)
		}
		k.NotAfter = marketops.TimeOf(until)
	}
	if _, err := next.Keys(f, o.Name); err == nil && !(o.Role == "person" && isPerson(f, o.Name)) {
		return taken(o.Name)
	}
	switch o.Role {
	case "person":
		return o.addPerson(f, k)
	case "publisher":
		return addKey(&f.Publishers, k)
	case "engine":
		return addKey(&f.Advisory, k)
	case "authority":
		return addKey(&f.Authorities, k)
	}
	f.Readers = append(f.Readers, trust.Reader{Key: k, Targets: o.Targets})
	return nil
}

func isPerson(f *trust.File, id string) bool {
	return slices.ContainsFunc(f.Persons, func(p trust.Person) bool { return p.ID == id })
}

func (o Options) addPerson(f *trust.File, k trust.Key) error {
	i := slices.IndexFunc(f.Persons, func(p trust.Person) bool { return p.ID == o.Name })
	if i < 0 {
		i = len(f.Persons)
		f.Persons = append(f.Persons, trust.Person{ID: o.Name, Groups: []string{}})
	}
	p := &f.Persons[i]
	k.ID = fmt.Sprintf("%s-%d", o.Name, len(p.Keys)+1)
	for _, g := range o.Groups {
		if !slices.Contains(p.Groups, g) {
			p.Groups = append(p.Groups, g)
		}
	}
	return addKey(&p.Keys, k)
}

func addKey(keys *[]trust.Key, k trust.Key) error {
	if slices.ContainsFunc(*keys, func(other trust.Key) bool { return other.ID == k.ID }) {
		return taken(k.ID)
	}
	*keys = append(*keys, k)
	return nil
}

func taken(id string) error {
	return &marketops.Refusal{Code: marketops.ConfigInvalid, What: fmt.Sprintf("there is a person or a key called %q", id), State: "nothing was changed", Next: "take another name"}
}
