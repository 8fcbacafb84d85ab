package testenv

import (
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports that no system gives to a connection that goes out, so that one is still free when a server that was
// stopped starts again.
const firstPort, lastPort = 10000, 32767

// FreeAddress is a loopback address on which nobody listens. It stays free for a server that comes later, or
// comes back.
func FreeAddress() (string, error) {
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort))
		var l net.Listener
		if l, err = net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", err
}
