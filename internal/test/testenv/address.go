package testenv

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports that no system gives to a connection that goes out, so that one is still free when a server that was
// stopped starts again.
const firstPort, lastPort = 10000, 32767

// FreeAddress is a free loopback address. It stays free for a server that comes later, or
// comes back.
func FreeAddress() (string, error) {
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort))
		var l net.Listener
		if l, err = net.Listen("tcp", address); err == nil {
			err = l.Close()
			return address, errors.Join(err, Await(func() error { return refuses(address) }))
		}
	}
	return "", err
}

// refuses is nil once no process listens any more: a child that is just being started has a closed listener too,
// until it runs its program.
func refuses(address string) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil
	}
	return errors.Join(errors.New("a process listens on "+address), conn.Close())
}
