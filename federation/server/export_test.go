package server

// Limits that tests reach.
const (
	MaxOpen      = maxOpen
	MaxSmallBody = maxSmallBody
)
