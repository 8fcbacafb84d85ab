// Package browser opens the page that verifies (internal/tools/page) in chromium, as a person would.
// Its tests have the tag browser: make browser.
package browser
