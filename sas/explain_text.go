package sas

import (
	"net/url"
	"strings"
)

// maxText is the longest text that Explain looks at, in bytes. A URL on the wire has at most 8 KiB or so.
const maxText = 64 << 10

// clean undoes what copying does to a text and splits it into the place (a URL without its query, or nothing) and the
// query. It is false when there is nothing to go on with.
func (e *explainer) clean() (place, query string, ok bool) {
	text := strings.TrimSpace(e.q.Text)
	if len(text) > maxText {
		e.fail(CodeNoSAS, "", "This is too long to be a URL.", "")
		return "", "", false
	}
	if strings.Contains(strings.ToLower(text), "accountkey=") {
		e.fail(CodeSecretPasted, "", "This is a connection string with an account key, not a SAS.",
			"If it went anywhere it should not have gone, rotate the key. Pass it where a connection string is asked for.")
		return "", "", false
	}
	text = e.unquote(e.extract(e.join(connectionSAS(text))))
	if joined := strings.NewReplacer("\r", "", "\n", "", "\t", "").Replace(text); joined != text {
		e.fail(CodeWhitespace, "", "There are line breaks or tabs inside.", "Join the lines: a URL has none.")
		text = joined
	}
	if strings.Contains(text, "&amp;") {
		e.fail(CodeHTMLEscaped, "", `"&" stands here as "&amp;".`, "The URL was taken from HTML or XML: decode it first.")
		text = strings.ReplaceAll(text, "&amp;", "&")
	}
	text, _, _ = strings.Cut(text, "#")
	place, query, found := strings.Cut(text, "?")
	if !found {
		place, query = "", text
		if strings.Contains(text, "://") {
			place, query = e.ampersand(text)
		}
	}
	query = e.questionMarks(query)
	if !strings.Contains(query, "=") && strings.Contains(strings.ToLower(query), "%3d") {
		if decoded, err := url.PathUnescape(query); err == nil {
			e.fail(CodeDoubleEncoded, "", "The whole query is URL-encoded, its = and & too.", "Only the values are to be encoded, each by itself.")
			query = decoded
		}
	}
	return place, query, true
}

// connectionSAS takes the SAS out of a connection string, as the portal offers one, and puts it behind the Blob endpoint
// where there is one.
func connectionSAS(text string) string {
	endpoint, token := "", ""
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch asciiLower(name) {
		case "blobendpoint":
			endpoint = value
		case "sharedaccesssignature":
			token = strings.TrimPrefix(value, "?")
		}
	}
	switch {
	case token == "":
		return text
	case endpoint == "":
		return token
	}
	return endpoint + "?" + token
}

// join puts together what an answer in JSON holds apart: a SAS, and the URL that it goes behind.
func (e *explainer) join(text string) string {
	if !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") {
		return text
	}
	place, token := "", ""
	for _, value := range jsonStrings(text) {
		switch {
		case hasScheme(value):
			place = value
		case strings.Contains(value, "sig="):
			token = strings.TrimLeft(value, "?&")
		}
	}
	switch {
	case token == "" || strings.Contains(place, "sig="):
		return text // a URL that has its SAS is taken out by itself
	case place != "":
		token = place + "?" + token
	}
	e.fail(CodeQuoted, "", quotedMessage, quotedHint)
	return token
}

// jsonStrings are the strings of a JSON text, names and values, with their escapes left as they are.
func jsonStrings(text string) (all []string) {
	for {
		_, rest, found := strings.Cut(text, `"`)
		if !found {
			return all
		}
		end := 0
		for end < len(rest) && rest[end] != '"' {
			if rest[end] == '\\' {
				end++
			}
			end++
		}
		all = append(all, rest[:min(end, len(rest))])
		text = rest[min(end+1, len(rest)):]
	}
}

// closers are what ends a URL that stands inside other text, by what stands before it.
var closers = map[byte]string{'"': `"`, '\'': "'", '`': "`", '<': ">", '(': ")", ' ': " "}

// extract takes a URL out of the text around it: an answer in JSON, or a command.
func (e *explainer) extract(text string) string {
	at := strings.Index(asciiLower(text), "http")
	if at <= 0 || closers[text[at-1]] == "" || strings.ContainsAny(text[:at], "?&=") || !hasScheme(text[at:]) {
		return text
	}
	e.fail(CodeQuoted, "", quotedMessage, quotedHint)
	url, _, _ := strings.Cut(text[at:], closers[text[at-1]])
	return url
}

// hasScheme reports whether a text begins as a URL does, its slashes perhaps escaped as JSON allows.
func hasScheme(text string) bool {
	scheme, rest, _ := strings.Cut(text, ":")
	scheme = asciiLower(scheme)
	return (scheme == "https" || scheme == "http") && (strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, `\/\/`))
}

const (
	quotedMessage = "Quotes or escapes of JSON or a shell came along with the URL."
	quotedHint    = "Take the decoded string, without the quotes; a JSON answer is to be parsed, not cut."
)

// unquote takes off quotes and undoes JSON's escapes.
func (e *explainer) unquote(text string) string {
	bare := strings.TrimRight(text, ";,")
	bare = strings.Trim(bare, "\"'`“”‘’<>")
	escaped := strings.NewReplacer(`\u0026`, "&", `\u003d`, "=", `\u003D`, "=", `\/`, "/", `\"`, "", `\`, "").Replace(bare)
	if escaped != text {
		e.fail(CodeQuoted, "", quotedMessage, quotedHint)
	}
	return strings.TrimSpace(escaped)
}

// ampersand parts a URL that has no question mark where its first parameter of a SAS begins.
func (e *explainer) ampersand(url string) (place, query string) {
	place, query, _ = strings.Cut(url, "&")
	if !hasOwnParameter(query) {
		return url, ""
	}
	e.fail(CodeNoQuestionMark, "", "There is no question mark, so the SAS belongs to the path.", `A SAS is added with "?" to a URL without a query, and with "&" only to one that has a query already.`)
	return place, query
}

// questionMarks mends a second question mark before a parameter of the SAS.
func (e *explainer) questionMarks(query string) string {
	mended := query
	for at := 0; ; {
		i := strings.IndexByte(mended[at:], '?')
		if i < 0 {
			break
		}
		i += at
		name, _, _ := strings.Cut(mended[i+1:], "=")
		if _, ours := fieldsByName[strings.ToLower(strings.TrimLeft(name, "?"))]; ours {
			mended = mended[:i] + "&" + mended[i+1:]
		}
		at = i + 1
	}
	if mended != query {
		e.fail(CodeSecondQuestionMark, "", "There is a second question mark.",
			`A SAS is added with "?" to a URL without a query, and with "&" to one that has a query already. Some tools hand out the SAS with a "?" in front.`)
	}
	return strings.TrimLeft(mended, "&")
}

// hasOwnParameter reports whether a query holds any parameter that only a SAS has.
func hasOwnParameter(query string) bool {
	for part := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(part, "=")
		if _, ours := fieldsByName[strings.ToLower(name)]; ours {
			return true
		}
	}
	return false
}

// repair undoes damage inside values that has one likely cause, telling of each.
func (e *explainer) repair(query string) string {
	parts := strings.Split(query, "&")
	for i, part := range parts {
		rawName, rawValue, hasValue := strings.Cut(part, "=")
		f, ours := fieldsByName[strings.ToLower(rawName)]
		value, err := url.QueryUnescape(rawValue)
		if !ours || !hasValue || err != nil {
			continue
		}
		mended := value
		switch f {
		case fieldSIG:
			mended = e.repairSignature(value)
		case fieldST, fieldSE, fieldSKT, fieldSKE, fieldSPR, fieldSIP, fieldSV, fieldSKV, fieldSRH, fieldSRQ:
			if twice, err := url.QueryUnescape(value); err == nil && strings.Contains(value, "%") {
				e.fail(CodeDoubleEncoded, f.String(), "Parameter "+f.String()+" is URL-encoded twice.", "Encode each value once; most HTTP libraries do it by themselves.")
				mended = twice
			}
		}
		if mended != value {
			parts[i] = rawName + "=" + url.QueryEscape(mended)
		}
	}
	return strings.Join(parts, "&")
}

// repairSignature mends the two commonest faults. One that is not 44 characters of base64 afterwards stays as it is.
func (e *explainer) repairSignature(value string) string {
	if strings.Contains(value, "%") {
		if twice, err := url.PathUnescape(value); err == nil {
			if _, ok := decodeSignature(strings.ReplaceAll(twice, " ", "+")); ok {
				e.fail(CodeSigDoubleEncoded, "sig", "The signature is URL-encoded twice: %2B became %252B, %3D became %253D.",
					"Encode it once; hand an SDK the SAS as it is.")
				value = twice
			}
		}
	}
	if strings.Contains(value, " ") {
		mended := strings.ReplaceAll(value, " ", "+")
		if _, ok := decodeSignature(mended); ok {
			e.fail(CodeSigPlusSpace, "sig", "A + in the signature stands for a space in a query, so it was lost.",
				"URL-encode the signature: + is %2B.")
			value = mended
		}
	}
	return value
}
