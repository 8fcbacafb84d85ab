package testenv

import (
	"context"
	"fmt"
	"net"
	"strings"
)

// Witness is one of a world; its address stays the same however often it is started.
type Witness struct {
	*Server
	Key, Name, VKey, Address string
	world                    *World
}

// MakeWitnesses makes the keys and addresses of n witnesses.
func (w *World) MakeWitnesses(n int) error {
	for i := range n {
		c := &Witness{Key: w.Path(fmt.Sprintf("w%d.pem", i+1)), Name: fmt.Sprintf("w%d.example", i+1), world: w}
		if out, err := w.Run(context.Background(), "marketops", "key", "new", "--plain", c.Key); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		vkey, err := w.Run(context.Background(), "marketops", "witness", "key", c.Key, "--name", c.Name)
		if err != nil {
			return fmt.Errorf("%w\n%s", err, vkey)
		}
		c.VKey = strings.TrimSpace(string(vkey))
		if c.Address, err = FreeAddress(); err != nil {
			return err
		}
		w.Witnesses = append(w.Witnesses, c)
	}
	return nil
}

// WitnessFlags are those of init that name the world's witnesses.
func (w *World) WitnessFlags() (flags []string) {
	for _, c := range w.Witnesses {
		flags = append(flags, "--witness", c.VKey+" http://"+c.Address)
	}
	return flags
}

// Start starts the witness for the log with this verifier key, and returns when it answers.
func (c *Witness) Start(log string) (err error) {
	c.Server, err = c.world.Serve("marketops", "witness", "serve", "--key", c.Key, "--name", c.Name, "--listen", c.Address, "--log", log)
	if err != nil {
		return err
	}
	return c.await(func() error {
		conn, err := net.Dial("tcp", c.Address)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}
