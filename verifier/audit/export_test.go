package audit

// Forgetful makes a book forget every run as soon as it can.
func (o Options) Forgetful() Options {
	o.keep = 1
	return o
}
