// Package openapi compares the verdicts of internal/test/githubtest/openapi, by which the practice
// GitHub holds every request and answer against GitHub's description, with those of kin-openapi: on
// values made from every schema, parameter and operation of the description, right ones and ones
// with one mistake each.
package openapi
