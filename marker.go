package marketops

// Marker lines tie what GitHub shows to the operation that asked for it. They find;
// comparing content decides, because anyone with write access can copy a line.
const (
	bodyMarker = "<!-- marketops op="
	tagMarker  = "Marketops-Operation: "

	// MarkerLen is how many characters a marker adds to a body.
	MarkerLen = len("\n\n"+bodyMarker+"sha256:"+" -->") + 64
)

// ReleaseBody returns the text that GitHub will hold: the planned body and the marker.
func (o Operation) ReleaseBody() (string, error) { return o.addMarker(o.Release.Body) }

// PullRequestBody returns the text that GitHub will hold: the planned body and the marker.
func (o Operation) PullRequestBody() (string, error) { return o.addMarker(o.PullRequest.Body) }

func (o Operation) addMarker(text string) (string, error) {
	d, err := o.Digest()
	if err != nil {
		return "", err
	}
	return text + "\n\n" + bodyMarker + d.String() + " -->", nil
}

// TagMessage returns the message of the tag object: the planned one and the marker of the operation that makes it. It is
// empty for a tag that is bound by its object.
func (o Operation) TagMessage() (string, error) {
	if o.Tag.Existing != nil {
		if o.Tag.Existing.After.IsZero() {
			return "", nil
		}
		o = o.MakerOfTag()
	}
	d, err := o.Digest()
	if err != nil {
		return "", err
	}
	return o.Tag.Message + "\n\n" + tagMarker + d.String() + "\n", nil
}
