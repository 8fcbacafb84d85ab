package audit

// Keeping makes a tracker keep so many records at hand.
func (o Options) Keeping(n int) Options {
	o.keep = n
	return o
}

// Remembering makes a tracker keep everything at hand.
func (o Options) Remembering() Options { return o.Keeping(1 << 40) }

// Forgetful makes a tracker forget every run as soon as it can.
func (o Options) Forgetful() Options { return o.Keeping(1) }
