// Package large holds the tests of releases that are as large as GitHub lets them be. make large runs them.
package large
