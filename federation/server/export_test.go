package server

import "net/http"

// Limits that tests reach.
const (
	MaxOpen      = maxOpen
	MaxSmallBody = maxSmallBody
)

// Routes lists what a handler serves.
func Routes(h http.Handler) []string { return h.(*httpServer).routes }
